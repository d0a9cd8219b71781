"""How many cortices an experiment is run on: each counts once."""

from __future__ import annotations

from trialtensor.data.parameters import check_whole
from trialtensor_models.network import n_packaged


def n_cortices(wanted: int | None, task: str = "center_out") -> int:
    """Return how many cortices to use; repeats of one cortex are no further network.

    Parameters
    ----------
    wanted : int or None
        All that the package has if None.
    task : str

    Raises
    ------
    ValueError
        If the package has fewer.
    """
    there = n_packaged(task)
    if wanted is None:
        return there
    check_whole("networks", wanted, 1)
    if wanted > there:
        raise ValueError(f"networks: the package has {there} cortices for {task}, got {wanted}")
    return wanted
