"""The goals of a plan: its objective, its constraints, and the settings of the search, all checked before it begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import inf
from typing import Any, Literal

from pydantic import ValidationError

from octoplan.errors import PlanError, QuantityError
from octoplan.plan.solver.risk import NEUTRAL, Risk
from octoplan.plan.solver.two_stage import LEAST_GAP
from octoplan.scenario import Scenario
from octoplan.scenario.amounts import YEAR, money, shortage_price
from octoplan.scenario.decisions import explain
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

DEFAULT_SHORTAGE_PRICE = 5000.0
"""Price of a unit short of the target where none is given, in the reporting currency; more than a unit costs."""

ALL_COUNTRIES = "*"
"""Key of ``Goals.units`` that stands for all countries together."""

BATCH_GAP = 0.2
"""Optimality gap of the search on one batch, as a share of that of the plan; the rest would count against the plan."""

MAX_FUTURES, MAX_BATCHES, MAX_MONTHS = 100_000, 1_000, 1_200
"""Largest number of futures to plan for or to evaluate on, of batches, and of frozen months."""

Objective = Literal["least-cost", "most-stopped"]


@dataclass(frozen=True)
class Target:
    """An output target.

    rate
        Good units a month.
    month
        First month in which it is due (row, from 0).
    price
        Penalty for each unit short of it, in the reporting currency.
    """

    rate: float
    month: int
    price: float


@dataclass(frozen=True)
class Goals:
    """Objective and constraints of a plan.

    objective
        ``least-cost``: least expected discounted cost and losses; ``most-stopped``: most threats stopped within the
        budgets.
    risk
        Weight of the conditional value at risk against the mean.
    budgets
        By payer, or by payer and year: largest expected spend on what the plan decides, if all that is requested is
        produced, in the reporting currency.
    share
        By country: lower and upper bound of its share of the units requested.
    units
        By country, or ``ALL_COUNTRIES``: lower and upper bound of the units requested over the horizon.
    jobs
        By country: least direct jobs, averaged over the horizon, for the units requested.
    most
        By plant: most good units requested in a month.
    target, stopped
        An output target; a share of all threats launched that must be stopped.
    confidence
        Share of futures in which target and share of threats stopped must be reached. Where it is not given, both are
        soft constraints with the price of a shortage.
    fixed
        Decisions that stay as in the scenario: ``output.PLANT``, ``lines.PLANT``, ``crews``, ``kits``.
    most_lines
        Most lines of a plant; twice its most lines in the scenario's decisions where it is not given.
    most_crews
        Most crews entering training, and kits ordered, in a month; four times the scenario's most where not given.
    worst
        Named scenarios, each a factor by pattern of assumption names. The plan minimises the mean cost of the most
        expensive of them and of the assumptions as they are (minimax over scenarios).

    Raises PlanError that lists every value that is out of range and every pair that contradicts itself.
    """

    objective: Objective = "least-cost"
    risk: Risk = NEUTRAL
    budgets: Mapping[tuple[str, int | None], float] = field(default_factory=dict)
    share: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    units: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    jobs: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    target: Target | None = None
    stopped: float | None = None
    confidence: float | None = None
    fixed: tuple[str, ...] = ()
    most_lines: float | None = None
    most_crews: float | None = None
    worst: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        raise_problems([*range_problems(self), *contradictions(self)])


def raise_problems(problems: Sequence[str]) -> None:
    """Raises PlanError with one line for each problem, if there is any."""
    if problems:
        raise PlanError("\n".join(dict.fromkeys(problems)))


def range_problems(goals: Goals) -> Iterator[str]:
    """A sentence for each number of the goals that is out of its range; NaN is out of every range."""
    if goals.objective not in ("least-cost", "most-stopped"):
        yield f"the objective {goals.objective!r} is not known; write least-cost or most-stopped"
    for kind, bounds, top in (("share", goals.share, 1.0), ("number of units", goals.units, inf)):
        for country, (low, high) in bounds.items():
            if not (0.0 <= low <= high <= top and low < inf):
                limit = "0 <= low <= high <= 1" if top == 1.0 else "0 <= low <= high"
                yield f"a {kind} of {country} between {low:g} and {high:g} is not possible; write {limit}"
    for kind, probability in (("share of threats stopped", goals.stopped), ("confidence", goals.confidence)):
        if probability is not None and not 0.0 < probability <= 1.0:
            yield f"a {kind} of {probability:g} is not possible; write a number above 0 and at most 1"
    for kind, amounts in (("budget", goals.budgets), ("number of jobs", goals.jobs), ("largest output", goals.most)):
        for key, amount in amounts.items():
            if not 0.0 <= amount < inf:
                yield f"a {kind} of {label(key)} of {amount:g} is not possible; write a finite number, 0 or more"
    for kind, most in (("number of lines", goals.most_lines), ("number of crews a month", goals.most_crews)):
        if most is not None and not 0.0 <= most < inf:
            yield f"a largest {kind} of {most:g} is not possible; write a finite number, 0 or more"
    if goals.target is not None:
        if not 0.0 < goals.target.rate < inf:
            yield f"a target of {goals.target.rate:g} units a month is not possible; write a finite number above 0"
        if not 0.0 < goals.target.price < inf:
            yield (
                f"a price of {goals.target.price:g} for a unit short of the target is not possible: "
                "the target would have no effect; write a finite amount above 0"
            )
        if goals.target.month < 0:
            yield f"month {goals.target.month} of the target is not possible; the first month is 0"
    for name, factors in goals.worst.items():
        for pattern, factor in factors.items():
            if not 0.0 <= factor < inf:
                yield f"the factor {factor:g} of {pattern} in worst.{name} is not possible; write a number, 0 or more"


def contradictions(goals: Goals) -> Iterator[str]:
    """A sentence for each set of goals that no plan can satisfy or that has no effect."""
    if goals.confidence is not None and goals.target is None and goals.stopped is None:
        yield "a confidence needs a goal to be reached; add a target or a share of threats to be stopped"
    if goals.objective == "most-stopped" and not goals.budgets:
        yield "to stop most threats without a budget has no best plan; add a budget"
    if goals.worst and goals.risk.weight > 0.0:
        yield "worst and tail are two measures of risk; ask for one of them"
    least = sum(low for low, _ in goals.share.values())
    if least > 1.0 + 1e-9:
        names = ", ".join(f"{country} {low:.0%}" for country, (low, _) in goals.share.items())
        yield (
            f"the least shares add up to {least:.0%} ({names}), above 100%; "
            f"the least that would have to give: lower them by {least - 1.0:.0%} in all"
        )
    for (payer, year), budget in goals.budgets.items():
        horizon = goals.budgets.get((payer, None))
        if year is not None and horizon is not None and budget > horizon:
            yield f"the budget of {payer} in {year}, {budget:,.0f}, is above that of the whole horizon, {horizon:,.0f}"


def label(key: object) -> str:
    """A payer and year, or a name, as text."""
    if isinstance(key, tuple):
        return f"{key[0]}" if key[1] is None else f"{key[0]} in {key[1]}"
    return str(key)


@dataclass(frozen=True)
class SearchSettings:
    """How a plan is searched for.

    futures, seed
        Futures planned for, and the seed of their draws.
    gap
        Relative optimality gap at which the search may stop, as a share of the plan's gain over no decisions.
    time_limit
        Seconds for the last search.
    batches, batch
        Batches of further futures, and futures in each, for the estimate of the optimality gap; no estimate for 0.
    frozen
        First months whose decisions stay as in the scenario.

    Raises PlanError that lists every setting that is out of range.
    """

    futures: int = 60
    seed: int = 1
    gap: float = 0.005
    time_limit: float = inf
    batches: int = 0
    batch: int = 40
    frozen: int = 0

    def __post_init__(self) -> None:
        raise_problems(list(setting_problems(self)))

    @property
    def futures_needed(self) -> int:
        """Futures to simulate: those planned for and those of the batches."""
        return self.futures + self.batches * self.batch


def setting_problems(settings: SearchSettings) -> Iterator[str]:
    """A sentence for each setting that is out of range."""
    for kind, value, low, high in (
        ("number of futures", settings.futures, 1, MAX_FUTURES),
        ("seed", settings.seed, 0, 2**64 - 1),
        ("number of batches", settings.batches, 0, MAX_BATCHES),
        ("number of futures in a batch", settings.batch, 1, MAX_FUTURES),
        ("number of frozen months", settings.frozen, 0, MAX_MONTHS),
    ):
        yield from whole_number_problem(kind, value, low, high)
    if settings.batches == 1:
        yield "one batch gives no interval for the optimality gap; write 0 or at least 2 batches"
    least = LEAST_GAP if not settings.batches else LEAST_GAP / BATCH_GAP
    if not least <= settings.gap < 1.0:
        yield (
            f"an optimality gap of {settings.gap:g} ({100.0 * settings.gap:g} %) is not possible; it must be at least "
            f"{least:g} ({100.0 * least:g} %), the tolerance of the solver, and below 1 (100 %)"
        )
    if not settings.time_limit > 0.0:
        yield f"a time limit of {settings.time_limit:g} seconds is not possible; write a number above 0"


def whole_number_problem(kind: str, value: object, low: int, high: int) -> Iterator[str]:
    """A sentence if a value is not a whole number between two bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        yield f"a {kind} of {value} is not possible; write a whole number between {low} and {high}"


