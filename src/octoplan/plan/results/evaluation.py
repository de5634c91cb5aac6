"""Out-of-sample evaluation: full simulation of the plan and its alternatives with common random numbers.

Unless a number of futures is given, futures are added in stages until the differences in cost are known precisely.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import LAYERS, MAKERS
from octoplan.errors import PlanError
from octoplan.outcomes.intervals import Interval, interval, standard_error
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.decisions import decision_tables, rewrite_decisions
from octoplan.plan.model import Model
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import DAYS_PER_YEAR
from octoplan.plan.response_surface import DesignRuns, Progress, first_month, losses
from octoplan.plan.second_stage_tables import block
from octoplan.plan.solver.optimality_gap import expected_value_solution
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_values
from octoplan.plan.solver.two_stage import Floats, Scenarios, recourse_cost
from octoplan.plan.units import MONEY_SCALE, UNIT_SCALE
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled
from octoplan.scenario.scenario import with_decisions

KEPT_TALLIES = ("leaked", "stopped", "launched", "spend", "good", "hours_paid", "exchange", "damage")
"""Tallies of the simulation from which the results of a plan are computed."""

WITHOUT_PROGRAMME = ("leaked", "stopped", "launched", "spend", "good", "damage")
"""Those of the tallies that are kept without the programme; exchange rates are the same, and no hours are paid."""

SIMULATION_BATCH = 2
"""Number of futures per task of the executor; small, so that no thread waits long for the last task of a stage."""

STAGES = (96, 144, 192, 240, 300)
"""Numbers of futures after which the evaluation ends if the differences are precise enough."""

PRECISION_OF_GAIN, PRECISION_OF_DIFFERENCE = 0.02, 1.0 / 3.0
"""A difference is precise enough if its 95 % confidence interval has a half-width of at most this share of the plan's
gain, or of the difference."""

Z_95 = 1.96
"""Half-width of a 95 % confidence interval, in standard errors."""

OUT_OF_SAMPLE_OFFSET = 1_000_003
"""Offset added to the plan's seed, so that the evaluation shares no random numbers with the optimisation."""

BASELINE = "baseline decisions"
"""Name of the alternative with the decisions of the scenario as loaded."""

NO_PROGRAMME = "no programme"
"""Name of the alternative without the programme, with crews and kits as in the scenario."""


@dataclass(frozen=True)
class SimulatedPlan:
    """Results of a plan simulated over futures; arrays are (futures,) unless stated otherwise.

    cost
        Discounted spend on the programme, its crews and kits, plus losses (leakers times the mean damage of their
        class, and the cost of shots by the other layers), in millions.
    spend, loss
        The two components of the cost, in millions.
    damage
        Undiscounted damage as drawn, in millions.
    stopped, leaked, launched
        Threats over the horizon.
    produced
        Good units over the horizon.
    good_by_month
        (futures, months) good units.
    spend_by_payer
        (futures, months, payers) undiscounted spend on the programme, its crews and kits, in millions.
    jobs
        (futures, countries) direct jobs at the programme's plants, averaged over the horizon.
    """

    cost: Floats
    spend: Floats
    loss: Floats
    damage: Floats
    stopped: Floats
    leaked: Floats
    launched: Floats
    produced: Floats
    good_by_month: Floats
    spend_by_payer: Floats
    jobs: Floats


@dataclass(frozen=True)
class Evaluation:
    """The plan (key ``plan``) and its alternatives, simulated over the same futures, and the risk measure of costs."""

    plans: Mapping[str, SimulatedPlan]
    risk: Risk = NEUTRAL

    def quantiles(self, name: str, measure: str) -> Interval:
        """P10, P50, P90 and mean of a measure of one plan."""
        return interval(getattr(self.plans[name], measure))

    def difference(self, name: str, measure: str = "cost") -> Interval:
        """Paired difference in a measure, alternative minus plan, with its standard error."""
        return interval(getattr(self.plans[name], measure) - getattr(self.plans["plan"], measure))

    def risk_difference(self, name: str) -> Interval:
        """Difference in the risk measure of costs, alternative minus plan, in millions."""
        plan, alternative = (risk_values(self.risk, self.plans[key].cost) for key in ("plan", name))
        return interval(alternative - plan)

    def regret(self, name: str) -> Interval:
        """Regret: cost above that of the cheapest of the simulated plans in each future, in millions."""
        least_cost = np.min([plan.cost for plan in self.plans.values()], axis=0)
        return interval(self.plans[name].cost - least_cost)


