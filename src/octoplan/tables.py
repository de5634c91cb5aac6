"""Tables that are written as CSV, Parquet or Excel: columns with name, type, unit and description."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | date | None
ColumnType = Literal["string", "integer", "number", "date", "yearmonth"]
"""The column types of a Frictionless table schema that octoplan uses.

A cell of type ``yearmonth`` is the date of the first day of the month.
"""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    name
        Stable name, used as header in CSV.
    description
        Description of the content.
    unit
        Unit of the numbers; empty if there is none.
    label
        Header for display, with the unit; if empty, the name is displayed.
    """

    name: str
    type: ColumnType
    description: str = ""
    unit: str = ""
    label: str = ""


@dataclass(frozen=True)
class Table:
    """A table: its columns, and the cells of each column, (rows,); an undefined cell is None.

    key
        Names of the columns that identify a row; empty if there are none.

    >>> table = Table.from_rows("plants", "Plants", (Column("plant", "string"), Column("lines", "integer")), [("a", 2)])
    >>> list(table.rows)
    [('a', 2)]
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    values: tuple[Sequence[Cell] | NDArray[Any], ...]
    key: tuple[str, ...] = ()

    @classmethod
    def from_rows(
        cls,
        name: str,
        title: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        key: tuple[str, ...] = (),
    ) -> "Table":
        """A table from rows, each with one cell for every column."""
        values = tuple(zip(*rows, strict=True)) or tuple(() for _ in columns)
        if len(values) != len(columns):
            raise ValueError(f"table {name!r} has {len(columns)} columns, its rows have {len(values)} cells")
        return cls(name, title, tuple(columns), values, key)

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0

    @property
    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Iterator over the rows of cells."""
        return zip(*self.values, strict=True)

    def csv(self, *, significant: int | None = None) -> str:
        """The table as CSV text, with the names of the columns as header; undefined cells are empty.

        significant
            Significant digits of floating-point numbers; by default they are written exactly.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in self.columns])
        writer.writerows(
            [csv_cell(cell, column.type, significant) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        )
        return out.getvalue()

    def to_frame(self) -> "pd.DataFrame":
        """The table as a pandas DataFrame, indexed by the columns of ``key`` if there are any.

        Days and months are dates (a month is its first day), numbers are floating-point numbers, and integers are
        nullable integers if a cell is undefined. Undefined cells are missing values.

        Example:
            >>> columns = (Column("month", "yearmonth"), Column("made", "integer"))
            >>> table = Table.from_rows("output", "Output", columns, [(date(2026, 1, 1), 280)], key=("month",))
            >>> table.to_frame().loc["2026-01", "made"].tolist()
            [280]

        """
        import pandas as pd  # takes long to import

        columns = {
            column.name: frame_column(cells, column.type)
            for column, cells in zip(self.columns, self.values, strict=True)
        }
        frame = pd.DataFrame(columns)
        return frame.set_index(list(self.key)) if self.key else frame


def frame_column(cells: Sequence[Cell] | NDArray[Any], column_type: ColumnType) -> Any:
    """A column as a pandas Series; numbers next to texts, such as ``never``, remain as they are."""
    import pandas as pd  # takes long to import

    values = pd.Series(list(cells), dtype=object)
    if column_type in ("date", "yearmonth"):
        return pd.to_datetime(values)
    if column_type == "integer":
        return values.astype("Int64" if values.isna().any() else "int64")
    if column_type == "number" and not any(isinstance(cell, str) for cell in cells):
        return values.astype("float64")
    return values


def csv_cell(cell: Cell, column_type: ColumnType, significant: int | None) -> Cell:
    """A cell for the CSV writer; days are formatted as 2026-01-31, months as 2026-01."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell:%Y-%m}" if column_type == "yearmonth" else cell.isoformat()
    return f"{cell:.{significant}g}" if significant is not None and isinstance(cell, float) else cell
