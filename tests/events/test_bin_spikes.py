"""Spike counts beside NumPy's histograms and exact arithmetic."""

import warnings
from fractions import Fraction

import numpy as np
import pandas
import pytest

import trialtensor as tt

RNG = np.random.default_rng(0)
HOURS = 36_000.0


def histograms(spikes, events, edges):
    """Counts by numpy.histogram, with its last bin half-open like all others."""
    return np.array(
        [
            [np.histogram(s[s < e + edges[-1]], e + edges)[0] for s in map(np.asarray, spikes)]
            for e in events
        ]
    )


@pytest.mark.parametrize("offset", [0.0, -50.0, HOURS, 1.7e9])
@pytest.mark.parametrize(
    "window, size", [((-0.5, 1.0), 0.02), ((0.0, 0.3), 0.1), ((-0.25, 0.75), 1 / 30 * 3)]
)
def test_counts_are_those_of_histogram(offset, window, size):
    rng = np.random.default_rng(1)
    spikes = [offset + np.sort(rng.random(n) * 100) for n in (20_000, 300, 1)] + [[]]
    events = offset + rng.random(40) * 98 + 1
    X = tt.bin_spikes(spikes, {"cue": events}, align_to="cue", window=window, bin_size=size)
    edges = np.linspace(*window, round((window[1] - window[0]) / size) + 1)
    assert np.array_equal(X, histograms(spikes, events, edges))
    assert X.dtype == np.int32 and X.dims == ("trial", "neuron", "time")
    np.testing.assert_allclose(X["time"], (edges[1:] + edges[:-1]) / 2, rtol=0, atol=1e-12)


@pytest.mark.parametrize("offset", [0, 3600, 36_000, 10**6])
@pytest.mark.parametrize("size", ["0.001", "0.02", "0.025", "0.1", "0.3"])
def test_spikes_on_edges_are_counted_as_decimal_numbers(offset, size):
    """Spikes and events in whole milliseconds: many edges are hit, and floats miss most of them."""
    rng = np.random.default_rng(offset + 1)
    width, start = Fraction(size), Fraction("-0.6")
    spikes = np.sort(rng.integers(0, 60_000, 1500)) + 1000 * offset
    events = rng.integers(2000, 58_000, 30) + 1000 * offset
    X = tt.bin_spikes(
        [spikes / 1000],
        {"cue": events / 1000},
        align_to="cue",
        window=(-0.6, 1.2),
        bin_size=float(size),
    )
    exact = np.zeros((len(events), X.sizes["time"]), int)
    for trial, event in enumerate(events):
        for spike in spikes[np.abs(spikes - event) < 3000]:
            place = (Fraction(int(spike - event), 1000) - start) // width
            if 0 <= place < exact.shape[1]:
                exact[trial, place] += 1
    assert np.array_equal(X[:, 0], exact)


def test_sample_clock_at_ten_hours():
    """Spikes at 30 kHz, bins of 600 samples: whole samples say where each belongs."""
    samples = np.sort(RNG.integers(0, 30_000 * 20, 20_000)) + 30_000 * 36_000
    events = RNG.integers(30_000, 30_000 * 18, 25) + 30_000 * 36_000
    X = tt.bin_spikes(
        [samples / 30_000],
        {"cue": events / 30_000},
        align_to="cue",
        window=(-0.5, 1),
        bin_size=0.02,
    )
    places = (samples[None, :] - events[:, None] + 15_000) // 600
    exact = [np.bincount(p[(p >= 0) & (p < 75)], minlength=75) for p in places]
    assert np.array_equal(X[:, 0], exact)


def test_last_edge_is_open_and_first_is_closed():
    X = tt.bin_spikes(
        [[0.9, 1.0, 1.3, 1.6]], {"cue": [1.3]}, align_to="cue", window=(-0.3, 0.3), bin_size=0.3
    )
    assert X[0, 0].to_numpy().tolist() == [1, 1]


def test_many_bins_do_not_drift():
    spikes = [np.arange(100_000) / 1000]
    X = tt.bin_spikes(spikes, {"t": [0.0]}, align_to="t", window=(0, 100), bin_size=0.001)
    assert (X == 1).all()


