"""The split: what a country's share of the units costs and brings, share by share, and where the best share changes."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.goals import Aims, known
from octoplan.plan.limits import possible
from octoplan.plan.model import Model, build
from octoplan.plan.optimise import PRACTICE, Plan, only
from octoplan.plan.parameters import facts_of
from octoplan.plan.response_surface import Pilot
from octoplan.plan.results.evaluation import WIDE, Flown, Progress, fly_each, own_units, written
from octoplan.plan.solver import lshaped, recourse
from octoplan.plan.solver.two_stage import Flags, Floats, TwoStage
from octoplan.scenario import Scenario

SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(11))
"""Shares that are planned for, where the country's plants can make so much and the others' the rest."""

RATE = 2000.0
"""Good units a month whose first month is looked for where the aims name no target."""

WORST = 0.1
"""Share of futures, those in which least is stopped, that resilience looks at."""

FACTORS = (0.2, 5.0)
"""How far an assumption is moved in search of a break point."""

MOVED = (
    ("plants", "labour_rate", "the labour rate"), ("plants", "hours_first", "the hours of the first unit"),
    ("plants", "line_capital", "the cost of a line"),
)  # fmt: skip


@dataclass(frozen=True)
class Frontier:
    """Plans of one country's share of the units asked, each flown through the same futures.

    shares
        (n,) share of the units asked that the country makes.
    cost, stopped, stopped_share
        (n, futures) millions of the reporting currency; threats; share of threats launched.
    reached
        (n, futures) month (row, from 0) in which ``rate`` good units are first made, infinite where never.
    jobs
        By country, (n, futures) mean jobs over the horizon.
    dominated
        (n,) true where another share is better in cost, threats stopped or resilience beyond the 95 % interval of the
        paired difference, and worse in none of them beyond it.
    breaks
        Sentences on where the preferred share changes.
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
        """The row of the share that costs least on average."""
        return int(self.cost.mean(axis=1).argmin())


def frontier(
    scenario: Scenario, plan: Plan, country: str, *, futures: int = 100, seed: int = 1,
    executor: ThreadPoolExecutor | None = None, progress: Progress | None = None,
) -> Frontier:  # fmt: skip
    """The best plan for each share of a country, flown through futures that no plan was made for.

    As many units are asked as the plan asks, or the scenario's own plan where it asks none, with the plan's crews and
    kits; everything else of the aims holds but their bounds on shares. Raises PlanError for a country without plants,
    or fewer than 2 futures.
    """
    names = scenario.names
    row = known(country, names.countries, "country")
    if row not in np.asarray(plan.facts.pilot.compiled.template.plants["country"]):
        raise PlanError(f"{country} has no plant; a frontier needs a country that can make units")
    if futures < 2:
        raise PlanError(f"an interval cannot come of {futures} futures; fly 2 at least, better 100")
    asked = float(plan.tables["asked"].values.mean(0).sum())
    units = asked if asked >= 1.0 else float(own_units(plan).sum())
    free = replace(plan.aims, share={}, units={"*": (units, units), country: (0.0, np.inf)})
    model = build(
        plan.basis.facts, plan.curves, free, plan.learning.value, given=plan.basis.given, counts=plan.basis.counts
    )  # fmt: skip
    shares, found = [], []
    for done, share in enumerate(SHARES):
        if progress is not None:
            progress("planning each share", done, len(SHARES))
        problem = at_share(model, plan, country, share * units)
        if possible(problem):
            futures_planned = plan.basis.planned_for(model.scenarios)
            risk = plan.basis.risk(plan.aims)
            tolerance = SEARCH * max(1.0, abs(plan.upper))
            solved = lshaped.solve(problem, futures_planned, risk=risk, tolerance=tolerance, executor=executor)
            found.append(solved.x)
            shares.append(share)
    if not found:
        raise PlanError(f"{units:,.0f} units cannot be made at any share of {country}; bring the target or limits down")
    every = {f"{share:.0%}": written(scenario, model, x) for share, x in zip(shares, found, strict=True)}
    flown = list(fly_each(scenario, every, futures, seed, "flying each share", executor, progress).values())
    rate = RATE if plan.aims.target is None else plan.aims.target.rate
    return gathered(plan, country, rate, np.array(shares), flown, tuple(breaks(plan, free, country, shares, found)))


SEARCH = 1e-4
"""Share of what the plan saves at which the search for the plan of a share may stop."""


def at_share(model: Model, plan: Plan, country: str, units: float) -> TwoStage:
    """The programme in which a country makes so many units, with the crews and kits of the plan."""
    problem = model.problem
    crews = np.concatenate([model.sheet.x.blocks[name] for name in ("intake", "kits")])
    least, most = problem.first.lower.copy(), problem.first.upper.copy()
    least[crews] = most[crews] = plan.solved.x[crews]
    lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
    row = model.sheet.plain[f"the units of {country}"][0]
    settled = next(limit for limit in model.limits if limit.name == f"the units of {country}").value.constant
    lower[row] = upper[row] = units - settled
    first = replace(problem.first, lower=least, upper=most)
    return replace(problem, first=first, row_lower=lower, row_upper=upper)


def gathered(
    plan: Plan, country: str, rate: float, shares: Floats, flown: Sequence[Flown], said: tuple[str, ...]
) -> Frontier:  # fmt: skip
    """What was flown, share by share."""
    cost, stopped = np.array([f.cost for f in flown]), np.array([f.stopped for f in flown])
    stopped_share = np.array([1.0 - f.leaked / np.maximum(f.launched, 1.0) for f in flown])
    good = np.array([f.good for f in flown])
    pilot = plan.facts.pilot
    reached = np.where((good >= rate).any(2), (good >= rate).argmax(2) + float(pilot.begin), np.inf)
    home = np.asarray(pilot.compiled.template.plants["country"])
    jobs = {
        pilot.compiled.names.countries[c]: np.array([f.jobs[:, c] for f in flown]) for c in sorted(set(home.tolist()))
    }
    tails = np.array([tail_values(one, WORST) for one in stopped_share])
    worse = dominated([-cost, stopped, tails])
    return Frontier(country, rate, shares, cost, stopped, stopped_share, reached, jobs, worse, said)


