"""The parts of an exploration, each of which adds to the findings of those before it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from octoplan.explore.base import Base
from octoplan.explore.findings import ComparedDecision, Findings
from octoplan.explore.results import Ranking, Share
from octoplan.explore.robustness import robustness
from octoplan.explore.sample_size import sample_sizes
from octoplan.explore.variance import given_first_order
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.precision import Precision

Part = Callable[[Base, Findings], Findings]
"""A part of an exploration: the findings with what it adds."""

PRECISION = Precision(0.02)
"""Standard error of the mean of each key result that the part on sample sizes asks for."""


def with_notes(findings: Findings, *notes: str) -> Findings:
    """The findings with further notes."""
    return replace(findings, notes=(*findings.notes, *notes))


def rank(base: Base, findings: Findings) -> Findings:
    """First-order indices of all uncertain assumptions for all results, from the draws of the run."""
    left_out = [f"{findings.result(key).title} ({key})" for key in base.keys if not base.varies(key)]
    if left_out:
        note = f"Not ranked, because they are the same in all futures or defined in few: {', '.join(left_out)}."
        findings = with_notes(findings, note)
    if not base.uncertain:
        return with_notes(findings, f"No assumption of {base.scenario.title} has a range: all differences are chance.")
    rankings = {ranking.measure: ranking for ranking in rankings_from_run(base, findings)}
    return replace(findings, rankings=tuple(rankings[key] for key in base.keys if key in rankings))


def rankings_from_run(base: Base, findings: Findings) -> Iterator[Ranking]:
    """Yield the ranking of each result that varies; results that are defined in the same futures are ranked at once."""
    names = [assumption.name for assumption in base.uncertain]
    draws = base.draws_of(names)
    together: dict[bytes, list[str]] = {}
    for key in base.keys:
        if base.varies(key):
            together.setdefault(base.defined(key).tobytes(), []).append(key)
    for keys in together.values():
        rows = base.defined(keys[0])
        values = np.column_stack([base.results.measures[key][rows] for key in keys])
        indices = given_first_order(draws[rows], values, base.results.futures[rows], base.seed)
        for column, key in enumerate(keys):
            shares = [
                Share(name, base.title(name), indices.estimate(i, column), is_correlated=name in base.correlated)
                for i, name in enumerate(names)
            ]
            ordered = sorted(shares, key=lambda share: -share.first.value if share.first is not None else 0.0)
            excluded = base.run.futures - len(rows)
            yield Ranking(key, findings.result(key).title, len(rows), excluded, tuple(ordered))


def compare_decisions(base: Base, findings: Findings) -> Findings:
    """Simulate the decisions that are compared, in the futures of the run."""
    decisions = tuple(ComparedDecision(d.name, d.title) for d in base.benefits.decisions)
    failed = base.benefits.failed - base.run.failed
    note = f"{failed:,} further futures failed under another decision; they are excluded from comparisons of decisions."
    return replace(with_notes(findings, *([note] if failed else [])), decisions=decisions)


def examine_robustness(base: Base, findings: Findings) -> Findings:
    """Regret and robustness of the decisions; the requirement is to be better than no programme."""
    benefits = base.benefits
    values = benefits.against_no_programme
    is_met = np.asarray(values > 0.0)
    rows = robustness(benefits.names, benefits.titles, values, is_met, benefits.futures, base.seed)
    return replace(findings, robustness=rows)


def count_futures(base: Base, findings: Findings) -> Findings:
    """Futures needed for the means of the key results."""
    results = key_results(base.run)
    explored = replace(results, rows=tuple(row for row in results if row.key in base.keys))
    return replace(findings, sample_sizes=sample_sizes(explored, PRECISION))


PARTS: dict[str, Part] = {
    "ranking": rank,
    "decisions": compare_decisions,
    "robustness": examine_robustness,
    "sample sizes": count_futures,
}
"""The parts in their order, by name."""
