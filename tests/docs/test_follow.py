"""The example of docs/how-to/follow-a-programme.md: its observations, and its blocks, which docs/follow.py writes."""

import csv
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from octoplan.scenario import load
from tests.docs.scripts import docs_script


@pytest.fixture(scope="module")
def follow() -> ModuleType:
    """The module ``docs/follow.py``."""
    return docs_script("follow")


def test_the_example_is_a_valid_scenario(follow: ModuleType, tmp_path: Path) -> None:
    """The copy of octopus has all rows of the example without a warning, a dozen rows a month at most."""
    follow.prepare(tmp_path)
    late, octopus = load(tmp_path / "late"), load("octopus")
    with follow.OBSERVATIONS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert max(Counter(row["period"][:7] for row in rows).values()) <= 12
    assert all(row["note"].startswith("made up") for row in rows)
    assert len(late.observations) == len(octopus.observations) + len(rows)
    assert [w.message for w in late.warnings] == [w.message for w in octopus.warnings]


def test_the_page_has_the_rows_source_and_commands_of_the_example(follow: ModuleType) -> None:
    """What the page quotes is in the files, and its blocks begin with their commands."""
    page = follow.PAGE.read_text("utf-8")
    quoted = [line for line in page.splitlines() if line.startswith("2026-01") and "programme-office" in line]
    rows = follow.OBSERVATIONS.read_text("utf-8").replace('"', "").splitlines()
    assert len(quoted) == 3
    assert set(quoted) <= set(rows)
    assert follow.SOURCE in page
    calibrated = [command for name, command in follow.COMMANDS.items() if name != "plan"]
    assert follow.block("commands").strip() == "\n".join(("```text", *calibrated, "```"))
    assert follow.block("compare").lstrip().startswith(f"```text\n{follow.COMPARE}\n```\n")
    assert follow.block("plan").lstrip().startswith(f"```text\n{follow.COMMANDS['plan']}\n```\n")


def test_blocks_are_replaced_one_by_one(follow: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a block leaves the others, and a block that the page lacks is an error."""
    page = tmp_path / "page.md"
    page.write_text(follow.PAGE.read_text("utf-8"), "utf-8")
    learned = follow.block("learned")
    monkeypatch.setattr(follow, "PAGE", page)
    follow.write({"chances": "new\n"})
    assert follow.block("chances").strip() == "new"
    assert follow.block("learned") == learned
    with pytest.raises(ValueError, match="has no block none"):
        follow.write({"none": ""})


@pytest.mark.slow
def test_the_blocks_are_the_results_of_the_commands(follow: ModuleType, tmp_path: Path) -> None:
    """All commands of the example give the blocks of the page."""
    follow.prepare(tmp_path)
    for command in follow.COMMANDS.values():
        follow.octoplan(tmp_path, command)
    for name, text in follow.blocks(tmp_path).items():
        assert follow.block(name).strip() == text.strip(), name
