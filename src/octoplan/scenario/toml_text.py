"""TOML files of a scenario: parsing, with the line of every key, and edits that keep comments and layout."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import tomlkit
from tomlkit.items import Array

from octoplan.errors import ScenarioError
from octoplan.scenario.files import decode, utf8_text
from octoplan.scenario.report import Report

MAX_DEPTH = 8
MAX_LINE_LENGTH = 10_000
NESTING_ERROR = f"tables or lists are nested too deeply; at most {MAX_DEPTH} levels are allowed"

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Toml:
    """A parsed TOML file: the tree, the line of every key, and the text."""

    tree: dict[str, Any]
    lines: Mapping[Keys, int]
    text: str

    def line(self, *path: object) -> int:
        """The line of a key, or of the nearest enclosing table."""
        keys = tuple(map(str, path))
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return self.lines[keys[:length]]
        return 1


def read_toml(name: str, text: str, report: Report) -> Toml | None:
    """Parse a TOML file; None if the file is invalid, which is reported."""
    text = text.replace("\r\n", "\n")
    if limit := _limit_error(text):
        report.add(name, *limit)
        return None
    try:
        tree, lines = _parse(text)
    except RecursionError:
        report.add(name, 1, NESTING_ERROR)
        return None
    except ValueError as error:
        position = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line = int(position[1]) if position else text.count("\n") + 1
        cause = str(error)[: position.start()] if position else re.sub(r" \(at end of document\)$", "", str(error))
        report.add(name, line, f"is not valid TOML: {cause}")
        return None
    if _depth(tree) > MAX_DEPTH:
        report.add(name, 1, NESTING_ERROR)
        return None
    return Toml(tree, lines, text)


def parse_toml(name: str, data: bytes) -> Toml:
    """Parse the bytes of a TOML file, with or without byte order mark.

    Args:
        name: Name of the file in messages.
        data: Content of the file.

    Raises:
        ScenarioError: If the bytes are not UTF-8 text or not TOML.

    """
    report = Report("")
    text = utf8_text(name, data, report)
    toml = None if text is None else read_toml(name, text, report)
    if toml is None:
        raise ScenarioError(report.problems)
    return toml


@lru_cache(maxsize=16)
def _parse(text: str) -> tuple[dict[str, Any], Mapping[Keys, int]]:
    """The tree and the lines of a TOML text, cached; do not modify."""
    return tomllib.loads(text), key_lines(text)


_KEY_PART_PATTERN = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_DEEP_KEY_PATTERN = re.compile(
    rf"^[ \t\[]*(?:{_KEY_PART_PATTERN}){{{MAX_DEPTH}}}|[{{,][ \t]*(?:{_KEY_PART_PATTERN}){{{MAX_DEPTH}}}", re.MULTILINE
)


def _limit_error(text: str) -> tuple[int, str] | None:
    """Line number and error message of the first line that is too long or too deeply nested; None if there is none.

    Parsing time is quadratic in the length of a line and in the depth of nesting.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE_LENGTH:
            return number, f"the line has {len(line):,} characters; the limit is {MAX_LINE_LENGTH:,}"
    match = _DEEP_KEY_PATTERN.search(text)
    return (text.count("\n", 0, match.start()) + 1, NESTING_ERROR) if match else None


def _depth(tree: object) -> int:
    """The depth of nested tables and lists, counted up to ``MAX_DEPTH + 2``."""
    level: list[object] = [tree]
    for depth in range(MAX_DEPTH + 2):
        nested_items = [item for item in level if isinstance(item, dict | list)]
        if not nested_items:
            return depth
        level = [value for item in nested_items for value in (item.values() if isinstance(item, dict) else item)]
    return MAX_DEPTH + 2


