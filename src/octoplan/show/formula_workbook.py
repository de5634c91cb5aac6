"""The formula workbook: spreadsheet formulas that recompute production, stock and spend of the base case at medians.

The workbook is an independent second calculation for reviewers. The formulas follow sections 2, 4 and 5 of
docs/background/model.md. Outcomes of random events and of the defence (scrap, outages, arrivals, sorties) are taken
from the simulation; they are in columns with headers that begin with ``exogenous``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octoplan.campaign.tally import COSTS
from octoplan.errors import RunError
from octoplan.outcomes.median_case import MedianCase
from octoplan.show.formula_inputs import FIRST_ROW, MONTH_HEADER, TRAINED_CREWS_HEADER, Inputs
from octoplan.show.formula_plants import maker_sheet, plant_sheets
from octoplan.show.formula_sheet import DIFFERENCE, EXOGENOUS, SIMULATED, FormulaSheet
from octoplan.show.workbook import column_letter, workbook
from octoplan.tables import Cell

PLANT_COSTS = ("labour", "overhead", "royalty", "capital")
PROGRAMME_COSTS = ("parts", *PLANT_COSTS, "freight")
"""Costs of the programme's plants, to which optimism bias is added."""


def formula_workbook(case: MedianCase) -> bytes:
    """The formula workbook of a base case, as the bytes of an Excel file.

    Raises RunError if the scenario has a known state, since the formulas begin on the first day of the scenario.
    """
    if case.run.scenario.known_from is not None:
        raise RunError(
            "the formula workbook computes from the first day of the scenario, and state.csv replaces the days before "
            f"{case.run.scenario.known_from}; export a run of the scenario without state.csv"
        )
    monthly = MonthlyResults(Inputs(case))
    results = [monthly.production(), monthly.stock(), monthly.spend(), monthly.spend_by_payer()]
    sheets = [read_me(case, results), *monthly.sources(), *results]
    return workbook(
        (sheet.table for sheet in sheets), fills={key: fill for sheet in sheets for key, fill in sheet.fills.items()}
    )


