"""Checks of plain parameters: whole numbers, numbers, shares, flags, names, seeds."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

LARGEST = 2**31 - 1  # of a whole number, unless something else is said: no array is as long
REPEATS = 10**6  # of starts, surrogates and draws, which come with a seed each
SEEDS = 2**128 - 1


def check_whole(name: str, value: Any, least: int, most: int = LARGEST) -> int:
    """Return a whole number of at least ``least``, and at most ``most``.

    3.0 is refused like 3.5: a count that was computed as a float may be off by one.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    whole = is_whole(value)
    if not whole or not least <= value <= most:
        bounded = most not in (LARGEST, REPEATS, SEEDS) or (whole and value > most)
        needed = f"from {least} to {most}" if bounded else f"of at least {least}"
        raise ValueError(f"{name}: expected an integer {needed}, got {value!r}")
    return int(value)


def check_number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    infinite: bool = False,
) -> float:
    """Return a number within bounds; NaN never, infinity only if ``infinite`` allows it.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    bounds = {"of at least": least, "above": above, "at most": most, "below": below}
    needed = " and ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)
    if least is not None and most is not None:
        needed = f"from {least} to {most}"
    good = is_number(value) and (bool(infinite) or _is_finite(value))
    good = good and (least is None or value >= least) and (most is None or value <= most)
    good = good and (above is None or value > above) and (below is None or value < below)
    if not good:
        raise ValueError(f"{name}: expected a number {needed}".rstrip() + f", got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}: {value!r} is too large for a float") from None


def check_share(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a number between 0 and 1; 0 itself only if ``zero`` allows it.

    Raises
    ------
    ValueError
        Naming the parameter, what it got and what it needs.
    """
    if not is_number(value) or not (0 <= value < 1 if zero else 0 < value < 1):
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
    if not _is_flag(value):
        raise ValueError(f"{name}: expected True or False, got {value!r}")
    return bool(value)


def check_choice(name: str, value: Any, known: Collection[str]) -> str:
    """Return one of several names.

    Raises
    ------
    ValueError
        Listing the names.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")
    return value


def check_instance(name: str, value: Any, kinds: Any, expected: str) -> None:
    """Refuse what is none of some classes.

    Parameters
    ----------
    name : str
    value
    kinds : class, tuple of classes or protocol
    expected : str
        What the message asks for, such as "a Run".

    Raises
    ------
    ValueError
    """
    if not isinstance(value, kinds):
        got = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise ValueError(f"{name}: expected {expected}, got {got}")


def some_of(name: str, value: Any, known: Collection[str]) -> list[str]:
    """Return a list of names, all of them where None is given.

    Raises
    ------
    ValueError
        Listing the names.
    """
    if value is None:
        return list(known)
    listed = ", ".join(map(repr, known))
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name}: expected a list of some of {listed}, got {value!r}")
    names = list(value)
    for each in names:
        if not isinstance(each, str) or each not in known:
            raise ValueError(f"{name}: expected some of {listed}, got {each!r}")
    return names


def is_number(value: Any) -> bool:
    """Return whether this is a real number, and not True or False."""
    return isinstance(value, numbers.Real) and not _is_flag(value)


def is_whole(value: Any) -> bool:
    """Return whether this is a whole number, and not True or False."""
    return isinstance(value, numbers.Integral) and not _is_flag(value)


def generator(random_state: Any, name: str = "random_state") -> np.random.Generator:
    """Return a Generator from a seed, a Generator, a RandomState or None.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1))
    try:
        if _is_flag(random_state):
            raise TypeError("a flag is no seed")
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected None, a non-negative int, a numpy Generator or a "
            f"RandomState, got {random_state!r}"
        ) from error


def _is_finite(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except OverflowError:
        return False


def _is_flag(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))
