"""Classification tree of the futures with many cases of interest (CART): a few yes-or-no questions on assumptions.

Breiman, Friedman, Olshen and Stone (1984), *Classification and Regression Trees*, pruned by cost and complexity. The
penalty is the largest whose squared error in held-out futures, in whole blocks of the sample, is within one standard
error of the least; without a dependence on the assumptions that leaves a tree without a question.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from octoplan.explore.boxes import Bools, Region, all_futures, limit_probabilities
from octoplan.explore.peeling import between
from octoplan.explore.regression import folds_of
from octoplan.explore.results import Leaf, Limit
from octoplan.outcomes.intervals import standard_error
from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

Ranks = NDArray[np.float32]
"""Rank of each draw among the values of its assumption, in the 32 bits in which scikit-learn computes."""

MAX_DEPTH = 3
"""Maximum number of questions that lead to a leaf."""
MIN_LEAF = 0.05
"""Smallest share of all futures in a leaf."""


def tree_leaves(draws: Floats, cases: Bools, names: Sequence[str], futures: Ints, seed: int) -> tuple[Leaf, ...]:
    """Leaves of the classification tree, the densest first; a single leaf of all futures if no question helps.

    Limits have the share of the trees without one of the folds that ask about the assumption.

    Args:
        draws: (n, k) draws of the assumptions.
        cases: (n,) True for the cases of interest, of which there is at least one.
        names: Names of the k assumptions.
        futures: (n,) numbers of the futures in the sample.
        seed: Seed of the order in which equally good questions are tried.

    Raises:
        ValueError: Draws are not finite, or no futures are cases.

    """
    if not np.isfinite(draws).all() or not cases.any():
        raise ValueError("draws are not finite, or no futures are cases")
    folds = folds_of(futures)
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in draws.T]).astype(np.float32)
    columns = columns_used(ranks, cases, seed)
    parts = {int(fold): columns_used(ranks[folds != fold], cases[folds != fold], seed) for fold in np.unique(folds)}
    penalty = chosen_penalty(ranks, cases, folds, futures, (columns, parts), seed)
    tree = grown(ranks[:, columns], cases, penalty, seed).tree_
    reproduced = np.zeros(draws.shape[1])
    for fold, part in parts.items():
        rows = folds != fold
        other = grown(ranks[np.ix_(rows, part)], cases[rows], penalty, seed).tree_
        reproduced[part[np.unique(other.feature[other.feature >= 0])]] += 1.0 / len(parts)
    leaves = [
        leaf_of(region, draws, cases, names, reproduced)
        for region in regions_of(tree, columns, draws, 0, all_futures(draws.shape[1]))
    ]
    return tuple(sorted(leaves, key=lambda leaf: (-leaf.density, -leaf.futures)))


def columns_used(ranks: Ranks, cases: Bools, seed: int) -> Ints:
    """Columns that the tree asks about before it is pruned: pruned trees need no others."""
    feature = grown(ranks, cases, 0.0, seed).tree_.feature
    return np.unique(np.maximum(feature, 0))


def grown(ranks: Ranks, cases: Bools, penalty: float, seed: int) -> DecisionTreeClassifier:
    """A tree pruned with a penalty for each leaf.

    Args:
        ranks: (n, k) ranks of the draws.
        cases: (n,) True for the cases of interest.
        penalty: Penalty for each leaf, in impurity (Gini index).
        seed: Seed of the order of questions.

    """
    smallest = max(ceil(MIN_LEAF * len(ranks)), 1)
    model = DecisionTreeClassifier(
        max_depth=MAX_DEPTH, min_samples_leaf=smallest, ccp_alpha=penalty, random_state=seed % 2**32
    )
    return model.fit(ranks, cases)


def chosen_penalty(
    ranks: Ranks, cases: Bools, folds: Ints, futures: Ints, columns: tuple[Ints, dict[int, Ints]], seed: int
) -> float:
    """The largest penalty whose squared error in held-out futures is within a standard error of the least.

    Candidates are the geometric means of successive penalties at which the tree of all futures loses a leaf.

    Args:
        ranks: (n, k) ranks of the draws.
        cases: (n,) True for the cases of interest.
        folds: (n,) fold of each future.
        futures: (n,) numbers of the futures.
        columns: Columns that the tree of all futures asks about, and those of the tree without each fold.
        seed: Seed of the order of questions.

    """
    used, parts = columns
    path = grown(ranks[:, used], cases, 0.0, seed).cost_complexity_pruning_path(ranks[:, used], cases)
    steps = np.maximum(path.ccp_alphas, 0.0)
    penalties = np.append(np.sqrt(steps[:-1] * steps[1:]), 2.0 * steps[-1] + 1.0)
    errors = np.zeros((len(penalties), len(cases)))
    for row, penalty in enumerate(penalties):
        for fold, part in parts.items():
            held_out = folds == fold
            tree = grown(ranks[np.ix_(~held_out, part)], cases[~held_out], float(penalty), seed)
            errors[row, held_out] = (share_of_cases(tree, ranks[np.ix_(held_out, part)]) - cases[held_out]) ** 2
    best = int(errors.mean(axis=1).argmin())
    limit = errors[best].mean() + standard_error(errors[best], block_of(futures))
    return float(penalties[np.flatnonzero(errors.mean(axis=1) <= limit)[-1]])


def share_of_cases(tree: DecisionTreeClassifier, ranks: Ranks) -> Floats:
    """(n,) share of cases in the leaf of each future."""
    position = np.flatnonzero(tree.classes_)
    shares = tree.predict_proba(ranks)[:, position]
    return np.asarray(shares.sum(axis=1), np.float64)


def regions_of(tree: Any, columns: Ints, draws: Floats, node: int, region: Region) -> list[Region]:
    """Regions of the leaves below a node.

    Args:
        tree: The arrays of the tree, as scikit-learn stores them, in ranks.
        columns: Assumptions of the columns of the tree.
        draws: (n, k) draws, from whose values bounds are computed.
        node: Number of the node.
        region: Region of the node.

    """
    if tree.children_left[node] < 0:
        return [region]
    column = int(columns[tree.feature[node]])
    levels = np.unique(draws[:, column])
    below = int(tree.threshold[node])
    low_bound, high_bound = between(levels[below + 1], levels[below]), between(levels[below], levels[below + 1])
    left, right = region.with_bound(column, 1, high_bound), region.with_bound(column, 0, low_bound)
    return [
        *regions_of(tree, columns, draws, int(tree.children_left[node]), left),
        *regions_of(tree, columns, draws, int(tree.children_right[node]), right),
    ]


def leaf_of(region: Region, draws: Floats, cases: Bools, names: Sequence[str], reproduced: Floats) -> Leaf:
    """The leaf of a region, with its futures, density and coverage."""
    inside = region.contains(draws)
    hits, futures = int((inside & cases).sum()), int(inside.sum())
    probabilities = limit_probabilities(region, draws, cases)
    limits = tuple(
        Limit(names[column], float(region.low[column]), float(region.high[column]), float(p), float(reproduced[column]))
        for column, p in zip(region.columns, probabilities, strict=True)
    )
    return Leaf(limits, futures, hits / futures, hits / int(cases.sum()))
