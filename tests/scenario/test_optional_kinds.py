"""Kinds of entity whose rows are optional: required together, with the interceptors, by month, and when refused."""

from math import isnan
from pathlib import Path

import numpy as np
import pytest

from octoplan.errors import ScenarioError
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import BEST_FIRST, NEWEST_FIRST, OLDEST_FIRST, records_of
from octoplan.scenario.scenario import with_files
from octoplan.scenario.schema import assumptions_schema
from tests.scenario.folder import ASSUMPTIONS

FIRST_LINE = len(ASSUMPTIONS.splitlines()) + 1
"""Line of the first added row."""
DRIFT = ("drift.*.sd,0.4,,,fixed,1,", "drift.*.memory,90,,,fixed,day,")


def with_rows(scenario: Scenario, *rows: str) -> Scenario:
    """The small scenario with further rows of assumptions, without the columns from ``source`` on."""
    added = "".join(f"{row},,red,tests,2026-02-03,\n" for row in rows)
    return with_files(scenario, {"assumptions.csv": ASSUMPTIONS + added})


def problems(scenario: Scenario, *rows: str) -> list[tuple[int, str]]:
    """Line, counted from the first added row, and message of each problem with further rows."""
    with pytest.raises(ScenarioError) as caught:
        with_rows(scenario, *rows)
    return [(p.line - FIRST_LINE if p.line else -1, p.message) for p in caught.value.problems]


def test_without_rows_the_parameters_have_their_absent_values(scenario: Scenario) -> None:
    """Without rows, drift is 0 and no level is stated."""
    draws = np.zeros(len(scenario.columns))
    assert not records_of(scenario.compile(), "drift", draws)["sd"].any()
    assert np.isnan(records_of(scenario.compile(), "levels", draws)["level"]).all()


def test_rows_of_one_layer_leave_the_others_without(scenario: Scenario) -> None:
    """Drift of the interceptors alone is permitted, and the other layers have none."""
    changed = with_rows(scenario, "drift.interceptor.sd,0.4,,,fixed,1,", "drift.interceptor.memory,3 months,,,fixed,,")
    draws = changed.quantiles(np.full((1, len(changed.columns)), 0.5))[0]
    assert records_of(changed.compile(), "drift", draws)["sd"].tolist() == [0.4, 0.0, 0.0]
    assert records_of(changed.compile(), "drift", draws)["memory"].tolist() == [pytest.approx(91.3125), 0.0, 0.0]


def test_a_part_of_the_parameters_is_refused(scenario: Scenario) -> None:
    """If one parameter of an optional kind has a row, the others are required for the same entity."""
    message = (
        "drift.gun.memory is missing; add a row in day (time over which the correlation of the level falls to 1/e)"
    )
    assert problems(scenario, "drift.gun.sd,0.4,,,fixed,1,") == [(-1, message)]
    several = problems(scenario, "drift.*.sd,0.4,,,fixed,1,", "drift.gun.memory,90,,,fixed,day,")
    assert [text.split(" (")[0] for _, text in several] == ["drift.*.memory is missing for 2"]


def test_a_row_that_matches_nothing_is_refused(scenario: Scenario) -> None:
    """Rows for an unknown layer, an unknown month or a kind that is not optional for interceptors are errors."""
    unknown = problems(scenario, *DRIFT, "drift.laser.sd,0.1,,,fixed,1,", "levels.gun.2026-03.level,0,,,fixed,1,")
    no_month = "there is no month '2026-03'; the months are 2025-11 to 2026-02"
    assert unknown == [
        (2, "there is no 'laser' in [layers] of programme.toml; expected one of interceptor, gun, missile"),
        (3, f"{no_month}: remove the row, or change start or months in programme.toml"),
    ]
    (refused,) = problems(scenario, "layers.interceptor.cost,1,,,fixed,GBP,2025")
    assert "parameters of interceptors are in designs" in refused[1]
    (hidden,) = problems(
        scenario, *DRIFT, *(f"drift.{layer}.sd,0.1,,,fixed,1," for layer in ("interceptor", "gun", "missile"))
    )
    assert hidden[0] == 0
    assert hidden[1] == (
        "drift.*.sd supplies no parameter: every parameter that matches the row has a more specific row; remove the row"
    )


def test_levels_apply_to_months(scenario: Scenario) -> None:
    """A row with a month supplies that month, and a wildcard one draw for all months."""
    months = with_rows(
        scenario, *DRIFT, "levels.gun.2025-11.level,0.5,,,fixed,1,", "levels.gun.2025-12.level,-0.5,,,fixed,1,",
        "levels.missile.*.level,,-0.3,0.3,normal,1,",
    )  # fmt: skip
    draws = months.quantiles(np.full((1, len(months.columns)), 0.9))[0]
    levels = records_of(months.compile(), "levels", draws)["level"].reshape(3, 4)
    assert all(map(isnan, levels[0]))
    assert levels[1, :2].tolist() == [0.5, -0.5]
    assert np.isnan(levels[1, 2:]).all()
    assert levels[2] == pytest.approx(0.3)


def test_levels_with_a_gap_are_refused(scenario: Scenario) -> None:
    """A level after a month without one is an error in the line of the row, with the row to add."""
    rows = (*DRIFT, "levels.gun.2025-11.level,0,,,fixed,1,", "levels.gun.2026-01.level,0,,,fixed,1,")
    ((line, message),) = problems(scenario, *rows)
    assert line == 3
    assert message == (
        "levels.gun.2026-01.level: levels must be stated for consecutive months from the first, and the layer "
        "'gun' has none for 2025-12; add levels.gun.2025-12.level, or remove the levels of later months"
    )
    ((line, message),) = problems(scenario, *DRIFT, "levels.*.2026-02.level,0,,,fixed,1,")
    assert line == 2
    assert "the layer 'interceptor' has none for 2025-11" in message


