"""Reader of public two-stage problems in the part of the SMPS format (Birge and others 1987) that they use."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from octoplan.plan.solver.two_stage import NO_VALUES, Columns, Floats, Realisation, Scenarios, TwoStage

PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "smps"


@dataclass(frozen=True)
class Instance:
    """A problem with one scenario of means, and either independent right-hand sides or listed scenarios.

    independent
        (row of the second stage, values, probabilities) of each random right-hand side.
    listed
        Scenarios listed in the file, or None.
    """

    problem: TwoStage
    core: Realisation
    independent: list[tuple[int, Floats, Floats]]
    listed: Scenarios | None

    def with_rhs(self, values: Floats, probability: Floats) -> Scenarios:
        """Scenarios with the given right-hand sides, (scenarios, independent)."""
        rows = [row for row, _, _ in self.independent]

        def realise(s: int) -> Realisation:
            lower, upper = self.core.lower.copy(), self.core.upper.copy()
            lower[rows] = np.where(np.isfinite(lower[rows]), values[s], lower[rows])
            upper[rows] = np.where(np.isfinite(upper[rows]), values[s], upper[rows])
            return Realisation(lower, upper)

        return Scenarios(probability, realise)

    def all_scenarios(self) -> Scenarios:
        """Every combination of the right-hand sides."""
        values = np.array(list(product(*(v for _, v, _ in self.independent))))
        chances = np.array(list(product(*(p for _, _, p in self.independent)))).prod(axis=1)
        return self.with_rhs(values, chances / chances.sum())

    def comonotonic_scenarios(self) -> Scenarios:
        """Each right-hand side at the same quantile of its own distribution.

        If the second stage is separable in the right-hand sides, only their marginals matter, and the optimum is that
        of ``all_scenarios``.
        """
        steps = [np.cumsum(p) / p.sum() for _, _, p in self.independent]
        ends = np.unique(np.round(np.concatenate(steps), 12))
        starts = np.concatenate([[0.0], ends[:-1]])
        middle = 0.5 * (starts + ends)
        values = [v[np.searchsorted(step, middle)] for (_, v, _), step in zip(self.independent, steps, strict=True)]
        return self.with_rhs(np.array(values).T, ends - starts)

    def sample(self, n: int, seed: int) -> Scenarios:
        """Equally likely independent draws."""
        rng = np.random.default_rng(seed)
        draws = [rng.choice(v, n, p=p / p.sum()) for _, v, p in self.independent]
        return self.with_rhs(np.array(draws).T, np.full(n, 1.0 / n))


def fields_of_lines(path: Path) -> Iterator[tuple[bool, list[str]]]:
    """Yield for each line of data whether it begins a section, and its fields."""
    for line in path.read_text(encoding="ascii").splitlines():
        if line.strip() and not line.startswith("*"):
            yield not line[0].isspace(), line.split()


def read(name: str) -> Instance:
    """An instance by name; the test is skipped if the public files are missing."""
    folder = PUBLIC / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    kinds: dict[str, str] = {}
    columns: dict[str, int] = {}
    cells: dict[tuple[str, str], float] = {}
    rhs: dict[str, float] = {}
    integer: list[bool] = []
    bounds: list[list[float]] = []
    section, marked = "", False
    for opens, fields in fields_of_lines(folder / f"{name}.cor"):
        if opens:
            section = fields[0]
        elif section == "ROWS":
            kinds[fields[1]] = fields[0]
        elif section == "COLUMNS" and fields[1] == "'MARKER'":
            marked = fields[2] == "'INTORG'"
        elif section == "COLUMNS":
            if fields[0] not in columns:
                columns[fields[0]] = len(columns)
                integer.append(marked)
                bounds.append([0.0, inf])
            cells |= {(fields[i], fields[0]): float(fields[i + 1]) for i in range(1, len(fields), 2)}
        elif section == "RHS":
            rhs |= {fields[i]: float(fields[i + 1]) for i in range(1, len(fields), 2)}
        elif section == "BOUNDS":
            bounds[columns[fields[2]]][{"LO": 0, "UP": 1}[fields[0]]] = float(fields[3])
    objective = next(row for row, kind in kinds.items() if kind == "N")
    starts = [fields for opens, fields in fields_of_lines(folder / f"{name}.tim") if not opens]
    rows = [row for row in kinds if row != objective]
    n, m = columns[starts[1][0]], rows.index(starts[1][1])
    names = list(columns)
    number = {row: i for i, row in enumerate(rows)}
    filled = sparse.lil_matrix((len(rows), len(names)))
    for (row, column), value in cells.items():
        if row != objective:
            filled[number[row], columns[column]] = value
    matrix = filled.tocsr()
    side = np.array([rhs.get(row, 0.0) for row in rows])
    lower = np.where([kinds[row] in "GE" for row in rows], side, -inf)
    upper = np.where([kinds[row] in "LE" for row in rows], side, inf)
    cost = np.array([cells.get((objective, column), 0.0) for column in names])
    limit = np.array(bounds)
    stages = [
        Columns(cost[part], limit[part, 0], limit[part, 1], np.array(integer)[part])
        for part in (slice(n), slice(n, None))
    ]
    core = Realisation(lower[m:], upper[m:])
    independent: dict[int, list[tuple[float, float]]] = {}
    chances: list[float] = []
    listed: list[dict[tuple[int, int], float]] = []
    for opens, fields in fields_of_lines(folder / f"{name}.sto"):
        if opens:
            section = fields[0]
        elif section == "INDEP":
            independent.setdefault(number[fields[1]] - m, []).append((float(fields[2]), float(fields[-1])))
        elif fields[0] == "SC":
            chances.append(float(fields[3]))
            listed.append({})
        else:
            listed[-1][number[fields[1]] - m, columns[fields[0]] - n] = float(fields[2])
    positions = np.array(sorted({position for scenario in listed for position in scenario}), np.int64).reshape(-1, 2)
    problem = TwoStage(
        stages[0],
        matrix[:m, :n],
        lower[:m],
        upper[:m],
        stages[1],
        matrix[m:, :n],
        matrix[m:, n:],
        random_recourse=positions,
    )
    scenarios = None
    if listed:
        values = np.array([[scenario[i, j] for i, j in positions.tolist()] for scenario in listed])

        def realise(s: int) -> Realisation:
            return Realisation(core.lower, core.upper, NO_VALUES, values[s])

        scenarios = Scenarios(np.array(chances), realise)
    independents = [(row, np.array(pairs)[:, 0], np.array(pairs)[:, 1]) for row, pairs in independent.items()]
    return Instance(problem, core, independents, scenarios)
