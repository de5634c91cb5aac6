"""The whole future of a campaign in plain Python: the reference that the kernels must equal number for number.

Written from the description of the model, not from the kernels: things have names, units and parts are counted where
they stand, what is under way is a list of shipments, crews and threats are events on one heap. Nothing is fast.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf, sqrt
from typing import Any

from octoplan.scenario.arrays import Compiled, EntityRecords
from tests.reference.cast import Cast, Thing
from tests.reference.chance import Stream, exp, log, normal_quantile, power

INTERCEPTOR = "interceptor"
MONTH = 30.4375
YEAR = 365.25

Tally = dict[str, dict[tuple[str, ...], float]]
"""Name of the tally, then the labels along its axes: what was counted. What is not there is 0."""


def total(numbers: Iterable[float]) -> float:
    """The sum from left to right; the builtin may compensate for rounding."""
    running = 0.0
    for number in numbers:
        running += number
    return running


def shared(units: int, weights: dict[str, float]) -> dict[str, int]:
    """Whole units by weight: running totals rounded, the last with a weight taking what rounding left."""
    whole = total(weights.values())
    given, running, shares = 0, 0.0, dict.fromkeys(weights, 0)
    for name, weight in weights.items():
        if weight > 0.0:
            running += weight
            reached = min(units, int(units * (running / whole) + 0.5))
            shares[name], given, last = reached - given, reached, name
    if whole > 0.0:
        shares[last] += units - given
    return shares


@dataclass
class Renewal:
    """Something that is up or down, and the day on which that changes."""

    up: bool
    change: float
    changes: int = 0


@dataclass
class Site:
    """A plant: what the plan asks of it day by day, and how it stands."""

    opens: float
    asked: list[float]
    lines: list[float]
    experience: float = 0.0
    heads: float = 0.0
    carry: float = 0.0
    block: int = -1
    down_until: float = 0.0
    waiting: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Parts:
    """Parts on their way to a plant."""

    arrival: int
    plant: str
    part: str
    count: int


@dataclass(frozen=True)
class Shipment:
    """Interceptors of a design on their way to a region, by block."""

    arrival: int
    region: str
    design: str
    blocks: dict[int, int]


@dataclass
class Threat:
    """One threat of a raid: where it is bound, which regions it crosses when, and its luck.

    ``luck`` decides which layer stops it, ``guise`` where it is recognised as a decoy: uniform numbers, and uniform
    again after each decision.
    """

    kind: Thing
    package: str
    number: int
    target: str
    crossings: list[tuple[str, float]]
    luck: float
    guise: float
    alive: bool = True


@dataclass
class Meeting:
    """A threat in one region: what is left of its doctrine there, whether it is spared as a decoy, its engagements."""

    threat: Threat
    time: float
    spared: bool
    doctrine: list[str]
    deadline: float = 0.0
    shots: int = 0
    fate: str = ""


Cohort = tuple[str, int]
"""A design and one of its blocks."""


class Campaign:
    """One future: ``for day in campaign.days(): ...`` lives it and shows each evening; ``tally`` is what it leaves.

    ``made``, ``scrapped``, ``lost``, ``spent`` count units of each design by what became of them; ``waiting``,
    ``moving`` and ``standing`` count those that are somewhere.
    """

    def __init__(self, compiled: Compiled, world: EntityRecords, seed: int, future: int) -> None:
        self.cast = Cast(compiled, world)
        self.seed, self.future = seed, future
        self.streams: dict[str, Stream] = {}
        self.tally: Tally = defaultdict(lambda: defaultdict(int))
        self.horizon = len(self.cast.month_of)
        self.made: Counter[str] = Counter()
        self.scrapped: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()
        self.begin()

    # ---- what every part of the campaign uses

    def stream(self, *name: str) -> Stream:
        path = "/".join(name)
        if path not in self.streams:
            self.streams[path] = Stream(self.seed, self.future, path)
        return self.streams[path]

    def of(self, kind: str) -> dict[Any, Thing]:
        return self.cast.all[kind]

    def add(self, tally: str, *labels: str, by: float = 1) -> None:
        """Count something under its labels."""
        self.tally[tally][labels] += by

    def count(self, tally: str, *labels: str, by: float = 1) -> None:
        """Count something of today's month."""
        self.add(tally, self.month, *labels, by=by)

    def pay(self, cost: str, payer: str, currency: str, amount: float) -> None:
        self.count("spend", cost, payer, by=amount * self.rates[currency])
        self.count("spend_local", payer, currency, by=amount)

    def pay_for(self, plant: str, cost: str, payer: str, currency: str, amount: float) -> None:
        """A cost of a plant, with the optimism bias on it."""
        bias = self.of("finance")[None].optimism_bias
        self.pay(cost, payer, currency, amount)
        self.pay("optimism-bias", payer, currency, amount * bias)
        self.count("plant_spend", plant, cost, by=amount * self.rates[currency])
        self.count("plant_spend", plant, "optimism-bias", by=amount * bias * self.rates[currency])

    @property
    def waiting(self) -> Counter[str]:
        """Units at the plants, by design."""
        units: Counter[str] = Counter()
        for name, site in self.sites.items():
            units[self.of("plants")[name].design] += site.waiting.total()
        return units

    @property
    def moving(self) -> Counter[str]:
        """Units under way, by design."""
        units: Counter[str] = Counter()
        for shipment in self.shipments:
            units[shipment.design] += sum(shipment.blocks.values())
        return units

    @property
    def standing(self) -> Counter[str]:
        """Units in the regions, by design."""
        units: Counter[str] = Counter()
        for stock in self.stock.values():
            for (design, _), here in stock.items():
                units[design] += here
        return units

    # ---- before the first day

    def begin(self) -> None:
        names, crews, kits = self.cast.names, self.of("crews")[None], self.of("kits")[None]
        self.counts = self.raid_counts()
        self.currency_path = self.exchange_rates()
        self.released = {name: self.release_days(name) for name in names.designs}
        self.suppliers = {name: self.renewal("suppliers", name, stationary=True) for name in names.suppliers}
        self.causes = {name: self.renewal("causes", name, stationary=False) for name in names.causes}
        self.lanes = {name: self.renewal("lanes", name, stationary=True) for name in names.lanes}
        self.sites = self.open_sites()
        self.on_hand: Counter[tuple[str, str]] = Counter()
        self.backlog: Counter[tuple[str, str]] = Counter()
        self.ordered: Counter[str] = Counter()
        self.supplier_credit = dict.fromkeys(names.suppliers, 0.0)
        self.lane_credit = dict.fromkeys(names.lanes, 0.0)
        self.parcels: list[Parts] = []
        self.lead = {part: self.mean_lead(part) for part in names.parts}
        self.shipments: list[Shipment] = []
        self.stock: dict[str, Counter[Cohort]] = {region: Counter() for region in names.regions}
        self.makers_carry = dict.fromkeys(names.makers, 0.0)
        self.trained, self.kits = int(crews.initial + 0.5), int(kits.initial + 0.5)
        self.graduates: Counter[int] = Counter()
        self.kits_due: Counter[int] = Counter()
        self.grounded = dict.fromkeys(names.regions, False)
        self.power_until = dict.fromkeys(names.regions, 0.0)
        self.shells = {layer: self.of("layers")[layer].stock for layer in names.layers}
        weights = self.cast.chosen("crew_weight", "regions")
        flown = max(1.0, min(self.trained, self.kits) * crews.on_duty)
        self.use = {region: weight / total(weights.values()) * flown for region, weight in weights.items()}

    def renewal(self, kind: str, name: str, *, stationary: bool) -> Renewal:
        own = self.of(kind)[name]
        state, wait, _, _ = self.stream(kind, name).block(0)
        up = not (stationary and state >= own.mtbf / (own.mtbf + own.mttr))
        return Renewal(up, -log(wait) * (own.mtbf if up else own.mttr))

    def exchange_rates(self) -> dict[str, list[float]]:
        """Each currency's price day by day: a geometric Brownian motion around its forward."""
        paths = {}
        for name, own in self.of("currencies").items():
            paths[name] = [1.0] * self.horizon
            if own.rate > 0.0:
                level = log(own.rate)
                for day in range(self.horizon):
                    paths[name][day] = exp(level)
                    noise = own.volatility * sqrt(1.0 / YEAR) * self.stream("exchange", name).normal(day)
                    level += (own.drift - 0.5 * own.volatility * own.volatility) * (1.0 / YEAR) + noise
        return paths

    def release_days(self, design: str) -> list[float]:
        own, day, days = self.of("designs")[design], 0.0, []
        while day < self.horizon:
            days.append(day)
            gap = self.stream("release", design).duration(own.release_interval, own.release_cv, 0, len(days))
            day += gap
        return days

    def latest(self, design: str, day: float) -> int:
        """The block of a design released last by a day."""
        return max(0, bisect_right(self.released[design], day) - 1)

    def passed(self, gate: str) -> float:
        """The day a gate is passed: its duration after the last gate it waits for, unless more is known."""
        before = max((self.passed(other) for other in self.cast.waits_for[gate]), default=0.0)
        drawn = before + float(self.of("gates")[gate].duration)
        earliest, latest = self.cast.known.passed[gate]
        return float(min(max(drawn, earliest), latest))

    def open_sites(self) -> dict[str, Site]:
        sites = {}
        months = self.cast.names.months
        takes_part = self.cast.chosen("programme", "plants")
        output, lines = self.cast.chosen("output", "plants"), self.cast.chosen("lines", "plants")
        for plant in self.cast.names.plants:
            site = Site(inf, [0.0] * self.horizon, [0.0] * self.horizon)
            if takes_part[plant]:
                site.opens = max((self.passed(gate) for gate in self.cast.gates_of[plant]), default=0.0)
                for day in range(ceil(site.opens), self.horizon):
                    month = self.cast.month_of[day]
                    since = months.index(month) - months.index(self.cast.month_of[ceil(site.opens)])
                    site.asked[day] = output[plant][since] / self.cast.month_days[month]
                    site.lines[day] = lines[plant][since]
            self.add("opened", plant, by=site.opens)
            sites[plant] = site
        return sites

    def mean_lead(self, part: str) -> float:
        """Mean lead time of a part, weighted by sourcing."""
        sourcing = self.cast.chosen("sourcing", "suppliers")
        sellers = [name for name, own in self.of("suppliers").items() if own.part == part]
        weight = total(sourcing[name] for name in sellers)
        spans = total(sourcing[name] * self.of("suppliers")[name].lead for name in sellers)
        return spans / weight if weight > 0.0 else 0.0

    # ---- one day

    def days(self) -> Iterator[int]:
        """Live every day; yields each in the evening."""
        for day in range(self.horizon):
            self.day, self.month = day, self.cast.month_of[day]
            self.first = day == 0 or self.cast.month_of[day - 1] != self.month
            self.rates = {currency: path[day] for currency, path in self.currency_path.items()}
            self.live()
            if self.cast.known.day == day + 1:
                self.learn(day + 1)
            if day + 1 == self.horizon or self.cast.month_of[day + 1] != self.month:
                self.close_month()
            yield day

    def live(self) -> None:
        for kind, renewals in (("suppliers", self.suppliers), ("causes", self.causes), ("lanes", self.lanes)):
            for name, renewal in renewals.items():
                self.renew(kind, name, renewal)
        if any(self.cast.plan.programme):
            self.buy()
            self.ship_parts()
            self.take_in_parts()
            for plant, site in self.sites.items():
                self.work(plant, site)
            self.unload()
            self.dispatch()
        if self.first:
            self.enlist()
        self.serve()
        self.others_deliver()
        self.pay_corps()
        for name, layer in self.of("layers").items():
            self.shells[name] += layer.resupply
        self.turn_weather()
        self.fight(self.raid(), self.crews_tonight())

    def renew(self, kind: str, name: str, renewal: Renewal) -> None:
        own = self.of(kind)[name]
        while renewal.change <= self.day:
            renewal.up = not renewal.up
            renewal.changes += 1
            wait = -log(self.stream(kind, name).uniform(0, renewal.changes))
            renewal.change += wait * (own.mtbf if renewal.up else own.mttr)

    def close_month(self) -> None:
        names = self.cast.names
        for plant, site in self.sites.items():
            self.count("heads", plant, by=site.heads)
            self.count("experience", plant, by=site.experience)
            self.count("plant_stock", plant, by=site.waiting.total())
            for part in names.parts:
                self.count("part_stock", plant, part, by=self.on_hand[plant, part])
                self.count("part_due", plant, part, by=self.due(plant, part))
        moving = self.moving
        for design in names.designs:
            self.count("transit", design, by=moving[design])
            self.count("block", design, by=self.latest(design, self.day) + 1)
            for region, stock in self.stock.items():
                here = sum(units for (of, _), units in stock.items() if of == design)
                self.count("stock", region, design, by=here)
        for currency, rate in self.rates.items():
            self.count("exchange", currency, by=rate)
        self.count("crews", by=self.trained)
        self.count("kits", by=self.kits)

    # ---- what is known on a morning

    def learn(self, morning: int) -> None:
        """On the evening before a morning: what is known of it is so, whatever was lived."""
        takes_part = any(self.cast.plan.programme)
        self.learn_of_corps(morning)
        if takes_part:
            for plant, site in self.sites.items():
                if site.opens < inf:
                    self.learn_of_plant(plant, site, morning)
        for design in self.cast.names.designs:
            if takes_part or all(plant.design != design for plant in self.of("plants").values()):
                self.learn_of_regions(design, morning)
        there, moving, waiting = self.standing, self.moving, self.waiting
        for design in self.cast.names.designs:
            gone = self.scrapped[design] + self.lost[design] + self.spent[design]
            self.made[design] = gone + there[design] + moving[design] + waiting[design]

    def learn_of_corps(self, morning: int) -> None:
        crews, kits, known = self.of("crews")[None], self.of("kits")[None], self.cast.known
        self.trained = known.crews.get("trained", self.trained)
        self.kits = known.kits.get("held", self.kits)
        if "in course" in known.crews:
            finish = self.stream("course").binomial(known.crews["in course"], 1.0 - crews.washout, morning, 1)
            earlier = {day: count for day, count in self.graduates.items() if day < morning}
            self.graduates = Counter(earlier) + evenly(finish, morning, crews.course)
        if "on order" in known.kits:
            earlier = {day: count for day, count in self.kits_due.items() if day < morning}
            self.kits_due = Counter(earlier) + evenly(known.kits["on order"], morning, kits.lead)

    def learn_of_plant(self, plant: str, site: Site, morning: int) -> None:
        own, known = self.of("plants")[plant], self.cast.known
        site.experience = known.experience.get(plant, site.experience)
        site.heads = known.heads.get(plant, site.heads)
        if plant in known.waiting:
            latest = site.block if site.block >= 0 else self.latest(own.design, morning)
            site.waiting = Counter(blocks_of(known.waiting[plant], site.waiting, latest))
        for part in self.cast.names.parts:
            self.on_hand[plant, part] = known.on_hand.get((plant, part), self.on_hand[plant, part])
            if (plant, part) in known.on_order:
                sellers = [name for name, seller in self.of("suppliers").items() if seller.part == part]
                self.backlog.update({(plant, name): -self.backlog[plant, name] for name in sellers})
                self.parcels = [p for p in self.parcels if (p.plant, p.part) != (plant, part)]
                due = evenly(known.on_order[plant, part], morning, self.lead[part])
                self.parcels += [Parts(day, plant, part, count) for day, count in due.items()]

    def learn_of_regions(self, design: str, morning: int) -> None:
        wanted = {r: units for (r, of), units in self.cast.known.stock.items() if of == design}
        if design in self.cast.known.total:
            wanted = self.destinations(design, self.cast.known.total[design], instead=True)
        for region, units in wanted.items():
            stock = self.stock[region]
            here = {block: count for (of, block), count in stock.items() if of == design}
            for block, count in blocks_of(units, here, self.latest(design, morning)).items():
                stock[design, block] = count

    # ---- parts

    def ships(self, supplier: str) -> bool:
        return self.suppliers[supplier].up and all(self.causes[cause].up for cause in self.cast.causes_of[supplier])

    def due(self, plant: str, part: str) -> int:
        """Parts ordered and not yet there: those not yet shipped and those under way."""
        unshipped = sum(self.backlog[plant, name] for name, own in self.of("suppliers").items() if own.part == part)
        return unshipped + sum(p.count for p in self.parcels if (p.plant, p.part) == (plant, part))

    def buy(self) -> None:
        """The month's planned orders on its first day; where the plan is silent, up to the base stock every day."""
        months, orders = self.cast.names.months, self.cast.chosen("orders", "plants")
        for plant, site in self.sites.items():
            own = self.of("plants")[plant]
            if site.opens == inf:
                continue
            for row, part in enumerate(self.cast.names.parts):
                planned = orders[plant][row][months.index(self.month)]
                if planned >= 0.0:
                    if self.first and planned > 0.0:
                        self.order_as_planned(plant, part, int(planned + 0.5))
                    continue
                span = self.lead[part] + float(self.cast.plan.cover[0])
                ahead = site.asked[min(self.day + int(span), self.horizon - 1)]
                rate = ahead * self.cast.bill[own.design][part] / max(own.yield_mature, 0.01)
                if rate > 0.0:
                    short = ceil(rate * span - self.on_hand[plant, part] - self.due(plant, part) - 1e-9)
                    self.order_as_needed(plant, part, short)

    def place_order(self, plant: str, supplier: str, count: int) -> None:
        self.backlog[plant, supplier] += count
        self.ordered[supplier] += count

    def order_as_planned(self, plant: str, part: str, count: int) -> None:
        sourcing = self.cast.chosen("sourcing", "suppliers")
        sellers = {name: sourcing[name] for name, own in self.of("suppliers").items() if own.part == part}
        for supplier, taken in shared(count, sellers).items():
            self.place_order(plant, supplier, taken)

    def room(self, supplier: str) -> int:
        """What a supplier can still be asked for: a month of its capacity less what it has yet to ship."""
        own = self.of("suppliers")[supplier]
        unshipped = sum(count for (_, of), count in self.backlog.items() if of == supplier)
        return int(max(1.0, MONTH * own.capacity, own.min_order)) - unshipped

    def order_as_needed(self, plant: str, part: str, count: int) -> None:
        """Ask the supplier furthest behind its weight, of those that ship and can take enough, until none is left."""
        sourcing = self.cast.chosen("sourcing", "suppliers")
        while count > 0:
            offers = []
            for row, (name, own) in enumerate(self.of("suppliers").items()):
                if own.part == part and self.ships(name) and sourcing[name] > 0.0:
                    taken = min(count, self.room(name))
                    if taken > 0 and taken >= own.min_order:
                        offers.append((self.ordered[name] / sourcing[name], row, name, taken))
            if not offers:
                return
            _, _, supplier, taken = min(offers)
            self.place_order(plant, supplier, taken)
            count -= taken

    def ship_parts(self) -> None:
        plants = self.cast.names.plants
        for supplier, own in self.of("suppliers").items():
            if not self.ships(supplier):
                self.count("supplier_down", supplier)
                continue
            credit = min(self.supplier_credit[supplier] + own.capacity, max(1.0, MONTH * own.capacity))
            queue = [plant for plant in plants if self.backlog[plant, supplier] > 0]
            turn = self.day % max(1, len(queue))
            for plant in queue[turn:] + queue[:turn]:
                count = min(self.backlog[plant, supplier], int(credit))
                if count > 0:
                    credit -= count
                    self.ship(plant, supplier, own, count)
            self.supplier_credit[supplier] = credit

    def ship(self, plant: str, supplier: str, own: Thing, count: int) -> None:
        self.backlog[plant, supplier] -= count
        self.count("part_shipped", supplier, by=count)
        self.count("part_sold", plant, supplier, by=count)
        takes = self.stream("lead", supplier, plant).duration(own.lead, own.lead_cv, self.day)
        self.parcels.append(Parts(self.day + int(takes + 0.5), plant, own.part, count))
        self.pay_for(plant, "parts", self.payer_of(plant), own.price_currency, count * own.price)

    def take_in_parts(self) -> None:
        for parcel in self.parcels:
            if parcel.arrival == self.day:
                self.on_hand[parcel.plant, parcel.part] += parcel.count
        self.parcels = [parcel for parcel in self.parcels if parcel.arrival > self.day]

    # ---- plants

    def payer_of(self, plant: str) -> str:
        return str(self.of("countries")[self.of("plants")[plant].country].payer)

    def hours_of(self, own: Thing, n: float) -> float:
        """Labour hours of the n-th unit: Crawford's unit theory, or a step of Wright's cumulative total."""
        b = log(own.slope) / log(2.0)
        if own.learning == "wright":
            return float(own.hours_first * (power(n, 1.0 + b) - power(n - 1.0, 1.0 + b)))
        return float(own.hours_first * power(n, b))

    def cut_in(self, own: Thing, site: Site) -> None:
        if site.block < 0:
            site.block, site.heads = self.latest(own.design, self.day), own.heads
        elif (block := self.latest(own.design, self.day - own.retool)) > site.block:
            site.block = block
            site.experience *= own.retained

    def open_share(self, own: Thing, site: Site) -> float:
        """Share of today that hits and power cuts leave."""
        share = 1.0 - min(1.0, max(0.0, site.down_until - self.day))
        if own.region is not None:
            share *= 1.0 - own.power_loss * min(1.0, max(0.0, self.power_until[own.region] - self.day))
        return share

    def work(self, plant: str, site: Site) -> None:
        own = self.of("plants")[plant]
        if self.day < site.opens:
            if site.opens < inf:
                self.count("plant_limit", plant, "gate")
            return
        self.cut_in(own, site)
        before = site.experience
        good_share = own.yield_mature - (own.yield_mature - own.yield_first) * exp(-before / own.yield_units)
        hours = self.hours_of(own, before + 1.0)
        wanted = site.asked[self.day] / max(good_share, 0.01)
        soon = max(site.asked[self.day], site.asked[min(self.day + 30, self.horizon - 1)]) / max(good_share, 0.01)
        if own.hours_per_head > 0.0:
            missing = soon * hours / own.hours_per_head - site.heads
            site.heads = max(0.0, site.heads + min(max(missing, -own.hire_rate), own.hire_rate))
        paid = site.heads * own.hours_per_head
        self.run(plant, own, site, paid)
        share = self.open_share(own, site)
        self.count("plant_down", plant, by=1.0 - share)
        self.count("hours_paid", plant, by=paid)

        by_line, by_labour = site.lines[self.day] * own.line_rate, paid / hours
        site.carry += min(wanted, by_line * share, by_labour * share)
        ready = int(site.carry + 1e-9)
        allowed = {part: self.on_hand[plant, part] // n for part, n in self.cast.bill[own.design].items() if n > 0}
        scarce = min(allowed, key=lambda part: allowed[part], default="")
        started = min(ready, allowed[scarce]) if scarce else ready
        self.count(
            "plant_limit",
            plant,
            scarce if started < ready and wanted > 0.0 else self.bound(wanted, by_line, by_labour, share),
        )
        site.carry = min(max(0.0, site.carry - started), 1.0)
        if started > 0:
            self.start_units(plant, own, site, started, good_share)

    def bound(self, wanted: float, by_line: float, by_labour: float, share: float) -> str:
        """What bound a plant that had its parts."""
        if wanted <= 0.0:
            return "idle"
        enough = wanted * (1.0 - 1e-9)
        if min(by_line, by_labour) * share >= enough:
            return "met"
        if min(by_line, by_labour) >= enough:
            return "strike"
        return "line" if by_line <= by_labour else "labour"

    def run(self, plant: str, own: Thing, site: Site, paid: float) -> None:
        """Overhead, labour, and the lines beyond those there ever were."""
        payer = self.payer_of(plant)
        self.pay_for(plant, "overhead", payer, own.overhead_currency, own.overhead)
        self.pay_for(plant, "labour", payer, own.labour_rate_currency, paid * own.labour_rate)
        new = site.lines[self.day] - max(site.lines[: self.day], default=0.0)
        if new > 0.0:
            self.pay_for(plant, "capital", payer, own.line_capital_currency, new * own.line_capital)

    def start_units(self, plant: str, own: Thing, site: Site, started: int, good_share: float) -> None:
        for part, n in self.cast.bill[own.design].items():
            self.on_hand[plant, part] -= started * n
        middle = self.hours_of(own, site.experience + 0.5 * (started + 1))
        good = self.stream("made", plant).binomial(started, good_share, self.day)
        site.experience += started
        site.waiting[site.block] += good
        self.made[own.design] += started
        self.scrapped[own.design] += started - good
        self.count("made", plant, by=started)
        self.count("good", plant, by=good)
        self.count("hours_worked", plant, by=started * middle)
        self.pay_for(plant, "royalty", self.payer_of(plant), own.royalty_currency, good * own.royalty)

    # ---- delivery

    def destinations(self, design: str, units: int, *, instead: bool = False) -> dict[str, int]:
        """Units by region: as planned, or in proportion to what each is short of an equal cover.

        ``instead``: they take the place of those that stand there.
        """
        planned = self.cast.chosen("dispatch_weight", "regions")
        if min(planned.values()) >= 0.0:
            return shared(units, planned)
        there = Counter(
            {region: sum(n for (of, _), n in s.items() if of == design) for region, s in self.stock.items()}
        )
        if instead:
            there.clear()
        for shipment in self.shipments:
            if shipment.design == design:
                there[shipment.region] += sum(shipment.blocks.values())
        level = (there.total() + units) / total(self.use.values())
        return shared(units, {region: max(0.0, level * use - there[region]) for region, use in self.use.items()})

    def unload(self) -> None:
        for shipment in self.shipments:
            if shipment.arrival == self.day:
                for block, units in shipment.blocks.items():
                    self.stock[shipment.region][shipment.design, block] += units
                    self.count("received", shipment.region, shipment.design, by=units)
        self.shipments = [shipment for shipment in self.shipments if shipment.arrival > self.day]

    def dispatch(self) -> None:
        for lane, own in self.of("lanes").items():
            left = self.lane_credit[lane] - floor(self.lane_credit[lane])
            self.lane_credit[lane] = own.capacity + left if self.lanes[lane].up else 0.0
            self.count("lane_down", lane, by=0 if self.lanes[lane].up else 1)
        for plant, site in self.sites.items():
            design = self.of("plants")[plant].design
            for lane in self.cast.lanes_of[plant]:
                units = min(site.waiting.total(), int(self.lane_credit[lane]))
                if units > 0:
                    self.lane_credit[lane] -= units
                    self.load(plant, site, design, lane, units)

    def load(self, plant: str, site: Site, design: str, lane: str, units: int) -> None:
        """Units leave down a lane, oldest blocks first, those that will be lost before all others."""
        own = self.of("lanes")[lane]
        self.count("sent", plant, lane, by=units)
        self.pay_for(plant, "freight", own.payer, own.cost_currency, units * own.cost)
        lost = self.stream("loss", plant, lane).binomial(units, own.loss, self.day)
        takes = self.stream("transit", lane).duration(own.transit, own.transit_cv, self.day)
        arrival = self.day + max(1, int(takes + 0.5))
        load = [block for block in sorted(site.waiting) for _ in range(site.waiting[block])][:units]
        site.waiting.subtract(load)
        self.lost[design] += lost
        left = load[lost:]
        for region, here in self.destinations(design, units - lost).items():
            self.shipments.append(Shipment(arrival, region, design, dict(Counter(left[:here]))))
            left = left[here:]
        if arrival < self.horizon:
            self.add("delivered", self.cast.month_of[arrival], plant, by=units - lost)

    def others_deliver(self) -> None:
        for maker, own in self.of("makers").items():
            ramped = min(1.0, self.day / own.ramp) if own.ramp > 0.0 else 1.0
            self.makers_carry[maker] += own.rate_start + (own.rate_full - own.rate_start) * ramped
            units = int(self.makers_carry[maker])
            self.makers_carry[maker] -= units
            self.pay("other-makers", own.payer, own.price_currency, units * own.price)
            if self.day == 0:
                self.take_in(own.design, int(own.stock + 0.5))
            for region, here in self.take_in(own.design, units).items():
                self.count("received", region, own.design, by=here)

    def take_in(self, design: str, units: int) -> dict[str, int]:
        shares = self.destinations(design, units)
        self.made[design] += units
        for region, here in shares.items():
            self.stock[region][design, self.latest(design, self.day)] += here
        return shares

    # ---- crews

    def enlist(self) -> None:
        crews, kits = self.of("crews")[None], self.of("kits")[None]
        begun = self.cast.chosen("intake", "months")[self.month]
        ordered = self.cast.chosen("kit_orders", "months")[self.month]
        finish = self.stream("course").binomial(begun, 1.0 - crews.washout, self.day)
        self.graduates[self.day + int(crews.course + 0.5)] += finish
        self.kits_due[self.day + int(kits.lead + 0.5)] += ordered

    def serve(self) -> None:
        crews, kits = self.of("crews")[None], self.of("kits")[None]
        self.trained += self.graduates[self.day]
        self.trained -= self.stream("crews").binomial(self.trained, min(1.0, crews.attrition), self.day)
        self.kits += self.kits_due[self.day]
        self.kits -= self.stream("kits").binomial(self.kits, min(1.0, kits.attrition), self.day)

    def pay_corps(self) -> None:
        crews, kits = self.of("crews")[None], self.of("kits")[None]
        self.pay("crews", crews.payer, crews.cost_currency, self.trained * crews.cost)
        if self.first:
            begun = self.cast.chosen("intake", "months")[self.month]
            ordered = self.cast.chosen("kit_orders", "months")[self.month]
            self.pay("training", crews.payer, crews.course_cost_currency, begun * crews.course_cost)
            self.pay("kits", kits.payer, kits.price_currency, ordered * kits.price)

    def turn_weather(self) -> None:
        winter = self.cast.winter[self.day]
        for region, own in self.of("regions").items():
            share = winter * own.grounded_winter + (1.0 - winter) * own.grounded_summer
            leave = min(1.0, 1.0 / own.spell)
            if self.day == 0 or share >= 1.0:
                chance = share
            elif self.grounded[region]:
                chance = None
            else:
                chance = share / (1.0 - share) * leave
            u = self.stream("weather", region).uniform(self.day)
            self.grounded[region] = u >= leave if chance is None else u < chance

    def crews_tonight(self) -> dict[str, int]:
        equipped = shared(min(self.trained, self.kits), self.cast.chosen("crew_weight", "regions"))
        fit = {}
        for region, crews in equipped.items():
            duty = self.of("crews")[None].on_duty
            fly = 0 if self.grounded[region] else self.stream("duty", region).binomial(crews, duty, self.day)
            fit[region] = fly
            self.count("crews_available", by=fly)
        return fit

    # ---- raids

    def raid_counts(self) -> list[dict[str, int]]:
        """Threats of each package on each day: regime, slow level, the day's shocks, Poisson around them."""
        own = self.of("raids")[None]
        stay = own.salvo_stay
        keep = exp(-1.0 / own.wander_time)
        given = self.cast.given[: self.horizon]
        salvo, level, counts = False, own.begin * own.wander, list(given)
        for day in range(len(given), self.horizon):
            share = min(1.0, own.salvo_share * self.cast.salvo_factor[day])
            enter = min(1.0, share * (1.0 - stay) / (1.0 - share)) if share < 1.0 else 1.0
            chance = share if day == len(given) else stay if salvo else enter
            salvo = self.stream("raids/regime").uniform(day) < chance
            step = own.wander * self.stream("raids/level").normal(day)
            level = keep * level + sqrt(1.0 - keep * keep) * step
            trend = (day - len(given)) / YEAR * log(1.0 + own.growth)
            scale = own.level * exp(trend + level - 0.5 * own.wander * own.wander)
            shock = self.stream("raids/shock").normal(day)
            counts.append({name: self.package_count(name, salvo, scale, shock, day) for name in self.of("packages")})
        return counts

    def package_count(self, package: str, salvo: bool, scale: float, shock: float, day: int) -> int:
        own = self.of("packages")[package]
        mean, cv = (own.salvo_mean, own.salvo_cv) if salvo else (own.routine_mean, own.routine_cv)
        classes = [kind for kind in self.of("threats").values() if kind.package == package]
        plain = total(kind.mix for kind in classes)
        weighted = total(kind.mix * self.cast.threat_factor[kind.name][day] for kind in classes)
        mean *= weighted / plain if weighted != plain else 1.0
        if mean <= 0.0 or self.stream("raids/quiet", package).uniform(day) < own.quiet:
            return 0
        spread = sqrt(log(1.0 + cv * cv))
        alone = self.stream("raids/package", package).normal(day)
        z = own.coupling * shock + sqrt(1.0 - own.coupling * own.coupling) * alone
        intensity = scale * mean * exp(spread * z - 0.5 * spread * spread)
        return self.stream("raids/count", package).poisson(intensity, day)

    def shares_of(self, package: str) -> dict[str, float]:
        """The regions' shares of a package tonight: a Dirichlet draw around the stated ones."""
        stated = {region: self.of("splits")[package, region].share for region in self.cast.names.regions}
        whole = total(stated.values())
        own = self.of("packages")[package]
        drawn = {
            region: self.stream("raids/split", package, region).gamma(own.concentration * share / whole, self.day)
            for region, share in stated.items()
        }
        heap = total(drawn.values())
        if heap <= 0.0:
            return {region: share / whole for region, share in stated.items()}
        return {region: weight / heap for region, weight in drawn.items()}

    def raid(self) -> list[Threat]:
        threats = []
        for package, count in self.counts[self.day].items():
            if count == 0:
                continue
            regions = running(self.shares_of(package))
            kinds = [(name, own.mix) for name, own in self.of("threats").items() if own.package == package]
            tilted = [(name, mix * self.cast.threat_factor[name][self.day]) for name, mix in kinds]
            kinds = tilted if total(mix for _, mix in tilted) > 0.0 else kinds
            whole = total(mix for _, mix in kinds)
            classes = [(name, upto / whole) for name, upto in running(dict(kinds))]
            span = self.of("packages")[package].span
            for number in range(count):
                which, when, luck, guise = self.stream("raids/threats", package).block(self.day, number)
                name, left = picked(classes, which)
                target, left = picked(regions, left)
                kind = self.of("threats")[name]
                path = [] if kind.direct else self.way_to(target, left)
                time = when * span
                crossings = [(target, time)] if not path else []
                if path and path[0].origin is not None:
                    crossings.append((path[0].origin, time))
                for corridor in path:
                    time += corridor.transit
                    crossings.append((corridor.into, time))
                threats.append(Threat(kind, package, number, target, crossings, luck, guise))
        return threats

    def way_to(self, region: str, u: float) -> list[Thing]:
        """The corridors to a region, first to last, chosen backwards; one uniform number decides at every fork."""
        path: list[Thing] = []
        here: str | None = region
        while here is not None:
            into = [self.of("corridors")[name] for name in self.cast.corridors_into[here]]
            whole = total(corridor.share for corridor in into)
            if whole <= 0.0:
                break
            steps = running({str(n): corridor.share / whole for n, corridor in enumerate(into)})
            row, u = picked(steps, u)
            path.insert(0, into[int(row)])
            here = path[0].origin
        return path

    # ---- defence

    def fight(self, raid: list[Threat], crews: dict[str, int]) -> None:
        self.fired = dict.fromkeys(self.of("layers"), 0.0)
        self.p_layer = {
            (layer, threat): self.stream("layers", layer, threat).beta(
                effect.p, self.of("layers")[layer].correlation, self.day
            )
            for (layer, threat), effect in self.of("effects").items()
            if layer != INTERCEPTOR
        }
        for region in self.cast.downstream:
            self.use[region] *= 1.0 - 1.0 / 28.0
            crossing = [(when, threat) for threat in raid for where, when in threat.crossings if where == region]
            if crossing:
                crossing.sort(key=lambda pair: pair[0])
                self.use[region] += 1.0 / 28.0 * self.defend(region, crossing, crews[region])
        for layer, shots in self.fired.items():
            own = self.of("layers")[layer]
            self.count("shots", layer, by=shots)
            if layer != INTERCEPTOR:
                self.pay("layers", own.payer, own.cost_currency, shots * own.cost)
        for threat in raid:
            self.count("launched", threat.target, threat.kind.name)
            if threat.alive:
                self.count("leaked", threat.target, threat.kind.name)
                self.harm(threat)

    def defend(self, region: str, crossing: list[tuple[float, Threat]], crews: int) -> int:
        """One region's night; returns the sorties wanted."""
        capacity = {layer: self.of("posts")[layer, region].capacity for layer in self.of("layers")}
        room = {layer: floor(c * (self.day + 1)) - floor(c * self.day) for layer, c in capacity.items()}
        meetings = []
        for when, threat in crossing:
            if threat.alive:
                doctrine = list(self.cast.layers_against[threat.kind.name])
                meetings.append(Meeting(threat, when, self.recognised(threat), doctrine))
        self.face_layers(region, meetings, room)
        engaged = [m for m in meetings if m.threat.alive and m.doctrine and m.doctrine[0] == INTERCEPTOR]
        for meeting in engaged:
            meeting.doctrine.pop(0)
        engaged = [m for m in engaged if not m.spared]
        self.intercept(region, engaged, crews)
        for meeting in meetings:
            if meeting.fate == "killed":
                self.stop(region, INTERCEPTOR, meeting.threat)
        self.face_layers(region, meetings, room)
        return self.judge_night(region, engaged)

    def recognised(self, threat: Threat) -> bool:
        """Whether a region recognises a threat as a decoy."""
        p = threat.kind.p_discriminate
        if not threat.kind.decoy:
            return False
        seen = bool(threat.guise < p)
        threat.guise = rest(threat.guise, 0.0, p) if seen else rest(threat.guise, p, 1.0)
        return seen

    def stop(self, region: str, layer: str, threat: Threat) -> None:
        threat.alive = False
        self.count("stopped", region, threat.kind.name)
        self.count("stopped_by", layer, threat.kind.name)

    def face_layers(self, region: str, meetings: list[Meeting], room: dict[str, int]) -> None:
        """Threats in the order of time, each through its layers up to the crews or to the end of its doctrine."""
        for meeting in meetings:
            while meeting.threat.alive and meeting.doctrine and meeting.doctrine[0] != INTERCEPTOR:
                layer = meeting.doctrine.pop(0)
                own, kind = self.of("layers")[layer], meeting.threat.kind.name
                spends = self.of("effects")[layer, kind].shots
                if own.stocked and (meeting.spared or self.shells[layer] < spends):
                    continue
                if own.limited and room[layer] < 1:
                    continue
                room[layer] -= 1
                if own.stocked:
                    self.shells[layer] -= spends
                self.fired[layer] += spends
                p = self.p_layer[layer, kind]
                if meeting.threat.luck < p:
                    self.stop(region, layer, meeting.threat)
                else:
                    meeting.threat.luck = rest(meeting.threat.luck, p, 1.0)

    def intercept(self, region: str, engaged: list[Meeting], crews: int) -> None:
        """The crews' night, event by event: engagements end before threats arrive at the same time."""
        end, arrive = 0, 1
        events = [(meeting.time, arrive, row) for row, meeting in enumerate(engaged)]
        heapq.heapify(events)
        waiting: list[tuple[float, float, int]] = []
        free = crews
        returned: Counter[Cohort] = Counter()
        by_value, value = self.cast.plan.by_value[0] == 1, self.cast.chosen("value", "threats")
        most = self.cast.chosen("max_shots", "threats")
        while events:
            now, event, row = heapq.heappop(events)
            meeting = engaged[row]
            kind = meeting.threat.kind
            if event == arrive:
                meeting.deadline = meeting.time + self.of("engagement")[kind.name, region].window
            else:
                free += 1
            if meeting.fate == "killed":
                pass
            elif event == end and meeting.shots >= most[kind.name]:
                meeting.fate = "no shots"
            elif event == end and now > meeting.deadline:
                meeting.fate = "no time"
            else:
                heapq.heappush(waiting, (-value[kind.name] if by_value else 0.0, meeting.deadline, row))
            while waiting and free > 0:
                row = heapq.heappop(waiting)[2]
                if now > engaged[row].deadline:
                    engaged[row].fate = "no crew"
                elif self.next_cohort(region) is None:
                    engaged[row].fate = "no stock"
                else:
                    free -= 1
                    heapq.heappush(events, (now + self.engage(region, engaged[row], returned), end, row))
        for _, _, row in waiting:
            engaged[row].fate = "no crew"
        self.stock[region].update(returned)

    def next_cohort(self, region: str) -> Cohort | None:
        """The cohort that crews take from: designs as preferred, blocks newest or oldest first."""
        preferred = [self.cast.names.designs[row] for row in self.cast.plan.prefer]
        for design in preferred:
            blocks: Sequence[int] = range(self.latest(design, self.day) + 1)
            if self.cast.plan.newest_first[0]:
                blocks = blocks[::-1]
            for block in blocks:
                if self.stock[region][design, block] > 0:
                    return design, block
        return None

    def p_kill(self, cohort: Cohort, threat: str) -> float:
        """Kill probability given contact: from its value at the release down to its floor."""
        design, block = cohort
        own = self.of("lethality")[design, threat]
        if own.p_kill <= 0.0:
            return 0.0
        age = self.day - self.released[design][block]
        return float(own.p_floor + (own.p_kill - own.p_floor) * exp(-age / own.decay))

    def engage(self, region: str, meeting: Meeting, returned: Counter[Cohort]) -> float:
        """One engagement: its sorties one by one; returns how long it keeps the crew busy."""
        threat = meeting.threat
        kind = threat.kind
        stream = self.stream("shots", threat.package, region)
        shot, meeting.shots = meeting.shots, meeting.shots + 1
        p_contact = self.of("engagement")[kind.name, region].p_contact
        for sortie in range(self.cast.chosen("salvo", "threats")[kind.name]):
            cohort = self.next_cohort(region)
            if cohort is None:
                break
            design = cohort[0]
            u = stream.block(self.day, threat.number, 64 * shot + sortie)[3]
            self.stock[region][cohort] -= 1
            self.spent[design] += 1
            self.fired[INTERCEPTOR] += 1
            self.count("sorties", region, design)
            if u < p_contact:
                self.count("contacts", region, design)
                if u < p_contact * self.p_kill(cohort, kind.name) and meeting.fate != "killed":
                    meeting.fate = "killed"
                    self.count("kills", region, design, kind.name)
            elif u - p_contact < (1.0 - p_contact) * self.of("designs")[design].p_recover:
                self.count("recovered", region, design)
                self.spent[design] -= 1
                returned[cohort] += 1
        return self.engagement_time(stream, threat.number, 64 * shot, kind.engagement, kind.engagement_cv)

    def engagement_time(self, stream: Stream, number: int, attempt: int, mean: float, cv: float) -> float:
        """Minutes of an engagement; the first try of a gamma shares its block with the outcome of the first sortie."""
        first, second, _, _ = stream.block(self.day, number, attempt)
        if cv == 1.0:
            return -mean * log(first)
        if 0.0 < cv < 1.0:
            shape = 1.0 / (cv * cv)
            d, x = shape - 1.0 / 3.0, normal_quantile(first)
            v = 1.0 + x / sqrt(9.0 * d)
            if v > 0.0:
                v = v * v * v
                if second < 1.0 - 0.0331 * x * x * x * x or log(second) < 0.5 * x * x + d * (1.0 - v + log(v)):
                    return mean / shape * d * v
        return stream.duration(mean, cv, self.day, number + 2**40, attempt)

    def judge_night(self, region: str, engaged: list[Meeting]) -> int:
        """What let most of the threats past the crews; returns the sorties wanted."""
        fates = Counter(meeting.fate for meeting in engaged)
        stock, crew, time = fates["no stock"], fates["no crew"], fates["no time"]
        if engaged:
            worst = max((stock, "interceptors"), (crew, "crews"), (time, "engagement_time"), key=lambda found: found[0])
            self.count("nights", region, worst[1] if worst[0] > 0 else "nothing")
        salvo = self.cast.chosen("salvo", "threats")
        return sum(
            (meeting.shots + (meeting.fate == "no stock")) * salvo[meeting.threat.kind.name] for meeting in engaged
        )

    def harm(self, threat: Threat) -> None:
        """What one leaker does: damage, and to plants and power."""
        kind, target = threat.kind, threat.target
        region = self.of("regions")[target]
        size, dark, repair, _ = self.stream("damage", threat.package, target).block(self.day, threat.number)
        spread = sqrt(log(1.0 + kind.damage_cv * kind.damage_cv))
        damage = kind.damage * exp(spread * normal_quantile(size) - 0.5 * spread * spread)
        self.count("damage", target, by=damage * self.rates[kind.damage_currency])
        if kind.decoy:
            return
        if dark < region.power_exposure:
            back = self.day + 1.0 - log(repair) * region.power_days
            self.power_until[target] = max(self.power_until[target], back)
        for plant, own in self.of("plants").items():
            if own.region == target:
                hit, repair, _, _ = self.stream("strike", threat.package, plant).block(self.day, threat.number)
                if hit < own.exposure:
                    site = self.sites[plant]
                    site.down_until = max(site.down_until, self.day + 1.0) - log(repair) * own.hit_days


def evenly(units: int, first: int, span: float) -> Counter[int]:
    """Units by day, a running total that rises evenly from the first day on."""
    days = max(1, int(span + 0.5))
    return Counter({first + n: units * (n + 1) // days - units * n // days for n in range(days)})


def blocks_of(units: int, here: Mapping[int, int], latest: int) -> dict[int, int]:
    """Units by block in the proportions that stand there, all of the latest where nothing stands."""
    if not any(here.values()):
        return {latest: units}
    counts = {str(block): float(here[block]) for block in sorted(here)}
    return {int(block): count for block, count in shared(units, counts).items()}


def running(shares: dict[str, float]) -> list[tuple[str, float]]:
    """Names with the running totals of their shares."""
    upto, steps = 0.0, []
    for name, share in shares.items():
        upto += share
        steps.append((name, upto))
    return steps


def rest(u: float, below: float, above: float) -> float:
    """The place of a uniform number between two bounds, uniform again."""
    return min((u - below) / (above - below), 1.0 - 1e-16)


def picked(steps: list[tuple[str, float]], u: float) -> tuple[str, float]:
    """The name in whose step a uniform number falls, and its place in it; beyond all, the last name with a share."""
    before, found = 0.0, ("", 0.0)
    for name, upto in steps:
        if upto > before:
            found = name, rest(u, before, upto)
            if u < upto:
                break
        before = upto
    return found
