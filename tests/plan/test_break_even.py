"""Break-even values: known zeros are recovered with their intervals, and quantities without an effect are not named."""

import json

import numpy as np
import pytest

from octoplan.outcomes.intervals import Interval
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.plan.results import narrative
from octoplan.plan.results.break_even import (
    MIN_BLOCKS,
    BreakEven,
    Quantity,
    UnitsValue,
    replicate_weights,
    value_of_units,
    zero_of_fit,
)
from octoplan.plan.results.evaluation import Evaluation
from octoplan.plan.results.folder import PlanResults, evidence
from octoplan.plan.results.sheets import sheets
from octoplan.plan.solver.two_stage import Floats
from octoplan.show.plan_page import page
from tests.plan.pockets import plan_with_costs, plan_with_target

FUTURES, SEEDS = 144, 150


def uniform(seed: int, names: list[str], futures: int = FUTURES) -> tuple[Quantity, ...]:
    """Quantities drawn like assumptions, uniform between 0 and 1."""
    draws = latin_hypercube(seed, names, futures)
    return tuple(Quantity(name, f"share of {name}", "", "row", draws[:, i]) for i, name in enumerate(names))


def noise(seed: int, futures: int = FUTURES) -> Floats:
    """Noise with the tails of Student's t with 4 degrees of freedom and a standard deviation of 10."""
    values: Floats = np.random.default_rng(seed).standard_t(4.0, futures) * 10.0 / np.sqrt(2.0)
    return values


def value(difference: Floats, quantities: tuple[Quantity, ...]) -> UnitsValue:
    """The value of units with a difference of cost."""
    return value_of_units("plan", "crews alone", 100.0, difference, quantities)


def test_the_zero_of_a_line_without_noise_is_exact() -> None:
    """20 - 50 x is zero at 0.4: units, which then cost less, pay above it."""
    quantities = uniform(1, ["x", "other"])
    (item,) = value(20.0 - 50.0 * quantities[0].values, quantities).break_evens
    assert (item.quantity.name, item.pays_above, item.monotone) == ("x", True, False)
    assert [item.value, item.low, item.high, item.slope] == pytest.approx([0.4, 0.4, 0.4, -50.0])
    (item,) = value(50.0 * quantities[0].values - 20.0, quantities[:1]).break_evens
    assert not item.pays_above


def test_the_interval_covers_a_known_zero() -> None:
    """Over 150 seeds, 95 % intervals cover the zero 0.4 in 90 to 99.5 %, and the effect is nearly always detected."""
    covered, reported = [], 0
    for seed in range(SEEDS):
        quantities = uniform(seed, ["x", *(f"null-{i}" for i in range(20))])
        difference = 20.0 - 50.0 * quantities[0].values + noise(seed)
        for item in value(difference, quantities).break_evens:
            if item.quantity.name == "x":
                reported += 1
                covered.append(item.low <= 0.4 <= item.high)
    assert reported > 0.95 * SEEDS
    assert 0.90 <= np.mean(covered) <= 0.995


def test_a_clearly_curved_effect_has_a_monotone_fit() -> None:
    """exp(4 x) - exp(2) is zero at 0.5, where the line is not; most intervals over 40 seeds cover 0.5."""
    items: list[BreakEven] = []
    for seed in range(40):
        quantities = uniform(seed, ["x"])
        items += value(np.exp(4.0 * quantities[0].values) - np.exp(2.0) + 0.2 * noise(seed), quantities).break_evens
    assert len(items) == 40
    assert all(item.monotone and not item.pays_above for item in items)
    assert np.mean([item.low <= 0.5 <= item.high for item in items]) >= 0.85
    assert np.mean([item.value for item in items]) == pytest.approx(0.5, abs=0.02)


def test_quantities_without_an_effect_are_rarely_named() -> None:
    """If none of 25 assumptions has an effect, one of them is named in about 5 % of 200 evaluations.

    With a rate of 5 %, more than 18 of 200 have a probability below 1 %.
    """
    counts = [value(noise(seed), uniform(seed, [f"null-{i}" for i in range(25)])).effects for seed in range(200)]
    assert sum(count != 0 for count in counts) <= 18


def test_a_single_assumption_without_an_effect_is_named_in_five_percent() -> None:
    """The test of one slope holds its level of 5 %: at most 31 of 400, the P99 of a binomial distribution."""
    counts = [value(noise(seed), uniform(seed, ["null"])).effects for seed in range(400)]
    assert 8 <= sum(count != 0 for count in counts) <= 31


def test_a_zero_outside_the_range_is_not_reported() -> None:
    """An effect that leaves the sign unchanged between P1 and P99 gives a sentence on the whole range."""
    quantities = uniform(1, ["x"])
    units = value(-70.0 + 50.0 * quantities[0].values, quantities)
    assert (units.break_evens, units.effects) == ((), 1)
    assert narrative.break_even_lines(units, "units pay") == [
        "units pay over the range (P1 to P99) of every assumption, varied one at a time: some affect the difference"
    ]
    none = value(-70.0 + 0.0 * quantities[0].values, quantities)
    assert (none.break_evens, none.effects) == ((), 0)


def test_few_futures_give_no_break_even_values() -> None:
    """With fewer than 12 blocks of futures the summary says so."""
    quantities = uniform(1, ["x"], 8 * MIN_BLOCKS - 8)
    units = value(0.4 - quantities[0].values, quantities)
    assert units.effects is None
    assert "96 futures" in narrative.break_even_lines(units, "")[0]
    more = uniform(1, ["x"], 8 * MIN_BLOCKS)
    assert value(0.4 - more[0].values, more).effects == 1


