"""What the data say about missing entries: as arrays of a fitted model, and as a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.more_axes import plural
from trialtensor.models.fitted import Fitted, Named
from trialtensor.solvers import contraction
from trialtensor.solvers.determination import Determination, determination
from trialtensor.solvers.links import linked_groups
from trialtensor.solvers.normal_equations import full_gram
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.ridge import RidgeScale, row_grams
from trialtensor.solvers.runs import RestartResult

# Restarts whose losses differ by less than this over the number of observed entries (20 in log
# likelihood), and at most by the second number, could both be right.
_ALIKE, _ALIKE_AT_MOST = 40.0, 0.01
# From these on, what a model says about missing entries can't be trusted: about as often as not,
# predicting zero would be better.
_TOO_NOISY, _TOO_DIFFERENT, _TOO_LARGE = 1 / 3, 0.8, 4.0
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
    levels : list of float
        Strength of the ridge on an undetermined row of each array, in balanced factors.
    """

    determination: Determination
    levels: Sequence[float]


def judge(problem: Any, factors: Sequence[np.ndarray], scale: RidgeScale) -> Judged:
    """Judge a fit with missing entries by the factors that its solver returned.

    Parameters
    ----------
    problem : MaskedProblem, DenseProblem with a pattern, or CoupledProblem of these
    factors : tuple of (n_rows, R) arrays
    scale : RidgeScale
    """
    observed, loss = row_grams(problem, factors)
    everything = _whole_grams(problem, factors)
    n_parameters = sum(factor.size for factor in factors)
    strengths = dict(enumerate(scale.strengths(observed, loss, n_parameters)))
    noise = scale.noise(loss, n_parameters)
    found = determination(
        observed, everything, factors, strengths, noise, scale.missing_per_observed
    )
    # Of a complete row, rounding errors would say anything.
    shares = {
        mode: np.where(scale.missing[mode] > 0, share, 0.0)
        for mode, share in found.open_shares.items()
    }
    known = replace(found, open_shares=shares)
    return Judged(known, scale.on_undetermined(loss, n_parameters))


def _whole_grams(problem: Any, factors: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """Return the Gram matrices of all rows over all entries, missing or not."""
    if isinstance(getattr(problem, "X", None), Passes):
        # They don't depend on the data, which would take two passes.
        own = [factor.astype(np.float64, copy=False) for factor in factors]
        return {mode: full_gram(own, mode) for mode in range(len(own))}
    return row_grams(problem.weighted(1.0), factors)[0]


def largest_where_missing(observed: np.ndarray, told: Callable[[slice], np.ndarray]) -> float:
    """Return the largest size of a model where entries are missing.

    Parameters
    ----------
    observed : (n_trials, n_neurons, n_times) bool array
    told : callable
        From some trials to what the model says of them.
    """
    largest = 0.0
    for part in contraction.trial_chunks(observed.shape):
        model = np.abs(np.nan_to_num(told(part), copy=False))
        largest = max(largest, float(np.max(model, initial=0, where=~observed[part])))
    return largest


def largest_value(X: np.ndarray) -> float:
    """Return the largest size of any entry, without a copy.

    Parameters
    ----------
    X : array
    """
    return max(float(X.max()), -float(X.min()))


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
    best, rivals = found[0], rivals_of(found, n_observed)
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
    return relative_difference(apart, size, seen, n_missing, n_seen)


def rivals_of(found: Sequence[RestartResult[Any]], n_observed: int) -> list[RestartResult[Any]]:
    """Return the restarts whose loss the noise can't tell from the lowest.

    Parameters
    ----------
    found : list of RestartResult
        Best first.
    n_observed : int
    """
    best, *others = found
    limit = best.result.loss * (1 + min(_ALIKE_AT_MOST, _ALIKE / n_observed))
    return [other for other in others if other.result.loss <= limit]


def relative_difference(
    apart: np.ndarray, size: float, seen: float, n_missing: float, n_seen: float
) -> float:
    """Return the largest difference from the best restart, relative to what that predicts.

    Parameters
    ----------
    apart : (n_rivals,) array
        Sums of squared differences where entries are missing.
    size, seen : float
        Sums of squares of the best one where they are missing and where they were observed.
    n_missing, n_seen : float
        Numbers of these entries.
    """
    size = max(size, _NOTHING * n_missing * max(seen, 0.0) / max(n_seen, 1))
    return float(apart.max() / size) if len(apart) and size > 0 else 0.0


def about_missing(
    judged: Judged, largest: float, apart: float, shares: Mapping[str, Any]
) -> dict[str, Named]:
    """Name what a fitted model keeps of a judgement.

    Parameters
    ----------
    judged : Judged
    largest : float
        Largest size of the model where entries are missing, relative to that of the data.
    apart : float
        From `disagreement`.
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
    """Group trials that too few neurons, time bins, or entries of another axis connect.

    Parameters
    ----------
    seen : dict
        Axis -> (n_kept_trials, n) bool array: what was observed in each trial.
    n_components : int
    kept : (n_trials,) bool array
        Trials with data; the others belong to group -1.

    Returns
    -------
    dict of Named
        ``groups_by_neuron``, ``groups_by_time`` and the like, only where there are several groups.
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
        _about_groups(group, axis, fitted, dataset)
        for axis in fitted.axes[1:]
        if f"groups_by_{axis}" in fitted.arrays
        for dataset, group in _by_dataset(fitted[f"groups_by_{axis}"])
        if group.max(initial=0) > 0
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


def _by_dataset(values: Any) -> list[tuple[str | None, Any]]:
    return list(values.items()) if isinstance(values, dict) else [(None, values)]


def _about_groups(group: np.ndarray, axis: str, fitted: Fitted, dataset: str | None) -> str:
    members = [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
    shown = "; ".join(_listed(each) for each in members[:4])
    more = f"; and {len(members) - 4} more" if len(members) > 4 else ""
    what = "time bins" if axis == "time" else plural(axis)
    of = "" if dataset is None else f" of {dataset}"
    return (
        f"the trials{of} fall into {len(members)} groups that have fewer than "
        f"{len(fitted.components)} {what} in common (trials {shown}{more}): hardly anything tells "
        "how large a component is in one group compared with another, so don't compare its trial "
        f"factors between groups or trust predictions of the {what} of one group in the trials of "
        "another; fit the groups by themselves, or use fewer components"
    )


def _listed(rows: np.ndarray) -> str:
    """Write row numbers as ranges."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(texts[:3]) + (", ..." if len(texts) > 3 else "")


def _least_determined(fitted: Fitted) -> str:
    """Name the rows of which the model knows least."""
    parts = []
    for axis in fitted.axes:
        named = fitted.arrays.get(f"{axis}_undetermined")
        if named is None or isinstance(named.values, dict):
            continue
        rows = np.flatnonzero(np.nan_to_num(named.values) > _OPEN)
        if 0 < len(rows) < len(named.values):
            parts.append(f"{plural(axis)} {_listed(rows)}")
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
