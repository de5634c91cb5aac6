"""State of a run on a date, in the format of ``state.csv``, for a scenario that continues from it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import RunError
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.state import DATE, NO, STATE_COLUMNS, StateQuantity, state_quantities

TALLY_OF = {
    "experience": "experience",
    "heads": "heads",
    "plant_stock": "plant_stock",
    "on_hand": "part_stock",
    "on_order": "part_due",
    "stock": "stock",
}
"""Name of the month-end tally that gives each array of a known state."""

OPEN_PLANT_ARRAYS = ("experience", "heads", "plant_stock")
"""Arrays omitted for plants that have a gate not yet passed."""

IN_SERVICE_TALLIES = {"crews.trained": "crews", "kits.held": "kits"}
"""Month-end tallies of crews and kits in service."""

Rows = Iterator[tuple[str, str, str, str]]
"""Name, value, unit and note of each row."""


@dataclass(frozen=True)
class StateExtract:
    """State of a run as text, and the tallies that were not available.

    text
        Content of ``state.csv``.
    missing_tallies
        Names of the tallies that a complete state requires and the run did not keep.
    """

    text: str
    missing_tallies: tuple[str, ...]


def state_of(run: Run, day: date, label: str, future: int | None = None) -> StateExtract:
    """State of a run at the start of a day: of one future, or the median over the finished futures.

    day
        First day of a month of the run, except its first month.
    label
        Name of the run in the source of each row.

    Raises RunError if the day is not the first of a later month of the run, or if the future does not exist or failed.
    """
    month, futures = month_before(run, day), selected_futures(run, future)
    source = f"{label}, median of {futures.size:,} futures" if future is None else f"{label}, future {future}"
    gates = list(gate_rows(run, month, futures))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(STATE_COLUMNS)
    writer.writerow((DATE, str(day), "", source, ""))
    not_passed = {name.split(".")[1] for name, value, _, _ in gates if value == NO}
    for name, value, unit, note in (
        *gates,
        *tally_rows(run, month, futures, not_passed),
        *crew_and_kit_rows(run, month, futures),
    ):
        writer.writerow((name, value, unit, source, note))
    return StateExtract(text.getvalue(), tuple(tally for tally in TALLY_OF.values() if tally not in run.data))


def month_before(run: Run, day: date) -> int:
    """Index of the month before a day, which must be the first of a month."""
    months = run.compiled.names.months
    if day.day != 1 or f"{day:%Y-%m}" not in months[1:]:
        expected = (
            f"expected the first day of a month from {months[1]} to {months[-1]}"
            if months[1:]
            else "the run has only one month"
        )
        raise RunError(f"{day} is not the first day of a later month of the run; {expected}")
    return months.index(f"{day:%Y-%m}") - 1


def selected_futures(run: Run, future: int | None) -> Ints:
    """(selected,) the given future, or all finished futures if ``future`` is None."""
    finished = np.flatnonzero(run.status == 0)
    if future is None:
        if not finished.size:
            raise RunError("every future of the run failed, so there is no median state")
        return finished
    if not 0 <= future < run.futures:
        raise RunError(f"there is no future {future}; the run has futures 0 to {run.futures - 1}")
    if future not in finished:
        raise RunError(f"future {future} failed ({run.messages[future]}); choose another future")
    return np.array([future])


def gate_days(run: Run) -> Floats:
    """(futures, gates) day on which each gate is passed, as in ``campaign.production.gate_days``.

    A gate starts when all its predecessors are passed and takes its drawn duration. A known state bounds the day from
    both sides. The iteration converges in at most as many steps as there are gates.
    """
    links, durations = run.compiled.links, run.assumption("gates", "duration")
    days = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        start = np.where(links.gate_predecessors == 1, days[:, np.newaxis, :], 0.0).max(axis=2, initial=0.0)
        days = np.minimum(np.maximum(start + durations, links.known_state.gate_earliest), links.known_state.gate_latest)
    return days


def month_starts(run: Run) -> Ints:
    """(months + 1,) first day of each month, followed by the day after the run."""
    return np.append(0, run.compiled.links.month_days.cumsum())


def median_text(values: NDArray[Any], quantity: StateQuantity) -> str:
    """Median of ``values``, (futures,), as text; rounded if the quantity is a whole number."""
    median = float(np.median(values))
    return str(int(median + 0.5)) if quantity.is_whole else repr(median)


def gate_rows(run: Run, month: int, futures: Ints) -> Rows:
    """Rows of state.csv for the gates: the median day of passing, or "no" if not passed by the end of the month."""
    days = np.ceil(gate_days(run)[futures])
    for gate, values in zip(run.compiled.names.gates, days.T, strict=True):
        day = int(np.ceil(np.median(values)))
        value = str(run.scenario.start + timedelta(days=day)) if day <= month_starts(run)[month + 1] else NO
        yield f"gates.{gate}.passed", value, "", "gates.*.duration as drawn"


def tally_rows(run: Run, month: int, futures: Ints, not_passed: set[str]) -> Rows:
    """Rows of state.csv from the tallies at the end of a month.

    not_passed
        Gates that are not passed; plants that require one of them have not opened.
    """
    programme = run.scenario.programme
    closed_plants = {
        p for p in run.compiled.names.plants if not_passed.intersection(programme.links("plants", p, "gates"))
    }
    note = f"at the end of {run.compiled.names.months[month]}"
    for name, quantity in state_quantities(programme).items():
        tally = TALLY_OF.get(quantity.array, "")
        if tally in run.data and not (quantity.array in OPEN_PLANT_ARRAYS and name.split(".")[1] in closed_plants):
            values = run.data[tally].values[futures, month]
            value = median_text(values[(slice(None), *quantity.index)], quantity)
            yield name, value, f"{quantity.unit}s", f"{tally} {note}"


def crew_and_kit_rows(run: Run, month: int, futures: Ints) -> Rows:
    """Rows of state.csv for crews and kits: in service from tallies, in training and on order from decisions."""
    plan, known, months = run.compiled.plan, run.compiled.links.known_state, run.compiled.names.months
    course_days, lead_days = run.assumption("crews", "course")[futures, 0], run.assumption("kits", "lead")[futures, 0]
    in_progress = {
        "crews.in_course": started_not_completed(run, month, plan.intake, course_days, int(known.crews[1])),
        "kits.on_order": started_not_completed(run, month, plan.kit_orders, lead_days, int(known.kits[1])),
    }
    for name, quantity in state_quantities(run.scenario.programme).items():
        if name in IN_SERVICE_TALLIES:
            tally = IN_SERVICE_TALLIES[name]
            values, note = run.data[tally].values[futures, month], f"{tally} at the end of {months[month]}"
        elif name in in_progress:
            values, note = in_progress[name], "decisions.toml and the durations drawn"
        else:
            continue
        yield name, median_text(values, quantity), f"{quantity.unit}s", note


def started_not_completed(run: Run, month: int, started: Ints, durations: Floats, initial: int) -> Ints:
    """(futures,) number of crews or kits started by the end of a month and not completed.

    started
        (months,) number started on the first day of each month.
    durations
        (futures,) days from start to completion.
    initial
        Number in progress in the known state from which the scenario starts, completed evenly over the duration; -1
        if the state does not give this number.
    """
    start_days, end_day = month_starts(run)[: month + 1], int(month_starts(run)[month + 1])
    days, state_day = (durations + 0.5).astype(np.int64), int(run.compiled.links.known_state.day[0])
    has_initial = initial >= 0 and state_day <= end_day
    in_progress = (start_days + days[:, np.newaxis] >= end_day) & (start_days >= (state_day if has_initial else 0))
    remaining: Ints = np.where(in_progress, started[: month + 1], 0).sum(axis=1)
    if has_initial:
        duration = np.maximum(days, 1)
        remaining += initial - initial * np.minimum(end_day - state_day, duration) // duration
    return remaining
