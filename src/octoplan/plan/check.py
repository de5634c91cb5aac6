"""Check that the plan, rounded as in decisions.toml, satisfies every constraint, independently of the linear programme.

Units requested are computed by day and spend by month, from ``decisions.toml`` and the parameters of each future.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from octoplan.plan.fixed_decisions import OUTPUT_WINDOWS, FixedDecisions
from octoplan.plan.goals import ALL_COUNTRIES, Goals, label
from octoplan.plan.parameters import MONTH, YEAR, Parameters
from octoplan.plan.solver.two_stage import Flags, Floats
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import DecisionArrays
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.toml_text import parse_toml

ROUNDING = 0.5
"""Largest change of a decision when it is rounded to a whole number."""

RELATIVE = 1e-5
"""Relative tolerance of a budget, and of a cost computed twice."""

SHARE_TOLERANCE, JOBS_TOLERANCE, SHORTFALL_TOLERANCE = 0.01, 0.01, 0.01
"""Tolerances of goals: a country's share of the units produced (absolute), jobs for the units produced (relative), and
the output due over the horizon (relative)."""

PLANNED_TABLES = ("output", "lines", "crews", "kits")
"""Tables of ``decisions.toml`` that a plan changes."""


@dataclass(frozen=True)
class RoundedPlan:
    """A plan with its decisions rounded as in decisions.toml, and the inputs needed to check it.

    before, after
        The scenario as loaded, and with the plan as its decisions.
    goals, fixed
        Goals of the plan, and decisions that it may not change.
    hours, yields
        (s, p, t) labour hours of a started unit; share of started units that are good.
    planned
        Number of futures over which the plan was optimised, the first ones of ``parameters``.
    """

    before: Scenario
    after: Scenario
    goals: Goals
    parameters: Parameters
    fixed: FixedDecisions
    hours: Floats
    yields: Floats
    planned: int

    @cached_property
    def plan(self) -> DecisionArrays:
        """The rounded decisions, compiled."""
        return self.after.compile().plan

    @cached_property
    def requested(self) -> Floats:
        """(s, p, t) good units requested in each month planned."""
        return requested_units(self.parameters, self.plan.output)

    @cached_property
    def rounding(self) -> Floats:
        """(s, p, t) largest change of the units requested by rounding the decisions of all months."""
        return requested_units(self.parameters, np.full_like(self.plan.output, ROUNDING))

    @property
    def home(self) -> Floats:
        """(p,) index of each plant's country."""
        return np.asarray(self.after.compile().template.plants["country"])

    def plants_of(self, country: str) -> Flags:
        """(p,) whether each plant is in a country."""
        if country == ALL_COUNTRIES:
            return np.full(len(self.home), True)
        return np.asarray(self.home == self.after.names.countries.index(country))


@dataclass(frozen=True)
class Outcome:
    """Results of a plan as reported by the search.

    costs, groups, upper
        (futures planned for,) second-stage costs, in ``groups`` named scenarios; their risk measure.
    attained
        Share of futures in which the target and the share of threats stopped are reached; None without such goals.
    produced
        (futures planned for, p, t) good units produced at baseline assumptions.
    """

    costs: Floats
    groups: int
    upper: float
    attained: float | None
    produced: Floats


def requested_units(parameters: Parameters, output: Floats) -> Floats:
    """(s, p, t) units requested in each month planned, summed by day from the day on which the plant opens.

    output
        (p, months) output requested, in units a month, by month since opening.
    """
    runs = parameters.runs
    links = runs.compiled.links
    month_of, lengths = np.asarray(links.month_of), np.asarray(links.month_days)
    first_day = int(lengths[: runs.begin].sum())
    opened = np.ceil(runs.tally("opened"))
    units = np.zeros((*opened.shape, len(lengths)))
    for s, p in np.ndindex(*opened.shape):
        day = int(min(float(opened[s, p]), len(month_of)))
        if day < len(month_of):
            days = np.arange(max(day, first_day), len(month_of))
            month = month_of[days]
            np.add.at(units[s, p], month, output[p, month - month_of[day]] / lengths[month])
    return units[:, :, runs.begin :]


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
    decisions, before, goals, fixed = plan.plan, plan.before.compile().plan, plan.goals, plan.fixed
    rate = plan.parameters.plant("line_rate").mean(0)
    for p, name in enumerate(plan.after.names.plants):
        start = int(fixed.lines_from[p])
        lines = decisions.lines[p, max(start - 1, 0) :] if start < fixed.months else decisions.lines[p, :0]
        if np.any(np.diff(lines) < 0.0) or np.any(lines != np.round(lines)):
            yield f"the lines of {name} are {lines.tolist()}; they must be whole numbers that do not decrease"
        most = 2.0 * before.lines[p].max() if goals.most_lines is None else goals.most_lines
        if len(lines) and lines.max() > max(most, fixed.last_lines[p]):
            yield f"{name} has {lines.max():g} lines, more than {most:g}"
        for month in fixed.output_from[p] + np.array(OUTPUT_WINDOWS):
            if month < fixed.months:
                capacity = rate[p] * MONTH * decisions.lines[p, month]
                if decisions.output[p, month] > capacity + ROUNDING:
                    yield (
                        f"{name} is to produce {decisions.output[p, month]:,.0f} units in month {month} since opening; "
                        f"its lines produce at most {capacity:,.0f}"
                    )
        bound = goals.most.get(name)
        output = decisions.output[p, int(fixed.output_from[p]) :]
        if bound is not None and len(output) and output.max() > bound + ROUNDING:
            yield f"the output of {name} is up to {output.max():,.0f} units a month, more than {bound:g}"
    crews = (
        4.0 * max(before.intake.max(), before.kit_orders.max(), 0.25) if goals.most_crews is None else goals.most_crews
    )
    for name, series, free in (
        ("crew intake is", decisions.intake, fixed.intake_from),
        ("kit orders are", decisions.kit_orders, fixed.kits_from),
    ):
        if len(series[free:]) and series[free:].max() > crews + ROUNDING:
            yield f"{name} up to {series[free:].max():g} a month, more than {crews:g}"


