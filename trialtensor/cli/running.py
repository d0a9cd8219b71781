"""Code shared by commands: a fit with its files, and one-line errors."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from trialtensor.cli.options import Fit
from trialtensor.cli.recording import Recording

BAD_INPUT = 2
INTERRUPTED = 130


def fit_and_write(recording: Recording, fit: Fit, output: Path) -> None:
    """Fit, print the results, and write the files.

    Parameters
    ----------
    recording : Recording
    fit : Fit
        Its model is fitted in place.
    output : Path
        The folder; one that can't be written to is refused before the fit.
    """
    from trialtensor.cli.describing import describe
    from trialtensor.cli.writing import prepare, write_results

    prepare(output)
    model = fit.model.fit(recording.tensor, **fit.options)
    typer.echo(describe(model, recording.source))
    written: list[str] = []
    try:
        for name in write_results(model, recording, output, fit.options):
            written.append(name)
    except KeyboardInterrupt:
        saved = ", ".join(written) or "nothing"
        typer.echo(f"error: interrupted while writing; saved to {output}: {saved}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"written to {output}: {', '.join(written)}")
    if model.fitted_.record.stop_reason.value == "interrupted":
        raise typer.Exit(INTERRUPTED)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Report errors in one line on stderr, without a traceback."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            yield
        except (ValueError, OSError, MemoryError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt:
            typer.echo("error: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
