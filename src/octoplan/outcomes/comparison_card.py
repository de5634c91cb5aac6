"""The card of a comparison: the largest differences in a sentence, and the main measures in a table."""

from collections.abc import Sequence
from math import isfinite, isnan
from typing import TYPE_CHECKING

from octoplan.cards import Card
from octoplan.outcomes.format import digits, scaled
from octoplan.outcomes.intervals import half_width
from octoplan.outcomes.main_measures import main_variant

if TYPE_CHECKING:
    from octoplan.outcomes.compare import Comparison, Difference

COMPARED_MEASURES = (
    "made", "delivered", "crews", "kits", "kills", "leakers", "leakers-prevented", "damage", "damage/avoided",
    "programme/cost", "spend", "damage-and-spend",
)  # fmt: skip
"""Keys of the measures on the card; the ``main_variant`` of each is used."""
RESULTS = ("leakers", "damage", "spend", "damage-and-spend")
"""Keys of the measures on which a comparison is decided, which come first; the ``main_variant`` of each is used."""
MAX_DIFFERENCES = 4
"""Largest number of differences in a sentence."""
ROUNDING_TOLERANCE = 1e-9
"""Difference, as a share of the value, up to which two values are taken as equal."""


def comparison_card(comparison: "Comparison") -> Card:
    """The card of a comparison."""
    pairs = tuple(zip(comparison.labels[1:], comparison.differences, strict=True))
    rows = [(label, row) for label, differences in pairs for row in main_differences(differences)]
    several = len(pairs) > 1
    cells = tuple(
        (row.measure, *([label] if several else []), *mean_cells(row)) for label, row in rows if relative_size(row) > 0
    )
    labels = " and ".join(comparison.labels[1:])
    return Card(
        f"{labels} minus {comparison.labels[0]}, on the same {comparison.futures:,} futures",
        tuple(largest_differences(label, comparison.labels[0], differences) for label, differences in pairs),
        cells,
        ("measure", *(["run"] if several else []), "mean", "95 % CI", "unit") if cells else (),
        "All measures: print the comparison, or to_frame().",
    )  # fmt: skip


def largest_differences(label: str, first_label: str, differences: Sequence["Difference"]) -> str:
    """A sentence with the differences of ``RESULTS`` and of other main measures that are distinguishable from zero.

    The others are those that are largest, relative to the mean of both values (``relative_size``).

    Args:
        label: Name of the run.
        first_label: Name of the run that it is compared with.
        differences: Differences of the run from the first.

    """
    if all(row.is_zero for row in differences):
        return f"{label} and {first_label} are equal in every future."
    rows = most_different(main_differences(differences), MAX_DIFFERENCES)
    if not rows:
        return f"{label} against {first_label}: no difference of a main measure is distinguishable from zero."
    return f"{label} against {first_label}: {'; '.join(map(difference_text, rows))}."


def most_different(differences: Sequence["Difference"], number: int) -> list["Difference"]:
    """Differences that are distinguishable from zero: first those of ``RESULTS``, then the largest, in their order."""
    keys = [row.key for row in differences]
    results = {main_variant(key, keys) for key in RESULTS}
    rows = [row for row in differences if is_distinguishable(row)]
    chosen = sorted(rows, key=lambda row: (row.key not in results, -relative_size(row)))[:number]
    return [row for row in rows if row in chosen]


def main_differences(differences: Sequence["Difference"]) -> list["Difference"]:
    """The differences of the main measures, in the order of ``COMPARED_MEASURES``."""
    by_key = {row.key: row for row in differences}
    keys = dict.fromkeys(main_variant(key, by_key) for key in COMPARED_MEASURES)
    return [by_key[key] for key in keys if key in by_key]


def relative_size(row: "Difference") -> float:
    """Mean difference over the mean of the absolute values of both runs, from 0 to 2; 0 for a rounding error.

    An undefined or infinite difference has the size 0, because its mean is no number.
    """
    mean, first = row.interval.mean, row.first_mean
    if not (isfinite(mean) and isfinite(first)) or mean == 0.0:
        return 0.0
    size = abs(mean) / (0.5 * (abs(first) + abs(first + mean)))
    return size if size > ROUNDING_TOLERANCE else 0.0


def is_distinguishable(row: "Difference") -> bool:
    """True if the 95 % CI of the mean difference excludes zero; without an interval, if the difference is not zero."""
    half = half_width(row.interval)
    return relative_size(row) > 0.0 and (isnan(half) or abs(row.interval.mean) > half)


def difference_text(row: "Difference") -> str:
    """A difference in words: its mean, relative to the first run, and its 95 % CI."""
    mean, ends, unit = mean_cells(row)
    details = []
    if row.first_mean and not unit.startswith("%"):
        details.append(f"{signed(100.0 * row.interval.mean / abs(row.first_mean), 2)} %")
    if row.interval.se_mean == 0.0:
        details.append("the same in every future")
    elif ends:
        details.append(f"95 % CI {ends}")
    return f"{row.measure} {mean} {unit}".rstrip() + (f" ({'; '.join(details)})" if details else "")


def mean_cells(row: "Difference") -> tuple[str, str, str]:
    """Mean difference, its 95 % CI (empty if it is not defined) and the unit, as text."""
    mean, half = row.interval.mean, half_width(row.interval)
    size, unit = scaled(difference_unit(row), (mean,))
    ends = "" if isnan(half) else f"{signed((mean - half) / size)} to {signed((mean + half) / size)}"
    return signed(mean / size), ends, unit


def signed(value: float, significant: int = 3) -> str:
    """A number as text, with its sign."""
    return f"+{digits(value, significant)}" if value > 0 else digits(value, significant)


def difference_unit(row: "Difference") -> str:
    """Unit of a difference: percentage points of a share or a probability, otherwise the unit of the measure."""
    return "% points" if row.form == "chance" else {"%": "% points", "month": "months"}.get(row.unit, row.unit)
