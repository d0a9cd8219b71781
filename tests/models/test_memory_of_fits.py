"""Memory that fits take beyond the data, in units of the data."""

import tracemalloc
import warnings

import numpy as np
import pytest

from trialtensor import CoupledTCA, Parafac2, TrialVaryingDynamics
from trialtensor.solvers.parafac2 import smoothness_choice

N_BLOCKS, N_TRIALS, N_NEURONS, N_TIMES = 8, 50, 100, 60


def blocks(dtype, masked, rows=(N_NEURONS,) * N_BLOCKS):
    rng = np.random.default_rng(0)
    time = rng.standard_normal((2, N_TIMES), dtype=dtype)
    found = []
    for n in rows:
        trial = 1 + rng.random((N_TRIALS, 1, 2), dtype=dtype)
        found.append((trial * np.linalg.qr(rng.standard_normal((n, 2)))[0].astype(dtype)) @ time)
        found[-1] += 0.1 * rng.standard_normal(found[-1].shape, dtype=dtype)
    for X in found if masked else []:
        X[rng.random(X.shape, dtype=np.float32) < 0.2] = np.nan
    return found


def peak(model, X, **options):
    """Largest memory in use during a fit, beyond what there was before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        few = [each[:8] for each in X] if isinstance(X, list) else X[:8]
        model.fit(few, **{name: each[:8] for name, each in options.items()})  # Compiles kernels.
        tracemalloc.start()
        try:
            model.fit(X, **options)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def allowed(X):
    """2.5 times the data, and temporary arrays of a million entries, however large the data is."""
    return 2.5 * (sum(each.nbytes for each in X) if isinstance(X, list) else X.nbytes) + 8e6


@pytest.mark.parametrize(("dtype", "masked"), [(np.float32, True), (np.float64, False)])
@pytest.mark.parametrize("form", ["in order", "mixed", "by time", "ragged", "neurons missing"])
def test_parafac2(form, dtype, masked, monkeypatch):
    # As few sweeps for each smoothness tried as for the fit: all sweeps take the same memory.
    monkeypatch.setattr(smoothness_choice, "_MAX_ITER", 3)
    rows = (20, 40, 60, 80, 120, 140, 160, 180) if form == "ragged" else (N_NEURONS,) * N_BLOCKS
    X = blocks(dtype, masked, rows)
    options = {}
    if form != "ragged":
        X = np.concatenate(X)
        of_trial = np.arange(len(X)) // N_TRIALS
        if form == "mixed":
            of_trial = np.arange(len(X)) % N_BLOCKS
        if form == "neurons missing":
            X[of_trial == 2, 10:15] = np.nan
        options["blocks"] = of_trial
    varying = "time" if form == "by time" else "neuron"
    model = Parafac2(2, varying=varying, n_init=1, max_iter=3, random_state=0)
    assert peak(model, X, **options) < allowed(X)


@pytest.mark.parametrize(("dtype", "masked"), [(np.float32, True), (np.float64, False)])
@pytest.mark.parametrize("separate", [True, False])
def test_coupled(separate, dtype, masked):
    X = blocks(dtype, masked)
    groups = None
    if not separate:
        X = np.concatenate(X, axis=1)
        groups = np.arange(X.shape[1]) % N_BLOCKS
    model = CoupledTCA(2, groups=groups, n_init=1, max_iter=3, random_state=0)
    assert peak(model, X) < allowed(X)


@pytest.mark.parametrize("missing", ["nothing", "bins", "neurons"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(400, 40, 90), (250, 60, 60), (100, 200, 60)])
def test_dynamics(shape, dtype, missing):
    """States before and after a step in the span are nearly twice the data on their own."""
    rng = np.random.default_rng(0)
    X = 1 + rng.random(shape, dtype=dtype)
    if missing == "bins":  # All but the first trial's.
        X[1:].swapaxes(1, 2)[rng.random((shape[0] - 1, shape[2])) < 0.2] = np.nan
    if missing == "neurons":
        X[:, 3:5] = np.nan
    model = TrialVaryingDynamics(2, n_init=1, max_iter=3, random_state=0)
    # Stretches of which the span is found, and chunks in double, don't grow with the trials.
    assert peak(model, X) < 2.5 * X.nbytes + 8 * 12 * shape[1] ** 2 + 2e6
