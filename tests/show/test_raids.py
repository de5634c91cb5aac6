"""The page of a record: charts show the numbers of the record, and the page can be opened offline."""

import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from octoplan.raids.fit import Fit, fit
from octoplan.raids.read.alerts import Exposure
from octoplan.raids.read.record import CLASSES, Outlier, Record, known_reporting_rules
from octoplan.raids.stopped_share import stopped_shares
from octoplan.show.raids import charts, page, region_chart, wilson_intervals
from tests.raids.test_process import simulated

DAYS, FITTED_DAYS = 400, slice(310, 400)


def record(missiles: int = 1) -> Record:
    """A simulated record that spans the break of August 2025, with three quarters of each class stopped."""
    counts = simulated(DAYS, 51)
    launched = np.zeros((DAYS, len(CLASSES)), np.int64)
    launched[:, 0], launched[:, 1], launched[:, 2] = (
        counts[:, 0],
        missiles * counts[:, 1],
        missiles * (counts[:, 1] // 3),
    )
    days = np.datetime64("2024-12-01") + np.arange(DAYS)
    reporting_rules = tuple(rule for rule in known_reporting_rules() if rule.overlaps(days[0], days[-1]))
    is_known = np.ones(launched.shape, bool)
    zeros = np.zeros_like(launched)
    return Record(
        days,
        CLASSES,
        launched,
        launched * 3 // 4,
        zeros,
        is_known,
        "ef" * 32,
        "<test>.csv",
        "daily",
        (),
        reporting_rules,
    )


def charts_by_name(raids: Record, process_fit: Fit) -> dict[str, go.Figure]:
    return {drawing.name: drawing.chart for drawing in charts(raids, process_fit, FITTED_DAYS)}


@pytest.fixture(scope="module")
def process_fit() -> Fit:
    return fit(record().packages[FITTED_DAYS])


def test_charts_show_the_numbers_of_the_record(process_fit: Fit) -> None:
    """The daily, weekly and monthly charts contain every drone and missile of the record."""
    raids = record()
    drawings = charts_by_name(raids, process_fit)
    daily = [trace for trace in drawings["daily"].data if trace.mode == "markers"]
    assert sum(int(np.sum(trace.y)) for trace in daily) == raids.drones.sum() + raids.missiles.sum()
    salvo = next(trace for trace in daily if trace.name == "salvo day")
    assert len(salvo.y) == (process_fit.salvo_probability >= 0.5).sum()
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


def test_unknown_counts_are_not_drawn_as_zero(process_fit: Fit) -> None:
    """A day with an unknown count has no marker, and its week has no bar."""
    raids = record()
    launched, is_known = raids.launched.copy(), raids.is_known.copy()
    launched[10, 0], is_known[10, 0] = 0, False
    drawings = charts_by_name(replace(raids, launched=launched, is_known=is_known), process_fit)
    markers = [trace for trace in drawings["daily"].data if trace.mode == "markers"]
    dates = [str(day) for trace in markers if trace.xaxis == "x" for day in trace.x]
    assert len(dates) == DAYS - 1
    assert "2024-12-11" not in dates
    weekly = drawings["weekly"].data[0]
    assert np.isnan(weekly.y).tolist() == [week == 1 for week in range(DAYS // 7)]
    caption = next(drawing.caption for drawing in charts(replace(raids, is_known=is_known), process_fit, FITTED_DAYS))
    assert "(1 of 400)" in caption


def test_breaks_are_marked_where_they_begin(process_fit: Fit) -> None:
    """The daily chart has a line on each day on which reporting changed."""
    daily = charts_by_name(record(), process_fit)["daily"]
    assert {shape.x0 for shape in daily.layout.shapes} == {"2025-08-01", "2026-01-01"}


def test_titles_state_a_number(process_fit: Fit) -> None:
    """Each chart has a title with a number of the record, and a caption."""
    for drawing in charts(record(), process_fit, FITTED_DAYS):
        assert re.search(r"\d", drawing.title)
        assert "nan" not in drawing.title
        assert drawing.caption


def test_the_page_is_self_contained_and_escapes_names(process_fit: Fit) -> None:
    """The page loads no other file, escapes HTML in names, and shows outliers as warnings."""
    outlier = Outlier(np.datetime64("2025-01-01").astype(object), "drones", 15_000, 199, "<test>.csv:8")
    text = page(replace(record(), outliers=(outlier,)), process_fit, FITTED_DAYS)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<test>" not in text
    assert "&lt;test&gt;.csv:8: 15,000 drones launched on 2025-01-01" in text
    assert "raids.salvo_share" in text
    assert "Nothing was corrected or assumed in reading." in text


def test_a_record_without_missiles_is_drawn() -> None:
    """The page of a record without missiles has no chart of missile classes."""
    raids = record(missiles=0)
    assert list(charts_by_name(raids, fit(raids.packages[FITTED_DAYS]))) == [
        "daily",
        "weekly",
        "distribution",
        "stopped",
    ]


def test_the_fitted_share_of_each_span_is_drawn(process_fit: Fit) -> None:
    """Each class has a dashed line at the fitted share of each span, and the subtitle states its correlation."""
    raids = record()
    stopped = charts_by_name(raids, process_fit)["stopped"]
    lines = {(trace.name, trace.x[0]): trace.y[0] for trace in stopped.data if str(trace.name).endswith(" fitted")}
    shares = [share for share in stopped_shares(raids) if share.klass in ("drones", "cruise", "ballistic")]
    assert lines == {(f"{share.klass} fitted", str(share.first)): 100 * share.share.value for share in shares}
    assert {share.first.isoformat() for share in shares} == {"2024-12-01", "2025-08-01"}
    sentence = f"{shares[1].correlation} for drones since 2025-08"
    assert sentence in stopped.layout.title.subtitle.text
    assert sentence in page(raids, process_fit, FITTED_DAYS)


def test_alerts_are_drawn_as_exposure(process_fit: Fit) -> None:
    """Regions are in descending order of their share; the title states that alerts are not destinations."""
    exposure = Exposure(("Up <land>", "Mid", "Low", "Far"), np.array([5, 3, 1, 1]), np.full(4, 2.0), "a.csv", ())
    chart = region_chart(exposure)
    assert (
        chart.layout.title.text
        == "Three of 4 regions had 90 % of all alerts (alerts measure exposure, not destinations)"
    )
    assert list(chart.data[0].x) == pytest.approx([50, 30, 10, 10])
    text = page(record(), process_fit, FITTED_DAYS, exposure)
    assert chart.layout.title.text in text
    assert "Up <land>" not in text
    assert chart.layout.title.text not in page(record(), process_fit, FITTED_DAYS)


def test_wilson_intervals() -> None:
    """The 95 % interval of 8 out of 10 is 0.4902 to 0.9433 (Wilson 1927)."""
    low, high = wilson_intervals(np.array([8]), np.array([10]))
    assert (low[0], high[0]) == pytest.approx((0.4902, 0.9433), abs=5e-5)
