"""Checks of parameters of models, and those of `data.parameters` for all layers above."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES, find_axis
from trialtensor.data.parameters import (
    REPEATS,
    SEEDS,
    check_choice,
    check_flag,
    check_number,
    check_share,
    check_whole,
    generator,
    is_whole,
)

__all__ = [
    "REPEATS",
    "SEEDS",
    "check_choice",
    "check_flag",
    "check_jobs",
    "check_number",
    "check_share",
    "check_smoothness",
    "check_solver_parameters",
    "check_verbose",
    "check_whole",
    "generator",
    "kind_of",
    "nonnegative_axes",
]


INITS = ("svd", "random")


def kind_of(given: Any) -> str:
    """Name the kind of something that isn't a model, and where its model is if it is a pipeline.

    Examples
    --------
    >>> kind_of([1, 2])
    'list'
    """
    if not hasattr(given, "named_steps"):
        return type(given).__name__
    return (
        f"{type(given).__name__}; give its last step, pipeline[-1], and with it the data that the "
        "steps before it have transformed, pipeline[:-1].transform(X)"
    )


def check_smoothness(smoothness: Any) -> None:
    """Refuse what is neither "auto" nor a number of 0 or more.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(smoothness, str):
        if smoothness != "auto":
            raise ValueError(f"smoothness: expected a number or 'auto', got {smoothness!r}")
        return
    check_number("smoothness", smoothness, least=0)


def check_jobs(n_jobs: Any) -> int | None:
    """Return a number of processes that joblib can use.

    Raises
    ------
    ValueError
        For 0 and for anything that is neither None nor an integer.
    """
    if n_jobs is not None and (not is_whole(n_jobs) or n_jobs == 0):
        raise ValueError(f"n_jobs: expected None or an integer other than 0, got {n_jobs!r}")
    return None if n_jobs is None else int(n_jobs)


def check_verbose(verbose: Any) -> int:
    """Return a level of output: 0 or False, 1 or True, or more.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not isinstance(verbose, (numbers.Integral, np.bool_)) or verbose < 0:
        raise ValueError(f"verbose: expected 0 or 1, got {verbose!r}")
    return int(verbose)


def check_solver_parameters(model: Any, *, given_init: bool = False) -> None:
    """Check the parameters that iterative models have in common.

    Raises
    ------
    ValueError
        Naming the first that can't be used.
    """
    check_whole("n_init", model.n_init, 1, REPEATS)
    check_whole("max_iter", model.max_iter, 1)
    check_share("tol", model.tol, zero=True)
    check_jobs(getattr(model, "n_jobs", None))
    check_verbose(getattr(model, "verbose", 0))
    generator_like(getattr(model, "random_state", None))
    init = getattr(model, "init", "random")
    if isinstance(init, str):
        if init not in INITS:
            raise ValueError(f"init: expected one of {INITS} or factors, got {init!r}")
    elif not given_init:
        raise ValueError(f"init: expected 'svd' or 'random', got {type(init).__name__}")


def generator_like(random_state: Any) -> None:
    """Refuse what isn't a source of randomness, without drawing from it."""
    if not isinstance(random_state, np.random.RandomState):
        generator(random_state)


def nonnegative_axes(nonnegative: Any, axes: Sequence[str] = AXES) -> tuple[bool, ...]:
    """Return for each axis whether ``nonnegative=`` constrains it.

    Parameters
    ----------
    nonnegative : bool, str or iterable of str
    axes : names of the axes of the data

    Raises
    ------
    ValueError
        For a name that isn't an axis.
    """
    if isinstance(nonnegative, (bool, np.bool_)):
        return (bool(nonnegative),) * len(axes)
    names = nonnegative_names(nonnegative, axes)
    # Of more axes, users know the one of neurons by the name that their data has for it.
    if len(axes) > len(AXES):
        names = [name if name in axes else find_axis(name) or name for name in names]
    for name in names:
        if name not in axes:
            raise ValueError(
                f"nonnegative: {name!r} is no axis; expected names among {tuple(axes)}"
            )
    return tuple(axis in names for axis in axes)


def nonnegative_names(nonnegative: Any, axes: Sequence[str] = AXES) -> list[Any]:
    """Return the names of axes in ``nonnegative=``, whatever the axes of the data are.

    Parameters
    ----------
    nonnegative : bool, str or iterable of str
    axes : names of axes, for the message

    Raises
    ------
    ValueError
        For what can't be names.
    """
    if isinstance(nonnegative, (bool, np.bool_)):
        return []
    if isinstance(nonnegative, str):
        nonnegative = [nonnegative]
    if not isinstance(nonnegative, Iterable):
        raise ValueError(
            f"nonnegative: expected False, True or names of axes among {tuple(axes)}, got "
            f"{nonnegative!r}"
        )
    names = list(nonnegative)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise ValueError(
            f"nonnegative: {wrong[0]!r} is no axis; expected names among {tuple(axes)}"
        )
    return names
