"""Out-of-sample evaluation: full simulation of the plan and its alternatives with common random numbers.

Unless a number of futures is given, futures are added in stages until the differences in cost are known precisely.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import LAYERS, MAKERS
from octoplan.errors import PlanError
from octoplan.outcomes.intervals import Interval, interval, standard_error
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import DAYS_PER_YEAR
from octoplan.plan.response_surface import DesignRuns, Progress, first_month, losses
from octoplan.plan.results.alternatives import (
    BASELINE,
    NO_FURTHER_UNITS,
    NO_PROGRAMME,
    NO_UNITS,
    alternatives,
    country_splits,
)
from octoplan.plan.results.break_even import Quantity, UnitsValue, value_of_units
from octoplan.plan.second_stage_tables import block
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_values
from octoplan.plan.solver.two_stage import Floats, first_scenarios, recourse_cost
from octoplan.plan.units import MONEY_SCALE, UNIT_SCALE
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled
from octoplan.scenario.descriptions import describe, row_reference, unit_text

KEPT_TALLIES = ("leaked", "stopped", "launched", "spend", "good", "received", "hours_paid", "exchange", "damage")
"""Tallies of the simulation from which the results of a plan are computed."""

WITHOUT_PROGRAMME = ("leaked", "stopped", "launched", "spend", "good", "received", "damage")
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

COUNTERFACTUALS = {BASELINE: NO_PROGRAMME, "plan": NO_UNITS}
"""The alternative without the programme and with the same crews and kits, by plan."""

OUT_OF_SAMPLE_OFFSET = 1_000_003
"""Offset added to the plan's seed, so that the evaluation shares no random numbers with the optimisation."""


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
    produced, received
        Good units, and units of all makers delivered to the regions, over the horizon.
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
    received: Floats
    good_by_month: Floats
    spend_by_payer: Floats
    jobs: Floats


@dataclass(frozen=True)
class Evaluation:
    """The plan (key ``plan``) and its alternatives, simulated over the same futures, and the risk measure of costs.

    splits
        Names of the alternatives with the plan's crews and kits and other units.
    quantities
        Uncertain quantities of the futures for which break-even values are sought.
    """

    plans: Mapping[str, SimulatedPlan]
    risk: Risk = NEUTRAL
    splits: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()

    @property
    def plan_has_units(self) -> bool:
        """Whether the plan makes a unit in some future."""
        return bool(self.plans["plan"].produced.any())

    @property
    def replacements(self) -> list[str]:
        """Names of the alternatives that are other decisions than the plan's.

        If the plan makes no units, its crews and kits without units are not among them: they are the same decisions,
        without the overhead of plants.
        """
        excluded = {"plan"} if self.plan_has_units else {"plan", NO_UNITS, NO_FURTHER_UNITS}
        return [name for name in self.plans if name not in excluded]

    @cached_property
    def units_value(self) -> UnitsValue | None:
        """Cost of units, given the plan's crews and kits, with break-even values; None if it was not evaluated.

        If the plan makes no units, the units are those of the cheapest of ``splits``.
        """
        crews_alone = next((name for name in (NO_UNITS, NO_FURTHER_UNITS) if name in self.plans), None)
        splits = sorted(self.splits, key=lambda name: float(self.plans[name].cost.mean()))
        with_units = ["plan"] if self.plan_has_units else splits
        if crews_alone is None or not with_units:
            return None
        units, alone = self.plans[with_units[0]], self.plans[crews_alone]
        return value_of_units(
            with_units[0], crews_alone, float(units.produced.mean()), units.cost - alone.cost, self.quantities
        )

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
        received=runs.tally("received").sum((1, 2, 3)), good_by_month=good, spend_by_payer=spend_by_payer,
        jobs=jobs(runs),
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
    splits = tuple(country_splits(scenario, plan))
    return replace(evaluation, splits=splits, quantities=quantities(scenario, evaluation.plans, done, seed))


def quantities(
    scenario: Scenario, plans: Mapping[str, SimulatedPlan], futures: int, seed: int
) -> tuple[Quantity, ...]:  # fmt: skip
    """Uncertain quantities of the out-of-sample futures: assumptions, and units of other makers.

    The units of other makers delivered to the regions are those received without the programme.
    """
    draws = draw_assumptions(scenario, futures, out_of_sample_seed(seed))
    by_name = {assumption.name: assumption for assumption in scenario.assumptions if not assumption.is_fixed}
    items = [
        Quantity(
            name, describe(scenario, by_name[name]), unit_text(by_name[name]), row_reference(by_name[name]),
            draws[:, column],
        )
        for column, name in enumerate(scenario.columns) if name in by_name
    ]  # fmt: skip
    if NO_UNITS in plans and scenario.names.makers:
        days = float(scenario.compile().links.month_days.sum())
        items.append(
            Quantity(
                "received/other-makers", "number of units of other makers delivered to the regions", "per day",
                "simulated", plans[NO_UNITS].received / days,
            )
        )  # fmt: skip
    return tuple(items)


def out_of_sample_seed(seed: int) -> int:
    """Seed of the futures of the evaluation of a plan made with ``seed``."""
    return (seed + OUT_OF_SAMPLE_OFFSET) % 2**64


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

    Decisions, and the same crews and kits without the programme (``COUNTERFACTUALS``), are simulated in one pass.

    futures
        First and last out-of-sample future, as a half-open interval.
    """
    out_of_sample = out_of_sample_seed(seed)
    first, stop = futures
    assumptions = draw_assumptions(scenario, stop, out_of_sample)[first:]
    paired = {name: other for name, other in COUNTERFACTUALS.items() if name in plans and other in plans}
    names = [name for name in plans if name not in paired.values()]
    simulated: dict[str, SimulatedPlan] = {}
    for row, name in enumerate(names):

        def report(done: int, total: int, row: int = row) -> None:
            if progress is not None:
                progress(activity, row * total + done, len(names) * total)

        run = (plans[name], assumptions, out_of_sample)
        if name in paired:
            simulated[name], simulated[paired[name]] = simulate_with_and_without(
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


def discrepancy(unit: str, linear: Floats, simulated: Floats) -> Discrepancy:
    """Compare (futures,) values of a quantity in the linear model and in the simulation, in the futures 0, 1, 2, ..."""
    return Discrepancy(unit, float(linear.mean()), float(simulated.mean()), standard_error(simulated - linear))
