"""The known state at a date (``state.csv``): its arrays, and the problems that are reported."""

from pathlib import Path

import numpy as np
import pytest

from octoplan.cli.main import main
from octoplan.errors import ScenarioError
from octoplan.scenario import Scenario, load
from octoplan.scenario.scenario import with_state
from tests.scenario.folder import FILES, PROGRAMME, write

HEAD = "name,value,unit,source,note\n"
DATE = "date,2026-01-01,,,\n"
DAY = 61
"""Days from the start of the scenario to ``DATE``."""


def text(*rows: str) -> str:
    """The text of ``state.csv`` at ``DATE`` with rows of name, value and unit."""
    return HEAD + DATE + "".join(f"{row},counted,\n" for row in rows)


def test_every_number_is_stored_at_its_index(scenario: Scenario) -> None:
    """Each row sets one element of its array; all other elements are unknown."""
    changed = with_state(
        scenario,
        text(
            "plants.works.experience,312.5,units", "plants.works.heads,20.5,workers", "plants.yard.stock,7,units",
            "plants.works.parts.camera.on_hand,40,parts", "plants.yard.parts.motor.on_order,600,1",
            "regions.east.stock.squid,11,", "regions.stock.whelk,900,units", "crews.trained,210,crews",
            "crews.in_course,35,crews", "kits.held,200,kits", "kits.on_order,15,kits",
            "gates.licence.passed,2025-12-20,", "gates.tooling.passed,2025-12-31,",
        ),
    )  # fmt: skip
    known = changed.compile().links.known_state
    assert changed.known_from is not None
    assert str(changed.known_from) == "2026-01-01"
    assert known.day.tolist() == [DAY]
    assert known.experience.tolist() == [312.5, -1.0]
    assert known.heads.tolist() == [20.5, -1.0]
    assert known.plant_stock.tolist() == [-1, 7]
    assert known.on_hand.tolist() == [[-1, 40], [-1, -1]]
    assert known.on_order.tolist() == [[-1, -1], [600, -1]]
    assert known.stock.tolist() == [[-1, -1], [11, -1]]
    assert known.total_stock.tolist() == [-1, 900]
    assert known.crews.tolist() == [210, 35]
    assert known.kits.tolist() == [200, 15]
    assert known.gate_earliest.tolist() == known.gate_latest.tolist() == [49, 60]


def test_a_scenario_without_a_state_has_no_date(scenario: Scenario) -> None:
    """Without ``state.csv`` a scenario has no date, all quantities are unknown, and gates have no bounds."""
    known = scenario.compile().links.known_state
    assert scenario.known_from is None
    assert known.day.tolist() == [-1]
    assert known.gate_earliest.tolist() == [0, 0]
    assert np.isinf(known.gate_latest).all()
    assert all((array == -1).all() for name, array in known._asdict().items() if not name.startswith("gate"))


@pytest.mark.parametrize(
    ("rows", "earliest", "latest"),
    [
        (["crews.trained,10,"], [0, 0], [np.inf, np.inf]),
        (["gates.licence.passed,2025-12-01,"], [30, DAY], [30, np.inf]),
        (["gates.licence.passed,2025-09-01,"], [0, DAY], [0, np.inf]),
        (["gates.licence.passed,yes,"], [0, DAY], [DAY, np.inf]),
        (["gates.licence.passed,yes,", "gates.tooling.passed,2025-12-01,"], [0, 30], [30, 30]),
        (["gates.tooling.passed,no,"], [DAY, DAY], [np.inf, np.inf]),
    ],
)
def test_gates_without_a_row_are_not_passed_if_another_has_a_row(
    scenario: Scenario, rows: list[str], earliest: list[float], latest: list[float]
) -> None:
    """Bounds on the days of gates: a date fixes the day, "yes" bounds it by the state and by successors."""
    known = with_state(scenario, text(*rows)).compile().links.known_state
    assert known.gate_earliest.tolist() == earliest
    assert known.gate_latest.tolist() == latest


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "plants.work.heads,3,",
            "'plants.work.heads' is not a quantity of state.csv; did you mean 'plants.works.heads'",
        ),
        ("plants.works.parts.camra.on_hand,3,", "did you mean 'plants.works.parts.camera.on_hand'"),
        ("regions.stock.krill,3,", "'regions.stock.krill' is not a quantity"),
        ("crews.trained,-3,", "crews.trained: -3 is negative"),
        ("crews.trained,3.5,", "3.5 is not whole; expected a whole number of crews"),
        ("crews.trained,many,", "crews.trained: 'many' is not a number"),
        ("crews.trained,,", "crews.trained: '' is not a number"),
        ("crews.trained,3e9,", "is too large; the limit is 10,000,000"),
        ("crews.trained,30,kits", "unit 'kits' is not valid; expected crews"),
        ("crews.trained,30,GBP", "unit 'GBP' is not valid; expected crews"),
        ("crews.trained,30,\ncrews.trained,31,", "crews.trained: is in line 3 already; keep one"),
        ("date,2026-02-01,", "date: is in line 2 already"),
        ("regions.stock.squid,30,\nregions.east.stock.squid,3,", "regions.stock.squid: is also stated by region"),
        ("gates.licence.passed,soon,", "'soon' is not a date; write one such as 2026-03-01, yes or no"),
        ("gates.licence.passed,2026-01-02,", "2026-01-02 is after the date of the state; write no"),
        ("gates.licence.passed,2025-12-01,day", "unit 'day' is set for a date; leave it empty"),
        ("gates.licence.passed,no,day", "unit 'day' is set for no; leave it empty"),
        ("gates.tooling.passed,yes,", "its predecessor 'licence' is not passed; add a row gates.licence.passed"),
        (
            "gates.licence.passed,2025-12-05,\ngates.tooling.passed,2025-12-04,",
            "gates.tooling.passed: 2025-12-04 is before its predecessor 'licence' was passed",
        ),
        (
            "gates.licence.passed,yes,\nplants.works.heads,9,",
            "the plant is not open, because its gate 'tooling' is not passed",
        ),
    ],
)
def test_invalid_rows_are_reported_with_their_line(small: Path, rows: str, message: str) -> None:
    """Invalid rows are reported once, with file and line."""
    lines = rows.split("\n")
    (small / "state.csv").write_text(text(*lines))
    with pytest.raises(ScenarioError) as error:
        load(small)
    (problem,) = error.value.problems
    assert message in problem.message
    assert problem.file == "small/state.csv"
    assert problem.line in range(3, 3 + len(lines))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (HEAD, "state.csv:1: has no row date; add one such as date,2026-02-01,,,"),
        (
            HEAD + "date,2025-11-01,,,\n",
            "state.csv:2: date: 2025-11-01 is not valid; expected the first day of a month",
        ),
        (HEAD + "date,2026-03-01,,,\n", "expected the first day of a month from 2025-12-01 to 2026-02-01"),
        (HEAD + "date,2026-01-15,,,\n", "2026-01-15 is not valid"),
        (HEAD + "date,January,,,\n", "'January' is not a date; write one such as 2026-03-01"),
        (HEAD + "date,2026-01-01,month,,\n", "unit 'month' is set for a date"),
        ("name,value\ndate,2026-01-01\n", "state.csv:1: the header has no column 'unit'"),
        ("", "state.csv:1: is empty"),
    ],
)
def test_a_state_requires_a_valid_date(small: Path, state: str, message: str) -> None:
    """The date of a state must be the first day of a later month of the scenario."""
    (small / "state.csv").write_text(state)
    with pytest.raises(ScenarioError) as error:
        load(small)
    assert message in str(error.value)


