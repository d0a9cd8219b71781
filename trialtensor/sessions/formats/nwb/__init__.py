"""NWB files that are HDF5, read by h5py alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trialtensor.opening.guard import is_hdf5
from trialtensor.sessions.session import Session

__all__ = ["NAME", "match", "open"]

NAME = "an NWB file"


def match(path: Path) -> float:
    """Tell NWB by the version that it says.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir() or not is_hdf5(path):
        return 0.0
    from trialtensor.opening.hdf5 import attributes, open_hdf5

    by_name = 0.3 if path.suffix.lower() == ".nwb" else 0.0
    try:
        with open_hdf5(path) as file:
            about = attributes(file)
            found = "nwb_version" in about or about.get("neurodata_type") == "NWBFile"
            return 1.0 if found or "nwb_version" in file else by_name
    except (OSError, ValueError, RuntimeError):
        return by_name  # damaged; opening it says how


def open(
    path: Path, *, units: str | Sequence[str] | None = None, trials: str | None = None
) -> Session:
    """Read the tables of an NWB file.

    Parameters
    ----------
    path : Path
    units : str or sequence of str, optional
        Paths or names of the tables of units; by default all, put together.
    trials : str, optional
        Path or name of the table of intervals whose rows are the trials.
    """
    from trialtensor.sessions.formats.nwb.building import build_session
    from trialtensor.sessions.formats.nwb.hdf5_nodes import opened_tree

    with opened_tree(path, NAME) as tree:
        return build_session(path, tree, NAME, units=units, trials=trials)
