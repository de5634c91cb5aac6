"""Bootstrap of whole blocks of futures: futures of one block of a Latin hypercube sample depend on one another."""

from hashlib import sha256

import numpy as np

from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

REPLICATES = 400
"""Number of bootstrap samples."""
LEVELS = (0.025, 0.975)
"""Probabilities of the ends of a 95 % interval."""
MIN_BLOCKS = 4
"""Minimum number of blocks of futures for an interval."""


def generator(seed: int, label: str) -> np.random.Generator:
    """Generator of random numbers that depends on the seed and a label only."""
    label_key = np.frombuffer(sha256(label.encode()).digest()[:16], np.uint32)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *label_key.tolist()])))


def block_numbers(futures: Ints) -> Ints:
    """(n,) block of each future, numbered from 0 without gaps, given the numbers of the futures, (n,)."""
    return np.asarray(np.unique(block_of(futures), return_inverse=True)[1], np.int64)


def resampled_counts(blocks: int, seed: int, label: str, replicates: int = REPLICATES) -> Floats:
    """(replicates, blocks) how often each block is in each bootstrap sample of as many blocks."""
    counts = generator(seed, label).multinomial(blocks, np.full(blocks, 1.0 / blocks), size=replicates)
    return counts.astype(np.float64)


def check_finite(**arrays: Floats) -> None:
    """Raise ``ValueError`` if an array, given by name, has a value that is not finite."""
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has values that are not finite; select the futures in which all are finite first")
