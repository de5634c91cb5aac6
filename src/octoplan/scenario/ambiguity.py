"""Values that can be read in two ways; the literal reading is used, with a warning that gives both.

- ``30.000``: thirty, or thirty thousand if the point separates thousands;
- ``0.6`` with unit %: 0.6 %, or the share 0.6, which is 60 %;
- ``30`` with unit 1 for a ratio such as a coefficient of variation: 30, or 30 %;
- ``300`` with unit 1/day for a rate of plausible size per month: 300 a day, or 300 a month.

A second reading is considered only if the row would be valid with it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import ParameterKey
from octoplan.scenario.csv_text import Row
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.entities import Parameter
from octoplan.scenario.numerals import NUMERAL, ambiguous_readings, numeral_warning
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import parse_quantity, parse_range
from octoplan.scenario.report import Report

VALUE_COLUMNS = ("low", "value", "high")
MAX_MONTHLY_RATIO = 10.0
"""Largest ratio of a daily rate to the corresponding monthly amount at which the rate may have been meant per month."""
HIGH_ATTRITION = 0.02
"""Daily rate of attrition at which half the stock is lost within five weeks."""

_PER_DAY = re.compile(r"(/|\bper\b)\s*(d|days?)\s*$")

Valid = Callable[[Mapping[str, str]], bool]
"""True if a row would be valid with some cells replaced."""


def second_reading_messages(row: Row, parameter: Parameter, valid: Valid) -> Iterator[str]:
    """Messages on the cells of a valid row of ``assumptions.csv`` that have a second reading."""
    for column in VALUE_COLUMNS:
        message = numeral_warning(row[column])
        if message and any(valid(cells) for cells in _with_thousands(row, column)):
            yield f"{column} {message}"
    yield from _percent(row, parameter, valid)


def _with_thousands(row: Row, column: str) -> Iterator[dict[str, str]]:
    """Replacement cells with points read as thousands separators: in the column alone, or in other columns as well."""
    cells = {name: NUMERAL.sub(_thousands, row[name]) for name in VALUE_COLUMNS}
    yield {column: cells[column]}
    yield cells
    for second in VALUE_COLUMNS:
        if second != column:
            yield {column: cells[column], second: cells[second]}


def _thousands(match: re.Match[str]) -> str:
    readings = ambiguous_readings(match[0])
    return readings[1].replace(",", "") if readings else match[0]


def _numbers(row: Row) -> list[float]:
    """The numbers in the cells of a row."""
    texts = [part for name in VALUE_COLUMNS for part in row[name].split(";") if part.strip()]
    numbers: list[float] = []
    for text in texts:
        try:
            ends = parse_range(text)
            numbers += [end.number for end in ends] if ends else [parse_quantity(text.partition(":")[0]).number]
        except QuantityError:
            return []
    return numbers


def _percent(row: Row, parameter: Parameter, valid: Valid) -> Iterator[str]:
    """A message on numbers that may have been meant as percentages, or as shares in spite of a percent sign."""
    numbers = _numbers(row)
    unit = row["unit"] or " ".join(re.findall(r"[%A-Za-z/]+", row["value"] or row["low"]))
    largest = max(numbers, key=abs, default=0.0)
    if re.match(r"(%|percent\b)", unit) and abs(largest) <= 1 and any(number % 1 for number in numbers):
        shares = {name: re.sub(r"[0-9][0-9.eE+-]*", _times_100, row[name]) for name in VALUE_COLUMNS}
        if valid(shares):
            per = re.sub(r"^(%|percent)\s*", "", unit)
            yield (
                f"{largest:g} {unit} can be read as {largest:g} {unit} or, as a share, {largest * 100:g} {unit}; "
                f"{largest:g} {unit} is used. Write {largest / 100:g} with unit 1{per}, or {largest * 100:g} {unit}"
            )
    if re.match(r"1?\s*(/|per\b|$)", unit) and largest >= parameter.percent_from:
        yield (
            f"{largest:g} with unit {unit} can be read as {largest * 100:,g} % or as {largest:g} %; "
            f"{largest * 100:,g} % is used. For {largest:g} % write {largest / 100:g}"
        )


def _times_100(match: re.Match[str]) -> str:
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
    """Warn of rates stated per day that may have been meant per month.

    Args:
        rows: Rows of ``assumptions.csv``.
        assumptions: The assumption that supplies each parameter.
        programme: The programme.
        decisions: The decisions, with the monthly output with which the rates are compared.
        report: Collects the warnings.

    """
    daily = {row["name"]: row for row in rows if _PER_DAY.search(row["unit"] or row["value"] or row["low"])}
    remarked: set[str] = set()
    for number, monthly, amount in _monthly_amounts(programme, decisions, assumptions):
        assumption = assumptions.get(number)
        if assumption is None or assumption.name not in daily or assumption.name in remarked:
            continue
        rate = assumption.median
        if amount > 0 and amount <= rate <= MAX_MONTHLY_RATIO * amount:
            remarked.add(assumption.name)
            row = daily[assumption.name]
            report.warn(
                row.file,
                row.line,
                f"{assumption.name}: {rate:g} a day can be read as {rate:g} a month, as the daily rate is at least "
                f"{monthly} ({amount:g}); {rate:g} a day is used. For {rate:g} a month write unit 1/month",
            )


def _monthly_amounts(
    programme: Programme, decisions: Decisions, assumptions: Mapping[ParameterKey, Assumption]
) -> Iterator[tuple[ParameterKey, str, float]]:
    """Daily rates, each with the monthly amount with which it is compared, as text and as a number."""
    peak = {plant: max(decisions.output.get(plant, [0.0])) for plant in programme.entities["plants"]}
    parts: dict[str, float] = {}
    carried: dict[str, float] = {}
    for plant, output in peak.items():
        for part, count in programme.bills.get(programme.link("plants", plant, "design") or "", {}).items():
            parts[part] = parts.get(part, 0.0) + count * output
        for lane in programme.links("plants", plant, "lanes"):
            carried[lane] = carried.get(lane, 0.0) + output
        yield ("plants", "line_rate", (plant,)), f"the largest monthly output of {plant}", output
        heads = assumptions.get(("plants", "heads", (plant,)))
        yield ("plants", "hire_rate", (plant,)), f"the workforce of {plant}", heads.median if heads else 0.0
    for supplier in programme.entities["suppliers"]:
        part = programme.link("suppliers", supplier, "part") or ""
        yield ("suppliers", "capacity", (supplier,)), f"the monthly requirement of {part}", parts.get(part, 0.0)
    for lane in programme.entities["lanes"]:
        yield (
            ("lanes", "capacity", (lane,)),
            "the monthly output of the plants that use the lane",
            carried.get(lane, 0.0),
        )
    for kind in ("crews", "kits"):
        yield (kind, "attrition", ()), "the rate at which half is lost in five weeks", HIGH_ATTRITION
