"""A record: totals, parts, and breaks in reporting."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.errors import RecordError
from octoplan.raids.read.record import (
    CLASSES,
    MEASURES,
    Correction,
    Record,
    ReportingRule,
    breaks_between,
    known_reporting_rules,
    read_reporting_rules,
)


def example_record(first: str = "2025-07-30", count: int = 4) -> Record:
    """A record with launched counts of 1, 10, 100, ... by class, multiplied by the number of the day."""
    days = np.datetime64(first, "D") + np.arange(count)
    launched = np.arange(1, count + 1)[:, None] * 10 ** np.arange(len(CLASSES))
    is_known = np.ones(launched.shape, np.bool_)
    is_known[0, 1] = False
    reporting_rules = tuple(rule for rule in known_reporting_rules() if rule.overlaps(days[0], days[-1]))
    zero = np.zeros_like(launched)
    return Record(
        days, CLASSES, launched, launched.copy(), zero + 1, is_known, "", "a.csv", "daily", (), reporting_rules
    )


def test_totals_are_over_classes() -> None:
    """Drones are one class and missiles the other classes; stopped counts are at most the launched counts."""
    record = example_record()
    assert len(record) == 4
    assert record.drones.tolist() == [1, 2, 3, 4]
    assert record.missiles.tolist() == [111110, 222220, 333330, 444440]
    assert record.stopped.tolist() == record.launched.tolist()
    assert record.all_known.tolist() == [False, True, True, True]


@pytest.mark.parametrize("day", [str, date.fromisoformat, np.datetime64])
def test_a_part_is_a_record(day: type) -> None:
    """A part of a record includes its first and last day, and the reporting rules that apply to them."""
    record = example_record()
    part = record.between(day("2025-07-31"), day("2025-08-01"))
    assert part.days.tolist() == [date(2025, 7, 31), date(2025, 8, 1)]
    assert part.launched.tolist() == record.launched[1:3].tolist()
    assert {"destroyed", "lost"} == {rule.measure for rule in part.reporting_rules}
    assert record.between("2025-07-30", "2025-07-31").reporting_rules == ()


@pytest.mark.parametrize(
    ("first", "last"), [("2025-07-29", "2025-07-31"), ("2025-07-30", "2025-08-03"), ("2025-08-01", "2025-07-31")]
)
def test_a_part_outside_the_record_is_refused(first: str, last: str) -> None:
    """A period that is not within the record is refused with the period of the record."""
    with pytest.raises(RecordError) as raised:
        example_record().between(first, last)
    assert str(raised.value) == f"a.csv: contains 2025-07-30 to 2025-08-02; {first} to {last} is not within this period"


def test_a_record_is_read_only() -> None:
    """The arrays of a record and of its parts are read-only."""
    for values in (
        example_record().launched,
        example_record().days,
        example_record().between("2025-07-31", "2025-07-31").is_known,
    ):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[0]


def test_inconsistent_arrays_are_refused() -> None:
    """Days with a gap and counts of another shape are errors."""
    record = example_record()
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    with pytest.raises(ValueError, match="without a gap"):
        Record(**fields | {"days": record.days + np.array([0, 0, 1, 1])})
    with pytest.raises(ValueError, match=r"has shape \(3, 6\), expected \(4, 6\)"):
        Record(**fields | {"lost": record.lost[:3]})


def test_a_correction_as_text() -> None:
    """A correction as text has the number of cases, the kind and an example."""
    assert str(Correction("blank lines, skipped", 1200, "a.csv:3")) == "1,200 × blank lines, skipped (a.csv:3)"


def test_the_known_reporting_rules() -> None:
    """The table has the known reporting rules of the public record."""
    measures_by_day = {(str(rule.first), rule.measure) for rule in known_reporting_rules()}
    assert {
        ("2025-08-01", "destroyed"),
        ("2025-08-01", "lost"),
        ("2026-01-01", "zeros"),
        ("2026-01-01", "reports"),
        ("2026-08-01", "launched"),
    } == measures_by_day
    assert {rule.measure for rule in known_reporting_rules()} <= set(MEASURES)


def test_breaks_between_two_days() -> None:
    """The breaks between two days are the rules on the measure and classes that apply on exactly one of them."""
    assert [rule.measure for rule in breaks_between("2025-07-31", "2025-08-01", "lost")] == ["lost"]
    assert breaks_between("2025-08-01", "2025-07-31", "lost") == breaks_between("2025-07-31", "2025-08-01", "lost")
    assert breaks_between("2025-07-30", "2025-07-31", "lost") == ()
    assert breaks_between("2025-08-01", "2026-03-31", "lost") == ()
    assert breaks_between("2025-07-31", "2025-08-01", "stopped") == ()
    assert breaks_between("2025-07-31", "2025-08-01", "launched") == ()
    assert len(breaks_between("2026-07-31", date(2026, 8, 1), "launched")) == 1
    assert len(breaks_between("2025-12-31", "2026-01-01", "zeros", ["drones"])) == 1
    assert breaks_between("2025-12-31", "2026-01-01", "zeros", ["cruise"]) == ()
    with pytest.raises(ValueError, match="did you mean 'launched'"):
        breaks_between("2025-07-31", "2025-08-01", "lauched")


def test_a_rule_applies_up_to_its_last_day() -> None:
    """A rule applies on its first and last day, and not on the days before and after."""
    rule = ReportingRule(date(2025, 1, 1), date(2025, 1, 31), CLASSES, "lost", "why", "who")
    assert [rule.applies_on(day) for day in ("2024-12-31", "2025-01-01", "2025-01-31", "2025-02-01")] == [0, 1, 1, 0]
    assert rule.overlaps("2024-01-01", "2025-01-01")
    assert not rule.overlaps("2025-02-01", "2025-03-01")


def test_a_table_of_reporting_rules_is_checked(tmp_path: Path) -> None:
    """All problems of a table of reporting rules are listed with their lines."""
    path = tmp_path / "breaks.csv"
    header = "from,to,classes,measure,reason,source\n"
    rows = ["2025-8-1,,all,lost,why,who", "2025-08-01,2025-07-01,drone cruise,lots,why,", "2025-08-01,,,lost,,who"]
    path.write_text(header + "\n".join(rows), "utf-8")
    with pytest.raises(RecordError) as raised:
        read_reporting_rules(path)
    assert sorted(str(raised.value).replace(str(path), "").split("\n")) == [
        ":2: '2025-8-1' is not a date; write a date such as 2025-08-01",
        ":3: class 'drone': did you mean 'drones'?",
        ":3: ends on 2025-07-01, before it begins on 2025-08-01",
        ":3: has no source",
        ":3: measure 'lots': did you mean 'lost'?",
        ":4: has no class; write 'all', or names separated by spaces",
        ":4: has no reason",
    ]
    path.write_text(header + "2025-08-01,2025-08-31,drones cruise,lost,why,who\n", "utf-8")
    assert read_reporting_rules(path) == (
        ReportingRule(date(2025, 8, 1), date(2025, 8, 31), ("drones", "cruise"), "lost", "why", "who"),
    )
    path.write_text("from,to\n", "utf-8")
    with pytest.raises(RecordError, match="the header has no column 'classes'"):
        read_reporting_rules(path)
