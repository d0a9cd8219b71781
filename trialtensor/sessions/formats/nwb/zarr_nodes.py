"""The nodes of an NWB folder that is Zarr, as hdmf-zarr writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.opening.guard import printable
from trialtensor.sessions.formats.nwb.nodes import Node, Tree
from trialtensor.sessions.parts import later
from trialtensor.variables.zarr_store import Stored, read_stored, stored_in

_HIDDEN = "specifications"
# Attributes of the storage, not of what is stored.
_OF_STORAGE = ("zarr_link", "zarr_dtype", "_ARRAY_DIMENSIONS")


@contextmanager
def opened_tree(path: Path, kind: str) -> Iterator[Tree]:
    """List the nodes of a folder.

    Parameters
    ----------
    path : Path
    kind : str
        Format for messages of what is read later.
    """
    found = {each.path: each for each in stored_in(path) if not _is_hidden(each.path)}
    links: dict[str, str] = {}
    nodes = [_node(path, each) for each in found.values()]
    for stored in found.values():
        for link in _links(stored):
            place = f"{stored.path}/{link['name']}".lstrip("/")
            if link.get("source", ".") == ".":
                links[place] = str(link["path"]).strip("/")
            else:
                other = printable(str(link["source"]))
                why = f"is a link to another file ({other}), which is never opened"
                nodes.append(Node(place, {}, refused=why))

    def read_later(name: str) -> Callable[[], np.ndarray]:
        return later(path, kind, partial(_read, path, found[name]))

    yield Tree(nodes, links, read_later)


def _is_hidden(path: str) -> bool:
    return path.split("/")[0] == _HIDDEN


def _links(stored: Stored) -> list[dict[str, Any]]:
    given = stored.attributes.get("zarr_link", [])
    if not isinstance(given, list):
        return []
    return [each for each in given if isinstance(each, dict) and {"name", "path"} <= set(each)]


def _node(path: Path, stored: Stored) -> Node:
    attributes = {
        name: _plain(value) for name, value in stored.attributes.items() if name not in _OF_STORAGE
    }
    if stored.shape is None:
        return Node(stored.path, attributes)
    shape = () if _is_scalar(stored) else stored.shape
    read = partial(_read, path, stored)
    return Node(stored.path, attributes, shape, stored.dtype, stored.refused, read=read)


def _is_scalar(stored: Stored) -> bool:
    return stored.attributes.get("zarr_dtype") == "scalar" and stored.shape == (1,)


def _read(path: Path, stored: Stored) -> np.ndarray:
    values = read_stored(path, stored)
    return values.reshape(()) if _is_scalar(stored) else values


def _plain(value: Any) -> Any:
    """Return an attribute as HDF5 has it: lists as arrays, references as paths."""
    if isinstance(value, dict):
        inner = value.get("value")
        place = inner.get("path") if isinstance(inner, dict) else None
        return place.strip("/") if isinstance(place, str) else str(value)
    if isinstance(value, list):
        plain = all(isinstance(each, str | int | float) for each in value)
        return np.array(value) if plain and value else str(value)
    return value
