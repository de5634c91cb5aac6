"""Reading ``programme.toml``: named entities and the links between them, with checks of all names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from octoplan.scenario.arrays import Names
from octoplan.scenario.entities import BORDER, INTERCEPTOR, KIND_BY_NAME, MONTHS, SECTIONS, SINGLE_KINDS, Link
from octoplan.scenario.files import PROGRAMME, RAID_COUNTS, RAID_FIT
from octoplan.scenario.governance import GOVERNANCE, Governance, read_governance
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml

TOP_LEVEL_KEYS = ("title", "start", "months", "price_base", "currency", "missile_layer", "milestones", "raids")
EXTRA_FIELDS = {"designs": ("parts",), "regions": ("tile",)}
"""Fields in addition to the links in ``entities``: a bill of materials, and the position in the tile-grid map."""
SINGLE_KINDS_WITH_LINKS = tuple(name for name in SINGLE_KINDS if KIND_BY_NAME[name].links)
"""Kinds with a single entity and links; each is a table of ``programme.toml``."""
REQUIRED_SECTIONS = ("currencies", "payers", "countries", "regions", "packages", "threats", "designs")
"""Sections that every scenario requires."""
MAX_MONTHS = 240
MAX_PARTS_PER_UNIT = 1000
MAX_ENTITIES = 300
"""Largest number of entities in a section; arrays of pairs, such as threats by regions, grow with the product."""
YEAR_RANGE = (1990, 2100)

RESERVED_NAMES = {
    "regions": (BORDER,),
    "layers": (INTERCEPTOR,),
    "plants": ("cover",),
    "threats": ("queue", "stock", "prefer"),
}
"""Names that entities of a section may not have, because they are keywords of a scenario file."""

_NAME_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_MILESTONE = 1_000_000_000
_CURRENCY_PATTERN = re.compile(r"[A-Z]{3}")
_WHERE_NUMBERS_BELONG = "numbers belong in assumptions.csv (assumptions) or decisions.toml (decisions)"

LinkValue = str | tuple[str, ...] | bool | None
EntityLinks = Mapping[str, LinkValue]


@dataclass(frozen=True)
class Programme:
    """The entities of a programme and their links.

    Attributes:
        title: Title of the scenario.
        start: First day.
        months: Number of months.
        price_base: Year of all prices in results.
        currency: Reporting currency.
        missile_layer: Layer with which the cost of kills by interceptors is compared; None if not stated.
        milestones: Targets for the monthly output, if they are stated here and not in ``decisions.toml``.
        raids: Names of the files that replace assumptions on raids.
        entities: Links of each entity, by section and name.
        single_entities: Links of each kind with a single entity.
        bills: Bill of materials of each design: number of each part per unit.
        tiles: (column, row) of each region in the tile-grid map.
        titles: Title of each entity, by ``section.name``.
        governance: The question and the people responsible.
        toml: The parsed file ``programme.toml``.

    """

    title: str
    start: date
    months: int
    price_base: int
    currency: str
    missile_layer: str | None
    milestones: tuple[int, ...]
    raids: tuple[str, ...]
    entities: Mapping[str, Mapping[str, EntityLinks]]
    single_entities: Mapping[str, EntityLinks]
    bills: Mapping[str, Mapping[str, int]]
    tiles: Mapping[str, tuple[int, int]]
    titles: Mapping[str, str]
    governance: Governance
    toml: Toml

    def names(self, section: str) -> tuple[str, ...]:
        """Names of the entities of a section in the order of the file, or of the months.

        The layers begin with the interceptors.
        """
        if section == MONTHS:
            return self.month_names()
        names = tuple(self.entities[section])
        return (INTERCEPTOR, *names) if section == "layers" else names

    def link(self, section: str, name: str, link: str) -> str | None:
        """The name in a link of an entity; None if the link is not stated."""
        value = self.entities[section].get(name, {}).get(link)
        return value if isinstance(value, str) else None

    def links(self, section: str, name: str, link: str) -> tuple[str, ...]:
        """The names in a list of links of an entity; empty if the list is not stated."""
        value = self.entities[section].get(name, {}).get(link)
        return value if isinstance(value, tuple) else ()

    def flag(self, section: str, name: str, link: str) -> bool:
        """Whether a Boolean field of an entity is true."""
        return self.entities[section].get(name, {}).get(link) is True

    def line(self, *path: object) -> int:
        """Line of a key in ``programme.toml``, or of the nearest enclosing table."""
        return self.toml.line(*path)

    def calendar(self) -> tuple[tuple[int, int], ...]:
        """(year, month) of each month of the horizon."""
        first = self.start.year * 12 + self.start.month - 1
        return tuple(divmod(first + month, 12) for month in range(self.months))

    def month_names(self) -> tuple[str, ...]:
        """Names of the months, such as 2026-03."""
        return tuple(f"{year:04d}-{month + 1:02d}" for year, month in self.calendar())

    def days(self) -> int:
        """Number of days in the horizon."""
        year, month = divmod(self.start.year * 12 + self.start.month - 1 + self.months, 12)
        return (date(year, month + 1, 1) - self.start).days

    def all_names(self) -> Names:
        """Names of the months, and of the entities by section."""
        return Names(**{name: self.names(name) for name in Names._fields})


def read_programme(toml: Toml, report: Report) -> Programme:
    """Read ``programme.toml`` and report all problems; invalid entries are omitted."""
    reader = _ProgrammeReader(toml, report)
    programme = reader.programme()
    for check in (_check_names, _check_gates, _check_corridors, _check_bills, _check_packages):
        check(programme, reader)
    return programme


@dataclass
class _ProgrammeReader:
    toml: Toml
    report: Report

    def add(self, message: str, *path: object) -> None:
        """Report a problem with the value at a path of keys."""
        dotted = ".".join(map(str, path))
        self.report.add(PROGRAMME, self.toml.line(*path), f"{dotted}: {message}" if dotted else message)

    def programme(self) -> Programme:
        tree = self.toml.tree
        for key in tree:
            valid_names = (*TOP_LEVEL_KEYS, *SECTIONS, *SINGLE_KINDS_WITH_LINKS, GOVERNANCE)
            if key not in valid_names:
                message = f"unknown section {quoted(key)}; {did_you_mean(key, valid_names)}"
                self.report.add(PROGRAMME, self.toml.line(key), message)
        entities = {section: self.section_entities(section) for section in SECTIONS}
        names = {section: tuple(tables) for section, tables in entities.items()}
        return Programme(
            title=self.top_level_value("title", str, 'text such as "Octopus"') or "",
            start=self.start_date(),
            months=self.whole_number("months", 1, MAX_MONTHS) or 1,
            price_base=self.whole_number("price_base", *YEAR_RANGE) or YEAR_RANGE[0],
            currency=self.declared_name("currency", names["currencies"]) or "",
            missile_layer=self.declared_name("missile_layer", names["layers"], optional=True),
            milestones=self.milestones(),
            raids=self.raid_files(),
            entities=entities,
            single_entities={kind: self.single_entity(kind) for kind in SINGLE_KINDS_WITH_LINKS},
            bills={name: self.bill_of_materials(name) for name in names["designs"]},
            tiles={name: tile for name in names["regions"] if (tile := self.tile(name))},
            titles={f"{s}.{name}": self.title(s, name) for s in SECTIONS for name in names[s]}
            | {f"layers.{INTERCEPTOR}": "Interceptors"},
            governance=read_governance(self.toml, self.report),
            toml=self.toml,
        )

    def top_level_value(self, key: str, kind: type, expected: str) -> Any:
        value = self.toml.tree.get(key)
        if value is None:
            self.report.add(PROGRAMME, 1, f"{key} is missing; add {key} = {expected}")
        elif type(value) is not kind:
            self.add(f"{quoted(value)} is not valid; expected {expected}", key)
        else:
            return value
        return None

    def start_date(self) -> date:
        value = self.toml.tree.get("start")
        expected = "the first day of a month, such as 2025-11-01 without quotes"
        if value is None:
            self.report.add(PROGRAMME, 1, f"start is missing; add start = {expected}")
        elif not isinstance(value, date) or isinstance(value, datetime):
            self.add(f"{quoted(str(value))} is not a date; expected {expected}", "start")
        elif value.day != 1 or not YEAR_RANGE[0] <= value.year < YEAR_RANGE[1]:
            self.add(f"{value} is not valid; expected {expected}", "start")
        else:
            return value
        return date(2000, 1, 1)

    def whole_number(self, key: str, low: int, high: int) -> int | None:
        value = self.top_level_value(key, int, f"a whole number from {low} to {high}")
        if value is not None and not low <= value <= high:
            self.add(f"{value} is outside the range {low} to {high}", key)
            return None
        return value if isinstance(value, int) else None

    def declared_name(self, key: str, valid_names: Sequence[str], optional: bool = False) -> str | None:
        if optional and key not in self.toml.tree:
            return None
        value = self.top_level_value(key, str, "a name in quotes")
        if value is not None and value not in valid_names:
            self.add(f"{quoted(value)} is not declared; {did_you_mean(value, valid_names)}", key)
            return None
        return value if isinstance(value, str) else None

    def milestones(self) -> tuple[int, ...]:
        """The milestones in ascending order; a warning says where targets belong."""
        if "milestones" in self.toml.tree:
            self.report.warn(
                PROGRAMME, self.toml.line("milestones"),
                "milestones: targets are decisions; move the list to decisions.toml as output in a table [targets]",
            )  # fmt: skip
        value = self.toml.tree.get("milestones", [])
        outputs = value if isinstance(value, list) else [value]
        if any(type(output) is not int or not 0 < output <= MAX_MILESTONE for output in outputs):
            self.add(
                f"{quoted(value)} is not valid; expected monthly outputs in good units, whole numbers up to "
                f"{MAX_MILESTONE:,}, such as [1000, 2000]",
                "milestones",
            )
            return ()
        return tuple(sorted(set(outputs)))

    def raid_files(self) -> tuple[str, ...]:
        """Names of the files with raids that replace assumptions."""
        value = self.toml.tree.get("raids", [])
        files = [value] if isinstance(value, str) else value
        if not isinstance(files, list) or any(name not in (RAID_COUNTS, RAID_FIT) for name in files):
            expected = f'"{RAID_FIT}", "{RAID_COUNTS}" or ["{RAID_COUNTS}", "{RAID_FIT}"]'
            self.add(f"{quoted(value)} is not valid; expected {expected}", "raids")
            return ()
        return tuple(files)

    def table(self, *path: str) -> dict[str, Any]:
        tree: Any = self.toml.tree
        for key in path:
            tree = tree.get(key, {}) if isinstance(tree, dict) else {}
        return tree if isinstance(tree, dict) else {}

    def section_entities(self, section: str) -> dict[str, EntityLinks]:
        value = self.toml.tree.get(section, {})
        if not isinstance(value, dict):
            self.add(f"{quoted(value)} is not valid; write a table [{section}.name] for each entity", section)
            return {}
        if len(value) > MAX_ENTITIES:
            self.add(f"has {len(value):,} tables; the limit is {MAX_ENTITIES}", section)
        entities: dict[str, EntityLinks] = {}
        for name, fields in islice(value.items(), MAX_ENTITIES):
            if problem := _name_error(section, name):
                self.add(problem, section, name)
            elif not isinstance(fields, dict):
                hint = _WHERE_NUMBERS_BELONG if _is_number(fields) else f"write a table [{section}.{name}]"
                self.add(f"{quoted(fields)} is not allowed here; {hint}", section, name)
            else:
                entities[name] = self.entity_links(section, (section, name), fields)
        return entities

    def single_entity(self, kind: str) -> EntityLinks:
        value = self.toml.tree.get(kind)
        if not isinstance(value, dict):
            fields = ", ".join(link.name for link in KIND_BY_NAME[kind].links)
            self.report.add(PROGRAMME, self.toml.line(kind), f"the table [{kind}] is missing; add it with {fields}")
            return {}
        return self.entity_links(kind, (kind,), value)

    def entity_links(self, kind: str, path: tuple[str, ...], fields: dict[str, Any]) -> EntityLinks:
        links = {link.name: link for link in KIND_BY_NAME[kind].links}
        valid_names = ("title", *EXTRA_FIELDS.get(kind, ()), *links) if len(path) > 1 else tuple(links)
        for key, value in fields.items():
            if key in valid_names:
                continue
            parameters = [p.name for p in KIND_BY_NAME[kind].parameters]
            if key in parameters or _is_number(value):
                self.add(f"{quoted(value)} is not allowed here; {_WHERE_NUMBERS_BELONG}", *path, key)
            else:
                self.add(f"unknown field; {did_you_mean(key, valid_names)}", *path, key)
        return {name: self.link_value(link, path, fields) for name, link in links.items()}

    def link_value(self, link: Link, path: tuple[str, ...], fields: dict[str, Any]) -> LinkValue:
        value = fields.get(link.name)
        if value is None:
            if not link.optional:
                self.report.add(
                    PROGRAMME, self.toml.line(*path), f"{'.'.join(path)}: {link.name} is missing; add {_example(link)}"
                )
            if link.domain == "bool":
                return link.name == "interceptable"
            return () if link.is_list else None
        if _is_number(value):
            self.add(f"{quoted(value)} is not allowed here; {_WHERE_NUMBERS_BELONG}", *path, link.name)
        elif link.domain == "bool":
            if isinstance(value, bool):
                return value
            self.add(f"{quoted(value)} is not valid; expected true or false", *path, link.name)
        elif link.is_list:
            return self.linked_names(link, value, path)
        elif not isinstance(value, str):
            self.add(f"{quoted(value)} is not valid; expected {_example(link)}", *path, link.name)
        elif self.link_exists(link, value, path):
            return value
        return () if link.is_list else None

    def linked_names(self, link: Link, value: object, path: tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.add(f"{quoted(value)} is not valid; expected {_example(link)}", *path, link.name)
            return ()
        for item in sorted({item for item in value if value.count(item) > 1}):
            self.add(f"{quoted(item)} is listed twice", *path, link.name)
        return tuple(dict.fromkeys(item for item in value if self.link_exists(link, item, path)))

    def link_exists(self, link: Link, value: str, path: tuple[str, ...]) -> bool:
        """Whether the value of a link exists; if not, a problem is reported."""
        if isinstance(link.domain, tuple):
            if value in link.domain:
                return True
            self.add(f"{quoted(value)} is not valid; expected {_example(link)}", *path, link.name)
            return False
        valid_names = [*self.table(link.domain), *((BORDER,) if link.name == "origin" else ())]
        if value not in valid_names:
            self.add(
                f"there is no {quoted(value)} in [{link.domain}]; {did_you_mean(value, valid_names)}", *path, link.name
            )
            return False
        return True

    def bill_of_materials(self, design: str) -> dict[str, int]:
        """Bill of materials of a design: number of each part per unit."""
        value = self.table("designs", design).get("parts", {})
        if not isinstance(value, dict):
            self.add(
                f"{quoted(value)} is not valid; write a table [designs.{design}.parts]", "designs", design, "parts"
            )
            return {}
        bill: dict[str, int] = {}
        for part, count in value.items():
            path = ("designs", design, "parts", part)
            if part not in self.table("parts"):
                self.add(f"there is no {quoted(part)} in [parts]; {did_you_mean(part, self.table('parts'))}", *path)
            elif type(count) is not int or not 1 <= count <= MAX_PARTS_PER_UNIT:
                self.add(f"{quoted(count)} is not valid; expected a whole number from 1 to {MAX_PARTS_PER_UNIT}", *path)
            else:
                bill[part] = count
        return bill

    def tile(self, region: str) -> tuple[int, int] | None:
        value = self.table("regions", region).get("tile")
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 2 and all(type(n) is int and 0 <= n < 100 for n in value):
            return value[0], value[1]
        self.add(f"{quoted(value)} is not valid; expected column and row, such as [5, 2]", "regions", region, "tile")
        return None

    def title(self, section: str, name: str) -> str:
        value = self.table(section, name).get("title", name)
        if isinstance(value, str) and value.strip():
            return value
        self.add(f"{quoted(value)} is not valid; expected text", section, name, "title")
        return name


def _is_number(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_number, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name_error(section: str, name: str) -> str | None:
    if name in RESERVED_NAMES.get(section, ()):
        if section == "layers":
            return "interceptors are part of every scenario and must not be declared; remove this table"
        return f"'{name}' is reserved; choose another name"
    if section == "currencies" and not _CURRENCY_PATTERN.fullmatch(name):
        return f"{quoted(name)} is not a currency code; use the three-letter code, such as GBP"
    if section != "currencies" and not _NAME_PATTERN.fullmatch(name):
        return f"{quoted(name)} is not a name; use lower-case letters, digits and hyphens"
    return None


def _example(link: Link) -> str:
    """Example of a link for messages."""
    if isinstance(link.domain, tuple):
        return f"{link.name} = " + " or ".join(f'"{word}"' for word in link.domain)
    if link.domain == "bool":
        return f"{link.name} = true or false"
    shape = f"[names from [{link.domain}]]" if link.is_list else f'"a name from [{link.domain}]"'
    return f"{link.name} = {shape} ({link.meaning})"


def _check_names(programme: Programme, reader: _ProgrammeReader) -> None:
    for section in REQUIRED_SECTIONS:
        if not programme.entities[section] and not reader.table(section):
            reader.report.add(PROGRAMME, 1, f"[{section}] declares no entity; add a table [{section}.name]")
    region_at: dict[tuple[int, int], str] = {}
    for region, tile in programme.tiles.items():
        if tile in region_at:
            reader.add(f"{list(tile)} is already the tile of '{region_at[tile]}'", "regions", region, "tile")
        region_at.setdefault(tile, region)


def _find_cycle(predecessors: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A cycle in a directed graph, given the predecessors of each node; empty if the graph is acyclic."""
    remaining = {node: set(nodes) & predecessors.keys() for node, nodes in predecessors.items()}
    while sources := [node for node, nodes in remaining.items() if not nodes]:
        for node in sources:
            del remaining[node]
        for nodes in remaining.values():
            nodes.difference_update(sources)
    if not remaining:
        return ()
    path = [next(iter(remaining))]
    while True:
        node = next(node for node in predecessors[path[-1]] if node in remaining)
        if node in path:
            return tuple(reversed([*path[path.index(node) :], node]))
        path.append(node)


