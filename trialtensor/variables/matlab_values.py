"""Values of MATLAB, whichever file they are from: numbers, text, cells, structs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large

# Structs within structs that are looked into.
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array of numbers or logicals.

    Attributes
    ----------
    shape : tuple of int
        In the order of MATLAB, at least two.
    dtype : numpy.dtype
    read : callable
        Returns the array, as long as the file is open.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    @property
    def is_tensor(self) -> bool:
        """Whether it can be trials × neurons × times."""
        return len(self.shape) == 3 and 0 not in self.shape


@dataclass(frozen=True, slots=True)
class Text:
    """An array of characters: its rows, without the blanks at their ends."""

    rows: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """One row for each text."""
        return (len(self.rows), 1)


@dataclass(frozen=True, slots=True)
class Cells:
    """A cell array: an object array of values, at least two axes."""

    cells: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """In the order of MATLAB."""
        return self.cells.shape


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct or an array of them.

    Attributes
    ----------
    shape : tuple of int
    fields : dict
        Name -> object array of this shape with the value of each element.
    """

    shape: tuple[int, ...]
    fields: dict[str, np.ndarray]

    @property
    def is_one(self) -> bool:
        """Whether it is a single struct rather than an array."""
        return prod(self.shape) == 1

    def field(self, name: str) -> Value:
        """Return a field of a single struct."""
        found: Value = self.fields[name].flat[0]
        return found


@dataclass(frozen=True, slots=True)
class Unread:
    """What isn't read, and why, in words that follow its name."""

    why: str
    shape: tuple[int, ...] = ()


Value = Numbers | Text | Cells | Struct | Unread
Values = dict[str, Value]


def flattened(values: Values, above: str = "", depth: int = 0) -> Iterator[tuple[str, Value]]:
    """List variables and the fields of single structs, named as "data/spikes".

    Parameters
    ----------
    values : dict
    above : str
        Name of the struct that they are in.
    depth : int
        Structs around them.
    """
    for name, value in values.items():
        path = f"{above}{name}"
        yield path, value
        if isinstance(value, Struct) and value.is_one and depth < _DEEPEST:
            fields = {each: value.field(each) for each in value.fields}
            yield from flattened(fields, f"{path}/", depth + 1)


def is_vector(value: Value) -> bool:
    """Whether a value is numbers in one row or column, or none.

    Parameters
    ----------
    value : Value
    """
    return isinstance(value, Numbers) and (
        prod(value.shape) == 0 or (len(value.shape) == 2 and 1 in value.shape)
    )


def vector(value: Numbers) -> np.ndarray:
    """Read numbers in one row or column.

    Parameters
    ----------
    value : Numbers
    """
    return value.read().reshape(-1)


def length(value: Value) -> int | None:
    """Return how many entries a value has as a column of a table; None if it can't be one.

    Parameters
    ----------
    value : Value
    """
    if isinstance(value, Text):
        return len(value.rows)
    if isinstance(value, Numbers | Cells) and len(value.shape) == 2 and 1 in value.shape:
        return prod(value.shape)
    return None


def words(value: Value) -> str:
    """Say what a value is, such as "cell 30 × 200".

    Parameters
    ----------
    value : Value
    """
    if isinstance(value, Unread):
        return value.why
    size = " × ".join(map(str, value.shape))
    if isinstance(value, Struct):
        names = ", ".join(list(value.fields)[:8])
        return f"struct {size} with {names}{', ...' if len(value.fields) > 8 else ''}"
    if isinstance(value, Text):
        return "text" if len(value.rows) == 1 else f"text {size}"
    return f"cell {size}" if isinstance(value, Cells) else f"{value.dtype} {size}"


def full(
    rows: np.ndarray, ends: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return a sparse matrix as a full one.

    Parameters
    ----------
    rows, values : (n,) array
        One column after the other.
    ends : (n_columns + 1,) array
        Where columns begin, and the end.
    shape : (int, int)

    Raises
    ------
    RefusedError
        If they don't fit.
    """
    from scipy import sparse

    refuse_too_large(8 * prod(shape))
    ends = ends[: shape[1] + 1].astype(np.int64)
    n = int(ends[-1]) if len(ends) == shape[1] + 1 else -1
    rows, values = rows[: max(n, 0)].astype(np.int64), values[: max(n, 0)]
    fits = ends[:1].tolist() == [0] and (np.diff(ends) >= 0).all() and n == len(rows) == len(values)
    if not fits or (n and not 0 <= rows.min() <= rows.max() < shape[0]):
        raise RefusedError("is damaged: the parts of a sparse matrix don't fit")
    native = values.astype(float)
    found: np.ndarray = sparse.csc_array((native, rows, ends), shape=shape).toarray()
    return found


def squeezed(values: np.ndarray) -> np.ndarray:
    """Return rows and columns with one axis, and single values without, as Python has them.

    Parameters
    ----------
    values : array
    """
    if values.ndim != 2 or 1 not in values.shape:
        return values
    return values.reshape(-1 if values.size != 1 else ())
