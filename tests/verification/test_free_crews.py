"""Shoot-look-shoot with a crew always free."""

from math import exp

import pytest

from tests.verification.harness import assert_mean, losses


def test_leak_of_a_window_with_free_crews() -> None:
    """A threat passes with (1 - p) exp(-p W / m): the first shot misses, and no later one within the window kills.

    At p 0.6, window 30 minutes and engagements of mean 6 minutes, 0.01991483.
    """
    p, window, engagement = 0.6, 30.0, 6.0
    exact = (1.0 - p) * exp(-p * window / engagement)
    assert exact == pytest.approx(0.01991483, abs=5e-9)
    unlimited = 1 << 30
    assert_mean(losses(61, 80, 400, 2.0, window=window / engagement, p_contact=p, max_shots=unlimited)[:, 0], exact)
