"""Scenario discovery: boxes of futures with many cases of interest, with honest coverage and density.

The limits of a box are chosen to make its density high, so that its density is overstated. Coverage and density are
therefore also estimated in held-out futures (cross-fitting): boxes are made from four fifths of the futures, in whole
blocks of the sample, and evaluated on the rest. A box is proposed only if it is denser there than random futures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from octoplan.explore.boxes import Bools, Region, limit_probabilities
from octoplan.explore.peeling import Sample, peeled, proposal, sample_of, tidied
from octoplan.explore.regression import folds_of
from octoplan.explore.resampling import LEVELS, block_numbers, generator, resampled_counts
from octoplan.explore.results import Box, Estimate, Limit
from octoplan.scenario.arrays import Floats, Ints

MAX_RANDOM = 0.01
"""Largest probability that random futures have, in held-out futures, the density of a proposed box."""
HALVES = 20
"""Number of random halves of the blocks in which boxes are made again, to see which assumptions they restrict."""
MIN_REPRODUCED = 0.5
"""Smallest share of the halves that restrict an assumption of a proposed box."""


@dataclass(frozen=True)
class Trajectory:
    """The steps of peeling and the box that is described.

    Attributes:
        boxes: The steps, from all futures to the smallest box; last, unless none is proposed, the box described.
        chosen: Index of the box described; 0, the box of all futures, if none is denser than random futures.
        p_value: Probability that random futures have, in held-out futures, the density of the box described, or of the
            one that would have been proposed.

    """

    boxes: tuple[Box, ...]
    chosen: int
    p_value: float


@dataclass(frozen=True, eq=False)
class Peeling:
    """A sample and its peeling trajectory.

    Attributes:
        sample: The futures.
        regions: The steps, from all futures.
        inside: (steps, n) True where a future lies in the region of a step.

    """

    sample: Sample
    regions: list[Region]
    inside: Bools

    def nearest(self, mass: float) -> int:
        """The step with the share of all futures nearest to ``mass``."""
        return int(np.abs(self.inside.mean(axis=1) - mass).argmin())

    def nearest_coverage(self, coverage: float) -> int:
        """The step with the share of all cases nearest to ``coverage``, of equally near ones the smallest."""
        shares = (self.inside & self.sample.cases).sum(axis=1) / max(int(self.sample.cases.sum()), 1)
        distance = np.abs(shares - coverage)
        return int(np.flatnonzero(distance == distance.min())[-1])


def peeling_of(sample: Sample) -> Peeling:
    """The peeling trajectory of a sample."""
    regions = peeled(sample)
    return Peeling(sample, regions, np.array([region.contains(sample.draws) for region in regions]))


def prim(
    draws: Floats, cases: Bools, names: Sequence[str], futures: Ints, seed: int, step: int | None = None
) -> Trajectory:
    """Boxes with many cases: the peeling trajectory, and the box proposed or chosen, with its significant limits only.

    Limits of the steps have quasi-p-values and the share of random halves of the sample in which the step of the same
    coverage restricts the same assumption.

    Args:
        draws: (n, k) draws of the assumptions; an assumption with one value is never restricted.
        cases: (n,) True for the cases of interest.
        names: Names of the k assumptions.
        futures: (n,) numbers of the futures in the sample.
        seed: Seed of the random halves and of the bootstrap.
        step: Number of the step to describe; by default, that of ``peeling.proposal``, if it is denser in held-out
            futures than random futures.

    Raises:
        ValueError: Shapes differ, draws are not finite, all or no futures are cases, or there is no such step.

    """
    draws, cases, futures = np.asarray(draws, np.float64), np.asarray(cases, bool), np.asarray(futures)
    check(draws, cases, names, futures)
    main = peeling_of(sample_of(draws, cases))
    if step is not None and not 0 <= step < len(main.regions):
        raise ValueError(f"there is no step {step}: steps are 0 to {len(main.regions) - 1}")
    folds = folds_of(futures)
    parts = {int(fold): peeling_of(main.sample.part(folds != fold)) for fold in np.unique(folds)}
    halves = halves_of(main.sample, futures, seed)
    if step is None:
        region = reproducible(proposal(main.regions, main.sample), main, halves)
    else:
        region = tidied(main.regions[step], main.sample)
    mass = None if step is None else float(main.inside[step].mean())
    test, is_evaluated = held_out_test(parts, folds, main.sample.draws, futures, seed, mass)
    p_value = random_probability(test, cases, folds)
    has_box = len(region.columns) > 0 and (step is not None or p_value <= MAX_RANDOM)
    regions = [*main.regions, region] if has_box else main.regions
    inside = np.vstack([main.inside, region.contains(draws)[None]]) if has_box else main.inside
    steps = [by_fold(parts, folds, draws, float(row.mean())) for row in main.inside]
    estimates = held_out_estimates(np.array(steps), cases, futures, seed)
    if has_box:
        rows = is_evaluated if is_evaluated.any() else np.ones(len(cases), bool)
        estimates += held_out_estimates(test[rows][None], cases[rows], futures[rows], seed)
    coverage = (inside & cases).sum(axis=1) / cases.sum()
    reproduced = [reproduced_limits(halves, float(share)) for share in coverage]
    boxes = tuple(
        box_of(item, main.sample, names, share, estimate)
        for item, share, estimate in zip(regions, reproduced, estimates, strict=True)
    )
    return Trajectory(boxes, len(boxes) - 1 if has_box else 0, p_value)


def check(draws: Floats, cases: Bools, names: Sequence[str], futures: Ints) -> None:
    """Raise ValueError if boxes cannot be made from arrays."""
    if draws.ndim != 2 or draws.shape != (len(cases), len(names)) or futures.shape != cases.shape:
        sizes = f"draws {draws.shape}, cases {cases.shape}, {len(names)} names and futures {futures.shape}"
        raise ValueError(f"{sizes} are not of one sample")
    if not np.isfinite(draws).all():
        raise ValueError("draws are not finite")
    if cases.all() or not cases.any():
        raise ValueError(f"{int(cases.sum())} of {len(cases)} futures are cases: a box needs some of each")


def reproducible(region: Region, peeling: Peeling, halves: list[Peeling]) -> Region:
    """A region without the limits on assumptions that fewer than ``MIN_REPRODUCED`` of the random halves restrict."""
    cases = peeling.sample.cases
    coverage = float((region.contains(peeling.sample.draws) & cases).sum() / cases.sum())
    is_stable = reproduced_limits(halves, coverage) >= MIN_REPRODUCED
    stable = Region(np.where(is_stable, region.low, -np.inf), np.where(is_stable, region.high, np.inf))
    return region if stable.same(region) else tidied(stable, peeling.sample)


def held_out_test(
    parts: dict[int, Peeling], folds: Ints, draws: Floats, futures: Ints, seed: int, mass: float | None
) -> tuple[Bools, Bools]:
    """Evaluation in held-out futures of the box that is described.

    Returns (n,) True where a future lies in the region made in the same way without its fold, and (n,) False in folds
    without which no assumption is restricted, so that there is no box to evaluate.

    Args:
        parts: The trajectories without the futures of each fold.
        folds: (n,) fold of each future.
        draws: (n, k) draws.
        futures: (n,) numbers of the futures.
        seed: Seed of the random halves.
        mass: Share of all futures in the step that is described; None for the proposed box.

    """
    test, is_evaluated = np.zeros(len(draws), bool), np.zeros(len(draws), bool)
    for fold, peeling in parts.items():
        rows = folds == fold
        if mass is None:
            region = proposal(peeling.regions, peeling.sample)
            if len(region.columns):
                region = reproducible(region, peeling, halves_of(peeling.sample, futures[~rows], seed))
        else:
            region = tidied(peeling.regions[peeling.nearest(mass)], peeling.sample)
        test[rows] = region.contains(draws[rows])
        is_evaluated[rows] = len(region.columns) > 0
    return test, is_evaluated


def by_fold(parts: dict[int, Peeling], folds: Ints, draws: Floats, mass: float) -> Bools:
    """(n,) True where a held-out future lies in the step of nearest mass of the trajectory made without its fold."""
    inside = np.zeros(len(draws), bool)
    for fold, peeling in parts.items():
        rows = folds == fold
        inside[rows] = peeling.regions[peeling.nearest(mass)].contains(draws[rows])
    return inside


def random_probability(inside: Bools, cases: Bools, folds: Ints) -> float:
    """Probability that random futures of each fold, as many as lie in its box, have at least as many cases.

    The number of cases is a sum of hypergeometric variables, one for each fold.

    Args:
        inside: (n,) True where a held-out future lies in the box made without its fold.
        cases: (n,) True for the cases of interest.
        folds: (n,) fold of each future.

    """
    distribution = np.ones(1)
    for fold in np.unique(folds):
        rows = folds == fold
        members = int(inside[rows].sum())
        mass = hypergeom.pmf(np.arange(members + 1), int(rows.sum()), int(cases[rows].sum()), members)
        distribution = np.convolve(distribution, mass)
    return min(float(distribution[int((inside & cases).sum()) :].sum()), 1.0)


def held_out_estimates(inside: Bools, cases: Bools, futures: Ints, seed: int) -> list[tuple[Estimate, Estimate]]:
    """Coverage and density of boxes in held-out futures, with intervals from the percentile bootstrap of whole blocks.

    Args:
        inside: (boxes, n) True where a held-out future lies in the box made without it.
        cases: (n,) True for the cases of interest.
        futures: (n,) numbers of the futures.
        seed: Seed of the bootstrap.

    """
    block = block_numbers(futures)
    count = int(block.max()) + 1
    weights = np.vstack([np.ones(count), resampled_counts(count, seed, "boxes")])
    totals = weights @ np.bincount(block, cases, count)
    estimates = []
    for row in inside:
        hits = weights @ np.bincount(block, row & cases, count)
        members = weights @ np.bincount(block, row, count)
        estimates.append((estimate_of(hits, totals), estimate_of(hits, members)))
    return estimates


def estimate_of(numerators: NDArray[Any], denominators: NDArray[Any]) -> Estimate:
    """A share with its interval: the first element is of the sample, the others of its bootstrap replicates."""
    if denominators[0] == 0:
        return Estimate(nan, nan, nan)
    defined = denominators > 0
    shares = numerators[defined] / denominators[defined]
    low, high = np.quantile(shares[1:], LEVELS)
    return Estimate(float(shares[0]), float(low), float(high))


def halves_of(sample: Sample, futures: Ints, seed: int) -> list[Peeling]:
    """Peeling trajectories of random halves of the blocks of a sample; ``futures`` has the numbers of its futures."""
    block = block_numbers(futures)
    count = int(block.max()) + 1
    random = generator(seed, "halves")
    halves = [np.isin(block, random.permutation(count)[: max(count // 2, 1)]) for _ in range(HALVES)]
    return [peeling_of(sample.part(half)) for half in halves]


def reproduced_limits(halves: list[Peeling], coverage: float) -> Floats:
    """(k,) share of random halves in which the step of the nearest coverage restricts an assumption."""
    counts = np.zeros(halves[0].sample.draws.shape[1])
    for half in halves:
        counts[half.regions[half.nearest_coverage(coverage)].columns] += 1.0
    return counts / len(halves)


def box_of(
    region: Region, sample: Sample, names: Sequence[str], reproduced: Floats, estimates: tuple[Estimate, Estimate]
) -> Box:
    """A region with its coverage, density and mass, and its limits with their quasi-p-values."""
    inside = region.contains(sample.draws)
    hits = int((inside & sample.cases).sum())
    probabilities = limit_probabilities(region, sample.draws, sample.cases)
    limits = tuple(
        Limit(names[column], float(region.low[column]), float(region.high[column]), float(p), float(reproduced[column]))
        for column, p in zip(region.columns, probabilities, strict=True)
    )
    return Box(limits, hits / int(sample.cases.sum()), hits / int(inside.sum()), float(inside.mean()), *estimates)
