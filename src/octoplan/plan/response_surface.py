"""The response surface of the defence: savings as a concave function of crews and interceptors, fitted to simulations.

A small design of experiments simulates the same futures under plans with scaled output, and scaled crews and kits. In
each future the savings of a month are approximated by min over i of a_i N + b_i F + c_i U, where N is the number of
launched threats that interceptors can engage, F the number of crew-nights fit for operations, and U the number of the
programme's units used. The planes pass through the origin and have non-negative slopes (Magnani and Boyd 2009,
least-squares partition).

Savings are losses avoided. Losses are the leakers times the mean damage of their class, plus the cost of shots by the
other layers; the damage drawn is not used, because its heavy tail would add noise. Losses without any crews are not
simulated: the savings of the smallest run are its kills times the savings per kill between the two smallest runs.
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
from octoplan.scenario.arrays import Compiled, DecisionArrays, draws_of

DESIGN = (
    (1.0, 1.0), (0.0, 1.0), (4.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.5), (4.0, 4.0), (0.0, 4.0),
)  # fmt: skip
"""Factors on output, and on crew intake and kit orders: star points and corners. The first row is the baseline plan."""

WEIGHTS = np.array([2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 3.0, 1.0])
"""Weight of each row of the design in the fit: the number of points that it stands for on a grid with the factors 0,
1/2, 1, 2 and 4 on either axis."""

NO_OUTPUT_NO_CREWS, HALF_CREWS = DESIGN.index((0.0, 0.0)), DESIGN.index((1.0, 0.5))
"""Rows of the design without output and crews, and with half of the baseline crews and kits."""

PLANES = 4
"""Number of planes of the response surface in one future."""

FIT_ROUNDS = 4
"""Number of rounds in which the planes are fitted, and then the offset of each month from the planes."""

PARTITION_ROUNDS = 30
"""Maximum number of rounds of one least-squares partition fit."""

EVERY_RUN_TALLIES = (
    "leaked", "kills", "sorties", "recovered", "spend", "crews", "kits", "crews_available", "launched", "exchange",
)  # fmt: skip
"""Tallies kept for every design run."""

FIRST_RUN_TALLIES = ("opened", "supplier_down", "lane_down", "plant_down", "good", "damage", "plant_spend")
"""Further tallies kept for the first design run, which simulates the baseline plan."""

STATE_TALLIES = ("part_stock", "part_due", "plant_stock", "stock", "transit", "experience", "heads")
"""Further tallies kept for the first design run if the plan starts from a state: stocks at the end of each month."""

COUNTERFACTUAL_TALLIES = ("leaked", "kills", "sorties", "recovered", "spend", "launched")
"""Tallies kept without the programme; the other tallies of a design run do not depend on output."""

SIMULATION_BATCH = 2
"""Number of futures per task of the executor; small, so that no thread waits long for the last task of a design run."""

IS_MONTHLY = {tally.name: "month" in tally.axes for tally in TALLIES}
"""Whether each tally has an axis of months, by name."""

Progress = Callable[[str, int, int], None]
"""Callback that receives the activity, the number of steps done, and the total number (0 if unknown)."""


@dataclass(frozen=True)
class DesignRuns:
    """The same futures simulated under each row of ``DESIGN``.

    compiled
        The compiled scenario, with the baseline plan that the design scales.
    assumptions
        (futures, columns) draws in the units of ``entities``.
    tallies
        For each row of the design, tallies by name, (futures, *axes).
    first_month
        Index of the first planned month, from 0; monthly results begin with this month.
    """

    compiled: Compiled
    assumptions: Floats
    tallies: tuple[dict[str, NDArray[np.generic]], ...]
    first_month: int = 0

    def __len__(self) -> int:
        return len(self.assumptions)

    @property
    def months(self) -> tuple[str, ...]:
        """Names of the months planned."""
        return self.compiled.names.months[self.first_month :]

    @property
    def days(self) -> Floats:
        """(months,) days in each month planned."""
        return np.asarray(self.compiled.links.month_days[self.first_month :], float)

    @property
    def mid_month(self) -> Floats:
        """(months,) days from the start of the scenario to the middle of each month."""
        days = np.asarray(self.compiled.links.month_days, float)
        middle: Floats = (np.cumsum(days) - 0.5 * days)[self.first_month :]
        return middle

    def draws(self, kind: str, parameter: str) -> Floats:
        """Draws of a parameter, (futures, entities of the kind), as ``draws_of`` returns them."""
        return draws_of(self.compiled, self.assumptions, kind, parameter)

    def tally(self, name: str, row: int = 0) -> Floats:
        """(futures, *axes) a tally in one row of the design; a monthly tally begins with the first planned month."""
        values = np.asarray(self.tallies[row][name], float)
        return values[:, self.first_month :] if IS_MONTHLY[name] else values

    def initial_stock(self, name: str) -> Floats:
        """(futures, *axes without months) a stock at the start of the first planned month; 0 without a state."""
        if self.first_month == 0:
            axes = next(tally.axes for tally in TALLIES if tally.name == name)
            return np.zeros((len(self), *(len(labels(self.compiled.names)[axis]) for axis in axes[1:])))
        return np.asarray(self.tallies[0][name][:, self.first_month - 1], float)

    def month_average(self, name: str, start: Floats, row: int = 0) -> Floats:
        """(futures, months, ...) monthly mean of a tally of stocks, from the values at both ends of each month.

        start
            (futures, ...) stock on the first day of the scenario.
        """
        ends = np.concatenate([start[:, None], np.asarray(self.tallies[row][name], float)], 1)[:, self.first_month :]
        average: Floats = 0.5 * (ends[:, :-1] + ends[:, 1:])
        return average

    @property
    def exchange_rates(self) -> Floats:
        """(futures, months, currencies) exchange rate to the reporting currency at mid-month."""
        rate = self.draws("currencies", "rate")
        return self.month_average("exchange", np.where(rate > 0.0, rate, 1.0))

    def money_draws(self, kind: str, parameter: str) -> Floats:
        """Draws of a monetary parameter in the reporting currency, (futures, months, rows of the kind)."""
        currency = np.asarray(getattr(self.compiled.template, kind)[f"{parameter}_currency"])
        return self.draws(kind, parameter)[:, None] * np.where(currency >= 0, self.exchange_rates[:, :, currency], 0.0)

    def first_futures(self, futures: int) -> "DesignRuns":
        """The runs of the first ``futures`` futures."""
        tallies = tuple({name: array[:futures] for name, array in run.items()} for run in self.tallies)
        return replace(self, assumptions=self.assumptions[:futures], tallies=tallies)


@dataclass(frozen=True)
class ResponseSurface:
    """Planes of the response surface in each future, and the quantities at which they are evaluated.

    planes
        (futures, planes, 3) savings per threat, per crew-night and per unit used, in money or in threats.
    use_planes
        (futures, planes, 2) upper bound on units used per threat and per crew-night, all interceptor designs together.
    offsets
        (futures, months) weighted mean over the design runs of simulated savings minus the planes in the month.
    threats
        (futures, months) threats launched that interceptors can engage.
    nights_per_crew
        (futures, months) crew-nights fit for operations per equipped crew.
    losses_without_interceptors
        (futures, months) losses without interceptors, in money or in threats.
    accuracy
        Errors of the planes against the simulated savings.
    """

    planes: Floats
    use_planes: Floats
    offsets: Floats
    threats: Floats
    nights_per_crew: Floats
    losses_without_interceptors: Floats
    accuracy: "FitAccuracy"

    def first_futures(self, futures: int) -> "ResponseSurface":
        """The response surface of the first ``futures`` futures; its accuracy is still that over all futures."""
        names = ("planes", "use_planes", "offsets", "threats", "nights_per_crew", "losses_without_interceptors")
        return replace(self, **{name: getattr(self, name)[:futures] for name in names})


@dataclass(frozen=True)
class FitAccuracy:
    """Errors of the planes, in money: in the savings of a month in a future, and in mean savings over the horizon.

    rms_error, max_error
        Root mean square and largest absolute error of the savings, over months, futures and design runs.
    simulated, fitted
        (design,) mean savings over the horizon relative to the first run, simulated and by the planes.
    """

    rms_error: float
    max_error: float
    simulated: Floats
    fitted: Floats

    def __str__(self) -> str:
        error = np.abs(self.fitted - self.simulated).max()
        return (
            f"the savings of a month in a future have a root mean square error of {self.rms_error / 1e6:,.1f} M and a "
            f"largest error of {self.max_error / 1e6:,.1f} M; mean savings over the horizon have an error of at most "
            f"{error / 1e6:,.1f} M over {len(self.simulated)} points of the experimental design, "
            f"which span {np.ptp(self.simulated) / 1e6:.4g} M"
        )


def first_month(compiled: Compiled) -> int:
    """Index of the first month that can be planned: the month of the programme's state, or 0 without a state."""
    day = int(compiled.links.known_state.day[0])
    return int(compiled.links.month_of[day]) if day >= 0 else 0


