"""Limits a user sets on the first stage: shares, units, jobs, budgets; and what would have to give if they clash."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.fixed_costs import Paid, committed
from octoplan.plan.fixed_decisions import Given
from octoplan.plan.goals import Aims, known
from octoplan.plan.parameters import YEAR, Facts
from octoplan.plan.solver.builder import Sheet
from octoplan.plan.solver.highs import Outcome, load, run, values
from octoplan.plan.solver.two_stage import Columns, Flags, Floats, TwoStage
from octoplan.plan.units import CREW, MONEY, UNIT

EVERY = "*"
"""Stands for all countries together."""


@dataclass(frozen=True)
class Term:
    """A number that is linear in the first stage: a coefficient for each of its columns, and a constant."""

    slope: Floats
    constant: float

    def at(self, x: Floats) -> float:
        return float(self.slope @ x) + self.constant


@dataclass(frozen=True)
class Limit:
    """low <= value <= high, or low <= value / whole <= high, in the words and the unit of the one who set it.

    payer, months
        Of a budget, whose it is (row), and (t,) true in the months it is for.
    """

    name: str
    unit: str
    low: float
    high: float
    value: Term
    whole: Term | None = None
    payer: int | None = None
    months: Flags | None = None

    def at(self, x: Floats) -> float:
        found = self.value.at(x)
        return found if self.whole is None else found / max(self.whole.at(x), 1e-12)

    def rows(self) -> Iterator[tuple[Term, float, float]]:
        """Terms with their bounds."""
        if self.whole is None:
            yield self.value, self.low, self.high
            return
        for bound, low, high in ((self.low, 0.0, np.inf), (self.high, -np.inf, 0.0)):
            slope = self.value.slope - bound * self.whole.slope
            yield Term(slope, self.value.constant - bound * self.whole.constant), low, high


@dataclass(frozen=True)
class Asked:
    """What a good unit asked costs and needs, and how many are asked of what is decided and given.

    units
        (s, p, t) money of a unit: parts, labour, royalty, not discounted.
    hours
        (s, p, t) labour hours of a good unit.
    by_output
        (s, p, t, windows) 1 where a month of an open plant falls into a window.
    """

    units: Floats
    hours: Floats
    by_output: Floats


def limits(sheet: Sheet, facts: Facts, aims: Aims, given: Given, asked: Asked) -> tuple[Limit, ...]:
    """The limits of the aims, each a rule of the sheet as well. Raises PlanError for one that can never hold."""
    found = [
        *shares(sheet, facts, aims, given, asked), *jobs(sheet, facts, aims, given, asked),
        *budgets(sheet, facts, aims, given, asked),
    ]  # fmt: skip
    every = np.arange(sheet.x.size)
    for limit in found:
        for term, low, high in limit.rows():
            row = sheet.rule(limit.name, (1,), low=low - term.constant, high=high - term.constant)
            sheet.put("first", row[0], every, term.slope)
    return tuple(found)


def over_asked(sheet: Sheet, facts: Facts, given: Given, asked: Asked, each: Floats) -> Term:
    """What each unit asked brings, (s, p, t), added up over plants and months, the mean over futures."""
    open_each = facts.open_share * each
    slope = np.zeros(sheet.x.size)
    slope[sheet.x.blocks["asked"]] = (asked.by_output * open_each[..., None]).sum(2).mean(0) * UNIT
    return Term(slope, float((given.output(facts.since) * open_each).sum((1, 2)).mean()))


def shares(sheet: Sheet, facts: Facts, aims: Aims, given: Given, asked: Asked) -> Iterator[Limit]:
    """Shares of the units asked, and units, by country."""
    names = facts.pilot.compiled.names
    home = np.asarray(facts.pilot.compiled.template.plants["country"])
    one = np.ones(facts.since.shape)
    whole = over_asked(sheet, facts, given, asked, one)
    for country in dict.fromkeys([*aims.share, *aims.units]):
        there = np.full(len(home), True) if country == EVERY else home == known(country, names.countries, "country")
        inside = there[:, None] * one
        value = over_asked(sheet, facts, given, asked, inside)
        if country in aims.share:
            low, high = aims.share[country]
            if low > 0.0 and not value.slope.any() and value.constant == 0.0:
                raise PlanError(f"a share of {low:g} of {country} cannot be: no plant of it opens within the horizon")
            yield Limit(f"the share of {country}", "of the units asked", low, high, value, whole)
        if country in aims.units:
            yield Limit(f"the units of {country}", "units", *aims.units[country], value)


def jobs(sheet: Sheet, facts: Facts, aims: Aims, given: Given, asked: Asked) -> Iterator[Limit]:
    """Direct jobs by country: hours of what is asked, over a job's paid hours, mean over the horizon."""
    names, pilot = facts.pilot.compiled.names, facts.pilot
    home = np.asarray(pilot.compiled.template.plants["country"])
    years = float(pilot.days.sum()) / YEAR
    for country, least in aims.jobs.items():
        row = known(country, names.countries, "country")
        each = asked.hours / (pilot.number("countries", "hours_per_job")[:, row] * years)[:, None, None]
        value = over_asked(sheet, facts, given, asked, each * (home == row)[:, None])
        yield Limit(f"the jobs of {country}", "jobs", least, np.inf, value)


