"""A reader of the sentences of an answer, who compares each figure and each claim with the numbers of the answer."""

import re
from calendar import month_name
from collections.abc import Iterator
from math import isfinite

import numpy as np
from scipy.stats import t

from octoplan.answer.answer import Answer
from octoplan.answer.marginal import Marginal
from octoplan.answer.totals import Effect
from octoplan.show.answer import note, sentences

FIGURE = r"(-?[\d,]+(?:\.\d+)?)"
CHANGE = rf"{FIGURE}(?: ± {FIGURE})?"
RANGE = rf"(?: \({FIGURE} to {FIGURE}\))?"
MONEY = r" (bn |M |k |)GBP"
SCALES = {"bn ": 1e9, "M ": 1e6, "k ": 1e3, "": 1.0}
PERCENT = r"(less than 1|more than 99|\d+) %"
WRONG_FIGURES = re.compile(r"(?<!\w)(nan|inf)(?!\w)|(?<![\w.])-0(\.0+)?(?![\d.])|(?<!\w)–|\s{2}|\d \.")


def contradictions(answer: Answer) -> list[str]:
    """What the sentences of an answer say that its numbers do not; empty if they agree."""
    texts = {sentence.topic: sentence.text for sentence in sentences(answer)}
    wrong = [f"{topic}: {problem}" for topic, text in texts.items() for problem in problems(answer, topic, text)]
    texts["note"] = note(answer)
    return wrong + [f"{topic}: {text}" for topic, text in texts.items() if WRONG_FIGURES.search(text)]


def problems(answer: Answer, topic: str, text: str) -> list[str]:
    """What a text on a topic says that the numbers of an answer do not."""
    checks = {
        "makes": wrong_output, "stops": wrong_leakers, "worth": wrong_worth, "conclusion": wrong_conclusion,
        "limits": wrong_limits, "confidence": wrong_confidence, "turning": wrong_turning, "next_step": wrong_next_step,
    }  # fmt: skip
    return [f"{problem}: {text}" for problem in checks[topic](answer, text)]


def value(figure: str, scale: float = 1.0) -> float:
    """The number that a figure states."""
    return float(figure.replace(",", "")) * scale


def is_rounded(figure: str | None, expected: float, scale: float = 1.0, significant: int = 2) -> bool:
    """True if a figure is a number rounded to some significant digits or to six decimals."""
    if figure is None or not isfinite(expected):
        return False
    return abs(value(figure, scale) - expected) <= max(0.51 * 10.0 ** (1 - significant) * abs(expected), 5.1e-7 * scale)


def wrong_range(match: re.Match[str] | None, values: np.ndarray, scale: float = 1.0) -> Iterator[str]:
    """Compare a mean and its range, the first three groups of a match, with values by future."""
    if match is None:
        yield "no figure"
        return
    mean, low, high = match.groups()[:3]
    if not is_rounded(mean, float(values.mean()), scale, 3):
        yield f"mean {values.mean()}"
    quantiles = np.quantile(values, (0.1, 0.9))
    if low is None and not all(is_rounded(mean, float(quantile), scale) for quantile in quantiles):
        yield f"no range {quantiles}"
    if low is not None:
        if value(low) > value(high):
            yield "the ends are reversed"
        if not all(is_rounded(end, float(q), scale) for end, q in zip((low, high), quantiles, strict=True)):
            yield f"ends {quantiles}"


def wrong_change(match: re.Match[str] | None, item: Effect, scale: float = 1.0) -> Iterator[str]:
    """Compare a difference and its half-width, the first two groups of a match, with an effect."""
    if match is None:
        yield "no figure"
        return
    mean, half_width = match.groups()[:2]
    tolerance = 0.051 * item.half_width if half_width else 0.0051 * abs(item.mean)
    if not abs(value(mean, scale) - item.mean) <= max(tolerance, 5.1e-7 * scale):
        yield f"mean {item.mean}"
    if half_width is not None and not is_rounded(half_width, item.half_width, scale):
        yield f"half-width {item.half_width}"


def scale_of(match: re.Match[str] | None) -> float:
    """The scale of an amount of money, the last group of a match."""
    return 1.0 if match is None else SCALES[match.groups()[-1]]


