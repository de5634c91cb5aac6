"""Counter-based random streams: random numbers as pure functions of (seed, stream, future, day, index).

The generator is Philox 4x64-10 (Salmon, Moraes, Dror and Shaw 2011), as in numpy. The key consists of the seed and the
hash of the stream's name, which states the purpose of the numbers and their entity. Numbers therefore do not depend on
the order or number of entities (common random numbers). The counter is (index, day, future, attempt).
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from octoplan.campaign.arithmetic import exp, log, normal_quantile
from octoplan.campaign.compiled import entry, inlined, leaf
from octoplan.scenario.arrays import Floats, Names, StreamKeys, Words

MULTIPLIER_0 = np.uint64(0xD2E7470EE14C6C93)
MULTIPLIER_1 = np.uint64(0xCA5A826395121157)
WEYL_0 = np.uint64(0x9E3779B97F4A7C15)
WEYL_1 = np.uint64(0xBB67AE8584CAA73B)

Key = tuple[np.uint64, np.uint64]
Word = np.uint64

STREAMS: dict[str, tuple[str, ...]] = {
    "raids/regime": (),
    "raids/level": (),
    "raids/shock": (),
    "raids/package": ("packages",),
    "raids/quiet": ("packages",),
    "raids/count": ("packages",),
    "raids/split": ("packages", "regions"),
    "raids/threats": ("packages",),
    "weather": ("regions",),
    "duty": ("regions",),
    "shots": ("packages", "regions"),
    "layers": ("layers", "threats"),
    "damage": ("packages", "regions"),
    "strike": ("packages", "plants"),
    "release": ("designs",),
    "made": ("plants",),
    "suppliers": ("suppliers",),
    "lead": ("suppliers", "plants"),
    "causes": ("causes",),
    "lanes": ("lanes",),
    "transit": ("lanes",),
    "loss": ("plants", "lanes"),
    "exchange": ("currencies",),
    "course": (),
    "crews": (),
    "kits": (),
    "drift": ("layers",),
    "lots": ("layers",),
}
"""Kinds of stream, and the axes whose entity names complete the name of a stream."""

(
    REGIME,
    LEVEL,
    SHOCK,
    PACKAGE,
    QUIET,
    COUNT,
    SPLIT,
    THREATS,
    WEATHER,
    DUTY,
    SHOTS,
    LAYER_DAY,
    DAMAGE,
    STRIKE,
    RELEASE,
    GOOD_UNITS,
    SUPPLIER,
    LEAD,
    CAUSE,
    LANE,
    TRANSIT,
    LOSS,
    EXCHANGE,
    COURSE,
    CREW_ATTRITION,
    KIT_ATTRITION,
    DRIFT,
    LOT,
) = range(len(STREAMS))


class Moment(NamedTuple):
    """Coordinates of random numbers: stream keys, future and day."""

    keys: StreamKeys
    future: int
    day: int


@intrinsic  # type: ignore[untyped-decorator]
def wide_product(_context: Any, a: Any, b: Any) -> Any:
    """High and low word of a 64 x 64 bit product, by one machine instruction that numba does not expose."""
    signature = types.UniTuple(types.uint64, 2)(a, b)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double, single = ir.IntType(128), ir.IntType(64)
        product = builder.mul(builder.zext(args[0], double), builder.zext(args[1], double))
        high = builder.trunc(builder.lshr(product, ir.Constant(double, 64)), single)
        return context.make_tuple(builder, sig.return_type, (high, builder.trunc(product, single)))

    return signature, build


@intrinsic  # type: ignore[untyped-decorator]
def first_bit(_context: Any, _word: Any) -> Any:
    """Number of the lowest bit set in a word of 64 bits, by one machine instruction that numba does not expose."""

    def build(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), build


@inlined
def random_words(key: Key, future: int, day: int, index: int, attempt: int) -> tuple[Word, Word, Word, Word]:
    """Four independent random words of 64 bits: Philox 4x64-10 of the counter (index, day, future, attempt)."""
    k0 = key[0]
    k1 = key[1]
    x0 = np.uint64(index)
    x1 = np.uint64(day)
    x2 = np.uint64(future)
    x3 = np.uint64(attempt)
    for _ in range(10):
        high0, low0 = wide_product(MULTIPLIER_0, x0)
        high1, low1 = wide_product(MULTIPLIER_1, x2)
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0 = k0 + WEYL_0
        k1 = k1 + WEYL_1
    return x0, x1, x2, x3


@inlined
def to_uniform(word: Word) -> float:
    """Convert a random word to a uniform number in the open interval (0, 1), an odd multiple of 2^-53."""
    return (float(word >> np.uint64(12)) + 0.5) * 2.220446049250313e-16


@leaf
def uniform(key: Key, future: int, day: int, index: int) -> float:
    """Draw a uniform number in (0, 1)."""
    return to_uniform(random_words(key, future, day, index, 0)[0])


@leaf
def normal(key: Key, future: int, day: int, index: int) -> float:
    """Draw a standard normal number by inversion."""
    return normal_quantile(uniform(key, future, day, index))


@leaf
def gamma(key: Key, future: int, day: int, index: int, shape: float, attempt: int = 0) -> float:
    """Draw a gamma number of scale 1 by rejection (Marsaglia and Tsang 2000; shapes below 1 from shape + 1).

    Each trial uses three words of one block, starting with block ``attempt``; the caller can use the fourth word.
    """
    if shape <= 0.0:
        return 0.0
    while True:
        w0, w1, w2, _ = random_words(key, future, day, index, attempt)
        value = gamma_try(w0, w1, w2, shape)
        if value >= 0.0:
            return value
        attempt += 1


@inlined
def gamma_try(w0: Word, w1: Word, w2: Word, shape: float) -> float:
    """Perform one trial of the gamma rejection sampler, for a positive shape; returns -1 if it is rejected."""
    a = shape if shape >= 1.0 else shape + 1.0
    d = a - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    x = normal_quantile(to_uniform(w0))
    v = 1.0 + c * x
    if v <= 0.0:
        return -1.0
    v = v * v * v
    u = to_uniform(w1)
    if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
        value = d * v
        return value if shape >= 1.0 else value * exp(log(to_uniform(w2)) / shape)
    return -1.0


@leaf
def duration(key: Key, future: int, day: int, index: int, mean: float, cv: float, attempt: int = 0) -> float:
    """Draw a gamma-distributed time with a mean and a coefficient of variation: constant at cv 0, exponential at 1."""
    if cv <= 0.0 or mean <= 0.0:
        return mean
    if cv == 1.0:
        return -mean * log(to_uniform(random_words(key, future, day, index, attempt)[0]))
    shape = 1.0 / (cv * cv)
    return mean / shape * gamma(key, future, day, index, shape, attempt)


@leaf
def beta(key: Key, future: int, day: int, mean: float, correlation: float) -> float:
    """Draw a beta number with mean m = a / (a + b) and intra-class correlation rho = 1 / (a + b + 1)."""
    if correlation <= 0.0 or mean <= 0.0 or mean >= 1.0:
        return mean
    weight = 1.0 / correlation - 1.0
    a = gamma(key, future, day, 0, mean * weight)
    b = gamma(key, future, day, 1, (1.0 - mean) * weight)
    return mean if a + b <= 0.0 else a / (a + b)


@leaf
def poisson(key: Key, future: int, day: int, index: int, mean: float) -> int:
    """Draw a Poisson number by inversion, as a sum of parts with means of at most 16 to avoid underflow."""
    count = 0
    attempt = 0
    while mean > 0.0:
        part = min(mean, 16.0)
        mean -= part
        u = to_uniform(random_words(key, future, day, index, attempt)[0])
        attempt += 1
        p = exp(-part)
        n = 0
        while u > p and n < 200:
            u -= p
            n += 1
            p *= part / n
        count += n
    return count


@leaf
def binomial(key: Key, future: int, day: int, index: int, trials: int, p: float) -> int:
    """Draw a binomial number by inversion, as a sum of parts with means of at most 16 to avoid underflow."""
    if p <= 0.0:
        return 0
    if p >= 1.0:
        return trials
    if p > 0.5:
        return trials - binomial_below_half(key, future, day, index, trials, 1.0 - p)
    return binomial_below_half(key, future, day, index, trials, p)


@leaf
def binomial_below_half(key: Key, future: int, day: int, index: int, trials: int, p: float) -> int:
    """Draw a binomial number for p <= 0.5; see ``binomial``."""
    odds = p / (1.0 - p)
    count = 0
    attempt = 0
    while trials > 0:
        part = trials if trials * p <= 16.0 else int(16.0 / p)
        trials -= part
        u = to_uniform(random_words(key, future, day, index, attempt)[0])
        attempt += 1
        q = exp(part * log(1.0 - p))
        n = 0
        while u > q and n < part:
            u -= q
            q *= odds * (part - n) / (n + 1)
            n += 1
        count += n
    return count


@leaf
def key_of(keys: StreamKeys, kind: int, row: int) -> Key:
    """Key of the stream of a kind and row."""
    index = keys.start[kind] + row
    return keys.by_stream[index, 0], keys.by_stream[index, 1]


def stream_key(seed: int, name: str) -> Key:
    """Key of a named stream: the seed, and an eight-byte BLAKE2b hash of the name."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(seed), np.uint64(int.from_bytes(digest, "little"))


