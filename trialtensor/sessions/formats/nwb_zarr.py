"""NWB folders that are Zarr, as hdmf-zarr writes them; their values need zarr."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trialtensor.sessions.session import Session
from trialtensor.variables.zarr_store import is_zarr, root_attributes

NAME = "an NWB folder (Zarr)"


def match(path: Path) -> float:
    """Tell NWB by the version that it says.

    Parameters
    ----------
    path : Path
    """
    if not is_zarr(path):
        return 0.0
    about = root_attributes(path)
    return 1.0 if "nwb_version" in about or about.get("neurodata_type") == "NWBFile" else 0.0


def open(
    path: Path, *, units: str | Sequence[str] | None = None, trials: str | None = None
) -> Session:
    """Read the tables of an NWB folder.

    Parameters
    ----------
    path : Path
    units : str or sequence of str, optional
        Paths or names of the tables of units; by default all, put together.
    trials : str, optional
        Path or name of the table of intervals whose rows are the trials.
    """
    from trialtensor.sessions.formats.nwb.building import build_session
    from trialtensor.sessions.formats.nwb.zarr_nodes import opened_tree

    with opened_tree(path, NAME) as tree:
        return build_session(path, tree, NAME, units=units, trials=trials)
