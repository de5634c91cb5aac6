"""Scores against closed forms and brute force, and verdicts that are right as often as they claim."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, fields, replace
from itertools import product
from math import isnan, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, nbinom, norm

from octoplan.raids.score import (
    CLASSES,
    HEAD,
    LEVELS,
    PAIR,
    Days,
    Scores,
    block_mean,
    coverage,
    crps,
    deviations,
    difference,
    energy,
    log_loss,
    origins,
    pit,
    pit_test,
    score,
    table,
)
from octoplan.scenario.arrays import Floats, Ints

SMALL = st.lists(st.integers(0, 50), min_size=1, max_size=8)


@dataclass(frozen=True)
class Law:
    """Independent negative binomial days; the record of the tests is drawn from the law as it stands."""

    name: str = "law"
    means: tuple[float, float] = (150.0, 6.0)
    r: float = 2.0

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.shape[1] == 2
        p = self.r / (self.r + np.array(self.means))
        return np.random.default_rng(seed).negative_binomial(self.r, p, (draws, horizon, 2))


@dataclass(frozen=True)
class Witness:
    """Forecasts nothing at all, and remembers what it was given and all that can be reached from it."""

    name: str = "witness"
    given: list[Ints] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert counts.base is None
        self.given.append(counts)
        self.seeds.append(seed)
        return np.zeros((draws, horizon, 2), np.int64)


@dataclass(frozen=True)
class Broken:
    """Draws whatever it is told to."""

    drawn: Callable[[int, int], Ints]
    name: str = "broken"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        assert len(counts)
        assert seed >= 0
        return self.drawn(draws, horizon)


def record(n: int, seed: int = 3) -> tuple[Ints, Days]:
    """Counts and days of a record drawn from the law."""
    counts = Law().paths(np.zeros((0, 2), np.int64), n, 1, seed)[0]
    return counts, np.datetime64("2020-01-01") + np.arange(n)


def same(a: Scores, b: Scores) -> bool:
    """Whether two scores hold the same bits."""
    pairs = [(getattr(a, each.name), getattr(b, each.name)) for each in fields(Scores)]
    return all(x.tobytes() == y.tobytes() if isinstance(x, np.ndarray) else x == y for x, y in pairs)


def made(losses: Floats, step: int = 7, horizons: tuple[int, ...] = (7,)) -> Scores:
    """Scores of given CRPS of drones: (o, horizons)."""
    shape = (len(losses), len(horizons), 2)
    ranked = np.zeros(shape)
    ranked[..., 0] = losses
    days = np.datetime64("2025-01-06") + step * np.arange(len(losses))
    zeros, quantiles = np.zeros(shape), np.zeros((*shape, 7))
    return Scores(
        "made", days, horizons, 1, 1, zeros[:, 0], zeros, zeros, quantiles, ranked, zeros, zeros, ranked[..., 0]
    )


@given(SMALL, st.integers(0, 60))
def test_crps_is_the_double_sum(drawn: list[int], seen: int) -> None:
    """The CRPS of an ensemble is its mean distance from what came, less half that between all pairs of draws."""
    far = sum(abs(x - seen) for x in drawn) / len(drawn)
    apart = sum(abs(x - y) for x, y in product(drawn, drawn)) / len(drawn) ** 2
    assert crps(np.array(drawn, float), seen) == pytest.approx(far - apart / 2, abs=1e-12)


@pytest.mark.parametrize("y", [-1.5, 0.0, 0.4, 3.0])
def test_crps_of_a_normal(y: float) -> None:
    """The quantiles of a normal score as the normal does (Gneiting and Raftery 2007, section 4.2)."""
    m = 20_000
    closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / sqrt(np.pi)
    assert crps(norm.ppf((np.arange(m) + 0.5) / m), y) == pytest.approx(closed, abs=1e-4)


@pytest.mark.parametrize("y", [0.0, 0.7, 5.0])
def test_crps_of_an_exponential(y: float) -> None:
    """The quantiles of an exponential score as it does: y - 2(1 - exp(-y)) + 1/2."""
    m = 20_000
    quantiles = -np.log1p(-(np.arange(m) + 0.5) / m)
    assert crps(quantiles, y) == pytest.approx(y - 2 * (1 - np.exp(-y)) + 0.5, abs=2e-4)


@given(SMALL, st.integers(0, 60))
def test_energy_in_one_dimension_is_crps(drawn: list[int], seen: int) -> None:
    """The energy score of one class is its CRPS."""
    ensemble = np.array(drawn, float)
    assert energy(ensemble[:, None], np.array([float(seen)])) == pytest.approx(crps(ensemble, seen), abs=1e-12)


def test_energy_is_the_double_sum() -> None:
    """All pairs of draws count in the energy score, also where there are more draws than are held at a time."""
    drawn, seen = np.random.default_rng(1).normal(size=(600, 2)), np.array([0.3, -1.0])
    apart = np.linalg.norm(drawn[:, None] - drawn[None], axis=2).mean()
    assert energy(drawn, seen) == pytest.approx(np.linalg.norm(drawn - seen, axis=1).mean() - apart / 2, rel=1e-12)


def test_energy_sees_whether_a_pair_belongs_together() -> None:
    """Of two forecasts alike in each class, the one whose classes come together as they do scores better."""
    rng = np.random.default_rng(2)
    shared = rng.normal(size=(1500, 1))
    truth = shared + 0.3 * rng.normal(size=(1500, 2))
    apart = np.column_stack([truth[:, 0], rng.permutation(truth[:, 1])])
    scores = [[energy(each[:400], y) for y in truth[500:700]] for each in (truth, apart)]
    assert np.mean(scores[0]) < np.mean(scores[1])


@pytest.mark.parametrize("drawn", [[0, 0, 0, 4, 6], [7] * 9, [0] * 9, [100, 150, 220, 400]])
def test_chances_of_all_counts_sum_to_one(drawn: list[int]) -> None:
    """The log score is that of a law over the counts from nought on: a Cauchy tail of 1/(m + 1) is all that is left."""
    chances = np.exp([-log_loss(np.array(drawn, float), k) for k in range(8000)])
    z = np.median(np.log(np.array(drawn) + 0.5))
    beyond = (0.5 - np.arctan(log(8000) - z) / np.pi) / (len(drawn) + 1)
    assert chances.sum() + beyond == pytest.approx(1, abs=1e-9)


def test_log_loss_nears_that_of_the_law() -> None:
    """Over counts from the law, the smoothed log score is its entropy, to a few hundredths of a nat."""
    law = nbinom(2.0, 2 / 152)
    counts = np.arange(3000)
    drawn = law.rvs(size=4000, random_state=np.random.default_rng(5)).astype(float)
    losses = np.array([log_loss(drawn, float(k)) for k in counts])
    assert law.pmf(counts) @ losses == pytest.approx(-law.pmf(counts) @ law.logpmf(counts), abs=0.04)


def test_log_loss_is_finite_wherever() -> None:
    """No count is so far out that its loss is without end, be all draws the same."""
    assert np.isfinite(log_loss(np.zeros(100), 1e6))
    assert np.isfinite(log_loss(np.full(100, 1e6), 0))


def test_pit_of_counts_by_hand() -> None:
    """Two draws below, three equal, luck a half: (2 + 4/2)/(9 + 1)."""
    assert pit(np.array([0, 1, 2, 2, 2, 5, 6, 7, 8.0]), 2, 0.5) == pytest.approx(0.4)


def test_origins_are_weekly_and_inside() -> None:
    """Origins stand every so many days from the first, none after the last; a day outside the record is refused."""
    _, days = record(60)
    rows = origins(days, "2020-01-06", "2020-02-01", 7)
    assert days[rows].astype(str).tolist() == ["2020-01-06", "2020-01-13", "2020-01-20", "2020-01-27"]
    for first, last, step in (
        ("2019-12-31", "2020-02-01", 7),
        ("2020-01-06", "2020-03-01", 7),
        ("2020-02-01", "2020-01-06", 7),
        ("2020-01-06", "2020-02-01", 0),
    ):
        with pytest.raises(ValueError, match="the record is from 2020-01-01 to 2020-02-29"):
            origins(days, first, last, step)
    with pytest.raises(ValueError, match="without a gap"):
        origins(np.delete(days, 30), "2020-01-06", "2020-02-01", 7)


def test_a_forecaster_sees_nothing_after_the_origin() -> None:
    """It is handed the days up to and with the origin, in an array that reaches no further, and its own seed."""
    counts, days = record(60)
    witness = Witness()
    score(counts, days, witness, np.array([9, 30]), horizons=(1,), draws=10)
    assert [seen.tolist() for seen in witness.given] == [counts[:10].tolist(), counts[:31].tolist()]
    assert len(set(witness.seeds)) == 2


def test_what_came_is_summed_from_the_day_after() -> None:
    """The sum over h days is that of the h days after the origin, and a forecast of nothing misses it by all of it."""
    counts, days = record(60)
    found = score(counts, days, Witness(), np.array([9]), horizons=(1, 7), draws=10)
    assert found.observed[0].tolist() == [counts[10].tolist(), counts[10:17].sum(axis=0).tolist()]
    assert found.crps.tolist() == found.observed.tolist()
    assert found.energy[0, 0] == pytest.approx(np.hypot(*(counts[10] / deviations(counts[:10]))))


def test_no_score_beyond_the_end_of_the_record() -> None:
    """Where the record ends before the horizon no score is made up; the forecast stands all the same."""
    counts, days = record(60)
    found = score(counts, days, Law(), np.array([51, 52, 53]), horizons=(7, 8), draws=50)
    for scores in (found.crps[..., 0], found.log_loss[..., 1], found.pit[..., 0], found.energy, found.observed[..., 1]):
        assert np.isnan(scores).tolist() == [[False, False], [False, True], [True, True]]
    assert not np.isnan(found.mean).any()
    assert not np.isnan(found.quantiles).any()
    assert found.pits(7).shape == (2,)


def test_hidden_days_are_not_scored() -> None:
    """No sum that holds a day of hidden counts is scored, and no forecaster is fed one as if it were known."""
    counts, days = record(60)
    known = np.ones(60, bool)
    known[35] = False
    found = score(counts, days, Law(), np.array([30, 33]), horizons=(1, 7), draws=50, known=known)
    assert np.isnan(found.crps[..., 0]).tolist() == [[False, True], [False, True]]
    with pytest.raises(ValueError, match="2020-02-05 are hidden, before the origin of 2020-02-10"):
        score(counts, days, Law(), np.array([30, 40]), known=known)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bits_on_any_executor(seed: int) -> None:
    """One thread, two threads or two processes: the scores are the same to the last bit; another seed's are not."""
    counts, days = record(120)
    rows = origins(days, "2020-02-01", "2020-04-01", 10)

    def run(executor: ThreadPoolExecutor | ProcessPoolExecutor | None, seed: int) -> Scores:
        return score(counts, days, Law(), rows, horizons=(1, 7), draws=100, seed=seed, executor=executor)

    alone = run(None, seed)
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert same(alone, run(threads, seed))
        assert same(alone, run(processes, seed))
    assert not same(alone, replace(run(None, seed + 2), seed=seed))


