"""Reading ``assumptions.csv``: each row is checked cell by cell and converted to an assumption with a distribution."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isclose
from types import MappingProxyType

import numpy as np

from octoplan.errors import DistributionError, QuantityError
from octoplan.scenario.ambiguity import second_reading_messages
from octoplan.scenario.assumptions import QUALITIES, Assumption, Source, source_ids, unknown_sources
from octoplan.scenario.binding import AssumptionRow, RowName, parse_row_name
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import (
    DISTRIBUTIONS,
    FROM_MODE,
    FROM_QUANTILES,
    LISTED_DISTRIBUTIONS,
    POSTERIOR_DISTRIBUTION,
    Distribution,
    Fixed,
    Sample,
    Uniform,
    describe_range,
    discrete,
    interdecile_range,
    truncate,
)
from octoplan.scenario.files import ASSUMPTIONS, POSTERIOR, PRIOR
from octoplan.scenario.parameter_types import range_distribution
from octoplan.scenario.posterior import PosteriorColumn
from octoplan.scenario.programme import YEAR_RANGE, Programme
from octoplan.scenario.quantities import Quantity, Units, parse_number, parse_quantity, parse_range, quantity_text
from octoplan.scenario.remembered import remembered
from octoplan.scenario.report import Report, did_you_mean, quoted

ROWS_REMEMBERED = 4_000
"""Number of rows that are remembered after they were read."""
MEDIAN_TOLERANCE = 0.05
"""Largest distance of a stated value from the median that gives no warning, as a share of P90 - P10."""


QUANTILE_NAMES = {"low": "P10", "value": "median", "high": "P90"}
"""Quantiles that the columns of a posterior row state."""
SIGNIFICANT_DIGITS = 3
"""Significant digits to which a posterior row states its quantiles."""


class _CellError(ValueError):
    """An invalid cell; the message begins with the text of the cell."""


@dataclass(frozen=True)
class _StatedDistribution:
    """The distribution of a row as stated, in the unit of the row."""

    distribution: str
    unit: str
    low: float | None
    value: float | None
    high: float | None
    weighted_values: tuple[tuple[float, float], ...] = ()
    """Values and weights of a discrete or empirical distribution."""


def read_assumptions(
    rows: Sequence[Row],
    programme: Programme | None,
    sources: Mapping[str, Source] | None,
    units: Units,
    report: Report,
    posterior: Mapping[str, PosteriorColumn] = MappingProxyType({}),
) -> tuple[list[AssumptionRow], list[Assumption | None]]:
    """Read rows of assumptions, and report problems.

    Args:
        rows: Rows of ``assumptions.csv`` and of the raid fit (``raids.toml``).
        programme: The programme; None if ``programme.toml`` could not be read.
        sources: The sources by id; None if ``sources.csv`` could not be read.
        units: The units and currencies.
        report: Collects problems and warnings.
        posterior: The columns of ``posterior.csv`` by name of the row.

    Returns:
        The name, line and file of each row with a valid name, and its assumption, which is None if another cell of the
        row is invalid.

    """
    named_rows: list[AssumptionRow] = []
    assumptions: list[Assumption | None] = []
    known_sources = None if sources is None else tuple(sources)
    line_of_name: dict[str, int] = {}
    for row in rows:
        text = row["name"]
        name = (
            parse_row_name(text, programme)
            if text
            else "the row has no name; expected a name such as plants.uk-1.labour_rate"
        )
        if isinstance(name, str):
            report.add(row.file, row.line, name)
        elif text in line_of_name:
            report.add(row.file, row.line, f"{text}: is in line {line_of_name[text]} already; keep one of the rows")
        else:
            line_of_name[text] = row.line
            named_rows.append(AssumptionRow(name, row.line, row.file))
            cells = tuple(row.cells.items())
            column = posterior.get(text)
            assumptions.append(_read_row(report, row.file, row.line, cells, name, known_sources, units, column))
    return named_rows, assumptions


@remembered(ROWS_REMEMBERED)
def _read_row(
    report: Report, file: str, line: int, cells: tuple[tuple[str, str], ...], name: RowName,
    sources: tuple[str, ...] | None, units: Units, column: PosteriorColumn | None,
) -> Assumption | None:  # fmt: skip
    """The assumption of a row; None if a cell is invalid."""
    row = Row(line, dict(cells), file)
    assumption = _RowReader(row, name, sources, units, report, column).assumption()
    if assumption and file == ASSUMPTIONS:
        _warn_of_readings(row, name, units, report)
    return assumption


def _warn_of_readings(row: Row, name: RowName, units: Units, report: Report) -> None:
    """Warn of cells that have a second valid reading."""

    def is_valid(cells: Mapping[str, str]) -> bool:
        reader = _RowReader(Row(row.line, {**row.cells, **cells}, row.file), name, None, units, Report(""))
        return reader.assumption() is not None

    for message in second_reading_messages(row, name.parameter, is_valid):
        report.warn(row.file, row.line, f"{name}: {message}")


class _RowReader:
    """Reads one row of assumptions and reports each invalid cell."""

    def __init__(
        self,
        row: Row,
        name: RowName,
        sources: Collection[str] | None,
        units: Units,
        report: Report,
        column: PosteriorColumn | None = None,
    ) -> None:
        self.row, self.name, self.sources, self.units, self.report = row, name, sources, units, report
        self.column = column
        self.valid = True

    def report_problem(self, message: object) -> None:
        """Report a problem of the row."""
        self.valid = False
        self.report.add(self.row.file, self.row.line, f"{self.name}: {message}")

    def assumption(self) -> Assumption | None:
        """The assumption of the row; None if a cell is invalid, after reporting all invalid cells."""
        quality, sources, review_date = self.quality(), self.cited_sources(), self.review_date()
        try:
            stated = self.stated_distribution()
            if not self.valid:
                return None
            currency = self.currency(stated.unit)
            price_base = self.price_base(currency)
            low, value, high = (self.to_parameter_unit(x, stated.unit) for x in (stated.low, stated.value, stated.high))
            weighted_values = [
                (self.to_parameter_unit(x, stated.unit) or 0.0, weight) for x, weight in stated.weighted_values
            ]
            if stated.distribution == POSTERIOR_DISTRIBUTION:
                marginal: Distribution = self.posterior(stated)
            else:
                marginal = self.marginal(stated.distribution, low, value, high, weighted_values)
        except (_CellError, QuantityError, DistributionError) as problem:
            self.report_problem(problem)
            return None
        parameter = self.name.parameter
        if stated.distribution in FROM_QUANTILES or stated.distribution == "uniform":
            self.check_median(marginal, value)
        return Assumption(
            name=str(self.name),
            kind=self.name.kind,
            entities=self.name.entities,
            parameter=parameter.name,
            unit=parameter.unit.replace("money", currency),
            currency=currency,
            price_base=price_base,
            distribution=stated.distribution,
            low=low,
            value=value,
            high=high,
            marginal=marginal,
            sources=sources,
            quality=quality,
            owner=self.row["owner"],
            date=review_date,
            note=self.row["note"],
            file=self.report.path(self.row.file),
            line=self.row.line,
        )

    def quality(self) -> str:
        """The quality rating of the row."""
        quality = self.row["quality"]
        if quality not in QUALITIES:
            self.report_problem(f"quality {quoted(quality)} is not valid; expected green, amber or red")
        return quality

    def cited_sources(self) -> tuple[str, ...]:
        """The ids of the sources that the row cites."""
        ids = source_ids(self.row["source"])
        if not ids and self.row["quality"] in ("green", "amber"):
            self.report_problem(f"has no source but is rated {self.row['quality']}; name a source or rate it red")
        for problem in unknown_sources(self.row["source"], self.sources):
            self.report_problem(problem)
        return ids

    def review_date(self) -> date:
        """The date on which the assumption was last reviewed."""
        text = self.row["date"]
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.report_problem(f"date {quoted(text)} is not a date; write one such as 2026-11-22")
        return date.min

    def stated_distribution(self) -> _StatedDistribution:
        """The distribution as stated, in the unit of the row."""
        row = self.row
        distribution = row["distribution"]
        if distribution and distribution not in DISTRIBUTIONS:
            message = did_you_mean(distribution, DISTRIBUTIONS)
            raise _CellError(f"distribution {quoted(distribution)} is unknown; {message}")
        if distribution in LISTED_DISTRIBUTIONS:
            weighted_values = self.weighted_values(distribution)
            unit = self.unit([quantity for quantity, _ in weighted_values])
            weighted_numbers = tuple((quantity.number, weight) for quantity, weight in weighted_values)
            return _StatedDistribution(distribution, unit, None, None, None, weighted_numbers)
        low, value, high = self.low_value_high()
        unit = self.unit([quantity for quantity in (low, value, high) if quantity])
        if low and not row["low"]:
            distribution = self.distribution_of_stated_range(distribution)
        if not distribution and (low or high):
            raise _CellError(f"has a range but no distribution; expected one of {', '.join(DISTRIBUTIONS[1:-1])}")
        ends = low.number if low else None, high.number if high else None
        return _StatedDistribution(distribution or "fixed", unit, ends[0], value.number if value else None, ends[1])

    def distribution_of_stated_range(self, distribution: str) -> str:
        """The distribution of a row whose value is a range such as '5 to 9'; by default, one on the permitted range."""
        default = range_distribution(self.name.parameter)
        if distribution == "fixed":
            raise _CellError(
                f"value {quoted(self.row['value'])} is a range, and the distribution fixed has none; leave "
                f"distribution empty, which means {default}, or write another one"
            )
        return distribution or default

    def low_value_high(self) -> list[Quantity | None]:
        """Low, value and high as stated, None if empty; a value such as '5 to 9' states low and high."""
        row = self.row
        if ends := parse_range(row["value"]):
            if row["low"] or row["high"]:
                raise _CellError(
                    f"value {quoted(row['value'])} is a range, but low or high is not empty; state the range once"
                )
            return [ends[0], None, ends[1]]
        quantities: list[Quantity | None] = []
        for column in ("low", "value", "high"):
            try:
                quantities.append(parse_quantity(row[column]) if row[column] else None)
            except QuantityError as error:
                raise _CellError(f"{column} {error}") from None
        if not any(quantities):
            raise _CellError("has no value; write a number in the column value, or numbers in low and high")
        return quantities

    def weighted_values(self, distribution: str) -> list[tuple[Quantity, float]]:
        """Values and weights of a discrete or empirical distribution."""
        row = self.row
        if row["low"] or row["high"]:
            raise _CellError(
                f"write the values of a {distribution} distribution in the column value, and leave low and high empty"
            )
        weighted_values: list[tuple[Quantity, float]] = []
        for part in row["value"].split(";"):
            value_text, colon, weight_text = part.partition(":")
            if (distribution == "discrete") != bool(colon):
                notation = "'v1:w1; v2:w2'" if distribution == "discrete" else "'x1; x2; x3'"
                raise _CellError(
                    f"value {quoted(row['value'])} is not a {distribution} distribution; write it as {notation}"
                )
            weight = parse_number(weight_text) if colon else 1.0
            if not 0 < weight <= 1e6:
                raise _CellError(
                    f"weight {quoted(weight_text.strip())} is not valid; expected a number above 0 and at most 1e6"
                )
            weighted_values.append((parse_quantity(value_text), weight))
        return weighted_values

    def unit(self, quantities: Sequence[Quantity]) -> str:
        """The unit of the row, from the column ``unit`` or from the cells low, value and high."""
        units = {quantity.unit for quantity in quantities if quantity.unit} | ({self.row["unit"]} - {""})
        if len(units) > 1:
            raise _CellError(f"has the units {' and '.join(map(quoted, sorted(units)))}; keep one of them")
        if not units:
            self.units.convert(1.0, "1", self.name.parameter.unit)
            raise _CellError("has no unit; for a dimensionless number write unit 1")
        return units.pop()

    def currency(self, unit: str) -> str:
        """The currency of the row; '' if the row is not money.

        Raises:
            QuantityError: If the unit has the wrong dimension.

        """
        for column in ("value", "low", "high"):
            if (
                self.row[column]
                and not parse_range(self.row[column])
                and self.row["distribution"] not in LISTED_DISTRIBUTIONS
            ):
                number = parse_quantity(self.row[column]).number
                return self.units.convert(number, unit, self.name.parameter.unit)[1]
        return self.units.convert(1.0, unit, self.name.parameter.unit)[1]

    def price_base(self, currency: str) -> int:
        """The year of the prices of a monetary row; 0 if the row is not money."""
        text = self.row["price_base"]
        if not currency:
            if text:
                raise _CellError(
                    f"price_base {quoted(text)} is set for a parameter that is not money; leave price_base empty"
                )
            return 0
        if not re.fullmatch("[0-9]{4}", text) or not YEAR_RANGE[0] <= int(text) <= YEAR_RANGE[1]:
            raise _CellError(f"price_base {quoted(text)} is not valid; expected the year of the prices, such as 2025")
        return int(text)

    def to_parameter_unit(self, number: float | None, unit: str) -> float | None:
        """A number converted to the unit of the parameter and checked against the permitted range; None for None."""
        if number is None:
            return None
        parameter = self.name.parameter
        value, _ = self.units.convert(number, unit, parameter.unit)
        at_bound = any(isclose(value, bound, rel_tol=1e-12) for bound in (parameter.low, parameter.high))
        if not (parameter.low <= value <= parameter.high or at_bound):
            hint = f"; for {number:g} % write unit %" if parameter.high == 1 < value <= 100 and unit == "1" else ""
            permitted_range = describe_range(parameter.low, parameter.high)
            raise _CellError(f"{quantity_text(number, unit)} is outside {permitted_range} of {parameter.meaning}{hint}")
        return min(max(value, parameter.low), parameter.high)

    def marginal(
        self,
        distribution: str,
        low: float | None,
        value: float | None,
        high: float | None,
        weighted_values: Sequence[tuple[float, float]],
    ) -> Distribution:
        """The distribution of the row, truncated to the permitted range of the parameter."""
        parameter = self.name.parameter
        if distribution in LISTED_DISTRIBUTIONS:
            return discrete([x for x, _ in weighted_values], [weight for _, weight in weighted_values])
        if distribution == "fixed":
            if value is None or low is not None or high is not None:
                raise _CellError("the distribution fixed needs a value, and low and high must be empty")
            return Fixed(value)
        ends = "P10 and P90" if distribution in FROM_QUANTILES else "the minimum and the maximum"
        if low is None or high is None:
            raise _CellError(f"a {distribution} distribution needs low and high ({ends})")
        if low >= high:
            raise _CellError(
                f"low {low:g} is not less than high {high:g} ({ends}); for a single value use the distribution fixed"
            )
        if value is not None and not low <= value <= high:
            raise _CellError(f"value {value:g} is outside the range from low {low:g} to high {high:g}")
        if distribution in FROM_MODE:
            if value is None:
                raise _CellError(f"a {distribution} distribution needs a value, the mode")
            return FROM_MODE[distribution](low, value, high)
        if distribution == "uniform":
            return Uniform(low, high)
        if distribution == "beta" and parameter.unit != "1":
            raise _CellError(
                f"values of a beta distribution are between 0 and 1; for unit {parameter.unit} use gamma or lognormal"
            )
        return truncate(FROM_QUANTILES[distribution](low, high), parameter.low, parameter.high)

    def posterior(self, stated: _StatedDistribution) -> Sample:
        """The distribution of a posterior row: its column of ``posterior.csv``, which low, value and high summarise."""
        if self.column is None:
            where = f"{POSTERIOR} has no column {self.name}" if self.row.file == ASSUMPTIONS else "it is not calibrated"
            raise _CellError(f"cannot have the distribution posterior, because {where}; state another distribution")
        if stated.low is None or stated.value is None or stated.high is None:
            raise _CellError(
                f"a posterior needs low, value and high: the P10, the median and the P90 of its column in {POSTERIOR}"
            )
        columns = {"low": (stated.low, 0.1), "value": (stated.value, 0.5), "high": (stated.high, 0.9)}
        for column, (number, probability) in columns.items():
            if not is_quantile(number, self.column.numbers, probability):
                quantile = float(np.quantile(self.column.numbers, probability))
                unit = "" if stated.unit == "1" else f" {stated.unit}"
                raise _CellError(
                    f"{column} {number:g} is not the {QUANTILE_NAMES[column]} of its column in {POSTERIOR}, "
                    f"which is {quantile:.3g}{unit}; to state your own range change the distribution, "
                    "or calibrate again"
                )
        values = []
        for number, line in zip(self.column.numbers, self.column.lines, strict=True):
            try:
                values.append(self.to_parameter_unit(number, stated.unit) or 0.0)
            except (_CellError, QuantityError) as error:
                raise _CellError(f"{POSTERIOR}, line {line}: {error}") from None
        return Sample(tuple(values))

    def check_median(self, marginal: Distribution, value: float | None) -> None:
        """Warn if the stated value is far from the median of the distribution."""
        if value is None:
            return
        median = float(marginal.quantile(np.array([0.5]))[0])
        if abs(value - median) > MEDIAN_TOLERANCE * interdecile_range(marginal):
            unit = self.name.parameter.unit
            message = (
                f"{self.name}: value {value:g} is not the median of the stated distribution, which is {median:g} {unit}"
            )
            self.report.warn(self.row.file, self.row.line, message)


def is_quantile(number: float, draws: Sequence[float], probability: float) -> bool:
    """Whether a number is a quantile of draws to ``SIGNIFICANT_DIGITS``, interpolated between two draws or not."""
    ends = (float(np.quantile(draws, probability, method=method)) for method in ("lower", "higher"))
    low, high = (float(f"{end:.{SIGNIFICANT_DIGITS}g}") for end in ends)
    tolerance = 1e-9 * max(abs(low), abs(high))
    return low - tolerance <= number <= high + tolerance


def read_priors(
    rows: Sequence[Row],
    assumptions: Mapping[str, Assumption | None],
    programme: Programme | None,
    sources: Mapping[str, Source] | None,
    units: Units,
    report: Report,
) -> dict[str, Assumption]:
    """Read the rows of ``prior.csv``, and report problems; a posterior row without a prior is one of them.

    Args:
        rows: The rows of the file.
        assumptions: The assumptions by name; None for an invalid row.
        programme: The programme; None if ``programme.toml`` could not be read.
        sources: The sources by id; None if ``sources.csv`` could not be read.
        units: The units and currencies.
        report: Collects problems and warnings.

    """
    entries, read = read_assumptions(rows, programme, sources, units, report)
    names = {str(entry.name): entry for entry in entries}
    for name, entry in names.items():
        if name not in assumptions:
            report.add(PRIOR, entry.line, f"there is no row {quoted(name)} in {ASSUMPTIONS}; remove the row")
    for name, assumption in assumptions.items():
        if assumption and assumption.distribution == POSTERIOR_DISTRIBUTION and name not in names:
            message = f"{name}: is calibrated and has no row in {PRIOR}; add the row as it was before calibration"
            report.add(ASSUMPTIONS, assumption.line, message)
    return {name: prior for name, prior in zip(names, read, strict=True) if prior}
