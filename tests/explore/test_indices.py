"""First-order and total indices of a designed sample against exact ones."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import sobol_indices as reference

from octoplan.explore.design import design, mixed
from octoplan.explore.factors import Factor, factors_of
from octoplan.explore.indices import DesignedIndices, adjusted, convergence_note, indices
from octoplan.explore.results import CHANCE, Estimate, Share
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario.arrays import Floats, Ints
from tests.explore.functions import ISHIGAMI_FIRST, ISHIGAMI_TOTAL, g_function, g_indices, ishigami
from tests.outcomes.runs import ranged


def factors(count: int) -> tuple[Factor, ...]:
    return tuple(Factor(f"x{i}", f"input {i}", (i,)) for i in range(count))


def results(function: Callable[[Floats], Floats], count: int, futures: int, seed: int = 1) -> dict[str, Floats]:
    """Results of a function in all blocks of a design with one factor for each of its inputs."""
    a, b = (latin_hypercube(s, [f"x{i}" for i in range(count)], futures) for s in (seed, seed + 10**6))
    values = {"A": function(a), "B": function(b)}
    for i in range(count):
        inputs = a.copy()
        inputs[:, i] = b[:, i]
        values[mixed(f"x{i}")] = function(inputs)
    return values


def values_of(estimated: DesignedIndices, order: str) -> Floats:
    estimates: list[Estimate] = [getattr(share, order) for share in estimated.shares]
    return np.array([estimate.value for estimate in estimates])


def test_ishigami_and_g_functions_have_their_exact_indices() -> None:
    """With many futures, first-order and total indices are within 0.01 of the exact ones."""
    estimated = indices(factors(3), results(ishigami, 3, 2**16), 1)
    assert values_of(estimated, "first") == pytest.approx(ISHIGAMI_FIRST, abs=0.01)
    assert values_of(estimated, "total") == pytest.approx(ISHIGAMI_TOTAL, abs=0.01)
    assert estimated.note == ""
    estimated = indices(factors(8), results(g_function, 8, 2**16), 1)
    first, total = g_indices()
    assert values_of(estimated, "first") == pytest.approx(first, abs=0.01)
    assert values_of(estimated, "total") == pytest.approx(total, abs=0.01)


def test_without_control_variates_indices_are_those_of_scipy() -> None:
    """With too few futures for control variates, the estimates are those of ``scipy.stats.sobol_indices``."""
    values = results(ishigami, 3, 16, seed=4)
    mixes = [values[mixed(f"x{i}")] for i in range(3)]
    exact = reference(func={"f_A": values["A"][None], "f_B": values["B"][None], "f_AB": np.array(mixes)[:, None]}, n=16)
    estimated = indices(factors(3), values, 1)
    assert values_of(estimated, "first") == pytest.approx(exact.first_order.ravel(), abs=1e-12)
    assert values_of(estimated, "total") == pytest.approx(np.minimum(exact.total_order.ravel(), 1.0), abs=1e-12)


def test_intervals_hold_exact_indices() -> None:
    """At 256 futures, at least 85 of 100 intervals hold the exact index."""
    inside = np.zeros((2, 3))
    for seed in range(100):
        estimated = indices(factors(3), results(ishigami, 3, 256, seed), seed)
        for row, (order, exact) in enumerate((("first", ISHIGAMI_FIRST), ("total", ISHIGAMI_TOTAL))):
            for i, share in enumerate(estimated.shares):
                estimate: Estimate = getattr(share, order)
                inside[row, i] += estimate.low <= exact[i] <= estimate.high
    assert (inside >= 85).all()


def test_control_variates_reduce_the_error() -> None:
    """Over 100 samples, the error of large first-order indices is below 0.85 of that without control variates."""
    errors = np.empty((100, 2, 2))
    for seed in range(100):
        values = results(ishigami, 3, 256, seed)
        a, b = values["A"], values["B"]
        center, scale = np.mean([a, b]), np.std([a, b])
        estimated = values_of(indices(factors(3), values, seed), "first")
        for i in range(2):
            mix = values[mixed(f"x{i}")]
            plain = np.mean((b - center) * (mix - a)) / scale**2
            errors[seed, i] = np.array([estimated[i], plain]) - ISHIGAMI_FIRST[i]
    rms = np.sqrt((errors**2).mean(axis=0))
    assert (rms[:, 0] < 0.85 * rms[:, 1]).all()


def test_the_total_index_of_chance_is_the_variance_it_leaves() -> None:
    """With noise from the streams, the total index of chance is the exact share of noise, and inputs add up to 1."""
    scenario = ranged().scenario
    name = "plants.bench.labour_rate"
    column = scenario.columns.index(name)
    sample = design(scenario, factors_of(scenario, [name])[0], 4096, 1)
    deviation = sample.blocks[0].draws[:, column].std()

    def result(draws: Floats, seed: int) -> Floats:
        noise: Floats = np.random.default_rng(seed).normal(size=len(draws))
        return np.asarray(draws[:, column] / deviation + 0.5 * noise)

    estimated = indices(sample.factors, {block.name: result(block.draws, block.seed) for block in sample.blocks}, 1)
    share = {share.name: share for share in estimated.shares}
    chance, labour = share[CHANCE].total, share[name].first
    assert chance is not None
    assert labour is not None
    assert chance.value == pytest.approx(0.2, abs=0.01)
    assert chance.low < 0.2 < chance.high
    assert labour.value == pytest.approx(0.8, abs=0.01)
    assert share["others"].total == Estimate(0.0, 0.0, 0.0)


def test_one_undefined_result_excludes_its_future_only() -> None:
    """A future that is undefined in one block is excluded from all and counted; indices are those of the others."""
    values = results(ishigami, 3, 1024)
    complete = indices(factors(3), values, 1)
    values[mixed("x1")][7] = np.nan
    values["B"][8] = np.inf
    estimated = indices(factors(3), values, 1)
    assert (estimated.futures, estimated.excluded) == (1022, 2)
    assert values_of(estimated, "first") == pytest.approx(values_of(complete, "first"), abs=0.02)
    assert values_of(estimated, "total") == pytest.approx(values_of(complete, "total"), abs=0.02)
    assert values_of(estimated, "total").min() > 0.1


def test_the_same_seed_gives_the_same_interval() -> None:
    """Intervals are equal for the same seed; another seed changes them and not the estimates."""
    values = results(ishigami, 3, 256)
    first, again, other = (indices(factors(3), values, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.shares[0].first != other.shares[0].first
    assert (values_of(first, "first") == values_of(other, "first")).all()


def test_convergence_is_shown_by_number_of_futures() -> None:
    """Indices at a quarter, half and all of the futures: the same as of samples of that size."""
    values = results(ishigami, 3, 512)
    estimated = indices(factors(3), values, 1)
    for i, step in enumerate(estimated.convergence):
        assert step.futures == (128, 256, 512)
        assert (step.first[-1], step.total[-1]) == (estimated.shares[i].first, estimated.shares[i].total)
        half = indices(factors(3), {name: array[:256] for name, array in values.items()}, 1)
        assert (step.first[1], step.total[1]) == (half.shares[i].first, half.shares[i].total)


def test_a_sentence_says_that_indices_have_not_converged() -> None:
    """A wide interval of a large index and an unsettled order are stated, with the futures that would do."""
    note = indices(factors(3), results(ishigami, 3, 128), 1).note
    assert note.startswith(
        "The indices of the designed sample have not converged at 128 futures: the interval of input 0 is 0."
    )
    assert note.endswith("futures would be needed.")
    equal = indices(factors(2), results(lambda u: u[:, 0] + u[:, 1], 2, 2**14), 1)
    assert "which factor is the largest is not settled" in equal.note
    assert indices(factors(2), results(lambda u: 2.0 * u[:, 0] + u[:, 1], 2, 2**14), 1).note == ""


def test_without_variance_there_are_no_indices() -> None:
    """A constant result has no indices, rather than indices of 0."""
    estimated = indices(factors(2), results(lambda u: np.full(len(u), 3.0), 2, 64), 1)
    assert np.isnan(values_of(estimated, "first")).all()
    assert np.isnan(values_of(estimated, "total")).all()


def test_blocks_of_different_sizes_are_refused() -> None:
    """All blocks of a design have the same futures."""
    values = results(ishigami, 3, 64)
    values["B"] = values["B"][:56]
    with pytest.raises(ValueError, match="different numbers of futures"):
        indices(factors(3), values, 1)


def test_weights_count_blocks() -> None:
    """An adjusted index with a block counted twice is that of a sample which has the block twice."""
    values = results(ishigami, 3, 256)
    a, b, c = (values[name] - values["A"].mean() for name in ("A", "B", mixed("x0")))
    blocks: Ints = np.arange(256) // 8
    weights = np.ones((1, 32))
    weights[0, 3] = 2.0
    rows = np.concatenate([np.arange(256), np.arange(24, 32)])
    repeated: Ints = np.concatenate([blocks, np.full(8, 32)])
    expected = adjusted(np.ones((1, 33)), a[rows], b[rows], c[rows], repeated)
    assert adjusted(weights, a, b, c, blocks) == pytest.approx(expected, rel=1e-9)


def test_an_index_is_at_most_one() -> None:
    """With few futures and one large result, estimates and intervals are within the possible range."""
    values = {name: np.zeros(64) for name in ("A", "B", mixed("x0"))}
    values["A"][:8] = 1.0
    values[mixed("x0")][3] = 50.0
    total = indices(factors(1), values, 1).shares[0].total
    assert total is not None
    assert total.value == total.high == 1.0


def test_a_hopeless_sample_has_no_number_of_futures() -> None:
    """An interval many times too wide is not extrapolated."""
    wide = Share("x", "input x", Estimate(0.5, 0.1, 0.9), Estimate(0.5, 0.1, 0.9))
    assert convergence_note((wide,), 1.0, 64, "from the run").endswith(
        "is 0.80 wide; far more futures would be needed."
    )
    few = Share("x", "input x", Estimate(0.5, np.nan, np.nan))
    assert convergence_note((few,), 1.0, 8, "from the run").startswith("8 futures are too few for intervals")
    wide = Share("x", "input x", Estimate(0.5, 0.4, 0.6))
    assert convergence_note((wide,), 1.0, 64, "from the run").endswith("0.20 wide; about 300 futures would be needed.")
