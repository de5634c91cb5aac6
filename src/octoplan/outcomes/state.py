"""The state of a run on a date, as the ``state.csv`` of a scenario that continues from it."""

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
from octoplan.scenario.state import DATE, NO, STATE_COLUMNS, Quantity, quantities

TALLY_OF = {
    "experience": "experience",
    "heads": "heads",
    "plant_stock": "plant_stock",
    "on_hand": "part_stock",
    "on_order": "part_due",
    "stock": "stock",
}
"""The tally at a month's end that holds an array of ``scenario.arrays.Known``."""

OPEN_PLANTS_ONLY = ("experience", "heads", "plant_stock")
"""Arrays that are not stated of a plant whose gates are not all passed."""

IN_SERVICE = {"crews.trained": "crews", "kits.held": "kits"}
"""The tally at a month's end of crews and kits in service."""

Rows = Iterator[tuple[str, str, str, str]]
"""Name, value, unit and note of each row."""


@dataclass(frozen=True)
class StateExtract:
    """A state, and what it lacks.

    text
        The content of ``state.csv``.
    missing
        Tallies that it needs and that the run did not keep.
    """

    text: str
    missing: tuple[str, ...]


def state_of(run: Run, day: date, label: str, future: int | None = None) -> StateExtract:
    """The state of a run on the morning of a day: of one future, or the median over the finished futures.

    label
        Name of the run in the source of each row.

    Raises RunError for a day that is not the first of a month after the run's first, and for a future that it does not
    have or that failed.
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
    """The row of the month that ends on the eve of a day."""
    months = run.compiled.names.months
    if day.day != 1 or f"{day:%Y-%m}" not in months[1:]:
        expected = (
            f"expected the first day of a month from {months[1]} to {months[-1]}" if months[1:] else "it has one month"
        )
        raise RunError(f"{day} is not the first day of a later month of the run; {expected}")
    return months.index(f"{day:%Y-%m}") - 1


def selected_futures(run: Run, future: int | None) -> Ints:
    """The future requested, or all that were simulated to their end."""
    finished = np.flatnonzero(run.status == 0)
    if future is None:
        if not finished.size:
            raise RunError("every future of the run failed: there is no median")
        return finished
    if not 0 <= future < run.futures:
        raise RunError(f"there is no future {future}; the run has futures 0 to {run.futures - 1}")
    if future not in finished:
        raise RunError(f"future {future} failed ({run.messages[future]}); name another")
    return np.array([future])


def gate_days(run: Run) -> Floats:
    """Day on which each gate is passed, (futures, gates), as in ``campaign.production.gate_days``.

    A gate starts when the last of those before it is passed and lasts as drawn; a known state bounds the day. The
    recursion ends after as many steps as there are gates.
    """
    links, durations = run.compiled.links, run.assumption("gates", "duration")
    days = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        start = np.where(links.gate_after == 1, days[:, np.newaxis, :], 0.0).max(axis=2, initial=0.0)
        days = np.minimum(np.maximum(start + durations, links.known_state.gate_earliest), links.known_state.gate_latest)
    return days


def month_starts(run: Run) -> Ints:
    """The first day of each month, (months + 1,); the last is the day after the run."""
    return np.append(0, run.compiled.links.month_days.cumsum())


def median_text(values: NDArray[Any], quantity: Quantity) -> str:
    """The median of the values of some futures, (futures,), rounded where the quantity is a whole number."""
    median = float(np.median(values))
    return str(int(median + 0.5)) if quantity.is_whole else repr(median)


def gate_rows(run: Run, month: int, futures: Ints) -> Rows:
    """The day on which each gate was passed; "no" where it was not passed by the end of a month."""
    days = np.ceil(gate_days(run)[futures])
    for gate, values in zip(run.compiled.names.gates, days.T, strict=True):
        day = int(np.ceil(np.median(values)))
        value = str(run.scenario.start + timedelta(days=day)) if day <= month_starts(run)[month + 1] else NO
        yield f"gates.{gate}.passed", value, "", "gates.*.duration as drawn"


def tally_rows(run: Run, month: int, futures: Ints, not_passed: set[str]) -> Rows:
    """What the tallies hold at the end of a month.

    not_passed
        Gates that are not passed; plants that need one of them have produced nothing.
    """
    programme = run.scenario.programme
    closed = {p for p in run.compiled.names.plants if not_passed.intersection(programme.links("plants", p, "gates"))}
    note = f"at the end of {run.compiled.names.months[month]}"
    for name, quantity in quantities(programme).items():
        tally = TALLY_OF.get(quantity.array, "")
        if tally in run.data and not (quantity.array in OPEN_PLANTS_ONLY and name.split(".")[1] in closed):
            values = run.data[tally].values[futures, month]
            value = median_text(values[(slice(None), *quantity.index)], quantity)
            yield name, value, f"{quantity.unit}s", f"{tally} {note}"


def crew_and_kit_rows(run: Run, month: int, futures: Ints) -> Rows:
    """Crews and kits: those in service from the tallies, those in training or on order from decisions and draws."""
    plan, known, months = run.compiled.plan, run.compiled.links.known_state, run.compiled.names.months
    course, lead = run.assumption("crews", "course")[futures, 0], run.assumption("kits", "lead")[futures, 0]
    in_progress = {
        "crews.in_course": started_not_completed(run, month, plan.intake, course, int(known.crews[1])),
        "kits.on_order": started_not_completed(run, month, plan.kit_orders, lead, int(known.kits[1])),
    }
    for name, quantity in quantities(run.scenario.programme).items():
        if name in IN_SERVICE:
            tally = IN_SERVICE[name]
            values, note = run.data[tally].values[futures, month], f"{tally} at the end of {months[month]}"
        elif name in in_progress:
            values, note = in_progress[name], "decisions.toml and the durations drawn"
        else:
            continue
        yield name, median_text(values, quantity), f"{quantity.unit}s", note


def started_not_completed(run: Run, month: int, started: Ints, durations: Floats, stated: int) -> Ints:
    """How many of those started on the first day of each month are not completed at the end of a month, (futures,).

    started
        (months,) number started on the first day of the month.
    durations
        (futures,) days until they are completed.
    stated
        Number in progress on the date of the state that the scenario starts from, completed evenly over the duration;
        -1 where none is stated.
    """
    first, morning = month_starts(run)[: month + 1], int(month_starts(run)[month + 1])
    days, since = (durations + 0.5).astype(np.int64), int(run.compiled.links.known_state.day[0])
    known = stated >= 0 and since <= morning
    open_starts = (first + days[:, np.newaxis] >= morning) & (first >= (since if known else 0))
    remaining: Ints = np.where(open_starts, started[: month + 1], 0).sum(axis=1)
    if known:
        span = np.maximum(days, 1)
        remaining += stated - stated * np.minimum(morning - since, span) // span
    return remaining