def fixed_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each fixed, frozen or past decision that has changed, and each other table that has."""
    decisions, before, fixed = plan.plan, plan.before.compile().plan, plan.fixed
    for p, name in enumerate(plan.after.names.plants):
        for kind, new, old, free in (
            ("output", decisions.output[p], np.round(before.output[p]), fixed.output_from[p]),
            ("lines", decisions.lines[p], np.round(before.lines[p]), fixed.lines_from[p]),
        ):
            if np.any(new[:free] != old[:free]):
                yield f"the {kind} of {name} was fixed and has changed"
    for kind, new, old, free in (
        ("crew intake", decisions.intake, before.intake, fixed.intake_from),
        ("kit orders", decisions.kit_orders, before.kit_orders, fixed.kits_from),
    ):
        if np.any(new[:free] != old[:free]):
            yield f"the {kind} of fixed months has changed"
    trees = [parse_toml(DECISIONS, scenario.files[DECISIONS]).tree for scenario in (plan.before, plan.after)]
    for name in sorted(set(trees[0]) | set(trees[1])):
        if name not in PLANNED_TABLES and trees[0].get(name) != trees[1].get(name):
            yield f"the table {name} of decisions.toml has changed, although a plan does not decide it"


def output_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each country whose units requested, or share of them, are out of bounds."""
    units = plan.requested.sum(2).mean(0)
    error = plan.rounding.sum(2).mean(0)
    total = float(units.sum())
    for country, (low, high) in plan.goals.share.items():
        share, tolerance = country_share(plan, country, units), float(error.sum()) / max(total, 1.0)
        if total >= 1.0 and not low - tolerance <= share <= high + tolerance:
            yield f"{country} has {share:.1%} of the units requested, outside {low:.1%} to {high:.1%}"
    for country, (low, high) in plan.goals.units.items():
        plants = plan.plants_of(country)
        count, tolerance = float(units[plants].sum()), float(error[plants].sum()) + 1e-6 * total
        if not low - tolerance <= count <= high + tolerance:
            yield f"{count:,.0f} units are requested of {country}, outside {low:,.0f} to {high:,.0f}"


def country_share(plan: RoundedPlan, country: str, units: Floats) -> float:
    """A country's share of total units. ``units``: (p,) units by plant."""
    return float(units[plan.plants_of(country)].sum() / max(float(units.sum()), 1e-12))


def job_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each country in which the units requested give fewer jobs than required."""
    for country, least in plan.goals.jobs.items():
        jobs, error = (jobs_for(plan, country, units).mean() for units in (plan.requested, plan.rounding))
        if jobs < least - error - RELATIVE * least:
            yield f"the units requested give {jobs:,.1f} jobs in {country}, fewer than {least:g}"


def jobs_for(plan: RoundedPlan, country: str, units: Floats) -> Floats:
    """(s,) direct jobs in a country, averaged over the horizon, for (s, p, t) good units."""
    runs, plants = plan.parameters.runs, plan.plants_of(country)
    hours = (units * (plan.hours / plan.yields)[: len(units)])[:, plants].sum((1, 2))
    per_job = runs.number("countries", "hours_per_job")[: len(units), plan.after.names.countries.index(country)]
    return np.asarray(hours / (per_job * runs.days.sum() / YEAR))


def budget_violations(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each budget that expected spend exceeds."""
    for key, budget in plan.goals.budgets.items():
        spend = float(spend_by_future(plan, key).mean())
        if spend > budget * (1.0 + RELATIVE) + 1.0:
            yield f"the expected spend of {label(key)} is {spend:,.0f}, more than the budget of {budget:,.0f}"


def budget_warnings(plan: RoundedPlan) -> Iterator[str]:
    """Yield a sentence for each budget that is exceeded in some futures."""
    for key, budget in plan.goals.budgets.items():
        spend = spend_by_future(plan, key)
        above = spend > budget * (1.0 + RELATIVE) + 1.0
        if above.any():
            yield (
                f"expected spend is within the budget of {label(key)}; spend on the plan's decisions exceeds it in "
                f"{above.mean():.0%} of futures, by up to {(spend - budget).max() / 1e6:,.4g} M"
            )


