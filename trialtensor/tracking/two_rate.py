"""The two-rate model of motor adaptation, and its one-rate control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trialtensor.data.arrays import as_floats
from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_choice, check_flag
from trialtensor.tracking.rate_models import ONE_RATE, TWO_RATE, Form, RateModel
from trialtensor.tracking.rate_observed import Observed


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RateFit(OneLine):
    """Result of a fit of adaptation.

    Attributes
    ----------
    parameters : dict of float
        By name; with ``scale`` and ``offset`` if they were fitted.
    intervals : dict of (float, float)
        Lower and upper end for every one of the parameters, at `level`.
    scale : float
        What `output` was multiplied by to give `predicted`: fitted, or as it was given.
    scale_known : bool
        Whether it was given; if not, ``intervals`` has one for it.
    output : (n_trials,) array
        Adaptation in the unit of the perturbation: the sum of the states.
    predicted : (n_trials,) array
        Expected observations: ``scale * output + offset``.
    noise : float
        Standard deviation of an observation about `predicted`.
    log_likelihood, bic : float
        The criterion counts the parameters and the noise; smaller is better.
    rebound : float
        Spontaneous recovery of `output` in an error clamp, as a share of the adaptation before: how
        far it rises, past zero, towards what was learned. NaN if no clamp follows adaptation.
    n_observations : int
    level : float
    """

    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    scale: float
    scale_known: bool
    output: np.ndarray
    predicted: np.ndarray
    noise: float
    log_likelihood: float
    bic: float
    rebound: float
    n_observations: int
    level: float

    @property
    def _model(self) -> RateModel:
        raise NotImplementedError

    def predict(self, perturbation: ArrayLike) -> np.ndarray:
        """Predict observations in another schedule with these parameters, (n_trials,).

        Parameters
        ----------
        perturbation : (n_trials,) array
            In the unit of the one that was fitted; NaN is an error clamp.

        Examples
        --------
        >>> found = one_rate_fit(1 - 0.8 ** np.arange(20), np.ones(20))
        >>> found.predict([1, 1, np.nan]).round(2).tolist()
        [0.0, 0.2, 0.36]
        """
        schedule = as_floats(perturbation, "perturbation")
        if schedule.ndim != 1:
            raise ValueError(f"perturbation: expected (n_trials,), got shape {schedule.shape}")
        values = {name: np.asarray(value) for name, value in self.parameters.items()}
        output = self._model.states(values, schedule).sum(axis=0)
        return self.scale * output + self.parameters.get("offset", 0.0)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class OneRateFit(RateFit):
    """One state: ``x <- A x + B e``. Parameters ``A``, ``B``."""

    @property
    def _model(self) -> RateModel:
        return ONE_RATE


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TwoRateFit(RateFit):
    """A fast and a slow state. Parameters ``A_f``, ``B_f``, ``A_s``, ``B_s``.

    Attributes
    ----------
    fast, slow : (n_trials,) arrays
        The states during each trial, in the unit of the perturbation.
    form : str
        ``"parallel"`` or ``"serial"``.
    """

    fast: np.ndarray
    slow: np.ndarray
    form: Form

    @property
    def _model(self) -> RateModel:
        return TWO_RATE[self.form]


def two_rate_fit(
    y: ArrayLike,
    perturbation: ArrayLike,
    *,
    form: Form = "parallel",
    scale: bool | float = False,
    offset: bool = False,
    level: float = 0.95,
) -> TwoRateFit:
    """Fit adaptation by a fast and a slow state, by maximum likelihood.

    In trial k the error is ``e = p - (x_f + x_s)``, or 0 in an error clamp, and the states become
    ``A_f x_f + B_f e`` and ``A_s x_s + B_s e`` (parallel), or ``A_s x_s + B_s x_f`` (serial: the
    slow state learns from the fast one). The observation is ``x_f + x_s`` plus normal noise, with
    0 <= A_f <= A_s <= 1 and 0 <= B_s <= B_f <= 1.

    Parameters
    ----------
    y : (n_trials,) or (n_subjects, n_trials) array
        Adaptation of each trial, with the sign of the perturbation: hand angles that oppose a
        rotation of the cursor must be negated (or the rotation must). NaN is a missing trial.
        Subjects share their parameters; you can pass their mean, ``nanmean(y, axis=0)``,
        instead.
    perturbation : (n_trials,) array
        In the same unit; NaN is an error clamp.
    form : {"parallel", "serial"}
    scale : bool or float
        True to fit the scale in ``y = scale * (x_f + x_s) + offset``, as for the trial factor of a
        component, which has other units than the perturbation; it may be negative. Without a clamp
        or a washout, it can't be separated from the learning rates, and the intervals are wide.
        So for behaviour in the unit of the perturbation give the number that it is: 1, the same as
        False, or -1 where `y` opposes the perturbation.
    offset : bool
        Fit the offset as well.
    level : float
        Of the intervals.

    Returns
    -------
    TwoRateFit

    Raises
    ------
    ValueError
        For arrays that don't fit each other, schedules without a perturbation, too few trials.

    Warns
    -----
    UserWarning
        If `y` opposes the perturbation, so that nothing can be fitted.

    Notes
    -----
    One series: intervals are from the profile likelihood, and valid if its noise is independent
    from trial to trial. Subjects: intervals are from the jackknife over subjects, on a logit scale,
    and valid for the population mean; at least 5 subjects are needed. (If subjects differ, the
    parameters of a mean aren't the mean of the parameters.)

    The two forms are the same linear system in other coordinates, so behaviour alone can't
    distinguish them: ``B_s`` of the parallel form is ``B_f B_s / (A_s - A_f)`` of the serial one,
    and both sums of ``B`` agree. Their fits differ only at a bound.

    References
    ----------
    Smith, Ghazizadeh & Shadmehr 2006, PLoS Biology 4(6): e179, for the model; Albert & Shadmehr
    2018, Journal of Neurophysiology 119: 1367-1393, on fitting it.

    Examples
    --------
    >>> from trialtensor.tracking.rate_models import two_states
    >>> p = np.r_[np.zeros(10), np.ones(120), -np.ones(10), np.full(40, np.nan)]
    >>> planted = {"A_f": 0.6, "B_f": 0.2, "A_s": 0.99, "B_s": 0.03}
    >>> y = two_states(planted, p, "parallel").sum(axis=0)
    >>> y += 0.02 * np.random.default_rng(0).standard_normal(180)
    >>> found = two_rate_fit(y, p)
    >>> all(low < planted[name] < high for name, (low, high) in found.intervals.items())
    True
    >>> found.bic < one_rate_fit(y, p).bic
    True
    """
    check_choice("form", form, TWO_RATE), check_flag("offset", offset)
    observed = Observed(y, perturbation, TWO_RATE[form], scale, offset, level)
    best = observed.best()
    fast, slow = observed.in_unit(best)
    return TwoRateFit(fast=fast, slow=slow, form=form, **observed.summary(best))


def one_rate_fit(
    y: ArrayLike,
    perturbation: ArrayLike,
    *,
    scale: bool | float = False,
    offset: bool = False,
    level: float = 0.95,
) -> OneRateFit:
    """Fit adaptation by a single state, ``x <- A x + B e``: the control of `two_rate_fit`.

    Parameters
    ----------
    y, perturbation, scale, offset, level : as for `two_rate_fit`

    Returns
    -------
    OneRateFit
        Intervals and errors are those of `two_rate_fit`, with 0 <= A, B <= 1.

    Examples
    --------
    >>> p = np.r_[np.zeros(10), np.ones(60), np.full(20, np.nan)]
    >>> y = np.r_[np.zeros(10), 0.8 * (1 - 0.75 ** np.arange(60)), 0.8 * 0.95 ** np.arange(20)]
    >>> found = one_rate_fit(y, p)
    >>> round(found.parameters["A"], 3), round(found.parameters["B"], 3)
    (0.95, 0.2)
    """
    check_flag("offset", offset)
    observed = Observed(y, perturbation, ONE_RATE, scale, offset, level)
    return OneRateFit(**observed.summary(observed.best()))
