"""Objects of neo give what neo's own slices and units give."""

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.events.given import holding

neo = pytest.importorskip("neo")
pq = pytest.importorskip("quantities")
RNG = np.random.default_rng(0)


def train(times, stop, name=None, **annotations):
    return neo.SpikeTrain(np.sort(times) * pq.ms, t_stop=stop * pq.ms, name=name, **annotations)


def session():
    segment = neo.Segment(name="day 1")
    for i, n in enumerate((500, 0, 80)):
        segment.spiketrains.append(
            train(RNG.random(n) * 20_000, 20_000, f"u{i}", region=["M1", "V1", "M1"][i], w=[1, 2])
        )
    segment.analogsignals.append(
        neo.AnalogSignal(
            RNG.normal(size=(400, 2)), units="mV", sampling_rate=20 * pq.Hz, name="lfp",
            array_annotations={"depth": [100, 200]},
        )
    )  # fmt: skip
    segment.epochs.append(
        neo.Epoch(
            [2000, 6000, 11_000] * pq.ms, durations=[1, 2, 1] * pq.s, labels=["l", "r", "l"],
            name="trials", array_annotations={"reward": [1, 0, 1]},
        )
    )  # fmt: skip
    segment.events.append(neo.Event([2.5, 6.5] * pq.s, labels=["go", "go"], name="cue"))
    block = neo.Block(name="mouse")
    block.segments.append(segment)
    return block


def test_counts_are_those_of_slices():
    block = session()
    X = tt.bin_spikes(block, block, align_to="start_time", window=(-0.5, 1.0), bin_size=0.25)
    for n, each in enumerate(block.segments[0].spiketrains):
        for trial, start in enumerate((2.0, 6.0, 11.0)):
            for k in range(6):
                first = (start - 0.5 + 0.25 * k) * pq.s
                piece = each.time_slice(first, first + 0.25 * pq.s)
                assert X[trial, n, k] == len(piece)
    assert X["neuron"].to_numpy().tolist() == ["u0", "u1", "u2"]
    assert X["region"].to_numpy().tolist() == ["M1", "V1", "M1"]
    assert X["label"].to_numpy().tolist() == ["l", "r", "l"]
    assert X["reward"].to_numpy().tolist() == [1, 0, 1]
    assert X["stop_time"].to_numpy().tolist() == [3.0, 8.0, 12.0]
    assert "w" not in X.coords


def test_signals_are_those_of_slices():
    block = session()
    X = tt.cut_traces(block, block, align_to="start_time", window=(0, 1.0))
    signal = block.segments[0].analogsignals[0]
    for trial, start in enumerate((2.0, 6.0, 11.0)):
        piece = signal.time_slice(start * pq.s, (start + 1) * pq.s).magnitude[:20]
        np.testing.assert_array_equal(X[trial], piece.T)
    assert X["depth"].to_numpy().tolist() == [100, 200] and X.attrs["units"] == "mV"


def test_what_a_block_holds():
    held = holding(session())
    assert list(held.traces) == ["lfp"] and list(held.intervals) == ["trials"]
    assert held.events["cue"]["time"].to_list() == [2.5, 6.5]
    assert held.trials["start_time"].to_list() == [2.0, 6.0, 11.0]


def test_a_train_was_observed_from_its_start_to_its_stop():
    X = tt.bin_spikes(
        [train([100.0], 1500)], [0.0, 1.0], align_to="event", window=(0, 1), bin_size=0.5
    )
    np.testing.assert_array_equal(X[:, 0], [[1, 0], [0, np.nan]])


