"""Calibrated rows: joint draws of ``posterior.csv``, priors, summaries, and the files of a calibrated scenario."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from octoplan.app import panels
from octoplan.app.changes import Changes, apply_changes
from octoplan.app.folders import read_upload, zip_archive
from octoplan.cli.main import main
from octoplan.errors import CalibrationError, ScenarioError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Floats
from octoplan.scenario.calibrated import calibrated_files, is_informed, rows_correlated_with, with_priors
from octoplan.scenario.csv_text import row_dicts
from octoplan.scenario.distributions import Sample
from octoplan.scenario.scenario import read_files
from octoplan.scenario.workbook.writing import write_workbook
from tests.scenario.folder import FILES, write

NAMES = (
    "crews.on_duty", "suppliers.*.price", "suppliers.cameras.price", "plants.*.hours_first",
    "engagement.drone.*.p_contact",
)  # fmt: skip
"""Calibrated rows, not in the order of the assumptions; the price rows and the hours are correlated."""
LINES = 250


def joint(lines: int = LINES, seed: int = 5) -> Floats:
    """(lines, names) correlated draws in the units of the parameters, none of them normal."""
    z = np.random.default_rng(seed).standard_normal((lines, len(NAMES)))
    z[:, 1] = 0.9 * z[:, 0] + 0.4 * z[:, 1]
    z[:, 4] = -0.8 * z[:, 0] + 0.6 * z[:, 4]
    share = 1 / (1 + np.exp(-z))
    return np.column_stack([
        0.3 + 0.4 * share[:, 0], 11 * np.exp(0.2 * z[:, 1]), 2400 + 150 * z[:, 2], 12 + 8 * share[:, 3],
        0.25 + 0.2 * share[:, 4],
    ])  # fmt: skip


def calibrated(scenario: Scenario, names: tuple[str, ...] = NAMES, draws: Floats | None = None) -> Scenario:
    """The scenario with calibrated rows."""
    files = calibrated_files(scenario, names, joint() if draws is None else draws, {"crews.on_duty": "prior 0.5"})
    return read_files({**scenario.files, **files}, "calibrated")


@pytest.fixture
def posterior(scenario: Scenario) -> Scenario:
    return calibrated(scenario)


def changed(scenario: Scenario, file: str, old: str, new: str) -> Scenario:
    """The scenario with a text in one file replaced."""
    text = scenario.files[file].decode()
    assert old in text
    return read_files({**scenario.files, file: text.replace(old, new).encode()}, "calibrated")


def problems_of(scenario: Scenario, file: str, old: str, new: str) -> list[str]:
    """The problems after a text in one file is replaced."""
    with pytest.raises(ScenarioError) as error:
        changed(scenario, file, old, new)
    return [str(problem) for problem in error.value.problems]


def rank_correlations(draws: Floats) -> Floats:
    """(names, names) Spearman's rank correlations of the columns."""
    return np.asarray(spearmanr(draws).statistic)


def column(scenario: Scenario, name: str) -> int:
    return scenario.columns.index(name)


def test_every_future_has_one_line_of_the_joint_draws(posterior: Scenario) -> None:
    """The posterior rows of a future are one line of ``posterior.csv``; all lines are used equally often."""
    futures = draw_assumptions(posterior, 8 * LINES, 3)
    rows = futures[:, [column(posterior, name) for name in NAMES]]
    lines = {tuple(line): i for i, line in enumerate(posterior_lines(posterior).tolist())}
    used = np.array([lines[tuple(row)] for row in rows.tolist()])
    counts = np.bincount(used, minlength=LINES)
    assert counts.min() > 0
    assert counts.max() <= 20


def posterior_lines(scenario: Scenario) -> Floats:
    """(lines, names) the numbers of ``posterior.csv``."""
    rows = list(csv.reader(io.StringIO(scenario.files["posterior.csv"].decode())))
    assert tuple(rows[0]) == NAMES
    return np.array(rows[1:], np.float64)


