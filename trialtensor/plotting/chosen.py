"""Which components, or series, to draw, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trialtensor.data.parameters import is_whole


def choose(chosen: Any, names: Sequence[str], argument: str = "components") -> list[int]:
    """Return the places of the chosen ones, in the order in which they were chosen.

    Parameters
    ----------
    chosen : sequence of int or str, or one of them, or None
        Numbers count from 0; names are among ``names``, with or without "component". None is all.
    names : sequence of str
    argument : str
        For the error.

    Raises
    ------
    ValueError
        For nothing, for what isn't there, and for one that comes twice.

    Examples
    --------
    >>> choose([2, "component 1"], ["component 1", "component 2", "component 3"])
    [2, 0]
    """
    if chosen is None:
        return list(range(len(names)))
    alone = isinstance(chosen, str) or not isinstance(chosen, Iterable)
    asked = [chosen] if alone else list(chosen)
    places = [_place(each, names, argument) for each in asked]
    if not places:
        raise ValueError(f"{argument}: expected at least one of {len(names)}, got none")
    if len(set(places)) < len(places):
        raise ValueError(f"{argument}: expected each once, got {asked}")
    return places


def _place(each: Any, names: Sequence[str], argument: str) -> int:
    if isinstance(each, str):
        for name in (each, f"component {each}"):
            if name in names:
                return list(names).index(name)
    elif is_whole(each) and -len(names) <= each < len(names):
        return int(each) % len(names)
    raise ValueError(
        f"{argument}: expected numbers from 0 to {len(names) - 1} or names among {_listed(names)}, "
        f"got {each!r}"
    )


def _listed(names: Sequence[str], limit: int = 6) -> str:
    shown = [repr(name) for name in names[:limit]]
    return ", ".join(shown + ["..."] * (len(names) > limit))
