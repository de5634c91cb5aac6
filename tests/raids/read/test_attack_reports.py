"""Attack reports: what is left out and counted, what counts once, and the class of a model."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import RecordError
from octoplan.raids.read.attack_reports import read_models
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import CLASSES, Record
from tests.raids.read.tables import reported

ALIKE = "duplicate reports, counted once"
AGAIN = "reports repeated with other times, counted once by the last"
INSIDE = "regional reports within one of the whole country, left out"
REGION = "reports of a regional command, left out"
SHORT = "reports of short-range weapons, left out"
BOTH = "reports of long- and short-range weapons in one count, left out"
UNKNOWN = "models not in the table of models, counted as other"
TWIN = {"source": "kpszsu/posts/2"}


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is rewritten by each example."""
    return tmp_path_factory.mktemp("reports") / "raids.csv"


def record(path: Path, *rows: dict[str, str]) -> Record:
    path.write_text(reported(*rows), "utf-8")
    return read(path)


def repairs_of(record: Record) -> dict[str, tuple[int, str]]:
    """Repairs by kind, without the days without a report."""
    repairs = {repair.kind: (repair.count, repair.example) for repair in record.repairs}
    repairs.pop("days without a report, read as days without a raid", None)
    return repairs


@pytest.mark.parametrize(
    ("model", "klass"),
    [
        ("Shahed-136/131", "drones"),
        ("Unknown UAV", "drones"),
        ("Shahed-136/131 and unknown", "drones"),
        ("Gerbera", "drones"),
        ("X-101/X-555 and Kalibr", "cruise"),
        ("X-59MK2", "cruise"),
        ("Kh-101, Kh-555", "cruise"),
        ("Iskander-K", "cruise"),
        ("Iskander-M/KN-23", "ballistic"),
        ("C-300/C-400 and Iskander-M", "ballistic"),
        ("\u0421-300", "ballistic"),
        ("X-47 Kinzhal", "ballistic"),
        ("Intercontinental Ballistic Missile", "ballistic"),
        ("X-22/X-32", "antiship"),
        ("3M22 Zircon", "antiship"),
        ("P-800 Oniks", "antiship"),
        ("X-31PD", "other"),
        ("Unknown Missile", "other"),
        ("X-22/X-31P", "mixed"),
        ("X-22 and X-31P", "mixed"),
        ("iskander-m  and  ISKANDER-K", "mixed"),
        ("X-101/X-555 and Kalibr and Iskander-M/KN-23", "mixed"),
        ("\u0425-101/\u0425-555", "cruise"),
    ],
)
def test_a_model_has_a_class(path: Path, model: str, klass: str) -> None:
    """A report is of the class of its models, or mixed where they are of several; Cyrillic letters stand for Latin."""
    result = record(path, {"model": model})
    assert {klass: 10} == {
        name: count for name, count in zip(CLASSES, result.launched[0].tolist(), strict=True) if count
    }
    assert repairs_of(result) == {}


@pytest.mark.parametrize("model", ["unknown", "Avenger", "", "Avenger and unknown", "Shahed-136/131 and Avenger"])
def test_an_unknown_model_is_other_and_shown(path: Path, model: str) -> None:
    """A name that the table of models lacks counts as other, or mixed next to a known one, and is shown."""
    result = record(path, {"model": model})
    assert result.launched[0].tolist() == ([0, 0, 0, 0, 0, 10] if "Shahed" in model else [0, 0, 0, 0, 10, 0])
    name = "Avenger" if "Avenger" in model else model
    assert repairs_of(result) == {UNKNOWN: (1, f"raids.csv:2: '{name}'")}


@pytest.mark.parametrize(
    "model",
    ["Orlan-10", "Supercam", "ZALA", "Lancet", "Reconnaissance UAV", "KAB", "Картограф", "Orlan-10 and unknown"],
)
def test_short_range_weapons_are_left_out(path: Path, model: str) -> None:
    """Front-line weapons and reconnaissance drones are not raids: they are left out, counted and shown."""
    result = record(path, {}, {"model": model} | TWIN)
    assert (result.launched.sum(), repairs_of(result)) == (10, {SHORT: (1, f"raids.csv:3: {model}")})


