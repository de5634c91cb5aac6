"""The draws of a run on disk: tallies, assumptions and status of every future, as NetCDF files that can be extended."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5netcdf
import numpy as np
import xarray as xr

from octoplan.outcomes.run import Run

DRAWS_FILE, COUNTERFACTUAL_FILE = "draws.nc", "counterfactual.nc"
BLOCK_BYTES = 2**26
"""Bytes of tallies that are read or written at a time, which limit the memory that a run on disk needs."""
COMPRESSION: dict[str, Any] = {"zlib": True, "complevel": 1, "shuffle": True}
"""Encoding of a compressed NetCDF variable."""
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


def encoding(data: xr.Dataset, block: int) -> Mapping[str, Mapping[str, Any]]:
    """Encoding of the variables of a file: compressed, in chunks of a block of futures."""
    return {
        str(name): {**COMPRESSION, "chunksizes": (block, *variable.shape[1:])}
        for name, variable in data.data_vars.items()
        if variable.dims[:1] == ("future",)
    }


class DrawsWriter:
    """Writes the draws of a run to a folder, block by block; more futures can be appended until it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.futures = 0
        self.files: dict[str, h5netcdf.File] = {}

    def append(self, part: Run) -> None:
        """Append the futures of a run in memory; appending whole blocks is fastest."""
        contents = draws_of(part)
        if not self.files:
            block = block_of(part)
            for name, data in contents.items():
                empty = data.isel(future=slice(0, 0)) if "future" in data.dims else data
                path = self.folder / name
                empty.to_netcdf(
                    path, engine="h5netcdf", encoding=encoding(empty, block), unlimited_dims=["future"]
                    if "future" in data.dims else [],
                )  # fmt: skip
                self.files[name] = h5netcdf.File(path, "a")
        start, end = self.futures, self.futures + part.futures
        for name, data in contents.items():
            file = self.files[name]
            if "future" not in data.dims:
                continue
            file.resize_dimension("future", end)
            for variable, values in data.data_vars.items():
                file.variables[str(variable)][start:end] = values.values
            file.variables["future"][start:end] = np.arange(start, end)
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


def read_draws(folder: Path, *, in_memory: bool) -> tuple[xr.Dataset, xr.Dataset]:
    """The contents of the draws and of the counterfactual, in memory or on disk; assumptions and status in memory."""
    datasets = []
    for name in (DRAWS_FILE, COUNTERFACTUAL_FILE):
        if in_memory:
            with xr.open_dataset(folder / name, engine="h5netcdf") as data:
                datasets.append(data.load())
        else:
            datasets.append(xr.open_dataset(folder / name, engine="h5netcdf", cache=False))
    return datasets[0], datasets[1]
