"""The sentences of the summary, from constructed key results."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import KeyResult
from octoplan.outcomes.summary import summary


def rows(**means: float) -> dict[str, KeyResult]:
    """Key results, equal in every future; in the names of arguments ``__`` stands for ``/`` and ``_`` for ``-``."""
    results = {}
    for name, mean in means.items():
        key = name.replace("__", "/").replace("_", "-")
        key = key.replace("engagement-window", "engagement_window")
        results[key] = KeyResult(key, "group", key, "1", "amount", interval(np.full(4, mean)))
    return results


DEFENCE = {
    "nights__nothing": 60.0,
    "nights__interceptors": 5.0,
    "nights__crews": 30.0,
    "nights__engagement_window": 5.0,
}
PLANTS = {"plants__gate": 4.0, "plants__line": 20.0, "plants__part__motor": 7.0}
LEAKERS = {"leakers": 75.0, "leakers_prevented": 25.0}


def test_the_summary_names_the_most_frequent_limiting_factors() -> None:
    """Shares for the defence refer to nights with a limiting factor, for plants to all plant-days."""
    assert summary(rows(**DEFENCE, **PLANTS, **LEAKERS)) == (
        "Defence is limited most often by crews: 75 % of the region-nights on which threats passed the interceptors "
        "(interceptors 12 %, engagement window 12 %). Output of the plants is limited most often by lines (20 % of "
        "plant-days). The programme prevents 25.0 leakers (P10 25.0, P90 25.0): on average 25.0 % of those without it."
    )


def test_decoys_are_excluded() -> None:
    """The summary gives leakers excluding decoys, and says so."""
    excluding = {"leakers__excluding_decoys": 40.0, "leakers_prevented__excluding_decoys": 10.0}
    assert summary(rows(**LEAKERS, **excluding)).endswith(
        "The programme prevents 10.0 leakers (P10 10.0, P90 10.0), excluding decoys: on average 20.0 % of those "
        "without it."
    )


@pytest.mark.parametrize(("gate", "stated"), [(4.9, False), (5.0, True)])
def test_a_limiting_factor_of_the_plants_is_named_from_five_per_cent(gate: float, stated: bool) -> None:
    """A limiting factor of the plants is stated from 5 % of plant-days."""
    assert ("Output of the plants" in summary(rows(plants__gate=gate, **LEAKERS))) == stated


def test_a_part_that_limits_output_most_often_is_named() -> None:
    """The clause names the part."""
    text = summary(rows(plants__gate=4.0, plants__part__motor=7.0, **LEAKERS))
    assert "limited most often by the part motor (7 % of plant-days)" in text


def test_nothing_passed_and_nothing_launched_are_distinguished() -> None:
    """No night with a limiting factor means that no threat passed; undefined shares mean that none was launched."""
    unlimited = dict.fromkeys(DEFENCE, 0.0) | {"nights__nothing": 100.0}
    assert summary(rows(**unlimited, **LEAKERS)).startswith("No threat that interceptors could engage passed them.")
    undefined = dict.fromkeys(DEFENCE, nan)
    assert summary(rows(**undefined, **LEAKERS)).startswith("No threat that interceptors can engage was launched.")


@pytest.mark.parametrize(("leakers", "prevented"), [(0.0, 0.0), (-5.0, 2.0), (nan, 1.0), (inf, 1.0)])
def test_without_leakers_the_programme_is_not_mentioned(leakers: float, prevented: float) -> None:
    """There is no share of leakers if their number is 0, undefined or infinite."""
    assert "The programme" not in summary(rows(leakers=leakers, leakers_prevented=prevented))


def test_a_share_is_the_mean_over_futures_in_which_it_is_defined() -> None:
    """Futures in which a share is undefined are excluded from its mean."""
    results = rows(**DEFENCE, **LEAKERS)
    key = "nights/crews"
    results[key] = replace(results[key], interval=interval(np.array([nan, 30.0, 30.0])))
    assert "crews: 75 %" in summary(results)
