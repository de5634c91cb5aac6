"""The page of a score: figures that hold the scores' numbers, and sentences that say what is so and nothing else."""

import re
from dataclasses import replace

import numpy as np
import pytest

from octoplan.raids.score import CLASSES, Scores, coverage, difference, origins, score
from octoplan.show.score import broken, charts, evenness, holding, page, summary
from tests.raids.test_score import Law
from tests.raids.test_score import record as drawn
from tests.show.test_raids import record

DRAWS = 300


@pytest.fixture(scope="module")
def scores() -> list[Scores]:
    """The true law, one too low and one too narrow, over a year of weekly origins."""
    counts, days = drawn(460)
    rows = origins(days, "2020-02-10", "2021-02-22", 7)
    laws = (Law(), Law("too low & <late>", (60.0, 2.0)), Law("too narrow", r=40.0))
    return [score(counts, days, law, rows, draws=DRAWS) for law in laws]


def test_figures_hold_the_scores_numbers(scores: list[Scores]) -> None:
    """Ratios, coverages, histograms and forecasts are those of the scores, for each class."""
    for place, of in enumerate(CLASSES):
        made = {name: chart for name, chart, _ in charts(scores, of)}
        month = next(trace for trace in made["ratio"].data if trace.name == "30 days")
        gap = difference(scores[1], scores[0], 30, of)
        base = scores[0].losses(30, of)
        assert month.x[0] == pytest.approx(1 + gap.mean / np.nanmean(base))
        assert month.x[0] + month.error_x.array[0] == pytest.approx(1 + gap.high / np.nanmean(base))
        assert [trace.y[1] for trace in made["coverage"].data if trace.name == "law"] == pytest.approx(
            [100 * each.share for each in coverage(scores[0], 7, of)]
        )
        assert [trace.y.tolist() for trace in made["pit"].data] == [each.histogram(7, of).tolist() for each in scores]
        came = {trace.name: trace for trace in made["came"].data}
        at = (slice(None), scores[0].at(30), place)
        assert came["what came"].y.tolist() == pytest.approx(scores[0].observed[at].tolist(), nan_ok=True)
        assert came["median"].y.tolist() == scores[0].quantiles[at][:, 3].tolist()
        edges = scores[0].quantiles[at]
        assert list(came["80 % interval"].y) == [*edges[:, 5], *edges[::-1, 1]]


def test_titles_say_what_is_so(scores: list[Scores]) -> None:
    """Against the true law no rival is better; against a bad one the true law is, and the title names it."""
    made = {name: chart.layout.title.text for name, chart, _ in charts(scores, "drones")}
    assert made["ratio"].startswith("No rival is better than the law beyond luck at any horizon; ")
    assert made["coverage"] == "Only the law has intervals that hold at every horizon"
    assert made["pit"].startswith("The PIT of the law is as even as luck has it (p 0.")
    assert made["pit"].endswith("of 2 rivals 2 rejected at 5 %")
    assert re.fullmatch(r"\d+ of 55 sums of 30 days came inside the 80 % interval of the law", made["came"])
    turned = {name: chart.layout.title.text for name, chart, _ in charts([scores[1], scores[0]], "drones")}
    assert "comparisons with the too low & <late> are better beyond luck; 0 of" in turned["ratio"]
    assert turned["coverage"].startswith(
        "The intervals of the too low & <late> do not hold at every horizon; those of 1"
    )
    assert "is more uneven than luck has it" in turned["pit"]


def test_sentences_of_each_case(scores: list[Scores]) -> None:
    """One better rival is named, none that can be told is said, and so are intervals that nobody holds."""
    assert summary(["a at 7 days"], 1, 8, "law") == (
        "Better than the law beyond luck: a at 7 days; 1 of 8 comparisons are worse beyond it"
    )
    assert summary([], 0, 0, "law").startswith("No comparison rests on two blocks")
    assert holding([], scores) == "No forecaster has intervals that hold at every horizon"
    assert holding([scores[0].name, scores[1].name], scores).endswith("the law hold, as do those of 1 of 2 rivals")
    assert evenness([float("nan")], "law", 7, 5).startswith("5 sums of 7 days are too few")


def test_long_names_take_two_lines() -> None:
    """A name is parted at a space near its middle, and a word is never parted."""
    assert broken("negative binomial, trend of 180 days") == "negative binomial,<br>trend of 180 days"
    assert broken("climatology") == "climatology"
    assert broken("a" * 40) == "a" * 40


def test_the_page_needs_no_network_and_escapes(scores: list[Scores]) -> None:
    """Nothing is fetched, names with signs of HTML are text, and both classes have their figures."""
    text = page(scores, record())
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<late>" not in text
    assert "&lt;made&gt;.csv" in text
    assert [text.count(f"<figure id='{of}-") for of in CLASSES] == [4, 4]


def test_few_origins_and_no_missile_are_drawn() -> None:
    """Three origins, the last beyond the end, draw without a verdict; a class of which none came has no figure."""
    counts, days = drawn(120)
    few = [score(counts, days, law, np.array([80, 90, 119]), draws=DRAWS) for law in (Law(), Law("other", r=1.0))]
    text = page(few, record())
    assert "No comparison rests on two blocks of origins" in text
    without = [replace(each, observed=each.observed * [1, 0]) for each in few]
    assert "missiles-ratio" not in page(without, record())
    nothing = [replace(each, observed=each.observed * np.nan, pit=each.pit * np.nan) for each in few]
    assert "nothing was scored" in page(nothing, record())
