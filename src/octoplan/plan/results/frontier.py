"""The frontier of a country's share of the units: cost and effect of each share, and where the best share changes."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.intervals import Interval, interval
from octoplan.plan.constraints import first_stage_exists
from octoplan.plan.goals import ALL_COUNTRIES, Goals, known
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.optimise import LEARNING_FUTURES, Plan
from octoplan.plan.parameters import parameters_of
from octoplan.plan.response_surface import DesignRuns, Progress
from octoplan.plan.results.evaluation import Z_95, SimulatedPlan, compiled_with, present_units, simulate_each
from octoplan.plan.solver import lshaped, recourse
from octoplan.plan.solver.two_stage import Flags, Floats, TwoStage
from octoplan.scenario import Scenario

SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(11))
"""Shares that are planned for, where the plants of the country and of the others can produce them."""

DEFAULT_RATE = 2000.0
"""Good units a month whose first month is reported where the goals have no target."""

WORST_FUTURES = 0.1
"""Share of futures, those in which the smallest share of threats is stopped, that resilience is measured on."""

FACTORS = (0.2, 5.0)
"""Range of factors on an assumption that is searched for a break point."""

SEARCH_GAP = 1e-4
"""Optimality gap of the plan of a share, relative to the gain of the plan."""

MOVABLE = (
    ("plants", "labour_rate", "the labour rate"), ("plants", "hours_first", "the hours of the first unit"),
    ("plants", "line_capital", "the cost of a line"),
)  # fmt: skip
"""Assumptions on the plants of a country that are varied in search of a break point."""


@dataclass(frozen=True)
class Frontier:
    """Plans for each share of one country in the units requested, simulated over the same futures.

    shares
        (n,) share of the units requested.
    cost, stopped, stopped_share
        (n, futures) millions of the reporting currency; threats; share of the threats launched.
    reached
        (n, futures) month (row, from 0) in which ``rate`` good units are first produced; infinite for never.
    jobs
        By country, (n, futures) jobs averaged over the horizon.
    dominated
        (n,) true where another share is significantly better, at 95 %, in cost, threats stopped or resilience, and
        significantly worse in none of them.
    breaks
        Sentences on where the cheapest share changes.
    """

    country: str
    rate: float
    shares: Floats
    cost: Floats
    stopped: Floats
    stopped_share: Floats
    reached: Floats
    jobs: Mapping[str, Floats]
    dominated: Flags
    breaks: tuple[str, ...]

    @property
    def cheapest(self) -> int:
        """The row of the share with the least mean cost."""
        return int(self.cost.mean(axis=1).argmin())

    def month_reached(self, row: int) -> Interval:
        """P10, P50 and P90 of the month in which the rate is reached, from 1; never counts as infinite."""
        return interval(self.reached[row] + 1.0, ordinal=True)

    def never(self, row: int) -> float:
        """Share of futures in which the rate is never reached."""
        return float(np.isinf(self.reached[row]).mean())


def frontier(
    scenario: Scenario, plan: Plan, country: str, *, futures: int = 100, seed: int = 1,
    executor: ThreadPoolExecutor | None = None, progress: Progress | None = None,
) -> Frontier:  # fmt: skip
    """The best plan for each share of a country, simulated over futures that no plan was made for.

    As many units are requested as in the plan, or in the present decisions where it requests none, with the plan's
    crews and kits; all goals hold except bounds on shares. Raises PlanError for a country without plants, or fewer than
    2 futures.
    """
    check_frontier(scenario, country, futures)
    requested = float(plan.tables["requested"].values.mean(0).sum())
    units = requested if requested >= 1.0 else float(present_units(plan).sum())
    goals = replace(plan.goals, share={}, units={ALL_COUNTRIES: (units, units), country: (0.0, np.inf)})
    inputs = model_inputs(plan, goals)
    model = build(inputs)
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
    simulated = simulate_each(scenario, plans, futures, seed, "evaluating each share", executor, progress)
    rate = DEFAULT_RATE if plan.goals.target is None else plan.goals.target.rate
    sentences = tuple(break_points(plan, inputs, country, shares, solutions))
    return assembled(plan, country, rate, np.array(shares), list(simulated.values()), sentences)


def check_frontier(scenario: Scenario, country: str, futures: int) -> None:
    """Raises PlanError for a country that is unknown or has no plant, or fewer than 2 futures."""
    names = scenario.names
    row = known(country, names.countries, "country")
    if row not in np.asarray(scenario.compile().template.plants["country"]):
        raise PlanError(f"{country} has no plant; a frontier needs a country that can produce units")
    if futures < 2:
        raise PlanError(f"{futures} futures give no interval; evaluate on at least 2, better 100")


def model_inputs(plan: Plan, goals: Goals) -> ModelInputs:
    """The inputs of the plan's programme, with other goals."""
    basis = plan.basis
    return ModelInputs(
        basis.parameters, basis.surface, goals, plan.learning.value, basis.fixed, basis.threat_surface
    )  # fmt: skip


