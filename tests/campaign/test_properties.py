"""What holds of every future of every scenario."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from octoplan.campaign import tally
from octoplan.campaign.tally import BIAS, CAPITAL, FREIGHT, LABOUR, OVERHEAD, PARTS, ROYALTY, Tally
from octoplan.scenario.arrays import Compiled, EntityRecords
from octoplan.scenario.entities import KINDS
from tests.reference.simulation import SHARED, differences, simulated
from tests.reference.strategies import Drawn, scenarios

EXAMPLES = settings(max_examples=40)
PLANT_COSTS = (PARTS, LABOUR, OVERHEAD, ROYALTY, FREIGHT, CAPITAL)


def fly(drawn: Drawn, **plan: Any) -> Tally:
    """The tally of a drawn scenario, with decisions changed."""
    return simulated(decided(drawn.compiled, **plan), drawn.assumptions, drawn.seed, drawn.future)[0]


def decided(compiled: Compiled, **plan: Any) -> Compiled:
    return compiled._replace(plan=compiled.plan._replace(**plan))


def believed(drawn: Drawn, **numbers: float) -> Drawn:
    """The same scenario with a number, named ``kind__parameter``, the same wherever it is asked for."""
    assumptions = drawn.assumptions.copy()
    for name, value in numbers.items():
        kind, parameter = name.split("__")
        columns = drawn.compiled.slots[kind, parameter]
        assumptions[columns[columns >= 0]] = value
    return Drawn(drawn.compiled, assumptions, drawn.seed, drawn.future)


@given(scenarios())
@EXAMPLES
def test_nothing_is_negative_or_not_a_number(drawn: Drawn) -> None:
    """Every tally is at least 0, and finite but for the opening of a plant outside the programme."""
    found = fly(drawn)
    for row in tally.TALLIES:
        values = getattr(found, row.name)
        assert (values >= 0).all(), row.name
        assert np.isfinite(values).all() or row.name == "opened", row.name
    assert np.array_equal(np.isinf(found.opened), drawn.compiled.plan.programme == 0)


@given(scenarios())
@EXAMPLES
def test_threats_are_stopped_or_leak(drawn: Drawn) -> None:
    """Launched = stopped + leaked by class and month, whichever region stops them, and a layer stops each of them."""
    found = fly(drawn)
    stopped = found.stopped.sum(1)
    assert np.array_equal(found.launched.sum(1), stopped + found.leaked.sum(1))
    assert np.array_equal(found.stopped_by.sum(1), stopped)
    assert np.array_equal(found.stopped_by[:, 0], found.kills.sum((1, 2)))


@given(scenarios())
@EXAMPLES
def test_sorties_contact_and_kill_in_that_order(drawn: Drawn) -> None:
    """Kills are contacts, contacts are sorties, and only a sortie without contact is recovered."""
    found = fly(drawn)
    assert (found.kills.sum(3) <= found.contacts).all()
    assert (found.contacts + found.recovered <= found.sorties).all()
    assert np.array_equal(found.shots[:, 0], found.sorties.sum((1, 2)))
    assert (found.crews_available[found.sorties.sum((1, 2)) > 0] > 0).all()


@given(scenarios())
@EXAMPLES
def test_stocks_follow_from_what_comes_and_goes(drawn: Drawn) -> None:
    """Stock at a month's end is initial stock plus units received less units spent; a plant sends only what it made."""
    found = fly(drawn)
    start = found.stock - (found.received - found.sorties + found.recovered).cumsum(0)
    assert (start == start[0]).all()
    others = np.zeros(len(drawn.compiled.names.designs))
    np.add.at(others, drawn.world.makers["design"], np.floor(drawn.world.makers["stock"] + 0.5))
    assert np.array_equal(start[0].sum(0), others)
    assert (found.good <= found.made).all()
    sent = found.good.cumsum(0) - found.plant_stock
    assert (np.diff(sent, axis=0, prepend=0) >= 0).all()
    assert (found.delivered.cumsum(0) <= sent).all()


@given(scenarios())
@EXAMPLES
def test_parts_are_used_only_once(drawn: Drawn) -> None:
    """Parts in units made and parts on hand were shipped."""
    found, links = fly(drawn), drawn.compiled.links
    design = drawn.compiled.template.plants["design"]
    used = (found.made.cumsum(0)[:, :, None] * links.bill[design][None]).sum(1)
    shipped = np.zeros_like(used)
    for supplier, part in enumerate(drawn.compiled.template.suppliers["part"]):
        shipped[:, part] += found.part_shipped.cumsum(0)[:, supplier]
    assert (used + found.part_stock.sum(1) <= shipped).all()


