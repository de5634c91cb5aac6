"""The optimisation model, compared with calculations by hand and with the simulation, and its validation."""

from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest

import octoplan as op
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import LAYERS
from octoplan.errors import PlanError
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.goals import Goals, Target
from octoplan.plan.learning import experience, fixed_point, mean_hours
from octoplan.plan.model import ModelInputs, build
from octoplan.plan.optimise import Plan, optimise
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import (
    DESIGN,
    EVERY_RUN_TALLIES,
    NO_OUTPUT_NO_CREWS,
    DesignRuns,
    ResponseSurface,
    equipped_crews,
    fit_concave,
    fit_surface,
    losses,
    scaled_plan,
    simulate_design,
)
from octoplan.plan.results import evaluation as results
from octoplan.plan.results import narrative
from octoplan.plan.results.alternatives import NO_PROGRAMME, NO_UNITS
from octoplan.plan.second_stage_tables import block, second_stages
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.two_stage import MIN_GAP, Floats
from octoplan.plan.units import MONEY_SCALE, UNIT_SCALE
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled
from tests.plan.pockets import plan_with_costs

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


def test_parameters_of_the_scenario_pocket(parameters: Parameters) -> None:
    """The plant opens on day 5 of January; by default 1,000,000 parts a day are shipped, at 50 GBP; no discount."""
    assert np.allclose(parameters.since_opening, [0, 1, 2])
    assert np.allclose(parameters.open_share, [26 / 31, 1.0, 1.0])
    assert np.allclose(parameters.supply[:, :, 0], 1e6 * np.array([31, 28, 31]))
    assert np.allclose(parameters.price, 50.0)
    assert np.allclose(parameters.discount, 1.0)
    assert np.allclose(parameters.crews, 20.0)


def test_crews_are_in_service_from_their_graduation(parameters: Parameters) -> None:
    """Crews that enter training on 1 January for 10 days, without washout, serve 21 of its 31 days."""
    assert np.allclose(parameters.crews_per_intake[:, 0], [21 / 31, 1.0, 1.0])
    assert np.allclose(parameters.crews_per_intake[:, 1], [0.0, 18 / 28, 1.0])


def test_cost_of_a_plan_by_hand(runs: DesignRuns) -> None:
    """Cost of 200 units a month on one line: parts, labour, royalty, freight, line capital and base stock.

    The plant is open for 26 of the 31 days of January, and no unit is scrapped. A unit takes 2 parts of 50 GBP, 2 hours
    of 20 GBP and a royalty of 1 GBP; freight is 5 GBP and a line 1,000 GBP. The base stock at the end is 15 days of
    use, at 30.4375 days a month. Crews and overhead do not depend on the decisions.
    """
    parameters = parameters_of(without_stated_orders(runs))
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


def test_stated_orders_are_placed_and_paid(runs: DesignRuns, parameters: Parameters) -> None:
    """All 620, 560 and 620 parts are paid for, needed or not; 200 units a month also cost labour and royalty."""
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


def test_rows_without_output_are_counterfactuals(pocket: Scenario, runs: DesignRuns) -> None:
    """A row without output, simulated as a counterfactual, equals a simulation of the plan with outputs of 0."""
    compiled = pocket.compile()
    for row, (output, crews) in enumerate(DESIGN):
        if output == 0.0:
            tally = simulate_futures(
                compiled._replace(plan=scaled_plan(compiled, output, crews)), runs.assumptions, seed=1,
                keep=EVERY_RUN_TALLIES,
            ).tally  # fmt: skip
            assert set(tally) == set(runs.tallies[row])
            for name in set(EVERY_RUN_TALLIES) - {"spend"}:
                assert (tally[name] == runs.tallies[row][name]).all(), name
            assert (tally["spend"][:, :, LAYERS] == runs.tallies[row]["spend"][:, :, LAYERS]).all()


