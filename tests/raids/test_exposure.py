"""Alerts by region: read as they are, what is wrong listed by line, what is put right counted."""

from pathlib import Path

import numpy as np
import pytest

from octoplan.errors import RecordError
from octoplan.raids.read.alerts import Exposure, read_exposure
from tests.raids.test_readers import PUBLIC, public

HEAD = "region,alerts,hours,alerts_per_day,share_alerts"
ROWS = ("Upland,50,40.5,0.14,0.25", "Lowland,120,90,0.33,0.6", "Coast,30,12.0,0.08,0.15")


def read(path: Path, *rows: str, head: str = HEAD) -> Exposure:
    place = path / "alerts.csv"
    place.write_text("\n".join([head, *rows, ""]))
    return read_exposure(place)


def test_regions_come_with_their_shares_most_alerts_first(tmp_path: Path) -> None:
    """Counts and hours are as told, the shares those of the counts."""
    found = read(tmp_path, *ROWS)
    assert found.regions == ("Lowland", "Upland", "Coast")
    assert found.alerts.tolist() == [120, 50, 30]
    assert found.hours.tolist() == [90, 40.5, 12]
    assert found.share.tolist() == pytest.approx([0.6, 0.25, 0.15])
    assert found.repairs == ()


def test_region_and_alerts_are_enough(tmp_path: Path) -> None:
    """A table of counts alone is read, its hours not known."""
    found = read(tmp_path, "Upland,50", "Coast,0", head="Region,Alerts")
    assert found.regions == ("Upland", "Coast")
    assert np.isnan(found.hours).all()
    assert found.repairs == ()


@pytest.mark.parametrize(
    ("rows", "head", "words"),
    [
        (ROWS, "region,alarms", ":1: the header has no column 'alerts'; has an unknown column 'alarms'"),
        (ROWS, f"{HEAD},targets", "unknown column 'targets'"),
        (("Upland,,40,0.1,1",), HEAD, ":2: alerts is empty"),
        (("Upland,-5,40,0.1,1",), HEAD, ":2: alerts '-5' is no count"),
        (("Upland,5.5,40,0.1,1",), HEAD, ":2: alerts '5.5' is no count"),
        ((*ROWS, "Hill,5,-1,0.1,1"), HEAD, ":5: hours '-1' is no number"),
        ((*ROWS, "Hill,5,1,0.1,some"), HEAD, ":5: share_alerts 'some' is no number"),
        ((*ROWS, "Coast,31,12.0,0.08,0.15"), HEAD, ":5: 'Coast' is told on line 4 already"),
        ((*ROWS, ",31,12.0,0.08,0.15"), HEAD, ":5: has no region"),
        ((*ROWS, "Hill,5"), HEAD, ":5: has 2 cells, expected 5"),
        ((), HEAD, "has a header but no region"),
        (("Upland,0,0,0,0",), HEAD, "has no alert in any region"),
    ],
)
def test_what_cannot_be_is_listed_by_line(tmp_path: Path, rows: tuple[str, ...], head: str, words: str) -> None:
    """Columns, cells and regions that cannot be are refused, each with its line."""
    with pytest.raises(RecordError) as raised:
        read(tmp_path, *rows, head=head)
    assert words in str(raised.value)


def test_everything_wrong_is_listed_at_once(tmp_path: Path) -> None:
    """One reading lists the faults of all lines."""
    with pytest.raises(RecordError) as raised:
        read(tmp_path, "Upland,-5,40,0.1,1", "Coast,5,-1,0.1,1")
    assert [problem.line for problem in raised.value.problems] == [2, 3]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A file without a line, and one that is not there, are clear errors."""
    (tmp_path / "none.csv").write_text("")
    with pytest.raises(RecordError, match="is empty"):
        read_exposure(tmp_path / "none.csv")
    with pytest.raises(RecordError, match="cannot be read"):
        read_exposure(tmp_path / "gone.csv")


def test_what_is_put_right_is_counted(tmp_path: Path) -> None:
    """Shares that are not those of the counts, cells not told and rows told twice are repairs with an example."""
    found = read(tmp_path, *ROWS[:2], "Coast,30,,0.08,0.15", ROWS[0])
    assert [(each.kind, each.count) for each in found.repairs] == [
        ("hours not told", 1),
        ("rows told twice alike, counted once", 1),
    ]
    found = read(tmp_path, *ROWS[:2])
    (repair,) = found.repairs
    assert (repair.kind, repair.count) == ("stated shares that are not those of the counts, which were read", 2)
    assert repair.example.startswith("alerts.csv:2: Upland 0.25, its count makes 0.294")
    assert found.share.sum() == pytest.approx(1)


@public
def test_the_public_table_is_read_without_repair() -> None:
    """The volunteers' table of one year has shares that are those of its counts."""
    found = read_exposure(PUBLIC / "alerts_by_region_2023-10_2024-10.csv")
    assert len(found.regions) == 24
    assert found.repairs == ()
    assert 0.3 < found.share[:3].sum() < 0.31
