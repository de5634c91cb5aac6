"""Check that the plan, rounded as in decisions.toml, satisfies every constraint, independently of the linear programme.

Units requested are computed by day and spend by month, from ``decisions.toml`` and the parameters of each future.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from octoplan.outcomes.format import percent
from octoplan.plan.fixed_decisions import OUTPUT_WINDOWS, FixedDecisions
from octoplan.plan.goals import ALL_COUNTRIES, Goals, key_label
from octoplan.plan.parameters import DAYS_PER_MONTH, DAYS_PER_YEAR, Parameters
from octoplan.plan.solver.two_stage import Flags, Floats
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import DecisionArrays
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.toml_text import parse_toml

MAX_ROUNDING_ERROR = 0.5
"""Largest change of a decision by rounding to a whole number."""

RELATIVE_TOLERANCE = 1e-5
"""Relative tolerance for exceeding a budget, and for the difference between two computations of a cost."""

SHARE_TOLERANCE, JOBS_TOLERANCE, SHORTFALL_TOLERANCE = 0.01, 0.01, 0.01
"""Tolerances of goals: a country's share of the units produced (absolute), jobs for the units produced (relative), and
the output due over the horizon (relative)."""

PLANNED_TABLES = ("output", "lines", "crews", "kits")
"""Tables of ``decisions.toml`` that a plan changes."""


@dataclass(frozen=True)
class RoundedPlan:
    """A plan with its decisions rounded as in decisions.toml, and the inputs needed to check it.

    scenario, planned_scenario
        The scenario as loaded, and with the plan as its decisions.
    goals, fixed
        Goals of the plan, and decisions that it may not change.
    hours, yields
        (s, p, t) labour hours of a started unit; share of started units that are good.
    planned_futures
        Number of futures over which the plan was optimised; they come first in ``parameters``.
    """

    scenario: Scenario
    planned_scenario: Scenario
    goals: Goals
    parameters: Parameters
    fixed: FixedDecisions
    hours: Floats
    yields: Floats
    planned_futures: int

    @cached_property
    def plan(self) -> DecisionArrays:
        """The rounded decisions, compiled."""
        return self.planned_scenario.compile().plan

    @cached_property
    def units_requested(self) -> Floats:
        """(s, p, t) good units requested in each month planned."""
        return requested_units(self.parameters, self.plan.output)

    @cached_property
    def rounding_error(self) -> Floats:
        """(s, p, t) largest change of the units requested if all decisions are rounded to whole numbers."""
        return requested_units(self.parameters, np.full_like(self.plan.output, MAX_ROUNDING_ERROR))

    @property
    def country_of_plant(self) -> Floats:
        """(p,) index of each plant's country."""
        return np.asarray(self.planned_scenario.compile().template.plants["country"])

    def plants_of(self, country: str) -> Flags:
        """(p,) whether each plant is in a country."""
        if country == ALL_COUNTRIES:
            return np.full(len(self.country_of_plant), True)
        return np.asarray(self.country_of_plant == self.planned_scenario.names.countries.index(country))


@dataclass(frozen=True)
class SearchResult:
    """Results of a plan as reported by the search.

    costs, groups, upper
        (planned futures,) second-stage costs; number of named scenarios that they cover; their risk measure.
    attained_share
        Share of futures in which the target and the share of threats stopped are reached; None without such goals.
    produced
        (planned futures, p, t) good units produced at baseline assumptions.
    """

    costs: Floats
    groups: int
    upper: float
    attained_share: float | None
    produced: Floats


def requested_units(parameters: Parameters, output: Floats) -> Floats:
    """(s, p, t) units requested in each month planned, summed by day from the day on which the plant opens.

    output
        (p, months) output requested, in units a month, by month since opening.
    """
    runs = parameters.runs
    links = runs.compiled.links
    month_of, lengths = np.asarray(links.month_of), np.asarray(links.month_days)
    first_day = int(lengths[: runs.first_month].sum())
    opening_day = np.ceil(runs.tally("opened"))
    units = np.zeros((*opening_day.shape, len(lengths)))
    for s, p in np.ndindex(*opening_day.shape):
        day = int(min(float(opening_day[s, p]), len(month_of)))
        if day < len(month_of):
            days = np.arange(max(day, first_day), len(month_of))
            month = month_of[days]
            np.add.at(units[s, p], month, output[p, month - month_of[day]] / lengths[month])
    return units[:, :, runs.first_month :]


def violations(plan: RoundedPlan) -> list[str]:
    """A sentence for each constraint that the rounded decisions violate."""
    return [
        *decision_violations(plan),
        *fixed_violations(plan),
        *output_violations(plan),
        *job_violations(plan),
        *budget_violations(plan),
    ]


