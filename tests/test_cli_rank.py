"""`trialtensor rank`: from a recording to a number of components."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from trialtensor.cli import app
from trialtensor.cli.rank_options import parse_grid
from trialtensor.data import make_slicetca, make_tca
from trialtensor.models import TCA, SliceTCA

FILES = {
    "rank_fits.jsonl", "rank_candidates.csv", "rank_fits.csv", "rank_summary.json", "figures",
    "rank_report.html", "chosen",
}  # fmt: skip
QUICK = ("--repeats", 2, "--splits", "speckled", "--n-init", 2, "--n-jobs", 1, "--tol", 1e-4)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def summary(folder):
    return json.loads((folder / "rank_summary.json").read_text())


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "session.npz"
    X = make_tca(30, 15, 20, 2, snr=1.0, random_state=0).X
    np.savez(path, rates=X, side=np.array(["left", "right"] * 15))
    return path


@pytest.fixture(scope="module")
def ranked(recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("ranked") / "deep" / "out"
    result = run("rank", recording, "--components", "1:4", "--color-by", "side", *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    return result, out


def test_every_file_is_there_and_named_in_the_output(ranked):
    result, out = ranked
    assert {path.name for path in out.iterdir()} == FILES
    assert (out / "figures" / "rank.png").is_file()
    for name in FILES - {"figures", "chosen"}:
        assert name in result.stdout
    assert "4 candidates x 2 splits: 8 fits of 2 starts" in result.stdout
    assert "2 components: the lowest held-out error" in result.stdout
    assert result.stderr == ""


def test_the_choice_is_fitted_as_fit_does(ranked):
    import trialtensor

    _, out = ranked
    assert trialtensor.load(out / "chosen" / "model.h5").n_components == 2
    assert (out / "chosen" / "report.html").is_file()


def test_the_summary_and_tables_are_for_machines(ranked):
    _, out = ranked
    found = summary(out)
    assert found["n_components"] == 2 and found["model"] == "TCA" and found["rule"] == "one-se"
    assert [row["n_components"] for row in found["candidates"]] == [1, 2, 3, 4]
    assert [row["chosen"] for row in found["candidates"]] == [False, True, False, False]
    assert found["splits"] == {
        "kind": "Speckled", "fraction": 0.1, "n_splits": 2, "random_state": 0,
    }  # fmt: skip
    assert "n_components" not in found["parameters"]
    lines = (out / "rank_fits.csv").read_text().splitlines()
    assert lines[0] == "n_components,split,seed,error,explained,stop_reason" and len(lines) == 9
    assert len((out / "rank_candidates.csv").read_text().splitlines()) == 5


def test_the_page_says_how_to_do_it_again(ranked, recording):
    text = (ranked[1] / "rank_report.html").read_text(encoding="utf-8")
    assert "chosen/report.html" in text
    assert f"trialtensor rank {recording} --output" in text
    assert f"trialtensor.read(&#39;{recording}&#39;)" in text


def test_the_same_command_again_fits_nothing_twice(ranked, recording):
    _, out = ranked
    before = {path: path.read_bytes() for path in out.glob("rank_*") if path.suffix != ".html"}
    stamp = (out / "rank_fits.jsonl").read_text()
    result = run("rank", recording, "--components", "1:4", "--color-by", "side", *QUICK, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert (out / "rank_fits.jsonl").read_text() == stamp
    assert {path: path.read_bytes() for path in before} == before


def test_another_search_in_the_same_folder_is_refused(ranked, recording):
    result = run("rank", recording, "--components", "1:3", *QUICK, "-o", ranked[1])
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert "is of a search of other data or with other parameters" in result.stderr


def test_slices(tmp_path):
    path = tmp_path / "slices.npy"
    np.save(path, make_slicetca(30, 15, 20, (1, 0, 1), snr=2.0, random_state=0).X)
    words = ("--model", "slicetca", "--components", "0:2,0,0:1", "--gauge", "trial-first")
    result = run("rank", path, *words, *QUICK, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert summary(tmp_path / "out")["n_components"] == [1, 0, 1]
    assert "2 components (1 trial-slicing, 1 time-slicing)" in result.stdout
    assert (tmp_path / "out" / "chosen" / "slices.nc").is_file()


def test_nothing_in_noise_and_no_old_choice_beside_it(recording, tmp_path):
    out = tmp_path / "out"
    words = ("--components", "1,2", *QUICK, "-o", out)
    assert run("rank", recording, *words).exit_code == 0
    assert (out / "chosen" / "model.h5").is_file()
    (out / "rank_fits.jsonl").unlink()
    noise = tmp_path / "noise.npy"
    np.save(noise, np.random.default_rng(0).standard_normal((30, 15, 20)))
    result = run("rank", noise, *words)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1].startswith("No component generalises")
    assert summary(out)["n_components"] == 0
    assert not (out / "chosen" / "model.h5").exists()
    assert not (out / "chosen" / "report.html").exists()


@pytest.mark.parametrize(
    "words, parts",
    [
        (("--components", "4:1"), ("--components", "1:12", "'4:1'")),
        (("--components", "0"), ("--components", "'0'")),
        (("--components", "1:99999999"), ("--components", "at most 10000", "99999999")),
        (("--components", "1,2,x"), ("--components", "'1,2,x'")),
        (("--components", "0,0,0", "--model", "slicetca"), ("--components", "not all 0")),
        (("--components", "1:3", "--model", "slicetca"), ("--components", "time-slicing")),
        (("--components", "1:3", "--fraction", "0"), ("fraction", "between 0 and 1", "0.0")),
        (("--components", "1:3", "--fraction", "1"), ("fraction", "between 0 and 1", "1.0")),
        (("--components", "1:3", "--repeats", "0"), ("--repeats", "0")),
        (("--components", "1:3", "--guard", "40"), ("guard", "40", "20")),
        (("--components", "1:3", "--length", "0"), ("length", "0")),
        (("--components", "1:3", "--guard", "1", "--splits", "speckled"), ("--guard", "speckled")),
        (("--components", "1:3", "--gauge", "trial-first"), ("--gauge", "no gauge")),
        (("--components", "1:3", "--color-by", "where"), ("--color-by", "where", "side")),
        (
            (
                "--components",
                "1:900",
            ),
            ("n_components", "301", "300"),
        ),
    ],
)
def test_refused_before_any_fit(recording, tmp_path, words, parts):
    result = run("rank", recording, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
    assert not list(tmp_path.glob("out/rank*"))


def test_grids():
    assert parse_grid(TCA, "1:3,6, 2") == [1, 2, 3, 6]
    assert parse_grid(SliceTCA, "1:2,0,3") == [(1, 0, 3), (2, 0, 3)]


@pytest.mark.slow
def test_a_killed_command_goes_on_and_ends_the_same(recording, tmp_path):
    def command(out):
        words = [
            "rank", recording, "--components", "1:4", "--n-init", 4, "--tol", 1e-9,
            "--n-jobs", 1, "--static", "-o", tmp_path / out,
        ]  # fmt: skip
        return [sys.executable, "-m", "trialtensor.cli", *map(str, words)]

    process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL)
    fits = tmp_path / "killed" / "rank_fits.jsonl"
    deadline = time.monotonic() + 120
    while not fits.exists() or fits.read_text().count("\n") < 4:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = fits.read_text().splitlines()
    assert 4 <= len(kept) < 21
    for out in ("killed", "whole"):
        subprocess.run(command(out), check=True, stdout=subprocess.PIPE)
    assert fits.read_text().splitlines()[: len(kept) - 1] == kept[:-1]
    for name in ("rank_fits.csv", "rank_candidates.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_ctrl_c_says_how_to_go_on(recording, tmp_path, monkeypatch):
    from trialtensor.selection import search

    done = []
    fit_one = search.fit_one

    def interrupted(*arguments):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(arguments)
        return fit_one(*arguments)

    monkeypatch.setattr(search, "fit_one", interrupted)
    result = run("rank", recording, "--components", "1:4", *QUICK, "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "3 of 8 fits are in" in result.stderr and "the same command goes on" in result.stderr
