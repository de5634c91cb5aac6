"""Parameters of the linear programme by future and month: openings, supply, prices, crews, learning.

Money is in the reporting currency at the month's exchange rate. Lead times, transit times and scrap enter as means over
the futures, because they vary little and random values would make the recourse matrix random.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from octoplan.plan.learning import experience, mean_hours
from octoplan.plan.response_surface import DESIGN, DesignRuns, month_mean
from octoplan.plan.solver.two_stage import Flags, Floats, Ints

DAYS_PER_MONTH, DAYS_PER_YEAR = 30.4375, 365.25
"""Mean days of a month and of a year."""

NO_CREWS_RUN = DESIGN.index((1.0, 0.0))
"""The design run without crew intake and kit orders."""

MIN_YIELD = 0.01
"""Lower bound on the yield, to keep the number of units started per good unit finite."""


@dataclass(frozen=True)
class Parameters:
    """Parameters by future. Axes: s futures, p plants, t months planned, n parts, l lanes.

    runs
        The design runs that the parameters are taken from.
    since_opening
        (s, p, t) months since the month in which the plant opens; -1 before that month.
    open_share, up_days
        (s, p, t) share of the month's days on which the plant is open; number of days on which it is open,
        less the output lost to strikes and power cuts, in days.
    supply, price
        (s, t, n) parts that the suppliers with a sourcing weight can ship in the month; their weighted mean price.
    supplier_shares
        (s, t, suppliers) share of each supplier in the supply of its part.
    lead_months
        (n,) mean lead time in months.
    base_stock_months
        (n,) base stock in months of use: mean lead time plus cover.
    lane_days, freight
        (s, t, l) days on which a lane is open; freight per unit in money.
    discount
        (s, t) discount factor at mid-month.
    crews, kits
        (s, t) mean crews and kits in service in the month if no crews are trained and no kits are ordered.
    crews_per_intake, kits_per_order
        (s, start, t) crews in service in month t per crew that enters training in month ``start``; likewise for kits.
    """

    runs: DesignRuns
    since_opening: Ints
    open_share: Floats
    up_days: Floats
    supply: Floats
    price: Floats
    supplier_shares: Floats
    lead_months: Floats
    base_stock_months: Floats
    lane_days: Floats
    freight: Floats
    discount: Floats
    crews: Floats
    kits: Floats
    crews_per_intake: Floats
    kits_per_order: Floats

    @property
    def months_open(self) -> Ints:
        """(p,) months for which the plant has been open at the start of the first planned month; 0 if it is closed."""
        return (
            np.maximum(0, self.since_opening[:, :, 0].min(0))
            if self.runs.first_month
            else np.zeros(self.since_opening.shape[1], int)
        )

    def plant(self, parameter: str) -> Floats:
        """(s, p) values of a parameter of plants."""
        return self.runs.draws("plants", parameter)

    def plant_money(self, parameter: str) -> Floats:
        """(s, p, t) values of a monetary parameter of plants, in the reporting currency."""
        return self.runs.money_draws("plants", parameter).transpose(0, 2, 1)

    @property
    def bill(self) -> Floats:
        """(p, n) bill of materials: parts per unit produced at each plant."""
        compiled = self.runs.compiled
        return np.asarray(compiled.links.bill[compiled.template.plants["design"]], float)

    @property
    def stated_orders(self) -> tuple[Floats, Flags]:
        """(p, t, n) orders in decisions.toml, and (t, n) whether all orders of the part are stated there."""
        orders = self.runs.compiled.plan.orders[:, :, self.runs.first_month :].transpose(0, 2, 1)
        stated = orders >= 0.0
        all_stated = (stated | (self.bill <= 0.0)[:, None]).all(0) & stated.any(0)
        return np.maximum(orders, 0.0), np.asarray(all_stated)

    @property
    def uplift(self) -> Floats:
        """(s,) factor on costs for optimism bias: 1 + bias."""
        return 1.0 + self.runs.draws("finance", "optimism_bias")[:, 0]


def parameters_of(runs: DesignRuns) -> Parameters:
    """Parameters of the futures of the design runs."""
    links, plan, days = runs.compiled.links, runs.compiled.plan, runs.days
    starts = np.concatenate([[0], np.cumsum(links.month_days)])
    opening_day = np.ceil(np.minimum(runs.tally("opened"), starts[-1]))
    open_days = np.clip(starts[runs.first_month + 1 :] - opening_day[..., None], 0.0, days)
    opening_month = links.month_of[np.minimum(opening_day, starts[-1] - 1).astype(np.int64)]
    since_opening = np.arange(runs.first_month, runs.first_month + len(days)) - opening_month[..., None]
    since_opening = np.where((opening_day[..., None] < starts[-1]) & (since_opening >= 0), since_opening, -1)
    days_down = runs.tally("plant_down").transpose(0, 2, 1)
    supply, price, supplier_shares = supplier_parameters(runs)
    weights, part = plan.sourcing, np.asarray(runs.compiled.template.suppliers["part"])
    parts = len(runs.compiled.names.parts)
    totals = np.bincount(part, weights, parts)
    lead_days = np.bincount(part, weights * runs.draws("suppliers", "lead").mean(0), parts) / np.maximum(totals, 1e-12)
    rate = runs.draws("finance", "discount_rate")
    return Parameters(
        runs, since_opening, open_days / days, np.maximum(0.0, open_days - days_down), supply, price, supplier_shares,
        lead_days / DAYS_PER_MONTH, (lead_days + plan.cover[0]) / DAYS_PER_MONTH,
        days[None, :, None] - runs.tally("lane_down"), runs.money_draws("lanes", "cost"),
        (1.0 + rate) ** (-runs.mid_month / DAYS_PER_YEAR),
        month_mean(runs, "crews", NO_CREWS_RUN), month_mean(runs, "kits", NO_CREWS_RUN),
        in_service_per_start(runs, "crews", "course", 1.0 - runs.draws("crews", "washout")[:, 0]),
        in_service_per_start(runs, "kits", "lead", np.ones(len(runs))),
    )  # fmt: skip


def supplier_parameters(runs: DesignRuns) -> tuple[Floats, Floats, Floats]:
    """Supply and mean price of each part, (s, t, n), and each supplier's share of its part, (s, t, suppliers)."""
    names, part = runs.compiled.names, np.asarray(runs.compiled.template.suppliers["part"])
    weight = runs.compiled.plan.sourcing
    days = runs.days[None, :, None]
    up_days = days - runs.tally("supplier_down")
    supplier_part = (part[:, None] == np.arange(len(names.parts))).astype(float)
    available = weight * (up_days / days + 1e-9)
    share = available / np.maximum((available @ supplier_part)[:, :, part], 1e-30)
    capacity = runs.draws("suppliers", "capacity")[:, None] * up_days * (weight > 0.0)
    return capacity @ supplier_part, (share * runs.money_draws("suppliers", "price")) @ supplier_part, share


