"""Numbers and tables as text: significant digits, scaled units, the look of a table in a terminal."""

from collections.abc import Iterable
from math import floor, inf, isinf, isnan, log10

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

SCALES = ((1e9, "bn "), (1e6, "M "), (1e3, "k "), (1.0, ""))
WIDTH = 120
"""Columns of a table that is not printed to a terminal."""


def digits(value: float, places: int = 3) -> str:
    """A number with three significant digits, with all its digits from a hundred on and commas from a thousand on.

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
    decimals = max(0, places - 1 - floor(log10(abs(value))))
    return f"{value:,.{min(decimals, 6)}f}"


def scaled(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """Divisor and unit that keep amounts of money readable; counts and ratios stay as they are."""
    if not unit.endswith(")"):
        return 1.0, "" if unit == "1" else unit
    largest = max((abs(v) for v in values if abs(v) < inf), default=0.0)
    for size, prefix in SCALES:
        if largest >= size:
            return size, prefix + unit
    return 1.0, unit


def empty_table(title: str, caption: str, head: tuple[str, ...]) -> Table:
    """A table without rows: the first column left-aligned, then numbers, the last column the unit."""
    table = Table(
        title=Text(title),
        caption=Text(caption),
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
        box=SIMPLE_HEAD,
        title_style="bold",
    )
    for i, name in enumerate(head):
        last = i == len(head) - 1
        table.add_column(
            name, justify="left" if i == 0 or last else "right", no_wrap=i > 0, style="dim" if last else None
        )
    return table


def to_text(*parts: Table | str) -> str:
    """Tables and paragraphs as plain text of ``WIDTH`` columns."""
    plain = Console(width=WIDTH, no_color=True, highlight=False, markup=False, emoji=False, force_terminal=False)
    with plain.capture() as captured:
        for part in parts:
            if part:
                plain.print(part)
    return captured.get().rstrip()
