"""Constraints on the first stage (shares, units, jobs, budgets), and their smallest relaxation if infeasible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.fixed_costs import CostFilter, fixed_costs
from octoplan.plan.fixed_decisions import FixedDecisions
from octoplan.plan.goals import ALL_COUNTRIES, Goals, index_of
from octoplan.plan.parameters import DAYS_PER_YEAR, Parameters
from octoplan.plan.solver.builder import Builder
from octoplan.plan.solver.highs import Outcome, column_values, load, run
from octoplan.plan.solver.two_stage import Columns, Flags, Floats, TwoStage
from octoplan.plan.units import CREW_SCALE, MONEY_SCALE, UNIT_SCALE

MIN_UNITS = 1.0
"""Fewest units over the horizon at which shares of units are defined; a plan with fewer counts as requesting none."""


@dataclass(frozen=True)
class AffineFunction:
    """An affine function of the first stage: slope x + constant.

    slope
        (first-stage columns,).
    """

    slope: Floats
    constant: float

    def at(self, x: Floats) -> float:
        """Value at the first stage x."""
        return float(self.slope @ x) + self.constant


@dataclass(frozen=True)
class GoalConstraint:
    """A linear constraint on the first stage: low <= value <= high, or low <= value / total <= high for a share.

    name, unit
        Name of the constraint and unit of its value, for messages and tables.
    payer, months
        For a budget only: row of the payer, and (t,) whether the budget covers the month.
    """

    name: str
    unit: str
    low: float
    high: float
    value: AffineFunction
    total: AffineFunction | None = None
    payer: int | None = None
    months: Flags | None = None

    def at(self, x: Floats) -> float:
        """Value of the constrained quantity at the first stage x; NaN for a share if no units are requested."""
        value = self.value.at(x)
        if self.total is None:
            return value
        total = self.total.at(x)
        return value / total if total >= MIN_UNITS else float("nan")

    def rows(self) -> Iterator[tuple[AffineFunction, float, float]]:
        """The constraint as linear functions of the first stage, each with a lower and an upper bound."""
        if self.total is None:
            yield self.value, self.low, self.high
            return
        for bound, low, high in ((self.low, 0.0, np.inf), (self.high, -np.inf, 0.0)):
            slope = self.value.slope - bound * self.total.slope
            yield AffineFunction(slope, self.value.constant - bound * self.total.constant), low, high

    @property
    def scale(self) -> float:
        """Scale of a violation in ``least_violation``: the bound, or for a share the units of all plants."""
        if self.total is not None:
            return max(1.0, float(np.abs(self.total.slope).max()))
        return max([1e-3, *(abs(bound) for bound in (self.low, self.high) if np.isfinite(bound))])

    def violation(self, x: Floats) -> float:
        """Relative violation of the constraint at the first stage x; 0 for a share if no units are requested."""
        value = self.at(x)
        if np.isnan(value):
            return 0.0
        return max(self.low - value, value - self.high, 0.0) / (1.0 if self.total is not None else self.scale)

    def text(self, x: Floats) -> str:
        """Value at the first stage x, with its unit."""
        value = self.at(x)
        return "not defined: no unit is requested" if np.isnan(value) else f"{number_text(value)} {self.unit}"

    def bound_text(self, x: Floats) -> str:
        """The bound that the first stage x violates, as text, such as ``at most 100``."""
        is_below = self.at(x) < self.low
        return f"{'at least' if is_below else 'at most'} {number_text(self.low if is_below else self.high)}"


def number_text(value: float) -> str:
    """A number as text: four significant digits below 10,000, otherwise rounded to a whole number."""
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


@dataclass(frozen=True)
class UnitCosts:
    """Cost and labour hours per good unit, by plant and month.

    cost
        (s, p, t) undiscounted cost of parts, labour and royalty, in money.
    hours
        (s, p, t) labour hours.
    window
        (s, p, t, windows) 1 if the plant is open and the month falls in the window of output decisions, else 0.
    """

    cost: Floats
    hours: Floats
    window: Floats


@dataclass(frozen=True)
class ConstraintData:
    """Inputs to the constraints: linear programme, parameters by future, fixed decisions, cost and hours per unit."""

    builder: Builder
    parameters: Parameters
    fixed: FixedDecisions
    unit_costs: UnitCosts


def constraints_of(data: ConstraintData, goals: Goals) -> tuple[GoalConstraint, ...]:
    """Add the constraints stated by the goals to the first stage of the linear programme, and return them.

    Raises PlanError with a list of the constraints that no plan can satisfy or that have no effect.
    """
    constraints = [*share_constraints(data, goals), *job_constraints(data, goals), *budget_constraints(data, goals)]
    problems = [*unopened_problems(data, goals), *(p for p in map(unreachable_bound, constraints) if p is not None)]
    if problems:
        raise PlanError("\n".join(problems))
    columns = np.arange(data.builder.x.size)
    for constraint in constraints:
        for term, low, high in constraint.rows():
            row = data.builder.first_stage_rows(
                constraint.name, (1,), low=low - term.constant, high=high - term.constant
            )
            data.builder.add_terms("first", row[0], columns, term.slope)
    return tuple(constraints)


def unopened_problems(data: ConstraintData, goals: Goals) -> Iterator[str]:
    """Yield a sentence for each plant that has a bound on its output but opens in no future."""
    names = data.parameters.runs.compiled.names
    for plant, bound in goals.max_output.items():
        if (data.parameters.since_opening[:, index_of(plant, names.plants, "plant")] < 0).all():
            yield (
                f"the bound of {bound:g} units a month on the output of {plant} has no effect: the plant opens in no "
                "future within the horizon; remove the bound, or shorten the plant's gates"
            )


def unreachable_bound(constraint: GoalConstraint) -> str | None:
    """A sentence if a lower bound above 0 applies only to plants that never open, otherwise None."""
    never_opens = not constraint.value.slope.any() and constraint.value.constant == 0.0
    if constraint.low > 0.0 and never_opens and constraint.payer is None:
        return (
            f"{constraint.name} cannot be at least {constraint.low:g} {constraint.unit}: none of its plants opens "
            "within the horizon; smallest change that makes the plan feasible: lower the bound to 0"
        )
    return None


def expected_total_over_requested_units(data: ConstraintData, per_unit: Floats) -> AffineFunction:
    """Expected total of a quantity over the units requested, as a function of the first stage.

    per_unit
        (s, p, t) quantity per unit requested.
    """
    parameters, builder = data.parameters, data.builder
    while_open = parameters.open_share * per_unit
    slope = np.zeros(builder.x.size)
    slope[builder.x.blocks["output"]] = (data.unit_costs.window * while_open[..., None]).sum(2).mean(0) * UNIT_SCALE
    return AffineFunction(slope, float((data.fixed.output(parameters.since_opening) * while_open).sum((1, 2)).mean()))


def share_constraints(data: ConstraintData, goals: Goals) -> Iterator[GoalConstraint]:
    """Yield constraints on each country's share of the units requested, and on its number of units requested."""
    compiled = data.parameters.runs.compiled
    country_of_plant = np.asarray(compiled.template.plants["country"])
    per_unit = np.ones(data.parameters.since_opening.shape)
    total = expected_total_over_requested_units(data, per_unit)
    for country in dict.fromkeys([*goals.share, *goals.units]):
        in_country = np.full(len(country_of_plant), True)
        if country != ALL_COUNTRIES:
            in_country = country_of_plant == index_of(country, compiled.names.countries, "country")
        value = expected_total_over_requested_units(data, in_country[:, None] * per_unit)
        if country in goals.share:
            low, high = goals.share[country]
            yield GoalConstraint(f"the share of {country}", "of the units requested", low, high, value, total)
        if country in goals.units:
            yield GoalConstraint(f"the units of {country}", "units", *goals.units[country], value)