def test_overlapping_windows_and_trials_in_any_order():
    spikes = [np.sort(RNG.random(3000) * 20) for _ in range(3)]
    events = RNG.permutation(np.linspace(2, 17, 150))  # ten of them in each window
    X = tt.bin_spikes(spikes, {"cue": events}, align_to="cue", window=(-0.5, 1.0), bin_size=0.05)
    assert np.array_equal(X, histograms(spikes, events, np.linspace(-0.5, 1, 31)))


def test_trials_without_the_event_are_missing():
    trials = {"cue": [1.0, np.nan, 3.0], "side": ["left", "right", None]}
    X = tt.bin_spikes([[1.1, 3.1], []], trials, align_to="cue", window=(0, 0.4), bin_size=0.2)
    assert X.dtype == np.float64
    assert np.isnan(X[1]).all()
    assert X[[0, 2]].to_numpy().tolist() == [[[1, 0], [0, 0]]] * 2
    nullable = {"cue": pandas.array([1, None, 3], dtype="Int64")}
    Y = tt.bin_spikes([[1.1, 3.1], []], nullable, align_to="cue", window=(0, 0.4), bin_size=0.2)
    assert Y.equals(X.drop_vars("side"))


def test_gaps_in_recording_are_missing():
    gaps = [
        np.array([[0.0, 10.0]]),
        np.array([[5.0, 7.0], [0.0, 1.2], [7.0, 10.0]]),
        np.zeros((0, 2)),
    ]
    units = tt.Units.from_times([[1.05], [1.05], []], observed=gaps)
    X = tt.bin_spikes(units, {"cue": [1.0, 6.5]}, align_to="cue", window=(0, 0.5), bin_size=0.1)
    assert X[0, 0].to_numpy().tolist() == [1, 0, 0, 0, 0]
    assert np.isnan(X[0, 1]).to_numpy().tolist() == [False, False, True, True, True]
    assert not np.isnan(X[1, :2]).any()  # intervals that touch are one
    assert np.isnan(X[:, 2]).all()
    whole = tt.bin_spikes(
        units.take([0]), {"cue": [1.0]}, align_to="cue", window=(0, 0.5), bin_size=0.1
    )
    assert whole.dtype == np.int32


def test_intervals_for_all_units():
    units = tt.Units.from_times([[1.05], []], observed=np.array([[0.0, 2.0], [3.0, 9.0]]))
    X = tt.bin_spikes(units, {"cue": [1.0]}, align_to="cue", window=(0, 2), bin_size=1.0)
    np.testing.assert_array_equal(X[0], [[1, np.nan], [0, np.nan]])
    for bad in ([[3.0, 1.0]], [[1.0, 2.0, 3.0]], [["a", "b"]], [[np.nan, 1.0]]):
        units = tt.Units.from_times([[1.05]], observed=[np.array(bad)])
        with pytest.raises(ValueError, match="observed: expected intervals"):
            tt.bin_spikes(units, {"cue": [1.0]}, align_to="cue", window=(0, 2), bin_size=1.0)


def test_bin_size_in_single_precision():
    args = {"align_to": "c", "window": (-0.5, 1.0)}
    spikes = [np.arange(500) / 100]
    X = tt.bin_spikes(spikes, {"c": [2.0]}, bin_size=np.float32(0.02), **args)
    assert X.identical(tt.bin_spikes(spikes, {"c": [2.0]}, bin_size=0.02, **args))


def test_partly_observed_bins_by_brute_force():
    rng = np.random.default_rng(3)
    ends = np.sort(rng.integers(0, 300, 12).reshape(6, 2) / 10, axis=1)
    units = tt.Units.from_times([[5.0]], observed=[ends])
    events = rng.integers(5, 280, 40) / 10
    events[0] = 4.9
    X = tt.bin_spikes(units, {"cue": events}, align_to="cue", window=(-0.4, 0.8), bin_size=0.2)
    tenths = np.zeros(400, bool)  # cells of 0.1 s that are observed
    for start, stop in np.round(ends * 10).astype(int):
        tenths[start:stop] = True
    for trial, event in enumerate(np.round(events * 10).astype(int)):
        for k in range(6):
            first = event - 4 + 2 * k
            inside = first >= 0 and tenths[first] and tenths[first + 1]
            assert np.isfinite(X[trial, 0, k]) == inside


