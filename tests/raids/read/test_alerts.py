"""Alerts by region: reading of the table, problems by line, and corrections."""

from pathlib import Path

import numpy as np
import pytest

from octoplan.errors import RecordError
from octoplan.raids.read.alerts import Exposure, read_exposure
from tests.raids.read.test_readers import PUBLIC, public

HEAD = "region,alerts,hours,alerts_per_day,share_alerts"
ROWS = ("Upland,50,40.5,0.14,0.25", "Lowland,120,90,0.33,0.6", "Coast,30,12.0,0.08,0.15")


def read(path: Path, *rows: str, head: str = HEAD) -> Exposure:
    file = path / "alerts.csv"
    file.write_text("\n".join([head, *rows, ""]))
    return read_exposure(file)


def test_regions_are_in_descending_order_of_alerts(tmp_path: Path) -> None:
    """Counts and hours are those of the table; shares are computed from the counts."""
    exposure = read(tmp_path, *ROWS)
    assert exposure.regions == ("Lowland", "Upland", "Coast")
    assert exposure.alerts.tolist() == [120, 50, 30]
    assert exposure.hours.tolist() == [90, 40.5, 12]
    assert exposure.shares.tolist() == pytest.approx([0.6, 0.25, 0.15])
    assert exposure.corrections == ()


def test_only_region_and_alerts_are_required(tmp_path: Path) -> None:
    """From a table of regions and counts the hours are nan."""
    exposure = read(tmp_path, "Upland,50", "Coast,0", head="Region,Alerts")
    assert exposure.regions == ("Upland", "Coast")
    assert np.isnan(exposure.hours).all()
    assert exposure.corrections == ()


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (ROWS, "region,alarms", ":1: the header has no column 'alerts'; has an unknown column 'alarms'"),
        (ROWS, f"{HEAD},targets", "unknown column 'targets'"),
        (("Upland,,40,0.1,1",), HEAD, ":2: alerts is empty"),
        (("Upland,-5,40,0.1,1",), HEAD, ":2: alerts '-5' is negative"),
        (("Upland,5.5,40,0.1,1",), HEAD, ":2: alerts '5.5' is not a whole number"),
        ((*ROWS, "Hill,5,-1,0.1,1"), HEAD, ":5: hours '-1' is not a number"),
        ((*ROWS, "Hill,5,1,0.1,some"), HEAD, ":5: share_alerts 'some' is not a number"),
        ((*ROWS, "Coast,31,12.0,0.08,0.15"), HEAD, ":5: 'Coast' is already on line 4"),
        ((*ROWS, ",31,12.0,0.08,0.15"), HEAD, ":5: has no region"),
        ((*ROWS, "Hill,5"), HEAD, ":5: has 2 cells, expected 5"),
        ((), HEAD, "has a header but no region"),
        (("Upland,0,0,0,0",), HEAD, "has no alert in any region"),
    ],
)
def test_problems_are_listed_by_line(tmp_path: Path, rows: tuple[str, ...], head: str, message: str) -> None:
    """Invalid columns, cells and regions are refused, each with its line."""
    with pytest.raises(RecordError) as raised:
        read(tmp_path, *rows, head=head)
    assert message in str(raised.value)


def test_a_number_with_two_readings_is_recorded_or_refused(tmp_path: Path) -> None:
    """Hours of 2.017 are read as decimal and recorded with both readings; an ambiguous count is refused."""
    exposure = read(tmp_path, *ROWS[1:], "Upland,50,2.017,0.14,0.25")
    assert exposure.hours[1] == 2.017
    (correction,) = exposure.corrections
    assert (correction.kind, correction.count) == ("numbers whose point could separate thousands, read as decimal", 1)
    assert correction.example == "alerts.csv:4: hours 2.017, read as 2.017 and not as 2,017"
    with pytest.raises(RecordError, match=r":2: alerts '1\.000' can mean 1 or 1,000"):
        read(tmp_path, "Upland,1.000,40,0.1,1")


def test_columns_may_be_in_any_order(tmp_path: Path) -> None:
    """Columns are identified by name; empty columns that a spreadsheet adds at the end are skipped."""
    exposure = read(tmp_path, "30,,Upland,,", "10,2,Coast,,", head="alerts,hours,region,,")
    assert (exposure.regions, exposure.alerts.tolist()) == (("Upland", "Coast"), [30, 10])
    assert exposure.corrections[0].kind == "columns without a name, skipped where empty"


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    """The error lists the problems of all lines."""
    with pytest.raises(RecordError) as raised:
        read(tmp_path, "Upland,-5,40,0.1,1", "Coast,5,-1,0.1,1")
    assert [problem.line for problem in raised.value.problems] == [2, 3]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """An empty file and a missing file are errors."""
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(RecordError, match="is empty"):
        read_exposure(tmp_path / "none.csv")
    with pytest.raises(RecordError, match="cannot be read"):
        read_exposure(tmp_path / "missing.csv")


def test_corrections_are_counted(tmp_path: Path) -> None:
    """Stated shares that differ from the computed shares, empty cells and duplicate rows are recorded."""
    exposure = read(tmp_path, *ROWS[:2], "Coast,30,,0.08,0.15", ROWS[0])
    assert [(correction.kind, correction.count) for correction in exposure.corrections] == [
        ("hours not reported", 1),
        ("duplicate rows, counted once", 1),
    ]
    exposure = read(tmp_path, *ROWS[:2])
    (correction,) = exposure.corrections
    assert (correction.kind, correction.count) == (
        "stated shares that differ from the shares computed from the counts, which are used",
        2,
    )
    assert correction.example.startswith("alerts.csv:2: Upland 0.25, the share computed from its count is 0.294")
    assert exposure.shares.sum() == pytest.approx(1)


@public
def test_the_public_table_is_read_without_correction() -> None:
    """The stated shares of the public table of one year agree with its counts."""
    exposure = read_exposure(PUBLIC / "alerts_by_region_2023-10_2024-10.csv")
    assert len(exposure.regions) == 24
    assert exposure.corrections == ()
    assert 0.3 < exposure.shares[:3].sum() < 0.31