def known_opening_months(compiled: Compiled, month: int) -> Ints:
    """(plants,) month in which the plant is known to have opened, if this is before ``month``; otherwise -1."""
    links = compiled.links
    exact_gates = links.known_state.gate_earliest == links.known_state.gate_latest
    is_needed = links.plant_gates == 1
    day = np.ceil(np.where(is_needed & exact_gates, links.known_state.gate_earliest, 0.0).max(1, initial=0.0)).astype(
        np.int64
    )
    opening_month = links.month_of[np.minimum(day, len(links.month_of) - 1)]
    return np.where((exact_gates | ~is_needed).all(1) & (opening_month < month), opening_month, -1)


def scaled_plan(compiled: Compiled, output: float, crews: float) -> DecisionArrays:
    """The baseline plan with output multiplied by one factor, and crew intake and kit orders by another.

    Past months are not changed. Lines are scaled with output if its factor is above 1. If the baseline has no crew
    intake or no kit orders, a constant monthly number is scaled instead, about the number of months of the horizon.
    """
    plan, first_planned = compiled.plan, first_month(compiled)
    is_planned = np.arange(len(compiled.names.months)) >= first_planned
    opening_month = known_opening_months(compiled, first_planned)
    may_change = np.arange(len(is_planned)) >= np.where(opening_month >= 0, first_planned - opening_month, 0)[:, None]
    half_horizon = max(1, len(compiled.names.months) // 2)
    intake = plan.intake if plan.intake.any() else np.full_like(plan.intake, 2 * half_horizon)
    kits = plan.kit_orders if plan.kit_orders.any() else np.full_like(plan.kit_orders, 2 * half_horizon)
    if crews == 1.0:
        intake, kits = plan.intake, plan.kit_orders
    return plan._replace(
        output=np.where(may_change, plan.output * output, plan.output),
        lines=np.where(may_change, np.ceil(plan.lines * max(1.0, output)), plan.lines),
        orders=np.where((plan.orders > 0.0) & is_planned, np.round(plan.orders * output), plan.orders),
        intake=np.where(is_planned, np.round(intake * crews), plan.intake).astype(np.int64),
        kit_orders=np.where(is_planned, np.round(kits * crews), plan.kit_orders).astype(np.int64),
    )


def simulate_design(
    compiled: Compiled,
    assumptions: Sequence[Floats],
    seed: int,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> DesignRuns:
    """Simulate every row of the design over the futures that ``octoplan.simulate`` draws from the same seed.

    assumptions
        Draws, (futures, columns) for each named scenario; future i has the same random numbers in every scenario.

    Raises PlanError if a future cannot be simulated.
    """
    pairs = list(product(design_pairs(), assumptions))
    by_row: list[list[dict[str, NDArray[np.generic]]]] = [[] for _ in DESIGN]
    for index, ((row, without_output), draws) in enumerate(pairs):

        def report(done: int, total: int, index: int = index) -> None:
            if progress is not None:
                progress("simulating the points of the experimental design", index * total + done, len(pairs) * total)

        try:
            simulated = simulate_futures(
                compiled._replace(plan=scaled_plan(compiled, *DESIGN[row])), draws, seed=seed, executor=executor,
                batch=SIMULATION_BATCH, keep=kept_tallies(compiled, row), progress=report,
                counterfactual=() if without_output is None else COUNTERFACTUAL_TALLIES,
            )  # fmt: skip
        except FutureFailed as error:
            raise PlanError(f"{error}; a plan needs futures that can be simulated to their end") from error
        by_row[row].append(simulated.tally)
        if without_output is not None:
            shared = {name: simulated.tally[name] for name in EVERY_RUN_TALLIES}
            by_row[without_output].append({**shared, **simulated.counterfactual})
    tallies = tuple({name: np.concatenate([part[name] for part in parts]) for name in parts[0]} for parts in by_row)
    return DesignRuns(compiled, np.concatenate(assumptions), tallies, first_month(compiled))


def kept_tallies(compiled: Compiled, row: int) -> tuple[str, ...]:
    """Names of the tallies kept for one row of the design."""
    if row:
        return EVERY_RUN_TALLIES
    return EVERY_RUN_TALLIES + FIRST_RUN_TALLIES + (STATE_TALLIES if first_month(compiled) else ())


def design_pairs() -> list[tuple[int, int | None]]:
    """The rows of the design that are simulated, each with the row without output and the same crews, or None.

    A row without output is the counterfactual of the first row with the same crews: raids, crews, weather and other
    makers are the same, so that both are simulated in one pass.
    """
    without_output = {crews: row for row, (output, crews) in enumerate(DESIGN) if output == 0.0}
    return [(row, without_output.pop(crews, None)) for row, (output, crews) in enumerate(DESIGN) if output > 0.0]


def equipped_crews(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) crews that have a kit: the smaller of mean crews and mean kits in the month."""
    crews_with_kits: Floats = np.minimum(*(month_mean(runs, name, row) for name in ("crews", "kits")))
    return crews_with_kits


def month_mean(runs: DesignRuns, name: str, row: int) -> Floats:
    """(futures, months) crews or kits, averaged over the month."""
    return runs.month_average(name, np.round(runs.draws(name, "initial"))[:, 0], row)


def losses(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) losses in money: leakers times the mean damage of their class, and shots by other layers."""
    leaked = runs.tally("leaked", row).sum(2)
    damage = (leaked * runs.money_draws("threats", "damage")).sum(2)
    total: Floats = damage + runs.tally("spend", row)[:, :, LAYERS].sum(2)
    return total


def leakers(runs: DesignRuns, row: int) -> Floats:
    """(futures, months) leakers: threats that reach their targets."""
    total: Floats = runs.tally("leaked", row).sum((2, 3))
    return total


def fit_concave(predictors: Floats, responses: Floats, count: int, weights: Floats | None = None) -> Floats:
    """Fit the minimum of planes through the origin to data by least squares; returns their slopes >= 0, (planes, d).

    A least-squares partition (Magnani and Boyd 2009): in each round, every plane is fitted to the points at which it is
    the minimum. The initial partitions order the points by the ratio of each coordinate to the first. Planes without
    points are dropped; the round with the least error is returned.

    predictors, responses, count
        (n, d) points; (n,) values; largest number of planes.
    weights
        (n,) weight of each point; all equal if None.
    """
    scale = np.maximum(np.abs(predictors).max(0), 1e-12)
    scaled_predictors = predictors / scale
    weights = np.ones(len(responses)) if weights is None else weights
    weighted_predictors = scaled_predictors * np.sqrt(weights)[:, None]
    weighted_responses = responses * np.sqrt(weights)
    best_slopes, least_error = np.zeros((1, predictors.shape[1])), np.inf
    for column in range(1, predictors.shape[1]):
        order = np.argsort(scaled_predictors[:, column] / np.maximum(scaled_predictors[:, 0], 1e-12), kind="stable")
        weight_before = np.cumsum(weights[order]) - weights[order]
        plane_of_point = np.empty(len(responses), np.int64)
        plane_of_point[order] = (weight_before * count / weights.sum()).astype(np.int64)
        for _ in range(PARTITION_ROUNDS):
            slopes = np.array(
                [
                    nnls(weighted_predictors[plane_of_point == i], weighted_responses[plane_of_point == i])[0]
                    for i in np.unique(plane_of_point)
                ]
            )
            fitted = scaled_predictors @ slopes.T
            error = float(weights @ (fitted.min(1) - responses) ** 2)
            if error < least_error:
                best_slopes, least_error = slopes, error
            nearest = fitted.argmin(1)
            if np.array_equal(nearest, plane_of_point):
                break
            plane_of_point = nearest
    scaled: Floats = best_slopes / scale
    return scaled


def pad_planes(planes: Floats, count: int) -> Floats:
    """The same function as exactly ``count`` planes by descending slope in crew-nights; the last plane is repeated.

    The common order allows the planes of several futures to be averaged one by one for the mean scenario.
    """
    by_slope = planes[np.argsort(-planes[:, 1], kind="stable")]
    return np.concatenate([by_slope, np.repeat(by_slope[-1:], count - len(planes), 0)])


def fit_surface(runs: DesignRuns, loss_of: Callable[[DesignRuns, int], Floats] = losses) -> ResponseSurface:
    """Fit the response surface of savings in a measure of loss: ``losses`` in money, or ``leakers`` in threats."""
    template, rows, futures = runs.compiled.template, range(len(DESIGN)), len(runs)
    can_engage = runs.draws("threats", "engagement")[0] > 0.0
    threats = runs.tally("launched").sum(2)[:, :, can_engage].sum(2)
    programme = np.isin(np.arange(len(runs.compiled.names.designs)), template.plants["design"])
    kills = np.stack([runs.tally("kills", r).sum((2, 3, 4)) for r in rows], 1)
    units_used = np.stack([(runs.tally("sorties", r) - runs.tally("recovered", r)).sum(2) for r in rows], 1)
    crew_nights = np.stack([runs.tally("crews_available", r) for r in rows], 1)
    largest_run = max(rows, key=lambda r: equipped_crews(runs, r).sum())
    nights_per_crew = runs.tally("crews_available", largest_run) / np.maximum(equipped_crews(runs, largest_run), 1.0)
    losses_by_run = np.stack([loss_of(runs, r) for r in rows], 1)
    shape = (futures, len(DESIGN), len(runs.months))
    predictors = np.stack([np.broadcast_to(threats[:, None], shape), crew_nights, units_used[..., programme].sum(3)], 3)
    savings_of_first_run = first_kill_value(kills, losses_by_run)[:, None, None] * kills[:, [NO_OUTPUT_NO_CREWS]]
    savings = losses_by_run[:, [NO_OUTPUT_NO_CREWS]] - losses_by_run + savings_of_first_run
    planes, use_planes = np.empty((futures, PLANES, 3)), np.empty((futures, PLANES, 2))
    fitted, offsets = np.empty(shape), np.zeros((futures, shape[2]))
    weights = np.repeat(WEIGHTS, shape[2])
    for s in range(futures):
        flat_predictors = predictors[s].reshape(-1, 3)
        for _ in range(FIT_ROUNDS):
            fit = fit_concave(flat_predictors, (savings[s] - offsets[s]).ravel(), PLANES, weights)
            planes[s] = pad_planes(fit, PLANES)
            fitted[s] = (flat_predictors @ planes[s].T).min(1).reshape(shape[1:])
            offsets[s] = WEIGHTS @ (savings[s] - fitted[s]) / WEIGHTS.sum()
        fit = fit_concave(flat_predictors[:, :2], units_used[s].sum(2).ravel(), PLANES, weights)
        use_planes[s] = pad_planes(fit, PLANES)
    fitted += offsets[:, None]
    error = fitted - savings
    accuracy = FitAccuracy(
        float(np.sqrt((error**2).mean())), float(np.abs(error).max()),
        (savings - savings[:, :1]).sum(2).mean(0), (fitted - fitted[:, :1]).sum(2).mean(0),
    )  # fmt: skip
    return ResponseSurface(
        planes, use_planes, offsets, threats, nights_per_crew, losses_by_run[:, 0] + savings[:, 0], accuracy
    )


def first_kill_value(kills: Floats, loss: Floats) -> Floats:
    """(futures,) losses avoided per additional kill when there are few kills: the slope between the two smallest runs.

    kills, loss
        (futures, design, months).
    """
    additional_kills = kills[:, HALF_CREWS] - kills[:, NO_OUTPUT_NO_CREWS]
    losses_avoided = loss[:, NO_OUTPUT_NO_CREWS] - loss[:, HALF_CREWS]
    slope: Floats = (additional_kills * losses_avoided).sum(1) / np.maximum(
        (additional_kills * additional_kills).sum(1), 1e-12
    )
    return np.maximum(0.0, slope)
