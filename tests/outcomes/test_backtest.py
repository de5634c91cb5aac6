"""A backtest: the raids are the record's, the figures the record's own, and the band is the model's."""

import csv
import io
from datetime import date

import numpy as np
import pytest

from octoplan.errors import RunError
from octoplan.outcomes.backtest import Backtest, Check, Figure, backtest, of_record, published, through
from octoplan.raids.read.record import CLASSES, Record
from octoplan.scenario import load

FIRST = date(2025, 11, 1)


def record(days: int = 61) -> Record:
    """Drones 10, 11, 12, ... a day, all but one stopped; one cruise missile a day, stopped every other day.

    The count of drones of the last day is not known.
    """
    launched, destroyed, lost = (np.zeros((days, len(CLASSES)), np.int64) for _ in range(3))
    launched[:, 0] = 10 + np.arange(days)
    destroyed[:, 0], lost[:, 0] = 7 + np.arange(days), 2
    launched[:, 1], destroyed[:, 1] = 1, np.arange(days) % 2
    known = np.ones(launched.shape, bool)
    known[-1, 0] = False
    first = np.datetime64(FIRST) + np.arange(days)
    return Record(first, CLASSES, launched, destroyed, lost, known, "cd" * 32, "made.csv", "daily", (), ())


@pytest.fixture(scope="module")
def flown() -> Backtest:
    return backtest(load("octopus"), record(), FIRST, 2, futures=6, seed=4)


def test_the_raids_flown_are_those_of_the_record(flown: Backtest) -> None:
    """Every future launches the record's drones and missiles, month by month, and only the months asked for."""
    sent = flown.run.data["launched"].sum("region")
    assert list(sent["month"].values) == ["2025-11", "2025-12"]
    drones = sent.sel(threat=["attack-drone", "decoy"]).sum("threat").values
    assert (drones == [10 * 30 + 435, 31 * 40 + 465]).all()
    missiles = sent.sel(threat=["cruise", "ballistic"]).sum("threat").values
    assert (missiles == [30, 31]).all()


def test_figures_of_a_record() -> None:
    """A month's stopped share is stopped over launched, days with a hidden count left out."""
    found = {(f.month, f.key): f.value for f in of_record(record(), ["2025-11", "2025-12"], ["cruise", "ballistic"])}
    assert found["2025-11", "stopped/drones"] == pytest.approx(100 * (735 - 30) / 735)
    december = sum(40 + day for day in range(30))
    assert found["2025-12", "stopped/drones"] == pytest.approx(100 * (december - 30) / december)
    assert found["2025-11", "stopped/cruise"] == pytest.approx(50)
    assert ("2025-11", "stopped/ballistic") not in found


def test_the_table_counts_what_lies_inside(flown: Backtest) -> None:
    """Every figure stands in the table once with its band, and the count of those inside is that of its rows."""
    rows = list(csv.DictReader(io.StringIO(flown.to_csv())))
    assert {(r["month"], r["key"]) for r in rows} == {
        (month, key) for month in ("2025-11", "2025-12") for key in ("stopped/drones", "stopped/cruise")
    }
    for row, check in zip(rows, flown.checks, strict=True):
        values = [float(row[name]) for name in ("p10", "published", "p90")]
        assert (sorted(values) == values) == bool(int(row["inside"])) == check.inside
    assert flown.inside == sum(int(row["inside"]) for row in rows)
    assert f"{flown.inside} of 4 published figures" in str(flown)


def test_the_ends_of_the_band_are_inside() -> None:
    """A figure on the edge of the band counts as inside, one beyond it does not."""
    figure = Figure("2025-11", "sorties", 5.0, "x")
    assert Check(figure, "t", "u", 5.0, 6.0, 7.0).inside
    assert not Check(figure, "t", "u", 5.1, 6.0, 7.0).inside


@pytest.mark.parametrize(
    ("name", "first", "months", "words"),
    [
        ("octopus", date(2025, 12, 1), 1, "begin both on one day"),
        ("octopus", FIRST, 25, "a backtest of 25 is no part"),
        ("pocket", date(2026, 1, 1), 1, "packages of other names"),
    ],
)
def test_what_cannot_be_flown_is_refused(name: str, first: date, months: int, words: str) -> None:
    """Another start, more months than there are, and other packages are errors that say so."""
    with pytest.raises(RunError, match=words):
        through(load(name), record(), first, months)


def test_published_figures_have_their_source() -> None:
    """Each shipped figure says where it was published."""
    assert {f.key for f in published()} == {"sorties", "kills", "intercepted/drones"}
    assert all(f.source.startswith("https://") for f in published())
