"""Arrivals simulated separately are identical to those of the full simulation."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octoplan.campaign.arrival_batches import FAILED, arrival_inputs, simulate_arrivals
from octoplan.campaign.arrivals import LARGEST_RAID, draw_raid, package_counts
from octoplan.campaign.compiled import entry
from octoplan.campaign.routes import routes
from octoplan.campaign.streams import STREAMS, Moment, scenario_keys, to_uniform, uniforms
from octoplan.campaign.target_allocation import (
    MARGIN,
    TargetAllocation,
    cell_by_search,
    cell_edges,
    cell_index,
    find_cell,
)
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import (
    ARRIVAL_STREAMS,
    ArrivalProcess,
    Compiled,
    Floats,
    Ints,
    Links,
    Records,
    Words,
    arrival_process,
    entity_records,
)

SEED, FUTURES = 172, 3


@entry
def count_drawn(arrivals: ArrivalProcess, corridors: Records, links: Links, future: int, launched: Ints) -> None:
    """Threats of ``draw_raid`` in one future, by day, class and destination: (days, threats, regions)."""
    count, network = package_counts(arrivals, future, launched.shape[0]), routes(corridors, links)
    for day in range(launched.shape[0]):
        raid = draw_raid(arrivals, network, Moment(arrivals.keys, future, day), count[day])
        for i in range(raid.threat.shape[0]):
            launched[day, raid.threat[i], raid.target[i]] += 1


def draws(scenario: Scenario, futures: int = FUTURES) -> Floats:
    return scenario.quantiles(uniforms(SEED, [f"belief/{name}" for name in scenario.columns], futures))


def drawn_raids(compiled: Compiled, assumptions: Floats) -> Ints:
    """Threats in the full simulation: (futures, days, threats, regions)."""
    names, days = compiled.names, len(compiled.links.month_of)
    launched = np.zeros((len(assumptions), days, len(names.threats), len(names.regions)), np.int64)
    for future, draw in enumerate(assumptions):
        arrivals = arrival_process(compiled, draw, scenario_keys(SEED, names))
        corridors = entity_records(compiled, draw).corridors
        count_drawn(arrivals, corridors, compiled.links, future, launched[future])
    return launched


def with_days_given(compiled: Compiled) -> Compiled:
    """Replace the first five days by observed counts, double the salvo share, and apply class factors from day 2."""
    days, threats = compiled.links.threat_factor.shape
    observed = np.arange(5 * len(compiled.names.packages)).reshape(5, -1) * 7 % 60
    factor = np.ones((days, threats))
    factor[2:] = np.linspace(0.0, 2.0, threats)
    return compiled._replace(
        links=compiled.links._replace(observed_counts=observed, salvo_factor=np.full(days, 2.0), threat_factor=factor)
    )


@pytest.mark.parametrize("observed", [False, True], ids=["simulated", "observed"])
@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_arrivals_alone_are_those_of_the_campaign(name: str, *, observed: bool) -> None:
    """Counts by future, day, class and destination are equal, with and without observed counts and what-ifs."""
    scenario = load(name)
    compiled = with_days_given(scenario.compile()) if observed else scenario.compile()
    launched = simulate_arrivals(compiled, draws(scenario), seed=SEED)
    expected = drawn_raids(compiled, draws(scenario))
    assert expected.any((1, 2, 3)).all()
    assert np.array_equal(launched, expected)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("raids.level", True),
        ("packages.span", True),
        ("threats.mix", True),
        ("splits.share", True),
        ("threats.damage", False),
        ("crews.initial", False),
        ("plants.line_rate", False),
    ],
)
def test_inputs_of_the_arrivals_are_what_the_kernels_are_given(name: str, *, changes: bool) -> None:
    """Assumptions about arrivals change the inputs; those about damage, crews and plants do not."""
    scenario = load("pocket")
    kind, parameter = name.split(".")
    column = next(column for column in scenario.columns if re.fullmatch(rf"{kind}\.(.*\.)?{parameter}", column))
    compiled, assumptions = scenario.compile(), draws(scenario)
    before = arrival_inputs(compiled, assumptions, SEED)
    assumptions[1, scenario.columns.index(column)] += 0.125
    after = arrival_inputs(compiled, assumptions, SEED)
    assert before.keys() == after.keys()
    assert any(before[key].tobytes() != after[key].tobytes() for key in before) == changes


def test_streams_of_the_arrivals_come_first() -> None:
    """``ARRIVAL_STREAMS`` counts the kinds of stream whose names begin with ``raids/``."""
    kinds = list(STREAMS)
    assert all(kind.startswith("raids/") for kind in kinds[:ARRIVAL_STREAMS])
    assert not any(kind.startswith("raids/") for kind in kinds[ARRIVAL_STREAMS:])


def test_any_number_of_workers() -> None:
    """The counts are the same on one thread, on three, and without an executor."""
    scenario = load("pocket")
    assumptions = draws(scenario, 50)
    expected = simulate_arrivals(scenario.compile(), assumptions, seed=SEED)
    for threads in (1, 3):
        with ThreadPoolExecutor(threads) as executor:
            assert np.array_equal(
                simulate_arrivals(scenario.compile(), assumptions, seed=SEED, executor=executor), expected
            )


def test_a_future_with_too_large_a_raid_is_marked() -> None:
    """All its counts are ``FAILED``; the counts of other futures do not change."""
    scenario = load("pocket")
    assumptions = draws(scenario)
    expected = simulate_arrivals(scenario.compile(), assumptions, seed=SEED)
    assumptions[1, scenario.columns.index("packages.raid.routine_mean")] = 10.0 * LARGEST_RAID
    launched = simulate_arrivals(scenario.compile(), assumptions, seed=SEED)
    assert (launched[1] == FAILED).all()
    assert np.array_equal(launched[[0, 2]], expected[[0, 2]])


@entry
def cells_of(classes: Floats, destinations: Floats, word: Words, cells: Ints) -> None:
    """The cells of some words by indexed and by exact search, into ``cells`` (words, 2)."""
    edge = cell_edges(classes, destinations)
    allocation = TargetAllocation(classes, destinations, edge, cell_index(edge))
    for i in range(word.shape[0]):
        cells[i, 0] = find_cell(allocation, word[i])
        cells[i, 1] = cell_by_search(allocation, to_uniform(word[i]))


@pytest.mark.parametrize("seed", range(40))
def test_indexed_search_finds_the_cell_of_exact_search(seed: int) -> None:
    """Both searches give the same cell for random words and for words close to an edge or its margin."""
    rng = np.random.default_rng(seed)
    class_count, regions = rng.integers(1, 9), rng.integers(1, 41)
    mix, destinations = rng.gamma(0.3, size=class_count), rng.gamma(0.1, size=regions)
    mix[rng.random(class_count) < 0.3] = 0.0
    destinations[rng.random(regions) < 0.3] = 0.0
    mix[rng.integers(class_count)] = destinations[rng.integers(regions)] = 1.0
    mix, destinations = mix.cumsum() / mix.sum(), (destinations / destinations.sum()).cumsum()
    mix /= mix[-1]
    ends = (np.insert(mix, 0, 0.0)[:-1, None] + np.diff(mix, prepend=0.0)[:, None] * destinations).ravel()
    near = (np.array([-MARGIN, 0, MARGIN])[:, None] + np.arange(-6, 7)).ravel()
    numbers = ((ends * 2.0**52).astype(np.int64)[:, None] + near).ravel()
    numbers = np.concatenate([numbers, [0, 1, 2**52 - 1], rng.integers(0, 2**52, 5_000)]).clip(0, 2**52 - 1)
    cells = np.empty((len(numbers), 2), np.int64)
    cells_of(mix, destinations, numbers.astype(np.uint64) << np.uint64(12), cells)
    assert np.array_equal(cells[:, 0], cells[:, 1])
