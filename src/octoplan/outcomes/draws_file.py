"""The draws of a run on disk: tallies, assumptions and status of every future, as NetCDF files that can be extended."""

from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
import xarray as xr

from octoplan.outcomes import netcdf
from octoplan.outcomes.run import Run

DRAWS_FILE, COUNTERFACTUAL_FILE = "draws.nc", "counterfactual.nc"
BLOCK_BYTES = 2**26
"""Bytes of tallies that are read or written at a time, which limit the memory that a run on disk needs."""
MAX_BLOCK = 1000
"""Maximum number of futures that are read or written at a time."""


def futures_per_block(bytes_per_future: int) -> int:
    """Number of futures that are read or written at a time, from the bytes of the tallies of one future."""
    return min(max(BLOCK_BYTES // max(bytes_per_future, 1), 1), MAX_BLOCK)


def block_of(run: Run) -> int:
    """Number of futures of a run that are read or written at a time."""
    datasets = (run.data, run.counterfactual)
    variables = [variable for data in datasets for variable in data.data_vars.values()]
    return futures_per_block(sum(v.dtype.itemsize * int(np.prod(v.shape[1:], dtype=np.int64)) for v in variables))


def draws_of(run: Run) -> dict[str, xr.Dataset]:
    """The content of the files of a run, by name."""
    status = xr.DataArray(
        run.status,
        dims="future",
        attrs={"long_name": "0 if the future was completed, otherwise the reason for its failure"},
    )
    draws = run.data.assign(assumptions=run.assumptions, status=status)
    return {DRAWS_FILE: draws, COUNTERFACTUAL_FILE: run.counterfactual}


class DrawsWriter:
    """Writes the draws of a run to a folder, block by block; more futures can be appended until it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.futures = 0
        self.files: dict[str, h5py.File] = {}

    def append(self, part: Run) -> None:
        """Append the futures of a run in memory; appending whole blocks is fastest."""
        contents = draws_of(part)
        if not self.files:
            block = block_of(part)
            for name, data in contents.items():
                self.files[name] = netcdf.create_file(self.folder / name)
                empty = data.isel(future=slice(0, 0))
                netcdf.write_dataset(self.files[name], empty, unlimited="future", chunk=block)
        end = self.futures + part.futures
        for name, data in contents.items():
            netcdf.append(self.files[name], data, "future", np.arange(self.futures, end))
        self.futures = end

    def close(self) -> None:
        """Complete the files."""
        for file in self.files.values():
            file.close()
        self.files = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_draws(run: Run, folder: Path) -> None:
    """Write the draws of a run to a folder."""
    block = run.block or block_of(run)
    with DrawsWriter(folder) as writer:
        for start in range(0, run.futures, block):
            writer.append(run.part(slice(start, start + block)))


def fits_in_block(folder: Path) -> bool:
    """Whether the draws in a folder are read at once. Raises OSError, KeyError or ValueError if they cannot be read."""
    stored_bytes = 0
    for name in (DRAWS_FILE, COUNTERFACTUAL_FILE):
        with h5py.File(folder / name) as file:
            if len(file["future"]) > MAX_BLOCK:
                return False
            stored_bytes += sum(item.nbytes for item in file.values())
    return stored_bytes <= BLOCK_BYTES


def read_draws(folder: Path, *, in_memory: bool) -> tuple[xr.Dataset, xr.Dataset]:
    """The contents of the draws and of the counterfactual, in memory or on disk; assumptions and status in memory."""
    read = netcdf.read_file if in_memory else netcdf.open_file
    return read(folder / DRAWS_FILE), read(folder / COUNTERFACTUAL_FILE)