def goals_of(scenario: Scenario, options: PlanOptions | None = None) -> Goals:
    """The goals in a scenario's ``[plan]`` table, or in other plan options.

    Raises PlanError that lists every name the scenario does not have and every value that is out of range.
    """
    options = scenario.decisions.plan if options is None else options
    budgets, shortage, problems = budgets_and_shortage(scenario, options)
    target = None
    if options.target is not None:
        months = scenario.names.months
        month = months.index(options.by) if options.by in months else 0
        target = Target(options.target, month, DEFAULT_SHORTAGE_PRICE if shortage is None else shortage)
    elif options.by is not None or options.shortage is not None:
        problems.append("a month to reach the target by, or a price of a shortage, needs a target; add one")
    if options.by is not None:
        problems += unknown(options.by, scenario.names.months, "month")
    try:
        goals = Goals(
            objective=options.objective,
            risk=Risk(options.tail, options.level),
            budgets=budgets,
            share={country: (low, high) for country, (low, high) in options.share.items()},
            jobs=options.jobs,
            most=options.most,
            target=target,
            stopped=options.stopped,
            confidence=options.confidence,
            fixed=tuple(options.fixed),
            worst=options.worst,
        )
    except PlanError as error:
        raise_problems([*problems, *str(error).split("\n")])
        raise
    raise_problems([*problems, *name_problems(scenario, goals)])
    return goals


