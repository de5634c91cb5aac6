"""Writes the tables of the reference from the declarations in the code, between the marks in each page.

``python docs/generate.py`` rewrites the pages; a test holds that the committed ones are up to date.
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
from octoplan.scenario.entities import KINDS, SECTIONS, SINGLE, Kind, Link, Parameter
from octoplan.scenario.governance import Governance, Ruling
from octoplan.scenario.limiting_factors import NIGHT_LIMITS, PLANT_LIMITS
from octoplan.scenario.plan_options import Bounds

REFERENCE = Path(__file__).parent / "reference"
MARK = re.compile(r"(<!-- (?P<name>[a-z-]+): written by docs/generate.py -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def singular(section: str) -> str:
    """The placeholder for a name out of a section: ``<country>`` for ``countries``."""
    return f"<{section.removesuffix('ies') + 'y' if section.endswith('ies') else section.removesuffix('s')}>"


def row_name(kind: Kind, parameter: Parameter) -> str:
    """What the row of ``assumptions.csv`` is called: ``plants.<plant>.line_rate``."""
    return ".".join([kind.name, *map(singular, kind.axes), parameter.name])


def lawful(parameter: Parameter) -> str:
    """The lawful range in words."""
    if parameter.high == inf:
        return "0 or more" if parameter.low == 0 else "above 0"
    return f"{parameter.low:g} to {parameter.high:g}"


def needed(parameter: Parameter) -> str:
    return "always" if parameter.when == "always" else f"if {parameter.when}"


def points_to(link: Link) -> str:
    """What may stand in a field of ``programme.toml``."""
    if link.to == "bool":
        words = "true or false"
    elif isinstance(link.to, str):
        words = f"a list of names of `{link.to}`" if link.many else f"a name of `{link.to}`"
    else:
        words = " or ".join(f'`"{word}"`' for word in link.to)
    return words + (", may be left out" if link.optional else "")


def kind_page(kind: Kind) -> str:
    """The heading, fields and numbers of a kind."""
    parts = [f"### {kind.name}\n"]
    if kind.meaning:
        parts.append(kind.meaning + "\n")
    if kind.links:
        rows = ((f"`{link.name}`", points_to(link), link.meaning) for link in kind.links)
        parts.append(table(("field in `programme.toml`", "may be", "meaning"), rows))
    if kind.parameters:
        numbers = ((f"`{row_name(kind, p)}`", p.unit, lawful(p), needed(p), p.meaning) for p in kind.parameters)
        parts.append(table(("row in `assumptions.csv`", "unit", "range", "needed", "meaning"), numbers))
    return "\n".join(parts)


def kinds() -> str:
    return "\n".join(kind_page(kind) for kind in KINDS)


def sections() -> str:
    """The sections of ``programme.toml``: those that hold named entities, and those that exist once."""
    named = ", ".join(f"`{section}`" for section in SECTIONS)
    single = ", ".join(f"`{kind.name}`" for kind in KINDS if kind.name in SINGLE and kind.links)
    return f"Named entities stand in {named}. Tables that exist once: {single}.\n"


def holds(kind: Any) -> str:
    """What a field of ``decisions.toml`` holds, in words."""
    if get_origin(kind) is dict:
        return "by name: " + holds(get_args(kind)[1]).removeprefix("by name: ")
    if kind is Bounds:
        return "two shares"
    if get_origin(kind) is list:
        return {(str,): "text in a list", (Ruling,): holds(Ruling)}.get(get_args(kind), "a number a month")
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{word}"`' for word in get_args(kind))
    if kind is str:
        return "text"
    if kind is date:
        return "a date"
    if kind is Ruling:
        return "tables of date, decision, by, why"
    return holds(get_args(kind)[0]) if get_args(kind) else "a number" if kind is float else "a whole number"


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value in ({}, [], None, "") else f"`{value}`".replace("'", '"')


def choices(model: type[BaseModel], path: str) -> Iterator[tuple[str, ...]]:
    """A row for each field of ``decisions.toml``, tables taken apart."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from choices(kind, f"{path}{name}.")
        else:
            yield f"`{path}{name}`", holds(kind), default(field), field.description or ""


def decisions() -> str:
    rows = (*choices(Decisions, ""), *choices(Doctrine, "doctrine.<threat>."))
    return table(("field", "holds", "if left out", "meaning"), rows)


def governance() -> str:
    return table(("field", "holds", "if left out", "meaning"), choices(Governance, "governance."))


def tallies() -> str:
    rows = ((f"`{t.name}`", " × ".join(("future", *t.axes)), t.unit, t.meaning) for t in TALLIES)
    return table(("name", "axes", "unit", "meaning"), rows)


def labels() -> str:
    """The labels of the axes that no scenario names."""
    plant, night = (tuple(factor.name for factor in limits) for limits in (PLANT_LIMITS, NIGHT_LIMITS))
    spelled = (("cost", COSTS), ("limit", (*plant, "then each part")), ("night_limit", night))
    return table(("axis", "labels"), ((f"`{axis}`", ", ".join(words)) for axis, words in spelled))


def commands() -> str:
    """Every command with its parameters; the lines of usage are left out, as they name the program that asks."""
    text = app.generate_docs(output_format="markdown")
    return re.sub(r"```console\n.*?```\n\n", "", text[text.index("## octoplan ") :], flags=re.DOTALL)


WRITERS = {
    "sections": sections, "kinds": kinds, "decisions": decisions, "tallies": tallies, "labels": labels,
    "commands": commands, "governance": governance,
}  # fmt: skip


def filled(page: str) -> str:
    """The page with the tables between its marks written anew."""
    return MARK.sub(lambda found: f"{found[1]}\n{WRITERS[found['name']]()}\n{found[3]}", page)


def pages() -> dict[Path, str]:
    """Each page of the reference as it should stand."""
    return {path: filled(path.read_text("utf-8")) for path in sorted(REFERENCE.glob("*.md"))}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
