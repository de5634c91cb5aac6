"""The octopus model of a plan: against hand arithmetic, against itself, against the campaign, and what it refuses."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import octoplan as op
from octoplan.errors import PlanError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.goals import Goals, Target
from octoplan.plan.learning import experience, fixed_point, mean_hours
from octoplan.plan.model import ModelInputs, build
from octoplan.plan.optimise import Plan, optimise
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import (
    DESIGN,
    NO_OUTPUT_NO_CREWS,
    DesignRuns,
    ResponseSurface,
    equipped_crews,
    fit_concave,
    fit_surface,
    losses,
    simulate_design,
)
from octoplan.plan.results import evaluation as results
from octoplan.plan.results import narrative
from octoplan.plan.second_stage_tables import block, second_stages
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.two_stage import MIN_GAP, Floats
from octoplan.plan.units import MONEY_SCALE, UNIT_SCALE
from octoplan.scenario import Scenario

FUTURES = 4


@pytest.fixture(scope="module")
def pocket() -> Scenario:
    return op.load("pocket")


@pytest.fixture(scope="module")
def runs(pocket: Scenario) -> DesignRuns:
    return simulate_design(pocket.compile(), [draw_assumptions(pocket, FUTURES, 1)], 1)


@pytest.fixture(scope="module")
def parameters(runs: DesignRuns) -> Parameters:
    return parameters_of(runs)


@pytest.fixture(scope="module")
def plan(pocket: Scenario) -> Plan:
    return optimise(pocket, Goals(target=Target(250.0, 1, 1000.0)), futures=FUTURES, gap=1e-6)


def test_facts_of_the_pocket_are_those_of_its_folder(parameters: Parameters) -> None:
    """The plant opens on day 5 of January; the works ship 100,000 a day at 50 GBP; the discount rate is 0."""
    assert np.allclose(parameters.since_opening, [0, 1, 2])
    assert np.allclose(parameters.open_share, [26 / 31, 1.0, 1.0])
    assert np.allclose(parameters.supply[:, :, 0], 100_000 * np.array([31, 28, 31]))
    assert np.allclose(parameters.price, 50.0)
    assert np.allclose(parameters.discount, 1.0)
    assert np.allclose(parameters.crews, 20.0)


def test_an_intake_stands_from_its_graduation_on(parameters: Parameters) -> None:
    """Crews that begin on 1 January after a course of 10 days, with no wash-out, serve 21 of its 31 days."""
    assert np.allclose(parameters.crews_per_intake[:, 0], [21 / 31, 1.0, 1.0])
    assert np.allclose(parameters.crews_per_intake[:, 1], [0.0, 18 / 28, 1.0])


def test_cost_of_a_plan_by_hand(runs: DesignRuns) -> None:
    """Asked 200 a month on one line, whatever units save: parts, labour, royalty, freight, capital and the base stock.

    January is open for 26 of 31 days. Units wait nowhere, as nothing is scrapped; 2 parts of 50 GBP, 2 hours of 20 GBP
    and 1 GBP make a unit; freight is 5 GBP, a line 1,000 GBP. At the end 15 days of use lie in the base stock, 30.4375
    days to the month. Crews and overhead stand whatever is decided.
    """
    parameters = parameters_of(silent(runs))
    model = build(ModelInputs(parameters, without_savings(fit_surface(runs)), Goals(), np.zeros((1, 4))))
    x = np.zeros(len(model.problem.first))
    columns = model.builder.x.blocks
    x[columns["output"]] = 200.0 / UNIT_SCALE
    x[columns["lines"]] = 1.0
    units = 200.0 * (26 / 31 + 2)
    behind = 200.0 * 2 * 50.0 * 15 / 30.4375
    by_hand = units * (2 * 50.0 + 2 * 20.0 + 1.0) + 1000.0 + behind
    followed, _ = second_stages(model, x)
    shipped = block(model, followed, "shipped").sum((1, 2)) * UNIT_SCALE
    assert np.allclose(shipped, shipped.max() * np.ones(FUTURES))
    values = second_stage_costs(model.problem, model.scenarios, x) * MONEY_SCALE
    assert np.allclose(values, by_hand + 5.0 * shipped, rtol=1e-6)
    assert np.allclose(model.inaction * MONEY_SCALE, 100.0 * (26 + 28 + 31) + 20 * 10.0 * 90, rtol=1e-6)


def test_orders_that_stand_are_placed_and_paid(runs: DesignRuns, parameters: Parameters) -> None:
    """Of 620, 560 and 620 parts all are paid for, asked or not; 200 units a month cost labour and royalty besides."""
    model = build(ModelInputs(parameters, without_savings(fit_surface(runs)), Goals(), np.zeros((1, 4))))
    x = np.zeros(len(model.problem.first))
    stands = 100.0 * (26 + 28 + 31) + 20 * 10.0 * 90 + 1800 * 50.0
    assert np.allclose(model.inaction * MONEY_SCALE, stands, rtol=1e-6)
    columns = model.builder.x.blocks
    x[columns["output"]] = 200.0 / UNIT_SCALE
    x[columns["lines"]] = 1.0
    followed, _ = second_stages(model, x)
    assert np.allclose(block(model, followed, "bought")[:, :, 0] * UNIT_SCALE, [620.0, 560.0, 620.0])
    shipped = block(model, followed, "shipped").sum((1, 2)) * UNIT_SCALE
    values = second_stage_costs(model.problem, model.scenarios, x) * MONEY_SCALE
    assert np.allclose(values, 200.0 * (26 / 31 + 2) * (2 * 20.0 + 1.0) + 1000.0 + 5.0 * shipped, rtol=1e-6)


def silent(runs: DesignRuns) -> DesignRuns:
    """The pilot of a plan that is silent on single orders."""
    plan = runs.compiled.plan
    return replace(runs, compiled=runs.compiled._replace(plan=plan._replace(orders=np.full_like(plan.orders, -1.0))))


def without_savings(surface: ResponseSurface) -> ResponseSurface:
    """Curves under which nothing saves anything."""
    return replace(
        surface,
        planes=0.0 * surface.planes,
        offsets=0.0 * surface.offsets,
        losses_without_interceptors=0.0 * surface.losses_without_interceptors,
    )


def test_units_and_parts_are_conserved(plan: Plan) -> None:
    """Made = shipped + waiting; bought in time = spent + in store; what reaches the regions = used + stock there."""
    table = {name: t.values for name, t in plan.tables.items()}
    produced, shipped = table["produced"].sum(2), table["shipped"].sum(2)
    assert produced.sum() > 0.0
    assert np.allclose(produced, shipped + table["plant stock"][:, :, -1], atol=1e-4)
    late = 2.0 / 30.4375
    arrived = shipped.sum(1) - late * table["shipped"][:, 0, -1]
    assert np.allclose(arrived, table["used"].sum(1) + table["stock"][:, -1], atol=1e-4)
    lag = 5.0 / 30.4375
    bought = table["bought"][:, :, 0]
    present = bought[:, :-1].sum(1) + (1.0 - lag) * bought[:, -1]
    assert np.allclose(present, 2.0 * produced.sum(1) + table["part stock"][:, -1, 0], atol=1e-4)


def test_a_shortage_is_capped_at_what_is_due(plan: Plan) -> None:
    """No month is short of more than the target, and none before its month."""
    short = plan.tables["shortfall"].values
    assert np.all(short >= -1e-6)
    assert np.all(short <= 250.0 + 1e-6)
    assert np.allclose(short[:, 0], 0.0, atol=1e-6)


def test_the_decisions_can_be_simulated(pocket: Scenario, plan: Plan) -> None:
    """The text is read like any folder's, keeps the tables it does not decide, and makes what it promises."""
    assert plan.scenario.decisions.doctrine == pocket.decisions.doctrine
    assert plan.scenario.decisions.orders == pocket.decisions.orders
    run = op.simulate(plan.scenario, futures=FUTURES, seed=1)
    expected = plan.tables["produced"].values[:, 0].mean(0)
    assert run.data["good"].mean("future").values.ravel() == pytest.approx(expected, abs=1.0)


