"""Reading files: lines of TOML and CSV, encodings, limits, reports."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import Problem, ScenarioError
from octoplan.scenario.files import (
    MOST_BYTES,
    Report,
    did_you_mean,
    locate,
    read_csv,
    read_folder,
    read_toml,
    shown,
    text_of,
)
from tests.scenario.folder import PROGRAMME, write

TOML = '''\
# a comment with [brackets]
title = "a # no comment"   # one
list = [
  1, # [
  "]",
]
[one]
inline = { a = 1, b = [2] }
"quoted key" = 1
dotted.key = 2
text = """
[not.a.table]
x = 1
"""
last = \'\'\'
\'\'\'
[two.three]
four = \'[\'
'''


def test_every_key_has_its_line() -> None:
    """Tables, dotted and quoted keys are found on their lines past comments, strings and lists."""
    lines = locate(TOML)
    assert lines == {
        ("title",): 2,
        ("list",): 3,
        ("one",): 7,
        ("one", "inline"): 8,
        ("one", "quoted key"): 9,
        ("one", "dotted"): 10,
        ("one", "dotted", "key"): 10,
        ("one", "text"): 11,
        ("one", "last"): 15,
        ("two",): 17,
        ("two", "three"): 17,
        ("two", "three", "four"): 18,
    }


def test_a_key_without_a_line_has_that_of_its_table() -> None:
    """What is missing is reported where it should stand."""
    toml = read_toml("x.toml", TOML, Report("f"))
    assert toml is not None
    assert (toml.line("two", "three", "gone"), toml.line("one", "inline", "b", 0), toml.line("gone")) == (17, 8, 1)


@given(st.lists(st.sampled_from(PROGRAMME.splitlines()), max_size=30))
def test_lines_are_found_in_any_order_of_rows(rows: list[str]) -> None:
    """Whatever TOML can be read, each of its top keys is located on a line that holds it."""
    text = "\n".join(rows)
    toml = read_toml("x.toml", text, Report("f"))
    for key in toml.tree if toml else ():
        assert key in text.split("\n")[toml.line(key) - 1] if toml else True


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_record_has_the_line_it_begins_on(ending: str) -> None:
    """Rows after a quoted line break keep their true lines, whatever ends a line."""
    text = ending.join(["a,b", '1,"two', 'lines"', "", "3,4"])
    rows = read_csv("x.csv", text, ("a", "b"), Report("f"))
    assert rows is not None
    assert [(row.line, row["a"]) for row in rows] == [(2, "1"), (5, "3")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a;b\n1;2\n", 1, "not parted by commas"),
        ("a\n1\n", 1, "has no column 'b'"),
        ("a,b,c\n", 1, "unknown column 'c'"),
        ("a,b,b\n", 1, "the column 'b' twice"),
        ("a,b\n1\n", 2, "has 1 cells, expected 2"),
        ("a,b\n1,2,3\n", 2, "has 3 cells, expected 2"),
        ('a,b\n1,"2\n', 2, "is not CSV here"),
        ('a,b\n1,"2"x\n', 2, "is not CSV here"),
        ("a,b\n1,\x00\n", 2, "control character"),
        ("a,b\n1," + "x" * 200_000 + "\n", 2, "is not CSV here"),
        (",\n,\n", 1, "has no header"),
    ],
)
def test_a_table_that_cannot_be_is_reported_with_its_line(text: str, line: int, words: str) -> None:
    """A wrong header or row is reported where it stands."""
    report = Report("f")
    read_csv("x.csv", text, ("a", "b"), report)
    assert [line] == [problem.line for problem in report.problems]
    assert words in report.problems[0].message


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "is empty"),
        (b" \n\n", 1, "is empty"),
        (b"\xef\xbb\xbf", 1, "is empty"),
        (b"a\nb\xe9\n", 2, "byte 0xe9 is not UTF-8"),
        ("a".encode("utf-16"), 1, "UTF-16"),
    ],
)
def test_bytes_that_are_no_text_are_reported(data: bytes, line: int, words: str) -> None:
    """A file that is empty or in another encoding is refused, with the line."""
    report = Report("f")
    assert text_of("x.csv", data, report) is None
    assert (line, True) == (report.problems[0].line, words in report.problems[0].message)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """UTF-8 may begin with a byte order mark, as Excel writes it."""
    assert text_of("x.csv", b"\xef\xbb\xbfname\n", Report("f")) == "name\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\nb = \n", 2, "Invalid value"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite"),
        ("[a]\n[a]\n", 2, "Cannot declare"),
        ("\na.b = 1\n[" + ".".join("a" * 20) + "]", 3, "nested too deeply"),
        ("b = { " + "'a' . " * 9 + "a = 1 }", 1, "nested too deeply"),
        ("a = 1\nb = [" + "1," * 6000 + "]", 2, "the line has 12,006 characters"),
        (".".join("a" * 2_000_000) + " = 1", 1, "the line has 4,000,003 characters"),
        ("a = " + "[" * 5000, 1, "nested too deeply"),
        (".".join("a" * 2000) + " = 1", 1, "nested too deeply"),
        ("a = " + "9" * 5000, 1, "is not TOML here"),
        ("a = 2025-13-01\n", 1, "is not TOML here"),
        ("a = 'x", 1, "is not TOML here"),
    ],
)
def test_toml_that_cannot_be_read_is_reported_with_its_line(text: str, line: int, words: str) -> None:
    """Broken TOML, a key given twice, and absurd nesting are reported, never raised."""
    report = Report("f")
    assert read_toml("x.toml", text, report) is None
    assert (line, True) == (report.problems[0].line, words in report.problems[0].message)


def test_a_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    """A file of 100 MB costs no memory: its size alone refuses it."""
    folder = write(tmp_path / "big")
    with (folder / "assumptions.csv").open("wb") as file:
        file.truncate(100 * 2**20)
    report = Report("big")
    assert "assumptions.csv" not in read_folder(folder, report)
    assert [
        f"big/assumptions.csv: has {100 * 2**20:,} bytes; a file of a scenario may have {MOST_BYTES:,} at the most"
    ] == [str(problem) for problem in report.problems]


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """A folder in the place of a file is reported, and a near miss of a file's name too."""
    folder = write(tmp_path / "odd", {"programme.toml": "", "decisions.toml": "", "correlation.csv": ""})
    (folder / "sources.csv").mkdir()
    report = Report("odd")
    read_folder(folder, report)
    needed = "programme.toml, assumptions.csv, decisions.toml, sources.csv"
    assert {
        f"odd/assumptions.csv: is missing; a scenario needs {needed}",
        "odd/correlation.csv: is not a file of a scenario; did you mean 'correlations.csv'? rename or remove it",
        "odd/sources.csv: cannot be read: it is not a plain file",
    } == {str(problem) for problem in report.problems}


def test_a_report_is_sorted_and_travels() -> None:
    """Problems are listed by file and line, one line each, and the error survives pickling."""
    problems = [Problem("b.csv", 3, "late"), Problem("b.csv", 0, "two\nlines"), Problem("a.csv", 9, "first")]
    error = ScenarioError(problems)
    assert str(error) == "a.csv:9: first\nb.csv: two lines\nb.csv:3: late"
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_long_values_are_cut_and_near_words_offered() -> None:
    """A message quotes a value on one short line, and names the nearest known word."""
    assert shown("x\n" * 100).endswith("...'")
    assert len(shown("x\n" * 100)) <= 60
    assert did_you_mean("kyiv-cit", ["kyiv-city", "lviv"]) == "did you mean 'kyiv-city'?"
    assert did_you_mean("zzz", ["kyiv-city", "lviv"]) == "known: kyiv-city, lviv"
