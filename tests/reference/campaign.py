"""Reference implementation of the simulation of one future in plain Python; kernels must match it exactly.

Written from the description of the model, not from the kernels. Entities are objects with names, stocks are counters by
name, shipments are lists, and the crews' queue is a discrete-event simulation on one heap. It is not optimised.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf, isnan, sqrt
from typing import Any

from octoplan.scenario.arrays import BEST_FIRST, OLDEST_FIRST, Compiled, EntityRecords
from tests.reference.named_scenario import Entity, NamedScenario
from tests.reference.random_streams import Stream, exp, log, normal_quantile, power

INTERCEPTOR = "interceptor"
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25

Tally = dict[str, dict[tuple[str, ...], float]]
"""Values by name of the tally and labels along its axes; missing values are 0."""


def total(numbers: Iterable[float]) -> float:
    """Sum from left to right; the built-in function may compensate for rounding errors."""
    running = 0.0
    for number in numbers:
        running += number
    return running


def apportion(units: int, weights: dict[str, float]) -> dict[str, int]:
    """Apportion whole units by weight, by rounding cumulative totals; the last weighted name receives the remainder."""
    total_weight = total(weights.values())
    allocated, running, shares = 0, 0.0, dict.fromkeys(weights, 0)
    for name, weight in weights.items():
        if weight > 0.0:
            running += weight
            cumulative = min(units, int(units * (running / total_weight) + 0.5))
            shares[name], allocated, last = cumulative - allocated, cumulative, name
    if total_weight > 0.0:
        shares[last] += units - allocated
    return shares


def shift_logit(p: float, shift: float) -> float:
    """Probability whose logit is larger by ``shift``; 0 and 1 are unchanged."""
    return p / (p + (1.0 - p) * exp(-shift)) if 0.0 < p < 1.0 and shift != 0.0 else p


@dataclass
class Renewal:
    """State of an on/off renewal process, and the time of its next change in days."""

    up: bool
    change: float
    changes: int = 0


@dataclass
class PlantState:
    """Planned output and lines by day, and state, of one plant."""

    opens: float
    planned: list[float]
    lines: list[float]
    experience: float = 0.0
    heads: float = 0.0
    carried_fraction: float = 0.0
    block: int = -1
    down_until: float = 0.0
    stock: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class PartShipment:
    """Parts in transit to a plant."""

    arrival: int
    plant: str
    part: str
    count: int


@dataclass(frozen=True)
class Shipment:
    """Interceptors of a design in transit to a region, by block."""

    arrival: int
    region: str
    design: str
    blocks: dict[int, int]


@dataclass
class Threat:
    """One threat of a raid, with its destination and the regions that it crosses, each with the time in minutes.

    u_layer and u_decoy are uniform numbers that decide which layer stops the threat and where it is recognised as a
    decoy; they are rescaled to (0, 1) after each decision.
    """

    kind: Entity
    package: str
    number: int
    target: str
    crossings: list[tuple[str, float]]
    u_layer: float
    u_decoy: float
    alive: bool = True


@dataclass
class Encounter:
    """A threat in one region: remaining layers of the doctrine, recognition as a decoy, and engagements by crews."""

    threat: Threat
    time: float
    recognised: bool
    doctrine: list[str]
    deadline: float = 0.0
    shots: int = 0
    outcome: str = ""


Cohort = tuple[str, int]
"""A design and one of its blocks."""


class Campaign:
    """Simulation of one future; ``days()`` simulates day by day, and ``tally`` holds the results.

    ``produced``, ``scrapped``, ``lost`` and ``spent`` are running totals of units by design; ``at_plants``,
    ``in_transit`` and ``in_regions`` are current stocks by design.
    """

    def __init__(self, compiled: Compiled, records: EntityRecords, seed: int, future: int) -> None:
        self.scenario = NamedScenario(compiled, records)
        self.seed, self.future = seed, future
        self.streams: dict[str, Stream] = {}
        self.tally: Tally = defaultdict(lambda: defaultdict(int))
        self.horizon = len(self.scenario.month_of)
        self.produced: Counter[str] = Counter()
        self.scrapped: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()
        self.diverted: Counter[str] = Counter()
        self.dispatched: Counter[str] = Counter()
        self.initialise()

    # ---- helpers

    def stream(self, *name: str) -> Stream:
        path = "/".join(name)
        if path not in self.streams:
            self.streams[path] = Stream(self.seed, self.future, path)
        return self.streams[path]

    def entities(self, kind: str) -> dict[Any, Entity]:
        return self.scenario.entities[kind]

    def add(self, tally: str, *labels: str, by: float = 1) -> None:
        """Add to a tally at the given labels."""
        self.tally[tally][labels] += by

    def count(self, tally: str, *labels: str, by: float = 1) -> None:
        """Add to a tally at the current month and the given labels."""
        self.add(tally, self.month, *labels, by=by)

    def pay(self, cost: str, payer: str, currency: str, amount: float) -> None:
        self.count("spend", cost, payer, by=amount * self.rates[currency])
        self.count("spend_local", payer, currency, by=amount)

    def pay_for(self, plant: str, cost: str, payer: str, currency: str, amount: float) -> None:
        """Book a cost of a plant, and the optimism bias on it."""
        bias = self.entities("finance")[None].optimism_bias
        self.pay(cost, payer, currency, amount)
        self.pay("optimism-bias", payer, currency, amount * bias)
        self.count("plant_spend", plant, cost, by=amount * self.rates[currency])
        self.count("plant_spend", plant, "optimism-bias", by=amount * bias * self.rates[currency])

    @property
    def at_plants(self) -> Counter[str]:
        """Good units in stock at the plants, by design."""
        units: Counter[str] = Counter()
        for name, state in self.plants.items():
            units[self.entities("plants")[name].design] += state.stock.total()
        return units

    @property
    def in_transit(self) -> Counter[str]:
        """Units in transit, by design."""
        units: Counter[str] = Counter()
        for shipment in self.shipments:
            units[shipment.design] += sum(shipment.blocks.values())
        return units

    @property
    def in_regions(self) -> Counter[str]:
        """Units in the regions, by design."""
        units: Counter[str] = Counter()
        for stock in self.stock.values():
            for (design, _), count in stock.items():
                units[design] += count
        return units

    # ---- initial state

    def initialise(self) -> None:
        names, crews, kits = self.scenario.names, self.entities("crews")[None], self.entities("kits")[None]
        self.counts = self.raid_counts()
        self.currency_path = self.exchange_rates()
        self.released = {name: self.release_days(name) for name in names.designs}
        self.levels = {name: self.monthly_levels(name) for name in names.layers}
        self.suppliers = {name: self.renewal("suppliers", name, stationary=True) for name in names.suppliers}
        self.causes = {name: self.renewal("causes", name, stationary=False) for name in names.causes}
        self.lanes = {name: self.renewal("lanes", name, stationary=True) for name in names.lanes}
        self.plants = self.initial_plants()
        self.on_hand: Counter[tuple[str, str]] = Counter()
        self.backlog: Counter[tuple[str, str]] = Counter()
        self.ordered: Counter[str] = Counter()
        self.supplier_credit = dict.fromkeys(names.suppliers, 0.0)
        self.lane_credit = dict.fromkeys(names.lanes, 0.0)
        self.part_shipments: list[PartShipment] = []
        self.lead = {part: self.mean_lead(part) for part in names.parts}
        self.shipments: list[Shipment] = []
        self.stock: dict[str, Counter[Cohort]] = {region: Counter() for region in names.regions}
        self.makers_carried_fraction = dict.fromkeys(names.makers, 0.0)
        self.trained, self.kits = int(crews.initial + 0.5), int(kits.initial + 0.5)
        self.graduates: Counter[int] = Counter()
        self.kits_due: Counter[int] = Counter()
        self.grounded = dict.fromkeys(names.regions, False)
        self.power_until = dict.fromkeys(names.regions, 0.0)
        self.next_lot = {
            name: self.first_lot(name) for name, lot in self.entities("lots").items() if lot.interval > 0.0
        }
        self.lots_received: Counter[str] = Counter()
        self.layer_stock = {layer: self.entities("layers")[layer].stock for layer in names.layers}
        weights = self.scenario.decision("crew_weight", "regions")
        sorties = max(1.0, min(self.trained, self.kits) * crews.on_duty)
        self.sortie_demand = {region: weight / total(weights.values()) * sorties for region, weight in weights.items()}

    def renewal(self, kind: str, name: str, *, stationary: bool) -> Renewal:
        entity = self.entities(kind)[name]
        state, wait, _, _ = self.stream(kind, name).block(0)
        up = not (stationary and state >= entity.mtbf / (entity.mtbf + entity.mttr))
        return Renewal(up, -log(wait) * (entity.mtbf if up else entity.mttr))

    def exchange_rates(self) -> dict[str, list[float]]:
        """Exchange rates by currency and day: geometric Brownian motion around the forward rate."""
        paths = {}
        for name, entity in self.entities("currencies").items():
            paths[name] = [1.0] * self.horizon
            if entity.rate > 0.0:
                level = log(entity.rate)
                for day in range(self.horizon):
                    paths[name][day] = exp(level)
                    noise = entity.volatility * sqrt(1.0 / DAYS_PER_YEAR) * self.stream("exchange", name).normal(day)
                    level += (entity.drift - 0.5 * entity.volatility * entity.volatility) * (
                        1.0 / DAYS_PER_YEAR
                    ) + noise
        return paths

    def first_lot(self, layer: str) -> float:
        """Time of the first lot: a uniform share of an interval that is longer the likelier it holds the first day."""
        lot, stream = self.entities("lots")[layer], self.stream("lots", layer)
        interval = lot.interval
        if lot.interval_cv > 0.0:
            shape = 1.0 / (lot.interval_cv * lot.interval_cv)
            interval = lot.interval / shape * stream.gamma(shape + 1.0, 0, 0)
        return float(interval * stream.uniform(0, 2))

    def resupply(self, layer: str) -> None:
        """Add the shots of one day, or the lots that arrive before its end."""
        entity, lot, stream = self.entities("layers")[layer], self.entities("lots")[layer], self.stream("lots", layer)
        if layer not in self.next_lot:
            self.layer_stock[layer] += entity.resupply
            return
        while self.next_lot[layer] < self.day + 1.0:
            n = self.lots_received[layer]
            self.layer_stock[layer] += stream.duration(entity.resupply * lot.interval, lot.size_cv, n, 1)
            self.lots_received[layer] += 1
            self.next_lot[layer] += stream.duration(lot.interval, lot.interval_cv, n + 1, 0)

    def readiness(self, layer: str) -> float:
        """Shift of a layer's logits by the number of threats of the day."""
        row = self.entities("readiness")[layer]
        threats = max(1.0, float(sum(self.counts[self.day].values())))
        return row.slope * log(min(threats, max(1.0, row.full)) / row.reference) if row.slope != 0.0 else 0.0

    def monthly_levels(self, layer: str) -> dict[str, float]:
        """Level of a layer in each month: a stated level, or one step of a first-order autoregression."""
        drift, stream = self.entities("drift")[layer], self.stream("drift", layer)
        levels: dict[str, float] = {}
        before = None
        for number, month in enumerate(self.scenario.names.months):
            stated = self.entities("levels")[layer, month].level
            if not isnan(stated):
                levels[month] = stated
            elif before is None:
                levels[month] = drift.sd * stream.normal(number)
            else:
                keep = exp(-(DAYS_PER_YEAR / 12.0) / drift.memory) if drift.memory > 0.0 else 0.0
                levels[month] = keep * levels[before] + drift.sd * sqrt(1.0 - keep * keep) * stream.normal(number)
            before = month
        return levels

    def release_days(self, design: str) -> list[float]:
        entity, day, days = self.entities("designs")[design], 0.0, []
        while day < self.horizon:
            days.append(day)
            gap = self.stream("release", design).duration(entity.release_interval, entity.release_cv, 0, len(days))
            day += gap
        return days

    def latest_block(self, design: str, day: float) -> int:
        """Latest block of a design released on or before a day."""
        return max(0, bisect_right(self.released[design], day) - 1)

    def gate_day(self, gate: str) -> float:
        """Day on which a gate is passed: its duration after the last predecessor, bounded by the known state."""
        before = max((self.gate_day(predecessor) for predecessor in self.scenario.predecessors_of[gate]), default=0.0)
        day = before + float(self.entities("gates")[gate].duration)
        earliest, latest = self.scenario.known.gate_bounds[gate]
        return float(min(max(day, earliest), latest))

    def initial_plants(self) -> dict[str, PlantState]:
        plants = {}
        months = self.scenario.names.months
        takes_part = self.scenario.decision("in_programme", "plants")
        output, lines = self.scenario.decision("output", "plants"), self.scenario.decision("lines", "plants")
        for plant in self.scenario.names.plants:
            state = PlantState(inf, [0.0] * self.horizon, [0.0] * self.horizon)
            if takes_part[plant]:
                state.opens = max((self.gate_day(gate) for gate in self.scenario.gates_of[plant]), default=0.0)
                for day in range(ceil(state.opens), self.horizon):
                    month = self.scenario.month_of[day]
                    since = months.index(month) - months.index(self.scenario.month_of[ceil(state.opens)])
                    state.planned[day] = output[plant][since] / self.scenario.month_days[month]
                    state.lines[day] = lines[plant][since]
            self.add("opened", plant, by=state.opens)
            plants[plant] = state
        return plants

    def mean_lead(self, part: str) -> float:
        """Mean lead time of a part, weighted by sourcing."""
        sourcing = self.scenario.decision("sourcing", "suppliers")
        suppliers_of_part = [name for name, entity in self.entities("suppliers").items() if entity.part == part]
        weight = total(sourcing[name] for name in suppliers_of_part)
        weighted_lead = total(sourcing[name] * self.entities("suppliers")[name].lead for name in suppliers_of_part)
        return weighted_lead / weight if weight > 0.0 else 0.0

    # ---- one day

    def days(self) -> Iterator[int]:
        """Simulate all days; yields each day after its simulation."""
        for day in range(self.horizon):
            self.day, self.month = day, self.scenario.month_of[day]
            self.first = day == 0 or self.scenario.month_of[day - 1] != self.month
            self.rates = {currency: path[day] for currency, path in self.currency_path.items()}
            self.simulate_day()
            if self.scenario.known.day == day + 1:
                self.apply_known_state(day + 1)
            if day + 1 == self.horizon or self.scenario.month_of[day + 1] != self.month:
                self.close_month()
            yield day

    def simulate_day(self) -> None:
        for kind, renewals in (("suppliers", self.suppliers), ("causes", self.causes), ("lanes", self.lanes)):
            for name, renewal in renewals.items():
                self.advance_renewal(kind, name, renewal)
        if any(self.scenario.plan.in_programme):
            self.order_parts()
            self.ship_parts()
            self.receive_parts()
            for plant, state in self.plants.items():
                self.produce(plant, state)
            self.receive_units()
            self.dispatch()
        if self.first:
            self.start_training()
        self.advance_crews()
        self.deliver_from_other_makers()
        self.pay_crews()
        for name in self.entities("layers"):
            self.resupply(name)
        self.draw_weather()
        self.defend_regions(self.draw_raid(), self.available_crews())

    def advance_renewal(self, kind: str, name: str, renewal: Renewal) -> None:
        entity = self.entities(kind)[name]
        while renewal.change <= self.day:
            renewal.up = not renewal.up
            renewal.changes += 1
            wait = -log(self.stream(kind, name).uniform(0, renewal.changes))
            renewal.change += wait * (entity.mtbf if renewal.up else entity.mttr)

    def close_month(self) -> None:
        names = self.scenario.names
        for plant, state in self.plants.items():
            self.count("heads", plant, by=state.heads)
            self.count("experience", plant, by=state.experience)
            self.count("plant_stock", plant, by=state.stock.total())
            for part in names.parts:
                self.count("part_stock", plant, part, by=self.on_hand[plant, part])
                self.count("part_due", plant, part, by=self.due(plant, part))
        in_transit = self.in_transit
        for design in names.designs:
            self.count("transit", design, by=in_transit[design])
            self.count("block", design, by=self.latest_block(design, self.day) + 1)
            for region, stock in self.stock.items():
                units = sum(count for (name, _), count in stock.items() if name == design)
                self.count("stock", region, design, by=units)
        for currency, rate in self.rates.items():
            self.count("exchange", currency, by=rate)
        self.count("crews", by=self.trained)
        self.count("kits", by=self.kits)

    # ---- known state

    def apply_known_state(self, known_day: int) -> None:
        """Replace the simulated state by the known state at the start of day ``morning``."""
        takes_part = any(self.scenario.plan.in_programme)
        self.apply_known_crews(known_day)
        if takes_part:
            for plant, state in self.plants.items():
                if state.opens < inf:
                    self.apply_known_plant(plant, state, known_day)
        for design in self.scenario.names.designs:
            if takes_part or all(plant.design != design for plant in self.entities("plants").values()):
                self.apply_known_stocks(design, known_day)
        in_regions, in_transit, at_plants = self.in_regions, self.in_transit, self.at_plants
        for design in self.scenario.names.designs:
            removed = self.scrapped[design] + self.lost[design] + self.spent[design] + self.diverted[design]
            self.produced[design] = removed + in_regions[design] + in_transit[design] + at_plants[design]

    def apply_known_crews(self, known_day: int) -> None:
        crews, kits, known = self.entities("crews")[None], self.entities("kits")[None], self.scenario.known
        self.trained = known.crews.get("trained", self.trained)
        self.kits = known.kits.get("held", self.kits)
        if "in course" in known.crews:
            finish = self.stream("course").binomial(known.crews["in course"], 1.0 - crews.washout, known_day, 1)
            earlier = {day: count for day, count in self.graduates.items() if day < known_day}
            self.graduates = Counter(earlier) + spread_evenly(finish, known_day, crews.course)
        if "on order" in known.kits:
            earlier = {day: count for day, count in self.kits_due.items() if day < known_day}
            self.kits_due = Counter(earlier) + spread_evenly(known.kits["on order"], known_day, kits.lead)

    def apply_known_plant(self, plant: str, state: PlantState, known_day: int) -> None:
        entity, known = self.entities("plants")[plant], self.scenario.known
        state.experience = known.experience.get(plant, state.experience)
        state.heads = known.heads.get(plant, state.heads)
        if plant in known.plant_stock:
            latest = state.block if state.block >= 0 else self.latest_block(entity.design, known_day)
            state.stock = Counter(rescale_cohorts(known.plant_stock[plant], state.stock, latest))
        for part in self.scenario.names.parts:
            self.on_hand[plant, part] = known.on_hand.get((plant, part), self.on_hand[plant, part])
            if (plant, part) in known.on_order:
                suppliers_of_part = [
                    name for name, supplier_entity in self.entities("suppliers").items() if supplier_entity.part == part
                ]
                self.backlog.update({(plant, name): -self.backlog[plant, name] for name in suppliers_of_part})
                self.part_shipments = [p for p in self.part_shipments if (p.plant, p.part) != (plant, part)]
                due = spread_evenly(known.on_order[plant, part], known_day, self.lead[part])
                self.part_shipments += [PartShipment(day, plant, part, count) for day, count in due.items()]

    def apply_known_stocks(self, design: str, known_day: int) -> None:
        known_units = {r: units for (r, name), units in self.scenario.known.stock.items() if name == design}
        if design in self.scenario.known.total:
            known_units = self.allocate(design, self.scenario.known.total[design], replace=True)
        for region, units in known_units.items():
            stock = self.stock[region]
            cohorts = {block: count for (name, block), count in stock.items() if name == design}
            for block, count in rescale_cohorts(units, cohorts, self.latest_block(design, known_day)).items():
                stock[design, block] = count

    # ---- parts

    def supplier_ships(self, supplier: str) -> bool:
        return self.suppliers[supplier].up and all(self.causes[cause].up for cause in self.scenario.causes_of[supplier])

    def due(self, plant: str, part: str) -> int:
        """Parts on order: backlog of the suppliers plus parts in transit."""
        unshipped = sum(
            self.backlog[plant, name] for name, entity in self.entities("suppliers").items() if entity.part == part
        )
        return unshipped + sum(p.count for p in self.part_shipments if (p.plant, p.part) == (plant, part))

    def order_parts(self) -> None:
        """Place planned orders on the first day of a month; for parts without them, apply the base-stock policy."""
        months, orders = self.scenario.names.months, self.scenario.decision("orders", "plants")
        for plant, state in self.plants.items():
            entity = self.entities("plants")[plant]
            if state.opens == inf:
                continue
            for row, part in enumerate(self.scenario.names.parts):
                planned = orders[plant][row][months.index(self.month)]
                if planned >= 0.0:
                    if self.first and planned > 0.0:
                        self.place_planned_order(plant, part, int(planned + 0.5))
                    continue
                span = self.lead[part] + float(self.scenario.plan.cover[0])
                ahead = state.planned[min(self.day + int(span), self.horizon - 1)]
                rate = ahead * self.scenario.bill[entity.design][part] / max(entity.yield_mature, 0.01)
                if rate > 0.0:
                    order_quantity = ceil(rate * span - self.on_hand[plant, part] - self.due(plant, part) - 1e-9)
                    self.place_base_stock_order(plant, part, order_quantity)

    def place_order(self, plant: str, supplier: str, count: int) -> None:
        self.backlog[plant, supplier] += count
        self.ordered[supplier] += count

    def place_planned_order(self, plant: str, part: str, count: int) -> None:
        sourcing = self.scenario.decision("sourcing", "suppliers")
        suppliers_of_part = {
            name: sourcing[name] for name, entity in self.entities("suppliers").items() if entity.part == part
        }
        for supplier, quantity in apportion(count, suppliers_of_part).items():
            self.place_order(plant, supplier, quantity)

    def remaining_capacity(self, supplier: str) -> int:
        """Parts a supplier can accept: the larger of a month's capacity and its minimum order, less its backlog."""
        entity = self.entities("suppliers")[supplier]
        unshipped = sum(count for (_, name), count in self.backlog.items() if name == supplier)
        return int(max(1.0, DAYS_PER_MONTH * entity.capacity, entity.min_order)) - unshipped

    def place_base_stock_order(self, plant: str, part: str, count: int) -> None:
        """Order repeatedly from the available supplier with the fewest orders per weight, while one can accept."""
        sourcing = self.scenario.decision("sourcing", "suppliers")
        while count > 0:
            offers = []
            for row, (name, entity) in enumerate(self.entities("suppliers").items()):
                if entity.part == part and self.supplier_ships(name) and sourcing[name] > 0.0:
                    quantity = min(count, self.remaining_capacity(name))
                    if quantity > 0 and quantity >= entity.min_order:
                        offers.append((self.ordered[name] / sourcing[name], row, name, quantity))
            if not offers:
                return
            _, _, supplier, quantity = min(offers)
            self.place_order(plant, supplier, quantity)
            count -= quantity

    def ship_parts(self) -> None:
        plants = self.scenario.names.plants
        for supplier, entity in self.entities("suppliers").items():
            if not self.supplier_ships(supplier):
                self.count("supplier_down", supplier)
                continue
            credit = min(self.supplier_credit[supplier] + entity.capacity, max(1.0, DAYS_PER_MONTH * entity.capacity))
            queue = [plant for plant in plants if self.backlog[plant, supplier] > 0]
            turn = self.day % max(1, len(queue))
            for plant in queue[turn:] + queue[:turn]:
                count = min(self.backlog[plant, supplier], int(credit))
                if count > 0:
                    credit -= count
                    self.ship(plant, supplier, entity, count)
            self.supplier_credit[supplier] = credit

    def ship(self, plant: str, supplier: str, entity: Entity, count: int) -> None:
        self.backlog[plant, supplier] -= count
        self.count("part_shipped", supplier, by=count)
        self.count("part_sold", plant, supplier, by=count)
        duration = self.stream("lead", supplier, plant).duration(entity.lead, entity.lead_cv, self.day)
        self.part_shipments.append(PartShipment(self.day + int(duration + 0.5), plant, entity.part, count))
        self.pay_for(plant, "parts", self.payer_of(plant), entity.price_currency, count * entity.price)

    def receive_parts(self) -> None:
        for shipment in self.part_shipments:
            if shipment.arrival == self.day:
                self.on_hand[shipment.plant, shipment.part] += shipment.count
        self.part_shipments = [shipment for shipment in self.part_shipments if shipment.arrival > self.day]

    # ---- plants

    def payer_of(self, plant: str) -> str:
        return str(self.entities("countries")[self.entities("plants")[plant].country].payer)

    def hours_of(self, entity: Entity, n: float) -> float:
        """Labour hours of the n-th unit by Crawford's unit theory or Wright's cumulative average theory."""
        b = log(entity.slope) / log(2.0)
        if entity.learning == "wright":
            return float(entity.hours_first * (power(n, 1.0 + b) - power(n - 1.0, 1.0 + b)))
        return float(entity.hours_first * power(n, b))

    def cut_in(self, entity: Entity, state: PlantState) -> None:
        if state.block < 0:
            state.block, state.heads = self.latest_block(entity.design, self.day), entity.heads
        elif (block := self.latest_block(entity.design, self.day - entity.retool)) > state.block:
            state.block = block
            state.experience *= entity.retained

    def open_share(self, entity: Entity, state: PlantState) -> float:
        """Share of the day on which the plant can operate, net of strike damage and power cuts."""
        share = 1.0 - min(1.0, max(0.0, state.down_until - self.day))
        if entity.region is not None:
            share *= 1.0 - entity.power_loss * min(1.0, max(0.0, self.power_until[entity.region] - self.day))
        return share

    def produce(self, plant: str, state: PlantState) -> None:
        entity = self.entities("plants")[plant]
        if self.day < state.opens:
            if state.opens < inf:
                self.count("plant_limit", plant, "gate")
            return
        self.cut_in(entity, state)
        before = state.experience
        good_share = entity.yield_mature - (entity.yield_mature - entity.yield_first) * exp(
            -before / entity.yield_units
        )
        hours = self.hours_of(entity, before + 1.0)
        required = state.planned[self.day] / max(good_share, 0.01)
        planned = max(state.planned[self.day], state.planned[min(self.day + 30, self.horizon - 1)])
        required_ahead = planned / max(good_share, 0.01)
        if entity.hours_per_head > 0.0:
            missing = required_ahead * hours / entity.hours_per_head - state.heads
            state.heads = max(0.0, state.heads + min(max(missing, -entity.hire_rate), entity.hire_rate))
        paid = state.heads * entity.hours_per_head
        self.pay_running_cost(plant, entity, state, paid)
        share = self.open_share(entity, state)
        self.count("plant_down", plant, by=1.0 - share)
        self.count("hours_paid", plant, by=paid)

        by_line, by_labour = state.lines[self.day] * entity.line_rate, paid / hours
        state.carried_fraction += min(required, by_line * share, by_labour * share)
        ready = int(state.carried_fraction + 1e-9)
        allowed = {
            part: self.on_hand[plant, part] // n for part, n in self.scenario.bill[entity.design].items() if n > 0
        }
        limiting_part = min(allowed, key=lambda part: allowed[part], default="")
        started = min(ready, allowed[limiting_part]) if limiting_part else ready
        self.count(
            "plant_limit",
            plant,
            limiting_part
            if started < ready and required > 0.0
            else self.limit_of_day(required, by_line, by_labour, share),
        )
        state.carried_fraction = min(max(0.0, state.carried_fraction - started), 1.0)
        if started > 0:
            self.start_units(plant, entity, state, started, good_share)

    def limit_of_day(self, required: float, by_line: float, by_labour: float, share: float) -> str:
        """Limiting factor of a plant that is not short of parts."""
        if required <= 0.0:
            return "idle"
        enough = required * (1.0 - 1e-9)
        if min(by_line, by_labour) * share >= enough:
            return "met"
        if min(by_line, by_labour) >= enough:
            return "strike"
        return "line" if by_line <= by_labour else "labour"

    def pay_running_cost(self, plant: str, entity: Entity, state: PlantState, paid: float) -> None:
        """Book overhead, labour, and capital for lines above the largest number installed so far."""
        payer = self.payer_of(plant)
        self.pay_for(plant, "overhead", payer, entity.overhead_currency, entity.overhead)
        self.pay_for(plant, "labour", payer, entity.labour_rate_currency, paid * entity.labour_rate)
        new = state.lines[self.day] - max(state.lines[: self.day], default=0.0)
        if new > 0.0:
            self.pay_for(plant, "capital", payer, entity.line_capital_currency, new * entity.line_capital)

    def start_units(self, plant: str, entity: Entity, state: PlantState, started: int, good_share: float) -> None:
        for part, n in self.scenario.bill[entity.design].items():
            self.on_hand[plant, part] -= started * n
        middle = self.hours_of(entity, state.experience + 0.5 * (started + 1))
        good = self.stream("made", plant).binomial(started, good_share, self.day)
        state.experience += started
        state.stock[state.block] += good
        self.produced[entity.design] += started
        self.scrapped[entity.design] += started - good
        self.count("made", plant, by=started)
        self.count("good", plant, by=good)
        self.count("hours_worked", plant, by=started * middle)
        self.pay_for(plant, "royalty", self.payer_of(plant), entity.royalty_currency, good * entity.royalty)

    # ---- delivery

    def allocate(self, design: str, units: int, *, replace: bool = False) -> dict[str, int]:
        """Allocate units of a design to regions by planned weights, or to equalise days of cover.

        replace: Whether the units replace the current stocks of the regions.
        """
        planned = self.scenario.decision("dispatch_weight", "regions")
        if min(planned.values()) >= 0.0:
            return apportion(units, planned)
        position = Counter(
            {region: sum(n for (name, _), n in s.items() if name == design) for region, s in self.stock.items()}
        )
        if replace:
            position.clear()
        for shipment in self.shipments:
            if shipment.design == design:
                position[shipment.region] += sum(shipment.blocks.values())
        level = (position.total() + units) / total(self.sortie_demand.values())
        return apportion(
            units,
            {
                region: max(0.0, level * sortie_demand - position[region])
                for region, sortie_demand in self.sortie_demand.items()
            },
        )

    def receive_units(self) -> None:
        for shipment in self.shipments:
            if shipment.arrival == self.day:
                for block, units in shipment.blocks.items():
                    self.stock[shipment.region][shipment.design, block] += units
                    self.count("received", shipment.region, shipment.design, by=units)
        self.shipments = [shipment for shipment in self.shipments if shipment.arrival > self.day]

    def dispatch(self) -> None:
        for lane, entity in self.entities("lanes").items():
            left = self.lane_credit[lane] - floor(self.lane_credit[lane])
            self.lane_credit[lane] = entity.capacity + left if self.lanes[lane].up else 0.0
            self.count("lane_down", lane, by=0 if self.lanes[lane].up else 1)
        for plant, state in self.plants.items():
            design = self.entities("plants")[plant].design
            for lane in self.scenario.lanes_of[plant]:
                units = min(state.stock.total(), int(self.lane_credit[lane]))
                if units > 0:
                    self.lane_credit[lane] -= units
                    self.send_units(plant, state, design, lane, units)

    def send_units(self, plant: str, state: PlantState, design: str, lane: str, units: int) -> None:
        """Dispatch units by a lane, oldest blocks first; units lost in transit are taken from the oldest blocks."""
        entity = self.entities("lanes")[lane]
        self.count("sent", plant, lane, by=units)
        self.pay_for(plant, "freight", entity.payer, entity.cost_currency, units * entity.cost)
        lost = self.stream("loss", plant, lane).binomial(units, entity.loss, self.day)
        duration = self.stream("transit", lane).duration(entity.transit, entity.transit_cv, self.day)
        arrival = self.day + max(1, int(duration + 0.5))
        load = [block for block in sorted(state.stock) for _ in range(state.stock[block])][:units]
        state.stock.subtract(load)
        self.lost[design] += lost
        self.dispatched[design] += units - lost
        serving = int(self.dispatched[design] * self.entities("service")[design].share + 0.5)
        elsewhere = self.dispatched[design] - serving - self.diverted[design]
        self.diverted[design] += elsewhere
        self.count("diverted", design, by=elsewhere)
        left = load[lost + elsewhere :]
        for region, allocated in self.allocate(design, units - lost - elsewhere).items():
            self.shipments.append(Shipment(arrival, region, design, dict(Counter(left[:allocated]))))
            left = left[allocated:]
        if arrival < self.horizon:
            self.add("delivered", self.scenario.month_of[arrival], plant, by=units - lost - elsewhere)

    def deliver_from_other_makers(self) -> None:
        for maker, entity in self.entities("makers").items():
            ramped = min(1.0, self.day / entity.ramp) if entity.ramp > 0.0 else 1.0
            share = self.entities("service")[entity.design].share
            rate = entity.rate_start + (entity.rate_full - entity.rate_start) * ramped
            self.makers_carried_fraction[maker] += rate * share
            units = int(self.makers_carried_fraction[maker])
            self.makers_carried_fraction[maker] -= units
            self.pay("other-makers", entity.payer, entity.price_currency, units * entity.price)
            if self.day == 0:
                self.receive_from_maker(entity.design, int(entity.stock + 0.5))
            for region, received in self.receive_from_maker(entity.design, units).items():
                self.count("received", region, entity.design, by=received)

    def receive_from_maker(self, design: str, units: int) -> dict[str, int]:
        shares = self.allocate(design, units)
        self.produced[design] += units
        for region, share in shares.items():
            self.stock[region][design, self.latest_block(design, self.day)] += share
        return shares

    # ---- crews

    def start_training(self) -> None:
        crews, kits = self.entities("crews")[None], self.entities("kits")[None]
        intake = self.scenario.decision("intake", "months")[self.month]
        ordered = self.scenario.decision("kit_orders", "months")[self.month]
        finish = self.stream("course").binomial(intake, 1.0 - crews.washout, self.day)
        self.graduates[self.day + int(crews.course + 0.5)] += finish
        self.kits_due[self.day + int(kits.lead + 0.5)] += ordered

    def advance_crews(self) -> None:
        crews, kits = self.entities("crews")[None], self.entities("kits")[None]
        self.trained += self.graduates[self.day]
        self.trained -= self.stream("crews").binomial(self.trained, min(1.0, crews.attrition), self.day)
        self.kits += self.kits_due[self.day]
        self.kits -= self.stream("kits").binomial(self.kits, min(1.0, kits.attrition), self.day)

    def pay_crews(self) -> None:
        crews, kits = self.entities("crews")[None], self.entities("kits")[None]
        self.pay("crews", crews.payer, crews.cost_currency, self.trained * crews.cost)
        if self.first:
            intake = self.scenario.decision("intake", "months")[self.month]
            ordered = self.scenario.decision("kit_orders", "months")[self.month]
            self.pay("training", crews.payer, crews.course_cost_currency, intake * crews.course_cost)
            self.pay("kits", kits.payer, kits.price_currency, ordered * kits.price)

    def draw_weather(self) -> None:
        winter = self.scenario.winter[self.day]
        for region, entity in self.entities("regions").items():
            share = winter * entity.grounded_winter + (1.0 - winter) * entity.grounded_summer
            leave = min(1.0, 1.0 / entity.spell)
            if self.day == 0 or share >= 1.0:
                chance = share
            elif self.grounded[region]:
                chance = None
            else:
                chance = share / (1.0 - share) * leave
            u = self.stream("weather", region).uniform(self.day)
            self.grounded[region] = u >= leave if chance is None else u < chance

    def available_crews(self) -> dict[str, int]:
        crews_with_kit = apportion(min(self.trained, self.kits), self.scenario.decision("crew_weight", "regions"))
        available = {}
        for region, crews in crews_with_kit.items():
            duty = shift_logit(self.entities("crews")[None].on_duty, self.readiness(INTERCEPTOR))
            on_duty = 0 if self.grounded[region] else self.stream("duty", region).binomial(crews, duty, self.day)
            available[region] = on_duty
            self.count("crews_available", by=on_duty)
        return available

    # ---- raids

    def raid_counts(self) -> list[dict[str, int]]:
        """Number of threats by day and package: Poisson with an intensity from regime, slow level and daily shocks."""
        entity = self.entities("raids")[None]
        stay = entity.salvo_stay
        keep = exp(-1.0 / entity.wander_time)
        observed = self.scenario.observed_counts[: self.horizon]
        salvo, level, counts = False, entity.begin * entity.wander, list(observed)
        for day in range(len(observed), self.horizon):
            share = min(1.0, entity.salvo_share * self.scenario.salvo_factor[day])
            enter = min(1.0, share * (1.0 - stay) / (1.0 - share)) if share < 1.0 else 1.0
            chance = share if day == len(observed) else stay if salvo else enter
            salvo = self.stream("raids/regime").uniform(day) < chance
            step = entity.wander * self.stream("raids/level").normal(day)
            level = keep * level + sqrt(1.0 - keep * keep) * step
            trend = (day - len(observed)) / DAYS_PER_YEAR * log(1.0 + entity.growth)
            scale = entity.level * exp(trend + level - 0.5 * entity.wander * entity.wander)
            shock = self.stream("raids/shock").normal(day)
            counts.append(
                {name: self.package_count(name, salvo, scale, shock, day) for name in self.entities("packages")}
            )
        return counts

    def package_count(self, package: str, salvo: bool, scale: float, shock: float, day: int) -> int:
        entity = self.entities("packages")[package]
        mean, cv = (entity.salvo_mean, entity.salvo_cv) if salvo else (entity.routine_mean, entity.routine_cv)
        classes = [kind for kind in self.entities("threats").values() if kind.package == package]
        unweighted_mix = total(kind.mix for kind in classes)
        factored_mix = total(kind.mix * self.scenario.threat_factor[kind.name][day] for kind in classes)
        mean *= factored_mix / unweighted_mix if factored_mix != unweighted_mix else 1.0
        if mean <= 0.0 or self.stream("raids/quiet", package).uniform(day) < entity.quiet:
            return 0
        sigma = sqrt(log(1.0 + cv * cv))
        package_shock = self.stream("raids/package", package).normal(day)
        z = entity.coupling * shock + sqrt(1.0 - entity.coupling * entity.coupling) * package_shock
        intensity = scale * mean * exp(sigma * z - 0.5 * sigma * sigma)
        return self.stream("raids/count", package).poisson(intensity, day)

    def region_shares(self, package: str) -> dict[str, float]:
        """Draw the shares of the regions in a package on one day, from a Dirichlet distribution."""
        stated = {region: self.entities("splits")[package, region].share for region in self.scenario.names.regions}
        total_weight = total(stated.values())
        entity = self.entities("packages")[package]
        weights = {
            region: self.stream("raids/split", package, region).gamma(
                entity.concentration * share / total_weight, self.day
            )
            for region, share in stated.items()
        }
        total_drawn = total(weights.values())
        if total_drawn <= 0.0:
            return {region: share / total_weight for region, share in stated.items()}
        return {region: weight / total_drawn for region, weight in weights.items()}

    def draw_raid(self) -> list[Threat]:
        threats = []
        for package, count in self.counts[self.day].items():
            if count == 0:
                continue
            regions = cumulative_shares(self.region_shares(package))
            kinds = [
                (name, entity.mix) for name, entity in self.entities("threats").items() if entity.package == package
            ]
            factored = [(name, mix * self.scenario.threat_factor[name][self.day]) for name, mix in kinds]
            kinds = factored if total(mix for _, mix in factored) > 0.0 else kinds
            total_weight = total(mix for _, mix in kinds)
            classes = [(name, upper / total_weight) for name, upper in cumulative_shares(dict(kinds))]
            span = self.entities("packages")[package].span
            for number in range(count):
                u_class, u_entry, u_layer, u_decoy = self.stream("raids/threats", package).block(self.day, number)
                name, left = pick(classes, u_class)
                target, left = pick(regions, left)
                kind = self.entities("threats")[name]
                path = [] if kind.direct else self.draw_route(target, left)
                time = u_entry * span
                crossings = [(target, time)] if not path else []
                if path and path[0].origin is not None:
                    crossings.append((path[0].origin, time))
                for corridor in path:
                    time += corridor.transit
                    crossings.append((corridor.into, time))
                threats.append(Threat(kind, package, number, target, crossings, u_layer, u_decoy))
        return threats

    def draw_route(self, region: str, u: float) -> list[Entity]:
        """Draw the corridors to a region, in order of travel, tracing back from it with one uniform number."""
        path: list[Entity] = []
        current: str | None = region
        while current is not None:
            into = [self.entities("corridors")[name] for name in self.scenario.corridors_into[current]]
            total_weight = total(corridor.share for corridor in into)
            if total_weight <= 0.0:
                break
            steps = cumulative_shares({str(n): corridor.share / total_weight for n, corridor in enumerate(into)})
            row, u = pick(steps, u)
            path.insert(0, into[int(row)])
            current = path[0].origin
        return path

    # ---- defence

    def defend_regions(self, raid: list[Threat], crews: dict[str, int]) -> None:
        self.fired = dict.fromkeys(self.entities("layers"), 0.0)
        self.p_layer = {
            (layer, threat): self.stream("layers", layer, threat).beta(
                shift_logit(effect.p, self.levels[layer][self.month] + self.readiness(layer)),
                self.entities("layers")[layer].correlation,
                self.day,
            )
            for (layer, threat), effect in self.entities("effects").items()
            if layer != INTERCEPTOR
        }
        for region in self.scenario.region_order:
            self.sortie_demand[region] *= 1.0 - 1.0 / 28.0
            crossing = [(when, threat) for threat in raid for where, when in threat.crossings if where == region]
            if crossing:
                crossing.sort(key=lambda pair: pair[0])
                self.sortie_demand[region] += 1.0 / 28.0 * self.defend_region(region, crossing, crews[region])
        for layer, shots in self.fired.items():
            entity = self.entities("layers")[layer]
            self.count("shots", layer, by=shots)
            if layer != INTERCEPTOR:
                self.pay("layers", entity.payer, entity.cost_currency, shots * entity.cost)
        for threat in raid:
            self.count("launched", threat.target, threat.kind.name)
            if threat.alive:
                self.count("leaked", threat.target, threat.kind.name)
                self.apply_damage(threat)

    def defend_region(self, region: str, crossing: list[tuple[float, Threat]], crews: int) -> int:
        """Simulate one night in one region; returns the demand for sorties."""
        capacity = {layer: self.entities("posts")[layer, region].capacity for layer in self.entities("layers")}
        remaining = {layer: floor(c * (self.day + 1)) - floor(c * self.day) for layer, c in capacity.items()}
        encounters = []
        for when, threat in crossing:
            if threat.alive:
                doctrine = list(self.scenario.layers_against[threat.kind.name])
                encounters.append(Encounter(threat, when, self.recognise_decoy(threat), doctrine))
        self.engage_layers(region, encounters, remaining)
        engaged = [e for e in encounters if e.threat.alive and e.doctrine and e.doctrine[0] == INTERCEPTOR]
        for encounter in engaged:
            encounter.doctrine.pop(0)
        engaged = [e for e in engaged if not e.recognised]
        self.run_crew_queue(region, engaged, crews)
        for encounter in encounters:
            if encounter.outcome == "killed":
                self.stop(region, INTERCEPTOR, encounter.threat)
        self.engage_layers(region, encounters, remaining)
        return self.count_limiting_factor(region, engaged)

    def recognise_decoy(self, threat: Threat) -> bool:
        """Draw whether a region recognises a threat as a decoy."""
        p = threat.kind.p_discriminate
        if not threat.kind.decoy:
            return False
        recognised = bool(threat.u_decoy < p)
        threat.u_decoy = rescale(threat.u_decoy, 0.0, p) if recognised else rescale(threat.u_decoy, p, 1.0)
        return recognised

    def stop(self, region: str, layer: str, threat: Threat) -> None:
        threat.alive = False
        self.count("stopped", region, threat.kind.name)
        self.count("stopped_by", layer, threat.kind.name)

    def engage_layers(self, region: str, encounters: list[Encounter], remaining: dict[str, int]) -> None:
        """Engage threats in order of time by the layers of their doctrine up to the interceptors."""
        for encounter in encounters:
            while encounter.threat.alive and encounter.doctrine and encounter.doctrine[0] != INTERCEPTOR:
                layer = encounter.doctrine.pop(0)
                entity, kind = self.entities("layers")[layer], encounter.threat.kind.name
                spends = self.entities("effects")[layer, kind].shots
                if entity.stocked and (encounter.recognised or self.layer_stock[layer] < spends):
                    continue
                if entity.limited and remaining[layer] < 1:
                    continue
                remaining[layer] -= 1
                if entity.stocked:
                    self.layer_stock[layer] -= spends
                self.fired[layer] += spends
                p = self.p_layer[layer, kind]
                if encounter.threat.u_layer < p:
                    self.stop(region, layer, encounter.threat)
                else:
                    encounter.threat.u_layer = rescale(encounter.threat.u_layer, p, 1.0)

    def run_crew_queue(self, region: str, engaged: list[Encounter], crews: int) -> None:
        """Simulate the crews' queue by events; at equal times, engagements end before threats arrive."""
        end, arrive = 0, 1
        events = [(encounter.time, arrive, row) for row, encounter in enumerate(engaged)]
        heapq.heapify(events)
        waiting: list[tuple[float, float, int]] = []
        free = crews
        returned: Counter[Cohort] = Counter()
        by_value, value = self.scenario.plan.by_value[0] == 1, self.scenario.decision("value", "threats")
        max_shots = self.scenario.decision("max_shots", "threats")
        while events:
            now, event, row = heapq.heappop(events)
            encounter = engaged[row]
            kind = encounter.threat.kind
            if event == arrive:
                encounter.deadline = encounter.time + self.entities("engagement")[kind.name, region].window
            else:
                free += 1
            if encounter.outcome == "killed":
                pass
            elif event == end and encounter.shots >= max_shots[kind.name]:
                encounter.outcome = "no shots"
            elif event == end and now > encounter.deadline:
                encounter.outcome = "no time"
            else:
                heapq.heappush(waiting, (-value[kind.name] if by_value else 0.0, encounter.deadline, row))
            while waiting and free > 0:
                row = heapq.heappop(waiting)[2]
                if now > engaged[row].deadline:
                    engaged[row].outcome = "no crew"
                elif self.next_cohort(region) is None:
                    engaged[row].outcome = "no stock"
                else:
                    free -= 1
                    heapq.heappush(events, (now + self.engage(region, engaged[row], returned), end, row))
        for _, _, row in waiting:
            engaged[row].outcome = "no crew"
        self.stock[region].update(returned)

    def next_cohort(self, region: str) -> Cohort | None:
        """Cohort used next: designs by preference and blocks by age, or the best first; None if there is no stock."""
        preferred = [self.scenario.names.designs[row] for row in self.scenario.plan.prefer]
        cohorts: list[Cohort] = []
        for design in preferred:
            blocks: Sequence[int] = range(self.latest_block(design, self.day) + 1)
            if self.scenario.plan.stock_order[0] != OLDEST_FIRST:
                blocks = blocks[::-1]
            cohorts += [(design, block) for block in blocks]
        if self.scenario.plan.stock_order[0] == BEST_FIRST:
            kinds = [kind for kind in self.entities("threats").values() if kind.interceptable]
            kinds = [kind for kind in kinds if not kind.decoy] or kinds
            cohorts.sort(key=lambda cohort: -total(self.p_kill(cohort, kind.name) for kind in kinds))
        return next((cohort for cohort in cohorts if self.stock[region][cohort] > 0), None)

    def p_kill(self, cohort: Cohort, threat: str) -> float:
        """Kill probability given contact: exponential decay from its value at release to its floor."""
        design, block = cohort
        entity = self.entities("lethality")[design, threat]
        if entity.p_kill <= 0.0:
            return 0.0
        age = self.day - self.released[design][block]
        return float(entity.p_floor + (entity.p_kill - entity.p_floor) * exp(-age / entity.decay))

    def engage(self, region: str, encounter: Encounter, returned: Counter[Cohort]) -> float:
        """Simulate the sorties of one engagement; returns the engagement time in minutes."""
        threat = encounter.threat
        kind = threat.kind
        stream = self.stream("shots", threat.package, region)
        shot, encounter.shots = encounter.shots, encounter.shots + 1
        p_contact = shift_logit(
            self.entities("engagement")[kind.name, region].p_contact, self.levels[INTERCEPTOR][self.month]
        )
        for sortie in range(self.scenario.decision("salvo", "threats")[kind.name]):
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
                if u < p_contact * self.p_kill(cohort, kind.name) and encounter.outcome != "killed":
                    encounter.outcome = "killed"
                    self.count("kills", region, design, kind.name)
            elif u - p_contact < (1.0 - p_contact) * self.entities("designs")[design].p_recover:
                self.count("recovered", region, design)
                self.spent[design] -= 1
                returned[cohort] += 1
        return self.engagement_time(stream, threat.number, 64 * shot, kind.engagement, kind.engagement_cv)

    def engagement_time(self, stream: Stream, number: int, attempt: int, mean: float, cv: float) -> float:
        """Draw the engagement time in minutes; the first gamma trial shares its random block with the first sortie."""
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

    def count_limiting_factor(self, region: str, engaged: list[Encounter]) -> int:
        """Count a region-night by limiting factor; returns the demand for sorties."""
        outcomes = Counter(encounter.outcome for encounter in engaged)
        stock, crew, time = outcomes["no stock"], outcomes["no crew"], outcomes["no time"]
        if engaged:
            cause = max(
                (stock, "interceptors"), (crew, "crews"), (time, "engagement_window"), key=lambda count: count[0]
            )
            self.count("nights", region, cause[1] if cause[0] > 0 else "nothing")
        salvo = self.scenario.decision("salvo", "threats")
        return sum(
            (encounter.shots + (encounter.outcome == "no stock")) * salvo[encounter.threat.kind.name]
            for encounter in engaged
        )

    def apply_damage(self, threat: Threat) -> None:
        """Draw the damage, power cut and plant strikes of one leaker."""
        kind, target = threat.kind, threat.target
        region = self.entities("regions")[target]
        size, dark, repair, _ = self.stream("damage", threat.package, target).block(self.day, threat.number)
        sigma = sqrt(log(1.0 + kind.damage_cv * kind.damage_cv))
        damage = kind.damage * exp(sigma * normal_quantile(size) - 0.5 * sigma * sigma)
        self.count("damage", target, by=damage * self.rates[kind.damage_currency])
        if kind.decoy:
            return
        if dark < region.power_exposure:
            back = self.day + 1.0 - log(repair) * region.power_days
            self.power_until[target] = max(self.power_until[target], back)
        for plant, entity in self.entities("plants").items():
            if entity.region == target:
                hit, repair, _, _ = self.stream("strike", threat.package, plant).block(self.day, threat.number)
                if hit < entity.exposure:
                    state = self.plants[plant]
                    state.down_until = max(state.down_until, self.day + 1.0) - log(repair) * entity.hit_days