def test_levels_without_drift_are_refused(scenario: Scenario) -> None:
    """A level of a layer without drift is an error in the line of the row."""
    rows = (
        "drift.gun.sd,0.4,,,fixed,1,",
        "drift.gun.memory,90,,,fixed,day,",
        "levels.missile.2025-11.level,0,,,fixed,1,",
    )
    ((line, message),) = problems(scenario, *rows)
    assert line == 2
    assert message == (
        "levels.missile.2025-11.level: the layer 'missile' has no drift, so that its level cannot be stated; add "
        "drift.missile.sd and drift.missile.memory"
    )


def test_values_outside_their_range_are_refused(scenario: Scenario) -> None:
    """The standard deviation is not negative, the memory is positive and a level is between -5 and 5."""
    rows = ("drift.gun.sd,-1,,,fixed,1,", "drift.gun.memory,0,,,fixed,day,", "levels.gun.*.level,6,,,fixed,1,")
    lines = [line for line, message in problems(scenario, *rows) if "is outside" in message]
    assert lines == [0, 1, 2]


def test_the_schema_states_that_the_rows_are_optional() -> None:
    """The schema marks the parameters as optional and describes the names of months."""
    names = {entry["pattern"]: entry for entry in assumptions_schema()["properties"]["name"]["anyOf"]}
    (level,) = (entry for pattern, entry in names.items() if pattern.startswith("^levels"))
    assert level["x-when"] == "optional"
    assert "[0-9]{4}-[0-9]{2}" in level["pattern"]
    assert (level["x-low"], level["x-high"]) == (-5.0, 5.0)


def test_a_folder_on_disk_with_levels_is_valid(small: Path) -> None:
    """A folder with drift and levels loads, and its rows are found by their names."""
    rows = (*DRIFT, "levels.gun.2025-11.level,0.5,,,fixed,1,")
    added = "".join(f"{row},study,amber,tests,2026-02-03,\n" for row in rows)
    (small / "assumptions.csv").write_text(ASSUMPTIONS + added)
    loaded = load(small)
    assert loaded.row_of("levels", "level", "gun", "2025-11").line == FIRST_LINE + 2
    with pytest.raises(KeyError, match=r"has no parameter levels\.gun\.2025-12\.level"):
        loaded.row_of("levels", "level", "gun", "2025-12")


def test_readiness_lots_and_service_have_values_that_switch_them_off(scenario: Scenario) -> None:
    """Without rows the slope of readiness and the interval of lots are 0, and all units serve the regions."""
    draws, compiled = np.zeros(len(scenario.columns)), scenario.compile()
    assert not records_of(compiled, "readiness", draws)["slope"].any()
    assert not records_of(compiled, "lots", draws)["interval"].any()
    assert records_of(compiled, "service", draws)["share"].tolist() == [1.0, 1.0]
    changed = with_rows(scenario, "service.whelk.share,,0.1,0.9,uniform,1,")
    draws = changed.quantiles(np.full((1, len(changed.columns)), 0.5))[0]
    assert records_of(changed.compile(), "service", draws)["share"].tolist() == [1.0, pytest.approx(0.5)]


def test_readiness_of_crews_is_permitted_and_needs_all_three_rows(scenario: Scenario) -> None:
    """Readiness has rows for the interceptors; a slope without the reference and the full alert is refused."""
    rows = [f"readiness.interceptor.{name},{value},,,fixed,{unit}," for name, value, unit in (
        ("slope", "0.5", "1"), ("reference", "4500", "units/month"), ("full", "400", "1/day"),
    )]  # fmt: skip
    changed = with_rows(scenario, *rows)
    assert changed.row_of("readiness", "reference", "interceptor").median == pytest.approx(4500 * 12 / 365.25)
    missing = [message.split(" is missing")[0] for _, message in problems(scenario, rows[0])]
    assert sorted(missing) == ["readiness.interceptor.full", "readiness.interceptor.reference"]


def test_lots_are_for_stocked_layers_only(scenario: Scenario) -> None:
    """Rows of lots for a layer without a limited stock, and for the interceptors, are refused with the reason."""
    (problem,) = problems(scenario, "lots.gun.interval,30,,,fixed,day,")
    assert problem == (0, "lots.gun.interval supplies no parameter: the layer 'gun' is not stocked; remove the row")
    (problem,) = problems(scenario, "lots.interceptor.interval,30,,,fixed,day,")
    assert "parameters of interceptors are in designs" in problem[1]
    rows = ("lots.*.interval,30,,,fixed,day,", "lots.*.interval_cv,1,,,fixed,1,", "lots.*.size_cv,0.5,,,fixed,1,")
    changed = with_rows(scenario, *rows)
    draws = changed.quantiles(np.full((1, len(changed.columns)), 0.5))[0]
    assert records_of(changed.compile(), "lots", draws)["interval"].tolist() == [0.0, 0.0, 30.0]


def test_the_best_stock_order_is_a_code_of_its_own(scenario: Scenario) -> None:
    """The orders oldest, newest and best have different codes in the compiled decisions."""
    text = scenario.files["decisions.toml"].decode()
    codes = []
    for order in ("oldest", "newest", "best"):
        changed = with_files(scenario, {"decisions.toml": text.replace('stock = "newest"', f'stock = "{order}"')})
        codes += changed.compile().plan.stock_order.tolist()
    assert codes == [OLDEST_FIRST, NEWEST_FIRST, BEST_FIRST]
