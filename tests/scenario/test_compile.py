"""Compilation of a scenario to arrays."""

from datetime import date

import numpy as np
import pytest

from octoplan.scenario import Scenario
from octoplan.scenario.arrays import RECORD_DTYPES, DecisionArrays, KnownState, Links, entity_records
from octoplan.scenario.compile import winter_weight
from octoplan.scenario.entities import KIND_BY_NAME, KINDS


def test_days_belong_to_calendar_months(scenario: Scenario) -> None:
    """Days belong to the months of the calendar, from the first of the first month."""
    links = scenario.compile().links
    assert links.month_days.tolist() == [30, 31, 31, 28]
    assert links.month_of.tolist() == [0] * 30 + [1] * 31 + [2] * 31 + [3] * 28
    assert links.winter_weight.shape == (120,)


def test_winter_is_a_cosine_over_the_year() -> None:
    """The weight of winter is 1 in mid-January and 0 in mid-July."""
    assert winter_weight(date(2026, 1, 15)) == 1.0
    assert winter_weight(date(2026, 7, 16)) == pytest.approx(0.0, abs=1e-3)
    assert winter_weight(date(2026, 4, 16)) == pytest.approx(0.5, abs=0.01)


def test_lists_of_links_become_matrices(scenario: Scenario) -> None:
    """Lists of names become matrices of 0 and 1, lists of row numbers, and counts."""
    links = scenario.compile().links
    assert links.gate_predecessors.tolist() == [[0, 0], [1, 0]]
    assert links.plant_gates.tolist() == [[1, 1], [0, 0]]
    assert links.plant_lanes.tolist() == [[0, 1], [0, -1]]
    assert links.supplier_causes.tolist() == [[1], [0], [1]]
    assert links.bill.tolist() == [[4, 1], [0, 0]]
    assert links.reference_layer.tolist() == [2]


def test_regions_are_in_topological_order(scenario: Scenario) -> None:
    """Regions follow the regions from which corridors reach them; corridors are grouped by destination."""
    compiled = scenario.compile()
    assert [scenario.names.regions[r] for r in compiled.links.region_order] == ["east", "west"]
    into = [
        [scenario.names.corridors[c] for c in compiled.links.incoming[start:stop]]
        for start, stop in zip(compiled.links.incoming_start[:-1], compiled.links.incoming_start[1:], strict=True)
    ]
    assert dict(zip(scenario.names.regions, into, strict=True)) == {"west": ["east-west"], "east": ["border-east"]}
    assert compiled.template.corridors["origin"].tolist() == [-1, 1]


def test_links_are_integers(scenario: Scenario) -> None:
    """A link is the row of an entity or -1, the index of an option, or 0 or 1 for a Boolean."""
    template = scenario.compile().template
    assert template.plants["region"].tolist() == [-1, 0]
    assert template.plants["learning"].tolist() == [0, 1]
    assert template.suppliers["country"].tolist() == [0, 1, 1]
    assert template.threats["interceptable"].tolist() == [1, 1, 0]
    assert template.threats["decoy"].tolist() == [0, 1, 0]
    assert template.layers["limited"].tolist() == [0, 1, 0]
    assert template.layers["payer"].tolist() == [-1, 1, 1]
    assert (template.crews["payer"].tolist(), template.kits["payer"].tolist()) == ([1], [0])


def test_monetary_parameters_have_a_currency(scenario: Scenario) -> None:
    """Each monetary parameter has the row of its currency, or -1 if the parameter is not required."""
    template = scenario.compile().template
    assert template.plants["labour_rate_currency"].tolist() == [0, 1]
    assert template.suppliers["price_currency"].tolist() == [0, 0, 1]
    assert template.layers["cost_currency"].tolist() == [-1, 0, 0]


def test_lists_continue_with_their_last_value(scenario: Scenario) -> None:
    """Monthly lists are extended by their last value; decisions that are not stated have their defaults."""
    plan = scenario.compile().plan
    assert plan.output.tolist() == [[0, 0, 250, 250], [100, 100, 100, 100]]
    assert plan.lines.tolist() == [[1, 2, 2, 2], [1, 1, 1, 1]]
    assert plan.orders[0, 0].tolist() == [4000, 2000, 2000, 2000]
    assert (plan.orders[0, 1] == -1).all()
    assert (plan.orders[1] == -1).all()
    assert plan.intake.tolist() == [40, 60, 60, 60]
    assert plan.kit_orders.tolist() == [20] * 4
    assert plan.cover.tolist() == [30.0]
    assert plan.sourcing.tolist() == [0.7, 1.0, 1.0]
    assert plan.crew_weight.tolist() == [3.0, 1.0]
    assert plan.dispatch_weight.tolist() == [-1.0, -1.0]
    assert plan.in_programme.tolist() == [1, 1]


def test_the_doctrine_lists_layers_by_class(scenario: Scenario) -> None:
    """Each class has its layers in order, padded with -1, and its limits; designs are in order of use."""
    plan = scenario.compile().plan
    assert plan.layer_order.tolist() == [[0, 1, -1], [1, 0, -1], [2, -1, -1]]
    assert plan.max_shots.tolist() == [3, 1, 1]
    assert plan.value.tolist() == [1.0, 1.0, 20.0]
    assert (plan.by_value.tolist(), plan.stock_order.tolist(), plan.prefer.tolist()) == ([0], [1], [0, 1])


def test_every_parameter_is_the_draw_of_its_assumption(scenario: Scenario) -> None:
    """Each parameter in the records of a future is the draw that supplies it, or its value without a row."""
    compiled = scenario.compile()
    absent = {(kind.name, p.name): p.absent for kind in KINDS for p in kind.parameters}
    assumptions = np.arange(1.0, len(scenario.columns) + 1)
    records = entity_records(compiled, assumptions)._asdict()
    assert set(compiled.draw_columns) == {(kind.name, p.name) for kind in KINDS for p in kind.parameters}
    for (kind, parameter), columns in compiled.draw_columns.items():
        names = [getattr(scenario.names, axis) for axis in KIND_BY_NAME[kind].axes]
        sizes = [len(axis) for axis in names]
        assert columns.shape == (int(np.prod(sizes)),) == records[kind].shape
        for index, column in enumerate(columns):
            row = [axis[i] for axis, i in zip(names, np.unravel_index(index, sizes), strict=True)] if sizes else []
            value = records[kind][parameter][index]
            if column < 0:
                assert np.array_equal(value, absent[kind, parameter], equal_nan=True)
            else:
                assumption = scenario.row_of(kind, parameter, *row)
                assert value == 1 + scenario.columns.index(assumption.name)


def test_arrays_have_the_declared_dtypes(scenario: Scenario) -> None:
    """The arrays have the dtypes for which the kernels are compiled."""
    compiled = scenario.compile()
    assert {name: array.dtype for name, array in compiled.template._asdict().items()} == RECORD_DTYPES
    arrays = [
        array
        for array in (*compiled.links, *compiled.links.known_state, *compiled.plan)
        if not isinstance(array, KnownState)
    ]
    assert len(arrays) == len(Links._fields) - 1 + len(KnownState._fields) + len(DecisionArrays._fields)
    for array in arrays:
        assert array.dtype in (np.int64, np.float64)
        assert array.flags.c_contiguous
