"""The command that ranks theories."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from trialtensor_models.cli import app
from trialtensor_models.rates import TwoStateModel

P = np.repeat([0.0, 30.0, -30.0, np.nan], [10, 60, 12, 20])


def written(path, n=6, **columns):
    rows = []
    for i in range(n):
        y = TwoStateModel().simulate(P, noise=3.0, random_state=i).shown
        trial = {"subject": f"p{i}", "trial": np.arange(len(P)), "adaptation": y}
        rows.append(
            pd.DataFrame(trial | {"perturbation": np.nan_to_num(P), "clamp": np.isnan(P)} | columns)
        )
    pd.concat(rows).to_csv(path, index=False)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, ["theories", *map(str, arguments)])


def test_a_table_is_ranked(tmp_path):
    file = written(tmp_path / "people.csv")
    only = ["--only", "one-rate", "--only", "two-state", "--only", "gated slow states"]
    figure, table = tmp_path / "people.png", tmp_path / "ranking.csv"
    result = run(file, *only, "--figure", figure, "--table", table)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Behaviour(6 subjects, 102 trials)"
    assert lines[2].startswith("two-state ") and lines[4].startswith("one-rate ")
    assert "expects the same as two-state in these trials" in lines[3]
    assert lines[5].startswith("a tie of two-state and gated slow states")
    assert "two-state: A_f" in result.output and "(95 %: " in result.output
    assert figure.stat().st_size > 10_000
    saved = pd.read_csv(table, index_col="theory")
    assert saved.loc["two-state", "subjects_gap"] == 0


def test_saved_runs_are_subjects(tmp_path, monkeypatch):
    from trialtensor_models import CCRNN, CenterOut, Schedule, simulate

    schedule = Schedule().baseline(3).rotate(30, 30).clamp(5)
    files = []
    for seed in range(2):
        run_ = simulate(
            CCRNN.pretrained(0), CenterOut(n_targets=1), schedule, seed=seed, record="behaviour"
        )
        files.append(tmp_path / f"run{seed}.nc")
        run_.save(files[-1])
    result = run(*files, "--only", "one-rate")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Behaviour(2 subjects, 38 trials)")


def test_several_targets_are_warned_of():
    from trialtensor_models import CCRNN, Behaviour, CenterOut, Schedule, simulate

    schedule = Schedule().rotate(30, 21)
    run_ = simulate(CCRNN.pretrained(0), CenterOut(n_targets=4), schedule, record="behaviour")
    with pytest.warns(UserWarning, match="several targets"):
        behaviour = Behaviour.from_runs([run_])
    assert np.array_equal(behaviour.perturbation, np.full((1, 21), 30.0))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda path: (path / "absent.csv",), "absent.csv"),
        (lambda path: (written(path / "a.csv"), "--only", "two-rate"), "only: expected one of"),
        (lambda path: (written(path / "a.csv"), path / "b.csv"), "expected one table"),
        (lambda path: (written(path / "a.csv"), "--figure", path / "no" / "a.png"), "no"),
        (lambda path: (written(path / "a.csv"), "--figure", path / "a.xyz"), "xyz"),
        (lambda path: (written(path / "a.csv", perturbation=0.0),), "only 0 or NaN"),
        (lambda path: (written(path / "a.csv", clamp="perhaps"),), "clamp: expected true or false"),
        (lambda path: (_file(path / "a.csv", ""),), "a.csv"),
        (lambda path: (_file(path / "a.csv", "x,y\n1,2\n"),), "expected a column adaptation"),
        (lambda path: (_file(path / "a.nc", json.dumps({})),), "a.nc"),
    ],
)
def test_misuse(tmp_path, make, message):
    result = run(*make(tmp_path))
    assert result.exit_code != 0
    assert message in result.output and "Traceback" not in result.output


def _file(path, text):
    path.write_text(text)
    return path