def stream_keys(seed: int, names: Iterable[str]) -> Words:
    """Keys of named streams, (names, 2)."""
    keys = [stream_key(seed, name) for name in names]
    return np.array(keys, dtype=np.uint64).reshape(len(keys), 2)


def scenario_keys(seed: int, names: Names) -> StreamKeys:
    """Keys of all streams of a scenario, whose names consist of the kind and the names of the entities."""
    stream_names: list[str] = []
    start = []
    for kind, axes in STREAMS.items():
        start.append(len(stream_names))
        stream_names += ["/".join((kind, *row)) for row in product(*(getattr(names, axis) for axis in axes))]
    return StreamKeys(stream_keys(seed, stream_names), np.array(start))


@entry
def fill_uniforms(keys: Words, first: int, values: Floats) -> None:
    """Draw a uniform number for each future and stream, into ``values`` (futures, streams)."""
    for future in range(values.shape[0]):
        for column in range(values.shape[1]):
            values[future, column] = uniform((keys[column, 0], keys[column, 1]), first + future, 0, 0)


def uniforms(seed: int, names: Sequence[str], futures: int, first: int = 0) -> Floats:
    """Draw a uniform number in (0, 1) for each future and named stream, (futures, names)."""
    values = np.empty((futures, len(names)))
    fill_uniforms(stream_keys(seed, names), first, values)
    return values
