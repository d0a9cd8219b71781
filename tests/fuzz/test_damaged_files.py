"""Damaged files end in one line or are read: a short ``python -m benchmarks.fuzz_files``."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_damaged_files_are_refused_in_one_line_or_read():
    command = [sys.executable, "-m", "benchmarks.fuzz_files", "120", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "24 whole files: 24 read" in done.stdout
    assert "refused" in done.stdout
