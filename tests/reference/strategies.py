"""Hypothesis strategies for small compiled scenarios that cover all kinds of entity, links and decisions."""

from dataclasses import dataclass, replace
from itertools import permutations, product
from math import cos, pi
from typing import Any

import numpy as np
from hypothesis import strategies as st

from octoplan.scenario.arrays import (
    RECORD_DTYPES,
    Compiled,
    DecisionArrays,
    EntityRecords,
    Floats,
    Ints,
    KnownState,
    Links,
    Names,
    entity_records,
)
from octoplan.scenario.entities import INTERCEPTOR, KINDS
from octoplan.scenario.state import empty_known_state

CVS = (0.0, 1.0, 0.5, 1.6)
"""Coefficients of variation: constant, exponential, and gamma with shape above and below 1."""

RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "currencies": {"rate": (0.02, 2), "volatility": (0, 0.6), "drift": (-0.2, 0.2), "inflation": (0, 0.1)},
    "countries": {"jobs_multiplier": (0, 2), "hours_per_job": (1000, 2000), "value_added_share": (0, 1)},
    "gates": {"duration": (0, 12)},
    "plants": {
        "line_rate": (0, 12), "line_capital": (0, 900), "heads": (0, 6), "hire_rate": (0, 1),
        "hours_per_head": (0, 9), "hours_first": (0.3, 8), "slope": (0.6, 1), "retained": (0, 1),
        "yield_first": (0, 1), "yield_mature": (0, 1), "yield_units": (1, 60), "labour_rate": (0, 40),
        "overhead": (0, 100), "royalty": (0, 7), "retool": (0, 10), "exposure": (0, 0.6), "hit_days": (0.2, 5),
        "power_loss": (0, 1),
    },
    "causes": {"mtbf": (2, 60), "mttr": (0.2, 8)},
    "suppliers": {
        "lead": (0, 12), "capacity": (0, 60), "price": (0, 50), "min_order": (0, 60), "mtbf": (0.5, 60),
        "mttr": (0.2, 8),
    },
    "lanes": {
        "transit": (0, 6), "capacity": (0, 15), "cost": (0, 9), "loss": (0, 0.6), "mtbf": (0.5, 60),
        "mttr": (0.2, 8),
    },
    "regions": {
        "power_exposure": (0, 1), "power_days": (0.1, 4), "grounded_winter": (0, 1), "grounded_summer": (0, 1),
        "spell": (0.5, 5),
    },
    "corridors": {"share": (0, 1), "transit": (0, 60)},
    "raids": {
        "salvo_share": (0, 1), "salvo_stay": (0, 1), "level": (0.3, 2), "growth": (-0.6, 1), "wander": (0, 0.5),
        "wander_time": (1, 40), "begin": (-2, 2),
    },
    "packages": {
        "routine_mean": (0, 6), "routine_cv": (0, 1), "salvo_mean": (0, 20), "salvo_cv": (0, 1),
        "quiet": (0, 0.4), "coupling": (0, 1), "span": (5, 300), "concentration": (0.3, 30),
    },
    "splits": {"share": (0, 1)},
    "threats": {
        "mix": (0, 1), "unit_cost": (0, 100), "damage": (0, 1000), "damage_cv": (0, 3), "p_discriminate": (0, 1),
        "engagement": (0, 20),
    },
    "engagement": {"window": (0, 40), "p_contact": (0, 1)},
    "layers": {"cost": (0, 70), "correlation": (0, 0.6), "stock": (0, 60), "resupply": (0, 3)},
    "posts": {"capacity": (0, 5)},
    "effects": {"p": (0, 1), "shots": (0, 3)},
    "designs": {"release_interval": (2, 50), "p_recover": (0, 1)},
    "lethality": {"p_kill": (0, 1), "p_floor": (0, 1), "decay": (1, 60)},
    "makers": {"stock": (0, 80), "rate_start": (0, 6), "rate_full": (0, 12), "ramp": (0, 40), "price": (0, 30)},
    "crews": {
        "initial": (0, 16), "course": (0, 30), "washout": (0, 1), "attrition": (0, 0.1), "on_duty": (0, 1),
        "cost": (0, 5), "course_cost": (0, 20),
    },
    "kits": {"initial": (0, 16), "lead": (0, 30), "attrition": (0, 0.1), "price": (0, 20)},
    "finance": {"discount_rate": (0, 0.1), "optimism_bias": (0, 0.4)},
    "drift": {"sd": (0, 1.5), "memory": (1, 200)},
    "levels": {"level": (-2, 2)},
    "readiness": {"slope": (-1, 2), "reference": (1, 30), "full": (0.5, 60)},
    "lots": {"interval": (0.5, 30)},
    "service": {"share": (0, 1)},
}  # fmt: skip
"""Ranges of parameters, wide enough that every limiting factor occurs; coefficients of variation are in ``CVS``."""


