"""Purkinje cells and their climbing fibres as a part of a run's file."""

from __future__ import annotations

import numpy as np
import xarray as xr

from trialtensor_models.network import Olive, PurkinjeCells


def as_dataset(purkinje: PurkinjeCells, olive: Olive) -> xr.Dataset:
    """Put both into one dataset.

    Parameters
    ----------
    purkinje : PurkinjeCells
    olive : Olive
        Of the same number of cells.

    Returns
    -------
    xarray.Dataset
    """
    return xr.Dataset(
        {
            "group": ("cell", purkinje.group),
            "fixed": (("cell", "granule"), purkinje.fixed),
            "gain": (("cell", "channel"), purkinje.gain),
            "D": (("nucleus", "cell"), purkinje.D),
            "rest": ("cell", olive.rest),
            "scale": ((), olive.scale),
        }
    )


def from_dataset(circuit: xr.Dataset) -> tuple[PurkinjeCells, Olive]:
    """Take both out of what `as_dataset` made.

    Parameters
    ----------
    circuit : xarray.Dataset

    Returns
    -------
    PurkinjeCells, Olive
    """
    parts = {str(name): np.asarray(each) for name, each in circuit.data_vars.items()}
    cells = PurkinjeCells(**{name: parts[name] for name in ("group", "fixed", "gain", "D")})
    return cells, Olive(cells.group, parts["rest"], float(parts["scale"]))
