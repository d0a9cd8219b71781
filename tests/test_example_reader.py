"""The example of the guide "Add a format", installed beside the package by its entry point."""

import re
from pathlib import Path

import pytest

import trialtensor as tt

DOCS = Path(__file__).resolve().parents[1] / "docs"
EXAMPLE = DOCS / "examples" / "rig_reader"
LOG = """# rig log 1
s 1520 3
t 1400 left
s 2600 7
s 1000 3
t 2500 right
w 3000
t 4000 left
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Put the module and its entry point where Python finds them, as pip does."""
    declared = (EXAMPLE / "pyproject.toml").read_text("utf-8")
    entry = re.search(r'\[project\.entry-points\."(.*)"\]\n(.*) = "(.*)"', declared)
    about = tmp_path / "rig_reader-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rig-reader\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(f"[{entry[1]}]\n{entry[2]} = {entry[3]}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLE)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "monday.log"
    path.write_text(LOG)
    return path


def test_it_is_short():
    lines = (EXAMPLE / "rig_reader.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 40


def test_the_guide_shows_what_comes_out(installed, log):
    with tt.open_session(log) as session:
        shown = repr(session)
    guide = (DOCS / "guide" / "add_a_format.md").read_text("utf-8")
    assert shown in guide and "rig_reader.py" in guide


def test_its_sessions_become_tensors(installed, log):
    session = tt.open_session(log)
    assert session.units.spikes_of(3).tolist() == [1.0, 1.52]
    X = tt.bin_spikes(
        session.units, session.trials, align_to="cue", window=(0.0, 0.2), bin_size=0.1
    )
    assert X.to_numpy().sum(axis=0).tolist() == [[0, 1], [0, 1]]
    assert X["side"].to_numpy().tolist() == ["left", "right", "left"]
    assert tt.open_session(log, ticks=2000).units.spikes_of(3).tolist() == [0.5, 0.76]


def test_its_errors_name_the_file(installed, log):
    log.write_text("# rig log 1\ns now 3\n")
    with pytest.raises(ValueError, match=r"monday\.log: cannot be read as a log of our rig"):
        tt.open_session(log)
    with pytest.raises(ValueError, match="a log of our rig has no option 'tick'; it takes ticks"):
        tt.open_session(log, tick=1)


def test_without_it_the_log_is_unknown(log):
    with pytest.raises(ValueError, match=r"monday\.log: is a text file, which no reader knows"):
        tt.open_session(log)
