"""The chart of the marginal million, and the gains per million from which it is drawn."""

from math import isnan
from typing import Any

import numpy as np
import pytest

from octoplan.answer.answer import Answer, answer_of
from octoplan.answer.marginal import per_million
from octoplan.answer.totals import Effect
from octoplan.outcomes.run_results import RunResults
from octoplan.show.marginal_chart import can_be_bought, marginal_million, ranked, ratio, saves
from tests.answer.variants import answer
from tests.outcomes.runs import pocket


def draw(numbers: Answer) -> Any:
    figure = marginal_million(numbers)
    assert figure is not None
    return figure


def test_the_gain_per_million_is_a_ratio_of_means() -> None:
    """Of gains 18, 20 and 22 for costs of 9, 10 and 11 M, 2 are gained per million in every future, without error."""
    gain, cost, futures = np.array([18.0, 20.0, 22.0]), np.array([9e6, 10e6, 11e6]), np.arange(3)
    assert per_million(gain, cost, futures) == Effect(2.0, 0.0)


def test_the_interval_of_a_ratio_covers_it() -> None:
    """In 95 % of samples of 40 futures, the interval covers the ratio of the expected gain and cost, 3 per million."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        cost = 1e6 * rng.gamma(8.0, 0.25, 40)
        gain = 3e-6 * cost + rng.normal(0.0, 2.0, 40)
        item = per_million(gain, cost, np.arange(40))
        covered += item.low <= 3.0 <= item.high
    assert 0.92 < covered / 400 < 0.98


@pytest.mark.parametrize("cost", [[0.0, 0.0], [-1e6, -2e6], [-5e6, 6e6]])
def test_a_change_without_a_clear_cost_has_no_ratio(cost: list[float]) -> None:
    """Nothing is gained per million if the change costs nothing, saves money, or the sign of its cost is unclear."""
    item = per_million(np.array([1.0, 2.0]), np.array(cost), np.arange(2))
    assert isnan(item.mean)
    assert isnan(item.half_width)


@pytest.mark.parametrize("name", ["one crew", "production only", "few interceptors"])
def test_every_change_has_a_row_the_largest_gain_first(name: str) -> None:
    """Bars are the gains per million of the changes tested, in falling order; those without a clear cost are last."""
    numbers = answer(name)
    figure, changes = draw(numbers), ranked(numbers)
    assert {item.key for item in changes} == {item.key for item in numbers.marginal.effects} | {
        item.key for item in numbers.marginal.doubled
    }
    gains = [ratio(numbers, item).mean for item in changes]
    defined = [gain for gain in gains if not isnan(gain)]
    assert defined == sorted(defined, reverse=True)
    assert list(figure.data[0].x) == pytest.approx([0.0 if isnan(gain) else gain for gain in gains])
    assert len(figure.layout.yaxis.ticktext) == len(changes)
    assert figure.layout.xaxis.title.text.startswith(
        "good units made per M GBP" if name == "production only" else "leakers prevented per M GBP"
    )


@pytest.mark.parametrize("name", ["one crew", "one kit", "few interceptors", "ample", "nothing made"])
def test_the_title_names_a_change_that_can_be_bought(name: str) -> None:
    """The change in the title is no delay avoided, and its gain excludes zero; or the title says there is none."""
    numbers = answer(name)
    title = draw(numbers).layout.title.text
    buyable = [item for item in ranked(numbers) if can_be_bought(item)]
    saving = [item for item in buyable if saves(numbers, item)]
    best = next((item for item in buyable if numbers.marginal.is_positive(ratio(numbers, item))), None)
    best = max(saving, key=lambda item: item.prevented.mean, default=best)
    assert ("No change tested" in title) == (best is None)
    if best is not None:
        assert best.title[1:20] in title
        assert ("for less money" in title) == bool(saving)


def test_the_ratio_of_a_change_is_that_of_its_effects() -> None:
    """The gain per million is the mean of the leakers prevented over the mean cost, where that is clear."""
    numbers = answer_of(RunResults(pocket()), 8)
    assert numbers is not None
    clear = [item for item in numbers.marginal.effects if item.cost.sign > 0]
    assert clear
    for item in clear:
        assert item.prevented_per_million.mean == pytest.approx(1e6 * item.prevented.mean / item.cost.mean)
        assert item.units_per_million.mean == pytest.approx(1e6 * item.units.mean / item.cost.mean)
