"""What crews and interceptors stop, as concave planes fitted to the campaign itself (model.md section 6).

A small design of experiments flies the same futures under a plan whose output, and whose crews and kits, are scaled.
In each future what interceptors save in a month is fitted by min over i of a_i N + b_i F + c_i U: N threats launched
that interceptors can engage, F crew-nights fit to fly, U units of the programme spent. The planes pass through nothing,
since no crew saves nothing, and rise in all three. The fit is least squares by turns (Magnani and Boyd 2009). Saved are
losses: the leakers times the mean damage of their class (not the damage drawn, whose heavy tail would be noise here),
and the shots of the other layers. What the few crews of the barest flight save is not flown; it is taken as their kills
times what a kill saves between there and the flight next to it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from octoplan.campaign.futures import fly
from octoplan.campaign.tally import LAYERS, TALLIES
from octoplan.campaign.tally import axes as labels
from octoplan.errors import FutureFailed, PlanError
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.scenario.arrays import Compiled, Plan

DESIGN = (
    (1.0, 1.0), (0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (4.0, 1.0), (1.0, 0.0),
    (1.0, 0.5), (1.0, 2.0), (1.0, 4.0), (0.0, 0.0), (0.0, 4.0), (4.0, 4.0),
)  # fmt: skip
"""Factors on output and on crews with kits: a star around the plan, and corners. The first is the plan itself."""

BAREST, NEXT = DESIGN.index((0.0, 0.0)), DESIGN.index((1.0, 0.5))

PLANES = 4
"""Planes of what one future saves."""

ROUNDS = 8
"""Turns in which the planes, then what each month exceeds them by, are fitted."""

KEPT = ("leaked", "kills", "sorties", "recovered", "spend", "crews", "kits", "fit", "launched", "exchange")
ONCE = ("opened", "supplier_down", "lane_down", "plant_down", "good", "damage", "plant_spend")
"""Tallies kept of every flight, and besides of the plan's own."""

HELD = ("part_stock", "part_due", "plant_stock", "stock", "transit", "experience", "heads")
"""Tallies kept besides where a state is gone on from: what stands on its morning, at the end of the month before."""

MONTHLY = {t.name: "month" in t.axes for t in TALLIES}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Pilot:
    """The same futures flown under each row of ``DESIGN``.

    compiled
        The scenario with the plan that the design scales.
    assumptions
        (futures, columns) draws in the units of ``entities``.
    flown
        Of each row of the design, tallies by name (futures, *axes).
    begin
        The month, from 0, before which nothing is left to decide; what is read by month begins there.
    """

    compiled: Compiled
    assumptions: Floats
    flown: tuple[dict[str, NDArray[np.generic]], ...]
    begin: int = 0

    def __len__(self) -> int:
        return len(self.assumptions)

    @property
    def months(self) -> tuple[str, ...]:
        """The months that are planned."""
        return self.compiled.names.months[self.begin :]

    @property
    def days(self) -> Floats:
        """(months,) days of each."""
        return np.asarray(self.compiled.links.month_days[self.begin :], float)

    @property
    def middle(self) -> Floats:
        """(months,) day on which each is half over, from the scenario's first day."""
        days = np.asarray(self.compiled.links.month_days, float)
        found: Floats = (np.cumsum(days) - 0.5 * days)[self.begin :]
        return found

    def number(self, kind: str, parameter: str) -> Floats:
        """Draws of one number, (futures, rows of the kind); 0 where none is needed."""
        columns = self.compiled.slots[kind, parameter]
        return np.where(columns >= 0, self.assumptions[:, np.maximum(columns, 0)], 0.0)

    def tally(self, name: str, row: int = 0) -> Floats:
        """(futures, *axes) of one flight, its months from ``begin`` on."""
        found = np.asarray(self.flown[row][name], float)
        return found[:, self.begin :] if MONTHLY[name] else found

    def on_the_eve(self, name: str) -> Floats:
        """(futures, *axes but months) what stands as the first month planned begins; nothing on the first of all."""
        if self.begin == 0:
            axes = next(t.axes for t in TALLIES if t.name == name)
            return np.zeros((len(self), *(len(labels(self.compiled.names)[axis]) for axis in axes[1:])))
        return np.asarray(self.flown[0][name][:, self.begin - 1], float)

    def mean_of_ends(self, name: str, start: Floats, row: int = 0) -> Floats:
        """(futures, months, …) what is tallied at months' ends, halfway between the two ends of each month.

        start
            (futures, …) what there was on the scenario's first day.
        """
        ends = np.concatenate([start[:, None], np.asarray(self.flown[row][name], float)], 1)[:, self.begin :]
        found: Floats = 0.5 * (ends[:, :-1] + ends[:, 1:])
        return found

    @property
    def rates(self) -> Floats:
        """(futures, months, currencies) price of one unit in mid-month, between the ends of months."""
        rate = self.number("currencies", "rate")
        return self.mean_of_ends("exchange", np.where(rate > 0.0, rate, 1.0))

    def money(self, kind: str, parameter: str) -> Floats:
        """Draws of an amount of money in the reporting currency, (futures, months, rows of the kind)."""
        currency = np.asarray(getattr(self.compiled.template, kind)[f"{parameter}_currency"])
        return self.number(kind, parameter)[:, None] * np.where(currency >= 0, self.rates[:, :, currency], 0.0)