@given(scenarios())
@EXAMPLES
def test_layers_keep_to_their_shots_and_capacity(drawn: Drawn) -> None:
    """A stocked layer fires no more than its stock and resupply, a limited one stops no more than it can engage."""
    found, world = fly(drawn), drawn.world
    regions, days = len(drawn.compiled.names.regions), len(drawn.compiled.links.month_of)
    for row, layer in enumerate(world.layers):
        if layer["stocked"]:
            assert found.shots[:, row].sum() <= (layer["stock"] + layer["resupply"] * days) * (1 + 1e-12)
        if layer["limited"]:
            capacity = world.posts["capacity"].reshape(-1, regions)[row]
            assert found.stopped_by[:, row].sum() <= np.floor(capacity * days).sum()


@given(scenarios())
@EXAMPLES
def test_days_are_counted_once(drawn: Drawn) -> None:
    """Each day of a plant in the programme has one limiting factor, and no region has more nights than days."""
    found, plan, links = fly(drawn), drawn.compiled.plan, drawn.compiled.links
    expected = links.month_days[:, None] * plan.programme[None]
    assert np.array_equal(found.plant_limit.sum(2), expected)
    assert (found.nights.sum(2) <= links.month_days[:, None]).all()
    assert (found.plant_down <= links.month_days[:, None]).all()


@given(scenarios())
@EXAMPLES
def test_a_plants_spend_is_spend(drawn: Drawn) -> None:
    """Costs of plants add up to the spend on them, whoever pays, and the bias on them to its share."""
    found = fly(drawn)
    by_cost = found.spend.sum((0, 2))
    bias = drawn.world.finance["optimism_bias"][0]
    assert np.allclose(found.plant_spend.sum((0, 1))[list(PLANT_COSTS)], by_cost[list(PLANT_COSTS)], rtol=1e-9)
    assert np.isclose(by_cost[BIAS], bias * by_cost[list(PLANT_COSTS)].sum(), rtol=1e-9)


@given(scenarios())
@EXAMPLES
def test_spend_is_its_sum_over_currencies(drawn: Drawn) -> None:
    """With exchange rates that stand still, spend by payer is the local spend at those rates."""
    found = fly(believed(drawn, currencies__volatility=0.0, currencies__drift=0.0))
    worth = (found.spend_local * found.exchange[:, None]).sum(2)
    assert np.allclose(found.spend.sum(1), worth, rtol=1e-9, atol=1e-9)


@given(scenarios())
@EXAMPLES
def test_without_a_programme_no_unit_of_it(drawn: Drawn) -> None:
    """A plan in which no plant takes part makes nothing, buys nothing and is what the shadow flight shows."""
    nobody = np.zeros_like(drawn.compiled.plan.programme)
    found = fly(drawn, programme=nobody)
    for name in ("made", "good", "delivered", "plant_stock", "part_shipped", "transit", "plant_spend", "plant_limit"):
        assert not getattr(found, name).any(), name
    _, shadow = simulated(drawn.compiled, drawn.assumptions, drawn.seed, drawn.future)
    assert not list(differences(shadow, found, SHARED))


@given(scenarios(), st.data())
@EXAMPLES
def test_a_change_of_plan_changes_no_raid(drawn: Drawn, data: st.DataObject) -> None:
    """Two plans meet the same raids, exchange rates and releases."""
    plan = drawn.compiled.plan
    changed = fly(
        drawn,
        output=plan.output * data.draw(st.sampled_from([0.0, 0.5, 3.0])),
        intake=plan.intake + data.draw(st.integers(0, 40)),
        max_shots=plan.max_shots + data.draw(st.integers(0, 3)),
        salvo=plan.salvo + data.draw(st.integers(0, 2)),
        by_value=1 - plan.by_value,
        newest_first=1 - plan.newest_first,
        programme=1 - plan.programme,
    )
    assert not list(differences(changed, fly(drawn), ("launched", "exchange", "block")))


@given(scenarios(), st.floats(0.0, 500.0))
@EXAMPLES
def test_more_interceptors_change_no_raid(drawn: Drawn, stock: float) -> None:
    """The other side does not see the stocks: with other makers' stock changed, the raids are the same."""
    assert np.array_equal(fly(drawn).launched, fly(believed(drawn, makers__stock=stock)).launched)


