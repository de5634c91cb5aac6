"""Goals and constraints of plans: reached as recomputed from the decisions, or refused with a message."""

from dataclasses import replace

import numpy as np
import pytest

import octoplan as op
from octoplan.errors import PlanError, ScenarioError
from octoplan.plan.basis import scaled_assumptions
from octoplan.plan.gates import opening_days
from octoplan.plan.goals import Goals, Target, goals_of
from octoplan.plan.optimise import Plan, optimise, shortfall_share
from octoplan.plan.results import evaluation as results
from octoplan.plan.results import narrative, remedies
from octoplan.plan.results.frontier import crossing, dominated, reported_rate, tail_values
from octoplan.plan.results.frontier import frontier as split
from octoplan.plan.solver import recourse
from octoplan.plan.solver.risk import Risk, risk_measure
from octoplan.plan.solver.two_stage import first_scenarios
from octoplan.scenario import Scenario
from octoplan.scenario.decisions import Targets
from tests.plan.pockets import FUTURES, plan_with_costs, plan_with_target

TARGET = Target(250.0, 1, 1000.0)


@pytest.fixture(scope="module")
def pocket() -> Scenario:
    return op.load("pocket")


def silent(pocket: Scenario) -> Scenario:
    """The scenario pocket without stated orders, so that parts are ordered by the policy."""
    text = pocket.files["decisions.toml"].decode()
    begin, end = text.index("[orders.bench]"), text.index("[crews]")
    return pocket.with_decisions(text[:begin] + text[end:])


def planned(pocket: Scenario, **goals: object) -> Plan:
    return optimise(pocket, Goals(**goals), futures=FUTURES, gap=1e-4)  # type: ignore[arg-type]


def test_a_stress_scenario_determines_the_plan_only_if_it_is_worse(pocket: Scenario) -> None:
    """Factors of 1 give the same plan; if raids are half as large again, the plan is optimised for this scenario."""
    alone = planned(pocket)
    same = planned(pocket, stress_scenarios={"same": {"raids.level": 1.0}})
    assert same.text == alone.text
    assert same.upper == pytest.approx(alone.upper, rel=1e-4)
    worse = planned(pocket, stress_scenarios={"more": {"packages.*.routine_mean": 1.5, "packages.*.salvo_mean": 1.5}})
    drawn_more = scaled_assumptions(pocket, worse.parameters.runs.assumptions, {"packages.*.routine_mean": 1.5})
    column = pocket.columns.index("packages.raid.routine_mean")
    assert np.allclose(drawn_more[:, column], 1.5 * worse.parameters.runs.assumptions[:, column])
    assert worse.tables["requested"].values.sum() > alone.tables["requested"].values.sum()
    assert len(worse.second_stage) == FUTURES
    with pytest.raises(PlanError, match="no assumption matches"):
        planned(pocket, stress_scenarios={"odd": {"raids.fury": 2.0}})


def test_fixed_decisions_are_kept(pocket: Scenario) -> None:
    """Fixed decisions equal those of the scenario; if all decisions are fixed, the plan has no gain."""
    fixed_plan = planned(pocket, fixed=("output", "lines", "crews", "kits"))
    assert fixed_plan.scenario.compile().plan.output.tolist() == pocket.compile().plan.output.tolist()
    assert fixed_plan.upper == pytest.approx(0.0, abs=1e-6)
    crews = planned(pocket, target=TARGET, fixed=("crews", "kits")).scenario
    assert crews.decisions.crews == pocket.decisions.crews
    assert crews.compile().plan.output.tolist() != pocket.compile().plan.output.tolist()


def test_the_model_produces_the_output_of_the_simulation(pocket: Scenario) -> None:
    """With output and lines fixed, the model produces as much as the simulation of the same decisions."""
    plan_found = planned(pocket, fixed=("output", "lines", "crews", "kits"))
    units = results.discrepancies(plan_found, seed=1)["good units"]
    assert units.linear == pytest.approx(units.simulated, abs=1.0)
    assert units.simulated == 850.0
    assert units.linear > 500.0


def test_jobs_follow_from_the_hours_of_the_units_requested(pocket: Scenario) -> None:
    """At least 5 jobs: labour hours of the units requested / paid hours of a job, 1,825 a year, over 90 days."""
    plan_found = planned(pocket, jobs={"home": 5.0})
    requested = plan_found.tables["requested"].values[:, 0]
    hours = (requested * (plan_found.model.hours / plan_found.model.yields)[:, 0]).sum(1).mean()
    assert hours / (1825.0 * 90 / 365.25) == pytest.approx(5.0, rel=1e-3)
    assert planned(pocket).tables["requested"].values.sum() < plan_found.tables["requested"].values.sum()


