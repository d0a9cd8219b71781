"""What is printed, and signals: neither may lose the results of a command."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer

CTRL_C = 130
# The reader has gone, or there never was one: on purpose, so that isn't an error.
_ON_PURPOSE = {errno.EPIPE, errno.EBADF, errno.EIO}


class App(typer.Typer):
    """A command whose help and usage errors may fail to be printed."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except OSError:
            _silence(sys.stdout)
            _silence(sys.stderr)
            raise SystemExit(2) from None


class _State:
    """The signal that ended the command, and why standard output failed."""

    signal: int | None = None
    failure: str | None = None


def open_streams() -> None:
    """Open what is closed of input, output and error, and let no character fail.

    Else the next file to be opened would take the number of standard error, and warnings of C
    libraries would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            # Names of files needn't be text, and not every terminal has every letter.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(text: str, *, err: bool = False) -> None:
    """Print a line; go on if that fails.

    Parameters
    ----------
    text : str
    err : bool
        On standard error.
    """
    try:
        typer.echo(text, err=err)
    except (OSError, ValueError) as error:
        if not err and getattr(error, "errno", None) not in _ON_PURPOSE:
            _State.failure = getattr(error, "strerror", None) or str(error)
        _silence(sys.stderr if err else sys.stdout)


def _silence(stream: Any) -> None:
    """Let nothing be written any more: the rest would fail again when the process ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def output_failure() -> str | None:
    """Return why standard output failed, if that wasn't meant."""
    return _State.failure


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end a block like Ctrl-C.

    Signals that somebody ignores or handles stay as they are.
    """
    _State.signal = _State.failure = None
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: Any) -> None:
    _State.signal = number
    raise KeyboardInterrupt


def was_ended() -> bool:
    """Return whether a signal, other than Ctrl-C, has ended the command."""
    return _State.signal is not None


def interrupted_status() -> int:
    """Return the exit status of an interrupted command, as shells count: 143 after SIGTERM."""
    return CTRL_C if _State.signal is None else 128 + _State.signal
