"""Learning curves, compared with published tables for unit and cumulative average theory, and in a simulated plant."""

from math import log2

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.production import WRIGHT, hours_of_unit
from octoplan.scenario.arrays import Floats
from tests.verification.harness import pocket

CRAWFORD = 0
SLOPE = 0.8
EXPONENT = log2(SLOPE)


@entry
def fill_hours(first: float, slope: float, theory: int, out: Floats) -> None:
    for n in range(out.shape[0]):
        out[n] = hours_of_unit(first, slope, theory, n + 1.0)


def hours(first: float, theory: int, units: int) -> Floats:
    """Hours of units 1 to ``units`` at a slope of 80 %, (units,)."""
    out = np.empty(units)
    fill_hours(first, SLOPE, theory, out)
    return out


@pytest.mark.parametrize(
    ("unit", "unit_hours", "cumulative"),
    [
        (1, 100_000, 100_000),
        (2, 80_000, 180_000),
        (4, 64_000, 314_210),
        (8, 51_200, 534_591),
        (16, 40_960, 892_014),
        (64, 26_214, 2_392_447),
        (256, 16_777, 6_247_572),
    ],
)
def test_unit_theory(unit: int, unit_hours: int, cumulative: int) -> None:
    """Crawford's theory at 80 % with a first unit of 100,000 hours reproduces the published table."""
    hours_by_unit = hours(100_000.0, CRAWFORD, unit)
    assert round(hours_by_unit[-1]) == unit_hours
    assert abs(hours_by_unit.sum() - cumulative) < 1.0


@pytest.mark.parametrize(("units", "total"), [(1, 100.0), (2, 160.0), (4, 256.0), (8, 409.6), (16, 655.36)])
def test_cumulative_average_theory(units: int, total: float) -> None:
    """Wright's theory at 80 % with a first unit of 100 hours: each doubling multiplies the total by 1.6."""
    assert hours(100.0, WRIGHT, units).sum() == pytest.approx(total, rel=1e-13)


def units_and_hours(line_rate: float) -> tuple[int, float]:
    """Units and labour hours of a plant with learning that is limited by neither labour nor parts."""
    compiled, assumptions = pocket(
        1, 81, plants__bench__line_rate=line_rate, plants__bench__slope=SLOPE, plants__bench__hours_first=100.0,
        plants__bench__heads=10_000.0,
    )  # fmt: skip
    tally = simulate_futures(compiled, assumptions, seed=81).tally
    return int(tally["made"].sum()), float(tally["hours_worked"].sum())


def test_hours_of_a_plant_with_one_unit_per_day() -> None:
    """At one unit per day, cumulative hours equal the sum of the hours of the units."""
    units, worked = units_and_hours(1.0)
    assert units == 85
    assert worked == pytest.approx(hours(100.0, CRAWFORD, units).sum(), rel=1e-12)


def test_hours_of_a_plant_with_ten_units_per_day() -> None:
    """The k units of a day take k times the hours of their middle unit.

    This is less than the sum of their hours by at most k (k^2 - 1) / 24 times the second derivative of the learning
    curve at the first unit of the day: 0.4 % over 850 units, nearly all of it on the first day.
    """
    daily_units = 10
    units, worked = units_and_hours(float(daily_units))
    assert units == 850
    total = hours(100.0, CRAWFORD, units).sum()
    first = 1.0 + daily_units * np.arange(units // daily_units)
    curvature = 100.0 * EXPONENT * (EXPONENT - 1.0) * first ** (EXPONENT - 2.0)
    bound = daily_units * (daily_units**2 - 1) / 24.0 * curvature
    short = total - worked
    middles = (first + 0.5 * (daily_units - 1)) ** EXPONENT
    assert worked == pytest.approx(100.0 * daily_units * middles.sum(), rel=1e-12)
    assert 0.0 < short < min(bound.sum(), 0.005 * total)
