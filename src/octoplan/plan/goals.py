"""What is wanted of a plan, and what it may not do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from octoplan.errors import PlanError
from octoplan.plan.solver.risk import NEUTRAL, Risk
from octoplan.scenario import Scenario
from octoplan.scenario.amounts import plan_budgets, shortage_price
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

SHORTAGE = 5000.0
"""Price of a unit short of the target if none is given, in the reporting currency: what one unit costs, and more."""

Objective = Literal["least-cost", "most-stopped"]


@dataclass(frozen=True)
class Target:
    """Good units a month from a month (row, from 0) on, and the price of a unit short of it."""

    rate: float
    month: int
    price: float


@dataclass(frozen=True)
class Aims:
    """What is wanted of a plan, and what it may not do.

    objective
        Least expected cost and losses, or most threats stopped for the budgets.
    budgets
        By payer, or by payer and year, money for what the plan decides, at mean prices if all that is asked is made.
    share
        By country, least and greatest share of the units asked.
    units
        By country, least and most units asked over the horizon.
    jobs
        By country, least mean of direct jobs over the horizon, for what is asked.
    most
        By plant, most good units a month.
    target, stopped
        A rate to reach; a share of all threats launched to stop.
    confidence
        Share of futures in which target and share must be reached; all of them, at the price of a shortage, if not
        given.
    fixed
        Decisions that stay as the scenario has them: ``output.PLANT``, ``lines.PLANT``, ``crews``, ``kits``.
    most_lines
        Lines a plant may have; twice what the scenario's plan gives it if not given.
    most_crews
        Crews begun, and kits ordered, in a month at most; four times the scenario's own most if not given.
    worst
        Named scenarios, each a factor by pattern of assumption names: the mean cost of the worst of them counts, and of
        the assumptions as they are.
    """

    objective: Objective = "least-cost"
    risk: Risk = NEUTRAL
    budgets: Mapping[tuple[str, int | None], float] = field(default_factory=dict)
    share: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    units: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    jobs: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    target: Target | None = None
    stopped: float | None = None
    confidence: float | None = None
    fixed: tuple[str, ...] = ()
    most_lines: float | None = None
    most_crews: float | None = None
    worst: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for country, (least, greatest) in self.share.items():
            if not 0.0 <= least <= greatest <= 1.0:
                raise PlanError(
                    f"a share of {country} between {least:g} and {greatest:g} cannot be; write 0 <= a <= b <= 1"
                )
        for what, asked in (("share of threats stopped", self.stopped), ("confidence", self.confidence)):
            if asked is not None and not 0.0 < asked <= 1.0:
                raise PlanError(f"a {what} of {asked:g} cannot be; write one above 0, up to 1")
        if self.confidence is not None and self.target is None and self.stopped is None:
            raise PlanError("a confidence needs something to reach; add a target rate or a share of threats to stop")
        if self.objective == "most-stopped" and not self.budgets:
            raise PlanError("to stop the most threats needs a limit, or everything is bought; add a budget")
        for what, amounts in (("budget", self.budgets), ("jobs", self.jobs), ("most units", self.most)):
            for of, amount in amounts.items():
                if not 0.0 <= amount < float("inf"):
                    raise PlanError(f"{what} of {of}: {amount:g} cannot be; write a number from 0 on")
        if self.worst and self.risk.weight > 0.0:
            raise PlanError("the worst case and a tail are two measures of risk; ask for one of them")


def aims_of(scenario: Scenario, wanted: PlanOptions | None = None) -> Aims:
    """The aims that a scenario's ``[plan]`` states, or another table like it. Raises PlanError for what cannot be."""
    wanted = wanted or scenario.decisions.plan
    units = units_of(scenario.names.currencies)
    budgets = plan_budgets(wanted, units, scenario.currency)
    shortage = shortage_price(wanted, units, scenario.currency)
    months = scenario.names.months
    if wanted.target is None and (wanted.by is not None or shortage is not None):
        raise PlanError("a month to reach, or the price of a shortage, needs the units a month to reach; add a target")
    due = None
    if wanted.target is not None:
        month = 0 if wanted.by is None else known(wanted.by, months, "month")
        due = Target(wanted.target, month, SHORTAGE if shortage is None else shortage)
    return Aims(
        wanted.objective, Risk(wanted.tail, wanted.level), budgets,
        {country: (low, high) for country, (low, high) in wanted.share.items()}, {}, wanted.jobs, wanted.most, due,
        wanted.stopped, wanted.confidence, tuple(wanted.fixed), worst=wanted.worst,
    )  # fmt: skip


def known(name: str, names: tuple[str, ...], what: str) -> int:
    """The row of a name. Raises PlanError for one that is not there."""
    if name not in names:
        raise PlanError(f"there is no {what} {name!r}; known are {', '.join(names)}")
    return names.index(name)
