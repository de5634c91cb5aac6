"""Rank correlations between assumptions, and the Gaussian copula that reproduces them.

A Gaussian copula is stated by the correlations of normal scores. For two continuous distributions Spearman's rank
correlation s corresponds to the normal correlation r = 2 sin(pi s / 6) (Pearson 1907). Ties of discrete distributions
weaken rank correlation, so r is found numerically for discrete distributions; see ``rank_correlation``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, pi, sin, sqrt

import numpy as np
from scipy import special
from scipy.optimize import brentq

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import Assumption, Source, source_ids, unknown_sources
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import Discrete, Distribution, Floats, is_constant
from octoplan.scenario.files import ASSUMPTIONS, CORRELATIONS
from octoplan.scenario.quantities import parse_number
from octoplan.scenario.report import Report, did_you_mean, quoted

CORRELATION_COLUMNS = ("a", "b", "rank_correlation", "source", "note")

LIMIT = 1 - 1e-9
"""Largest normal correlation used; with 1 the correlation matrix has no Cholesky factor."""
TOLERANCE = 0.005
"""Largest difference between realised and stated rank correlation without a warning."""
SMALLEST_BIN = 1 / 64
"""Probability below which values of a discrete distribution are grouped when rank correlations are computed."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation between two assumptions, by their names."""

    a: str
    b: str
    rank: float
    sources: tuple[str, ...]
    note: str
    file: str
    line: int


@dataclass(frozen=True, eq=False)
class Copula:
    """A Gaussian copula of the correlated assumptions.

    Attributes:
        columns: The columns of the correlated assumptions, in order.
        factor: Lower Cholesky factor of their normal correlations, (columns, columns).
        ranks: Spearman's rank correlations of the draws, (columns, columns).

    """

    columns: tuple[int, ...]
    factor: Floats
    ranks: Floats


@dataclass(frozen=True, eq=False)
class _Ranks:
    """The mid-rank of a draw as a sum of steps: ``sum(heights * (z > thresholds))`` of a normal score z.

    The mid-rank of a continuous draw, Phi(z), is the conditional mean of one step, (z - w > 0) with an independent
    normal w; ``loading`` is the correlation of (z - w) / sqrt(2) with z.
    """

    heights: Floats
    thresholds: Floats
    loading: float
    variance: float


_CONTINUOUS = _Ranks(np.ones(1), np.zeros(1), sqrt(0.5), 1 / 12)


@lru_cache(maxsize=256)
def _ranks(distribution: Distribution) -> _Ranks:
    if not isinstance(distribution, Discrete):
        return _CONTINUOUS
    masses = np.array(list(_grouped(distribution)))
    masses /= masses.sum()
    return _Ranks(
        (masses[:-1] + masses[1:]) / 2,
        np.asarray(special.ndtri(np.cumsum(masses)[:-1])),
        1.0,
        float(1 - (masses**3).sum()) / 12,
    )


def _grouped(distribution: Discrete) -> Iterator[float]:
    """The probabilities of the values in order; rare adjacent values are grouped up to ``SMALLEST_BIN``."""
    group = 0.0
    for mass in distribution.masses():
        if group and group + mass > SMALLEST_BIN:
            yield group
            group = 0.0
        group += mass
        if group > SMALLEST_BIN:
            yield group
            group = 0.0
    if group:
        yield group


