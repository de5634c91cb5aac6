"""Interface to HiGHS, the solver of linear and mixed-integer programmes."""

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
"""A ``highspy.Highs``, whose type stubs are incomplete."""

Options = dict[str, str | int | float]

SIMPLEX: Options = {"solver": "simplex", "simplex_strategy": 1, "presolve": "off"}
"""Options for the dual simplex method without presolve, for a problem solved repeatedly with different bounds."""


class Outcome(Enum):
    """Status of the solver after a run."""

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
    """A single-threaded HiGHS solver, loaded with a linear programme.

    It minimises the cost of the columns subject to lower <= matrix x <= upper, with bounds (rows,).

    Raises PlanError if HiGHS rejects an option or the problem.
    """
    solver: Solver = highspy.Highs()  # type: ignore[no-untyped-call]
    rows = matrix.tocsr()
    defaults: Options = {"output_flag": False, "threads": 1, "parallel": "off"}
    for name, value in (defaults | (options or {})).items():
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
        lp.integrality_ = [kinds[int(integer)] for integer in columns.integer]
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        raise PlanError(
            "HiGHS does not accept the linear programme; check for entries that are very large or not numbers"
        )
    return solver


def run(solver: Solver, deadline: float = inf) -> Outcome:
    """Solve until a deadline of ``perf_counter``; if the solver fails from a warm start, repeat from a cold start."""
    for _ in range(2):
        if deadline < inf:
            # the time limit of HiGHS applies to the sum of its runs
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
    """Call ``run`` in another thread, so that Ctrl-C stops the solver before KeyboardInterrupt is raised."""
    outcomes: list[Outcome] = []
    ended = Event()
    solver.HandleUserInterrupt = True

    def work() -> None:
        try:
            outcomes.append(run(solver, deadline))
        finally:
            ended.set()

    Thread(target=work, daemon=True).start()
    try:
        # Thread.join of Python before 3.13 treats the thread as ended after an interruption
        while not ended.wait(0.1):
            pass
    except KeyboardInterrupt:
        solver.cancelSolve()
        ended.wait()
        raise
    return outcomes[0] if outcomes else Outcome.FAILED


def column_values(solver: Solver) -> Floats:
    """Values of the columns in the solution, (columns,)."""
    return np.array(solver.getSolution().col_value)


def row_duals(solver: Solver) -> Floats:
    """Duals of the rows, (rows,); positive if a lower bound is active."""
    return np.array(solver.getSolution().row_dual)


def objective(solver: Solver) -> float:
    """Objective value of the solution."""
    return float(solver.getInfo().objective_function_value)


def lower_bound(solver: Solver, integer: bool) -> float:
    """Lower bound on the cost: the dual bound of a mixed-integer problem, otherwise the objective value."""
    return float(solver.getInfo().mip_dual_bound) if integer else objective(solver)
