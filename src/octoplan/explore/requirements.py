"""Requirements: what a result must be in a future, such as ``reach/2000 <= 2026-06`` or ``net-benefit >= 0``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from octoplan.errors import QuantityError, RunError
from octoplan.explore.boxes import Bools
from octoplan.outcomes.format import scaled
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats
from octoplan.scenario.parameter_types import MONEY
from octoplan.scenario.quantities import parse_quantity, units_of
from octoplan.scenario.report import did_you_mean, quoted

REQUIREMENT = re.compile(r"(?P<key>[^<>=\s]+)\s*(?P<comparison><=|>=|<|>|=|\bby\b)\s*(?P<limit>.+)")
EXAMPLE = "write a measure, a comparison and a limit, such as 'reach/2000 <= 2026-06' or 'net-benefit >= 0'"
MONTH = re.compile(r"\d{4}-\d{2}")
COMPARISONS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}
"""Comparisons in words."""
OPPOSITES = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}
COUNTED = ("units", "sorties", "threats", "shots", "crews", "kits", "jobs")
"""Units of measures that are numbers of what their title names."""
USUAL_SHARES = (0.05, 0.95)
"""Smallest and largest share of futures that miss a default requirement."""


@dataclass(frozen=True)
class Requirement:
    """What a result must be in a future.

    Attributes:
        text: The requirement as stated.
        key: Key of the measure.
        comparison: ``<=``, ``>=``, ``<`` or ``>``.
        limit: Limit in the unit of the measure; for a month its index in the run.
        met_text: What happens in a future that meets the requirement, in words.
        missed_text: What happens in a future that misses it.

    """

    text: str
    key: str
    comparison: str
    limit: float
    met_text: str
    missed_text: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """Which futures meet a requirement.

    Attributes:
        met: (n,) True where the requirement is met.
        defined: (n,) False where the result is undefined or the future failed.

    """

    met: Bools
    defined: Bools

    @property
    def undefined(self) -> int:
        """Number of futures in which the result is undefined."""
        return int((~self.defined).sum())

    @property
    def missed(self) -> Bools:
        """(n,) True where the result is defined and the requirement is missed."""
        return self.defined & ~self.met


def parse_requirements(texts: Sequence[str], measures: Sequence[Measure], months: Sequence[str]) -> list[Requirement]:
    """Requirements from texts.

    Args:
        texts: Requirements such as ``net-benefit >= 5 M GBP``; for months also ``reach/2000 by 2026-06``.
        measures: Measures of the run, whose values are not used.
        months: Months of the run.

    Raises:
        RunError: A text is not a requirement of this run; the message lists all such texts.

    """
    requirements, problems = [], []
    for text in texts:
        try:
            requirements.append(parse_requirement(text, measures, months))
        except RunError as error:
            problems.append(str(error))
    if problems:
        raise RunError("\n".join(problems))
    return requirements


def parse_requirement(text: str, measures: Sequence[Measure], months: Sequence[str]) -> Requirement:
    """A requirement from a text; see ``parse_requirements``. Raises RunError if it is not one of this run."""
    match = REQUIREMENT.fullmatch(text.strip())
    if not match:
        raise RunError(f"{quoted(text)} is not a requirement; {EXAMPLE}")
    key, comparison, limit = match["key"], match["comparison"], match["limit"].strip()
    by_key = {measure.key: measure for measure in measures}
    if key not in by_key:
        raise RunError(f"{quoted(text)}: there is no measure {quoted(key)}; {did_you_mean(key, by_key)}")
    measure = by_key[key]
    try:
        if measure.form == "month":
            return month_requirement(text, measure, comparison, limit, months)
        if measure.form == "chance":
            return event_requirement(text, measure, comparison, limit)
        return amount_requirement(text, measure, comparison, limit)
    except (QuantityError, RunError) as error:
        raise RunError(f"{quoted(text)}: {error}") from None


def month_requirement(text: str, measure: Measure, comparison: str, limit: str, months: Sequence[str]) -> Requirement:
    """The requirement that an output is reached in a month at the latest."""
    if comparison not in ("<=", "<", "by"):
        raise RunError(f"a month can be required at the latest only; write {measure.key} <= {months[-1]}")
    if not MONTH.fullmatch(limit):
        raise RunError(f"{measure.key} is a month; write its limit as {months[-1]}, not {quoted(limit)}")
    if limit not in months:
        raise RunError(f"{limit} is not a month of this run, which has {months[0]} to {months[-1]}")
    index = months.index(limit) - (comparison == "<")
    if index < 0:
        raise RunError(f"{limit} is the first month of this run, so that nothing is reached before it")
    return month_limit(measure, index, months, text)


def month_limit(measure: Measure, index: int, months: Sequence[str], text: str = "") -> Requirement:
    """The requirement that an output is reached by the month with an index."""
    month = f"{date.fromisoformat(f'{months[index]}-01'):%B %Y}"
    amount = f"{int(measure.key.rpartition('/')[2]):,} good units a month by {month}"
    text = text or f"{measure.key} <= {months[index]}"
    return Requirement(
        text, measure.key, "<=", float(index), f"the programme reaches {amount}", f"the programme misses {amount}"
    )


def event_requirement(text: str, measure: Measure, comparison: str, limit: str) -> Requirement:
    """The requirement that an event, whose chance is a measure, does not happen."""
    if (comparison, limit) not in {("<=", "0"), ("=", "0")}:
        raise RunError(
            f"{measure.key} is a chance over futures, and in a future the event happens or not; "
            f"to require that it does not, write {measure.key} <= 0"
        )
    event = measure.title.removeprefix("chance that ")
    return Requirement(text, measure.key, "<=", 0.0, f"it does not happen that {event}", event)


def amount_requirement(text: str, measure: Measure, comparison: str, limit: str) -> Requirement:
    """The requirement that an amount is at least or at most a limit."""
    if comparison not in COMPARISONS:
        raise RunError(f"{comparison!r} is not a comparison of an amount; write one of {', '.join(COMPARISONS)}")
    if MONTH.fullmatch(limit):
        raise RunError(f"{quoted(limit)} is a month, and {measure.key} is not; it is in {unit_name(measure.unit)}")
    return amount_limit(measure, comparison, converted(limit, measure), text)


def amount_limit(measure: Measure, comparison: str, limit: float, text: str) -> Requirement:
    """The requirement with a limit in the unit of the measure."""
    size, unit = scaled(measure.unit, [limit])
    amount = f"{limit / size:,.10g}" + ("" if unit in {"", *COUNTED} else f" {unit}")
    subject = measure.title.partition(":")[0].removeprefix("of which ")
    verb = f"{',' if ',' in subject else ''} {'are' if unit in COUNTED else 'is'}"
    met, missed = (f"{subject}{verb} {COMPARISONS[sign]} {amount}" for sign in (comparison, OPPOSITES[comparison]))
    return Requirement(text, measure.key, comparison, limit, met, missed)


def converted(limit: str, measure: Measure) -> float:
    """A limit with or without a unit in the unit of the measure."""
    quantity = parse_quantity(limit)
    unit = re.sub(r"^([kM]) +(?=[A-Z])", r"\1", quantity.unit)
    if not unit or unit in {measure.unit, measure.unit.removesuffix("s")}:
        return quantity.number
    problem = f"{measure.key} is in {unit_name(measure.unit)}, not {quoted(quantity.unit)}"
    currency = re.fullmatch(r"([A-Z]{3}) \(.*\)", measure.unit)
    if currency:
        try:
            return units_of((currency[1],)).convert(quantity.number, unit, MONEY)[0]
        except QuantityError:
            raise RunError(f"{problem}; write an amount such as 5 M {currency[1]}") from None
    if measure.unit == "1" and unit == "%":
        return quantity.number / 100.0
    raise RunError(f"{problem}; write the number without a unit")


def unit_name(unit: str) -> str:
    """The unit of a measure in a message."""
    return "a number without unit" if unit == "1" else unit


def outcome(requirement: Requirement, values: Floats) -> Outcome:
    """Which futures meet a requirement, given the values of its measure, (n,); ``nan`` is undefined."""
    values = np.asarray(values, np.float64)
    comparisons = {"<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater}
    met = comparisons[requirement.comparison](values, requirement.limit)
    return Outcome(np.asarray(met, bool), ~np.isnan(values))


def default_requirements(measures: Sequence[Measure], months: Sequence[str]) -> list[Requirement]:
    """Requirements of a run without stated ones: the largest target for the output, and a net benefit above 0.

    A target must be reached by the last month, or by an earlier one if almost all futures reach it by the last: the
    median month, or the one before. A target that almost all futures miss is replaced by the next smaller one. A
    requirement that all futures meet, or all miss, is omitted.

    Args:
        measures: Measures of the run with their values, (n,).
        months: Months of the run.

    """
    targets = sorted(
        (measure for measure in measures if measure.form == "month"),
        key=lambda measure: -int(measure.key.rpartition("/")[2]),
    )
    chosen = [requirement for measure in targets if (requirement := target_requirement(measure, months))][:1]
    for measure in measures:
        if measure.key == "net-benefit":
            requirement = amount_limit(measure, ">", 0.0, "net-benefit > 0")
            result = outcome(requirement, measure.values)
            chosen += [requirement] if result.missed.any() and (result.met & result.defined).any() else []
    return chosen


def target_requirement(measure: Measure, months: Sequence[str]) -> Requirement | None:
    """The requirement to reach a target by a month, None if almost all futures miss it or reach it at once."""
    values = measure.values[~np.isnan(measure.values)]
    if not len(values):
        return None
    low, high = USUAL_SHARES
    last, median = len(months) - 1, np.sort(values)[(len(values) - 1) // 2]
    indices = [last] if np.isinf(median) else [last, int(median), int(median) - 1]
    for index in indices:
        if index >= 0 and low <= (values > index).mean() <= high:
            return month_limit(measure, index, months)
    return None
