"""Parallel processes end with the one that started them, however it ends."""

import os
import signal
import subprocess
import sys
import time

import joblib
import pytest

from trialtensor.solvers.parallel import in_parallel

WORKING = """
import os, sys, time
sys.path.insert(0, {root!r})
from trialtensor.solvers.parallel import in_parallel

def work(i):
    print(os.getpid(), flush=True)
    time.sleep(600)

list(in_parallel(work, [(0,), (1,)], n_jobs=2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_no_process_outlives_its_parent(name):
    process = subprocess.Popen(
        [sys.executable, "-c", WORKING.format(root=os.getcwd())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    workers = [int(process.stdout.readline()) for _ in range(2)]
    process.send_signal(getattr(signal, name))
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while any(map(_lives, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _own(i):
    return i, os.getpid()


def test_results_come_in_order_and_from_other_processes():
    found = list(in_parallel(_own, [(i,) for i in range(6)], n_jobs=2))
    assert [i for i, _ in found] == list(range(6))
    assert os.getpid() not in {process for _, process in found}


def test_the_backend_of_the_user_is_kept():
    with joblib.parallel_config("threading", n_jobs=2):
        found = list(in_parallel(_own, [(i,) for i in range(6)], n_jobs=None))
    assert {process for _, process in found} == {os.getpid()}


def test_an_error_comes_through():
    with pytest.raises(ValueError, match="invalid literal"):
        list(in_parallel(int, [("1",), ("x",)], n_jobs=2))
