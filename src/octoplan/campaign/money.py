"""Money (model.md section 5): every cost has a payer and a currency and is counted in both."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log
from octoplan.campaign.compiled import kernel, structure
from octoplan.campaign.streams import EXCHANGE, normal, stream
from octoplan.campaign.tally import BIAS
from octoplan.scenario.arrays import Floats, Keys, Records


@structure
class Books:
    """Where costs are booked: the tallies ``spend``, ``spend_local`` and ``plant_spend``, and today's exchange rates.

    bias
        the optimism bias booked on each cost of a plant.
    """

    spend: Floats
    spend_local: Floats
    plant_spend: Floats
    rate: Floats
    bias: float


@kernel
def pay(books: Books, row: int, cost: int, payer: int, currency: int, amount: float) -> None:
    """Book an amount of a currency, and its worth in the reporting currency at the day's rate."""
    books.spend[row, cost, payer] += amount * books.rate[currency]
    books.spend_local[row, payer, currency] += amount


@kernel
def pay_plant(books: Books, row: int, plant: int, cost: int, payer: int, currency: int, amount: float) -> None:
    """Book a cost of a plant, and the optimism bias on it as a cost of its own."""
    pay(books, row, cost, payer, currency, amount)
    pay(books, row, BIAS, payer, currency, amount * books.bias)
    books.plant_spend[row, plant, cost] += amount * books.rate[currency]
    books.plant_spend[row, plant, BIAS] += amount * books.bias * books.rate[currency]


@kernel
def exchange(currencies: Records, keys: Keys, future: int, days: int) -> Floats:
    """Price of each currency in the reporting currency on each day, shape (days, currencies).

    Geometric Brownian motion around the forward: rate exp((drift - volatility^2 / 2) t + volatility W(t)), t in years.
    """
    rates = np.ones((days, currencies.shape[0]))
    step = 1.0 / 365.25
    for c in range(currencies.shape[0]):
        own = currencies[c]
        if own.rate <= 0.0:
            continue
        key = stream(keys, EXCHANGE, c)
        level = log(own.rate)
        for day in range(days):
            rates[day, c] = exp(level)
            noise = own.volatility * np.sqrt(step) * normal(key, future, day, 0)
            level += (own.drift - 0.5 * own.volatility * own.volatility) * step + noise
    return rates
