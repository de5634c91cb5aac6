"""Reading a record: its layouts, the repairs that are counted, and what is refused and why."""

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
from tests.raids.read.tables import Table, a_day, by_class, classed, daily, reported, reports, tables

PUBLIC = Path(__file__).parents[4] / "shared" / "data" / "raids"


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is rewritten by each example."""
    return tmp_path_factory.mktemp("raids") / "raids.csv"


def record(path: Path, content: str | bytes) -> Record:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


def faults(path: Path, content: str | bytes) -> list[str]:
    """The problems for which a file is refused, without its path."""
    with pytest.raises(RecordError) as raised:
        record(path, content)
    lines = str(raised.value).split("\n")
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)) for line in lines]


def repairs_of(record: Record) -> dict[str, tuple[int, str]]:
    """Repairs by kind."""
    return {repair.kind: (repair.count, repair.example) for repair in record.repairs}


# layouts


@given(table=tables(), random=st.randoms(use_true_random=False))
def test_every_layout_gives_the_same_record(path: Path, table: Table, random: Random) -> None:
    """A table written in any layout gives the same record, with the same unknown counts."""
    for layout, content in (("daily", daily(table)), ("classes", by_class(table)), ("reports", reports(table, random))):
        result = record(path, content)
        assert layout == result.layout
        table.holds(result)


def test_a_record_knows_its_file(path: Path) -> None:
    """A record carries the name and the SHA-256 of the file it was read from."""
    result = record(path, a_day(drones_launched=3))
    assert (result.source, result.digest) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    assert result.classes == CLASSES


def test_columns_come_in_any_order(path: Path) -> None:
    """Columns are known by their names, in capitals or with spaces too."""
    result = record(path, "Destroyed, Launched ,class,date\n2,3,Drones,2025-01-02\n")
    assert (result.drones.tolist(), result.destroyed[0, 0]) == ([3], 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", ":1: the header 'a,b' has no known layout; expected date,drones_launched"),
        ("date;class;launched\n", ":1: the cells are not separated by commas"),
        ("date\tclass\n", ":1: the cells are not separated by commas"),
        ("date,class,launched\n", ":1: the header has no column 'destroyed'"),
        ("date,class,launched,destroyed,lots\n", "unknown column 'lots' (did you mean 'lost'?)"),
        ("date,class,launched,launched,destroyed\n", ":1: the header has the column 'launched' twice"),
        ("date,drones_launched\n", "has no column 'drones_destroyed'"),
        ("model,time_end\n", "has no column 'time_start'"),
        ("time_start,time_end,model,launched,destroyed,source,source\n", "has the column 'source' twice"),
        ("date,class,launched,destroyed\n", ": has a header but no report"),
        (reported({"model": "Orlan-10"}), ": has a header but no report of a long-range weapon"),
        ("", ":1: is empty"),
        (" \n\n", ":1: is empty"),
        ("\n\n", ":1: is empty"),
    ],
)
def test_a_header_of_no_layout_is_refused(path: Path, content: str, message: str) -> None:
    """A table whose header does not say what it holds is refused, with what was expected."""
    (fault,) = faults(path, content)
    assert message in fault


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
def test_encodings_are_recognised_and_counted(path: Path, encoding: str, kind: str | None) -> None:
    """UTF-8, UTF-16 and the Cyrillic of Windows are read alike; all but plain UTF-8 are counted as repairs."""
    content = reported({}, {"model": "Молнія", "source": "kpszsu/posts/2"})
    result = record(path, content.encode(encoding))
    assert result.drones.tolist() == [10]
    assert {kind} - {None} == {name for name in repairs_of(result) if "short-range" not in name}


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_do_not_matter(path: Path, ending: str) -> None:
    """Rows and their lines are the same whatever ends a line; the line ends of Windows are counted."""
    content = classed("2025-01-02,drones,3,2,0,", "2025-01-02,drones,3,2,0,").replace("\n", ending)
    twice = {"duplicate rows, counted once": (1, "raids.csv:3: as line 2")}
    ends = {"lines that end in CR LF": (3, "raids.csv:1")} if ending == "\r\n" else {}
    assert twice | ends == repairs_of(record(path, content))


def test_a_line_end_between_blocks_is_counted_once(path: Path) -> None:
    """Line ends are counted right where a block of bytes ends between CR and LF."""
    head, row = "date,class,launched,destroyed,lost\r\n", "2025-01-02,drones,3,2,0"
    content = head + "\n" * (csv_reader.BLOCK_SIZE - len(head) - len(row) - 1) + row + "\r\n"
    assert content[csv_reader.BLOCK_SIZE - 1] == "\r"
    assert repairs_of(record(path, content))["lines that end in CR LF"] == (2, "raids.csv:1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("date,class\nd\xe9j\xe0 vu".encode("latin-1"), ":2: byte 0xe9 is not utf-8 text; save the file as UTF-8"),
        (b"date\n" * 300_000 + b"\xd0", ":300001: byte 0xd0 is not utf-8 text"),
        (b"\xff\xfea", ": byte 0x61 is not utf-16 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ": is not text: it holds zero bytes"),
        ("a".encode("utf-32"), ": is not text: it holds zero bytes"),
        (b"PK\x03\x04", ": is a zip archive or a workbook; unpack it"),
        (b"\x1f\x8b\x08", ": is a gzip archive; unpack it"),
    ],
)
def test_a_file_that_is_not_text_is_refused(path: Path, content: bytes, message: str) -> None:
    """Bytes that are not text, or whose encoding is not known, are refused with a remedy."""
    (fault,) = faults(path, content)
    assert message.lstrip(":") in fault


def test_only_a_plain_file_is_read(tmp_path: Path) -> None:
    """A folder, a pipe, and a missing file are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path, "it is not a plain file"),
        (tmp_path / "pipe", "it is not a plain file"),
        (tmp_path / "gone.csv", "No such file or directory"),
    ):
        with pytest.raises(RecordError) as raised:
            read(path)
        assert str(raised.value) == f"{path}: cannot be read: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (classed("2025-01-02,drones,3,2"), ":2: has 4 cells, expected 6; is the file cut off?"),
        (classed("2025-01-02,drones,3,2,0,a,b"), ":2: has 7 cells, expected 6; put a cell that holds a comma in quote"),
        (classed('2025-01-02,drones,3,2,0,"a'), ":2: is not valid CSV"),
        (classed('2025-01-02,drones,3,2,0,"a"b'), ":2: is not valid CSV"),
        (classed("2025-01-02,drones,3,2,0," + "a" * 100_001), ":2: is not valid CSV: a line has more than 100,000"),
    ],
)
def test_a_broken_table_is_refused_at_its_line(path: Path, content: str, message: str) -> None:
    """A row that is cut off, has too many cells, or is not CSV is reported where it begins."""
    assert message in faults(path, content)[0]


