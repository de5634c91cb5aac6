"""NetCDF files: what is written is what h5netcdf and this package read, and a file can be extended."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from octoplan.outcomes import netcdf

DATA = xr.Dataset(
    {
        "kills": (("future", "region"), np.arange(6, dtype=np.int32).reshape(3, 2), {"units": "threat"}),
        "spend": (("future", "day"), np.array([[0.5, np.nan], [np.inf, -1.0], [0.0, 2.0]]), {"long_name": "£ Ґ"}),
        "opened": (("future",), np.array([1, 2, 3])),
        "quantile": (("level",), np.array([0.1, 0.9])),
        "total": ((), np.float64(7.0)),
    },
    {
        "future": np.arange(3),
        "region": ["Північ", "south, coast"],
        "day": np.array(["2026-01-01", "2026-01-02"], "datetime64[ns]"),
    },
    {"title": "A run", "future": 0},
)
"""Integers, numbers that are not finite, text, dates, a dimension without coordinates, a number without dimension."""


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    """Data, coordinates, types and attributes are identical, read with this package or with h5netcdf."""
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file, DATA)
    xr.testing.assert_identical(netcdf.read_file(tmp_path / "file.nc"), DATA)
    with xr.open_dataset(tmp_path / "file.nc", engine="h5netcdf") as data:
        xr.testing.assert_identical(data.load(), DATA)
        assert data["kills"].dtype == np.int32
        assert data["kills"].encoding["zlib"]


def test_a_file_is_extended(tmp_path: Path) -> None:
    """Data appended in parts are those written at once, and the dimension is unlimited."""
    data = DATA[["kills", "spend", "opened"]]
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file, data.isel(future=slice(0, 0)), unlimited="future", chunk=2)
        for part in (slice(0, 1), slice(1, 3)):
            netcdf.append(file, data.isel(future=part), "future", np.arange(3)[part])
    xr.testing.assert_identical(netcdf.read_file(tmp_path / "file.nc"), data)
    with xr.open_dataset(tmp_path / "file.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(read.load(), data)
        assert read.encoding["unlimited_dims"] == {"future"}
        assert read["spend"].encoding["chunksizes"] == (2, 2)


def test_a_file_is_read_when_it_is_used(tmp_path: Path) -> None:
    """An open file has the same content; numbers are read where they are indexed, and not once the file is closed."""
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file, DATA.isel(future=slice(0, 0)), unlimited="future", chunk=2)
        netcdf.append(file, DATA, "future", np.arange(3))
    with netcdf.open_file(tmp_path / "file.nc") as data:
        part = data.isel(future=slice(1, 3))
        assert part["spend"].variable._in_memory is False
        xr.testing.assert_identical(part.load(), DATA.isel(future=slice(1, 3)))
        xr.testing.assert_identical(data[["kills"]].isel(future=[2, 0]).load(), DATA[["kills"]].isel(future=[2, 0]))
        assert data["spend"].variable._in_memory is False
    with pytest.raises(OSError, match="identifier"):
        data["spend"].load()


def test_groups_are_datasets(tmp_path: Path) -> None:
    """Each group of a file has its own dimensions."""
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file.create_group("with", track_order=True), DATA)
        netcdf.write_dataset(file.create_group("without", track_order=True), DATA.isel(future=slice(0, 1)))
    xr.testing.assert_identical(netcdf.read_file(tmp_path / "file.nc", "with"), DATA)
    with xr.open_dataset(tmp_path / "file.nc", group="without", engine="h5netcdf") as data:
        xr.testing.assert_identical(data.load(), DATA.isel(future=slice(0, 1)))


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    """A file that is cut off, and a group that a file lacks, raise OSError or KeyError."""
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file, DATA)
    with pytest.raises(KeyError):
        netcdf.read_file(tmp_path / "file.nc", "other")
    (tmp_path / "cut.nc").write_bytes((tmp_path / "file.nc").read_bytes()[:2000])
    with pytest.raises(OSError, match="truncated"):
        netcdf.read_file(tmp_path / "cut.nc")


def test_dimensions_are_those_of_the_format(tmp_path: Path) -> None:
    """Dimensions are scales of HDF5 with the numbers and names that the NetCDF-4 format prescribes."""
    with netcdf.create_file(tmp_path / "file.nc") as file:
        netcdf.write_dataset(file, DATA)
    with h5py.File(tmp_path / "file.nc") as file:
        assert [file[dim].attrs["_Netcdf4Dimid"] for dim in DATA.sizes] == list(range(len(DATA.sizes)))
        assert file["level"].attrs["NAME"] == f"{netcdf.NO_COORDINATE}{2:10d}".encode()
        assert file["region"].attrs["NAME"] == b"region"
        assert [axis[0].name for axis in file["spend"].dims] == ["/future", "/day"]
