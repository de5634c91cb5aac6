"""The headlines: what a run says, one number a future for each measure, then quantiles and standard errors.

A ratio is the ratio of sums of each future unless its title says otherwise. Failed futures count in none.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from math import isnan, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.tally import BIAS, FREIGHT, LAYERS, NIGHT_BOUNDS, PLANT_BOUNDS
from octoplan.errors import RunError
from octoplan.outcomes.intervals import Interval, chance, interval
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats, Ints, Names

YEAR = 365.25
MONTH = 30.4375
LADDER = (1000, 2000)
"""Good units a month whose first month is a headline."""

PROGRAMME, OTHERS, SHARED = "the programme", "other makers", "programme and other makers, same design"


@dataclass(frozen=True)
class Measure:
    """One number a future.

    key
        Stable name, such as ``kills/octopus``; ``group`` and ``title`` are for people.
    form
        ``amount``; ``month``: row of the month, from 0, ``inf`` for never; ``chance``: 0 or 1.
    values
        (finished futures,), ``nan`` where it is not defined in a future.
    """

    key: str
    group: str
    title: str
    unit: str
    values: Floats
    form: str = "amount"


@dataclass(frozen=True)
class KeyResult:
    """One row of the headlines; ``interval`` holds its P10, P50, P90, mean and standard errors."""

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval


@dataclass(frozen=True)
class KeyResults:
    """The headline table of a run: rows by key, iteration in reading order, ``str`` for a terminal.

    ``period`` is the month, or the first and last; ``months`` are the labels that month measures point at.
    """

    title: str
    period: str
    futures: int
    failed: int
    summary: str
    months: tuple[str, ...]
    rows: tuple[KeyResult, ...]

    def __getitem__(self, key: str) -> KeyResult:
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(f"no measure {key!r}; known are {', '.join(row.key for row in self.rows)}")

    def __contains__(self, key: object) -> bool:
        return any(row.key == key for row in self.rows)

    def __iter__(self) -> Iterator[KeyResult]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, list[Any]]:
        """The table as named columns of equal length: key, group, measure, unit, then those of ``Interval``."""
        records = [
            {"key": r.key, "group": r.group, "measure": r.measure, "unit": r.unit, **asdict(r.interval)}
            for r in self.rows
        ]
        return {name: [record[name] for record in records] for name in (records[0] if records else ())}

    def to_csv(self) -> str:
        """The table as CSV: columns as in ``columns``, months by their label, ``never`` for beyond the horizon."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(self))
        return out.getvalue()

    def __str__(self) -> str:
        from octoplan.show.tables import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from octoplan.show.tables import html_table

        return html_table(self)


POINTS = ("p10", "p50", "p90")
CSV_COLUMNS = ("period", "key", "group", "measure", "unit", *Interval.__dataclass_fields__)


def csv_rows(table: KeyResults) -> Iterator[tuple[Any, ...]]:
    """The rows of a table under ``CSV_COLUMNS``; empty where a number is not defined."""
    for row in table.rows:
        cells = (
            csv_cell(value, row.form == "month" and name in POINTS, table)
            for name, value in asdict(row.interval).items()
        )
        yield (table.period, row.key, row.group, row.measure, row.unit, *cells)


def csv_cell(value: float, is_month: bool, table: KeyResults) -> str:
    if isnan(value):
        return ""
    return month_label(value, table.months) if is_month else f"{value:.8g}"


def month_label(value: float, months: tuple[str, ...]) -> str:
    """Label of the row of a month; ``never`` beyond the horizon."""
    return months[int(value)] if np.isfinite(value) and int(value) < len(months) else "never"


