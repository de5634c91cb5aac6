"""Logarithm, exponential, power and normal quantile, with results that are bit-identical on all machines.

Mathematics libraries of different machines can differ in the last bit, IEEE arithmetic cannot. These functions use
only additions, multiplications, divisions and square roots (docs/decisions/0002-log-and-exp.md).
"""

from math import factorial

import numpy as np

from octoplan.campaign.compiled import inlined, leaf

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
ROOT2 = 1.4142135623730951
FRACTION_MASK = 0xFFFFFFFFFFFFF
BITS_OF_ONE = 0x3FF0000000000000
INVERSE_FACTORIALS = tuple(1.0 / factorial(n) for n in range(14))


@inlined
def polynomial(
    x: float, a0: float, a1: float, a2: float, a3: float, a4: float, a5: float, a6: float, a7: float
) -> float:  # fmt: skip
    """a0 + a1 x + ... + a7 x^7 by Estrin's scheme, which allows instruction-level parallelism."""
    square = x * x
    low = (a0 + a1 * x) + (a2 + a3 * x) * square
    high = (a4 + a5 * x) + (a6 + a7 * x) * square
    return low + high * (square * square)


@inlined
def log(x: float) -> float:
    """Natural logarithm of a positive normal number, within 1e-15 relative.

    With x = m 2^e and s = (m - 1)/(m + 1): log x = e log 2 + 2 (s + s^3/3 + s^5/5 + ...).
    """
    bits = np.float64(x).view(np.int64)
    e = (bits >> 52) - 1023
    m = np.int64((bits & FRACTION_MASK) | BITS_OF_ONE).view(np.float64)
    if m > ROOT2:
        m *= 0.5
        e += 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    tail = polynomial(z, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0)
    tail = z * (1.0 / 3.0 + z * (tail + z * z * z * z * (z * z * z * z) * (1.0 / 21.0)))
    return e * LN2_HIGH + (2.0 * s + (2.0 * s * tail + e * LN2_LOW))


@inlined
def exp(x: float) -> float:
    """Exponential, within 1e-15 relative; 0 below -708, infinite above 709.

    With x = k log 2 + r and |r| <= log(2) / 2, exp(r) is its Taylor series up to the 13th power.
    """
    if x < -708.0:
        return 0.0
    if x > 709.0:
        return np.inf
    k = np.floor(x * (1.0 / (LN2_HIGH + LN2_LOW)) + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    first = polynomial(
        r,
        INVERSE_FACTORIALS[2],
        INVERSE_FACTORIALS[3],
        INVERSE_FACTORIALS[4],
        INVERSE_FACTORIALS[5],
        INVERSE_FACTORIALS[6],
        INVERSE_FACTORIALS[7],
        INVERSE_FACTORIALS[8],
        INVERSE_FACTORIALS[9],
    )
    last = (INVERSE_FACTORIALS[10] + INVERSE_FACTORIALS[11] * r) + (
        INVERSE_FACTORIALS[12] + INVERSE_FACTORIALS[13] * r
    ) * (r * r)
    p = 1.0 + (r + r * r * (first + r * r * r * r * (r * r * r * r) * last))
    return p * np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@leaf
def power(x: float, y: float) -> float:
    """x ** y for x >= 0, as exp(y log x); 0 ** 0 is 1."""
    if y == 0.0:
        return 1.0
    if x <= 0.0:
        return 0.0
    return exp(y * log(x))


@inlined
def normal_quantile(u: float) -> float:
    """The standard normal quantile of u in (0, 1), within 1e-15 relative (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        numerator = polynomial(
            r, 3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
            45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
        )  # fmt: skip
        denominator = polynomial(
            r, 1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
            21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
        )  # fmt: skip
        return q * numerator / denominator
    r = np.sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        numerator = polynomial(
            r, 1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
            1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
        )  # fmt: skip
        denominator = polynomial(
            r, 1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
            0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
        )  # fmt: skip
    else:
        r -= 5.0
        numerator = polynomial(
            r, 6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
            0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
        )  # fmt: skip
        denominator = polynomial(
            r, 1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
            7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
        )  # fmt: skip
    x = numerator / denominator
    return -x if q < 0.0 else x
