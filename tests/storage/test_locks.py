"""A lock keeps another process out, and is free once its process is gone."""

import json
import os
import signal
import subprocess
import sys

import pytest

from trialtensor.storage import held, locks

HOLD = """
import sys
sys.path.insert(0, {root!r})
from trialtensor.storage import held
with held({path!r}, "there"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    code = HOLD.format(root=os.getcwd(), path=str(tmp_path / "lock"))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_kept_out_and_named(tmp_path, holder):
    with (
        pytest.raises(ValueError, match=rf"there: process {holder.pid} is writing"),
        held(tmp_path / "lock", "there"),
    ):
        pytest.fail("two at a time")
    holder.communicate(b"")
    assert list(tmp_path.iterdir()) == []
    with held(tmp_path / "lock", "there"):
        assert json.loads((tmp_path / "lock").read_text())["process"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "lock").exists()
    with held(tmp_path / "lock", "there"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_locks_of_the_system_a_living_process_counts(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(locks, "lock", lambda descriptor: False)
    with pytest.raises(ValueError, match=f"process {holder.pid}"), held(tmp_path / "lock", "there"):
        pytest.fail("two at a time")
    holder.kill()
    holder.wait()
    with held(tmp_path / "lock", "there"):
        pass


def test_an_error_inside_frees_the_lock(tmp_path):
    with pytest.raises(KeyError), held(tmp_path / "lock", "there"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
