"""Saved models: everything comes back, and nothing else is taken for a model."""

import h5py
import numpy as np
import pytest
import xarray

import trialtensor
from trialtensor import TCA, make_tca


@pytest.fixture(scope="module")
def model():
    X = xarray.DataArray(
        make_tca(12, 6, 10, 2, snr=50.0, random_state=0).X,
        dims=("trial", "neuron", "time"),
        coords={
            "target": ("trial", ["left", "right"] * 6),
            "day": ("trial", np.datetime64("2024-05-01") + np.arange(12)),
            "time": np.linspace(0, 1, 10),
        },
    )
    return TCA(2, nonnegative=("trial",), n_init=3, random_state=7).fit(X)


def test_everything_comes_back(model, tmp_path):
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    for name, value in vars(model).items():
        other = getattr(copy, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(other, value)
            assert other.dtype == value.dtype
    assert copy.loss_ == model.loss_ and copy.stop_reason_ is model.stop_reason_
    assert copy.data_summary_ == model.data_summary_
    assert list(copy.coords_) == list(model.coords_)
    for name, (axis, values) in model.coords_.items():
        assert copy.coords_[name][0] == axis
        np.testing.assert_array_equal(copy.coords_[name][1], values)
    assert [r.seed for r in copy.restarts_] == [r.seed for r in model.restarts_]
    np.testing.assert_array_equal(copy.restarts_[2].factors[1], model.restarts_[2].factors[1])
    xarray.testing.assert_identical(copy.to_xarray(), model.to_xarray())


def test_saving_replaces_a_file_whole(model, tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("old")
    model.save(path)
    assert trialtensor.load(path).loss_ == model.loss_
    assert [p.name for p in tmp_path.iterdir()] == ["model.h5"]


def test_a_generator_is_not_saved(tmp_path):
    X = make_tca(12, 6, 10, 2, random_state=0).X
    TCA(2, random_state=np.random.default_rng(0)).fit(X).save(tmp_path / "m.h5")
    assert trialtensor.load(tmp_path / "m.h5").random_state is None


def test_a_missing_file_or_folder(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        trialtensor.load(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="no folder"):
        model.save(tmp_path / "none" / "model.h5")


def test_other_files_are_refused(tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("not a model")
    with pytest.raises(ValueError, match="not a complete saved model"):
        trialtensor.load(text)
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(ValueError, match="HDF5 file, but not a saved model"):
        trialtensor.load(other)


def test_a_truncated_model_is_refused(model, tmp_path):
    path = tmp_path / "model.h5"
    model.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="not a complete saved model"):
        trialtensor.load(path)


def test_newer_and_unknown_models_are_refused(model, tmp_path):
    path = tmp_path / "model.h5"
    model.save(path)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ValueError, match="newer version"):
        trialtensor.load(path)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 1
        file.attrs["model"] = "os.system"
    with pytest.raises(ValueError, match=r"'os\.system'"):
        trialtensor.load(path)


def test_a_model_from_given_factors_can_be_saved(model, tmp_path):
    given = trialtensor.from_tensorly(trialtensor.to_tensorly(model))
    given.save(tmp_path / "given.h5")
    copy = trialtensor.load(tmp_path / "given.h5")
    np.testing.assert_array_equal(copy.reconstruct(), given.reconstruct())
    assert "not fitted" in copy.stop_reason_.advice


@pytest.mark.parametrize("name", ["a/b", ".", "weights", "name with spaces"])
def test_labels_of_any_name_come_back(tmp_path, name):
    X = make_tca(12, 6, 10, 2, random_state=0).X
    labels = ["left", "ri\0ght"] * 6
    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={name: ("trial", labels)}
    )
    TCA(2, random_state=0).fit(labelled).save(tmp_path / "m.h5")
    axis, values = trialtensor.load(tmp_path / "m.h5").coords_[name]
    assert axis == "trial" and values.tolist() == ["left", "right"] * 6


def test_a_model_that_started_from_a_model_can_be_saved(model, tmp_path):
    X = make_tca(12, 6, 10, 2, snr=50.0, random_state=0).X
    again = TCA(2, init=model).fit(X)
    again.save(tmp_path / "m.h5")
    copy = trialtensor.load(tmp_path / "m.h5")
    np.testing.assert_array_equal(copy.reconstruct(), again.reconstruct())


def test_a_folder_is_no_file_to_save_into(model, tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        model.save(tmp_path)
