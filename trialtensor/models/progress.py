"""The progress bar of a fit."""

from __future__ import annotations

from typing import Any


def progress(total: int, verbose: int) -> Any:
    """Open a progress bar for ``total`` restarts; silent unless ``verbose`` and on a terminal."""
    from tqdm import tqdm

    # disable=None silences the bar if the output isn't a terminal.
    return tqdm(total=total, desc="restarts", unit="fit", disable=None if verbose else True)
