"""Files of runs: small, the same again, and recordings to trialtensor."""

import json

import numpy as np
import pytest
import xarray as xr

import trialtensor as tt
from trialtensor.io import inspect
from trialtensor.storage import write_netcdf
from trialtensor_models import CCRNN, CenterOut, Run, Schedule, simulate

SCHEDULE = Schedule().baseline(4).rotate(30, 12).clamp(4)


@pytest.fixture(scope="module")
def run():
    return simulate(CCRNN.pretrained(), CenterOut(n_targets=4), SCHEDULE, seed=3)


@pytest.fixture(scope="module")
def path(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.nc"
    run.save(path)
    return path


def assert_same_truth(run, back):
    xr.testing.assert_identical(run.behaviour, back.behaviour)
    xr.testing.assert_identical(run.truth.schedule, back.truth.schedule)
    for name in ("C", "W_th", "W_PC", "region", "fast", "slow"):
        np.testing.assert_array_equal(getattr(run.truth, name), getattr(back.truth, name))
    for name, basis in run.truth.subspaces.items():
        np.testing.assert_array_equal(basis, back.truth.subspaces[name])
    assert back.truth.configuration == json.loads(json.dumps(run.truth.configuration))


def test_only_activity_is_rounded_and_by_what_is_said(run, path):
    back = Run.load(path)
    assert_same_truth(run, back)
    pairs = [(run.activity, back.activity)]
    pairs += [(each, back.truth.counterfactual[n]) for n, each in run.truth.counterfactual.items()]
    for before, after in pairs:
        largest = np.abs(before.values).max(axis=(0, 2), keepdims=True)
        assert np.all(np.abs(after.values - before.values) <= largest / 2048)
        np.testing.assert_array_equal(after.values[before.values == 0], 0)
        xr.testing.assert_identical(before.coords.to_dataset(), after.coords.to_dataset())
        assert after.dtype == np.float32 and after.attrs == before.attrs


def test_what_was_loaded_is_saved_without_further_change(path, tmp_path):
    first = Run.load(path)
    first.save(tmp_path / "again.nc")
    second = Run.load(tmp_path / "again.nc")
    xr.testing.assert_identical(first.activity, second.activity)
    xr.testing.assert_identical(first.truth.counterfactual, second.truth.counterfactual)


def test_exact_is_exact(run, tmp_path):
    run.save(tmp_path / "run.nc", exact=True)
    back = Run.load(tmp_path / "run.nc")
    assert_same_truth(run, back)
    xr.testing.assert_identical(run.activity, back.activity)
    xr.testing.assert_identical(run.truth.counterfactual, back.truth.counterfactual)
    with pytest.raises(ValueError, match="exact: expected True or False"):
        run.save(tmp_path / "run.nc", exact="yes")


def test_140_trials_take_less_than_10_megabytes(path):
    once = 0.6e6  # what doesn't grow with trials: subspaces and HDF5's own
    a_trial = (path.stat().st_size - once) / SCHEDULE.max_trials
    assert once + 140 * a_trial < 10e6


def test_files_of_earlier_versions_load(run, tmp_path):
    """They had the same groups, neither compressed nor with a main tensor."""
    weights = {
        "C": (("trial", "channel", "cortex"), run.truth.C),
        "W_th": (("cortex", "channel"), run.truth.W_th),
        "W_PC": (("trial", "channel", "granule"), run.truth.W_PC),
        "fast": run.truth.fast,
        "slow": run.truth.slow,
        "region": ("neuron", run.truth.region),
    }
    header = {"format": "trialtensor-run", "format_version": 1}
    header["configuration"] = json.dumps(run.truth.configuration)
    groups = {
        "": xr.Dataset(attrs=header),
        "behaviour": run.behaviour,
        "schedule": run.truth.schedule,
        "weights": xr.Dataset(weights),
        "activity": run.activity.drop_vars(["go", "peak_speed"]).to_dataset(name="activity"),
    }
    for name, basis in run.truth.subspaces.items():
        groups[f"subspaces_{name}"] = xr.Dataset({"basis": (("unit", "component"), basis)})
    write_netcdf(tmp_path / "old.nc", groups, sealed=True)
    back = Run.load(tmp_path / "old.nc")
    assert_same_truth(run, back)
    np.testing.assert_array_equal(back.activity, run.activity)


@pytest.mark.parametrize("lazy", [False, True])
def test_a_run_is_a_recording(run, path, lazy):
    with tt.read(path, lazy=lazy) as X:
        assert dict(X.sizes) == {"trial": 20, "neuron": 442, "time": 45}
        assert X["time"].attrs["units"] == "s" and X["time"].values[0] < 0
        for name in ("region", "unit", "epoch", "target", "rotation", "clamp", "go"):
            np.testing.assert_array_equal(X[name], run.activity[name])
        # The same in all trials of this session.
        assert "curl" not in X.coords and "learns" not in X.coords
        np.testing.assert_array_equal(X, Run.load(path).activity)


def test_events_of_a_run_align_trials(run, path):
    X = tt.read(path)
    aligned = tt.align_trials(X, "peak_speed")
    hand = run.behaviour["hand"].values
    speed = np.linalg.norm(np.diff(hand, axis=1), axis=2)
    steps = run.behaviour["time"].values[1:]
    np.testing.assert_allclose(X["peak_speed"], steps[speed.argmax(axis=1)])
    assert aligned.sizes["trial"] == 20 and aligned["time"].values[0] < X["time"].values[0]


def test_truth_is_beside_it_and_not_in_the_way(path):
    text = inspect(path)
    assert text.count("would be read as") == 1 and "--color-by epoch" in text
    assert "counterfactual/  " in text and "weights/  fast, slow, C, W_th, W_PC" in text
    silent = tt.read(path, variable="counterfactual/no_cerebellum")
    nuclei = silent["region"].values == "nuclei"
    assert silent.sizes["trial"] == 20 and np.any(silent.values[:, ~nuclei])
