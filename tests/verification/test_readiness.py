"""Readiness: levels of the layers rise with the logarithm of the number of threats of the day, up to a full alert."""

from math import log

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.defence_layers import layer_probabilities
from octoplan.campaign.layer_levels import readiness_shift
from octoplan.campaign.streams import Moment
from octoplan.scenario.arrays import Floats, Ints, Records, StreamKeys
from tests.verification.harness import records, streams

SLOPE, REFERENCE, FULL = 0.8, 150.0, 400.0
P = 0.4
LEVEL = np.array([0.0, 0.3])


@entry
def fill_shifts(
    layers: Records, effects: Records, readiness: Records, level: Floats, threats: Ints, keys: StreamKeys,
    crews: Floats, p: Floats,
) -> None:  # fmt: skip
    """Fill the shift of the crews on duty, (days,), and the probability with which layer 1 stops a threat, (days,)."""
    for day in range(threats.shape[0]):
        crews[day] = readiness_shift(readiness, 0, threats[day])
        p[day] = layer_probabilities(layers, effects, readiness, level, threats[day], Moment(keys, 0, day))[1, 0]


def shifts(threats: list[int], **fields: object) -> tuple[Floats, Floats]:
    """Shifts of the crews on duty, (days,), and of a layer with a level, (days,), from its logits."""
    crews, p = np.empty(len(threats)), np.empty(len(threats))
    fill_shifts(
        records("layers", 2), records("effects", 2, p=P), records("readiness", 2, **fields), LEVEL, np.array(threats),
        streams(172, 2), crews, p,
    )  # fmt: skip
    return crews, np.log(p / (1 - p)) - log(P / (1 - P))


def test_the_shift_is_the_slope_times_the_log_of_the_relative_size() -> None:
    """The shift is slope log(min(n, full) / reference), 0 at the reference; a layer's level is added."""
    threats = [1, 30, 150, 399, 400, 401, 3000]
    crews, layer = shifts(threats, slope=SLOPE, reference=REFERENCE, full=FULL)
    exact = [SLOPE * log(min(n, FULL) / REFERENCE) for n in threats]
    assert crews == pytest.approx(exact, rel=1e-14, abs=1e-15)
    assert layer == pytest.approx([shift + LEVEL[1] for shift in exact], rel=1e-12)
    assert crews[2] == 0.0
    assert crews[4] == crews[5] == crews[6]


def test_no_threats_count_as_one_and_a_full_alert_needs_one() -> None:
    """A day without threats has the shift of one threat, and ``full`` below 1 counts as 1."""
    crews, _ = shifts([0, 1, 9], slope=SLOPE, reference=REFERENCE, full=0.2)
    assert crews == pytest.approx(np.full(3, -SLOPE * log(REFERENCE)), rel=1e-14)


def test_the_slopes_of_layers_are_their_own() -> None:
    """Each layer has its own slope; without rows (0) the shift is 0 and the level remains."""
    crews, layer = shifts([40, 600], slope=[0.0, SLOPE], reference=[0.0, REFERENCE], full=[0.0, FULL])
    assert crews.tolist() == [0.0, 0.0]
    assert layer[1] == pytest.approx(LEVEL[1] + SLOPE * log(FULL / REFERENCE), rel=1e-12)
    _, layer = shifts([40, 600], slope=[SLOPE, 0.0], reference=[REFERENCE, 0.0], full=[FULL, 0.0])
    assert layer == pytest.approx([LEVEL[1]] * 2, rel=1e-12)
