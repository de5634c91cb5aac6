"""The measures of a run: values by future, and their quantiles and standard errors.

A ratio is the ratio of sums within each future unless its title says otherwise. Failed futures are excluded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from octoplan.campaign.tally import BIAS, FREIGHT, LAYERS
from octoplan.outcomes.finance import (
    leakers_prevented_in,
    net_benefit_by_month,
    programme_cost,
    spend_saved_on_layers,
)
from octoplan.outcomes.intervals import Interval, interval, probability_interval
from octoplan.outcomes.key_results import KeyResult, KeyResults
from octoplan.outcomes.main_measures import EXCLUDING_DECOYS
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import (
    DAYS_PER_MONTH,
    OWNER_KEY,
    Measure,
    View,
    product,
    ratio,
    sum_by_future,
    view_of,
)
from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Floats, Ints

MONEY_GROUP = "Money"


def unit_measures(view: View) -> Iterator[Measure]:
    """Units made, delivered and launched, by maker and country."""
    good, delivered = view.tally("good").sum(axis=1), view.tally("delivered").sum(axis=1)
    group = "Units"
    yield Measure("made", group, "good units made by the programme", "units", sum_by_future(good))
    yield Measure(
        "delivered", group, "units delivered to the regions by the programme", "units", sum_by_future(delivered)
    )
    for country, rows in view.plants_by_country.items():
        title = view.title("countries", country)
        yield Measure(f"made/{country}", group, f"good units made, {title}", "units", sum_by_future(good[:, rows]))
        share = 100 * ratio(sum_by_future(delivered[:, rows]), sum_by_future(delivered))
        yield Measure(f"share/{country}", group, f"share of delivered units, {title}", "%", share)
    received = view.tally("received").sum(axis=(1, 2))
    sorties = view.tally("sorties").sum(axis=(1, 2))
    yield Measure("received", group, "units received by the regions, all makers", "units", sum_by_future(received))
    yield Measure("sorties", group, "sorties, all makers", "sorties", sum_by_future(sorties))
    share = 100 * ratio(sum_by_future(sorties), sum_by_future(received))
    yield Measure("sorties/share", group, "sorties as a share of units received, all makers", "%", share)
    for owner, rows in view.designs_by_owner.items():
        key = OWNER_KEY[owner]
        yield Measure(f"sorties/{key}", group, f"sorties, {owner}", "sorties", sum_by_future(sorties[:, rows]))
        share = 100 * ratio(sum_by_future(sorties[:, rows]), sum_by_future(received[:, rows]))
        yield Measure(f"sorties/share/{key}", group, f"sorties as a share of units received, {owner}", "%", share)
    if view.all_months:
        yield from milestone_measures(view)


def milestone_measures(view: View) -> Iterator[Measure]:
    """For each milestone, the first month with that output, and the chance that no month has it."""
    monthly = view.tally("good").sum(axis=2)
    for output in view.run.scenario.output_targets:
        is_reached = monthly >= output
        ever_reached = is_reached.any(axis=1)
        first_month = np.where(ever_reached, is_reached.argmax(axis=1), np.inf)
        yield Measure(
            f"reach/{output}", "Units", f"first month with {output:,} good units", "month", first_month, "month"
        )
        never_reached = (~ever_reached).astype(np.float64)
        title = f"chance that no month has {output:,} good units"
        yield Measure(f"never/{output}", "Units", title, "%", never_reached, "chance")


def interceptor_measures(view: View) -> Iterator[Measure]:
    """Kills by maker, kills and contacts per sortie, and kills per contact."""
    group = "Interceptors"
    kills = view.tally("kills").sum(axis=(1, 2))
    sorties = view.tally("sorties").sum(axis=(1, 2))
    contacts = view.tally("contacts").sum(axis=(1, 2))
    yield Measure("kills", group, "threats killed by interceptors, all makers", "threats", sum_by_future(kills))
    for owner, rows in view.designs_by_owner.items():
        title = f"threats killed by interceptors, {owner}"
        yield Measure(f"kills/{OWNER_KEY[owner]}", group, title, "threats", sum_by_future(kills[:, rows]))
    yield Measure(
        "kills/sortie", group, "kills per sortie, all makers", "1", ratio(sum_by_future(kills), sum_by_future(sorties))
    )
    for owner, rows in view.designs_by_owner.items():
        per_sortie = ratio(sum_by_future(kills[:, rows]), sum_by_future(sorties[:, rows]))
        yield Measure(f"kills/sortie/{OWNER_KEY[owner]}", group, f"kills per sortie, {owner}", "1", per_sortie)
    yield Measure(
        "contacts/sortie",
        group,
        "contacts per sortie, all makers",
        "1",
        ratio(sum_by_future(contacts), sum_by_future(sorties)),
    )
    yield Measure(
        "kills/contact",
        group,
        "kills per contact, all makers",
        "1",
        ratio(sum_by_future(kills), sum_by_future(contacts)),
    )


def defence_measures(view: View) -> Iterator[Measure]:
    """Threats launched and stopped, leakers, and the effects of the programme."""
    yield from package_measures(view)
    yield from threat_measures(view)
    yield from programme_effect_measures(view)


def package_measures(view: View) -> Iterator[Measure]:
    """Threats launched and stopped, by package."""
    group = "Defence"
    launched, leaked = view.tally("launched").sum(axis=(1, 2)), view.tally("leaked").sum(axis=(1, 2))
    kills = view.tally("kills").sum(axis=(1, 2, 3))
    package_of = view.run.compiled.template.threats["package"]
    for i, package in enumerate(view.names.packages):
        rows = np.flatnonzero(package_of == i)
        arrived, leakers = sum_by_future(launched[:, rows]), sum_by_future(leaked[:, rows])
        stopped, name = arrived - leakers, view.title("packages", package)
        yield Measure(f"launched/{package}", group, f"threats launched, {name}", "threats", arrived)
        yield Measure(f"stopped/{package}", group, f"share stopped, {name}", "%", 100 * ratio(stopped, arrived))
        share = 100 * ratio(sum_by_future(kills[:, rows]), stopped)
        yield Measure(
            f"intercepted/{package}", group, f"share of stopped threats killed by interceptors, {name}", "%", share
        )


def threat_measures(view: View) -> Iterator[Measure]:
    """The share stopped and the leakers of each class of threat."""
    group = "Defence"
    launched, leaked = view.tally("launched").sum(axis=(1, 2)), view.tally("leaked").sum(axis=(1, 2))
    for i, threat in enumerate(view.names.threats):
        share = 100 * ratio(launched[:, i] - leaked[:, i], launched[:, i])
        yield Measure(f"stopped/{threat}", group, f"share stopped, {view.title('threats', threat)}", "%", share)
    for i, threat in enumerate(view.names.threats):
        title = f"leakers, {view.title('threats', threat)}"
        yield Measure(f"leakers/{threat}", group, title, "threats", leaked[:, i])


def programme_effect_measures(view: View) -> Iterator[Measure]:
    """Leakers, and differences in leakers, kills and shots between the run and the counterfactual."""
    group = "Defence"
    leaked = view.tally("leaked").sum(axis=(1, 2))
    without = view.tally("leaked", counterfactual=True).sum(axis=(1, 2))
    prevented = sum_by_future(without) - sum_by_future(leaked)
    yield Measure("leakers", group, "leakers, all classes", "threats", sum_by_future(leaked))
    yield Measure("leakers-prevented", group, "leakers prevented by the programme", "threats", prevented)
    rows = view.not_decoys
    if rows.sum() < len(view.names.threats):
        prevented = sum_by_future((without - leaked)[:, rows])
        yield Measure(
            f"leakers/{EXCLUDING_DECOYS}", group, "leakers, excluding decoys", "threats", sum_by_future(leaked[:, rows])
        )
        title = "leakers prevented by the programme, excluding decoys"
        yield Measure(f"leakers-prevented/{EXCLUDING_DECOYS}", group, title, "threats", prevented)
    kills = view.tally("kills").sum(axis=(1, 2))
    additional_kills = sum_by_future(kills) - sum_by_future(view.tally("stopped_by", counterfactual=True)[:, :, 0])
    yield Measure(
        "kills/additional", group, "additional kills by interceptors due to the programme", "threats", additional_kills
    )
    layer = view.reference_layer
    if layer < 0:
        return
    shots, shots_without = (view.tally("shots", counterfactual=c)[:, :, layer].sum(axis=1) for c in (False, True))
    title = f"shots saved by the programme, {view.title('layers', view.names.layers[layer])}"
    yield Measure("missiles/saved", group, title, "shots", shots_without - shots)


@dataclass(frozen=True)
class MissileEquivalent:
    """Missiles that the reference layer would need for the kills by interceptors of the classes that it can engage.

    Attributes, (futures,) each:
        shots: Missiles needed.
        cost: Cost of the missiles needed.
        kills: Kills by interceptors of the classes that the layer can engage.
        supply: Missiles supplied per month; 0 if supply is unlimited.

    """

    shots: Floats
    cost: Floats
    kills: Floats
    supply: Floats


def missile_equivalent(view: View) -> MissileEquivalent | None:
    """Missiles needed for the kills by interceptors; None if there is no reference layer or it engages no class.

    A kill of class k takes shots(k) / p(k) missiles on average: shots(k) in each engagement, until a kill with
    probability p(k). The cost is at the exchange rate on the last day of the month of the kill.
    """
    compiled, names, layer = view.run.compiled, view.names, view.reference_layer
    if layer < 0:
        return None
    rows = layer * len(names.threats) + np.arange(len(names.threats))
    has_window = (compiled.draw_columns["engagement", "window"] >= 0).reshape(len(names.threats), -1)
    engageable = (compiled.draw_columns["effects", "p"][rows] >= 0) & has_window.any(axis=1)
    if not engageable.any():
        return None
    per_kill = ratio(view.assumption("effects", "shots")[:, rows], view.assumption("effects", "p")[:, rows])[
        :, engageable
    ]
    kills = view.tally("kills").sum(axis=(2, 3))[:, :, engageable]
    with np.errstate(invalid="ignore"):
        shots = np.where(kills > 0, kills * per_kill[:, None, :], 0.0).sum(axis=2)
    currency = int(compiled.template.layers["cost_currency"][layer])
    price = view.assumption("layers", "cost")[:, layer, None] * view.tally("exchange")[:, :, currency]
    if view.nominal:
        price = price * view.inflation
    supply = view.assumption("layers", "resupply")[:, layer] * DAYS_PER_MONTH
    cost = product(shots, price).sum(axis=1)
    return MissileEquivalent(shots.sum(axis=1), cost, sum_by_future(kills).astype(np.float64), supply)


def money_measures(view: View) -> Iterator[Measure]:
    """Cost per kill by interceptors and by missiles, exchange ratio, cost and benefit of the programme, spend."""
    spend = view.money("spend")
    cost = sum_by_future(spend) - sum_by_future(spend[:, :, LAYERS])
    kills = sum_by_future(view.tally("kills"))
    title = "cost per kill, all interceptors with crews and kits"
    yield Measure("cost/kill", MONEY_GROUP, title, view.unit, ratio(cost, kills))
    equivalent = missile_equivalent(view)
    layer = view.title("layers", view.names.layers[view.reference_layer]) if view.reference_layer >= 0 else ""
    if equivalent is not None:
        title = f"cost per kill by missiles, {layer}"
        yield Measure("missiles/kill", MONEY_GROUP, title, view.unit, ratio(equivalent.cost, equivalent.kills))
    yield from exchange_ratio_measure(view, cost)
    yield from programme_cost_measures(view)
    if equivalent is not None:
        title = f"cost of the same kills by missiles, {layer}"
        yield Measure("missiles/money", MONEY_GROUP, title, view.unit, equivalent.cost)
        if view.median_assumption("layers", "resupply")[view.reference_layer] > 0:
            title = f"supply of missiles needed for the same kills, {layer}"
            yield Measure("missiles/months", MONEY_GROUP, title, "months", ratio(equivalent.shots, equivalent.supply))
    damage, without = sum_by_future(view.money("damage")), sum_by_future(view.money("damage", counterfactual=True))
    yield Measure("damage", MONEY_GROUP, "damage by leakers", view.unit, damage)
    avoided = without - damage
    yield Measure("damage/avoided", MONEY_GROUP, "damage avoided by the programme", view.unit, avoided)
    saved, net = spend_saved_on_layers(view).sum(axis=1), net_benefit_by_month(view).sum(axis=1)
    yield Measure("layers/saved", MONEY_GROUP, "spend on other layers saved by the programme", view.unit, saved)
    title = "net benefit: damage avoided and spend saved, less cost"
    yield Measure("net-benefit", MONEY_GROUP, title, view.unit, net)
    title = "damage by leakers and spend of all payers"
    yield Measure("damage-and-spend", MONEY_GROUP, title, view.unit, damage + sum_by_future(spend))
    yield from spend_measures(view, spend)


def programme_cost_measures(view: View) -> Iterator[Measure]:
    """Cost of the programme, and its cost per leaker prevented, which is infinite if none is prevented."""
    cost = programme_cost(view).sum(axis=1)
    yield Measure("programme/cost", MONEY_GROUP, "cost of the programme", view.unit, cost)
    prevented = leakers_prevented_in(view)
    per_leaker = np.where(prevented > 0, ratio(cost, prevented), np.where(np.isnan(prevented), np.nan, np.inf))
    title = "cost of the programme per leaker prevented, excluding decoys"
    yield Measure("programme/cost/leaker", MONEY_GROUP, title, view.unit, per_leaker)


def exchange_ratio_measure(view: View, cost: Floats) -> Iterator[Measure]:
    """Exchange ratio: cost of the kills over cost of the threats killed, at end-of-month exchange rates."""
    currency = view.run.compiled.template.threats["unit_cost_currency"]
    price = view.assumption("threats", "unit_cost")[:, None, :] * view.tally("exchange")[:, :, currency]
    if view.nominal:
        price = price * view.inflation[:, :, None]
    threat_cost = sum_by_future(view.tally("kills").sum(axis=(2, 3)) * price)
    yield Measure("exchange", MONEY_GROUP, "exchange ratio: cost per kill over cost of the threat killed", "1",
                  ratio(cost, threat_cost))  # fmt: skip


def spend_measures(view: View, spend: Floats) -> Iterator[Measure]:
    """Spend in total and by payer, optimism bias, unit costs, present value, and chance of exceeding a budget."""
    group, unit = MONEY_GROUP, view.unit
    yield Measure("spend", group, "spend, all payers, interceptors and other layers", unit, sum_by_future(spend))
    for row, payer in enumerate(view.names.payers):
        yield Measure(
            f"spend/{payer}", group, f"spend, {view.title('payers', payer)}", unit, sum_by_future(spend[:, :, :, row])
        )
    yield Measure("spend/optimism-bias", group, "of which optimism bias", unit, sum_by_future(spend[:, :, BIAS]))
    yield from unit_cost_measures(view)
    if not view.all_months:
        return
    rate = view.assumption("finance", "discount_rate")[:, :1]
    discount = (1 + rate) ** -view.years
    real = view.tally("spend").sum(axis=(2, 3))
    median_rate = 100 * float(view.median_assumption("finance", "discount_rate")[0])
    real_unit = f"{view.run.scenario.currency} ({view.run.scenario.price_base})"
    title = f"present value of spend at the start, discounted at {median_rate:.3g} % a year"
    yield Measure("present-value", group, title, real_unit, sum_by_future(real * discount))
    for payer, budget in view.run.scenario.budgets.items():
        payer_spend = sum_by_future(spend[:, :, :, view.names.payers.index(payer)])
        title = f"chance that {view.title('payers', payer)} exceeds its budget"
        yield Measure(f"over-budget/{payer}", group, title, "%", (payer_spend > budget).astype(np.float64), "chance")


def unit_cost_measures(view: View) -> Iterator[Measure]:
    """Spend of each plant per good unit, scrap included, optimism bias excluded."""
    spent, good = view.money("plant_spend").sum(axis=1), view.tally("good").sum(axis=1)
    for row, plant in enumerate(view.names.plants):
        title = f"unit production cost, {view.title('plants', plant)}"
        cost = sum_by_future(spent[:, row]) - spent[:, row, BIAS]
        yield Measure(f"unit-cost/{plant}", MONEY_GROUP, title, view.unit, ratio(cost, good[:, row]))


def employment_measures(view: View) -> Iterator[Measure]:
    """Jobs and value added, by country."""
    hours = view.tally("hours_paid").sum(axis=1)
    per_job = view.assumption("countries", "hours_per_job")
    multiplier = view.assumption("countries", "jobs_multiplier")
    share = view.assumption("countries", "value_added_share")
    for country, rows in view.plants_by_country.items():
        row, name = view.names.countries.index(country), view.title("countries", country)
        direct = ratio(sum_by_future(hours[:, rows]), per_job[:, row] * view.length)
        yield Measure(f"jobs/{country}", "Employment", f"direct jobs, average, {name}", "jobs", direct)
        title = f"indirect jobs, average, {name}"
        yield Measure(f"jobs/indirect/{country}", "Employment", title, "jobs", product(direct, multiplier[:, row]))
        spent = view.money("plant_spend")[:, :, rows].sum(axis=(1, 2))
        local_spend = sum_by_future(spent) - spent[:, BIAS] - spent[:, FREIGHT]
        yield Measure(
            f"value-added/{country}", "Employment", f"value added, {name}", view.unit, local_spend * share[:, row]
        )


def limiting_factor_measures(view: View) -> Iterator[Measure]:
    """Shares of region-nights with engageable threats, and of plant-days with planned output, by limiting factor."""
    group = "Limiting factors"
    nights = view.tally("nights").sum(axis=(1, 2))
    for i, factor in enumerate(limiting_factors.NIGHT_LIMITS):
        share = 100 * ratio(nights[:, i], sum_by_future(nights))
        yield Measure(f"nights/{factor.name}", group, factor.share_title("region-nights"), "%", share)
    days = view.tally("plant_limit").sum(axis=(1, 2))
    planned = sum_by_future(days) - days[:, limiting_factors.NO_OUTPUT_PLANNED]
    for i, factor in enumerate(limiting_factors.PLANT_LIMITS):
        if i != limiting_factors.NO_OUTPUT_PLANNED:
            share = 100 * ratio(days[:, i], planned)
            yield Measure(f"plants/{factor.name}", group, factor.share_title("plant-days"), "%", share)
    part = limiting_factors.PART_LIMIT
    for i, name in enumerate(view.names.parts, len(limiting_factors.PLANT_LIMITS)):
        title = f"{part.share_title('plant-days')}: {view.title('parts', name)}"
        yield Measure(f"plants/{part.name}/{name}", group, title, "%", 100 * ratio(days[:, i], planned))


def crew_and_kit_measures(view: View) -> Iterator[Measure]:
    """Trained crews and kits at the end of the period."""
    yield Measure("crews", "Crews", "trained crews at the end", "crews", view.tally("crews")[:, -1].astype(np.float64))
    yield Measure("kits", "Crews", "kits at the end", "kits", view.tally("kits")[:, -1].astype(np.float64))


MEASURE_GROUPS = (
    unit_measures,
    interceptor_measures,
    defence_measures,
    money_measures,
    limiting_factor_measures,
    crew_and_kit_measures,
    employment_measures,
)


def measures(run: Run, month: str | None = None, *, nominal: bool = False) -> tuple[Measure, ...]:
    """All measures of a run or of one month, in the order of the tables, with values for the finished futures."""
    return measures_of(view_of(run, month, nominal=nominal))


def measures_of(view: View) -> tuple[Measure, ...]:
    """All measures of the rows of a view."""
    return tuple(measure for group_measures in MEASURE_GROUPS for measure in group_measures(view))


def summarise(measure: Measure, futures: Ints | None = None) -> KeyResult:
    """Quantiles, mean and standard errors of a measure over futures, whose numbers are 0, 1, 2, ... by default."""
    if measure.form == "chance":
        share = probability_interval(measure.values, futures)
        statistics = Interval(**{**asdict(share), "mean": 100 * share.mean, "se_mean": 100 * share.se_mean})
    else:
        statistics = interval(measure.values, ordinal=measure.form == "month", futures=futures)
    return KeyResult(measure.key, measure.group, measure.title, measure.unit, measure.form, statistics)


def key_results(run: Run, month: str | None = None, *, nominal: bool = False) -> KeyResults:
    """The key results of a run, or of one month of it such as ``"2026-02"``.

    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.
    """
    return tabulate(run, measures(run, month, nominal=nominal), month)


def tabulate(run: Run, measures: Sequence[Measure], month: str | None = None) -> KeyResults:
    """Table of the key results from measures of a run or of one month."""
    months = run.compiled.names.months
    rows = tuple(summarise(measure, run.finished_futures) for measure in measures)
    return KeyResults(
        title=run.scenario.title,
        period=month or f"{months[0]} to {months[-1]}",
        futures=run.futures,
        failed_futures=run.failed,
        months=months,
        rows=rows,
    )
