"""A two-stage stochastic linear programme, and the scenarios it is solved over, as plain arrays.

    minimise  c'x + R[Q(x, s)],   a <= A x <= b,   l <= x <= u,   some x whole
    Q(x, s) = minimise  q_s'y,    a_s <= T_s x + W_s y <= b_s,    l <= y <= u

R is the mean over the scenarios s, or a mixture of mean and tail (risk.Risk). Random are a_s and b_s throughout, and
named entries of T, W and q. The notation is that of Birge and Louveaux 2011, chapter 3.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from octoplan.errors import PlanError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Matrix = Any
"""A scipy sparse matrix or array in compressed rows."""

NO_VALUES: Floats = np.zeros(0)
NO_PLACES: Ints = np.zeros((0, 2), np.int64)
NO_COLUMNS: Ints = np.zeros(0, np.int64)

WIDEST = 1e6
"""Largest over smallest coefficient above which a solver's tolerances no longer mean what they say."""

NO_SECOND = (
    "no first stage leaves every scenario a second stage that can be met; relax rows or let shortages be paid for"
)
ENDLESS = "the cost falls without end; bound the columns that earn more than they cost"

TOLERANCE = 1e-6
"""How far a first stage may miss a bound, a row (per unit of the row's size) or a whole number."""


@dataclass(frozen=True)
class Columns:
    """Decisions of one stage: cost, lower and upper bound of each, and whether it is whole, all (columns,)."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Flags

    def __len__(self) -> int:
        return len(self.cost)


@dataclass(frozen=True)
class TwoStage:
    """What all scenarios share.

    first, rows, row_lower, row_upper
        x, its constraints A (rows, x) and their bounds (rows,).
    second, technology, recourse
        y, T (second rows, x), W (second rows, y).
    random_technology, random_recourse
        (entries, 2) row and column of the entries of T and of W that each scenario replaces.
    random_cost
        (entries,) the columns of y whose cost each scenario replaces.

    Raises PlanError where shapes do not fit, a number is not one, or bounds cross.
    """

    first: Columns
    rows: Matrix
    row_lower: Floats
    row_upper: Floats
    second: Columns
    technology: Matrix
    recourse: Matrix
    random_technology: Ints = field(default_factory=lambda: NO_PLACES)
    random_recourse: Ints = field(default_factory=lambda: NO_PLACES)
    random_cost: Ints = field(default_factory=lambda: NO_COLUMNS)

    def __post_init__(self) -> None:
        x, y, m = len(self.first), len(self.second), self.recourse.shape[0]
        for name, found, expected in (
            ("rows", self.rows.shape, (len(self.row_lower), x)),
            ("row_upper", self.row_upper.shape, (len(self.row_lower),)),
            ("technology", self.technology.shape, (m, x)),
            ("recourse", self.recourse.shape, (m, y)),
        ):
            if found != expected:
                raise PlanError(f"{name} has the shape {found}; its stages need {expected}")
        for name, matrix in (("rows", self.rows), ("technology", self.technology), ("recourse", self.recourse)):
            if not np.isfinite(matrix.data).all():
                raise PlanError(f"{name} holds an entry that is not a finite number")
        for stage, columns in (("first", self.first), ("second", self.second)):
            n = len(columns)
            if {len(columns.lower), len(columns.upper), len(columns.integer)} != {n}:
                raise PlanError(f"cost, bounds and whole marks of the {stage} stage differ in length; each needs {n}")
            if not np.isfinite(columns.cost).all():
                raise PlanError(f"a cost of the {stage} stage is not a finite number")
            ordered(columns.lower, columns.upper, f"the {stage} stage", "column")
        ordered(self.row_lower, self.row_upper, "the first stage", "row")

    @cached_property
    def priced(self) -> tuple[Matrix, Matrix]:
        """T and W transposed: multiplied by what rows are worth, they say what columns are."""
        return self.technology.T.tocsr(), self.recourse.T.tocsr()


def ordered(lower: Floats, upper: Floats, where: str, what: str) -> None:
    """Raises PlanError where a lower bound exceeds its upper one, or cannot be met, or either is not a number."""
    wrong = np.flatnonzero(~((lower <= upper) & (lower < np.inf) & (upper > -np.inf)))
    if len(wrong):
        i = int(wrong[0])
        raise PlanError(
            f"{what} {i} of {where} is bounded by {lower[i]} and {upper[i]}; the first must not exceed the second"
        )


@dataclass(frozen=True)
class Realisation:
    """What one scenario fixes: bounds of all second rows, and the values of the random entries in their order."""

    lower: Floats
    upper: Floats
    technology: Floats = field(default_factory=lambda: NO_VALUES)
    recourse: Floats = field(default_factory=lambda: NO_VALUES)
    cost: Floats = field(default_factory=lambda: NO_VALUES)


@dataclass(frozen=True)
class Scenarios:
    """Probabilities (scenarios,), and a function that gives the realisation of each number, the same whenever asked."""

    probability: Floats
    realise: Callable[[int], Realisation]

    def __len__(self) -> int:
        return len(self.probability)

    def __iter__(self) -> Iterator[Realisation]:
        return (self.realise(s) for s in range(len(self)))


@dataclass(frozen=True)
class Solved:
    """A plan with its bounds.

    x
        (first,) the first stage.
    lower, upper
        The optimum lies between them, as far as the solver's tolerances go; ``upper`` is the cost of x.
    costs
        (scenarios,) cost of the second stage under x.
    status
        "optimal" within the gap asked for, "time limit", "interrupted", or "stalled" where tolerances bar the way on.
    remarks
        Sentences on what may have spoilt the numbers.
    """

    x: Floats
    lower: float
    upper: float
    costs: Floats
    status: str
    iterations: int
    remarks: tuple[str, ...]

    @property
    def gap(self) -> float:
        return relative_gap(self.lower, self.upper)


def relative_gap(lower: float, upper: float) -> float:
    """Distance of the bounds per unit of the upper one; infinite while either is."""
    if not (isfinite(lower) and isfinite(upper)):
        return float("inf")
    return max(0.0, upper - lower) / max(1e-10, abs(upper))


def entries(matrix: Matrix, places: Ints) -> Floats:
    """Entries of a matrix at (entries, 2) places, zero where it holds none."""
    return np.asarray(matrix[places[:, 0], places[:, 1]], float).ravel() if len(places) else NO_VALUES


def replaced(matrix: Matrix, places: Ints, values: Floats) -> Matrix:
    """The matrix with its entries at the places replaced."""
    if not len(places):
        return matrix
    change = sparse.csr_matrix((values - entries(matrix, places), (places[:, 0], places[:, 1])), shape=matrix.shape)
    return (matrix + change).tocsr()


def second_cost(problem: TwoStage, realisation: Realisation) -> Floats:
    """q of one scenario, (second,)."""
    cost = problem.second.cost.copy()
    cost[problem.random_cost] = realisation.cost
    return cost


def check(problem: TwoStage, scenarios: Scenarios) -> None:
    """Raises PlanError for scenarios that are none, whose chances do not sum to one, or that do not fit the problem."""
    if len(scenarios) == 0:
        raise PlanError("there is no scenario to plan for; draw at least one")
    p = scenarios.probability
    if not (np.all(p >= 0.0) and abs(float(p.sum()) - 1.0) <= 1e-9):
        raise PlanError(f"probabilities sum to {p.sum()} with least {p.min()}; they must be at least 0 and sum to 1")
    m = problem.recourse.shape[0]
    for s, realisation in enumerate(scenarios):
        for name, values, expected in (
            ("lower", realisation.lower, m),
            ("upper", realisation.upper, m),
            ("technology", realisation.technology, len(problem.random_technology)),
            ("recourse", realisation.recourse, len(problem.random_recourse)),
            ("cost", realisation.cost, len(problem.random_cost)),
        ):
            if values.shape != (expected,):
                raise PlanError(
                    f"scenario {s} gives {name} in the shape {values.shape}; the problem needs {(expected,)}"
                )
            if name not in {"lower", "upper"} and not np.isfinite(values).all():
                raise PlanError(f"scenario {s} gives {name} an entry that is not a finite number")
        ordered(realisation.lower, realisation.upper, f"scenario {s}", "row")


def remarks(problem: TwoStage, scenarios: Scenarios) -> tuple[str, ...]:
    """A sentence for constraints and one for costs whose coefficients range wider than ``WIDEST``."""
    found = []
    matrices = [problem.rows.data, problem.technology.data, problem.recourse.data]
    random = (NO_VALUES, NO_VALUES)
    if len(problem.random_technology) or len(problem.random_recourse) or len(problem.random_cost):
        matrix = [spread(np.concatenate([r.technology, r.recourse])) for r in scenarios]
        random = np.concatenate(matrix), np.concatenate([spread(r.cost) for r in scenarios])
    for name, sizes in (
        ("constraints", spread(np.concatenate([*matrices, random[0]]))),
        ("costs", spread(np.concatenate([problem.first.cost, problem.second.cost, random[1]]))),
    ):
        if len(sizes) and sizes[1] > WIDEST * sizes[0]:
            found.append(
                f"coefficients of the {name} range from {sizes[0]:.3g} to {sizes[1]:.3g}, more than {WIDEST:.0e} "
                "times; the solver's tolerances suffer: choose units that bring them closer"
            )
    return tuple(found)


def spread(values: Floats) -> Floats:
    """Smallest and largest size among those that are not zero, (2,), or nothing."""
    sizes = np.abs(values[values != 0.0])
    return np.array([sizes.min(), sizes.max()]) if len(sizes) else NO_VALUES


def mean(scenarios: Scenarios) -> Scenarios:
    """The one scenario in which everything random has its mean."""
    total: Realisation | None = None
    for p, r in zip(scenarios.probability, scenarios, strict=True):
        if p > 0.0:
            parts = (p * r.lower, p * r.upper, p * r.technology, p * r.recourse, p * r.cost)
            before = total or Realisation(*(np.zeros_like(part) for part in parts))
            total = Realisation(
                before.lower + parts[0], before.upper + parts[1], before.technology + parts[2],
                before.recourse + parts[3], before.cost + parts[4],
            )  # fmt: skip
    if total is None:
        raise PlanError("there is no scenario to take the mean of; draw at least one")
    found = total
    return Scenarios(np.ones(1), lambda _: found)


def faults(problem: TwoStage, x: Floats, tolerance: float = TOLERANCE) -> list[str]:
    """What the first stage x breaks beyond a tolerance, recomputed here from the problem alone; empty if nothing."""
    first = problem.first
    if x.shape != first.cost.shape or not np.isfinite(x).all():
        return [f"a first stage of shape {x.shape} is not {len(first)} finite numbers"]
    off = np.maximum(first.lower - x, x - first.upper) > tolerance * np.maximum(1.0, np.abs(x))
    part = first.integer & (np.abs(x - np.round(x)) > tolerance)
    found = [f"column {j} is {x[j]}, outside {first.lower[j]} to {first.upper[j]}" for j in np.flatnonzero(off)]
    found += [f"column {j} is {x[j]}, not whole" for j in np.flatnonzero(part)]
    begins, index, data = problem.rows.indptr, problem.rows.indices, problem.rows.data
    for i in range(len(problem.row_lower)):
        terms = data[begins[i] : begins[i + 1]] * x[index[begins[i] : begins[i + 1]]]
        activity, size = terms.sum(), max(1.0, np.abs(terms).sum())
        if not problem.row_lower[i] - tolerance * size <= activity <= problem.row_upper[i] + tolerance * size:
            found.append(f"row {i} comes to {activity}, outside {problem.row_lower[i]} to {problem.row_upper[i]}")
    return found


def sound(problem: TwoStage, x: Floats) -> Floats:
    """x, once ``faults`` finds none. Raises PlanError otherwise: a solver's word is not enough."""
    found = faults(problem, x)
    if found:
        raise PlanError(
            f"HiGHS returns a first stage that breaks the problem: {found[0]}; bring the coefficients closer together"
        )
    return x