@dataclass(frozen=True)
class View:
    """The finished futures of a run over some of its months, as plain arrays (futures, month, ...)."""

    run: Run
    rows: slice
    whole: bool
    nominal: bool = False

    @cached_property
    def finished(self) -> slice | NDArray[np.int64]:
        return np.flatnonzero(self.run.status == 0) if self.run.failed else slice(None)

    @property
    def names(self) -> Names:
        return self.run.compiled.names

    @cached_property
    def days(self) -> Ints:
        """(months,) days in each month of the view."""
        return self.run.compiled.links.month_days[self.rows]

    def take(self, name: str, *, base: bool = False) -> NDArray[Any]:
        """A tally; one without a month axis is returned as it is, one of a world that was not flown is undefined."""
        variable = self.run.data[name] if not base else self.run.counterfactual.get(name)
        if variable is None:
            return np.full_like(self.take(name), np.nan, dtype=np.float64)
        values = variable.values[self.finished]
        return values[:, self.rows] if "month" in variable.dims else values

    def money(self, name: str, *, base: bool = False) -> Floats:
        """A tally of money by month, inflated if the view is nominal."""
        values = self.take(name, base=base)
        if not self.nominal:
            return values
        return values * self.inflation.reshape(*self.inflation.shape, *[1] * (values.ndim - 2))

    def assumption(self, kind: str, parameter: str) -> Floats:
        return self.run.assumption(kind, parameter)[self.finished]

    @cached_property
    def years(self) -> Floats:
        """(months,) years from the start to the middle of each month."""
        days = self.run.compiled.links.month_days
        return ((np.cumsum(days) - days / 2) / YEAR)[self.rows]

    @cached_property
    def inflation(self) -> Floats:
        """(futures, months) prices of the month against the price base (its 1 July), reporting currency."""
        start = self.run.scenario.start
        since = (start - date(self.run.scenario.price_base, 7, 1)).days / YEAR
        row = self.names.currencies.index(self.run.scenario.currency)
        yearly = self.assumption("currencies", "inflation")[:, row]
        return (1 + yearly[:, None]) ** (self.years + since)

    @cached_property
    def unit(self) -> str:
        """The unit of money, with its prices."""
        currency, base = self.run.scenario.currency, self.run.scenario.price_base
        return f"{currency} (nominal)" if self.nominal else f"{currency} ({base})"

    def title(self, section: str, name: str) -> str:
        """Human title of an entity, its name where it has none."""
        return self.run.scenario.titles.get(f"{section}.{name}", name)

    @property
    def reference(self) -> int:
        """Row of the missile layer that kills are compared with, -1 for none."""
        return int(self.run.compiled.links.reference_layer[0])


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Quotient of each future: ``nan`` for 0/0, ``inf`` for something over nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, np.float64)


def over(array: NDArray[Any]) -> NDArray[Any]:
    """Sum over every axis but the futures."""
    total: NDArray[Any] = array.reshape(len(array), prod(array.shape[1:])).sum(axis=1)
    return total


def owners(view: View) -> dict[str, Ints]:
    """Rows of the designs made by the programme's plants, by other makers, or by both."""
    template = view.run.compiled.template
    ours = set(template.plants["design"].tolist())
    theirs = set(template.makers["design"].tolist())
    groups = {PROGRAMME: ours - theirs, OTHERS: theirs - ours, SHARED: ours & theirs}
    return {name: np.array(sorted(rows), np.int64) for name, rows in groups.items() if rows}


OWNER_KEY = {PROGRAMME: "programme", OTHERS: "others", SHARED: "shared"}


def countries(view: View) -> dict[str, Ints]:
    """Rows of the plants of each country that has any."""
    rows = view.run.compiled.template.plants["country"]
    return {c: np.flatnonzero(rows == i) for i, c in enumerate(view.names.countries) if (rows == i).any()}


