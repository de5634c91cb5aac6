"""``programme.toml`` as sheets: one with the general fields, one for each kind of entity, and two lists."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from octoplan.scenario.entities import KIND_BY_NAME, SECTIONS, Kind, Link
from octoplan.scenario.governance import GOVERNANCE, DecisionLogEntry, Governance
from octoplan.scenario.programme import SINGLE_KINDS_WITH_LINKS
from octoplan.scenario.report import did_you_mean, quoted
from octoplan.scenario.schema import programme_schema
from octoplan.scenario.workbook.cell_text import SheetReader, number_problem, parse_number
from octoplan.scenario.workbook.layout import (
    ColumnLayout,
    LayoutCell,
    SheetLayout,
    date_cell,
    list_items,
    list_text,
    number_cell,
)
from octoplan.scenario.workbook.table_reader import TableRow, report_repeated, table_rows
from octoplan.scenario.workbook.tree import CellTree, value_in

PROGRAMME_SHEET, BILL_SHEET, LOG_SHEET = "programme", "bill of materials", "decision log"
FIELD, VALUE, MEANING = "field", "value", "meaning"
BILL_COLUMNS = ("design", "part", "number")
TILE_COLUMNS = ("tile column", "tile row")

MEANINGS = {
    "title": "title of the scenario", "start": "first day of the first month", "months": "number of months",
    "price_base": "year of all prices in results", "currency": "reporting currency, a name of the sheet currencies",
}  # fmt: skip
"""Meaning of fields that the schema does not describe."""


def top_level_fields() -> dict[str, str]:
    """Kind of value of each field of the sheet ``programme``, by its dotted name.

    The kinds are ``text``, ``number``, ``date``, ``numbers`` and ``names`` for lists in a cell, and ``texts`` for a
    list with a row for each item.
    """
    kinds = {"string": "text", "integer": "number"}
    fields: dict[str, str] = {}
    for name, schema in programme_schema()["properties"].items():
        if name in SECTIONS or name == GOVERNANCE:
            continue
        if name in SINGLE_KINDS_WITH_LINKS:
            fields |= {f"{name}.{link.name}": "text" for link in KIND_BY_NAME[name].links}
        elif name == "start":
            fields[name] = "date"
        elif schema.get("type") == "array":
            fields[name] = "numbers" if schema["items"].get("type") == "integer" else "names"
        else:
            fields[name] = kinds.get(schema.get("type", ""), "names")
    for name, field in Governance.model_fields.items():
        if name != "log":
            kind = "texts" if field.annotation == list[str] else "date" if name == "sunset" else "text"
            fields[f"{GOVERNANCE}.{name}"] = kind
    return fields


def field_meaning(name: str) -> str:
    """Meaning of a field of the sheet ``programme``."""
    first, _, last = name.partition(".")
    if first == GOVERNANCE:
        return Governance.model_fields[last].description or ""
    if last:
        return next(link.meaning for link in KIND_BY_NAME[first].links if link.name == last)
    return MEANINGS.get(name) or str(programme_schema()["properties"][name].get("description", ""))


def programme_layouts(tree: Mapping[str, Any]) -> list[SheetLayout]:
    """The sheets of a programme."""
    return [
        general_layout(tree),
        *(section_layout(section, tree.get(section, {})) for section in SECTIONS),
        bill_layout(tree.get("designs", {})),
        log_layout(tree.get(GOVERNANCE, {}).get("log", [])),
    ]


def general_layout(tree: Mapping[str, Any]) -> SheetLayout:
    """The sheet of the general fields: title, start, months, prices, the people responsible."""
    rows: list[list[LayoutCell]] = []
    for name, kind in top_level_fields().items():
        value = value_in(tree, name.split("."))
        if kind in ("numbers", "names") and isinstance(value, list):
            value = list_text(value)
        items = value if kind == "texts" and value else [value]
        rows += [[name, field_cell(item), field_meaning(name)] for item in items]
    columns = (
        ColumnLayout(FIELD, "name of the field", 26),
        ColumnLayout(VALUE, "value; an empty cell means that the field is not stated", 60),
        ColumnLayout(MEANING, "filled by octoplan", 60, is_fixed=True),
    )
    purpose = (
        "Title, start, number of months, currency, and the people responsible. "
        "A field with several texts has a row for each of them."
    )
    return SheetLayout(PROGRAMME_SHEET, "programme", purpose, columns, rows)


def field_cell(value: Any) -> LayoutCell:
    """A value of TOML as a cell."""
    if isinstance(value, date):
        return date_cell(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_cell(value)
    return value if isinstance(value, bool | str) else None


def section_columns(section: str) -> tuple[ColumnLayout, ...]:
    """The columns of the sheet of a kind of entity."""
    kind = KIND_BY_NAME[section]
    note = "three-letter code" if section == "currencies" else "lower-case letters, digits and hyphens"
    return (
        ColumnLayout("name", f"name of the entity: {note}", 26),
        ColumnLayout("title", "title in tables and charts; the name if empty", 44),
        *(link_column(link) for link in kind.links),
        *(
            ColumnLayout(header, "position in the tile map, from 0", 10, numbers="whole")
            for header in (TILE_COLUMNS if section == "regions" else ())
        ),
    )


def link_column(link: Link) -> ColumnLayout:
    """The column of a link."""
    note = link.meaning + ("; names separated by semicolons" if link.is_list else "")
    note += "; may be empty" if link.optional else ""
    if link.domain == "bool":
        return ColumnLayout(link.name, note, 14, options=("yes", "no"))
    if isinstance(link.domain, tuple):
        return ColumnLayout(link.name, note, 14, options=link.domain)
    names_of = "" if link.is_list or link.name == "origin" else link.domain
    return ColumnLayout(link.name, note, 36 if link.is_list else 24, names_of=names_of)


def section_layout(section: str, entities: Mapping[str, Mapping[str, Any]]) -> SheetLayout:
    """The sheet of a kind of entity, with a row for each entity."""
    kind = KIND_BY_NAME[section]
    rows: list[list[LayoutCell]] = []
    for name, fields in entities.items():
        cells: list[LayoutCell] = [name, fields.get("title")]
        cells += [link_cell(fields.get(link.name)) for link in kind.links]
        if section == "regions":
            cells += fields.get("tile", [None, None])
        rows.append(cells)
    purpose = f"{kind.meaning or f'The {section}.'} A row for each; add rows at the end."
    return SheetLayout(section, "programme", purpose, section_columns(section), rows)


def link_cell(value: Any) -> LayoutCell:
    """The value of a link as a cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return list_text(value) if isinstance(value, list) else field_cell(value)


