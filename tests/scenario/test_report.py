"""Reports of problems: their order, quoted values and suggested names."""

import pickle

from octoplan.errors import Problem, ScenarioError
from octoplan.scenario.report import did_you_mean, quoted


def test_a_report_is_sorted_and_can_be_pickled() -> None:
    """Problems are listed by file and line, one line each, and the error survives pickling."""
    problems = [Problem("b.csv", 3, "late"), Problem("b.csv", 0, "two\nlines"), Problem("a.csv", 9, "first")]
    error = ScenarioError(problems)
    assert str(error) == "a.csv:9: first\nb.csv: two lines\nb.csv:3: late"
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_long_values_are_shortened_and_close_words_suggested() -> None:
    """A message quotes a value on one short line and suggests the closest known word."""
    assert quoted("x\n" * 100).endswith("...'")
    assert len(quoted("x\n" * 100)) <= 60
    assert did_you_mean("kyiv-cit", ["kyiv-city", "lviv"]) == "did you mean 'kyiv-city'?"
    assert did_you_mean("zzz", ["kyiv-city", "lviv"]) == "expected one of kyiv-city, lviv"
