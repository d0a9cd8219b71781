"""Damaged files end in one line or are read: a short ``python -m benchmarks.fuzz_files``."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("given", [["120"], ["70", "--only", "session"]], ids=["all", "sessions"])
def test_damaged_files_are_refused_in_one_line_or_read(given):
    command = [sys.executable, "-m", "benchmarks.fuzz_files", *given, "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    n, read = re.search(r"(\d+) whole files: (\d+) read", done.stdout).groups()
    assert n == read and int(n) >= 11
    assert "refused" in done.stdout
