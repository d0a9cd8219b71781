import csv
import html
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from trialtensor.cli import Transform, app
from trialtensor.cli.first import First
from trialtensor.data import TRANSFORMS, make_tca

FILES = {
    "model.h5", "trial_factors.csv", "neuron_factors.csv", "time_factors.csv", "summary.json",
    "report.html", "figures",
}  # fmt: skip


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(result, *parts):
    """One clear line on stderr, exit code 2, no traceback."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: ")
    for part in parts:
        assert part in result.stderr


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "session.npz"
    data = make_tca(24, 12, 10, 2, nonnegative=True, snr=20.0, random_state=0)
    rates = np.maximum(data.X, 0)
    rates[:, 3, 0] = np.nan
    np.savez(
        path,
        rates=rates,
        flat=rates[0],
        side=np.array(["left", "right"] * 12),
        depth=np.arange(12.0),
        bin_width_s=0.05,
        pickled=np.array([{}] * 3, dtype=object),  # of no axis, so no label
    )
    return path


@pytest.fixture(scope="module")
def fitted(recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("fitted") / "deep" / "out"
    result = run(
        "fit", recording, "--model", "tca", "--components", 2, "--nonnegative", "--transform",
        "sqrt", "--color-by", "side", "--n-init", 3, "--seed", 7, "--max-iter", 900, "-o", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return result, out


# --- what is written --------------------------------------------------------------------------


def test_every_file_is_there_and_named_in_the_output(fitted):
    result, out = fitted
    assert {path.name for path in out.iterdir()} == FILES
    assert {path.name for path in (out / "figures").iterdir()} == {
        "factors.png", "loss.png", "restarts.png",
    }  # fmt: skip
    assert "session.npz: 24 trials, 12 neurons, 10 times, 0.8% missing" in result.stdout
    assert "2 components explain " in result.stdout
    assert f"written to {out}" in result.stdout
    assert result.stderr == ""


def test_the_summary_is_for_machines(fitted, recording):
    _, out = fitted

    def no_constants(name):
        pytest.fail(f"{name} is not JSON")

    summary = json.loads((out / "summary.json").read_text(), parse_constant=no_constants)
    assert 0.8 < summary["explained_variance"] <= 1
    assert summary["stop_reason"] == "converged"
    assert summary["n_iter"] > 0
    assert summary["loss"] > 0
    assert summary["model"] == "TCA"
    assert len(summary["components"]) == 2
    assert len(summary["restarts"]) == 3
    assert summary["restarts"][0]["similarity"] == 1
    given = {"n_components": 2, "nonnegative": True, "n_init": 3, "random_state": 7}
    assert given.items() <= summary["parameters"].items()
    assert summary["parameters"]["max_iter"] == 900
    assert summary["data"]["shape"] == [24, 12, 10]
    assert summary["data"]["source"] == str(recording)
    assert summary["data"]["transform"] == "sqrt"
    assert summary["data"]["missing_fraction"] == pytest.approx(24 / 2880)
    assert summary["versions"]["trialtensor"] == trialtensor.__version__
    assert {"python", "numpy", "numba"} <= set(summary["versions"])


def test_the_tables_hold_the_factors_of_the_model(fitted):
    _, out = fitted
    model = trialtensor.load(out / "model.h5")
    expected = {"trial": ["side"], "neuron": ["depth"], "time": []}
    for axis, labels in expected.items():
        with (out / f"{axis}_factors.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == [axis, *labels, "component_1", "component_2"]
        table = np.array([[float(row[f"component_{r}"]) for r in (1, 2)] for row in rows])
        np.testing.assert_array_equal(table, getattr(model, f"{axis}_factors_"))
    assert rows[1]["time"] == "0.075"


def test_rows_without_data_are_empty_cells(recording, tmp_path):
    with np.load(recording) as file:
        rates = file["rates"]
    rates[5] = np.nan
    np.save(tmp_path / "gap.npy", rates)
    result = run("fit", tmp_path / "gap.npy", "--components", 2, "--n-init", 1, "-o", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("warning: ")
    lines = (tmp_path / "trial_factors.csv").read_text().splitlines()
    assert lines[6] == "5,,"
    assert lines[7].startswith("6,")


def test_the_report_is_interactive_unless_asked(fitted, recording, tmp_path):
    _, out = fitted
    assert "<script>" in (out / "report.html").read_text()
    words = ("--components", 1, "--n-init", 1, "--static", "-o", tmp_path / "out")
    result = run("fit", recording, *words, "--variable", "rates")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page and "script-src &#39;none&#39;" in page
    assert "--static" in page  # to repeat it


def test_the_report_says_how_it_was_made(fitted, recording):
    _, out = fitted
    html = (out / "report.html").read_text()
    assert "<html" in html
    assert "TCA of session.npz" in html
    assert "square root of every value" in html
    assert f"trialtensor fit {recording}" in html
    assert "--max-iter 900" in html
    assert "--n-jobs" not in html
    assert "--model" not in html  # it is at its default


def test_the_code_in_the_report_makes_the_same_model(fitted):
    _, out = fitted
    page = (out / "report.html").read_text()
    code = next(
        html.unescape(block)
        for block in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
        if "import trialtensor" in block
    )
    made = {}
    exec(code, made)
    saved = trialtensor.load(out / "model.h5")
    np.testing.assert_array_equal(made["model"].trial_factors_, saved.trial_factors_)


def test_the_same_seed_gives_the_same_tables(recording, tmp_path):
    for name in ("a", "b"):
        words = ("--components", 2, "--variable", "rates", "--n-init", 2, "-o", tmp_path / name)
        assert run("fit", recording, *words).exit_code == 0
    for axis in ("trial", "neuron", "time"):
        table = f"{axis}_factors.csv"
        assert (tmp_path / "a" / table).read_bytes() == (tmp_path / "b" / table).read_bytes()


def test_axes(recording, tmp_path):
    words = ("--components", 2, "--axes", "time,trial,neuron", "--n-init", 1, "--tol", 1e-3)
    result = run("fit", recording, *words, "-o", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "12 trials, 10 neurons, 24 times" in result.stdout


def test_trials_without_a_coordinate_are_coloured_by_number(tmp_path, monkeypatch):
    from trialtensor import plotting

    drawn = []

    def plot(model, **options):
        drawn.append((options["color_by"], model.coords_["trial"]))
        return plot_factors(model, **options)

    plot_factors = plotting.plot_factors
    monkeypatch.setattr(plotting, "plot_factors", plot)
    np.save(tmp_path / "bare.npy", make_tca(12, 6, 5, 1, random_state=0).X)
    words = ("--components", 1, "--n-init", 1, "--color-by", "trial", "-o", tmp_path / "out")
    result = run("fit", tmp_path / "bare.npy", *words)
    assert result.exit_code == 0, result.stderr
    assert len(drawn) == 2  # the figure, and the one in the report
    for color_by, (axis, numbers) in drawn:
        assert (color_by, axis) == ("trial", "trial")
        np.testing.assert_array_equal(numbers, np.arange(12))
    lines = (tmp_path / "out" / "trial_factors.csv").read_text().splitlines()
    assert lines[0] == "trial,component_1"
    assert lines[12].startswith("11,")


def test_the_file_s_own_numbers_of_trials_win(tmp_path):
    X = make_tca(12, 6, 5, 1, random_state=0).X
    np.savez(tmp_path / "own.npz", X=X, trial=np.arange(12) + 100)
    words = ("--components", 1, "--n-init", 1, "--color-by", "trial", "-o", tmp_path / "out")
    assert run("fit", tmp_path / "own.npz", *words).exit_code == 0
    lines = (tmp_path / "out" / "trial_factors.csv").read_text().splitlines()
    assert lines[12].startswith("111,")


def test_inspect(recording):
    result = run("inspect", recording)
    assert result.exit_code == 0
    assert "24 trials, 12 neurons, 10 times" in result.stdout
    assert "Python objects (never loaded)" in result.stdout


def test_what_inspect_proposes_works(recording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    proposed = run("inspect", recording).stdout.splitlines()[-1].split()
    assert proposed[0] == "trialtensor"
    result = run(*proposed[1:], "--n-init", 1, "--max-iter", 20)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "session_tca" / "report.html").exists()


def test_demo(tmp_path):
    result = run("demo", "-o", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    summary = json.loads((tmp_path / "demo" / "summary.json").read_text())
    assert summary["parameters"]["n_components"] == 5
    with (tmp_path / "demo" / "trial_factors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    error = np.array([float(row["error_deg"]) for row in rows])
    learning = np.array([row["phase"] == "adaptation" for row in rows])
    trial = np.array([[float(row[f"component_{r}"]) for r in range(1, 6)] for row in rows])
    similar = [restart["similarity"] > 0.99 for restart in summary["restarts"]]
    assert np.mean(similar) >= 0.8
    # A component grows while the error shrinks: the slow process.
    assert np.corrcoef(error[learning], trial[learning].T)[0, 1:].min() < -0.5


def test_every_transform_is_offered():
    assert [transform.value for transform in Transform] == list(TRANSFORMS)
    assert [bool(First(each).said) for each in TRANSFORMS] == [
        each != "none" for each in TRANSFORMS
    ]


def test_version():
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"trialtensor {trialtensor.__version__}\n"


def test_a_real_process(recording, tmp_path):
    words = ["fit", recording, "--components", "2", "--n-init", "2", "-o", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-m", "trialtensor.cli", *words],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no progress bar in a pipe
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_the_main_job(shared_data, tmp_path):
    result = run(
        "fit", shared_data / "reach_bci_counts.npz", "--variable", "counts", "--transform", "sqrt",
        "--nonnegative", "--components", 6, "--color-by", "direction_deg", "-o", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["explained_variance"] >= 0.798
    assert summary["stop_reason"] == "converged"


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--variable", "spikes"], ["has no variable 'spikes', but rates (24, 12, 10) float64"]),
        (
            ["--variable", "flat"],
            ["expected (n_trials, n_neurons, n_times), got shape (12, 10)"],
        ),
        (["--variable", "pickled"], ["'pickled' holds Python objects", "never loaded"]),
        (["--axes", "trial,depth,time"], ["axes: 'depth' is no axis", "neuron (or neurons, unit"]),
        (["--axes", "trial,time"], ["axes: expected three axis names, got ['trial', 'time']"]),
        (["--color-by", "phase"], ["--color-by: no label of trials is called 'phase'", "side"]),
        (["--color-by", "depth"], ["--color-by: no label of trials is called 'depth'"]),
        (["--components", 5000], ["n_components"]),
        (["--n-jobs", 0], ["n_jobs: expected", "got 0"]),
    ],
)
def test_wrong_requests(recording, tmp_path, words, parts):
    before = {} if "--components" in words else {"--components": 2}
    flat = [word for pair in before.items() for word in pair]
    result = run("fit", recording, *flat, *words, "-o", tmp_path / "out")
    refused(result, *parts)
    assert not list(tmp_path.rglob("model.h5"))


@pytest.mark.parametrize(
    "words",
    [["--components", 0], ["--components", 2, "--transform", "cube"], ["--model", "magic"], []],
)
def test_wrong_options_are_refused_by_name(recording, tmp_path, words):
    result = run("fit", recording, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "--" in result.stderr
    assert "Traceback" not in result.output


def test_no_processes_are_refused_before_the_file_is_read(recording, tmp_path, monkeypatch):
    def too_late(*_, **__):
        pytest.fail("the file was read")

    monkeypatch.setattr("trialtensor.io.read", too_late)
    words = ("--components", 2, "--n-jobs", 0, "-o", tmp_path / "out")
    refused(run("fit", recording, *words), "n_jobs: expected", "got 0")
    assert not (tmp_path / "out").exists()


def test_negative_values_under_a_square_root(tmp_path):
    np.save(tmp_path / "signed.npy", np.full((4, 3, 3), -1.0))
    words = ("--components", 1, "--transform", "sqrt", "-o", tmp_path / "out")
    refused(run("fit", tmp_path / "signed.npy", *words), "'sqrt' needs values that are not negat")


def test_infinite_values(tmp_path):
    np.save(tmp_path / "inf.npy", np.full((4, 3, 3), np.inf))
    result = run("fit", tmp_path / "inf.npy", "--components", 1, "-o", tmp_path / "out")
    refused(result, "inf.npy: 36 infinite values, the first at trial 0, neuron 0, time 0")


@pytest.mark.parametrize("command", ["fit", "inspect"])
def test_files_that_are_not_what_they_say(recording, tmp_path, command):
    rest = ["--components", 2, "-o", tmp_path / "out"] if command == "fit" else []
    cut, text, unknown = (tmp_path / name for name in ("cut.npz", "text.npz", "data.xyz"))
    cut.write_bytes(recording.read_bytes()[:2000])
    text.write_text("trial,neuron\n")
    unknown.touch()
    refused(run(command, cut, *rest), "cut.npz: cannot be read as", "it is cut short or damaged")
    refused(run(command, text, *rest), "text.npz: cannot be read as", "it is seemingly a text file")
    refused(run(command, unknown, *rest), "data.xyz: is an empty file", "known are")
    refused(run(command, tmp_path / "nosuch.npz", *rest), "nosuch.npz: no such file")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_an_output_folder_that_cannot_be_written_is_found_before_the_fit(
    recording, tmp_path, monkeypatch, below
):
    def too_late(*_, **__):
        pytest.fail("the fit was begun")

    monkeypatch.setattr("trialtensor.models.TCA.fit", too_late)
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    result = run("fit", recording, "--components", 2, "-o", in_the_way / below)
    refused(result, f"{in_the_way / below}: cannot write there: ")


def test_too_little_memory_is_one_line(recording, tmp_path, monkeypatch):
    def too_large(*_, **__):
        raise MemoryError("X: the fit of a TCA to 9 x 9 x 9 needs 40 GB, and 1 GB is free")

    monkeypatch.setattr("trialtensor.TCA.fit", too_large)
    result = run("fit", recording, "--components", 2, "-o", tmp_path / "out")
    refused(result, "X: the fit of a TCA", "40 GB")
