"""Which reader opens a file: by content, those of other packages too, and one line of error."""

import types

import numpy as np
import pytest

from trialtensor.sessions import Session, formats, open_session


def reader(name, score, opened=None, **options):
    def match(path):
        if isinstance(score, Exception):
            raise score
        return score

    def open(path, channel=0):
        if isinstance(opened, Exception):
            raise opened
        return Session(name, path, notes=[f"channel {channel}"])

    return types.SimpleNamespace(NAME=name, match=match, open=open)


@pytest.fixture
def with_readers(monkeypatch):
    def put(*found):
        monkeypatch.setattr(formats, "_own", lambda: iter(found))

    return put


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rig.bin"
    path.write_bytes(b"\0\1\2")
    return path


def test_the_surest_reader_opens(with_readers, path):
    stumbling = reader("stumbling", ZeroDivisionError())
    with_readers(stumbling, reader("a", 0.2), reader("b", 0.9), reader("c", float("nan")))
    assert open_session(path).name == "b" and open_session(str(path)).kind == "b"


def test_options_reach_the_reader_and_unknown_ones_are_named(with_readers, path):
    with_readers(reader("a rig file", 1.0))
    assert open_session(path, channel=3).notes == ["channel 3"]
    with pytest.raises(ValueError, match=r"a rig file has no option 'chanel'; it takes channel"):
        open_session(path, chanel=3)


def test_whatever_a_reader_raises_names_the_file(with_readers, path):
    with_readers(reader("a rig file", 1.0, RuntimeError("bad\nstate")))
    with pytest.raises(ValueError, match=r"rig\.bin: cannot be read as a rig file.*\(bad\)") as got:
        open_session(path)
    assert "\n" not in str(got.value)


def test_unknown_files_and_folders(tmp_path, path):
    with pytest.raises(ValueError, match=r"rig\.bin: is of no known format, which no reader knows"):
        open_session(path)
    with pytest.raises(ValueError, match=r"is a folder that no reader knows \(rig\.bin\)"):
        open_session(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        open_session(tmp_path / "gone")


def test_a_tensor_is_named_with_the_call_that_reads_it(tmp_path):
    np.savez(tmp_path / "x.npz", X=np.zeros((4, 3, 2)), y=np.zeros(4))
    session = open_session(tmp_path / "x.npz")
    assert session.tensors == {"X": (4, 3, 2)} and not session.holds_events
    assert "trialtensor.read(" in session.notes[0]
    np.savez(tmp_path / "y.npz", y=np.zeros(4))
    with pytest.raises(ValueError, match=r"y\.npz: holds neither a trial tensor"):
        open_session(tmp_path / "y.npz")


OTHER = """
from trialtensor.sessions import Session

NAME = "a rig file"


def match(path):
    return float(path.suffix == ".rig")


def open(path):
    return Session(path.name, path, tensors={"X": (1, 2, 3)})
"""


def install(folder, monkeypatch, name, text):
    """Put a module and its entry point where Python finds both, as pip does."""
    (folder / f"{name}.py").write_text(text)
    about = folder / f"{name}-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(f"[trialtensor.readers]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(folder)


def test_readers_of_other_packages(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "rig_reader_for_tests", OTHER)
    (tmp_path / "a.rig").write_bytes(b"\0")
    assert open_session(tmp_path / "a.rig").kind == "a rig file"


@pytest.mark.parametrize("text", ["import nothing_like_this", "NAME = 'half a reader'"])
def test_a_broken_reader_of_others_is_warned_of(tmp_path, monkeypatch, text):
    name = f"broken_reader_{len(text)}"
    install(tmp_path, monkeypatch, name, text)
    np.savez(tmp_path / "x.npz", X=np.zeros((4, 3, 2)))
    with pytest.warns(UserWarning, match=f"reader '{name}' of another package can't be used"):
        assert open_session(tmp_path / "x.npz").tensors
