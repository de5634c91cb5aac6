"""The plan and its rivals through futures that it has never seen, in the full campaign on common random numbers."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from octoplan.campaign.futures import fly
from octoplan.campaign.tally import LAYERS, MAKERS
from octoplan.errors import PlanError
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan import decisions
from octoplan.plan.model import Model
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import YEAR
from octoplan.plan.response_surface import Pilot, begins, losses
from octoplan.plan.second_stage_tables import block
from octoplan.plan.solver.optimality_gap import mean_plan
from octoplan.plan.solver.recourse import costs
from octoplan.plan.solver.risk import NEUTRAL, Risk, weighed
from octoplan.plan.solver.two_stage import Floats, Scenarios, second_cost
from octoplan.plan.units import MONEY, UNIT
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled
from octoplan.scenario.scenario import with_decisions

KEPT = ("leaked", "stopped", "launched", "spend", "good", "hours_paid", "exchange", "damage")

WIDE = 1.96
"""Standard errors either side of a mean that hold 95 % of luck."""

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
    stopped, leaked, launched, made
        Threats and good units over the horizon.
    good
        (futures, months) good units.
    paid
        (futures, months, payers) spend of the programme, its crews and kits, not discounted, millions.
    jobs
        (futures, countries) direct jobs of the programme's plants, the mean over the horizon.
    """

    cost: Floats
    spend: Floats
    loss: Floats
    damage: Floats
    stopped: Floats
    leaked: Floats
    launched: Floats
    made: Floats
    good: Floats
    paid: Floats
    jobs: Floats


@dataclass(frozen=True)
class Flights:
    """A plan, ``plan``, and its rivals by name, through the same futures; and the risk that the plan minds."""

    flown: Mapping[str, Flown]
    risk: Risk = NEUTRAL

    def quantiles(self, name: str, measure: str) -> Interval:
        """P10, P50, P90 and mean of a measure of one plan."""
        return interval(getattr(self.flown[name], measure))

    def difference(self, name: str, measure: str = "cost") -> Interval:
        """A rival less the plan, future by future; its mean has the standard error of the paired difference."""
        return interval(getattr(self.flown[name], measure) - getattr(self.flown["plan"], measure))

    def weighed(self, name: str) -> Interval:
        """As ``difference`` of costs, with the tail weighed as the plan's aims weigh it."""
        own, rival = (weighed(self.risk, self.flown[each].cost) for each in ("plan", name))
        return interval(rival - own)

    def regret(self, name: str) -> Interval:
        """Cost above that of the plan that was the best of these in the future, millions."""
        least = np.min([f.cost for f in self.flown.values()], axis=0)
        return interval(self.flown[name].cost - least)


@dataclass(frozen=True)
class Apart:
    """One number as the linear model has it and as the campaign does: means over the same futures.

    Error:
        Standard error of the mean of flown less linear.

    """

    unit: str
    linear: float
    flown: float
    error: float


def through(
    compiled: Compiled,
    assumptions: Floats,
    seed: int,
    executor: Executor | None,
    told: Callable[[int, int], None] | None,
) -> Flown:
    """One compiled plan through the futures of a seed; what is past on the date of a state is not counted."""
    flown = fly(compiled, assumptions, seed=seed, executor=executor, batch=5, keep=KEPT, progress=told).tally
    pilot = Pilot(compiled, assumptions, (flown,), begins(compiled))
    worth = (1.0 + pilot.number("finance", "discount_rate")) ** (-pilot.middle / YEAR)
    own = [c for c in range(flown["spend"].shape[2]) if c not in (MAKERS, LAYERS)]
    paid = pilot.tally("spend")[:, :, own].sum(2) / MONEY
    spend = (paid.sum(2) * worth).sum(1)
    loss = (losses(pilot, 0) * worth).sum(1) / MONEY
    threats = {name: pilot.tally(name).sum((1, 2, 3)) for name in ("stopped", "leaked", "launched")}
    good = pilot.tally("good").sum(2)
    return Flown(
        spend + loss, spend, loss, pilot.tally("damage").sum((1, 2)) / MONEY, **threats, made=good.sum(1), good=good,
        paid=paid, jobs=jobs(pilot),
    )  # fmt: skip


def jobs(pilot: Pilot) -> Floats:
    """(futures, countries) direct jobs: hours paid over a job's hours, the mean over the horizon."""
    home = np.asarray(pilot.compiled.template.plants["country"])
    into = (home[:, None] == np.arange(len(pilot.compiled.names.countries))).astype(float)
    each = pilot.number("countries", "hours_per_job") * float(pilot.days.sum()) / YEAR
    hours = pilot.tally("hours_paid").sum(1) @ into
    found: Floats = np.divide(hours, each, out=np.zeros_like(hours), where=each > 0.0)
    return found


