"""Pieces of signals beside loops over samples."""

import numpy as np
import pandas
import pytest

import trialtensor as tt

RNG = np.random.default_rng(0)


def traces(values, **clock):
    return tt.Traces("dff", None, lambda: values, **clock)


def test_means_in_bins_are_those_of_a_loop():
    values = RNG.normal(size=(3000, 4))
    values[RNG.random(values.shape) < 0.1] = np.nan
    signal = traces(values, rate=30.0, start=36_000.0)
    events = 36_000 + RNG.random(25) * 98 + 1
    X = tt.cut_traces(signal, {"cue": events}, align_to="cue", window=(-0.5, 1.0), bin_size=0.25)
    expected = np.full(X.shape, np.nan)
    for trial, event in enumerate(events):
        for k in range(6):
            start = event - 0.5 + 0.25 * k
            inside = (signal.times >= start) & (signal.times < start + 0.25)
            for cell in range(4):
                known = values[inside, cell][~np.isnan(values[inside, cell])]
                expected[trial, cell, k] = known.mean() if len(known) else np.nan
    np.testing.assert_allclose(X, expected, rtol=1e-12)
    assert X.attrs["how"].startswith("means of the samples")
    np.testing.assert_allclose(X["time"], np.arange(6) * 0.25 - 0.375)


def test_samples_on_edges_belong_to_the_bin_that_begins_there():
    signal = traces(np.arange(1000.0), rate=10.0, start=36_000.0)
    X = tt.cut_traces(
        signal, {"cue": [36_000.3, 36_050.7]}, align_to="cue", window=(0, 0.6), bin_size=0.3
    )
    assert X[:, 0].to_numpy().tolist() == [[4.0, 7.0], [508.0, 511.0]]


def test_interpolation_is_numpys():
    times = np.sort(RNG.random(2000) * 100)
    values = RNG.normal(size=(2000, 2))
    signal = traces(values, timestamps=times)
    events = RNG.random(20) * 95 + 2
    X = tt.cut_traces(
        signal,
        {"cue": events},
        align_to="cue",
        window=(-0.5, 1.0),
        bin_size=0.02,
        how="interpolate",
    )
    wanted = events[:, None] + X["time"].to_numpy()
    right = np.searchsorted(times, wanted)
    known = np.diff(times)[right - 1] <= 2.5 * np.median(np.diff(times))
    for cell in range(2):
        expected = np.where(known, np.interp(wanted, times, values[:, cell]), np.nan)
        np.testing.assert_allclose(X[:, cell], expected, atol=1e-12)
    assert 0 < known.mean() < 1 and "linear interpolation" in X.attrs["how"]


def test_short_bins_are_interpolated_and_long_ones_averaged_by_default():
    signal = traces(np.arange(100.0), rate=10.0)
    args = {"align_to": "cue", "window": (0, 0.4)}
    short = tt.cut_traces(signal, {"cue": [5.0]}, bin_size=0.05, **args)
    np.testing.assert_allclose(short[0, 0], 50.25 + 0.5 * np.arange(8))
    same = tt.cut_traces(signal, {"cue": [5.0]}, bin_size=0.1, **args)
    np.testing.assert_allclose(same[0, 0], 50.5 + np.arange(4))
    long = tt.cut_traces(signal, {"cue": [5.0]}, bin_size=0.2, **args)
    np.testing.assert_allclose(long[0, 0], [50.5, 52.5])


def test_own_sampling_from_the_nearest_sample():
    signal = traces(np.arange(300.0), rate=30.0)
    X = tt.cut_traces(signal, {"cue": [2.01, 4.99]}, align_to="cue", window=(-0.1, 0.1))
    np.testing.assert_allclose(X["time"], np.arange(-3, 3) / 30)
    assert X[:, 0].to_numpy().tolist() == [list(range(57, 63)), list(range(147, 153))]
    assert "nearest to the event" in X.attrs["how"]
    assert X.attrs["bin_size"] == X.attrs["sample_interval"] == 1 / 30
    between = tt.cut_traces(
        signal, {"cue": [2.01, 4.99]}, align_to="cue", window=(-0.1, 0.1), how="interpolate"
    )
    np.testing.assert_allclose(between[0, 0], 2.01 * 30 + np.arange(-3, 3))


def test_irregular_samples_are_interpolated_by_default():
    times = np.cumsum(0.1 + 0.05 * RNG.random(400))
    signal = traces(3 * times, timestamps=times)
    X = tt.cut_traces(signal, {"cue": [10.0, 20.0]}, align_to="cue", window=(-1, 1))
    np.testing.assert_allclose(X[0, 0], 3 * (10 + X["time"]))
    assert "linear interpolation" in X.attrs["how"]


@pytest.mark.parametrize("how", ["mean", "interpolate", "nearest"])
def test_gaps_and_ends_are_missing(how):
    times = np.r_[np.arange(0, 5, 0.1), np.arange(7, 12, 0.1)]
    signal = traces(np.ones(100), timestamps=times)
    bins = {} if how == "nearest" else {"bin_size": 0.2 if how == "mean" else 0.1}
    X = tt.cut_traces(
        signal, {"cue": [4.0, 11.0, 1.0]}, align_to="cue", window=(-2, 4), how=how, **bins
    )
    at = X["time"].to_numpy() + X["cue"].to_numpy()[:, None]
    inside = ((at > -0.01) & (at < 4.91)) | ((at > 6.99) & (at < 11.91))
    assert np.array_equal(np.isfinite(X[:, 0]), inside)
    assert (X.to_numpy()[np.isfinite(X)] == 1).all()