def units(view: View) -> Iterator[Measure]:
    """Made, delivered, flown; by whom and where."""
    good, delivered = view.take("good").sum(axis=1), view.take("delivered").sum(axis=1)
    group = "Units"
    yield Measure("made", group, "good units made by the programme", "units", over(good))
    yield Measure("delivered", group, "units delivered by the programme to the regions", "units", over(delivered))
    for country, rows in countries(view).items():
        title = view.title("countries", country)
        yield Measure(f"made/{country}", group, f"good units made, {title}", "units", over(good[:, rows]))
        yield Measure(
            f"share/{country}",
            group,
            f"share of delivered units made in: {title}",
            "%",
            100 * ratio(over(delivered[:, rows]), over(delivered)),
        )
    received = view.take("received").sum(axis=(1, 2))
    sorties = view.take("sorties").sum(axis=(1, 2))
    yield Measure("received", group, "units that reached the regions, all makers", "units", over(received))
    yield Measure("flown", group, "sorties flown, all makers", "sorties", over(sorties))
    yield Measure(
        "flown/share",
        group,
        "sorties for each unit received, all makers",
        "%",
        100 * ratio(over(sorties), over(received)),
    )
    for owner, rows in owners(view).items():
        key = OWNER_KEY[owner]
        yield Measure(f"flown/{key}", group, f"sorties flown, {owner}", "sorties", over(sorties[:, rows]))
        flown = 100 * ratio(over(sorties[:, rows]), over(received[:, rows]))
        yield Measure(f"flown/share/{key}", group, f"sorties for each unit received, {owner}", "%", flown)
    if view.whole:
        yield from ladder(view)


def ladder(view: View) -> Iterator[Measure]:
    """Month in which a monthly output is first reached, and the chance that it never is."""
    monthly = view.take("good").sum(axis=2)
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
    kills = view.take("kills").sum(axis=(1, 2))
    sorties = view.take("sorties").sum(axis=(1, 2))
    contacts = view.take("contacts").sum(axis=(1, 2))
    yield Measure("kills", group, "threats killed by interceptors, all makers", "threats", over(kills))
    for owner, rows in owners(view).items():
        key = OWNER_KEY[owner]
        yield Measure(
            f"kills/{key}", group, f"threats killed by interceptors, {owner}", "threats", over(kills[:, rows])
        )
    yield Measure("kills/sortie", group, "kills a sortie, all makers", "1", ratio(over(kills), over(sorties)))
    for owner, rows in owners(view).items():
        title, key = f"kills a sortie, {owner}", f"kills/sortie/{OWNER_KEY[owner]}"
        yield Measure(key, group, title, "1", ratio(over(kills[:, rows]), over(sorties[:, rows])))
    yield Measure("contacts/sortie", group, "contacts a sortie, all makers", "1", ratio(over(contacts), over(sorties)))
    yield Measure("kills/contact", group, "kills a contact, all makers", "1", ratio(over(kills), over(contacts)))


def real(view: View) -> NDArray[np.bool_]:
    """(threats,) True for the classes that are no decoys."""
    return np.asarray(view.run.compiled.template.threats["decoy"] != 1)


