"""What an exploration finds, as plain data: rankings, tornado, values of information, boxes, regrets and best mix.

All indices of futures are those of the base run. Failed futures, and futures in which a result is undefined, are
excluded and counted.
"""

from dataclasses import dataclass
from math import nan

CHANCE = "chance"
"""Name of the row of a ranking that is chance: raids, weather, outages and other events, with the assumptions given."""
OTHERS = "others"
"""Name of the row of a ranking that is all assumptions without a row of their own."""


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % confidence interval; all are ``nan`` if it cannot be estimated."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 if the interval excludes zero, otherwise 0."""
        return int(self.low > 0.0) - int(self.high < 0.0)


UNDEFINED = Estimate(nan, nan, nan)
"""An estimate that cannot be made."""


@dataclass(frozen=True)
class Share:
    """Shares of the variance of a result due to one factor: an assumption, a group of assumptions, or chance.

    Attributes:
        name: Name of the assumption or group, ``CHANCE`` or ``OTHERS``.
        title: The factor in words.
        first: First-order index: the expected share of the variance that knowing the factor removes.
        total: Total index: the share that remains if everything else is known; None if it was not estimated.
        shapley: Shapley effect; None if it was not estimated.
        is_correlated: True if the factor is correlated with others, so that first-order and total indices overlap.

    """

    name: str
    title: str
    first: Estimate | None
    total: Estimate | None = None
    shapley: Estimate | None = None
    is_correlated: bool = False


