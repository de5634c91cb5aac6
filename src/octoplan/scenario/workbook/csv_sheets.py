"""The CSV files of a scenario as sheets with the same columns."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from octoplan.scenario.assumptions import QUALITIES
from octoplan.scenario.csv_text import csv_text
from octoplan.scenario.distributions import DISTRIBUTIONS
from octoplan.scenario.files import (
    ASSUMPTIONS,
    CORRELATIONS,
    OBSERVATIONS,
    POSTERIOR,
    PRIOR,
    PRIOR_CORRELATIONS,
    RAID_COUNTS,
    SOURCES,
    STATE,
    WHAT_IF,
    decode,
)
from octoplan.scenario.workbook.cell_text import SheetReader, is_exact_in_spreadsheet
from octoplan.scenario.workbook.layout import (
    FIRST_SPREADSHEET_DATE,
    ColumnLayout,
    LayoutCell,
    SheetLayout,
)
from octoplan.scenario.workbook.table_reader import report_outside

CSV_SHEETS = {
    ASSUMPTIONS: ("assumptions", "The assumptions: a row for each, with its range, unit, source and rating."),
    SOURCES: ("sources", "The sources of the assumptions."),
    CORRELATIONS: ("correlations", "Rank correlations between assumptions."),
    OBSERVATIONS: ("observations", "Published or recorded figures to which the assumptions are calibrated."),
    STATE: ("state", "The state of the programme known on a date after the start."),
    WHAT_IF: ("what-if", "Factors on raids and threats in a period."),
    RAID_COUNTS: ("raid counts", "Daily counts of threats that replace assumptions on raids."),
    PRIOR: ("prior", "Calibrated assumptions as they were before calibration."),
    PRIOR_CORRELATIONS: ("prior correlations", "Correlations as they were before calibration."),
    POSTERIOR: ("posterior", "Joint draws of the calibrated assumptions, written by octoplan calibrate."),
}
"""Sheet and purpose of each CSV file."""

COLUMN_NOTES = {
    "name": "name of the parameter; * stands for all entities",
    "value": "best estimate, or a range such as 5 to 9 (P10 to P90)",
    "low": "P10, or the minimum of a triangular, pert or uniform distribution",
    "high": "P90, or the maximum of a triangular, pert or uniform distribution",
    "distribution": "fixed if empty",
    "unit": "unit of value, low and high, such as week, GBP or units/month",
    "price_base": "year of the prices, for money",
    "source": "id of the sheet sources; several are separated by semicolons",
    "quality": "green: official and direct; amber: press or derived; red: a guess",
    "owner": "person responsible for the row",
    "date": "date of the last review, such as 2026-11-22",
    "note": "justification",
    "rank_correlation": "Spearman's rank correlation, from -1 to 1",
}
"""Notes on columns."""
WIDTHS = {
    "name": 44, "value": 12, "low": 12, "high": 12, "distribution": 14, "unit": 14, "price_base": 11, "source": 22,
    "quality": 10, "owner": 20, "date": 12, "note": 60, "title": 60, "publisher": 30, "url": 50, "licence": 24, "a": 40,
    "b": 40, "measure": 40, "period": 24, "id": 24,
}  # fmt: skip
"""Widths of columns in characters."""
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class CsvSheet:
    """The text of a CSV file from a sheet, the header, and the row of the sheet of each line of the text."""

    text: str
    header: tuple[str, ...]
    rows: tuple[int, ...]
    reader: SheetReader


def csv_rows(data: bytes) -> list[list[str]]:
    """Rows of cells of a CSV file."""
    return list(csv.reader(io.StringIO(re.sub("\r\n?", "\n", decode(data)), newline="")))


def csv_layout(file: str, data: bytes) -> SheetLayout:
    """The sheet of a CSV file; the first row with content is the header."""
    name, purpose = CSV_SHEETS[file]
    table = csv_rows(data)
    while table and not any(table[0]):
        table.pop(0)
    header = table[0] if table else []
    columns = tuple(csv_column(file, column.strip() or column, table[1:], i) for i, column in enumerate(header))
    rows = [[csv_cell(text, columns, i) for i, text in enumerate(row)] for row in table[1:]]
    group = "assumptions" if file in (ASSUMPTIONS, CORRELATIONS, OBSERVATIONS) else "sources"
    ratings = "quality" if file in (ASSUMPTIONS, PRIOR) else ""
    return SheetLayout(name, group, purpose, columns, rows, ratings=ratings)


def csv_column(file: str, header: str, rows: Sequence[Sequence[str]], index: int) -> ColumnLayout:
    """The column of a CSV file."""
    longest = max((len(row[index]) for row in rows[:300] if index < len(row)), default=0)
    width = WIDTHS.get(header, min(60, max(12, len(header) + 4, longest + 2)))
    options: tuple[str, ...] = ()
    if file in (ASSUMPTIONS, PRIOR):
        options = {"distribution": DISTRIBUTIONS, "quality": QUALITIES}.get(header, ())
    note = COLUMN_NOTES.get(header, "") if file in (ASSUMPTIONS, PRIOR, CORRELATIONS, PRIOR_CORRELATIONS) else ""
    return ColumnLayout(header, note, width, options=options)


def csv_cell(text: str, columns: Sequence[ColumnLayout], index: int) -> LayoutCell:
    """A cell of a CSV file: a number or a date if reading it again gives the same text, else text."""
    if is_exact_in_spreadsheet(text):
        return int(text) if re.fullmatch("[+-]?[0-9]+", text) else float(text)
    if index < len(columns) and columns[index].header == "date" and ISO_DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return day if day >= FIRST_SPREADSHEET_DATE else text
    return text or None


def read_csv_sheet(reader: SheetReader) -> CsvSheet:
    """The text of a CSV file with the columns of the header of a sheet."""
    cells = reader.sheet.cells
    first = min((row for row, _ in cells), default=1)
    header = [reader.text(first, column).strip() for column in range(1, reader.last_column + 1)]
    while header and not header[-1]:
        header.pop()
    unit = header.index("unit") + 1 if "unit" in header else 0
    report_outside(reader, set(range(len(header) + 1, reader.last_column + 1)))
    table: list[list[Any]] = []
    rows: list[int] = []
    for row in range(1, reader.last_row + 1):
        units = reader.text(row, unit).strip() if unit else None
        texts = [reader.number_in_unit(row, column, units) for column in range(1, len(header) + 1)]
        table.append(texts if any(texts) else [])
        rows += [row] * (1 + sum(text.count("\n") for text in texts))
    return CsvSheet(csv_text(table), tuple(header), tuple(rows), reader)
