"""M/M/c queue, with infinite windows (Erlang C). Waits are measured by probes without service time (PASTA)."""

from math import exp, inf

import pytest

from tests.verification.harness import assert_mean, lost_shares
from tests.verification.test_erlang_b import erlang_b

CREWS, LOAD, PROBES = 10, 8.0, 0.2
RATE = LOAD / (1.0 - PROBES)
DRAIN_RATE = CREWS - LOAD
"""Rate c mu - lambda at which the queue becomes shorter while all crews are busy."""


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting: B / (1 - a/c (1 - B))."""
    blocked = erlang_b(servers, load)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def test_no_threat_is_lost() -> None:
    """With infinite windows every threat is engaged."""
    assert (lost_shares(31, 2, CREWS, RATE, window=inf)[:, 0] == 0.0).all()


def test_erlang_c() -> None:
    """Ten crews with an offered load of 8 Erlang are all busy at a share of 0.40918015 of the arrivals."""
    exact = erlang_c(CREWS, LOAD)
    assert exact == pytest.approx(0.40918015, abs=5e-9)
    assert_mean(lost_shares(32, 80, CREWS, RATE, window=inf, probes=PROBES)[:, 1], exact)


def test_mean_wait() -> None:
    """P(W > t) is C exp(-d t) with d = c mu - lambda; hence E min(W, 3) is C (1 - exp(-3 d)) / d.

    A probe with a window uniform on (0, 3) is lost with probability E min(W, 3) / 3.
    """
    longest = 3.0
    mean = erlang_c(CREWS, LOAD) * (1.0 - exp(-DRAIN_RATE * longest)) / DRAIN_RATE
    lost = lost_shares(33, 460, CREWS, RATE, window=inf, probes=PROBES, probe_window=longest)[:, 1]
    assert_mean(lost * longest, mean)
