"""Latin hypercube sample of the assumptions, in independent blocks of futures.

In each block of ``BLOCK_FUTURES`` futures, every assumption has one draw in each of ``BLOCK_FUTURES`` equally probable
intervals, in random order (McKay, Beckman and Conover 1979). This removes most of the sampling variance that is
additive in the assumptions (Stein 1987). Blocks are independent, so that standard errors follow from the variance
between them (``intervals``), and a longer run begins with the futures of a shorter one.
"""

from collections.abc import Sequence

import numpy as np

from octoplan.campaign.streams import uniforms
from octoplan.scenario.arrays import Floats, Ints

BLOCK_FUTURES = 8
"""Number of futures in a block, and of intervals per assumption."""

SMALLEST_UNIFORM = 2.0**-53
"""Distance of a draw from 0 and from 1 that rounding cannot reduce."""


def latin_hypercube(seed: int, names: Sequence[str], futures: int) -> Floats:
    """Uniform draws in (0, 1), (futures, names), from independent blocks of Latin hypercube samples.

    Each column is a function of the seed and its name only, and each row also of the number of its future.

    >>> draws = latin_hypercube(1, ["cost"], 8)
    >>> sorted((8 * draws[:, 0]).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    blocks = -(-futures // BLOCK_FUTURES)
    order = uniforms(seed, [f"interval/{name}" for name in names], blocks * BLOCK_FUTURES)
    position = uniforms(seed, [f"position/{name}" for name in names], blocks * BLOCK_FUTURES)
    by_block = order.reshape(blocks, BLOCK_FUTURES, len(names))
    rank = by_block.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable").reshape(order.shape)
    draws = (rank + position) / BLOCK_FUTURES
    return np.clip(draws[:futures], SMALLEST_UNIFORM, 1.0 - SMALLEST_UNIFORM)


def block_of(futures: Ints) -> Ints:
    """Block of each future, given the numbers of the futures."""
    return futures // BLOCK_FUTURES
