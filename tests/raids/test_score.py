"""Scores by origin: what a forecaster receives, what is summed, and what is refused."""

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
    """Independent negative binomial days; the records of these tests are drawn from it with its default parameters."""

    name: str = "true process"
    means: tuple[float, float] = (150.0, 6.0)
    r: float = 2.0

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.shape[1] == 2
        p = self.r / (self.r + np.array(self.means))
        return np.random.default_rng(seed).negative_binomial(self.r, p, (draws, horizon, 2))


@dataclass(frozen=True)
class Recorder:
    """Forecasts 0, and records the counts and seeds that it receives."""

    name: str = "recorder"
    received: list[Ints] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.base is None
        self.received.append(counts)
        self.seeds.append(seed)
        return np.zeros((draws, horizon, 2), np.int64)


@dataclass(frozen=True)
class Broken:
    """Returns whatever array a function makes."""

    make: Callable[[int, int], Ints]
    name: str = "broken"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert len(counts)
        assert seed >= 0
        return self.make(draws, horizon)


def simulated_record(n: int, seed: int = 3) -> tuple[Ints, Days]:
    """Counts and days of a record drawn from the true process."""
    counts = NegativeBinomial().paths(np.zeros((0, 2), np.int64), n, 1, seed)[0]
    return counts, np.datetime64("2020-01-01") + np.arange(n)


def have_same_bits(a: Scores, b: Scores) -> bool:
    """Whether two scores hold the same bits."""
    pairs = [(getattr(a, item.name), getattr(b, item.name)) for item in fields(Scores)]
    return all(x.tobytes() == y.tobytes() if isinstance(x, np.ndarray) else x == y for x, y in pairs)


def test_origins_are_equally_spaced() -> None:
    """Origins follow each other by the step from the first, none after the last."""
    _, days = simulated_record(60)
    rows = origins(days, "2020-01-06", "2020-02-01", 7)
    assert days[rows].astype(str).tolist() == ["2020-01-06", "2020-01-13", "2020-01-20", "2020-01-27"]


@pytest.mark.parametrize(
    ("first", "last", "step", "message"),
    [
        ("2019-12-31", "2020-02-01", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-01-06", "2020-03-01", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-02-01", "2020-01-06", 7, "the record is from 2020-01-01 to 2020-02-29"),
        ("2020-01-06", "2020-02-01", 0, "every 0 days: at least 1 is needed"),
    ],
)
def test_impossible_origins_are_refused(first: str, last: str, step: int, message: str) -> None:
    """Origins outside the record, or without a step, are errors."""
    with pytest.raises(ValueError, match=message):
        origins(simulated_record(60)[1], first, last, step)


def test_days_with_a_gap_are_refused() -> None:
    """A record has every day between its first and its last."""
    with pytest.raises(ValueError, match="without a gap"):
        origins(np.delete(simulated_record(60)[1], 30), "2020-01-06", "2020-02-01", 7)


def test_a_forecaster_receives_no_later_day() -> None:
    """It receives the days up to and including the origin, in an array of its own, and a seed for each origin."""
    counts, days = simulated_record(60)
    recorder = Recorder()
    score(counts, days, recorder, np.array([9, 30]), horizons=(1,), draws=10)
    assert [received.tolist() for received in recorder.received] == [counts[:10].tolist(), counts[:31].tolist()]
    assert len(set(recorder.seeds)) == 2


def test_observed_sums_begin_on_the_day_after_the_origin() -> None:
    """The sum over h days is that of the h days after the origin; a forecast of 0 misses it by its value."""
    counts, days = simulated_record(60)
    scores = score(counts, days, Recorder(), np.array([9]), horizons=(1, 7), draws=10)
    assert scores.observed[0].tolist() == [counts[10].tolist(), counts[10:17].sum(axis=0).tolist()]
    assert scores.crps.tolist() == scores.observed.tolist()
    assert scores.energy[0, 0] == pytest.approx(np.hypot(*(counts[10] / mean_absolute_deviations(counts[:10]))))


def test_sums_beyond_the_end_of_the_record_are_not_scored() -> None:
    """Where the record ends before the horizon there is a forecast and no score."""
    counts, days = simulated_record(60)
    scores = score(counts, days, NegativeBinomial(), np.array([51, 52, 53]), horizons=(7, 8), draws=50)
    arrays = (scores.crps[..., 0], scores.log_score[..., 1], scores.pit[..., 0], scores.energy, scores.observed[..., 1])
    for values in arrays:
        assert np.isnan(values).tolist() == [[False, False], [False, True], [True, True]]
    assert not np.isnan(scores.mean).any()
    assert not np.isnan(scores.quantiles).any()
    assert scores.known_pits(7).shape == (2,)


def test_sums_with_an_unknown_day_are_not_scored() -> None:
    """No sum that includes an unknown count is scored, and no forecaster receives one."""
    counts, days = simulated_record(60)
    known = np.ones(60, bool)
    known[35] = False
    scores = score(counts, days, NegativeBinomial(), np.array([30, 33]), horizons=(1, 7), draws=50, known=known)
    assert np.isnan(scores.crps[..., 0]).tolist() == [[False, True], [False, True]]
    message = "1 day up to the last origin, 2020-02-10, are not known, first on 2020-02-05"
    with pytest.raises(ValueError, match=message):
        score(counts, days, NegativeBinomial(), np.array([30, 40]), known=known)


