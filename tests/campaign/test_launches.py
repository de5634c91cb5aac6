"""Raids drawn alone are those that the campaign places, number for number."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octoplan.campaign.aiming import MARGIN, Aims, cell, edges, guide, near_an_edge
from octoplan.campaign.compiled import entry
from octoplan.campaign.launches import FAILED, launch_all
from octoplan.campaign.raiding import LARGEST_RAID, counts, place, roads
from octoplan.campaign.streams import keys, uniforms, unit
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Compiled, Floats, Ints, Keys, Links, Words, World, world

SEED, FUTURES = 172, 3


@entry
def count_placed(world: World, links: Links, keys: Keys, future: int, out: Ints) -> None:
    """Threats that ``place`` places in one future, by day, class and destination: (days, threats, regions)."""
    count, still = counts(world, links, keys, future, out.shape[0]), roads(world, links)
    for day in range(out.shape[0]):
        raid = place(world, links, still, keys, future, day, count[day])
        for i in range(raid.threat.shape[0]):
            out[day, raid.threat[i], raid.target[i]] += 1


def draws(scenario: Scenario, futures: int = FUTURES) -> Floats:
    return scenario.quantiles(uniforms(SEED, [f"belief/{name}" for name in scenario.columns], futures))


def placed(compiled: Compiled, assumptions: Floats) -> Ints:
    """What the campaign meets: (futures, days, threats, regions)."""
    names, days = compiled.names, len(compiled.links.month_of)
    out = np.zeros((len(assumptions), days, len(names.threats), len(names.regions)), np.int64)
    for future, row in enumerate(assumptions):
        count_placed(world(compiled, row), compiled.links, keys(SEED, names), future, out[future])
    return out


def with_days_given(compiled: Compiled) -> Compiled:
    """The first days given, then twice the salvos, with factors on the classes that begin on the third day."""
    days, threats = compiled.links.threat_times.shape
    given = np.arange(5 * len(compiled.names.packages)).reshape(5, -1) * 7 % 60
    times = np.ones((days, threats))
    times[2:] = np.linspace(0.0, 2.0, threats)
    return compiled._replace(
        links=compiled.links._replace(given=given, salvo_times=np.full(days, 2.0), threat_times=times)
    )


@pytest.mark.parametrize("given", [False, True], ids=["drawn", "given"])
@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_what_is_drawn_is_what_is_placed(name: str, *, given: bool) -> None:
    """By future, day, class and destination, with days given and what-ifs or without."""
    scenario = load(name)
    compiled = with_days_given(scenario.compile()) if given else scenario.compile()
    found = launch_all(compiled, draws(scenario), seed=SEED)
    due = placed(compiled, draws(scenario))
    assert due.any((1, 2, 3)).all()
    assert np.array_equal(found, due)


def test_any_number_of_workers() -> None:
    """Batches on one thread, on three or on none leave the same numbers."""
    scenario = load("pocket")
    assumptions = draws(scenario, 50)
    alone = launch_all(scenario.compile(), assumptions, seed=SEED)
    for threads in (1, 3):
        with ThreadPoolExecutor(threads) as executor:
            assert np.array_equal(launch_all(scenario.compile(), assumptions, seed=SEED, executor=executor), alone)


def test_a_raid_beyond_all_bounds_is_marked() -> None:
    """A future with too large a raid says so in every count, and costs no other future a threat."""
    scenario = load("pocket")
    assumptions = draws(scenario)
    good = launch_all(scenario.compile(), assumptions, seed=SEED)
    assumptions[1, scenario.columns.index("packages.raid.routine_mean")] = 10.0 * LARGEST_RAID
    found = launch_all(scenario.compile(), assumptions, seed=SEED)
    assert (found[1] == FAILED).all()
    assert np.array_equal(found[[0, 2]], good[[0, 2]])


@entry
def both_ways(mix: Floats, destinations: Floats, word: Words, out: Ints) -> None:
    """The cells of some words by the guide and by picking, (words, 2)."""
    edge = edges(mix, destinations)
    where_to = Aims(mix, destinations, edge, guide(edge))
    for i in range(word.shape[0]):
        out[i, 0] = cell(where_to, word[i])
        out[i, 1] = near_an_edge(where_to, unit(word[i]))


@pytest.mark.parametrize("seed", range(40))
def test_the_guide_finds_what_picking_finds(seed: int) -> None:
    """For any word, and for each word within a few units of an edge or of its margin; shares may be 0 or tiny."""
    rng = np.random.default_rng(seed)
    classes, regions = rng.integers(1, 9), rng.integers(1, 41)
    mix, destinations = rng.gamma(0.3, size=classes), rng.gamma(0.1, size=regions)
    mix[rng.random(classes) < 0.3] = 0.0
    destinations[rng.random(regions) < 0.3] = 0.0
    mix[rng.integers(classes)] = destinations[rng.integers(regions)] = 1.0
    mix, destinations = mix.cumsum() / mix.sum(), (destinations / destinations.sum()).cumsum()
    mix /= mix[-1]
    ends = (np.insert(mix, 0, 0.0)[:-1, None] + np.diff(mix, prepend=0.0)[:, None] * destinations).ravel()
    near = (np.array([-MARGIN, 0, MARGIN])[:, None] + np.arange(-6, 7)).ravel()
    places = ((ends * 2.0**52).astype(np.int64)[:, None] + near).ravel()
    places = np.concatenate([places, [0, 1, 2**52 - 1], rng.integers(0, 2**52, 5_000)]).clip(0, 2**52 - 1)
    out = np.empty((len(places), 2), np.int64)
    both_ways(mix, destinations, places.astype(np.uint64) << np.uint64(12), out)
    assert np.array_equal(out[:, 0], out[:, 1])
