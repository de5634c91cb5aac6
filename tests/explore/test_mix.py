"""The best mix for a budget, against simulations of the changed scenarios and programmes with a known bottleneck."""

import doctest
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from octoplan.answer.options import options, programme_plants
from octoplan.answer.totals import Totals
from octoplan.api import Run, simulate
from octoplan.errors import RunError
from octoplan.executors import thread_pool
from octoplan.explore import mix as mix_module
from octoplan.explore import purchases as purchases_module
from octoplan.explore.evaluate import Evaluations, results_of
from octoplan.explore.mix import (
    Differences,
    Market,
    Offer,
    Sample,
    all_differences,
    best_mix,
    default_step,
    has_gain,
    is_clearly_best,
    ranked,
    ratio_of,
)
from octoplan.explore.purchases import Good, added, goods, with_mix
from octoplan.explore.results import Purchase
from octoplan.outcomes.finance import programme_effects
from octoplan.scenario.arrays import draws_of
from tests.answer.variants import run_of, variant
from tests.outcomes.runs import octopus

COSTLY: dict[str, object] = {
    "packages.raid.routine_mean": 18, "packages.raid.span": 1, "threats.drone.engagement": 25, "crews.initial": 4,
    "kits.initial": 4, "layers.missile.cost": 0, "effects.missile.drone.p": 0.05, "kits.price": 10_000,
    "crews.course_cost": 5_000, "output.bench": "x2", "lines.bench": 2,
}  # fmt: skip
"""Changes of the variant "ample": each crew has time for one of the 18 threats of a day, which all come at once."""
STEP = 32_000.0
"""Money for two crews with kits: 5,800 a crew and 10,000 a kit."""


@lru_cache(maxsize=1)
def costly() -> Run:
    """A run in which crews with kits help, and have a cost because missiles have none."""
    return simulate(variant("ample").change(COSTLY), 48, 1)


@lru_cache(maxsize=4)
def bought(name: str) -> tuple[Purchase, ...]:
    """The best mix of a variant of pocket."""
    return best_mix(run_of(name), Evaluations(), steps=3)


@lru_cache(maxsize=1)
def costly_mix() -> tuple[Purchase, ...]:
    """The best mix of ``costly``."""
    return best_mix(costly(), Evaluations(), step=STEP, steps=3)


def test_the_bottleneck_is_bought_first() -> None:
    """Crews without kits, kits without crews, and interceptors are each bought where they limit the defence."""
    for name, key in (
        ("few interceptors", "units/home"), ("one kit", "kits"), ("no kits", "kits"), ("one crew", "crews-and-kits"),
    ):  # fmt: skip
        first = bought(name)[0]
        assert first.key == key
        assert first.net.sign == first.prevented.sign == 1
        assert first.is_clear


def test_nothing_is_bought_where_nothing_pays() -> None:
    """With ample crews, kits and interceptors, or without raids, there is no purchase."""
    for name in ("ample", "production only", "nothing made"):
        assert bought(name) == ()


def test_the_effects_are_those_of_the_changed_scenarios() -> None:
    """Purchases compose: the effects in the futures from 24 to 47 are differences between runs of changed scenarios."""
    purchases = costly_mix()
    assert [item.key for item in purchases] == ["crews-and-kits"] * 3
    crews = kits = 0
    before = costly()
    for item in purchases:
        numbers = re.findall(r"\d+", item.title)
        crews, kits = crews + int(numbers[0]), kits + int(numbers[1])
        changes: dict[str, object] = {"crews.intake": [crews, 0, 0], "kits.order": [kits, 0, 0]}
        after = simulate(costly().scenario.change(changes), 48, 1)
        leakers = [run.data["leaked"].sum(("month", "region", "threat")).values[24:] for run in (before, after)]
        spend = [run.data["spend"].sum(("month", "cost", "payer")).values[24:] for run in (before, after)]
        prevented, cost = leakers[0] - leakers[1], spend[1] - spend[0]
        assert item.prevented.value == pytest.approx(prevented.mean(), abs=1e-9)
        assert item.cost.value == pytest.approx(cost.mean(), rel=1e-9)
        assert item.net.value == pytest.approx(100_000.0 * prevented.mean() - cost.mean(), rel=1e-6)
        assert item.per_million.value == pytest.approx(1e6 * item.net.value / item.cost.value)
        assert item.cost.low < item.cost.value < item.cost.high or item.cost.low == item.cost.high
        assert (item.futures, item.excluded) == (24, 0)
        before = after


