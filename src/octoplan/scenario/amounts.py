"""Figures with units in ``decisions.toml``: the cover of stocks, budgets, and the price of a shortage."""

import re
from collections.abc import Iterator

from octoplan.errors import QuantityError
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import Units, figure_of
from octoplan.scenario.report import quoted

Path = tuple[str, ...]

YEAR = re.compile(r"[0-9]{4}")


def cover_days(decisions: Decisions, units: Units) -> float:
    """The cover of the base-stock policy in days."""
    return _amount(decisions.orders.cover, "day", units)[0]


def budgets_of(decisions: Decisions, units: Units, currency: str) -> dict[str, float]:
    """What each payer can spend over the horizon, in the reporting currency at the scenario's price base."""
    return {payer: money(text, units, currency) for payer, text in decisions.budget.items()}


def plan_budgets(options: PlanOptions, units: Units, currency: str) -> dict[tuple[str, int | None], float]:
    """What a plan may spend by payer and year (None for the whole horizon), in the reporting currency.

    Raises:
        QuantityError: An amount or a year that cannot be used.

    """
    return {(payer, year): money(text, units, currency) for payer, year, text in _yearly(options)}


def shortage_price(options: PlanOptions, units: Units, currency: str) -> float | None:
    """The price of a unit short of the plan's target in the reporting currency; None where none is stated."""
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
    """An amount of money in the reporting currency.

    Raises:
        QuantityError: The text is not an amount in that currency, or is below 0.

    """
    value, unit = _amount(text, "money", units)
    if unit != currency:
        raise QuantityError(
            f"{quoted(text)} is not in {currency}, the reporting currency; exchange rates are uncertain here"
        )
    return value


def _amount(text: str, expected: str, units: Units) -> tuple[float, str]:
    figure = figure_of(text)
    value, currency = units.convert(figure.number, figure.unit or "1", expected)
    if value < 0:
        raise QuantityError(f"{quoted(text)} is below 0")
    return value, currency


def figures(decisions: Decisions) -> Iterator[tuple[Path, str, bool]]:
    """Every figure with a unit: its path, its text, and whether it is money."""
    yield ("orders", "cover"), decisions.orders.cover, False
    for payer, text in decisions.budget.items():
        yield ("budget", payer), text, True
    for payer, limit in decisions.plan.budget.items():
        for year, text in ((None, limit),) if isinstance(limit, str) else limit.items():
            yield ("plan", "budget", payer) if year is None else ("plan", "budget", payer, year), text, True
    if decisions.plan.shortage is not None:
        yield ("plan", "shortage"), decisions.plan.shortage, True


def check_figure(text: str, is_money: bool, units: Units, currency: str) -> str:
    """Why a figure cannot be used; '' if it can."""
    try:
        money(text, units, currency) if is_money else _amount(text, "day", units)
    except QuantityError as error:
        return str(error)
    return ""
