"""The marginal analysis, compared with simulations of changed scenarios."""

import numpy as np
import pytest

from octoplan.answer.marginal import marginal_analysis
from octoplan.answer.options import increased, options, with_values
from octoplan.answer.totals import Effect, effect
from octoplan.api import Run, simulate
from octoplan.outcomes.finance import leakers_prevented
from octoplan.scenario import load
from octoplan.scenario.arrays import draws_of
from tests.answer.variants import CHANGES, answer, run_of, variant
from tests.outcomes.runs import octopus


def leakers(run: Run) -> np.ndarray:
    """(futures,) leakers."""
    return np.asarray(run.data["leaked"].sum(("month", "region", "threat")).values, np.float64)


def spend(run: Run) -> np.ndarray:
    """(futures,) spend of all payers."""
    return np.asarray(run.data["spend"].sum(("month", "cost", "payer")).values, np.float64)


def test_more_interceptors_are_those_of_a_scenario_with_more_output() -> None:
    """The effect is the paired difference to a scenario with a tenth more output, workers and orders of parts."""
    item = answer("few interceptors").marginal["units"]
    base = run_of("few interceptors")
    heads = base.scenario.assumptions[base.scenario.columns.index("plants.bench.heads")].value
    assert heads is not None
    changes: dict[str, object] = {
        "output.bench": [34.1, 30.8, 34.1], "orders.bench.part-set": [682, 616, 682],
        "plants.bench.heads": 1.1 * heads, "plants.bench.hire_rate": 0,
    }  # fmt: skip
    more = simulate(variant("few interceptors").change(changes), 32, 1)
    prevented = leakers(base)[:32] - leakers(more)
    assert item.prevented.mean == pytest.approx(prevented.mean(), abs=1e-12)
    assert item.cost.mean == pytest.approx((spend(more) - spend(base)[:32]).mean(), rel=1e-12)
    assert item.units.mean == pytest.approx(8.0)


def test_twice_as_many_kits_are_those_of_a_scenario_with_an_order_at_the_start() -> None:
    """Twice one kit at the start is one kit ordered in the first month."""
    twice = next(item for item in answer("one kit").marginal.doubled if item.key == "kits")
    base = run_of("one kit")
    changed = simulate(variant("one kit").change({"kits.order": [1, 0, 0]}), 32, 1)
    assert twice.prevented.mean == pytest.approx((leakers(base)[:32] - leakers(changed)).mean(), abs=1e-12)
    assert twice.prevented.sign == 1


def test_damage_avoided_is_the_mean_damage_of_the_leakers_prevented() -> None:
    """A leaker of pocket does damage of 100,000 GBP on average."""
    item = answer("few interceptors").marginal["units"]
    assert item.avoided.mean == pytest.approx(100_000 * item.prevented.mean, rel=1e-12)
    assert item.net.mean == pytest.approx(item.avoided.mean - item.cost.mean, rel=1e-9)


def test_more_futures_narrow_the_interval() -> None:
    """With four times the futures the half-width is about half."""
    run = run_of("few interceptors", 3)
    few, many = (marginal_analysis(run, futures)["units"].prevented for futures in (12, 48))
    assert many.half_width < 0.75 * few.half_width


def test_the_executor_does_not_change_the_effects() -> None:
    """The analysis of the first futures does not depend on how many the run has."""
    short = simulate(variant("few interceptors"), 32, 1)
    assert marginal_analysis(short).effects == answer("few interceptors").marginal.effects


def test_an_increase_is_correct_to_one_half() -> None:
    """Monthly numbers and the number at the start are increased together, rounded cumulatively."""
    monthly = np.array([60, 60, 60, 7, 7])
    more = increased(monthly, 256.0, 0.1)
    assert abs((more - monthly).sum() - 0.1 * (monthly.sum() + 256.0)) <= 0.5
    assert (more - monthly)[0] == 32
    assert increased(np.array([0, 0]), 1.0, 0.1).tolist() == [0, 0]


