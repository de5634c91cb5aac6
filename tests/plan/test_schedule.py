"""The schedule of a plan, compared with calculations by hand on ``pocket`` and with the simulation."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import octoplan as op
from octoplan.campaign.compiled import entry
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.streams import duration
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan import gates
from octoplan.plan.optimise import optimise
from octoplan.plan.response_surface import DesignRuns
from octoplan.plan.results import schedule, sheets
from octoplan.plan.second_stage_tables import block
from octoplan.plan.solver.two_stage import Floats
from octoplan.plan.units import UNIT_SCALE
from octoplan.scenario.scenario import with_files
from tests.plan.pockets import FUTURES, idle, plan_with_target, with_assumption


@entry
def draw_lead_times(seed: np.uint64, name: np.uint64, out: Floats) -> None:
    """Fill ``out`` with lead times in whole days, drawn as in the simulation: mean 30, coefficient of variation 0.4."""
    for day in range(out.shape[0]):
        out[day] = int(duration((seed, name), 0, day, 0, 30.0, 0.4) + 0.5)


def test_openings_are_those_of_the_simulation() -> None:
    """In each future of ``octopus``, the opening days of plants are bit-identical to those of the simulation."""
    scenario = op.load("octopus")
    compiled, assumptions = scenario.compile(), draw_assumptions(scenario, 5, 1)
    tally = simulate_futures(compiled, assumptions, seed=1, keep=("opened",)).tally
    plan = plan_with_target()
    moved = replace(plan, parameters=replace(plan.parameters, runs=DesignRuns(compiled, assumptions, (tally,))))
    values = schedule.openings(moved)
    assert tuple(values) == compiled.names.plants
    assert np.array_equal(np.stack([step.days for step in values.values()], 1), tally["opened"])
    steps = [step for step in schedule.gates(moved) if step.plant == "uk-1"]
    assert {"licence", "data-package", "uk-batch-first-article"} <= {step.name for step in steps}
    assert all((step.days <= steps[-1].days).all() for step in steps)


def test_a_gate_waits_for_its_indirect_predecessors() -> None:
    """The third gate needs the second, which needs the first: 3 + 4 + 5 days; the fourth gate is not needed."""
    after = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    links = op.load("pocket").compile().links
    known = links.known_state._replace(gate_earliest=np.zeros(4), gate_latest=np.full(4, np.inf))
    chain = links._replace(gate_predecessors=after, known_state=known)
    assert gates.gate_days(np.array([[3.0, 4.0, 5.0, 99.0]]), chain).tolist() == [[3.0, 7.0, 12.0, 99.0]]
    late = chain._replace(known_state=known._replace(gate_earliest=np.array([0.0, 10.0, 0.0, 0.0])))
    assert gates.gate_days(np.array([[3.0, 4.0, 5.0, 99.0]]), late).tolist() == [[3.0, 10.0, 15.0, 99.0]]
    assert schedule.with_predecessors(after, np.array([0, 0, 1, 0])).tolist() == [True, True, True, False]


def test_orders_of_the_pocket_by_hand() -> None:
    """Parts for the opening on 6 January have a lead time of 5 days; a unit needs two parts of 50 GBP."""
    plan = plan_with_target()
    produced = plan.tables["produced"].values[:, 0]
    january, february, march = schedule.orders(plan)
    assert (january.place_by, january.first_need, january.arrival, january.lead_time, january.days_late) == (
        date(2026, 1, 1), date(2026, 1, 6), date(2026, 1, 6), 5, 0,
    )  # fmt: skip
    assert (february.place_by, february.first_need) == (date(2026, 1, 27), date(2026, 2, 1))
    assert (march.place_by, march.month) == (date(2026, 2, 24), "2026-03")
    for t, order in enumerate((january, february, march)):
        assert order.parts == pytest.approx(2.0 * produced[:, t])
        assert order.cost == pytest.approx(100.0 * produced[:, t].mean())


def test_an_order_before_the_start_is_late() -> None:
    """Parts with a lead time of 12 days are needed on day 5: the order is 7 days late, and they arrive on day 12."""
    order = schedule.orders(with_assumption(plan_with_target(), "suppliers", "lead", 12.0))[0]
    assert (order.place_by, order.days_late, order.arrival) == (date(2025, 12, 25), 7, date(2026, 1, 13))


def test_a_plan_without_output_orders_nothing() -> None:
    """A plan without output needs no parts and no workers, and adds no lines."""
    plan = idle()
    assert schedule.orders(plan) == []
    assert schedule.lines(plan) == []
    assert np.allclose(schedule.workforces(plan)[0].workers, 0.0)
    assert schedule.target(plan) is None


@pytest.mark.parametrize(
    ("leads", "spread", "share", "days"),
    [
        (np.array([5.0, 5.0, 20.0, 20.0]), 0.0, 0.9, 20),  # in half of the futures every delivery takes 20 days
        (np.array([5.0, 5.0, 20.0, 20.0]), 0.0, 0.5, 5),
        (10.0, 1.0, 0.9, 23),  # exponential: 1 - exp(-23.5 / 10) = 0.905, 1 - exp(-22.5 / 10) = 0.895
        (4.4, 0.0, 0.9, 4),  # lead times are rounded to the nearest whole day
        (0.0, 0.0, 0.9, 0),
    ],
)
def test_lead_time_quantile(leads: Floats | float, spread: float, share: float, days: int) -> None:
    """The quantile is that of the mixture over futures of gamma-distributed lead times, rounded to whole days."""
    plan = with_assumption(
        with_assumption(plan_with_target(), "suppliers", "lead", leads), "suppliers", "lead_cv", spread
    )
    assert schedule.lead_time_quantile(plan, share).tolist() == [days]


def test_lead_time_quantile_matches_the_draws_of_the_simulation() -> None:
    """90 % of deliveries drawn by the simulation arrive within the lead time, and fewer within a day less."""
    plan = with_assumption(with_assumption(plan_with_target(), "suppliers", "lead", 30.0), "suppliers", "lead_cv", 0.4)
    within = int(schedule.lead_time_quantile(plan, 0.9)[0])
    lead_times = np.empty(20_000)
    draw_lead_times(np.uint64(7), np.uint64(11), lead_times)
    assert (lead_times <= within).mean() == pytest.approx(0.9, abs=0.015)
    assert (lead_times <= within).mean() > 0.893
    assert (lead_times <= within - 1).mean() < 0.905


def test_workers_by_hand() -> None:
    """A unit takes 2 hours and a worker gives 10 a day, on 26, 28 and 31 days; net hires are changes in the mean."""
    plan = plan_with_target()
    team = schedule.workforces(plan)[0]
    produced = plan.tables["produced"].values[:, 0]
    assert team.workers == pytest.approx(produced * 2.0 / (10.0 * np.array([26, 28, 31])))
    assert np.cumsum(team.net_hires) == pytest.approx(team.workers.mean(0))


def test_lines_are_dated_by_the_opening() -> None:
    """Additions sum to the lines decided, and their months count from the opening month, January."""
    plan = plan_with_target()
    decided = plan.scenario.compile().plan.lines[0]
    values = schedule.lines(plan)
    assert sum(added.lines for added in values) == decided.max() > 0
    assert [added.month for added in values] == [date(2026, 1 + added.months_since_opening, 1) for added in values]


def test_months_run_over_the_year() -> None:
    """Three months after November is February of the next year."""
    assert schedule.months_later(date(2025, 11, 30), 3) == date(2026, 2, 1)


def test_deliveries_are_used_or_in_stock() -> None:
    """Cumulative deliveries equal the units used plus the stock in the regions."""
    plan = plan_with_target()
    used, stock = (block(plan.model, plan.second_stage, name) * UNIT_SCALE for name in ("used", "stock"))
    assert schedule.delivered(plan).cumsum(1) == pytest.approx(used.cumsum(1) + stock, abs=1e-6)
    assert schedule.delivered(plan).shape == (FUTURES, 3)


def test_units_that_do_not_serve_the_regions_are_not_delivered() -> None:
    """If 40 % of the units serve the regions, deliveries are 40 % of the units shipped, and are used or in stock."""
    pocket = op.load("pocket")
    row = "service.pocket.share,0.4,,,fixed,1,,,red,example,2026-11-22,test\n"
    text = pocket.files["assumptions.csv"].decode() + row
    plan = optimise(with_files(pocket, {"assumptions.csv": text}), plan_with_target().goals, futures=FUTURES, gap=0.01)
    used, stock = (block(plan.model, plan.second_stage, name) * UNIT_SCALE for name in ("used", "stock"))
    delivered = schedule.delivered(plan).cumsum(1)
    assert delivered == pytest.approx(used.cumsum(1) + stock, abs=1e-6)
    shipped = plan.tables["shipped"].values.sum((1, 2))
    assert shipped.min() > 400.0
    late = plan.tables["shipped"].values[:, :, -1].sum(1)  # of the last month, some arrive after the end
    assert (delivered[:, -1] <= 0.4 * shipped + 1e-6).all()
    assert (delivered[:, -1] >= 0.4 * (shipped - late) - 1e-6).all()


def test_the_target_by_month() -> None:
    """The target is 250 units a month from February on."""
    assert schedule.target(plan_with_target()) == pytest.approx([0.0, 250.0, 250.0])


def test_sheets_have_a_cell_for_each_column() -> None:
    """Every row of every sheet has a cell for each column; the last sheet has a row for each assumption."""
    tables = sheets.sheets(plan_with_target(), None)
    assert [table.name for table in tables] == [
        "Summary", "Decisions", "Gates", "Output", "Hiring", "Orders", "Crews and kits", "Dispatch", "Limiting factors",
        "Sources",
    ]  # fmt: skip
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert len(tables[-1]) == len(plan_with_target().scenario.assumptions)


def test_a_sheet_as_csv() -> None:
    """Headings become column names, days and months are dates, and undefined cells are empty."""
    table = sheets.sheet(
        "x", ("place by", "month of need", "mean (parts)"), [(date(2026, 1, 2), date(2026, 2, 1), None)]
    )
    assert table.csv() == "place_by,month_of_need,mean_parts\n2026-01-02,2026-02,\n"
