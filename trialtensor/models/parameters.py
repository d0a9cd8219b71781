"""Checks of plain parameters: whole numbers, shares, axes, seeds."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES


def check_whole(name: str, value: Any, least: int) -> int:
    """Return a whole number of at least ``least``.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not whole or value < least:
        raise ValueError(f"{name}: expected an integer of at least {least}, got {value!r}")
    return int(value)


def check_share(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a number between 0 and 1; 0 itself only if ``zero`` allows it.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if not number or not (0 <= value < 1 if zero else 0 < value < 1):
        expected = "a number in [0, 1)" if zero else "a number between 0 and 1"
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return float(value)


def check_flag(name: str, value: Any) -> bool:
    """Return True or False.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def check_jobs(n_jobs: Any) -> None:
    """Refuse a number of processes that joblib can't use.

    Raises
    ------
    ValueError
        For 0 and for anything that is neither None nor an integer.
    """
    if n_jobs is not None and (not isinstance(n_jobs, numbers.Integral) or n_jobs == 0):
        raise ValueError(f"n_jobs: expected None or an integer other than 0, got {n_jobs!r}")


def nonnegative_axes(nonnegative: Any) -> tuple[bool, bool, bool]:
    """Return for each axis whether ``nonnegative=`` constrains it.

    Raises
    ------
    ValueError
        For a name that isn't an axis.
    """
    if isinstance(nonnegative, (bool, np.bool_)):
        return (bool(nonnegative),) * 3
    if isinstance(nonnegative, str):
        nonnegative = [nonnegative]
    if not isinstance(nonnegative, Iterable):
        raise ValueError(
            f"nonnegative: expected False, True or names of axes among {AXES}, got {nonnegative!r}"
        )
    names = list(nonnegative)
    for name in names:
        if name not in AXES:
            raise ValueError(f"nonnegative: {name!r} is no axis; expected names among {AXES}")
    trial, neuron, time = (axis in names for axis in AXES)
    return trial, neuron, time


def generator(random_state: Any) -> np.random.Generator:
    """Return a Generator from a seed, a Generator, a RandomState or None.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "random_state: expected None, a non-negative int, a numpy Generator or a "
            f"RandomState, got {random_state!r}"
        ) from error