def spend_by_future(plan: RoundedPlan, key: tuple[str, int | None]) -> Floats:
    """(s,) undiscounted spend of a payer on the plan's decisions and fixed costs, over the horizon or a year."""
    payer, year = plan.after.names.payers.index(key[0]), key[1]
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
        units, bill = plan.requested[:, p, t], parameters.bill[p]
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
    since, lines = plan.parameters.since[:, p, t], plan.plan.lines[p]
    present = np.where(since >= 0, lines[np.maximum(since, 0)], 0.0)
    before = np.where(since >= 1, lines[np.maximum(since - 1, 0)], 0.0)
    return np.asarray(np.maximum(0.0, present - before))


def crew_spend(plan: RoundedPlan, payer: int, t: int) -> Floats:
    """(s,) spend of a payer in month t on crew training, crews and kits."""
    parameters, runs = plan.parameters, plan.parameters.runs
    intake, orders = plan.plan.intake[runs.begin :], plan.plan.kit_orders[runs.begin :]
    total = np.zeros(len(runs))
    if int(runs.compiled.template.crews["payer"][0]) == payer:
        present = parameters.crews[:, t] + parameters.graduates[:, :, t] @ intake
        total += runs.money("crews", "cost")[:, t, 0] * runs.days[t] * present
        total += runs.money("crews", "course_cost")[:, t, 0] * intake[t]
    if int(runs.compiled.template.kits["payer"][0]) == payer:
        total += runs.money("kits", "price")[:, t, 0] * orders[t]
    return np.asarray(total, float)


def inconsistencies(plan: RoundedPlan, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each figure reported by the search that differs from its value recomputed here."""
    goals = plan.goals
    risk = recomputed_risk(outcome.costs.reshape(outcome.groups, -1), goals.risk.weight, goals.risk.level)
    if abs(risk - outcome.upper) > RELATIVE * max(1.0, abs(risk)):
        yield f"the risk measure of its costs is {risk:g}, but the search reports {outcome.upper:g}"
    if goals.target is None or goals.stopped is not None or outcome.groups > 1 or outcome.attained is None:
        return
    reached = float((target_shortfall(plan, outcome.produced) <= SHORTFALL_TOLERANCE * (1.0 + RELATIVE)).mean())
    if reached > outcome.attained + 1e-9 or (goals.confidence is None and reached < outcome.attained - 1e-9):
        yield f"the target is reached in {reached:.0%} of futures, but the search reports {outcome.attained:.0%}"


def recomputed_risk(costs: Floats, weight: float, level: float) -> float:
    """The largest over named scenarios of (1 - weight) mean + weight CVaR of equally likely costs.

    CVaR is computed from its definition: the mean of the largest 1 - level of the costs, with the last one in part.

    costs
        (groups, futures).
    """
    measures = []
    for group in costs:
        order = np.sort(group)[::-1]
        mass = np.clip((1.0 - level) * len(order) - np.arange(len(order)), 0.0, 1.0)
        measures.append((1.0 - weight) * group.mean() + weight * float(mass @ order) / float(mass.sum()))
    return float(max(measures))


def target_shortfall(plan: RoundedPlan, produced: Floats) -> Floats:
    """(futures,) shortfall from the target as a share of the units due, for (futures, p, t) units produced."""
    target, runs = plan.goals.target, plan.parameters.runs
    if target is None:
        return np.zeros(len(produced))
    due = np.array([target.rate if t + runs.begin >= target.month else 0.0 for t in range(len(runs.months))])
    return np.asarray(np.maximum(0.0, due - produced.sum(1)).sum(1) / max(due.sum(), 1e-9))


def unmet(plan: RoundedPlan, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each goal that the plan does not achieve, although its decisions satisfy all constraints."""
    goals, plan_units = plan.goals, float(plan.requested.sum((1, 2)).mean())
    if outcome.attained is not None:
        required = 1.0 if goals.confidence is None else goals.confidence
        if outcome.attained < required - 1e-9:
            yield (
                f"the goals are reached in {outcome.attained:.0%} of the futures planned for, fewer than the required "
                f"{required:.0%}" + ("; more output would cost more than the price of a shortage, or is infeasible"
                if goals.confidence is None else "")
            )  # fmt: skip
    produced = outcome.produced.mean(0).sum(1)
    for country, (low, high) in goals.share.items():
        if plan_units < 1.0:
            yield f"no unit is requested, so the share of {country} ({low:.0%} to {high:.0%}) is undefined"
            continue
        share = country_share(plan, country, produced)
        if not low - SHARE_TOLERANCE <= share <= high + SHARE_TOLERANCE:
            yield (
                f"{country} produces {share:.1%} of the units, outside {low:.1%} to {high:.1%}: some units requested "
                "are not produced"
            )
    for country, least in goals.jobs.items():
        jobs = float(jobs_for(plan, country, outcome.produced).mean())
        if jobs < least * (1.0 - JOBS_TOLERANCE):
            yield (
                f"the units produced give {jobs:,.1f} jobs in {country}, fewer than {least:g}: "
                "some units requested are not produced"
            )
