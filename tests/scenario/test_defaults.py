"""Default values of assumptions without a row: where they apply, where not, and that they are never silent."""

from collections.abc import Mapping
from math import isfinite

import numpy as np
import pytest

import octoplan as op
from octoplan.errors import ScenarioError
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import Scenario
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.defaults import DEFAULT_VALUES
from octoplan.scenario.descriptions import row_reference
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.scenario import read_files as read_labelled_files
from octoplan.show.front import limitations
from tests.scenario.folder import FILES


def read_files(files: Mapping[str, bytes]) -> Scenario:
    return read_labelled_files(files, "folder")


@pytest.fixture(scope="module")
def pocket() -> Scenario:
    return op.load("pocket")


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    return op.load("octopus")


def with_rows(scenario: Scenario, *rows: str, without: tuple[str, ...] = ()) -> Scenario:
    """The scenario with further rows of ``assumptions.csv``, and without those whose names begin with some texts."""
    lines = scenario.files["assumptions.csv"].decode().splitlines()
    text = "\n".join([*(line for line in lines if not line.startswith(without)), *rows, ""])
    return read_files({**scenario.files, "assumptions.csv": text.encode()})


def row(name: str, value: str, unit: str) -> str:
    return f"{name},{value},,,fixed,{unit},,,red,tests,2026-02-03,"


def test_every_default_is_a_permitted_value_of_a_parameter() -> None:
    """The table names parameters that exist, and its companions do too."""
    for (kind, name), default in DEFAULT_VALUES.items():
        parameters = {p.name: p for p in KIND_BY_NAME[kind].parameters}
        assert parameters[name].low <= default.value <= parameters[name].high
        assert isfinite(default.value)
        assert default.meaning
        for companion in default.unless:
            other, point, parameter = companion.rpartition(".")
            assert parameter in {p.name for p in KIND_BY_NAME[other if point else kind].parameters}, companion


def test_pocket_states_what_differs_from_the_defaults(pocket: Scenario) -> None:
    """No row of pocket states a default value, and the others have their values, the rating red and a note."""
    stated = [a for a in pocket.assumptions if not a.is_default]
    assert len(stated) == pocket.files["assumptions.csv"].decode().count("\n") - 1
    for assumption in stated:
        default = DEFAULT_VALUES.get((assumption.kind, assumption.parameter))
        assert default is None or assumption.median != default.value, assumption.name
    for assumption in pocket.assumptions:
        if assumption.is_default:
            default = DEFAULT_VALUES[assumption.kind, assumption.parameter]
            assert (assumption.median, assumption.quality) == (default.value, "red")
            assert assumption.note == f"default: {default.meaning}"
            assert row_reference(assumption) == "default value"


def test_rows_with_the_defaults_change_no_result(pocket: Scenario) -> None:
    """Written out, the default values give the same parameters and the same run, bit for bit."""
    filled = read_files({**pocket.files, "assumptions.csv": with_default_rows(pocket)})
    assert not any(a.is_default for a in filled.assumptions)
    assert filled.columns == pocket.columns
    assert filled.draw_columns == pocket.draw_columns
    first, second = (op.simulate(scenario, 8, 3) for scenario in (pocket, filled))
    for name in first.data:
        assert np.array_equal(first.data[name], second.data[name]), name


def test_a_row_replaces_its_default(pocket: Scenario) -> None:
    """The other defaults stay."""
    changed = with_rows(pocket, row("plants.*.slope", "0.9", "1"))
    assert changed.row_of("plants", "slope", "bench").median == 0.9
    assert len(changed.assumptions) == len(pocket.assumptions)
    assert sum(a.is_default for a in changed.assumptions) == sum(a.is_default for a in pocket.assumptions) - 1


