"""Fitted models of every kind, on data of which something is known, and a kind of a third party."""

import tempfile
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import xarray
from sklearn.decomposition import NMF

import trialtensor as tt
from trialtensor.models import FitRecord, Fitted, Named, TrialEstimator
from trialtensor.models.fitted import Restart
from trialtensor.models.parts import make_components
from trialtensor.solvers.result import StopReason

OPTIONS = {"n_init": 2, "random_state": 0}
PHASES = np.repeat(["early", "late"], 12)
SITES = np.repeat(["cortex", "cerebellum"], [6, 4])
BLOCKS = np.repeat(["Mon", "Tue", "Wed", "Thu"], 6)
DATA = ("complete", "missing", "labelled", "float32", "loaded")


class MeanNMF(TrialEstimator):
    """Non-negative factors of trials x neurons, of activity averaged over time.

    More text that no page shows.
    """

    def __init__(self, n_components=2, *, random_state=None):
        self.n_components = n_components
        self.random_state = random_state

    def check_parameters(self):
        if self.n_components < 1:
            raise ValueError("n_components: expected at least 1")

    def fit(self, X, y=None, *, mask=None):
        layout = self.layout(X, mask)
        values = layout.with_nan()[0]
        means = np.nan_to_num(np.abs(np.nanmean(values, axis=2)))
        solver = NMF(self.n_components, random_state=0, max_iter=1000)
        trial = solver.fit_transform(means)
        neuron = solver.components_.T
        norms = np.linalg.norm(trial, axis=0) * np.linalg.norm(neuron, axis=0)
        trial, neuron = (each / np.linalg.norm(each, axis=0) for each in (trial, neuron))
        loss, total = solver.reconstruction_err_**2, float(np.sum(means**2))
        restart = Restart(
            0, loss, 1 - loss / total, 1.0, StopReason.CONVERGED, 3, (trial, neuron), norms,
            axes=("trial", "neuron"),
        )  # fmt: skip
        record = FitRecord(
            loss, np.array([2 * loss, loss]), np.float64(1 - loss / total), 3,
            StopReason.CONVERGED, [restart],
        )  # fmt: skip
        arrays = {
            "trial_factors": Named(("trial", "component"), trial),
            "neuron_factors": Named(("neuron", "component"), neuron),
            "weights": Named(("component",), norms),
        }
        data = {
            "shape": values.shape, "dtype": str(values.dtype), "n_observed": values.size,
            "missing_fraction": 0.0, "missing_pattern": "none", "treatment": "Nothing was missing.",
        }  # fmt: skip
        self._store(self._assemble(arrays, record=record, data=data, coords={}))
        return self

    def _assemble(self, arrays, **about):
        return Fitted("MeanNMF", arrays, make_components(arrays), **about)


def data(kind="complete"):
    """24 trials of 10 neurons in 15 bins: two components."""
    X = tt.make_tca(24, 10, 15, 2, snr=5.0, random_state=0).X
    if kind == "float32":
        return X.astype(np.float32)
    if kind == "missing":
        X = X.copy()
        X[3] = np.nan
        X[5, :, 4] = np.nan
    if kind == "labelled":
        return xarray.DataArray(
            X,
            dims=("trial", "neuron", "time"),
            coords={
                "phase": ("trial", PHASES),
                "day": ("trial", BLOCKS),
                "site": ("neuron", SITES),
                "time": np.linspace(-0.2, 0.5, 15),
            },
        )
    return X


@cache
def models(kind="complete"):
    """One of each kind, by name; shared by all tests, so that none may change them."""
    X = data("complete" if kind == "loaded" else kind)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["TCA"] = tt.TCA(2, **OPTIONS).fit(X)
        found["SliceTCA"] = tt.SliceTCA((1, 1, 1), **OPTIONS).fit(X)
        found["Parafac2"] = tt.Parafac2(2, **OPTIONS).fit(X, blocks=BLOCKS)
        found["CoupledTCA"] = tt.CoupledTCA(1, n_private=1, groups=SITES, **OPTIONS).fit(X)
        found["TrialVaryingDynamics"] = tt.TrialVaryingDynamics(2, **OPTIONS).fit(X)
    if kind == "loaded":
        return {name: _loaded(model) for name, model in found.items()}
    return found


def _loaded(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path)
        return tt.load(path)
