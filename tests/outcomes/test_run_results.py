"""Results of a run are computed once, on first use; runs of the public interface can be saved and read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import octoplan
from octoplan.api import Run
from octoplan.outcomes import run_results as module
from octoplan.outcomes.run import Run as RunData
from octoplan.outcomes.run_results import RunResults
from tests.outcomes.runs import pocket, ranged


def test_results_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run at medians and the daily tallies are simulated on first use, and not again."""
    calls: list[str] = []
    for name in ("run_at_medians", "daily_tallies", "measure_values"):
        function = getattr(module, name)

        def counted(*arguments: object, name: str = name, function: object = function, **options: object) -> object:
            calls.append(name)
            return function(*arguments, **options)  # type: ignore[operator]

        monkeypatch.setattr(module, name, counted)
    results = RunResults(pocket())
    assert calls == []
    for _ in range(2):
        assert results.cost_estimate is not None
        assert results.run_at_medians.futures == 4
        assert results.daily_tallies is not None
        assert results.key_results["made"].interval.p50 == 850
    assert sorted(calls) == ["daily_tallies", "measure_values", "run_at_medians"]


def test_a_run_in_which_every_future_failed_has_no_results() -> None:
    """There are no daily tallies and no sensitivities, and measures are defined in no future."""
    run = pocket()
    results = RunResults(replace(run, status=np.ones(run.futures, np.int64)))
    assert not results.has_finished_futures
    assert results.daily_tallies is None
    assert results.net_benefit_sensitivity == results.leakers_sensitivity == ()
    assert results.key_results["made"].interval.futures == 0


def test_each_sensitivity_is_that_of_its_result() -> None:
    """Net benefit depends on the damage of a leaker; the leakers prevented do not."""
    results = RunResults(ranged())
    distinguishable = {effect.assumption.name for effect in results.net_benefit_sensitivity if effect.distinguishable}
    assert "threats.drone.damage" in distinguishable
    assert "threats.drone.damage" not in {e.assumption.name for e in results.leakers_sensitivity if e.distinguishable}


def test_a_run_of_the_public_interface_saves_its_report(tmp_path: Path) -> None:
    """``Run.save`` writes the run folder with its report, and ``read`` gives the same run back."""
    run = pocket()
    assert isinstance(run, Run)
    run.save(tmp_path / "run")
    assert "</html>" in (tmp_path / "run" / "report.html").read_text("utf-8")
    back = octoplan.read(tmp_path / "run")
    assert isinstance(back, Run)
    assert isinstance(back, RunData)
    assert back.key_results().to_csv() == run.key_results().to_csv()
    assert repr(back) == "<Run of 'Pocket': 60 futures, seed 1>"


def test_every_public_name_can_be_imported() -> None:
    """Every name in ``__all__`` can be imported, and every exception of ``octoplan.errors`` is in ``__all__``."""
    assert set(octoplan.__all__) <= set(dir(octoplan))
    for name in octoplan.__all__:
        assert getattr(octoplan, name) is not None
    errors = {name for name, item in vars(octoplan.errors).items() if isinstance(item, type) and name != "Iterable"}
    assert {name for name in errors if issubclass(getattr(octoplan.errors, name), Exception)} <= set(octoplan.__all__)