def test_output_is_within_the_bound_of_the_plant(pocket: Scenario) -> None:
    plan_found = planned(pocket, target=TARGET, max_output={"bench": 100.0})
    assert max(plan_found.scenario.decisions.output["bench"]) == 100.0
    assert plan_found.attained_share == 0.0


def test_infeasible_constraints_report_the_smallest_changes(pocket: Scenario) -> None:
    """500 jobs exceed the capacity of all lines; 5 jobs cost more than 120,000 GBP."""
    with pytest.raises(PlanError, match=r"jobs of home would have to be 7\.\d+ jobs instead of at least 500"):
        planned(pocket, jobs={"home": 500.0})
    with pytest.raises(PlanError, match="the constraints are infeasible together"):
        planned(pocket, jobs={"home": 5.0}, budgets={("treasury", None): 120_000.0})


def test_the_most_threats_for_a_budget(pocket: Scenario) -> None:
    """A larger budget stops more threats, no budget is exceeded, and the count follows from the response surface."""
    small, large = (
        planned(silent(pocket), objective="most-stopped", budgets={("treasury", None): money}) for money in (5e4, 1e5)
    )
    assert small.unit == "hundred threats"
    assert small.upper < 0.0
    for plan_found, money in ((small, 5e4), (large, 1e5)):
        (limit,) = plan_found.model.constraints
        assert limit.at(plan_found.solution.x) * 1e6 <= money * 1.0001
        halted = plan_found.tables["threats stopped"].values.sum(1).mean()
        assert -plan_found.upper * 100.0 <= halted + 1.0
    assert "threats" in narrative.bottlenecks(large)[0]
    assert large.upper < small.upper


def test_spend_on_a_budget_equals_that_of_the_simulation(pocket: Scenario) -> None:
    """Spend differs only by idle hours, 20 GBP each, and monthly means, with stated orders and without."""
    for scenario in (pocket, silent(pocket)):
        plan_found = optimise(
            scenario, Goals(target=TARGET, budgets={("treasury", None): 2e5}), futures=FUTURES, gap=1e-4
        )  # fmt: skip
        budget = results.discrepancies(plan_found, seed=1)["the budget of treasury"]
        run = op.simulate(plan_found.scenario, futures=FUTURES, seed=1, keep=("hours_paid", "hours_worked")).data
        idle = float((run["hours_paid"] - run["hours_worked"]).sum(("month", "plant")).mean())
        assert budget.simulated == pytest.approx(budget.linear + 20.0 * idle / 1e6, rel=0.006)


def test_a_budget_of_the_only_year_is_that_of_the_horizon(pocket: Scenario) -> None:
    """All three months are in 2026, so a budget for 2026 gives the same plan as one for the horizon."""
    horizon, year = (
        planned(silent(pocket), objective="most-stopped", budgets={("treasury", of): 5e4}) for of in (None, 2026)
    )  # fmt: skip
    assert horizon.text == year.text


def test_value_of_the_stochastic_solution_is_not_negative(pocket: Scenario) -> None:
    """Wait-and-see costs at most as much as the plan, which costs at most as much as the expected-value plan."""
    plan_found = optimise(pocket, futures=FUTURES, gap=1e-4)
    assert plan_found.information_values is not None
    assert plan_found.information_values.wait_and_see <= plan_found.upper + 1e-6
    assert plan_found.information_values.here_and_now == plan_found.upper
    assert plan_found.information_values.vss > -1e-4 * abs(plan_found.upper)
    assert optimise(pocket, Goals(risk=Risk(0.5, 0.9)), futures=FUTURES, gap=1e-4).information_values is None


def test_the_gain_under_a_risk_measure_is_relative_to_inaction(pocket: Scenario) -> None:
    """The gain is the risk of taking no action minus that of the plan, with the same risk measure."""
    risk = Risk(0.5, 0.75)
    plan_found = planned(pocket, risk=risk)
    nothing = np.clip(0.0, plan_found.model.problem.first.lower, plan_found.model.problem.first.upper)
    alike = np.full(FUTURES, 1.0 / FUTURES)
    idle, baseline = (
        recourse.second_stage_costs(plan_found.model.problem, plan_found.model.scenarios, x)
        for x in (nothing, plan_found.solution.x)
    )
    assert risk_measure(risk, idle, alike) == pytest.approx(0.0, abs=1e-6)
    assert risk_measure(risk, baseline, alike) == pytest.approx(plan_found.upper, rel=1e-6)
    assert plan_found.upper < 0.0


