"""Numbers with two readings: the literal reading is used, with a warning that states both."""

from pathlib import Path

import pytest

from octoplan.errors import ScenarioError
from octoplan.scenario import load
from tests.scenario.folder import FILES, line_of, write

LAST_CELLS = "study,amber,tests,2026-02-03,"


def warnings(path: Path, file: str, **files: str) -> list[str]:
    """The warnings on a file, as line and message."""
    scenario = load(write(path / "folder", FILES | {name.replace("_", "."): text for name, text in files.items()}))
    return [f"{w.line}: {w.message}" for w in scenario.warnings if w.file.endswith(file)]


def log(*rows: str) -> str:
    """The valid ``assumptions.csv`` with some rows replaced."""
    lines = FILES["assumptions.csv"].splitlines()
    for row in rows:
        lines[line_of("assumptions.csv", row.split(",", maxsplit=1)[0] + ",") - 1] = f"{row},{LAST_CELLS}"
    return "\n".join(lines)


TWO_READINGS = [
    ("threats.*.unit_cost,30.000 GBP,,,fixed,,2025", "value '30.000 GBP' can be read as 30 or as 30,000; 30 is used"),
    ("suppliers.*.min_order,1.500,,,fixed,parts,", "value '1.500' can be read as 1.5 or as 1,500"),
    ("gates.tooling.duration,,1.000,2.500,uniform,days,", "low '1.000' can be read as 1 or as 1,000"),
    ("suppliers.*.lead,1.250 to 2.500 days,,,lognormal,,", "value '1.250 to 2.500 days' can be read as 1.25"),
    ("crews.initial,1.000:1; 30:2,,,discrete,crews,", "value '1.000:1; 30:2' can be read as 1 or as 1,000"),
    (
        "plants.*.retained,0.6,,,fixed,%,",
        "0.6 % can be read as 0.6 % or, as a share, 60 %; 0.6 % is used. Write 0.006 wi",
    ),
    ("regions.*.grounded_winter,0.3 %,,,fixed,,", "0.3 % can be read as 0.3 % or, as a share, 30 %"),
    (
        "finance.discount_rate,0.035,,,fixed,%/year,",
        "0.035 %/year can be read as 0.035 %/year or, as a share, 3.5 %/year",
    ),
    (
        "suppliers.*.lead_cv,30,,,fixed,1,",
        "30 with unit 1 can be read as 3,000 % or as 30 %; 3,000 % is used. For 30 % write 0.3",
    ),
    ("currencies.*.inflation,,2,4,normal,1/year,", "4 with unit 1/year can be read as 400 % or as 4 %"),
    ("plants.*.line_rate,300,,,fixed,1/day,", "300 a day can be read as 300 a month"),
    ("plants.*.line_rate,300 units/day,,,fixed,,", "300 a day can be read as 300 a month"),
    ("suppliers.*.capacity,2000,,,fixed,1/day,", "2000 a day can be read as 2000 a month"),
    ("lanes.*.capacity,400,,,fixed,1/day,", "400 a day can be read as 400 a month"),
    ("crews.attrition,0.03,,,fixed,1/day,", "0.03 a day can be read as 0.03 a month"),
    ("plants.*.hire_rate,30,,,fixed,workers/day,", "30 a day can be read as 30 a month"),
    ("regions.*.grounded_summer,,0.5,1,uniform,%,", "1 % can be read as 1 % or, as a share, 100 %"),
]


@pytest.mark.parametrize(("row", "message"), TWO_READINGS, ids=[row for row, _ in TWO_READINGS])
def test_a_number_with_two_readings_gives_a_warning(tmp_path: Path, row: str, message: str) -> None:
    """The row is accepted, and a warning on its line states both readings."""
    name = row.split(",", maxsplit=1)[0]
    messages = warnings(tmp_path, "assumptions.csv", assumptions_csv=log(row))
    assert [m for m in messages if m.startswith(f"{line_of('assumptions.csv', name + ',')}: {name}: {message}")], (
        messages
    )


ONE_READING = [
    "layers.*.correlation,0.995,,,fixed,%,",  # 99.5 % would be above the limit of 99 %
    "plants.*.retained,1.000,,,fixed,1,",  # 1,000 would not be a share
    "gates.tooling.duration,20,10.000,30,pert,days,",  # 10,000 would be above the mode
    "crews.initial,30000,,,fixed,crews,",
    "crews.initial,30.5,,,fixed,crews,",
    "plants.*.retained,60,,,fixed,%,",
    "regions.*.grounded_winter,,0.5,3,uniform,%,",  # as shares, 3 would be 300 %
    "finance.discount_rate,3.5,,,fixed,%/year,",
    "suppliers.*.lead_cv,0.3,,,fixed,1,",
    "plants.*.line_rate,9000 units/month,,,fixed,,",
    "plants.*.line_rate,10,,,fixed,1/day,",
    "suppliers.*.capacity,100000,,,fixed,1/day,",  # practically unlimited
    "crews.attrition,0.5,,,fixed,1/year,",
]


