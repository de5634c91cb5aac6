"""The table of options on the first page of a report: levels with and without the programme, and paired differences."""

from collections.abc import Mapping, Sequence

import numpy as np

from octoplan.answer.totals import effect_of
from octoplan.campaign.tally import CREWS, KITS, LAYERS, TRAINING
from octoplan.outcomes.compare import Difference, difference, rows_of_common_futures
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import Measure, View, by_future, sum_by_future, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.provenance import TableText
from octoplan.show.rounding import plus_minus, with_range
from octoplan.show.series import month_total
from octoplan.show.theme import MILLION

WITHOUT_RAIDS = ("made", "cost")
"""Keys of the rows of a scenario without raids."""
NET = "net"
"""Key of the net benefit, which has differences and no levels."""


def options(results: Sequence[RunResults], labels: Sequence[str]) -> TableText:
    """Table of results by option: levels of the first run with and without its programme, and paired differences.

    Levels are means over futures with P10 to P90. Differences are means over paired futures with the half-width of
    their 95 % confidence interval: of the first run minus its counterfactual, and of the other runs minus the first.

    results
        Results of runs under the same raids, the first of which has a finished future.
    labels
        Names of the runs.
    """
    first, name = results[0], labels[0]
    without, levels = measures_of(first, counterfactual=True), measures_of(first)
    if not month_total(first.run, "launched").any():
        levels = {key: levels[key] for key in WITHOUT_RAIDS}
    rows, futures = rows_of_common_futures([first.run])
    differences = [[difference(m, rows[0], without[key], rows[0], futures) for key, m in levels.items()]]
    for other in results[1:]:
        changed = measures_of(other)
        rows, futures = rows_of_common_futures([first.run, other.run])
        differences.append([difference(changed[key], rows[1], m, rows[0], futures) for key, m in levels.items()])
    title = name if len(results) > 1 else "with the programme"
    head = ("", "without the programme", title, "difference", *(f"{label} minus {name}" for label in labels[1:]))
    return TableText(
        head,
        [
            (row_title(measure), level_text(without[key]), level_text(measure), *map(difference_text, paired))
            for (key, measure), paired in zip(levels.items(), zip(*differences, strict=True), strict=True)
        ],
    )


def measures_of(results: RunResults, *, counterfactual: bool = False) -> Mapping[str, Measure]:
    """The measures of the table by key, of a run or of its counterfactual.

    The net benefit is less damage and spend, so that its differences are those of damage avoided and spend saved.
    """
    unit = view_of(results.run, nominal=results.nominal).unit

    def of_view(view: View) -> Floats:
        units, leaked = (view.tally(name, counterfactual=counterfactual) for name in ("good", "leaked"))
        spend = view.money("spend", counterfactual=counterfactual)
        damage, total, layers = map(
            sum_by_future, (view.money("damage", counterfactual=counterfactual), spend, spend[:, :, LAYERS])
        )
        counts = sum_by_future(units), sum_by_future(leaked[..., view.not_decoys])
        return np.stack([*counts, damage, total - layers, layers, -total - damage], axis=1).astype(np.float64)

    rows = (
        ("made", "good units made by the programme", "units"),
        ("leakers", "leakers (threats that reach their targets), excluding decoys", "threats"),
        ("damage", "damage by leakers", unit),
        ("cost", "spend on interceptors, crews and kits", unit),
        ("layers", "spend on other layers of the defence", unit),
        (NET, "net benefit: damage avoided less all spend", unit),
    )
    values = by_future(results.run, of_view, nominal=results.nominal).T
    return {key: Measure(key, "", title, of, column) for (key, title, of), column in zip(rows, values, strict=True)}


def crews_and_kits_note(results: RunResults) -> str:
    """A sentence on the spend on crews and kits, which is the same with and without the programme; empty if none."""

    def of_view(view: View) -> Floats:
        return np.asarray(sum_by_future(view.money("spend")[:, :, [TRAINING, CREWS, KITS]]), np.float64)

    spend = by_future(results.run, of_view, nominal=results.nominal)
    if not spend.any():
        return ""
    unit = view_of(results.run, nominal=results.nominal).unit
    amount = with_range(interval(spend), MILLION, f"M {unit}")
    return f"The cost of the programme excludes crews and kits, which cost {amount} with and without it."


def divisor(item: Measure | Difference) -> float:
    """Divisor of the values in the table: a million for money."""
    return 1.0 if item.unit in {"units", "threats"} else MILLION


def row_title(measure: Measure) -> str:
    """Title of a row with its unit."""
    return f"{measure.title}, {'' if divisor(measure) == 1.0 else 'M '}{measure.unit}"


def level_text(measure: Measure) -> str:
    """Mean and P10 to P90 over futures; empty for the net benefit, which is a difference."""
    return "" if measure.key == NET else with_range(interval(measure.values), divisor(measure))


def difference_text(item: Difference) -> str:
    """Mean of paired differences with the half-width of its 95 % confidence interval."""
    return plus_minus(effect_of(item.interval), divisor(item))
