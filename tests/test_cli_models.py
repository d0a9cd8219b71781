"""The command with every kind of model: fit, rank, track."""

import html
import json
import re
import subprocess
import sys

import numpy as np
import pandas
import pytest
from typer.testing import CliRunner

import trialtensor as tt
from trialtensor.cli import app
from trialtensor.data.example import EXAMPLE_PATH
from trialtensor.models import FitRecord, Fitted, Named, TrialEstimator, register, registry
from trialtensor.models.parts import make_components
from trialtensor.models.summary import describe_data

QUICK = ("--n-init", 1, "--max-iter", 30, "--transform", "sqrt")
ASKED = {
    "tca": ("--components", 2),
    "slicetca": ("--model", "slicetca", "--components", "1,1,1"),
    "parafac2": ("--model", "parafac2", "--components", 2, "--blocks", "phase"),
    "coupled": ("--model", "coupled", "--components", 2, "--groups", "area"),
    "dynamics": ("--model", "dynamics", "--components", 2),
}
TABLES = {
    "tca": ("trial_factors", "neuron_factors", "time_factors"),
    "slicetca": ("trial_loadings", "neuron_loadings", "time_loadings"),
    "parafac2": ("trial_factors", "neuron_factors", "time_factors"),
    "coupled": ("trial_factors", "neuron_factors", "time_factors"),
    "dynamics": ("trial_factors", "output_factors", "input_factors"),
}
ALWAYS = {"model.h5", "summary.json", "report.html", "figures"}


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def process(*words):
    """The command in a process of its own, which has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "trialtensor.cli", *map(str, words)],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folders with a fit of each kind, made when they are first asked for."""
    made = {}

    def of(kind):
        if kind not in made:
            out = tmp_path_factory.mktemp(kind) / "out"
            made[kind] = out, process("fit", EXAMPLE_PATH, *ASKED[kind], *QUICK, "-o", out)
        return made[kind]

    return of


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "session.npz"
    X = np.asarray(tt.make_tca(48, 12, 15, 2, snr=5.0, random_state=0).X)
    blocks, areas = np.repeat(list("abcd"), 12), np.array(["M1", "PMd"] * 6)
    np.savez(path, rates=np.abs(X), block=blocks, area=areas)
    return path


# --- fit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ASKED)
def test_fit_leaves_the_same_files_for_every_kind(results, kind):
    out, done = results(kind)
    tables = {f"{name}.csv" for name in TABLES[kind]}
    sliced = {"slices.nc"} if kind == "slicetca" else set()
    assert names(out) == ALWAYS | tables | sliced
    figure = "slices.png" if sliced else "factors.png"
    assert names(out / "figures") == {figure, "loss.png", "restarts.png"}
    assert all(name in done.stdout for name in tables | {figure})
    summary = json.loads((out / "summary.json").read_text(), parse_constant=pytest.fail)
    model = tt.load(out / "model.h5")
    assert summary["model"] == type(model).__name__
    assert type(model).command_name() == kind
    assert len(summary["components"]) == len(model.fitted_.components)
    assert f"{len(model.fitted_.components)} components" in done.stdout


def test_blocks_reach_the_fit(results):
    out, done = results("parafac2")
    assert "200 trials, 60 neurons, 50 times, 3 blocks" in done.stdout
    model = tt.load(out / "model.h5")
    assert list(model.fitted_.blocks) == ["baseline", "adaptation", "washout"]
    table = pandas.read_csv(out / "neuron_factors.csv")
    assert table["block"].unique().tolist() == list(model.fitted_.blocks)
    assert len(table) == 180
    summary = json.loads((out / "summary.json").read_text())
    assert summary["fit_options"] == {"blocks": "phase"}


def test_groups_reach_the_model(results):
    out, done = results("coupled")
    assert "2 datasets" in done.stdout
    model = tt.load(out / "model.h5")
    table = pandas.read_csv(out / "neuron_factors.csv")
    assert (table["dataset"] == table["area"]).all()
    summary = json.loads((out / "summary.json").read_text())
    for r, component in enumerate(summary["components"]):
        shares = dict(zip(model.dataset_names_, model.shares_[:, r].tolist(), strict=True))
        assert component["shares"] == shares


@pytest.mark.parametrize("kind", ASKED)
def test_the_code_in_the_report_makes_the_same_model(results, kind):
    out, _ = results(kind)
    code = next(
        html.unescape(block)
        for block in re.findall(r"<pre>(.*?)</pre>", (out / "report.html").read_text(), re.DOTALL)
        if "import trialtensor" in block
    )
    made = {}
    exec(code, made)
    saved = tt.load(out / "model.h5")
    np.testing.assert_array_equal(made["model"].reconstruct(), saved.reconstruct())


