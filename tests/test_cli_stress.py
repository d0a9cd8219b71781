"""Disks that are full, folders in the way or gone, closed streams, odd names: nothing is lost."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from trialtensor import TCA
from trialtensor.cli import app
from trialtensor.data import make_tca
from trialtensor.storage import held

posix = pytest.mark.skipif(sys.platform == "win32", reason="streams and signals of POSIX")
WORDS = ("--components", 2, "--n-init", 1, "--max-iter", 30)
FILES = {
    "model.h5", "trial_factors.csv", "neuron_factors.csv", "time_factors.csv", "summary.json",
    "figures/factors.png", "figures/loss.png", "figures/restarts.png", "report.html",
}  # fmt: skip


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def command(*words):
    return [sys.executable, "-m", "trialtensor.cli", *map(str, words)]


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refused(result, *parts):
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("error: "), result.stderr
    assert all(part in result.stderr for part in parts), result.stderr


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "session.npy"
    np.save(path, make_tca(24, 12, 10, 2, snr=20.0, random_state=0).X)
    return path


@pytest.fixture
def never_fitted(monkeypatch):
    monkeypatch.setattr(TCA, "fit", lambda *_, **__: pytest.fail("fitted before it was refused"))


def after_the_fit(monkeypatch, happens):
    """Let something happen once a model is fitted, before it is saved."""
    fit = TCA.fit

    def fit_first(model, *arguments, **options):
        fitted = fit(model, *arguments, **options)
        happens()
        return fitted

    monkeypatch.setattr(TCA, "fit", fit_first)


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", ["report.html", "model.h5", "trial_factors.csv", "slices.nc"])
def test_a_folder_where_a_file_goes_is_found_before_the_fit(
    recording, tmp_path, never_fitted, name
):
    (tmp_path / name).mkdir()
    refused(run("fit", recording, *WORDS, "-o", tmp_path), name, "is a folder")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("command", ["fit", "rank", "track"])
@pytest.mark.parametrize("place", ["out", "out/figures", "out/a/b"])
def test_a_file_where_the_folder_goes_is_found_before_the_fit(
    recording, tmp_path, never_fitted, command, place
):
    blocked = tmp_path / ("out/figures" if place.endswith("figures") else "out")
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("mine")
    output = tmp_path / place.removesuffix("/figures")
    refused(run(command, recording, *WORDS[:2], "-o", output), f"{blocked} is not a folder")
    assert blocked.read_text() == "mine" and files(tmp_path) == {str(blocked.relative_to(tmp_path))}


@pytest.mark.parametrize("words", [("fit", *WORDS), ("rank", *WORDS[:2]), ("track", *WORDS[:2])])
def test_a_full_disk_is_found_before_the_fit(recording, tmp_path, never_fitted, monkeypatch, words):
    monkeypatch.setattr("trialtensor.storage.whole._sync", full)
    output = tmp_path / "new" / "out"
    refused(run(words[0], recording, *words[1:], "-o", output), str(output), "No space left")
    assert not (tmp_path / "new").exists()


def test_a_refused_fit_leaves_no_empty_folders(recording, tmp_path):
    result = run("fit", recording, "--components", 2, "--color-by", "none", "-o", tmp_path / "out")
    refused(result, "none")
    words = ("--components", 200, "--nonnegative", "-o", tmp_path / "a" / "b")
    run("track", recording.with_name("none.h5"), *words[2:])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_during_the_fit_loses_nothing(recording, tmp_path, monkeypatch):
    out, other = tmp_path / "out", tmp_path / "tmp"
    other.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    replace = os.replace

    def full_there(part, target):
        return full() if out in Path(target).parents else replace(part, target)

    after_the_fit(monkeypatch, lambda: monkeypatch.setattr(os, "replace", full_there))
    result = run("fit", recording, *WORDS, "-o", out)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"error: cannot write {out}: No space left on device")
    found = Path(re.search(r"the model is saved in (.*)$", last)[1])
    assert other in found.parents and files(found.parent) == FILES
    assert trialtensor.load(found).n_components == 2
    assert not out.exists()


def test_without_any_room_one_line_says_so(recording, tmp_path, monkeypatch):
    after_the_fit(monkeypatch, lambda: monkeypatch.setattr(os, "replace", full))
    result = run("fit", recording, *WORDS, "-o", tmp_path / "out")
    assert result.exit_code == 2 and "explain" in result.stdout
    assert result.stderr.splitlines()[-1].endswith("nothing is saved")
    assert files(tmp_path) == set()


def test_a_folder_that_is_removed_during_the_fit_is_made_again(recording, tmp_path, monkeypatch):
    out = tmp_path / "out"
    after_the_fit(monkeypatch, lambda: shutil.rmtree(out))
    assert run("fit", recording, *WORDS, "-o", out).exit_code == 0
    assert files(out) == FILES


@pytest.mark.parametrize(
    ("where", "lost"),
    [
        ("trialtensor.plotting.plot_loss", {"figures/loss.png", "report.html"}),
        ("trialtensor.report.write_report", {"report.html"}),
        ("trialtensor.io.export.write_summary", {"summary.json"}),
        ("matplotlib.figure.Figure.savefig", {n for n in FILES if "png" in n or "html" in n}),
    ],
)
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyError("x"), MemoryError()])
def test_what_fails_to_be_written_stops_nothing_else(
    recording, tmp_path, monkeypatch, where, lost, error
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(where, fail)
    result = run("fit", recording, *WORDS, "-o", tmp_path)
    assert result.exit_code == 2
    assert files(tmp_path) == FILES - lost
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: cannot write ") and all(name in last for name in lost)
    assert last.endswith(f"the model is saved in {tmp_path / 'model.h5'}")


def test_one_table_that_fails_stops_no_other(recording, tmp_path, monkeypatch):
    def blocked():
        (tmp_path / "neuron_factors.csv").mkdir()

    after_the_fit(monkeypatch, blocked)
    result = run("fit", recording, *WORDS, "-o", tmp_path)
    assert result.exit_code == 2 and "cannot write neuron_factors.csv" in result.stderr
    assert files(tmp_path) == FILES - {"neuron_factors.csv"}


def test_results_of_a_search_and_of_tracking_fail_one_by_one(recording, tmp_path, monkeypatch):
    monkeypatch.setattr("trialtensor.report.write_search_report", full)
    out = tmp_path / "ranked"
    result = run("rank", recording, "--components", "1:2", "--repeats", 2, "--n-init", 1, "-o", out)
    assert result.exit_code == 2 and "cannot write rank_report.html" in result.stderr
    there = files(out)
    assert {"rank_candidates.csv", "figures/rank.png", "chosen/model.h5"} <= there
    monkeypatch.setattr("trialtensor.plotting.plot_tracking", full)
    out = tmp_path / "followed"
    result = run("track", recording, "--components", 2, "-o", out)
    assert result.exit_code == 2 and "cannot write figures/tracking.png" in result.stderr
    assert {"tracking.html", "tracking_summary.csv", *FILES} <= files(out)


def test_one_command_at_a_time_in_a_folder(recording, tmp_path, never_fitted):
    with held(tmp_path / ".trialtensor.lock", "a test"):
        for name in ("fit", "rank"):
            result = run(name, recording, "--components", 2, "-o", tmp_path)
            refused(result, f"{tmp_path}: process {os.getpid()} is writing there")


@pytest.mark.slow
@posix
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "| true", "2>/dev/full"])
def test_closed_streams_lose_nothing(recording, tmp_path, closed):
    """A fit that isn't converged warns, on standard error."""
    if "full" in closed and not os.path.exists("/dev/full"):
        pytest.skip("no such device")
    words = command("fit", recording, "--components", 2, "--max-iter", 2, "-o", tmp_path)
    line = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["sh", "-c", f"{{ {line}; echo $? >'{tmp_path}/status'; }} {closed}"],
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "status").read_text() == "0\n"
    assert files(tmp_path) == FILES | {"status"}
    assert "Traceback" not in done.stderr
    trialtensor.load(tmp_path / "model.h5")