def bill_layout(designs: Mapping[str, Mapping[str, Any]]) -> SheetLayout:
    """The sheet of the bills of materials, with a row for each design and part."""
    columns = (
        ColumnLayout("design", "a name of the sheet designs", 26, names_of="designs"),
        ColumnLayout("part", "a name of the sheet parts", 26, names_of="parts"),
        ColumnLayout("number", "number of the part in one unit", 12, numbers="whole"),
    )
    rows = [[design, part, count] for design, f in designs.items() for part, count in f.get("parts", {}).items()]
    return SheetLayout(BILL_SHEET, "programme", "Parts of each design: the number in one unit.", columns, rows)


def log_layout(entries: list[Mapping[str, Any]]) -> SheetLayout:
    """The sheet of the decision log of the governance."""
    widths = {"date": 12.0, "decision": 60.0, "by": 24.0, "why": 60.0}
    columns = tuple(ColumnLayout(name, "", widths.get(name, 24)) for name in DecisionLogEntry.model_fields)
    rows = [[field_cell(entry.get(name)) for name in DecisionLogEntry.model_fields] for entry in entries]
    return SheetLayout(LOG_SHEET, "programme", "Decisions taken: date, decision, by, why.", columns, rows)


def read_programme(readers: Mapping[str, SheetReader]) -> CellTree:
    """The tree of ``programme.toml`` from the sheets that exist."""
    tree = CellTree()
    if PROGRAMME_SHEET in readers:
        read_general(readers[PROGRAMME_SHEET], tree)
    for section in SECTIONS:
        if section in readers:
            read_section(readers[section], KIND_BY_NAME[section], tree)
    if BILL_SHEET in readers:
        read_bills(readers[BILL_SHEET], tree)
    if LOG_SHEET in readers:
        read_log(readers[LOG_SHEET], tree)
    return tree


def read_general(reader: SheetReader, tree: CellTree) -> None:
    """Read the sheet of the general fields."""
    fields, rows = top_level_fields(), dict[str, int]()
    tree.addresses[()] = reader.address(0)
    for row in table_rows(reader, (FIELD, VALUE, MEANING), (MEANING,)):
        name = row.text(FIELD)
        kind = fields.get(name)
        warn_of_fixed(row, field_meaning(name) if kind else "")
        if kind is None:
            row.add(FIELD, f"{quoted(name)} is not a field of the programme; {did_you_mean(name, fields)}")
            continue
        if kind != "texts" and report_repeated(reader, rows, name, row.number):
            continue
        keys = tuple(name.split("."))
        tree.addresses.setdefault(keys, row.address(VALUE))
        value = field_value(row, kind)
        if value is not None:
            tree.set(keys, [*tree.table(keys[:-1]).get(keys[-1], []), value] if kind == "texts" else value)