@pytest.mark.parametrize("shared", [True, False], ids=["one clock", "a clock each"])
def test_segments_are_trials(shared):
    block = neo.Block()
    places = [[300.0, 700.0], [100.0], [900.0]]
    for i, times in enumerate(places):
        start = 2000.0 * i if shared else 0.0
        segment = neo.Segment(side=["l", "r", "l"][i])
        segment.spiketrains.append(
            neo.SpikeTrain(
                (np.array(times) + start) * pq.ms, t_start=start * pq.ms,
                t_stop=(start + 1000) * pq.ms, name="u",
            )
        )  # fmt: skip
        if i != 1:
            segment.events.append(neo.Event([start + 200] * pq.ms, labels=["x"], name="go"))
        segment.analogsignals.append(
            neo.AnalogSignal(
                np.full((10, 1), i), units="V", sampling_rate=10 * pq.Hz, t_start=start * pq.ms,
                name="lfp",
            )
        )  # fmt: skip
        block.segments.append(segment)
    X = tt.bin_spikes(block, block, align_to="start_time", window=(0, 1), bin_size=0.5)
    assert X[:, 0].to_numpy().tolist() == [[1, 1], [1, 0], [0, 1]]
    assert X["side"].to_numpy().tolist() == ["l", "r", "l"]
    go = tt.bin_spikes(block, block, align_to="go", window=(0, 0.5), bin_size=0.5)
    np.testing.assert_array_equal(go[:, 0, 0], [1, np.nan, 0])
    beyond = tt.bin_spikes(block, block, align_to="start_time", window=(0, 2), bin_size=1.0)
    assert np.isnan(beyond[:, :, 1]).all()
    lfp = tt.cut_traces(block, block, align_to="start_time", window=(0, 1), bin_size=0.5)
    assert lfp[:, 0].to_numpy().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert bool(holding(block).notes) != shared


def test_trains_by_name_keep_their_units():
    trains = {"a": train([1500.0], 3000), "b": train([], 3000)}
    X = tt.bin_spikes(trains, [1.0], align_to="event", window=(0, 1), bin_size=1.0)
    assert X["neuron"].to_numpy().tolist() == ["a", "b"] and X[0, :, 0].to_numpy().tolist() == [
        1,
        0,
    ]
    milliseconds = {"a": np.array([1500.0]) * pq.ms}
    Y = tt.bin_spikes(milliseconds, [1.0], align_to="event", window=(0, 1), bin_size=1.0)
    assert Y.item() == 1


def test_a_block_with_several_tables_asks_which():
    block = session()
    block.segments[0].epochs.append(neo.Epoch([1] * pq.s, durations=[1] * pq.s, name="licks"))
    with pytest.raises(ValueError, match="choose one of its tables: trials, licks, cue"):
        tt.bin_spikes(block, block, align_to="start_time", window=(0, 1), bin_size=0.5)
    epoch = block.segments[0].epochs[0]
    X = tt.bin_spikes(block, epoch, align_to="start_time", window=(0, 1), bin_size=0.5)
    assert X.sizes["trial"] == 3


def test_a_segment_without_data_is_a_trial_without_times():
    block = neo.Block()
    for times in ([500.0], None, [100.0]):
        segment = neo.Segment()
        if times is not None:
            segment.spiketrains.append(train(times, 1000, "u"))
        block.segments.append(segment)
    X = tt.bin_spikes(block, block, align_to="start_time", window=(0, 1), bin_size=1.0)
    np.testing.assert_array_equal(X[:, 0, 0], [1, np.nan, 1])
    assert holding(neo.Segment()).units is None


def test_lazily_read_files(tmp_path):
    block = neo.io.ExampleIO("none.fake").read_block(lazy=True)
    whole = neo.io.ExampleIO("none.fake").read_block()
    held = holding(block)
    first = whole.segments[0].spiketrains[0].rescale("s").magnitude
    assert np.array_equal(held.units.times[: len(first)], first)
    assert held.traces and held.events


def test_others_are_refused():
    with pytest.raises(ValueError, match="neo Block: has no segments"):
        holding(neo.Block())
    with pytest.raises(ValueError, match="neo Group: expected a Block"):
        holding(neo.Group())


def test_a_signal_and_times_with_units_by_themselves():
    values = np.random.default_rng(0).normal(size=(300, 2))
    signal = neo.AnalogSignal(values * pq.mV, sampling_rate=10 * pq.Hz, name="lfp")
    cues = np.array([2.0, 9.0, 20.0])
    expected = tt.cut_traces(
        tt.Traces("lfp", None, lambda: values, rate=10),
        {"cue": cues},
        align_to="cue",
        window=(0, 1),
    )
    for trials in ({"cue": cues * 1000 * pq.ms}, {"cue": cues * pq.s, "dose": [1, 2, 3] * pq.mV}):
        X = tt.cut_traces(signal, trials, align_to="cue", window=(0, 1))
        np.testing.assert_array_equal(X, expected)
    X = tt.cut_traces(signal, cues * 1000 * pq.ms, align_to="event", window=(0, 1))
    np.testing.assert_array_equal(X, expected)
    np.testing.assert_array_equal(X["event"], cues)
