"""Alerts by region: how often the sirens sounded where. It is exposure, of all that was warned of, and not targets.

One layout is read: region, alerts, and where known hours, alerts_per_day and share_alerts. The shares are those of the
counts; stated ones are only compared with them.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np

from octoplan.raids.read.csv_reader import BAD, MISSING, NOTHING, Findings, Header, Row, count_of, opened, rows, survey
from octoplan.raids.read.record import Repair
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.files import shown

REQUIRED = ("region", "alerts")
MEASURED = ("hours", "alerts_per_day", "share_alerts")
MOST_REGIONS = 1_000
ROUNDING = 0.0015
"""How far a share stated to three decimals may be from its own."""

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]*)?")


@dataclass(frozen=True, eq=False)
class Exposure:
    """Alerts by region over one period, most alerts first.

    regions  names
    alerts   (regions,) alerts
    hours    (regions,) hours under alert; nan where not told
    source, repairs  the file's name, and what was put right or assumed in reading it
    """

    regions: tuple[str, ...]
    alerts: Ints
    hours: Floats
    source: str
    repairs: tuple[Repair, ...]

    @property
    def share(self) -> Floats:
        """Share of all alerts: (regions,), summing to 1."""
        share: Floats = self.alerts / self.alerts.sum()
        return share


def read_exposure(path: str | Path) -> Exposure:
    """The alerts by region in a file; raises RecordError with everything that is wrong with it, by line."""
    path = Path(path)
    found = Findings(str(path))
    with opened(path, found) as file:
        _, encoding = survey(file, found)
        found.close()
        with closing(rows(file, encoding, found)) as table:
            header = Header.of(*next(table, (1, [])))
            if not header.names:
                found.fault(1, "is empty; expected a table with a header")
            header.check(found, REQUIRED, MEASURED, strict=True)
            told = regions(header, table, found)
    if not told:
        found.fault(0, "has a header but no region")
    elif not any(alerts for alerts, *_ in told.values()):
        found.fault(0, "has no alert in any region")
    found.close()
    ordered = sorted(told, key=lambda name: -told[name][0])
    alerts, hours = (np.array([told[name][place] for name in ordered]) for place in (0, 1))
    check_shares(told, found)
    return Exposure(tuple(ordered), alerts.astype(np.int64), hours, path.name, found.repaired())


Told = tuple[int, float, float, int]
"""Alerts, hours, stated share (nan where not told) and line."""


def regions(header: Header, table: Iterable[Row], found: Findings) -> dict[str, Told]:
    """Alerts, hours and stated share of each region; a region told again must say the same."""
    told: dict[str, Told] = {}
    lines: dict[str, tuple[int, list[str]]] = {}
    for line, cells in table:
        if not header.fits(found, line, cells):
            continue
        of = dict(zip(header.names, cells, strict=True))
        name = " ".join(of["region"].split())
        alerts = count_of(of["alerts"])
        measured = {key: measure(of.get(key, "")) for key in MEASURED}
        faults = [] if name else ["has no region"]
        if alerts == MISSING:
            faults.append("alerts is empty: without it no region's share is known; give it, or leave the row out")
        elif alerts == BAD:
            faults.append(f"alerts {shown(of['alerts'])} is no count; write a whole number, 0 or more")
        for key, value in measured.items():
            if value is None:
                faults.append(f"{key} {shown(of[key])} is no number; write it as 12.5, 0 or more")
            elif np.isnan(value) and key in header.names:
                found.repair(f"{key} not told", line, name)
        if name in lines:
            first, before = lines[name]
            if before == cells:
                found.repair("rows told twice alike, counted once", line, f"as line {first}")
            else:
                faults.append(f"{shown(name)} is told on line {first} already; keep one of them")
        elif len(lines) == MOST_REGIONS:
            found.fault(line, f"has more than {MOST_REGIONS:,} regions; a table may have so many at the most")
            return told
        for fault in faults:
            found.fault(line, fault)
        lines.setdefault(name, (line, cells))
        if not faults:
            told[name] = (alerts, measured["hours"] or 0.0, measured["share_alerts"] or 0.0, line)
    return told


def measure(text: str) -> float | None:
    """A number of 0 or more; nan where none is told, None for what is none."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return nan if text.lower() in NOTHING else None


def check_shares(told: dict[str, Told], found: Findings) -> None:
    """Count the stated shares that are not those of the counts: regions were left out, or the file was cut off."""
    total = sum(alerts for alerts, *_ in told.values())
    for name, (alerts, _, stated, line) in told.items():
        if abs(alerts / total - stated) > ROUNDING:
            words = f"{name} {stated:g}, its count makes {alerts / total:.3f}"
            found.repair("stated shares that are not those of the counts, which were read", line, words)
