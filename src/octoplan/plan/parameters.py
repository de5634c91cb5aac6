"""What each future does to a plan, read off the pilot's assumptions and flights: arrays by month, in plain units.

All money is in the reporting currency at the month's exchange rate. Where a number hardly differs between futures, or
would make the recourse random to little effect (leads, transit, scrap), its mean over the futures is used, and said.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from octoplan.plan.learning import experience, mean_hours
from octoplan.plan.response_surface import DESIGN, Pilot, standing
from octoplan.plan.solver.two_stage import Flags, Floats, Ints

MONTH = 30.4375
YEAR = 365.25
NO_CREWS = DESIGN.index((1.0, 0.0))


@dataclass(frozen=True)
class Facts:
    """Axes: s futures, p plants, t months from the pilot's ``begin`` on, n parts, l lanes.

    since
        (s, p, t) months since the plant's opening month, -1 before it.
    open_share, up_days
        (s, p, t) share of the month's days on which the plant is open; days it is open and not down.
    supply, price
        (s, t, n) parts that the suppliers in use can ship in the month; their mean price by sourcing.
    lag
        (n,) mean lead in months.
    pipe
        (n,) months of use in the base stock: mean lead and cover.
    lane_days, freight
        (s, t, l) days a lane is up; freight of a unit.
    discount
        (s, t) present worth of money of mid-month.
    crews, kits
        (s, t) mean crews and kits of the month with no intake and no orders.
    graduates, arrivals
        (s, t, t) crews in month two for each that began in month one; the same for kits ordered.
    """

    pilot: Pilot
    since: Ints
    open_share: Floats
    up_days: Floats
    supply: Floats
    price: Floats
    sourcing: Floats
    lag: Floats
    pipe: Floats
    lane_days: Floats
    freight: Floats
    discount: Floats
    crews: Floats
    kits: Floats
    graduates: Floats
    arrivals: Floats

    @property
    def opened(self) -> Ints:
        """(p,) months for which a plant has been open as the first month planned begins; 0 where it is not."""
        return np.maximum(0, self.since[:, :, 0].min(0)) if self.pilot.begin else np.zeros(self.since.shape[1], int)

    def plant(self, parameter: str) -> Floats:
        """(s, p) draws of a number of the plants."""
        return self.pilot.number("plants", parameter)

    def plant_money(self, parameter: str) -> Floats:
        """(s, p, t) an amount of money of the plants."""
        return self.pilot.money("plants", parameter).transpose(0, 2, 1)

    @property
    def bill(self) -> Floats:
        """(p, n) parts in one unit of each plant."""
        compiled = self.pilot.compiled
        return np.asarray(compiled.links.bill[compiled.template.plants["design"]], float)

    @property
    def placed(self) -> tuple[Floats, Flags]:
        """(p, t, n) parts that decisions.toml orders in the month, and (t, n) whether no plant orders any by need."""
        orders = self.pilot.compiled.plan.orders[:, :, self.pilot.begin :].transpose(0, 2, 1)
        stands = orders >= 0.0
        closed = (stands | (self.bill <= 0.0)[:, None]).all(0) & stands.any(0)
        return np.maximum(orders, 0.0), np.asarray(closed)

    @property
    def uplift(self) -> Floats:
        """(s,) one and the optimism bias."""
        return 1.0 + self.pilot.number("finance", "optimism_bias")[:, 0]


def facts_of(pilot: Pilot) -> Facts:
    """The facts of a pilot's futures."""
    links, plan, days = pilot.compiled.links, pilot.compiled.plan, pilot.days
    starts = np.concatenate([[0], np.cumsum(links.month_days)])
    opened = np.ceil(np.minimum(pilot.tally("opened"), starts[-1]))
    left = np.clip(starts[pilot.begin + 1 :] - opened[..., None], 0.0, days)
    month = links.month_of[np.minimum(opened, starts[-1] - 1).astype(np.int64)]
    since = np.arange(pilot.begin, pilot.begin + len(days)) - month[..., None]
    since = np.where((opened[..., None] < starts[-1]) & (since >= 0), since, -1)
    down = pilot.tally("plant_down").transpose(0, 2, 1)
    supply, price, sourcing = supplies(pilot)
    weights, part = plan.sourcing, np.asarray(pilot.compiled.template.suppliers["part"])
    parts = len(pilot.compiled.names.parts)
    totals = np.bincount(part, weights, parts)
    lead = np.bincount(part, weights * pilot.number("suppliers", "lead").mean(0), parts) / np.maximum(totals, 1e-12)
    rate = pilot.number("finance", "discount_rate")
    return Facts(
        pilot, since, left / days, np.maximum(0.0, left - down), supply, price, sourcing, lead / MONTH,
        (lead + plan.cover[0]) / MONTH, days[None, :, None] - pilot.tally("lane_down"), pilot.money("lanes", "cost"),
        (1.0 + rate) ** (-pilot.middle / YEAR), standing(pilot, "crews", NO_CREWS), standing(pilot, "kits", NO_CREWS),
        flow(pilot, "crews", "course", 1.0 - pilot.number("crews", "washout")[:, 0]),
        flow(pilot, "kits", "lead", np.ones(len(pilot))),
    )  # fmt: skip


