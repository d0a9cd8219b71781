"""Similarity of each trial to the patterns of early and of late trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor.data.parsing import by_axis
from trialtensor.data.shown import OneLine
from trialtensor.tracking.patterns import check_tensor, check_trials, trial_coordinate
from trialtensor.tracking.series import check_labels

# Means of the same values may differ by so much, where the largest value is near 1.
ROUNDING = 1e-14


@dataclass(frozen=True, eq=False, repr=False)
class TemplateAlignment(OneLine):
    """Similarity of each trial's pattern to early and late templates.

    Attributes
    ----------
    early, late : (n_trials,) arrays
        Correlation with the mean of the early and of the late trials, excluding the trial itself.
    shift : (n_trials,) array
        Late minus early; rises as patterns move from one to the other.
    blocks : (2,) tuple
        Labels of the blocks that the early and late templates are from; None for trials that were
        given.
    early_trials, late_trials : arrays of int
        Trials of the templates.
    """

    early: np.ndarray
    late: np.ndarray
    shift: np.ndarray
    blocks: tuple[Any, Any] = (None, None)
    early_trials: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    late_trials: np.ndarray = field(default_factory=lambda: np.zeros(0, int))


def template_alignment(
    X: Any, early: Any = None, late: Any = None, *, labels: Any = None, learning_block: Any = None
) -> TemplateAlignment:
    """Correlate each trial's pattern with templates from early and from late trials.

    By default these are the baseline, which is the first block of ``labels``, and the block of
    learning, which is the next: the result names both.

    A pattern is a trial's activity of all neurons and times, less the mean of all trials. A
    trial is left out of the template that it is compared with.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        Entries that are missing in a trial, or in all trials, are left out.
    early, late : (n_trials,) bool array, or indices, optional
        At least 5 trials each.
    labels : str or (n_trials,) array, optional
        The block of each trial, or the name of such a coordinate of ``X``: needed unless ``early``
        and ``late`` are given.
    learning_block : label, optional
        The block of the late template: by default the second.

    Returns
    -------
    TemplateAlignment

    Raises
    ------
    ValueError
        Without trials and labels to choose them by, and for templates of fewer than 5 trials.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before, after = rng.normal(size=(2, 1, 20, 10))
    >>> X = np.where(np.arange(60)[:, None, None] < 30, before, after) + rng.normal(
    ...     size=(60, 20, 10)
    ... )
    >>> found = template_alignment(X, np.arange(10), np.arange(50, 60))
    >>> bool(found.shift[:30].max() < found.shift[30:].min())
    True
    >>> template_alignment(X, labels=np.repeat(["baseline", "learning"], 30)).blocks
    ('baseline', 'learning')
    """
    along = trial_coordinate(X)
    blocks: tuple[Any, Any] = (None, None)
    if early is None or late is None:
        names, (first, second) = _blocks(X, labels, learning_block, along)
        blocks = (names[0] if early is None else None, names[1] if late is None else None)
        early, late = (first if early is None else early), (second if late is None else late)
    elif learning_block is not None:
        raise ValueError("learning_block: is for templates by labels, leave out early or late")
    X = check_tensor(X)
    early, late = (
        check_trials(trials, len(X), name, 5, along)
        for trials, name in ((early, "early"), (late, "late"))
    )
    flat = X.reshape(len(X), -1)
    seen = np.isfinite(flat)
    count = seen.sum(axis=0)
    means = np.where(seen, flat, 0).sum(axis=0) / np.maximum(count, 1)
    centred = np.where(seen, flat - means, 0)
    # What never changes is left with its rounding, which correlates with anything.
    centred[:, np.abs(centred).max(axis=0) <= ROUNDING] = 0
    early_r, late_r = (_to_template(centred, seen, trials) for trials in (early, late))
    return TemplateAlignment(early_r, late_r, late_r - early_r, blocks, early, late)


def _blocks(
    X: Any, labels: Any, learning_block: Any, along: np.ndarray | None
) -> tuple[tuple[Any, Any], tuple[np.ndarray, np.ndarray]]:
    """Return the names and trials of the first block and of the block of learning."""
    if labels is None:
        raise ValueError("labels: expected the block of each trial, or give both early and late")
    if isinstance(labels, str):
        coords = getattr(by_axis(X, None, None, "X")[2], "coords", {})
        if labels not in coords or coords[labels].dims != ("trial",):
            raise ValueError(f"labels: X has no trial coordinate {labels!r}")
        labels = coords[labels].to_numpy()
    names, codes = check_labels(labels, len(by_axis(X, None, None, "X")[0]), along=along)
    if len(names) < 2:
        raise ValueError(f"labels: expected a baseline and a block of learning, got {names}")
    chosen = names[1] if learning_block is None else learning_block
    if chosen not in names[1:]:
        raise ValueError(
            f"learning_block: expected a block after the first ({', '.join(map(str, names[1:]))}), "
            f"got {chosen!r}"
        )
    first, second = (np.flatnonzero(codes == code) for code in (0, names.index(chosen)))
    return (names[0], chosen), (first, second)


def _to_template(values: np.ndarray, seen: np.ndarray, trials: np.ndarray) -> np.ndarray:
    total, count = values[trials].sum(axis=0), seen[trials].sum(axis=0)
    inside = np.isin(np.arange(len(values)), trials)
    found = np.full(len(values), np.nan)
    for k in np.flatnonzero(seen.any(axis=1)):
        n = count - (seen[k] if inside[k] else 0)
        use = seen[k] & (n > 0)
        template = (total[use] - (values[k, use] if inside[k] else 0)) / n[use]
        found[k] = correlation(values[k, use], template)
    return found


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two patterns; NaN for few values or a constant."""
    if len(a) < 3:
        return float("nan")
    sizes = a @ a, b @ b
    a, b = a - a.mean(), b - b.mean()
    if any(x @ x <= ROUNDING**2 * size for x, size in zip((a, b), sizes, strict=True)):
        return float("nan")
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
