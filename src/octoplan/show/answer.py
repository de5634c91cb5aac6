"""The answer of a run in words: what is made, stopped and paid, what limits the defence, how sure, and what next.

Numbers are means over futures, with P10 to P90 in brackets; paired differences have their 95 % confidence interval.
"""

from dataclasses import astuple, dataclass
from datetime import date
from math import isfinite, isnan

import numpy as np

from octoplan.answer.answer import Answer, ProgrammeResults, Result
from octoplan.answer.marginal import EFFECTS, RELEVANT_SHARE, Marginal
from octoplan.answer.totals import Effect
from octoplan.cards import Card
from octoplan.outcomes.format import MONEY_PREFIXES
from octoplan.outcomes.intervals import Interval
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import is_share, row_reference, subject, unit_text
from octoplan.show.rounding import SMALL_SHARE, number, percent, plus_minus, range_digits, with_range
from octoplan.show.theme import MILLION, capitalised
from octoplan.tables import Column, Table

NOTE = (
    "Figures are means over futures, and months are medians, with P10 to P90 in brackets; ± is the half-width of a 95 "
    "% confidence interval. Threats that reach their targets are leakers; decoys are excluded. The cost of the "
    "programme excludes crews and kits, which are the same without it. Money is in real terms and undiscounted."
)
MEANINGS = {
    "crews": "teams that operate interceptors",
    "kits": "the equipment of crews",
    "crews-and-kits": "interceptor teams with equipment",
}
"""Terms of the trade in plain words, by key of a change."""
NEVER = "never"
NO_INTERVAL = "one future gives no confidence interval"
"""Why nothing is clear after a run of one future."""
ONE_FUTURE_OF_CHANGES = "the changes were simulated over one future only"
"""Why no effect of a change is clear after a longer run."""


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
    'The programme makes 850 interceptors in 3 months and does not reach 2,000 a month'
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
    ("makes", "stops", "worth"),
    ("conclusion", "limits", "confidence", "turning"),
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
    """How to read the figures of the answer, on what its confidence rests, and how the changes were tested."""
    return " ".join(text for text in (NOTE, evidence(answer), turning_note(answer), answer.marginal.note) if text)


def money_scale(answer: ProgrammeResults, *amounts: float) -> tuple[float, str]:
    """Divisor and unit for amounts of money: millions or more, or none, from the largest of them."""
    largest = max((abs(amount) for amount in amounts if isfinite(amount)), default=0.0)
    size, prefix = next((item for item in MONEY_PREFIXES if largest >= item[0] >= MILLION), (1.0, ""))
    return size, f"{prefix}{answer.scenario.currency}"


def money_range(answer: ProgrammeResults, i: Interval) -> str:
    """An amount of money with its range."""
    return with_range(i, *money_scale(answer, i.p10, i.mean, i.p90))


def money_change(answer: ProgrammeResults, item: Effect) -> str:
    """A difference in money with the half-width of its confidence interval."""
    size, unit = money_scale(answer, item.mean, item.half_width)
    return f"{plus_minus(item, size)} {unit}"


def money_unit(answer: ProgrammeResults) -> str:
    """Millions of the reporting currency."""
    return f"M {answer.scenario.currency}"


def makes(answer: ProgrammeResults) -> str:
    """What the programme makes, and when it reaches the largest of the scenario's targets."""
    units = answer.of_measure("made")
    if units is None or not units.values.max() > 0.0:
        return "The programme makes no interceptors."
    months = len(answer.results.run.compiled.names.months)
    duration = f"{months} months" if months > 1 else "1 month"
    text = f"The programme makes {with_range(units.interval, unit='interceptors')} in {duration}"
    target = max(answer.scenario.output_targets, default=0)
    return f"{text} and {reaches(answer, target)}." if target else f"{text}."


def reaches(answer: ProgrammeResults, target: int) -> str:
    """A clause on the first month with a target output, or on the share of futures in which there is none."""
    never = answer.of_measure(f"never/{target}")
    missed = never.interval.mean if never is not None else 1.0
    if missed >= 1.0:
        return f"does not reach {target:,} a month"
    if missed >= 0.5:
        return f"reaches {target:,} a month in only {percent(1.0 - missed)} of futures"
    first = answer.of_measure(f"reach/{target}")
    quantiles = (first.interval.p10, first.interval.p50, first.interval.p90) if first is not None else (np.inf,) * 3
    but = f", but never in {percent(missed)} of futures" if missed >= SMALL_SHARE else ""
    return f"reaches {target:,} a month by {months_text(answer, *quantiles)}{but}"