def test_rank_correlations_of_the_draws_are_those_of_the_lines(posterior: Scenario) -> None:
    """The rank correlations of futures are those of the joint draws, within their sampling error."""
    futures = draw_assumptions(posterior, 2000, 1)[:, [column(posterior, name) for name in NAMES]]
    expected, realised = rank_correlations(joint()), rank_correlations(futures)
    assert abs(expected[0, 4]) > 0.6
    assert np.abs(realised - expected).max() < 0.05


def test_the_first_row_is_its_empirical_quantile(posterior: Scenario) -> None:
    """The first posterior row of the assumptions is the quantile of its column at its uniform draw."""
    uniforms = np.random.default_rng(2).random((500, len(posterior.columns)))
    first = min(NAMES, key=posterior.columns.index)
    assert first == "plants.*.hours_first"
    lines = np.sort(posterior_lines(posterior)[:, NAMES.index(first)])
    expected = lines[(uniforms[:, column(posterior, first)] * LINES).astype(int)]
    assert np.array_equal(posterior.quantiles(uniforms)[:, column(posterior, first)], expected)


def test_draws_of_a_future_do_not_depend_on_other_futures(posterior: Scenario) -> None:
    """Each future has the same draws alone as together with others; the largest uniform draw is valid."""
    uniforms = np.random.default_rng(4).random((60, len(posterior.columns)))
    uniforms[0], uniforms[1] = 2.0**-53, 1 - 2.0**-53
    together = posterior.quantiles(uniforms)
    alone = np.vstack([posterior.quantiles(uniforms[i : i + 1]) for i in range(60)])
    assert np.array_equal(together, alone)
    assert np.isfinite(together).all()


def test_other_rows_keep_their_draws(scenario: Scenario, posterior: Scenario) -> None:
    """Rows that are not calibrated have the same draws, bit by bit, as before calibration."""
    uniforms = np.random.default_rng(6).random((40, len(scenario.columns)))
    others = [i for i, name in enumerate(scenario.columns) if name not in NAMES]
    assert np.array_equal(scenario.quantiles(uniforms)[:, others], posterior.quantiles(uniforms)[:, others])


