"""octoplan: a planner for a co-produced interceptor programme.

The model covers the supply of parts, production at plants in several countries, crews, the defence of regions against
raids, damage, and money, by day and region.

    import octoplan as op
    run = op.simulate("octopus", futures=1000, seed=1)
    more_crews = op.load("octopus").change({"crews.intake": "x2", "kits.order": "x2"})
    print(op.compare(run, op.simulate(more_crews, futures=1000, seed=1)))

Public names are imported on first use, so that importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octoplan import show as show
    from octoplan.api import Run as Run
    from octoplan.api import read as read
    from octoplan.api import simulate as simulate
    from octoplan.api import simulate_to_precision as simulate_to_precision
    from octoplan.calibration import Calibration as Calibration
    from octoplan.calibration import calibrate_to_observations as calibrate_to_observations
    from octoplan.errors import CalibrationError as CalibrationError
    from octoplan.errors import ClusterError as ClusterError
    from octoplan.errors import DistributionError as DistributionError
    from octoplan.errors import FitError as FitError
    from octoplan.errors import FolderError as FolderError
    from octoplan.errors import FutureFailed as FutureFailed
    from octoplan.errors import Incomparable as Incomparable
    from octoplan.errors import JobError as JobError
    from octoplan.errors import OctoplanError as OctoplanError
    from octoplan.errors import PlanError as PlanError
    from octoplan.errors import Problem as Problem
    from octoplan.errors import QuantityError as QuantityError
    from octoplan.errors import RecordError as RecordError
    from octoplan.errors import RequestError as RequestError
    from octoplan.errors import RunError as RunError
    from octoplan.errors import ScenarioError as ScenarioError
    from octoplan.errors import StoreError as StoreError
    from octoplan.errors import TableError as TableError
    from octoplan.errors import Unfinished as Unfinished
    from octoplan.exploration import Exploration as Exploration
    from octoplan.exploration import explore_scenario as explore_scenario
    from octoplan.exploration import read_exploration as read_exploration
    from octoplan.outcomes.compare import compare as compare
    from octoplan.outcomes.precision import Precision as Precision
    from octoplan.outcomes.raids import draw_raids as draw_raids
    from octoplan.plan.optimise import optimise as optimise
    from octoplan.scenario import Scenario as Scenario
    from octoplan.scenario import load as load

__all__ = [
    "Calibration",
    "CalibrationError",
    "ClusterError",
    "DistributionError",
    "Exploration",
    "FitError",
    "FolderError",
    "FutureFailed",
    "Incomparable",
    "JobError",
    "OctoplanError",
    "PlanError",
    "Precision",
    "Problem",
    "QuantityError",
    "RecordError",
    "RequestError",
    "Run",
    "RunError",
    "Scenario",
    "ScenarioError",
    "StoreError",
    "TableError",
    "Unfinished",
    "calibrate_to_observations",
    "compare",
    "draw_raids",
    "explore_scenario",
    "load",
    "optimise",
    "read",
    "read_exploration",
    "show",
    "simulate",
    "simulate_to_precision",
]

_MODULE_OF = {
    "Calibration": "octoplan.calibration",
    "Exploration": "octoplan.exploration",
    "Precision": "octoplan.outcomes.precision",
    "Run": "octoplan.api",
    "Scenario": "octoplan.scenario",
    "calibrate_to_observations": "octoplan.calibration",
    "compare": "octoplan.outcomes.compare",
    "draw_raids": "octoplan.outcomes.raids",
    "explore_scenario": "octoplan.exploration",
    "load": "octoplan.scenario",
    "optimise": "octoplan.plan.optimise",
    "read": "octoplan.api",
    "read_exploration": "octoplan.exploration",
    "simulate": "octoplan.api",
    "simulate_to_precision": "octoplan.api",
}
"""Module of each public name that is not an exception; exceptions are in ``octoplan.errors``."""


def __getattr__(name: str) -> object:
    if name == "show":
        return import_module("octoplan.show")
    if name in __all__:
        return getattr(import_module(_MODULE_OF.get(name, "octoplan.errors")), name)
    raise AttributeError(f"module 'octoplan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
