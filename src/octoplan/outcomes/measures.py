"""The measures of a run: one number for each future and measure, then their quantiles and standard errors.

A ratio is the ratio of sums within each future unless its title says otherwise. Failed futures count in none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from octoplan.campaign.tally import BIAS, FREIGHT, LAYERS
from octoplan.outcomes.intervals import Interval, chance, interval
from octoplan.outcomes.key_results import KeyResult, KeyResults
from octoplan.outcomes.run import Run
from octoplan.outcomes.summary import summary
from octoplan.outcomes.view import MONTH, OWNER_KEY, YEAR, Measure, View, by_future, product, ratio, view_of
from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Floats

LADDER = (1000, 2000)
"""Good units a month whose first month is a measure."""


def units(view: View) -> Iterator[Measure]:
    """Made, delivered, flown; by whom and where."""
    good, delivered = view.tally("good").sum(axis=1), view.tally("delivered").sum(axis=1)
    group = "Units"
    yield Measure("made", group, "good units made by the programme", "units", by_future(good))
    yield Measure("delivered", group, "units delivered by the programme to the regions", "units", by_future(delivered))
    for country, rows in view.plants_by_country.items():
        title = view.title("countries", country)
        yield Measure(f"made/{country}", group, f"good units made, {title}", "units", by_future(good[:, rows]))
        yield Measure(
            f"share/{country}",
            group,
            f"share of delivered units made in: {title}",
            "%",
            100 * ratio(by_future(delivered[:, rows]), by_future(delivered)),
        )
    received = view.tally("received").sum(axis=(1, 2))
    sorties = view.tally("sorties").sum(axis=(1, 2))
    yield Measure("received", group, "units that reached the regions, all makers", "units", by_future(received))
    yield Measure("flown", group, "sorties flown, all makers", "sorties", by_future(sorties))
    yield Measure(
        "flown/share",
        group,
        "sorties for each unit received, all makers",
        "%",
        100 * ratio(by_future(sorties), by_future(received)),
    )
    for owner, rows in view.designs_by_owner.items():
        key = OWNER_KEY[owner]
        yield Measure(f"flown/{key}", group, f"sorties flown, {owner}", "sorties", by_future(sorties[:, rows]))
        flown = 100 * ratio(by_future(sorties[:, rows]), by_future(received[:, rows]))
        yield Measure(f"flown/share/{key}", group, f"sorties for each unit received, {owner}", "%", flown)
    if view.whole:
        yield from ladder(view)


def ladder(view: View) -> Iterator[Measure]:
    """Month in which a monthly output is first reached, and the chance that it never is."""
    monthly = view.tally("good").sum(axis=2)
    for step in LADDER:
        reached = monthly >= step
        ever = reached.any(axis=1)
        first = np.where(ever, reached.argmax(axis=1), np.inf)
        yield Measure(f"reach/{step}", "Units", f"first month with {step:,} good units", "month", first, "month")
        never = (~ever).astype(np.float64)
        title = f"chance that no month reaches {step:,} good units"
        yield Measure(f"never/{step}", "Units", title, "%", never, "chance")


def use(view: View) -> Iterator[Measure]:
    """Kills by maker, kills a sortie, contacts a sortie, kills a contact."""
    group = "Interceptors in use"
    kills = view.tally("kills").sum(axis=(1, 2))
    sorties = view.tally("sorties").sum(axis=(1, 2))
    contacts = view.tally("contacts").sum(axis=(1, 2))
    yield Measure("kills", group, "threats killed by interceptors, all makers", "threats", by_future(kills))
    for owner, rows in view.designs_by_owner.items():
        key = OWNER_KEY[owner]
        yield Measure(
            f"kills/{key}", group, f"threats killed by interceptors, {owner}", "threats", by_future(kills[:, rows])
        )
    yield Measure("kills/sortie", group, "kills a sortie, all makers", "1", ratio(by_future(kills), by_future(sorties)))
    for owner, rows in view.designs_by_owner.items():
        title, key = f"kills a sortie, {owner}", f"kills/sortie/{OWNER_KEY[owner]}"
        yield Measure(key, group, title, "1", ratio(by_future(kills[:, rows]), by_future(sorties[:, rows])))
    yield Measure(
        "contacts/sortie", group, "contacts a sortie, all makers", "1", ratio(by_future(contacts), by_future(sorties))
    )
    yield Measure(
        "kills/contact", group, "kills a contact, all makers", "1", ratio(by_future(kills), by_future(contacts))
    )


def defence(view: View) -> Iterator[Measure]:
    """Launched, stopped shares by package and class, leakers, and what the programme adds."""
    group = "Defence"
    launched, leaked = view.tally("launched").sum(axis=(1, 2)), view.tally("leaked").sum(axis=(1, 2))
    kills = view.tally("kills").sum(axis=(1, 2, 3))
    package_of = view.run.compiled.template.threats["package"]
    for p, package in enumerate(view.names.packages):
        rows = np.flatnonzero(package_of == p)
        sent, through = by_future(launched[:, rows]), by_future(leaked[:, rows])
        name = view.title("packages", package)
        yield Measure(f"launched/{package}", group, f"launched, {name}", "threats", sent)
        yield Measure(f"stopped/{package}", group, f"stopped share, {name}", "%", 100 * ratio(sent - through, sent))
        part = 100 * ratio(by_future(kills[:, rows]), sent - through)
        yield Measure(
            f"intercepted/{package}", group, f"share of the stopped killed by interceptors, {name}", "%", part
        )
    for t, threat in enumerate(view.names.threats):
        sent, through = launched[:, t], leaked[:, t]
        share = 100 * ratio(sent - through, sent)
        yield Measure(f"stopped/{threat}", group, f"stopped share, {view.title('threats', threat)}", "%", share)
    for t, threat in enumerate(view.names.threats):
        yield Measure(f"leaked/{threat}", group, f"leakers, {view.title('threats', threat)}", "threats", leaked[:, t])
    before = view.tally("leaked", counterfactual=True).sum(axis=(1, 2))
    yield Measure("leaked", group, "leakers, all classes", "threats", by_future(leaked))
    yield Measure(
        "added", group, "leakers fewer than without the programme", "threats", by_future(before) - by_future(leaked)
    )
    if view.not_decoys.sum() < len(view.names.threats):
        after, fewer = leaked[:, view.not_decoys], (before - leaked)[:, view.not_decoys]
        yield Measure("leaked/real", group, "leakers, decoys left out", "threats", by_future(after))
        title = "leakers fewer than without the programme, decoys left out"
        yield Measure("added/real", group, title, "threats", by_future(fewer))
    more = by_future(kills) - by_future(view.tally("stopped_by", counterfactual=True)[:, :, 0])
    yield Measure("kills/added", group, "kills by interceptors more than without the programme", "threats", more)
    layer = view.reference_layer
    if layer < 0:
        return
    saved = view.tally("shots", counterfactual=True)[:, :, layer].sum(axis=1) - view.tally("shots")[:, :, layer].sum(
        axis=1
    )
    title = f"shots not fired thanks to the programme, {view.title('layers', view.names.layers[layer])}"
    yield Measure("missiles/saved", group, title, "shots", saved)


@dataclass(frozen=True)
class Missiles:
    """What the interceptors' kills would have taken of the reference layer, of the classes it fights.

    (futures,) each: shots, money for them, the kills counted, and shots supplied a month (0: not stocked).
    """

    shots: Floats
    money: Floats
    kills: Floats
    supply: Floats


def missiles(view: View) -> Missiles | None:
    """The missile-equivalent of the kills; None without a reference layer, or where it fights no class they do.

    A kill of class k takes shots(k) / p(k) shots, the mean of a geometric number of engagements; priced at the
    month's kills and its last day's exchange rate.
    """
    compiled, names, layer = view.run.compiled, view.names, view.reference_layer
    if layer < 0:
        return None
    rows = layer * len(names.threats) + np.arange(len(names.threats))
    fights = (compiled.slots["effects", "p"][rows] >= 0) & (compiled.slots["engagement", "window"] >= 0).reshape(
        len(names.threats), -1
    ).any(axis=1)
    if not fights.any():
        return None
    each = ratio(view.assumption("effects", "shots")[:, rows], view.assumption("effects", "p")[:, rows])[:, fights]
    kills = view.tally("kills").sum(axis=(2, 3))[:, :, fights]
    with np.errstate(invalid="ignore"):
        needed = np.where(kills > 0, kills * each[:, None, :], 0.0).sum(axis=2)
    currency = int(compiled.template.layers["cost_currency"][layer])
    price = view.assumption("layers", "cost")[:, layer, None] * view.tally("exchange")[:, :, currency]
    if view.nominal:
        price = price * view.inflation
    supply = view.assumption("layers", "resupply")[:, layer] * MONTH
    return Missiles(needed.sum(axis=1), (needed * price).sum(axis=1), by_future(kills).astype(np.float64), supply)


def money(view: View) -> Iterator[Measure]:
    """Spend by payer, cost a kill against the missile layer's, exchange ratio, damage avoided."""
    group, unit = "Money", view.unit
    spend, base = view.money("spend"), view.money("spend", counterfactual=True)
    total = by_future(view.tally("kills"))
    ours = by_future(spend) - by_future(spend[:, :, LAYERS])
    yield Measure("cost/kill", group, "cost a kill, all interceptors with crews and kits", unit, ratio(ours, total))
    equivalent = missiles(view)
    layer = view.title("layers", view.names.layers[view.reference_layer]) if view.reference_layer >= 0 else ""
    if equivalent is not None:
        title = f"cost of the same kill by: {layer}"
        yield Measure("missiles/kill", group, title, unit, ratio(equivalent.money, equivalent.kills))
    yield from exchange_ratio(view, ours)
    own = by_future(spend) - by_future(spend[:, :, LAYERS]) - by_future(base) + by_future(base[:, :, LAYERS])
    yield Measure("programme/cost", group, "cost of the programme", unit, own)
    added = by_future(view.tally("leaked", counterfactual=True)[..., view.not_decoys]) - by_future(
        view.tally("leaked")[..., view.not_decoys]
    )
    title = "cost of the programme for each leaker fewer, decoys left out"
    each = np.where(added > 0, ratio(own, added), np.where(np.isnan(added), np.nan, np.inf))
    yield Measure("programme/cost/added", group, title, unit, each)
    if equivalent is not None:
        title = f"the same kills by: {layer}, money"
        yield Measure("missiles/money", group, title, unit, equivalent.money)
        if (equivalent.supply > 0).any():
            title = f"the same kills by: {layer}, months of its supply"
            yield Measure("missiles/months", group, title, "months", ratio(equivalent.shots, equivalent.supply))
    damage, before = by_future(view.money("damage")), by_future(view.money("damage", counterfactual=True))
    yield Measure("damage", group, "damage by leakers", unit, damage)
    yield Measure("damage/avoided", group, "damage avoided by the programme", unit, before - damage)
    yield from spending(view, spend)


