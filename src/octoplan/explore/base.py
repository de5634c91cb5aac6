"""What all parts of an exploration start from: the run, its measures, its draws, and what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from octoplan.errors import RunError
from octoplan.explore.decisions import Benefits, Decision, benefits, decisions_of, simulate_decisions
from octoplan.explore.discovery import refuse_one_sided
from octoplan.explore.evaluate import Evaluations, Results, measures_of_scenario, results_of
from octoplan.explore.factors import correlated_columns
from octoplan.explore.requirements import Requirement, default_requirements, outcome, parse_requirements
from octoplan.explore.settings import Settings
from octoplan.explore.tornado import screen
from octoplan.outcomes.main_measures import main_keys
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import subject
from octoplan.scenario.report import did_you_mean, quoted

MIN_FUTURES = 32
"""Fewest futures of a run that can be explored, and in which a result must be defined: four blocks."""


@dataclass(frozen=True, eq=False)
class Base:
    """What all parts of an exploration start from.

    Attributes:
        run: The run.
        settings: The settings of ``explore.toml``.
        evaluations: Simulates further futures.
        measures: Keys of the measures to explore; empty for the ten key results.
        seed: Seed of resampling and of further futures.

    """

    run: Run
    settings: Settings
    evaluations: Evaluations
    measures: tuple[str, ...]
    seed: int

    @property
    def scenario(self) -> Scenario:
        """The scenario of the run."""
        return self.run.scenario

    @cached_property
    def results(self) -> Results:
        """Results of the futures of the run."""
        return results_of(self.run)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions that are compared."""
        stated = {item.name: item.changes for item in self.settings.decisions} or None
        titles = {item.name: item.title for item in self.settings.decisions}
        return decisions_of(self.scenario, stated, titles)

    @cached_property
    def decided(self) -> tuple[Results, ...]:
        """Results of each decision in the futures of the run."""
        return simulate_decisions(self.run, self.decisions, self.evaluations, self.results)

    @cached_property
    def benefits(self) -> Benefits:
        """Net benefits of the decisions."""
        return benefits(self.decisions, self.decided)

    @cached_property
    def described(self) -> dict[str, Measure]:
        """All measures of the run by key, without values."""
        return {measure.key: measure for measure in self.results.described}

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Keys of the results to explore. Raises RunError if a key is unknown."""
        return measures_to_explore(self.scenario, self.measures, tuple(self.described))

    def defined(self, key: str) -> Ints:
        """Rows of the futures in which a result is finite."""
        return np.flatnonzero(np.isfinite(self.results.measures[key]))

    def varies(self, key: str) -> bool:
        """True if a result is finite in enough futures and differs between them."""
        values = self.results.measures[key][self.defined(key)]
        return len(values) >= MIN_FUTURES and bool(np.ptp(values) > 0.0)

    @cached_property
    def uncertain(self) -> tuple[Assumption, ...]:
        """The assumptions that differ between futures."""
        columns = np.flatnonzero(np.ptp(self.draws, axis=0) > 0.0)
        return tuple(self.scenario.assumptions[column] for column in columns)

    @cached_property
    def draws(self) -> Floats:
        """(futures, columns) draws of all assumptions, failed futures included."""
        return np.asarray(self.run.assumptions.values, np.float64)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements stated, otherwise those usual for a scenario.

        Raises RunError if one is not a requirement of the run, or is met or missed in all futures.
        """
        months = self.scenario.names.months
        if not self.settings.requirements:
            measures = [replace(measure, values=self.results.measures[key]) for key, measure in self.described.items()]
            return tuple(default_requirements(measures, months))
        stated = parse_requirements(self.settings.requirements, self.results.described, months)
        for requirement in stated:
            result = outcome(requirement, self.results.measures[requirement.key])
            refuse_one_sided(requirement, int(result.missed.sum()), int(result.defined.sum()))
        return tuple(stated)

    @cached_property
    def largest(self) -> tuple[str, ...]:
        """Names of the assumptions with the largest effects on the results explored."""
        names = [assumption.name for assumption in self.uncertain]
        values = {key: self.results.measures[key] for key in self.keys}
        return screen(names, self.draws_of(names), values) if names else ()

    @cached_property
    def correlated(self) -> frozenset[str]:
        """Names of the assumptions that are drawn jointly with others, or are correlated."""
        return frozenset(self.scenario.columns[column] for column in correlated_columns(self.scenario))

    def title(self, name: str) -> str:
        """The assumption with a name in words."""
        return subject(self.scenario, self.scenario.assumptions[self.scenario.columns.index(name)])

    def draws_of(self, names: Sequence[str]) -> Floats:
        """(futures, names) draws of some assumptions."""
        return self.draws[:, [self.scenario.columns.index(name) for name in names]]


def measures_to_explore(scenario: Scenario, chosen: Sequence[str], available: Sequence[str] = ()) -> tuple[str, ...]:
    """Keys of the measures to explore; the ten key results if none is chosen.

    Args:
        scenario: The scenario.
        chosen: Keys of measures.
        available: Keys of all measures of the scenario, if they are at hand.

    Raises:
        RunError: If the scenario has no measure with a key.

    """
    available = available or [measure.key for measure in measures_of_scenario(scenario)]
    for key in chosen:
        if key not in available:
            raise RunError(f"{scenario.title} has no measure {quoted(key)}; {did_you_mean(key, available)}")
    return tuple(dict.fromkeys(chosen or main_keys(available)))


def check_run(run: Run) -> None:
    """Raise RunError if a run cannot be explored."""
    finished = run.futures - run.failed
    if finished < MIN_FUTURES:
        failed = f", and {run.failed:,} of them failed" if run.failed else ""
        raise RunError(
            f"the run has {run.futures:,} futures{failed}: at least {MIN_FUTURES} finished futures are needed; use "
            "--futures 1000"
        )
    if not run.counterfactual:
        raise RunError(
            "the run was simulated without the counterfactual, which the decisions are compared with; simulate the "
            "scenario again"
        )
