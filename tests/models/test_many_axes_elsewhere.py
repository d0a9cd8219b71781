"""TCA of data with more than three axes that isn't in memory."""

import warnings

import h5py
import numpy as np
import pytest
import xarray

from tests.failing_drives import FailingDrive
from trialtensor import TCA, Parafac2, SliceTCA, load, models, on_disk, read, track
from trialtensor.data import elsewhere
from trialtensor.models.sources import passes_over
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.on_dask import DaskPasses

da = pytest.importorskip("dask.array")

SHAPE = (31, 7, 6, 13)
NAMES = ("trial", "channel", "frequency", "time")
PATTERNS = {
    "none": None,
    "entries": SHAPE,
    "trial x neuron": (31, 7, 1, 1),
    "trial x axis2": (31, 1, 6, 1),
    "trial x time": (31, 1, 1, 13),
    "neuron x axis2 x time": (1, 7, 6, 13),
    "trial x axis2 x time": (31, 1, 6, 13),
}


def recording(pattern="none", dtype="f8", shape=SHAPE, rank=2):
    """Components with noise, of which some is missing in some way."""
    rng = np.random.default_rng(0)
    factors = [rng.random((n, rank)) for n in shape]
    X = np.einsum("ar,br,cr,dr->abcd", *factors) + 0.2 * rng.standard_normal(shape)
    if pattern in ("empty", "only empty"):
        X[rng.random(shape) < (0.15 if pattern == "empty" else 0)] = np.nan
        X[[0, 9, 30]], X[:, 3], X[:, :, 5], X[..., 12] = (np.nan,) * 4
    elif PATTERNS[pattern] is not None:
        X = np.where(rng.random(PATTERNS[pattern]) < 0.2, np.nan, X)
    return X.astype(dtype)


def somewhere(place, X):
    return on_disk(X if place == "disk" else da.from_array(X, (12, -1, -1, -1)), memory="500kB")


def fitted(X, n=2, **options):
    options = {"n_init": 2, "max_iter": 12, "random_state": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TCA(n, **options).fit(X)


def same_models(ours, theirs, within=1e-10):
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=within)
    assert ours.fitted_.arrays.keys() == theirs.fitted_.arrays.keys()
    for name, named in theirs.fitted_.arrays.items():
        found, expected = (np.asarray(each, float) for each in (ours.fitted_[name], named.values))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e4 * within, err_msg=name)


@pytest.mark.parametrize(
    "place, pattern",
    [
        *(("disk", pattern) for pattern in (*PATTERNS, "empty", "only empty")),
        *(("dask", pattern) for pattern in ("none", "trial x neuron", "empty")),
    ],
)
def test_a_fit_is_that_in_memory(place, pattern):
    X = recording(pattern)
    ours, theirs = fitted(somewhere(place, X)), fitted(X)
    same_models(ours, theirs)
    assert ours.data_summary_ == theirs.data_summary_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, expected = ours.transform(somewhere(place, X)), theirs.transform(X)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
        assert ours.score(somewhere(place, X)) == pytest.approx(theirs.score(X), rel=1e-9)


@pytest.mark.parametrize("nonnegative", [True, ["neuron", "time"]])
@pytest.mark.parametrize("pattern", ["none", "entries"])
def test_non_negative_factors(nonnegative, pattern):
    X = recording(pattern)
    ours = fitted(somewhere("disk", X), nonnegative=nonnegative)
    same_models(ours, fitted(X, nonnegative=nonnegative), 1e-9)
    assert ours.time_factors_.min() >= 0


@pytest.mark.parametrize("shape", [(9, 40, 3, 5), (60, 3, 4, 2), (5, 4, 3, 70), (14, 4, 3, 5)])
@pytest.mark.parametrize("solver", ["auto", "full", "als"])
def test_axes_of_any_length(shape, solver):
    X = recording(shape=shape)
    options = {"solver": solver, "nonnegative": solver == "als"}
    same_models(fitted(somewhere("disk", X), **options), fitted(X, **options))


