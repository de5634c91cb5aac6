"""The claims of the answer of built-in and constructed scenarios, each simulated again over other futures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import hypot

import numpy as np
import pytest

from octoplan.answer.answer import Answer, answer_of
from octoplan.answer.marginal import MarginalAnalysis, marginal_analysis
from octoplan.answer.totals import Effect, effect
from octoplan.api import Run, simulate
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import LAYERS
from octoplan.outcomes.finance import net_benefit
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import COUNTERFACTUAL_TALLIES, labelled_run, tallies_to_keep
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Floats, draws_of
from octoplan.scenario.scenario import read_files
from tests.answer.contradictions import contradictions
from tests.answer.variants import production_only, three_regions

MORE_CREWS: dict[str, object] = {
    "crews.intake": [120, 120, 120, 120, 120, 160, 160, 160], "kits.order": [60, 60, 80, 100, 120, 160, 160, 160],
}  # fmt: skip
"""Decisions of the tutorial."""
TOLERANCE = 1.5
"""Difference between two samples, relative to the half-width of its 95 % confidence interval, that is accepted."""


def octopus(months: int = 8) -> Scenario:
    """Octopus over its first months, in which all plants open and the target is reached."""
    files = load("octopus").files
    programme = files["programme.toml"].replace(b"months = 24", b"months = %d" % months)
    return read_files({**files, "programme.toml": programme}, "octopus")


@dataclass(frozen=True)
class Case:
    """A scenario, the number of futures of its answer, and that of the simulations which check its claims."""

    scenario: Callable[[], Scenario]
    futures: int
    others: int


CASES: Mapping[str, Case] = {
    "pocket": Case(lambda: load("pocket"), 48, 48),
    "three regions": Case(three_regions, 96, 96),
    "production only": Case(production_only, 48, 48),
    "octopus": Case(octopus, 10, 10),
    "more crews": Case(lambda: octopus().change(MORE_CREWS), 10, 10),
    "fewer on duty": Case(lambda: octopus().change({**MORE_CREWS, "crews.on_duty": "0.05 to 0.14"}), 10, 10),
}


@dataclass(frozen=True, eq=False)
class Claims:
    """The answer of a scenario, and simulations of other futures."""

    answer: Answer
    others: int

    @property
    def scenario(self) -> Scenario:
        return self.answer.scenario

    @cached_property
    def other(self) -> Run:
        """The scenario in other futures."""
        return self.simulated(self.scenario)

    def simulated(self, scenario: Scenario) -> Run:
        """A scenario in the other futures."""
        return simulate(scenario, self.others, self.answer.results.run.seed + 1)

    @cached_property
    def small(self) -> MarginalAnalysis:
        """Small changes in the other futures."""
        return marginal_analysis(self.other, self.others)

    @cached_property
    def doubled(self) -> MarginalAnalysis:
        """Twice as much in the other futures."""
        return marginal_analysis(self.other, self.others, more=1.0)

    def of_key(self, key: str) -> Effect:
        """Improvement by twice as much of what a change adds, simulated as a changed scenario if it is a decision."""
        changes = twice(self.other, key)
        if not changes:
            return self.answer.improvement(self.doubled[key])
        changed = self.simulated(self.scenario.change(changes))
        if self.answer.has_raids:
            return effect(leakers(self.other) - leakers(changed), np.arange(self.others))
        return effect(total(changed, "good") - total(self.other, "good"), np.arange(self.others))


@lru_cache(maxsize=8)
def claims(name: str) -> Claims:
    """The claims of one of the cases."""
    case = CASES[name]
    result = answer_of(RunResults(simulate(case.scenario(), case.futures, 1)), case.futures)
    assert result is not None
    return Claims(result, case.others)


def total(run: Run, tally: str) -> Floats:
    """(futures,) sums of a tally."""
    values = run.data[tally].values
    return np.asarray(values.reshape(len(values), -1).sum(axis=1), np.float64)


def leakers(run: Run) -> Floats:
    """(futures,) leakers, excluding decoys."""
    threats = run.data["leaked"].values[..., run.compiled.template.threats["decoy"] != 1]
    return np.asarray(threats.reshape(len(threats), -1).sum(axis=1), np.float64)


def twice(run: Run, key: str) -> dict[str, object]:
    """Changes of decisions for twice as many crews, kits or units; empty for other keys."""
    plan, draws = run.compiled.plan, run.assumptions.values
    crews, kits = (
        [int(value) for value in 2 * monthly + round(draws_of(run.compiled, draws, kind, "initial").mean()) * first]
        for kind, monthly, first in (
            (kind, monthly, np.arange(len(monthly)) == 0)
            for kind, monthly in (("crews", plan.intake), ("kits", plan.kit_orders))
        )
    )  # fmt: skip
    decisions = run.scenario.decisions
    units: dict[str, object] = {
        f"{table}.{name}": "x2" for table in ("output", "lines") for name in getattr(decisions, table)
    }
    changes: dict[str, dict[str, object]] = {
        "crews": {"crews.intake": crews}, "kits": {"kits.order": kits},
        "crews-and-kits": {"crews.intake": crews, "kits.order": kits}, "units": units,
    }  # fmt: skip
    return changes.get(key, {})


def without_programme(scenario: Scenario) -> Scenario:
    """The scenario in which no plant makes or orders anything, employs anybody or has other costs."""
    decisions = scenario.decisions
    tables = ("output", "lines")
    changes: dict[str, object] = {f"{table}.{name}": 0 for table in tables for name in getattr(decisions, table)}
    changes |= {f"orders.{plant}.{part}": 0 for plant, parts in decisions.orders.explicit.items() for part in parts}
    fixed_costs = ("overhead", "heads")
    rows = (row for row in scenario.assumptions if row.kind == "plants" and row.parameter in fixed_costs)
    return scenario.change(changes | {row.name: 0 for row in rows})


def agree(first: Floats, second: Floats) -> bool:
    """True if the means of two samples differ by no more than their confidence intervals allow."""
    means = [effect(values, np.arange(len(values))) for values in (first, second)]
    tolerance = TOLERANCE * hypot(means[0].half_width, means[1].half_width) + 1e-6
    return abs(means[0].mean - means[1].mean) <= tolerance


@pytest.mark.parametrize("name", CASES)
def test_sentences_agree_with_the_numbers(name: str) -> None:
    assert contradictions(claims(name).answer) == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_made_stopped_paid_and_avoided(name: str) -> None:
    """The difference to a scenario without plants, in other futures, is what the answer says of the programme."""
    claim = claims(name)
    answer, other, without = claim.answer, claim.other, claim.simulated(without_programme(claim.scenario))
    output = answer.of_measure("made")
    assert output is not None
    assert agree(output.values, total(other, "good"))
    assert agree(answer.prevented.values, leakers(without) - leakers(other))
    assert agree(answer.avoided.values, total(without, "damage") - total(other, "damage"))
    spend = [run.data["spend"].values.sum(axis=(1, 3)) for run in (other, without)]
    more = spend[0] - spend[1]
    assert agree(answer.cost.values, np.delete(more, LAYERS, axis=1).sum(axis=1))
    assert agree(answer.saved.values, -more[:, LAYERS])
    assert agree(answer.net.values, total(without, "damage") - total(other, "damage") - more.sum(axis=1))
    share = np.mean([output.interval.p10 <= value <= output.interval.p90 for value in total(other, "good")])
    assert share >= 0.5


@pytest.mark.parametrize("name", CASES)
def test_twice_as_much_of_what_limits_helps_and_of_what_is_ample_does_not(name: str) -> None:
    claim = claims(name)
    for item in claim.answer.limits[:1]:
        assert claim.of_key(item.key).sign == 1
    for item in claim.answer.ample:
        assert claim.of_key(item.key).sign <= 0
    if not claim.answer.limits:
        tested = {item.key for item in claim.answer.marginal.effects}
        smallest = claim.answer.marginal.smallest
        assert not any(claim.of_key(key).low > smallest for key in tested if twice(claim.other, key))


@pytest.mark.parametrize("name", CASES)
def test_the_next_step_pays_in_other_futures(name: str) -> None:
    """What is said to avoid more damage than it costs does; if nothing is, no change clearly does."""
    claim = claims(name)
    if not claim.answer.has_raids:
        return
    if claim.answer.paying:
        best = claim.answer.paying[0]
        others = claim.small if best in claim.answer.marginal.effects else claim.doubled
        assert others[best.key].net.mean > 0.0
        assert others[best.key].avoided.sign == 1
        return
    assert not any(claim.small.is_positive(item.net) for item in claim.small.effects)


@pytest.mark.parametrize("name", CASES)
def test_whether_it_pays_depends_on_the_assumption_named(name: str) -> None:
    """With the assumption fixed at both ends, the net benefit differs as stated, in other futures."""
    claim = claims(name)
    for turn in claim.answer.turning[:1]:
        ends = [net_benefit(claim.simulated(claim.scenario.change({turn.name: end}))) for end in turn.ends]
        low, high, difference = (effect(values, np.arange(claim.others)) for values in (*ends, ends[1] - ends[0]))
        assert np.sign(difference.mean) == turn.difference.sign
        for stated, again in ((turn.low, low), (turn.high, high)):
            assert stated.sign * again.sign >= 0


def test_the_range_of_the_expected_net_benefit() -> None:
    """The mean of twelve simulations with the same assumptions is the expected net benefit: its P10 and P90."""
    claim = claims("three regions")
    run, spread = claim.answer.results.run, claim.answer.spreads["net"]
    draws = run.assumptions.values[:48]
    results = []
    for seed in range(100, 112):
        tallies = simulate_futures(
            run.compiled, draws, seed=seed, executor=None, batch=16, keep=tallies_to_keep(),
            counterfactual=COUNTERFACTUAL_TALLIES,
        )  # fmt: skip
        results.append(net_benefit(labelled_run(run.scenario, seed, draws, tallies, 0.0)))
    expected = np.mean(results, axis=0)
    width = spread.high - spread.low
    assert (spread.low, spread.high) == pytest.approx(np.quantile(expected, (0.1, 0.9)), abs=0.3 * width)
    chance = np.var(results, axis=0, ddof=1).mean() / np.var(results, ddof=1)
    assert abs(chance - spread.chance) <= 3.0 * spread.chance_error + 0.05
    assert interval(expected).mean == pytest.approx(claim.answer.net.interval.mean, abs=0.3 * width)
