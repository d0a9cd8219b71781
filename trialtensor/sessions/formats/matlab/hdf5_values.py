"""The variables of a MATLAB file of version 7.3, with references followed within the file."""

from __future__ import annotations

from functools import partial
from typing import Any

import h5py
import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.hdf5 import Member, attributes, children, why_refused
from trialtensor.opening.references import address, read_doubles, referred, referred_doubles
from trialtensor.variables.matlab import CLASS, EMPTY, HIDDEN, NUMBERS, empty_shape, text_rows
from trialtensor.variables.matlab_values import (
    Cells,
    Numbers,
    Struct,
    Text,
    Unread,
    Value,
    Values,
    full,
)

_SPARSE, _FIELDS, _OBJECT = "MATLAB_sparse", "MATLAB_fields", "MATLAB_object_decode"
# Of cells within cells, and of cells and fields in all.
_DEEPEST, _MOST = 20, 2_000_000


class Limit:
    """Counts what has been looked at, so that circles and absurd counts come to an end."""

    def __init__(self) -> None:
        self.left = _MOST
        self.around: set[Any] = set()

    def take(self, n: int) -> None:
        """Count some values more."""
        self.left -= n
        if self.left < 0:
            raise RefusedError(f"holds more than {_MOST} cells and fields")


def values_of(file: h5py.File) -> Values:
    """Describe all variables; numbers can be read as long as the file is open.

    Parameters
    ----------
    file : h5py.File
    """
    limit = Limit()
    found: Values = {}
    for member in children(file):
        if member.name not in HIDDEN:
            found[member.name] = _of_member(member, limit, 0)
    return found


def _of_member(member: Member, limit: Limit, depth: int) -> Value:
    if member.item is None:
        return Unread(member.refused or "is no variable")
    return _value(member.item, limit, depth)


def _value(item: h5py.Dataset | h5py.Group, limit: Limit, depth: int) -> Value:
    """Describe a value of any kind, unless it is part of itself."""
    limit.take(1)
    place = address(item)
    if depth > _DEEPEST or place in limit.around:
        return Unread("holds itself, or is nested too deeply")
    limit.around.add(place)
    try:
        about = attributes(item)
        if isinstance(item, h5py.Group):
            return _of_group(item, about, limit, depth)
        return _of_dataset(item, about, limit, depth)
    except RefusedError as error:
        return Unread(str(error))
    finally:
        limit.around.discard(place)


def _of_group(group: h5py.Group, about: dict[str, Any], limit: Limit, depth: int) -> Value:
    if _SPARSE in about:
        return _sparse(group, int(about[_SPARSE]))
    kind = str(about.get(CLASS, "struct"))
    if kind != "struct":
        return Unread(f"is a MATLAB {kind}, which is not read")
    parts = _ordered({each.name: each for each in children(group)}, about.get(_FIELDS))
    arrays = [
        each.item for each in parts.values()
        if isinstance(each.item, h5py.Dataset) and _is_references(each.item)
        and CLASS not in each.item.attrs
    ]  # fmt: skip
    if parts and len(arrays) == len(parts):
        return _struct_array(parts, limit, depth)
    fields = {}
    for name, each in parts.items():
        fields[name] = _object([_of_member(each, limit, depth + 1)], (1, 1))
    return Struct((1, 1), fields)


def _ordered(parts: dict[str, Member], names: Any) -> dict[str, Member]:
    """Put fields into the order of MATLAB, whose names are lists of characters."""
    order = {}
    for place, name in enumerate(np.ravel(names) if isinstance(names, np.ndarray) else ()):
        if isinstance(name, np.ndarray) and name.dtype.kind == "S":
            order[b"".join(name.tolist()).decode("utf-8", "replace")] = place
    return dict(sorted(parts.items(), key=lambda part: order.get(part[0], len(order))))


def _struct_array(parts: dict[str, Member], limit: Limit, depth: int) -> Value:
    """Describe an array of structs: each field holds a reference for each element."""
    shapes = {each.item.shape for each in parts.values()}
    if len(shapes) != 1:
        return Unread("is an array of structs whose fields differ in size")
    shape = shapes.pop()[::-1]
    fields = {
        name: _object(_referred(each.item, limit, depth), shape) for name, each in parts.items()
    }
    return Struct(shape, fields)


