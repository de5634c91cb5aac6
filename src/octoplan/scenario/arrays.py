"""The compiled scenario: arrays of numbers, the only input of the simulation.

Entities are rows of structured arrays, in the order of the scenario folder. The fields are links to other entities (row
numbers, -1 for none) and parameters in the units of ``entities.KINDS``. A monetary parameter ``x`` has a second field
``x_currency`` with the row of its currency. A pair such as (threat, region) is in row ``threat * regions + region``.
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
"""64-bit words, as used by the random number generator."""


def record_dtype(kind: Kind) -> np.dtype[np.void]:
    """NumPy structured dtype of a kind of entity.

    The fields are the links to single entities, the parameters, and the currency of each monetary parameter.
    """
    fields: list[tuple[str, str]] = [(link.name, "i8") for link in kind.links if not link.is_list]
    for parameter in kind.parameters:
        fields.append((parameter.name, "f8"))
        if parameter.is_money:
            fields.append((f"{parameter.name}_currency", "i8"))
    return np.dtype(fields)


ABSENT_VALUES = {(kind.name, p.name): p.absent for kind in KINDS for p in kind.parameters if p.absent != 0.0}
"""By (kind, parameter): value where no row supplies the parameter, unless it is 0."""

RECORD_DTYPES = {kind.name: record_dtype(kind) for kind in KINDS if kind.parameters}
"""Structured dtype of each kind of entity that has parameters."""


class EntityRecords(NamedTuple):
    """Records of all entities, with the parameters drawn for one future.

    Each field has one row per entity or pair of entities; see ``entities.KINDS`` for parameters and units.
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
    drift: Records
    levels: Records
    readiness: Records
    lots: Records
    service: Records


class StreamKeys(NamedTuple):
    """Keys of the random streams of ``campaign.streams``: stream i of kind k has the key ``by_stream[start[k] + i]``.

    by_stream
        (streams, 2) key of each stream: the seed and the hash of the stream's name.
    start
        (kinds,) first row of each kind of stream in ``by_stream``.
    """

    by_stream: Words
    start: Ints


class ArrivalProcess(NamedTuple):
    """Inputs of the arrival kernels, which determine the number, classes and destinations of threats.

    process, packages, splits
        Records of the raid process, of the packages, and of the pairs (package, region).
    threats
        Records of the classes of threat, with the fields ``ARRIVAL_FIELDS`` only.
    observed_counts
        (observed days, packages) observed counts of threats on the first days, which are not simulated; may be empty.
    salvo_factor
        (days,) what-if factor on the probability of a salvo day.
    threat_factor
        (days, threats) what-if factor on the count of each class of threat.
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
"""Fields of the records of threat classes that the arrival kernels use."""


class KnownState(NamedTuple):
    """Known state at a date, which replaces the simulated state; values that are not stated are -1.

    day
        (1,) day at the start of which the state is known, the first of a month; -1 without a known state.
    gate_earliest, gate_latest
        (gates,) bounds on the day on which a gate is passed: equal if that day is known; ``day`` and infinity if the
        gate is known not to be passed before ``day``; 0 and infinity if nothing is stated.
    experience, heads
        (plants,) experience in cumulative units; number of workers.
    plant_stock
        (plants,) good units in stock at each plant.
    on_hand, on_order
        (plants, parts) parts in stock; parts ordered and not yet received.
    stock
        (regions, designs) units in stock in each region.
    total_stock
        (designs,) units in stock in all regions together, allocated to regions like a delivery.
    crews
        (2,) number of trained crews, and of crews in training.
    kits
        (2,) number of kits in service, and of kits ordered and not yet received.
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
    """Calendar, links between entities and other inputs that do not depend on assumptions.

    Links are row numbers; -1 means none.

    month_of
        (days,) month of each day, from 0.
    tally_row
        (days,) row of the tallies to which each day is added: its month, or the day itself if results are daily.
    month_days
        (months,) days in each month.
    winter_weight
        (days,) weight of winter: 1 in mid-January, 0 in mid-July.
    gate_predecessors
        (gates, gates) 1 if the gate of the column is a predecessor of the gate of the row.
    plant_gates
        (plants, gates) 1 if the gate must be passed before the plant opens.
    plant_lanes
        (plants, columns) lanes of each plant in order of preference; unused columns are -1.
    supplier_causes
        (suppliers, causes) 1 if the cause of outages applies to the supplier.
    bill
        (designs, parts) bill of materials: parts per unit.
    region_order
        (regions,) rows of the regions in topological order of the corridors.
    incoming_start, incoming
        (regions + 1,), (corridors,) the corridors into region r are
        ``incoming[incoming_start[r]:incoming_start[r + 1]]``.
    reference_layer
        (1,) layer at whose cost per shot the kills of interceptors are valued; -1 for none.
    observed_counts
        (observed days, packages) observed counts of threats on the first days, which are not simulated; may be empty.
    salvo_factor, threat_factor
        (days,), (days, threats) what-if factors on the probability of a salvo day and on the count of each class.
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


OLDEST_FIRST, NEWEST_FIRST, BEST_FIRST = range(3)
"""Orders in which crews use the cohorts: designs by preference and blocks by age, or all by kill probability."""


class DecisionArrays(NamedTuple):
    """Decisions of ``decisions.toml`` as arrays.

    output
        (plants, months) good units planned per month, from the month in which the plant opens.
    lines
        (plants, months) lines installed in each month, from the month in which the plant opens.
    orders
        (plants, parts, months) parts ordered at the start of each month of the horizon; -1 if the base-stock policy
        determines the order.
    cover
        (1,) days of planned use that the base-stock policy covers in addition to the mean lead time.
    sourcing
        (suppliers,) weight of each supplier among the suppliers of its part.
    intake
        (months,) crews that start training in each month.
    kit_orders
        (months,) kits ordered in each month.
    crew_weight
        (regions,) weight of each region in the allocation of crews.
    dispatch_weight
        (regions,) weight of each region in the allocation of units; -1 for all regions to equalise days of cover.
    layer_order
        (threats, layers) layers in the order in which they engage each class of threat; unused columns are -1.
    max_shots
        (threats,) largest number of engagements of one threat in one region.
    salvo
        (threats,) interceptors launched per engagement.
    value
        (threats,) priority of each class in the queue of the crews, used if ``by_value`` is 1.
    by_value
        (1,) 1 if the queue of the crews is ordered by ``value`` and then by deadline, 0 if by deadline only.
    prefer
        (designs,) designs in the order in which crews use them.
    stock_order
        (1,) order in which crews use the cohorts: ``OLDEST_FIRST``, ``NEWEST_FIRST`` or ``BEST_FIRST``.
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
    stock_order: Ints
    in_programme: Ints


