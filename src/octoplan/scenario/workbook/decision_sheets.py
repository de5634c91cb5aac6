"""``decisions.toml`` as sheets: the monthly grids, the doctrine by class of threat, and a table of all others."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from octoplan.scenario.decisions import Decisions, Doctrine
from octoplan.scenario.report import did_you_mean, quoted
from octoplan.scenario.workbook.cell_text import (
    SheetReader,
    is_exact_in_spreadsheet,
    is_percentage,
    number_problem,
    parse_number,
    quoted_text,
)
from octoplan.scenario.workbook.layout import (
    ColumnLayout,
    LayoutCell,
    SheetLayout,
    list_items,
    list_text,
    number_cell,
)
from octoplan.scenario.workbook.month_grids import GRIDS
from octoplan.scenario.workbook.programme_sheets import MEANING, warn_of_fixed
from octoplan.scenario.workbook.table_reader import TableRow, report_repeated, table_rows
from octoplan.scenario.workbook.tree import CellTree, value_in

DECISIONS_SHEET, DOCTRINE_SHEET = "decisions", "doctrine"
DECISION, ITEM, DETAIL, VALUE, UNIT = "decision", "item", "detail", "value", "unit"
HEADERS = (DECISION, ITEM, DETAIL, VALUE, UNIT, MEANING)

Schema = Mapping[str, Any]
Keys = tuple[str, ...]

NAMES_OF: dict[Keys, str] = {
    ("budget",): "payers", ("crew_share",): "regions", ("dispatch", "share"): "regions", ("sourcing",): "suppliers",
    ("plan", "share"): "countries", ("plan", "budget"): "payers", ("plan", "jobs"): "countries",
    ("plan", "most"): "plants",
}  # fmt: skip
"""Section whose entities are the items of a decision."""
LISTED_IN_FULL = frozenset({("budget",), ("crew_share",), ("sourcing",)})
"""Decisions that have a row for every entity; an empty value is not stated."""
AMOUNTS = frozenset({("orders", "cover"), ("budget",), ("plan", "budget"), ("plan", "shortage")})
"""Decisions whose value is an amount with a unit."""
UNITS = {"sourcing": "weight", "crew_share": "weight", "dispatch.share": "weight"}
"""Units of decisions that are numbers, for display."""
AMOUNT_PATTERN = re.compile(r"([0-9.]+) ([A-Za-z%/ ]+)")


@dataclass(frozen=True)
class DecisionKind:
    """A decision of the sheet ``decisions``: its path of keys, JSON Schema, and number of names below it."""

    keys: Keys
    schema: Schema
    depth: int

    @property
    def name(self) -> str:
        """Name in the column ``decision``."""
        return ".".join(self.keys)

    @property
    def meaning(self) -> str:
        """Meaning from the schema, with the permitted words and the default."""
        text = str(self.schema.get("description", ""))
        default = self.schema.get("default")
        return f"{text}; default {default}" if default and not isinstance(default, dict | list) else text


@cache
def decision_kinds() -> dict[str, DecisionKind]:
    """The decisions of the sheet ``decisions`` by name: single values first, long lists last."""
    schema = Decisions.model_json_schema()
    in_grids = {grid.keys for grid in GRIDS if grid.depth == 1} | {
        keys for grid in GRIDS for keys in grid.columns.values()
    }
    fields = [(keys, field) for keys, field in schema_fields(schema, schema, ()) if keys not in in_grids]
    kinds = [DecisionKind(keys, field, dictionary_depth(schema, field)) for keys, field in fields]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: (kind.depth > 0, kind.keys in LISTED_IN_FULL))}


def schema_fields(root: Schema, schema: Schema, keys: Keys) -> Iterator[tuple[Keys, Schema]]:
    """Paths and schemas of the fields of a schema, tables of fixed fields resolved."""
    for name, field in schema.get("properties", {}).items():
        target = resolve(root, field)
        if "properties" in target:
            yield from schema_fields(root, target, (*keys, name))
        else:
            yield (*keys, name), {**target, **field}


def resolve(root: Schema, schema: Schema) -> Schema:
    """The schema that a reference stands for."""
    reference = schema.get("$ref")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def branches(schema: Schema) -> Sequence[Schema]:
    """The alternatives of a schema, without the missing value."""
    return [branch for branch in schema.get("anyOf", [schema]) if branch.get("type") != "null"]


def dictionary_depth(root: Schema, schema: Schema) -> int:
    """Number of names below a field: 1 for a table of numbers, 2 for a table of tables, 0 for a value."""
    depths = [
        1 + dictionary_depth(root, resolve(root, branch["additionalProperties"]))
        for branch in branches(schema)
        if isinstance(branch.get("additionalProperties"), Mapping)
    ]
    return max(depths, default=0)


def value_schema(kind: DecisionKind, names: int) -> Schema:
    """Schema of a value below a number of names."""
    schema = kind.schema
    for _ in range(names):
        schema = next(branch["additionalProperties"] for branch in branches(schema) if "additionalProperties" in branch)
    options = [branch for branch in branches(schema) if "additionalProperties" not in branch]
    return options[0] if options else schema


def decisions_layout(tree: Mapping[str, Any], programme: Mapping[str, Any]) -> SheetLayout:
    """The sheet of the decisions that are neither monthly nor a doctrine."""
    rows = [row for kind in decision_kinds().values() for row in decision_rows(kind, tree, programme)]
    columns = (
        ColumnLayout(DECISION, "name of the decision", 20),
        ColumnLayout(ITEM, "name of the entity, for a decision with a value for each entity", 26),
        ColumnLayout(DETAIL, "year of a budget, or pattern of assumptions", 16),
        ColumnLayout(VALUE, "value; an empty cell means that the default applies", 22),
        ColumnLayout(UNIT, "unit of an amount, such as days or MGBP", 10),
        ColumnLayout(MEANING, "filled by octoplan", 70, is_fixed=True),
    )
    purpose = (
        "All decisions that are not monthly. An empty value means that the default applies. For a decision with a "
        "value for each entity, item is the name of the entity, and * stands for all others."
    )
    return SheetLayout(DECISIONS_SHEET, "decisions", purpose, columns, rows, frozen_columns=2)


def decision_rows(
    kind: DecisionKind, tree: Mapping[str, Any], programme: Mapping[str, Any]
) -> Iterator[list[LayoutCell]]:
    """The rows of a decision: stated values, and empty ones for entities without a value."""
    value = value_in(tree, kind.keys)
    unit = UNITS.get(kind.name, "")
    if kind.depth == 0:
        yield [kind.name, None, None, *value_cells(kind, value, unit), kind.meaning]
        return
    stated = dict(value or {})
    names = tuple(programme.get(NAMES_OF.get(kind.keys, ""), {})) if kind.keys in LISTED_IN_FULL else ()
    everyone = ("*",) if names and NAMES_OF[kind.keys] == "regions" else ()
    items = dict.fromkeys([*(name for name in names if name in stated), *stated, *everyone, *names])
    meaning = kind.meaning
    for item in items or {None: None}:
        content = stated.get(item) if item else None
        details = content.items() if isinstance(content, Mapping) else [(None, content)]
        for detail, number in details:
            yield [kind.name, item, detail, *value_cells(kind, number, unit), meaning]
            meaning = ""


def value_cells(kind: DecisionKind, value: Any, unit: str) -> list[LayoutCell]:
    """Value and unit of a decision as cells; an amount such as ``30 days`` is divided if that loses nothing."""
    if kind.keys in AMOUNTS and isinstance(value, str):
        match = AMOUNT_PATTERN.fullmatch(value)
        if match and is_exact_in_spreadsheet(match[1]):
            return [float(match[1]) if "." in match[1] else int(match[1]), match[2]]
        return [value, None]
    if isinstance(value, list):
        return [list_text(value) or None, unit or None]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [number_cell(value), unit or None]
    return [value, unit or None]


def doctrine_layout(tree: Mapping[str, Any], programme: Mapping[str, Any]) -> SheetLayout:
    """The sheet of the doctrine, with a row for each class of threat."""
    fields = Doctrine.model_fields
    columns = (
        ColumnLayout("threat", "a name of the sheet threats", 22, names_of="threats"),
        *(
            ColumnLayout(
                name, (field.description or "") + ("; separated by semicolons" if name == "layers" else ""),
                54 if name == "layers" else 14,
                numbers={"layers": "", "value": "any"}.get(name, "whole"),
            )
            for name, field in fields.items()
        ),
    )  # fmt: skip
    table = tree.get("doctrine", {})
    stated = [name for name in (*programme.get("threats", {}), *table) if isinstance(table.get(name), Mapping)]
    rows: list[list[LayoutCell]] = []
    for threat in dict.fromkeys(stated):
        values = [table[threat].get(name) for name in fields]
        rows.append([threat, *(list_text(v) if isinstance(v, list) else v for v in values)])
    purpose = "Layers that engage each class of threat, in their order, with shots, salvo and priority."
    return SheetLayout(DOCTRINE_SHEET, "decisions", purpose, columns, rows)


def read_decisions_sheet(reader: SheetReader, tree: CellTree) -> None:
    """Read the sheet of the decisions that are neither monthly nor a doctrine."""
    kinds, rows = decision_kinds(), dict[str, int]()
    tree.addresses[()] = reader.address(0)
    for row in table_rows(reader, HEADERS, (DETAIL, MEANING)):
        kind = kinds.get(row.text(DECISION))
        warn_of_fixed(row, kind.meaning if kind else "")
        if kind is None:
            name = row.text(DECISION)
            row.add(DECISION, f"{quoted(name)} is not a decision of this sheet; {did_you_mean(name, kinds)}")
            continue
        names = [name for name in (row.text(ITEM), row.text(DETAIL)) if name]
        if not row.reader.cell(row.number, row.columns.get(VALUE, 0)) or not row.text(VALUE):
            if kind.depth == 0:
                tree.addresses.setdefault(kind.keys, row.address(VALUE))
            continue
        if problem := names_problem(kind, row, names):
            row.add(*problem)
            continue
        keys = (*kind.keys, *names)
        if report_repeated(reader, rows, ": ".join([kind.name, *names]), row.number):
            continue
        tree.addresses[keys] = row.address(VALUE)
        if names:
            tree.addresses[(*kind.keys, names[0])] = row.address(ITEM if len(names) == 1 else VALUE)
            tree.addresses.setdefault(kind.keys, row.address(DECISION))
        set_value(kind, row, keys, len(names), tree)


def names_problem(kind: DecisionKind, row: TableRow, names: Sequence[str]) -> tuple[str, str] | None:
    """Header of the cell and message if a row has too many or too few names; None if it is valid."""
    if kind.depth == 0 and names:
        return ITEM, f"holds {quoted_text(names[0])}, but {kind.name} has a single value; clear the cell"
    if kind.depth and not row.text(ITEM):
        return ITEM, f"is empty; type the name to which this value of {kind.name} belongs"
    if kind.depth == 1 and row.text(DETAIL):
        return DETAIL, f"holds {quoted_text(row.text(DETAIL))}, but {kind.name} has no detail; clear the cell"
    if kind.name == "plan.worst" and len(names) < 2:
        return DETAIL, "is empty; type the assumptions to which the factor applies, such as raids.level"
    return None


def set_value(kind: DecisionKind, row: TableRow, keys: Keys, names: int, tree: CellTree) -> None:
    """Read the value of a row into the tree; problems are reported."""
    column = row.columns.get(VALUE, 0)
    schema, unit = value_schema(kind, names), row.text(UNIT)
    value: Any
    if schema.get("type") in ("number", "integer"):
        value = row.reader.number(row.number, column, integer=schema["type"] == "integer")
        if unit and unit != UNITS.get(kind.name, ""):
            expected = UNITS.get(kind.name, "")
            remedy = f"expected {expected!r}" if expected else "clear the cell"
            row.add(UNIT, f"holds {quoted_text(unit)}, but {kind.name} is a plain number; {remedy}")
    elif schema.get("type") == "array":
        value = list_value(row, schema["items"].get("type", "string"))
    elif schema.get("type") == "boolean":
        value = row.reader.truth(row.number, column)
    else:
        value = text_value(kind, row, unit)
    if value is not None:
        parent = tree.values
        for key in keys[:-1]:
            parent = parent.setdefault(key, {})
            if not isinstance(parent, dict):
                row.add(DETAIL, f"{kind.name} of {keys[-2]} has a value without a detail as well; keep one of the rows")
                return
        tree.set(keys, value)


def text_value(kind: DecisionKind, row: TableRow, unit: str) -> str | None:
    """Text of a value, with its unit if it is an amount."""
    column = row.columns.get(VALUE, 0)
    if kind.keys in AMOUNTS:
        if is_percentage(row.reader.cell(row.number, column)):
            row.add(
                VALUE, "is displayed as a percentage; choose the number format General, type an amount and its unit"
            )
            return None
        text = row.text(VALUE)
        if not unit and not number_problem(text):
            row.add(VALUE, "has no unit; type the unit of the amount, such as days or MGBP, in the column unit")
            return text
        return f"{text} {unit}" if unit else text
    text = row.reader.text(row.number, column)
    if kind.name == "plan.by" and re.fullmatch(r"[0-9]{4}-[0-9]{2}-01", text):
        return text[:7]
    if unit:
        row.add(UNIT, f"holds {quoted_text(unit)}, but {kind.name} has no unit; clear the cell")
    return text.strip()


def list_value(row: TableRow, item_type: str) -> list[Any] | None:
    """The list in the cell of a value; None if it is not valid, which is reported."""
    items = list_items(row.text(VALUE))
    if item_type not in ("number", "integer"):
        return items
    for item in items:
        if problem := number_problem(item, integer=item_type == "integer"):
            row.add(VALUE, f"{problem}; separate numbers with semicolons")
            return None
    return [parse_number(item) for item in items]


def read_doctrine(reader: SheetReader, tree: CellTree) -> None:
    """Read the sheet of the doctrine."""
    fields, rows = tuple(Doctrine.model_fields), dict[str, int]()
    tree.addresses[("doctrine",)] = reader.address(0)
    for row in table_rows(reader, ("threat", *fields)):
        threat = row.text("threat")
        if not threat:
            row.add("threat", "is empty; type the class of threat, or delete the row")
            continue
        if report_repeated(reader, rows, threat, row.number):
            continue
        table = tree.table(("doctrine", threat), row.address("threat"))
        tree.addresses |= {("doctrine", threat, name): row.address(name) for name in fields}
        for name in fields:
            column = row.columns.get(name, 0)
            if name == "layers":
                table[name] = list_items(row.text(name))
            elif (number := row.reader.number(row.number, column, integer=name != "value")) is not None:
                table[name] = number
