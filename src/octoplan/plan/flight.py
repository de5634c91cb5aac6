"""The plan and its rivals through futures that it has never seen, in the full campaign on common random numbers."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from octoplan.campaign.futures import fly
from octoplan.campaign.tally import LAYERS, MAKERS
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.run import beliefs_of
from octoplan.plan import decisions, extensive
from octoplan.plan.curves import Pilot, losses
from octoplan.plan.model import MONEY, UNIT
from octoplan.plan.optimise import Plan, block
from octoplan.plan.recourse import costs
from octoplan.plan.twostage import Floats, PlanError, mean
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled
from octoplan.scenario.scenario import with_decisions

KEPT = (
    "leaked", "stopped", "spend", "good", "exchange", "opened", "plant_down", "supplier_down", "lane_down", "crews",
    "kits", "damage",
)  # fmt: skip

UNSEEN = 1_000_003
"""Added to the seed of the futures a plan was made for: those it is flown through share none with them."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Flown:
    """One plan through all futures, (futures,) each.

    cost
        Discounted spend of the programme, its crews and kits, and losses: leakers times the mean damage of their class
        and the shots of the other layers. Millions.
    spend, loss
        Its two parts.
    damage
        Damage as drawn, millions, not discounted.
    stopped, leaked, made
        Threats and good units over the horizon.
    """

    cost: Floats
    spend: Floats
    loss: Floats
    damage: Floats
    stopped: Floats
    leaked: Floats
    made: Floats


@dataclass(frozen=True)
class Flights:
    """A plan, ``plan``, and its rivals by name, through the same futures."""

    flown: Mapping[str, Flown]

    def quantiles(self, name: str, measure: str) -> Interval:
        """P10, P50, P90 and mean of a measure of one plan."""
        return interval(getattr(self.flown[name], measure))

    def difference(self, name: str, measure: str = "cost") -> Interval:
        """A rival less the plan, future by future; its mean has the standard error of the paired difference."""
        return interval(getattr(self.flown[name], measure) - getattr(self.flown["plan"], measure))

    def regret(self, name: str) -> Interval:
        """Cost above that of the plan that was the best of these in the future, millions."""
        least = np.min([f.cost for f in self.flown.values()], axis=0)
        return interval(self.flown[name].cost - least)


@dataclass(frozen=True)
class Disagreement:
    """What the linear model says of its own futures, and what the campaign makes of them: means over the futures.

    made, spend, loss, cost
        (linear, flown): units; discounted millions.

    Error:
        Standard error of the mean of flown cost less linear cost, millions.

    """

    made: tuple[float, float]
    spend: tuple[float, float]
    loss: tuple[float, float]
    cost: tuple[float, float]
    error: float


def through(
    compiled: Compiled, beliefs: Floats, seed: int, executor: Executor | None, told: Callable[[int, int], None] | None
) -> Flown:
    """One compiled plan through the futures of a seed."""
    flown = fly(compiled, beliefs, seed=seed, executor=executor, batch=5, keep=KEPT, progress=told).tally
    pilot = Pilot(compiled, beliefs, (flown,))
    days = compiled.links.month_days
    years = (np.cumsum(days) - 0.5 * days) / 365.25
    worth = (1.0 + pilot.number("finance", "discount_rate")) ** -years
    own = [c for c in range(flown["spend"].shape[2]) if c not in (MAKERS, LAYERS)]
    spend = (pilot.tally("spend")[:, :, own].sum((2, 3)) * worth).sum(1) / MONEY
    loss = (losses(pilot, 0) * worth).sum(1) / MONEY
    return Flown(
        spend + loss, spend, loss, pilot.tally("damage").sum((1, 2)) / MONEY, pilot.tally("stopped").sum((1, 2, 3)),
        pilot.tally("leaked").sum((1, 2, 3)), pilot.tally("good").sum((1, 2)),
    )  # fmt: skip