def serving_share(runs: DesignRuns) -> Floats:
    """(plants, lanes) mean share of the units shipped that arrives and serves the air defence of the regions."""
    design = np.asarray(runs.compiled.template.plants["design"])
    serving = runs.draws("service", "share")[:, design, None] * (1.0 - runs.draws("lanes", "loss")[:, None])
    return np.asarray(serving.mean(0), float)


def in_service_per_start(runs: DesignRuns, kind: str, delay_parameter: str, success_share: Floats) -> Floats:
    """(s, start, t) mean crews or kits in service in month t per one started on the first day of month ``start``.

    kind, delay_parameter
        ``crews`` or ``kits``, and the name of the parameter for the days until they enter service.
    success_share
        (s,) share that enters service.
    """
    starts = np.concatenate([[0.0], np.cumsum(runs.days)])
    delay_days = np.floor(runs.draws(kind, delay_parameter)[:, 0] + 0.5)
    daily_retention = 1.0 - np.minimum(1.0, runs.draws(kind, "attrition")[:, 0])
    day = np.arange(starts[-1])
    months = len(starts) - 1
    in_service = np.zeros((len(runs), months, months))
    for start in range(months):
        age = day - starts[start] - delay_days[:, None]
        remaining = np.where(
            age >= 0.0, success_share[:, None] * daily_retention[:, None] ** (np.maximum(age, 0.0) + 1.0), 0.0
        )
        for month, (low, high) in enumerate(pairwise(starts.tolist())):
            in_service[:, start, month] = remaining[:, int(low) : int(high)].mean(1)
    return in_service


def hours_and_yields(parameters: Parameters, experience: Floats) -> tuple[Floats, Floats]:
    """(s, p, t) labour hours of a started unit and share of good units, at the experience of a plan.

    experience
        (p, months + 1) experience in units at the start of each month since opening, and at the end of the last month.
    """
    since_opening = np.maximum(parameters.since_opening, 0)
    plants = np.arange(since_opening.shape[1])[:, None]
    experience_before, experience_after = experience[plants, since_opening], experience[plants, since_opening + 1]
    is_wright = np.asarray(parameters.runs.compiled.template.plants["learning"], float)
    parameters_by_month = [
        parameters.plant(name)[..., None] * np.ones(since_opening.shape[2]) for name in ("hours_first", "slope")
    ]
    hours = mean_hours(
        parameters_by_month[0],
        parameters_by_month[1],
        np.broadcast_to(is_wright[:, None], since_opening.shape),
        experience_before,
        np.maximum(experience_after - experience_before, 1.0),
    )
    first_yield, mature_yield, yield_units = (
        parameters.plant(n)[..., None] for n in ("yield_first", "yield_mature", "yield_units")
    )
    yields = mature_yield - (mature_yield - first_yield) * np.exp(
        -0.5 * (experience_before + experience_after) / yield_units
    )
    return hours, np.maximum(yields, MIN_YIELD)


def experience_from(parameters: Parameters, produced: Floats, yields: Floats) -> Floats:
    """(p, months + 1) experience in units by month since opening, as a mean over futures.

    produced, yields
        (s, p, t) good units produced; share of started units that are good.
    """
    plants, runs = produced.shape[1], parameters.runs
    months = len(runs.compiled.names.months)
    units_started = np.zeros((plants, months))
    for p in range(plants):
        for k in range(months):
            in_month = parameters.since_opening[:, p] == k
            if in_month.any():
                units = (produced[:, p] / yields[:, p])[in_month].sum()
                units_started[p, k] = units / max(1, int(in_month.any(1).sum()))
    interval = runs.draws("designs", "release_interval").mean(0)[runs.compiled.template.plants["design"]]
    retained = parameters.plant("retained").mean(0) ** (DAYS_PER_MONTH / interval)
    since_opening = np.arange(months + 1) - parameters.months_open[:, None]
    initial_experience = runs.initial_stock("experience").mean(0)[:, None] * retained[:, None] ** np.maximum(
        0, since_opening
    )
    experience_gained: Floats = experience(np.concatenate([units_started, np.zeros((plants, 1))], 1), retained)
    return np.asarray(experience_gained + initial_experience)
