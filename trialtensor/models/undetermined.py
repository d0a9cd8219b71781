"""What the data say about missing entries: as arrays of a fitted model, and as a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.fitted import Fitted, Named
from trialtensor.solvers import contraction
from trialtensor.solvers.determination import Determination, determination
from trialtensor.solvers.links import linked_groups
from trialtensor.solvers.result import Factors
from trialtensor.solvers.ridge import RidgeScale, RowGrams, row_grams, row_strengths
from trialtensor.solvers.runs import RestartResult

# Restarts whose losses differ by less than this over the number of observed entries (20 in log
# likelihood), and at most by the second number, could both be right.
_ALIKE, _ALIKE_AT_MOST = 40.0, 0.01
# From these on, what a model says about missing entries can't be trusted: about as often as not,
# predicting zero would be better.
_TOO_NOISY, _TOO_DIFFERENT, _TOO_LARGE = 1 / 3, 0.8, 5.0
# A prediction this small (mean square, relative to that of observed entries) is zero.
_NOTHING = 1e-4
# A row is named if more than this of what is expected of its missing entries is unknown.
_OPEN = 0.5


@dataclass(frozen=True, eq=False)
class Judged:
    """How far observed entries determine a fit.

    Attributes
    ----------
    determination : Determination
    levels : tuple of float
        Strength of the ridge on an undetermined row of each array, in balanced factors.
    """

    determination: Determination
    levels: tuple[float, ...]


def judge(
    problem: Any,
    factors: Sequence[np.ndarray],
    scale: RidgeScale,
    grams_of: Callable[..., Any] = row_grams,
    rows_of: Sequence[np.ndarray] | None = None,
    missing_weight: float = 0.0,
) -> Judged:
    """Judge a fit with missing entries by the factors that its solver returned.

    Parameters
    ----------
    problem : object with ``sweep`` and ``weighted``
    factors : tuple of arrays
    scale : RidgeScale
    grams_of : callable, optional
        See :func:`trialtensor.solvers.ridge.minimise_missing`.
    rows_of : tuple of arrays, optional
        The rows that the Gram matrices are of, where these aren't those of ``factors``.
    missing_weight : float
        Of missing entries as zeros, for arrays that have no ridge.
    """
    grams, loss = grams_of(problem, factors)
    n_parameters = sum(factors[mode].size for mode in grams)
    times = scale.strength(loss, n_parameters)
    levels = tuple(times * level for level in scale.levels)
    strengths = {
        mode: row_strengths(both[0], levels[mode], scale.missing[mode])
        if mode < len(levels)
        else _of_zeros(both, missing_weight)
        for mode, both in grams.items()
    }
    rows = factors if rows_of is None else rows_of
    found = determination(grams, rows, strengths, scale.noise(loss, n_parameters))
    return Judged(found, levels)


def _of_zeros(grams: RowGrams, missing_weight: float) -> np.ndarray:
    """Return the ridge that zeros of some weight amount to, for every row."""
    missing = np.trace(grams[1] - grams[0], axis1=1, axis2=2)
    return missing_weight * np.maximum(missing, 0) / grams[0].shape[-1]


def largest_missing(X: np.ndarray, observed: np.ndarray, factors: Factors) -> float:
    """Return the largest size of the model where entries are missing, relative to the data's.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    observed : bool array of the same shape
    factors : three (n_axis, R) arrays
    """
    trial, neuron, time = factors
    largest = data = 0.0
    # Nothing compares with a silent block, and nothing but silence fits it.
    for part in contraction.trial_chunks(X.shape):
        model = np.abs(contraction.reconstruct((trial[part], neuron, time)))
        largest = max(largest, float(np.max(model, initial=0, where=~observed[part])))
        data = max(data, float(np.abs(X[part]).max()))
    return largest / data if data > 0 else 0.0


def disagreement(
    found: Sequence[RestartResult[Any]],
    n_observed: int,
    told: Callable[[Any, Any], np.ndarray],
    missing: Callable[[Any], np.ndarray],
    parts: Sequence[Any],
) -> float:
    """Return how far a nearly equal restart differs from the best where entries are missing.

    Parameters
    ----------
    found : list of RestartResult
        Best first.
    n_observed : int
    told : callable
        ``told(factors, part)``: what a restart says of a part of the data.
    missing : callable
        ``missing(part)``: which entries of it are missing.
    parts : list
        For instance slices of a few trials.

    Returns
    -------
    float
        Sum of squared differences relative to that of the best one's predictions, the largest over
        restarts whose loss the noise can't tell from the lowest; 0 if there is no such restart.
        Predictions of nothing, compared with those of observed entries, don't differ.
    """
    best, *others = found
    limit = best.result.loss * (1 + min(_ALIKE_AT_MOST, _ALIKE / n_observed))
    rivals = [other for other in others if other.result.loss <= limit]
    apart, size, seen, n_missing, n_seen = np.zeros(len(rivals)), 0.0, 0.0, 0, 0
    for part in parts if rivals else ():
        where = missing(part)
        whole = told(best.result.factors, part).astype(np.float64)
        known = whole[where]
        n_missing, n_seen = n_missing + len(known), n_seen + whole.size - len(known)
        seen += float(np.sum(whole**2)) - float(known @ known)
        size += float(known @ known)
        for i, rival in enumerate(rivals):
            difference = told(rival.result.factors, part)[where] - known
            apart[i] += float(difference @ difference)
    size = max(size, _NOTHING * n_missing * max(seen, 0.0) / max(n_seen, 1))
    return float(apart.max() / size) if len(rivals) and size > 0 else 0.0


def about_missing(
    judged: Judged, largest: float, apart: float, shares: Mapping[str, Any]
) -> dict[str, Named]:
    """Name what a fitted model keeps of a judgement.

    Parameters
    ----------
    judged : Judged
    largest, apart : float
        From `largest_missing` and `disagreement`.
    shares : dict
        Axis -> share of each of its rows that is uncertain.
    """
    return {
        "missing_noise_share": Named((), judged.determination.noise_share),
        "largest_missing": Named((), largest),
        "missing_disagreement": Named((), apart),
        **{f"{axis}_undetermined": Named((axis,), share) for axis, share in shares.items()},
    }


def groups_of_trials(
    seen: Mapping[str, np.ndarray], n_components: int, kept: np.ndarray
) -> dict[str, Named]:
    """Group trials that too few neurons, or too few time bins, connect.

    Parameters
    ----------
    seen : dict
        "neuron" or "time" -> (n_kept_trials, n) bool array: what was observed in each trial.
    n_components : int
    kept : (n_trials,) bool array
        Trials with data; the others belong to group -1.

    Returns
    -------
    dict of Named
        ``groups_by_neuron`` and ``groups_by_time``, only where there are several groups.
    """
    found = {}
    for axis, each in seen.items():
        group = linked_groups(each, n_components)
        if group.max(initial=0) > 0:
            whole = np.full(len(kept), -1)
            whole[kept] = group
            found[f"groups_by_{axis}"] = Named(("trial",), whole)
    return found


def findings(fitted: Fitted) -> list[str]:
    """Say in sentences why a model should not be trusted where entries are missing.

    Parameters
    ----------
    fitted : Fitted

    Returns
    -------
    list of str
        Empty if nothing is missing, or the data determine what is.
    """
    found = [
        _about_groups(fitted[f"groups_by_{axis}"], axis, len(fitted.components))
        for axis in ("neuron", "time")
        if f"groups_by_{axis}" in fitted.arrays
    ]
    noise, apart = fitted.number("missing_noise_share"), fitted.number("missing_disagreement")
    # The patterns of blocks are less free than their rows are taken to be.
    if noise > (_TOO_NOISY if not fitted.blocks else 1.5 * _TOO_NOISY):
        found.append(
            f"{fitted.data['missing_fraction']:.0%} of the entries are missing, and at least "
            f"{noise:.0%} of what the model says about them is noise{_least_determined(fitted)}: "
            "use fewer components, or only what was observed"
        )
    if apart > _TOO_DIFFERENT:
        found.append(
            "another restart fits the observed entries as well and says something else about the "
            "missing ones: use fewer components, or only what was observed"
        )
    largest = fitted.number("largest_missing")
    if largest > _TOO_LARGE:
        found.append(
            f"where entries are missing, the model reaches {largest:.0f} times the largest value "
            "of the data: the observed entries don't determine it there"
        )
    return found


def _about_groups(group: np.ndarray, axis: str, n_components: int) -> str:
    members = [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
    shown = "; ".join(_listed(each) for each in members[:4])
    more = f"; and {len(members) - 4} more" if len(members) > 4 else ""
    what = "neurons" if axis == "neuron" else "time bins"
    return (
        f"the trials fall into {len(members)} groups that have fewer than {n_components} {what} in "
        f"common (trials {shown}{more}): nothing tells how large a component is in one group "
        f"compared with another, or its sign, so the model can't predict the {what} of one group "
        "in the trials of another; fit the groups by themselves, or use fewer components"
    )


def _listed(rows: np.ndarray) -> str:
    """Write row numbers as ranges."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(texts[:3]) + (", ..." if len(texts) > 3 else "")


def _least_determined(fitted: Fitted) -> str:
    """Name the rows of which the model knows least."""
    parts = []
    for axis in AXES:
        named = fitted.arrays.get(f"{axis}_undetermined")
        if named is None or isinstance(named.values, dict):
            continue
        rows = np.flatnonzero(np.nan_to_num(named.values) > _OPEN)
        if 0 < len(rows) < len(named.values):
            parts.append(f"{axis}s {_listed(rows)}")
    return f" (least determined: {'; '.join(parts)})" if parts else ""


def ridge_of(fitted: Fitted, name: str = "trial_ridge") -> Any:
    """Return the ridge on trials that the data hardly determine; None if the model has none.

    Parameters
    ----------
    fitted : Fitted
    name : str
    """
    named = fitted.arrays.get(name)
    return None if named is None else named.values
