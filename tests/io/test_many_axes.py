"""Files and other libraries with more than three axes."""

import numpy as np
import pytest
import tensorly

from trialtensor import TCA, read
from trialtensor.data import as_trial_tensor
from trialtensor.io import from_tensorly, inspect, to_tensorly, write_factors

SHAPE = (12, 5, 4, 9)
X = np.random.default_rng(0).random(SHAPE)
LABELLED = as_trial_tensor(X, axes="trial,channel,frequency,time").assign_coords(
    frequency=[4.0, 8.0, 16.0, 32.0]
)


@pytest.mark.parametrize("shape", [SHAPE, (6, 3, 4, 2, 5)])
def test_there_and_back_with_tensorly(shape):
    model = TCA(2, n_init=2, random_state=0).fit(np.random.default_rng(1).random(shape))
    there = to_tensorly(model)
    np.testing.assert_allclose(tensorly.cp_to_tensor(there), model.reconstruct(), atol=1e-12)
    back = from_tensorly(there)
    np.testing.assert_allclose(back.reconstruct(), model.reconstruct(), atol=1e-12)
    assert list(back.factors_) == list(model.factors_)


def test_names_come_from_netcdf(tmp_path):
    LABELLED.rename(neuron="channel").to_netcdf(tmp_path / "ecog.nc", engine="h5netcdf")
    found = read(tmp_path / "ecog.nc")
    assert found.dims == ("trial", "neuron", "frequency", "time")
    np.testing.assert_array_equal(found, X)
    assert found["frequency"].to_numpy().tolist() == [4, 8, 16, 32]
    text = inspect(tmp_path / "ecog.nc")
    assert "12 trials, 5 neurons, 4 frequencies, 9 times" in text
    assert "labels of frequencies: frequency (" in text


def test_names_are_given_for_bare_arrays(tmp_path):
    path = tmp_path / "ecog.npz"
    np.savez(path, power=X.transpose(3, 1, 2, 0), frequency=[4, 8, 16, 32], side=np.arange(12) % 2)
    found = read(path, axes="time,channel,frequency,trial")
    np.testing.assert_array_equal(found, X)
    assert found["frequency"].dims == ("frequency",) and found["side"].dims == ("trial",)
    assert read(path).dims == ("trial", "neuron", "axis2", "time")
    assert "the axes were assumed: trial, neuron, axis2, time" in inspect(path)


def test_three_axes_are_preferred(tmp_path):
    np.savez(tmp_path / "both.npz", whole=X, rates=X[:, :, 0])
    assert read(tmp_path / "both.npz").shape == (12, 5, 9)
    np.savez(tmp_path / "two.npz", a=X, b=X)
    with pytest.raises(ValueError, match="2 variables with more than three axes; choose one"):
        read(tmp_path / "two.npz")


def test_every_axis_has_a_table(tmp_path):
    model = TCA(2, random_state=0).fit(LABELLED)
    names = [path.name for path in write_factors(model, tmp_path)]
    assert names == [f"{a}_factors.csv" for a in ("trial", "neuron", "frequency", "time")]
    first = (tmp_path / "frequency_factors.csv").read_text().splitlines()
    assert first[0] == "frequency,component_1,component_2" and first[4].startswith("32.0,")
