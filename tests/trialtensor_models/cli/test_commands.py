"""``trialtensor-models``: commands refuse before they work, and write what they promise."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor as tt
from trialtensor_models import CCRNN, CenterOut, Run, Schedule, simulate
from trialtensor_models.cli import app
from trialtensor_models.cli.files import read_table


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(autouse=True)
def in_a_clean_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("rotation,colour\n0,red\n")
    (tmp_path / "text.csv").write_text("rotation\nnone\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "run.txt").write_text("no run")
    (tmp_path / "run.nc").write_bytes(b"no run")


REFUSED = {
    ("simulate",): "give --schedule, or one of --rotate, --curl and --reverse; got none",
    ("simulate", "--rotate", 30, "--curl", 5): "got --rotate, --curl",
    ("simulate", "--rotate", 30, "-o", "x.txt"): "--output: expected a name that ends in .nc",
    ("simulate", "--rotate", 30, "-o", "no/x.nc"): "there is no folder",
    ("simulate", "--rotate", 30, "--figure", "x.doc"): "no figure ends in .doc",
    ("simulate", "--rotate", 30, "--film", "x.mp4"): "--film: expected a name that ends in .gif",
    ("simulate", "--rotate", "nan"): "degrees: expected a number",
    ("simulate", "--rotate", 30, "--task", "chess"): "task: there are networks for",
    ("simulate", "--rotate", 30, "--plant", "leg"): "--plant: expected one of point_mass",
    ("simulate", "--rotate", 30, "--record", "x"): "record: expected one of",
    ("simulate", "--rotate", 30, "--network", "no.h5"): "no.h5",
    ("simulate", "--reverse"): "reverse is for tasks with choices",
    ("simulate", "--reverse", "--task", "reversal", "--targets", 2): "--targets: reversal has none",
    ("simulate", "--schedule", "no.csv"): "no.csv: no such file",
    ("simulate", "--schedule", "run.txt"): "expected a table that ends in .csv",
    ("simulate", "--schedule", "bad.json"): "bad.json: is no table",
    ("simulate", "--schedule", "bad.csv"): "bad.csv: table: its column 'colour' is not known",
    ("simulate", "--schedule", "text.csv"): "text.csv: rotation",
    ("simulate", "--schedule", "bad.csv", "--clamp", 3): "--clamp: the table of --schedule says it",
    ("pretrain", "-o", "x.nc"): "--output: expected a name that ends in .h5",
    ("pretrain", "--task", "chess"): "--task: ",
    ("train", "-o", "x.nc"): "--output: expected a name that ends in .h5",
    ("train", "--run", "x.h5"): "--run: expected a name that ends in .nc",
    ("train", "--task", "chess"): "--task: ",
    ("train", "--rules", "hebb"): "--rules: expected one of 'bptt', 'local', 'mixed', got 'hebb'",
    ("train", "--no-cerebellum"): "--rules: without a cerebellum nothing teaches by local rules",
    ("train", "--figure", "x.doc"): "no figure ends in .doc",
    ("train", "--ratio", 0): "ratio: expected a number above 0, got 0.0",
    ("compare", "run.nc", "run.nc"): "run.nc",
    ("compare", "no.nc", "run.nc"): "no.nc: no such file",
    ("recovery-benchmark", "--only", "x"): "only: expected some of 'TCA'",
    ("recovery-benchmark", "--problem", "x"): "problems: expected some of",
    ("recovery-benchmark", "--method", "x"): "--method: expected MODULE:NAME, got 'x'",
    ("recovery-benchmark", "--method", "nowhere:X"): "--method nowhere:X: ModuleNotFoundError",
    ("recovery-benchmark", "--json", "no/x.json"): "there is no folder",
}


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(map(str, words)))
def test_refused_in_one_line_before_any_work(words, monkeypatch):
    for work in ("sessions.simulation._run_sessions", "network.ccrnn.pretrain"):
        monkeypatch.setattr(f"trialtensor_models.{work}", lambda *_, **__: pytest.fail("worked"))
    result = call(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert REFUSED[words] in result.stderr


def test_simple_options_are_a_schedule(tmp_path):
    words = ("--rotate", 20, "--baseline", 2, "--trials", 3, "--washout", 2, "--clamp", 1)
    result = call("simulate", *words, "--targets", 2, "--seed", 5, "--cortex", 1, "-o", "a.nc")
    assert result.exit_code == 0, result.output
    assert "Run of 8 trials: baseline 2, rotate 3, washout 2, clamp 1" in result.stdout
    run = Run.load("a.nc")
    schedule = Schedule().baseline(2).rotate(20, 3).washout(2).clamp(1)
    same = simulate(CCRNN.pretrained(1), CenterOut(n_targets=2), schedule, seed=5)
    np.testing.assert_array_equal(run.behaviour["hand"], same.behaviour["hand"])
    np.testing.assert_array_equal(run.truth.fast, same.truth.fast)
    assert tt.read("a.nc").sizes["trial"] == 8


def test_a_table_is_a_schedule(tmp_path):
    columns = {
        "rotation": [0, 30, -30.5, 0],
        "context": ["", "A", "B", "A"],
        "target": [0, 90, 90, 180],
        "clamp": [False, False, False, True],
        "epoch": ["rest", "learn", "learn", "test"],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines = [",".join(columns), *(",".join(map(str, row.values())) for row in rows)]
    (tmp_path / "plan.csv").write_text("\n".join(lines) + "\n")
    words = ("--record", "behaviour", "--figure", "a.png", "-o", "a.nc")
    result = call("simulate", "--schedule", "plan.csv", *words)
    assert result.exit_code == 0, result.output
    schedule = Run.load("a.nc").truth.schedule
    for name, values in columns.items():
        assert schedule[name].values.tolist() == values, name
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    # The same table as JSON, by row and by column, and with tabs.
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "columns.json").write_text(json.dumps(columns))
    (tmp_path / "plan.tsv").write_text("\n".join(lines).replace(",", "\t"))
    wanted = Schedule.from_table(columns)
    for name in ("plan.csv", "plan.tsv", "rows.json", "columns.json"):
        assert Schedule.from_table(read_table(tmp_path / name)) == wanted, name


def test_a_network_of_ones_own_simulates(tmp_path):
    pytest.importorskip("torch", reason="the extra 'models' is not installed")
    words = ("--units", 20, "--granule", 50, "--iterations", 20)
    result = call("pretrain", *words, "--seed", 3, "-o", "own.h5")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("iteration") == 10 and "iteration 20 of 20" in result.stderr
    assert "it can't adapt yet" in result.stdout  # twenty iterations are too few
    assert CCRNN.load("own.h5").cortex.n_units == 20
    both = call("simulate", "--rotate", 5, "--network", "own.h5", "--cortex", 1)
    assert both.exit_code == 2 and "leave out --network" in both.stderr
    other = call("simulate", "--rotate", 5, "--network", "own.h5", "--task", "match")
    assert other.exit_code == 2 and "own.h5 is trained on center_out" in other.stderr


def test_two_runs_of_one_schedule_are_close(tmp_path):
    schedule = Schedule().baseline(15).rotate(30, 40).rotate(-30, 10).clamp(15)
    for name, seed in (("a", 0), ("b", 1)):
        task, network = CenterOut(n_targets=1), CCRNN.pretrained(seed)
        simulate(network, task, schedule, seed=seed, record="activity").save(f"{name}.nc")
    words = ("--surrogates", 39, "--json", "c.json", "--figure", "c.png", "--components", 2)
    result = call("compare", "a.nc", "b.nc", *words)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "c.json").read_text())
    curves = found["distances"]["learning curves"]
    assert curves["distance"] < 0.3 and curves["p_value"] <= 0.05
    assert "a.nc: 80 trials, 442 neurons, 45 times" in result.stdout
    assert "learning curves: distance 0." in result.stdout
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_a_method_of_ones_own_is_benchmarked(tmp_path):
    (tmp_path / "my_method.py").write_text(
        "import numpy as np\n"
        "class Means:\n"
        "    def fit(self, X): return self\n"
        "    def transform(self, X): return X.mean(axis=2)[:, :5]\n"
    )
    words = ("--only", "PCA", "--problem", "exact CP", "--surrogates", 19)
    own = ("--method", "my_method:Means", "--json", "r.json", "--figure", "r.png")
    result = call("recovery-benchmark", *words, *own)
    assert result.exit_code == 0, result.output
    rows = json.loads((tmp_path / "r.json").read_text())
    assert {row["method"] for row in rows} == {"PCA", "Means"}
    assert "  Means" in result.stdout and (tmp_path / "r.png").exists()


def test_a_training_is_written_and_continued(tmp_path):
    words = ("train", "--units", 12, "--iterations", 3, "--checkpoints", 2, "--ratio", 2,
             "-o", "training.h5", "--run", "course.nc", "--figure", "training.png")  # fmt: skip
    found = call(*words)
    assert found.exit_code == 0, found.output
    assert "at the end: missed" in found.output
    assert tt.read("course.nc").sizes["trial"] == 2 * 40
    assert (tmp_path / "training.png").stat().st_size > 10_000
    again = call(*words)
    assert again.exit_code == 0
    assert "iteration 3 of 3" not in again.output  # it was there already
    other = call(*words, "--seed", 1)
    assert other.exit_code == 2
    assert "holds another training: its seed is 0, not 1" in other.output
