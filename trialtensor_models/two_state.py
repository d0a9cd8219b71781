"""Two-state adaptation: a fast and a slow process that learn from the same error."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class TwoStateTrace:
    """What a two-state model did, trial by trial; all in the unit of the perturbation.

    Attributes
    ----------
    fast, slow : (n_trials,) arrays
        The two states during each trial, before they learn from its error.
    output : (n_trials,) array
        Their sum: the adaptation shown in each trial.
    error : (n_trials,) array
        ``perturbation - output``; 0 in an error clamp.
    """

    fast: np.ndarray
    slow: np.ndarray
    output: np.ndarray
    error: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TwoStateModel:
    """Adaptation as the sum of a state that learns fast and one that retains well.

    On each trial ``e = p - (x_f + x_s)``, then ``x_f <- A_f x_f + B_f e`` and
    ``x_s <- A_s x_s + B_s e``: the parallel form.

    Parameters
    ----------
    A_f, A_s : float in [0, 1]
        What the fast and the slow state retain from one trial to the next.
    B_f, B_s : float, not negative
        What they learn from the error of a trial.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

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
    """

    A_f: float = 0.59
    B_f: float = 0.21
    A_s: float = 0.992
    B_s: float = 0.02

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            top = 1 if field.name.startswith("A") else np.inf
            number = isinstance(value, int | float | np.number)
            if not number or not 0 <= value <= top or np.isinf(value):
                needed = "a number from 0 to 1" if top == 1 else "a number of at least 0"
                raise ValueError(f"{field.name}: expected {needed}, got {value!r}")

    def simulate(self, perturbation: ArrayLike) -> TwoStateTrace:
        """Adapt to a schedule, starting from nothing learned.

        Parameters
        ----------
        perturbation : (n_trials,) array
            The perturbation of each trial, in any unit; NaN is an error clamp, in which the error
            is held at zero.

        Returns
        -------
        TwoStateTrace

        Raises
        ------
        ValueError
            If ``perturbation`` isn't one-dimensional or is infinite somewhere.

        Examples
        --------
        >>> trace = TwoStateModel().simulate([1, 1, float("nan")])
        >>> [round(value, 4) for value in trace.output.tolist()]
        [0.0, 0.23, 0.3208]
        >>> [round(value, 4) for value in trace.error.tolist()]
        [1.0, 0.77, 0.0]
        """
        schedule = np.asarray(perturbation, dtype=float)
        if schedule.ndim != 1:
            raise ValueError(f"perturbation: expected (n_trials,), got shape {schedule.shape}")
        if np.isinf(schedule).any():
            first = int(np.flatnonzero(np.isinf(schedule))[0])
            raise ValueError(f"perturbation: trial {first} is infinite, expected numbers or NaN")
        return self._run(schedule)

    def _run(self, schedule: np.ndarray) -> TwoStateTrace:
        fast, slow, error = (np.zeros(len(schedule)) for _ in range(3))
        x_f = x_s = 0.0
        for trial, target in enumerate(schedule):
            fast[trial], slow[trial] = x_f, x_s
            e = 0.0 if np.isnan(target) else target - (x_f + x_s)
            error[trial] = e
            x_f = self.A_f * x_f + self.B_f * e
            x_s = self.A_s * x_s + self.B_s * e
        return TwoStateTrace(fast=fast, slow=slow, output=fast + slow, error=error)
