"""The raid process against its own closed forms: regime, counts, slow level, shared shock, regional split."""

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.compiled import entry
from octoplan.campaign.raiding import counts, place, roads
from octoplan.campaign.streams import LEVEL, normal, stream
from octoplan.scenario import load
from octoplan.scenario.arrays import Ints, Keys, Links, World
from tests.verification.harness import agrees, blank_world, records, streams

SHARE, STAY = 0.1, 0.25
ROUTINE, SALVO = 30.0, 90.0


@entry
def draw_counts(world: World, links: Links, keys: Keys, first: int, out: Ints) -> None:
    """Counts of some futures, (futures, days, packages), the slow level in its stationary state."""
    for future in range(out.shape[0]):
        world.raids[0].begin = normal(stream(keys, LEVEL, 0), 1 << 40, future, 0)
        out[future] = counts(world, links, keys, first + future, out.shape[1])


def at_rest(days: int) -> Links:
    """Links of which the counts read no day given and no what-if."""
    links = load("pocket").compile().links
    return links._replace(salvo_times=np.ones(days), threat_times=np.ones((days, 1)), given=np.zeros((0, 1), np.int64))


def drawn(seed: int, futures: int, days: int, *, packages: int = 1, raids: dict[str, float], **package: object) -> Ints:
    """Counts of a raid process whose assumptions not given are at rest: (futures, days, packages)."""
    process = {"salvo_share": 0.0, "salvo_stay": 0.0, "level": 1.0, "growth": 0.0, "wander": 0.0, "wander_time": 1.0}
    world = blank_world(
        raids=records("raids", 1, **(process | raids)), packages=records("packages", packages, **package)
    )
    out: NDArray[np.int64] = np.empty((futures, days, packages), np.int64)
    draw_counts(world, at_rest(days), streams(seed, packages), 0, out)
    return out


def test_share_and_spells_of_salvo_days() -> None:
    """Salvo days have their share on day 0 and ever after; each is followed by another with the stated probability."""
    salvo = drawn(121, 100_000, 60, raids={"salvo_share": SHARE, "salvo_stay": STAY}, salvo_mean=25.0)[:, :, 0] > 0
    agrees(salvo.mean(1), SHARE)
    assert abs(salvo[:, 0].mean() - SHARE) < 4 * sqrt(SHARE * (1 - SHARE) / len(salvo))
    # Frequencies of pairs: the ratio would be biased where a future has no salvo day.
    agrees((salvo[:, 1:] & salvo[:, :-1]).mean(1), SHARE * STAY)


def test_mean_and_variance_of_counts() -> None:
    """A Poisson mixture: the mean is that of the regimes, the variance adds those of intensity, level and regime."""
    cv_routine, cv_salvo, wander = 0.3, 0.2, 0.15
    found = drawn(
        122, 60_000, 40,
        raids={"salvo_share": SHARE, "salvo_stay": STAY, "level": 1.2, "wander": wander, "wander_time": 3.0},
        routine_mean=ROUTINE, routine_cv=cv_routine, salvo_mean=SALVO, salvo_cv=cv_salvo,
    )[:, :, 0]  # fmt: skip
    mean = 1.2 * ((1 - SHARE) * ROUTINE + SHARE * SALVO)
    square = (1 - SHARE) * ROUTINE**2 * (1 + cv_routine**2) + SHARE * SALVO**2 * (1 + cv_salvo**2)
    variance = mean + 1.2**2 * exp(wander**2) * square - mean**2
    agrees(found.mean(1), mean)
    agrees(((found - mean) ** 2.0).mean(1), variance)


def test_intensity_grows_as_stated() -> None:
    """Growth of 50 % a year: on day t the mean is 1.5 ** (t / 365.25) times the first day's."""
    found = drawn(123, 2_000, 201, raids={"growth": 0.5}, routine_mean=200.0)[:, 200, 0]
    agrees(found, 200.0 * 1.5 ** (200 / 365.25))


def test_quiet_days_have_their_share() -> None:
    """A share of days brings none of a package, whatever its mean."""
    found = drawn(127, 60_000, 20, raids={}, routine_mean=200.0, quiet=0.2)[:, :, 0] == 0
    agrees(found.mean(1), 0.2)


def test_the_level_starts_where_it_is_said_to() -> None:
    """From a level of b standard deviations on the eve, day t has the mean m exp(b w r^(t+1) - w^2 r^(2(t+1)) / 2)."""
    begin, wander, time, mean, days = 1.5, 0.4, 10.0, 80.0, 12
    world = blank_world(
        raids=records("raids", 1, level=1.0, wander=wander, wander_time=time, begin=begin),
        packages=records("packages", 1, routine_mean=mean),
    )
    out = np.empty((150_000, days, 1), np.int64)
    draw_from(world, at_rest(days), streams(128), out)
    for day in (0, days - 1):
        left = exp(-(day + 1) / time)
        agrees(out[:, day, 0], mean * exp(begin * wander * left - 0.5 * (wander * left) ** 2))


