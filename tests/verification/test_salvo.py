"""Simultaneous threats and interceptors: the salvo equations, and n shots allocated evenly to m threats."""

import numpy as np

from tests.verification.harness import assert_mean, raids

P_CONTACT, P_KILL = 0.75, 0.8
P = P_CONTACT * P_KILL
RAIDS = 120_000


def test_salvo_equations() -> None:
    """If n of m threats meet one interceptor each, survivors have mean m - n p, variance n p (1 - p) (Hughes 1995)."""
    m, n = 10, 6
    survivors, sorties = raids(71, 3 * RAIDS, [0] * m, [1], crews=n, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == n).all()
    assert_mean(survivors, m - n * P)
    assert_mean((survivors - (m - n * P)) ** 2.0, n * P * (1 - P))


def test_a_stock_of_n_interceptors_has_the_effect_of_n_crews() -> None:
    """With crews for all m threats and interceptors for n of them, the salvo equations hold as well."""
    m, n = 10, 6
    survivors, sorties = raids(72, RAIDS, [0] * m, [1], crews=m, units=n, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == n).all()
    assert_mean(survivors, m - n * P)


def test_urn_allocation() -> None:
    """After n shots spread evenly over m threats, m (1 - p)^(n/m) survive on average."""
    m, shots = 8, 3
    survivors, sorties = raids(73, 2 * RAIDS, [0] * m, [shots], crews=m, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == m * shots).all()
    assert_mean(survivors, m * (1 - P) ** shots)


def test_urn_allocation_with_remainder() -> None:
    """With s shots at each of m threats and one more at r, r (1 - p)^(s + 1) + (m - r) (1 - p)^s survive."""
    m, s, r = 8, 1, 3
    classes = [1] * r + [0] * (m - r)
    survivors, sorties = raids(74, RAIDS, classes, [s, s + 1], crews=m, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == m * s + r).all()
    assert_mean(survivors, r * (1 - P) ** (s + 1) + (m - r) * (1 - P) ** s)


def test_a_stock_that_is_exhausted_within_a_salvo() -> None:
    """With 7 interceptors and salvos of two, the fourth threat meets one interceptor and the fifth none."""
    survivors, sorties = raids(75, RAIDS, [0] * 5, [2], crews=5, units=7, p_contact=P_CONTACT, p_kill=P_KILL)
    assert np.unique(sorties).tolist() == [7]
    assert_mean(survivors, 3 * (1 - P) ** 2 + (1 - P) + 1)
