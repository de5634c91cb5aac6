"""NetCDF files of labelled arrays, written and read with h5py.

``h5netcdf`` examines every variable of a file whenever it needs the length of an unlimited dimension. The files written
here have the layout that it writes: each dimension is a dimension scale of HDF5, which its variables refer to.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.conventions import decode_cf_variable, encode_cf_variable
from xarray.core import indexing

COMPRESSION: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""Options of a compressed dataset of HDF5."""
NO_COORDINATE = "This is a netCDF dimension but not a netCDF variable."
"""Name that the NetCDF-4 format gives the scale of a dimension without coordinates."""
HIDDEN_ATTRIBUTES = frozenset({"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid"})
"""Attributes by which the NetCDF-4 format describes dimensions."""
GROWTH = 1024
"""Number of coordinates of an unlimited dimension that are stored together."""


def create_file(path: Path) -> h5py.File:
    """A new NetCDF file, without variables."""
    file = h5py.File(path, "w", track_order=True)
    file.attrs["_NCProperties"] = np.bytes_(f"version=2,h5py={h5py.__version__},hdf5={h5py.version.hdf5_version}")
    return file


def write_dataset(
    group: h5py.Group, data: xr.Dataset, *, unlimited: str | None = None, chunk: int | None = None
) -> None:
    """Write a dataset, whose coordinates are those of its dimensions, to an empty group of a NetCDF file.

    All variables with a dimension are compressed.

    unlimited
        A dimension that ``append`` can extend; it is the first of its variables.
    chunk
        Number of entries of the unlimited dimension that are stored together.
    """
    write_attributes(group, data.attrs)
    scales = {
        str(dim): create_scale(group, data, str(dim), number, unlimited=dim == unlimited)
        for number, dim in enumerate(data.sizes)
    }
    for name, variable in data.data_vars.items():
        encoded = encode_cf_variable(variable.variable, name=name)
        values = storable(encoded.values)
        options: dict[str, Any] = COMPRESSION if variable.ndim else {}
        if unlimited is not None and variable.dims[:1] == (unlimited,):
            shape = variable.shape[1:]
            options = {**options, "maxshape": (None, *shape), "chunks": (chunk, *shape)}
        elif variable.ndim:
            options = {**options, "chunks": values.shape}
        fill = encoded.attrs.get("_FillValue")
        dataset = group.create_dataset(str(name), data=values, track_order=True, fillvalue=fill, **options)
        for axis, dim in enumerate(variable.dims):
            dataset.dims[axis].attach_scale(scales[str(dim)])
        write_attributes(dataset, encoded.attrs)


def create_scale(group: h5py.Group, data: xr.Dataset, dim: str, number: int, *, unlimited: bool) -> h5py.Dataset:
    """Create the scale of a dimension, which holds its coordinates if it has any; ``number`` orders dimensions."""
    options: dict[str, Any] = {"maxshape": (None,), "chunks": (GROWTH,)} if unlimited else {}
    size = data.sizes[dim]
    if dim in data.coords:
        encoded = encode_cf_variable(data.coords[dim].variable.to_base_variable(), name=dim)
        scale = group.create_dataset(dim, data=storable(encoded.values), track_order=True, **options)
        scale.make_scale(dim)
        write_attributes(scale, encoded.attrs)
    else:
        scale = group.create_dataset(dim, (size,), ">f4", track_order=True, **options)
        scale.make_scale(f"{NO_COORDINATE}{size:10d}")
    scale.attrs["_Netcdf4Dimid"] = np.int32(number)
    return scale


def storable(values: NDArray[Any]) -> NDArray[Any]:
    """Values in a type that HDF5 stores: strings as objects of variable length."""
    return values.astype(h5py.string_dtype()) if values.dtype.kind == "U" else values


def write_attributes(target: h5py.Group | h5py.Dataset, attributes: Mapping[Any, Any]) -> None:
    """Write attributes; numbers are stored as arrays, as the NetCDF-4 format requires."""
    for name, value in attributes.items():
        target.attrs[str(name)] = value if isinstance(value, str) else np.atleast_1d(value)


def append(group: h5py.Group, data: xr.Dataset, dim: str, coordinates: NDArray[Any]) -> None:
    """Append the variables of a dataset along the unlimited dimension of a group, with the coordinates of the part."""
    start = group[dim].shape[0]
    end = start + len(coordinates)
    arrays = {str(name): variable.values for name, variable in data.data_vars.items() if variable.dims[:1] == (dim,)}
    for name, values in {**arrays, dim: coordinates}.items():
        group[name].resize(end, axis=0)
        group[name][start:end] = values


class StoredArray(BackendArray):
    """A dataset of HDF5 that is read where it is indexed; its file must stay open."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.dataset, self.shape, self.dtype = dataset, dataset.shape, dataset.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        support = indexing.IndexingSupport.OUTER_1VECTOR
        return indexing.explicit_indexing_adapter(key, self.shape, support, self.dataset.__getitem__)


def read_dataset(group: h5py.Group, *, in_memory: bool = True) -> xr.Dataset:
    """Read the dataset of a group of a NetCDF file into memory.

    Unless ``in_memory``, numbers other than coordinates are read when they are used.
    """
    items = {name: item for name, item in group.items() if not is_dimension_only(item)}
    variables = {name: read_variable(name, item, in_memory=in_memory) for name, item in items.items()}
    attributes = {name: read_attribute(value) for name, value in group.attrs.items() if name != "_NCProperties"}
    dims = {dim for variable in variables.values() for dim in variable.dims}
    coordinates = {name: variables.pop(name) for name in dims & set(variables)}
    return xr.Dataset(variables, coordinates, attributes)


def is_dimension_only(item: h5py.Dataset) -> bool:
    """Whether a dataset of HDF5 is only the scale of a dimension without coordinates."""
    return bool(read_attribute(item.attrs.get("NAME", "")).startswith(NO_COORDINATE))


def read_variable(name: str, dataset: h5py.Dataset, *, in_memory: bool) -> xr.Variable:
    """Read a variable with its attributes; unless ``in_memory``, its numbers are read when they are used."""
    is_scale, is_text = "CLASS" in dataset.attrs, h5py.check_string_dtype(dataset.dtype)
    dims = [name] if is_scale else [scales[0].name.rpartition("/")[2] for scales in dataset.dims]
    attributes = {key: read_attribute(value) for key, value in dataset.attrs.items() if key not in HIDDEN_ATTRIBUTES}
    if in_memory or is_scale or is_text:
        values = np.asarray(dataset.asstr()[...], str) if is_text else dataset[...]
        return decode_cf_variable(name, xr.Variable(dims, values, attributes)).load()
    stored = indexing.LazilyIndexedArray(StoredArray(dataset))
    return decode_cf_variable(name, xr.Variable(dims, stored, attributes))


def read_attribute(value: Any) -> Any:
    """The value of an attribute: text, a number or an array."""
    if isinstance(value, bytes):
        return value.decode()
    return value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value


def read_file(path: Path, group: str = "/") -> xr.Dataset:
    """Read a NetCDF file, or a group of it, into memory. Raises OSError or KeyError if it cannot be read."""
    with h5py.File(path) as file:
        return read_dataset(file[group])


def open_file(path: Path) -> xr.Dataset:
    """A NetCDF file whose numbers are read when they are used; closing the dataset closes the file.

    Raises OSError or KeyError if it cannot be read.
    """
    file = h5py.File(path)
    data = read_dataset(file, in_memory=False)
    data.set_close(file.close)
    return data
