"""Trials: test sorties against exact preposterior analysis, months of production against the run, and refusals."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from octoplan.errors import RunError
from octoplan.explore.information import best_size, evppi
from octoplan.explore.trials import Trial, check_trial, sortie_rates, trial_values, units_made
from octoplan.scenario.arrays import Floats, Ints
from tests.outcomes.runs import octopus, pocket, ranged

P_KILL = "lethality.pocket.drone.p_kill"
SORTIES = Trial("range", "Test sorties at the range", "sorties", P_KILL, (5, 50, 500), price=2.0, fixed=30.0)
FUTURES = np.arange(400)


def probabilities() -> Floats:
    """(400,) probability of kill in each future of ``ranged``."""
    return ranged().assumptions.sel(assumption=P_KILL).values


def benefits() -> Floats:
    """(400, 2) benefits of two decisions: one is better if the probability is above 0.78, chance apart."""
    chance = 10.0 * np.random.default_rng(1).standard_normal(400)
    return np.column_stack([np.zeros(400), 1000.0 * (probabilities() - 0.78) + chance])


def exact_value(size: int) -> float:
    """Value of test sorties by enumeration of the numbers of successes, for 4,000 quantiles of the assumption."""
    row = next(row for row in ranged().scenario.assumptions if row.name == P_KILL)
    p = row.quantile((np.arange(4000) + 0.5) / 4000)
    gain = 1000.0 * (p - 0.78)
    by_successes = [float((binom.pmf(k, size, p) * gain).mean()) for k in range(size + 1)]
    return sum(max(value, 0.0) for value in by_successes) - max(float(gain.mean()), 0.0)


def test_value_of_test_sorties() -> None:
    """The value of each number of sorties is the exact one within its interval, and below that of the probability."""
    rows = trial_values(SORTIES, ranged(), benefits(), FUTURES, 1)
    assert [row.size for row in rows] == [5, 50, 500]
    for row in rows:
        exact = exact_value(row.size)
        assert row.value.low <= exact <= row.value.high
        assert row.value.value == pytest.approx(exact, abs=4.0)
    perfect = evppi(benefits(), probabilities()[:, None], FUTURES, 1)
    assert exact_value(5) < exact_value(50) < exact_value(500) < perfect.high
    assert rows[0].value.value < rows[1].value.value < perfect.value


def test_cost_and_best_size() -> None:
    """The cost is the fixed price and that of each sortie; the best size has the largest value less cost."""
    run, values = ranged(), benefits()
    assert [row.cost for row in trial_values(SORTIES, run, values, FUTURES, 1)] == [40.0, 130.0, 1030.0]
    cheap = replace(SORTIES, price=0.05, fixed=0.0)
    assert best_size(trial_values(cheap, run, values, FUTURES, 1)).size == 50
    assert best_size(trial_values(replace(cheap, price=10.0), run, values, FUTURES, 1)).size == 5


def test_data_of_sorties() -> None:
    """Successes are whole numbers with the mean and variance of the binomial distribution."""
    rates = sortie_rates(SORTIES, ranged(), FUTURES, 1)
    p = probabilities()
    for column, size in enumerate(SORTIES.sizes):
        successes = rates[:, column] * size
        assert successes == pytest.approx(np.round(successes), abs=1e-9)
        scores = (successes - size * p) / np.sqrt(size * p * (1.0 - p))
        assert abs(scores.mean()) < 0.15
        assert scores.std() == pytest.approx(1.0, abs=0.1)


def test_data_depend_on_seed_future_and_size_only() -> None:
    """Other sizes, other futures and another name of the trial change nothing; another seed does."""
    run = ranged()
    rates = sortie_rates(SORTIES, run, FUTURES, 1)
    some = FUTURES[8:200:3]
    renamed = replace(SORTIES, name="other", sizes=(50,))
    assert np.array_equal(sortie_rates(renamed, run, some, 1)[:, 0], rates[some, 1])
    assert not np.array_equal(sortie_rates(SORTIES, run, FUTURES, 2), rates)
    first, again = (trial_values(SORTIES, run, benefits(), FUTURES, 1) for _ in range(2))
    assert first == again


def test_output_of_the_first_months() -> None:
    """Units are those of the plant in the run, summed over its first months, for a run in memory and in parts."""
    run = octopus()
    plant = str(run.data["good"].sum(("future", "month")).idxmax("plant").item())
    trial = Trial("pilot", "Pilot production", "months", plant, (3, 6, 24))
    futures = np.array([1, 2, 5])
    output = units_made(trial, run, futures, 1)
    for column, months in enumerate(trial.sizes):
        expected = run.data["good"].sel(plant=plant).isel(future=futures, month=slice(0, months)).sum("month")
        assert np.array_equal(output[:, column], expected)
    assert output[:, 2].min() > 0.0
    assert np.array_equal(units_made(trial, replace(run, block=4), futures, 1), output)


def test_value_of_months_of_production() -> None:
    """Output that decides which decision is best is worth what knowing it is worth; the same output always, nothing."""
    run = ranged()
    units = np.random.default_rng(2).poisson(100.0, 400).astype(float)
    varied = replace(run, data=run.data.assign(good=run.data["good"].copy(data=output_of(units))))
    values = np.column_stack([np.zeros(400), units - 103.0])
    trial = Trial("pilot", "Pilot production", "months", "bench", (1, 2))
    first, second = trial_values(trial, varied, values, FUTURES, 1)
    exact = np.maximum(units - 103.0, 0.0).mean()
    assert second.value.low <= exact <= second.value.high
    assert second.value.value > 0.9 * exact
    assert first.value.value == first.value.high == 0.0


def output_of(units: Floats) -> Ints:
    """(400, 3, 1) output of 7 units in the first month, and of the stated units in the second."""
    output = np.zeros((400, 3, 1), np.int64)
    output[:, 0, 0], output[:, 1, 0] = 7, units
    return output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "sortie"}, "the kind 'sortie' is unknown; did you mean 'sorties'?"),
        (
            {"informs": "lethality.pocket.drone.pkill"},
            f"no assumption 'lethality.pocket.drone.pkill'; did you mean '{P_KILL}'?",
        ),
        ({"informs": "threats.drone.damage"}, "is not a probability; a test sortie succeeds or fails"),
        ({"informs": "engagement.drone.town.p_contact"}, "has no range, so that there is nothing to find out"),
        ({"sizes": ()}, "it has no size; state at least one"),
        ({"sizes": (5, 10**40)}, "a size is above 1,000,000, the largest that is examined"),
        ({"sizes": (0, 5)}, "the size 0 is not a whole number above 0"),
        ({"sizes": (2.5,)}, "the size 2.5 is not a whole number above 0"),
        ({"sizes": (True,)}, "the size True is not a whole number above 0"),
        ({"sizes": (50, 5)}, "the sizes 50, 5 are not in ascending order, each once"),
        ({"sizes": (5, 5)}, "the sizes 5, 5 are not in ascending order, each once"),
        ({"price": -1.0}, "the price is -1; state an amount of money that is not negative"),
        ({"fixed": float("nan")}, "the fixed price is nan; state an amount"),
        ({"kind": "months", "informs": "benk", "sizes": (1,)}, "Pocket has no plant 'benk'; did you mean 'bench'?"),
        ({"kind": "months", "informs": "bench", "sizes": (3, 4)}, "4 months are more than the 3 of Pocket"),
    ],
)
def test_trials_that_are_not_possible(change: dict[str, Any], message: str) -> None:
    """A trial that is not possible is refused with its name and one sentence."""
    trial = replace(SORTIES, **change)
    with pytest.raises(RunError, match=re.escape(message)) as caught:
        check_trial(trial, ranged().scenario)
    assert str(caught.value).startswith("trial 'range': ")
    assert "\n" not in str(caught.value)
    with pytest.raises(RunError):
        trial_values(trial, ranged(), benefits(), FUTURES, 1)


def test_all_problems_of_a_trial_at_once() -> None:
    """Each problem is a line of its own."""
    with pytest.raises(RunError) as caught:
        check_trial(replace(SORTIES, informs="p_kll", sizes=(5, 1), price=-2.0), pocket().scenario)
    assert len(str(caught.value).splitlines()) == 3


def test_one_decision() -> None:
    """A trial has no value if there is nothing to choose."""
    with pytest.raises(RunError, match="two decisions or more"):
        trial_values(SORTIES, ranged(), benefits()[:, :1], FUTURES, 1)
