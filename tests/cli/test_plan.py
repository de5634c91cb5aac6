"""``octoplan plan``: its folder, and invalid options, which are refused together with exit code 2."""

import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import octoplan as op
from octoplan.cli.main import main as cli
from octoplan.cli.plan import goals_with_options
from octoplan.plan.goals import Goals, SearchSettings, Target
from octoplan.scenario.builtin import builtin_folder

FAST = ("--futures", "3", "--unseen", "0", "--batches", "0")


def octoplan(*arguments: str) -> int | str | None:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as stop:
        cli(arguments)
    return stop.value.code


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test if the search begins: invalid options must be refused before."""

    def simulated(*_: object, **__: object) -> None:
        pytest.fail("the search has begun")

    monkeypatch.setattr("octoplan.plan.basis.simulate_design", simulated)


def test_the_folder_holds_a_plan_that_runs_and_its_evidence(tmp_path: Path) -> None:
    """decisions.toml can replace that of the scenario; bounds, alternatives and tables are written with it."""
    out = tmp_path / "plan"
    options = ("--target", "200", "--by", "2026-02", "--shortage", "1000")
    assert octoplan("plan", "pocket", "--out", str(out), "--futures", "3", "--unseen", "3", *options) == 0
    folder = tmp_path / "pocket"
    shutil.copytree(builtin_folder("pocket"), folder)
    shutil.copyfile(out / "decisions.toml", folder / "decisions.toml")
    assert op.load(folder).decisions.output["bench"][0] > 0.0
    evidence = json.loads((out / "evidence.json").read_text())
    assert evidence["lower"] <= evidence["upper"] + 1e-9
    assert evidence["evaluation"]["plan"]["cost_minus_plan"]["mean"] == 0.0
    assert evidence["evaluation"]["plan"]["cost"]["futures"] == 3
    assert "produced,bench,2026-02,unit" in (out / "plan.csv").read_text()
    before = tomllib.loads((builtin_folder("pocket") / "decisions.toml").read_text())
    after = tomllib.loads((out / "decisions.toml").read_text())
    unplanned = ("orders", "dispatch", "doctrine")
    assert {name: before[name] for name in unplanned} == {name: after[name] for name in unplanned}


def test_decisions_with_a_byte_order_mark_keep_their_comments(tmp_path: Path) -> None:
    """A byte order mark, as Notepad writes it, is read like any file; comments of the scenario stay in the plan."""
    folder, out = tmp_path / "pocket", tmp_path / "plan"
    shutil.copytree(builtin_folder("pocket"), folder)
    text = (folder / "decisions.toml").read_text("utf-8") + "# a remark of the user\n"
    (folder / "decisions.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert octoplan("plan", str(folder), "--out", str(out), *FAST) == 0
    assert "# a remark of the user" in (out / "decisions.toml").read_text("utf-8")
    assert tomllib.loads((out / "decisions.toml").read_text("utf-8"))["output"]["bench"][0] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--share", "home"], "uk=0.3:0.6"),
        (["--share", "home=0.8:0.2"], "between 0.8 and 0.2"),
        (["--share", "home=0:2"], "expected at most 1"),
        (["--share", "home=0.1:0.2", "--share", "home=0.3:0.4"], "given twice"),
        (["--share", "away=0:1"], "there is no country 'away'"),
        (["--budget", "treasury=nan"], "not a finite number"),
        (["--budget", "treasury=inf"], "not a finite number"),
        (["--budget", "treasury=-5"], "negative"),
        (["--budget", "treasury=1e13"], "10,000,000,000,000 GBP"),
        (
            ["--budget", "treasury:2025/26=1e6"],
            "'2025/26' has no year; write a calendar year, such as treasury:2026",
        ),
        (["--budget", "treasury:=5"], "has no year"),
        (["--budget", "treasury:²=5"], "has no year"),
        (["--budget", "treasury:2031=5"], "the year 2031"),
        (["--budget", "treasury=5", "--budget", "treasury:2026=3"], "for the horizon and by year"),
        (["--budget", "treasury:2026=3", "--budget", "treasury=5"], "for the horizon and by year"),
        (["--budget", "nobody=5"], "there is no payer 'nobody'"),
        (["--jobs", "home=nan"], "not a finite number"),
        (["--jobs", "home="], "--jobs"),
        (["--jobs", "=5"], "--jobs"),
        (["--most", "bank=5"], "there is no plant 'bank'"),
        (["--most", "bench=10", "--fixed", "output.bench"], "the output of bench is fixed or frozen at up to 310"),
        (["--target", "10", "--shortage=-1"], "the price of a shortage: '-1.0 GBP' is negative"),
        (["--target", "10", "--shortage", "nan"], "the price of a shortage"),
        (["--target", "10", "--shortage", "0"], "or the target has no effect"),
        (["--target", "nan"], "--target"),
        (["--target", "0"], "a target of 0 units a month"),
        (["--by", "2026-02"], "without a target"),
        (["--target", "5", "--by", "2031-01"], "there is no month '2031-01'"),
        (["--confidence", "0.5"], "a confidence has no effect"),
        (["--target", "5", "--confidence", "0"], "a confidence of 0"),
        (["--stopped", "inf"], "--stopped"),
        (["--objective", "fame"], "--objective"),
        (["--objective", "most-stopped"], "add a budget"),
        (["--tail", "2"], "--tail"),
        (["--tail", "nan"], "--tail"),
        (["--level", "1"], "--level"),
        (["--fixed", "weather"], "'weather' is not a decision"),
        (["--fixed", "output.bank"], "there is no plant 'bank'"),
        (["--gap", "0"], "an optimality gap of 0"),
        (["--gap", "nan"], "an optimality gap of nan"),
        (["--gap", "1e-7"], "the tolerance of the solver"),
        (["--futures", "0"], "a number of futures of 0"),
        (["--futures", "1000000000"], "a number of futures"),
        (["--unseen", "1"], "gives no confidence interval"),
        (["--unseen=-1"], "a number of unseen futures of -1"),
        (["--batches", "1"], "one batch gives no confidence interval"),
        (["--batches=-1"], "a number of batches of -1"),
        (["--batches", "2", "--batch", "0"], "a number of futures in a batch of 0"),
        (["--time-limit", "nan"], "a time limit of nan"),
        (["--time-limit", "0"], "a time limit of 0"),
        (["--seed=-1"], "a seed of -1"),
        (["--frozen=-1"], "a number of frozen months of -1"),
        (["--frozen", "3"], "freeze at most 2"),
        (["--threads", "0"], "--threads"),
        (["--frontier", "away"], "there is no country 'away'"),
        (["--from", "2026-02"], "add --state"),
        (["--state", "absent.csv"], "absent.csv"),
    ],
)
@pytest.mark.usefixtures("no_search")
def test_invalid_options_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    """Each is refused before the search, with a message, exit code 2 and no folder."""
    assert octoplan("plan", "pocket", "--out", str(tmp_path / "plan"), *options) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "plan").exists()


@pytest.mark.usefixtures("no_search")
def test_all_invalid_options_are_reported_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, values and names are reported together."""
    options = ("--gap", "nan", "--share", "away=0:1", "--jobs", "home=x", "--target", "5", "--by", "2031-01")
    assert octoplan("plan", "pocket", "--out", str(tmp_path / "plan"), *options) == 2
    report = capsys.readouterr().err
    for part in ("optimality gap of nan", "'away'", "--jobs home=x", "2031-01"):
        assert part in report


