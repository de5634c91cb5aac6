"""Small changes to a scenario whose effects a marginal analysis measures: more of what can be bought, or sooner."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.scenario.arrays import Compiled, Floats, Ints, draws_of

LESS_DAYS = 30.0
"""Days by which the gates of a plant are passed sooner."""
WITHOUT_PLURAL = (
    "warfare",
    "jamming",
    "fire",
    "defence",
    "artillery",
    "aviation",
    "aircraft",
    "ammunition",
    "equipment",
)
"""Ends of titles of layers that are the same in the plural."""
SHARE_TOLERANCE = 0.2
"""Largest relative error, by rounding to whole crews or kits, with which an increase is stated as a share."""
SECOND_SUPPLIER = "a second supplier of every part, with the capacity of the first"
"""Twice the capacity of every supplier in use, in words."""
FIELDS = {"crews": "intake", "kits": "kit_orders"}
"""Decisions by which crews and kits are added."""


@dataclass(frozen=True, eq=False)
class Option:
    """A changed scenario.

    Attributes:
        key: Short name, such as ``units`` or ``gates/uk-1``.
        noun: What there is more of, such as "crews".
        title: What is changed, such as "10 % more crews".
        compiled: The changed scenario.
        assumptions: (futures, columns) draws of the changed scenario.

    """

    key: str
    noun: str
    title: str
    compiled: Compiled
    assumptions: Floats


def options(compiled: Compiled, assumptions: Floats, titles: dict[str, str], more: float = 0.1) -> list[Option]:
    """The options of a scenario: more units, crews and kits, resupply of layers, suppliers, and plants sooner.

    An option that changes nothing, such as more units of a programme without plants, is omitted.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        titles: Titles of the entities by ``kind.name``.
        more: Increase as a share, such as 0.1 for 10 % more.

    """
    return [
        *unit_options(compiled, assumptions, more),
        *crew_options(compiled, assumptions, more),
        *line_options(compiled, assumptions),
        *layer_options(compiled, assumptions, titles, more),
        *supplier_options(compiled, assumptions),
        *all_gates(compiled, assumptions),
    ]


def amount_text(more: float) -> str:
    """An increase by a share in words.

    >>> amount_text(0.1), amount_text(1.0)
    ('10 % more', 'twice as many')
    """
    return "twice as many" if more == 1.0 else f"{100.0 * more:.0f} % more"


def unit_options(compiled: Compiled, assumptions: Floats, more: float) -> Iterator[Option]:
    """Yield the option with more output, lines, workers and orders of parts at every plant, if there is any output."""
    plants = np.ones(len(compiled.plan.output), np.bool_)
    changed, draws = more_units(compiled, assumptions, plants, more)
    if changed is not compiled:
        yield Option("units", "interceptors", f"{amount_text(more)} interceptors", changed, draws)


def more_units(
    compiled: Compiled, assumptions: Floats, plants: NDArray[np.bool_], more: float
) -> tuple[Compiled, Floats]:
    """The scenario and its draws with more output, lines, workers and orders of parts at some plants.

    Both are unchanged if these plants have no output and no lines.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        plants: (plants,) True for the plants.
        more: Increase as a share.

    """
    plan = compiled.plan
    factor = np.where(plants, 1.0 + more, 1.0)[:, None]
    output, lines = plan.output * factor, np.floor(plan.lines * factor)
    if np.array_equal(output, plan.output) and np.array_equal(lines, plan.lines):
        return compiled, assumptions
    orders = np.asarray(np.ceil(plan.orders * factor[:, None]), plan.orders.dtype)
    changed = compiled._replace(plan=plan._replace(output=output, lines=lines, orders=orders)), assumptions
    for parameter in ("heads", "hire_rate"):
        values = draws_of(compiled, assumptions, "plants", parameter)
        for row in np.flatnonzero(plants & programme_plants(compiled)).tolist():
            changed = with_values(*changed, "plants", parameter, row, values[:, row] * (1.0 + more))
    return changed


def crew_options(compiled: Compiled, assumptions: Floats, more: float) -> Iterator[Option]:
    """Yield the options with more crews, more kits and more of both; those that would add none are omitted.

    If there are crews but no kits, or kits but no crews, the first ones are added: a share of the number of the others.
    """
    plan = compiled.plan
    changes: dict[str, Any] = {}
    titles: dict[str, str] = {}
    for kind, field in FIELDS.items():
        total = total_number(compiled, assumptions, kind)
        changes[field] = values = more_monthly(compiled, assumptions, kind, more)
        if added := int((values - getattr(plan, field)).sum()):
            titles[kind] = increase_text(kind, added, total, more)
            change: dict[str, Any] = {field: values}
            changed = compiled._replace(plan=plan._replace(**change))
            yield Option(kind, kind, titles[kind], changed, assumptions)
    if len(titles) == len(FIELDS):
        amount = amount_text(more)
        is_same_share = all(title == f"{amount} {kind}" for kind, title in titles.items())
        title = f"{amount} crews with kits" if is_same_share else " and ".join(titles.values())
        changed = compiled._replace(plan=plan._replace(**changes))
        yield Option("crews-and-kits", "crews with kits", title, changed, assumptions)


def total_number(compiled: Compiled, assumptions: Floats, kind: str) -> float:
    """Mean number of crews or kits at the start, and all that are added in the months."""
    return initial(compiled, assumptions, kind) + float(getattr(compiled.plan, FIELDS[kind]).sum())


def more_monthly(compiled: Compiled, assumptions: Floats, kind: str, more: float) -> Ints:
    """(months,) crew intake or kits ordered, with more crews or kits.

    If there are none, the first ones are added: a share of the number of the other kind.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        kind: ``crews`` or ``kits``.
        more: Increase as a share of the number at the start and of all that are added.

    """
    other = next(name for name in FIELDS if name != kind)
    has_some = total_number(compiled, assumptions, kind) > 0.0
    start = initial(compiled, assumptions, kind) if has_some else total_number(compiled, assumptions, other)
    return increased(getattr(compiled.plan, FIELDS[kind]), start, more)


def increase_text(kind: str, added: int, total: float, more: float) -> str:
    """An increase in words: as a share, or as a number if rounding makes the share a different one.

    >>> [increase_text("kits", *numbers) for numbers in ((10, 104.0, 0.1), (1, 6.0, 0.1), (2, 0.0, 0.1), (6, 6.0, 1.0))]
    ['10 % more kits', '1 more kit', 'the first 2 kits', 'twice as many kits']
    """
    noun = kind.removesuffix("s") if added == 1 else kind
    if total == 0.0:
        return f"the first {added:,} {noun}" if added > 1 else f"the first {noun}"
    is_share = abs(added - more * total) <= SHARE_TOLERANCE * more * total
    return f"{amount_text(more)} {kind}" if is_share else f"{added:,} more {noun}"


def initial(compiled: Compiled, assumptions: Floats, kind: str) -> float:
    """Mean number of crews or kits at the start."""
    return float(draws_of(compiled, assumptions, kind, "initial").mean())


def increased(monthly: Ints, start: float, more: float) -> Ints:
    """Monthly numbers increased by a share, with the same increase of the number at the start in the first month.

    The increases are rounded so that their sum is correct to one half.
    """
    extra = more * np.asarray(monthly, float)
    extra[:1] += more * start
    steps = np.diff(np.rint(np.cumsum(extra)), prepend=0.0)
    return np.asarray(monthly + steps, np.int64)


def line_options(compiled: Compiled, assumptions: Floats) -> Iterator[Option]:
    """Yield the option with one more line at every plant that makes units."""
    plan = compiled.plan
    lines = np.where(programme_plants(compiled)[:, None] & (plan.lines > 0.0), plan.lines + 1.0, plan.lines)
    if not np.array_equal(lines, plan.lines):
        changed = compiled._replace(plan=plan._replace(lines=lines))
        yield Option("lines", "lines", "one more line at every plant", changed, assumptions)


def layer_options(compiled: Compiled, assumptions: Floats, titles: dict[str, str], more: float) -> Iterator[Option]:
    """Yield an option with more stock and resupply for each layer that is resupplied."""
    for row in stocked_layers(compiled, assumptions):
        name = compiled.names.layers[row]
        noun = layer_noun(name, titles)
        changed = more_of_layer(compiled, assumptions, row, more)
        yield Option(f"layer/{name}", noun, f"{amount_text(more)} {noun}", *changed)


def stocked_layers(compiled: Compiled, assumptions: Floats) -> list[int]:
    """Rows of the layers that are resupplied."""
    rows = np.flatnonzero((draws_of(compiled, assumptions, "layers", "resupply") > 0.0).any(axis=0))
    return [int(row) for row in rows]


def more_of_layer(compiled: Compiled, assumptions: Floats, row: int, more: float) -> tuple[Compiled, Floats]:
    """The scenario and its draws with more stock and resupply of a layer, given its row."""
    changed = compiled, assumptions
    for parameter in ("stock", "resupply"):
        values = draws_of(compiled, assumptions, "layers", parameter)[:, row]
        changed = with_values(*changed, "layers", parameter, row, values * (1.0 + more))
    return changed


def layer_noun(name: str, titles: dict[str, str]) -> str:
    """What a layer has more of, such as "medium-range missiles"."""
    title = titles.get(f"layers.{name}", name)
    return plural(f"{title[:1].lower()}{title[1:]}")


def plural(noun: str) -> str:
    """The plural of the title of a layer; words that have none, such as warfare, and plurals are unchanged.

    >>> plural("missile"), plural("guns and mobile groups"), plural("battery"), plural("electronic warfare")
    ('missiles', 'guns and mobile groups', 'batteries', 'electronic warfare')
    """
    if noun.endswith(("s", *WITHOUT_PLURAL)):
        return noun
    return f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"


def supplier_options(compiled: Compiled, assumptions: Floats) -> Iterator[Option]:
    """Yield an option in which each supplier in use can ship twice as many parts, as if a second one were found."""
    changed, draws = more_from_suppliers(compiled, assumptions, 1.0)
    if changed is not compiled:
        yield Option("suppliers", "suppliers of parts", SECOND_SUPPLIER, changed, draws)


def more_from_suppliers(compiled: Compiled, assumptions: Floats, more: float) -> tuple[Compiled, Floats]:
    """The scenario and its draws with more capacity of each supplier in use; unchanged if no parts are used."""
    used = np.flatnonzero(compiled.plan.sourcing > 0.0)
    if not len(used) or not programme_plants(compiled).any():
        return compiled, assumptions
    capacity, changed = draws_of(compiled, assumptions, "suppliers", "capacity"), (compiled, assumptions)
    for row in used.tolist():
        changed = with_values(*changed, "suppliers", "capacity", row, (1.0 + more) * capacity[:, row])
    return changed


def all_gates(compiled: Compiled, assumptions: Floats) -> Iterator[Option]:
    """Yield the option in which the last gates of every plant are passed a month sooner, if there are any."""
    gates = [gate for group in plants_by_gates(compiled, assumptions) for gate in group]
    if gates:
        title = f"the gates of every plant passed up to {LESS_DAYS:.0f} days sooner"
        yield Option("gates", "the gates of the plants", title, *sooner(compiled, assumptions, gates))


def gate_options(compiled: Compiled, assumptions: Floats, titles: dict[str, str]) -> Iterator[Option]:
    """Yield an option for each set of plants with the same last gates, in which these are passed a month sooner.

    Other plants behind the same gates open sooner too.
    """
    for gates, plants in plants_by_gates(compiled, assumptions).items():
        names = [compiled.names.plants[plant] for plant in plants]
        title = " and ".join(titles.get(f"plants.{name}", name) for name in names)
        changed = sooner(compiled, assumptions, gates)
        yield Option(
            f"gates/{'+'.join(names)}", f"the gates of {title}",
            f"the gates of {title} passed up to {LESS_DAYS:.0f} days sooner", *changed,
        )  # fmt: skip


def plants_by_gates(compiled: Compiled, assumptions: Floats) -> dict[tuple[int, ...], list[int]]:
    """The plants of the programme by their last gates, without plants whose gates take no time."""
    duration = draws_of(compiled, assumptions, "gates", "duration")
    groups: dict[tuple[int, ...], list[int]] = {}
    for plant in np.flatnonzero(programme_plants(compiled)).tolist():
        gates = tuple(np.flatnonzero(compiled.links.plant_gates[plant]).tolist())
        if (duration[:, gates] > 0.0).any():
            groups.setdefault(gates, []).append(plant)
    return groups


def sooner(compiled: Compiled, assumptions: Floats, gates: Iterable[int]) -> tuple[Compiled, Floats]:
    """The scenario and its draws with shorter gates."""
    duration = draws_of(compiled, assumptions, "gates", "duration")
    changed = compiled, assumptions
    for gate in sorted(set(gates)):
        changed = with_values(*changed, "gates", "duration", gate, np.maximum(0.0, duration[:, gate] - LESS_DAYS))
    return changed


def programme_plants(compiled: Compiled) -> NDArray[np.bool_]:
    """(plants,) True for the plants of the programme that are requested to make units."""
    return np.asarray((compiled.plan.output > 0.0).any(axis=1) & (compiled.plan.in_programme != 0))


def with_values(
    compiled: Compiled, assumptions: Floats, kind: str, parameter: str, row: int, values: Floats
) -> tuple[Compiled, Floats]:
    """A scenario and its draws with other draws of one parameter of one entity.

    The draws are a new column, so that other entities that share the row of assumptions keep theirs.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        kind: Kind of the entity.
        parameter: The parameter.
        row: Row of the entity.
        values: (futures,) draws in the unit of the parameter.

    """
    columns = compiled.draw_columns[kind, parameter].copy()
    columns[row] = assumptions.shape[1]
    draw_columns = {**compiled.draw_columns, (kind, parameter): columns}
    return compiled._replace(draw_columns=draw_columns), np.column_stack([assumptions, values])
