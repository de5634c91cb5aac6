"""Attack reports: classes of models, omitted reports, and duplicates."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import RecordError
from octoplan.raids.read.attack_reports import read_models
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import CLASSES, Record
from tests.raids.read.tables import report_rows

EXACT_DUPLICATE = "duplicate reports, counted once"
REPEATED_WITH_OTHER_TIMES = "reports repeated with other times, of which the last is counted"
PART_OF_NATIONAL = "regional reports that are part of a national report, left out"
REGIONAL_COMMAND = "reports from a regional command, left out"
SHORT_RANGE = "reports of short-range weapons, left out"
MIXED_RANGE = "reports of long- and short-range weapons in one count, left out"
UNKNOWN_MODEL = "models not in the table of models, counted as other"
OTHER_POST = {"source": "kpszsu/posts/2"}


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is rewritten by each example."""
    return tmp_path_factory.mktemp("reports") / "raids.csv"


def record(path: Path, *rows: dict[str, str]) -> Record:
    path.write_text(report_rows(*rows), "utf-8")
    return read(path)


def corrections_of(record: Record) -> dict[str, tuple[int, str]]:
    """Corrections by kind, except days without a report."""
    corrections = {correction.kind: (correction.count, correction.example) for correction in record.corrections}
    corrections.pop("days without a report, read as days without a raid", None)
    return corrections


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
    """A report has the class of its models, or is mixed if they have several; Cyrillic look-alikes are accepted."""
    result = record(path, {"model": model})
    assert {klass: 10} == {
        name: count for name, count in zip(CLASSES, result.launched[0].tolist(), strict=True) if count
    }
    assert corrections_of(result) == {}


@pytest.mark.parametrize("model", ["unknown", "Avenger", "", "Avenger and unknown", "Shahed-136/131 and Avenger"])
def test_an_unknown_model_is_other_and_recorded(path: Path, model: str) -> None:
    """A model that is not in the table counts as other, or as mixed together with a known model, and is recorded."""
    result = record(path, {"model": model})
    assert result.launched[0].tolist() == ([0, 0, 0, 0, 0, 10] if "Shahed" in model else [0, 0, 0, 0, 10, 0])
    name = "Avenger" if "Avenger" in model else model
    assert corrections_of(result) == {UNKNOWN_MODEL: (1, f"raids.csv:2: '{name}'")}


@pytest.mark.parametrize(
    "model",
    ["Orlan-10", "Supercam", "ZALA", "Lancet", "Reconnaissance UAV", "KAB", "Картограф", "Orlan-10 and unknown"],
)
def test_short_range_weapons_are_left_out(path: Path, model: str) -> None:
    """Reports of front-line weapons and reconnaissance drones are omitted and recorded."""
    result = record(path, {}, {"model": model} | OTHER_POST)
    assert (result.launched.sum(), corrections_of(result)) == (10, {SHORT_RANGE: (1, f"raids.csv:3: {model}")})


def test_counts_that_cannot_be_divided_are_left_out(path: Path) -> None:
    """A report that counts short-range weapons together with other weapons is omitted and recorded separately."""
    result = record(path, {}, {"model": "Shahed-136/131 and Lancet"} | OTHER_POST)
    assert (result.launched.sum(), corrections_of(result)) == (
        10,
        {MIXED_RANGE: (1, "raids.csv:3: Shahed-136/131 and Lancet")},
    )


