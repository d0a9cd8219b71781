"""Adaptation by one fast state and a slow one for each context."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.parameters import generator
from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.rate_checks import check_noise, check_rates
from trialtensor_models.rates.rate_steps import Record, Step, act, walk
from trialtensor_models.rates.rate_trace import series
from trialtensor_models.rates.theory_fits import TheoryFit, fit_theory
from trialtensor_models.rates.theory_specs import GATED_SLOW
from trialtensor_models.rates.two_state import TwoStateTrace
from trialtensor_models.sessions import Schedule


@dataclass(frozen=True, kw_only=True)
class GatedSlowModel:
    """Adaptation as the sum of one fast state and the slow state of the context that is shown.

    ``e = p - (x_f + x_s[c])``; the fast state becomes ``A_f x_f + B_f e`` in every context, the
    slow state of this context ``A_s x_s + B_s e``, and those of the others ``A_s x_s``. Cues switch
    slow states at once and without errors.

    Parameters
    ----------
    A_f, A_s : float in [0, 1]
        What the fast and the slow states retain from one trial to the next.
    B_f, B_s : float, not negative
        What they learn from the error of a trial. The defaults are those of `TwoStateModel`
        (Smith, Ghazizadeh & Shadmehr 2006), not values fitted to dual adaptation.
    found : TheoryFit, optional
        The fit that the parameters come from.

    Notes
    -----
    Without cues, or with a single one, this is `TwoStateModel`: only behaviour in several contexts
    tells them apart.

    References
    ----------
    Lee & Schweighofer (2009), "Dual adaptation supports a parallel architecture of motor memory",
    Journal of Neuroscience 29(33): 10396-10404.

    Examples
    --------
    Opposite perturbations in turns: learned where cues tell them apart.

    >>> table = pd.DataFrame({"perturbation": [1, -1] * 200, "context": ["left", "right"] * 200})
    >>> GatedSlowModel().simulate(table).output[-2:].round(2).tolist()
    [0.53, -0.53]
    >>> GatedSlowModel().simulate(table["perturbation"]).output[-2:].round(2).tolist()
    [-0.17, 0.17]
    """

    A_f: float = 0.59
    B_f: float = 0.21
    A_s: float = 0.992
    B_s: float = 0.02
    found: TheoryFit | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_rates(self)

    @classmethod
    def fit(cls, behaviour: Behaviour, *, level: float = 0.95, **options: Any) -> GatedSlowModel:
        """Fit the model to behaviour by maximum likelihood.

        Parameters
        ----------
        behaviour : Behaviour
        level : float
            Of the intervals.
        **options
            Of `fit_theory`.

        Returns
        -------
        GatedSlowModel
            Its attribute ``found`` holds the intervals of its parameters.
        """
        found = fit_theory(GATED_SLOW, behaviour, level=level, **options)
        return cls(**found.parameters, found=found)

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
            See `TrialTable.of`; the context of a block, or the column context, gates the slow
            states.
        noise : float
            Standard deviation of the movement about the output; the next trials learn from it.
        random_state : int, Generator or None

        Returns
        -------
        TwoStateTrace
            Its slow state is that of the context of each trial.
        """
        check_noise(noise)
        rng = generator(random_state)
        fast, slow = 0.0, {"": 0.0}

        def learn(step: Step, record: Record) -> None:
            nonlocal fast
            fast *= self.A_f**step.pause
            slow.setdefault(step.cue, 0.0)
            for cue in slow:
                slow[cue] *= self.A_s**step.pause
            record.fast.append(fast)
            record.slow.append(slow[step.cue])
            error = act(step, record, step.cerebellum * fast + slow[step.cue], noise, rng)
            if step.learns:
                for cue in slow:
                    slow[cue] *= self.A_s
                slow[step.cue] += self.B_s * error
                fast = self.A_f * fast + self.B_f * error

        record = walk(perturbation, learn)
        states = {"fast": np.array(record.fast), "slow": np.array(record.slow)}
        return TwoStateTrace(**series(record), **states)
