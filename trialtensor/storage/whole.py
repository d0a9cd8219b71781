"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trialtensor.storage.locks import lock

# Hidden, and of a fixed length: the name of the file itself may be as long as names can be.
PREFIX, SUFFIX = ".trialtensor-", ".part"
_ROOM = 65536  # bytes that a folder must take before a long fit is begun
_AT_ONCE = 1 << 28  # in one call; the system takes less than 2 GiB
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}  # file systems that can't
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_whole(path: str | os.PathLike[str], content: bytes | memoryview | str) -> None:
    """Write a file that is complete and on disk when it appears, or leave what was there.

    The content goes to a temporary file in the same folder, which then takes the name. A link is
    followed; an existing file keeps its permissions. Devices and pipes are written to as they are.
    Temporary files of processes that were killed are removed.

    Parameters
    ----------
    path : path, replaced if it exists
    content : bytes or str
        Text becomes UTF-8; what has none, such as parts of file names, is escaped.

    Raises
    ------
    OSError
        If the folder does not exist, or the file can't be written; the error names it.
    """
    check_target(path)
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    target = Path(os.path.realpath(path))
    with _naming(path):
        found = _status(target)
        if found is not None and not stat.S_ISREG(found.st_mode):
            with target.open("wb", buffering=0) as device:
                _write_all(device.fileno(), content)
            return
        if found is not None and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        _remove_stale(target.parent)
        with _temporary(target.parent) as (descriptor, part):
            _write_all(descriptor, content)
            _sync(descriptor)
            if found is not None:
                _keep_permissions(descriptor, found)
            if sys.platform == "win32":
                os.close(descriptor)  # an open file can't be renamed there
            os.replace(part, target)
        _sync_folder(target.parent)


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a path that no file can be written to: a folder, or inside none.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError
        Saying which of the two.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path: {str(path)!r} is a folder; name a file to save into")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {str(path.parent)!r} to save into")


def check_room(folder: str | os.PathLike[str], n_bytes: int = _ROOM) -> None:
    """Check that a folder can be written to and isn't full, by writing to it.

    Parameters
    ----------
    folder : path
    n_bytes : int

    Raises
    ------
    OSError
        As the system says it.
    """
    with _naming(folder):
        _remove_stale(Path(folder))
        with _temporary(Path(folder)) as (descriptor, _):
            _write_all(descriptor, bytes(n_bytes))
            _sync(descriptor)


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[int, Path]]:
    """Open a new temporary file; it is gone afterwards, unless it was renamed."""
    descriptor, part = _new(folder)
    try:
        yield descriptor, part
    finally:
        with suppress(OSError):
            os.close(descriptor)
        with suppress(OSError):
            part.unlink()


def _new(folder: Path) -> tuple[int, Path]:
    """Make a file with a lock on it, which says that its process lives."""
    while True:
        part = folder / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        descriptor = os.open(part, _NEW, 0o666)  # less what the umask takes
        try:
            lock(descriptor)
            if os.fstat(descriptor).st_nlink:
                return descriptor, part
        except BlockingIOError:
            pass  # taken for stale before it had its lock: another one
        os.close(descriptor)


def _remove_stale(folder: Path) -> None:
    """Remove temporary files whose process is gone: nobody holds their lock."""
    with suppress(OSError):
        for part in folder.glob(f"{PREFIX}*{SUFFIX}"):
            with suppress(OSError):
                _remove_unlocked(part)


def _remove_unlocked(part: Path) -> None:
    if sys.platform == "win32":
        part.unlink()  # refused while it is open
        return
    descriptor = os.open(part, os.O_RDWR)
    try:
        if lock(descriptor):
            part.unlink()
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    left = memoryview(content).cast("B")
    while left:
        left = left[os.write(descriptor, left[:_AT_ONCE]) :]


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(folder: Path) -> None:
    """Let the new name survive a power cut too, where folders can be synchronised."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep_permissions(descriptor: int, found: os.stat_result) -> None:
    with suppress(OSError, AttributeError):  # not on every system, nor for everybody
        if os.fstat(descriptor).st_uid != found.st_uid:
            os.fchown(descriptor, found.st_uid, found.st_gid)
    with suppress(OSError, AttributeError):
        os.fchmod(descriptor, stat.S_IMODE(found.st_mode))


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors name the file that was asked for, not the temporary one."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