# --- track ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ASKED)
def test_a_saved_model_of_every_kind_is_tracked(results, kind, tmp_path):
    model = results(kind)[0] / "model.h5"
    process("track", model, "--labels", "phase", "-o", tmp_path)
    series = pandas.read_csv(tmp_path / "tracking_series.csv")
    assert len(series) == 200
    expected = tt.track(tt.load(model), labels="phase")
    assert list(series)[1:] == list(expected.series)
    np.testing.assert_allclose(series.iloc[:, 1:], expected.series)
    assert "tracking.html" in names(tmp_path)


@pytest.mark.parametrize("kind", ["slicetca", "parafac2", "coupled", "dynamics"])
def test_a_recording_is_fitted_and_tracked(small, kind, tmp_path):
    asked = [word if word != "phase" else "block" for word in ASKED[kind]]
    words = ("--variable", "rates", "--labels", "block", "-o", tmp_path)
    result = run("track", small, *asked, *words)
    assert result.exit_code == 0, result.output
    assert {"model.h5", "tracking.html", "tracking_contrasts.csv"} <= names(tmp_path)


def test_one_dataset_is_tracked_with_its_neurons(results, tmp_path):
    asked = (*ASKED["coupled"], "--dataset", "M1", "--labels", "phase", "--transform", "sqrt")
    result = run("track", EXAMPLE_PATH, *asked, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert "was not tested" not in result.stderr
    series = pandas.read_csv(tmp_path / "tracking_series.csv")
    assert list(series)[1:] == ["component 1, M1", "component 2, M1"]
    table = pandas.read_csv(tmp_path / "tracking_patterns.csv")
    # In this short recording, early trials can have a course that is unlike that of all trials.
    names = [name.removeprefix("early course unlike ") for name in table["name"]]
    assert names == ["component 1", "component 2"]
    assert "dataset=&#39;M1&#39;" in (tmp_path / "tracking.html").read_text("utf-8")
    both = run("track", tmp_path / "model.h5", "-o", tmp_path / "both")
    assert both.exit_code == 0, both.output
    assert len(pandas.read_csv(tmp_path / "both" / "tracking_series.csv").columns) == 5


def test_what_cannot_be_said_of_neurons_is_said_in_a_line(small, tmp_path):
    words = ("--variable", "rates", "--labels", "long", "-o", tmp_path / "out")
    with np.load(small) as file:
        np.savez(tmp_path / "long.npz", **file, long=np.repeat([1, 2], [16, 32]))
    result = run("track", tmp_path / "long.npz", *ASKED["dynamics"], *words)
    assert result.exit_code == 0, result.output
    note = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert len(note) == 1 and "TrialVaryingDynamics" in note[0]
    assert "tracking_patterns.csv" not in names(tmp_path / "out")


# --- rank -------------------------------------------------------------------------------------

RANKED = {
    "slicetca": ("--model", "slicetca", "--components", "1,0:1,0"),
    "parafac2": ("--model", "parafac2", "--components", "1:2", "--blocks", "block"),
    "coupled": ("--model", "coupled", "--components", "1:2", "--groups", "area"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", RANKED)
def test_rank(small, kind, tmp_path):
    words = ("--variable", "rates", "--n-init", 1, "--repeats", 2, "--n-jobs", 1, "--tol", 1e-4)
    process("rank", small, *RANKED[kind], *words, "-o", tmp_path)
    summary = json.loads((tmp_path / "rank_summary.json").read_text())
    assert len(summary["candidates"]) == 2
    assert names(tmp_path) >= {"rank_report.html", "rank_fits.csv", "rank_candidates.csv"}
    chosen = tt.load(tmp_path / "chosen" / "model.h5")
    assert type(chosen).command_name() == kind
    if kind == "parafac2":
        assert list(chosen.fitted_.blocks) == list("abcd")
        assert summary["fit_options"] == {"blocks": "block"}
    if kind == "coupled":
        assert chosen.dataset_names_ == ["M1", "PMd"]


# --- models of other packages -----------------------------------------------------------------


class TimeMeans(TrialEstimator):
    """Mean of each neuron in each trial, as a product of two non-negative vectors."""

    def __init__(self, n_components, *, random_state=None):
        self.n_components = n_components
        self.random_state = random_state

    def check_parameters(self):
        pass

    def fit(self, X, y=None, *, mask=None):
        from sklearn.decomposition import NMF

        X = np.nan_to_num(np.asarray(X, dtype=float))
        nmf = NMF(self.n_components, random_state=self.random_state).fit(X.mean(axis=2))
        trial, neuron = nmf.transform(X.mean(axis=2)), nmf.components_.T
        weights = np.linalg.norm(trial, axis=0) * np.linalg.norm(neuron, axis=0)
        return self._with(trial / np.linalg.norm(trial, axis=0),
                          neuron / np.linalg.norm(neuron, axis=0), weights, X)  # fmt: skip

    def _with(self, trial, neuron, weights, X):
        arrays = {
            "trial_strengths": Named(("trial", "component"), trial),
            "neuron_strengths": Named(("neuron", "component"), neuron),
            "weights": Named(("component",), weights),
        }
        about = describe_data(X.shape, X.dtype, X.size, X.size, "none", "")
        self._store(self._assemble(arrays, record=FitRecord.given(), data=about, coords={}))
        return self

    def _assemble(self, arrays, **about):
        components = make_components(arrays, parts=["trial_strengths", "neuron_strengths"])
        return Fitted("TimeMeans", arrays, components, **about)

    def reconstruct(self):
        two = (self.trial_strengths_ * self.weights_) @ self.neuron_strengths_.T
        return np.repeat(two[:, :, None], self.fitted_.shape[2], axis=2)


@pytest.fixture
def registered():
    register(TimeMeans)
    yield
    for name in ("TimeMeans", "timemeans"):
        del registry._kinds[name]


def test_a_model_of_another_package(small, registered, tmp_path):
    words = ("--variable", "rates", "-o", tmp_path)
    result = run("fit", small, "--model", "timemeans", "--components", 2, *words)
    assert result.exit_code == 0, result.output
    tables = {"trial_strengths.csv", "neuron_strengths.csv"}
    assert names(tmp_path) == ALWAYS | tables
    result = run("track", tmp_path / "model.h5", "-o", tmp_path / "tracked")
    assert result.exit_code == 0, result.output
    (tmp_path / "my_factors.csv").write_text("not ours")
    assert run("fit", small, *ASKED["tca"], *words, "--n-init", 1).exit_code == 0
    assert not names(tmp_path) & tables
    assert "my_factors.csv" in names(tmp_path)
    refused = run("fit", small, "--model", "timemeans", "--components", 2, "--n-init", 3, *words)
    assert refused.exit_code == 2
    assert "--n-init: got 3, but timemeans has no n-init" in refused.stderr


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["fit", "rank", "track"])
@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--model", "magic", "--components", 2), ("--model", "'magic'", "dynamics", "parafac2")),
        (("--components", 2, "--blocks", "block"), ("--blocks", "tca has no blocks", "parafac2")),
        (("--components", 2, "--groups", "area"), ("--groups", "tca has no groups", "coupled")),
        (
            (*ASKED["dynamics"], "--nonnegative"),
            ("--nonnegative: dynamics has no nonnegative", "tca, slicetca, parafac2"),
        ),
        ((*ASKED["parafac2"][:3], "1,1,1"), ("--components",)),
    ],
)
def test_options_that_a_model_lacks(small, tmp_path, monkeypatch, command, words, parts):
    if command == "rank" and words[-1] == "1,1,1":
        pytest.skip("three candidates")
    monkeypatch.setattr("trialtensor.io.read", lambda *_, **__: pytest.fail("the file was read"))
    result = run(command, small, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["fit", "rank", "track"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--model", "parafac2", "--components", 2, "--blocks", "area"),
            "--blocks: no label of trials is called 'area'; known are block",
        ),
        (
            ("--model", "coupled", "--components", 2, "--groups", "block"),
            "--groups: no label of neurons is called 'block'; known are area",
        ),
    ],
)
def test_labels_that_are_not_there(small, tmp_path, monkeypatch, command, words, message):
    for kind in ("Parafac2", "CoupledTCA"):
        fit = f"trialtensor.models.{kind}.fit"
        monkeypatch.setattr(fit, lambda *_, **__: pytest.fail("the fit was begun"))
    result = run(command, small, *words, "--variable", "rates", "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr == f"error: {message}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*ASKED["coupled"], "--dataset", "V1"), "--dataset: area has no 'V1'; known are M1, PMd"),
        ((*ASKED["tca"], "--dataset", "M1"), "--dataset: got 'M1', but without --groups there"),
        (("--groups", "area"), "--groups: says how to fit, but without --components"),
        (("--model", "slicetca"), "--model: says how to fit, but without --components"),
    ],
)
def test_what_track_refuses_before_a_fit(small, tmp_path, monkeypatch, words, message):
    for kind in ("TCA", "CoupledTCA"):
        fit = f"trialtensor.models.{kind}.fit"
        monkeypatch.setattr(fit, lambda *_, **__: pytest.fail("the fit was begun"))
    result = run("track", small, *words, "--variable", "rates", "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"error: {message}") and result.stderr.count("\n") == 1


def test_help_imports_no_models():
    code = (
        "import sys; from trialtensor.cli import app; app(['fit', '--help'], standalone_mode=False)"
        "; sys.exit(any(m in sys.modules for m in ('numpy', 'trialtensor.models')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tca, slicetca, parafac2, coupled, dynamics" in " ".join(done.stdout.split())
