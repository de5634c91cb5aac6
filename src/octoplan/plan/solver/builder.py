"""Build a two-stage linear programme from named blocks of columns and rows, for all scenarios at once.

A block is an array of indices of columns or rows, with the axes of the variable or constraint.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from octoplan.plan.solver.two_stage import Columns, Floats, Ints, Realisation, Scenarios, TwoStage

NEGLIGIBLE_COEFFICIENT = 1e-4
"""Absolute value below which a coefficient is set to 0, to limit the range of coefficients."""


@dataclass
class Stage:
    """Columns of one stage under construction.

    blocks
        Indices of the columns of each block, by name.
    cost, lower, upper, integer
        Costs, bounds and integrality of the columns, one array for each block.
    size
        Number of columns.
    """

    blocks: dict[str, Ints] = field(default_factory=dict)
    cost: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[Floats] = field(default_factory=list)
    size: int = 0


@dataclass
class Builder:
    """A two-stage linear programme under construction, with equally likely scenarios.

    x, y
        Columns of the first and the second stage.
    rows, first_rows
        Indices of the second-stage and the first-stage rows, by block.
    bounds, terms, row_count
        Bounds of rows and terms of matrices, one array for each block; number of rows of each stage.
    """

    scenarios: int
    x: Stage = field(default_factory=Stage)
    y: Stage = field(default_factory=Stage)
    rows: dict[str, Ints] = field(default_factory=dict)
    first_rows: dict[str, Ints] = field(default_factory=dict)
    bounds: dict[str, list[Floats]] = field(default_factory=lambda: {n: [] for n in ("first", "low", "high")})
    terms: dict[str, list[tuple[Ints, Ints, Floats]]] = field(
        default_factory=lambda: {n: [] for n in ("first", "technology", "recourse")}
    )
    row_count: dict[str, int] = field(default_factory=lambda: {"first": 0, "second": 0})

    def first_stage_columns(
        self, name: str, shape: tuple[int, ...], *, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0, integer: bool = False,
    ) -> Ints:  # fmt: skip
        """Add a block of first-stage columns; returns their indices, in the given shape."""
        stage, size = self.x, int(np.prod(shape))
        stage.blocks[name] = np.arange(stage.size, stage.size + size).reshape(shape)
        stage.size += size
        stage.cost.append(np.broadcast_to(np.asarray(cost, float), shape).ravel())
        stage.lower.append(np.broadcast_to(np.asarray(lower, float), shape).ravel())
        stage.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel())
        stage.integer.append(np.full(size, float(integer)))
        return stage.blocks[name]

    def second_stage_columns(
        self, name: str, shape: tuple[int, ...], *, lower: float = 0.0, upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0,
    ) -> Ints:  # fmt: skip
        """Add a block of second-stage columns; returns their indices. ``cost`` may be (scenarios, *shape)."""
        stage, size = self.y, int(np.prod(shape))
        stage.blocks[name] = np.arange(stage.size, stage.size + size).reshape(shape)
        stage.size += size
        values = np.asarray(cost, float)
        stage.cost.append(np.broadcast_to(values, (self.scenarios, *shape)).reshape(self.scenarios, size))
        stage.lower.append(np.full(size, lower))
        stage.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel())
        return stage.blocks[name]

    def second_stage_rows(
        self, name: str, shape: tuple[int, ...], low: ArrayLike = -np.inf, high: ArrayLike = np.inf
    ) -> Ints:
        """Add a block of second-stage rows with bounds (*shape) or (scenarios, *shape); returns their indices."""
        size = int(np.prod(shape))
        self.rows[name] = np.arange(self.row_count["second"], self.row_count["second"] + size).reshape(shape)
        self.row_count["second"] += size
        for side, values in (("low", low), ("high", high)):
            broadcast = np.broadcast_to(np.asarray(values, float), (self.scenarios, *shape))
            self.bounds[side].append(broadcast.reshape(self.scenarios, size))
        return self.rows[name]

    def first_stage_rows(
        self, name: str, shape: tuple[int, ...], low: ArrayLike = -np.inf, high: ArrayLike = np.inf
    ) -> Ints:
        """Add a block of first-stage rows with bounds, broadcast to ``shape``; returns their indices."""
        size = int(np.prod(shape))
        self.first_rows[name] = np.arange(self.row_count["first"], self.row_count["first"] + size).reshape(shape)
        self.row_count["first"] += size
        bounds = np.stack([np.broadcast_to(np.asarray(v, float), shape).ravel() for v in (low, high)])
        self.bounds["first"].append(bounds)
        return self.first_rows[name]

    def add_terms(self, matrix: str, rows: Ints, columns: Ints, values: ArrayLike) -> None:
        """Add terms to the matrix ``first``, ``technology`` or ``recourse``.

        Rows and columns are broadcast against each other; values have the broadcast shape, or (scenarios, *shape) if
        they differ between scenarios.
        """
        i, j = np.broadcast_arrays(rows, columns)
        entries = np.asarray(values, float)
        if entries.ndim == i.ndim + 1:
            broadcast = np.broadcast_to(entries, (entries.shape[0], *i.shape)).reshape(entries.shape[0], -1)
        else:
            broadcast = np.broadcast_to(entries, i.shape).reshape(1, -1)
        self.terms[matrix].append((i.ravel(), j.ravel(), broadcast))

    def finish(self) -> tuple[TwoStage, Scenarios]:
        """The linear programme and its scenarios; coefficients that differ between scenarios are random."""
        first_stage_matrix, _, _ = self.matrix("first", (self.row_count["first"], self.x.size))
        technology, technology_positions, t_values = self.matrix("technology", (self.row_count["second"], self.x.size))
        recourse, recourse_positions, w_values = self.matrix("recourse", (self.row_count["second"], self.y.size))
        cost = np.concatenate(self.y.cost, 1)
        random_cost = np.flatnonzero(np.ptp(cost, 0) > 0.0)
        low, high = np.concatenate(self.bounds["low"], 1), np.concatenate(self.bounds["high"], 1)
        first = np.concatenate([np.zeros((2, 0)), *self.bounds["first"]], 1)
        x, y = self.x, self.y
        problem = TwoStage(
            Columns(
                np.concatenate(x.cost), np.concatenate(x.lower), np.concatenate(x.upper),
                np.concatenate(x.integer).astype(bool),
            ),
            first_stage_matrix, first[0], first[1],
            Columns(cost.mean(0), np.concatenate(y.lower), np.concatenate(y.upper), np.zeros(y.size, bool)),
            technology, recourse, technology_positions, recourse_positions, random_cost,
        )  # fmt: skip
        probability = np.full(self.scenarios, 1.0 / self.scenarios)
        realisations = [
            Realisation(low[s], high[s], t_values[s], w_values[s], cost[s, random_cost]) for s in range(self.scenarios)
        ]
        return problem, Scenarios(probability, realisations.__getitem__)

    def matrix(self, name: str, shape: tuple[int, int]) -> tuple[sparse.csr_matrix, Ints, Floats]:
        """A matrix of mean coefficients, the positions of its random entries, and their values (scenarios, entries)."""
        parts = self.terms[name]
        no_terms = np.zeros(0, np.int64)
        i = np.concatenate([no_terms, *(p[0] for p in parts)])
        j = np.concatenate([no_terms, *(p[1] for p in parts)])
        if len(np.unique(i * max(1, shape[1]) + j)) != len(i):
            raise ValueError(f"two terms of the matrix {name} have the same position")
        values = np.concatenate(
            [np.zeros((self.scenarios, 0)), *(np.broadcast_to(p[2], (self.scenarios, len(p[0]))) for p in parts)], 1
        )
        values = np.where(np.abs(values) < NEGLIGIBLE_COEFFICIENT, 0.0, values)
        is_random = np.ptp(values, 0) > 0.0 if len(i) else np.zeros(0, bool)
        mean_matrix = sparse.csr_matrix((values.mean(0), (i, j)), shape=shape)
        return mean_matrix, np.stack([i[is_random], j[is_random]], 1), values[:, is_random]
