"""Linear dynamics that change over trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.validation import CheckedTensor
from trialtensor.models.base import TrialEstimator
from trialtensor.models.dynamics import outcome, trials
from trialtensor.models.dynamics.intervals import DynamicsIntervals, intervals
from trialtensor.models.dynamics.running import RunningDynamics
from trialtensor.models.fitted import Fitted
from trialtensor.models.parameters import (
    REPEATS,
    check_share,
    check_smoothness,
    check_whole,
    generator,
)
from trialtensor.solvers.dynamics import DynamicsOptions, fit_dynamics
from trialtensor.solvers.result import Factors
from trialtensor.solvers.runs import RestartResult, Start
from trialtensor.solvers.smooth_dynamics import problem_of
from trialtensor.solvers.smoothness_choice import choose_smoothness, smoothest, strength_of
from trialtensor.solvers.transitions import Transitions


@dataclass(eq=False)
class _Input:
    """Checked trials, a mask of neurons with data, their transitions, and their order."""

    checked: CheckedTensor
    neurons: np.ndarray
    steps: Transitions
    places: np.ndarray
    smoothness: float = 0.0

    @property
    def size(self) -> int:
        counts = self.steps.counts
        n = self.steps.n_neurons
        return int(np.count_nonzero(counts)) * n * min(int(counts.max()), n)


class TrialVaryingDynamics(RunningDynamics, TrialEstimator):
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
    smoothness : float or "auto", default "auto"
        Trials over which the course of ``W_k`` is smooth: its second differences are penalised
        as a smoothing spline does that averages over so many neighbours. 0 doesn't tie trials;
        "auto" takes what predicts hidden steps of every trial best, 0 included. Trials must be in
        the order of time; one without data (NaN) keeps its place. Only those of the fit are tied.
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
    smoothness_ : float
        As given or chosen, in trials.
    single_trials_ : (n_trials, R) array
        What ``transform`` gives of each trial: ``trial_factors_`` if it were on its own, also in a
        smooth fit. :func:`~trialtensor.track` reads these, since a smooth course is made so.
    roughness_cost_ : (R, R) array
        The penalty is ``sum_k d_k' C d_k``, of second differences ``d`` of ``w_r a_kr``.
    first_state_ : (n_neurons,) array
        Mean activity in the first bin, where ``reconstruct`` starts.
    loss_ : float
        Sum of squared errors of predicting each bin from the one before it.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the bins that are predicted, about zero.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_,
    loss_history_, n_iter_, stop_reason_, triple_cosine_, restarts_, coords_, data_summary_,
    fitted_ :
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
        smoothness: float | str = "auto",
        init: str = "svd",
        n_init: int = 10,
        max_iter: int = 2000,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.smoothness = smoothness
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check(self) -> None:
        check_whole("n_components", self.n_components, 1)
        check_smoothness(self.smoothness)
        self._check_solver_parameters()

    def intervals(
        self,
        X: Any,
        *,
        mask: Any = None,
        level: float = 0.9,
        n_draws: int = 200,
        random_state: Any = None,
    ) -> DynamicsIntervals:
        """Return intervals of strengths, matrices and spectral radii, for every trial.

        From draws of the posterior of all factors, given how smooth the course is. As of a
        smoothing spline, they hold for ``level`` of the trials on average, less where the course
        turns sharply (Nychka 1988). They take the number of components as right.

        Parameters
        ----------
        X, mask : the data of the fit
        level : float
        n_draws : int
        random_state : int, Generator or None

        Returns
        -------
        DynamicsIntervals
        """
        check_is_fitted(self)
        check_share("level", level)
        check_whole("n_draws", n_draws, 2, REPEATS)
        rng = generator(random_state)
        return intervals(self.fitted_, X, mask, level, n_draws, rng)

    def restarted(self, rows: Sequence[np.ndarray]) -> Self:
        """Return an unfitted model as smooth as this one, for some of its trials.

        Parameters
        ----------
        rows : list with an int array
            The trials, which keep their places in time.
        """
        check_is_fitted(self)
        again = super().restarted(rows)
        again.set_params(smoothness=trials.smoothness_of(self.fitted_))
        again._places = np.asarray(rows[0])
        return again

    def training_features(self) -> np.ndarray:
        """Return what ``transform`` gives of the training trials, each by itself."""
        check_is_fitted(self)
        smooth = trials.smoothness_of(self.fitted_) > 0
        return np.asarray(self.fitted_["single_trials" if smooth else "trial_factors"])

    def _transform(self, X: Any, mask: Any) -> np.ndarray:
        steps = trials.new_transitions(self.fitted_, X, mask)
        trials.warn_missing(steps.counts)
        return self._typed(trials.solve(self.fitted_, steps), X)

    def _score(self, X: Any, mask: Any) -> float:
        return trials.explained(self.fitted_, trials.new_transitions(self.fitted_, X, mask))

    def _observe(self, X: Any, mask: Any) -> _Input:
        checked = trials.check(X, mask)
        neurons = ~checked.empty_neurons
        steps = trials.transitions(checked, neurons)
        trials.check_units(steps)
        places = getattr(self, "_places", np.arange(len(steps.X)))
        return _Input(checked, neurons, steps, places)

    def _starts(self, data: _Input) -> list[Start]:
        n_trials, n_neurons = len(data.steps.X), data.steps.n_neurons
        largest = min(n_neurons**2, n_trials * n_neurons)
        if self.n_components > largest:
            raise ValueError(
                f"n_components: got {self.n_components}, but matrices of {n_trials} trials x "
                f"{n_neurons} neurons have at most {largest} components"
            )
        if not any(after.any() for _, after in data.steps):
            raise ValueError("X: every bin that can be predicted is zero")
        return self._drawn_starts()

    def _warn_missing(self, data: _Input) -> None:
        trials.warn_missing(data.steps.counts)

    def _solve(
        self, data: _Input, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Factors]]:
        options = DynamicsOptions(self.n_components, self.max_iter, self.tol)
        data.smoothness = (
            choose_smoothness(data.steps, self.n_components, starts[0])
            if self.smoothness == "auto"
            else smoothest(float(self.smoothness), data.places)
        )
        strength = strength_of(data.smoothness, data.steps.counts)
        problem = problem_of(data.steps, strength, data.places)
        return fit_dynamics(problem, starts, options, n_jobs=self.n_jobs, on_restart=on_restart)

    def _describe(self, data: _Input, found: list[RestartResult[Factors]]) -> Fitted:
        return outcome.describe(
            data.checked, data.neurons, data.steps, found, data.smoothness, data.places
        )

    def _assemble(self, arrays: Any, **about: Any) -> Fitted:
        return outcome.assemble(arrays, **about)
