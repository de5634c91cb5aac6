"""Shoot-look-shoot if a crew is always free."""

from math import exp

import pytest

from tests.verification.harness import assert_mean, lost_shares


def test_leak_probability_with_free_crews() -> None:
    """A threat leaks with probability (1 - p) exp(-p W / m): no shot that starts within the window kills it.

    For p = 0.6, a window of 30 minutes and a mean engagement of 6 minutes the probability is 0.01991483.
    """
    p, window, engagement = 0.6, 30.0, 6.0
    exact = (1.0 - p) * exp(-p * window / engagement)
    assert exact == pytest.approx(0.01991483, abs=5e-9)
    unlimited = 1 << 30
    assert_mean(
        lost_shares(61, 80, 400, 2.0, window=window / engagement, p_contact=p, max_shots=unlimited)[:, 0], exact
    )