@pytest.mark.parametrize(
    ("added", "missing"),
    [
        (row("suppliers.works.mtbf", "100", "day"), ["suppliers.works.mttr"]),
        (row("raids.wander", "0.5", "1"), ["raids.begin", "raids.wander_time"]),
        (row("regions.town.grounded_winter", "0.4", "1"), ["regions.town.grounded_summer", "regions.town.spell"]),
        (row("raids.salvo_share", "0.1", "1"),
         ["packages.raid.salvo_cv", "packages.raid.salvo_mean", "raids.salvo_stay"]),
        (row("designs.pocket.release_interval", "90", "day"),
         ["designs.pocket.release_cv", "plants.bench.retained", "plants.bench.retool"]),
        (row("makers.other.rate_start", "5", "1/day"), ["makers.other.ramp", "makers.other.rate_full"]),
    ],
)  # fmt: skip
def test_a_default_is_not_used_where_a_row_gives_it_a_meaning(
    pocket: Scenario, added: str, missing: list[str]
) -> None:  # fmt: skip
    """A scenario with outages states how long they last; all rows that are then missing are errors."""
    with pytest.raises(ScenarioError) as error:
        with_rows(pocket, added)
    assert sorted(str(p.message).split(" is missing")[0] for p in error.value.problems) == missing


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("threats.attack-drone.mix", "threats.attack-drone.mix is missing; "),
        ("splits.*.sumy.share", "splits.*.sumy.share is missing for 2 (drones.sumy, missiles.sumy)"),
        ("corridors.*.share", "corridors.*.share is missing for 10 (sumy-chernihiv,"),
    ],
)
def test_a_weight_has_no_default_next_to_stated_weights(octopus: Scenario, name: str, missing: str) -> None:
    """Weights are relative to one another: a deleted row is an error, not a weight of 1 next to one of 62."""
    with pytest.raises(ScenarioError) as error:
        with_rows(octopus, without=(f"{name},",))
    assert [problem.message[: len(missing)] for problem in error.value.problems] == [missing]


def test_weights_of_which_none_is_stated_are_equal(octopus: Scenario) -> None:
    """Without rows for the classes of a package, or for any corridor, their weights are 1."""
    corridors = tuple(f"{a.name}," for a in octopus.assumptions if (a.kind, a.parameter) == ("corridors", "share"))
    changed = with_rows(octopus, without=("threats.attack-drone.mix,", "threats.decoy.mix,", *corridors))
    weights = {a.name: a.median for a in changed.assumptions if a.is_default}
    assert weights == {"corridors.*.share": 1.0, "threats.attack-drone.mix": 1.0, "threats.decoy.mix": 1.0}


def test_a_calibrated_row_is_not_replaced_by_its_default(octopus: Scenario) -> None:
    """A deleted row with joint draws is an error that names its column, not a warning and a stock of 0."""
    assert octopus.row_of("makers", "stock", "other").is_calibrated
    with pytest.raises(ScenarioError) as error:
        with_rows(octopus, without=("makers.other.stock,",))
    messages = {problem.message.split(":")[0]: problem for problem in error.value.problems}
    problem = messages["the column makers.other.stock is not used"]
    assert (problem.file, problem.line) == ("folder/posterior.csv", 1)
    assert "its default value 0 would replace the calibrated one; restore the row" in problem.message


def test_a_parameter_without_a_default_needs_a_row(pocket: Scenario) -> None:
    """What a scenario is about has no default value: missing rows are all named."""
    with pytest.raises(ScenarioError) as error:
        with_rows(pocket, without=("threats.drone.damage,", "crews.initial,", "crews.washout,"))
    assert sorted(p.message.split(" is missing")[0] for p in error.value.problems) == [
        "crews.initial", "threats.drone.damage",
    ]  # fmt: skip


