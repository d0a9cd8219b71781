"""The command says in one line what is wrong with a file, and ends with status 2."""

import os
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest


def pipe(path):
    os.mkfifo(path)


def link_to_another_file(path):
    with h5py.File(path, "w") as file:
        file["counts"] = h5py.ExternalLink("other.h5", "/counts")


def petabytes(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("counts", (10**6, 10**6, 10**3), "f8")


def unknown_compression(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("counts.npy", b"")


def half(path):
    np.save(path, np.ones((6, 5, 4)))
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npz", pipe),
        ("a.h5", link_to_another_file),
        ("a.nc", petabytes),
        ("a.npz", unknown_compression),
        ("a.npy", half),
    ],
)
def test_one_line_and_status_2(tmp_path, name, write):
    write(tmp_path / name)
    command = [sys.executable, "-m", "trialtensor.cli", "inspect", str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and str(tmp_path / name) in done.stderr
