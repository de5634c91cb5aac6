"""When gates are passed and plants open: the critical path of ``campaign.production.gate_days``, over all futures."""

import numpy as np

from octoplan.plan.response_surface import Pilot
from octoplan.plan.solver.two_stage import Floats
from octoplan.scenario.arrays import Links


def passed(durations: Floats, links: Links) -> Floats:
    """Days on which gates are passed, (futures, gates): each takes its duration after the last of those it waits for.

    What is known of a gate on the date of a state takes the place of what comes before or after it.
    """
    found = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        begun = np.where(links.gate_after == 1, found[:, None, :], 0.0).max(2, initial=0.0)
        found = np.clip(begun + durations, links.known.gate_earliest, links.known.gate_latest)
    return found


def opened(pilot: Pilot) -> Floats:
    """(futures, plants) day on which the last gate of each plant is passed."""
    links = pilot.compiled.links
    days = passed(pilot.number("gates", "duration"), links)
    found: Floats = np.where(links.plant_gates == 1, days[:, None, :], 0.0).max(2, initial=0.0)
    return found
