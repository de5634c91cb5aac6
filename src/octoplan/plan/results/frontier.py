"""The frontier of a country's share of production: cost and results by share, and switching values of assumptions."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.format import percent
from octoplan.outcomes.intervals import Interval, interval, standard_error
from octoplan.plan.constraints import first_stage_exists
from octoplan.plan.decisions import decision_tables
from octoplan.plan.goals import ALL_COUNTRIES, Goals, index_of
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.optimise import LEARNING_FUTURES, Plan
from octoplan.plan.parameters import parameters_of
from octoplan.plan.response_surface import DesignRuns, Progress
from octoplan.plan.results.alternatives import baseline_units_requested, compiled_with
from octoplan.plan.results.evaluation import Z_95, SimulatedPlan, simulate_plans
from octoplan.plan.solver import lshaped, recourse
from octoplan.plan.solver.two_stage import Flags, Floats, TwoStage
from octoplan.scenario import Scenario

SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(11))
"""Shares of the units requested from the country; those that its plants cannot produce are omitted."""

WORST_FUTURES_SHARE = 0.1
"""Share of futures that define resilience: the mean share of threats stopped in the futures where it is smallest."""

FACTOR_RANGE = (0.2, 5.0)
"""Smallest and largest factor on an assumption between which a switching value is sought."""

SEARCH_GAP = 1e-4
"""Optimality gap of the plan for one share, relative to the gain of the overall plan."""

VARIED_PARAMETERS = (
    ("plants", "labour_rate", "the labour rate"), ("plants", "hours_first", "the hours of the first unit"),
    ("plants", "line_capital", "the cost of a line"),
)  # fmt: skip
"""Assumptions on plants for which switching values are sought: kind of entity, parameter, and name in sentences."""


@dataclass(frozen=True)
class Frontier:
    """Plans by one country's share of the units requested, simulated over the same futures.

    shares
        (n,) share of the units requested.
    cost, stopped, stopped_share
        (n, futures) cost in millions of the reporting currency; threats stopped; share of threats stopped.
    rate
        Output rate in good units a month.
    months_to_rate
        (n, futures) months before the first month in which the rate is produced; infinite if it never is.
    jobs
        (n, futures) direct jobs, averaged over the horizon, by country.
    dominated
        (n,) whether another share is significantly better (95 % confidence) in cost, threats stopped or resilience, and
        significantly worse in none of them.
    switching_values
        Sentences on the values of assumptions at which the cheapest share changes.
    decisions
        (n,) tables of ``decisions.toml`` of each share's plan: output, lines, crews and kits.
    """

    country: str
    rate: float
    shares: Floats
    cost: Floats
    stopped: Floats
    stopped_share: Floats
    months_to_rate: Floats
    jobs: Mapping[str, Floats]
    dominated: Flags
    switching_values: tuple[str, ...]
    decisions: tuple[Mapping[str, Any], ...] = ()

    @property
    def cheapest(self) -> int:
        """Index of the share with the least mean cost."""
        return int(self.cost.mean(axis=1).argmin())

    def month_reached(self, share_index: int) -> Interval:
        """P10, P50 and P90 of the first month with the output rate, for one share.

        Months are counted from 1; a quantile is infinite if the rate is never reached.
        """
        return interval(self.months_to_rate[share_index] + 1.0, ordinal=True)

    def share_never_reached(self, share_index: int) -> float:
        """Share of futures in which the output rate is never reached, for one share of production."""
        return float(np.isinf(self.months_to_rate[share_index]).mean())


def frontier(
    scenario: Scenario, plan: Plan, country: str, *, futures: int = 100, seed: int = 1,
    executor: ThreadPoolExecutor | None = None, progress: Progress | None = None,
) -> Frontier:  # fmt: skip
    """Optimise a plan for each share of a country, and simulate it over futures not used in the optimisation.

    The number of units requested is that of the plan, or of the baseline decisions if the plan requests none; crews and
    kits are those of the plan. All goals apply except bounds on shares. Raises PlanError if the country has no plants
    or there are fewer than 2 futures.
    """
    check_frontier(scenario, country, futures)
    requested = float(plan.tables["requested"].values.mean(0).sum())
    units = requested if requested >= 1.0 else float(baseline_units_requested(plan).sum())
    goals = replace(plan.goals, share={}, units={ALL_COUNTRIES: (units, units), country: (0.0, np.inf)})
    inputs = model_inputs(plan, goals)
    model = build(inputs, executor)
    shares, solutions = [], []
    for done, share in enumerate(SHARES):
        if progress is not None:
            progress("planning each share", done, len(SHARES))
        problem = at_share(model, plan, country, share * units)
        if first_stage_exists(problem):
            solution = lshaped.solve(
                problem, plan.basis.planned_for(model.scenarios), risk=plan.basis.risk(plan.goals),
                tolerance=SEARCH_GAP * max(1.0, abs(plan.upper)), executor=executor,
            )  # fmt: skip
            solutions.append(solution.x)
            shares.append(share)
    if not solutions:
        raise PlanError(
            f"{units:,.0f} units cannot be produced at any share of {country}; lower the target or the bounds"
        )
    plans = {f"{share:.0%}": compiled_with(scenario, model, x) for share, x in zip(shares, solutions, strict=True)}
    simulated = simulate_plans(scenario, plans, (0, futures), seed, "evaluating each share", executor, progress)
    rate = reported_rate(plan)
    sentences = tuple(switching_values(plan, inputs, country, shares, solutions))
    front = frontier_of_plans(plan, country, rate, np.array(shares), list(simulated.values()), sentences)
    decisions = tuple(decision_tables(model, x, scenario.names.plants) for x in solutions)
    return replace(front, decisions=decisions)


def check_frontier(scenario: Scenario, country: str, futures: int) -> None:
    """Check the options of a frontier.

    Raises PlanError if the country is unknown or has no plant, or if there are fewer than 2 futures.
    """
    names = scenario.names
    row = index_of(country, names.countries, "country")
    if row not in np.asarray(scenario.compile().template.plants["country"]):
        raise PlanError(f"{country} has no plant; a frontier needs a country that can produce units")
    if futures < 2:
        raise PlanError(f"{futures} futures give no confidence interval; evaluate on at least 2, preferably 100")


def model_inputs(plan: Plan, goals: Goals) -> ModelInputs:
    """Inputs to the plan's linear programme, with other goals."""
    basis = plan.basis
    return ModelInputs(
        basis.parameters, basis.surface, goals, plan.learning.value, basis.fixed, basis.threat_surface
    )  # fmt: skip


