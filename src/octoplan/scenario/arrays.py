"""The compiled scenario: flat arrays of plain numbers, the only thing the campaign ever sees.

An entity is a record of a structured array, a row in the order of the scenario folder; its fields are the
links (row numbers, -1 for none) and the parameters of its kind in the units of ``entities.KINDS``. A money
parameter ``x`` has a companion ``x_currency``, the row of its currency. A pair such as (threat, region) is
row ``threat * regions + region``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from octoplan.scenario.entities import KINDS, Kind

Records = Any
"""A structured array whose fields read as attributes, as kernels read them (``world.plants[p].region``)."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


def record(kind: Kind) -> np.dtype[np.void]:
    """The record of one entity of a kind: single links, parameters, and the currency of each money parameter."""
    fields: list[tuple[str, str]] = [(link.name, "i8") for link in kind.links if not link.many]
    for parameter in kind.parameters:
        fields.append((parameter.name, "f8"))
        if parameter.is_money:
            fields.append((f"{parameter.name}_currency", "i8"))
    return np.dtype(fields)


RECORDS = {kind.name: record(kind) for kind in KINDS if kind.parameters}


class World(NamedTuple):
    """One future's assumptions and the structure they hang on.

    Records (see ``entities.KINDS`` for fields and units), one row an entity or pair.
    """

    currencies: Records
    countries: Records
    gates: Records
    plants: Records
    suppliers: Records
    causes: Records
    lanes: Records
    regions: Records
    corridors: Records
    raids: Records
    packages: Records
    splits: Records
    threats: Records
    engagement: Records
    layers: Records
    posts: Records
    effects: Records
    designs: Records
    lethality: Records
    makers: Records
    crews: Records
    kits: Records
    finance: Records


class Known(NamedTuple):
    """What is known on a date and takes the place of what was simulated until then; -1 where nothing is stated.

    day
        (1,) the day on whose morning it holds, a first of a month; -1 where the scenario has no state.
    gate_earliest, gate_latest
        (gates,) days between which a gate is passed, whatever was drawn: equal where the day is known, the state's
        day and infinity where it is known to be still open on that morning; 0 and infinity where nothing is stated.
    experience, heads
        (plants,) units of experience; workers.
    plant_stock
        (plants,) good units waiting at the plant.
    on_hand, on_order
        (plants, parts) parts in store; parts ordered and not yet arrived.
    stock
        (regions, designs) units in the region.
    total_stock
        (designs,) units in all regions together, shared out like a delivery.
    crews
        (2,) crews trained; crews in their course.
    kits
        (2,) kits in service; kits ordered and not yet arrived.
    """

    day: Ints
    gate_earliest: Floats
    gate_latest: Floats
    experience: Floats
    heads: Floats
    plant_stock: Ints
    on_hand: Ints
    on_order: Ints
    stock: Ints
    total_stock: Ints
    crews: Ints
    kits: Ints


class Links(NamedTuple):
    """The structure that no assumption changes. Row numbers; -1 pads and means none.

    month_of
        (days,) month of each day, from 0.
    row_of
        (days,) row of the tallies that each day adds to: its month, or the day itself in a flight told day by day.
    month_days
        (months,) days in each month.
    winter
        (days,) weight of winter, 1 in mid-January, 0 in mid-July.
    gate_after
        (gates, gates) 1 where the row's gate waits for the column's.
    plant_gates
        (plants, gates) 1 where the plant needs the gate.
    plant_lanes
        (plants, most) lanes of a plant in order of preference.
    supplier_causes
        (suppliers, causes) 1 where the cause takes the supplier down.
    bill
        (designs, parts) parts in one unit.
    region_order
        (regions,) regions in an order in which every corridor leads forward.
    into_start, into
        (regions + 1,), (corridors,) corridors into region r are ``into[into_start[r]:into_start[r + 1]]``.
    reference_layer
        (1,) the missile layer that kills are compared with.
    given
        (days, packages) counts of the first days that are given, not drawn; days may be 0.
    salvo_times, threat_times
        (days,), (days, threats) what-ifs: factors on the share of salvo days and on the counts of each class.
    known
        what is known on a date.
    """

    month_of: Ints
    row_of: Ints
    month_days: Ints
    winter: Floats
    gate_after: Ints
    plant_gates: Ints
    plant_lanes: Ints
    supplier_causes: Ints
    bill: Ints
    region_order: Ints
    into_start: Ints
    into: Ints
    reference_layer: Ints
    given: Ints
    salvo_times: Floats
    threat_times: Floats
    known: Known