def exchange_ratio(view: View, ours: Floats) -> Iterator[Measure]:
    """Interceptor-side spend over what the killed threats cost the other side, at each month's last exchange rate."""
    currency = view.run.compiled.template.threats["unit_cost_currency"]
    worth = view.assumption("threats", "unit_cost")[:, None, :] * view.tally("exchange")[:, :, currency]
    if view.nominal:
        worth = worth * view.inflation[:, :, None]
    value = by_future(view.tally("kills").sum(axis=(2, 3)) * worth)
    yield Measure(
        "exchange", "Money", "exchange ratio: cost a kill / cost of the threat killed", "1", ratio(ours, value)
    )


def spending(view: View, spend: Floats) -> Iterator[Measure]:
    """Spend by payer and in all, optimism bias on a line of its own, present value, chance over a budget."""
    group, unit = "Money", view.unit
    yield Measure("spend", group, "spend, all payers, interceptors and other layers", unit, by_future(spend))
    for row, payer in enumerate(view.names.payers):
        yield Measure(
            f"spend/{payer}", group, f"spend, {view.title('payers', payer)}", unit, by_future(spend[:, :, :, row])
        )
    yield Measure("spend/optimism-bias", group, "of which optimism bias", unit, by_future(spend[:, :, BIAS]))
    yield from unit_costs(view)
    if not view.whole:
        return
    rate = view.assumption("finance", "discount_rate")[:, :1]
    discount = (1 + rate) ** -view.years
    real = view.tally("spend").sum(axis=(2, 3))
    shown = f"{100 * float(np.median(view.run.assumption('finance', 'discount_rate')[:, 0])):.3g} %"
    base = f"{view.run.scenario.currency} ({view.run.scenario.price_base})"
    title = f"present value of the spend at the start, discounted at {shown} a year"
    yield Measure("present-value", group, title, base, by_future(real * discount))
    for payer, limit in view.run.scenario.budgets.items():
        paid = by_future(spend[:, :, :, view.names.payers.index(payer)])
        title = f"chance that {view.title('payers', payer)} spends more than its budget"
        yield Measure(f"over-budget/{payer}", group, title, "%", (paid > limit).astype(np.float64), "chance")


