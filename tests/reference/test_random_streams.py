"""Random numbers of the reference implementation, compared with numpy and the standard library."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import random_streams

WORDS = st.integers(0, 2**64 - 1)


@given(key=st.tuples(WORDS, WORDS), counter=st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_philox_equals_numpy(key: tuple[int, int], counter: random_streams.Block) -> None:
    """Blocks equal the first output of numpy's Philox, which increments its counter before use."""
    before = (sum(word << 64 * position for position, word in enumerate(counter)) - 1) % 2**256
    numpy_philox = np.random.Philox(
        counter=np.array([before >> 64 * position & 2**64 - 1 for position in range(4)], np.uint64),
        key=np.array(key, np.uint64),
    )
    assert tuple(numpy_philox.random_raw(4).tolist()) == random_streams.philox(key, counter)


@given(st.floats(1e-300, 1e300))
def test_logarithm(x: float) -> None:
    """The series equals the logarithm of the standard library."""
    assert random_streams.log(x) == pytest.approx(math.log(x), rel=2e-15, abs=1e-300)


@given(st.floats(-700.0, 700.0))
def test_exponential(x: float) -> None:
    """The series equals the exponential of the standard library."""
    assert random_streams.exp(x) == pytest.approx(math.exp(x), rel=2e-15)


@given(st.floats(1e-12, 1.0 - 1e-12))
def test_normal_quantile(u: float) -> None:
    """The quantile equals that of the standard library."""
    assert random_streams.normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14, abs=1e-15)
