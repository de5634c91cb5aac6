"""Paired differences between runs, and refusals of runs that cannot be compared."""

from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest

from octoplan.api import Run, simulate
from octoplan.errors import Incomparable, RunError
from octoplan.outcomes.compare import (
    Comparison,
    Difference,
    compare,
    comparison_table,
    comparison_tables,
    difference,
    difference_cells,
)
from octoplan.outcomes.comparison_card import most_different
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.view import Measure
from octoplan.scenario import load
from tests.outcomes.runs import FUTURES, changed, pocket


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of pocket with half the requested output."""
    folder = tmp_path_factory.mktemp("half") / "s"
    return simulate(changed(folder, decisions={"[310, 280, 310]": "[155, 140, 155]"}), FUTURES, 1)


def test_decisions_do_not_affect_raids(half: Run) -> None:
    """Under both decisions the same threats arrive, by future and month."""
    assert (half.data["launched"] == pocket().data["launched"]).all()
    assert raid_identity(half) == raid_identity(pocket())


def test_differences_are_paired(half: Run) -> None:
    """A difference is the second run minus the first in each future; a constant difference has no error."""
    comparison = compare(pocket(), half)
    assert (comparison["made"].interval.mean, comparison["made"].interval.se_mean) == (-425, 0)
    leaked = [run.data["leaked"].sum(["month", "region", "threat"]).values for run in (pocket(), half)]
    paired = leaked[1] - leaked[0]
    row = comparison["leakers"]
    assert row.interval.mean == pytest.approx(paired.mean())
    assert row.interval.se_mean == pytest.approx(paired.std(ddof=1) / np.sqrt(FUTURES))
    assert row.variance_ratio == pytest.approx((leaked[0].var() + leaked[1].var()) / paired.var())
    assert row.variance_ratio > 1


def test_a_run_does_not_differ_from_itself() -> None:
    """Every difference between a run and itself is exactly zero."""
    rows = compare(pocket(), pocket()).differences[0]
    assert all(row.interval.mean == 0 for row in rows if row.interval.futures)


def test_other_costs_may_be_compared(tmp_path: Path) -> None:
    """Assumptions that do not affect raids may differ: a price does not change which threats arrive."""
    dearer = simulate(changed(tmp_path / "s", assumptions={"works.price,50": "works.price,60"}), FUTURES, 1)
    assert compare(pocket(), dearer)["spend"].interval.mean == pytest.approx(18_000)


@pytest.mark.parametrize(
    ("futures", "seed", "assumptions", "programme", "message"),
    [
        (FUTURES, 2, {}, {}, "seed 2 against 1 (another seed draws other raids"),
        (FUTURES, 1, {}, {"start = 2026-01-01": "start = 2026-02-01"}, "start 2026-02-01 against 2026-01-01"),
        (FUTURES, 1, {}, {"months = 3": "months = 2"}, "months 2 against 3"),
        (
            FUTURES,
            1,
            {"routine_mean,2": "routine_mean,3"},
            {},
            "packages (other packages, or other assumptions on them)",
        ),
        (FUTURES, 1, {"raids.level,1": "raids.level,2"}, {}, "raids (other assumptions on the raid process)"),
    ],
)
def test_runs_with_other_raids_are_refused(
    tmp_path: Path, futures: int, seed: int, assumptions: dict[str, str], programme: dict[str, str], message: str
) -> None:
    """The message names the inputs that differ, with their values, and a remedy."""
    second = simulate(changed(tmp_path / "s", assumptions=assumptions, programme=programme), futures, seed)
    with pytest.raises(Incomparable, match="Simulate both with the same seed") as refused:
        compare(pocket(), second, labels=("now", "then"))
    assert str(refused.value).startswith("cannot compare then with now: ")
    assert message in str(refused.value)


def test_runs_with_different_numbers_of_futures_are_compared_over_the_first(tmp_path: Path) -> None:
    """The differences are those of runs with as many futures as the shorter run, for any order of the runs."""
    old = "raids.level,1,,,fixed"
    scenario = changed(tmp_path / "a", assumptions={old: 'raids.level,"1:4; 1e7:1",,,discrete'})
    dearer = changed(
        tmp_path / "b",
        assumptions={old: 'raids.level,"1:4; 1e7:1",,,discrete', "works.price,50": "works.price,60"},
    )
    long = [simulate(s, 40, keep_going=True) for s in (scenario, dearer)]
    short = [simulate(s, 20, keep_going=True) for s in (scenario, dearer)]
    expected = compare(*short, labels=("a", "b"))
    assert 0 < short[0].failed < long[0].failed
    assert compare(long[0], short[1], labels=("a", "b")) == expected
    assert compare(short[0], long[1], labels=("a", "b")) == expected
    assert compare(*long, labels=("a", "b")).futures > expected.futures


def test_a_comparison_needs_two_runs() -> None:
    """At least two runs are needed, and a label for each."""
    with pytest.raises(RunError, match="at least 2"):
        compare(pocket())
    with pytest.raises(RunError, match="1 labels for 2 runs"):
        compare(pocket(), pocket(), labels=("one",))


def test_a_future_that_failed_in_one_run_is_excluded_from_both(tmp_path: Path) -> None:
    """Differences are over the futures that every run completed."""
    old = "raids.level,1,,,fixed"
    folder = changed(tmp_path / "a", assumptions={old: 'raids.level,"1:4; 1e7:1",,,discrete'})
    run = simulate(folder, 20, keep_going=True)
    comparison = compare(run, run)
    assert comparison.futures == 20 - run.failed
    assert comparison["kills"].interval.futures == comparison.futures


def test_text_of_a_comparison(half: Run) -> None:
    """The table states the runs and the number of futures, and omits measures without a difference."""
    text = str(compare(pocket(), half, labels=("full", "half")))
    assert "half minus full, on the same 60 futures" in text
    assert "good units made by" in text
    assert "trained crews at the end" not in text


def test_the_runs_are_of_the_builtin_scenario() -> None:
    """The scenario of these tests is the built-in scenario pocket."""
    assert pocket().scenario.hash == load("pocket").hash


def measure(*numbers: float, form: str = "amount") -> Measure:
    return Measure("key", "group", "title", "units", np.array(numbers), form)


def paired(first: Measure, second: Measure) -> Difference:
    finished = np.ones(len(first.values), bool)
    return difference(second, finished, first, finished, np.arange(len(finished)))


def test_a_difference_with_never_is_never() -> None:
    """Never minus a number is never, and counted; if both are never, the difference is undefined."""
    comparison = paired(measure(1, 2, inf, 3, form="month"), measure(2, inf, inf, 3, form="month"))
    i = comparison.interval
    assert (i.p10, i.p50, i.p90, i.mean, i.futures) == (0, 1, inf, inf, 3)
    assert isnan(i.se_mean)
    assert isnan(comparison.variance_ratio)
    assert not comparison.is_zero
    assert difference_cells(comparison)[1:5] == ("0", "1.00", "∞", "∞")


def test_a_difference_of_never_and_a_number_both_ways_has_no_mean() -> None:
    """If each run never reaches the output in some futures, quantiles are defined and the mean is not."""
    i = paired(measure(1, inf, 4), measure(inf, 1, 6)).interval
    assert (i.p10, i.p50, i.p90, i.futures) == (-inf, 2, inf, 3)
    assert isnan(i.mean)


def test_undefined_differences_are_counted() -> None:
    """A ratio 0/0 in either run has no difference; the row states the number of futures with a difference."""
    comparison = paired(measure(nan, 2, 4, 4), measure(1, nan, 6, 6))
    assert (comparison.interval.mean, comparison.interval.futures, comparison.is_zero) == (2, 2, False)
    assert paired(measure(nan, 2), measure(nan, 2)).is_zero
    table = comparison_table(Comparison(("a", "b"), 4, ((comparison,),), ()), "b", (comparison,))
    assert table.headings == ("measure", "P10", "P50", "P90", "mean", "SE mean", "var. ratio", "futures", "unit")
    assert table.sections[0][1][0][-2:] == ("2", "units")
    nowhere = paired(measure(nan, 1), measure(1, nan))
    assert (nowhere.interval.futures, nowhere.is_zero) == (0, False)
    assert comparison_table(Comparison(("a", "b"), 2, ((nowhere,),), ()), "b", (nowhere,)).sections[0][1][0][1:3] == (
        "–",
        "–",
    )


def test_a_certain_difference_needs_no_more_futures() -> None:
    """The variance ratio is infinite if the difference is constant; the table shows "exact"."""
    comparison = paired(measure(1, 2, 3), measure(2, 3, 4))
    assert comparison.variance_ratio == inf
    assert difference_cells(comparison)[-2] == "exact"
    assert comparison.interval.mean == 1


def test_standard_errors_in_months_have_at_most_two_decimals() -> None:
    """A standard error of a few seconds is below a hundredth of a month; with other units it has two digits."""
    first, second = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0003])
    for unit, text in (("months", "<0.01"), ("month", "<0.01"), ("units", "0.00010")):
        row = paired(Measure("a", "g", "a", unit, first), Measure("a", "g", "a", unit, second))
        assert difference_cells(row)[5] == text


def test_a_rounding_error_is_no_difference() -> None:
    """Values that differ in the last digits are equal; a ratio of variances above a thousand is not printed in full."""
    values = np.array([0.1, 0.3, 1e9])
    first = Measure("a", "g", "a", "1", values)
    assert difference(
        Measure("a", "g", "a", "1", values * (1 + 1e-12)), np.arange(3), first, np.arange(3), np.arange(3)
    ).is_zero
    other = Measure("a", "g", "a", "1", values + np.array([0.1, 0.1, 0.1001]))
    changed_rows = difference(other, np.arange(3), first, np.arange(3), np.arange(3))
    assert not changed_rows.is_zero
    assert difference_cells(changed_rows)[-2] == "> 1,000"


def test_the_measures_that_differ_most(half: Run) -> None:
    """The shorter table has the largest distinguishable differences, in the order of the longer one."""
    comparison = compare(pocket(), half)
    rows = most_different(comparison.differences[0], 3)
    assert len(rows) == 3
    keys = [row.key for row in comparison.differences[0]]
    assert [row.key for row in rows] == sorted((row.key for row in rows), key=keys.index)
    assert "made" in {row.key for row in most_different(comparison.differences[0], 10)}
    table = comparison_tables(comparison, 3)[0]
    assert sum(len(lines) for _, lines in table.sections) == 3
