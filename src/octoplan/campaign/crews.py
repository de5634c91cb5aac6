"""Crews and kits: training, attrition, and the number of crews available in each region each night."""

import numpy as np

from octoplan.campaign.apportionment import apportion
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.money import Ledger, pay
from octoplan.campaign.streams import (
    COURSE,
    CREW_ATTRITION,
    DUTY,
    KIT_ATTRITION,
    WEATHER,
    Key,
    Moment,
    binomial,
    key_of,
    uniform,
)
from octoplan.campaign.structures import structure
from octoplan.campaign.tally import CREWS, KITS, TRAINING
from octoplan.scenario.arrays import Floats, Ints, Records


@structure
class CrewState:
    """State of the crews and kits in the defended country.

    trained, kits
        (1,) crews and kits in service; arrays, so that kernels can update them.
    graduates, arriving
        (days,) crews that finish their course, and kits that arrive, by day.
    grounded
        (regions,) 1 if weather prevents launches in the region.
    """

    trained: Ints
    kits: Ints
    graduates: Ints
    arriving: Ints
    grounded: Ints


@kernel
def initial_crews(crews: int, kits: int, days: int, regions: int) -> CrewState:
    """Return the state of crews and kits on the first day."""
    return CrewState(
        np.full(1, crews),
        np.full(1, kits),
        np.zeros(days, np.int64),
        np.zeros(days, np.int64),
        np.zeros(regions, np.int64),
    )


@kernel
def start_training(
    crews: Records, kits: Records, state: CrewState, moment: Moment, intake: int, kit_order: int
) -> None:
    """Start the training of the month's crew intake and order the month's kits.

    The number of crews that finish the course is binomial with probability 1 - washout.
    """
    days = state.graduates.shape[0]
    graduation = moment.day + int(crews[0].course + 0.5)
    if graduation < days:
        key = key_of(moment.keys, COURSE, 0)
        finishing = binomial(key, moment.future, moment.day, 0, intake, 1.0 - crews[0].washout)
        state.graduates[graduation] += finishing
    arrival = moment.day + int(kits[0].lead + 0.5)
    if arrival < days:
        state.arriving[arrival] += kit_order


@kernel
def advance_crews(crews: Records, kits: Records, state: CrewState, moment: Moment) -> None:
    """Advance crews and kits by one day: add graduates and deliveries, subtract attrition."""
    state.trained[0] += state.graduates[moment.day]
    key = key_of(moment.keys, CREW_ATTRITION, 0)
    state.trained[0] -= attrition_losses(key, moment, state.trained[0], crews[0].attrition)
    state.kits[0] += state.arriving[moment.day]
    key = key_of(moment.keys, KIT_ATTRITION, 0)
    state.kits[0] -= attrition_losses(key, moment, state.kits[0], kits[0].attrition)


@kernel
def pay_crews(crews: Records, kits: Records, ledger: Ledger, trained: int, intake: int, kit_order: int) -> None:
    """Book the daily cost of crews, and the cost of courses started and kits ordered on the day."""
    crew, kit = crews[0], kits[0]
    pay(ledger, CREWS, crew.payer, crew.cost_currency, trained * crew.cost)
    pay(ledger, TRAINING, crew.payer, crew.course_cost_currency, intake * crew.course_cost)
    pay(ledger, KITS, kit.payer, kit.price_currency, kit_order * kit.price)


@leaf
def attrition_losses(key: Key, moment: Moment, count: int, rate: float) -> int:
    """Draw the losses of one day from ``count`` crews or kits: binomial with the daily attrition ``rate``."""
    return binomial(key, moment.future, moment.day, 0, count, min(1.0, rate))


@leaf
def draw_weather(regions: Records, moment: Moment, winter: float, grounded: Ints) -> None:
    """Draw whether weather prevents launches in each region on one night, into ``grounded`` (regions,).

    The weather is a two-state Markov chain. The stationary share s of grounded nights is the seasonally weighted mean
    of the winter and summer shares. A grounded spell of mean length L ends with probability 1 / L and begins with
    probability s / (1 - s) / L.

    winter
        Weight of winter, 0 to 1.
    """
    for r in range(grounded.shape[0]):
        region = regions[r]
        share = winter * region.grounded_winter + (1.0 - winter) * region.grounded_summer
        u = uniform(key_of(moment.keys, WEATHER, r), moment.future, moment.day, 0)
        leave = min(1.0, 1.0 / region.spell)
        if moment.day == 0 or share >= 1.0:
            grounded[r] = 1 if u < share else 0
        elif grounded[r] == 1:
            grounded[r] = 0 if u < leave else 1
        else:
            grounded[r] = 1 if u < share / (1.0 - share) * leave else 0


@kernel
def available_crews(state: CrewState, weight: Floats, on_duty: float, moment: Moment) -> Ints:
    """Number of crews available in each region on one night, (regions,).

    Trained crews with a kit are apportioned to regions by weight. In each region a binomial number is on duty, with
    probability ``on_duty``, or none if weather prevents launches.

    weight
        (regions,) weights from the plan.
    """
    crews = np.empty(weight.shape[0], np.int64)
    apportion(min(state.trained[0], state.kits[0]), weight, crews)
    for r in range(crews.shape[0]):
        if state.grounded[r] == 1:
            crews[r] = 0
        elif crews[r] > 0:
            crews[r] = binomial(key_of(moment.keys, DUTY, r), moment.future, moment.day, 0, crews[r], on_duty)
    return crews
