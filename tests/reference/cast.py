"""A compiled scenario turned back into things with names: what the reference campaign reads."""

from itertools import product
from types import SimpleNamespace
from typing import Any

from octoplan.scenario.arrays import Compiled, EntityRecords, KnownState, Names
from octoplan.scenario.entities import KINDS, Kind


class Thing(SimpleNamespace):
    """An entity or a pair: ``name``, its links as names (``None`` for none), its numbers, its currencies as names."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.name} has no {name}")


class Knowledge:
    """What is known on a date, by name, only what is stated; ``day`` is ``None`` where there is no state."""

    def __init__(self, names: Names, known: KnownState) -> None:
        day = int(known.day[0])
        self.day = None if day < 0 else day
        gates = zip(known.gate_earliest.tolist(), known.gate_latest.tolist(), strict=True)
        self.passed = dict(zip(names.gates, gates, strict=True))
        self.experience = stated(known.experience, names.plants)
        self.heads = stated(known.heads, names.plants)
        self.waiting = stated(known.plant_stock, names.plants)
        self.on_hand = stated(known.on_hand, names.plants, names.parts)
        self.on_order = stated(known.on_order, names.plants, names.parts)
        self.stock = stated(known.stock, names.regions, names.designs)
        self.total = stated(known.total_stock, names.designs)
        self.crews = stated(known.crews, ("trained", "in course"))
        self.kits = stated(known.kits, ("held", "on order"))


def stated(values: Any, *axes: tuple[str, ...]) -> dict[Any, Any]:
    """The numbers of an array that are no -1, by the name of their place, or its names."""
    places = product(*axes) if len(axes) > 1 else axes[0]
    return {place: number for place, number in zip(places, values.ravel().tolist(), strict=True) if number >= 0}


class Cast:
    """All things of one future by kind and name, and the structure and the plan by name."""

    def __init__(self, compiled: Compiled, world: EntityRecords) -> None:
        names, links, plan = compiled.names, compiled.links, compiled.plan
        self.names, self.plan = names, plan
        self._chosen: dict[str, dict[str, Any]] = {}
        self.all: dict[str, dict[Any, Thing]] = {
            kind.name: things(compiled, kind, getattr(world, kind.name)) for kind in KINDS if kind.parameters
        }
        self.month_of = [names.months[month] for month in links.month_of]
        self.month_days = dict(zip(names.months, links.month_days.tolist(), strict=True))
        self.winter = links.winter.tolist()
        self.waits_for = {
            gate: [names.gates[other] for other in range(len(names.gates)) if links.gate_after[row, other]]
            for row, gate in enumerate(names.gates)
        }
        self.gates_of = {
            plant: [names.gates[gate] for gate in range(len(names.gates)) if links.plant_gates[row, gate]]
            for row, plant in enumerate(names.plants)
        }
        self.lanes_of = {
            plant: [names.lanes[lane] for lane in links.plant_lanes[row] if lane >= 0]
            for row, plant in enumerate(names.plants)
        }
        self.causes_of = {
            supplier: [names.causes[cause] for cause in range(len(names.causes)) if links.supplier_causes[row, cause]]
            for row, supplier in enumerate(names.suppliers)
        }
        self.bill = {
            design: {part: int(links.bill[row, column]) for column, part in enumerate(names.parts)}
            for row, design in enumerate(names.designs)
        }
        self.downstream = [names.regions[region] for region in links.region_order]
        self.corridors_into = {
            region: [
                names.corridors[c] for c in links.incoming[links.incoming_start[row] : links.incoming_start[row + 1]]
            ]
            for row, region in enumerate(names.regions)
        }
        self.given = [dict(zip(names.packages, row, strict=True)) for row in links.given_counts.tolist()]
        self.salvo_factor = links.salvo_factor.tolist()
        self.threat_factor = dict(zip(names.threats, links.threat_factor.T.tolist(), strict=True))
        self.known = Knowledge(names, links.known_state)
        self.layers_against = {
            threat: [names.layers[layer] for layer in plan.layer_order[row] if layer >= 0]
            for row, threat in enumerate(names.threats)
        }

    def chosen(self, decision: str, section: str) -> dict[str, Any]:
        """A decision by the names of a section, as plain numbers (lists where it has further axes)."""
        if decision not in self._chosen:
            values = getattr(self.plan, decision).tolist()
            self._chosen[decision] = dict(zip(getattr(self.names, section), values, strict=True))
        return self._chosen[decision]


def things(compiled: Compiled, kind: Kind, records: Any) -> dict[Any, Thing]:
    """The things of a kind: by name, by pair of names, or under ``None`` where there is one alone."""
    names = compiled.names
    found = {}
    for row, axes in enumerate(product(*(getattr(names, axis) for axis in kind.axes))):
        thing = Thing(name="/".join(axes) or kind.name)
        for link in kind.links:
            if link.many:
                continue
            value = int(records[link.name][row])
            words = link.to if isinstance(link.to, tuple) else None if link.to == "bool" else getattr(names, link.to)
            setattr(thing, link.name, bool(value) if words is None else words[value] if value >= 0 else None)
        for parameter in kind.parameters:
            setattr(thing, parameter.name, float(records[parameter.name][row]))
            if parameter.is_money:
                currency = int(records[f"{parameter.name}_currency"][row])
                setattr(thing, f"{parameter.name}_currency", names.currencies[currency])
        found[axes if len(axes) > 1 else axes[0] if axes else None] = thing
    return found
