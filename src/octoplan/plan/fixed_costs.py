"""Costs that do not depend on output: lines, crew training, crews, kits, and the overhead of open plants."""

from dataclasses import dataclass

import numpy as np

from octoplan.plan.fixed_decisions import CALENDAR_WINDOWS, LINE_WINDOWS, FixedDecisions, windows_from
from octoplan.plan.parameters import Parameters
from octoplan.plan.solver.two_stage import Flags, Floats, Ints


@dataclass(frozen=True)
class CostFilter:
    """Costs to include: (plants,) true for the plants, and whether crews and kits are included."""

    plants: Flags
    crews: bool
    kits: bool


@dataclass(frozen=True)
class FixedCosts:
    """Cost of first-stage decisions in each future, in money.

    lines
        (s, p, windows) cost of a line, by the window in which it is added.
    intake, kits
        (s, windows) cost of one crew entering training, and of one kit ordered, in every month of a window.
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
    return windows_from(CALENDAR_WINDOWS, fixed.intake_from if name == "crews" else fixed.kits_from, fixed.months)


def window_matrix(windows: tuple[int, ...], first_month: int, months: int) -> Floats:
    """(t, windows) 1 if a planned month falls in a window, else 0."""
    month = np.arange(first_month, first_month + months)
    return np.asarray((window_index(windows, month)[:, None] == np.arange(len(windows))), float)


def flow_by_window(flow: Floats, windows: tuple[int, ...], first_month: int) -> Floats:
    """(s, t, windows) crews or kits in service in month t per crew or kit started in every month of a window.

    flow
        (s, start, t) crews or kits in service in month t for each one started in month ``start``.
    """
    present: Floats = np.einsum("sbt,bw->stw", flow, window_matrix(windows, first_month, flow.shape[1]))
    return present


def fixed_costs(parameters: Parameters, fixed: FixedDecisions, weight: Floats, counted: CostFilter) -> FixedCosts:
    """Costs that do not depend on output, weighted by month.

    A line is paid for when it is added, a crew for its training and its months in service, a kit when it is ordered.

    weight
        (s, t) weight of a payment in the month, such as the discount factor.
    """
    runs, days = parameters.runs, parameters.runs.days
    plant_weight = (parameters.uplift[:, None] * weight)[:, None] * counted.plants[:, None]
    lines, constant = line_costs(parameters, fixed, parameters.plant_money("line_capital") * plant_weight)
    overhead = parameters.plant_money("overhead") * parameters.open_share * days * plant_weight
    pay = runs.money("crews", "cost")[:, :, 0] * days * weight * counted.crews
    course = runs.money("crews", "course_cost")[:, :, 0] * weight * counted.crews
    price = runs.money("kits", "price")[:, :, 0] * weight * counted.kits
    crews, kits = (fixed.starts(name, runs.begin) for name in ("crews", "kits"))
    present = parameters.crews + np.einsum("b,sbt->st", crews, parameters.graduates)
    constant = constant + overhead.sum((1, 2)) + (pay * present).sum(1) + course @ crews + price @ kits
    intake_windows, kit_windows = calendar_windows("crews", fixed), calendar_windows("kits", fixed)
    intake = course @ window_matrix(intake_windows, runs.begin, len(days))
    intake += np.einsum("st,stw->sw", pay, flow_by_window(parameters.graduates, intake_windows, runs.begin))
    return FixedCosts(lines, intake, price @ window_matrix(kit_windows, runs.begin, len(days)), constant)


def line_costs(parameters: Parameters, fixed: FixedDecisions, capital: Floats) -> tuple[Floats, Floats]:
    """Cost of a line added in each window, (s, p, windows), and of the fixed lines, (s,), in money.

    Lines are never removed, so the cost of n lines from window w and m more from a later window w' is
    n capital(w) + m capital(w').

    capital
        (s, p, t) cost of a line added in the month.
    """
    since = parameters.since
    windows = windows_from(LINE_WINDOWS, 0, fixed.months)
    at_start = np.stack(
        [(((since - fixed.lines_from[:, None] == w) & (since >= 0)) * capital).sum(2) for w in windows], 2
    )
    steps = at_start - np.concatenate([at_start[:, :, 1:], np.zeros_like(at_start[:, :, :1])], 2)
    added = np.maximum(0.0, fixed.lines(since) - np.where(since >= 1, fixed.lines(since - 1), 0.0))
    is_fixed = (since >= 0) & (since < fixed.lines_from[:, None])
    constant = (added * is_fixed * capital).sum((1, 2)) - (at_start[:, :, 0] * fixed.last_lines).sum(1)
    return steps, constant
