"""Reading of a record: layouts, corrections, and problems for which a file is refused."""

import hashlib
import os
import pickle
import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import RecordError, ScenarioError
from octoplan.raids.read import csv_reader
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import CLASSES, Record, find_outliers
from tests.raids.read.tables import (
    CountTable,
    class_csv,
    class_rows,
    count_tables,
    daily_csv,
    one_day_csv,
    report_csv,
    report_rows,
)

PUBLIC = Path(__file__).parents[4] / "shared" / "data" / "raids"


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is rewritten by each example."""
    return tmp_path_factory.mktemp("raids") / "raids.csv"


def record(path: Path, content: str | bytes) -> Record:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


def problems_of(path: Path, content: str | bytes) -> list[str]:
    """The problems for which a file is refused, each without the path of the file."""
    with pytest.raises(RecordError) as raised:
        record(path, content)
    lines = str(raised.value).split("\n")
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)) for line in lines]


def corrections_of(record: Record) -> dict[str, tuple[int, str]]:
    """Number and example of the corrections, by kind."""
    return {correction.kind: (correction.count, correction.example) for correction in record.corrections}


# layouts


@given(table=count_tables(), random=st.randoms(use_true_random=False))
def test_every_layout_gives_the_same_record(path: Path, table: CountTable, random: Random) -> None:
    """A table gives the same record in every layout, with the same unknown counts."""
    for layout, content in (
        ("daily", daily_csv(table)),
        ("classes", class_csv(table)),
        ("reports", report_csv(table, random)),
    ):
        result = record(path, content)
        assert layout == result.layout
        table.assert_same_counts(result)


def test_a_record_identifies_its_file(path: Path) -> None:
    """A record has the name and the SHA-256 of its file."""
    result = record(path, one_day_csv(drones_launched=3))
    assert (result.source, result.digest) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    assert result.classes == CLASSES


def test_columns_may_be_in_any_order(path: Path) -> None:
    """Columns are identified by name, regardless of case and surrounding spaces."""
    result = record(path, "Destroyed, Launched ,class,date\n2,3,Drones,2025-01-02\n")
    assert (result.drones.tolist(), result.destroyed[0, 0]) == ([3], 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", ":1: the header 'a,b' has none of the known layouts; expected date,drones_launched"),
        ("date;class;launched\n", ":1: the cells are not separated by commas"),
        ("date\tclass\n", ":1: the cells are not separated by commas"),
        ("date,class,launched\n", ":1: the header has no column 'destroyed'"),
        ("date,class,launched,destroyed,lots\n", "unknown column 'lots' (did you mean 'lost'?)"),
        ("date,class,launched,launched,destroyed\n", ":1: the header has the column 'launched' twice"),
        ("date,drones_launched\n", "has no column 'drones_destroyed'"),
        ("model,time_end\n", "has no column 'time_start'"),
        ("time_start,time_end,model,launched,destroyed,source,source\n", "has the column 'source' twice"),
        ("date,class,launched,destroyed\n", ": has a header but no report"),
        (report_rows({"model": "Orlan-10"}), ": has a header but no report of a long-range weapon"),
        ("", ":1: is empty"),
        (" \n\n", ":1: is empty"),
        ("\n\n", ":1: is empty"),
    ],
)
def test_a_header_of_unknown_layout_is_refused(path: Path, content: str, message: str) -> None:
    """A table with an unknown, incomplete or missing header is refused with the expected columns."""
    (problem,) = problems_of(path, content)
    assert message in problem


# bytes


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("utf-8", None),
        ("utf-8-sig", "byte order mark"),
        ("utf-16", "text in the encoding UTF-16"),
        ("utf-16-le", "text in the encoding UTF-16"),
        ("utf-16-be", "text in the encoding UTF-16"),
        ("cp1251", "text in the encoding cp1251 (Windows, Cyrillic)"),
    ],
)
def test_encodings_are_detected_and_recorded(path: Path, encoding: str, kind: str | None) -> None:
    """UTF-8, UTF-16 and Windows-1251 are read; all except plain UTF-8 are recorded as corrections."""
    content = report_rows({}, {"model": "Молнія", "source": "kpszsu/posts/2"})
    result = record(path, content.encode(encoding))
    assert result.drones.tolist() == [10]
    assert {kind} - {None} == {name for name in corrections_of(result) if "short-range" not in name}


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_do_not_matter(path: Path, ending: str) -> None:
    """Rows and line numbers do not depend on the line ends; Windows line ends are counted."""
    content = class_rows("2025-01-02,drones,3,2,0,", "2025-01-02,drones,3,2,0,").replace("\n", ending)
    twice = {"duplicate rows, counted once": (1, "raids.csv:3: as line 2")}
    ends = {"lines that end in CR LF": (3, "raids.csv:1")} if ending == "\r\n" else {}
    assert twice | ends == corrections_of(record(path, content))


def test_a_line_end_between_blocks_is_counted_once(path: Path) -> None:
    """A line end counts once if a block of bytes ends between CR and LF."""
    head, row = "date,class,launched,destroyed,lost\r\n", "2025-01-02,drones,3,2,0"
    content = head + "\n" * (csv_reader.BLOCK_SIZE - len(head) - len(row) - 1) + row + "\r\n"
    assert content[csv_reader.BLOCK_SIZE - 1] == "\r"
    assert corrections_of(record(path, content))["lines that end in CR LF"] == (2, "raids.csv:1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("date,class\nd\xe9j\xe0 vu".encode("latin-1"), ":2: byte 0xe9 is not utf-8 text; save the file as UTF-8"),
        (b"date\n" * 300_000 + b"\xd0", ":300001: byte 0xd0 is not utf-8 text"),
        (b"\xff\xfea", ": byte 0x61 is not utf-16 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ": is not text: it contains zero bytes"),
        ("a".encode("utf-32"), ": is not text: it contains zero bytes"),
        (b"PK\x03\x04", ": is a zip archive or a workbook; unpack it"),
        (b"\x1f\x8b\x08", ": is a gzip archive; unpack it"),
    ],
)
def test_a_file_that_is_not_text_is_refused(path: Path, content: bytes, message: str) -> None:
    """Files that are not text or have an unknown encoding are refused."""
    (problem,) = problems_of(path, content)
    assert message.lstrip(":") in problem


def test_only_a_plain_file_is_read(tmp_path: Path) -> None:
    """A folder, a pipe and a missing file are refused without reading."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path, "it is not a plain file"),
        (tmp_path / "pipe", "it is not a plain file"),
        (tmp_path / "missing.csv", "No such file or directory"),
    ):
        with pytest.raises(RecordError) as raised:
            read(path)
        assert str(raised.value) == f"{path}: cannot be read: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (class_rows("2025-01-02,drones,3,2"), ":2: has 4 cells, expected 6; is the file cut off?"),
        (
            class_rows("2025-01-02,drones,3,2,0,a,b"),
            ":2: has 7 cells, expected 6; put cells that contain a comma in quote",
        ),
        (class_rows('2025-01-02,drones,3,2,0,"a'), ":2: is not valid CSV"),
        (class_rows('2025-01-02,drones,3,2,0,"a"b'), ":2: is not valid CSV"),
        (
            class_rows("2025-01-02,drones,3,2,0," + "a" * 100_001),
            ":2: is not valid CSV: a line has more than 100,000",
        ),
    ],
)
def test_an_invalid_row_is_reported_at_its_line(path: Path, content: str, message: str) -> None:
    """A truncated row, a row with too many cells, and invalid CSV are reported on the line on which the row begins."""
    assert message in problems_of(path, content)[0]


