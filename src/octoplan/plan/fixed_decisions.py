"""What is settled before a plan is made: decisions that stay as they are, and months that are past or frozen."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.goals import known
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.scenario.arrays import Compiled, Plan

OUTPUT, LINES, CALENDAR = (0, 1, 2, 3, 6, 9, 13), (0, 3, 9), (0, 3, 6, 9, 12, 18)
"""First months of the windows: of output and of lines from where a plant is free, of intake and kit orders from where
the calendar is."""


@dataclass(frozen=True)
class Given:
    """The scenario's own series, and the month from which each is decided anew.

    plan
        The scenario's decisions, compiled.
    output_from, lines_from
        (plants,) months since opening; as many as the horizon has for what is never decided.
    intake_from, kits_from
        Months of the calendar, from the scenario's start.
    """

    plan: Plan
    output_from: Ints
    lines_from: Ints
    intake_from: int
    kits_from: int

    @property
    def months(self) -> int:
        return int(self.plan.output.shape[1])

    def output(self, since: Ints) -> Floats:
        """(s, p, t) units asked by what is given, from (s, p, t) months since opening."""
        return held(self.plan.output, self.output_from, since)

    def lines(self, since: Ints) -> Floats:
        """(s, p, t) lines installed by what is given."""
        return held(self.plan.lines, self.lines_from, since)

    @property
    def last_lines(self) -> Floats:
        """(p,) lines there when lines are decided for the first time."""
        plants = np.arange(len(self.lines_from))
        last = self.plan.lines[plants, np.maximum(self.lines_from - 1, 0)]
        return np.where((self.lines_from > 0) & (self.lines_from < self.months), last, 0.0)

    def begun(self, name: str, begin: int) -> Floats:
        """(t,) crews or kits begun from month ``begin`` on by what is given."""
        series, first = (
            (self.plan.intake, self.intake_from) if name == "crews" else (self.plan.kit_orders, self.kits_from)
        )
        return np.where(np.arange(self.months) < first, series, 0.0)[begin:]


def held(series: Floats, first: Ints, since: Ints) -> Floats:
    """(s, p, t) the value of each plant's own series while it is given, 0 afterwards and before the plant opens."""
    plants = np.arange(len(series))[:, None]
    there = (since >= 0) & (since < first[:, None])
    return np.where(there, series[plants, np.maximum(since, 0)], 0.0)


def windows_from(windows: tuple[int, ...], begin: int, months: int) -> tuple[int, ...]:
    """The windows, begun anew at a month, that fall into the horizon."""
    return tuple(begin + w for w in windows if begin + w < months)


def given_of(compiled: Compiled, fixed: tuple[str, ...], free: int, opened: Ints) -> Given:
    """What the names in ``fixed`` and the months before ``free`` settle.

    free
        The first month of the calendar that is not past or frozen.
    opened
        (plants,) month in which a plant is known to have opened; -1 where its opening is still uncertain, so that
        nothing of it is settled.

    Raises PlanError for a name that is no decision.
    """
    names, months = compiled.names, len(compiled.names.months)
    start = np.where(opened >= 0, np.clip(free - opened, 0, months), 0).astype(np.int64)
    output, lines, calendar = start.copy(), start.copy(), {"crews": free, "kits": free}
    for name in fixed:
        what, _, plant = name.partition(".")
        if what in calendar and not plant:
            calendar[what] = months
        elif what in {"output", "lines"}:
            row = known(plant, names.plants, "plant") if plant else slice(None)
            (output if what == "output" else lines)[row] = months
        else:
            known_names = ", ".join(f"{a}.{b}" for a, b in product(("output", "lines"), names.plants[:1]))
            raise PlanError(f"{name!r} is no decision that can be fixed; write crews, kits, or such as {known_names}")
    return Given(compiled.plan, output, lines, calendar["crews"], calendar["kits"])
