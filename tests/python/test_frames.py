"""Tables as pandas DataFrames: the same numbers, dates as dates, and an index that identifies a row."""

from datetime import date
from math import inf

import numpy as np
import pandas as pd
import pytest

import octoplan as op
from octoplan.outcomes.export import tables
from octoplan.tables import Column, Table
from tests.outcomes.runs import octopus, pocket

COLUMNS = (
    Column("day", "date"), Column("month", "yearmonth"), Column("name", "string"), Column("count", "integer"),
    Column("value", "number"),
)  # fmt: skip


def test_types_of_columns() -> None:
    """Days and months are dates, integers with an undefined cell are nullable, undefined numbers are missing."""
    rows = [
        (date(2026, 1, 31), date(2026, 1, 1), "a", 2, 0.5),
        (None, date(2026, 2, 1), None, None, None),
        (date(2026, 3, 1), date(2026, 3, 1), "c", 2**60 + 1, inf),
    ]
    frame = Table.from_rows("x", "X", COLUMNS, rows).to_frame()
    assert list(frame.index) == [0, 1, 2]
    assert list(frame.day.isna()) == [False, True, False]
    assert frame.day.dt.month.tolist()[::2] == [1, 3]
    assert frame.month.dt.year.tolist() == [2026, 2026, 2026]
    assert (str(frame["count"].dtype), int(frame["count"][2])) == ("Int64", 2**60 + 1)
    assert frame.value.tolist()[::2] == [0.5, inf]
    assert np.isnan(frame.value[1])
    assert frame.name.isna().tolist() == [False, True, False]


def test_an_empty_table_and_a_key() -> None:
    """A table without rows has its columns; a key of several columns gives an index of several levels."""
    assert list(Table.from_rows("x", "X", COLUMNS, []).to_frame().columns) == [column.name for column in COLUMNS]
    rows = [(date(2026, 1, 31), date(2026, 1, 1), "a", 2, "never")]
    frame = Table.from_rows("x", "X", COLUMNS, rows, key=("day", "name")).to_frame()
    assert frame.loc[(pd.Timestamp("2026-01-31"), "a"), "value"] == "never"


def test_every_exported_table_has_a_frame_with_a_unique_index() -> None:
    """The frame of an exported table has its cells, and the index of a table with a key identifies the row."""
    with_key = 0
    for table in tables(octopus()):
        frame = table.to_frame()
        assert len(frame) == len(table)
        assert frame.index.is_unique
        assert list(frame.reset_index().columns)[-len(table.columns) :] == [column.name for column in table.columns]
        with_key += bool(table.key)
    assert with_key == 6
    log = next(table for table in tables(octopus()) if table.name == "assumptions").to_frame()
    assert log.loc["crews.course", "date"].year == 2026


def test_key_results_by_key() -> None:
    """Key results are indexed by key and have the fields of the interval; never is infinite."""
    results = pocket().key_results()
    frame = results.to_frame()
    assert list(frame.index) == [row.key for row in results]
    assert list(frame.columns) == [name for name in results.columns() if name != "key"]
    for row in results:
        assert frame.loc[row.key, ["p10", "mean"]].tolist() == pytest.approx(
            [row.interval.p10, row.interval.mean], nan_ok=True
        )
    assert list(pocket().month("2026-02").to_frame().index) == [row.key for row in pocket().month("2026-02")]


def test_differences_by_key_and_run() -> None:
    """Two runs are indexed by key, more by label and key; shares differ in percentage points."""
    scenario = pocket().scenario
    runs = [pocket(), *(op.simulate(scenario.change({"output.bench": n}), 60) for n in (100, 200))]
    comparison = op.compare(*runs, labels=("as planned", "a third", "two thirds"))
    frame = comparison.to_frame()
    assert frame.loc[("two thirds", "made"), "mean"] == comparison.differences[1][0].interval.mean
    two = op.compare(*runs[:2]).to_frame()
    assert two.loc["made", "mean"] == comparison["made"].interval.mean
    assert set(two.unit) >= {"% points", "units"}
    assert two.is_zero.dtype == bool
