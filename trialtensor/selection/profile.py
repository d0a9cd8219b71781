"""What fits to all data say about each number of components: do restarts agree, and so on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from trialtensor.selection.complexity import as_counts, no_components
from trialtensor.selection.stability import stability

if TYPE_CHECKING:
    import pandas


def restart_profile(
    estimator: Any,
    n_components: Iterable[Any],
    X: Any,
    *,
    mask: Any = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> pandas.DataFrame:
    """Fit every candidate to all data and see how far its restarts agree.

    Parameters
    ----------
    estimator : TCA or SliceTCA
        With ``n_init`` of at least 2, or there is nothing to compare.
    n_components : iterable
        Candidates.
    X, mask : as for ``fit``
    random_state : int, optional
    verbose : int
        1 shows a progress bar, on a terminal only.

    Returns
    -------
    pandas.DataFrame
        A row a candidate: ``n_components``, ``explained`` (of all data), ``stability`` (corrected
        for chance), ``match`` (not corrected), ``chance``, ``core_consistency`` (percent; NaN
        where the model has none), ``stop_reason``.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> profile = restart_profile(TCA(1, n_init=3), [1, 2], X, random_state=0)
    >>> profile["n_components"].tolist()
    [1, 2]
    """
    import pandas
    from tqdm import tqdm

    candidates = [each for each in map(as_counts, n_components) if not no_components(each)]
    rows = []
    for each in tqdm(candidates, desc="stability", disable=None if verbose else True):
        model = clone(estimator).set_params(n_components=each, random_state=random_state)
        with warnings.catch_warnings():
            # What the fits have to say is in the table.
            warnings.simplefilter("ignore")
            model.fit(X, mask=mask)
        rows.append({"n_components": each, **_row(model)})
    return pandas.DataFrame(rows)


def _row(model: Any) -> dict[str, Any]:
    found = {"stability": np.nan, "match": np.nan, "chance": np.nan}
    if len(model.restarts_) > 1:
        agreement = stability(model)
        found = {
            "stability": agreement.corrected,
            "match": agreement.score,
            "chance": agreement.chance,
        }
    return {
        "explained": float(model.explained_variance_ratio_),
        **found,
        "core_consistency": float(getattr(model, "core_consistency_", np.nan)),
        "stop_reason": model.stop_reason_.value,
    }
