"""Days on which gates are passed and plants open, by the critical path, as in ``campaign.production.gate_days``."""

import numpy as np

from octoplan.plan.response_surface import DesignRuns
from octoplan.plan.solver.two_stage import Floats
from octoplan.scenario.arrays import Links


def gate_days(durations: Floats, links: Links) -> Floats:
    """Days on which gates are passed, (futures, gates): the day of the last predecessor plus the gate's duration.

    A gate whose date is given by the state of the programme keeps that date.

    durations
        (futures, gates) days.
    """
    days = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        start = np.where(links.gate_predecessors == 1, days[:, None, :], 0.0).max(2, initial=0.0)
        days = np.clip(start + durations, links.known_state.gate_earliest, links.known_state.gate_latest)
    return days


def opening_days(runs: DesignRuns) -> Floats:
    """(futures, plants) day on which each plant passes its last gate and opens."""
    links = runs.compiled.links
    days = gate_days(runs.draws("gates", "duration"), links)
    opening: Floats = np.where(links.plant_gates == 1, days[:, None, :], 0.0).max(2, initial=0.0)
    return opening
