"""Trials of unequal length: padded, aligned, and given back bit for bit."""

import numpy as np
import pytest
import xarray

from trialtensor.events import align_trials, pad_trials, unalign_trials, unpad_trials


def ragged(dtype=float, seed=0, n=7):
    rng = np.random.default_rng(seed)
    trials = [rng.normal(3, 2, size=(4, rng.integers(5, 20))) for _ in range(n)]
    return [each.astype(dtype) for each in trials]


def through_netcdf(X, tmp_path):
    X.to_dataset(name="X").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as found:
        return found["X"].load()


@pytest.mark.parametrize("align", ["start", "end", [0, 1, 2, 3, 4, 2, 1]], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.int64, bool])
def test_padding_is_undone_bit_for_bit(align, dtype, tmp_path):
    trials = ragged(dtype)
    if np.dtype(dtype).kind == "f":
        trials[2][1, 3] = np.nan
    X = through_netcdf(pad_trials(trials, align=align, bin_size=0.02), tmp_path)
    found = unpad_trials(X)
    assert [each.dtype for each in found] == [np.dtype(dtype)] * 7
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, trials, strict=True))
    some = unpad_trials(X.isel(trial=[5, 2]))
    assert [each.shape for each in some] == [trials[5].shape, trials[2].shape]


def test_where_trials_come_to_lie():
    trials = ragged()
    lengths = [each.shape[1] for each in trials]
    X = pad_trials(trials, bin_size=0.1)
    assert X.shape == (7, 4, max(lengths)) and X["time"][0] == 0
    np.testing.assert_array_equal(X[3, :, : lengths[3]], trials[3])
    assert np.isnan(X[3, :, lengths[3] :]).all()
    X = pad_trials(trials, align="end", bin_size=0.1)
    assert X["time"][-1] == 0
    np.testing.assert_array_equal(X[3, :, -lengths[3] :], trials[3])
    at_bins = [0, 1, 2, 3, 4, 2, 1]
    X = pad_trials(trials, align=at_bins)
    at = X.sel(time=0).to_numpy()
    np.testing.assert_array_equal(at, [t[:, i] for t, i in zip(trials, at_bins, strict=True)])
    assert X["time"].dtype.kind == "i"


def test_empty_trials_and_single_bins():
    trials = [np.ones((2, 0)), np.ones((2, 1)), 2 * np.ones((2, 3))]
    for align in ("start", "end"):
        X = pad_trials(trials, align=align)
        assert X.shape == (3, 2, 3) and np.isnan(X[0]).all()
        assert [each.shape for each in unpad_trials(X)] == [(2, 0), (2, 1), (2, 3)]


def test_the_axis_that_is_alike_in_all_is_that_of_neurons():
    trials = ragged()
    X = pad_trials([each.T for each in trials])
    assert X.equals(pad_trials(trials)) and "axes_order" not in X.attrs
    found = unpad_trials(X)
    assert all(np.array_equal(a, b.T) for a, b in zip(found, trials, strict=True))
    assert pad_trials([np.ones((3, 5))] * 2).attrs["axes_order"] == "assumed"


def test_labelled_trials_keep_their_labels():
    whole = xarray.DataArray(
        np.arange(60.0).reshape(3, 2, 10),
        dims=("trial", "unit", "t"),
        coords={
            "trial": [11, 12, 13],
            "side": ("trial", ["left", "right", "links ✓"]),
            "went": ("trial", np.array(["2020-01-01", "2020-01-02", "NaT"], "datetime64[ns]")),
            "unit": ["a", "b"],
            "depth": ("unit", [1.5, 2.5]),
            "t": 0.1 * np.arange(10) - 0.3,
        },
    ).rename(t="time")
    parts = [whole[0, :, 2:9], whole[1, :, :4], whole[2].T[1:]]
    X = pad_trials(parts, align="time")
    np.testing.assert_allclose(X["time"], whole["time"], atol=1e-12)
    off = [each.assign_coords(time=each["time"] + 1000.03) for each in parts]
    np.testing.assert_allclose(pad_trials(off, align="time")["time"], whole["time"] + 1000.03)
    np.testing.assert_array_equal(X[1, :, :4], whole[1, :, :4])
    assert np.isnan(X[0, :, :2]).all() and np.isnan(X[2, :, 0]).all()
    assert X["side"].to_numpy().tolist() == ["left", "right", "links ✓"]
    assert X["went"].dtype == whole["went"].dtype
    assert X["neuron"].to_numpy().tolist() == ["a", "b"] and "depth" in X.coords
    for found, given in zip(unpad_trials(X), parts, strict=True):
        np.testing.assert_array_equal(found, given.transpose("unit", "time"))
        np.testing.assert_allclose(found["time"], given["time"], atol=1e-12)
        assert found["trial"] == given["trial"] and found.attrs == {}
    named = pad_trials({"first": np.ones((1, 2)), "second": np.ones((1, 3))})
    assert named["trial"].to_numpy().tolist() == ["first", "second"]


