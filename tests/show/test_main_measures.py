"""The ten key results of a run are the same in all summaries: command line, report, card, page and workbook."""

import pytest

from octoplan.app.answers import Sample, answer
from octoplan.outcomes.main_measures import FIRST_MEASURES, MAIN_MEASURES, main_keys, main_variant
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_card import run_card
from octoplan.outcomes.run_results import RunResults
from octoplan.show.export_workbook import key_rows
from octoplan.show.front import answer_rows, answer_table
from tests.outcomes.runs import octopus, pocket


@pytest.fixture(scope="module", params=["pocket", "octopus"])
def run(request: pytest.FixtureRequest) -> Run:
    return {"pocket": pocket, "octopus": octopus}[request.param]()


def test_all_summaries_show_the_same_measures(run: Run) -> None:
    """Titles of the measures, in one order; only the page begins with those that are always visible."""
    results = RunResults(run)
    keys = main_keys(results.measures)
    titles = [results.measures[key].title for key in keys]
    assert [row.title.partition(" (defined in")[0] for row in answer_rows(results)] == titles
    assert [row[0].partition(" (defined in")[0] for row in answer_table(results).sections[0][1]] == titles
    assert [row[0] for row in run_card(results.key_results).rows] == titles
    assert [row.key for row in key_rows(results.key_results)] == keys
    sample = Sample(run)
    top_keys = [row["key"] for row in answer(sample, sample, "results")["top_results"]]
    assert sorted(top_keys) == sorted(keys)
    assert top_keys[:4] == [main_variant(key, results.measures) for key in FIRST_MEASURES]


def test_octopus_has_ten_key_results_and_pocket_those_that_it_has() -> None:
    """A scenario without targets for the output has no first month with an output; nothing else is left out."""
    assert len(main_keys(RunResults(octopus()).measures)) == len(MAIN_MEASURES) == 10
    measures = RunResults(pocket()).measures
    missing = {key for key in MAIN_MEASURES if main_variant(key, measures) not in measures}
    assert missing <= {"reach"}
