"""M/M/c/c queue, with windows of length 0: the Erlang loss formula (Erlang B)."""

import pytest

from tests.verification.harness import assert_mean, lost_shares


def erlang_b(servers: int, load: float) -> float:
    """Probability that all servers are busy, by the recursion B(c) = a B(c - 1) / (c + a B(c - 1))."""
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    return blocked


def test_erlang_b() -> None:
    """Twenty crews with an offered load of 15 Erlang do not engage a share of 0.04559322 of the threats."""
    exact = erlang_b(20, 15.0)
    assert exact == pytest.approx(0.04559322, abs=5e-9)
    assert_mean(lost_shares(21, 120, 20, 15, window=0.0)[:, 0], exact)