def test_the_same_plan_by_brute_force_over_lines(runs: DesignRuns, parameters: Parameters) -> None:
    """Of all whole lines of the one plant, each with its best output, the model's are the cheapest."""
    surface, goals = without_savings(fit_surface(runs)), Goals(target=Target(500.0, 1, 200.0), max_lines=3)
    model = build(ModelInputs(parameters, surface, goals, np.zeros((1, 4))))
    best = extensive.solve(model.problem, model.scenarios, gap=MIN_GAP)
    line = model.builder.x.blocks["lines"].ravel()
    values = []
    for lines in product(range(4), repeat=len(line)):
        first = model.problem.first
        lower, upper = first.lower.copy(), first.upper.copy()
        lower[line] = upper[line] = lines
        fixed = replace(
            model.problem, first=replace(first, lower=lower, upper=upper, integer=np.zeros(len(first), bool))
        )
        values.append(extensive.solve(fixed, model.scenarios).upper)
    assert best.upper == pytest.approx(min(values), rel=2e-7)
    assert len(set(np.round(values, 6))) > 1


@pytest.mark.parametrize(
    ("goals", "part"),
    [
        (
            Goals(budgets={("treasury", None): 0.0}),
            "treasury would have to be 0.1165 M of the reporting currency instead of at most 0",
        ),
        (
            Goals(share={"home": (0.0, 0.5)}),
            "share of home would have to be 1 of the units requested",
        ),
        (Goals(share={"away": (0.0, 0.5)}), "no country 'away'"),
        (Goals(budgets={("nobody", None): 1.0}), "no payer 'nobody'"),
        (Goals(budgets={("treasury", 2031): 1.0}), "the year 2031"),
        (Goals(fixed=("weather",)), "not a decision that can be fixed"),
    ],
)
def test_constraints_that_cannot_hold_are_named(pocket: Scenario, goals: Goals, part: str) -> None:
    """The message names the constraint, and what it would have to be; a share of nothing does not satisfy one."""
    with pytest.raises(PlanError, match=part):
        optimise(pocket, goals, futures=2)