def decision_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each violated bound on lines, output, crew intake or kit orders."""
    decisions, baseline, goals, fixed = plan.plan, plan.scenario.compile().plan, plan.goals, plan.fixed
    rate = plan.parameters.plant("line_rate").mean(0)
    for p, name in enumerate(plan.planned_scenario.names.plants):
        start = int(fixed.lines_free_from[p])
        lines = decisions.lines[p, max(start - 1, 0) :] if start < fixed.months else decisions.lines[p, :0]
        if np.any(np.diff(lines) < 0.0) or np.any(lines != np.round(lines)):
            yield f"the lines of {name} are {lines.tolist()}; they must be whole numbers that do not decrease"
        max_lines = 2.0 * baseline.lines[p].max() if goals.max_lines is None else goals.max_lines
        if len(lines) and lines.max() > max(max_lines, fixed.last_fixed_lines[p]):
            yield f"{name} has {lines.max():g} lines, more than {max_lines:g}"
        for month in fixed.output_free_from[p] + np.array(OUTPUT_WINDOWS):
            if month < fixed.months:
                capacity = rate[p] * DAYS_PER_MONTH * decisions.lines[p, month]
                if decisions.output[p, month] > capacity + MAX_ROUNDING_ERROR:
                    yield (
                        f"{name} is requested to produce {decisions.output[p, month]:,.0f} units in month {month} "
                        f"since opening; its lines produce at most {capacity:,.0f}"
                    )
        bound = goals.max_output.get(name)
        output = decisions.output[p, int(fixed.output_free_from[p]) :]
        if bound is not None and len(output) and output.max() > bound + MAX_ROUNDING_ERROR:
            yield f"the output of {name} is up to {output.max():,.0f} units a month, more than {bound:g}"
    max_starts = (
        4.0 * max(baseline.intake.max(), baseline.kit_orders.max(), 0.25)
        if goals.max_crews is None
        else goals.max_crews
    )
    for name, series, first_free in (
        ("crew intake is", decisions.intake, fixed.intake_free_from),
        ("kit orders are", decisions.kit_orders, fixed.kits_free_from),
    ):
        if len(series[first_free:]) and series[first_free:].max() > max_starts + MAX_ROUNDING_ERROR:
            yield f"{name} up to {series[first_free:].max():g} a month, more than {max_starts:g}"


def fixed_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each fixed, frozen or past decision, and each table not planned, that has changed."""
    decisions, baseline, fixed = plan.plan, plan.scenario.compile().plan, plan.fixed
    for p, name in enumerate(plan.planned_scenario.names.plants):
        for kind, planned, loaded, first_free in (
            ("output", decisions.output[p], np.round(baseline.output[p]), fixed.output_free_from[p]),
            ("lines", decisions.lines[p], np.round(baseline.lines[p]), fixed.lines_free_from[p]),
        ):
            if np.any(planned[:first_free] != loaded[:first_free]):
                yield f"the {kind} of {name} was fixed and has changed"
    for kind, planned, loaded, first_free in (
        ("crew intake", decisions.intake, baseline.intake, fixed.intake_free_from),
        ("kit orders", decisions.kit_orders, baseline.kit_orders, fixed.kits_free_from),
    ):
        if np.any(planned[:first_free] != loaded[:first_free]):
            yield f"the {kind} of fixed months has changed"
    trees = [
        parse_toml(DECISIONS, scenario.files[DECISIONS]).tree for scenario in (plan.scenario, plan.planned_scenario)
    ]
    for name in sorted(set(trees[0]) | set(trees[1])):
        if name not in PLANNED_TABLES and trees[0].get(name) != trees[1].get(name):
            yield f"the table {name} of decisions.toml has changed, although a plan does not decide it"


def output_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each country whose units requested, or share of the units requested, are out of bounds."""
    units = plan.units_requested.sum(2).mean(0)
    rounding_error = plan.rounding_error.sum(2).mean(0)
    total = float(units.sum())
    for country, (low, high) in plan.goals.share.items():
        share, tolerance = country_share(plan, country, units), float(rounding_error.sum()) / max(total, 1.0)
        if total >= 1.0 and not low - tolerance <= share <= high + tolerance:
            bounds = f"{percent(low, 1)} to {percent(high, 1)}"
            yield f"{country} has {percent(share, 1)} of the units requested, outside {bounds}"
    for country, (low, high) in plan.goals.units.items():
        plants = plan.plants_of(country)
        count, tolerance = float(units[plants].sum()), float(rounding_error[plants].sum()) + 1e-6 * total
        if not low - tolerance <= count <= high + tolerance:
            yield f"{count:,.0f} units are requested of {country}, outside {low:,.0f} to {high:,.0f}"


def country_share(plan: RoundedPlan, country: str, units: Floats) -> float:
    """A country's share of total units. ``units``: (p,) units by plant."""
    return float(units[plan.plants_of(country)].sum() / max(float(units.sum()), 1e-12))