def test_a_purchase_costs_about_a_step() -> None:
    """Amounts are scaled: every purchase costs the step within a quarter, twice the step with twice the money."""
    for item in costly_mix():
        assert item.cost.value == pytest.approx(STEP, rel=0.25)
    twice = best_mix(costly(), Evaluations(), step=2.0 * STEP, steps=1)[0]
    assert twice.cost.value == pytest.approx(2.0 * STEP, rel=0.25)


def test_the_executor_does_not_change_the_mix() -> None:
    """The purchases are the same on two threads, and with results that are at hand."""
    with thread_pool(2) as executor:
        evaluations = Evaluations(executor=executor)
        assert best_mix(costly(), evaluations, base=results_of(costly()), step=STEP, steps=3) == costly_mix()


def test_the_number_of_simulations() -> None:
    """A pilot of 8 futures of each divisible good, and per step 24 of each good on offer and 24 to measure."""
    evaluations = Evaluations()
    assert len(best_mix(costly(), evaluations, step=STEP, steps=2)) == 2
    count = len(goods(costly().compiled, costly().assumptions.values, {}))
    assert evaluations.simulated == 8 * (count - 1) + 2 * (24 * count + 24)


def test_failed_futures_are_excluded_and_counted() -> None:
    """A future that failed without the purchase is in no difference."""
    run = run_of("one kit")
    base = results_of(run)
    status = base.status.copy()
    status[[2, 30, 31]] = 1
    item = best_mix(run, Evaluations(), base=replace(base, status=status), steps=1)[0]
    assert (item.futures, item.excluded) == (22, 2)


def test_leakers_prevented_may_be_what_is_bought_for() -> None:
    """Where damage is worth nothing, no purchase pays, but purchases still prevent leakers."""
    scenario = costly().scenario.change({"threats.drone.damage": 0})
    run = simulate(scenario, 48, 1)
    assert best_mix(run, Evaluations(), step=STEP, steps=1) == ()
    item = best_mix(run, Evaluations(), step=STEP, steps=1, criterion="prevented")[0]
    assert item.key == "crews-and-kits"
    assert item.per_million.value == pytest.approx(1e6 * item.prevented.value / item.cost.value)


def test_invalid_input_is_refused() -> None:
    """The number of futures, the money and the criterion are checked."""
    with pytest.raises(RunError, match="at least four futures"):
        best_mix(simulate(variant("ample"), 3, 1), Evaluations())
    with pytest.raises(RunError, match="must be above 0"):
        best_mix(run_of("ample"), Evaluations(), step=0.0)
    with pytest.raises(RunError, match="write one of net, prevented"):
        best_mix(run_of("ample"), Evaluations(), criterion="regret")


def test_the_default_step_is_about_a_tenth_of_the_spend_added() -> None:
    """It is 1, 2 or 5 times a power of ten, at most a tenth of the cost less what is saved on other layers."""
    run = octopus()
    effects = programme_effects(run)
    tenth = 0.1 * float((effects.cost - effects.saved).mean())
    step = default_step(results_of(run))
    assert 0.4 * tenth <= step <= tenth
    assert f"{step:e}"[0] in "125"


def test_the_goods_of_octopus() -> None:
    """Units are bought by country; a second supplier is bought once, as a whole."""
    run = octopus()
    items = goods(run.compiled, run.assumptions.values, dict(run.scenario.titles))
    assert [item.key for item in items] == [
        "units/uk", "units/ua", "crews", "kits", "crews-and-kits", "suppliers", "layer/missile", "layer/abm",
    ]  # fmt: skip
    assert [item.key for item in items if item.is_single] == ["suppliers"]


def test_units_of_one_country_leave_the_others_unchanged() -> None:
    """Output, lines and workers grow at the plants of the country only; both countries together are the option."""
    run = octopus()
    compiled, draws = run.compiled, run.assumptions.values
    keys = [item.key for item in goods(compiled, draws, {}) if item.key.startswith("units/")]
    changed, columns = with_mix(compiled, draws, {keys[0]: 0.5})
    country = compiled.names.countries.index(keys[0].removeprefix("units/"))
    is_there = programme_plants(compiled) & (compiled.template.plants["country"] == country)
    assert 0 < is_there.sum() < programme_plants(compiled).sum()
    assert np.array_equal(changed.plan.output, compiled.plan.output * np.where(is_there, 1.5, 1.0)[:, None])
    assert np.array_equal(changed.plan.lines[~is_there], compiled.plan.lines[~is_there])
    heads, before = draws_of(changed, columns, "plants", "heads"), draws_of(compiled, draws, "plants", "heads")
    assert np.array_equal(heads, before * np.where(is_there, 1.5, 1.0))
    both, _ = with_mix(compiled, draws, dict.fromkeys(keys, 0.5))
    option = next(item for item in options(compiled, draws, {}, 0.5) if item.key == "units")
    assert np.array_equal(both.plan.output, option.compiled.plan.output)


