"""Tracking all components: which change, when, how fast, and how certain that is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import plain_labels
from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_share, generator
from trialtensor.tracking import following_tables as tables
from trialtensor.tracking.adaptation import check_perturbation, fit_adaptation
from trialtensor.tracking.change_points import ChangePoints, change_points
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.courses import caution_of, trial_series, trial_values
from trialtensor.tracking.learning import (
    N_PARAMETERS,
    LearningCurve,
    learning_curve,
    trials_needed,
)
from trialtensor.tracking.relation import Relation, relate
from trialtensor.tracking.series import check_labels, check_series
from trialtensor.tracking.smooth import SmoothCurve, smooth_curve
from trialtensor.tracking.two_rate import TwoRateFit

if TYPE_CHECKING:
    import pandas

MIN_TRIALS = 20
BEHAVIOUR = "behaviour"  # the name of its series


@dataclass(frozen=True, eq=False, repr=False)
class Tracking(OneLine):
    """Results on every component over trials, including tidy tables.

    Attributes
    ----------
    series : pandas.DataFrame
        One row per trial, one column per component (and ``behaviour``, if given). With several
        datasets, names include the dataset: "component 1, cortex".
    summary : pandas.DataFrame
        One row per series: ``n_changes``, ``change_p`` and ``change_p_adjusted`` (Holm, over
        components; behaviour is not adjusted), the ``model`` of learning, its first and second
        time constants in trials with intervals, ``start``, ``plateau`` and ``slope`` (per trial),
        and ``n_effective``, the effective number of independent trials.
    changes : pandas.DataFrame
        One row per change: ``series``, ``trial``, ``low``, ``high``, ``before``, ``after``.
    blocks, contrasts : pandas.DataFrame or None
        Means of blocks and their differences, as from `block_contrasts`, with ``series`` first;
        ``p_adjusted`` is for all pairs of all components. Blocks in which a series has fewer than
        5 values are left out for this series.
    relations : pandas.DataFrame or None
        One row per component: ``lead`` of the component over behaviour in trials with its
        interval, ``correlation`` from trial to trial, ``p_value``, ``p_adjusted`` (Holm).
    rates : pandas.DataFrame or None
        With a perturbation, one row per series: the ``model`` of adaptation that BIC prefers
        ("two rates", "one rate" or "none"); ``A_f``, ``B_f``, ``A_s``, ``B_s`` and ``scale`` of the
        two-rate fit, each with ``_low`` and ``_high``, and its ``rebound`` in an error clamp (NaN
        where the model is "none"); ``bic_against_one_rate`` and ``bic_against_none``, negative
        if two rates are better.
    curves : dict of str -> list of (int, SmoothCurve)
        By series: smooth curves between its changes, each with its first trial. Pieces of fewer
        than 20 trials are smoothed with their neighbours.
    found, learning : dict
        By series: `ChangePoints`, `LearningCurve`.
    related : dict of str -> Relation
    adaptation : dict of str -> TwoRateFit
        Of the series whose model isn't "none".
    labels : (n_trials,) array or None
        As from `trialtensor.data.labels.plain_labels`: None or NaN for trials in no block.
    learning_trials : (2,) tuple of int
        First and last trial that learning curves were fitted to.
    alpha, level : float
        Significance level of changes, and coverage of intervals.
    caution : str
        Why the components of the model can't be interpreted one by one; empty if they can, and
        for given series.
    """

    series: pandas.DataFrame
    summary: pandas.DataFrame
    changes: pandas.DataFrame
    blocks: pandas.DataFrame | None
    contrasts: pandas.DataFrame | None
    relations: pandas.DataFrame | None
    rates: pandas.DataFrame | None
    curves: dict[str, list[tuple[int, SmoothCurve]]]
    found: dict[str, ChangePoints]
    learning: dict[str, LearningCurve]
    related: dict[str, Relation]
    adaptation: dict[str, TwoRateFit]
    labels: np.ndarray | None
    learning_trials: tuple[int, int]
    alpha: float
    level: float
    caution: str = ""


def track(
    model: Any,
    *,
    dataset: str | None = None,
    labels: Any = None,
    behaviour: Any = None,
    perturbation: Any = None,
    learning_block: Any = None,
    alpha: float = 0.05,
    level: float = 0.9,
    random_state: Any = 0,
) -> Tracking:
    """Follow the components of a model, or any trial series, over trials.

    For each: a smooth curve, changes of its level (`change_points`), and a learning curve
    (`learning_curve`); with labels, the means of blocks (`block_contrasts`); with behaviour, the
    relation to it (`relate`); with a perturbation, the two-rate model of motor adaptation
    (`two_rate_fit`), compared with one rate and none. A change is listed only if its component
    changes significantly at ``alpha``, corrected for the number of components.

    Parameters
    ----------
    model : fitted model of any kind, or (n_trials,) or (n_trials, n_components) array
        For a model, the course of each component over trials, in the units of the data: its trial
        factor times its weight or, if the component has a slice over trials instead, the slice's
        leading singular vector. Components without either are left out.
    dataset : str, optional
        For a model of several datasets, the one to follow: by default all, provided that they
        share their trials.
    labels : str or (n_trials,) array, optional
        The block of each trial, or the name of such a coordinate of the model. Trials without a
        label (None, NaN, NA, empty text, masked) are in no block.
    behaviour : str or (n_trials,) array, optional
        Behaviour, in the same form.
    perturbation : str or (n_trials,) array, optional
        The perturbation, in the same form, such as the rotation of the cursor; NaN is an error
        clamp. Fits have a scale of either sign and an offset, for behaviour too, so units and sign
        don't matter. They take some seconds per series.
    learning_block : label, optional
        The block to fit learning curves to: by default the second, since the first is the baseline;
        all trials without labels.
    alpha, level : float
    random_state : int, Generator or None

    Returns
    -------
    Tracking

    Raises
    ------
    ValueError
        For fewer than 20 trials with a value (40 with behaviour), blocks that `block_contrasts`
        refuses, names that the model doesn't have, models without courses over trials, and those of
        datasets with trials of their own unless ``dataset`` chooses one.

    Warns
    -----
    UserWarning
        After ``partial_fit``, when only the latest trials are known and followed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["baseline", "adaptation"], [40, 80])
    >>> y = np.r_[np.zeros(40), 1 - np.exp(-np.arange(80) / 10)] + 0.1 * rng.normal(size=120)
    >>> found = track(np.stack([y, rng.normal(size=120)], axis=1), labels=labels)
    >>> found.summary["model"].tolist()
    ['exponential', 'constant']
    """
    import pandas

    check_share("alpha", alpha), check_share("level", level)
    columns = trial_series(model, dataset, MIN_TRIALS)
    n_components, n_trials = len(columns), len(next(iter(columns.values())))
    if labels is not None:
        labels = plain_labels(trial_values(model, labels, n_trials, "labels"))
    if behaviour is not None:
        given = trial_values(model, behaviour, n_trials, "behaviour")
        columns[BEHAVIOUR] = check_series(given, "behaviour", 2 * MIN_TRIALS)[:, 0]
    part = _learning_trials(labels, learning_block, n_trials)
    rates, adaptation = _adaptation(model, columns, perturbation, level)
    rng = generator(random_state)
    # Enough for the smallest p value to survive the number of components.
    n_null = max(199, int(np.ceil(2 * n_components / alpha)))
    found = {
        name: change_points(y, alpha=alpha, level=level, n_null=n_null, random_state=rng)
        for name, y in columns.items()
    }
    learning = {name: _learning(name, y[part], level) for name, y in columns.items()}
    related = _related(columns, level, max(499, n_null), rng)
    p_adjusted = _adjusted(found)
    certain = {name: each for name, each in found.items() if p_adjusted[name] <= alpha}
    blocks, contrasts = tables.blocks(columns, labels, level)
    return Tracking(
        series=pandas.DataFrame(columns),
        summary=pandas.DataFrame(
            tables.summary(name, each, p_adjusted[name], learning[name], alpha)
            for name, each in found.items()
        ),
        changes=tables.changes(certain),
        blocks=blocks,
        contrasts=contrasts,
        relations=tables.relations(related) if related else None,
        rates=rates,
        curves=_curves(columns, certain, level),
        found=found,
        learning=learning,
        related=related,
        adaptation=adaptation,
        labels=labels,
        learning_trials=(int(part[0]), int(part[-1])),
        alpha=alpha,
        level=level,
        caution=caution_of(model),
    )


def _adaptation(
    model: Any, columns: dict[str, np.ndarray], perturbation: Any, level: float
) -> tuple[pandas.DataFrame | None, dict[str, TwoRateFit]]:
    """Fit the two-rate model to each series, if a perturbation is given."""
    if perturbation is None:
        return None, {}
    series = np.stack(list(columns.values()), axis=1)
    given = trial_values(model, perturbation, len(series), "perturbation")
    return fit_adaptation(columns, check_perturbation(given, series, level), level)


def _curves(
    columns: dict[str, np.ndarray], certain: dict[str, ChangePoints], level: float
) -> dict[str, list[tuple[int, SmoothCurve]]]:
    """Smooth each series between its significant changes."""
    return {
        name: _pieces(y, certain[name].trials if name in certain else np.zeros(0, int), level)
        for name, y in columns.items()
    }


def _related(
    columns: dict[str, np.ndarray], level: float, n_null: int, rng: np.random.Generator
) -> dict[str, Relation]:
    """Relate components to behaviour, if any is given."""
    if BEHAVIOUR not in columns:
        return {}
    return {
        name: relate(y, columns[BEHAVIOUR], level=level, n_null=n_null, random_state=rng)
        for name, y in columns.items()
        if name != BEHAVIOUR
    }


def _adjusted(found: dict[str, ChangePoints]) -> dict[str, float]:
    """Correct p values of changes for the number of components; leave behaviour uncorrected."""
    names = [name for name in found if name != BEHAVIOUR]
    adjusted = holm(np.array([found[name].p_value for name in names])).tolist()
    return {
        **{name: each.p_value for name, each in found.items()},
        **dict(zip(names, adjusted, strict=True)),
    }


def _learning_trials(labels: np.ndarray | None, block: Any, n_trials: int) -> np.ndarray:
    """Return the trials from the first to the last of the block."""
    if labels is None:
        if block is not None:
            raise ValueError("learning_block: needs labels, to know which trials belong to it")
        return np.arange(n_trials)
    names, codes = check_labels(labels, n_trials)
    if not names:
        raise ValueError(f"labels: expected blocks, but none of the {n_trials} trials has a label")
    if block is None:
        block = names[min(1, len(names) - 1)]
    if block not in names:
        raise ValueError(
            f"learning_block: no block is called {block!r}; known are {', '.join(map(str, names))}"
        )
    inside = np.flatnonzero(codes == names.index(block))
    return np.arange(inside[0], inside[-1] + 1)


def _pieces(y: np.ndarray, changes: np.ndarray, level: float) -> list[tuple[int, SmoothCurve]]:
    """Split at changes, since a curve across a step would smear it."""
    seen = np.cumsum(np.isfinite(y))
    edges = [0]
    for change in changes.tolist():
        before = seen[change - 1] - (seen[edges[-1] - 1] if edges[-1] else 0)
        if min(before, seen[-1] - seen[change - 1]) >= MIN_TRIALS:
            edges.append(change)
    edges.append(len(y))
    return [
        (start, smooth_curve(y[start:stop], level=level))
        for start, stop in itertools.pairwise(edges)
    ]


def _learning(name: str, y: np.ndarray, level: float) -> LearningCurve:
    """Fit as many learning models as there are enough trials for."""
    n = int(np.isfinite(y).sum())
    if n < trials_needed("constant"):
        raise ValueError(
            f"learning_block: {name} has a value in {n} of its {len(y)} trials, expected at least "
            f"{trials_needed('constant')}; choose another block"
        )
    models = [model for model in N_PARAMETERS if n >= trials_needed(model)]
    return learning_curve(y, models=models, level=level)
