"""The command with data that is read in blocks, or taken to a device."""

import html
import json
import shlex

import h5py
import numpy as np
import pandas
import pytest

from tests.test_cli import refused, run
from trialtensor import load, make_tca
from trialtensor.data import elsewhere


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "big.h5"
    X = make_tca(30, 12, 10, 2, nonnegative=True, snr=20.0, random_state=0).X
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=np.maximum(X, 0), chunks=(5, 12, 10))
        file["side"] = np.array(["left", "right"] * 15, "S")
    return path


def fitted(recording, out, *words, components=2):
    given = ("--components", components, "--n-init", 2, "--color-by", "side", "-o", out)
    result = run("fit", recording, *given, *words)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize(
    "words, components",
    [
        ((), 2),
        (("--transform", "sqrt", "--nonnegative"), 2),
        (("--model", "slicetca"), "1,1,1"),
    ],
)
def test_results_are_those_of_memory(recording, tmp_path, monkeypatch, words, components):
    monkeypatch.chdir(tmp_path)
    fitted(recording, "whole", *words, components=components)
    limits = ("--memory", "100kB", "--checkpoint", "fit.part")
    fitted(recording, "ours", *words, *limits, components=components)
    assert not (tmp_path / "fit.part").exists()
    names = {each.name for each in (tmp_path / "whole").rglob("*")}
    assert names == {each.name for each in (tmp_path / "ours").rglob("*")}
    for table in (tmp_path / "whole").glob("*.csv"):
        ours, theirs = (pandas.read_csv(tmp_path / each / table.name) for each in ("ours", "whole"))
        pandas.testing.assert_frame_equal(ours, theirs, rtol=1e-4, atol=1e-4)
    page = html.unescape((tmp_path / "ours" / "report.html").read_text("utf-8"))
    assert page.count("Residuals are not shown, because the data was read in blocks") == 1
    assert "--memory 100kB --checkpoint fit.part" in page
    assert f"X = trialtensor.read('{recording}', lazy=True)" in page
    assert "X = trialtensor.on_disk(X, memory='100kB', checkpoint='fit.part')" in page