@dataclass(frozen=True)
class Curves:
    """The planes and what they are read with, one row a future.

    saved
        (futures, planes, 3) money for each threat, crew-night and unit spent.
    spent
        (futures, planes, 2) units of any design that crews spend at most, for each threat and crew-night.
    shift
        (futures, months) what the month's saving exceeds the planes by, averaged over the design, money.
    threats
        (futures, months) threats launched that interceptors can engage.
    nights
        (futures, months) crew-nights fit to fly for each equipped crew.
    bare
        (futures, months) losses if no interceptor flew, money.

    Error:
        How far the fit is from the flights.

    """

    saved: Floats
    spent: Floats
    shift: Floats
    threats: Floats
    nights: Floats
    bare: Floats
    error: "Error"

    def first(self, futures: int) -> "Curves":
        """Those of the first futures, with the error of all."""
        names = ("saved", "spent", "shift", "threats", "nights", "bare")
        return replace(self, **{name: getattr(self, name)[:futures] for name in names})


@dataclass(frozen=True)
class Error:
    """What the planes miss, money: savings of a month in a future (rms, max), and savings over the horizon.

    flown, fitted
        (design,) mean saving against the plan itself over all months, by flight and by the planes.
    """

    rms: float
    most: float
    flown: Floats
    fitted: Floats

    def __str__(self) -> str:
        off = np.abs(self.fitted - self.flown).max()
        return (
            f"savings of a month in a future are off by {self.rms / 1e6:,.1f} M (rms), "
            f"{self.most / 1e6:,.1f} M at most; "
            f"their mean over the horizon by {off / 1e6:,.1f} M at most over {len(self.flown)} flights, "
            f"which span {np.ptp(self.flown) / 1e6:.4g} M"
        )


def begins(compiled: Compiled) -> int:
    """The month whose morning a state is known of, from which on there is something to decide; 0 without a state."""
    day = int(compiled.links.known.day[0])
    return int(compiled.links.month_of[day]) if day >= 0 else 0


def opened_before(compiled: Compiled, begin: int) -> Ints:
    """(plants,) month in which a plant is known to have opened before a month; -1 where that is not known."""
    links = compiled.links
    known = links.known.gate_earliest == links.known.gate_latest
    needs = links.plant_gates == 1
    day = np.ceil(np.where(needs & known, links.known.gate_earliest, 0.0).max(1, initial=0.0)).astype(np.int64)
    month = links.month_of[np.minimum(day, len(links.month_of) - 1)]
    return np.where((known | ~needs).all(1) & (month < begin), month, -1)


