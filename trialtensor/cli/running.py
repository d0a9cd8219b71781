"""Code shared by commands: a fit with its files, and one-line errors."""

import re
import warnings
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from trialtensor.cli.console import (
    ended_by_signals,
    interrupted_status,
    open_streams,
    output_failure,
    say,
    was_ended,
)
from trialtensor.cli.options import Fit
from trialtensor.cli.recording import Recording
from trialtensor.cli.results import Written, reason

BAD_INPUT = 2


def fit_and_write(recording: Recording, fit: Fit, output: Path, *, static: bool = False) -> None:
    """Fit, print the results, and write the files.

    Parameters
    ----------
    recording : Recording
    fit : Fit
        Its model is fitted in place.
    output : Path
        The folder; one that can't be written to is refused before the fit.
    static : bool
        Whether the page has no scripts.
    """
    from trialtensor.cli.folder import claimed
    from trialtensor.cli.writing import possible_names

    with claimed(output, possible_names()):
        written = fit_into(recording, fit, output, static=static)
    exit_if_incomplete(written)


def fit_into(recording: Recording, fit: Fit, output: Path, *, static: bool = False) -> Written:
    """Fit, save the model before anything else, print the results, and write the other files.

    Parameters
    ----------
    recording : Recording
    fit : Fit
        Its model is fitted in place.
    output : Path
        The folder, claimed.
    static : bool
        Whether the page has no scripts.

    Returns
    -------
    Written
        What is there now; what isn't has been said.
    """
    from trialtensor.cli.describing import describe
    from trialtensor.cli.writing import save_model, write_results
    from trialtensor.models import DegeneracyWarning
    from trialtensor.solvers.result import StopReason

    with warnings.catch_warnings():
        # What is printed of the fit says the same.
        said = re.escape(StopReason.DEGENERATE.advice)
        warnings.filterwarnings("ignore", said, DegeneracyWarning)
        model = fit.model.fit(recording.data, **fit.options)
    recording.remember(model)
    written = Written(output)
    try:
        save_model(model, written)
        say(describe(model, recording.source))
        write_results(model, recording, written, fit.options, static=static)
    except KeyboardInterrupt:
        saved = ", ".join(written.names) or "nothing"
        say(f"error: interrupted while writing; saved to {written.folder}: {saved}", err=True)
        raise typer.Exit(interrupted_status()) from None
    tell(written)
    if model.fitted_.record.stop_reason.value == "interrupted":
        checkpoint = getattr(recording.elsewhere, "checkpoint", None)
        if checkpoint is not None:
            say(f"interrupted: the same command goes on from {checkpoint}", err=True)
        raise typer.Exit(interrupted_status())
    return written


def tell(written: Written) -> None:
    """Say what has been written, and what hasn't.

    Parameters
    ----------
    written : Written
    """
    if written.names:
        say(f"written to {written.folder}: {', '.join(written.names)}")
    if written.failures:
        say(f"error: {written.complaint()}", err=True)


def exit_if_incomplete(*written: Written) -> None:
    """End the command with an error if anything could not be written."""
    if any(each.failures for each in written):
        raise typer.Exit(BAD_INPUT)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Report errors in one line on stderr, without a traceback; end by signals like Ctrl-C."""
    open_streams()
    with warnings.catch_warnings(), ended_by_signals():
        warnings.showwarning = _show_warning
        try:
            yield
        except (ValueError, OSError, MemoryError) as error:
            say(f"error: {_one_line(error)}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt:
            say("error: interrupted", err=True)
            raise typer.Exit(interrupted_status()) from None
        except BrokenProcessPool as error:
            _end_of_processes()
            raise typer.Exit(interrupted_status() if was_ended() else BAD_INPUT) from error
        if output_failure() is not None:
            say(f"error: standard output: {output_failure()}", err=True)
            raise typer.Exit(BAD_INPUT)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {reason(error)}"
    return str(error)


def _end_of_processes() -> None:
    """Tell the two ways apart in which processes end before their work does."""
    if was_ended():
        say("error: interrupted", err=True)
        return
    say(
        "error: a parallel process was ended from outside, as systems do where memory is short; "
        "use fewer processes (--n-jobs)",
        err=True,
    )


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}", err=True)
