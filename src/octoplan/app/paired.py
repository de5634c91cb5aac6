"""Effects of the changes on the page: means of paired differences from the baseline, from the first futures on.

The futures of a smaller sample are the first of a larger one, and baseline and changed scenario have the same random
numbers, so that an effect is shown after a few futures and its interval narrows while further ones follow.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from scipy.special import stdtrit

from octoplan.answer.totals import Totals
from octoplan.outcomes.intervals import MIN_BLOCKS, standard_error
from octoplan.outcomes.sampling import BLOCK_FUTURES, block_of
from octoplan.scenario.arrays import Floats, Ints

ROUNDING_TOLERANCE = 1e-12
"""Relative difference below which values are regarded as equal, because it can result from the order of summation."""


def effects(baseline: Totals, changed: Totals, futures: Ints, currency: str) -> list[dict[str, Any]]:
    """The effects of a change on what the programme is for and what it costs, as JSON data.

    Each has ``key``, ``title``, ``unit``, ``change`` (``paired_change``) and ``sign`` (``sign``). Damage is the mean
    given the assumptions, as in the marginal analysis of the answer.

    Args:
        baseline: Totals of the baseline.
        changed: Totals of the changed scenario over the same futures.
        futures: (futures,) numbers of the futures that finished in both.
        currency: The reporting currency.

    """
    before, after = ((t.leakers, t.units, t.spend, t.damage + t.spend) for t in (baseline, changed))
    names = (
        ("leakers", "leakers, excluding decoys", ""), ("made", "interceptors made", ""),
        ("spend", "spend, all payers", currency), ("loss", "damage and all spend", currency),
    )  # fmt: skip
    rows = []
    for (key, title, unit), new, old in zip(names, after, before, strict=True):
        change = paired_change(new[futures], old[futures], futures)
        rows.append({"key": key, "title": title, "unit": unit, "change": change, "sign": sign(change)})
    return rows


def sign(change: Mapping[str, float] | None) -> int:
    """1 or -1 if the 95 % CI of a change excludes zero, otherwise 0: its sign is not distinguishable yet.

    Of fewer futures than a block of the sample, a change without variation has no sign either: counts of a few futures
    are often equal by coincidence.
    """
    if change is None or abs(change["mean"]) <= change["half"]:
        return 0
    if change["half"] == 0.0 and change["futures"] < BLOCK_FUTURES:
        return 0
    return 1 if change["mean"] > 0.0 else -1


def paired_change(values: Any, baseline: Any, futures: Ints) -> Mapping[str, float] | None:
    """Mean change against the baseline with the half-width of its 95 % CI, and the number of futures with both values.

    The CI is that of Student's t; its degrees of freedom are those of the blocks of futures if the standard error is
    estimated from them. None if fewer than two futures have both values.

    Args:
        values: (futures,) values of a measure; they may be undefined or infinite.
        baseline: (futures,) values of the baseline.
        futures: (futures,) numbers of the futures.

    """
    values = np.asarray(values, float)
    with np.errstate(invalid="ignore"):
        change = values - np.asarray(baseline, float)
    defined = np.isfinite(change)
    change, blocks = change[defined], block_of(futures[defined])
    if len(change) < 2:
        return None
    if np.abs(change).max() <= ROUNDING_TOLERANCE * np.abs(values[defined]).max():
        change = np.zeros(len(change))
    return finite_or_none({"mean": float(change.mean()), "half": half_width(change, blocks), "futures": len(change)})


def half_width(change: Floats, blocks: Ints) -> float:
    """Half-width of the 95 % CI of the mean of changes in blocks."""
    groups = len(np.unique(blocks))
    degrees = (groups if groups >= MIN_BLOCKS else len(change)) - 1
    return float(stdtrit(degrees, 0.975)) * standard_error(change, blocks)


def finite_or_none(numbers: Mapping[str, float]) -> Mapping[str, float] | None:
    """The numbers, or None if any is undefined or infinite, because JSON cannot represent such numbers."""
    return numbers if all(map(isfinite, numbers.values())) else None