def test_titles_state_what_is_added() -> None:
    """The first kits are added if there are none; a number is stated where rounding makes the share another one."""
    run = run_of("no kits")
    titles = {item.key: item.title for item in options(run.compiled, run.assumptions.values, {})}
    assert (titles["crews"], titles["kits"]) == ("10 % more crews", "the first 2 kits")
    assert titles["crews-and-kits"] == "10 % more crews and the first 2 kits"
    few = simulate(variant("no kits").change({"crews.initial": 6, "kits.initial": 20}), 2, 1)
    titles = {item.key: item.title for item in options(few.compiled, few.assumptions.values, {})}
    assert titles["crews"] == "1 more crew"
    assert titles["crews-and-kits"] == "1 more crew and 10 % more kits"


def test_draws_of_one_entity_are_changed_alone() -> None:
    """Entities that share a row of assumptions keep its draws."""
    run = octopus()
    compiled, draws = run.compiled, run.assumptions.values
    capacity = draws_of(compiled, draws, "suppliers", "capacity")
    changed, columns = with_values(compiled, draws, "suppliers", "capacity", 3, 2.0 * capacity[:, 3])
    new = draws_of(changed, columns, "suppliers", "capacity")
    assert (new[:, 3] == 2.0 * capacity[:, 3]).all()
    assert (np.delete(new, 3, axis=1) == np.delete(capacity, 3, axis=1)).all()
    assert (draws_of(compiled, draws, "suppliers", "capacity") == capacity).all()


def test_the_options_of_octopus() -> None:
    """Every kind of option is there; an option that changes nothing is not."""
    run = octopus()
    keys = [item.key for item in options(run.compiled, run.assumptions.values, dict(run.scenario.titles))]
    assert keys == [
        "units", "crews", "kits", "crews-and-kits", "lines", "layer/missile", "layer/abm", "suppliers", "gates",
    ]  # fmt: skip
    nothing = run_of("nothing made")
    keys = [item.key for item in options(nothing.compiled, nothing.assumptions.values, {})]
    assert keys == ["crews", "kits", "crews-and-kits"]


def test_gates_are_listed_by_plant_if_passing_them_sooner_helps() -> None:
    """The licence of pocket takes five days: without it, 50 more units are made and some more threats stopped."""
    run = run_of("few interceptors", 3)
    marginal = marginal_analysis(run, 32, more=0.01)
    assert marginal["gates"].prevented == marginal["gates/bench"].prevented
    assert marginal["gates"].prevented.sign == 1
    assert "gates/bench" not in answer("ample").marginal


def test_the_gates_of_one_plant_are_tested_only_if_those_of_all_help_most() -> None:
    """One plant sooner improves no more than all plants sooner, so that another change that helps more leads anyway."""
    for name in ("few interceptors", "one crew"):
        marginal = answer(name).marginal
        best = max(marginal.effects, key=lambda item: item.prevented.mean)
        assert ("gates/bench" in marginal) == (best.key.startswith("gates") and marginal["gates"].prevented.sign == 1)


def test_an_effect_has_the_interval_of_students_t() -> None:
    """Four differences with mean 2 and standard deviation 1.826: half-width 3.182 sd / 2."""
    item = effect(np.array([0.0, 1.0, 3.0, 4.0]), np.arange(4))
    assert item.mean == pytest.approx(2.0)
    assert item.half_width == pytest.approx(3.1824 * np.sqrt(10.0 / 3.0) / 2.0, rel=1e-4)
    assert (item.sign, Effect(2.0, 1.0).sign, Effect(-2.0, 1.0).sign) == (0, 1, -1)
    assert np.isnan(effect(np.array([1.0]), np.arange(1)).half_width)


def test_leakers_prevented_are_measured_in_the_same_way() -> None:
    """The programme's own effect on leakers is the difference of the same totals."""
    run = run_of("few interceptors")
    without = run.counterfactual["leaked"].sum(("month", "region", "threat")).values
    assert (leakers_prevented(run) == without - leakers(run)).all()


def test_names_of_options_are_checked() -> None:
    with pytest.raises(KeyError, match="no option 'tanks'; the options are units"):
        answer("ample").marginal["tanks"]
    assert set(CHANGES) == {
        "few interceptors",
        "one crew",
        "one kit",
        "no kits",
        "no more parts",
        "ample",
        "production only",
        "nothing made",
    }
    assert load("pocket").title == "Pocket"
