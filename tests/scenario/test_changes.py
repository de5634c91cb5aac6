"""Changes of assumptions and decisions from Python: written into the files of the scenario, or refused together."""

import tomllib
from dataclasses import replace
from math import inf, nan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from octoplan.errors import ScenarioError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario import Scenario, load
from octoplan.scenario.csv_text import replace_rows, row_dicts
from octoplan.scenario.scenario import read_files, with_files


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    return load("octopus")


@pytest.fixture(scope="module")
def pocket() -> Scenario:
    return load("pocket")


def with_distribution(scenario: Scenario, name: str, distribution: str, value: str) -> Scenario:
    """The scenario with another distribution and value in the row of an assumption."""
    row = next(row for row in row_dicts(scenario.files["assumptions.csv"]) if row["name"] == name)
    cells = {name: {**row, "distribution": distribution, "value": value}}
    return with_files(scenario, {"assumptions.csv": replace_rows(scenario.files["assumptions.csv"], "name", cells)})


def problems(scenario: Scenario, changes: dict[str, object]) -> list[str]:
    """The problems of changes that are refused."""
    with pytest.raises(ScenarioError) as error:
        scenario.change(changes)
    return [str(problem) for problem in error.value.problems]


def test_decisions_and_assumptions_change_together(octopus: Scenario) -> None:
    """Decisions and assumptions are changed by the names of the files; nothing else changes, the baseline neither."""
    files = dict(octopus.files)
    changed = octopus.change({"crews.intake": 80, "crews.course": "30 to 60", "output.uk-1": [100, 200.5]})
    assert changed.decisions.crews.intake == [80]
    assert changed.decisions.output["uk-1"] == [100, 200.5]
    assert changed.row_of("crews", "course").quantile([0.1, 0.9]) == pytest.approx([30, 60])
    assert (
        changed.decisions.model_copy(update={"crews": octopus.decisions.crews, "output": octopus.decisions.output})
        == octopus.decisions
    )
    for before, after in zip(octopus.assumptions, changed.assumptions, strict=True):
        assert before.name == "crews.course" or replace(after, file="", line=0) == replace(before, file="", line=0)
    assert octopus.files == files
    assert octopus.change({}) is octopus


def test_a_number_is_fixed_in_the_unit_of_the_row(octopus: Scenario) -> None:
    """A number, of Python or of numpy, has the unit of the row; a text may have another unit of the same dimension."""
    for value in (45, 45.0, np.int64(45), np.float64(45), "45", "45 days", "1080 hours"):
        row = octopus.change({"crews.course": value}).row_of("crews", "course")
        assert (row.is_fixed, row.unit) == (True, "day")
        assert row.median == pytest.approx(45)
    assert octopus.change({"crews.on_duty": 1e-05}).row_of("crews", "on_duty").median == 1e-05


@pytest.mark.parametrize(
    ("distribution", "low", "median", "high"),
    [
        ("normal", 0.4, 0.5, 0.6),
        ("lognormal", 0.1, sqrt(0.1 * 0.4), 0.4),
        ("logitnormal", 0.2, float(expit((logit(0.2) + logit(0.7)) / 2)), 0.7),
    ],
)
def test_the_median_of_a_range_is_half_way_on_the_scale_of_the_row(
    pocket: Scenario, distribution: str, low: float, median: float, high: float
) -> None:
    """A range keeps the distribution of the row; its median is the mean, geometric mean or middle of the logits."""
    name = "crews.on_duty"
    before = with_distribution(pocket, name, distribution, "0.3 to 0.5")
    row = before.change({name: f"{low} to {high}"}).row_of("crews", "on_duty")
    assert row.distribution == distribution
    assert row.quantile([0.1, 0.5, 0.9]) == pytest.approx([low, median, high], rel=5e-3)


def test_three_numbers_mean_what_they_mean_in_the_row(octopus: Scenario) -> None:
    """(low, value, high) are P10, median and P90, or minimum, mode and maximum of a pert row; units may be stated."""
    row = octopus.change({"makers.other.rate_full": (800, 1000, 1250)}).row_of("makers", "rate_full", "other")
    assert (row.distribution, row.low, row.value, row.high) == ("lognormal", 800, 1000, 1250)
    assert row.quantile([0.1, 0.5, 0.9]) == pytest.approx([800, 1000, 1250])
    row = octopus.change({"crews.course": ["2 weeks", "4 weeks", "8 weeks"]}).row_of("crews", "course")
    assert (row.distribution, row.low, row.value, row.high) == ("pert", 14, 28, 56)
    assert octopus.change({"crews.course": (14, 28, 56)}).row_of("crews", "course").marginal == row.marginal