def spread_evenly(units: int, first: int, span: float) -> Counter[int]:
    """Spread units evenly over ``span`` days from ``first``, by day."""
    days = max(1, int(span + 0.5))
    return Counter({first + n: units * (n + 1) // days - units * n // days for n in range(days)})


def rescale_cohorts(units: int, cohorts: Mapping[int, int], latest: int) -> dict[int, int]:
    """Scale the blocks to a total of ``units``; if they are empty, all units belong to the latest block."""
    if not any(cohorts.values()):
        return {latest: units}
    counts = {str(block): float(cohorts[block]) for block in sorted(cohorts)}
    return {int(block): count for block, count in apportion(units, counts).items()}


def cumulative_shares(shares: dict[str, float]) -> list[tuple[str, float]]:
    """Names with the cumulative totals of their shares."""
    upper, steps = 0.0, []
    for name, share in shares.items():
        upper += share
        steps.append((name, upper))
    return steps


def rescale(u: float, below: float, above: float) -> float:
    """Rescale a number u, uniform between two bounds, to (0, 1)."""
    return min((u - below) / (above - below), 1.0 - 1e-16)


def pick(steps: list[tuple[str, float]], u: float) -> tuple[str, float]:
    """Name whose share contains the uniform number u, and u rescaled; above all shares, the last name with a share."""
    before, result = 0.0, ("", 0.0)
    for name, upper in steps:
        if upper > before:
            result = name, rescale(u, before, upper)
            if u < upper:
                break
        before = upper
    return result