def without_stated_orders(runs: DesignRuns) -> DesignRuns:
    """Design runs of a plan without stated orders."""
    plan = runs.compiled.plan
    return replace(runs, compiled=runs.compiled._replace(plan=plan._replace(orders=np.full_like(plan.orders, -1.0))))


def without_savings(surface: ResponseSurface) -> ResponseSurface:
    """A response surface without savings."""
    return replace(
        surface,
        planes=0.0 * surface.planes,
        offsets=0.0 * surface.offsets,
        losses_without_interceptors=0.0 * surface.losses_without_interceptors,
    )


def test_units_and_parts_are_conserved(plan: Plan) -> None:
    """Units produced, parts received and units delivered equal those used or shipped plus those in stock."""
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


def test_a_shortfall_is_at_most_the_target(plan: Plan) -> None:
    """The shortfall of a month is at most the target, and 0 before the first month of the target."""
    short = plan.tables["shortfall"].values
    assert np.all(short >= -1e-6)
    assert np.all(short <= 250.0 + 1e-6)
    assert np.allclose(short[:, 0], 0.0, atol=1e-6)


def test_the_decisions_can_be_simulated(pocket: Scenario, plan: Plan) -> None:
    """The decisions keep tables that are not planned, and the simulation produces the output of the plan."""
    assert plan.scenario.decisions.doctrine == pocket.decisions.doctrine
    assert plan.scenario.decisions.orders == pocket.decisions.orders
    run = op.simulate(plan.scenario, futures=FUTURES, seed=1)
    expected = plan.tables["produced"].values[:, 0].mean(0)
    assert run.data["good"].mean("future").values.ravel() == pytest.approx(expected, abs=1.0)


def test_the_same_plan_by_brute_force_over_lines(runs: DesignRuns, parameters: Parameters) -> None:
    """Of all numbers of lines, each with its optimal output, those of the model have the least cost."""
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
def test_infeasible_constraints_are_named(pocket: Scenario, goals: Goals, part: str) -> None:
    """The message names the constraint and the value that would be feasible; zero units do not satisfy a share."""
    with pytest.raises(PlanError, match=part):
        optimise(pocket, goals, futures=2)


def test_at_least_one_future_is_required(pocket: Scenario) -> None:
    with pytest.raises(PlanError, match="a number of futures of 0"):
        optimise(pocket, futures=0)
    assert optimise(pocket, futures=1).status == "optimal"


def test_a_budget_is_kept(pocket: Scenario, plan: Plan) -> None:
    """With a budget the plan produces less for the same target, and its spend is within the budget."""
    stands = 100.0 * 85 + 20 * 10.0 * 90 + 1800 * 50.0
    tight = optimise(
        pocket, Goals(target=Target(250.0, 1, 1000.0), budgets={("treasury", None): stands + 15_000.0}), futures=FUTURES
    )
    produced, before = (p.tables["produced"].values.sum((1, 2)).mean() for p in (tight, plan))
    assert 0.0 < produced < before
    assert produced * (41.0 + 5.0) <= 15_000.0 * 1.001


def test_the_gap_is_estimated_on_other_futures(pocket: Scenario) -> None:
    """On each of 3 batches of 2 other futures, the plan costs at least as much as the optimum of the batch."""
    goals = Goals(target=Target(250.0, 1, 1000.0))
    values = optimise(pocket, goals, futures=3, gap=1e-6, batches=3, batch=2)
    assert values.gap_estimate is not None
    assert np.all(values.gap_estimate.plan_costs >= values.gap_estimate.lower_bounds - 1e-6)
    assert len(values.solution.costs) == 3
    nothing = second_stage_costs(values.model.problem, values.model.scenarios, np.zeros(len(values.solution.x)))
    assert np.allclose(nothing, 0.0, atol=1e-6)