def test_a_changed_row_leaves_the_joint_draws(octopus: Scenario) -> None:
    """A calibrated row that is changed has the new distribution; the others keep the lines of ``posterior.csv``."""
    changed = octopus.change({"crews.on_duty": "0.1 to 0.2"})
    row = changed.row_of("crews", "on_duty")
    assert not row.is_calibrated
    assert any("crews.on_duty is not used" in warning.message for warning in changed.warnings)
    before, after = octopus.joint_draws, changed.joint_draws
    assert before is not None
    assert after is not None
    assert set(after.columns) == set(before.columns) - {octopus.columns.index("crews.on_duty")}
    draws = draw_assumptions(changed, 400, 1)
    assert np.quantile(draws[:, changed.columns.index("crews.on_duty")], [0.1, 0.9]) == pytest.approx(
        [0.1, 0.2], rel=0.05
    )
    pair = [octopus.columns.index(name) for name in ("crews.initial", "kits.initial")]
    lines = {tuple(line) for line in draw_assumptions(octopus, 2000, 1)[:, pair]}
    assert {tuple(line) for line in draws[:, pair]} & lines


def test_decisions_of_every_kind(octopus: Scenario) -> None:
    """Numbers, lists, texts, factors, tables and entries that the file does not have are written; comments remain."""
    changed = octopus.change(
        {
            "doctrine.attack-drone.max_shots": 2,
            "doctrine.queue": "value",
            "doctrine.decoy.layers": ["gun", "interceptor", "missile", "electronic-warfare"],
            "orders.cover": "20 days",
            "sourcing.motor-cn": "0.5",
            "kits.order": "x2",
            "lines": {"uk-1": np.array([2, 3])},
            "crews.intake": 1.5 * np.array([40, 80]),
            "budget.uk-mod": "200 MGBP",
            "plan.target": 2000,
            "crew_share.*": 3,
        }
    )
    decisions = changed.decisions
    assert (decisions.doctrine.against["attack-drone"].max_shots, decisions.doctrine.queue) == (2, "value")
    assert decisions.doctrine.against["decoy"].layers == ["gun", "interceptor", "missile", "electronic-warfare"]
    assert (decisions.orders.cover, decisions.sourcing["motor-cn"]) == ("20 days", 0.5)
    assert decisions.kits.order == [2 * kits for kits in octopus.decisions.kits.order]
    assert (decisions.lines["uk-1"], decisions.crews.intake) == ([2, 3], [60, 120])
    assert (decisions.budget, decisions.plan.target, decisions.crew_share["*"]) == ({"uk-mod": "200 MGBP"}, 2000, 3)
    assert "# the announced test batch" in changed.files["decisions.toml"].decode()


def test_all_problems_are_listed_together(octopus: Scenario) -> None:
    """Unknown names, impossible values and values that the files refuse are in one error, with what would do."""
    report = problems(
        octopus,
        {
            "crews.on_duti": 0.1,
            "crews.intke": 3,
            "output.uk-9": 4,
            "suppliers.airframe-uk.min_order": 3,
            "packages.drones.routine_mean": 4,
            "crews.course": True,
            "crews.washout": 3,
            "kits.order": None,
            "kits.initial": "9 to 5",
        },
    )
    expected = (
        "did you mean 'crews.on_duty'?",
        "did you mean 'crews.intake'?",
        "there is no 'uk-9' in [plants]; did you mean 'uk-",
        "the row suppliers.*.min_order supplies it",
        "fitted to a record of raids",
        "crews.course: True is not a value of an assumption",
        "crews.washout: 3 is outside the permitted range",
        "kits.order: None is not a decision",
        "kits.initial: low 9 is not less than high 5",
    )
    for text in expected:
        assert sum(text in line for line in report) == 1, text
    assert len(report) == len(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("crews.on_duty", nan, "not a finite number"),
        ("crews.on_duty", inf, "not a finite number"),
        ("crews.on_duty", (0.1, 0.2), "is not a value of an assumption"),
        ("crews.on_duty", (0.1, "", 0.2), "has an empty text"),
        ("crews.on_duty", "0.1 weeks", "is a time; expected a dimensionless number"),
        ("crews.intake", "60 to 80", "write a factor such as x1.5"),
        ("crews.intake", {"first": 1}, "crews.intake is a value, not a table"),
        ("crews.intake", [], r"\[\] is not a decision"),
        ("crews.intake", 80.5, "expected a whole number"),
        ("crews.intake.first", 1, "there is no assumption or decision"),
        ("doctrine.decoy", 3, "is a table; name one of its values, such as layers"),
        ("plan.target", "x2", "there is no value in the scenario that a factor could multiply"),
        ("plan.tragt", 3, "unknown field; did you mean 'target'"),
        ("crews", 3, "there is no assumption or decision 'crews'"),
    ],
)
def test_a_value_that_is_not_possible_is_refused(octopus: Scenario, name: str, value: object, message: str) -> None:
    """The problem names the change, and says why it is not possible."""
    with pytest.raises(ScenarioError, match=message):
        octopus.change({name: value})


