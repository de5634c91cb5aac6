"""JSON Schemas of the files of a scenario, for editors; derived from ``entities`` and ``decisions``."""

import json
from pathlib import Path
from typing import Any

from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, QUALITIES
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.defaults import DEFAULT_VALUES
from octoplan.scenario.distributions import DISTRIBUTIONS
from octoplan.scenario.entities import KIND_BY_NAME, KINDS, MONTHS, SECTIONS, Kind, Link
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS, OBSERVATIONS, PROGRAMME, RAID_COUNTS, RAID_FIT
from octoplan.scenario.governance import GOVERNANCE, Governance
from octoplan.scenario.observations import KINDS as OBSERVATION_KINDS
from octoplan.scenario.observations import OBSERVABLE, OBSERVATION_COLUMNS, ObservableMeasure
from octoplan.scenario.programme import (
    MAX_MILESTONE,
    MAX_MONTHS,
    MAX_PARTS_PER_UNIT,
    REQUIRED_SECTIONS,
    RESERVED_NAMES,
    SINGLE_KINDS_WITH_LINKS,
    YEAR_RANGE,
)

Schema = dict[str, Any]

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME_PATTERN = "[a-z0-9]+(-[a-z0-9]+)*"


def schemas() -> dict[str, Schema]:
    """JSON Schemas by file name."""
    return {
        f"{PROGRAMME.removesuffix('.toml')}.schema.json": programme_schema(),
        f"{DECISIONS.removesuffix('.toml')}.schema.json": decisions_schema(),
        f"{ASSUMPTIONS.removesuffix('.csv')}.schema.json": assumptions_schema(),
        f"{OBSERVATIONS.removesuffix('.csv')}.schema.json": observations_schema(),
    }


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas to a folder, which is created if it does not exist; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def programme_schema() -> Schema:
    """JSON Schema of ``programme.toml``."""
    top_level_keys: Schema = {
        "title": {"type": "string"},
        "start": {"description": "the first day of a month, as a TOML date"},
        "months": {"type": "integer", "minimum": 1, "maximum": MAX_MONTHS},
        "price_base": {
            "type": "integer",
            "minimum": YEAR_RANGE[0],
            "maximum": YEAR_RANGE[1],
            "description": "year of all prices in results",
        },
        "currency": {"type": "string", "description": "the reporting currency, a name from [currencies]"},
        "missile_layer": {
            "type": "string",
            "description": "the layer with which the cost of kills by interceptors is compared",
        },
        "milestones": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_MILESTONE},
            "description": "monthly outputs in good units; the first month that reaches each is reported",
        },
        "raids": {
            "description": "files that replace assumptions on raids: daily counts, or a process fitted to a record",
            "anyOf": [
                {"enum": [RAID_COUNTS, RAID_FIT]},
                {"type": "array", "items": {"enum": [RAID_COUNTS, RAID_FIT]}, "uniqueItems": True},
            ],
        },
    }
    sections = {section: _section_schema(section) for section in SECTIONS}
    single_kinds = [KIND_BY_NAME[name] for name in SINGLE_KINDS_WITH_LINKS]
    single_entities = {kind.name: {"description": kind.meaning, **_table_schema(kind)} for kind in single_kinds}
    governance = {GOVERNANCE: Governance.model_json_schema(ref_template=f"#/properties/{GOVERNANCE}/$defs/{{model}}")}
    return {
        "$schema": SCHEMA_DIALECT,
        "title": PROGRAMME,
        "description": "Entities and the links between them. Numbers are in assumptions.csv and decisions.toml.",
        "type": "object",
        "properties": top_level_keys | sections | single_entities | governance,
        "required": [name for name in top_level_keys if name not in ("missile_layer", "milestones", "raids")]
        + [*REQUIRED_SECTIONS, *SINGLE_KINDS_WITH_LINKS],
        "additionalProperties": False,
    }


def _section_schema(section: str) -> Schema:
    kind = KIND_BY_NAME[section]
    table = _table_schema(kind)
    table["properties"]["title"] = {"type": "string", "description": "title of the entity in tables and charts"}
    if section == "designs":
        count = {"type": "integer", "minimum": 1, "maximum": MAX_PARTS_PER_UNIT}
        table["properties"]["parts"] = {
            "type": "object",
            "additionalProperties": count,
            "description": "bill of materials",
        }
    if section == "regions":
        coordinate = {"type": "integer", "minimum": 0, "maximum": 99}
        table["properties"]["tile"] = {"type": "array", "items": coordinate, "minItems": 2, "maxItems": 2}
    pattern = "[A-Z]{3}" if section == "currencies" else NAME_PATTERN
    names: Schema = {"pattern": f"^{pattern}$", "not": {"enum": list(RESERVED_NAMES.get(section, ()))}}
    return {"description": kind.meaning, "type": "object", "propertyNames": names, "additionalProperties": table}


