"""HDF5 files that the library doesn't survive are tried in another process."""

import subprocess

import h5py
import numpy as np
import pytest

import trialtensor
from trialtensor.io import inspect
from trialtensor.opening import probe
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.probe import STARTED, refuse_what_crashes


@pytest.fixture
def endless(tmp_path):
    """A file on which the HDF5 library loops: an object of size 0 in the heap of texts."""
    path = tmp_path / "endless.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.ones((6, 5, 4))
        file.create_dataset("side", data=["left"] * 6, dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    heap = content.find(b"GCOL")
    content[heap + 24 : heap + 32] = bytes(8)
    path.write_bytes(content)
    return path


@pytest.mark.slow
def test_attributes_of_groups_are_tried_as_well(tmp_path):
    path = tmp_path / "endless.h5"
    with h5py.File(path, "w") as file:
        file["a/counts"] = np.ones((6, 5, 4))
        file["a"].attrs["colnames"] = ["left", "right"]
    content = bytearray(path.read_bytes())
    heap = content.find(b"GCOL")
    content[heap + 24 : heap + 32] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(RefusedError, match="doesn't come to an end with it"):
        refuse_what_crashes(path)


def answers(monkeypatch, status, said=STARTED):
    """Let the other process end in some way; return the list of its calls."""
    calls = []

    def run(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, status, said)

    monkeypatch.setattr(probe.subprocess, "run", run)
    return calls


@pytest.mark.slow
@pytest.mark.parametrize("look", [inspect, trialtensor.read, trialtensor.load])
def test_a_loop_in_the_library_has_an_end(endless, look):
    with pytest.raises(ValueError, match=r"endless\.h5"):
        look(endless)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-11, "crashes on it"),
        (-6, "crashes on it"),
        (-27, "doesn't come to an end"),
        (probe.NO_MEMORY, "far more memory"),
        (-9, "far more memory"),
    ],
)
def test_the_end_of_the_other_process_is_said(monkeypatch, endless, status, words):
    answers(monkeypatch, status)
    with pytest.raises(RefusedError, match=words):
        refuse_what_crashes(endless)


def test_a_process_that_does_not_start_refuses_nothing(monkeypatch, endless):
    answers(monkeypatch, 1, said=b"")
    refuse_what_crashes(endless)


def test_a_system_without_processes_refuses_nothing(monkeypatch, endless):
    def run(*_, **__):
        raise OSError("no processes")

    monkeypatch.setattr(probe.subprocess, "run", run)
    refuse_what_crashes(endless)


@pytest.mark.parametrize("how", [("executable", ""), ("frozen", True)])
def test_without_a_python_to_start_nothing_is_refused(monkeypatch, endless, how):
    calls = answers(monkeypatch, -11)
    monkeypatch.setattr(probe.sys, *how, raising=False)
    refuse_what_crashes(endless)
    assert calls == []


def test_a_file_is_tried_once_until_it_changes(monkeypatch, tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(b"some")
    calls = answers(monkeypatch, 0)
    refuse_what_crashes(path)
    refuse_what_crashes(path)
    assert len(calls) == 1
    path.write_bytes(b"something else")
    refuse_what_crashes(path)
    assert len(calls) == 2
