"""Rank correlations between assumptions, and the Gaussian copula that reproduces them.

A Gaussian copula is determined by the correlations of its normal scores. For two continuous distributions, Spearman's
rank correlation s corresponds to the correlation r = 2 sin(pi s / 6) of the normal scores (Pearson 1907). Ties of
discrete distributions weaken rank correlation, so for them r is computed numerically; see ``rank_correlation``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, pi, sin, sqrt

import numpy as np
from scipy import special

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import Assumption, Source, source_ids, unknown_sources
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import POSTERIOR_DISTRIBUTION, Discrete, Distribution, Floats, is_constant
from octoplan.scenario.files import ASSUMPTIONS, CORRELATIONS, POSTERIOR
from octoplan.scenario.quantities import parse_number
from octoplan.scenario.report import Report, did_you_mean, quoted

CORRELATION_COLUMNS = ("a", "b", "rank_correlation", "source", "note")

MAX_NORMAL_CORRELATION = 1 - 1e-9
"""Largest correlation of two normal scores; with 1 the correlation matrix has no Cholesky factor."""
RANK_TOLERANCE = 0.005
"""Largest difference between the realised and the stated rank correlation that gives no warning."""
MIN_GROUP_PROBABILITY = 1 / 64
"""Probability below which adjacent values of a discrete distribution are grouped to compute rank correlations."""

_LEGENDRE_NODES, _LEGENDRE_WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation between two assumptions, named ``a`` and ``b``."""

    a: str
    b: str
    rank_correlation: float
    sources: tuple[str, ...]
    note: str
    file: str
    line: int


@dataclass(frozen=True, eq=False)
class Copula:
    """The Gaussian copula of the correlated assumptions.

    Attributes:
        columns: Columns of the correlated assumptions, in ascending order.
        cholesky_factor: (columns, columns) lower Cholesky factor of the correlation matrix of the normal scores.
        rank_correlations: (columns, columns) Spearman's rank correlations of the draws.

    """

    columns: tuple[int, ...]
    cholesky_factor: Floats
    rank_correlations: Floats


@dataclass(frozen=True, eq=False)
class _MidRanks:
    """Mid-rank of a draw as a step function of its normal score z: ``sum(heights * (z > thresholds))``.

    The mid-rank of a continuous draw, Phi(z), is the conditional mean of a single step, (z - w > 0), with an
    independent standard normal w.

    Attributes:
        heights: (steps,) heights of the steps.
        thresholds: (steps,) normal scores at which the steps occur.
        loading: Correlation of z with the normal variable of the step: 1, or that of (z - w) / sqrt(2) and z.
        variance: Variance of the mid-rank.

    """

    heights: Floats
    thresholds: Floats
    loading: float
    variance: float


_CONTINUOUS_MID_RANKS = _MidRanks(np.ones(1), np.zeros(1), sqrt(0.5), 1 / 12)


@lru_cache(maxsize=256)
def _mid_ranks(distribution: Distribution) -> _MidRanks:
    """Mid-ranks of a distribution; of a discrete one after grouping rare values."""
    if not isinstance(distribution, Discrete):
        return _CONTINUOUS_MID_RANKS
    probabilities = np.array(list(_grouped_probabilities(distribution)))
    probabilities /= probabilities.sum()
    return _MidRanks(
        (probabilities[:-1] + probabilities[1:]) / 2,
        np.asarray(special.ndtri(np.cumsum(probabilities)[:-1])),
        1.0,
        float(1 - (probabilities**3).sum()) / 12,
    )


def _grouped_probabilities(distribution: Discrete) -> Iterator[float]:
    """Yield the probabilities of values in ascending order, with rare adjacent values grouped."""
    group_probability = 0.0
    for probability in distribution.probabilities():
        if group_probability and group_probability + probability > MIN_GROUP_PROBABILITY:
            yield group_probability
            group_probability = 0.0
        group_probability += probability
        if group_probability > MIN_GROUP_PROBABILITY:
            yield group_probability
            group_probability = 0.0
    if group_probability:
        yield group_probability