def defence(view: View) -> Iterator[Measure]:
    """Launched, stopped shares by package and class, leakers, and what the programme adds."""
    group = "Defence"
    launched, leaked = view.take("launched").sum(axis=(1, 2)), view.take("leaked").sum(axis=(1, 2))
    kills = view.take("kills").sum(axis=(1, 2, 3))
    package_of = view.run.compiled.template.threats["package"]
    for p, package in enumerate(view.names.packages):
        rows = np.flatnonzero(package_of == p)
        sent, through = over(launched[:, rows]), over(leaked[:, rows])
        name = view.title("packages", package)
        yield Measure(f"launched/{package}", group, f"launched, {name}", "threats", sent)
        yield Measure(f"stopped/{package}", group, f"stopped share, {name}", "%", 100 * ratio(sent - through, sent))
        part = 100 * ratio(over(kills[:, rows]), sent - through)
        yield Measure(
            f"intercepted/{package}", group, f"share of the stopped killed by interceptors, {name}", "%", part
        )
    for t, threat in enumerate(view.names.threats):
        sent, through = launched[:, t], leaked[:, t]
        share = 100 * ratio(sent - through, sent)
        yield Measure(f"stopped/{threat}", group, f"stopped share, {view.title('threats', threat)}", "%", share)
    for t, threat in enumerate(view.names.threats):
        yield Measure(f"leaked/{threat}", group, f"leakers, {view.title('threats', threat)}", "threats", leaked[:, t])
    before = view.take("leaked", base=True).sum(axis=(1, 2))
    yield Measure("leaked", group, "leakers, all classes", "threats", over(leaked))
    yield Measure("added", group, "leakers fewer than without the programme", "threats", over(before) - over(leaked))
    if real(view).sum() < len(view.names.threats):
        after, fewer = leaked[:, real(view)], (before - leaked)[:, real(view)]
        yield Measure("leaked/real", group, "leakers, decoys left out", "threats", over(after))
        title = "leakers fewer than without the programme, decoys left out"
        yield Measure("added/real", group, title, "threats", over(fewer))
    more = over(kills) - over(view.take("stopped_by", base=True)[:, :, 0])
    yield Measure("kills/added", group, "kills by interceptors more than without the programme", "threats", more)
    layer = view.reference
    if layer < 0:
        return
    saved = view.take("shots", base=True)[:, :, layer].sum(axis=1) - view.take("shots")[:, :, layer].sum(axis=1)
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
    compiled, names, layer = view.run.compiled, view.names, view.reference
    if layer < 0:
        return None
    rows = layer * len(names.threats) + np.arange(len(names.threats))
    fights = (compiled.slots["effects", "p"][rows] >= 0) & (compiled.slots["engagement", "window"] >= 0).reshape(
        len(names.threats), -1
    ).any(axis=1)
    if not fights.any():
        return None
    each = ratio(view.assumption("effects", "shots")[:, rows], view.assumption("effects", "p")[:, rows])[:, fights]
    kills = view.take("kills").sum(axis=(2, 3))[:, :, fights]
    with np.errstate(invalid="ignore"):
        needed = np.where(kills > 0, kills * each[:, None, :], 0.0).sum(axis=2)
    currency = int(compiled.template.layers["cost_currency"][layer])
    price = view.assumption("layers", "cost")[:, layer, None] * view.take("exchange")[:, :, currency]
    if view.nominal:
        price = price * view.inflation
    supply = view.assumption("layers", "resupply")[:, layer] * MONTH
    return Missiles(needed.sum(axis=1), (needed * price).sum(axis=1), over(kills).astype(np.float64), supply)


def money(view: View) -> Iterator[Measure]:
    """Spend by payer, cost a kill against the missile layer's, exchange ratio, damage avoided."""
    group, unit = "Money", view.unit
    spend, base = view.money("spend"), view.money("spend", base=True)
    total = over(view.take("kills"))
    ours = over(spend) - over(spend[:, :, LAYERS])
    yield Measure("cost/kill", group, "cost a kill, all interceptors with crews and kits", unit, ratio(ours, total))
    equivalent = missiles(view)
    layer = view.title("layers", view.names.layers[view.reference]) if view.reference >= 0 else ""
    if equivalent is not None:
        title = f"cost of the same kill by: {layer}"
        yield Measure("missiles/kill", group, title, unit, ratio(equivalent.money, equivalent.kills))
    yield from exchange_ratio(view, ours)
    own = over(spend) - over(spend[:, :, LAYERS]) - over(base) + over(base[:, :, LAYERS])
    yield Measure("programme/cost", group, "cost of the programme", unit, own)
    added = over(view.take("leaked", base=True)[..., real(view)]) - over(view.take("leaked")[..., real(view)])
    title = "cost of the programme for each leaker fewer, decoys left out"
    each = np.where(added > 0, ratio(own, added), np.where(np.isnan(added), np.nan, np.inf))
    yield Measure("programme/cost/added", group, title, unit, each)
    if equivalent is not None:
        title = f"the same kills by: {layer}, money"
        yield Measure("missiles/money", group, title, unit, equivalent.money)
        if (equivalent.supply > 0).any():
            title = f"the same kills by: {layer}, months of its supply"
            yield Measure("missiles/months", group, title, "months", ratio(equivalent.shots, equivalent.supply))
    damage, before = over(view.money("damage")), over(view.money("damage", base=True))
    yield Measure("damage", group, "damage by leakers", unit, damage)
    yield Measure("damage/avoided", group, "damage avoided by the programme", unit, before - damage)
    yield from spending(view, spend)


