"""A designed sample for first-order and total indices of independent factors, chance included (pick and freeze).

Two samples of independent uniform inputs, A and B, are simulated, and for each factor the sample A with the inputs of
this factor from B (Saltelli et al. 2010). Chance is a factor like others: its inputs are the random streams of raids,
weather and events, which the seed and the number of a future determine. The sample A is the beginning of the run with
the same seed, so that its results are known if the run is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octoplan.answer.chance import SECOND_SEED
from octoplan.explore.factors import Factor
from octoplan.explore.results import CHANCE
from octoplan.outcomes.sampling import BLOCK_FUTURES, latin_hypercube
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats

A, B = "A", "B"
"""Names of the blocks of the two samples."""


@dataclass(frozen=True, eq=False)
class Block:
    """Futures to be simulated: one for each row of draws, numbered from ``first``, with the streams of ``seed``.

    Attributes:
        name: ``A``, ``B``, or ``mixed(factor)``.
        draws: (futures, columns) draws of the assumptions.
        seed: Seed of the random streams.
        first: Number of the first future.

    """

    name: str
    draws: Floats
    seed: int
    first: int


@dataclass(frozen=True, eq=False)
class Design:
    """The blocks of a designed sample, and its factors in the order of their indices."""

    factors: tuple[Factor, ...]
    blocks: tuple[Block, ...]


def mixed(factor: str) -> str:
    """Name of the block with the inputs of one factor from B and the others from A."""
    return f"A with {factor} of B"


def design(scenario: Scenario, factors: Sequence[Factor], futures: int, seed: int) -> Design:
    """The designed sample for some factors: (factors + 2) blocks of futures.

    A design with more futures begins with the futures of one with fewer. The results of a block do not depend on the
    other factors.

    Args:
        scenario: The scenario.
        factors: Independent factors (``factors_of``) without common columns.
        futures: Number of futures in each block, a multiple of ``BLOCK_FUTURES``.
        seed: Seed of the run, whose first futures are the block A.

    Raises:
        ValueError: If the number of futures is not a positive multiple of ``BLOCK_FUTURES``, or if factors share a
            column.

    """
    if futures < 1 or futures % BLOCK_FUTURES:
        raise ValueError(f"{futures} futures in a block; expected a multiple of {BLOCK_FUTURES}")
    exchanged = [column for factor in factors for column in factor.columns]
    if len(set(exchanged)) < len(exchanged):
        raise ValueError("factors share a column, so that they are not independent")
    second = (seed + SECOND_SEED) % 2**64
    first_inputs, second_inputs = (latin_hypercube(s, scenario.columns, futures) for s in (seed, second))
    blocks = [
        Block(A, scenario.quantiles(first_inputs), seed, 0), Block(B, scenario.quantiles(second_inputs), second, 0)
    ]  # fmt: skip
    for factor in factors:
        inputs = first_inputs.copy()
        columns = np.array(factor.columns, np.int64)
        inputs[:, columns] = second_inputs[:, columns]
        streams = second if factor.name == CHANCE else seed
        blocks.append(Block(mixed(factor.name), scenario.quantiles(inputs), streams, 0))
    return Design(tuple(factors), tuple(blocks))