def test_planes_of_a_concave_function_are_recovered() -> None:
    """The minimum of two planes is fitted exactly; every fit is concave, non-decreasing and homogeneous."""
    rng = np.random.default_rng(1)
    points = rng.uniform(1.0, 9.0, (300, 2))
    truth = np.array([[1.0, 0.25], [0.0, 2.0]])
    values = fit_concave(points, (points @ truth.T).min(1), 2)
    assert np.allclose((points @ values.T).min(1), (points @ truth.T).min(1), atol=1e-6)
    rough = fit_concave(points, rng.uniform(0.0, 5.0, 300), 4)
    assert np.all(rough >= 0.0)


def test_errors_of_the_response_surface(runs: DesignRuns) -> None:
    """Errors are recomputed from the design runs and the planes, by month."""
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


def test_fixed_point_iteration() -> None:
    """Iterating (value + a / value) / 2 converges to the square root of a; doubling does not converge."""
    values = fixed_point(lambda v: 0.5 * (v + 2.0 / v), np.array([3.0]), tolerance=1e-9, iterations=100)
    assert values.value == pytest.approx([np.sqrt(2.0)])
    assert values.converged
    assert not fixed_point(lambda v: 2.0 * v, np.array([1.0])).converged


def test_mean_hours_equal_the_sum_over_units() -> None:
    """Wright's form is exact for 100 units after 50, Crawford's within 0.01 %; experience is recomputed by month."""
    b = np.log2(0.86)
    scale = np.ones(1)
    wright = mean_hours(40.0 * scale, 0.86 * scale, scale, 50.0 * scale, 100.0 * scale)
    assert wright == pytest.approx([40.0 * (150 ** (1 + b) - 50 ** (1 + b)) / 100])
    crawford = mean_hours(40.0 * scale, 0.86 * scale, 0.0 * scale, 50.0 * scale, 100.0 * scale)
    assert crawford == pytest.approx([np.mean(40.0 * np.arange(51, 151) ** b)], rel=1e-4)
    assert np.allclose(experience(np.array([[10.0, 20.0, 5.0]]), np.array([0.5])), [[0.0, 5.0, 12.5]])


def test_limiting_factors_are_reported_with_months(plan: Plan) -> None:
    """Limiting factors are reported with their months, shortfalls with their months and reasons."""
    sentences = narrative.bottlenecks(plan)
    assert all("2026-0" in sentence and "GBP" in sentence for sentence in sentences)
    assert all(sentence.startswith("2026-0") for sentence in narrative.shortfalls(plan))


def test_a_plant_without_requests_has_no_limiting_factor(plan: Plan) -> None:
    """Lines are a limiting factor only in months in which units are requested of the plant."""
    worth = {"lines": replace(plan.tables["requested"], values=np.ones_like(plan.tables["requested"].values))}
    nothing = replace(plan.tables["requested"], values=np.zeros_like(plan.tables["requested"].values))
    assert [sentence.split(" is ")[0] for sentence in narrative.bottlenecks(replace(plan, shadow_prices=worth))] == [
        "bench"
    ]
    assert narrative.bottlenecks(replace(plan, shadow_prices=worth, tables={**plan.tables, "requested": nothing})) == []


def test_entities_are_named_by_title_and_name(plan: Plan) -> None:
    """Sentences on a plan have the title of a plant, and the name that its decisions use once in brackets."""
    renamed = replace(plan, scenario=replace(plan.scenario, titles={"plants.bench": "Workshop in the north"}))
    worth = {"lines": replace(plan.tables["requested"], values=np.ones_like(plan.tables["requested"].values))}
    (sentence,) = narrative.bottlenecks(replace(renamed, shadow_prices=worth))
    assert sentence.startswith("Workshop in the north [bench] is limited by its lines ")
    assert narrative.requested_by_plant(renamed).startswith("Workshop in the north [bench]: ")
    assert narrative.requested_by_plant(plan).startswith("bench: ")