def exchange_ratio(view: View, ours: Floats) -> Iterator[Measure]:
    """Interceptor-side spend over what the killed threats cost the other side, at each month's last exchange rate."""
    currency = view.run.compiled.template.threats["unit_cost_currency"]
    worth = view.assumption("threats", "unit_cost")[:, None, :] * view.take("exchange")[:, :, currency]
    if view.nominal:
        worth = worth * view.inflation[:, :, None]
    value = over(view.take("kills").sum(axis=(2, 3)) * worth)
    yield Measure(
        "exchange", "Money", "exchange ratio: cost a kill / cost of the threat killed", "1", ratio(ours, value)
    )


def spending(view: View, spend: Floats) -> Iterator[Measure]:
    """Spend by payer and in all, optimism bias on a line of its own, present value, chance over a budget."""
    group, unit = "Money", view.unit
    yield Measure("spend", group, "spend, all payers, interceptors and other layers", unit, over(spend))
    for row, payer in enumerate(view.names.payers):
        yield Measure(f"spend/{payer}", group, f"spend, {view.title('payers', payer)}", unit, over(spend[:, :, :, row]))
    yield Measure("spend/optimism-bias", group, "of which optimism bias", unit, over(spend[:, :, BIAS]))
    yield from unit_costs(view)
    if not view.whole:
        return
    rate = view.assumption("finance", "discount_rate")[:, :1]
    discount = (1 + rate) ** -view.years
    real = view.take("spend").sum(axis=(2, 3))
    shown = f"{100 * float(np.median(view.run.assumption('finance', 'discount_rate')[:, 0])):.3g} %"
    base = f"{view.run.scenario.currency} ({view.run.scenario.price_base})"
    title = f"present value of the spend at the start, discounted at {shown} a year"
    yield Measure("present-value", group, title, base, over(real * discount))
    for payer, limit in view.run.scenario.budgets.items():
        paid = over(spend[:, :, :, view.names.payers.index(payer)])
        title = f"chance that {view.title('payers', payer)} spends more than its budget"
        yield Measure(f"over-budget/{payer}", group, title, "%", (paid > limit).astype(np.float64), "chance")


def unit_costs(view: View) -> Iterator[Measure]:
    """What each plant spends on a good unit: parts, labour, overhead, royalty, freight, lines, scrap; without bias."""
    spent, good = view.money("plant_spend").sum(axis=1), view.take("good").sum(axis=1)
    for row, plant in enumerate(view.names.plants):
        title = f"unit production cost, {view.title('plants', plant)}"
        own = over(spent[:, row]) - spent[:, row, BIAS]
        yield Measure(f"unit-cost/{plant}", "Money", title, view.unit, ratio(own, good[:, row]))


def work(view: View) -> Iterator[Measure]:
    """Jobs and value added by country."""
    hours = view.take("hours_paid").sum(axis=1)
    per_job = view.assumption("countries", "hours_per_job")
    multiplier = view.assumption("countries", "jobs_multiplier")
    share = view.assumption("countries", "value_added_share")
    years = float(view.days.sum()) / YEAR
    for country, rows in countries(view).items():
        row, name = view.names.countries.index(country), view.title("countries", country)
        direct = ratio(over(hours[:, rows]), per_job[:, row] * years)
        yield Measure(f"jobs/{country}", "Work", f"direct jobs, average, {name}", "jobs", direct)
        title = f"indirect jobs, average, {name}"
        yield Measure(f"jobs/indirect/{country}", "Work", title, "jobs", direct * multiplier[:, row])
        spent = view.money("plant_spend")[:, :, rows].sum(axis=(1, 2))
        there = over(spent) - spent[:, BIAS] - spent[:, FREIGHT]
        yield Measure(f"value-added/{country}", "Work", f"value added, {name}", view.unit, there * share[:, row])


