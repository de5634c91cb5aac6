"""The raid process, compared with closed forms: regime, counts, slow level, common shock and regional split."""

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arrivals import draw_raid, package_counts
from octoplan.campaign.compiled import entry
from octoplan.campaign.routes import routes
from octoplan.campaign.streams import LEVEL, Moment, key_of, normal
from octoplan.scenario import load
from octoplan.scenario.arrays import ArrivalProcess, Ints, Links, Records
from tests.verification.harness import assert_mean, records, streams

SHARE, STAY = 0.1, 0.25
ROUTINE, SALVO = 30.0, 90.0


@entry
def draw_counts(arrivals: ArrivalProcess, first: int, stationary: bool, counts: Ints) -> None:
    """Fill ``counts``, (futures, days, packages); if ``stationary``, the initial slow log-intensity is drawn."""
    for future in range(counts.shape[0]):
        if stationary:
            arrivals.process[0].begin = normal(key_of(arrivals.keys, LEVEL, 0), 1 << 40, future, 0)
        counts[future] = package_counts(arrivals, first + future, counts.shape[1])


def process_of(seed: int, days: int, count: int = 1, **changes: object) -> ArrivalProcess:
    """An arrival process with zeros in its records and no observed days or what-ifs, except for ``changes``."""
    fields: dict[str, object] = {
        "process": records("raids"),
        "packages": records("packages", count),
        "splits": records("splits"),
        "threats": records("threats"),
        "observed_counts": np.zeros((0, count), np.int64),
        "salvo_factor": np.ones(days),
        "threat_factor": np.ones((days, 1)),
        "keys": streams(seed, count),
    }
    return ArrivalProcess(**(fields | changes))  # type: ignore[arg-type]


def counts_of(
    seed: int, futures: int, days: int, *, packages: int = 1, raids: dict[str, float], **package: object
) -> Ints:
    """Counts of a raid process, (futures, days, packages); parameters that are not given have no effect."""
    neutral = {"salvo_share": 0.0, "salvo_stay": 0.0, "level": 1.0, "growth": 0.0, "wander": 0.0, "wander_time": 1.0}
    arrivals = process_of(
        seed, days, packages, process=records("raids", 1, **(neutral | raids)),
        packages=records("packages", packages, **package),
    )  # fmt: skip
    counts: NDArray[np.int64] = np.empty((futures, days, packages), np.int64)
    draw_counts(arrivals, 0, True, counts)
    return counts


def test_share_and_persistence_of_salvo_days() -> None:
    """From day 0, salvo days have the stated share; another one follows with the stated probability."""
    salvo = counts_of(121, 100_000, 60, raids={"salvo_share": SHARE, "salvo_stay": STAY}, salvo_mean=25.0)[:, :, 0] > 0
    assert_mean(salvo.mean(1), SHARE)
    assert abs(salvo[:, 0].mean() - SHARE) < 4 * sqrt(SHARE * (1 - SHARE) / len(salvo))
    # Frequencies of pairs, because the ratio would be biased by futures without a salvo day.
    assert_mean((salvo[:, 1:] & salvo[:, :-1]).mean(1), SHARE * STAY)


def test_mean_and_variance_of_counts() -> None:
    """Counts are a Poisson mixture, with the variances of intensity, level and regime added."""
    cv_routine, cv_salvo, wander = 0.3, 0.2, 0.15
    counts = counts_of(
        122, 60_000, 40,
        raids={"salvo_share": SHARE, "salvo_stay": STAY, "level": 1.2, "wander": wander, "wander_time": 3.0},
        routine_mean=ROUTINE, routine_cv=cv_routine, salvo_mean=SALVO, salvo_cv=cv_salvo,
    )[:, :, 0]  # fmt: skip
    mean = 1.2 * ((1 - SHARE) * ROUTINE + SHARE * SALVO)
    square = (1 - SHARE) * ROUTINE**2 * (1 + cv_routine**2) + SHARE * SALVO**2 * (1 + cv_salvo**2)
    variance = mean + 1.2**2 * exp(wander**2) * square - mean**2
    assert_mean(counts.mean(1), mean)
    assert_mean(((counts - mean) ** 2.0).mean(1), variance)


def test_intensity_grows_as_stated() -> None:
    """Growth of 50 % a year: on day t the mean is 1.5 ** (t / 365.25) times the first day's."""
    counts = counts_of(123, 2_000, 201, raids={"growth": 0.5}, routine_mean=200.0)[:, 200, 0]
    assert_mean(counts, 200.0 * 1.5 ** (200 / 365.25))


def test_quiet_days_have_their_share() -> None:
    """On the stated share of days no threat of a package is launched, whatever its mean."""
    counts = counts_of(127, 60_000, 20, raids={}, routine_mean=200.0, quiet=0.2)[:, :, 0] == 0
    assert_mean(counts.mean(1), 0.2)


def test_the_slow_intensity_starts_where_stated() -> None:
    """From b standard deviations on the day before, day t has mean m exp(b w r^(t+1) - w^2 r^(2(t+1)) / 2)."""
    begin, wander, time, mean, days = 1.5, 0.4, 10.0, 80.0, 12
    arrivals = process_of(
        128, days, process=records("raids", 1, level=1.0, wander=wander, wander_time=time, begin=begin),
        packages=records("packages", 1, routine_mean=mean),
    )  # fmt: skip
    out = np.empty((150_000, days, 1), np.int64)
    draw_counts(arrivals, 0, False, out)
    for day in (0, days - 1):
        decay = exp(-(day + 1) / time)
        assert_mean(out[:, day, 0], mean * exp(begin * wander * decay - 0.5 * (wander * decay) ** 2))


