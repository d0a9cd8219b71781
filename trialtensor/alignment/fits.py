"""Matching the components of separate fits by the factors they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.alignment.factors import (
    AxisMatrix,
    axis_matrices,
    check_fitted,
    likeness,
    unrelated,
)
from trialtensor.data.axes import AXES
from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import REPEATS, check_whole, generator
from trialtensor.solvers.matching import cosines


@dataclass(frozen=True, eq=False, repr=False)
class Alignment(OneLine):
    """Components of several fits matched to those of a reference.

    Attributes
    ----------
    order : (n_fits, R) int array
        Component ``order[i, r]`` of fit ``i`` belongs to component ``r`` of the reference; -1 if
        none is left.
    congruence : (n_fits, R) array
        Product of the absolute cosines of the factors that were compared, 0 to 1; NaN without
        a partner.
    chance : (n_fits, R) array
        The same with unrelated factors of the same shape and smoothness in place of the fit's:
        the 95th percentile of chance matches.
    signs : dict of (n_fits, R) int arrays
        By axis: +1, or -1 if the factor points in the opposite direction to the reference's; the
        product of both if a kind has two factors of an axis.
    axes : tuple of str
        The axes compared.
    """

    order: np.ndarray
    congruence: np.ndarray
    chance: np.ndarray
    signs: dict[str, np.ndarray]
    axes: tuple[str, ...]

    @property
    def matched(self) -> np.ndarray:
        """True where a component matches better than unrelated ones would, (n_fits, R) bools."""
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
        Of one or several kinds, with any numbers of components. Factors of blocks or datasets are
        compared for those that both fits have. SliceTCA, whose components can be rotated into each
        other, is refused.
    axes : name or names among "trial", "neuron", "time", default "time"
        Axes that the fits share: times for sessions or animals, trials for regions recorded
        together, neurons for sessions with the same cells. Dynamics have two factors of neurons,
        which are both compared.
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
        For an unknown axis, an axis that a fit has no factors of or whose lengths differ, and
        fewer than two fits.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(60, 40, 50, 3, snr=10.0, random_state=0).X
    >>> early, late = (TCA(3, random_state=0).fit(part) for part in (X[:30], X[30:]))
    >>> match_fits([early, late], axes=("neuron", "time")).matched.all()
    np.True_
    """
    names = _check(fits, axes, reference, n_null)
    factors = [_factors(fit, i, names) for i, fit in enumerate(fits)]
    ours = factors[int(reference)]
    rng = generator(random_state)
    shape = (len(fits), ours[0].values.shape[1])
    order, congruence = np.full(shape, -1), np.full(shape, np.nan)
    chance = np.zeros(shape)
    signs = {name: np.ones(shape, int) for name in names}
    for i, theirs in enumerate(factors):
        _check_alike(ours, theirs)
        total = np.prod([likeness(a, b) for a, b in zip(ours, theirs, strict=True)], axis=0)
        products = _cosines(ours, theirs)
        rows, columns = linear_sum_assignment(total, maximize=True)
        order[i, rows], congruence[i, rows] = columns, total[rows, columns]
        for matrix, each in zip(ours, products, strict=True):
            signs[matrix.axis][i, rows] *= np.where(each[rows, columns] < 0, -1, 1)
        chance[i] = _chance(ours, theirs, n_null, rng)
    return Alignment(order, congruence, chance, signs, names)


def _check(fits: Sequence[Any], axes: Any, reference: Any, n_null: Any) -> tuple[str, ...]:
    names = (axes,) if isinstance(axes, str) or not isinstance(axes, Sequence) else tuple(axes)
    unknown = [name for name in names if name not in AXES]
    if unknown or not names:
        raise ValueError(f"axes: expected names among {AXES}, got {axes!r}")
    if len(fits) < 2:
        raise ValueError(f"fits: expected at least 2 models to match, got {len(fits)}")
    check_whole("reference", reference, 0, len(fits) - 1)
    check_whole("n_null", n_null, 0, REPEATS)
    return names


def _factors(fit: Any, i: int, names: Sequence[str]) -> list[AxisMatrix]:
    """Return the matrices of the axes to compare, in the order of ``axes``."""
    fitted = check_fitted(fit, f"fits: number {i}")
    if fitted.identified != "components":
        raise ValueError(
            f"fits: number {i} ({type(fit).__name__}) has components that can be rotated into each "
            "other; compare what they span with trialtensor.selection.subspace_angles"
        )
    matrices = axis_matrices(fitted)
    found = []
    for name in names:
        own = [each for each in matrices if each.axis == name]
        if not own:
            has = sorted({each.axis for each in matrices})
            raise ValueError(
                f"fits: number {i} ({type(fit).__name__}) has no {name} factors to compare; choose "
                f"axes among {has}"
            )
        found += own
    return found


def _check_alike(ours: Sequence[AxisMatrix], theirs: Sequence[AxisMatrix]) -> None:
    """Refuse matrices with different trials, neurons or times."""
    if [each.axis for each in ours] != [each.axis for each in theirs]:
        raise ValueError(
            f"axes: the fits have {[each.name for each in ours]} and "
            f"{[each.name for each in theirs]}, which can't be compared"
        )
    for a, b in zip(ours, theirs, strict=True):
        if a.rows and b.rows and a.rows != b.rows:
            raise ValueError(
                f"axes: {a.name} of the fits are of other blocks or datasets, {dict(a.rows)} and "
                f"{dict(b.rows)}, which can't be compared"
            )
        if len(a.values) != len(b.values):
            raise ValueError(
                f"axes: the fits have {len(a.values)} and {len(b.values)} {a.axis}s, which can't "
                "be compared"
            )


def _cosines(ours: Sequence[AxisMatrix], theirs: Sequence[AxisMatrix]) -> np.ndarray:
    """Compute cosines for each matrix, over the rows known to both."""
    found = []
    for own, other in zip(ours, theirs, strict=True):
        a, b = (np.asarray(each.values, dtype=np.float64) for each in (own, other))
        seen = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
        found.append(cosines(a[seen], b[seen]))
    return np.array(found)


def _chance(
    ours: Sequence[AxisMatrix], theirs: Sequence[AxisMatrix], n_null: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the level that 5 % of unrelated matches exceed, for each of our components."""
    draws = np.zeros((max(n_null, 1), ours[0].values.shape[1]))
    for k in range(n_null):
        drawn = [replace(each, values=unrelated(each.values, each.axis, rng)) for each in theirs]
        total = np.prod([likeness(a, b) for a, b in zip(ours, drawn, strict=True)], axis=0)
        rows, columns = linear_sum_assignment(total, maximize=True)
        draws[k, rows] = total[rows, columns]
    return np.asarray(np.quantile(draws, 0.95, axis=0))
