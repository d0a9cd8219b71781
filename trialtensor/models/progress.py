"""Progress bars, none of which can fail the work that it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trialtensor.data.screen import Screen


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
    return tqdm(over, total=total, desc=what, unit="fit", disable=hidden, file=Screen())
