"""A run whose draws are written while it is simulated has the same bits as one in memory, and a complete folder."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from octoplan.campaign import futures
from octoplan.campaign.future import COMPLETED, FAILURE_REASONS
from octoplan.cli import main
from octoplan.errors import Unfinished
from octoplan.outcomes import (
    daily,
    draws_file,
    measure_values,
    median_case,
    run_results,
    simulate,
    store,
    streamed_run,
)
from octoplan.outcomes.measures import key_results, measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.store import read, read_results, save
from octoplan.outcomes.streamed_run import StreamedRun
from octoplan.scenario import load
from octoplan.show.report import report_page
from tests.outcomes.runs import octopus, pocket

BLOCK = 4


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of ``BLOCK`` futures, so that a small run has several."""
    monkeypatch.setattr(draws_file, "MAX_BLOCK", BLOCK)


def streamed_folder(folder: Path, steps: tuple[int, ...], **options: Any) -> None:
    """Write the run folder of pocket, simulated in steps, without a report."""
    folder.mkdir()
    with StreamedRun(folder, load("pocket"), 1, **options) as streamed, ThreadPoolExecutor(2) as pool:
        for total in steps:
            streamed.extend(total, executor=pool, batch=3)
        store.write_results(streamed.results(), folder)


@pytest.mark.parametrize("steps", [(30,), (5, 6, 21, 30)])
def test_a_streamed_run_has_the_bits_of_a_run_in_memory(tmp_path: Path, steps: tuple[int, ...]) -> None:
    """Draws, manifest and summary of a run simulated in any steps are those of a run simulated at once and saved."""
    streamed_folder(tmp_path / "streamed", steps)
    run = simulate.simulate(load("pocket"), 30, 1)
    save(run, tmp_path / "saved")
    streamed = read(tmp_path / "streamed")
    for name in ("data", "counterfactual", "assumptions"):
        xr.testing.assert_identical(getattr(streamed, name), getattr(run, name))
    assert np.array_equal(streamed.status, run.status)
    summaries = [(tmp_path / name / "summary.csv").read_text() for name in ("streamed", "saved")]
    assert summaries[0] == summaries[1]


@pytest.mark.parametrize(("run", "nominal"), [(pocket, False), (pocket, True), (octopus, False), (octopus, True)])
def test_measures_of_parts_are_those_of_the_run(run: Callable[[], Run], nominal: bool) -> None:
    """Measures computed part by part, with all months at once, equal those of the run and of each month, bit by bit."""
    complete_run, months = run(), run().compiled.names.months
    for divided in (complete_run, replace(complete_run, block=3)):
        values = measure_values.measure_values(divided, nominal=nominal)
        for month, computed in zip((None, *months), (values.of_run(), *values.by_month()), strict=True):
            expected = measures(complete_run, month, nominal=nominal)
            assert [(m.key, m.title, m.unit) for m in computed] == [(m.key, m.title, m.unit) for m in expected]
            for a, b in zip(computed, expected, strict=True):
                np.testing.assert_array_equal(a.values, b.values, err_msg=f"{month} {a.key}")
                assert a.values.dtype == b.values.dtype


