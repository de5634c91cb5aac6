"""Texts and numbers of a calibration: assumptions, observations, and pairs that are not distinguished."""

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, isnan, log10

from octoplan.calibrate.evidence import Comparison, Pair, Quantiles
from octoplan.calibrate.targets import Target
from octoplan.outcomes.format import digits, scaled
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import month_text, subject, unit_text
from octoplan.scenario.observations import DATE, MONEY, OWNER_AXIS

MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
HEAD = re.compile(r" (?:of|in|on|at|per|that|over|from|to|after|for|with|by|between|during)\b|[(,]")
"""What ends the head of a meaning, such as ``trained crews`` of ``trained crews at the start``."""
PLURAL = re.compile(r"\b\w*[^s\W]s\b")
DURATION, LENGTH = re.compile(r"\b(time|duration|window)$"), re.compile(r"\blength$")
SMALLEST = 1e-6
"""Numbers closer to 0 are printed as 0 next to larger ones."""
OWNER_TITLES = {"programme": "the programme", "others": "other makers", "shared": "the programme and other makers"}


def count(number: int, noun: str) -> str:
    """A number of things as text.

    >>> count(1, "observation"), count(1_000, "future")
    ('1 observation', '1,000 futures')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def change(text: str, *, higher: bool) -> str:
    """A higher or lower value of a quantity in words.

    >>> change("trained crews at the start", higher=True)
    'more trained crews at the start'
    >>> change("engagement duration (drone)", higher=False), change("yield", higher=True)
    ('a shorter engagement duration (drone)', 'a higher yield')
    """
    head = HEAD.split(text)[0].strip()
    if LENGTH.search(head):
        return f"a {'greater' if higher else 'smaller'} {text}"
    if DURATION.search(head):
        return f"a {'longer' if higher else 'shorter'} {text}"
    if PLURAL.search(head):
        return f"{'more' if higher else 'fewer'} {text}"
    return f"a {'higher' if higher else 'lower'} {text}"


def separation_sentence(scenario: Scenario, pair: Pair) -> str:
    """A sentence that states that the observations do not distinguish two assumptions."""
    first = change(subject(scenario, pair.first), higher=True)
    second = change(subject(scenario, pair.second), higher=pair.correlation > 0)
    return (
        f"{first[:1].upper()}{first[1:]} together with {second} fits the observations as well as the reverse "
        f"(correlation {pair.correlation:.2f})."
    )


def named_with_unit(scenario: Scenario, assumption: Assumption) -> str:
    """The meaning of an assumption, followed by its unit."""
    unit = unit_text(assumption)
    return f"{subject(scenario, assumption)}{f', {unit}' if unit else ''}"


def quantiles_text(values: Quantiles) -> str:
    """P50 (P10 to P90) as text, with the same number of decimals.

    >>> quantiles_text((-0.29, 0.00002, 0.3)), quantiles_text((4930.4, 6488.0, 8369.8))
    ('0.000 (-0.290 to 0.300)', '6,488 (4,930 to 8,370)')
    """
    ends = [floor(log10(abs(end))) for end in (values[0], values[2]) if abs(end) > SMALLEST]
    if not ends:
        low, middle, high = map(digits, values)
    else:
        decimals = min(6, max(0, 2 - max(ends), 1 - min(ends)))
        low, middle, high = (f"{round(value, decimals) + 0.0:,.{decimals}f}" for value in values)
    return f"{middle} ({low} to {high})"


def with_unit(text: str, unit: str) -> str:
    """A number as text with its unit, after a space at which a line is not broken."""
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most ``width`` characters, if its words allow it, for plotly."""
    return "<br>".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


@dataclass(frozen=True)
class Scale:
    """How the values of a measure are printed: their divisor, unit and, if they are dates, the day 0.

    Attributes:
        divisor: Divisor of the values.
        unit: Unit of the values after division; '' for a number.
        day_0: Start of the scenario if the values are dates, otherwise None.

    """

    divisor: float
    unit: str
    day_0: date | None

    def text(self, value: float) -> str:
        """A value as text, without its unit."""
        if self.day_0 is None or isnan(value):
            return digits(value / self.divisor)
        return f"{self.day_0 + timedelta(days=round(value))}"

    def error_text(self, value: float) -> str:
        """A standard deviation as text."""
        return f"{digits(value / self.divisor, 2)}{' days' if self.day_0 else ''}"

    def band_text(self, values: Quantiles) -> str:
        """P10 to P90 as text."""
        return "undefined" if isnan(values[1]) else f"{self.text(values[0])} to {self.text(values[2])}"

    @property
    def axis(self) -> str:
        """Unit of an axis with the values."""
        return self.unit if self.day_0 is None else f"days after {self.day_0}"


def scale_of(scenario: Scenario, comparisons: Iterable[Comparison]) -> Scale:
    """The scale of one measure: money in millions if it is large; dates as days after the start."""
    rows = list(comparisons)
    measure = rows[0].target.key.measure
    if measure.kind == DATE:
        return Scale(1.0, "", scenario.start)
    unit = f"{scenario.programme.currency} ({scenario.programme.price_base})" if measure.kind == MONEY else measure.unit
    values = [value for row in rows for value in (row.target.value, *row.prior, *row.posterior) if not isnan(value)]
    return Scale(*scaled(unit, values), None)


def measure_title(scenario: Scenario, target: Target) -> str:
    """The meaning of an observed measure, with the title of its entity."""
    meaning, section, name = target.key.measure.meaning.partition(":")[0], target.key.section, target.key.name
    if not section:
        return meaning
    title = OWNER_TITLES[name] if section == OWNER_AXIS else scenario.titles.get(f"{section}.{name}", name)
    return f"{meaning} ({title})"


def period_of(target: Target) -> str:
    """The period of an observation as its label states it, with a single month in words."""
    period = target.label.partition(" ")[2]
    return month_text(period) if MONTH.fullmatch(period) else period


def observation_title(scenario: Scenario, target: Target) -> str:
    """An observation in words: measure, entity and period."""
    return f"{measure_title(scenario, target)}, {period_of(target)}"