def supplies(pilot: Pilot) -> tuple[Floats, Floats, Floats]:
    """Supply and price of each part, (s, t, parts), and (s, t, suppliers) each supplier's share of its part."""
    names, part = pilot.compiled.names, np.asarray(pilot.compiled.template.suppliers["part"])
    weight = pilot.compiled.plan.sourcing
    days = pilot.days[None, :, None]
    up = days - pilot.tally("supplier_down")
    into = (part[:, None] == np.arange(len(names.parts))).astype(float)
    turned = weight * (up / days + 1e-9)
    share = turned / np.maximum((turned @ into)[:, :, part], 1e-30)
    able = pilot.number("suppliers", "capacity")[:, None] * up * (weight > 0.0)
    return able @ into, (share * pilot.money("suppliers", "price")) @ into, share


def flow(pilot: Pilot, kind: str, delay: str, passed: Floats) -> Floats:
    """(s, t, t) how many stand on average in month two of one that began on the first day of month one."""
    starts = np.concatenate([[0.0], np.cumsum(pilot.days)])
    wait = np.floor(pilot.number(kind, delay)[:, 0] + 0.5)
    stay = 1.0 - np.minimum(1.0, pilot.number(kind, "attrition")[:, 0])
    day = np.arange(starts[-1])
    months = len(starts) - 1
    found = np.zeros((len(pilot), months, months))
    for begun in range(months):
        age = day - starts[begun] - wait[:, None]
        there = np.where(age >= 0.0, passed[:, None] * stay[:, None] ** (np.maximum(age, 0.0) + 1.0), 0.0)
        for month, (low, high) in enumerate(pairwise(starts.tolist())):
            found[:, begun, month] = there[:, int(low) : int(high)].mean(1)
    return found


def hours_and_yields(facts: Facts, learnt: Floats) -> tuple[Floats, Floats]:
    """(s, p, t) labour hours of a started unit and share of good ones, at the experience of a plan.

    learnt
        (p, t + 1) units of experience at the start of each month since opening; the last is that after the horizon.
    """
    since = np.maximum(facts.since, 0)
    plants = np.arange(since.shape[1])[:, None]
    begun, after = learnt[plants, since], learnt[plants, since + 1]
    wright = np.asarray(facts.pilot.compiled.template.plants["learning"], float)
    wide = [facts.plant(name)[..., None] * np.ones(since.shape[2]) for name in ("hours_first", "slope")]
    hours = mean_hours(
        wide[0], wide[1], np.broadcast_to(wright[:, None], since.shape), begun, np.maximum(after - begun, 1.0)
    )
    first, mature, units = (facts.plant(n)[..., None] for n in ("yield_first", "yield_mature", "yield_units"))
    good = mature - (mature - first) * np.exp(-0.5 * (begun + after) / units)
    return hours, np.maximum(good, 0.01)


def learnt_from(facts: Facts, made: Floats, good: Floats) -> Floats:
    """(p, t + 1) experience by month since opening, the mean over futures, from good units made (s, p, t)."""
    plants, pilot = made.shape[1], facts.pilot
    months = len(pilot.compiled.names.months)
    started = np.zeros((plants, months))
    for p in range(plants):
        for k in range(months):
            at = facts.since[:, p] == k
            if at.any():
                started[p, k] = (made[:, p] / good[:, p])[at].sum() / max(1, int(at.any(1).sum()))
    interval = pilot.number("designs", "release_interval").mean(0)[pilot.compiled.template.plants["design"]]
    kept = facts.plant("retained").mean(0) ** (MONTH / interval)
    since = np.arange(months + 1) - facts.opened[:, None]
    before = pilot.on_the_eve("experience").mean(0)[:, None] * kept[:, None] ** np.maximum(0, since)
    found: Floats = experience(np.concatenate([started, np.zeros((plants, 1))], 1), kept) + before
    return found
