"""PARAFAC2: tensor components whose neurons (or time courses) differ between blocks of trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted
from trialtensor.models.parafac2 import outcome, smooth, trials
from trialtensor.models.parafac2.arrangement import ArrangedInBlocks
from trialtensor.models.parafac2.blocks import (
    BlockedTrials,
    KeptBlocks,
    check_size,
    split_blocks,
    without_empty_blocks,
)
from trialtensor.models.parafac2.outcome import shared_axis
from trialtensor.models.parameters import (
    check_choice,
    check_smoothness,
    check_whole,
    nonnegative_axes,
)
from trialtensor.solvers.parafac2.options import Parafac2Model, Parafac2Options
from trialtensor.solvers.parafac2.restarts import fit_parafac2
from trialtensor.solvers.runs import RestartResult, Start


@dataclass(eq=False)
class _Input:
    """Trials by block, with and without empty entries, and how smooth their patterns are."""

    whole: BlockedTrials
    kept: KeptBlocks
    smoothness: float = 0.0

    @property
    def size(self) -> int:
        return self.kept.size


class Parafac2(ArrangedInBlocks, TrialEstimator):
    """Components whose neurons drift: as TCA, with other neuron factors in every block of trials.

    A trial ``k`` of block ``b`` is approximated by ``x_knt = sum_r w_r a_kr B_b[n, r] c_tr``. A
    block is a session, some trials, or a single trial. It has its own neuron factors ``B_b``, but
    their inner products ``B_b' B_b`` are the same in all blocks: the similarity of two components
    stays fixed while the neurons that carry them change. Blocks need not have the same neurons.
    With ``varying="time"`` the time factors differ instead, for trials of different length or a
    code whose timing changes.

    Parameters
    ----------
    n_components : int
        At most as many as the smallest block has neurons (with ``varying="time"``: bins).
    varying : {"neuron", "time"}, default "neuron"
        Axis whose factors differ between blocks.
    smoothness : float or "auto", default "auto"
        Blocks over which patterns are smooth: changes from one block to the next are penalised.
        0 doesn't tie blocks; "auto" takes what explains held-out trials best, 0 included. Only
        where all blocks have the same neurons (separate arrays: as many, with the same labels if
        any), and in the order of time ("auto": and four trials).
    nonnegative : bool or iterable of axis names, default False
        Factors constrained to be non-negative: "trial" or the shared axis; True for both. Factors
        that vary between blocks can't be constrained.
    init : {"svd", "random"}, default "svd"
        Starting point of the first restart; the others start at random.
    n_init : int, default 10
        Restarts; the one with the lowest loss is kept.
    max_iter : int, default 2000
        Sweeps, at most: of a restart on the compressed core, and again on the full data.
    tol : float, default 1e-6
        A restart has converged when three sweeps in a row each lower its loss by less than
        ``tol`` times the loss.
    n_jobs : int, optional
        Restarts at a time, in joblib processes; rarely worth it.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Seeds the restarts. The same int gives the same bits.
    verbose : int, default 0
        1 shows a progress bar over restarts, on a terminal only.

    Attributes
    ----------
    trial_factors_ : (n_trials, R) array
        Columns of norm 1; mostly positive in every block, see Notes.
    neuron_factors_ : (n_blocks, n_neurons, R) array
        Columns of norm 1 in every block. NaN for a neuron without data in the block, and below the
        last neuron of a shorter one.
    time_factors_ : (n_times, R) array
        Columns of norm 1, positively skewed. With ``varying="time"`` this is
        ``(n_blocks, n_times, R)``, and ``neuron_factors_`` is ``(n_neurons, R)``.
    weights_ : (R,) array
        Scale of each component, in the units of the data, largest explained variance first.
    cross_product_ : (R, R) array
        ``B_b' B_b``, the same in all blocks: cosines between the patterns of the components.
    block_labels_ : (n_blocks,) array
        In the order in which they first appear among the trials.
    block_of_trial_ : (n_trials,) int array
        Index of the block of each trial.
    smoothness_ : float
        As given or chosen, in blocks.
    loss_, loss_history_, explained_variance_ratio_, n_iter_, stop_reason_, restarts_ :
        As in :class:`~trialtensor.models.TCA`; a restart stacks the factors of all blocks.
    explained_variance_alone_, explained_variance_unique_, explained_variance_shared_ : (R,)
        As in :class:`~trialtensor.models.TCA`.
    core_consistency_ : float
        Percent, as in TCA, for the data projected onto the patterns of each block.
    triple_cosine_ : float
        Most negative cosine between two components; near -1 they cancel each other.
    coords_, data_summary_, fitted_ :
        As in :class:`~trialtensor.models.TCA`.

    Notes
    -----
    The patterns of a block and the weights of its trials can change sign together. Here the weights
    of each block have a non-negative sum: ``sum_r w_r sum_k a_kr >= 0``.

    Components are unique only with several blocks whose weights differ: about four for two
    components, more for more components (Kiers, ten Berge & Bro 1999).

    References
    ----------
    Harshman 1972, "PARAFAC2: mathematical and technical notes". Kiers, ten Berge & Bro 1999,
    "PARAFAC2 - Part I. A direct fitting algorithm for the PARAFAC2 model", Journal of Chemometrics.
    Kamstrup-Nielsen, Johnsen & Bro 2013, "Core consistency diagnostic in PARAFAC2".

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor import Parafac2
    >>> rng = np.random.default_rng(0)
    >>> cross, time = rng.normal(size=(2, 2)), rng.normal(size=(15, 2))
    >>> sessions = {}
    >>> for day, n_neurons in [("Mon", 12), ("Tue", 20), ("Wed", 9), ("Thu", 16)]:
    ...     neuron = np.linalg.qr(rng.normal(size=(n_neurons, 2)))[0] @ cross
    ...     trial = rng.uniform(0.5, 1.5, size=(30, 2))
    ...     sessions[day] = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    >>> model = Parafac2(2, random_state=0).fit(sessions)
    >>> model.trial_factors_.shape, model.neuron_factors_.shape, model.time_factors_.shape
    ((120, 2), (4, 20, 2), (15, 2))
    >>> bool(model.explained_variance_ratio_ > 0.999)
    True
    """

    fit_options = ("blocks",)

    def __init__(
        self,
        n_components: int,
        *,
        varying: str = "neuron",
        smoothness: float | str = "auto",
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
        self.varying = varying
        self.smoothness = smoothness
        self.nonnegative = nonnegative
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check(self) -> None:
        check_smoothness(self.smoothness)
        self._nonnegative()

    def fit(self, X: Any, y: Any = None, *, blocks: Any = None, mask: Any = None) -> Self:
        """Decompose ``X``.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray, or a list or dict of arrays
            A list has one array per block, and blocks may differ in the number of neurons (with
            ``varying="time"``: bins); two-dimensional arrays are single trials. The keys of a dict
            name its blocks. NaN is missing; neurons without data in a block are not part of it.
            Never modified.
        y : ignored
        blocks : (n_trials,) labels, or the name of a trial coordinate, optional
            The block of each trial of an array; by default, each trial is its own block.
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
        return self._fit(X, mask, blocks=blocks)

    def fit_transform(
        self, X: Any, y: Any = None, *, blocks: Any = None, mask: Any = None
    ) -> np.ndarray:
        """Fit, and return the trial factors ``(n_trials, R)``.

        Parameters
        ----------
        X, blocks, mask : as for ``fit``
        y : ignored
        """
        return self.fit(X, y, blocks=blocks, mask=mask).trial_factors_

    def transform(self, X: Any, *, blocks: Any = None, mask: Any = None) -> np.ndarray:
        """Return the trial factors of new trials.

        Trials of fitted blocks are described by the patterns of those blocks. Other blocks get new
        patterns, with the inner products of the fit.

        Parameters
        ----------
        X : as for ``fit``
        blocks : (n_new_trials,) labels, or the name of a trial coordinate, optional
            As for ``fit``. By default each trial is a new block, which only makes sense if the fit
            had blocks of one trial.
        mask : bool arrays, optional
            False where missing.

        Returns
        -------
        (n_new_trials, R) array
            In the units of ``trial_factors_``; NaN for a trial without data.
        """
        check_is_fitted(self)
        positive = self._nonnegative()[0]
        return trials.transform(self.fitted_, X, blocks, mask, nonnegative=positive)

    def inverse_transform(self, X: Any, *, blocks: Any = None) -> np.ndarray | list[np.ndarray]:
        """Return the data that trial factors describe.

        Parameters
        ----------
        X : (n_trials, R) array
        blocks : (n_trials,) labels, optional
            Blocks whose patterns to use. By default those of the training trials if the number of
            trials agrees, otherwise the mean pattern of all blocks.

        Returns
        -------
        (n_trials, n_neurons, n_times) array
            NaN for neurons that are not in the block. A list with an array for each block, in order
            of appearance, if the fit got blocks with different neurons.
        """
        check_is_fitted(self)
        return trials.inverse_transform(self.fitted_, self._check_features(X), blocks)

    def score(self, X: Any, y: Any = None, *, blocks: Any = None, mask: Any = None) -> float:
        """Return the fraction of the sum of squares of new trials that the model explains.

        What ``transform`` gives of the trials, and the patterns of new blocks, are fitted to them.
        Higher is better; at most 1.

        Parameters
        ----------
        X, blocks, mask : as for ``transform``
        y : ignored
        """
        check_is_fitted(self)
        positive = self._nonnegative()[0]
        return trials.score(self.fitted_, X, blocks, mask, nonnegative=positive)

    def _observe(self, X: Any, mask: Any, blocks: Any = None) -> _Input:
        data = split_blocks(X, mask, blocks, self.varying)
        kept = without_empty_blocks(data)
        return _Input(data.without_values(), kept)

    def _starts(self, data: _Input) -> list[Start]:
        check_size(data.whole, data.kept, self.n_components, self.varying)
        smooth.check_alike(data.whole, data.kept, self.smoothness, self.varying)
        return self._drawn_starts()

    def _warn_missing(self, data: _Input) -> None:
        outcome.warn_missing(data.whole, data.kept, self.varying)

    def _solve(
        self, data: _Input, starts: list[Start], on_restart: Callable[[Any], None]
    ) -> list[RestartResult[Parafac2Model]]:
        options = Parafac2Options(self.n_components, *self._nonnegative(), self.max_iter, self.tol)
        values, masks = data.kept.values, data.kept.masks
        found = fit_parafac2(
            values, masks, starts, options, n_jobs=self.n_jobs, on_restart=on_restart
        )
        found, data.smoothness = smooth.tie_blocks(
            data.whole, data.kept, found, options, self.smoothness
        )
        return found

    def _describe(self, data: _Input, found: list[RestartResult[Parafac2Model]]) -> Fitted:
        positive = self._nonnegative()[0]
        return outcome.describe(
            data.whole,
            data.kept,
            found,
            varying=self.varying,
            nonnegative=positive,
            smoothness=data.smoothness,
        )

    def _assemble(self, arrays: Any, **about: Any) -> Fitted:
        return outcome.assemble(arrays, **about)

    def _nonnegative(self) -> tuple[bool, bool]:
        """Return whether trial factors and those of the shared axis are constrained."""
        check_whole("n_components", self.n_components, 1)
        check_choice("varying", self.varying, ("neuron", "time"))
        self._check_solver_parameters()
        if self.nonnegative is True:
            return True, True
        by_axis = dict(zip(AXES, nonnegative_axes(self.nonnegative), strict=True))
        if by_axis[self.varying]:
            raise ValueError(
                f"nonnegative: {self.varying} factors vary between blocks and can't be "
                "constrained; expected names among the other axes"
            )
        return by_axis["trial"], by_axis[shared_axis(self.varying)]
