"""The front pages of a report: question, answer with ranges, assumptions that would change it, options, limitations."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from octoplan.answer.answer import Answer
from octoplan.outcomes.format import ResultTable, digits, error_text, scaled
from octoplan.outcomes.key_results import KeyResult, KeyResults, month_label, table_caption
from octoplan.outcomes.main_measures import MAIN_MEASURES, main_keys, main_variant
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import Sensitivity, acts_on_threats, unconfirmed_drivers
from octoplan.outcomes.store import SUMMARY_FILE
from octoplan.outcomes.view import view_of
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import describe, row_reference
from octoplan.show.answer import sentences
from octoplan.show.sensitivity import switching_values
from octoplan.show.series import month_in_full
from octoplan.show.theme import MILLION, capitalised

NET_BENEFIT, LEAKERS_PREVENTED = "the net benefit", "the number of leakers prevented"
QUESTION = "What does the programme add to the defence, what does it cost, and what limits it?"

READING = (
    "In brackets: the range of 8 in 10 futures (P10 to P90); a future is one possible course of events. ±: half-width "
    "of the 95 % confidence interval of a mean."
)
"""How to read the numbers of the first page."""
TERMS = "Leakers are threats that reach their targets", ", and decoys drones without a warhead"
"""What terms of the first page mean, the second part in scenarios with decoys."""
LIMITATIONS = (
    "The model resolves days and regions: it says nothing about places within a region or times within a night.",
    "Uncertainty of the assumptions is that of their stated ranges; an assumption without a range adds none.",
    "A difference whose 95 % confidence interval includes zero is not distinguishable from zero.",
)
REASONS_FOR_FEWER = (
    "Plants make fewer than requested if gates are passed late, or if workers, lines or parts are short."
)
"""Why fewer interceptors may be made than are requested."""
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


class AnswerParts(NamedTuple):
    """The answer on the first page: what the programme does and is worth, how sure that is, and what to do next."""

    main: str
    confidence: str
    next_step: str


CONFIDENCE_TOPICS, NEXT_TOPICS = ("confidence", "turning"), ("next_step",)
"""Topics of the answer that have headings of their own on the first page."""


def answer_parts(answer: Answer | None) -> AnswerParts | None:
    """The sentences of an answer by heading; None if there is no answer."""
    if answer is None:
        return None
    texts = {sentence.topic: sentence.text for sentence in sentences(answer)}
    main = [topic for topic in texts if topic not in (*CONFIDENCE_TOPICS, *NEXT_TOPICS)]
    groups = (main, CONFIDENCE_TOPICS, NEXT_TOPICS)
    answer_text, confidence, next_step = (" ".join(texts[t] for t in topics if t in texts) for topics in groups)
    return AnswerParts(answer_text, confidence, capitalised(next_step.removeprefix("Next: ")))


def period(run: Run) -> str:
    """The months that are simulated, in words."""
    months = run.compiled.names.months
    first, last = month_in_full(months[0]), month_in_full(months[-1])
    return f"Simulated months: {first} to {last}" if len(months) > 1 else f"Simulated month: {first}"


def reading(run: Run) -> str:
    """How to read the numbers of the first page and, if there are raids, what its terms mean."""
    if not run.data["launched"].any():
        return READING
    leakers, decoys = TERMS
    return f"{READING} {leakers}{'' if view_of(run).not_decoys.all() else decoys}."


def proposal(run: Run) -> str:
    """A sentence on what the decisions ask for: interceptors of the programme, crews and kits."""
    plan, months = run.compiled.plan, len(run.compiled.names.months)
    output = plan.output[plan.in_programme != 0]
    units, plants = round(float(output.sum())), int((output.sum(axis=1) > 0.0).sum())
    requested = (
        f"{counted(units, 'interceptor')} requested from {counted(plants, 'plant')}" if units else "no interceptors"
    )
    crews, kits = counted(int(plan.intake.sum()), "crew"), counted(int(plan.kit_orders.sum()), "kit")
    fewer = f"{REASONS_FOR_FEWER} " if units else ""
    return (
        f"Proposed in {counted(months, 'month')}: {requested}. {fewer}With and without the programme, {crews} are "
        f"trained and {kits} are ordered in addition to those at the start."
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun in the singular or plural, such as "no plants" or "1 plant"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"


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
            title,
            annex,
            (*quantiles, "–" if np.isnan(i.se_p50) else f"{error_text(i.se_p50, 'month')} months", "month"),
        )
    divisor, unit = scaled(row.unit, (i.p10, i.p50, i.p90))
    quantiles = [digits(v / divisor) for v in (i.p10, i.p50, i.p90)]
    return AnswerRow(title, annex, (*quantiles, error_text(i.se_p50 / divisor, unit), unit))


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


def limitations(run: Run) -> list[str]:
    """Sentences on the limitations of the analysis."""
    assumptions = run.scenario.assumptions
    red = [assumption for assumption in assumptions if assumption.quality == "red"]
    calibrated = sum(assumption.is_calibrated for assumption in red)
    ratings = f"{len(red):,} of {len(assumptions):,} assumptions are rated red: estimates that have not been confirmed"
    defaults = sum(assumption.is_default for assumption in red)
    parts = [
        ratings,
        *([f"{calibrated:,} of these are calibrated"] if calibrated else []),
        *([f"{defaults:,} of these have no row and therefore a default value"] if defaults else []),
    ]
    return [f"{'; '.join(parts)}.", *LIMITATIONS]