def test_an_origin_scores_the_same_in_any_company() -> None:
    """The random numbers of an origin are drawn from its day, not from its place among the origins."""
    counts, days = record(60)
    both, one = (score(counts, days, Law(), np.array(rows), horizons=(7,), draws=50) for rows in ([20, 30], [30]))
    assert both.pit[1].tolist() == one.pit[0].tolist()


def test_progress_counts_every_origin() -> None:
    """Progress is told of each origin as it is done, to the last."""
    counts, days = record(60)
    told: list[tuple[int, int]] = []
    score(counts, days, Law(), np.array([9, 19, 29]), horizons=(1,), draws=5, progress=lambda *at: told.append(at))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "drawn",
    [
        lambda draws, horizon: np.zeros((draws, horizon), np.int64),
        lambda draws, horizon: np.zeros((draws, horizon - 1, 2), np.int64),
        lambda draws, horizon: np.full((draws, horizon, 2), 0.5),
        lambda draws, horizon: np.full((draws, horizon, 2), -1),
    ],
)
def test_what_is_no_forecast_is_refused(drawn: Callable[[int, int], Ints]) -> None:
    """Paths of another shape, fractions and negative counts are refused, and the forecaster is named."""
    counts, days = record(60)
    with pytest.raises(ValueError, match=r"broken drew .*, expected counts \(5, 7, 2\)"):
        score(counts, days, Broken(drawn), np.array([9]), horizons=(1, 7), draws=5)


