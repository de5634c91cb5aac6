"""Logarithm, exponential and normal quantile from additions, multiplications and divisions alone.

The mathematics libraries of two machines may differ in the last bit; IEEE arithmetic does not. A future must
come out the same everywhere, so kernels use these (docs/decisions/0002-own-log-and-exp.md).
"""

import numpy as np

from octoplan.campaign.compiled import leaf

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
ROOT2 = 1.4142135623730951
FRACTION = 0xFFFFFFFFFFFFF
ONE = 0x3FF0000000000000


@leaf
def log(x: float) -> float:
    """Natural logarithm of a positive normal number, within 1e-15 relative.

    With x = m 2^e and s = (m - 1)/(m + 1): log x = e log 2 + 2 (s + s^3/3 + s^5/5 + ...).
    """
    bits = np.float64(x).view(np.int64)
    e = (bits >> 52) - 1023
    m = np.int64((bits & FRACTION) | ONE).view(np.float64)
    if m > ROOT2:
        m *= 0.5
        e += 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    tail = 1.0 / 13.0 + z * (1.0 / 15.0 + z * (1.0 / 17.0 + z * (1.0 / 19.0 + z / 21.0)))
    tail = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * tail)))))
    return e * LN2_HIGH + (2.0 * s + (2.0 * s * tail + e * LN2_LOW))


@leaf
def exp(x: float) -> float:
    """Exponential, within 1e-15 relative; 0 below -708, infinite above 709.

    With x = k log 2 + r and |r| <= log(2)/2 the Taylor series of exp(r) is summed to its 13th power.
    """
    if x < -708.0:
        return 0.0
    if x > 709.0:
        return np.inf
    k = np.floor(x / (LN2_HIGH + LN2_LOW) + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = 1.0
    for n in range(13, 0, -1):
        p = 1.0 + p * r / n
    return p * np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@leaf
def power(x: float, y: float) -> float:
    """x ** y for x >= 0; 0 ** 0 is 1."""
    if y == 0.0:
        return 1.0
    if x <= 0.0:
        return 0.0
    return exp(y * log(x))


@leaf
def normal_quantile(u: float) -> float:
    """The standard normal quantile of u in (0, 1), within 1e-15 relative (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        above = (((above + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        above = (above + 133.14166789178437745) * r + 3.387132872796366608
        below = ((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
        below = (((below + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
        below = (below + 42.313330701600911252) * r + 1.0
        return q * above / below
    r = np.sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        above = ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
        above = (((above + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
        above = (above + 4.6303378461565452959) * r + 1.42343711074968357734
        below = ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
        below = (((below + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
        below = (below + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        above = ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
        above = (((above + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
        above = (above + 5.4637849111641143699) * r + 6.6579046435011037772
        below = ((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
        below = (((below + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
        below = (below + 0.59983220655588793769) * r + 1.0
    x = above / below
    return -x if q < 0.0 else x
