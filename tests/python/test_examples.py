"""The examples in the docstrings of what users call from Python run and print what they state."""

import doctest
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import octoplan as op
from octoplan.cards import Card
from octoplan.outcomes.compare import Comparison
from octoplan.outcomes.intervals import half_width, interval
from octoplan.outcomes.key_results import KeyResults
from octoplan.tables import Table

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(op, name) for name in op.__all__ if inspect.isfunction(getattr(op, name))},
    **{f"show.{name}": getattr(op.show, name) for name in op.show.__all__},
    "Precision": op.Precision,
    "Run.key_results": op.Run.key_results,
    "Run.month": op.Run.month,
    "Run.save": op.Run.save,
    "Scenario.change": op.Scenario.change,
    "Scenario.with_decisions": op.Scenario.with_decisions,
    "Card.html": Card.html,
    "KeyResults.to_frame": KeyResults.to_frame,
    "Comparison.to_frame": Comparison.to_frame,
    "Table.to_frame": Table.to_frame,
    "half_width": half_width,
    "interval": interval,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples(name: str) -> None:
    """Every public function and chart has an example, and it gives the printed result."""
    function = FUNCTIONS[name]
    module = inspect.getmodule(function)
    assert module is not None
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(verbose=False)
    variables = {**vars(module), "np": np}
    for test in finder.find(function, name, module=module, globs=variables):
        runner.run(test)
    assert runner.tries > 0
    assert runner.failures == 0


def test_functions_of_the_package_are_listed() -> None:
    """The functions above include those of the package that simulate, read, compare, plan and calibrate."""
    assert {
        "load", "simulate", "simulate_to_precision", "read", "compare", "optimise", "draw_raids",
        "calibrate_to_observations", "explore_scenario", "read_exploration",
    } <= set(FUNCTIONS)  # fmt: skip


def test_completion_of_show_lists_charts_only() -> None:
    """``op.show.`` completes to functions that draw a figure, and to all of those that the report draws."""
    names = dir(op.show)
    assert names == sorted(op.show.__all__)
    for name in names:
        chart = getattr(op.show, name)
        assert inspect.isfunction(chart), name
        assert "Figure" in str(inspect.signature(chart).return_annotation), name
    assert {chart.draw.__name__ for chart in op.show.CHARTS.values()} <= set(names)
    assert callable(op.show.report)
    namespace: dict[str, object] = {}
    exec("from octoplan.show import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(names)