def at_share(model: Model, plan: Plan, country: str, units: float) -> TwoStage:
    """The linear programme with the units of one country fixed, and the crews and kits of the plan."""
    problem = model.problem
    crews = np.concatenate([model.builder.x.blocks[name] for name in ("intake", "kits")])
    low, high = problem.first.lower.copy(), problem.first.upper.copy()
    low[crews] = high[crews] = plan.solution.x[crews]
    row_lower, row_upper = problem.row_lower.copy(), problem.row_upper.copy()
    name = f"the units of {country}"
    row = model.builder.first_rows[name][0]
    constant = next(constraint for constraint in model.constraints if constraint.name == name).value.constant
    row_lower[row] = row_upper[row] = units - constant
    first = replace(problem.first, lower=low, upper=high)
    return replace(problem, first=first, row_lower=row_lower, row_upper=row_upper)


def reported_rate(plan: Plan) -> float:
    """The output rate, in good units a month, whose first month the frontier reports.

    It is the target rate of the goals; without a target the largest target of the scenario; without one 1.
    """
    if plan.goals.target is not None:
        return plan.goals.target.rate
    return float(max(plan.scenario.output_targets, default=1))


def frontier_of_plans(
    plan: Plan, country: str, rate: float, shares: Floats, simulated: Sequence[SimulatedPlan],
    sentences: tuple[str, ...],
) -> Frontier:  # fmt: skip
    """Build the frontier from the simulated plans, one for each share."""
    cost, stopped = np.array([s.cost for s in simulated]), np.array([s.stopped for s in simulated])
    stopped_share = np.array([1.0 - s.leaked / np.maximum(s.launched, 1.0) for s in simulated])
    good = np.array([s.good_by_month for s in simulated])
    runs = plan.parameters.runs
    months_to_rate = np.where((good >= rate).any(2), (good >= rate).argmax(2) + float(runs.first_month), np.inf)
    country_of_plant = np.asarray(runs.compiled.template.plants["country"])
    names = runs.compiled.names.countries
    jobs = {names[c]: np.array([s.jobs[:, c] for s in simulated]) for c in sorted(set(country_of_plant.tolist()))}
    resilience = np.array([tail_values(row, WORST_FUTURES_SHARE) for row in stopped_share])
    dominated_shares = dominated([-cost, stopped, resilience])
    return Frontier(
        country, rate, shares, cost, stopped, stopped_share, months_to_rate, jobs, dominated_shares, sentences
    )


