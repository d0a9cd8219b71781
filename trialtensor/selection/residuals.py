"""Residuals of a model: outlying trials and neurons, and remaining structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.alignment.factors import check_fitted
from trialtensor.data.shown import OneLine, p_equation
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout
from trialtensor.models.observed import LEAST_SQUARES
from trialtensor.selection.leverage import leverage_of
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.residual_structure import (
    Autocorrelation,
    TrialTrend,
    autocorrelation,
    trend_of_means,
)
from trialtensor.selection.shared_structure import SharedStructure, shared_structure

# Iglewicz & Hoaglin 1993.
OUTLYING = 3.5
# Huber 1981: from there on, a fit follows the single observation.
DECISIVE = 0.5
_MAD_OF_NORMAL = 0.6744897501960817
_N_NAMED = 5
_NOTHING_LEFT = 1e-8
_ONE_IN = 10


@dataclass(frozen=True, eq=False, repr=False)
class ResidualReport(OneLine):
    """Diagnostics of the residuals of a model.

    Attributes
    ----------
    trial_leverage, neuron_leverage : (n_trials,), (n_neurons,) arrays
        Diagonal of the hat matrix of the factors (loadings of SliceTCA): 0 to 1, summing to the
        number of components. Near 1, a component serves that trial or neuron alone. NaN without
        data, 0 if no component has such factors. The mean over blocks with separate factors; the
        larger of output and input factors for dynamics.
    trial_outlyingness, neuron_outlyingness : arrays of the same shapes
        Robust z-score (from median and MAD) of the logarithm of the mean squared residual. NaN
        without data.
    outlying_trials, outlying_neurons : int arrays
        Indices of trials or neurons above 3.5, worst first.
    time_autocorrelation : Autocorrelation
        Of residuals one bin apart, and what white noise would give.
    trial_trend : TrialTrend
        Slopes of neurons' mean residuals over trials.
    shared : SharedStructure
        What neurons still share in the residuals, which the model lacks, and components that are
        no more than noise. NaN for dynamics.
    unexplained : float
        Sum of squared residuals over that of the data; for dynamics, over predicted bins.
    sentences : tuple of str
        All of this in words; trials and neurons are counted from 0.
    """

    trial_leverage: np.ndarray
    neuron_leverage: np.ndarray
    trial_outlyingness: np.ndarray
    neuron_outlyingness: np.ndarray
    outlying_trials: np.ndarray
    outlying_neurons: np.ndarray
    time_autocorrelation: Autocorrelation
    trial_trend: TrialTrend
    shared: SharedStructure
    unexplained: float

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the report in words."""
        return (
            f"{100 * self.unexplained:.1f} % of the data's sum of squares is left over.",
            _outlying_sentence("trial", self.outlying_trials, self.trial_outlyingness),
            _outlying_sentence("neuron", self.outlying_neurons, self.neuron_outlyingness),
            *_leverage_sentences("trial", self.trial_leverage),
            *_leverage_sentences("neuron", self.neuron_leverage),
            *_shared_sentences(self.shared),
            *_autocorrelation_sentences(self.time_autocorrelation),
            *_trend_sentences(self.trial_trend),
        )


