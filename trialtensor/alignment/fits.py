"""Components of separate fits, matched by the factors that they have in common."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.solvers.matching import cosines

_AXES = ("trial", "neuron", "time")


@dataclass(frozen=True, eq=False)
class Alignment:
    """Components of several fits beside those of a reference.

    Attributes
    ----------
    order : (n_fits, R) int array
        Component ``order[i, r]`` of fit ``i`` belongs to component ``r`` of the reference; -1 if
        none is left.
    congruence : (n_fits, R) array
        Product of the absolute cosines of the factors that were compared, 0 to 1; NaN without
        a partner.
    chance : (n_fits, R) array
        The same with unrelated factors of the same shape and smoothness in place of the fit's: the
        95th percentile of what matching finds by chance.
    signs : dict of (n_fits, R) int arrays
        By axis: +1, or -1 where the factor points the other way than that of the reference.
    axes : tuple of str
        What was compared.
    """

    order: np.ndarray
    congruence: np.ndarray
    chance: np.ndarray
    signs: dict[str, np.ndarray]
    axes: tuple[str, ...]

    @property
    def matched(self) -> np.ndarray:
        """Where a component matches better than unrelated ones would, (n_fits, R) bools."""
        return np.nan_to_num(self.congruence, nan=-1.0) > self.chance


def match_fits(
    fits: Sequence[Any],
    *,
    axes: str | Sequence[str] = "time",
    reference: int = 0,
    n_null: int = 200,
    random_state: Any = 0,
) -> Alignment:
    """Match the components of separate fits.

    Parameters
    ----------
    fits : sequence of fitted models
        With ``trial_factors_``, ``neuron_factors_``, ``time_factors_`` for the axes compared. They
        may have different numbers of components.
    axes : name or names among "trial", "neuron", "time", default "time"
        What the fits have in common: times for sessions or animals, trials for regions recorded
        together, neurons for sessions with the same cells.
    reference : int, default 0
        The fit whose components the others are compared with.
    n_null : int, default 200
        Unrelated factors to estimate chance from.
    random_state : int or Generator

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        For an axis that is none or whose lengths differ, and fewer than two fits.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(60, 40, 50, 3, snr=10.0, random_state=0).X
    >>> early, late = (TCA(3, random_state=0).fit(part) for part in (X[:30], X[30:]))
    >>> match_fits([early, late], axes=("neuron", "time")).matched.all()
    np.True_
    """
    names = (axes,) if isinstance(axes, str) else tuple(axes)
    unknown = [name for name in names if name not in _AXES]
    if unknown or not names:
        raise ValueError(f"axes: expected names among {_AXES}, got {axes!r}")
    if len(fits) < 2:
        raise ValueError(f"fits: expected at least 2 models to match, got {len(fits)}")
    if not isinstance(reference, numbers.Integral) or not 0 <= reference < len(fits):
        raise ValueError(f"reference: expected 0 to {len(fits) - 1}, got {reference!r}")
    factors = [[_factor(fit, i, name) for name in names] for i, fit in enumerate(fits)]
    ours = factors[int(reference)]
    rng = np.random.default_rng(random_state)
    shape = (len(fits), ours[0].shape[1])
    order, congruence = np.full(shape, -1), np.full(shape, np.nan)
    chance = np.zeros(shape)
    signs = {name: np.ones(shape, int) for name in names}
    for i, theirs in enumerate(factors):
        products = _cosines(ours, theirs, names)
        total = np.prod(np.abs(products), axis=0)
        rows, columns = linear_sum_assignment(total, maximize=True)
        order[i, rows], congruence[i, rows] = columns, total[rows, columns]
        for name, each in zip(names, products, strict=True):
            signs[name][i, rows] = np.where(each[rows, columns] < 0, -1, 1)
        draws = np.zeros((max(n_null, 1), shape[1]))
        for k in range(n_null):
            unrelated = [_unrelated(f, name, rng) for f, name in zip(theirs, names, strict=True)]
            other = np.prod(np.abs(_cosines(ours, unrelated, names)), axis=0)
            rows, columns = linear_sum_assignment(other, maximize=True)
            draws[k, rows] = other[rows, columns]
        chance[i] = np.quantile(draws, 0.95, axis=0)
    return Alignment(order, congruence, chance, signs, names)


def _factor(fit: Any, i: int, name: str) -> np.ndarray:
    factor = getattr(fit, f"{name}_factors_", None)
    if factor is None or np.ndim(factor) != 2:
        raise ValueError(
            f"fits: number {i} ({type(fit).__name__}) has no single {name} factor matrix to compare"
        )
    return np.asarray(factor, dtype=np.float64)


def _cosines(
    ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], names: Sequence[str]
) -> np.ndarray:
    """By axis, over the rows that both know."""
    found = []
    for a, b, name in zip(ours, theirs, names, strict=True):
        if len(a) != len(b):
            raise ValueError(
                f"axes: the fits have {len(a)} and {len(b)} {name}s, which can't be compared"
            )
        seen = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
        found.append(cosines(a[seen], b[seen]))
    return np.array(found)


def _unrelated(factor: np.ndarray, name: str, rng: np.random.Generator) -> np.ndarray:
    """Columns with the same entries in other places: shuffled, or rotated where they are smooth."""
    if name == "neuron":
        return rng.permuted(factor, axis=0)
    n, rank = factor.shape
    rows = (np.arange(n)[:, None] + rng.integers(n, size=rank)) % n
    turned = np.take_along_axis(factor, rows, axis=0)
    backwards = rng.random(rank) < 0.5
    turned[:, backwards] = turned[::-1, backwards]
    return turned
