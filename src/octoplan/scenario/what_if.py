"""What-ifs on a scenario's raids: ``what-if.csv`` holds named factors on arrivals between two days."""

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
MAX_FACTOR = 100.0


@dataclass(frozen=True, eq=False)
class Factors:
    """The product of all what-ifs by day; 1 where there is none.

    Attributes:
        salvos: (days,) factor on the probability of a salvo day.
        threats: (days, threats) factor on the count of each class of threat.

    """

    salvos: Floats
    threats: Floats


def read_what_ifs(rows: Sequence[Row], programme: Programme, report: Report) -> Factors:
    """The factors of some rows; rows for the same days and threats multiply, problems are reported.

    The column ``what`` names ``salvos``, a package (all its classes) or a class of threat. Without ``from`` or ``to`` a
    row holds from the first day or to the last.
    """
    days, threats = programme.days(), programme.names("threats")
    factors = Factors(np.ones(days), np.ones((days, len(threats))))
    lines: dict[str, int] = {}
    for row in rows:
        faults: list[str] = []
        if not row["name"]:
            faults.append("name is missing; every what-if needs a name")
        elif row["name"] in lines:
            faults.append(f"name is in line {lines[row['name']]} already; every what-if needs another name")
        lines.setdefault(row["name"], row.line)
        columns = threat_columns(row["what"], programme)
        if row["what"] != SALVOS and not columns:
            known = (SALVOS, *programme.names("packages"), *threats)
            faults.append(f"what {quoted(row['what'])} is not declared; {did_you_mean(row['what'], known)}")
        factor, period = factor_of(row["times"], faults), period_of(row, programme, faults)
        for fault in faults:
            report.add(WHAT_IF, row.line, fault)
        if not faults:
            if row["what"] == SALVOS:
                factors.salvos[period] *= factor
            else:
                factors.threats[period, columns] *= factor
    return factors


def threat_columns(name: str, programme: Programme) -> list[int]:
    """The classes of threat with this name, or in the package with this name."""
    threats = programme.names("threats")
    return [i for i, threat in enumerate(threats) if name in (threat, programme.link("threats", threat, "package"))]


def factor_of(text: str, faults: list[str]) -> float:
    """The factor in a column ``times``; a fault is appended where there is none."""
    try:
        factor = number_of(text)
    except QuantityError as error:
        faults.append(f"times {error}")
        return 1.0
    if not 0.0 <= factor <= MAX_FACTOR:
        faults.append(
            f"times {factor:g} is not valid; expected a factor from 0 to {MAX_FACTOR:g}, such as 1.3 for 30 % more"
        )
    return factor


def period_of(row: Row, programme: Programme, faults: list[str]) -> slice:
    """The days from ``from`` to ``to`` inclusive; a fault is appended where there are none."""
    ends = []
    for column, open_end in (("from", -inf), ("to", inf)):
        try:
            ends.append(
                (date.fromisoformat(row[column]) - programme.start) / timedelta(days=1) if row[column] else open_end
            )
        except ValueError:
            fault = f"{column} {quoted(row[column])} is not a date; write one such as 2026-03-01, or leave it empty"
            faults.append(fault)
            ends.append(open_end)
    first, last = max(0.0, ends[0]), min(programme.days() - 1.0, ends[1])
    if first > last and not faults:
        faults.append("covers no day of the scenario; correct from and to")
    return slice(int(min(first, last)), int(last) + 1)