class MonthlyResults:
    """Sheets of monthly results: formulas, simulated values and differences."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs, self.case, self.names = inputs, inputs.case, inputs.names
        self.plants, self.makers = plant_sheets(inputs), maker_sheet(inputs)
        self.parts = self.priced_sheet("Parts bought", "part_sold", ("plants", "suppliers"), "suppliers", "price")
        self.freight = self.priced_sheet("Freight", "sent", ("plants", "lanes"), "lanes", "cost")
        self.shots = self.priced_sheet("Shots", "shots", ("layers",), "layers", "cost")

    def sources(self) -> list[FormulaSheet]:
        """The sheets that the results refer to, inputs first."""
        inputs = self.inputs
        return [
            inputs.assumptions,
            inputs.decisions,
            inputs.gates,
            inputs.opening,
            inputs.calendar,
            *self.plants,
            self.makers,
            self.parts,
            self.freight,
            self.shots,
        ]

    def priced_sheet(self, name: str, tally: str, axes: tuple[str, ...], kind: str, price: str) -> FormulaSheet:
        """Sheet of monthly costs: quantity, price, and exchange rate weighted by daily quantity.

        Rows with a quantity of zero are omitted.

        axes
            Axes of the tally after the day. The last is the priced entity; the first, if there are two, is the plant
            whose country pays.
        """
        records, daily, totals = getattr(self.case.records, kind), self.case.day(tally), self.case.month(tally)
        rows: list[tuple[Cell, ...]] = []
        for index in np.argwhere(totals > 0):
            month, *indices = (int(i) for i in index)
            entity, days = indices[-1], self.case.month_of == month
            amount = daily[days].reshape(int(days.sum()), -1)[:, np.ravel_multi_index(indices, totals.shape[1:])]
            rates = self.case.day("exchange")[days, int(records[f"{price}_currency"][entity])]
            labels = (getattr(self.names, axis)[i] for axis, i in zip(axes, indices, strict=True))
            rows.append(
                (
                    month + 1,
                    *labels,
                    self.payer(indices, records),
                    float(totals[tuple(index)]),
                    float((amount * rates).sum() / amount.sum()),
                    self.inputs.parameter_cell(kind, entity, price),
                )
            )
        headers = (MONTH_HEADER, *axes, "payer", f"{EXOGENOUS}: quantity", f"{EXOGENOUS}: exchange rate", "price")
        columns: list[Sequence[Cell]] = [*zip(*rows, strict=True)] if rows else [()] * len(headers)
        sheet = FormulaSheet(name)
        for header, cells in zip(headers[:-1], columns[:-1], strict=True):
            sheet.add(header, cells)
        sheet.add_formulas("price", [str(cell) for cell in columns[-1]])
        quantity, rate, unit_price = (column_letter(len(axes) + i) for i in (3, 4, 5))
        sheet.add_formulas("cost", [f"{quantity}{r}*{rate}{r}*{unit_price}{r}" for r in range(2, len(rows) + 2)])
        return sheet

    def payer(self, indices: list[int], records: Any) -> str:
        """The payer of an entity, or of its plant's country if the entity has no payer."""
        if "payer" in (records.dtype.names or ()):
            return self.names.payers[int(records["payer"][indices[-1]])]
        return self.plant_payer(indices[0])

    def plant_payer(self, plant: int) -> str:
        """The payer of the country of a plant."""
        country = int(self.case.records.plants["country"][plant])
        return self.names.payers[int(self.case.records.countries["payer"][country])]

    def monthly_sheet(self, name: str) -> FormulaSheet:
        """A sheet with one row per month and no results yet."""
        sheet = FormulaSheet(name)
        sheet.add("month", self.names.months)
        return sheet

    def month_total(self, sheet: FormulaSheet, header: str, month: int, payer: str = "") -> str:
        """Formula for the sum of a column over a month, for one payer if ``payer`` is not empty."""
        if not sheet.columns[header]:
            return "0"
        condition = f',{sheet.span("payer")},"{payer}"' if payer else ""
        return f"SUMIFS({sheet.span(header)},{sheet.span(MONTH_HEADER)},{month + 1}{condition})"

    @property
    def months(self) -> range:
        """Indices of the months."""
        return range(self.inputs.months)

    def last_days(self) -> list[int]:
        """Index of the last day of each month; the first day of the scenario is 0."""
        return [int(np.flatnonzero(self.case.month_of == month)[-1]) for month in self.months]

    def production(self) -> FormulaSheet:
        """Sheet of good units and month-end stock of each plant."""
        sheet, last_days = self.monthly_sheet("Production"), self.last_days()
        for p, (plant, daily_sheet) in enumerate(zip(self.names.plants, self.plants, strict=True)):
            good = [self.month_total(daily_sheet, "good units", month) for month in self.months]
            compare(sheet, f"good units {plant}", good, self.case.month("good")[:, p].tolist())
            stock = [f"{daily_sheet.prefix}{daily_sheet.letter('stock')}{FIRST_ROW + day}" for day in last_days]
            compare(sheet, f"stock {plant}", stock, self.case.day("plant_stock")[last_days, p].tolist())
        return sheet

    def stock(self) -> FormulaSheet:
        """Sheet of the month-end stock in the regions by design: arrivals less sorties without return."""
        sheet, last_days = self.monthly_sheet("Stock"), self.last_days()
        expended = (self.case.month("sorties") - self.case.month("recovered")).sum(axis=1)
        simulated = self.case.day("stock")[last_days].sum(axis=1)
        for d, design in enumerate(self.names.designs):
            plants = np.flatnonzero(self.case.records.plants["design"] == d)
            arrivals = self.case.month("delivered")[:, plants].sum(axis=1).tolist()
            arrived = sheet.add(f"{EXOGENOUS}: arrived {design}", arrivals)
            used = sheet.add(f"{EXOGENOUS}: sorties not recovered {design}", expended[:, d].tolist())
            makers = [i for i in range(len(self.names.makers)) if int(self.case.records.makers["design"][i]) == d]
            initial = "+".join(f"INT({self.inputs.parameter_cell('makers', i, 'stock')}+0.5)" for i in makers) or "0"
            letter = column_letter(len(sheet.columns) + 1)
            formulas = []
            for month in self.months:
                before = f"{letter}{month + 1}" if month else initial
                units = [self.month_total(self.makers, f"{self.names.makers[i]}, units", month) for i in makers]
                terms = "".join(f"+{total}" for total in units)
                formulas.append(f"{before}+{arrived}{month + 2}-{used}{month + 2}{terms}")
            compare(sheet, f"stock {design}", formulas, simulated[:, d].tolist())
        return sheet

    def spend(self) -> FormulaSheet:
        """Sheet of monthly spend by category."""
        sheet, simulated = self.monthly_sheet("Spend"), self.case.month("spend").sum(axis=2)
        column_letters = {cost: column_letter(2 + 3 * i) for i, cost in enumerate(COSTS)}
        for cost in COSTS:
            formulas = [self.category(cost, month) for month in self.months]
            if cost == "optimism-bias":
                sums = ["+".join(f"{column_letters[c]}{month + 2}" for c in PROGRAMME_COSTS) for month in self.months]
                formulas = [f"{self.inputs.parameter_cell('finance', 0, 'optimism_bias')}*({total})" for total in sums]
            compare(sheet, cost, formulas, simulated[:, COSTS.index(cost)].tolist())
        totals = ["+".join(f"{column_letters[cost]}{month + 2}" for cost in COSTS) for month in self.months]
        compare(sheet, "total", totals, simulated.sum(axis=1).tolist())
        return sheet

    def spend_by_payer(self) -> FormulaSheet:
        """Sheet of monthly spend by payer."""
        sheet, simulated = self.monthly_sheet("Spend by payer"), self.case.month("spend").sum(axis=1)
        bias = self.inputs.parameter_cell("finance", 0, "optimism_bias")
        for i, payer in enumerate(self.names.payers):
            formulas = []
            for month in self.months:
                plants = [
                    self.month_total(daily_sheet, "plant cost", month)
                    for p, daily_sheet in enumerate(self.plants)
                    if self.plant_payer(p) == payer
                ]
                bought = (self.month_total(table, "cost", month, payer) for table in (self.parts, self.freight))
                others = (self.category(c, month, payer) for c in COSTS if c not in (*PROGRAMME_COSTS, "optimism-bias"))
                formulas.append(f"(1+{bias})*({'+'.join([*plants, *bought])})+{'+'.join(others)}")
            compare(sheet, payer, formulas, simulated[:, i].tolist())
        return sheet

    def category(self, cost: str, month: int, payer: str = "") -> str:
        """Formula for the spend on a category in a month; costs outside the programme can be limited to one payer."""
        if cost in PLANT_COSTS:
            return "+".join(self.month_total(daily_sheet, cost, month) for daily_sheet in self.plants) or "0"
        if cost in ("parts", "freight"):
            return self.month_total(self.parts if cost == "parts" else self.freight, "cost", month)
        if cost in ("crews", "training", "kits"):
            records = self.case.records.kits if cost == "kits" else self.case.records.crews
            return self.crews_and_kits(month)[cost] if self.pays(payer, records, 0) else "0"
        if cost == "other-makers":
            makers = [name for i, name in enumerate(self.names.makers) if self.pays(payer, self.case.records.makers, i)]
            return "+".join(self.month_total(self.makers, f"{name}, cost", month) for name in makers) or "0"
        return self.month_total(self.shots, "cost", month, payer)

    def crews_and_kits(self, month: int) -> dict[str, str]:
        """Formulas for the cost of crews, training and kits in a month."""
        inputs, crews, kits = self.inputs, self.case.records.crews, self.case.records.kits
        calendar, decisions, row = inputs.calendar, inputs.decisions, month + 2
        rate = calendar.span(f"{EXOGENOUS}: {self.names.currencies[int(crews['cost_currency'][0])]}")
        crew_days = (
            f"SUMPRODUCT(({calendar.span(MONTH_HEADER)}={month + 1})*{calendar.span(TRAINED_CREWS_HEADER)}*{rate})"
        )
        intake, ordered = (
            f"{decisions.prefix}${decisions.letter(header)}${row}" for header in ("crew intake", "kits ordered")
        )
        return {
            "crews": f"{inputs.parameter_cell('crews', 0, 'cost')}*{crew_days}",
            "training": f"{intake}*{inputs.parameter_cell('crews', 0, 'course_cost')}"
            f"*{inputs.first_exchange_rate(month, int(crews['course_cost_currency'][0]))}",
            "kits": f"{ordered}*{inputs.parameter_cell('kits', 0, 'price')}"
            f"*{inputs.first_exchange_rate(month, int(kits['price_currency'][0]))}",
        }

    def pays(self, payer: str, records: Any, entity: int) -> bool:
        """Whether a payer pays for an entity; an empty payer means all payers."""
        return not payer or self.names.payers[int(records["payer"][entity])] == payer


