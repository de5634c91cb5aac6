"""The findings of an exploration: everything that was found on a run, as one object of plain data."""

from dataclasses import dataclass, field

from octoplan.explore.results import (
    Discovery,
    Estimate,
    Impact,
    InfoGap,
    InformationValues,
    Purchase,
    Ranking,
    Robustness,
    SampleSize,
    SwitchingValue,
    TornadoBar,
)
from octoplan.scenario import Scenario


@dataclass(frozen=True)
class Result:
    """A result that is explored: key and title of its measure, unit, form, mean, and P10 and P90 over futures."""

    key: str
    title: str
    unit: str
    form: str
    mean: Estimate
    p10: float
    p90: float


@dataclass(frozen=True)
class ComparedDecision:
    """Name and title of a decision that is compared with others."""

    name: str
    title: str


@dataclass(frozen=True)
class Points:
    """Futures on which a discovery rests: draws of the assumptions that a chosen box or tree restricts, and cases.

    Attributes:
        requirement: The requirement in words.
        names: Names of the assumptions.
        draws: For each assumption its value in each future, in its unit.
        cases: True in the futures in which the requirement is missed.

    """

    requirement: str
    names: tuple[str, ...]
    draws: tuple[tuple[float, ...], ...]
    cases: tuple[bool, ...]


@dataclass(frozen=True)
class Findings:
    """What an exploration found, as plain data; a part that was not possible is empty, and ``notes`` says why.

    Attributes:
        version: Version of octoplan.
        scenario_hash: SHA-256 of the scenario.
        seed: Seed of the run and of the exploration.
        futures: Futures of the run.
        failed: Futures of the run that failed, which are excluded from everything.
        money: Unit of money, such as ``GBP (2025)``.
        results: The results explored.
        decisions: The decisions compared; the first is those of the scenario.
        rankings: A ranking of each result.
        tornado: Bars of all results.
        switching: Switching values of the preferred decision.
        impacts: Impact of every assumption.
        information: Values of information; None with fewer than two decisions.
        discoveries: Where each requirement is missed.
        points: Futures of the discoveries, for their charts.
        robustness: The decisions over all futures.
        info_gap: How wrong the assumptions may be before a requirement is missed.
        mix: The purchases of the best mix, in order.
        sample_sizes: Futures needed for each result.
        notes: Sentences on parts that were not possible, and on results to read with care.

    """

    version: str
    scenario_hash: str
    seed: int
    futures: int
    failed: int
    money: str
    results: tuple[Result, ...]
    decisions: tuple[ComparedDecision, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    tornado: tuple[TornadoBar, ...] = ()
    switching: tuple[SwitchingValue, ...] = ()
    impacts: tuple[Impact, ...] = ()
    information: InformationValues | None = None
    discoveries: tuple[Discovery, ...] = ()
    points: tuple[Points, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    info_gap: tuple[InfoGap, ...] = ()
    mix: tuple[Purchase, ...] = ()
    sample_sizes: tuple[SampleSize, ...] = ()
    notes: tuple[str, ...] = ()

    def result(self, key: str) -> Result:
        """The result with a key."""
        return next(result for result in self.results if result.key == key)

    def decision_title(self, name: str) -> str:
        """The title of a decision; its name if it is not among those compared."""
        return next((decision.title for decision in self.decisions if decision.name == name), name)


@dataclass(frozen=True, eq=False)
class Exploration:
    """What was found on a run.

    Attributes:
        scenario: The scenario.
        findings: What was found; the same on every repetition.
        seconds: Wall time of each part in seconds.

    """

    scenario: Scenario
    findings: Findings
    seconds: dict[str, float] = field(default_factory=dict)