def test_the_plan_is_evaluated_against_its_alternatives(pocket: Scenario, plan: Plan) -> None:
    """Alternatives have the same futures; the plan's difference from itself is 0; regret is never negative."""
    evaluation = results.evaluate(pocket, plan, futures=3)
    assert {"plan", "baseline decisions", "all in home", "expected-value plan", NO_PROGRAMME, NO_UNITS} == set(
        evaluation.plans
    )
    assert evaluation.difference("plan").mean == 0.0
    assert all(evaluation.regret(name).p10 >= 0.0 for name in evaluation.plans)
    assert evaluation.splits == ("all in home",)
    assert evaluation.plans["plan"].produced.sum() > 0.0
    assert evaluation.plans[NO_PROGRAMME].produced.sum() == 0.0
    with pytest.raises(PlanError, match="interval"):
        results.evaluate(pocket, plan, futures=1)
    draws = draw_assumptions(pocket, 3, 1 + results.OUT_OF_SAMPLE_OFFSET)
    for name, scenario in ((NO_PROGRAMME, pocket), (NO_UNITS, plan.scenario)):
        alone = compiled_without_programme(scenario)
        simulated = results.simulate_plan(alone, draws, 1 + results.OUT_OF_SAMPLE_OFFSET)
        for item in fields(simulated):
            assert (getattr(simulated, item.name) == getattr(evaluation.plans[name], item.name)).all(), item.name


def test_the_value_of_units_compares_the_same_crews_and_kits(pocket: Scenario, plan: Plan) -> None:
    """Without units, the plan's spend is that on crews and kits alone; the difference is paired over the futures."""
    evaluation = results.evaluate(pocket, plan, futures=3)
    value = evaluation.units_value
    assert value is not None
    with_units, alone = evaluation.plans["plan"], evaluation.plans[NO_UNITS]
    assert (value.plan, value.units) == ("plan", with_units.produced.mean())
    assert value.difference == interval(with_units.cost - alone.cost)
    assert [item.name for item in evaluation.quantities] == ["received/other-makers"]


def test_the_evaluation_ends_when_differences_are_precise(
    pocket: Scenario, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Futures are added in stages; the futures of all stages are those of a single simulation."""
    monkeypatch.setattr(results, "STAGES", (2, 3, 5))
    monkeypatch.setattr(results, "is_precise", lambda evaluation, _: len(evaluation.plans["plan"].cost) >= 3)
    staged, single = results.evaluate(pocket, plan), results.evaluate(pocket, plan, futures=3)
    assert list(staged.plans) == list(single.plans)
    for name, simulated in single.plans.items():
        assert (staged.plans[name].cost == simulated.cost).all()
        assert (staged.plans[name].jobs == simulated.jobs).all()


def test_precision_of_an_evaluation() -> None:
    """A half-width of 2 % of the gain, or of a third of the difference, is precise, and a larger one is not."""
    noise = np.random.default_rng(1).normal(0.0, 10.0, 100)
    noise -= noise.mean()
    half_width = results.Z_95 * interval(noise).se_mean
    for mean, gain, precise in ((0.0, 51.0, True), (0.0, 49.0, False), (3.1, 0.0, True), (-2.9, 0.0, False)):
        alternative = plan_with_costs((mean * half_width + noise).tolist())
        evaluation = results.Evaluation({"plan": plan_with_costs([0.0] * 100), "other": alternative})
        assert results.is_precise(evaluation, gain * half_width) is precise


def compiled_without_programme(scenario: Scenario) -> Compiled:
    """The compiled scenario with no plant in the programme."""
    compiled = scenario.compile()
    return compiled._replace(
        plan=compiled.plan._replace(in_programme=np.zeros_like(compiled.plan.in_programme))
    )  # fmt: skip


def test_the_linear_model_agrees_with_the_simulation(plan: Plan) -> None:
    """Good units of the plan are the same in the linear model and in the simulation of the same futures."""
    units = results.discrepancies(plan, seed=1)["good units"]
    assert units.simulated == pytest.approx(units.linear, abs=1.0)
