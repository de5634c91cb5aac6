"""Amounts in ``decisions.toml``, parsed in the reporting currency."""

import pytest

from octoplan.errors import QuantityError
from octoplan.scenario.amounts import parse_money, plan_budgets, shortage_price
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

UNITS = units_of(("GBP", "UAH"))


def test_budgets_of_a_plan_are_by_payer_and_year() -> None:
    """A single amount is the budget for the horizon; a table has an amount for each year."""
    options = PlanOptions(budget={"home": "80 MGBP", "away": {"2026": "40 kGBP", "2027": "0 GBP"}})
    budgets = {("home", None): 80e6, ("away", 2026): 40e3, ("away", 2027): 0.0}
    assert plan_budgets(options, UNITS, "GBP") == budgets


@pytest.mark.parametrize("year", ["2025/26", "26", "²⁰²⁶", "20260"])
def test_a_year_that_is_not_a_calendar_year_is_refused(year: str) -> None:
    """A fiscal year and a year of two digits raise an error."""
    with pytest.raises(QuantityError, match="is not a calendar year"):
        plan_budgets(PlanOptions(budget={"home": {year: "1 GBP"}}), UNITS, "GBP")


def test_the_shortage_price_is_optional() -> None:
    """The shortage price is None, not 0, if it is not stated."""
    assert shortage_price(PlanOptions(), UNITS, "GBP") is None
    assert shortage_price(PlanOptions(shortage="5 kGBP"), UNITS, "GBP") == 5000.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 UAH", "is not in GBP"),
        ("-5 GBP", "is negative"),
        ("5 days", "is a time"),
        ("nan GBP", "not a finite"),
    ],
)
def test_invalid_amounts_of_money_are_refused(text: str, message: str) -> None:
    """An amount in another currency, below 0, not finite or not of money raises an error."""
    with pytest.raises(QuantityError, match=message):
        parse_money(text, UNITS, "GBP")
    assert parse_money("0 GBP", UNITS, "GBP") == 0.0
