import numpy as np
import pytest

from trialtensor.sessions import open_session

TIMES, INDEX = np.array([0.1, 0.2, 0.5, 0.7]), np.array([4, 0, 4, 0])
GROUP = {
    "t": TIMES,
    "index": INDEX,
    "keys": np.array([0, 4, 9]),
    "start": np.array([0.0]),
    "end": np.array([1.0]),
    "type": np.array(["TsGroup"]),
}
TRIALS = {"start": [0.0, 2.0], "end": [1.0, 3.0], "type": np.array(["IntervalSet"])}


def test_a_group_of_units(tmp_path):
    np.savez(tmp_path / "a.npz", rate=np.arange(3.0), **GROUP)
    units = open_session(tmp_path / "a.npz").units
    assert units.table.index.tolist() == [0, 4, 9]
    assert units.table["rate"].tolist() == [0, 1, 2]
    assert units.spikes_of(4).tolist() == [0.1, 0.5]
    assert units.spikes_of(9).tolist() == []


def test_a_folder_of_files(tmp_path):
    values = np.random.default_rng(0).random((5, 3))
    frame = {"t": np.arange(5) / 10, "d": values, "columns": np.arange(3) * 2}
    np.savez(tmp_path / "spikes.npz", **GROUP)
    np.savez(tmp_path / "trials.npz", reward=[1, 0], **TRIALS)
    np.savez(tmp_path / "sleep.npz", **TRIALS)
    np.savez(tmp_path / "dff.npz", type=np.array(["TsdFrame"]), **frame)
    np.savez(tmp_path / "tensor.npz", x=np.ones((3, 3, 3)))
    session = open_session(tmp_path)
    assert session.trials.to_dict("list") == {
        "start_time": [0.0, 2.0], "stop_time": [1.0, 3.0], "reward": [1, 0],
    }  # fmt: skip
    assert list(session.intervals) == ["sleep"] and len(session.units) == 3
    assert np.array_equal(session.traces["dff"].values, values)
    assert session.traces["dff"].table.index.tolist() == [0, 2, 4]
    assert np.array_equal(session.traces["dff"].times, frame["t"])


def test_metadata_is_a_pickle_and_left_out(tmp_path, plant):
    np.savez(tmp_path / "a.npz", **GROUP)
    plant(tmp_path / "_metadata.npy")
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.write(tmp_path / "_metadata.npy", "_metadata.npy")
    session = open_session(tmp_path / "a.npz")
    assert session.units.spikes_of(4).tolist() == [0.1, 0.5]
    assert "never loaded, because pickled: _metadata" in str(session)


def test_what_pynapple_saves(tmp_path):
    nap = pytest.importorskip("pynapple")
    rng = np.random.default_rng(0)
    group = nap.TsGroup({k: nap.Ts(np.sort(rng.random(20) * 10)) for k in (3, 0, 7)})
    frame = nap.TsdFrame(t=np.arange(50) / 10, d=rng.random((50, 4)))
    group.save(str(tmp_path / "units.npz"))
    frame.save(str(tmp_path / "dff.npz"))
    nap.IntervalSet(start=[0, 5.0], end=[4, 9.0]).save(str(tmp_path / "trials.npz"))
    session = open_session(tmp_path)
    again = nap.load_file(str(tmp_path / "units.npz"))
    assert session.units.table.index.tolist() == list(again.index)
    for unit in again.index:
        assert np.array_equal(session.units.spikes_of(unit), again[unit].t)
    assert np.array_equal(session.traces["dff"].values, frame.d)
    assert np.array_equal(session.traces["dff"].times, frame.t)
    assert session.trials["stop_time"].tolist() == [4.0, 9.0]
