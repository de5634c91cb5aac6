"""The compiled scenario: flat arrays of plain numbers, the only input of the campaign.

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
"""A structured array whose fields read as attributes, as kernels read them (``entities.plants[p].region``)."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


def record_dtype(kind: Kind) -> np.dtype[np.void]:
    """The record of one entity of a kind: single links, parameters, and the currency of each money parameter."""
    fields: list[tuple[str, str]] = [(link.name, "i8") for link in kind.links if not link.many]
    for parameter in kind.parameters:
        fields.append((parameter.name, "f8"))
        if parameter.is_money:
            fields.append((f"{parameter.name}_currency", "i8"))
    return np.dtype(fields)


RECORDS = {kind.name: record_dtype(kind) for kind in KINDS if kind.parameters}


class EntityRecords(NamedTuple):
    """The entities of a scenario with the assumptions of one future filled in.

    Records (see ``entities.KINDS`` for fields and units), one row for each entity or pair.
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


class Keys(NamedTuple):
    """Keys of random streams (``campaign.streams``): the key of row i of stream kind k is ``by_stream[start[k] + i]``.

    by_stream
        (streams, 2) the seed and the hash of the stream's name.
    start
        (kinds,) first row of each kind of stream.
    """

    by_stream: Words
    start: Ints


class ArrivalProcess(NamedTuple):
    """Everything that decides how many threats arrive, of which class, and where: all that those kernels are given.

    process, packages, splits
        Records of the raid process, of the packages, and of (package, region).
    threats
        Records of the classes, with ``ARRIVAL_FIELDS`` alone.
    given_counts
        (days given, packages) counts of the first days that are given, not drawn; may have no row.
    salvo_factor
        (days,) factor of what-ifs on the share of salvo days.
    threat_factor
        (days, threats) factors of what-ifs on the counts of the classes.
    keys
        The keys of the arrivals' random streams.
    """

    process: Records
    packages: Records
    splits: Records
    threats: Records
    given_counts: Ints
    salvo_factor: Floats
    threat_factor: Floats
    keys: Keys


ARRIVAL_FIELDS = ("package", "direct", "mix")
"""What decides the arrivals of a class of threat, and whether it follows the corridors."""


class KnownState(NamedTuple):
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
        (days,) row of the tallies that each day adds to: its month, or the day itself where results are wanted by day.
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
    incoming_start, incoming
        (regions + 1,), (corridors,) corridors into region r are ``incoming[incoming_start[r]:incoming_start[r + 1]]``.
    reference_layer
        (1,) the missile layer that kills are compared with.
    given_counts
        (days, packages) counts of the first days that are given, not drawn; days may be 0.
    salvo_factor, threat_factor
        (days,), (days, threats) what-ifs: factors on the share of salvo days and on the counts of each class.
    known_state
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
    incoming_start: Ints
    incoming: Ints
    reference_layer: Ints
    given_counts: Ints
    salvo_factor: Floats
    threat_factor: Floats
    known_state: KnownState


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
    """A scenario ready to be simulated: structure, plan, names, and which assumption fills which number.

    names
        The names of the rows.
    links
        The structure that no assumption changes.
    plan
        The decisions.
    template
        The records of the entities with links and currencies filled in and parameters at 0.
    slots
        (kind, parameter) -> (rows,) column of the assumption draws that fills the parameter of each row; -1 where no
        number is needed (the field is 0).
    """

    names: Names
    links: Links
    plan: Plan
    template: EntityRecords
    slots: dict[tuple[str, str], Ints]


def records_of(compiled: Compiled, kind: str, assumptions: Floats) -> Records:
    """The records of one kind of entity, (rows,) for one future and (futures, rows) for several.

    assumptions
        (columns,) or (futures, columns) draws, in the units of ``entities.KINDS``.
    """
    template = getattr(compiled.template, kind)
    shape = (*assumptions.shape[:-1], *template.shape)
    records = np.broadcast_to(template, shape).copy()
    # the column -1, of a number that no assumption fills, is the last
    values = np.concatenate([assumptions, np.zeros((*assumptions.shape[:-1], 1))], axis=-1)
    for (owner, parameter), columns in compiled.slots.items():
        if owner == kind:
            records[parameter] = values[..., columns]
    return records


def entity_records(compiled: Compiled, assumptions: Floats) -> EntityRecords:
    """The records of one future.

    assumptions
        (columns,) one draw of every assumption, in the units of ``entities.KINDS``.
    """
    return EntityRecords(*(records_of(compiled, kind, assumptions) for kind in EntityRecords._fields))


def arrival_process(compiled: Compiled, assumptions: Floats, keys: Keys) -> ArrivalProcess:
    """The inputs of the arrival kernels in one future; for several futures, records are (futures, rows).

    assumptions
        (columns,) or (futures, columns) draws, in the units of ``entities.KINDS``.
    keys
        The keys of all random streams of the scenario; those of the arrivals come first.
    """
    process, packages, splits, threats = (
        records_of(compiled, kind, assumptions) for kind in ("raids", "packages", "splits", "threats")
    )
    fields = np.dtype([(name, threats.dtype[name]) for name in ARRIVAL_FIELDS])
    classes = np.empty(threats.shape, fields)
    for name in ARRIVAL_FIELDS:
        classes[name] = threats[name]
    links = compiled.links
    end = keys.start[ARRIVAL_STREAMS]
    return ArrivalProcess(
        process, packages, splits, classes, links.given_counts, links.salvo_factor, links.threat_factor,
        Keys(keys.by_stream[:end].copy(), keys.start[:ARRIVAL_STREAMS].copy()),
    )  # fmt: skip


ARRIVAL_STREAMS = 8
"""Kinds of random stream that arrivals draw from, the first of ``campaign.streams.STREAMS``."""