def bounds(view: View) -> Iterator[Measure]:
    """What bound when: region-nights with engageable threats, and plant-days with output asked."""
    group = "What bound"
    nights = view.take("nights").sum(axis=(1, 2))
    all_nights = over(nights)
    words = {
        "nothing": "region-nights on which interceptors let nothing past",
        "interceptors": "region-nights bound by interceptors",
        "crews": "region-nights bound by crews",
        "windows": "region-nights bound by windows",
    }
    for i, bound in enumerate(NIGHT_BOUNDS):
        yield Measure(f"nights/{bound}", group, words[bound], "%", 100 * ratio(nights[:, i], all_nights))
    days = view.take("plant_bound").sum(axis=(1, 2))
    asked = over(days) - days[:, PLANT_BOUNDS.index("idle")]
    words = {
        "met": "plant-days on which output was as asked",
        "gate": "plant-days lost to gates not passed",
        "strike": "plant-days bound by strikes and power",
        "line": "plant-days bound by the lines",
        "labour": "plant-days bound by labour",
    }
    for i, bound in enumerate((*PLANT_BOUNDS, *view.names.parts)):
        if bound != "idle" or i >= len(PLANT_BOUNDS):
            part = i >= len(PLANT_BOUNDS)
            title = f"plant-days bound by the part: {view.title('parts', bound)}" if part else words[bound]
            key = f"plants/part/{bound}" if part else f"plants/{bound}"
            yield Measure(key, group, title, "%", 100 * ratio(days[:, i], asked))


def people(view: View) -> Iterator[Measure]:
    """Trained crews and kits at the end of the period."""
    yield Measure("crews", "Crews", "trained crews at the end", "crews", view.take("crews")[:, -1].astype(np.float64))
    yield Measure("kits", "Crews", "kits at the end", "kits", view.take("kits")[:, -1].astype(np.float64))


SECTIONS = (units, use, defence, money, bounds, people, work)


def view_of(run: Run, month: str | None = None, *, nominal: bool = False) -> View:
    """The view of a whole run or one month of it; RunError for a month outside it."""
    months = run.compiled.names.months
    if month is None:
        return View(run, slice(None), True, nominal)
    if month not in months:
        raise RunError(f"no month {month!r} in this run: it has {months[0]} to {months[-1]}")
    row = months.index(month)
    return View(run, slice(row, row + 1), False, nominal)


def measures(run: Run, month: str | None = None, *, nominal: bool = False) -> tuple[Measure, ...]:
    """Every measure of a run or of one month, a value a finished future, in reading order."""
    view = view_of(run, month, nominal=nominal)
    return tuple(measure for section in SECTIONS for measure in section(view))


def summarised(measure: Measure) -> KeyResult:
    """The row of a measure."""
    if measure.form == "chance":
        found = chance(measure.values)
        found = Interval(**{**asdict(found), "mean": 100 * found.mean, "se_mean": 100 * found.se_mean})
    else:
        found = interval(measure.values, ordinal=measure.form == "month")
    return KeyResult(measure.key, measure.group, measure.title, measure.unit, measure.form, found)


def key_results(run: Run, month: str | None = None, *, nominal: bool = False) -> KeyResults:
    """The headline table of a run or of one month of it; see ``Run.headlines``."""
    from octoplan.outcomes.summary import summary

    months = run.compiled.names.months
    rows = tuple(summarised(m) for m in measures(run, month, nominal=nominal))
    return KeyResults(
        title=run.scenario.title,
        period=month or f"{months[0]} to {months[-1]}",
        futures=run.futures,
        failed=run.failed,
        summary=summary({row.key: row for row in rows}) if month is None else "",
        months=months,
        rows=rows,
    )
