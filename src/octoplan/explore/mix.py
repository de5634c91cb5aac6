"""The best mix for a budget: in which order to buy what, each purchase on top of those before it.

In each step every purchase of about the same cost is simulated in the same futures. Of those with a gain that is
distinguishable from zero, the one with the largest gain per cost is bought (a greedy algorithm): where the gain of a
purchase is large in a few futures only, its mean over a small sample says little. The best of several estimates is too
good on average (the optimiser's curse, Smith and Winkler 2006, Management Science 52), so that the effects of what was
bought are measured in other futures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from octoplan.answer.marginal import MILLION, is_positive, per_million
from octoplan.answer.totals import Effect, Totals, effect
from octoplan.errors import RunError
from octoplan.explore.evaluate import Evaluations, Results, results_of
from octoplan.explore.purchases import MOST, Good, Mix, added, goods, is_offered, purchase_title, with_mix
from octoplan.explore.results import Estimate, Purchase
from octoplan.outcomes.run import Run
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.scenario.arrays import Floats, Ints

FUTURES = 24
"""Number of futures in which purchases are chosen, and of those in which their effects are measured."""
PILOT = BLOCK_FUTURES
"""Number of futures from which the cost of a small purchase is estimated."""
SMALL = 0.1
"""Small purchase, as a share of the quantity of the scenario."""
STEPS = 5
"""Number of purchases."""
LEAST_COST = 0.1
"""Cost, as a share of the step, below which a purchase counts as if it cost as much: it is cheap, or saves money."""
CORRECTION = 2.0
"""Largest factor by which an amount is corrected between steps, so that its cost approaches the step."""
GAINS = ("net", "prevented")
"""What is bought for: net benefit, or leakers prevented."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Totals of consecutive futures of the run: (futures,) arrays, the status, and the number of the first future."""

    totals: Totals
    status: Ints
    first: int


@dataclass(frozen=True, eq=False)
class Differences:
    """Paired differences, (futures,) each, that a purchase makes in the futures with these numbers.

    Attributes:
        prevented: Leakers prevented.
        cost: Spend added.
        net: Damage avoided less spend added.
        futures: Numbers of the futures.

    """

    prevented: Floats
    cost: Floats
    net: Floats
    futures: Ints

    def gain(self, criterion: str) -> Floats:
        """(futures,) what is bought for."""
        return self.net if criterion == "net" else self.prevented


@dataclass(frozen=True, eq=False)
class Offer:
    """A purchase on offer in a step: a good, its amount, and the futures simulated with it."""

    good: Good
    share: float
    sample: Sample


@dataclass(frozen=True, eq=False)
class Market:
    """What purchases are simulated with.

    Attributes:
        run: The run, which draws the futures.
        base: Its results.
        evaluations: Simulates futures.
        step: Money spent in a step.
        count: Number of futures in which purchases are chosen.
        criterion: One of ``GAINS``.

    """

    run: Run
    base: Results
    evaluations: Evaluations
    step: float
    count: int
    criterion: str

    def as_decided(self, start: int, end: int) -> Sample:
        """The futures of the run from ``start`` to ``end``, without a purchase."""
        parts = ("units", "leakers", "damage", "spend")
        totals = Totals(*(getattr(self.base.totals, name)[start:end] for name in parts))
        return Sample(totals, self.base.status[start:end], start)

    def simulate(self, title: str, mix: Mix, start: int, end: int) -> Sample:
        """The futures of the run from ``start`` to ``end`` with a mix."""
        compiled, draws = with_mix(self.run.compiled, self.run.assumptions.values, mix)
        results = self.evaluations.evaluate(
            title, self.run.scenario, draws[start:end], self.run.seed, first=start, compiled=compiled,
            counterfactual=False,
        )  # fmt: skip
        return Sample(results.totals, results.status, start)

    def title(self, good: Good, mix: Mix, share: float) -> str:
        """A purchase in words."""
        return purchase_title(self.run.compiled, self.run.assumptions.values, good, mix, share)


