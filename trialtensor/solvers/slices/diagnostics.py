"""Diagnostics of a SliceTCA model: loss, and explained variance of components and types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.diagnostics import ComponentVariance, commonality
from trialtensor.solvers.namespaces import as_numpy, in_double, namespace
from trialtensor.solvers.passes import Block, Passes
from trialtensor.solvers.passes.block import Join
from trialtensor.solvers.passes.jobs import Contract
from trialtensor.solvers.passes.long_sums import long_product
from trialtensor.solvers.passes.masked_jobs import small_blocks
from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Components,
    Triple,
    along,
    as_rows,
    as_triple,
    contract,
    reconstruct,
)


def some_trials(components: Components, part: slice) -> Components:
    """Return the model of some trials.

    Parameters
    ----------
    components : Components
    part : slice
        The trials.
    """
    (u, v, w), (A, B, C) = components
    return Components((u[part], v, w), (A, B[:, part], C[:, part]))


def residual_sum_of_squares(
    X: np.ndarray | Passes, components: Components, observed: np.ndarray | None = None
) -> float:
    """Compute the sum of squared errors over the observed entries directly from the residuals.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or Passes
    components : Components
    observed : bool array of the shape of ``X``, optional
        Passes know it themselves.

    Returns
    -------
    float
    """
    if isinstance(X, Passes):
        return X.residual_squares(SliceModel(components))
    total = 0.0
    for part in trial_chunks(X.shape):
        residual = X[part] - reconstruct(some_trials(components, part))
        if observed is not None:
            residual *= observed[part]
        flat = residual.ravel().astype(np.float64, copy=False)
        total += float(flat @ flat)
    return total


def explained_variance(
    X: np.ndarray | Passes,
    components: Components,
    norm2: float,
    observed: np.ndarray | None = None,
) -> tuple[ComponentVariance, ComponentVariance]:
    """Compute what components, and types of components, explain alone and uniquely.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or Passes
        Zeros where missing.
    components : Components
    norm2 : float
        Sum of squares of the observed data.
    observed : bool array of the shape of ``X``, optional
        Passes know it themselves.

    Returns
    -------
    ComponentVariance
        For all components: trial-slicing first, then neuron-slicing, then time-slicing.
    ComponentVariance
        For the three types.
    """
    if isinstance(X, Passes):
        each_other = X.has_missing or observed is not None
        with_data, *grams = X.run(InnerProducts(components, each_other))
        gram = grams[0] if each_other else _gram(components)
    else:
        with_data = _with_data(X, components)
        gram = _gram(components) if observed is None else _observed_gram(components, observed)
    return variance_of(components, norm2, with_data, gram)


def variance_of(
    components: Components, norm2: float, with_data: np.ndarray, gram: np.ndarray
) -> tuple[ComponentVariance, ComponentVariance]:
    """Compute what `explained_variance` does from inner products.

    Parameters
    ----------
    components : Components
    norm2 : float
        Sum of squares of the observed data.
    with_data : (n_components,) array
        Inner products of components with the data.
    gram : (n_components, n_components) array
        Those with each other, over observed entries.
    """
    of_type = np.repeat(np.eye(3), components.ranks, axis=0)
    return (
        commonality(gram, with_data, norm2),
        commonality(of_type.T @ gram @ of_type, of_type.T @ with_data, norm2),
    )


def _with_data(X: np.ndarray, components: Components) -> np.ndarray:
    """Return the inner products of all components with the data."""
    return np.concatenate(
        [
            np.einsum("rij,rij->r", contract(X, axis, loading), slices, dtype=np.float64)
            for axis, (loading, slices) in enumerate(zip(*components, strict=True))
        ]
    )


@dataclass(frozen=True, eq=False)
class SliceModel:
    """What a model says of the trials of a block.

    Attributes
    ----------
    components : Components
    """

    components: Components

    def of_trials(self, block: Block) -> Any:
        """Return it in the namespace of the block.

        Parameters
        ----------
        block : Block
        """
        loadings, slices = some_trials(self.components, block.part)
        here = [[block.array(each) for each in arrays] for arrays in (loadings, slices)]
        return reconstruct(Components(as_triple(here[0]), as_triple(here[1])))


@dataclass(frozen=True, eq=False)
class InnerProducts:
    """Inner products of components with the data and, over observed entries, with each other.

    Attributes
    ----------
    components : Components
    each_other : bool
    """

    components: Components
    each_other: bool

    @property
    def joins(self) -> Sequence[Join]:
        """Sums over trials."""
        return ("sum", "sum") if self.each_other else ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_components,) and perhaps (n_components, n_components) arrays."""
        found = self._with_data(block)
        if not self.each_other:
            return (found,)
        own = some_trials(self.components, block.part)
        observed = block.observed
        if observed is None:
            return found, _gram(own)
        if isinstance(observed, np.ndarray):
            return found, _observed_gram(own, observed)
        return found, _observed_gram_there(self.components, block)

    def _with_data(self, block: Block) -> Any:
        """Return the inner products with the data, in double precision."""
        xp = namespace(block.values)
        own = some_trials(self.components, block.part).slices
        found = []
        for axis, (loading, slices) in enumerate(zip(self.components.loadings, own, strict=True)):
            (contracted,) = Contract(axis, loading)(block)
            told = block.array(slices if axis == 0 else slices.swapaxes(0, 1))
            others = (1, 2) if axis == 0 else (0, 2)
            found.append(xp.sum(in_double(contracted * told), axis=others))
        return xp.concat(found)


