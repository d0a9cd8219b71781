"""Tensor component analysis."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trialtensor.models import inputs, outcome, streaming
from trialtensor.models.new_trials import score_trials, solve_trials
from trialtensor.models.options import check_options, make_starts
from trialtensor.models.progress import progress
from trialtensor.solvers import contraction
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.runs import mark_interrupted
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    import xarray


class TCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Tensor component analysis: every component is a trial, a neuron and a time factor.

    The data is approximated by ``x_knt = sum_r w_r a_kr b_nr c_tr`` (a CP or PARAFAC
    decomposition), by alternating least squares with as many restarts as asked for.

    Parameters
    ----------
    n_components : int
        Number of components.
    nonnegative : bool or iterable of {"trial", "neuron", "time"}, default False
        Which factors must not be negative; True for all three.
    init : {"svd", "random"}, three arrays, CPTensor or fitted TCA, default "svd"
        Where the fit starts. "svd": the first restart from singular vectors, the others at
        random. Given factors are the only start.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept.
    max_iter : int, default 2000
        Sweeps, at most: of a restart on the compressed core, and again on the full data.
    tol : float, default 1e-6
        A restart has converged when three sweeps in a row each lower its loss by less than
        ``tol`` times the loss. Being relative, it doesn't depend on the units of the data.
    solver : {"auto", "full", "als"}, default "auto"
        "auto" runs the restarts on a compressed core where that pays and finishes on the full
        data; "full" never compresses; "als" is the textbook algorithm, without compression or
        extrapolation (HALS for non-negative factors).
    n_jobs : int, optional
        Restarts at a time, in joblib processes. Worth it only for large data with missing
        entries: compressed restarts are too short to pay for a process.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Seeds the restarts. The same int gives the same bits.
    verbose : int, default 0
        1 shows a progress bar over restarts, on a terminal only.

    Attributes
    ----------
    trial_factors_, neuron_factors_, time_factors_ : arrays
        ``(n_trials, R)``, ``(n_neurons, R)``, ``(n_times, R)`` with columns of norm 1, ordered
        by what the component explains alone. Neuron and time factors are positively skewed.
        A trial, neuron or bin without any data has a row of NaN.
    weights_ : (R,) array
        Scale of each component, in the units of the data.
    loss_ : float
        Sum of squared errors over the observed entries.
    loss_history_ : array
        The loss after each sweep on the full data; never rises.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the whole model, about zero, not about the mean.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : (R,)
        What each component explains by itself, what is lost without it, and their difference.
    n_iter_ : int
        Sweeps of the best restart.
    stop_reason_ : StopReason
        Why it stopped; ``stop_reason_.advice`` says what to do.
    core_consistency_ : float
        Percent; 100 where the model fits, low or negative with too many components.
    triple_cosine_ : float
        Most negative cosine between two components; near -1 they cancel each other.
    restarts_ : list of Restart
        Every restart, best first: seed, loss, similarity to the best, stop reason, factors.
    coords_ : dict
        Coordinates of labelled data: name -> (axis, values).
    data_summary_ : dict
        Shape, what was missing, and what was done about it.

    References
    ----------
    Williams et al. 2018, "Unsupervised discovery of demixed, low-dimensional neural dynamics
    across multiple timescales through tensor component analysis", Neuron.
    Carroll & Chang 1970; Harshman 1970.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> data = make_tca(60, 30, 40, 3, snr=10.0, random_state=0)
    >>> model = TCA(3, random_state=0).fit(data.X)
    >>> model.trial_factors_.shape
    (60, 3)
    >>> bool(model.explained_variance_ratio_ > 0.9)
    True
    """

    _saved_arrays: ClassVar[tuple[str, ...]] = (
        *(f"{axis}_factors_" for axis in inputs.AXES),
        "weights_",
        "loss_history_",
        "explained_variance_alone_",
        "explained_variance_unique_",
        "explained_variance_shared_",
    )
    _saved_numbers: ClassVar[tuple[str, ...]] = (
        "loss_",
        "core_consistency_",
        "triple_cosine_",
        "n_iter_",
        "n_features_in_",
    )

    def __init__(
        self,
        n_components: int,
        *,
        nonnegative: Any = False,
        init: Any = "svd",
        n_init: int = 10,
        max_iter: int = 2000,
        tol: float = 1e-6,
        solver: str = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.nonnegative = nonnegative
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
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

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> TCA:
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
        nonnegative = check_options(self)
        data = inputs.prepare(X, mask)
        starts = make_starts(self, data)
        inputs.warn_empty(data.kept)
        streaming.forget(self)
        options = CPOptions(
            self.n_components,
            nonnegative,
            self.max_iter,
            self.tol,
            compressed=self.solver == "auto",
            accelerate=self.solver != "als",
        )
        with (
            blas_threads_for(data.problem.X.size),
            progress(len(starts), self.verbose) as bar,
        ):
            found = fit_cp(
                data.problem,
                starts,
                options,
                n_jobs=self.n_jobs,
                on_restart=lambda _: bar.update(),
            )
            try:
                outcome.store_fit(self, data, found, nonnegative)
            except KeyboardInterrupt:
                # The work is done and this takes moments: losing it all now would be a pity.
                outcome.store_fit(self, data, mark_interrupted(found), nonnegative)
        outcome.warn_of(self)
        return self

    def partial_fit(self, X: Any, y: Any = None, *, mask: Any = None) -> TCA:
        """Take in more trials, without keeping them: memory doesn't grow with their number.

        The first call is a ``fit``; later ones fit neuron and time factors to all trials so far,
        and find components that only appear later. After a ``fit``, what is known of its trials is
        the model. Components keep their order and their signs, but for those that give way.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins in every call. Missing entries are filled in by the
            model as it is then. A neuron without data in the first call stays unknown.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self
            ``trial_factors_`` are those of the latest trials only, in units that ``transform`` has
            too. Loss and explained variance are of all ``n_trials_seen_``, each with
            the trial factors that it is remembered by; ``trial_gram_`` are the inner products
            of those, scale included. ``core_consistency_`` is of the latest trials.

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        nonnegative = check_options(self)
        if hasattr(self, "weights_"):
            streaming.go_on(self, X, mask, nonnegative)
        else:
            self.fit(X, mask=mask)
            streaming.begin(self, X, mask)
        return self

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> np.ndarray:
        """Fit, and return the trial factors ``(n_trials, R)``."""
        return self.fit(X, y, mask=mask).trial_factors_

    def transform(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """Trial factors of new trials, with neuron and time factors as fitted.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins as in the fit.
        mask : bool array, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R) array
            In the units of ``trial_factors_``; NaN for a trial without data.
        """
        check_is_fitted(self)
        return solve_trials(self, X, mask)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The data that trial factors ``X`` of shape (n_trials, R) stand for."""
        check_is_fitted(self)
        trial = np.asarray(X)
        if trial.ndim != 2 or trial.shape[1] != len(self.weights_):
            raise ValueError(
                f"X: expected trial factors (n_trials, {len(self.weights_)}), got {trial.shape}"
            )
        scaled = trial * self.weights_
        return contraction.reconstruct((scaled, self.neuron_factors_, self.time_factors_))

    def reconstruct(self) -> np.ndarray:
        """The model of the training data, (n_trials, n_neurons, n_times)."""
        check_is_fitted(self)
        return self.inverse_transform(self.trial_factors_)

    def score(self, X: Any, y: Any = None, *, mask: Any = None) -> float:
        """Fraction of the sum of squares of new trials that the fitted components explain.

        The trial factors of ``X`` are fitted, the neuron and time factors are not. Higher is
        better; at most 1.
        """
        check_is_fitted(self)
        return score_trials(self, X, mask)

    def to_xarray(self) -> xarray.Dataset:
        """Factors and weights, labelled with the coordinates of the data."""
        from trialtensor.models.labelled import as_dataset

        check_is_fitted(self)
        variables: dict[str, Any] = {
            f"{axis}_factors": ((axis, "component"), getattr(self, f"{axis}_factors_"))
            for axis in inputs.AXES
        }
        variables["weights"] = ("component", self.weights_)
        return as_dataset(self, variables)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to an HDF5 file; read it back with ``trialtensor.load``."""
        from trialtensor.models.persistence import save

        check_is_fitted(self)
        save(self, path)

    @classmethod
    def _from_factors(cls, weights: np.ndarray, factors: Sequence[np.ndarray]) -> TCA:
        """A model with factors from elsewhere, in their order and with their signs."""
        model = cls(len(weights))
        outcome.store_given(model, weights, factors)
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags
