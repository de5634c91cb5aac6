"""Changes made on the page: read from its address and written into the files of the baseline scenario."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from octoplan.errors import RequestError
from octoplan.scenario import Scenario
from octoplan.scenario.report import quoted
from octoplan.scenario.scenario import with_changes

ASSUMPTION_PREFIX, DECISION_PREFIX = "a.", "d."
"""Prefixes of the names of the two kinds of change in an address."""
CHANGE_NAME_PATTERN = re.compile(r"[a-z]\..*", re.DOTALL)
"""Parameters of an address that are changes: one letter, a dot and a name."""
NOTE = "Changed on the page"
"""Beginning of the note of a changed assumption."""


@dataclass(frozen=True)
class Changes:
    """Changes against the baseline, as typed on the page.

    Attributes:
        assumptions: A value or a range such as ``5 to 9``, by name of the assumption.
        decisions: A factor such as ``x1.5`` or a list of monthly values, by name of the decision.

    """

    assumptions: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.assumptions or self.decisions)


def read_changes(query: Mapping[str, str]) -> Changes:
    """Read the changes from the parameters of an address; other parameters are ignored.

    Raises:
        RequestError: A change has neither the prefix of an assumption nor that of a decision.

    """
    unknown = [
        name
        for name in query
        if CHANGE_NAME_PATTERN.fullmatch(name) and not name.startswith((ASSUMPTION_PREFIX, DECISION_PREFIX))
    ]
    if unknown:
        expected = f"an assumption begins with {ASSUMPTION_PREFIX!r}, a decision with {DECISION_PREFIX!r}"
        raise RequestError(422, *(f"{quoted(name)} is not the name of a change; {expected}" for name in unknown[:10]))
    assumptions, decisions = (
        {name.removeprefix(prefix): text for name, text in query.items() if name.startswith(prefix)}
        for prefix in (ASSUMPTION_PREFIX, DECISION_PREFIX)
    )
    return Changes(assumptions, decisions)


def apply_changes(scenario: Scenario, changes: Changes) -> Scenario:
    """The scenario with the changes written into its files. Raises ScenarioError with every problem."""
    return with_changes(scenario, changes.assumptions, changes.decisions, NOTE) if changes else scenario