def test_columns_become_coordinates():
    table = pandas.DataFrame(
        {
            "region": pandas.Categorical(["M1", "V1"]),
            "depth": pandas.array([1, None], dtype="Int64"),
            "id": [5, 6],
            "waveform": [[1, 2], [3]],
            "good": [True, False],
        },
        index=["a", "b"],
    )
    trials = pandas.DataFrame(
        {
            "cue": [1.0, 2.0],
            "side": ["left", None],
            "id": [8, 9],
            "time": [0.1, 0.2],
            "date": pandas.to_datetime(["2020-01-01", None]),
            "tags": [np.array([1]), None],
            "correct": [True, None],
            "a/b ": [1, 2],
            3: ["x", "y"],
        },
        index=[11, 12],
    )
    units = tt.Units.from_times({"a": [1.1], "b": []}, table)
    X = tt.bin_spikes(units, trials, align_to="cue", window=(0, 0.4), bin_size=0.2)
    found = {name: (X[name].dims[0], X[name].to_numpy().tolist()) for name in X.coords}
    assert found["trial"] == ("trial", [11, 12]) and found["neuron"] == ("neuron", ["a", "b"])
    assert found["region"] == ("neuron", ["M1", "V1"])
    assert found["trial_id"] == ("trial", [8, 9]) and found["neuron_id"] == ("neuron", [5, 6])
    assert found["trial_time"] == ("trial", [0.1, 0.2])
    assert found["good"] == ("neuron", [True, False])
    assert found["correct"] == ("trial", [True, None])
    assert found["a_b"] == ("trial", [1, 2]) and found["3"] == ("trial", ["x", "y"])
    assert found["side"][1][0] == "left" and pandas.isna(found["side"][1][1])
    assert np.isnan(found["depth"][1][1]) and np.isnat(X["date"].to_numpy()[1])
    assert {"waveform", "tags"} & set(X.coords) == set()
    assert X.attrs["left_out"] == (
        "tags (several values in a cell); waveform (several values in a cell)"
    )


def test_the_making_is_recorded():
    X = tt.bin_spikes([[1.1]], {"cue": [1.0]}, align_to="cue", window=(0, 0.4), bin_size=0.2)
    assert X.attrs["made_by"] == f"trialtensor {tt.__version__}, bin_spikes"
    assert (X.attrs["align_to"], X.attrs["window"], X.attrs["bin_size"]) == ("cue", [0, 0.4], 0.2)
    assert X["time"].attrs["units"] == "s"


def test_saved_read_and_fitted(tmp_path):
    spikes = {name: RNG.random(900) * 90 for name in "abcd"}
    trials = pandas.DataFrame(
        {"cue": np.arange(2, 82, 2.0), "side": ["left", "right"] * 20, "ok": [True, False] * 20}
    )
    X = tt.bin_spikes(spikes, trials, align_to="cue", window=(-0.5, 1.0), bin_size=0.1)
    X.to_netcdf(tmp_path / "session.nc")
    read = tt.read(tmp_path / "session.nc")
    assert np.array_equal(read, X) and read.dtype == X.dtype
    for name in X.coords:
        assert read[name].to_numpy().tolist() == X[name].to_numpy().tolist(), name
    for name, value in X.attrs.items():
        assert np.array_equal(read.attrs[name], value), name
    model = tt.TCA(2, n_init=1, random_state=0).fit(X)
    assert model.trial_factors_.shape == (40, 2)


def test_names_that_are_used_for_axes_elsewhere(tmp_path):
    table = pandas.DataFrame(
        {"unit": [1, 2], "cell": [3, 4], "channels": [5, 6], "depth_µm": [7, 8]},
        index=[4, 4],  # of two probes
    )
    units = tt.Units(table, lambda: (RNG.random(400) * 40, np.array([0, 200, 400])))
    trials = {"epoch": np.arange(20), "bin": np.arange(20), "cue": np.arange(1, 39, 2) + 0.5}
    trials["cue"] = np.r_[trials["cue"], 20.0]
    X = tt.bin_spikes(units, trials, align_to="cue", window=(0, 1), bin_size=0.25)
    X.to_netcdf(tmp_path / "x.nc")
    read = tt.read(tmp_path / "x.nc")
    assert np.array_equal(read, X) and set(read.coords) == set(X.coords)
    model = tt.TCA(1, n_init=1, random_state=0).fit(X)
    assert model.to_xarray()["depth_µm"].to_numpy().tolist() == [7, 8]


