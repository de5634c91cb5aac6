"""Results are bit-identical for any batch size, thread or process, and unaffected by unrelated entities."""

import os
import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import octoplan
from octoplan.campaign.arrivals import LARGEST_RAID
from octoplan.campaign.future import FAILURE_REASONS, TOO_MANY
from octoplan.campaign.futures import WITHOUT_PROGRAMME, SimulationResults, simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.campaign.tally import TALLIES
from octoplan.errors import FutureFailed
from octoplan.executors import ClusterExecutor
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Compiled, Floats

SEED, FUTURES = 171, 6
WITHOUT = WITHOUT_PROGRAMME
SHIPPED = Path(octoplan.__file__).parent / "scenarios" / "octopus"


def draws(scenario: Scenario, futures: int = FUTURES) -> Floats:
    return scenario.quantiles(uniforms(SEED, [f"belief/{name}" for name in scenario.columns], futures))


def short(folder: Path, months: int = 14) -> Path:
    """Copy ``octopus`` to a folder with a shorter horizon."""
    shutil.copytree(SHIPPED, folder)
    edit(folder / "programme.toml", r"^months = \d+", f"months = {months}")
    return folder


def edit(path: Path, pattern: str, text: str) -> None:
    """Replace the single match of a pattern in a file."""
    edited, count = re.subn(pattern, lambda _: text, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{pattern} stands {count} times in {path.name}"
    path.write_text(edited, encoding="utf-8")


def append(path: Path, rows: Iterable[str]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short(tmp_path_factory.mktemp("bits") / "octopus")


@pytest.fixture(scope="module")
def simulated(folder: Path) -> SimulationResults:
    """All futures in one batch on a single thread."""
    return all_at_once(str(folder))


@cache
def all_at_once(folder: str) -> SimulationResults:
    scenario = load(Path(folder))
    return simulate_futures(scenario.compile(), draws(scenario), seed=SEED, batch=FUTURES, counterfactual=WITHOUT)


def assert_same(first: SimulationResults, second: SimulationResults) -> None:
    """All tallies of two simulations are equal, bit for bit, with the programme and without."""
    assert np.array_equal(first.status, second.status)
    for results, expected in ((first.tally, second.tally), (first.counterfactual, second.counterfactual)):
        assert results.keys() == expected.keys()
        for name, values in results.items():
            assert values.tobytes() == expected[name].tobytes(), name


def test_futures_differ(simulated: SimulationResults) -> None:
    """Raids, stocks and spend differ between futures, so that the comparisons below are informative."""
    for name in ("launched", "sorties", "good", "spend", "exchange"):
        assert len({future.tobytes() for future in simulated.tally[name]}) == FUTURES, name


@given(batch=st.integers(1, FUTURES + 2), threads=st.integers(1, 3))
@settings(max_examples=12)
def test_any_batch_and_threads(tmp_path_factory: pytest.TempPathFactory, batch: int, threads: int) -> None:
    """Batches of any size on any number of threads give bit-identical results."""
    index = tmp_path_factory.getbasetemp() / "any"
    path = index if index.exists() else short(index)
    scenario = load(path)
    with ThreadPoolExecutor(threads) as executor:
        results = simulate_futures(
            scenario.compile(), draws(scenario), seed=SEED, batch=batch, executor=executor, counterfactual=WITHOUT
        )
    assert_same(results, all_at_once(str(path)))


def test_a_future_does_not_depend_on_other_futures(folder: Path, simulated: SimulationResults) -> None:
    """Futures simulated separately, by number, are identical to those of the full run."""
    scenario = load(folder)
    results = simulate_futures(scenario.compile(), draws(scenario)[3:5], seed=SEED, first=3)
    for name, values in results.tally.items():
        assert values.tobytes() == simulated.tally[name][3:5].tobytes(), name


def test_selecting_tallies_changes_no_result(folder: Path, simulated: SimulationResults) -> None:
    """With two tallies selected, the results have those two, unchanged."""
    scenario = load(folder)
    results = simulate_futures(scenario.compile(), draws(scenario), seed=SEED, keep=("leaked", "spend"))
    assert set(results.tally) == {"leaked", "spend"}
    for name, values in results.tally.items():
        assert values.tobytes() == simulated.tally[name].tobytes()


def test_a_region_that_sees_no_raid_changes_nothing(tmp_path: Path, simulated: SimulationResults) -> None:
    """An additional region without raids and crews does not change other regions or national totals."""
    folder = short(tmp_path / "octopus")
    edit(folder / "programme.toml", r"^\[regions\.kyiv-city\]", "[regions.nowhere]\ntile = [9, 9]\n[regions.kyiv-city]")
    edit(folder / "decisions.toml", r"^crimea = 0", "nowhere = 0\ncrimea = 0")
    append(folder / "assumptions.csv", ["splits.*.nowhere.share,0,,,fixed,1,,,red,example,2026-11-22,no raids"])
    scenario = load(folder)
    index = scenario.names.regions.index("nowhere")
    assert 0 < index < len(scenario.names.regions) - 1
    results = simulate_futures(scenario.compile(), draws(scenario), seed=SEED)
    for tally in TALLIES:
        values = results.tally[tally.name]
        if "region" in tally.axes:
            values = np.delete(values, index, axis=1 + tally.axes.index("region"))
        assert values.tobytes() == bytes_of(simulated, tally.name), tally.name


def bytes_of(simulated: SimulationResults, name: str) -> bytes:
    return simulated.tally[name].tobytes()


IDLE = """[plants.idle]
country = "ua"
region = "lviv"
design = "octopus"
gates = []
lanes = ["domestic"]
learning = "crawford"
"""
UNPAID = ("overhead", "labour_rate", "line_capital", "royalty")


def test_an_idle_plant_changes_no_random_number(tmp_path: Path, simulated: SimulationResults) -> None:
    """An additional plant with no planned output does not change other plants or national totals."""
    folder = short(tmp_path / "octopus")
    edit(folder / "programme.toml", r"^\[plants\.ua-1\]", f"{IDLE}[plants.ua-1]")
    edit(folder / "decisions.toml", r"^\[lines\]", "idle = 0\n[lines]\nidle = 0")
    unit = {"overhead": "GBP/day", "labour_rate": "GBP/hour"}
    rows = [f"plants.idle.{name},0,,,fixed,{unit.get(name, 'GBP')},2025,,red,x,2026-11-22," for name in UNPAID]
    append(folder / "assumptions.csv", [*rows, "plants.idle.heads,0,,,fixed,1,,,red,x,2026-11-22,"])
    scenario = load(folder)
    index = scenario.names.plants.index("idle")
    assert 0 < index < len(scenario.names.plants) - 1
    results = simulate_futures(scenario.compile(), draws(scenario), seed=SEED)
    assert not results.tally["made"][:, :, index].any()
    for tally in TALLIES:
        values = results.tally[tally.name]
        if "plant" in tally.axes:
            values = np.delete(values, index, axis=1 + tally.axes.index("plant"))
        assert values.tobytes() == bytes_of(simulated, tally.name), tally.name


def test_a_change_of_plan_changes_no_raid(tmp_path: Path, simulated: SimulationResults) -> None:
    """Different output, crews, kits, doctrine and shares do not change raids, outages and exchange rates."""
    folder = short(tmp_path / "octopus")
    decisions = folder / "decisions.toml"
    edit(decisions, r"^uk-batch = \[300.*$", "uk-batch = [0]")
    edit(decisions, r"^intake = .*$", "intake = 300")
    edit(decisions, r"^order = .*$", "order = 200")
    edit(decisions, r"^kyiv-city = 20$", "kyiv-city = 1")
    edit(decisions, r"^queue = .*$", 'queue = "value"')
    scenario = load(folder)
    results = simulate_futures(scenario.compile(), draws(scenario), seed=SEED)
    for name in ("launched", "exchange", "block", "opened", "supplier_down", "lane_down"):
        assert results.tally[name].tobytes() == bytes_of(simulated, name), name
    for name in ("stopped", "leaked", "crews", "kits", "spend"):
        assert results.tally[name].tobytes() != bytes_of(simulated, name), name


def test_the_counterfactual_meets_the_same_futures(folder: Path, simulated: SimulationResults) -> None:
    """Raids, exchange rates, crews and weather are the same without the programme.

    The counterfactual equals a separate simulation of the plan without the programme.
    """
    scenario = load(folder)
    compiled = scenario.compile()
    plan = compiled.plan._replace(in_programme=np.zeros_like(compiled.plan.in_programme))
    results = simulate_futures(compiled._replace(plan=plan), draws(scenario), seed=SEED)
    for name, values in simulated.counterfactual.items():
        assert values.tobytes() == results.tally[name].tobytes(), name
    for name in ("launched", "exchange", "crews_available", "crews", "kits", "block"):
        assert results.tally[name].tobytes() == bytes_of(simulated, name), name
    assert not results.tally["made"].any()
    octopus = scenario.names.designs.index("octopus")
    assert not results.tally["sorties"][..., octopus].any()
    assert results.tally["leaked"].tobytes() != bytes_of(simulated, "leaked")


@contextmanager
def workers(count: int) -> Iterator[Any]:
    """A client of worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_two_worker_processes(folder: Path, simulated: SimulationResults) -> None:
    """Batches on two dask worker processes give identical results, even if one worker is killed."""
    scenario = load(folder)
    compiled, assumptions = scenario.compile(), draws(scenario)
    with workers(2) as client:
        executor = ClusterExecutor(client)
        pids = client.run(os.getpid)
        assert len(set(pids.values())) == 2
        assert_same(
            simulate_futures(compiled, assumptions, seed=SEED, batch=2, executor=executor, counterfactual=WITHOUT),
            simulated,
        )
        killed: list[int] = []

        def kill_one(done: int, _: int) -> None:
            if not killed and done < FUTURES:
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)

        results = simulate_futures(
            compiled, assumptions, seed=SEED, batch=1, executor=executor, progress=kill_one, counterfactual=WITHOUT
        )
        assert_same(results, simulated)
        assert killed


def too_many(futures: tuple[int, ...]) -> tuple[Compiled, Floats]:
    """The scenario ``pocket`` with raids above ``LARGEST_RAID`` in some futures."""
    scenario = load("pocket")
    assumptions = draws(scenario)
    assumptions[list(futures), scenario.columns.index("packages.raid.routine_mean")] = 10.0 * LARGEST_RAID
    return scenario.compile(), assumptions


def test_a_failed_future_is_named() -> None:
    """A future that fails ends the run with its number and the reason."""
    compiled, assumptions = too_many((4,))
    with pytest.raises(FutureFailed, match=f"future 104 failed: .*{LARGEST_RAID}") as error:
        simulate_futures(compiled, assumptions, seed=SEED, first=100, batch=2)
    assert error.value.future == 104


def test_a_failed_future_changes_no_other() -> None:
    """With ``keep_going``, failed futures have a status, a reason and zero tallies; others are unchanged."""
    compiled, assumptions = too_many((1, 4))
    scenario = load("pocket")
    expected = simulate_futures(scenario.compile(), draws(scenario), seed=SEED)
    results = simulate_futures(compiled, assumptions, seed=SEED, batch=2, keep_going=True)
    assert results.status.tolist() == [0, TOO_MANY, 0, 0, TOO_MANY, 0]
    assert results.messages == dict.fromkeys((1, 4), FAILURE_REASONS[TOO_MANY])
    for name, values in results.tally.items():
        assert not values[[1, 4]].any(), name
        assert values[[0, 2, 3, 5]].tobytes() == expected.tally[name][[0, 2, 3, 5]].tobytes(), name


def test_what_is_not_kept_without_the_programme_is_refused(folder: Path) -> None:
    """A tally that is not filled without the programme is refused, not returned as zeros."""
    scenario = load(folder)
    with pytest.raises(ValueError, match="not kept without the programme: crews, stock"):
        simulate_futures(scenario.compile(), draws(scenario), seed=SEED, counterfactual=("damage", "stock", "crews"))