def test_medians_are_those_of_the_columns(scenario: Scenario, posterior: Scenario) -> None:
    """The median of a posterior row is that of its column, not a line; other scenarios have the draw at 0.5."""
    middle = np.full((1, len(scenario.columns)), 0.5)
    assert np.array_equal(scenario.medians, scenario.quantiles(middle)[0])
    for i, name in enumerate(NAMES):
        expected = np.sort(posterior_lines(posterior)[:, i])[LINES // 2]
        assert posterior.medians[column(posterior, name)] == expected


def test_written_files_restore_the_draws(scenario: Scenario, posterior: Scenario) -> None:
    """The draws in the folder are those given, to six digits; low, value and high are their P10, median and P90."""
    assert posterior_lines(posterior) == pytest.approx(joint(), rel=5e-6)
    rows = {assumption.name: assumption for assumption in posterior.assumptions}
    for i, name in enumerate(NAMES):
        row, before = rows[name], next(a for a in scenario.assumptions if a.name == name)
        assert isinstance(row.marginal, Sample)
        assert row.marginal.values == tuple(posterior_lines(posterior)[:, i])
        low, value, high = (float(row.quantile(p)) for p in (0.1, 0.5, 0.9))
        assert [row.low, row.value, row.high] == pytest.approx([low, value, high], rel=5e-3)
        assert (row.unit, row.sources, row.quality) == (before.unit, before.sources, before.quality)
        assert posterior.priors[name].marginal == before.marginal
    assert rows["crews.on_duty"].note == "prior 0.5"
    assert rows["suppliers.*.price"].note == ""


def test_only_the_calibrated_rows_change(scenario: Scenario, posterior: Scenario) -> None:
    """Other rows of ``assumptions.csv`` are unchanged, in the same order."""
    before, after = (row_dicts(s.files["assumptions.csv"]) for s in (scenario, posterior))
    assert [row["name"] for row in before] == [row["name"] for row in after]
    assert [r for r in before if r["name"] not in NAMES] == [r for r in after if r["name"] not in NAMES]


def test_correlations_summarise_the_joint_draws(posterior: Scenario) -> None:
    """Rank correlations of at least 0.3 are written with a note; the copula does not use them."""
    pairs = {frozenset((c.a, c.b)): c for c in posterior.correlations}
    ranks = rank_correlations(joint())
    for i, a in enumerate(NAMES):
        for j, b in enumerate(NAMES[:i]):
            assert (frozenset((a, b)) in pairs) == (abs(ranks[i, j]) >= 0.3)
    pair = pairs[frozenset(("crews.on_duty", "suppliers.*.price"))]
    assert pair.rank_correlation == pytest.approx(ranks[0, 1], abs=0.005)
    assert pair.note == "from the joint draws of posterior.csv"
    assert "rank correlation" not in " ".join(str(warning) for warning in posterior.warnings)


def test_priors_and_their_correlations_are_restored(scenario: Scenario, posterior: Scenario) -> None:
    """``with_priors`` gives the draws of the scenario before calibration, bit by bit, and its data."""
    before = with_priors(posterior)
    assert "posterior.csv" not in before.files
    assert row_dicts(before.files["assumptions.csv"]) == row_dicts(scenario.files["assumptions.csv"])
    assert np.array_equal(draw_assumptions(before, 50, 1), draw_assumptions(scenario, 50, 1))
    assert with_priors(scenario) is scenario


def test_a_second_calibration_keeps_the_original_prior(scenario: Scenario, posterior: Scenario) -> None:
    """A folder that is calibrated again keeps the priors, and gives back the same scenario before calibration."""
    again = calibrated(posterior, NAMES, joint(300, 9))
    assert again.files["prior.csv"] == posterior.files["prior.csv"]
    assert again.files["prior-correlations.csv"] == posterior.files["prior-correlations.csv"]
    assert np.array_equal(draw_assumptions(with_priors(again), 50, 1), draw_assumptions(scenario, 50, 1))
    assert again.joint_draws is not None
    assert len(again.joint_draws.values) == 300


def test_a_row_edited_after_calibration_is_a_new_prior(scenario: Scenario, posterior: Scenario) -> None:
    """An edited row that is calibrated again has the edited row as its prior."""
    edited = apply_changes(posterior, Changes({"crews.on_duty": "0.3 to 0.4"}))
    again = calibrated(edited, NAMES, joint(300, 9))
    assert again.priors["crews.on_duty"].low == 0.3
    assert again.priors["suppliers.*.price"].marginal == scenario.row_of("suppliers", "price", "motors-a").marginal


def test_money_is_at_the_price_base_of_the_scenario(scenario: Scenario) -> None:
    """A row in prices of another year is stated at the price base of the scenario, as its draws are."""
    name = "plants.yard.labour_rate"
    assert next(a for a in scenario.assumptions if a.name == name).price_base == 2023
    draws = np.random.default_rng(1).uniform(400, 500, (100, 1))
    after = calibrated(scenario, (name,), draws)
    assert next(a for a in after.assumptions if a.name == name).price_base == scenario.price_base
    futures = draw_assumptions(after, 64, 1)[:, column(after, name)]
    assert set(futures) <= set(after.joint_draws.values[:, 0]) if after.joint_draws else False


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("posterior.csv", "crews.on_duty,", "crews.on_dutty,",
         ["crews.on_duty: cannot have the distribution posterior, because posterior.csv has no column crews.on_duty"]),
        ("prior.csv", "\ncrews.on_duty,0.5", "\ncrews.course,0.5",
         ["assumptions.csv:104: crews.on_duty: is calibrated and has no row in prior.csv; add the row as it was",
          "prior.csv:2: crews.course: '0.5 1' is a dimensionless number"]),
        ("prior.csv", "\nplants.*.hours_first,", "\nplants.works.hours_first,",
         ["plants.*.hours_first: is calibrated and has no row in prior.csv",
          "prior.csv:5: there is no row 'plants.works.hours_first' in assumptions.csv; remove the row"]),
        ("prior.csv", "\ncrews.on_duty,0.5,,,fixed", "\ncrews.on_duty,0.5,0.4,0.6,posterior",
         ["prior.csv:2: crews.on_duty: cannot have the distribution posterior, because it is not calibrated"]),
        ("correlations.csv", "\ncrews.on_duty,suppliers.*.price", "\ncrews.on_duty,currencies.*.inflation",
         ["has no column 'currencies.*.inflation', and cannot be correlated with it; calibrate both rows together"]),
        ("prior-correlations.csv", "\nsuppliers.*.price,", "\nsuppliers.*.prise,",
         ["prior-correlations.csv:2: there is no row 'suppliers.*.prise' in assumptions.csv",
          "prior-correlations.csv:3: there is no row 'suppliers.*.prise' in assumptions.csv"]),
    ],
)  # fmt: skip
def test_inconsistent_files_are_reported(
    posterior: Scenario, file: str, old: str, new: str, expected: list[str]
) -> None:
    """A posterior row without column or prior, a prior without row, and correlations with other rows are errors."""
    problems = problems_of(posterior, file, old, new)
    assert all(problem.startswith("calibrated/") for problem in problems)
    assert [text for text in expected if not any(text in problem for problem in problems)] == []


