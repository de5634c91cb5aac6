"""Crews (model.md section 4): training, attrition, kits, and who can fly where tonight."""

import numpy as np

from octoplan.campaign.compiled import kernel, leaf, structure
from octoplan.campaign.money import Books, pay
from octoplan.campaign.sharing import share_out
from octoplan.campaign.streams import (
    COURSE,
    CREW_ATTRITION,
    DUTY,
    KIT_ATTRITION,
    WEATHER,
    Key,
    binomial,
    stream,
    uniform,
)
from octoplan.campaign.tally import CREWS, KITS, TRAINING
from octoplan.scenario.arrays import Floats, Ints, Keys, Records


@structure
class Corps:
    """Crews and kits of the country.

    trained, kits
        (1,) crews and kits in service.
    graduates, arriving
        (days,) crews that finish their course on the day, kits that arrive on it.
    grounded
        (regions,) 1 while the weather of the region allows no flight.
    """

    trained: Ints
    kits: Ints
    graduates: Ints
    arriving: Ints
    grounded: Ints


@kernel
def muster(crews: int, kits: int, days: int, regions: int) -> Corps:
    """The corps on the first day, with its initial crews and kits."""
    return Corps(
        np.full(1, crews),
        np.full(1, kits),
        np.zeros(days, np.int64),
        np.zeros(days, np.int64),
        np.zeros(regions, np.int64),
    )


@kernel
def enlist(
    crews: Records, kits: Records, keys: Keys, corps: Corps, begun: int, ordered: int, future: int, day: int
) -> None:
    """The month's intake begins its course, the month's kits are ordered.

    An intake of n finishes after the course as a binomial of n and 1 - washout.
    """
    days = corps.graduates.shape[0]
    done = day + int(crews[0].course + 0.5)
    if done < days:
        corps.graduates[done] += binomial(stream(keys, COURSE, 0), future, day, 0, begun, 1.0 - crews[0].washout)
    due = day + int(kits[0].lead + 0.5)
    if due < days:
        corps.arriving[due] += ordered


@kernel
def serve(crews: Records, kits: Records, keys: Keys, corps: Corps, future: int, day: int) -> None:
    """One day of crews and kits: graduates and arrivals come in, attrition takes its share."""
    corps.trained[0] += corps.graduates[day]
    corps.trained[0] -= leavers(stream(keys, CREW_ATTRITION, 0), future, day, corps.trained[0], crews[0].attrition)
    corps.kits[0] += corps.arriving[day]
    corps.kits[0] -= leavers(stream(keys, KIT_ATTRITION, 0), future, day, corps.kits[0], kits[0].attrition)


@kernel
def pay_corps(crews: Records, kits: Records, books: Books, row: int, trained: int, begun: int, ordered: int) -> None:
    """Pay the day's crews, and the courses begun and kits ordered today."""
    own, kit = crews[0], kits[0]
    pay(books, row, CREWS, own.payer, own.cost_currency, trained * own.cost)
    pay(books, row, TRAINING, own.payer, own.course_cost_currency, begun * own.course_cost)
    pay(books, row, KITS, kit.payer, kit.price_currency, ordered * kit.price)


@leaf
def leavers(key: Key, future: int, day: int, count: int, rate: float) -> int:
    """How many of a count leave on a day at an attrition rate a day."""
    return binomial(key, future, day, 0, count, min(1.0, rate))


@leaf
def weather(regions: Records, keys: Keys, winter: float, grounded: Ints, future: int, day: int) -> None:
    """Tonight's flying weather, into ``grounded`` (regions,): a two-state Markov chain with the season's share."""
    for r in range(grounded.shape[0]):
        own = regions[r]
        share = winter * own.grounded_winter + (1.0 - winter) * own.grounded_summer
        u = uniform(stream(keys, WEATHER, r), future, day, 0)
        leave = min(1.0, 1.0 / own.spell)
        if day == 0 or share >= 1.0:
            grounded[r] = 1 if u < share else 0
        elif grounded[r] == 1:
            grounded[r] = 0 if u < leave else 1
        else:
            grounded[r] = 1 if u < share / (1.0 - share) * leave else 0


@kernel
def fit_tonight(keys: Keys, corps: Corps, weight: Floats, on_duty: float, future: int, day: int, fit: Ints) -> None:
    """Crews able to fly in each region, into ``fit`` (regions,): equipped, shared out, on duty, in flying weather."""
    share_out(min(corps.trained[0], corps.kits[0]), weight, fit)
    for r in range(fit.shape[0]):
        if corps.grounded[r] == 1:
            fit[r] = 0
        elif fit[r] > 0:
            fit[r] = binomial(stream(keys, DUTY, r), future, day, 0, fit[r], on_duty)
