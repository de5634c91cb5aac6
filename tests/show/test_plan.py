"""Charts and page of a plan: they show the numbers of the plan, and the titles state the results."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from octoplan.cli.plan import write_plan_folder
from octoplan.plan.results import schedule
from octoplan.plan.results.evaluation import Discrepancy, Evaluation
from octoplan.plan.results.folder import PlanResults
from octoplan.plan.results.frontier import Frontier
from octoplan.show.alternatives import alternatives, frontier
from octoplan.show.plan import crews, gantt, orders, output
from octoplan.show.plan_page import page
from tests.plan.pockets import idle, plan_with_costs, plan_with_target, with_assumption


def front(**changed: object) -> Frontier:
    """A frontier of three shares over four futures: 50 % is cheapest; 100 % is dominated and often misses the rate."""
    cost = np.array([[13.0, 23, 33, 43], [10, 20, 30, 40], [14, 26, 34, 46]])
    reached = np.array([[2.0, 2, 2, 2], [3, 3, 3, 3], [5, 5, np.inf, np.inf]])
    share = np.array([[0.8, 0.9, 0.9, 0.9], [0.7, 0.9, 0.9, 0.9], [0.6, 0.9, 0.9, 0.9]])
    produced = Frontier(
        "uk", 2000.0, np.array([0.0, 0.5, 1.0]), cost, 100.0 * share, share, reached,
        {"uk": np.full((3, 4), [[1.0], [2.0], [3.0]]), "ua": np.full((3, 4), 7.0)}, np.array([False, False, True]),
        ("Above 60 % the cheapest share changes.",),
    )  # fmt: skip
    return replace(produced, **changed)  # type: ignore[arg-type]


def test_gates_are_drawn_at_their_quantiles() -> None:
    """Markers are at the P50 of each gate and opening, and bars run from P10 to P90."""
    plan = with_assumption(plan_with_target(), "gates", "duration", np.array([5.0, 10.0, 15.0, 40.0]))
    chart = gantt(plan)
    marks = {trace.name: trace for trace in chart.data if trace.mode == "markers"}
    bars = [trace for trace in chart.data if trace.mode == "lines"]
    assert {name: str(mark.x[0])[:10] for name, mark in marks.items()} == {
        "licence": "2026-01-14", "opens": "2026-01-14",
    }  # fmt: skip
    assert [[str(x)[:10] for x in bar.x] for bar in bars] == [["2026-01-08", "2026-02-03"]] * 2
    assert (
        chart.layout.title.text
        == "bench opens by January 2026 in half of the futures, and not before February 2026 in a tenth"
    )
    assert gantt(plan_with_target()).layout.title.text == "bench opens on 6 January 2026 in every future"


def test_output_of_the_plan() -> None:
    """Bars are mean units produced, the line is the P50 of units delivered, and the dashed line is the target."""
    plan = plan_with_target()
    chart = output(plan)
    traces = {trace.name: trace for trace in chart.data if trace.name}
    produced = plan.tables["produced"].values[:, 0]
    assert traces["bench"].y == pytest.approx(produced.mean(0))
    assert traces["delivered"].y == pytest.approx(np.median(schedule.delivered(plan), 0))
    assert list(traces["target"].y) == [None, 250.0, 250.0]
    met = 100.0 * (produced >= 0.99 * 250.0).mean(0)
    assert chart.layout.title.text == (
        f"250 units a month are produced in {met[1]:.0f} % of futures in February 2026, when they are due, and in "
        f"{met[2]:.0f} % in March 2026"
    )


def test_a_plan_without_units_is_described_as_such() -> None:
    """Without units produced and orders, the charts are empty, and the titles and the summary say so."""
    plan = idle()
    assert output(plan).layout.title.text == "The plan produces no unit in any month"
    assert set(output(plan).data[0].y) == {0.0}
    assert orders(plan).layout.title.text == "No parts are ordered, because no unit is produced"
    assert len(orders(plan).data) == 0
    text = page(PlanResults(plan))
    assert "It requests no unit" in text
    assert "<figure id='orders'>" not in text


def test_orders_are_dots_at_their_dates() -> None:
    """Each order is a dot at its latest order date, with an area proportional to its cost; late orders differ."""
    (dots,) = orders(plan_with_target()).data
    order_list = schedule.orders(plan_with_target())
    assert [str(x)[:10] for x in dots.x] == ["2026-01-01", "2026-01-27", "2026-02-24"]
    assert list(dots.marker.size) == pytest.approx([order.cost for order in order_list])
    assert dots.marker.sizemode == "area"
    chart = orders(with_assumption(plan_with_target(), "suppliers", "lead", 12.0))
    traces = {trace.name: trace for trace in chart.data}
    assert [str(x)[:10] for x in traces["already late on the first day planned"].x] == ["2025-12-25"]
    assert len(traces["place by this day"].x) == 2
    assert chart.layout.title.text == "1 of 3 orders should have been placed before the start: works 7 days before it"


def test_crews_and_kits_are_those_decided() -> None:
    """Bars are crew intake and kits ordered as decided; the line is the P50 of equipped crews."""
    plan = plan_with_target()
    decided = plan.scenario.compile().plan
    traces = {trace.name: trace for trace in crews(plan).data if trace.name}
    assert list(traces["crew intake"].y) == decided.intake.tolist()
    assert list(traces["kits ordered"].y) == decided.kit_orders.tolist()
    assert traces["equipped crews"].y == pytest.approx(np.median(plan.tables["equipped"].values, 0))


def test_alternatives_are_drawn_with_their_intervals() -> None:
    """Points are mean paired differences with 1.96 standard errors; regret is drawn from P10 to P90."""
    evaluation = Evaluation(
        {
            "plan": plan_with_costs([10, 12, 14]),
            "expensive": plan_with_costs([20, 21, 25]),
            "noisy": plan_with_costs([2, 20, 10]),
        }
    )
    chart = alternatives(evaluation, "GBP")
    traces = {trace.name: trace for trace in chart.data if trace.mode == "markers" and trace.xaxis == "x"}
    assert traces["expensive"].x == pytest.approx((10.0,))
    assert traces["expensive"].error_x.array == pytest.approx([1.96 * 1.0 / np.sqrt(3)])
    ends = next(trace.x for trace in chart.data if trace.mode == "lines")
    assert ends == pytest.approx(np.quantile([8.0, 0.0, 4.0], [0.1, 0.9]))
    assert chart.layout.title.text.startswith(
        "No alternative is significantly cheaper than the plan; the closest is “noisy”, -1.33"
    )
    cheaper = Evaluation({"plan": plan_with_costs([10, 12, 14]), "cheap": plan_with_costs([9, 11, 13])})
    assert alternatives(cheaper, "GBP").layout.title.text == (
        "The alternative “cheap” is cheaper than the plan by 1.00 ± 0 M GBP; the plan is not recommended"
    )


def test_frontier_is_drawn_relative_to_its_cheapest_share() -> None:
    """Costs are paired differences from the cheapest share, resilience is that of the worst tenth, never is on top."""
    chart = frontier(front(), "GBP")
    cost, stopped, worst, reached, *_ = chart.data
    assert cost.y == pytest.approx([3.0, 0.0, 5.0])
    assert cost.error_y.array == pytest.approx([0.0, 0.0, 1.96 * np.std([4, 6, 4, 6], ddof=1) / 2.0])
    assert stopped.y == pytest.approx([2.5, 0.0, -2.5])
    assert worst.y == pytest.approx([80.0, 70.0, 60.0])
    assert reached.y == pytest.approx([3.0, 4.0, 6.0])
    axis = chart.layout.yaxis4
    assert axis.ticktext[-1] == "never"
    assert axis.tickvals[-1] > 6.0
    assert reached.y[2] + reached.error_y.array[2] == pytest.approx(axis.tickvals[-1])
    assert list(cost.marker.symbol) == ["circle", "circle", "circle-open"]
    assert {trace.name: trace.y.tolist() for trace in chart.data[4:]} == {"jobs, UK": [1, 2, 3], "jobs, UA": [7, 7, 7]}
    assert (
        chart.layout.title.text == "Cost is least with 50 % of the units from UK; 100 % is dominated by another share"
    )


def test_the_frontier_has_the_titles_of_the_countries() -> None:
    """Title, legend and axis name the countries by their titles where the scenario has them."""
    chart = frontier(front(), "GBP", {"countries.uk": "United Kingdom"})
    assert chart.layout.title.text.startswith("Cost is least with 50 % of the units from United Kingdom; ")
    assert [trace.name for trace in chart.data[4:]] == ["jobs, United Kingdom", "jobs, UA"]
    assert chart.layout.xaxis5.title.text == "share of the units requested made in United Kingdom, %"


@pytest.mark.parametrize(
    ("dominated", "message"),
    [
        ([0, 0, 0], "no share is dominated in cost, threats stopped and resilience"),
        ([1, 0, 1], "every share but 50 % is dominated by another"),
        ([1, 1, 0], "every share but 100 % is dominated by another"),
        ([1, 1, 1], "every share is dominated by another"),
    ],
)
def test_the_cheapest_share_can_be_dominated(dominated: list[int], message: str) -> None:
    """The title names the shares that are dominated or, if they are most of the shares, those that are not."""
    title = frontier(front(dominated=np.array(dominated, bool)), "GBP").layout.title.text
    assert title == f"Cost is least with 50 % of the units from UK; {message}"


def test_never_is_drawn_only_if_some_future_does_not_reach_the_rate() -> None:
    """If all futures reach the rate there is no line for never; if none does, all points are on that line."""
    assert frontier(front(months_to_rate=np.full((3, 4), 2.0)), "GBP").layout.yaxis4.ticktext is None
    none = frontier(front(months_to_rate=np.full((3, 4), np.inf)), "GBP")
    assert set(none.data[3].y) == {none.layout.yaxis4.tickvals[-1]}


def test_the_page_is_self_contained_and_escaped() -> None:
    """The page fetches nothing, names with HTML characters are text, and the figures are in order."""
    plan = plan_with_target()
    odd = replace(plan, scenario=replace(plan.scenario, title="<b>odd</b>"), validity_warnings=("<i>x</i>",))
    evaluation = Evaluation({"plan": plan_with_costs([10, 12]), "a<b": plan_with_costs([12, 15])})
    text = page(PlanResults(odd, evaluation, {"cost": Discrepancy("MGBP", 20.0, 12.0, 1.0)}, front()))
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<b>odd</b>" not in text
    assert "<i>x</i>" not in text
    assert re.findall(r"<figure id='([a-z]+)'>", text) == [
        "gantt",
        "output",
        "orders",
        "crews",
        "alternatives",
        "frontier",
    ]
    assert "-8.0 ± 2.0" in text
    assert "Above 60 % the cheapest share changes." in text


def test_files_of_the_plan_folder(tmp_path: Path) -> None:
    """The folder has the tables of gates, hiring and orders as CSV files, the workbook and the page."""
    write_plan_folder(tmp_path / "plan", PlanResults(plan_with_target()))
    assert {path.name for path in (tmp_path / "plan").iterdir()} == {
        "decisions.toml", "plan.csv", "summary.txt", "evidence.json",
        "gates.csv", "hiring.csv", "orders.csv", "plan.xlsx",
        "plan.html",
    }  # fmt: skip
    rows = (tmp_path / "plan" / "orders.csv").read_text("utf-8").splitlines()
    assert rows[0].startswith(
        "place_by,supplier,part,month_of_need,first_day_of_need,lead_time_within_90_percent_days,already_late"
    )
    assert rows[1].startswith("2026-01-01,works,part-set,2026-01,2026-01-06,5,,0,2026-01-06,")
    assert "bench,home,opens,2026-01-06,2026-01-06,2026-01-06,0" in (tmp_path / "plan" / "gates.csv").read_text("utf-8")
