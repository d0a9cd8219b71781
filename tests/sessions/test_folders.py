"""Folders that hold several formats, several sessions, or nothing."""

import os

import h5py
import numpy as np
import pytest

from trialtensor.sessions import open_session


def suite2p(folder):
    folder.mkdir(parents=True)
    for name in ("F", "Fneu", "spks"):
        np.save(folder / f"{name}.npy", np.ones((3, 20), np.float32))


def phy(folder):
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "spike_times.npy", np.arange(5))
    np.save(folder / "spike_clusters.npy", np.zeros(5, int))
    (folder / "params.py").write_text("sample_rate = 30000.")


def test_of_several_formats_the_best_match_wins_and_is_named(tmp_path):
    suite2p(tmp_path / "suite2p" / "plane0")
    phy(tmp_path)
    session = open_session(tmp_path)
    assert session.units is not None
    assert session.notes[0] == (
        "the folder is also a Suite2p folder: opened as a Kilosort or Phy folder, the best match"
    )
    assert "the best match" not in str(open_session(tmp_path / "suite2p", rate=30.0))


def test_a_folder_of_sessions_lists_them(tmp_path):
    for name in ("b", "a"):
        with h5py.File(tmp_path / f"{name}.nwb", "w") as file:
            file.attrs["nwb_version"] = "2.8.0"
    phy(tmp_path / "rat1" / "ks")
    (tmp_path / "list.csv").write_text("animal,sex\n1,f\n")
    (tmp_path / "notes.txt").write_text("something\nelse")
    with pytest.raises(ValueError) as caught:
        open_session(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: is a folder of sessions, open one of them: a.nwb, b.nwb, rat1"
    )


def test_other_folders_list_what_they_hold(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\0")
    with pytest.raises(ValueError, match=r"is a folder that no reader knows \(x\.bin\); known are"):
        open_session(tmp_path)


@pytest.mark.parametrize("name", ["cluster_group.tsv", "spike_times.npy", "trials.csv", "x.npz"])
def test_pipes_are_never_waited_for(tmp_path, name):
    phy(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    try:
        session = open_session(tmp_path)
    except ValueError as error:
        assert str(tmp_path) in str(error)
    else:
        assert session.trials is None and len(session.units) == 1
