"""Which cell of a session is which of the cells that were tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels, unlabelled

if TYPE_CHECKING:
    import pandas
    import xarray


@dataclass(frozen=True, eq=False)
class Matching:
    """Cells of all sessions.

    Attributes
    ----------
    cells : (n_cells,) array
        Their labels.
    places : (n_sessions, n_cells) int array
        Number of the cell in each session; -1 where it isn't there.
    about : dict
        Further columns of the registry, (n_cells,) each.
    """

    cells: np.ndarray
    places: np.ndarray
    about: dict[str, np.ndarray]


def match_cells(
    names: Sequence[Any], sessions: Sequence[xarray.DataArray], registry: Any
) -> Matching:
    """Find the cells of sessions by a registry, or by their labels.

    Parameters
    ----------
    names : list
        Of the sessions.
    sessions : list of xarray.DataArray
    registry : pandas.DataFrame, dict, (n_cells, n_sessions) array, or None

    Raises
    ------
    ValueError
        For a registry without a session, with cells that a session doesn't have or has twice, and
        where there is neither a registry nor labels.
    """
    labels = [_labels(each) for each in sessions]
    if registry is None:
        return _by_label(names, labels)
    table = _table(registry, names)
    columns = [_column(table, name) for name in names]
    places = np.stack(
        [_places(*each) for each in zip(columns, labels, names, sessions, strict=True)]
    )
    here = (places >= 0).any(axis=0)
    if not here.any():
        raise ValueError("registry: none of its cells is in any of the sessions")
    known = {str(name) for name in names}
    about = {
        str(name): plain_labels(table[name].to_numpy())[here]
        for name in table.columns
        if str(name) not in known
    }
    cells = np.asarray(as_names(plain_labels(table.index.to_numpy())))
    return Matching(cells[here], places[:, here], about)


def _labels(X: xarray.DataArray) -> list[Any] | None:
    if "neuron" not in X.coords:
        return None
    return as_names(plain_labels(X.coords["neuron"].to_numpy()))


def _by_label(names: Sequence[Any], labels: Sequence[list[Any] | None]) -> Matching:
    for name, own in zip(names, labels, strict=True):
        if own is None:
            raise ValueError(
                f"registry: session {name!r} has no labels of its neurons to match cells by; give "
                "a registry, or a coordinate 'neuron'"
            )
        if None in own or len(set(own)) < len(own):
            raise ValueError(
                f"registry: some neurons of session {name!r} have no label or share one, so that "
                "they can't be matched; give a registry"
            )
    known = [own for own in labels if own is not None]
    cells = list(dict.fromkeys(label for own in known for label in own))
    places = np.full((len(known), len(cells)), -1)
    number = {cell: i for i, cell in enumerate(cells)}
    for row, own in zip(places, known, strict=True):
        row[[number[label] for label in own]] = np.arange(len(own))
    return Matching(np.asarray(cells), places, {})


def _table(registry: Any, names: Sequence[Any]) -> pandas.DataFrame:
    import pandas

    if isinstance(registry, pandas.DataFrame):
        table = registry
    elif isinstance(registry, Mapping):
        table = pandas.DataFrame(dict(registry))
    else:
        values = np.asarray(registry, dtype=object)
        if values.ndim != 2 or values.shape[1] != len(names):
            raise ValueError(
                "registry: expected a table with a row for each cell and a column for each of the "
                f"{len(names)} sessions, got shape {values.shape}"
            )
        table = pandas.DataFrame(values, columns=list(names))
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise ValueError(f"registry: cell {twice!r} has several rows; expected one for each cell")
    return table


def _column(table: pandas.DataFrame, name: Any) -> np.ndarray:
    found = [column for column in table.columns if str(column) == str(name)]
    if len(found) != 1:
        raise ValueError(
            f"registry: expected one column {name!r}, as the session is named, got the columns "
            f"{list(table.columns)}"
        )
    return plain_labels(table[found[0]].to_numpy())


def _places(
    column: np.ndarray, labels: list[Any] | None, name: Any, X: xarray.DataArray
) -> np.ndarray:
    """Return the number in a session of each cell of the registry, -1 where it isn't there."""
    n = X.sizes["neuron"]
    number = {label: i for i, label in enumerate(range(n) if labels is None else labels)}
    if len(number) < n:
        raise ValueError(f"registry: session {name!r} has several neurons of one label")
    there = ~unlabelled(column)
    wanted = [each for each, is_there in zip(as_names(column), there, strict=True) if is_there]
    lost = [each for each in wanted if each not in number]
    if lost:
        how = "labels" if labels is not None else "numbers, from 0,"
        raise ValueError(
            f"registry: {len(lost)} of the {len(wanted)} cells of session {name!r} aren't among "
            f"the {how} of its {n} neurons, such as {lost[0]!r}; a cell that isn't in a session "
            "is NaN or None"
        )
    if len(set(wanted)) < len(wanted):
        twice = next(each for each in wanted if wanted.count(each) > 1)
        raise ValueError(f"registry: neuron {twice!r} of session {name!r} is given for two cells")
    places = np.full(len(column), -1)
    places[there] = [number[each] for each in wanted]
    return places
