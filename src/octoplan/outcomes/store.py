"""The run folder: a run on disk, written atomically.

scenario/            copies of the files of the scenario
run.json             version, seed, futures, failures, hashes of inputs and raids, machine, wall time, command
draws.nc             tallies, assumptions and status of every future, with units and long names
counterfactual.nc    tallies of the same futures without the programme
summary.csv          the key results of the run and of each month
medians.nc           the run with every assumption at its median, if it was simulated, as for a report
days.nc              tallies by day of the first completed future, if they were simulated, as for a report
report.html          the report, if the folder was written by the command line or ``Run.save``
"""

import csv
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from octoplan.errors import StoreError
from octoplan.outcomes import netcdf
from octoplan.outcomes.draws_file import (
    COUNTERFACTUAL_FILE,
    DRAWS_FILE,
    block_of,
    fits_in_block,
    read_draws,
    write_draws,
)
from octoplan.outcomes.files import atomic_folder
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.key_results import CSV_COLUMNS, csv_rows
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import load

SCENARIO_FOLDER, MANIFEST_FILE, SUMMARY_FILE, REPORT_FILE = "scenario", "run.json", "summary.csv", "report.html"
MEDIANS_FILE, DAYS_FILE = "medians.nc", "days.nc"
WITH_PROGRAMME, WITHOUT_PROGRAMME = "with", "without"
"""Groups of ``medians.nc``: the run at medians, and its counterfactual."""
FORMAT_VERSION = 2
"""Version of the layout of a run folder."""


def save(
    run: Run,
    path: str | Path,
    *,
    results: RunResults | None = None,
    nominal: bool = False,
    command: str = "",
    pages: Mapping[str, str] | None = None,
) -> None:
    """Write the run folder atomically; nothing is simulated.

    results
        Results of the run that have been computed, which are then not computed again.
    nominal
        If True, the money of ``summary.csv`` is inflated by the assumption on the reporting currency's inflation.
        ``results`` take precedence.
    command
        The command line that simulated the run.
    pages
        Further files to write: their text by file name.

    Raises StoreError if the path exists and is not an empty folder.
    """
    with atomic_folder(Path(path)) as part:
        write_draws(run, part)
        write_results(results or RunResults(run, nominal), part, command=command)
        write_pages(pages or {}, part)


def write_results(results: RunResults, folder: Path, *, command: str = "") -> None:
    """Write the files of a run folder except its draws and pages; see ``save``."""
    run = results.run
    (folder / SCENARIO_FOLDER).mkdir()
    for name, content in run.scenario.files.items():
        (folder / SCENARIO_FOLDER / name).write_bytes(content)
    (folder / MANIFEST_FILE).write_text(
        json.dumps(manifest(run, command), indent=2, ensure_ascii=False) + "\n", "utf-8"
    )
    write_summary(results, folder / SUMMARY_FILE)
    if medians := results.computed_medians:
        with netcdf.create_file(folder / MEDIANS_FILE) as file:
            data = medians.data.assign(status=("future", medians.status))
            netcdf.write_dataset(file.create_group(WITH_PROGRAMME, track_order=True), data)
            netcdf.write_dataset(file.create_group(WITHOUT_PROGRAMME, track_order=True), medians.counterfactual)
    if (days := results.computed_days) is not None:
        with netcdf.create_file(folder / DAYS_FILE) as file:
            netcdf.write_dataset(file, days)


def write_pages(pages: Mapping[str, str], folder: Path) -> None:
    """Write files of a run folder for readers: their text by file name."""
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")


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


def write_summary(results: RunResults, path: Path) -> None:
    """Write ``summary.csv``: the key results of the run, then of each month."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for table in (results.key_results, *results.key_results_by_month()):
            writer.writerows(csv_rows(table))


def read_results(path: str | Path, *, nominal: bool = False) -> RunResults:
    """The results of a run folder, whose tallies stay on disk; the run at medians and the days are read if stored.

    Raises StoreError and ScenarioError as ``read``.
    """
    folder, run = Path(path), read(path, in_memory=False)
    results = RunResults(run, nominal)
    try:
        if (folder / MEDIANS_FILE).exists():
            results.__dict__["run_at_medians"] = read_medians(run, folder / MEDIANS_FILE)
        if (folder / DAYS_FILE).exists():
            results.__dict__["daily_tallies"] = netcdf.read_file(folder / DAYS_FILE)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{folder} cannot be read: {error}; simulate the scenario again") from error
    return results


def read_medians(run: Run, path: Path) -> Run:
    """The run at medians that was stored with a run."""
    data, counterfactual = (netcdf.read_file(path, group) for group in (WITH_PROGRAMME, WITHOUT_PROGRAMME))
    draws = np.repeat(run.medians[None], data.sizes["future"], axis=0)
    return replace(
        run,
        data=data.drop_vars("status"),
        counterfactual=counterfactual,
        assumptions=xr.DataArray(draws, dims=("future", "assumption")),
        status=data["status"].values.astype(np.int64),
        messages={},
        block=0,
    )


def read(path: str | Path, *, in_memory: bool = True) -> Run:
    """Read a run folder.

    in_memory
        If False, tallies that fill more than a block stay on disk and are read when they are used.

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
        in_memory = in_memory or fits_in_block(folder)
        draws, counterfactual = read_draws(folder, in_memory=in_memory)
        assumptions, status = draws["assumptions"].load(), draws["status"].values.astype(np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"the draws in {folder} cannot be read: {error}") from error
    if len(status) != manifest_fields.futures:
        raise StoreError(
            f"{folder / DRAWS_FILE} has {len(status)} futures but {MANIFEST_FILE} states "
            f"{manifest_fields.futures}; simulate the scenario again"
        )
    data = draws.drop_vars(["assumptions", "status", "assumption"])
    run = Run(
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
    return run if in_memory else replace(run, block=block_of(run))


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