def job_constraints(data: ConstraintData, goals: Goals) -> Iterator[GoalConstraint]:
    """Yield a lower bound on direct jobs for each country: labour hours of the units requested / paid hours per job."""
    runs = data.parameters.runs
    names, country_of_plant = runs.compiled.names, np.asarray(runs.compiled.template.plants["country"])
    years = float(runs.days.sum()) / DAYS_PER_YEAR
    for country, min_jobs in goals.jobs.items():
        row = index_of(country, names.countries, "country")
        hours_per_job = runs.draws("countries", "hours_per_job")[:, row] * years
        value = expected_total_over_requested_units(
            data, data.unit_costs.hours / hours_per_job[:, None, None] * (country_of_plant == row)[:, None]
        )
        yield GoalConstraint(f"the jobs of {country}", "jobs", min_jobs, np.inf, value)


def budget_constraints(data: ConstraintData, goals: Goals) -> Iterator[GoalConstraint]:
    """Yield an upper bound on expected undiscounted spend for each payer, over the horizon or a calendar year."""
    runs = data.parameters.runs
    year_of = np.array([int(month[:4]) for month in runs.months])
    for (payer, year), budget in goals.budgets.items():
        row = index_of(payer, runs.compiled.names.payers, "payer")
        months = np.full(len(year_of), True) if year is None else year_of == year
        if not months.any():
            raise PlanError(
                f"the budget of {payer} is for {year}, outside the years planned ({year_of[0]} to {year_of[-1]})"
            )
        value = expected_spend(data, row, months.astype(float))
        name = f"the budget of {payer}" + ("" if year is None else f" in {year}")
        yield GoalConstraint(
            name, "M of the reporting currency", -np.inf, budget / MONEY_SCALE, value, payer=row, months=months
        )  # fmt: skip