def test_a_confidence_exempts_the_futures_with_the_largest_shortfall(pocket: Scenario) -> None:
    """With a confidence of 0.75 the target is reached in three of four futures, although the penalty is low."""
    cheap = Target(250.0, 1, 1.0)
    assert planned(pocket, target=cheap).attained_share == 0.0
    plan_found = planned(pocket, target=cheap, confidence=0.75)
    assert plan_found.attained_share is not None
    assert plan_found.attained_share >= 0.75
    scenarios = first_scenarios(plan_found.model.scenarios, FUTURES)
    short = shortfall_share(plan_found.model, scenarios, plan_found.second_stage)
    assert np.count_nonzero(short > 0.01) <= 1


def test_a_share_of_threats_stopped_is_reached_or_reported_as_missed(pocket: Scenario) -> None:
    """Half of the threats are stopped without interceptors; stopping all of them is infeasible."""
    assert planned(pocket, stopped_share=0.5).attained_share == 1.0
    assert planned(pocket, stopped_share=1.0).attained_share == 0.0


@pytest.mark.parametrize(
    ("goals", "message"),
    [
        ({"objective": "most-stopped"}, "add a budget"),
        ({"confidence": 0.9}, "without a target"),
        ({"stopped_share": 1.5}, "at most 1"),
        ({"share": {"home": (0.8, 0.2)}}, "between 0.8 and 0.2"),
        ({"jobs": {"home": -1.0}}, "0 or more"),
        ({"stress_scenarios": {"a": {}}, "risk": Risk(0.5, 0.9)}, "two different risk measures"),
    ],
)
def test_invalid_goals_are_refused(goals: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Goals(**goals)  # type: ignore[arg-type]


def with_plan_table(pocket: Scenario, table: str) -> Scenario:
    return pocket.with_decisions(pocket.files["decisions.toml"].decode() + table)


def test_goals_are_read_from_the_table_plan(pocket: Scenario) -> None:
    """Goals are read from [plan], with money in the reporting currency and months as indices."""
    text = """
[plan]
target = 200
by = "2026-03"
shortage = "2 kGBP"
confidence = 0.8
fixed = ["crews"]
[plan.share]
home = [0.5, 1.0]
[plan.budget]
treasury = { 2026 = "1 MGBP" }
[plan.worst.expensive]
"plants.*.labour_rate" = 2
"""
    plan_found = goals_of(with_plan_table(pocket, text))
    assert plan_found.target == Target(200.0, 2, 2000.0)
    assert plan_found.budgets == {("treasury", 2026): 1e6}
    assert plan_found.share == {"home": (0.5, 1.0)}
    assert (plan_found.confidence, plan_found.fixed) == (0.8, ("crews",))
    assert plan_found.stress_scenarios == {"expensive": {"plants.*.labour_rate": 2.0}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("share = { away = [0, 1] }", "there is no 'away' in [countries]"),
        ("share = { home = [0.9, 0.1] }", "0.9 is above 0.1"),
        ("most = { bank = 3 }", "there is no 'bank' in [plants]"),
        ('budget = { treasury = "3 days" }', "plan.budget.treasury"),
        ('budget = { treasury = { 2031 = "3 MGBP" } }', "the year is outside the programme"),
        ('by = "2031-01"', "runs from 2026-01 to 2026-03"),
        ("tail = 2", "expected at most 1"),
        ("targets = 3", "did you mean 'target'"),
    ],
)
def test_an_invalid_line_of_the_table_plan_is_reported(pocket: Scenario, line: str, message: str) -> None:
    """Invalid names, years, months and numbers are reported with the line of decisions.toml."""
    with pytest.raises(ScenarioError) as raised:
        with_plan_table(pocket, f"\n[plan]\n{line}\n")
    problems = raised.value.problems
    assert any(message in str(problem) for problem in problems)
    assert {problem.line for problem in problems} == {pocket.files["decisions.toml"].decode().count("\n") + 3}


def test_plants_open_on_the_days_of_the_simulation() -> None:
    """The critical path gives opening days that are bit-identical to those of the simulation."""
    runs = plan_with_target().parameters.runs
    assert np.array_equal(opening_days(runs), runs.tally("opened"))


def test_remedy_for_a_late_gate_is_an_earlier_gate(pocket: Scenario) -> None:
    """A target in January is missed if the plant opens on the 6th; a gate one week earlier is a remedy."""
    plan_found = optimise(silent(pocket), Goals(target=Target(275.0, 0, 5000.0), max_lines=1.0), futures=2, gap=1e-4)
    assert plan_found.attained_share == 0.0
    message = remedies.remedies(plan_found)
    assert message[0].startswith("without other changes, no amount of spend")
    assert any("the gate licence 1 week earlier" in line for line in message[1:])
    assert remedies.remedies(planned(pocket)) == []


