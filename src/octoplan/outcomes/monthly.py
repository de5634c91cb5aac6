"""Daily record of raids from published monthly totals, for a backtest without a daily record."""

import csv
import hashlib
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from octoplan.outcomes.raids import draw_raids
from octoplan.raids.read.record import CLASSES, Record, known_reporting_rules
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints

MONTHLY_TOTALS_FILE = Path(__file__).with_name("monthly.csv")
"""Published numbers of weapons launched and stopped by month and class, with their sources."""

ALLOCATION_SEED = 1
"""Seed of the draw by which monthly totals are allocated to days."""


def published_totals() -> dict[tuple[str, str], tuple[int, int]]:
    """Weapons launched and stopped, by (month, class); class "other" has missiles neither cruise nor ballistic."""
    with MONTHLY_TOTALS_FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {(row["month"], row["class"]): (int(row["launched"]), int(row["stopped"])) for row in rows}


def apportion(total: int, weights: Floats) -> Ints:
    """Divide a total into whole numbers in proportion to weights, by the largest-remainder method: (n,).

    Args:
        total: The total, a whole number.
        weights: (n,) non-negative weights; if all are 0, the total is divided equally.

    >>> apportion(10, np.array([1.0, 1.0, 2.0]))
    array([3, 2, 5])

    """
    weights = weights if weights.sum() > 0.0 else np.ones(len(weights))
    quotas = total * weights / weights.sum()
    parts: Ints = np.floor(quotas).astype(np.int64)
    parts[np.argsort(parts - quotas, kind="stable")[: total - parts.sum()]] += 1
    return parts


def record_from_monthly_totals(scenario: Scenario, months: int) -> Record:
    """Record with the published monthly totals, allocated to days in proportion to one draw of the raid process.

    The assumptions of the raid process are part of the draw. The share of weapons stopped is the same on every day of a
    month. The record ends before the first month without published totals.

    Args:
        scenario: The scenario.
        months: Number of months from the scenario's start.

    """
    totals = published_totals()
    days, launched, stopped = [], [], []
    for month, counts in daily_raids_by_month(scenario, months):
        name = f"{month:%Y-%m}"
        if (name, "drones") not in totals:
            break
        month_launched, month_stopped = (np.zeros((len(counts), len(CLASSES)), np.int64) for _ in range(2))
        for column, klass in enumerate(CLASSES):
            total, total_stopped = totals.get((name, klass), (0, 0))
            weights = counts[:, 0 if klass == "drones" else 1].astype(np.float64)
            month_launched[:, column] = apportion(total, weights)
            if total:
                month_stopped[:, column] = apportion(total_stopped, month_launched[:, column].astype(np.float64))
        days.append(np.datetime64(month) + np.arange(len(counts)))
        launched.append(month_launched)
        stopped.append(month_stopped)
    shape = (sum(map(len, days)), len(CLASSES))
    empty = np.zeros((0, len(CLASSES)), np.int64)
    all_days = np.concatenate(days) if days else np.empty(0, "datetime64[D]")
    return Record(
        days=all_days.astype("datetime64[D]"),
        classes=CLASSES,
        launched=np.concatenate([empty, *launched]),
        destroyed=np.concatenate([empty, *stopped]),
        lost=np.zeros(shape, np.int64),
        is_known=np.ones(shape, bool),
        digest=hashlib.sha256(MONTHLY_TOTALS_FILE.read_bytes()).hexdigest(),
        source=MONTHLY_TOTALS_FILE.name,
        layout="months",
        corrections=(),
        reporting_rules=tuple(
            rule for rule in known_reporting_rules() if days and rule.overlaps(all_days[0], all_days[-1])
        ),
    )


def daily_raids_by_month(scenario: Scenario, months: int) -> Iterator[tuple[date, Ints]]:
    """Yield the daily raids of each month in one draw of a scenario's raid process, without factors on classes.

    Yields:
        The first day of the month, and its daily drones and missiles, (days, 2).

    """
    index = scenario.start.year * 12 + scenario.start.month - 1
    starts = [date(month // 12, month % 12 + 1, 1) for month in range(index, index + months)]
    lengths = [monthrange(start.year, start.month)[1] for start in starts]
    packages = scenario.names.packages
    factors = replace(scenario.factors, threats=np.ones_like(scenario.factors.threats))
    without_recorded_raids = replace(scenario, raid_counts=np.zeros((0, len(packages)), np.int64), factors=factors)
    launched = draw_raids(without_recorded_raids, 1, ALLOCATION_SEED).launched.values[0, : sum(lengths)].sum(2)
    package_of = scenario.compile().template.threats["package"]
    counts = np.stack(
        [launched[:, package_of == packages.index(package)].sum(1) for package in ("drones", "missiles")], 1
    )
    yield from zip(starts, np.split(counts, np.cumsum(lengths)[:-1]), strict=True)
