"""A plan in sentences with units and dates: what it does, what binds, why it falls short, how it flies."""

from collections.abc import Iterator, Mapping

import numpy as np

from octoplan.plan.limits import found_value
from octoplan.plan.optimise import Plan
from octoplan.plan.results.evaluation import WIDE, Apart, Flights
from octoplan.plan.results.frontier import WORST, Frontier, tail_values
from octoplan.plan.second_stage_tables import Table, block
from octoplan.plan.solver.two_stage import Floats
from octoplan.plan.units import CREW, UNIT
from octoplan.scenario import limiting_factors

OFTEN, LEAST = 0.1, 0.5
"""Share of futures in which a limit must bind in a month, and money that one more must be worth, to be spoken of."""

WAITING = "plants wait for their gates"
SHORT = "lines or parts are short"
ALL_MADE = "all that is asked is made: more would cost more than the shortage, or may not be had"


def summary(plan: Plan) -> list[str]:
    """The plan in a few lines."""
    scenario, unit = plan.scenario, plan.unit
    asked = plan.tables["asked"].values.mean(0).sum(1)
    better, verb = ("saves", "save") if not plan.model.counts_threats else ("stops", "stop")
    by_plant = ", ".join(f"{n} {a:,.0f}" for n, a in zip(scenario.names.plants, asked, strict=True) if a >= 1)
    lines = [
        f"{scenario.title}: {plan.status}, gap {plan.gap:.2%} of the plan's worth, {plan.seconds:.0f} s",
        f"it {better} {-plan.upper:,.1f} {unit} against doing nothing; none can {verb} more than {-plan.lower:,.1f}"
        + (", what is short of the target counted at its price" if "short" in plan.tables else ""),
        f"asked over the horizon: {by_plant or 'no unit'}",
        f"crews begun a month: {scenario.decisions.crews.intake}",
        f"kits ordered a month: {scenario.decisions.kits.order}",
        *(f"{limit.name}: {found_value(limit, plan.solved.x)}" for limit in plan.model.limits),
    ]
    if plan.attained is not None:
        lines.append(f"what is to be reached is reached in {plan.attained:.0%} of the futures planned for")
    lines += [
        *binding(plan)[:5],
        *shortfalls(plan),
        *(f"remark: {remark}" for remark in plan.remarks),
        f"curves: {plan.curves.error}",
    ]
    return lines + honesty(plan)


def honesty(plan: Plan) -> list[str]:
    """How far from the best the plan may be, what knowing would be worth, and what other samples would have said."""
    lines = []
    if plan.values is not None:
        lines.append(
            f"on these futures minding the chance is worth {plan.values.vss:,.1f} {plan.unit} (against the plan for "
            f"the mean future), and knowing the future beforehand at most {plan.values.evpi:,.1f} more"
        )
    if plan.sampled is None:
        return lines
    below, worth = plan.sampled.below(), max(1e-9, -plan.upper)
    lines.append(
        f"gap to the true optimum of the linear model, from {len(plan.sampled.plan)} batches of other futures: "
        f"{plan.sampled.mean:,.1f} {plan.unit}, below {below:,.1f} with 95 % confidence, "
        f"{below / worth:.1%} of what the plan {'stops' if plan.model.counts_threats else 'saves'}"
    )
    sheet, best = plan.model.sheet, plan.sampled.best
    for name, scale, words in (
        ("intake", CREW, "crews begun a month at first"),
        ("kits", CREW, "kits ordered a month at first"),
    ):
        each = best[:, sheet.x.blocks[name]]
        if each.shape[1]:
            first = each[:, 0] * scale
            lines.append(f"plans made for each batch alone have {first.min():,.0f} to {first.max():,.0f} {words}")
    return lines


def apart(found: Mapping[str, Apart]) -> list[str]:
    """What the campaign makes of the linear model's numbers on the same futures."""
    lines = []
    for name, one in found.items():
        off, luck = one.flown - one.linear, WIDE * one.error
        lines.append(
            f"{name}: {one.linear:,.1f} {one.unit} in the linear model, {one.flown:,.1f} in the campaign on the same "
            f"futures: {off:+,.1f} ± {luck:,.1f}" + (", more apart than luck explains" if abs(off) > luck else "")
        )
    return lines


def flown(flights: Flights, currency: str) -> list[str]:
    """The plan beside its rivals in the campaign."""
    lines = [
        f"cost of rivals less the plan's, M {currency}, mean with 95 % interval; regret (mean); threats stopped more:"
    ]
    for name in flights.flown:
        gone, regret, stopped = flights.difference(name), flights.regret(name), flights.difference(name, "stopped")
        lines.append(
            f"  {name:16} {gone.mean:10,.1f} ± {WIDE * gone.se_mean:<8,.1f} {regret.mean:10,.1f} "
            f"{stopped.mean:12,.0f} ± {WIDE * stopped.se_mean:,.0f}"
        )
    risk, rivals = flights.risk, [name for name in flights.flown if name != "plan"]
    if not risk.neutral:
        each = [(name, flights.weighed(name)) for name in rivals]
        lines.append(
            f"with a weight of {risk.weight:.0%} on the dearest {1.0 - risk.level:.0%} of futures, rivals cost more by "
            + ", ".join(f"{name} {gone.mean:,.1f} ± {WIDE * gone.se_mean:,.1f}" for name, gone in each)
        )
    for name in rivals:
        gone = flights.weighed(name)
        if gone.mean + WIDE * gone.se_mean < 0.0:
            lines.append(
                f"warning: flown, {name} is cheaper than this plan by {-gone.mean:,.1f}: do not prefer the plan"
            )
    return lines


