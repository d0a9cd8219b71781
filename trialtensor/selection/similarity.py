"""Similarity of two models: of single components, or of the subspaces they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from scipy.optimize import linear_sum_assignment

from trialtensor.alignment.factors import AxisMatrix, axis_matrices, check_fitted, likeness
from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Restart


@dataclass(frozen=True, eq=False)
class _Side:
    """One of two models to compare."""

    name: str
    matrices: list[AxisMatrix]
    weights: np.ndarray | None
    joint: bool
    kind: str | None = None
    has_datasets: bool = False

    @property
    def axes(self) -> list[str]:
        return [each.axis for each in self.matrices]


def factor_match_score(first: Any, second: Any, *, weights: bool = False) -> float:
    """Compute how well the components of two models match, 0 to 1.

    Components are paired so that the mean congruence (the product of the absolute cosines
    of their factors) is largest, by the Hungarian algorithm. Factors of several blocks or datasets
    are stacked and compared as one, those of datasets weighted by their strength.

    Parameters
    ----------
    first, second : fitted models of one kind, Restart, or tuples of (n_axis, R) factors
        Not SliceTCA: its components can be rotated into each other, so compare the subspaces they
        span, with :func:`subspace_angles`.
    weights : bool
        Lower the congruence of components whose weights differ, by the factor
        ``1 - |w1 - w2| / max(w1, w2)``; needs models or restarts, not bare factors.

    Returns
    -------
    float
        Not corrected for chance, see :func:`stability`.

    Raises
    ------
    ValueError
        For models that can't be compared, naming them.

    References
    ----------
    Acar, Dunlavy & Kolda 2011, "A scalable optimization approach for fitting canonical tensor
    decompositions".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> factors = tuple(rng.normal(size=(n, 2)) for n in (5, 6, 7))
    >>> round(factor_match_score(factors, tuple(-f[:, ::-1] for f in factors)), 6)
    1.0
    """
    a, b = _side(first, "first"), _side(second, "second")
    for side, name in ((a, "first"), (b, "second")):
        if not side.joint:
            raise ValueError(
                f"{name}: components of {side.name} can be rotated into each other without "
                "changing the model; compare what they span with subspace_angles"
            )
        if weights and side.weights is None:
            raise ValueError(f"weights: {name} is bare factors; give fitted models or restarts")
    if a.kind and b.kind and a.kind != b.kind:
        raise ValueError(
            f"first, second: components of {a.kind} and {b.kind} are of different kinds; compare "
            "two of one kind, or what they span with subspace_angles"
        )
    pairs = zip(*_common_rows(a, b), strict=True)
    product = np.prod([likeness(one, other) for one, other in pairs], axis=0)
    if a.weights is not None and b.weights is not None and weights:
        product = weigh(product, a.weights, b.weights)
    return float(matched(product).mean())


def subspace_angles(first: Any, second: Any) -> tuple[np.ndarray, ...]:
    """Compute principal angles between the spaces that factors, or loadings, of two models span.

    Rotations of components within a slicing type, which are arbitrary, don't change them.

    Parameters
    ----------
    first, second : fitted models, Restart, or tuples of (n_axis, R) matrices
        Of any kinds with matrices for the same axes. Matrices of several blocks or datasets are
        stacked and compared as one.

    Returns
    -------
    tuple of arrays
        Degrees, largest first; as many as the dimensions of the smaller space. One array per
        matrix: trial, neuron and time for TCA and SliceTCA; trial, output and
        input for dynamics.

    Raises
    ------
    ValueError
        For models with matrices of other axes, naming them.

    References
    ----------
    Knyazev & Argentati 2002, "Principal angles between subspaces in an A-based scalar product".

    Examples
    --------
    >>> none, axes = np.empty((3, 0)), np.eye(3)
    >>> tilted = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> trial, neuron, _ = subspace_angles((axes[:, :2], none, none), (tilted, none, none))
    >>> trial.round(6).tolist(), neuron.tolist()
    ([45.0, 0.0], [])
    """
    pairs = zip(*_common_rows(_side(first, "first"), _side(second, "second")), strict=True)
    return tuple(
        np.degrees(scipy.linalg.subspace_angles(*_known(a.values, b.values)))
        if a.values.shape[1] and b.values.shape[1]
        else np.empty(0)
        for a, b in pairs
    )


def matched(product: np.ndarray) -> np.ndarray:
    """Return the congruence of each component with its partner, by the Hungarian algorithm.

    Parameters
    ----------
    product : (R, S) array
    """
    rows, columns = linear_sum_assignment(product, maximize=True)
    return product[rows, columns]


def weigh(product: np.ndarray, first: Any, second: Any) -> np.ndarray:
    """Lower the congruence of components whose weights differ.

    Parameters
    ----------
    product : (R, S) array
    first, second : (R,) and (S,) arrays
    """
    a, b = np.asarray(first)[:, None], np.asarray(second)[None]
    return product * (1 - np.abs(a - b) / np.maximum(np.maximum(a, b), 1e-300))


def _side(model: Any, name: str) -> _Side:
    if isinstance(model, TrialEstimator):
        fitted = check_fitted(model, name)
        sizes = np.array([component.weight for component in fitted.components])
        joint = fitted.identified == "components"
        kind = type(model).__name__
        return _Side(kind, axis_matrices(fitted), sizes, joint, kind, bool(fitted.datasets))
    if isinstance(model, Restart):
        return _Side("Restart", _named(model.factors, model.axes), model.weights, model.joint)
    if not isinstance(model, (tuple, list)):
        raise ValueError(
            f"{name}: expected a fitted model, a Restart or a tuple of factor matrices, got "
            f"{type(model).__name__}"
        )
    factors = [as_floats(factor, name, None) for factor in model]
    if not 1 <= len(factors) <= len(AXES) or any(factor.ndim != 2 for factor in factors):
        raise ValueError(f"{name}: expected matrices (n_axis, R) of up to three axes")
    same = len({factor.shape[1] for factor in factors}) == 1
    return _Side("a tuple", _named(factors, AXES[: len(factors)]), None, same)


def _named(factors: Any, axes: Any) -> list[AxisMatrix]:
    return [
        AxisMatrix(axis, axis, np.asarray(factor), ())
        for factor, axis in zip(factors, axes, strict=True)
    ]


def _known(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the rows known to both."""
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    return first[known], second[known]