class Plan(NamedTuple):
    """What is chosen (``decisions.toml``). Lists run on with their last value.

    output
        (plants, months) good units asked for in the month, counted from the month the plant opens.
    lines
        (plants, months) lines installed, counted from the month the plant opens.
    orders
        (plants, parts, months) parts ordered at the start of a calendar month; -1 where the plan is silent
        and the base-stock policy orders.
    cover
        (1,) days of planned use that the base-stock policy keeps beyond the mean lead time.
    sourcing
        (suppliers,) weight of a supplier among those of its part.
    intake
        (months,) crews that start training in the month.
    kit_orders
        (months,) kits ordered in the month.
    crew_weight
        (regions,) weight of the region when crews are shared out.
    dispatch_weight
        (regions,) weight when units are shared out by plan; -1 in every row to equalise days of cover.
    layer_order
        (threats, layers) layers in the order in which they fight the class, -1 pads.
    max_shots
        (threats,) engagements of one threat in one region at the most.
    salvo
        (threats,) interceptors launched together in one engagement.
    value
        (threats,) worth of the class in the queue, used when ``by_value`` is 1.
    by_value
        (1,) 1: the crews' queue is ordered by value, then deadline; 0: by deadline.
    prefer
        (designs,) designs in the order in which crews use them.
    newest_first
        (1,) 1: the newest block is used first; 0: the oldest.
    programme
        (plants,) 1 where the plant takes part; all 0 in the counterfactual without the programme.
    """

    output: Floats
    lines: Floats
    orders: Floats
    cover: Floats
    sourcing: Floats
    intake: Ints
    kit_orders: Ints
    crew_weight: Floats
    dispatch_weight: Floats
    layer_order: Ints
    max_shots: Ints
    salvo: Ints
    value: Floats
    by_value: Ints
    prefer: Ints
    newest_first: Ints
    programme: Ints


class Keys(NamedTuple):
    """Stream keys (``campaign.streams``): the key of row i of stream kind k is ``words[start[k] + i]``.

    words
        (streams, 2) the seed and the hash of the stream's name.
    start
        (kinds,) where each kind of stream begins.
    """

    words: Words
    start: Ints


class Names(NamedTuple):
    """The names of the rows, in order: coordinates of every result."""

    currencies: tuple[str, ...]
    payers: tuple[str, ...]
    countries: tuple[str, ...]
    gates: tuple[str, ...]
    plants: tuple[str, ...]
    parts: tuple[str, ...]
    suppliers: tuple[str, ...]
    causes: tuple[str, ...]
    lanes: tuple[str, ...]
    regions: tuple[str, ...]
    corridors: tuple[str, ...]
    packages: tuple[str, ...]
    threats: tuple[str, ...]
    layers: tuple[str, ...]
    designs: tuple[str, ...]
    makers: tuple[str, ...]
    months: tuple[str, ...]


class Compiled(NamedTuple):
    """A scenario ready to fly: structure, plan, names, and where each assumption goes.

    ``slots`` says, for kind, parameter and row, which column of the assumption draws fills it: an (rows,) int
    array for each ``(kind, parameter)``; -1 where no number is needed (the field is 0). ``template`` holds
    the records with links and currencies filled in and parameters at zero.
    """

    names: Names
    links: Links
    plan: Plan
    template: World
    slots: dict[tuple[str, str], Ints]


def world(compiled: Compiled, assumptions: Floats) -> World:
    """The records of one future.

    assumptions
        (columns,) one draw of every assumption, in the units of ``entities.KINDS``.
    """
    records = {name: array.copy() for name, array in compiled.template._asdict().items()}
    values = np.append(assumptions, 0.0)  # a column of -1, for a number that no assumption fills, is the last
    for (kind, parameter), columns in compiled.slots.items():
        records[kind][parameter] = values[columns]
    return World(**records)
