"""Candidates of a search, as positions along the axis of its figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

# More candidates of several numbers than this would be illegible along one axis.
MAX_TRIPLES = 60


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates drawn: one row each, in the order of the axis.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows of ``search.table_``.
    splits : (n_candidates, n_splits) array
        Held-out error on every split.
    profile : dict of (n_candidates,) arrays, or None
        Results of restarts: ``stability``, ``match``, ``core_consistency``; NaN if unknown.
    n_tried : int
        Candidates of the search, of which these may be a part.
    types : tuple of str
        The types that a candidate counts, if it has several numbers.
    """

    table: pandas.DataFrame
    splits: np.ndarray
    profile: dict[str, np.ndarray] | None
    n_tried: int
    types: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Labels along the axis."""
        return [count_text(each) for each in self.table["n_components"]]

    @property
    def near(self) -> np.ndarray:
        """Candidates within one standard error of the best, as the rule defines it."""
        return (self.table["above_best"] <= self.table["above_best_se"]).to_numpy()

    def place(self, n_components: Any) -> int | None:
        """Return a candidate's position; None for no components."""
        places = [i for i, each in enumerate(self.table["n_components"]) if each == n_components]
        return places[0] if places else None


def count_text(n_components: Any) -> str:
    """Write a candidate as the user would type it: 6, or 2,3,2.

    Examples
    --------
    >>> count_text(6), count_text((2, 3, 2))
    ('6', '2,3,2')
    """
    return ",".join(map(str, np.atleast_1d(n_components)))


def candidates(search: Any, profile: pandas.DataFrame | None) -> Candidates:
    """Collect the results of a fitted search and a profile for the candidates drawn."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(search, "table_")
    table, n_tried = search.table_, len(search.table_)
    types = tuple(search.estimator.component_types)
    if types and n_tried > MAX_TRIPLES:
        chosen = table["n_components"].isin([search.best_n_components_, search.n_components_])
        # False sorts first: what was chosen is always among them.
        ranked = table.assign(other=~chosen).sort_values(["other", "error"])
        table = table.loc[sorted(ranked.index[:MAX_TRIPLES])]
    table = table.reset_index(drop=True)
    splits = _single_splits(search.results_, table["n_components"])
    return Candidates(table, splits, _profile_columns(profile, table), n_tried, types)


def has_consistency(profile: pandas.DataFrame | None) -> bool:
    """Return whether a profile has core consistencies; not all kinds of model have one."""
    if profile is None or "core_consistency" not in profile:
        return False
    return bool(np.isfinite(profile["core_consistency"].to_numpy(dtype=np.float64)).any())


def _single_splits(results: pandas.DataFrame, candidates: Sequence[Any]) -> np.ndarray:
    """Return errors by candidate and split, for the seed that the table counts."""
    kept = results.sort_values(["explained", "seed"], ascending=[False, True])
    kept = kept.drop_duplicates(["n_components", "split"])
    found = {
        (each, split): error
        for each, split, error in zip(
            kept["n_components"], kept["split"], kept["error"], strict=True
        )
    }
    n_splits = range(int(results["split"].max()) + 1)
    return np.array([[found[each, split] for split in n_splits] for each in candidates])


def _profile_columns(
    profile: pandas.DataFrame | None, table: pandas.DataFrame
) -> dict[str, np.ndarray] | None:
    if profile is None:
        return None
    rows = {row["n_components"]: row for row in profile.to_dict("records")}
    if not any(each in rows for each in table["n_components"]):
        raise ValueError("profile: expected one of the candidates of the search, got none of them")
    names = ("stability", "match", "core_consistency")
    return {
        name: np.array([rows.get(each, {}).get(name, np.nan) for each in table["n_components"]])
        for name in names
    }
