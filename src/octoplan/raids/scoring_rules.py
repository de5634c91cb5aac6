"""Proper scoring rules and the probability integral transform of an ensemble forecast; lower scores are better."""

from math import log

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import ndtr

from octoplan.scenario.arrays import Floats

NORMAL_IQR = 1.34
"""Interquartile range of the standard normal distribution."""


def crps(ensemble: Floats, observed: float) -> float:
    """Continuous ranked probability score (CRPS) of an ensemble: E|X - y| - E|X - X'|/2, in the unit of the ensemble.

    X and X' are independent draws from the empirical distribution of the ensemble (Gneiting and Raftery 2007, eq. 21).
    The score is computed exactly from the order statistics.

    Args:
        ensemble: (m,) draws of the forecast.
        observed: The observed value y.

    >>> crps(np.array([1.0, 2.0, 3.0]), 2.0)  # 2/3 - 4/9
    0.2222222222222222

    """
    ordered = np.sort(ensemble)
    m = len(ordered)
    half_mean_difference = float((2 * np.arange(m) + 1 - m) @ ordered) / m**2
    return float(np.abs(ordered - observed).mean()) - half_mean_difference


def energy_score(ensemble: Floats, observed: Floats) -> float:
    """Energy score of an ensemble of vectors: E‖X - y‖ - E‖X - X'‖/2 (Gneiting and Raftery 2007, eq. 22).

    For a single series it equals the CRPS.

    Args:
        ensemble: (m, series) draws of the forecast, with all series in comparable units.
        observed: (series,) the observed values y, in the same units.

    """
    m = len(ensemble)
    distances = sum(float(cdist(ensemble[i : i + 256], ensemble).sum()) for i in range(0, m, 256))
    return float(np.linalg.norm(ensemble - observed, axis=1).mean()) - distances / (2 * m**2)


def log_score(ensemble: Floats, observed: float) -> float:
    """Logarithmic score of a count, in nats: minus the log of its smoothed probability under the ensemble.

    The ensemble is smoothed on the scale z = log(count + 1/2) by a normal kernel centred on each draw, with Silverman's
    bandwidth (1986, eq. 3.31). Count k has the probability of the interval from log k to log(k + 1), and count 0 that
    of all z below 0. A Cauchy distribution of scale 1 centred on the median of z is mixed in with weight 1/(m + 1), so
    that no count has probability 0.

    Args:
        ensemble: (m,) draws of the forecast, whole numbers.
        observed: The observed count.

    """
    z = np.log(ensemble + 0.5)
    m = len(z)
    quartiles = np.quantile(z, (0.25, 0.5, 0.75))
    sd = min(float(z.std()), float(quartiles[2] - quartiles[0]) / NORMAL_IQR) or float(z.std())
    bandwidth = max(0.9 * sd * m**-0.2, 1e-3)
    low, high = log(observed) if observed > 0 else -np.inf, log(observed + 1)
    kernels = float((ndtr((high - z) / bandwidth) - ndtr((low - z) / bandwidth)).mean())
    tail = float(np.arctan(high - quartiles[1]) - np.arctan(low - quartiles[1])) / np.pi
    return -log((m * kernels + tail) / (m + 1))


def pit(ensemble: Floats, observed: float, uniform: float) -> float:
    """Randomised probability integral transform: (n_below + u (n_equal + 1))/(m + 1).

    n_below and n_equal are the numbers of draws below and equal to the observed value. The transform is uniform on 0 to
    1 if the observation is exchangeable with the draws (Czado, Gneiting and Held 2009).

    Args:
        ensemble: (m,) draws of the forecast.
        observed: The observed value.
        uniform: A random number u between 0 and 1.

    """
    n_below, n_equal = int((ensemble < observed).sum()), int((ensemble == observed).sum())
    return (n_below + uniform * (n_equal + 1)) / (len(ensemble) + 1)
