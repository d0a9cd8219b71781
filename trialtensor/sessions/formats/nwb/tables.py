"""Tables of NWB (DynamicTable) as pandas tables: plain, ragged and nested columns."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pandas

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.nwb.nodes import Left, Node, Tree

INDEX = "_index"
# Values a row, and values in all, of columns that aren't one value a row.
_WIDEST, _MOST = 1_000, 5_000_000
_DEEPEST = 5


def read_table(tree: Tree, node: Node, index: str, left: Left, skip: Collection[str] = ()) -> Any:
    """Read a table with all columns that can be columns.

    Ragged columns hold an array a row, nested ones a list of arrays. What is left out is said.

    Parameters
    ----------
    tree : Tree
        Of an open file.
    node : Node
        The table.
    index : str
        Name of the index, whose values are the ids in the file.
    left : Left
    skip : collection of str
        Columns that are read in another way.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    RefusedError
        If there are neither ids nor columns.
    """
    ids = _ids(tree, node)
    names = [name for name in column_names(tree, node) if name not in skip]
    columns: dict[str, Any] = {}
    for name in names:
        try:
            values = read_column(tree, node, name)
            ids = np.arange(len(values)) if ids is None else ids
            if len(values) != len(ids):
                raise RefusedError(f"has {len(values)} rows, but there are {len(ids)} ids")
        except (RefusedError, KeyError, TypeError, ValueError, OSError, RuntimeError) as error:
            left.out(f"column {node.path}/{name}", _why(error))
            continue
        columns[name] = values
    if ids is None:
        raise RefusedError(f"{node.path} is a table without ids and columns")
    return pandas.DataFrame(columns, index=pandas.Index(ids, name=index))


def column_names(tree: Tree, node: Node) -> list[str]:
    """List the columns of a table in its order.

    Parameters
    ----------
    tree : Tree
    node : Node
        The table.
    """
    given = np.atleast_1d(node.attributes.get("colnames", np.zeros(0, dtype=str)))
    names = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each)
             for each in given.ravel()]  # fmt: skip
    if not names:
        others = [each.name for each in tree.children(node) if each.shape is not None]
        names = [name for name in others if not name.endswith(INDEX)]
    return [name for name in dict.fromkeys(names) if name != "id" and tree.child(node, name)]


def read_column(tree: Tree, node: Node, name: str) -> Any:
    """Read one column, with one value a row, or an array or list a row.

    Parameters
    ----------
    tree : Tree
    node : Node
        The table.
    name : str

    Raises
    ------
    RefusedError
        If it can't be a column of a table.
    """
    column, indices = tree.child(node, name), index_chain(tree, node, name)
    if column is None:
        raise RefusedError("is missing")
    _check(column, ragged=bool(indices))
    values = _meant(tree, column, column.read())
    if not indices:
        return values if values.ndim == 1 else list_of(list(values))
    cells: Any = values
    for each in indices:
        cells = cut(cells, bounds_of(each, len(cells)))
    return list_of(cells)


def index_chain(tree: Tree, node: Node, name: str) -> list[Node]:
    """List the indices of a ragged column: of its values first, then of these lists.

    Parameters
    ----------
    tree : Tree
    node : Node
        The table.
    name : str
        Of the column.
    """
    found: list[Node] = []
    while len(found) < _DEEPEST:
        name += INDEX
        index = tree.child(node, name)
        if index is None:
            break
        found.append(index)
    return found


def bounds_of(index: Node, n: int) -> np.ndarray:
    """Read the ends of the rows of a ragged column: bounds (n_rows + 1,) from 0 to `n`.

    Parameters
    ----------
    index : Node
    n : int
        Values in the column.

    Raises
    ------
    RefusedError
        If they don't fit.
    """
    if index.refused:
        raise RefusedError(f"can't be read, because {index.name} {index.refused}")
    return checked_bounds(index.name, index.read(), n)


def checked_bounds(name: str, ends: np.ndarray, n: int) -> np.ndarray:
    """Return bounds (n_rows + 1,) from the ends of rows, if they fit `n` values.

    Parameters
    ----------
    name : str
        Of the index, for messages.
    ends : (n_rows,) array
    n : int
    """
    if ends.ndim != 1 or ends.dtype.kind not in "iu":
        raise RefusedError(f"{name} is {ends.dtype} of shape {ends.shape}, expected whole numbers")
    bounds = np.concatenate([[0], ends.astype(np.int64)])
    if (np.diff(bounds) < 0).any() or bounds[-1] > n:
        raise RefusedError(f"{name} doesn't fit: its rows don't end in order within {n} values")
    return bounds


def cut(values: Any, bounds: np.ndarray) -> list[Any]:
    """Cut values, or a list of arrays, into one part a row.

    Parameters
    ----------
    values : array or list
    bounds : (n_rows + 1,) array
    """
    return [values[start:end] for start, end in pairwise(bounds)]


def list_of(cells: list[Any]) -> np.ndarray:
    """Return an object array with one cell a row, whatever the cells are.

    Parameters
    ----------
    cells : list
    """
    found = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        found[place] = cell
    return found


def _ids(tree: Tree, node: Node) -> np.ndarray | None:
    ids = tree.child(node, "id")
    if ids is None or ids.refused or ids.shape is None or len(ids.shape) != 1:
        if ids is not None and ids.refused:
            raise RefusedError(f"the ids of {node.path} can't be read: {ids.refused}")
        return None
    return ids.read()


def _check(column: Node, *, ragged: bool) -> None:
    """Refuse what isn't a column, or too large to be one."""
    if column.refused:
        raise RefusedError(column.refused)
    if column.shape is None or column.dtype is None or not column.shape:
        raise RefusedError("is no column of values")
    if column.dtype.kind not in "biufSUM":
        raise RefusedError(f"holds {_kind(column.dtype)}, which is no column of a table")
    width, size = prod(column.shape[1:]), prod(column.shape)
    if width > _WIDEST:
        raise RefusedError(f"holds {width} values a row")
    if (ragged or width > 1) and size > _MOST:
        raise RefusedError(f"holds {size} values in lists")


def _kind(dtype: np.dtype) -> str:
    return "records" if dtype.names else str(dtype)


def _meant(tree: Tree, column: Node, values: np.ndarray) -> np.ndarray:
    """Return what numbers of an EnumData column stand for, and the names that references mean."""
    if column.refers:
        names = [path.rsplit("/", 1)[-1] for path in values.flat]
        return np.array(names, dtype=str).reshape(values.shape)
    elements = tree.referred(column, "elements")
    if column.type == "EnumData" and elements is not None and not elements.refused:
        words = elements.read()
        if values.dtype.kind in "iu" and values.size and 0 <= values.max() < len(words):
            return words[values]
    return values


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
