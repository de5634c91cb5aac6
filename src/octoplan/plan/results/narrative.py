"""Sentences on a plan, with units and dates: decisions, limiting factors, shortfalls and evaluation."""

from collections.abc import Iterator, Mapping

import numpy as np

from octoplan.outcomes.format import digits, percent
from octoplan.outcomes.intervals import standard_error
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.plan.optimise import Plan
from octoplan.plan.results.break_even import MIN_BLOCKS, BreakEven, UnitsValue
from octoplan.plan.results.evaluation import Z_95, Discrepancy, Evaluation
from octoplan.plan.results.frontier import WORST_FUTURES_SHARE, Frontier, tail_values
from octoplan.plan.second_stage_tables import FutureTable, block
from octoplan.plan.solver.two_stage import Flags, Floats
from octoplan.plan.units import CREW_SCALE, UNIT_SCALE
from octoplan.scenario import limiting_factors

MIN_ACTIVE_SHARE, MIN_SHADOW_PRICE = 0.1, 0.5
"""Smallest share of futures in which a limiting factor is active in a month, and smallest mean shadow price in money,
for it to be reported."""

MAX_LISTED = 5
"""Maximum number of limiting factors, and of break-even values, listed in the summary."""

ROUNDING_ERROR = 1e-6
"""Value below which a shadow price is a rounding error of the solver."""

WAITING_FOR_GATES = "plants wait for their gates"
LINES_OR_PARTS = "lines or parts are short"
ALL_PRODUCED = "all units requested are produced: further units would cost more than the shortage, or are infeasible"


def summary(plan: Plan) -> list[str]:
    """The lines of the plan's summary."""
    scenario, unit = plan.scenario, plan.unit
    gap = percent(plan.gap, 2)
    verbs = ("stops", "stop") if plan.model.counts_threats else ("saves", "save")
    lines = [
        f"{scenario.title}: {plan.status}, optimality gap {gap} of the plan's gain, {plan.seconds:.0f} s",
        *(f"not met: {sentence}" for sentence in plan.unmet_goals),
        f"the plan {verbs[0]} {-plan.upper:,.1f} {unit} compared with taking no action; no plan can {verbs[1]} more "
        f"than {-plan.lower:,.1f}"
        + (", including penalties for shortages of the target" if "shortfall" in plan.tables else ""),
        f"units requested over the horizon: {requested_by_plant(plan) or 'none'}",
        f"crew intake a month: {scenario.decisions.crews.intake}",
        f"kits ordered a month: {scenario.decisions.kits.order}",
        *(f"{constraint.name}: {constraint.text(plan.solution.x)}" for constraint in plan.model.constraints),
    ]
    if plan.attained_share is not None:
        lines.append(f"the goals are reached in {percent(plan.attained_share)} of the futures used in the optimisation")
    return [
        *lines,
        *bottlenecks(plan)[:MAX_LISTED],
        *shortfalls(plan),
        *(f"remark: {remark}" for remark in plan.validity_warnings),
        f"accuracy of the response surface: {plan.surface.accuracy}",
        *solution_quality(plan),
    ]


def requested_by_plant(plan: Plan) -> str:
    """Units requested of each plant over the horizon; plants without requests are omitted."""
    units = plan.tables["requested"].values.mean(0).sum(1)
    plants = zip(plan.scenario.names.plants, units, strict=True)
    return "; ".join(f"{title_with_name(plan, 'plants', name)}: {u:,.0f}" for name, u in plants if u >= 1.0)


def title_with_name(plan: Plan, section: str, name: str) -> str:
    """The title of an entity, with its name in the files in square brackets; the name alone if that is the title."""
    title = plan.scenario.titles.get(f"{section}.{name}", name)
    return name if title.lower() == name.lower() else f"{title} [{name}]"