def cells_of(scenario: Scenario, name: str) -> Mapping[str, str]:
    return next(row for row in row_dicts(scenario.files["assumptions.csv"]) if row["name"] == name)


@pytest.mark.parametrize(("cell", "quantile"), [("low", "P10"), ("value", "median"), ("high", "P90")])
def test_a_summary_that_differs_from_its_column_is_an_error(posterior: Scenario, cell: str, quantile: str) -> None:
    """Low, value and high of a posterior row must be the quantiles of its column; the message says what would do."""
    cells = cells_of(posterior, "crews.on_duty")
    order = ("name", "value", "low", "high", "distribution")
    old = ",".join(cells[c] for c in order)
    number = f"{float(cells[cell]) + 0.002:.15g}"
    (problem,) = problems_of(
        posterior, "assumptions.csv", old, ",".join({**cells, cell: number}[column] for column in order)
    )
    assert f"crews.on_duty: {cell} {number} is not the {quantile} of its column in posterior.csv" in problem
    assert "to state your own range change the distribution, or calibrate again" in problem
    for empty in ("", "0.4 to 0.6"):
        with pytest.raises(ScenarioError) as error:
            changed(posterior, "assumptions.csv", old, f"crews.on_duty,{empty},,,posterior")
        assert "value" in str(error.value)


