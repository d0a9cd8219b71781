"""Coupled TCA: components shared by regions, sessions or animals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.axes import AXES
from trialtensor.models import layout as layouts
from trialtensor.models.base import TrialEstimator
from trialtensor.models.coupled import outcome, trials
from trialtensor.models.coupled.datasets import (
    Datasets,
    KeptDatasets,
    are_separate,
    check_datasets,
    neuron_groups,
    split_datasets,
    without_empty_datasets,
)
from trialtensor.models.coupled.equations import as_problem
from trialtensor.models.fitted import Component, Fitted
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import check_choice, check_flag, check_whole, nonnegative_axes
from trialtensor.solvers.coupled import CoupledOptions, fit_coupled
from trialtensor.solvers.coupled_problem import CoupledFactors, CoupledProblem
from trialtensor.solvers.runs import RestartResult, Start


class _Input(NamedTuple):
    """Datasets with and without their empty entries, and the problem to solve."""

    whole: Datasets
    kept: KeptDatasets
    problem: CoupledProblem
    scales: np.ndarray
    private_to: np.ndarray

    @property
    def size(self) -> int:
        return int(self.problem.X.size)


class CoupledTCA(TrialEstimator):
    """TCA of several datasets at once: common trial factors, neurons of their own.

    Regions that were recorded together have the same trials: ``x^i_knt = sum_r w_ir a_kr b^i_nr
    c^i_tr`` with the trial factors ``a`` in common. With ``shared="time"`` the time factors are
    common instead, for sessions or animals with different trials. A component with weight in only
    one dataset is private; ``n_private`` requests such components.

    Parameters
    ----------
    n_components : int
        Components that all datasets share; may be 0 if there are private ones.
    n_private : int, default 0
        Additional components that are private to each dataset.
    shared : {"trial", "time"}, default "trial"
        Axis whose factors all datasets share.
    groups : str or sequence of labels, optional
        For a single array: which dataset each neuron belongs to, by labels or by the name of a
        neuron coordinate, such as ``"area"``.
    balanced : bool, default True
        Give each dataset the same weight, regardless of its units and number of neurons: errors
        are then relative to its sum of squares. Otherwise every entry has the same weight.
    nonnegative : bool or iterable of {"trial", "neuron", "time"}, default False
        Factors constrained to be non-negative; True for all three.
    init : {"svd", "random"}, default "svd"
        Starting point of the first restart; the others start at random.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept.
    max_iter, tol, n_jobs, random_state, verbose :
        As in :class:`~trialtensor.models.TCA`.

    Attributes
    ----------
    dataset_names_ : list of str
    trial_factors_ : (n_trials, R) array
        Columns of norm 1; shared components first, then the private ones of each dataset in turn.
        With ``shared="time"``, a dict with one array per dataset; `time_factors_` is the array.
    neuron_factors_, time_factors_ : dict of (n_neurons, R), (n_times, R) arrays
        By dataset; positively skewed columns of norm 1, zero for a component that is private
        to another. NaN for a neuron or bin without data.
    weights_ : (n_datasets, R) array
        Scale of each component in each dataset, in the units of its data.
    private_to_ : (R,) int array
        Dataset that a component is private to, -1 if it is shared.
    shares_ : (n_datasets, R) array
        Share of each component in each dataset: its sum of squares there, relative to that of the
        dataset, divided by the sum of this ratio over datasets. Columns sum to 1.
    subspace_shares_ : (n_datasets, R) array
        The same of all activity that varies along with the component's shared factor. Where a
        component has all of its share in one dataset but not of this, it may be split.
    dataset_trial_factors_ : dict of (n_trials, R) arrays
        With ``shared="trial"``: the trial factors that each dataset alone would have, with its
        neuron and time factors as fitted. If they differ, the datasets express a component on
        different trials. NaN where a dataset lacks the trial or the component.
    explained_variance_by_dataset_ : (n_datasets,) array
        ``1 - loss / sum of squares`` of each dataset.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : (R,)
        As in TCA, for all datasets together, weighted as in the fit.
    explained_variance_ratio_, loss_ : float
        For all datasets, weighted by ``balanced``; in the data's units if there is only one.
    triple_cosine_ : float
        Most negative cosine between two components, over all datasets as weighted in the fit.
    loss_history_, n_iter_, stop_reason_, restarts_, coords_, data_summary_, fitted_ :
        As in TCA; a restart stacks the neuron and time factors of all datasets. With missing
        entries also what TCA says of these, such as ``trial_undetermined_``.

    References
    ----------
    Acar, Kolda & Dunlavy 2011, "All-at-once optimization for coupled matrix and tensor
    factorizations". Acar, Papalexakis et al. 2014, "Structure-revealing data fusion", BMC
    Bioinformatics, for shared and private components.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor import CoupledTCA, make_tca
    >>> X = make_tca(60, 50, 40, 2, snr=10.0, random_state=0).X
    >>> regions = {"cortex": X[:, :30], "cerebellum": X[:, 30:]}
    >>> model = CoupledTCA(2, random_state=0).fit(regions)
    >>> model.trial_factors_.shape, model.neuron_factors_["cerebellum"].shape
    ((60, 2), (20, 2))
    >>> model.shares_.sum(axis=0).round(6)
    array([1., 1.])
    """

    _command = "coupled"

    def __init__(
        self,
        n_components: int,
        *,
        n_private: int = 0,
        shared: str = "trial",
        groups: Any = None,
        balanced: bool = True,
        nonnegative: Any = False,
        init: str = "svd",
        n_init: int = 10,
        max_iter: int = 2000,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.n_private = n_private
        self.shared = shared
        self.groups = groups
        self.balanced = balanced
        self.nonnegative = nonnegative
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check(self) -> None:
        check_whole("n_private", self.n_private, 0)
        check_whole("n_components", self.n_components, 0 if self.n_private else 1)
        check_choice("shared", self.shared, ("trial", "time"))
        check_flag("balanced", self.balanced)
        self._check_solver_parameters()
        nonnegative_axes(self.nonnegative)

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> Self:
        """Decompose all datasets together.

        Parameters
        ----------
        X : dict or list of (n_trials, n_neurons, n_times) arrays, or one array
            One array per dataset; with ``shared="trial"`` all have the same trials, and trials
            missing from a dataset are NaN. A single array is split by ``groups``. Never modified.
        y : ignored
        mask : bool arrays in the form of ``X``, optional
            False where missing.

        Returns
        -------
        self
            After Ctrl-C, with the best result so far and a warning.

        Raises
        ------
        ValueError
            For parameters or data that can't be used, before any work is done.
        """
        return self._fit(X, mask)

    def transform(self, X: Any, *, mask: Any = None) -> Any:
        """Return the trial factors of new trials, with all other factors as fitted.

        Parameters
        ----------
        X : as for ``fit``
            Datasets may be left out of a dict.
        mask : bool arrays in the form of ``X``, optional

        Returns
        -------
        (n_new_trials, R) array
            In the units of ``trial_factors_``; NaN for a trial without data. With ``shared="time"``
            a dict with an array for each dataset.
        """
        return super().transform(X, mask=mask)

    @property
    def dataset_names_(self) -> list[str]:
        """Names of the datasets, in order."""
        return list(self.fitted_.datasets)

    def set_output(self, *, transform: Any = None) -> Self:
        """Choose the form of what ``transform`` returns, as scikit-learn's transformers do.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            With ``shared="time"`` there is an array for each dataset, which can't be one table.
        """
        if self.shared == "time" and transform not in (None, "default"):
            raise ValueError(
                f"transform: CoupledTCA with shared='time' returns a dict of arrays, not a table; "
                f"expected 'default', got {transform!r}"
            )
        return super().set_output(transform=transform)

    def layout(self, X: Any, mask: Any = None) -> Layout:
        """Check data and return the positions of its arrays among all trials and neurons.

        Parameters
        ----------
        X, mask : as for ``fit``

        Returns
        -------
        Layout
        """
        if are_separate(X):
            same = self.shared == "trial"
            found = layouts.of_several(X, mask, same_trials=same, same_neurons=False)
        else:
            found = layouts.of_array(X, mask)
        if not self.balanced:
            return found
        return layouts.balanced(found, None if are_separate(X) else neuron_groups(X, self.groups))

    def strata(self) -> list[np.ndarray]:
        """Return sets of trials that may replace each other in resampling."""
        check_is_fitted(self)
        if self.shared == "trial" or len(self.neuron_places_):
            return [np.arange(self.fitted_.shape[0])]
        lengths = [len(each) for each in self.trial_factors_.values()]
        first = np.cumsum([0, *lengths])
        return [start + np.arange(n) for start, n in zip(first, lengths, strict=False)]

    def _transform(self, X: Any, mask: Any) -> Any:
        return trials.transform(self.fitted_, self._told_of_trials(), X, mask)

    def _inverse_transform(self, X: Any) -> Any:
        return trials.inverse_transform(self.fitted_, self._told_of_trials(), X)

    def _score(self, X: Any, mask: Any) -> float:
        return trials.score(self.fitted_, self._told_of_trials(), X, mask)

    def _observe(self, X: Any, mask: Any) -> _Input:
        data = split_datasets(X, mask, self.groups, self.shared)
        kept = without_empty_datasets(data)
        # From here on values are in ``kept`` alone, and then in the problem as they are weighted.
        data = data.without_values()
        columns, private_to = self._columns(len(data.names))
        check_datasets(data, kept, [len(each) for each in columns], self.shared)
        problem, scales = as_problem(kept, columns, bool(self.balanced))
        return _Input(data, kept, problem, scales, private_to)

    def _weighted(self, data: _Input) -> list[tuple[np.ndarray, float]]:
        return [(each.X, 1.0) for each in data.problem.problems]

    def _warn_missing(self, data: _Input) -> None:
        outcome.warn_missing(data.whole, data.kept, self.shared)

    def _solve(
        self, data: _Input, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[CoupledFactors]]:
        options = CoupledOptions(self._nonnegative(), self.max_iter, self.tol)
        return fit_coupled(data.problem, starts, options, n_jobs=self.n_jobs, on_restart=on_restart)

    def _describe(self, data: _Input, found: list[RestartResult[CoupledFactors]]) -> Fitted:
        return outcome.describe(
            data.whole,
            data.kept,
            data.problem,
            data.scales,
            found,
            private_to=data.private_to,
            nonnegative=self._nonnegative(),
            shared_axis=self.shared,
        )

    def _assemble(self, arrays: Any, **about: Any) -> Fitted:
        return outcome.assemble(arrays, **about)

    def _variables(self) -> dict[str, Any]:
        return outcome.to_variables(self.fitted_)

    def _outer(self, component: Component, layout: Layout, i: int) -> np.ndarray:
        """Return one component's contribution to one array, which may hold all datasets."""
        if not layout.single:
            return super()._outer(component, layout, i)
        whole = np.zeros(layout.values[0].shape, self.weights_.dtype)
        for place, name in enumerate(self.fitted_.datasets):
            own = self.neuron_places_ == place
            if any(part.dataset == name for part in component.parts):
                shape = (len(whole), int(own.sum()), whole.shape[2])
                whole[:, own] = component.outer(dict(zip(AXES, shape, strict=True)), name)
        return whole

    def _told_of_trials(self) -> trials.Told:
        positive = nonnegative_axes(self.nonnegative)[0]
        return trials.Told(self.shared, self.groups, positive)

    def _columns(self, n_datasets: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the components of each dataset, and the dataset of each private component."""
        private = np.repeat(np.arange(n_datasets), self.n_private)
        private_to = np.concatenate([np.full(self.n_components, -1), private]).astype(int)
        return [
            np.flatnonzero((private_to == -1) | (private_to == i)) for i in range(n_datasets)
        ], (private_to)

    def _nonnegative(self) -> tuple[bool, bool, bool]:
        """Return constraints of the shared axis, of neurons, and of each dataset's own axis."""
        trial, neuron, time = nonnegative_axes(self.nonnegative)
        return (trial, neuron, time) if self.shared == "trial" else (time, neuron, trial)
