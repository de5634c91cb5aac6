"""The engine: futures that are kept and extended are those of a run, and a changed decision uses the same draws."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octoplan.answer.answer import answer_of
from octoplan.app.answers import Sample, answer, complete_answer, effects_of_changes, quantiles
from octoplan.app.changes import apply_changes, read_changes
from octoplan.app.engine import (
    EFFECT_FUTURES,
    FIRST_FUTURES,
    LEVEL_FUTURES,
    MAX_FIRST_RUNS,
    SETTLED_FUTURES,
    Engine,
    Superseded,
)
from octoplan.app.paired import paired_change, sign
from octoplan.campaign.futures import simulate_futures
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario, load
from octoplan.scenario.scenario import with_files
from tests.answer.variants import run_of

GO_ON, HALT = np.zeros(1, np.int64), np.ones(1, np.int64)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with ThreadPoolExecutor(2) as executor:
        yield Engine(executor)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("pocket")


def test_an_extended_run_is_the_run_of_all_futures(engine: Engine, scenario: Scenario) -> None:
    """Futures simulated in steps are the same, with and without the programme, as those simulated at once."""
    for futures in (FIRST_FUTURES, 5, 40):
        run = engine.sample(scenario, futures, GO_ON).run
        at_once = simulate(scenario, futures, 1, counterfactual=futures > FIRST_FUTURES)
        assert run.data.identical(at_once.data)
        assert run.counterfactual.identical(at_once.counterfactual)
        assert run.assumptions.identical(at_once.assumptions)
        assert (run.futures, run.failed) == (futures, 0)


def test_futures_are_simulated_once(engine: Engine, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer run simulates only the futures that it lacks; a shorter one none."""
    simulated = []

    def counted(*args: object, **kwargs: object) -> object:
        simulated.append((kwargs["first"], len(args[1])))  # type: ignore[arg-type]
        return simulate_futures(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("octoplan.app.engine.simulate_futures", counted)
    for futures in (SETTLED_FUTURES, 20, FIRST_FUTURES, SETTLED_FUTURES, 3):
        engine.sample(scenario, futures, GO_ON)
    assert simulated == [(0, SETTLED_FUTURES), (SETTLED_FUTURES, 20 - SETTLED_FUTURES)]


def test_a_halted_simulation_is_not_kept(engine: Engine, scenario: Scenario) -> None:
    """A halted simulation raises Superseded, and the next request starts from what was complete before."""
    engine.sample(scenario, 3, GO_ON)
    with pytest.raises(Superseded):
        engine.sample(scenario, 6, HALT)
    assert engine.runs[scenario.hash].futures == 3
    assert engine.sample(scenario, 6, GO_ON).run.data.identical(simulate(scenario, 6, 1).data)


def test_the_complete_answer_is_that_of_a_run(engine: Engine, scenario: Scenario) -> None:
    """The complete answer has the sentences of the answer of a run of as many futures, and is computed once."""
    content = engine.answer(scenario, 20, GO_ON)
    assert content == complete_answer(answer_of(RunResults(simulate(scenario, 20, 1))))
    assert content["answer"]["next_step"].startswith("Next: ")
    assert engine.answer(scenario, 20, HALT) is content


def test_a_halted_answer_is_not_kept(engine: Engine, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is halted while small changes are simulated raises Superseded, and is not kept."""
    halt = np.zeros(1, np.int64)
    simulated = []

    def halted(*args: object, **kwargs: object) -> object:
        simulated.append(kwargs["halt"])
        halt[0] = 1
        return simulate_futures(*args, **kwargs)  # type: ignore[arg-type]

    engine.sample(scenario, 4, halt)
    monkeypatch.setattr("octoplan.answer.totals.simulate_futures", halted)
    with pytest.raises(Superseded):
        engine.answer(scenario, 4, halt)
    assert simulated == [halt]
    assert engine.answers == {}


@pytest.mark.parametrize(
    ("name", "topics", "panels"),
    [
        ("production only", {"makes", "worth"}, 1),
        ("nothing made", {"makes", "stops", "worth"}, 2),
    ],
)
def test_scenarios_without_raids_or_production_have_a_first_view(name: str, topics: set[str], panels: int) -> None:
    """Sentences that do not apply are left out; without raids, the first chart has no panel of leakers."""
    sample = Sample(run_of(name))
    content = answer(sample, sample, "results")
    assert set(content["sentences"]) == topics
    (chart,) = content["charts"]
    assert chart["name"] == "deliveries-and-leakers"
    assert len({trace.get("xaxis", "x") for trace in chart["figure"]["data"]}) == panels


def test_the_answer_of_failed_futures_is_empty() -> None:
    """There is nothing to say if every future failed."""
    assert complete_answer(None) == {"answer": {}, "note": "", "charts": []}


def test_the_complete_answer_has_the_chart_of_the_marginal_million() -> None:
    """The page draws what one more million prevents from the same answer as the sentences."""
    (chart,) = complete_answer(answer_of(Sample(run_of("one crew")).results, 4))["charts"]
    assert chart["name"] == "marginal-million"
    assert "per M GBP" in chart["title"]


def test_draws_are_those_of_the_scenario(engine: Engine, scenario: Scenario) -> None:
    """A changed decision has the draws of the baseline; a changed assumption its own."""
    decision = apply_changes(scenario, read_changes({"d.crews.intake": "x2"}))
    assumption = apply_changes(scenario, read_changes({"a.crews.on_duty": "0.4 to 0.5"}))
    for changed in (scenario, decision, assumption):
        assert np.array_equal(
            engine.sample(changed, 4, GO_ON).run.assumptions.values, simulate(changed, 4, 1).assumptions.values
        )
    assert len(engine.draws_by_source) == 2


def test_draws_depend_on_the_doctrine_through_the_defaults(engine: Engine, scenario: Scenario) -> None:
    """A doctrine that needs another assumption with a default value has draws of its own, with a column for it."""
    programme = scenario.files["programme.toml"].decode() + '[threats.cruise]\npackage = "raid"\ndirect = true\n'
    rows = scenario.files["assumptions.csv"].decode().replace(".drone.", ".*.")
    rows += "effects.missile.drone.shots,2,,,fixed,1,,,red,example,2026-11-22,\n"
    rows += "threats.*.mix,1,,,fixed,1,,,red,example,2026-11-22,\n"
    by_missiles, by_interceptors = (
        with_files(scenario, {
            "programme.toml": programme, "assumptions.csv": rows,
            "decisions.toml": scenario.files["decisions.toml"].decode()
            + f'[doctrine.cruise]\nlayers = ["{layer}"]\nmax_shots = 100\n',
        })
        for layer in ("missile", "interceptor")
    )  # fmt: skip
    assert set(by_missiles.columns) - set(by_interceptors.columns) == {"effects.missile.cruise.shots"}
    for changed in (by_interceptors, by_missiles, by_interceptors):
        run = engine.sample(changed, FIRST_FUTURES, GO_ON).run
        at_once = simulate(changed, FIRST_FUTURES, 1, counterfactual=False)
        assert run.assumptions.identical(at_once.assumptions)
        assert run.data.identical(at_once.data)


def test_few_first_runs_are_kept(engine: Engine, scenario: Scenario) -> None:
    """The number of kept runs is limited; the latest are kept."""
    for i in range(MAX_FIRST_RUNS + 3):
        engine.keep(engine.first_runs, str(i), simulate(scenario, 1, 1), MAX_FIRST_RUNS)
    assert list(engine.first_runs) == [str(i) for i in range(3, MAX_FIRST_RUNS + 3)]


def test_quantiles_are_those_of_intervals(scenario: Scenario) -> None:
    """Quantiles of all measures computed together are those of each measure."""
    run = simulate(scenario, 9, 1)
    table = quantiles(measures(run), run.compiled.names.months)
    for measure in measures(run):
        row = table[measure.key]
        expected = interval(np.asarray(measure.values, float) * (100.0 if measure.form == "chance" else 1.0))
        if measure.form != "month" and row is not None:
            for name in ("p10", "p50", "p90", "mean"):
                value = getattr(expected, name)
                assert row[name] == (pytest.approx(value, rel=1e-14, abs=0) if np.isfinite(value) else None)


def test_quantiles_of_undefined_values() -> None:
    """A measure without a value in any future has no quantiles; an infinite mean cannot be shown."""
    undefined = Measure("a", "", "", "1", np.array([np.nan, np.nan]))
    infinite = Measure("b", "", "", "1", np.array([1.0, 2.0, np.inf]))
    month = Measure("c", "", "", "month", np.array([0.0, np.inf, np.inf]), "month")
    assert quantiles([undefined, infinite, month], ("2026-01",)) == {
        "a": None, "b": {"p10": 1.0, "p50": 2.0, "p90": None, "mean": None},
        "c": {"p10": "2026-01", "p50": "never", "p90": "never"},
    }  # fmt: skip


def test_the_interval_of_few_futures_is_student_t() -> None:
    """With two futures the 95 % CI is 12.7 standard errors wide on each side; one future has none."""
    two, three = np.arange(2), np.arange(3)
    change = paired_change([3.0, 5.0], [1.0, 1.0], two)
    assert change == pytest.approx({"mean": 3.0, "half": 12.7062047, "futures": 2}, rel=1e-8)
    assert paired_change([3.0], [1.0], np.arange(1)) is None
    assert paired_change([3.0, np.inf, np.nan], [1.0, 1.0, 1.0], three) is None
    assert paired_change([3.0, 3.0], [3.0, 3.0], two) == {"mean": 0.0, "half": 0.0, "futures": 2}


def test_the_interval_of_many_futures_is_that_of_the_blocks() -> None:
    """From 16 blocks the 95 % CI has the standard error between blocks, and their degrees of freedom."""
    values = np.random.default_rng(1).normal(size=128)
    change = paired_change(values, np.zeros(128), np.arange(128))
    of_blocks = values.reshape(16, 8).mean(axis=1)
    assert change is not None
    assert change["half"] == pytest.approx(2.131449546 * of_blocks.std(ddof=1) / 4.0, rel=1e-9)


@pytest.mark.parametrize(
    ("mean", "half", "futures", "expected"),
    [
        (3.0, 2.0, 2, 1), (-3.0, 2.0, 16, -1), (3.0, 3.5, 128, 0), (0.0, 0.0, 128, 0), (3.0, 0.0, 2, 0),
        (3.0, 0.0, 7, 0), (3.0, 0.0, 8, 1), (-3.0, 0.0, 128, -1),
    ],
)  # fmt: skip
def test_the_sign_of_a_change(mean: float, half: float, futures: int, expected: int) -> None:
    """A change has a sign if its interval excludes zero; equal changes of fewer than eight futures have none."""
    assert sign({"mean": mean, "half": half, "futures": futures}) == expected
    assert sign(None) == 0


MOVES = [
    {"d.output.bench": "x0.2"}, {"d.output.bench": "x0.9"}, {"d.kits.order": "5, 5, 5"}, {"d.lines.bench": "2"},
    {"a.plants.bench.line_rate": "8"}, {"a.makers.other.stock": "100"}, {"a.suppliers.works.lead": "10 to 20"},
    {"a.threats.drone.engagement": "5"}, {"a.layers.missile.cost": "400000"}, {"a.crews.initial": "3"},
]  # fmt: skip
"""Moves of sliders of ``pocket``, large and small."""


@pytest.mark.parametrize("texts", MOVES, ids=str)
def test_a_sign_never_contradicts_the_settled_one(engine: Engine, scenario: Scenario, texts: dict[str, str]) -> None:
    """The sign of an effect over few futures is that over 128 futures, or there is none, if the latter has one."""
    changed = apply_changes(scenario, read_changes(texts))
    sizes = (LEVEL_FUTURES, SETTLED_FUTURES, *EFFECT_FUTURES, FIRST_FUTURES)
    rows = {}
    for futures in sizes:
        samples = (engine.sample(version, futures, GO_ON) for version in (scenario, changed))
        rows[futures] = {row["key"]: row["sign"] for row in effects_of_changes(*samples)["effects"]}
    settled = rows[LEVEL_FUTURES]
    assert any(settled.values())
    for futures in sizes:
        for key, value in rows[futures].items():
            assert not settled[key] or value in (0, settled[key]), (futures, key)
