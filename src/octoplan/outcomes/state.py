"""What a run held on a date, as the ``state.csv`` of a scenario that goes on from there."""

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

TALLIED = {
    "experience": "experience",
    "heads": "heads",
    "plant_stock": "plant_stock",
    "on_hand": "part_stock",
    "on_order": "part_due",
    "stock": "stock",
}
"""The tally at a month's end that holds an array of ``Known``."""

OF_OPEN_PLANTS = ("experience", "heads", "plant_stock")
"""Arrays that hold nothing of a plant which still waits for a gate."""

COLLECTED = {"crews.trained": "crews", "kits.held": "kits"}
"""The tally at a month's end that holds crews and kits in service."""

Rows = Iterator[tuple[str, str, str, str]]
"""Name, value, unit and note of each row."""


@dataclass(frozen=True)
class Written:
    """The text of a ``state.csv``, and the tallies it wanted and the run did not keep."""

    text: str
    missing: tuple[str, ...]


def state_of(run: Run, day: date, label: str, future: int | None = None) -> Written:
    """What a run held on the morning of a day: of one future, or the median over its finished futures.

    label
        What the rows call the run.

    Raises RunError for a day that begins no month of the run after its first, and for a future that it does not have.
    """
    month, futures = month_before(run, day), picked(run, future)
    source = f"{label}, median of {futures.size:,} futures" if future is None else f"{label}, future {future}"
    gates = list(gate_rows(run, month, futures))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(STATE_COLUMNS)
    writer.writerow((DATE, str(day), "", source, ""))
    waiting = {name.split(".")[1] for name, value, _, _ in gates if value == NO}
    for name, value, unit, note in (
        *gates,
        *tallied_rows(run, month, futures, waiting),
        *corps_rows(run, month, futures),
    ):
        writer.writerow((name, value, unit, source, note))
    return Written(text.getvalue(), tuple(tally for tally in TALLIED.values() if tally not in run.data))


def month_before(run: Run, day: date) -> int:
    """The row of the month that ends on the eve of a day."""
    months = run.compiled.names.months
    if day.day != 1 or f"{day:%Y-%m}" not in months[1:]:
        can = (
            f"expected the first day of a month from {months[1]} to {months[-1]}" if months[1:] else "it has one month"
        )
        raise RunError(f"{day} begins no later month of the run; {can}")
    return months.index(f"{day:%Y-%m}") - 1


def picked(run: Run, future: int | None) -> Ints:
    """The futures to look at: the one asked for, or all that were finished."""
    finished = np.flatnonzero(run.status == 0)
    if future is None:
        if not finished.size:
            raise RunError("no future of the run was finished, and there is no median of none")
        return finished
    if not 0 <= future < run.futures:
        raise RunError(f"there is no future {future}; the run has futures 0 to {run.futures - 1}")
    if future not in finished:
        raise RunError(f"future {future} failed ({run.messages[future]}); name another")
    return np.array([future])


def passed(run: Run) -> Floats:
    """Day on which each gate is passed, (futures, gates), as in ``campaign.production.gate_days``."""
    links, durations = run.compiled.links, run.assumption("gates", "duration")
    found = np.zeros_like(durations)
    for _ in range(durations.shape[1]):
        begin = np.where(links.gate_after == 1, found[:, np.newaxis, :], 0.0).max(axis=2, initial=0.0)
        found = np.minimum(np.maximum(begin + durations, links.known.gate_earliest), links.known.gate_latest)
    return found


def starts(run: Run) -> Ints:
    """The first day of each month, (months + 1,); the last is the day after the run."""
    return np.append(0, run.compiled.links.month_days.cumsum())


def written(values: NDArray[Any], quantity: Quantity) -> str:
    """The median of some futures' values, (futures,), whole where the quantity is."""
    middle = float(np.median(values))
    return str(int(middle + 0.5)) if quantity.whole else repr(middle)


def gate_rows(run: Run, month: int, futures: Ints) -> Rows:
    """The day on which each gate was passed; "no" for those still open at a month's end."""
    days = np.ceil(passed(run)[futures])
    for gate, values in zip(run.compiled.names.gates, days.T, strict=True):
        day = int(np.ceil(np.median(values)))
        value = str(run.scenario.start + timedelta(days=day)) if day <= starts(run)[month + 1] else NO
        yield f"gates.{gate}.passed", value, "", "gates.*.duration as drawn"


def tallied_rows(run: Run, month: int, futures: Ints, waiting: set[str]) -> Rows:
    """What the tallies hold at a month's end; a plant waits for any of the gates ``waiting``, and has made nothing."""
    programme = run.scenario.programme
    closed = {p for p in run.compiled.names.plants if waiting.intersection(programme.links("plants", p, "gates"))}
    note = f"at the end of {run.compiled.names.months[month]}"
    for name, quantity in quantities(programme).items():
        tally = TALLIED.get(quantity.array, "")
        if tally in run.data and not (quantity.array in OF_OPEN_PLANTS and name.split(".")[1] in closed):
            values = run.data[tally].values[futures, month]
            value = written(values[(slice(None), *quantity.place)], quantity)
            yield name, value, f"{quantity.unit}s", f"{tally} {note}"


def corps_rows(run: Run, month: int, futures: Ints) -> Rows:
    """Crews and kits: those in service from the tallies, those to come from what was decided and drawn."""
    plan, known, months = run.compiled.plan, run.compiled.links.known, run.compiled.names.months
    course, lead = run.assumption("crews", "course")[futures, 0], run.assumption("kits", "lead")[futures, 0]
    to_come = {
        "crews.in_course": still_to_come(run, month, plan.intake, course, int(known.crews[1])),
        "kits.on_order": still_to_come(run, month, plan.kit_orders, lead, int(known.kits[1])),
    }
    for name, quantity in quantities(run.scenario.programme).items():
        if name in COLLECTED:
            values, note = (
                run.data[COLLECTED[name]].values[futures, month],
                f"{COLLECTED[name]} at the end of {months[month]}",
            )
        elif name in to_come:
            values, note = to_come[name], "decisions.toml and the times drawn"
        else:
            continue
        yield name, written(values, quantity), f"{quantity.unit}s", note


def still_to_come(run: Run, month: int, begun: Ints, takes: Floats, stated: int) -> Ints:
    """Of what begins on the first day of each month, (months,), how many have not come at a month's end, (futures,).

    takes
        (futures,) days until it comes.
    stated
        How many were to come, evenly over that time, on the date of the run's own state; -1 if none were stated.
    """
    first, morning = starts(run)[: month + 1], int(starts(run)[month + 1])
    days, since = (takes + 0.5).astype(np.int64), int(run.compiled.links.known.day[0])
    known = stated >= 0 and since <= morning
    under_way = (first + days[:, np.newaxis] >= morning) & (first >= (since if known else 0))
    left: Ints = np.where(under_way, begun[: month + 1], 0).sum(axis=1)
    if known:
        span = np.maximum(days, 1)
        left += stated - stated * np.minimum(morning - since, span) // span
    return left
