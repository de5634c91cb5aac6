"""Sheets of the formula workbook: columns of numbers and formulas, and cell references to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from octoplan.show.workbook import Formula, column_letter
from octoplan.tables import Cell, Column, Table

EXOGENOUS, SIMULATED, DIFFERENCE = "exogenous", "simulation", "difference"
"""Prefixes of column headers.

Exogenous columns hold outcomes of random events and of the defence, simulation columns the simulated values, and
difference columns formula minus simulation.
"""
PREFIX_FILLS = {EXOGENOUS: "D9D9D9", SIMULATED: "E2EFDA", DIFFERENCE: "FCE4D6"}
FORMULA_FILL, INPUT_FILL = "DDEBF7", "FFF2CC"
"""Fill colours of column headers: by prefix, of formulas, and of inputs that the user may change."""


@dataclass
class FormulaSheet:
    """A sheet under construction, with its columns by header.

    inputs
        Headers of the columns that the user may change.
    """

    name: str
    columns: dict[str, list[Cell]] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    def add(self, header: str, cells: Iterable[Cell]) -> str:
        """Add a column of numbers and plain text; returns its letter."""
        self.columns[header] = list(cells)
        return column_letter(len(self.columns))

    def add_formulas(self, header: str, formulas: Iterable[str], *, above: Sequence[Cell] = ()) -> str:
        """Add a column of formulas, given without ``=``, below the cells ``above``; returns its letter."""
        cells: list[Cell] = list(above)
        for formula in formulas:
            cells.append(Formula(f"=({formula})" if len(cells) % 2 else f"={formula}"))
        # Every other formula is in brackets, since LibreOffice evaluates groups of similar formulas on several threads
        # and omits some that refer to one another.
        return self.add(header, cells)

    def letter(self, header: str) -> str:
        """The letter of a column."""
        return column_letter(list(self.columns).index(header) + 1)

    @property
    def prefix(self) -> str:
        """Prefix of references to this sheet from other sheets."""
        return f"'{self.name.replace(chr(39), 2 * chr(39))}'!"

    def span(self, header: str) -> str:
        """Reference, from other sheets, to all cells of a column below its header."""
        letter, last = self.letter(header), len(self.columns[header]) + 1
        return f"{self.prefix}${letter}$2:${letter}${last}"

    @property
    def table(self) -> Table:
        """The sheet as a table."""
        columns = tuple(Column(header, "string") for header in self.columns)
        return Table(self.name, self.name, columns, tuple(self.columns.values()))

    @property
    def fills(self) -> Mapping[tuple[str, str], str]:
        """Fill colours of the headers, by sheet and column."""
        return {
            (self.name, header): INPUT_FILL
            if header in self.inputs
            else PREFIX_FILLS.get(header.split(":")[0], FORMULA_FILL)
            for header in self.columns
        }