def test_the_code_of_the_page_repeats_the_fit(recording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fitted(recording, "ours", "--memory", "100kB", "--transform", "sqrt")
    page = html.unescape((tmp_path / "ours" / "report.html").read_text("utf-8"))
    code = next(part for part in page.split("<pre>")[1:] if part.startswith("import trialtensor"))
    known = {}
    exec(code.partition("</pre>")[0], known)
    assert known["model"].loss_ == pytest.approx(load(tmp_path / "ours" / "model.h5").loss_)


def test_no_full_read(recording, tmp_path, monkeypatch):
    largest = []
    from trialtensor.variables.in_file import InFile

    read = InFile._read

    def counted(self, where):
        found = read(self, where)
        largest.append(found.nbytes)
        return found

    monkeypatch.setattr(InFile, "_read", counted)
    fitted(recording, tmp_path / "out", "--memory", "100kB")
    assert largest and max(largest) <= 10 * 12 * 10 * 8


@pytest.mark.parametrize(
    "words, said",
    [
        (
            ("--model", "parafac2", "--blocks", "side", "--memory", "1GB"),
            "--memory: parafac2 needs",
        ),
        (("--model", "dynamics", "--checkpoint", "a"), "--checkpoint: dynamics needs all"),
        (("--memory", "lots"), "--memory: expected a size such as '2GB'"),
        (("--checkpoint", "nowhere/a"), "checkpoint: nowhere/a can't be used"),
        (("--device", "nonsense"), "--device: there is no 'nonsense' here"),
        (("--device", "cpu", "--memory", "1GB"), "--device: takes all of the data"),
        (("--memory", "1GB", "--transform", "zscore"), "'zscore' needs all of the data at once"),
        (("--memory", "1GB", "--about", "side"), "--about: the mean trial of each condition needs"),
    ],
)
def test_what_cannot_be_done_is_refused(recording, tmp_path, words, said):
    if "--device" in words:
        pytest.importorskip("torch")
    refused(run("fit", recording, "--components", 2, "-o", tmp_path / "out", *words), said)
    assert not (tmp_path / "out" / "model.h5").exists()


def test_without_torch(recording, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    words = ("--components", 2, "--device", "cuda", "-o", tmp_path / "out")
    refused(run("fit", recording, *words), "--device: needs torch: pip install trialtensor[gpu]")


def test_on_a_device_labels_are_kept(recording, tmp_path):
    pytest.importorskip("torch")
    fitted(recording, tmp_path / "whole")
    fitted(recording, tmp_path / "ours", "--device", "cpu")
    ours, theirs = (
        pandas.read_csv(tmp_path / each / "trial_factors.csv") for each in ("ours", "whole")
    )
    assert "side" in ours.columns
    pandas.testing.assert_frame_equal(ours, theirs, rtol=1e-6, atol=1e-9)
    assert json.loads((tmp_path / "ours" / "summary.json").read_text())


def test_inspect_of_large_tensors_of_four_axes_says_what_works(tmp_path, monkeypatch):
    path = tmp_path / "ecog.npy"
    np.save(path, np.random.default_rng(0).random((12, 5, 4, 6)))
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    said = run("inspect", path).output
    line = next(line for line in said.splitlines() if "trialtensor fit" in line)
    words = shlex.split(line.strip())[1:]
    words[words.index("-o") + 1] = str(tmp_path / "out")
    words[words.index("--components") + 1] = "1"
    assert words[words.index("--memory") + 1] == "2GB"
    assert run(*words).exit_code == 0
    assert load(tmp_path / "out" / "model.h5").factors_["axis2"].shape == (4, 1)


def test_inspect_of_large_tensors_says_how_to_read_them(recording, monkeypatch):
    monkeypatch.setattr(elsewhere, "LARGE", 1)
    said = run("inspect", recording).output
    assert "labels of trials: side (left, right)" in said
    assert "its values were not looked at" in said
    command = next(line for line in said.splitlines() if "trialtensor fit" in line)
    assert "--memory 2GB --components 6 --color-by side" in command


@pytest.mark.parametrize("command", ["fit", "rank", "track"])
def test_what_does_not_fit_into_memory_is_refused_with_advice(tmp_path, monkeypatch, command):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("X", data=np.ones((40, 100, 1000)), chunks=(2, 100, 1000))
    monkeypatch.setattr("trialtensor.opening.memory.free_memory", lambda: (20_000_000, 0))
    components = "1:2" if command == "rank" else 2
    result = run(command, tmp_path / "x.h5", "--components", components, "-o", tmp_path / "out")
    refused(result, "X takes 32 MB of memory", "trialtensor fit and rank with --memory 2GB read it")


def test_zarr_folders(recording, tmp_path):
    zarr = pytest.importorskip("zarr")
    with h5py.File(recording) as file:
        X = file["X"][()]
    path = tmp_path / "x.zarr"
    zarr.open(str(path), mode="w", shape=X.shape, chunks=(7, 12, 10), dtype="f8")[:] = X
    assert "trialtensor fit" in run("inspect", path).output
    for name, words in (("whole", ()), ("ours", ("--memory", "1GB"))):
        out = tmp_path / name
        result = run("fit", path, "--components", 2, "--n-init", 2, "-o", out, *words)
        assert result.exit_code == 0, result.output
    losses = [load(tmp_path / name / "model.h5").loss_ for name in ("whole", "ours")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


@pytest.mark.parametrize("most", [2, 10])
def test_ctrl_c_leaves_a_checkpoint_from_which_the_same_command_goes_on(
    recording, tmp_path, monkeypatch, most
):
    from trialtensor.solvers.passes.chunked import ChunkedPasses

    monkeypatch.chdir(tmp_path)
    fitted(recording, "whole", "--memory", "100kB")
    passes, run_pass, stops = [], ChunkedPasses.run, [most]

    def stopped(self, job):
        if [len(passes)] == stops:
            stops.clear()
            raise KeyboardInterrupt
        passes.append(type(job).__name__)
        return run_pass(self, job)

    words = ("--components", 2, "--n-init", 2, "--color-by", "side", "-o", "ours")
    words = ("fit", recording, *words, "--memory", "100kB", "--checkpoint", "fit.part")
    monkeypatch.setattr(ChunkedPasses, "run", stopped)
    result = run(*words)
    assert result.exit_code == 130, result.output
    assert (tmp_path / "fit.part").exists()
    first = list(passes)
    assert run(*words).exit_code == 0
    assert not (tmp_path / "fit.part").exists()
    ours, theirs = (load(tmp_path / name / "model.h5") for name in ("ours", "whole"))
    assert ours.loss_ == theirs.loss_
    np.testing.assert_array_equal(ours.trial_factors_, theirs.trial_factors_)
    # What was done is not done again.
    assert first[:2] == ["_Look", "Project"]
    assert not {"_Look", "Project"} & set(passes[len(first) :])


def test_what_is_cut_into_trials_is_in_memory_and_says_so(tmp_path):
    trials = np.arange(12) * 2.0
    spikes = np.sort(np.random.default_rng(0).uniform(0, 24, 3000))
    pandas.DataFrame({"go": trials}).to_csv(tmp_path / "trials.csv", index=False)
    table = {"unit": np.arange(3000) % 5, "time": spikes}
    pandas.DataFrame(table).to_csv(tmp_path / "spikes.csv", index=False)
    cut = ("--align", "go", "--window", "0,1", "--bin-size", 0.1)
    words = ("--components", 1, "--n-init", 1, "-o", tmp_path / "out", "--memory", "1GB")
    result = run("fit", tmp_path, *cut, *words)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("warning: --memory: what has to be cut into trials") == 1


@pytest.mark.parametrize("words", [("--memory", "100kB"), ("--device", "cpu")])
def test_ranks_are_those_of_memory(recording, tmp_path, words):
    pytest.importorskip("torch")
    given = ("--components", "1:2", "--n-init", 2, "--repeats", 2, "--splits", "trials-by-neurons")
    for name, own in (("whole", ("--n-jobs", 1)), ("ours", words)):
        result = run("rank", recording, *given, *own, "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
    for table in ("rank_candidates.csv", "rank_fits.csv", "chosen/neuron_factors.csv"):
        ours, theirs = (pandas.read_csv(tmp_path / each / table) for each in ("ours", "whole"))
        pandas.testing.assert_frame_equal(ours, theirs, rtol=1e-4, atol=1e-4)
    page = html.unescape((tmp_path / "ours" / "rank_report.html").read_text("utf-8"))
    assert ("trialtensor.on_disk(X, memory='100kB')" in page) == ("--memory" in words)
    assert "30 trials × 12 neurons × 10 time bins" in page


def test_ranks_of_kinds_that_need_all_of_the_data_are_refused(recording, tmp_path):
    words = ("--model", "parafac2", "--blocks", "side", "--memory", "1GB", "-o", tmp_path / "out")
    refused(run("rank", recording, "--components", "1:2", *words), "--memory: parafac2 needs all")