def test_line_numbers_are_those_of_the_file(path: Path) -> None:
    """Line numbers of problems include blank lines and cells of several lines; blank lines are counted."""
    rows = ['2025-01-02,drones,3,2,0,"destroyed-hidden\n"', "", ",,,,,", "2025-01-03,drones,x,2,0,"]
    assert problems_of(path, class_rows(*rows))[0].startswith(":6: launched: 'x' is not a count")
    assert corrections_of(record(path, class_rows(*rows[:3])))["blank lines, skipped"] == (2, "raids.csv:4")


def test_too_many_rows_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with too many rows is refused with the maximum."""
    monkeypatch.setattr(csv_reader, "MAX_ROWS", 3)
    rows = ["2025-01-02,drones,3,2,0,"] * 4
    assert record(path, class_rows(*rows[:3])).drones.tolist() == [3]
    assert problems_of(path, class_rows(*rows)) == [":5: has more than 3 rows, the maximum"]


VALID_FILES = [
    one_day_csv(drones_launched=3, drones_destroyed=2).encode(),
    class_rows("2025-01-02,drones,3,2,0,", '2025-01-03,cruise,3,2,0,"launched-hidden\n"').encode(),
    report_rows({}, {"model": "Молнія"}, {"source": ""}).encode(),
    report_rows({}, {"model": "Молнія"}, {"source": ""}).encode("utf-16"),
]


@given(
    valid=st.sampled_from(VALID_FILES),
    start=st.integers(0, 300),
    removed=st.integers(0, 40),
    inserted=st.one_of(
        st.binary(max_size=12), st.sampled_from([b",", b'"', b"\n", b"-", b"9999", b"\xd0\xbc", b"2205"])
    ),
)
def test_damaged_files_are_read_or_refused(path: Path, valid: bytes, start: int, removed: int, inserted: bytes) -> None:
    """A file with some bytes replaced is read, or refused with problems on existing lines."""
    content = valid[:start] + inserted + valid[start + removed :]
    outcome = read_or_error(path, content)
    if isinstance(outcome, RecordError):
        lines = content.count(b"\n") + content.count(b"\r") + 1
        assert all(0 <= problem.line <= lines for problem in outcome.problems)
    else:
        assert (outcome.launched >= outcome.stopped).all()
        assert (np.diff(outcome.days).astype(int) == 1).all()


CELL_TEXTS = [
    "7", " 7 ", "7.0", "007", "1.000", "1,000", "1 000", "-7", "7.5", "1e3", "nan", "", "n/a", "\u0667", "\uff17",
    "=7", "7%",
    "999999", "1000001", "two",
]  # fmt: skip


@given(table=count_tables(), layout=st.sampled_from([daily_csv, class_csv]), data=st.data())
def test_a_changed_cell_is_read_corrected_or_refused(
    path: Path, table: CountTable, layout: Callable[[CountTable], str], data: st.DataObject
) -> None:
    """A count in another notation is read, corrected or refused at its line; no other day or class changes."""
    lines = [line.split(",") for line in layout(table).splitlines()]
    row = data.draw(st.integers(1, len(lines) - 1))
    counts = [column for column, name in enumerate(lines[0]) if "launched" in name or "destroyed" in name]
    column = data.draw(st.sampled_from(counts))
    text = data.draw(st.sampled_from(CELL_TEXTS))
    before = record(path, layout(table))
    lines[row][column] = f'"{text}"' if "," in text else text
    outcome = read_or_error(path, "\n".join(",".join(line) for line in lines).encode())
    if isinstance(outcome, RecordError):
        assert [problem.line for problem in outcome.problems] == [row + 1]
        assert lines[0][column] in str(outcome)
        return
    name = lines[0][column]
    klass = CLASSES.index(name.split("_")[0] if layout is daily_csv else lines[row][1])
    day = before.days.tolist().index(date.fromisoformat(lines[row][0]))
    changed = before.launched != outcome.launched
    changed |= (before.destroyed != outcome.destroyed) | (before.is_known != outcome.is_known)
    changed[day, klass] = False
    assert not changed.any()
    value = outcome.launched if "launched" in name else outcome.destroyed
    if text.strip() and corrections_of(outcome) == corrections_of(before) and outcome.is_known[day, klass]:
        assert value[day, klass] == int(float(text))


def read_or_error(path: Path, content: bytes) -> Record | RecordError:
    try:
        return record(path, content)
    except RecordError as error:
        return error


# cells


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("-3", "is negative; a count is 0 or more"),
        ('"1,234,567"', "has a thousands separator; write the digits without a separator"),
        ("1.000", "can mean 1 or 1,000; write the digits without a separator"),
        ('"1,234"', "can mean 1.234 or 1,234"),
        ("12.345.678", "has a thousands separator"),
        ("1 234", "has a thousands separator"),
        ("1\u00a0234", "has a thousands separator"),
        ("3.5", "is not a whole number"),
        ('"3,5"', "is not a whole number"),
        ("1.0e3", "is not a whole number"),
        ("1000001", "is more than 1,000,000"),
        ("9" * 30, "is more than 1,000,000"),
        ("many", "is not a count; write a whole number, or leave the cell empty"),
        ("\u0663", "is more than 1,000,000"),
        ("=1+1", "is not a count"),
    ],
)
def test_cells_that_are_not_counts_are_refused(path: Path, cell: str, message: str) -> None:
    """Text that is not a whole number in digits is refused in every layout with the reason."""
    quoted_cell = repr(cell.strip('"'))
    day = one_day_csv(drones_launched="@").replace("@", cell)
    for content, name in (
        (day, "drones_launched"),
        (class_rows(f"2025-01-02,drones,{cell},0,0,"), "launched"),
        (report_rows({"launched": "@"}).replace("@", cell), "launched"),
    ):
        (problem,) = problems_of(path, content)
        assert problem.startswith(f":2: {name}: {quoted_cell}")
        assert message in problem


@pytest.mark.parametrize(
    "day", ["2025-02-30", "02.01.2025", "2025/01/02", "yesterday", "", "2025-01-02 25:00", "20250102"]
)
def test_cells_that_are_not_dates_are_refused(path: Path, day: str) -> None:
    """Invalid dates, and dates in another notation, are refused in every layout."""
    for content in (one_day_csv(day), class_rows(f"{day},drones,3,2,0,"), report_rows({"time_end": day})):
        (problem,) = problems_of(path, content)
        assert problem.startswith(":2: ")
        assert re.search(r"(is not a date; write a date such as 2025-01-31|can mean 2025-01-02 or 2025-02-01)", problem)


def test_a_day_has_no_time_of_day_in_a_table_of_days(path: Path) -> None:
    """A date with the time midnight, which some programs add, is accepted; other times of day are refused."""
    assert record(path, class_rows("2025-01-02 00:00:00,drones,3,2,0,")).drones.tolist() == [3]
    assert "is not a date" in problems_of(path, class_rows("2025-01-02 07:00,drones,3,2,0,"))[0]


def test_an_unknown_class_is_refused(path: Path) -> None:
    """An unknown class is refused with the most similar class."""
    assert problems_of(path, class_rows("2025-01-02,drone,3,2,0,")) == [":2: class 'drone': did you mean 'drones'?"]


def test_all_problems_are_listed_at_once(path: Path) -> None:
    """The first fifty problems of a file are listed by line, followed by the number of the others."""
    assert len(problems_of(path, class_rows("2025-01-02,drones,-1,x,0,", "x,y,1,1,0,", "2025-01-04,cruise,1"))) == 5
    lines = problems_of(path, class_rows(*(f"2025-01-02,drones,-{count},0,0," for count in range(1, 71))))
    assert len(lines) == 51
    assert lines[-1] == ":71: … and 20 more problems up to here"
    assert [line.split(":")[1] for line in lines[:50]] == [str(line) for line in range(2, 52)]


def test_a_record_error_is_a_scenario_error_that_can_be_pickled(path: Path) -> None:
    """A RecordError is a ScenarioError, and keeps its problems when it is pickled."""
    with pytest.raises(ScenarioError) as raised:
        record(path, "")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (type(copy), copy.problems) == (RecordError, raised.value.problems)


# corrections


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", " "])
def test_a_launched_count_not_reported_is_not_zero(path: Path, cell: str) -> None:
    """A launched count that is not reported is unknown and recorded as a correction."""
    for content in (
        one_day_csv(drones_launched=cell, drones_destroyed=4),
        class_rows(f"2025-01-02,drones,{cell},4,0,"),
        class_rows("2025-01-02,drones,0,4,0,launched-missing"),
        class_rows("2025-01-02,drones,0,4,0,Launched-Hidden"),
        report_rows({"launched": cell, "destroyed": "4", "not_reach_goal": ""}),
    ):
        result = record(path, content)
        assert result.is_known.tolist() == [[False, True, True, True, True, True]]
        assert (result.all_known.tolist(), result.launched[0, 0], result.destroyed[0, 0]) == ([False], 0, 4)
        corrections = corrections_of(result)
        corrections.pop("lost counts not reported, read as 0", None)
        assert corrections == {"launched counts not reported, treated as unknown": (1, "raids.csv:2: drones")}


def test_a_count_that_a_note_marks_as_not_reported_is_unknown(path: Path) -> None:
    """A count that a note marks as not reported is unknown, and recorded with its note."""
    result = record(path, class_rows("2025-01-02,drones,7,4,0,launched-hidden; destroyed-missing"))
    assert (result.is_known[0, 0], result.launched[0, 0], result.destroyed[0, 0]) == (False, 0, 0)
    kind = "counts that a note marks as not reported, left out"
    assert corrections_of(result)[kind] == (2, "raids.csv:2: 7, launched-hidden; raids.csv:2: 4, destroyed-missing")


def test_an_unknown_note_is_refused(path: Path) -> None:
    """An unknown note may change the meaning of counts, so it is refused with the list of known notes."""
    (problem,) = problems_of(path, class_rows("2025-01-02,drones,3,2,0,", "2025-01-03,drones,0,2,0,launched-secret"))
    assert problem.startswith(":3: note 'launched-secret' is unknown")
    assert problem.endswith("known: launched-missing, launched-hidden, destroyed-missing, destroyed-hidden")


def test_duplicate_rows_with_other_notes_are_refused(path: Path) -> None:
    """Two rows with equal counts, of which a note marks one as not reported, contradict each other."""
    rows = ("2025-01-02,drones,0,4,0,launched-hidden", "2025-01-02,drones,0,4,0,")
    (problem,) = problems_of(path, class_rows(*rows))
    assert "launched is not reported there and 0 here" in problem


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("03/04/2026", "can mean 2026-04-03 or 2026-03-04; write the year first"),
        ("03.04.2026 07:30", "can mean 2026-04-03 or 2026-03-04"),
        ("31.01.2026", "does not begin with the year; write it as 2026-01-31"),
        ("03-03-2026", "does not begin with the year; write it as 2026-03-03"),
        ("40/40/2026", "is not a date"),
    ],
)
def test_an_ambiguous_date_is_refused_with_its_readings(path: Path, day: str, message: str) -> None:
    """A date with the year last is refused in every layout with its possible readings."""
    for content in (one_day_csv(day), class_rows(f"{day},drones,3,2,0,"), report_rows({"time_end": day})):
        (problem,) = problems_of(path, content)
        assert message in problem


def test_empty_columns_without_a_name_are_skipped(path: Path) -> None:
    """Empty columns without a name are counted and skipped; a cell in such a column is refused."""
    head, row = "date,,class,launched,destroyed,lost,,,", "2025-01-02,,drones,3,2,0,,,"
    result = record(path, f"{head}\n{row}\n")
    assert corrections_of(result) == {"columns without a name, skipped where empty": (4, "raids.csv:1")}
    assert result.drones.tolist() == [3]
    assert record(path, class_rows("2025-01-02,drones,3,2,0,,,,")).drones.tolist() == [3]
    (problem,) = problems_of(path, f"{head}\n2025-01-02,9,drones,3,2,0,,,\n")
    assert problem == ":2: '9' is in a column without a name; name the column or remove the cell"


@pytest.mark.parametrize("layout", [daily_csv, class_csv])
def test_a_count_ten_times_the_next_largest_is_an_outlier(path: Path, layout: Callable[[CountTable], str]) -> None:
    """A count at least ten times the next largest is an outlier, with its date, its line and the next largest count."""
    counts = np.zeros((200, len(CLASSES)), np.int64)
    counts[:, 0] = np.arange(200)
    counts[70, 0] = 1990
    table = CountTable(date(2025, 1, 1), counts, counts // 2, counts * 0, np.ones(counts.shape, bool))
    result = record(path, layout(table))
    (outlier,) = result.outliers
    day = outlier.day
    assert (day, outlier.klass, outlier.launched, outlier.next_largest) == (date(2025, 3, 12), "drones", 1990, 199)
    line = 1 + next(n for n, text in enumerate(path.read_text().split("\n")) if text.startswith(str(day)))
    assert str(outlier).startswith(f"{path}:{line}: 1,990 drones launched on 2025-03-12, at least 10 times any")
    assert result.between("2025-01-01", "2025-03-11").outliers == ()
    counts[70, 0] = 1989
    assert record(path, layout(table)).outliers == ()


def test_outliers_among_known_counts() -> None:
    """Two large errors are outliers; small counts, unknown counts and repeated large counts are not."""
    counts = np.zeros((300, 2), np.int64)
    counts[:, 0], counts[5:7, 0] = 100, (12_000, 15_000)
    counts[8, 1] = 99
    is_known = np.ones(counts.shape, bool)
    assert find_outliers(counts, is_known) == [(5, 0, 100), (6, 0, 100)]
    counts[8, 1] = 100
    assert find_outliers(counts, is_known)[-1] == (8, 1, 0)
    is_known[8, 1] = False
    assert len(find_outliers(counts, is_known)) == 2
    counts[10:12, 0] = 12_000
    assert find_outliers(counts, is_known) == []


def test_a_missing_destroyed_count_is_counted(path: Path) -> None:
    """A destroyed count that is not reported is read as 0 and recorded as a correction."""
    for content in (
        one_day_csv(drones_launched=4, drones_destroyed=""),
        class_rows("2025-01-02,drones,4,,0,"),
        class_rows("2025-01-02,drones,4,0,0,destroyed-missing"),
        report_rows({"launched": "4", "destroyed": "", "not_reach_goal": ""}),
    ):
        result = record(path, content)
        assert (result.launched[0, 0], result.destroyed[0, 0], result.all_known.tolist()) == (4, 0, [True])
        corrections = corrections_of(result)
        corrections.pop("lost counts not reported, read as 0", None)
        assert corrections == {"destroyed counts not reported, read as 0": (1, "raids.csv:2: drones")}


def test_more_stopped_than_launched_raises_launched(path: Path) -> None:
    """A launched count below the sum of destroyed and lost is raised to this sum and recorded."""
    for content in (
        one_day_csv(cruise_launched=4, cruise_destroyed=5, cruise_lost=1),
        class_rows("2025-01-02,cruise,4,5,1,"),
        report_rows({"model": "Kalibr", "launched": "4", "destroyed": "5", "not_reach_goal": "1"}),
    ):
        result = record(path, content)
        assert (result.launched[0, 1], result.stopped[0, 1]) == (6, 6)
        kind = "launched counts below those destroyed and lost, raised to their sum"
        assert corrections_of(result) == {kind: (1, "raids.csv:2: cruise 4, raised to 6")}


def test_duplicate_rows_count_once_and_contradictions_are_refused(path: Path) -> None:
    """A repeated day counts once; with other counts it is refused with both lines."""
    for content, row in (
        (one_day_csv(drones_launched=3), one_day_csv(drones_launched=4)),
        (class_rows("2025-01-02,drones,3,0,0,"), class_rows("2025-01-02,drones,4,0,0,")),
    ):
        twice = record(path, content + content.split("\n")[1].replace(",3,", ",3.0,") + "\n")
        assert twice.drones.tolist() == [3]
        assert corrections_of(twice) == {"duplicate rows, counted once": (1, "raids.csv:3: as line 2")}
        (problem,) = problems_of(path, content + row.split("\n")[1])
        assert re.fullmatch(
            r":3: .* is already on line 2: .*launched is 3 there and 4 here; keep one of the rows", problem
        )


def test_days_out_of_order_are_sorted_and_gaps_filled(path: Path) -> None:
    """Days in another order are sorted, days without a report have no raid, and both are recorded."""
    result = record(
        path, class_rows("2025-01-05,drones,5,0,0,", "2025-01-02,drones,2,0,0,", "2025-01-03,cruise,1,0,0,")
    )
    assert result.drones.tolist() == [2, 0, 0, 5]
    assert result.is_known.all()
    assert corrections_of(result) == {
        "rows not in order of date, sorted": (2, "raids.csv:3"),
        "days without a report, read as days without a raid": (1, "raids.csv: 2025-01-04"),
    }


def test_days_without_drones_in_2026_are_counted(path: Path) -> None:
    """Days without drones are read as 0, and recorded while the rule that makes them doubtful applies."""
    rows = [f"{day},cruise,1,0,0," for day in ("2025-12-31", "2026-01-01", "2026-01-02")]
    result = record(path, class_rows(*rows, "2026-01-02,drones,2,0,0,", "2026-01-03,drones,,0,0,"))
    (doubtful_days,) = (
        correction for correction in result.corrections if correction.kind.startswith("days without drones")
    )
    assert (doubtful_days.count, doubtful_days.example) == (1, "raids.csv: 2026-01-01")
    assert "ceasefire" in doubtful_days.kind


def test_an_error_in_a_year_is_refused(path: Path) -> None:
    """A span longer than the maximum is refused with the lines of its first and last day."""
    (problem,) = problems_of(path, class_rows("2025-01-02,drones,1,0,0,", "2205-01-03,drones,1,0,0,"))
    assert problem.startswith(":3: the record would have 65,745 days, from 2025-01-02 (line 2) to 2205-01-03 (here)")


def test_totals_of_missiles_are_checked(path: Path) -> None:
    """A total that differs from the sum of its classes is recorded, and the sum is used."""
    header, row, _ = one_day_csv(cruise_launched=3, mixed_launched=2).split("\n")
    right, wrong = (f"{header},missiles_launched\n{row},{total}\n" for total in (5, 6))
    assert corrections_of(record(path, right)) == {}
    result = record(path, wrong)
    assert result.missiles.tolist() == [5]
    kind = "totals of missiles that differ from the sum of their classes, which is used"
    assert corrections_of(result) == {kind: (1, "raids.csv:2: missiles_launched is 6, its classes sum to 5")}


def test_a_missing_column_of_lost_weapons_is_recorded(path: Path) -> None:
    """Without a column of lost weapons the lost counts are 0, and a correction is recorded."""
    result = record(path, "date,class,launched,destroyed\n2025-01-02,drones,3,2\n")
    assert (result.lost.sum(), list(corrections_of(result))) == (
        0,
        ["no column of lost weapons, so lost counts are read as 0"],
    )


# the public record


public = pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public record is not in shared/data/raids")


def published_months() -> list[list[str]]:
    """The rows of the monthly table in the README of the public record."""
    lines = (PUBLIC / "README.md").read_text("utf-8").split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| 20")]
    assert len(rows) == 43
    return rows


@public
@pytest.mark.parametrize("name", ["daily.csv", "reports_by_class.csv"])
def test_the_public_record_has_its_monthly_totals(name: str) -> None:
    """Drones, their stopped share, cruise and ballistic missiles and the largest daily count agree with the README."""
    result = read(PUBLIC / name)
    months = result.days.astype("datetime64[M]")
    for month, drones, share, cruise, ballistic, largest_day in published_months():
        part = result.launched[months == np.datetime64(month)]
        stopped = result.stopped[months == np.datetime64(month), 0].sum()
        assert [int(drones), int(cruise), int(ballistic)] == part.sum(axis=0)[:3].tolist()
        assert (float(share), int(largest_day)) == (round(stopped / part[:, 0].sum(), 3), part[:, 0].max())
    assert len(np.unique(months)) == len(published_months())


@public
def test_the_public_record_is_the_same_in_both_layouts() -> None:
    """The public records by day and by day and class are equal."""
    daily_record, class_record = read(PUBLIC / "daily.csv"), read(PUBLIC / "reports_by_class.csv")
    for name in ("days", "launched", "destroyed", "lost", "is_known"):
        assert getattr(daily_record, name).tolist() == getattr(class_record, name).tolist()
    assert daily_record.reporting_rules == class_record.reporting_rules
    assert corrections_of(daily_record) == {}
    assert all(before < after for before, after in pairwise(daily_record.days))
