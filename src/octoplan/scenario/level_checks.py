"""Checks of the stated monthly levels of layers (kind ``levels``)."""

from collections.abc import Mapping, Sequence

from octoplan.scenario.binding import AssumptionRow, ParameterKey, dotted_name
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report


def check_levels(
    programme: Programme, supplying_row: Mapping[ParameterKey, int], rows: Sequence[AssumptionRow], report: Report
) -> None:
    """Report stated levels of a layer without drift, and months with a stated level after a month without one.

    Args:
        programme: The programme.
        supplying_row: Index of the row that supplies each parameter.
        rows: Name, line and file of the rows.
        report: Collects the problems.

    """
    months = programme.month_names()
    problems: dict[int, str] = {}
    for layer in programme.names("layers"):
        row_of_month = [supplying_row.get(("levels", "level", (layer, month))) for month in months]
        stated = [row for row in row_of_month if row is not None]
        if not stated:
            continue
        first_gap = row_of_month.index(None) if None in row_of_month else len(months)
        if ("drift", "sd", (layer,)) not in supplying_row:
            needed = f"{dotted_name('drift', 'sd', [layer])} and {dotted_name('drift', 'memory', [layer])}"
            problem = f"the layer '{layer}' has no drift, so that its level cannot be stated; add {needed}"
            problems |= {row: problem for row in stated if row not in problems}
        elif first_gap < len(stated):
            row = next(row for row in row_of_month[first_gap:] if row is not None)
            missing = dotted_name("levels", "level", [layer, months[first_gap]])
            problems.setdefault(
                row,
                f"levels must be stated for consecutive months from the first, and the layer '{layer}' has none for "
                f"{months[first_gap]}; add {missing}, or remove the levels of later months",
            )
    for row, problem in problems.items():
        report.add(rows[row].file, rows[row].line, f"{rows[row].name}: {problem}")
