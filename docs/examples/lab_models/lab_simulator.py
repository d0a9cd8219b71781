"""A simulator of our lab: neurons that carry a fast and a slow memory, each in its own way."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from trialtensor.data.parameters import check_whole
from trialtensor_models import Run, Schedule, Truth, TwoStateModel


@dataclass(frozen=True)
class NoisyMemories:
    """Two memories in `n_neurons` neurons, with noise of standard deviation `noise`."""

    n_neurons: int = 30
    noise: float = 1.0
    name = "noisy_memories"

    def simulate(self, seed):
        """Make a session of 80 trials."""
        rng = np.random.default_rng(check_whole("seed", seed, 0))
        schedule = Schedule().baseline(10).rotate(30, 60).washout(10)
        trace = TwoStateModel().simulate(schedule, noise=1.0, random_state=rng)
        memories = np.stack([trace.fast, trace.slow], axis=1)
        time = np.arange(20) / 50
        courses = np.exp(-0.5 * ((time - [[0.1], [0.3]]) / 0.08) ** 2)
        X = np.einsum("kr,rn,rt->knt", memories, rng.random((2, self.n_neurons)), courses)
        X += self.noise * rng.standard_normal(X.shape)
        labels, axes = {"epoch": ("trial", trace.epoch)}, ("trial", "neuron", "time")
        activity = xr.DataArray(X, dims=axes, coords={"time": time, **labels})
        behaviour = xr.Dataset({"adaptation": ("trial", trace.shown)}, coords=labels)
        fast, slow = (xr.DataArray(each, dims="trial") for each in memories.T)
        table = schedule.to_table().rename_axis("trial").to_xarray()
        return Run(activity, behaviour, Truth(table, fast, slow, configuration={"seed": int(seed)}))
