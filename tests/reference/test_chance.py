"""The reference's own random numbers, held to numpy's generator and to the standard library."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import chance

WORDS = st.integers(0, 2**64 - 1)


@given(key=st.tuples(WORDS, WORDS), counter=st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_philox_is_numpys(key: tuple[int, int], counter: chance.Block) -> None:
    """Every block is what numpy's Philox yields first; numpy moves its counter on before use."""
    before = (sum(word << 64 * place for place, word in enumerate(counter)) - 1) % 2**256
    numpys = np.random.Philox(
        counter=np.array([before >> 64 * place & 2**64 - 1 for place in range(4)], np.uint64),
        key=np.array(key, np.uint64),
    )
    assert tuple(numpys.random_raw(4).tolist()) == chance.philox(key, counter)


@given(st.floats(1e-300, 1e300))
def test_logarithm(x: float) -> None:
    """The documented series is the logarithm."""
    assert chance.log(x) == pytest.approx(math.log(x), rel=2e-15, abs=1e-300)


@given(st.floats(-700.0, 700.0))
def test_exponential(x: float) -> None:
    """The documented series is the exponential."""
    assert chance.exp(x) == pytest.approx(math.exp(x), rel=2e-15)


@given(st.floats(1e-12, 1.0 - 1e-12))
def test_normal_quantile(u: float) -> None:
    """Wichura's algorithm as the standard library has it."""
    assert chance.normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14, abs=1e-15)
