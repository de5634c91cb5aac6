"""The copy of the assumption log with impacts: nothing that the log says is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.explore.impact import impacts
from octoplan.explore.log_copy import COLUMNS, MARK, log_with_impacts, records, with_columns
from octoplan.explore.results import Impact
from octoplan.scenario import load
from octoplan.scenario.csv_text import cells_of, csv_text, row_dicts
from tests.outcomes.runs import octopus, ranged

CELLS = st.text(st.sampled_from("ab ,\"'\n;µ"), max_size=6)


def test_the_log_of_a_scenario_keeps_every_row() -> None:
    """Every row has its cells as before, with the impact and the reason; default values follow as rows."""
    scenario = load("pocket")
    ratings = impacts(scenario.assumptions, [])
    copy = log_with_impacts(scenario, ratings)
    by_name = {row["name"]: row for row in row_dicts(copy)}
    assert set(by_name) == set(scenario.columns)
    for row in row_dicts(scenario.files["assumptions.csv"]):
        assert {column: cell for column, cell in by_name[row["name"]].items() if column not in COLUMNS} == row
    for item in ratings:
        assert (by_name[item.name]["impact"], by_name[item.name]["impact_reason"]) == (item.rating, item.reason)


def test_the_bytes_of_the_cells_are_unchanged() -> None:
    """Each line of the copy begins with the line of the log, byte for byte."""
    for run in (octopus(), ranged()):
        data = run.scenario.files["assumptions.csv"]
        copy = log_with_impacts(run.scenario, impacts(run.scenario.assumptions, []))
        lines = copy.splitlines()
        for line, original in zip(lines, data.splitlines(), strict=False):
            assert line.startswith(original + b",")
        assert len(lines) >= len(data.splitlines())


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_valid_file_gains_two_cells_a_row(rows: list[list[str]], ending: str, mark: bool) -> None:
    """For any cells, quotes, line endings and byte order mark, the records and the cells are those before."""
    data = csv_text([["name", "note"], *([f"row{i}", *cells] for i, cells in enumerate(rows))], ending).encode()
    data = (MARK if mark else b"") + data
    assert b"".join(record + end for record, end in records(data)) == data
    added = {f"row{i}": ("red", f'so, "it is", {i}') for i in range(len(rows))}
    copy = with_columns(data, added)
    width = max(len(cells) for cells in cells_of(data))
    for before, after in zip(cells_of(data), cells_of(copy), strict=True):
        assert after[: len(before)] == before
        assert after[len(before) : width] == [""] * (width - len(before))
        assert tuple(after[width:]) == (COLUMNS if before[0] == "name" else added[before[0]])
    assert copy.count(b"\r\n") == data.count(b"\r\n")


def test_blank_rows_and_short_rows() -> None:
    """Blank rows stay as they are, rows with fewer cells are filled, and a quoted name is parts."""
    data = b'\n name ,note\n\n"a",\nb\n,,\nc,x'
    copy = with_columns(data, {"a": ("red", "r"), "b": ("amber", "s"), "c": ("green", "t")})
    assert copy == (b'\n name ,note,,impact,impact_reason\n\n"a",,,red,r\nb,,,amber,s\n,,\nc,x,,green,t')


def test_a_row_of_another_name_has_empty_cells() -> None:
    """A row without an impact has two empty cells."""
    assert with_columns(b"name\nx\n", {}) == b"name,impact,impact_reason\nx,,\n"


@pytest.mark.parametrize("text", ['a,"b', "a,b\n", "", "a", '"a""b",c\n', 'a"b,c"d\n', '"a"b,c\n', "\n\n"])
def test_records_are_those_of_the_csv_reader(text: str) -> None:
    """The records, joined, are the file, and each has the cells that Python's reader finds."""
    parts = list(records(text.encode()))
    assert b"".join(record + end for record, end in parts) == text.encode()
    expected = list(csv.reader(io.StringIO(text)))
    assert [next(csv.reader([record.decode()]), []) for record, _ in parts] == expected


def test_a_default_value_is_rated_too() -> None:
    """An assumption without a row of its own has one in the copy."""
    scenario = load("pocket")
    default = next(a for a in scenario.assumptions if a.is_default)
    copy = log_with_impacts(scenario, [Impact(default.name, "red", "because")])
    assert {row["name"]: row["impact"] for row in row_dicts(copy)}[default.name] == "red"