@pytest.mark.parametrize(
    ("trials", "options", "message"),
    [
        ([], {}, r"^trials: expected at least one trial"),
        (np.ones((3, 2, 4)), {}, r"^trials: expected a list of \(n_neurons, n_times\) arrays"),
        ([np.ones(3)], {}, r"^trials\[0\]: expected \(n_neurons, n_times\), got shape \(3,\)"),
        (
            [np.ones((5, 3)), np.ones((6, 4))],
            {},
            r"neither axis is equally .*: \(5, 3\), \(6, 4\);",
        ),
        ([np.ones((5, 0))], {}, r"at least one neuron and one bin"),
        ([["a"]], {}, r"^trials\[0\]: expected numbers"),
        ([np.ones((1, 3))], {"align": "middle"}, r"^align: expected 'start', 'end', 'time'"),
        ([np.ones((1, 3))], {"align": "time"}, r"^align: 'time' needs DataArrays"),
        ([np.ones((1, 3))], {"align": [3]}, r"^align: trial 0 has 3 bins, and none of number 3"),
        ([np.ones((1, 3))], {"align": [1.0]}, r"^align: expected a whole number"),
        ([np.ones((1, 3))], {"bin_size": 0}, r"^bin_size: "),
    ],
)
def test_what_padding_refuses(trials, options, message):
    with pytest.raises(ValueError, match=message):
        pad_trials(trials, **options)


def recording(seed=0, dtype=float):
    rng = np.random.default_rng(seed)
    X = pad_trials(ragged(seed=seed, n=20), bin_size=0.05)
    cue = rng.uniform(0.05, 0.2, 20)
    return X.assign_coords(
        cue=("trial", cue), go=("trial", cue + rng.uniform(0.02, 0.1, 20)), trial=np.arange(20)
    ).astype(dtype)


