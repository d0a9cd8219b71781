import subprocess
import sys

import numpy as np
import pytest

from trialtensor.data import check_trial_tensor, load_example
from trialtensor.data.adaptation import make_adaptation
from trialtensor.data.example import EXAMPLE_PATH


@pytest.fixture(scope="module")
def X():
    return load_example()


def test_the_bundled_file_is_what_the_generator_makes(X):
    assert X.identical(make_adaptation())
    assert EXAMPLE_PATH.stat().st_size < 2_000_000


def test_the_generator_writes_the_file(tmp_path, X):
    import xarray

    path = tmp_path / "again.nc"
    subprocess.run([sys.executable, "-m", "trialtensor.data.adaptation", path], check=True)
    with xarray.open_dataarray(path, engine="h5netcdf") as stored:
        assert stored.identical(X)


def test_another_seed_is_another_recording(X):
    other = make_adaptation(random_state=1)
    assert other.shape == X.shape
    assert not np.array_equal(other, X, equal_nan=True)


def test_it_holds_counts_with_few_missing(X):
    observed = X.to_numpy()[~np.isnan(X.to_numpy())]
    assert (observed >= 0).all()
    assert (observed == observed.round()).all()
    checked = check_trial_tensor(X)
    assert 0.01 < 1 - checked.observed.mean() < 0.05
    assert not checked.empty_neurons.any()
    assert not checked.empty_trials.any()


def test_it_has_the_labels_of_a_learning_experiment(X):
    coords = check_trial_tensor(X).coords
    labels = {name: axis for name, (axis, _) in coords.items()}
    assert {"phase", "trial_in_phase", "target_deg", "error_deg"} <= {
        name for name, axis in labels.items() if axis == "trial"
    }
    assert labels["area"] == "neuron"
    assert list(dict.fromkeys(coords["phase"][1])) == ["baseline", "adaptation", "washout"]
    assert set(coords["area"][1]) == {"M1", "PMd"}
    assert np.unique(coords["target_deg"][1]).tolist() == list(45.0 * np.arange(8))
    assert coords["time"][1].min() == pytest.approx(-0.39)
    assert X["time"].attrs["units"] == "s"


def test_the_error_decays_and_has_an_after_effect(X):
    error = {
        phase: X["error_deg"].to_numpy()[X["phase"].to_numpy() == phase]
        for phase in ("baseline", "adaptation", "washout")
    }
    assert abs(error["baseline"].mean()) < 2
    assert error["adaptation"][:3].mean() > 20
    assert error["adaptation"][-20:].mean() < 8
    assert error["washout"][:3].mean() < -15
    assert abs(error["washout"][-10:].mean()) < 8
