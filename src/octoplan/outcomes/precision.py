"""Simulation of as many futures as a required precision of the key results needs."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from math import ceil, inf, isfinite

import numpy as np
import xarray as xr

from octoplan.errors import RunError
from octoplan.outcomes.intervals import MIN_BLOCKS
from octoplan.outcomes.key_results import KeyResult, KeyResults
from octoplan.outcomes.main_measures import main_keys
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.run import Run
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.outcomes.simulate import Progress, simulate
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Ints

FIRST_STEP = MIN_BLOCKS * BLOCK_FUTURES
"""Number of futures of the first step, from which the variance between blocks is estimated."""
MAX_FUTURES = 10_000
"""Default maximum number of futures."""
MAX_GROWTH = 4.0
"""Largest ratio of the numbers of futures in successive steps, because the first standard errors are uncertain."""


@dataclass(frozen=True)
class Precision:
    """Standard errors that the key results must not exceed.

    relative
        Largest standard error of the P50 of the ten key results as a share of the P50. For a measure in per cent and
        for a probability it is the largest standard error in hundreds of percentage points. For a measure whose P10 and
        P90 have different signs, it is a share of the range from P10 to P90. Months are not restricted.
    absolute
        Largest standard error by key of the measure, in its unit; it replaces the relative one.

    Raises RunError if one of them is not above 0.

    >>> import octoplan as op
    >>> precision = op.Precision(0.05, {"leakers": 2.0})
    >>> op.simulate_to_precision("pocket", precision, limit=64)
    <Run of 'Pocket': 64 futures, seed 1>
    """

    relative: float = inf
    absolute: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        invalid = [value for value in (self.relative, *self.absolute.values()) if not value > 0.0]
        if invalid:
            raise RunError(f"a standard error of at most {invalid[0]:g} cannot be required; it must be above 0")


@dataclass(frozen=True)
class Step:
    """The state after one step: the measure that is furthest from its required precision.

    futures
        Number of futures simulated so far.
    measure, unit
        Title and unit of that measure; empty if no key result has a required precision.
    standard_error, required
        Standard error of that measure, and the largest permitted one, in its unit.
    unmet
        Number of key results whose standard error exceeds the permitted one.
    """

    futures: int
    measure: str
    unit: str
    standard_error: float
    required: float
    unmet: int


def parse_precision(texts: Sequence[str]) -> Precision:
    """Precision from texts such as ``1%`` and ``leakers=50``.

    Raises RunError with every text that is not a precision.

    >>> parse_precision(["1%", "leakers=50"])
    Precision(relative=0.01, absolute={'leakers': 50.0})
    """
    relative, absolute, problems = inf, {}, []
    for text in texts:
        key, separator, amount = text.rpartition("=")
        number = re.fullmatch(r"\d+(\.\d+)?(e\d+)?(?P<percent>\s?%)?", amount.strip())
        value = float(amount.strip().rstrip("% ")) if number else 0.0
        if not number or value <= 0.0 or bool(number["percent"]) == bool(separator):
            problems.append(f"--precision {text!r} is not valid; write a percentage such as 1%, or MEASURE=AMOUNT")
        elif separator:
            absolute[key] = value
        else:
            relative = value / 100.0
    if problems:
        raise RunError("\n".join(problems))
    return Precision(relative, absolute)


def largest_error(row: KeyResult, precision: Precision, centre: float | None = None) -> float:
    """Largest permitted standard error of a key result, in its unit; infinite if it is not restricted.

    A relative precision is a share of the P50, or of ``centre`` if it is given.
    """
    if row.key in precision.absolute:
        return precision.absolute[row.key]
    i = row.interval
    centre = i.p50 if centre is None else centre
    if row.form == "month" or not isfinite(precision.relative):
        return inf
    if row.form == "chance" or row.unit == "%":
        return 100.0 * precision.relative
    if i.p10 <= 0.0 <= i.p90:
        return precision.relative * (i.p90 - i.p10) or inf
    return precision.relative * abs(centre)


def restricted_keys(results: KeyResults, precision: Precision) -> set[str]:
    """Keys of the key results that a precision restricts.

    The relative precision restricts the ten key results (``main_measures``) only, because a few of the other measures
    are much more skewed.

    Raises RunError if an absolute precision names a measure that the run does not have.
    """
    unknown = [key for key in precision.absolute if key not in results]
    if unknown:
        names = ", ".join(row.key for row in results)
        raise RunError(
            f"the precision names {', '.join(map(repr, unknown))}, not a measure of this run; it has {names}"
        )
    return {*main_keys(row.key for row in results), *precision.absolute}


def error_ratios(results: KeyResults, precision: Precision) -> dict[str, float]:
    """Standard error of each key result over the largest permitted one, by key; undefined errors are omitted.

    The error is that of the P50, and of the mean for a probability.

    Raises RunError if an absolute precision names a measure that the run does not have.
    """
    restricted = restricted_keys(results, precision)
    errors = {row.key: standard_error(row) / largest_error(row, precision) for row in results if row.key in restricted}
    return {key: ratio for key, ratio in errors.items() if isfinite(ratio)}


def standard_error(row: KeyResult) -> float:
    """Standard error of the P50, or of the mean for a probability."""
    return row.interval.se_mean if row.form == "chance" else row.interval.se_p50


def step_of(results: KeyResults, precision: Precision) -> Step:
    """The state after a step, from its key results."""
    ratios = error_ratios(results, precision)
    if not ratios:
        return Step(results.futures, "", "", 0.0, inf, 0)
    key = max(ratios, key=ratios.__getitem__)
    row, unmet = results[key], sum(ratio > 1.0 for ratio in ratios.values())
    return Step(results.futures, row.measure, row.unit, standard_error(row), largest_error(row, precision), unmet)


def next_futures(step: Step, limit: int) -> int:
    """Number of futures of the next step: those that the standard errors imply, in whole blocks.

    Standard errors decrease with the square root of the number of futures.
    """
    implied = futures_needed(step.futures, step.standard_error, step.required)
    futures = whole_blocks(min(implied, MAX_GROWTH * step.futures))
    return min(max(futures, step.futures + BLOCK_FUTURES), limit)


def futures_needed(futures: int, standard_error: float, required: float) -> float:
    """Number of futures for a required standard error, given the one with a number of futures."""
    return futures * (standard_error / required) ** 2


def whole_blocks(futures: float) -> int:
    """Number of futures rounded up to whole blocks."""
    return BLOCK_FUTURES * ceil(futures / BLOCK_FUTURES)


def simulate_to_precision(
    scenario: Scenario,
    precision: Precision,
    seed: int = 1,
    *,
    limit: int = MAX_FUTURES,
    executor: Executor | None = None,
    keep: tuple[str, ...] = (),
    keep_going: bool = False,
    progress: Progress | None = None,
    report: Callable[[Step], None] | None = None,
) -> Run:
    """Simulate a scenario until the standard errors of its key results are no larger than required.

    The run is identical to one of ``simulate`` with the same number of futures.

    limit
        Maximum number of futures.
    executor, keep, keep_going, progress
        As for ``simulate``.
    report
        Called after each step.

    Raises RunError if the precision names an unknown measure, and what ``simulate`` raises.
    """
    check_measures(scenario, precision, seed)
    runs: list[Run] = []

    def extend(futures: int) -> KeyResults:
        first = sum(run.futures for run in runs)
        further = simulate(
            scenario, futures, seed, first=first, executor=executor, keep=keep, keep_going=keep_going, progress=progress
        )
        runs[:] = [joined(runs[0], further) if runs else further]
        return key_results(runs[0])

    extend_to_precision(extend, precision, limit, report=report)
    return runs[0]


def check_measures(scenario: Scenario, precision: Precision, seed: int) -> None:
    """Check, on one future, that a run has the measures that a precision names. Raises RunError if it does not."""
    if precision.absolute:
        error_ratios(key_results(simulate(scenario, 1, seed, keep_going=True)), precision)


def extend_to_precision(
    extend: Callable[[int], KeyResults],
    precision: Precision,
    limit: int = MAX_FUTURES,
    *,
    report: Callable[[Step], None] | None = None,
) -> None:
    """Extend a run in steps until the standard errors of its key results are no larger than required.

    extend
        Simulates further futures until the run has a total number of futures, and returns its key results.
    limit, report
        As for ``simulate_to_precision``.
    """
    futures = min(FIRST_STEP, limit)
    while True:
        step = step_of(extend(futures), precision)
        if report is not None:
            report(step)
        if step.unmet == 0 or futures >= limit:
            return
        futures = next_futures(step, limit)


def joined(first: Run, further: Run) -> Run:
    """A run of the futures of two runs, of which the second continues the first."""
    futures = np.arange(first.futures + further.futures)
    draws = first.assumptions.to_dataset(name="assumptions"), further.assumptions.to_dataset(name="assumptions")
    return replace(
        first,
        data=concatenated(first.data, further.data, futures),
        counterfactual=concatenated(first.counterfactual, further.counterfactual, futures),
        assumptions=concatenated(*draws, futures)["assumptions"],
        status=np.concatenate([first.status, further.status]),
        messages={**first.messages, **further.messages},
        wall_time=first.wall_time + further.wall_time,
    )


def concatenated(first: xr.Dataset, further: xr.Dataset, futures: Ints) -> xr.Dataset:
    """The arrays of two runs, (futures, ...), one after the other, with the numbers of all futures.

    The other coordinates are equal; ``xarray.concat`` would compare them, which takes most of its time.
    """
    arrays = {
        name: (array.dims, np.concatenate([array.values, further[name].values]), array.attrs)
        for name, array in first.data_vars.items()
    }
    coordinates = {name: array for name, array in first.coords.items() if name != "future"}
    return xr.Dataset(arrays, {**coordinates, "future": futures}, first.attrs)