@pytest.mark.parametrize("to", ["start", "end", "cue", "array"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_alignment_is_undone_bit_for_bit(to, dtype, tmp_path):
    X = recording(dtype=dtype)
    given = X["go"].to_numpy() if to == "array" else to
    aligned = through_netcdf(align_trials(X, given), tmp_path)
    back = unalign_trials(aligned)
    # A file has a name for it.
    xarray.testing.assert_identical(back.rename(X.name).drop_attrs(), X.drop_attrs())
    assert back.attrs == X.attrs and back.dtype == dtype
    some = unalign_trials(aligned.isel(trial=[7, 3, 3]))
    some = some.rename(X.name).drop_attrs()
    xarray.testing.assert_identical(some, X.isel(trial=[7, 3, 3]).drop_attrs())
    trials = unpad_trials(back)
    assert all(np.array_equal(a, b) for a, b in zip(trials, unpad_trials(X), strict=True))


def test_events_come_to_time_zero():
    X = recording()
    aligned = align_trials(X, "cue")
    centres = X["time"].to_numpy()
    for k in range(20):
        holds = np.flatnonzero(
            (centres - 0.025 <= float(X["cue"][k])) & (float(X["cue"][k]) < centres + 0.025)
        )
        np.testing.assert_array_equal(aligned[k].sel(time=0), X[k, :, holds[0]])
    last = align_trials(X, "end").sel(time=0)
    np.testing.assert_array_equal(last, [t[:, -1] for t in unpad_trials(X)])


def test_integers_stay_integers_where_they_can():
    counts = np.arange(24).reshape(2, 3, 4)
    aligned = align_trials(counts, [1, 2])
    assert aligned.dtype == float and aligned.shape == (2, 3, 5)
    assert unalign_trials(aligned).dtype == counts.dtype
    np.testing.assert_array_equal(unalign_trials(aligned), counts)
    cut = align_trials(counts, [1, 1], window=(-1, 2))
    assert cut.dtype == counts.dtype and cut.sizes["time"] < 4
    back = unalign_trials(cut).to_numpy()
    lost = np.isnan(back)
    assert lost.any() and not lost.all()
    np.testing.assert_array_equal(back[~lost], counts[~lost])


def test_a_window_cuts_and_several_events_follow_each_other():
    X = recording()
    X = X.copy(data=np.where(np.isnan(X), np.nan, np.arange(X.size).reshape(X.shape)))
    windows = {"cue": (-0.1, 0.1), "go": (-0.05, 0.25)}
    both = align_trials(X, ["cue", "go"], window=windows)
    assert both.sizes["time"] == 4 + 6
    assert both["event"].to_numpy().tolist() == ["cue"] * 4 + ["go"] * 6
    np.testing.assert_allclose(both["event_time"][:4], [-0.1, -0.05, 0, 0.05], atol=1e-12)
    np.testing.assert_allclose(np.diff(both["time"]), 0.05)
    for name, part in (("cue", both[:, :, :4]), ("go", both[:, :, 4:])):
        np.testing.assert_array_equal(part, align_trials(X, name, window=windows[name]))
    back = unalign_trials(both).to_numpy()
    kept = ~np.isnan(back)
    assert kept.any() and (back[kept] == X.to_numpy()[kept]).all()
    inside = np.abs(X["time"].to_numpy() - X["cue"].to_numpy()[:, None]) < 0.05
    assert kept[:, 0][inside & ~np.isnan(X[:, 0].to_numpy())].all()


def test_trials_without_the_event_are_missing():
    X = recording()
    X["cue"][4] = np.nan
    aligned = align_trials(X, "cue")
    assert np.isnan(aligned[4]).all() and not np.isnan(aligned[5]).all()
    back = unalign_trials(aligned)
    assert np.isnan(back[4]).all()
    np.testing.assert_array_equal(back[5:], X[5:])


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("reward", {}, r"^to: the data has no coordinate 'reward' along its trials; it has \["),
        (np.ones(3), {}, r"^to: expected a time for each trial"),
        (np.full(20, np.nan), {}, r"^to: "),
        (np.full(20, 1e12), {}, r"^to: the event of trial 0 is at 1e\+12, far from"),
        (np.r_[np.zeros(19), 1000.0], {}, r"^to: with the event of trial 19, 1000, so far"),
        (["cue", "go"], {}, r"^window: several events need one"),
        (["cue", "cue"], {"window": (0, 1)}, r"^to: expected different events"),
        (["cue", "go"], {"window": {"cue": (0, 1)}}, r"^window: .* none for 'go'"),
        ("cue", {"window": (0.01, 0.04)}, r"^window: .* holds no bin"),
        ("cue", {"window": (1, 0)}, r"^window: expected \(start, stop\)"),
    ],
)
def test_what_alignment_refuses(to, options, message):
    with pytest.raises(ValueError, match=message):
        align_trials(recording(), to, **options)


def test_steps_are_undone_in_their_order():
    X = recording()
    aligned = align_trials(X, "cue")
    assert aligned.attrs["time_steps"] == "pad_trials > align_trials"
    with pytest.raises(ValueError, match=r"^X: expected a tensor whose last step is pad_trials"):
        unpad_trials(aligned)
    with pytest.raises(ValueError, match=r"align_trials was done already"):
        align_trials(aligned, "go")
    with pytest.raises(ValueError, match=r"it has no record of any"):
        unalign_trials(xarray.DataArray(np.ones((1, 1, 1)), dims=("trial", "neuron", "time")))