def test_a_summary_may_be_interpolated(posterior: Scenario) -> None:
    """The quantiles of a row may be interpolated between two draws, as numpy does."""
    cells = cells_of(posterior, "suppliers.cameras.price")
    values = np.array(posterior_lines(posterior)[:, 2])
    low, value, high = (f"{float(f'{np.quantile(values, p):.3g}'):g}" for p in (0.1, 0.5, 0.9))
    old = ",".join(cells[c] for c in ("name", "value", "low", "high"))
    after = changed(posterior, "assumptions.csv", old, f"suppliers.cameras.price,{value},{low},{high}")
    assert after.joint_draws is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "posterior.csv:1: is empty"),
        ("crews.on_duty\n" + "0.5\n" * 99, "posterior.csv: has 99 joint draws; at least 100 are needed"),
        ("crews.on_duty\n" + "0.5\n" * 150 + "half\n", "posterior.csv:152: crews.on_duty: 'half' is not a number"),
        ("crews.on_duty\n" + "0.5\n" * 150 + "inf\n", "posterior.csv:152: crews.on_duty: 'inf' is not a finite number"),
        ("crews.on_duty,crews.on_duty\n" + "0.5,0.5\n" * 150, "the header has the column 'crews.on_duty' twice"),
        ("crews.on_duty;crews.washout\n" + "0.5;0.5\n" * 150, "the cells are not separated by commas"),
        ("crews.on_duty\n" + "0.5\n" * 150 + "1.5\n", "crews.on_duty: posterior.csv, line 152: 1.5 is outside the"),
    ],
)
def test_an_invalid_posterior_is_reported(small: Path, text: str, expected: str) -> None:
    """A posterior file with too few lines, invalid numbers or an invalid header is reported with its line."""
    rows = FILES["assumptions.csv"].replace("crews.on_duty,0.5,,,fixed", "crews.on_duty,0.5,0.5,0.5,posterior")
    prior = "name,value,low,high,distribution,unit,price_base,source,quality,owner,date,note\n"
    prior += "crews.on_duty,0.5,,,fixed,1,,study,amber,tests,2026-02-03,\n"
    write(small, {"assumptions.csv": rows, "prior.csv": prior, "posterior.csv": text})
    with pytest.raises(ScenarioError) as error:
        load(small)
    assert any(expected in str(problem) for problem in error.value.problems)


def test_a_constant_posterior_is_valid(small: Path) -> None:
    """A column in which all draws are equal is a valid posterior."""
    names = ("crews.on_duty",)
    after = calibrated(load(small), names, np.full((100, 1), 0.5))
    assert (draw_assumptions(after, 20, 1)[:, column(after, "crews.on_duty")] == 0.5).all()


def test_an_edited_row_is_used_with_a_warning(posterior: Scenario) -> None:
    """A change on the page replaces the joint draws of its row, with the distribution of its prior."""
    price = "suppliers.*.price"
    edited = apply_changes(posterior, Changes({"crews.on_duty": "0.6", price: "10 to 12"}))
    warnings = [warning.message for warning in edited.warnings]
    assert "the column crews.on_duty is not used, because the row states its own distribution (fixed)" in warnings
    assert any(w.startswith(f"crews.on_duty and {price} are independent, because crews.on_duty and") for w in warnings)
    rows = {assumption.name: assumption for assumption in edited.assumptions}
    assert rows["crews.on_duty"].is_fixed
    assert rows[price].distribution == "lognormal"
    futures = draw_assumptions(edited, 400, 1)
    assert (futures[:, column(edited, "crews.on_duty")] == 0.6).all()
    remaining = [name for name in NAMES if name not in ("crews.on_duty", price)]
    lines = {tuple(line) for line in posterior_lines(posterior)[:, [NAMES.index(name) for name in remaining]]}
    assert {tuple(row) for row in futures[:, [column(edited, name) for name in remaining]]} <= lines
    assert np.quantile(futures[:, column(edited, price)], 0.9) == pytest.approx(12, rel=0.02)


def test_an_edit_of_a_row_without_quantiles_has_a_permitted_distribution(scenario: Scenario) -> None:
    """A range for a calibrated row whose prior was fixed has a distribution on the permitted range."""
    edited = apply_changes(calibrated(scenario), Changes({"crews.on_duty": "0.5 to 0.6"}))
    assert edited.row_of("crews", "on_duty").distribution == "beta"


