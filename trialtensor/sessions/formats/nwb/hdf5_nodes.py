"""The nodes of an NWB file that is HDF5, found without following anything out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.hdf5 import Member, attributes, dtype_of, members, open_hdf5, read_values
from trialtensor.opening.references import address, referred
from trialtensor.sessions.formats.nwb.nodes import Node, Tree
from trialtensor.sessions.parts import later

# Descriptions of types, which mean nothing for the data.
_HIDDEN = ("specifications",)
# Links that lead to links.
_MOST_LINKS = 20


@contextmanager
def opened_tree(path: Path, kind: str) -> Iterator[Tree]:
    """Open a file and list its nodes, whose values can be read as long as it is open.

    Parameters
    ----------
    path : Path
    kind : str
        Format for messages of what is read later.
    """

    def read_later(name: str) -> Callable[[], np.ndarray]:
        return later(path, kind, lambda: _read_again(path, name))

    with open_hdf5(path) as file:
        yield Tree(*_nodes(file), read_later)


def _read_again(path: Path, name: str) -> np.ndarray:
    with open_hdf5(path) as file:
        item = file[name]
        if not isinstance(item, h5py.Dataset):
            raise RefusedError(f"has changed: {name} is no array any more")
        return read_values(item)


def _nodes(file: h5py.File) -> tuple[list[Node], dict[str, str]]:
    """Return the nodes, and the paths of links within the file with what they lead to."""
    found = {each.path: each for each in members(file, hidden=_HIDDEN, groups=True)}
    links = {path: _end(path, found) for path, each in found.items() if each.target is not None}
    links = {path: end for path, end in links.items() if end}
    items = {path: each.item for path, each in found.items() if each.item is not None}
    places = {address(item): path for path, item in items.items()} | {address(file): ""}
    nodes = [_node(each, places) for path, each in found.items() if path not in links]
    return [Node("", _Attributes(file, places)), *nodes], links


def _end(path: str, found: dict[str, Member]) -> str:
    """Return the path that soft links within the file lead to; nothing if to no other."""
    for _ in range(_MOST_LINKS):
        member = found[path]
        if member.target is None:
            return path
        parts = PurePosixPath("/", *member.groups, member.target).parts[1:]
        path = "/".join(parts)
        if path not in found:
            return ""
    return ""


def _node(member: Member, places: dict[Any, str]) -> Node:
    path, item = member.path, member.item
    given: Mapping[str, Any] = {} if item is None else _Attributes(item, places)
    if not isinstance(item, h5py.Dataset):
        return Node(path, given, refused=member.refused)
    if member.refused:
        return Node(path, given, shape=item.shape, refused=member.refused)
    if h5py.check_ref_dtype(item.dtype) is h5py.Reference:
        dtype, read = np.dtype("U"), partial(_paths, item, places)
        return Node(path, given, item.shape, dtype, refers=True, read=read)
    return Node(path, given, item.shape, dtype_of(item), read=partial(read_values, item))


class _Attributes(Mapping[str, Any]):
    """Attributes of an object, read when one is asked for: of most objects none ever is."""

    def __init__(self, item: Any, places: dict[Any, str]) -> None:
        self._item, self._places = item, places

    @cached_property
    def _all(self) -> dict[str, Any]:
        return {
            name: _path(self._item, value, self._places)
            if isinstance(value, h5py.Reference)
            else value
            for name, value in attributes(self._item).items()
        }

    def __getitem__(self, name: str) -> Any:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _paths(dataset: h5py.Dataset, places: dict[Any, str]) -> np.ndarray:
    references = np.asarray(dataset[()], dtype=object)
    found = [_path(dataset, each, places) for each in references.flat]
    return np.array(found, dtype=str).reshape(references.shape)


def _path(item: Any, reference: h5py.Reference, places: dict[Any, str]) -> str:
    found = referred(item, reference)
    return "" if found is None else places.get(address(found), "")
