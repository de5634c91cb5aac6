"""Numerals that can be read in two ways: 30.000 is thirty, or thirty thousand with a thousands separator."""

import re

from octoplan.scenario.report import quoted

NUMERAL = re.compile(r"(?<![\w.,+-])[+-]?[0-9][0-9.,]*(?![\w.,])")
"""Pattern of a numeral in a text, including separators."""

_AMBIGUOUS_PATTERN = re.compile(r"([+-]?)([1-9][0-9]{0,2})([.,])([0-9]{3})")


def ambiguous_readings(text: str) -> tuple[str, str] | None:
    """Both readings of a numeral whose only separator may be a decimal or a thousands separator.

    The separator is a point or a comma after one to three digits, the first not 0, and before exactly three digits.

    Args:
        text: A numeral without its unit; white space around it is ignored.

    Returns:
        The readings with a decimal and with a thousands separator, such as ("30", "30,000"); None if only one reading
        is possible.

    >>> ambiguous_readings("30.000")
    ('30', '30,000')
    >>> ambiguous_readings("1,234")
    ('1.234', '1,234')
    >>> ambiguous_readings("0.125")

    """
    match = _AMBIGUOUS_PATTERN.fullmatch(text.strip())
    if match is None:
        return None
    sign, units, _, group = match.groups()
    return f"{float(f'{sign}{units}.{group}'):g}", f"{sign}{units},{group}"


def numeral_warning(text: str) -> str:
    """Warning about a text with a numeral that has two readings; empty if it has no such numeral.

    >>> numeral_warning("30.000 GBP")
    "'30.000 GBP' can be read as 30 or as 30,000; 30 is used. Write 30 or 30000"
    """
    for match in NUMERAL.finditer(text):
        if readings := ambiguous_readings(match[0]):
            plain, thousands = readings
            digits = thousands.replace(",", "")
            return (
                f"{quoted(text)} can be read as {plain} or as {thousands}; {plain} is used. Write {plain} or {digits}"
            )
    return ""
