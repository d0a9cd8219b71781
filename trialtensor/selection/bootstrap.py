"""Standard errors of each entry of a model: over trials, over neurons, or over both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import scipy.special

from trialtensor.alignment.factors import check_fitted
from trialtensor.data.notices import warn
from trialtensor.data.parameters import check_choice
from trialtensor.data.shown import OneLine, p_equation
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import REPEATS, check_jobs, check_share, check_whole, generator
from trialtensor.selection.components import check_whole_fit
from trialtensor.selection.draws import Draws, Statistic, by_name
from trialtensor.selection.noise import noise_deviations
from trialtensor.selection.refits import can_rotate
from trialtensor.selection.resampling import Refits
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.residuals import residual_report
from trialtensor.selection.shared_structure import TooFewComponentsWarning

Over = Literal["trials", "neurons", "both"]
# Of a block: with fewer trials, a draw often leaves only copies of one or two.
_FEWEST = 5
_FEWEST_NEURONS = 4
# Runs of trials that a session is split into where neurons may drift.
_N_RUNS = 10


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(OneLine):
    """A model and the standard errors of its estimates.

    Attributes
    ----------
    estimates, standard_errors : dict
        By name of the fitted attribute without its underscore: ``trial_factors``,
        ``neuron_factors``, ``time_factors`` of TCA; loadings and slices of SliceTCA; output and
        input factors of dynamics, with ``single_trials`` in place of ``trial_factors`` if these
        are smooth; and ``explained_variance_ratio``. Arrays of the same shape as
        the attribute, or a dict of arrays by dataset where that is one.
        ``statistic`` is what the function of that name returns.
    level : float
        Of the intervals.
    n_samples : int
    nonnegative : bool
    over : {"trials", "neurons", "both"}
        What was drawn: the intervals hold for other trials, other neurons, or both.
    block : int
        Number of neighbouring trials drawn together.
    """

    estimates: dict[str, Any]
    standard_errors: dict[str, Any]
    level: float
    n_samples: int
    nonnegative: bool
    over: str = "trials"
    block: int = 1

    def interval(self, name: str) -> Any:
        """Return lower and upper ends, ``(2, ...)``, of one of the ``estimates``.

        The estimate plus and minus the normal quantile times the standard error; NaN where the
        model is undefined. (Percentiles of the refits cover slightly too little: the noise of a
        refit adds to that of the model.)

        Parameters
        ----------
        name : str
            One of the keys of ``estimates``.

        Returns
        -------
        array, or dict of arrays by dataset
        """
        if name not in self.estimates:
            raise ValueError(f"name: expected one of {sorted(self.estimates)}, got {name!r}")
        estimate, error = self.estimates[name], self.standard_errors[name]
        if isinstance(estimate, dict):
            return {
                key: self._ends(each, error[key], self.nonnegative)
                for key, each in estimate.items()
            }
        return self._ends(estimate, error, self.nonnegative and name != "statistic")

    def _ends(self, estimate: Any, error: Any, nonnegative: bool) -> np.ndarray:
        half = scipy.special.ndtri((1 + self.level) / 2) * error
        ends = np.array([estimate - half, estimate + half])
        return np.maximum(ends, 0) if nonnegative else ends


def bootstrap(
    model: TrialEstimator,
    X: Any,
    *,
    mask: Any = None,
    over: Over = "trials",
    statistic: Statistic | None = None,
    n_samples: int = 200,
    block: int | None = None,
    level: float = 0.9,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Bootstrap:
    """Draw trials or neurons again, refit from the model, and align the refits with the model.

    ``over="trials"`` says what would hold in other trials of the same neurons. Trials are drawn
    with replacement. Standard errors of quantities that trials share (neuron and time factors, or
    loadings and trial slices) come from the refits. Trial-specific quantities are solved for again
    with each refit, on the trial's data plus normal noise with the variance of the model's
    residuals.

    ``over="neurons"`` says what would hold in other neurons of the same trials, such as the course
    of a component over trials when each neuron drifts in a way of its own. Neurons are left out
    (a jackknife: one at a time, or in ``n_samples`` groups); the noise of their own factors is that
    of their residuals in runs of trials.

    ``over="both"`` adds the variances of the two, less that which both contain: that of noise
    that is neither the trials' nor the neurons' (refits to residuals with random signs).

    Components are matched and their signs aligned; those of SliceTCA are rotated within their
    type, since that rotation is arbitrary. Trials are drawn within each block of Parafac2, and
    within each dataset of CoupledTCA with ``shared="time"``. Dynamics are simulated again from the
    first bin of each trial, with the smoothness of the model. A smooth course is pulled from the
    truth in all refits alike, which their spread doesn't show: intervals are those of each trial
    by itself; ``TrialVaryingDynamics.intervals`` has those of the course.

    Parameters
    ----------
    model : fitted model
        Parafac2 must have been fitted with blocks of several trials.
    X, mask : the data it was fitted to
    over : {"trials", "neurons", "both"}
        Neurons of slices, of blocks with neuron factors of their own, and of dynamics can't be
        drawn.
    statistic : callable, optional
        Given the estimates by name, returns a number or an array, such as a component's late less
        its early strength. Its standard error is that of the whole, as entries are correlated.
    n_samples : int
    block : int, optional
        Number of neighbouring trials drawn together; use more than 1 if trials are autocorrelated.
        By default 1 for trials, and a tenth of the trials where neurons, which may drift, are
        drawn.
    level : float
        Of the intervals.
    n_jobs : int, optional
        Parallel refits, in joblib processes.
    random_state : int, Generator or None

    Returns
    -------
    Bootstrap

    Warns
    -----
    TooFewComponentsWarning
        If neurons share something that the model lacks. Intervals are about the model: what a
        missing component does to the others isn't in them.

    Raises
    ------
    ValueError
        For data of another shape than the model was fitted to, parameters out of range, or a
        model whose trials or neurons can't be drawn.

    References
    ----------
    Efron & Tibshirani 1993, "An introduction to the bootstrap"; Künsch 1989 for blocks; Shao & Tu
    1995, "The jackknife and bootstrap"; Cameron, Gelbach & Miller 2011, "Robust inference with
    multiway clustering".

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(40, 12, 15, 2, snr=2.0, random_state=0).X
    >>> model = TCA(2, random_state=0).fit(X)
    >>> bootstrap(model, X, n_samples=20, random_state=0).interval("time_factors").shape
    (2, 15, 2)
    >>> def rise(found):
    ...     return found["trial_factors"][20:].mean(axis=0) - found["trial_factors"][:20].mean(
    ...         axis=0
    ...     )
    >>> sure = bootstrap(model, X, over="neurons", statistic=rise, random_state=0)
    >>> sure.interval("statistic").shape
    (2, 2)
    """
    check_fitted(model)
    check_whole_fit(model, "bootstrap")
    layout = model.layout(X, mask)
    model.check_layout(layout)
    check_choice("over", over, get_args(Over))
    block = _check(model, layout, over, n_samples, block)
    check_share("level", level), check_jobs(n_jobs)
    if statistic is not None and not callable(statistic):
        raise ValueError(f"statistic: expected a function of the estimates, got {statistic!r}")
    left = [np.asarray(each) for each in layout.arrays(model.residuals(X, mask=mask))]
    residuals = Residuals.within(layout, left)
    _warn_of_too_few(model, X, mask)
    refits = Refits(model, layout, noise_deviations(model, layout, X, mask), left, block)
    draws = Draws(refits, residuals, statistic, n_samples, n_jobs, generator(random_state))
    variances = draws.variances(over)
    return Bootstrap(
        by_name(draws.estimates),
        by_name({name: np.sqrt(each) for name, each in variances.items()}),
        level,
        n_samples,
        nonnegative=getattr(model, "nonnegative", False) is True,
        over=over,
        block=block,
    )


def _check(
    model: TrialEstimator, layout: Layout, over: str, n_samples: int, block: int | None
) -> int:
    """Refuse what can't be drawn, and return the number of trials in a block."""
    if model.fitted_.identified != "components" and not can_rotate(model):
        raise ValueError(
            f"model: components of {type(model).__name__} can be rotated into each other, and "
            "bootstrap knows no alignment for them; compare refits with subspace_angles"
        )
    check_whole("n_samples", n_samples, 2, REPEATS)
    if over != "trials":
        _check_neurons(model, layout)
    strata = model.strata()
    smallest = min(map(len, strata))
    if over != "neurons" and smallest < _FEWEST and len(strata) > 1:
        has = "a block for every trial" if smallest == 1 else f"a block of {smallest} trials"
        raise ValueError(
            f"model: {type(model).__name__} has {has}, which leaves too little to draw from; fit "
            f"it with blocks of {_FEWEST} trials or more"
        )
    most = max(smallest // 2, 1)
    if block is None:
        return 1 if over == "trials" else max(1, min(layout.n_trials // _N_RUNS, most))
    if check_whole("block", block, 1) > most:
        raise ValueError(
            f"block: expected 1 to {smallest // 2} trials, half of what there are, got {block!r}"
        )
    return block


def _check_neurons(model: TrialEstimator, layout: Layout) -> None:
    """Refuse kinds whose neurons have no factors that are free of other neurons."""
    fitted, name = model.fitted_, type(model).__name__
    parts = [part for component in fitted.components for part in component.parts]
    why = None
    if not type(model).describes_entries:
        why = "neurons drive each other, so that none can be left out"
    elif fitted.sliced:
        why = "slices have a value for every neuron and trial or bin"
    elif any(part.block is not None for part in parts if "neuron" in part.dims):
        why = "the neuron factors of blocks depend on each other"
    elif not any(part.dims == ("neuron",) for part in parts):
        why = "there are no neuron factors"
    if why is not None:
        raise ValueError(f"model: neurons of {name} can't be drawn, because {why}; use 'trials'")
    if layout.n_neurons < _FEWEST_NEURONS:
        raise ValueError(
            f"X: expected at least {_FEWEST_NEURONS} neurons to leave some out, got "
            f"{layout.n_neurons}"
        )


def _warn_of_too_few(model: TrialEstimator, X: Any, mask: Any) -> None:
    found = residual_report(model, X, mask=mask).shared
    if found.is_shared:
        warn(
            f"{type(model).__name__} has too few components: neurons share {100 * found.share:.1f} "
            f"% of the variance that it leaves over, {100 * found.expected:.1f} % by chance "
            f"({p_equation(found.p_value, found.at_floor())}). What the missing component does to "
            "the others isn't in the intervals; choose the number with CrossValidatedSearch or "
            "`trialtensor rank`",
            TooFewComponentsWarning,
        )