@pytest.mark.usefixtures("no_search")
def test_a_state_that_is_not_utf8_is_named_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state.csv saved in Windows-1251 is refused with file and line."""
    state = tmp_path / "state.csv"
    state.write_bytes("name,value,unit,source,note\ndate,2026-02-01,,,дата\n".encode("cp1251"))
    arguments = ("--from", "2026-02", "--state", str(state), "--out", str(tmp_path / "plan"))
    assert octoplan("plan", "pocket", *arguments) == 2
    assert f"{state}:2" in capsys.readouterr().err.replace("\n", "")


WORDS = st.sampled_from([
    "nan", "inf", "-inf", "-1", "0", "1e300", "", "x", "٣", "1", "0.5", "-0", "1e-300", "0x10", "1_000", "1,5",
    "1.5.2", " ",
])  # fmt: skip
NAMES = st.sampled_from(["home", "treasury", "bench", "away", "", "home=home", "treasury:2026", "treasury:", ":", "é"])


def texts(shape: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Options NAME=VALUE, or NAME=LOW:HIGH, of all kinds, several at once."""
    value = st.tuples(WORDS, WORDS).map(":".join) | WORDS if shape == "share" else WORDS
    return st.lists(st.tuples(NAMES, value).map("=".join), max_size=3).map(tuple)


