"""Evaluations: the results of a run, in pieces that survive an interruption, with the same bits however they arise."""

import pickle
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

from octoplan.answer.options import crew_options
from octoplan.answer.totals import KEPT, totals
from octoplan.campaign.arrivals import LARGEST_RAID
from octoplan.campaign.future import TOO_MANY
from octoplan.executors import executor
from octoplan.explore.evaluate import Evaluations, Results, case_of, results_of, simulate_rows
from octoplan.explore.piece_files import PieceFiles, content_digest
from octoplan.outcomes.draws_file import fits_in_block
from octoplan.outcomes.measures import measures
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.outcomes.store import read, save
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from tests.outcomes.runs import octopus, pocket, ranged

FUTURES = 40


def scenario() -> Scenario:
    return ranged().scenario


def draws(futures: int = FUTURES) -> Floats:
    return draw_assumptions(scenario(), futures, 1)


def content(results: Results) -> bytes:
    """All bits of some results."""
    parts = [*results.measures.values(), results.status]
    for part in (results.totals, results.without):
        parts += [part.units, part.leakers, part.damage, part.spend] if part else []
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def test_results_are_those_of_the_run() -> None:
    """Every measure has the values of the run, and so have the totals."""
    run = octopus()
    results = Evaluations().evaluate("base", run.scenario, run.assumptions.values, run.seed)
    for measure in measures(run):
        np.testing.assert_array_equal(results.measures[measure.key], measure.values)
    assert [m.key for m in results.described] == [m.key for m in measures(run)]
    assert [(m.title, m.unit, m.form) for m in results.described] == [(m.title, m.unit, m.form) for m in measures(run)]
    of_run = totals(run.compiled, run.assumptions.values, {name: run.data[name].values for name in KEPT})
    np.testing.assert_array_equal(results.totals.damage, of_run.damage)
    assert content(results_of(run)) == content(results)


def test_results_of_a_run_on_disk_are_the_same(tmp_path: Path) -> None:
    """A run that is read part by part has the same results."""
    save(ranged(), tmp_path / "run")
    stored = read(tmp_path / "run", in_memory=False)
    stored = stored if stored.block else type(stored)(**{**vars(stored), "block": 64})
    assert fits_in_block(tmp_path / "run")
    assert content(results_of(stored)) == content(results_of(ranged()))


def test_net_benefit_has_the_mean_damage() -> None:
    """Net benefit is damage and spend without the programme less those with it."""
    results = results_of(pocket())
    assert results.without is not None
    expected = (
        results.without.damage - results.totals.damage - (results.totals.spend - results.without.spend)
    )  # fmt: skip
    np.testing.assert_allclose(results.net_benefit, expected, rtol=1e-12)
    assert results.net_benefit.mean() == pytest.approx(results.measures["net-benefit"].mean(), rel=0.05)


@pytest.mark.parametrize(("threads", "piece"), [(1, 7), (2, 128), (2, 9)])
def test_threads_and_pieces_do_not_change_a_bit(threads: int, piece: int, tmp_path: Path) -> None:
    """The results have the same bits on 1 and 2 threads and for any size of the pieces."""
    expected = content(Evaluations().evaluate("base", scenario(), draws(), 1))
    with executor(threads) as workers:
        evaluations = Evaluations(tmp_path, workers, piece=piece)
        assert content(evaluations.evaluate("base", scenario(), draws(), 1)) == expected
        assert content(evaluations.evaluate("base", scenario(), draws(), 1)) == expected
    assert evaluations.simulated == FUTURES


def test_numbers_of_futures_are_those_of_the_sample() -> None:
    """Futures that begin with a later number have the results of these futures in the whole sample."""
    all_futures = Evaluations().evaluate("base", scenario(), draws(), 1)
    later = Evaluations().evaluate("base", scenario(), draws()[24:], 1, first=24)
    for key, values in all_futures.measures.items():
        np.testing.assert_array_equal(later.measures[key], values[24:])
    assert later.futures.tolist() == list(range(24, FUTURES))
    other = Evaluations().evaluate("base", scenario(), draws()[24:], 1, first=0)
    assert (other.measures["leakers"] != later.measures["leakers"]).any()