@pytest.mark.slow
@posix
def test_output_that_is_lost_by_accident_is_an_error(recording):
    if not os.path.exists("/dev/full"):
        pytest.skip("no such device")
    with open("/dev/full", "w") as nowhere:
        for words in (("inspect", recording), ("--help",)):
            done = subprocess.run(
                command(*words), stdout=nowhere, stderr=subprocess.PIPE, text=True
            )
            assert done.returncode == 2 and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_names_that_are_no_text(recording, tmp_path):
    path, out = (tmp_path / os.fsdecode(name) for name in (b"caf\xe9.npy", b"out\xff"))
    shutil.copy(recording, path)
    words = command("fit", path, *WORDS[:4], "-o", out)
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert files(out) == FILES and r"caf\udce9.npy" in done.stdout
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["data"]["source"] == str(path)
    assert r"caf\udce9.npy" in (out / "report.html").read_text(encoding="utf-8")
    assert run("track", out / "model.h5", "-o", out).exit_code == 0


@pytest.mark.slow
@posix
def test_sigterm_ends_a_fit_like_ctrl_c_and_its_processes_with_it(tmp_path):
    np.save(tmp_path / "large.npy", make_tca(40, 30, 30, 3, snr=1.0, random_state=0).X)
    out = tmp_path / "out"
    # The third restart to finish sends the signal.
    code = (
        "import os, signal\n"
        "from trialtensor.models import base\n"
        "from trialtensor.cli import app\n"
        "progress = base.progress\n"
        "def counting(*given):\n"
        "    bar, n = progress(*given), []\n"
        "    def update():\n"
        "        n.append(1)\n"
        "        len(n) == 3 and os.kill(os.getpid(), signal.SIGTERM)\n"
        "    bar.update = update\n"
        "    return bar\n"
        "base.progress = counting\n"
        "app()\n"
    )
    words = ["fit", tmp_path / "large.npy", "--components", 3, "--n-init", 400, "--n-jobs", 2]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, [*words, "-o", out])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    )
    # The streams end once no process, of the workers either, holds them.
    _, told = process.communicate(timeout=300)
    assert process.returncode == 143, told
    assert "interrupted" in told and "Traceback" not in told
    assert files(out) == FILES
    assert trialtensor.load(out / "model.h5").stop_reason_.value == "interrupted"
    assert len(json.loads((out / "summary.json").read_text())["restarts"]) < 400
