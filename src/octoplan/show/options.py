"""The table of options on the first page of a report: levels with and without the programme, and paired differences."""

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np

from octoplan.answer.totals import effect_of
from octoplan.campaign.tally import CREWS, KITS, LAYERS, TRAINING
from octoplan.outcomes.compare import Difference, difference, rows_of_common_futures
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import Measure, View, by_future, sum_by_future, view_of
from octoplan.scenario.arrays import Floats
from octoplan.scenario.entities import INTERCEPTOR
from octoplan.show.provenance import TableText
from octoplan.show.rounding import decimals_of_effect, plus_minus, to_decimals, with_half_width, with_range
from octoplan.show.series import month_total
from octoplan.show.theme import MILLION

WITHOUT_RAIDS = ("made", "cost")
"""Keys of the rows of a scenario without raids."""
NET = "net"
"""Key of the net benefit, which has differences and no levels."""
MAX_LAYERS = 3
"""Maximum number of layers named in the note on other defences."""


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
            row_text(without[key], measure, paired)
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
        ("made", "interceptors made that pass their checks", "units"),
        ("leakers", "leakers, excluding decoys", "threats"),
        ("damage", "damage by leakers", unit),
        ("cost", "spend on interceptors of all makers, crews and kits", unit),
        ("layers", "spend on other defences", unit),
        (NET, "net benefit", unit),
    )
    values = by_future(results.run, of_view, nominal=results.nominal).T
    return {key: Measure(key, "", title, of, column) for (key, title, of), column in zip(rows, values, strict=True)}


def other_defences_note(run: Run) -> str:
    """A sentence on what other defences are: the titles of the layers of the scenario except interceptors.

    At most ``MAX_LAYERS`` are named. Empty if there are none, or no raids.
    """
    view = view_of(run)
    titles = [view.title("layers", name) for name in view.names.layers if name != INTERCEPTOR]
    if not titles or not month_total(run, "launched").any():
        return ""
    inner = [title[:1].lower() + title[1:] if title[1:2].islower() else title for title in titles[:MAX_LAYERS]]
    return f"Other defences: {', '.join([*inner, 'and others'] if len(titles) > MAX_LAYERS else inner)}."


def crews_and_kits_note(results: RunResults) -> str:
    """A sentence on the spend on crews and kits, which is the same with and without the programme; empty if none."""

    def of_view(view: View) -> Floats:
        return np.asarray(sum_by_future(view.money("spend")[:, :, [TRAINING, CREWS, KITS]]), np.float64)

    spend = by_future(results.run, of_view, nominal=results.nominal)
    if not spend.any():
        return ""
    size, prefix = money_scale(float(spend.mean()))
    amount = with_range(interval(spend), size, prefix + view_of(results.run, nominal=results.nominal).unit)
    return f"The cost of the programme excludes crews and kits, which cost {amount} with and without it."


def money_scale(*amounts: float) -> tuple[float, str]:
    """Divisor of amounts of money and prefix of their unit: a million if one of them is that large."""
    return (MILLION, "M ") if any(abs(amount) >= MILLION for amount in amounts) else (1.0, "")


def row_text(without: Measure, level: Measure, paired: Sequence[Difference]) -> tuple[str, ...]:
    """A row of the table: title with unit, level without and with the programme, and paired differences.

    Money is in millions if one of the means of the row is a million or more.
    """
    means = [*(item.interval.mean for item in paired), *(float(item.values.mean()) for item in (without, level))]
    is_money = level.unit not in {"units", "threats"}
    size, prefix = money_scale(*(means if level.key != NET else means[: len(paired)])) if is_money else (1.0, "")
    return (
        f"{level.title}, {prefix}{level.unit}", level_text(without, paired[0], size),
        level_text(level, paired[0], size), *(difference_text(item, size) for item in paired),
    )  # fmt: skip


def level_text(measure: Measure, change: Difference, divisor: float = 1.0) -> str:
    """Mean and P10 to P90 over futures; empty for the net benefit, which is a difference.

    change
        Difference between the levels with and without the programme; the mean is written to its decimals, so that the
        levels subtract to it.
    """
    if measure.key == NET:
        return ""
    level = interval(measure.values)
    text = with_range(level, divisor)
    if isnan(change.interval.mean) or not change.interval.mean or not level.mean:
        return text
    _, bracket, range_text = text.partition(" (")
    return (
        to_decimals(level.mean / divisor, decimals_of_effect(effect_of(change.interval), divisor))
        + bracket
        + range_text
    )


def difference_text(item: Difference, divisor: float = 1.0) -> str:
    """Mean of paired differences with the half-width of its 95 % confidence interval.

    As in the answer, the mean has three digits, and in the net benefit the decimals of the half-width.
    """
    effect = effect_of(item.interval)
    return plus_minus(effect, divisor) if item.key == NET else with_half_width(effect, divisor)