def job_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each country in which the units requested give fewer jobs than required."""
    for country, min_jobs in plan.goals.jobs.items():
        jobs, error = (jobs_for(plan, country, units).mean() for units in (plan.units_requested, plan.rounding_error))
        if jobs < min_jobs - error - RELATIVE_TOLERANCE * min_jobs:
            yield f"the units requested give {jobs:,.1f} jobs in {country}, fewer than {min_jobs:g}"


def jobs_for(plan: RoundedPlan, country: str, units: Floats) -> Floats:
    """(s,) direct jobs in a country, averaged over the horizon. ``units``: (s, p, t) good units."""
    runs, plants = plan.parameters.runs, plan.plants_of(country)
    hours = (units * (plan.hours / plan.yields)[: len(units)])[:, plants].sum((1, 2))
    per_job = runs.draws("countries", "hours_per_job")[
        : len(units), plan.planned_scenario.names.countries.index(country)
    ]
    return np.asarray(hours / (per_job * runs.days.sum() / DAYS_PER_YEAR))


def budget_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each budget that expected spend exceeds."""
    for key, budget in plan.goals.budgets.items():
        spend = float(spend_by_future(plan, key).mean())
        if spend > budget * (1.0 + RELATIVE_TOLERANCE) + 1.0:
            yield f"the expected spend of {key_label(key)} is {spend:,.0f}, more than the budget of {budget:,.0f}"