def test_lines_are_those_of_the_file(path: Path) -> None:
    """A fault has the line its row begins on, past blank lines and cells of several lines; blank lines are counted."""
    rows = ['2025-01-02,drones,3,2,0,"destroyed-hidden\n"', "", ",,,,,", "2025-01-03,drones,x,2,0,"]
    assert faults(path, classed(*rows))[0].startswith(":6: launched: 'x' is not a count")
    assert repairs_of(record(path, classed(*rows[:3])))["blank lines, skipped"] == (2, "raids.csv:4")


def test_too_many_rows_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table beyond the limit of rows is refused with the limit."""
    monkeypatch.setattr(csv_reader, "MAX_ROWS", 3)
    rows = ["2025-01-02,drones,3,2,0,"] * 4
    assert record(path, classed(*rows[:3])).drones.tolist() == [3]
    assert faults(path, classed(*rows)) == [":5: has more than 3 rows, the maximum"]


VALID = [
    a_day(drones_launched=3, drones_destroyed=2).encode(),
    classed("2025-01-02,drones,3,2,0,", '2025-01-03,cruise,3,2,0,"launched-hidden\n"').encode(),
    reported({}, {"model": "Молнія"}, {"source": ""}).encode(),
    reported({}, {"model": "Молнія"}, {"source": ""}).encode("utf-16"),
]


@given(
    valid=st.sampled_from(VALID),
    start=st.integers(0, 300),
    removed=st.integers(0, 40),
    inserted=st.one_of(
        st.binary(max_size=12), st.sampled_from([b",", b'"', b"\n", b"-", b"9999", b"\xd0\xbc", b"2205"])
    ),
)
def test_damaged_files_give_a_record_or_a_reason(
    path: Path, valid: bytes, start: int, removed: int, inserted: bytes
) -> None:
    """A file with some bytes replaced is read, or refused with problems on lines of the file."""
    content = valid[:start] + inserted + valid[start + removed :]
    outcome = attempt(path, content)
    if isinstance(outcome, RecordError):
        lines = content.count(b"\n") + content.count(b"\r") + 1
        assert all(0 <= problem.line <= lines for problem in outcome.problems)
    else:
        assert (outcome.launched >= outcome.stopped).all()
        assert (np.diff(outcome.days).astype(int) == 1).all()


NUMERALS = [
    "7", " 7 ", "7.0", "007", "1.000", "1,000", "1 000", "-7", "7.5", "1e3", "nan", "", "n/a", "\u0667", "\uff17",
    "=7", "7%",
    "999999", "1000001", "two",
]  # fmt: skip


@given(table=tables(), layout=st.sampled_from([daily, by_class]), data=st.data())
def test_a_changed_cell_is_read_counted_or_refused(
    path: Path, table: Table, layout: Callable[[Table], str], data: st.DataObject
) -> None:
    """A count written otherwise is that number, a repair, or refused at its line; no other day or class changes."""
    lines = [line.split(",") for line in layout(table).splitlines()]
    row = data.draw(st.integers(1, len(lines) - 1))
    counts = [column for column, name in enumerate(lines[0]) if "launched" in name or "destroyed" in name]
    column = data.draw(st.sampled_from(counts))
    text = data.draw(st.sampled_from(NUMERALS))
    before = record(path, layout(table))
    lines[row][column] = f'"{text}"' if "," in text else text
    outcome = attempt(path, "\n".join(",".join(line) for line in lines).encode())
    if isinstance(outcome, RecordError):
        assert [problem.line for problem in outcome.problems] == [row + 1]
        assert lines[0][column] in str(outcome)
        return
    name = lines[0][column]
    klass = CLASSES.index(name.split("_")[0] if layout is daily else lines[row][1])
    day = before.days.tolist().index(date.fromisoformat(lines[row][0]))
    changed = before.launched != outcome.launched
    changed |= (before.destroyed != outcome.destroyed) | (before.known != outcome.known)
    changed[day, klass] = False
    assert not changed.any()
    value = outcome.launched if "launched" in name else outcome.destroyed
    if text.strip() and repairs_of(outcome) == repairs_of(before) and outcome.known[day, klass]:
        assert value[day, klass] == int(float(text))


def attempt(path: Path, content: bytes) -> Record | RecordError:
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
    """Counts are whole numbers in digits; anything else is refused in every layout, with the reason."""
    quoted_cell = repr(cell.strip('"'))
    day = a_day(drones_launched="@").replace("@", cell)
    for content, name in (
        (day, "drones_launched"),
        (classed(f"2025-01-02,drones,{cell},0,0,"), "launched"),
        (reported({"launched": "@"}).replace("@", cell), "launched"),
    ):
        (fault,) = faults(path, content)
        assert fault.startswith(f":2: {name}: {quoted_cell}")
        assert message in fault


@pytest.mark.parametrize(
    "day", ["2025-02-30", "02.01.2025", "2025/01/02", "yesterday", "", "2025-01-02 25:00", "20250102"]
)
def test_cells_that_are_not_dates_are_refused(path: Path, day: str) -> None:
    """A date that is not in the calendar, or written otherwise, is refused in every layout."""
    for content in (a_day(day), classed(f"{day},drones,3,2,0,"), reported({"time_end": day})):
        (fault,) = faults(path, content)
        assert fault.startswith(":2: ")
        assert re.search(r"(is not a date; write it as 2025-01-31|can mean 2025-01-02 or 2025-02-01)", fault)


def test_a_day_has_no_time_of_day_in_a_table_of_days(path: Path) -> None:
    """Midnight, as some programs add it to a date, is the date; a time of day is refused."""
    assert record(path, classed("2025-01-02 00:00:00,drones,3,2,0,")).drones.tolist() == [3]
    assert "is not a date" in faults(path, classed("2025-01-02 07:00,drones,3,2,0,"))[0]


def test_an_unknown_class_is_refused(path: Path) -> None:
    """A class that is none is refused with the nearest one."""
    assert faults(path, classed("2025-01-02,drone,3,2,0,")) == [":2: class 'drone': did you mean 'drones'?"]


def test_all_problems_are_listed_at_once(path: Path) -> None:
    """Every problem of a file is listed by line, the first fifty of them, and how many more there are."""
    assert len(faults(path, classed("2025-01-02,drones,-1,x,0,", "x,y,1,1,0,", "2025-01-04,cruise,1"))) == 5
    lines = faults(path, classed(*(f"2025-01-02,drones,-{count},0,0," for count in range(1, 71))))
    assert len(lines) == 51
    assert lines[-1] == ":71: … and 20 more problems up to here"
    assert [line.split(":")[1] for line in lines[:50]] == [str(line) for line in range(2, 52)]


def test_an_error_is_one_of_the_projects_and_travels(path: Path) -> None:
    """A record's error is reported as a scenario's is, and survives pickling."""
    with pytest.raises(ScenarioError) as raised:
        record(path, "")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (type(copy), copy.problems) == (RecordError, raised.value.problems)


# repairs


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", " "])
def test_a_launched_count_not_reported_is_not_zero(path: Path, cell: str) -> None:
    """A launched count that a report withholds is not known, and that is counted as a repair."""
    for content in (
        a_day(drones_launched=cell, drones_destroyed=4),
        classed(f"2025-01-02,drones,{cell},4,0,"),
        classed("2025-01-02,drones,0,4,0,launched-missing"),
        classed("2025-01-02,drones,0,4,0,Launched-Hidden"),
        reported({"launched": cell, "destroyed": "4", "not_reach_goal": ""}),
    ):
        result = record(path, content)
        assert result.known.tolist() == [[False, True, True, True, True, True]]
        assert (result.all_known.tolist(), result.launched[0, 0], result.destroyed[0, 0]) == ([False], 0, 4)
        repairs = repairs_of(result)
        repairs.pop("lost counts not reported, read as none lost", None)
        assert repairs == {"launched counts not reported, so not known": (1, "raids.csv:2: drones")}


def test_a_count_with_a_note_that_hides_it_is_left_out(path: Path) -> None:
    """A count that the note of its row calls not reported is not known, and that is a repair of its own."""
    result = record(path, classed("2025-01-02,drones,7,4,0,launched-hidden; destroyed-missing"))
    assert (result.known[0, 0], result.launched[0, 0], result.destroyed[0, 0]) == (False, 0, 0)
    kind = "counts that a note calls not reported, left out"
    assert repairs_of(result)[kind] == (2, "raids.csv:2: 7, launched-hidden; raids.csv:2: 4, destroyed-missing")


def test_an_unknown_note_is_refused(path: Path) -> None:
    """A note may change what a count means, so one that is not known is refused with those that are."""
    (fault,) = faults(path, classed("2025-01-02,drones,3,2,0,", "2025-01-03,drones,0,2,0,launched-secret"))
    assert fault.startswith(":3: note 'launched-secret' is not known")
    assert fault.endswith("Known: launched-missing, launched-hidden, destroyed-missing, destroyed-hidden")


def test_duplicate_rows_with_other_notes_are_refused(path: Path) -> None:
    """Of two rows with the same counts, one of them hidden by its note, neither can be preferred."""
    rows = ("2025-01-02,drones,0,4,0,launched-hidden", "2025-01-02,drones,0,4,0,")
    (fault,) = faults(path, classed(*rows))
    assert "launched is not reported there and 0 here" in fault


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
def test_a_date_of_uncertain_order_is_refused_with_its_readings(path: Path, day: str, message: str) -> None:
    """A date with the year last names the days that it can mean, in every layout."""
    for content in (a_day(day), classed(f"{day},drones,3,2,0,"), reported({"time_end": day})):
        (fault,) = faults(path, content)
        assert message in fault


def test_empty_columns_without_a_name_are_skipped(path: Path) -> None:
    """Columns that a spreadsheet adds, without a name or a cell, are counted and skipped; a cell in one is refused."""
    head, row = "date,,class,launched,destroyed,lost,,,", "2025-01-02,,drones,3,2,0,,,"
    result = record(path, f"{head}\n{row}\n")
    assert repairs_of(result) == {"columns without a name, skipped where empty": (4, "raids.csv:1")}
    assert result.drones.tolist() == [3]
    assert record(path, classed("2025-01-02,drones,3,2,0,,,,")).drones.tolist() == [3]
    (fault,) = faults(path, f"{head}\n2025-01-02,9,drones,3,2,0,,,\n")
    assert fault == ":2: '9' stands in a column without a name; name it or remove it"


@pytest.mark.parametrize("layout", [daily, by_class])
def test_a_day_ten_times_any_other_is_named(path: Path, layout: Callable[[Table], str]) -> None:
    """A count ten times the next largest is an outlier of the record, with its date, line and the next largest."""
    counts = np.zeros((200, len(CLASSES)), np.int64)
    counts[:, 0] = np.arange(200)
    counts[70, 0] = 1990
    table = Table(date(2025, 1, 1), counts, counts // 2, counts * 0, np.ones(counts.shape, bool))
    result = record(path, layout(table))
    (outlier,) = result.outliers
    day = outlier.day
    assert (day, outlier.klass, outlier.launched, outlier.next_largest) == (date(2025, 3, 12), "drones", 1990, 199)
    line = 1 + next(n for n, text in enumerate(path.read_text().split("\n")) if text.startswith(str(day)))
    assert str(outlier).startswith(f"{path}:{line}: 1,990 drones launched on 2025-03-12, at least 10 times any")
    assert result.between("2025-01-01", "2025-03-11").outliers == ()
    counts[70, 0] = 1989
    assert record(path, layout(table)).outliers == ()


def test_outliers_are_judged_among_known_counts() -> None:
    """Two errors are found together, small counts and repeated levels are none, and hidden counts are not compared."""
    counts = np.zeros((300, 2), np.int64)
    counts[:, 0], counts[5:7, 0] = 100, (12_000, 15_000)
    counts[8, 1] = 99
    known = np.ones(counts.shape, bool)
    assert find_outliers(counts, known) == [(5, 0, 100), (6, 0, 100)]
    counts[8, 1] = 100
    assert find_outliers(counts, known)[-1] == (8, 1, 0)
    known[8, 1] = False
    assert len(find_outliers(counts, known)) == 2
    counts[10:12, 0] = 12_000
    assert find_outliers(counts, known) == []


def test_a_missing_destroyed_count_is_counted(path: Path) -> None:
    """A destroyed count that a report lacks is read as 0, which is counted as a repair."""
    for content in (
        a_day(drones_launched=4, drones_destroyed=""),
        classed("2025-01-02,drones,4,,0,"),
        classed("2025-01-02,drones,4,0,0,destroyed-missing"),
        reported({"launched": "4", "destroyed": "", "not_reach_goal": ""}),
    ):
        result = record(path, content)
        assert (result.launched[0, 0], result.destroyed[0, 0], result.all_known.tolist()) == (4, 0, [True])
        repairs = repairs_of(result)
        repairs.pop("lost counts not reported, read as none lost", None)
        assert repairs == {"destroyed counts not reported, read as none destroyed": (1, "raids.csv:2: drones")}


def test_more_stopped_than_launched_raises_launched(path: Path) -> None:
    """Where more were destroyed and lost than launched, launched is raised to their sum, which is counted."""
    for content in (
        a_day(cruise_launched=4, cruise_destroyed=5, cruise_lost=1),
        classed("2025-01-02,cruise,4,5,1,"),
        reported({"model": "Kalibr", "launched": "4", "destroyed": "5", "not_reach_goal": "1"}),
    ):
        result = record(path, content)
        assert (result.launched[0, 1], result.stopped[0, 1]) == (6, 6)
        kind = "launched counts below those destroyed and lost, raised to their sum"
        assert repairs_of(result) == {kind: (1, "raids.csv:2: cruise 4, raised to 6")}


def test_duplicate_rows_count_once_and_contradictions_are_refused(path: Path) -> None:
    """A repeated day counts once; with other counts it is refused, with both lines."""
    for content, row in (
        (a_day(drones_launched=3), a_day(drones_launched=4)),
        (classed("2025-01-02,drones,3,0,0,"), classed("2025-01-02,drones,4,0,0,")),
    ):
        twice = record(path, content + content.split("\n")[1].replace(",3,", ",3.0,") + "\n")
        assert twice.drones.tolist() == [3]
        assert repairs_of(twice) == {"duplicate rows, counted once": (1, "raids.csv:3: as line 2")}
        (fault,) = faults(path, content + row.split("\n")[1])
        assert re.fullmatch(r":3: .* on line 2 already: .*launched is 3 there and 4 here; keep one of the rows", fault)


def test_days_out_of_order_are_sorted_and_gaps_filled(path: Path) -> None:
    """Days may come in any order; a day without a report has no raid; both are counted."""
    result = record(path, classed("2025-01-05,drones,5,0,0,", "2025-01-02,drones,2,0,0,", "2025-01-03,cruise,1,0,0,"))
    assert result.drones.tolist() == [2, 0, 0, 5]
    assert result.known.all()
    assert repairs_of(result) == {
        "rows not in order of date, sorted": (2, "raids.csv:3"),
        "days without a report, read as days without a raid": (1, "raids.csv: 2025-01-04"),
    }


def test_days_without_drones_in_2026_are_counted(path: Path) -> None:
    """Days without drones are read as 0 and counted while the break that makes them doubtful applies."""
    rows = [f"{day},cruise,1,0,0," for day in ("2025-12-31", "2026-01-01", "2026-01-02")]
    result = record(path, classed(*rows, "2026-01-02,drones,2,0,0,", "2026-01-03,drones,,0,0,"))
    (doubt,) = (repair for repair in result.repairs if repair.kind.startswith("days without drones"))
    assert (doubt.count, doubt.example) == (1, "raids.csv: 2026-01-01")
    assert "ceasefire" in doubt.kind


def test_an_error_in_a_year_is_refused(path: Path) -> None:
    """A span longer than any record is an error in a date, refused with both lines."""
    (fault,) = faults(path, classed("2025-01-02,drones,1,0,0,", "2205-01-03,drones,1,0,0,"))
    assert fault.startswith(":3: the record would have 65,745 days, from 2025-01-02 (line 2) to 2205-01-03 (here)")


def test_totals_of_missiles_are_checked(path: Path) -> None:
    """A total that differs from the sum of its classes is counted, and the classes are read."""
    header, row, _ = a_day(cruise_launched=3, mixed_launched=2).split("\n")
    right, wrong = (f"{header},missiles_launched\n{row},{total}\n" for total in (5, 6))
    assert repairs_of(record(path, right)) == {}
    result = record(path, wrong)
    assert result.missiles.tolist() == [5]
    kind = "totals of missiles that differ from the sum of their classes, which was read"
    assert repairs_of(result) == {kind: (1, "raids.csv:2: missiles_launched is 6, its classes sum to 5")}


def test_a_table_without_lost_weapons_is_counted(path: Path) -> None:
    """Without a column of lost weapons none are lost, which is counted as a repair."""
    result = record(path, "date,class,launched,destroyed\n2025-01-02,drones,3,2\n")
    assert (result.lost.sum(), list(repairs_of(result))) == (
        0,
        ["no column of lost weapons, read as none lost other than those destroyed"],
    )


# the public record


public = pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public record is not next to the repository")


def monthly() -> list[list[str]]:
    """The rows of the table of months that comes with the public record."""
    lines = (PUBLIC / "README.md").read_text("utf-8").split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| 20")]
    assert len(rows) == 43
    return rows


@public
@pytest.mark.parametrize("name", ["daily.csv", "reports_by_class.csv"])
def test_the_public_record_has_its_monthly_totals(name: str) -> None:
    """Drones, their stopped share, cruise and ballistic missiles and the greatest day are those published by month."""
    result = read(PUBLIC / name)
    months = result.days.astype("datetime64[M]")
    for month, drones, share, cruise, ballistic, most in monthly():
        part = result.launched[months == np.datetime64(month)]
        stopped = result.stopped[months == np.datetime64(month), 0].sum()
        assert [int(drones), int(cruise), int(ballistic)] == part.sum(axis=0)[:3].tolist()
        assert (float(share), int(most)) == (round(stopped / part[:, 0].sum(), 3), part[:, 0].max())
    assert len(np.unique(months)) == len(monthly())


@public
def test_the_public_record_is_the_same_in_both_layouts() -> None:
    """The record by day and the record by day and class are the same record."""
    daily_record, class_record = read(PUBLIC / "daily.csv"), read(PUBLIC / "reports_by_class.csv")
    for name in ("days", "launched", "destroyed", "lost", "known"):
        assert getattr(daily_record, name).tolist() == getattr(class_record, name).tolist()
    assert daily_record.breaks == class_record.breaks
    assert repairs_of(daily_record) == {}
    assert all(before < after for before, after in pairwise(daily_record.days))
