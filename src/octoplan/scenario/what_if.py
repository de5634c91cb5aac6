"""What-if factors on raids: named factors on arrivals between two dates, read from ``what-if.csv``."""

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
from octoplan.scenario.quantities import parse_number
from octoplan.scenario.report import Report, did_you_mean, quoted

WHAT_IF_COLUMNS = ("name", "what", "times", "from", "to", "note")
SALVOS = "salvos"
"""Entry of the column ``what`` for a factor on the probability of a salvo day."""
MAX_FACTOR = 100.0


@dataclass(frozen=True, eq=False)
class WhatIfFactors:
    """The product of all what-if factors by day; 1 on days without a what-if.

    Attributes:
        salvos: (days,) factor on the probability of a salvo day.
        threats: (days, threats) factor on the count of each class of threat.

    """

    salvos: Floats
    threats: Floats


def read_what_ifs(rows: Sequence[Row], programme: Programme, report: Report) -> WhatIfFactors:
    """Read what-if factors, and report problems. Factors on the same days and threats are multiplied.

    The column ``what`` contains ``salvos``, a package (the factor applies to all its classes) or a class of threat. If
    ``from`` is empty, the factor applies from the first day; if ``to`` is empty, until the last day.
    """
    days, threats = programme.days(), programme.names("threats")
    factors = WhatIfFactors(np.ones(days), np.ones((days, len(threats))))
    lines: dict[str, int] = {}
    for row in rows:
        problems: list[str] = []
        if not row["name"]:
            problems.append("name is missing; every what-if factor needs a name")
        elif row["name"] in lines:
            problems.append(f"name is in line {lines[row['name']]} already; every what-if factor needs its own name")
        lines.setdefault(row["name"], row.line)
        columns = threat_columns(row["what"], programme)
        if row["what"] != SALVOS and not columns:
            valid_names = (SALVOS, *programme.names("packages"), *threats)
            problems.append(f"what: {quoted(row['what'])} is not declared; {did_you_mean(row['what'], valid_names)}")
        factor, period = parse_factor(row["times"], problems), parse_period(row, programme, problems)
        for problem in problems:
            report.add(WHAT_IF, row.line, problem)
        if not problems:
            if row["what"] == SALVOS:
                factors.salvos[period] *= factor
            else:
                factors.threats[period, columns] *= factor
    return factors


def threat_columns(name: str, programme: Programme) -> list[int]:
    """Indices of the classes of threat to which a name refers: a class, or all classes of a package."""
    threats = programme.names("threats")
    return [i for i, threat in enumerate(threats) if name in (threat, programme.link("threats", threat, "package"))]


def parse_factor(text: str, problems: list[str]) -> float:
    """The factor in the column ``times``; if it is invalid, a message is appended to ``problems``."""
    try:
        factor = parse_number(text)
    except QuantityError as error:
        problems.append(f"times: {error}")
        return 1.0
    if not 0.0 <= factor <= MAX_FACTOR:
        problems.append(
            f"times: {factor:g} is not valid; expected a factor from 0 to {MAX_FACTOR:g}, such as 1.3 for 30 % more"
        )
    return factor


def parse_period(row: Row, programme: Programme, problems: list[str]) -> slice:
    """The days from ``from`` to ``to`` inclusive; if there are none, a message is appended to ``problems``."""
    ends = []
    for column, open_end in (("from", -inf), ("to", inf)):
        try:
            ends.append(
                (date.fromisoformat(row[column]) - programme.start) / timedelta(days=1) if row[column] else open_end
            )
        except ValueError:
            problem = f"{column}: {quoted(row[column])} is not a date; write one such as 2026-03-01, or leave it empty"
            problems.append(problem)
            ends.append(open_end)
    first, last = max(0.0, ends[0]), min(programme.days() - 1.0, ends[1])
    if first > last and not problems:
        problems.append("no day of the scenario lies between from and to; correct a date")
    return slice(int(min(first, last)), int(last) + 1)