def unit_costs(view: View) -> Iterator[Measure]:
    """What each plant spends on a good unit: parts, labour, overhead, royalty, freight, lines, scrap; without bias."""
    spent, good = view.money("plant_spend").sum(axis=1), view.tally("good").sum(axis=1)
    for row, plant in enumerate(view.names.plants):
        title = f"unit production cost, {view.title('plants', plant)}"
        own = by_future(spent[:, row]) - spent[:, row, BIAS]
        yield Measure(f"unit-cost/{plant}", "Money", title, view.unit, ratio(own, good[:, row]))


def work(view: View) -> Iterator[Measure]:
    """Jobs and value added by country."""
    hours = view.tally("hours_paid").sum(axis=1)
    per_job = view.assumption("countries", "hours_per_job")
    multiplier = view.assumption("countries", "jobs_multiplier")
    share = view.assumption("countries", "value_added_share")
    years = float(view.days.sum()) / YEAR
    for country, rows in view.plants_by_country.items():
        row, name = view.names.countries.index(country), view.title("countries", country)
        direct = ratio(by_future(hours[:, rows]), per_job[:, row] * years)
        yield Measure(f"jobs/{country}", "Work", f"direct jobs, average, {name}", "jobs", direct)
        title = f"indirect jobs, average, {name}"
        yield Measure(f"jobs/indirect/{country}", "Work", title, "jobs", product(direct, multiplier[:, row]))
        spent = view.money("plant_spend")[:, :, rows].sum(axis=(1, 2))
        there = by_future(spent) - spent[:, BIAS] - spent[:, FREIGHT]
        yield Measure(f"value-added/{country}", "Work", f"value added, {name}", view.unit, there * share[:, row])


