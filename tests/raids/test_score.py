"""Scores by origin: the counts that a forecaster receives, the sums that are scored, and invalid inputs."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import nbinom

from octoplan.raids.score import Days, Scores, mean_absolute_deviations, origins, score
from octoplan.scenario.arrays import Ints


@dataclass(frozen=True)
class NegativeBinomial:
    """Forecaster of independent negative binomial days; with its default parameters it draws the test records."""

    name: str = "true process"
    means: tuple[float, float] = (150.0, 6.0)
    r: float = 2.0

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.shape[1] == 2
        p = self.r / (self.r + np.array(self.means))
        return np.random.default_rng(seed).negative_binomial(self.r, p, (draws, horizon, 2))


@dataclass(frozen=True)
class Recorder:
    """Forecaster that forecasts 0 and records the counts and seeds that it receives."""

    name: str = "recorder"
    received: list[Ints] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.base is None
        self.received.append(counts)
        self.seeds.append(seed)
        return np.zeros((draws, horizon, 2), np.int64)


@dataclass(frozen=True)
class InvalidForecaster:
    """Forecaster that returns the array of a function of draws and horizon."""

    make_paths: Callable[[int, int], Ints]
    name: str = "invalid"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert len(counts)
        assert seed >= 0
        return self.make_paths(draws, horizon)


def simulated_record(n: int, seed: int = 3) -> tuple[Ints, Days]:
    """Counts and days of a record drawn from the true process."""
    counts = NegativeBinomial().paths(np.zeros((0, 2), np.int64), n, 1, seed)[0]
    return counts, np.datetime64("2020-01-01") + np.arange(n)


def are_bit_identical(a: Scores, b: Scores) -> bool:
    """Whether two ``Scores`` are bit-identical."""
    pairs = [(getattr(a, item.name), getattr(b, item.name)) for item in fields(Scores)]
    return all(x.tobytes() == y.tobytes() if isinstance(x, np.ndarray) else x == y for x, y in pairs)


def test_origins_are_equally_spaced() -> None:
    """Origins are spaced by the step from the first day; none is after the last day."""
    _, days = simulated_record(60)
    rows = origins(days, "2020-01-06", "2020-02-01", 7)
    assert days[rows].astype(str).tolist() == ["2020-01-06", "2020-01-13", "2020-01-20", "2020-01-27"]


@pytest.mark.parametrize(
    ("first", "last", "step", "message"),
    [
        ("2019-12-31", "2020-02-01", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-01-06", "2020-03-01", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-02-01", "2020-01-06", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-01-06", "2020-02-01", 0, "every 0 days: the step must be at least 1 day"),
    ],
)
def test_invalid_origins_are_refused(first: str, last: str, step: int, message: str) -> None:
    """Origins outside the record and a step of zero days are errors."""
    with pytest.raises(ValueError, match=message):
        origins(simulated_record(60)[1], first, last, step)


def test_days_with_a_gap_are_refused() -> None:
    """Days that are not consecutive are an error."""
    with pytest.raises(ValueError, match="without a gap"):
        origins(np.delete(simulated_record(60)[1], 30), "2020-01-06", "2020-02-01", 7)


def test_a_forecaster_receives_no_later_day() -> None:
    """A forecaster receives a copy of the counts up to the origin, and a different seed for each origin."""
    counts, days = simulated_record(60)
    recorder = Recorder()
    score(counts, days, recorder, np.array([9, 30]), horizons=(1,), draws=10)
    assert [received.tolist() for received in recorder.received] == [counts[:10].tolist(), counts[:31].tolist()]
    assert len(set(recorder.seeds)) == 2


def test_observed_sums_begin_on_the_day_after_the_origin() -> None:
    """A sum over h days covers the h days after the origin; the CRPS of a forecast of 0 equals the sum."""
    counts, days = simulated_record(60)
    scores = score(counts, days, Recorder(), np.array([9]), horizons=(1, 7), draws=10)
    assert scores.observed[0].tolist() == [counts[10].tolist(), counts[10:17].sum(axis=0).tolist()]
    assert scores.crps.tolist() == scores.observed.tolist()
    assert scores.energy_score[0, 0] == pytest.approx(np.hypot(*(counts[10] / mean_absolute_deviations(counts[:10]))))


def test_sums_beyond_the_end_of_the_record_are_not_scored() -> None:
    """If the record ends before the horizon, there is a forecast but no score."""
    counts, days = simulated_record(60)
    scores = score(counts, days, NegativeBinomial(), np.array([51, 52, 53]), horizons=(7, 8), draws=50)
    arrays = (
        scores.crps[..., 0],
        scores.log_score[..., 1],
        scores.pit[..., 0],
        scores.energy_score,
        scores.observed[..., 1],
    )
    for values in arrays:
        assert np.isnan(values).tolist() == [[False, False], [False, True], [True, True]]
    assert not np.isnan(scores.mean).any()
    assert not np.isnan(scores.quantiles).any()
    assert scores.known_pits(7).shape == (2,)


def test_sums_with_an_unknown_day_are_not_scored() -> None:
    """Sums that include an unknown count are not scored, and origins after an unknown count are refused."""
    counts, days = simulated_record(60)
    is_known = np.ones(60, bool)
    is_known[35] = False
    scores = score(counts, days, NegativeBinomial(), np.array([30, 33]), horizons=(1, 7), draws=50, is_known=is_known)
    assert np.isnan(scores.crps[..., 0]).tolist() == [[False, True], [False, True]]
    message = "1 day up to the last origin, 2020-02-10, are unknown, the first on 2020-02-05"
    with pytest.raises(ValueError, match=message):
        score(counts, days, NegativeBinomial(), np.array([30, 40]), is_known=is_known)


@pytest.mark.parametrize("seed", [1, 2])
def test_scores_are_bit_identical_with_any_executor(seed: int) -> None:
    """One thread, two threads and two processes give bit-identical scores; another seed gives other scores."""
    counts, days = simulated_record(120)
    rows = origins(days, "2020-02-01", "2020-04-01", 10)

    def run(executor: ThreadPoolExecutor | ProcessPoolExecutor | None, seed: int) -> Scores:
        return score(counts, days, NegativeBinomial(), rows, horizons=(1, 7), draws=100, seed=seed, executor=executor)

    in_this_thread = run(None, seed)
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert are_bit_identical(in_this_thread, run(threads, seed))
        assert are_bit_identical(in_this_thread, run(processes, seed))
    assert not are_bit_identical(in_this_thread, replace(run(None, seed + 2), seed=seed))


def test_the_score_of_an_origin_does_not_depend_on_the_others() -> None:
    """The random numbers of an origin depend on its day and not on its index among the origins."""
    counts, days = simulated_record(60)
    both, second = (
        score(counts, days, NegativeBinomial(), np.array(rows), horizons=(7,), draws=50) for rows in ([20, 30], [30])
    )
    assert both.pit[1].tolist() == second.pit[0].tolist()


def test_progress_counts_every_origin() -> None:
    """The callback receives the number of completed origins and the total after each origin."""
    counts, days = simulated_record(60)
    calls: list[tuple[int, int]] = []
    rows = np.array([9, 19, 29])
    score(counts, days, NegativeBinomial(), rows, horizons=(1,), draws=5, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "make_paths",
    [
        lambda draws, horizon: np.zeros((draws, horizon), np.int64),
        lambda draws, horizon: np.zeros((draws, horizon - 1, 2), np.int64),
        lambda draws, horizon: np.full((draws, horizon, 2), 0.5),
        lambda draws, horizon: np.full((draws, horizon, 2), -1),
    ],
)
def test_an_invalid_forecast_is_refused(make_paths: Callable[[int, int], Ints]) -> None:
    """Counts of another shape, fractions and negative counts are refused with the name of the forecaster."""
    counts, days = simulated_record(60)
    with pytest.raises(ValueError, match=r"invalid drew .*; expected non-negative integers of shape \(5, 7, 2\)"):
        score(counts, days, InvalidForecaster(make_paths), np.array([9]), horizons=(1, 7), draws=5)


@pytest.mark.parametrize(("rows", "horizons"), [([], (1,)), ([9], ()), ([9], (0,)), ([-1], (1,)), ([60], (1,))])
def test_nothing_to_score_is_an_error(rows: list[int], horizons: tuple[int, ...]) -> None:
    """No origin, no horizon, an origin outside the record, and counts of a single series are errors."""
    counts, days = simulated_record(60)
    with pytest.raises(ValueError, match="nothing to score in 60 days"):
        score(counts, days, NegativeBinomial(), np.array(rows, np.int64), horizons=horizons)
    with pytest.raises(ValueError, match=r"shape \(60, 1\)"):
        score(counts[:, :1], days, NegativeBinomial(), np.array([9]))


def test_the_pit_of_an_ensemble_approaches_that_of_its_distribution() -> None:
    """With many draws the PIT of a sum of seven days is that of NB(7r), within the sampling error."""
    counts, days = simulated_record(2000)
    rows = np.arange(29, 200, 7)
    scores = score(counts, days, NegativeBinomial(), rows, horizons=(7,), draws=4000)
    low, high = (nbinom(14, 2 / 152).cdf(scores.observed[:, 0, 0] - step) for step in (1, 0))
    error = 5 * 0.5 / sqrt(4000)
    assert (scores.known_pits(7) >= low - error).all()
    assert (scores.known_pits(7) <= high + error).all()


def test_mean_absolute_deviations_by_hand() -> None:
    """With 20 drones on 183 of the last 365 days and otherwise 0, the mean is 20·183/365.

    The mean absolute deviation is 2·20·(183/365)(182/365). Missiles, all 0, have the minimum of 1.
    """
    counts = np.zeros((400, 2), np.int64)
    counts[:35] = 1000
    counts[35::2, 0] = 20
    assert mean_absolute_deviations(counts) == pytest.approx([40 * 183 * 182 / 365**2, 1], rel=1e-12)


def test_unknown_horizons_and_series_are_refused() -> None:
    """A horizon that was not scored and an unknown series are errors that list the valid ones."""
    counts, days = simulated_record(60)
    scores = score(counts, days, Recorder(), np.array([9]), horizons=(7,), draws=5)
    with pytest.raises(ValueError, match="horizon 30 was not scored; the scored horizons are 7"):
        scores.losses(30)
    with pytest.raises(ValueError, match="'balloons' is not a series"):
        scores.losses(7, "balloons")
