"""Exponential windows: abandonment in the M/M/c+M queue (Erlang A)."""

from math import factorial

import pytest

from tests.verification.harness import assert_mean, losses

RATE, CREWS, IMPATIENCE = 4.0, 5, 0.5


def erlang_a(rate: float, servers: int, impatience: float) -> float:
    """Share that abandons: impatience x mean queue / rate, from the birth-death chain with service rate 1."""
    weight = [rate**n / factorial(n) for n in range(servers + 1)]
    for n in range(servers + 1, servers + 200):
        weight.append(weight[-1] * rate / (servers + (n - servers) * impatience))
    queue = sum((n - servers) * w for n, w in enumerate(weight) if n > servers)
    return impatience * queue / sum(weight) / rate


def test_erlang_a() -> None:
    """Arrivals 4, crews 5, impatience 0.5 an engagement: 0.07796868 leave before they are engaged."""
    exact = erlang_a(RATE, CREWS, IMPATIENCE)
    assert exact == pytest.approx(0.07796868, abs=5e-9)
    assert_mean(losses(41, 100, CREWS, RATE, window=1.0 / IMPATIENCE, cv=1.0)[:, 0], exact)