def is_clear(answer: Answer, item: Effect) -> bool:
    """True if an effect is above zero at 97.5 % (one-sided) divided by the number of changes tested."""
    if item.half_width == 0.0:
        return item.mean > 0.0
    futures = answer.marginal.futures
    error = item.half_width / float(t.ppf(0.975, futures - 1)) if futures > 1 else np.nan
    tested = len(answer.marginal.effects) + len(answer.marginal.doubled)
    return bool(tested * t.sf(item.mean / error, futures - 1) < 0.025)


def improvement(answer: Answer, item: Marginal) -> Effect:
    """Leakers prevented by a change, or units made if there are no raids."""
    return item.prevented if answer.has_raids else item.units


def sign_of(item: Effect) -> int:
    """Sign of an effect whose interval excludes zero; of one future, which has no interval, the sign of the effect."""
    return int(item.low > 0.0) - int(item.high < 0.0) if isfinite(item.half_width) else int(np.sign(item.mean))


def wrong_about_one_future(answer: Answer) -> Iterator[str]:
    """Say if a sentence that there is no interval is wrong."""
    if answer.marginal.futures != 1 or len(answer.net.values) != 1:
        yield "there are more futures"


def wrong_about_changes(answer: Answer) -> Iterator[str]:
    """Say if a sentence that only the changes were simulated over one future is wrong."""
    if answer.marginal.futures != 1 or len(answer.net.values) == 1:
        yield f"{answer.marginal.futures} of {len(answer.net.values)} futures"


def smallest_improvement(answer: Answer) -> float:
    """1 % of the mean leakers or, without raids, units of the futures over which changes were simulated."""
    run, futures = answer.results.run, answer.marginal.futures
    tally = run.data["leaked"] if answer.has_raids else run.data["good"]
    values = tally.values[:futures]
    if answer.has_raids:
        values = values[..., run.compiled.template.threats["decoy"] != 1]
    return 0.01 * float(values.reshape(futures, -1).sum(axis=1).mean())


def tested_changes(answer: Answer) -> tuple[Marginal, ...]:
    """All changes tested."""
    return (*answer.marginal.effects, *answer.marginal.doubled)


