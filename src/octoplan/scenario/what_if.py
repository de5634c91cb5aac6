"""What-ifs on top of a scenario's raids: named rows, each a factor from one day to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

import numpy as np

from octoplan.errors import QuantityError
from octoplan.scenario.arrays import Floats
from octoplan.scenario.csv_text import Row
from octoplan.scenario.files import WHAT_IF
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import number_of
from octoplan.scenario.report import Report, did_you_mean, quoted

WHAT_IF_COLUMNS = ("name", "what", "times", "from", "to", "note")
SALVOS = "salvos"
MOST_TIMES = 100.0


@dataclass(frozen=True, eq=False)
class Times:
    """The factors of what-ifs, 1 where there is none.

    salvos
        (days,) on the share of salvo days.
    threats
        (days, threats) on the count of each class.
    """

    salvos: Floats
    threats: Floats


def read_what_ifs(rows: Sequence[Row], programme: Programme, report: Report) -> Times:
    """The factors that the rows make together: rows about the same days and threats multiply.

    ``what`` is ``salvos``, a package (all its classes) or a class of threat; without ``from`` or ``to`` a row holds
    from the first day or to the last.
    """
    days, threats = programme.days(), programme.names("threats")
    found = Times(np.ones(days), np.ones((days, len(threats))))
    lines: dict[str, int] = {}
    for row in rows:
        faults: list[str] = []
        if not row["name"] or row["name"] in lines:
            what = f"is in line {lines[row['name']]} already" if row["name"] else "is missing"
            faults.append(f"name {what}; every what-if has a name of its own")
        lines.setdefault(row["name"], row.line)
        columns = columns_of(row["what"], programme)
        if row["what"] != SALVOS and not columns:
            known = (SALVOS, *programme.names("packages"), *threats)
            faults.append(f"what {quoted(row['what'])} is not declared; {did_you_mean(row['what'], known)}")
        times, part = factor(row["times"], faults), span(row, programme, faults)
        for fault in faults:
            report.add(WHAT_IF, row.line, fault)
        if not faults:
            if row["what"] == SALVOS:
                found.salvos[part] *= times
            else:
                found.threats[part, columns] *= times
    return found


def columns_of(what: str, programme: Programme) -> list[int]:
    """The classes that a what-if is about."""
    threats = programme.names("threats")
    return [i for i, threat in enumerate(threats) if what in (threat, programme.link("threats", threat, "package"))]


def factor(text: str, faults: list[str]) -> float:
    try:
        times = number_of(text)
    except QuantityError as fault:
        faults.append(f"times {fault}")
        return 1.0
    if not 0.0 <= times <= MOST_TIMES:
        faults.append(
            f"times {times:g} is not valid; expected a factor from 0 to {MOST_TIMES:g}, such as 1.3 for 30 % more"
        )
    return times


def span(row: Row, programme: Programme, faults: list[str]) -> slice:
    """The days from ``from`` to ``to``, both inside."""
    ends = []
    for column, open_end in (("from", -inf), ("to", inf)):
        try:
            ends.append(
                (date.fromisoformat(row[column]) - programme.start) / timedelta(days=1) if row[column] else open_end
            )
        except ValueError:
            faults.append(
                f"{column} {quoted(row[column])} is not a date; write one such as 2026-03-01, or leave it empty"
            )
            ends.append(open_end)
    first, last = max(0.0, ends[0]), min(programme.days() - 1.0, ends[1])
    if first > last and not faults:
        faults.append("holds on no day of the scenario; look at from and to")
    return slice(int(min(first, last)), int(last) + 1)