def budgets(sheet: Sheet, facts: Facts, aims: Aims, given: Given, asked: Asked) -> Iterator[Limit]:
    """Budgets by payer, over the horizon or a year: what is asked, at mean prices not discounted, and what stands."""
    names = facts.pilot.compiled.names
    year_of = np.array([int(month[:4]) for month in facts.pilot.months])
    for (payer, year), limit in aims.budgets.items():
        row = known(payer, names.payers, "payer")
        if year is not None and year not in year_of:
            raise PlanError(
                f"the year {year} of the budget of {payer} is not planned; {year_of[0]} to {year_of[-1]} are"
            )
        when = np.full(len(year_of), True) if year is None else year_of == year
        value = spent(sheet, facts, given, asked, row, when.astype(float))
        words = f"the budget of {payer}" + ("" if year is None else f" in {year}")
        yield Limit(words, "M of the reporting currency", -np.inf, limit / MONEY, value, payer=row, months=when)


def spent(sheet: Sheet, facts: Facts, given: Given, asked: Asked, payer: int, when: Floats) -> Term:
    """What a payer spends on what is decided and on what stands, millions, the mean over futures; when is (t,)."""
    pilot = facts.pilot
    compiled = pilot.compiled
    pays = np.asarray(compiled.template.countries["payer"])[compiled.template.plants["country"]] == payer
    freight = np.zeros(facts.since.shape)
    for p, ways in enumerate(compiled.links.plant_lanes.tolist()):
        if int(compiled.template.lanes["payer"][ways[0]]) == payer:
            freight[:, p] = facts.freight[:, :, ways[0]] * facts.uplift[:, None]
    units = asked.units.copy()
    units[:, :, -1] += left_over(facts)
    each = (units * pays[:, None] + freight) * when / MONEY
    made = over_asked(sheet, facts, given, asked, each)
    crews, kits = (int(getattr(compiled.template, kind)["payer"][0]) == payer for kind in ("crews", "kits"))
    weight = np.broadcast_to(when, facts.discount.shape)
    stands = committed(facts, given, weight, Paid(np.asarray(pays), crews, kits))
    orders = np.einsum("ptn,stn,t->s", facts.placed[0][np.asarray(pays)], facts.price, when) * facts.uplift
    slope = made.slope.copy()
    for block, money, scale in (
        ("lines", stands.lines, 1.0),
        ("intake", stands.intake, CREW),
        ("kits", stands.kits, CREW),
    ):
        slope[sheet.x.blocks[block]] += money.mean(0) * scale / MONEY
    return Term(slope, made.constant + float((stands.fixed + orders).mean()) / MONEY)


