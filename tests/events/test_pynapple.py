"""Objects of pynapple give the tensors that pynapple itself makes of them."""

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.events.given import holding

nap = pytest.importorskip("pynapple")
RNG = np.random.default_rng(0)


@pytest.fixture
def group():
    trains = {i: nap.Ts(np.sort(RNG.random(n) * 100)) for i, n in ((7, 900), (2, 400), (5, 50))}
    return nap.TsGroup(
        trains, time_support=nap.IntervalSet(0, 100), metadata={"region": ["M1", "V1", "M1"]}
    )


@pytest.fixture
def epochs():
    start = np.arange(20) * 4.0 + RNG.random(20)
    sides = RNG.choice(["left", "right"], 20)
    return nap.IntervalSet(start, start + 1.5, metadata={"side": sides})


def test_counts_are_those_of_build_tensor(group, epochs):
    X = tt.bin_spikes(group, epochs, align_to="start", window=(0.0, 1.5), bin_size=0.1)
    theirs = nap.build_tensor(group, epochs, bin_size=0.1)
    assert np.array_equal(X, theirs.transpose(1, 0, 2))
    assert X["neuron"].to_numpy().tolist() == list(group.keys())
    assert X["region"].to_numpy().tolist() == group["region"].tolist()
    assert X["side"].to_numpy().tolist() == epochs["side"].tolist()
    assert np.array_equal(X["end"], epochs.end)
    assert X.attrs["source"] == "pynapple TsGroup"


def test_signals_are_those_of_build_tensor():
    frame = nap.TsdFrame(
        t=np.arange(3000) / 30,
        d=RNG.normal(size=(3000, 3)),
        columns=["a", "b", "c"],
        metadata={"depth": [1, 2, 3]},
    )
    start = np.arange(5, 85, 4) + 0.0
    epochs = nap.IntervalSet(start, start + 1 - 1e-3)
    X = tt.cut_traces(frame, epochs, align_to="start", window=(0.0, 1.0))
    theirs = nap.build_tensor(frame, epochs)
    assert np.array_equal(X, theirs.transpose(1, 0, 2))
    assert X["neuron"].to_numpy().tolist() == ["a", "b", "c"]
    assert X["depth"].to_numpy().tolist() == [1, 2, 3]
    one = tt.cut_traces(frame[:, 1], epochs, align_to="start", window=(0.0, 1.0))
    assert np.array_equal(one[:, 0], X[:, 1])


def test_a_time_support_with_gaps_is_observed(group):
    held = group.restrict(nap.IntervalSet([0, 50], [40, 100]))
    X = tt.bin_spikes(held, {"c": [39.0, 60.0]}, align_to="c", window=(0, 2), bin_size=1.0)
    assert np.isnan(X[0]).to_numpy().tolist() == [[False, True]] * 3
    assert not np.isnan(X[1]).any()
    assert "outside of them is missing" in holding(held).notes[0]


def test_one_train_and_units_without_spikes():
    train = nap.Ts(np.array([1.0, 2.0]))
    assert tt.bin_spikes(train, [1.0], align_to="event", window=(0, 1), bin_size=1.0).item() == 1
    group = nap.TsGroup({0: train, 1: nap.Ts(np.array([]))}, time_support=nap.IntervalSet(0, 10))
    X = tt.bin_spikes(group, [1.0], align_to="event", window=(0, 1), bin_size=1.0)
    assert X[0, :, 0].to_numpy().tolist() == [1, 0]


def test_a_dict_of_objects_is_a_session(group, epochs):
    held = holding({"units": group, "trials": epochs})
    assert len(held.units) == 3 and len(held.trials) == 20


def test_other_objects_are_refused():
    tensor = nap.TsdTensor(t=np.arange(5.0), d=np.zeros((5, 2, 2)))
    with pytest.raises(ValueError, match="units: pynapple TsdTensor: expected a TsGroup"):
        tt.bin_spikes(tensor, [1.0], align_to="event", window=(0, 1), bin_size=1.0)
    with pytest.raises(ValueError, match="expected spike times, got pynapple IntervalSet"):
        tt.bin_spikes(nap.IntervalSet(0, 1), [1.0], align_to="event", window=(0, 1), bin_size=1.0)


def test_times_of_events_are_trials():
    group = nap.TsGroup({3: nap.Ts(np.array([1.0, 2.05, 2.5])), 5: nap.Ts(np.array([2.2]))})
    for events in (nap.Ts(np.array([1.0, 2.0])), nap.Tsd(np.array([1.0, 2.0]), np.array([7, 8]))):
        X = tt.bin_spikes(group, events, align_to="event", window=(0, 0.4), bin_size=0.2)
        np.testing.assert_array_equal(X, [[[1, 0], [0, 0]], [[1, 0], [0, 1]]])
        assert "value" not in X.coords or X["value"].to_numpy().tolist() == [7, 8]
