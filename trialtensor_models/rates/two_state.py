"""Adaptation by a fast and a slow process: the reference of the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.parameters import check_choice, generator
from trialtensor.tracking import TwoRateFit, two_rate_fit
from trialtensor.tracking.rate_models import Form
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
from trialtensor_models.rates.theory_specs import SERIAL, TWO_STATE
from trialtensor_models.sessions import Schedule


@dataclass(frozen=True, eq=False, repr=False)
class TwoStateTrace(RateTrace):
    """Adaptation of a two-state model trial by trial, in the unit of the perturbation.

    Attributes
    ----------
    fast, slow : (n_trials,) arrays
        The two states during each trial, before they learn from its error.
    output, error, shown, perturbation, epoch, block : (n_trials,) arrays
        As of `RateTrace`; the output is the sum of the states, the fast one scaled where the
        schedule scales the cerebellum.
    """

    fast: np.ndarray
    slow: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TwoStateModel:
    """Adaptation as the sum of a state that learns fast and one that retains well.

    On each trial ``e = p - (x_f + x_s)``, then ``x_f <- A_f x_f + B_f e``. The slow state learns
    from the same error, ``x_s <- A_s x_s + B_s e`` (parallel), or from what the fast one does,
    ``x_s <- A_s x_s + B_s x_f`` (serial).

    Parameters
    ----------
    A_f, A_s : float in [0, 1]
        What the fast and the slow state retain from one trial to the next.
    B_f, B_s : float, not negative
        What they learn from the error of a trial, or from the fast state.
    form : {"parallel", "serial"}
    found : TwoRateFit or TheoryFit, optional
        The fit that the parameters come from, with their intervals; see `fit`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Notes
    -----
    Unperturbed, the forms can't be told apart by behaviour: the serial one with ``B_s = .04`` does
    what the parallel one with ``B_s = .0209, B_f = .1891`` does. A block of the cerebellum tells:
    it stops the slow state from learning in the serial form only.

    References
    ----------
    Smith, Ghazizadeh & Shadmehr (2006), "Interacting adaptive processes with different timescales
    underlie short-term motor learning", PLoS Biology 4(6): e179.

    Examples
    --------
    >>> import numpy as np
    >>> trace = TwoStateModel().simulate(np.ones(160))
    >>> float(trace.output[159].round(2))
    0.74
    >>> share = trace.slow[159] / trace.output[159]
    >>> float(share.round(2))
    0.82

    Spontaneous recovery in an error clamp:

    >>> schedule = Schedule().rotate(30, 160).rotate(-30, until="zero").clamp(80)
    >>> trace = TwoStateModel().simulate(schedule)
    >>> clamp = trace.output[trace.epoch == "clamp"]
    >>> int(clamp.argmax()), float((clamp.max() / trace.output[159]).round(2))
    (8, 0.57)
    """

    A_f: float = 0.59
    B_f: float = 0.21
    A_s: float = 0.992
    B_s: float = 0.02
    form: Form = "parallel"
    found: TwoRateFit | TheoryFit | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_rates(self)
        check_choice("form", self.form, ("parallel", "serial"))

    @classmethod
    def fit(
        cls,
        y: ArrayLike | Behaviour,
        perturbation: ArrayLike | None = None,
        *,
        form: Form = "parallel",
        **options: Any,
    ) -> TwoStateModel:
        """Fit the model to behaviour by maximum likelihood.

        Parameters
        ----------
        y : (n_trials,) or (n_subjects, n_trials) array, or Behaviour
            Adaptation, with the sign of the perturbation.
        perturbation : (n_trials,) array, optional
            In the same unit; NaN is an error clamp. Needed unless `y` is a `Behaviour`.
        form : {"parallel", "serial"}
        **options
            Of `trialtensor.tracking.two_rate_fit`, which this calls; of
            `fit_theory` for a `Behaviour`.

        Returns
        -------
        TwoStateModel
            Its attribute ``found`` holds the intervals of its parameters.

        Examples
        --------
        >>> import numpy as np
        >>> schedule = Schedule().rotate(1, 100).rotate(-1, 12).clamp(40)
        >>> trace = TwoStateModel(B_f=0.3).simulate(schedule, noise=0.03, random_state=0)
        >>> model = TwoStateModel.fit(trace.shown, trace.perturbation)
        >>> low, high = model.found.intervals["B_f"]
        >>> bool(low < 0.3 < high)
        True
        """
        found: TwoRateFit | TheoryFit
        if isinstance(y, Behaviour):
            refuse_perturbation(perturbation)
            check_choice("form", form, ("parallel", "serial"))
            found = fit_theory(TWO_STATE if form == "parallel" else SERIAL, y, **options)
        else:
            found = two_rate_fit(y, need_perturbation(perturbation), form=form, **options)
        rates = {name: found.parameters[name] for name in ("A_f", "B_f", "A_s", "B_s")}
        return cls(form=form, found=found, **rates)

    def simulate(
        self,
        perturbation: Schedule | pd.DataFrame | ArrayLike,
        *,
        noise: float = 0.0,
        random_state: int | np.random.Generator | None = None,
    ) -> TwoStateTrace:
        """Adapt to a schedule, starting from nothing learned.

        Parameters
        ----------
        perturbation : Schedule, DataFrame or (n_trials,) array
            The perturbation of each trial, in any unit; NaN is an error clamp, in which the error
            is held at zero. A table has a row a trial, see `TrialTable.of`. Targets of a `Schedule`
            are ignored; where it scales the cerebellum, the output of the fast state is scaled, and
            with it what the slow one is taught in the serial form.
        noise : float
            Standard deviation of the movement about the output; the next trials learn from it.
        random_state : int, Generator or None

        Returns
        -------
        TwoStateTrace

        Raises
        ------
        ValueError
            If ``perturbation`` isn't one-dimensional or is infinite somewhere, or a schedule has
            no trials or mixes rotations and force fields.

        Examples
        --------
        >>> trace = TwoStateModel().simulate([1, 1, float("nan")])
        >>> [round(value, 4) for value in trace.output.tolist()]
        [0.0, 0.23, 0.3208]
        >>> [round(value, 4) for value in trace.error.tolist()]
        [1.0, 0.77, 0.0]
        """
        check_noise(noise)
        rng = generator(random_state)
        serial = self.form == "serial"
        fast = slow = 0.0

        def learn(step: Step, record: Record) -> None:
            nonlocal fast, slow
            for _ in range(step.pause):
                slow = self.A_s * slow + (self.B_s * fast if serial else 0.0)
                fast = self.A_f * fast
            record.fast.append(fast)
            record.slow.append(slow)
            arriving = step.cerebellum * fast
            error = act(step, record, arriving + slow, noise, rng)
            if step.learns:
                slow = self.A_s * slow + self.B_s * (arriving if serial else error)
                fast = self.A_f * fast + self.B_f * error

        record = walk(perturbation, learn)
        states = {"fast": np.array(record.fast), "slow": np.array(record.slow)}
        return TwoStateTrace(**series(record), **states)
