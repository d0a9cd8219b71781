"""Checks of a model with its data: groups of trials, and arguments of the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.alignment.factors import check_model
from trialtensor.data.missing import as_array
from trialtensor.data.per_entry import one_each
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout


def check_options(model: Any, options: Mapping[str, Any], name: str = "model") -> None:
    """Refuse what isn't a model, and arguments that its ``fit`` doesn't accept.

    Parameters
    ----------
    model : estimator
    options : dict
        Arguments of ``fit`` besides the mask.
    name : str
        The argument that error messages speak of.

    Raises
    ------
    ValueError
        Naming the argument.
    """
    check_model(model, name)
    unknown = [each for each in options if each not in type(model).fit_options]
    if unknown:
        takes = list(type(model).fit_options)
        raise ValueError(
            f"{unknown[0]}: {type(model).__name__}.fit has no such argument; it takes "
            f"{takes or 'none besides the mask'}"
        )


def check_whole_fit(model: TrialEstimator, what: str) -> None:
    """Refuse models that have seen trials they no longer store.

    Raises
    ------
    ValueError
        Naming the model.
    """
    fitted = model.fitted_
    known = fitted.length("trial")
    if known != fitted.shape[0]:
        raise ValueError(
            f"model: {what} needs all trials of the fit, but {type(model).__name__} remembers only "
            f"{known} of {fitted.shape[0]} after partial_fit; use fit with all trials"
        )


def take_options(options: Mapping[str, Any], layout: Layout, rows: np.ndarray) -> dict[str, Any]:
    """Select the arguments of ``fit`` for some of the trials.

    Parameters
    ----------
    options : dict
        Labels of the trials, the name of a coordinate, or something that isn't about trials.
    layout : Layout
        Of all trials.
    rows : int array
        Trials of the only array.
    """

    def take(name: str, value: Any) -> Any:
        by_trial = not isinstance(value, str) and np.shape(value)[:1] == (layout.n_trials,)
        if not by_trial or not layout.single:
            return value
        if np.shape(value) in ((layout.n_trials,), (layout.n_trials, 1)):
            return one_each(value, layout.n_trials, name, along=along)[rows]
        return as_array(value)[rows]

    along = None if layout.labelled is None else layout.labelled.indexes.get("trial")
    return {name: take(name, value) for name, value in options.items()}


def rows_of(layout: Layout, trials: np.ndarray) -> list[np.ndarray]:
    """List the rows of the given trials in each array of the data.

    Parameters
    ----------
    layout : Layout
    trials : int array
        In any order and with repetitions, which are kept.

    Returns
    -------
    list of int arrays
    """
    found = []
    for own in layout.trials:
        place = np.full(layout.n_trials, -1)
        place[own] = np.arange(len(own))
        rows = place[trials]
        found.append(rows[rows >= 0])
    return found


def known_form(model: TrialEstimator, layout: Layout, arrays: Sequence[Any]) -> Any:
    """Give arrays the form in which ``transform`` and ``score`` recognise their blocks.

    A list has no names, so that its arrays would be taken for new blocks.
    """
    blocks = model.fitted_.blocks
    if layout.as_list and blocks:
        return dict(zip((list(blocks)[i] for i in layout.names), arrays, strict=True))
    return layout.form(arrays)


def known_masks(model: TrialEstimator, layout: Layout, seen: Sequence[np.ndarray]) -> Any:
    """Give masks the form of ``known_form``."""
    return seen[0] if layout.single else known_form(model, layout, seen)
