"""The plan view: its form, the goals entered in it, and the result of a search as tables, calendar and changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from octoplan.app.changes import apply_changes, read_changes
from octoplan.app.plan_form import plan_form, plan_options
from octoplan.app.plan_job import plan_job
from octoplan.plan.goals import goals_of
from octoplan.scenario import load
from tests.outcomes.runs import changed
from tests.scenario.folder import write

GOALS = {
    "objective": "most-stopped", "target": 1500.0, "by": "2026-02", "stopped": 0.625, "confidence": 0.9,
    "budget": {"treasury": 1.2345}, "share": {"home": [0.2, 1.0]}, "most": {"bench": 300.0}, "fixed": ["crews"],
}  # fmt: skip


def search(scenario: Any, **options: Any) -> dict[str, Any]:
    """The result of a job that searches for a plan."""
    return plan_job(scenario, {"futures": 6, "unseen": 24, **options}, lambda *_: None)


@pytest.fixture(scope="module")
def pocket_plan() -> dict[str, Any]:
    return search(load("pocket"))


def test_goals_entered_in_the_form_are_those_of_the_search() -> None:
    """Each field of the form sets its goal; a budget is in millions of the reporting currency, to the unit."""
    goals = goals_of(load("pocket"), plan_options(load("pocket"), GOALS))
    assert goals.objective == "most-stopped"
    assert goals.target is not None
    assert (goals.target.rate, goals.target.month) == (1500.0, 1)
    assert (goals.stopped_share, goals.confidence, goals.fixed) == (0.625, 0.9, ("crews",))
    assert goals.budgets == {("treasury", None): 1_234_500.0}
    assert (goals.share, goals.max_output) == ({"home": (0.2, 1.0)}, {"bench": 300.0})


PLAN = """
[plan]
objective = "most-stopped"
target = 1200
by = "2026-02"
shortage = "900 GBP"
tail = 0.3
[plan.budget]
treasury = "80 MGBP"
"""


def test_the_form_begins_with_the_goals_of_the_scenario() -> None:
    """Entering what the form shows gives the scenario's goals; settings that the form lacks stay and are named."""
    decisions = load("pocket").files["decisions.toml"].decode()
    scenario = load("pocket").with_decisions(decisions + PLAN)
    form = plan_form(scenario)
    assert form["goals"]["budget"] == {"treasury": 80.0}
    assert form["kept"] == ["tail", "shortage"]
    assert form["plants"] == [{"name": "bench", "title": "bench"}]
    assert form["countries"] == [{"name": "home", "title": "home"}]
    entered = {name: value for name, value in form["goals"].items() if value is not None}
    assert goals_of(scenario, plan_options(scenario, entered)) == goals_of(scenario)
    assert plan_options(scenario, None) == scenario.decisions.plan


def test_an_emptied_field_sets_no_goal() -> None:
    """Goals of the scenario that were deleted in the form do not apply; a budget by year is no field, and stays."""
    decisions = load("pocket").files["decisions.toml"].decode()
    by_year = PLAN.replace('"80 MGBP"', '{ 2026 = "40 MGBP" }')
    scenario = load("pocket").with_decisions(decisions + by_year)
    assert plan_form(scenario)["kept"] == ["tail", "shortage", "budget.treasury"]
    goals = goals_of(scenario, plan_options(scenario, {"objective": "least-cost"}))
    assert (goals.objective, goals.target, goals.risk.weight) == ("least-cost", None, 0.3)
    assert goals.budgets == {("treasury", 2026): 40e6}


def test_the_plan_of_the_result_can_be_applied(pocket_plan: dict[str, Any]) -> None:
    """The changes of the result, applied to the scenario, give the decisions of the plan."""
    scenario = load("pocket")
    changes = read_changes(pocket_plan["changes"])
    assert not changes.assumptions
    applied = apply_changes(scenario, changes)
    assert applied.decisions == scenario.with_decisions(pocket_plan["decisions"]).decisions
    assert applied.decisions != scenario.decisions


