"""Two runs are comparable exactly if the same threats arrive: a random field of a scenario is changed."""

import csv
import io
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import octoplan
from octoplan.errors import Incomparable, ScenarioError
from octoplan.outcomes import identity
from octoplan.outcomes.compare import compare
from octoplan.outcomes.identity import raid_identity, same_arrivals
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.scenario import Scenario, load
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.scenario import with_files
from tests.outcomes.runs import octopus, pocket

FUTURES = 3

UNCERTAIN = {
    "raids.salvo_share": "0.2", "raids.salvo_stay": "0.5", "raids.wander": "0.3", "raids.wander_time": "5",
    "raids.begin": "1", "raids.growth": "0.1", "packages.raid.routine_cv": "0.5", "packages.raid.salvo_cv": "0.5",
    "packages.raid.salvo_mean": "6", "packages.raid.quiet": "0.1", "packages.raid.coupling": "0.5",
}  # fmt: skip
"""Ranges for parameters of the raid process that have no effect in pocket."""

GIVEN = "date,raid\n" + "".join(f"2026-01-{day:02d},{day % 4}\n" for day in range(1, 11))
WHAT_IF = (
    "name,what,times,from,to,note\n"
    "more salvos,salvos,1.5,2026-02-01,2026-02-20,test\n"
    "fewer,drone,0.8,2026-03-01,,test\n"
)
STATE = "name,value,unit,source,note\ndate,2026-02-01,,test,\ncrews.trained,18,crews,test,\n"

DECISIONS = (
    ("bench = [310, 280, 310]", "bench = [155]"), ("intake = 0", "intake = 3"), ("order = 0", "order = 2"),
    ("max_shots = 100", "max_shots = 1"), ('cover = "10 days"', 'cover = "20 days"'), ("bench = 1", "bench = 2"),
    ('layers = ["interceptor", "missile"]', 'layers = ["missile", "interceptor"]'),
)  # fmt: skip
PROGRAMME = (
    ('title = "Pocket"', 'title = "Other"'), ("direct = true", "direct = true\ndecoy = true"),
    ('[parts.part-set]\ntitle = "Set of parts"', '[parts.part-set]\ntitle = "Kit"'), ("tile = [0, 0]", "tile = [1, 0]"),
    ('learning = "crawford"', 'learning = "wright"'), ("[payers.treasury]", "[payers.treasury]\ntitle = \"Treasury\""),
)  # fmt: skip
OTHER_GIVEN = ("2026-01-03,3", "2026-01-03,2"), ("2026-01-02,2\n2026-01-03,3", "2026-01-02,3\n2026-01-03,2")
OTHER_WHAT_IFS = (
    ("salvos,1.5", "salvos,2"), ("2026-02-20", "2026-02-21"), ("drone,0.8", "drone,1"), ("drone,0.8", "raid,0.8"),
    ("2026-03-01", "2026-02-28"), ("fewer", "renamed"), (",test", ",another note"),
)  # fmt: skip
OTHER_STATES = ("crews.trained,18", "crews.trained,3"), ("2026-02-01", "2026-03-01")


def edited(rows: str, name: str, value: str) -> str:
    """Rows of assumptions, with another value in the row with the given name."""
    table = list(csv.reader(io.StringIO(rows)))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [row[0], value, *row[2:]] if row[0] == name else row for row in table
    )
    return out.getvalue()


@lru_cache(maxsize=1)
def base() -> Scenario:
    """Pocket with dated raids, what-ifs, a known state, and a raid process in which every parameter has an effect."""
    files = {name: content.decode() for name, content in load("pocket").files.items()}
    files["assumptions.csv"] = with_default_rows(load("pocket")).decode()
    for name, value in UNCERTAIN.items():
        files["assumptions.csv"] = edited(files["assumptions.csv"], name, value)
    files["programme.toml"] = files["programme.toml"].replace("months = 3", 'months = 3\nraids = ["raids.csv"]')
    given_files = {"raids.csv": GIVEN, "what-if.csv": WHAT_IF, "state.csv": STATE}
    return with_files(load("pocket"), files | given_files)


def values() -> Mapping[str, str]:
    """The value of every assumption of pocket, by name."""
    rows = csv.reader(io.StringIO(base().files["assumptions.csv"].decode()))
    return {row[0]: row[1] for row in list(rows)[1:]}