def left_over(facts: Facts) -> Floats:
    """(s, p) money of the parts that the base stock still holds at the end for a unit a month asked last."""
    price = facts.price[:, -1] * ~facts.placed[1][-1] * facts.pipe
    found: Floats = np.einsum("sn,pn->sp", price, facts.bill) * facts.uplift[:, None]
    return found


def reconcile(problem: TwoStage, limits: Sequence[Limit]) -> None:
    """Raises PlanError where limits cannot hold together, with the least that would have to give.

    One elastic programme: each limit may be missed at a price per unit of its own size; lines, crews and what is
    given may not.
    """
    if possible(problem):
        return
    found = elastic(problem, limits)
    if found is None:
        raise PlanError(
            "what is fixed or frozen contradicts itself whatever the limits; free one of the fixed decisions"
        )
    said = [
        f"{limit.name} would have to be {found_value(limit, found)} instead of {bound_words(limit, found)}"
        for limit in limits
        if missed(limit, found) > 1e-4
    ]
    raise PlanError(f"the limits cannot hold together; the least that would have to give: {'; '.join(said)}")


def possible(problem: TwoStage) -> bool:
    """Whether any first stage meets rows and bounds, whole columns relaxed."""
    first = problem.first
    free = Columns(np.zeros(len(first)), first.lower, first.upper, np.zeros(len(first), bool))
    return run(load(free, problem.rows, problem.row_lower, problem.row_upper)) is Outcome.OPTIMAL


def elastic(problem: TwoStage, limits: Sequence[Limit]) -> Floats | None:
    """The first stage that misses the limits by least, each relative to its own size; none where nothing would do."""
    first, n = problem.first, len(problem.first)
    bounded = [(term, low, high, size_of(limit)) for limit in limits for term, low, high in limit.rows()]
    more, hard = len(bounded), len(problem.row_lower) - len(bounded)
    slack = sparse.vstack([sparse.csr_array((hard, more)), sparse.eye_array(more)])
    rows = sparse.hstack([problem.rows, slack, -slack], format="csr")
    price = np.array([1.0 / size for *_, size in bounded])
    columns = Columns(
        np.concatenate([np.zeros(n), price, price]), np.concatenate([first.lower, np.zeros(2 * more)]),
        np.concatenate([first.upper, np.full(2 * more, np.inf)]), np.zeros(n + 2 * more, bool),
    )  # fmt: skip
    solver = load(columns, rows, problem.row_lower, problem.row_upper)
    return values(solver)[:n] if run(solver) is Outcome.OPTIMAL else None


def size_of(limit: Limit) -> float:
    """What a miss of a limit is measured against: its bound, or the units all together."""
    if limit.whole is not None:
        return max(1.0, float(np.abs(limit.whole.slope).max()))
    finite = [abs(bound) for bound in (limit.low, limit.high) if np.isfinite(bound)]
    return max([1e-3, *finite])


def missed(limit: Limit, x: Floats) -> float:
    """By how much a first stage misses a limit, relative to its size; a share of nothing misses nothing."""
    if limit.whole is not None and limit.whole.at(x) < 1e-6:
        return 0.0
    value = limit.at(x)
    size = 1.0 if limit.whole is not None else size_of(limit)
    return max(limit.low - value, value - limit.high, 0.0) / size


def found_value(limit: Limit, x: Floats) -> str:
    return f"{rounded(limit.at(x))} {limit.unit}"


def rounded(value: float) -> str:
    """Four figures, or the whole number where that has more."""
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def bound_words(limit: Limit, x: Floats) -> str:
    low = limit.at(x) < limit.low
    return f"{'at least' if low else 'at most'} {rounded(limit.low if low else limit.high)}"