def solution_quality(plan: Plan) -> list[str]:
    """Sentences on VSS and EVPI, the estimated optimality gap, and how first decisions vary with the sample."""
    lines = []
    if plan.information_values is not None:
        lines.append(
            "over the futures used in the optimisation, the value of the stochastic solution is "
            f"{plan.information_values.vss:,.1f} {plan.unit} "
            f"(compared with the expected-value plan), and the expected value of perfect information "
            f"{plan.information_values.evpi:,.1f}"
        )
    if plan.gap_estimate is None:
        return lines
    bound, gain = plan.gap_estimate.upper_bound(), max(1e-9, -plan.upper)
    lines.append(
        "optimality gap of the linear model, estimated on "
        f"{len(plan.gap_estimate.plan_costs)} batches of other futures: "
        f"{plan.gap_estimate.mean:,.1f} {plan.unit}, below {bound:,.1f} with 95 % confidence, "
        f"{percent(bound / gain, 1)} of what the plan {'stops' if plan.model.counts_threats else 'saves'}"
    )
    for name, text in (("intake", "crews"), ("kits", "kits")):
        decisions = plan.gap_estimate.batch_solutions[:, plan.model.builder.x.blocks[name]]
        if decisions.shape[1]:
            first = decisions[:, 0] * CREW_SCALE
            lines.append(
                f"plans for individual batches of futures start with {first.min():,.0f} to {first.max():,.0f} {text} "
                "a month"
            )
    return lines


def discrepancy_lines(discrepancies: Mapping[str, Discrepancy]) -> list[str]:
    """Sentences that compare the linear model with the simulation on the same futures."""
    lines = []
    for name, item in discrepancies.items():
        linear = round(item.linear, 1) + 0.0
        lines.append(
            f"{name}: {linear:,.1f} {item.unit} in the linear model, {item.simulated:,.1f} in the simulation of "
            f"the same futures: {item.difference:+,.1f} ± {Z_95 * item.error:,.1f}"
            + (", significantly different" if item.significant else "")
        )
    return lines


def budget_warnings(plan: Plan, discrepancies: Mapping[str, Discrepancy]) -> list[str]:
    """A warning for each budget that is exceeded by mean spend in the simulation."""
    lines = []
    for constraint in plan.model.constraints:
        item = discrepancies.get(constraint.name)
        if item is not None and item.simulated > constraint.high:
            lines.append(
                f"warning: {constraint.name} is {constraint.high:,.4g} {item.unit}; in the simulation the mean spend "
                f"is {item.simulated:,.4g}, because idle hours are also paid"
            )
    return lines


def evaluation_lines(evaluation: Evaluation, currency: str) -> list[str]:
    """Lines of a table of the plan and its alternatives in the out-of-sample evaluation."""
    futures = evaluation.quantiles("plan", "cost").futures
    lines = [
        f"alternatives minus plan, {futures:,} unseen futures: cost (M {currency}, 95 % interval), regret, stopped"
    ]
    width = max(map(len, evaluation.plans))
    for name in evaluation.plans:
        cost, regret = evaluation.difference(name), evaluation.regret(name)
        stopped = evaluation.difference(name, "stopped")
        lines.append(
            f"  {name:{width}} {cost.mean:10,.1f} ± {Z_95 * cost.se_mean:<8,.1f} {regret.mean:10,.1f} "
            f"{stopped.mean:12,.0f} ± {Z_95 * stopped.se_mean:,.0f}"
        )
    lines += units_lines(evaluation, currency)
    risk, alternatives = evaluation.risk, [name for name in evaluation.plans if name != "plan"]
    if not risk.neutral:
        differences = [(name, evaluation.risk_difference(name)) for name in alternatives]
        lines.append(
            f"with a weight of {percent(risk.weight)} on the most expensive {percent(1.0 - risk.level)} of futures, "
            "alternatives cost more by "
            + ", ".join(f"{name} {d.mean:,.1f} ± {Z_95 * d.se_mean:,.1f}" for name, d in differences)
        )
    return lines


def cheaper(evaluation: Evaluation) -> list[str]:
    """Names of the alternatives that are significantly cheaper than the plan, which is then not recommended."""
    costs = {name: evaluation.risk_difference(name) for name in evaluation.replacements}
    return [name for name, cost in costs.items() if cost.mean + Z_95 * cost.se_mean < 0.0]


def cheaper_alternatives(evaluation: Evaluation, currency: str) -> list[str]:
    """A sentence for each alternative that is significantly cheaper than the plan."""
    savings = {name: -evaluation.risk_difference(name).mean for name in cheaper(evaluation)}
    return [
        f"in the simulation, “{name}” costs {saving:,.1f} M {currency} less than this plan (significant at 95 %); "
        "this plan is not recommended"
        for name, saving in savings.items()
    ]


