"""Signals of cells in a MATLAB file: matrices that the user names, with their frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas

from trialtensor.events.traces import Traces
from trialtensor.opening.guard import RefusedError
from trialtensor.variables.matlab_values import Numbers, Value, Values, flattened, words


def read_signals(
    values: Values, wanted: Sequence[str], rate: float | None, notes: list[str]
) -> dict[str, Traces]:
    """Read the matrices that are named.

    Parameters
    ----------
    values : dict
        Variables by name.
    wanted : sequence of str
        Names of matrices cells × samples, or samples × cells: there are more samples than cells.
    rate : float or None
        Samples a second.
    notes : list of str
        Gets a line for each.

    Raises
    ------
    RefusedError
        If there is no such matrix, or no rate.
    """
    known = dict(flattened(values))
    if wanted and rate is None:
        raise RefusedError(
            "says no frame rate of signals; give it by frame_rate=, in samples a second"
        )
    return {name: _signal(name, known.get(name), rate or 1.0, notes) for name in wanted}


def _signal(name: str, value: Value | None, rate: float, notes: list[str]) -> Traces:
    if not isinstance(value, Numbers) or len(value.shape) != 2:
        what = "nothing of this name" if value is None else words(value)
        raise RefusedError(f"has no matrix {name!r} for traces=, but {what}")
    n_rows, n_columns = value.shape
    by_cell = n_rows <= n_columns
    n_cells, n_samples = (n_rows, n_columns) if by_cell else (n_columns, n_rows)
    first = "cells" if by_cell else "samples"
    notes.append(
        f"{name} ({words(value)}) is taken as signals of {n_cells} cells, {first} first, at "
        f"{rate:g} Hz from 0 s"
    )
    read = np.array(value.read())
    table = pandas.DataFrame(index=pandas.RangeIndex(n_cells, name="cell"))
    load = partial(np.ascontiguousarray, read.T if by_cell else read)
    return Traces(name, table, load, rate=rate, n_samples=n_samples)
