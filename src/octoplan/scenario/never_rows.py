"""Warnings of rows that have no effect, because another row states that their event does not happen in the scenario."""

from collections.abc import Mapping, Sequence

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import ParameterKey
from octoplan.scenario.csv_text import Row
from octoplan.scenario.defaults import DEFAULT_VALUES, NEVER, has_default_value
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report

LONG = 1000.0
"""Ratio of a mean time to the length of the scenario from which its event is taken not to happen."""
DAYS_PER_MONTH = 31
"""Largest number of days of a month."""


def warn_of_rows_without_effect(
    rows: Sequence[Row], assumptions: Mapping[ParameterKey, Assumption], programme: Programme, report: Report
) -> None:
    """Warn of stated values of events, such as the time to recover from an outage, that another row rules out.

    A row rules an event out if its P10 is at least ``LONG`` times the length of the scenario: a time between outages or
    between blocks of a design, or the time of the adversary's adaptation. A row that ``check --fill`` wrote states
    nothing.

    Args:
        rows: All rows of assumptions.
        assumptions: The assumption that supplies each parameter.
        programme: The programme.
        report: Collects the warnings.

    """
    days = DAYS_PER_MONTH * programme.months
    pairs: dict[tuple[str, str], tuple[Assumption, Assumption, str]] = {}
    for (kind, parameter, names), time in assumptions.items():
        default = DEFAULT_VALUES.get((kind, parameter))
        if default is None or default.value != NEVER or has_default_value(time) or time.quantile(0.1) < LONG * days:
            continue
        for companion in default.unless:
            event = assumptions.get((kind, companion, names))
            if event is not None and not has_default_value(event):
                pairs.setdefault((event.name, time.name), (event, time, default.meaning))
    rows_by_name = {row["name"]: row for row in rows}
    for event, time, meaning in pairs.values():
        row, other = rows_by_name[event.name], rows_by_name[time.name]
        verb = "is" if time.is_fixed else "has a P10 of"
        text = (
            f"{event.name}: has practically no effect, because {time.name} ({other.file}, line {other.line}) {verb} "
            f"{time.quantile(0.1):g} days, at least {LONG:,.0f} times the length of the scenario, which means "
            f"{meaning}. Enter a shorter time in {time.name}, or delete both rows"
        )
        report.warn(row.file, row.line, text)
