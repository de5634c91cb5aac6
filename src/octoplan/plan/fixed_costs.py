"""Costs that do not depend on output: lines, crew training, crews, kits, and the overhead of open plants."""

from dataclasses import dataclass

import numpy as np

from octoplan.plan.fixed_decisions import CALENDAR_WINDOWS, LINE_WINDOWS, FixedDecisions, shifted_windows
from octoplan.plan.parameters import Parameters
from octoplan.plan.solver.two_stage import Flags, Floats, Ints


@dataclass(frozen=True)
class CostFilter:
    """Costs to include: those of plants, (plants,) true if included, of crews, and of kits."""

    plants: Flags
    crews: bool
    kits: bool


@dataclass(frozen=True)
class FixedCosts:
    """Cost of first-stage decisions in each future, in money.

    lines
        (s, p, windows) cost of a line, by the window in which it is added.
    intake, kits
        (s, windows) cost of training one crew, and of ordering one kit, in every month of the window.
    constant
        (s,) cost that is independent of the free decisions.
    """

    lines: Floats
    intake: Floats
    kits: Floats
    constant: Floats


def window_index(windows: tuple[int, ...], months: Ints) -> Ints:
    """Index of the window that contains each month, from the first months of the windows; -1 before the first."""
    return np.asarray(np.searchsorted(np.array(windows), months, "right") - 1)


def calendar_windows(name: str, fixed: FixedDecisions) -> tuple[int, ...]:
    """First months of the windows of crew intake (``crews``) or kit orders (``kits``)."""
    return shifted_windows(
        CALENDAR_WINDOWS, fixed.intake_free_from if name == "crews" else fixed.kits_free_from, fixed.months
    )


def window_matrix(windows: tuple[int, ...], first_month: int, months: int) -> Floats:
    """(t, windows) 1 if a planned month falls in a window, else 0."""
    month = np.arange(first_month, first_month + months)
    return np.asarray((window_index(windows, month)[:, None] == np.arange(len(windows))), float)


def in_service_by_window(in_service: Floats, windows: tuple[int, ...], first_month: int) -> Floats:
    """(s, t, windows) crews or kits in service in month t if one is started in every month of the window.

    in_service
        (s, start, t) crews or kits in service in month t per crew entering training or kit ordered in month ``start``.
    """
    by_window: Floats = np.einsum("sbt,bw->stw", in_service, window_matrix(windows, first_month, in_service.shape[1]))
    return by_window


def fixed_costs(parameters: Parameters, fixed: FixedDecisions, weight: Floats, cost_filter: CostFilter) -> FixedCosts:
    """Costs that do not depend on output, weighted by month.

    A line is paid for when it is added, a crew for its training and its months in service, a kit when it is ordered.

    weight
        (s, t) weight of a payment in the month, such as the discount factor.
    """
    runs, days = parameters.runs, parameters.runs.days
    plant_weight = (parameters.uplift[:, None] * weight)[:, None] * cost_filter.plants[:, None]
    lines, constant = line_costs(parameters, fixed, parameters.plant_money("line_capital") * plant_weight)
    overhead = parameters.plant_money("overhead") * parameters.open_share * days * plant_weight
    monthly_pay = runs.money_draws("crews", "cost")[:, :, 0] * days * weight * cost_filter.crews
    course_cost = runs.money_draws("crews", "course_cost")[:, :, 0] * weight * cost_filter.crews
    kit_price = runs.money_draws("kits", "price")[:, :, 0] * weight * cost_filter.kits
    crews, kits = (fixed.intake_or_orders(name, runs.first_month) for name in ("crews", "kits"))
    crews_in_service = parameters.crews + np.einsum("b,sbt->st", crews, parameters.crews_per_intake)
    constant = (
        constant
        + overhead.sum((1, 2))
        + (monthly_pay * crews_in_service).sum(1)
        + course_cost @ crews
        + kit_price @ kits
    )
    intake_windows, kit_windows = calendar_windows("crews", fixed), calendar_windows("kits", fixed)
    intake = course_cost @ window_matrix(intake_windows, runs.first_month, len(days))
    intake += np.einsum(
        "st,stw->sw", monthly_pay, in_service_by_window(parameters.crews_per_intake, intake_windows, runs.first_month)
    )
    return FixedCosts(lines, intake, kit_price @ window_matrix(kit_windows, runs.first_month, len(days)), constant)


def line_costs(parameters: Parameters, fixed: FixedDecisions, capital: Floats) -> tuple[Floats, Floats]:
    """Cost of a line added in each window, (s, p, windows), and of the fixed lines, (s,), in money.

    Lines are never removed, so the cost of n lines from window w and m more from a later window w' is
    n capital(w) + m capital(w').

    capital
        (s, p, t) cost of a line added in the month.
    """
    since_opening = parameters.since_opening
    windows = shifted_windows(LINE_WINDOWS, 0, fixed.months)
    cost_at_start = np.stack(
        [
            (((since_opening - fixed.lines_free_from[:, None] == w) & (since_opening >= 0)) * capital).sum(2)
            for w in windows
        ],
        2,
    )
    cost_by_window = cost_at_start - np.concatenate(
        [cost_at_start[:, :, 1:], np.zeros_like(cost_at_start[:, :, :1])], 2
    )
    lines_added = np.maximum(
        0.0, fixed.lines(since_opening) - np.where(since_opening >= 1, fixed.lines(since_opening - 1), 0.0)
    )
    is_fixed = (since_opening >= 0) & (since_opening < fixed.lines_free_from[:, None])
    constant = (lines_added * is_fixed * capital).sum((1, 2)) - (cost_at_start[:, :, 0] * fixed.last_fixed_lines).sum(1)
    return cost_by_window, constant
