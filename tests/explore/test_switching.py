"""Switching values: where another decision becomes the better one, on examples with known crossings."""

from collections.abc import Callable

import numpy as np
import pytest

from octoplan.explore.switching import (
    REPLICATES,
    Curve,
    block_weights,
    crossings,
    fitted_curve,
    spline_terms,
    switching_values,
)
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario.arrays import Floats

N = 512
FUTURES = np.arange(N)
NAMES = ("a", "b", "c")


def sample(seed: int, columns: int = 3) -> Floats:
    """Draws in (0, 1) in blocks, as those of a run."""
    return latin_hypercube(seed, [f"x{i}" for i in range(columns)], N)


def against(*others: Floats) -> Floats:
    """Net benefits of a decision without effect and of others."""
    return np.column_stack([np.zeros(N), *others])


def test_a_line_has_its_root() -> None:
    """Without noise the switching value is the root of the difference, and the interval is a point."""
    draws = 40.0 + 20.0 * sample(1)
    (value,) = switching_values(NAMES, draws, against(3.0 * (draws[:, 1] - 46.0)), ("none", "buy"), FUTURES, 1)
    assert value.name == "b"
    assert (value.value.value, value.value.low, value.value.high) == pytest.approx((46.0, 46.0, 46.0), rel=1e-9)
    assert value.quantile == pytest.approx(0.3, abs=0.03)
    assert (value.below, value.above) == ("none", "buy")
    p10, p90 = np.quantile(draws[:, 1], (0.1, 0.9))
    assert value.ends == pytest.approx((p10, p90), rel=1e-12)
    assert [end.value for end in value.at_ends] == pytest.approx([3.0 * (p10 - 46.0), 3.0 * (p90 - 46.0)], rel=1e-9)
    assert value.is_clear


def test_a_falling_line_has_the_decisions_the_other_way_round() -> None:
    """Where the difference falls, the other decision is preferred below the value."""
    draws = sample(2)
    (value,) = switching_values(NAMES, draws, against(2.0 * (0.7 - draws[:, 0])), ("none", "buy"), FUTURES, 1)
    assert value.value.value == pytest.approx(0.7, rel=1e-9)
    assert (value.below, value.above) == ("buy", "none")
    assert value.at_ends[0].value < 0.0 < value.at_ends[1].value


@pytest.mark.parametrize("level", [0.005, -0.5, 0.995, 2.0])
def test_no_value_beyond_p1_and_p99(level: float) -> None:
    """A difference that does not change its sign between P1 and P99 has no switching value."""
    draws = sample(3)
    assert switching_values(NAMES, draws, against(draws[:, 0] - level), ("none", "buy"), FUTURES, 1) == ()


def test_with_noise_the_interval_holds_the_root() -> None:
    """Over 200 samples the 95 % interval of a line and of a curve holds the true value in 90 to 99 %."""
    shapes: tuple[tuple[Callable[[Floats], Floats], float], ...] = (
        (lambda x: 3.0 * (x - 0.4), 0.4),
        (lambda x: (np.exp(3.0 * x) - np.exp(1.5)) / 3.0, 0.5),
    )
    for shape, root in shapes:
        held = reported = 0
        for seed in range(200):
            draws = sample(seed, 1)
            noise = np.random.default_rng(seed).normal(size=N)
            values = switching_values(("a",), draws, against(shape(draws[:, 0]) + noise), ("none", "buy"), FUTURES, 1)
            reported += len(values)
            held += sum(value.value.low <= root <= value.value.high for value in values)
        assert reported >= 195
        assert 0.90 <= held / reported <= 0.99


def test_assumptions_without_an_effect_have_none() -> None:
    """Of 100 samples of noise, with 20 assumptions each, at most 5 % and their sampling error have a value."""
    false = 0
    for seed in range(100):
        draws, noise = sample(seed, 20), np.random.default_rng(seed).normal(size=N)
        false += bool(switching_values(tuple(map(str, range(20))), draws, against(noise), ("none", "buy"), FUTURES, 1))
    assert false <= 100 * 0.05 + 2 * np.sqrt(100 * 0.05 * 0.95)


def test_an_effect_does_not_lend_a_value_to_others() -> None:
    """Only the assumption on which the difference depends has a switching value."""
    draws = sample(4)
    benefit = 5.0 * (draws[:, 2] - 0.5) + 0.3 * np.random.default_rng(4).normal(size=N)
    values = switching_values(NAMES, draws, against(benefit), ("none", "buy"), FUTURES, 1)
    assert [value.name for value in values] == ["c"]


def test_a_curve_without_a_slope_has_the_nearest_crossing() -> None:
    """A decision that is better in the middle has the crossing that is nearest to the median."""
    draws = sample(5)
    benefit = 1.0 - 12.0 * (draws[:, 0] - 0.45) ** 2 + 0.05 * np.random.default_rng(5).normal(size=N)
    (value,) = switching_values(NAMES, draws, against(benefit), ("none", "buy"), FUTURES, 1)
    roots = 0.45 + np.array([-1.0, 1.0]) / np.sqrt(12.0)
    assert value.value.value == pytest.approx(roots[1], abs=0.02)
    assert (value.below, value.above) == ("buy", "none")


def test_of_several_decisions_the_best_is_named() -> None:
    """The switching value is where the preferred decision first loses to any other, which is named."""
    draws = sample(6)
    x = draws[:, 0]
    benefits = against(4.0 * (x - 0.8), 2.0 * (x - 0.6))
    (value,) = switching_values(NAMES, draws, benefits, ("none", "much", "some"), FUTURES, 1)
    assert value.value.value == pytest.approx(0.6, rel=1e-9)
    assert (value.below, value.above) == ("none", "some")


