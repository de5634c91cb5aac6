"""Write the tables of the reference from the declarations in the code, between the marks in each page.

``python docs/generate.py`` rewrites the pages. A test checks that the committed pages are up to date.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from octoplan.campaign.tally import COSTS, TALLIES
from octoplan.cli.main import app
from octoplan.scenario.decisions import Decisions, Doctrine
from octoplan.scenario.defaults import DEFAULT_VALUES
from octoplan.scenario.entities import KINDS, SECTIONS, SINGLE_KINDS, Kind, Link
from octoplan.scenario.governance import DecisionLogEntry, Governance
from octoplan.scenario.limiting_factors import NIGHT_LIMITS, PLANT_LIMITS
from octoplan.scenario.observations import OBSERVABLE, OWNER_AXIS, OWNERS, ObservableMeasure
from octoplan.scenario.parameter_types import Parameter
from octoplan.scenario.plan_options import Bounds

REFERENCE = Path(__file__).parent / "reference"
MARK = re.compile(r"(<!-- (?P<name>[a-z-]+): written by docs/generate.py -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def singular(section: str) -> str:
    """The placeholder for a name of a section: ``<country>`` for ``countries``."""
    return f"<{section.removesuffix('ies') + 'y' if section.endswith('ies') else section.removesuffix('s')}>"


def row_name(kind: Kind, parameter: Parameter) -> str:
    """The name of a row of ``assumptions.csv``, such as ``plants.<plant>.line_rate``."""
    return ".".join([kind.name, *map(singular, kind.axes), parameter.name])


def valid_range(parameter: Parameter) -> str:
    """The valid range as text."""
    if parameter.high == inf:
        return "0 or more" if parameter.low == 0 else "above 0"
    return f"{parameter.low:,.15g} to {parameter.high:,.15g}"


def required(kind: Kind, parameter: Parameter) -> str:
    """When the parameter is required, as text."""
    if kind.optional and len(kind.parameters) == 1:
        return "never"
    usual = "with the others" if kind.optional else "always"
    if parameter.condition == "always":
        return usual
    return f"{usual}, if {parameter.condition}" if kind.optional else f"if {parameter.condition}"


def default_value(kind: Kind, parameter: Parameter) -> str:
    """The default value with its meaning, and the rows with which it is not used."""
    value = DEFAULT_VALUES.get((kind.name, parameter.name))
    if value is None:
        return ""
    unless = ", ".join(f"`{name}`" for name in value.unless)
    return f"{value.value:,.15g}: {value.meaning}" + (f"; not used with {unless}" if unless else "")


def points_to(link: Link) -> str:
    """The permitted content of a field of ``programme.toml``."""
    if link.domain == "bool":
        content = "true or false"
    elif isinstance(link.domain, str):
        content = f"a list of names of `{link.domain}`" if link.is_list else f"a name of `{link.domain}`"
    else:
        content = " or ".join(f'`"{word}"`' for word in link.domain)
    return content + (", optional" if link.optional else "")


def kind_page(kind: Kind) -> str:
    """The heading, fields and numbers of a kind."""
    parts = [f"### {kind.name}\n"]
    if kind.meaning:
        parts.append(kind.meaning + "\n")
    if kind.links:
        rows = ((f"`{link.name}`", points_to(link), link.meaning) for link in kind.links)
        parts.append(table(("field in `programme.toml`", "content", "meaning"), rows))
    if kind.parameters:
        numbers = (
            (f"`{row_name(kind, p)}`", p.unit, valid_range(p), required(kind, p), default_value(kind, p), p.meaning)
            for p in kind.parameters
        )
        parts.append(table(("row in `assumptions.csv`", "unit", "range", "required", "default", "meaning"), numbers))
    return "\n".join(parts)


def kinds() -> str:
    return "\n".join(kind_page(kind) for kind in KINDS)


def sections() -> str:
    """The sections of ``programme.toml``: those that hold named entities, and those that exist once."""
    entities = ", ".join(f"`{section}`" for section in SECTIONS)
    single = ", ".join(f"`{kind.name}`" for kind in KINDS if kind.name in SINGLE_KINDS and kind.links)
    return f"Sections with named entities: {entities}. Single tables: {single}.\n"


def content(kind: Any) -> str:
    """The permitted content of a field of ``decisions.toml``."""
    if get_origin(kind) is dict:
        return "by name: " + content(get_args(kind)[1]).removeprefix("by name: ")
    if kind is Bounds:
        return "two shares"
    if get_origin(kind) is list:
        lists = {(str,): "text in a list", (DecisionLogEntry,): content(DecisionLogEntry)}
        return lists.get(get_args(kind), "a number a month")
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{word}"`' for word in get_args(kind))
    if kind is str:
        return "text"
    if kind is date:
        return "a date"
    if kind is DecisionLogEntry:
        return "tables of date, decision, by, why"
    return content(get_args(kind)[0]) if get_args(kind) else "a number" if kind is float else "a whole number"


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value in ({}, [], None, "") else f"`{value}`".replace("'", '"')


def fields(model: type[BaseModel], path: str) -> Iterator[tuple[str, ...]]:
    """A row for each field of a model, including those of its tables."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from fields(kind, f"{path}{name}.")
        else:
            yield f"`{path}{name}`", content(kind), default(field), field.description or ""