def units_lines(evaluation: Evaluation, currency: str) -> list[str]:
    """Sentences on whether units pay, given the plan's crews and kits, and on break-even values."""
    value = evaluation.units_value
    if value is None:
        return []
    i, half_width = value.difference, Z_95 * value.difference.se_mean
    answer = (
        "units pay" if i.mean + half_width < 0.0 else "units do not pay" if i.mean - half_width > 0.0
        else "the difference is not distinguishable from zero"
    )  # fmt: skip
    first = "" if evaluation.plan_has_units else "the plan makes no units; "
    head = (
        f"{first}{value.units:,.0f} units ({value.plan}) minus {value.alternative}: {i.mean:+,.1f} ± {half_width:,.1f} "
        f"M {currency} (95 % interval), P10 {i.p10:+,.1f}, P90 {i.p90:+,.1f}: {answer}"
    )
    return [head, *break_even_lines(value, answer)]


def break_even_lines(value: UnitsValue, answer: str) -> list[str]:
    """Sentences on break-even values, or one on why there are none.

    answer
        Whether units pay, as text.
    """
    if value.effects is None:
        return [f"break-even values are not estimated on fewer than {MIN_BLOCKS * BLOCK_FUTURES} futures"]
    if not value.break_evens:
        effects = "some affect the difference" if value.effects else "none has a distinguishable effect"
        return [f"{answer} over the range (P1 to P99) of every assumption, varied one at a time: {effects}"]
    return [break_even_text(item) for item in value.break_evens[:MAX_LISTED]]


def break_even_text(item: BreakEven) -> str:
    """A sentence on a break-even value."""
    quantity = item.quantity
    unit = f" {quantity.unit}" if quantity.unit else ""
    low, high = ("no bound" if np.isinf(end) else digits(end) for end in (item.low, item.high))
    side = "is above" if item.pays_above else "is below"
    return (
        f"units pay if the {quantity.meaning} {side} {digits(item.value)}{unit} "
        f"(95 % interval {low} to {high}; P10 {digits(item.p10)}, P90 {digits(item.p90)} over the futures; "
        f"{quantity.origin})"
    )


def frontier_lines(front: Frontier) -> list[str]:
    """Lines of a table of the frontier by share, and sentences on switching values."""
    least = front.cost[front.cheapest]
    head = (
        f"share of {front.country}: cost above the cheapest share (M, 95 % interval), threats stopped, mean "
        f"share stopped in the worst {percent(WORST_FUTURES_SHARE)} of futures, first month with "
        f"{front.rate:,.0f} units (P50), jobs"
    )
    lines = [head]
    for i, share in enumerate(front.shares):
        difference = front.cost[i] - least
        half_width = Z_95 * standard_error(difference)
        jobs = ", ".join(f"{country} {count[i].mean():,.0f}" for country, count in front.jobs.items())
        lines.append(
            f"  {share:4.0%} {difference.mean():9,.1f} ± {half_width:<7,.1f} {front.stopped[i].mean():11,.0f} "
            f"{tail_values(front.stopped_share[i], WORST_FUTURES_SHARE).mean():7.1%} "
            f"{rate_month_text(front, i):>18} {jobs}" + ("   dominated" if front.dominated[i] else "")
        )
    return [*lines, *front.switching_values]


def rate_month_text(front: Frontier, share_index: int) -> str:
    """Median month in which the output rate is first reached, and the share of futures in which it never is reached."""
    median, never = front.month_reached(share_index).p50, front.share_never_reached(share_index)
    month = "never" if np.isinf(median) else f"{median:.0f}"
    return month if never in (0.0, 1.0) else f"{month} (never: {percent(never)})"


def bottlenecks(plan: Plan) -> list[str]:
    """Sentences on limiting factors, with months, share of futures and shadow price, by descending total shadow price.

    Lines and labour of plants without requests are omitted.
    """
    idle = {plant for plant, units in values_by_item(plan.tables["requested"]) if units.mean(0).sum() < 1.0}
    ranked_sentences = []
    for constraint in limiting_factors.reported_constraints():
        table = plan.shadow_prices.get(constraint.name)
        if table is None:
            continue
        for item, prices in values_by_item(table):
            if "plant" in table.axes and item in idle:
                continue
            active_shares, mean_prices = (prices > ROUNDING_ERROR).mean(0), prices.mean(0)
            for first, last in spans(active_shares >= MIN_ACTIVE_SHARE):
                share, mean = active_shares[first : last + 1].mean(), mean_prices[first : last + 1].mean()
                if plan.model.counts_threats or mean >= MIN_SHADOW_PRICE:
                    title = title_with_name(plan, f"{constraint.axis}s", item) if constraint.axis else ""
                    statement = constraint.statement.format(item=title, suppliers=suppliers_of(plan, item))
                    sentence = (
                        f"{statement} {month_span(plan, first, last)}, in {percent(share)} of futures; "
                        f"{constraint.one_unit_more} is worth {price_text(plan, mean)} on average"
                    )
                    ranked_sentences.append((mean_prices[first : last + 1].sum(), sentence))
    return [sentence for _, sentence in sorted(ranked_sentences, key=lambda pair: -pair[0])]


