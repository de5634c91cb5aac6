"""Assumptions and their sources: rows of ``assumptions.csv`` and ``sources.csv`` as objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import Distribution, Fixed, Floats
from octoplan.scenario.files import SOURCES
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


@dataclass(frozen=True)
class Assumption:
    """One row of ``assumptions.csv``.

    Attributes:
        name: Its name; with ``*`` in it, one assumption is the value of several parameters.
        kind: The kind of entity, such as ``plants``.
        entities: The names along the axes of the kind, ``*`` included.
        parameter: The parameter of the kind, such as ``labour_rate``.
        unit: The unit of ``low``, ``value`` and ``high``, one of those in ``entities``.
        currency: The currency of money, else ''.
        price_base: The year of the prices of money, else 0.
        distribution: The name of the distribution, such as ``lognormal``.
        low: The lower end as stated (P10 or minimum), None where the row has none.
        value: The value as stated, None where the row has none.
        high: The upper end as stated (P90 or maximum), None where the row has none.
        shape: The distribution itself, inside the lawful range of the parameter.
        sources: The ids of its sources.
        quality: green, amber or red.
        owner: Who answers for the assumption.
        date: The day of the last review.
        note: Free text.
        file: The path of the file that states it.
        line: The line in that file.

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
        """The stated value, or else the median of the distribution."""
        return float(self.quantile(0.5)) if self.value is None else self.value


@dataclass(frozen=True)
class Source:
    """Where an assumption comes from: one row of ``sources.csv``."""

    id: str
    title: str
    publisher: str
    date: str
    url: str
    licence: str


def read_sources(rows: Sequence[Row], report: Report) -> dict[str, Source]:
    """The sources by id; problems are reported."""
    sources: dict[str, Source] = {}
    lines: dict[str, int] = {}
    for row in rows:
        source = Source(**row.cells)
        if not source.id:
            report.add(SOURCES, row.line, "the row has no id; add one")
        elif ";" in source.id:
            report.add(SOURCES, row.line, f"the id {quoted(source.id)} contains ';', which separates ids elsewhere")
        elif source.id in sources:
            report.add(SOURCES, row.line, f"the id '{source.id}' is in line {lines[source.id]} already; keep one")
        else:
            if not source.title:
                report.add(SOURCES, row.line, f"{source.id}: has no title; add one")
            sources[source.id], lines[source.id] = source, row.line
    return sources


def source_ids(text: str) -> tuple[str, ...]:
    """The ids in a column ``source``, which semicolons separate.

    >>> source_ids("study; news")
    ('study', 'news')
    """
    return tuple(part.strip() for part in text.split(";") if part.strip())


def unknown_sources(text: str, sources: Mapping[str, Source] | None) -> list[str]:
    """A message for each id in a column ``source`` that ``sources.csv`` does not have."""
    if sources is None:
        return []
    unknown = [word for word in source_ids(text) if word not in sources]
    return [f"there is no source {quoted(word)} in {SOURCES}; {did_you_mean(word, sources)}" for word in unknown]
