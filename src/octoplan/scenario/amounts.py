"""Amounts with units in ``decisions.toml``: days of cover, budgets, and the shortage price."""

import re
from collections.abc import Iterator

from octoplan.errors import QuantityError
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import Units, parse_quantity
from octoplan.scenario.report import quoted

KeyPath = tuple[str, ...]
"""Keys that lead to a value in ``decisions.toml``."""

CALENDAR_YEAR = re.compile(r"[0-9]{4}")
"""Pattern of the name of a calendar year."""


def cover_days(decisions: Decisions, units: Units) -> float:
    """Days of planned use that the base-stock policy covers in addition to the mean lead time."""
    return parse_amount(decisions.orders.cover, "day", units)[0]


def budgets_of(decisions: Decisions, units: Units, currency: str) -> dict[str, float]:
    """Budget of each payer over the horizon, in the reporting currency at the scenario's price base."""
    return {payer: parse_money(text, units, currency) for payer, text in decisions.budget.items()}


def plan_budgets(options: PlanOptions, units: Units, currency: str) -> dict[tuple[str, int | None], float]:
    """Budgets of a plan by payer and year (None for the entire horizon), in the reporting currency.

    Raises:
        QuantityError: If an amount or a year is invalid.

    """
    return {(payer, year): parse_money(text, units, currency) for payer, year, text in _budget_texts(options)}


def shortage_price(options: PlanOptions, units: Units, currency: str) -> float | None:
    """Penalty per unit by which a plan misses its target, in the reporting currency; None if not stated."""
    return None if options.shortage is None else parse_money(options.shortage, units, currency)


def _budget_texts(options: PlanOptions) -> Iterator[tuple[str, int | None, str]]:
    """Yield payer, year (None for the entire horizon) and amount as text of each budget of a plan."""
    for payer, limit in options.budget.items():
        if isinstance(limit, str):
            yield payer, None, limit
            continue
        for year, text in limit.items():
            if not CALENDAR_YEAR.fullmatch(year):
                raise QuantityError(f"budget of {payer}: {quoted(year)} is not a calendar year; write one such as 2026")
            yield payer, int(year), text


def parse_money(text: str, units: Units, currency: str) -> float:
    """Parse an amount of money in the reporting currency.

    Raises:
        QuantityError: If the text is not an amount in the reporting currency, or is negative.

    """
    value, unit = parse_amount(text, "money", units)
    if unit != currency:
        raise QuantityError(
            f"{quoted(text)} is not in {currency}, the reporting currency; other currencies are not converted"
        )
    return value


def parse_amount(text: str, expected_unit: str, units: Units) -> tuple[float, str]:
    """Parse an amount in the expected unit; return its value and its currency, which is '' if it is not money."""
    quantity = parse_quantity(text)
    value, currency = units.convert(quantity.number, quantity.unit or "1", expected_unit)
    if value < 0:
        raise QuantityError(f"{quoted(text)} is negative; write 0 or more")
    return value, currency


def amounts_with_units(decisions: Decisions) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield each amount with a unit in ``decisions.toml``: its path, its text, and True if it is money."""
    yield ("orders", "cover"), decisions.orders.cover, False
    for payer, text in decisions.budget.items():
        yield ("budget", payer), text, True
    for payer, limit in decisions.plan.budget.items():
        for year, text in ((None, limit),) if isinstance(limit, str) else limit.items():
            yield ("plan", "budget", payer) if year is None else ("plan", "budget", payer, year), text, True
    if decisions.plan.shortage is not None:
        yield ("plan", "shortage"), decisions.plan.shortage, True


def amount_error(text: str, is_money: bool, units: Units, currency: str) -> str:
    """Reason why an amount is invalid; empty if it is valid."""
    try:
        parse_money(text, units, currency) if is_money else parse_amount(text, "day", units)
    except QuantityError as error:
        return str(error)
    return ""