def rank_correlation(normal: float, x: Distribution, y: Distribution) -> float:
    """Spearman's rank correlation of two distributions joined by a Gaussian copula.

    Spearman's rank correlation is the correlation of mid-ranks. Mid-ranks are sums of steps of normal scores, and the
    covariance of two steps at t and u is the integral of the bivariate normal density at (t, u) over the correlation,
    from 0 (Plackett 1954), computed by Gauss-Legendre quadrature over the arcsine (Genz 2004).

    Args:
        normal: The correlation of the normal scores.
        x: The first distribution.
        y: The second distribution.

    >>> from octoplan.scenario.distributions import Uniform
    >>> round(rank_correlation(0.5, Uniform(0, 1), Uniform(0, 9)), 4)
    0.4826

    """
    a, b = _ranks(x), _ranks(y)
    if a is _CONTINUOUS and b is _CONTINUOUS:
        return 6 / pi * asin(normal / 2)
    end = asin(normal * a.loading * b.loading)
    angles = end / 2 * (_NODES + 1)
    covariance = 0.0
    for height, t in zip(a.heights, a.thresholds, strict=True):
        u = b.thresholds[:, None]
        density = np.exp(-(t * t + u * u - 2 * t * u * np.sin(angles)) / (2 * np.cos(angles) ** 2)) / (2 * pi)
        covariance += float(height * (b.heights @ (density @ _WEIGHTS)) * end / 2)
    return covariance / sqrt(a.variance * b.variance)


@lru_cache(maxsize=1024)
def normal_correlation(rank: float, x: Distribution, y: Distribution) -> float:
    """Correlation of the normal scores at which two distributions have the given rank correlation.

    If no Gaussian copula attains the rank correlation, the nearest attainable normal correlation is returned.
    """
    if _ranks(x) is _CONTINUOUS and _ranks(y) is _CONTINUOUS:
        return 2 * sin(pi * rank / 6)
    for end in (-LIMIT, LIMIT):
        if (rank - rank_correlation(end, x, y)) * end >= 0:
            return end
    return float(brentq(lambda r: rank_correlation(r, x, y) - rank, -LIMIT, LIMIT, xtol=1e-10))


def copula(assumptions: Sequence[Assumption], correlations: Sequence[Correlation]) -> Copula:
    """The Gaussian copula of the assumptions; assumptions without a stated correlation are independent.

    If the matrix of normal correlations is not positive definite, the nearest positive definite one is used.

    Raises:
        numpy.linalg.LinAlgError: If the matrix of stated rank correlations has a negative eigenvalue.

    """
    index = {assumption.name: column for column, assumption in enumerate(assumptions)}
    columns = tuple(sorted({index[name] for c in correlations for name in (c.a, c.b)}))
    shapes = [assumptions[column].shape for column in columns]
    stated, normal = np.eye(len(columns)), np.eye(len(columns))
    for c in correlations:
        i, j = columns.index(index[c.a]), columns.index(index[c.b])
        stated[i, j] = stated[j, i] = c.rank
        normal[i, j] = normal[j, i] = normal_correlation(c.rank, shapes[i], shapes[j])
    try:
        factor = np.linalg.cholesky(normal)
    except np.linalg.LinAlgError:
        if np.linalg.eigvalsh(stated)[0] < -1e-9:
            raise
        normal = nearest_correlation(normal)
        factor = np.linalg.cholesky(normal)
    ranks = np.eye(len(columns))
    for i in range(len(columns)):
        for j in range(i):
            if normal[i, j] != 0.0:
                ranks[i, j] = ranks[j, i] = rank_correlation(float(normal[i, j]), shapes[i], shapes[j])
    return Copula(columns, np.asarray(factor, np.float64), ranks)


def nearest_correlation(matrix: Floats, smallest: float = 1e-7, iterations: int = 200) -> Floats:
    """The nearest correlation matrix whose eigenvalues are at least ``smallest``.

    Alternating projections with Dykstra's correction (Higham 2002), then a weighted mean with the identity if a smaller
    eigenvalue remains.
    """
    correction, nearest = np.zeros_like(matrix), matrix
    for _ in range(iterations):
        values, vectors = np.linalg.eigh(nearest - correction)
        positive = (vectors * np.maximum(values, smallest)) @ vectors.T
        correction = positive - (nearest - correction)
        nearest = (positive + positive.T) / 2
        np.fill_diagonal(nearest, 1.0)
    least = float(np.linalg.eigvalsh(nearest)[0])
    weight = (smallest - least) / (1 - least) if least < smallest else 0.0
    return np.asarray((1 - weight) * nearest + weight * np.eye(len(matrix)), np.float64)


