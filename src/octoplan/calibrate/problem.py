"""The problem of a calibration: scores with a standard normal prior, a simulator, and observed measures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from octoplan.scenario.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Problem:
    """An inference: its scores, its simulator, and the observed measures.

    Scores are the independent standard normal numbers from which the assumptions of a future are computed. Features
    are functions of the scores, one for each score, on which measures depend smoothly: correlated scores, or levels.

    Attributes:
        scores: Number of scores.
        features: (futures, scores) to (futures, scores): features of the scores.
        parents: By feature, the scores on which it depends.
        calibrated: Features that the observations can inform; all others remain as in the prior.
        simulate: (futures, scores) and the number of the first future, to (futures, targets) measures in their units;
            ``nan`` where a measure is undefined, in the whole row where a future failed.
        scaled: (futures, targets) to (futures, measures): the measures of the targets used, on the scale of the
            likelihood.
        observed: (measures,) observed values, on the scale of the likelihood.
        covariance: (measures, measures) covariance of observation error and model discrepancy, on this scale.
        labels: (measures,) names of the observations in messages.

    """

    scores: int
    features: Callable[[Floats], Floats]
    parents: tuple[Ints, ...]
    calibrated: Ints
    simulate: Callable[[Floats, int], Floats]
    scaled: Callable[[Floats], Floats]
    observed: Floats
    covariance: Floats
    labels: tuple[str, ...]

    def informed_scores(self, active: Ints) -> Ints:
        """Scores on which the active features depend, in ascending order."""
        return np.unique(np.concatenate([self.parents[int(feature)] for feature in active] or [np.zeros(0, np.int64)]))