def tail_values(values: Floats, share: float) -> Floats:
    """(futures,) values whose mean is the mean of the smallest ``share`` of the values, with the same sampling error.

    The values are those of the influence function of the tail mean (Rockafellar and Uryasev 2000; Trindade et
    al. 2007).
    """
    quantile = np.quantile(values, share, method="inverted_cdf")
    influence: Floats = quantile - np.maximum(quantile - values, 0.0) / share
    return influence


def dominated(measures: Sequence[Floats]) -> Flags:
    """(n,) whether another row is significantly better in at least one measure and significantly worse in none.

    measures
        Arrays (n, futures) in which larger values are better; differences are paired, at 95 % confidence.
    """
    count = len(measures[0])
    flags = np.zeros(count, bool)
    for i in range(count):
        for j in range(count):
            differences = [measure[j] - measure[i] for measure in measures]
            half_widths = [Z_95 * standard_error(d) for d in differences]
            better = any(d.mean() > h for d, h in zip(differences, half_widths, strict=True))
            worse = any(d.mean() < -h for d, h in zip(differences, half_widths, strict=True))
            flags[i] |= better and not worse
    return flags


def switching_values(
    plan: Plan, inputs: ModelInputs, country: str, shares: Sequence[float], solutions: Sequence[Floats]
) -> Iterator[str]:
    """Yield sentences on the values of assumptions at which the cheapest share changes.

    One assumption on a country's plants is varied at a time, with the plan of each share fixed. Cost is interpolated
    linearly between the baseline assumption and the limits of ``FACTORS``.
    """
    runs = plan.parameters.runs.first_futures(min(LEARNING_FUTURES, plan.basis.planned_futures))
    baseline_costs = mean_costs(inputs, runs, solutions)
    best = int(baseline_costs.argmin())
    yield f"the share of {country} with the least cost is {percent(shares[best])}"
    without_effect = []
    for assumption in country_assumptions(runs):
        shifts = []
        for factor in FACTOR_RANGE:
            varied_costs = mean_costs(inputs, with_factor(runs, assumption.columns, factor), solutions)
            shifts += crossing(baseline_costs, varied_costs, best, factor)
        if not shifts:
            without_effect.append(f"{assumption.name} of {assumption.country}")
        for factor, cheapest in shifts:
            verb = "rises" if factor > 1.0 else "falls"
            yield (
                f"the cheapest share becomes {percent(shares[cheapest])} if {assumption.name} of {assumption.country} "
                f"{verb} beyond {factor:.2f} times its assumed value {assumption.example(factor)}"
            )
    if without_effect:
        low, high = FACTOR_RANGE
        yield (
            f"the cheapest share does not change with {', '.join(without_effect)} from {low:g} to {high:g} times the "
            "assumed value"
        )


