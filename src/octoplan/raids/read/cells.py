"""Parse the cells of a record: counts of weapons, days and times of day."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TypeVar

from octoplan.scenario.numerals import ambiguous_readings

MAX_COUNT = 1_000_000
"""Largest permitted count in a cell."""
MAX_CACHED_TEXTS = 100_000
"""Maximum number of texts in a ``CellCache``."""

MISSING, INVALID = -1, -2
"""Codes for a count that was not reported, and for text that is not a count."""

EMPTY_CELLS = {"", "nan", "na", "n/a", "none", "null"}
"""Texts of a cell, in lower case, for a number that was not reported."""

_COUNT = re.compile(r"([0-9]{1,7})(?:\.0*)?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[ .,'\u00a0\u2009\u202f\u2019][0-9]{3})+(?:\.0*)?")
_DECIMAL = re.compile(r"[0-9]*[.,][0-9]+(?:e[+-]?[0-9]+)?", re.IGNORECASE)

T = TypeVar("T")


class CellCache(dict[str, T]):
    """Cache of parsed values for texts that recur in a column.

    Args:
        parse: Turns a text into a value; called once for each text that is not in the cache.

    """

    def __init__(self, parse: Callable[[str], T]) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, text: str) -> T:
        if len(self) >= MAX_CACHED_TEXTS:  # a column of distinct texts must not fill the memory
            self.clear()
        value = self[text] = self.parse(text)
        return value


def parse_count(text: str) -> int:
    """Parse a count; return MISSING for an empty cell and INVALID for text that is not a whole number of 0 or more.

    Spreadsheets and pandas write 93 as 93.0 in a column with empty cells, so zeros after a point are accepted, but not
    exactly three of them (1.000), which can also be thousands.
    """
    text = text.strip()
    if match := _COUNT.fullmatch(text):
        return INVALID if int(match[1]) > MAX_COUNT or ambiguous_readings(text) else int(match[1])
    return MISSING if text.lower() in EMPTY_CELLS else INVALID


def invalid_count_reason(text: str) -> str:
    """Reason why a cell is not a count, with the correction."""
    text = text.strip()
    if readings := ambiguous_readings(text):
        return f"can mean {readings[0]} or {readings[1]}; write the digits without a separator"
    if text.startswith(("-", "\u2212")):
        return "is negative; a count is 0 or more"
    if _THOUSANDS.fullmatch(text):
        return "has a thousands separator; write the digits without a separator"
    if _DECIMAL.fullmatch(text):
        return "is not a whole number; write a whole number of weapons"
    if text.isdecimal():
        return f"is more than {MAX_COUNT:,}, the largest permitted count"
    return "is not a count; write a whole number, or leave the cell empty if none was reported"


Moment = tuple[int, bool]
"""Minutes since 1970-01-01 00:00, and whether the cell states a time of day; without one the time is midnight."""

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_OR_MONTH_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]+)?)?")
_EPOCH = date(1970, 1, 1).toordinal()


def parse_moment(text: str) -> Moment | None:
    """Parse a date with or without a time of day; return None if the text is not a date."""
    parts = text.replace("T", " ", 1).split()
    day = _minutes_to_day(parts[0]) if parts else None
    minute = _minute_of_day(parts[1]) if len(parts) == 2 else 0
    return None if day is None or minute is None or len(parts) > 2 else (day + minute, len(parts) == 2)


@lru_cache(maxsize=2**14)
def _minutes_to_day(text: str) -> int | None:
    if (match := _ISO_DATE.fullmatch(text)) is None:
        return None
    try:
        return 1440 * (date(int(match[1]), int(match[2]), int(match[3])).toordinal() - _EPOCH)
    except ValueError:
        return None


@lru_cache(maxsize=2**14)
def _minute_of_day(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    return None if match is None else 60 * int(match[1]) + int(match[2])


def parse_day(text: str) -> int | None:
    """Days from 1970-01-01 to a date; None if the text is not a date, or has a time of day other than midnight."""
    moment = parse_moment(text)
    return None if moment is None or moment[0] % 1440 else moment[0] // 1440


def invalid_date_reason(text: str) -> str:
    """Reason why a cell is not a date, with the correction, or with both readings if day and month are ambiguous."""
    match = _DAY_OR_MONTH_FIRST.match(text.strip())
    readings = list(dict.fromkeys(_iso_readings(match))) if match else []
    if len(readings) == 2:
        return f"can mean {readings[0]} or {readings[1]}; write the year first"
    if readings:
        return f"does not begin with the year; write it as {readings[0]}"
    return "is not a date; write a date such as 2025-01-31"


def _iso_readings(match: re.Match[str]) -> list[str]:
    """Possible ISO dates of a text with the year last: read as day first, then as month first."""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    readings = []
    for day, month in ((first, second), (second, first)):
        try:
            readings.append(date(year, month, day).isoformat())
        except ValueError:
            continue
    return readings
