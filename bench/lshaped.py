"""The L-shaped method compared with the extensive form, on a problem of plants, parts and stocks over 24 months.

Each scenario has 504 rows and 1,176 columns. The 56 first-stage decisions are capacity and part contracts by quarter.
Demand, the available share of capacity and the delivered share of contracted parts are random.
"""

from time import process_time

import numpy as np
from scipy import sparse

from bench.report import Measurement
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.highs import run
from octoplan.plan.solver.two_stage import Columns, Floats, Ints, Realisation, Scenarios, TwoStage

MONTHS, PLANTS, PARTS, REGIONS = 24, 4, 3, 5
QUARTERS = MONTHS // 3
SCENARIOS = 500
SEED = 1
MAX_TIME_RATIO = 25.0
"""Ratio to the seconds of the L-shaped method at which HiGHS stops solving the extensive form."""

PARTS_PER_UNIT = np.array([1.0, 4.0, 1.0])
SPOT_PRICE = np.array([3.0, 1.5, 6.0])
UNIT_COST = np.array([9.0, 10.0, 8.0, 12.0])
INITIAL_CAPACITY = np.array([40.0, 20.0, 0.0, 0.0])
"""By part: number per unit and price on the spot market. By plant: cost of a unit and initial monthly capacity."""
AVAILABLE_SHARE = 0.9
"""Share of capacity available in the rows before a scenario replaces it."""
TARGET_GAP = 1e-6
"""Relative optimality gap at which the L-shaped method stops."""


