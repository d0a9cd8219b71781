"""Files are whole or absent: after kills, on full disks, through links, with names of any bytes."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from trialtensor.storage import check_room, write_whole

KILLED = """
import sys
sys.path.insert(0, {root!r})
from trialtensor.storage import write_whole
letter = 0
print("begun", flush=True)
while True:
    letter = (letter + 1) % 26
    write_whole({path!r}, bytes([97 + letter]) * 3_000_000)
"""


def test_killed_at_any_moment_a_file_is_whole(tmp_path):
    path = tmp_path / "large.bin"
    code = KILLED.format(root=os.getcwd(), path=str(path))
    n_left = 0
    for delay in (0.02, 0.05, 0.08, 0.11, 0.14):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 3_000_000 and len(set(content)) == 1
        n_left += len(list(tmp_path.glob(".trialtensor-*")))
    assert n_left <= 5
    write_whole(path, b"last")
    assert [each.name for each in tmp_path.iterdir()] == ["large.bin"]  # stale ones are gone


def test_the_temporary_file_of_a_living_process_stays(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
        "from pathlib import Path\n"
        "from trialtensor.storage.whole import _temporary\n"
        f"with _temporary(Path({str(tmp_path)!r})):\n"
        "    print('open', flush=True); sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        process.stdout.readline()
        write_whole(tmp_path / "a.txt", "a")
        assert len(list(tmp_path.glob(".trialtensor-*"))) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("kind", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
def test_what_was_there_stays_if_writing_fails(tmp_path, monkeypatch, kind):
    path = tmp_path / "table.csv"
    write_whole(path, "old")

    def full(descriptor):
        raise kind

    monkeypatch.setattr("trialtensor.storage.whole._sync", full)
    with pytest.raises(type(kind), match="No space left.*table" if kind.args else None):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_permissions_are_those_of_the_umask_and_of_the_file_before(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write_whole(tmp_path / "new", "b")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


@pytest.mark.skipif(sys.platform == "win32", reason="links and devices of POSIX")
def test_links_are_followed_and_devices_stay_devices(tmp_path):
    there = tmp_path / "elsewhere"
    there.mkdir()
    (tmp_path / "link").symlink_to(there / "file")
    write_whole(tmp_path / "link", "through")
    assert (tmp_path / "link").is_symlink() and (there / "file").read_text() == "through"
    write_whole("/dev/null", "nothing")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="No space"):
            write_whole("/dev/full", "nothing")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
@pytest.mark.parametrize("name", [b"caf\xe9\xff.txt", b"x" * 255, b"new\nline", b"-rf"])
def test_names_of_any_bytes(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    write_whole(path, f'"{path.name[:4]}"')
    assert os.listdir(os.fsencode(tmp_path)) == [name]
    path.read_text(encoding="utf-8")  # what is no text is escaped


def test_a_folder_or_no_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_whole(tmp_path, "a")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        write_whole(tmp_path / "none" / "a", "a")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_room_is_found_out_by_writing(tmp_path):
    check_room(tmp_path)
    assert list(tmp_path.iterdir()) == []
    code = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
        "import resource\n"
        "from trialtensor.storage import check_room\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"check_room({str(tmp_path)!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "File too large" in done.stderr and done.returncode == 1
    assert list(tmp_path.iterdir()) == []
