"""A fitted model: named arrays, components, and a record of the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.component import Component, Named, Part
from trialtensor.solvers.result import SolverResult, StopReason

# Attributes that every model has, so that no array may be called like them.
_TAKEN = (
    *("fitted", "loss", "loss_history", "explained_variance_ratio", "n_iter", "stop_reason"),
    *("restarts", "coords", "data_summary", "n_features_in", "feature_names_in"),
)


@dataclass(frozen=True, eq=False)
class Restart:
    """Result of one restart.

    Attributes
    ----------
    seed : int or None
        Seed of its starting point; None for a start that was given.
    loss : float
        Sum of squared errors on the full data, see ``on_full_data``.
    explained_variance : float
        ``1 - loss / sum of squares``.
    similarity : float
        Factor match score to the best restart, 0 to 1; 1 for the best itself. Not corrected
        for chance. Where only subspaces are identified (SliceTCA), their overlap.
    stop_reason : StopReason
    n_iter : int
        Sweeps.
    factors : tuple of arrays
        Matrices ``(n_axis, R)`` of unit columns, in the order and with the signs of the best
        restart. Those of several blocks or datasets stand under each other.
    weights : (R,) array
        Scale of each component, in the units of the data.
    on_full_data : bool
        False for a restart that was not run to its end on the full data, because it was on the way
        to a solution already found or to a worse one. On large data TCA and Parafac2 leave it where
        a compressed core took it, a little above where it would end; SliceTCA stops it after the
        first few sweeps. See ``finished``.
    axes : tuple of str
        The axis of each of ``factors``.
    joint : bool
        True if column r of every matrix belongs to component r; False if each column is a
        component of its own (SliceTCA).
    origin : int or None
        The same number for restarts that began at the same place, so that their agreement means
        nothing; None for a start of its own.
    """

    seed: int | None
    loss: float
    explained_variance: float
    similarity: float
    stop_reason: StopReason
    n_iter: int
    factors: tuple[np.ndarray, ...]
    weights: np.ndarray
    on_full_data: bool = True
    axes: tuple[str, ...] = AXES
    joint: bool = True
    origin: int | None = None

    @property
    def finished(self) -> bool:
        """False if it was stopped before it came to rest anywhere, so that it proves nothing.

        A restart that converged on a compressed core did come to rest. Those of a fit in batches,
        which keep no trial factors, are as the first batch left them.
        """
        return (
            self.on_full_data
            or self.stop_reason in (StopReason.CONVERGED, StopReason.EXACT, StopReason.DEGENERATE)
            or "trial" not in self.axes
        )


def comparable(restarts: Sequence[Restart]) -> list[Restart]:
    """Return the restarts whose agreement means something: from different starts, and finished.

    Parameters
    ----------
    restarts : sequence of Restart
        Best first; that one is there in any case.
    """
    best, others = restarts[:1], restarts[1:]
    return different_starts([*best, *(each for each in others if each.finished)])


def different_starts(restarts: Sequence[Restart]) -> list[Restart]:
    """Return the first of all restarts that began at the same place.

    Parameters
    ----------
    restarts : sequence of Restart
        Best first.
    """
    found: list[Restart] = []
    seen: set[int] = set()
    for restart in restarts:
        if restart.origin is None or restart.origin not in seen:
            found.append(restart)
        if restart.origin is not None:
            seen.add(restart.origin)
    return found


@dataclass(frozen=True, eq=False)
class FitRecord:
    """Record of a fit.

    Attributes
    ----------
    loss : float
        Sum of squared errors; NaN if the factors were given.
    loss_history : array
        The loss after each sweep; never rises.
    explained_variance_ratio : float
        ``1 - loss / sum of squares``.
    n_iter : int
        Sweeps of the best restart.
    stop_reason : StopReason
    restarts : list of Restart
        Best first; empty if the factors were given.
    """

    loss: float
    loss_history: np.ndarray
    explained_variance_ratio: np.float64
    n_iter: int
    stop_reason: StopReason
    restarts: list[Restart]

    @classmethod
    def of(
        cls, best: SolverResult[Any], loss: float, norm2: float, restarts: list[Restart]
    ) -> FitRecord:
        """Make the record of a fit whose trials were solved for once more at the end.

        Parameters
        ----------
        best : SolverResult
            Of the best restart.
        loss, norm2 : float
            Sum of squared errors after that last solve, and sum of squares of the data.
        restarts : list of Restart
        """
        return cls(
            loss=loss,
            loss_history=np.append(
                best.loss_history, min(loss, best.loss, *best.loss_history[-1:])
            ),
            explained_variance_ratio=np.float64(1 - loss / norm2),
            n_iter=best.n_iter,
            stop_reason=best.stop_reason,
            restarts=restarts,
        )

    @classmethod
    def given(cls) -> FitRecord:
        """Make the record of factors from elsewhere, whose quality isn't known."""
        nothing = float("nan")
        return cls(nothing, np.empty(0), np.float64(nothing), 0, StopReason.GIVEN, [])

    @property
    def was_fitted(self) -> bool:
        """True if the factors come from a fit, with a loss and restarts."""
        return self.stop_reason is not StopReason.GIVEN

    @property
    def different_starts(self) -> list[Restart]:
        """The restarts, best first, of those that began at the same place only the best."""
        return different_starts(self.restarts)

    @property
    def comparable(self) -> list[Restart]:
        """The restarts, best first, whose agreement means something; see `Restart.finished`."""
        return comparable(self.restarts)

    @property
    def all_on_full_data(self) -> bool:
        """True if every restart was run to its end on the full data."""
        return all(restart.on_full_data for restart in self.restarts)

    @property
    def some_on_core(self) -> bool:
        """True if some restarts came to rest on a compressed core and stayed there."""
        return any(each.finished and not each.on_full_data for each in self.restarts)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model of any kind, which all code after the fit works with.

    Attributes
    ----------
    kind : str
        Name of the estimator class.
    arrays : dict of Named
        All that was fitted: ``trial_factors`` is the estimator's ``trial_factors_``.
    components : tuple of Component
    record : FitRecord
    data : dict
        Shape of the data, what was missing, and what was done about it; under "made", how a
        labelled tensor was made, as from `trialtensor.data.making.making_of`.
    coords : dict
        Coordinates of labelled data: name -> (axis, values).
    identified : {"components", "subspaces"}
        What the data identify; "subspaces" if components of a type may be rotated freely.
    blocks : dict
        Label -> its trials, for models whose factors differ between blocks of trials.
    datasets : tuple of str
        For models of several datasets.
    """

    kind: str
    arrays: Mapping[str, Named]
    components: tuple[Component, ...]
    record: FitRecord
    data: Mapping[str, Any]
    coords: Mapping[str, tuple[str, np.ndarray]]
    identified: str = "components"
    blocks: Mapping[Any, np.ndarray] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays whose attributes would hide others."""
        for name in self.arrays:
            if not name.isidentifier() or name in _TAKEN:
                raise ValueError(f"arrays: {name!r} can't be the name of a fitted array")

    def __getitem__(self, name: str) -> Any:
        """Return the values of one of ``arrays``."""
        return self.arrays[name].values

    @property
    def n_parameters(self) -> int:
        """Number of values that the components consist of."""
        return sum(part.values.size for each in self.components for part in each.parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_trials, n_neurons, n_times) of the data, or all its axes; of datasets the longest."""
        return tuple(self.data["shape"])

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of the data, in the order of ``shape``."""
        return tuple(self.data.get("axes", AXES))

    @property
    def sliced(self) -> bool:
        """True if some parts are slices, over two axes of the data."""
        return any(len(part.dims) > 1 for each in self.components for part in each.parts)

    @property
    def n_zero(self) -> int:
        """Number of components without activity."""
        return sum(component.weight == 0 for component in self.components)

    def number(self, name: str) -> float:
        """Return a fitted number such as ``core_consistency``; NaN if this kind has none."""
        named = self.arrays.get(name)
        return float("nan") if named is None else float(named.values)

    def length(self, axis: str, dataset: str | None = None) -> int:
        """Return the number of trials, neurons or times, of one of several datasets."""
        for component in self.components:
            for part in component.parts:
                if axis in part.dims and part.dataset in (None, dataset) and part.block is None:
                    return part.values.shape[part.dims.index(axis)]
        return int(self.shape[self.axes.index(axis)])

    def matrices(self) -> dict[str, np.ndarray]:
        """Return factor (or loading) matrices to compare models by, name -> (n, n_components).

        Those of several datasets or blocks stand under each other, those of datasets with the
        square root of a component's scale there.
        """
        stacks: dict[str, list[np.ndarray]] = {}
        for component in self.components:
            own: dict[str, dict[Any, np.ndarray]] = {}
            for part in component.parts:
                if part.is_vector:
                    scale = 1.0 if part.dataset is None else component.scales[part.dataset] ** 0.5
                    places = own.setdefault(part.name, {})
                    places[part.dataset, part.block] = part.values * scale
            for name, places in own.items():
                stacks.setdefault(name, []).append(self._whole(name, places))
        return {name: np.stack(columns, axis=1) for name, columns in stacks.items()}

    def _whole(self, name: str, places: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return one column, zero in datasets without this component."""
        values = self.arrays[name].values
        if not isinstance(values, dict):
            return np.concatenate(list(places.values()))
        return np.concatenate(
            [places.get((dataset, None), np.zeros(len(each))) for dataset, each in values.items()]
        )


__all__ = ["Component", "FitRecord", "Fitted", "Named", "Part", "Restart"]
