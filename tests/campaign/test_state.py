"""The known state at a date replaces the simulated state in every future."""

import shutil
from datetime import date, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import octoplan
from octoplan.campaign.futures import SimulationResults, simulate_futures
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import draw_assumptions, simulate
from octoplan.outcomes.state import state_of
from octoplan.scenario import Scenario, load
from octoplan.scenario.scenario import with_state

FUTURES, SEED = 4, 3
DATE, MORNING = "2026-03-01", 120
"""The date of the states of ``octopus``, and its day from the start."""
UNDER_WAY = ("on_order", "in_course", "gates.")
"""Rows that a state approximates: orders and courses are spread evenly, gates are in whole days."""

EVERYTHING = {
    "gates.licence.passed": "2025-12-02", "gates.data-package.passed": "2026-01-12",
    "gates.ua-transfer.passed": "2025-12-20", "gates.ua-tooling.passed": "yes",
    "gates.ua-first-article.passed": "2026-02-10", "plants.ua-1.experience": 1234.5, "plants.ua-1.heads": 61.5,
    "plants.ua-1.stock": 87, "plants.ua-1.parts.motor.on_hand": 4321, "plants.ua-1.parts.motor.on_order": 999,
    "regions.stock.octopus": 1500, "regions.odesa.stock.other": 77, "crews.trained": 333, "crews.in_course": 45,
    "kits.held": 444, "kits.on_order": 60,
}  # fmt: skip