@dataclass(frozen=True)
class Case:
    """A compiled scenario, one draw of its assumptions, a seed, and the number of the future to simulate."""

    compiled: Compiled
    assumptions: Floats
    seed: int
    future: int

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Print the sizes of an example instead of its arrays in hypothesis reports."""
        names = self.compiled.names._asdict()
        sizes = ", ".join(f"{len(rows)} {name}" for name, rows in names.items() if rows)
        printer.text(f"<{sizes}; seed {self.seed}, future {self.future}>")

    @property
    def records(self) -> EntityRecords:
        return entity_records(self.compiled, self.assumptions)


def number(low: float, high: float) -> st.SearchStrategy[float]:
    """A number in a closed range; hypothesis tries the ends of the range first."""
    return st.integers(0, 97).map(lambda step: low + (high - low) * step / 97)


def numbered_names(word: str, least: int, most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.integers(least, most).map(lambda count: tuple(f"{word}-{row + 1}" for row in range(count)))


@st.composite
def names(draw: st.DrawFn) -> Names:
    parts = draw(numbered_names("part", 1, 3))
    return Names(
        currencies=("GBP", "USD", "UAH")[: draw(st.integers(1, 3))],
        payers=draw(numbered_names("payer", 1, 2)),
        countries=draw(numbered_names("country", 1, 2)),
        gates=draw(numbered_names("gate", 0, 3)),
        plants=draw(numbered_names("plant", 1, 3)),
        parts=parts,
        suppliers=tuple(f"supplier-{row + 1}" for row in range(len(parts) + draw(st.integers(0, 2)))),
        causes=draw(numbered_names("cause", 0, 2)),
        lanes=draw(numbered_names("lane", 1, 3)),
        regions=draw(numbered_names("region", 1, 4)),
        corridors=(),
        packages=(packages := draw(numbered_names("package", 1, 2))),
        threats=tuple(f"threat-{row + 1}" for row in range(draw(st.integers(len(packages), 4)))),
        layers=(INTERCEPTOR, *draw(numbered_names("layer", 0, 3))),
        designs=draw(numbered_names("design", 1, 2)),
        makers=draw(numbered_names("maker", 0, 2)),
        months=draw(numbered_names("month", 1, 3)),
    )


@st.composite
def corridors(draw: st.DrawFn, order: tuple[int, ...]) -> list[tuple[int, int]]:
    """Corridors (origin, destination) consistent with an order of the regions; -1 is the border."""
    legs = [(origin, into) for index, into in enumerate(order) for origin in (-1, *order[:index])]
    return draw(st.lists(st.sampled_from(legs), unique=True, max_size=7))


def zeros_and_ones(draw: st.DrawFn, rows: int, columns: int) -> Ints:
    cells = draw(st.lists(st.integers(0, 1), min_size=rows * columns, max_size=rows * columns))
    return np.array(cells, np.int64).reshape(rows, columns)


def floats(draw: st.DrawFn, low: float, high: float, *shape: int) -> Floats:
    size = int(np.prod(shape))
    return np.array(draw(st.lists(number(low, high), min_size=size, max_size=size)), float).reshape(shape)


def integers(draw: st.DrawFn, low: int, high: int, *shape: int) -> Ints:
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), np.int64).reshape(shape)


def not_all_zero(weights: Floats) -> Floats:
    """Return the weights, or ones if all weights are 0."""
    return weights if weights.any() else np.ones_like(weights)


def padded(rows: list[list[int]], width: int) -> Ints:
    return np.array([row + [-1] * (width - len(row)) for row in rows], np.int64).reshape(len(rows), width)


@st.composite
def links(draw: st.DrawFn, of: Names, order: tuple[int, ...], into: list[int]) -> Links:
    month_days = integers(draw, 7, 23, len(of.months)) + (13 if len(of.months) == 1 else 0)
    days, midwinter = int(month_days.sum()), draw(st.integers(0, 364))
    lane_orders = [draw(st.permutations(range(len(of.lanes)))) for _ in of.plants]
    routes = [lane_order[: draw(st.integers(1, len(lane_order)))] for lane_order in lane_orders]
    return Links(
        month_of=np.repeat(np.arange(len(month_days)), month_days).astype(np.int64),
        tally_row=np.repeat(np.arange(len(month_days)), month_days).astype(np.int64),
        month_days=month_days,
        winter_weight=np.array([0.5 * (1 + cos(2 * pi * (day - midwinter) / 365.25)) for day in range(days)]),
        gate_predecessors=np.tril(zeros_and_ones(draw, len(of.gates), len(of.gates)), -1)
        .astype(np.int64)[::-1, ::-1]
        .copy(),
        plant_gates=zeros_and_ones(draw, len(of.plants), len(of.gates)),
        plant_lanes=padded([list(lane_order) for lane_order in routes], max(map(len, routes))),
        supplier_causes=zeros_and_ones(draw, len(of.suppliers), len(of.causes)),
        bill=integers(draw, 0, 3, len(of.designs), len(of.parts)),
        region_order=np.array(order, np.int64),
        incoming_start=np.searchsorted(np.sort(into), np.arange(len(of.regions) + 1)).astype(np.int64),
        incoming=np.array(sorted(range(len(into)), key=lambda leg: into[leg]), np.int64),
        reference_layer=np.array([-1], np.int64),
        salvo_factor=np.asarray(draw(st.sampled_from([0.5, 1.0, 3.0])) ** (np.arange(days) % 3), np.float64),
        threat_factor=np.where(np.arange(days)[:, None] > days // 2, 1.0, 1.0 + 0.5 * np.arange(len(of.threats))),
        known_state=empty_known_state(of),
        observed_counts=integers(draw, 0, 9, draw(st.sampled_from([0, 0, 3, days])), len(of.packages)),
    )


@st.composite
def doctrines(draw: st.DrawFn, of: Names, interceptable: list[bool]) -> Ints:
    """Layers in random order for each class; interceptors only for interceptable classes."""
    rows = []
    for can_intercept in interceptable:
        layers = draw(st.permutations([row for row in range(len(of.layers)) if row > 0 or can_intercept]))
        rows.append(list(layers[draw(st.sampled_from([0, 0, 0, 1, 2])) :]))
    return padded(rows, len(of.layers))


@st.composite
def plans(draw: st.DrawFn, of: Names, suppliers_part: Ints, interceptable: list[bool]) -> DecisionArrays:
    plants, months, regions, threats = len(of.plants), len(of.months), len(of.regions), len(of.threats)
    orders = floats(draw, 0, 250, plants, len(of.parts), months)
    base_stock = zeros_and_ones(draw, plants, len(of.parts)) == 1
    orders[base_stock] = -1.0
    sourcing = floats(draw, 0, 1, len(of.suppliers))
    for part in range(len(of.parts)):
        sourcing[suppliers_part == part] = not_all_zero(sourcing[suppliers_part == part])
    by_cover = draw(st.booleans())
    return DecisionArrays(
        output=floats(draw, 0, 250, plants, months),
        lines=floats(draw, 0, 3, plants, months),
        orders=orders,
        cover=floats(draw, 0, 20, 1),
        sourcing=sourcing,
        intake=integers(draw, 0, 9, months),
        kit_orders=integers(draw, 0, 9, months),
        crew_weight=not_all_zero(floats(draw, 0, 3, regions)),
        dispatch_weight=np.full(regions, -1.0) if by_cover else not_all_zero(floats(draw, 0, 1, regions)),
        layer_order=draw(doctrines(of, interceptable)),
        max_shots=integers(draw, 1, 5, threats),
        salvo=integers(draw, 1, 3, threats),
        value=integers(draw, 0, 2, threats).astype(float),
        by_value=integers(draw, 0, 1, 1),
        prefer=np.array(draw(st.sampled_from(list(permutations(range(len(of.designs)))))), np.int64),
        stock_order=integers(draw, 0, 2, 1),
        in_programme=draw(
            st.sampled_from([np.ones(plants, np.int64)] * 3 + [np.arange(plants) % 2, 0 * np.arange(plants)])
        ),
    )


def template(draw: st.DrawFn, of: Names, legs: list[tuple[int, int]]) -> EntityRecords:
    """Records with random links; every part has a supplier and every package a threat."""
    records: dict[str, Any] = {}
    for kind in KINDS:
        if not kind.parameters:
            continue
        rows = int(np.prod([len(getattr(of, axis)) for axis in kind.axes], dtype=int))
        entity_table = np.zeros(rows, RECORD_DTYPES[kind.name])
        for link in kind.links:
            if link.is_list:
                continue
            count = (
                len(link.domain)
                if isinstance(link.domain, tuple)
                else 2
                if link.domain == "bool"
                else len(getattr(of, link.domain))
            )
            entity_table[link.name] = integers(
                draw, -1 if (kind.name, link.name) == ("plants", "region") else 0, count - 1, rows
            )
        for parameter in kind.parameters:
            if parameter.is_money:
                entity_table[f"{parameter.name}_currency"] = integers(draw, 0, len(of.currencies) - 1, rows)
        records[kind.name] = entity_table
    records["corridors"]["origin"] = [origin for origin, _ in legs]
    records["corridors"]["into"] = [into for _, into in legs]
    records["suppliers"]["part"][: len(of.parts)] = range(len(of.parts))
    records["threats"]["package"][: len(of.packages)] = range(len(of.packages))
    records["threats"]["interceptable"] = draw(
        st.lists(st.sampled_from([1, 1, 0]), min_size=(n := len(of.threats)), max_size=n)
    )
    for flag in ("stocked", "limited"):
        records["layers"][flag][0] = 0
    records["layers"]["payer"][0] = -1
    return EntityRecords(**records)


def is_required(kind: str, when: str, row: tuple[int, ...], records: EntityRecords, doctrine: Ints) -> bool:
    """Whether a parameter is required, by its condition ``when`` in ``entities``."""
    if kind in ("layers", "posts", "effects") and row[0] == 0:
        return False
    threat = {"threats": 0, "engagement": 0, "effects": 1, "lethality": 1}.get(kind)
    if when == "foreign":
        return row[0] > 0
    if when == "placed":
        return bool(records.plants["region"][row[0]] >= 0)
    if when in ("decoy", "interceptable"):
        assert threat is not None
        return bool(records.threats[when][row[threat]])
    if when in ("stocked", "limited"):
        return bool(records.layers[when][row[0]])
    if when == "engages":
        return row[0] in doctrine[row[1]]
    return True


@st.composite
def scenarios(draw: st.DrawFn) -> Case:
    """A small scenario of three to ten weeks with one draw of its assumptions."""
    of: Names = draw(names())
    order = tuple(draw(st.permutations(range(len(of.regions)))))
    legs = draw(corridors(order))
    of = of._replace(corridors=tuple(f"leg-{row + 1}" for row in range(len(legs))))
    records = template(draw, of, legs)
    structure = draw(links(of, order, [into for _, into in legs]))
    plan = draw(plans(of, records.suppliers["part"], records.threats["interceptable"].astype(bool).tolist()))
    assumptions: list[float] = []
    draw_columns: dict[tuple[str, str], Ints] = {}
    for kind in KINDS:
        rows = list(product(*(range(len(getattr(of, axis))) for axis in kind.axes)))
        has_rows = {row: not kind.optional or draw(st.booleans()) for row in rows}
        for parameter in kind.parameters:
            columns = np.full(len(rows), -1, np.int64)
            for index, row in enumerate(rows):
                if has_rows[row] and is_required(kind.name, parameter.condition, row, records, plan.layer_order):
                    columns[index] = len(assumptions)
                    assumptions.append(draw(parameter_value(kind.name, parameter.name)))
            draw_columns[kind.name, parameter.name] = columns
    values = np.array(assumptions)
    for package in range(len(of.packages)):
        share = draw_columns["splits", "share"].reshape(len(of.packages), -1)[package]
        mix = draw_columns["threats", "mix"][records.threats["package"] == package]
        for columns in (share, mix):
            values[columns] = not_all_zero(values[columns])
    return Case(
        Compiled(of, structure, plan, records, draw_columns),
        values,
        draw(st.integers(0, 2**64 - 1)),
        draw(st.integers(0, 10**6)),
    )


@st.composite
def states(draw: st.DrawFn, of: Names, first_days: list[int]) -> KnownState:
    """A random known state at the start of one of the days, with stocks by region or in total."""
    day = draw(st.sampled_from(first_days))
    plants, parts, gates = len(of.plants), len(of.parts), len(of.gates)
    earliest = floats(draw, 0, day, gates)
    known = zeros_and_ones(draw, 1, gates)[0] == 1
    open_still = zeros_and_ones(draw, 1, gates)[0] == 1
    in_total = zeros_and_ones(draw, 1, len(of.designs))[0] == 1
    total, stock = integers(draw, -1, 60, len(of.designs)), integers(draw, -3, 30, len(of.regions), len(of.designs))
    stock[:, in_total] = -1
    return KnownState(
        day=np.full(1, day),
        gate_earliest=np.where(known, np.where(open_still, day, earliest), 0.0),
        gate_latest=np.where(known & ~open_still, earliest, np.inf),
        experience=np.maximum(-1.0, floats(draw, -40, 80, plants)),
        heads=np.maximum(-1.0, floats(draw, -6, 12, plants)),
        plant_stock=np.maximum(-1, integers(draw, -20, 40, plants)),
        on_hand=np.maximum(-1, integers(draw, -100, 200, plants, parts)),
        on_order=np.maximum(-1, integers(draw, -100, 200, plants, parts)),
        stock=np.maximum(-1, stock),
        total_stock=np.where(in_total, total, -1),
        crews=np.maximum(-1, integers(draw, -8, 16, 2)),
        kits=np.maximum(-1, integers(draw, -8, 16, 2)),
    )


@st.composite
def stated_scenarios(draw: st.DrawFn) -> Case:
    """A scenario of at least two months with a known state at the start of a later month."""
    case: Case = draw(scenarios().filter(lambda case: len(case.compiled.names.months) > 1))
    links = case.compiled.links
    first_days = links.month_days.cumsum()[:-1].tolist()
    known = draw(states(case.compiled.names, first_days))
    return replace(case, compiled=case.compiled._replace(links=links._replace(known_state=known)))


def parameter_value(kind: str, parameter: str) -> st.SearchStrategy[float]:
    """A value of a parameter within its range."""
    if parameter.endswith("_cv") and parameter not in RANGES[kind]:
        return st.sampled_from(CVS)
    return number(*RANGES[kind][parameter])
