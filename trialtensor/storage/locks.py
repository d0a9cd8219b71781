"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_BEHIND = 1 << 30  # Windows locks bytes, and nobody can read those: some behind the end


def lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, or the process ends.

    Parameters
    ----------
    descriptor : int

    Returns
    -------
    bool
        False where the file system knows no locks.

    Raises
    ------
    BlockingIOError
        If another process, or another opening of the file, has locked it.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _BEHIND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            raise BlockingIOError(error.errno, "locked by another process") from None
        return False
    return True


@contextmanager
def held(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Keep other processes out for the length of a block.

    The lock belongs to the open file, so that of a killed process is free again, although its file
    is still there. Where the file system knows no locks, the number of the process in the file
    counts, if such a process lives.

    Parameters
    ----------
    path : path
        A file for the lock alone; made, and removed afterwards.
    what : str
        What the lock is for, as the beginning of the message.

    Raises
    ------
    ValueError
        If another process holds it; the message has its number.
    OSError
        If the file can't be made.
    """
    path = Path(path)
    descriptor = _take(path, what)
    try:
        yield
    finally:
        if sys.platform == "win32":
            os.close(descriptor)  # an open file can't be removed there
            with suppress(OSError):
                path.unlink()
        else:
            with suppress(OSError):
                if _is_at(descriptor, path):
                    path.unlink()
            os.close(descriptor)


def _take(path: Path, what: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                locked = lock(descriptor)
            except BlockingIOError:
                raise ValueError(_refusal(what, _holder(descriptor))) from None
            if not _is_at(descriptor, path):
                os.close(descriptor)  # its holder has just removed it
                continue
            holder = _holder(descriptor)
            if not locked and _lives(holder):
                raise ValueError(_refusal(what, holder))
            _sign(descriptor)
            return descriptor
        except BaseException:
            os.close(descriptor)
            raise


def _sign(descriptor: int) -> None:
    text = json.dumps({"process": os.getpid(), "host": socket.gethostname()})
    with suppress(OSError):  # a full disk: the lock holds without a name
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text.encode())


def _holder(descriptor: int) -> dict[str, object]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = json.loads(os.read(descriptor, 4096))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(what: str, holder: dict[str, object]) -> str:
    by, host = holder.get("process"), holder.get("host")
    who = "another process" if by is None else f"process {by}"
    where = "" if host in (None, socket.gethostname()) else f" on {host}"
    return f"{what}: {who}{where} is writing there; wait until it has ended, or name another place"


def _lives(holder: dict[str, object]) -> bool:
    """Return whether a process on this machine has the number; of others, nothing is known."""
    process = holder.get("process")
    if not isinstance(process, int) or holder.get("host") != socket.gethostname():
        return False
    if process == os.getpid() or sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
