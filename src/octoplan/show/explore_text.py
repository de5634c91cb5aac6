"""Texts of an exploration: estimates with intervals, and the conclusion in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import floor, isfinite, isinf, isnan, log10
from typing import NamedTuple

from octoplan.explore.findings import Exploration, Findings
from octoplan.explore.results import CHANCE, Estimate, Information, Ranking, Robustness, Share, SwitchingValue
from octoplan.outcomes.format import digits, scaled
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import subject, unit_text
from octoplan.show.discovery import share_missed, short_box_sentence
from octoplan.show.rounding import number, percent, to_decimals
from octoplan.show.theme import capitalised, join_names

NET_BENEFIT = "net-benefit"
"""Key of the result on which the conclusion begins, if it is explored."""
NOT_CONVERGED = "not converged"
"""Part of the note of a ranking that has not converged."""
NAMED_FACTORS = 3
"""Largest number of factors, switching values or assumptions that a sentence names."""
FINER = 5.0
"""Leading digit of the half-width of an interval below which one more decimal is printed."""
SMALL_SHARE = 0.05
"""Share of variance below which the conclusion does not name a factor."""


class Topic(NamedTuple):
    """A sentence of the conclusion, with what it is about."""

    topic: str
    text: str


def row_of(scenario: Scenario, name: str) -> Assumption | None:
    """The assumption with a name; None for a group, chance or other factors."""
    return scenario.assumptions[scenario.columns.index(name)] if name in scenario.columns else None


def factor_title(scenario: Scenario, name: str, title: str) -> str:
    """A factor in words: the subject of an assumption, otherwise its title."""
    row = row_of(scenario, name)
    return title if row is None else subject(scenario, row)


def interval_text(item: Estimate, size: float = 1.0, unit: str = "") -> str:
    """An estimate with its interval in brackets, as precise as the interval.

    >>> interval_text(Estimate(41.2e6, 33.0e6, 49.0e6), 1e6, "M GBP"), interval_text(Estimate(1.0, 0.98, 1.02))
    ('41 M GBP (33 to 49)', '1.00 (0.98 to 1.02)')
    >>> interval_text(Estimate(36.0, 12.0, 88.0)), interval_text(Estimate(-0.2, -4.3, 3.9))
    ('36 (12 to 88)', '-0.2 (-4.3 to 3.9)')
    >>> interval_text(Estimate(2.0, 2.0, 2.0)), interval_text(Estimate(float("nan"), 0.0, 0.0))
    ('2', 'not estimated')
    """
    if isnan(item.value):
        return "not estimated"
    low, value, high = item.low / size, item.value / size, item.high / size
    half = 0.5 * (high - low)
    if isinf(half):
        return f"{with_unit(digits(value), unit)} ({digits(low)} to {digits(high)})"
    if not isfinite(half) or half <= max(1e-9 * abs(value), 1e-6):
        return with_unit(number(value), unit)
    order = floor(log10(half))
    decimals = -order if half >= FINER * 10.0**order else 1 - order
    decimals = min(decimals, 2 - floor(log10(max(abs(low), abs(high)))))
    texts = (to_decimals(end, decimals) for end in (value, low, high))
    middle, lower, upper = texts
    return f"{with_unit(middle, unit)} ({lower} to {upper})"


def with_unit(text: str, unit: str) -> str:
    """A number with its unit, if it has one."""
    return f"{text} {unit}" if unit else text


def share_text(item: Estimate) -> str:
    """A share with its interval, in per cent; estimates below 0 are 0.

    >>> share_text(Estimate(0.381, 0.352, 0.41)), share_text(Estimate(0.01, -0.01, 0.03))
    ('38 % (35 to 41)', '1 % (0 to 3)')
    """
    if isnan(item.value):
        return "not estimated"
    value, low, high = (100.0 * min(max(end, 0.0), 1.0) for end in (item.value, item.low, item.high))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"


def money_scale(findings: Findings, items: Iterable[Estimate]) -> tuple[float, str]:
    """Divisor and unit for amounts of money of several estimates."""
    ends = [end for item in items for end in (item.low, item.value, item.high)]
    return scaled(findings.money, [abs(end) for end in ends if isfinite(end)])


def money_text(findings: Findings, item: Estimate) -> str:
    """An amount of money with its interval."""
    return interval_text(item, *money_scale(findings, [item]))


def value_text(scenario: Scenario, name: str, value: float) -> str:
    """A value of an assumption with its unit."""
    row = row_of(scenario, name)
    return with_unit(digits(value), "" if row is None else unit_text(row))


def main_ranking(findings: Findings) -> Ranking | None:
    """The ranking with which the conclusion begins: that of the net benefit, otherwise the first."""
    chosen = [ranking for ranking in findings.rankings if ranking.measure == NET_BENEFIT]
    return next(iter(chosen or findings.rankings), None)


def shares_of(ranking: Ranking) -> Sequence[Share]:
    """All factors of a result, with first-order indices from the run and total indices from the designed sample.

    The run has more futures than the designed sample, which has the first-order indices of groups.
    """
    from_run = {share.name: share for share in ranking.from_run}
    both = [
        replace(share, first=from_run[share.name].first) if share.name in from_run else share
        for share in ranking.designed
    ]
    designed = {share.name for share in ranking.designed}
    return (*both, *(share for share in ranking.from_run if share.name not in designed))


def first_of(share: Share) -> float:
    """First-order index of a factor, by which factors are ordered; 0 if it was not estimated."""
    return share.first.value if share.first is not None and isfinite(share.first.value) else 0.0


def is_large(share: Share) -> bool:
    """True if the first-order index of a factor is at least ``SMALL_SHARE`` and its interval excludes zero."""
    return first_of(share) >= SMALL_SHARE and share.first is not None and share.first.sign > 0


def short_title(title: str) -> str:
    """The title of a measure without its explanation.

    >>> short_title("net benefit: damage avoided, less cost")
    'net benefit'
    """
    return title.partition(":")[0]


def conclusion(exploration: Exploration) -> list[Topic]:
    """The conclusion: main drivers, what would change the decision, what is worth finding out, where it fails,
    what to buy, and whether the estimates have converged.
    """
    texts = (
        Topic("Main drivers of the result", " ".join(driver_sentences(exploration))),
        Topic("What would change the decision", " ".join(decision_sentences(exploration))),
        Topic("What is worth finding out", " ".join(information_sentences(exploration))),
        Topic("Where it fails", " ".join(failure_sentences(exploration))),
        Topic("Which decision is robust", " ".join(robustness_sentences(exploration.findings))),
        Topic("What to buy next", " ".join(purchase_sentences(exploration.findings))),
        Topic("Is the sample large enough", " ".join(precision_sentences(exploration.findings))),
    )
    return [topic for topic in texts if topic.text]


def driver_sentences(exploration: Exploration) -> Iterator[str]:
    """Sentences on the factors with the largest shares of the variance of the main result, and on chance.

    Correlated assumptions are named as the factor of the designed sample to which they belong, and then the largest
    of them.
    """
    ranking = main_ranking(exploration.findings)
    if ranking is None:
        return
    shares = shares_of(ranking)
    title = short_title(ranking.title)
    in_design = {share.name for share in ranking.designed}
    large = sorted((s for s in shares if s.name != CHANCE and is_large(s)), key=first_of, reverse=True)
    members = [share for share in large if share.is_correlated and share.name not in in_design]
    factors = [share for share in large if share not in members]
    if factors:
        yield f"Of the variance of the {title}, these would be removed by knowing: {shares_text(exploration, factors)}."
    else:
        yield f"No single factor clearly explains more than {percent(SMALL_SHARE)} of the variance of the {title}."
    if members:
        yield f"Of the correlated assumptions, knowing one alone removes most: {shares_text(exploration, members)}."
    chance = next((share for share in shares if share.name == CHANCE), None)
    if chance is not None and chance.total is not None:
        yield (f"Chance, which no study removes (raids, weather, outages), makes up {share_text(chance.total)}.")


def shares_text(exploration: Exploration, shares: Sequence[Share]) -> str:
    """The first factors in words, with their first-order indices."""
    return "; ".join(
        f"{factor_title(exploration.scenario, share.name, share.title)}, {share_text(share.first)}"
        for share in shares[:NAMED_FACTORS]
        if share.first is not None
    )


def decision_sentences(exploration: Exploration) -> Iterator[str]:
    """Sentences on the preferred decision and the assumptions at which another one is preferred."""
    findings = exploration.findings
    ordered = best_first(findings.robustness)
    if len(ordered) < 2:
        return
    preferred, second = ordered[:2]
    yield (
        f"On average {preferred.title} is the best of {len(ordered)} decisions, with a net benefit of "
        f"{money_text(findings, preferred.mean)} compared with no programme; next is {second.title}, "
        f"{money_text(findings, second.mean)}."
    )
    switching = [item for item in findings.switching if isfinite(item.value.value)]
    clear = sorted((item for item in switching if item.is_clear), key=lambda item: -share_beyond(item, preferred.name))
    for item in clear[:NAMED_FACTORS]:
        yield switching_sentence(exploration, item, preferred.name)
    if is_examined(findings) and not clear:
        yield "No single assumption between its P1 and P99 clearly changes that."


def share_beyond(item: SwitchingValue, preferred: str) -> float:
    """Share of futures in which the assumption lies where another decision is preferred."""
    return 1.0 - item.quantile if item.below == preferred else item.quantile


def is_examined(findings: Findings) -> bool:
    """True if switching values were looked for: there are uncertain assumptions."""
    return bool(findings.rankings)


def switching_sentence(exploration: Exploration, item: SwitchingValue, preferred: str) -> str:
    """A sentence on the value of one assumption at which another decision is preferred."""
    row = row_of(exploration.scenario, item.name)
    unit = "" if row is None else unit_text(row)
    side, other = ("above", item.above) if item.below == preferred else ("below", item.below)
    title = capitalised(factor_title(exploration.scenario, item.name, item.name))
    return (
        f"{title} {side} {interval_text(item.value, 1.0, unit)}, as in {percent(share_beyond(item, preferred))} of "
        f"futures: {exploration.findings.decision_title(other)}."
    )


def information_sentences(exploration: Exploration) -> Iterator[str]:
    """Sentences on the values of information and of trials."""
    findings, information = exploration.findings, exploration.findings.information
    if information is None:
        return
    worth = [item for item in information.partial if item.value.sign > 0]
    if not worth:
        yield (
            "No single assumption is worth finding out for the choice between these decisions: the value of knowing "
            "each is not distinguishable from zero."
        )
    for item in worth[:NAMED_FACTORS]:
        title = factor_title(exploration.scenario, item.name, item.title)
        yield f"Knowing {title} before deciding is worth {money_text(findings, item.value)}."
    yield f"Knowing all assumptions is worth {money_text(findings, information.perfect)}."
    for best in best_sizes(information.trials):
        yield trial_sentence(findings, best)


def best_sizes(trials: Sequence[Information]) -> list[Information]:
    """For each trial, the size with the largest value less cost."""
    names = dict.fromkeys(trial.name for trial in trials)
    return [max((t for t in trials if t.name == name), key=lambda t: t.value.value - t.cost) for name in names]


def trial_sentence(findings: Findings, best: Information) -> str:
    """A sentence on the best size of a trial."""
    if best.value.value <= best.cost or best.value.sign <= 0:
        return f"{capitalised(best.title)}: no size examined is clearly worth its cost."
    size, unit = scaled(findings.money, [best.cost])
    cost = f"a cost of {with_unit(number(best.cost / size), unit)}" if best.cost else "no further cost"
    worth = money_text(findings, best.value)
    return f"{capitalised(best.title)}: the best size is {best.size:,}, worth {worth}, at {cost}."


def failure_sentences(exploration: Exploration) -> Iterator[str]:
    """For each requirement, a sentence on where it is missed, or that nothing was found."""
    for discovery in exploration.findings.discoveries:
        if discovery.chosen:
            yield short_box_sentence(exploration.scenario, discovery)
        else:
            share = share_missed(discovery)
            yield f"{capitalised(discovery.missed_text)} in {share} of futures, with no clear pattern."


def robustness_sentences(findings: Findings) -> Iterator[str]:
    """Sentences on the decisions with the smallest mean regret, and on the best one in the worst tenth of futures."""
    if len(findings.robustness) < 2:
        return
    least, second = sorted(findings.robustness, key=lambda item: item.regret_mean.value)[:2]
    clearly = "" if least.regret_mean.high < second.regret_mean.low else ", a difference that is not clear"
    yield (
        f"On average {least.title} falls {money_text(findings, least.regret_mean)} short of the best decision of each "
        f"future (its regret), {second.title} {money_text(findings, second.regret_mean)}{clearly}."
    )
    most = max(findings.robustness, key=lambda item: item.best.value)
    if most is not least:
        yield f"The decision that is the best in most futures is {most.title}: {share_text(most.best)} of them."
    with_loss = [item for item in findings.robustness if item.tail.value != 0.0]
    safest = max(with_loss, key=lambda item: item.tail.value, default=least)
    if safest is not least:
        yield (
            f"In its worst tenth of futures {safest.title} has {money_text(findings, safest.tail)} compared with no "
            "programme, the least loss of these decisions."
        )


def purchase_sentences(findings: Findings) -> Iterator[str]:
    """Sentences on the first purchases of the best mix."""
    if not findings.mix:
        return
    first = findings.mix[0]
    yield f"First: {first.title}, net benefit {money_text(findings, first.net)} at a cost of " + (
        f"{money_text(findings, first.cost)}" + ("." if first.is_clear else "; others are not clearly worse.")
    )
    if len(findings.mix) > 1:
        yield f"Then: {'; '.join(item.title for item in findings.mix[1:NAMED_FACTORS])}."


def precision_sentences(findings: Findings) -> Iterator[str]:
    """Sentences on the precision of means, and on rankings that have not converged."""
    short = [item for item in findings.sample_sizes if item.needed > item.futures]
    if findings.sample_sizes:
        if short:
            most = max(short, key=lambda item: item.needed)
            yield (
                f"{len(short)} of {len(findings.sample_sizes)} key results need more than {most.futures:,} futures for "
                f"the standard error wanted; the most needs {most.title.lower()}, {most.needed:,}."
            )
        else:
            yield f"{findings.futures:,} futures are enough for the means of all key results."
    ranking = main_ranking(findings)
    if ranking is not None:
        is_rough = NOT_CONVERGED in ranking.note
        state = "has not converged: more futures give narrower intervals" if is_rough else "has converged"
        yield f"The ranking of the {short_title(ranking.title)} {state}."


def best_first(items: Sequence[Robustness]) -> list[Robustness]:
    """Decisions by mean net benefit, the best first."""
    return sorted(items, key=lambda item: -item.mean.value)


def factor_list(scenario: Scenario, names: Sequence[str]) -> str:
    """Assumptions in words, joined."""
    return join_names([factor_title(scenario, name, name) for name in names])
