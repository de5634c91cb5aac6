"""The front pages of a report: question, answer with ranges, assumptions that would change it, options, limitations."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from octoplan.outcomes.format import ResultTable, digits, scaled
from octoplan.outcomes.intervals import half_width, interval
from octoplan.outcomes.key_results import KeyResult, KeyResults, month_label, table_caption
from octoplan.outcomes.main_measures import MAIN_MEASURES, main_keys, main_variant
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import Sensitivity, acts_on_threats, unconfirmed_drivers
from octoplan.outcomes.store import SUMMARY_FILE
from octoplan.outcomes.view import View, by_future, sum_by_future, view_of
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import describe, row_reference
from octoplan.show.provenance import TableText
from octoplan.show.sensitivity import switching_values
from octoplan.show.theme import MILLION, capitalised

NET_BENEFIT, LEAKERS_PREVENTED = "the net benefit", "the number of leakers prevented"
QUESTION = "What does the programme add to the defence, what does it cost, and what limits it?"

LIMITATIONS = (
    "The model resolves days and regions: it says nothing about places within a region or times within a night.",
    "Uncertainty of the assumptions is that of their stated ranges; an assumption without a range adds none.",
    "A difference whose 95 % confidence interval includes zero is not distinguishable from zero.",
)
MAX_NAMED = 3
"""Maximum number of assumptions listed, for each result, under what would change the answer."""
MIN_ROUNDED_EFFECT = 3.0
"""Smallest effect, in the unit displayed, for which the two means are rounded to whole numbers."""


ANSWER_HEADINGS = ("", "P10", "P50", "P90", "SE P50", "unit")


class AnswerRow(NamedTuple):
    """One row of the answer: title, name of the annex with details, cells of text, and red assumptions it rests on."""

    title: str
    annex: str
    cells: tuple[str, ...]
    rests_on: tuple[str, ...] = ()


def people(run: Run) -> list[tuple[str, str]]:
    """Roles in the analysis, and the people who hold them."""
    governance = run.scenario.programme.governance
    roles = (
        ("commissioned by", governance.commissioner),
        ("analyst", governance.analyst),
        ("assured by", governance.assurer),
        ("approved by", governance.approver),
    )
    return [(role, name or "not named") for role, name in roles]


def answer_rows(results: RunResults) -> list[AnswerRow]:
    """Rows of the answer: the ten key results, each with the annex that has its details."""
    table, scenario = results.key_results, results.run.scenario
    finished = results.run.futures - results.run.failed
    keys = {main_variant(key, results.measures): annex for key, annex in MAIN_MEASURES.items()}
    annexes = {key: keys[key] for key in main_keys(results.measures)}
    drivers = unconfirmed_drivers(results.run, {key: results.measures[key].values for key in annexes})
    return [
        answer_row(table[key], annex, table, finished)._replace(
            rests_on=rests_on(scenario, [a for a in drivers[key] if annex == "money" or acts_on_threats(scenario, a)])
        )
        for key, annex in annexes.items()
    ]


def answer_table(results: RunResults) -> ResultTable:
    """The rows of the answer as a table for a terminal, with where the other measures are."""
    rows = tuple((row.title, *row.cells) for row in answer_rows(results))
    note = f"P10, P50 and P90 over futures; SE P50: standard error of P50. All measures: --all, or {SUMMARY_FILE}."
    return ResultTable(table_caption(results.key_results), note, ANSWER_HEADINGS, (("", rows),))


def rests_on(scenario: Scenario, drivers: Sequence[Assumption]) -> tuple[str, ...]:
    """The assumptions on which a result rests, in words: at most ``MAX_NAMED``, and the number of the others."""
    descriptions = tuple(describe(scenario, assumption) for assumption in drivers[:MAX_NAMED])
    return (*descriptions, f"{len(drivers) - MAX_NAMED:,} more") if len(drivers) > MAX_NAMED else descriptions


def answer_row(row: KeyResult, annex: str, table: KeyResults, finished: int) -> AnswerRow:
    """A measure as a row of the answer, with the number of futures if it is not defined in all of them."""
    i = row.interval
    title = row.measure
    if i.futures < finished:
        title += f" (defined in {i.futures:,} of {finished:,} futures)"
    if row.form == "month":
        quantiles = [month_label(v, table.months) if not np.isnan(v) else "–" for v in (i.p10, i.p50, i.p90)]
        return AnswerRow(
            title, annex, (*quantiles, "–" if np.isnan(i.se_p50) else f"{digits(i.se_p50, 2)} months", "month")
        )
    divisor, unit = scaled(row.unit, (i.p10, i.p50, i.p90))
    quantiles = [digits(v / divisor) for v in (i.p10, i.p50, i.p90)]
    return AnswerRow(title, annex, (*quantiles, digits(i.se_p50 / divisor, 2), unit))


def changes(results: RunResults) -> list[str]:
    """Sentences on the assumptions with the largest effects, and on switching values."""
    scenario, unit = results.run.scenario, view_of(results.run).unit
    lines = []
    for subject, items, divisor, unit_text in (
        (NET_BENEFIT, results.net_benefit_sensitivity, MILLION, f"M {unit}"),
        (LEAKERS_PREVENTED, results.leakers_sensitivity, 1.0, ""),
    ):
        significant = [item for item in items if item.distinguishable]
        lines += [effect(scenario, item, subject, divisor, unit_text) for item in significant[:MAX_NAMED]]
        lines += switching_values(scenario, items, subject)[:MAX_NAMED]
    return lines


def effect(scenario: Scenario, item: Sensitivity, subject: str, divisor: float, unit: str) -> str:
    """A sentence on the effect of one assumption on a result, named by ``subject``."""
    low, high = (f"{round(value / divisor):,}" for value in (item.low, item.high))
    if abs(item.difference) / divisor < MIN_ROUNDED_EFFECT:
        low, high = digits(item.low / divisor), digits(item.high / divisor)
    amount = f"{low} {unit}" if unit else low
    return (
        f"{capitalised(describe(scenario, item.assumption))}: {subject} averages {amount} if this assumption is low "
        f"and {high} if it is high. Rated {item.assumption.quality}; {row_reference(item.assumption)}."
    )


def options(results: Sequence[RunResults], labels: Sequence[str]) -> TableText:
    """Table of results by option: those of the first run, and the differences from it, paired by future.

    The differences are those of the other runs minus the first, and of the first minus its counterfactual.
    """
    first, measures = results[0], [option.measures for option in results]
    unit = f"M {view_of(first.run).unit}"
    leaked = main_variant("leakers", measures[0])
    additional_spend = by_future(first.run, spend_due_to_programme, nominal=first.nominal)
    rows: list[tuple[str, float, list[Floats], Floats]] = [
        ("good units made, units", 1.0, [table["made"].values for table in measures], measures[0]["made"].values),
        (
            "leakers, excluding decoys, threats", 1.0, [table[leaked].values for table in measures],
            -first.leakers_prevented,
        ),
        (
            f"damage by leakers, {unit}", MILLION, [table["damage"].values for table in measures],
            -measures[0]["damage/avoided"].values,
        ),
        (
            f"spend on interceptors, crews, kits and other layers, {unit}", MILLION,
            [table["spend"].values for table in measures], additional_spend,
        ),
        (
            f"damage and spend, {unit}", MILLION,
            [table["damage"].values + table["spend"].values for table in measures],
            additional_spend - measures[0]["damage/avoided"].values,
        ),
    ]  # fmt: skip
    shared = common_futures(results)
    return TableText(
        ("", labels[0], *(f"{label} minus {labels[0]}" for label in labels[1:]), f"{labels[0]} minus no programme"),
        [
            (
                title,
                quantiles_text(values[0], divisor),
                *(difference_text(option[rows_2] - values[0][rows_1], numbers, divisor)
                  for option, (rows_1, rows_2, numbers) in zip(values[1:], shared, strict=True)),
                difference_text(effect, first.run.finished_futures, divisor),
            )
            for title, divisor, values, effect in rows
        ],
    )  # fmt: skip


def spend_due_to_programme(view: View) -> Floats:
    """(futures,) spend of all payers minus that in the counterfactual."""
    spend, without = (sum_by_future(view.money("spend", counterfactual=absent)) for absent in (False, True))
    return np.asarray(spend - without, np.float64)


def common_futures(results: Sequence[RunResults]) -> list[tuple[Ints, Ints, Ints]]:
    """For each run but the first: the rows of the futures that it and the first finished, and their numbers."""
    first = results[0].run.finished_futures
    return [
        (np.flatnonzero(np.isin(first, other)), np.flatnonzero(np.isin(other, first)), np.intersect1d(first, other))
        for other in (option.run.finished_futures for option in results[1:])
    ]


def difference_text(values: Floats, futures: Ints, divisor: float) -> str:
    """Mean of paired differences and the half-width of its 95 % confidence interval."""
    i = interval(values / divisor, futures=futures)
    if not i.futures:
        return "undefined"
    half = half_width(i)
    return digits(i.mean) if np.isnan(half) or half == 0.0 else f"{digits(i.mean)} ± {digits(half, 2)}"


def quantiles_text(values: Floats, divisor: float) -> str:
    """P50 (P10 to P90) over futures as text, with the number of futures if the value is undefined in some."""
    i = interval(values / divisor)
    if not i.futures:
        return "undefined"
    low, middle, high = (digits(q) for q in (i.p10, i.p50, i.p90))
    text = middle if low == middle == high else f"{middle} ({low} to {high})"
    return text if i.futures == len(values) else f"{text}, {i.futures:,} of {len(values):,} futures"


def limitations(run: Run) -> list[str]:
    """Sentences on the limitations of the analysis."""
    assumptions = run.scenario.assumptions
    red = [assumption for assumption in assumptions if assumption.quality == "red"]
    calibrated = sum(assumption.is_calibrated for assumption in red)
    ratings = f"{len(red):,} of {len(assumptions):,} assumptions are rated red: estimates that have not been confirmed"
    return [f"{ratings}; {calibrated:,} of these are calibrated." if calibrated else f"{ratings}.", *LIMITATIONS]
