"""Functions and constants shared by the charts of a run: monthly totals, medians, shares, names and colours."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.outcomes.run import Run
from octoplan.outcomes.view import OTHERS, PROGRAMME, SHARED, ratio, total
from octoplan.scenario.arrays import Floats

NO_LIMIT_COLOUR = "#D9D9D9"
"""Colour of days without a limiting factor."""
OWNER_NAMES = {PROGRAMME: "programme", OTHERS: "other makers", SHARED: "both, same design"}
"""Names in charts of those who make a design."""


def month_in_full(month: str) -> str:
    """A month such as ``2026-02`` in full.

    >>> month_in_full("2026-02")
    'February 2026'
    """
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def month_total(run: Run, name: str) -> NDArray[Any]:
    """(futures, months) totals of a tally over its other axes."""
    return total(run, name, *(str(axis) for axis in run.data[name].dims if axis not in {"future", "month"}))


def median(values: NDArray[Any]) -> float:
    """P50 over the futures in which a value is defined; not interpolated if some values are infinite."""
    defined_values = values[~np.isnan(values)]
    if not len(defined_values):
        return float("nan")
    return float(
        np.median(defined_values)
        if np.isfinite(defined_values).all()
        else np.quantile(defined_values, 0.5, method="inverted_cdf")
    )


def monthly_share(counts: Floats) -> Floats:
    """(months, factors) share of each limiting factor by month, in per cent, from (futures, months, factors) counts."""
    sums = counts.sum(axis=0)
    return 100 * ratio(sums, sums.sum(axis=1, keepdims=True))
