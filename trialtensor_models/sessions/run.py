"""What a simulation gives back: activity, behaviour, and the truth behind them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

REGIONS = ("cortex", "pons", "granule", "nuclei")


@dataclass(frozen=True, eq=False)
class Truth:
    """What a method could be scored against.

    Attributes
    ----------
    schedule : xarray.Dataset
        By trial: epoch, block, condition, target, rotation, curl, clamp, cerebellum, learns; in
        tasks with choices also side (the right answer) and expected (reward).
    fast, slow : (n_trials,) xarray.DataArray
        What cerebellum and cortex contribute to the adaptation, in degrees: the command of a
        noiseless trial, less that of one with the cerebellum silent; and the latter, less that
        of the network before learning.
    C : (n_trials, 2, n_cortex) array
        What cortex has learned before each trial, ``ΔW_k = W_th C_k``; see `delta_W`.
    W_th : (n_cortex, 2) array
    W_PC : (n_trials, 2, n_granule) array
        Granule cells to nuclei, before each trial.
    counterfactual : xarray.Dataset, or None
        Activity of the same trials (same noise) with a part taken out: "no_cerebellum",
        "no_cortical_change", "neither".
    subspaces : dict of arrays with orthonormal columns
        "thalamic", "output" and "output_null" (of cortex), "granule" (leading components).
    region : (n_neurons,) array
        Region of each neuron of the activity.
    configuration : dict
        Of the model, task and plant; with the seeds.
    """

    schedule: xr.Dataset
    fast: xr.DataArray
    slow: xr.DataArray
    C: np.ndarray
    W_th: np.ndarray
    W_PC: np.ndarray
    counterfactual: xr.Dataset | None
    subspaces: dict[str, np.ndarray]
    region: np.ndarray
    configuration: dict[str, Any]

    def delta_W(self, trial: int) -> np.ndarray:
        """(n_cortex, n_cortex) change of the recurrent weights before a trial."""
        return self.W_th @ self.C[trial].astype(float)

    @property
    def nbytes(self) -> int:
        """Bytes of the weights of all trials, as they are stored."""
        return int(self.C.nbytes + self.W_PC.nbytes)


@dataclass(frozen=True, eq=False)
class Run:
    """A simulated session.

    Attributes
    ----------
    activity : xarray.DataArray (trial, neuron, time), or None
        With coordinates region and unit (by neuron), target, epoch and block (by trial); time in
        seconds from the go signal. None for ``record="behaviour"``.
    behaviour : xarray.Dataset
        By trial: angle (direction of the hand from the target, degrees counter-clockwise), error
        (the same for the cursor), adaptation (of the motor command, degrees against
        counter-clockwise), end_error and deviation (m), and hand and cursor paths (trial, time,
        axis; m from the start). In tasks with choices also choice (-1 left, 1 right), correct and
        reward.
    truth : Truth
    """

    activity: xr.DataArray | None
    behaviour: xr.Dataset
    truth: Truth

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run as netCDF 4 (HDF5): arrays and text only."""
        from trialtensor_models.sessions.run_files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """Read a run that `save` wrote."""
        from trialtensor_models.sessions.run_files import load

        return load(path)

    def spikes(
        self, *, rate_scale: float = 20.0, bin_width: float = 0.02, seed: int = 0
    ) -> xr.DataArray:
        """Poisson counts with the activity as rates.

        See `trialtensor_models.sessions.spikes.draw_spikes`.
        """
        from trialtensor_models.sessions.spikes import draw_spikes

        if self.activity is None:
            raise ValueError("record: a run of behaviour alone has no activity to draw spikes from")
        return draw_spikes(self.activity, rate_scale=rate_scale, bin_width=bin_width, seed=seed)
