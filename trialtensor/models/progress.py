"""A progress bar over restarts."""

from __future__ import annotations

from typing import Any


def progress(total: int, verbose: int) -> Any:
    """A bar for ``total`` restarts; silent unless ``verbose`` and the output is a terminal."""
    from tqdm import tqdm

    # disable=None silences the bar where the output is no terminal.
    return tqdm(total=total, desc="restarts", unit="fit", disable=None if verbose else True)
