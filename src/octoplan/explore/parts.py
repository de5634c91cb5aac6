"""The parts of an exploration, each of which adds to the findings of those before it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from octoplan.explore.base import Base
from octoplan.explore.findings import ComparedDecision, Findings
from octoplan.explore.robustness import robustness

Part = Callable[[Base, Findings], Findings]
"""A part of an exploration: the findings with what it adds."""


def compare_decisions(base: Base, findings: Findings) -> Findings:
    """Simulate the decisions that are compared, in the futures of the run."""
    decisions = tuple(ComparedDecision(d.name, d.title) for d in base.benefits.decisions)
    failed = base.benefits.failed - base.run.failed
    note = f"{failed:,} further futures failed under another decision; they are excluded from comparisons of decisions."
    return replace(findings, decisions=decisions, notes=(*findings.notes, *([note] if failed else [])))


def examine_robustness(base: Base, findings: Findings) -> Findings:
    """Regret and robustness of the decisions; the requirement is to be better than no programme."""
    benefits = base.benefits
    is_met = np.asarray(benefits.against_no_programme > 0.0)
    rows = robustness(
        benefits.names, benefits.titles, benefits.against_no_programme, is_met, benefits.futures, base.seed
    )
    return replace(findings, robustness=rows)


PARTS: dict[str, Part] = {
    "decisions": compare_decisions,
    "robustness": examine_robustness,
}
"""The parts in their order, by name."""
