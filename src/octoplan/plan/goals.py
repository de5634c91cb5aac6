"""Goals of a plan (objective and constraints) and settings of the search, with their validation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import inf
from typing import Any, Literal

from pydantic import ValidationError

from octoplan.errors import PlanError, QuantityError
from octoplan.outcomes.format import percent
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.plan.solver.risk import NEUTRAL, Risk
from octoplan.plan.solver.two_stage import MIN_GAP
from octoplan.scenario import Scenario
from octoplan.scenario.amounts import CALENDAR_YEAR, parse_money, shortage_price
from octoplan.scenario.decisions import validation_message
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

DEFAULT_SHORTAGE_PRICE = 5000.0
"""Default price of a unit short of the target, in the reporting currency; more than the cost of a unit."""

ALL_COUNTRIES = "*"
"""Key of ``Goals.units`` that stands for all countries together."""

BATCH_GAP_RATIO = 0.5
"""Ratio of the optimality gap at which the search on a batch stops to that of the plan; a larger one inflates the
estimate of the gap."""

MAX_FUTURES, MAX_BATCHES, MAX_FROZEN_MONTHS = 100_000, 1_000, 1_200
"""Largest permitted numbers of futures, batches and frozen months."""

Objective = Literal["least-cost", "most-stopped"]


@dataclass(frozen=True)
class Target:
    """An output target.

    rate
        Good units a month.
    month
        Index of the first month in which the target applies, from 0.
    price
        Penalty for each unit short of the target, in the reporting currency.
    """

    rate: float
    month: int
    price: float


@dataclass(frozen=True)
class Goals:
    """Objective and constraints of a plan.

    objective
        ``least-cost``: minimise expected discounted cost and losses; ``most-stopped``: maximise threats stopped within
        the budgets.
    risk
        Risk measure: weight of the conditional value at risk against the mean.
    budgets
        Upper bound on expected spend in the reporting currency, by payer and calendar year; the year None stands for
        the whole horizon. Spend includes crews, kits, lines and units, as if all units requested were produced.
    share
        Lower and upper bound on each country's share of the units requested.
    units
        Lower and upper bound on the units requested over the horizon, by country or ``ALL_COUNTRIES``.
    jobs
        Lower bound on direct jobs by country, for the units requested, averaged over the horizon.
    max_output
        Upper bound on good units requested in a month, by plant.
    target, stopped_share
        Output target; lower bound on the share of launched threats that are stopped.
    confidence
        Share of futures in which the target and the share of threats stopped must be reached. If None, both are soft
        constraints with a penalty per unit or threat short.
    fixed
        Decisions that the plan does not change: ``output.PLANT``, ``lines.PLANT``, ``crews``, ``kits``.
    max_lines
        Upper bound on the lines of each plant; by default twice the largest number in the scenario's decisions.
    max_crews
        Upper bound on crew intake, and on kits ordered, in a month; by default four times the largest in the scenario.
    stress_scenarios
        Named scenarios: for each, a factor by pattern of assumption names. The plan minimises the largest mean cost
        over the named scenarios and the baseline assumptions (minimax).

    Raises PlanError with a list of the values that are out of range or contradict each other.
    """

    objective: Objective = "least-cost"
    risk: Risk = NEUTRAL
    budgets: Mapping[tuple[str, int | None], float] = field(default_factory=dict)
    share: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    units: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    jobs: Mapping[str, float] = field(default_factory=dict)
    max_output: Mapping[str, float] = field(default_factory=dict)
    target: Target | None = None
    stopped_share: float | None = None
    confidence: float | None = None
    fixed: tuple[str, ...] = ()
    max_lines: float | None = None
    max_crews: float | None = None
    stress_scenarios: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        raise_problems([*range_problems(self), *contradictions(self)])


def raise_problems(problems: Sequence[str]) -> None:
    """Raises PlanError with one line for each problem; does nothing if there are no problems."""
    if problems:
        raise PlanError("\n".join(dict.fromkeys(problems)))


def range_problems(goals: Goals) -> Iterator[str]:
    """Yield a sentence for each number in the goals that is out of range; NaN is always out of range."""
    if goals.objective not in ("least-cost", "most-stopped"):
        yield f"the objective {goals.objective!r} is unknown; write least-cost or most-stopped"
    for kind, bounds, upper_limit in (("share", goals.share, 1.0), ("number of units", goals.units, inf)):
        for country, (low, high) in bounds.items():
            if not (0.0 <= low <= high <= upper_limit and low < inf):
                limit = "0 <= low <= high <= 1" if upper_limit == 1.0 else "0 <= low <= high"
                yield f"a {kind} of {country} between {low:g} and {high:g} is out of range; write {limit}"
    for kind, probability in (("share of threats stopped", goals.stopped_share), ("confidence", goals.confidence)):
        if probability is not None and not 0.0 < probability <= 1.0:
            yield f"a {kind} of {probability:g} is out of range; write a number above 0 and at most 1"
    for kind, amounts in (
        ("budget", goals.budgets),
        ("number of jobs", goals.jobs),
        ("largest output", goals.max_output),
    ):
        for key, amount in amounts.items():
            if not 0.0 <= amount < inf:
                yield f"a {kind} of {key_label(key)} of {amount:g} is out of range; write a finite number, 0 or more"
    for kind, maximum in (("number of lines", goals.max_lines), ("number of crews a month", goals.max_crews)):
        if maximum is not None and not 0.0 <= maximum < inf:
            yield f"a largest {kind} of {maximum:g} is out of range; write a finite number, 0 or more"
    if goals.target is not None:
        if not 0.0 < goals.target.rate < inf:
            yield f"a target of {goals.target.rate:g} units a month is out of range; write a finite number above 0"
        if not 0.0 < goals.target.price < inf:
            yield (
                f"a price of {goals.target.price:g} for a unit short of the target is out of range; "
                "write a finite amount above 0, or the target has no effect"
            )
        if goals.target.month < 0:
            yield f"month {goals.target.month} of the target is out of range; the first month is 0"
    for name, factors in goals.stress_scenarios.items():
        for pattern, factor in factors.items():
            if not 0.0 <= factor < inf:
                yield f"the factor {factor:g} of {pattern} in worst.{name} is out of range; write a number, 0 or more"


def contradictions(goals: Goals) -> Iterator[str]:
    """Yield a sentence for each combination of goals that no plan can satisfy or that has no effect."""
    if goals.confidence is not None and goals.target is None and goals.stopped_share is None:
        yield "a confidence has no effect without a target; add an output target or a share of threats to be stopped"
    if goals.objective == "most-stopped" and not goals.budgets:
        yield "the objective most-stopped needs a budget, since threats stopped increase with spend; add a budget"
    if goals.stress_scenarios and goals.risk.weight > 0.0:
        yield "worst and tail state two different risk measures; choose one"
    total_lower_bound = sum(low for low, _ in goals.share.values())
    if total_lower_bound > 1.0 + 1e-9:
        names = ", ".join(f"{country} {percent(low)}" for country, (low, _) in goals.share.items())
        yield (
            f"the lower bounds on shares add up to {percent(total_lower_bound)} ({names}), above 100 %; "
            "smallest change that makes them feasible: lower them by "
            f"{100.0 * (total_lower_bound - 1.0):.0f} percentage points in total"
        )
    for (payer, year), budget in goals.budgets.items():
        horizon_budget = goals.budgets.get((payer, None))
        if year is not None and horizon_budget is not None and budget > horizon_budget:
            yield (
                f"the budget of {payer} in {year}, {budget:,.0f}, is larger than its budget for the whole horizon, "
                f"{horizon_budget:,.0f}; lower the first or raise the second"
            )


def key_label(key: object) -> str:
    """A key of the goals as text: a name, or a payer and a year."""
    if isinstance(key, tuple):
        return f"{key[0]}" if key[1] is None else f"{key[0]} in {key[1]}"
    return str(key)


@dataclass(frozen=True)
class SearchSettings:
    """Settings of the search for a plan.

    futures, seed
        Number of futures over which the plan is optimised, and the seed of their draws.
    gap
        Relative optimality gap at which the search may stop, as a share of the plan's gain over taking no action.
    time_limit
        Time limit of the final search, in seconds.
    batches, batch
        Number of batches of further futures, and futures per batch, for the estimate of the optimality gap; 0 batches
        for no estimate.
    frozen
        Number of months, from the first planned month, whose decisions stay as in the scenario.

    Raises PlanError with a list of the settings that are out of range.
    """

    futures: int = 64
    seed: int = 1
    gap: float = 0.002
    time_limit: float = inf
    batches: int = 0
    batch: int = 48
    frozen: int = 0

    def __post_init__(self) -> None:
        raise_problems(list(setting_problems(self)))

    @property
    def futures_needed(self) -> int:
        """Number of futures to simulate: those of the plan and those of the batches."""
        return (
            self.futures if not self.batches else batch_start(self.futures, self.batch, self.batches - 1) + self.batch
        )


def batch_start(planned_futures: int, size: int, batch: int) -> int:
    """First future of a batch, by number of the batch from 0; every batch begins with a new block of futures.

    planned_futures, size
        Number of futures over which the plan is optimised, and of futures in a batch.
    """
    blocks = -(-planned_futures // BLOCK_FUTURES) + batch * -(-size // BLOCK_FUTURES)
    return blocks * BLOCK_FUTURES


def setting_problems(settings: SearchSettings) -> Iterator[str]:
    """Yield a sentence for each setting that is out of range."""
    for kind, value, low, high in (
        ("number of futures", settings.futures, 1, MAX_FUTURES),
        ("seed", settings.seed, 0, 2**64 - 1),
        ("number of batches", settings.batches, 0, MAX_BATCHES),
        ("number of futures in a batch", settings.batch, 1, MAX_FUTURES),
        ("number of frozen months", settings.frozen, 0, MAX_FROZEN_MONTHS),
    ):
        yield from whole_number_problem(kind, value, low, high)
    if settings.batches == 1:
        yield "one batch gives no confidence interval for the optimality gap; write 0 or at least 2 batches"
    min_gap = MIN_GAP if not settings.batches else MIN_GAP / BATCH_GAP_RATIO
    if not min_gap <= settings.gap < 1.0:
        yield (
            f"an optimality gap of {settings.gap:g} ({100.0 * settings.gap:g} %) is out of range; it must be at least "
            f"{min_gap:g} ({100.0 * min_gap:g} %), the tolerance of the solver, and below 1 (100 %)"
        )
    if not settings.time_limit > 0.0:
        yield f"a time limit of {settings.time_limit:g} seconds is out of range; write a number above 0"


def whole_number_problem(kind: str, value: object, low: int, high: int) -> Iterator[str]:
    """Yield a sentence if a value is not a whole number between two bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        yield f"a {kind} of {value} is out of range; write a whole number between {low} and {high}"


