"""Amounts with units in ``decisions.toml``: days of cover, budgets, and the shortage price."""

import re
from collections.abc import Iterator

from octoplan.errors import QuantityError
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import Units, parse_quantity
from octoplan.scenario.report import quoted

Path = tuple[str, ...]

YEAR = re.compile(r"[0-9]{4}")


def cover_days(decisions: Decisions, units: Units) -> float:
    """Days of planned use that the base-stock policy covers in addition to the mean lead time."""
    return _amount(decisions.orders.cover, "day", units)[0]


def budgets_of(decisions: Decisions, units: Units, currency: str) -> dict[str, float]:
    """Budget of each payer over the horizon, in the reporting currency at the scenario's price base."""
    return {payer: money(text, units, currency) for payer, text in decisions.budget.items()}


def plan_budgets(options: PlanOptions, units: Units, currency: str) -> dict[tuple[str, int | None], float]:
    """Budgets of a plan by payer and year (None for the entire horizon), in the reporting currency.

    Raises:
        QuantityError: If an amount or a year is invalid.

    """
    return {(payer, year): money(text, units, currency) for payer, year, text in _yearly(options)}


def shortage_price(options: PlanOptions, units: Units, currency: str) -> float | None:
    """Penalty per unit short of the plan's target, in the reporting currency; None if not stated."""
    return None if options.shortage is None else money(options.shortage, units, currency)


def _yearly(options: PlanOptions) -> Iterator[tuple[str, int | None, str]]:
    for payer, limit in options.budget.items():
        if isinstance(limit, str):
            yield payer, None, limit
            continue
        for year, text in limit.items():
            if not YEAR.fullmatch(year):
                raise QuantityError(f"budget of {payer}: {quoted(year)} is not a calendar year; write one such as 2026")
            yield payer, int(year), text


def money(text: str, units: Units, currency: str) -> float:
    """Parse an amount of money in the reporting currency.

    Raises:
        QuantityError: If the text is not an amount in the reporting currency, or is negative.

    """
    value, unit = _amount(text, "money", units)
    if unit != currency:
        raise QuantityError(
            f"{quoted(text)} is not in {currency}, the reporting currency; other currencies are not converted"
        )
    return value


def _amount(text: str, expected: str, units: Units) -> tuple[float, str]:
    figure = parse_quantity(text)
    value, currency = units.convert(figure.number, figure.unit or "1", expected)
    if value < 0:
        raise QuantityError(f"{quoted(text)} is negative; write 0 or more")
    return value, currency


def amounts(decisions: Decisions) -> Iterator[tuple[Path, str, bool]]:
    """Yield each amount with a unit: its path, its text, and whether it is money."""
    yield ("orders", "cover"), decisions.orders.cover, False
    for payer, text in decisions.budget.items():
        yield ("budget", payer), text, True
    for payer, limit in decisions.plan.budget.items():
        for year, text in ((None, limit),) if isinstance(limit, str) else limit.items():
            yield ("plan", "budget", payer) if year is None else ("plan", "budget", payer, year), text, True
    if decisions.plan.shortage is not None:
        yield ("plan", "shortage"), decisions.plan.shortage, True


def check_amount(text: str, is_money: bool, units: Units, currency: str) -> str:
    """Reason why an amount is invalid; empty if it is valid."""
    try:
        money(text, units, currency) if is_money else _amount(text, "day", units)
    except QuantityError as error:
        return str(error)
    return ""
