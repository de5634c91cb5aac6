"""The L-shaped method against the extensive form: plants, parts, stocks and shortages over 24 months.

504 rows and 1,176 columns a scenario; 56 first-stage decisions: capacity and part contracts by quarter. Demand, the
available share of capacity and the delivered share of contracted parts are random.
"""

from time import process_time

import numpy as np
from scipy import sparse

from bench.report import Row
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.highs import run
from octoplan.plan.solver.two_stage import Columns, Floats, Ints, Realisation, Scenarios, TwoStage

MONTHS, PLANTS, PARTS, REGIONS = 24, 4, 3, 5
QUARTERS = MONTHS // 3
SCENARIOS = 500
SEED = 1
PATIENCE = 25.0
"""The extensive form is abandoned once it has taken this many times as long (wall time)."""

USE = np.array([1.0, 4.0, 1.0])
SPOT = np.array([3.0, 1.5, 6.0])
WORK = np.array([9.0, 10.0, 8.0, 12.0])
BASE = np.array([40.0, 20.0, 0.0, 0.0])
AVAILABLE = 0.9
GAP = 1e-6


class Triplets:
    """The entries of a sparse matrix, added one at a time."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []

    def put(self, row: int, column: int, value: float) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(value)

    def matrix(self, rows: int, columns: int) -> sparse.csr_matrix:
        return sparse.csr_matrix((self.value, (self.row, self.column)), shape=(rows, columns))


def numbered(*shapes: tuple[int, ...]) -> list[Ints]:
    """Column numbers of consecutive arrays."""
    ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])
    return [np.arange(a, b).reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]


class Programme:
    """The two-stage problem and the positions of its random entries.

    share
        (month, 0, plant) or (month, 1, part) for each random entry of T: the plant or part whose share it is.
    """

    def __init__(self) -> None:
        plant, part = (MONTHS, PLANTS), (MONTHS, PARTS)
        shapes = (plant, plant, part, part, plant, (MONTHS, PLANTS, REGIONS), (MONTHS, REGIONS), (MONTHS, REGIONS))
        output, extra, spot, parts, stock, ship, stock_held, shortage, overtime_pool = numbered(*shapes, (MONTHS,))
        capacity, contract = numbered((QUARTERS, PLANTS), (QUARTERS, PARTS))
        width, first = int(overtime_pool[-1]) + 1, capacity.size + contract.size
        recourse, technology = Triplets(), Triplets()
        lower: list[float] = []
        upper: list[float] = []
        self.share: list[tuple[int, int, int]] = []
        self.capacity_row = np.zeros((MONTHS, PLANTS), np.int64)
        self.demand_row = np.zeros((MONTHS, REGIONS), np.int64)

        def close(least: float, upper_bound: float) -> int:
            lower.append(least)
            upper.append(upper_bound)
            return len(lower) - 1

        for m in range(MONTHS):
            quarter = m // 3
            for p in range(PLANTS):
                row = self.capacity_row[m, p] = close(-np.inf, AVAILABLE * BASE[p])
                recourse.put(row, output[m, p], 1.0)
                for opened in range(max(0, quarter - 1)):
                    technology.put(row, capacity[opened, p], -AVAILABLE)
                    self.share.append((m, 0, p))
                row = close(-np.inf, 0.0)
                recourse.put(row, extra[m, p], 1.0)
                recourse.put(row, output[m, p], -0.25)
                row = close(0.0, 0.0)
                for column, sign in [(stock[m, p], -1.0), (output[m, p], 1.0), (extra[m, p], 1.0)]:
                    recourse.put(row, column, sign)
                for r in range(REGIONS):
                    recourse.put(row, ship[m, p, r], -1.0)
                if m > 0:
                    recourse.put(row, stock[m - 1, p], 1.0)
            for k in range(PARTS):
                start = -60.0 * USE[k] if m == 0 else 0.0
                row = close(start, start)
                recourse.put(row, parts[m, k], -1.0)
                recourse.put(row, spot[m, k], 1.0)
                for p in range(PLANTS):
                    recourse.put(row, output[m, p], -USE[k])
                    recourse.put(row, extra[m, p], -USE[k])
                if m > 0:
                    recourse.put(row, parts[m - 1, k], 1.0)
                if quarter > 0:
                    technology.put(row, contract[quarter - 1, k], 1.0 / 3.0)
                    self.share.append((m, 1, k))
            for r in range(REGIONS):
                row = self.demand_row[m, r] = close(0.0, 0.0)
                for p in range(PLANTS):
                    recourse.put(row, ship[m, p, r], 1.0)
                recourse.put(row, shortage[m, r], 1.0)
                recourse.put(row, stock_held[m, r], -1.0)
                if m > 0:
                    recourse.put(row, stock_held[m - 1, r], 1.0)
            row = close(-np.inf, 1500.0)
            recourse.put(row, overtime_pool[m], -1.0)
            for p in range(PLANTS):
                recourse.put(row, output[m, p], WORK[p])
                recourse.put(row, extra[m, p], 1.5 * WORK[p])
            for k in range(PARTS):
                recourse.put(row, spot[m, k], SPOT[k])
        rng = np.random.default_rng(5)
        cost, upper_bound = np.zeros(width), np.full(width, np.inf)
        cost[output], cost[extra], cost[spot], cost[parts], cost[stock] = (
            WORK,
            1.6 * WORK,
            SPOT,
            [0.02, 0.01, 0.04],
            0.1,
        )
        cost[ship], cost[stock_held], cost[overtime_pool] = rng.uniform(1.0, 4.0, (PLANTS, REGIONS)), 0.15, 0.05
        cost[shortage] = rng.uniform(60.0, 110.0, REGIONS)
        upper_bound[spot] = 60.0 * USE
        price = np.concatenate(
            [
                (np.linspace(1.0, 0.6, QUARTERS)[:, None] * np.array([55.0, 60.0, 50.0, 65.0])).ravel(),
                np.tile([1.6, 0.8, 3.5], QUARTERS),
            ]
        )
        spent = np.zeros((QUARTERS, first))
        for quarter in range(QUARTERS):
            spent[quarter, capacity[: quarter + 1]] = price[capacity[: quarter + 1]]
        limit = np.where(np.arange(first) < capacity.size, 60.0, np.inf)
        self.lower, self.upper = np.array(lower), np.array(upper)
        self.problem = TwoStage(
            Columns(price, np.zeros(first), limit, np.zeros(first, bool)), sparse.csr_matrix(spent),
            np.full(QUARTERS, -np.inf), np.linspace(2000.0, 14000.0, QUARTERS),
            Columns(cost, np.zeros(width), upper_bound, np.zeros(width, bool)), technology.matrix(len(lower), first),
            recourse.matrix(len(lower), width),
            random_technology=np.column_stack([technology.row, technology.column]).astype(np.int64),
        )  # fmt: skip

    def sample(self, n: int, seed: int) -> Scenarios:
        """Equally likely scenarios; demand is lognormal about a growing mean with a common random walk."""
        rng = np.random.default_rng(seed)
        growth = np.linspace(5.0, 45.0, MONTHS)[:, None] * np.array([1.0, 0.6, 0.8, 0.5, 1.2])
        month, kind, index = np.array(self.share).T
        realisations: list[Realisation] = []
        for _ in range(n):
            noise, walk = rng.normal(size=(MONTHS, REGIONS)), 0.12 * np.cumsum(rng.normal(size=MONTHS))
            demand = growth * np.exp(walk[:, None] + 0.35 * noise - 0.06)
            availability: Floats = np.clip(1.0 - rng.exponential(0.12, (MONTHS, PLANTS)), 0.2, 1.0)
            delivered_share: Floats = np.clip(1.0 - rng.exponential(0.15, (MONTHS, PARTS)), 0.0, 1.0)
            lower, upper = self.lower.copy(), self.upper.copy()
            lower[self.demand_row] = upper[self.demand_row] = demand
            upper[self.capacity_row] = availability * BASE
            plant, part = np.minimum(index, PLANTS - 1), np.minimum(index, PARTS - 1)
            realisations.append(
                Realisation(
                    lower, upper, np.where(kind == 0, -availability[month, plant], delivered_share[month, part] / 3.0)
                )
            )
        return Scenarios(np.full(n, 1.0 / n), realisations.__getitem__)


def measure() -> list[Row]:
    """Processor seconds of one thread for the L-shaped method and for HiGHS on the extensive form."""
    programme = Programme()
    scenarios = programme.sample(SCENARIOS, SEED)
    start = process_time()
    plan = lshaped.solve(programme.problem, scenarios, gap=GAP)
    lshaped_seconds = process_time() - start
    solver = extensive.assemble(programme.problem, scenarios)
    # interior point: at this size the simplex method takes even longer
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("time_limit", PATIENCE * lshaped_seconds)
    start = process_time()
    outcome = run(solver)
    extensive_seconds = process_time() - start
    solved = outcome.name == "OPTIMAL"
    ratio = extensive_seconds / lshaped_seconds
    height, width = programme.problem.recourse.shape
    note = (
        f"{SCENARIOS} scenarios of {height} x {width}: L-shaped {lshaped_seconds:.1f} s in {plan.iterations} steps "
        f"to a gap of {plan.gap:.0e}; HiGHS interior point {extensive_seconds:.0f} s{'' if solved else ', abandoned'}"
    )
    rows = [
        Row(
            "L-shaped against extensive form",
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
            Row(
                "same cost",
                f"within {2 * GAP:.0e}",
                f"{difference:.0e}",
                difference <= 2 * GAP,
                f"{plan.upper:.3f}, {exact:.3f}",
            )
        )
    return rows
