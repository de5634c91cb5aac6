"""The page of a record: its figures hold the record's numbers, and it needs no network."""

import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from octoplan.raids.fit import Fit, fit
from octoplan.raids.read.alerts import Exposure
from octoplan.raids.read.record import CLASSES, Outlier, Record, known_breaks
from octoplan.raids.stopped_share import stopped_shares
from octoplan.show.raids import charts, page, region_chart, wilson_intervals
from tests.raids.test_process import simulated

DAYS, FITTED_DAYS = 400, slice(310, 400)


def record(missiles: int = 1) -> Record:
    """A simulated record across the break of August 2025, three quarters of each class stopped."""
    counts = simulated(DAYS, 51)
    launched = np.zeros((DAYS, len(CLASSES)), np.int64)
    launched[:, 0], launched[:, 1], launched[:, 2] = (
        counts[:, 0],
        missiles * counts[:, 1],
        missiles * (counts[:, 1] // 3),
    )
    days = np.datetime64("2024-12-01") + np.arange(DAYS)
    breaks = tuple(rule for rule in known_breaks() if rule.overlaps(days[0], days[-1]))
    known = np.ones(launched.shape, bool)
    zeros = np.zeros_like(launched)
    return Record(
        days, CLASSES, launched, launched * 3 // 4, zeros, known, "ef" * 32, "<test>.csv", "daily", (), breaks
    )


def charts_by_name(raids: Record, fitted: Fit) -> dict[str, go.Figure]:
    return {drawing.name: drawing.chart for drawing in charts(raids, fitted, FITTED_DAYS)}


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return fit(record().packages[FITTED_DAYS])


def test_figures_hold_the_numbers_of_the_record(fitted: Fit) -> None:
    """Every drone and missile of the record is in the daily, weekly and monthly figures."""
    raids = record()
    drawings = charts_by_name(raids, fitted)
    daily = [trace for trace in drawings["daily"].data if trace.mode == "markers"]
    assert sum(int(np.sum(trace.y)) for trace in daily) == raids.drones.sum() + raids.missiles.sum()
    salvo = next(trace for trace in daily if trace.name == "salvo day")
    assert len(salvo.y) == (fitted.salvo_probability >= 0.5).sum()
    complete = 7 * (DAYS // 7)
    assert [int(np.sum(trace.y)) for trace in drawings["weekly"].data] == [
        raids.drones[:complete].sum(), raids.missiles[:complete].sum()
    ]  # fmt: skip
    assert sum(int(np.sum(trace.y)) for trace in drawings["classes"].data) == raids.missiles.sum()
    last = drawings["stopped"].data[1]
    month = raids.days.astype("datetime64[M]") == np.datetime64("2025-12")
    assert last.y[list(last.x).index("2025-12-01")] == pytest.approx(
        100 * raids.stopped[month, 0].sum() / raids.launched[month, 0].sum()
    )


def test_unknown_counts_are_not_drawn_as_zero(fitted: Fit) -> None:
    """A day with an unknown count has no marker, and its week no bar."""
    raids = record()
    launched, known = raids.launched.copy(), raids.known.copy()
    launched[10, 0], known[10, 0] = 0, False
    drawings = charts_by_name(replace(raids, launched=launched, known=known), fitted)
    markers = [trace for trace in drawings["daily"].data if trace.mode == "markers"]
    dates = [str(day) for trace in markers if trace.xaxis == "x" for day in trace.x]
    assert len(dates) == DAYS - 1
    assert "2024-12-11" not in dates
    weekly = drawings["weekly"].data[0]
    assert np.isnan(weekly.y).tolist() == [week == 1 for week in range(DAYS // 7)]
    caption = next(drawing.caption for drawing in charts(replace(raids, known=known), fitted, FITTED_DAYS))
    assert "(1 of 400)" in caption


def test_breaks_are_marked_where_they_begin(fitted: Fit) -> None:
    """The break of August 2025 is a line in the daily figure of a record that spans it."""
    daily = charts_by_name(record(), fitted)["daily"]
    assert {shape.x0 for shape in daily.layout.shapes} == {"2025-08-01", "2026-01-01"}


def test_titles_state_a_number(fitted: Fit) -> None:
    """Each title is a sentence with a number of this record, and each figure has a caption."""
    for drawing in charts(record(), fitted, FITTED_DAYS):
        assert re.search(r"\d", drawing.title)
        assert "nan" not in drawing.title
        assert drawing.caption


def test_the_page_needs_no_network_and_escapes(fitted: Fit) -> None:
    """Nothing is fetched, and a name with characters of HTML is text; outliers are warnings on the page."""
    outlier = Outlier(np.datetime64("2025-01-01").astype(object), "drones", 15_000, 199, "<test>.csv:8")
    text = page(replace(record(), outliers=(outlier,)), fitted, FITTED_DAYS)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<test>" not in text
    assert "&lt;test&gt;.csv:8: 15,000 drones launched on 2025-01-01" in text
    assert "raids.salvo_share" in text
    assert "Nothing was corrected or assumed in reading." in text


def test_a_record_without_missiles_is_drawn() -> None:
    """Without a missile the figure of their classes is absent, not empty."""
    raids = record(missiles=0)
    assert list(charts_by_name(raids, fit(raids.packages[FITTED_DAYS]))) == [
        "daily",
        "weekly",
        "distribution",
        "stopped",
    ]


def test_the_fitted_share_of_each_span_is_drawn(fitted: Fit) -> None:
    """Each class has a dashed line per span at its fitted share, and the subtitle states its correlation."""
    raids = record()
    stopped = charts_by_name(raids, fitted)["stopped"]
    lines = {(trace.name, trace.x[0]): trace.y[0] for trace in stopped.data if str(trace.name).endswith(" fitted")}
    shares = [share for share in stopped_shares(raids) if share.klass in ("drones", "cruise", "ballistic")]
    assert lines == {(f"{share.klass} fitted", str(share.first)): 100 * share.share.value for share in shares}
    assert {share.first.isoformat() for share in shares} == {"2024-12-01", "2025-08-01"}
    sentence = f"{shares[1].correlation} for drones since 2025-08"
    assert sentence in stopped.layout.title.subtitle.text
    assert sentence in page(raids, fitted, FITTED_DAYS)


def test_alerts_are_drawn_as_exposure(fitted: Fit) -> None:
    """Each region has its share in descending order; the title says that alerts are not destinations."""
    exposure = Exposure(("Up <land>", "Mid", "Low", "Far"), np.array([5, 3, 1, 1]), np.full(4, 2.0), "a.csv", ())
    chart = region_chart(exposure)
    assert chart.layout.title.text == "Three of 4 regions had 90 % of all alerts (exposure, not destinations)"
    assert list(chart.data[0].x) == pytest.approx([50, 30, 10, 10])
    text = page(record(), fitted, FITTED_DAYS, exposure)
    assert chart.layout.title.text in text
    assert "Up <land>" not in text
    assert chart.layout.title.text not in page(record(), fitted, FITTED_DAYS)


def test_wilson_intervals() -> None:
    """Ends for 8 of 10 at 95 % are 0.4902 and 0.9433 (Wilson 1927)."""
    low, high = wilson_intervals(np.array([8]), np.array([10]))
    assert (low[0], high[0]) == pytest.approx((0.4902, 0.9433), abs=5e-5)
