"""Impact of assumptions: red, amber and green by their definitions, and the table of quality against impact."""

import math
from dataclasses import replace

import pytest

from octoplan.explore.impact import (
    AMBER,
    GREEN,
    NOT_RATED,
    RATINGS,
    RED,
    ResultEffects,
    impacts,
    quality_by_impact,
    result_effects,
)
from octoplan.explore.results import Estimate, Impact, Information, SwitchingValue, TornadoBar
from octoplan.outcomes.sensitivity import sensitivities
from octoplan.scenario.assumptions import QUALITIES
from tests.outcomes.runs import ranged

DAMAGE, LABOUR, KILL, BIAS = (
    "threats.drone.damage", "plants.bench.labour_rate", "lethality.pocket.drone.p_kill", "finance.optimism_bias"
)  # fmt: skip
NOTHING = Estimate(0.0, 0.0, 0.0)


def around(value: float, half_width: float) -> Estimate:
    return Estimate(value, value - half_width, value + half_width)


def rated(
    effects: list[ResultEffects], switching: tuple[SwitchingValue, ...] = (), information: tuple[Information, ...] = ()
) -> dict[str, Impact]:
    ratings = impacts(
        ranged().scenario.assumptions, effects, switching, information, {"none": "no programme"}, "GBP (2025)"
    )
    assert [item.name for item in ratings] == list(ranged().scenario.columns)
    return {item.name: item for item in ratings}


def effects(**by_name: Estimate) -> ResultEffects:
    names = {"damage": DAMAGE, "labour": LABOUR, "kill": KILL, "bias": BIAS}
    return ResultEffects("leakers", "threats", {names[key]: value for key, value in by_name.items()})


def test_a_tenth_of_the_largest_effect_is_amber() -> None:
    """An effect of at least a tenth of the largest is amber if distinguishable from zero, and otherwise green."""
    result = effects(
        damage=around(100.0, 1.0), labour=around(-10.1, 1.0), kill=around(9.9, 1.0), bias=around(50.0, 40.0)
    )
    ratings = rated([result])
    assert [ratings[name].rating for name in (DAMAGE, LABOUR, KILL, BIAS)] == [AMBER, AMBER, GREEN, GREEN]
    assert ratings["crews.initial"].rating == NOT_RATED
    assert ratings[LABOUR].reason == (
        "between its low and its high values, leakers changes by -10.1 threats, 10 % of the largest effect"
    )
    assert ratings[DAMAGE].reason.endswith("100 threats, the largest effect")


def test_an_effect_is_distinguishable_beyond_3_3_standard_errors() -> None:
    """Half a 95 % interval is two standard errors."""
    assert rated([effects(kill=around(1.0, 2.0 / 3.29))])[KILL].rating == GREEN
    assert rated([effects(kill=around(1.0, 2.0 / 3.31))])[KILL].rating == AMBER
    assert rated([effects(kill=NOTHING)])[KILL].rating == GREEN


def test_an_effect_that_is_not_distinguishable_is_no_largest() -> None:
    """The largest effect is that of those distinguishable from zero."""
    assert rated([effects(kill=around(1.0, 0.1), bias=around(99.0, 90.0))])[KILL].reason.endswith("the largest effect")


def test_the_result_with_the_largest_share_is_named() -> None:
    """Of several key results, the reason is the one on which the assumption has the largest share."""
    other = ResultEffects("net benefit", "GBP (2025)", {KILL: around(3e6, 1e5), DAMAGE: around(-6e6, 1e5)})
    ratings = rated([effects(kill=around(2.0, 0.1), bias=around(10.0, 0.1)), other])
    assert ratings[KILL].reason.endswith("net benefit changes by 3.00 M GBP (2025), 50 % of the largest effect")
    assert ratings[BIAS].reason.endswith("leakers changes by 10.0 threats, the largest effect")


some = ResultEffects("leakers", "threats", {KILL: NOTHING})
"""Effects of which none is distinguishable from zero."""