def at_share(model: Model, plan: Plan, country: str, units: float) -> TwoStage:
    """The programme in which a country produces a number of units, with the crews and kits of the plan."""
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


def assembled(
    plan: Plan, country: str, rate: float, shares: Floats, simulated: Sequence[SimulatedPlan], breaks: tuple[str, ...]
) -> Frontier:  # fmt: skip
    """The frontier of simulated plans, share by share."""
    cost, stopped = np.array([s.cost for s in simulated]), np.array([s.stopped for s in simulated])
    stopped_share = np.array([1.0 - s.leaked / np.maximum(s.launched, 1.0) for s in simulated])
    good = np.array([s.good for s in simulated])
    runs = plan.parameters.runs
    reached = np.where((good >= rate).any(2), (good >= rate).argmax(2) + float(runs.begin), np.inf)
    home = np.asarray(runs.compiled.template.plants["country"])
    names = runs.compiled.names.countries
    jobs = {names[c]: np.array([s.jobs[:, c] for s in simulated]) for c in sorted(set(home.tolist()))}
    tails = np.array([tail_values(row, WORST_FUTURES) for row in stopped_share])
    worse = dominated([-cost, stopped, tails])
    return Frontier(country, rate, shares, cost, stopped, stopped_share, reached, jobs, worse, breaks)


def tail_values(values: Floats, share: float) -> Floats:
    """(futures,) values whose mean is that of the least ``share`` of the values, and whose variance gives its error.

    The influence function of the tail mean (Rockafellar and Uryasev 2000; Trindade et al. 2007).
    """
    edge = np.quantile(values, share, method="inverted_cdf")
    influence: Floats = edge - np.maximum(edge - values, 0.0) / share
    return influence


def dominated(measures: Sequence[Floats]) -> Flags:
    """(n,) whether another row is significantly better in some measure and significantly worse in none.

    measures
        (n, futures) each, more is better; differences are paired, at 95 % confidence.
    """
    count, futures = measures[0].shape
    flags = np.zeros(count, bool)
    for i in range(count):
        for j in range(count):
            differences = [measure[j] - measure[i] for measure in measures]
            half_widths = [Z_95 * d.std(ddof=1) / np.sqrt(futures) for d in differences]
            better = any(d.mean() > h for d, h in zip(differences, half_widths, strict=True))
            worse = any(d.mean() < -h for d, h in zip(differences, half_widths, strict=True))
            flags[i] |= better and not worse
    return flags


