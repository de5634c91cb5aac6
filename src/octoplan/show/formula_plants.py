"""Daily sheets of the formula workbook: production and cost of each plant, and deliveries of other makers.

The formulas follow sections 2, 4 and 5 of docs/background/model.md.
"""

import numpy as np

from octoplan.campaign.production import LOWEST_YIELD, WRIGHT
from octoplan.show.formula_inputs import FIRST_ROW, MONTH_HEADER, Inputs
from octoplan.show.formula_sheet import EXOGENOUS, FormulaSheet
from octoplan.show.workbook import column_letter, sheet_name
from octoplan.tables import Cell

ROUNDING_ALLOWANCE = "1E-9"
"""Amount that the simulation adds before truncating to whole units, against rounding errors."""
HIRING_AHEAD = 30
"""Number of days before a change of planned output at which hiring for it starts."""

NEW_BLOCK_HEADER, OPEN_SHARE_HEADER, SCRAPPED_HEADER, DISPATCHED_HEADER = (
    f"{EXOGENOUS}: new block introduced",
    f"{EXOGENOUS}: share of the day open",
    f"{EXOGENOUS}: units scrapped",
    f"{EXOGENOUS}: units dispatched",
)
"""Headers of the columns with outcomes taken from the simulation."""
HEADERS = (
    "day",
    MONTH_HEADER,
    "open",
    "months since opening",
    "planned output",
    "lines",
    NEW_BLOCK_HEADER,
    "experience, start of day",
    "yield",
    "labour hours per unit",
    "workers",
    "paid hours",
    OPEN_SHARE_HEADER,
    "starts before parts limit",
    "units that parts allow",
    "units started",
    SCRAPPED_HEADER,
    "good units",
    "fraction carried over",
    "experience, end of day",
    DISPATCHED_HEADER,
    "stock",
    "labour",
    "overhead",
    "royalty",
    "largest number of lines",
    "capital",
    "plant cost",
)
"""Headers of the columns of a plant's sheet, in order; the columns of the parts follow."""
COLUMN_LETTERS = {header: column_letter(i + 1) for i, header in enumerate(HEADERS)}


def plant_sheets(inputs: Inputs) -> list[FormulaSheet]:
    """One sheet for each plant, with the limits of its daily production, its output and its cost."""
    names: list[str] = []
    sheets = []
    for p, plant in enumerate(inputs.names.plants):
        names.append(sheet_name(f"plant {plant}", names))
        sheets.append(PlantFormulas(inputs, p).sheet(names[-1]))
    return sheets


