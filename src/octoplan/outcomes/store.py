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
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from octoplan.errors import StoreError
from octoplan.outcomes.measures import CSV_COLUMNS, KeyResults, csv_rows
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


def free(path: Path) -> None:
    """Raise StoreError unless a run can be written at the path: nothing there, or an empty folder."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise StoreError(f"{path} exists and is no folder; name another with --out")
    if path.is_dir() and any(path.iterdir()):
        raise StoreError(f"{path} exists and is not empty; remove it or name another with --out")


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A new folder that takes the path's name when the block ends well, and is gone when it does not."""
    free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield part
        part.chmod(0o755)
        part.replace(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and rename it, so that nobody ever sees half of it."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def save(run: Run, path: str | Path, *, nominal: bool = False, command: str = "") -> KeyResults:
    """Write the run folder and return its headlines.

    Everything is written to a hidden folder beside and renamed at the end, so that an interrupted write leaves
    nothing. Raises StoreError when the path is taken.
    """
    from octoplan.show.report import report

    with beside(Path(path)) as part:
        for name, content in run.scenario.files.items():
            (part / SCENARIO).mkdir(exist_ok=True)
            (part / SCENARIO / name).write_bytes(content)
        table = run.key_results(nominal=nominal)
        (part / ABOUT).write_text(json.dumps(about(run, command), indent=2, ensure_ascii=False) + "\n", "utf-8")
        write_draws(run, part)
        write_summary(run, table, part / SUMMARY, nominal)
        (part / REPORT).write_text(report(run, key_results=table, nominal=nominal), "utf-8")
    return table


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
        "raids": run.raids,
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
            writer.writerows(csv_rows(run.key_results(month, nominal=nominal)))


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
