"""The result of a permutation test of components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.shown import OneLine, is_least


@dataclass(frozen=True, eq=False, repr=False)
class ComponentTest(OneLine):
    """Components compared with the largest in surrogate data.

    Attributes
    ----------
    kind : str
        The null.
    statistic : (R,) array
        Fraction of the data's sum of squares that a component explains in the structure that the
        null destroys, see :func:`component_test`; NaN for components that the null leaves intact.
        Components are in the order of the model (SliceTCA: trial-, neuron-, time-slicing).
    null : (n_permutations,) array
        The largest statistic in each surrogate.
    p_values : (R,) array
        Corrected for the number of components: the chance that data without shared structure has
        any component as large.
    """

    kind: str
    statistic: np.ndarray
    null: np.ndarray
    p_values: np.ndarray

    @property
    def least_p(self) -> float:
        """Smallest p-value that the number of surrogates allows, ``1 / (n_permutations + 1)``."""
        return 1 / (len(self.null) + 1)

    def at_floor(self, name: str = "p_values") -> np.ndarray:
        """Return which p-values are the smallest possible, (R,) bools."""
        return np.asarray(is_least(self.p_values, self.least_p))

    def significant(self, alpha: float = 0.05) -> np.ndarray:
        """Return which components are significant, (R,) bools.

        Parameters
        ----------
        alpha : float
            Chance that any component is significant if there is no shared structure.

        Raises
        ------
        ValueError
            If ``alpha`` is below the smallest p-value that the surrogates allow.
        """
        least = self.least_p
        # Rounding must not forbid 0.05 with 19 surrogates.
        if not least * (1 - 1e-9) <= alpha < 1:
            raise ValueError(
                f"alpha: expected at least {least:.3g}, the smallest p-value with "
                f"{len(self.null)} surrogates, and less than 1, got {alpha!r}"
            )
        return self.p_values <= alpha * (1 + 1e-9)
