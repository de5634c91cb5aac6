"""Readers of the files of a scenario, which remember what they have read."""

from collections.abc import Mapping

from octoplan.scenario.assumptions import SOURCE_COLUMNS, Source, read_sources
from octoplan.scenario.csv_text import Row, read_csv
from octoplan.scenario.files import POSTERIOR, PROGRAMME, SOURCES, utf8_text
from octoplan.scenario.posterior import PosteriorColumn, read_posterior
from octoplan.scenario.programme import Programme, read_programme
from octoplan.scenario.remembered import remembered
from octoplan.scenario.report import Report
from octoplan.scenario.toml_text import Toml, read_toml

FILES_REMEMBERED = 16
"""Number of contents of files that are remembered after they were read."""


@remembered(FILES_REMEMBERED)
def toml_of(report: Report, name: str, data: bytes) -> Toml | None:
    """A TOML file; None if it cannot be read."""
    text = utf8_text(name, data, report)
    return read_toml(name, text, report) if text is not None else None


@remembered(FILES_REMEMBERED)
def csv_of(report: Report, name: str, columns: tuple[str, ...], data: bytes) -> list[Row] | None:
    """The rows of a CSV file with these columns; None if it cannot be read."""
    text = utf8_text(name, data, report)
    return read_csv(name, text, columns, report) if text is not None else None


@remembered(FILES_REMEMBERED)
def programme_of(report: Report, data: bytes) -> Programme | None:
    """The programme from ``programme.toml``; None if it cannot be read."""
    toml = toml_of(report, PROGRAMME, data)
    return read_programme(toml, report) if toml else None


@remembered(FILES_REMEMBERED)
def sources_of(report: Report, data: bytes) -> Mapping[str, Source] | None:
    """The sources from ``sources.csv``; None if it cannot be read."""
    rows = csv_of(report, SOURCES, SOURCE_COLUMNS, data)
    return None if rows is None else read_sources(rows, report)


@remembered(FILES_REMEMBERED)
def posterior_of(report: Report, data: bytes) -> Mapping[str, PosteriorColumn] | None:
    """The columns of ``posterior.csv``; None if it cannot be read."""
    text = utf8_text(POSTERIOR, data, report)
    return read_posterior(text, report) if text is not None else None