def test_a_report_is_dated_by_its_end(path: Path) -> None:
    """A report counts on the day on which it ends; several reports of a day are added."""
    result = record(
        path,
        {"time_start": "2025-01-01 20:00", "time_end": "2025-01-02 8:00"},
        {"time_start": "2025-01-02 09:00", "time_end": "2025-01-02 18:00:00"} | OTHER_POST,
        {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03"} | OTHER_POST,
    )
    assert [str(day) for day in result.days] == ["2025-01-02", "2025-01-03"]
    assert (result.drones.tolist(), result.destroyed[:, 0].tolist()) == ([20, 10], [12, 6])
    assert result.lost[:, 0].tolist() == [4, 2]
    assert corrections_of(result) == {}


@pytest.mark.parametrize("source", ["PvKPivden/posts/2", "pvkshid/posts/2", "https://t.me/PvkCenter/2"])
def test_reports_of_regional_commands_are_left_out(path: Path, source: str) -> None:
    """Reports from regional commands repeat national reports; they are omitted and recorded."""
    result = record(path, {}, {"source": source, "launched": "3"})
    assert (result.drones.tolist(), corrections_of(result)) == (
        [10],
        {REGIONAL_COMMAND: (1, "raids.csv:3: Shahed-136/131")},
    )


def test_regional_reports_of_a_national_command_are_added(path: Path) -> None:
    """Regional reports by a national command are counted, even during the period of a national report."""
    result = record(path, {}, {"target": "Odesa oblast"}, {"target": "south", "source": "https://t.me/kpszsu/3"})
    assert (result.drones.tolist(), corrections_of(result)) == ([30], {})


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
    """A regional report of unknown or other source is part of a national report of its group that contains it."""
    row = {"launched": "8"} | row | {"source": source}
    result = record(path, {}, row)
    assert corrections_of(result) == ({PART_OF_NATIONAL: (1, "raids.csv:3: as line 2")} if left_out else {})
    assert result.launched.sum() == (10 if left_out else 10 + int(row["launched"]))


def test_the_national_report_of_a_part_is_recorded(path: Path) -> None:
    """The recorded national report contains the part, although shorter reports begin between them."""
    result = record(
        path,
        {"time_start": "2025-01-01 18:00", "time_end": "2025-01-02 09:00"},
        {"time_start": "2025-01-01 22:00", "time_end": "2025-01-01 23:00"} | OTHER_POST,
        {"model": "Kalibr"} | OTHER_POST,
        {"target": "south", "time_start": "2025-01-02 01:00", "time_end": "2025-01-02 02:00", "source": ""},
    )
    assert corrections_of(result) == {PART_OF_NATIONAL: (1, "raids.csv:5: as line 2")}


def test_an_exact_copy_counts_once(path: Path) -> None:
    """Identical reports count once, with or without a source."""
    for source in ("kpszsu/posts/1", ""):
        row = {"source": source}
        result = record(path, row, row, row)
        assert (result.drones.tolist(), corrections_of(result)) == (
            [10],
            {EXACT_DUPLICATE: (2, "raids.csv:3: as line 2")},
        )


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
def test_a_report_with_other_times_counts_once_on_its_last_date(path: Path, times: dict[str, str], day: str) -> None:
    """Reports that differ in overlapping times, or by whole days, count once on the last date, in any order."""
    first: dict[str, str] = {}
    for rows in ((first, times), (times, first)):
        result = record(path, *rows)
        assert ([str(date) for date in result.days], result.drones.tolist()) == ([day], [10])
        dropped, counted = (2, 3) if rows[0] is first else (3, 2)
        assert corrections_of(result) == {REPEATED_WITH_OTHER_TIMES: (1, f"raids.csv:{dropped}: as line {counted}")}


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
def test_similar_reports_are_counted_separately(path: Path, changed: dict[str, str]) -> None:
    """Successive waves, and reports that differ in more than their times, are counted separately."""
    result = record(path, {}, changed)
    assert (result.launched.sum(), corrections_of(result)) == (10 + int(changed.get("launched", 10)), {})


def test_a_day_without_a_time_ends_with_its_last_minute(path: Path) -> None:
    """The period of a report without times of day includes its last day; periods that begin together overlap."""
    day = {"time_start": "2025-01-01", "time_end": "2025-01-02"}
    result = record(path, day, {"time_start": "2025-01-02 20:00", "time_end": "2025-01-02 21:00"})
    assert (result.drones.tolist(), corrections_of(result)) == (
        [10],
        {REPEATED_WITH_OTHER_TIMES: (1, "raids.csv:3: as line 2")},
    )
    result = record(
        path, {"time_start": "2025-01-02 08:00"}, {"time_start": "2025-01-02 08:00", "time_end": "2025-01-03"}
    )
    assert (result.drones.tolist(), corrections_of(result)) == (
        [10],
        {REPEATED_WITH_OTHER_TIMES: (1, "raids.csv:2: as line 3")},
    )


def test_equal_counts_without_a_source_on_another_day_are_another_raid(path: Path) -> None:
    """Small counts recur, so reports without a source are duplicates only if they begin at the same time."""
    night = {"time_start": "2025-01-02 20:00", "time_end": "2025-01-03 08:00", "source": ""}
    result = record(path, {"source": ""}, night)
    assert (result.drones.tolist(), corrections_of(result)) == ([10, 10], {})
    result = record(path, {"source": ""}, {"source": "", "time_end": "2025-01-02 09:00"})
    assert (result.drones.tolist(), corrections_of(result)) == (
        [10],
        {REPEATED_WITH_OTHER_TIMES: (1, "raids.csv:2: as line 3")},
    )


def test_a_report_that_ends_before_it_begins_is_counted(path: Path) -> None:
    """A report that ends before it begins is recorded, and dated by its end."""
    result = record(path, {"time_start": "2025-01-03 20:00"})
    assert [str(day) for day in result.days] == ["2025-01-02"]
    assert corrections_of(result) == {"reports that end before they begin, dated by their end": (1, "raids.csv:2")}


def test_missing_and_unknown_columns_are_recorded(path: Path) -> None:
    """Five columns are required; missing optional columns and unknown columns are recorded."""
    path.write_text(
        "model,destroyed,launched,time_end,time_start,mood\nKalibr,2.0,3.0,2025-01-02,2025-01-01 20:00,grim\n", "utf-8"
    )
    result = read(path)
    assert result.missiles.tolist() == [3]
    assert corrections_of(result) == {
        "unknown columns, skipped": (1, "raids.csv:1: 'mood'"),
        "no column not_reach_goal, so lost counts are read as 0": (1, "raids.csv:1"),
        "no column source, so publishers are unknown": (1, "raids.csv:1"),
    }
    assert (
        corrections_of(record(path, {"affected region": "", "Cross Border Belarus": "1", "num_hit_location": "3"}))
        == {}
    )


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
def test_every_omission_is_recorded(path: Path, rows: list[dict[str, str]]) -> None:
    """Every report is in the record or counted as omitted."""
    rows = [{"launched": "1", "destroyed": "0", "not_reach_goal": "0"} | row for row in rows]
    result = record(path, *rows, {"launched": "1", "destroyed": "0", "not_reach_goal": "0", "source": "kpszsu/posts/3"})
    dropped = sum(
        count
        for kind, (count, _) in corrections_of(result).items()
        if kind in {EXACT_DUPLICATE, REPEATED_WITH_OTHER_TIMES, PART_OF_NATIONAL, REGIONAL_COMMAND, SHORT_RANGE}
    )
    assert len(rows) + 1 == result.launched.sum() + dropped


def test_a_table_of_models_is_checked(tmp_path: Path) -> None:
    """Repeated or missing patterns and unknown classes in a table of models are reported by line."""
    path = tmp_path / "models.csv"
    path.write_text("pattern,class,note\nshahed*,drone,\nshahed*,drones,\n,cruise,\n", "utf-8")
    with pytest.raises(RecordError) as raised:
        read_models(path)
    assert str(raised.value).split("\n") == [
        f"{path}:2: class 'drone': did you mean 'drones'?",
        f"{path}:3: 'shahed*' is already in the table",
        f"{path}:4: has no pattern; write a name, or the beginning of names and *",
    ]
