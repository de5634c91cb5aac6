"""Compilation of a validated scenario to the arrays of the simulation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from math import cos, pi

import numpy as np

from octoplan.scenario.arrays import (
    BEST_FIRST,
    NEWEST_FIRST,
    OLDEST_FIRST,
    RECORD_DTYPES,
    Compiled,
    DecisionArrays,
    EntityRecords,
    Floats,
    Ints,
    KnownState,
    Links,
    Names,
    Records,
)
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import ParameterKey
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.entities import BORDER, INTERCEPTOR, KIND_BY_NAME, KINDS, Kind, Link
from octoplan.scenario.programme import Programme
from octoplan.scenario.what_if import WhatIfFactors

STOCK_ORDERS = {"oldest": OLDEST_FIRST, "newest": NEWEST_FIRST, "best": BEST_FIRST}
"""Codes of the orders in which crews use the cohorts, by value of ``doctrine.stock``."""
MID_JANUARY = 15
"""Day of the year on which the weight of winter is 1."""


def compile_arrays(
    programme: Programme,
    decisions: Decisions,
    cover: float,
    assumptions: Sequence[Assumption],
    draw_columns: Mapping[ParameterKey, int],
    observed_counts: Ints,
    factors: WhatIfFactors,
    known_state: KnownState,
) -> Compiled:
    """Return the arrays of a scenario.

    cover
        Days of planned use that the base-stock policy covers in addition to the mean lead time.
    draw_columns
        Column of the assumption draws that supplies each parameter.
    observed_counts
        (observed days, packages) observed counts of threats on the first days, which are not simulated.
    factors
        What-if factors by day.
    known_state
        Known state at a date.
    """
    names = programme.all_names()
    return Compiled(
        names,
        links(programme, names, observed_counts, factors, known_state),
        plan(programme, decisions, cover, names),
        template(programme, names, assumptions, draw_columns),
        _draw_columns(programme, draw_columns),
    )


def name_tuples(programme: Programme, kind: Kind) -> list[tuple[str, ...]]:
    """Names of the entities of each record of a kind: the product of the names on its axes, last axis fastest."""
    combinations: list[tuple[str, ...]] = [()]
    for axis in kind.axes:
        combinations = [(*row, name) for row in combinations for name in programme.names(axis)]
    return combinations


def _draw_columns(programme: Programme, draw_columns: Mapping[ParameterKey, int]) -> dict[tuple[str, str], Ints]:
    """By (kind, parameter): (rows,) columns of the assumption draws; -1 for parameters that are not required."""
    return {
        (kind.name, parameter.name): np.array(
            [draw_columns.get((kind.name, parameter.name, row), -1) for row in name_tuples(programme, kind)], np.int64
        )
        for kind in KINDS
        for parameter in kind.parameters
    }


def template(
    programme: Programme, names: Names, assumptions: Sequence[Assumption], draw_columns: Mapping[ParameterKey, int]
) -> EntityRecords:
    """Return the records of all entities with their links and currencies; all parameters are 0."""
    records: dict[str, Records] = {}
    for name, dtype in RECORD_DTYPES.items():
        kind = KIND_BY_NAME[name]
        table = np.zeros(len(name_tuples(programme, kind)), dtype)
        for index, row in enumerate(name_tuples(programme, kind)):
            for link in kind.links:
                if not link.is_list:
                    table[link.name][index] = _link_value(programme, kind, row, link)
            for parameter in kind.parameters:
                column = draw_columns.get((name, parameter.name, row), -1)
                if parameter.is_money:
                    currency = names.currencies.index(assumptions[column].currency) if column >= 0 else -1
                    table[f"{parameter.name}_currency"][index] = currency
        records[name] = table
    return EntityRecords(**records)


def _link_value(programme: Programme, kind: Kind, row: Sequence[str], link: Link) -> int:
    """A link as an integer: the row of an entity, the index of an option, or 0 or 1 for a Boolean; -1 if not stated."""
    if row and row[0] == INTERCEPTOR and kind.name == "layers":
        return 0 if link.domain == "bool" else -1
    entity = programme.entities[kind.name][row[0]] if row else programme.single_entities[kind.name]
    value = entity[link.name]
    if link.domain == "bool":
        return int(value is True)
    if not isinstance(value, str) or value == BORDER:
        return -1
    return (link.domain if isinstance(link.domain, tuple) else programme.names(link.domain)).index(value)


def links(
    programme: Programme, names: Names, observed_counts: Ints, factors: WhatIfFactors, known_state: KnownState
) -> Links:
    """Return the structure of the scenario that does not depend on assumptions."""
    month_days = np.array([_days_in_month(year, month) for year, month in programme.calendar()], np.int64)
    month_of = np.repeat(np.arange(len(month_days)), month_days).astype(np.int64)
    dates = [programme.start + timedelta(int(day)) for day in range(int(month_days.sum()))]
    corridors = [programme.entities["corridors"][name] for name in names.corridors]
    into = [names.regions.index(str(corridor["into"])) for corridor in corridors]
    corridors_by_destination = sorted(range(len(into)), key=lambda corridor: into[corridor])
    lanes = [programme.links("plants", plant, "lanes") for plant in names.plants]
    return Links(
        month_of=month_of,
        tally_row=month_of,
        month_days=month_days,
        winter_weight=np.array([winter_weight(day) for day in dates]),
        gate_predecessors=_membership_matrix(
            names.gates, names.gates, lambda gate: programme.links("gates", gate, "after")
        ),
        plant_gates=_membership_matrix(
            names.plants, names.gates, lambda plant: programme.links("plants", plant, "gates")
        ),
        plant_lanes=_padded_array([[names.lanes.index(lane) for lane in lane_names] for lane_names in lanes]),
        supplier_causes=_membership_matrix(
            names.suppliers, names.causes, lambda supplier: programme.links("suppliers", supplier, "causes")
        ),
        bill=np.array(
            [[programme.bills[design].get(part, 0) for part in names.parts] for design in names.designs], np.int64
        ).reshape(len(names.designs), len(names.parts)),
        region_order=_topological_order(names, corridors),
        incoming_start=np.searchsorted(np.sort(into), np.arange(len(names.regions) + 1)).astype(np.int64),
        incoming=np.array(corridors_by_destination, np.int64),
        reference_layer=np.array(
            [names.layers.index(programme.missile_layer) if programme.missile_layer else -1], np.int64
        ),
        observed_counts=observed_counts,
        salvo_factor=factors.salvos,
        threat_factor=factors.threats,
        known_state=known_state,
    )


def winter_weight(day: date) -> float:
    """Weight of winter on a day: a cosine over the year that is 1 in mid-January and 0 in mid-July."""
    return 0.5 * (1 + cos(2 * pi * (day.timetuple().tm_yday - MID_JANUARY) / 365.25))


def _days_in_month(year: int, month: int) -> int:
    """Number of days in a month; ``month`` counts from 0."""
    first, following = year * 12 + month, year * 12 + month + 1
    return (date(following // 12, following % 12 + 1, 1) - date(first // 12, first % 12 + 1, 1)).days


def _membership_matrix(
    row_names: Sequence[str], column_names: Sequence[str], members_of: Callable[[str], Sequence[str]]
) -> Ints:
    """(rows, columns) 1 if the column's name is among the members of the row's name."""
    table = [[int(column in members_of(row)) for column in column_names] for row in row_names]
    return np.array(table, np.int64).reshape(len(row_names), len(column_names))


def _padded_array(lists: Sequence[Sequence[int]], width: int | None = None) -> Ints:
    """Return lists as the rows of an array, padded with -1 to ``width``, by default the length of the longest list."""
    width = max([len(items) for items in lists], default=0) if width is None else width
    table = np.full((len(lists), width), -1, np.int64)
    for row, items in enumerate(lists):
        table[row, : len(items)] = items
    return table


def _topological_order(names: Names, corridors: Sequence[Mapping[str, object]]) -> Ints:
    """(regions,) rows of the regions in topological order of the corridors; ties in the order of ``programme.toml``."""
    predecessors = {
        region: {c["origin"] for c in corridors if c["into"] == region} - {BORDER} for region in names.regions
    }
    order: list[str] = []
    while len(order) < len(names.regions):
        order.append(next(r for r in names.regions if r not in order and predecessors[r] <= set(order)))
    return np.array([names.regions.index(region) for region in order], np.int64)


def plan(programme: Programme, decisions: Decisions, cover: float, names: Names) -> DecisionArrays:
    """Return the decisions as arrays, with entities as row numbers."""
    months = programme.months
    orders = np.full((len(names.plants), len(names.parts), months), -1.0)
    for plant, parts in decisions.orders.explicit.items():
        for part, series in parts.items():
            orders[names.plants.index(plant), names.parts.index(part)] = _extend(series, months)
    doctrines = [decisions.doctrine.against[threat] for threat in names.threats]
    prefer = decisions.doctrine.prefer or names.designs
    by_share = decisions.dispatch.rule == "share"
    return DecisionArrays(
        output=_monthly_values(decisions.output, names.plants, months, 0.0),
        lines=_monthly_values(decisions.lines, names.plants, months, 1.0),
        orders=orders,
        cover=np.array([cover]),
        sourcing=np.array([decisions.sourcing.get(supplier, 1.0) for supplier in names.suppliers], float),
        intake=_extend(decisions.crews.intake, months).astype(np.int64),
        kit_orders=_extend(decisions.kits.order, months).astype(np.int64),
        crew_weight=_weights(decisions.crew_share or {"*": 1.0}, names.regions),
        dispatch_weight=_weights(decisions.dispatch.share if by_share else {"*": -1.0}, names.regions),
        layer_order=_padded_array(
            [[names.layers.index(layer) for layer in doctrine.layers] for doctrine in doctrines], len(names.layers)
        ),
        max_shots=np.array([doctrine.max_shots for doctrine in doctrines], np.int64),
        salvo=np.array([doctrine.salvo for doctrine in doctrines], np.int64),
        value=np.array([doctrine.value for doctrine in doctrines], float),
        by_value=np.array([int(decisions.doctrine.queue == "value")], np.int64),
        prefer=np.array([names.designs.index(design) for design in prefer], np.int64),
        stock_order=np.array([STOCK_ORDERS[decisions.doctrine.stock]], np.int64),
        in_programme=np.ones(len(names.plants), np.int64),
    )


def _extend(series: Sequence[float], months: int) -> Floats:
    """(months,) values of a monthly list, extended to the horizon by its last value."""
    return np.array([series[min(month, len(series) - 1)] for month in range(months)], float)


def _monthly_values(
    series: Mapping[str, Sequence[float]], plants: Sequence[str], months: int, default_value: float
) -> Floats:
    """(plants, months) values of monthly lists by plant, with a default for plants without a list."""
    table = [_extend(series.get(plant, [default_value]), months) for plant in plants]
    return np.array(table, float).reshape(len(plants), months)


def _weights(weights: Mapping[str, float], regions: Sequence[str]) -> Floats:
    """(regions,) weights by name; "*" is the weight of all other regions."""
    return np.array([weights[region] if region in weights else weights["*"] for region in regions], float)
