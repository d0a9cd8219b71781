"""Names of the axes of HDF5 datasets: dimension scales, labels of axes, and what netCDF adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from h5py import h5o, h5r

from trialtensor.opening.hdf5 import Member

NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"
_OF_THE_FILE = frozenset(
    [
        "CLASS",
        "NAME",
        "DIMENSION_LIST",
        "DIMENSION_LABELS",
        "REFERENCE_LIST",
        "_Netcdf4Dimid",
        "_Netcdf4Coordinates",
        "_nc3_strict",
    ]
)
_RENAMED = "_nc4_non_coord_"


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset of a file with its attributes.

    Attributes
    ----------
    member : Member
    attributes : dict
    """

    member: Member
    attributes: dict[str, Any]

    @property
    def described(self) -> dict[str, Any]:
        """The attributes that are about the values rather than about the file."""
        return {
            name: value
            for name, value in self.attributes.items()
            if name not in _OF_THE_FILE and isinstance(value, str | np.ndarray | np.generic)
            if not (isinstance(value, np.ndarray) and value.dtype.hasobject)
        }

    @property
    def is_scale(self) -> bool:
        """True if it gives the places along an axis."""
        return self.attributes.get("CLASS") == "DIMENSION_SCALE"

    @property
    def is_only_a_name(self) -> bool:
        """True for an axis without values."""
        return self.is_scale and str(self.attributes.get("NAME", "")).startswith(NO_VARIABLE)

    @property
    def name(self) -> str:
        """Name without groups; netCDF marks those that are also dimensions."""
        return self.member.name.removeprefix(_RENAMED)

    @property
    def path(self) -> str:
        """Whole name."""
        return "/".join((*self.member.groups, self.name))


@dataclass(frozen=True)
class Scales:
    """The scales of a file.

    Attributes
    ----------
    netcdf : bool
        The file was written as netCDF, where an axis is called like its dataset.
    by_address, by_number : dict
        The scales by their place in the file and, in netCDF, by group and number.
    """

    netcdf: bool
    by_address: dict[int, Stored] = field(default_factory=dict)
    by_number: dict[tuple[tuple[str, ...], int], Stored] = field(default_factory=dict)

    @classmethod
    def among(cls, stored: Sequence[Stored], netcdf: bool) -> Scales:
        """Collect the scales among the datasets of a file."""
        found = cls(netcdf)
        for each in stored:
            if each.is_scale:
                found.by_address[_address(each.member.item)] = each
                number = each.attributes.get("_Netcdf4Dimid")
                if isinstance(number, int | np.integer):
                    found.by_number[each.member.groups, int(number)] = each
        return found

    def axis(self, scale: Stored) -> str:
        """Return the name of the axis that a scale stands for."""
        given = str(scale.attributes.get("NAME", "")).strip()
        named = given and not self.netcdf and not given.startswith(NO_VARIABLE)
        return given if named else scale.name

    def of(self, stored: Stored) -> list[list[Stored]]:
        """Return the scales of each axis of a dataset."""
        dataset = stored.member.item
        if stored.is_scale and dataset.ndim == 1:
            return [[stored]]
        numbers = np.atleast_1d(stored.attributes.get("_Netcdf4Coordinates", []))
        if len(numbers) == dataset.ndim and numbers.dtype.kind in "iu":
            return [self._numbered(stored.member.groups, int(number)) for number in numbers]
        attached = stored.attributes.get("DIMENSION_LIST")
        if not isinstance(attached, np.ndarray) or attached.shape != (dataset.ndim,):
            return [[] for _ in dataset.shape]
        return [self._referenced(dataset.file, references) for references in attached]

    def dims(self, stored: Stored) -> tuple[str, ...] | None:
        """Return the names of the axes of a dataset, or None if one has none."""
        scales = self.of(stored)
        labels = list(np.atleast_1d(stored.attributes.get("DIMENSION_LABELS", [])))
        if len(labels) != len(scales):
            labels = [""] * len(scales)
        names = tuple(
            _text(label) or (self.axis(own[0]) if own else "")
            for label, own in zip(labels, scales, strict=True)
        )
        return names if all(names) else None

    def _numbered(self, groups: tuple[str, ...], number: int) -> list[Stored]:
        places = [groups[:depth] for depth in range(len(groups), -1, -1)]
        found = [self.by_number.get((place, number)) for place in places]
        return [each for each in found if each is not None][:1]

    def _referenced(self, file: h5py.File, references: Any) -> list[Stored]:
        found = []
        for reference in np.atleast_1d(references):
            if isinstance(reference, h5py.Reference) and reference:
                scale = self.by_address.get(h5o.get_info(h5r.dereference(reference, file.id)).addr)
                found += [] if scale is None else [scale]
        return found


def is_netcdf(file_attributes: Mapping[str, Any], stored: Sequence[Stored]) -> bool:
    """Tell whether a file was written as netCDF.

    Parameters
    ----------
    file_attributes : mapping
    stored : sequence of Stored
    """
    marked = any("_Netcdf4Dimid" in each.attributes or each.is_only_a_name for each in stored)
    return "_NCProperties" in file_attributes or marked


def _text(label: Any) -> str:
    text = label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)
    return text.strip()


def _address(dataset: h5py.Dataset) -> int:
    return int(h5o.get_info(dataset.id).addr)
