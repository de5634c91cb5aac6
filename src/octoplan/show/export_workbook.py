"""The workbook of an exported run: a summary with charts, the data of the charts, and all tables."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from math import ceil, isfinite, isnan
from re import fullmatch
from typing import Any

import numpy as np

from octoplan.answer.answer import ProgrammeResults
from octoplan.outcomes.finance import programme_cost
from octoplan.outcomes.format import scaled
from octoplan.outcomes.key_results import KeyResult, KeyResults, month_label
from octoplan.outcomes.main_measures import main_keys
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import by_future, mean_over_futures, total, view_of
from octoplan.show.answer import result_sentences
from octoplan.show.money_charts import COSTS_BY_PURPOSE
from octoplan.show.native_charts import CHART_HEIGHT, monthly_band, monthly_bars, share_curve
from octoplan.show.workbook import (
    HEADER_FILL,
    excel_cell,
    fill_sheet,
    new_book,
    sheet_name,
    table_parts,
    text_cell,
    workbook_bytes,
)
from octoplan.tables import Cell, Column, Table

SUMMARY_SHEET = "summary"
SUMMARY_WIDTHS = (60.0, 14.0, 14.0, 14.0, 14.0, 20.0)
"""Widths of the columns of the summary in characters."""
CHART_COLUMNS, ROWS_PER_CENTIMETRE = ("A", "D"), 1.9
"""Columns at which the charts begin, and number of rows of a sheet in a centimetre."""
SUMMARY_HEADINGS = ("key result", "P10", "P50", "P90", "mean", "unit")
SUMMARY_NOTE = (
    "P10, P50, P90: the value that 10, 50 and 90 % of the futures do not exceed. All measures: sheet key_results."
)
A4_PAPER = 9
"""Code of the paper size A4."""
MAX_CURVE_POINTS = 200
"""Maximum number of points of the curve of cost."""
MONTH = r"[0-9]{4}-[0-9]{2}"


def export_workbook(results: RunResults, tables: Sequence[Table], sentences: Iterable[str] = ()) -> bytes:
    """The workbook of a run: the summary, the data of its charts, and tables with numbers and months as such.

    Args:
        results: Results of the run.
        tables: The tables of the run.
        sentences: Sentences of the answer, below the title of the summary; by default
            those that rest on the run alone.

    """
    chart_tables = chart_data(results) if results.has_finished_futures else []
    with new_book() as book:
        summary = book.create_sheet(SUMMARY_SHEET)
        names = [SUMMARY_SHEET]
        sheets = {}
        for table in (*chart_tables, *(spreadsheet_table(table) for table in tables)):
            for part, rows in table_parts(table):
                name = sheet_name(f"{table.name} ({part + 1})" if part else table.name, names)
                names.append(name)
                sheets[name] = book.create_sheet(name)
                fill_sheet(sheets[name], table, rows, {}, is_named=True)
        row = fill_summary(summary, results.key_results, list(sentences) or default_sentences(results))
        add_charts(summary, chart_tables, sheets, row)
        return workbook_bytes(book)


def default_sentences(results: RunResults) -> list[str]:
    """The sentences of the answer that rest on the run alone, as one paragraph; none if every future failed."""
    parts = result_sentences(ProgrammeResults(results))
    return [" ".join(part.text for part in parts)] if parts else []


def chart_data(results: RunResults) -> list[Table]:
    """The tables from which the charts are drawn; a table without data is omitted."""
    run = results.run
    tables = [deliveries(run), spend_by_payer(run), stopped_by_layer(run), cost_curve(run)]
    return [table for table in tables if len(table)]


def month_dates(run: Run) -> list[date]:
    """First day of each month of a run."""
    return [date.fromisoformat(f"{month}-01") for month in run.compiled.names.months]


MONTH_COLUMN = Column("month", "yearmonth", "first day of the month")


def deliveries(run: Run) -> Table:
    """Units delivered by month: P10, P50, P90, and P90 less P10 for the band of a chart; empty without a plant."""
    columns = (
        MONTH_COLUMN,
        *(Column(name, "number", f"{name} of units delivered in the month", "units") for name in ("P10", "P50", "P90")),
        Column("P10 to P90", "number", "P90 less P10", "units"),
    )
    if not run.compiled.names.plants:
        return Table.from_rows("deliveries", "Units delivered by month", columns, ())
    low, middle, high = np.quantile(total(run, "delivered", "plant"), (0.1, 0.5, 0.9), axis=0)
    rows = zip(month_dates(run), low.tolist(), middle.tolist(), high.tolist(), (high - low).tolist(), strict=True)
    return Table.from_rows("deliveries", "Units delivered by month", columns, rows)


def spend_by_payer(run: Run) -> Table:
    """Mean spend on interceptors, crews and kits by month and payer, in the reporting currency or multiples of it."""
    view = view_of(run)
    costs = [cost for group in COSTS_BY_PURPOSE.values() for cost in group]
    means = mean_over_futures(run, lambda part: part.money("spend"))[:, costs].sum(axis=1)
    size, unit = scaled(view.unit, means.ravel().tolist())
    titles = [view.title("payers", payer) for payer in view.names.payers]
    columns = (MONTH_COLUMN, *(Column(title, "number", "mean spend", unit) for title in unique(titles)))
    rows = ((month, *values) for month, values in zip(month_dates(run), (means / size).tolist(), strict=True))
    return Table.from_rows("spend by payer", "Spend by payer", columns, rows)


def stopped_by_layer(run: Run) -> Table:
    """Mean number of threats stopped by month and layer."""
    view = view_of(run)
    means = mean_over_futures(run, lambda part: part.tally("stopped_by").sum(axis=3))
    titles = [view.title("layers", layer) for layer in view.names.layers]
    columns = (
        MONTH_COLUMN,
        *(Column(title, "number", "mean of threats stopped", "threats") for title in unique(titles)),
    )
    rows = ((month, *values) for month, values in zip(month_dates(run), means.tolist(), strict=True))
    return Table.from_rows("stopped by layer", "Threats stopped by layer", columns, rows)


def cost_curve(run: Run) -> Table:
    """Share of futures in which the programme costs no more than an amount; empty without the counterfactual."""
    costs = by_future(run, lambda view: programme_cost(view).sum(axis=1))
    size, unit = scaled(view_of(run).unit, costs[np.isfinite(costs)].tolist())
    columns = (
        Column(f"cost of the programme, {unit}", "number", "cost with optimism bias", unit),
        Column("futures that cost no more, %", "number", "share of futures", "%"),
    )
    ordered = np.sort(costs[np.isfinite(costs)]) / size
    if len(ordered) < 2:
        return Table.from_rows("cost curve", "Cost of the programme", columns, ())
    shares = 100.0 * (np.arange(len(ordered)) + 0.5) / len(ordered)
    points = np.unique(np.linspace(0, len(ordered) - 1, MAX_CURVE_POINTS).astype(int))
    rows = zip(ordered[points].tolist(), shares[points].tolist(), strict=True)
    return Table.from_rows("cost curve", "Cost of the programme", columns, rows)


def unique(titles: Sequence[str]) -> list[str]:
    """Titles with a number added to those that occur earlier, regardless of letter case."""
    result: list[str] = []
    for title in titles:
        result.append(sheet_name(title, result))
    return result


def spreadsheet_table(table: Table) -> Table:
    """A table with numbers and months in columns of texts as numbers and dates; other texts are unchanged."""
    columns, values = [], []
    for column, cells in zip(table.columns, table.values, strict=True):
        converted = [spreadsheet_cell(cell) for cell in cells] if column.type == "string" else cells
        has_months = column.type == "string" and any(isinstance(cell, date) for cell in converted)
        is_number = column.type == "string" and not has_months and any(isinstance(cell, float) for cell in converted)
        columns.append(replace(column, type="yearmonth" if has_months else "number" if is_number else column.type))
        values.append(converted)
    return Table(table.name, table.title, tuple(columns), tuple(values))


def spreadsheet_cell(cell: Cell) -> Cell:
    """A text such as 2026-02 as the first day of the month, and a number as a number; other cells unchanged."""
    if isinstance(cell, str) and fullmatch(MONTH, cell):
        return date.fromisoformat(f"{cell}-01")
    if isinstance(cell, str) and fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", cell):
        return float(cell)
    return cell


def key_rows(table: KeyResults) -> list[KeyResult]:
    """The ten key results that are defined in some future."""
    return [row for key in main_keys(row.key for row in table) if (row := table[key]).interval.futures]


def summary_cells(row: KeyResult, months: tuple[str, ...]) -> list[Cell]:
    """A key result as cells: measure, P10, P50, P90, mean and unit; months are dates, or "never"."""
    i = row.interval
    if row.form == "month":
        labels = [None if isnan(value) else month_label(value, months) for value in (i.p10, i.p50, i.p90)]
        return [row.measure, *map(spreadsheet_cell, labels), None, "month"]
    size, unit = scaled(row.unit, (i.p10, i.p50, i.p90, i.mean))
    numbers = [value / size if isfinite(value) else None for value in (i.p10, i.p50, i.p90, i.mean)]
    return [row.measure, *numbers, unit]


def styled(sheet: Any, text: str, row: int, **style: Any) -> Any:
    """A text cell of the summary with properties such as ``font``."""
    from openpyxl.cell import WriteOnlyCell

    cell = text_cell(sheet, text, row, SUMMARY_SHEET)
    cell = WriteOnlyCell(sheet, cell) if isinstance(cell, str) else cell
    for name, value in style.items():
        setattr(cell, name, value)
    return cell


def summary_cell(sheet: Any, cell: Cell, row: int, column: int) -> Any:
    """A cell of a key result: a number or a month with its format, or a text."""
    from openpyxl.styles import Alignment

    if not isinstance(cell, str):
        return excel_cell(sheet, cell, row, "", "yearmonth" if isinstance(cell, date) else "number")
    alignments = {0: Alignment(horizontal="left"), 5: Alignment(horizontal="left", indent=1)}
    return styled(sheet, cell, row, alignment=alignments.get(column, Alignment(horizontal="right")))


def summary_font(**properties: Any) -> Any:
    """A font of the summary with properties such as ``bold`` and ``color``."""
    from openpyxl.styles import Font

    return Font(**{"name": "Calibri", "size": 11, **properties})


def set_page(sheet: Any) -> None:
    """Set the widths of the columns of the summary, and its printed page."""
    for letter, width in zip("ABCDEF", SUMMARY_WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", A4_PAPER, 1
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def fill_summary(sheet: Any, table: KeyResults, sentences: Sequence[str]) -> int:
    """Write title, sentences and key results, and return the number of the next row."""
    from openpyxl.styles import Alignment, PatternFill

    set_page(sheet)
    grey, wrapped = summary_font(color="595959"), Alignment(wrap_text=True, vertical="top")
    failures = f"; {table.failed_futures:,} failed and are excluded" if table.failed_futures else ""
    sheet.append([styled(sheet, table.title, 1, font=summary_font(bold=True, size=16))])
    sheet.append([styled(sheet, f"{table.period}; {table.futures:,} futures{failures}", 2, font=grey)])
    sheet.append([])
    row = 3
    for sentence in filter(None, sentences):
        row += 1
        sheet.merged_cells.ranges.add(f"A{row}:F{row}")
        sheet.row_dimensions[row].height = 16.5 * ceil(len(sentence) / (0.95 * sum(SUMMARY_WIDTHS)))
        sheet.append([styled(sheet, sentence, row, font=summary_font(size=12), alignment=wrapped)])
    sheet.append([])
    row += 2
    fill, right = PatternFill("solid", fgColor=HEADER_FILL), Alignment(horizontal="right")
    heads = [styled(sheet, text, row, font=summary_font(bold=True), fill=fill) for text in SUMMARY_HEADINGS]
    for head in heads[1:5]:
        head.alignment = right
    heads[5].alignment = Alignment(horizontal="left", indent=1)
    sheet.append(heads)
    for result in key_rows(table):
        row += 1
        sheet.append([summary_cell(sheet, cell, row, i) for i, cell in enumerate(summary_cells(result, table.months))])
    sheet.merged_cells.ranges.add(f"A{row + 1}:F{row + 1}")
    sheet.append([styled(sheet, SUMMARY_NOTE, row + 1, font=summary_font(italic=True, color="595959"))])
    return row + 3


def add_charts(summary: Any, tables: Sequence[Table], sheets: dict[str, Any], row: int) -> None:
    """Add the charts to the summary, two next to each other, from a row on."""
    charts = []
    for table in tables:
        sheet, count = sheets[table.name], len(table)
        if table.name == "deliveries":
            charts.append(monthly_band(sheet, count, "Units delivered by month", "units"))
        elif table.name == "cost curve":
            head, share = (column.name for column in table.columns)
            charts.append(share_curve(sheet, count, "Cost of the programme (S-curve)", head, share))
        else:
            charts.append(
                monthly_bars(sheet, count, table.title, f"{table.columns[1].unit} a month, mean", len(table.columns))
            )
    step = ceil(CHART_HEIGHT * ROWS_PER_CENTIMETRE) + 1
    for number, chart in enumerate(charts):
        summary.add_chart(chart, f"{CHART_COLUMNS[number % 2]}{row + step * (number // 2)}")
