"""Registry of model kinds: ours, and those that other packages register."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, TypeVar

from trialtensor.data.notices import warn

if TYPE_CHECKING:
    from trialtensor.models.base import TrialEstimator

GROUP = "trialtensor.models"
Kind = TypeVar("Kind", bound="type[TrialEstimator]")

_kinds: dict[str, type[TrialEstimator]] = {}
_asked: set[str] = set()


def register(kind: Kind) -> Kind:
    """Register a kind of model for files, the command and the tests of all kinds.

    Can be used as a class decorator. A package registers its models for everybody by an entry
    point in the group ``trialtensor.models`` that names the class.

    Parameters
    ----------
    kind : subclass of TrialEstimator

    Returns
    -------
    the same class

    Raises
    ------
    ValueError
        If another class has the same name.
    """
    names = (kind.__name__, kind.command_name())
    for name in names:
        other = _kinds.get(name)
        # A module that is loaded again brings its classes again.
        if other is not None and _place(other) != _place(kind):
            raise ValueError(f"kind: {name!r} is already the name of {other!r}, got {kind!r}")
    _kinds.update(dict.fromkeys(names, kind))
    return kind


def _place(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def kinds() -> list[type[TrialEstimator]]:
    """List all registered kinds, in order of registration."""
    _load_entry_points()
    return list(dict.fromkeys(_kinds.values()))


def kind_named(name: str) -> type[TrialEstimator]:
    """Find a kind by its class name or by its name on the command line.

    Raises
    ------
    ValueError
        If there is none; the message lists those that there are.
    """
    if name not in _kinds:
        _load_entry_points()
    if name not in _kinds:
        known = sorted(kind.__name__ for kind in kinds())
        raise ValueError(f"holds a model of kind {name!r}; known are {known}")
    return _kinds[name]


def _load_entry_points() -> None:
    for point in entry_points(group=GROUP):
        if point.value in _asked:
            continue
        _asked.add(point.value)
        try:
            register(point.load())
        except Exception as error:
            # Somebody else's package must not take ours down.
            warn(f"the model {point.value!r} of another package can't be used: {error}")
