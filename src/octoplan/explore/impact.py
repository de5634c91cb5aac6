"""Impact of each assumption on the results and on the decision, and the table of quality against impact.

The impact is red if the assumption can change the decision: its switching value clearly lies between its P10 and its
P90, or knowing it is worth something. It is amber if its effect on a key result is distinguishable from zero and at
least a tenth of the largest effect on this result, and otherwise green. An assumption without a range, or whose effect
cannot be estimated from the futures of the run, is not rated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from octoplan.explore.results import Estimate, Impact, Information, SwitchingValue, TornadoBar
from octoplan.outcomes.format import digits, percent, scaled
from octoplan.outcomes.sensitivity import MIN_Z, Sensitivity
from octoplan.scenario.assumptions import QUALITIES, Assumption
from octoplan.scenario.descriptions import unit_text

RED, AMBER, GREEN, NOT_RATED = "red", "amber", "green", "not rated"
RATINGS = (RED, AMBER, GREEN, NOT_RATED)
"""Ratings of impact, the largest first."""
SMALLEST_SHARE = 0.1
"""Smallest effect of an assumption rated amber, as a share of the largest effect on the same result."""
HALF_WIDTH_ERRORS = 2.0
"""Standard errors in half a confidence interval."""


@dataclass(frozen=True)
class ResultEffects:
    """Effects of assumptions on one result.

    Attributes:
        title: Title of the result.
        unit: Its unit.
        by_name: Difference of the mean result between a high and a low value of each assumption, by name.

    """

    title: str
    unit: str
    by_name: Mapping[str, Estimate]

    @property
    def distinguishable(self) -> dict[str, Estimate]:
        """The effects that are distinguishable from zero, by ``outcomes.sensitivity.MIN_Z`` standard errors."""
        return {
            name: effect
            for name, effect in self.by_name.items()
            if abs(effect.value) * HALF_WIDTH_ERRORS > MIN_Z * (effect.high - effect.low) / 2.0
        }


def result_effects(
    title: str, unit: str, sensitivities: Iterable[Sensitivity], bars: Iterable[TornadoBar] = ()
) -> ResultEffects:
    """Effects on one result: of the bars of its tornado, and for other assumptions from the futures of the run."""
    effects = {
        item.assumption.name: Estimate(
            item.difference, item.difference - HALF_WIDTH_ERRORS * item.error,
            item.difference + HALF_WIDTH_ERRORS * item.error,
        )
        for item in sensitivities
    }  # fmt: skip
    return ResultEffects(title, unit, {**effects, **{bar.name: bar.difference for bar in bars}})


def impacts(
    assumptions: Sequence[Assumption], effects: Sequence[ResultEffects], switching: Iterable[SwitchingValue] = (),
    information: Iterable[Information] = (), titles: Mapping[str, str] = MappingProxyType({}), money: str = "",
) -> tuple[Impact, ...]:  # fmt: skip
    """Impact of each assumption, with the reason.

    Args:
        assumptions: The assumptions of the scenario.
        effects: Effects on each key result.
        switching: Switching values of the choice between decisions.
        information: Values of perfect information on single assumptions; those of groups and trials are not used.
        titles: Decisions in words, by name.
        money: Unit of the values of information.

    Returns:
        Impacts in the order of the assumptions.

    """
    switching_of = {value.name: value for value in switching if value.is_clear}
    worth = {item.name: item for item in information if item.value.low > 0.0 and not item.size}
    shares, estimated = largest_shares(effects), {name for result in effects for name in result.by_name}
    ratings = []
    for assumption in assumptions:
        name = assumption.name
        if assumption.is_fixed:
            ratings.append(Impact(name, NOT_RATED, "it has no range, so that its effect cannot be computed"))
            continue
        red = red_reasons(assumption, switching_of.get(name), worth.get(name), titles, money)
        if red or name in estimated:
            ratings.append(impact(name, red, shares.get(name)))
        else:
            ratings.append(Impact(name, NOT_RATED, "the run has too few futures to estimate its effect"))
    return tuple(ratings)


def largest_shares(effects: Sequence[ResultEffects]) -> dict[str, tuple[float, ResultEffects]]:
    """By assumption: its effect as a share of the largest on the same result, where it is highest, and that result."""
    shares: dict[str, tuple[float, ResultEffects]] = {}
    for result in effects:
        distinguishable = result.distinguishable
        largest = max((abs(effect.value) for effect in distinguishable.values()), default=0.0)
        for name, effect in distinguishable.items():
            share = abs(effect.value) / largest
            if name not in shares or share > shares[name][0]:
                shares[name] = share, result
    return shares


def red_reasons(
    assumption: Assumption, switching: SwitchingValue | None, information: Information | None,
    titles: Mapping[str, str], money: str,
) -> list[str]:  # fmt: skip
    """Reasons for which the impact of an assumption is red: it switches the decision, and it is worth knowing."""
    reasons = [switching_reason(assumption, switching, titles)] if switching else []
    if information:
        reasons.append(f"knowing it is worth {amount(information.value.value, money)} for the choice of the decision")
    return reasons


def impact(name: str, red: Sequence[str], share: tuple[float, ResultEffects] | None) -> Impact:
    """Impact of one assumption from the reasons for which it is red, and its largest share of an effect."""
    if red:
        return Impact(name, RED, "; ".join(red))
    if share and share[0] >= SMALLEST_SHARE:
        return Impact(name, AMBER, effect_reason(name, *share))
    smallest = percent(SMALLEST_SHARE)
    return Impact(
        name, GREEN, f"no effect on a key result is distinguishable from zero and at least {smallest} of the largest"
    )


def switching_reason(assumption: Assumption, switching: SwitchingValue, titles: Mapping[str, str]) -> str:
    """The reason in words that a decision changes between P10 and P90 of an assumption."""
    below, above = (titles.get(name, name) for name in (switching.below, switching.above))
    (low, high), unit = switching.ends, unit_text(assumption)
    return (
        f"below {digits(switching.value.value)}{f' {unit}' if unit else ''} “{below}” is better on average, above it "
        f"“{above}”; its P10 is {digits(low)}, its P90 {digits(high)}"
    )


def effect_reason(name: str, share: float, result: ResultEffects) -> str:
    """The reason in words that an assumption has an effect on a result."""
    effect = result.by_name[name].value
    size = "the largest effect" if share == 1.0 else f"{percent(share)} of the largest effect"
    return f"between its low and its high values, {result.title} changes by {amount(effect, result.unit)}, {size}"


def amount(value: float, unit: str) -> str:
    """A number with its unit, money in thousands, millions or billions.

    >>> amount(12_345_678.0, "GBP (2025)"), amount(-0.25, "1")
    ('12.3 M GBP (2025)', '-0.250')
    """
    size, text = scaled(unit, [value])
    return f"{digits(value / size)} {text}".strip()


def quality_by_impact(
    assumptions: Sequence[Assumption], ratings: Iterable[Impact]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Names of the assumptions by quality and impact: what is of low quality and high impact needs evidence first.

    Returns:
        By (quality, rating), the weakest quality and the largest impact first, with empty cells.

    """
    rating_of = {item.name: item.rating for item in ratings}
    cells: dict[tuple[str, str], list[str]] = {(q, r): [] for q in reversed(QUALITIES) for r in RATINGS}
    for assumption in assumptions:
        cells[assumption.quality, rating_of[assumption.name]].append(assumption.name)
    return {key: tuple(names) for key, names in cells.items()}