def split(front: Frontier) -> list[str]:
    """The frontier of a country's share, and where the preferred share changes."""
    least = front.cost[front.cheapest]
    head = (
        f"share of {front.country}: cost above the cheapest (M, 95 % interval), threats stopped, stopped in the worst "
        f"{WORST:.0%} of futures, month of {front.rate:,.0f} a month (P50), jobs"
    )
    lines = [head]
    for i, share in enumerate(front.shares):
        gone = front.cost[i] - least
        luck = WIDE * gone.std(ddof=1) / np.sqrt(len(gone))
        reached = float(np.quantile(front.reached[i], 0.5, method="higher"))
        work = ", ".join(f"{country} {each[i].mean():,.0f}" for country, each in front.jobs.items())
        lines.append(
            f"  {share:4.0%} {gone.mean():9,.1f} ± {luck:<7,.1f} {front.stopped[i].mean():11,.0f} "
            f"{tail_values(front.stopped_share[i], WORST).mean():7.1%} "
            f"{'never' if np.isinf(reached) else f'{reached + 1:.0f}':>6} {work}"
            + ("   dominated" if front.dominated[i] else "")
        )
    return [*lines, *front.breaks]


def binding(plan: Plan) -> list[str]:
    """Limits that bind, those worth most first: from when to when, in what share of futures, what one more is worth.

    Lines and workers of a plant that is asked nothing limit nothing.
    """
    idle = {plant for plant, asked in series(plan.tables["asked"]) if asked.mean(0).sum() < 1.0}
    found = []
    for constraint in limiting_factors.constraints():
        table = plan.worth[constraint.name]
        for item, prices in series(table):
            if "plant" in table.axes and item in idle:
                continue
            often, worth = (prices > 1e-6).mean(0), prices.mean(0)
            for low, high in spans(often >= OFTEN):
                share, each = often[low : high + 1].mean(), worth[low : high + 1].mean()
                if plan.model.counts_threats or each >= LEAST:
                    what = constraint.statement.format(item=item, suppliers=sellers(plan, item))
                    words = (
                        f"{what} {when(plan, low, high)}, in {share:.0%} of futures; "
                        f"{constraint.one_more} is worth {amount(plan, each)} on average"
                    )
                    found.append((worth[low : high + 1].sum(), words))
    return [words for _, words in sorted(found, key=lambda one: -one[0])]


def when(plan: Plan, low: int, high: int) -> str:
    months = plan.facts.pilot.months
    return f"in {months[low]}" if low == high else f"from {months[low]} to {months[high]}"


def amount(plan: Plan, each: float) -> str:
    """Money, or threats where the aim is to stop the most."""
    return f"{each:,.2g} threats" if plan.model.counts_threats else f"{each:,.0f} {plan.scenario.currency}"


def sellers(plan: Plan, part: str) -> str:
    """The suppliers in use of a part."""
    compiled = plan.facts.pilot.compiled
    names, weight = compiled.names, compiled.plan.sourcing
    of = np.asarray(compiled.template.suppliers["part"])
    own = [s for s, n in enumerate(of.tolist()) if names.parts[n] == part and weight[s] > 0.0]
    return " and ".join(names.suppliers[s] for s in own)


def series(table: Table) -> Iterator[tuple[str, Floats]]:
    """Each item of a table with its (futures, months)."""
    others = [axis for axis in table.axes if axis != "month"]
    if not others:
        yield "", table.values
        return
    place = 1 + list(table.axes).index(others[0])
    for i, item in enumerate(table.axes[others[0]]):
        yield item, np.asarray(table.values.take(i, axis=place))


def spans(there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of truths."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield low, high - 1


def shortfalls(plan: Plan) -> list[str]:
    """Of the months short of the target, how short on average, and of what; empty without a target.

    Of the plants that take part, one not yet open waits for its gate; an open one that makes less than it is asked is
    short of workers where those bind, else of lines or parts; one that makes all it is asked is asked no more. Months
    in a row with the same reason are one line.
    """
    if "short" not in plan.tables:
        return []
    short = plan.tables["short"].values
    reasons = why_short(plan)
    counted = short.mean(0) >= 1.0
    first = reasons.argmax(0)
    found = []
    for r, reason in enumerate(reasons_short()):
        for low, high in spans(counted & (first == r)):
            each, months = short[:, low : high + 1], plan.facts.pilot.months[low : high + 1]
            span = months[0] if low == high else f"{months[0]} to {months[-1]}"
            words = (
                f"{span}: short by {each.mean():,.0f} units a month on average, in "
                f"{(each > 0.01 * UNIT).mean():.0%} of futures; most often because {reason} "
                f"({reasons[r, low : high + 1].mean():.0%})"
            )
            found.append((low, words))
    return [words for _, words in sorted(found)]


def reasons_short() -> tuple[str, ...]:
    """Why plants produce less than the target, in the order of ``why_short``."""
    return (WAITING, *(c.shortage for c in limiting_factors.constraints() if c.shortage), SHORT, ALL_MADE)


def why_short(plan: Plan) -> Floats:
    """(reasons, t) share of futures and plants taking part for which each of ``reasons_short`` holds in a month."""
    made, asked = (block(plan.model, plan.followed, name) for name in ("made", "wanted"))
    takes_part = asked.sum((0, 2)) > 0.01
    takes_part |= ~takes_part.any()
    made, asked = made[:, takes_part], asked[:, takes_part]
    closed = plan.facts.since[:, takes_part] < 0
    full = (made >= asked - 0.01) & ~closed
    counted = closed | full
    flags = [closed]
    for constraint in limiting_factors.constraints():
        if constraint.shortage:
            active = (plan.worth[constraint.name].values[:, takes_part] > 0.0) & ~counted
            counted |= active
            flags.append(active)
    return np.stack([flag.mean((0, 1)) for flag in (*flags, ~counted, full)])