def _check_gates(programme: Programme, reader: _ProgrammeReader) -> None:
    gates = programme.entities["gates"]
    if cycle := _find_cycle({gate: programme.links("gates", gate, "after") for gate in gates}):
        reader.add(f"gates form a cycle: {' -> '.join(cycle)}; remove one of the links", "gates", cycle[0], "after")


def _check_corridors(programme: Programme, reader: _ProgrammeReader) -> None:
    corridor_of: dict[tuple[str, str], str] = {}
    origins: dict[str, list[str]] = {region: [] for region in programme.entities["regions"]}
    for name in programme.entities["corridors"]:
        origin, end = (programme.link("corridors", name, link) for link in ("origin", "into"))
        if origin is None or end is None:
            continue
        if end == BORDER:
            reader.add("a corridor must end in a region, not at the border", "corridors", name, "into")
        elif (origin, end) in corridor_of:
            reader.add(
                f"leads from {origin} into {end}, as does '{corridor_of[origin, end]}'; keep one of them",
                "corridors",
                name,
            )
        else:
            corridor_of[origin, end] = name
            if origin != BORDER:
                origins.setdefault(end, []).append(origin)
    if cycle := _find_cycle(origins):
        last = corridor_of[cycle[-2], cycle[-1]]
        reader.add(f"corridors form a cycle: {' -> '.join(cycle)}; remove one of them", "corridors", last)


