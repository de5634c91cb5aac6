"""The parts of an exploration, each of which adds to the findings of those before it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from octoplan.errors import RunError
from octoplan.explore.base import Base
from octoplan.explore.decisions import Decision
from octoplan.explore.design import A, design
from octoplan.explore.discovery import discover
from octoplan.explore.evaluate import Results
from octoplan.explore.factors import factors_of
from octoplan.explore.findings import ComparedDecision, Findings, Points
from octoplan.explore.impact import impacts, result_effects
from octoplan.explore.indices import indices
from octoplan.explore.info_gap import info_gap, main_assumptions
from octoplan.explore.information import clairvoyance, evppi
from octoplan.explore.mix import best_mix
from octoplan.explore.perfect_information import perfect_information
from octoplan.explore.ranking import rank_results, with_design
from octoplan.explore.requirements import Outcome, outcome
from octoplan.explore.results import Discovery, InfoGap, Information, InformationValues, Ranking, Share
from octoplan.explore.robustness import robustness
from octoplan.explore.sample_size import sample_sizes
from octoplan.explore.switching import switching_values
from octoplan.explore.tornado import tornado_bars
from octoplan.explore.trials import trial_values
from octoplan.explore.variance import given_first_order
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.precision import Precision
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.outcomes.sensitivity import sensitivities
from octoplan.scenario.arrays import Floats

Part = Callable[[Base, Findings], Findings]
"""A part of an exploration: the findings with what it adds."""

DESIGNED_FACTORS = 8
"""Number of single assumptions in a designed sample, in addition to groups, the others and chance."""
DESIGN_SHARE, SMALLEST_DESIGN, LARGEST_DESIGN = 4, 64, 256
"""Futures of the run for each future of a block of the designed sample, and the limits of their number."""
FEWEST_EXAMINED, MOST_EXAMINED = 16, 48
"""Limits of the number of assumptions for which the value of information is estimated."""
INFO_GAP_FUTURES = 48
"""Number of futures at each horizon of error."""
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
    assumptions = [Share(name, base.title(name), None, is_correlated=name in base.correlated) for name in names]
    for keys in together.values():
        rows = base.defined(keys[0])
        values = np.column_stack([base.results.measures[key][rows] for key in keys])
        results = [(key, findings.result(key).title) for key in keys]
        yield from rank_results(
            results, assumptions, draws[rows], values, base.results.futures[rows],
            excluded=base.run.futures - len(rows), seed=base.seed,
        )  # fmt: skip


def design_sample(base: Base, findings: Findings) -> Findings:
    """First-order and total indices of the largest factors, groups and chance, from a designed sample."""
    if not base.uncertain:
        return findings
    largest = base.largest[:DESIGNED_FACTORS]
    factors, notes = factors_of(base.scenario, largest, base.settings.groups)
    futures = min(LARGEST_DESIGN, max(SMALLEST_DESIGN, base.run.futures // DESIGN_SHARE), base.run.futures)
    sample = design(base.scenario, factors, futures // BLOCK_FUTURES * BLOCK_FUTURES, base.run.seed)
    results: dict[str, Results] = {}
    for number, block in enumerate(sample.blocks, 1):
        if block.name == A and np.array_equal(block.draws, base.draws[: len(block.draws)]):
            results[block.name] = base.results
        else:
            name = f"designed sample, {number} of {len(sample.blocks)}"
            results[block.name] = base.evaluations.evaluate(
                name, base.scenario, block.draws, block.seed, first=block.first
            )
    count = len(sample.blocks[0].draws)
    rankings = []
    for ranking in findings.rankings:
        values = {name: block.measures[ranking.measure][:count] for name, block in results.items()}
        estimated = indices(factors, values, base.seed)
        rankings.append(replace(with_design(ranking, estimated), designed_futures=estimated.futures))
    return replace(with_notes(findings, *notes), rankings=tuple(rankings))


def simulate_ends(base: Base, findings: Findings) -> Findings:
    """Tornado: the results with each of the largest assumptions at its P10 and P90."""
    if not base.largest:
        return findings
    bars = tornado_bars(base.evaluations, base.scenario, base.draws, base.run.seed, base.largest, base.results)
    return replace(findings, tornado=tuple(bar for bar in bars if bar.measure in base.keys))


def compare_decisions(base: Base, findings: Findings) -> Findings:
    """Simulate the decisions that are compared, in the futures of the run."""
    decisions = tuple(ComparedDecision(d.name, d.title) for d in base.benefits.decisions)
    failed = base.benefits.failed - base.run.failed
    note = f"{failed:,} further futures failed under another decision; they are excluded from comparisons of decisions."
    return replace(with_notes(findings, *([note] if failed else [])), decisions=decisions)


def find_switching_values(base: Base, findings: Findings) -> Findings:
    """Values of single assumptions at which another decision is preferred."""
    if not base.uncertain:
        return findings
    names, benefits = [assumption.name for assumption in base.uncertain], base.benefits
    draws = base.draws_of(names)[benefits.futures]
    values = switching_values(names, draws, benefits.against_no_programme, benefits.names, benefits.futures, base.seed)
    return replace(findings, switching=values)


def value_information(base: Base, findings: Findings) -> Findings:
    """Values of information for the choice between the decisions: of assumptions, groups, and all of them.

    Only assumptions on which a difference between decisions depends are examined; the others cannot change the choice.
    """
    if not base.uncertain:
        return findings
    benefits = base.benefits
    rows, values = benefits.futures, benefits.against_no_programme
    names = relevant(base, values)
    items: list[tuple[str, str, tuple[str, ...]]] = [(name, base.title(name), (name,)) for name in names]
    items += [(name, name, members) for name, members in base.settings.groups.items()]
    partial = [
        Information(name, title, evppi(values, base.draws_of(members)[rows], rows, base.seed))
        for name, title, members in items
    ]
    preferred = int(values.mean(axis=0).argmax())
    others = [name for i, name in enumerate(benefits.names) if i != preferred]
    trials = [row for trial in base.settings.trials for row in trial_values(trial, base.run, values, rows, base.seed)]
    information = InformationValues(
        (benefits.names[preferred], *others), perfect_information(base.run, benefits, base.evaluations),
        clairvoyance(values, rows), tuple(sorted(partial, key=lambda item: -item.value.value)),
        tuple(trials),
    )  # fmt: skip
    return replace(findings, information=information)


def relevant(base: Base, values: Floats) -> tuple[str, ...]:
    """Names of the assumptions on which differences between decisions depend, the largest first.

    Those with a first-order index distinguishable from zero for some difference, and at least ``FEWEST_EXAMINED``.

    values
        (futures of ``base.benefits``, decisions) net benefits.
    """
    names = [assumption.name for assumption in base.uncertain]
    rows = base.benefits.futures
    differences = values - values[:, [int(values.mean(axis=0).argmax())]]
    indices = given_first_order(base.draws_of(names)[rows], differences, rows, base.seed)
    largest = np.nan_to_num(indices.values).max(axis=1)
    clear = np.nan_to_num(indices.low).max(axis=1) > 0.0
    order = sorted(range(len(names)), key=lambda i: (not clear[i], -largest[i]))
    return tuple(names[i] for i in order[: min(MOST_EXAMINED, max(FEWEST_EXAMINED, int(clear.sum())))])


def rate_impacts(base: Base, findings: Findings) -> Findings:
    """Impact of each assumption, from its effects, its switching value and the value of knowing it."""
    effects = []
    for result in findings.results:
        values = base.results.measures[result.key][base.results.finished]
        bars = [bar for bar in findings.tornado if bar.measure == result.key]
        effects.append(result_effects(result.title, result.unit, sensitivities(base.run, values), bars))
    partial = () if findings.information is None else findings.information.partial
    titles = {decision.name: decision.title for decision in findings.decisions}
    rated = impacts(base.scenario.assumptions, effects, findings.switching, partial, titles, findings.money)
    return replace(findings, impacts=rated)


def discover_failures(base: Base, findings: Findings) -> Findings:
    """Where each requirement is missed: boxes and trees, with the futures on which they rest."""
    names = [assumption.name for assumption in base.uncertain]
    if not names:
        return findings
    draws, futures = base.draws_of(names), base.results.futures
    discoveries, points = [], []
    for requirement in base.requirements:
        values = base.results.measures[requirement.key]
        discovery = discover(requirement, values, draws, names, futures, base.seed)
        discoveries.append(discovery)
        points.append(points_of(base, discovery, outcome(requirement, values)))
    return replace(findings, discoveries=tuple(discoveries), points=tuple(points))


def points_of(base: Base, discovery: Discovery, result: Outcome) -> Points:
    """The futures of a discovery: draws of the assumptions that its box or its tree restricts, and the cases."""
    limits = discovery.trajectory[discovery.chosen].limits
    limits += tuple(limit for leaf in discovery.leaves for limit in leaf.limits)
    names = tuple(dict.fromkeys(limit.name for limit in limits))
    rows = np.flatnonzero(result.defined)
    draws = tuple(map(tuple, base.draws_of(names)[rows].T.tolist()))
    return Points(discovery.requirement, names, draws, tuple(result.missed[rows].tolist()))


def examine_robustness(base: Base, findings: Findings) -> Findings:
    """Regret and robustness of the decisions; the requirement is to be better than no programme."""
    benefits = base.benefits
    values = benefits.against_no_programme
    is_met = np.asarray(values > 0.0)
    rows = robustness(benefits.names, benefits.titles, values, is_met, benefits.futures, base.seed)
    return replace(findings, robustness=rows)


def move_together(base: Base, findings: Findings) -> Findings:
    """How wrong the main assumptions may be together before a decision is worse than no programme on average."""
    if not base.uncertain:
        return findings
    finished = base.results.net_benefit[base.results.finished]
    try:
        moved = main_assumptions(base.run, finished, at_least=True)
    except RunError as error:
        return with_notes(findings, f"No info-gap curve: {error}.")
    columns = [base.scenario.columns.index(item.name) for item in moved]
    draws = base.draws[:INFO_GAP_FUTURES]
    curves: list[InfoGap] = []
    for decision in base.decisions:
        if not decision.is_counterfactual and decision.scenario.columns == base.scenario.columns:
            net_benefit = net_benefit_given(base, decision)
            futures = base.results.futures[: len(draws)]
            curves.append(
                info_gap(decision.name, net_benefit, draws, moved, columns, 0.0, futures, base.seed, at_least=True)
            )
    return replace(findings, info_gap=tuple(curves))


def net_benefit_given(base: Base, decision: Decision) -> Callable[[Floats], Floats]:
    """Net benefit of a decision compared with no programme, given draws."""

    def net_benefit(draws: Floats) -> Floats:
        name = f"assumptions moved together, {decision.title.lower()}"
        return base.evaluations.evaluate(name, decision.scenario, draws, base.run.seed).net_benefit

    return net_benefit


def buy_in_order(base: Base, findings: Findings) -> Findings:
    """The best mix for a budget: what to buy with each further step of money."""
    try:
        mix = best_mix(base.run, base.evaluations, base=base.results)
    except RunError as error:
        return with_notes(findings, f"No best mix: {error}.")
    if not mix:
        return with_notes(
            findings, "No best mix: no purchase that was tested has a net benefit distinguishable from zero."
        )
    return replace(findings, mix=mix)


def count_futures(base: Base, findings: Findings) -> Findings:
    """Futures needed for the means of the key results."""
    results = key_results(base.run)
    explored = replace(results, rows=tuple(row for row in results if row.key in base.keys))
    return replace(findings, sample_sizes=sample_sizes(explored, PRECISION))


PARTS: dict[str, Part] = {
    "ranking": rank,
    "designed sample": design_sample,
    "tornado": simulate_ends,
    "decisions": compare_decisions,
    "switching values": find_switching_values,
    "value of information": value_information,
    "impact": rate_impacts,
    "discovery": discover_failures,
    "robustness": examine_robustness,
    "info-gap": move_together,
    "best mix": buy_in_order,
    "sample sizes": count_futures,
}
"""The parts in their order, by name."""
