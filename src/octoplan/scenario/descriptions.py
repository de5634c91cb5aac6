"""An assumption in words: its meaning with the titles of its entities, its unit, and where its row is."""

from datetime import date
from pathlib import Path

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.parameter_types import Parameter
from octoplan.scenario.scenario import Scenario

LEVELS = "levels"
"""Kind of the assumptions on the level of a layer by month."""
TIMES = ("minute", "hour", "day", "year")
"""Units whose plural is printed after a number."""


def parameter_of(assumption: Assumption) -> Parameter:
    """The parameter of which an assumption is a value."""
    return next(p for p in KIND_BY_NAME[assumption.kind].parameters if p.name == assumption.parameter)


def is_share(assumption: Assumption) -> bool:
    """True if an assumption is a share or a probability, which is read as a percentage."""
    parameter = parameter_of(assumption)
    return (parameter.unit, parameter.low, parameter.high) == ("1", 0.0, 1.0)


def describe(scenario: Scenario, assumption: Assumption) -> str:
    """Meaning of an assumption and its entities, such as "labour hours of the first unit (all plants)"."""
    kind, meaning = KIND_BY_NAME[assumption.kind], parameter_of(assumption).meaning
    entities = [
        f"all {axis}" if name == "*" else scenario.titles.get(f"{axis}.{name}", name)
        for axis, name in zip(kind.axes, assumption.entities, strict=True)
    ]
    return f"{meaning} ({', '.join(entities)})" if entities else meaning


def row_reference(assumption: Assumption) -> str:
    """File and line of an assumption in the scenario folder, such as "assumptions.csv:12", or "default value"."""
    if assumption.is_default:
        return "default value"
    return f"{Path(assumption.file).name}:{assumption.line}"


def month_text(month: str) -> str:
    """A month such as ``2026-02`` in words.

    >>> month_text("2026-02")
    'Feb 2026'
    """
    return f"{date.fromisoformat(f'{month}-01'):%b %Y}"


def is_level(assumption: Assumption) -> bool:
    """True if an assumption is the level of one layer in one month."""
    return assumption.kind == LEVELS and "*" not in assumption.entities


def subject(scenario: Scenario, assumption: Assumption) -> str:
    """The declared meaning of an assumption without its explanation, with the titles of its entities."""
    if is_level(assumption):
        layer, month = assumption.entities
        return f"level of {scenario.titles.get(f'layers.{layer}', layer)} in {month_text(month)}"
    meaning = parameter_of(assumption).meaning
    return describe(scenario, assumption).replace(meaning, meaning.partition(":")[0], 1)


def unit_text(assumption: Assumption) -> str:
    """Unit of an assumption in words, with the currency of its row; '' for a number."""
    unit = assumption.unit.replace("money", assumption.currency or "money")
    if unit in TIMES:
        return f"{unit}s"
    return unit.removeprefix("1").replace("/", "per ", 1) if unit.startswith("1") else unit
