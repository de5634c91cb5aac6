"""``assumptions.csv``, ``sources.csv`` and ``correlations.csv``: what is believed, and where it comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isclose

import numpy as np
from numpy.typing import ArrayLike

from octoplan.errors import DistributionError, QuantityError
from octoplan.scenario.binding import Entry, Name, name_of
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import (
    DISTRIBUTIONS,
    FROM_MODE,
    FROM_QUANTILES,
    LISTED,
    Distribution,
    Fixed,
    Floats,
    Uniform,
    bounds,
    discrete,
    interdecile_range,
    truncate,
)
from octoplan.scenario.files import SOURCES
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
QUALITIES = ("green", "amber", "red")

NEAR_MEDIAN = 0.05
"""A stated value may lie this share of the P10-P90 range away from the median before it is remarked on."""


class _Fault(ValueError):
    """What is wrong with a cell; the message begins with what stands there."""


@dataclass(frozen=True)
class Assumption:
    """One row of ``assumptions.csv``.

    ``low``, ``value`` and ``high`` are as stated, in ``unit`` (a unit of ``entities``) and, for money, in ``currency``
    at the prices of ``price_base``; ``None`` where the row has none. ``distribution`` names the kind and ``shape`` is
    the distribution itself, inside the lawful range. ``name`` may hold ``*``: it then fills several numbers.
    """

    name: str
    kind: str
    entities: tuple[str, ...]
    parameter: str
    unit: str
    currency: str
    price_base: int
    distribution: str
    low: float | None
    value: float | None
    high: float | None
    shape: Distribution
    sources: tuple[str, ...]
    quality: str
    owner: str
    date: date
    note: str
    file: str
    line: int

    @property
    def known(self) -> bool:
        """True if the row states one number without a range."""
        return isinstance(self.shape, Fixed)

    def quantile(self, probability: ArrayLike) -> Floats:
        """Quantiles of the distribution in ``unit``, money at the price base of the row."""
        return self.shape.quantile(np.asarray(probability, float))

    @property
    def median(self) -> float:
        """The figure shown where one must stand for the assumption: the value stated, or else the median."""
        return float(self.quantile(0.5)) if self.value is None else self.value


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


def source_ids(text: str) -> tuple[str, ...]:
    """The ids in a column ``source``, which semicolons separate."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def unknown_sources(text: str, sources: Mapping[str, Source] | None) -> list[str]:
    """A message for each id in a column ``source`` that is not in ``sources.csv``."""
    if sources is None:
        return []
    unknown = [word for word in source_ids(text) if word not in sources]
    return [f"there is no source {quoted(word)} in {SOURCES}; {did_you_mean(word, sources)}" for word in unknown]


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
        if kind in FROM_QUANTILES or kind == "uniform":
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
        ids = source_ids(self.row["source"])
        if not ids and self.row["quality"] in ("green", "amber"):
            self.add(f"has no source but is rated {self.row['quality']}; name a source or rate it red")
        for fault in unknown_sources(self.row["source"], self.sources):
            self.add(fault)
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
            return discrete([x for x, _ in points], [weight for _, weight in points])
        if kind == "fixed":
            if value is None or low is not None or high is not None:
                raise _Fault("a fixed number has a value and no low or high")
            return Fixed(value)
        ends = "P10 and P90" if kind in FROM_QUANTILES else "the smallest and the largest value"
        if low is None or high is None:
            raise _Fault(f"a {kind} distribution needs low and high ({ends})")
        if low >= high:
            raise _Fault(f"low {low:g} is not below high {high:g} ({ends}); for a known number use fixed")
        if value is not None and not low <= value <= high:
            raise _Fault(f"value {value:g} is outside low {low:g} to high {high:g}")
        if kind in FROM_MODE:
            if value is None:
                raise _Fault(f"a {kind} distribution needs a value, the likeliest one")
            return FROM_MODE[kind](low, value, high)
        if kind == "uniform":
            return Uniform(low, high)
        if kind == "beta" and parameter.unit != "1":
            raise _Fault(f"a beta distribution lies between 0 and 1; {parameter.unit} calls for gamma or lognormal")
        return truncate(FROM_QUANTILES[kind](low, high), parameter.low, parameter.high)

    def compare(self, shape: Distribution, value: float | None, unit: str) -> None:
        """Remark on a stated value that is far from the median of the distribution."""
        if value is None:
            return
        median = float(shape.quantile(np.array([0.5]))[0])
        if abs(value - median) > NEAR_MEDIAN * interdecile_range(shape):
            words = f"{self.name}: value {value:g} is not the median of its distribution, {median:g} {unit}"
            self.report.warn(self.row.file, self.row.line, words)
