"""Tables of a run for other software: key results, futures, draws, tallies, assumptions and sources.

In every table an empty cell means undefined, ``inf`` and ``-inf`` mean infinite, and ``never`` means that a month lies
after the end of the run.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from math import isnan, prod

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.errors import RunError
from octoplan.outcomes import measures as run_measures
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import QUANTILE_NAMES, KeyResult, KeyResults, month_label, statistic_cell
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats
from octoplan.tables import Cell, Column, ColumnType, Table


def parquet(table: Table) -> bytes:
    """A table as the bytes of a Parquet file. Raises RunError if pyarrow is not installed."""
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


def number_or_none(value: float) -> float | None:
    """The value, or None if it is undefined (nan)."""
    return None if isnan(value) else float(value)


KEY_RESULT_COLUMNS = (
    Column("period", "string", "first and last month of the run, or one month"),
    Column("key", "string", "stable name of the measure"),
    Column("group", "string", "group of measures"),
    Column("measure", "string", "title of the measure"),
    Column("unit", "string", "unit of the values; probabilities are in per cent"),
    *(
        Column(
            name,
            "string",
            f"{name.upper()} over the futures in which the measure is defined; for a month, such as 2026-02, or never",
        )
        for name in QUANTILE_NAMES
    ),
    Column(
        "mean", "number", "mean over the futures in which the measure is defined; inf if a value is infinite or never"
    ),
    Column("se_mean", "number", "standard error of the mean"),
    *(Column(f"se_{name}", "number", f"standard error of {name.upper()}") for name in QUANTILE_NAMES),
    Column("futures", "integer", "number of futures in which the measure is defined"),
)


def key_results(run: Run) -> Table:
    """Table of all measures, for the whole run and for each month."""
    results = RunResults(run)
    periods = [results.key_results, *results.key_results_by_month()]
    rows = [key_result_cells(row, period) for period in periods for row in period]
    return Table.from_rows(
        "key_results", "All measures, for the run and for each month", KEY_RESULT_COLUMNS, rows, ("period", "key")
    )


def key_result_cells(row: KeyResult, table: KeyResults) -> tuple[Cell, ...]:
    """A key result as a row with the columns of ``KEY_RESULT_COLUMNS``."""
    statistics = asdict(row.interval)
    quantiles = [statistic_cell(name, statistics[name], row.form, table.months) for name in QUANTILE_NAMES]
    errors = [number_or_none(statistics[f"se_{name}"]) for name in ("mean", *QUANTILE_NAMES)]
    labels = (table.period, row.key, row.group, row.measure, row.unit)
    return (*labels, *quantiles, number_or_none(row.interval.mean), *errors, row.interval.futures)


def futures(run: Run) -> Table:
    """Table of all measures of the whole run, with one row for each future."""
    measures = run_measures.measures(run)
    months = run.compiled.names.months
    row_of = {int(future): row for row, future in enumerate(np.flatnonzero(run.status == 0))}
    columns = (
        Column("future", "integer", "number of the future"),
        Column("failed", "string", "reason for the failure; empty if the future was completed"),
        *(
            Column(m.key, "string" if m.form == "month" else "number", f"{m.title}, {unit_in_future(m)}")
            for m in measures
        ),
    )
    rows: list[tuple[Cell, ...]] = []
    for future in range(run.futures):
        row = row_of.get(future)
        cells = [None if row is None else future_cell(m, row, months) for m in measures]
        rows.append((future, run.messages.get(future, ""), *cells))
    return Table.from_rows("futures", "All measures of the run in each future", columns, rows, ("future",))


def future_cell(measure: Measure, row: int, months: tuple[str, ...]) -> Cell:
    """Value of a measure in one future: a number, a month such as 2026-02, or "never"."""
    value = float(measure.values[row])
    if measure.form == "month" and not isnan(value):
        return month_label(value, months)
    return number_or_none(value)


def unit_in_future(measure: Measure) -> str:
    """Unit of the value of a measure in a single future."""
    return {"month": "a month or never", "chance": "1 for yes, 0 for no"}.get(measure.form, measure.unit)


def assumption_draws(run: Run) -> Table:
    """Table of the draws of all assumptions, with one row for each future."""
    prices = f"money at {run.scenario.price_base} prices"
    columns = (
        Column("future", "integer", "number of the future"),
        *(Column(assumption.name, "number", f"{assumption.unit}; {prices}") for assumption in run.scenario.assumptions),
    )
    rows = [(future, *map(float, draws)) for future, draws in enumerate(run.assumptions.values)]
    return Table.from_rows("assumption_draws", "Draws of all assumptions", columns, rows, ("future",))


LABEL_COLUMNS = ("label_1", "label_2", "label_3")
TALLY_COLUMNS = (
    Column("programme", "string", "with: the run; without: the same futures without the programme"),
    Column("tally", "string", "name of the tally; the table axes states its meaning"),
    Column("unit", "string", "unit of the values"),
    Column("month", "string", "month; empty if the tally has no axis of months"),
    *(
        Column(name, "string", f"label on axis {i} of the tally, not counting the month; the table axes names the axis")
        for i, name in enumerate(LABEL_COLUMNS, 1)
    ),
    *(Column(name, "number", f"{name.upper()} over the finished futures") for name in QUANTILE_NAMES),
    Column("mean", "number", "mean over the finished futures"),
)


def tallies(run: Run) -> Table:
    """Table of quantiles and means of the tallies over the finished futures, by month and label."""
    finished = np.flatnonzero(run.status == 0)
    rows = [
        row
        for programme, data in (("with", run.data), ("without", run.counterfactual))
        for name, variable in data.data_vars.items()
        for row in tally_rows(programme, str(name), variable, finished)
    ]
    return Table.from_rows("tallies", "Tallies by month and label", TALLY_COLUMNS, rows)


def tally_rows(
    programme: str, name: str, variable: xr.DataArray, finished: NDArray[np.int64]
) -> Iterator[tuple[Cell, ...]]:
    """Rows of ``tallies`` for one tally; empty if no future finished."""
    if not len(finished):
        return
    values = variable.values[finished].reshape(len(finished), -1).astype(np.float64)
    labels = [list(map(str, variable[dim].values)) for dim in variable.dims[1:]]
    sizes = [len(names) for names in labels]
    has_month = "month" in variable.dims
    for index, statistics in enumerate(statistics_by_column(values)):
        position = np.unravel_index(index, sizes) if sizes else ()
        names = [labels[axis][i] for axis, i in enumerate(position)]
        month, items = (names[0], names[1:]) if has_month else ("", names)
        padded_labels = [*items, *[""] * (len(LABEL_COLUMNS) - len(items))]
        yield (
            programme,
            name,
            str(variable.attrs.get("units", "")),
            month,
            *padded_labels,
            *map(number_or_none, statistics),
        )


def statistics_by_column(values: Floats) -> Floats:
    """(columns, 4) P10, P50, P90 and mean of each column of an array (futures, columns)."""
    if np.isfinite(values).all():
        quantiles = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
        return np.vstack([quantiles, values.mean(axis=0)]).T
    intervals = map(interval, values.T)
    return np.array([(i.p10, i.p50, i.p90, i.mean) for i in intervals], np.float64).reshape(-1, 4)


def axes(run: Run) -> Table:
    """Table of the meaning, unit and axes of each tally."""
    columns = (
        Column("tally", "string", "name of the tally"),
        Column("axes", "string", "axes of the tally, after the axis of futures"),
        Column("unit", "string", "unit of the values"),
        Column("meaning", "string", "quantity that the tally records"),
    )
    rows = [
        (str(name), " x ".join(map(str, v.dims[1:])), str(v.attrs["units"]), str(v.attrs["long_name"]))
        for name, v in run.data.data_vars.items()
    ]
    return Table.from_rows("axes", "Meaning, unit and axes of each tally", columns, rows, ("tally",))


ASSUMPTION_COLUMNS = (
    Column("name", "string", "name of the assumption; * stands for all entities"),
    Column("value", "number", "fixed value, or median of the distribution"),
    Column("p10", "number", "P10 of the distribution"),
    Column("p90", "number", "P90 of the distribution"),
    Column("unit", "string", "unit of the values"),
    Column("distribution", "string", "kind of distribution"),
    Column("price_base", "integer", "year of the prices, for money"),
    Column("quality", "string", "rating: green, amber or red"),
    Column("sources", "string", "identifiers of the sources"),
    Column("owner", "string", "person responsible for the assumption"),
    Column("date", "date", "date of the last review of the assumption"),
    Column("note", "string", "note on the assumption"),
    Column("file", "string", "file of the assumption"),
    Column("line", "integer", "line in the file"),
)


def assumptions(run: Run) -> Table:
    """Table of the assumption log, with one row for each assumption."""
    rows = [
        (
            a.name, a.median, float(a.quantile(0.1)), float(a.quantile(0.9)), a.unit, a.distribution,
            a.price_base if a.currency else None, a.quality, "; ".join(a.sources), a.owner, a.date.isoformat(), a.note,
            a.file.rsplit("/", 1)[-1], a.line,
        )
        for a in run.scenario.assumptions
    ]  # fmt: skip
    return Table.from_rows("assumptions", "The assumption log", ASSUMPTION_COLUMNS, rows, ("name",))


def sources(run: Run) -> Table:
    """Table of the sources of the assumptions."""
    names = ("id", "title", "publisher", "date", "url", "licence")
    columns = tuple(Column(name, "string", f"{name} of the source") for name in names)
    rows = [tuple(str(getattr(source, name)) for name in names) for source in run.scenario.sources.values()]
    return Table.from_rows("sources", "Sources of the assumptions", columns, rows, ("id",))


def tables(run: Run, *, draws: bool = True) -> tuple[Table, ...]:
    """All tables of a run; the draws of the assumptions are omitted if ``draws`` is False."""
    all_but_draws = (key_results(run), futures(run), tallies(run), axes(run), assumptions(run), sources(run))
    return (*all_but_draws, assumption_draws(run)) if draws else all_but_draws


def tallies_by_future(run: Run) -> Mapping[str, Table]:
    """One table for each tally of the run, with a row for each future and combination of labels."""
    return {str(name): tally_by_future(str(name), variable) for name, variable in run.data.data_vars.items()}


def tally_by_future(name: str, variable: xr.DataArray) -> Table:
    """Table of one tally, with a row for each future and combination of labels."""
    dims = [str(dim) for dim in variable.dims]
    types: Sequence[ColumnType] = ["integer" if dim == "future" else "string" for dim in dims]
    columns = (
        *(Column(dim, column_type, f"the {dim}") for dim, column_type in zip(dims, types, strict=True)),
        Column("value", "number", f"{variable.attrs['long_name']}, {variable.attrs['units']}"),
    )
    shape, labels = variable.shape, []
    for i, dim in enumerate(dims):
        names = variable[dim].values if dim == "future" else np.array(list(map(str, variable[dim].values)), object)
        labels.append(np.tile(np.repeat(names, prod(shape[i + 1 :])), prod(shape[:i])))
    values = variable.values.ravel().astype(np.float64)
    return Table(f"tally-{name}", str(variable.attrs["long_name"]), columns, (*labels, values))