def test_no_future_is_a_sentence_and_one_is_enough(pocket: Scenario) -> None:
    with pytest.raises(PlanError, match="a number of futures of 0"):
        optimise(pocket, futures=0)
    assert optimise(pocket, futures=1).status == "optimal"


def test_a_budget_is_kept(pocket: Scenario, plan: Plan) -> None:
    """With the same target and less money the plan produces less, and requests no more than the budget buys."""
    stands = 100.0 * 85 + 20 * 10.0 * 90 + 1800 * 50.0
    tight = optimise(
        pocket, Goals(target=Target(250.0, 1, 1000.0), budgets={("treasury", None): stands + 15_000.0}), futures=FUTURES
    )
    produced, before = (p.tables["produced"].values.sum((1, 2)).mean() for p in (tight, plan))
    assert 0.0 < produced < before
    assert produced * (41.0 + 5.0) <= 15_000.0 * 1.001


def test_the_gap_is_estimated_on_futures_of_its_own(pocket: Scenario) -> None:
    """A plan made for 3 futures, judged on 3 batches of 2 others, is no better than the best of each batch."""
    goals = Goals(target=Target(250.0, 1, 1000.0))
    values = optimise(pocket, goals, futures=3, gap=1e-6, batches=3, batch=2)
    assert values.gap_estimate is not None
    assert np.all(values.gap_estimate.plan_costs >= values.gap_estimate.lower_bounds - 1e-6)
    assert len(values.solution.costs) == 3
    nothing = second_stage_costs(values.model.problem, values.model.scenarios, np.zeros(len(values.solution.x)))
    assert np.allclose(nothing, 0.0, atol=1e-6)


def test_planes_of_a_concave_function_are_found_again() -> None:
    """Values of min of two planes are fitted exactly, and any fit is concave, rising and homogeneous."""
    rng = np.random.default_rng(1)
    points = rng.uniform(1.0, 9.0, (300, 2))
    truth = np.array([[1.0, 0.25], [0.0, 2.0]])
    values = fit_concave(points, (points @ truth.T).min(1), 2)
    assert np.allclose((points @ values.T).min(1), (points @ truth.T).min(1), atol=1e-6)
    rough = fit_concave(points, rng.uniform(0.0, 5.0, 300), 4)
    assert np.all(rough >= 0.0)


