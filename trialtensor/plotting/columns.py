"""Columns of the component figure: one for each kind of part."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.models import Component, Fitted, Part, TrialEstimator
from trialtensor.models.parameters import kind_of
from trialtensor.plotting.labels import cut

# Trials come last, next to the key to their colours, after axes that only some kinds have.
RANKS = {"neuron": 0, "time": 1, "trial": 3}
WIDTHS = {"neuron": 3.2, "time": 2.6, "trial": 4.0}
OTHER_WIDTH = 2.6
IMAGE_WIDTH = 3.4
# Of models of several datasets, which have several times the columns.
NARROWER = 0.75
# Titles that are clearer than the names of the fitted attributes.
TITLES = {"output_factors": "Drives (output)", "input_factors": "Reads (input)"}


@dataclass(frozen=True)
class Column:
    """One column of the figure.

    Attributes
    ----------
    name : str
        Of the parts that it shows.
    dims : tuple of str
        Their axes, one or two.
    dataset : str or None
        The dataset that they belong to.
    by_block : bool
        True if every block of trials has a separate part.
    """

    name: str
    dims: tuple[str, ...]
    dataset: str | None = None
    by_block: bool = False

    @property
    def axis(self) -> str:
        """The horizontal axis."""
        return self.dims[-1]

    @property
    def is_image(self) -> bool:
        """True if its panels are images rather than curves."""
        return self.by_block or len(self.dims) > 1

    @property
    def title(self) -> str:
        """Title above the column, as plain text."""
        title = TITLES.get(self.name) or Part(self.name, self.dims, np.empty(0)).title
        if self.by_block:
            title += " by block"
        if self.dataset is None:
            return title
        return f"{cut(self.dataset, 16)}: {title[0].lower()}{title[1:]}"

    @property
    def width(self) -> float:
        """Width in inches."""
        if self.is_image:
            return IMAGE_WIDTH
        width = WIDTHS.get(self.axis, OTHER_WIDTH)
        return width if self.dataset is None else NARROWER * width

    def parts(self, component: Component) -> list[Part]:
        """Return the parts of a component for this column: none, one, or one per block."""
        return [
            part
            for part in component.parts
            if (part.name, part.dims, part.dataset) == (self.name, self.dims, self.dataset)
        ]

    def stacked(self, component: Component) -> np.ndarray:
        """Return the parts of all blocks below each other, (n_blocks, longest).

        NaN where a block has fewer entries: blocks may have different neurons, and numbers of them.
        """
        parts = self.parts(component)
        values = np.full((len(parts), max(len(part.values) for part in parts)), np.nan)
        for row, part in zip(values, parts, strict=True):
            row[: len(part.values)] = part.values
        return values

    def length(self, fitted: Fitted, axis: str | None = None) -> int:
        """Return the length of one of its axes, the last by default; that of the longest block."""
        place = -1 if axis is None else self.dims.index(axis)
        parts = (part for component in fitted.components for part in self.parts(component))
        return max((part.values.shape[place] for part in parts), default=0)


def fitted_of(model: Any) -> Fitted:
    """Return the fitted model; refuse anything else.

    Raises
    ------
    ValueError
        For anything but a model.
    sklearn.exceptions.NotFittedError
        For a model that has not been fitted.
    """
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(model, TrialEstimator):
        raise ValueError(f"model: expected a fitted model, got {kind_of(model)}")
    check_is_fitted(model)
    return model.fitted_


def columns(fitted: Fitted, datasets: Collection[str] | None = None) -> list[Column]:
    """Make columns for the parts of all components, with those of one dataset together.

    Parts of more than two axes can't be drawn and have none.

    Parameters
    ----------
    fitted : Fitted
    datasets : collection of str, optional
        Of several, only those.

    Raises
    ------
    ValueError
        For a dataset that the model doesn't have.
    """
    chosen = check_datasets(fitted, datasets)
    found: dict[tuple[Any, ...], Column] = {}
    for component in fitted.components:
        for part in component.parts:
            if len(part.dims) in (1, 2) and part.dataset in (None, *chosen):
                key = part.name, part.dims, part.dataset
                found.setdefault(key, Column(*key, by_block=part.block is not None))
    groups = (*chosen, None)
    return sorted(
        found.values(),
        key=lambda each: (groups.index(each.dataset), _rank(each, fitted)),
    )


def _rank(column: Column, fitted: Fitted) -> float:
    """Return where a column comes; other axes of the data are between neurons and times."""
    other = column.dims == (column.axis,) and column.axis in fitted.axes
    return RANKS.get(column.axis, 0.5 if other else 2)


def check_datasets(fitted: Fitted, datasets: Collection[str] | None) -> tuple[str, ...]:
    """Return the datasets to show, in the order requested.

    Raises
    ------
    ValueError
        For one that the model doesn't have.
    """
    if datasets is None:
        return fitted.datasets
    if not isinstance(datasets, Iterable):
        raise ValueError(f"datasets: expected names of datasets, got {datasets!r}")
    chosen = (datasets,) if isinstance(datasets, str) else tuple(map(str, datasets))
    unknown = [name for name in chosen if name not in fitted.datasets]
    if unknown or not chosen:
        raise ValueError(
            f"datasets: expected some of {list(fitted.datasets)} of this {fitted.kind}, got "
            f"{list(chosen)}"
        )
    return chosen


def has_loadings_and_slices(fitted: Fitted) -> bool:
    """Return whether each component is a loading of one axis times one slice over the others."""
    return bool(fitted.components) and all(
        sorted(len(part.dims) for part in component.parts) == [1, 2]
        and len({dim for part in component.parts for dim in part.dims}) == 3
        for component in fitted.components
    )