def best_mix(
    run: Run, evaluations: Evaluations, *, base: Results | None = None, step: float | None = None, steps: int = STEPS,
    futures: int = FUTURES, criterion: str = "net",
) -> tuple[Purchase, ...]:  # fmt: skip
    """What to buy with a budget, in order; it ends when no purchase has a gain distinguishable from zero.

    Args:
        run: The run; a quarter of what its futures take is simulated again for each purchase on offer.
        evaluations: Simulates futures.
        base: Results of the run, if they are at hand.
        step: Money spent in a step, in the reporting currency; by default ``default_step``. Amounts are scaled so that
            they cost about as much, but at most twice the quantity of the scenario is bought at a time.
        steps: Largest number of purchases.
        futures: Number of futures in which purchases are chosen, and of those in which their effects are measured; at
            most half of those of the run.
        criterion: What is bought for: ``net`` benefit, or leakers ``prevented``.

    Raises:
        RunError: If the run has fewer than four futures, or the step or the criterion is not possible.

    """
    base = results_of(run) if base is None else base
    step = default_step(base) if step is None else step
    count = min(futures, run.futures // 2)
    check(step, count, criterion)
    market = Market(run, base, evaluations, step, count, criterion)
    available = goods(run.compiled, run.assumptions.values, dict(run.scenario.titles))
    shares = pilot_shares(market, available)
    mix: Mix = {}
    now, measured = market.as_decided(0, count), market.as_decided(count, 2 * count)
    purchases: list[Purchase] = []
    while len(purchases) < steps:
        offers = [
            Offer(good, shares[good.key], market.simulate(
                market.title(good, mix, shares[good.key]), added(mix, good, shares[good.key]), 0, count
            ))
            for good in available if is_offered(good, mix)
        ]  # fmt: skip
        order = ranked(market, now, offers)
        if not order or not has_gain(market, now, offers, order[0]):
            break
        best = offers[order[0]]
        title, further = market.title(best.good, mix, best.share), added(mix, best.good, best.share)
        after = market.simulate(title, further, count, 2 * count)
        next_best = [offers[index] for index in order[1:2]]
        runner_up = next((market.title(offer.good, mix, offer.share) for offer in next_best), "")
        is_clear = is_clearly_best(market, now, offers, order[0])
        purchases.append(
            purchase(market, best.good.key, title, measured, after, is_clear=is_clear, runner_up=runner_up)
        )
        shares |= corrected(market, now, offers)
        mix, now, measured = further, best.sample, after
    return tuple(purchases)


def check(step: float, count: int, criterion: str) -> None:
    """Check the input of ``best_mix``, and raise what it raises."""
    if count < 2:
        raise RunError("the best mix needs a run of at least four futures: some to choose and others to measure")
    if not (np.isfinite(step) and step > 0.0):
        raise RunError(f"the money of a step is {step:g}; it must be above 0")
    if criterion not in GAINS:
        raise RunError(f"purchases cannot be ordered by {criterion!r}; write one of {', '.join(GAINS)}")


def default_step(base: Results) -> float:
    """A tenth of the mean spend that the programme adds, rounded down to 1, 2 or 5 times a power of ten.

    A million if the programme adds no spend, or it is not known because the counterfactual was not simulated.
    """
    if base.without is None or not len(base.finished):
        return MILLION
    cost = float((base.totals.spend - base.without.spend)[base.finished].mean())
    return rounded(cost / 10.0) or MILLION


def rounded(amount: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above an amount; 0 if the amount is not above 0.

    >>> rounded(15.2e6), rounded(7e5), rounded(-3.0)
    (10000000.0, 500000.0, 0.0)
    """
    if amount <= 0.0:
        return 0.0
    power = 10.0 ** floor(log10(amount))
    return power * max(factor for factor in (1.0, 2.0, 5.0) if factor * power <= amount)


def pilot_shares(market: Market, available: Sequence[Good]) -> dict[str, float]:
    """Amounts of each good that cost about as much as a step, as shares, from the cost of a small purchase."""
    count = min(PILOT, market.count)
    now, shares = market.as_decided(0, count), {}
    for good in available:
        if good.is_single:
            shares[good.key] = MOST
            continue
        share = max(SMALL, good.smallest)
        sample = market.simulate(market.title(good, {}, share), added({}, good, share), 0, count)
        shares[good.key] = scaled(good, share, mean_cost(now, sample), market.step)
    return shares


def scaled(good: Good, share: float, cost: float, step: float) -> float:
    """An amount that costs a step if an amount has a cost; the largest amount if it costs next to nothing."""
    return min(max(share * step / max(cost, share * step / MOST), good.smallest), MOST)


def corrected(market: Market, now: Sample, offers: Sequence[Offer]) -> dict[str, float]:
    """Amounts for the next step by key of the good, corrected towards the cost of a step."""
    shares = {}
    for offer in offers:
        share = offer.share
        if not offer.good.is_single:
            target = scaled(offer.good, share, mean_cost(now, offer.sample), market.step)
            share = min(max(target, share / CORRECTION), share * CORRECTION)
        shares[offer.good.key] = share
    return shares


def mean_cost(before: Sample, after: Sample) -> float:
    """Mean spend added; 0 if no future was completed."""
    cost = differences(before, after).cost
    return float(cost.mean()) if len(cost) else 0.0


def differences(before: Sample, after: Sample, others: Sequence[Sample] = ()) -> Differences:
    """Paired differences in the futures completed before and after a purchase, and in other samples."""
    rows = np.flatnonzero(np.logical_and.reduce([item.status == 0 for item in (before, after, *others)]))
    first, second = before.totals, after.totals
    prevented, cost = (first.leakers - second.leakers)[rows], (second.spend - first.spend)[rows]
    return Differences(prevented, cost, (first.damage - second.damage)[rows] - cost, rows + before.first)


def ranked(market: Market, now: Sample, offers: Sequence[Offer]) -> list[int]:
    """Indices of the offers: those with a clear gain first, by gain per cost; empty if no future was completed by all.

    A gain is clear if its 95 % confidence interval is above zero.
    """
    effects = all_differences(now, offers)
    if not effects or not len(effects[0].futures):
        return []
    ratios = [ratio_of(market, item)[0] for item in effects]
    return sorted(
        range(len(offers)), key=lambda index: (not has_gain(market, now, offers, index), -ratios[index], index)
    )


def has_gain(market: Market, now: Sample, offers: Sequence[Offer], index: int) -> bool:
    """True if the gain of an offer is clearly above zero."""
    item = all_differences(now, offers)[index]
    return effect(item.gain(market.criterion), item.futures).sign > 0


def all_differences(now: Sample, offers: Sequence[Offer]) -> list[Differences]:
    """Differences that each offer makes, in the futures that all offers completed."""
    samples = [offer.sample for offer in offers]
    return [differences(now, sample, samples) for sample in samples]


def ratio_of(market: Market, item: Differences) -> tuple[float, Floats]:
    """Mean gain per cost of a purchase, and (futures,) values of which it is the mean and whose variance is its own.

    The values are those of the ratio estimator (Cochran 1977, Sampling Techniques, section 2.11); if the cost is below
    ``LEAST_COST`` of a step, it is a constant.
    """
    gain, cost, least = item.gain(market.criterion), float(item.cost.mean()), LEAST_COST * market.step
    if cost <= least:
        return float(gain.mean()) / least, gain / least
    ratio = float(gain.mean()) / cost
    return ratio, ratio + (gain - ratio * item.cost) / cost


def is_clearly_best(market: Market, now: Sample, offers: Sequence[Offer], best: int) -> bool:
    """True if the gain per cost of an offer exceeds that of each other one, at a level of 95 % for all together."""
    effects = all_differences(now, offers)
    values = [ratio_of(market, item)[1] for item in effects]
    futures = effects[best].futures
    gaps = [effect(values[best] - other, futures) for index, other in enumerate(values) if index != best]
    return all(is_positive(gap, len(gaps), len(futures)) for gap in gaps)


def purchase(
    market: Market, key: str, title: str, before: Sample, after: Sample, *, is_clear: bool, runner_up: str
) -> Purchase:
    """A purchase with its effects in futures in which it was not chosen."""
    item = differences(before, after)
    if not len(item.futures):
        raise RunError(f"{title}: no future was completed with this purchase and without it")
    effects = (effect(values, item.futures) for values in (item.cost, item.prevented, item.net))
    cost, prevented, net = map(estimate, effects)
    ratio = estimate(per_million(item.gain(market.criterion), item.cost, item.futures))
    excluded = len(before.status) - len(item.futures)
    return Purchase(key, title, cost, prevented, net, ratio, is_clear, runner_up, len(item.futures), excluded)


def estimate(item: Effect) -> Estimate:
    """An effect as an estimate."""
    return Estimate(item.mean, item.low, item.high)
