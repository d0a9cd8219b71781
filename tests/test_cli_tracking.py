"""``trialtensor track``: from a model or a recording to tables, a figure and a page."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from trialtensor.cli import app

ALWAYS = {"tracking_series.csv", "tracking_summary.csv", "tracking_changes.csv", "tracking.html"}
BLOCKS = {"tracking_blocks.csv", "tracking_contrasts.csv"}


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """One component that becomes stronger at trial 40, and one that doesn't."""
    path = tmp_path_factory.mktemp("recording") / "session.npz"
    rng = np.random.default_rng(0)
    strength = 1 + 0.2 * rng.normal(size=(80, 2))
    strength[40:, 0] += 1
    neurons = rng.gamma(1.0, size=(15, 2))
    times = np.stack([np.exp(-0.5 * ((np.arange(12) - m) / 2) ** 2) for m in (3, 8)], axis=1)
    X = np.einsum("kr,nr,tr->knt", strength, neurons, times)
    np.savez(
        path,
        rates=X + 0.3 * rng.normal(size=X.shape),
        block=np.repeat([1, 2], 40),
        reward=strength[:, 1] + 0.05 * rng.normal(size=80),
        rotation=np.repeat([0.0, 30.0], 40),
    )
    return path


@pytest.fixture(scope="module")
def tracked(recording, tmp_path_factory):
    output = tmp_path_factory.mktemp("tracked")
    result = run(
        "track", recording, "-o", output, "--components", 2, "--variable", "rates",
        "--labels", "block", "--behaviour", "reward",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return output, result.output


def test_of_a_recording(tracked):
    output, printed = tracked
    names = {path.name for path in output.iterdir()}
    assert names >= {*ALWAYS, *BLOCKS, "tracking_relations.csv", "tracking_patterns.csv"}
    assert "model.h5" in names
    assert (output / "figures" / "tracking.png").stat().st_size > 10_000
    assert "and its neurons agree." in printed
    with (output / "tracking_changes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["onset"]) for row in rows] == [40]
    assert [row["replicated"] for row in rows] == ["confirmed"]
    changed = rows[0]["series"]
    with (output / "tracking_patterns.csv").open() as file:
        verdicts = {f"component {row['component']}": row["verdict"] for row in csv.DictReader(file)}
    assert verdicts.pop(changed) == "gain change"
    assert set(verdicts.values()) == {"no change"}


def test_of_a_saved_model(tracked, tmp_path):
    result = run("track", tracked[0] / "model.h5", "-o", tmp_path / "new", "--labels", "block")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {*ALWAYS, *BLOCKS, "figures"}
    page = (tmp_path / "new" / "tracking.html").read_text("utf-8")
    assert "trialtensor track" in page
    assert "labels=&#39;block&#39;" in page
    again = run(
        "track", tracked[0] / "model.h5", "-o", tmp_path / "new", "--labels", "block",
        "--learning-block", "1", "--perturbation", "rotation",
    )  # fmt: skip
    assert again.exit_code == 0, again.output
    with (tmp_path / "new" / "tracking_rates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["series"] for row in rows] == ["component 1", "component 2"]
    page = (tmp_path / "new" / "tracking.html").read_text("utf-8")
    assert "the perturbation" in page and "perturbation=&#39;rotation&#39;" in page


def test_of_a_saved_model_and_its_recording(recording, tracked, tmp_path):
    """The model remembers which variable of the file it was fitted to."""
    model = tracked[0] / "model.h5"
    result = run("track", model, "-o", tmp_path / "asked", "--data", recording, "--labels", "block")
    assert result.exit_code == 0, result.output
    assert "and its neurons agree." in result.output
    assert (tmp_path / "asked" / "tracking_unstable.csv").exists()
    page = (tmp_path / "asked" / "tracking.html").read_text("utf-8")
    assert "trialtensor.track(model, X, labels=&#39;block&#39;, random_state=0)" in page
    assert "variable=&#39;rates&#39;" in page
    without = run(
        "track", model, "-o", tmp_path / "without", "--data", recording, "--exclude-unstable"
    )
    assert without.exit_code == 0, without.output


def test_another_recording_is_refused(recording, tracked, tmp_path):
    model = tracked[0] / "model.h5"
    with np.load(recording) as file:
        contents = dict(file)
    contents["block"] = contents["block"][::-1]
    np.savez(tmp_path / "other.npz", **contents)
    result = run("track", model, "-o", tmp_path / "out", "--data", tmp_path / "other.npz")
    assert result.exit_code == 2
    assert "the labels 'block' of its trials differ" in result.stderr
    contents = {name: each[:60] for name, each in contents.items()}
    np.savez(tmp_path / "short.npz", **contents)
    result = run("track", model, "-o", tmp_path / "out", "--data", tmp_path / "short.npz")
    assert result.exit_code == 2
    assert "60" in result.stderr and result.stderr.count("\n") == 1
    result = run("track", model, "-o", tmp_path / "out", "--exclude-unstable")
    assert "--exclude-unstable: needs --data" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--components", "2", "--labels", "phase"], "--labels: no label of trials is called"),
        (["--components", "2", "--behaviour", "x"], "--behaviour: no label of trials is"),
        (["--components", "2", "--conditions", "x"], "--conditions: no label of trials is"),
        (["--components", "2", "--data", "x.npz"], "--data: with --components"),
        (["--components", "2", "--perturbation", "x"], "--perturbation: no label of trials is"),
        ([], "not"),
    ],
)  # fmt: skip
def test_what_is_refused(recording, tmp_path, words, message):
    variable = ["--variable", "rates"] if words else []
    result = run("track", recording, "-o", tmp_path / "out", *variable, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not (tmp_path / "out" / "model.h5").exists()
