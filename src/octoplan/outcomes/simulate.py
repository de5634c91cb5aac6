"""Simulation of a scenario over many futures, with and without the programme."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.campaign.futures import BATCH, SimulationResults, simulate_futures
from octoplan.campaign.tally import TALLIES, axis_labels
from octoplan.errors import FutureFailed, RunError, Unfinished
from octoplan.outcomes.run import Run
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints

DEFAULT_TALLIES = (
    "good",
    "hours_paid",
    "plant_limit",
    "delivered",
    "plant_stock",
    "transit",
    "stock",
    "received",
    "launched",
    "leaked",
    "stopped",
    "stopped_by",
    "shots",
    "sorties",
    "contacts",
    "kills",
    "nights",
    "damage",
    "crews",
    "crews_available",
    "kits",
    "spend",
    "plant_spend",
    "exchange",
    "opened",
    "imbalance",
)
"""Names of the tallies that every run keeps, from which measures and charts are computed."""

COUNTERFACTUAL_TALLIES = ("good", "delivered", "launched", "leaked", "stopped_by", "shots", "damage", "spend")
"""Names of the tallies that every run keeps of the counterfactual."""

Progress = Callable[[int, int], None]
"""Callback with the number of futures completed and their total."""


def tallies_to_keep(extra_tallies: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of the tallies to keep: the default tallies and ``extra_tallies``; ``("all",)`` keeps all.

    Raises RunError if a name is not that of a tally.
    """
    all_tallies = tuple(tally.name for tally in TALLIES)
    if extra_tallies == ("all",):
        return all_tallies
    unknown = [name for name in extra_tallies if name not in all_tallies]
    if unknown:
        raise RunError(
            f"cannot keep {', '.join(map(repr, unknown))}: no such tally; the tallies are {', '.join(all_tallies)}"
        )
    return tuple(name for name in all_tallies if name in DEFAULT_TALLIES or name in extra_tallies)


def simulate(
    scenario: Scenario,
    futures: int = 1000,
    seed: int = 1,
    *,
    first: int = 0,
    executor: Executor | None = None,
    keep: tuple[str, ...] = (),
    keep_going: bool = False,
    counterfactual: bool = True,
    batch: int = BATCH,
    halt: Ints | None = None,
    progress: Progress | None = None,
) -> Run:
    """Simulate a scenario over futures, each with and without the programme.

    first
        Number of the first future to simulate; the run has the futures from ``first`` to ``futures`` - 1.
    executor
        Executor that runs batches of futures, with no effect on the results; by default they run in this thread.
    keep
        Names of tallies to keep in addition to ``DEFAULT_TALLIES``; ``("all",)`` keeps all.
    keep_going
        If False, Unfinished is raised when a future fails; if True, failed futures are counted and excluded.
    counterfactual
        If False, the counterfactual is not simulated; measures that compare with the counterfactual are then undefined.
    batch
        Number of futures in one task of the executor.
    halt
        (1,) flag; the simulation stops when another thread of the process sets the flag to a non-zero value.
    progress
        Called with the number of futures completed and their total.

    Raises RunError if the number of futures, the seed or the name of a tally is invalid, and Unfinished if a future
    fails and ``keep_going`` is False.
    """
    names = tallies_to_keep(keep)
    start = time.perf_counter()
    draws = draw_assumptions(scenario, futures, seed)[first:]
    compiled = scenario.compile()
    try:
        simulated = simulate_futures(
            compiled,
            draws,
            seed=seed,
            first=first,
            executor=executor,
            batch=batch,
            halt=halt,
            keep=names,
            counterfactual=COUNTERFACTUAL_TALLIES if counterfactual else (),
            progress=progress,
            keep_going=keep_going,
        )
    except FutureFailed as error:
        raise Unfinished(error.future, f"{error}; use keep_going (--keep-going) to keep the other futures") from error
    return labelled_run(scenario, seed, draws, simulated, time.perf_counter() - start)


def labelled_run(scenario: Scenario, seed: int, draws: Floats, simulated: SimulationResults, wall_time: float) -> Run:
    """A run with labelled arrays, from the results of the simulation.

    draws
        (futures, assumptions) draws of the assumptions.
    wall_time
        Wall time of the simulation in seconds.
    """
    return Run(
        scenario=scenario,
        seed=seed,
        data=to_dataset(scenario, simulated.tally),
        counterfactual=to_dataset(scenario, simulated.counterfactual),
        assumptions=xr.DataArray(
            draws,
            dims=("future", "assumption"),
            coords={"future": np.arange(len(draws)), "assumption": list(scenario.columns)},
            name="assumptions",
            attrs={"long_name": "draws of the assumptions, each in the unit of its parameter"},
        ),
        status=simulated.status,
        messages=simulated.messages,
        wall_time=wall_time,
        version=version("octoplan"),
    )


def draw_assumptions(scenario: Scenario, futures: int, seed: int) -> Floats:
    """(futures, assumptions) draws of all assumptions, a Latin hypercube sample in blocks (``sampling``).

    Raises RunError if the number of futures or the seed is invalid.
    """
    if isinstance(futures, bool) or futures < 1:
        raise RunError(f"cannot simulate {futures} futures: at least 1 is needed")
    if isinstance(seed, bool) or not 0 <= seed < 2**64:
        raise RunError(f"seed {seed} cannot be used: it must lie between 0 and 2**64 - 1")
    return scenario.quantiles(latin_hypercube(seed, scenario.columns, futures))


def to_dataset(scenario: Scenario, tallies: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    """Tallies, (futures, *axes) by name, as a dataset with coordinates, units and long names; arrays are not copied."""
    labels = axis_labels(scenario.names)
    money = f"{scenario.currency} ({scenario.price_base} prices)"
    variables = {}
    for tally in TALLIES:
        if tally.name not in tallies:
            continue
        values = tallies[tally.name]
        shape = (len(values), *(len(labels[axis]) for axis in tally.axes))
        unit = money if tally.unit == "money" else tally.unit
        variables[tally.name] = xr.Variable(
            ("future", *tally.axes), values.reshape(shape), {"units": unit, "long_name": tally.meaning}
        )
    used_axes = dict.fromkeys(axis for variable in variables.values() for axis in variable.dims if axis != "future")
    coordinates: dict[str, Any] = {str(axis): list(labels[str(axis)]) for axis in used_axes if labels[str(axis)]}
    futures = next(iter(variables.values())).shape[0] if variables else 0
    coordinates["future"] = np.arange(futures)
    return xr.Dataset(variables, coords=coordinates, attrs={"title": scenario.title})