def _common_rows(a: _Side, b: _Side) -> tuple[list[AxisMatrix], list[AxisMatrix]]:
    """Return matrices of both models for the same trials, neurons and times."""
    if a.axes != b.axes:
        raise ValueError(
            f"first, second: {a.name} has matrices of {a.axes}, {b.name} of {b.axes}; compare "
            "models of one kind"
        )
    if a.has_datasets != b.has_datasets:
        # Factors of a model are scaled by its strength in each dataset.
        raise ValueError(
            f"first, second: {a.name} and {b.name} can't be compared, because only one has factors "
            "for each dataset; compare two fitted models of one kind, or two restarts"
        )
    ours, theirs = [], []
    for one, other in zip(a.matrices, b.matrices, strict=True):
        if one.rows and other.rows and one.rows != other.rows:
            raise ValueError(
                f"first, second: {one.name} of {a.name} and {b.name} are of other blocks or "
                f"datasets, {dict(one.rows)} and {dict(other.rows)}; compare fits of the same ones"
            )
        pair = [one, other]
        if len(one.values) != len(other.values):
            # Matrices of a restart may lack the rows without data.
            known = [each.values[np.isfinite(each.values).all(axis=1)] for each in pair]
            pair = [AxisMatrix(m.name, m.axis, k, ()) for m, k in zip(pair, known, strict=True)]
        if len(pair[0].values) != len(pair[1].values):
            raise ValueError(
                f"first, second: {a.name} has {len(one.values)} {one.axis}s, {b.name} "
                f"{len(other.values)}; compare models of the same ones"
            )
        ours.append(pair[0])
        theirs.append(pair[1])
    return ours, theirs
