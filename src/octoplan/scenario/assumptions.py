"""``assumptions.csv``, ``sources.csv`` and ``correlations.csv``: what is believed, and where it comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isclose

import numpy as np

from octoplan.errors import DistributionError, QuantityError
from octoplan.scenario.binding import Entry, Name, name_of
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import (
    DISTRIBUTIONS,
    LISTED,
    MODED,
    QUANTILED,
    Assumption,
    Correlation,
    Distribution,
    Fixed,
    Uniform,
    bounds,
    copula,
    spread,
    steps,
    truncate,
)
from octoplan.scenario.files import ASSUMPTIONS, CORRELATIONS, SOURCES
from octoplan.scenario.programme import YEARS, Programme
from octoplan.scenario.quantities import Figure, Units, figure_of, number_of, range_of
from octoplan.scenario.report import Report, did_you_mean, quoted

ASSUMPTION_COLUMNS = (
    "name",
    "value",
    "low",
    "high",
    "distribution",
    "unit",
    "price_base",
    "source",
    "quality",
    "owner",
    "date",
    "note",
)
SOURCE_COLUMNS = ("id", "title", "publisher", "date", "url", "licence")
CORRELATION_COLUMNS = ("a", "b", "rank_correlation", "source", "note")
QUALITIES = ("green", "amber", "red")

NEAR_MEDIAN = 0.05
"""A stated value may lie this share of the P10-P90 range away from the median before it is remarked on."""


class _Fault(ValueError):
    """What is wrong with a cell; the message begins with what stands there."""


@dataclass(frozen=True)
class Source:
    """Where an assumption comes from; one row of ``sources.csv``."""

    id: str
    title: str
    publisher: str
    date: str
    url: str
    licence: str


def read_sources(rows: Sequence[Row], report: Report) -> dict[str, Source]:
    """The sources by id."""
    found: dict[str, Source] = {}
    lines: dict[str, int] = {}
    for row in rows:
        source = Source(**row.cells)
        if not source.id:
            report.add(SOURCES, row.line, "the row has no id; give it one")
        elif ";" in source.id:
            report.add(SOURCES, row.line, f"the id {quoted(source.id)} holds a ';', which parts ids in other files")
        elif source.id in found:
            report.add(SOURCES, row.line, f"the id '{source.id}' stands in line {lines[source.id]} already; keep one")
        else:
            if not source.title:
                report.add(SOURCES, row.line, f"{source.id}: has no title; say what it is")
            found[source.id], lines[source.id] = source, row.line
    return found


def read_assumptions(
    rows: Sequence[Row], programme: Programme | None, sources: Mapping[str, Source] | None, units: Units, report: Report
) -> tuple[list[Entry], list[Assumption | None]]:
    """The rows of the log: every one that has a lawful name, and its assumption where the rest of the row is sound."""
    entries: list[Entry] = []
    assumptions: list[Assumption | None] = []
    lines: dict[str, int] = {}
    for row in rows:
        text = row["name"]
        name = name_of(text, programme) if text else "the row has no name; expected one such as plants.uk-1.labour_rate"
        if isinstance(name, str):
            report.add(row.file, row.line, name)
        elif text in lines:
            report.add(row.file, row.line, f"{text}: stands in line {lines[text]} already; keep one")
        else:
            lines[text] = row.line
            entries.append(Entry(name, row.line, row.file))
            assumptions.append(_Reader(row, name, sources, units, report).assumption())
    return entries, assumptions


class _Reader:
    """Reads one row, reporting every cell that cannot be."""

    def __init__(
        self, row: Row, name: Name, sources: Mapping[str, Source] | None, units: Units, report: Report
    ) -> None:
        self.row, self.name, self.sources, self.units, self.report = row, name, sources, units, report
        self.sound = True

    def add(self, message: object) -> None:
        self.sound = False
        self.report.add(self.row.file, self.row.line, f"{self.name}: {message}")

    def assumption(self) -> Assumption | None:
        quality, sources, day = self.quality(), self.source(), self.date()
        stated = self.stated()
        if stated is None or not self.sound:
            return None
        kind, unit, low, value, high, points = stated
        parameter = self.name.parameter
        try:
            currency = self.currency(unit)
            price_base = self.price_base(currency)
            low, value, high = (self.canonical(x, unit) for x in (low, value, high))
            points = [(self.canonical(x, unit) or 0.0, weight) for x, weight in points]
            shape = self.shape(kind, low, value, high, points)
        except (_Fault, QuantityError, DistributionError) as fault:
            self.add(fault)
            return None
        if kind in QUANTILED or kind == "uniform":
            self.compare(shape, value, parameter.unit)
        if not self.sound:
            return None
        return Assumption(
            str(self.name),
            self.name.kind,
            self.name.entities,
            parameter.name,
            parameter.unit.replace("money", currency),
            currency,
            price_base,
            kind,
            low,
            value,
            high,
            shape,
            sources,
            quality,
            self.row["owner"],
            day,
            self.row["note"],
            self.report.path(self.row.file),
            self.row.line,
        )

    def quality(self) -> str:
        quality = self.row["quality"]
        if quality not in QUALITIES:
            self.add(f"quality {quoted(quality)} cannot be; expected green, amber or red")
        return quality

    def source(self) -> tuple[str, ...]:
        ids = tuple(part.strip() for part in self.row["source"].split(";") if part.strip())
        if not ids and self.row["quality"] in ("green", "amber"):
            self.add(f"has no source but is rated {self.row['quality']}; name a source or rate it red")
        if self.sources is not None:
            for word in ids:
                if word not in self.sources:
                    self.add(f"there is no source {quoted(word)} in {SOURCES}; {did_you_mean(word, self.sources)}")
        return ids

    def date(self) -> date:
        text = self.row["date"]
        try:
            if len(text) == len("2026-11-22"):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.add(f"date {quoted(text)} is not a date; write one such as 2026-11-22")
        return date.min

    def stated(
        self,
    ) -> tuple[str, str, float | None, float | None, float | None, list[tuple[float, float]]] | None:
        """Distribution, unit, low, value, high and listed points as written, in the row's own unit."""
        row = self.row
        kind = row["distribution"]
        if kind and kind not in DISTRIBUTIONS:
            self.add(f"distribution {quoted(kind)} is not known; {did_you_mean(kind, DISTRIBUTIONS)}")
            return None
        figures: list[Figure | None] = [None, None, None]
        points: list[tuple[Figure, float]] = []
        try:
            if kind in LISTED:
                points = self.points(kind)
            else:
                figures = self.figures()
            written = [*(point for point, _ in points), *(figure for figure in figures if figure)]
            unit = self.unit(written)
        except (_Fault, QuantityError) as fault:
            self.add(fault)
            return None
        low, value, high = (figure.number if figure else None for figure in figures)
        if not kind and (low is not None or high is not None):
            self.add(f"has a range but no distribution; name one of {', '.join(DISTRIBUTIONS[1:])}")
            return None
        return kind or "fixed", unit, low, value, high, [(point.number, weight) for point, weight in points]

    def figures(self) -> list[Figure | None]:
        """Low, value and high; a value such as '5 to 9' is low and high."""
        row = self.row
        if ends := range_of(row["value"]):
            if row["low"] or row["high"]:
                raise _Fault(f"value {quoted(row['value'])} is a range, but low or high is filled too; keep one")
            return [ends[0], None, ends[1]]
        figures: list[Figure | None] = []
        for column in ("low", "value", "high"):
            try:
                figures.append(figure_of(row[column]) if row[column] else None)
            except QuantityError as fault:
                raise _Fault(f"{column} {fault}") from None
        if not any(figures):
            raise _Fault("has no value; write a figure, or low and high")
        return figures

    def points(self, kind: str) -> list[tuple[Figure, float]]:
        """The values of a list with their weights."""
        row = self.row
        if row["low"] or row["high"]:
            raise _Fault(f"a {kind} distribution stands in value; leave low and high empty")
        found: list[tuple[Figure, float]] = []
        for part in row["value"].split(";"):
            figure, colon, weight = part.partition(":")
            if (kind == "discrete") != bool(colon):
                shape = "'v1:w1; v2:w2'" if kind == "discrete" else "'x1; x2; x3'"
                raise _Fault(f"value {quoted(row['value'])} is not a {kind} distribution; write it as {shape}")
            share = number_of(weight) if colon else 1.0
            if not 0 < share <= 1e6:
                raise _Fault(f"weight {quoted(weight.strip())} cannot be; expected a number above 0, at most 1e6")
            found.append((figure_of(figure), share))
        return found

    def unit(self, figures: Sequence[Figure]) -> str:
        """The one unit of the row, from its column or its figures."""
        units = {figure.unit for figure in figures if figure.unit} | ({self.row["unit"]} - {""})
        if len(units) > 1:
            raise _Fault(f"has the units {' and '.join(map(quoted, sorted(units)))}; keep one")
        if not units:
            self.units.convert(1.0, "1", self.name.parameter.unit)
            raise _Fault("has no unit; a plain number has unit 1")
        return units.pop()

    def currency(self, unit: str) -> str:
        """The currency of the row; raises for a unit of the wrong dimension, quoting the figure."""
        for column in ("value", "low", "high"):
            if self.row[column] and not range_of(self.row[column]) and self.row["distribution"] not in LISTED:
                number = figure_of(self.row[column]).number
                return self.units.convert(number, unit, self.name.parameter.unit)[1]
        return self.units.convert(1.0, unit, self.name.parameter.unit)[1]

    def price_base(self, currency: str) -> int:
        text = self.row["price_base"]
        if not currency:
            if text:
                raise _Fault(f"price_base {quoted(text)} stands by a number that is no money; leave it empty")
            return 0
        if not re.fullmatch("[0-9]{4}", text) or not YEARS[0] <= int(text) <= YEARS[1]:
            raise _Fault(f"price_base {quoted(text)} cannot be; money needs the year of its prices, such as 2025")
        return int(text)

    def canonical(self, number: float | None, unit: str) -> float | None:
        """A figure in the unit of ``entities``, inside the lawful range of its number."""
        if number is None:
            return None
        parameter = self.name.parameter
        value, _ = self.units.convert(number, unit, parameter.unit)
        near = any(isclose(value, bound, rel_tol=1e-12) for bound in (parameter.low, parameter.high))
        if not (parameter.low <= value <= parameter.high or near):
            raise _Fault(f"{number:g} {unit} is outside {bounds(parameter.low, parameter.high)} of {parameter.meaning}")
        return min(max(value, parameter.low), parameter.high)

    def shape(
        self,
        kind: str,
        low: float | None,
        value: float | None,
        high: float | None,
        points: Sequence[tuple[float, float]],
    ) -> Distribution:
        """The distribution of a row, inside the lawful range of its number."""
        parameter = self.name.parameter
        if kind in LISTED:
            return steps([x for x, _ in points], [weight for _, weight in points])
        if kind == "fixed":
            if value is None or low is not None or high is not None:
                raise _Fault("a fixed number has a value and no low or high")
            return Fixed(value)
        ends = "P10 and P90" if kind in QUANTILED else "the smallest and the largest value"
        if low is None or high is None:
            raise _Fault(f"a {kind} distribution needs low and high ({ends})")
        if low >= high:
            raise _Fault(f"low {low:g} is not below high {high:g} ({ends}); for a known number use fixed")
        if value is not None and not low <= value <= high:
            raise _Fault(f"value {value:g} is outside low {low:g} to high {high:g}")
        if kind in MODED:
            if value is None:
                raise _Fault(f"a {kind} distribution needs a value, the likeliest one")
            return MODED[kind](low, value, high)
        if kind == "uniform":
            return Uniform(low, high)
        if kind == "beta" and parameter.unit != "1":
            raise _Fault(f"a beta distribution lies between 0 and 1; {parameter.unit} calls for gamma or lognormal")
        return truncate(QUANTILED[kind](low, high), parameter.low, parameter.high)

    def compare(self, shape: Distribution, value: float | None, unit: str) -> None:
        """Remark on a stated value that is far from the median of the distribution."""
        if value is None:
            return
        median = float(shape.quantile(np.array([0.5]))[0])
        if abs(value - median) > NEAR_MEDIAN * spread(shape):
            words = f"{self.name}: value {value:g} is not the median of its distribution, {median:g} {unit}"
            self.report.warn(self.row.file, self.row.line, words)


