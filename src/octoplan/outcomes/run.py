"""A run: one scenario flown through many futures, labelled, with the same futures without the programme."""

import hashlib
import struct
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.campaign.futures import BATCH, fly
from octoplan.campaign.streams import uniforms
from octoplan.campaign.tally import TALLIES, axes
from octoplan.errors import FutureFailed, RunError, Unfinished
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints

if TYPE_CHECKING:
    from pathlib import Path

    from octoplan.outcomes.measures import KeyResults


KEPT = (
    "good",
    "hours_paid",
    "plant_bound",
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
    "fit",
    "kits",
    "spend",
    "plant_spend",
    "exchange",
    "opened",
    "imbalance",
)
"""The tallies every run keeps: what the headlines and the charts are made of."""

COUNTERFACTUAL = ("good", "delivered", "launched", "leaked", "stopped_by", "shots", "damage", "spend")
"""The tallies kept of the same futures without the programme."""

RAID_KINDS = ("raids", "packages", "splits", "corridors")
"""The kinds of number that decide a raid in full; of a threat only its mix and its links do."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Run:
    """One scenario flown through many futures.

    data
        Tallies of ``campaign.tally``, future x their axes, with units and long names.
    counterfactual
        The same futures without the programme; other makers' interceptors are still there.
    assumptions
        Draws, future x assumption, in the units of ``scenario.entities``.
    status
        (futures,) 0 where the future was finished; ``messages`` has the error of each other one.
    wall
        Seconds the simulation took.
    """

    scenario: Scenario
    seed: int
    data: xr.Dataset
    counterfactual: xr.Dataset
    assumptions: xr.DataArray
    status: Ints
    messages: dict[int, str]
    wall: float
    version: str

    @property
    def futures(self) -> int:
        """Futures asked for, failed ones included."""
        return len(self.status)

    @property
    def failed(self) -> int:
        """Futures that failed; no measure counts them."""
        return int(np.count_nonzero(self.status))

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled scenario of the run."""
        return self.scenario.compile()

    @cached_property
    def raids(self) -> dict[str, str]:
        """What decides the raids, each with a hash: two runs with the same hashes met the same raids."""
        return raid_hashes(self)

    def assumption(self, kind: str, parameter: str) -> Floats:
        """Draws of one number: (futures, rows of the kind), in the unit of ``entities``; 0 where none is needed."""
        columns = self.compiled.slots[kind, parameter]
        values = self.assumptions.values[:, np.maximum(columns, 0)]
        return np.where(columns >= 0, values, 0.0)

    def key_results(self, month: str | None = None, *, nominal: bool = False) -> "KeyResults":
        """Every headline with its quantiles and standard errors, of the whole run or of one month.

        month
            A month of the run such as ``"2026-02"``; measures that need the whole run are left out.
        nominal
            True inflates money by the assumption on the reporting currency's inflation.
        """
        from octoplan.outcomes.measures import key_results

        return key_results(self, month, nominal=nominal)

    def save(self, path: "str | Path") -> None:
        """Write the run folder (``outcomes.store``), whole or not at all; StoreError when the path is taken."""
        from octoplan.outcomes.store import save

        save(self, path)

    def month(self, month: str) -> "KeyResults":
        """The headlines of one month, such as ``run.month("2026-02")``."""
        return self.key_results(month)

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<Run of {self.scenario.title!r}: {self.futures} futures{failed}, seed {self.seed}>"


