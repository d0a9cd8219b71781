"""Aligning restarts with the best one, and measuring their similarity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.fitted import Restart
from trialtensor.solvers import canonical, matching
from trialtensor.solvers.result import Factors
from trialtensor.solvers.runs import RestartResult


def as_restart(
    found: RestartResult[Any],
    loss: float,
    norm2: float,
    similarity: float,
    factors: tuple[np.ndarray, ...],
    weights: np.ndarray,
    axes: tuple[str, ...] = AXES,
    *,
    joint: bool = True,
    origin: int | None = None,
) -> Restart:
    """Record one restart; see :class:`~trialtensor.models.fitted.Restart` for the arguments."""
    return Restart(
        seed=found.seed,
        loss=loss,
        explained_variance=1 - loss / norm2,
        similarity=similarity,
        stop_reason=found.result.stop_reason,
        n_iter=found.result.n_iter,
        factors=factors,
        weights=weights,
        on_full_data=found.on_full_data,
        axes=axes,
        joint=joint,
        origin=origin,
    )


def origins(found: Sequence[RestartResult[Any]]) -> list[int | None]:
    """Number the places where several restarts began; None for those that began alone.

    Parameters
    ----------
    found : list of RestartResult

    Examples
    --------
    >>> from types import SimpleNamespace as Result
    >>> origins([Result(origin=each) for each in ("svd", None, "svd", (0, 1))])
    [0, None, 0, None]
    """
    places = [each.origin for each in found]
    shared = [place for place in dict.fromkeys(places) if places.count(place) > 1]
    numbers = {place: i for i, place in enumerate(each for each in shared if each is not None)}
    return [numbers.get(place) for place in places]


def aligned_restarts(
    found: Sequence[RestartResult[Any]],
    best: Factors | None,
    loss: float,
    norm2: float,
    *,
    units: Callable[[Any], tuple[Factors, np.ndarray]] | None = None,
    expand: Callable[[Factors], Factors] | None = None,
    axes: tuple[str, ...] = AXES,
) -> list[Restart]:
    """Record restarts with their components in the order and with the signs of the best one.

    Parameters
    ----------
    found : list of RestartResult
        Best first.
    best : (n_axis, R) arrays, or None
        What to align to; None for the first of ``found``.
    loss, norm2 : float
        Loss of the best, and the sum of squares of the data.
    units : callable, optional
        From what the solver returned to factors of unit norm and their scale; by default
        those factors are what it returned.
    expand : callable, optional
        From aligned factors to those of all trials, neurons and times.
    axes : tuple of str
        What the factors are of.
    """
    restarts: list[Restart] = []
    for restart, origin in zip(found, origins(found), strict=True):
        unit, norms = (units or unit_factors)(restart.result.factors)
        best = unit if best is None else best
        order, _ = matching.match_components(best, unit)
        aligned, similarity = matching.align_to(best, unit)
        # The best has been solved for once more, the others have not.
        own = max(restart.result.loss, loss) if restarts else loss
        whole = aligned if expand is None else expand(aligned)
        restarts.append(
            as_restart(restart, own, norm2, similarity, whole, norms[order], axes, origin=origin)
        )
    return restarts


def unit_factors(factors: Factors) -> tuple[Factors, np.ndarray]:
    """Scale the columns of factors to norm 1; also return the product of their norms."""
    pairs = [canonical.unit_columns(factor) for factor in factors]
    norms = np.prod([norms for _, norms in pairs], axis=0)
    return tuple(unit for unit, _ in pairs), norms
