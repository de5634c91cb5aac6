"""The state of a run on a date, written for a scenario that continues from it."""

import csv
import io
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from octoplan.api import Run, simulate
from octoplan.cli.main import main as cli
from octoplan.errors import RunError
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.state import state_of
from octoplan.outcomes.store import manifest
from octoplan.scenario import load
from octoplan.scenario.scenario import with_state
from octoplan.show.report import details
from tests.outcomes.runs import changed, octopus, pocket

FEBRUARY = date(2026, 2, 1)
KEEP = ("heads", "experience", "part_stock", "part_due")


@cache
def pocket_run() -> Run:
    """A run of pocket with every tally that a state needs."""
    return simulate(load("pocket"), 7, 1, keep=KEEP)


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_state_of_a_future_equals_its_tallies() -> None:
    """Each value is the tally of the future at the end of the month before, and its note says so."""
    run = pocket_run()
    extract = rows(state_of(run, FEBRUARY, "runs/one", 3).text)
    at_end = run.data.isel(future=3, month=0)
    assert extract["date"]["value"] == "2026-02-01"
    assert int(extract["regions.town.stock.pocket"]["value"]) == at_end["stock"].sel(region="town", design="pocket")
    assert int(extract["plants.bench.parts.part-set.on_hand"]["value"]) == at_end["part_stock"].values[0, 0]
    assert int(extract["plants.bench.parts.part-set.on_order"]["value"]) == at_end["part_due"].values[0, 0]
    assert float(extract["plants.bench.heads"]["value"]) == at_end["heads"].values[0]
    assert float(extract["plants.bench.experience"]["value"]) == at_end["experience"].values[0]
    assert int(extract["kits.held"]["value"]) == at_end["kits"]
    assert extract["kits.held"]["unit"] == "kits"
    assert extract["kits.held"]["source"] == "runs/one, future 3"
    assert extract["kits.held"]["note"] == "kits at the end of 2026-01"


def test_the_median_is_over_futures() -> None:
    """By default each value is the median over the finished futures."""
    run = pocket_run()
    failed = replace(run, status=np.array([1, 0, 0, 0, 0, 0, 0]), messages={0: "broke"})
    extract = rows(state_of(failed, FEBRUARY, "run").text)
    stock = run.data["stock"].sel(region="town", design="pocket").values[1:, 0]
    assert int(extract["regions.town.stock.pocket"]["value"]) == int(np.median(stock) + 0.5)
    assert extract["crews.trained"]["source"] == "run, median of 6 futures"


@pytest.mark.parametrize("future", [None, 2])
def test_a_known_state_is_reproduced(future: int | None) -> None:
    """The state of a run on the date of its known state is that known state, in every future."""
    text = state_of(pocket_run(), FEBRUARY, "run", future).text
    again = simulate(with_state(load("pocket"), text), 3, 5, keep=KEEP)
    for requested in (None, 0, 2):
        extract = rows(state_of(again, FEBRUARY, "run", requested).text)
        assert {name: row["value"] for name, row in extract.items()} == {
            name: row["value"] for name, row in rows(text).items()
        }


def test_gates_and_plants_that_wait_for_them() -> None:
    """A gate is passed on the first day its plants can work; plants with a gate not passed have no workers."""
    run = octopus()
    for future in range(run.futures):
        extract = rows(state_of(run, date(2026, 2, 1), "run", future).text)
        for plant, opened in zip(run.data.plant.values, run.data["opened"].values[future], strict=True):
            gates = run.scenario.programme.links("plants", plant, "gates")
            days = [extract[f"gates.{gate}.passed"]["value"] for gate in gates]
            is_open = "no" not in days
            assert is_open == (np.ceil(opened) <= 92)
            assert is_open == (f"plants.{plant}.stock" in extract)
            if is_open:
                last = max((date.fromisoformat(day) - run.scenario.start).days for day in days)
                assert last == np.ceil(opened)


