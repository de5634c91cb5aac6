"""Raids against simultaneous interceptors: the salvo equations, and n shots allocated evenly to m targets."""

import numpy as np

from tests.verification.harness import assert_mean, raids

P_CONTACT, P_KILL = 0.75, 0.8
P = P_CONTACT * P_KILL
RAIDS = 120_000


def test_salvo_equations() -> None:
    """n of m threats meet one interceptor each: survivors m - n p with variance n p (1 - p) (Hughes 1995)."""
    m, n = 10, 6
    survivors, sorties = raids(71, 3 * RAIDS, [0] * m, [1], crews=n, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == n).all()
    assert_mean(survivors, m - n * P)
    assert_mean((survivors - (m - n * P)) ** 2.0, n * P * (1 - P))


def test_a_stock_of_n_is_the_same_as_n_crews() -> None:
    """With crews for all but interceptors for n of m threats the salvo equations hold too."""
    m, n = 10, 6
    survivors, sorties = raids(72, RAIDS, [0] * m, [1], crews=m, units=n, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == n).all()
    assert_mean(survivors, m - n * P)


def test_urn_allocation() -> None:
    """n shots spread evenly over m targets leave m (1 - p)^(n/m)."""
    m, shots = 8, 3
    survivors, sorties = raids(73, 2 * RAIDS, [0] * m, [shots], crews=m, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == m * shots).all()
    assert_mean(survivors, m * (1 - P) ** shots)


def test_urn_allocation_with_remainder() -> None:
    """r shots beyond an even spread of s fall on r targets: r (1 - p)^(s + 1) + (m - r) (1 - p)^s are left."""
    m, s, r = 8, 1, 3
    classes = [1] * r + [0] * (m - r)
    survivors, sorties = raids(74, RAIDS, classes, [s, s + 1], crews=m, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == m * s + r).all()
    assert_mean(survivors, r * (1 - P) ** (s + 1) + (m - r) * (1 - P) ** s)


def test_a_stock_that_ends_within_a_salvo() -> None:
    """The last interceptors make a smaller salvo, and those that come after find none: 7 of 4 pairs are 2, 2, 2, 1."""
    survivors, sorties = raids(75, RAIDS, [0] * 5, [2], crews=5, units=7, p_contact=P_CONTACT, p_kill=P_KILL)
    assert np.unique(sorties).tolist() == [7]
    assert_mean(survivors, 3 * (1 - P) ** 2 + (1 - P) + 1)
