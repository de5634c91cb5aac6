"""Rank correlations: realised as stated if a Gaussian copula attains them, otherwise reported."""

from collections.abc import Sequence
from datetime import date
from math import exp, pi, sin, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from octoplan.errors import ScenarioError
from octoplan.scenario import load
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.correlations import (
    MAX_NORMAL_CORRELATION,
    Correlation,
    copula,
    nearest_correlation,
    normal_correlation,
    rank_correlation,
)
from octoplan.scenario.distributions import Distribution, Floats, Uniform, discrete, gamma, lognormal, normal, truncate
from octoplan.scenario.draws import correlate
from tests.scenario.folder import FILES, line_of, write


def assumption(name: str, shape: Distribution) -> Assumption:
    """An assumption with a distribution; its other attributes are empty."""
    row: dict[str, Any] = {"value": None, "low": None, "high": None, "date": date.min, "line": 2, "price_base": 0}
    row |= dict.fromkeys(("kind", "parameter", "unit", "currency", "distribution"), "")
    row |= dict.fromkeys(("quality", "owner", "note", "file"), "")
    return Assumption(name=name, marginal=shape, entities=(), sources=(), **row)


def draws_of(shapes: Sequence[Distribution], correlations: Sequence[Correlation], count: int) -> Floats:
    """(count, distributions) draws of correlated assumptions named a, b, c and so on."""
    assumptions = [assumption(name, shape) for name, shape in zip("abcdefgh", shapes, strict=False)]
    gaussian_copula = copula(assumptions, correlations)
    uniforms = np.random.default_rng(1).random((count, len(shapes)))
    correlated = correlate(uniforms, gaussian_copula.columns, gaussian_copula.cholesky_factor)
    return np.column_stack([shape.quantile(column) for shape, column in zip(shapes, correlated.T, strict=True)])


def correlation(a: str, b: str, rank: float) -> Correlation:
    """A rank correlation without source and note."""
    return Correlation(a, b, rank, (), "", "correlations.csv", 2)


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation of two samples."""
    return float(np.corrcoef(stats.rankdata(a), stats.rankdata(b))[0, 1])


@pytest.mark.parametrize("rank", [-0.9, -0.3, 0.5, 0.95])
def test_rank_correlations_are_reproduced(rank: float) -> None:
    """The rank correlation of the draws is as stated, within 4 standard errors."""
    count = 40_000
    uniforms = np.random.default_rng(1).random((count, 3))
    correlated = draws_of([Uniform(0, 1)] * 3, [correlation("a", "c", rank)], count)
    assert abs(spearman(correlated[:, 0], correlated[:, 2]) - rank) < 4 / sqrt(count)
    assert abs(spearman(correlated[:, 0], correlated[:, 1])) < 4 / sqrt(count)
    # b is independent, and a is the first row of the Cholesky factor, so neither is changed except by rounding.
    assert (correlated[:, :2] == uniforms[:, :2]).mean() > 0.4
    assert stats.kstest(correlated[:, 2], "uniform").pvalue > 1e-3


def test_three_assumptions_can_be_correlated() -> None:
    """Every pair of a correlated group has its stated rank correlation."""
    pairs = [correlation("a", "b", 0.7), correlation("b", "c", -0.4), correlation("a", "c", -0.2)]
    correlated = draws_of([Uniform(0, 1)] * 3, pairs, 40_000)
    ranks = [spearman(correlated[:, i], correlated[:, j]) for i, j in ((0, 1), (1, 2), (0, 2))]
    assert ranks == pytest.approx([0.7, -0.4, -0.2], abs=0.02)


def test_correlated_draws_do_not_depend_on_other_futures() -> None:
    """The correlated uniform draws of a future are bit-identical alone and with other futures."""
    uniforms = np.random.default_rng(3).random((101, 4))
    assumptions = [assumption(name, Uniform(0, 1)) for name in "abcd"]
    gaussian_copula = copula(assumptions, [correlation("a", "b", 0.7), correlation("d", "b", 0.5)])
    batch = correlate(uniforms, gaussian_copula.columns, gaussian_copula.cholesky_factor)
    for i in range(101):
        assert np.array_equal(
            batch[i : i + 1], correlate(uniforms[i : i + 1], gaussian_copula.columns, gaussian_copula.cholesky_factor)
        )


COIN = discrete([10, 30], [1, 1])
RARE = discrete([10, 30], [9, 1])
DIE = discrete([1, 2, 3, 4, 5, 6], [1] * 6)
SKEWED = discrete([0, 1, 5, 9], [70, 20, 8, 2])
LIST = discrete([exp(0.37 * i % 3) for i in range(500)], [1] * 500)


@pytest.mark.parametrize("rank", [-0.75, 0.3, 0.8])
@pytest.mark.parametrize(
    ("x", "y"),
    [(COIN, COIN), (COIN, DIE), (DIE, SKEWED), (COIN, Uniform(0, 1)), (DIE, gamma(1, 9)), (LIST, COIN), (LIST, LIST)],
    ids=str,
)
def test_rank_correlations_of_discrete_distributions_are_reproduced(
    x: Distribution, y: Distribution, rank: float
) -> None:
    """Spearman's rank correlation of the draws, with mid-ranks for ties, is as stated or the nearest attainable."""
    low, high = (rank_correlation(end, x, y) for end in (-MAX_NORMAL_CORRELATION, MAX_NORMAL_CORRELATION))
    values = draws_of([x, y], [correlation("a", "b", rank)], 200_000)
    assert stats.spearmanr(values).statistic == pytest.approx(min(max(rank, low), high), abs=0.007)


