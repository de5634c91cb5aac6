"""Decisions that are compared, and the net benefit of each in the same futures."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from octoplan.answer.totals import BATCH, KEPT, KEPT_COUNTERFACTUAL, Totals, simulate_or_cancel, totals
from octoplan.errors import Problem, RunError, ScenarioError
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints
from octoplan.scenario.changes import CHANGES, split_changes
from octoplan.scenario.scenario import with_changes

AS_DECIDED, NO_PROGRAMME, DOUBLED = "as-decided", "no-programme", "double-crews-and-kits"
"""Names of the decisions of the scenario, of the counterfactual, and of twice the crews and kits."""
TITLES = {AS_DECIDED: "As decided", NO_PROGRAMME: "No programme", DOUBLED: "Double crews and kits"}
"""Their titles."""

Changes = Mapping[str, object] | str | Path
"""Changes of decisions as in ``Scenario.change``, or another ``decisions.toml``: its path or its text."""
Simulate = Callable[[Compiled, Floats, int], tuple[Totals, Ints]]
"""Simulates a scenario given (futures, columns) draws and the number of the first future: totals and (futures,) status;
0 if the future was completed."""


@dataclass(frozen=True, eq=False)
class Decision:
    """Decisions that are compared with others.

    Attributes:
        name: Short name.
        title: In words.
        scenario: The scenario with these decisions; its assumptions are the same for all.
        is_counterfactual: True if it is the scenario without the programme.

    """

    name: str
    title: str
    scenario: Scenario
    is_counterfactual: bool = False


@dataclass(frozen=True, eq=False)
class Benefits:
    """Net benefits of several decisions in the same futures.

    Attributes:
        decisions: The decisions.
        values: (futures, decisions) minus the mean damage given the assumptions and the spend of all payers, in the
            reporting currency, in real terms.
        futures: (futures,) numbers of the futures, those that no decision failed to complete.
        failed: Number of futures excluded because one of the decisions failed to complete them.

    """

    decisions: tuple[Decision, ...]
    values: Floats
    futures: Ints
    failed: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the decisions."""
        return tuple(decision.name for decision in self.decisions)

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles of the decisions."""
        return tuple(decision.title for decision in self.decisions)

    @property
    def against_no_programme(self) -> Floats:
        """(futures, decisions) net benefit of each decision minus that of no programme, paired.

        For the decisions of the scenario it is the net benefit of the programme: damage avoided less added spend.
        """
        return self.values - self.values[:, [self.names.index(NO_PROGRAMME)]]


def decisions_of(
    scenario: Scenario, stated: Mapping[str, Changes] | None = None, titles: Mapping[str, str] | None = None
) -> tuple[Decision, ...]:
    """The decisions that are compared: as decided, no programme, and further ones.

    Args:
        scenario: The scenario.
        stated: Further decisions by name; if None, twice the crew intake and kits ordered if the scenario has both.
        titles: Titles of the further decisions by name; the name by default.

    Raises:
        ScenarioError: If a further decision is not possible; the exception lists the problems of all.

    """
    doubled = doubled_crews_and_kits(scenario)
    further: Mapping[str, Changes] = stated if stated is not None else {DOUBLED: doubled} if doubled else {}
    titles = {name: name for name in further} | TITLES | dict(titles or {})
    decisions = [
        Decision(AS_DECIDED, TITLES[AS_DECIDED], scenario),
        Decision(NO_PROGRAMME, TITLES[NO_PROGRAMME], scenario, is_counterfactual=True),
    ]
    problems: list[Problem] = []
    for name, changes in further.items():
        try:
            decisions.append(decision_of(scenario, name, titles[name], changes))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return tuple(decisions)


def decision_of(scenario: Scenario, name: str, title: str, changes: Changes) -> Decision:
    """A decision from changes of the decisions of a scenario, or from another ``decisions.toml``.

    Raises:
        ScenarioError: If the name is that of a decision that is always compared, or a change is not possible or is one
            of an assumption; the exception lists all problems, each with the name of the decision.

    """
    if name in (AS_DECIDED, NO_PROGRAMME):
        message = f"decision {name!r}: {TITLES[name].lower()} is always compared; choose another name"
        raise ScenarioError([Problem(CHANGES, 0, message)])
    try:
        if isinstance(changes, Mapping):
            changed = with_decision_changes(scenario, changes)
        else:
            changed = scenario.with_decisions(changes)
    except ScenarioError as error:
        raise ScenarioError(replace(p, message=f"decision {name!r}: {p.message}") for p in error.problems) from None
    return Decision(name, title, changed)


def with_decision_changes(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """The scenario with changed decisions. Raises ScenarioError also if an assumption is to be changed."""
    problems: list[Problem] = []
    assumptions, decisions = split_changes(scenario, changes, problems)
    for assumption in assumptions:
        message = (
            f"{assumption} is an assumption, not a decision: decisions are compared in the same futures; "
            "change it in the scenario instead"
        )
        problems.append(Problem(CHANGES, 0, message))
    return with_changes(scenario, {}, decisions, "Changed", problems)


def doubled_crews_and_kits(scenario: Scenario) -> dict[str, str]:
    """Changes that double the crew intake and the kits ordered in every month; none if one of them is zero."""
    chosen = {"crews.intake": scenario.decisions.crews.intake, "kits.order": scenario.decisions.kits.order}
    is_stated = all(np.any(values) for values in chosen.values())
    return dict.fromkeys(chosen, "x2") if is_stated else {}


def simulator(
    seed: int, *, executor: Executor | None = None, progress: Callable[[int, int], None] | None = None,
    halt: Ints | None = None,
) -> Simulate:  # fmt: skip
    """A function that simulates scenarios with one seed, so that their futures are paired.

    Args:
        seed: The seed of the random streams.
        executor: Executor of the batches of futures.
        progress: Called with the number of futures of a scenario that are simulated, and their total.
        halt: (1,) set to a value other than 0 by another thread to stop with CancelledError.

    """

    def simulate(compiled: Compiled, draws: Floats, first: int) -> tuple[Totals, Ints]:
        results = simulate_or_cancel(
            compiled, draws, seed, executor=executor, batch=BATCH, keep=KEPT, progress=progress, halt=halt, first=first
        )
        return totals(compiled, draws, results.tally), results.status

    return simulate


def benefits(run: Run, decisions: Sequence[Decision], simulate: Simulate, futures: int | None = None) -> Benefits:
    """Net benefits of decisions in the first futures of a run.

    The decisions of the run and its counterfactual need no simulation; the others are simulated with the same draws.

    Args:
        run: A run of the scenario, with its counterfactual.
        decisions: The decisions, as ``decisions_of`` returns them.
        simulate: Simulates a scenario with the seed of the run, such as ``simulator(run.seed)``.
        futures: Number of futures, at most those of the run; all by default.

    Raises:
        RunError: If there are fewer than two decisions, the run has no counterfactual, or every future failed.

    """
    if len(decisions) < 2:
        raise RunError(f"a comparison needs two decisions or more; there is {len(decisions)}")
    count = run.futures if futures is None else min(futures, run.futures)
    with_programme, without = totals_of_run(run, count)
    columns, is_completed = [], np.asarray(run.status[:count] == 0)
    for decision in decisions:
        if decision.is_counterfactual:
            columns.append(net_benefit(without))
        elif decision.scenario is run.scenario or decision.scenario.hash == run.scenario.hash:
            columns.append(net_benefit(with_programme))
        else:
            decided, status = simulate(decision.scenario.compile(), draws_for(decision.scenario, run)[:count], 0)
            columns.append(net_benefit(decided))
            is_completed &= status == 0
    completed = np.flatnonzero(is_completed)
    if not len(completed):
        raise RunError(f"decisions are not comparable: none of the {count} futures was completed by all of them")
    return Benefits(tuple(decisions), np.column_stack(columns)[completed], completed, count - len(completed))


def net_benefit(amounts: Totals) -> Floats:
    """(futures,) minus damage and spend."""
    return -(amounts.damage + amounts.spend)


def draws_for(scenario: Scenario, run: Run) -> Floats:
    """(futures, columns) draws of a scenario that differs from that of a run by its decisions only.

    An assumption has the same draws in both. Decisions may add assumptions with default values, or make them needless.
    """
    if scenario.columns == run.scenario.columns:
        return np.asarray(run.assumptions.values, np.float64)
    return draw_assumptions(scenario, run.futures, run.seed)


def totals_of_run(run: Run, count: int) -> tuple[Totals, Totals]:
    """Totals of the first futures of a run, with the programme and without.

    Raises RunError if the run has no counterfactual.
    """
    if not run.counterfactual:
        raise RunError("the run was simulated without its counterfactual, which comparisons of decisions need")
    parts = []
    for part in run.parts():
        draws = part.assumptions.values
        tally = {name: part.data[name].values for name in KEPT}
        counterfactual = {name: part.counterfactual[name].values for name in KEPT_COUNTERFACTUAL}
        with_programme = totals(run.compiled, draws, tally)
        parts.append((with_programme, totals(run.compiled, draws, counterfactual, tally["exchange"])))
    first, second = (joined([pair[side] for pair in parts], count) for side in (0, 1))
    return first, second


def joined(parts: Sequence[Totals], count: int) -> Totals:
    """The first ``count`` futures of the totals of consecutive parts."""
    return Totals(*(np.concatenate([getattr(part, f.name) for part in parts])[:count] for f in fields(Totals)))