@pytest.mark.parametrize("seed", [1, 2])
def test_scores_have_the_same_bits_on_any_executor(seed: int) -> None:
    """One thread, two threads or two processes give the same bits; another seed gives others."""
    counts, days = simulated_record(120)
    rows = origins(days, "2020-02-01", "2020-04-01", 10)

    def run(executor: ThreadPoolExecutor | ProcessPoolExecutor | None, seed: int) -> Scores:
        return score(counts, days, NegativeBinomial(), rows, horizons=(1, 7), draws=100, seed=seed, executor=executor)

    in_this_thread = run(None, seed)
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert have_same_bits(in_this_thread, run(threads, seed))
        assert have_same_bits(in_this_thread, run(processes, seed))
    assert not have_same_bits(in_this_thread, replace(run(None, seed + 2), seed=seed))


def test_the_score_of_an_origin_does_not_depend_on_the_others() -> None:
    """The random numbers of an origin are drawn from its day, not from its index among the origins."""
    counts, days = simulated_record(60)
    both, second = (
        score(counts, days, NegativeBinomial(), np.array(rows), horizons=(7,), draws=50) for rows in ([20, 30], [30])
    )
    assert both.pit[1].tolist() == second.pit[0].tolist()


def test_progress_counts_every_origin() -> None:
    """The callback receives the number of origins done, up to their total."""
    counts, days = simulated_record(60)
    calls: list[tuple[int, int]] = []
    rows = np.array([9, 19, 29])
    score(counts, days, NegativeBinomial(), rows, horizons=(1,), draws=5, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda draws, horizon: np.zeros((draws, horizon), np.int64),
        lambda draws, horizon: np.zeros((draws, horizon - 1, 2), np.int64),
        lambda draws, horizon: np.full((draws, horizon, 2), 0.5),
        lambda draws, horizon: np.full((draws, horizon, 2), -1),
    ],
)
def test_an_invalid_forecast_is_refused(make: Callable[[int, int], Ints]) -> None:
    """Paths of another shape, fractions and negative counts are refused with the name of the forecaster."""
    counts, days = simulated_record(60)
    with pytest.raises(ValueError, match=r"broken drew .*, expected counts \(5, 7, 2\)"):
        score(counts, days, Broken(make), np.array([9]), horizons=(1, 7), draws=5)


@pytest.mark.parametrize(("rows", "horizons"), [([], (1,)), ([9], ()), ([9], (0,)), ([-1], (1,)), ([60], (1,))])
def test_nothing_to_score_is_an_error(rows: list[int], horizons: tuple[int, ...]) -> None:
    """No origin, no horizon, an origin outside the record, or counts of one series are errors, not an empty table."""
    counts, days = simulated_record(60)
    with pytest.raises(ValueError, match="nothing to score in 60 days"):
        score(counts, days, NegativeBinomial(), np.array(rows, np.int64), horizons=horizons)
    with pytest.raises(ValueError, match=r"shape \(60, 1\)"):
        score(counts[:, :1], days, NegativeBinomial(), np.array([9]))


def test_the_pit_of_an_ensemble_approaches_that_of_its_distribution() -> None:
    """With many draws the PIT of a sum of seven days is that of NB(7r), within the Monte Carlo error."""
    counts, days = simulated_record(2000)
    rows = np.arange(29, 200, 7)
    scores = score(counts, days, NegativeBinomial(), rows, horizons=(7,), draws=4000)
    low, high = (nbinom(14, 2 / 152).cdf(scores.observed[:, 0, 0] - step) for step in (1, 0))
    error = 5 * 0.5 / sqrt(4000)
    assert (scores.known_pits(7) >= low - error).all()
    assert (scores.known_pits(7) <= high + error).all()


def test_units_are_mean_absolute_deviations() -> None:
    """The last 365 days, 182 or 183 of them 20 and the others 0, deviate by 10 less 1 in 73,000; a unit is at least 1.

    With 183 of 365 days at 20 the mean is 20·183/365, and the mean absolute deviation 2·20·(183/365)(182/365).
    """
    counts = np.zeros((400, 2), np.int64)
    counts[:35] = 1000
    counts[35::2, 0] = 20
    assert mean_absolute_deviations(counts) == pytest.approx([40 * 183 * 182 / 365**2, 1], rel=1e-12)


def test_unknown_horizons_and_series_are_refused() -> None:
    """A horizon that was not scored and a series that does not exist are errors that name what there is."""
    counts, days = simulated_record(60)
    scores = score(counts, days, Recorder(), np.array([9]), horizons=(7,), draws=5)
    with pytest.raises(ValueError, match="horizon 30 was not scored; the scored horizons are 7"):
        scores.losses(30)
    with pytest.raises(ValueError, match="'balloons' is not a series"):
        scores.losses(7, "balloons")
