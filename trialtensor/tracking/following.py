"""Tracking all components: which change, when, how fast, and how certain that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models.base import TrialEstimator
from trialtensor.models.parameters import check_number, check_share, generator
from trialtensor.tracking import following_tables as tables
from trialtensor.tracking.adaptation import check_perturbation, fit_adaptation
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.courses import caution_of, trial_series, trial_values
from trialtensor.tracking.following_data import Recorded, recorded, series_without
from trialtensor.tracking.following_input import BEHAVIOUR, MIN_TRIALS, Given
from trialtensor.tracking.following_result import Tracking
from trialtensor.tracking.learning import (
    N_PARAMETERS,
    LearningCurve,
    learning_curve,
    trials_needed,
)
from trialtensor.tracking.relation import Relation, relate
from trialtensor.tracking.replication import Replication, replicate
from trialtensor.tracking.series import SORTED, looks_sorted
from trialtensor.tracking.transitions import Transitions, transitions
from trialtensor.tracking.two_rate import TwoRateFit

if TYPE_CHECKING:
    import pandas


def track(
    model: Any,
    X: Any = None,
    *,
    mask: Any = None,
    dataset: str | None = None,
    labels: Any = None,
    conditions: Any = None,
    behaviour: Any = None,
    perturbation: Any = None,
    behaviour_scale: float | None = None,
    learning_block: Any = None,
    exclude: Any = None,
    alpha: float = 0.05,
    level: float = 0.9,
    random_state: Any = 0,
) -> Tracking:
    """Follow the components of a model, or any trial series, over trials.

    For each: its transitions (`transitions`): when it changes, how fast, how far and how surely;
    and a learning curve within the block of learning (`learning_curve`). With labels, the
    means of blocks (`block_contrasts`); with behaviour, the relation to it (`relate`); with a
    perturbation, the two-rate model of motor adaptation (`two_rate_fit`), compared with one rate
    and none. A change is listed only if its component changes significantly at ``alpha``, corrected
    for the number of components. With the data of the fit, the neurons of a component are asked
    whether they agree on its changes (`replicate`): neurons that drift or drop out make
    components change, too.

    Parameters
    ----------
    model : fitted model of any kind, or (n_trials,) or (n_trials, n_components) array
        For a model, the course of each component over trials, in the units of the data: its trial
        factor times its weight or, if the component has a slice over trials instead, the slice's
        leading singular vector. Components without either are left out.
    X, mask : the data that the model was fitted to, optional
    dataset : str, optional
        For a model of several datasets, the one to follow: by default all, provided that they
        share their trials.
    labels : str or (n_trials,) array, optional
        The block of each trial, or the name of such a coordinate of the model. Trials without a
        label (None, NaN, NA, empty text, masked) are in no block. Labels that take turns, such as
        targets, are taken for conditions, too.
    conditions : str or (n_trials,) array, optional
        Conditions that take turns, in the same form: each has a level of its own, and learning is
        looked for within them.
    behaviour : str or (n_trials,) array, optional
        Behaviour, in the same form.
    perturbation : str or (n_trials,) array, optional
        The perturbation, in the same form, such as the rotation of the cursor; NaN is an error
        clamp. Fits have a scale of either sign and an offset, for behaviour too, so units and sign
        don't matter.
    behaviour_scale : float, optional
        Known scale of behaviour: 1 if it is the learner's output in the unit of the perturbation,
        -1 with the opposite sign. Rates are then more certain.
    learning_block : label, optional
        The block to fit learning curves to: by default the second, since the first is the baseline;
        all trials without labels.
    exclude : "unstable", or names, numbers or bools of neurons, optional
        Neurons to leave out of the courses of components; needs ``X``.
    alpha, level : float
    random_state : int, Generator or None

    Returns
    -------
    Tracking

    Raises
    ------
    ValueError
        For fewer than 20 trials with a value (40 with behaviour), blocks that `block_contrasts`
        refuses, names that the model doesn't have, other data than that of the fit, models without
        courses over trials, and those of datasets with trials of their own unless ``dataset``
        chooses one.

    Warns
    -----
    UserWarning
        After ``partial_fit``, when only the latest trials are known and followed, and for series
        that look sorted by their own values.

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
    data = recorded(model, X, mask, exclude, alpha)
    if data is not None:
        columns = series_without(model, data, columns)
    n_trials = len(next(iter(columns.values())))
    given = Given.read(model, n_trials, labels, conditions, behaviour, learning_block)
    if given.behaviour is not None:
        columns[BEHAVIOUR] = given.behaviour
    rates, adaptation = _adaptation(model, columns, perturbation, behaviour_scale, level)
    rng, options = generator(random_state), given.options(alpha, level)
    found = {name: transitions(y, random_state=rng, **options) for name, y in columns.items()}
    within = {name: y - found[name].offsets for name, y in columns.items()}
    part = given.learning_trials
    learning = {name: _learning(name, y[part], level) for name, y in within.items()}
    p_adjusted = _adjusted(found)
    replication = _replicated(model, data, found, alpha, rng)
    reported = _reported(found, p_adjusted, replication, alpha)
    related = _related(within, level, rng)
    blocks, contrasts = tables.blocks(given.compared(columns, within), given.labels, level)
    return Tracking(
        series=pandas.DataFrame(columns),
        summary=tables.summaries(found, p_adjusted, learning, reported),
        changes=tables.changes(reported, replication),
        blocks=blocks,
        contrasts=contrasts,
        relations=tables.relations(related) if related else None,
        rates=rates,
        found=found,
        learning=learning,
        related=related,
        adaptation=adaptation,
        from_model=isinstance(model, TrialEstimator),
        made=model.fitted_.data.get("made", {}) if isinstance(model, TrialEstimator) else {},
        replication=replication,
        alpha=alpha,
        level=level,
        cautions=_cautions(model, given, data, reported, columns),
        **given.said(),
        **({} if data is None else data.said()),
    )