def read_correlations(
    rows: Sequence[Row],
    assumptions: Sequence[Assumption],
    names: set[str],
    sources: Mapping[str, Source] | None,
    report: Report,
) -> list[Correlation]:
    """Read rows of rank correlations, and report problems.

    Args:
        rows: Rows of ``correlations.csv`` and of a fit.
        assumptions: The valid assumptions.
        names: Names of all rows of assumptions, valid or not.
        sources: The sources by id; None if ``sources.csv`` could not be read.
        report: Collects the problems.

    """
    by_name = {assumption.name: assumption for assumption in assumptions}
    correlations: list[Correlation] = []
    lines: dict[frozenset[str], int] = {}
    for row in rows:
        a, b, pair = row["a"], row["b"], frozenset((row["a"], row["b"]))
        problems = list(_name_errors(a, b, by_name, names))
        if pair in lines and a != b:
            problems.append(f"'{a}' and '{b}' are in line {lines[pair]} already; keep one")
        lines.setdefault(pair, row.line)
        problems += unknown_sources(row["source"], sources)
        rank = 0.0
        try:
            rank = parse_number(row["rank_correlation"])
            if not -1 < rank < 1:
                problems.append(f"rank correlation {rank:g} is not valid; expected a number between -1 and 1")
        except QuantityError as error:
            problems.append(f"rank correlation {error}")
        for problem in problems:
            report.add(row.file, row.line, problem)
        if not problems and a in by_name and b in by_name:
            ids = source_ids(row["source"])
            correlations.append(Correlation(a, b, rank, ids, row["note"], report.path(row.file), row.line))
    _check_copula(correlations, assumptions, rows, report)
    return correlations


def _name_errors(a: str, b: str, assumptions: Mapping[str, Assumption], names: set[str]) -> Iterator[str]:
    """Reasons why two names cannot be correlated."""
    for name in dict.fromkeys((a, b)):
        if name not in names:
            yield f"there is no row {quoted(name)} in {ASSUMPTIONS}; {did_you_mean(name, names)}"
        elif name in assumptions and is_constant(assumptions[name].shape):
            yield f"'{name}' has the same value in all futures and cannot be correlated"
    if a == b and a in names:
        yield f"'{a}' cannot be correlated with itself"


def _check_copula(
    correlations: Sequence[Correlation], assumptions: Sequence[Assumption], rows: Sequence[Row], report: Report
) -> None:
    """Report correlations that contradict one another, and warn of correlations that the copula does not attain."""
    if not correlations:
        return
    lines = {(row["a"], row["b"]): row for row in rows}
    last = lines[correlations[-1].a, correlations[-1].b]
    try:
        joint = copula(assumptions, correlations)
    except np.linalg.LinAlgError:
        report.add(
            last.file or CORRELATIONS,
            last.line,
            "the rank correlations contradict one another (their matrix is not positive definite); weaken some of them",
        )
        return
    names = [assumptions[column].name for column in joint.columns]
    stated = np.eye(len(names))
    for c in correlations:
        i, j = names.index(c.a), names.index(c.b)
        stated[i, j] = stated[j, i] = c.rank
        if abs(joint.ranks[i, j] - c.rank) > TOLERANCE:
            row = lines[c.a, c.b]
            report.warn(
                row.file,
                row.line,
                f"{c.a} and {c.b}: a Gaussian copula does not attain the rank correlation {c.rank:g}, because of "
                f"ties between values of a list or the other correlations; {joint.ranks[i, j]:.3f} is used",
            )
    for i, j in np.argwhere(np.tril((stated == 0.0) & (np.abs(joint.ranks) > TOLERANCE), -1)):
        report.warn(
            last.file,
            last.line,
            f"{names[j]} and {names[i]} have no stated rank correlation, but {joint.ranks[i, j]:.3f} is used: with the "
            "other correlations a Gaussian copula cannot leave them independent",
        )
