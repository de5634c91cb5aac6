"""Simulation of one future from the first day to the last."""

import numpy as np

from octoplan.campaign.arrivals import LARGEST_RAID, package_counts
from octoplan.campaign.day import advance
from octoplan.campaign.future_state import (
    Model,
    branch_of,
    constants_of_future,
    initial_state,
)
from octoplan.campaign.money import exchange_rates
from octoplan.campaign.production import release_days
from octoplan.campaign.raid_day import simulate_raids
from octoplan.campaign.raid_types import raid_types
from octoplan.campaign.separate import entry_with
from octoplan.campaign.streams import Moment
from octoplan.campaign.tally import Tally
from octoplan.scenario.arrays import ArrivalProcess, DecisionArrays, EntityRecords, Ints, Links, StreamKeys

COMPLETED, TOO_MANY, UNBALANCED, NOT_A_NUMBER, HALTED = range(5)
FAILURE_REASONS = {
    TOO_MANY: f"a day has more than {LARGEST_RAID} threats of one package",
    UNBALANCED: "the unit accounts do not balance",
    NOT_A_NUMBER: "a result is not a finite number",
    HALTED: "it was cancelled",
}
"""Reasons for failure, by status of the future."""


@entry_with(simulate_raids, raid_types)
def simulate_future(
    entities: EntityRecords, arrivals: ArrivalProcess, links: Links, plan: DecisionArrays, keys: StreamKeys,
    tally: Tally, counterfactual: Tally, compared: bool, future: int, halt: Ints,
) -> int:  # fmt: skip
    """Simulate one future and fill its tally; return ``COMPLETED`` or a key of ``FAILURE_REASONS``.

    entities, links, plan, tally
        Structures with the fields of their named tuples (``future_state.EntityReference`` and others).
    counterfactual
        Tally of the same future without the programme: the same raids, weather, crews, exchange rates and other makers,
        but no unit of the programme. Filled if ``compared`` is True.
    halt
        (1,) the simulation stops before the next day if another thread sets it to a value other than 0.
    """
    days = links.month_of.shape[0]
    count = package_counts(arrivals, future, days)
    for day in range(days):
        for package in range(count.shape[1]):
            if count[day, package] > LARGEST_RAID:
                return TOO_MANY
    released = release_days(entities.designs, keys, future, days)
    rates = exchange_rates(entities.currencies, keys, future, days)
    constants = constants_of_future(entities, links, plan, keys, future, released, rates)
    model = Model(entities, arrivals, links, plan, keys, constants)
    state = initial_state(entities, links, plan, keys, released, future)
    counterfactual_state = initial_state(entities, links, plan, keys, released, future) if compared else state
    branch = branch_of(state, tally, plan.in_programme.sum() > 0)
    counterfactual_branch = branch_of(counterfactual_state, counterfactual, False)
    for p in range(entities.plants.shape[0]):
        tally.opened[p] = state.plants.opens[p]
    for day in range(days):
        if halt[0] != 0:
            return HALTED
        advance(model, branch, counterfactual_branch, compared, count[day], Moment(keys, future, day))
    if tally.imbalance[0] != 0:
        return UNBALANCED
    if not np.isfinite(
        tally.spend.sum() + tally.damage.sum() + counterfactual.spend.sum() + counterfactual.damage.sum()
    ):
        return NOT_A_NUMBER
    return COMPLETED
