"""Numbers and tables as text: significant digits, scaled units, and tables for a terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor, inf, isinf, isnan, log10

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

MONEY_PREFIXES = ((1e9, "bn "), (1e6, "M "), (1e3, "k "), (1.0, ""))
"""Divisors of amounts of money, with the prefixes of their units, in descending order."""
MONTH_UNITS = ("month", "months")
"""Units of measures in months."""
MONTH_DECIMALS = 2
"""Largest number of decimals of a standard error in months: a hundredth is less than eight hours."""
DEFAULT_WIDTH = 120
"""Width, in characters, of a table that is not printed to a terminal."""
NAME_WIDTH = 24
"""Minimum width of the column of row names; below it each name is printed on a separate line."""
COLUMN_GAP = 2
"""Number of spaces between columns."""

Sections = tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
"""Groups of rows: the title of each group, and the cells of its rows."""


def digits(value: float, significant: int = 3) -> str:
    """A number as text, by default with three significant digits; whole digits are kept, thousands have commas.

    >>> digits(0.12345), digits(1234.5), digits(float("inf"))
    ('0.123', '1,234', '∞')
    """
    if isnan(value):
        return "–"
    if isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-6:
        return f"{value:.0e}"
    decimals = max(0, significant - 1 - floor(log10(abs(value))))
    return f"{value:,.{min(decimals, 6)}f}"


def error_text(value: float, unit: str) -> str:
    """A standard error as text, with two significant digits; in months with at most ``MONTH_DECIMALS`` decimals.

    >>> error_text(0.0123, "units"), error_text(0.123, "month"), error_text(0.000053, "months")
    ('0.012', '0.12', '<0.01')
    """
    smallest = 10.0**-MONTH_DECIMALS
    if unit not in MONTH_UNITS or value >= 1.0:
        return digits(value, 2)
    if 0.0 < value < smallest:
        return f"<{smallest:g}"
    return f"{value:.{MONTH_DECIMALS}f}" if value > 0.0 else digits(value)


def percent(share: float, decimals: int = 0) -> str:
    """A share in per cent as text.

    >>> percent(0.5), percent(0.0014, 2)
    ('50 %', '0.14 %')
    """
    return f"{100.0 * share:.{decimals}f} %"


def scaled(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """Divisor and unit for printing values: money in thousands, millions or billions; counts and ratios unscaled."""
    if not unit.endswith(")"):
        return 1.0, "" if unit == "1" else unit
    largest = max((abs(v) for v in values if abs(v) < inf), default=0.0)
    for size, prefix in MONEY_PREFIXES:
        if largest >= size:
            return size, prefix + unit
    return 1.0, unit


@dataclass(frozen=True)
class ResultTable:
    """A table of numbers for a terminal, adapted to the width of the terminal when it is printed with rich.

    A row is one line if the columns fit. Otherwise the name of a row is printed on a separate line, with its numbers
    in columns below it, on as many lines as the width requires. Markup in the text is not interpreted.

    headings
        Names of the columns; the first column has the names of the rows, the last has their units.
    sections
        Groups of rows: the title of each group, and the cells of its rows.
    """

    title: str
    note: str
    headings: tuple[str, ...]
    sections: Sections

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [self.headings, *(cells for _, rows in self.sections for cells in rows)]
        widths = [max(cell_len(cells[i]) for cells in rows) for i in range(len(self.headings))]
        numbers_width = sum(widths[1:]) + COLUMN_GAP * (len(widths) - 1)
        if numbers_width + min(widths[0], NAME_WIDTH) <= options.max_width:
            yield self.one_line_rows()
        else:
            yield Text("\n".join(self.stacked_rows(widths[1:-1], options.max_width)), no_wrap=True)

    def one_line_rows(self) -> Table:
        """The table with one line for each row; long names are wrapped."""
        table = Table(
            title=Text(self.title),
            caption=Text(self.note),
            title_justify="left",
            caption_justify="left",
            pad_edge=False,
            box=SIMPLE_HEAD,
            title_style="bold",
        )
        last = len(self.headings) - 1
        for i, name in enumerate(self.headings):
            table.add_column(
                Text(name),
                justify="left" if i in {0, last} else "right",
                no_wrap=i > 0,
                style="dim" if i == last else None,
            )
        for group, rows in self.sections:
            table.add_section()
            table.add_row(Text(group, style="bold"))
            for cells in rows:
                table.add_row(*map(Text, cells))
        return table

    def stacked_rows(self, widths: Sequence[int], width: int) -> Iterator[str]:
        """Lines of the table, with the name of each row above its numbers.

        widths
            Widths of the columns between the first and the last.
        """
        column_width = max(widths)
        per_line = max(width // (column_width + COLUMN_GAP), 1)
        lines = [range(i, min(i + per_line, len(widths))) for i in range(0, len(widths), per_line)]

        def number_lines(cells: Sequence[str]) -> Iterator[str]:
            for line in lines:
                text = "".join(" " * COLUMN_GAP + cells[i].rjust(column_width) for i in line)
                yield text.rstrip()

        yield from wrapped(self.title, width)
        yield ""
        yield from number_lines(self.headings[1:-1])
        for group, rows in self.sections:
            yield ""
            yield from wrapped(group, width)
            for name, *cells, unit in rows:
                yield from wrapped(f"{name}, {unit}" if unit else name, width)
                yield from (line for line in number_lines(cells) if line)
        yield ""
        yield from wrapped(self.note, width)


def wrapped(text: str, width: int) -> list[str]:
    """A text wrapped to lines of at most ``width`` characters."""
    return textwrap.wrap(text, width) or [""]


def to_text(*parts: ResultTable | str, width: int = DEFAULT_WIDTH) -> str:
    """Tables and paragraphs as plain text of a given width in characters."""
    console = Console(width=width, no_color=True, highlight=False, markup=False, emoji=False, force_terminal=False)
    with console.capture() as captured:
        for part in parts:
            if part:
                console.print(part)
    return captured.get().rstrip()
