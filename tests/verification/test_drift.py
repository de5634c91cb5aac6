"""Levels of layers: a stationary autoregression between months, and its effect on probabilities."""

from math import exp, log, sqrt

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.defence_layers import layer_probabilities
from octoplan.campaign.layer_levels import contact_probabilities, monthly_levels
from octoplan.campaign.streams import Moment
from octoplan.scenario.arrays import Floats, Records, StreamKeys
from tests.verification.harness import records, streams

SD, MEMORY, MONTHS, FUTURES = 0.4, 60.0, 6, 100_000
KEEP = exp(-365.25 / 12 / MEMORY)


@entry
def fill_levels(drift: Records, stated: Records, keys: StreamKeys, level: Floats) -> None:
    """Fill ``level``, (futures, months, layers)."""
    for future in range(level.shape[0]):
        level[future] = monthly_levels(drift, stated, keys, future, level.shape[1])


@entry
def fill_probabilities(
    layers: Records,
    effects: Records,
    readiness: Records,
    engagement: Records,
    level: Floats,
    keys: StreamKeys,
    p: Floats,
    contact: Floats,
) -> None:
    """Fill ``p``, (months, layers, threats), and ``contact``, (months, regions, threats)."""
    for month in range(level.shape[0]):
        p[month] = layer_probabilities(layers, effects, readiness, level[month], 0, Moment(keys, 0, month))
    contact[:] = contact_probabilities(engagement, level, contact.shape[1])


def levels(stated: list[float], futures: int = FUTURES) -> Floats:
    """Levels of two layers, (futures, months, 2); ``stated`` applies to the second layer."""
    level = np.empty((futures, MONTHS, 2))
    table = np.full((2, MONTHS), np.nan)
    table[1, : len(stated)] = stated
    drift, rows = records("drift", 2, sd=SD, memory=MEMORY), records("levels", 2 * MONTHS, level=table.ravel())
    fill_levels(drift, rows, streams(151, 2), level)
    return level


def test_the_level_is_stationary_with_the_stated_memory() -> None:
    """In every month the mean is 0 and the standard deviation ``sd``; the correlation at lag n is k^n."""
    level = levels([])[:, :, 0]
    error = 1 / sqrt(FUTURES)
    assert abs(level.mean(axis=0)).max() < 4.5 * error * SD
    assert abs(level.std(axis=0) / SD - 1).max() < 4.5 * error / sqrt(2)
    correlation = np.asarray(np.corrcoef(level.T))
    for lag in range(1, MONTHS):
        exact = KEEP**lag
        assert abs(np.diagonal(correlation, lag) - exact).max() < 4.5 * (1 - exact * exact) * error


def test_layers_and_futures_are_independent() -> None:
    """Two layers have independent levels, and the level of one future says nothing of the next."""
    level = levels([])
    for pair in (level[:, 0, :], np.stack([level[1:, 0, 0], level[:-1, 0, 0]], axis=1)):
        assert abs(np.asarray(np.corrcoef(pair.T))[0, 1]) < 4.5 / sqrt(FUTURES)


def test_the_level_continues_from_the_last_stated_one() -> None:
    """Stated levels are exact; n months later the mean is k^n times the last, the variance sd^2 (1 - k^2n)."""
    level = levels([-0.3, 0.7])
    assert (level[:, :2, 1] == [-0.3, 0.7]).all()
    for lag in range(1, MONTHS - 1):
        after, sd = level[:, 1 + lag, 1], SD * sqrt(1 - KEEP ** (2 * lag))
        assert abs(after.mean() - 0.7 * KEEP**lag) < 4.5 * sd / sqrt(FUTURES)
        assert abs(after.std() / sd - 1) < 4.5 / sqrt(2 * FUTURES)
    assert (level[:, :, 0] == levels([])[:, :, 0]).all(), "stated levels of one layer change another"


def test_probabilities_are_shifted_on_the_logit_scale() -> None:
    """logit p of every effect of a layer, and logit p_contact in all regions, rise by the level; 0 and 1 remain."""
    base, level = np.array([0.0, 0.2, 0.7, 1.0]), np.array([[0.5, -1.0], [0.0, 0.0]])
    p, contact = np.empty((2, 2, 4)), np.empty((2, 3, 4))
    layers, effects = records("layers", 2), records("effects", 8, p=np.tile(base, 2))
    engagement = records("engagement", 12, p_contact=np.repeat(base, 3))
    fill_probabilities(layers, effects, records("readiness", 2), engagement, level, streams(152, 8), p, contact)
    shifted = [[0.0, *(1 / (1 + exp(-log(q / (1 - q)) - x)) for q in (0.2, 0.7)), 1.0] for x in (0.5, -1.0)]
    assert p[0, 1] == pytest.approx(shifted[1], rel=1e-14)
    assert contact[0] == pytest.approx(np.tile(shifted[0], (3, 1)), rel=1e-14)
    assert (p[1, 1] == base).all()
    assert (contact[1] == base).all()


def test_extreme_shifts_remain_probabilities() -> None:
    """A very large shift gives a probability of 1, a very small one of 0."""
    p, contact = np.empty((2, 2, 1)), np.empty((2, 1, 1))
    layers, effects, engagement = (
        records("layers", 2),
        records("effects", 2, p=0.3),
        records("engagement", p_contact=0.3),
    )
    level = np.array([[900.0] * 2, [-900.0] * 2])
    fill_probabilities(layers, effects, records("readiness", 2), engagement, level, streams(153, 2), p, contact)
    assert (p[:, 1, 0].tolist(), contact.ravel().tolist()) == ([1.0, 0.0], [1.0, 0.0])
