"""The front pages of a report: figures as text, and the futures that they rest on."""

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
def test_quantiles_count_every_future(values: list[float], text: str) -> None:
    """Infinite values count; futures without a value are reported; equal quantiles are written once."""
    assert quantiles_text(np.array(values), 1.0) == text


def test_the_answer_says_on_how_many_futures_a_figure_rests() -> None:
    """A cost per kill that is undefined in the futures without a kill says in how many it is defined."""
    run = pocket()
    data = run.data.copy(deep=True)
    for name in ("kills", "spend"):
        data[name].loc[{"future": 3}] = 0
    titles = [row.title for row in answer_rows(RunResults(replace(run, data=data)))]
    assert [title for title in titles if title.endswith("(defined in 59 of 60 futures)")]
    assert not [row.title for row in answer_rows(RunResults(run)) if "defined in" in row.title]
