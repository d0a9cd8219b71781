"""What an interactive figure shows, in words and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.explore.panels import Panel
from trialtensor.explore.tables import MAX_ROWS
from trialtensor.models import Fitted

if TYPE_CHECKING:
    import pandas


def alternative_text(fitted: Fitted, panels: Sequence[Panel]) -> str:
    """Return what the figure shows in plain words.

    Parameters
    ----------
    fitted : Fitted
    panels : list of Panel
    """
    n = len(fitted.components)
    names = [panel.title[0].lower() + panel.title[1:] for panel in panels]
    listed = (
        ", ".join(names[:-1]) + " and " * (len(names) > 1) + (names[-1] if names else "nothing")
    )
    return (
        f"Interactive figure of the {n} component{'s' * (n != 1)} of a fitted {fitted.kind}: "
        f"panels of {listed}, with a lane for each component. The tables of the figure have its "
        "numbers."
    )


def tables(fitted: Fitted, panels: Sequence[Panel]) -> tuple[tuple[str, pandas.DataFrame], ...]:
    """Return the numbers behind the figure: the components, and the factors of every axis.

    Parameters
    ----------
    fitted : Fitted
    panels : list of Panel
    """
    import pandas

    names = [component.name for component in fitted.components]
    components = pandas.DataFrame(
        {
            "weight": [each.weight for each in fitted.components],
            "explained alone": [each.explained_variance_alone for each in fitted.components],
            "explained uniquely": [each.explained_variance_unique for each in fitted.components],
        },
        index=pandas.Index(names, name="component"),
    )
    found = [("Components", components)]
    for panel in panels:
        if not panel.is_image:
            found.append((_title(panel), _factors(panel, names)))
    return tuple(found)


def _title(panel: Panel) -> str:
    n = panel.entity.n
    return f"{panel.title} (the first {MAX_ROWS} of {n})" if n > MAX_ROWS else panel.title


def _factors(panel: Panel, names: Sequence[str]) -> pandas.DataFrame:
    import pandas

    entity = panel.entity
    keep = min(entity.n, MAX_ROWS)
    index: Any = entity.names or list(range(entity.n)) if entity.sorts else entity.positions
    content: dict[str, Any] = {}
    for label in entity.labels:
        content[label.name] = _texts(label)[:keep]
    for r, values in zip(panel.components, panel.values, strict=True):
        if values is not None:
            content[names[r]] = np.asarray(values, dtype=np.float64)[:keep]
    return pandas.DataFrame(content, index=pandas.Index(index[:keep], name=entity.axis))


def _texts(label: Any) -> list[Any]:
    if not label.discrete:
        return list(label.values)
    return [label.texts[i] if i >= 0 else None for i in label.level_index()]
