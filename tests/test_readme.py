"""The README keeps its word."""

import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from typer.testing import CliRunner

from tests.format_samples import nwb

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """The file that the README speaks of."""
    pytest.importorskip("pynwb")
    nwb(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    plt.close("all")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_python_runs(recording):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert {"report.html", "model.h5"} <= {path.name for path in recording.iterdir()}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_commands_run(recording):
    from trialtensor.cli import app

    text = README.replace("\\\n", " ")
    commands = re.findall(r"^trialtensor (.*)$", text, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["inspect", "fit", "rank", "track"]
    for command in commands:
        done = CliRunner().invoke(app, shlex.split(command))
        assert done.exit_code == 0, done.output
    promised = {"report.html", "model.h5", "summary.json", "figures"}
    assert promised <= {path.name for path in (recording / "results").iterdir()}
    assert (recording / "out" / "rank_report.html").is_file()
    assert (recording / "followed" / "tracking.html").is_file()


def test_links_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_targets_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"make (?:[A-Z]+=\S+ )?([a-z]+)", README + _contributing())
    promised = {name for name in named if name not in ("and", "data")}
    assert promised <= set(targets)


def _contributing() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text("utf-8")
