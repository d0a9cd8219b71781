"""Slice tensor component analysis."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trialtensor.models import inputs, slice_outcome, slice_trials
from trialtensor.models.progress import progress
from trialtensor.models.slice_options import check_options, make_starts
from trialtensor.solvers.runs import mark_interrupted
from trialtensor.solvers.slices.contraction import OTHERS, Components, part, reconstruct
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    import xarray


class SliceTCA(TransformerMixin, BaseEstimator):
    """Slice tensor component analysis: components that are a vector times a matrix.

    A *trial-slicing* component is a weight a trial times one neuron x time slice, a
    *neuron-slicing* component a weight a neuron times one trial x time slice, and a *time-slicing*
    component a weight a time bin times one trial x neuron slice. The data is approximated by
    the sum of all of them.

    Complete data is fitted by variable projection: each step is the best that can be
    done, and nearly every start ends in the same optimum. Missing entries are left out of the
    loss, and non-negative components are possible; both by alternating least squares.

    Parameters
    ----------
    n_components : (int, int, int)
        Trial-, neuron- and time-slicing components. Each may be 0, not all.
    nonnegative : bool, default False
        Whether loadings and slices must not be negative.
    gauge : {"minimal-norm", "trial-first", "neuron-first", "time-first"}
        How slicing types divide what they could all tell, see
        :func:`trialtensor.solvers.slices.fix_gauge`. Without meaning for non-negative components.
    init : {"svd", "random"}, three loading matrices or fitted SliceTCA, default "svd"
        Where the fit starts. "svd": the first restart from singular vectors, the others at
        random. Given loadings are the only start.
    n_init : int, default 5
        Restarts; the one with the lowest loss is kept.
    max_iter : int, default 2000
        Sweeps of a restart, at most.
    tol : float, default 1e-6
        A restart has converged when some sweeps in a row each lower its loss by less than ``tol``
        times the loss.
    missing_weight : float, default 0.01
        A missing entry counts as a zero with this weight, against 1 for an observed one. It keeps
        what only a few entries determine (a cell of a slice that was hardly seen) from running
        away, and means nothing where nothing is missing. 0 leaves missing entries out entirely.
    n_jobs : int, optional
        Restarts at a time, in joblib processes. Worth it only for large data with missing entries.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Seeds the restarts. The same int gives the same bits.
    verbose : int, default 0
        1 shows a progress bar over restarts, on a terminal only.

    Attributes
    ----------
    trial_loadings_, neuron_loadings_, time_loadings_ : arrays
        ``(n_trials, R0)``, ``(n_neurons, R1)``, ``(n_times, R2)`` with columns of norm 1;
        orthonormal within a type (with missing data: nearly so) unless non-negative. Rows of NaN
        for a trial, neuron or bin without any data.
    trial_slices_, neuron_slices_, time_slices_ : arrays
        ``(R0, n_neurons, n_times)``, ``(R1, n_trials, n_times)``, ``(R2, n_trials, n_neurons)``
        in the units of the data, largest first (with missing data or non-negative: nearly so).
        NaN where no entry was seen.
    weights_ : (R0 + R1 + R2,) array
        Norm of each slice. Wherever all components are listed, those of trials come first,
        then neurons, then times.
    loss_ : float
        Sum of squared errors over the observed entries.
    loss_history_ : array
        What is minimised, after each sweep; never rises. With missing entries it contains their
        weight.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the whole model, about zero, not about the mean.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : arrays
        By component: what it explains by itself at its best weight, what is lost without it when
        the other weights are fitted anew, and their difference.
    type_explained_variance_alone_, type_explained_variance_unique_ : (3,) arrays
        The same of the three slicing types, as the gauge has divided them.
    n_iter_ : int
        Sweeps of the best restart.
    stop_reason_ : StopReason
        Why it stopped; ``stop_reason_.advice`` says what to do.
    restarts_ : list of Restart
        Every restart, best first, with its loadings; its similarity is the overlap of the
        subspaces of loadings with those of the best.
    coords_, data_summary_ : dict
        As in :class:`~trialtensor.models.TCA`.

    References
    ----------
    Pellegrino, Stein & Cayco-Gajic 2024, "Dimensionality reduction beyond neural subspaces with
    slice tensor component analysis", Nature Neuroscience.

    Examples
    --------
    >>> from trialtensor import SliceTCA, make_slicetca
    >>> data = make_slicetca(60, 30, 40, (2, 1, 1), snr=10.0, random_state=0)
    >>> model = SliceTCA((2, 1, 1), random_state=0).fit(data.X)
    >>> model.trial_loadings_.shape, model.trial_slices_.shape
    ((60, 2), (2, 30, 40))
    >>> bool(model.explained_variance_ratio_ > 0.9)
    True
    """

    _saved_arrays: ClassVar[tuple[str, ...]] = (
        *(f"{axis}_loadings_" for axis in inputs.AXES),
        *(f"{axis}_slices_" for axis in inputs.AXES),
        "weights_",
        "loss_history_",
        "explained_variance_alone_",
        "explained_variance_unique_",
        "explained_variance_shared_",
        "type_explained_variance_alone_",
        "type_explained_variance_unique_",
    )
    _saved_numbers: ClassVar[tuple[str, ...]] = ("loss_", "n_iter_", "n_features_in_")

    def __init__(
        self,
        n_components: Sequence[int],
        *,
        nonnegative: bool = False,
        gauge: str = "minimal-norm",
        init: Any = "svd",
        n_init: int = 5,
        max_iter: int = 2000,
        tol: float = 1e-6,
        missing_weight: float = 0.01,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.nonnegative = nonnegative
        self.gauge = gauge
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.missing_weight = missing_weight
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def check_parameters(self) -> None:
        """Refuse parameters that can't be used, without any data.

        Raises
        ------
        ValueError
            Naming the parameter, what it got and what it needs.
        """
        check_options(self)

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> SliceTCA:
        """Decompose ``X``.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            Never modified. NaN is missing.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self
            After Ctrl-C too, then with the best result so far and a warning.

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        ranks = check_options(self)
        data = inputs.prepare(X, mask)
        starts = make_starts(self, ranks, data)
        inputs.warn_empty(data.kept)
        problem = SweepData(
            data.problem.X, data.problem.norm2, data.observed, float(self.missing_weight)
        )
        options = SliceOptions(ranks, bool(self.nonnegative), self.gauge, self.max_iter, self.tol)
        with (
            blas_threads_for(problem.X.size),
            progress(len(starts), self.verbose) as bar,
        ):
            found = fit_slices(
                problem, starts, options, n_jobs=self.n_jobs, on_restart=lambda _: bar.update()
            )
            try:
                slice_outcome.store_fit(self, data, problem, found)
            except KeyboardInterrupt:
                # The work is done and this takes moments: losing it all now would be a pity.
                slice_outcome.store_fit(self, data, problem, mark_interrupted(found))
        slice_outcome.warn_of(self)
        return self

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> np.ndarray:
        """Fit, and return what ``transform`` of the same trials would."""
        self.fit(X, y, mask=mask)
        return slice_trials.as_features(
            self.trial_loadings_, self.neuron_slices_, self.time_slices_
        )

    def transform(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """What new trials are in terms of the fitted neuron and time loadings and trial slices.

        All of it is fitted together: the weights on the trial slices, a time course for each neuron
        loading, a neuron pattern for each time loading.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins as in the fit.
        mask : bool array, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R0 + R1 * n_times + R2 * n_neurons) array
            Columns as named by ``get_feature_names_out``; NaN for a trial without data.
        """
        check_is_fitted(self)
        return slice_trials.transform(self, X, mask)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of ``transform``: ``trial0``, ``neuron0_time12``, ``time1_neuron5``.

        ``neuron0_time12`` is bin 12 of the trial's time course for neuron loading 0, and
        ``time1_neuron5`` neuron 5 of its pattern for time loading 1; all counted from 0.
        """
        check_is_fitted(self)
        return slice_trials.feature_names(self)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The data that columns as from ``transform`` stand for, (n_trials, n_neurons, n_times)."""
        check_is_fitted(self)
        return reconstruct(slice_trials.from_features(self, X))

    def reconstruct(self, slicing: str | None = None) -> np.ndarray:
        """The model of the training data, or the part of it that one slicing type tells.

        Parameters
        ----------
        slicing : {"trial", "neuron", "time"}, optional
            All three by default.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN where the model says nothing.
        """
        check_is_fitted(self)
        components = self._components()
        if slicing is None:
            return reconstruct(components)
        if slicing not in inputs.AXES:
            raise ValueError(f"slicing: expected one of {inputs.AXES} or None, got {slicing!r}")
        axis = inputs.AXES.index(slicing)
        return part(axis, components.loadings[axis], components.slices[axis])

    def score(self, X: Any, y: Any = None, *, mask: Any = None) -> float:
        """Fraction of the sum of squares of new trials that the model explains.

        What ``transform`` gives of the trials is fitted to them, so neuron- and time-slicing
        components always explain something; to choose how many, hold out entries with ``mask``.
        Higher is better; at most 1.
        """
        check_is_fitted(self)
        return slice_trials.score(self, X, mask)

    def to_xarray(self) -> xarray.Dataset:
        """Loadings and slices, labelled with the coordinates of the data."""
        from trialtensor.models.labelled import as_dataset

        check_is_fitted(self)
        variables: dict[str, Any] = {}
        for axis, others in enumerate(OTHERS):
            name = inputs.AXES[axis]
            loadings = getattr(self, f"{name}_loadings_")
            if loadings.shape[1]:
                component = f"{name}_component"
                names = (component, *(inputs.AXES[other] for other in others))
                variables[f"{name}_loadings"] = ((name, component), loadings)
                variables[f"{name}_slices"] = (names, getattr(self, f"{name}_slices_"))
        return as_dataset(self, variables)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to an HDF5 file; read it back with ``trialtensor.load``."""
        from trialtensor.models.persistence import save

        check_is_fitted(self)
        save(self, path)

    def _components(self) -> Components:
        u, v, w = (getattr(self, f"{axis}_loadings_") for axis in inputs.AXES)
        A, B, C = (getattr(self, f"{axis}_slices_") for axis in inputs.AXES)
        return Components((u, v, w), (A, B, C))

    @classmethod
    def _from_components(
        cls, loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray], **parameters: Any
    ) -> SliceTCA:
        """A model with components from elsewhere, in the gauge of ``parameters``."""
        model = cls(tuple(np.shape(loading)[1] for loading in loadings), **parameters)
        slice_outcome.store_given(model, loadings, slices)
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags
