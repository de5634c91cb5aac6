"""Trials whose value is estimated before they are held: test sorties, and months of production at one plant.

In each future the data of the trial are simulated with the assumptions of that future, and summarised in one number;
``information.evsi`` is the value of seeing it before the choice between decisions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy.stats import binom

from octoplan.campaign.streams import uniforms
from octoplan.errors import RunError
from octoplan.explore.information import evsi
from octoplan.explore.results import Information
from octoplan.outcomes.run import Run
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.descriptions import is_share, subject
from octoplan.scenario.report import did_you_mean, quoted

SORTIES, MONTHS = "sorties", "months"
KINDS = (SORTIES, MONTHS)
"""Kinds of trials: test sorties, each a success with the probability that an assumption states; and months of
production at one plant."""

LARGEST_SIZE = 1_000_000
"""Largest size of a trial."""


@dataclass(frozen=True)
class Trial:
    """A trial of one or more sizes.

    Attributes:
        name: Short name.
        title: In words.
        kind: ``sorties`` or ``months``.
        informs: The assumption whose probability test sorties show, or the plant whose output is observed.
        sizes: Numbers of test sorties, or of months, in ascending order.
        price: Price of each sortie or month, in the reporting currency.
        fixed: Price of the trial whatever its size, in the reporting currency.

    """

    name: str
    title: str
    kind: str
    informs: str
    sizes: tuple[int, ...]
    price: float = 0.0
    fixed: float = 0.0

    def cost(self, size: int) -> float:
        """Cost of a trial of a size, in the reporting currency."""
        return self.fixed + self.price * size


def trial_values(trial: Trial, run: Run, benefits: Floats, futures: Ints, seed: int) -> tuple[Information, ...]:
    """Value and cost of a trial of each size; ``information.best_size`` chooses among them.

    Args:
        trial: The trial.
        run: The run from which assumptions and output are taken.
        benefits: (n, decisions) net benefit of each decision, in the reporting currency.
        futures: (n,) numbers of these futures in the run.
        seed: Seed of the simulated data, and of the intervals.

    Raises:
        RunError: The trial is not possible, or there are fewer than two decisions.
        ValueError: Benefits are not finite.

    """
    check_trial(trial, run.scenario)
    summaries = sortie_rates if trial.kind == SORTIES else units_made
    values = [evsi(benefits, summary, futures, seed) for summary in summaries(trial, run, futures, seed).T]
    return tuple(
        Information(trial.name, trial.title, value, size, trial.cost(size))
        for size, value in zip(trial.sizes, values, strict=True)
    )


def sortie_rates(trial: Trial, run: Run, futures: Ints, seed: int) -> Floats:
    """(n, sizes) share of successes among test sorties in each future: binomial with the probability of the future.

    Quantiles of one uniform number a future, so that trials of different sizes differ by little else than their size.
    """
    probability = run.assumptions.values[futures, run.scenario.columns.index(trial.informs)]
    quantile = uniforms(seed, [f"trial/{trial.informs}"], int(futures.max()) + 1)[futures, 0]
    sizes = np.array(trial.sizes)
    return np.asarray(binom.ppf(quantile[:, None], sizes, probability[:, None]) / sizes, np.float64)


def units_made(trial: Trial, run: Run, futures: Ints, seed: int) -> Floats:
    """(n, sizes) good units that the plant makes in its first months in each future; the run has simulated them."""
    del seed
    plant, months = run.scenario.names.plants.index(trial.informs), max(trial.sizes)
    output = np.concatenate([part.data["good"][:, :months, plant].values for part in run.parts()])
    return np.asarray(output.cumsum(axis=1)[futures][:, np.array(trial.sizes) - 1], np.float64)


def check_trial(trial: Trial, scenario: Scenario) -> None:
    """Raise RunError if a trial is not possible, with a sentence for each reason."""
    reasons = [f"trial {quoted(trial.name)}: {problem}" for problem in trial_problems(trial, scenario)]
    if reasons:
        raise RunError("\n".join(reasons))


def trial_problems(trial: Trial, scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each reason why a trial is not possible in a scenario."""
    if trial.kind not in KINDS:
        yield f"the kind {quoted(trial.kind)} is unknown; {did_you_mean(trial.kind, KINDS)}"
    elif trial.kind == SORTIES:
        yield from sortie_problems(trial, scenario)
    else:
        yield from month_problems(trial, scenario)
    yield from size_problems(trial.sizes)
    for name, price in (("price", trial.price), ("fixed price", trial.fixed)):
        if not (isfinite(price) and price >= 0.0):
            yield f"the {name} is {price:g}; state an amount of money that is not negative"


def sortie_problems(trial: Trial, scenario: Scenario) -> Iterator[str]:
    """Yield the reasons why test sorties do not inform the assumption."""
    rows = {row.name: row for row in scenario.assumptions}
    row = rows.get(trial.informs)
    if row is None:
        names = [name for name, candidate in rows.items() if is_share(candidate) and not candidate.is_fixed] or rows
        hint = did_you_mean(trial.informs, names)
        yield f"{scenario.title} has no assumption {quoted(trial.informs)}; {hint}"
    elif not is_share(row):
        yield (
            f"{trial.informs} ({subject(scenario, row)}) is not a probability; a test sortie succeeds or fails, so "
            "that it informs a probability only"
        )
    elif row.is_fixed:
        yield f"{trial.informs} has no range, so that there is nothing to find out; state its range"


def month_problems(trial: Trial, scenario: Scenario) -> Iterator[str]:
    """Yield the reasons why months of production at the plant are not observed."""
    if trial.informs not in scenario.names.plants:
        hint = did_you_mean(trial.informs, scenario.names.plants)
        yield f"{scenario.title} has no plant {quoted(trial.informs)}; {hint}"
    beyond = [size for size in trial.sizes if size > scenario.months]
    if beyond:
        yield f"{beyond[0]} months are more than the {scenario.months} of {scenario.title}"


def size_problems(sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield the reasons why sizes are not numbers of sorties or months."""
    wrong = [size for size in sizes if type(size) is not int or size < 1]
    if not sizes:
        yield "it has no size; state at least one"
    elif wrong:
        yield f"the size {wrong[0]!r} is not a whole number above 0"
    elif max(sizes) > LARGEST_SIZE:
        yield f"a size is above {LARGEST_SIZE:,}, the largest that is examined"
    elif list(sizes) != sorted(set(sizes)):
        yield f"the sizes {', '.join(map(str, sizes))} are not in ascending order, each once"
