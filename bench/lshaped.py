"""Cuts against the extensive form: a programme of plants, parts, stocks and shortages over two years of months.

504 rows and 1,176 columns a scenario; 56 decisions first, capacity and part contracts by quarter. Demand, the share of
capacity that is there, and the share of contracted parts that come are random.
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
"""The extensive form is given up once it has taken this many times as long by the clock on the wall."""

USE = np.array([1.0, 4.0, 1.0])
SPOT = np.array([3.0, 1.5, 6.0])
WORK = np.array([9.0, 10.0, 8.0, 12.0])
BASE = np.array([40.0, 20.0, 0.0, 0.0])
AVAILABLE = 0.9
GAP = 1e-6


class Sheet:
    """Entries of a matrix put down one by one."""

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
    """Column numbers of arrays laid one after the other."""
    ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])
    return [np.arange(a, b).reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]


class Programme:
    """The problem, and where its random entries are.

    share
        (month, 0, plant) or (month, 1, part) for each random entry of T: whose share it is.
    """

    def __init__(self) -> None:
        plant, part = (MONTHS, PLANTS), (MONTHS, PARTS)
        shapes = (plant, plant, part, part, plant, (MONTHS, PLANTS, REGIONS), (MONTHS, REGIONS), (MONTHS, REGIONS))
        made, extra, spot, parts, stock, ship, held, short, draft = numbered(*shapes, (MONTHS,))
        capacity, contract = numbered((QUARTERS, PLANTS), (QUARTERS, PARTS))
        width, first = int(draft[-1]) + 1, capacity.size + contract.size
        recourse, technology = Sheet(), Sheet()
        lower: list[float] = []
        upper: list[float] = []
        self.share: list[tuple[int, int, int]] = []
        self.capacity_row = np.zeros((MONTHS, PLANTS), np.int64)
        self.demand_row = np.zeros((MONTHS, REGIONS), np.int64)

        def close(least: float, most: float) -> int:
            lower.append(least)
            upper.append(most)
            return len(lower) - 1

        for m in range(MONTHS):
            quarter = m // 3
            for p in range(PLANTS):
                row = self.capacity_row[m, p] = close(-np.inf, AVAILABLE * BASE[p])
                recourse.put(row, made[m, p], 1.0)
                for opened in range(max(0, quarter - 1)):
                    technology.put(row, capacity[opened, p], -AVAILABLE)
                    self.share.append((m, 0, p))
                row = close(-np.inf, 0.0)
                recourse.put(row, extra[m, p], 1.0)
                recourse.put(row, made[m, p], -0.25)
                row = close(0.0, 0.0)
                for column, sign in [(stock[m, p], -1.0), (made[m, p], 1.0), (extra[m, p], 1.0)]:
                    recourse.put(row, column, sign)
                for r in range(REGIONS):
                    recourse.put(row, ship[m, p, r], -1.0)
                if m > 0:
                    recourse.put(row, stock[m - 1, p], 1.0)
            for k in range(PARTS):
                begun = -60.0 * USE[k] if m == 0 else 0.0
                row = close(begun, begun)
                recourse.put(row, parts[m, k], -1.0)
                recourse.put(row, spot[m, k], 1.0)
                for p in range(PLANTS):
                    recourse.put(row, made[m, p], -USE[k])
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
                recourse.put(row, short[m, r], 1.0)
                recourse.put(row, held[m, r], -1.0)
                if m > 0:
                    recourse.put(row, held[m - 1, r], 1.0)
            row = close(-np.inf, 1500.0)
            recourse.put(row, draft[m], -1.0)
            for p in range(PLANTS):
                recourse.put(row, made[m, p], WORK[p])
                recourse.put(row, extra[m, p], 1.5 * WORK[p])
            for k in range(PARTS):
                recourse.put(row, spot[m, k], SPOT[k])
        rng = np.random.default_rng(5)
        cost, most = np.zeros(width), np.full(width, np.inf)
        cost[made], cost[extra], cost[spot], cost[parts], cost[stock] = WORK, 1.6 * WORK, SPOT, [0.02, 0.01, 0.04], 0.1
        cost[ship], cost[held], cost[draft] = rng.uniform(1.0, 4.0, (PLANTS, REGIONS)), 0.15, 0.05
        cost[short] = rng.uniform(60.0, 110.0, REGIONS)
        most[spot] = 60.0 * USE
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
            Columns(cost, np.zeros(width), most, np.zeros(width, bool)), technology.matrix(len(lower), first),
            recourse.matrix(len(lower), width),
            random_technology=np.column_stack([technology.row, technology.column]).astype(np.int64),
        )  # fmt: skip

    def sample(self, n: int, seed: int) -> Scenarios:
        """Equally likely scenarios: demand lognormal about a growing mean with a common random walk."""
        rng = np.random.default_rng(seed)
        growth = np.linspace(5.0, 45.0, MONTHS)[:, None] * np.array([1.0, 0.6, 0.8, 0.5, 1.2])
        month, kind, which = np.array(self.share).T
        drawn: list[Realisation] = []
        for _ in range(n):
            noise, walk = rng.normal(size=(MONTHS, REGIONS)), 0.12 * np.cumsum(rng.normal(size=MONTHS))
            demand = growth * np.exp(walk[:, None] + 0.35 * noise - 0.06)
            there: Floats = np.clip(1.0 - rng.exponential(0.12, (MONTHS, PLANTS)), 0.2, 1.0)
            come: Floats = np.clip(1.0 - rng.exponential(0.15, (MONTHS, PARTS)), 0.0, 1.0)
            lower, upper = self.lower.copy(), self.upper.copy()
            lower[self.demand_row] = upper[self.demand_row] = demand
            upper[self.capacity_row] = there * BASE
            plant, part = np.minimum(which, PLANTS - 1), np.minimum(which, PARTS - 1)
            drawn.append(Realisation(lower, upper, np.where(kind == 0, -there[month, plant], come[month, part] / 3.0)))
        return Scenarios(np.full(n, 1.0 / n), drawn.__getitem__)


def measure() -> list[Row]:
    """Processor seconds of one thread for cuts and for the quicker of HiGHS's ways to the extensive form, in turn."""
    programme = Programme()
    scenarios = programme.sample(SCENARIOS, SEED)
    begun = process_time()
    plan = lshaped.solve(programme.problem, scenarios, gap=GAP)
    cuts = process_time() - begun
    solver = extensive.assemble(programme.problem, scenarios)
    # interior point: at this size the simplex method takes longer still
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("time_limit", PATIENCE * cuts)
    begun = process_time()
    outcome = run(solver)
    whole = process_time() - begun
    done = outcome.name == "OPTIMAL"
    times = whole / cuts
    rows, columns = programme.problem.recourse.shape
    note = (
        f"{SCENARIOS} scenarios of {rows} x {columns}: cuts {cuts:.1f} s in {plan.iterations} steps to a gap of "
        f"{plan.gap:.0e}; HiGHS by interior point {whole:.0f} s{'' if done else ', given up'}"
    )
    found = [
        Row(
            "cuts against the extensive form",
            "at least 5 times",
            f"{'' if done else 'over '}{times:.0f} times",
            times >= 5,
            note,
        )
    ]
    if done:
        exact = float(solver.getInfo().objective_function_value)
        apart = abs(plan.upper - exact) / abs(exact)
        found.append(
            Row(
                "same cost", f"within {2 * GAP:.0e}", f"{apart:.0e}", apart <= 2 * GAP, f"{plan.upper:.3f}, {exact:.3f}"
            )
        )
    return found
