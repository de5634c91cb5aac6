"""The published months of raids as a record of days, for a backtest by someone who has no record."""

import csv
import hashlib
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from octoplan.outcomes.raids import draw_raids
from octoplan.raids.read.record import CLASSES, Record, known_breaks
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints

MONTHLY = Path(__file__).with_name("monthly.csv")
"""Launched and stopped by month and class, from the public record, each with its source."""

SEED = 1
"""What the days drawn in place of the record's depend on."""


def totals() -> dict[tuple[str, str], tuple[int, int]]:
    """Launched and stopped by month and class; missiles that are neither cruise nor ballistic are ``other``."""
    with MONTHLY.open(encoding="utf-8", newline="") as file:
        return {(r["month"], r["class"]): (int(r["launched"]), int(r["stopped"])) for r in csv.DictReader(file)}


def spread(total: int, weights: Floats) -> Ints:
    """Whole numbers that sum to a total, in proportion to weights as nearly as can be: largest remainders.

    Where all weights are 0 they count as equal.
    """
    weights = weights if weights.sum() > 0.0 else np.ones(len(weights))
    exact = total * weights / weights.sum()
    found: Ints = np.floor(exact).astype(np.int64)
    found[np.argsort(found - exact, kind="stable")[: total - found.sum()]] += 1
    return found


def published_months(scenario: Scenario, first: date, months: int) -> Record:
    """A record whose months are those that were published, and whose days are the scenario's own process.

    One draw of the process, its assumptions drawn too, says how the total of a month lies over its days; of each day
    the same share is stopped. Months that were not published are left out, so that ``Record.between`` names them.
    """
    known = totals()
    days, launched, stopped = [], [], []
    for month, drawn in days_drawn(scenario, first, months):
        name = f"{month:%Y-%m}"
        if (name, "drones") not in known:
            break
        sent, halted = (np.zeros((len(drawn), len(CLASSES)), np.int64) for _ in range(2))
        for column, each in enumerate(CLASSES):
            total, end = known.get((name, each), (0, 0))
            sent[:, column] = spread(total, drawn[:, 0 if each == "drones" else 1].astype(np.float64))
            halted[:, column] = spread(end, sent[:, column].astype(np.float64)) if total else 0
        days.append(np.datetime64(month) + np.arange(len(drawn)))
        launched.append(sent)
        stopped.append(halted)
    rows = sum(map(len, days))
    empty = np.zeros((0, len(CLASSES)), np.int64)
    every = np.concatenate(days) if days else np.empty(0, "datetime64[D]")
    return Record(
        days=every.astype("datetime64[D]"),
        classes=CLASSES,
        launched=np.concatenate([empty, *launched]),
        destroyed=np.concatenate([empty, *stopped]),
        lost=np.zeros((rows, len(CLASSES)), np.int64),
        known=np.ones((rows, len(CLASSES)), bool),
        digest=hashlib.sha256(MONTHLY.read_bytes()).hexdigest(),
        source=MONTHLY.name,
        layout="months",
        repairs=(),
        breaks=tuple(each for each in known_breaks() if rows and each.overlaps(every[0], every[-1])),
    )


def days_drawn(scenario: Scenario, first: date, months: int) -> Iterator[tuple[date, Ints]]:
    """The first of each month, and its days of one draw of the scenario's process, (days, 2) drones and missiles."""
    starts = [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(months)]
    lengths = [monthrange(start.year, start.month)[1] for start in starts]
    packages = scenario.names.packages
    free = replace(scenario, given=np.zeros((0, len(packages)), np.int64))
    launched = draw_raids(free, 1, SEED).launched.values[0, : sum(lengths)].sum(2)
    owner = scenario.compile().template.threats["package"]
    drawn = np.stack([launched[:, owner == packages.index(each)].sum(1) for each in ("drones", "missiles")], 1)
    yield from zip(starts, np.split(drawn, np.cumsum(lengths)[:-1]), strict=True)