def residual_report(model: TrialEstimator, X: Any, *, mask: Any = None) -> ResidualReport:
    """Analyse what a model doesn't explain of the data that it was fitted to.

    Parameters
    ----------
    model : fitted model of any kind
        After ``partial_fit``, only the trials of its latest call can be reported on.
    X : array, or list or dict of arrays
        The data of the fit. Trials and neurons of several arrays are numbered consecutively,
        unless the arrays share them; errors are weighted as in the fit.
    mask : in the form of ``X``, optional
        False where missing.

    Returns
    -------
    ResidualReport

    Raises
    ------
    ValueError
        If the model isn't fitted, or ``X`` has another shape than the data of the fit.

    References
    ----------
    Hoaglin & Welsch 1978, "The hat matrix in regression and ANOVA"; Bro & Smilde 2003 for
    leverages and residuals of component models; Iglewicz & Hoaglin 1993, "How to detect and
    handle outliers".

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(40, 20, 25, 2, snr=1.0, random_state=0).X
    >>> X[7] += np.random.default_rng(0).normal(scale=3.0, size=X[7].shape)
    >>> report = residual_report(TCA(2, random_state=0).fit(X), X)
    >>> report.outlying_trials
    array([7])
    >>> print(report.sentences[-1])
    Nothing drifts: the residuals of 0 % of neurons have a slope over trials at the 5 % level, ...
    """
    fitted = check_fitted(model)
    layout = model.layout(X, mask)
    model.check_layout(layout)
    left = [np.asarray(each) for each in layout.arrays(model.residuals(X, mask=mask))]
    residuals = Residuals.within(layout, left)
    total = sum(
        float(np.sum(np.where(np.isfinite(r), np.square(x) * scale, 0), dtype=np.float64))
        for r, x, scale in zip(left, layout.values, layout.scales, strict=True)
    )
    if total == 0 and not any(each.any() for each in layout.values):
        raise ValueError("X: every observed value is zero, so there is nothing to compare with")
    if not LEAST_SQUARES < total < np.inf:
        raise ValueError("X: the sum of squares is beyond what float64 can hold; use other units")
    n_seen = sum(int(np.isfinite(each).sum()) for each in left)
    # Squares below this are rounding, and of a perfect fit nothing stands out.
    rounding = np.finfo(left[0].dtype).eps ** 2 * 100 * total / n_seen
    if sum(float(np.nansum(np.square(each))) for each in left) <= rounding * n_seen:
        left = [np.where(np.isfinite(each), 0, each) for each in left]
        residuals = Residuals.within(layout, left)
    by_trial, by_neuron = (residuals.sums(others, layout.scales) for others in ((1, 2), (0, 2)))
    trials, neurons = (_outlyingness(*each, rounding) for each in (by_trial, by_neuron))
    outlying_neurons, unexplained = _outlying(neurons), float(by_trial[0].sum()) / total
    return ResidualReport(
        trial_leverage=leverage_of(fitted, layout, "trial"),
        neuron_leverage=leverage_of(fitted, layout, "neuron"),
        trial_outlyingness=trials,
        neuron_outlyingness=neurons,
        outlying_trials=_outlying(trials),
        outlying_neurons=outlying_neurons,
        time_autocorrelation=autocorrelation(model, residuals),
        trial_trend=trend_of_means(*residuals.means()),
        shared=_shared(model, layout, residuals, outlying_neurons, unexplained),
        unexplained=unexplained,
    )


