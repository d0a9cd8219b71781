"""`trialtensor fit --model slicetca`."""

import csv
import html
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from trialtensor.cli import app
from trialtensor.cli.options import Gauge, make_fit, parse_components
from trialtensor.data import make_slicetca
from trialtensor.models import TCA, SliceTCA

SLICED = {
    "model.h5", "trial_loadings.csv", "neuron_loadings.csv", "time_loadings.csv", "slices.nc",
    "summary.json", "report.html", "figures",
}  # fmt: skip


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "session.npz"
    rates = make_slicetca(24, 12, 10, (2, 1, 1), snr=5.0, random_state=0).X
    np.savez(path, rates=rates, side=np.array(["left", "right"] * 12), bin_width_s=0.05)
    return path


@pytest.fixture(scope="module")
def fitted(recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("fitted") / "out"
    result = run(
        "fit", recording, "--model", "slicetca", "--components", "2,1,1", "--gauge", "time-first",
        "--color-by", "side", "--seed", 3, "-o", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return result, out


def test_every_file_is_there_and_named_in_the_output(fitted):
    result, out = fitted
    assert names(out) == SLICED
    assert names(out / "figures") == {"slices.png", "loss.png", "restarts.png"}
    written = result.stdout.splitlines()[-1]
    assert all(name in written for name in SLICED - {"figures"})
    assert "figures/slices.png" in written
    assert result.stderr == ""


def test_the_output_says_what_was_found(fitted):
    result, _ = fitted
    found = "4 components (2 trial-slicing, 1 neuron-slicing, 1 time-slicing) explain"
    assert found in result.stdout
    assert re.search(
        r"9 of 9 other restarts found the same loading subspaces \(overlap [01]\.\d\d to",
        result.stdout,
    )


def test_the_summary_is_that_of_a_slicetca(fitted):
    _, out = fitted
    summary = json.loads((out / "summary.json").read_text())
    assert summary["model"] == "SliceTCA"
    assert summary["explained_variance"] > 0.8
    given = {"n_components": [2, 1, 1], "gauge": "time-first", "random_state": 3, "n_init": 10}
    assert given.items() <= summary["parameters"].items()
    assert list(summary["slicing_types"]) == ["trial", "neuron", "time"]


def test_the_tables_hold_the_loadings_of_the_model(fitted):
    _, out = fitted
    model = trialtensor.load(out / "model.h5")
    with (out / "trial_loadings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["trial", "side", "component_1", "component_2"]
    table = [[float(row[f"component_{r}"]) for r in (1, 2)] for row in rows]
    np.testing.assert_array_equal(table, model.trial_loadings_)


def test_the_code_in_the_report_makes_the_same_model(fitted):
    _, out = fitted
    page = (out / "report.html").read_text()
    assert "--model slicetca" in page
    assert "--components 2,1,1" in page
    assert "--gauge time-first" in page
    assert "--n-init" not in page
    code = next(
        html.unescape(block)
        for block in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
        if "import trialtensor" in block
    )
    made = {}
    exec(code, made)
    saved = trialtensor.load(out / "model.h5")
    np.testing.assert_array_equal(made["model"].reconstruct(), saved.reconstruct())


def test_the_gauge_changes_the_parts_but_not_the_whole(fitted, recording, tmp_path):
    _, out = fitted
    words = ("--model", "slicetca", "--components", "2,1,1", "--seed", 3, "-o", tmp_path)
    assert run("fit", recording, *words).exit_code == 0
    here, there = (trialtensor.load(folder / "model.h5") for folder in (tmp_path, out))
    np.testing.assert_allclose(here.reconstruct(), there.reconstruct(), atol=1e-8)
    assert np.abs(here.reconstruct("time") - there.reconstruct("time")).max() > 0.01


def test_nothing_of_another_model_stays_beside_a_new_one(recording, tmp_path):
    few = ("--n-init", 1, "--max-iter", 20, "-o", tmp_path)
    assert run("fit", recording, "--components", 2, *few).exit_code == 0
    assert "trial_factors.csv" in names(tmp_path)
    sliced = ("--model", "slicetca", "--components", "0,1,1", *few)
    assert run("fit", recording, *sliced).exit_code == 0
    assert names(tmp_path) == SLICED - {"trial_loadings.csv"}
    assert names(tmp_path / "figures") == {"slices.png", "loss.png", "restarts.png"}
    assert run("fit", recording, "--components", 2, *few).exit_code == 0
    assert not names(tmp_path) & (SLICED - {"model.h5", "summary.json", "report.html", "figures"})


def test_nonnegative(tmp_path):
    X = np.abs(make_slicetca(12, 6, 5, (1, 1, 0), random_state=0).X)
    np.save(tmp_path / "rates.npy", X)
    words = ("--model", "slicetca", "--components", "1,1,0", "--nonnegative", "--n-init", 1)
    result = run("fit", tmp_path / "rates.npy", *words, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    model = trialtensor.load(tmp_path / "out" / "model.h5")
    assert min(model.trial_slices_.min(), model.neuron_slices_.min()) >= 0


def test_an_interrupted_fit_keeps_the_best_so_far(recording, tmp_path, monkeypatch):
    import os
    import signal

    class Interrupting:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("trialtensor.models.base.progress", Interrupting)
    words = ("--model", "slicetca", "--components", "1,1,1", "--n-init", 50, "-o", tmp_path)
    result = run("fit", recording, *words)
    assert result.exit_code == 130, result.output
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stop_reason"] == "interrupted"
    assert len(summary["restarts"]) < 50
    assert names(tmp_path) == SLICED


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (
            ["--model", "slicetca", "--components", "6"],
            "--components: expected three counts trial,neuron,time such as 2,3,2, not all 0, "
            "got '6'",
        ),
        (["--model", "slicetca", "--components", "2,3"], "three counts"),
        (["--model", "slicetca", "--components", "0,0,0"], "not all 0, got '0,0,0'"),
        (["--model", "slicetca", "--components", "2,-1,2"], "got '2,-1,2'"),
        (["--model", "slicetca", "--components", "2,three,2"], "got '2,three,2'"),
        (["--components", "2,3,2"], "--components: expected one count of at least 1 such as 6"),
        (["--components", "2,3,2"], "three counts are for --model slicetca"),
        (["--components", "0"], "got '0'"),
        (["--components", ""], "got ''"),
        (
            ["--components", "6", "--gauge", "trial-first"],
            "--gauge: got trial-first, but tca has no gauge",
        ),
        (
            ["--model", "slicetca", "--components", "1,1,1", "--gauge", "minimal-norm",
             "--nonnegative"],
            "--gauge: got minimal-norm with --nonnegative",
        ),
        (["--model", "slicetca", "--components", "1,1,1", "--n-jobs", "0"], "n_jobs: expected"),
    ],
)  # fmt: skip
def test_refused_in_one_line_before_the_file_is_read(recording, tmp_path, monkeypatch, words, part):
    monkeypatch.setattr("trialtensor.io.read", lambda *_, **__: pytest.fail("the file was read"))
    result = run("fit", recording, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert part in result.stderr
    assert not (tmp_path / "out").exists()


def test_more_components_than_neurons(recording, tmp_path):
    words = ("--model", "slicetca", "--components", "1,13,1", "-o", tmp_path)
    result = run("fit", recording, *words)
    assert result.exit_code == 2
    assert "13 neuron-slicing components" in result.stderr
    assert not (tmp_path / "model.h5").exists()


def test_every_gauge_is_offered():
    from trialtensor.solvers.slices import GAUGES

    assert [gauge.value for gauge in Gauge] == list(GAUGES)


@pytest.mark.parametrize(("text", "counts"), [("2,3,2", (2, 3, 2)), (" 0, 1 ,0", (0, 1, 0))])
def test_counts(text, counts):
    assert parse_components(SliceTCA, text) == counts


def test_each_model_has_its_own_number_of_restarts():
    tca = make_fit(TCA, "3", {"n_init": None}, seed=0).model
    sliced = make_fit(SliceTCA, "1,1,1", {"n_init": None}, seed=0).model
    assert (tca.n_init, sliced.n_init) == (10, 10)
    assert make_fit(SliceTCA, "1,1,1", {"n_init": 7}, seed=0).model.n_init == 7