def _of_dataset(item: h5py.Dataset, about: dict[str, Any], limit: Limit, depth: int) -> Value:
    kind, refused = str(about.get(CLASS, "")), why_refused(item)
    if refused:
        return Unread(refused, item.shape[::-1])
    if np.any(about.get(EMPTY, 0)):
        return _empty(kind, empty_shape(item))
    if _OBJECT in about or kind in ("function_handle", "string", "table", "datetime"):
        return Unread(f"is a MATLAB {kind or 'object'}, which is not read", item.shape[::-1])
    if _is_references(item):
        return Cells(_object(_referred(item, limit, depth), item.shape[::-1]))
    if kind == "char" and item.dtype.kind in "iu":
        return Text(tuple(text_rows(item)))
    if item.dtype.names is not None:
        return Unread("holds complex numbers, which are not read", item.shape[::-1])
    if item.dtype.kind not in "fiu" or (kind and kind not in NUMBERS | {"logical"}):
        return Unread(f"is a MATLAB {kind or item.dtype}, which is not read", item.shape[::-1])
    dtype = np.dtype(bool) if kind == "logical" else item.dtype
    shape = item.shape[::-1] if item.ndim > 1 else (*item.shape, 1)[:2]
    return Numbers(shape, dtype, partial(_numbers, item, shape, dtype))


def _numbers(item: h5py.Dataset, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    values = item[()].T.reshape(shape)
    return values != 0 if dtype.kind == "b" else values


def _empty(kind: str, shape: tuple[int, ...]) -> Value:
    if kind == "cell":
        return Cells(np.empty(shape, dtype=object))
    if kind == "char":
        return Text(())
    if kind == "struct":
        return Struct(shape, {})
    dtype = np.dtype(bool if kind == "logical" else float)
    return Numbers(shape, dtype, lambda: np.zeros(shape, dtype))


def _sparse(group: h5py.Group, n_rows: int) -> Value:
    """Describe a sparse matrix, which is read as a full one."""
    parts = {each.name: each.item for each in children(group)}
    if not isinstance(parts.get("jc"), h5py.Dataset):
        return Unread("is a sparse matrix without its columns")
    for each in parts.values():
        if not isinstance(each, h5py.Dataset) or each.ndim != 1 or why_refused(each):
            return Unread("is a sparse matrix that can't be read")
    shape = (n_rows, parts["jc"].shape[0] - 1)
    if min(shape) < 0:
        return Unread(f"is a sparse matrix of shape {shape}")
    return Numbers(shape, np.dtype(float), partial(_full, parts, shape))


def _full(parts: dict[str, h5py.Dataset], shape: tuple[int, int]) -> np.ndarray:
    none = np.zeros(0)
    rows, values = (parts[name][()] if name in parts else none for name in ("ir", "data"))
    return full(rows, parts["jc"][()], values, shape)


def _is_references(item: h5py.Dataset) -> bool:
    return h5py.check_ref_dtype(item.dtype) is h5py.Reference


def _referred(item: h5py.Dataset, limit: Limit, depth: int) -> list[Value]:
    """Describe what the references of a dataset lead to, in the order of MATLAB's axes."""
    limit.take(item.size)
    found: list[Value] = []
    for reference in np.asarray(item[()], dtype=object).T.flat:
        # Nearly all are spike times, and there may be hundreds of thousands.
        doubles = referred_doubles(item, reference)
        if doubles is not None and len(doubles[1]) > 1:
            read = partial(_doubles, *doubles)
            found.append(Numbers(doubles[1][::-1], np.dtype(float), read))
            continue
        target = referred(item, reference)
        value = Unread("refers to nothing") if target is None else _value(target, limit, depth + 1)
        found.append(value)
    return found


def _doubles(dataset: Any, shape: tuple[int, ...]) -> np.ndarray:
    return read_doubles(dataset, shape).T


def _object(values: list[Value], shape: tuple[int, ...]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found.reshape(shape)
