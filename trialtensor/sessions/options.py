"""Options of readers, checked before anything is read."""

from __future__ import annotations

from typing import Any

from trialtensor.data.parameters import check_number
from trialtensor.opening.guard import RefusedError


def number_option(name: str, value: Any, *, above: float | None = None) -> float | None:
    """Return an option that is a number, or None where it wasn't given.

    Parameters
    ----------
    name : str
    value : object
    above : float, optional

    Raises
    ------
    RefusedError
        If it is anything else.
    """
    if value is None:
        return None
    try:
        return float(check_number(name, value, above=above))
    except ValueError as error:
        raise RefusedError(str(error)) from error