def rivals(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """The rivals: the scenario's own plan, splits by country, the mean-value plan, and no programme.

    The splits ask as much as the plan does over its futures, or as the scenario's own plan where it asks nothing, with
    the crews and kits of the plan; each country's plants keep the pattern of the scenario's own plan. A country whose
    plants are asked nothing there has no split.
    """
    own, planned = scenario.compile(), plan.scenario.compile()
    names = own.names
    found = {"own plan": own}
    asked = plan.tables["asked"].values.mean(0).sum(1)
    base = own_units(plan)
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
        later = np.arange(own.plan.output.shape[1]) >= plan.basis.given.output_from[:, None]
        output = np.where(later, own.plan.output * times[:, None], own.plan.output)
        lines = np.where(times[:, None] > 0.0, np.ceil(own.plan.lines * np.maximum(1.0, times[:, None])), 0.0)
        lines = np.where(later, np.maximum(lines, plan.basis.given.last_lines[:, None]), own.plan.lines)
        found[name] = planned._replace(plan=planned.plan._replace(output=output, lines=lines))
    model = plan.model
    naive = (
        mean_plan(model.problem, first(model.scenarios, plan.basis.counted))
        if plan.values is None
        else plan.values.mean_plan
    )
    found["mean-value plan"] = written(scenario, model, naive)
    if plan.facts.pilot.begin == 0:
        found["no programme"] = own._replace(plan=own.plan._replace(programme=np.zeros_like(own.plan.programme)))
    return found


def own_units(plan: Plan) -> Floats:
    """(plants,) good units that the scenario's own plan asks for, the mean over futures."""
    facts = plan.facts
    pattern = facts.pilot.compiled.plan.output
    each = pattern[np.arange(len(pattern))[:, None], np.maximum(facts.since, 0)]
    found: Floats = (np.where(facts.since >= 0, each, 0.0) * facts.open_share).mean(0).sum(1)
    return found


def written(scenario: Scenario, model: Model, x: Floats) -> Compiled:
    """The scenario with a first stage as its decisions, compiled."""
    tables = decisions.chosen(model, x, scenario.names.plants)
    return with_decisions(scenario, decisions.rewritten(scenario, tables)).compile()


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
    every = {"plan": plan.scenario.compile(), **rivals(scenario, plan)}
    flown = fly_each(scenario, every, futures, seed, "flying plan and rivals", executor, progress)
    return Flights(flown, plan.aims.risk)


def fly_each(
    scenario: Scenario, every: Mapping[str, Compiled], futures: int, seed: int, what: str, executor: Executor | None,
    progress: Progress | None,
) -> dict[str, Flown]:  # fmt: skip
    """Compiled plans by name through the same futures, those that no plan was made for from the seed."""
    unseen = (seed + UNSEEN) % 2**64
    assumptions = draw_assumptions(scenario, futures, unseen)
    flown: dict[str, Flown] = {}
    for row, (name, compiled) in enumerate(every.items()):

        def told(done: int, _: int, row: int = row) -> None:
            if progress is not None:
                progress(what, row * futures + done, len(every) * futures)

        flown[name] = through(compiled, assumptions, unseen, executor, told)
    return flown


def disagreement(plan: Plan, *, seed: int, executor: Executor | None = None) -> dict[str, Apart]:
    """The linear model against the campaign on the futures the plan was made for; ``seed`` is theirs.

    Money only where the aim is least cost; of each budget what its payer spends.
    """
    model, futures = plan.model, plan.basis.counted
    assumptions = plan.facts.pilot.assumptions[:futures]
    flown = through(plan.scenario.compile(), assumptions, seed, executor, None)
    followed = plan.followed[:futures]
    currency = f"M {plan.scenario.currency}"
    found = {"good units": apart("units", block(model, followed, "made").sum((1, 2)) * UNIT, flown.made)}
    if plan.basis.counts is not None:
        kept = block(model, followed, "halted").sum(1) * UNIT
        found["leakers"] = apart("threats", plan.basis.counts.bare[:futures].sum(1) - kept, flown.leaked)
    if not model.counts_threats:
        loss, cost = linear_money(plan, followed)
        found["spend"] = apart(currency, cost - loss, flown.spend)
        found["losses"] = apart(currency, loss, flown.loss)
        found["cost"] = apart(currency, cost, flown.cost)
    for limit in model.limits:
        if limit.payer is not None:
            payer, months = limit.payer, limit.months
            spent = flown.paid[:, months, payer].sum(1)
            found[limit.name] = apart(currency, np.full(futures, limit.at(plan.solved.x)), spent)
    return found


def linear_money(plan: Plan, followed: Floats) -> tuple[Floats, Floats]:
    """(futures,) losses, and losses and spend, of the linear model, millions, without shortages and what is in vain."""
    model, futures = plan.model, len(followed)
    discount = plan.facts.discount[:futures]
    loss = (plan.curves.bare[:futures] * discount).sum(1) / MONEY - (block(model, followed, "saved") * discount).sum(1)
    scenarios = first(model.scenarios, futures)
    cost = costs(model.problem, scenarios, plan.solved.x) + model.idle[:futures]
    for name in ("missed", "short", "lacking"):
        if name in model.sheet.y.blocks:
            columns = model.sheet.y.blocks[name]
            each = np.array([second_cost(model.problem, scenarios.realise(s))[columns] for s in range(futures)])
            cost = cost - (followed[:, columns] * each).reshape(futures, -1).sum(1)
    return loss, cost


def first(scenarios: Scenarios, count: int) -> Scenarios:
    """The first scenarios, equally likely."""
    return Scenarios(np.full(count, 1.0 / count), scenarios.realise)


def apart(unit: str, linear: Floats, flown: Floats) -> Apart:
    """Means over futures, and the error of their difference."""
    gone = flown - linear
    error = float(gone.std(ddof=1) / np.sqrt(len(gone))) if len(gone) > 1 else float("nan")
    return Apart(unit, float(linear.mean()), float(flown.mean()), error)
