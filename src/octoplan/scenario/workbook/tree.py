"""The content of a TOML file as a tree of tables with the cell of every key, and the text of a changed tree."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from octoplan.scenario.toml_text import Keys, key_text, value_text, with_values
from octoplan.scenario.workbook.cell_text import CellAddress

EDIT_ERRORS = (TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError, IndexError)
"""Exceptions that an edit of a text raises if the text does not have the structure of the tree."""


@dataclass
class CellTree:
    """A tree of tables, and the address of the cell of every key."""

    values: dict[str, Any] = field(default_factory=dict)
    addresses: dict[Keys, CellAddress] = field(default_factory=dict)

    def set(self, keys: Keys, value: Any, address: CellAddress | None = None) -> None:
        """Set the value at a path of keys; tables on the path are added."""
        table = self.values
        for key in keys[:-1]:
            table = table.setdefault(key, {})
        table[keys[-1]] = value
        if address is not None:
            self.addresses[keys] = address

    def table(self, keys: Keys, address: CellAddress | None = None) -> dict[str, Any]:
        """The table at a path of keys, which is added if missing."""
        table = self.values
        for key in keys:
            table = table.setdefault(key, {})
        if address is not None:
            self.addresses[keys] = address
        return table


def value_in(tree: Any, keys: Iterable[str]) -> Any:
    """The value at a path of keys in nested tables; None if there is none.

    >>> value_in({"a": {"b": 1}}, ("a", "b")), value_in({"a": 2}, ("a", "b"))
    (1, None)
    """
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def tree_text(tree: Mapping[str, Any], path: Keys = ()) -> str:
    r"""The text of a TOML file with the content of a tree.

    >>> tree_text({"title": "A", "plants": {"b": {"gates": []}}})
    'title = "A"\n\n[plants.b]\ngates = []\n'
    """
    tables = {key: value for key, value in tree.items() if is_table(value)}
    lines = [f"{key_text(key)} = {scalar_text(value)}\n" for key, value in tree.items() if key not in tables]
    header = f"[{'.'.join(map(key_text, path))}]\n" if path and (lines or not tables) else ""
    text = "".join((header, *lines))
    for key, value in tables.items():
        if isinstance(value, dict):
            block = tree_text(value, (*path, key))
        else:
            name = ".".join(map(key_text, (*path, key)))
            block = "\n".join(f"[[{name}]]\n" + tree_text(item) for item in value)
        text += ("\n" if text else "") + block
    return text


def is_table(value: Any) -> bool:
    """Whether a value is a table or a list of tables."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def scalar_text(value: Any) -> str:
    """A value other than a table as TOML; the control character DEL, which JSON leaves as it is, is escaped."""
    return value_text(value).replace("\x7f", "\\u007F")


def edited_text(original: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The text of a TOML file with the changes between two trees; comments and layout of other lines are kept.

    Raises:
        EDIT_ERRORS: The text does not have the structure of the trees.

    """
    document = tomlkit.parse(original)
    for path in list(removed(before, after)):
        table: Any = document
        for key in path[:-1]:
            table = table[key]
        del table[path[-1]]
    changes: dict[str, Any] = {}
    for path, value in changed(before, after):
        target = changes
        for key in path[:-1]:
            target = target.setdefault(key, {})
        target[path[-1]] = value
    return with_values(tomlkit.dumps(document).encode(), changes)


def removed(before: Mapping[str, Any], after: Mapping[str, Any], path: Keys = ()) -> Iterator[Keys]:
    """Paths of the keys that only the first tree has."""
    for key, value in before.items():
        if key not in after:
            yield (*path, key)
        elif isinstance(value, dict) and isinstance(after[key], dict):
            yield from removed(value, after[key], (*path, key))


def changed(before: Mapping[str, Any], after: Mapping[str, Any], path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Paths and values of the keys that the second tree has and the first has not, or with another value."""
    for key, value in after.items():
        if isinstance(value, dict):
            old = before.get(key)
            if not value and key not in before:
                yield (*path, key), {}
            yield from changed(old if isinstance(old, dict) else {}, value, (*path, key))
        elif key not in before or not is_identical(before[key], value):
            yield (*path, key), value


def is_identical(first: Any, second: Any) -> bool:
    """Whether two values are equal; True and 1 are not, 1 and 1.0 are.

    >>> is_identical(True, 1), is_identical(1, 1.0)
    (False, True)
    """
    return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)


def comparable(tree: Any, *, has_order: bool) -> Any:
    """A value that is equal for equal trees; True and 1 are not equal.

    has_order
        If True, the keys of a table must also have the same order.
    """
    if isinstance(tree, dict):
        items = tree.items() if has_order else sorted(tree.items())
        return tuple((key, comparable(value, has_order=has_order)) for key, value in items)
    if isinstance(tree, list):
        return tuple(comparable(item, has_order=has_order) for item in tree)
    return type(tree) is bool, tree