@pytest.mark.parametrize("row", ONE_READING)
def test_a_number_with_one_valid_reading_gives_no_warning(tmp_path: Path, row: str) -> None:
    """There is no warning if the row would be invalid in the second reading, or if the cell excludes it."""
    assert [m for m in warnings(tmp_path, "assumptions.csv", assumptions_csv=log(row)) if "can be read" in m] == []


def test_a_share_above_1_is_refused_with_the_unit_for_percentages(tmp_path: Path) -> None:
    """The message on a share of 60 with unit 1 proposes unit %."""
    with pytest.raises(ScenarioError, match=r"60 is outside the permitted range .*; for 60 % write unit %"):
        warnings(tmp_path, "assumptions.csv", assumptions_csv=log("plants.*.retained,60,,,fixed,1,"))


def test_decisions_with_two_readings_give_warnings(tmp_path: Path) -> None:
    """Numbers and amounts in decisions.toml give warnings with their lines; other strings and shares give none."""
    text = (
        FILES["decisions.toml"]
        .replace("yard = [100]", "yard = [100,\n 1.500] # 2.000")
        .replace("30 days", "1.500 days")
    )
    text = text.replace("200 MGBP", "200.000 GBP").replace("motors-a = 0.7", "motors-a = 1.000")
    text += '\n[plan]\ntail = 1.000\nshortage = "5.000 GBP"\n[plan.budget]\nhome = "80 MGBP"\n'
    messages = warnings(tmp_path, "decisions.toml", decisions_toml=text)
    assert [message.partition(" can be read")[0] for message in messages] == [
        "4: output.yard: '1.500'",
        "11: orders.cover: '1.500 days'",
        "15: sourcing.motors-a: '1.000'",
        "39: budget.home: '200.000 GBP'",
        "43: plan.shortage: '5.000 GBP'",
    ]
    assert messages[0].endswith("can be read as 1.5 or as 1,500; 1.5 is used. Write 1.5 or 1500")


def test_a_state_with_two_readings_gives_a_warning(tmp_path: Path) -> None:
    """A count in state.csv such as 1.000 crews gives a warning."""
    state = "name,value,unit,source,note\ndate,2026-01-01,,,\ncrews.trained,1.000,,,\nkits.held,30,,,\n"
    assert warnings(tmp_path, "state.csv", state_csv=state) == [
        "3: crews.trained: '1.000' can be read as 1 or as 1,000; 1 is used. Write 1 or 1000"
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[plan.budget]\nhome = "nan GBP"', "plan.budget.home: 'nan GBP' is not a finite number"),
        ('[plan.budget]\nhome = "1e400 GBP"', "plan.budget.home: '1e400' is too large"),
        ('[plan.budget]\nhome = "1e13 GBP"', "is too large; the limit is 1,000,000,000,000 GBP"),
        ('[plan.budget]\nhome = "-5 GBP"', "plan.budget.home: '-5 GBP' is negative"),
        ('[plan.budget.home]\n"2025/26" = "1 GBP"', "plan.budget.home.2025/26: is not a calendar year"),
        ('[plan.budget.home]\n"²" = "1 GBP"', "plan.budget.home.²: is not a calendar year"),
        ('[plan.budget.home]\n2031 = "1 GBP"', "the year is outside the programme"),
        ("[plan]\ntarget = inf", "plan.target: inf is not valid"),
        ("[plan]\ntarget = -1", "plan.target: -1 is not valid; expected at least 0"),
        ("[plan]\ntail = nan", "plan.tail: nan is not valid"),
        ("[plan.share]\nhere = [0.7, 1]\nthere = [0.6, 1]", "plan.share: the lower bounds sum to 1.3"),
        ("[plan.share]\nhere = [0, 0.3]\nthere = [0, 0.6]", "plan.share: the upper bounds sum to 0.9"),
        ("[plan.share]\nhere = [0.9, 0.3]", "plan.share.here: 0.9 is above 0.3"),
    ],
)
def test_invalid_plan_options_are_reported(tmp_path: Path, table: str, message: str) -> None:
    """Infinite, negative and too large amounts, unknown years and contradictory shares are reported."""
    with pytest.raises(ScenarioError) as error:
        warnings(tmp_path, "decisions.toml", decisions_toml=f"{FILES['decisions.toml']}{table}\n")
    assert message in str(error.value)


def test_all_invalid_amounts_are_reported_at_once(tmp_path: Path) -> None:
    """Two invalid budgets and an invalid cover give three problems."""
    text = FILES["decisions.toml"].replace("30 days", "30 GBP").replace('home = "200 MGBP"', 'home = "x"\naway = "y"')
    with pytest.raises(ScenarioError) as error:
        warnings(tmp_path, "decisions.toml", decisions_toml=text)
    assert len(error.value.problems) == 3
