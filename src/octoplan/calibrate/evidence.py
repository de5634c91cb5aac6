"""Results of a calibration: informed assumptions, pairs not distinguished, contradictions, and predictive bands."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from octoplan.calibrate.sampler import Likelihood
from octoplan.calibrate.setup import Setup
from octoplan.calibrate.targets import Target
from octoplan.calibrate.waves import Inference, conditional_probabilities
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.calibrated import rows_correlated_with

INFORMED = 0.02
"""Information, in nats, from which on an assumption is informed: a shift of 0.2 prior standard deviations, or a
standard deviation smaller by an eighth. The sampling error of 1,000 draws is about 0.003."""
CORRELATED = 0.3
"""Absolute correlation, beyond that of the prior, from which on an assumption is kept with an informed one."""
NOT_SEPARATED = 0.5
"""Absolute correlation from which on two informed assumptions are not distinguished."""
CONTRADICTION = 0.001
"""Probability, given the prior and the other observations, below which an observation contradicts them."""
MOST_OBSERVATIONS = 3
"""Largest number of observations that are named for one assumption."""
LEAST_INFLUENCE = 0.05
"""Influence of an observation on an assumption, in prior standard deviations, from which on it is named."""
BAND = (0.1, 0.5, 0.9)

Quantiles = tuple[float, float, float]


@dataclass(frozen=True)
class Learned:
    """Prior and posterior of an assumption, and the information of the observations on it.

    Attributes:
        assumption: The assumption, with its prior.
        prior, posterior: P10, P50 and P90, in the unit of the row.
        information: Kullback-Leibler divergence of the posterior from the prior, both taken as normal, in nats.
        shift: Change of the mean, in prior standard deviations.
        narrowing: Posterior over prior standard deviation.
        moved_by: Labels of the observations with the largest influence, the largest first.

    """

    assumption: Assumption
    prior: Quantiles
    posterior: Quantiles
    information: float
    shift: float
    narrowing: float
    moved_by: tuple[str, ...]

    @property
    def is_informed(self) -> bool:
        """True if the observations inform the assumption."""
        return self.information >= INFORMED


@dataclass(frozen=True)
class Pair:
    """Two informed assumptions that the observations do not distinguish, and their posterior correlation."""

    first: Assumption
    second: Assumption
    correlation: float


@dataclass(frozen=True)
class Comparison:
    """A target with its bands: P10, P50 and P90 of the measure in simulated futures of the prior and the posterior.

    Attributes:
        target: The target.
        prior, posterior: The bands, in the unit of the measure; ``nan`` if the measure is undefined in all futures.
        probability: Probability, given the prior and the other observations, of a value as far from its mean or
            further; ``nan`` if the target is held out.
        explained: Leave-one-out coefficient of determination of the last emulator; ``nan`` if it is held out.

    """

    target: Target
    prior: Quantiles
    posterior: Quantiles
    probability: float
    explained: float

    @property
    def is_contradiction(self) -> bool:
        """True if the value contradicts the prior and the other observations."""
        return self.probability < CONTRADICTION

    @property
    def is_inside(self) -> bool:
        """True if the observed value lies inside the posterior band."""
        return self.posterior[0] <= self.target.value <= self.posterior[2]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A calibration and its results.

    Attributes:
        setup: The calibration.
        inference: Its inference.

    """

    setup: Setup
    inference: Inference

    @property
    def density(self) -> Likelihood:
        """The likelihood of the last emulator."""
        return self.inference.density

    @cached_property
    def prior_draws(self) -> Floats:
        """(futures, assumptions) draws of the prior."""
        return self.setup.assumptions.draws(self.inference.prior_wave.scores)

    @cached_property
    def posterior_draws(self) -> Floats:
        """(draws, assumptions) joint draws of the posterior; assumptions that are not informed have prior draws."""
        return self.setup.assumptions.draws(self.inference.posterior_scores)

    @cached_property
    def standardised(self) -> tuple[Floats, Floats]:
        """Features of the prior and of the posterior draws, in units of the prior: mean 0, standard deviation 1."""
        prior = self.setup.assumptions.features(self.inference.prior_wave.scores)
        posterior = self.setup.assumptions.features(self.inference.posterior_scores)
        mean, sd = prior.mean(axis=0), np.maximum(prior.std(axis=0), 1e-12)
        return (prior - mean) / sd, (posterior - mean) / sd

    @cached_property
    def learned(self) -> tuple[Learned, ...]:
        """Prior, posterior and information of each uncertain assumption, the most informed first."""
        prior, posterior = self.standardised
        sd = np.maximum(posterior.std(axis=0), 1e-6)
        shift = posterior.mean(axis=0)
        information = 0.5 * (shift**2 + sd**2 - 1.0) - np.log(sd)
        assumptions, columns = self.setup.assumptions.scenario.assumptions, self.setup.assumptions.columns
        candidate = np.isin(np.arange(len(columns)), self.density.scores)
        rows = []
        for score in np.argsort(-np.where(candidate, information, -1.0), kind="stable"):
            column = columns[score]
            known = float(information[score]) if candidate[score] else 0.0
            rows.append(
                Learned(
                    assumptions[column],
                    quantiles(self.prior_draws[:, column]),
                    quantiles(self.posterior_draws[:, column]),
                    known,
                    float(shift[score]),
                    float(sd[score] / max(prior[:, score].std(), 1e-12)),
                    self.influential(int(score)) if known >= INFORMED else (),
                )
            )
        return tuple(rows)

    @cached_property
    def informed(self) -> tuple[Learned, ...]:
        """The informed assumptions, the most informed first."""
        return tuple(row for row in self.learned if row.is_informed)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of the uncertain assumption of each score."""
        assumptions = self.setup.assumptions.scenario.assumptions
        return tuple(assumptions[column].name for column in self.setup.assumptions.columns)

    @cached_property
    def informed_scores(self) -> Ints:
        """Scores of the informed assumptions, in their order."""
        return np.array([self.names.index(row.assumption.name) for row in self.informed], np.int64)

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the assumptions with joint posterior draws, in the order of the rows.

        These are the informed ones, those that are correlated with them in the posterior, those that stated
        correlations connect with them, and all levels with their standard deviation and memory.
        """
        columns, names, informed = self.setup.assumptions.columns, self.names, self.informed_scores
        if not len(informed):
            return ()
        _, posterior = self.standardised
        correlation = np.abs(np.atleast_2d(np.corrcoef(posterior.T))[informed])
        linked = (correlation >= CORRELATED).any(axis=0) & np.isin(np.arange(len(names)), self.density.scores)
        linked |= np.isin(columns, [c for p in self.setup.assumptions.paths for c in (p.sd, p.memory, *p.levels)])
        linked[informed] = True
        return rows_correlated_with(self.setup.scenario, [names[score] for score in np.flatnonzero(linked)])

    @cached_property
    def gradient(self) -> tuple[Floats, Floats, Floats]:
        """At the posterior mean: (measures, informed) slopes of the emulator, (measures,) residuals, and (features,
        informed) slopes of the features.
        """
        informed = self.density.scores
        mean = self.inference.posterior_scores.mean(axis=0)
        step = 1e-3
        points = np.repeat(mean[None], 2 * len(informed) + 1, axis=0)
        for row, score in enumerate(informed):
            points[row, score] += step
            points[len(informed) + row, score] -= step
        features = self.setup.assumptions.features(points)
        expected = self.density.emulator.predict(features)
        count = len(informed)
        slope = (expected[:count] - expected[count : 2 * count]).T / (2 * step)
        feature_slope = (features[:count] - features[count : 2 * count]).T / (2 * step)
        residual = self.density.problem.observed - expected[-1] + slope @ mean[informed]
        return slope, residual, feature_slope

    @cached_property
    def influence(self) -> Floats:
        """(features, measures) change of the posterior mean and standard deviation, in prior standard deviations, if
        an observation were left out, in the linear approximation at the posterior mean.
        """
        slope, residual, feature_slope = self.gradient
        covariance = self.density.emulator.covariance + self.density.problem.covariance
        scale = np.maximum(np.linalg.norm(feature_slope, axis=1), 1e-12)[:, None]
        direction = feature_slope / scale

        def posterior(rows: Ints) -> tuple[Floats, Floats]:
            weighted = np.linalg.solve(covariance[np.ix_(rows, rows)], slope[rows])
            inverse = np.linalg.inv(np.eye(slope.shape[1]) + slope[rows].T @ weighted)
            mean = inverse @ (weighted.T @ residual[rows])
            return direction @ mean, np.sqrt(np.einsum("fi,ij,fj->f", direction, inverse, direction))

        all_rows = np.arange(len(residual))
        mean, sd = posterior(all_rows)
        change = np.zeros((len(direction), len(residual)))
        for row in all_rows:
            other_mean, other_sd = posterior(np.delete(all_rows, row))
            change[:, row] = np.hypot(other_mean - mean, other_sd - sd)
        return change

    def influential(self, score: int) -> tuple[str, ...]:
        """Labels of the observations with the largest influence on an assumption."""
        used = [target for target in self.setup.targets if target.used]
        order = np.argsort(-self.influence[score], kind="stable")[:MOST_OBSERVATIONS]
        return tuple(used[row].label for row in order if self.influence[score, row] >= LEAST_INFLUENCE)

    @cached_property
    def not_separated(self) -> tuple[Pair, ...]:
        """Pairs of informed assumptions that the observations do not distinguish, the most correlated first."""
        rows = self.informed_scores
        if len(rows) < 2:
            return ()
        prior, correlation = (np.asarray(np.corrcoef(draws[:, rows].T)) for draws in self.standardised)
        pairs = [
            Pair(self.informed[i].assumption, self.informed[j].assumption, float(correlation[i, j]))
            for i in range(len(correlation))
            for j in range(i)
            if abs(correlation[i, j]) >= NOT_SEPARATED > abs(prior[i, j])
        ]
        return tuple(sorted(pairs, key=lambda pair: -abs(pair.correlation)))

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The targets with their bands, in the order of the targets."""
        prior = self.inference.prior_wave.measures
        posterior = self.inference.posterior_wave.measures[self.inference.draws]
        used = np.flatnonzero([target.used for target in self.setup.targets])
        probabilities = np.full(len(self.setup.targets), np.nan)
        probabilities[used] = conditional_probabilities(self.density.problem, self.inference.prior_wave)
        explained = np.full(len(self.setup.targets), np.nan)
        explained[used] = self.density.emulator.r2
        return tuple(
            Comparison(
                target, quantiles(prior[:, row]), quantiles(posterior[:, row]), float(probabilities[row]),
                float(explained[row]),
            )
            for row, target in enumerate(self.setup.targets)
        )  # fmt: skip

    @property
    def contradictions(self) -> tuple[Comparison, ...]:
        """Observations that contradict the prior and the other observations."""
        return tuple(comparison for comparison in self.comparisons if comparison.is_contradiction)

    @property
    def failed(self) -> int:
        """Number of futures that failed."""
        return sum(wave.failed for wave in self.inference.waves)


def quantiles(values: Floats) -> Quantiles:
    """P10, P50 and P90 of the defined values; ``nan`` if there is none."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return (np.nan, np.nan, np.nan)
    low, middle, high = (float(value) for value in np.quantile(defined, BAND))
    return low, middle, high