def crossing(baseline_costs: Floats, varied_costs: Floats, best: int, factor: float) -> list[tuple[float, int]]:
    """The factor at which another share becomes the cheapest, and the index of that share; empty if there is none.

    baseline_costs, varied_costs
        (n,) costs of the shares at the baseline assumption, and with the assumption multiplied by ``factor``.
    best
        Index of the cheapest share at the baseline assumption.
    """
    excess, varied_excess = baseline_costs - baseline_costs[best], varied_costs - varied_costs[best]
    crossings = [
        (1.0 + (factor - 1.0) * float(excess[i] / (excess[i] - varied_excess[i])), i)
        for i in range(len(baseline_costs))
        if i != best and varied_excess[i] < 0.0
    ]
    return [min(crossings, key=lambda pair: abs(pair[0] - 1.0))] if crossings else []


def with_factor(runs: DesignRuns, columns: Sequence[int], factor: float) -> DesignRuns:
    """The design runs with some assumptions multiplied by a factor; an exchange rate is multiplied on all days."""
    assumptions = runs.assumptions.copy()
    assumptions[:, columns] *= factor
    first = dict(runs.tallies[0])
    rates = runs.compiled.draw_columns["currencies", "rate"]
    first["exchange"] = first["exchange"] * np.where(np.isin(rates, columns), factor, 1.0)
    return replace(runs, assumptions=assumptions, tallies=(first, *runs.tallies[1:]))


@dataclass(frozen=True)
class CountryAssumption:
    """An assumption that affects the plants of one country only.

    columns
        Columns of the matrix of draws.
    entity, median
        A plant or the currency, quoted in sentences as an example, and the median of its assumption.
    """

    country: str
    name: str
    columns: tuple[int, ...]
    entity: str
    median: float

    def example(self, factor: float) -> str:
        """Text with the name of the entity, the median times the factor, and the median."""
        return f"({self.entity}: {self.median * factor:,.4g} instead of {self.median:,.4g})"


def country_assumptions(runs: DesignRuns) -> Iterator[CountryAssumption]:
    """Yield the assumptions that affect the plants of one country only."""
    compiled = runs.compiled
    country_of_plant = np.asarray(compiled.template.plants["country"])
    for c in sorted(set(country_of_plant.tolist())):
        country = compiled.names.countries[c]
        for kind, parameter, name in VARIED_PARAMETERS:
            columns = compiled.draw_columns[kind, parameter]
            in_country = sorted(set(columns[country_of_plant == c].tolist()) - {-1})
            if in_country and not set(in_country) & set(columns[country_of_plant != c].tolist()):
                first = int(np.flatnonzero(country_of_plant == c)[0])
                median = float(np.median(runs.draws(kind, parameter)[:, first]))
                yield CountryAssumption(country, name, tuple(in_country), compiled.names.plants[first], median)
        currency = int(compiled.template.countries["currency"][c])
        rate = int(compiled.draw_columns["currencies", "rate"][currency])
        if rate >= 0:
            name = compiled.names.currencies[currency]
            median = float(np.median(runs.assumptions[:, rate]))
            yield CountryAssumption(country, f"the exchange rate of {name}", (rate,), name, median)


def mean_costs(inputs: ModelInputs, runs: DesignRuns, solutions: Sequence[Floats]) -> Floats:
    """(n,) mean cost of each first stage at the assumptions of the design runs."""
    count, threats = len(runs), inputs.threat_surface
    inputs = replace(
        inputs, parameters=parameters_of(runs), surface=inputs.surface.first_futures(count),
        threat_surface=None if threats is None else threats.first_futures(count),
    )  # fmt: skip
    model = build(inputs)
    return np.array([recourse.second_stage_costs(model.problem, model.scenarios, x).mean() for x in solutions])