def _shared(
    model: TrialEstimator,
    layout: Layout,
    residuals: Residuals,
    outlying: np.ndarray,
    unexplained: float,
) -> SharedStructure:
    # The noise that drives neurons together in dynamics is no component, nor is what a fit without
    # noise leaves because it stopped.
    if not type(model).describes_entries or unexplained < _NOTHING_LEFT:
        return SharedStructure(np.nan, np.nan, np.nan)
    # Neurons that stand out have been named; one that drops out isn't a component. Were there many,
    # they could be those of the component that is missing.
    few = outlying[: layout.n_neurons // _ONE_IN]
    names = (component.name for component in model.fitted_.components)
    tensors = zip(names, model.component_tensors(layout), strict=True)
    loadings = None
    if model.fitted_.sliced:
        parts = [each.vectors("neuron") for each in model.fitted_.components]
        columns = [part[0].values for part in parts if part]
        loadings = np.stack(columns, axis=1) if columns else None
    return shared_structure(residuals, few.tolist(), tensors, loadings)


def _outlyingness(sums: np.ndarray, counts: np.ndarray, rounding: float) -> np.ndarray:
    """Return robust z-scores of log mean squares.

    Logarithms, because the spread of a mean square grows with it: neurons of different rates
    would all stand out.
    """
    logs = np.log(np.maximum(sums / np.maximum(counts, 1), rounding))
    logs[counts == 0] = np.nan
    away = logs - np.nanmedian(logs)
    spread = np.nanmedian(np.abs(away)) / _MAD_OF_NORMAL
    if spread == 0:
        # More than half are the same: what differs at all stands out.
        away[away > 0], away[away < 0] = np.inf, -np.inf
        return away
    return away / spread


def _outlying(scores: np.ndarray) -> np.ndarray:
    """Return indices of scores above the threshold, worst first."""
    found = np.flatnonzero(scores > OUTLYING)
    return found[np.argsort(-scores[found], kind="stable")]


def _named(axis: str, indices: np.ndarray) -> str:
    """Write ``trial 3`` or ``trials 3, 5 and 9 more``."""
    if len(indices) == 1:
        return f"{axis} {indices[0]}"
    shown = [str(index) for index in indices[:_N_NAMED]]
    more = [f"{len(indices) - _N_NAMED} more"] if len(indices) > _N_NAMED else []
    *first, last = [*shown, *more]
    return f"{axis}s {', '.join(first)} and {last}"


def _outlying_sentence(axis: str, outlying: np.ndarray, scores: np.ndarray) -> str:
    if not len(outlying):
        return f"No {axis} is described much worse than the others (robust z above {OUTLYING})."
    are, most = ("is", "") if len(outlying) == 1 else ("are", "of up to ")
    return (
        f"{_named(axis, outlying).capitalize()} {are} described much worse than the other "
        f"{axis}s (robust z {most}{scores[outlying[0]]:.1f}; the threshold is {OUTLYING}): "
        "look at the raw data."
    )


def _leverage_sentences(axis: str, leverage: np.ndarray) -> list[str]:
    found = np.flatnonzero(leverage > DECISIVE)
    if not len(found):
        return []
    found = found[np.argsort(-leverage[found], kind="stable")]
    one = len(found) == 1
    has, most, it = ("has", "", "it") if one else ("have", "up to ", "each of them")
    return [
        f"{_named(axis, found).capitalize()} {has} a leverage above {DECISIVE} "
        f"({most}{leverage[found[0]]:.2f}): some component rests mostly on {it}."
    ]


def _shared_sentences(found: SharedStructure) -> list[str]:
    if not np.isfinite(found.p_value):
        return []
    numbers = (
        f"{100 * found.share:.1f} % of their variance is shared, {100 * found.expected:.1f} % by "
        f"chance ({p_equation(found.p_value, found.at_floor())})"
    )
    first = f"Neurons share nothing in the residuals: {numbers}."
    if found.is_shared:
        first = (
            f"Too few components: neurons still share something in the residuals ({numbers}), and "
            "what the model lacks distorts what it has. `trialtensor rank` chooses the number."
        )
    if not found.as_noise:
        return [first]
    *first_names, last = found.as_noise
    named = f"{', '.join(first_names)} and {last}" if first_names else last
    are = "are" if first_names else "is"
    return [
        first,
        f"{named.capitalize()} {are} no larger than what noise gives: perhaps too many components.",
    ]


def _autocorrelation_sentences(found: Autocorrelation) -> list[str]:
    if not np.isfinite(found.interval).all():
        return []
    low, high = found.interval
    numbers = (
        f"(correlation of {found.value:.3f} between neighbouring bins; white noise gives "
        f"{low:.3f} to {high:.3f})"
    )
    if found.is_white:
        return [f"Residuals are white in time {numbers}."]
    if found.value > high:
        return [
            f"Residuals are smoother in time than white noise {numbers}: structure that the model "
            "lacks, or smooth noise. Hold out blocks of bins with guards to choose the number of "
            "components."
        ]
    return [
        f"Neighbouring bins have residuals of opposite sign {numbers}, as after differencing, or "
        "with too many components."
    ]


def _trend_sentences(trend: TrialTrend) -> list[str]:
    if not np.isfinite(trend.p_value):
        return []
    p = p_equation(trend.p_value, trend.at_floor())
    numbers = (
        f"the residuals of {100 * trend.share:.0f} % of neurons have a slope over trials at the "
        f"5 % level, where {100 * trend.expected:.0f} % do by chance ({p})"
    )
    if trend.is_trend:
        return [f"Something drifts over trials that the model does not describe: {numbers}."]
    return [f"Nothing drifts: {numbers}."]