def test_missing_samples():
    values = np.ones((100, 2))
    values[40:60, 1] = np.nan
    signal = traces(values, rate=10.0)
    mean = tt.cut_traces(signal, {"c": [3.7]}, align_to="c", window=(0, 1), bin_size=0.5)
    assert mean[0, 0].to_numpy().tolist() == [1, 1]
    assert mean[0, 1, 0] == 1 and np.isnan(mean[0, 1, 1])
    own = tt.cut_traces(signal, {"c": [3.7]}, align_to="c", window=(0, 0.5))
    np.testing.assert_array_equal(own[0, 1], [1, 1, 1, np.nan, np.nan])
    between = tt.cut_traces(signal, {"c": [3.7]}, align_to="c", window=(0, 0.5), how="interpolate")
    # A time on a known sample doesn't depend on the missing one beside it.
    np.testing.assert_array_equal(between[0, 1], [1, 1, 1, np.nan, np.nan])


def test_trials_without_the_event_and_in_any_order():
    signal = traces(np.arange(3000.0), rate=30.0)
    events = RNG.permutation(np.r_[RNG.random(200) * 90 + 2, [np.nan] * 7])
    X = tt.cut_traces(signal, {"cue": events}, align_to="cue", window=(0, 1), bin_size=0.5)
    assert np.array_equal(np.isnan(X[:, 0, 0]), np.isnan(events))
    one = [
        tt.cut_traces(signal, {"c": [e]}, align_to="c", window=(0, 1), bin_size=0.5)[0, 0]
        for e in events[~np.isnan(events)]
    ]
    np.testing.assert_array_equal(X[~np.isnan(events), 0], one)


def test_dtype_and_labels():
    table = pandas.DataFrame({"region": ["M1", "V1"]}, index=["x", "y"])
    values = np.ones((50, 2), np.float32)
    signal = tt.Traces("dff/z ", table, lambda: values, rate=10.0, unit="%", source="a file")
    X = tt.cut_traces(signal, {"cue": [2.0]}, align_to="cue", window=(0, 1), bin_size=0.5)
    assert (X.dtype, X.name) == (np.float32, "dff_z")
    assert X["region"].to_numpy().tolist() == ["M1", "V1"]
    assert (X.attrs["units"], X.attrs["source"], X.attrs["signal"]) == ("%", "a file", "dff/z ")
    whole = traces(np.arange(50, dtype=np.int16), rate=10.0)
    assert tt.cut_traces(whole, {"c": [2.0]}, align_to="c", window=(0, 1)).dtype == np.float64


def test_saved_read_and_fitted(tmp_path):
    signal = traces(RNG.normal(size=(3000, 5)), rate=30.0)
    trials = {"cue": np.arange(2, 90, 2.0), "side": ["left", "right"] * 22}
    X = tt.cut_traces(signal, trials, align_to="cue", window=(-0.5, 1.0), bin_size=0.1)
    X.to_netcdf(tmp_path / "session.nc")
    read = tt.read(tmp_path / "session.nc")
    np.testing.assert_array_equal(read, X)
    assert read["side"].to_numpy().tolist() == trials["side"]
    assert all(np.array_equal(read.attrs[name], value) for name, value in X.attrs.items())
    assert tt.TCA(2, n_init=1, random_state=0).fit(X).neuron_factors_.shape == (5, 2)


BAD = {
    "unknown column": ({"align_to": "go"}, "no column 'go'; times could be in cue"),
    "elsewhere": ({"trials": {"cue": [1e5]}}, "none lies within the recording"),
    "mean without bins": ({"how": "mean", "bin_size": None}, "'mean' needs bin_size"),
    "mean of short bins": ({"how": "mean", "bin_size": 0.05}, "samples are 0.1 s apart"),
    "nearest with bins": ({"how": "nearest"}, "leave out bin_size"),
    "another way": ({"how": "median"}, "how: expected one of 'mean', 'interpolate', 'nearest'"),
    "no multiple": ({"bin_size": 0.4}, "no multiple of bin_size"),
    "no sample": ({"bin_size": None, "window": (0.01, 0.05)}, "no sample lies in 0.01 to 0.05 s"),
    "an array": ({"traces": np.zeros((100, 2))}, "doesn't say when it was sampled"),
    "spikes": ({"traces": [[1.0, 2.0]]}, "traces: expected one signal, got list of spike times"),
    "one sample": ({"traces": traces(np.ones(1), timestamps=[5.0])}, "several times, got 1"),
    "no sample at all": ({"traces": traces(np.ones(0), rate=1.0)}, "several times, got 0"),
    "a clock that stands": (
        {"traces": traces(np.ones(9), timestamps=np.full(9, 5.0))},
        "most of them at the same time",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(case):
    changed, message = BAD[case]
    args = {
        "traces": traces(np.ones(100), rate=10.0), "trials": {"cue": [5.0]}, "align_to": "cue",
        "window": (-0.5, 1.0), "bin_size": 0.25,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        tt.cut_traces(**(args | changed))


def test_a_table_with_times():
    times = np.arange(100) / 10
    table = pandas.DataFrame({"x": times, "y": 2 * times}, index=times)
    X = tt.cut_traces(table, {"c": [5.0]}, align_to="c", window=(0, 0.3))
    np.testing.assert_allclose(X[0], [[5, 5.1, 5.2], [10, 10.2, 10.4]])
    assert X["neuron"].to_numpy().tolist() == ["x", "y"]
    with pytest.raises(ValueError, match=r"use table.set_index\('time'\)"):
        tt.cut_traces(
            table.rename_axis("time").reset_index(), {"c": [5.0]}, align_to="c", window=(0, 1)
        )