def wrong_output(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on what is made and by when."""
    units = answer.results.measures["made"].values
    if text == "The programme makes no interceptors.":
        if units.any():
            yield f"it makes {units.mean()}"
        return
    if not units.any():
        yield "it makes none"
    yield from wrong_range(
        re.match(rf"The programme makes {FIGURE} interceptors{RANGE} in \d+ months?( |\.)", text), units
    )
    targets = answer.scenario.output_targets
    if not targets:
        return
    missed = float(answer.results.measures[f"never/{max(targets)}"].values.mean())
    if ("does not reach" in text) != (missed == 1.0):
        yield f"missed in {missed}"
    if match := re.search(rf"in only {PERCENT} of futures", text):
        yield from wrong_share(match[1], 1.0 - missed)
        if missed < 0.5:
            yield "most futures reach it"
    elif missed < 1.0:
        yield from wrong_months(answer, text, missed)


def wrong_months(answer: Answer, text: str, missed: float) -> Iterator[str]:
    """The months in which the target is reached."""
    match = re.search(r"a month by (\w+ \d{4})(?: \((\w+)( \d{4})? to (\w+)( \d{4})?\))?", text)
    if match is None or missed >= 0.5:
        yield f"no month, missed in {missed}"
        return
    middle, low, low_year, high, high_year = match.groups()
    months = answer.results.run.compiled.names.months
    order = [*months, "never"]
    year = middle[-5:]
    names = (middle, *((f"{low}{low_year or year}", f"{high}{high_year or year}") if low else (middle, middle)))
    keys = ["never" if name.startswith("never") else month_key(name) for name in names]
    if not all(key in order for key in keys):
        yield f"months {keys} outside {months[0]} to {months[-1]}"
    elif not order.index(keys[1]) <= order.index(keys[0]) <= order.index(keys[2]):
        yield f"months {keys} not in order"


def month_key(name: str) -> str:
    """A month such as ``2026-02`` from its name, such as "February 2026"."""
    month, year = name.split()
    return f"{year}-{list(month_name).index(month):02}"


def wrong_share(figure: str, share: float) -> Iterator[str]:
    """A percentage of futures."""
    if figure.startswith("less"):
        if not 0.0 < share < 0.01:
            yield f"share {share}"
    elif figure.startswith("more"):
        if not 0.99 < share < 1.0:
            yield f"share {share}"
    elif abs(float(figure) - 100.0 * share) > 0.51 or (figure in ("0", "100") and share not in (0.0, 1.0)):
        yield f"share {share}"


def wrong_leakers(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on threats that are stopped and that reach their targets."""
    prevented, sign = answer.prevented.values, sign_of(answer.prevented.mean)
    measures = answer.results.measures
    leakers = measures.get("leakers/excluding-decoys", measures.get("leakers"))
    assert leakers is not None
    if text.startswith("It stops no more"):
        remaining = re.search(rf"; {FIGURE}{RANGE} reach", text)
        if prevented.any():
            yield f"{prevented.mean()} are prevented"
    elif match := re.match(rf"It stops {FIGURE} more threats{RANGE}; ", text):
        yield from wrong_range(match, prevented)
        remaining = re.search(rf"; {FIGURE}{RANGE} still reach", text)
        if sign <= 0:
            yield "not distinguishable from zero"
    elif match := re.match(rf"With it, {CHANGE} more threats reach", text):
        yield from wrong_change(match, Effect(-answer.prevented.mean.mean, answer.prevented.mean.half_width))
        remaining = re.search(rf": {FIGURE}{RANGE} in all", text)
        if sign >= 0:
            yield "not distinguishable from zero"
    else:
        remaining = re.match(
            rf"It does not clearly change how many threats reach their targets: {FIGURE}{RANGE}\.", text
        )
        if sign != 0:
            yield "distinguishable from zero"
    yield from wrong_range(remaining, leakers.values)


def wrong_worth(answer: Answer, text: str) -> Iterator[str]:
    """The sentences on cost, damage avoided, and whether the programme pays."""
    cost, avoided, net = answer.cost.values, answer.avoided, answer.net
    match = re.match(rf"It costs {FIGURE}{MONEY}", text)
    if text.startswith("It costs nothing"):
        if cost.any():
            yield f"cost {cost.mean()}"
    else:
        match = re.match(rf"It costs {FIGURE}(?: (?:bn |M |k |)GBP){RANGE}", text)
        yield from wrong_range(match, cost, scale_of(re.match(rf"It costs {FIGURE}{MONEY}", text)))
    if not answer.has_raids:
        if "damage" in text:
            yield "damage without raids"
        return
    if "avoids no damage" in text:
        if avoided.values.any():
            yield f"damage avoided {avoided.values.mean()}"
        if not answer.saved.values.any():
            return
    elif "avoids damage of" in text:
        scale = scale_of(re.search(rf"avoids damage of {FIGURE}{MONEY}", text))
        match = re.search(rf"avoids damage of {FIGURE}(?: (?:bn |M |k |)GBP){RANGE}", text)
        yield from wrong_range(match, avoided.values, scale)
    elif avoided.values.mean() > 0.0:
        yield "damage is avoided"
    yield from wrong_savings(answer, text)
    if match := re.search(
        rf"\. In this one future the net benefit is {CHANGE}{MONEY}; whether it pays on average is unknown, because "
        r"one future gives no confidence interval\.$", text,
    ):  # fmt: skip
        yield from wrong_about_one_future(answer)
        yield from wrong_change(match, net.mean, scale_of(match))
        return
    match = re.search(
        rf"(?:pays|and|but only) in (?:{PERCENT} of futures|(no|every) future); the mean net benefit", text
    )
    positive = float((net.values > 0.0).mean())
    if match is None or (match[2] is not None and positive != {"no": 0.0, "every": 1.0}[match[2]]):
        yield f"positive in {positive}"
    elif match[1]:
        yield from wrong_share(match[1], positive)
    match = re.search(rf"; the mean net benefit is {CHANGE}{MONEY}\.$", text)
    yield from wrong_change(match, net.mean, scale_of(match))
    claims = {"It pays on average": 1, "It does not pay on average": -1, "Whether it pays on average is unclear": 0}
    stated = [sign for claim, sign in claims.items() if claim in text]
    if stated != [int(net.mean.low > 0.0) - int(net.mean.high < 0.0)]:
        yield f"net benefit {net.mean}"
    if ("but only in" in text) != (stated == [1] and positive < 0.5):
        yield f"positive in {positive}"


def wrong_savings(answer: Answer, text: str) -> Iterator[str]:
    """The clause on the spend on other layers that the programme saves."""
    saved = answer.saved
    if match := re.search(rf"saves {FIGURE}(?: (?:bn |M |k |)GBP){RANGE}", text):
        yield from wrong_range(match, saved.values, scale_of(re.search(rf"saves {FIGURE}{MONEY}", text)))
        if sign_of(saved.mean) <= 0:
            yield "saving not distinguishable from zero"
    elif match := re.search(rf"adds {CHANGE}(?: (?:bn |M |k |)GBP) to the spend", text):
        more = Effect(-saved.mean.mean, saved.mean.half_width)
        yield from wrong_change(match, more, scale_of(re.search(rf"adds {CHANGE}{MONEY} to the spend", text)))
    elif sign_of(saved.mean) > 0:
        yield "spend on other layers is saved"


def wrong_conclusion(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on what limits the defence or the output."""
    changes = tested_changes(answer)
    if match := re.fullmatch(r"What limits the (?:defence|output) is unknown, because (.*)\.", text):
        reasons = {
            "one future gives no confidence interval": wrong_about_one_future,
            "the changes were simulated over one future only": wrong_about_changes,
        }
        yield from reasons[match[1]](answer)
        return
    if match := re.match(r"Nothing tested limits the \w+: none of the (\d+) changes tested clearly improves it", text):
        if int(match[1]) != len(changes):
            yield f"{len(changes)} were tested"
        clear = [item for item in changes if is_clear(answer, improvement(answer, item))]
        if "by at least 1 % of the" not in text:
            yield from (f"{item.title} does" for item in clear)
        elif not clear:
            yield "none does by less either"
        large = (item for item in clear if improvement(answer, item).mean >= smallest_improvement(answer))
        yield from (f"{item.title} does by 1 %" for item in large)
        return
    match = re.match(r"The (?:defence|output) is limited( most)? by (.*?)(?: \(.*\))?(, not by interceptors)?\.", text)
    if match is None:
        yield "not understood"
        return
    best = answer.limits[0]
    if match[2] != best.noun:
        yield f"{best.noun} limits"
    if not is_clear(answer, improvement(answer, best)):
        yield "not distinguishable from zero"
    if improvement(answer, best).mean < smallest_improvement(answer):
        yield "less than 1 %"
    if match[1]:
        more = [
            item for item in answer.marginal.effects if improvement(answer, item).mean > improvement(answer, best).mean
        ]
        if best in answer.marginal.effects and more:
            yield f"{more[0].title} may improve it more"
    if match[3]:
        twice = [item for item in answer.marginal.doubled if item.key == "units"]
        if not twice or improvement(answer, twice[0]).low > 0.0:
            yield "interceptors limit it too"


def wrong_limits(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on the effect of what limits."""
    best = answer.limits[0]
    match = re.search(rf"(?:would|and) (?:stop|add) {CHANGE} more", text)
    yield from wrong_change(match, improvement(answer, best))
    if match is not None and value(match[1]) - value(match[2] or "0") <= 0.0:
        yield "not distinguishable from zero"
    if match := re.search(rf"would (cost|save) {CHANGE}{MONEY} and", text):
        yield from wrong_cost(match, best)
    if match := re.search(rf"; (.*) would (?:stop|add) {CHANGE}\.$", text):
        matching = [item for item in tested_changes(answer) if item.title == match[1]]
        if [item.key for item in matching] != ["units"]:
            yield f"{match[1]} is not a change of interceptors"
        else:
            yield from wrong_change(re.search(rf"{CHANGE}\.$", text), improvement(answer, matching[0]))


def wrong_cost(match: re.Match[str], item: Marginal) -> Iterator[str]:
    """A cost or a saving: the verb, the amount and its scale are the groups of the match."""
    if match[1] == "save" and item.cost.high >= 0.0:
        yield "saving not distinguishable from zero"
    sign = -1.0 if match[1] == "save" else 1.0
    amount = re.fullmatch(rf"\w+ \w+ {CHANGE}{MONEY}[\. ]?", match[0].split(" and")[0])
    yield from wrong_change(amount, Effect(sign * item.cost.mean, item.cost.half_width), scale_of(amount))


def wrong_confidence(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on the expected net benefit given the assumptions."""
    spread = answer.spreads["net"]
    is_fixed = all(assumption.is_fixed for assumption in answer.scenario.assumptions)
    if text == "Confidence is unknown: one future gives no confidence interval.":
        yield from wrong_about_one_future(answer)
        return
    if text == "Confidence is unknown: no assumption has a range.":
        if not is_fixed:
            yield "assumptions have ranges"
        return
    if not answer.has_raids:
        match = re.fullmatch(
            r"Confidence is (low|medium): (\d+) of (\d+) assumptions are guesses that no observation informs\.", text
        )
        if match is None or (match[1] == "low") != (int(match[2]) > 0.5 * int(match[3])):
            yield "not understood"
        return
    match = re.match(
        rf"Confidence is (low|medium|high): the expected net benefit is {FIGURE}(?: to {FIGURE})?{MONEY}", text
    )
    if match is None or is_fixed:
        yield "not understood"
        return
    level, low, high, _ = match.groups()
    high = high or low
    scale = scale_of(match)
    if not (is_rounded(low, spread.low, scale) and is_rounded(high, spread.high, scale)):
        yield f"{spread.low} to {spread.high}"
    if value(low) > value(high):
        yield "the ends are reversed"
    if level != "low" and (spread.low <= 0.0 <= spread.high or answer.net.mean.sign == 0):
        yield "the sign is not known"


def wrong_turning(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on the values of an assumption at which the programme pays and does not pay."""
    turn = answer.turning[0]
    match = re.fullmatch(
        r"The programme (pays|may pay) if this value is (.*), and (does not|may not) if it is (.*)\.", text
    )
    if match is None:
        yield "not understood"
        return
    pays, fails = sorted((turn.low, turn.high), key=lambda item: -item.mean)
    if not fails.mean < 0.0 < pays.mean:
        yield "both ends have the same sign"
    if (match[1] == "pays") != (pays.low > 0.0) or (match[3] == "does not") != (fails.high < 0.0):
        yield f"{pays}, {fails}"
    figures = [value(re.match(FIGURE, end)[0]) for end in (match[2], match[4])]  # type: ignore[index]
    if (figures[0] < figures[1]) != (pays is turn.low):
        yield f"the ends are {turn.ends}"


def wrong_next_step(answer: Answer, text: str) -> Iterator[str]:
    """The sentence on what to do next."""
    changes = tested_changes(answer)
    if text == "Next: simulate more futures.":
        yield from wrong_about_one_future(answer)
        return
    if text == "Next: simulate the changes over more futures.":
        yield from wrong_about_changes(answer)
        return
    if not answer.has_raids and answer.limits:
        yield from wrong_limits(answer, text)
        return
    if match := re.match(r"Next: (.*); none of the (\d+) changes tested clearly pays", text):
        advice = {"keep the decisions": 1, "simulate more futures": 0, "reconsider the programme": -1}
        if match[1] in advice and advice[match[1]] != answer.net.mean.sign:
            yield f"net benefit {answer.net.mean}"
        if int(match[2]) != len(changes):
            yield f"{len(changes)} were tested"
        yield from (f"{item.title} does" for item in changes if is_clear(answer, item.net))
        return
    if text == "Next: keep the decisions, or test other ones.":
        smallest = smallest_improvement(answer)
        improvements = [improvement(answer, item) for item in changes]
        if answer.has_raids or any(is_clear(answer, item) and item.mean >= smallest for item in improvements):
            yield "a change improves the result"
        return
    match = re.match(r"Next: consider (.*?), which would (?:cost|save) ", text)
    matching = [item for item in changes if match is not None and item.title == match[1]]
    if len(matching) != 1:
        yield f"{len(matching)} changes are so named"
        return
    item = matching[0]
    if not is_clear(answer, item.net):
        yield "not distinguishable from zero"
    if cost := re.search(rf"would (cost|save) {CHANGE}{MONEY} and avoid", text):
        yield from wrong_cost(cost, item)
    elif " would cost nothing and avoid" not in text or item.cost.mean != 0.0:
        yield "no cost"
    avoided = re.search(rf"avoid damage of {CHANGE}{MONEY}\.", text)
    yield from wrong_change(avoided, item.avoided, scale_of(avoided))