def expected_spend(data: ConstraintData, payer: int, month_weights: Floats) -> AffineFunction:
    """Expected undiscounted spend of a payer on free and fixed decisions, in millions.

    month_weights
        (t,) 1 in the months that the budget covers, else 0.
    """
    parameters, fixed, builder = data.parameters, data.fixed, data.builder
    compiled = parameters.runs.compiled
    is_payer = np.asarray(
        np.asarray(compiled.template.countries["payer"])[compiled.template.plants["country"]] == payer
    )
    cost = data.unit_costs.cost.copy()
    cost[:, :, -1] += closing_stock_cost(parameters)
    requested = expected_total_over_requested_units(
        data, (cost * is_payer[:, None] + freight_per_unit(parameters, payer)) * month_weights / MONEY_SCALE
    )
    crews, kits = (int(getattr(compiled.template, kind)["payer"][0]) == payer for kind in ("crews", "kits"))
    weight = np.broadcast_to(month_weights, parameters.discount.shape)
    costs = fixed_costs(parameters, fixed, weight, CostFilter(is_payer, crews, kits))
    orders = (
        np.einsum("ptn,stn,t->s", parameters.stated_orders[0][is_payer], parameters.price, month_weights)
        * parameters.uplift
    )
    slope = requested.slope.copy()
    for block, per_decision, scale in (
        ("lines", costs.lines, 1.0), ("intake", costs.intake, CREW_SCALE), ("kits", costs.kits, CREW_SCALE),
    ):  # fmt: skip
        slope[builder.x.blocks[block]] += per_decision.mean(0) * scale / MONEY_SCALE
    return AffineFunction(slope, requested.constant + float((costs.constant + orders).mean()) / MONEY_SCALE)


def freight_per_unit(parameters: Parameters, payer: int) -> Floats:
    """(s, p, t) freight per unit from each plant on its first lane, in money; 0 if another payer bears it."""
    compiled = parameters.runs.compiled
    freight = np.zeros(parameters.since_opening.shape)
    for p, lanes in enumerate(compiled.links.plant_lanes.tolist()):
        if int(compiled.template.lanes["payer"][lanes[0]]) == payer:
            freight[:, p] = parameters.freight[:, :, lanes[0]] * parameters.uplift[:, None]
    return freight


