"""Adaptation by a single process: the control of the two-state model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.parameters import generator
from trialtensor.tracking import OneRateFit, one_rate_fit
from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.rate_checks import (
    check_noise,
    check_rates,
    need_perturbation,
    refuse_perturbation,
)
from trialtensor_models.rates.rate_steps import Record, Step, act, walk
from trialtensor_models.rates.rate_trace import RateTrace, series
from trialtensor_models.rates.theory_fits import TheoryFit, fit_theory
from trialtensor_models.rates.theory_specs import ONE_RATE
from trialtensor_models.sessions import Schedule


@dataclass(frozen=True, kw_only=True)
class OneStateModel:
    """Adaptation by a single state, ``x <- A x + B e``: the control of `TwoStateModel`.

    It learns and forgets, but shows no spontaneous recovery and no savings.

    Parameters
    ----------
    A : float in [0, 1]
        What is retained from one trial to the next.
    B : float, not negative
        What is learned from the error of a trial.
    found : OneRateFit or TheoryFit, optional
        The fit that the parameters come from.

    Examples
    --------
    >>> schedule = Schedule().rotate(30, 160).rotate(-30, until="zero").clamp(80)
    >>> trace = OneStateModel().simulate(schedule)
    >>> bool(trace.output[trace.epoch == "clamp"].max() <= 0)
    True
    """

    A: float = 0.97
    B: float = 0.1
    found: OneRateFit | TheoryFit | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_rates(self)

    @classmethod
    def fit(
        cls, y: ArrayLike | Behaviour, perturbation: ArrayLike | None = None, **options: Any
    ) -> OneStateModel:
        """Fit the model to behaviour by maximum likelihood.

        Parameters
        ----------
        y : (n_trials,) or (n_subjects, n_trials) array, or Behaviour
            Adaptation, with the sign of the perturbation.
        perturbation : (n_trials,) array, optional
            In the same unit; NaN is an error clamp. Needed unless `y` is a `Behaviour`.
        **options
            Of `trialtensor.tracking.one_rate_fit`, which this calls; of
            `fit_theory` for a `Behaviour`.

        Returns
        -------
        OneStateModel
        """
        found: OneRateFit | TheoryFit
        if isinstance(y, Behaviour):
            refuse_perturbation(perturbation)
            found = fit_theory(ONE_RATE, y, **options)
        else:
            found = one_rate_fit(y, need_perturbation(perturbation), **options)
        return cls(A=found.parameters["A"], B=found.parameters["B"], found=found)

    def simulate(
        self,
        perturbation: Schedule | pd.DataFrame | ArrayLike,
        *,
        noise: float = 0.0,
        random_state: int | np.random.Generator | None = None,
    ) -> RateTrace:
        """Adapt to a schedule, starting from nothing learned.

        Parameters
        ----------
        perturbation : Schedule, DataFrame or (n_trials,) array
            As in `TwoStateModel.simulate`.
        noise : float
            Standard deviation of the movement about the output; the next trials learn from it.
        random_state : int, Generator or None

        Returns
        -------
        RateTrace
        """
        check_noise(noise)
        rng = generator(random_state)
        state = 0.0

        def learn(step: Step, record: Record) -> None:
            nonlocal state
            state *= self.A**step.pause
            error = act(step, record, state, noise, rng)
            if step.learns:
                state = self.A * state + self.B * error

        return RateTrace(**series(walk(perturbation, learn)))
