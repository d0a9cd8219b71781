"""A file of search results: what doesn't belong is refused by line, and nothing stops a search."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import trialtensor
from trialtensor.selection.ledger import Ledger, fingerprint

ROW = {"error": 0.25, "explained": np.nextafter(0.5, 1), "stop_reason": "converged"}


def write(path, n_rows=3, about="a"):
    with Ledger.open(path, about, "m.TCA") as ledger:
        for i in range(n_rows):
            ledger.add(f"0/{i}/0", {**ROW, "n_parameters": i})


def read(path, about="a", model="m.TCA"):
    with Ledger.open(path, about, model) as ledger:
        return dict(ledger.rows)


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "search.jsonl")
    return tmp_path / "search.jsonl"


def test_rows_come_back_to_the_bit(path):
    assert read(path) == {f"0/{i}/0": {**ROW, "n_parameters": i} for i in range(3)}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_last_line_that_was_cut_short_is_dropped(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(read(path)) == ["0/0/0", "0/1/0"]
    assert path.read_bytes().endswith(b"}\n") and path.read_bytes().count(b"\n") == 3


ODD = {
    "garbage": b"garbage",
    "binary": b"\xff\xfe\x00",
    "nothing": b"",
    "a number": b"3",
    "null": b"null",
    "a list": b"[1, 2]",
    "no key": b'{"error": 0.1}',
    "no checksum": b'{"key": "0/9/0", "error": 0.1}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
@pytest.mark.parametrize("place", [1, 3])
def test_odd_lines_are_refused_by_number(path, line, place):
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:place], line, *lines[place:]]))
    with pytest.raises(ValueError, match=rf"search\.jsonl', line {place + 1}: not a line") as told:
        read(path)
    assert "\n" not in str(told.value)


def test_a_changed_digit_a_second_row_and_a_row_of_another_search_are_refused(path, tmp_path):
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0.25", b"0.15", 1))
    with pytest.raises(ValueError, match="line 2"):
        read(path)
    path.write_bytes(whole + whole.split(b"\n")[2] + b"\n")
    with pytest.raises(ValueError, match="line 5: a second row '0/1/0'"):
        read(path)
    write(tmp_path / "other.jsonl", about="b")
    path.write_bytes(whole + (tmp_path / "other.jsonl").read_bytes().split(b"\n")[1] + b"\n")
    with pytest.raises(ValueError, match="line 5"):
        read(path)


def test_another_version_and_another_class_are_refused(path, monkeypatch):
    with pytest.raises(ValueError, match=r"of a search with m\.TCA, and this one is with m\.Other"):
        read(path, model="m.Other")
    before = fingerprint([1], None, [])
    monkeypatch.setattr(trialtensor, "__version__", "99.0")
    assert fingerprint([1], None, []) != before
    with pytest.raises(ValueError, match=r"written by version .* and this is 99\.0"):
        read(path)
    path.write_text('{"format": "trialtensor-search 1", "about": "a"}\n')
    with pytest.raises(ValueError, match="written by another version"):
        read(path)


def test_two_processes_at_a_time_are_refused(path):
    code = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
        "import trialtensor\n"
        "from trialtensor.selection.ledger import Ledger\n"
        f"with Ledger.open({str(path)!r}, 'a', 'm.TCA'):\n"
        "    print('open', flush=True); sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        process.stdout.readline()
        with pytest.raises(ValueError, match=f"process {process.pid} is writing there"):
            read(path)
        process.kill()
    assert len(read(path)) == 3


def test_a_full_disk_stops_nothing_and_is_made_up_for(path, monkeypatch):
    fsync, full = os.fsync, []

    def no_space(descriptor):
        if full:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", no_space)
    before = path.read_bytes()
    with Ledger.open(path, "a", "m.TCA") as ledger:
        full.append(True)
        with pytest.warns(UserWarning, match="No space left on device; what is found waits"):
            ledger.add("0/3/0", ROW)
        ledger.add("0/4/0", ROW)  # one warning is enough
        assert path.read_bytes() == before
        full.clear()
        ledger.add("0/5/0", ROW)
    assert list(read(path)) == [f"0/{i}/0" for i in range(6)]


def test_a_file_that_was_removed_comes_back_whole(path):
    with Ledger.open(path, "a", "m.TCA") as ledger:
        path.unlink()
        ledger.add("0/3/0", ROW)
        ledger.add("0/4/0", ROW)
    assert len(read(path)) == 5


def test_a_folder_that_was_removed_is_a_warning(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        with Ledger.open(folder / "search.jsonl", "a", "m.TCA") as ledger:
            for each in folder.iterdir():
                each.unlink()
            folder.rmdir()
            ledger.add("0/0/0", ROW)
    told = [str(each.message) for each in given]
    assert len(told) == 2 and "waits in memory" in told[0]
    assert "1 results could not be written" in told[1]
