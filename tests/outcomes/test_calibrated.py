"""A calibrated scenario in a run, its folder, its workbook, a plan, the report and the page."""

import io
import re
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from octoplan.api import Run
from octoplan.app.answers import Sample, answer
from octoplan.app.changes import Changes, apply_changes
from octoplan.app.panels import assumptions
from octoplan.outcomes import store
from octoplan.outcomes.export import assumptions as assumption_table
from octoplan.outcomes.median_case import median_case
from octoplan.outcomes.run import first_futures
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import sensitivities
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.outcomes.state import state_of
from octoplan.plan.goals import Goals, Target
from octoplan.plan.optimise import optimise
from octoplan.scenario.scenario import with_state
from octoplan.show.formula_workbook import formula_workbook
from octoplan.show.front import answer_rows
from octoplan.show.provenance import calibrated_assumptions
from octoplan.show.report import report
from tests.outcomes.runs import CALIBRATED, calibrated, calibrated_scenario, ranged

P_KILL, DAMAGE = CALIBRATED
P_KILL_WORDS = "kill probability given contact, at the release of a block (pocket, drone)"


@pytest.fixture(scope="module")
def run() -> Run:
    return calibrated()


def columns_of(run: Run) -> list[int]:
    return [run.scenario.columns.index(name) for name in CALIBRATED]


def test_the_draws_of_a_run_are_lines_of_the_posterior(run: Run) -> None:
    """Every future has a line of the joint draws; the medians are those of the columns."""
    joint = run.scenario.joint_draws
    assert joint is not None
    pairs = {tuple(line) for line in joint.values.tolist()}
    ordered = [run.scenario.columns[i] for i in joint.columns]
    rows = run.assumptions.values[:, [run.scenario.columns.index(name) for name in ordered]]
    assert {tuple(row) for row in rows.tolist()} <= pairs
    assert run.medians[columns_of(run)].tolist() == [
        float(next(a for a in run.scenario.assumptions if a.name == name).quantile(0.5)) for name in CALIBRATED
    ]


def test_a_run_folder_keeps_the_joint_draws(run: Run, tmp_path: Path) -> None:
    """A run that is read from its folder has the same scenario, draws and priors."""
    store.save(first_futures(run, 8), tmp_path / "run")
    restored = store.read(tmp_path / "run")
    assert restored.scenario.hash == run.scenario.hash
    assert np.array_equal(restored.assumptions.values, run.assumptions.values[:8])
    assert np.array_equal(restored.medians, run.medians)
    assert set(restored.scenario.priors) == set(CALIBRATED)


def test_sensitivities_use_the_draws(run: Run) -> None:
    """A calibrated assumption has the sensitivity of its draws, with their P10 and P90."""
    values = run.assumptions.values[:, columns_of(run)[0]]
    top = sensitivities(run, values)[0]
    assert top.assumption.name == P_KILL
    assert top.p10_p90 == pytest.approx(tuple(np.quantile(values, (0.1, 0.9))))


def test_workbooks_have_the_medians_of_the_posterior(run: Run) -> None:
    """The formula workbook has each calibrated assumption at its median; the export its P10, P50 and P90."""
    book = openpyxl.load_workbook(io.BytesIO(formula_workbook(median_case(run))), read_only=True)
    assert "Assumptions" in book.sheetnames
    table = assumption_table(run)
    head = [column.name for column in table.columns]
    row = next(dict(zip(head, row, strict=True)) for row in table.rows if row[0] == P_KILL)
    assert row["distribution"] == "posterior"
    assert row["p10"] == float(next(a for a in run.scenario.assumptions if a.name == P_KILL).quantile(0.1))


def test_a_known_state_and_a_plan_keep_the_posterior(run: Run) -> None:
    """The draws from a known state on are those of the posterior, and a plan is found from them."""
    state = state_of(run, date(2026, 2, 1), "the run")
    scenario = with_state(calibrated_scenario(), state.text)
    assert np.array_equal(draw_assumptions(scenario, 40, 1), draw_assumptions(run.scenario, 40, 1))
    plan = optimise(scenario, Goals(target=Target(250.0, 1, 1000.0)), futures=2, gap=1e-2)
    assert plan.scenario.joint_draws is not None


def test_the_report_has_prior_and_posterior(run: Run) -> None:
    """A table of the report has the quantiles of prior and posterior; without calibration there is no such table."""
    text = report(run)
    table = text[text.index("calibrated assumption</th>") :]
    row = re.search(rf"<tr><th scope='row'>{re.escape(P_KILL)}</th>(.*?)</tr>", table)
    assert row
    cells = re.findall("<td>(.*?)</td>", row[1])
    prior, posterior = run.scenario.priors[P_KILL], next(a for a in run.scenario.assumptions if a.name == P_KILL)
    expected = [float(a.quantile(q)) for a in (prior, posterior) for q in (0.1, 0.5, 0.9)]
    assert [float(cell) for cell in cells[:6]] == pytest.approx(expected, rel=1e-3)
    assert expected[5] < expected[2]
    assert calibrated_assumptions(ranged()) is None
    assert "calibrated assumption</th>" not in report(ranged())


def test_results_that_rest_on_red_rows_are_marked(run: Run) -> None:
    """A result is marked if a red, uncalibrated assumption is among its main drivers, and the assumption is named."""
    before = {row.title: row.rests_on for row in answer_rows(RunResults(ranged()))}
    after = {row.title: row.rests_on for row in answer_rows(RunResults(run))}
    assert before["leakers, all classes"] == (P_KILL_WORDS,)
    assert after["leakers, all classes"] == ()
    assert after["cost of the programme"][0] == "uplift on capital and production cost"
    assert P_KILL_WORDS in report(ranged())
    text = report(run)
    front = text[: text.index("<section class='annex'")]
    assert "leakers, all classes</a></th>" in front
    assert "cost of the programme</a>&nbsp;■</th>" in front
    assert "<li>cost of the programme: uplift on capital and production cost; " in front
    assert "91 assumptions are rated red: estimates that have not been confirmed; 2 of these are calibrated." in text


def test_the_page_has_priors_and_marks(run: Run) -> None:
    """The data of the page have the prior of each calibrated assumption, and the assumptions a result rests on."""
    rows = {row["name"]: row for row in assumptions(run.scenario)}
    prior = run.scenario.priors[DAMAGE]
    assert rows[DAMAGE]["prior"] == {
        "p10": float(prior.quantile(0.1)), "p50": float(prior.quantile(0.5)), "p90": float(prior.quantile(0.9)),
        "fixed": False, "prices": None,
    }  # fmt: skip
    assert rows["crews.on_duty"]["prior"] is None
    sample = Sample(run)
    content = answer(sample, sample, "results")
    assert content["rests_on"]["leakers"] == ()
    assert content["rests_on"]["programme/cost"][0] == "uplift on capital and production cost"
    few = Sample(first_futures(run, 64))
    assert set(answer(few, few, "results")["rests_on"].values()) == {()}


def test_an_edited_row_has_no_prior_on_the_page() -> None:
    """A calibrated row that was changed on the page is not shown as calibrated."""
    edited = apply_changes(calibrated_scenario(), Changes({P_KILL: "0.7"}))
    row = next(row for row in assumptions(edited) if row["name"] == P_KILL)
    assert row["prior"] is None
    assert row["fixed"]
