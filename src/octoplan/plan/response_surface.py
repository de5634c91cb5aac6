"""The response surface of the defence: what crews and interceptors stop, as concave planes fitted to the campaign.

A small design of experiments simulates the same futures under plans with scaled output, and scaled crews and kits. In
each future what interceptors save in a month is approximated by min over i of a_i N + b_i F + c_i U, with N threats
launched that interceptors can engage, F crew-nights fit for operations, U units of the programme used. The planes pass
through the origin, since no crew saves nothing, and rise in all three (Magnani and Boyd 2009, least-squares partition).
Savings are losses avoided: leakers times the mean damage of their class (not the damage drawn, whose heavy tail would
be noise here), and the shots of the other layers. What the few crews of the smallest run save is not simulated; it is
their kills times what a kill saves between that run and the next.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import LAYERS, TALLIES
from octoplan.campaign.tally import axis_labels as labels
from octoplan.errors import FutureFailed, PlanError
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.scenario.arrays import Compiled, Plan

DESIGN = (
    (1.0, 1.0), (0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (4.0, 1.0), (1.0, 0.0),
    (1.0, 0.5), (1.0, 2.0), (1.0, 4.0), (0.0, 0.0), (0.0, 4.0), (4.0, 4.0),
)  # fmt: skip
"""Factors on output, and on crew intake with kit orders: a star around the plan, and corners. The first is the plan."""

NO_OUTPUT_NO_CREWS, HALF_CREWS = DESIGN.index((0.0, 0.0)), DESIGN.index((1.0, 0.5))

PLANES = 4
"""Planes of the savings in one future."""

FIT_ROUNDS = 8
"""Rounds in which the planes, then the offset of each month from them, are fitted."""

PARTITION_ROUNDS = 30
"""Most rounds of one least-squares partition fit."""

EVERY_RUN_TALLIES = (
    "leaked", "kills", "sorties", "recovered", "spend", "crews", "kits", "crews_available", "launched", "exchange",
)  # fmt: skip
"""Tallies kept of every design run."""

FIRST_RUN_TALLIES = ("opened", "supplier_down", "lane_down", "plant_down", "good", "damage", "plant_spend")
"""Tallies kept besides of the first run, which is the plan itself."""

STATE_TALLIES = ("part_stock", "part_due", "plant_stock", "stock", "transit", "experience", "heads")
"""Tallies kept besides where the plan starts from a state: stocks at the end of the month before."""

MONTHLY = {tally.name: "month" in tally.axes for tally in TALLIES}

Progress = Callable[[str, int, int], None]
"""Called with what is in progress, how much is done, and how much there is (0 where that is not known)."""


@dataclass(frozen=True)
class DesignRuns:
    """The same futures simulated under each row of ``DESIGN``.

    compiled
        The scenario with the plan that the design scales.
    assumptions
        (futures, columns) draws in the units of ``entities``.
    tallies
        Of each row of the design, tallies by name (futures, *axes).
    begin
        The first month, from 0, that is planned; monthly figures start there.
    """

    compiled: Compiled
    assumptions: Floats
    tallies: tuple[dict[str, NDArray[np.generic]], ...]
    begin: int = 0

    def __len__(self) -> int:
        return len(self.assumptions)

    @property
    def months(self) -> tuple[str, ...]:
        """The months that are planned."""
        return self.compiled.names.months[self.begin :]

    @property
    def days(self) -> Floats:
        """(months,) days in each month."""
        return np.asarray(self.compiled.links.month_days[self.begin :], float)

    @property
    def mid_month(self) -> Floats:
        """(months,) days from the start of the scenario to the middle of each month."""
        days = np.asarray(self.compiled.links.month_days, float)
        middle: Floats = (np.cumsum(days) - 0.5 * days)[self.begin :]
        return middle

    def number(self, kind: str, parameter: str) -> Floats:
        """Draws of a parameter, (futures, rows of the kind); 0 where none is needed."""
        columns = self.compiled.slots[kind, parameter]
        return np.where(columns >= 0, self.assumptions[:, np.maximum(columns, 0)], 0.0)

    def tally(self, name: str, row: int = 0) -> Floats:
        """(futures, *axes) a tally of one design run, by month from the first month planned on."""
        values = np.asarray(self.tallies[row][name], float)
        return values[:, self.begin :] if MONTHLY[name] else values

    def initial(self, name: str) -> Floats:
        """(futures, *axes but months) a stock at the start of the first month planned; 0 without a state."""
        if self.begin == 0:
            axes = next(tally.axes for tally in TALLIES if tally.name == name)
            return np.zeros((len(self), *(len(labels(self.compiled.names)[axis]) for axis in axes[1:])))
        return np.asarray(self.tallies[0][name][:, self.begin - 1], float)

    def month_average(self, name: str, start: Floats, row: int = 0) -> Floats:
        """(futures, months, ...) the average of the two ends of each month, of a tally of stocks at month ends.

        start
            (futures, ...) the stock on the first day of the scenario.
        """
        ends = np.concatenate([start[:, None], np.asarray(self.tallies[row][name], float)], 1)[:, self.begin :]
        average: Floats = 0.5 * (ends[:, :-1] + ends[:, 1:])
        return average

    @property
    def rates(self) -> Floats:
        """(futures, months, currencies) exchange rate to the reporting currency in mid-month."""
        rate = self.number("currencies", "rate")
        return self.month_average("exchange", np.where(rate > 0.0, rate, 1.0))

    def money(self, kind: str, parameter: str) -> Floats:
        """Draws of an amount of money in the reporting currency, (futures, months, rows of the kind)."""
        currency = np.asarray(getattr(self.compiled.template, kind)[f"{parameter}_currency"])
        return self.number(kind, parameter)[:, None] * np.where(currency >= 0, self.rates[:, :, currency], 0.0)

    def first(self, futures: int) -> "DesignRuns":
        """The runs of the first futures."""
        tallies = tuple({name: array[:futures] for name, array in run.items()} for run in self.tallies)
        return replace(self, assumptions=self.assumptions[:futures], tallies=tallies)


@dataclass(frozen=True)
class ResponseSurface:
    """The planes of each future, and the figures that they are evaluated with.

    planes
        (futures, planes, 3) savings for each threat, crew-night and unit used, money (or threats).
    use_planes
        (futures, planes, 2) most units of any design that crews use, for each threat and crew-night.
    offsets
        (futures, months) mean amount over the design by which savings exceed the planes in the month.
    threats
        (futures, months) threats launched that interceptors can engage.
    nights
        (futures, months) crew-nights fit for operations per equipped crew.
    without
        (futures, months) losses without interceptors, money (or threats).
    accuracy
        How far the planes are from the simulated savings.
    """

    planes: Floats
    use_planes: Floats
    offsets: Floats
    threats: Floats
    nights: Floats
    without: Floats
    accuracy: "FitAccuracy"

    def first(self, futures: int) -> "ResponseSurface":
        """The surface of the first futures, with the accuracy of all."""
        names = ("planes", "use_planes", "offsets", "threats", "nights", "without")
        return replace(self, **{name: getattr(self, name)[:futures] for name in names})


@dataclass(frozen=True)
class FitAccuracy:
    """Errors of the planes, money: of the savings of a month in a future, and of mean savings over the horizon.

    rms, largest
        Root mean square and largest error of a month in a future.
    simulated, fitted
        (design,) mean savings over the horizon relative to the first run, simulated and by the planes.
    """

    rms: float
    largest: float
    simulated: Floats
    fitted: Floats

    def __str__(self) -> str:
        error = np.abs(self.fitted - self.simulated).max()
        return (
            f"the savings of a month in a future have a root mean square error of {self.rms / 1e6:,.1f} M and a "
            f"largest error of {self.largest / 1e6:,.1f} M; mean savings over the horizon have an error of at most "
            f"{error / 1e6:,.1f} M over {len(self.simulated)} design runs, "
            f"which span {np.ptp(self.simulated) / 1e6:.4g} M"
        )


def first_month(compiled: Compiled) -> int:
    """The first month that can be planned: that of the programme's state; 0 without a state."""
    day = int(compiled.links.known_state.day[0])
    return int(compiled.links.month_of[day]) if day >= 0 else 0