def test_defaults_of_several_entities_are_one_row_with_wildcards() -> None:
    """If only some entities lack a row, each of these has one."""
    files = {name: text.encode() for name, text in FILES.items()}
    small = read_files(files)
    assert not any(a.is_default for a in small.assumptions)
    lines = FILES["assumptions.csv"].splitlines(keepends=True)
    without = "".join(line for line in lines if not line.startswith(("lanes.*.loss,", "plants.*.royalty,")))
    assert len(without) < len(FILES["assumptions.csv"])
    changed = read_files({**files, "assumptions.csv": without.encode()})
    defaults = [a for a in changed.assumptions if a.is_default]
    assert {a.name for a in defaults} == {"lanes.*.loss", "plants.*.royalty"}
    royalty = next(a for a in defaults if a.parameter == "royalty")
    assert (royalty.currency, royalty.price_base, royalty.median) == ("GBP", 2025, 0.0)
    some = read_files({**files, "assumptions.csv": (without + row("lanes.road.loss", "0.1", "1") + "\n").encode()})
    assert "lanes.air.loss" in {a.name for a in some.assumptions if a.is_default}


def test_an_assumption_with_a_default_can_be_changed(pocket: Scenario) -> None:
    """The change writes the defaults as rows, so that what belongs together stays stated; its note tells the default.

    A value that is the default, too, is then stated.
    """
    changed = pocket.change({"suppliers.works.mtbf": 60, "suppliers.works.mttr": 1, "raids.level": "0.8 to 1.2"})
    assert changed.row_of("suppliers", "mtbf", "works").median == 60.0
    assert changed.row_of("suppliers", "mttr", "works").median == 1.0
    assert changed.row_of("suppliers", "mttr", "works").note == "Changed from the default value 1 (no outages)"
    assert changed.row_of("raids", "level").distribution == "gamma"
    assert not any(a.is_default for a in changed.assumptions)
    assert changed.warnings == pocket.warnings


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("suppliers.works.mtbf", 30, ["suppliers.works.mttr"]),
        ("raids.salvo_share", 0.2, ["packages.raid.salvo_cv", "packages.raid.salvo_mean", "raids.salvo_stay"]),
        ("regions.town.power_exposure", 0.5, ["regions.town.power_days"]),
        ("plants.bench.yield_first", 0.5, ["plants.bench.yield_mature", "plants.bench.yield_units"]),
        ("lethality.pocket.drone.p_floor", 0.3, ["lethality.pocket.drone.decay"]),
        ("designs.pocket.release_interval", 30,
         ["designs.pocket.release_cv", "plants.bench.retained", "plants.bench.retool"]),
    ],
)  # fmt: skip
def test_a_changed_default_needs_its_companions(
    pocket: Scenario, name: str, value: float, missing: list[str], filled: bool
) -> None:
    """A default that is changed is refused while its companions have theirs, as without rows; also after --fill."""
    baseline = read_files({**pocket.files, "assumptions.csv": with_default_rows(pocket)}) if filled else pocket
    with pytest.raises(ScenarioError) as error:
        baseline.change({name: value})
    messages = [str(problem.message) for problem in error.value.problems]
    assert sorted(message.split(": ")[0] for message in messages) == missing
    assert all("has its default value " in text and f"because {name} is stated (" in text for text in messages)


def test_a_filled_row_states_no_more_than_no_row(pocket: Scenario) -> None:
    """A default is used next to a filled companion; a row with another note is stated, whatever its value."""
    filled = with_default_rows(pocket).decode()
    rows = [line for line in filled.splitlines(keepends=True) if not line.startswith("suppliers.works.mtbf,")]
    without = read_files({**pocket.files, "assumptions.csv": "".join(rows).encode()})
    assert without.row_of("suppliers", "mtbf", "works").is_default
    stated = "".join(rows).replace(
        "works.mttr,1,,,fixed,day,,,red,,2026-11-30,default: no outages", "works.mttr,1,,,,day,,,red,,2026-11-30,"
    )
    with pytest.raises(ScenarioError, match=r"suppliers\.works\.mtbf is missing"):
        read_files({**pocket.files, "assumptions.csv": stated.encode()})


def test_the_note_of_a_default_with_another_value_is_a_warning(pocket: Scenario) -> None:
    """A value that was edited in a row that --fill wrote contradicts the note of the row."""
    filled = with_default_rows(pocket).decode()
    assert not read_files({**pocket.files, "assumptions.csv": filled.encode()}).warnings
    line = next(n for n, text in enumerate(filled.splitlines(), 1) if text.startswith("plants.bench.slope,"))
    edited = filled.replace("plants.bench.slope,1,", "plants.bench.slope,0.9,")
    (warning,) = read_files({**pocket.files, "assumptions.csv": edited.encode()}).warnings
    assert warning.line == line
    assert warning.message.startswith("plants.bench.slope: the note 'default: no learning' is that of the default")


