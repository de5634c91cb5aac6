"""The answer of a run in words: what limits the defence, what is made, stopped and paid, how sure, and what next.

Numbers are means over futures, with P10 to P90 in brackets; paired differences have their 95 % confidence interval.
"""

from dataclasses import astuple, dataclass
from datetime import date
from math import floor, isfinite, isnan, log10

import numpy as np

from octoplan.answer.answer import Answer, ProgrammeResults
from octoplan.answer.marginal import EFFECTS, Marginal
from octoplan.answer.totals import Effect
from octoplan.answer.turning import Turn
from octoplan.cards import Card
from octoplan.outcomes.intervals import Interval
from octoplan.scenario.descriptions import row_reference, subject, unit_text
from octoplan.show.theme import MILLION, capitalised
from octoplan.tables import Column, Table

NOTE = (
    "Figures are means over futures, and months are medians, with P10 to P90 in brackets; ± is the half-width of a 95 "
    "% confidence interval. Leakers exclude decoys. The cost of the programme excludes crews and kits, which are the "
    "same without it. Money is in real terms and undiscounted."
)
SMALL_SHARE = 0.005
"""Share of futures below which a share is not mentioned."""


@dataclass(frozen=True)
class Sentence:
    """A part of the answer: its topic, such as ``worth``, and its text of one or more sentences."""

    topic: str
    text: str


@dataclass(frozen=True, eq=False)
class AnswerText:
    """The answer of a run in words; ``str`` gives its paragraphs, and notebooks display it.

    numbers
        The answer as numbers.

    >>> import octoplan as op
    >>> str(op.simulate("pocket", futures=8).answer()).split(".")[0]
    'None of the changes tested improves the defence'
    """

    numbers: Answer

    @property
    def marginal(self) -> Table:
        """Effects of each small change: mean and half-width of the 95 % confidence interval, paired by future."""
        rows = [
            (item.key, item.title, *(value for name in EFFECTS for value in astuple(getattr(item, name))))
            for item in (*self.numbers.marginal.effects, *self.numbers.marginal.doubled)
        ]
        currency = self.numbers.scenario.currency
        units = {"prevented": "threats", "units": "units", "cost": currency, "avoided": currency, "net": currency}
        columns = [
            Column(f"{name}{suffix}", "number", f"{EFFECTS[name]}{meaning}", units[name])
            for name in EFFECTS
            for suffix, meaning in (("", ""), ("_half_width", ": half-width of the 95 % confidence interval"))
        ]
        head = (Column("change", "string", "short name of the change"), Column("title", "string", "what is changed"))
        return Table.from_rows("marginal", "Effects of small changes", (*head, *columns), rows, key=("change", "title"))

    def __str__(self) -> str:
        return "\n\n".join((*paragraphs(self.numbers), note(self.numbers)))

    def _repr_html_(self) -> str:
        rows = tuple(
            (
                item.title, plus_minus(item.prevented), plus_minus(item.units), plus_minus(item.cost, MILLION),
                plus_minus(item.avoided, MILLION),
            )
            for item in self.numbers.marginal.effects
        )  # fmt: skip
        unit = money_unit(self.numbers)
        head = ("change", "leakers prevented", "units made", f"cost, {unit}", f"damage avoided, {unit}")
        return Card(self.numbers.scenario.title, paragraphs(self.numbers), rows, head, note(self.numbers)).html()


PARAGRAPHS = (
    ("conclusion", "makes", "stops", "worth"),
    ("limits", "confidence", "turning"),
    ("next_step",),
)
"""Topics of the answer by paragraph, in the order in which a decision maker asks: result, reasons, what to do next."""


def sentences(answer: Answer) -> tuple[Sentence, ...]:
    """The answer in the order in which a decision maker asks; topics without content are omitted."""
    texts = {topic.__name__: topic(answer) for topic in (conclusion, limits, confidence, turning, next_step)}
    texts |= {sentence.topic: sentence.text for sentence in result_sentences(answer)}
    return tuple(Sentence(topic, texts[topic]) for topics in PARAGRAPHS for topic in topics if texts.get(topic))


def result_sentences(results: ProgrammeResults) -> tuple[Sentence, ...]:
    """The sentences of the answer that need no further simulation: what is made, stopped, paid and avoided.

    There are none if every future failed.
    """
    if not results.results.has_finished_futures:
        return ()
    texts = ((topic.__name__, topic(results)) for topic in (makes, stops, worth))
    return tuple(Sentence(topic, text) for topic, text in texts if text)


def paragraphs(answer: Answer) -> tuple[str, ...]:
    """The answer in three paragraphs: result, reasons, and what to do next."""
    texts = {sentence.topic: sentence.text for sentence in sentences(answer)}
    joined = (" ".join(texts[topic] for topic in topics if topic in texts) for topics in PARAGRAPHS)
    return tuple(text for text in joined if text)