@pytest.mark.parametrize("place", ["disk", "dask"])
def test_five_axes(place):
    X = recording(shape=(24, 6, 20, 5)).reshape(24, 6, 4, 5, 5)
    lazy = on_disk(X) if place == "disk" else on_disk(da.from_array(X, (7, -1, 2, -1, -1)))
    same_models(fitted(lazy), fitted(X))


@pytest.mark.parametrize("dtype", ["f4", "f2", "u1", "i2", "i4", "bool", ">f8"])
def test_any_real_type(dtype, tmp_path):
    X = recording()
    X = X.mean() < X if dtype == "bool" else (20 * np.abs(X)).astype(dtype)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = X
        ours = fitted(on_disk(file["X"], memory="100kB"))
    whole = X.astype("f4" if dtype == "f2" else X.dtype.newbyteorder("="))
    assert ours.loss_ == pytest.approx(fitted(whole).loss_, rel=1e-5)
    if dtype in ("i4", ">f8"):
        same_models(ours, fitted(whole))


def test_labelled_masks_beside_axes_in_another_order():
    X = labelled(recording())
    mask = X.copy(data=np.random.default_rng(3).random(SHAPE) < 0.8)
    turned = X.transpose("time", "channel", "trial", "frequency")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(2, n_init=2, max_iter=12, random_state=0)
        expected = model.fit(X, mask=mask).loss_
        for beside in (mask, mask.chunk({"trial": 9})):
            found = model.fit(on_disk(turned, memory="500kB"), mask=beside).loss_
            assert found == pytest.approx(expected, rel=1e-10)


def labelled(X):
    return xarray.DataArray(
        X,
        dims=NAMES,
        coords={
            "frequency": 2.0 ** np.arange(6),
            "channel": list("ABCDEFG"),
            "side": ("trial", np.arange(31) % 2),
        },
        name="X",
    )


@pytest.mark.parametrize("order", [NAMES, ("time", "frequency", "trial", "channel")])
@pytest.mark.parametrize("place", ["file", "dask"])
def test_axes_go_by_name(order, place, tmp_path):
    whole = labelled(recording()).transpose(*order)
    whole.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    theirs = fitted(whole)
    chunks = {"trial": 7} if place == "dask" else None
    with xarray.open_dataarray(tmp_path / "x.nc", engine="h5netcdf", chunks=chunks) as lazy:
        data = on_disk(lazy, memory="1MB")
        ours = fitted(data)
        np.testing.assert_allclose(ours.transform(data), theirs.transform(whole), atol=1e-9)
        turned = on_disk(lazy.isel(channel=slice(None, None, -1)))
        with pytest.raises(ValueError, match="X: neuron 0 is labelled 'G', but the model was"):
            ours.transform(turned)
        with pytest.raises(ValueError, match="X: the model was fitted to 7 neurons x 6 freq"):
            ours.score(on_disk(lazy.rename(frequency="band")))
    assert list(ours.factors_) == ["trial", "neuron", "frequency", "time"]
    same_models(ours, theirs)
    assert set(ours.coords_) == set(theirs.coords_)
    for name, (axis, values) in theirs.coords_.items():
        assert ours.coords_[name][0] == axis
        np.testing.assert_array_equal(ours.coords_[name][1], values)


@pytest.mark.parametrize("kind", ["h5", "npy", "zarr", "nc"])
def test_files_that_are_read_lazily(kind, tmp_path):
    X, path = recording(), tmp_path / f"x.{kind}"
    if kind == "h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("X", data=X, chunks=(4, *SHAPE[1:]), compression="gzip")
    elif kind == "npy":
        np.save(path, X)
    elif kind == "zarr":
        zarr = pytest.importorskip("zarr")
        zarr.open(str(path), mode="w", shape=SHAPE, chunks=(4, *SHAPE[1:]), dtype="f8")[:] = X
    else:
        labelled(X).to_netcdf(path, engine="h5netcdf")
    with read(path, lazy=True) as lazy:
        ours = fitted(on_disk(lazy, memory="1MB"))
    same_models(ours, fitted(labelled(X) if kind == "nc" else X))