def test_what_speaks_against_the_plan_stands_first(pocket_plan: dict[str, Any]) -> None:
    """An alternative that is significantly cheaper is named as such, and the row of the table is marked."""
    preferred = [row for row in pocket_plan["alternatives"] if row["preferred"]]
    assert [row["name"] for row in preferred] == ["baseline decisions"]
    assert preferred[0]["cost"]["mean"] + preferred[0]["cost"]["half"] < 0.0
    (caution,) = pocket_plan["cautions"]
    assert caution.startswith("In the simulation, “baseline decisions” costs ")
    assert caution.endswith("this plan is not recommended.")
    assert "costs more than the scenario's decisions: +" in pocket_plan["conclusion"][0]
    assert not any("significantly cheaper" in text for text in pocket_plan["conclusion"])
    assert pocket_plan["lines"][1] == f"warning: i{caution[1:-1]}"


def test_the_change_is_that_of_the_alternative_reversed(pocket_plan: dict[str, Any]) -> None:
    """The paired change is the plan minus the scenario's decisions, over the futures not used in the search."""
    (baseline,) = (row for row in pocket_plan["alternatives"] if row["name"] == "baseline decisions")
    changes = {row["title"]: row["change"] for row in pocket_plan["paired"]}
    assert pocket_plan["unseen"] == 24
    for title, name in (
        ("cost: discounted spend and losses", "cost"),
        ("threats stopped", "stopped"),
        ("leakers", "leaked"),
    ):
        assert changes[title] == {**baseline[name], "mean": -baseline[name]["mean"]}
    assert changes["leakers"]["mean"] == pytest.approx(-changes["threats stopped"]["mean"])


def test_the_calendar_has_the_decisions_by_month(pocket_plan: dict[str, Any]) -> None:
    """Rows are plants, their lines, crews and kits; values are those of the plan in each month."""
    calendar = pocket_plan["calendar"]
    assert calendar["months"] == ["2026-01", "2026-02", "2026-03"]
    rows = {(row["item"], row["quantity"]): row["values"] for row in calendar["rows"]}
    assert rows["Crews", "start training"] == [int(pocket_plan["changes"]["d.crews.intake"])] * 3
    assert rows["Kits", "ordered"] == [int(pocket_plan["changes"]["d.kits.order"])] * 3
    assert rows["bench", "lines"] == [1, 1, 1]
    requested = sum(rows["bench", "units requested"])
    assert f"Units requested over the horizon: bench: {requested:,}." in pocket_plan["conclusion"]


def test_lines_count_from_the_opening_of_the_plant() -> None:
    """In the calendar a plant has lines from the month of its median opening, as decided for the months since."""
    late = read_changes({"a.gates.licence.duration": "40", "d.lines.bench": "1, 2"})
    goals = {"objective": "least-cost", "fixed": ["lines.bench"]}
    rows = search(apply_changes(load("pocket"), late), goals=goals)["calendar"]["rows"]
    (lines,) = (row for row in rows if row["quantity"] == "lines")
    assert lines["values"] == [0, 1, 2]
    assert lines["note"] == "opens on 2026-02-10 in the median future"
    (produced,) = (row for row in rows if row["quantity"] == "units produced")
    assert [units > 0 for units in produced["values"]] == [False, True, True]


def test_each_point_of_the_frontier_has_its_decisions(tmp_path: Path) -> None:
    """The decisions of a share request more units of the country, the larger the share; the result is JSON."""
    scenario = load(write(tmp_path / "small"))
    result = search(scenario, frontier="here", goals={"objective": "least-cost"})
    points = result["frontier"]["points"]
    assert len(points) > 2
    output = [apply_changes(scenario, read_changes(point["changes"])).decisions.output for point in points]
    assert sum(output[0].get("works", [0])) == 0
    assert sum(output[-1]["works"]) > 0
    assert sum(output[0]["yard"]) > sum(output[-1]["yard"])
    json.dumps(result, allow_nan=False)
    assert result["cautions"] == []
    assert "No alternative that was simulated is significantly cheaper." in result["conclusion"]


def test_a_goal_that_is_not_met_is_a_caution(tmp_path: Path) -> None:
    """A target that no plan reaches is stated before anything else."""
    scenario = changed(tmp_path / "pocket", load("pocket"))
    result = search(scenario, goals={"objective": "least-cost", "target": 1e6, "by": "2026-01", "confidence": 1.0})
    assert any(text.startswith("A goal is not met: ") for text in result["cautions"])
