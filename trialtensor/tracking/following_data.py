"""What the data of a fit says about its courses: neurons left out, and what invents courses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, labels_alike
from trialtensor.models.base import TrialEstimator
from trialtensor.tracking.inventions import inventions
from trialtensor.tracking.unstable_neurons import unstable_neurons

if TYPE_CHECKING:
    import pandas

UNSTABLE = "unstable"  # what `exclude` may say for all that are


@dataclass(frozen=True, eq=False)
class Recorded:
    """The data of a fit, and what its neurons do.

    Attributes
    ----------
    X, mask : as given
    unstable : pandas.DataFrame or None
        As from `unstable_neurons`; None for data of several arrays.
    excluded : (n_excluded,) array of int
        Neurons to leave out.
    names : list of str
        Of the neurons left out.
    cautions : list of str
        What in the data may invent courses.
    """

    X: Any
    mask: Any
    unstable: pandas.DataFrame | None
    excluded: np.ndarray
    names: list[str]
    cautions: list[str]

    def said(self) -> dict[str, Any]:
        """Return what a result repeats of it."""
        return {"unstable": self.unstable, "excluded": tuple(self.names)}


def recorded(model: Any, X: Any, mask: Any, exclude: Any, alpha: float) -> Recorded | None:
    """Check the data that a model was fitted to; return None without any.

    Raises
    ------
    ValueError
        For data without a model or other than that of the fit, and for neurons that aren't there.
    """
    if X is None:
        if exclude is not None:
            raise ValueError("exclude: needs X, the data that the model was fitted to")
        return None
    if not isinstance(model, TrialEstimator):
        raise ValueError("X: series have no neurons; give a fitted model, or leave X out")
    layout = model.layout(X, mask)
    model.check_layout(layout)
    _check_labels(model, layout.labelled)
    several = len(layout.values) > 1
    unstable = None if several else unstable_neurons(X, mask=mask, alpha=alpha)
    labels = _labels(model, layout.n_neurons)
    excluded = _excluded(exclude, unstable, labels)
    rest = layout.arrays(model.residuals(X, mask=mask))
    cautions = [
        sentence
        for values, seen, each in zip(layout.values, layout.seen(), rest, strict=True)
        for sentence in inventions(np.where(seen, values, np.nan), each)
    ]
    names = [str(labels[j]) for j in excluded]
    return Recorded(X, mask, unstable, excluded, names, list(dict.fromkeys(cautions)))


def _check_labels(model: TrialEstimator, labelled: Any) -> None:
    """Refuse data whose trials or neurons are called otherwise than those of the fit."""
    if labelled is None:
        return
    for name, (axis, values) in model.fitted_.coords.items():
        if name not in labelled.coords:
            continue
        now = labelled.coords[name].to_numpy()
        # Missing labels may come as None, NaN or empty text, and are the same.
        if now.shape != np.shape(values) or not labels_alike(now, values).all():
            raise ValueError(
                f"X: the labels {name!r} of its {axis}s differ from those of the data that the "
                "model was fitted to"
            )


def _labels(model: TrialEstimator, n_neurons: int) -> list[Any]:
    axis, values = model.fitted_.coords.get("neuron", (None, np.empty(0)))
    return list(as_names(values)) if axis == "neuron" else list(range(n_neurons))


def _excluded(exclude: Any, unstable: pandas.DataFrame | None, labels: list[Any]) -> np.ndarray:
    """Return the places of neurons to leave out."""
    if exclude is None:
        return np.zeros(0, np.intp)
    if isinstance(exclude, str) and exclude == UNSTABLE:
        if unstable is None:
            raise ValueError("exclude: unstable neurons are listed for single arrays only")
        return unstable["neuron"].to_numpy(dtype=np.intp)
    given = np.atleast_1d(np.asarray(exclude))
    n = len(labels)
    if given.dtype == bool:
        if given.shape != (n,):
            raise ValueError(
                f"exclude: expected True or False for each of the {n} neurons, got shape "
                f"{given.shape}"
            )
        return np.flatnonzero(given)
    if given.dtype.kind in "iu":
        if given.size and (given.min() < 0 or given.max() >= n):
            raise ValueError(f"exclude: expected neurons 0 to {n - 1}, got {given.tolist()}")
        return given.astype(np.intp)
    known = [str(each) for each in labels]
    unknown = [str(each) for each in given.tolist() if str(each) not in known]
    if unknown:
        raise ValueError(
            f"exclude: no neuron is called {unknown[0]!r}; expected {UNSTABLE!r}, names, or numbers"
        )
    return np.array([known.index(str(each)) for each in given.tolist()], np.intp)


def series_without(
    model: TrialEstimator, data: Recorded, columns: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the courses of components as the other neurons tell them.

    By least squares with the other factors as they were fitted, in the units of the courses given.

    Raises
    ------
    ValueError
        For kinds of components whose trials aren't a feature each.
    """
    if not len(data.excluded):
        return columns
    whole = np.asarray(model.transform(data.X, mask=data.mask))
    if whole.shape[1] != len(model.fitted_.components):
        raise ValueError(
            f"exclude: components of {type(model).__name__} have no course that follows from some "
            "of the neurons; fit the model without them"
        )
    values = np.ma.asarray(np.array(data.X, dtype=np.float64, copy=True))
    values[:, data.excluded] = np.nan
    told = np.asarray(model.transform(np.ma.filled(values, np.nan), mask=data.mask))
    found = {}
    for name, course in columns.items():
        r = _component(model, name)
        if r is None:
            found[name] = course
            continue
        seen = np.isfinite(course) & np.isfinite(whole[:, r])
        size = whole[seen, r] @ whole[seen, r]
        unit = course[seen] @ whole[seen, r] / size if size > 0 else 0.0
        found[name] = told[:, r] * unit
    return found


def _component(model: TrialEstimator, name: str) -> int | None:
    for r, component in enumerate(model.fitted_.components):
        if name == component.name or name.startswith(f"{component.name}, "):
            return r
    return None
