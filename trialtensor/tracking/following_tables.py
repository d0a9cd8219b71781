"""Results on every series, as tidy tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.tracking.change_points import levels_between
from trialtensor.tracking.contrasts import MIN_TRIALS, block_contrasts, holm
from trialtensor.tracking.learning import LearningCurve
from trialtensor.tracking.neuron_agreement import ALSO_SEEN
from trialtensor.tracking.relation import Relation
from trialtensor.tracking.replication import Replication
from trialtensor.tracking.series import check_labels
from trialtensor.tracking.transitions import Transitions
from trialtensor.tracking.transitions.tabulating import NAMES as TRANSITION_NAMES

if TYPE_CHECKING:
    import pandas

NOT_CHECKED = "not checked"


def summaries(
    found: dict[str, Transitions],
    p_adjusted: dict[str, float],
    learning: dict[str, LearningCurve],
    reported: dict[str, Transitions],
) -> pandas.DataFrame:
    """Return a summary row for each series."""
    import pandas

    return pandas.DataFrame(
        _summary(name, each, p_adjusted[name], learning[name], name in reported)
        for name, each in found.items()
    )


def _summary(
    name: str, found: Transitions, p_adjusted: float, learning: LearningCurve, reported: bool
) -> dict[str, Any]:
    """Return a summary row for a series."""
    best = learning.best
    row = {
        "series": name,
        "n_changes": found.n_transitions if reported else 0,
        "probability": found.probability,
        "change_p": found.p_value,
        "change_p_adjusted": p_adjusted,
        "wanders": found.wanders,
        "model": best.model,
    }
    for i, order in enumerate(("", "second_")):
        known = i < len(best.time_constants)
        low, high = best.time_constant_intervals[i] if known else (np.nan, np.nan)
        row[f"{order}time_constant"] = float(best.time_constants[i]) if known else np.nan
        row[f"{order}time_constant_low"] = float(low)
        row[f"{order}time_constant_high"] = float(high)
    return row | {
        "start": best.start,
        "plateau": best.plateau,
        "slope": best.slope,
        "n_effective": learning.n_effective,
    }


def changes(found: dict[str, Transitions], replication: Replication | None) -> pandas.DataFrame:
    """List every transition, one row each, with the levels before and after it."""
    import pandas

    tables = [
        each.table.assign(
            series=name,
            **_levels(each),
            replicated=_said(name, each, replication),
        )
        for name, each in found.items()
        if each.n_transitions
    ]
    names = ["series", *TRANSITION_NAMES, "kind", "before", "after", "replicated"]
    if not tables:
        return pandas.DataFrame(columns=names)
    return pandas.concat(tables, ignore_index=True)[names]


def _levels(found: Transitions) -> dict[str, list[float]]:
    """Return the level before each transition, and at the end of what follows it."""
    levels = levels_between(found, found.course[:, None])[:, 0]
    place = np.searchsorted(found.onsets, found.table["onset"].to_numpy(dtype=int))
    return {"before": levels[place].tolist(), "after": levels[place + 1].tolist()}


def _said(name: str, found: Transitions, replication: Replication | None) -> list[str] | str:
    """Return what the neurons say of each transition."""
    onsets = found.table["onset"].tolist()
    if replication is None or name == "behaviour":
        return NOT_CHECKED
    table = replication.table
    own = table[table["series"] == name].drop_duplicates("trial").set_index("trial")
    return [_verdict(own.loc[onset]) if onset in own.index else NOT_CHECKED for onset in onsets]


def _verdict(row: Any) -> str:
    verdict = str(row["verdict"])
    return f"{verdict} {row['also_seen_in']}" if verdict == ALSO_SEEN else verdict


def blocks(
    columns: dict[str, np.ndarray], labels: np.ndarray | None, level: float
) -> tuple[pandas.DataFrame | None, pandas.DataFrame | None]:
    """Tabulate block means and differences, corrected for the number of components."""
    import pandas

    if labels is None:
        return None, None
    found = {
        name: block_contrasts(y, _known_labels(y, labels), level=level)
        for name, y in columns.items()
    }
    tables = []
    for part in ("blocks", "contrasts"):
        each = pandas.concat(
            {name: getattr(b, part) for name, b in found.items()}, names=["series"]
        )
        tables.append(each.reset_index(level="series").reset_index(drop=True))
    blocks, contrasts = tables
    of_components = (contrasts["series"] != "behaviour").to_numpy()
    adjusted = contrasts["p_adjusted"].to_numpy().copy()
    adjusted[of_components] = holm(contrasts["p_value"].to_numpy()[of_components])
    return blocks, contrasts.assign(p_adjusted=adjusted)


def _known_labels(y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Remove blocks that have enough trials, but too few values of this series.

    A region may not have been recorded, or a model be undefined, on these trials; the others can
    still be compared. If a single block is left, labels stay, so that they are refused.
    """
    names, codes = check_labels(labels, len(y))
    inside = codes[:, None] == np.arange(len(names))
    seen = (inside & np.isfinite(y)[:, None]).sum(axis=0)
    unknown = (inside.sum(axis=0) >= MIN_TRIALS) & (seen < MIN_TRIALS)
    if not unknown.any() or len(names) - unknown.sum() < 2:
        return labels
    known = labels.astype(object)
    known[np.isin(codes, np.flatnonzero(unknown))] = None
    return known


def relations(related: dict[str, Relation]) -> pandas.DataFrame:
    """State for each component whether it goes with behaviour, and which one leads."""
    import pandas

    table = pandas.DataFrame(
        [
            {
                "series": name,
                "lead": each.lead,
                "lead_low": each.lead_interval[0],
                "lead_high": each.lead_interval[1],
                "correlation": each.correlation,
                "p_value": each.p_value,
            }
            for name, each in related.items()
        ]
    )
    return table.assign(p_adjusted=holm(table["p_value"].to_numpy()))