def rank_correlation(score_correlation: float, x: Distribution, y: Distribution) -> float:
    """Spearman's rank correlation of two distributions joined by a Gaussian copula.

    Spearman's rank correlation is the correlation of mid-ranks, which are step functions of normal scores. The
    covariance of two steps at thresholds t and u is the integral of the bivariate normal density at (t, u) over
    correlations from 0 to that of the scores (Plackett 1954), computed by Gauss-Legendre quadrature over the arcsine
    of the correlation (Genz 2004).

    Args:
        score_correlation: The correlation of the normal scores.
        x: The first distribution.
        y: The second distribution.

    >>> from octoplan.scenario.distributions import Uniform
    >>> round(rank_correlation(0.5, Uniform(0, 1), Uniform(0, 9)), 4)
    0.4826

    """
    a, b = _mid_ranks(x), _mid_ranks(y)
    if a is _CONTINUOUS_MID_RANKS and b is _CONTINUOUS_MID_RANKS:
        return 6 / pi * asin(score_correlation / 2)
    largest_angle = asin(score_correlation * a.loading * b.loading)
    angles = largest_angle / 2 * (_LEGENDRE_NODES + 1)
    covariance = 0.0
    for height, t in zip(a.heights, a.thresholds, strict=True):
        u = b.thresholds[:, None]
        density = np.exp(-(t * t + u * u - 2 * t * u * np.sin(angles)) / (2 * np.cos(angles) ** 2)) / (2 * pi)
        covariance += float(height * (b.heights @ (density @ _LEGENDRE_WEIGHTS)) * largest_angle / 2)
    return covariance / sqrt(a.variance * b.variance)


@lru_cache(maxsize=1024)
def normal_correlation(rank: float, x: Distribution, y: Distribution) -> float:
    """Correlation of the normal scores at which two distributions have the given rank correlation.

    If no Gaussian copula attains the rank correlation, the correlation that comes closest to it is returned.
    """
    if _mid_ranks(x) is _CONTINUOUS_MID_RANKS and _mid_ranks(y) is _CONTINUOUS_MID_RANKS:
        return 2 * sin(pi * rank / 6)
    from scipy.optimize import brentq  # takes long to import, and few scenarios need it

    for extreme in (-MAX_NORMAL_CORRELATION, MAX_NORMAL_CORRELATION):
        if (rank - rank_correlation(extreme, x, y)) * extreme >= 0:
            return extreme
    return float(
        brentq(lambda r: rank_correlation(r, x, y) - rank, -MAX_NORMAL_CORRELATION, MAX_NORMAL_CORRELATION, xtol=1e-10)
    )


def copula(assumptions: Sequence[Assumption], correlations: Sequence[Correlation]) -> Copula:
    """The Gaussian copula of the assumptions; assumptions without a stated correlation are independent.

    If the correlation matrix of the normal scores is not positive definite, the nearest positive definite correlation
    matrix is used.

    Raises:
        numpy.linalg.LinAlgError: If the matrix of stated rank correlations has a negative eigenvalue.

    """
    index = {assumption.name: column for column, assumption in enumerate(assumptions)}
    columns = tuple(sorted({index[name] for c in correlations for name in (c.a, c.b)}))
    marginals = [assumptions[column].marginal for column in columns]
    stated_ranks, score_correlations = np.eye(len(columns)), np.eye(len(columns))
    for c in correlations:
        i, j = columns.index(index[c.a]), columns.index(index[c.b])
        stated_ranks[i, j] = stated_ranks[j, i] = c.rank_correlation
        score_correlations[i, j] = score_correlations[j, i] = normal_correlation(
            c.rank_correlation, marginals[i], marginals[j]
        )
    try:
        cholesky_factor = np.linalg.cholesky(score_correlations)
    except np.linalg.LinAlgError:
        if np.linalg.eigvalsh(stated_ranks)[0] < -1e-9:
            raise
        score_correlations = nearest_correlation(score_correlations)
        cholesky_factor = np.linalg.cholesky(score_correlations)
    rank_correlations = np.eye(len(columns))
    for i in range(len(columns)):
        for j in range(i):
            if score_correlations[i, j] != 0.0:
                rank_correlations[i, j] = rank_correlations[j, i] = rank_correlation(
                    float(score_correlations[i, j]), marginals[i], marginals[j]
                )
    return Copula(columns, np.asarray(cholesky_factor, np.float64), rank_correlations)