def _check_bills(programme: Programme, reader: _ProgrammeReader) -> None:
    sold_parts = {programme.link("suppliers", name, "part") for name in programme.entities["suppliers"]}
    used_parts = {part for bill in programme.bills.values() for part in bill}
    for plant in programme.entities["plants"]:
        design = programme.link("plants", plant, "design")
        if design and not reader.table("designs", design).get("parts"):
            reader.add(f"'{design}' has no bill of materials; add [designs.{design}.parts]", "plants", plant, "design")
        if "lanes" in reader.table("plants", plant) and not programme.links("plants", plant, "lanes"):
            reader.add("has no lane; list at least one transport lane from the plant", "plants", plant, "lanes")
    for part in programme.entities["parts"]:
        if part in used_parts and part not in sold_parts:
            reader.add(f'no supplier sells this part; add a table [suppliers.name] with part = "{part}"', "parts", part)
        if part not in used_parts:
            report = reader.report
            report.warn(PROGRAMME, programme.line("parts", part), f"parts.{part} is not in any bill of materials")


def _check_packages(programme: Programme, reader: _ProgrammeReader) -> None:
    packages_with_classes = {programme.link("threats", name, "package") for name in programme.entities["threats"]}
    for package in programme.entities["packages"]:
        if package not in packages_with_classes:
            reader.add(
                f'no class of threat belongs to this package; add a threat with package = "{package}"',
                "packages",
                package,
            )