@pytest.fixture(scope="module")
def octopus(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The built-in scenario with a horizon of six months."""
    folder = tmp_path_factory.mktemp("state") / "octopus"
    shutil.copytree(Path(octoplan.__file__).parent / "scenarios" / "octopus", folder)
    text = (folder / "programme.toml").read_text("utf-8")
    assert "months = 24" in text
    (folder / "programme.toml").write_text(text.replace("months = 24", "months = 6"), "utf-8")
    return load(folder)


@pytest.fixture(scope="module")
def unknown(octopus: Scenario) -> Run:
    """A run without a known state."""
    return simulated(octopus)


@pytest.fixture(scope="module")
def known(octopus: Scenario) -> Run:
    """A run with a known value of every kind."""
    return simulated(stated(octopus, EVERYTHING))


def stated(scenario: Scenario, rows: dict[str, Any]) -> Scenario:
    lines = "".join(f"{name},{value},,,\n" for name, value in rows.items())
    return with_state(scenario, f"name,value,unit,source,note\ndate,{DATE},,,\n{lines}")


def simulated(scenario: Scenario) -> Run:
    return simulate(scenario, FUTURES, SEED, keep=("all",))


def evening(run: Run, tally: str, **labels: str) -> NDArray[np.float64]:
    """A tally at the end of the month before the date, (futures, ...)."""
    results: NDArray[np.float64] = run.data[tally].sel({"month": "2026-02", **labels}).values.astype(np.float64)
    return results


def test_the_month_ends_with_what_is_known(known: Run) -> None:
    """Closing stocks of the month before the date equal the known state in every future."""
    assert (evening(known, "experience", plant="ua-1") == 1234.5).all()
    assert (evening(known, "heads", plant="ua-1") == 61.5).all()
    assert (evening(known, "plant_stock", plant="ua-1") == 87).all()
    assert (evening(known, "part_stock", plant="ua-1", part="motor") == 4321).all()
    assert (evening(known, "part_due", plant="ua-1", part="motor") == 999).all()
    assert (evening(known, "stock", design="octopus").sum(axis=1) == 1500).all()
    assert (evening(known, "stock", design="other", region="odesa") == 77).all()
    assert (evening(known, "crews") == 333).all()
    assert (evening(known, "kits") == 444).all()


def test_the_accounts_close_on_what_is_known(known: Run) -> None:
    """No future fails, and the unit accounts balance after the date."""
    assert not known.status.any()
    assert not known.data["imbalance"].values.any()
    assert (known.data["stock"].values >= 0).all()


def test_a_state_changes_no_random_numbers(unknown: Run, known: Run) -> None:
    """Raids, outages, releases and exchange rates are the same as without a known state."""
    for tally in ("launched", "exchange", "block", "supplier_down", "lane_down"):
        assert np.array_equal(known.data[tally], unknown.data[tally]), tally


def test_what_is_not_stated_stays_as_simulated(octopus: Scenario, unknown: Run) -> None:
    """With only crews known, other results are unchanged before the date, and sorties differ after it."""
    run = simulated(stated(octopus, {"crews.trained": 333}))
    months = [month for month in run.data.month.values if month < DATE[:7]]
    for tally in set(unknown.data.data_vars) - {"crews", "opened", "imbalance"}:
        ours, theirs = (part.data[tally].sel(month=months) for part in (run, unknown))
        assert np.array_equal(ours, theirs), tally
    assert not np.array_equal(run.data["sorties"], unknown.data["sorties"])


def test_known_gates(known: Run) -> None:
    """A gate whose day is known is passed that day in every future; of those not stated none before the date."""
    opened = known.data["opened"]
    ua_1 = (date(2026, 2, 10) - date(2025, 11, 1)) / timedelta(days=1)
    assert (opened.sel(plant="ua-1") == ua_1).all()
    late = ["uk-batch", "uk-1", "uk-2"]
    assert (opened.sel(plant=late) >= MORNING).all()
    assert not known.data["made"].sel(plant=late, month=slice(None, "2026-02")).any()
    assert known.data["made"].sel(plant="ua-1", month="2026-02").all()


def without_attrition(scenario: Scenario) -> SimulationResults:
    """Futures without attrition and washout, with a course of 20 days and a lead time of 40."""
    rates = {
        "kits.attrition": 0.0, "crews.attrition": 0.0, "crews.washout": 0.0, "crews.course": 20.0, "kits.lead": 40.0
    }  # fmt: skip
    assumptions = draw_assumptions(scenario, FUTURES, SEED)
    for name, number in rates.items():
        assumptions[:, scenario.columns.index(name)] = number
    return simulate_futures(scenario.compile(), assumptions, seed=SEED)


def test_what_is_under_way_comes_evenly(octopus: Scenario) -> None:
    """Crews in their course finish within it, kits on order arrive evenly over their lead; older orders are gone."""
    rows = {"crews.trained": 100, "crews.in_course": 60, "kits.held": 200, "kits.on_order": 80}
    results = without_attrition(stated(octopus, rows))
    march = octopus.decisions.crews.intake[4]
    assert (results.tally["crews"][:, 3:5] == [100, 100 + 60 + march]).all()
    assert (results.tally["kits"][:, 3:5] == [200, 200 + 80 * 31 // 40]).all()


def test_without_the_programme_only_others_units_are_known(octopus: Scenario) -> None:
    """The counterfactual takes crews, kits and others' units as they are known, and no unit of the programme."""

    def with_stock(programme: int, others: int) -> Run:
        rows = {"regions.stock.octopus": programme, "regions.stock.other": others, "kits.held": 300}
        return simulated(stated(octopus, rows))

    full, empty, plenty = with_stock(5000, 0), with_stock(0, 0), with_stock(0, 50_000)
    assert full.counterfactual.identical(empty.counterfactual)
    assert not full.data["sorties"].identical(empty.data["sorties"])
    assert not plenty.counterfactual.identical(empty.counterfactual)


def first_of(run: Run, month: int) -> date:
    return date.fromisoformat(f"{run.data.month.values[month]}-01")


@pytest.mark.parametrize(("name", "month"), [("pocket", 1), ("octopus", 4)])
def test_the_state_of_a_future_reproduces_that_future(octopus: Scenario, name: str, month: int) -> None:
    """The state of a future, applied to it, changes none of its days, bit for bit; it changes other futures."""
    scenario = load("pocket") if name == "pocket" else octopus
    run, future = simulated(scenario), 2
    lines = state_of(run, first_of(run, month), "run", future).text.splitlines()
    lines_kept = "\n".join(line for line in lines if not any(word in line for word in UNDER_WAY))
    again = simulated(with_state(scenario, lines_kept))
    for tally in run.data:
        assert np.array_equal(again.data[tally][future], run.data[tally][future]), tally
    others = [row for row in range(FUTURES) if row != future]
    assert not np.array_equal(again.data["stock"][others], run.data["stock"][others])


def test_the_full_state_of_a_future_nearly_reproduces_it(octopus: Scenario, unknown: Run) -> None:
    """With orders and courses in progress, which are spread evenly, a future continues nearly unchanged."""
    future = 1
    again = simulated(with_state(octopus, state_of(unknown, first_of(unknown, 4), "run", future).text))
    for tally, near in (("good", 0.05), ("crews", 0.1), ("kits", 0.05), ("sorties", 0.1)):
        was, now = (float(run.data[tally][future].sel(month=slice("2026-03", None)).sum()) for run in (unknown, again))
        assert was > 0
        assert abs(now / was - 1.0) < near, (tally, was, now)
    pairs = zip(unknown.data["opened"][future].values, again.data["opened"][future].values, strict=True)
    assert all(ceil(now) - ceil(was) in (0, 1) for was, now in pairs)
