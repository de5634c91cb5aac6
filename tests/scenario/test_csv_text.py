"""CSV files: line numbers of rows, headers, and replacement of rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.scenario.csv_text import (
    MAX_CELL_LENGTH,
    append_rows,
    cells_of,
    csv_text,
    read_csv,
    replace_rows,
    row_dicts,
)
from octoplan.scenario.report import Report


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_row_has_the_number_of_its_first_line(ending: str) -> None:
    """Rows after a quoted line break have the right line numbers, with any kind of line ending."""
    text = ending.join(["a,b", '1,"two', 'lines"', "", "3,4"])
    rows = read_csv("x.csv", text, ("a", "b"), Report("f"))
    assert rows is not None
    assert [(row.line, row["a"]) for row in rows] == [(2, "1"), (5, "3")]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a;b\n1;2\n", 1, "not separated by commas"),
        ("a\n1\n", 1, "has no column 'b'"),
        ("a,b,c\n", 1, "unknown column 'c'"),
        ("a,b,b\n", 1, "the column 'b' twice"),
        ("a,b\n1\n", 2, "has 1 cells, expected 2"),
        ("a,b\n1,2,3\n", 2, "has 3 cells, expected 2"),
        ('a,b\n1,"2\n', 2, "is not valid CSV"),
        ('a,b\n1,"2"x\n', 2, "is not valid CSV"),
        ("a,b\n1,\x00\n", 2, "control character"),
        ("a,b\n1," + "x" * 200_000 + "\n", 2, "is not valid CSV"),
        (",\n,\n", 1, "has no header"),
    ],
)
def test_invalid_tables_are_reported_with_their_line(text: str, line: int, message: str) -> None:
    """An invalid header or row is reported with its line."""
    report = Report("f")
    read_csv("x.csv", text, ("a", "b"), report)
    assert [line] == [problem.line for problem in report.problems]
    assert message in report.problems[0].message


@pytest.mark.parametrize("text", ["a,b,,\n1,2,,\n", "a,b\n1,2,,\n", "a,b,,\n1,2\n", "a,,b\n1,,2\n", ",b,a\n,2,1\n"])
def test_empty_columns_are_skipped(text: str) -> None:
    """Columns without header and cells, which spreadsheets write, are skipped."""
    report = Report("f")
    rows = read_csv("x.csv", text, ("a", "b"), report)
    assert rows is not None
    assert [dict(row.cells) for row in rows] == [{"a": "1", "b": "2"}]
    assert report.problems == []


@pytest.mark.parametrize("text", ["a,b,,\n1,2,,3\n", "a,b\n1,2,,3\n", "a,,b\n1,3,2\n"])
def test_a_cell_without_header_is_reported(text: str) -> None:
    """A cell in a column without header is reported, not ignored."""
    report = Report("f")
    assert read_csv("x.csv", text, ("a", "b"), report) == []
    assert [problem.line for problem in report.problems] == [2]


def test_rows_are_replaced_by_column() -> None:
    """The cells of a replaced row are in the columns of their names; other rows are unchanged, including blank rows."""
    data = b'\xef\xbb\xbf\r\nnote , name,value,\r\n"x, y",a,1,\r\nz,b,2,\r\n'
    assert (
        replace_rows(data, "name", {"b": {"name": "b", "value": "5"}}) == '\nnote , name,value,\n"x, y",a,1,\n,b,5,\n'
    )
    with pytest.raises(KeyError):
        replace_rows(data, "name", {"c": {}})


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"", b"<", b"<<", b"<,,<"])
def test_rows_are_appended_to_unchanged_bytes(start: bytes, ending: bytes, end: bytes) -> None:
    """The byte order mark and the line endings stay, and new rows have the same ending."""
    data = start + b'b , a,<"2, two",1'.replace(b"<", ending) + end.replace(b"<", ending)
    longer = append_rows(data, [{"a": "3"}, {"a": "4", "b": "x,y"}])
    assert longer == data + (b"" if data.endswith(ending) else ending) + b',3,<"x,y",4,<'.replace(b"<", ending)
    rows = read_csv("x.csv", longer.decode("utf-8-sig"), ("a", "b"), Report("f"))
    assert rows is not None
    assert [row["a"] for row in rows] == ["1", "3", "4"]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6))
def test_cells_survive_writing_and_reading(rows: list[list[str]]) -> None:
    """Cells that are written as CSV are read back unchanged."""
    assert cells_of(csv_text(rows).encode()) == rows


def test_rows_are_read_as_dictionaries() -> None:
    """``row_dicts`` returns the same cells as ``read_csv``."""
    data = b"\xef\xbb\xbfb, a\r\n\r\n2, 1\r\n"
    rows = read_csv("x.csv", "b,a\n\n2,1\n", ("a", "b"), Report("f"))
    assert rows is not None
    assert row_dicts(data) == [dict(row.cells) for row in rows]


def test_a_cell_of_the_largest_length_is_read() -> None:
    """A cell of exactly the largest length is valid."""
    rows = read_csv("x.csv", f"a,b\n1,{'x' * MAX_CELL_LENGTH}\n", ("a", "b"), Report("f"))
    assert rows is not None
    assert len(rows[0]["b"]) == MAX_CELL_LENGTH