def test_dates_with_zones_and_other_scalars(tmp_path):
    trials = pandas.DataFrame(
        {
            "cue": [1.0, 2.0],
            "at": pandas.to_datetime(["2020-01-01", "2020-01-02"]).tz_localize("Europe/Berlin"),
            "span": pandas.to_timedelta([1, 2], "s"),
            "bytes": [b"a", b"b"],
            "mixed": ["a", 3],
            "cut": pandas.cut([0.5, 1.5], [0, 1, 2]),
            "none": [None, None],
        }
    )
    X = tt.bin_spikes([[1.1, 2.2]], trials, align_to="cue", window=(0, 1), bin_size=0.25)
    assert set(trials) <= set(X.coords)
    assert X["bytes"].to_numpy().tolist() == ["a", "b"]
    assert X["mixed"].to_numpy().tolist() == ["a", "3"]
    X.to_netcdf(tmp_path / "x.nc")
    read = tt.read(tmp_path / "x.nc")
    assert read["cut"].to_numpy().tolist() == ["(0, 1]", "(1, 2]"]
    assert read["at"].to_numpy().tolist()[0].startswith("2020-01-01")
    by_span = tt.bin_spikes([[1.1, 2.2]], trials, align_to="span", window=(0, 1), bin_size=0.25)
    assert np.array_equal(by_span, X)


def test_dtype():
    args = {"align_to": "cue", "window": (0, 0.4), "bin_size": 0.2}
    spikes = [np.linspace(1.0, 1.19, 300)]
    for dtype in (np.int16, np.float32, "uint16", np.float16):
        X = tt.bin_spikes(spikes, {"cue": [1.0]}, dtype=dtype, **args)
        assert X.dtype == np.dtype(dtype) and X[0, 0].to_numpy().tolist() == [300, 0]
    with pytest.raises(
        ValueError, match="a bin has at least 256 spikes, of which uint8 holds up to 255"
    ):
        tt.bin_spikes(spikes, {"cue": [1.0]}, dtype=np.uint8, **args)
    with pytest.raises(ValueError, match="some bins are missing"):
        tt.bin_spikes(spikes, {"cue": [1.0, np.nan]}, dtype=np.int16, **args)
    for bad in ("text", str, bool, complex):
        with pytest.raises(ValueError, match="dtype: expected"):
            tt.bin_spikes(spikes, {"cue": [1.0]}, dtype=bad, **args)


def test_inputs_are_not_modified():
    spikes, trials = [np.array([1.2, 1.1])], pandas.DataFrame({"cue": [1.0]}, index=[5])
    tt.bin_spikes(spikes, trials, align_to="cue", window=(0, 0.4), bin_size=0.2)
    assert spikes[0].tolist() == [1.2, 1.1] and trials.index.name is None