def nearest_correlation(matrix: Floats, min_eigenvalue: float = 1e-7, iterations: int = 200) -> Floats:
    """The nearest correlation matrix with eigenvalues of at least ``min_eigenvalue``.

    Computed by alternating projections with Dykstra's correction (Higham 2002). If a smaller eigenvalue remains after
    the iterations, a weighted mean with the identity matrix is returned.
    """
    correction, nearest = np.zeros_like(matrix), matrix
    for _ in range(iterations):
        values, vectors = np.linalg.eigh(nearest - correction)
        projection = (vectors * np.maximum(values, min_eigenvalue)) @ vectors.T
        correction = projection - (nearest - correction)
        nearest = (projection + projection.T) / 2
        np.fill_diagonal(nearest, 1.0)
    smallest_eigenvalue = float(np.linalg.eigvalsh(nearest)[0])
    weight = (
        (min_eigenvalue - smallest_eigenvalue) / (1 - smallest_eigenvalue)
        if smallest_eigenvalue < min_eigenvalue
        else 0.0
    )
    return np.asarray((1 - weight) * nearest + weight * np.eye(len(matrix)), np.float64)


def read_correlations(
    rows: Sequence[Row],
    assumptions: Sequence[Assumption],
    names: set[str],
    sources: Mapping[str, Source] | None,
    report: Report,
    posterior: Collection[str] = (),
) -> list[Correlation]:
    """Read rows of rank correlations, and report problems.

    Args:
        rows: Rows of ``correlations.csv`` and of the raid fit (``raids.toml``).
        assumptions: The valid assumptions.
        names: Names of all rows of assumptions, valid or invalid.
        sources: The sources by id; None if ``sources.csv`` could not be read.
        report: Collects problems and warnings.
        posterior: Names of the columns of ``posterior.csv``.

    """
    by_name = {assumption.name: assumption for assumption in assumptions}
    correlations: list[Correlation] = []
    line_of_pair: dict[frozenset[str], int] = {}
    for row in rows:
        a, b, pair = row["a"], row["b"], frozenset((row["a"], row["b"]))
        problems = list(_name_errors(a, b, by_name, names, posterior))
        if pair in line_of_pair and a != b:
            problems.append(f"'{a}' and '{b}' are in line {line_of_pair[pair]} already; keep one of the rows")
        line_of_pair.setdefault(pair, row.line)
        problems += unknown_sources(row["source"], sources)
        rank = 0.0
        try:
            rank = parse_number(row["rank_correlation"])
            if not -1 < rank < 1:
                problems.append(f"rank correlation {rank:g} is not valid; expected a number above -1 and below 1")
        except QuantityError as error:
            problems.append(f"rank correlation {error}")
        for problem in problems:
            report.add(row.file, row.line, problem)
        if not problems and a in by_name and b in by_name:
            ids = source_ids(row["source"])
            correlations.append(Correlation(a, b, rank, ids, row["note"], report.path(row.file), row.line))
    _warn_of_unused_summaries(correlations, by_name, posterior, report)
    _check_copula(realised_correlations(correlations, posterior), assumptions, rows, report)
    return correlations


def is_summary(a: str, b: str, posterior: Collection[str]) -> bool:
    """True if the correlation of two rows summarises the joint draws of ``posterior.csv``, which has both columns."""
    return a in posterior and b in posterior


