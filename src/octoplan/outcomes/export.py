"""A run as plain tables: headlines, futures, draws, tallies, assumptions, sources, each column with what it holds."""

import io
from collections.abc import Iterator, Mapping
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from octoplan.errors import RunError
from octoplan.outcomes import measures as measured
from octoplan.outcomes.key_results import csv_rows
from octoplan.outcomes.run import Run
from octoplan.tables import Cell, Column, ColumnType, Table


def parquet(table: Table) -> bytes:
    """A table as the bytes of a Parquet file; raises RunError where pyarrow is not installed."""
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise RunError("--to parquet needs pyarrow: pip install 'octoplan[parquet]'") from error
    types = {"string": pa.string(), "date": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    arrays = [pa.array(values, types[column.type]) for values, column in zip(table.values, table.columns, strict=True)]
    fields = [pa.field(c.name, types[c.type], metadata={"description": c.description}) for c in table.columns]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), out)
    return out.getvalue()


def finite(value: float) -> float | None:
    """A number, or None where it is not defined or not finite."""
    return float(value) if np.isfinite(value) else None


QUANTILES = tuple(Column(name, "number", f"{name.upper()} over the finished futures") for name in ("p10", "p50", "p90"))
TOLD = (
    Column("period", "string", "the whole run, or a month of it"),
    Column("key", "string", "stable name of the measure"),
    Column("group", "string", "what it belongs to"),
    Column("measure", "string", "what it is"),
    Column("unit", "string", "unit of the figures; chances are in per cent"),
    *(Column(name, "string", f"{name.upper()} over the futures in which it is defined; a month, or never, where the "
             "measure is one") for name in ("p10", "p50", "p90")),
    Column("mean", "number", "mean over those futures; empty where one is never"),
    Column("se_mean", "number", "standard error of the mean"),
    Column("se_p10", "number", "standard error of P10"),
    Column("se_p50", "number", "standard error of P50"),
    Column("se_p90", "number", "standard error of P90"),
    Column("futures", "integer", "futures in which it is defined"),
)  # fmt: skip


def key_results(run: Run) -> Table:
    """Every measure of the run and of each month."""
    periods = [
        measured.key_results(run),
        *(measured.key_results(run, month) for month in run.compiled.names.months),
    ]
    rows = [tuple(cell_of(cell, column) for cell, column in zip(row, TOLD, strict=True))
            for period in periods for row in csv_rows(period)]  # fmt: skip
    return Table.from_rows("headlines", "Every measure, of the run and of each month", TOLD, rows)


def cell_of(cell: Any, column: Column) -> Cell:
    """A cell in the type of its column."""
    if column.type == "string":
        return str(cell)
    if cell in ("", None):
        return None
    value = finite(float(cell))
    return int(value) if column.type == "integer" and value is not None else value


def futures(run: Run) -> Table:
    """Every measure of the whole run in every future."""
    found = measured.measures(run)
    finished = np.flatnonzero(run.status == 0)
    columns = (
        Column("future", "integer", "number of the future"),
        Column("failed", "string", "why it failed; empty where it was finished"),
        *(Column(each.key, "number", f"{each.title}, {said(each.form, each.unit)}") for each in found),
    )
    place = {int(future): row for row, future in enumerate(finished)}
    rows = []
    for future in range(run.futures):
        row = place.get(future)
        values = [None if row is None else finite(each.values[row]) for each in found]
        rows.append((future, run.messages.get(future, ""), *values))
    return Table.from_rows("futures", "Every measure of the run in every future", columns, rows)


def said(form: str, unit: str) -> str:
    """The unit of a measure as one future has it."""
    words = {"month": "row of the month, from 0, empty for never", "chance": "1 for yes, 0 for no"}
    return words.get(form, unit)


def assumption_draws(run: Run) -> Table:
    """The draws of every assumption in every future."""
    rows = run.scenario.assumptions
    columns = (
        Column("future", "integer", "number of the future"),
        *(Column(b.name, "number", f"{b.unit}; money at {run.scenario.price_base} prices") for b in rows),
    )
    drawn = tuple((future, *map(float, values)) for future, values in enumerate(run.assumptions.values))
    return Table.from_rows("assumption_draws", "Draws of every assumption", columns, drawn)


ITEMS = ("first", "second", "third")
PLACED = (
    Column("world", "string", "with the programme, or the same futures without it"),
    Column("tally", "string", "what is counted"),
    Column("unit", "string", "unit of the figures"),
    Column("month", "string", "the month; empty for what has none"),
    *(Column(item, "string", f"{item} label after the month, as the tally's axes say") for item in ITEMS),
    *QUANTILES,
    Column("mean", "number", "mean over the finished futures"),
)


