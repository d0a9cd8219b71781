"""Tensor component analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.more_axes import axes_of, three_axes_only
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted
from trialtensor.models.memory import check_memory
from trialtensor.models.observed import FitInput
from trialtensor.models.parameters import (
    check_choice,
    check_whole,
    nonnegative_axes,
    nonnegative_names,
)
from trialtensor.models.tca import outcome, streaming, trials
from trialtensor.models.tca.starts import check_rank, given_factors
from trialtensor.models.warnings import warn_of
from trialtensor.solvers import contraction
from trialtensor.solvers.compression import with_core
from trialtensor.solvers.restarts import CPOptions, fit_cp, is_dense
from trialtensor.solvers.result import Factors
from trialtensor.solvers.runs import RestartResult, Start
from trialtensor.solvers.threads import blas_threads_for

_SOLVERS = ("auto", "full", "als")


class TCA(TrialEstimator):
    """Tensor component analysis: every component is a trial, a neuron and a time factor.

    The data is approximated by ``x_knt = sum_r w_r a_kr b_nr c_tr`` (a CP or PARAFAC
    decomposition), by alternating least squares with ``n_init`` restarts. Data with more axes,
    such as trials x channels x frequencies x times, has a factor of each.

    Parameters
    ----------
    n_components : int
        Number of components.
    nonnegative : bool or iterable of {"trial", "neuron", "time"}, default False
        Factors constrained to be non-negative; True for all. Other axes go by their own names.
    init : {"svd", "random"}, one array an axis, CPTensor or fitted TCA, default "svd"
        Starting point. "svd": the first restart from singular vectors, the others at random.
        Given factors are the only starting point; a dict has them by axis.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept.
    max_iter : int, default 2000
        Sweeps of a restart, at most, those on the compressed core included.
    tol : float, default 1e-6
        A restart has converged when three sweeps in a row each lower its loss by less than
        ``tol`` times the loss. Being relative, it doesn't depend on the units of the data.
    solver : {"auto", "full", "als"}, default "auto"
        "auto" runs the restarts on a compressed core if that is faster and finishes on the full
        data; "full" never compresses; "als" is the textbook algorithm, without compression or
        extrapolation (HALS for non-negative factors).
    n_jobs : int, optional
        Parallel restarts, in joblib processes. Useful only for large data with missing entries:
        compressed restarts are too short to justify a process.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Seeds the restarts. The same int gives the same bits.
    verbose : int, default 0
        1 shows a progress bar over restarts, on a terminal only.

    Attributes
    ----------
    trial_factors_, neuron_factors_, time_factors_ : arrays
        ``(n_trials, R)``, ``(n_neurons, R)``, ``(n_times, R)`` with columns of norm 1, ordered
        by explained variance alone. Neuron and time factors are positively skewed.
        A trial, neuron or bin without any data has a row of NaN. Other axes have factors called
        after them, such as ``frequency_factors_``.
    factors_ : dict
        Axis -> its factors, trials first.
    weights_ : (R,) array
        Scale of each component, in the units of the data.
    loss_ : float
        Sum of squared errors over the observed entries.
    loss_history_ : array
        The loss after each sweep on the full data; never rises. With missing entries, that of the
        last stage, and it includes the ridge.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the whole model, about zero, not about the mean.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : (R,)
        Variance each component explains alone, variance lost without it, and their difference.
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
    fitted_ : Fitted
        All of this in the form common to all models: named arrays, components, record of the fit.

    trial_undetermined_, neuron_undetermined_, time_undetermined_ : arrays
        Only with missing entries: of what is expected of each row's missing entries, the share
        that the observed ones don't determine, 0 to 1.
    missing_noise_share_, missing_disagreement_, largest_missing_ : float
        Only with missing entries: the share of what the model says about them that is noise; how
        far a restart of nearly the same loss differs there, relative to what the best one says;
        and the largest value there relative to that of the data. A warning says when these are
        too high.
    groups_by_neuron_, groups_by_time_ : (n_trials,) int arrays
        Only where trials fall into groups with fewer neurons, or bins, in common than components.

    Notes
    -----
    Missing entries are left out of the loss. A factor row that the observed entries hardly
    determine gets a ridge, in units of the noise, which is zero for rows that they determine; so
    do all rows if groups of trials have little in common. ``transform`` does the same.

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

    any_axes = True
    reads_in_passes = True
    masks_in_passes = True

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

    def _check(self) -> None:
        check_whole("n_components", self.n_components, 1)
        self._check_solver_parameters(given_init=True)
        check_choice("solver", self.solver, _SOLVERS)
        nonnegative_names(self.nonnegative)

    def _shared_data(self, X: Any, *, mask: Any = None, **options: Any) -> FitInput | None:
        """Check and compress data once, for fits of up to ``n_components``.

        Parameters
        ----------
        X, mask : as for ``fit``
        **options
            None are known.

        Returns
        -------
        FitInput or None
            For ``_fit_shared``; None for given factors, which have one number of components.
        """
        self.check_parameters()
        if not isinstance(self.init, str):
            return None
        check_memory(type(self), X, mask)
        data = self._observe(X, mask)
        self._starts(data)
        if self.solver != "auto" or not is_dense(data.problem):
            return data
        with blas_threads_for(data.size):
            return replace(data, problem=with_core(data.problem, self.n_components))

    def _fit_shared(self, data: FitInput) -> Self:
        """Fit to data from ``_shared_data`` of this or a larger model.

        Parameters
        ----------
        data : FitInput

        Returns
        -------
        self
        """
        self.check_parameters()
        return self._fit_to(data)

    def partial_fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Add more trials without storing them, so that memory doesn't grow with their number.

        The first call is a ``fit``; later ones fit neuron and time factors to all trials so far,
        and find components that only appear later. After a ``fit``, the model stands in for its
        trials. Components keep their order and signs, except those that are replaced.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons and bins in every call. Missing entries are filled in by the
            current model. A neuron without data in the first call stays unknown.
        y : ignored
        mask : bool array of the shape of ``X``, optional
            False where missing.

        Returns
        -------
        self
            ``trial_factors_`` covers only the latest trials, in the units of ``transform``.
            Loss and explained variance cover all ``n_trials_seen_``, each with its remembered
            trial factors; ``trial_gram_`` holds the inner products of those, scale included.
            ``core_consistency_`` covers only the latest trials.

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        self.check_parameters()
        three_axes_only(
            f"partial_fit of {type(self).__name__}", axes_of(X), instead="use fit with all trials"
        )
        nonnegative = nonnegative_axes(self.nonnegative)
        if not hasattr(self, "fitted_"):
            self.fit(X, mask=mask)
            fitted, self._memory = streaming.begin(self.fitted_, X, mask)
            self._store(fitted)
            return self
        memory = getattr(self, "_memory", None)
        fitted, self._memory = streaming.go_on(
            self.fitted_,
            memory,
            X,
            mask,
            nonnegative,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        self._store(fitted)
        warn_of(fitted)
        return self

    def restarted(self, rows: Sequence[np.ndarray]) -> Self:
        """Return an unfitted TCA that starts from these factors, for some of the trials.

        Parameters
        ----------
        rows : list with an int array
            Indices of the trials.
        """
        check_is_fitted(self)
        self._check_rows(rows[0], len(self.trial_factors_))
        trial, *others = self.factors_.values()
        start = [trial[rows[0]] * self.weights_, *others]
        init = [np.nan_to_num(each) for each in start]
        return super().restarted(rows).set_params(init=init, n_init=1, solver="full")

    def _transform(self, X: Any, mask: Any) -> np.ndarray:
        return trials.transform(self.fitted_, X, mask, nonnegative=self._positive()[0])

    def _inverse_transform(self, X: Any) -> np.ndarray:
        scaled = self._check_features(X) * self.weights_
        return contraction.reconstruct((scaled, *list(self.factors_.values())[1:]))

    def _score(self, X: Any, mask: Any) -> float:
        return trials.score(self.fitted_, X, mask, nonnegative=self._positive()[0])

    def _positive(self, data: FitInput | None = None) -> tuple[bool, ...]:
        """Tell for each axis, of the fit or of other data, whether it is constrained."""
        axes = self.fitted_.axes if data is None else data.axes
        return nonnegative_axes(self.nonnegative, axes)

    def _starts(self, data: FitInput) -> list[Start]:
        check_rank(self.n_components, data)
        positive = self._positive(data)
        if isinstance(self.init, str):
            return self._drawn_starts()
        factors = given_factors(self.init, self.n_components, data, positive)
        return [Start("given", factors=factors)]

    def _solve(
        self, data: FitInput, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Factors]]:
        options = CPOptions(
            self.n_components,
            self._positive(data),
            self.max_iter,
            self.tol,
            compressed=self.solver == "auto",
            accelerate=self.solver != "als",
        )
        return fit_cp(data.problem, starts, options, n_jobs=self.n_jobs, on_restart=on_restart)

    def _describe(self, data: FitInput, found: list[RestartResult[Factors]]) -> Fitted:
        return outcome.describe(data, found, self._positive(data))

    def _store(self, fitted: Fitted) -> None:
        if "trial_gram" not in fitted.arrays:
            # A new fit knows nothing of earlier trials.
            self.__dict__.pop("_memory", None)
        super()._store(fitted)

    @property
    def factors_(self) -> dict[str, np.ndarray]:
        """The factors by the name of their axis, trials first."""
        check_is_fitted(self)
        return {axis: self.fitted_[f"{axis}_factors"] for axis in self.fitted_.axes}

    @classmethod
    def _from_factors(cls, weights: np.ndarray, factors: Sequence[np.ndarray]) -> Self:
        """Make a model from given factors, in their order and with their signs."""
        model = cls(len(weights))
        model._store(outcome.given(weights, factors))
        return model
