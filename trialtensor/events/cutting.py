"""Pieces of signals around an event of each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def cut_traces(
    traces: Any,
    trials: Any,
    *,
    align_to: str,
    window: tuple[float, float],
    bin_size: float | None = None,
    how: str | None = None,
) -> xarray.DataArray:
    """Cut signals into pieces around an event of each trial."""
    raise NotImplementedError
