"""Plans from a known state: past and frozen months are not changed, and existing stocks are counted."""

import re
from pathlib import Path

import numpy as np
import pytest

import octoplan as op
from octoplan.cli.plan import plan as command
from octoplan.errors import PlanError
from octoplan.outcomes.store import save
from octoplan.plan.goals import Goals, Target
from octoplan.plan.optimise import Plan, optimise
from octoplan.plan.response_surface import first_month, known_opening_months
from octoplan.plan.results import evaluation as results
from octoplan.plan.results import schedule
from octoplan.plan.results.alternatives import NO_FURTHER_UNITS, NO_PROGRAMME, NO_UNITS
from octoplan.plan.second_stage_tables import block
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import with_state
from tests.plan.test_goals import silent

STATE = """name,value,unit,source,note
date,2026-02-01,,,
gates.licence.passed,2026-01-06,,,
plants.bench.experience,500,1,,
plants.bench.heads,3,1,,
plants.bench.stock,40,1,,
plants.bench.parts.part-set.on_hand,90,1,,
plants.bench.parts.part-set.on_order,60,1,,
regions.town.stock.pocket,25,1,,
crews.trained,22,1,,
kits.held,22,1,,
"""

TARGET = Target(250.0, 1, 1000.0)


@pytest.fixture(scope="module")
def february() -> Scenario:
    return with_state(silent(op.load("pocket")), STATE)


@pytest.fixture(scope="module")
def plan(february: Scenario) -> Plan:
    return optimise(february, Goals(target=TARGET), futures=3, gap=1e-4)


def test_only_remaining_months_are_planned(plan: Plan) -> None:
    """Two of three months are planned; the plant opened in the first month, whose output is not changed."""
    baseline, decided = op.load("pocket").compile().plan, plan.scenario.compile().plan
    assert plan.parameters.runs.months == ("2026-02", "2026-03")
    assert plan.tables["produced"].values.shape == (3, 1, 2)
    assert known_opening_months(plan.scenario.compile(), 1).tolist() == [0]
    assert decided.output[0, 0] == baseline.output[0, 0]
    assert decided.output[0, 1:].tolist() != baseline.output[0, 1:].tolist()
    assert decided.intake[0] == baseline.intake[0]


def test_initial_stocks_are_counted(plan: Plan) -> None:
    """Parts, units and workers of the state are conserved from 1 February on."""
    table = {name: t.values for name, t in plan.tables.items()}
    produced, shipped = table["produced"].sum(2), table["shipped"].sum(2)
    assert np.allclose(40.0 + produced, shipped + table["plant stock"][:, :, -1], atol=1e-4)
    late = 2.0 / 30.4375
    arrived = shipped.sum(1) - late * table["shipped"][:, 0, -1]
    under_way = plan.parameters.runs.initial_stock("transit")[:, 0]
    assert np.allclose(25.0 + under_way + arrived, table["used"].sum(1) + table["stock"][:, -1], atol=1e-4)
    lag, bought = 5.0 / 30.4375, table["bought"][:, :, 0]
    present = 90.0 + 60.0 + bought[:, :-1].sum(1) + (1.0 - lag) * bought[:, -1]
    assert np.allclose(present, 2.0 * produced.sum(1) + table["part stock"][:, -1, 0], atol=1e-4)
    assert plan.learning.value[0, 1] == 500.0
    assert np.allclose(plan.parameters.crews, 22.0)
    heads = [r.upper[plan.model.builder.rows["labour"][0, 0]] for r in plan.model.scenarios]
    assert np.allclose(heads, 3 * 10.0 * 28 / plan.model.hours[:, 0, 0] / 100.0)


def test_the_simulation_starts_from_the_state(plan: Plan) -> None:
    """The simulation produces the units of the model from February on; earlier spend is not counted."""
    units = results.discrepancies(plan, seed=1)["good units"]
    assert units.simulated == pytest.approx(units.linear, abs=1.0)
    evaluation = results.evaluate(plan.scenario, plan, futures=2)
    assert NO_PROGRAMME not in evaluation.plans
    assert NO_UNITS not in evaluation.plans
    without_units = evaluation.plans[NO_FURTHER_UNITS]
    assert (without_units.produced <= 1.0).all()
    assert (without_units.received < evaluation.plans["plan"].received).all()
    assert evaluation.units_value is not None
    assert evaluation.units_value.alternative == NO_FURTHER_UNITS
    assert evaluation.plans["plan"].good_by_month.shape == (2, 2)


def test_frozen_months_stay(february: Scenario) -> None:
    """With February frozen only March is planned; with both months frozen no month is left to plan."""
    baseline = february.compile().plan
    plan_found = optimise(february, Goals(target=TARGET), futures=2, gap=1e-3, frozen=1)
    decided = plan_found.scenario.compile().plan
    assert decided.output[0, :2].tolist() == baseline.output[0, :2].tolist()
    assert decided.intake[:2].tolist() == baseline.intake[:2].tolist()
    requested = block(plan_found.model, plan_found.second_stage, "requested")[:, 0, 0] * 100.0
    assert np.allclose(requested, baseline.output[0, 1])
    with pytest.raises(PlanError, match="freeze at most 1"):
        optimise(february, Goals(target=TARGET), futures=1, frozen=2)


def test_orders_are_not_placed_before_the_date_of_the_state(plan: Plan) -> None:
    """An order that was due earlier is placed on the date of the state and is late by the days since it was due."""
    assert schedule.first_day(plan).isoformat() == "2026-02-01"
    first = schedule.orders(plan)[0]
    assert (first.month, first.days_late, first.arrival.isoformat()) == ("2026-02", 5, "2026-02-06")


def test_a_scenario_without_a_state_begins_at_its_start() -> None:
    compiled = op.load("pocket").compile()
    assert first_month(compiled) == 0
    assert known_opening_months(compiled, 0).tolist() == [-1]


def test_a_run_folder_as_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a run folder, --state uses its median state, which is written to the plan folder."""
    run = op.simulate(op.load("pocket"), futures=3, seed=1, keep=("part_stock", "part_due", "heads", "experience"))
    save(run, tmp_path / "run")
    command(
        "pocket", out=tmp_path / "plan", futures=2, unseen=0, batches=0, from_="2026-02", state=tmp_path / "run"
    )  # fmt: skip
    text = (tmp_path / "plan" / "state.csv").read_text()
    assert "date,2026-02-01" in text
    assert "median of 3 futures" in text
    assert "wrote" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from_": "2026-02"}, "add --state"),
        ({"from_": "2027-02", "state": "state.csv"}, "no month '2027-02'"),
        ({"from_": "2026-03", "state": "state.csv"}, "write --from 2026-02"),
        ({"state": "."}, "add --from"),
    ],
)
def test_a_state_and_a_month_that_contradict_each_other_are_refused(
    tmp_path: Path, options: dict[str, str], message: str
) -> None:
    """The message states which month or which option is needed."""
    (tmp_path / "state.csv").write_text(STATE)
    arguments = {name: tmp_path / value if name == "state" else value for name, value in options.items()}
    with pytest.raises(PlanError, match=re.escape(message)):
        command("pocket", out=tmp_path / "plan", **arguments)  # type: ignore[arg-type]