def months_text(answer: ProgrammeResults, low: float, middle: float, high: float) -> str:
    """A month with its range in brackets, without the year where it is that of the month."""
    names = tuple(month_name(answer, index) for index in (low, middle, high))
    if len(set(names)) == 1:
        return names[1]
    year = names[1][-5:]
    if all(name.endswith(year) or name == NEVER for name in names):
        return f"{names[1]} ({names[0].removesuffix(year)} to {names[2].removesuffix(year)})"
    return f"{names[1]} ({names[0]} to {names[2]})"


def month_name(answer: ProgrammeResults, index: float) -> str:
    """A month in words, or "never"."""
    months = answer.results.run.compiled.names.months
    if not isfinite(index) or int(index) >= len(months):
        return NEVER
    return f"{date.fromisoformat(f'{months[int(index)]}-01'):%B %Y}"


def stops(answer: ProgrammeResults) -> str:
    """The threats that the programme keeps from their targets, and those that still reach them."""
    leakers = answer.of_measure("leakers/excluding-decoys") or answer.of_measure("leakers")
    prevented = answer.prevented
    if not answer.has_raids or leakers is None or not isfinite(prevented.interval.mean):
        return ""
    remaining = with_range(leakers.interval)
    if not prevented.values.any():
        return f"It stops no more threats; {remaining} reach their targets."
    if direction(prevented.mean) > 0:
        return f"It stops {with_range(prevented.interval, unit='more threats')}; {remaining} still reach their targets."
    if direction(prevented.mean) < 0:
        more = plus_minus(opposite(prevented.mean))
        return f"With it, {more} more threats reach their targets: {remaining} in all."
    return f"It does not clearly change how many threats reach their targets: {remaining}."


def direction(item: Effect) -> int:
    """Sign of an effect that is distinguishable from zero, otherwise 0; of one future, without an interval, its sign.

    >>> direction(Effect(2.0, 1.0)), direction(Effect(2.0, 3.0)), direction(Effect(-2.0, float("nan")))
    (1, 0, -1)
    """
    return int(np.sign(item.mean)) if isnan(item.half_width) else item.sign


def opposite(item: Effect) -> Effect:
    """The effect with the other sign."""
    return Effect(-item.mean, item.half_width)


def worth(answer: ProgrammeResults) -> str:
    """What the programme costs and avoids, and whether it pays; its cost alone if there are no raids."""
    cost, avoided, net = answer.cost.interval, answer.avoided, answer.net
    if not isfinite(cost.mean):
        return ""
    costs_text = f"It costs {money_range(answer, cost)}" if answer.cost.values.any() else "It costs nothing"
    if not answer.has_raids:
        return f"{costs_text}."
    saved = savings(answer)
    if not avoided.values.any() and not saved:
        return f"{costs_text} and avoids no damage."
    amount = money_change(answer, net.mean)
    clauses = f"{costs_text}, {saved} and" if saved else f"{costs_text} and"
    if len(net.values) == 1:
        unknown = f"whether it pays on average is unknown, because {NO_INTERVAL}"
        return f"{clauses} {avoids(answer)}. In this one future the net benefit is {amount}; {unknown}."
    return f"{clauses} {avoids(answer)}. {whether_it_pays(net)}; the mean net benefit is {amount}."


def whether_it_pays(net: Result) -> str:
    """A clause on whether the programme pays on average, and in which share of futures."""
    positive = float((net.values > 0.0).mean())
    share = {0.0: "in no future", 1.0: "in every future"}.get(positive, f"in {percent(positive)} of futures")
    by_sign = {
        1: f"It pays on average, {'and' if positive >= 0.5 else 'but only'} {share}",
        -1: f"It does not pay on average{', but' if positive > 0.5 else ';'} it pays {share}",
    }
    return by_sign.get(net.mean.sign, f"Whether it pays on average is unclear; it pays {share}")


def savings(answer: ProgrammeResults) -> str:
    """A clause on the spend on other layers that the programme saves or adds; empty if it never differs."""
    saved = answer.saved
    if not saved.values.any():
        return ""
    if direction(saved.mean) < 0:
        return f"adds {money_change(answer, opposite(saved.mean))} to the spend on other defences"
    if direction(saved.mean) == 0:
        return f"does not clearly change the spend on other defences ({money_change(answer, opposite(saved.mean))})"
    return f"saves {money_range(answer, saved.interval)} on other defences"