def budgets_and_shortage(
    scenario: Scenario, options: PlanOptions
) -> tuple[dict[tuple[str, int | None], float], float | None, list[str]]:
    """Budgets and the price of a shortage in the reporting currency, and a sentence for each that cannot be read."""
    units, currency = units_of(scenario.names.currencies), scenario.currency
    budgets: dict[tuple[str, int | None], float] = {}
    problems = []
    for payer, amounts in options.budget.items():
        for year, text in amounts.items() if isinstance(amounts, dict) else [(None, amounts)]:
            if year is not None and not YEAR.fullmatch(year):
                problems.append(
                    f"the budget of {payer} for {year!r} has no year; write a calendar year, such as "
                    f"{payer}:{scenario.names.months[0][:4]}"
                )
                continue
            key = (payer, None if year is None else int(year))
            try:
                budgets[key] = money(text, units, currency)
            except QuantityError as error:
                problems.append(f"the budget of {label(key)}: {error}")
    try:
        return budgets, shortage_price(options, units, currency), problems
    except QuantityError as error:
        return budgets, None, [*problems, f"the price of a shortage: {error}"]


def options_with(scenario: Scenario, values: Mapping[str, Any]) -> PlanOptions:
    """The scenario's plan options with some of them replaced; None leaves one as it is.

    Raises PlanError that lists every value that is not possible, by the name of its command-line option.
    """
    fields = scenario.decisions.plan.model_dump(exclude_unset=True)
    for name, value in values.items():
        if isinstance(value, dict):
            fields[name] = {**fields.get(name, {}), **value}
        elif value is not None:
            fields[name] = value
    try:
        return PlanOptions.model_validate(fields)
    except ValidationError as error:
        problems = []
        for details in error.errors(include_url=False):
            option, *path = map(str, details["loc"])
            names = " ".join(part for part in path if part not in ("str", "dict[str,str]"))
            problems.append(f"--{option.replace('_', '-')}{' ' * bool(names)}{names}: {explain(details)}")
        raise PlanError("\n".join(dict.fromkeys(problems))) from None


def name_problems(scenario: Scenario, goals: Goals) -> Iterator[str]:
    """A sentence for each name in the goals that the scenario does not have."""
    names = scenario.names
    for country in [*goals.share, *goals.jobs, *(name for name in goals.units if name != ALL_COUNTRIES)]:
        yield from unknown(country, names.countries, "country")
    for plant in goals.most:
        yield from unknown(plant, names.plants, "plant")
    years = sorted({int(month[:4]) for month in names.months})
    for payer, year in goals.budgets:
        yield from unknown(payer, names.payers, "payer")
        if year is not None and year not in years:
            span = f"{years[0]}" if len(years) == 1 else f"{years[0]} to {years[-1]}"
            yield f"the year {year} of the budget of {payer} is outside the horizon; it covers {span}"
    if goals.target is not None and goals.target.month >= len(names.months):
        yield f"the target is due in month {goals.target.month}, after the last month, {len(names.months) - 1}"
    for decision in goals.fixed:
        yield from decision_problem(decision, names.plants)
    for name, factors in goals.worst.items():
        for pattern in factors:
            if not any(fnmatchcase(column, pattern) for column in scenario.columns):
                yield (
                    f"no assumption is called {pattern!r}, as worst.{name} has it; "
                    "write a name of the assumption log, such as raids.level"
                )


def decision_problem(decision: str, plants: tuple[str, ...]) -> Iterator[str]:
    """A sentence if a name is not that of a decision that can be fixed."""
    kind, _, plant = decision.partition(".")
    if kind in ("output", "lines") and plant:
        yield from unknown(plant, plants, "plant")
    elif decision not in ("crews", "kits", "output", "lines"):
        yield (
            f"{decision!r} is not a decision that can be fixed; write crews, kits, "
            f"output.{plants[0]} or lines.{plants[0]}"
        )


def unknown(name: str, names: tuple[str, ...], kind: str) -> Iterator[str]:
    """A sentence if a name is not among those of the scenario."""
    if name not in names:
        yield f"there is no {kind} {name!r}; the scenario has {', '.join(names)}"


def known(name: str, names: tuple[str, ...], kind: str) -> int:
    """The row of a name. Raises PlanError for one that is not there."""
    raise_problems(list(unknown(name, names, kind)))
    return names.index(name)
