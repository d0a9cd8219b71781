"""Variables of HDF5 files: plain ones, netCDF-4, and MATLAB 7.3."""

from __future__ import annotations

from functools import partial
from typing import Any

import h5py
import numpy as np
import xarray

from trialtensor.opening.guard import RefusedError, in_one_line
from trialtensor.opening.hdf5 import attributes, dtype_of, members, read_values
from trialtensor.opening.memory import refuse_whole
from trialtensor.variables.contents import (
    Contents,
    InParts,
    Variable,
    VariableInfo,
    nothing_of,
    refused_variable,
    says_main,
)
from trialtensor.variables.conventions import (
    decoded,
    decoded_like,
    decoded_part,
    dtype_of_parts,
    is_anonymous,
)
from trialtensor.variables.matlab import CLASS, HIDDEN, matlab_variable
from trialtensor.variables.scales import Scales, Stored, is_netcdf


def variables_of(file: h5py.File) -> Contents:
    """Return what a file holds, by name.

    Parameters
    ----------
    file : h5py.File
    """
    found: Contents = {}
    stored: list[Stored] = []
    for member in members(file, hidden=HIDDEN, whole=False):
        given = {} if member.item is None else attributes(member.item)
        if member.refused:
            shape = getattr(member.item, "shape", ())
            found[member.path] = partial(refused_variable, member.path, member.refused, shape)
        elif isinstance(given.get(CLASS), str):
            found[member.path] = partial(matlab_variable, member.path, member.item, given)
        else:
            stored.append(Stored(member, given))
    scales = Scales.among(stored, is_netcdf(attributes(file), stored))
    by_path = {each.path: each for each in stored if not each.is_only_a_name}
    for path, each in by_path.items():
        found[path] = partial(_variable, each, scales, by_path)
    return found


def _variable(stored: Stored, scales: Scales, others: dict[str, Stored]) -> Variable:
    dims = scales.dims(stored)
    if dims and is_anonymous(dims):
        dims = None
    try:
        raw = _raw(stored, dims)
        shown = decoded_like(raw, netcdf=scales.netcdf)
    except (ValueError, TypeError) as error:
        return refused_variable(stored.path, in_one_line(error), stored.member.item.shape)
    own = None if dims is None else tuple(map(str, shown.dims))
    main = says_main(stored.attributes)
    info = VariableInfo(stored.path, shown.shape, _dtype(shown.dtype), own, is_main=main)

    def get() -> np.ndarray | xarray.DataArray:
        values = _decoded(stored, dims, scales)
        if dims is None:
            return values.to_numpy()
        coords = _coordinates(stored, values, scales, others)
        return xarray.DataArray(values, coords=coords, name=stored.name)

    def parts() -> InParts:
        dataset = stored.member.item
        dtype = dtype_of_parts(raw, netcdf=scales.netcdf)
        like: Any = nothing_of(dataset.shape)
        if dims is not None:
            empty = xarray.Variable(shown.dims, like, shown.attrs)
            coords = _coordinates(stored, empty, scales, others)
            like = xarray.DataArray(empty, coords=coords, name=stored.name)

        def read(where: tuple[Any, ...]) -> np.ndarray:
            return decoded_part(raw, np.asarray(dataset[where]), dtype, netcdf=scales.netcdf)

        return InParts(like, dtype, read, dataset.chunks)

    return Variable(info, get, parts if shown.dtype.kind in "fiub" else None)


def _raw(stored: Stored, dims: tuple[str, ...] | None) -> xarray.Variable:
    """Describe a dataset as it is stored, with values that take no memory."""
    dataset = stored.member.item
    names = dims or tuple(f"dim_{k}" for k in range(dataset.ndim))
    dtype = dtype_of(dataset)
    if h5py.check_ref_dtype(dtype) is not None or h5py.check_vlen_dtype(dtype) is not None:
        raise RefusedError("holds references or lists of varying length, which are not read")
    nothing = np.broadcast_to(np.zeros((), dtype), dataset.shape)
    return xarray.Variable(names, nothing, stored.described)


def _decoded(stored: Stored, dims: tuple[str, ...] | None, scales: Scales) -> xarray.Variable:
    dataset = stored.member.item
    refuse_whole(stored.path, dataset.size * dataset.dtype.itemsize)
    return decoded(_raw(stored, dims), lambda: read_values(dataset), netcdf=scales.netcdf)


def _dtype(dtype: np.dtype) -> np.dtype:
    # Dates of other calendars are objects; neither they nor text ever come from a pickle.
    return np.dtype("U") if dtype.kind == "O" else dtype


def _coordinates(
    stored: Stored, values: xarray.Variable, scales: Scales, others: dict[str, Stored]
) -> dict[str, Any]:
    """Read what comes with a variable: its scales, and those that it names as coordinates."""
    wanted: list[tuple[str, Stored, tuple[str, ...]]] = []
    # The last axis of characters is gone after decoding.
    for dim, own in zip(values.dims, scales.of(stored), strict=False):
        wanted += [
            (scales.axis(scale), scale, (str(dim),))
            for scale in own
            if not scale.is_only_a_name and scale.member.item.ndim == 1
        ]
    for name in str(stored.attributes.get("coordinates", "")).split():
        other = _nearest(name, stored, others)
        dims = None if other is None else scales.dims(other)
        if other is not None and dims is not None:
            wanted.append((name, other, dims))
    found: dict[str, Any] = {}
    for name, each, dims in wanted:
        if each is stored or name in found or (name in values.dims and dims != (name,)):
            continue
        read = _decoded(each, dims, scales)
        if set(map(str, read.dims)) <= set(values.dims):
            # Of an axis that can grow, a variable may have only the beginning.
            part = read[tuple(slice(values.sizes[dim]) for dim in read.dims)]
            if part.sizes == {dim: values.sizes[dim] for dim in part.dims}:
                found[name] = part
    return found


def _nearest(name: str, stored: Stored, others: dict[str, Stored]) -> Stored | None:
    groups = stored.member.groups
    for depth in range(len(groups), -1, -1):
        found = others.get("/".join((*groups[:depth], name)))
        if found is not None:
            return found
    return None
