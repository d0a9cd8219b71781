"""Results of solvers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np

# One for each axis, in the order of axes.
Factors = tuple[np.ndarray, ...]
# The arrays that a solver updates: factors, three loadings, or loadings and slices.
Arrays = TypeVar("Arrays", bound=tuple[np.ndarray, ...])
# The model that a solver returns: such arrays, or an object made of them.
Model = TypeVar("Model")
Other = TypeVar("Other")


class StopReason(StrEnum):
    """Reason for which a solver stopped; ``advice`` says what to do about it."""

    CONVERGED = "converged"
    EXACT = "exact"
    DEGENERATE = "degenerate"
    MAX_ITER = "max_iter"
    INTERRUPTED = "interrupted"
    GIVEN = "given"

    @property
    def advice(self) -> str:
        """Advice for the user."""
        return _ADVICE[self]


_ADVICE = {
    StopReason.CONVERGED: "The loss has stopped falling; nothing to do.",
    StopReason.EXACT: "The model reproduces the data to rounding error; fewer components may do.",
    StopReason.DEGENERATE: (
        "Two components cancel each other: they are large and opposite, only their sum means "
        "anything, and further sweeps make them larger still. Use fewer components, nonnegative "
        "factors where the data allow it, or couple what shares components (CoupledTCA)."
    ),
    StopReason.MAX_ITER: (
        "The loss was still falling when max_iter was reached: raise max_iter, or use fewer "
        "components if two of them cancel each other."
    ),
    StopReason.INTERRUPTED: (
        "The fit was interrupted; the best result so far was kept. Fit again to convergence "
        "before interpreting the components."
    ),
    StopReason.GIVEN: "The factors were given, not fitted; how well they fit is unknown.",
}


@dataclass(frozen=True)
class SolverResult(Generic[Model]):
    """A fitted model and the record of its fit.

    Attributes
    ----------
    factors : tuple of arrays
        The fitted model, as documented by its solver.
    loss : float
        Sum of squared errors over the observed entries.
    loss_history : (n_accepted_sweeps,) array
        The loss after each accepted sweep; it never rises.
    n_iter : int
        Number of sweeps, including rejected ones.
    stop_reason : StopReason
    """

    factors: Model
    loss: float
    loss_history: np.ndarray
    n_iter: int
    stop_reason: StopReason

    def with_factors(self, factors: Other) -> SolverResult[Other]:
        """Return the same result with its model in another form.

        Parameters
        ----------
        factors : Other
            The model in its new form.
        """
        return SolverResult(factors, self.loss, self.loss_history, self.n_iter, self.stop_reason)
