"""Numbers as people write them in a sentence: rounded, with a range in brackets or a confidence interval."""

from math import floor, isfinite, isnan, log10

from octoplan.answer.totals import Effect
from octoplan.outcomes.intervals import Interval

SMALL_SHARE = 0.005
"""Share below which, and from 1 above which, a percentage would be rounded to none or to all."""
WIDE = 0.2
"""Width of a range, relative to its larger end, from which its ends are rounded to two digits."""
MAX_DECIMALS = 6
"""Maximum number of decimals."""


def rounded(value: float, significant: int = 3) -> float:
    """A finite number, rounded to significant digits and at most ``MAX_DECIMALS`` decimals.

    >>> rounded(68175.4), rounded(-0.045678, 2), rounded(-1e-9)
    (68200.0, -0.046, 0.0)
    """
    if abs(value) < 0.5 * 10.0**-MAX_DECIMALS:
        return 0.0
    return round(value, min(significant - 1 - floor(log10(abs(value))), MAX_DECIMALS))


def number(value: float, significant: int = 3) -> str:
    """A number as people write it: rounded to significant digits, with commas between thousands.

    >>> number(68175.4), number(12.34), number(-0.0456), number(999.6), number(16.4, 2), number(24.02), number(-1e-9)
    ('68,200', '12.3', '-0.0456', '1,000', '16', '24', '0')
    """
    if not isfinite(value):
        return "–"
    text = f"{rounded(value, significant):,.{MAX_DECIMALS}f}"
    return text.rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """A share as a percentage; a share of almost none or almost all is not rounded to none or all.

    >>> percent(0.2612), percent(0.0), percent(0.001), percent(0.999), percent(1.0)
    ('26 %', '0 %', 'less than 1 %', 'more than 99 %', '100 %')
    """
    if 0.0 < share < SMALL_SHARE:
        return "less than 1 %"
    return "more than 99 %" if 1.0 - SMALL_SHARE < share < 1.0 else f"{100.0 * share:.0f} %"


def range_digits(low: float, high: float) -> int:
    """The significant digits to which a range is rounded: two if it is wide, otherwise three.

    >>> range_digits(51_599.0, 79_974.0), range_digits(1234.0, 1280.0)
    (2, 3)
    """
    return 2 if high - low >= WIDE * max(abs(low), abs(high)) else 3


def with_range(i: Interval, divisor: float = 1.0, unit: str = "") -> str:
    """A mean with P10 to P90 in brackets; the mean alone if it is the same in all futures."""
    low, mean, high = (value / divisor for value in (i.p10, i.mean, i.p90))
    significant = range_digits(low, high)
    if low <= mean <= high and not rounded(low, significant) <= rounded(mean) <= rounded(high, significant):
        significant = 3
    low_text, mean_text, high_text = number(low, significant), number(mean), number(high, significant)
    text = f"{mean_text} {unit}" if unit else mean_text
    return text if low_text == mean_text == high_text else f"{text} ({low_text} to {high_text})"


def plus_minus(item: Effect, divisor: float = 1.0) -> str:
    """A difference with the half-width of its confidence interval, to the same number of decimals.

    >>> plus_minus(Effect(165.28, 23.12)), plus_minus(Effect(7.06, 5.16)), plus_minus(Effect(35.2e6, 8.6e6), 1e6)
    ('165 ± 23', '7.1 ± 5.2', '35.2 ± 8.6')
    """
    mean, half_width = item.mean / divisor, item.half_width / divisor
    if isnan(half_width) or half_width <= max(1e-9 * abs(mean), 0.5 * 10.0**-MAX_DECIMALS):
        return number(mean)
    decimals = min(1 - floor(log10(half_width)), MAX_DECIMALS)
    after_point = max(0, decimals)
    return f"{round(mean, decimals) + 0.0:,.{after_point}f} ± {round(half_width, decimals):,.{after_point}f}"


def decimals_of_effect(item: Effect, divisor: float = 1.0) -> int:
    """Decimals of a difference with three digits, but at most one digit finer than two digits of its half-width.

    Negative if the difference is rounded to tens, hundreds and so on.

    >>> decimals_of_effect(Effect(382.1, 132.0)), decimals_of_effect(Effect(68_175.0, 1243.0))
    (0, -2)
    >>> decimals_of_effect(Effect(0.0123, 0.5)), decimals_of_effect(Effect(147.2e6, 2.1e6), 1e6)
    (3, 0)
    """
    sizes = [abs(value) / divisor for value in (item.mean, item.half_width)]
    return min((2 - floor(log10(size)) for size in sizes if size > 10.0**-MAX_DECIMALS), default=MAX_DECIMALS)


def to_decimals(value: float, decimals: int) -> str:
    """A number rounded to decimals, with commas between thousands.

    >>> to_decimals(12776.4, 0), to_decimals(68175.4, -2), to_decimals(-0.04, 1)
    ('12,776', '68,200', '0.0')
    """
    return f"{round(value, decimals) + 0.0:,.{max(0, decimals)}f}"


def with_half_width(item: Effect, divisor: float = 1.0) -> str:
    """A difference with the half-width of its confidence interval, and its mean with three digits as in the answer.

    >>> with_half_width(Effect(382.1, 132.0)), with_half_width(Effect(-147.2e6, 2.1e6), 1e6)
    ('382 ± 130', '-147 ± 2.1')
    """
    text = plus_minus(item, divisor)
    if " ± " not in text:
        return text
    mean = to_decimals(item.mean / divisor, decimals_of_effect(item, divisor))
    return f"{mean} ± {number(item.half_width / divisor, 2)}"
