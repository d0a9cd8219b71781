"""Spike counts around an event of each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def bin_spikes(
    units: Any,
    trials: Any,
    *,
    align_to: str,
    window: tuple[float, float],
    bin_size: float,
    dtype: Any = None,
) -> xarray.DataArray:
    """Count spikes in bins around an event of each trial."""
    raise NotImplementedError