def _cautions(
    model: Any,
    given: Given,
    data: Recorded | None,
    reported: dict[str, Transitions],
    columns: dict[str, np.ndarray],
) -> tuple[str, ...]:
    """Return what may mislead."""
    own = caution_of(model)
    ordered = [
        name
        for name, each in reported.items()
        if looks_sorted(columns[name][:, None], each.noise_sd)
    ]
    return (
        *([own] if own else []),
        *given.cautions,
        *([] if data is None else data.cautions),
        *(f"The series of {name} {SORTED}." for name in ordered),
    )


def _replicated(
    model: Any,
    data: Recorded | None,
    found: dict[str, Transitions],
    alpha: float,
    rng: np.random.Generator,
) -> Replication | None:
    """Ask the neurons about the changes of components, certain but for the number of these, too."""
    if data is None:
        return None
    changing = {name: each for name, each in found.items() if each.n_transitions}
    onsets = {name: each.onsets.tolist() for name, each in changing.items() if name != BEHAVIOUR}
    return replicate(
        model,
        data.X,
        onsets,
        mask=data.mask,
        exclude=data.excluded,
        alpha=alpha,
        random_state=rng,
    )


def _reported(
    found: dict[str, Transitions],
    p_adjusted: dict[str, float],
    replication: Replication | None,
    alpha: float,
) -> dict[str, Transitions]:
    """Return the series whose changes are certain, or are confirmed by neurons."""
    told = [] if replication is None else [*replication.confirmed, *replication.of_all_neurons]
    return {name: each for name, each in found.items() if p_adjusted[name] <= alpha or name in told}


def _adaptation(
    model: Any,
    columns: dict[str, np.ndarray],
    perturbation: Any,
    behaviour_scale: float | None,
    level: float,
) -> tuple[pandas.DataFrame | None, dict[str, TwoRateFit]]:
    """Fit the two-rate model to each series, if a perturbation is given."""
    if perturbation is None:
        return None, {}
    series = np.stack(list(columns.values()), axis=1)
    given = trial_values(model, perturbation, len(series), "perturbation")
    scales = {}
    if behaviour_scale is not None:
        scales[BEHAVIOUR] = check_number("behaviour_scale", behaviour_scale)
    return fit_adaptation(columns, check_perturbation(given, series, level), level, scales)


def _related(
    columns: dict[str, np.ndarray], level: float, rng: np.random.Generator
) -> dict[str, Relation]:
    """Relate components to behaviour, if any is given."""
    if BEHAVIOUR not in columns:
        return {}
    n_null = max(499, 40 * len(columns))
    return {
        name: relate(y, columns[BEHAVIOUR], level=level, n_null=n_null, random_state=rng)
        for name, y in columns.items()
        if name != BEHAVIOUR
    }


def _adjusted(found: dict[str, Transitions]) -> dict[str, float]:
    """Correct p values of changes for the number of components; leave behaviour uncorrected."""
    names = [name for name in found if name != BEHAVIOUR]
    adjusted = holm(np.array([found[name].p_value for name in names])).tolist()
    return {
        **{name: each.p_value for name, each in found.items()},
        **dict(zip(names, adjusted, strict=True)),
    }


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
