"""Adaptation of threats: kill probability decays from the release of a block; the next block restores it."""

from math import exp, inf

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.raid_day import kill_probabilities
from octoplan.scenario.arrays import Floats, Records
from tests.verification.harness import records

INITIAL, FLOOR, DECAY = 0.7, 0.4, 90.0


@entry
def kill_probabilities_on_day(lethality: Records, released: Floats, day: int) -> Floats:
    return kill_probabilities(lethality, released, 1, day)


@pytest.mark.parametrize("day", [0, 42, 43, 84, 700])
def test_decay_and_release(day: int) -> None:
    """p(t) = p_floor + (p_0 - p_floor) exp(-(t - release) / tau); 0 for a block that is not yet released."""
    released = np.array([[0.0, 42.0, 84.0], [0.0, inf, inf]])
    lethality = records("lethality", 2, p_kill=[INITIAL, 0.5], p_floor=[FLOOR, 0.5], decay=DECAY)
    p = kill_probabilities_on_day(lethality, released, day)[:, 0]
    for b, release in enumerate((0, 42, 84)):
        exact = FLOOR + (INITIAL - FLOOR) * exp(-(day - release) / DECAY) if day >= release else 0.0
        assert p[b] == pytest.approx(exact, rel=1e-14, abs=0)
    assert p[3:].tolist() == [0.5, 0.0, 0.0]
