"""Whatever goes wrong while a file is read is one line with its name."""

import os
import socket
import tokenize
import warnings
import zlib

import numpy as np
import pytest

import trialtensor
from trialtensor.io import inspect, read
from trialtensor.opening.guard import RefusedError, printable, reading, reading_own
from trialtensor.variables import readers


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(), RecursionError("deep"), RuntimeError("two\nlines"), OverflowError("large"),
        tokenize.TokenError("EOF", (1, 0)), NotImplementedError("method"), zlib.error("bad"),
        IndexError("index"), TypeError("type"), AttributeError("none"), KeyError("key"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "start"), AssertionError(), EOFError(),
        StopIteration(), np.exceptions.AxisError("axis"), SyntaxError("syntax"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("own", [True, False])
def test_every_exception_becomes_one_line(tmp_path, error, own):
    path = tmp_path / "session.npy"
    path.write_bytes(b"\x93NUMPY")
    guard = reading_own(path, "saved model") if own else reading(path, "an array", b"\x93NUMPY")
    with pytest.raises(ValueError, match=r"session\.npy") as caught, guard:
        raise error
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.__cause__ is error


def test_an_interrupt_is_no_damage(tmp_path):
    path = tmp_path / "session.npy"
    path.touch()
    with pytest.raises(KeyboardInterrupt), reading(path, "an array"):
        raise KeyboardInterrupt


def test_guards_within_each_other_say_it_once(tmp_path):
    path = tmp_path / "run.nc"
    path.touch()
    with (
        pytest.raises(ValueError) as caught,
        reading_own(path, "run"),
        reading_own(path, "run"),
    ):
        raise RefusedError("is no run")
    assert str(caught.value) == f"path: {str(path)!r} is no run"


def test_files_of_another_kind_are_named_as_such(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("<!doctype html>")
    with pytest.raises(ValueError, match="seemingly a web page"):
        trialtensor.load(path)


def test_libraries_do_not_warn(tmp_path, recwarn):
    path = tmp_path / "x.npy"
    path.touch()
    with reading(path, "an array"):
        warnings.warn("of a library", stacklevel=1)
    assert not recwarn


def test_a_reader_of_another_package_needs_no_handling_of_errors(tmp_path, monkeypatch):
    folder = tmp_path / "readers"
    folder.mkdir()
    code = "SUFFIXES = ('.odd',)\ndef describe(path):\n    raise RecursionError('deep')\n"
    (folder / "odd.py").write_text(code)
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(folder)])
    (tmp_path / "data.odd").write_text("7")
    with pytest.raises(ValueError, match=r"data\.odd: cannot be read as a \.odd file, .*\(deep\)"):
        read(tmp_path / "data.odd")


# --- no files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [inspect, read, trialtensor.load])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".nc", ".h5", ".mat"])
def test_pipes_are_refused_without_opening_them(tmp_path, look, suffix):
    """Reading one would wait forever."""
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    with pytest.raises(ValueError, match="is a pipe, expected a file"):
        look(path)


def test_sockets_and_devices_are_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as open_socket:
        # The name of a socket is short.
        monkey = os.open(tmp_path, os.O_RDONLY)
        open_socket.bind(f"/proc/self/fd/{monkey}/s.npz")
        os.close(monkey)
    with pytest.raises(ValueError, match="is a socket, expected a file"):
        read(tmp_path / "s.npz")
    (tmp_path / "zero.npy").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="is a device, expected a file"):
        read(tmp_path / "zero.npy")


def test_what_a_terminal_would_act_on_is_escaped():
    assert printable("a\x1b[31m\n\u202e\udcff") == "a\\x1b[31m\\n\\u202e\\udcff"
    assert printable("Größe µ") == "Größe µ"