def _table_schema(kind: Kind) -> Schema:
    return {
        "type": "object",
        "properties": {link.name: {"description": link.meaning, **_link_schema(link)} for link in kind.links},
        "required": [link.name for link in kind.links if not link.optional],
        "additionalProperties": False,
    }


def _link_schema(link: Link) -> Schema:
    if link.domain == "bool":
        return {"type": "boolean"}
    if isinstance(link.domain, tuple):
        return {"enum": list(link.domain)}
    name = {"type": "string", "pattern": "^[A-Z]{3}$" if link.domain == "currencies" else f"^{NAME_PATTERN}$"}
    return {"type": "array", "items": name, "uniqueItems": True} if link.is_list else name


def decisions_schema() -> Schema:
    """JSON Schema of ``decisions.toml``."""
    return {"$schema": SCHEMA_DIALECT, **Decisions.model_json_schema(), "title": DECISIONS}


def assumptions_schema() -> Schema:
    """JSON Schema of one row of ``assumptions.csv``; ``name`` lists every parameter with its unit and range."""
    string = {"type": "string"}
    properties: Schema = {column: dict(string) for column in ASSUMPTION_COLUMNS}
    properties["name"] = {
        "anyOf": [_row_name_schema(kind, index) for kind in KINDS for index in range(len(kind.parameters))]
    }
    properties["distribution"] = {"enum": ["", *DISTRIBUTIONS], "description": "an empty cell means fixed"}
    properties["quality"] = {"enum": list(QUALITIES)}
    properties["date"] = {"type": "string", "format": "date", "description": "date of the last review of the row"}
    properties["price_base"] = {
        "type": "string",
        "pattern": "^([0-9]{4})?$",
        "description": "year of the prices; for money only",
    }
    return {
        "$schema": SCHEMA_DIALECT,
        "title": f"a row of {ASSUMPTIONS}",
        "type": "object",
        "properties": properties,
        "required": list(ASSUMPTION_COLUMNS),
        "additionalProperties": False,
    }


def _row_name_schema(kind: Kind, index: int) -> Schema:
    """JSON Schema of the row names of a parameter, with its unit, permitted range and default value."""
    parameter = kind.parameters[index]
    pattern_by_section = {"currencies": r"([A-Z]{3}|\*)", MONTHS: r"([0-9]{4}-[0-9]{2}|\*)"}
    entities = [pattern_by_section.get(section, rf"({NAME_PATTERN}|\*)") for section in kind.axes]
    bounds = {"x-low": parameter.low, "x-high": parameter.high}
    return {
        "pattern": "^" + r"\.".join((kind.name, *entities, parameter.name)) + "$",
        "description": parameter.meaning,
        "x-unit": parameter.unit,
        "x-when": "optional" if kind.optional and parameter.condition == "always" else parameter.condition,
        **({"x-default": default.value} if (default := DEFAULT_VALUES.get((kind.name, parameter.name))) else {}),
        **{key: value for key, value in bounds.items() if abs(value) != float("inf")},
    }


def observations_schema() -> Schema:
    """JSON Schema of one row of ``observations.csv``; ``measure`` lists every measure with its kind and unit."""
    properties: Schema = {column: {"type": "string"} for column in OBSERVATION_COLUMNS}
    properties["measure"] = {"anyOf": [_measure_schema(measure) for measure in OBSERVABLE]}
    properties["kind"] = {"enum": list(OBSERVATION_KINDS)}
    properties["period"]["description"] = "a day, a month, or a span such as 2025-11 to 2026-01"
    properties["low"]["description"] = properties["high"]["description"] = "P10 and P90 of the true value"
    properties["sd"]["description"] = "standard deviation of the error of the value"
    return {
        "$schema": SCHEMA_DIALECT,
        "title": f"a row of {OBSERVATIONS}",
        "type": "object",
        "properties": properties,
        "required": list(OBSERVATION_COLUMNS),
        "additionalProperties": False,
    }


def _measure_schema(measure: ObservableMeasure) -> Schema:
    """JSON Schema of the keys of a measure."""
    sections = "|".join(measure.axes)
    longer = [m.key.removeprefix(f"{measure.key}/") for m in OBSERVABLE if m.key.startswith(f"{measure.key}/")]
    other = "".join(f"(?!{key}(/|$))" for key in longer)
    name = rf"/{other}(({sections})\.)?{NAME_PATTERN}" if measure.axes else ""
    optional = "?" if measure.has_total and name else ""
    return {
        "pattern": f"^{measure.key}({name}){optional}$" if name else f"^{measure.key}$",
        "description": measure.meaning,
        "x-kind": measure.kind,
        "x-unit": measure.unit,
    }