@pytest.mark.parametrize(("rows", "horizons"), [([], (1,)), ([9], ()), ([9], (0,)), ([-1], (1,)), ([60], (1,))])
def test_nothing_to_score_is_refused(rows: list[int], horizons: tuple[int, ...]) -> None:
    """No origin, no horizon, or one outside the record, is an error and not an empty table."""
    counts, days = record(60)
    with pytest.raises(ValueError, match="nothing to score in 60 days"):
        score(counts, days, Law(), np.array(rows, np.int64), horizons=horizons)
    with pytest.raises(ValueError, match=r"shape \(60, 1\)"):
        score(counts[:, :1], days, Law(), np.array([9]))


LONG = record(2000)
WEEKLY = np.arange(29, 1990, 7)


@pytest.mark.parametrize("of", CLASSES)
def test_the_true_law_is_calibrated(of: str) -> None:
    """A forecaster that draws from the true law has an even PIT and nominal coverage, within 99.9 % binomial limits."""
    found = score(*LONG, Law(), WEEKLY, horizons=(1, 7), draws=400)
    n = len(WEEKLY)
    for horizon in found.horizons:
        assert pit_test(found, horizon, of) > 0.001
        for each in coverage(found, horizon, of):
            assert each.independent == n
            low, high = binom.interval(0.999, n, each.level)
            assert low <= each.share * n <= high


