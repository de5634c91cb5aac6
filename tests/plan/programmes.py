"""Small two-stage problems for tests."""

import numpy as np
from scipy import sparse

from octoplan.plan.solver.two_stage import Columns, Floats, Realisation, Scenarios, TwoStage


def columns(
    cost: Floats | list[float],
    lower: Floats | float = 0.0,
    upper: Floats | float = np.inf,
    integer: bool = False,
) -> Columns:
    """Columns with common or individual bounds and common integrality."""
    n = len(cost)
    return Columns(np.array(cost, float), np.zeros(n) + lower, np.zeros(n) + upper, np.full(n, integer))


def alike(realisations: list[Realisation]) -> Scenarios:
    """Equally likely scenarios."""
    return Scenarios(np.full(len(realisations), 1.0 / len(realisations)), realisations.__getitem__)


def farmer() -> tuple[TwoStage, Scenarios]:
    """Wheat, corn and beets on 500 acres under three yields (Birge and Louveaux 2011, section 1.1)."""
    grown = np.array([2.5, 3.0, 20.0])
    # sold: wheat, corn, beets within the quota and beyond it; bought: wheat, corn
    second = columns(
        [-170.0, -150.0, -36.0, -10.0, 238.0, 210.0], 0.0, np.array([np.inf] * 2 + [6000.0] + [np.inf] * 3)
    )
    recourse = np.array([[-1.0, 0, 0, 0, 1, 0], [0, -1, 0, 0, 0, 1], [0, 0, -1, -1, 0, 0]])
    diagonal = np.array([[0, 0], [1, 1], [2, 2]])
    problem = TwoStage(
        columns([150.0, 230.0, 260.0]), sparse.csr_matrix(np.ones((1, 3))), np.array([-np.inf]), np.array([500.0]),
        second, sparse.csr_matrix((3, 3)), sparse.csr_matrix(recourse), random_technology=diagonal,
    )  # fmt: skip
    needed, free = np.array([200.0, 240.0, 0.0]), np.full(3, np.inf)
    return problem, alike([Realisation(needed, free, technology=grown * factor) for factor in (0.8, 1.0, 1.2)])


def newsvendor(
    demand: Floats, cost: float, price: float, salvage: float, upper: float = np.inf
) -> tuple[TwoStage, Scenarios]:
    """Newsvendor problem: an order is placed before demand is known; unsold units have a salvage value."""
    problem = TwoStage(
        columns([cost], upper=upper), sparse.csr_matrix((0, 1)), np.zeros(0), np.zeros(0), columns([-price, -salvage]),
        sparse.csr_matrix([[-1.0], [0.0]]), sparse.csr_matrix([[1.0, 1.0], [1.0, 0.0]]),
    )  # fmt: skip
    return problem, alike([Realisation(np.array([-np.inf, -np.inf]), np.array([0.0, d])) for d in demand])


def random_programme(seed: int, *, integer: bool, shortage: bool) -> tuple[TwoStage, Scenarios]:
    """A random problem of capacities and production, in which all data that may be random are random.

    shortage
        Whether demand may be unmet at a penalty. If not, some first stages make a scenario infeasible.
    """
    rng = np.random.default_rng(seed)
    plants, needs, count = int(rng.integers(2, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 9))
    first = columns(rng.uniform(2, 9, plants), upper=float(rng.integers(3, 9)), integer=integer)
    first.integer[0] = False
    rows = sparse.csr_matrix(rng.uniform(0.5, 1.5, (1, plants)))
    budget = np.array([rng.uniform(3, 20)])
    # columns: produced (plants, needs), unmet (needs); rows: capacity of each plant, demand of each need
    produced = plants * needs
    price = np.append(rng.uniform(1, 5, produced), rng.uniform(20, 60, needs))
    limit = np.append(np.full(produced, np.inf), np.full(needs, np.inf if shortage else 0.0))
    recourse = sparse.lil_matrix((plants + needs, produced + needs))
    for i in range(plants):
        for j in range(needs):
            recourse[i, i * needs + j] = recourse[plants + j, i * needs + j] = 1.0
    for j in range(needs):
        recourse[plants + j, produced + j] = 1.0
    technology = sparse.csr_matrix(np.vstack([-np.eye(plants), np.zeros((needs, plants))]))
    yields = np.array([[i, i] for i in range(plants)])
    scrap = np.array([[0, 0]])
    problem = TwoStage(
        first, rows, np.array([-np.inf]), budget, columns(price, 0.0, limit), technology, recourse.tocsr(),
        random_technology=yields, random_recourse=scrap, random_cost=np.arange(needs),
    )  # fmt: skip
    free, none = np.full(needs, np.inf), np.full(plants, -np.inf)
    scenarios = [
        Realisation(
            np.append(none, rng.uniform(0, 6, needs)), np.append(np.zeros(plants), free),
            -rng.uniform(0.5, 1.0, plants), rng.uniform(0.8, 1.2, 1), rng.uniform(1, 9, needs),
        )
        for _ in range(count)
    ]  # fmt: skip
    chances = rng.dirichlet(np.ones(count))
    return problem, Scenarios(chances, scenarios.__getitem__)


def fixed_total(seed: int, unit: float) -> tuple[TwoStage, Scenarios]:
    """A random problem in which 12 plants, 6 of them with lines, request a fixed total, counted in a unit."""
    rng = np.random.default_rng(seed)
    plants, lines, count = 12, 6, 4
    first = columns(
        rng.uniform(1, 5, plants + lines), upper=np.append(rng.uniform(10, 70, plants), np.full(lines, 9.0))
    )
    first.integer[plants:] = True
    capacity = np.zeros((lines, plants + lines))
    capacity[:, :lines] = np.eye(lines)
    capacity[:, plants:] = -np.diag(rng.uniform(3, 9, lines))
    per_output = np.append(rng.uniform(0.5, 9.0, plants), np.zeros(lines))
    total = 0.3 * float(per_output @ first.upper) / unit
    rows = sparse.csr_matrix(np.vstack([capacity, per_output / unit]))
    row_lower, row_upper = np.append(np.full(lines, -np.inf), total), np.append(np.zeros(lines), total)
    technology = sparse.csr_matrix(np.eye(plants, plants + lines))
    recourse = sparse.csr_matrix(np.hstack([np.eye(plants), -np.eye(plants)]))
    second = columns(rng.uniform(1, 9, 2 * plants))
    problem = TwoStage(first, rows, row_lower, row_upper, second, technology, recourse)
    return problem, alike([Realisation(need, need) for need in rng.uniform(0, 50, (count, plants))])
