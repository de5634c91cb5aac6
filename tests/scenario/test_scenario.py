"""Loading a scenario, the assumption of each parameter, and draws of the assumptions."""

import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.scenario import Scenario, builtin_scenarios, load
from octoplan.scenario.binding import RequiredParameters
from octoplan.scenario.distributions import Floats
from octoplan.scenario.entities import KIND_BY_NAME, KINDS
from tests.scenario.folder import FILES, line_of, write


def uniforms(scenario: Scenario, futures: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random((futures, len(scenario.columns)))


def test_a_folder_becomes_a_scenario(scenario: Scenario) -> None:
    """The scenario has the data of its files."""
    assert ("Small", date(2025, 11, 1), 4, 2025, "GBP") == (
        scenario.title,
        scenario.start,
        scenario.months,
        scenario.price_base,
        scenario.currency,
    )
    assert scenario.names.layers == ("interceptor", "gun", "missile")
    assert scenario.names.months == ("2025-11", "2025-12", "2026-01", "2026-02")
    assert scenario.tiles == {"west": (0, 1), "east": (1, 1)}
    assert (scenario.titles["regions.west"], scenario.titles["regions.east"]) == ("The west", "east")
    assert scenario.budgets == {"home": 200e6}
    assert scenario.decisions.layers_against["decoy"] == ("gun", "interceptor")
    assert scenario.sources["news"].title == "Some news, in print"
    assert scenario.files == {name: text.encode() for name, text in FILES.items()}


def test_every_required_parameter_has_a_row(scenario: Scenario) -> None:
    """Each parameter that is required, and no other, has an assumption with file and line; optional kinds have none."""
    requirements = RequiredParameters(scenario.programme, scenario.decisions.layers_against)
    for kind in KINDS:
        for parameter in kind.parameters:
            for row in requirements.name_tuples(kind.name):
                if kind.optional or requirements.reason_not_required(kind.name, parameter.condition, row):
                    with pytest.raises(KeyError, match="has no parameter"):
                        scenario.row_of(kind.name, parameter.name, *row)
                else:
                    assumption = scenario.row_of(kind.name, parameter.name, *row)
                    assert assumption.line == line_of("assumptions.csv", f"{assumption.name},")
                    assert all(a in {"*", b} for a, b in zip(assumption.entities, row, strict=True))


def test_the_more_specific_row_takes_precedence(scenario: Scenario) -> None:
    """A row without stars takes precedence over a row with a star, and fewer stars over more."""
    assert scenario.row_of("plants", "slope", "works").name == "plants.works.slope"
    assert scenario.row_of("plants", "slope", "yard").name == "plants.*.slope"
    assert scenario.row_of("engagement", "p_contact", "drone", "east").name == "engagement.drone.*.p_contact"
    assert scenario.row_of("splits", "share", "drones", "west").name == "splits.drones.west.share"
    assert scenario.row_of("splits", "share", "drones", "east").name == "splits.*.*.share"


def test_assumptions_are_in_the_units_of_the_simulation(scenario: Scenario) -> None:
    """Assumptions are converted to the unit of their parameter; money keeps its currency and price base."""
    licence = scenario.row_of("gates", "duration", "licence")
    assert (licence.low, licence.high, licence.unit) == (42.0, 98.0, "day")
    capital = scenario.row_of("plants", "line_capital", "works")
    assert (capital.value, capital.unit, capital.currency, capital.price_base) == (1.2e6, "GBP", "GBP", 2024)
    assert scenario.row_of("finance", "discount_rate").value == pytest.approx(0.035, rel=1e-15)


def test_draws_have_their_stated_quantiles(scenario: Scenario) -> None:
    """Uniform draws of 0.1 and 0.9 give the stated P10 and P90 of an assumption that is not truncated."""
    correlated = {name for pair in scenario.correlations for name in (pair.a, pair.b)}
    low, high = scenario.quantiles(np.repeat([[0.1], [0.9]], len(scenario.columns), axis=1))
    checked = 0
    for column, assumption in enumerate(scenario.assumptions):
        if assumption.distribution in {"normal", "lognormal", "gamma", "beta"} and assumption.name not in correlated:
            assert (low[column], high[column]) == pytest.approx((assumption.low, assumption.high), rel=1e-4)
            checked += 1
    assert checked >= 5


def test_money_is_converted_to_the_price_base_with_the_inflation_of_each_future(scenario: Scenario) -> None:
    """Prices of another year are multiplied by (1 + inflation of their currency) to the power of the years between."""
    draws = scenario.quantiles(uniforms(scenario, 200))
    column = {name: index for index, name in enumerate(scenario.columns)}
    inflation = draws[:, column["currencies.*.inflation"]]
    assert inflation.std() > 0
    assert draws[:, column["plants.*.line_capital"]] == pytest.approx(1.2e6 * (1 + inflation), rel=1e-14)
    wage = draws[:, column["plants.yard.labour_rate"]] / (1 + inflation) ** 2
    assert set(np.round(wage, 9)) == {400.0, 450.0, 500.0}
    assert (draws[:, column["plants.*.overhead"]] == 3000).all()


def test_a_future_does_not_depend_on_its_batch(scenario: Scenario) -> None:
    """The assumptions of a future are bit-identical alone, in a batch, and in any memory layout."""
    shares = uniforms(scenario, 64)
    together = scenario.quantiles(shares)
    alone = np.vstack([scenario.quantiles(shares[i : i + 1]) for i in range(64)])
    assert np.array_equal(together, alone)
    assert np.array_equal(together, scenario.quantiles(np.asfortranarray(shares)))


def test_rank_correlations_reach_the_draws(scenario: Scenario) -> None:
    """The draws of correlated rows have the stated rank correlation; the uniforms are not changed."""
    shares = uniforms(scenario, 20_000)
    before = shares.copy()
    draws = scenario.quantiles(shares)
    assert np.array_equal(before, shares)
    for pair in scenario.correlations:
        a, b = (draws[:, scenario.columns.index(name)].argsort().argsort() for name in (pair.a, pair.b))
        assert float(np.corrcoef(a, b)[0, 1]) == pytest.approx(pair.rank_correlation, abs=0.03)


def test_uniforms_of_a_wrong_shape_are_refused(scenario: Scenario) -> None:
    """Uniforms of another shape raise an error with the expected shape."""
    with pytest.raises(ValueError, match=r"expected \(futures, \d+\)"):
        scenario.quantiles(np.full((3, 2), 0.5))


def test_the_hash_depends_on_every_byte(small: Path) -> None:
    """Two folders have the same hash exactly if their files are the same."""
    first = load(small).hash
    assert first == load(write(Path("copy"))).hash
    path = small / "sources.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    assert first != load(small).hash


def test_a_scenario_can_be_pickled(scenario: Scenario) -> None:
    """A scenario sent to another process gives the same draws there."""
    other: Scenario = pickle.loads(pickle.dumps(scenario))
    shares = uniforms(scenario, 5)
    assert np.array_equal(scenario.quantiles(shares), other.quantiles(shares))


def test_valid_but_doubtful_input_gives_a_warning(small: Path) -> None:
    """A value far from the median, an unused source, and decisions beyond the horizon give a warning."""
    path = small / "assumptions.csv"
    path.write_text(path.read_text().replace("plants.*.hours_first,,8,20", "plants.*.hours_first,9,8,20"))
    path = small / "decisions.toml"
    path.write_text(path.read_text().replace("order = 20", "order = [1, 2, 3, 4, 5]"))
    warnings = [str(warning) for warning in load(small).warnings]
    line = line_of("assumptions.csv", "plants.*.hours_first")
    assert warnings[0].startswith(f"small/assumptions.csv:{line}: plants.*.hours_first: value 9 is not the median")
    assert "kits.order: has 5 values for 4 months" in warnings[1]
    assert warnings[2].endswith("the source 'news' is not used by any row")


@pytest.mark.parametrize("name", ["octopus", "pocket"])
def test_the_built_in_scenarios_load_without_a_warning(name: str) -> None:
    """Every built-in scenario loads without a warning and can be compiled."""
    assert name in builtin_scenarios()
    scenario = load(name)
    assert scenario.warnings == ()
    assert scenario.compile().names == scenario.names


def test_a_folder_takes_precedence_over_a_built_in_scenario(small: Path) -> None:
    """A user's folder takes precedence over a built-in scenario of the same name."""
    assert load(write(small.parent / "octopus")).title == "Small"


def test_loading_imports_no_heavy_library() -> None:
    """Reading a scenario imports neither numba nor plotly nor xarray."""
    heavy = {"numba", "plotly", "xarray", "pandas", "distributed", "dask.array", "h5netcdf", "octoplan.campaign"}
    code = f"import sys, octoplan; octoplan.load('pocket').compile(); print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_small_scenario_covers_every_condition(scenario: Scenario) -> None:
    """Each condition on parameters is true for some and false for other entities of the test scenario."""
    requirements = RequiredParameters(scenario.programme, scenario.decisions.layers_against)
    conditions = {p.condition for kind in KINDS for p in kind.parameters} - {"always"}
    met = {
        (parameter.condition, bool(requirements.reason_not_required(kind, parameter.condition, row)))
        for kind in KIND_BY_NAME
        for parameter in KIND_BY_NAME[kind].parameters
        for row in requirements.name_tuples(kind)
    }
    assert {(when, state) for when in conditions for state in (True, False)} <= met
