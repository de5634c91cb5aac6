"""The forecast: the level of the coming weeks is the combination's, the shape of raids stays the process's."""

import numpy as np
import pytest

from octoplan.raids import process
from octoplan.raids.fit import fit
from octoplan.raids.forecast import AHEAD, DRAWS, OTHERS, Fitted, levelled, log_sums
from octoplan.raids.process import draw, natural
from tests.raids.test_process import simulated


def test_forecasts_carry_the_uncertainty_of_the_fit() -> None:
    """Thirty-day sums of a short record spread more than the process at its mode would, and are a function of it."""
    counts, draws = simulated(60, 15), 4000
    found = fit(counts)
    rng = np.random.default_rng(16)
    alone = np.tile(natural(found.mode), (draws, 1))
    begin, salvo = np.full(draws, found.posterior.mean[-1]), np.zeros(draws)
    narrow = draw(alone, begin, salvo, 30, rng).sum(axis=1)[:, 0]
    wide = Fitted().paths(counts, 30, draws, 1).sum(axis=1)[:, 0]
    assert wide.std() > 1.2 * narrow.std()
    assert np.array_equal(wide, Fitted().paths(counts, 30, draws, 1).sum(axis=1)[:, 0])


def test_level_is_the_combinations() -> None:
    """After a doubling in the last month, the month ahead has the mean and at least the spread of the combination."""
    counts = simulated(200, 17)
    counts[-28:, 0] *= 2
    found = fit(counts[-120:])
    moved = levelled(found, counts)
    assert abs(moved.shift) > 0.02
    rng = np.random.default_rng(18)
    own, new = (
        log_sums(draw(*posterior.draw(20_000, rng), AHEAD, rng)) for posterior in (found.posterior, moved.posterior)
    )
    others = [log_sums(each.paths(counts, AHEAD, DRAWS, 3)) for each in OTHERS]
    wanted = np.mean([own.mean(), *(each.mean() for each in others)])
    assert new.mean() == pytest.approx(wanted, abs=0.02)
    pooled = np.concatenate([own[:DRAWS], *others]).var()
    assert new.var() == pytest.approx(max(own.var(), pooled), rel=0.12)


def test_only_the_level_moves() -> None:
    """The ratio of salvo to routine days, the missiles and all else stay as they were fitted."""
    counts = simulated(150, 19)
    found = fit(counts[-120:])
    before, after = found.posterior, levelled(found, counts).posterior
    both = [process.M0, process.M1]
    rest = [i for i in range(len(before.mean)) if i not in both]
    assert np.array_equal(before.mean[rest], after.mean[rest])
    assert np.array_equal(before.covariance[rest][:, rest], after.covariance[rest][:, rest])
    assert np.ptp((after.mean - before.mean)[both]) == pytest.approx(0, abs=1e-12)
    wider = after.covariance - before.covariance
    assert wider[both[0], both[0]] == pytest.approx(wider[both[0], both[1]], abs=1e-12)
    assert wider[both[0], both[0]] >= 0


def test_a_short_record_keeps_its_level() -> None:
    """Below ninety days no trend is trusted, and the fit stays as it is."""
    counts = simulated(60, 20)
    found = fit(counts)
    assert levelled(found, counts) is found