def tallies(run: Run) -> Table:
    """What was counted, by month and item: quantiles over the finished futures."""
    finished = np.flatnonzero(run.status == 0)
    rows: list[tuple[Cell, ...]] = []
    for world, data in (("with", run.data), ("without", run.counterfactual)):
        for name, variable in data.data_vars.items():
            rows += cells(world, str(name), variable, finished)
    return Table.from_rows("tallies", "What was counted, by month and item", PLACED, rows)


def cells(world: str, name: str, variable: xr.DataArray, finished: np.ndarray) -> Iterator[tuple[Cell, ...]]:
    """The rows of one tally."""
    values = variable.values[finished].reshape(len(finished), -1).astype(np.float64)
    if not len(finished):
        return
    points = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
    figures = np.vstack([points, values.mean(axis=0)]).T
    labels = [list(map(str, variable[dim].values)) for dim in variable.dims[1:]]
    sizes = [len(each) for each in labels]
    has_month = "month" in variable.dims
    for index in range(figures.shape[0]):
        where = [labels[i][j] for i, j in enumerate(np.unravel_index(index, sizes))] if sizes else []
        month, items = (where[0], where[1:]) if has_month else ("", where)
        padded = [*items, *[""] * (len(ITEMS) - len(items))]
        yield (world, name, str(variable.attrs.get("units", "")), month, *padded, *map(float, figures[index]))


def axes(run: Run) -> Table:
    """What each tally counts, and what its labels are."""
    columns = (
        Column("tally", "string", "what is counted"),
        Column("axes", "string", "what its labels are, after the future"),
        Column("unit", "string", "unit of the figures"),
        Column("meaning", "string", "what it means"),
    )
    rows = tuple(
        (str(name), " x ".join(map(str, v.dims[1:])), str(v.attrs["units"]), str(v.attrs["long_name"]))
        for name, v in run.data.data_vars.items()
    )
    return Table.from_rows("axes", "What each tally counts", columns, rows)


LOGGED = (
    Column("name", "string", "the number"), Column("value", "number", "the value stated, or the median"),
    Column("p10", "number", "P10 of what is believed"), Column("p90", "number", "P90 of what is believed"),
    Column("unit", "string", "unit of the figures"), Column("distribution", "string", "kind of distribution"),
    Column("price_base", "integer", "year of the prices, for money"),
    Column("quality", "string", "green, amber or red"), Column("sources", "string", "ids of the sources"),
    Column("owner", "string", "who answers for it"), Column("date", "date", "since when it stands"),
    Column("note", "string", "why it is so"), Column("file", "string", "the file it stands in"),
    Column("line", "integer", "the line it stands on"),
)  # fmt: skip


def assumptions(run: Run) -> Table:
    """The assumption log."""
    rows = tuple(
        (
            b.name, b.median, float(b.quantile(0.1)), float(b.quantile(0.9)), b.unit, b.distribution,
            b.price_base if b.currency else None, b.quality, "; ".join(b.sources), b.owner, b.date.isoformat(), b.note,
            b.file.rsplit("/", 1)[-1], b.line,
        )
        for b in run.scenario.assumptions
    )  # fmt: skip
    return Table.from_rows("assumptions", "The assumption log", LOGGED, rows)


def sources(run: Run) -> Table:
    """Where numbers come from."""
    names = ("id", "title", "publisher", "date", "url", "licence")
    columns = tuple(Column(name, "string", f"{name} of the source") for name in names)
    rows = tuple(tuple(str(getattr(each, name)) for name in names) for each in run.scenario.sources.values())
    return Table.from_rows("sources", "Where numbers come from", columns, rows)


def tables(run: Run, *, draws: bool = True) -> tuple[Table, ...]:
    """Every table of a run; ``draws`` False leaves the draws of the assumptions out."""
    every = [key_results(run), futures(run), tallies(run), axes(run), assumptions(run), sources(run)]
    return (*every, assumption_draws(run)) if draws else tuple(every)


def by_future(run: Run) -> Mapping[str, Table]:
    """Each tally of the run with a row for each future and item."""
    return {str(name): whole(str(name), variable) for name, variable in run.data.data_vars.items()}


def whole(name: str, variable: xr.DataArray) -> Table:
    """One tally with a row for each future and item."""
    dims = [str(dim) for dim in variable.dims]
    types: list[ColumnType] = ["integer" if dim == "future" else "string" for dim in dims]
    columns = (
        *(Column(dim, column_type, f"the {dim}") for dim, column_type in zip(dims, types, strict=True)),
        Column("value", "number", f"{variable.attrs['long_name']}, {variable.attrs['units']}"),
    )
    shape, labels = variable.shape, []
    for i, dim in enumerate(dims):
        own = variable[dim].values if dim == "future" else np.array(list(map(str, variable[dim].values)), object)
        each = np.repeat(own, prod(shape[i + 1 :]))
        labels.append(np.tile(each, prod(shape[:i])))
    values = variable.values.ravel().astype(np.float64)
    return Table(f"tally-{name}", str(variable.attrs["long_name"]), columns, (*labels, values))