def test_large_datasets_need_no_word(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    np.save(tmp_path / "x.npy", recording())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    ours = fitted(mapped)
    assert isinstance(passes_over(mapped, mapped).inner, ChunkedPasses)
    np.testing.assert_allclose(ours.transform(mapped), ours.transform(recording()), atol=1e-10)
    same_models(ours, fitted(recording()))


@pytest.mark.parametrize("place", ["disk", "dask"])
@pytest.mark.parametrize("pattern", ["none", "empty"])
def test_a_fit_that_was_stopped_goes_on_from_its_checkpoint(place, pattern, tmp_path, monkeypatch):
    X, whole = recording(pattern), ChunkedPasses if place == "disk" else DaskPasses
    source = X if place == "disk" else da.from_array(X, (9, -1, -1, -1))
    expected = fitted(on_disk(source))
    drive = FailingDrive(monkeypatch, whole, 9)
    with pytest.raises(OSError, match="drive"):
        fitted(on_disk(source, checkpoint=tmp_path / "c"))
    drive.mend()
    ours = fitted(on_disk(source, checkpoint=tmp_path / "c"))
    assert ours.loss_ == expected.loss_ and not (tmp_path / "c").exists()
    for axis, factor in expected.factors_.items():
        np.testing.assert_array_equal(ours.factors_[axis], factor)


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    X, path = recording(), tmp_path / "c"
    assert passes_over(on_disk(X, checkpoint=path), X).shape == SHAPE
    assert path.exists()  # begun
    with pytest.raises(ValueError, match=r"checkpoint: .* is of other data"):
        fitted(on_disk(X[:, :, ::-1], checkpoint=path))


@pytest.mark.parametrize("solver", ["auto", "full"])
def test_nothing_of_the_size_of_the_data_is_held(solver, monkeypatch):
    X, largest = recording(shape=(60, 40, 30, 35)), [0]
    blocks = ChunkedPasses.run

    def watched(self, job):
        found = blocks(self, job)
        largest[0] = max(largest[0], *(each.nbytes for each in found))
        return found

    monkeypatch.setattr(ChunkedPasses, "run", watched)
    ours = fitted(on_disk(X, memory="4MB"), solver=solver, n_init=1, max_iter=6)
    # Of all axes the core has 12 or their own length: 60 trials of 12 x 12 x 12 entries.
    assert largest[0] <= max(60 * 12**3 * 8, 1e6) < X.nbytes / 10
    monkeypatch.undo()
    same_models(ours, fitted(X, solver=solver, n_init=1, max_iter=6), 1e-9)


def test_what_comes_after_a_fit(tmp_path):
    X = recording()
    ours = fitted(on_disk(X))
    ours.save(tmp_path / "m.h5")
    assert load(tmp_path / "m.h5").loss_ == ours.loss_
    assert len(track(ours, on_disk(X)).summary) == len(track(ours, X).summary)
    np.testing.assert_allclose(ours.residuals(on_disk(X)), ours.residuals(X))


@pytest.mark.parametrize("model", [SliceTCA((1, 1, 1)), Parafac2(1)])
def test_kinds_of_three_axes_say_so(model):
    options = {"blocks": np.arange(31) // 16} if isinstance(model, Parafac2) else {}
    with pytest.raises(ValueError, match="takes trials x neurons x times, got four axes"):
        model.fit(on_disk(recording()), **options)


@pytest.mark.parametrize(
    "value, said",
    [
        (np.inf, "X: infinite values"),
        (0.0, "X: every observed value is zero"),
        (np.nan, "entries are missing"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(value, said):
    bad = np.full(SHAPE, value) if value != np.inf else recording()
    bad[3, 2, 1, 0] = value
    with pytest.raises(ValueError, match=said):
        fitted(on_disk(bad, memory="100kB"))
    if value != np.inf:
        with pytest.raises(ValueError):
            fitted(recording()).score(on_disk(bad))


@pytest.mark.parametrize("place", ["disk", "file", "dask"])
@pytest.mark.parametrize("pattern", ["entries", "trial x time"])
def test_masks_beside(place, pattern, tmp_path):
    X = recording()
    mask = np.broadcast_to(np.random.default_rng(3).random(PATTERNS[pattern]) < 0.8, SHAPE)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        beside = file.create_dataset("m", data=mask) if place == "file" else mask
        if place == "dask":
            beside = da.from_array(mask, (7, 4, -1, -1))
        data = somewhere("disk" if place == "file" else place, X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = TCA(2, n_init=2, max_iter=12, random_state=0)
            theirs, ours = model.fit(X, mask=mask).loss_, model.fit(data, mask=beside)
            assert ours.loss_ == pytest.approx(theirs, rel=1e-10)
            found, expected = ours.transform(data, mask=beside), ours.transform(X, mask=mask)
            np.testing.assert_allclose(found, expected, atol=1e-8)
    with pytest.raises(ValueError, match=r"mask: .* shape of X"):
        model.fit(somewhere("disk", X), mask=mask[:, :, :-1])


def test_empty_axes_and_text_are_refused():
    with pytest.raises(ValueError, match="the axis2 axis has length 0"):
        fitted(on_disk(np.zeros((4, 3, 0, 2))))
    with pytest.raises(ValueError, match="X: expected real numbers, got dtype"):
        fitted(on_disk(np.full((4, 3, 2, 2), "a")))


def test_a_long_trial_is_told_of_with_what_to_do():
    X = recording(shape=(5, 4, 3, 70))
    with pytest.warns(UserWarning, match=r"a trial takes 6\.72 kB as numbers.*\(time has 70\)"):
        ours = TCA(2, n_init=2, random_state=0).fit(on_disk(X, memory="20kB"))
    assert ours.loss_ == pytest.approx(TCA(2, n_init=2, random_state=0).fit(X).loss_, rel=1e-10)


def test_chunks_along_other_axes_work_and_are_told_of(tmp_path):
    X = recording()
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("X", data=X, chunks=(31, 2, 6, 13))
        with pytest.warns(UserWarning, match=r"x\.h5 is stored in pieces of 31 trials"):
            ours = TCA(2, n_init=2, random_state=0).fit(on_disk(file["X"], memory="40kB"))
    with pytest.warns(UserWarning, match=r"divide the neuron and axis2 axis.*\(31, -1, -1, -1\)"):
        lazy = TCA(2, n_init=2, random_state=0).fit(on_disk(da.from_array(X, (9, 4, 3, -1))))
    assert ours.loss_ == pytest.approx(TCA(2, n_init=2, random_state=0).fit(X).loss_, rel=1e-10)
    assert lazy.loss_ == pytest.approx(ours.loss_, rel=1e-10)


@pytest.fixture
def on_device(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(elsewhere, "_is_on_device", lambda X: True)
    monkeypatch.setattr(models.elsewhere, "SMALL", 0)
    monkeypatch.setattr("trialtensor.solvers.passes.reshaped_on_device.SMALL", 2000)
    return torch


@pytest.mark.parametrize("pattern", [*PATTERNS, "empty"])
def test_on_a_device(on_device, pattern):
    X = recording(pattern)
    ours, theirs = fitted(on_device.asarray(X)), fitted(X)
    same_models(ours, theirs)
    assert ours.data_summary_ == theirs.data_summary_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ours.transform(on_device.asarray(X))
        assert isinstance(found, on_device.Tensor)
        np.testing.assert_allclose(found.numpy(), theirs.transform(X), atol=1e-7)
        assert ours.score(on_device.asarray(X)) == pytest.approx(theirs.score(X), rel=1e-9)


def test_masks_on_a_device(on_device):
    X, mask = recording(), np.random.default_rng(3).random(SHAPE) < 0.8
    model = TCA(2, n_init=2, max_iter=12, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.fit(X, mask=mask).loss_
        for beside in (mask, on_device.asarray(mask)):
            assert model.fit(on_device.asarray(X), mask=beside).loss_ == pytest.approx(
                expected, rel=1e-10
            )


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 3, 1, 2)])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_tensors_in_any_layout_on_a_device(on_device, order, nonnegative):
    X = recording(dtype="f4", shape=(40, 22, 18, 30)).transpose(order)
    turned = on_device.asarray(X.copy()).permute(order).permute(*np.argsort(order).tolist())
    options = {"nonnegative": nonnegative, "n_init": 3}
    ours, theirs = fitted(turned, **options), fitted(X, **options)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)
    assert ours.trial_factors_.dtype == np.float32
