"""Exchange rates: geometric Brownian motion around the forward rate."""

from math import log

import numpy as np

from octoplan.campaign.compiled import entry
from octoplan.campaign.money import exchange_rates
from octoplan.scenario.arrays import Floats, Records, StreamKeys
from tests.verification.harness import assert_mean, records, streams

DAYS, RATE, DRIFT, VOLATILITY = 101, 0.8, 0.05, 0.3
YEARS = (DAYS - 1) / 365.25


@entry
def draw_rates(currencies: Records, keys: StreamKeys, days: int, out: Floats) -> None:
    """Fill ``out``, (futures, currencies), with the rates on the last day."""
    for future in range(out.shape[0]):
        out[future] = exchange_rates(currencies, keys, future, days)[days - 1]


def test_mean_and_variance_of_a_rate() -> None:
    """The mean rate is the forward rate0 exp(drift t); the log rate has mean (drift - v^2/2) t and variance v^2 t."""
    currencies = records("currencies", 2, rate=[0.0, RATE], drift=DRIFT, volatility=VOLATILITY)
    rates = np.empty((250_000, 2))
    draw_rates(currencies, streams(131, 2), DAYS, rates)
    assert (rates[:, 0] == 1.0).all()
    assert_mean(rates[:, 1], RATE * np.exp(DRIFT * YEARS))
    centre = log(RATE) + (DRIFT - 0.5 * VOLATILITY**2) * YEARS
    assert_mean(np.log(rates[:, 1]), centre)
    assert_mean((np.log(rates[:, 1]) - centre) ** 2, VOLATILITY**2 * YEARS)