def test_the_pit_of_an_ensemble_is_that_of_its_law() -> None:
    """From many draws the PIT of a sum of seven days is the law's own, NB(7r), to the noise of the draws."""
    counts, days = LONG
    found = score(counts, days, Law(), WEEKLY[:25], horizons=(7,), draws=4000)
    low, high = (nbinom(14, 2 / 152).cdf(found.observed[:, 0, 0] - each) for each in (1, 0))
    noise = 5 * 0.5 / sqrt(4000)
    assert (found.pits(7) >= low - noise).all()
    assert (found.pits(7) <= high + noise).all()


def test_a_forecaster_too_narrow_is_caught() -> None:
    """Half the spread of the law: too few sums are inside every interval, and the PIT is rejected."""
    found = score(*LONG, Law("narrow", r=8.0), WEEKLY, horizons=(7,), draws=400)
    assert pit_test(found, 7) < 1e-4
    for each in coverage(found, 7):
        assert each.share < each.low
        assert not each.holds
    assert found.histogram(7)[[0, -1]].sum() > 0.3 * found.histogram(7).sum()


def test_the_pit_test_rejects_as_often_as_it_says() -> None:
    """Of right forecasts one in ten has a p-value below a tenth, whatever the number of origins."""
    rng = np.random.default_rng(4)
    for n in (20, 60):
        base = made(np.zeros((n, 1)))
        values = [pit_test(replace(base, pit=rng.random((n, 1, 2))), 7) for _ in range(400)]
        low, high = binom.interval(0.999, 400, 0.1)
        assert low <= sum(p < 0.1 for p in values) <= high


def test_no_pit_test_of_sums_that_share_days() -> None:
    """Sums that overlap are not independent: their PIT has no p-value, and coverage counts only those apart."""
    base = made(np.zeros((60, 2)), horizons=(7, 30))
    assert isnan(pit_test(base, 30))
    assert not isnan(pit_test(base, 7))
    assert [each.independent for each in coverage(base, 30)] == [12, 12, 12]


def test_binomial_limits_by_hand() -> None:
    """Of 60 origins, 22 to 38 are inside the middle half of right forecasts 95 times in 100."""
    half = coverage(made(np.zeros((60, 1))), 7)[0]
    assert (half.level, half.share, half.low * 60, half.high * 60) == (0.5, 0, *binom.interval(0.95, 60, 0.5))
    assert (half.low * 60, half.high * 60) == (22, 38)
    assert LEVELS == (0.5, 0.8, 0.95)


def test_block_error_is_that_of_ever_more_resamples() -> None:
    """The standard error is what resampling circular blocks tends to, the interval Student's for so many blocks."""
    values = np.random.default_rng(6).normal(size=24).cumsum()
    starts = np.random.default_rng(7).integers(0, 24, (40_000, 4))
    means = values[(starts[..., None] + np.arange(6)) % 24].reshape(40_000, -1).mean(axis=1)
    found = block_mean(values, 6)
    assert found.blocks == 4
    half = 3.182446 * means.std() * sqrt(4 / 3)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=4 / sqrt(2 * 40_000))
    assert (found.high + found.low) / 2 == pytest.approx(found.mean) == pytest.approx(values.mean())


@pytest.mark.parametrize(("n", "horizon"), [(60, 1), (60, 5), (48, 13)])
def test_the_interval_covers_as_often_as_it_says(n: int, horizon: int) -> None:
    """Zero is inside for nine in ten series or more whose true mean it is, sums that overlap as those of a horizon."""
    rng = np.random.default_rng(8)
    series = rng.standard_normal((1500, n + horizon - 1))
    gaps = [np.convolve(each, np.ones(horizon), "valid") for each in series]
    settled = sum(block_mean(each, max(horizon, 4)).settled for each in gaps)
    assert 0.88 <= 1 - settled / 1500 <= 0.97


