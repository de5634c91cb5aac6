"""Read a table of air-raid alerts by region, which measure exposure and not destinations.

The table has the columns region and alerts, and optionally hours, alerts_per_day and share_alerts. Shares are computed
from the counts; the column share_alerts is only compared with them.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from octoplan.raids.read.cells import EMPTY_CELLS, INVALID, MISSING, invalid_count_reason, parse_count
from octoplan.raids.read.csv_reader import Header, ReadLog, Row, inspect_bytes, open_plain_file, read_rows
from octoplan.raids.read.record import Correction
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.report import quoted

REQUIRED_COLUMNS = ("region", "alerts")
OPTIONAL_COLUMNS = ("hours", "alerts_per_day", "share_alerts")
MAX_REGIONS = 1_000
SHARE_TOLERANCE = 0.0015
"""Maximum difference between a stated and a computed share that is attributed to rounding to three decimals."""

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]*)?")


@dataclass(frozen=True, eq=False)
class Exposure:
    """Alerts by region over one period, in descending order of alerts.

    Args:
        regions: Names of the regions.
        alerts: (regions,) number of alerts.
        hours: (regions,) hours under alert; nan where not reported.
        source: Name of the file.
        corrections: Corrections and assumptions made in reading.

    """

    regions: tuple[str, ...]
    alerts: Ints
    hours: Floats
    source: str
    corrections: tuple[Correction, ...]

    @property
    def shares(self) -> Floats:
        """Share of each region in all alerts: (regions,), which sum to 1."""
        shares: Floats = self.alerts / self.alerts.sum()
        return shares


def read_exposure(path: str | Path) -> Exposure:
    """Read the alerts by region from a file.

    Raises:
        RecordError: The file cannot be read; all its problems are listed by line.

    """
    path = Path(path)
    log = ReadLog(str(path))
    with open_plain_file(path, log) as file:
        _, encoding = inspect_bytes(file, log)
        log.raise_problems()
        with closing(read_rows(file, encoding, log)) as table:
            header = Header.parse(next(table, (1, [])), log)
            if not header.names:
                log.add_problem(1, "is empty; expected a table with a header")
            header.check(log, REQUIRED_COLUMNS, OPTIONAL_COLUMNS, strict=True)
            regions = read_regions(header, table, log)
    if not regions:
        log.add_problem(0, "has a header but no region")
    elif not any(row.alerts for row in regions.values()):
        log.add_problem(0, "has no alert in any region")
    log.raise_problems()
    ordered_regions = sorted(regions, key=lambda name: -regions[name].alerts)
    check_shares(regions, log)
    return Exposure(
        tuple(ordered_regions),
        np.array([regions[name].alerts for name in ordered_regions], np.int64),
        np.array([regions[name].hours for name in ordered_regions]),
        path.name,
        log.corrections(),
    )


class RegionRow(NamedTuple):
    """Alerts of one region, its hours and stated share (nan if not reported), and its line in the file."""

    alerts: int
    hours: float
    stated_share: float
    line: int


def read_regions(header: Header, table: Iterable[Row], log: ReadLog) -> dict[str, RegionRow]:
    """Read the rows of the table by region; report repeated regions whose cells differ."""
    regions: dict[str, RegionRow] = {}
    first_rows: dict[str, tuple[int, list[str]]] = {}
    for line, cells in table:
        if not header.fits(log, line, cells):
            continue
        cell = dict(zip(header.names, cells, strict=True))
        name = " ".join(cell["region"].split())
        alerts = parse_count(cell["alerts"])
        errors = [] if name else ["has no region"]
        if alerts == MISSING:
            errors.append("alerts is empty, so the share of no region is known; enter the count, or remove the row")
        elif alerts == INVALID:
            errors.append(f"alerts {quoted(cell['alerts'])} {invalid_count_reason(cell['alerts'])}")
        values = {key: optional_number(cell, key, name, line, log, errors) for key in OPTIONAL_COLUMNS}
        if name in first_rows:
            first_line, first_cells = first_rows[name]
            if first_cells == cells:
                log.add_correction("duplicate rows, counted once", line, f"as line {first_line}")
            else:
                errors.append(f"{quoted(name)} is already on line {first_line}; keep one of the rows")
        elif len(first_rows) == MAX_REGIONS:
            log.add_problem(line, f"has more than {MAX_REGIONS:,} regions, the maximum")
            return regions
        for error in errors:
            log.add_problem(line, error)
        first_rows.setdefault(name, (line, cells))
        if not errors:
            regions[name] = RegionRow(alerts, values["hours"], values["share_alerts"], line)
    return regions


def optional_number(
    cell: dict[str, str], column: str, region: str, line: int, log: ReadLog, errors: list[str]
) -> float:
    """Parse an optional number of 0 or more; return nan if it is missing or invalid; report invalid text."""
    text = cell.get(column, "").strip()
    if _NUMBER.fullmatch(text):
        if readings := ambiguous_readings(text):
            detail = f"{column} {text}, read as {readings[0]} and not as {readings[1]}"
            log.add_correction("numbers whose point could separate thousands, read as decimal", line, detail)
        return float(text)
    if text.lower() not in EMPTY_CELLS:
        errors.append(
            f"{column} {quoted(cell[column])} is not a number of 0 or more; write a number such as 12.5, "
            "or leave the cell empty"
        )
    elif column in cell:
        log.add_correction(f"{column} not reported", line, region)
    return nan


def check_shares(regions: dict[str, RegionRow], log: ReadLog) -> None:
    """Record stated shares that differ from the computed shares, for example because regions are missing."""
    total = sum(row.alerts for row in regions.values())
    for name, row in regions.items():
        if abs(row.alerts / total - row.stated_share) > SHARE_TOLERANCE:
            detail = f"{name} {row.stated_share:g}, the share computed from its count is {row.alerts / total:.3f}"
            log.add_correction(
                "stated shares that differ from the shares computed from the counts, which are used",
                line=row.line,
                detail=detail,
            )
