"""Adaptation by inference of contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.data.parameters import check_number, check_whole, generator
from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.context_steps import Learner, largest, run_through
from trialtensor_models.rates.rate_checks import check_noise
from trialtensor_models.rates.rate_trace import RateTrace
from trialtensor_models.rates.theory_fits import TheoryFit, fit_theory
from trialtensor_models.rates.theory_specs import FITTED, RATES, context_spec
from trialtensor_models.sessions import Schedule


@dataclass(frozen=True, eq=False, repr=False)
class ContextTrace(RateTrace):
    """Adaptation of a context-inference model trial by trial, in the unit of the perturbation.

    Attributes
    ----------
    expected : (n_trials, n_contexts) array
        Probability of each context before the feedback of a trial: what memories are expressed by.
        Contexts are in the order in which they were met; the last column that isn't zero is that of
        a context that hasn't been met.
    states : (n_trials, n_contexts) array
        The perturbation that each context is expected to have.
    output, error, shown, perturbation, epoch, block : (n_trials,) arrays
        As of `RateTrace`.
    """

    expected: np.ndarray
    states: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ContextInference:
    """Adaptation by inferring which context it is, and what each context asks for.

    The generative model of Heald, Lengyel & Wolpert (2021): contexts follow each other by a sticky
    hierarchical Chinese restaurant process; in context j the perturbation is
    ``x_j <- retention x_j + d_j + process noise``, seen with sensory noise where it is that of the
    trial; cues are drawn from a distribution for each context. Movements are the mean of ``x`` over
    contexts, by their probabilities before the trial, plus motor noise.

    Parameters
    ----------
    retention : float in (0, 1)
    process_noise, sensory_noise : float
        Standard deviations, as shares of `scale`.
    drift : float
        Standard deviation of the drifts ``d_j`` over contexts, as a share of `scale`.
    concentration : float
        Alpha: how little past transitions say of those to come.
    new : float
        Gamma: how likely contexts are that haven't been met.
    stay : float in [0, 1)
        Rho: the share of alpha + kappa that is for staying in a context.
    cue_concentration : float
        Alpha of the cues.
    n_contexts : int
        The largest number of contexts.
    scale : float, optional
        Size of the perturbation that noises are shares of; the largest in the schedule by default.
    found : TheoryFit, optional
        The fit that the parameters come from.

    Notes
    -----
    The defaults are those of the authors' published program, which it says are of their table S1
    (fits to averages of people's force-field adaptation); `stay` is its rho.

    Inference is an assumed-density filter, not the authors' particle learning. For each context,
    state and drift are jointly normal (exactly, if the context is known); a trial updates every
    context by the probability that it was the one, and keeps a normal distribution with the
    mean and covariance of that mixture. Transitions and cues are counted by the same probabilities.
    A new context is taken in when it is more likely than all known ones together, else it is ruled
    out. Global probabilities of contexts are those of the expected numbers of tables. Retention is
    known to the learner: its published prior has a standard deviation of .001. Cues have a common
    base distribution that is flat, not a hierarchical one.

    References
    ----------
    Heald, Lengyel & Wolpert (2021), "Contextual inference underlies the learning of sensorimotor
    repertoires", Nature 600: 489-493.

    Examples
    --------
    People relearn faster after a long washout, and so does this:

    >>> schedule = Schedule().baseline(20).rotate(30, 100).washout(200).rotate(30, 20)
    >>> trace = ContextInference().simulate(schedule)
    >>> first, again = (trace.output[trace.block == block][:10].mean() for block in (1, 3))
    >>> bool(again > 1.5 * first)
    True
    """

    retention: float = 0.9425
    process_noise: float = 0.0089
    sensory_noise: float = 0.03
    drift: float = 8.18e-4
    concentration: float = 8.955
    new: float = 0.1
    stay: float = 0.2501
    cue_concentration: float = 25.0
    n_contexts: int = 6
    scale: float | None = None
    found: TheoryFit | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in RATES:
            above = None if name == "stay" else 0.0
            below = 1.0 if name in ("retention", "stay") else None
            least = 0.0 if name == "stay" else None
            check_number(name, getattr(self, name), above=above, below=below, least=least)
        check_whole("n_contexts", self.n_contexts, 1, 50)
        if self.scale is not None:
            check_number("scale", self.scale, above=0)

    @property
    def rates(self) -> np.ndarray:
        """Parameters in the order of the kernel, (8,)."""
        return np.array([getattr(self, name) for name in RATES], dtype=float)

    @classmethod
    def fit(
        cls,
        behaviour: Behaviour,
        *,
        free: Sequence[str] = FITTED,
        level: float = 0.95,
        **options: Any,
    ) -> ContextInference:
        """Fit the model to behaviour by maximum likelihood.

        Parameters
        ----------
        behaviour : Behaviour
        free : sequence of str
            Parameters to fit; the others keep their defaults. Sensory noise isn't among them,
            because only the ratios of noises show where perturbations are much larger, nor are
            `new` and `cue_concentration`, of which one schedule says too little.
        level : float
            Of the intervals.
        **options
            Of `fit_theory`.

        Returns
        -------
        ContextInference
            Its attribute ``found`` holds the intervals.
        """
        found = fit_theory(context_spec(free), behaviour, level=level, **options)
        fitted: dict[str, Any] = dict(found.parameters)
        return cls(**fitted, scale=found.scale, found=found)

    def simulate(
        self,
        perturbation: Schedule | pd.DataFrame | ArrayLike,
        *,
        noise: float = 0.0,
        feedback_noise: float | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> ContextTrace:
        """Adapt to a schedule, starting in one context of which nothing is known.

        Parameters
        ----------
        perturbation : Schedule, DataFrame or (n_trials,) array
            See `TrialTable.of`; contexts of blocks, or the column context, are the sensory cues.
        noise : float
            Standard deviation of the movement about the output, in the unit of the perturbation. It
            isn't learned from.
        feedback_noise : float, optional
            Standard deviation of the perturbation as it is seen, in the same unit; by default that
            of the parameters where ``noise`` isn't zero, and else 0.
        random_state : int, Generator or None

        Returns
        -------
        ContextTrace

        Raises
        ------
        ValueError
            As `TwoStateModel.simulate`; and for schedules that scale the cerebellum, which this
            theory says nothing of.
        """
        check_noise(noise)
        if feedback_noise is not None:
            check_number("feedback_noise", feedback_noise, least=0)
        scale = self.scale if self.scale is not None else largest(perturbation)
        if feedback_noise is None:
            feedback_noise = self.sensory_noise * scale if noise else 0.0
        learner = Learner(self.rates, self.n_contexts, scale, feedback_noise, noise)
        return ContextTrace(**run_through(learner, perturbation, generator(random_state)))