def closing_stock_cost(parameters: Parameters) -> Floats:
    """(s, p) cost of the base stock of parts that remains at the end, per unit requested in the last month."""
    price = parameters.price[:, -1] * ~parameters.stated_orders[1][-1] * parameters.base_stock_months
    stock: Floats = np.einsum("sn,pn->sp", price, parameters.bill) * parameters.uplift[:, None]
    return stock


def check_feasible(problem: TwoStage, constraints: Sequence[GoalConstraint]) -> None:
    """Raises PlanError if the constraints are infeasible, with the smallest changes that make them feasible.

    The smallest changes solve an elastic programme (Chinneck 2008, chapter 6): each constraint may be violated at a
    penalty relative to its scale; bounds, rows of lines and fixed decisions may not be violated. If there are
    constraints on shares, at least ``MIN_UNITS`` units must be requested, because shares of zero units are undefined.
    """
    if first_stage_exists(problem, constraints):
        return
    x = least_violation(problem, constraints)
    if x is None and least_violation(problem, constraints, units=False) is not None:
        raise PlanError(
            "no unit can be requested within the bounds, so shares are undefined; "
            "remove the share bounds, or allow lines and output"
        )
    if x is None:
        raise PlanError("the fixed or frozen decisions are infeasible, even without the constraints; free one of them")
    changes = [
        f"{constraint.name} would have to be {constraint.text(x)} instead of {constraint.bound_text(x)}"
        for constraint in constraints
        if constraint.violation(x) > 1e-4
    ]
    raise PlanError(
        f"the constraints are infeasible together; smallest changes that make them feasible: {'; '.join(changes)}"
    )  # fmt: skip


def first_stage_exists(problem: TwoStage, constraints: Sequence[GoalConstraint] = ()) -> bool:
    """Whether a first stage satisfies rows and bounds with integrality relaxed; shares need ``MIN_UNITS`` units."""
    first = problem.first
    columns = Columns(np.zeros(len(first)), first.lower, first.upper, np.zeros(len(first), bool))
    rows, lower, upper = rows_with_min_units(problem, constraints)
    return run(load(columns, rows, lower, upper)) is Outcome.OPTIMAL


def rows_with_min_units(
    problem: TwoStage, constraints: Sequence[GoalConstraint]
) -> tuple[sparse.csr_array, Floats, Floats]:
    """Rows of the first stage with their bounds; the first row requires ``MIN_UNITS`` if a share is constrained."""
    total = next((constraint.total for constraint in constraints if constraint.total is not None), None)
    if total is None:
        return problem.rows, problem.row_lower, problem.row_upper
    rows = sparse.vstack([sparse.csr_array(total.slope[None]), problem.rows], format="csr")
    lower = np.append(MIN_UNITS - total.constant, problem.row_lower)
    return rows, lower, np.append(np.inf, problem.row_upper)


def least_violation(
    problem: TwoStage, constraints: Sequence[GoalConstraint], units: bool = True
) -> Floats | None:  # fmt: skip
    """The first stage with the least total relative violation of the constraints; None if bounds are infeasible.

    units
        Whether ``MIN_UNITS`` must be requested if a share is constrained.
    """
    first, n = problem.first, len(problem.first)
    penalties = np.array([1.0 / constraint.scale for constraint in constraints for _ in constraint.rows()])
    hard_rows, lower, upper = rows_with_min_units(problem, constraints if units else ())
    soft, hard = len(penalties), len(lower) - len(penalties)
    slack = sparse.vstack([sparse.csr_array((hard, soft)), sparse.eye_array(soft)])
    columns = Columns(
        np.concatenate([np.zeros(n), penalties, penalties]), np.concatenate([first.lower, np.zeros(2 * soft)]),
        np.concatenate([first.upper, np.full(2 * soft, np.inf)]), np.zeros(n + 2 * soft, bool),
    )  # fmt: skip
    solver = load(columns, sparse.hstack([hard_rows, slack, -slack], format="csr"), lower, upper)
    return column_values(solver)[:n] if run(solver) is Outcome.OPTIMAL else None