@given(scenarios())
@EXAMPLES
def test_nobody_flies_without_crews_kits_weather_or_units(drawn: Drawn) -> None:
    """Take any one of them away and there is no sortie."""
    nobody = np.zeros_like(drawn.compiled.plan.intake)
    assert not fly(believed(drawn, crews__initial=0.0), intake=nobody).sorties.any()
    assert not fly(believed(drawn, kits__initial=0.0), kit_orders=nobody).sorties.any()
    grounded = believed(drawn, regions__grounded_winter=1.0, regions__grounded_summer=1.0)
    assert not fly(grounded).sorties.any()
    empty = believed(drawn, makers__stock=0.0, makers__rate_start=0.0, makers__rate_full=0.0)
    assert not fly(empty, programme=np.zeros_like(drawn.compiled.plan.programme)).sorties.any()


@given(scenarios())
@EXAMPLES
def test_perfect_defence_lets_nothing_by(drawn: Drawn) -> None:
    """With a crew and a unit for every threat and certain kills, nothing that interceptors can engage leaks."""
    perfect = believed(
        drawn,
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
    names = drawn.compiled.names
    if not names.makers:
        return
    can = drawn.compiled.template.threats["interceptable"] == 1
    order = np.full((len(names.threats), len(names.layers)), -1)
    order[can, 0] = 0
    weight = np.ones(len(names.regions))
    found = fly(perfect, layer_order=order, crew_weight=weight, dispatch_weight=weight)
    assert not found.leaked[:, :, can].any()
    assert np.array_equal(found.kills.sum((1, 2))[:, can], found.launched.sum(1)[:, can])


@given(scenarios())
@EXAMPLES
def test_a_region_without_raids_changes_nothing(drawn: Drawn) -> None:
    """With a quiet region put in front of the others, without crews or units of its own, all else is the same bits."""
    beside = fly(Drawn(with_quiet_region(drawn.compiled), drawn.assumptions, drawn.seed, drawn.future))
    others = []
    for row, values in zip(tally.TALLIES, beside, strict=True):
        axis = row.axes.index("region") if "region" in row.axes else None
        assert axis is None or not np.take(values, 0, axis).any(), row.name
        others.append(values if axis is None else np.delete(values, 0, axis))
    assert not list(differences(Tally(*others), fly(drawn), beside._fields))


def with_quiet_region(compiled: Compiled) -> Compiled:
    """A region more, the first in the file, to which nothing leads and nothing goes."""
    names, plan, links = compiled.names, compiled.plan, compiled.links
    records, slots = compiled.template._asdict(), dict(compiled.slots)
    for kind in KINDS:
        if "regions" not in kind.axes:
            continue
        shape = [len(getattr(names, axis)) for axis in kind.axes]
        table = records[kind.name].reshape(shape)
        records[kind.name] = np.insert(table, 0, np.zeros((), table.dtype), axis=-1).ravel()
        for parameter in kind.parameters:
            columns = slots[kind.name, parameter.name].reshape(shape)
            slots[kind.name, parameter.name] = np.insert(columns, 0, -1, axis=-1).ravel()
    slots["regions", "spell"][0], slots["regions", "power_days"][0] = slots["regions", "spell"][1:2].repeat(2)
    for points, link in (("plants", "region"), ("corridors", "origin"), ("corridors", "into")):
        moved = records[points].copy()
        moved[link] += moved[link] >= 0
        records[points] = moved
    return Compiled(
        names._replace(regions=("quiet", *names.regions)),
        links._replace(region_order=np.append(links.region_order + 1, 0), into_start=np.insert(links.into_start, 0, 0)),
        plan._replace(
            crew_weight=np.insert(plan.crew_weight, 0, 0.0),
            dispatch_weight=np.insert(plan.dispatch_weight, 0, min(plan.dispatch_weight.min(), 0.0)),
        ),
        EntityRecords(**records),
        slots,
    )


@given(scenarios())
@EXAMPLES
def test_the_seed_decides(drawn: Drawn) -> None:
    """The same seed and future give the same bits again, whatever was simulated in between."""
    once = fly(drawn)
    fly(Drawn(drawn.compiled, drawn.assumptions, drawn.seed, drawn.future + 1))
    assert not list(differences(once, fly(drawn), once._fields))