def test_an_interrupted_evaluation_goes_on(tmp_path: Path) -> None:
    """After an interruption only the missing pieces are simulated, and the bytes on disk and in memory are the same."""
    Evaluations(tmp_path / "whole", piece=8).evaluate("base", scenario(), draws(), 1)
    expected = content(Evaluations().evaluate("base", scenario(), draws(), 1))

    def interrupt(_name: str, done: int, _total: int) -> None:
        if done == 24:
            raise KeyboardInterrupt

    folder = tmp_path / "interrupted"
    with pytest.raises(KeyboardInterrupt):
        Evaluations(folder, progress=interrupt, piece=8).evaluate("base", scenario(), draws(), 1)
    stored = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert 1 <= len(stored) <= 3
    calls: list[tuple[str, int, int]] = []
    resumed = Evaluations(folder, progress=lambda *call: calls.append(call), piece=8)
    assert content(resumed.evaluate("base", scenario(), draws(), 1)) == expected
    read = 8 * len(stored)
    assert calls == [("base", done, FUTURES) for done in range(read, FUTURES + 1, 8)]
    assert resumed.simulated == FUTURES - read
    assert {name: (folder / name).stat().st_mtime_ns for name in stored} == stored
    assert files_of(folder) == files_of(tmp_path / "whole")
    again = Evaluations(folder, piece=8)
    assert content(again.evaluate("base", scenario(), draws(), 1)) == expected
    assert again.simulated == 0


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_a_damaged_piece_is_simulated_again(damage: str, tmp_path: Path) -> None:
    """A file whose content is not what was written is noticed and replaced."""
    expected = content(Evaluations(tmp_path, piece=8).evaluate("base", scenario(), draws(), 1))
    before = files_of(tmp_path)
    path = sorted(tmp_path.iterdir())[2]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"flip": bytes(data), "truncate": bytes(data[:-100]), "empty": b""}[damage])
    evaluations = Evaluations(tmp_path, piece=8)
    assert content(evaluations.evaluate("base", scenario(), draws(), 1)) == expected
    assert evaluations.simulated == 8
    assert files_of(tmp_path) == before


def test_a_longer_sample_simulates_only_the_further_pieces(tmp_path: Path) -> None:
    """The pieces of the first futures serve a longer sample."""
    evaluations = Evaluations(tmp_path, piece=8)
    evaluations.evaluate("short", scenario(), draws(16), 1)
    evaluations.evaluate("long", scenario(), draws(32), 1)
    assert evaluations.simulated == 32


def test_other_inputs_are_other_pieces(tmp_path: Path) -> None:
    """Other draws, seed, numbers of futures, decisions, arrays or counterfactual are simulated, not read."""
    base = scenario()
    changed_draws = draws(8)
    changed_draws[0, 0] = np.nextafter(changed_draws[0, 0], np.inf)
    more = next(iter(crew_options(base.compile(), draws(8), 0.5)))
    evaluations = Evaluations(tmp_path)
    evaluations.evaluate("", base, draws(8), 1)
    evaluations.evaluate("", base, changed_draws, 1)
    evaluations.evaluate("", base, draws(8), 2)
    evaluations.evaluate("", base, draws(8), 1, first=8)
    evaluations.evaluate("", base.change({"crews.intake": [9]}), draws(8), 1)
    evaluations.evaluate("", base, more.assumptions, 1, compiled=more.compiled)
    evaluations.evaluate("", base, draws(8), 1, counterfactual=False)
    assert evaluations.simulated == 7 * 8
    assert len(files_of(tmp_path)) == 7


def test_without_the_counterfactual_what_compares_with_it_is_undefined() -> None:
    """The measures of the programme are the same, those that compare are ``nan``."""
    both = Evaluations().evaluate("", scenario(), draws(8), 1)
    alone = Evaluations().evaluate("", scenario(), draws(8), 1, counterfactual=False)
    assert alone.without is None
    assert np.isnan(alone.net_benefit).all()
    assert np.isnan(alone.measures["leakers-prevented"]).all()
    np.testing.assert_array_equal(alone.measures["leakers"], both.measures["leakers"])
    np.testing.assert_array_equal(alone.totals.damage, both.totals.damage)


