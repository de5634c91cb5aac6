"""HiGHS held open and spoken to in arrays."""

from enum import Enum
from math import inf
from threading import Event, Thread
from time import perf_counter
from typing import Any

import highspy
import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.solver.two_stage import Columns, Floats, Matrix

Solver = Any
"""An open ``highspy.Highs``, whose own types leave out much of it."""

Options = dict[str, str | int | float]

SIMPLEX: Options = {"solver": "simplex", "simplex_strategy": 1, "presolve": "off"}
"""Dual simplex without presolve: what a programme solved over and over with other bounds wants."""


class Outcome(Enum):
    """How a solve ended."""

    OPTIMAL = 0
    INFEASIBLE = 1
    UNBOUNDED = 2
    STOPPED = 3
    FAILED = 4


OUTCOMES = {
    highspy.HighsModelStatus.kOptimal: Outcome.OPTIMAL,
    highspy.HighsModelStatus.kModelEmpty: Outcome.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Outcome.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Outcome.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Outcome.STOPPED,
    highspy.HighsModelStatus.kInterrupt: Outcome.STOPPED,
}


def load(columns: Columns, matrix: Matrix, lower: Floats, upper: Floats, options: Options | None = None) -> Solver:
    """A silent HiGHS of one thread that minimises the columns' cost under rows (rows,) of the matrix."""
    solver: Solver = highspy.Highs()  # type: ignore[no-untyped-call]
    rows = matrix.tocsr()
    told: Options = {"output_flag": False, "threads": 1, "parallel": "off"}
    for name, value in (told | (options or {})).items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise PlanError(f"HiGHS {solver.version()} does not know the option {name} = {value}; use 1.15 or newer")
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns), len(lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = columns.cost, columns.lower, columns.upper
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
    if columns.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in columns.integer]
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        raise PlanError("HiGHS refuses the programme; look for entries that are enormous or not numbers")
    return solver


def run(solver: Solver, deadline: float = inf) -> Outcome:
    """Solve until a deadline of ``perf_counter``; a solve that fails warm is tried once more from nothing."""
    for _ in range(2):
        if deadline < inf:
            # HiGHS counts the time of all its runs together
            solver.setOptionValue("time_limit", solver.getRunTime() + max(0.0, deadline - perf_counter()))
        solver.run()
        outcome = OUTCOMES.get(solver.getModelStatus(), Outcome.FAILED)
        if outcome is not Outcome.FAILED:
            return outcome
        if solver.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            solver.setOptionValue("presolve", "off")
        solver.clearSolver()
    return Outcome.FAILED


def run_interruptible(solver: Solver, deadline: float) -> Outcome:
    """``run`` for what may take long: beside this thread, so that Ctrl-C ends it. KeyboardInterrupt passes on."""
    found: list[Outcome] = []
    ended = Event()
    solver.HandleUserInterrupt = True

    def work() -> None:
        try:
            found.append(run(solver, deadline))
        finally:
            ended.set()

    Thread(target=work, daemon=True).start()
    try:
        # not Thread.join: interrupted once, it takes the thread for dead (Python before 3.13)
        while not ended.wait(0.1):
            pass
    except KeyboardInterrupt:
        solver.cancelSolve()
        ended.wait()
        raise
    return found[0] if found else Outcome.FAILED


def values(solver: Solver) -> Floats:
    """The columns of the solution."""
    return np.array(solver.getSolution().col_value)


def duals(solver: Solver) -> Floats:
    """The multipliers of the rows: positive where a lower bound is paid for."""
    return np.array(solver.getSolution().row_dual)


def objective(solver: Solver) -> float:
    """The cost of the solution."""
    return float(solver.getInfo().objective_function_value)


def bound(solver: Solver, whole: bool) -> float:
    """The least cost any solution may have: of a solve with whole columns its bound, else the optimum."""
    return float(solver.getInfo().mip_dual_bound) if whole else objective(solver)
