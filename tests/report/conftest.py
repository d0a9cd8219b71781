"""Fitted models that several tests draw."""

import warnings

import numpy as np
import pytest
import xarray

from trialtensor.data import make_tca
from trialtensor.models import TCA


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def labelled_model():
    """Two components, eight directions, two areas, missing trial 3 and neuron 5."""
    X = make_tca(n_trials=40, n_neurons=12, n_times=15, n_components=2, random_state=0).X.copy()
    X[3] = np.nan
    X[:, 5] = np.nan
    X = xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={
            "direction_deg": ("trial", 45.0 * (np.arange(40) % 8)),
            "phase": ("trial", np.repeat(["baseline", "washout"], 20)),
            "area": ("neuron", np.tile(["M1", "PMd"], 6)),
            "time": np.linspace(-0.2, 0.5, 15),
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TCA(2, n_init=3, random_state=0).fit(X)
