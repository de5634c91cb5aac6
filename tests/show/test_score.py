"""The page of scores: charts show the scores, and titles state the result."""

import re
from dataclasses import replace
from math import nan

import numpy as np
import plotly.graph_objects as go
import pytest

from octoplan.raids.comparison import ScoreDifference, coverage, score_difference
from octoplan.raids.score import SERIES, Scores, origins, score
from octoplan.show.score import calibration_title, charts, coverage_title, page, ratio_title, split_name
from tests.raids.test_score import NegativeBinomial, simulated_record
from tests.show.test_raids import record

DRAWS = 300


@pytest.fixture(scope="module")
def scores() -> list[Scores]:
    """Scores of the true process, a too low and a too narrow forecaster at weekly origins over a year."""
    counts, days = simulated_record(460)
    rows = origins(days, "2020-02-10", "2021-02-22", 7)
    forecasters = (
        NegativeBinomial(),
        NegativeBinomial("too low & <late>", (60.0, 2.0)),
        NegativeBinomial("too narrow", r=40.0),
    )
    return [score(counts, days, forecaster, rows, draws=DRAWS) for forecaster in forecasters]


def charts_by_name(scores: list[Scores], series: str) -> dict[str, go.Figure]:
    return {drawing.name.removeprefix(f"{series}-"): drawing.chart for drawing in charts(scores, series)}


@pytest.mark.parametrize("series", SERIES)
def test_charts_show_the_scores(scores: list[Scores], series: str) -> None:
    """Ratios, coverages, histograms and forecasts in the charts are those of the scores."""
    drawings = charts_by_name(scores, series)
    month = next(trace for trace in drawings["ratio"].data if trace.name == "30 days")
    first_difference = score_difference(scores[1], scores[0], 30, series)
    base = np.nanmean(scores[0].losses(30, series))
    assert month.x[0] == pytest.approx(1 + first_difference.mean / base)
    assert month.x[0] + month.error_x.array[0] == pytest.approx(1 + first_difference.high / base)
    assert [trace.y[1] for trace in drawings["coverage"].data if trace.name == "true process"] == pytest.approx(
        [100 * level.share for level in coverage(scores[0], 7, series)]
    )
    histograms = [forecaster.pit_histogram(7, series).tolist() for forecaster in scores]
    assert [trace.y.tolist() for trace in drawings["pit"].data] == histograms
    forecasts = {trace.name: trace for trace in drawings["forecasts"].data}
    at = (slice(None), scores[0].horizon_index(30), SERIES.index(series))
    assert forecasts["observed"].y.tolist() == pytest.approx(scores[0].observed[at].tolist(), nan_ok=True)
    assert forecasts["median"].y.tolist() == scores[0].quantiles[at][:, 3].tolist()
    quantiles = scores[0].quantiles[at]
    assert list(forecasts["80 % interval"].y) == [*quantiles[:, 5], *quantiles[::-1, 1]]


def test_titles_state_the_result_of_the_scores(scores: list[Scores]) -> None:
    """Titles state that no benchmark is better than the true process, and that it is better than a poor forecaster."""
    titles = {name: chart.layout.title.text for name, chart in charts_by_name(scores, "drones").items()}
    assert titles["ratio"].startswith("No benchmark is significantly better than the true process; ")
    assert titles["coverage"] == (
        "Coverage is adequate at every horizon for the true process and for 0 of 2 benchmarks"
    )
    assert titles["pit"].startswith("Calibration of the true process is not rejected at 5 % (p = 0.")
    assert titles["pit"].endswith("rejected for 2 of 2 benchmarks")
    assert re.fullmatch(
        r"\d+ of 55 observed sums of 30 days were within the 80 % interval of the true process", titles["forecasts"]
    )
    reversed_charts = charts_by_name([scores[1], scores[0]], "drones")
    titles = {name: chart.layout.title.text for name, chart in reversed_charts.items()}
    assert titles["ratio"].startswith("Benchmarks are significantly better than the too low & <late> in ")
    assert titles["coverage"].startswith("Coverage is not adequate at every horizon for the too low & <late>; ")
    assert "is rejected at 5 %" in titles["pit"]


def test_titles_of_each_case(scores: list[Scores]) -> None:
    """Titles name a better benchmark, and state untested differences, unknown sums and untested calibration."""
    better, worse = ScoreDifference(-1.0, -2.0, -0.5, 9.0), ScoreDifference(1.0, 0.5, 2.0, 9.0)
    assert ratio_title({7: [better, worse]}, ["a", "b"], "process") == (
        "Significantly better than the process: a at 7 days; significantly worse in 1 of 2 comparisons"
    )
    untested = ScoreDifference(-1.0, nan, nan, 1.0)
    assert ratio_title({7: [untested], 90: []}, ["a"], "process").startswith("Differences cannot be tested")
    assert coverage_title(scores, [], "drones") == "No observed sum is available"
    assert calibration_title([nan], "process", 7, 5).startswith("Calibration was not tested: 5 sums of 7 days")


def test_long_names_take_two_lines() -> None:
    """A long name is divided at the space nearest to its middle; a single word is not divided."""
    assert split_name("negative binomial, trend of 180 days") == "negative binomial,<br>trend of 180 days"
    assert split_name("climatology") == "climatology"
    assert split_name("a" * 40) == "a" * 40


def test_the_page_is_self_contained_and_escapes_names(scores: list[Scores]) -> None:
    """The page loads no other file, escapes HTML in names, and has the charts of both series."""
    text = page(scores, record())
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<late>" not in text
    assert "&lt;test&gt;.csv" in text
    assert [text.count(f"<figure id='{series}-") for series in SERIES] == [4, 4]


def test_few_origins_no_missiles_and_no_known_sum() -> None:
    """Three origins have charts without tests, a series without weapons has no chart, and unknown sums are stated."""
    counts, days = simulated_record(120)
    forecasters = (NegativeBinomial(), NegativeBinomial("other", r=1.0))
    few = [score(counts, days, forecaster, np.array([80, 90, 119]), draws=DRAWS) for forecaster in forecasters]
    assert "no comparison has two blocks of origins" in page(few, record())
    without_missiles = [replace(item, observed=item.observed * [1, 0]) for item in few]
    assert "missiles-ratio" not in page(without_missiles, record())
    unknown = [replace(item, observed=item.observed * np.nan, pit=item.pit * np.nan) for item in few]
    assert "no forecast was scored" in page(unknown, record())
