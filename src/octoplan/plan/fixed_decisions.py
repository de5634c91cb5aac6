"""Decisions that a plan may not change: those fixed by the goals, and those for past or frozen months."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from octoplan.plan.goals import Goals, decision_problem, raise_problems
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.scenario.arrays import Compiled, DecisionArrays

OUTPUT_WINDOWS, LINE_WINDOWS, CALENDAR_WINDOWS = (0, 1, 2, 3, 6, 9, 13), (0, 3, 9), (0, 3, 6, 9, 12, 18)
"""First months of the windows within which a decision is constant. Windows of output and lines are counted from the
opening of the plant or, if it is open already, from its first free month; windows of crew intake and kit orders from
the first free calendar month."""


@dataclass(frozen=True)
class FixedDecisions:
    """The scenario's decisions, and the first month in which each can be changed.

    plan
        The scenario's decisions, compiled.
    output_free_from, lines_free_from
        (plants,) first free month, counted from the opening of the plant; equal to the number of months of the horizon
        if the decision is fixed throughout.
    intake_free_from, kits_free_from
        First free month, counted from the start of the scenario.
    """

    plan: DecisionArrays
    output_free_from: Ints
    lines_free_from: Ints
    intake_free_from: int
    kits_free_from: int

    @property
    def months(self) -> int:
        """Number of months of the scenario."""
        return int(self.plan.output.shape[1])

    def output(self, since_opening: Ints) -> Floats:
        """(s, p, t) units requested by fixed decisions, from (s, p, t) months since opening."""
        return fixed_series(self.plan.output, self.output_free_from, since_opening)

    def lines(self, since_opening: Ints) -> Floats:
        """(s, p, t) lines installed by fixed decisions, from (s, p, t) months since opening."""
        return fixed_series(self.plan.lines, self.lines_free_from, since_opening)

    @property
    def last_fixed_lines(self) -> Floats:
        """(plants,) lines installed in the last fixed month; 0 if lines are free or fixed throughout."""
        plants = np.arange(len(self.lines_free_from))
        lines = self.plan.lines[plants, np.maximum(self.lines_free_from - 1, 0)]
        return np.where((self.lines_free_from > 0) & (self.lines_free_from < self.months), lines, 0.0)

    def intake_or_orders(self, name: str, first_month: int) -> Floats:
        """(t,) fixed crew intake (``crews``) or kit orders (``kits``) from ``first_month``; 0 in free months."""
        series, first_free = (
            (self.plan.intake, self.intake_free_from)
            if name == "crews"
            else (self.plan.kit_orders, self.kits_free_from)
        )
        return np.where(np.arange(self.months) < first_free, series, 0.0)[first_month:]


def fixed_series(series: Floats, first_free: Ints, since_opening: Ints) -> Floats:
    """(s, p, t) decisions in the months in which they are fixed; 0 in free months and before the plant opens.

    series, first_free, since_opening
        (p, months) decisions by month since opening; (p,) first free month; (s, p, t) months since opening.
    """
    plants = np.arange(len(series))[:, None]
    is_fixed = (since_opening >= 0) & (since_opening < first_free[:, None])
    return np.where(is_fixed, series[plants, np.maximum(since_opening, 0)], 0.0)


def shifted_windows(windows: tuple[int, ...], first_month: int, months: int) -> tuple[int, ...]:
    """First months of the windows within the horizon, if the first window starts at ``first_month``."""
    return tuple(first_month + w for w in windows if first_month + w < months)


def fixed_decisions(
    compiled: Compiled, names: tuple[str, ...], first_free_month: int, opening_months: Ints
) -> FixedDecisions:
    """Decisions fixed by name, and decisions for the months before the first free month.

    names
        Names of decisions as in ``Goals.fixed``.
    first_free_month
        First calendar month that is neither past nor frozen, as an index from 0.
    opening_months
        (plants,) month in which the plant is known to have opened. It is -1 if the opening is uncertain; then only
        decisions fixed by name are fixed.

    Raises PlanError if a name is not that of a decision.
    """
    plants, months = compiled.names.plants, len(compiled.names.months)
    raise_problems([problem for name in names for problem in decision_problem(name, plants)])
    first_free = np.where(opening_months >= 0, np.clip(first_free_month - opening_months, 0, months), 0).astype(
        np.int64
    )
    output_free, lines_free, calendar = (
        first_free.copy(),
        first_free.copy(),
        {"crews": first_free_month, "kits": first_free_month},
    )
    for name in names:
        kind, _, plant = name.partition(".")
        if kind in calendar:
            calendar[kind] = months
        else:
            (output_free if kind == "output" else lines_free)[plants.index(plant) if plant else slice(None)] = months
    return FixedDecisions(compiled.plan, output_free, lines_free, calendar["crews"], calendar["kits"])


def check_fixed(
    fixed: FixedDecisions, goals: Goals, plants: tuple[str, ...], first_month: int, opening_months: Ints
) -> None:
    """Raises PlanError with a list of the fixed decisions in the planned months that exceed a bound of the goals.

    opening_months
        (plants,) as in ``fixed_decisions``.
    """
    raise_problems(list(bound_violations(fixed, goals, plants, first_month, opening_months)))


def bound_violations(
    fixed: FixedDecisions, goals: Goals, plants: tuple[str, ...], first_month: int, opening_months: Ints
) -> Iterator[str]:
    """Yield a sentence for each fixed decision that exceeds a bound of the goals."""
    past_months = np.where(opening_months >= 0, np.maximum(first_month - opening_months, 0), 0)
    checks = [
        (
            f"the output of {plant}",
            "good units a month",
            fixed.plan.output[p, past_months[p] : fixed.output_free_from[p]],
            goals.max_output.get(plant),
        )
        for p, plant in enumerate(plants)
    ]
    checks += [
        (
            f"the lines of {plant}",
            "lines",
            fixed.plan.lines[p, past_months[p] : fixed.lines_free_from[p]],
            goals.max_lines,
        )
        for p, plant in enumerate(plants)
    ]
    checks += [
        (
            "the crew intake",
            "crews a month",
            fixed.plan.intake[first_month : fixed.intake_free_from].astype(float),
            goals.max_crews,
        ),
        (
            "the kit orders",
            "kits a month",
            fixed.plan.kit_orders[first_month : fixed.kits_free_from].astype(float),
            goals.max_crews,
        ),
    ]
    for decision, unit, series, bound in checks:
        if bound is not None and len(series) and series.max() > bound:
            yield (
                f"{decision} is fixed or frozen at up to {series.max():g} {unit}, above the bound of {bound:g}; "
                f"smallest change that makes it feasible: raise the bound to {series.max():g}, or free the decision"
            )
