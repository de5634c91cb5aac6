"""Numerals that can be read in two ways."""

import doctest

import pytest

from octoplan.scenario import numerals
from octoplan.scenario.numerals import ambiguous_readings


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("30.000", ("30", "30,000")),
        (" 1.000 ", ("1", "1,000")),
        ("1,000", ("1", "1,000")),
        ("-12.345", ("-12.345", "-12,345")),
        ("999.999", ("999.999", "999,999")),
    ],
)
def test_one_group_of_three_digits_has_two_readings(text: str, readings: tuple[str, str]) -> None:
    """A point or comma before exactly three digits can be decimal or separate thousands."""
    assert ambiguous_readings(text) == readings


@pytest.mark.parametrize(
    "text", ["0.125", "1000.000", "1.00", "1.0000", "1,234,567", "30", "30.", "x.000", "", "1.000e3", "00.125"]
)
def test_other_numerals_have_one_reading(text: str) -> None:
    """A numeral with a leading 0, four digits before the separator, or not three digits after it has one reading."""
    assert ambiguous_readings(text) is None


def test_the_examples_of_the_docstrings_hold() -> None:
    """The examples in the docstrings of ``numerals`` give the results shown."""
    assert doctest.testmod(numerals).failed == 0
