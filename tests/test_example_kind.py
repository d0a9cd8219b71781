"""The example kind as a user meets it: installed beside the package, found by its entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "time_mean_nmf"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment in which the example is installed, without touching this one."""
    folder = tmp_path_factory.mktemp("site")
    about = folder / "time_mean_nmf-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: time-mean-nmf\nVersion: 0.1\n")
    declared = (EXAMPLE / "pyproject.toml").read_text()
    assert 'time_mean_nmf = "time_mean_nmf:TimeMeanNMF"' in declared
    (about / "entry_points.txt").write_text(
        "[trialtensor.models]\ntime_mean_nmf = time_mean_nmf:TimeMeanNMF\n"
    )
    paths = [str(folder), str(EXAMPLE), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Two planted components, the second of which doubles at trial 30."""
    rng = np.random.default_rng(0)
    trial = 1 + 0.1 * rng.standard_normal((60, 2))
    trial[30:, 1] *= 2
    neuron = np.zeros((12, 2))
    neuron[:6, 0], neuron[6:, 1] = 1 + rng.random(6), 1 + rng.random(6)
    X = np.repeat((trial @ neuron.T)[:, :, None], 10, axis=2) + 0.2 * rng.random((60, 12, 10))
    path = tmp_path_factory.mktemp("data") / "recording.npz"
    np.savez(path, X=X, phase=np.repeat(["before", "after"], 30))
    return path


def run(installed, *words):
    done = subprocess.run(
        [sys.executable, "-m", "trialtensor.cli", *map(str, words)],
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_fit(installed, recording, tmp_path):
    said = run(installed, "fit", recording, "--variable", "X", "--model", "timemeannmf",
               "--components", 2, "--color-by", "phase", "-o", tmp_path)  # fmt: skip
    assert "2 components explain" in said
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["model"] == "TimeMeanNMF" and summary["explained_variance"] > 0.95
    table = pandas.read_csv(tmp_path / "neuron_factors.csv")
    assert len(table) == 12 and not (tmp_path / "time_factors.csv").exists()
    page = (tmp_path / "report.html").read_text()
    assert "TimeMeanNMF" in page and "Non-negative matrix factorisation" in page
    # A saved model of this kind is followed like any other.
    followed = tmp_path / "followed"
    run(installed, "track", tmp_path / "model.h5", "--labels", "phase", "-o", followed)
    changes = pandas.read_csv(followed / "tracking_changes.csv")
    assert len(changes) and (changes["onset"] - 30).abs().min() <= 1


def test_rank(installed, recording, tmp_path):
    run(installed, "rank", recording, "--variable", "X", "--model", "timemeannmf",
        "--components", "1:3", "--repeats", 2, "--n-jobs", 1, "-o", tmp_path)  # fmt: skip
    summary = json.loads((tmp_path / "rank_summary.json").read_text())
    assert summary["n_components"] == 2
    assert [each["n_parameters"] for each in summary["candidates"]] == [72, 144, 216]


def test_known_by_name_where_it_is_installed_only(recording, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "trialtensor.cli", "fit", str(recording), "--variable", "X",
         "--model", "timemeannmf", "--components", "2", "-o", str(tmp_path)],
        env=environment, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2 and "timemeannmf" in done.stderr and "tca" in done.stderr
