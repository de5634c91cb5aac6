"""New days of a record against an older fit: has the record left what was fitted?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from octoplan.raids import process
from octoplan.raids.fit import PATHS, Posterior, one_day_ahead
from octoplan.raids.process import Floats, Ints

ALARM = 0.01
"""Chance of a false alarm of each sign, were the fit true."""

TWINS = 249
"""Futures of the fit that the new days are compared with."""


@dataclass(frozen=True)
class Drift:
    """Signs that the days after a fit are not as it expected.

    days
        new days looked at.
    mean, mean_p
        average normal score of the new days' one-day-ahead forecasts, about 0 if the fit is true, and its p-value.
    spread, spread_p
        mean square of the scores about their mean, about 1 if the fit is true, and its p-value.
    turn, turn_p
        the new day at which a change of level fits best, and the p-value of there being one.
    """

    days: int
    mean: float
    mean_p: float
    spread: float
    spread_p: float
    turn: int
    turn_p: float

    def words(self) -> Iterator[str]:
        """What to tell a user, one sentence a sign; none if there is no sign."""
        if self.mean_p < ALARM:
            way = "more" if self.mean > 0 else "fewer"
            yield f"the {self.days} new days bring {way} drones than the fit expected (p {self.mean_p:.2g}): fit again"
        if self.spread_p < ALARM:
            way = "wider" if self.spread > 1 else "less"
            yield f"the new days scatter {way} than the fit expected (p {self.spread_p:.2g}): fit again"
        if self.turn_p < ALARM:
            yield f"the level seems to have changed on new day {self.turn + 1} (p {self.turn_p:.2g}): fit from there on"


def drift(posterior: Posterior, counts: Ints, known: NDArray[np.bool_], first: int) -> Drift:
    """Score the days from ``first`` on under the middle of a posterior, the earlier days only leading up to them.

    p-values come from ``TWINS`` futures of the posterior scored in the same way, so that what the fit did not know
    of its parameters raises no alarm.
    """
    p = process.natural(posterior.mean[:-1])
    rng = process.steady()
    drawn, begin, salvo = posterior.draw(TWINS, rng)
    futures = process.draw(drawn, begin, salvo, len(counts) - first, rng)
    scores = normal_scores(p, counts, known, first)
    twins = np.array(
        [signs(normal_scores(p, np.concatenate([counts[:first], future]), known, first)) for future in futures]
    )
    mean, spread, height = signs(scores)
    above = (1 + np.sum(twins >= [abs(mean), spread, height], axis=0)) / (1 + TWINS)
    below = (1 + np.sum(twins[:, 1] <= spread)) / (1 + TWINS)
    turn = int(np.abs(np.cumsum(scores - scores.mean())).argmax())
    return Drift(
        len(scores), float(scores.mean()), float(above[0]), spread, float(min(1.0, 2.0 * min(above[1], below))), turn,
        float(above[2]),
    )  # fmt: skip


def normal_scores(p: Floats, counts: Ints, known: NDArray[np.bool_], first: int) -> Floats:
    """One-day-ahead probabilities of the days from ``first`` on as standard normal numbers."""
    pits = one_day_ahead(counts, known, p, process.see(counts, known, p), first)
    return np.asarray(norm.ppf(np.clip(pits, 0.5 / PATHS, 1.0 - 0.5 / PATHS)))


def signs(scores: Floats) -> tuple[float, float, float]:
    """How far the mean of some scores is from 0, their variance, and the height of their cumulative sum (CUSUM)."""
    apart = scores - scores.mean()
    return float(abs(scores.mean())), float(apart @ apart / (len(scores) - 1)), float(np.abs(np.cumsum(apart)).max())
