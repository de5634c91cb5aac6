"""Random words: Philox 4x64-10 (Salmon, Moraes, Dror and Shaw 2011), compared with published values and numpy."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.campaign.compiled import entry
from octoplan.campaign.streams import STREAMS, random_words, stream_key, to_uniform, uniforms
from octoplan.scenario.arrays import Floats, Words

ALL_ONES = (1 << 64) - 1
WORD = st.integers(0, ALL_ONES)
COUNT = st.integers(0, (1 << 62) - 1)


@entry
def fill_blocks(keys: Words, future: Words, day: Words, index: Words, attempt: Words, out: Words) -> None:
    """Fill the rows of ``out`` with the blocks of the given counters."""
    for i in range(out.shape[0]):
        block = random_words((keys[i, 0], keys[i, 1]), future[i], day[i], index[i], attempt[i])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = block


@entry
def fill_uniforms(integers: Words, out: Floats) -> None:
    for i in range(out.shape[0]):
        out[i] = to_uniform(integers[i])


def block(counter: tuple[int, ...], key: tuple[int, ...]) -> list[int]:
    """The block of a counter (index, day, future, attempt) under a key."""
    out = np.empty((1, 4), np.uint64)
    index, day, future, attempt = (np.array([word], np.uint64) for word in counter)
    fill_blocks(np.array([key], np.uint64), future, day, index, attempt, out)
    return [int(word) for word in out[0]]


def numpy_block(counter: tuple[int, ...], key: tuple[int, ...]) -> list[int]:
    """The same block from numpy, which increments its counter before a draw."""
    before = (sum(word << (64 * position) for position, word in enumerate(counter)) - 1) % (1 << 256)
    generator = np.random.Philox(counter=before, key=sum(word << (64 * position) for position, word in enumerate(key)))
    return [int(word) for word in generator.random_raw(4)]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0,) * 4, (0,) * 2, (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)),
        (
            (ALL_ONES,) * 4,
            (ALL_ONES,) * 2,
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_published_values(counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]) -> None:
    """Blocks for zeros, all ones and the digits of pi equal the known answers published with Random123."""
    assert block(counter, key) == list(answer)


@given(counter=st.tuples(WORD, WORD, WORD, WORD), key=st.tuples(WORD, WORD))
def test_every_block_equals_numpy(counter: tuple[int, ...], key: tuple[int, ...]) -> None:
    """For any key and counter the four words equal those of numpy.random.Philox."""
    assert block(counter, key) == numpy_block(counter, key)


@given(seed=WORD, name=st.sampled_from(sorted(STREAMS)) | st.text(max_size=20), future=st.integers(0, 10**6))
def test_a_named_stream_equals_numpy(seed: int, name: str, future: int) -> None:
    """The key of a stream is the seed and an eight-byte BLAKE2b hash of its name."""
    hashed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    assert [int(word) for word in stream_key(seed, name)] == [seed, hashed]
    word = numpy_block((0, 0, future, 0), (seed, hashed))[0]
    assert abs(uniforms(seed, [name], 1, first=future)[0, 0] - word / (1 << 64)) <= 2.0**-52


def test_uniform_numbers_are_never_0_or_1() -> None:
    """No word is converted to 0 or 1, whose logarithms or quantiles are infinite; the order of words is kept."""
    extremes = np.array([0, 1, 1 << 11, 1 << 63, ALL_ONES - (1 << 12), ALL_ONES - (1 << 11), ALL_ONES], np.uint64)
    uniform_numbers = np.empty(len(extremes))
    fill_uniforms(extremes, uniform_numbers)
    assert uniform_numbers[0] > 0.0
    assert uniform_numbers[-1] < 1.0
    assert (np.diff(uniform_numbers) >= 0.0).all()