def avoids(answer: ProgrammeResults) -> str:
    """A clause on the damage avoided, or added if it is negative."""
    avoided = answer.avoided
    if not avoided.values.any():
        return "avoids no damage"
    if direction(avoided.mean) < 0:
        return f"adds damage of {money_change(answer, opposite(avoided.mean))}"
    if avoided.interval.mean < 0.0:
        return f"does not clearly change the damage ({money_change(answer, opposite(avoided.mean))})"
    return f"avoids damage of {money_range(answer, avoided.interval)}"


def conclusion(answer: Answer) -> str:
    """What limits the defence or, without raids, the output most."""
    result = "defence" if answer.has_raids else "output"
    if not answer.marginal.effects:
        return ""
    if answer.marginal.futures == 1:
        reason = NO_INTERVAL if len(answer.net.values) == 1 else ONE_FUTURE_OF_CHANGES
        return f"What limits the {result} is unknown, because {reason}."
    if not answer.limits:
        return (
            f"Nothing tested limits the {result}: none of the {changes_text(answer)} clearly improves it"
            f"{smallest_relevant(answer)}."
        )
    best = answer.limits[0]
    meaning = f" ({MEANINGS[best.key]})" if best.key in MEANINGS else ""
    most = " most" if answer.is_limited_most else ""
    not_by = ", not by interceptors" if answer.has_raids and is_ample(answer, "units") else ""
    return f"The {result} is limited{most} by {best.noun}{meaning}{not_by}."


def smallest_relevant(answer: Answer) -> str:
    """The smallest relevant improvement, if some change clearly improves the result by less; otherwise empty."""
    changes = (*answer.marginal.effects, *answer.marginal.doubled)
    improves = any(answer.marginal.is_positive(answer.improvement(item)) for item in changes)
    share = f" by at least {percent(RELEVANT_SHARE)} of the {'leakers' if answer.has_raids else 'units'}"
    return share if improves else ""


def is_ample(answer: Answer, key: str) -> bool:
    """True if twice as much of a change does not improve the result either."""
    return any(item.key == key for item in answer.ample)


def changes_text(answer: Answer) -> str:
    """The number of changes tested, those with twice as much included.

    At least two are tested: a change without effect is tested with twice as much too.
    """
    return f"{answer.marginal.tested:,} changes tested"


def limits(answer: Answer) -> str:
    """Effect of the change that improves the result most, and that of more units; without raids it is the next step."""
    if not answer.limits or not answer.has_raids:
        return ""
    return capitalised(effect_on_result(answer))


def effect_on_result(answer: Answer) -> str:
    """Cost and effect of the first of ``limits``, and the effect of more units."""
    best = answer.limits[0]
    amount = plus_minus(answer.improvement(best))
    verb, noun = ("stop", "threat") if answer.has_raids else ("add", "unit")
    plural = "" if amount == "1" else "s"
    cost = "" if best in answer.paying[:1] else f"{costs(answer, best)} and "
    return f"{best.title} would {cost}{verb} {amount} more {noun}{plural}{in_comparison(answer, best, verb)}."


def in_comparison(answer: Answer, best: Marginal, verb: str) -> str:
    """A clause on the improvement by more interceptors, as a comparison with another change.

    It is empty if twice as many interceptors improve nothing: ``conclusion`` says so.
    """
    if best.key == "units" or "units" not in answer.marginal or is_ample(answer, "units"):
        return ""
    units = answer.marginal["units"]
    return f"; {units.title} would {verb} {plus_minus(answer.improvement(units))}"


def costs(answer: Answer, item: Marginal) -> str:
    """The cost of a change or, if it is negative, what the change saves, after its verb."""
    if item.cost.mean == item.cost.half_width == 0.0:
        return "cost nothing"
    verb, cost = ("save", opposite(item.cost)) if item.cost.sign < 0 else ("cost", item.cost)
    return f"{verb} {money_change(answer, cost)}"


def confidence(answer: Answer) -> str:
    """The range of the expected net benefit given the assumptions, and its main driver."""
    if len(answer.net.values) == 1:
        return f"Confidence is unknown: {NO_INTERVAL}."
    if answer.all_fixed:
        return "Confidence is unknown: no assumption has a range."
    if not answer.has_raids:
        level = "low" if answer.mostly_unconfirmed else "medium"
        return f"Confidence is {level}: {guesses(answer)}"
    spread = answer.spreads.get("net")
    if spread is None or isnan(spread.chance):
        return ""
    sign = answer.net.mean.sign
    is_one_sided = (spread.low > 0.0 and sign > 0) or (spread.high < 0.0 and sign < 0)
    level = "low" if answer.mostly_unconfirmed or not is_one_sided else "medium" if answer.unconfirmed else "high"
    size, unit = money_scale(answer, spread.low, spread.high)
    significant = range_digits(spread.low, spread.high)
    low, high = (number(value / size, significant) for value in (spread.low, spread.high))
    amounts = f"{low} to {high}" if low != high else low
    return f"Confidence is {level}: the expected net benefit is {amounts} {unit}, depending {on_what(answer)}."


