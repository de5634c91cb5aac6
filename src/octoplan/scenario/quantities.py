"""Quantities with units: conversion of text to numbers in the units of ``entities``.

Each currency is a separate dimension, because exchange rates differ between futures.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite

import pint

from octoplan.errors import QuantityError
from octoplan.scenario.parameter_types import MONEY
from octoplan.scenario.report import did_you_mean, quoted

MAX_QUANTITY = 1e12
"""Largest number in a scenario, in the unit of ``entities``."""

MAX_UNIT_LENGTH = 60
_NUMBER_WORDS = ("nan", "inf")
"""Words that pint parses as numbers."""

COUNT_UNITS = ("unit", "part", "shot", "crew", "kit", "sortie", "threat", "worker", "head", "line", "job", "engagement")
_UNIT_DEFINITIONS = (
    "k- = 1000",
    "M- = 1000000",
    "second = [time] = s",
    "minute = 60 * second = min",
    "hour = 3600 * second = h",
    "day = 86400 * second = d",
    "week = 604800 * second",
    "month = 2629800 * second",
    "year = 31557600 * second",
    "metre = [length] = m = meter",
    "gram = [mass] = g",
    "kelvin = [temperature] = K",
    "count = []",
    "percent = 0.01 * count",
    *(f"{name} = count" for name in COUNT_UNITS),
)
UNIT_WORDS = ("day", "week", "month", "year", "hour", "minute", "second", "percent", *COUNT_UNITS)

_NUMBER_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY_PATTERN = re.compile(rf"({_NUMBER_PATTERN})\s*(.*)", re.DOTALL)
_RANGE_PATTERN = re.compile(rf"({_NUMBER_PATTERN})\s+to\s+({_NUMBER_PATTERN})\s*(.*)", re.DOTALL)
_UNIT_PATTERN = re.compile(r"(?:1|[A-Za-z]+)?(?:\s*[/*]\s*[A-Za-z]+)*")

_EXAMPLE_BY_UNIT = {
    "1": "a dimensionless number, such as '0.4' with unit 1",
    "day": "a time, such as '6 weeks'",
    "hour": "a time, such as '8 hours'",
    "minute": "a time, such as '30 minutes'",
    "1/day": "a rate, such as '12 1/day' or '300 units/month'",
    "1/year": "a rate, such as '0.02 1/year' or '2 %/year'",
    MONEY: "money, such as '2500 {currency}'",
    f"{MONEY}/hour": "money per unit of time, such as '38 {currency}/hour'",
    f"{MONEY}/day": "money per unit of time, such as '900 {currency}/day'",
}


@dataclass(frozen=True)
class Quantity:
    """A number with its unit as written; the unit is '' if not stated."""

    number: float
    unit: str


def parse_number(text: str) -> float:
    """Parse a finite number.

    Raises:
        QuantityError: If the text is not a finite number.

    >>> parse_number("1.2e6")
    1200000.0

    """
    text = text.strip()
    if not re.fullmatch(_NUMBER_PATTERN, text):
        raise QuantityError(_number_error(text))
    number = float(text)
    if not isfinite(number):
        raise QuantityError(f"{quoted(text)} is too large for a floating-point number")
    if number == 0.0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise QuantityError(f"{quoted(text)} is too small for a floating-point number; write 0")
    return number


def parse_quantity(text: str) -> Quantity:
    """Parse a number with or without unit.

    Raises:
        QuantityError: If the text is not a number with an optional unit.

    >>> parse_quantity("6 weeks")
    Quantity(number=6.0, unit='weeks')

    """
    match = _QUANTITY_PATTERN.fullmatch(text.strip())
    if not match or re.match(r"(?!1\s*/)[\d,._+-]", match[2]):
        raise QuantityError(_number_error(text.strip()))
    return Quantity(parse_number(match[1]), match[2].strip())


def parse_range(text: str) -> tuple[Quantity, Quantity] | None:
    """The two ends of a range such as ``5 to 9 weeks``; None for any other text."""
    match = _RANGE_PATTERN.fullmatch(text.strip())
    if not match:
        return None
    unit = match[3].strip()
    return Quantity(parse_number(match[1]), unit), Quantity(parse_number(match[2]), unit)


def _number_error(text: str) -> str:
    """Reason why a text is not a number."""
    if re.match(r"[+-]?(nan|inf)", text, re.IGNORECASE):
        return f"{quoted(text)} is not a finite number"
    if re.match(r"[+-]?\d[\d ]*,\d", text):
        return f"{quoted(text)} has a comma, which may be a decimal or a thousands separator; write 2500 or 2.5"
    if re.fullmatch(rf"{_NUMBER_PATTERN}\s*[-–]\s*{_NUMBER_PATTERN}.*", text, re.DOTALL):
        return f"{quoted(text)} is not a number; write a range as '5 to 9'"
    return f"{quoted(text)} is not a number; write a number such as 2500, 0.4 or 1.2e6"


def quantity_text(number: float, unit: str) -> str:
    """A number with its unit for a message, with commas between thousands; a plain number has no unit.

    >>> quantity_text(2.5e6, "GBP"), quantity_text(0.4, "1")
    ('2,500,000 GBP', '0.4')
    """
    return f"{number:,.15g}" if unit == "1" else f"{number:,.15g} {unit}"


@lru_cache(maxsize=8)
def units_of(currencies: tuple[str, ...]) -> "Units":
    """Units for a scenario with these currencies, cached."""
    return Units(currencies)


class Units:
    """Units that a scenario may use: times, counts, per cent, and its currencies, with the prefixes k and M."""

    def __init__(self, currencies: tuple[str, ...]) -> None:
        self.currencies = currencies
        self._registry: pint.UnitRegistry[float] = pint.UnitRegistry(None, cache_folder=None)
        for definition in _UNIT_DEFINITIONS:
            self._registry.define(definition)
        for currency in currencies:
            self._registry.define(f"{currency} = [{currency}]")
        self._factors: dict[tuple[str, str], tuple[float, str]] = {}

    def convert(self, number: float, unit: str, expected: str) -> tuple[float, str]:
        """Convert a number to the expected unit; also return its currency ('' if it is not money).

        Raises ``QuantityError`` if the unit is unknown or of another dimension, or the result exceeds ``MAX_QUANTITY``.
        """
        if (unit, expected) not in self._factors:
            self._factors[unit, expected] = self._factor(unit, expected, f"{number:g} {unit}")
        factor, currency = self._factors[unit, expected]
        inverse = 1 / factor
        value = number / round(inverse) if factor < 1 and abs(inverse - round(inverse)) < 1e-9 else number * factor
        if not abs(value) <= MAX_QUANTITY:
            limit = quantity_text(MAX_QUANTITY, expected.replace(MONEY, currency))
            raise QuantityError(f"{quantity_text(number, unit)} is too large; the limit is {limit}")
        return value, currency

    def _factor(self, text: str, expected: str, quantity: str) -> tuple[float, str]:
        """Factor from a unit to the expected unit, and the currency; ``quantity`` is quoted in error messages."""
        unit = self._parse(text)
        dimensions = self._dimensions(unit)
        currencies_used = [name for name in self.currencies if f"[{name}]" in dimensions]
        currency = currencies_used[0] if len(currencies_used) == 1 and MONEY in expected else ""
        target = self._parse(expected.replace(MONEY, currency)) if currency or MONEY not in expected else None
        if target is None or self._dimensions(target) != dimensions:
            example = _EXAMPLE_BY_UNIT.get(expected, expected).format(currency=(self.currencies or ("GBP",))[0])
            raise QuantityError(f"{quoted(quantity)} is {self._describe(dimensions)}; expected {example}")
        return float(self._registry.Quantity(1.0, unit).to(target).magnitude), currency

    def _dimensions(self, unit: pint.Unit) -> dict[str, int]:
        """Dimensions of a unit and their powers; only integer powers can occur."""
        return {name: int(str(power)) for name, power in self._registry.get_dimensionality(unit).items()}

    def _parse(self, text: str) -> pint.Unit:
        """Parse a unit. Raises ``QuantityError`` if it is invalid or unknown."""
        expression = re.sub(r"\bper\b", "/", text.replace("%", "percent")).strip()
        if not expression or len(expression) > MAX_UNIT_LENGTH or not _UNIT_PATTERN.fullmatch(expression):
            raise QuantityError(f"{quoted(text)} is not a unit; write one such as day, 1/day, GBP, GBP/hour, % or 1")
        for name in re.findall(r"[A-Za-z]+", expression):
            if not self._registry.parse_unit_name(name) or name.lower() in _NUMBER_WORDS:
                raise QuantityError(f"{quoted(name)} is not a known unit; {did_you_mean(name, self._known_units)}")
        expression = expression if expression[0] != "/" else f"1{expression}"
        return self._registry.Unit("" if expression == "1" else expression)

    @cached_property
    def _known_units(self) -> tuple[str, ...]:
        return (*self.currencies, *UNIT_WORDS, *(f"{word}s" for word in UNIT_WORDS))

    def _describe(self, dimensions: Mapping[str, int]) -> str:
        """Description of a dimension, such as ``money per time``."""
        names = {f"[{currency}]": "money" for currency in self.currencies}
        names |= {"[time]": "time", "[length]": "length", "[mass]": "mass", "[temperature]": "temperature"}
        numerator = [names[d] for d, power in dimensions.items() if power > 0 for _ in range(power)]
        denominator = [names[d] for d, power in dimensions.items() if power < 0 for _ in range(-power)]
        if not numerator and not denominator:
            return "a dimensionless number"
        if not denominator and len(numerator) == 1:
            return numerator[0] if numerator[0] == "money" else f"a {numerator[0]}"
        product = " times ".join(numerator)
        return f"{product or 'a number'} per {' and '.join(denominator)}" if denominator else product
