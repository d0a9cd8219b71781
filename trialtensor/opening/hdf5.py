"""What an HDF5 file holds, found without following anything out of it or around in circles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5l, h5o, h5z

from trialtensor.opening.guard import RefusedError, in_one_line, printable
from trialtensor.opening.memory import refuse_too_large, size
from trialtensor.opening.probe import refuse_what_crashes
from trialtensor.opening.references import address, plain_doubles
from trialtensor.storage import is_intact

# Of links to follow in a file, and of groups within each other.
MOST_LINKS, DEEPEST = 100_000, 100
# An attribute beyond this is no description.
LONGEST_ATTRIBUTE = 1_000_000
# Of objects with more attributes than this only the known ones are read.
MOST_ATTRIBUTES = 500
KNOWN_ATTRIBUTES = (
    "CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "_NCProperties", "_Netcdf4Dimid",
    "_Netcdf4Coordinates", "_FillValue", "missing_value", "scale_factor", "add_offset",
    "_Unsigned", "units", "calendar", "coordinates", "dtype", "MATLAB_class", "MATLAB_empty",
    "neurodata_type", "namespace", "colnames", "table", "target", "conversion", "offset", "unit",
)  # fmt: skip
# Filter -> the most that it shrinks its input. Those that aren't listed have no limit.
_SHRINKS = {
    h5z.FILTER_DEFLATE: 1032,
    h5z.FILTER_SHUFFLE: 1,
    h5z.FILTER_FLETCHER32: 1,
    h5z.FILTER_LZF: 264,
}
# MATLAB writes it at a group of three datasets that mean nothing by themselves.
_SPARSE = b"MATLAB_sparse"
# Fewer values are read even if hardly any were ever written.
_FEW = 2**26


@dataclass(frozen=True, slots=True)
class Member:
    """A dataset, or something that stands in the place of one.

    Attributes
    ----------
    groups : tuple of str
        Names of the groups that it is in, as they can be shown.
    name : str
    item : h5py.Dataset, h5py.Group or None
        None for a link that isn't followed.
    refused : str
        Why it can't be read, if it can't.
    target : str or None
        Where a soft link leads.
    """

    groups: tuple[str, ...]
    name: str
    item: Any
    refused: str = ""
    target: str | None = None

    @property
    def path(self) -> str:
        """The whole name."""
        return "/".join((*self.groups, self.name))


@contextmanager
def open_hdf5(path: Path, *, own: bool = False) -> Iterator[h5py.File]:
    """Open an HDF5 file that does no harm; for use inside of a guard.

    Parameters
    ----------
    path : Path
    own : bool
        One of our writers made it: also refuse it for what they never write, such as links. With a
        checksum that holds it is opened at once, because nothing in it can have been damaged.

    Raises
    ------
    RefusedError
        If the HDF5 library doesn't survive the file; a process of its own has tried.
        With `own`, also for a checksum that doesn't hold, links, storage in other files, and sizes
        that can't be.
    """
    intact = is_intact(path) if own else None
    if intact is False:
        raise RefusedError("is damaged: it has changed since it was saved (checksum)")
    if intact is None:
        refuse_what_crashes(path)
    with h5py.File(path, "r") as file:
        for member in members(file) if own else ():
            if member.refused:
                raise RefusedError(f"is damaged: {member.path} {member.refused}")
        yield file


def members(
    file: h5py.File,
    hidden: tuple[str, ...] = (),
    step: Callable[[], None] = lambda: None,
    groups: bool = False,
    whole: bool = True,
) -> Iterator[Member]:
    """List what a file holds, once each, in the order of names.

    Links out of the file and soft links are listed as refused. Circles of hard links are cut.

    Parameters
    ----------
    file : h5py.File
    hidden : tuple of str
        Groups of the root that are left out.
    step : callable
        Called before each link.
    groups : bool
        Also list groups, each before what it holds.
    whole : bool
        Refuse datasets that don't fit into memory. Without it, a chunk of them must.

    Raises
    ------
    RefusedError
        If there are too many links, or too many groups within each other.
    """
    seen, n_links = {address(file)}, 0
    todo: list[tuple[tuple[str, ...], Any]] = [((), file.id)]
    while todo:
        above, group = todo.pop()
        if len(above) > DEEPEST:
            raise RefusedError(f"has more than {DEEPEST} groups within each other")
        below: list[tuple[tuple[str, ...], Any]] = []
        for link in group:
            step()
            n_links += 1
            if n_links > MOST_LINKS:
                raise RefusedError(f"holds more than {MOST_LINKS} datasets and groups")
            name = printable(link.decode("utf-8", "backslashreplace"))
            if not above and name in hidden:
                continue
            member = _follow(group, link, Member(above, name, None), whole)
            if member.item is not None:
                place = address(member.item)
                if place in seen:
                    continue
                seen.add(place)
            if isinstance(member.item, h5py.Group) and not member.refused:
                below.append(((*above, name), member.item.id))
                if groups:
                    yield member
            elif member.item is not None or member.refused:
                yield member
        todo += reversed(below)


def children(group: h5py.Group, step: Callable[[], None] = lambda: None) -> Iterator[Member]:
    """List what a group itself holds, in the order of names; links out of it aren't followed.

    Parameters
    ----------
    group : h5py.Group
    step : callable
        Called before each link.
    """
    for link in group.id:
        step()
        name = printable(link.decode("utf-8", "backslashreplace"))
        yield _follow(group.id, link, Member((), name, None))


def attributes(item: h5py.Dataset | h5py.Group) -> dict[str, Any]:
    """Read the attributes of an object: text as str, one value alone as a scalar.

    Parameters
    ----------
    item : h5py.Dataset or h5py.Group

    Returns
    -------
    dict
        Without empty ones and those of types that numpy doesn't have.
    """
    found = {}
    for attribute in _opened_attributes(item):
        try:
            shape, itemsize = attribute.shape, attribute.dtype.itemsize
            if shape is None or not 0 < prod(shape) * itemsize <= LONGEST_ATTRIBUTE:
                continue
            value = _plain(item.attrs[attribute.name])
        except (TypeError, ValueError):
            continue  # of a type that numpy doesn't have
        if value is not None:
            found[attribute.name.decode("utf-8", "backslashreplace")] = value
    return found


def dtype_of(dataset: h5py.Dataset) -> np.dtype:
    """Return the type of the values as they are read: text is str, not object.

    Parameters
    ----------
    dataset : h5py.Dataset
    """
    return np.dtype("U") if _is_text(dataset) else dataset.dtype


def read_values(dataset: h5py.Dataset) -> np.ndarray:
    """Read a dataset; text becomes strings, with � for bytes that aren't UTF-8.

    Parameters
    ----------
    dataset : h5py.Dataset
    """
    if not _is_text(dataset):
        return dataset[()]
    text = dataset.asstr("utf-8", errors="replace")
    if not dataset.ndim:
        return np.array(text[()], dtype=str)
    # A few at a time, because all of them may be one and the same long text.
    largest = max(int(dataset.file.id.get_filesize()), 1)
    step = min(max(2**28 // largest, 1), 4096)
    found, longest = [np.zeros((0, *dataset.shape[1:]), dtype=str)], 1
    for start in range(0, dataset.shape[0], step):
        part = np.asarray(text[start : start + step], dtype=object)
        longest = max([longest, *map(len, part.flat)])
        refuse_too_large(4 * longest * dataset.size)
        found.append(part.astype(str))
    return np.concatenate(found)


def _is_text(dataset: h5py.Dataset) -> bool:
    # The characters of a text may be an axis of their own.
    characters = dataset.dtype == "S1" and dataset.ndim > 1
    return h5py.check_string_dtype(dataset.dtype) is not None and not characters


def _opened_attributes(item: Any) -> Iterator[Any]:
    n = h5a.get_num_attrs(item.id)
    if n <= MOST_ATTRIBUTES:
        yield from (h5a.open(item.id, index=k) for k in range(n))
    else:  # finding each by its number would take forever
        known = (name.encode() for name in KNOWN_ATTRIBUTES)
        yield from (h5a.open(item.id, name) for name in known if h5a.exists(item.id, name))


def _plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "S":
            value = np.char.decode(value, "utf-8", "replace")
        return value.reshape(-1)[0] if value.size == 1 and value.dtype.kind in "fiubU" else value
    return value


def _follow(group: Any, link: bytes, member: Member, whole: bool = True) -> Member:
    """Open what a link leads to, if it may be opened."""
    place = member.groups, member.name
    kind = group.links.get_info(link).type
    if kind == h5l.TYPE_SOFT:
        target = group.links.get_val(link).decode("utf-8", "backslashreplace")
        return Member(*place, None, "is a soft link, which is not followed", target)
    if kind != h5l.TYPE_HARD:
        other = group.links.get_val(link)[0] if kind == h5l.TYPE_EXTERNAL else b"elsewhere"
        name = printable(other.decode("utf-8", "backslashreplace"))
        return Member(*place, None, f"is a link to another file ({name}), which is never opened")
    found = h5o.open(group, link)
    if isinstance(found, h5d.DatasetID):
        dataset = h5py.Dataset(found)
        if dataset.shape is None:
            return Member(*place, None)
        return Member(*place, dataset, why_refused(dataset, whole))
    if h5o.get_info(found).type == h5o.TYPE_GROUP:
        sparse = h5a.exists(found, _SPARSE)
        why = "is a sparse matrix of MATLAB; store full(...) of it" if sparse else ""
        return Member(*place, h5py.Group(found), why)
    return Member(*place, None)  # a named type


def why_refused(dataset: h5py.Dataset, whole: bool = True) -> str:
    """Say why the values of a dataset can't be read, or nothing.

    Parameters
    ----------
    dataset : h5py.Dataset
    whole : bool
        As for `members`.
    """
    if plain_doubles(dataset.id) is not None:
        return ""
    how = dataset.id.get_create_plist()
    if how.get_external_count():
        return "is stored in another file, which is never opened"
    if how.get_layout() == h5d.VIRTUAL:
        others = {how.get_virtual_filename(k) for k in range(how.get_virtual_count())}
        if others - {"."}:
            return "is put together from other files, which are never opened"
    try:
        dtype = dataset.dtype
    except (TypeError, ValueError) as error:
        return f"is of a type that can't be read ({in_one_line(error)})"
    filters = [how.get_filter(k)[0] for k in range(how.get_nfilters())]
    missing = [each for each in filters if not h5z.filter_avail(each)]
    if missing:
        return f"is compressed by a filter that is not installed (number {missing[0]})"
    try:
        _check_size(dataset, dtype.itemsize, filters, whole)
    except RefusedError as error:
        return str(error)
    return ""


def _check_size(dataset: h5py.Dataset, itemsize: int, filters: list[int], whole: bool) -> None:
    """Compare what a dataset declares with what the file holds, and with the free memory."""
    declared = prod(dataset.shape) * itemsize
    if dataset.is_virtual:  # it has no storage of its own
        refuse_too_large(declared if whole else 0)
        return
    held = dataset.id.get_storage_size()
    offset = dataset.id.get_offset()
    if offset is not None and offset + declared > dataset.file.id.get_filesize():
        raise RefusedError(f"declares {size(declared)} of values, more than the file can hold")
    known = all(each in _SHRINKS for each in filters)
    most = held * prod(_SHRINKS[each] for each in filters) if known else declared
    chunk = prod(dataset.chunks) * itemsize if dataset.chunks else 0
    if max(declared, chunk) > max(most, _FEW):
        raise RefusedError(
            f"declares {size(max(declared, chunk))} of values, but the file holds "
            f"{size(held)} of them"
        )
    refuse_too_large(max(declared, chunk) if whole else chunk)