def test_an_uncertain_crossing_has_an_open_interval() -> None:
    """If a bootstrap sample has no crossing between P1 and P99, the interval ends at infinity on that side."""
    draws = sample(7, 1)
    noise = np.random.default_rng(7).normal(size=N)
    noise -= np.polyval(np.polyfit(draws[:, 0], noise, 1), draws[:, 0])
    benefit = 2.0 * (draws[:, 0] - 0.93) + 1.5 * noise
    (value,) = switching_values(("a",), draws, against(benefit), ("none", "buy"), FUTURES, 1)
    assert value.value.high == np.inf
    assert 0.5 < value.value.low < value.value.value
    assert not value.is_clear


def test_the_same_seed_has_the_same_interval() -> None:
    """The same call gives the same bits, another seed another interval around the same value."""
    draws = sample(8)
    benefit = against(draws[:, 0] - 0.5 + 0.3 * np.random.default_rng(8).normal(size=N))
    first, second, other = (
        switching_values(NAMES, draws, benefit, ("none", "buy"), FUTURES, seed)[0] for seed in (1, 1, 2)
    )
    assert first == second
    assert first.value.value == other.value.value
    assert first.value.low != other.value.low


def test_the_bootstrap_takes_whole_blocks() -> None:
    """Every sample has as many blocks as the run; results that are the same within blocks widen the interval."""
    weights = block_weights(64, 1)
    assert weights.shape == (REPLICATES, 64)
    assert (weights.sum(axis=1) == 64).all()
    draws = sample(9, 1)
    rng = np.random.default_rng(9)
    independent, shared = rng.normal(size=N), np.repeat(rng.normal(size=N // 8), 8)
    widths = []
    for noise in (independent, shared):
        benefit = against(4.0 * (draws[:, 0] - 0.5) + 0.5 * noise)
        (value,) = switching_values(("a",), draws, benefit, ("none", "buy"), FUTURES, 1)
        widths.append(value.value.high - value.value.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_discrete_assumption_has_a_line() -> None:
    """An assumption with few values, some of them rare, has a switching value between them."""
    draws = np.floor(3.0 * sample(10))
    draws[:3, 1] = 7.0
    (value,) = switching_values(NAMES, draws, against(draws[:, 0] - 0.5), ("none", "buy"), FUTURES, 1)
    assert value.value.value == pytest.approx(0.5, rel=1e-9)


def test_few_blocks_have_none() -> None:
    """With fewer than 16 blocks no interval can be trusted, and no switching value is reported."""
    draws = sample(11)[:120]
    assert switching_values(NAMES, draws, against(sample(11)[:, 0] - 0.5)[:120], ("a", "b"), FUTURES[:120], 1) == ()


def test_the_spline_is_that_of_the_definition() -> None:
    """The terms have the natural constraints: cubic between knots, linear beyond them, with continuous curvature."""
    knots = np.array([-1.5, -0.5, 0.0, 0.6, 1.4])
    x = np.linspace(-4.0, 4.0, 8001)
    terms = spline_terms(x, knots)
    assert terms.shape == (8001, 5)
    curvature = np.diff(terms, 2, axis=0) / (x[1] - x[0]) ** 2
    middle = x[1:-1]
    assert np.abs(curvature[(middle < -1.51) | (middle > 1.41)]).max() < 1e-4
    assert np.abs(np.diff(curvature, axis=0)).max() < 0.02
    assert np.abs(curvature[:, 2:]).max(axis=0).min() > 0.1


def test_a_curve_is_the_least_squares_fit() -> None:
    """The curve is that of an ordinary least-squares fit of its terms."""
    draws = sample(12, 1)[:, 0]
    values = np.sin(4.0 * draws)
    knots = np.quantile(draws, (0.05, 0.275, 0.5, 0.725, 0.95))
    curve = fitted_curve(draws, values, FUTURES // 8, knots, 0.05)
    terms = spline_terms(draws, knots)
    expected = terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
    assert isinstance(curve, Curve)
    np.testing.assert_allclose(curve.at(draws, np.ones((1, N // 8)))[0], expected, rtol=0, atol=1e-8)
    assert curve.is_significant


def test_crossings_are_interpolated() -> None:
    """A zero between two points lies where the line between them is zero; a value of zero is not below zero."""
    grid = np.array([0.0, 1.0, 2.0, 3.0])
    assert crossings(grid, np.array([-1.0, 1.0, 3.0, -1.0]))[1] == pytest.approx([0.5, 2.75])
    assert crossings(grid, np.array([1.0, 0.0, -2.0, -1.0]))[1] == pytest.approx([1.0])
    assert len(crossings(grid, np.ones(4))[1]) == 0


def test_arguments_that_do_not_fit_are_refused() -> None:
    """One decision, arrays of other lengths and numbers that are not finite are errors."""
    draws = sample(13)
    benefit = against(draws[:, 0])
    with pytest.raises(ValueError, match="two decisions"):
        switching_values(NAMES, draws, benefit[:, :1], ("none",), FUTURES, 1)
    with pytest.raises(ValueError, match="do not fit"):
        switching_values(NAMES, draws[:9], benefit, ("none", "buy"), FUTURES, 1)
    benefit[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        switching_values(NAMES, draws, benefit, ("none", "buy"), FUTURES, 1)
