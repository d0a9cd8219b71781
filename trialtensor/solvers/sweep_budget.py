"""How a restart divides ``max_iter`` among a compressed core and the data."""

from __future__ import annotations

# The share of the sweeps that a restart keeps for the data, where they cost more but decide.
_KEPT = 4


def core_sweeps(max_iter: int) -> int:
    """Return how many sweeps a restart may make on a core, so that some are left for the data.

    Parameters
    ----------
    max_iter : int
        Sweeps of the whole restart.

    Returns
    -------
    int
        0 where there are none to spare for a core.

    Examples
    --------
    >>> core_sweeps(2000), core_sweeps(3), core_sweeps(1)
    (1500, 2, 0)
    """
    return max_iter - max(1, max_iter // _KEPT)
