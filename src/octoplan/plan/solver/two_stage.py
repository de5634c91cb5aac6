"""A two-stage stochastic linear programme and its scenarios, as arrays.

    minimise  c'x + R[Q(x, s)],   a <= A x <= b,   l <= x <= u,   some x integer
    Q(x, s) = minimise  q_s'y,    a_s <= T_s x + W_s y <= b_s,    l <= y <= u

R is the mean over the scenarios s, or another risk measure (``risk.Risk``). All entries of a_s and b_s are random, and
listed entries of T, W and q. Notation of Birge and Louveaux 2011, chapter 3.
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
NO_POSITIONS: Ints = np.zeros((0, 2), np.int64)
NO_COLUMNS: Ints = np.zeros(0, np.int64)

MAX_COEFFICIENT_RATIO = 1e6
"""Ratio of the largest to the smallest coefficient above which a solver's tolerances are unreliable."""

INFEASIBLE_SECOND_STAGE = (
    "no first stage gives every scenario a feasible second stage; relax constraints or allow shortages at a price"
)
UNBOUNDED_COST = "the cost is unbounded below; add bounds to the columns with negative net cost"

TOLERANCE = 1e-6
"""Largest permitted violation of a bound, of a row (relative to the sum of its absolute terms), or of integrality."""

MIN_GAP = 1e-7
"""Smallest permitted relative optimality gap, the size of the solver's tolerances; with a smaller gap an upper bound
could lie below the true optimum."""