@pytest.mark.parametrize(
    ("event", "value", "time"),
    [
        ("lethality.pocket.drone.p_floor", "0.3", "lethality.pocket.drone.decay"),
        ("suppliers.works.mttr", "9", "suppliers.works.mtbf"),
    ],
)
def test_a_value_of_an_event_that_never_happens_is_a_warning(
    pocket: Scenario, event: str, value: str, time: str
) -> None:
    """A row next to a hand-written time that never ends in the scenario has no effect, and a warning says so."""
    unit = "day" if event.endswith("mttr") else "1"
    stated = with_rows(pocket, row(event, value, unit), row(time, "1e9", "day"))
    (warning,) = stated.warnings
    lines = stated.files["assumptions.csv"].decode().splitlines()
    assert lines[warning.line - 1].startswith(f"{event},{value},")
    assert warning.message.startswith(f"{event}: has practically no effect, because {time} (assumptions.csv, line ")
    assert "is 1e+09 days, at least 1,000 times the length of the scenario, which means no " in warning.message
    assert warning.message.endswith(f"Enter a shorter time in {time}, or delete both rows")
    assert not with_rows(pocket, row(event, value, unit), row(time, "60", "day")).warnings
    assert not read_files({**pocket.files, "assumptions.csv": with_default_rows(pocket)}).warnings


def test_the_warning_of_an_event_that_never_happens_states_what_is_tested(pocket: Scenario) -> None:
    """Of a time with a range it prints the P10, which is compared with the length of the scenario."""
    time = "suppliers.works.mtbf,{},{},{},lognormal,day,,,red,tests,2026-02-03,"
    event = row("suppliers.works.mttr", "9", "day")
    (warning,) = with_rows(pocket, event, time.format("2e5", "1e5", "4e5")).warnings
    assert " has a P10 of 100000 days, at least 1,000 times the length of the scenario, which" in warning.message
    assert not with_rows(pocket, event, time.format("1.8e5", "9e4", "3.6e5")).warnings


def test_a_filled_weight_is_refused_next_to_a_stated_one(octopus: Scenario) -> None:
    """A weight of a filled row is no more used next to a stated weight of its group than one without a row."""
    corridors = tuple(f"{a.name}," for a in octopus.assumptions if (a.kind, a.parameter) == ("corridors", "share"))
    equal = with_rows(octopus, without=corridors)
    with pytest.raises(ScenarioError) as error:
        with_rows(
            read_files({**equal.files, "assumptions.csv": with_default_rows(equal)}),
            row("corridors.border-odesa.share", "3", "1"),
        )
    (problem,) = error.value.problems
    assert problem.message.startswith("corridors.*.share: has its default value 1 (corridors into a region have")
    assert "because corridors.border-odesa.share is stated" in problem.message


def test_defaults_are_counted_in_the_report(pocket: Scenario) -> None:
    """The first limitation of the report gives their number; a scenario without defaults has no such words."""
    results = RunResults(op.simulate(pocket, 2, 1))
    count = sum(a.is_default for a in pocket.assumptions)
    assert f"{count} of these have no row and therefore a default value." in limitations(results.run)[0]
    filled = read_files({**pocket.files, "assumptions.csv": with_default_rows(pocket)})
    assert "default" not in limitations(op.simulate(filled, 2, 1))[0]


def test_a_folder_keeps_the_lines_that_it_has(pocket: Scenario) -> None:
    """Rows are added at the end; a file without a line break at its end gets one."""
    data = pocket.files["assumptions.csv"]
    assert with_default_rows(pocket).startswith(data)
    cut = read_files({**pocket.files, "assumptions.csv": data.rstrip(b"\n")})
    assert with_default_rows(cut) == with_default_rows(pocket)
