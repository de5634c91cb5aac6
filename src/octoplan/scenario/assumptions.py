"""Assumptions and their sources: rows of ``assumptions.csv`` and ``sources.csv`` as objects."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import POSTERIOR_DISTRIBUTION, Distribution, Fixed, Floats
from octoplan.scenario.files import DEFAULTS, SOURCES
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
"""Quality ratings, best first."""


@dataclass(frozen=True)
class Assumption:
    """One row of ``assumptions.csv``.

    Attributes:
        name: Name of the row; a row whose name contains ``*`` supplies several parameters with the same draw.
        kind: Kind of entity, such as ``plants``.
        entities: Names of the entities along the axes of the kind; may contain ``*``.
        parameter: Name of the parameter, such as ``labour_rate``.
        unit: Unit of ``low``, ``value`` and ``high``, as declared in ``entities``.
        currency: Currency of a monetary assumption; '' if it is not money.
        price_base: Year of the prices of a monetary assumption; 0 if it is not money.
        distribution: Name of the distribution as stated, such as ``lognormal``.
        low: P10 or minimum as stated; None if not stated.
        value: Value as stated; None if not stated.
        high: P90 or maximum as stated; None if not stated.
        marginal: Marginal distribution of the draws, truncated to the permitted range of the parameter.
        sources: Ids of the sources of the assumption.
        quality: Quality rating: green, amber or red.
        owner: Person responsible for the assumption.
        date: Date of the last review of the assumption.
        note: Free text.
        file: Path of the file that contains the row; ``DEFAULTS`` instead if it is a default value.
        line: Line of the row in the file; 0 for a default value.

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
    marginal: Distribution
    sources: tuple[str, ...]
    quality: str
    owner: str
    date: date
    note: str
    file: str
    line: int

    @property
    def is_fixed(self) -> bool:
        """True if the assumption has the same value in all futures."""
        return isinstance(self.marginal, Fixed)

    @property
    def is_default(self) -> bool:
        """True if the scenario has no row for the assumption, which therefore has its default value."""
        return Path(self.file).name == DEFAULTS

    @property
    def is_calibrated(self) -> bool:
        """True if the assumption has the joint draws of ``posterior.csv``."""
        return self.distribution == POSTERIOR_DISTRIBUTION

    def quantile(self, probability: ArrayLike) -> Floats:
        """Quantiles of the marginal distribution in ``unit``; money at the price base of the row."""
        return self.marginal.quantile(np.asarray(probability, float))

    @property
    def median(self) -> float:
        """The stated value, or the median of the distribution if no value is stated."""
        return float(self.quantile(0.5)) if self.value is None else self.value


@dataclass(frozen=True)
class Source:
    """A source of assumptions: one row of ``sources.csv``."""

    id: str
    title: str
    publisher: str
    date: str
    url: str
    licence: str


def read_sources(rows: Sequence[Row], report: Report) -> dict[str, Source]:
    """Read the rows of ``sources.csv`` to sources by id, and report problems."""
    sources: dict[str, Source] = {}
    line_of_id: dict[str, int] = {}
    for row in rows:
        source = Source(**row.cells)
        if not source.id:
            report.add(SOURCES, row.line, "the row has no id; add one")
        elif ";" in source.id:
            report.add(
                SOURCES, row.line, f"the id {quoted(source.id)} contains ';', which separates ids in other files"
            )
        elif source.id in sources:
            report.add(
                SOURCES,
                row.line,
                f"the id '{source.id}' is in line {line_of_id[source.id]} already; keep one of the rows",
            )
        else:
            if not source.title:
                report.add(SOURCES, row.line, f"{source.id}: has no title; add one")
            sources[source.id], line_of_id[source.id] = source, row.line
    return sources


def source_ids(text: str) -> tuple[str, ...]:
    """Ids of sources in a cell of the column ``source``, separated by semicolons.

    >>> source_ids("study; news")
    ('study', 'news')
    """
    return tuple(part.strip() for part in text.split(";") if part.strip())


def unknown_sources(text: str, sources: Collection[str] | None) -> list[str]:
    """Messages for the ids in a cell of the column ``source`` that are not in ``sources.csv``."""
    if sources is None:
        return []
    unknown = [source for source in source_ids(text) if source not in sources]
    return [f"there is no source {quoted(source)} in {SOURCES}; {did_you_mean(source, sources)}" for source in unknown]