@dataclass(frozen=True)
class Columns:
    """Variables of one stage: cost, lower bound, upper bound, and whether the variable is integer, (columns,) each."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Flags

    def __len__(self) -> int:
        return len(self.cost)


@dataclass(frozen=True)
class TwoStage:
    """Data of the stochastic programme that are common to all scenarios.

    first, rows, row_lower, row_upper
        Variables x, their constraint matrix A (rows, x), and its bounds (rows,).
    second, technology, recourse
        Variables y, and the matrices T (second rows, x) and W (second rows, y).
    random_technology, random_recourse
        (entries, 2) row and column of the random entries of T and W.
    random_cost
        (entries,) columns of y with random costs.

    Raises PlanError if shapes are inconsistent, entries are not finite, or a lower bound exceeds an upper bound.
    """

    first: Columns
    rows: Matrix
    row_lower: Floats
    row_upper: Floats
    second: Columns
    technology: Matrix
    recourse: Matrix
    random_technology: Ints = field(default_factory=lambda: NO_POSITIONS)
    random_recourse: Ints = field(default_factory=lambda: NO_POSITIONS)
    random_cost: Ints = field(default_factory=lambda: NO_COLUMNS)

    def __post_init__(self) -> None:
        x, y, m = len(self.first), len(self.second), self.recourse.shape[0]
        for name, shape, expected in (
            ("rows", self.rows.shape, (len(self.row_lower), x)),
            ("row_upper", self.row_upper.shape, (len(self.row_lower),)),
            ("technology", self.technology.shape, (m, x)),
            ("recourse", self.recourse.shape, (m, y)),
        ):
            if shape != expected:
                raise PlanError(f"{name} has the shape {shape}; its stages need {expected}")
        for name, matrix in (("rows", self.rows), ("technology", self.technology), ("recourse", self.recourse)):
            if not np.isfinite(matrix.data).all():
                raise PlanError(f"{name} holds an entry that is not a finite number")
        for stage, columns in (("first", self.first), ("second", self.second)):
            n = len(columns)
            if {len(columns.lower), len(columns.upper), len(columns.integer)} != {n}:
                raise PlanError(f"cost, bounds and integrality of the {stage} stage differ in length; each needs {n}")
            if not np.isfinite(columns.cost).all():
                raise PlanError(f"a cost of the {stage} stage is not a finite number")
            check_bounds(columns.lower, columns.upper, f"the {stage} stage", "column")
        check_bounds(self.row_lower, self.row_upper, "the first stage", "row")

    @cached_property
    def transposed(self) -> tuple[Matrix, Matrix]:
        """The transposes of T and W, used to compute reduced costs from duals."""
        return self.technology.T.tocsr(), self.recourse.T.tocsr()


def check_bounds(lower: Floats, upper: Floats, where: str, kind: str) -> None:
    """Raises PlanError if a lower bound exceeds its upper bound, if no number lies between them, or if one is NaN."""
    invalid = np.flatnonzero(~((lower <= upper) & (lower < np.inf) & (upper > -np.inf)))
    if len(invalid):
        i = int(invalid[0])
        raise PlanError(
            f"{kind} {i} of {where} is bounded by {lower[i]} and {upper[i]}; "
            "the lower bound must not exceed the upper bound"
        )


@dataclass(frozen=True)
class Realisation:
    """Data of one scenario: bounds of the second-stage rows, and values of the random entries of T, W and q."""

    lower: Floats
    upper: Floats
    technology: Floats = field(default_factory=lambda: NO_VALUES)
    recourse: Floats = field(default_factory=lambda: NO_VALUES)
    cost: Floats = field(default_factory=lambda: NO_VALUES)


@dataclass(frozen=True)
class Scenarios:
    """Probabilities, (scenarios,), and a deterministic function that returns the realisation of a scenario."""

    probability: Floats
    realise: Callable[[int], Realisation]

    def __len__(self) -> int:
        return len(self.probability)

    def __iter__(self) -> Iterator[Realisation]:
        return (self.realise(s) for s in range(len(self)))


@dataclass(frozen=True)
class Solution:
    """A first-stage solution with bounds on the optimum.

    x
        (first,) first-stage solution.
    lower, upper
        Bounds on the optimum, valid within the solver's tolerances; ``upper`` is the cost of x.
    costs
        (scenarios,) cost of the second stage under x.
    status
        ``optimal`` if the bounds are within the requested gap, ``time limit``, ``iteration limit``, ``interrupted``, or
        ``stalled`` if the solver's tolerances prevent further progress.
    numerical_warnings
        Sentences on numerical difficulties.
    start_costs
        (scenarios,) cost of the second stage under the first stage that was evaluated first.
    """

    x: Floats
    lower: float
    upper: float
    costs: Floats
    status: str
    iterations: int
    numerical_warnings: tuple[str, ...]
    start_costs: Floats = field(default_factory=lambda: NO_VALUES)

    @property
    def gap(self) -> float:
        """The relative optimality gap."""
        return relative_gap(self.lower, self.upper)


def relative_gap(lower: float, upper: float) -> float:
    """Difference of the bounds relative to the upper bound; infinite if a bound is infinite."""
    if not (isfinite(lower) and isfinite(upper)):
        return float("inf")
    return max(0.0, upper - lower) / max(1e-10, abs(upper))


def entries(matrix: Matrix, positions: Ints) -> Floats:
    """Entries of a matrix at (entries, 2) positions; zero for entries that are not stored."""
    return np.asarray(matrix[positions[:, 0], positions[:, 1]], float).ravel() if len(positions) else NO_VALUES


def with_entries(matrix: Matrix, positions: Ints, values: Floats) -> Matrix:
    """A copy of the matrix with the entries at (entries, 2) positions replaced."""
    if not len(positions):
        return matrix
    change = sparse.csr_matrix(
        (values - entries(matrix, positions), (positions[:, 0], positions[:, 1])), shape=matrix.shape
    )
    return (matrix + change).tocsr()


def recourse_cost(problem: TwoStage, realisation: Realisation) -> Floats:
    """Second-stage costs q of one scenario, (second,)."""
    cost = problem.second.cost.copy()
    cost[problem.random_cost] = realisation.cost
    return cost


def check_scenarios(problem: TwoStage, scenarios: Scenarios) -> None:
    """Raises PlanError if there are no scenarios, probabilities are invalid, or values do not match the problem."""
    if len(scenarios) == 0:
        raise PlanError("there is no scenario to plan for; draw at least one")
    p = scenarios.probability
    if not (np.all(p >= 0.0) and abs(float(p.sum()) - 1.0) <= 1e-9):
        raise PlanError(
            f"probabilities sum to {p.sum()} and the smallest is {p.min()}; "
            "each must be at least 0, and they must sum to 1"
        )
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
        check_bounds(realisation.lower, realisation.upper, f"scenario {s}", "row")


def coefficient_warnings(problem: TwoStage, scenarios: Scenarios) -> tuple[str, ...]:
    """Warnings if the coefficients of constraints, or of costs, span a ratio of more than ``MAX_COEFFICIENT_RATIO``."""
    sentences = []
    matrices = [problem.rows.data, problem.technology.data, problem.recourse.data]
    random = (NO_VALUES, NO_VALUES)
    if len(problem.random_technology) or len(problem.random_recourse) or len(problem.random_cost):
        matrix = [coefficient_range(np.concatenate([r.technology, r.recourse])) for r in scenarios]
        random = np.concatenate(matrix), np.concatenate([coefficient_range(r.cost) for r in scenarios])
    for name, sizes in (
        ("constraints", coefficient_range(np.concatenate([*matrices, random[0]]))),
        ("costs", coefficient_range(np.concatenate([problem.first.cost, problem.second.cost, random[1]]))),
    ):
        if len(sizes) and sizes[1] > MAX_COEFFICIENT_RATIO * sizes[0]:
            sentences.append(
                f"coefficients of the {name} range from {sizes[0]:.3g} to {sizes[1]:.3g}, more than "
                f"{MAX_COEFFICIENT_RATIO:.0e} times; the solver's tolerances become unreliable; "
                "rescale the units so that the coefficients are of similar magnitude"
            )
    return tuple(sentences)


def coefficient_range(values: Floats) -> Floats:
    """Smallest and largest absolute value of the non-zero entries, (2,); empty if all entries are zero."""
    sizes = np.abs(values[values != 0.0])
    return np.array([sizes.min(), sizes.max()]) if len(sizes) else NO_VALUES


def first_scenarios(scenarios: Scenarios, count: int) -> Scenarios:
    """The first ``count`` scenarios, equally likely."""
    return Scenarios(np.full(count, 1.0 / count), scenarios.realise)


def mean_scenario(scenarios: Scenarios) -> Scenarios:
    """The single scenario in which every random value is its mean."""
    total: Realisation | None = None
    for p, r in zip(scenarios.probability, scenarios, strict=True):
        if p > 0.0:
            parts = (p * r.lower, p * r.upper, p * r.technology, p * r.recourse, p * r.cost)
            running_sum = total or Realisation(*(np.zeros_like(part) for part in parts))
            total = Realisation(
                running_sum.lower + parts[0], running_sum.upper + parts[1], running_sum.technology + parts[2],
                running_sum.recourse + parts[3], running_sum.cost + parts[4],
            )  # fmt: skip
    if total is None:
        raise PlanError("the mean scenario is undefined without scenarios; draw at least one")
    mean = total
    return Scenarios(np.ones(1), lambda _: mean)


def violations(problem: TwoStage, x: Floats, tolerance: float = TOLERANCE) -> list[str]:
    """A sentence for each bound, row and integrality that x violates beyond a tolerance."""
    first = problem.first
    if x.shape != first.cost.shape or not np.isfinite(x).all():
        return [f"a first stage of shape {x.shape} is not {len(first)} finite numbers"]
    out_of_bounds = np.maximum(first.lower - x, x - first.upper) > tolerance * np.maximum(1.0, np.abs(x))
    fractional = first.integer & (np.abs(x - np.round(x)) > tolerance)
    sentences = [
        f"column {j} is {x[j]}, outside {first.lower[j]} to {first.upper[j]}" for j in np.flatnonzero(out_of_bounds)
    ]
    sentences += [f"column {j} is {x[j]}, not an integer" for j in np.flatnonzero(fractional)]
    starts, index, data = problem.rows.indptr, problem.rows.indices, problem.rows.data
    for i in range(len(problem.row_lower)):
        entries_of_row = slice(starts[i], starts[i + 1])
        terms = data[entries_of_row] * x[index[entries_of_row]]
        activity, size = terms.sum(), max(1.0, np.abs(terms).sum())
        if not problem.row_lower[i] - tolerance * size <= activity <= problem.row_upper[i] + tolerance * size:
            sentences.append(f"row {i} is {activity}, outside {problem.row_lower[i]} to {problem.row_upper[i]}")
    return sentences


def check_gap(gap: float) -> None:
    """Raises PlanError if a relative optimality gap is not between ``MIN_GAP`` and 1."""
    if not MIN_GAP <= gap < 1.0:
        raise PlanError(
            f"an optimality gap of {gap:g} is out of range; write a number from {MIN_GAP:g}, the tolerance of the "
            "solver, to below 1"
        )


def checked_first_stage(problem: TwoStage, x: Floats) -> Floats:
    """Return x if it satisfies bounds, rows and integrality. Raises PlanError otherwise."""
    sentences = violations(problem, x)
    if sentences:
        raise PlanError(
            f"HiGHS returned a first stage that violates a constraint: {sentences[0]}; "
            "rescale the units so that the coefficients are of similar magnitude"
        )
    return x
