"""The card of a run: the paragraphs of its answer, and the main measures with their ranges."""

from octoplan.cards import Card
from octoplan.outcomes.key_results import KeyResults, row_cells, table_caption
from octoplan.outcomes.measures import main_variant

MAIN_MEASURES = (
    "made", "delivered", "reach", "kills", "leakers", "leakers-prevented", "programme/cost", "damage/avoided",
    "cost/kill", "spend",
)  # fmt: skip
"""Keys of the measures on the card; the ``main_variant`` of each is used."""


def run_card(results: KeyResults, answer: tuple[str, ...] = ()) -> Card:
    """The card of the key results of a whole run, after the paragraphs of its answer."""
    keys = [row.key for row in results]
    variants = dict.fromkeys(main_variant(key, keys) for key in MAIN_MEASURES)
    rows = []
    for key in variants:
        if key in results:
            measure, p10, p50, p90, *_, unit = row_cells(results[key], results.months)
            rows.append((measure, p50, f"{p10} to {p90}", unit.partition(" (SE")[0]))
    return Card(
        table_caption(results),
        answer,
        tuple(rows),
        ("measure", "P50", "P10 to P90", "unit"),
        "All measures: key_results()." if answer else "The answer: answer(). All measures: key_results().",
    )