class PlantFormulas:
    """The formulas of one plant.

    parts
        Number of each part in one interceptor of the plant's design, by index of the part; unused parts are omitted.
    """

    def __init__(self, inputs: Inputs, plant: int) -> None:
        self.inputs, self.plant = inputs, plant
        bill = inputs.case.compiled.links.bill[inputs.case.records.plants["design"][plant]]
        self.parts = {int(n): int(bill[n]) for n in np.flatnonzero(bill)}
        self.exogenous = self.exogenous_columns()

    def sheet(self, name: str) -> FormulaSheet:
        """The plant's sheet: the columns of ``HEADERS``, and two columns for each part."""
        sheet = FormulaSheet(name)
        on_hand = {n: column_letter(len(HEADERS) + 2 * i + 1) for i, n in enumerate(self.parts)}
        arrivals = {n: column_letter(len(HEADERS) + 2 * i + 2) for i, n in enumerate(self.parts)}
        formulas: dict[str, list[str]] = {}
        for row in self.inputs.rows:
            for header, formula in self.day_formulas(row, on_hand).items():
                formulas.setdefault(header, []).append(formula)
        for header in HEADERS:
            if header in formulas:
                sheet.add_formulas(header, formulas[header], above=(0,))
            else:
                sheet.add(header, [0, *self.exogenous[header]])
        started = COLUMN_LETTERS["units started"]
        for n, need in self.parts.items():
            stock = [f"{on_hand[n]}{row - 1}-{need}*{started}{row - 1}+{arrivals[n]}{row}" for row in self.inputs.rows]
            part = self.inputs.names.parts[n]
            sheet.add_formulas(f"{part}, on hand", stock, above=(0,))
            sheet.add(f"{EXOGENOUS}: {part}, arrived", [0, *self.exogenous[part]])
        return sheet

    def exogenous_columns(self) -> dict[str, list[Cell]]:
        """Columns without formulas, by header: days, months, and outcomes of random events in the simulation."""
        case, p = self.inputs.case, self.plant
        produced, good, experience = case.day("made")[:, p], case.day("good")[:, p], case.day("experience")[:, p]
        before = np.concatenate([[0.0], experience[:-1]])
        introduced = (before > 0.0) & (np.abs(experience - produced - before) > 1e-6)
        columns: dict[str, list[Cell]] = {
            "day": list(range(self.inputs.days)),
            MONTH_HEADER: (case.month_of + 1).tolist(),
            NEW_BLOCK_HEADER: introduced.astype(int).tolist(),
            OPEN_SHARE_HEADER: (1.0 - case.day("plant_down")[:, p]).tolist(),
            SCRAPPED_HEADER: (produced - good).tolist(),
            DISPATCHED_HEADER: case.day("sent")[:, p].sum(axis=1).tolist(),
        }
        for n, need in self.parts.items():
            stock = case.day("part_stock")[:, p, n]
            columns[self.inputs.names.parts[n]] = (stock - np.concatenate([[0], stock[:-1]]) + produced * need).tolist()
        return columns

    def reference(self, parameter: str) -> str:
        """Cell reference of a parameter of the plant."""
        return self.inputs.parameter_cell("plants", self.plant, parameter)

    def day_formulas(self, row: int, on_hand: dict[int, str]) -> dict[str, str]:
        """Formulas of one day, by column header; they refer to the row of the day and to the row above it.

        on_hand
            Column letter of the stock of each part.
        """
        return {**self.schedule(row), **self.production(row, on_hand), **self.costs(row)}

    def schedule(self, row: int) -> dict[str, str]:
        """Formulas for the opening of the plant, its planned output and its production lines, by column header."""
        cell = {header: f"{letter}{row}" for header, letter in COLUMN_LETTERS.items()}
        plant, opening, decisions = self.inputs.names.plants[self.plant], self.plant + 2, self.inputs.decisions
        since = f"{cell['months since opening']}+1"
        planned = f"INDEX({decisions.span(f'output {plant}')},{since})/Calendar!$C{row}"
        return {
            "open": f"IF({cell['day']}>=Opening!$B${opening},1,0)",
            "months since opening": f"IF({cell['open']}=1,{cell[MONTH_HEADER]}-Opening!$C${opening},0)",
            "planned output": f"IF({cell['open']}=1,{planned},0)",
            "lines": f"IF({cell['open']}=1,INDEX({decisions.span(f'lines {plant}')},{since}),0)",
        }

    def production(self, row: int, on_hand: dict[int, str]) -> dict[str, str]:
        """Formulas for experience, yield, workers, limits of production, units and stock, by column header."""
        cell = {header: f"{letter}{row}" for header, letter in COLUMN_LETTERS.items()}
        before = {header: f"{letter}{row - 1}" for header, letter in COLUMN_LETTERS.items()}
        mature = self.reference("yield_mature")
        gross_output = f"{cell['planned output']}/MAX({cell['yield']},{LOWEST_YIELD})"
        limits = (
            gross_output,
            f"{cell['lines']}*{self.reference('line_rate')}*{cell[OPEN_SHARE_HEADER]}",
            f"{cell['paid hours']}/{cell['labour hours per unit']}*{cell[OPEN_SHARE_HEADER]}",
        )
        parts = ",".join(f"INT({letter}{row}/{self.parts[n]})" for n, letter in on_hand.items())
        return {
            "experience, start of day": f"{before['experience, end of day']}*IF({cell[NEW_BLOCK_HEADER]}=1,"
            f"{self.reference('retained')},1)",
            "yield": f"{mature}-({mature}-{self.reference('yield_first')})"
            f"*EXP(-{cell['experience, start of day']}/{self.reference('yield_units')})",
            "labour hours per unit": self.labour_hours(cell["experience, start of day"]),
            "workers": self.workers(row),
            "paid hours": f"{cell['workers']}*{self.reference('hours_per_head')}*{cell['open']}",
            "starts before parts limit": f"IF({cell['open']}=0,0,{before['fraction carried over']}"
            f"+MIN({','.join(limits)}))",
            "units that parts allow": f"MIN({parts})" if parts else "1E+15",
            "units started": f"MIN(INT({cell['starts before parts limit']}+{ROUNDING_ALLOWANCE}),"
            f"{cell['units that parts allow']})*{cell['open']}",
            "good units": f"MAX(0,{cell['units started']}-{cell[SCRAPPED_HEADER]})",
            "fraction carried over": f"MIN(MAX(0,{cell['starts before parts limit']}-{cell['units started']}),1)",
            "experience, end of day": f"{cell['experience, start of day']}+{cell['units started']}",
            "stock": f"{before['stock']}+{cell['good units']}-MIN({cell[DISPATCHED_HEADER]},"
            f"{before['stock']}+{cell['good units']})",
        }

    def workers(self, row: int) -> str:
        """Formula for the number of workers, which approaches the requirement by at most the hiring rate per day."""
        cell = {header: f"{letter}{row}" for header, letter in COLUMN_LETTERS.items()}
        last_row = FIRST_ROW + self.inputs.days - 1
        planned_ahead = f"{COLUMN_LETTERS['planned output']}{min(row + HIRING_AHEAD, last_row)}"
        current = (
            f"IF({COLUMN_LETTERS['open']}{row - 1}=0,{self.reference('heads')},{COLUMN_LETTERS['workers']}{row - 1})"
        )
        needed = (
            f"MAX({cell['planned output']},{planned_ahead})/MAX({cell['yield']},{LOWEST_YIELD})"
            f"*{cell['labour hours per unit']}/{self.reference('hours_per_head')}"
        )
        change = f"MIN(MAX({needed}-{current},-{self.reference('hire_rate')}),{self.reference('hire_rate')})"
        return f"IF({cell['open']}=0,0,IF({self.reference('hours_per_head')}<=0,{current},MAX(0,{current}+{change})))"

    def costs(self, row: int) -> dict[str, str]:
        """Formulas for the costs of a day in the reporting currency, by column header."""
        cell = {header: f"{letter}{row}" for header, letter in COLUMN_LETTERS.items()}
        plant = self.inputs.case.records.plants[self.plant]
        price = {
            name: f"{self.reference(name)}*{self.inputs.exchange_rate(row, int(plant[f'{name}_currency']))}"
            for name in ("labour_rate", "overhead", "royalty", "line_capital")
        }
        largest_lines = "largest number of lines"
        return {
            "labour": f"{cell['paid hours']}*{price['labour_rate']}",
            "overhead": f"{cell['open']}*{price['overhead']}",
            "royalty": f"{cell['good units']}*{price['royalty']}",
            largest_lines: f"MAX({COLUMN_LETTERS[largest_lines]}{row - 1},{cell['lines']})",
            "capital": f"({cell[largest_lines]}-{COLUMN_LETTERS[largest_lines]}{row - 1})*{price['line_capital']}",
            "plant cost": f"{cell['labour']}+{cell['overhead']}+{cell['royalty']}+{cell['capital']}",
        }

    def labour_hours(self, experience: str) -> str:
        """Formula for the labour hours of the next unit: Crawford's unit curve or Wright's cumulative average curve."""
        first, exponent = self.reference("hours_first"), f"Opening!$D${self.plant + 2}"
        if int(self.inputs.case.records.plants["learning"][self.plant]) == WRIGHT:
            return f"{first}*(({experience}+1)^(1+{exponent})-{experience}^(1+{exponent}))"
        return f"{first}*({experience}+1)^{exponent}"


