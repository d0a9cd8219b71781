"""Numbers of components, of one kind or of three, and how many parameters they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_counts(n_components: Any) -> int | tuple[int, ...]:
    """A number, or a tuple of numbers, whatever they came as."""
    if isinstance(n_components, (Sequence, np.ndarray)) and not isinstance(n_components, str):
        return tuple(int(each) for each in n_components)
    return int(n_components)


def no_components(n_components: int | tuple[int, ...]) -> bool:
    """Whether that is a model of nothing."""
    return not any(n_components) if isinstance(n_components, tuple) else n_components == 0


def n_parameters(n_components: int | tuple[int, ...], shape: tuple[int, ...]) -> int:
    """How many numbers a model has.

    Parameters
    ----------
    n_components : int or three ints
        Of TCA, or of SliceTCA.
    shape : (n_trials, n_neurons, n_times)

    Examples
    --------
    >>> n_parameters(2, (30, 20, 10)), n_parameters((2, 0, 1), (30, 20, 10))
    (120, 1070)
    """
    if not isinstance(n_components, tuple):
        return n_components * sum(shape)
    size = int(np.prod(shape))
    return sum(rank * (n + size // n) for rank, n in zip(n_components, shape, strict=True))


def check_fits(n_components: int | tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Refuse more components than data of a shape can have.

    Raises
    ------
    ValueError
        With the candidate and the largest possible.
    """
    if isinstance(n_components, tuple):
        if any(rank > n for rank, n in zip(n_components, shape, strict=True)):
            raise ValueError(
                f"n_components: {n_components} is more than {shape}, the lengths of the axes"
            )
        return
    size = int(np.prod(shape))
    largest = min(size // n for n in shape)
    if n_components > largest:
        raise ValueError(
            f"n_components: got {n_components}, but data of shape {shape} has at most {largest}"
        )
