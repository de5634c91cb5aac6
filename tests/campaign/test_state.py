"""What is known on a date takes the place of what was simulated until then, in every future."""

from functools import cache
from math import ceil

import numpy as np
import pytest
import xarray as xr

from octoplan.outcomes.run import Run, simulate
from octoplan.outcomes.state import state_of
from octoplan.scenario import Scenario, load
from octoplan.scenario.scenario import with_state

HEAD = "name,value,unit,source,note\n"
FUTURES = 5
APART = ("on_order", "in_course", "gates.")
"""Rows about what is under way: a state spreads it evenly, and gates are known to the day."""


def stated(scenario: Scenario, date: str, **rows: float | str) -> Scenario:
    """The scenario with a state; dots in the names of rows are written as ``__``, hyphens as ``_0``."""
    lines = [f"{name.replace('__', '.').replace('_0', '-')},{value},,,\n" for name, value in rows.items()]
    return with_state(scenario, f"{HEAD}date,{date},,,\n{''.join(lines)}")


@cache
def octopus() -> Scenario:
    """The shipped programme, over within six months."""
    files = load("octopus").files
    text = files["programme.toml"].decode()
    assert "months = 24" in text
    return short(text.replace("months = 24", "months = 6"))


def short(programme: str) -> Scenario:
    from octoplan.scenario.files import Report
    from octoplan.scenario.scenario import _read

    return _read({**load("octopus").files, "programme.toml": programme.encode()}, Report("octopus"))


@cache
def plain() -> Run:
    return flown(octopus())


def flown(scenario: Scenario, futures: int = FUTURES) -> Run:
    return simulate(scenario, futures, 3, keep=("all",))


@cache
def known() -> Run:
    """Octopus with every kind of number known on 1 March."""
    return flown(
        stated(
            octopus(), "2026-03-01", gates__licence__passed="2025-12-02", gates__data_0package__passed="2026-01-12",
            gates__ua_0transfer__passed="2025-12-20", gates__ua_0tooling__passed="yes",
            gates__ua_0first_0article__passed="2026-02-10", plants__ua_01__experience=1234.5, plants__ua_01__heads=61.5,
            plants__ua_01__stock=87, plants__ua_01__parts__motor__on_hand=4321, plants__ua_01__parts__motor__on_order=999,
            regions__stock__octopus=1500, regions__odesa__stock__other=77, crews__trained=333, crews__in_course=45,
            kits__held=444, kits__on_order=60,
        )
    )  # fmt: skip


