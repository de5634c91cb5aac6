"""Booking of costs by payer and currency, and exchange rates."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log
from octoplan.campaign.compiled import kernel
from octoplan.campaign.streams import EXCHANGE, key_of, normal
from octoplan.campaign.structures import structure
from octoplan.campaign.tally import BIAS
from octoplan.scenario.arrays import Floats, Records, StreamKeys


@structure
class Ledger:
    """Ledger to which the costs of one day are booked.

    spend, spend_local, plant_spend
        Tallies of the same names, updated in place.
    rate
        (currencies,) value of one unit of each currency in the reporting currency.
    bias
        Optimism bias, as a share of each cost of a plant.
    row
        Row of the tallies.
    """

    spend: Floats
    spend_local: Floats
    plant_spend: Floats
    rate: Floats
    bias: float
    row: int


@kernel
def pay(ledger: Ledger, cost: int, payer: int, currency: int, amount: float) -> None:
    """Book an amount in its currency, and its value in the reporting currency at the day's exchange rate.

    cost
        Row of ``tally.COSTS``.
    """
    ledger.spend[ledger.row, cost, payer] += amount * ledger.rate[currency]
    ledger.spend_local[ledger.row, payer, currency] += amount


@kernel
def pay_plant(ledger: Ledger, plant: int, cost: int, payer: int, currency: int, amount: float) -> None:
    """Book a cost of a plant, and the optimism bias on it under a separate cost category."""
    pay(ledger, cost, payer, currency, amount)
    pay(ledger, BIAS, payer, currency, amount * ledger.bias)
    ledger.plant_spend[ledger.row, plant, cost] += amount * ledger.rate[currency]
    ledger.plant_spend[ledger.row, plant, BIAS] += amount * ledger.bias * ledger.rate[currency]


@kernel
def exchange_rates(currencies: Records, keys: StreamKeys, future: int, days: int) -> Floats:
    """Simulate exchange rates: value of one unit of each currency in the reporting currency, (days, currencies).

    Each rate is a geometric Brownian motion around the forward rate,
    rate exp((drift - volatility^2 / 2) t + volatility W(t)), with t in years.
    """
    rates = np.ones((days, currencies.shape[0]))
    step = 1.0 / 365.25
    for c in range(currencies.shape[0]):
        currency = currencies[c]
        if currency.rate <= 0.0:
            continue
        key = key_of(keys, EXCHANGE, c)
        level = log(currency.rate)
        for day in range(days):
            rates[day, c] = exp(level)
            noise = currency.volatility * np.sqrt(step) * normal(key, future, day, 0)
            level += (currency.drift - 0.5 * currency.volatility * currency.volatility) * step + noise
    return rates
