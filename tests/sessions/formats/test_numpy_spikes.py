import numpy as np
import pytest

from trialtensor.sessions import open_session

RNG = np.random.default_rng(0)
SPIKES = {f"unit{k}": np.sort(RNG.random(k + 3)) for k in (0, 10, 2, 1)}


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_an_array_a_unit(tmp_path, kind):
    if kind == "npz":
        path = tmp_path / "spikes.npz"
        np.savez(path, other=np.ones((2, 2)), **SPIKES)
    else:
        path = tmp_path
        for name, values in SPIKES.items():
            np.save(path / f"{name}.npy", values)
    units = open_session(path).units
    assert units.table.index.tolist() == [0, 1, 2, 10]
    for name, values in SPIKES.items():
        assert np.array_equal(units.spikes_of(int(name.removeprefix("unit"))), values)


def test_all_spikes_beside_their_units(tmp_path):
    samples, clusters = np.sort(RNG.integers(0, 10**6, 200)), RNG.choice([7, 3, 12], 200)
    np.savez(tmp_path / "a.npz", spike_times=samples, spike_clusters=clusters[:, None])
    units = open_session(tmp_path / "a.npz", rate=20000).units
    assert units.table.index.tolist() == [3, 7, 12]
    assert np.array_equal(units.spikes_of(7), samples[clusters == 7] / 20000)


def test_arrays_of_trials(tmp_path):
    np.savez(tmp_path / "a.npz", trials_cue=[0.1, 0.5], trial_side=["l", "r"], **SPIKES)
    session = open_session(tmp_path / "a.npz")
    assert session.trials["cue"].tolist() == [0.1, 0.5]
    assert session.trials["side"].tolist() == ["l", "r"]
    np.savez(tmp_path / "b.npz", trials_cue=[0.1, 0.5], trials_side=["l"], **SPIKES)
    with pytest.raises(ValueError, match=r"b\.npz: .*trials_cue 2, trials_side 1"):
        open_session(tmp_path / "b.npz")


def test_a_tensor_is_no_group_of_spikes(tmp_path):
    np.savez(tmp_path / "a.npz", rates=np.ones((4, 3, 2)), side=np.arange(4))
    session = open_session(tmp_path / "a.npz")
    assert session.units is None and session.tensors == {"rates": (4, 3, 2)}


def test_pickles_are_left_alone(tmp_path, plant):
    for name, values in SPIKES.items():
        np.save(tmp_path / f"{name}.npy", values)
    plant(tmp_path / "unit5.npy")
    assert len(open_session(tmp_path).units) == 4


def test_events_in_the_same_archive_are_trials(tmp_path):
    flat = {"spike_times": np.sort(np.random.default_rng(0).random(40) * 30)}
    flat["spike_clusters"] = np.arange(40) % 3
    events = {"cue": np.array([1.0, 5.0, np.nan, 9.0]), "side": np.array(["l", "r", "l", "r"])}
    np.savez(tmp_path / "a.npz", amplitudes=np.ones(40), **flat, **events)
    session = open_session(tmp_path / "a.npz")
    assert session.trials.columns.tolist() == ["cue", "side"] and len(session.trials) == 4
    assert "trials are assumed to be the arrays cue, side" in session.notes
    # Not what belongs to units, has no times, or comes in several lengths.
    for other in (
        {"depth": np.array([1.0, 5.0, 9.0])},
        {"side": np.arange(4) % 2},
        {**events, "reward": np.array([2.0, 4.5])},
    ):
        np.savez(tmp_path / "b.npz", **flat, **other)
        session = open_session(tmp_path / "b.npz")
        assert session.trials is None and any("left out" in note for note in session.notes)
