"""Windows of fixed length: loss in the M/M/c+D queue (Barrer 1957)."""

from math import exp, factorial

import pytest

from tests.verification.harness import assert_mean, lost_shares

RATE, CREWS, WINDOW = 10.0, 10, 0.5


def fixed_window(rate: float, servers: int, window: float) -> float:
    """Share of arrivals lost, with service rate 1.

    The virtual wait has density rate P(c - 1) exp((rate - c) v) up to the window, and drains at rate c beyond it.
    """
    free = [rate**n / factorial(n) for n in range(servers)]
    slope = rate - servers
    within = rate * free[-1] * (window if slope == 0.0 else (exp(slope * window) - 1.0) / slope)
    beyond = rate * free[-1] * exp(slope * window) / servers
    return beyond / (sum(free) + within + beyond)


def test_fixed_window() -> None:
    """With arrival rate 10, 10 crews and windows of half a mean engagement, a share of 0.10351736 is lost."""
    exact = fixed_window(RATE, CREWS, WINDOW)
    assert exact == pytest.approx(0.10351736, abs=5e-9)
    assert_mean(lost_shares(51, 100, CREWS, RATE, window=WINDOW)[:, 0], exact)