def rivals(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """The rivals: the scenario's own plan, splits by country, the mean-value plan, and no programme.

    The splits ask as much as the plan does over its futures, or as the scenario's own plan where it asks nothing, with
    the crews and kits of the plan; each country's plants keep the pattern of the scenario's own plan. A country whose
    plants are asked nothing there has no split.
    """
    own, planned = scenario.compile(), plan.scenario.compile()
    pilot, names = plan.facts.pilot, own.names
    found = {"own plan": own}
    asked = plan.tables["asked"].values.mean(0).sum(1)
    pattern = pilot.compiled.plan.output
    since = np.maximum(plan.facts.since, 0)
    rows = np.arange(len(pattern))[:, None]
    base = (np.where(plan.facts.since >= 0, pattern[rows, since], 0.0) * plan.facts.open_share).mean(0).sum(1)
    total = asked.sum() if asked.sum() >= 1.0 else base.sum()
    home = np.asarray(own.template.plants["country"])
    makers = [c for c in sorted(set(home.tolist())) if base[home == c].sum() > 0.0]
    splits: dict[str, dict[int, float]] = {f"all {names.countries[c]}": {c: 1.0} for c in makers}
    if len(makers) == 2:
        splits["half each"] = dict.fromkeys(makers, 0.5)
    for name, shares in splits.items():
        times = np.zeros(len(base))
        for country, share in shares.items():
            times[home == country] = share * total / base[home == country].sum()
        output = own.plan.output * times[:, None]
        lines = np.where(times[:, None] > 0.0, np.ceil(own.plan.lines * np.maximum(1.0, times[:, None])), 0.0)
        found[name] = planned._replace(plan=planned.plan._replace(output=output, lines=lines))
    naive = extensive.solve(plan.model.problem, mean(plan.model.scenarios), gap=1e-3, time_limit=60.0).x
    tables = decisions.chosen(plan.model, naive, names.plants, len(names.months))
    found["mean-value plan"] = with_decisions(scenario, decisions.rewritten(scenario, tables)).compile()
    found["no programme"] = own._replace(plan=own.plan._replace(programme=np.zeros_like(own.plan.programme)))
    return found


def fly_plans(
    scenario: Scenario,
    plan: Plan,
    *,
    futures: int = 200,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Flights:
    """The plan and its rivals through futures of a seed that no plan was made for. Raises PlanError below 2."""
    if futures < 2:
        raise PlanError(f"an interval cannot come of {futures} futures; fly 2 at least, better 1,000")
    unseen = (seed + UNSEEN) % 2**64
    beliefs = beliefs_of(scenario, futures, unseen)
    every = {"plan": plan.scenario.compile(), **rivals(scenario, plan)}
    flown: dict[str, Any] = {}
    for row, (name, compiled) in enumerate(every.items()):

        def told(done: int, _: int, row: int = row) -> None:
            if progress is not None:
                progress("flying plan and rivals", row * futures + done, len(every) * futures)

        flown[name] = through(compiled, beliefs, unseen, executor, told)
    return Flights(flown)


def disagreement(plan: Plan, *, seed: int, executor: Executor | None = None) -> Disagreement:
    """The linear model against the campaign on the futures the plan was made for; ``seed`` is theirs."""
    pilot, model = plan.facts.pilot, plan.model
    flown = through(plan.scenario.compile(), pilot.beliefs, seed, executor, None)
    discount = plan.facts.discount
    saved = (block(model, plan.followed, "saved") * discount).sum(1)
    loss = (plan.curves.bare * discount).sum(1) / MONEY - saved
    cost = costs(model.problem, model.scenarios, plan.solved.x) + plan.idle
    vain = (block(model, plan.followed, "missed") * model.problem.second.cost[model.sheet.y.blocks["missed"]]).sum(
        (1, 2)
    )
    cost = cost - vain
    made = block(model, plan.followed, "made").sum((1, 2)) * UNIT
    apart = flown.cost - cost
    return Disagreement(
        (float(made.mean()), float(flown.made.mean())),
        (float((cost - loss).mean()), float(flown.spend.mean())),
        (float(loss.mean()), float(flown.loss.mean())),
        (float(cost.mean()), float(flown.cost.mean())),
        float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else float("nan"),
    )
