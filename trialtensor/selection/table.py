"""The table of a search, and the choice from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trialtensor.selection.complexity import Counts, as_counts

if TYPE_CHECKING:
    import pandas


def tabulate(results: pandas.DataFrame, n_parameters: Mapping[Any, int]) -> pandas.DataFrame:
    """Make a row for each candidate from a row for each fit, fewest parameters first.

    Of several seeds on a split the one that explains most of what was fitted counts: the one
    that a user would keep.

    Parameters
    ----------
    results : pandas.DataFrame
        As ``results_`` of a search.
    n_parameters : dict
        Of each candidate.
    """
    import pandas

    kept = results.sort_values(["explained", "seed"], ascending=[False, True])
    kept = kept.drop_duplicates(["n_components", "split"])
    errors = kept.pivot(index="split", columns="n_components", values="error")
    explained = kept.pivot(index="split", columns="n_components", values="explained").mean()
    n_splits = len(errors)
    best = errors.mean().idxmin()
    above = errors.sub(errors[best], axis=0)
    spread = {"ddof": 1} if n_splits > 1 else {"ddof": 0}
    table = pandas.DataFrame(
        {
            "n_components": list(errors.columns),
            "n_parameters": [int(n_parameters[each]) for each in errors.columns],
            "error": errors.mean().to_numpy(),
            "error_se": errors.std(**spread).to_numpy() / n_splits**0.5,
            "above_best": above.mean().to_numpy(),
            "above_best_se": above.std(**spread).to_numpy() / n_splits**0.5,
            "explained": explained.to_numpy(),
        }
    )
    return table.sort_values(["n_parameters", "n_components"], ignore_index=True)


def choose(table: pandas.DataFrame, n_se: float) -> Counts | None:
    """Return the smallest candidate within ``n_se`` standard errors of the best, or none.

    Parameters
    ----------
    table : pandas.DataFrame
        From `tabulate`.
    n_se : float
    """
    errors, se = table["error"].to_numpy(), table["error_se"].to_numpy()
    best = int(errors.argmin())
    if errors[best] + n_se * se[best] >= 1:
        return None
    near = table["above_best"].to_numpy() <= n_se * table["above_best_se"].to_numpy()
    return as_counts(table["n_components"].iloc[int(near.argmax())])
