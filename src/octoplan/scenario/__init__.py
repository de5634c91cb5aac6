"""Scenario folders: reading, checking, matching of parameters to assumptions, and compilation to arrays.

Public names are imported on first use, so that importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octoplan.scenario.builtin import builtin_scenarios as builtin_scenarios
    from octoplan.scenario.loading import load as load
    from octoplan.scenario.scenario import Scenario as Scenario

__all__ = ["Scenario", "builtin_scenarios", "load"]

_MODULE_OF = {
    "Scenario": "octoplan.scenario.scenario",
    "load": "octoplan.scenario.loading",
    "builtin_scenarios": "octoplan.scenario.builtin",
}


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'octoplan.scenario' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
