"""Text of the user's in figures."""

from __future__ import annotations

import re

# What Bokeh takes for the beginning of a formula, which it would ask MathJax to set.
_FORMULA = re.compile(r"\$(?=\$)|\\(?=[()\[\]])")


def plain(text: str) -> str:
    r"""Return text that Bokeh draws as it is: two dollars or ``\(`` begin no formula.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> from trialtensor.explore.text import plain
    >>> plain("cost in $"), len(plain("$$x$$"))
    ('cost in $', 7)
    """
    # A word joiner: no width, no break, and no formula.
    return _FORMULA.sub(lambda found: f"{found.group()}\u2060", text)
