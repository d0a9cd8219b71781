"""Linear dynamics that change over trials."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.validation import check_trial_tensor
from trialtensor.models import dynamics_outcome, inputs, transitions
from trialtensor.models.options import check_solver_options, check_whole, drawn_starts
from trialtensor.models.outcome import warn_of
from trialtensor.models.progress import progress
from trialtensor.solvers.dynamics import DynamicsOptions, DynamicsProblem, fit_dynamics
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import mark_interrupted
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    import xarray


class TrialVaryingDynamics(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Linear dynamics whose matrix changes over trials: ``x_{t+1} = W_k x_t`` on trial ``k``.

    The matrices are a tensor of low rank, ``W_k = sum_r w_r a_kr b_r c_r'``: component ``r`` reads
    the activity along ``c_r`` and drives it along ``b_r``, with a strength that changes over
    trials. So it tells how *interactions* change with learning, where TCA tells how activity does.

    Parameters
    ----------
    n_components : int
        Number of components, and the largest rank that any ``W_k`` can have.
    init : {"svd", "random"}, default "svd"
        Where the first restart begins: the singular vectors of the matrix that fits all
        trials together; the others begin at random.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept.
    max_iter, tol, n_jobs, random_state, verbose :
        As in :class:`~trialtensor.models.TCA`.

    Attributes
    ----------
    trial_factors_ : (n_trials, R) array
        ``a``, columns of norm 1. NaN for a trial without two complete bins in a row.
    output_factors_, input_factors_ : (n_neurons, R) arrays
        ``b`` and ``c``, positively skewed columns of norm 1.
    weights_ : (R,) array
        ``w``, ordered by what each component explains alone.
    eigenvalues_ : (n_trials, R) complex array
        Of each ``W_k``, largest modulus first; its others are zero.
    spectral_radius_ : (n_trials,) array
        Largest modulus of an eigenvalue of ``W_k``.
    stable_ : (n_trials,) bool array
        Whether activity would decay on this trial: a spectral radius below 1.
    n_transitions_ : (n_trials,) int array
        Pairs of complete neighbouring bins that each trial was fitted to.
    loss_ : float
        Sum of squared errors of predicting each bin from the one before it.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the bins that are predicted, about zero.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_,
    loss_history_, n_iter_, stop_reason_, triple_cosine_, restarts_, coords_, data_summary_ :
        As in :class:`~trialtensor.models.TCA`; factors of a restart are trial, output, input.

    References
    ----------
    Harris, Aravkin, Rao & Brunton 2021, "Time-varying autoregression with low-rank tensors", SIAM
    Journal on Applied Dynamical Systems.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor import TrialVaryingDynamics
    >>> rng = np.random.default_rng(0)
    >>> swirl = 0.9 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    >>> X = np.zeros((30, 2, 50))
    >>> X[:, :, 0] = rng.normal(size=(30, 2))
    >>> for k in range(30):
    ...     for t in range(49):  # slower and slower decay
    ...         X[k, :, t + 1] = (0.8 + 0.2 * k / 29) * swirl @ X[k, :, t] + rng.normal(size=2) / 10
    >>> model = TrialVaryingDynamics(2, random_state=0).fit(X)
    >>> bool(model.spectral_radius_[-10:].mean() > model.spectral_radius_[:10].mean())
    True
    """

    _saved_arrays: ClassVar[tuple[str, ...]] = (
        "trial_factors_",
        "output_factors_",
        "input_factors_",
        "weights_",
        "eigenvalues_",
        "spectral_radius_",
        "stable_",
        "n_transitions_",
        "loss_history_",
        "explained_variance_alone_",
        "explained_variance_unique_",
        "explained_variance_shared_",
    )
    _saved_numbers: ClassVar[tuple[str, ...]] = (
        "loss_",
        "triple_cosine_",
        "n_iter_",
        "n_features_in_",
    )

    def __init__(
        self,
        n_components: int,
        *,
        init: str = "svd",
        n_init: int = 10,
        max_iter: int = 2000,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
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
        check_whole("n_components", self.n_components, 1)
        if not isinstance(self.init, str):
            raise ValueError(f"init: expected 'svd' or 'random', got {type(self.init).__name__}")
        check_solver_options(self)

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> TrialVaryingDynamics:
        """Fit the dynamics of ``X``.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            Never modified. A bin in which any neuron is missing (NaN) is neither predicted nor
            predicted from.
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
        self.check_parameters()
        checked = check_trial_tensor(X, mask=mask)
        neurons = ~checked.empty_neurons
        values, observed = transitions.known_neurons(checked, neurons)
        inputs.check_scale(values, float(np.vdot(values, values)))
        starts = drawn_starts(self)
        problem, counts = transitions.moments_of(values, observed)
        largest = min(problem.now.shape[1] ** 2, len(counts) * problem.now.shape[1])
        if self.n_components > largest:
            raise ValueError(
                f"n_components: got {self.n_components}, but matrices of {len(counts)} trials x "
                f"{len(problem.now[0])} neurons have at most {largest} components"
            )
        if problem.norm2 == 0:
            raise ValueError("X: every bin that can be predicted is zero")
        transitions.warn_empty(counts)
        options = DynamicsOptions(self.n_components, self.max_iter, self.tol)
        with (
            blas_threads_for(problem.now.size),
            progress(len(starts), self.verbose) as bar,
        ):
            found = fit_dynamics(
                problem, starts, options, n_jobs=self.n_jobs, on_restart=lambda _: bar.update()
            )
            try:
                dynamics_outcome.store_fit(self, checked, neurons, problem, counts, found)
            except KeyboardInterrupt:
                # The work is done and this takes moments: losing it all now would be a pity.
                found = mark_interrupted(found)
                dynamics_outcome.store_fit(self, checked, neurons, problem, counts, found)
        warn_of(self)
        return self

    def fit_transform(self, X: Any, y: Any = None, *, mask: Any = None) -> np.ndarray:
        """Fit, and return the trial factors ``(n_trials, R)``."""
        return self.fit(X, y, mask=mask).trial_factors_

    def transform(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """Trial factors of new trials, with output and input factors as fitted.

        Parameters
        ----------
        X : (n_new_trials, n_neurons, n_times) array or xarray.DataArray
            The same neurons, any number of bins from 2.
        mask : bool array, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R) array
            NaN for a trial without two complete bins in a row.
        """
        check_is_fitted(self)
        problem, counts = self._new(X, mask)
        transitions.warn_empty(counts)
        return self._solve(problem, counts)

    def matrices(self, trial_factors: Any = None) -> np.ndarray:
        """``W_k`` of the training trials, or for other trial factors, (n, n_neurons, n_neurons)."""
        check_is_fitted(self)
        trial = np.asarray(self.trial_factors_ if trial_factors is None else trial_factors)
        if trial.ndim != 2 or trial.shape[1] != len(self.weights_):
            raise ValueError(
                f"trial_factors: expected (n_trials, {len(self.weights_)}), got {trial.shape}"
            )
        driven = (trial * self.weights_)[:, None, :] * self.output_factors_
        return np.matmul(driven, self.input_factors_.T)

    def predict(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """Each bin from the one before it, with the trial factors that ``transform`` gives.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN in the first bin, and after a bin with anything missing.
        """
        check_is_fitted(self)
        trial = self.transform(X, mask=mask)
        checked = check_trial_tensor(X, mask=mask)
        values = checked.values.astype(np.float64)
        if checked.observed is not None:
            values = np.where(checked.observed, values, np.nan)
            values[:, ~np.isfinite(self.input_factors_).all(axis=1)] = 0
        found = np.full(values.shape, np.nan)
        W = np.nan_to_num(self.matrices(trial), nan=0.0)
        found[:, :, 1:] = np.matmul(W, values[:, :, :-1])
        found[~np.isfinite(trial).all(axis=1)] = np.nan
        found[:, ~np.isfinite(self.output_factors_).all(axis=1)] = np.nan
        return found

    def simulate(self, start: Any, n_times: int, *, trial_factors: Any = None) -> np.ndarray:
        """Run the dynamics, without noise, from a state for each trial.

        Parameters
        ----------
        start : (n_trials, n_neurons) array
        n_times : int
            Bins, the start included.
        trial_factors : (n_trials, R) array, optional
            By default those of the training trials.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
        """
        W = self.matrices(trial_factors)
        check_whole("n_times", n_times, 1)
        state = np.asarray(start, dtype=np.float64)
        if state.shape != W.shape[:2]:
            raise ValueError(f"start: expected {W.shape[:2]}, got {state.shape}")
        states = [state]
        for _ in range(n_times - 1):
            states.append(np.einsum("kmn,kn->km", W, states[-1]))
        return np.stack(states, axis=2)

    def score(self, X: Any, y: Any = None, *, mask: Any = None) -> float:
        """Fraction of the sum of squares of new trials that is predicted from the bins before.

        The trial factors of ``X`` are fitted, the others are not. Higher is better; at most 1.
        """
        check_is_fitted(self)
        problem, counts = self._new(X, mask)
        if problem.norm2 == 0:
            raise ValueError("X: every bin that can be predicted is zero")
        trial = np.nan_to_num(self._solve(problem, counts)) * self.weights_
        output, source = self._known()
        return 1 - problem.loss((trial, output, source)) / problem.norm2

    def to_xarray(self) -> xarray.Dataset:
        """Factors, weights and eigenvalues, labelled with the coordinates of the data."""
        from trialtensor.models.labelled import as_dataset

        check_is_fitted(self)
        return as_dataset(
            self,
            {
                "trial_factors": (("trial", "component"), self.trial_factors_),
                "output_factors": (("neuron", "component"), self.output_factors_),
                "input_factors": (("neuron", "component"), self.input_factors_),
                "weights": ("component", self.weights_),
                "spectral_radius": ("trial", self.spectral_radius_),
                "eigenvalues": (("trial", "eigenvalue"), self.eigenvalues_),
            },
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to an HDF5 file; read it back with ``trialtensor.load``."""
        from trialtensor.models.persistence import save

        check_is_fitted(self)
        save(self, path)

    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        neurons = np.isfinite(self.output_factors_).all(axis=1)
        return self.output_factors_[neurons], self.input_factors_[neurons]

    def _new(self, X: Any, mask: Any) -> tuple[DynamicsProblem, np.ndarray]:
        checked = check_trial_tensor(X, mask=mask)
        neurons = np.isfinite(self.output_factors_).all(axis=1)
        if checked.values.shape[1] != len(neurons):
            raise ValueError(
                f"X: the model was fitted to {len(neurons)} neurons, got {checked.values.shape[1]}"
            )
        return transitions.moments_of(*transitions.known_neurons(checked, neurons))

    def _solve(self, problem: DynamicsProblem, counts: np.ndarray) -> np.ndarray:
        output, source = self._known()
        start = np.zeros((len(counts), len(self.weights_)))
        grams, rhs = problem.trial_equations((start, output * self.weights_, source))
        trial = solve_rows(grams, rhs, nonnegative=False)
        trial[counts == 0] = np.nan
        return trial

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags
