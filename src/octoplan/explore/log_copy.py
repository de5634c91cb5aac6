"""A copy of the assumption log of a run with the impact of each assumption; its other cells keep their bytes."""

import re
from collections.abc import Iterable, Iterator

from octoplan.explore.results import Impact
from octoplan.scenario import Scenario
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.csv_text import cells_of, csv_text

COLUMNS = ("impact", "impact_reason")
"""Names of the columns that are added."""
MARK = b"\xef\xbb\xbf"
"""Byte order mark with which a file may begin."""


def log_with_impacts(scenario: Scenario, impacts: Iterable[Impact]) -> bytes:
    """``assumptions.csv`` of a scenario, default values as rows at its end, with the columns ``COLUMNS``."""
    return with_columns(with_default_rows(scenario), {item.name: (item.rating, item.reason) for item in impacts})


def with_columns(data: bytes, added: dict[str, tuple[str, str]]) -> bytes:
    r"""A CSV file with two more columns; the bytes of its cells and its line endings are unchanged.

    Args:
        data: A valid CSV file with a column ``name``. Rows with fewer cells than others are filled with empty cells.
        added: The two further cells by name; empty in other rows.

    >>> with_columns(b'name,note\r\na,"x, y"\r\n', {"a": ("red", "so, it is")})
    b'name,note,impact,impact_reason\r\na,"x, y",red,"so, it is"\r\n'

    """
    rows = cells_of(data)
    width = max(len(cells) for cells in rows)
    parts, name_column = [], -1
    for (record, ending), cells in zip(records(data), rows, strict=True):
        if any(cell.strip() for cell in cells):
            if name_column < 0:
                further: tuple[str, str] = COLUMNS
                name_column = [cell.strip() for cell in cells].index("name")
            else:
                further = added.get(cells[name_column].strip() if name_column < len(cells) else "", ("", ""))
            text = csv_text([further], "")
            parts += [record, b"," * (width - len(cells) + 1), text.encode(), ending]
        else:
            parts += [record, ending]
    return b"".join(parts)


def records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    r"""The records of a CSV file with their line endings, which a quoted cell may contain.

    >>> list(records(b'a,"1\n2"\r\nb,3'))
    [(b'a,"1\n2"', b'\r\n'), (b'b,3', b'')]
    """
    start = position = len(MARK) if data.startswith(MARK) else 0
    begin = 0
    cell = re.compile(rb'"(?:[^"]|"")*"?[^,\r\n]*|[^,\r\n]*')
    while start < len(data):
        while True:
            match = cell.match(data, position)
            position = match.end() if match else position
            if data[position : position + 1] != b",":
                break
            position += 1
        ending = b"\r\n" if data[position : position + 2] == b"\r\n" else data[position : position + 1]
        yield data[begin:position], ending
        begin = start = position = position + len(ending)
