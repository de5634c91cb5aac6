"""Boxes of futures in which planted failures are described, and random failures are not."""

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact, hypergeom

from octoplan.explore import peeling
from octoplan.explore import prim as prim_module
from octoplan.explore.boxes import Bools, Region, all_futures, correlation, random_probabilities, simplified
from octoplan.explore.peeling import pasted, peeled, proposal, sample_of, tidied
from octoplan.explore.prim import Peeling, Trajectory, prim, random_probability
from octoplan.explore.results import Box
from octoplan.scenario.arrays import Floats

FUTURES = 2000


def uniform(k: int, seed: int = 1, n: int = FUTURES) -> Floats:
    return np.random.default_rng(seed).random((n, k))


def names(k: int) -> list[str]:
    return [f"a{i}" for i in range(k)]


def planted(draws: Floats) -> Bools:
    """Cases in a box of mass 0.24: a2 above 0.4, a5 below 0.5, a7 from 0.1 to 0.9."""
    return (draws[:, 2] > 0.4) & (draws[:, 5] < 0.5) & (np.abs(draws[:, 7] - 0.5) < 0.4)


def explored(draws: Floats, cases: Bools, seed: int = 1, step: int | None = None) -> Trajectory:
    return prim(draws, cases, names(draws.shape[1]), np.arange(len(draws)), seed, step)


def chosen(trajectory: Trajectory) -> Box:
    return trajectory.boxes[trajectory.chosen]


@pytest.mark.parametrize("k", [10, 100, 300])
def test_a_planted_box_is_described(k: int) -> None:
    """Coverage and density of a planted box are at least 0.95, in held-out futures too, and only its limits are."""
    draws = uniform(k)
    box = chosen(explored(draws, planted(draws)))
    assert [limit.name for limit in box.limits] == ["a2", "a5", "a7"]
    assert min(box.coverage, box.density) >= 0.95
    assert box.held_out_coverage is not None
    assert box.held_out_density is not None
    assert min(box.held_out_coverage.value, box.held_out_density.value) >= 0.95
    above, below, within = box.limits
    assert (above.low, above.high) == pytest.approx((0.4, np.inf), abs=0.03)
    assert (below.low, below.high) == pytest.approx((-np.inf, 0.5), abs=0.03)
    assert (within.low, within.high) == pytest.approx((0.1, 0.9), abs=0.03)
    assert max(limit.p_value for limit in box.limits) < 1e-6
    assert min(limit.reproduced for limit in box.limits) >= 0.75


@pytest.mark.parametrize(("k", "n", "share", "repetitions"), [(20, 400, 0.3, 100), (100, 400, 0.1, 100)])
def test_nothing_is_proposed_in_noise(k: int, n: int, share: float, repetitions: int) -> None:
    """At most 5 % of data sets without a dependence have a box: 200 in all."""
    proposals = 0
    for seed in range(repetitions):
        draws = uniform(k, seed, n)
        cases = np.random.default_rng(1000 + seed).random(n) < share
        trajectory = explored(draws, cases)
        proposals += trajectory.chosen > 0
        if not trajectory.chosen:
            assert chosen(trajectory) == trajectory.boxes[0]
            assert (chosen(trajectory).mass, chosen(trajectory).coverage) == (1.0, 1.0)
    assert proposals <= 0.05 * repetitions


def test_the_density_of_a_peeled_box_is_overstated() -> None:
    """The density of the last step of a trajectory is higher than in held-out futures, on average over data sets."""
    differences = []
    for seed in range(10):
        draws = uniform(20, seed, 800)
        box = explored(draws, random_cases(draws, seed), step=0).boxes[-1]
        assert box.held_out_density is not None
        differences.append(box.density - box.held_out_density.value)
    assert np.mean(differences) > 2.0 * np.std(differences, ddof=1) / np.sqrt(len(differences))


def test_the_held_out_density_is_that_of_new_futures() -> None:
    """The mean held-out density over data sets equals the density of the boxes in new futures, within sampling."""
    differences = []
    for seed in range(10):
        draws, further = uniform(20, seed, 800), uniform(20, 500 + seed, 20_000)
        cases = random_cases(draws, seed)
        box = chosen(explored(draws, cases))
        inside = np.ones(len(further), bool)
        for limit in box.limits:
            column = further[:, int(limit.name[1:])]
            inside &= (column >= limit.low) & (column <= limit.high)
        assert box.held_out_density is not None
        differences.append(box.held_out_density.value - probabilities(further)[inside].mean())
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < max(3.0 * error, 0.03)


