"""Linear dynamics that change over trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import as_floats
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.base import TrialEstimator
from trialtensor.models.dynamics import outcome, trials
from trialtensor.models.fitted import Fitted
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import check_whole
from trialtensor.solvers.dynamics import DynamicsOptions, fit_dynamics
from trialtensor.solvers.dynamics_problem import DynamicsProblem, in_span
from trialtensor.solvers.result import Factors
from trialtensor.solvers.runs import RestartResult, Start
from trialtensor.solvers.transitions import Transitions


class _Input(NamedTuple):
    """Checked trials, a mask of neurons with data, and their transitions."""

    checked: CheckedTensor
    neurons: np.ndarray
    steps: Transitions
    problem: DynamicsProblem

    @property
    def size(self) -> int:
        return int(self.problem.before.size)


class TrialVaryingDynamics(TrialEstimator):
    """Linear dynamics whose matrix changes over trials: ``x_{t+1} = W_k x_t`` on trial ``k``.

    The matrices are a tensor of low rank, ``W_k = sum_r w_r a_kr b_r c_r'``: component ``r`` reads
    the activity along ``c_r`` and drives it along ``b_r``, with a strength that changes over
    trials. So it shows how *interactions* change with learning, while TCA shows how activity does.

    Neurons may span few dimensions, as principal components, denoised activity and duplicates do:
    the fit reads and drives activity in the span of the data only.

    A bin in which any neuron is missing is neither predicted nor predicted from. New trials may
    have any number of bins from 2. ``inverse_transform`` and ``reconstruct`` run the dynamics
    without noise from ``first_state_``; ``predict`` restarts from every bin, as do
    ``residuals``, ``loss_`` and ``score``.

    Parameters
    ----------
    n_components : int
        Number of components, and the largest rank that any ``W_k`` can have.
    init : {"svd", "random"}, default "svd"
        Starting point of the first restart: the singular vectors of the matrix that fits all
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
        ``w``, ordered by explained variance alone.
    eigenvalues_ : (n_trials, R) complex array
        Of each ``W_k``, largest modulus first; the remaining eigenvalues are zero.
    spectral_radius_ : (n_trials,) array
        Largest modulus of an eigenvalue of ``W_k``.
    stable_ : (n_trials,) bool array
        True if activity would decay on this trial: a spectral radius below 1.
    n_transitions_ : (n_trials,) int array
        Pairs of complete neighbouring bins that each trial was fitted to.
    first_state_ : (n_neurons,) array
        Mean activity in the first bin, where ``reconstruct`` starts.
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

    describes_entries = False

    _command = "dynamics"

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

    def _check(self) -> None:
        check_whole("n_components", self.n_components, 1)
        self._check_solver_parameters()

    def matrices(self, trial_factors: Any = None) -> np.ndarray:
        """Return ``W_k`` for the training trials, or for other trial factors.

        Parameters
        ----------
        trial_factors : (n_trials, R) array, optional

        Returns
        -------
        (n_trials, n_neurons, n_neurons) array
        """
        check_is_fitted(self)
        given = self.trial_factors_ if trial_factors is None else trial_factors
        trial = as_floats(given, "trial_factors", None)
        if trial.ndim != 2 or trial.shape[1] != len(self.weights_):
            raise ValueError(
                f"trial_factors: expected (n_trials, {len(self.weights_)}), got {trial.shape}"
            )
        driven = (trial * self.weights_)[:, None, :] * self.output_factors_
        return np.matmul(driven, self.input_factors_.T)

    def predict(self, X: Any, *, mask: Any = None) -> np.ndarray:
        """Predict each bin from the one before it, with the trial factors of ``transform``.

        Parameters
        ----------
        X, mask : as for ``transform``

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN in the first bin, and after a bin with anything missing.
        """
        check_is_fitted(self)
        trial = self.transform(X, mask=mask)
        W = np.nan_to_num(self.matrices(trial), nan=0.0)
        found = self._step(check_trial_tensor(X, mask=mask), W)
        found[~np.isfinite(trial).all(axis=1)] = np.nan
        return self._typed(found, X)

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
        state = as_floats(start, "start")
        if state.shape != W.shape[:2]:
            raise ValueError(f"start: expected {W.shape[:2]}, got {state.shape}")
        # Neurons that the fit has not seen drive nothing.
        states, W = [state], np.nan_to_num(W)
        for _ in range(n_times - 1):
            states.append(np.einsum("kmn,kn->km", W, states[-1]))
        return np.stack(states, axis=2)

    def noisy(
        self, layout: Layout, deviations: Sequence[float], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Simulate the trials again from their first bin, with noise in every step.

        Parameters
        ----------
        layout : Layout
        deviations : list with a float
            Standard deviation of the noise.
        rng : numpy.random.Generator

        Returns
        -------
        list with an (n_trials, n_neurons, n_times) array
        """
        values = layout.values[0]
        W, found = np.nan_to_num(self.matrices()), values.astype(np.float64)
        noise = deviations[0] * rng.standard_normal(found.shape)
        for t in range(1, found.shape[2]):
            found[:, :, t] = np.einsum("kmn,kn->km", W, found[:, :, t - 1]) + noise[:, :, t]
        return [found.astype(values.dtype, copy=False)]

    def component_tensors(self, layout: Layout) -> Iterator[list[np.ndarray]]:
        """Yield each component's predictions of every bin from the one before.

        Parameters
        ----------
        layout : Layout

        Yields
        ------
        list with an (n_trials, n_neurons, n_times) array
            NaN in the first bin, and after a bin with anything missing.
        """
        check_is_fitted(self)
        checked = check_trial_tensor(layout.values[0], mask=layout.observed[0])
        for r in range(len(self.weights_)):
            only = np.zeros_like(self.trial_factors_)
            only[:, r] = self.trial_factors_[:, r]
            yield [self._step(checked, np.nan_to_num(self.matrices(only)))]

    def _transform(self, X: Any, mask: Any) -> np.ndarray:
        steps = trials.new_transitions(self.fitted_, X, mask)
        trials.warn_missing(steps.counts)
        return self._typed(trials.solve(self.fitted_, steps), X)

    def _inverse_transform(self, X: Any) -> np.ndarray:
        trial = self._check_features(X)
        start = np.tile(np.nan_to_num(self.first_state_), (len(trial), 1))
        run = self.simulate(start, self.fitted_.shape[2], trial_factors=np.nan_to_num(trial))
        run[~np.isfinite(trial).all(axis=1)] = np.nan
        run[:, ~np.isfinite(self.output_factors_).all(axis=1)] = np.nan
        return run.astype(np.result_type(trial.dtype, self.weights_.dtype), copy=False)

    def _score(self, X: Any, mask: Any) -> float:
        return trials.explained(self.fitted_, trials.new_transitions(self.fitted_, X, mask))

    def _step(self, checked: CheckedTensor, W: np.ndarray) -> np.ndarray:
        """Compute ``W_k x_t``; NaN at first bins, after incomplete ones, for unknown neurons."""
        values = checked.values.astype(np.float64)
        unknown = ~np.isfinite(self.output_factors_).all(axis=1)
        if checked.observed is not None:
            values = np.where(checked.observed, values, np.nan)
            values[:, unknown] = 0
        found = np.full(values.shape, np.nan)
        found[:, :, 1:] = np.matmul(W, values[:, :, :-1])
        found[:, unknown] = np.nan
        return found

    def _told(self, layout: Layout) -> list[np.ndarray]:
        """Return the predictions of the training data, for bins with a complete target."""
        found = self.predict(layout.form(layout.values), mask=layout.masks())
        seen = layout.observed[0]
        if seen is not None:
            # The fit predicts a bin only where all of it can be compared.
            known = np.isfinite(self.output_factors_).all(axis=1)
            whole = np.asarray(seen[:, known].all(axis=1))
            found = np.where(whole[:, None, :], found, np.nan)
        return [found]

    def _typed(self, values: np.ndarray, X: Any) -> np.ndarray:
        """Convert to single precision if data and model have it."""
        single = getattr(X, "dtype", None) == np.float32 and self.weights_.dtype == np.float32
        return values.astype(np.float32) if single else values

    def _observe(self, X: Any, mask: Any) -> _Input:
        checked = trials.check(X, mask)
        neurons = ~checked.empty_neurons
        steps = trials.transitions(checked, neurons)
        trials.check_units(steps)
        return _Input(checked, neurons, steps, in_span(steps))

    def _starts(self, data: _Input) -> list[Start]:
        n_trials, n_neurons = len(data.steps.X), data.steps.n_neurons
        largest = min(n_neurons**2, n_trials * n_neurons)
        if self.n_components > largest:
            raise ValueError(
                f"n_components: got {self.n_components}, but matrices of {n_trials} trials x "
                f"{n_neurons} neurons have at most {largest} components"
            )
        if data.problem.norm2 == 0:
            raise ValueError("X: every bin that can be predicted is zero")
        return self._drawn_starts()

    def _warn_missing(self, data: _Input) -> None:
        trials.warn_missing(data.steps.counts)

    def _solve(
        self, data: _Input, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Factors]]:
        options = DynamicsOptions(self.n_components, self.max_iter, self.tol)
        return fit_dynamics(
            data.problem, starts, options, n_jobs=self.n_jobs, on_restart=on_restart
        )

    def _describe(self, data: _Input, found: list[RestartResult[Factors]]) -> Fitted:
        return outcome.describe(
            data.checked, data.neurons, data.steps, trials.first_state(data.steps), found
        )

    def _assemble(self, arrays: Any, **about: Any) -> Fitted:
        return outcome.assemble(arrays, **about)
