"""What crews and interceptors stop, as concave planes fitted to the campaign itself (model.md section 6).

A small design of experiments flies the same futures under a plan whose output, and whose crews and kits, are scaled.
In each future what interceptors save in a month is fitted by min over i of a_i N + b_i F + c_i U: N threats launched
that interceptors can engage, F crew-nights fit to fly, U units of the programme spent. The planes pass through nothing,
since no crew saves nothing, and rise in all three. The fit is least squares by turns (Magnani and Boyd 2009). Saved are
losses: the leakers times the mean damage of their class (not the damage drawn, whose heavy tail would be noise here),
and the shots of the other layers. What the few crews of the barest flight save is not flown; it is taken as their kills
times what a kill saves between there and the flight next to it.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from octoplan.campaign.futures import FutureFailed, fly
from octoplan.campaign.tally import LAYERS
from octoplan.outcomes.run import beliefs_of
from octoplan.plan.twostage import Floats, PlanError
from octoplan.scenario import Scenario
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

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Pilot:
    """The same futures flown under each row of ``DESIGN``.

    compiled
        The scenario with the plan that the design scales.
    beliefs
        (futures, columns) draws in the units of ``entities``.
    flown
        Of each row of the design, tallies by name (futures, *axes).
    """

    compiled: Compiled
    beliefs: Floats
    flown: tuple[dict[str, NDArray[np.generic]], ...]

    def __len__(self) -> int:
        return len(self.beliefs)

    def number(self, kind: str, parameter: str) -> Floats:
        """Draws of one number, (futures, rows of the kind); 0 where none is needed."""
        columns = self.compiled.slots[kind, parameter]
        return np.where(columns >= 0, self.beliefs[:, np.maximum(columns, 0)], 0.0)

    def tally(self, name: str, row: int = 0) -> Floats:
        return np.asarray(self.flown[row][name], float)

    @property
    def rates(self) -> Floats:
        """(futures, months, currencies) price of one unit in mid-month, between the ends of months."""
        ends = self.tally("exchange")
        start = np.where(self.number("currencies", "rate") > 0.0, self.number("currencies", "rate"), 1.0)
        return 0.5 * (np.concatenate([start[:, None], ends[:, :-1]], 1) + ends)

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
            f"savings of a month in a future are off by {self.rms / 1e6:.2g} M (rms), {self.most / 1e6:.2g} M at most; "
            f"their mean over the horizon by {off / 1e6:.2g} M at most over {len(self.flown)} flights, "
            f"which span {np.ptp(self.flown) / 1e6:.4g} M"
        )


def scaled(plan: Plan, compiled: Compiled, output: float, crews: float) -> Plan:
    """The plan with its output, and its crews and kits, times a factor; lines follow output above 1.

    What the plan has none of is scaled from a tenth of the initial crews a month.
    """
    most = max(1, len(compiled.names.months) // 2)
    intake = plan.intake if plan.intake.any() else np.full_like(plan.intake, 2 * most)
    kits = plan.kit_orders if plan.kit_orders.any() else np.full_like(plan.kit_orders, 2 * most)
    if crews == 1.0:
        intake, kits = plan.intake, plan.kit_orders
    return plan._replace(
        output=plan.output * output,
        lines=np.ceil(plan.lines * max(1.0, output)),
        orders=np.where(plan.orders > 0.0, np.round(plan.orders * output), plan.orders),
        intake=np.round(intake * crews).astype(np.int64),
        kit_orders=np.round(kits * crews).astype(np.int64),
    )


def fly_pilot(
    scenario: Scenario,
    futures: int,
    seed: int,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Pilot:
    """Fly the design through the futures that ``octoplan.simulate`` draws from the same seed.

    Raises PlanError for no future, or one that cannot be flown.
    """
    if futures < 1:
        raise PlanError(f"there are {futures} futures to plan for; draw at least one")
    compiled, beliefs = scenario.compile(), beliefs_of(scenario, futures, seed)
    flown = []
    for row, factors in enumerate(DESIGN):
        plan = scaled(compiled.plan, compiled, *factors)

        def told(done: int, _: int, row: int = row) -> None:
            if progress is not None:
                progress("flying the design", row * futures + done, len(DESIGN) * futures)

        keep = KEPT if row else KEPT + ONCE
        try:
            flight = fly(
                compiled._replace(plan=plan), beliefs, seed=seed, executor=executor, batch=5, keep=keep, progress=told
            )
        except FutureFailed as error:
            raise PlanError(f"{error}; a plan needs futures that can be flown to their end") from error
        flown.append(flight.tally)
    return Pilot(compiled, beliefs, tuple(flown))


def equipped(pilot: Pilot, row: int) -> Floats:
    """(futures, months) crews that have a kit, averaged over the month from its two ends."""
    found = []
    for name in ("crews", "kits"):
        ends = pilot.tally(name, row)
        found.append(0.5 * (np.concatenate([np.round(pilot.number(name, "initial")), ends[:, :-1]], 1) + ends))
    least: Floats = np.minimum(*found)
    return least


def losses(pilot: Pilot, row: int) -> Floats:
    """(futures, months) leakers times the mean damage of their class, and the shots of the other layers, money."""
    leaked = pilot.tally("leaked", row).sum(2)
    found: Floats = (leaked * pilot.money("threats", "damage")).sum(2) + pilot.tally("spend", row)[:, :, LAYERS].sum(2)
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


def fit(pilot: Pilot) -> Curves:
    """The curves of a pilot's futures."""
    links, template = pilot.compiled.links, pilot.compiled.template
    rows, futures = range(len(DESIGN)), len(pilot)
    can = pilot.number("threats", "engagement")[0] > 0.0
    threats = pilot.tally("launched").sum(2)[:, :, can].sum(2)
    own = np.isin(np.arange(len(pilot.compiled.names.designs)), template.plants["design"])
    killed = np.stack([pilot.tally("kills", r).sum((2, 3, 4)) for r in rows], 1)
    spent = np.stack([(pilot.tally("sorties", r) - pilot.tally("recovered", r)).sum(2) for r in rows], 1)
    fit_nights = np.stack([pilot.tally("fit", r) for r in rows], 1)
    most = max(rows, key=lambda r: equipped(pilot, r).sum())
    nights = pilot.tally("fit", most) / np.maximum(equipped(pilot, most), 1.0)
    loss = np.stack([losses(pilot, r) for r in rows], 1)
    shape = (futures, len(DESIGN), len(links.month_days))
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
