"""Values that can be read in two ways; the literal reading is used, with a warning that states both.

- ``30.000``: thirty, or thirty thousand if the point separates thousands;
- ``0.6`` with unit %: 0.6 %, or the share 0.6, which is 60 %;
- ``30`` with unit 1 for a ratio such as a coefficient of variation: 30, or 30 %;
- ``300`` with unit 1/day for a rate that would be plausible per month: 300 a day, or 300 a month.

A warning is given only if the row would also be valid in the second reading.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import ParameterKey
from octoplan.scenario.csv_text import Row
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.numerals import NUMERAL, ambiguous_readings, numeral_warning
from octoplan.scenario.parameter_types import Parameter
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import parse_quantity, parse_range
from octoplan.scenario.report import Report

VALUE_COLUMNS = ("low", "value", "high")
"""Columns of ``assumptions.csv`` with numbers."""
MAX_MONTHLY_RATIO = 10.0
"""Largest ratio of a daily rate to the corresponding monthly amount at which the rate may be meant per month."""
HIGH_ATTRITION = 0.02
"""Daily attrition at which half of the stock is lost within five weeks."""

_UNIT_PER_DAY = re.compile(r"(/|\bper\b)\s*(d|days?)\s*$")

RowValidator = Callable[[Mapping[str, str]], bool]
"""Function that returns True if a row would be valid with the given replacement cells."""


def second_reading_messages(row: Row, parameter: Parameter, is_valid: RowValidator) -> Iterator[str]:
    """Yield a message for each cell of a valid row of ``assumptions.csv`` that has a second valid reading."""
    for column in VALUE_COLUMNS:
        message = numeral_warning(row[column])
        if message and any(is_valid(cells) for cells in _rows_with_thousands(row, column)):
            yield f"{column} {message}"
    yield from _percentage_warnings(row, parameter, is_valid)


def _rows_with_thousands(row: Row, column: str) -> Iterator[dict[str, str]]:
    """Yield replacement cells with thousands separators removed: of the column, of all columns, of pairs of columns."""
    cells = {name: NUMERAL.sub(_without_thousands_separator, row[name]) for name in VALUE_COLUMNS}
    yield {column: cells[column]}
    yield cells
    for second in VALUE_COLUMNS:
        if second != column:
            yield {column: cells[column], second: cells[second]}


def _without_thousands_separator(match: re.Match[str]) -> str:
    """A numeral without its thousands separator, if it may have one."""
    readings = ambiguous_readings(match[0])
    return readings[1].replace(",", "") if readings else match[0]


def _cell_numbers(row: Row) -> list[float]:
    """The numbers in the cells low, value and high of a row; empty if a cell is invalid."""
    texts = [part for name in VALUE_COLUMNS for part in row[name].split(";") if part.strip()]
    numbers: list[float] = []
    for text in texts:
        try:
            ends = parse_range(text)
            numbers += [end.number for end in ends] if ends else [parse_quantity(text.partition(":")[0]).number]
        except QuantityError:
            return []
    return numbers


def _percentage_warnings(row: Row, parameter: Parameter, is_valid: RowValidator) -> Iterator[str]:
    """Yield a message if numbers may be percentages without a percent sign, or shares with a percent sign."""
    numbers = _cell_numbers(row)
    unit = row["unit"] or " ".join(re.findall(r"[%A-Za-z/]+", row["value"] or row["low"]))
    largest = max(numbers, key=abs, default=0.0)
    if re.match(r"(%|percent\b)", unit) and abs(largest) <= 1 and any(number % 1 for number in numbers):
        cells_times_100 = {name: re.sub(r"[0-9][0-9.eE+-]*", _times_100, row[name]) for name in VALUE_COLUMNS}
        if is_valid(cells_times_100):
            time_unit = re.sub(r"^(%|percent)\s*", "", unit)
            yield (
                f"{largest:g} {unit} can be read as {largest:g} {unit} or, as a share, {largest * 100:g} {unit}; "
                f"{largest:g} {unit} is used. Write {largest / 100:g} with unit 1{time_unit}, "
                f"or {largest * 100:g} {unit}"
            )
    if re.match(r"1?\s*(/|per\b|$)", unit) and largest >= parameter.percent_from:
        yield (
            f"{largest:g} with unit {unit} can be read as {largest * 100:,g} % or as {largest:g} %; "
            f"{largest * 100:,g} % is used. For {largest:g} % write {largest / 100:g}"
        )


def _times_100(match: re.Match[str]) -> str:
    """A numeral multiplied by 100."""
    try:
        return f"{float(match[0]) * 100:.12g}"
    except ValueError:
        return match[0]


def warn_of_monthly_rates(
    rows: Sequence[Row],
    assumptions: Mapping[ParameterKey, Assumption],
    programme: Programme,
    decisions: Decisions,
    report: Report,
) -> None:
    """Warn of daily rates that may have been meant as monthly rates.

    Args:
        rows: Rows of ``assumptions.csv``.
        assumptions: The assumption that supplies each parameter.
        programme: The programme.
        decisions: The decisions, from which the monthly amounts for comparison are computed.
        report: Collects the warnings.

    """
    daily_rows = {row["name"]: row for row in rows if _UNIT_PER_DAY.search(row["unit"] or row["value"] or row["low"])}
    warned_names: set[str] = set()
    for key, reference, amount in _monthly_amounts(programme, decisions, assumptions):
        assumption = assumptions.get(key)
        if assumption is None or assumption.name not in daily_rows or assumption.name in warned_names:
            continue
        rate = assumption.median
        if amount > 0 and amount <= rate <= MAX_MONTHLY_RATIO * amount:
            warned_names.add(assumption.name)
            row = daily_rows[assumption.name]
            report.warn(
                row.file,
                row.line,
                f"{assumption.name}: {rate:g} a day can be read as {rate:g} a month, because the daily rate is at "
                f"least {reference} ({amount:g}); {rate:g} a day is used. For {rate:g} a month write unit 1/month",
            )


def _monthly_amounts(
    programme: Programme, decisions: Decisions, assumptions: Mapping[ParameterKey, Assumption]
) -> Iterator[tuple[ParameterKey, str, float]]:
    """Yield each parameter that is a daily rate, and the monthly amount to compare it with, as text and as a number."""
    peak_output = {plant: max(decisions.output.get(plant, [0.0])) for plant in programme.entities["plants"]}
    part_requirements: dict[str, float] = {}
    lane_loads: dict[str, float] = {}
    for plant, output in peak_output.items():
        for part, count in programme.bills.get(programme.link("plants", plant, "design") or "", {}).items():
            part_requirements[part] = part_requirements.get(part, 0.0) + count * output
        for lane in programme.links("plants", plant, "lanes"):
            lane_loads[lane] = lane_loads.get(lane, 0.0) + output
        yield ("plants", "line_rate", (plant,)), f"the largest monthly output of {plant}", output
        workers = assumptions.get(("plants", "heads", (plant,)))
        yield ("plants", "hire_rate", (plant,)), f"the workforce of {plant}", workers.median if workers else 0.0
    for supplier in programme.entities["suppliers"]:
        part = programme.link("suppliers", supplier, "part") or ""
        yield (
            ("suppliers", "capacity", (supplier,)),
            f"the monthly requirement of {part}",
            part_requirements.get(part, 0.0),
        )
    for lane in programme.entities["lanes"]:
        yield (
            ("lanes", "capacity", (lane,)),
            "the monthly output of the plants that use the lane",
            lane_loads.get(lane, 0.0),
        )
    for kind in ("crews", "kits"):
        yield (
            (kind, "attrition", ()),
            "the daily attrition at which half of the stock is lost in five weeks",
            HIGH_ATTRITION,
        )