def test_monthly_values_in_a_temporary_file_are_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that exceed the memory limit are read back from the temporary file."""
    expected = [key_results(pocket(), month) for month in pocket().compiled.names.months]
    monkeypatch.setattr(measure_values, "VALUES_IN_MEMORY", 1)
    assert list(RunResults(replace(pocket(), block=3)).key_results_by_month()) == expected


@pytest.mark.parametrize("run", [partial(pocket, 10), octopus], ids=["pocket", "octopus"])
def test_the_report_of_a_run_on_disk_is_that_of_the_run_in_memory(tmp_path: Path, run: Callable[[], Run]) -> None:
    """Charts and tables drawn from disk, a block of futures at a time, are the same text."""
    save(run(), tmp_path / "run")
    on_disk = read_results(tmp_path / "run")
    assert on_disk.run.block == BLOCK
    assert report_page([on_disk]) == report_page([RunResults(run())])


def test_a_run_of_one_block_is_not_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of futures that fit in a block use the tallies in memory, and are those of the folder read from disk."""
    monkeypatch.setattr(draws_file, "MAX_BLOCK", 30)
    monkeypatch.setattr(streamed_run, "read_draws", None)
    folder = tmp_path / "run"
    folder.mkdir()
    with StreamedRun(folder, load("pocket"), 1) as streamed, ThreadPoolExecutor(1) as pool:
        for total in (5, 30):
            streamed.extend(total, executor=pool, batch=3)
        results = streamed.results()
        store.write_results(results, folder)
    stored = read_results(folder)
    assert results.run.block == stored.run.block == 0
    for name in ("data", "counterfactual", "assumptions"):
        xr.testing.assert_identical(getattr(results.run, name), getattr(stored.run, name))
    monkeypatch.setattr(draws_file, "MAX_BLOCK", 29)
    assert read_results(folder).run.block == 29


def test_failed_futures_are_excluded_or_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``keep_going`` a failed future is recorded and excluded; without it the run ends with its number."""
    original = futures.simulate_batch
    reason = next(code for code in FAILURE_REASONS if code != COMPLETED)

    def with_failure(compiled: Any, draws: Any, seed: int, first: int, *arguments: Any) -> Any:
        results = original(compiled, draws, seed, first, *arguments)
        if first <= 10 < first + len(draws):
            results.status[10 - first] = reason
        return results

    monkeypatch.setattr(streamed_run, "simulate_batch", with_failure)
    streamed_folder(tmp_path / "kept", (30,), keep_going=True)
    run = read(tmp_path / "kept")
    assert run.messages == {10: FAILURE_REASONS[reason]}
    assert key_results(run)["made"].interval.futures == 29
    with pytest.raises(Unfinished, match="future 10 failed"):
        streamed_folder(tmp_path / "ended", (30,))


def test_nothing_is_computed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run simulates its futures once, the run at medians once and one future by day; its report simulates nothing.

    Measures are computed once for each block of futures, and once more for all months of the block.
    """
    calls: Counter[str] = Counter()

    def count(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            calls[f"{module.__name__.rsplit('.', 1)[1]}.{name}"] += 1
            return function(*arguments, **options)

        monkeypatch.setattr(module, name, counted)

    for module in (streamed_run, median_case, daily):
        count(module, "simulate_batch")
    count(measure_values, "measures_of")
    count(run_results, "tabulate")
    folder = str(tmp_path / "run")
    main.app(["run", "pocket", "--futures", "10", "--out", folder], result_action="return_value")
    simulated = {
        "streamed_run.simulate_batch": 10 // streamed_run.MIN_BATCH,
        "median_case.simulate_batch": 1,
        "daily.simulate_batch": 1,
    }
    assert calls == {**simulated, "measure_values.measures_of": 2 * 3, "run_results.tabulate": 1 + 3}
    calls.clear()
    main.app(["report", folder], result_action="return_value")
    assert calls == {"measure_values.measures_of": 2 * 3, "run_results.tabulate": 1}


def test_saving_does_not_simulate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``save`` writes the run at medians and the days only if they were computed before."""
    results = RunResults(pocket())
    assert results.cost_estimate is not None
    monkeypatch.setattr(run_results, "run_at_medians", None)
    monkeypatch.setattr(run_results, "daily_tallies", None)
    save(pocket(), tmp_path / "medians", results=results)
    save(pocket(), tmp_path / "none")
    assert {path.name for path in (tmp_path / "medians").iterdir()} - {
        path.name for path in (tmp_path / "none").iterdir()
    } == {"medians.nc"}
    stored = read_results(tmp_path / "medians")
    assert stored.computed_medians is not None
    xr.testing.assert_identical(stored.computed_medians.data, results.run_at_medians.data)
    assert stored.cost_estimate is not None
    assert stored.cost_estimate.point_estimate == results.cost_estimate.point_estimate