@dataclass(frozen=True)
class Convergence:
    """First-order and total indices of one factor by number of futures."""

    name: str
    futures: tuple[int, ...]
    first: tuple[Estimate, ...]
    total: tuple[Estimate, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """Which factors cause the variance of one result.

    Attributes:
        measure: Key of the measure.
        title: Title of the measure.
        futures: Futures from which given-data indices are estimated.
        excluded: Futures excluded because they failed or the result is undefined in them.
        from_run: Given-data first-order indices of assumptions, from the base run, the largest first.
        designed: First-order and total indices of independent factors, chance included, from a designed sample.
        convergence: Indices of the largest factors by number of futures.
        note: Sentences on convergence, and on correlated assumptions.
        designed_futures: Futures in each block of the designed sample from which its indices are estimated.

    """

    measure: str
    title: str
    futures: int
    excluded: int
    from_run: tuple[Share, ...]
    designed: tuple[Share, ...] = ()
    convergence: tuple[Convergence, ...] = ()
    note: str = ""
    designed_futures: int = 0


@dataclass(frozen=True)
class TornadoBar:
    """A bar of a tornado: the mean of a result with one assumption at its P10 and at its P90, the rest as drawn.

    Attributes:
        name: Name of the assumption.
        measure: Key of the measure.
        ends: P10 and P90 of the assumption in its unit.
        low: Mean result with the assumption at its P10.
        high: Mean result with it at its P90.
        difference: Paired difference of the two.
        unchanged: Mean result in the same futures with the assumption as drawn.
        futures: Number of futures of the means: those in which the result is defined at both ends.

    """

    name: str
    measure: str
    ends: tuple[float, float]
    low: Estimate
    high: Estimate
    difference: Estimate
    unchanged: float = nan
    futures: int = 0


@dataclass(frozen=True)
class SwitchingValue:
    """The value of an assumption at which the preferred decision changes.

    Attributes:
        name: Name of the assumption.
        value: The value, in the unit of the assumption; ``nan`` if it lies outside P1 to P99 of the draws.
        quantile: Quantile of the assumption's draws at which it lies; ``nan`` without a value.
        below: Name of the decision preferred below the value; above it, ``above``.
        above: Name of the decision preferred above the value.
        ends: P10 and P90 of the assumption's draws.
        at_ends: Mean net benefit of ``above`` less that of ``below`` with the assumption at its P10, and at its P90.

    """

    name: str
    value: Estimate
    quantile: float
    below: str
    above: str
    ends: tuple[float, float] = (nan, nan)
    at_ends: tuple[Estimate, Estimate] = (UNDEFINED, UNDEFINED)

    @property
    def is_clear(self) -> bool:
        """True if the decision clearly changes between P10 and P90: the two differences exclude zero on either side."""
        return self.at_ends[0].sign * self.at_ends[1].sign < 0


@dataclass(frozen=True)
class Impact:
    """Impact of an assumption on the results and the decision: green, amber or red, with the reason in words."""

    name: str
    rating: str
    reason: str


@dataclass(frozen=True)
class Information:
    """Expected value of information, in money, for the choice between decisions.

    Attributes:
        name: Name of an assumption or group; for a trial, its name.
        title: In words.
        value: Expected value; its interval holds 0 if the information is worth nothing.
        size: Size of the trial; 0 for perfect information.
        cost: Cost of the trial; 0 for perfect information.

    """

    name: str
    title: str
    value: Estimate
    size: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class InformationValues:
    """Values of information between decisions.

    Attributes:
        decisions: Names of the decisions; the first is the one preferred on average now.
        perfect: EVPI: all assumptions known, chance not.
        clairvoyant: All assumptions and chance known, an upper bound.
        partial: EVPPI of assumptions and groups, the largest first.
        trials: EVSI of each trial and size.

    """

    decisions: tuple[str, ...]
    perfect: Estimate
    clairvoyant: Estimate
    partial: tuple[Information, ...]
    trials: tuple[Information, ...] = ()


@dataclass(frozen=True)
class Limit:
    """A bound of a box on one assumption: low and high in its unit, ``-inf`` or ``inf`` where it does not restrict.

    Attributes:
        name: Name of the assumption.
        low: Lower bound.
        high: Upper bound.
        p_value: Quasi-p-value: probability that a restriction of the same size of random futures has this density.
        reproduced: Share of resamples in which the assumption is restricted too.

    """

    name: str
    low: float
    high: float
    p_value: float
    reproduced: float


@dataclass(frozen=True)
class Box:
    """A step of the peeling trajectory: futures within limits.

    Attributes:
        limits: The restricted assumptions.
        coverage: Share of all cases of interest that lie in the box.
        density: Share of the futures in the box that are cases of interest.
        mass: Share of all futures that lie in the box.
        held_out_coverage: Coverage in futures from which the box was not made, by cross-fitting; None if not estimated.
        held_out_density: Density in those futures.

    """

    limits: tuple[Limit, ...]
    coverage: float
    density: float
    mass: float
    held_out_coverage: Estimate | None = None
    held_out_density: Estimate | None = None


@dataclass(frozen=True)
class Leaf:
    """A leaf of a classification tree: the rule that leads to it, its futures, and the share that are cases."""

    limits: tuple[Limit, ...]
    futures: int
    density: float
    coverage: float


@dataclass(frozen=True)
class Discovery:
    """Where a requirement is missed.

    Attributes:
        requirement: The requirement in words.
        futures: Futures examined.
        cases: Futures in which it is missed.
        trajectory: Boxes from all futures to the smallest.
        chosen: Index of the box that is described; 0, the box of all futures, if nothing was found.
        leaves: Leaves of the classification tree, the densest first.
        note: A sentence if nothing was found.
        missed_text: What happens in a future that misses the requirement, in words.
        excluded: Futures excluded because they failed or the result is undefined in them.
        p_value: Probability that random futures have a density in held-out futures as high as that of the box.

    """

    requirement: str
    futures: int
    cases: int
    trajectory: tuple[Box, ...]
    chosen: int
    leaves: tuple[Leaf, ...] = ()
    note: str = ""
    missed_text: str = ""
    excluded: int = 0
    p_value: float = 1.0


@dataclass(frozen=True)
class Robustness:
    """How one decision does over all futures compared with the others, in net benefit.

    Attributes:
        name: Name of the decision.
        title: In words.
        mean: Mean net benefit.
        regret_mean: Mean regret: net benefit of the best decision of each future minus this one's.
        regret_p90: P90 of the regret.
        regret_max: Largest regret.
        satisficing: Share of futures in which the requirement is met.
        tail: Mean net benefit in the worst tenth of futures (CVaR).
        best: Share of futures in which this decision is the best.
        first: Share of bootstrap samples in which its mean is the best (rank stability).

    """

    name: str
    title: str
    mean: Estimate
    regret_mean: Estimate
    regret_p90: Estimate
    regret_max: float
    satisficing: Estimate
    tail: Estimate
    best: Estimate
    first: float


@dataclass(frozen=True)
class MovedAssumption:
    """An assumption that is moved from its median towards its unfavourable end.

    Attributes:
        name: Name of the assumption.
        median: Median of its draws, in its unit.
        end: Its unfavourable end, P10 or P90, at a horizon of 1.
        extreme: P1 or P99, at the largest horizon.
        critical: Its value at the critical horizon; ``nan`` if the requirement is met at all horizons.

    """

    name: str
    median: float
    end: float
    extreme: float
    critical: float = float("nan")


@dataclass(frozen=True)
class InfoGap:
    """How wrong the assumptions may be before a requirement is missed.

    Attributes:
        decision: Name of the decision.
        horizon: Shares of the way from the median of each assumption to its unfavourable end, P10 or P90.
        result: Mean result at each.
        critical: Largest horizon up to which the requirement is met; ``inf`` if at all of them, 0 if it is missed with
            the assumptions at their medians.
        critical_low: Lower end of the 95 % confidence interval of the critical horizon.
        critical_high: Upper end of it.
        limit: The result that is required.
        moved: The assumptions that are moved together.
        futures: Futures simulated at each horizon.
        excluded: Futures excluded because they failed or the result is undefined in them at some horizon.

    """

    decision: str
    horizon: tuple[float, ...]
    result: tuple[Estimate, ...]
    critical: float
    critical_low: float = float("nan")
    critical_high: float = float("nan")
    limit: float = float("nan")
    moved: tuple[MovedAssumption, ...] = ()
    futures: int = 0
    excluded: int = 0


@dataclass(frozen=True)
class Purchase:
    """One purchase of the best mix for a budget, on top of those before it.

    Its effects are those in futures that were not used to choose it.

    Attributes:
        key: What is bought.
        title: In words, with the amount.
        cost: Its cost: the spend that it adds.
        prevented: Leakers prevented.
        net: Net benefit: damage avoided less spend.
        per_million: Net benefit, or leakers prevented, per million of cost; undefined unless the cost is clearly above
            zero.
        is_clear: True if it is better than every other purchase of the step, in the futures in which it was chosen, at
            a level of 95 % for all comparisons together.
        runner_up: The next best purchase of the step, in words; empty if there is none.
        futures: Futures in which its effects are measured.
        excluded: Futures excluded because they failed.

    """

    key: str
    title: str
    cost: Estimate
    prevented: Estimate
    net: Estimate
    per_million: Estimate
    is_clear: bool
    runner_up: str = ""
    futures: int = 0
    excluded: int = 0


@dataclass(frozen=True)
class SampleSize:
    """Futures needed for a standard error of the mean of a measure.

    Attributes:
        measure: Key of the measure.
        title: Title of the measure.
        unit: Its unit.
        standard_error: Standard error of the mean with the futures simulated.
        futures: Number of futures simulated.
        required: Largest permitted standard error.
        needed: Number of futures for which that error is expected, in whole blocks.
        low: Lower end of the 95 % confidence interval of ``needed``.
        high: Upper end of it.

    """

    measure: str
    title: str
    unit: str
    standard_error: float
    futures: int
    required: float
    needed: int
    low: int = 0
    high: int = 0
