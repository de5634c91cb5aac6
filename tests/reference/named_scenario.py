"""A compiled scenario as entities with names, the input of the reference implementation."""

from itertools import product
from types import SimpleNamespace
from typing import Any

from octoplan.scenario.arrays import Compiled, EntityRecords, KnownState, Names
from octoplan.scenario.entities import KINDS, Kind


class Entity(SimpleNamespace):
    """An entity or a pair of entities: name, links and currencies as names (None for no link), and parameters."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.name} has no {name}")


class NamedState:
    """Known state at a date by entity name, with stated values only; ``day`` is None if there is no known state."""

    def __init__(self, names: Names, known: KnownState) -> None:
        day = int(known.day[0])
        self.day = None if day < 0 else day
        gates = zip(known.gate_earliest.tolist(), known.gate_latest.tolist(), strict=True)
        self.gate_bounds = dict(zip(names.gates, gates, strict=True))
        self.experience = by_name(known.experience, names.plants)
        self.heads = by_name(known.heads, names.plants)
        self.plant_stock = by_name(known.plant_stock, names.plants)
        self.on_hand = by_name(known.on_hand, names.plants, names.parts)
        self.on_order = by_name(known.on_order, names.plants, names.parts)
        self.stock = by_name(known.stock, names.regions, names.designs)
        self.total = by_name(known.total_stock, names.designs)
        self.crews = by_name(known.crews, ("trained", "in course"))
        self.kits = by_name(known.kits, ("held", "on order"))


def by_name(values: Any, *axes: tuple[str, ...]) -> dict[Any, Any]:
    """Values of an array that are not -1, by name, or by tuple of names if there are several axes."""
    names = product(*axes) if len(axes) > 1 else axes[0]
    return {name: number for name, number in zip(names, values.ravel().tolist(), strict=True) if number >= 0}


class NamedScenario:
    """Entities of one future by kind and name, and structure and decisions by name."""

    def __init__(self, compiled: Compiled, records: EntityRecords) -> None:
        names, links, plan = compiled.names, compiled.links, compiled.plan
        self.names, self.plan = names, plan
        self._decisions: dict[str, dict[str, Any]] = {}
        self.entities: dict[str, dict[Any, Entity]] = {
            kind.name: entities_of_kind(compiled, kind, getattr(records, kind.name))
            for kind in KINDS
            if kind.parameters
        }
        self.month_of = [names.months[month] for month in links.month_of]
        self.month_days = dict(zip(names.months, links.month_days.tolist(), strict=True))
        self.winter = links.winter_weight.tolist()
        self.predecessors_of = {
            gate: [names.gates[column] for column in range(len(names.gates)) if links.gate_predecessors[row, column]]
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
        self.region_order = [names.regions[region] for region in links.region_order]
        self.corridors_into = {
            region: [
                names.corridors[c] for c in links.incoming[links.incoming_start[row] : links.incoming_start[row + 1]]
            ]
            for row, region in enumerate(names.regions)
        }
        self.observed_counts = [dict(zip(names.packages, row, strict=True)) for row in links.observed_counts.tolist()]
        self.salvo_factor = links.salvo_factor.tolist()
        self.threat_factor = dict(zip(names.threats, links.threat_factor.T.tolist(), strict=True))
        self.known = NamedState(names, links.known_state)
        self.layers_against = {
            threat: [names.layers[layer] for layer in plan.layer_order[row] if layer >= 0]
            for row, threat in enumerate(names.threats)
        }

    def decision(self, name: str, section: str) -> dict[str, Any]:
        """Values of a decision by the names of a section; lists if the decision has further axes."""
        if name not in self._decisions:
            values = getattr(self.plan, name).tolist()
            self._decisions[name] = dict(zip(getattr(self.names, section), values, strict=True))
        return self._decisions[name]


def entities_of_kind(compiled: Compiled, kind: Kind, records: Any) -> dict[Any, Entity]:
    """Entities of a kind by name, by tuple of names, or under None if the kind has a single entity."""
    names = compiled.names
    entities = {}
    for row, axes in enumerate(product(*(getattr(names, axis) for axis in kind.axes))):
        entity = Entity(name="/".join(axes) or kind.name)
        for link in kind.links:
            if link.is_list:
                continue
            value = int(records[link.name][row])
            options = (
                link.domain
                if isinstance(link.domain, tuple)
                else None
                if link.domain == "bool"
                else getattr(names, link.domain)
            )
            setattr(entity, link.name, bool(value) if options is None else options[value] if value >= 0 else None)
        for parameter in kind.parameters:
            setattr(entity, parameter.name, float(records[parameter.name][row]))
            if parameter.is_money:
                currency = int(records[f"{parameter.name}_currency"][row])
                setattr(entity, f"{parameter.name}_currency", names.currencies[currency])
        entities[axes if len(axes) > 1 else axes[0] if axes else None] = entity
    return entities
