"""The compiled scenario: arrays of numbers, the only input of the simulation.

Entities are rows of structured arrays, in the order of the scenario folder. Fields are links to other entities (row
numbers, -1 for none) and parameters in the units of ``entities.KINDS``. A monetary parameter ``x`` has a second field
``x_currency``, the row of its currency. A pair such as (threat, region) is row ``threat * regions + region``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from octoplan.scenario.entities import KINDS, Kind

Records = Any
"""Structured array; kernels access fields of its rows as attributes (``entities.plants[p].region``)."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


def record_dtype(kind: Kind) -> np.dtype[np.void]:
    """Structured dtype of an entity: links to single entities, parameters, and the currency of monetary parameters."""
    fields: list[tuple[str, str]] = [(link.name, "i8") for link in kind.links if not link.is_list]
    for parameter in kind.parameters:
        fields.append((parameter.name, "f8"))
        if parameter.is_money:
            fields.append((f"{parameter.name}_currency", "i8"))
    return np.dtype(fields)


RECORD_DTYPES = {kind.name: record_dtype(kind) for kind in KINDS if kind.parameters}


class EntityRecords(NamedTuple):
    """Records of all entities with the assumptions of one future.

    One row per entity or pair of entities; see ``entities.KINDS`` for fields and units.
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


class StreamKeys(NamedTuple):
    """Keys of random streams (``campaign.streams``): the key of stream i of kind k is ``by_stream[start[k] + i]``.

    by_stream
        (streams, 2) the seed and the hash of the stream's name.
    start
        (kinds,) first row of each kind of stream.
    """

    by_stream: Words
    start: Ints


class ArrivalProcess(NamedTuple):
    """Inputs of the arrival kernels, which determine the number, classes and destinations of threats.

    process, packages, splits
        Records of the raid process, of the packages, and of (package, region).
    threats
        Records of the classes, with the fields ``ARRIVAL_FIELDS`` only.
    observed_counts
        (observed days, packages) counts of the first days, which are not simulated; may have no rows.
    salvo_factor
        (days,) what-if factor on the share of salvo days.
    threat_factor
        (days, threats) what-if factors on the counts of the classes.
    keys
        Keys of the random streams of arrivals.
    """

    process: Records
    packages: Records
    splits: Records
    threats: Records
    observed_counts: Ints
    salvo_factor: Floats
    threat_factor: Floats
    keys: StreamKeys


ARRIVAL_FIELDS = ("package", "direct", "mix")
"""Fields of threat classes that the arrival kernels use."""


class KnownState(NamedTuple):
    """Known state at a date, which replaces the simulated state; -1 for values not stated.

    day
        (1,) day at whose start the state holds, the first of a month; -1 if the scenario has no known state.
    gate_earliest, gate_latest
        (gates,) bounds on the day on which a gate is passed: equal if the day is known, ``day`` and infinity if the
        gate is known not to be passed by ``day``, 0 and infinity if not stated.
    experience, heads
        (plants,) cumulative units of experience; workers.
    plant_stock
        (plants,) good units in stock at the plant.
    on_hand, on_order
        (plants, parts) parts in stock; parts ordered and not received.
    stock
        (regions, designs) units in the region.
    total_stock
        (designs,) total units over regions, allocated like a delivery.
    crews
        (2,) trained crews; crews in training.
    kits
        (2,) kits in service; kits ordered and not received.
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
    """Structure of the scenario that does not depend on assumptions. Links are row numbers; -1 means none.

    month_of
        (days,) month of each day, from 0.
    tally_row
        (days,) row of the tallies for each day: its month, or the day in simulations with daily results.
    month_days
        (months,) days in each month.
    winter_weight
        (days,) weight of winter, 1 in mid-January, 0 in mid-July.
    gate_predecessors
        (gates, gates) 1 if the column's gate is a predecessor of the row's gate.
    plant_gates
        (plants, gates) 1 if the plant opens only after the gate.
    plant_lanes
        (plants, columns) lanes of a plant in order of preference; unused columns are -1.
    supplier_causes
        (suppliers, causes) 1 if an outage of the cause is an outage of the supplier.
    bill
        (designs, parts) parts per unit.
    region_order
        (regions,) regions in topological order of the corridors.
    incoming_start, incoming
        (regions + 1,), (corridors,) corridors into region r are ``incoming[incoming_start[r]:incoming_start[r + 1]]``.
    reference_layer
        (1,) layer whose shot cost values the kills of interceptors; -1 for none.
    observed_counts
        (observed days, packages) counts of the first days, which are not simulated; may have no rows.
    salvo_factor, threat_factor
        (days,), (days, threats) what-if factors on the share of salvo days and on the counts of each class.
    known_state
        Known state at a date.
    """

    month_of: Ints
    tally_row: Ints
    month_days: Ints
    winter_weight: Floats
    gate_predecessors: Ints
    plant_gates: Ints
    plant_lanes: Ints
    supplier_causes: Ints
    bill: Ints
    region_order: Ints
    incoming_start: Ints
    incoming: Ints
    reference_layer: Ints
    observed_counts: Ints
    salvo_factor: Floats
    threat_factor: Floats
    known_state: KnownState