class Triplets:
    """The entries of a sparse matrix, added one at a time."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []

    def add_entry(self, row: int, column: int, value: float) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(value)

    def matrix(self, rows: int, columns: int) -> sparse.csr_matrix:
        return sparse.csr_matrix((self.value, (self.row, self.column)), shape=(rows, columns))


def column_numbers(*shapes: tuple[int, ...]) -> list[Ints]:
    """Arrays of the given shapes with consecutive column numbers."""
    ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])
    return [np.arange(a, b).reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]


class ProductionProblem:
    """A two-stage production problem, and the positions of its random entries.

    Attributes:
        share_indices: (month, 0, plant) or (month, 1, part) of the share in each random entry of the technology matrix.

    """

    def __init__(self) -> None:
        plant, part = (MONTHS, PLANTS), (MONTHS, PARTS)
        shapes = (plant, plant, part, part, plant, (MONTHS, PLANTS, REGIONS), (MONTHS, REGIONS), (MONTHS, REGIONS))
        output, overtime_output, spot_purchases, parts, plant_stock, shipments, region_stock, shortage, overdraft = (
            column_numbers(*shapes, (MONTHS,))
        )
        capacity, contract = column_numbers((QUARTERS, PLANTS), (QUARTERS, PARTS))
        column_count, first_stage_size = int(overdraft[-1]) + 1, capacity.size + contract.size
        recourse, technology = Triplets(), Triplets()
        lower: list[float] = []
        upper: list[float] = []
        self.share_indices: list[tuple[int, int, int]] = []
        self.capacity_row = np.zeros((MONTHS, PLANTS), np.int64)
        self.demand_row = np.zeros((MONTHS, REGIONS), np.int64)

        def add_row(row_lower: float, row_upper: float) -> int:
            lower.append(row_lower)
            upper.append(row_upper)
            return len(lower) - 1

        for m in range(MONTHS):
            quarter = m // 3
            for p in range(PLANTS):
                row = self.capacity_row[m, p] = add_row(-np.inf, AVAILABLE_SHARE * INITIAL_CAPACITY[p])
                recourse.add_entry(row, output[m, p], 1.0)
                for order_quarter in range(max(0, quarter - 1)):
                    technology.add_entry(row, capacity[order_quarter, p], -AVAILABLE_SHARE)
                    self.share_indices.append((m, 0, p))
                row = add_row(-np.inf, 0.0)
                recourse.add_entry(row, overtime_output[m, p], 1.0)
                recourse.add_entry(row, output[m, p], -0.25)
                row = add_row(0.0, 0.0)
                for column, sign in [(plant_stock[m, p], -1.0), (output[m, p], 1.0), (overtime_output[m, p], 1.0)]:
                    recourse.add_entry(row, column, sign)
                for r in range(REGIONS):
                    recourse.add_entry(row, shipments[m, p, r], -1.0)
                if m > 0:
                    recourse.add_entry(row, plant_stock[m - 1, p], 1.0)
            for k in range(PARTS):
                start = -60.0 * PARTS_PER_UNIT[k] if m == 0 else 0.0
                row = add_row(start, start)
                recourse.add_entry(row, parts[m, k], -1.0)
                recourse.add_entry(row, spot_purchases[m, k], 1.0)
                for p in range(PLANTS):
                    recourse.add_entry(row, output[m, p], -PARTS_PER_UNIT[k])
                    recourse.add_entry(row, overtime_output[m, p], -PARTS_PER_UNIT[k])
                if m > 0:
                    recourse.add_entry(row, parts[m - 1, k], 1.0)
                if quarter > 0:
                    technology.add_entry(row, contract[quarter - 1, k], 1.0 / 3.0)
                    self.share_indices.append((m, 1, k))
            for r in range(REGIONS):
                row = self.demand_row[m, r] = add_row(0.0, 0.0)
                for p in range(PLANTS):
                    recourse.add_entry(row, shipments[m, p, r], 1.0)
                recourse.add_entry(row, shortage[m, r], 1.0)
                recourse.add_entry(row, region_stock[m, r], -1.0)
                if m > 0:
                    recourse.add_entry(row, region_stock[m - 1, r], 1.0)
            row = add_row(-np.inf, 1500.0)
            recourse.add_entry(row, overdraft[m], -1.0)
            for p in range(PLANTS):
                recourse.add_entry(row, output[m, p], UNIT_COST[p])
                recourse.add_entry(row, overtime_output[m, p], 1.5 * UNIT_COST[p])
            for k in range(PARTS):
                recourse.add_entry(row, spot_purchases[m, k], SPOT_PRICE[k])
        rng = np.random.default_rng(5)
        cost, upper_bound = np.zeros(column_count), np.full(column_count, np.inf)
        cost[output], cost[overtime_output], cost[spot_purchases], cost[parts], cost[plant_stock] = (
            UNIT_COST,
            1.6 * UNIT_COST,
            SPOT_PRICE,
            [0.02, 0.01, 0.04],
            0.1,
        )
        cost[shipments], cost[region_stock], cost[overdraft] = rng.uniform(1.0, 4.0, (PLANTS, REGIONS)), 0.15, 0.05
        cost[shortage] = rng.uniform(60.0, 110.0, REGIONS)
        upper_bound[spot_purchases] = 60.0 * PARTS_PER_UNIT
        first_stage_cost = np.concatenate(
            [
                (np.linspace(1.0, 0.6, QUARTERS)[:, None] * np.array([55.0, 60.0, 50.0, 65.0])).ravel(),
                np.tile([1.6, 0.8, 3.5], QUARTERS),
            ]
        )
        cumulative_cost = np.zeros((QUARTERS, first_stage_size))
        for quarter in range(QUARTERS):
            cumulative_cost[quarter, capacity[: quarter + 1]] = first_stage_cost[capacity[: quarter + 1]]
        first_stage_limit = np.where(np.arange(first_stage_size) < capacity.size, 60.0, np.inf)
        self.lower, self.upper = np.array(lower), np.array(upper)
        self.problem = TwoStage(
            Columns(first_stage_cost, np.zeros(first_stage_size), first_stage_limit, np.zeros(first_stage_size, bool)),
            sparse.csr_matrix(cumulative_cost),
            np.full(QUARTERS, -np.inf), np.linspace(2000.0, 14000.0, QUARTERS),
            Columns(cost, np.zeros(column_count), upper_bound, np.zeros(column_count, bool)),
            technology.matrix(len(lower), first_stage_size),
            recourse.matrix(len(lower), column_count),
            random_technology=np.column_stack([technology.row, technology.column]).astype(np.int64),
        )  # fmt: skip

    def sample(self, n: int, seed: int) -> Scenarios:
        """Draw equally likely scenarios; demand is lognormal around a growing mean, with a common random walk."""
        rng = np.random.default_rng(seed)
        growth = np.linspace(5.0, 45.0, MONTHS)[:, None] * np.array([1.0, 0.6, 0.8, 0.5, 1.2])
        month, kind, index = np.array(self.share_indices).T
        realisations: list[Realisation] = []
        for _ in range(n):
            noise, walk = rng.normal(size=(MONTHS, REGIONS)), 0.12 * np.cumsum(rng.normal(size=MONTHS))
            demand = growth * np.exp(walk[:, None] + 0.35 * noise - 0.06)
            availability: Floats = np.clip(1.0 - rng.exponential(0.12, (MONTHS, PLANTS)), 0.2, 1.0)
            delivered_share: Floats = np.clip(1.0 - rng.exponential(0.15, (MONTHS, PARTS)), 0.0, 1.0)
            lower, upper = self.lower.copy(), self.upper.copy()
            lower[self.demand_row] = upper[self.demand_row] = demand
            upper[self.capacity_row] = availability * INITIAL_CAPACITY
            plant, part = np.minimum(index, PLANTS - 1), np.minimum(index, PARTS - 1)
            realisations.append(
                Realisation(
                    lower, upper, np.where(kind == 0, -availability[month, plant], delivered_share[month, part] / 3.0)
                )
            )
        return Scenarios(np.full(n, 1.0 / n), realisations.__getitem__)


def measure() -> list[Measurement]:
    """Measure processor seconds of the L-shaped method and of HiGHS on the extensive form, on one thread."""
    production = ProductionProblem()
    scenarios = production.sample(SCENARIOS, SEED)
    start = process_time()
    plan = lshaped.solve(production.problem, scenarios, gap=TARGET_GAP)
    lshaped_seconds = process_time() - start
    solver = extensive.assemble(production.problem, scenarios)
    # interior point: at this size the simplex method takes even longer
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("time_limit", MAX_TIME_RATIO * lshaped_seconds)
    start = process_time()
    outcome = run(solver)
    extensive_seconds = process_time() - start
    solved = outcome.name == "OPTIMAL"
    ratio = extensive_seconds / lshaped_seconds
    height, column_count = production.problem.recourse.shape
    note = (
        f"{SCENARIOS} scenarios of {height} x {column_count}: L-shaped {lshaped_seconds:.1f} s in "
        f"{plan.iterations} iterations to a gap of {plan.gap:.0e}; HiGHS interior point {extensive_seconds:.0f} s"
        f"{'' if solved else ', stopped before the optimum'}"
    )
    rows = [
        Measurement(
            "L-shaped method vs extensive form",
            "at least 5 times",
            f"{'' if solved else 'over '}{ratio:.0f} times",
            ratio >= 5,
            note,
        )
    ]
    if solved:
        exact = float(solver.getInfo().objective_function_value)
        difference = abs(plan.upper - exact) / abs(exact)
        rows.append(
            Measurement(
                "relative difference in optimal cost",
                f"within {2 * TARGET_GAP:.0e}",
                f"{difference:.0e}",
                difference <= 2 * TARGET_GAP,
                f"{plan.upper:.3f}, {exact:.3f}",
            )
        )
    return rows
