"""Reading the assumption log of a scenario: ``assumptions.csv``, its fit, sources, correlations and calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octoplan.scenario.ambiguity import warn_of_monthly_rates
from octoplan.scenario.assumption_log import read_assumptions, read_priors
from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, Assumption, Source
from octoplan.scenario.binding import AssumptionRow, ParameterKey, RequiredParameters, bind, parse_row_name
from octoplan.scenario.correlations import CORRELATION_COLUMNS, Correlation, read_correlations
from octoplan.scenario.csv_text import Row
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.defaults import check_filled_rows, default_rows, filled_rows
from octoplan.scenario.distributions import Sample
from octoplan.scenario.file_readers import FILES_REMEMBERED, csv_of, posterior_of, programme_of, sources_of
from octoplan.scenario.files import (
    ASSUMPTIONS,
    CORRELATIONS,
    POSTERIOR,
    PRIOR,
    PRIOR_CORRELATIONS,
    PROGRAMME,
    RAID_FIT,
    SOURCES,
)
from octoplan.scenario.level_checks import check_levels
from octoplan.scenario.never_rows import warn_of_rows_without_effect
from octoplan.scenario.observations import Observation
from octoplan.scenario.posterior import check_columns
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import Units
from octoplan.scenario.raids import fitted_rows, override_by_fit, record_source
from octoplan.scenario.remembered import remembered
from octoplan.scenario.report import Report
from octoplan.scenario.toml_text import Toml
from octoplan.scenario.weights import check_weights


@dataclass(frozen=True)
class AssumptionLog:
    """The assumption log: assumptions, sources and correlations, and by parameter the index of its assumption."""

    assumptions: tuple[Assumption, ...]
    correlations: tuple[Correlation, ...]
    sources: Mapping[str, Source]
    draw_columns: Mapping[ParameterKey, int]
    priors: Mapping[str, Assumption]
    prior_correlations: tuple[Correlation, ...]


def read_log(
    files: Mapping[str, bytes],
    programme: Programme | None,
    decisions: Decisions | None,
    units: Units,
    fit: Toml | None,
    report: Report,
) -> AssumptionLog | None:
    """Read the assumption log and the fit; None if a required file cannot be read, which is reported."""
    sources = sources_of(report, files[SOURCES]) if SOURCES in files else None
    rows = read_csv_file(ASSUMPTIONS, ASSUMPTION_COLUMNS, files, report)
    fitted, fitted_correlations = fitted_rows(fit, report) if fit else ([], [])
    if fit and sources is not None:
        sources = {**sources, RAID_FIT: record_source(fit)}
    all_rows = override_by_fit(rows or (), fitted, ("name",), report)
    if programme and decisions and rows is not None:
        names = tuple(row["name"] for row in all_rows)
        filled = filled_rows(all_rows, programme, report)
        check_filled_rows(all_rows, filled, programme, decisions.layers_against, report)
        all_rows += _defaults(report, files[PROGRAMME], tuple(decisions.layers_against.items()), names, filled)
    posterior = (posterior_of(report, files[POSTERIOR]) if POSTERIOR in files else None) or {}
    entries, read = read_assumptions(all_rows, programme, sources, units, report, posterior)
    assumptions = tuple(assumption for assumption in read if assumption)
    draw_columns: dict[ParameterKey, int] = {}
    if programme and decisions and rows is not None:
        rows_by_name = tuple((str(entry.name), entry.line, entry.file) for entry in entries)
        draw_columns = _bound(report, files[PROGRAMME], tuple(decisions.layers_against.items()), rows_by_name)
        check_weights(programme, draw_columns, read, report)
        by_parameter = {number: assumption for number, i in draw_columns.items() if (assumption := read[i])}
        warn_of_monthly_rates(rows, by_parameter, programme, decisions, report)
        warn_of_rows_without_effect(all_rows, by_parameter, programme, report)
    by_name = {str(entry.name): assumption for entry, assumption in zip(entries, read, strict=True)}
    check_columns(tuple(posterior), by_name, report)
    prior_rows = optional_rows(PRIOR, ASSUMPTION_COLUMNS, files, report)
    priors = read_priors(prior_rows, by_name, programme, sources, units, report)
    correlation_rows = (
        read_csv_file(CORRELATIONS, CORRELATION_COLUMNS, files, report) if CORRELATIONS in files else None
    )
    all_correlations = override_by_fit(correlation_rows or (), fitted_correlations, ("a", "b"), report)
    correlations = read_correlations(all_correlations, assumptions, set(by_name), sources, report, posterior)
    prior_pairs = optional_rows(PRIOR_CORRELATIONS, CORRELATION_COLUMNS, files, report)
    before = [priors.get(a.name, a) for a in assumptions if a.name in priors or not isinstance(a.marginal, Sample)]
    prior_correlations = read_correlations(prior_pairs, before, set(by_name), sources, report)
    if rows is None or sources is None:
        return None
    return AssumptionLog(assumptions, tuple(correlations), sources, draw_columns, priors, tuple(prior_correlations))


def optional_rows(name: str, columns: tuple[str, ...], files: Mapping[str, bytes], report: Report) -> list[Row]:
    """The rows of an optional CSV file; empty if it does not exist or cannot be read."""
    return read_csv_file(name, columns, files, report) or []


def read_csv_file(name: str, columns: tuple[str, ...], files: Mapping[str, bytes], report: Report) -> list[Row] | None:
    return csv_of(report, name, columns, files[name]) if name in files else None


@remembered(FILES_REMEMBERED)
def _bound(
    report: Report, programme_data: bytes, layers_against: tuple[tuple[str, tuple[str, ...]], ...],
    rows: tuple[tuple[str, int, str], ...],
) -> dict[ParameterKey, int]:  # fmt: skip
    """Index of the row that supplies each parameter; rows are given by name, line and file."""
    programme = programme_of(Report(report.folder), programme_data)
    entries = [
        AssumptionRow(name, line, file)
        for text, line, file in rows
        if not isinstance(name := parse_row_name(text, programme), str)
    ]
    if programme is None:
        return {}
    supplying_row = bind(RequiredParameters(programme, dict(layers_against)), entries, report)
    check_levels(programme, supplying_row, entries, report)
    return supplying_row


@remembered(FILES_REMEMBERED)
def _defaults(
    report: Report, programme_data: bytes, layers_against: tuple[tuple[str, tuple[str, ...]], ...],
    names: tuple[str, ...], filled: tuple[str, ...],
) -> list[Row]:  # fmt: skip
    """Rows with the default values of the parameters that no row supplies."""
    programme = programme_of(Report(report.folder), programme_data)
    return default_rows(programme, dict(layers_against), names, filled) if programme else []


def warn_of_unused_sources(log: AssumptionLog, observations: Sequence[Observation], report: Report) -> None:
    """Warn of sources to which no row refers."""
    used = {word for assumption in (*log.assumptions, *log.priors.values()) for word in assumption.sources}
    used |= {word for pair in (*log.correlations, *log.prior_correlations) for word in pair.sources}
    used |= {word for observation in observations for word in observation.sources}
    for source in log.sources:
        if source not in used:
            report.warn(SOURCES, 0, f"the source '{source}' is not used by any row")