_KEY_PATTERN = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|"((?:\\.|[^"\\])*)"|'([^']*)')[ \t]*(\.?)""")
_TOKEN_PATTERN = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|.""",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Keys, int]:
    """Line of every table and key of a valid TOML text; keys within an inline table are not listed."""
    lines: dict[Keys, int] = {}
    for keys, header_length, line, _, _ in _statements(text):
        for length in range(header_length + 1, len(keys) + 1):
            lines.setdefault(keys[:length], line)
    return lines


def _statements(text: str) -> Iterator[tuple[Keys, int, int, int, int]]:
    """The tables and key-value pairs of a TOML text in order.

    Yields:
        The full path of keys, the number of these keys that come from the table header, the line, and the start and
        end of the value (equal for a table header).

    """
    table: Keys = ()
    position, line = 0, 1
    while position < len(text):
        character = text[position]
        if character in " \t\r\n":
            line += character == "\n"
            position += 1
        elif character == "#":
            position = (text + "\n").index("\n", position)
        elif character == "[":
            table, position = _keys(text, position + (2 if text.startswith("[[", position) else 1))
            yield table, 0, line, position, position
            position = (text + "\n").index("\n", position)
        else:
            keys, position = _keys(text, position)
            end = _value_end(text, position)
            yield table + keys, len(table), line, position, end
            line += text.count("\n", position, end)
            position = end


def _keys(text: str, position: int) -> tuple[Keys, int]:
    """The dotted key that starts at a position, and the position after it."""
    keys: list[str] = []
    while match := _KEY_PATTERN.match(text, position):
        keys.append(next(part for part in match.groups()[:3] if part is not None))
        position = match.end()
        if not match[4]:
            break
    return tuple(keys), position


def _value_end(text: str, position: int) -> int:
    """Position of the end of the value that starts at a position."""
    depth = 0
    for token in _TOKEN_PATTERN.finditer(text, position):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return token.start()
    return len(text)


@dataclass(frozen=True)
class Numeral:
    """A number as written in a TOML text: its path of keys, line, text, and the position of its first character."""

    keys: Keys
    line: int
    text: str
    start: int


def numerals(text: str) -> Iterator[Numeral]:
    """The numbers of a valid TOML text outside strings and comments."""
    for keys, _, line, start, end in _statements(text):
        value = _TOKEN_PATTERN.sub(_blank_text, text[start:end])
        for match in re.finditer(r"(?<![\w.+-])[+-]?[0-9][\w.]*", value):
            yield Numeral(keys, line + value.count("\n", 0, match.start()), match[0], start + match.start())


def _blank_text(token: re.Match[str]) -> str:
    """The token, with blanks in place of a string or comment, which keeps positions unchanged."""
    return token[0] if len(token[0]) == 1 else re.sub(r"[^\n]", " ", token[0])


def with_values(data: bytes, tables: Mapping[str, Any]) -> str:
    r"""The text of a TOML file with some values replaced or added; comments, order and layout are kept.

    Args:
        data: Content of a valid TOML file.
        tables: New values by key; a mapping is merged into the table of that name, which is added if missing.

    >>> with_values(b"[crews]\nintake = [4] # courses\n", {"crews": {"intake": [6, 8]}})
    '[crews]\nintake = [6, 8] # courses\n'

    """
    document = tomlkit.parse(decode(data))
    _set_values(document, tables)
    text = tomlkit.dumps(document)
    return text.replace("\n", "\r\n") if b"\r\n" in data else text


def _set_values(table: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            if name not in table:
                table[name] = tomlkit.table()
            _set_values(table[name], value)
        elif name not in table:
            table[name] = value
        elif isinstance(value, list) and isinstance(table[name], Array):
            _set_items(table[name], value)
        elif not _is_identical(table[name], value):
            table[name] = value


def _set_items(array: Array, values: list[Any]) -> None:
    """Set the items of an array one by one, which keeps line breaks and comments."""
    for index, value in enumerate(values[: len(array)]):
        if not _is_identical(array[index], value):
            array[index] = value
    for value in values[len(array) :]:
        array.append(value)
    del array[len(values) :]


def _is_identical(old: Any, new: Any) -> bool:
    """True if two values are equal and of the same type: 1, 1.0 and true differ."""
    old_value = old.unwrap() if hasattr(old, "unwrap") else old
    return type(old_value) is type(new) and bool(old_value == new)


BARE_KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]+")
"""A key that is valid without quotes."""


def key_text(key: str) -> str:
    """A key as TOML, with quotes if required.

    >>> key_text("raids.level")
    '"raids.level"'
    """
    return key if BARE_KEY_PATTERN.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def value_text(value: Any) -> str:
    """A string, number, Boolean or date, or a list of these, as TOML.

    >>> value_text([1, 2.5, "a"])
    '[1, 2.5, "a"]'
    """
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, date) else repr(value)
