"""Everything that pages say of a run is computed once, and the conveniences of a run agree with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import octoplan
from octoplan.api import Run
from octoplan.outcomes import findings as module
from octoplan.outcomes.findings import Findings
from octoplan.outcomes.run import Run as RunData
from tests.outcomes.runs import pocket, ranged


def test_what_is_simulated_is_simulated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run at medians and the days of a future are simulated when they are first read, and not again."""
    calls: list[str] = []
    for name in ("run_at_medians", "daily_tallies", "measures"):
        function = getattr(module, name)

        def counted(*arguments: object, name: str = name, function: object = function, **options: object) -> object:
            calls.append(name)
            return function(*arguments, **options)  # type: ignore[operator]

        monkeypatch.setattr(module, name, counted)
    findings = Findings(pocket())
    assert calls == []
    for _ in range(2):
        assert findings.cost_estimate is not None
        assert findings.medians.futures == 4
        assert findings.days is not None
        assert findings.key_results["made"].interval.p50 == 850
    assert sorted(calls) == ["daily_tallies", "measures", "run_at_medians"]


def test_a_run_in_which_every_future_failed_has_no_findings() -> None:
    """Nothing is finished: no days, no sensitivities, and measures over no future."""
    run = pocket()
    failed = Findings(replace(run, status=np.ones(run.futures, np.int64)))
    assert not failed.any_finished
    assert failed.days is None
    assert failed.net_benefit_sensitivity == failed.leakers_sensitivity == ()
    assert failed.key_results["made"].interval.futures == 0


def test_sensitivities_are_those_of_their_figure() -> None:
    """Net benefit depends on the damage of a leaker; the leakers prevented do not."""
    findings = Findings(ranged())
    distinguishable = {effect.assumption.name for effect in findings.net_benefit_sensitivity if effect.distinguishable}
    assert "threats.drone.damage" in distinguishable
    assert "threats.drone.damage" not in {e.assumption.name for e in findings.leakers_sensitivity if e.distinguishable}


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
    """``octoplan`` offers what it lists, every exception of the tree among it."""
    assert set(octoplan.__all__) <= set(dir(octoplan))
    for name in octoplan.__all__:
        assert getattr(octoplan, name) is not None
    errors = {name for name, item in vars(octoplan.errors).items() if isinstance(item, type) and name != "Iterable"}
    assert {name for name in errors if issubclass(getattr(octoplan.errors, name), Exception)} <= set(octoplan.__all__)