def test_a_failed_future_is_undefined_and_changes_no_other(tmp_path: Path) -> None:
    """Failed futures keep their status, have ``nan`` in all results, and do not affect the others."""
    values = draws(20)
    values[[3, 17], scenario().columns.index("packages.raid.routine_mean")] = 10.0 * LARGEST_RAID
    good = Evaluations().evaluate("", scenario(), draws(20), 1)
    for evaluations in (Evaluations(), Evaluations(tmp_path, piece=4), Evaluations(tmp_path, piece=4)):
        results = evaluations.evaluate("", scenario(), values, 1)
        assert results.status.tolist() == [TOO_MANY if i in (3, 17) else 0 for i in range(20)]
        assert results.finished.tolist() == [i for i in range(20) if i not in (3, 17)]
        for key, column in results.measures.items():
            assert np.isnan(column[[3, 17]]).all(), key
            np.testing.assert_array_equal(column[results.finished], good.measures[key][results.finished])
        assert np.flatnonzero(np.isnan(results.net_benefit)).tolist() == [3, 17]


def test_a_changed_scenario_with_columns_of_its_own() -> None:
    """An option whose draws have further columns is simulated with these."""
    base = scenario()
    more = next(iter(crew_options(base.compile(), draws(8), 2.0)))
    changed = Evaluations().evaluate("", base, more.assumptions, 1, compiled=more.compiled)
    assert (changed.measures["crews"] > Evaluations().evaluate("", base, draws(8), 1).measures["crews"]).all()
    wide = np.column_stack([draws(8), np.full(8, 1e6)])
    columns = base.compile().draw_columns["threats", "damage"].copy()
    columns[0] = wide.shape[1] - 1
    compiled = base.compile()._replace(draw_columns={**base.compile().draw_columns, ("threats", "damage"): columns})
    costly = Evaluations().evaluate("", base, wide, 1, compiled=compiled)
    assert costly.totals.damage == pytest.approx(1e6 * costly.totals.leakers, rel=1e-12)


def test_a_halted_evaluation_keeps_no_piece(tmp_path: Path) -> None:
    """When the flag is set, the evaluation ends with CancelledError and writes nothing that is not complete."""
    halt = np.zeros(1, np.int64)

    def set_halt(_name: str, _done: int, _total: int) -> None:
        halt[0] = 1

    with pytest.raises(CancelledError):
        Evaluations(tmp_path, progress=set_halt, halt=halt, piece=16).evaluate("", scenario(), draws(), 1)
    assert files_of(tmp_path) == {}


def test_no_draws_are_refused() -> None:
    """An evaluation of no futures is an error."""
    with pytest.raises(ValueError, match="no draws"):
        Evaluations().evaluate("base", scenario(), draws()[:0], 1)


def test_a_piece_is_read_only_under_its_own_digest(tmp_path: Path) -> None:
    """A file with the name of another piece is not taken for it."""
    files = PieceFiles(tmp_path)
    Evaluations(tmp_path).evaluate("", scenario(), draws(8), 1)
    path = next(tmp_path.iterdir())
    other = content_digest("another piece")
    path.rename(files.path(other))
    assert files.read(other) is None


def test_a_digest_tells_values_apart() -> None:
    """Values of other types, lengths or nesting have other digests; others are refused."""
    values = [1, 1.0, True, "1", b"1", ("1",), ("1", ""), (("1",), ""), np.array([1]), np.array([[1]]), np.array([1.0])]
    assert len({content_digest(value) for value in values}) == len(values)
    assert content_digest(np.asfortranarray(np.eye(3)[:2])) == content_digest(np.eye(3)[:2].copy())
    with pytest.raises(TypeError, match="set has no digest"):
        content_digest({1})


def test_a_batch_can_be_simulated_by_another_process() -> None:
    """What a task of a cluster gets survives serialisation, and gives the same bits."""
    case = case_of(scenario(), None, draws(8), counterfactual=True)
    task = pickle.loads(pickle.dumps((case, draws(8), 1, 0, None)))
    expected, result = simulate_rows(case, draws(8), 1, 0, None), simulate_rows(*task)
    for first, second in zip(expected, result, strict=True):
        np.testing.assert_array_equal(first, second)