def switching(name: str, at_ends: tuple[Estimate, Estimate]) -> SwitchingValue:
    return SwitchingValue(name, around(0.7, 0.1), 0.4, "none", "buy", (0.62, 0.88), at_ends)


def test_a_switching_value_clearly_within_the_range_is_red() -> None:
    """The decision must change from clearly one to clearly the other between P10 and P90."""
    clear = rated([some], (switching(KILL, (around(-2.0, 1.0), around(3.0, 1.0))),))
    assert clear[KILL].rating == RED
    assert (
        clear[KILL].reason
        == "below 0.700 “no programme” is better on average, above it “buy”; its P10 is 0.620, its P90 0.880"
    )
    for at_ends in ((around(-2.0, 3.0), around(3.0, 1.0)), (around(1.0, 0.5), around(3.0, 1.0)), (NOTHING, NOTHING)):
        assert rated([some], (switching(KILL, at_ends),))[KILL].rating == GREEN
    unknown = replace(switching(KILL, (NOTHING, NOTHING)), at_ends=(around(math.nan, 1.0), around(1.0, 0.1)))
    assert rated([some], (unknown,))[KILL].rating == GREEN


def test_an_assumption_worth_knowing_is_red() -> None:
    """Its value of perfect information is above zero, beyond its interval; trials and groups do not count."""
    worth = Information(KILL, "", Estimate(2.5e6, 1e5, 5e6))
    ratings = rated([effects(kill=around(2.0, 0.1))], information=(worth, Information("group", "", around(9.0, 1.0))))
    assert ratings[KILL].rating == RED
    assert ratings[KILL].reason == "knowing it is worth 2.50 M GBP (2025) for the choice of the decision"
    nothing = Information(KILL, "", Estimate(2.5e6, 0.0, 5e6))
    trial = replace(worth, size=10)
    assert rated([some], information=(nothing, trial))[KILL].rating == GREEN


def test_bars_take_the_place_of_the_effects_in_the_run() -> None:
    """Where an assumption was simulated at its ends, this is its effect; those of others are from the run."""
    run = ranged()
    column = run.scenario.columns.index(DAMAGE)
    items = sensitivities(run, run.assumptions.values[:, column])
    top = items[0]
    assert top.assumption.name == DAMAGE
    bar = TornadoBar(KILL, "leakers", (0.6, 0.9), NOTHING, NOTHING, around(7.0, 1.0))
    result = result_effects("leakers", "threats", items, [bar])
    assert result.by_name[KILL] == bar.difference
    assert result.by_name[DAMAGE].value == top.difference
    assert result.by_name[DAMAGE].high - result.by_name[DAMAGE].value == pytest.approx(2.0 * top.error)
    assert set(result_effects("", "", items).distinguishable) == {
        item.assumption.name for item in items if item.distinguishable
    }


def test_the_table_of_quality_against_impact_has_every_assumption_once() -> None:
    """Every cell is there, the weakest quality and the largest impact first, and the names are those of the log."""
    assumptions = ranged().scenario.assumptions
    ratings = impacts(assumptions, [effects(kill=around(1.0, 0.1))])
    table = quality_by_impact(assumptions, ratings)
    assert list(table) == [(quality, rating) for quality in QUALITIES[::-1] for rating in RATINGS]
    assert sorted(name for names in table.values() for name in names) == sorted(ranged().scenario.columns)
    quality = next(a.quality for a in assumptions if a.name == KILL)
    assert table[quality, AMBER] == (KILL,)


def test_what_cannot_be_estimated_is_not_rated() -> None:
    """Without a range, or without an effect estimated, an assumption is not rated, and the reason says which."""
    ratings = rated([some])
    assert (ratings[KILL].rating, ratings[DAMAGE].rating, ratings["crews.initial"].rating) == (
        GREEN,
        NOT_RATED,
        NOT_RATED,
    )
    assert "too few futures" in ratings[DAMAGE].reason
    assert "no range" in ratings["crews.initial"].reason
    clear = (around(-2.0, 1.0), around(3.0, 1.0))
    assert rated([], (switching(DAMAGE, clear),))[DAMAGE].rating == RED
