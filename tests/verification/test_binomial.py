"""Unlimited crews and one shot per threat: the number of survivors is binomial."""

import numpy as np
from scipy.stats import binom, chisquare

from tests.verification.harness import assert_mean, raids

THREATS, P_CONTACT, P_KILL, SEED = 12, 0.6, 0.5, 11
P = P_CONTACT * P_KILL


def test_survivors_are_binomial() -> None:
    """Each of n threats is killed independently with probability p, so that survivors are Binomial(n, 1 - p)."""
    survivors, sorties = raids(SEED, 200_000, [0] * THREATS, [1], crews=1000, p_contact=P_CONTACT, p_kill=P_KILL)
    assert (sorties == THREATS).all()
    expected = THREATS * (1 - P)
    assert_mean(survivors, expected)
    assert_mean((survivors - expected) ** 2.0, THREATS * P * (1 - P))
    observed = np.bincount(survivors, minlength=THREATS + 1)
    expected_counts = len(survivors) * binom.pmf(np.arange(THREATS + 1), THREATS, 1 - P)
    tail = 4  # rare: counts of fewer survivors are pooled
    assert expected_counts[:tail].sum() > 5
    pooled = chisquare(
        np.append(observed[tail:], observed[:tail].sum()),
        np.append(expected_counts[tail:], expected_counts[:tail].sum()),
    )
    assert pooled.pvalue > 0.001