def note(answer: Answer) -> str:
    """How to read the figures of the answer, and how the changes were tested."""
    return f"{NOTE} {answer.marginal.note}"


def number(value: float, significant: int = 3) -> str:
    """A number as people write it: rounded to significant digits, with commas between thousands.

    >>> number(68175.4), number(12.34), number(-0.0456), number(999.6), number(16.4, 2)
    ('68,200', '12.3', '-0.0456', '1,000', '16')
    """
    if not isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    decimals = significant - 1 - floor(log10(abs(value)))
    return f"{round(value, decimals):,.{max(0, min(decimals, 6))}f}"


def with_range(i: Interval, divisor: float = 1.0, unit: str = "") -> str:
    """A mean with P10 to P90 in brackets; the mean alone if it is the same in all futures."""
    low, mean, high = (number(value / divisor) for value in (i.p10, i.mean, i.p90))
    text = f"{mean} {unit}" if unit else mean
    return text if low == mean == high else f"{text} ({low} to {high})"


def plus_minus(item: Effect, divisor: float = 1.0) -> str:
    """A difference with the half-width of its confidence interval, to the same number of decimals.

    >>> plus_minus(Effect(165.28, 23.12)), plus_minus(Effect(7.06, 5.16)), plus_minus(Effect(35.2e6, 8.6e6), 1e6)
    ('165 ± 23', '7.1 ± 5.2', '35.2 ± 8.6')
    """
    mean, half_width = item.mean / divisor, item.half_width / divisor
    if isnan(half_width) or half_width == 0.0:
        return number(mean)
    decimals = 1 - floor(log10(half_width))
    after_point = max(0, min(decimals, 6))
    return f"{round(mean, decimals) + 0.0:,.{after_point}f} ± {round(half_width, decimals):,.{after_point}f}"


def money_unit(answer: ProgrammeResults) -> str:
    """Millions of the reporting currency."""
    return f"M {answer.scenario.currency}"


def conclusion(answer: Answer) -> str:
    """What limits the defence or, without raids, the output most."""
    result = "defence" if answer.has_raids else "output"
    if not answer.marginal.effects:
        return ""
    if not answer.limits:
        return f"None of the changes tested improves the {result}."
    best = answer.limits[0]
    if answer.has_raids and any(item.key == "units" for item in answer.ample):
        return f"The defence is limited most by {best.noun}, not by interceptors."
    return f"The {result} is limited most by {best.noun}."


def makes(answer: ProgrammeResults) -> str:
    """What the programme makes, and when it reaches the largest of the scenario's targets."""
    units = answer.of_measure("made")
    if units is None or not units.values.max() > 0.0:
        return "The programme makes no interceptors."
    months = len(answer.results.run.compiled.names.months)
    text = f"The programme makes {with_range(units.interval)} interceptors in {months} months"
    target = max(answer.scenario.output_targets, default=0)
    return f"{text} and {reaches(answer, target)}." if target else f"{text}."


def reaches(answer: ProgrammeResults, target: int) -> str:
    """A clause on the first month with a target output, or on the share of futures in which there is none."""
    never = answer.of_measure(f"never/{target}")
    missed = never.interval.mean if never is not None else 1.0
    if missed >= 1.0:
        return f"does not reach {target:,} a month"
    if missed >= 0.5:
        return f"reaches {target:,} a month in only {100.0 * (1.0 - missed):.0f} % of futures"
    first = answer.of_measure(f"reach/{target}")
    quantiles = (first.interval.p10, first.interval.p50, first.interval.p90) if first is not None else (np.inf,) * 3
    low, middle, high = (month_name(answer, index) for index in quantiles)
    months = middle if low == middle == high else f"{middle} ({low} to {high})"
    but = f", but never in {100.0 * missed:.0f} % of futures" if missed >= SMALL_SHARE else ""
    return f"reaches {target:,} a month by {months}{but}"


def month_name(answer: ProgrammeResults, index: float) -> str:
    """A month in words, or "never"."""
    months = answer.results.run.compiled.names.months
    if not isfinite(index) or int(index) >= len(months):
        return "never"
    return f"{date.fromisoformat(f'{months[int(index)]}-01'):%B %Y}"


def stops(answer: ProgrammeResults) -> str:
    """The leakers that the programme prevents, and those that remain."""
    leakers = answer.of_measure("leakers/excluding-decoys") or answer.of_measure("leakers")
    if not answer.has_raids or leakers is None or not isfinite(answer.prevented.interval.mean):
        return ""
    return (
        f"It prevents {with_range(answer.prevented.interval)} leakers (threats that reach their targets); "
        f"{with_range(leakers.interval)} remain."
    )