def scaled(compiled: Compiled, output: float, crews: float) -> Plan:
    """The plan with its output, and its crews and kits, times a factor; lines follow output above 1.

    What the plan has none of is scaled from a tenth of the initial crews a month. What is past stays.
    """
    plan, begin = compiled.plan, begins(compiled)
    later = np.arange(len(compiled.names.months)) >= begin
    opened = opened_before(compiled, begin)
    since = np.arange(len(later)) >= np.where(opened >= 0, begin - opened, 0)[:, None]
    most = max(1, len(compiled.names.months) // 2)
    intake = plan.intake if plan.intake.any() else np.full_like(plan.intake, 2 * most)
    kits = plan.kit_orders if plan.kit_orders.any() else np.full_like(plan.kit_orders, 2 * most)
    if crews == 1.0:
        intake, kits = plan.intake, plan.kit_orders
    return plan._replace(
        output=np.where(since, plan.output * output, plan.output),
        lines=np.where(since, np.ceil(plan.lines * max(1.0, output)), plan.lines),
        orders=np.where((plan.orders > 0.0) & later, np.round(plan.orders * output), plan.orders),
        intake=np.where(later, np.round(intake * crews), plan.intake).astype(np.int64),
        kit_orders=np.where(later, np.round(kits * crews), plan.kit_orders).astype(np.int64),
    )


def fly_pilot(
    compiled: Compiled,
    assumptions: Sequence[Floats],
    seed: int,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Pilot:
    """Fly the design through the futures that ``octoplan.simulate`` draws from the same seed, for each set of them.

    assumptions
        Draws (futures, columns), one array for each set; future i meets the same luck in all of them.

    Raises PlanError for a future that cannot be flown.
    """
    flights, begin = list(product(enumerate(DESIGN), assumptions)), begins(compiled)
    once = KEPT + ONCE + (HELD if begin else ())
    flown: list[list[dict[str, NDArray[np.generic]]]] = [[] for _ in DESIGN]
    for done_before, ((row, factors), drawn) in enumerate(flights):

        def told(done: int, of: int, before: int = done_before) -> None:
            if progress is not None:
                progress("flying the design", before * of + done, len(flights) * of)

        try:
            flight = fly(
                compiled._replace(plan=scaled(compiled, *factors)), drawn, seed=seed, executor=executor,
                batch=5, keep=KEPT if row else once, progress=told,
            )  # fmt: skip
        except FutureFailed as error:
            raise PlanError(f"{error}; a plan needs futures that can be flown to their end") from error
        flown[row].append(flight.tally)
    joined = tuple({name: np.concatenate([one[name] for one in sets]) for name in sets[0]} for sets in flown)
    return Pilot(compiled, np.concatenate(assumptions), joined, begin)


def equipped(pilot: Pilot, row: int) -> Floats:
    """(futures, months) crews that have a kit, averaged over the month from its two ends."""
    least: Floats = np.minimum(*(standing(pilot, name, row) for name in ("crews", "kits")))
    return least


def standing(pilot: Pilot, name: str, row: int) -> Floats:
    """(futures, months) crews or kits of a month, the mean of its ends."""
    return pilot.mean_of_ends(name, np.round(pilot.number(name, "initial"))[:, 0], row)


def losses(pilot: Pilot, row: int) -> Floats:
    """(futures, months) leakers times the mean damage of their class, and the shots of the other layers, money."""
    leaked = pilot.tally("leaked", row).sum(2)
    found: Floats = (leaked * pilot.money("threats", "damage")).sum(2) + pilot.tally("spend", row)[:, :, LAYERS].sum(2)
    return found


def leakers(pilot: Pilot, row: int) -> Floats:
    """(futures, months) threats that reach their destinations."""
    found: Floats = pilot.tally("leaked", row).sum((2, 3))
    return found


def concave(points: Floats, values: Floats, planes: int) -> Floats:
    """Slopes (planes, d) >= 0 of min over planes of slope x point, nearest to the values in least squares, by turns.

    points, values
        (n, d), (n,). A plane that loses all its points is dropped; the best turn is kept.
    """
    size = np.maximum(np.abs(points).max(0), 1e-12)
    unit = points / size
    members = []
    for column in range(1, points.shape[1]):
        order = np.argsort(unit[:, column] / np.maximum(unit[:, 0], 1e-12), kind="stable")
        member = np.empty(len(values), np.int64)
        member[order] = np.arange(len(values)) * planes // len(values)
        members.append(member)
    best, least = np.zeros((1, points.shape[1])), np.inf
    for begun in members:
        member = begun
        for _ in range(30):
            slopes = np.array([nnls(unit[member == i], values[member == i])[0] for i in np.unique(member)])
            fitted = unit @ slopes.T
            missed = float(((fitted.min(1) - values) ** 2).sum())
            if missed < least:
                best, least = slopes, missed
            nearest = fitted.argmin(1)
            if np.array_equal(nearest, member):
                break
            member = nearest
    found: Floats = best / size
    return found


def padded(planes: Floats, count: int) -> Floats:
    """The same minimum with ``count`` planes, steepest in crew-nights first, the last repeated.

    In that order the mean of the planes of several futures is a plane of the mean future.
    """
    steepest = planes[np.argsort(-planes[:, 1], kind="stable")]
    return np.concatenate([steepest, np.repeat(steepest[-1:], count - len(planes), 0)])


def fit(pilot: Pilot, lost: Callable[[Pilot, int], Floats] = losses) -> Curves:
    """The curves of a pilot's futures: of money saved, or of what else is ``lost``, such as ``leakers``."""
    template = pilot.compiled.template
    rows, futures = range(len(DESIGN)), len(pilot)
    can = pilot.number("threats", "engagement")[0] > 0.0
    threats = pilot.tally("launched").sum(2)[:, :, can].sum(2)
    own = np.isin(np.arange(len(pilot.compiled.names.designs)), template.plants["design"])
    killed = np.stack([pilot.tally("kills", r).sum((2, 3, 4)) for r in rows], 1)
    spent = np.stack([(pilot.tally("sorties", r) - pilot.tally("recovered", r)).sum(2) for r in rows], 1)
    fit_nights = np.stack([pilot.tally("fit", r) for r in rows], 1)
    most = max(rows, key=lambda r: equipped(pilot, r).sum())
    nights = pilot.tally("fit", most) / np.maximum(equipped(pilot, most), 1.0)
    loss = np.stack([lost(pilot, r) for r in rows], 1)
    shape = (futures, len(DESIGN), len(pilot.months))
    points = np.stack([np.broadcast_to(threats[:, None], shape), fit_nights, spent[..., own].sum(3)], 3)
    saved = loss[:, [BAREST]] - loss + first_worth(killed, loss)[:, None, None] * killed[:, [BAREST]]
    planes, limits = np.empty((futures, PLANES, 3)), np.empty((futures, PLANES, 2))
    fitted, shift = np.empty(shape), np.zeros((futures, shape[2]))
    for s in range(futures):
        flat = points[s].reshape(-1, 3)
        for _ in range(ROUNDS):
            planes[s] = padded(concave(flat, (saved[s] - shift[s]).ravel(), PLANES), PLANES)
            fitted[s] = (flat @ planes[s].T).min(1).reshape(shape[1:])
            shift[s] = (saved[s] - fitted[s]).mean(0)
        limits[s] = padded(concave(flat[:, :2], spent[s].sum(2).ravel(), PLANES), PLANES)
    fitted += shift[:, None]
    missed = fitted - saved
    error = Error(
        float(np.sqrt((missed**2).mean())), float(np.abs(missed).max()),
        (saved - saved[:, :1]).sum(2).mean(0), (fitted - fitted[:, :1]).sum(2).mean(0),
    )  # fmt: skip
    return Curves(planes, limits, shift, threats, nights, loss[:, 0] + saved[:, 0], error)


def first_worth(killed: Floats, loss: Floats) -> Floats:
    """(futures,) losses saved by one more kill while kills are few: the slope from the barest flight to the next.

    killed, loss
        (futures, design, months).
    """
    more = killed[:, NEXT] - killed[:, BAREST]
    less = loss[:, BAREST] - loss[:, NEXT]
    slope: Floats = (more * less).sum(1) / np.maximum((more * more).sum(1), 1e-12)
    return np.maximum(0.0, slope)