@dataclass(frozen=True)
class Discrepancy:
    """Means of a quantity in the linear model and in the simulation over the same futures.

    linear, simulated, error
        Mean in the linear model, mean in the simulation, and the standard error of their difference.
    """

    unit: str
    linear: float
    simulated: float
    error: float

    @property
    def difference(self) -> float:
        """Value in the simulation minus value in the linear model."""
        return self.simulated - self.linear

    @property
    def significant(self) -> bool:
        """Whether the 95 % confidence interval of the difference excludes zero."""
        return abs(self.difference) > Z_95 * self.error


def simulate_plan(
    compiled: Compiled, assumptions: Floats, seed: int, *, first: int = 0, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SimulatedPlan:  # fmt: skip
    """Simulate a compiled plan over futures numbered from ``first``."""
    tally = simulate_futures(
        compiled, assumptions, seed=seed, first=first, executor=executor, batch=SIMULATION_BATCH, keep=KEPT_TALLIES,
        progress=progress,
    ).tally  # fmt: skip
    return results_of_plan(compiled, assumptions, tally)


def simulate_with_and_without(
    compiled: Compiled, assumptions: Floats, seed: int, *, first: int = 0, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[SimulatedPlan, SimulatedPlan]:  # fmt: skip
    """Simulate a compiled plan, and the same futures without the programme, in one pass."""
    simulated = simulate_futures(
        compiled, assumptions, seed=seed, first=first, executor=executor, batch=SIMULATION_BATCH, keep=KEPT_TALLIES,
        counterfactual=WITHOUT_PROGRAMME, progress=progress,
    )  # fmt: skip
    tally = simulated.tally
    without_programme = {**tally, **simulated.counterfactual, "hours_paid": np.zeros_like(tally["hours_paid"])}
    return results_of_plan(compiled, assumptions, tally), results_of_plan(compiled, assumptions, without_programme)


def results_of_plan(
    compiled: Compiled, assumptions: Floats, tally: dict[str, NDArray[np.generic]]
) -> SimulatedPlan:  # fmt: skip
    """Results of a plan from its tallies; months before the date of the scenario's state are excluded."""
    runs = DesignRuns(compiled, assumptions, (tally,), first_month(compiled))
    discount_factors = (1.0 + runs.draws("finance", "discount_rate")) ** (-runs.mid_month / DAYS_PER_YEAR)
    programme = [c for c in range(tally["spend"].shape[2]) if c not in (MAKERS, LAYERS)]
    spend_by_payer = runs.tally("spend")[:, :, programme].sum(2) / MONEY_SCALE
    spend = (spend_by_payer.sum(2) * discount_factors).sum(1)
    loss = (losses(runs, 0) * discount_factors).sum(1) / MONEY_SCALE
    threats = {name: runs.tally(name).sum((1, 2, 3)) for name in ("stopped", "leaked", "launched")}
    good = runs.tally("good").sum(2)
    return SimulatedPlan(
        spend + loss, spend, loss, runs.tally("damage").sum((1, 2)) / MONEY_SCALE, **threats, produced=good.sum(1),
        good_by_month=good, spend_by_payer=spend_by_payer, jobs=jobs(runs),
    )  # fmt: skip


def joined(parts: Sequence[SimulatedPlan]) -> SimulatedPlan:
    """Results of one plan over consecutive futures as one."""
    return SimulatedPlan(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(SimulatedPlan)}
    )


def jobs(runs: DesignRuns) -> Floats:
    """(futures, countries) direct jobs: hours paid divided by the annual hours of a job, averaged over the horizon."""
    country_of_plant = np.asarray(runs.compiled.template.plants["country"])
    in_country = (country_of_plant[:, None] == np.arange(len(runs.compiled.names.countries))).astype(float)
    hours_per_job = runs.draws("countries", "hours_per_job") * float(runs.days.sum()) / DAYS_PER_YEAR
    hours = runs.tally("hours_paid").sum(1) @ in_country
    direct_jobs: Floats = np.divide(hours, hours_per_job, out=np.zeros_like(hours), where=hours_per_job > 0.0)
    return direct_jobs


def alternatives(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """Compiled alternatives to the plan by name.

    They are the baseline decisions, splits between countries, the expected-value plan and, if the plan starts on the
    first day of the scenario, no programme.
    """
    baseline = scenario.compile()
    compiled = {BASELINE: baseline, **country_splits(scenario, plan)}
    model = plan.model
    first_stage = (
        expected_value_solution(model.problem, first_scenarios(model.scenarios, plan.basis.planned_futures))
        if plan.information_values is None
        else plan.information_values.expected_value_solution
    )
    compiled["expected-value plan"] = compiled_with(scenario, model, first_stage)
    if plan.parameters.runs.first_month == 0:
        without_programme = baseline.plan._replace(in_programme=np.zeros_like(baseline.plan.in_programme))
        compiled[NO_PROGRAMME] = baseline._replace(plan=without_programme)
    return compiled


def country_splits(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """Compiled splits of production by name: all units from each country, and half from each if two countries produce.

    A split requests as many units as the plan (or as the baseline decisions, if the plan requests none), with the crews
    and kits of the plan. Within a country, output is divided between plants and months as in the baseline decisions.
    Countries without output in the baseline decisions are omitted.
    """
    baseline, planned = scenario.compile(), plan.scenario.compile()
    requested = plan.tables["requested"].values.mean(0).sum(1)
    baseline_units = baseline_units_requested(plan)
    total = requested.sum() if requested.sum() >= 1.0 else baseline_units.sum()
    country_of_plant = np.asarray(baseline.template.plants["country"])
    producers = [c for c in sorted(set(country_of_plant.tolist())) if baseline_units[country_of_plant == c].sum() > 0.0]
    splits: dict[str, dict[int, float]] = {f"all {baseline.names.countries[c]}": {c: 1.0} for c in producers}
    if len(producers) == 2:
        splits["half each"] = dict.fromkeys(producers, 0.5)
    compiled = {}
    for name, shares in splits.items():
        factors = np.zeros(len(baseline_units))
        for country, share in shares.items():
            factors[country_of_plant == country] = share * total / baseline_units[country_of_plant == country].sum()
        free_months = np.arange(baseline.plan.output.shape[1]) >= plan.basis.fixed.output_free_from[:, None]
        output = np.where(free_months, baseline.plan.output * factors[:, None], baseline.plan.output)
        scaled_lines = np.ceil(baseline.plan.lines * np.maximum(1.0, factors[:, None]))
        lines = np.maximum(
            np.where(factors[:, None] > 0.0, scaled_lines, 0.0), plan.basis.fixed.last_fixed_lines[:, None]
        )
        lines = np.where(free_months, lines, baseline.plan.lines)
        compiled[name] = planned._replace(plan=planned.plan._replace(output=output, lines=lines))
    return compiled


def baseline_units_requested(plan: Plan) -> Floats:
    """(plants,) good units requested under the baseline decisions, mean over futures."""
    parameters = plan.parameters
    output = parameters.runs.compiled.plan.output
    monthly = output[np.arange(len(output))[:, None], np.maximum(parameters.since_opening, 0)]
    units: Floats = (np.where(parameters.since_opening >= 0, monthly, 0.0) * parameters.open_share).mean(0).sum(1)
    return units


def compiled_with(scenario: Scenario, model: Model, x: Floats) -> Compiled:
    """The compiled scenario with the first stage x as its decisions."""
    tables = decision_tables(model, x, scenario.names.plants)
    return with_decisions(scenario, rewrite_decisions(scenario, tables)).compile()


def evaluate(
    scenario: Scenario,
    plan: Plan,
    *,
    futures: int | None = None,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Simulate the plan and its alternatives over futures that were not used in the optimisation.

    futures
        Number of futures; if None, as many of ``STAGES`` as the differences in cost need to be precise.

    Raises PlanError if there are fewer than 2 futures.
    """
    if futures is not None and futures < 2:
        raise PlanError(f"{futures} futures give no confidence interval; evaluate on at least 2, preferably 1,000")
    plans = {"plan": plan.scenario.compile(), **alternatives(scenario, plan)}
    activity, evaluation, done = "evaluating plan and alternatives", Evaluation({}), 0
    for count in STAGES if futures is None else (futures,):
        simulated = simulate_plans(scenario, plans, (done, count), seed, activity, executor, progress)
        if done:
            simulated = {name: joined([evaluation.plans[name], results]) for name, results in simulated.items()}
        evaluation, done = Evaluation(simulated, plan.goals.risk), count
        if is_precise(evaluation, gain_of(plan)):
            break
    return evaluation


def gain_of(plan: Plan) -> float:
    """The plan's gain over taking no action, in millions; 0 if the objective counts threats."""
    return 0.0 if plan.model.counts_threats else max(0.0, -plan.upper)


def is_precise(evaluation: Evaluation, gain: float) -> bool:
    """Whether the differences in cost between the alternatives and the plan are known precisely.

    gain
        Gain of the plan over taking no action, in millions.
    """
    differences = [evaluation.difference(name) for name in evaluation.plans if name != "plan"]
    return all(
        Z_95 * d.se_mean <= max(PRECISION_OF_GAIN * gain, PRECISION_OF_DIFFERENCE * abs(d.mean)) for d in differences
    )


def simulate_plans(
    scenario: Scenario, plans: Mapping[str, Compiled], futures: tuple[int, int], seed: int, activity: str,
    executor: Executor | None, progress: Progress | None,
) -> dict[str, SimulatedPlan]:  # fmt: skip
    """Simulate compiled plans over the same out-of-sample futures; returns the results by name.

    The baseline decisions and no programme, which have the same crews and kits, are simulated in one pass.

    futures
        First and last out-of-sample future, as a half-open interval.
    """
    out_of_sample = (seed + OUT_OF_SAMPLE_OFFSET) % 2**64
    first, stop = futures
    assumptions = draw_assumptions(scenario, stop, out_of_sample)[first:]
    in_one_pass = BASELINE in plans and NO_PROGRAMME in plans
    names = [name for name in plans if not (in_one_pass and name == NO_PROGRAMME)]
    simulated: dict[str, SimulatedPlan] = {}
    for row, name in enumerate(names):

        def report(done: int, total: int, row: int = row) -> None:
            if progress is not None:
                progress(activity, row * total + done, len(names) * total)

        run = (plans[name], assumptions, out_of_sample)
        if in_one_pass and name == BASELINE:
            simulated[name], simulated[NO_PROGRAMME] = simulate_with_and_without(
                *run, first=first, executor=executor, progress=report
            )
        else:
            simulated[name] = simulate_plan(*run, first=first, executor=executor, progress=report)
    return {name: simulated[name] for name in plans}


def discrepancies(plan: Plan, *, seed: int, executor: Executor | None = None) -> dict[str, Discrepancy]:
    """Compare the linear model with the simulation on the futures used in the optimisation, by quantity.

    Cost, spend and losses are included if the objective is least cost; each budget is compared with its payer's spend.

    seed
        Seed of those futures.
    """
    model, futures = plan.model, plan.basis.planned_futures
    assumptions = plan.parameters.runs.assumptions[:futures]
    simulated = simulate_plan(plan.scenario.compile(), assumptions, seed, executor=executor)
    second_stage_variables = plan.second_stage[:futures]
    currency = f"M {plan.scenario.currency}"
    produced = block(model, second_stage_variables, "produced").sum((1, 2)) * UNIT_SCALE
    items = {"good units": discrepancy("units", produced, simulated.produced)}
    if plan.basis.threat_surface is not None:
        stopped = block(model, second_stage_variables, "threats stopped").sum(1) * UNIT_SCALE
        leaked = plan.basis.threat_surface.losses_without_interceptors[:futures].sum(1) - stopped
        items["leakers"] = discrepancy("threats", leaked, simulated.leaked)
    if not model.counts_threats:
        loss, cost = linear_losses_and_cost(plan, second_stage_variables)
        items["spend"] = discrepancy(currency, cost - loss, simulated.spend)
        items["losses"] = discrepancy(currency, loss, simulated.loss)
        items["cost"] = discrepancy(currency, cost, simulated.cost)
    for constraint in model.constraints:
        if constraint.payer is not None:
            spent = simulated.spend_by_payer[:, constraint.months, constraint.payer].sum(1)
            expected = np.full(futures, constraint.at(plan.solution.x))
            items[constraint.name] = discrepancy(currency, expected, spent)
    return items


def linear_losses_and_cost(plan: Plan, second_stage_variables: Floats) -> tuple[Floats, Floats]:
    """(futures,) losses, and losses plus spend, in the linear model, in millions, excluding penalties for shortages.

    second_stage_variables
        (futures, y) variables of the second stage.
    """
    model, futures = plan.model, len(second_stage_variables)
    discount_factors = plan.parameters.discount[:futures]
    losses_without_interceptors = (plan.surface.losses_without_interceptors[:futures] * discount_factors).sum(
        1
    ) / MONEY_SCALE
    loss = losses_without_interceptors - (
        block(model, second_stage_variables, "losses avoided") * discount_factors
    ).sum(1)
    scenarios = first_scenarios(model.scenarios, futures)
    cost = second_stage_costs(model.problem, scenarios, plan.solution.x) + model.inaction[:futures]
    for name in ("not produced", "shortfall", "stop shortfall"):
        if name in model.builder.y.blocks:
            columns = model.builder.y.blocks[name]
            prices = np.array([recourse_cost(model.problem, scenarios.realise(s))[columns] for s in range(futures)])
            cost = cost - (second_stage_variables[:, columns] * prices).reshape(futures, -1).sum(1)
    return loss, cost


def first_scenarios(scenarios: Scenarios, count: int) -> Scenarios:
    """The first ``count`` scenarios, equally likely."""
    return Scenarios(np.full(count, 1.0 / count), scenarios.realise)


def discrepancy(unit: str, linear: Floats, simulated: Floats) -> Discrepancy:
    """Compare (futures,) values of a quantity in the linear model and in the simulation, in the futures 0, 1, 2, ..."""
    return Discrepancy(unit, float(linear.mean()), float(simulated.mean()), standard_error(simulated - linear))