def on_what(answer: Answer) -> str:
    """The assumption on which the net benefit depends most, after "depending"."""
    name = main_driver(answer)
    return f"most on the {name}" if name else "on the assumptions"


def main_driver(answer: Answer) -> str:
    """The assumption that decides whether it pays, or that with the largest effect; empty if none is clear."""
    driver = answer.assumption(answer.turning[0].name) if answer.turning else answer.driver
    return "" if driver is None else subject(answer.scenario, driver)


def evidence(answer: Answer) -> str:
    """Sentences on how many assumptions are guesses, and on the share of chance."""
    spread = answer.spreads.get("net")
    if not answer.has_raids or spread is None or isnan(spread.chance) or len(answer.net.values) == 1:
        return guesses(answer) if answer.has_raids or answer.all_fixed else ""
    return (
        f"{guesses(answer)} Chance causes {percent(spread.chance)} of the variance of the net benefit between futures."
    )


def guesses(answer: Answer) -> str:
    """A sentence on how many assumptions are rated red and not informed by observations."""
    return (
        f"{answer.unconfirmed:,} of {len(answer.scenario.assumptions):,} assumptions are guesses that no observation "
        "informs."
    )


def turning(answer: Answer) -> str:
    """The values at which the programme pays or not of the assumption that decides it, named in ``confidence``."""
    if not answer.turning:
        return ""
    turn = answer.turning[0]
    values = values_text(answer.assumption(turn.name), *turn.ends)
    ends = zip((turn.low, turn.high), values, strict=True)
    (pays, at_pays), (fails, at_fails) = sorted(ends, key=lambda end: -end[0].mean)
    return (
        f"The programme {'pays' if pays.sign > 0 else 'may pay'} if this value is {at_pays}, and "
        f"{'does not' if fails.sign < 0 else 'may not'} if it is {at_fails}."
    )


def turning_note(answer: Answer) -> str:
    """Net benefit with the assumption of ``turning`` at its P10 and at its P90, and its row."""
    if not answer.turning:
        return ""
    turn = answer.turning[0]
    assumption = answer.assumption(turn.name)
    values = (
        f"{money_change(answer, net)} at {value}"
        for value, net in zip(values_text(assumption, *turn.ends), (turn.low, turn.high), strict=True)
    )
    return (
        f"With the {subject(answer.scenario, assumption)} ({row_reference(assumption)}) at its P10 and P90, the net "
        f"benefit is {' and '.join(values)}."
    )


def values_text(assumption: Assumption, low: float, high: float) -> tuple[str, str]:
    """Two values of an assumption with their unit; shares as percentages."""
    unit, divisor = ("%", 0.01) if is_share(assumption) else (unit_text(assumption), 1.0)
    significant = range_digits(low, high)
    first, second = (f"{number(value / divisor, significant)} {unit}".rstrip() for value in (low, high))
    return first, second


def next_step(answer: Answer) -> str:
    """What to do next: the change that pays best, or the assumption to find out more about."""
    if not answer.marginal.effects:
        return ""
    if answer.marginal.futures == 1:
        scope = "" if len(answer.net.values) == 1 else "the changes over "
        return f"Next: simulate {scope}more futures."
    if not answer.has_raids:
        return f"Next: {effect_on_result(answer)}" if answer.limits else "Next: keep the decisions, or test other ones."
    if answer.paying:
        best = answer.paying[0]
        return (
            f"Next: consider {best.title}, which would {costs(answer, best)} and avoid damage of "
            f"{money_change(answer, best.avoided)}."
        )
    return f"Next: {without_paying_change(answer)}; none of the {changes_text(answer)} clearly pays."


def without_paying_change(answer: Answer) -> str:
    """What to do if no change pays: find out more, reconsider the programme, or keep the decisions."""
    if answer.all_fixed:
        return "give the assumptions ranges"
    if main_driver(answer) and (answer.turning or answer.net.mean.sign == 0):
        return f"find out more about the {main_driver(answer)}"
    by_sign = {1: "keep the decisions", -1: "reconsider the programme", 0: "simulate more futures"}
    return by_sign[answer.net.mean.sign]