def probabilities(draws: Floats) -> Floats:
    return np.where((draws[:, 1] > 0.5) & (draws[:, 3] > 0.4), 0.8, 0.2)


def random_cases(draws: Floats, seed: int) -> Bools:
    return np.random.default_rng(seed).random(len(draws)) < probabilities(draws)


def test_the_trajectory_is_nested_and_patient() -> None:
    """Each step lies within the one before it, and removes about a twentieth of its futures."""
    draws = uniform(12)
    regions = peeled(sample_of(draws, random_cases(draws, 3)))
    inside = np.array([region.contains(draws) for region in regions])
    counts = inside.sum(axis=1)
    assert inside[0].all()
    assert not (inside[1:] & ~inside[:-1]).any()
    assert (counts[:-1] - counts[1:] == np.maximum((0.05 * counts[:-1]).astype(int), 1)).all()
    assert counts[-1] >= 0.05 * FUTURES
    assert len(regions) > 10


def test_peeling_does_not_depend_on_the_scale_of_assumptions() -> None:
    """The futures of each step are the same for a monotone function of the draws."""
    draws = uniform(6)
    cases = random_cases(draws, 3)
    first = [region.contains(draws) for region in peeled(sample_of(draws, cases))]
    scaled = 1e9 * draws**3
    second = [region.contains(scaled) for region in peeled(sample_of(scaled, cases))]
    np.testing.assert_array_equal(first, second)


def test_an_assumption_with_few_values_is_cut_between_them() -> None:
    """Futures with equal values are removed together, and the limit lies between two values."""
    draws = np.round(4.0 * uniform(5))
    cases = draws[:, 2] >= 3.0
    (limit,) = chosen(explored(draws, cases)).limits
    assert (limit.name, limit.low, limit.high) == ("a2", 2.5, np.inf)


def test_a_constant_assumption_is_never_restricted() -> None:
    """An assumption with one value has no limits."""
    draws = uniform(8)
    draws[:, 0] = 7.0
    box = chosen(explored(draws, planted(draws)))
    assert [limit.name for limit in box.limits] == ["a2", "a5", "a7"]


def test_pasting_returns_to_the_edge_of_the_cases() -> None:
    """A limit inside the cases is moved out to their edge, and one that is not needed is dropped."""
    draws = uniform(3)
    cases = draws[:, 0] > 0.6
    region = all_futures(3).with_bound(0, 0, 0.8).with_bound(1, 1, 0.9)
    result = pasted(region, sample_of(draws, cases))
    assert result.columns.tolist() == [0]
    assert result.low[0] == pytest.approx(0.6, abs=0.01)


def test_quasi_p_values_are_exact() -> None:
    """The probability of a limit is Fisher's exact one-sided test, and for a small box the published binomial one."""
    draws = uniform(2)
    cases = random_cases(np.column_stack([draws, draws]), 5)
    outside = np.array([draws[:, 0] < 0.3, draws[:, 1] > 0.8])
    inside = ~outside.any(axis=0)
    for row, other in ((0, 1), (1, 0)):
        without = ~outside[other]
        table = np.array([[(group & kind).sum() for kind in (cases, ~cases)] for group in (inside, without & ~inside)])
        expected = fisher_exact(table, alternative="greater").pvalue
        assert random_probabilities(outside, cases)[row] == pytest.approx(expected, rel=1e-9)
    small = draws[:, 0] > 0.01
    (probability,) = random_probabilities(small[None], cases)
    hits, futures = int((~small & cases).sum()), int((~small).sum())
    assert probability == pytest.approx(binom.sf(hits - 1, futures, cases.mean()), rel=0.05)


def test_limits_that_are_not_significant_are_dropped() -> None:
    """Of two limits the one without effect is removed; a limit that excludes no future has probability 1."""
    draws = uniform(10)
    cases = draws[:, 0] > 0.5
    region = all_futures(10).with_bound(0, 0, 0.5).with_bound(1, 0, 0.05).with_bound(2, 1, 2.0)
    assert simplified(region, draws, cases, 0.005).columns.tolist() == [0]
    assert random_probabilities((draws[:, 2] > 2.0)[None], cases).tolist() == [1.0]
    assert tidied(region, sample_of(draws, cases)).columns.tolist() == [0]


