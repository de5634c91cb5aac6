"""A parameter of a kind of entity, with its unit and permitted range, and constructors for the usual ranges."""

from dataclasses import dataclass
from math import inf

MONEY = "money"
"""Placeholder for the currency of the row in a unit such as ``money/hour``."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an entity: its unit in the simulation, its permitted range [low, high], and its meaning.

    ``condition`` names the condition under which the parameter is required (see ``binding.RequiredParameters``); if
    the condition does not hold, the parameter is not allowed. A ratio of at least ``percent_from`` may have been meant
    as a percentage, so a warning is given. ``absent`` is the value where no row supplies the parameter.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    condition: str = "always"
    percent_from: float = inf
    absent: float = 0.0

    @property
    def is_money(self) -> bool:
        """Whether the unit contains a currency."""
        return MONEY in self.unit


def share(name: str, meaning: str, condition: str = "always") -> Parameter:
    """A share or a probability, from 0 to 1."""
    return Parameter(name, "1", 0.0, 1.0, meaning, condition)


def positive_amount(name: str, unit: str, meaning: str, condition: str = "always") -> Parameter:
    """An amount above 0."""
    return Parameter(name, unit, 1e-12, inf, meaning, condition)


def amount(name: str, unit: str, meaning: str, condition: str = "always") -> Parameter:
    """An amount of at least 0."""
    return Parameter(name, unit, 0.0, inf, meaning, condition)


def ratio(name: str, meaning: str, condition: str = "always") -> Parameter:
    """A ratio that may exceed 1, such as a coefficient of variation."""
    return Parameter(name, "1", 0.0, inf, meaning, condition, percent_from=10.0)


def count(name: str, unit: str, maximum: float, meaning: str, condition: str = "always") -> Parameter:
    """A number of countable items, with a maximum that keeps the run time reasonable."""
    return Parameter(name, unit, 0.0, maximum, meaning, condition)


def outage_times(entity: str) -> tuple[Parameter, Parameter]:
    """Mean time between outages of an entity, and mean time to recover from one."""
    return (
        Parameter("mtbf", "day", 0.1, inf, f"mean time between outages of {entity}, from recovery to the next outage"),
        Parameter("mttr", "day", 0.01, inf, f"mean time to recover {entity} from an outage"),
    )


def range_distribution(parameter: Parameter) -> str:
    """Distribution of a range for which none is stated: normal, or beta or gamma on a permitted range from zero."""
    if parameter.low < 0.0:
        return "normal"
    return "beta" if parameter.high == 1.0 else "gamma"