class DecisionArrays(NamedTuple):
    """Decisions (``decisions.toml``). The last value of a list applies to all later months.

    output
        (plants, months) good units planned, by month from the opening of the plant.
    lines
        (plants, months) lines installed, by month from the opening of the plant.
    orders
        (plants, parts, months) parts ordered at the start of a calendar month; -1 if the base-stock policy applies.
    cover
        (1,) days of planned use that the base-stock policy covers in addition to the mean lead time.
    sourcing
        (suppliers,) weight of a supplier among the suppliers of its part.
    intake
        (months,) crews that start training in the month.
    kit_orders
        (months,) kits ordered in the month.
    crew_weight
        (regions,) weight of the region in the allocation of crews.
    dispatch_weight
        (regions,) weight of the region in the allocation of units; all -1 to equalise days of cover.
    layer_order
        (threats, layers) layers in the order in which they engage the class; unused columns are -1.
    max_shots
        (threats,) largest number of engagements of one threat in one region.
    salvo
        (threats,) interceptors launched per engagement.
    value
        (threats,) priority of the class in the queue, used if ``by_value`` is 1.
    by_value
        (1,) 1 if the crews' queue is ordered by value and then deadline, 0 if by deadline only.
    prefer
        (designs,) designs in the order in which crews use them.
    newest_first
        (1,) 1 if the newest block is used first, 0 if the oldest.
    in_programme
        (plants,) 1 if the plant is part of the programme; all 0 in the counterfactual.
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
    in_programme: Ints


class Names(NamedTuple):
    """Names of entities in row order, which are also the coordinates of results."""

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
    """A scenario in the form of arrays, the input of the simulation.

    names
        Names of entities in row order.
    links
        Structure that does not depend on assumptions.
    plan
        Decisions.
    template
        Records of the entities with links and currencies; parameters are 0.
    slots
        By (kind, parameter): (rows,) column of the assumption draws that supplies the parameter of each row; -1 if the
        parameter is not required, in which case it is 0.
    """

    names: Names
    links: Links
    plan: DecisionArrays
    template: EntityRecords
    draw_columns: dict[tuple[str, str], Ints]


def records_of(compiled: Compiled, kind: str, assumptions: Floats) -> Records:
    """Records of one kind of entity, (rows,) for one future or (futures, rows) for several.

    assumptions
        (columns,) or (futures, columns) draws, in the units of ``entities.KINDS``.
    """
    template = getattr(compiled.template, kind)
    shape = (*assumptions.shape[:-1], *template.shape)
    records = np.broadcast_to(template, shape).copy()
    # The appended column of zeros is selected by -1, for parameters that are not required.
    values = np.concatenate([assumptions, np.zeros((*assumptions.shape[:-1], 1))], axis=-1)
    for (owner, parameter), columns in compiled.draw_columns.items():
        if owner == kind:
            records[parameter] = values[..., columns]
    return records


def entity_records(compiled: Compiled, assumptions: Floats) -> EntityRecords:
    """Records of all entities in one future.

    assumptions
        (columns,) one draw of every assumption, in the units of ``entities.KINDS``.
    """
    return EntityRecords(*(records_of(compiled, kind, assumptions) for kind in EntityRecords._fields))


def arrival_process(compiled: Compiled, assumptions: Floats, keys: StreamKeys) -> ArrivalProcess:
    """Inputs of the arrival kernels, with records (rows,) for one future or (futures, rows) for several.

    assumptions
        (columns,) or (futures, columns) draws, in the units of ``entities.KINDS``.
    keys
        Keys of all random streams of the scenario; those of arrivals come first.
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
        process, packages, splits, classes, links.observed_counts, links.salvo_factor, links.threat_factor,
        StreamKeys(keys.by_stream[:end].copy(), keys.start[:ARRIVAL_STREAMS].copy()),
    )  # fmt: skip


ARRIVAL_STREAMS = 8
"""Number of kinds of random stream used by arrivals, which come first in ``campaign.streams.STREAMS``."""