class Names(NamedTuple):
    """Names of the entities in row order; they are also the coordinates of results."""

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
    """A scenario as arrays, the input of the simulation.

    names
        Names of the entities in row order.
    links
        Calendar, links between entities and other inputs that do not depend on assumptions.
    plan
        The decisions.
    template
        Records of all entities with their links and currencies; all parameters are 0.
    draw_columns
        By (kind, parameter): (rows,) column of the assumption draws that supplies the parameter of each row; -1 if no
        assumption does, so that the parameter is 0 or has its value in ``ABSENT_VALUES``.
    """

    names: Names
    links: Links
    plan: DecisionArrays
    template: EntityRecords
    draw_columns: dict[tuple[str, str], Ints]


def records_of(compiled: Compiled, kind: str, assumptions: Floats) -> Records:
    """Records of one kind of entity: (rows,) for one future, (futures, rows) for several.

    assumptions
        (columns,) or (futures, columns) draws of the assumptions, in the units of ``entities.KINDS``.
    """
    template = getattr(compiled.template, kind)
    shape = (*assumptions.shape[:-1], *template.shape)
    records = np.broadcast_to(template, shape).copy()
    # Index -1 selects the appended column of zeros, for parameters that no assumption supplies.
    draws = np.concatenate([assumptions, np.zeros((*assumptions.shape[:-1], 1))], axis=-1)
    for (parameter_kind, parameter), columns in compiled.draw_columns.items():
        if parameter_kind == kind:
            records[parameter] = draws[..., columns]
            if (kind, parameter) in ABSENT_VALUES:
                records[parameter][..., columns < 0] = ABSENT_VALUES[kind, parameter]
    return records


def draws_of(compiled: Compiled, assumptions: Floats, kind: str, parameter: str) -> Floats:
    """(futures, entities of the kind) draws of one parameter; where no row supplies it, its value without one.

    assumptions
        (futures, columns) draws of the assumptions, in the units of ``entities.KINDS``.
    """
    columns = compiled.draw_columns[kind, parameter]
    absent = ABSENT_VALUES.get((kind, parameter), 0.0)
    return np.where(columns >= 0, assumptions[:, np.maximum(columns, 0)], absent)


def entity_records(compiled: Compiled, assumptions: Floats) -> EntityRecords:
    """Records of all entities in one future.

    assumptions
        (columns,) one draw of every assumption, in the units of ``entities.KINDS``.
    """
    return EntityRecords(*(records_of(compiled, kind, assumptions) for kind in EntityRecords._fields))


def arrival_process(compiled: Compiled, assumptions: Floats, keys: StreamKeys) -> ArrivalProcess:
    """Inputs of the arrival kernels; records are (rows,) for one future, (futures, rows) for several.

    assumptions
        (columns,) or (futures, columns) draws of the assumptions, in the units of ``entities.KINDS``.
    keys
        Keys of all random streams of the scenario, of which the streams of arrivals are the first.
    """
    process, packages, splits, threats = (
        records_of(compiled, kind, assumptions) for kind in ("raids", "packages", "splits", "threats")
    )
    fields = np.dtype([(name, threats.dtype[name]) for name in ARRIVAL_FIELDS])
    classes = np.empty(threats.shape, fields)
    for name in ARRIVAL_FIELDS:
        classes[name] = threats[name]
    links = compiled.links
    arrival_key_count = keys.start[ARRIVAL_STREAMS]
    return ArrivalProcess(
        process, packages, splits, classes, links.observed_counts, links.salvo_factor, links.threat_factor,
        StreamKeys(keys.by_stream[:arrival_key_count].copy(), keys.start[:ARRIVAL_STREAMS].copy()),
    )  # fmt: skip


ARRIVAL_STREAMS = 8
"""Number of kinds of random stream that arrivals use; they are the first in ``campaign.streams.STREAMS``."""