def budget_warnings(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each budget that is exceeded in some futures."""
    for key, budget in plan.goals.budgets.items():
        spend = spend_by_future(plan, key)
        exceeded = spend > budget * (1.0 + RELATIVE_TOLERANCE) + 1.0
        if exceeded.any():
            yield (
                f"expected spend is within the budget of {key_label(key)}; spend on the plan's decisions exceeds it in "
                f"{percent(exceeded.mean())} of futures, by up to {(spend - budget).max() / 1e6:,.4g} M"
            )


def spend_by_future(plan: RoundedPlan, key: tuple[str, int | None]) -> Floats:
    """(s,) undiscounted spend of a payer on the plan's decisions and fixed costs, over the horizon or a year."""
    payer, year = plan.planned_scenario.names.payers.index(key[0]), key[1]
    runs = plan.parameters.runs
    total = np.zeros(len(runs))
    for t, month in enumerate(runs.months):
        if year is None or int(month[:4]) == year:
            total += plant_spend(plan, payer, t) + crew_spend(plan, payer, t)
    return total


def plant_spend(plan: RoundedPlan, payer: int, t: int) -> Floats:
    """(s,) spend of a payer in month t on units, parts ordered in decisions.toml, lines, overhead and freight."""
    parameters, runs = plan.parameters, plan.parameters.runs
    compiled = runs.compiled
    price, (stated, all_stated) = parameters.price[:, t], parameters.stated_orders
    payer_of = np.asarray(compiled.template.countries["payer"])[compiled.template.plants["country"]]
    total: Floats = np.zeros(len(runs))
    for p in range(len(payer_of)):
        units, bill = plan.units_requested[:, p, t], parameters.bill[p]
        lane = int(compiled.links.plant_lanes[p][0])
        if int(compiled.template.lanes["payer"][lane]) == payer:
            total += units * parameters.freight[:, t, lane] * parameters.uplift
        if payer_of[p] != payer:
            continue
        labour = parameters.plant_money("labour_rate")[:, p, t] * plan.hours[:, p, t]
        parts = price @ (bill * ~all_stated[t])
        cost = units * ((parts + labour) / plan.yields[:, p, t] + parameters.plant_money("royalty")[:, p, t])
        cost = cost + price @ stated[p, t]
        if t == len(runs.months) - 1:
            cost = cost + units * (price @ (bill * ~all_stated[t] * parameters.base_stock_months))
        cost = cost + lines_added(plan, p, t) * parameters.plant_money("line_capital")[:, p, t]
        open_days = parameters.open_share[:, p, t] * runs.days[t]
        total += (cost + parameters.plant_money("overhead")[:, p, t] * open_days) * parameters.uplift
    return np.asarray(total)


def lines_added(plan: RoundedPlan, p: int, t: int) -> Floats:
    """(s,) lines added at plant p in month t."""
    since_opening, lines = plan.parameters.since_opening[:, p, t], plan.plan.lines[p]
    lines_now = np.where(since_opening >= 0, lines[np.maximum(since_opening, 0)], 0.0)
    lines_before = np.where(since_opening >= 1, lines[np.maximum(since_opening - 1, 0)], 0.0)
    return np.asarray(np.maximum(0.0, lines_now - lines_before))


def crew_spend(plan: RoundedPlan, payer: int, t: int) -> Floats:
    """(s,) spend of a payer in month t on crew training, crews and kits."""
    parameters, runs = plan.parameters, plan.parameters.runs
    intake, orders = plan.plan.intake[runs.first_month :], plan.plan.kit_orders[runs.first_month :]
    total = np.zeros(len(runs))
    if int(runs.compiled.template.crews["payer"][0]) == payer:
        crews_in_service = parameters.crews[:, t] + parameters.crews_per_intake[:, :, t] @ intake
        total += runs.money_draws("crews", "cost")[:, t, 0] * runs.days[t] * crews_in_service
        total += runs.money_draws("crews", "course_cost")[:, t, 0] * intake[t]
    if int(runs.compiled.template.kits["payer"][0]) == payer:
        total += runs.money_draws("kits", "price")[:, t, 0] * orders[t]
    return np.asarray(total, float)


def inconsistencies(plan: RoundedPlan, outcome: SearchResult) -> Iterator[str]:
    """Yield a sentence for each result reported by the search that differs from its recomputed value."""
    goals = plan.goals
    risk = recomputed_risk(outcome.costs.reshape(outcome.groups, -1), goals.risk.weight, goals.risk.level)
    if abs(risk - outcome.upper) > RELATIVE_TOLERANCE * max(1.0, abs(risk)):
        yield f"the risk measure of its costs is {risk:g}, but the search reports {outcome.upper:g}"
    if goals.target is None or goals.stopped_share is not None or outcome.groups > 1 or outcome.attained_share is None:
        return
    reached = float(
        (target_shortfall(plan, outcome.produced) <= SHORTFALL_TOLERANCE * (1.0 + RELATIVE_TOLERANCE)).mean()
    )
    if reached > outcome.attained_share + 1e-9 or (
        goals.confidence is None and reached < outcome.attained_share - 1e-9
    ):
        reported = percent(outcome.attained_share)
        yield f"the target is reached in {percent(reached)} of futures, but the search reports {reported}"


def recomputed_risk(costs: Floats, weight: float, level: float) -> float:
    """The largest over named scenarios of (1 - weight) mean + weight CVaR of equally likely costs.

    CVaR is the mean of the largest share 1 - level of the costs; the last cost may count in part.

    costs
        (groups, futures).
    """
    measures = []
    for group in costs:
        descending_costs = np.sort(group)[::-1]
        tail_mass = np.clip((1.0 - level) * len(descending_costs) - np.arange(len(descending_costs)), 0.0, 1.0)
        measures.append(
            (1.0 - weight) * group.mean() + weight * float(tail_mass @ descending_costs) / float(tail_mass.sum())
        )
    return float(max(measures))


def target_shortfall(plan: RoundedPlan, produced: Floats) -> Floats:
    """(futures,) shortfall from the target as a share of the units due. ``produced``: (futures, p, t) good units."""
    target, runs = plan.goals.target, plan.parameters.runs
    if target is None:
        return np.zeros(len(produced))
    due = np.array([target.rate if t + runs.first_month >= target.month else 0.0 for t in range(len(runs.months))])
    return np.asarray(np.maximum(0.0, due - produced.sum(1)).sum(1) / max(due.sum(), 1e-9))


def unmet_goals(plan: RoundedPlan, outcome: SearchResult) -> Iterator[str]:
    """Yield a sentence for each goal that the plan does not achieve, although its decisions satisfy all constraints."""
    goals, plan_units = plan.goals, float(plan.units_requested.sum((1, 2)).mean())
    if outcome.attained_share is not None:
        required = 1.0 if goals.confidence is None else goals.confidence
        if outcome.attained_share < required - 1e-9:
            yield (
                f"the goals are reached in {percent(outcome.attained_share)} of the futures used in the optimisation, "
                f"fewer than the required {percent(required)}"
                + ("" if goals.confidence is not None
                else "; more output would cost more than the price of a shortage, or is infeasible")
            )  # fmt: skip
    produced = outcome.produced.mean(0).sum(1)
    for country, (low, high) in goals.share.items():
        if plan_units < 1.0:
            yield f"no unit is requested, so the share of {country} ({percent(low)} to {percent(high)}) is undefined"
            continue
        share = country_share(plan, country, produced)
        if not low - SHARE_TOLERANCE <= share <= high + SHARE_TOLERANCE:
            yield (
                f"{country} produces {percent(share, 1)} of the units, outside {percent(low, 1)} to "
                f"{percent(high, 1)}: some units requested "
                "are not produced"
            )
    for country, min_jobs in goals.jobs.items():
        jobs = float(jobs_for(plan, country, outcome.produced).mean())
        if jobs < min_jobs * (1.0 - JOBS_TOLERANCE):
            yield (
                f"the units produced give {jobs:,.1f} jobs in {country}, fewer than {min_jobs:g}: "
                "some units requested are not produced"
            )