def realised_correlations(correlations: Sequence[Correlation], posterior: Collection[str]) -> list[Correlation]:
    """The correlations that the copula realises; the others summarise the joint draws of ``posterior.csv``."""
    return [c for c in correlations if not is_summary(c.a, c.b, posterior)]


def _warn_of_unused_summaries(
    correlations: Sequence[Correlation],
    assumptions: Mapping[str, Assumption],
    posterior: Collection[str],
    report: Report,
) -> None:
    """Warn of correlations that summarise joint draws of a row which states its own distribution now."""
    for c in correlations:
        edited = [name for name in (c.a, c.b) if assumptions[name].distribution != POSTERIOR_DISTRIBUTION]
        if edited and is_summary(c.a, c.b, posterior):
            report.warn(
                CORRELATIONS,
                c.line,
                f"{c.a} and {c.b} are independent, because {' and '.join(edited)} no longer has the joint draws of "
                f"{POSTERIOR}; to state a correlation remove its column from {POSTERIOR}",
            )


def _name_errors(
    a: str, b: str, assumptions: Mapping[str, Assumption], names: set[str], posterior: Collection[str]
) -> Iterator[str]:
    """Yield the reasons why two names of assumptions cannot be correlated."""
    for name in dict.fromkeys((a, b)):
        if name not in names:
            yield f"there is no row {quoted(name)} in {ASSUMPTIONS}; {did_you_mean(name, names)}"
        elif is_summary(a, b, posterior):
            continue
        elif name in assumptions and assumptions[name].distribution == POSTERIOR_DISTRIBUTION:
            other = b if name == a else a
            yield (
                f"'{name}' has the joint draws of {POSTERIOR}, which has no column '{other}', and cannot be correlated "
                f"with it; calibrate both rows together, or remove this row"
            )
        elif name in assumptions and is_constant(assumptions[name].marginal):
            yield f"'{name}' has the same value in all futures and cannot be correlated"
    if a == b and a in names:
        yield f"'{a}' cannot be correlated with itself"


def _check_copula(
    correlations: Sequence[Correlation], assumptions: Sequence[Assumption], rows: Sequence[Row], report: Report
) -> None:
    """Report contradictory rank correlations, and warn of rank correlations that the copula does not attain."""
    if not correlations:
        return
    row_of_pair = {(row["a"], row["b"]): row for row in rows}
    last_row = row_of_pair[correlations[-1].a, correlations[-1].b]
    try:
        gaussian_copula = copula(assumptions, correlations)
    except np.linalg.LinAlgError:
        report.add(
            last_row.file or CORRELATIONS,
            last_row.line,
            "the rank correlations contradict one another, because their matrix is not positive definite; "
            "move some of them closer to 0",
        )
        return
    names = [assumptions[column].name for column in gaussian_copula.columns]
    stated_ranks, realised_ranks = np.eye(len(names)), gaussian_copula.rank_correlations
    for c in correlations:
        i, j = names.index(c.a), names.index(c.b)
        stated_ranks[i, j] = stated_ranks[j, i] = c.rank_correlation
        if abs(realised_ranks[i, j] - c.rank_correlation) > RANK_TOLERANCE:
            row = row_of_pair[c.a, c.b]
            report.warn(
                row.file,
                row.line,
                f"{c.a} and {c.b}: a Gaussian copula does not attain the rank correlation {c.rank_correlation:g} "
                f"because of ties between listed values or the other correlations; {realised_ranks[i, j]:.3f} is used",
            )
    for i, j in np.argwhere(np.tril((stated_ranks == 0.0) & (np.abs(realised_ranks) > RANK_TOLERANCE), -1)):
        report.warn(
            last_row.file,
            last_row.line,
            f"{names[j]} and {names[i]} have no stated rank correlation, but {realised_ranks[i, j]:.3f} is used, "
            "because a Gaussian copula with the other correlations cannot leave them independent",
        )
