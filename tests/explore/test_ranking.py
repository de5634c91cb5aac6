"""The ranking of a result: order, convergence, Shapley effects and sentences."""

import numpy as np
import pytest

from octoplan.explore.indices import DesignedIndices
from octoplan.explore.ranking import rank_results, settled, with_design
from octoplan.explore.results import CHANCE, Convergence, Estimate, Ranking, Share
from octoplan.explore.variance import given_first_order
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario.arrays import Floats

FUTURES = 2000
SLOPES = np.array([0.0, 2.0, 0.0, 1.0, 4.0])


def draws_of(futures: int = FUTURES) -> Floats:
    return latin_hypercube(1, [f"x{i}" for i in range(5)], futures)


def assumptions(correlated: tuple[int, ...] = ()) -> list[Share]:
    return [Share(f"x{i}", f"input {i}", None, is_correlated=i in correlated) for i in range(5)]


def ranking(values: Floats, draws: Floats, correlated: tuple[int, ...] = ()) -> Ranking:
    numbers = np.arange(len(draws))
    return rank_results(
        [("key", "title")], assumptions(correlated), draws, values[:, None], numbers, excluded=3, seed=1
    )[0]


def test_assumptions_are_ordered_by_their_index() -> None:
    """The largest comes first, with the index and interval that it has among all; excluded futures are counted."""
    draws = draws_of()
    result = ranking(draws @ SLOPES, draws)
    assert [share.name for share in result.from_run[:3]] == ["x4", "x1", "x3"]
    indices = given_first_order(draws, (draws @ SLOPES)[:, None], np.arange(FUTURES), 1)
    assert result.from_run[0].first == indices.estimate(4, 0)
    assert (result.measure, result.title, result.futures, result.excluded) == ("key", "title", FUTURES, 3)
    assert result.note.startswith("The Shapley effects of the 3 largest assumptions add up to 100 % of the variance")


def test_shapley_effects_of_independent_assumptions_are_their_shares() -> None:
    """Those without a distinguishable effect have none."""
    draws = draws_of()
    result = ranking(draws @ SLOPES, draws)
    for share in result.from_run:
        slope = SLOPES[int(share.name[1:])]
        if slope:
            assert share.shapley is not None
            assert share.shapley.value == pytest.approx(slope**2 / (SLOPES**2).sum(), abs=0.02)
        else:
            assert share.shapley is None


def test_convergence_is_that_of_shorter_runs() -> None:
    """The index at a quarter of the futures is that of a run with a quarter of the futures."""
    draws = draws_of()
    values = draws @ SLOPES
    step = ranking(values, draws).convergence[0]
    assert (step.name, step.futures) == ("x4", (496, 1000, 2000))
    quarter = given_first_order(draws[:496, [4]], values[:496, None], np.arange(496), 1)
    assert step.first[0] == quarter.estimate(0, 0)


def test_correlated_assumptions_are_flagged() -> None:
    """A sentence says that their indices overlap, if they are among the largest and have an effect."""
    draws = draws_of()
    values = draws @ SLOPES
    sentence = "Of the largest, input 4 and 1 more are correlated with other assumptions"
    assert sentence in ranking(values, draws, (1, 4)).note
    assert "input 4 is correlated with other assumptions" in ranking(values, draws, (0, 4)).note
    assert "overlap" not in ranking(values, draws, (0, 2)).note
    assert [share.name for share in ranking(values, draws, (1, 4)).from_run if share.is_correlated] == ["x4", "x1"]


def test_many_assumptions_have_effects_as_one_factor() -> None:
    """Beyond eight assumptions with an effect, those after the seventh are one factor."""
    draws = latin_hypercube(2, [f"x{i}" for i in range(12)], FUTURES)
    shares = [Share(f"x{i}", f"input {i}", None) for i in range(12)]
    values = draws @ np.linspace(2.0, 1.0, 12)
    result = rank_results([("key", "")], shares, draws, values[:, None], np.arange(FUTURES), excluded=0, seed=1)[0]
    assert [share.shapley is not None for share in result.from_run] == [True] * 7 + [False] * 5
    assert "the 7 largest assumptions and of 5 others as one factor add up to 100 %" in result.note


def test_an_order_that_is_not_settled_is_stated() -> None:
    """Two assumptions of equal effect cannot be ordered."""
    draws = draws_of(256)
    result = ranking(draws[:, 0] + draws[:, 1] + draws[:, 2] / 8, draws)
    assert "The indices from the run have not converged at 256 futures" in result.note
    assert settled(result.from_run) < 0.95
    assert settled(result.from_run[1:]) > 0.95
    assert settled(result.from_run[:1]) == 1.0


def test_a_constant_result_has_no_ranking() -> None:
    """Its indices are undefined, and there is no sentence."""
    draws = draws_of(64)
    result = ranking(np.ones(64), draws)
    assert all(share.first is not None and np.isnan(share.first.value) for share in result.from_run)
    assert result.note == ""


def test_a_designed_sample_adds_its_sentences() -> None:
    """Its convergence replaces that of the run, and its excluded futures are stated."""
    draws = draws_of()
    before = ranking(draws @ SLOPES, draws)
    estimate = Estimate(0.5, 0.4, 0.6)
    designed = DesignedIndices(
        (Share(CHANCE, "chance", estimate, estimate),), 60, 4, (Convergence(CHANCE, (60,), (estimate,)),), "A note."
    )
    after = with_design(before, designed)
    assert after.from_run == before.from_run
    assert after.designed == designed.shares
    assert after.convergence == designed.convergence
    assert after.note == (
        f"{before.note} A note. 4 futures of the designed sample are excluded: the result is undefined in one of its "
        "blocks."
    )
