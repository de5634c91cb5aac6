"""Exploration of a run, part by part."""

import time
from importlib.metadata import version

import numpy as np
from threadpoolctl import threadpool_limits

from octoplan.explore.base import Base, check_run
from octoplan.explore.evaluate import Evaluations, Progress
from octoplan.explore.findings import Exploration, Findings, Result
from octoplan.explore.parts import PARTS
from octoplan.explore.results import Estimate
from octoplan.explore.settings import Settings
from octoplan.outcomes.intervals import half_width, interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of

__all__ = ["Exploration", "Progress", "explore_run"]


def explore_run(run: Run, settings: Settings, evaluations: Evaluations, measures: tuple[str, ...] = ()) -> Exploration:
    """Explore a run part by part.

    Args:
        run: The run, simulated with the counterfactual.
        settings: Groups, decisions, trials and requirements.
        evaluations: Simulates further futures.
        measures: Keys of the measures to explore; empty for the ten key results.

    Raises:
        RunError: The run has too few futures, or a measure is unknown.

    """
    check_run(run)
    base, seconds = Base(run, settings, evaluations, measures, run.seed), {}
    with threadpool_limits(1):
        findings, _ = first_findings(base), base.requirements
        for name, part in PARTS.items():
            start = time.perf_counter()
            findings = part(base, findings)
            seconds[name] = time.perf_counter() - start
    return Exploration(run.scenario, findings, seconds)


def first_findings(base: Base) -> Findings:
    """The identity of the run, and the results explored."""
    run = base.run
    return Findings(
        version("octoplan"), run.scenario.hash, run.seed, run.futures, run.failed, view_of(run).unit,
        tuple(result_of(base, key) for key in base.keys),
    )  # fmt: skip


def result_of(base: Base, key: str) -> Result:
    """A result with its mean and its quantiles over the futures in which it is finite."""
    measure, rows = base.described[key], base.defined(key)
    if not len(rows):
        nothing = Estimate(np.nan, np.nan, np.nan)
        return Result(key, measure.title, measure.unit, measure.form, nothing, np.nan, np.nan)
    spread = interval(base.results.measures[key][rows], futures=base.results.futures[rows])
    half = half_width(spread)
    mean = Estimate(spread.mean, spread.mean - half, spread.mean + half)
    return Result(key, measure.title, measure.unit, measure.form, mean, spread.p10, spread.p90)
