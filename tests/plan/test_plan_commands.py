"""``octoplan plan``: what it writes can be flown, and what it cannot do is said in a line."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest

import octoplan as op
from octoplan.cli.plan import plan
from octoplan.plan.results import narrative as words
from octoplan.plan.results.evaluation import Apart, Flights
from octoplan.scenario.scenario import shipped_folder
from tests.plan.pockets import flown


def test_the_folder_can_be_flown_and_holds_the_evidence(tmp_path: Path) -> None:
    """decisions.toml takes the place of the scenario's own; bounds, rivals and tables stand beside it."""
    out = tmp_path / "plan"
    plan("pocket", out=out, futures=3, unseen=3, target=200.0, by="2026-02", shortage=1000.0)
    folder = tmp_path / "pocket"
    shutil.copytree(shipped_folder("pocket"), folder)
    shutil.copyfile(out / "decisions.toml", folder / "decisions.toml")
    assert op.load(folder).decisions.output["bench"][0] > 0.0
    evidence = json.loads((out / "evidence.json").read_text())
    assert evidence["lower"] <= evidence["upper"] + 1e-9
    assert evidence["flown"]["plan"]["cost_less_plan"]["mean"] == 0.0
    assert "made,bench,2026-02,unit" in (out / "plan.csv").read_text()
    before = tomllib.loads((shipped_folder("pocket") / "decisions.toml").read_text())
    after = tomllib.loads((out / "decisions.toml").read_text())
    assert {name: before[name] for name in ("orders", "dispatch", "doctrine")} == {
        name: after[name] for name in ("orders", "dispatch", "doctrine")
    }


def test_a_rival_that_is_cheaper_is_a_warning() -> None:
    """A rival cheaper beyond its interval is warned of, one within it is not; regret counts from the best of them."""
    flights = Flights({"plan": flown([10, 12, 14]), "cheaper": flown([9, 11, 13]), "luckier": flown([2, 20, 10])})
    said = words.flown(flights, "GBP")
    assert said[1].split() == ["plan", "0.0", "±", "0.0", "4.3", "0", "±", "0"]
    assert said[2].split() == ["cheaper", "-1.0", "±", "0.0", "3.3", "0", "±", "0"]
    assert sum(line.startswith("warning") for line in said) == 1
    assert said[-1] == "warning: flown, cheaper is cheaper than this plan by 1.0: do not prefer the plan"


def test_luck_between_model_and_campaign_is_not_made_much_of() -> None:
    """Within the interval the disagreement is stated, and no more; beyond it, it is called what it is."""
    within, beyond = words.apart({"cost": Apart("MGBP", 12.5, 12.0, 1.0), "losses": Apart("MGBP", 20.0, 12.0, 1.0)})
    assert within.endswith("on the same futures: -0.5 ± 2.0")
    assert beyond.endswith("-8.0 ± 2.0, more apart than luck explains")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"share": ("home",)}, "uk=0.3:0.6"),
        ({"by": "2031-01", "target": 5.0}, "no month '2031-01'"),
        ({"by": "2026-02"}, "add a target"),
        ({"gap": 0.0}, "between 0 and 100"),
        ({"budget": ("treasury=0",), "futures": 1}, "would have to be"),
        ({"share": ("home=0.8:0.2",)}, "between 0.8 and 0.2"),
        ({"share": ("home=0:2",)}, "--share: 2.0 cannot be; expected at most 1"),
        ({"objective": "fame"}, "--objective"),
        ({"objective": "most-stopped"}, "add a budget"),
        ({"confidence": 0.5}, "something to reach"),
        ({"frontier": "away", "futures": 1, "batches": 0, "unseen": 0}, "no country 'away'"),
        ({"tail": 2.0}, "--tail"),
        ({"futures": 0}, "at least one"),
    ],
)
def test_what_cannot_be_done_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, object], said: str
) -> None:
    with pytest.raises(SystemExit) as left:
        plan("pocket", out=tmp_path / "plan", **options)  # type: ignore[arg-type]
    assert left.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "plan").exists()
