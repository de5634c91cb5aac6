"""Records for tests: tables of counts, written in each of the layouts that are read."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

import numpy as np
from hypothesis import strategies as st

from octoplan.raids.read.record import CLASSES, Flags, Ints, Record

MODELS = {
    "drones": ("Shahed-136/131", "Unknown UAV", "Geran-2", "Shahed-136/131 and unknown"),
    "cruise": ("X-101/X-555", "Kalibr", "X-101/X-555 and Kalibr", "Iskander-K", "X-59/X-69"),
    "ballistic": ("Iskander-M/KN-23", "C-300/C-400 and Iskander-M", "X-47 Kinzhal"),
    "antiship": ("X-22 and X-32", "3M22 Zircon", "P-800 Oniks"),
    "other": ("X-31P", "Unknown Missile"),
    "mixed": ("X-101/X-555 and Kalibr and X-22", "Iskander-M and Iskander-K"),
}
NOISE = (
    ("Orlan-10 and ZALA", "kpszsu/posts/a"),
    ("Lancet", "PvKPivden/posts/b"),
    ("Shahed-136/131", "PvKPivden/posts/c"),
    ("Iskander-M", "https://www.facebook.com/pvkshid/posts/d"),
    ("Shahed-136/131 and Lancet", "kpszsu/posts/e"),
)


@dataclass(frozen=True)
class Table:
    """The counts of a record by day and class; launched is 0 where not known."""

    first: date
    launched: Ints
    destroyed: Ints
    lost: Ints
    known: Flags

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(day) for day in range(len(self.launched))]

    def cells(self, day: int, klass: int) -> tuple[str, str, str]:
        """Launched (empty where not known), destroyed and lost."""
        launched = str(self.launched[day, klass]) if self.known[day, klass] else ""
        return launched, str(self.destroyed[day, klass]), str(self.lost[day, klass])

    def is_reported(self, day: int, klass: int) -> bool:
        """Whether a layout without rows of 0 needs a row for a class; the first and last day always have one."""
        counts = (self.launched, self.destroyed, self.lost)
        ends = klass == 0 and day in (0, len(self.launched) - 1)
        return ends or not self.known[day, klass] or any(count[day, klass] for count in counts)

    def holds(self, record: Record) -> None:
        """Assert that a record has the same counts."""
        assert record.days.tolist() == self.days
        assert record.launched.tolist() == self.launched.tolist()
        assert record.destroyed.tolist() == self.destroyed.tolist()
        assert record.lost.tolist() == self.lost.tolist()
        assert record.known.tolist() == self.known.tolist()


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables of up to six days, most of their cells empty."""
    shape = (draw(st.integers(1, 6)), len(CLASSES))
    size = shape[0] * shape[1]
    count = st.one_of(st.just(0), st.integers(0, 900))
    destroyed, lost, rest = (
        np.array(draw(st.lists(count, min_size=size, max_size=size)), np.int64).reshape(shape) for _ in range(3)
    )
    known = np.array(draw(st.lists(st.integers(0, 5), min_size=size, max_size=size)), np.int64).reshape(shape) > 0
    launched = np.where(known, destroyed + lost + rest, 0)
    return Table(draw(st.dates(date(2022, 9, 28), date(2026, 9, 1))), launched, destroyed, lost, known)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def daily(table: Table) -> str:
    """The layout of one row a day."""
    header = ["date", *(f"{name}_{count}" for name in CLASSES for count in ("launched", "destroyed", "lost"))]
    rows = [
        [day, *(cell for klass in range(len(CLASSES)) for cell in table.cells(index, klass))]
        for index, day in enumerate(table.days)
    ]
    return csv_text(header, rows)


def by_class(table: Table) -> str:
    """The layout of one row a day and class, classes not launched left out."""
    rows = [
        [day, name, *table.cells(index, klass), ""]
        for index, day in enumerate(table.days)
        for klass, name in enumerate(CLASSES)
        if table.is_reported(index, klass)
    ]
    return csv_text(["date", "class", "launched", "destroyed", "lost", "note"], rows)


def reports(table: Table, random: Random) -> str:
    """The layout of one row a report and model: counts in parts, columns and rows in any order, others between."""
    rows: list[dict[str, object]] = []
    for index, day in enumerate(table.days):
        for klass, name in enumerate(CLASSES):
            if table.is_reported(index, klass):
                rows += parts(table, index, klass, random, MODELS[name])
        for model, source in random.sample(NOISE, random.randrange(3)):
            rows.append({"model": model, "launched": 7, "destroyed": 6, "source": source} | times(day, random))
    columns = ["time_start", "time_end", "model", "launched", "destroyed", "not_reach_goal", "target", "source"]
    columns += random.sample(["launch_place", "carrier", "is_shahed", "destroyed_details"], 2)
    random.shuffle(columns)
    random.shuffle(rows)
    return csv_text(columns, [[row.get(column, "") for column in columns] for row in rows])


def times(day: date, random: Random) -> dict[str, object]:
    """A report that ends on the day and began up to a day before."""
    end = datetime(day.year, day.month, day.day) + timedelta(minutes=random.randrange(1440))  # noqa: DTZ001
    start = end - timedelta(minutes=random.randrange(1440))
    return {"time_start": f"{start:%Y-%m-%d %H:%M}", "time_end": f"{end:%Y-%m-%d %H:%M}"}


def parts(table: Table, index: int, klass: int, random: Random, models: Sequence[str]) -> list[dict[str, object]]:
    """A day's count of a class in up to three reports of national commands, each under a post of its own."""
    counts = [int(count[index, klass]) for count in (table.destroyed, table.lost)]
    rest = int(table.launched[index, klass]) - sum(counts)
    rows: list[dict[str, object]] = []
    for left in range(random.randrange(3), -1, -1):
        destroyed, lost, more = (count if not left else random.randint(0, max(count, 0)) for count in (*counts, rest))
        counts, rest = [counts[0] - destroyed, counts[1] - lost], rest - more
        launched = f"{destroyed + lost + more}.0" if table.known[index, klass] else ""
        post = f"kpszsu/posts/{index}-{klass}-{left}"
        target = random.choice(["Ukraine", "south", "Kyiv oblast", ""])
        row = {"model": random.choice(models), "launched": launched, "destroyed": f"{destroyed}.0", "source": post}
        rows.append(row | {"not_reach_goal": lost, "target": target} | times(table.days[index], random))
    return rows


REPORT = {
    "time_start": "2025-01-01 20:00",
    "time_end": "2025-01-02 08:00",
    "model": "Shahed-136/131",
    "launched": "10",
    "destroyed": "6",
    "not_reach_goal": "2",
    "target": "Ukraine",
    "source": "kpszsu/posts/1",
}


def reported(*rows: Mapping[str, str]) -> str:
    """Reports in their layout, each like the usual one but for what is given."""
    columns = list(dict.fromkeys([*REPORT, *(column for row in rows for column in row)]))
    return csv_text(columns, [[(REPORT | dict(row)).get(column, "") for column in columns] for row in rows])


def a_day(day: str = "2025-01-02", **counts: int | str) -> str:
    """The layout of one row a day, with one row: zero but for the counts given."""
    names = [f"{name}_{count}" for name in CLASSES for count in ("launched", "destroyed", "lost")]
    return csv_text(["date", *names], [[day, *(counts.get(name, 0) for name in names)]])


def classed(*rows: str) -> str:
    """The layout of one row a day and class, with these rows."""
    return "\n".join(["date,class,launched,destroyed,lost,note", *rows, ""])
