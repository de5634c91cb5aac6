"""Provenance of a report: assumptions log by quality and impact, sources, checks, and statement of assurance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from octoplan.explore.impact import AMBER, RATINGS, RED, quality_by_impact, result_effects
from octoplan.explore.impact import impacts as rate_impacts
from octoplan.explore.results import Impact, SwitchingValue
from octoplan.explore.switching import switching_values
from octoplan.outcomes.format import digits
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import Sensitivity
from octoplan.outcomes.view import view_of
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import QUALITIES, Assumption
from octoplan.scenario.descriptions import row_reference, subject
from octoplan.show.theme import MILLION, capitalised

WEAKEST_FIRST = tuple(reversed(QUALITIES))
QUALITY_MARKS = {"red": "■ red", "amber": "▲ amber", "green": "● green"}
WITHOUT, WITH = "without the programme", "with the programme"
"""The decisions between which an assumption can switch, in words."""


class TableText(NamedTuple):
    """A table for a page, with headings and cells formatted as text."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def impacts(
    run: Run, net_benefit: Floats, net: Sequence[Sensitivity], leakers: Sequence[Sensitivity]
) -> dict[str, Impact]:  # fmt: skip
    """Impact of each assumption, by name, from the futures of a run: on its key results and on whether it pays.

    Args:
        run: The run.
        net_benefit: (finished futures,) net benefit of the programme.
        net: Effects on the net benefit.
        leakers: Effects on the leakers prevented.

    """
    effects = [
        result_effects("net benefit", view_of(run).unit, net),
        result_effects("leakers prevented", "threats", leakers),
    ]
    defined = np.isfinite(net_benefit)
    switching: tuple[SwitchingValue, ...] = ()
    if defined.any():
        finished = run.finished_futures[defined]
        benefits = np.column_stack([np.zeros(len(finished)), net_benefit[defined]])
        draws = run.assumptions.values[finished]
        switching = switching_values(run.scenario.columns, draws, benefits, (WITHOUT, WITH), finished, run.seed)
    return {item.name: item for item in rate_impacts(run.scenario.assumptions, effects, switching)}


def quality_matrix(assumptions: Sequence[Assumption], impact: Mapping[str, Impact]) -> TableText:
    """Table of the number of assumptions by quality and impact, the weakest quality and the largest impact first."""
    cells = quality_by_impact(assumptions, impact.values())
    rows = []
    for quality in WEAKEST_FIRST:
        counts = [len(cells[quality, rating]) for rating in RATINGS]
        rows.append((QUALITY_MARKS[quality], *(f"{count:,}" for count in counts), f"{sum(counts):,}"))
    return TableText(("quality", *(f"impact: {rating}" for rating in RATINGS), "rows"), rows)


def impact_reasons(scenario: Scenario, impact: Mapping[str, Impact]) -> list[str]:
    """Sentences on why impacts are red or amber: the red first, then by quality, the weakest first."""
    rated = [a for a in scenario.assumptions if impact[a.name].rating in (RED, AMBER)]
    rated.sort(key=lambda a: (RATINGS.index(impact[a.name].rating), WEAKEST_FIRST.index(a.quality)))
    return [
        f"{capitalised(subject(scenario, a))} ({row_reference(a)}): impact {impact[a.name].rating}, "
        f"quality {a.quality}; {impact[a.name].reason}."
        for a in rated
    ]


def row_anchor(name: str) -> str:
    """Identifier of the row of an assumption in the assumptions log of a page."""
    return f"row-{name.replace('*', 'all')}"


def assumptions_log(
    run: Run, sensitivities: Sequence[Sensitivity], impact: Mapping[str, Impact], unit: str
) -> TableText:  # fmt: skip
    """Table of all assumptions, sorted by impact and then by quality.

    unit
        Unit of the result in ``sensitivities``, in millions.
    """
    effects = {item.assumption.name: item for item in sensitivities}

    def order(assumption: Assumption) -> tuple[int, int, float, str]:
        effect = effects[assumption.name].difference if assumption.name in effects else 0.0
        impact_rank, quality_rank = (
            RATINGS.index(impact[assumption.name].rating),
            WEAKEST_FIRST.index(assumption.quality),
        )
        return impact_rank, quality_rank, -abs(effect), assumption.name

    head = (
        "assumption",
        "impact",
        f"effect, {unit} (± 2 SE)",
        "quality",
        "value",
        "P10",
        "P90",
        "unit",
        "source",
        "row",
        "date",
    )
    rows = [
        log_row(assumption, impact[assumption.name], effects.get(assumption.name))
        for assumption in sorted(run.scenario.assumptions, key=order)
    ]
    return TableText(head, rows)