def test_what_ifs_are_factors() -> None:
    """Twice the salvos is twice the share; a factor on a class scales its package by its part in the mix."""
    world = blank_world(
        raids=records("raids", 1, level=1.0, wander_time=1.0, salvo_share=SHARE),
        packages=records("packages", 1, routine_mean=0.0, salvo_mean=60.0),
        threats=records("threats", 2, mix=[3.0, 1.0]),
    )
    out = np.empty((60_000, 6, 1), np.int64)
    times = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    factors = np.column_stack([np.ones(6), [1.0] * 5 + [3.0]])
    draw_from(world, at_rest(6)._replace(salvo_times=times, threat_times=factors), streams(130), out)
    assert abs((out[:, 1, 0] > 0).mean() - SHARE) < 4 * sqrt(SHARE * (1 - SHARE) / len(out))
    for day in (4, 5):
        share = (out[:, day, 0] > 0).mean()
        assert abs(share - 2 * SHARE) < 4 * sqrt(2 * SHARE * (1 - 2 * SHARE) / len(out))
        salvos = out[:, day, 0][out[:, day, 0] > 0]
        agrees(salvos, 60.0 if day == 4 else 60.0 * (3.0 + 3.0) / 4.0)


def test_given_days_are_flown_as_given() -> None:
    """Days that are given stand as they are, and the process begins on the day after them."""
    world = blank_world(
        raids=records("raids", 1, level=1.0, growth=3.0, wander_time=1.0, salvo_share=1.0, salvo_stay=1.0),
        packages=records("packages", 2, salvo_mean=90.0),
    )
    given = np.array([[7, 0], [0, 900]])
    out = np.empty((60_000, 4, 2), np.int64)
    draw_from(world, at_rest(4)._replace(given=given), streams(129, 2), out)
    assert (out[:, :2] == given).all()
    agrees(out[:, 2, 0], 90.0)
    agrees(out[:, 3, 1], 90.0 * 4.0 ** (1 / 365.25))


@entry
def draw_from(world: World, links: Links, keys: Keys, out: Ints) -> None:
    """Counts of some futures after given days, (futures, days, packages)."""
    for future in range(out.shape[0]):
        out[future] = counts(world, links, keys, future, out.shape[1])


def test_the_level_wanders_with_its_correlation_time() -> None:
    """Counts k days apart have covariance m^2 (exp(w^2 r^k) - 1), r = exp(-1 / correlation time)."""
    wander, time, mean = 0.3, 5.0, 60.0
    found = drawn(124, 80_000, 60, raids={"wander": wander, "wander_time": time}, routine_mean=mean)[:, :, 0] - mean
    for lag in (1, 3):
        exact = mean**2 * (exp(wander**2 * exp(-lag / time)) - 1.0)
        agrees((found[:, lag:] * found[:, :-lag]).mean(1), exact)


def test_packages_share_their_shock() -> None:
    """Two packages have covariance m1 m2 (exp(s1 s2 c1 c2) - 1), s^2 = log(1 + cv^2), c their coupling."""
    mean, cv, coupling = np.array([40.0, 80.0]), np.array([0.6, 0.4]), np.array([0.9, 0.7])
    found = drawn(
        125, 60_000, 40, packages=2, raids={}, routine_mean=mean, routine_cv=cv, coupling=coupling
    ) - mean  # fmt: skip
    spread = np.sqrt(np.log1p(cv**2))
    exact = mean[0] * mean[1] * (exp(spread[0] * spread[1] * coupling[0] * coupling[1]) - 1.0)
    agrees((found[:, :, 0] * found[:, :, 1]).mean(1), float(exact))


@entry
def draw_places(world: World, links: Links, keys: Keys, count: Ints, out: Ints) -> None:
    """Threats of one package by destination, and by class, of one day of each future: (futures, regions + classes)."""
    regions = world.regions.shape[0]
    for future in range(out.shape[0]):
        raid = place(world, links, roads(world, links), keys, future, 0, count)
        for i in range(raid.target.shape[0]):
            out[future, raid.target[i]] += 1
            out[future, regions + raid.threat[i]] += 1


def test_split_over_regions_and_classes() -> None:
    """Destinations are Dirichlet-multinomial around the stated shares, classes multinomial: means and variances."""
    size, concentration, futures = 8, 7.0, 300_000
    weights, mixes = np.array([1.0, 1.5, 0.0, 2.5]), np.array([2.0, 3.0])
    world = blank_world(
        regions=records("regions", 4),
        packages=records("packages", 1, span=60.0, concentration=concentration),
        splits=records("splits", 4, share=weights),
        threats=records("threats", 2, mix=mixes, direct=1),
    )
    links = load("pocket").compile().links._replace(
        region_order=np.arange(4), into_start=np.zeros(5, np.int64), into=np.zeros(0, np.int64),
        threat_times=np.ones((1, 2)),
    )  # fmt: skip
    found = np.zeros((futures, 6), np.int64)
    draw_places(world, links, streams(126, 4), np.array([size]), found)
    assert (found[:, :4].sum(1) == size).all()
    assert not found[:, 2].any()
    shares = weights / weights.sum()
    for region in (0, 1, 3):
        a = shares[region]
        agrees(found[:, region], size * a)
        variance = size * a * (1 - a) * (size + concentration) / (1 + concentration)
        agrees((found[:, region] - size * a) ** 2.0, variance)
    for k, p in enumerate(mixes / mixes.sum()):
        agrees(found[:, 4 + k], size * p)
        agrees((found[:, 4 + k] - size * p) ** 2.0, size * p * (1 - p))
