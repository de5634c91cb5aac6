"""Tables of counts for tests, and functions that write them in each layout of a record."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

import numpy as np
from hypothesis import strategies as st

from octoplan.raids.read.record import CLASSES, Flags, Ints, Record

MODEL_NAMES = {
    "drones": ("Shahed-136/131", "Unknown UAV", "Geran-2", "Shahed-136/131 and unknown"),
    "cruise": ("X-101/X-555", "Kalibr", "X-101/X-555 and Kalibr", "Iskander-K", "X-59/X-69"),
    "ballistic": ("Iskander-M/KN-23", "C-300/C-400 and Iskander-M", "X-47 Kinzhal"),
    "antiship": ("X-22 and X-32", "3M22 Zircon", "P-800 Oniks"),
    "other": ("X-31P", "Unknown Missile"),
    "mixed": ("X-101/X-555 and Kalibr and X-22", "Iskander-M and Iskander-K"),
}
OMITTED_REPORTS = (
    ("Orlan-10 and ZALA", "kpszsu/posts/a"),
    ("Lancet", "PvKPivden/posts/b"),
    ("Shahed-136/131", "PvKPivden/posts/c"),
    ("Iskander-M", "https://www.facebook.com/pvkshid/posts/d"),
    ("Shahed-136/131 and Lancet", "kpszsu/posts/e"),
)


@dataclass(frozen=True)
class CountTable:
    """Counts by day and class, each (days, classes); launched is 0 if it is unknown."""

    first: date
    launched: Ints
    destroyed: Ints
    lost: Ints
    is_known: Flags

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(day) for day in range(len(self.launched))]

    def cells(self, day: int, klass: int) -> tuple[str, str, str]:
        """Text of the launched (empty if unknown), destroyed and lost counts of a day and class."""
        launched = str(self.launched[day, klass]) if self.is_known[day, klass] else ""
        return launched, str(self.destroyed[day, klass]), str(self.lost[day, klass])

    def is_reported(self, day: int, klass: int) -> bool:
        """Whether a layout that omits zero counts needs a row for a class; the first and last day always need one."""
        counts = (self.launched, self.destroyed, self.lost)
        ends = klass == 0 and day in (0, len(self.launched) - 1)
        return ends or not self.is_known[day, klass] or any(count[day, klass] for count in counts)

    def assert_same_counts(self, record: Record) -> None:
        """Assert that a record has the counts of the table."""
        assert record.days.tolist() == self.days
        assert record.launched.tolist() == self.launched.tolist()
        assert record.destroyed.tolist() == self.destroyed.tolist()
        assert record.lost.tolist() == self.lost.tolist()
        assert record.is_known.tolist() == self.is_known.tolist()


@st.composite
def count_tables(draw: st.DrawFn) -> CountTable:
    """Strategy for tables of up to six days with mostly zero counts."""
    shape = (draw(st.integers(1, 6)), len(CLASSES))
    size = shape[0] * shape[1]
    count = st.one_of(st.just(0), st.integers(0, 900))
    destroyed, lost, leaked = (
        np.array(draw(st.lists(count, min_size=size, max_size=size)), np.int64).reshape(shape) for _ in range(3)
    )
    is_known = np.array(draw(st.lists(st.integers(0, 5), min_size=size, max_size=size)), np.int64).reshape(shape) > 0
    launched = np.where(is_known, destroyed + lost + leaked, 0)
    return CountTable(draw(st.dates(date(2022, 9, 28), date(2026, 9, 1))), launched, destroyed, lost, is_known)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text of a table."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def daily_csv(table: CountTable) -> str:
    """CSV text of a table with one row per day."""
    header = ["date", *(f"{name}_{count}" for name in CLASSES for count in ("launched", "destroyed", "lost"))]
    rows = [
        [day, *(cell for klass in range(len(CLASSES)) for cell in table.cells(index, klass))]
        for index, day in enumerate(table.days)
    ]
    return csv_text(header, rows)


def class_csv(table: CountTable) -> str:
    """CSV text of a table with one row per day and class; rows of zeros are omitted."""
    rows = [
        [day, name, *table.cells(index, klass), ""]
        for index, day in enumerate(table.days)
        for klass, name in enumerate(CLASSES)
        if table.is_reported(index, klass)
    ]
    return csv_text(["date", "class", "launched", "destroyed", "lost", "note"], rows)


def report_csv(table: CountTable, random: Random) -> str:
    """CSV text of a table with one row per report, in random order.

    Counts are divided between reports, and reports that readers omit are added.
    """
    rows: list[dict[str, object]] = []
    for index, day in enumerate(table.days):
        for klass, name in enumerate(CLASSES):
            if table.is_reported(index, klass):
                rows += split_reports(table, index, klass, random, MODEL_NAMES[name])
        for model, source in random.sample(OMITTED_REPORTS, random.randrange(3)):
            rows.append({"model": model, "launched": 7, "destroyed": 6, "source": source} | report_times(day, random))
    columns = ["time_start", "time_end", "model", "launched", "destroyed", "not_reach_goal", "target", "source"]
    columns += random.sample(["launch_place", "carrier", "is_shahed", "destroyed_details"], 2)
    random.shuffle(columns)
    random.shuffle(rows)
    return csv_text(columns, [[row.get(column, "") for column in columns] for row in rows])


def report_times(day: date, random: Random) -> dict[str, object]:
    """Random start and end of a report that ends on the day and begins at most a day earlier."""
    end = datetime(day.year, day.month, day.day) + timedelta(minutes=random.randrange(1440))  # noqa: DTZ001
    start = end - timedelta(minutes=random.randrange(1440))
    return {"time_start": f"{start:%Y-%m-%d %H:%M}", "time_end": f"{end:%Y-%m-%d %H:%M}"}


def split_reports(
    table: CountTable, index: int, klass: int, random: Random, models: Sequence[str]
) -> list[dict[str, object]]:
    """Rows of up to three reports by a national command that divide the counts of a day and class.

    Each report has a different post as its source.
    """
    counts = [int(count[index, klass]) for count in (table.destroyed, table.lost)]
    leaked = int(table.launched[index, klass]) - sum(counts)
    rows: list[dict[str, object]] = []
    for following in range(random.randrange(3), -1, -1):
        destroyed, lost, part_leaked = (
            random.randint(0, max(count, 0)) if following else count for count in (*counts, leaked)
        )
        counts, leaked = [counts[0] - destroyed, counts[1] - lost], leaked - part_leaked
        launched = f"{destroyed + lost + part_leaked}.0" if table.is_known[index, klass] else ""
        post = f"kpszsu/posts/{index}-{klass}-{following}"
        target = random.choice(["Ukraine", "south", "Kyiv oblast", ""])
        row = {"model": random.choice(models), "launched": launched, "destroyed": f"{destroyed}.0", "source": post}
        rows.append(row | {"not_reach_goal": lost, "target": target} | report_times(table.days[index], random))
    return rows


DEFAULT_REPORT = {
    "time_start": "2025-01-01 20:00",
    "time_end": "2025-01-02 08:00",
    "model": "Shahed-136/131",
    "launched": "10",
    "destroyed": "6",
    "not_reach_goal": "2",
    "target": "Ukraine",
    "source": "kpszsu/posts/1",
}


def report_rows(*rows: Mapping[str, str]) -> str:
    """CSV text of reports, each the default report with the given cells."""
    columns = list(dict.fromkeys([*DEFAULT_REPORT, *(column for row in rows for column in row)]))
    return csv_text(columns, [[(DEFAULT_REPORT | dict(row)).get(column, "") for column in columns] for row in rows])


def one_day_csv(day: str = "2025-01-02", **counts: int | str) -> str:
    """CSV text of a table of one day with the given counts, by default 0."""
    names = [f"{name}_{count}" for name in CLASSES for count in ("launched", "destroyed", "lost")]
    return csv_text(["date", *names], [[day, *(counts.get(name, 0) for name in names)]])


def class_rows(*rows: str) -> str:
    """CSV text of a table with one row per day and class."""
    return "\n".join(["date,class,launched,destroyed,lost,note", *rows, ""])