def compare(sheet: FormulaSheet, header: str, formulas: Sequence[str], simulated: Sequence[float]) -> None:
    """Add three columns: formulas, simulated values, and their difference."""
    computed = sheet.add_formulas(header, formulas)
    reference = sheet.add(f"{SIMULATED}: {header}", simulated)
    rows = range(2, 2 + len(formulas))
    sheet.add_formulas(f"{DIFFERENCE}: {header}", [f"{computed}{row}-{reference}{row}" for row in rows])


def read_me(case: MedianCase, results: Sequence[FormulaSheet]) -> FormulaSheet:
    """Introductory sheet: contents, cells that may be changed, and largest differences from the simulation."""
    run = case.run
    lines = (
        f"{run.scenario.title}: the base case at medians, recomputed by formulas",
        f"octoplan {run.version}; scenario {run.scenario.hash}; seed {run.seed}; future 0.",
        "If a value on the sheet Assumptions or Decisions is changed, production, stock and spend are recalculated.",
        "Columns headed 'exogenous' hold outcomes of random events and of the defence in that future and stay fixed:",
        "scrap, strikes and power cuts, new blocks, arrivals of parts and units, sorties, exchange rates, crews.",
        "On the sheets Parts bought, Freight and Shots, the exchange rate of a month is weighted by daily quantities.",
        "Money is in the reporting currency at the scenario's price base.",
        "Largest difference from the simulation, over all months:",
    )
    production, stock, spend, payers = results
    checks = (("units and stock", (production, stock)), ("money", (spend, payers)))
    largest_differences = []
    for _, sheets in checks:
        spans = [sheet.span(header) for sheet in sheets for header in sheet.columns if header.startswith(DIFFERENCE)]
        largest_differences.append("MAX(" + ",".join(f"MAX({span}),-MIN({span})" for span in spans) + ")")
    sheet = FormulaSheet("Read me")
    sheet.add("text", [*lines, *(name for name, _ in checks)])
    sheet.add_formulas("value", largest_differences, above=[None] * len(lines))
    return sheet