def calibrated_assumptions(run: Run) -> TableText | None:
    """Table of the quantiles of each calibrated assumption before and after calibration; None if there are none."""
    head = (
        "calibrated assumption", "prior P10", "prior P50", "prior P90", "posterior P10", "posterior P50",
        "posterior P90", "unit", "row",
    )  # fmt: skip
    rows = []
    for assumption in run.scenario.assumptions:
        if prior := run.scenario.prior_of(assumption):
            unit = "" if assumption.unit == "1" else assumption.unit
            prices = f", prior in prices of {prior.price_base}" if prior.price_base != assumption.price_base else ""
            cells = (*quantile_cells(prior), *quantile_cells(assumption), unit + prices, row_reference(assumption))
            rows.append((assumption.name, *cells))
    return TableText(head, rows) if rows else None


def quantile_cells(assumption: Assumption) -> tuple[str, str, str]:
    """P10, P50 and P90 of an assumption as text; of an assumption without a range only the value."""
    low, middle, high = (digits(float(assumption.quantile(q))) for q in (0.1, 0.5, 0.9))
    return ("", middle, "") if assumption.is_fixed else (low, middle, high)


def log_row(assumption: Assumption, impact: Impact, item: Sensitivity | None) -> tuple[str, ...]:
    """One row of the assumptions log as text."""
    low, middle, high = quantile_cells(assumption)
    effect = (
        f"{item.difference / MILLION:+,.3g} ± {2 * item.error / MILLION:,.2g}" if item and item.distinguishable else ""
    )
    return (
        assumption.name,
        QUALITY_MARKS.get(impact.rating, impact.rating),
        effect,
        QUALITY_MARKS[assumption.quality],
        middle,
        low,
        high,
        "" if assumption.unit == "1" else assumption.unit,
        "; ".join(assumption.sources) or "none",
        row_reference(assumption),
        assumption.date.isoformat(),
    )


def sources(run: Run) -> TableText:
    """Table of the sources that assumptions cite, with the number of assumptions that cite each."""
    used = Counter(name for assumption in run.scenario.assumptions for name in assumption.sources)
    rows = [
        (name, source.title, source.publisher, str(source.date or ""), source.url, f"{used[name]:,}")
        for name, source in run.scenario.sources.items()
        if used[name]
    ]
    return TableText(("source", "title", "publisher", "date", "address", "assumptions"), rows)


def checks(run: Run) -> list[str]:
    """Sentences on the checks of a run and their outcomes."""
    finished = run.status == 0
    balance = (
        "Units produced, in transit, in stock, used, lost and scrapped balance on every day of "
        f"{int(finished.sum()):,} of {run.futures:,} futures, with and without the programme."
    )
    imbalance = run.data.get("imbalance")
    if imbalance is not None and finished.any() and int(np.abs(imbalance.values[finished]).max()):
        balance = "UNITS DO NOT BALANCE in at least one future: do not use this run."
    counterfactual = (
        "Every future was simulated with and without the programme under the same raids, weather, outages and exchange "
        "rates."
    )
    verification = (
        "The tests of this version compare the equations with closed-form solutions, with a reference implementation "
        "of the whole model, and with a discrete-event simulation of it."
    )
    warnings = f"The scenario was read without errors and with {len(run.scenario.warnings):,} warning(s)."
    return [warnings, balance, counterfactual, verification]


def identification(results: RunResults) -> list[tuple[str, str]]:
    """Names and values that identify the run in the statement of assurance."""
    run = results.run
    assumptions, quality = run.scenario.assumptions, Counter(a.quality for a in run.scenario.assumptions)
    raids = raid_identity(run)
    dates = [assumption.date for assumption in assumptions]
    by_quality = ", ".join(f"{quality[name]:,} {name}" for name in QUALITIES)
    return [
        ("software", f"octoplan {run.version}"),
        ("scenario", f"SHA-256 {run.scenario.hash}"),
        ("raids", "; ".join(f"{name} {value}" for name, value in raids.items())),
        ("seed and futures", f"{run.seed}; {run.futures:,} simulated, {run.failed:,} failed and excluded"),
        ("assumptions", f"{len(assumptions):,} rows: {by_quality}"),
        ("without a source", f"{sum(not assumption.sources for assumption in assumptions):,} rows"),
        ("dated", f"{min(dates)} to {max(dates)}" if dates else "no assumption has a date"),
        ("review due", str(run.scenario.programme.governance.sunset or "no date set")),
    ]
