"""Charts of a workbook that the spreadsheet program draws from the cells of its sheets."""

from typing import Any

CHART_WIDTH, CHART_HEIGHT = 16.4, 8.6
"""Size of a chart in centimetres."""
BAND_COLOUR, LINE_COLOUR, GRID_COLOUR = "BFD7EA", "1F6FB2", "D9D9D9"
SERIES_COLOURS = ("1F6FB2", "E08A1E", "4F9D69", "8C6BB1", "C44E52", "7F7F7F", "56B4E9", "B5A642", "5B4636")
"""Colours of the series of a chart, in order."""
LARGEST_MONTH_LABELS = 12
"""Number of months on an axis that all have a label."""


def reference(sheet: Any, column: int, rows: int, *, header: bool) -> Any:
    """The cells of a column of a sheet with ``rows`` rows below its header.

    header
        Whether the header is included, as the name of a series.
    """
    from openpyxl.chart import Reference

    return Reference(sheet, min_col=column, min_row=1 if header else 2, max_row=rows + 1)


def finish_chart(chart: Any, title: str, x_title: str, y_title: str, y_format: str = "General") -> Any:
    """Set title, axis titles and size of a chart."""
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties

    chart.title, chart.width, chart.height = title, CHART_WIDTH, CHART_HEIGHT
    chart.x_axis.title, chart.y_axis.title = x_title or None, y_title
    chart.y_axis.number_format, chart.y_axis.scaling.min = y_format, 0
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=GRID_COLOUR))
    if chart.x_axis.majorGridlines is not None:
        chart.x_axis.majorGridlines = None
    chart.legend.position = "b"
    return chart


def set_month_axis(chart: Any, months: int) -> None:
    """Give a chart a date axis with a label every month, or every third month if there are many."""
    from openpyxl.chart.axis import DateAxis

    axis = DateAxis(crossAx=100, majorTimeUnit="months", baseTimeUnit="months")
    axis.number_format = "mmm yyyy"
    axis.majorUnit = 1 if months <= LARGEST_MONTH_LABELS else 3
    axis.tickLblPos = "low"
    chart.x_axis, chart.y_axis.crossAx = axis, axis.axId


def monthly_bars(sheet: Any, months: int, title: str, y_title: str, columns: int) -> Any:
    """Stacked bars by month: the first of the columns has the months, each further one is a series."""
    from openpyxl.chart import BarChart

    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.gapWidth = "col", "stacked", 100, 40
    for number in range(2, columns + 1):
        chart.add_data(reference(sheet, number, months, header=True), titles_from_data=True)
        colour = SERIES_COLOURS[(number - 2) % len(SERIES_COLOURS)]
        chart.series[-1].graphicalProperties.solidFill = colour
    chart.set_categories(reference(sheet, 1, months, header=False))
    set_month_axis(chart, months)
    return finish_chart(chart, title, "", y_title)


def monthly_band(sheet: Any, months: int, title: str, y_title: str) -> Any:
    """A line of P50 with a band from P10 to P90; the columns are month, P10, P50, P90, and P90 less P10."""
    from openpyxl.chart import AreaChart, LineChart
    from openpyxl.chart.legend import LegendEntry

    chart, line = AreaChart(), LineChart()
    chart.grouping = "stacked"
    for number in (2, 5):
        chart.add_data(reference(sheet, number, months, header=True), titles_from_data=True)
    chart.series[0].graphicalProperties.noFill = True
    chart.series[1].graphicalProperties.solidFill = BAND_COLOUR
    line.add_data(reference(sheet, 3, months, header=True), titles_from_data=True)
    line.series[0].graphicalProperties.line.solidFill = LINE_COLOUR
    line.series[0].graphicalProperties.line.width = 28_000
    line.series[0].smooth = False
    for part in (chart, line):
        part.set_categories(reference(sheet, 1, months, header=False))
    set_month_axis(chart, months)
    line.x_axis, line.y_axis = chart.x_axis, chart.y_axis
    finish_chart(chart, title, "", y_title)
    chart.legend.legendEntry = [LegendEntry(idx=0, delete=True)]
    chart += line
    return chart


def share_curve(sheet: Any, points: int, title: str, x_title: str, y_title: str) -> Any:
    """A curve of a share, in the second column of the sheet, over an amount in the first."""
    from openpyxl.chart import ScatterChart, Series

    chart = ScatterChart()
    chart.style, chart.scatterStyle = 13, "lineMarker"
    series = Series(reference(sheet, 2, points, header=False), reference(sheet, 1, points, header=False), title=y_title)
    series.marker.symbol, series.smooth = "none", False
    series.graphicalProperties.line.solidFill = LINE_COLOUR
    series.graphicalProperties.line.width = 28_000
    chart.series.append(series)
    finish_chart(chart, title, x_title, y_title, "0")
    chart.x_axis.number_format = "General"
    chart.y_axis.scaling.max = 100
    chart.legend = None
    return chart
