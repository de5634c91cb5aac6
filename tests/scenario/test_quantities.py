"""Quantities with units."""

import pytest

from octoplan.errors import QuantityError
from octoplan.scenario.quantities import Quantity, Units, parse_number, parse_quantity, parse_range

UNITS = Units(("GBP", "UAH"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2500", Quantity(2500.0, "")),
        ("2500 GBP", Quantity(2500.0, "GBP")),
        ("6 weeks", Quantity(6.0, "weeks")),
        ("-0.5e-2%", Quantity(-0.005, "%")),
        ("12 1/day", Quantity(12.0, "1/day")),
        (" .5 ", Quantity(0.5, "")),
    ],
)
def test_a_quantity_is_a_number_and_a_unit(text: str, expected: Quantity) -> None:
    """A quantity is parsed as a number and the unit after it."""
    assert expected == parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a number"),
        ("five", "not a number"),
        ("nan", "not a finite number"),
        ("-inf", "not a finite number"),
        ("1e999", "too large"),
        ("2,500", "comma"),
        ("5-9", "write a range as '5 to 9'"),
        ("1 000", "not a number"),
        ("0x10", "is not a unit"),
        ("1_000", "not a number"),
        ("٣", "not a number"),
    ],
)
def test_an_invalid_quantity_is_refused_with_a_message(text: str, message: str) -> None:
    """A text that is not a quantity raises an error with the text and the reason."""
    with pytest.raises(QuantityError, match=message):
        UNITS.convert(1.0, parse_quantity(text).unit, "1")


def test_both_ends_of_a_range_have_its_unit() -> None:
    """The range '5 to 9 weeks' is parsed as two quantities in weeks."""
    assert (Quantity(5.0, "weeks"), Quantity(9.0, "weeks")) == parse_range("5 to 9 weeks")
    assert parse_range("5 weeks") is None


@pytest.mark.parametrize(
    ("number", "unit", "expected", "value"),
    [
        (6, "weeks", "day", 42.0),
        (1, "month", "day", 30.4375),
        (1, "year", "day", 365.25),
        (90, "s", "minute", 1.5),
        (7, "%", "1", 0.07),
        (3.5, "%/year", "1/year", 0.035),
        (30.4375, "units/month", "1/day", 1.0),
        (5, "/day", "1/day", 5.0),
        (200, "crews", "1", 200.0),
    ],
)
def test_quantities_are_converted_to_the_expected_unit(number: float, unit: str, expected: str, value: float) -> None:
    """A quantity is converted exactly to the expected unit."""
    assert (value, "") == UNITS.convert(number, unit, expected)


@pytest.mark.parametrize(
    ("unit", "expected", "factor", "currency"),
    [
        ("GBP", "money", 1.0, "GBP"),
        ("kGBP", "money", 1e3, "GBP"),
        ("MUAH", "money", 1e6, "UAH"),
        ("UAH per hour", "money/hour", 1.0, "UAH"),
        ("GBP/month", "money/day", 1 / 30.4375, "GBP"),
        ("GBP/unit", "money", 1.0, "GBP"),
    ],
)
def test_money_keeps_its_currency(unit: str, expected: str, factor: float, currency: str) -> None:
    """Money is converted within its currency, which is returned with the amount."""
    value, converted = UNITS.convert(8.0, unit, expected)
    assert currency == converted
    assert value == pytest.approx(8 * factor, rel=1e-15)


@pytest.mark.parametrize(
    ("unit", "expected", "message"),
    [
        ("GBP", "money/hour", "'38 GBP' is money; expected money per unit of time, such as '38 GBP/hour'"),
        ("1", "day", "'38 1' is a dimensionless number; expected a time, such as '6 weeks'"),
        ("day", "1", "'38 day' is a time; expected a dimensionless number"),
        ("day", "1/day", "'38 day' is a time; expected a rate"),
        ("m", "day", "is a length"),
        ("GBP*UAH", "money", "money times money"),
        ("GBP/UAH", "1", "money per money"),
        ("weks", "day", "'weks' is not a known unit; did you mean 'week"),
        ("USD", "money", "'USD' is not a known unit"),
        ("day**2", "day", "is not a unit"),
        ("__import__('os')", "day", "is not a unit"),
        ("", "day", "is not a unit"),
    ],
)
def test_a_wrong_dimension_is_reported(unit: str, expected: str, message: str) -> None:
    """A unit of the wrong dimension raises an error with its dimension, the expected dimension and an example."""
    with pytest.raises(QuantityError) as error:
        UNITS.convert(38.0, unit, expected)
    assert message in str(error.value)


def test_quantities_have_an_upper_limit() -> None:
    """A quantity above the limit is refused before its conversion can overflow."""
    with pytest.raises(QuantityError, match="is too large"):
        UNITS.convert(1e308, "MGBP", "money")
    assert UNITS.convert(1e12, "1", "1") == (1e12, "")


def test_a_number_has_no_unit() -> None:
    """A text with a unit is not a number."""
    assert parse_number(" 0.5 ") == 0.5
    with pytest.raises(QuantityError, match="not a number"):
        parse_number("0.5 GBP")