def month_span(plan: Plan, first: int, last: int) -> str:
    """Text of a span of planned months; ``first`` and ``last`` are indices."""
    months = plan.parameters.runs.months
    return f"in {months[first]}" if first == last else f"from {months[first]} to {months[last]}"


def price_text(plan: Plan, value: float) -> str:
    """Text of a shadow price: in money, or in threats if the objective counts threats."""
    return f"{value:,.2g} threats" if plan.model.counts_threats else f"{value:,.0f} {plan.scenario.currency}"


def suppliers_of(plan: Plan, part: str) -> str:
    """The suppliers in use for a part."""
    compiled = plan.parameters.runs.compiled
    names, weight = compiled.names, compiled.plan.sourcing
    parts = np.asarray(compiled.template.suppliers["part"]).tolist()
    used = [names.suppliers[s] for s, n in enumerate(parts) if names.parts[n] == part and weight[s] > 0.0]
    return " and ".join(title_with_name(plan, "suppliers", name) for name in used)


def values_by_item(table: FutureTable) -> Iterator[tuple[str, Floats]]:
    """Yield each item of a table, such as a plant, with its (futures, months) values."""
    others = [axis for axis in table.axes if axis != "month"]
    if not others:
        yield "", table.values
        return
    axis = 1 + list(table.axes).index(others[0])
    for i, item in enumerate(table.axes[others[0]]):
        yield item, np.asarray(table.values.take(i, axis=axis))


def spans(flags: Flags) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of each run of consecutive true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield first, end - 1


def shortfalls(plan: Plan) -> list[str]:
    """Sentences on the months in which output is short of the target, with mean shortfall and most frequent reason.

    Empty if there is no target. The reason is determined for each plant with requests: gates, if it is not open;
    labour, if it is open, produces less than requested and labour is a limiting factor; otherwise lines or parts. A
    plant that produces all units requested has no further requests. Consecutive months with the same reason form one
    sentence.
    """
    if "shortfall" not in plan.tables:
        return []
    shortfall = plan.tables["shortfall"].values
    shares = reason_shares(plan)
    most_frequent = shares.argmax(0)
    lines = []
    for r, reason in enumerate(reasons()):
        for first, last in spans((shortfall.mean(0) >= 1.0) & (most_frequent == r)):
            units, months = shortfall[:, first : last + 1], plan.parameters.runs.months[first : last + 1]
            span = months[0] if first == last else f"{months[0]} to {months[-1]}"
            sentence = (
                f"{span}: short by {units.mean():,.0f} units a month on average, in "
                f"{percent((units > 0.01 * UNIT_SCALE).mean())} of futures; most often because {reason} "
                f"({percent(shares[r, first : last + 1].mean())})"
            )
            lines.append((first, sentence))
    return [sentence for _, sentence in sorted(lines)]


def reasons() -> tuple[str, ...]:
    """Reasons for a shortfall from the target, in the order of ``reason_shares``."""
    constraint_reasons = (
        item.shortage_reason for item in limiting_factors.reported_constraints() if item.shortage_reason
    )
    return (WAITING_FOR_GATES, *constraint_reasons, LINES_OR_PARTS, ALL_PRODUCED)


def reason_shares(plan: Plan) -> Floats:
    """(reasons, t) share of futures and plants with requests to which each of ``reasons`` applies in a month."""
    produced, requested = (block(plan.model, plan.second_stage, name) for name in ("produced", "requested"))
    plants_with_requests = requested.sum((0, 2)) > 0.01
    plants_with_requests |= ~plants_with_requests.any()
    produced, requested = produced[:, plants_with_requests], requested[:, plants_with_requests]
    closed = plan.parameters.since_opening[:, plants_with_requests] < 0
    complete = (produced >= requested - 0.01) & ~closed
    explained = closed | complete
    flags = [closed]
    for constraint in limiting_factors.reported_constraints():
        if constraint.shortage_reason:
            limited = (plan.shadow_prices[constraint.name].values[:, plants_with_requests] > 0.0) & ~explained
            explained |= limited
            flags.append(limited)
    return np.stack([flag.mean((0, 1)) for flag in (*flags, ~explained, complete)])
