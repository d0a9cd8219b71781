"""Fits to all data for each number of components: agreement of restarts and more."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models.base import TrialEstimator
from trialtensor.models.parameters import SEEDS, check_verbose, check_whole
from trialtensor.models.progress import progress
from trialtensor.selection.complexity import candidates_of, with_counts
from trialtensor.selection.components import check_options
from trialtensor.selection.ranks import each_fit
from trialtensor.selection.stability import stability

if TYPE_CHECKING:
    import pandas


def restart_profile(
    estimator: TrialEstimator,
    n_components: Iterable[Any],
    X: Any,
    *,
    mask: Any = None,
    random_state: int | None = None,
    verbose: int = 0,
    **fit_options: Any,
) -> pandas.DataFrame:
    """Fit every candidate to all data and measure the agreement of its restarts.

    Parameters
    ----------
    estimator : model of any kind
        With ``n_init`` of at least 2, or there is nothing to compare.
    n_components : iterable
        Candidates.
    X, mask : as for ``fit``
    random_state : int, optional
    verbose : int
        1 shows a progress bar, on a terminal only.
    **fit_options
        Further arguments of ``fit``, such as ``blocks=``.

    Returns
    -------
    pandas.DataFrame
        One row per candidate: ``n_components``, ``explained`` (of all data), ``stability``
        (corrected for chance), ``match`` (not corrected), ``chance`` (NaN where no two restarts
        can be compared, see `stability`), ``core_consistency``
        (percent; NaN if the model has none), ``stop_reason``.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> profile = restart_profile(TCA(1, n_init=3), [1, 2], X, random_state=0)
    >>> profile["n_components"].tolist()
    [1, 2]
    """
    import pandas

    check_options(estimator, fit_options, "estimator")
    check_verbose(verbose)
    if random_state is not None:
        check_whole("random_state", random_state, 0, SEEDS)
    candidates = candidates_of(estimator, n_components)
    models = [with_counts(estimator, each, random_state) for each in candidates]
    rows = []
    with warnings.catch_warnings():
        # The table already holds what the warnings say.
        warnings.simplefilter("ignore")
        fits = each_fit(models, X, mask, fit_options) if models else iter(())
        for place, model in progress(len(models), verbose, over=fits, what="stability"):
            rows.append({"n_components": candidates[place], **_row(model)})
    return pandas.DataFrame(rows)


def _row(model: TrialEstimator) -> dict[str, Any]:
    found = {"stability": np.nan, "match": np.nan, "chance": np.nan}
    fitted = model.fitted_
    if len(fitted.record.comparable) > 1:
        agreement = stability(model)
        found = {
            "stability": agreement.corrected,
            "match": agreement.score,
            "chance": agreement.chance,
        }
    return {
        "explained": float(fitted.record.explained_variance_ratio),
        **found,
        "core_consistency": fitted.number("core_consistency"),
        "stop_reason": fitted.record.stop_reason.value,
    }