def decisions() -> str:
    rows = (*fields(Decisions, ""), *fields(Doctrine, "doctrine.<threat>."))
    return table(("field", "content", "default", "meaning"), rows)


def governance() -> str:
    return table(("field", "content", "default", "meaning"), fields(Governance, "governance."))


def tallies() -> str:
    rows = ((f"`{t.name}`", " × ".join(("future", *t.axes)), t.unit, t.meaning) for t in TALLIES)
    return table(("name", "axes", "unit", "meaning"), rows)


def labels() -> str:
    """The labels of the axes that do not depend on the scenario."""
    plant, night = (tuple(factor.name for factor in limits) for limits in (PLANT_LIMITS, NIGHT_LIMITS))
    axes = (("cost", COSTS), ("limit", (*plant, "then each part")), ("night_limit", night))
    return table(("axis", "labels"), ((f"`{axis}`", ", ".join(entries)) for axis, entries in axes))


def observable_forms(measure: ObservableMeasure) -> str:
    """The permitted forms of a measure, such as ``stopped/<package>``."""
    names = (word for axis in measure.axes for word in (OWNERS if axis == OWNER_AXIS else (singular(axis),)))
    forms = ([measure.key] if measure.has_total else []) + [f"{measure.key}/{name}" for name in names]
    return ", ".join(f"`{form}`" for form in forms)


def observations() -> str:
    """The measures that may be observed."""
    units = {"%": "per cent", "1": "a number from 0 to 1", "money": "the reporting currency", "day": "a date"}
    rows = ((observable_forms(m), m.kind, units.get(m.unit, m.unit), m.meaning) for m in OBSERVABLE)
    return table(("measure", "kind", "value in", "meaning"), rows)


def commands() -> str:
    """Every command with its parameters, without the lines of usage, which name the program that generates them."""
    text = app.generate_docs(output_format="markdown")
    return re.sub(r"```console\n.*?```\n\n", "", text[text.index("## octoplan ") :], flags=re.DOTALL)


WRITERS = {
    "sections": sections, "kinds": kinds, "decisions": decisions, "tallies": tallies, "labels": labels,
    "commands": commands, "governance": governance, "observations": observations,
}  # fmt: skip


def filled(page: str) -> str:
    """The page with new tables between its marks."""
    return MARK.sub(lambda match: f"{match[1]}\n{WRITERS[match['name']]()}\n{match[3]}", page)


def pages() -> dict[Path, str]:
    """The up-to-date text of each page of the reference."""
    return {path: filled(path.read_text("utf-8")) for path in sorted(REFERENCE.glob("*.md"))}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
