"""A model of one's own: non-negative factors of trials x neurons, the same at all times."""

import numpy as np
from scipy.optimize import nnls
from sklearn.decomposition import NMF

from trialtensor.models import FitRecord, Named, TrialEstimator
from trialtensor.models.comparison import aligned_restarts
from trialtensor.models.new_trials import check_new_trials, known_rows
from trialtensor.models.observed import insert_empty
from trialtensor.models.parameters import check_whole
from trialtensor.solvers.canonical import unit_columns
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult


class TimeMeanNMF(TrialEstimator):
    """Non-negative matrix factorisation of the mean over times, ``x_knt ~ sum_r w_r a_kr b_nr``.

    Parameters
    ----------
    n_components : int
    n_init : int, default 5
        Restarts; the one with the lowest loss is kept.
    max_iter, tol : int, float
        As in scikit-learn's NMF.
    random_state : int, numpy.random.Generator or None

    Attributes
    ----------
    trial_factors_, neuron_factors_ : (n_trials, R), (n_neurons, R) arrays
        Columns of norm 1.
    weights_ : (R,) array
        Scale of each component, in the units of the data.
    """

    def __init__(self, n_components, *, n_init=5, max_iter=500, tol=1e-6, random_state=None):
        self.n_components = n_components
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def _check(self):
        check_whole("n_components", self.n_components, 1)
        self._check_solver_parameters()

    def _solve(self, data, starts, on_restart):
        means = _means(data.problem.X, data.observed)
        scale, found = np.abs(means).mean(), []
        for start in starts:
            nmf = NMF(self.n_components, init="random", random_state=start.seed)
            nmf.set_params(max_iter=self.max_iter, tol=self.tol).fit(np.maximum(means / scale, 0))
            neuron, _ = unit_columns(nmf.components_.T.astype(means.dtype))
            factors = _trials(means, neuron), neuron, np.ones((1, len(neuron.T)), means.dtype)
            loss = _loss(data, factors)
            stop = StopReason.CONVERGED if nmf.n_iter_ < self.max_iter else StopReason.MAX_ITER
            result = SolverResult(factors, loss, np.array([loss]), nmf.n_iter_, stop)
            found.append(RestartResult(start.seed, result, on_full_data=True))
            on_restart(found[-1])
        return sorted(found, key=lambda restart: restart.result.loss)

    def _describe(self, data, found):
        best, norm2 = found[0].result, data.problem.norm2
        trial, weights = unit_columns(best.factors[0])
        arrays = {
            "trial_factors": Named(("trial", "component"), insert_empty(trial, data.kept[0])),
            "neuron_factors": Named(
                ("neuron", "component"), insert_empty(best.factors[1], data.kept[1])
            ),
            "weights": Named(("component",), weights),
        }
        record = FitRecord(
            loss=best.loss,
            loss_history=best.loss_history,
            explained_variance_ratio=np.float64(1 - best.loss / norm2),
            n_iter=best.n_iter,
            stop_reason=best.stop_reason,
            restarts=aligned_restarts(found, None, best.loss, norm2),
        )
        return self._assemble(arrays, record=record, data=data.summary, coords=data.coords)

    def _transform(self, X, mask):
        known = known_rows(self.neuron_factors_), np.ones(self.fitted_.shape[2], bool)
        new = check_new_trials(self.fitted_, X, mask, known, self.weights_.dtype)
        trial = _trials(_means(new.values, new.mask), self.neuron_factors_[known[0]])
        return insert_empty(trial, new.kept[0]) / np.where(self.weights_ > 0, self.weights_, 1)

    def _inverse_transform(self, X):
        means = (self._check_features(X) * self.weights_) @ self.neuron_factors_.T
        return np.repeat(means[:, :, None], self.fitted_.shape[2], axis=2)


def _means(X, mask):
    count = np.full(X.shape[:2], X.shape[2]) if mask is None else mask.sum(axis=2)
    if not count.all():
        raise ValueError("X: TimeMeanNMF needs data of every neuron on every trial; use TCA")
    return X.sum(axis=2) / count.astype(X.dtype)


def _trials(means, neuron):
    return np.array([nnls(neuron, each)[0] for each in means], means.dtype)


def _loss(data, factors):
    error = data.problem.X - (factors[0] @ factors[1].T)[:, :, None]
    seen = True if data.observed is None else data.observed
    return float(np.sum(np.square(error, dtype=np.float64), where=seen))