def test_the_rank_correlation_of_two_fair_coins_is_exact() -> None:
    """Two fair coins agree with probability 1/2 + asin(r)/pi (Sheppard 1899), so their correlation is 2 asin(r)/pi."""
    assert rank_correlation(0.5, COIN, COIN) == pytest.approx(1 / 3, abs=1e-12)
    assert normal_correlation(0.8, COIN, COIN) == pytest.approx(sin(0.4 * pi), abs=1e-9)
    assert rank_correlation(MAX_NORMAL_CORRELATION, COIN, COIN) == pytest.approx(1.0, abs=1e-4)


def test_the_attainable_range_of_unequal_binary_variables_is_exact() -> None:
    """For probabilities p < q the largest correlation is sqrt(p (1 - q) / (q (1 - p))), 1/3 for 0.1 and 0.5."""
    assert rank_correlation(MAX_NORMAL_CORRELATION, RARE, COIN) == pytest.approx(1 / 3, abs=1e-4)
    assert rank_correlation(-MAX_NORMAL_CORRELATION, RARE, COIN) == pytest.approx(-1 / 3, abs=1e-4)


def test_a_truncated_distribution_is_continuous() -> None:
    """A truncated distribution has no ties, so Pearson's formula holds."""
    truncated = truncate(normal(2.2, 7.0), 0.0, 100.0)
    assert normal_correlation(0.6, truncated, lognormal(1, 2)) == 2 * sin(pi * 0.1)


@given(st.floats(-0.99, 0.99), st.sampled_from([COIN, DIE, SKEWED, LIST]), st.sampled_from([COIN, DIE, Uniform(0, 1)]))
def test_normal_and_rank_correlation_are_inverse(rank: float, x: Distribution, y: Distribution) -> None:
    """The correlation of the normal scores gives the stated rank correlation if this is attainable."""
    low, high = (rank_correlation(end, x, y) for end in (-MAX_NORMAL_CORRELATION, MAX_NORMAL_CORRELATION))
    assert rank_correlation(normal_correlation(rank, x, y), x, y) == pytest.approx(min(max(rank, low), high), abs=1e-6)