def test_a_mix_is_the_sum_of_its_purchases() -> None:
    """Two purchases of a tenth are one of a fifth, whatever is bought between them; lines grow with the total."""
    run = octopus()
    compiled, draws = run.compiled, run.assumptions.values
    items = {item.key: item for item in goods(compiled, draws, {})}
    first = added(added(added({}, items["kits"], 0.1), items["layer/abm"], 0.2), items["crews-and-kits"], 0.1)
    assert first == pytest.approx({"kits": 0.2, "crews": 0.1, "layer/abm": 0.2})
    changed, columns = with_mix(compiled, draws, first)
    other, _ = with_mix(compiled, draws, dict(reversed(first.items())))
    assert np.array_equal(changed.plan.kit_orders, other.plan.kit_orders)
    total = 0.2 * (compiled.plan.kit_orders.sum() + draws_of(compiled, draws, "kits", "initial").mean())
    assert abs((changed.plan.kit_orders - compiled.plan.kit_orders).sum() - total) <= 0.5
    row = compiled.names.layers.index("abm")
    supply, before = draws_of(changed, columns, "layers", "resupply"), draws_of(compiled, draws, "layers", "resupply")
    assert np.array_equal(supply[:, row], 1.2 * before[:, row])


def market(step: float = 10.0) -> Market:
    """A market whose criterion and step are used, without a run."""
    return Market(None, None, None, step, 16, "net")  # type: ignore[arg-type]


def sample(damage: np.ndarray, spend: np.ndarray) -> Sample:
    """Futures with a damage and a spend."""
    totals = Totals(np.zeros(16), np.zeros(16), damage, spend)
    return Sample(totals, np.zeros(16, np.int64), 0)


def test_gains_are_compared_per_cost() -> None:
    """A gain of 6 for 10 is better than 8 for 20; what costs nearly nothing counts as a tenth of the step."""
    noise = np.linspace(-0.5, 0.5, 16)
    now = sample(np.full(16, 100.0), np.zeros(16))
    offers = [
        Offer(Good(key, (key,), key), 0.1, sample(100.0 - net - cost + noise, np.full(16, cost)))
        for key, net, cost in (("a", 8.0, 20.0), ("b", 6.0, 10.0), ("c", 0.5, -3.0))
    ]
    assert ranked(market(), now, offers) == [1, 2, 0]
    ratios = [ratio_of(market(), item)[0] for item in all_differences(now, offers)]
    assert ratios == pytest.approx([0.4, 0.6, 0.5])
    item = Differences(np.zeros(4), np.array([1.0, 3.0, 2.0, 2.0]), np.array([2.0, 5.0, 4.0, 3.0]), np.arange(4))
    ratio, values = ratio_of(market(), item)
    assert ratio == pytest.approx(14.0 / 8.0)
    assert values.mean() == pytest.approx(ratio)


def test_a_gain_in_a_few_futures_is_not_bought_on_its_mean() -> None:
    """160 in one future of 16 has a larger mean than 5 in all of them, but is not distinguishable from zero."""
    rare, steady = np.where(np.arange(16) == 5, 160.0, 0.0), np.full(16, 5.0)
    now = sample(np.full(16, 100.0), np.zeros(16))
    offers = [
        Offer(Good(key, (key,), key), 0.1, sample(90.0 - gain, np.full(16, 10.0)))
        for key, gain in (("rare", rare), ("steady", steady), ("none", np.full(16, -1.0)))
    ]
    assert ranked(market(), now, offers) == [1, 0, 2]
    assert [has_gain(market(), now, offers, index) for index in range(3)] == [False, True, False]
    assert not is_clearly_best(market(), now, offers, 1)


def test_clearly_best_is_a_test_of_paired_differences() -> None:
    """Noise that all purchases share does not hide a difference; independent noise as large as it does."""
    shared = np.random.default_rng(1).normal(0.0, 5.0, 16)
    now = sample(np.full(16, 100.0), np.zeros(16))

    def offers(noise: float) -> list[Offer]:
        return [
            Offer(Good(str(i), (str(i),), str(i)), 0.1, sample(
                90.0 - net + shared + noise * np.random.default_rng(i).normal(size=16), np.full(16, 10.0)
            ))
            for i, net in enumerate((6.0, 5.0, 4.0))
        ]  # fmt: skip

    assert is_clearly_best(market(), now, offers(0.1), 0)
    assert not is_clearly_best(market(), now, offers(0.1), 1)
    assert not is_clearly_best(market(), now, offers(10.0), 0)


def test_examples() -> None:
    """The examples of the docstrings give the printed results."""
    for module in (mix_module, purchases_module):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0
