"""One component of a fitted model, and the arrays that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Named:
    """An array whose axes have names.

    Attributes
    ----------
    dims : tuple of str
    values : array, number, or dict of arrays
        A dict has an array for each dataset, all with the same ``dims``.
    """

    dims: tuple[str, ...]
    values: Any


@dataclass(frozen=True, eq=False)
class Part:
    """One array of a component.

    Attributes
    ----------
    name : str
        The fitted attribute that holds it, without its underscore: ``"neuron_factors"``.
    dims : tuple of str
        Its axes: ``("neuron",)`` for a factor or loading, ``("neuron", "time")`` for a slice.
    values : array
        NaN where the fit had no data.
    dataset : str or None
        The dataset it belongs to, for models of several.
    block : label or None
        The block of trials it belongs to, for models whose factors differ between blocks.
    """

    name: str
    dims: tuple[str, ...]
    values: np.ndarray
    dataset: str | None = None
    block: Any = None

    @property
    def is_vector(self) -> bool:
        """Whether it is a factor or a loading, with a number for each entry of one axis."""
        return len(self.dims) == 1

    @property
    def title(self) -> str:
        """How figures and tables call it: "Neuron factors"."""
        return self.name.replace("_", " ").capitalize()

    def within(self, dataset: str | None, block: Any) -> bool:
        """Return True if the part describes this dataset and block.

        Parameters
        ----------
        dataset : str or None
        block : label or None
            A part without a dataset or block of its own describes all of them.
        """
        return self.dataset in (None, dataset) and (self.block is None or self.block == block)


@dataclass(frozen=True, eq=False)
class Component:
    """One component of a fitted model.

    Attributes
    ----------
    name : str
        "component 1", or "trial 1" where components are of several types.
    weight : float
        Its norm, in the units of the data.
    explained_variance_alone, explained_variance_unique : float
        What it explains by itself, and what is lost without it, as fractions of the sum of
        squares; NaN if that isn't known.
    parts : tuple of Part
        Its arrays. Their product, times the scale, is what the component adds to the data.
    scales : dict
        What the product of the parts is multiplied by, for each dataset (None: for the data).
    courses : dict
        Its strength on every trial, (n_trials,) in the units of the data, for each dataset that
        has a course of its own (None: for all data). Of a slice over trials this is the course
        of its leading singular vector.
    """

    name: str
    weight: float
    explained_variance_alone: float
    explained_variance_unique: float
    parts: tuple[Part, ...]
    scales: Mapping[str | None, float]
    courses: Mapping[str | None, np.ndarray]

    @property
    def label(self) -> str:
        """Its name in a figure or a table of components, where "component" goes without saying."""
        return self.name.removeprefix("component ")

    @property
    def trial(self) -> np.ndarray | None:
        """Its course over trials, (n_trials,) in the units of the data; None if it has none."""
        if None in self.courses:
            return self.courses[None]
        return next(iter(self.courses.values())) if len(self.courses) == 1 else None

    def vectors(self, axis: str) -> list[Part]:
        """Return the parts that are a vector along ``axis``.

        Parameters
        ----------
        axis : {"trial", "neuron", "time"} or another axis of the data
        """
        return [part for part in self.parts if part.dims == (axis,)]

    def outer(
        self, lengths: Mapping[str, int], dataset: str | None = None, block: Any = None
    ) -> np.ndarray:
        """Return what the component adds to the data of a dataset and block.

        Parameters
        ----------
        lengths : dict
            Axis -> number of entries, in the order that the result should have; an axis without
            a part of its own is constant.
        dataset, block : optional

        Returns
        -------
        array with those axes
            NaN where the model says nothing.
        """
        product: Any = self.scales.get(dataset, 1.0)
        for part in self.parts:
            if part.within(dataset, block) and set(part.dims) <= set(lengths):
                shape = [lengths[axis] if axis in part.dims else 1 for axis in lengths]
                product = product * part.values.reshape(shape)
        return np.broadcast_to(product, tuple(lengths.values()))