def test_changes_that_contradict_each_other_are_refused(octopus: Scenario) -> None:
    """A value and a table of the same name are refused in either order."""
    table, value = {"plan.budget.uk-mod": {"2026": "40 MGBP"}}, {"plan": {"budget": {"uk-mod": "80 MGBP"}}}
    assert any("state it once" in line for line in problems(octopus, {**table, **value}))
    assert any("state it once" in line for line in problems(octopus, {**value, **table}))


def test_decisions_from_a_path_a_text_and_a_mapping(pocket: Scenario, tmp_path: Path) -> None:
    """The path of ``decisions.toml``, its text and its tables give the same scenario."""
    text = pocket.change({"crews.intake": [4, 5]}).files["decisions.toml"].decode()
    path = tmp_path / "decisions.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    by_text = pocket.with_decisions(text)
    assert by_text.decisions.crews.intake == [4, 5]
    for decisions in (path, str(path), tomllib.loads(text)):
        assert pocket.with_decisions(decisions).decisions == by_text.decisions
    assert pocket.with_decisions(path).hash == by_text.hash
    assert pocket.decisions.crews.intake == [0]


def test_decisions_that_cannot_be_read_are_refused(pocket: Scenario, tmp_path: Path) -> None:
    """A missing file, a folder, bytes that are no text and a mapping without required tables are refused."""
    with pytest.raises(ScenarioError, match=r"absent\.toml: cannot be read: No such file"):
        pocket.with_decisions(tmp_path / "absent.toml")
    with pytest.raises(ScenarioError, match=r"is a folder; name the file .*decisions\.toml"):
        pocket.with_decisions(str(tmp_path))
    (tmp_path / "decisions.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="cannot be read"):
        pocket.with_decisions(tmp_path / "decisions.toml")
    with pytest.raises(ScenarioError) as error:
        pocket.with_decisions({"crews": {"intake": [4]}})
    assert {"orders: is missing; add it", "doctrine: is missing; add it"} <= {
        problem.message for problem in error.value.problems
    }
    for tables in ({"crews": {"intake": None}}, {None: 1}):
        with pytest.raises(ScenarioError, match="cannot be written"):
            pocket.with_decisions(tables)  # type: ignore[arg-type]


NAMES = [
    "crews.on_duty", "crews.initial", "threats.drone.damage", "suppliers.works.lead", "crews.intake", "orders.cover",
    "doctrine.queue", "doctrine.prefer", "doctrine", "plan.worst", "plan.budget", "output", "output.bench", "output.x",
    "crews", "", ".", "crew_share.*", 'a"b', "output.\n",
]  # fmt: skip
TEXTS = ["", "x2", "x-1", "1 to 2", "0.1 to 0.2 day", "5 GBP", "60.000", "1, 2", "a", "\x00", "1e999", '"""\n']
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(TEXTS), st.text(max_size=8),
    st.lists(st.one_of(st.integers(-3, 900), st.floats(), st.sampled_from(TEXTS)), max_size=4),
    st.dictionaries(st.sampled_from(["intake", "bench", "2026", "a.b", ""]), st.integers(-1, 900), max_size=2),
    st.binary(max_size=2), st.sets(st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=150)
@given(changes=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
def test_changes_are_made_or_refused(changes: dict[str, object]) -> None:
    """Any names and values give a valid scenario, or one error with a message for each problem."""
    scenario = load("pocket")
    messages = []
    changed = None
    try:
        changed = scenario.change(changes)
    except ScenarioError as error:
        messages = [problem.message for problem in error.problems]
    assert all(messages)
    assert messages if changed is None else changed.names == scenario.names


@pytest.mark.parametrize(
    ("name", "value", "distribution"),
    [("plants.bench.heads", "5 to 9", "gamma"), ("lethality.pocket.drone.p_kill", "0.8 to 0.9", "beta")],
)
def test_a_range_needs_no_distribution(name: str, value: str, distribution: str) -> None:
    """In a row without distribution, a range has that of the same range in ``Scenario.change``."""
    files = load("pocket").files
    rows = [row.split(",") for row in files["assumptions.csv"].decode().splitlines()]
    heading = rows[0]
    for row in rows:
        if row[0] == name:
            row[heading.index("value")], row[heading.index("distribution")] = value, ""
    text = "\n".join(",".join(row) for row in rows) + "\n"
    stated = read_files({**files, "assumptions.csv": text.encode()}, "ranged")
    changed = load("pocket").change({name: value})
    column = stated.columns.index(name)
    assert stated.assumptions[column].distribution == changed.assumptions[column].distribution == distribution
    assert stated.assumptions[column].marginal == changed.assumptions[column].marginal
