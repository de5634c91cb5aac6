"""The results of plans in docs/background/plan.md are those that their commands give."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.scripts import docs_script


@pytest.fixture(scope="module")
def plans() -> ModuleType:
    """The module ``docs/plans.py``."""
    return docs_script("plans")


def test_each_block_begins_with_its_command(plans: ModuleType) -> None:
    """The page has a block for every documented plan, with its command."""
    for name, command in plans.COMMANDS.items():
        assert plans.block(name).startswith(f"```text\n{command}\n```\n\n"), name


def test_a_summary_as_markdown(plans: ModuleType) -> None:
    """Sentences are items, rows of tables are a block of text within the item above, and the duration is omitted."""
    summary = "Title: optimal, gap 0.10% of the plan's gain, 1,077 s\nhead\n  a 1\n  b 2\nend\n"
    assert plans.markdown("octoplan plan x", summary) == (
        "```text\noctoplan plan x\n```\n\n- Title: optimal, gap 0.10% of the plan's gain\n- head\n"
        "  ```text\n  a 1\n  b 2\n  ```\n- end\n\n"
    )
    assert plans.markdown("x", "a, 3 s\n  row").endswith("- a\n  ```text\n  row\n  ```\n\n")


def test_a_block_is_replaced_and_no_other(
    plans: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Only the text between the marks of the plan changes."""
    page = tmp_path / "plan.md"
    page.write_text(plans.PAGE.read_text("utf-8"), "utf-8")
    others = {name: plans.block(name) for name in plans.COMMANDS if name != "target"}
    monkeypatch.setattr(plans, "PAGE", page)
    plans.write("target", "new, 1 s\n")
    assert plans.block("target").endswith("- new\n\n")
    assert {name: plans.block(name) for name in others} == others


@pytest.mark.slow
def test_the_block_is_the_output_of_the_command(plans: ModuleType) -> None:
    """Line by line, for the plan with the default options; it takes two minutes on two cores."""
    command = plans.COMMANDS["least-cost"]
    assert plans.markdown(command, plans.summary_of(command)) == plans.block("least-cost")
