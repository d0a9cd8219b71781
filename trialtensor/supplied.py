"""What upper layers supply to classes of the layers below, which may not import them.

``trialtensor/__init__.py`` says where each is found. Nothing is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import Any

_PLACES: dict[str, str] = {}


def supply(name: str, module: str) -> None:
    """Say which module has a function that a method of a lower layer calls.

    Parameters
    ----------
    name : str
        Of the function.
    module : str
    """
    _PLACES[name] = module


def supplied(name: str) -> Any:
    """Return a function of an upper layer.

    Parameters
    ----------
    name : str

    Raises
    ------
    LookupError
        If no layer supplies it.

    Examples
    --------
    >>> import trialtensor
    >>> from trialtensor.supplied import supplied
    >>> supplied("explore").__module__
    'trialtensor.explore.figure'
    """
    if name not in _PLACES:
        raise LookupError(f"no layer supplies {name!r}; there are {sorted(_PLACES)}")
    return getattr(importlib.import_module(_PLACES[name]), name)