def at_end(
    run: Run, tally: str, month: str = "2026-02", **place: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(run.data[tally].sel(month=month, **place).values, float)


def test_the_month_ends_with_what_is_known() -> None:
    """On the evening before the date the tallies show every number of the state, in every future."""
    run, ua = known(), {"plant": "ua-1"}
    assert (at_end(run, "experience", **ua) == 1234.5).all()
    assert (at_end(run, "heads", **ua) == 61.5).all()
    assert (at_end(run, "plant_stock", **ua) == 87).all()
    assert (at_end(run, "part_stock", **ua, part="motor") == 4321).all()
    assert (at_end(run, "part_due", **ua, part="motor") == 999).all()
    assert (at_end(run, "stock", design="octopus").sum(axis=1) == 1500).all()
    assert (at_end(run, "stock", design="other", region="odesa") == 77).all()
    assert (at_end(run, "crews") == 333).all()
    assert (at_end(run, "kits") == 444).all()


def test_the_accounts_close_on_what_is_known() -> None:
    """No future fails, and none has a unit that comes from nowhere after the date."""
    run = known()
    assert not run.status.any()
    assert not run.data["imbalance"].values.any()
    assert (run.data["stock"].values >= 0).all()


def test_what_is_not_stated_stays_as_simulated() -> None:
    """Raids, exchange rates, blocks, and on the date all stocks of which nothing is said are those of the same seed."""
    run, free = known(), plain()
    for tally in ("launched", "exchange", "block", "supplier_down", "lane_down"):
        assert np.array_equal(run.data[tally], free.data[tally]), tally
    only = flown(stated(octopus(), "2026-03-01", crews__trained=333))
    until = [month for month in run.data.month.values if month < "2026-03"]
    for tally in ("stock", "part_stock", "part_due", "heads", "experience", "kits", "plant_stock", "good", "sorties"):
        assert np.array_equal(only.data[tally].sel(month=until), free.data[tally].sel(month=until)), tally
    assert not np.array_equal(only.data["sorties"], free.data["sorties"])


def test_known_gates() -> None:
    """A known gate is passed that day in every future, from the first day on; one not stated never before the date."""
    opened = known().data["opened"]
    morning = 120
    assert (opened.sel(plant="ua-1") == (np.datetime64("2026-02-10") - np.datetime64("2025-11-01")).astype(int)).all()
    late = opened.sel(plant=["uk-1", "uk-2"])
    assert (late >= morning).all()
    free = np.maximum(plain().data["opened"].sel(plant="uk-batch"), morning)
    assert np.isfinite(free).all()
    made = known().data["made"].sel(plant=["uk-1", "uk-2"])
    assert not made.sel(month=["2025-11", "2025-12", "2026-01", "2026-02"]).any()


def test_what_is_under_way_comes_evenly() -> None:
    """Kits on order all arrive within the lead, those in course that finish within the course, nobody before."""
    rates = {
        "kits.attrition": 0.0,
        "crews.attrition": 0.0,
        "crews.washout": 0.0,
        "crews.course": 20.0,
        "kits.lead": 40.0,
    }
    run = with_beliefs(
        stated(octopus(), "2026-03-01", crews__trained=100, crews__in_course=60, kits__held=200, kits__on_order=80),
        rates,
    )
    crews, kits = (run.data[name].sel(month=["2026-02", "2026-03", "2026-04"]).values for name in ("crews", "kits"))
    decisions = octopus().decisions
    assert (np.diff(kits, axis=1)[:, 0] == 80 * 31 // 40).all()
    course = [sum(decisions.crews.intake[m] for m in months) for months in ([4],)]
    assert (crews[:, 0] == 100).all()
    assert (crews[:, 1] == 100 + 60 + course[0]).all()
    assert (kits[:, 0] == 200).all()


def with_beliefs(scenario: Scenario, numbers: dict[str, float]) -> Run:
    """The scenario flown with some beliefs fixed."""
    from octoplan.campaign.futures import fly
    from octoplan.outcomes.run import beliefs_of, labelled

    beliefs = beliefs_of(scenario, FUTURES, 3)
    for name, number in numbers.items():
        beliefs[:, scenario.columns.index(name)] = number
    flight = fly(scenario.compile(), beliefs, seed=3)
    return Run(
        scenario, 3, labelled(scenario, flight.tally), xr.Dataset(), xr.DataArray(beliefs), flight.status, {}, 0.0, ""
    )  # fmt: skip


def test_without_the_programme_only_others_units_are_known() -> None:
    """Without the programme nobody has its units, and crews and others' units are those that are known."""
    full = flown(stated(octopus(), "2026-03-01", regions__stock__octopus=5000, regions__stock__other=0, kits__held=300))
    empty = flown(stated(octopus(), "2026-03-01", regions__stock__octopus=0, regions__stock__other=0, kits__held=300))
    assert full.baseline.identical(empty.baseline)
    assert not np.array_equal(full.data["sorties"], empty.data["sorties"])
    plenty = flown(stated(octopus(), "2026-03-01", regions__stock__other=50_000, kits__held=300))
    assert not plenty.baseline.identical(empty.baseline)


@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_a_state_that_was_there_anyway_changes_nothing(name: str) -> None:
    """What a future held, given back to it, leaves all its later days as they were, to the last bit."""
    scenario = load("pocket") if name == "pocket" else octopus()
    free, future, month = flown(scenario), 2, 1 if name == "pocket" else 4
    text = state_of(free, first_of(free, month), "run", future).text
    kept = "".join(line for line in text.splitlines(keepends=True) if not any(word in line for word in APART))
    again = flown(with_state(scenario, kept))
    for tally in free.data:
        assert np.array_equal(again.data[tally][future], free.data[tally][future]), tally
    others = [row for row in range(FUTURES) if row != future]
    assert not np.array_equal(again.data["kits"][others], free.data["kits"][others])


def first_of(run: Run, month: int):  # noqa: ANN201
    from datetime import date

    return date.fromisoformat(f"{run.data.month.values[month]}-01")


def test_a_whole_state_that_was_there_anyway_changes_little() -> None:
    """With what is under way given back too, spread evenly, a future's later output and crews are nearly as they were."""
    free, future = plain(), 1
    again = flown(with_state(octopus(), state_of(free, first_of(free, 4), "run", future).text))
    for tally, near in (("good", 0.05), ("crews", 0.03), ("kits", 0.05), ("sorties", 0.1)):
        was, now = (float(run.data[tally][future].sel(month=["2026-03", "2026-04"]).sum()) for run in (free, again))
        assert was > 0
        assert abs(now / was - 1.0) < near, (tally, was, now)
    opened = zip(free.data["opened"][future].values, again.data["opened"][future].values, strict=True)
    assert all(ceil(now) - ceil(was) in (0, 1) for was, now in opened)
