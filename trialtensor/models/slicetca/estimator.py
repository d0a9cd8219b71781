"""Slice tensor component analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted
from trialtensor.models.observed import FitInput
from trialtensor.models.parameters import check_choice, check_flag, check_share
from trialtensor.models.slicetca import outcome, trials
from trialtensor.models.slicetca.outcome import components_of
from trialtensor.models.slicetca.starts import as_ranks, check_ranks, given_loadings
from trialtensor.solvers.runs import RestartResult, Start
from trialtensor.solvers.slices import GAUGES, Components
from trialtensor.solvers.slices.contraction import part, reconstruct
from trialtensor.solvers.slices.restarts import SliceOptions, fit_slices
from trialtensor.solvers.slices.sweeps import SweepData


class SliceTCA(TrialEstimator):
    """Slice tensor component analysis: components that are a vector times a matrix.

    A *trial-slicing* component has one weight per trial and one neuron x time slice, a
    *neuron-slicing* component one weight per neuron and one trial x time slice, and a
    *time-slicing* component one weight per time bin and one trial x neuron slice. The data is
    approximated by the sum of all of them.

    ``transform`` solves jointly for everything that belongs to a trial: its weights on the trial
    slices, a time course for each neuron loading, a neuron pattern for each time loading; columns
    are named by ``get_feature_names_out``. Since all of these are fitted to new trials, ``score``
    always credits neuron- and time-slicing components with some variance; to choose their number,
    hold out entries.

    Complete data is fitted by variable projection: each step is optimal. There may still be several
    optima, so restarts begin at places as different as possible. Data with missing entries, which
    are left out of the loss, and non-negative components are fitted by alternating least squares.

    Parameters
    ----------
    n_components : (int, int, int)
        Trial-, neuron- and time-slicing components. Each may be 0, not all.
    nonnegative : bool, default False
        Constrain loadings and slices to be non-negative.
    gauge : {"minimal-norm", "trial-first", "neuron-first", "time-first"}
        How slicing types divide variance that several of them could describe, see
        :func:`trialtensor.solvers.slices.fix_gauge`. Ignored for non-negative components.
    init : {"svd", "random"}, three loading matrices or fitted SliceTCA, default "svd"
        Starting point. "svd": each restart from other singular vectors, or with the axes in
        another order; with missing entries every other restart, the rest at random. "random":
        random loadings. Given loadings are the only starting point.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept. All run to the end only on small data;
        otherwise those that lead to a solution already found, or that a few sweeps leave far
        behind, stop early.
    max_iter : int, default 2000
        Sweeps of a restart, at most.
    tol : float, default 1e-6
        A restart has converged when some sweeps in a row each lower its loss by less than ``tol``
        times the loss.
    missing_weight : float, default 0.01
        A missing entry counts as a zero with this weight, against 1 for an observed one. This keeps
        values that few entries determine (a rarely observed cell of a slice) from diverging, and
        has no effect on complete data. 0 leaves missing entries out entirely.
    n_jobs : int, optional
        Parallel restarts, in joblib processes. Useful only for large data with missing entries.
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
        The objective after each sweep; never rises. With missing entries it includes their
        weighted squares.
    explained_variance_ratio_ : float
        ``1 - loss / sum of squares`` of the whole model, about zero, not about the mean.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : arrays
        By component: variance explained alone at its best weight, variance lost without it when
        the other weights are refitted, and their difference.
    type_explained_variance_alone_, type_explained_variance_unique_ : (3,) arrays
        The same of the three slicing types, as the gauge has divided them.
    n_iter_ : int
        Sweeps of the best restart.
    stop_reason_ : StopReason
        Why it stopped; ``stop_reason_.advice`` says what to do.
    restarts_ : list of Restart
        Every restart, best first, with its loadings; its similarity is the overlap of the
        subspaces of loadings with those of the best.
    largest_missing_ : float
        Only with missing entries: the largest value there relative to that of the data.
    coords_, data_summary_, fitted_ :
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

    component_types = ("trial-slicing", "neuron-slicing", "time-slicing")
    reads_in_passes = True
    masks_in_passes = True

    def __init__(
        self,
        n_components: Sequence[int],
        *,
        nonnegative: bool = False,
        gauge: str = "minimal-norm",
        init: Any = "svd",
        n_init: int = 10,
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

    def _check(self) -> None:
        as_ranks(self.n_components)
        self._check_solver_parameters(given_init=True)
        check_flag("nonnegative", self.nonnegative)
        check_choice("gauge", self.gauge, GAUGES)
        check_share("missing_weight", self.missing_weight, zero=True)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of ``transform``: ``trial0``, ``neuron0_time12``, ``time1_neuron5``.

        ``neuron0_time12`` is bin 12 of the trial's time course for neuron loading 0, and
        ``time1_neuron5`` neuron 5 of its pattern for time loading 1; all counted from 0.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        check_is_fitted(self)
        return trials.feature_names(self.fitted_)

    def reconstruct(self, slicing: str | None = None) -> np.ndarray:
        """Return the model of the training data, or the contribution of one slicing type.

        Parameters
        ----------
        slicing : {"trial", "neuron", "time"}, optional
            All three by default.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN where the model is undefined.
        """
        check_is_fitted(self)
        components = components_of(self.fitted_)
        if slicing is None:
            return reconstruct(components)
        if slicing not in AXES:
            raise ValueError(f"slicing: expected one of {AXES} or None, got {slicing!r}")
        axis = AXES.index(slicing)
        return part(axis, components.loadings[axis], components.slices[axis])

    def restarted(self, rows: Sequence[np.ndarray]) -> Self:
        """Return an unfitted SliceTCA that starts from these loadings, for some of the trials.

        Parameters
        ----------
        rows : list with an int array
            Indices of the trials.
        """
        check_is_fitted(self)
        self._check_rows(rows[0], len(self.trial_loadings_))
        start = [self.trial_loadings_[rows[0]], self.neuron_loadings_, self.time_loadings_]
        init = [np.nan_to_num(each) for each in start]
        return super().restarted(rows).set_params(init=init, n_init=1)

    def _transform(self, X: Any, mask: Any) -> np.ndarray:
        return trials.transform(self.fitted_, self._told_of_trials(), X, mask)

    def _inverse_transform(self, X: Any) -> np.ndarray:
        return reconstruct(trials.from_features(self.fitted_, X))

    def _score(self, X: Any, mask: Any) -> float:
        return trials.score(self.fitted_, self._told_of_trials(), X, mask)

    def _starts(self, data: FitInput) -> list[Start]:
        ranks = as_ranks(self.n_components)
        check_ranks(ranks, data)
        if isinstance(self.init, str):
            # Starts from singular vectors differ by which of them each type begins with.
            return [replace(start, kind=self.init) for start in self._drawn_starts()]
        loadings = given_loadings(self.init, ranks, data, nonnegative=bool(self.nonnegative))
        return [Start("given", factors=loadings)]

    def _solve(
        self, data: FitInput, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Components]]:
        options = SliceOptions(
            as_ranks(self.n_components),
            bool(self.nonnegative),
            self.gauge,
            self.max_iter,
            self.tol,
        )
        return fit_slices(
            self._problem(data), starts, options, n_jobs=self.n_jobs, on_restart=on_restart
        )

    def _describe(self, data: FitInput, found: list[RestartResult[Components]]) -> Fitted:
        return outcome.describe(
            data,
            self._problem(data),
            found,
            nonnegative=bool(self.nonnegative),
            gauge=self.gauge,
        )

    def _assemble(self, arrays: Any, **about: Any) -> Fitted:
        return outcome.assemble(arrays, **about)

    def _problem(self, data: FitInput) -> SweepData:
        X, norm2 = data.problem.X, data.problem.norm2
        return SweepData(X, norm2, data.observed, float(self.missing_weight))

    def training_features(self) -> np.ndarray:
        """Return what ``transform`` gives of the training trials."""
        check_is_fitted(self)
        return trials.as_features(self.trial_loadings_, self.neuron_slices_, self.time_slices_)

    def _told_of_trials(self) -> trials.Told:
        return trials.Told(bool(self.nonnegative), self.gauge, float(self.missing_weight))

    @classmethod
    def _from_components(
        cls, loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray], **parameters: Any
    ) -> Self:
        """Make a model from given components, in the gauge of ``parameters``."""
        model = cls(tuple(np.shape(loading)[1] for loading in loadings), **parameters)
        model._store(outcome.given(loadings, slices, model.gauge))
        return model
