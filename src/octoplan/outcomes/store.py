"""The run folder: a run on disk, whole or not at all.

scenario/      the files of the scenario exactly as they were read
run.json       version, seed, futures, failures, hashes of inputs and raids, machine, wall time, command
draws.nc       tallies, assumptions and status of every future, with units and long names
counterfactual.nc    the same futures without the programme
summary.csv    the headlines of the run and of each month
report.html    charts and headlines in one page that needs no network
"""

import csv
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from octoplan.errors import StoreError
from octoplan.outcomes.files import atomic_folder
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.key_results import CSV_COLUMNS, KeyResults, csv_rows
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.run import Run
from octoplan.scenario import load

SCENARIO, ABOUT, DRAWS, BASE, SUMMARY, REPORT = (
    "scenario",
    "run.json",
    "draws.nc",
    "counterfactual.nc",
    "summary.csv",
    "report.html",
)
FORMAT = 1


def save(
    run: Run,
    path: str | Path,
    *,
    results: KeyResults | None = None,
    nominal: bool = False,
    command: str = "",
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write the run folder, whole or not at all; nothing is simulated.

    results
        The key results of the whole run where they are computed already.
    nominal
        True inflates the money of ``summary.csv`` by the assumption on the reporting currency's inflation.
    command
        The command line that made the run.
    pages
        Further files to write, text by file name.

    Raises StoreError when the path is in use.
    """
    with atomic_folder(Path(path)) as part:
        (part / SCENARIO).mkdir()
        for name, content in run.scenario.files.items():
            (part / SCENARIO / name).write_bytes(content)
        (part / ABOUT).write_text(json.dumps(about(run, command), indent=2, ensure_ascii=False) + "\n", "utf-8")
        write_draws(run, part)
        write_summary(run, results or key_results(run, nominal=nominal), part / SUMMARY, nominal)
        for name, text in (pages or {}).items():
            (part / name).write_text(text, "utf-8")


def about(run: Run, command: str = "") -> dict[str, Any]:
    """What ``run.json`` says of a run."""
    return {
        "format": FORMAT,
        "octoplan": run.version,
        "title": run.scenario.title,
        "seed": run.seed,
        "futures": run.futures,
        "failed": {str(future): text for future, text in sorted(run.messages.items())},
        "scenario_hash": run.scenario.hash,
        "state_of": str(run.scenario.known_from) if run.scenario.known_from else None,
        "raids": raid_identity(run),
        "tallies": list(map(str, run.data.data_vars)),
        "machine": {
            "system": platform.platform(terse=True),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "wall_seconds": round(run.wall, 3),
        "command": command,
    }


def encoding(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Light compression, one chunk for some hundred futures, of every array worth it."""
    found: dict[str, dict[str, Any]] = {}
    for name, variable in data.data_vars.items():
        if variable.nbytes < 4096:
            continue
        each = max(variable.nbytes // max(variable.shape[0], 1), 1)
        rows = int(min(max(4 * 2**20 // each, 1), variable.shape[0]))
        found[str(name)] = {
            "zlib": True,
            "complevel": 1,
            "shuffle": True,
            "chunksizes": (rows, *variable.shape[1:]),
        }
    return found


def write_draws(run: Run, folder: Path) -> None:
    """``draws.nc`` and ``counterfactual.nc``."""
    status = xr.DataArray(run.status, dims="future", attrs={"long_name": "0 where the future was finished"})
    draws = run.data.assign(assumptions=run.assumptions, status=status)
    for name, data in ((DRAWS, draws), (BASE, run.counterfactual)):
        data.to_netcdf(folder / name, engine="h5netcdf", encoding=encoding(data))


def write_summary(run: Run, table: KeyResults, path: Path, nominal: bool) -> None:
    """``summary.csv``: the headlines of the run, then of each month."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(table))
        for month in table.months:
            writer.writerows(csv_rows(key_results(run, month, nominal=nominal)))


def read(path: str | Path) -> Run:
    """Read a run folder back.

    Raises StoreError for a folder that is not a whole run, ScenarioError for a scenario this version cannot read.
    """
    folder = Path(path)
    missing = [name for name in (ABOUT, SCENARIO, DRAWS, BASE) if not (folder / name).exists()]
    if missing:
        raise StoreError(f"{folder} is no run folder: {', '.join(missing)} missing; octoplan run writes one")
    try:
        said = json.loads((folder / ABOUT).read_text("utf-8"))
        seed, futures, wall, version = said["seed"], said["futures"], said["wall_seconds"], said["octoplan"]
        messages = {int(future): str(text) for future, text in said["failed"].items()}
        form, known_hash = said["format"], said["scenario_hash"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{folder / ABOUT} cannot be read: {error!r}; run the scenario again") from error
    if form != FORMAT:
        raise StoreError(f"{folder} has format {form}, this version of octoplan reads {FORMAT}; run it again")
    scenario = load(str(folder / SCENARIO))
    if scenario.hash != known_hash:
        raise StoreError(f"{folder / SCENARIO} was changed after the run; run the scenario again")
    try:
        draws, base = load_netcdf(folder / DRAWS), load_netcdf(folder / BASE)
        assumptions, status = draws["assumptions"], draws["status"].values.astype(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{folder} holds draws that cannot be read: {error}") from error
    if len(status) != futures:
        raise StoreError(f"{folder / DRAWS} holds {len(status)} futures, {ABOUT} says {futures}; run it again")
    data = draws.drop_vars(["assumptions", "status", "assumption"])
    return Run(scenario, int(seed), data, base, assumptions, status, messages, float(wall), version)


def load_netcdf(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()