def test_counts_that_cannot_be_divided_are_left_out(path: Path) -> None:
    """A report that counts short-range weapons together with others is left out as a repair of its own kind."""
    result = record(path, {}, {"model": "Shahed-136/131 and Lancet"} | TWIN)
    assert (result.launched.sum(), repairs_of(result)) == (10, {BOTH: (1, "raids.csv:3: Shahed-136/131 and Lancet")})


def test_a_report_is_dated_by_its_end(path: Path) -> None:
    """A night belongs to the day it ends on, and several reports of a day add up."""
    result = record(
        path,
        {"time_start": "2025-01-01 20:00", "time_end": "2025-01-02 8:00"},
        {"time_start": "2025-01-02 09:00", "time_end": "2025-01-02 18:00:00"} | TWIN,
        {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03"} | TWIN,
    )
    assert [str(day) for day in result.days] == ["2025-01-02", "2025-01-03"]
    assert (result.drones.tolist(), result.destroyed[:, 0].tolist()) == ([20, 10], [12, 6])
    assert result.lost[:, 0].tolist() == [4, 2]
    assert repairs_of(result) == {}


@pytest.mark.parametrize("source", ["PvKPivden/posts/2", "pvkshid/posts/2", "https://t.me/PvkCenter/2"])
def test_reports_of_regional_commands_are_left_out(path: Path, source: str) -> None:
    """A regional command repeats what the national report has counted: it is left out and counted as a repair."""
    result = record(path, {}, {"source": source, "launched": "3"})
    assert (result.drones.tolist(), repairs_of(result)) == ([10], {REGION: (1, "raids.csv:3: Shahed-136/131")})


def test_regional_reports_of_a_national_command_are_added(path: Path) -> None:
    """Reports of places by a national command, even inside the time of another, are weapons of their own."""
    result = record(path, {}, {"target": "Odesa oblast"}, {"target": "south", "source": "https://t.me/kpszsu/3"})
    assert (result.drones.tolist(), repairs_of(result)) == ([30], {})


@pytest.mark.parametrize(
    ("row", "left_out"),
    [
        ({"target": "Odesa oblast"}, True),
        ({"target": "Odesa oblast", "model": "Unknown UAV"}, True),
        ({"target": "", "affected_region": "['Odesa oblast']"}, True),
        ({"target": "", "affected_region": "['Odesa oblast', 'Kyiv oblast']"}, False),
        ({"target": "Odesa oblast", "time_start": "2025-01-02", "time_end": "2025-01-02"}, True),
        ({"target": "Odesa oblast", "time_start": "2025-01-01", "time_end": "2025-01-01"}, True),
        ({"target": "Odesa oblast", "time_start": "2025-01-03", "time_end": "2025-01-03"}, False),
        ({"target": "Odesa oblast", "time_end": "2025-01-02 08:01"}, False),
        ({"target": "Odesa oblast", "time_start": "2025-01-01 19:59"}, False),
        ({"target": "Odesa oblast", "model": "Kalibr"}, False),
        ({"target": "Ukraine", "time_start": "2025-01-02 01:00", "launched": "9"}, False),
        ({"target": ""}, False),
    ],
)
@pytest.mark.parametrize("source", ["", "somebody/posts/2"])
def test_a_part_of_a_national_report_is_left_out(path: Path, row: dict[str, str], left_out: bool, source: str) -> None:
    """Where nobody says whose a report is, one of a path inside a national one of the like is part of it."""
    row = {"launched": "8"} | row | {"source": source}
    result = record(path, {}, row)
    assert repairs_of(result) == ({INSIDE: (1, "raids.csv:3: as line 2")} if left_out else {})
    assert result.launched.sum() == (10 if left_out else 10 + int(row["launched"]))


def test_a_part_is_found_among_many(path: Path) -> None:
    """A long national report holds a part that begins after other, shorter ones, and is the one named."""
    result = record(
        path,
        {"time_start": "2025-01-01 18:00", "time_end": "2025-01-02 09:00"},
        {"time_start": "2025-01-01 22:00", "time_end": "2025-01-01 23:00"} | TWIN,
        {"model": "Kalibr"} | TWIN,
        {"target": "south", "time_start": "2025-01-02 01:00", "time_end": "2025-01-02 02:00", "source": ""},
    )
    assert repairs_of(result) == {INSIDE: (1, "raids.csv:5: as line 2")}


def test_an_exact_copy_counts_once(path: Path) -> None:
    """A report that stands in the table again counts once, with or without a source."""
    for source in ("kpszsu/posts/1", ""):
        row = {"source": source}
        result = record(path, row, row, row)
        assert (result.drones.tolist(), repairs_of(result)) == ([10], {ALIKE: (2, "raids.csv:3: as line 2")})


@pytest.mark.parametrize(
    ("times", "day"),
    [
        ({"time_end": "2025-01-02 09:00"}, "2025-01-02"),
        ({"time_end": "2025-01-03 03:00"}, "2025-01-03"),
        ({"time_start": "2025-01-02 07:00", "time_end": "2025-01-02 09:00"}, "2025-01-02"),
        ({"time_start": "2025-01-02 07:00", "time_end": "2025-01-02"}, "2025-01-02"),
        ({"time_start": "2025-01-02 20:00", "time_end": "2025-01-03 08:00"}, "2025-01-03"),
        ({"time_start": "2025-02-01 20:00", "time_end": "2025-02-02 08:00"}, "2025-02-02"),
    ],
)
def test_a_report_dated_again_counts_once_by_its_last_date(path: Path, times: dict[str, str], day: str) -> None:
    """The same report with times that overlap, or whole days later, counts once, on the last date, in any order."""
    first: dict[str, str] = {}
    for rows in ((first, times), (times, first)):
        result = record(path, *rows)
        assert ([str(date) for date in result.days], result.drones.tolist()) == ([day], [10])
        dropped, counted = (2, 3) if rows[0] is first else (3, 2)
        assert repairs_of(result) == {AGAIN: (1, f"raids.csv:{dropped}: as line {counted}")}


@pytest.mark.parametrize(
    "changed",
    [
        {"time_start": "2025-01-02 08:30", "time_end": "2025-01-02 09:00"},
        {"time_start": "2025-01-02 08:00", "time_end": "2025-01-02 09:00"},
        {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03 09:00"},
        {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03 08:00", "source": "kpszsu/posts/2"},
        {"launched": "11"},
        {"destroyed": "5"},
        {"launch_place": "Crimea"},
        {"target": "Odesa oblast"},
        {"model": "Geran-2"},
    ],
)
def test_two_reports_alike_in_part_are_two(path: Path, changed: dict[str, str]) -> None:
    """Waves that follow one another, and reports that differ in anything but time, count apart."""
    result = record(path, {}, changed)
    assert (result.launched.sum(), repairs_of(result)) == (10 + int(changed.get("launched", 10)), {})


def test_a_day_without_a_clock_goes_to_its_last_minute(path: Path) -> None:
    """A report dated by days alone overlaps one of the evening of its last day, and an end may be at the beginning."""
    day = {"time_start": "2025-01-01", "time_end": "2025-01-02"}
    result = record(path, day, {"time_start": "2025-01-02 20:00", "time_end": "2025-01-02 21:00"})
    assert (result.drones.tolist(), repairs_of(result)) == ([10], {AGAIN: (1, "raids.csv:3: as line 2")})
    result = record(
        path, {"time_start": "2025-01-02 08:00"}, {"time_start": "2025-01-02 08:00", "time_end": "2025-01-03"}
    )
    assert (result.drones.tolist(), repairs_of(result)) == ([10], {AGAIN: (1, "raids.csv:2: as line 3")})


def test_without_a_source_the_same_count_another_day_is_another_raid(path: Path) -> None:
    """Small counts come again: without a source only a report with the same beginning is known again."""
    night = {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03 08:00", "source": ""}
    result = record(path, {"source": ""}, night)
    assert (result.drones.tolist(), repairs_of(result)) == ([10, 10], {})
    result = record(path, {"source": ""}, {"source": "", "time_end": "2025-01-02 09:00"})
    assert (result.drones.tolist(), repairs_of(result)) == ([10], {AGAIN: (1, "raids.csv:2: as line 3")})


def test_a_report_that_ends_before_it_begins_is_counted(path: Path) -> None:
    """Times the wrong way round are said; the end dates the report all the same."""
    result = record(path, {"time_start": "2025-01-03 20:00"})
    assert [str(day) for day in result.days] == ["2025-01-02"]
    assert repairs_of(result) == {"reports that end before they begin, dated by their end": (1, "raids.csv:2")}


def test_columns_may_be_fewer_or_more(path: Path) -> None:
    """Five columns are enough; what is missing is said, and so is a column that is not known."""
    path.write_text(
        "model,destroyed,launched,time_end,time_start,mood\nKalibr,2.0,3.0,2025-01-02,2025-01-01 20:00,grim\n", "utf-8"
    )
    result = read(path)
    assert result.missiles.tolist() == [3]
    assert repairs_of(result) == {
        "unknown columns, skipped": (1, "raids.csv:1: 'mood'"),
        "no column not_reach_goal, read as none lost": (1, "raids.csv:1"),
        "no column source, read as publisher not known": (1, "raids.csv:1"),
    }
    assert repairs_of(record(path, {"affected region": "", "Cross Border Belarus": "1", "num_hit_location": "3"})) == {}


ROWS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["Shahed-136/131", "Unknown UAV", "Kalibr", "Lancet", "Avenger"]),
        "target": st.sampled_from(["Ukraine", "south", ""]),
        "source": st.sampled_from(["kpszsu/posts/1", "kpszsu/posts/2", "PvKPivden/posts/1", ""]),
        "time_start": st.sampled_from(["2025-01-01 20:00", "2025-01-02", "2025-01-02 01:00"]),
        "time_end": st.sampled_from(["2025-01-02 08:00", "2025-01-02", "2025-01-02 02:00", "2025-01-03 08:00"]),
    }
)


@given(st.lists(ROWS, max_size=12))
def test_nothing_is_left_out_in_silence(path: Path, rows: list[dict[str, str]]) -> None:
    """Every report is launched in the record or counted among those left out."""
    rows = [{"launched": "1", "destroyed": "0", "not_reach_goal": "0"} | row for row in rows]
    result = record(path, *rows, {"launched": "1", "destroyed": "0", "not_reach_goal": "0", "source": "kpszsu/posts/3"})
    dropped = sum(
        count for kind, (count, _) in repairs_of(result).items() if kind in {ALIKE, AGAIN, INSIDE, REGION, SHORT}
    )
    assert len(rows) + 1 == result.launched.sum() + dropped


def test_a_table_of_models_is_checked(tmp_path: Path) -> None:
    """A table of models names each pattern once, with a class there is."""
    path = tmp_path / "models.csv"
    path.write_text("pattern,class,note\nshahed*,drone,\nshahed*,drones,\n,cruise,\n", "utf-8")
    with pytest.raises(RecordError) as raised:
        read_models(path)
    assert str(raised.value).split("\n") == [
        f"{path}:2: class 'drone': did you mean 'drones'?",
        f"{path}:3: 'shahed*' is in the table already",
        f"{path}:4: has no pattern; write a name, or its beginning and *",
    ]
