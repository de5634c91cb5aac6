"""The front pages of a report: results as text, with the number of futures in which they are defined."""

from dataclasses import replace

import numpy as np
import pytest

from octoplan.outcomes.run_results import RunResults
from octoplan.show.front import answer_rows, quantiles_text
from tests.outcomes.runs import pocket


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0, 3.0], "2.00 (1.20 to 2.80)"),
        ([2.0, 2.0], "2.00"),
        ([1.0, np.inf, np.inf], "∞ (1.00 to ∞)"),
        ([1.0, np.nan, 1.0], "1.00, 2 of 3 futures"),
        ([np.nan], "undefined"),
    ],
)
def test_text_of_quantiles(values: list[float], text: str) -> None:
    """Infinite values are included, undefined ones are reported, and equal quantiles are written once."""
    assert quantiles_text(np.array(values), 1.0) == text


def test_the_answer_gives_the_number_of_futures_of_a_result() -> None:
    """A cost per kill that is undefined in one future has the number of futures in which it is defined."""
    run = pocket()
    data = run.data.copy(deep=True)
    for name in ("kills", "spend"):
        data[name].loc[{"future": 3}] = 0
    titles = [row.title for row in answer_rows(RunResults(replace(run, data=data)))]
    assert [title for title in titles if title.endswith("(defined in 59 of 60 futures)")]
    assert not [row.title for row in answer_rows(RunResults(run)) if "defined in" in row.title]
