"""The table of options on the first page of a report."""

from math import floor, log10
from pathlib import Path

import numpy as np

from octoplan.answer.totals import effect_of
from octoplan.api import simulate
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import load
from octoplan.show.annexes import defence
from octoplan.show.options import crews_and_kits_note, measures_of, options, other_defences_note
from octoplan.show.rounding import plus_minus, with_range
from tests.answer.variants import run_of
from tests.outcomes.runs import changed, octopus, pocket


def test_levels_are_means_with_and_without_the_programme() -> None:
    """The leakers of pocket with and without its programme, and their paired difference, are those of its tallies."""
    run = pocket()
    head, rows = options([RunResults(run)], ["pocket"])
    assert head == ("", "without the programme", "with the programme", "difference")
    leaked, without = (
        data["leaked"].sum(("month", "region", "threat")).values for data in (run.data, run.counterfactual)
    )
    row = next(row for row in rows if row[0].startswith("leakers"))
    difference = float((leaked - without).mean())
    decimals = len(row[3].split(" ± ")[0].partition(".")[2])
    assert decimals == 2 - floor(log10(abs(difference)))
    assert float(row[3].split(" ± ")[0]) == round(difference, decimals)
    for cell, values in zip(row[1:3], (without, leaked), strict=True):
        mean, range_text = cell.split(" (")
        assert mean == f"{values.mean():.{decimals}f}"
        assert range_text == with_range(interval(values)).split(" (")[1]


def test_levels_subtract_to_the_difference() -> None:
    """The levels of octopus are as fine as their difference: with less without is the difference within rounding."""
    _, rows = options([RunResults(octopus())], ["octopus"])
    assert len(rows) == 6
    for _, without, level, paired in rows[:-1]:
        low, high, change = (float(c.split(" (")[0].split(" ± ")[0].replace(",", "")) for c in (without, level, paired))
        resolution = 10.0 ** (floor(log10(abs(change))) - 2)
        assert abs(high - low - change) <= 1.01 * resolution


def test_other_defences_have_the_titles_of_the_layers() -> None:
    """At most three layers other than interceptors are named, in lower case; without raids there is no such note."""
    note = other_defences_note(octopus())
    assert note == "Other defences: electronic warfare, guns and mobile groups, medium-range missiles, and others."
    assert other_defences_note(pocket()) == "Other defences: missile."
    assert other_defences_note(run_of("production only")) == ""


def test_the_net_benefit_is_that_of_the_answer() -> None:
    """In the table, the net benefit of the programme is the damage avoided less its cost, and has no level."""
    for run in (pocket(), octopus()):
        results = RunResults(run)
        row = options([results], ["this run"]).rows[-1]
        assert row[1:3] == ("", "")
        effect = effect_of(interval(results.net_benefit / 1e6, futures=run.finished_futures))
        assert row[3] in {plus_minus(effect), plus_minus(effect, 1e-6)}
        assert row[0].endswith("M GBP (2025)" if row[3] == plus_minus(effect) else ", GBP (2025)")


def test_another_option_is_compared_future_by_future(tmp_path: Path) -> None:
    """The last column is the other run minus the first, over the futures that both finished, with all spend."""
    scenario = changed(tmp_path / "more", decisions={"intake = 0": "intake = 4"})
    planned, option = pocket(), simulate(scenario, 60, 1)
    option.status[3] = 1
    head, rows = options([RunResults(planned), RunResults(option)], ["as planned", "more crews"])
    assert head[-1] == "more crews minus as planned"
    spend, planned_spend = (run.data["spend"].sum(("month", "cost", "payer")).values for run in (option, planned))
    layers, planned_layers = (
        run.data["spend"].sel(cost="layers").sum(("month", "payer")).values for run in (option, planned)
    )
    futures = option.finished_futures
    extra = (spend - layers - planned_spend + planned_layers)[futures] / 1e6
    row = next(row for row in rows if row[0].startswith("spend on interceptors of all makers, crews and kits"))
    assert extra.mean() > 0.0
    assert row[-1] == plus_minus(effect_of(interval(1e6 * extra, futures=futures)))
    assert row[0].endswith("kits, GBP (2025)")


def test_without_raids_there_are_units_and_cost() -> None:
    """A scenario without raids has no rows of leakers, damage and net benefit, and no charts of threats."""
    results = RunResults(run_of("production only"))
    assert [row[0].split(",")[0] for row in options([results], ["this run"]).rows] == [
        "interceptors made that pass their checks", "spend on interceptors of all makers",
    ]  # fmt: skip
    assert [figure.name for figure in defence(results)] == ["crews"]


def test_the_spend_on_crews_and_kits_is_stated() -> None:
    """Crews and kits that the decisions buy are not in the cost of the programme; a note has what they cost."""
    run = simulate(load("pocket").change({"crews.intake": 20, "kits.order": 20}), 4)
    spend = run.data["spend"].sel(cost=["training", "crews", "kits"]).sum(("month", "cost", "payer")).values
    assert spend.mean() > 0.0
    without = run.counterfactual["spend"].sel(cost=["training", "crews", "kits"]).sum(("month", "cost", "payer")).values
    assert np.array_equal(spend, without)
    assert spend.mean() < 1e6
    assert f" {with_range(interval(spend), 1.0, 'GBP (2025)')} " in crews_and_kits_note(RunResults(run))


def test_money_is_nominal_in_a_nominal_report() -> None:
    """The unit of nominal money is in the titles of the rows, and the levels are inflated."""
    results = RunResults(simulate(load("octopus"), 2), nominal=True)
    real = RunResults(results.run)
    assert "GBP (nominal)" in options([results], ["this run"]).rows[2][0]
    assert np.all(measures_of(results)["cost"].values > measures_of(real)["cost"].values)
