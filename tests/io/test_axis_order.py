"""Arrays without names of axes, whose labels say that they aren't trials, neurons, times."""

import warnings

import h5py
import numpy as np
import pytest

from trialtensor.data import as_trial_tensor
from trialtensor.io import inspect, read
from trialtensor.io.label_names import said_axis

N, T, K = 25, 40, 60
BARE = np.random.default_rng(0).normal(size=(N, T, K))  # neurons, times, trials
REWARD = np.arange(K) % 2
SIDE = np.array(["left", "right", "right"] * (K // 3))
TIME = np.arange(T) * 0.02


def write(path, **variables):
    np.savez(path / "x.npz", x=BARE, **variables)
    return path / "x.npz"


@pytest.mark.parametrize("time", ["time", "t", "bin_centers", "times"])
def test_labels_that_fit_one_order_only_give_it(tmp_path, time):
    path = write(tmp_path, reward=REWARD, side=SIDE, depth=np.arange(N), **{time: TIME})
    with pytest.warns(UserWarning, match=r"x was read as axes \(neuron, time, trial\), because"):
        found = read(path)
    assert np.array_equal(found, BARE.transpose(2, 0, 1))
    assert found["reward"].dims == ("trial",) and found["side"].dims == ("trial",)
    assert found["depth"].dims == ("neuron",)
    label = "bin_centers" if time == "bin_centers" else "time"
    assert found[label].dims == ("time",) and np.array_equal(found[label], TIME)
    assert "axes (neuron, time, trial), because" in inspect(path)
    assert "assumed" not in inspect(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(read(path, axes="neuron,time,trial"), found)


@pytest.mark.parametrize("labels", [{"reward": REWARD}, {"side": SIDE}, {"trial_type": REWARD}])
def test_labels_that_leave_several_orders_are_refused_with_the_remedy(tmp_path, labels):
    path, (name, _) = write(tmp_path, **labels), *labels.items()
    said = (
        rf"x.npz: x \(25, 40, 60\) can't have .* {name} is about trials.* has 60 entries, .* third"
    )
    with pytest.raises(ValueError, match=said) as caught:
        read(path)
    assert "'neuron,time,trial'" in str(caught.value)
    assert "can't have the axes trial, neuron, time" in inspect(path)
    found = read(path, axes="neuron,time,trial")
    assert found[name].dims == ("trial",)
    # Whoever knows better is believed.
    assert read(path, axes=("trial", "neuron", "time")).sizes == {
        "trial": N,
        "neuron": T,
        "time": K,
    }


def test_units_first_as_pynapple_builds_tensors(tmp_path):
    units_first = BARE.transpose(0, 2, 1)  # units, trials, bins
    np.savez(tmp_path / "a.npz", x=units_first, choice=REWARD, time=TIME, region=["M1"] * N)
    with pytest.warns(UserWarning, match=r"axes \(neuron, trial, time\)"):
        found = read(tmp_path / "a.npz")
    assert np.array_equal(found, units_first.transpose(1, 0, 2))
    assert (found["region"] == "M1").all() and found["region"].dims == ("neuron",)


def test_axes_in_reverse_without_a_mark_of_matlab(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = BARE.transpose(1, 0, 2)  # times, neurons, trials
        file["time"], file["outcome"] = TIME[None], REWARD[None]
    with pytest.warns(UserWarning, match=r"axes \(time, neuron, trial\)"):
        assert np.array_equal(read(tmp_path / "a.h5"), BARE.transpose(2, 0, 1))


def test_a_renamed_file_of_matlab_is_in_the_order_of_matlab(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file:
        for name, values in {"x": BARE.transpose(2, 0, 1), "outcome": REWARD[:, None]}.items():
            file[name] = values.T  # as MATLAB stores it
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    assert np.array_equal(read(tmp_path / "a.h5"), BARE.transpose(2, 0, 1))


def test_time_in_place_of_trials_is_ambiguous_until_another_label_tells(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=BARE.transpose(2, 0, 1), time=np.arange(K) * 3.0)
    with pytest.raises(ValueError, match=r"time is about times and has 60 entries, .* first axis"):
        read(path)
    np.savez(path, x=BARE.transpose(2, 0, 1), time=np.arange(K) * 3.0, reward=REWARD)
    assert read(path)["trial_time"].dims == ("trial",)


@pytest.mark.parametrize(
    "labels",
    [
        {"phase": np.repeat(["before", "delay", "move"], 20)},  # of times: in runs
        {"velocity": np.sin(np.arange(K))},
        {"n_trials": 60, "response_time": np.ones(60), "x_of": np.ones(25)},
    ],
)
def test_labels_that_may_be_of_times_leave_the_order_assumed(tmp_path, labels):
    found = read(write(tmp_path, **labels))
    assert found.attrs["axes_order"] == "assumed"
    assert found.sizes == {"trial": N, "neuron": T, "time": K}


def test_contradictory_labels_are_refused(tmp_path):
    path = write(tmp_path, reward=REWARD, trial=np.arange(N))
    with pytest.raises(ValueError, match="reward is about trials and has 60 entries"):
        read(path)


def test_labels_of_equal_axes_contradict_nothing(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((6, 6, 6)), reward=np.arange(6), time=np.arange(6))
    assert read(tmp_path / "a.npz").attrs["axes_order"] == "assumed"


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("trial", "trial"), ("trialType", "trial"), ("epochs", "trial"), ("REWARD", "trial"),
        ("event_times", "trial"), ("unit_id", "neuron"), ("brain_area", "neuron"), ("t", "time"),
        ("electrodes", "neuron"), ("time_s", "time"), ("frames", "time"), ("go_cue_times", None),
        ("velocity", None), ("x", None), ("", None), ("spike_times", None),
    ],
)  # fmt: skip
def test_what_names_say(name, axis):
    assert said_axis(name) == axis


def test_axes_as_one_text():
    for text in ("neuron,time,trial", "roi, frame, rep", "Units T Sweeps"):
        assert np.array_equal(as_trial_tensor(BARE, axes=text), BARE.transpose(2, 0, 1))
    with pytest.raises(ValueError, match="axes: expected three axis names, got 'neuron,time'"):
        as_trial_tensor(BARE, axes="neuron,time")
