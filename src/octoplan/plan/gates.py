"""When gates are passed and plants open: the critical path of ``campaign.production.gate_days``, over all futures."""

import numpy as np

from octoplan.plan.curves import Pilot
from octoplan.plan.twostage import Floats


def passed(pilot: Pilot) -> Floats:
    """(futures, gates) day on which each gate is passed: its duration after the last of those it waits for."""
    after = pilot.compiled.links.gate_after == 1
    durations = pilot.number("gates", "duration")
    found = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        found = np.where(after, found[:, None, :], 0.0).max(2, initial=0.0) + durations
    return found


def opened(pilot: Pilot) -> Floats:
    """(futures, plants) day on which the last gate of each plant is passed."""
    needs = pilot.compiled.links.plant_gates == 1
    found: Floats = np.where(needs, passed(pilot)[:, None, :], 0.0).max(2, initial=0.0)
    return found
