"""Models of data that isn't in memory."""

import h5py
import numpy as np
import pandas
import pytest
import xarray

from trialtensor import TCA, Parafac2, load, make_tca, on_disk, track
from trialtensor.data import elsewhere


@pytest.fixture(scope="module")
def X():
    return make_tca(50, 14, 20, 3, snr=2.0, random_state=0).X


def tca(**options):
    return TCA(3, n_init=3, random_state=0, **options)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("dtype, within", [("f8", 1e-10), ("f4", 1e-5)])
def test_a_fit_is_that_in_memory(X, nonnegative, dtype, within):
    X = np.abs(X).astype(dtype)
    ours = tca(nonnegative=nonnegative).fit(on_disk(X, memory="100kB"))
    theirs = tca(nonnegative=nonnegative).fit(X)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=within)
    for axis in ("trial", "neuron", "time"):
        mine, other = (getattr(each, f"{axis}_factors_") for each in (ours, theirs))
        np.testing.assert_allclose(mine, other, atol=100 * within)
    known = {k: v for k, v in theirs.data_summary_.items()}
    assert ours.data_summary_ == known


def test_new_trials_of_data_with_a_checkpoint(X, tmp_path):
    """They are read as others are, and make no journal: only fits go on."""
    data = on_disk(X, memory="100kB", checkpoint=tmp_path / "fit.part")
    model = tca().fit(data)
    np.testing.assert_allclose(model.transform(data), model.transform(X), rtol=1e-10)
    assert not (tmp_path / "fit.part").exists()


def test_integers_are_never_copied_as_a_whole(X, tmp_path):
    for dtype, within in (("u1", 1e-5), ("i4", 1e-10)):
        counts = np.round(np.abs(X) * 10).astype(dtype)
        with h5py.File(tmp_path / f"{dtype}.h5", "w") as file:
            file["X"] = counts
            ours = tca().fit(on_disk(file["X"], memory="100kB"))
        assert ours.loss_ == pytest.approx(tca().fit(counts).loss_, rel=within)


def test_large_datasets_need_no_word(X, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = X
        ours = tca().fit(file["X"])
        np.testing.assert_allclose(ours.transform(file["X"]), ours.transform(X), atol=1e-10)
        assert ours.score(file["X"]) == pytest.approx(ours.score(X), rel=1e-10)
    assert ours.loss_ == pytest.approx(tca().fit(X).loss_, rel=1e-10)


def test_labels_and_order_of_axes_are_kept(X, tmp_path):
    labelled = xarray.DataArray(
        X.transpose(1, 0, 2),
        dims=("unit", "trial", "time"),
        coords={"unit": [f"u{i}" for i in range(14)], "choice": ("trial", np.arange(50) % 2)},
        name="X",
    )
    labelled.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataarray(tmp_path / "x.nc", engine="h5netcdf") as lazy:
        ours = tca().fit(on_disk(lazy))
    theirs = tca().fit(labelled)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-10)
    assert set(ours.coords_) == set(theirs.coords_)
    for name, (axis, values) in theirs.coords_.items():
        assert ours.coords_[name][0] == axis
        np.testing.assert_array_equal(ours.coords_[name][1], values)


def test_what_comes_after_a_fit(X, tmp_path):
    ours = tca().fit(on_disk(X))
    ours.save(tmp_path / "m.h5")
    assert load(tmp_path / "m.h5").loss_ == ours.loss_
    changes = [track(ours, each).summary for each in (on_disk(X), X)]
    pandas.testing.assert_frame_equal(*changes)
    np.testing.assert_allclose(ours.residuals(on_disk(X)), ours.residuals(X))


def test_kinds_that_need_all_of_the_data_load_it(X):
    blocks = np.arange(50) // 25
    ours = Parafac2(2, n_init=1, random_state=0).fit(on_disk(X), blocks=blocks)
    assert ours.loss_ == Parafac2(2, n_init=1, random_state=0).fit(X, blocks=blocks).loss_


@pytest.mark.parametrize(
    "value, said",
    [
        (np.inf, "X: infinite values"),
        (0.0, "X: every observed value is zero"),
        (1e200, "are beyond what float64 can multiply"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(X, value, said):
    bad = X.copy() if value == np.inf else np.full_like(X, value)
    bad[3, 2, 1] = value
    with pytest.raises(ValueError, match=said):
        tca().fit(on_disk(bad, memory="100kB"))


def test_text_is_refused():
    with pytest.raises(ValueError, match="X: expected real numbers, got dtype"):
        tca().fit(on_disk(np.full((4, 3, 2), "a")))