def field_value(row: TableRow, kind: str) -> Any:
    """The value of a field of the programme; None if the cell is empty or not valid, which is reported."""
    column = row.columns.get(VALUE, 0)
    if kind == "date":
        return row.reader.date(row.number, column)
    if kind == "number":
        return row.reader.number(row.number, column, integer=True)
    text = row.reader.text(row.number, column)
    if not text.strip():
        return None
    if kind == "names":
        items = list_items(text)
        return items[0] if len(items) == 1 else items
    if kind == "numbers":
        items = list_items(text)
        for item in items:
            if problem := number_problem(item, integer=True):
                row.add(VALUE, f"{problem}; separate numbers with semicolons")
                return None
        return [parse_number(item) for item in items]
    return text


def warn_of_fixed(row: TableRow, expected: str) -> None:
    """Warn of a text in the column of meanings that octoplan does not keep."""
    text = row.text(MEANING)
    if text and text != expected.strip():
        message = "this column is filled by octoplan: the text is not kept; use a sheet whose name begins with 'notes'"
        row.reader.messages.warn(row.address(MEANING), message)


def read_section(reader: SheetReader, kind: Kind, tree: CellTree) -> None:
    """Read the sheet of a kind of entity."""
    section, rows = kind.name, dict[str, int]()
    tree.addresses[(section,)] = reader.address(0)
    headers = [column.header for column in section_columns(section)]
    optional = ("title", *(link.name for link in kind.links if link.optional), *TILE_COLUMNS)
    for row in table_rows(reader, headers, optional):
        name = row.text("name")
        if not name:
            row.add("name", "the row has no name; type a name, or delete the row")
            continue
        if report_repeated(reader, rows, name, row.number):
            continue
        fields = tree.table((section, name), row.address("name"))
        tree.addresses |= {
            (section, name, header): row.address(header) if header in row.columns else reader.address(1)
            for header in headers
        }
        if title := reader.text(row.number, row.columns.get("title", 0)):
            fields["title"] = title
        for link in kind.links:
            value = link_value(row, link)
            if value is not None:
                fields[link.name] = value
        if section == "regions":
            read_tile(row, name, tree)


def link_value(row: TableRow, link: Link) -> Any:
    """The value of a link; None if it is not stated."""
    if link.domain == "bool":
        return row.reader.truth(row.number, row.columns.get(link.name, 0))
    text = row.text(link.name)
    if link.is_list:
        return list_items(text) or (None if link.optional or link.name not in row.columns else [])
    return text or None


def read_tile(row: TableRow, region: str, tree: CellTree) -> None:
    """Read the position of a region in the tile map."""
    cells = [row.reader.number(row.number, row.columns.get(header, 0), integer=True) for header in TILE_COLUMNS]
    texts = [row.text(header) for header in TILE_COLUMNS]
    if any(texts) and not all(texts):
        empty = TILE_COLUMNS[texts.index("")]
        row.add(empty, f"is empty; type both {' and '.join(TILE_COLUMNS)}, or clear both")
    elif None not in cells:
        tree.set(("regions", region, "tile"), cells, row.address(TILE_COLUMNS[0]))


def read_bills(reader: SheetReader, tree: CellTree) -> None:
    """Read the sheet of the bills of materials."""
    rows: dict[str, int] = {}
    for row in table_rows(reader, BILL_COLUMNS):
        design, part = row.text("design"), row.text("part")
        count = reader.number(row.number, row.columns.get("number", 0), integer=True)
        for header in BILL_COLUMNS:
            if header in row.columns and not row.text(header):
                row.add(header, f"is empty; type the {header}, or delete the row")
        if not design or not part or report_repeated(reader, rows, f"{design}: {part}", row.number):
            continue
        if design not in tree.values.get("designs", {}):
            names = tree.values.get("designs", {})
            row.add("design", f"there is no {quoted(design)} in the sheet designs; {did_you_mean(design, names)}")
        elif count is not None:
            keys = ("designs", design, "parts", part)
            tree.set(keys, count, row.address("number" if part in tree.values.get("parts", {}) else "part"))


def read_log(reader: SheetReader, tree: CellTree) -> None:
    """Read the sheet of the decision log."""
    names = tuple(DecisionLogEntry.model_fields)
    entries: list[dict[str, Any]] = []
    for row in table_rows(reader, names):
        values: dict[str, Callable[[int, int], Any]] = {"date": reader.date}
        cells = {name: values.get(name, reader.text)(row.number, row.columns.get(name, 0)) for name in names}
        keys = (GOVERNANCE, "log", str(len(entries)))
        tree.addresses |= {(*keys, name): row.address(name) for name in names} | {keys: row.address(names[0])}
        entries.append({name: value for name, value in cells.items() if value not in (None, "")})
    if entries:
        tree.set((GOVERNANCE, "log"), entries)
