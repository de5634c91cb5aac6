"""An assumption in words: its meaning with the titles of its entities, and where its row is."""

from pathlib import Path

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.scenario import Scenario


def describe(scenario: Scenario, assumption: Assumption) -> str:
    """Meaning of an assumption and its entities, such as "labour hours of the first unit (all plants)"."""
    kind = KIND_BY_NAME[assumption.kind]
    meaning = next(p.meaning for p in kind.parameters if p.name == assumption.parameter)
    entities = [
        f"all {axis}" if name == "*" else scenario.titles.get(f"{axis}.{name}", name)
        for axis, name in zip(kind.axes, assumption.entities, strict=True)
    ]
    return f"{meaning} ({', '.join(entities)})" if entities else meaning


def row_reference(assumption: Assumption) -> str:
    """File and line of an assumption in the scenario folder, such as "assumptions.csv:12"."""
    return f"{Path(assumption.file).name}:{assumption.line}"
