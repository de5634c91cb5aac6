"""Random numbers of the reference implementation: Philox with Python integers, and samplers in plain Python.

Independent of ``octoplan``. Formulas keep the documented order of operations, so that results are bit-identical.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from math import factorial, floor, frexp, inf, ldexp, sqrt

WORD = 1 << 64
MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
ROUNDS = 10

Block = tuple[int, int, int, int]


@cache
def round_keys(key: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Key of each round: the key of the stream plus multiples of the Weyl constants."""
    return tuple(((key[0] + n * WEYL[0]) % WORD, (key[1] + n * WEYL[1]) % WORD) for n in range(ROUNDS))


def philox(key: tuple[int, int], counter: Block) -> Block:
    """Philox 4x64-10 of a counter under a key (Salmon, Moraes, Dror and Shaw 2011, section 3.3)."""
    x0, x1, x2, x3 = counter
    for k0, k1 in round_keys(key):
        left, right = MULTIPLIERS[0] * x0, MULTIPLIERS[1] * x2
        x0, x1, x2, x3 = (right >> 64) ^ x1 ^ k0, right % WORD, (left >> 64) ^ x3 ^ k1, left % WORD
    return x0, x1, x2, x3


def to_uniform(word: int) -> float:
    """Convert a word to a uniform number: its upper 52 bits plus one half, in units of 2^-52."""
    return (float(word >> 12) + 0.5) * 2.0**-52


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """Polynomial with eight coefficients, lowest power first, by Estrin's scheme."""
    pairs = [a + b * x for a, b in zip(coefficients[::2], coefficients[1::2], strict=True)]
    low, high = pairs[0] + pairs[1] * (x * x), pairs[2] + pairs[3] * (x * x)
    return low + high * (x * x * (x * x))


def log(x: float) -> float:
    """Natural logarithm: x = m 2^e with m between 1/sqrt 2 and sqrt 2, s = (m - 1)/(m + 1), the series of artanh s."""
    mantissa, exponent = frexp(x)
    m, e = (2.0 * mantissa, exponent - 1) if 2.0 * mantissa <= 1.4142135623730951 else (mantissa, exponent)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    odd = [1.0 / n for n in range(5, 22, 2)]
    tail = z * (1.0 / 3.0 + z * (polynomial(odd[:8], z) + z * z * z * z * (z * z * z * z) * odd[8]))
    return e * 6.93147180369123816490e-01 + (2.0 * s + (2.0 * s * tail + e * 1.90821492927058770002e-10))


def exp(x: float) -> float:
    """Exponential: x = k log 2 + r, the Taylor series of exp r to its 13th power; 0 below -708, infinite above 709."""
    if x < -708.0:
        return 0.0
    if x > 709.0:
        return inf
    high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
    k = floor(x * (1.0 / (high + low)) + 0.5)
    r = (x - k * high) - k * low
    tenth, *later = (1.0 / factorial(n) for n in range(10, 14))
    last = (tenth + later[0] * r) + (later[1] + later[2] * r) * (r * r)
    series = polynomial([1.0 / factorial(n) for n in range(2, 10)], r) + r * r * r * r * (r * r * r * r) * last
    return ldexp(1.0 + (r + r * r * series), k)


def power(x: float, y: float) -> float:
    """x ** y for x >= 0, with 0 ** 0 = 1."""
    if y == 0.0:
        return 1.0
    return exp(y * log(x)) if x > 0.0 else 0.0


CENTRE = (
    (3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
     21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561),
)  # fmt: skip
FLANK = (
    (1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
     1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4),
    (1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
     0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9),
)  # fmt: skip
TAIL = (
    (6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
     0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
     7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15),
)  # fmt: skip
"""Numerators and denominators of Wichura's three rational functions (1988, algorithm AS 241), lowest power first."""


