"""Swings and switching values against figures whose dependence on an assumption is known."""

import numpy as np
import pytest

from octoplan.outcomes.sensitivity import crossing, sensitivities
from tests.outcomes.runs import pocket, ranged

FUTURES = 400


def draws(name: str) -> np.ndarray:
    run = ranged()
    return run.assumptions.values[:, run.scenario.columns.index(name)]


def spread() -> list[str]:
    """Assumptions of pocket that are drawn, not known."""
    return [assumption.name for assumption in ranged().scenario.assumptions if not assumption.known]


def test_a_line_has_its_slope_and_its_crossing() -> None:
    """A figure that is a line in one assumption swings by the slope times the fifths' gap, and turns where it is 0."""
    name = spread()[0]
    x = draws(name)
    at = float(np.quantile(x, 0.6))
    top = sensitivities(ranged(), 7.0 * (x - at))[0]
    fifth = FUTURES // 5
    ordered = np.sort(x)
    assert top.assumption.name == name
    assert top.size == pytest.approx(7.0 * (ordered[-fifth:].mean() - ordered[:fifth].mean()))
    assert top.switch == pytest.approx(at)
    assert top.sure
    assert top.at == pytest.approx(tuple(np.quantile(x, (0.1, 0.9))))


def test_a_crossing_beyond_what_is_believed_is_none() -> None:
    """A figure that stays positive over the whole range of the assumption has no switching value."""
    x = draws(spread()[0])
    top = sensitivities(ranged(), x - x.min() + 10.0 * np.ptp(x))[0]
    assert top.sure
    assert top.switch is None


def test_noise_is_luck() -> None:
    """A figure that hangs on no assumption has no sure swing, in nineteen of twenty sets of noise at least."""
    rng = np.random.default_rng(3)
    sure = [any(each.sure for each in sensitivities(ranged(), rng.normal(size=FUTURES))) for _ in range(20)]
    assert sum(sure) <= 1


def test_too_few_futures_or_a_constant_have_no_swing() -> None:
    """Fewer than five futures in a fifth, or a figure that never moves, say nothing."""
    run = pocket(20)
    assert sensitivities(run, np.arange(20.0)) == ()
    assert sensitivities(ranged(), np.ones(FUTURES)) == ()


def test_futures_without_a_figure_are_left_out() -> None:
    """Futures in which the figure is not defined change nothing for the others."""
    x = draws(spread()[0])
    figure = np.where(np.arange(FUTURES) % 4 == 0, np.inf, x)
    top = sensitivities(ranged(), figure)[0]
    kept = np.sort(x[np.arange(FUTURES) % 4 != 0])
    fifth = len(kept) // 5
    assert top.low == pytest.approx(kept[:fifth].mean())


def test_the_crossing_has_the_error_of_its_line() -> None:
    """Over a thousand noisy lines the crossing's own error is the spread of the crossings."""
    rng = np.random.default_rng(5)
    x = np.linspace(0.0, 1.0, 200)
    found = [crossing(x, 2.0 * x - 1.0 + rng.normal(scale=0.5, size=200)) for _ in range(1000)]
    values, errors = (np.array(each) for each in zip(*found, strict=True))
    assert values.mean() == pytest.approx(0.5, abs=0.005)
    assert values.std() == pytest.approx(errors.mean(), rel=0.08)
