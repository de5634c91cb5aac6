"""Decisions that are compared, and the net benefit of each in the same futures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from octoplan.errors import Problem, RunError, ScenarioError
from octoplan.explore.evaluate import Evaluations, Results, results_of
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.changes import CHANGES, split_changes
from octoplan.scenario.scenario import with_changes

AS_DECIDED, NO_PROGRAMME, DOUBLED = "as-decided", "no-programme", "double-crews-and-kits"
"""Names of the decisions of the scenario, of the counterfactual, and of twice the crews and kits."""
TITLES = {AS_DECIDED: "As decided", NO_PROGRAMME: "No programme", DOUBLED: "Double crews and kits"}
"""Their titles."""

Changes = Mapping[str, object] | str | Path
"""Changes of decisions as in ``Scenario.change``, or another ``decisions.toml``: its path or its text."""


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


def simulate_decisions(
    run: Run, decisions: Sequence[Decision], evaluations: Evaluations, base: Results | None = None
) -> tuple[Results, ...]:
    """Results of each decision in the futures of a run, with the same draws, numbers of futures and seed.

    As decided and no programme have the results of the run: the latter those without the programme. Only the other
    decisions are simulated, without a counterfactual, which is the same for all.

    Args:
        run: A run of the scenario, with its counterfactual.
        decisions: The decisions, as ``decisions_of`` returns them.
        evaluations: Simulates futures.
        base: Results of the run, if they are at hand.

    Raises:
        RunError: If the run has no counterfactual.

    """
    if not run.counterfactual:
        raise RunError("the run was simulated without its counterfactual, which comparisons of decisions need")
    base = results_of(run) if base is None else base
    return tuple(
        base
        if decision.is_counterfactual or decision.scenario.hash == run.scenario.hash
        else evaluations.evaluate(
            decision.title, decision.scenario, draws_for(decision.scenario, run), run.seed, counterfactual=False
        )
        for decision in decisions
    )


def benefits(decisions: Sequence[Decision], results: Sequence[Results]) -> Benefits:
    """Net benefits of decisions in the same futures, from their results (``simulate_decisions``).

    Raises:
        RunError: If there are fewer than two decisions, or no future was completed by all of them.
        ValueError: If the results are not of the same futures, or those of no programme have no counterfactual.

    """
    if len(decisions) < 2:
        raise RunError(f"a comparison needs two decisions or more, and there is {len(decisions)}; state another one")
    futures = results[0].futures
    if any(not np.array_equal(item.futures, futures) for item in results):
        raise ValueError("the decisions were simulated in different futures")
    values = np.column_stack([net_benefit(*pair) for pair in zip(decisions, results, strict=True)])
    completed = np.logical_and.reduce([item.status == 0 for item in results])
    if not completed.any():
        raise RunError(f"no comparison of the decisions: none of the {len(futures)} futures was completed by all")
    return Benefits(tuple(decisions), values[completed], futures[completed], int((~completed).sum()))


def net_benefit(decision: Decision, results: Results) -> Floats:
    """(futures,) minus damage and spend of a decision."""
    amounts = results.without if decision.is_counterfactual else results.totals
    if amounts is None:
        raise ValueError(f"{decision.name}: the futures were simulated without their counterfactual")
    return -(amounts.damage + amounts.spend)


def draws_for(scenario: Scenario, run: Run) -> Floats:
    """(futures, columns) draws of a scenario that differs from that of a run by its decisions only.

    An assumption has the same draws in both. Decisions may add assumptions with default values, or make them needless.
    """
    if scenario.columns == run.scenario.columns:
        return np.asarray(run.assumptions.values, np.float64)
    return draw_assumptions(scenario, run.futures, run.seed)