def tail_values(values: Floats, share: float) -> Floats:
    """(futures,) numbers whose mean is that of the least ``share`` of the values, and whose spread gives its error.

    The influence of each value on the tail's mean (Rockafellar and Uryasev 2000 for the mean; Trindade et al. 2007).
    """
    edge = np.quantile(values, share, method="inverted_cdf")
    found: Floats = edge - np.maximum(edge - values, 0.0) / share
    return found


def dominated(better: Sequence[Floats]) -> Flags:
    """(n,) whether another row is better in some measure, (n, futures) each, and worse in none, beyond paired luck."""
    count, futures = better[0].shape
    found = np.zeros(count, bool)
    for i in range(count):
        for j in range(count):
            gone = [measure[j] - measure[i] for measure in better]
            width = [WIDE * g.std(ddof=1) / np.sqrt(futures) for g in gone]
            ahead = any(g.mean() > w for g, w in zip(gone, width, strict=True))
            behind = any(g.mean() < -w for g, w in zip(gone, width, strict=True))
            found[i] |= ahead and not behind
    return found


def breaks(plan: Plan, aims: Aims, country: str, shares: Sequence[float], found: Sequence[Floats]) -> Iterator[str]:
    """Where the preferred share changes as one assumption of a country's plants moves, the plan of each share held.

    Between the assumption as it is and the ends of ``FACTORS``, cost is taken as straight.
    """
    pilot = only(plan.facts.pilot, min(PRACTICE, plan.basis.counted))
    now = costs_of(plan, aims, pilot, found)
    best = int(now.argmin())
    yield f"the share of {country} that costs least is {shares[best]:.0%}"
    steady = []
    for home, columns, words, label in movable(pilot):
        shifts = []
        for factor in FACTORS:
            then = costs_of(plan, aims, moved(pilot, columns, factor), found)
            shifts += crossing(now, then, best, factor)
        if not shifts:
            steady.append(f"{words} of {home}")
        for at, other in shifts:
            way = "rises" if at > 1.0 else "falls"
            yield (
                f"it becomes {shares[other]:.0%} if {words} of {home} {way} beyond {at:.2f} times what is believed"
                + label(at)
            )
    if steady:
        low, high = FACTORS
        yield f"from {low:g} to {high:g} times what is believed, {', '.join(steady)} do not change it"


def crossing(now: Floats, then: Floats, best: int, factor: float) -> list[tuple[float, int]]:
    """The factor at which another share first costs less than the best, and which; empty if none does."""
    lead, end = now - now[best], then - then[best]
    passed = [
        (1.0 + (factor - 1.0) * float(lead[i] / (lead[i] - end[i])), i)
        for i in range(len(now))
        if i != best and end[i] < 0.0
    ]
    return [min(passed, key=lambda one: abs(one[0] - 1.0))] if passed else []


def moved(pilot: Pilot, columns: list[int], factor: float) -> Pilot:
    """The pilot with some assumptions multiplied; an exchange rate on all its days."""
    assumptions = pilot.assumptions.copy()
    assumptions[:, columns] *= factor
    first = dict(pilot.flown[0])
    rates = pilot.compiled.slots["currencies", "rate"]
    first["exchange"] = first["exchange"] * np.where(np.isin(rates, columns), factor, 1.0)
    return replace(pilot, assumptions=assumptions, flown=(first, *pilot.flown[1:]))


def movable(pilot: Pilot) -> "Iterator[tuple[str, list[int], str, Label]]":
    """Assumptions about the plants of one country: the country, their columns, words, and the value at a factor."""
    compiled = pilot.compiled
    home = np.asarray(compiled.template.plants["country"])
    for c in sorted(set(home.tolist())):
        for kind, parameter, words in MOVED:
            columns = compiled.slots[kind, parameter]
            own = sorted(set(columns[home == c].tolist()) - {-1})
            if not own or set(own) & set(columns[home != c].tolist()):
                continue
            first = int(np.flatnonzero(home == c)[0])
            middle = float(np.median(pilot.number(kind, parameter)[:, first]))
            yield compiled.names.countries[c], own, words, Label(compiled.names.plants[first], middle)
        currency = int(compiled.template.countries["currency"][c])
        rate = int(compiled.slots["currencies", "rate"][currency])
        if rate >= 0:
            name = compiled.names.currencies[currency]
            middle = float(np.median(pilot.assumptions[:, rate]))
            yield compiled.names.countries[c], [rate], f"the price of the currency ({name})", Label(name, middle)


@dataclass(frozen=True)
class Label:
    """What a factor makes of the middle assumption about one plant or currency."""

    what: str
    middle: float

    def __call__(self, factor: float) -> str:
        return f" ({self.what}: {self.middle * factor:,.4g} where {self.middle:,.4g} is believed)"


def costs_of(plan: Plan, aims: Aims, pilot: Pilot, found: Sequence[Floats]) -> Floats:
    """(n,) mean cost of first stages under the assumptions of a pilot."""
    counts = None if plan.basis.counts is None else plan.basis.counts.first(len(pilot))
    curves = plan.curves.first(len(pilot))
    model = build(facts_of(pilot), curves, aims, plan.learning.value, given=plan.basis.given, counts=counts)
    every = [recourse.costs(model.problem, model.scenarios, x) for x in found]
    return np.array([one.mean() for one in every])
