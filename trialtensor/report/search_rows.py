"""The table of the page about a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.plotting.candidates import count_text
from trialtensor.report import search_wording as wording
from trialtensor.report.wording import core_consistency_number

if TYPE_CHECKING:
    import pandas


def candidate_rows(search: Any, profile: pandas.DataFrame | None) -> list[dict[str, Any]]:
    """Return the table of the page, one row per candidate, fewest parameters first."""
    n_splits = wording.n_splits(search)
    rows = []
    for row in search.table_.to_dict("records"):
        each = row["n_components"]
        known = wording.profile_row(profile, each)
        best = row["above_best"] == 0 and row["above_best_se"] == 0
        rows.append(
            {
                "name": count_text(each),
                "n_parameters": f"{row['n_parameters']:,}",
                "error": wording.plus_minus(row["error"], row["error_se"], n_splits),
                "above": "–"
                if best
                else wording.plus_minus(row["above_best"], row["above_best_se"], n_splits),
                "explained": f"{100 * row['explained']:.1f} %",
                "stability": _known(known.get("stability", np.nan)),
                "match": _known(known.get("match", np.nan)),
                "core": _core(known.get("core_consistency", np.nan)),
                "chosen": each == search.n_components_,
                "what": _what(search, each),
            }
        )
    return rows


def _known(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""


def _core(value: float) -> str:
    return core_consistency_number(value) if np.isfinite(value) else ""


def _what(search: Any, n_components: Any) -> str:
    """Return the table's term for a candidate, if it matters."""
    names = {
        "chosen": search.n_components_,
        "lowest error": search.best_n_components_,
        "fewest within one standard error": search.one_se_n_components_,
    }
    # The rule's candidate is the choice; don't repeat it.
    del names["fewest within one standard error" if search.rule == "one-se" else "lowest error"]
    return ", ".join(name for name, each in names.items() if each == n_components)