def test_weights_of_the_bootstrap_are_multinomial() -> None:
    """Each replicate draws as many blocks as there are; draws of a block have mean 1 and variance 11/12."""
    weights = replicate_weights(12, 4000)
    assert (weights.sum(1) == 12.0).all()
    assert weights.mean(0) == pytest.approx(np.ones(12), abs=0.08)
    assert weights.var() == pytest.approx(11.0 / 12.0, abs=0.03)


def test_zero_of_a_monotone_fit() -> None:
    """Interpolated between steps; infinite on the side of the zero if the fit does not change its sign."""
    x, equal = np.arange(4.0), np.ones(4)
    assert zero_of_fit(x, np.array([-3.0, -1.0, 1.0, 3.0]), equal) == 1.5
    assert zero_of_fit(x, np.array([-2.0, 0.0, -2.0, 4.0]), equal) == pytest.approx(1.8)
    assert zero_of_fit(x, x + 1.0, equal) == -np.inf
    assert zero_of_fit(x, x - 5.0, equal) == np.inf
    assert zero_of_fit(x, np.array([-3.0, -1.0, 1.0, 3.0]), np.array([1.0, 1.0, 0.0, 1.0])) == 1.5


def test_sentences_on_units() -> None:
    """The paired difference with interval, P10 and P90, the answer, and the break-even value with its side."""
    cost = np.repeat([10.0, 12.0], 60)
    plans = {
        "plan": plan_with_costs(cost.tolist(), produced=50.0),
        "no units, the plan's crews and kits": plan_with_costs((cost + 3.0).tolist()),
    }
    head, why = narrative.units_lines(Evaluation(plans), "GBP")
    assert head == (
        "50 units (plan) minus no units, the plan's crews and kits: -3.0 ± 0.0 M GBP (95 % interval), "
        "P10 -3.0, P90 -3.0: units pay"
    )
    assert why.startswith("units pay over the range")
    quantity = Quantity("m.rate", "units delivered per day (Other makers)", "per day", "a.csv:7", cost)
    item = BreakEven(quantity, 431.0, 300.0, np.inf, False, 0.1, False, 200.0, 900.0)
    assert narrative.break_even_text(item) == (
        "units pay if the units delivered per day (Other makers) is below 431 per day (95 % interval 300 to no bound; "
        "P10 200, P90 900 over the futures; a.csv:7)"
    )


def test_units_of_a_plan_without_units_are_those_of_the_cheapest_split() -> None:
    """The difference is that of the split with least cost, and the sentence says that the plan makes no units."""
    plans = {
        "plan": plan_with_costs([10.0, 10.0]),
        "all far": plan_with_costs([15.0, 15.0], produced=9.0),
        "all near": plan_with_costs([12.0, 12.0], produced=9.0),
        "no units, the plan's crews and kits": plan_with_costs([9.0, 9.0]),
    }
    evaluation = Evaluation(plans, splits=("all far", "all near"))
    assert evaluation.units_value is not None
    assert isinstance(evaluation.units_value.difference, Interval)
    assert (evaluation.units_value.plan, evaluation.units_value.difference.mean) == ("all near", 3.0)
    assert narrative.units_lines(evaluation, "GBP")[0].startswith("the plan makes no units; 9 units (all near) minus")
    assert "no units, the plan's crews and kits" not in evaluation.replacements
    assert not any("not recommended" in line for line in PlanResults(plan_with_target(), evaluation).lines)


def test_a_cheaper_alternative_is_the_first_thing_said() -> None:
    """Below the title of the summary, the first line warns of an alternative that is significantly cheaper."""
    plans = {"plan": plan_with_costs([10.0, 12.0]), "baseline decisions": plan_with_costs([8.0, 10.0])}
    results = PlanResults(plan_with_target(), Evaluation(plans))
    assert results.lines[1].startswith("warning: in the simulation, “baseline decisions” costs 2.0 M GBP less than")
    assert results.lines[1].endswith("this plan is not recommended")
    assert sum("not recommended" in line for line in results.lines) == 1
    assert results.lines[0] == narrative.summary(results.plan)[0]


def test_the_value_of_units_is_in_all_files() -> None:
    """The page, evidence.json and the workbook have the paired difference and the break-even value."""
    (x,) = uniform(1, ["x"])
    crews_alone = np.full(FUTURES, 30.0)
    plans = {
        "plan": plan_with_costs((crews_alone + 20.0 - 50.0 * x.values).tolist(), produced=7.0),
        "no units, the plan's crews and kits": plan_with_costs(crews_alone.tolist()),
    }
    results = PlanResults(plan_with_target(), Evaluation(plans, quantities=(x,)))
    sentence = "units pay if the share of x is above 0.400 (95 % interval 0.400 to 0.400; "
    assert any(line.startswith(sentence) for line in results.lines)
    text = page(results)
    assert "<h2>Units, given the crews and kits</h2>" in text
    assert sentence in text
    data = json.loads(json.dumps(evidence(results)))["units"]
    assert (data["plan"], data["units"], data["cost"]["mean"]) == ("plan", 7.0, pytest.approx(-5.0, abs=0.2))
    assert data["break_even"][0]["value"] == pytest.approx(0.4)
    assert data["break_even"][0]["pays_above"] is True
    table = next(table for table in sheets(results.plan, results.evaluation) if table.name == "Units")
    assert "share of x: x,units pay above,0.4,0.4,0.4," in table.csv(significant=6)
