"""Data whose learning curves and patterns are known: runs of packaged networks, exact tensors.

All are made on the spot from fixed seeds, so they are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray

from trialtensor.data.parameters import some_of
from trialtensor.data.shown import OneLine
from trialtensor_models.analysis import (
    ExactTensor,
    about_conditions,
    changes_by_region,
    make_exact,
)
from trialtensor_models.network import CCRNN
from trialtensor_models.rates import TwoStateModel
from trialtensor_models.sessions import Run, Schedule, simulate
from trialtensor_models.tasks import CenterOut

# What is learned is unlearned, and an error clamp follows: fast and slow go different ways.
_SCHEDULE = Schedule().baseline(20).rotate(30, 80).rotate(-30, 20, until="zero").clamp(50)
_BIN, _N_GRANULE = 0.04, 100
_SNR = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Problem(OneLine):
    """Data to be decomposed, and the truth behind them.

    Attributes
    ----------
    name : str
    X : (n_trials, n_neurons, n_times) xarray.DataArray
        What methods are given.
    truth : Run or ExactTensor
        What they are scored against.
    """

    name: str
    X: xarray.DataArray
    truth: Run | ExactTensor


def packaged_problems(names: Iterable[str] | None = None) -> list[Problem]:
    """Make the problems of the package.

    Parameters
    ----------
    names : iterable of str, optional
        Of `PROBLEMS`; all unless given.

    Returns
    -------
    list of Problem

    Raises
    ------
    ValueError
        If there is no problem of a name.

    Examples
    --------
    >>> packaged_problems(["exact CP"])[0].X.sizes
    Frozen({'trial': 154, 'neuron': 80, 'time': 40})
    """
    return [Problem(name, *PROBLEMS[name]()) for name in some_of("names", names, PROBLEMS)]


@cache
def _run(n_targets: int) -> Run:
    """One session, with baseline, rotation, its opposite and a clamp."""
    model, task = CCRNN.pretrained(0), CenterOut(n_targets=n_targets)
    return simulate(model, task, _SCHEDULE, seed=0, bin_width=_BIN, n_granule=_N_GRANULE)


def _one_target() -> tuple[xarray.DataArray, Run]:
    run = _run(1)
    return changes_by_region(_activity(run)), run


def _eight_targets() -> tuple[xarray.DataArray, Run]:
    run = _run(8)
    return about_conditions(changes_by_region(_activity(run)), "target"), run


def _counts() -> tuple[xarray.DataArray, Run]:
    run = _run(1)
    counts = run.spikes(rate_scale=20.0, bin_width=_BIN, seed=0)
    return changes_by_region(counts.copy(data=np.sqrt(counts.to_numpy()))), run


def _exact_cp() -> tuple[xarray.DataArray, ExactTensor]:
    exact = make_exact(TwoStateModel().simulate(_SCHEDULE), snr=_SNR, random_state=0)
    return exact.activity, exact


def _exact_slices() -> tuple[xarray.DataArray, ExactTensor]:
    trace = TwoStateModel().simulate(_SCHEDULE)
    exact = make_exact(trace, structure="slice", snr=_SNR, random_state=0)
    return exact.activity, exact


def _activity(run: Run) -> xarray.DataArray:
    if run.activity is None:
        raise RuntimeError("the run kept no activity")
    return run.activity


PROBLEMS: dict[str, Callable[[], tuple[xarray.DataArray, Run | ExactTensor]]] = {
    "network, one target": _one_target,
    "network, eight targets": _eight_targets,
    "network, spike counts": _counts,
    "exact CP": _exact_cp,
    "exact slices": _exact_slices,
}
