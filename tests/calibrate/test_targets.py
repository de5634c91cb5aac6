"""Targets: the scale of the likelihood, and the error on it, of figures at the ends of their range."""

import numpy as np
import pytest

from octoplan.calibrate.targets import Target, of_observation
from octoplan.scenario import load
from tests.calibrate.trial import OBSERVATIONS, trial

HEADER = OBSERVATIONS.splitlines()[0]


def target(measure: str, value: str, sd: str, kind: str) -> Target:
    """The target of one observation of January."""
    scenario = trial(f"{HEADER}\n2026-01,{measure},{value},,,{sd},{kind},study,\n")
    return of_observation(scenario.observations[0], scenario, used=True)


@pytest.mark.parametrize(
    ("measure", "kind", "unit"),
    [("spend", "money", ""), ("kills/sortie", "share", ""), ("sorties", "count", ""), ("stopped/drone", "share", " %")],
)
@pytest.mark.parametrize("sd", ["1e-200", "0.5"])
def test_a_value_of_zero_has_a_finite_scale_and_error(measure: str, kind: str, unit: str, sd: str) -> None:
    """A figure of 0 is compared on a finite scale, with an error whose square is above 0 however small it is stated."""
    zero = target(measure, "0", sd + unit, kind)
    scaled = zero.scaled(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(scaled).all()
    assert 1e-8 < zero.error * zero.slope < 1e3


def test_futures_without_spend_are_compared() -> None:
    """A simulated value of 0 of a measure on a logarithmic scale is far below the observed value, not undefined."""
    spend = target("spend", "1000000", "1000", "money")
    nothing, observed = spend.scaled(np.array([0.0, 1e6]))
    assert observed - nothing == pytest.approx(np.log(100))
    assert np.isnan(spend.scaled(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("measure", "value", "sd", "kind", "far"),
    [
        ("stopped/drone", 0, 1, "share", 4.0),
        ("stopped/drone", 100, 1, "share", 96.0),
        ("sorties", 0, 100, "count", 400),
    ],
)
def test_the_error_at_the_end_of_a_range_is_that_stated(
    measure: str, value: float, sd: float, kind: str, far: float
) -> None:
    """A value four standard deviations away is at least two away on the scale of the likelihood, and at most four."""
    end = target(measure, str(value), str(sd), kind)
    distance = abs(np.diff(end.scaled(np.array([value, far])))[0]) / (end.error * end.slope)
    assert 1.9 < distance < 4.0


def test_observations_of_octopus_are_compared_with_the_derivative_of_their_scale() -> None:
    """Within the range, the error on the scale is the stated error times the derivative."""
    octopus = load("octopus")
    for observation in octopus.observations:
        figure = of_observation(observation, octopus, used=True)
        step = 1e-6 * figure.value
        derivative = np.diff(figure.scaled(figure.value + np.array([-step, step])))[0] / (2 * step)
        assert figure.slope == pytest.approx(derivative, rel=1e-3)
