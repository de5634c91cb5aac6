"""The example of ``explore.toml`` in the reference is valid for the scenario ``pocket`` with ranges."""

import re
from pathlib import Path

from octoplan.explore.settings import read_settings
from tests.explore.sample_findings import sample_scenario

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "explore-toml.md"


def test_the_example_is_read(tmp_path: Path) -> None:
    """The example has all parts, and each is read."""
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    text = example[1].replace("2026-06", "2026-02")
    (tmp_path / "explore.toml").write_text(text)
    scenario = sample_scenario().change({"crews.on_duty": "0.4 to 0.6", "kits.price": "800 to 1200"})
    settings = read_settings(tmp_path / "explore.toml", scenario)
    assert len(settings.requirements) == 2
    assert set(settings.groups) == {"crews", "export restrictions"}
    assert [decision.name for decision in settings.decisions] == ["more-output"]
    assert [trial.name for trial in settings.trials] == ["sorties", "first-plant"]