def opened_before(compiled: Compiled, month: int) -> Ints:
    """(plants,) month in which a plant is known to have opened before a month; -1 where that is not known."""
    links = compiled.links
    known = links.known_state.gate_earliest == links.known_state.gate_latest
    needs = links.plant_gates == 1
    day = np.ceil(np.where(needs & known, links.known_state.gate_earliest, 0.0).max(1, initial=0.0)).astype(np.int64)
    opened = links.month_of[np.minimum(day, len(links.month_of) - 1)]
    return np.where((known | ~needs).all(1) & (opened < month), opened, -1)


def scaled_plan(compiled: Compiled, output: float, crews: float) -> Plan:
    """The plan with its output, and its crew intake and kit orders, times a factor; lines follow output above 1.

    An intake or kit orders of 0 are scaled from two over the whole horizon. Past months stay.
    """
    plan, begin = compiled.plan, first_month(compiled)
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


def run_design(
    compiled: Compiled,
    assumptions: Sequence[Floats],
    seed: int,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> DesignRuns:
    """Simulate every row of the design over the futures that ``octoplan.simulate`` draws from the same seed.

    assumptions
        Draws (futures, columns), one array for each named scenario; future i has the same random numbers in all.

    Raises PlanError for a future that cannot be simulated.
    """
    simulations, begin = list(product(enumerate(DESIGN), assumptions)), first_month(compiled)
    first_run = EVERY_RUN_TALLIES + FIRST_RUN_TALLIES + (STATE_TALLIES if begin else ())
    by_row: list[list[dict[str, NDArray[np.generic]]]] = [[] for _ in DESIGN]
    for number, ((row, factors), draws) in enumerate(simulations):

        def report(done: int, total: int, number: int = number) -> None:
            if progress is not None:
                progress("simulating the design runs", number * total + done, len(simulations) * total)

        try:
            simulated = simulate_futures(
                compiled._replace(plan=scaled_plan(compiled, *factors)), draws, seed=seed, executor=executor,
                batch=5, keep=EVERY_RUN_TALLIES if row else first_run, progress=report,
            )  # fmt: skip
        except FutureFailed as error:
            raise PlanError(f"{error}; a plan needs futures that can be simulated to their end") from error
        by_row[row].append(simulated.tally)
    tallies = tuple({name: np.concatenate([part[name] for part in parts]) for name in parts[0]} for parts in by_row)
    return DesignRuns(compiled, np.concatenate(assumptions), tallies, begin)


def equipped(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) crews with a kit, averaged over the month."""
    least: Floats = np.minimum(*(month_mean(runs, name, row) for name in ("crews", "kits")))
    return least


def month_mean(runs: DesignRuns, name: str, row: int) -> Floats:
    """(futures, months) crews or kits, averaged over the month."""
    return runs.month_average(name, np.round(runs.number(name, "initial"))[:, 0], row)


def losses(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) leakers times the mean damage of their class, and the shots of the other layers, money."""
    leaked = runs.tally("leaked", row).sum(2)
    damage = (leaked * runs.money("threats", "damage")).sum(2)
    total: Floats = damage + runs.tally("spend", row)[:, :, LAYERS].sum(2)
    return total


def leakers(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) threats that reach their targets."""
    total: Floats = runs.tally("leaked", row).sum((2, 3))
    return total


def concave_fit(points: Floats, values: Floats, planes: int) -> Floats:
    """Slopes (planes, d) >= 0 of min over planes of slope x point, nearest to the values in least squares.

    A least-squares partition (Magnani and Boyd 2009): each plane is fitted to the points at which it is the least, in
    rounds, from partitions by the ratio of each coordinate to the first. A plane without points is dropped; the best
    round is kept.

    points, values
        (n, d), (n,).
    """
    size = np.maximum(np.abs(points).max(0), 1e-12)
    unit = points / size
    best, least = np.zeros((1, points.shape[1])), np.inf
    for column in range(1, points.shape[1]):
        order = np.argsort(unit[:, column] / np.maximum(unit[:, 0], 1e-12), kind="stable")
        member = np.empty(len(values), np.int64)
        member[order] = np.arange(len(values)) * planes // len(values)
        for _ in range(PARTITION_ROUNDS):
            slopes = np.array([nnls(unit[member == i], values[member == i])[0] for i in np.unique(member)])
            fitted = unit @ slopes.T
            error = float(((fitted.min(1) - values) ** 2).sum())
            if error < least:
                best, least = slopes, error
            nearest = fitted.argmin(1)
            if np.array_equal(nearest, member):
                break
            member = nearest
    scaled: Floats = best / size
    return scaled


def padded(planes: Floats, count: int) -> Floats:
    """The same minimum with ``count`` planes, steepest in crew-nights first, the last repeated.

    In that order the mean of the planes of several futures is a plane of the mean future.
    """
    steepest = planes[np.argsort(-planes[:, 1], kind="stable")]
    return np.concatenate([steepest, np.repeat(steepest[-1:], count - len(planes), 0)])


def fit_surface(runs: DesignRuns, loss_of: Callable[[DesignRuns, int], Floats] = losses) -> ResponseSurface:
    """The response surface of money saved, or of another measure of loss, such as ``leakers``."""
    template, rows, futures = runs.compiled.template, range(len(DESIGN)), len(runs)
    can_engage = runs.number("threats", "engagement")[0] > 0.0
    threats = runs.tally("launched").sum(2)[:, :, can_engage].sum(2)
    programme = np.isin(np.arange(len(runs.compiled.names.designs)), template.plants["design"])
    killed = np.stack([runs.tally("kills", r).sum((2, 3, 4)) for r in rows], 1)
    used = np.stack([(runs.tally("sorties", r) - runs.tally("recovered", r)).sum(2) for r in rows], 1)
    crew_nights = np.stack([runs.tally("crews_available", r) for r in rows], 1)
    most = max(rows, key=lambda r: equipped(runs, r).sum())
    nights = runs.tally("crews_available", most) / np.maximum(equipped(runs, most), 1.0)
    loss = np.stack([loss_of(runs, r) for r in rows], 1)
    shape = (futures, len(DESIGN), len(runs.months))
    points = np.stack([np.broadcast_to(threats[:, None], shape), crew_nights, used[..., programme].sum(3)], 3)
    by_first_kills = first_kill_value(killed, loss)[:, None, None] * killed[:, [NO_OUTPUT_NO_CREWS]]
    saved = loss[:, [NO_OUTPUT_NO_CREWS]] - loss + by_first_kills
    planes, use_planes = np.empty((futures, PLANES, 3)), np.empty((futures, PLANES, 2))
    fitted, offsets = np.empty(shape), np.zeros((futures, shape[2]))
    for s in range(futures):
        flat = points[s].reshape(-1, 3)
        for _ in range(FIT_ROUNDS):
            planes[s] = padded(concave_fit(flat, (saved[s] - offsets[s]).ravel(), PLANES), PLANES)
            fitted[s] = (flat @ planes[s].T).min(1).reshape(shape[1:])
            offsets[s] = (saved[s] - fitted[s]).mean(0)
        use_planes[s] = padded(concave_fit(flat[:, :2], used[s].sum(2).ravel(), PLANES), PLANES)
    fitted += offsets[:, None]
    error = fitted - saved
    accuracy = FitAccuracy(
        float(np.sqrt((error**2).mean())), float(np.abs(error).max()),
        (saved - saved[:, :1]).sum(2).mean(0), (fitted - fitted[:, :1]).sum(2).mean(0),
    )  # fmt: skip
    return ResponseSurface(planes, use_planes, offsets, threats, nights, loss[:, 0] + saved[:, 0], accuracy)


def first_kill_value(killed: Floats, loss: Floats) -> Floats:
    """(futures,) losses avoided by one more kill while kills are few: the slope between the two smallest runs.

    killed, loss
        (futures, design, months).
    """
    more = killed[:, HALF_CREWS] - killed[:, NO_OUTPUT_NO_CREWS]
    less = loss[:, NO_OUTPUT_NO_CREWS] - loss[:, HALF_CREWS]
    slope: Floats = (more * less).sum(1) / np.maximum((more * more).sum(1), 1e-12)
    return np.maximum(0.0, slope)