def break_points(
    plan: Plan, inputs: ModelInputs, country: str, shares: Sequence[float], solutions: Sequence[Floats]
) -> Iterator[str]:
    """Where the cheapest share changes as one assumption on a country's plants varies, the plan of each share fixed.

    Cost is interpolated linearly between the assumption as it is and the ends of ``FACTORS``.
    """
    runs = plan.parameters.runs.first(min(LEARNING_FUTURES, plan.basis.planned))
    base = mean_costs(inputs, runs, solutions)
    best = int(base.argmin())
    yield f"the share of {country} with the least cost is {shares[best]:.0%}"
    stable = []
    for assumption in movable(runs):
        shifts = []
        for factor in FACTORS:
            moved = mean_costs(inputs, with_factor(runs, assumption.columns, factor), solutions)
            shifts += crossing(base, moved, best, factor)
        if not shifts:
            stable.append(f"{assumption.name} of {assumption.country}")
        for factor, cheapest in shifts:
            verb = "rises" if factor > 1.0 else "falls"
            yield (
                f"it becomes {shares[cheapest]:.0%} if {assumption.name} of {assumption.country} {verb} beyond "
                f"{factor:.2f} times its assumption {assumption.example(factor)}"
            )
    if stable:
        low, high = FACTORS
        yield f"it does not change with {', '.join(stable)} from {low:g} to {high:g} times the assumption"


def crossing(base: Floats, moved: Floats, best: int, factor: float) -> list[tuple[float, int]]:
    """The factor at which another share first costs less than the best one, and which; empty if none does.

    base, moved
        (n,) costs of the shares with the assumption as it is, and times the factor.
    """
    lead, end = base - base[best], moved - moved[best]
    crossings = [
        (1.0 + (factor - 1.0) * float(lead[i] / (lead[i] - end[i])), i)
        for i in range(len(base))
        if i != best and end[i] < 0.0
    ]
    return [min(crossings, key=lambda pair: abs(pair[0] - 1.0))] if crossings else []


def with_factor(runs: DesignRuns, columns: Sequence[int], factor: float) -> DesignRuns:
    """The design runs with some assumptions multiplied; an exchange rate on all days."""
    assumptions = runs.assumptions.copy()
    assumptions[:, columns] *= factor
    first = dict(runs.tallies[0])
    rates = runs.compiled.slots["currencies", "rate"]
    first["exchange"] = first["exchange"] * np.where(np.isin(rates, columns), factor, 1.0)
    return replace(runs, assumptions=assumptions, tallies=(first, *runs.tallies[1:]))


@dataclass(frozen=True)
class MovableAssumption:
    """An assumption on the plants of one country: its columns, and the median of one of its entities as an example."""

    country: str
    name: str
    columns: tuple[int, ...]
    entity: str
    median: float

    def example(self, factor: float) -> str:
        """The median of the example, and times a factor."""
        return f"({self.entity}: {self.median * factor:,.4g} instead of {self.median:,.4g})"


def movable(runs: DesignRuns) -> Iterator[MovableAssumption]:
    """The assumptions that concern the plants of one country alone."""
    compiled = runs.compiled
    home = np.asarray(compiled.template.plants["country"])
    for c in sorted(set(home.tolist())):
        country = compiled.names.countries[c]
        for kind, parameter, name in MOVABLE:
            columns = compiled.slots[kind, parameter]
            inside = sorted(set(columns[home == c].tolist()) - {-1})
            if inside and not set(inside) & set(columns[home != c].tolist()):
                first = int(np.flatnonzero(home == c)[0])
                median = float(np.median(runs.number(kind, parameter)[:, first]))
                yield MovableAssumption(country, name, tuple(inside), compiled.names.plants[first], median)
        currency = int(compiled.template.countries["currency"][c])
        rate = int(compiled.slots["currencies", "rate"][currency])
        if rate >= 0:
            name = compiled.names.currencies[currency]
            median = float(np.median(runs.assumptions[:, rate]))
            yield MovableAssumption(country, f"the price of the currency ({name})", (rate,), name, median)


def mean_costs(inputs: ModelInputs, runs: DesignRuns, solutions: Sequence[Floats]) -> Floats:
    """(n,) mean cost of first stages under the assumptions of some design runs."""
    count, threats = len(runs), inputs.threat_surface
    inputs = replace(
        inputs, parameters=parameters_of(runs), surface=inputs.surface.first(count),
        threat_surface=None if threats is None else threats.first(count),
    )  # fmt: skip
    model = build(inputs)
    return np.array([recourse.costs(model.problem, model.scenarios, x).mean() for x in solutions])