def read_correlations(
    rows: Sequence[Row], assumptions: Sequence[Assumption], every: set[str], report: Report
) -> list[Correlation]:
    """The rank correlations; ``every`` are all names of the log, those of unsound rows too."""
    known = {assumption.name: assumption for assumption in assumptions}
    found: list[Correlation] = []
    lines: dict[frozenset[str], int] = {}
    for row in rows:
        a, b = row["a"], row["b"]
        unknown = [x for x in (a, b) if x not in every]
        faults = [f"there is no row {quoted(x)} in {ASSUMPTIONS}; {did_you_mean(x, every)}" for x in unknown]
        faults += [f"'{x}' is fixed and cannot be correlated" for x in (a, b) if x in known and known[x].known]
        if a == b and a in every:
            faults.append(f"'{a}' cannot be correlated with itself")
        elif frozenset((a, b)) in lines:
            faults.append(f"'{a}' and '{b}' stand in line {lines[frozenset((a, b))]} already; keep one")
        lines.setdefault(frozenset((a, b)), row.line)
        try:
            rank = number_of(row["rank_correlation"])
            if not -1 < rank < 1:
                faults.append(f"rank correlation {rank:g} cannot be; expected one between -1 and 1")
        except QuantityError as fault:
            faults.append(f"rank correlation {fault}")
        for words in faults:
            report.add(row.file, row.line, words)
        if not faults and a in known and b in known:
            ids = tuple(part.strip() for part in row["source"].split(";") if part.strip())
            found.append(Correlation(a, b, rank, ids, row["note"], report.path(row.file), row.line))
    _check_definite(found, [assumption.name for assumption in assumptions], report)
    return found


def _check_definite(correlations: Sequence[Correlation], names: Sequence[str], report: Report) -> None:
    try:
        copula(names, correlations)
    except np.linalg.LinAlgError:
        words = "the rank correlations contradict one another (their matrix is not positive definite); weaken some"
        report.add(CORRELATIONS, correlations[-1].line, words)