def goals_of(scenario: Scenario, options: PlanOptions | None = None) -> Goals:
    """The goals stated by plan options; by default those in the scenario's ``[plan]`` table.

    Raises PlanError with a list of the names that are not in the scenario and the values that are out of range.
    """
    options = scenario.decisions.plan if options is None else options
    budgets, shortage, problems = budgets_and_shortage(scenario, options)
    target = None
    if options.target is not None:
        months = scenario.names.months
        month = months.index(options.by) if options.by in months else 0
        target = Target(options.target, month, DEFAULT_SHORTAGE_PRICE if shortage is None else shortage)
    elif options.by is not None or options.shortage is not None:
        problems.append("a month or a price of a shortage is given without a target; add a target")
    if options.by is not None:
        problems += unknown_name_problem(options.by, scenario.names.months, "month")
    try:
        goals = Goals(
            objective=options.objective,
            risk=Risk(options.tail, options.level),
            budgets=budgets,
            share={country: (low, high) for country, (low, high) in options.share.items()},
            jobs=options.jobs,
            max_output=options.most,
            target=target,
            stopped_share=options.stopped,
            confidence=options.confidence,
            fixed=tuple(options.fixed),
            stress_scenarios=options.worst,
        )
    except PlanError as error:
        raise_problems([*problems, *str(error).split("\n")])
        raise
    raise_problems([*problems, *name_problems(scenario, goals)])
    return goals


