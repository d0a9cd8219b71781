"""What commands do to a recording first: the mean trial of each condition is taken out."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from trialtensor.cli import app

N_TRIALS, ONSET = 96, 48


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four interleaved targets, and a smaller component that becomes stronger at one trial."""
    path = tmp_path_factory.mktemp("first") / "session.npz"
    rng = np.random.default_rng(1)
    targets = rng.permutation(np.arange(N_TRIALS) % 4)
    tuned = rng.normal(size=(4, 20, 12))[targets]
    learned = np.where(np.arange(N_TRIALS) < ONSET, 0.0, 0.7) + 0.05 * rng.normal(size=N_TRIALS)
    pattern = np.einsum("n,t->nt", rng.normal(size=20), np.exp(-np.arange(12) / 4))
    X = 2 * tuned + learned[:, None, None] * pattern + 0.2 * rng.normal(size=tuned.shape)
    np.savez(path, rates=X, target=np.array(["a", "b", "c", "d"])[targets], learned=learned)
    return path


@pytest.fixture(scope="module")
def about(recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("about")
    words = ("--components", 1, "--variable", "rates", "--about", "target", "-o", folder)
    result = run("track", recording, *words)
    assert result.exit_code == 0, result.output
    return folder


def test_the_change_is_found_behind_larger_targets(recording, about, tmp_path):
    learned = np.load(recording)["learned"]
    found = trialtensor.load(about / "model.h5").trial_factors_[:, 0]
    # Conditions are balanced, so that their means hide nothing but a level.
    assert abs(np.corrcoef(found, learned)[0, 1]) > 0.95
    changes = (about / "tracking_changes.csv").read_text().splitlines()
    assert len(changes) == 2 and f",{ONSET}," in changes[1]

    words = ("--components", 1, "--variable", "rates", "-o", tmp_path / "with")
    assert run("track", recording, *words).exit_code == 0
    largest = trialtensor.load(tmp_path / "with" / "model.h5").trial_factors_[:, 0]
    assert abs(np.corrcoef(largest, learned)[0, 1]) < 0.5


def test_it_is_said_and_remembered(recording, about, tmp_path):
    model = trialtensor.load(about / "model.h5")
    assert model.fitted_.data["read"]["about"] == "target"
    assert json.loads((about / "summary.json").read_text())["data"]["read"]["about"] == "target"
    page = (about / "report.html").read_text()
    assert "mean trial of each target subtracted" in page
    assert "SubtractConditionMean" in page

    # The recording is read again as it was read then; another would not be the fit's data.
    result = run("track", about / "model.h5", "--data", recording, "-o", tmp_path / "again")
    assert result.exit_code == 0, result.output
    assert "SubtractConditionMean" in (tmp_path / "again" / "tracking.html").read_text()


def test_ranking_too(recording, tmp_path):
    words = ("--components", "1:2", "--variable", "rates", "--about", "target", "--n-init", 1)
    result = run("rank", recording, *words, "--repeats", 1, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert "mean trial of each target subtracted" in (tmp_path / "rank_report.html").read_text()


@pytest.mark.parametrize("command", ["fit", "rank", "track"])
def test_a_label_that_is_not_there(recording, tmp_path, command):
    words = ("--components", 1, "--variable", "rates", "--about", "aim", "-o", tmp_path / "out")
    result = run(command, recording, *words)
    assert result.exit_code == 2
    assert "--about: no label of trials is called 'aim'; known are learned, target" in result.stderr


def test_trials_without_the_label_are_refused(tmp_path):
    target = np.array([1.0, 2.0, np.nan, 1.0])
    np.savez(tmp_path / "a.npz", rates=np.ones((4, 3, 2)), target=target)
    words = ("--components", 1, "--variable", "rates", "--about", "target", "-o", tmp_path / "out")
    result = run("fit", tmp_path / "a.npz", *words)
    assert result.exit_code == 2
    assert "--about: " in result.stderr