def test_cost_of_a_target_missed_because_of_a_low_penalty(pocket: Scenario) -> None:
    """With a low penalty the plan misses the target; the remedy states the additional cost of reaching it."""
    (message,) = remedies.remedies(planned(pocket, target=Target(250.0, 1, 1.0)))
    assert message.startswith("the target can be reached in 100 % of futures for 0.")


def test_months_short_of_the_target_are_reported_with_a_reason(pocket: Scenario) -> None:
    """Consecutive months are reported in one line; without a target nothing is reported."""
    (message,) = narrative.shortfalls(planned(pocket, target=Target(250.0, 1, 1.0)))
    assert message.startswith("2026-02 to 2026-03: short by 172 units a month on average, in 100 % of futures")
    assert "all units requested are produced" in message
    assert narrative.shortfalls(planned(pocket)) == []


def test_the_mean_of_a_tail_and_its_error() -> None:
    """The mean of the numbers is that of the worst fifth of the values."""
    values = np.arange(10.0)
    assert tail_values(values, 0.2).mean() == pytest.approx(0.5)
    assert tail_values(values[::-1], 0.2)[-1] == pytest.approx(tail_values(values, 0.2)[0])


def test_a_share_is_dominated_by_one_that_is_better_and_nowhere_worse() -> None:
    """Row 1 dominates row 0; row 2 is better in one measure and worse in the other; noise dominates nothing."""
    rng = np.random.default_rng(5)
    error = rng.normal(0.0, 1.0, 50)
    first = np.array([error, error + 1.0, error + 2.0])
    second = np.array([error, error, error - 1.0])
    assert dominated([first, second]).tolist() == [True, False, False]
    noisy = np.array([error, rng.normal(0.0, 1.0, 50)])
    assert dominated([noisy]).tolist() == [False, False]


def test_the_preferred_share_changes_where_lines_cross() -> None:
    """Costs 1 and 2 become 5 and 4 at five times the assumption, so they are equal at three times."""
    ((at, cheapest),) = crossing(np.array([1.0, 2.0]), np.array([5.0, 4.0]), 0, 5.0)
    assert at == pytest.approx(3.0)
    assert cheapest == 1
    assert crossing(np.array([1.0, 2.0]), np.array([5.0, 7.0]), 0, 5.0) == []


def test_the_frontier_holds_units_crews_and_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """On octopus every plan of the frontier has the same units and crews, and the share that it is optimised for."""
    monkeypatch.setattr("octoplan.plan.results.frontier.SHARES", (0.0, 0.5, 1.0))
    octopus = op.load("octopus")
    plan = optimise(octopus, Goals(target=Target(1000.0, 8, 20_000.0)), futures=2, gap=0.01)
    front = split(octopus, plan, "uk", futures=2)
    assert front.shares.tolist() == [0.0, 0.5, 1.0]
    assert front.cost.shape == front.stopped.shape == front.months_to_rate.shape == (3, 2)
    at_home = front.jobs["uk"].mean(1)
    assert at_home[0] < at_home[1] < at_home[2]
    assert front.switching_values[0].startswith("the share of uk with the least cost is")
    assert "%" in narrative.frontier_lines(front)[1]


def test_the_frontier_reports_the_rate_of_the_target_or_the_largest_milestone() -> None:
    plan = plan_with_target()
    assert reported_rate(plan) == 250.0
    without_target = replace(plan, goals=Goals())
    assert reported_rate(without_target) == max(plan.scenario.output_targets)
    decisions = plan.scenario.decisions.model_copy(update={"targets": Targets()})
    without_any = replace(without_target, scenario=replace(plan.scenario, decisions=decisions))
    assert reported_rate(without_any) == 1.0


def test_a_frontier_needs_a_country_with_plants(pocket: Scenario) -> None:
    with pytest.raises(PlanError, match="no country 'away'"):
        split(pocket, plan_with_target(), "away", futures=2)
    with pytest.raises(PlanError, match="no confidence interval"):
        split(pocket, plan_with_target(), "home", futures=1)


def test_differences_are_alternative_minus_plan() -> None:
    """An alternative that stops fewer threats has a negative difference."""
    fewer = replace(plan_with_costs([3.0, 3.0]), stopped=np.array([1.0, 1.0]))
    more = replace(plan_with_costs([1.0, 1.0]), stopped=np.array([4.0, 4.0]))
    message = narrative.evaluation_lines(results.Evaluation({"plan": more, "alternative": fewer}), "GBP")
    assert message[2].split() == ["alternative", "2.0", "±", "0.0", "2.0", "-3", "±", "0"]