def test_the_error_of_the_curves_is_as_stated(runs: DesignRuns) -> None:
    """Recomputed from the design runs and the planes, month by month."""
    surface = fit_surface(runs)
    missed: list[Floats] = []
    spent = np.stack(
        [(runs.tally("sorties", r) - runs.tally("recovered", r)).sum((2, 3)) for r in range(len(DESIGN))], 1
    )
    loss = np.stack([losses(runs, r) for r in range(len(DESIGN))], 1)
    killed = np.stack([runs.tally("kills", r).sum((2, 3, 4)) for r in range(len(DESIGN))], 1)
    for s, row, month in product(range(FUTURES), range(len(DESIGN)), range(3)):
        point = [surface.threats[s, month], runs.tally("crews_available", row)[s, month], spent[s, row, month]]
        by_planes = min(float(np.dot(plane, point)) for plane in surface.planes[s]) + surface.offsets[s, month]
        missed.append(by_planes - (surface.losses_without_interceptors[s, month] - loss[s, row, month]))
    assert np.sqrt(np.mean(np.square(missed))) == pytest.approx(surface.accuracy.rms_error, rel=1e-9)
    assert np.abs(missed).max() == pytest.approx(surface.accuracy.max_error, rel=1e-9)
    assert killed[:, NO_OUTPUT_NO_CREWS].sum() <= killed[:, 0].sum()
    assert np.allclose(equipped_crews(runs, 0), 20.0)


def test_learning_settles_where_arithmetic_says() -> None:
    """value = (value + a / value) / 2 settles at the root of a; a step that doubles is said not to have settled."""
    values = fixed_point(lambda v: 0.5 * (v + 2.0 / v), np.array([3.0]), tolerance=1e-9, iterations=100)
    assert values.value == pytest.approx([np.sqrt(2.0)])
    assert values.converged
    assert not fixed_point(lambda v: 2.0 * v, np.array([1.0])).converged


def test_mean_hours_are_those_of_the_units_added_up() -> None:
    """Wright exactly: 100 units after 50; Crawford by its sum to 0.01 %; and a plan's experience month by month."""
    b = np.log2(0.86)
    scale = np.ones(1)
    wright = mean_hours(40.0 * scale, 0.86 * scale, scale, 50.0 * scale, 100.0 * scale)
    assert wright == pytest.approx([40.0 * (150 ** (1 + b) - 50 ** (1 + b)) / 100])
    crawford = mean_hours(40.0 * scale, 0.86 * scale, 0.0 * scale, 50.0 * scale, 100.0 * scale)
    assert crawford == pytest.approx([np.mean(40.0 * np.arange(51, 151) ** b)], rel=1e-4)
    assert np.allclose(experience(np.array([[10.0, 20.0, 5.0]]), np.array([0.5])), [[0.0, 5.0, 12.5]])


def test_binding_limits_are_named_with_dates(plan: Plan) -> None:
    """Limiting factors are reported with their months, shortfalls with their months and reasons."""
    sentences = narrative.bottlenecks(plan)
    assert all("2026-0" in sentence and "GBP" in sentence for sentence in sentences)
    assert all(sentence.startswith("2026-0") for sentence in narrative.shortfalls(plan))


def test_a_plant_that_is_asked_nothing_is_limited_by_nothing(plan: Plan) -> None:
    """Lines that would be worth something are named while the plant is asked for units, and not when it is not."""
    worth = {"lines": replace(plan.tables["requested"], values=np.ones_like(plan.tables["requested"].values))}
    nothing = replace(plan.tables["requested"], values=np.zeros_like(plan.tables["requested"].values))
    assert [sentence.split(" is ")[0] for sentence in narrative.bottlenecks(replace(plan, shadow_prices=worth))] == [
        "bench"
    ]
    assert narrative.bottlenecks(replace(plan, shadow_prices=worth, tables={**plan.tables, "requested": nothing})) == []


def test_the_plan_is_evaluated_against_its_alternatives(pocket: Scenario, plan: Plan) -> None:
    """Alternatives have the same futures; the plan's difference from itself is 0; no regret is negative."""
    evaluation = results.evaluate(pocket, plan, futures=3)
    assert {"plan", "baseline decisions", "all home", "expected-value plan", "no programme"} == set(evaluation.plans)
    assert evaluation.difference("plan").mean == 0.0
    assert all(evaluation.regret(name).p10 >= 0.0 for name in evaluation.plans)
    assert evaluation.plans["no programme"].produced.sum() == 0.0
    with pytest.raises(PlanError, match="interval"):
        results.evaluate(pocket, plan, futures=1)
    units = results.discrepancies(plan, seed=1)["good units"]
    assert units.simulated == pytest.approx(units.linear, abs=1.0)
