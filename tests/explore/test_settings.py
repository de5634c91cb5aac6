"""The file ``explore.toml``: what it may state, and that every problem is reported with its line."""

from pathlib import Path

import pytest

from octoplan.errors import ScenarioError
from octoplan.explore.settings import Settings, read_settings
from octoplan.scenario import load
from tests.explore.sample_findings import DAMAGE, LEAD, P_KILL, sample_scenario

VALID = """\
requirements = ["net-benefit >= 0"]

[groups]
enemy = ["threats.*"]

[decisions.more]
title = "More output"
changes = { "output.bench" = "x1.5" }

[trials.tests]
title = "Test sorties"
kind = "sorties"
informs = "lethality.pocket.drone.p_kill"
sizes = [50, 100]
price = "3 kGBP"
"""


def read(folder: Path, text: str) -> Settings:
    """The settings of a text."""
    path = folder / "explore.toml"
    path.write_text(text, "utf-8")
    return read_settings(path, sample_scenario())


def problems(folder: Path, text: str) -> list[str]:
    """The problems of a text, without the path of the folder."""
    with pytest.raises(ScenarioError) as caught:
        read(folder, text)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_all_tables(tmp_path: Path) -> None:
    """Groups have the uncertain assumptions that match, prices are in the reporting currency."""
    settings = read(tmp_path, VALID)
    assert settings.groups == {"enemy": (DAMAGE,)}
    assert settings.requirements == ("net-benefit >= 0",)
    (decision,), (trial,) = settings.decisions, settings.trials
    assert (decision.name, decision.title, decision.changes) == ("more", "More output", {"output.bench": "x1.5"})
    assert (trial.informs, trial.sizes, trial.price, trial.fixed) == (P_KILL, (50, 100), 3000.0, 0.0)


def test_all_problems_in_one_report(tmp_path: Path) -> None:
    """Every problem is reported, with the line of its key and the nearest name."""
    text = """\
[groups]
unknown = ["threats.drone.damagee"]
fixed = ["lanes.road.*"]
chance = ["threats.drone.damage"]
twice = ["suppliers.*", "threats.*"]

[decisions.wrong]
changes = { "output.bnch" = 5 }

[trials.tests]
kind = "sorties"
informs = "lethality.pocket.drone.p_kill"
sizes = [50]
price = "3 kEUR"
"""
    messages = problems(tmp_path, text)
    assert [problem.partition(": ")[0] for problem in messages] == [
        "explore.toml:2", "explore.toml:3", "explore.toml:4", "explore.toml:5", "explore.toml:8", "explore.toml:14",
    ]  # fmt: skip
    assert "did you mean 'threats.drone.damage'?" in messages[0]
    assert "has no range" in messages[1]
    assert "another meaning" in messages[2]
    assert f"{DAMAGE} is also in the group chance" in messages[3]
    assert "did you mean 'bench'?" in messages[4]
    assert "trials.tests.price" in messages[5]


def test_an_assumption_is_no_decision(tmp_path: Path) -> None:
    """Changes of an assumption are refused: decisions are compared in the same futures."""
    (problem,) = problems(tmp_path, f'[decisions.x]\nchanges = {{ "{LEAD}" = "3 days" }}\n')
    assert problem.startswith("explore.toml:2: ")
    assert f"{LEAD} is an assumption" in problem


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("[trials.t]\nkind = 'lessons'\nsizes = [1]\n", 2, 'expected "sorties" or "months"'),
        ("[trials.t]\nkind = 'months'\n", 1, "the field is required"),
        ("[trials.t]\nkind = 'months'\nsizes = ['a']\n", 3, "expected a whole number"),
        ("[trials.t]\nkind = 'sorties'\nsize = 3\nsizes = [1]\n", 3, "did you mean 'sizes'?"),
        ("[trials.t]\nkind = 'sorties'\nsizes = [1]\n", 1, "needs 'informs'"),
        ("[trials.t]\nkind = 'months'\nplant = 'bench'\nsizes = [9]\n", 1, "9"),
        ("[trials.t]\nkind = 'months'\nplant = 'bench'\ninforms = 'x'\nsizes = [1]\n", 4, "has no 'informs'"),
        ("[trials.t]\nkind = 'months'\nplant = 'bensh'\nsizes = [1]\n", 1, "did you mean 'bench'?"),
        ("[group]\na = ['b']\n", 1, "did you mean 'groups'?"),
        ("[groups]\na = []\n", 2, "list at least one"),
        ("requirements = ['leakerz <= 3']\n", 1, "did you mean 'leakers'?"),
        ("[groups\n", 1, "is not valid TOML"),
        ("[decisions.x]\nchanges = {}\n", 2, "state at least one"),
        ("", 1, "is empty"),
    ],
)
def test_form(tmp_path: Path, text: str, line: int, part: str) -> None:
    """A value of the wrong form is reported with its line and what is expected."""
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(f"explore.toml:{line}: ")
    assert part in problem


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be read is one problem."""
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_settings(tmp_path / "no.toml", sample_scenario())


def test_groups_that_depend_on_each_other(tmp_path: Path) -> None:
    """Two groups with correlated assumptions are refused before anything is simulated; one with both is not."""
    path = tmp_path / "explore.toml"
    path.write_text('[groups]\na = ["plants.uk-1.labour_rate"]\nb = ["plants.uk-2.labour_rate"]\n', "utf-8")
    octopus = load("octopus")
    with pytest.raises(ScenarioError, match=r"explore\.toml:3: groups\.b: the groups 'a' and 'b' are not independent"):
        read_settings(path, octopus)
    path.write_text('[groups]\na = ["plants.uk-?.labour_rate"]\n', "utf-8")
    assert read_settings(path, octopus).groups["a"] == ("plants.uk-1.labour_rate", "plants.uk-2.labour_rate")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[decisions.no-programme]\nchanges = { "output.bench" = "x0.5" }', "no programme is always compared"),
        ('[decisions.a]\ntitle = "AS decided"\nchanges = { "output.bench" = "x0.5" }', "the title 'AS decided' too"),
        ('[decisions.a]\nchanges = { "output.bench" = "x1" }', "it is the same as the decisions of the scenario"),
        (
            '[decisions.a]\nchanges = { "output.bench" = "x2" }\n[decisions.b]\nchanges = { "output.bench" = "x2" }',
            "it is the same as decisions.a",
        ),
        ('[groups]\n"" = ["threats.*"]', "a name needs a character that is printed"),
        ('[groups]\n"a\\nb" = ["threats.*"]', "a name needs a character that is printed"),
    ],
)
def test_ambiguous_decisions_and_names_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    """Decisions that are the same or have the same title, and names that cannot be printed, with their line."""
    (message,) = problems(tmp_path, text)
    assert problem in message
    assert message.startswith("explore.toml:")