def test_what_ifs_multiply_salvo_days_and_threats() -> None:
    """A factor of 2 on salvo days doubles their share; a factor on a class scales its package by the new mix."""
    out = np.empty((60_000, 6, 1), np.int64)
    salvo_factors = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    threat_factors = np.column_stack([np.ones(6), [1.0] * 5 + [3.0]])
    arrivals = process_of(
        130, 6, process=records("raids", 1, level=1.0, wander_time=1.0, salvo_share=SHARE),
        packages=records("packages", 1, routine_mean=0.0, salvo_mean=60.0),
        threats=records("threats", 2, mix=[3.0, 1.0]), salvo_factor=salvo_factors, threat_factor=threat_factors,
    )  # fmt: skip
    draw_counts(arrivals, 0, False, out)
    assert abs((out[:, 1, 0] > 0).mean() - SHARE) < 4 * sqrt(SHARE * (1 - SHARE) / len(out))
    for day in (4, 5):
        share = (out[:, day, 0] > 0).mean()
        assert abs(share - 2 * SHARE) < 4 * sqrt(2 * SHARE * (1 - 2 * SHARE) / len(out))
        salvos = out[:, day, 0][out[:, day, 0] > 0]
        assert_mean(salvos, 60.0 if day == 4 else 60.0 * (3.0 + 3.0) / 4.0)


def test_observed_days_keep_their_counts() -> None:
    """Observed days keep their counts, and the process starts on the next day."""
    observed_days = np.array([[7, 0], [0, 900]])
    arrivals = process_of(
        129, 4, 2, observed_counts=observed_days, packages=records("packages", 2, salvo_mean=90.0),
        process=records("raids", 1, level=1.0, growth=3.0, wander_time=1.0, salvo_share=1.0, salvo_stay=1.0),
    )  # fmt: skip
    out = np.empty((60_000, 4, 2), np.int64)
    draw_counts(arrivals, 0, False, out)
    assert (out[:, :2] == observed_days).all()
    assert_mean(out[:, 2, 0], 90.0)
    assert_mean(out[:, 3, 1], 90.0 * 4.0 ** (1 / 365.25))


def test_the_slow_intensity_has_its_correlation_time() -> None:
    """Counts k days apart have the covariance m^2 (exp(w^2 r^k) - 1), r = exp(-1 / correlation time)."""
    wander, time, mean = 0.3, 5.0, 60.0
    counts = (
        counts_of(124, 80_000, 60, raids={"wander": wander, "wander_time": time}, routine_mean=mean)[:, :, 0] - mean
    )
    for lag in (1, 3):
        exact = mean**2 * (exp(wander**2 * exp(-lag / time)) - 1.0)
        assert_mean((counts[:, lag:] * counts[:, :-lag]).mean(1), exact)


def test_packages_share_their_shock() -> None:
    """Two packages have the covariance m1 m2 (exp(s1 s2 c1 c2) - 1), s^2 = log(1 + cv^2), c their coupling."""
    mean, cv, coupling = np.array([40.0, 80.0]), np.array([0.6, 0.4]), np.array([0.9, 0.7])
    counts = counts_of(
        125, 60_000, 40, packages=2, raids={}, routine_mean=mean, routine_cv=cv, coupling=coupling
    ) - mean  # fmt: skip
    sigma = np.sqrt(np.log1p(cv**2))
    exact = mean[0] * mean[1] * (exp(sigma[0] * sigma[1] * coupling[0] * coupling[1]) - 1.0)
    assert_mean((counts[:, :, 0] * counts[:, :, 1]).mean(1), float(exact))


@entry
def count_destinations(arrivals: ArrivalProcess, links: Links, corridors: Records, count: Ints, out: Ints) -> None:
    """Fill ``out``, (futures, regions + classes), with the threats of one day by destination and by class."""
    regions, network = links.region_order.shape[0], routes(corridors, links)
    for future in range(out.shape[0]):
        raid = draw_raid(arrivals, network, Moment(arrivals.keys, future, 0), count)
        for i in range(raid.target.shape[0]):
            out[future, raid.target[i]] += 1
            out[future, regions + raid.threat[i]] += 1


def test_split_over_regions_and_classes() -> None:
    """Means and variances of destinations are Dirichlet-multinomial, and those of classes multinomial."""
    size, concentration, futures = 8, 7.0, 300_000
    weights, mixes = np.array([1.0, 1.5, 0.0, 2.5]), np.array([2.0, 3.0])
    arrivals = process_of(
        126, 1, packages=records("packages", 1, span=60.0, concentration=concentration),
        splits=records("splits", 4, share=weights), threats=records("threats", 2, mix=mixes, direct=1),
        threat_factor=np.ones((1, 2)), keys=streams(126, 4),
    )  # fmt: skip
    links = (
        load("pocket")
        .compile()
        .links._replace(region_order=np.arange(4), incoming_start=np.zeros(5, np.int64), incoming=np.zeros(0, np.int64))
    )
    counts = np.zeros((futures, 6), np.int64)
    count_destinations(arrivals, links, records("corridors"), np.array([size]), counts)
    assert (counts[:, :4].sum(1) == size).all()
    assert not counts[:, 2].any()
    shares = weights / weights.sum()
    for region in (0, 1, 3):
        a = shares[region]
        assert_mean(counts[:, region], size * a)
        variance = size * a * (1 - a) * (size + concentration) / (1 + concentration)
        assert_mean((counts[:, region] - size * a) ** 2.0, variance)
    for k, p in enumerate(mixes / mixes.sum()):
        assert_mean(counts[:, 4 + k], size * p)
        assert_mean((counts[:, 4 + k] - size * p) ** 2.0, size * p * (1 - p))