def test_all_invalid_rows_are_reported_at_once(small: Path) -> None:
    """A file with three invalid rows gives three problems, in the order of their lines."""
    (small / "state.csv").write_text(text("crews.traned,3,", "kits.held,-1,", "gates.licence.passed,maybe,"))
    with pytest.raises(ScenarioError) as error:
        load(small)
    assert [problem.line for problem in error.value.problems] == [3, 4, 5]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[gates.licence]", '[gates.licence]\nafter = ["tooling"]', "gates form a cycle"),
        (
            '[gates.tooling]\nafter = ["licence"]',
            '[gates.Tool]\n[gates.tooling]\nafter = ["Tool"]',
            "'Tool' is not a name",
        ),
        ("[parts.motor]", "[parts.Motor]\n[parts.motor]", "'Motor' is not a name"),
        ("camera = 1", "camera = 1\nMotor = 1", "there is no 'Motor' in [parts]"),
        ('design = "squid"\ngates = []', "gates = []", "design is missing"),
    ],
)
def test_problems_of_the_programme_are_reported_with_a_state_too(small: Path, old: str, new: str, message: str) -> None:
    """A state does not prevent the problems of ``programme.toml`` from being reported."""
    assert PROGRAMME.count(old) == 1
    (small / "programme.toml").write_text(PROGRAMME.replace(old, new))
    rows = (
        "gates.licence.passed,2025-12-01,",
        "gates.tooling.passed,2025-12-02,",
        "plants.works.parts.motor.on_hand,3,",
    )
    (small / "state.csv").write_text(text(*rows))
    with pytest.raises(ScenarioError) as error:
        load(small)
    assert message in str(error.value)


def test_a_scenario_of_one_month_has_no_later_date(tmp_path: Path) -> None:
    """A scenario of one month cannot have a state, and the message says what to change."""
    files = FILES | {
        "programme.toml": PROGRAMME.replace("months = 4", "months = 1"),
        "state.csv": text(),
    }
    with pytest.raises(ScenarioError, match=r"raise months in programme\.toml"):
        load(write(tmp_path / "one", files))


def test_the_hash_depends_on_the_state(scenario: Scenario) -> None:
    """``state.csv`` is one of the files of the scenario, and every number in it affects the hash."""
    first, second = (with_state(scenario, text(f"crews.trained,{crews},")) for crews in (10, 11))
    assert len({scenario.hash, first.hash, second.hash}) == 3
    assert first.files["state.csv"].decode() == text("crews.trained,10,")


def test_the_example_of_the_reference() -> None:
    """The state shown in the reference is valid for ``octopus``."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "scenario-folder.md").read_text("utf-8")
    example = page.split("## `state.csv`")[1].split("```text\n")[1].split("```")[0]
    assert example.startswith(HEAD)
    assert str(with_state(load("octopus"), example).known_from) == "2026-03-01"


def test_check_prints_the_date_of_the_state(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``octoplan check`` prints the date of the state; an invalid row is reported with its line and exit code 2."""
    (small / "state.csv").write_text(text("crews.trained,10,"))
    with pytest.raises(SystemExit) as stop:
        main(["check", "small"])
    assert stop.value.code == 0
    assert "starts from the state known on 2026-01-01" in capsys.readouterr().out
    (small / "state.csv").write_text(text("crews.trained,ten,"))
    with pytest.raises(SystemExit) as stop:
        main(["check", "small"])
    assert stop.value.code == 2
    assert "small/state.csv:3: crews.trained: 'ten' is not a number" in capsys.readouterr().err
