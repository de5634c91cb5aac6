"""Input sheets of the formula workbook: assumptions at their medians, decisions, calendar, gates and openings."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from octoplan.outcomes.median_case import MedianCase
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import dotted_name
from octoplan.scenario.descriptions import row_reference
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.show.formula_sheet import EXOGENOUS, FormulaSheet
from octoplan.tables import Cell

FIRST_ROW = 3
"""Row of day 0 on a daily sheet; row 1 has the headers, row 2 the state before day 0."""
MONTH_HEADER, TRAINED_CREWS_HEADER = "month, from 1", f"{EXOGENOUS}: trained crews"
"""Headers of columns that other sheets refer to."""
NEVER_OPENS = "1E+9"
"""Opening day, beyond every horizon, of plants that are not part of the programme."""

FORMULA_PARAMETERS = {
    "gates": ("duration",),
    "plants": ("line_rate", "line_capital", "heads", "hire_rate", "hours_per_head", "hours_first", "slope", "retained",
               "yield_first", "yield_mature", "yield_units", "labour_rate", "overhead", "royalty"),
    "suppliers": ("price",), "lanes": ("cost",), "makers": ("stock", "rate_start", "rate_full", "ramp", "price"),
    "layers": ("cost",), "crews": ("cost", "course_cost"), "kits": ("price",), "finance": ("optimism_bias",),
    "service": ("share",),
}  # fmt: skip
"""Parameters that the formulas use, by kind of entity."""


class Inputs:
    """The input sheets of a base case, and references to their cells."""

    def __init__(self, case: MedianCase) -> None:
        self.case, self.names = case, case.compiled.names
        self.days, self.months = len(case.month_of), len(case.compiled.names.months)
        self.cells: dict[tuple[str, int, str], str] = {}
        self.assumptions = self.assumption_sheet()

    @property
    def rows(self) -> range:
        """Numbers of the rows of a daily sheet that hold days, from day 0."""
        return range(FIRST_ROW, FIRST_ROW + self.days)

    def parameter_cell(self, kind: str, entity: int, parameter: str) -> str:
        """Cell reference of a parameter of an entity, by kind and index of the entity."""
        return self.cells[kind, entity, parameter]

    def assumption_sheet(self) -> FormulaSheet:
        """Sheet of the parameters that the formulas use, at their medians, with unit, quality, sources and row.

        Parameters of optional kinds without a row are left out.
        """
        sheet = FormulaSheet("Assumptions", inputs=("value",))
        rows: list[tuple[Cell, ...]] = []
        for kind, parameters in FORMULA_PARAMETERS.items():
            for i, parameter, entities in self.parameters(kind, parameters):
                assumption = self.assumption(kind, parameter, entities)
                if assumption is None and KIND_BY_NAME[kind].optional:
                    continue
                unit = next(p.unit for p in KIND_BY_NAME[kind].parameters if p.name == parameter)
                value = float(getattr(self.case.records, kind)[parameter][i])
                provenance: tuple[Cell, ...] = (unit, "", "", "not needed in this scenario")
                if assumption:
                    sources = "; ".join(assumption.sources)
                    provenance = (assumption.unit, assumption.quality, sources, row_reference(assumption))
                rows.append((dotted_name(kind, parameter, entities), value, *provenance))
                self.cells[kind, i, parameter] = f"Assumptions!$B${len(rows) + 1}"
        headers = ("assumption", "value", "unit", "quality", "source", "row")
        for header, cells in zip(headers, zip(*rows, strict=True), strict=True):
            sheet.add(header, cells)
        return sheet

    def parameters(self, kind: str, parameters: Sequence[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield entity index, parameter and entity names, for all entities of a kind and all given parameters."""
        axes = KIND_BY_NAME[kind].axes
        names = getattr(self.names, axes[0]) if axes else None
        for i in range(len(getattr(self.case.records, kind))):
            for parameter in parameters:
                yield i, parameter, (names[i],) if names else ()

    def assumption(self, kind: str, parameter: str, entities: tuple[str, ...]) -> Assumption | None:
        """The assumption that supplies a parameter; None if the scenario does not need the parameter."""
        try:
            return self.case.run.scenario.row_of(kind, parameter, *entities)
        except KeyError:
            return None

    @cached_property
    def decisions(self) -> FormulaSheet:
        """Sheet of decisions: output and lines by month since opening, crew intake and kits by calendar month."""
        plan = self.case.compiled.plan
        sheet = FormulaSheet("Decisions")
        sheet.add("month", self.names.months)
        for p, plant in enumerate(self.names.plants):
            sheet.add(f"output {plant}", plan.output[p].tolist())
            sheet.add(f"lines {plant}", plan.lines[p].tolist())
        sheet.add("crew intake", plan.intake.tolist())
        sheet.add("kits ordered", plan.kit_orders.tolist())
        sheet.inputs = tuple(sheet.columns)
        return sheet

    @cached_property
    def calendar(self) -> FormulaSheet:
        """Sheet with one row per day: month, exchange rates and trained crews."""
        sheet, links = FormulaSheet("Calendar"), self.case.compiled.links
        sheet.add("day", [-1, *range(self.days)])
        sheet.add(MONTH_HEADER, [0, *(self.case.month_of + 1).tolist()])
        sheet.add("days in month", [0, *links.month_days[self.case.month_of].tolist()])
        sheet.add("date", ["", *(str(day)[:10] for day in self.case.days["day"].values)])
        for c, currency in enumerate(self.names.currencies):
            sheet.add(f"{EXOGENOUS}: {currency}", [None, *self.case.day("exchange")[:, c].tolist()])
        sheet.add(TRAINED_CREWS_HEADER, [None, *self.case.day("crews").tolist()])
        return sheet

    def exchange_rate(self, row: int, currency: int) -> str:
        """Cell reference of the exchange rate in a row of a daily sheet."""
        return f"Calendar!${self.calendar.letter(f'{EXOGENOUS}: {self.names.currencies[currency]}')}{row}"

    def first_exchange_rate(self, month: int, currency: int) -> str:
        """Cell reference of the exchange rate on the first day of a month."""
        return self.exchange_rate(FIRST_ROW + int(np.flatnonzero(self.case.month_of == month)[0]), currency)

    @cached_property
    def gates(self) -> FormulaSheet:
        """Sheet of the day on which each gate is passed: that of its last predecessor plus the gate's duration."""
        sheet, gate_predecessors = FormulaSheet("Gates"), self.case.compiled.links.gate_predecessors
        passed = []
        for g in range(len(self.names.gates)):
            predecessors = [f"$B${gate + 2}" for gate in np.flatnonzero(gate_predecessors[g])]
            start = f"MAX({','.join(predecessors)})" if predecessors else "0"
            passed.append(f"{start}+{self.parameter_cell('gates', g, 'duration')}")
        sheet.add("gate", self.names.gates)
        sheet.add_formulas("passed on day", passed)
        return sheet

    @cached_property
    def opening(self) -> FormulaSheet:
        """Sheet of the opening day and month of each plant, and the exponent of its learning curve."""
        sheet, plan, plant_gates = (
            FormulaSheet("Opening"),
            self.case.compiled.plan,
            self.case.compiled.links.plant_gates,
        )
        days, months = [], []
        for p in range(len(self.names.plants)):
            gates = [f"Gates!$B${g + 2}" for g in np.flatnonzero(plant_gates[p])]
            day = f"ROUNDUP($B${p + 2},0)"
            days.append(NEVER_OPENS if not plan.in_programme[p] else f"MAX(0,{','.join(gates)})" if gates else "0")
            months.append(f"IF({day}>{self.days - 1},0,INDEX({self.calendar.span(MONTH_HEADER)},{day}+2))")
        slopes = [f"LN({self.parameter_cell('plants', p, 'slope')})/LN(2)" for p in range(len(self.names.plants))]
        sheet.add("plant", self.names.plants)
        sheet.add_formulas("opens on day", days)
        sheet.add_formulas("in month, from 1", months)
        sheet.add_formulas("learning exponent", slopes)
        return sheet