TRIALS = {
    "cue": [1.0, 2.0],
    "side": ["left", "right"],
    "never": [np.nan, np.nan],
    "ok": [True, False],
    "date": pandas.to_datetime(["2020-01-01", "2020-01-02"]),
    "far": [1e6, 2e6],
    "endless": [1.0, np.inf],
}
BAD = {
    "unknown column": ({"align_to": "go"}, r"no column 'go'; times could be in cue, never, far"),
    "no name": ({"align_to": 3}, "no column 3"),
    "text": ({"align_to": "side"}, "column 'side': expected times in seconds"),
    "flags": ({"align_to": "ok"}, "holds True and False"),
    "dates": ({"align_to": "date"}, "holds dates, expected seconds"),
    "never": ({"align_to": "never"}, r"missing \(NaN\) in all 2 trials"),
    "infinite": ({"align_to": "endless"}, "infinite times"),
    "elsewhere": ({"align_to": "far"}, r"none lies within the recording: windows go from 999999.5"),
    "no multiple": ({"bin_size": 0.4}, r"its length, 1.5 s, is no multiple of bin_size, 0.4 s"),
    "in ms": ({"bin_size": 20}, r"no multiple of bin_size, 20 s \(0.075 bins\)"),
    "no bin": ({"bin_size": 0}, "bin_size: expected a number above 0"),
    "negative": ({"bin_size": -0.1}, "bin_size: expected a number above 0"),
    "tiny": ({"bin_size": 1e-9}, r"makes 1.5e\+09 bins"),
    "tiniest": ({"bin_size": 5e-324}, "bins of a window"),
    "reversed": ({"window": (1.0, -0.5)}, "window: starts at 1 s and ends at -0.5 s"),
    "empty": ({"window": (1.0, 1.0)}, "window: starts at 1 s"),
    "one number": ({"window": 1.0}, r"window: expected \(start, end\)"),
    "three": ({"window": (1, 2, 3)}, r"window: expected \(start, end\)"),
    "words": ({"window": "ab"}, r"window: expected \(start, end\)"),
    "NaN": ({"window": (np.nan, 1)}, "window: expected a number"),
    "no units": ({"units": {}}, "units: there are none"),
    "no trials": ({"trials": {"cue": []}}, "no rows"),
    "a number": ({"units": 3}, "units: expected"),
    "no table": ({"trials": 3}, "trials: expected a table"),
    "text as trials": ({"trials": "cue"}, "trials: expected a table"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(case):
    changed, message = BAD[case]
    args = {
        "units": [[1.1, 2.2]], "trials": TRIALS, "align_to": "cue", "window": (-0.5, 1.0),
        "bin_size": 0.1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        tt.bin_spikes(**(args | changed))


def test_a_few_spikes_do_not_say_when_recording_ended():
    X = tt.bin_spikes([[3.0, 9.0]], {"c": [40.0]}, align_to="c", window=(0, 1), bin_size=0.5)
    assert not X.any()
    with pytest.raises(ValueError, match="none lies within"):
        tt.bin_spikes([RNG.random(500) * 9], {"c": [40.0]}, align_to="c", window=(0, 1), bin_size=1)
    units = tt.Units.from_times([[3.0, 9.0]], observed=[[[0, 10]]])
    with pytest.raises(ValueError, match="what was observed from 0 to 10 s"):
        tt.bin_spikes(units, {"c": [40.0]}, align_to="c", window=(0, 1), bin_size=0.5)


def test_bins_that_large_times_cannot_tell_apart():
    now = 1.7e9  # seconds since 1970
    args = {"align_to": "c", "window": (0, 1e-3)}
    assert tt.bin_spikes([[now + 5e-4]], {"c": [now]}, bin_size=1e-3, **args).item() == 1
    with pytest.raises(ValueError, match=r"too short for times of 1.7e\+09 s, .* 2.4e-07 s"):
        tt.bin_spikes([[now + 5e-4]], {"c": [now]}, bin_size=1e-5, **args)


def test_too_large_for_memory():
    with pytest.raises(
        ValueError, match=r"window and bin_size: a tensor of 100000 trials, .* free"
    ):
        tt.bin_spikes(
            [[1.0]] * 1000, {"c": np.ones(100_000)}, align_to="c", window=(0, 100), bin_size=1e-4
        )


def test_some_trials_elsewhere_are_warned_of():
    spikes = [RNG.random(2000) * 10]
    with pytest.warns(UserWarning, match="1 of 2 lie outside of the time of all spikes"):
        tt.bin_spikes(spikes, {"c": [5.0, 500.0]}, align_to="c", window=(0, 1), bin_size=0.5)


def test_units_without_any_spikes():
    X = tt.bin_spikes([[], []], {"c": [5.0]}, align_to="c", window=(0, 1), bin_size=0.5)
    assert X.shape == (1, 2, 2) and not X.any()


def test_a_series_of_times_is_called_by_its_name():
    cues = pandas.Series([1.0, 3.0], name="cue", index=["a", "b"])
    X = tt.bin_spikes([[1.1]], cues, align_to="cue", window=(0, 1), bin_size=0.5)
    np.testing.assert_array_equal(X["cue"], [1.0, 3.0])


def test_milliseconds_in_the_place_of_seconds_are_warned_of():
    spikes, trials = [np.arange(0, 300, 0.5)], {"cue": np.arange(5.0, 290, 5)}
    with pytest.warns(UserWarning, match="window and bin_size are in seconds"):
        tt.bin_spikes(spikes, trials, align_to="cue", window=(-500, 1000), bin_size=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # seconds that are meant, and windows that overlap
        for window, size in (((-2, 10), 1), ((0, 100), 0.5)):
            tt.bin_spikes(spikes, trials, align_to="cue", window=window, bin_size=size)