def maker_sheet(inputs: Inputs) -> FormulaSheet:
    """Daily sheet of the deliveries of other makers: units due, whole units, fraction carried over, and cost."""
    sheet = FormulaSheet("Other makers")
    sheet.add(MONTH_HEADER, [0, *(inputs.case.month_of + 1).tolist()])
    for i, maker in enumerate(inputs.names.makers):
        start, full, ramp, price = (
            inputs.parameter_cell("makers", i, name) for name in ("rate_start", "rate_full", "ramp", "price")
        )
        due, units, fraction = (column_letter(len(sheet.columns) + offset) for offset in (1, 2, 3))
        ramped = [f"IF({ramp}>0,MIN(1,{day}/{ramp}),1)" for day in range(inputs.days)]
        served = inputs.cells.get(("service", int(inputs.case.records.makers["design"][i]), "share"))
        rate = f"({start}+({full}-{start})*%s)*{served}" if served else f"{start}+({full}-{start})*%s"
        due_formulas = [f"{fraction}{row - 1}+{rate % share}" for row, share in zip(inputs.rows, ramped, strict=True)]
        currency = int(inputs.case.records.makers["price_currency"][i])
        costs = [f"{units}{row}*{price}*{inputs.exchange_rate(row, currency)}" for row in inputs.rows]
        sheet.add_formulas(f"{maker}, units due", due_formulas, above=(0,))
        sheet.add_formulas(f"{maker}, units", [f"INT({due}{row})" for row in inputs.rows], above=(0,))
        sheet.add_formulas(
            f"{maker}, fraction carried over", [f"{due}{row}-{units}{row}" for row in inputs.rows], above=(0,)
        )
        sheet.add_formulas(f"{maker}, cost", costs, above=(0,))
    return sheet
