"""Figures as people read them."""

from math import inf, nan

import pytest

from octoplan.outcomes.format import digits, scaled
from octoplan.outcomes.key_results import html_table, rich_table
from tests.outcomes.runs import pocket


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
    """Three significant digits, whole from a hundred on, with signs for never and not known."""
    assert digits(value) == text


def test_money_is_scaled_by_its_largest_figure() -> None:
    """All figures of a row share one scale, that of the largest finite one."""
    assert scaled("GBP (2025)", (5e5, 2e6, inf)) == (1e6, "M GBP (2025)")
    assert scaled("GBP (2025)", (-3e9, 0.0)) == (1e9, "bn GBP (2025)")
    assert scaled("GBP (2025)", (0.0,)) == (1.0, "GBP (2025)")
    assert scaled("units", (5e6,)) == (1.0, "units")
    assert scaled("1", (0.5,)) == (1.0, "")


def test_plain_text_fits_its_width() -> None:
    """No line of the text is wider than 120 columns, and futures that failed are counted at the top."""
    lines = str(pocket().key_results()).splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0].strip() == "Pocket, 2026-01 to 2026-03: 60 futures; none failed"


def test_a_narrow_table_keeps_quantiles_and_chances() -> None:
    """On a terminal of 80 columns the means go; a chance then stands under P50."""
    table = rich_table(pocket().key_results(), narrow=True)
    assert [column.header for column in table.columns] == ["measure", "P10", "P50", "P90", "± P50", "unit"]
    names, middles = (list(table.columns[i].cells) for i in (0, 2))
    assert middles[names.index("chance that no month reaches 1,000 good units")] == "100"


def test_rows_that_are_nothing_are_not_shown() -> None:
    """A row that is 0 in every future takes no line, but a chance of 0 does."""
    text = html_table(pocket().key_results())
    assert "optimism bias" not in text
    assert "chance that no month reaches 1,000 good units" in text
