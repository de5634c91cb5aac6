"""Exponential windows: abandonment in the M/M/c+M queue (Erlang A)."""

from math import factorial

import pytest

from tests.verification.harness import assert_mean, lost_shares

RATE, CREWS, IMPATIENCE = 4.0, 5, 0.5


def erlang_a(rate: float, servers: int, impatience: float) -> float:
    """Share of arrivals that abandon the queue: impatience x mean queue / rate, from the birth-death chain."""
    weight = [rate**n / factorial(n) for n in range(servers + 1)]
    for n in range(servers + 1, servers + 200):
        weight.append(weight[-1] * rate / (servers + (n - servers) * impatience))
    queue_length_weight = sum((n - servers) * w for n, w in enumerate(weight) if n > servers)
    return impatience * queue_length_weight / sum(weight) / rate


def test_erlang_a() -> None:
    """With arrival rate 4, 5 crews and impatience rate 0.5, a share of 0.07796868 leaves before an engagement."""
    exact = erlang_a(RATE, CREWS, IMPATIENCE)
    assert exact == pytest.approx(0.07796868, abs=5e-9)
    assert_mean(lost_shares(41, 100, CREWS, RATE, window=1.0 / IMPATIENCE, cv=1.0)[:, 0], exact)