def test_one_block_says_nothing() -> None:
    """With less than two blocks there is a mean and no interval, rather than one of no width."""
    found = block_mean(np.arange(7.0), 4)
    assert (found.mean, isnan(found.low), isnan(found.high), found.settled) == (3, True, True, False)
    assert isnan(block_mean(np.array([]), 4).mean)


def test_equal_forecasters_are_not_told_apart() -> None:
    """Of pairs that draw from the same law no more are told apart than one in twenty, within luck in 999 of 1000."""
    settled = 0
    for seed in range(30):
        past = record(460, seed)
        law, twin = (score(*past, Law(), WEEKLY[:60], horizons=(7,), draws=60, seed=s) for s in (seed, seed + 100))
        settled += difference(law, twin, 7).settled + difference(law, twin, 7, "missiles").settled
    assert settled <= binom.ppf(0.999, 60, 0.05)


def test_a_worse_forecaster_is_told() -> None:
    """A law of half the mean is worse beyond doubt in each class and the pair; a forecaster is as good as itself."""
    law = score(*LONG, Law(), WEEKLY, horizons=(7,), draws=200)
    worse = score(*LONG, Law("half", (75.0, 3.0)), WEEKLY, horizons=(7,), draws=200)
    for of in (*CLASSES, PAIR):
        assert difference(law, law, 7, of).mean == 0
        assert difference(worse, law, 7, of).low > 0
        assert difference(law, worse, 7, of).high < 0


def test_block_length_spans_the_overlap() -> None:
    """Weekly origins and 90-day sums hang together over 13 origins; shorter sums over at least four."""
    zero, one = (made(np.full((52, 2), each), horizons=(7, 90)) for each in (0.0, 1.0))
    assert (difference(one, zero, 90).blocks, difference(one, zero, 7).blocks) == (4, 13)
    assert difference(one, zero, 7).mean == 1


def test_only_like_is_compared() -> None:
    """Other origins, other counts, another horizon or class: refused."""
    a = made(np.zeros((20, 1)))
    with pytest.raises(ValueError, match="same origins"):
        difference(a, made(np.zeros((19, 1))), 7)
    with pytest.raises(ValueError, match="same origins and counts"):
        difference(a, replace(a, observed=a.observed + 1), 7)
    with pytest.raises(ValueError, match="horizon 30 was not scored; there are 7"):
        difference(a, a, 30)
    with pytest.raises(ValueError, match="'balloons' is no class"):
        difference(a, a, 7, "balloons")


def test_units_are_mean_deviations_of_the_year() -> None:
    """A class's unit is the mean absolute deviation of its last 365 days, one weapon for a class hardly seen."""
    counts = np.zeros((400, 2), np.int64)
    counts[:35] = 1000
    counts[35::2, 0] = 20
    assert deviations(counts) == pytest.approx([10, 1], rel=1e-3)


def test_table_holds_every_forecaster_and_reads_back() -> None:
    """A row for each horizon, class and forecaster, the CSV as many; what is not defined is empty, never 0."""
    counts, days = record(200)
    rows = origins(days, "2020-03-01", "2020-07-10", 7)
    scores = [score(counts, days, Law(name), rows, horizons=(1, 30), draws=50) for name in ("a", "b")]
    found = table(scores)
    assert [(r.horizon, r.of, r.forecaster) for r in found.rows] == list(product((1, 30), (*CLASSES, PAIR), "ab"))
    read = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert len(read) == 12
    assert tuple(read[0]) == HEAD
    for text, row in zip(read, found.rows, strict=True):
        for name, value in zip(HEAD, astuple(row), strict=True):
            assert text[name] == str(value) or float(text[name] or nan) == pytest.approx(value, rel=1e-7, nan_ok=True)
    first = found.rows[0]
    assert first.score == pytest.approx(scores[0].crps[:, 0, 0].mean())
    assert (first.difference, first.low, first.high, first.origins) == (0, 0, 0, len(rows))
    assert found.rows[6].origins == int((rows + 30 < 200).sum()) < len(rows)
    assert len(str(found).splitlines()) == 13
    assert len({len(line) for line in str(found).splitlines()}) == 1


def test_table_of_a_horizon_that_never_came() -> None:
    """A horizon beyond the record at every origin has rows that count no origin and hold no number."""
    counts, days = record(60)
    row = table([score(counts, days, Law(), np.array([40, 45]), horizons=(90,), draws=20)]).rows[0]
    assert row.origins == 0
    assert all(isnan(value) for value in (row.score, row.difference, row.low, row.cover50, row.pit_p))
