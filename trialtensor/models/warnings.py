"""Warnings raised by fits."""

from __future__ import annotations

from sklearn.exceptions import ConvergenceWarning

from trialtensor.data.notices import warn
from trialtensor.models.fitted import Fitted
from trialtensor.models.split_components import about_splits
from trialtensor.models.undetermined import findings
from trialtensor.models.verdict import advice, cancellation, is_degenerate
from trialtensor.solvers.result import StopReason


class DegeneracyWarning(UserWarning):
    """Components can't be trusted: two cancel each other, or some are zero."""


class MissingSliceWarning(UserWarning):
    """A whole trial, neuron or time bin has no data; its factor row is NaN."""


class UndeterminedWarning(UserWarning):
    """The observed entries don't determine what the model says about the missing ones."""


class SplitComponentWarning(UserWarning):
    """Components that look private to a dataset may be parts of a shared one."""


class InterruptedFitWarning(UserWarning):
    """The fit was interrupted; the model holds the best result so far."""


def warn_of(fitted: Fitted) -> None:
    """Warn about problems to know of before interpreting a fit."""
    reason = fitted.record.stop_reason
    if reason is StopReason.INTERRUPTED:
        warn(reason.advice, InterruptedFitWarning)
    elif reason is StopReason.MAX_ITER:
        warn(reason.advice, ConvergenceWarning)
    if fitted.n_zero:
        warn(_about_zeros(fitted), DegeneracyWarning)
    if is_degenerate(fitted):
        warn(advice(fitted), DegeneracyWarning)
    elif cancellation(fitted):
        warn(cancellation(fitted), DegeneracyWarning)
    for finding in findings(fitted):
        warn(finding, UndeterminedWarning)
    if about_splits(fitted):
        warn(about_splits(fitted), SplitComponentWarning)


def _about_zeros(fitted: Fitted) -> str:
    """Say why components may be zero: the ridge, where much is missing, or a constraint."""
    ridge = fitted.number("missing_noise_share") >= 0
    return (
        f"{fitted.n_zero} of {len(fitted.components)} components are zero"
        + (", and the observed entries may not determine so many" if ridge else "")
        + ": use fewer components, or none that must be non-negative where the data is below zero"
    )
