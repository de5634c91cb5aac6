"""The known state at a date (``state.csv``), which replaces the state simulated up to that date."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from octoplan.errors import QuantityError
from octoplan.scenario.arrays import KnownState, Names
from octoplan.scenario.csv_text import Row
from octoplan.scenario.field_types import MAX_NUMBER
from octoplan.scenario.files import STATE
from octoplan.scenario.numerals import numeral_warning
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import parse_number
from octoplan.scenario.report import Report, did_you_mean, quoted

STATE_COLUMNS = ("name", "value", "unit", "source", "note")
DATE = "date"
YES, NO = "yes", "no"
ANY_DAY = (0.0, np.inf)
"""Bounds on the day of a gate that has no row: the gate may be passed on any day."""


@dataclass(frozen=True)
class StateQuantity:
    """A quantity in ``state.csv``: array in ``KnownState``, index in the array, unit, and whether it must be whole."""

    array: str
    index: tuple[int, ...]
    unit: str
    is_whole: bool = True


def empty_known_state(names: Names) -> KnownState:
    """The known state of a scenario without ``state.csv``: all quantities are unknown (-1)."""
    plants, parts = len(names.plants), len(names.parts)
    earliest, latest = (np.full(len(names.gates), day) for day in ANY_DAY)
    return KnownState(
        day=np.full(1, -1),
        gate_earliest=earliest,
        gate_latest=latest,
        experience=np.full(plants, -1.0),
        heads=np.full(plants, -1.0),
        plant_stock=np.full(plants, -1),
        on_hand=np.full((plants, parts), -1),
        on_order=np.full((plants, parts), -1),
        stock=np.full((len(names.regions), len(names.designs)), -1),
        total_stock=np.full(len(names.designs), -1),
        crews=np.full(2, -1),
        kits=np.full(2, -1),
    )


def state_quantities(programme: Programme) -> dict[str, StateQuantity]:
    """Quantities that ``state.csv`` may contain, by name of the row."""
    return dict(_quantities(programme, programme.all_names()))


def _quantities(programme: Programme, names: Names) -> Iterator[tuple[str, StateQuantity]]:
    for p, plant in enumerate(names.plants):
        yield f"plants.{plant}.experience", StateQuantity("experience", (p,), "unit", is_whole=False)
        yield f"plants.{plant}.heads", StateQuantity("heads", (p,), "worker", is_whole=False)
        yield f"plants.{plant}.stock", StateQuantity("plant_stock", (p,), "unit")
        bill = programme.bills.get(programme.link("plants", plant, "design") or "", {})
        for n, part in enumerate(names.parts):
            if part not in bill:
                continue
            yield f"plants.{plant}.parts.{part}.on_hand", StateQuantity("on_hand", (p, n), "part")
            yield f"plants.{plant}.parts.{part}.on_order", StateQuantity("on_order", (p, n), "part")
    for d, design in enumerate(names.designs):
        yield f"regions.stock.{design}", StateQuantity("total_stock", (d,), "unit")
        for r, region in enumerate(names.regions):
            yield f"regions.{region}.stock.{design}", StateQuantity("stock", (r, d), "unit")
    yield "crews.trained", StateQuantity("crews", (0,), "crew")
    yield "crews.in_course", StateQuantity("crews", (1,), "crew")
    yield "kits.held", StateQuantity("kits", (0,), "kit")
    yield "kits.on_order", StateQuantity("kits", (1,), "kit")


def read_state(rows: Sequence[Row], programme: Programme, report: Report) -> KnownState:
    """Read the known state from rows of ``state.csv``, and report problems."""
    return _StateReader(rows, programme, report).known_state()


class _StateReader:
    def __init__(self, rows: Sequence[Row], programme: Programme, report: Report) -> None:
        self.programme, self.report = programme, report
        self.quantities = state_quantities(programme)
        self.gates = {f"gates.{gate}.passed": gate for gate in programme.names("gates")}
        self.rows = self.rows_by_name(rows)

    def add(self, row: Row, message: object) -> None:
        """Report a problem of a row."""
        self.report.add(STATE, row.line, f"{row['name']}: {message}" if row["name"] else str(message))

    def rows_by_name(self, rows: Sequence[Row]) -> dict[str, Row]:
        """The rows by name; unknown and repeated names are reported."""
        valid_names = (DATE, *self.gates, *self.quantities)
        by_name: dict[str, Row] = {}
        for row in rows:
            name = row["name"]
            if name not in valid_names:
                self.report.add(
                    STATE, row.line, f"{quoted(name)} is not a quantity of {STATE}; {did_you_mean(name, valid_names)}"
                )
            elif name in by_name:
                self.add(row, f"is in line {by_name[name].line} already; keep one")
            else:
                by_name[name] = row
        return by_name

    def known_state(self) -> KnownState:
        """The known state; rows with problems are reported and omitted."""
        known = empty_known_state(self.programme.all_names())
        day = self.state_day()
        for name, quantity in self.quantities.items():
            if name in self.rows and (number := self.number(self.rows[name], quantity)) is not None:
                getattr(known, quantity.array)[quantity.index] = number
        self.check_totals(known)
        if day is not None:
            known.day[0] = day
            self.set_gate_bounds(known, day)
        return known

    def state_day(self) -> int | None:
        """The day of the known state, from the row ``date``; None after reporting a problem.

        It must be the first day of a month of the scenario other than the first month.
        """
        months = self.programme.calendar()
        example = date(months[-1][0], months[-1][1] + 1, 1)
        if DATE not in self.rows:
            self.report.add(STATE, 1, f"has no row {DATE}; add one such as {DATE},{example},,,")
            return None
        row = self.rows[DATE]
        day = self.day_of(row)
        if day is None:
            return None
        state_date = self.programme.start + timedelta(days=day)
        if len(months) == 1:
            self.add(row, "a known state requires a scenario of at least two months; raise months in programme.toml")
        elif state_date.day != 1 or not 0 < day < self.programme.days():
            first = date(months[1][0], months[1][1] + 1, 1)
            self.add(row, f"{state_date} is not valid; expected the first day of a month from {first} to {example}")
        else:
            return day
        return None

    def day_of(self, row: Row) -> int | None:
        """The date in a row, as a number of days from the start; None after reporting a problem."""
        if row["unit"]:
            self.add(row, f"unit {quoted(row['unit'])} is set for a date; leave it empty")
        try:
            if len(row["value"]) == len("2026-03-01"):
                return (date.fromisoformat(row["value"]) - self.programme.start).days
        except ValueError:
            pass
        alternatives = f", {YES} or {NO}" if row["name"] in self.gates else ""
        self.add(row, f"{quoted(row['value'])} is not a date; write one such as 2026-03-01{alternatives}")
        return None

    def number(self, row: Row, quantity: StateQuantity) -> float | None:
        """The number in a row, in the unit of the quantity; None after reporting a problem."""
        if row["unit"] not in ("", "1", quantity.unit, f"{quantity.unit}s"):
            self.add(row, f"unit {quoted(row['unit'])} is not valid; expected {quantity.unit}s")
        try:
            number = parse_number(row["value"])
        except QuantityError as problem:
            self.add(row, problem)
            return None
        if number < 0:
            self.add(row, f"{number:g} is negative; write 0 or more")
        elif number > MAX_NUMBER:
            self.add(row, f"{number:g} is too large; the limit is {MAX_NUMBER:,}")
        elif quantity.is_whole and number != int(number):
            self.add(row, f"{number:g} is not whole; expected a whole number of {quantity.unit}s")
        else:
            if number <= MAX_NUMBER / 1000 and (warning := numeral_warning(row["value"])):
                self.report.warn(STATE, row.line, f"{row['name']}: {warning}")
            return number
        return None

    def check_totals(self, known: KnownState) -> None:
        """Report a design whose stock is stated both by region and in total."""
        for d, design in enumerate(self.programme.names("designs")):
            if known.total_stock[d] >= 0 and (known.stock[:, d] >= 0).any():
                row = self.rows[f"regions.stock.{design}"]
                self.add(row, "is also stated by region; keep either the total or the rows by region")

    def set_gate_bounds(self, known: KnownState, day: int) -> None:
        """Set bounds on the day on which each gate is passed.

        If any gate has a row, gates without a row are assumed not to have been passed.
        """
        gate_rows = {gate: self.rows[name] for name, gate in self.gates.items() if name in self.rows}
        if not gate_rows:
            return
        bounds = {
            gate: self.gate_bounds(gate_rows[gate], day) if gate in gate_rows else (float(day), np.inf)
            for gate in self.gates.values()
        }
        self.check_gate_order(gate_rows, bounds)
        self.check_closed_plants(known, bounds)
        known.gate_earliest[:] = [earliest for earliest, _ in bounds.values()]
        known.gate_latest[:] = self.latest_days(bounds)

    def gate_bounds(self, row: Row, day: int) -> tuple[float, float]:
        """Earliest and latest day on which the gate of a row is passed."""
        if row["value"] in (YES, NO):
            if row["unit"]:
                self.add(row, f"unit {quoted(row['unit'])} is set for {row['value']}; leave it empty")
            return (0.0, float(day)) if row["value"] == YES else (float(day), np.inf)
        passing_day = self.day_of(row)
        if passing_day is not None and passing_day > day:
            self.add(row, f"{row['value']} is after the date of the state; write {NO}, or remove the row")
        return ANY_DAY if passing_day is None else (max(0.0, passing_day), max(0.0, passing_day))

    def check_gate_order(self, gate_rows: Mapping[str, Row], bounds: Mapping[str, tuple[float, float]]) -> None:
        """Report gates that are passed before their predecessors."""
        for gate, row in gate_rows.items():
            earliest, latest = bounds[gate]
            for predecessor in self.predecessors(gate):
                if np.isfinite(latest) and bounds[predecessor][1] == np.inf and bounds[predecessor] != ANY_DAY:
                    self.add(
                        row,
                        f"its predecessor '{predecessor}' is not passed; add a row gates.{predecessor}.passed",
                    )
                elif earliest == latest < bounds[predecessor][0]:
                    self.add(
                        row,
                        f"{row['value']} is before its predecessor '{predecessor}' was passed; correct a date",
                    )

    def latest_days(self, bounds: Mapping[str, tuple[float, float]]) -> list[float]:
        """Latest day of each gate, given that a gate is passed no later than its successors."""
        latest_day = {gate: latest for gate, (_, latest) in bounds.items()}
        for _ in bounds:
            for gate in bounds:
                for predecessor in self.predecessors(gate):
                    latest_day[predecessor] = min(latest_day[predecessor], latest_day[gate])
        return list(latest_day.values())

    def predecessors(self, gate: str) -> list[str]:
        """The predecessors of a gate."""
        return [name for name in self.programme.links("gates", gate, "after") if name in self.gates.values()]

    def check_closed_plants(self, state: KnownState, bounds: Mapping[str, tuple[float, float]]) -> None:
        """Report experience, workers and stock of plants whose gates are not all passed."""
        not_passed = {gate for gate, days in bounds.items() if days[1] == np.inf and days != ANY_DAY}
        for p, plant in enumerate(self.programme.names("plants")):
            closed_gates = [gate for gate in self.programme.links("plants", plant, "gates") if gate in not_passed]
            numbers = {"experience": state.experience[p], "heads": state.heads[p], "stock": state.plant_stock[p]}
            for quantity in [name for name, number in numbers.items() if closed_gates and number > 0]:
                message = f"must be 0: the plant is not open, because its gate '{closed_gates[0]}' is not passed"
                self.add(self.rows[f"plants.{plant}.{quantity}"], message)
