"""Progress bars, none of which can fail the work that it shows."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

_FAILURES = (OSError, ValueError, AttributeError)


class _Screen:
    """Standard error, whose failures are nobody's concern: closed, or a terminal that is gone."""

    def write(self, text: str) -> None:
        with suppress(*_FAILURES):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(*_FAILURES):
            sys.stderr.flush()

    def isatty(self) -> bool:
        try:
            return sys.stderr.isatty()
        except _FAILURES:
            return False

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def progress(
    total: int, verbose: int, *, over: Iterable[Any] | None = None, what: str = "restarts"
) -> Any:
    """Open a progress bar; silent unless ``verbose`` and on a terminal.

    Parameters
    ----------
    total : int
        Number of fits.
    verbose : int
    over : iterable, optional
        What to go through; without it, the bar waits for its ``update()``.
    what : str
        Words before the bar.
    """
    from tqdm import tqdm

    # disable=None silences the bar if the output isn't a terminal.
    hidden = None if verbose else True
    return tqdm(over, total=total, desc=what, unit="fit", disable=hidden, file=_Screen())
