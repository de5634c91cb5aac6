"""Invariants of the simulation for random scenarios."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from octoplan.campaign.tally import BIAS, CAPITAL, FREIGHT, LABOUR, OVERHEAD, PARTS, ROYALTY, TALLIES, Tally
from octoplan.scenario.arrays import Compiled, EntityRecords
from octoplan.scenario.entities import KINDS
from tests.reference.simulation import COUNTERFACTUAL_TALLIES, differences, simulate_with_kernels
from tests.reference.strategies import Case, scenarios

EXAMPLES = settings(max_examples=40)
PLANT_COSTS = (PARTS, LABOUR, OVERHEAD, ROYALTY, FREIGHT, CAPITAL)


def tally_of(case: Case, **plan: Any) -> Tally:
    """The tally of a drawn scenario, with decisions changed."""
    return simulate_with_kernels(with_decisions(case.compiled, **plan), case.assumptions, case.seed, case.future)[0]


def with_decisions(compiled: Compiled, **plan: Any) -> Compiled:
    return compiled._replace(plan=compiled.plan._replace(**plan))


def with_assumptions(case: Case, **numbers: float) -> Case:
    """Return the case with parameters, named ``kind__parameter``, set to one value for all entities."""
    assumptions = case.assumptions.copy()
    for name, value in numbers.items():
        kind, parameter = name.split("__")
        columns = case.compiled.draw_columns[kind, parameter]
        assumptions[columns[columns >= 0]] = value
    return Case(case.compiled, assumptions, case.seed, case.future)


def check_nothing_is_negative_or_not_a_number(case: Case, tally: Tally) -> None:
    """Every tally is at least 0 and finite, except the opening day of a plant outside the programme."""
    for row in TALLIES:
        values = getattr(tally, row.name)
        assert (values >= 0).all(), row.name
        assert np.isfinite(values).all() or row.name == "opened", row.name
    assert np.array_equal(np.isinf(tally.opened), case.compiled.plan.in_programme == 0)


def check_threats_are_stopped_or_leak(_: Case, tally: Tally) -> None:
    """Launched = stopped + leaked by class and month, and stopped by region is stopped by layer."""
    stopped = tally.stopped.sum(1)
    assert np.array_equal(tally.launched.sum(1), stopped + tally.leaked.sum(1))
    assert np.array_equal(tally.stopped_by.sum(1), stopped)
    assert np.array_equal(tally.stopped_by[:, 0], tally.kills.sum((1, 2)))


def check_sorties_contact_and_kill_in_that_order(_: Case, tally: Tally) -> None:
    """Kills <= contacts, and contacts + recovered units <= sorties."""
    assert (tally.kills.sum(3) <= tally.contacts).all()
    assert (tally.contacts + tally.recovered <= tally.sorties).all()
    assert np.array_equal(tally.shots[:, 0], tally.sorties.sum((1, 2)))
    assert (tally.crews_available[tally.sorties.sum((1, 2)) > 0] > 0).all()


def check_stocks_balance(case: Case, tally: Tally) -> None:
    """Closing stock is initial stock plus units received less units spent; plants dispatch at most their output."""
    start = tally.stock - (tally.received - tally.sorties + tally.recovered).cumsum(0)
    assert (start == start[0]).all()
    others = np.zeros(len(case.compiled.names.designs))
    np.add.at(others, case.records.makers["design"], np.floor(case.records.makers["stock"] + 0.5))
    assert np.array_equal(start[0].sum(0), others)
    assert (tally.good <= tally.made).all()
    sent = tally.good.cumsum(0) - tally.plant_stock
    assert (np.diff(sent, axis=0, prepend=0) >= 0).all()
    assert (tally.delivered.cumsum(0) <= sent).all()


def check_parts_are_used_only_once(case: Case, tally: Tally) -> None:
    """Parts in units made and parts in stock are at most the parts shipped."""
    links = case.compiled.links
    design = case.compiled.template.plants["design"]
    used = (tally.made.cumsum(0)[:, :, None] * links.bill[design][None]).sum(1)
    shipped = np.zeros_like(used)
    for supplier, part in enumerate(case.compiled.template.suppliers["part"]):
        shipped[:, part] += tally.part_shipped.cumsum(0)[:, supplier]
    assert (used + tally.part_stock.sum(1) <= shipped).all()


def check_layers_keep_to_their_shots_and_capacity(case: Case, tally: Tally) -> None:
    """A stocked layer fires at most its stock and daily resupply; a limited layer stops at most what it can engage.

    Lots of resupply have random sizes, which bound nothing.
    """
    entities = case.records
    regions, days = len(case.compiled.names.regions), len(case.compiled.links.month_of)
    for row, layer in enumerate(entities.layers):
        if layer["stocked"] and entities.lots["interval"][row] == 0.0:
            assert tally.shots[:, row].sum() <= (layer["stock"] + layer["resupply"] * days) * (1 + 1e-12)
        if layer["limited"]:
            capacity = entities.posts["capacity"].reshape(-1, regions)[row]
            assert tally.stopped_by[:, row].sum() <= np.floor(capacity * days).sum()


def check_days_are_counted_once(case: Case, tally: Tally) -> None:
    """Each plant-day of the programme has one limiting factor; region-nights do not exceed days."""
    plan, links = case.compiled.plan, case.compiled.links
    expected = links.month_days[:, None] * plan.in_programme[None]
    assert np.array_equal(tally.plant_limit.sum(2), expected)
    assert (tally.nights.sum(2) <= links.month_days[:, None]).all()
    assert (tally.plant_down <= links.month_days[:, None]).all()


def check_a_plants_spend_is_spend(case: Case, tally: Tally) -> None:
    """Plant spend equals spend in the plant cost categories, and the optimism bias is a fixed share of it."""
    by_cost = tally.spend.sum((0, 2))
    bias = case.records.finance["optimism_bias"][0]
    assert np.allclose(tally.plant_spend.sum((0, 1))[list(PLANT_COSTS)], by_cost[list(PLANT_COSTS)], rtol=1e-9)
    assert np.isclose(by_cost[BIAS], bias * by_cost[list(PLANT_COSTS)].sum(), rtol=1e-9)


INVARIANTS: tuple[Callable[[Case, Tally], None], ...] = (
    check_nothing_is_negative_or_not_a_number,
    check_threats_are_stopped_or_leak,
    check_sorties_contact_and_kill_in_that_order,
    check_stocks_balance,
    check_parts_are_used_only_once,
    check_layers_keep_to_their_shots_and_capacity,
    check_days_are_counted_once,
    check_a_plants_spend_is_spend,
)
"""Checks of one simulation of a scenario."""


@given(scenarios())
@settings(max_examples=60)
def test_invariants_hold(case: Case) -> None:
    """Each invariant holds for the tallies of a random scenario; their sentences are those of the checks."""
    tally = tally_of(case)
    for check in INVARIANTS:
        check(case, tally)


@given(scenarios())
@EXAMPLES
def test_spend_is_its_sum_over_currencies(case: Case) -> None:
    """With constant exchange rates, spend by payer equals local spend converted at those rates."""
    tally = tally_of(with_assumptions(case, currencies__volatility=0.0, currencies__drift=0.0))
    worth = (tally.spend_local * tally.exchange[:, None]).sum(2)
    assert np.allclose(tally.spend.sum(1), worth, rtol=1e-9, atol=1e-9)


@given(scenarios())
@EXAMPLES
def test_without_a_programme_no_unit_of_it(case: Case) -> None:
    """A plan without programme plants produces and buys nothing, and equals the counterfactual."""
    no_intake = np.zeros_like(case.compiled.plan.in_programme)
    tally = tally_of(case, in_programme=no_intake)
    for name in ("made", "good", "delivered", "plant_stock", "part_shipped", "transit", "plant_spend", "plant_limit"):
        assert not getattr(tally, name).any(), name
    _, counterfactual = simulate_with_kernels(case.compiled, case.assumptions, case.seed, case.future)
    assert not list(differences(counterfactual, tally, COUNTERFACTUAL_TALLIES))


@given(scenarios(), st.data())
@EXAMPLES
def test_a_change_of_plan_changes_no_raid(case: Case, data: st.DataObject) -> None:
    """Two plans have the same raids, exchange rates and releases."""
    plan = case.compiled.plan
    changed = tally_of(
        case,
        output=plan.output * data.draw(st.sampled_from([0.0, 0.5, 3.0])),
        intake=plan.intake + data.draw(st.integers(0, 40)),
        max_shots=plan.max_shots + data.draw(st.integers(0, 3)),
        salvo=plan.salvo + data.draw(st.integers(0, 2)),
        by_value=1 - plan.by_value,
        stock_order=(plan.stock_order + 1) % 3,
        in_programme=1 - plan.in_programme,
    )
    assert not list(differences(changed, tally_of(case), ("launched", "exchange", "block")))


@given(scenarios(), st.floats(0.0, 500.0))
@EXAMPLES
def test_more_interceptors_change_no_raid(case: Case, stock: float) -> None:
    """A different stock of other makers does not change the raids."""
    assert np.array_equal(tally_of(case).launched, tally_of(with_assumptions(case, makers__stock=stock)).launched)


@given(scenarios())
@EXAMPLES
def test_no_sortie_without_crews_kits_weather_or_units(case: Case) -> None:
    """There are no sorties without crews, without kits, in grounding weather, or without units."""
    no_intake = np.zeros_like(case.compiled.plan.intake)
    assert not tally_of(with_assumptions(case, crews__initial=0.0), intake=no_intake).sorties.any()
    assert not tally_of(with_assumptions(case, kits__initial=0.0), kit_orders=no_intake).sorties.any()
    grounded = with_assumptions(case, regions__grounded_winter=1.0, regions__grounded_summer=1.0)
    assert not tally_of(grounded).sorties.any()
    empty = with_assumptions(case, makers__stock=0.0, makers__rate_start=0.0, makers__rate_full=0.0)
    assert not tally_of(empty, in_programme=np.zeros_like(case.compiled.plan.in_programme)).sorties.any()


@given(scenarios())
@EXAMPLES
def test_perfect_defence_has_no_leakers(case: Case) -> None:
    """With ample crews and units and certain kills, no interceptable threat leaks."""
    perfect = with_assumptions(
        case,
        engagement__p_contact=1.0,
        lethality__p_kill=1.0,
        lethality__p_floor=1.0,
        threats__p_discriminate=0.0,
        regions__grounded_winter=0.0,
        regions__grounded_summer=0.0,
        crews__initial=100_000.0,
        crews__attrition=0.0,
        crews__on_duty=1.0,
        kits__initial=100_000.0,
        kits__attrition=0.0,
        makers__stock=100_000.0,
    )
    names = case.compiled.names
    if not names.makers:
        return
    can = case.compiled.template.threats["interceptable"] == 1
    order = np.full((len(names.threats), len(names.layers)), -1)
    order[can, 0] = 0
    weight = np.ones(len(names.regions))
    tally = tally_of(perfect, layer_order=order, crew_weight=weight, dispatch_weight=weight)
    assert not tally.leaked[:, :, can].any()
    assert np.array_equal(tally.kills.sum((1, 2))[:, can], tally.launched.sum(1)[:, can])


@given(scenarios())
@EXAMPLES
def test_a_region_without_raids_changes_nothing(case: Case) -> None:
    """An additional first region without raids, crews and units leaves all other results bit-identical."""
    with_quiet = tally_of(Case(with_quiet_region(case.compiled), case.assumptions, case.seed, case.future))
    others = []
    for row, values in zip(TALLIES, with_quiet, strict=True):
        axis = row.axes.index("region") if "region" in row.axes else None
        assert axis is None or not np.take(values, 0, axis).any(), row.name
        others.append(values if axis is None else np.delete(values, 0, axis))
    assert not list(differences(Tally(*others), tally_of(case), with_quiet._fields))


def with_quiet_region(compiled: Compiled) -> Compiled:
    """Return the scenario with an additional first region without corridors and destinations."""
    names, plan, links = compiled.names, compiled.plan, compiled.links
    records, draw_columns = compiled.template._asdict(), dict(compiled.draw_columns)
    for kind in KINDS:
        if "regions" not in kind.axes:
            continue
        shape = [len(getattr(names, axis)) for axis in kind.axes]
        table = records[kind.name].reshape(shape)
        records[kind.name] = np.insert(table, 0, np.zeros((), table.dtype), axis=-1).ravel()
        for parameter in kind.parameters:
            columns = draw_columns[kind.name, parameter.name].reshape(shape)
            draw_columns[kind.name, parameter.name] = np.insert(columns, 0, -1, axis=-1).ravel()
    for parameter_name in ("spell", "power_days"):
        draw_columns["regions", parameter_name][0] = draw_columns["regions", "spell"][1]
    for points, link in (("plants", "region"), ("corridors", "origin"), ("corridors", "into")):
        moved = records[points].copy()
        moved[link] += moved[link] >= 0
        records[points] = moved
    return Compiled(
        names._replace(regions=("quiet", *names.regions)),
        links._replace(
            region_order=np.append(links.region_order + 1, 0), incoming_start=np.insert(links.incoming_start, 0, 0)
        ),
        plan._replace(
            crew_weight=np.insert(plan.crew_weight, 0, 0.0),
            dispatch_weight=np.insert(plan.dispatch_weight, 0, min(plan.dispatch_weight.min(), 0.0)),
        ),
        EntityRecords(**records),
        draw_columns,
    )


@given(scenarios())
@EXAMPLES
def test_the_seed_decides(case: Case) -> None:
    """The same seed and future give bit-identical results, regardless of earlier simulations."""
    once = tally_of(case)
    tally_of(Case(case.compiled, case.assumptions, case.seed, case.future + 1))
    assert not list(differences(once, tally_of(case), once._fields))
