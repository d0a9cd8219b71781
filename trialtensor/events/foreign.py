"""Objects of other packages, recognised without importing those."""

from __future__ import annotations

import numbers
from typing import Any


def made_by(given: Any, package: str, *names: str) -> bool:
    """Return whether an object is of one of some classes, or of one derived from them.

    Parameters
    ----------
    given : object
    package : str
        Such as "pynapple". If the class was imported by anybody, so was the package.
    *names : str
        Of classes.

    Examples
    --------
    >>> import pandas
    >>> made_by(pandas.Series([1.0]), "pandas", "Series", "DataFrame")
    True
    """
    return any(
        each.__name__ in names and each.__module__.split(".")[0] == package
        for each in type(given).__mro__
    )


def of_package(given: Any, package: str) -> bool:
    """Return whether an object's class, or one that it is derived from, comes from a package.

    Parameters
    ----------
    given : object
    package : str
    """
    return any(each.__module__.split(".")[0] == package for each in type(given).__mro__)


def plain_values(annotations: Any) -> dict[str, Any]:
    """Return the entries of a dict that are numbers or text: labels, and nothing nested.

    Parameters
    ----------
    annotations : dict

    Examples
    --------
    >>> plain_values({"region": "M1", "waveform": [1, 2]})
    {'region': 'M1'}
    """
    return {
        str(name): value
        for name, value in dict(annotations or {}).items()
        if isinstance(value, (str, bool, numbers.Number))
    }
