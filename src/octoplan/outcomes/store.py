"""The run folder: a run on disk, written atomically.

scenario/            copies of the files of the scenario
run.json             version, seed, futures, failures, hashes of inputs and raids, machine, wall time, command
draws.nc             tallies, assumptions and status of every future, with units and long names
counterfactual.nc    tallies of the same futures without the programme
summary.csv          the key results of the run and of each month
report.html          the report, if the folder was written by the command line or ``Run.save``
"""

import csv
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from octoplan.errors import StoreError
from octoplan.outcomes import measures
from octoplan.outcomes.files import atomic_folder
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.key_results import CSV_COLUMNS, KeyResults, csv_rows
from octoplan.outcomes.run import Run
from octoplan.scenario import load

SCENARIO_FOLDER, MANIFEST_FILE, DRAWS_FILE, COUNTERFACTUAL_FILE, SUMMARY_FILE, REPORT_FILE = (
    "scenario",
    "run.json",
    "draws.nc",
    "counterfactual.nc",
    "summary.csv",
    "report.html",
)
FORMAT_VERSION = 2
"""Version of the layout of a run folder."""


def save(
    run: Run,
    path: str | Path,
    *,
    key_results: KeyResults | None = None,
    nominal: bool = False,
    command: str = "",
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write the run folder atomically.

    key_results
        The key results of the whole run; computed by default.
    nominal
        If True, the money of ``summary.csv`` is inflated by the assumption on the reporting currency's inflation.
    command
        The command line that simulated the run.
    pages
        Further files to write: their text by file name.

    Raises StoreError if the path exists and is not an empty folder.
    """
    with atomic_folder(Path(path)) as part:
        (part / SCENARIO_FOLDER).mkdir()
        for name, content in run.scenario.files.items():
            (part / SCENARIO_FOLDER / name).write_bytes(content)
        (part / MANIFEST_FILE).write_text(
            json.dumps(manifest(run, command), indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        write_draws(run, part)
        write_summary(run, key_results or measures.key_results(run, nominal=nominal), part / SUMMARY_FILE, nominal)
        for name, text in (pages or {}).items():
            (part / name).write_text(text, "utf-8")


def manifest(run: Run, command: str = "") -> dict[str, Any]:
    """The content of ``run.json``."""
    return {
        "format": FORMAT_VERSION,
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
        "wall_seconds": round(run.wall_time, 3),
        "command": command,
    }


def netcdf_encoding(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Encoding of a NetCDF file: arrays of at least 4 kB are compressed, in chunks of about 4 MB along the futures."""
    encodings: dict[str, dict[str, Any]] = {}
    for name, variable in data.data_vars.items():
        if variable.nbytes < 4096:
            continue
        bytes_per_future = max(variable.nbytes // max(variable.shape[0], 1), 1)
        futures = int(min(max(4 * 2**20 // bytes_per_future, 1), variable.shape[0]))
        encodings[str(name)] = {
            "zlib": True,
            "complevel": 1,
            "shuffle": True,
            "chunksizes": (futures, *variable.shape[1:]),
        }
    return encodings


def write_draws(run: Run, folder: Path) -> None:
    """Write ``draws.nc`` and ``counterfactual.nc``."""
    status = xr.DataArray(
        run.status,
        dims="future",
        attrs={"long_name": "0 if the future was completed, otherwise the reason for its failure"},
    )
    draws = run.data.assign(assumptions=run.assumptions, status=status)
    for name, data in ((DRAWS_FILE, draws), (COUNTERFACTUAL_FILE, run.counterfactual)):
        data.to_netcdf(folder / name, engine="h5netcdf", encoding=netcdf_encoding(data))


def write_summary(run: Run, table: KeyResults, path: Path, nominal: bool) -> None:
    """Write ``summary.csv``: the key results of the run, then of each month."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(table))
        for month in table.months:
            writer.writerows(csv_rows(measures.key_results(run, month, nominal=nominal)))


def read(path: str | Path) -> Run:
    """Read a run folder.

    Raises StoreError if the folder is not a complete run, and ScenarioError if its scenario cannot be read.
    """
    folder = Path(path)
    if not (folder / MANIFEST_FILE).is_file():
        raise StoreError(
            f"{folder} is not a run folder: {MANIFEST_FILE} is missing; give a folder written by octoplan run"
        )
    manifest_fields = read_manifest(folder / MANIFEST_FILE)
    missing = [name for name in (SCENARIO_FOLDER, DRAWS_FILE, COUNTERFACTUAL_FILE) if not (folder / name).exists()]
    if missing:
        raise StoreError(
            f"{folder} is an incomplete run folder, without {', '.join(missing)}; simulate the scenario again"
        )
    scenario = load(str(folder / SCENARIO_FOLDER))
    if scenario.hash != manifest_fields.scenario_hash:
        raise StoreError(f"{folder / SCENARIO_FOLDER} was changed after the run; simulate the scenario again")
    try:
        draws, counterfactual = load_netcdf(folder / DRAWS_FILE), load_netcdf(folder / COUNTERFACTUAL_FILE)
        assumptions, status = draws["assumptions"], draws["status"].values.astype(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"the draws in {folder} cannot be read: {error}") from error
    if len(status) != manifest_fields.futures:
        raise StoreError(
            f"{folder / DRAWS_FILE} has {len(status)} futures but {MANIFEST_FILE} states "
            f"{manifest_fields.futures}; simulate the scenario again"
        )
    data = draws.drop_vars(["assumptions", "status", "assumption"])
    return Run(
        scenario=scenario,
        seed=manifest_fields.seed,
        data=data,
        counterfactual=counterfactual,
        assumptions=assumptions,
        status=status,
        messages=manifest_fields.messages,
        wall_time=manifest_fields.wall_time,
        version=manifest_fields.version,
    )


@dataclass(frozen=True)
class Manifest:
    """Fields of ``run.json`` that ``read`` uses; ``messages`` has the error of each failed future."""

    seed: int
    futures: int
    messages: dict[int, str]
    scenario_hash: str
    wall_time: float
    version: str


def read_manifest(path: Path) -> Manifest:
    """Read ``run.json``. Raises StoreError if it cannot be read or has another format."""
    try:
        content = json.loads(path.read_text("utf-8"))
        version = content["format"]
        if version != FORMAT_VERSION:
            raise StoreError(
                f"{path.parent} was written by octoplan {content.get('octoplan', 'of unknown version')} in format "
                f"{version}; this version reads format {FORMAT_VERSION}. Simulate the scenario again"
            )
        return Manifest(
            seed=int(content["seed"]),
            futures=int(content["futures"]),
            messages={int(future): str(text) for future, text in content["failed"].items()},
            scenario_hash=str(content["scenario_hash"]),
            wall_time=float(content["wall_seconds"]),
            version=str(content["octoplan"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} cannot be read: {error!r}; simulate the scenario again") from error


def load_netcdf(path: Path) -> xr.Dataset:
    """Load a NetCDF file into memory."""
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()
