"""Independent factors of a variance decomposition: sets of assumptions whose uniform inputs nothing else shares.

``Scenario.quantiles`` turns independent uniform inputs into draws. Assumptions that one input moves belong together:
those that correlations connect, and the calibrated ones, of which a single input chooses a line of ``posterior.csv``.
Between such sets there is no dependence, and only for independent factors do first-order and total indices divide
the variance (Sobol' 1993).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from octoplan.errors import RunError
from octoplan.explore.results import CHANCE, OTHERS
from octoplan.scenario import Scenario
from octoplan.scenario.descriptions import subject
from octoplan.scenario.distributions import is_constant
from octoplan.scenario.report import did_you_mean

CALIBRATED = "calibrated"
"""Name of the factor of the assumptions that are drawn jointly from ``posterior.csv``."""
CHANCE_TITLE = "chance: raids, weather, outages and other events"
OTHERS_TITLE = "all other assumptions"
NAMES_IN_A_SENTENCE = 3


@dataclass(frozen=True)
class Factor:
    """Assumptions that are exchanged together, by their columns; chance has no columns."""

    name: str
    title: str
    columns: tuple[int, ...]


def uncertain_columns(scenario: Scenario) -> tuple[int, ...]:
    """Columns of the assumptions that differ between futures."""
    return tuple(i for i, assumption in enumerate(scenario.assumptions) if not is_constant(assumption.marginal))


def components(scenario: Scenario) -> tuple[tuple[int, ...], ...]:
    """Columns of the uncertain assumptions in independent sets, each in ascending order, in the order of their first.

    A set has one assumption, or those that correlations connect, or those that are drawn jointly.
    """
    size = len(scenario.assumptions)
    linked = np.zeros((size, size), np.int64)
    columns = np.array(scenario.copula.columns, np.int64)
    linked[np.ix_(columns, columns)] = scenario.copula.cholesky_factor != 0.0
    if scenario.joint_draws is not None:
        linked[scenario.joint_draws.columns[0], scenario.joint_draws.columns] = 1
    labels = connected_components(linked, directed=False)[1]
    sets: dict[int, list[int]] = {}
    for column in uncertain_columns(scenario):
        sets.setdefault(int(labels[column]), []).append(column)
    return tuple(tuple(columns) for columns in sets.values())


def correlated_columns(scenario: Scenario) -> frozenset[int]:
    """Columns of the assumptions that are correlated with others, or drawn jointly with them."""
    return frozenset(column for columns in components(scenario) if len(columns) > 1 for column in columns)


def factors_of(
    scenario: Scenario, names: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None
) -> tuple[tuple[Factor, ...], tuple[str, ...]]:
    """Independent factors, and a sentence for each group that is widened: groups, assumptions, the others, and chance.

    A group that contains one of several assumptions that depend on one another is widened to all of them; an
    assumption that depends on others stands for all of them.

    Args:
        scenario: The scenario.
        names: Names of assumptions that are factors, in addition to groups; those in a group already are ignored.
        groups: Names of the assumptions of each group, by its name.

    Raises:
        RunError: If there is no assumption of a name, or it has no range; if two groups share an assumption, as given
            or once widened; or if a group has the name of another factor.

    """
    column_of = {name: column for column, name in enumerate(scenario.columns)}
    set_of = {column: columns for columns in components(scenario) for column in columns}
    factors: list[Factor] = []
    notes: list[str] = []
    owner: dict[int, str] = {}
    for group, members in (groups or {}).items():
        _check_group_name(scenario, group)
        chosen = {column for name in members if (column := _column(column_of, name)) in set_of}
        if not chosen:
            raise RunError(f"the group {group!r} has no effect on results: none of its assumptions has a range")
        columns = tuple(sorted({member for column in chosen for member in set_of[column]}))
        if shared := [column for column in columns if column in owner]:
            raise RunError(_shared(scenario, group, owner[shared[0]], shared))
        owner |= dict.fromkeys(columns, group)
        factors.append(Factor(group, group, columns))
        if added := [scenario.columns[column] for column in columns if column not in chosen]:
            notes.append(f"The group {group} includes {_listed(added)} too, because they depend on its assumptions.")
    for name in names:
        column = _column(column_of, name)
        if column not in set_of:
            raise RunError(f"the assumption {name!r} has no range: it is the same in all futures, and explains nothing")
        if column not in owner:
            factors.append(factor_of(scenario, set_of[column]))
            owner |= dict.fromkeys(set_of[column], name)
    others = tuple(column for column in set_of if column not in owner)
    rest = [Factor(OTHERS, OTHERS_TITLE, tuple(sorted(others)))] if others else []
    return (*factors, *rest, Factor(CHANCE, CHANCE_TITLE, ())), tuple(notes)


def factor_of(scenario: Scenario, columns: tuple[int, ...]) -> Factor:
    """The factor of one independent set of assumptions (``components``)."""
    first = scenario.assumptions[columns[0]]
    title = subject(scenario, first)
    if len(columns) == 1:
        return Factor(first.name, title, columns)
    if first.is_calibrated:
        return Factor(CALIBRATED, f"the {len(columns)} calibrated assumptions, which are drawn jointly", columns)
    if len(columns) == 2:
        other = subject(scenario, scenario.assumptions[columns[1]])
        return Factor(f"{first.name}+1", f"{title} and {other}, which are correlated", columns)
    more = len(columns) - 1
    return Factor(f"{first.name}+{more}", f"{title} and {more} assumptions correlated with it", columns)


def _column(column_of: Mapping[str, int], name: str) -> int:
    """Column of an assumption. Raises RunError if there is none of this name."""
    if name not in column_of:
        raise RunError(f"there is no assumption {name!r}; {did_you_mean(name, column_of)}")
    return column_of[name]


def _check_group_name(scenario: Scenario, group: str) -> None:
    """Raise RunError if a group has the name of another factor."""
    if group in (CHANCE, OTHERS, CALIBRATED) or group in scenario.columns:
        raise RunError(f"a group cannot have the name {group!r}, which is that of another factor; choose another name")


def _shared(scenario: Scenario, group: str, other: str, columns: Iterable[int]) -> str:
    """Message that two groups share assumptions."""
    names = _listed([scenario.columns[column] for column in columns])
    return (
        f"the groups {other!r} and {group!r} are not independent: both contain, or depend on, {names}; "
        "make one group of them"
    )


def _listed(names: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    more = len(names) - NAMES_IN_A_SENTENCE
    if more > 1:
        return f"{', '.join(names[:NAMES_IN_A_SENTENCE])} and {more} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
