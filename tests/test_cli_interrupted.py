"""Ctrl-C before, during and after a fit."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from trialtensor.cli import app
from trialtensor.cli.writing import DIAGNOSTICS
from trialtensor.data import make_tca
from trialtensor.io.export import FACTORS as TABLES

FIGURES = ("figures/factors.png", *DIAGNOSTICS)
FILES = {"model.h5", *TABLES, "summary.json", "report.html", "figures"}


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "session.npy"
    np.save(path, make_tca(24, 12, 10, 2, snr=20.0, random_state=0).X)
    return path


class Interrupting:
    """A progress bar that presses Ctrl-C when the second restart is done."""

    def __init__(self, *_):
        self.n_done = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def update(self):
        self.n_done += 1
        if self.n_done == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_the_middle_of_a_fit_keeps_the_best_so_far(recording, tmp_path, monkeypatch):
    monkeypatch.setattr("trialtensor.models.base.progress", Interrupting)
    result = run("fit", recording, "--components", 2, "--n-init", 50, "-o", tmp_path)
    assert result.exit_code == 130
    assert result.stderr.startswith("warning: ")
    assert "interrupted" in result.stdout
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stop_reason"] == "interrupted"
    assert len(summary["restarts"]) < 50
    assert summary["explained_variance"] > 0.5
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert trialtensor.load(tmp_path / "model.h5").stop_reason_.value == "interrupted"


@pytest.mark.parametrize(
    ("where", "saved"),
    [
        ("trialtensor.models.TCA.save", []),
        ("trialtensor.io.export.write_summary", ["model.h5", *TABLES]),
        ("matplotlib.figure.Figure.savefig", ["model.h5", *TABLES, "summary.json"]),
        ("trialtensor.report.write_report", ["model.h5", *TABLES, "summary.json", *FIGURES]),
    ],
)
def test_ctrl_c_while_writing_says_what_is_saved(recording, tmp_path, monkeypatch, where, saved):
    out = tmp_path / "out"
    words = ("--components", 2, "--n-init", 1, "--max-iter", 20, "-o", out)
    assert run("fit", recording, *words).exit_code == 0  # an older run in the same folder
    (out / "notes.txt").write_text("not ours")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)
    result = run("fit", recording, *words)
    assert result.exit_code == 130
    names = ", ".join(saved) or "nothing"
    last = result.stderr.splitlines()[-1]
    assert last == f"error: interrupted while writing; saved to {out}: {names}"
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    # The older model stays until there is a newer one.
    assert there == {*saved, "model.h5", "notes.txt"}


def test_a_file_that_was_interrupted_is_not_left_in_part(recording, tmp_path, monkeypatch):
    def interrupt(model, folder):
        (folder / "trial_factors.csv").write_text("trial,comp")
        raise KeyboardInterrupt

    monkeypatch.setattr("trialtensor.io.export.write_factors", interrupt)
    words = ("--components", 2, "--n-init", 1, "--max-iter", 20, "-o", tmp_path)
    assert run("fit", recording, *words).exit_code == 130
    assert {path.name for path in tmp_path.iterdir()} == {"model.h5", "figures"}


class Finger:
    """Presses Ctrl-C once the bar moves, and again where it still moves seconds later.

    Python drops the exception of a signal that arrives inside a destructor or a callback, and then
    a user presses again. What the bar showed up to that time may have been waiting in the
    terminal, so it counts only from there: a press too many would interrupt the writing.
    """

    PRESSES, PATIENCE_S = 3, 2.0

    def __init__(self):
        self.n_pressed, self.pressed_at, self.last_done = 0, -np.inf, 0

    def is_due(self, shown, now):
        if b"interrupted" in shown or self.n_pressed == self.PRESSES:
            return False
        if now - self.pressed_at < self.PATIENCE_S:
            return False
        done = max(map(int, re.findall(rb"(\d+)/5000", shown)), default=0)
        if self.last_done is None:
            self.last_done = done
        if done <= self.last_done:
            return False
        self.n_pressed, self.pressed_at, self.last_done = self.n_pressed + 1, now, None
        return True


def test_a_swallowed_ctrl_c_is_pressed_again():
    finger = Finger()
    seen = [(b"0/5000", 0.0), (b"7/5000", 0.1), (b"9/5000", 1.0), (b"90/5000", 3.0)]
    assert [finger.is_due(*each) for each in seen] == [False, True, False, False]
    assert finger.is_due(b"90/5000 91/5000", 3.1)
    assert not finger.is_due(b"200/5000", 6.0)
    assert not finger.is_due(b"201/5000 warning: interrupted", 6.1)
    assert finger.is_due(b"201/5000", 6.1)
    assert not finger.is_due(b"400/5000", 9.0)


def test_ctrl_c_in_a_real_process(tmp_path):
    """On a terminal: the progress bar says when the fit is under way."""
    pty = pytest.importorskip("pty")
    np.save(tmp_path / "large.npy", make_tca(120, 80, 60, 4, snr=1.0, random_state=0).X)
    out = tmp_path / "out"
    words = ["fit", tmp_path / "large.npy", "--components", "4", "--n-init", "5000", "-o", out]
    termios = pytest.importorskip("termios")
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))  # without rows there is no bar
    process = subprocess.Popen(
        [sys.executable, "-m", "trialtensor.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=end,
        # A shell starts what runs in its background with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(end)
    shown, finger = b"", Finger()
    stuck = threading.Timer(300, process.kill)
    stuck.start()
    try:
        while piece := _read(terminal):
            shown += piece
            if finger.is_due(shown, time.monotonic()):
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, shown.decode()
    finally:
        stuck.cancel()
        process.kill()
        process.wait()
        os.close(terminal)
    assert "Traceback" not in shown.decode()
    model = trialtensor.load(out / "model.h5")
    assert model.stop_reason_.value == "interrupted"
    assert 1 <= len(model.restarts_) < 5000
    assert json.loads((out / "summary.json").read_text())["stop_reason"] == "interrupted"
    assert "interrupted" in (out / "report.html").read_text()


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_ctrl_c_before_the_fit_writes_nothing(recording, tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trialtensor.io.read", interrupt)
    result = run("fit", recording, "--components", 2, "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert result.stderr == "error: interrupted\n"
    assert not (tmp_path / "out").exists()