@pytest.mark.parametrize(
    ("names", "draws", "message"),
    [
        (("crews.on_dutty",), np.ones((100, 1)), "there is no row 'crews.on_dutty' in assumptions.csv; did you mean"),
        (("crews.on_duty", "crews.on_duty"), np.ones((100, 2)), "each calibrated row must be named once"),
        ((), np.ones((100, 0)), "each calibrated row must be named once"),
        (("crews.on_duty",), np.ones((99, 1)), "draws have shape (99, 1); expected at least 100 lines of 1 draws"),
        (("crews.on_duty",), np.ones((100, 2)), "draws have shape (100, 2)"),
        (("crews.on_duty",), np.full((100, 1), np.nan), "draws are not finite"),
        (("suppliers.*.price",), np.ones((100, 1)), "plants.*.hours_first, suppliers.cameras.price must be cali"),
    ],
)  # fmt: skip
def test_what_cannot_be_calibrated_is_refused(
    scenario: Scenario, names: tuple[str, ...], draws: Floats, message: str
) -> None:
    """Unknown or repeated names, too few draws, and rows correlated with others are refused."""
    with pytest.raises(CalibrationError) as error:
        calibrated_files(scenario, names, draws, {})
    assert message in str(error.value)


def test_a_row_of_the_raid_fit_is_not_calibrated() -> None:
    """A row that the raid fit supplies cannot be calibrated, because the fit would override it."""
    with pytest.raises(CalibrationError, match=r"raids.level cannot be calibrated, because raids.toml"):
        calibrated_files(load("octopus"), ("raids.level",), np.ones((100, 1)), {})


def test_rows_that_are_calibrated_together(scenario: Scenario, posterior: Scenario) -> None:
    """Correlated rows and rows that are calibrated already are calibrated together."""
    assert set(rows_correlated_with(scenario, ["suppliers.*.price"])) == {
        "suppliers.*.price", "plants.*.hours_first", "suppliers.cameras.price",
    }  # fmt: skip
    assert rows_correlated_with(scenario, ["crews.washout"]) == ("crews.washout",)
    assert set(rows_correlated_with(posterior, ["crews.washout"])) == {"crews.washout", *NAMES}


def test_archives_and_workbooks_restore_a_calibrated_scenario(posterior: Scenario) -> None:
    """A zip archive and a workbook restore all files byte by byte, without a warning."""
    for data in (zip_archive("folder", posterior.files), write_workbook(posterior.files)):
        restored = read_upload(data)
        assert restored.files == dict(posterior.files)
        assert len(restored.warnings) == len(posterior.warnings)


def test_the_page_lists_quantiles_of_a_posterior(posterior: Scenario) -> None:
    """The panel of assumptions has the quantiles of the column."""
    data = next(row for row in panels.assumptions(posterior) if row["name"] == "crews.on_duty")
    values = np.sort(posterior_lines(posterior)[:, 0])
    assert (data["p10"], data["p50"], data["p90"]) == (values[25], values[125], values[225])
    assert data["low"] < data["p10"] < data["p90"] < data["high"]
    assert data["distribution"] == "posterior"


def test_check_counts_calibrated_rows(posterior: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``octoplan check`` states the number of calibrated rows and of joint draws."""
    folder = write(tmp_path / "calibrated", {name: data.decode() for name, data in posterior.files.items()})
    with pytest.raises(SystemExit) as stop:
        main(["check", str(folder)])
    assert stop.value.code == 0
    assert "5 rows are calibrated, with 250 joint draws" in capsys.readouterr().out


def test_a_row_with_joint_draws_is_informed_only_if_they_differ_from_the_prior(scenario: Scenario) -> None:
    """Draws of the prior itself are not informed; those with a shifted median or a narrower range are."""
    name = "engagement.drone.*.p_contact"
    row = next(assumption for assumption in scenario.assumptions if assumption.name == name)
    names = rows_correlated_with(scenario, (name,))
    middle = np.array([[assumption.median for assumption in scenario.assumptions if assumption.name in names]])
    probability = (np.arange(400) + 0.5) / 400
    draws = np.repeat(middle, 400, axis=0)
    for values, informed in (
        (row.quantile(probability), False),
        (row.quantile(0.2 + 0.6 * probability), True),
        (row.quantile(0.3 + 0.7 * probability), True),
    ):
        draws[:, names.index(name)] = values
        after = calibrated(scenario, names, draws)
        assert [is_informed(after, a) for a in after.assumptions if a.name == name] == [informed]
    assert not is_informed(scenario, row)
