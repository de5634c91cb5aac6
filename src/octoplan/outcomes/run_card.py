"""The card of a run: the paragraphs of its answer, and the main measures with their ranges."""

from octoplan.cards import Card
from octoplan.outcomes.key_results import KeyResults, row_cells, table_caption
from octoplan.outcomes.main_measures import main_keys


def run_card(results: KeyResults, answer: tuple[str, ...] = ()) -> Card:
    """The card of the key results of a whole run, after the paragraphs of its answer."""
    rows = []
    for key in main_keys(row.key for row in results):
        measure, p10, p50, p90, *_, unit = row_cells(results[key], results.months)
        rows.append((measure, p50, f"{p10} to {p90}", unit.partition(" (SE")[0]))
    return Card(
        table_caption(results),
        answer,
        tuple(rows),
        ("measure", "P50", "P10 to P90", "unit"),
        "All measures: key_results()." if answer else "The answer: answer(). All measures: key_results().",
    )