def kept(extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The tallies a run keeps with some extra ones asked for by name; ``("all",)`` keeps every one.

    Raises RunError for a name that is no tally.
    """
    known = tuple(t.name for t in TALLIES)
    if extra == ("all",):
        return known
    unknown = [name for name in extra if name not in known]
    if unknown:
        raise RunError(f"cannot keep {', '.join(map(repr, unknown))}: no such tally; known are {', '.join(known)}")
    return tuple(name for name in known if name in KEPT or name in extra)


def simulate(
    scenario: Scenario,
    futures: int = 1000,
    seed: int = 1,
    *,
    executor: Executor | None = None,
    keep: tuple[str, ...] = (),
    keep_going: bool = False,
    counterfactual: bool = True,
    batch: int = BATCH,
    halt: Ints | None = None,
    progress: Progress | None = None,
) -> Run:
    """Fly a scenario through futures, each with and without the programme.

    executor
        Runs batches of futures; the results are the same bits on any, or on none.
    keep
        Names of tallies to keep beside those every run keeps; ``("all",)`` keeps all.
    keep_going
        False raises Unfinished when a future fails; True keeps the others and counts it as failed.
    counterfactual
        False leaves out the same futures without the programme, and the measures that need them.
    batch
        Futures flown by one task of the executor.
    halt
        (1,) set to anything but 0 by another thread, it ends the flights at once; threads only.
    progress
        Called with (done, total) futures.

    Raises RunError for a number of futures, a seed or a name that cannot be, Unfinished as said.
    """
    names = kept(keep)
    begun = time.perf_counter()
    assumptions = assumptions_of(scenario, futures, seed)
    compiled = scenario.compile()
    try:
        flown = fly(
            compiled,
            assumptions,
            seed=seed,
            executor=executor,
            batch=batch,
            halt=halt,
            keep=names,
            without=COUNTERFACTUAL if counterfactual else (),
            progress=progress,
            keep_going=keep_going,
        )
    except FutureFailed as error:
        raise Unfinished(error.future, f"{error}; keep_going (--keep-going) keeps the others") from error
    return Run(
        scenario=scenario,
        seed=seed,
        data=labelled(scenario, flown.tally),
        counterfactual=labelled(scenario, flown.without),
        assumptions=xr.DataArray(
            assumptions,
            dims=("future", "assumption"),
            coords={"future": np.arange(futures), "assumption": list(scenario.columns)},
            name="assumptions",
            attrs={"long_name": "draws of the assumptions, in the units of the reference of numbers"},
        ),
        status=flown.status,
        messages=flown.messages,
        wall=time.perf_counter() - begun,
        version=version("octoplan"),
    )


def assumptions_of(scenario: Scenario, futures: int, seed: int) -> Floats:
    """Draws of every assumption, (futures, columns); RunError for a number of futures or a seed that cannot be."""
    if isinstance(futures, bool) or futures < 1:
        raise RunError(f"cannot fly {futures} futures: at least 1 is needed")
    if isinstance(seed, bool) or not 0 <= seed < 2**64:
        raise RunError(f"seed {seed} cannot be used: it must lie between 0 and 2**64 - 1")
    return scenario.quantiles(uniforms(seed, tuple(f"belief/{name}" for name in scenario.columns), futures))


def labelled(scenario: Scenario, tally: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    """The arrays of some tallies as a dataset with coordinates, units and long names; no array is copied."""
    labels = axes(scenario.names)
    money = f"{scenario.currency} ({scenario.price_base} prices)"
    variables = {}
    for t in TALLIES:
        if t.name not in tally:
            continue
        values = tally[t.name]
        shape = (len(values), *(len(labels[a]) for a in t.axes))
        unit = money if t.unit == "money" else t.unit
        variables[t.name] = xr.Variable(
            ("future", *t.axes), values.reshape(shape), {"units": unit, "long_name": t.meaning}
        )
    used = dict.fromkeys(a for v in variables.values() for a in v.dims if a != "future")
    coordinates: dict[str, Any] = {str(a): list(labels[str(a)]) for a in used if labels[str(a)]}
    futures = next(iter(variables.values())).shape[0] if variables else 0
    coordinates["future"] = np.arange(futures)
    return xr.Dataset(variables, coords=coordinates, attrs={"title": scenario.title})


def raid_hashes(run: Run) -> dict[str, str]:
    """Hash, by the thing it stands for, of everything that decides a raid.

    The start, the length, and for the raid process, packages, splits, threats and corridors their names,
    links and drawn numbers. A threat's cost, damage and engagement time change no raid and are left out.
    """
    names, template = run.compiled.names, run.compiled.template
    hashes = {
        "seed": digest(struct.pack("<Q", run.seed)),
        "start": digest(str(run.scenario.start).encode()),
        "months": digest("|".join(names.months).encode()),
        "futures": digest(struct.pack("<Q", run.futures)),
    }
    labels = {
        "raids": (),
        "packages": names.packages,
        "splits": (*names.packages, "/", *names.regions),
        "corridors": names.corridors,
    }
    for kind in RAID_KINDS:
        numbers = [column for (owner, _), column in sorted(run.compiled.slots.items()) if owner == kind]
        links = [template._asdict()[kind][field] for field in ("origin", "into") if kind == "corridors"]
        hashes[kind] = digest("|".join(labels[kind]).encode(), *links, *(drawn(run, column) for column in numbers))
    threats = template.threats
    hashes["threats"] = digest(
        "|".join(names.threats).encode(),
        *(threats[field] for field in ("package", "decoy", "direct")),
        drawn(run, run.compiled.slots["threats", "mix"]),
    )
    return hashes


def drawn(run: Run, columns: Ints) -> Floats:
    return np.where(columns >= 0, run.assumptions.values[:, np.maximum(columns, 0)], 0.0)


def digest(*pieces: bytes | NDArray[Any]) -> str:
    """Short hash of bytes and arrays, whatever their memory layout."""
    total = hashlib.sha256()
    for piece in pieces:
        data = piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).tobytes()
        total.update(struct.pack("<Q", len(data)))
        total.update(data)
    return total.hexdigest()[:16]
