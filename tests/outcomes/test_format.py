"""Numbers and tables as text."""

import textwrap
from dataclasses import replace
from math import inf, nan

import pytest

from octoplan.outcomes.format import ResultTable, digits, scaled, to_text
from octoplan.outcomes.key_results import html_table, result_table, statistic_cell
from tests.outcomes.runs import octopus, pocket


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567.8, "1,234,568"),
        (123.4, "123"),
        (12.34, "12.3"),
        (0.012345, "0.0123"),
        (-0.5, "-0.500"),
        (1e-9, "1e-09"),
        (-2e-6, "-0.000002"),
        (999.6, "1,000"),
        (nan, "–"),
        (inf, "∞"),
        (-inf, "-∞"),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    """Three significant digits, no decimals from 100, and symbols for infinite and undefined values."""
    assert digits(value) == text


def test_money_is_scaled_by_its_largest_value() -> None:
    """All amounts of a row have the scale of the largest finite amount."""
    assert scaled("GBP (2025)", (5e5, 2e6, inf)) == (1e6, "M GBP (2025)")
    assert scaled("GBP (2025)", (-3e9, 0.0)) == (1e9, "bn GBP (2025)")
    assert scaled("GBP (2025)", (0.0,)) == (1.0, "GBP (2025)")
    assert scaled("units", (5e6,)) == (1.0, "units")
    assert scaled("1", (0.5,)) == (1.0, "")


def test_plain_text_fits_its_width() -> None:
    """No line is wider than 120 characters, and the caption states the number of failed futures."""
    lines = str(pocket().key_results()).splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0].strip() == "Pocket, 2026-01 to 2026-03: 60 futures; none failed"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_table_keeps_names_and_numbers(width: int) -> None:
    """In a narrow terminal the name of a row is printed above its numbers, and no text is cut."""
    table = result_table(octopus().key_results())
    lines = to_text(table, width=width).splitlines()
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert "…" not in text
    position = 0
    for group, rows in table.sections:
        position = text.index(group, position)
        for name, *figures, unit in rows:
            first, *rest = textwrap.wrap(f"{name}, {unit}" if unit else name, width)
            position = text.index("\n".join([first, *rest]), position)
            for figure in figures:
                position = text.index(figure, position)


def test_numbers_are_aligned_with_their_headings() -> None:
    """Numbers are right-aligned with their headings, also on lines with some of the numbers only."""
    row = ("of plant a", "1", "", "3,333", "unit")
    table = ResultTable("title", "note", ("measure", "P10", "P50", "P90", "unit"), (("group", (row,)),))
    assert to_text(table, width=24).splitlines() == [
        "title", "", "    P10    P50    P90", "", "group", "of plant a, unit", "      1         3,333", "", "note",
    ]  # fmt: skip
    assert to_text(table, width=16).splitlines() == [
        "title", "", "    P10    P50", "    P90", "", "group", "of plant a, unit", "      1", "  3,333", "", "note",
    ]  # fmt: skip


def test_a_wide_table_has_a_line_for_each_row() -> None:
    """Names and units are aligned to the left, numbers to the right."""
    rows = (("a", "1", "22", "m"), ("long name", "333", "4", "unit"))
    table = ResultTable("title", "note", ("measure", "P10", "P50", "unit"), (("group", rows),))
    lines = [line.strip() for line in to_text(table, width=60).splitlines()]
    assert [line for line in lines if line and not line.startswith("─")] == [
        "title", "measure     P10   P50   unit", "group", "a             1    22   m", "long name   333     4   unit",
        "note",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [40, 120])
def test_brackets_are_printed_as_they_stand(width: int) -> None:
    """Titles are not read as markup: brackets and colons are printed."""
    table = ResultTable("[b]", "[/c]", ("measure [d]", "P50", "unit"), (("[red]", (("Drone [jet] :x:", "1", "m"),)),))
    text = to_text(table, width=width)
    assert all(part in text for part in ("[b]", "[/c]", "[red]", "Drone [jet] :x:"))


def test_futures_are_counted_where_a_measure_is_not_defined_in_all() -> None:
    """A column has the number of futures in rows that are not defined in every finished future."""
    table = pocket().key_results()
    assert "futures" not in result_table(table).headings
    row = replace(table.rows[0], interval=replace(table.rows[0].interval, futures=57))
    partial = result_table(replace(table, rows=(row, *table.rows[1:])))
    assert partial.headings == ("measure", "P10", "P50", "P90", "SE P50", "mean", "SE mean", "futures", "unit")
    first, second = [cells for _, rows in partial.sections for cells in rows][:2]
    assert first == (row.measure, "850", "850", "850", "0", "850", "0", "57", "units")
    assert second == (table.rows[1].measure, "830", "830", "830", "0", "830", "0", "", "units")
    assert "number of futures in which the measure is defined" in partial.note


def test_csv_of_undefined_and_infinite_values() -> None:
    """An undefined value is empty, an infinite value ``inf``, and a month after the last ``never``."""
    months = ("2026-01", "2026-02")
    amounts = [
        statistic_cell(name, value, "amount", months) for name, value in (("p50", nan), ("p50", inf), ("mean", -inf))
    ]
    assert amounts == ["", "inf", "-inf"]
    numbers = (("p50", 1.0), ("p50", inf), ("mean", inf), ("mean", 0.5), ("se_p50", 1.5))
    assert [statistic_cell(name, value, "month", months) for name, value in numbers] == [
        "2026-02", "never", "never", "0.5", "1.5",
    ]  # fmt: skip


def test_rows_of_zeros_are_omitted() -> None:
    """A row that is 0 in every future is omitted, but a chance of 0 is shown."""
    text = html_table(pocket().key_results())
    assert "optimism bias" not in text
    assert "chance that no month has 1,000 good units" in text