def test_the_nearest_copula_of_a_valid_rank_matrix_is_used() -> None:
    """Three rank correlations of -0.49 are consistent; those of the normal scores are not, so the nearest are used."""
    pairs = [correlation(a, b, -0.49) for a, b in ("ab", "bc", "ac")]
    values = draws_of([Uniform(0, 1)] * 3, pairs, 200_000)
    ranks = np.asarray(stats.spearmanr(values).statistic)
    assert [ranks[0, 1], ranks[1, 2], ranks[0, 2]] == pytest.approx([-0.4826] * 3, abs=0.005)
    with pytest.raises(np.linalg.LinAlgError):
        copula(
            [assumption(name, Uniform(0, 1)) for name in "abc"],
            [correlation(a, b, -0.6) for a, b in ("ab", "bc", "ac")],
        )


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=10))
def test_the_nearest_matrix_is_a_correlation_matrix(entries: list[float]) -> None:
    """The diagonal is 1 and all eigenvalues are positive; a positive definite matrix is unchanged."""
    matrix = np.eye(5)
    matrix[np.tril_indices(5, -1)] = entries
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    nearest = nearest_correlation(matrix)
    assert np.diag(nearest) == pytest.approx(np.ones(5))
    assert np.linalg.eigvalsh(nearest)[0] > 1e-8
    if np.linalg.eigvalsh(matrix)[0] > 1e-3:
        assert nearest == pytest.approx(matrix, abs=1e-9)


def folder(path: Path, correlations: str, *rows: str) -> Path:
    """The small scenario with other correlations and some assumptions replaced."""
    log = FILES["assumptions.csv"].splitlines()
    for row in rows:
        log[line_of("assumptions.csv", row.split(",")[0] + ",") - 1] = f"{row},study,amber,tests,2026-02-03,"
    header = FILES["correlations.csv"].splitlines()[0]
    return write(path, FILES | {"assumptions.csv": "\n".join(log), "correlations.csv": f"{header}\n{correlations}"})


def warnings(path: Path) -> list[str]:
    """The warnings on ``correlations.csv``, as line and message."""
    return [str(w).split("correlations.csv:")[1] for w in load(path).warnings if "correlations.csv" in w.file]


DISCRETE_ROWS = ("crews.initial,10:1; 30:1,,,discrete,crews,", "kits.initial,10:9; 30:1,,,discrete,kits,")


def test_an_unattainable_correlation_is_reported_with_the_attainable_one(tmp_path: Path) -> None:
    """If ties rule out the stated rank correlation, a warning on its line states the correlation that is used."""
    assert warnings(folder(tmp_path / "a", "crews.initial,kits.initial,0.3,,\n", *DISCRETE_ROWS)) == []
    (warning,) = warnings(folder(tmp_path / "b", "crews.initial,kits.initial,0.8,,\n", *DISCRETE_ROWS))
    assert warning.startswith("2: crews.initial and kits.initial: a Gaussian copula does not attain")
    assert warning.endswith("0.333 is used")


UNIFORM_ROWS = tuple(f"{name},,1,2,uniform,1," for name in ("crews.initial", "kits.initial", "plants.*.heads"))


def test_correlations_that_no_copula_attains_together_are_reported(tmp_path: Path) -> None:
    """A rank matrix that no Gaussian copula attains gives a warning for each pair; a contradictory one is refused."""
    rows = "crews.initial,kits.initial,{0},,\ncrews.initial,plants.*.heads,{0},,\nkits.initial,plants.*.heads,{0},,\n"
    messages = warnings(folder(tmp_path / "a", rows.format(-0.49), *UNIFORM_ROWS))
    assert [message[:2] for message in messages] == ["2:", "3:", "4:"]
    assert all(message.endswith("-0.483 is used") for message in messages)
    with pytest.raises(ScenarioError, match=r"correlations\.csv:4: the rank correlations contradict one another"):
        load(folder(tmp_path / "b", rows.format(-0.6), *UNIFORM_ROWS))


def test_a_constant_cannot_be_correlated(tmp_path: Path) -> None:
    """A list of equal values has no ranks, so that a correlation with it is refused."""
    with pytest.raises(ScenarioError, match=r":2: 'crews.initial' has the same value in all futures"):
        load(
            folder(
                tmp_path / "a",
                "crews.initial,kits.initial,0.3,,\n",
                "crews.initial,10; 10,,,empirical,crews,",
                DISCRETE_ROWS[1],
            )
        )