def limits(view: View) -> Iterator[Measure]:
    """Limiting factors: shares of region-nights with engageable threats, and of plant-days with output planned."""
    group = "Limiting factors"
    nights = view.tally("nights").sum(axis=(1, 2))
    for i, factor in enumerate(limiting_factors.NIGHT_LIMITS):
        share = 100 * ratio(nights[:, i], by_future(nights))
        yield Measure(f"nights/{factor.name}", group, factor.share_of("region-nights"), "%", share)
    days = view.tally("plant_limit").sum(axis=(1, 2))
    planned = by_future(days) - days[:, limiting_factors.IDLE]
    for i, factor in enumerate(limiting_factors.PLANT_LIMITS):
        if i != limiting_factors.IDLE:
            share = 100 * ratio(days[:, i], planned)
            yield Measure(f"plants/{factor.name}", group, factor.share_of("plant-days"), "%", share)
    part = limiting_factors.PART_LIMIT
    for i, name in enumerate(view.names.parts, len(limiting_factors.PLANT_LIMITS)):
        title = f"{part.share_of('plant-days')}: {view.title('parts', name)}"
        yield Measure(f"plants/{part.name}/{name}", group, title, "%", 100 * ratio(days[:, i], planned))


def people(view: View) -> Iterator[Measure]:
    """Trained crews and kits at the end of the period."""
    yield Measure("crews", "Crews", "trained crews at the end", "crews", view.tally("crews")[:, -1].astype(np.float64))
    yield Measure("kits", "Crews", "kits at the end", "kits", view.tally("kits")[:, -1].astype(np.float64))


SECTIONS = (units, use, defence, money, limits, people, work)


def measures(run: Run, month: str | None = None, *, nominal: bool = False) -> tuple[Measure, ...]:
    """Every measure of a run or of one month, a value a finished future, in reading order."""
    view = view_of(run, month, nominal=nominal)
    return tuple(measure for section in SECTIONS for measure in section(view))


def summarise(measure: Measure) -> KeyResult:
    """The row of a measure: its quantiles, mean and standard errors."""
    if measure.form == "chance":
        share = chance(measure.values)
        found = Interval(**{**asdict(share), "mean": 100 * share.mean, "se_mean": 100 * share.se_mean})
    else:
        found = interval(measure.values, ordinal=measure.form == "month")
    return KeyResult(measure.key, measure.group, measure.title, measure.unit, measure.form, found)


def key_results(run: Run, month: str | None = None, *, nominal: bool = False) -> KeyResults:
    """The key results of a run, or of one month of it such as ``"2026-02"``.

    nominal
        True inflates money by the assumption on the reporting currency's inflation.
    """
    return tabulate(run, measures(run, month, nominal=nominal), month)


def tabulate(run: Run, measures: Sequence[Measure], month: str | None = None) -> KeyResults:
    """The table of measures of a run or of one month of it."""
    months = run.compiled.names.months
    rows = tuple(map(summarise, measures))
    return KeyResults(
        title=run.scenario.title,
        period=month or f"{months[0]} to {months[-1]}",
        futures=run.futures,
        failed=run.failed,
        summary=summary({row.key: row for row in rows}) if month is None else "",
        months=months,
        rows=rows,
    )