def normal_quantile(u: float) -> float:
    """The standard normal quantile of u in (0, 1)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * polynomial(CENTRE[0], r) / polynomial(CENTRE[1], r)
    r = sqrt(-log(u if q < 0.0 else 1.0 - u))
    numerator, denominator, shift = (*FLANK, 1.6) if r <= 5.0 else (*TAIL, 5.0)
    x = polynomial(numerator, r - shift) / polynomial(denominator, r - shift)
    return -x if q < 0.0 else x


class Stream:
    """A named stream of random numbers in one future, indexed by day and index."""

    def __init__(self, seed: int, future: int, name: str) -> None:
        self.key = (seed, int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))
        self.future = future

    def block(self, day: int, index: int = 0, attempt: int = 0) -> tuple[float, float, float, float]:
        """Return four uniform numbers in (0, 1)."""
        w0, w1, w2, w3 = philox(self.key, (index, day, self.future, attempt))
        return to_uniform(w0), to_uniform(w1), to_uniform(w2), to_uniform(w3)

    def uniform(self, day: int, index: int = 0, attempt: int = 0) -> float:
        return self.block(day, index, attempt)[0]

    def normal(self, day: int) -> float:
        return normal_quantile(self.uniform(day))

    def gamma(self, shape: float, day: int, index: int = 0, attempt: int = 0) -> float:
        """Draw a gamma number of scale 1 (Marsaglia and Tsang 2000; shapes below 1 from shape + 1)."""
        if shape <= 0.0:
            return 0.0
        d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
        c = 1.0 / sqrt(9.0 * d)
        while True:
            first, second, third, _ = self.block(day, index, attempt)
            attempt += 1
            x = normal_quantile(first)
            if 1.0 + c * x <= 0.0:
                continue
            v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x)
            if second < 1.0 - 0.0331 * x * x * x * x or log(second) < 0.5 * x * x + d * (1.0 - v + log(v)):
                return d * v if shape >= 1.0 else d * v * exp(log(third) / shape)

    def duration(self, mean: float, cv: float, day: int, index: int = 0, attempt: int = 0) -> float:
        """Draw a gamma-distributed time: constant at cv 0, exponential at cv 1."""
        if cv <= 0.0 or mean <= 0.0:
            return mean
        if cv == 1.0:
            return -mean * log(self.uniform(day, index, attempt))
        shape = 1.0 / (cv * cv)
        return mean / shape * self.gamma(shape, day, index, attempt)

    def beta(self, mean: float, correlation: float, day: int) -> float:
        """Draw a beta number with a given mean and intra-class correlation."""
        if correlation <= 0.0 or mean <= 0.0 or mean >= 1.0:
            return mean
        weight = 1.0 / correlation - 1.0
        a, b = self.gamma(mean * weight, day, 0), self.gamma((1.0 - mean) * weight, day, 1)
        return a / (a + b) if a + b > 0.0 else mean

    def poisson(self, mean: float, day: int) -> int:
        """Draw a Poisson number as a sum of parts with means of at most 16, each by inversion."""
        count, attempt = 0, 0
        while mean > 0.0:
            part = min(mean, 16.0)
            u, p, n = self.uniform(day, 0, attempt), exp(-part), 0
            while u > p and n < 200:
                u -= p
                n += 1
                p *= part / n
            count, mean, attempt = count + n, mean - part, attempt + 1
        return count

    def binomial(self, trials: int, p: float, day: int, index: int = 0) -> int:
        """Draw a binomial number as a sum of parts with means of at most 16, each by inversion of the rarer outcome."""
        if p <= 0.0 or p >= 1.0:
            return trials if p >= 1.0 else 0
        rare = 1.0 - p if p > 0.5 else p
        left, count, attempt = trials, 0, 0
        while left > 0:
            part = left if left * rare <= 16.0 else int(16.0 / rare)
            u, q, n = self.uniform(day, index, attempt), exp(part * log(1.0 - rare)), 0
            while u > q and n < part:
                u -= q
                q *= rare / (1.0 - rare) * (part - n) / (n + 1)
                n += 1
            left, count, attempt = left - part, count + n, attempt + 1
        return trials - count if p > 0.5 else count
