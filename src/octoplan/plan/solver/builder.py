"""Columns and rows by label, gathered for all scenarios at once, and handed over as a two-stage programme.

A block of columns or rows is an array of numbers shaped by its axes, so terms are paired by label and never by luck.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from octoplan.plan.solver.two_stage import Columns, Floats, Ints, Realisation, Scenarios, TwoStage

NEGLIGIBLE = 1e-4
"""Size below which a term is left out, lest the range of the coefficients spoil the solver's tolerances."""


@dataclass
class Stage:
    """Columns of one stage, in blocks."""

    blocks: dict[str, Ints] = field(default_factory=dict)
    cost: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    whole: list[Floats] = field(default_factory=list)
    size: int = 0


@dataclass
class Sheet:
    """A two-stage programme in the making, over ``scenarios`` equally likely ones.

    Values of the second stage are (scenarios, *shape), or (1, *shape) where all scenarios share them.
    """

    scenarios: int
    x: Stage = field(default_factory=Stage)
    y: Stage = field(default_factory=Stage)
    rows: dict[str, Ints] = field(default_factory=dict)
    plain: dict[str, Ints] = field(default_factory=dict)
    bounds: dict[str, list[Floats]] = field(default_factory=lambda: {n: [] for n in ("first", "low", "high")})
    terms: dict[str, list[tuple[Ints, Ints, Floats]]] = field(
        default_factory=lambda: {n: [] for n in ("first", "technology", "recourse")}
    )
    count: dict[str, int] = field(default_factory=lambda: {"first": 0, "second": 0})

    def decide(
        self, name: str, shape: tuple[int, ...], *, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0, whole: bool = False,
    ) -> Ints:  # fmt: skip
        """A block of first-stage columns; their numbers, of the shape."""
        stage, size = self.x, int(np.prod(shape))
        stage.blocks[name] = np.arange(stage.size, stage.size + size).reshape(shape)
        stage.size += size
        stage.cost.append(np.broadcast_to(np.asarray(cost, float), shape).ravel())
        stage.lower.append(np.broadcast_to(np.asarray(lower, float), shape).ravel())
        stage.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel())
        stage.whole.append(np.full(size, float(whole)))
        return stage.blocks[name]

    def follow(
        self, name: str, shape: tuple[int, ...], *, lower: float = 0.0, upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0,
    ) -> Ints:  # fmt: skip
        """A block of second-stage columns; their numbers. cost may be (scenarios, *shape)."""
        stage, size = self.y, int(np.prod(shape))
        stage.blocks[name] = np.arange(stage.size, stage.size + size).reshape(shape)
        stage.size += size
        values = np.asarray(cost, float)
        stage.cost.append(np.broadcast_to(values, (self.scenarios, *shape)).reshape(self.scenarios, size))
        stage.lower.append(np.full(size, lower))
        stage.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel())
        return stage.blocks[name]

    def row(self, name: str, shape: tuple[int, ...], low: ArrayLike = -np.inf, high: ArrayLike = np.inf) -> Ints:
        """A block of second-stage rows with bounds (shape) or (scenarios, *shape); their numbers."""
        size = int(np.prod(shape))
        self.rows[name] = np.arange(self.count["second"], self.count["second"] + size).reshape(shape)
        self.count["second"] += size
        for side, values in (("low", low), ("high", high)):
            wide = np.broadcast_to(np.asarray(values, float), (self.scenarios, *shape))
            self.bounds[side].append(wide.reshape(self.scenarios, size))
        return self.rows[name]

    def rule(self, name: str, shape: tuple[int, ...], low: ArrayLike = -np.inf, high: ArrayLike = np.inf) -> Ints:
        """A block of first-stage rows with bounds; their numbers."""
        size = int(np.prod(shape))
        self.plain[name] = np.arange(self.count["first"], self.count["first"] + size).reshape(shape)
        self.count["first"] += size
        both = np.stack([np.broadcast_to(np.asarray(v, float), shape).ravel() for v in (low, high)])
        self.bounds["first"].append(both)
        return self.plain[name]

    def put(self, where: str, rows: Ints, columns: Ints, values: ArrayLike) -> None:
        """Terms of ``first``, ``technology`` or ``recourse``; rows and columns are broadcast against each other.

        Values have their shape, or (scenarios, *shape) where they differ between scenarios.
        """
        i, j = np.broadcast_arrays(rows, columns)
        found = np.asarray(values, float)
        if found.ndim == i.ndim + 1:
            wide = np.broadcast_to(found, (found.shape[0], *i.shape)).reshape(found.shape[0], -1)
        else:
            wide = np.broadcast_to(found, i.shape).reshape(1, -1)
        self.terms[where].append((i.ravel(), j.ravel(), wide))

    def finish(self) -> tuple[TwoStage, Scenarios]:
        """The programme. An entry that differs between scenarios is random; the others are shared."""
        a, _, _ = self.matrix("first", (self.count["first"], self.x.size))
        technology, t_places, t_values = self.matrix("technology", (self.count["second"], self.x.size))
        recourse, w_places, w_values = self.matrix("recourse", (self.count["second"], self.y.size))
        cost = np.concatenate(self.y.cost, 1)
        dear = np.flatnonzero(np.ptp(cost, 0) > 0.0)
        low, high = np.concatenate(self.bounds["low"], 1), np.concatenate(self.bounds["high"], 1)
        first = np.concatenate([np.zeros((2, 0)), *self.bounds["first"]], 1)
        x, y = self.x, self.y
        problem = TwoStage(
            Columns(
                np.concatenate(x.cost), np.concatenate(x.lower), np.concatenate(x.upper),
                np.concatenate(x.whole).astype(bool),
            ),
            a, first[0], first[1],
            Columns(cost.mean(0), np.concatenate(y.lower), np.concatenate(y.upper), np.zeros(y.size, bool)),
            technology, recourse, t_places, w_places, dear,
        )  # fmt: skip
        probability = np.full(self.scenarios, 1.0 / self.scenarios)
        realisations = [
            Realisation(low[s], high[s], t_values[s], w_values[s], cost[s, dear]) for s in range(self.scenarios)
        ]
        return problem, Scenarios(probability, realisations.__getitem__)

    def matrix(self, where: str, shape: tuple[int, int]) -> tuple[sparse.csr_matrix, Ints, Floats]:
        """A matrix of mean values, the places of its random entries, and (scenarios, entries) their values."""
        parts = self.terms[where]
        none = np.zeros(0, np.int64)
        i = np.concatenate([none, *(p[0] for p in parts)])
        j = np.concatenate([none, *(p[1] for p in parts)])
        if len(np.unique(i * max(1, shape[1]) + j)) != len(i):
            raise ValueError(f"two terms of {where} fall on one entry")
        values = np.concatenate(
            [np.zeros((self.scenarios, 0)), *(np.broadcast_to(p[2], (self.scenarios, len(p[0]))) for p in parts)], 1
        )
        values = np.where(np.abs(values) < NEGLIGIBLE, 0.0, values)
        random = np.ptp(values, 0) > 0.0 if len(i) else np.zeros(0, bool)
        base = sparse.csr_matrix((values.mean(0), (i, j)), shape=shape)
        return base, np.stack([i[random], j[random]], 1), values[:, random]
