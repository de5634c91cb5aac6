"""When gates are passed and plants open: the critical path of ``campaign.production.gate_days``, over all futures."""

import numpy as np

from octoplan.plan.curves import Pilot
from octoplan.plan.twostage import Floats, Ints


def passed(durations: Floats, after: Ints) -> Floats:
    """Days on which gates are passed, (futures, gates): each takes its duration after the last of those it waits for.

    after
        (gates, gates) 1 where the row's gate waits for the column's.
    """
    found = np.zeros_like(durations)
    for _ in range(len(after)):
        found = np.where(after == 1, found[:, None, :], 0.0).max(2, initial=0.0) + durations
    return found


def opened(pilot: Pilot) -> Floats:
    """(futures, plants) day on which the last gate of each plant is passed."""
    links = pilot.compiled.links
    days = passed(pilot.number("gates", "duration"), links.gate_after)
    found: Floats = np.where(links.plant_gates == 1, days[:, None, :], 0.0).max(2, initial=0.0)
    return found
