"""Where requirements are missed."""

import numpy as np
import pytest

from octoplan.errors import RunError
from octoplan.explore.boxes import Bools
from octoplan.explore.discovery import MIN_CASES, NOTHING_FOUND, discover
from octoplan.explore.requirements import Requirement
from octoplan.explore.results import Discovery
from octoplan.scenario.arrays import Floats

FUTURES = 480
REQUIREMENT = Requirement("crews >= 0.5", "crews", ">=", 0.5, "crews are at least 0.5", "crews are below 0.5")
DRAWS = np.random.default_rng(1).random((FUTURES, 6))


def missed_where(cases: Bools) -> Floats:
    """Values that miss the requirement in the cases."""
    return np.where(cases, 0.0, 1.0)


def discovery_of(values: Floats, step: int | None = None) -> Discovery:
    return discover(REQUIREMENT, values, DRAWS, tuple("abcdef"), np.arange(FUTURES), 1, step)


def test_failures_are_described_and_counted() -> None:
    """A planted box is described, in the words of the requirement; undefined futures are excluded and counted."""
    values = missed_where((DRAWS[:, 1] > 0.5) & (DRAWS[:, 4] < 0.6))
    values[:7] = np.nan
    result = discovery_of(values)
    assert (result.requirement, result.missed_text) == (REQUIREMENT.met_text, REQUIREMENT.missed_text)
    assert (result.futures, result.excluded) == (FUTURES - 7, 7)
    assert result.cases == int((values == 0.0).sum())
    assert [limit.name for limit in result.trajectory[result.chosen].limits] == ["b", "e"]
    assert {limit.name for limit in result.leaves[0].limits} == {"b", "e"}
    assert (result.note, result.p_value < 1e-6) == ("", True)


def test_random_failures_are_not_described() -> None:
    """Without a dependence on an assumption the box is that of all futures, and a note says so."""
    values = missed_where(np.random.default_rng(2).random(FUTURES) < 0.3)
    result = discovery_of(values)
    assert result.chosen == 0
    assert result.trajectory[0].limits == ()
    assert len(result.leaves) == 1
    assert result.note == NOTHING_FOUND


@pytest.mark.parametrize(("value", "side", "remedy"), [(1.0, "met", "stricter"), (0.0, "missed", "less strict")])
def test_a_requirement_that_never_or_always_fails_is_refused(value: float, side: str, remedy: str) -> None:
    """The sentence says that it is met or missed in all futures, and which limit to state instead."""
    with pytest.raises(RunError) as error:
        discovery_of(np.full(FUTURES, value))
    assert str(error.value) == (
        f"crews >= 0.5: the requirement is {side} in all 480 futures, so that no assumption tells them apart; state a "
        f"{remedy} limit"
    )


def test_a_result_that_is_undefined_everywhere_is_refused() -> None:
    """Without a defined value there is no requirement."""
    with pytest.raises(RunError, match="undefined in all futures"):
        discovery_of(np.full(FUTURES, np.nan))


@pytest.mark.parametrize(("others", "verb"), [(1.0, "miss"), (0.0, "meet")])
def test_too_few_failures_or_successes_have_no_box(others: float, verb: str) -> None:
    """Fewer than ``MIN_CASES`` futures on one side are counted in a note, without a box or a tree."""
    values = np.full(FUTURES, others)
    values[: MIN_CASES - 1] = 1.0 - others
    result = discovery_of(values)
    assert result.note == (
        f"Only {MIN_CASES - 1} of 480 futures {verb} the requirement, too few to say where: {MIN_CASES} are needed."
    )
    (box,) = result.trajectory
    assert (result.chosen, result.leaves, box.limits, box.mass) == (0, (), (), 1.0)
    assert box.density == pytest.approx(result.cases / FUTURES)


def test_a_step_of_the_trajectory_can_be_chosen() -> None:
    """A later step is smaller and at least as dense as the step of all futures."""
    values = missed_where((DRAWS[:, 1] > 0.5) & (np.random.default_rng(3).random(FUTURES) < 0.8))
    box = (result := discovery_of(values, 10)).trajectory[result.chosen]
    assert box.mass < 1.0
    assert box.density > result.trajectory[0].density
