"""The page of a record: its figures hold the record's numbers, and it needs no network."""

import re

import numpy as np
import pytest

from octoplan.raids.fit import Fit, fit
from octoplan.raids.read.alerts import Exposure
from octoplan.raids.read.record import CLASSES, Record, known_breaks
from octoplan.raids.stopped_share import shares
from octoplan.show.raids import charts, page, regions, wilson
from tests.raids.test_process import simulated

DAYS, FITTED = 400, slice(310, 400)


def record(missiles: int = 1) -> Record:
    """A simulated record across the break of August 2025, a part of each class stopped."""
    counts = simulated(DAYS, 51)
    launched = np.zeros((DAYS, len(CLASSES)), np.int64)
    launched[:, 0], launched[:, 1], launched[:, 2] = (
        counts[:, 0],
        missiles * counts[:, 1],
        missiles * (counts[:, 1] // 3),
    )
    days = np.datetime64("2024-12-01") + np.arange(DAYS)
    inside = tuple(each for each in known_breaks() if each.overlaps(days[0], days[-1]))
    known = np.ones(launched.shape, bool)
    zeros = np.zeros_like(launched)
    return Record(
        days, CLASSES, launched, launched * 3 // 4, zeros, known, "ef" * 32, "<made>.csv", "daily", (), inside
    )


@pytest.fixture(scope="module")
def fitted() -> Fit:
    made = record()
    return fit(np.column_stack([made.drones, made.missiles])[FITTED])


def test_figures_hold_the_records_numbers(fitted: Fit) -> None:
    """Every drone and missile of the record stands in the daily, weekly and monthly figures."""
    made = record()
    figures = {name: chart for name, chart, _ in charts(made, fitted, FITTED)}
    daily = [trace for trace in figures["daily"].data if trace.mode == "markers"]
    assert sum(int(np.sum(trace.y)) for trace in daily) == made.drones.sum() + made.missiles.sum()
    salvo = next(trace for trace in daily if trace.name == "salvo day")
    assert len(salvo.y) == (fitted.salvo >= 0.5).sum()
    whole = 7 * (DAYS // 7)
    assert [int(np.sum(trace.y)) for trace in figures["weekly"].data] == [
        made.drones[:whole].sum(), made.missiles[:whole].sum()
    ]  # fmt: skip
    assert sum(int(np.sum(trace.y)) for trace in figures["mix"].data) == made.missiles.sum()
    last = figures["stopped"].data[1]
    month = made.days.astype("datetime64[M]") == np.datetime64("2025-12")
    assert last.y[list(last.x).index("2025-12-01")] == pytest.approx(
        100 * made.stopped[month, 0].sum() / made.launched[month, 0].sum()
    )


def test_breaks_are_marked_where_they_begin(fitted: Fit) -> None:
    """The break of August 2025 is a line in the daily figure of a record that spans it."""
    daily = next(chart for name, chart, _ in charts(record(), fitted, FITTED) if name == "daily")
    assert {shape.x0 for shape in daily.layout.shapes} == {"2025-08-01", "2026-01-01"}


def test_titles_say_what_is_seen(fitted: Fit) -> None:
    """Each title is a sentence with a number of this record."""
    for _, chart, note in charts(record(), fitted, FITTED):
        assert re.search(r"\d", chart.layout.title.text)
        assert "nan" not in chart.layout.title.text
        assert note


def test_the_page_needs_no_network_and_escapes(fitted: Fit) -> None:
    """Nothing is fetched, and a name with signs of HTML is text."""
    text = page(record(), fitted, FITTED)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "&lt;made&gt;.csv" in text
    assert "raids.salvo_share" in text


def test_a_record_without_missiles_is_drawn() -> None:
    """Where there is no missile the figure of their classes is absent, not empty."""
    made = record(missiles=0)
    found = fit(np.column_stack([made.drones, made.missiles])[FITTED])
    assert [name for name, _, _ in charts(made, found, FITTED)] == ["daily", "weekly", "spread", "stopped"]


def test_the_fitted_share_of_each_epoch_is_drawn(fitted: Fit) -> None:
    """Each class has a dashed line an epoch at its fitted share, and the words give its correlation."""
    made = record()
    stopped = next(chart for name, chart, _ in charts(made, fitted, FITTED) if name == "stopped")
    drawn = {(trace.name, trace.x[0]): trace.y[0] for trace in stopped.data if str(trace.name).endswith(" fitted")}
    found = [each for each in shares(made) if each.klass in ("drones", "cruise", "ballistic")]
    assert drawn == {(f"{each.klass} fitted", str(each.first)): 100 * each.share.value for each in found}
    assert {each.first.isoformat() for each in found} == {"2024-12-01", "2025-08-01"}
    words = f"{found[1].correlation} of drones since 2025-08"
    assert words in stopped.layout.title.subtitle.text
    assert words in page(made, fitted, FITTED)


def test_alerts_are_drawn_as_exposure(fitted: Fit) -> None:
    """Each region has its share, most first; title and note say that it is no picture of targets."""
    exposure = Exposure(("Up <land>", "Mid", "Low", "Far"), np.array([5, 3, 1, 1]), np.full(4, 2.0), "a.csv", ())
    chart = regions(exposure)
    assert chart.layout.title.text == "Three of 4 regions hold 90 % of all alerts: exposure, not targets"
    assert list(chart.data[0].x) == pytest.approx([50, 30, 10, 10])
    text = page(record(), fitted, FITTED, exposure)
    assert chart.layout.title.text in text
    assert "Up <land>" not in text
    assert chart.layout.title.text not in page(record(), fitted, FITTED)


def test_wilsons_interval() -> None:
    """Ends for 8 of 10 at 95 % are 0.4902 and 0.9433 (Wilson 1927)."""
    low, high = wilson(np.array([8.0]), np.array([10.0]))
    assert (low[0], high[0]) == pytest.approx((0.4902, 0.9433), abs=5e-5)