def subspace_overlap(first: Triple, second: Triple) -> float:
    """Compute the mean squared cosine of the principal angles between the loadings of two models.

    Parameters
    ----------
    first, second : three (n_axis, R) arrays each

    Returns
    -------
    float
        1 for the same three subspaces, 0 for orthogonal ones. Not corrected for chance.

    Examples
    --------
    >>> none = np.empty((3, 0))
    >>> axes = np.eye(3)
    >>> subspace_overlap((axes[:, :2], none, none), (axes[:, 1:], none, none))
    0.5
    """
    shared, total = 0.0, 0
    for ours, theirs in zip(first, second, strict=True):
        if ours.shape[1]:
            a, b = scipy.linalg.orth(ours), scipy.linalg.orth(theirs)
            shared += float(np.sum((a.T @ b).astype(np.float64) ** 2))
            # A loading of zeros has no direction.
            total += max(a.shape[1], b.shape[1])
    return min(shared / total, 1.0) if total else 1.0


def _gram(components: Components) -> np.ndarray:
    """Compute the inner products of complete components without forming them."""
    blocks = [[np.empty(0)] * 3 for _ in range(3)]
    for a, (loading, slices) in enumerate(zip(*components, strict=True)):
        rows = as_rows(slices).astype(np.float64, copy=False)
        blocks[a][a] = (loading.T @ loading) * (rows @ rows.T)
        for b in range(a + 1, 3):
            # Contracting each slice with the other's loading leaves a vector on the third axis.
            ours = along(slices, a, b, components.loadings[b])
            theirs = along(components.slices[b], b, a, loading)
            ours = np.moveaxis(ours, 1 + OTHERS[a].index(b), 1)
            theirs = np.moveaxis(theirs, 1 + OTHERS[b].index(a), 1)
            blocks[a][b] = np.einsum("rst,srt->rs", ours, theirs, dtype=np.float64)
            blocks[b][a] = blocks[a][b].T
    return np.block(blocks)


def _observed_gram(components: Components, observed: np.ndarray) -> np.ndarray:
    """Compute inner products of components over observed entries, a few trials at a time."""
    n = sum(components.ranks)
    gram = np.zeros((n, n))
    for part in trial_chunks(observed.shape, 1_000_000 // max(n, 1)):
        (u, v, w), (A, B, C) = some_trials(components, part)
        shape = observed[part].shape
        tensors = np.empty((n, *shape), u.dtype)
        r0, r1 = A.shape[0], A.shape[0] + B.shape[0]
        np.multiply(u.T[:, :, None, None], A[:, None], out=tensors[:r0])
        np.multiply(v.T[:, None, :, None], B[:, :, None, :], out=tensors[r0:r1])
        np.multiply(w.T[:, None, None, :], C[:, :, :, None], out=tensors[r1:])
        tensors *= observed[part]
        rows = tensors.reshape(n, -1)
        gram += rows @ rows.T
    return gram


def _observed_gram_there(components: Components, block: Block) -> np.ndarray:
    """Do the same on the device that a block is on."""
    xp, n = namespace(block.values), sum(components.ranks)
    gram = np.zeros((n, n))
    for piece in small_blocks(block, n * block.values.shape[2]):
        loadings, slices = some_trials(components, piece.part)
        u, v, w = (piece.array(each) for each in loadings)
        A, B, C = (piece.array(each) for each in slices)
        seen = xp.astype(piece.observed, piece.values.dtype)
        told = [u[:, r, None, None] * A[r, ...] for r in range(u.shape[1])]
        told += [v[:, r, None] * B[r, :, None, :] for r in range(v.shape[1])]
        told += [w[:, r] * C[r, :, :, None] for r in range(w.shape[1])]
        rows = xp.stack([xp.reshape(each * seen, (-1,)) for each in told])
        gram += as_numpy(long_product(rows, rows.T))
    return gram
