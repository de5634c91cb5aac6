"""A scenario as an Excel workbook: decisions as grids, the programme as tables, and the CSV files as sheets."""
