"""A linear programme built from named blocks, compared with one written by hand."""

import numpy as np
import pytest

from octoplan.plan.solver.builder import NEGLIGIBLE_COEFFICIENT, Builder


def test_blocks_give_a_linear_programme() -> None:
    """Two columns and rows in each stage: common entries are in the matrices, random ones in the realisations."""
    builder = Builder(2)
    x = builder.first_stage_columns("x", (2,), lower=[0.0, 1.0], upper=5.0, cost=[1.0, 2.0], integer=True)
    y = builder.second_stage_columns("y", (2,), upper=9.0, cost=np.array([[3.0, 4.0], [3.0, 6.0]]))
    rows = builder.first_stage_rows("sum", (1,), low=1.0, high=8.0)
    builder.add_terms("first", rows, x, [2.0, 3.0])
    balance = builder.second_stage_rows("balance", (2,), low=np.array([[1.0, 2.0], [3.0, 4.0]]), high=7.0)
    builder.add_terms("recourse", balance, y, np.array([[1.0, 1.0], [1.0, 2.0]]))
    builder.add_terms("technology", balance, x, -1.0)
    problem, scenarios = builder.finish()
    assert (problem.first.cost.tolist(), problem.first.lower.tolist()) == ([1.0, 2.0], [0.0, 1.0])
    assert (problem.first.upper.tolist(), problem.first.integer.tolist()) == ([5.0, 5.0], [True, True])
    assert problem.rows.toarray().tolist() == [[2.0, 3.0]]
    assert (problem.row_lower.tolist(), problem.row_upper.tolist()) == ([1.0], [8.0])
    assert problem.technology.toarray().tolist() == [[-1.0, 0.0], [0.0, -1.0]]
    assert problem.recourse.toarray().tolist() == [[1.0, 0.0], [0.0, 1.5]]
    assert problem.random_recourse.tolist() == [[1, 1]]
    assert problem.random_technology.tolist() == []
    assert problem.random_cost.tolist() == [1]
    assert problem.second.upper.tolist() == [9.0, 9.0]
    assert scenarios.probability.tolist() == [0.5, 0.5]
    assert [r.cost.tolist() for r in scenarios] == [[4.0], [6.0]]
    assert [r.recourse.tolist() for r in scenarios] == [[1.0], [2.0]]
    assert [r.lower.tolist() for r in scenarios] == [[1.0, 2.0], [3.0, 4.0]]
    assert [r.upper.tolist() for r in scenarios] == [[7.0, 7.0], [7.0, 7.0]]
    assert builder.first_rows["sum"].tolist() == [0]
    assert builder.rows["balance"].tolist() == [0, 1]


def test_negligible_terms_are_left_out() -> None:
    """A coefficient just below the limit is set to 0, one just above is kept."""
    builder = Builder(1)
    x = builder.first_stage_columns("x", (2,))
    rows = builder.first_stage_rows("r", (1,))
    builder.add_terms("first", rows, x, [0.9 * NEGLIGIBLE_COEFFICIENT, 1.1 * NEGLIGIBLE_COEFFICIENT])
    builder.second_stage_columns("y", (1,))
    builder.second_stage_rows("s", (1,))
    problem, _ = builder.finish()
    assert problem.rows.toarray()[0] == pytest.approx([0.0, 1.1e-4], rel=1e-9)


def test_two_terms_at_one_position_are_refused() -> None:
    """Terms at the same position are not added up."""
    builder = Builder(1)
    x = builder.first_stage_columns("x", (1,))
    rows = builder.first_stage_rows("r", (1,))
    builder.add_terms("first", rows, x, 1.0)
    builder.add_terms("first", rows, x, 1.0)
    with pytest.raises(ValueError, match="two terms of the matrix first"):
        builder.finish()