def test_the_probability_of_held_out_futures_is_hypergeometric() -> None:
    """With one fold the test is Fisher's exact test; the density of all futures has probability 1."""
    random = np.random.default_rng(2)
    inside, cases = random.random(200) < 0.3, random.random(200) < 0.4
    folds = np.zeros(200, np.int64)
    expected = hypergeom.sf((inside & cases).sum() - 1, 200, cases.sum(), inside.sum())
    assert random_probability(inside, cases, folds) == pytest.approx(expected, rel=1e-9)
    assert random_probability(np.ones(200, bool), cases, folds) == pytest.approx(1.0)


def test_the_correlation_of_a_box_with_its_cases() -> None:
    """It is 1 for the box of all cases, and the coefficient of correlation otherwise."""
    random = np.random.default_rng(2)
    inside, cases = random.random(200) < 0.3, random.random(200) < 0.4
    assert correlation(cases, cases) == pytest.approx(1.0)
    assert correlation(inside, cases) == pytest.approx(np.corrcoef(inside, cases)[0, 1])
    assert correlation(np.ones(200, bool), cases) == 0.0


def test_the_same_call_gives_the_same_boxes() -> None:
    """Boxes, shares of halves and intervals depend on the seed only."""
    draws = uniform(10, n=400)
    cases = random_cases(draws, 1)
    first, again, other = (explored(draws, cases, seed) for seed in (1, 1, 2))
    assert first == again
    assert chosen(first).held_out_density != chosen(other).held_out_density
    assert chosen(first).coverage == chosen(other).coverage


def test_weak_failures_are_described_among_many_assumptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among 300 assumptions a box of density 0.45, against 0.2 elsewhere, is proposed only because few are peeled."""
    draws = uniform(300, 6)
    cases = np.random.default_rng(106).random(FUTURES) < np.where((draws[:, 1] > 0.6) & (draws[:, 3] > 0.5), 0.45, 0.2)
    box = chosen(explored(draws, cases))
    assert [limit.name for limit in box.limits] == ["a1", "a3"]
    assert box.held_out_density is not None
    assert box.held_out_density.low > cases.mean()
    monkeypatch.setattr(peeling, "SCREENED", 1.0)
    sample = sample_of(draws, cases)
    assert not len(proposal(peeled(sample), sample).columns)


def test_limits_that_are_not_reproduced_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that fewer than half of the random halves have is not proposed, however significant it is."""
    draws = uniform(10)
    cases = planted(draws)

    def without_the_first(halves: list[Peeling], coverage: float) -> Floats:  # noqa: ARG001
        return np.where(np.arange(10) == 2, 0.45, 1.0)

    monkeypatch.setattr(prim_module, "reproduced_limits", without_the_first)
    assert [limit.name for limit in chosen(explored(draws, cases)).limits] == ["a5", "a7"]


def test_a_step_can_be_chosen() -> None:
    """The box of a chosen step has its significant limits only; steps are numbered from all futures."""
    draws = uniform(10)
    cases = random_cases(draws, 1)
    steps = explored(draws, cases).boxes[:-1]
    trajectory = explored(draws, cases, step=20)
    box = chosen(trajectory)
    assert trajectory.boxes[:-1] == steps
    assert {limit.name for limit in box.limits} <= {limit.name for limit in steps[20].limits}
    assert max(limit.p_value for limit in box.limits) <= 0.001
    with pytest.raises(ValueError, match=f"there is no step 500: steps are 0 to {len(steps) - 1}"):
        explored(draws, cases, step=500)


def test_arrays_that_are_no_sample_are_refused() -> None:
    """A missing value, another length, or cases of one kind only are errors, not an empty result."""
    draws = uniform(3, n=80)
    cases = draws[:, 0] > 0.5
    broken = draws.copy()
    broken[3, 1] = np.nan
    for values, failures, message in (
        (broken, cases, "draws are not finite"),
        (draws[:-1], cases, "are not of one sample"),
        (draws, np.ones(80, bool), "80 of 80 futures are cases"),
        (draws, np.zeros(80, bool), "0 of 80 futures are cases"),
    ):
        with pytest.raises(ValueError, match=message):
            prim(values, failures, names(3), np.arange(80), 1)


def test_a_region_contains_its_bounds() -> None:
    """Bounds are inclusive, and infinite ones do not restrict."""
    region = Region(np.array([1.0, -np.inf]), np.array([2.0, np.inf]))
    draws = np.array([[1.0, 9.0], [2.0, -9.0], [0.99, 0.0], [2.01, 0.0]])
    assert region.contains(draws).tolist() == [True, True, False, False]