def budgets_and_shortage(
    scenario: Scenario, options: PlanOptions
) -> tuple[dict[tuple[str, int | None], float], float | None, list[str]]:
    """Budgets and the price of a shortage, in the reporting currency, and a sentence for each invalid amount."""
    units, currency = units_of(scenario.names.currencies), scenario.currency
    budgets: dict[tuple[str, int | None], float] = {}
    problems = []
    for payer, amounts in options.budget.items():
        for year, text in amounts.items() if isinstance(amounts, dict) else [(None, amounts)]:
            if year is not None and not CALENDAR_YEAR.fullmatch(year):
                problems.append(
                    f"the budget of {payer} for {year!r} has no year; write a calendar year, such as "
                    f"{payer}:{scenario.names.months[0][:4]}"
                )
                continue
            key = (payer, None if year is None else int(year))
            try:
                budgets[key] = parse_money(text, units, currency)
            except QuantityError as error:
                problems.append(f"the budget of {key_label(key)}: {error}")
    try:
        return budgets, shortage_price(options, units, currency), problems
    except QuantityError as error:
        return budgets, None, [*problems, f"the price of a shortage: {error}"]


def options_with(scenario: Scenario, values: Mapping[str, Any]) -> PlanOptions:
    """The scenario's plan options with some fields replaced; a value of None leaves a field unchanged.

    Raises PlanError with a list of the invalid values, by command-line option.
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
            problems.append(f"--{option.replace('_', '-')}{' ' * bool(names)}{names}: {validation_message(details)}")
        raise PlanError("\n".join(dict.fromkeys(problems))) from None


def name_problems(scenario: Scenario, goals: Goals) -> Iterator[str]:
    """Yield a sentence for each name in the goals that is not in the scenario."""
    names = scenario.names
    for country in [*goals.share, *goals.jobs, *(name for name in goals.units if name != ALL_COUNTRIES)]:
        yield from unknown_name_problem(country, names.countries, "country")
    for plant in goals.max_output:
        yield from unknown_name_problem(plant, names.plants, "plant")
    years = sorted({int(month[:4]) for month in names.months})
    for payer, year in goals.budgets:
        yield from unknown_name_problem(payer, names.payers, "payer")
        if year is not None and year not in years:
            span = f"{years[0]}" if len(years) == 1 else f"{years[0]} to {years[-1]}"
            yield f"the year {year} of the budget of {payer} is outside the horizon, which covers {span}"
    if goals.target is not None and goals.target.month >= len(names.months):
        yield f"the target is due in month {goals.target.month}, after the last month, {len(names.months) - 1}"
    for decision in goals.fixed:
        yield from decision_problem(decision, names.plants)
    for name, factors in goals.stress_scenarios.items():
        for pattern in factors:
            if not any(fnmatchcase(column, pattern) for column in scenario.columns):
                yield (
                    f"no assumption matches {pattern!r} in worst.{name}; "
                    "write a name of the assumption log, such as raids.level"
                )


def decision_problem(decision: str, plants: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence if a name is not the name of a decision that can be fixed."""
    kind, _, plant = decision.partition(".")
    if kind in ("output", "lines") and plant:
        yield from unknown_name_problem(plant, plants, "plant")
    elif decision not in ("crews", "kits", "output", "lines"):
        yield (
            f"{decision!r} is not a decision that can be fixed; write crews, kits, "
            f"output.{plants[0]} or lines.{plants[0]}"
        )


def unknown_name_problem(name: str, names: tuple[str, ...], kind: str) -> Iterator[str]:
    """Yield a sentence if a name is not in the scenario."""
    if name not in names:
        yield f"there is no {kind} {name!r}; the scenario has {', '.join(names)}"


def index_of(name: str, names: tuple[str, ...], kind: str) -> int:
    """Index of a name in the scenario's list. Raises PlanError if the scenario has no such name."""
    raise_problems(list(unknown_name_problem(name, names, kind)))
    return names.index(name)
