"""A plan as the text of a ``decisions.toml`` that ``octoplan run`` flies as it is."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np

from octoplan.plan.model import CALENDAR, CREW, LINES, OUTPUT, UNIT, Model, starts
from octoplan.plan.twostage import Floats
from octoplan.scenario import Scenario
from octoplan.scenario.files import DECISIONS

BARE = re.compile(r"[A-Za-z0-9_-]+")

Series = list[int]


def monthly(windows: tuple[int, ...], values: Floats, months: int) -> Series:
    """Whole numbers by month, the last of which runs on, from a value for each window."""
    window = np.searchsorted(np.array(windows), np.arange(min(months, windows[-1] + 1)), "right") - 1
    found: Series = np.round(values[window]).astype(np.int64).tolist()
    while len(found) > 1 and found[-1] == found[-2]:
        found.pop()
    return found


def chosen(model: Model, x: Floats, plants: tuple[str, ...], months: int) -> dict[str, Any]:
    """The tables that a first stage decides: output, lines, crews, kits."""
    block = {name: x[numbers] for name, numbers in model.sheet.x.blocks.items()}
    output, lines, calendar = (starts(w, months) for w in (OUTPUT, LINES, CALENDAR))
    return {
        "output": {p: monthly(output, v * UNIT, months) for p, v in zip(plants, block["asked"], strict=True)},
        "lines": {p: monthly(lines, v, months) for p, v in zip(plants, block["lines"], strict=True)},
        "crews": {"intake": monthly(calendar, block["intake"] * CREW, months)},
        "kits": {"order": monthly(calendar, block["kits"] * CREW, months)},
    }


def rewritten(scenario: Scenario, tables: Mapping[str, Any]) -> str:
    """The scenario's own decisions with some tables replaced; every other table stays, comments do not."""
    tree = tomllib.loads(scenario.files[DECISIONS].decode())
    for name, table in tables.items():
        tree[name] = {**tree.get(name, {}), **table}
    return toml(tree)


def toml(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """A tree of tables, lists, text, numbers and truth values as TOML."""
    plain = [f"{key(k)} = {value(v)}" for k, v in tree.items() if not isinstance(v, Mapping)]
    nested = [toml(v, (*path, k)) for k, v in tree.items() if isinstance(v, Mapping)]
    head = [f"[{'.'.join(map(key, path))}]"] if path and (plain or not nested) else []
    return "\n".join(head + plain + ([""] if head or plain else []) + nested)


def key(word: str) -> str:
    return word if BARE.fullmatch(word) else json.dumps(word, ensure_ascii=False)


def value(found: Any) -> str:
    if isinstance(found, list):
        return f"[{', '.join(map(value, found))}]"
    if isinstance(found, bool | str):
        return json.dumps(found, ensure_ascii=False)
    return repr(found)