EDITS = st.one_of(
    st.tuples(
        st.just("assumptions.csv"),
        st.sampled_from(sorted(values())),
        st.sampled_from(("0", "0.25", "0.5", "0.9", "1", "2", "7")),
    ),
    *(
        st.tuples(st.just(file), *map(st.just, pair))
        for file, pairs in (
            ("decisions.toml", DECISIONS), ("programme.toml", PROGRAMME), ("raids.csv", OTHER_GIVEN),
            ("what-if.csv", OTHER_WHAT_IFS), ("state.csv", OTHER_STATES),
        )
        for pair in pairs
    ),
)  # fmt: skip


def changed(edit: tuple[str, str, str]) -> Scenario:
    """The base scenario with one field changed."""
    file, old, new = edit
    text = base().files[file].decode()
    if file == "assumptions.csv":
        return with_files(base(), {file: edited(text, old, new)})
    assert old in text
    return with_files(base(), {file: text.replace(old, new)})


@lru_cache(maxsize=1)
def base_run() -> Run:
    return simulate(base(), FUTURES, 1)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(EDITS)
def test_runs_are_comparable_exactly_if_the_same_threats_arrive(edit: tuple[str, str, str]) -> None:
    """If the arrivals change, the identity changes and ``compare`` refuses; otherwise ``compare`` accepts."""
    try:
        scenario = changed(edit)
    except ScenarioError:
        assume(False)
    arrivals = [octoplan.draw_raids(scenario_of, FUTURES, 1).launched for scenario_of in (base(), scenario)]
    same = bool(arrivals[0].equals(arrivals[1]))
    run = simulate(scenario, FUTURES, 1)
    if same:
        assert same_arrivals(base_run(), run)
        assert compare(base_run(), run).futures == FUTURES
        return
    assert raid_identity(base_run()) != raid_identity(run)
    with pytest.raises(Incomparable, match="their raids are not the same"):
        compare(base_run(), run)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("raids.csv", *OTHER_GIVEN[0]), "days given (other dated raids from a file)"),
        (("raids.csv", *OTHER_GIVEN[1]), "days given (other dated raids from a file)"),
        (("what-if.csv", *OTHER_WHAT_IFS[0]), "what-ifs (other what-ifs on raids)"),
        (("what-if.csv", *OTHER_WHAT_IFS[2]), "what-ifs (other what-ifs on raids)"),
        (("assumptions.csv", "packages.raid.quiet", "0.5"), "packages (other packages, or other assumptions on them)"),
    ],
)
def test_the_message_names_the_inputs_that_differ(edit: tuple[str, str, str], reason: str) -> None:
    """Dated raids that change places within a month are refused, although monthly counts are equal."""
    with pytest.raises(Incomparable) as refused:
        compare(base_run(), simulate(changed(edit), FUTURES, 1))
    assert f"they differ in {reason}. Simulate both" in str(refused.value)


def test_a_parameter_without_effect_is_accepted() -> None:
    """With one region, the concentration of splits changes the identity but no arrival."""
    run = simulate(changed(("assumptions.csv", "packages.raid.concentration", "7")), FUTURES, 1)
    assert raid_identity(run) != raid_identity(base_run())
    assert same_arrivals(run, base_run())


def test_routes_do_not_affect_the_identity() -> None:
    """Corridors and transit times affect where threats pass, not which threats arrive."""
    run = octopus()
    text = run.scenario.files["assumptions.csv"].decode()
    rows = list(csv.reader(io.StringIO(text)))
    name, value = next((row[0], row[1]) for row in rows if row[0].startswith("corridors.") and row[1])
    changed_run = simulate(
        with_files(run.scenario, {"assumptions.csv": edited(text, name, f"{float(value) * 1.1:.4g}")}), 6
    )
    assert raid_identity(run) == raid_identity(changed_run)
    assert np.array_equal(run.data["launched"].values, changed_run.data["launched"].values)


def test_the_arrivals_of_every_future_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Futures are compared in batches that include every future."""
    run = pocket(45)
    draws = [identity.daily_arrivals(run, start) for start in (0, 20, 40)]
    expected = octoplan.draw_raids(run.scenario, 45, 1).launched.values
    assert np.array_equal(np.concatenate(draws).reshape(expected.shape), expected)
    starts = []

    def recorded(_run: Run, start: int) -> int:
        starts.append(start)
        return 0

    monkeypatch.setattr(identity, "daily_arrivals", recorded)
    assert same_arrivals(run, run)
    assert sorted(set(starts)) == [0, 20, 40]