def worth(answer: ProgrammeResults) -> str:
    """What the programme costs and avoids, and whether it pays; its cost alone if there are no raids."""
    cost, avoided, net = answer.cost.interval, answer.avoided.interval, answer.net
    unit = money_unit(answer)
    if not isfinite(cost.mean):
        return ""
    text = f"It costs {with_range(cost, MILLION, unit)}"
    if not answer.has_raids:
        return f"{text}."
    amount = f"{plus_minus(net.mean, MILLION)} {unit}"
    share = 100.0 * float((net.values > 0.0).mean())
    conclusion_by_sign = {
        1: f"On average it pays: the net benefit is {amount},",
        -1: f"On average it does not pay: the net benefit is {amount},",
        0: f"The net benefit, {amount}, is not distinguishable from zero; it is",
    }
    text += f" and avoids damage of {with_range(avoided, MILLION, unit)}"
    return f"{text}. {conclusion_by_sign[net.mean.sign]} positive in {share:.0f} % of futures."


def limits(answer: Answer) -> str:
    """Effect of the change that improves the result most, and that of more units."""
    if not answer.limits:
        return ""
    best = answer.limits[0]
    interceptors = ""
    if best.key != "units" and "units" in answer.marginal:
        ample = next((item for item in answer.ample if item.key == "units"), None)
        units = ample or answer.marginal["units"]
        interceptors = f" ({units.title}: {plus_minus(answer.improvement(units))})"
    verb, noun = ("prevent", "leakers") if answer.has_raids else ("add", "units")
    effect = f"{verb} {plus_minus(answer.improvement(best))} more {noun}"
    return f"{capitalised(best.title)} would {effect}{interceptors} and {costs(answer, best)}."


def costs(answer: Answer, item: Marginal) -> str:
    """The cost of a change or, if it is negative, what the change saves, after its verb."""
    verb, size = ("save", -1.0) if item.cost.sign < 0 else ("cost", 1.0)
    amount = plus_minus(Effect(size * item.cost.mean, item.cost.half_width), MILLION)
    return f"{verb} {amount} {money_unit(answer)}"


def confidence(answer: Answer) -> str:
    """The range of the expected net benefit given the assumptions, its main driver, and the share of chance."""
    spread = answer.spreads.get("net")
    if not answer.has_raids or spread is None or isnan(spread.chance):
        return ""
    if spread.chance == 1.0:
        return "Confidence is unknown: no assumption has a range, and all variation is chance."
    level = "low" if spread.low < 0.0 < spread.high else "medium" if answer.unconfirmed else "high"
    low, high = number(spread.low / MILLION), number(spread.high / MILLION)
    driver = ""
    if answer.driver is not None and not answer.turning:
        driver = f", above all on the {subject(answer.scenario, answer.driver)}"
    return (
        f"Confidence is {level}: depending on the assumptions{driver}, the expected net benefit is {low} to {high} "
        f"{money_unit(answer)}; chance causes {100 * spread.chance:.0f} % of the variance between futures. "
        f"{answer.unconfirmed:,} of {len(answer.scenario.assumptions):,} assumptions are guesses that no observation "
        "informs."
    )


def turning(answer: Answer) -> str:
    """The net benefit at both ends of the assumption on which it depends most whether the programme pays."""
    return turning_sentence(answer, answer.turning[0]) if answer.turning else ""


def turning_sentence(answer: Answer, turn: Turn) -> str:
    """Net benefit with one assumption at its P10 and at its P90."""
    assumption = answer.assumption(turn.name)
    unit = unit_text(assumption)
    ends = (("P10", turn.ends[0], turn.low), ("P90", turn.ends[1], turn.high))
    values = (
        f"{plus_minus(net, MILLION)} {money_unit(answer)} at {number(value)}{f' {unit}' if unit else ''} ({name})"
        for name, value, net in ends
    )
    return (
        f"Whether the programme pays depends on the {subject(answer.scenario, assumption)} "
        f"({row_reference(assumption)}): the net benefit is {' and '.join(values)}."
    )


def next_step(answer: Answer) -> str:
    """What to do next: the change that pays best, or the assumption to find out more about."""
    if not answer.has_raids or not answer.marginal.effects:
        return ""
    if answer.paying:
        best = answer.paying[0]
        cost = "" if answer.limits and best == answer.limits[0] else f"{costs(answer, best)} and "
        return (
            f"Next: {best.title} would {cost}avoid further damage of "
            f"{plus_minus(best.avoided, MILLION)} {money_unit(answer)}, the best of the changes tested."
        )
    text = f"Next: none of the {len(answer.marginal.effects)} small changes tested avoids more damage than it costs"
    if answer.driver is None:
        return f"{text}."
    return f"{text}; find out more about the {subject(answer.scenario, answer.driver)}."
