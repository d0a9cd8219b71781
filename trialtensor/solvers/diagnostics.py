"""Diagnostics of a CP model: loss, explained variance of each component, degeneracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.matching import cosines
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.passes.axis_jobs import CoreOfMany
from trialtensor.solvers.passes.jobs import CPModel
from trialtensor.solvers.passes.missing_jobs import SmallCore
from trialtensor.solvers.result import Factors


def residual_sum_of_squares(
    X: np.ndarray | Passes, factors: Factors, observed: np.ndarray | None = None
) -> float:
    """Compute the sum of squared errors over the observed entries directly from the residuals.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or with more axes
    factors : (n_axis, R) arrays
    observed : bool array of the shape of ``X``, optional

    Returns
    -------
    float
    """
    if isinstance(X, Passes):
        return X.residual_squares(CPModel(factors))
    trial, *others = factors
    total = 0.0
    for part in contraction.trial_chunks(X.shape):
        residual = X[part] - contraction.reconstruct((trial[part], *others))
        if observed is not None:
            residual *= observed[part]
        flat = residual.ravel().astype(np.float64, copy=False)
        total += float(flat @ flat)
    return total


@dataclass(frozen=True)
class ComponentVariance:
    """Explained variance of each component, as fractions of the data's sum of squares.

    Attributes
    ----------
    alone : (R,) array
        Variance that the component explains on its own, at its best weight.
    unique : (R,) array
        Variance lost without the component when the other weights are refitted.
    """

    alone: np.ndarray
    unique: np.ndarray

    @property
    def shared(self) -> np.ndarray:
        """Variance that others explain too; negative where components help each other."""
        return self.alone - self.unique


def component_variance(
    grams: np.ndarray, rhs: np.ndarray, trial: np.ndarray, norm2: float
) -> ComponentVariance:
    """Compute the explained variance of each component of a CP model.

    The normal equations of the trial factor give the inner products of the components with each
    other and with the data, so no data is read.

    Parameters
    ----------
    grams, rhs : (1 or n_trials, R, R), (n_trials, R) arrays
        Normal equations of the trial factor.
    trial : (n_trials, R) array
    norm2 : float
        Sum of squares of the observed data.
    """
    trial = trial.astype(np.float64, copy=False)
    if grams.shape[0] == 1:
        gram = grams[0] * (trial.T @ trial)
    else:
        gram = np.einsum("ir,is,irs->rs", trial, trial, grams, optimize=True)
    return commonality(gram, np.einsum("ir,ir->r", rhs, trial, dtype=np.float64), norm2)


def commonality(gram: np.ndarray, with_data: np.ndarray, norm2: float) -> ComponentVariance:
    """Run a commonality analysis with the components as regressors of the data.

    Parameters
    ----------
    gram : (R, R) array
        Inner products of the components, as full tensors, over the observed entries.
    with_data : (R,) array
        Inner products of the components with the data.
    norm2 : float
        Sum of squares of the observed data.
    """
    scale = np.sqrt(np.diag(gram))
    alive = scale > 0
    alone, unique = np.zeros(len(scale)), np.zeros(len(scale))
    cosine = gram[np.ix_(alive, alive)] / np.outer(scale[alive], scale[alive])
    projection = with_data[alive] / scale[alive]
    inverse = np.linalg.pinv(cosine, hermitian=True)
    alone[alive] = projection**2 / norm2
    unique[alive] = (inverse @ projection) ** 2 / np.diag(inverse) / norm2
    return ComponentVariance(alone, unique)


def triple_cosine(factors: Factors) -> float:
    """Return the most negative cosine between two components, or 1.0 for a single component.

    Near -1, two components cancel each other: the model is degenerate, and neither component
    can be interpreted alone (Kruskal, Harshman & Lundy 1989).

    Parameters
    ----------
    factors : (n_axis, R) arrays
    """
    rank = factors[0].shape[1]
    product = np.ones((rank, rank))
    for factor in factors:
        product = product * cosines(factor, factor)
    return _most_negative(product)


def coupled_cosine(blocks: Sequence[Factors]) -> float:
    """Return the most negative cosine between two components that extend over several tensors.

    Parameters
    ----------
    blocks : sequence of three (n_axis, R) arrays
        The factors of each tensor, with their scale; zero for a component that it lacks.

    Returns
    -------
    float
        1.0 for a single component.
    """
    gram = sum(np.prod([f.T.astype(np.float64) @ f for f in each], axis=0) for each in blocks)
    size = np.sqrt(np.diag(gram))
    norms = np.outer(size, size)
    return _most_negative(np.divide(gram, norms, out=np.zeros_like(norms), where=norms > 0))


def _most_negative(cosine: np.ndarray) -> float:
    rank = len(cosine)
    return 1.0 if rank == 1 else float(cosine[np.triu_indices(rank, 1)].min())


def core_consistency(
    X: np.ndarray | Passes, factors: Factors, observed: np.ndarray | None = None
) -> float:
    """Compute the core consistency (CORCONDIA) in percent: 100 for a perfect CP structure.

    Compares the least-squares Tucker core for these factors with the superdiagonal of ones that
    a CP model assumes; low values indicate overfitting (Bro & Kiers 2003, "A new efficient method
    for determining the number of components in PARAFAC models"). The model fills in missing
    entries.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array, or with more axes
    factors : (n_axis, R) arrays
        One of them includes the weights.
    observed : bool array of the shape of ``X``, optional

    Returns
    -------
    float
        At most 100, and can be far below zero. NaN if a component is zero.
    """
    if len(factors) > 3:
        return _core_consistency_of_many(X, factors, observed)
    trial, neuron, time = factors
    if isinstance(X, Passes):
        return _core_consistency_by_passes(X, factors)
    partial = np.empty((time.shape[1], len(trial), len(neuron)), time.dtype)
    for part in contraction.trial_chunks(X.shape):
        data = X[part]
        if observed is not None:
            model = contraction.reconstruct((trial[part], neuron, time))
            data = np.where(observed[part], data, model)
        partial[:, part] = contraction.contract_time(data, time)
    return core_consistency_from_partial(partial, factors)


def _core_consistency_of_many(
    X: np.ndarray | Passes, factors: Factors, observed: np.ndarray | None
) -> float:
    """Reduce a few trials at a time to the core, one axis after the other."""
    factors = tuple(f.astype(np.float64, copy=False) for f in factors)
    if any(np.any(np.linalg.norm(f, axis=0) == 0) for f in factors):
        return float("nan")
    inverses = [np.linalg.pinv(factor) for factor in factors]
    if isinstance(X, Passes):
        core = X.run(CoreOfMany(factors, inverses))[0]
    else:
        core = _core_of_many(X, factors, inverses, observed)
    rank = len(inverses[0])
    core[(np.arange(rank),) * len(factors)] -= 1.0
    return float(100 * (1 - np.sum(core**2) / rank))


def _core_of_many(
    X: np.ndarray, factors: Factors, inverses: Sequence[np.ndarray], observed: np.ndarray | None
) -> np.ndarray:
    core = np.zeros((len(inverses[0]),) * X.ndim)
    for part in contraction.trial_chunks(X.shape):
        data = X[part].astype(np.float64, copy=False)
        if observed is not None:
            model = contraction.reconstruct((factors[0][part], *factors[1:]))
            data = np.where(observed[part], data, model)
        for axis in reversed(range(1, X.ndim)):
            data = np.moveaxis(np.moveaxis(data, axis, -1) @ inverses[axis].T, -1, axis)
        core += np.tensordot(inverses[0][:, part], data, axes=1)
    return core


def core_consistency_from_partial(partial: np.ndarray, factors: Factors) -> float:
    """Compute the core consistency from complete data contracted with the time factor.

    Parameters
    ----------
    partial : (R, n_trials, n_neurons) array
        From :func:`trialtensor.solvers.contraction.contract_time`.
    factors : three (n_axis, R) arrays
    """
    trial, neuron, time = (f.astype(np.float64, copy=False) for f in factors)
    if _with_zeros((trial, neuron, time)):
        return float("nan")
    small = np.linalg.pinv(trial) @ partial @ np.linalg.pinv(neuron).T
    return _consistency_of_core(small, time)


def _core_consistency_by_passes(X: Passes, factors: Factors) -> float:
    """Let each block fill in what it lacks and pass on its share of a small core."""
    trial, neuron, time = (f.astype(np.float64, copy=False) for f in factors)
    if _with_zeros((trial, neuron, time)):
        return float("nan")
    inverses = np.linalg.pinv(trial), np.linalg.pinv(neuron)
    return _consistency_of_core(X.run(SmallCore(factors, inverses))[0], time)


def _with_zeros(factors: Factors) -> bool:
    return any(bool(np.any(np.linalg.norm(f, axis=0) == 0)) for f in factors)


def _consistency_of_core(small: np.ndarray, time: np.ndarray) -> float:
    """Finish from the data times the time factor, in the coordinates of the other two."""
    rank = time.shape[1]
    # pinv(C) = pinv(C'C) C', and the data already includes the product with C.
    core = np.tensordot(small, np.linalg.pinv(time.T @ time, hermitian=True), axes=(0, 0))
    ideal = np.zeros_like(core)
    ideal[(np.arange(rank),) * 3] = 1.0
    return float(100 * (1 - np.sum((core - ideal) ** 2) / rank))