NUMBERS = st.none() | st.sampled_from([
    float("nan"), float("inf"), -float("inf"), -1.0, 0.0, 1e300, 1e13, 0.5, 1.0, 5.0, 200.0,
])  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_option_ends_in_a_traceback(data: st.DataObject) -> None:
    """Any texts and numbers give goals in range, or one PlanError that names the values out of range."""
    pocket = op.load("pocket")
    numbers = {name: data.draw(NUMBERS) for name in ("tail", "level", "target", "stopped", "confidence")}
    shortage = data.draw(NUMBERS)
    values = {
        **numbers, "shortage": None if shortage is None else f"{shortage} GBP",
        "objective": data.draw(st.sampled_from([None, "least-cost", "most-stopped", "", "x"])),
        "by": data.draw(st.sampled_from([None, "2026-02", "2031-01", "", "nan"])),
        "fixed": data.draw(st.sampled_from([None, ["crews"], ["crews", "crews"], ["output.x"], [""], ["kits.bench"]])),
    }  # fmt: skip
    texts_of = {field: data.draw(texts(field)) for field in ("share", "budget", "jobs", "most")}
    try:
        goals = goals_with_options(pocket, values, texts_of)
    except op.PlanError:
        return
    assert all(0.0 <= low <= high <= 1.0 for low, high in goals.share.values())
    for amounts in (goals.budgets, goals.jobs, goals.max_output):
        assert all(0.0 <= amount < 1e12 for amount in amounts.values())
    assert goals.target is None or (0.0 < goals.target.rate < 1e8 and 0.0 < goals.target.price < 1e12)
    assert set(goals.fixed) <= {"crews"}


def odd_settings() -> Iterator[dict[str, object]]:
    """Each setting of ``optimise`` with each odd value."""
    for name in ("futures", "seed", "batches", "batch", "frozen"):
        for value in (-1, 1.5, float("nan"), float("inf"), 2**70, "3", None, True):
            yield {name: value}
    for name in ("gap", "time_limit"):
        for value in (float("nan"), -float("inf"), -1.0, 0.0):
            yield {name: value}


@pytest.mark.parametrize("setting", list(odd_settings()), ids=str)
def test_settings_of_optimise_are_checked(setting: dict[str, object]) -> None:
    """Settings out of range raise PlanError from Python too."""
    with pytest.raises(op.PlanError, match="is out of range"):
        SearchSettings(**setting)  # type: ignore[arg-type]


def test_goals_list_every_value_that_is_out_of_range() -> None:
    """Values are checked together, NaN among them."""
    with pytest.raises(op.PlanError) as error:
        Goals(
            budgets={("treasury", None): float("nan")}, jobs={"home": -1.0}, max_output={"bench": float("inf")},
            target=Target(float("nan"), 0, 1.0), stopped_share=float("nan"), max_lines=-1.0,
            share={"home": (float("nan"), 1.0)},
        )  # fmt: skip
    lines = str(error.value).split("\n")
    assert len(lines) == 7
    assert all("is out of range" in line for line in lines)