def test_crews_and_kits_in_progress_follow_from_the_decisions(tmp_path: Path) -> None:
    """Crews in training and kits on order are those started and not completed, by the durations of the future."""
    decisions = {"intake = 0": "intake = [10, 20, 0]", "order = 0": "order = [5, 7, 0]"}
    run = simulate(changed(tmp_path / "one", decisions=decisions), 2, 1)
    course, lead = (run.assumption(kind, number)[0, 0] for kind, number in (("crews", "course"), ("kits", "lead")))
    for month, day in ((1, 31), (2, 59)):
        extract = rows(state_of(run, date(2026, month + 1, 1), "run", 0).text)
        started = [(0, 10, 5), (31, 20, 7)][:month]
        assert int(extract["crews.in_course"]["value"]) == sum(
            n for first, n, _ in started if first + int(course + 0.5) >= day
        )
        assert int(extract["kits.on_order"]["value"]) == sum(
            n for first, _, n in started if first + int(lead + 0.5) >= day
        )


def test_orders_of_a_state_remain_until_they_are_due() -> None:
    """Kits on order in a known state arrive evenly; those not due within a month are still on order a month later."""
    text = "name,value,unit,source,note\ndate,2026-02-01,,,\nkits.on_order,1000,,,\n"
    run = simulate(with_state(load("pocket"), text), 2, 1)
    lead = int(run.assumption("kits", "lead")[0, 0] + 0.5)
    extract = rows(state_of(run, date(2026, 3, 1), "run", 0).text)
    assert int(extract["kits.on_order"]["value"]) == 1000 - 1000 * min(28, max(lead, 1)) // max(lead, 1)


@pytest.mark.parametrize(
    ("day", "future", "message"),
    [
        (
            date(2026, 2, 2),
            None,
            "2026-02-02 is not the first day of a later month of the run; expected the first day of a month",
        ),
        (date(2026, 1, 1), None, "from 2026-02 to 2026-03"),
        (date(2026, 4, 1), None, "2026-04-01 is not the first day of a later month"),
        (FEBRUARY, 60, "there is no future 60; the run has futures 0 to 59"),
        (FEBRUARY, -1, "there is no future -1"),
    ],
)
def test_unknown_days_and_futures_are_refused(day: date, future: int | None, message: str) -> None:
    """For a day or a future that the run lacks, the message states the valid ones."""
    with pytest.raises(RunError) as error:
        state_of(pocket(), day, "run", future)
    assert message in str(error.value)


def test_a_failed_future_has_no_state() -> None:
    """A failed future, and a run in which every future failed, have no state."""
    run = replace(pocket_run(), status=np.ones(7, np.int64), messages=dict.fromkeys(range(7), "broke"))
    for future, message in ((3, "future 3 failed"), (None, "every future of the run failed")):
        with pytest.raises(RunError, match=message):
            state_of(run, FEBRUARY, "run", future)


def test_run_and_report_state_the_date_of_the_known_state() -> None:
    """``run.json`` and the report have the date of the known state, if there is one."""
    text = "name,value,unit,source,note\ndate,2026-02-01,,,\n"
    run = simulate(with_state(load("pocket"), text), 2, 1)
    assert manifest(run)["state_of"] == "2026-02-01"
    assert "state of 2026-02-01" in details(RunResults(run))
    assert manifest(pocket_run())["state_of"] is None
    assert "state of" not in details(RunResults(pocket_run()))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``octoplan state`` writes a file that a scenario accepts, names tallies not kept, and refuses with messages."""

    def octoplan(*arguments: str) -> int | str | None:
        with pytest.raises(SystemExit) as stop:
            cli(arguments)
        return stop.value.code

    run, out = str(tmp_path / "run"), tmp_path / "state.csv"
    assert octoplan("run", "pocket", "--futures", "3", "--out", run, "--keep", "heads", "--threads", "1") == 0
    capsys.readouterr()
    assert octoplan("state", run, "--date", "2026-02-01", "--future", "1", "--out", str(out)) == 0
    stderr = capsys.readouterr().err
    assert "run again with --keep experience part_stock part_due" in stderr
    scenario = with_state(load("pocket"), out.read_text())
    assert str(scenario.known_from) == "2026-02-01"
    assert scenario.compile().links.known_state.heads[0] >= 0
    assert scenario.compile().links.known_state.experience[0] == -1
    assert octoplan("state", run, "--date", "2026-02-01", "--out", str(out)) == 2
    assert "exists" in capsys.readouterr().err
    assert octoplan("state", run, "--date", "2026-02-02") == 2
    assert "2026-02-02 is not the first day of a later month" in capsys.readouterr().err
    assert octoplan("state", run, "--date", "soon") == 2
