"""Amounts of decisions.toml in the reporting currency."""

import pytest

from octoplan.errors import QuantityError
from octoplan.scenario.amounts import parse_money, plan_budgets, shortage_price
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

UNITS = units_of(("GBP", "UAH"))


def test_budgets_of_a_plan_are_by_payer_and_year() -> None:
    """A budget for the horizon has no year; a table has one amount for each year."""
    options = PlanOptions(budget={"home": "80 MGBP", "away": {"2026": "40 kGBP", "2027": "0 GBP"}})
    budgets = {("home", None): 80e6, ("away", 2026): 40e3, ("away", 2027): 0.0}
    assert plan_budgets(options, UNITS, "GBP") == budgets


@pytest.mark.parametrize("year", ["2025/26", "26", "²⁰²⁶", "20260"])
def test_a_year_that_is_not_a_calendar_year_is_refused(year: str) -> None:
    """A fiscal year or a year of two digits raises an error that quotes it."""
    with pytest.raises(QuantityError, match="is not a calendar year"):
        plan_budgets(PlanOptions(budget={"home": {year: "1 GBP"}}), UNITS, "GBP")


def test_the_price_of_a_shortage_may_be_missing() -> None:
    """Without a stated price there is none, rather than 0."""
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
def test_amounts_that_cannot_be_used_are_refused(text: str, message: str) -> None:
    """Another currency, a negative amount and a figure that is not money raise an error."""
    with pytest.raises(QuantityError, match=message):
        parse_money(text, UNITS, "GBP")
    assert parse_money("0 GBP", UNITS, "GBP") == 0.0
