"""What commands share: the data and its story, a fit and its files, errors in one line."""

import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import xarray

    from trialtensor.models import TCA, SliceTCA

BAD_INPUT = 2
INTERRUPTED = 130


@dataclass(frozen=True, eq=False)
class Recording:
    """Data that is ready for a fit, and what reports say of it.

    Attributes
    ----------
    tensor : xarray.DataArray
        After `transform`.
    source : Path
    transform : str
    color_by : str or None
        A label of its trials.
    command : str
        The command line.
    code : str
        Python that makes `tensor`, named X.
    """

    tensor: "xarray.DataArray"
    source: Path
    transform: str
    color_by: str | None
    command: str
    code: str

    @classmethod
    def of(
        cls,
        tensor: "xarray.DataArray",
        *,
        source: Path,
        transform: str,
        color_by: str | None,
        command: str,
        reading: str,
    ) -> "Recording":
        """Transform what was read; refuse a label that isn't there."""
        from trialtensor.data import transform_values

        tensor = transform_values(_trial_label(tensor, color_by), transform)
        if transform != "none":
            reading += f"\nX = trialtensor.data.transform_values(X, {transform!r})"
        return cls(tensor, source, transform, color_by, command, reading)

    @classmethod
    def read(
        cls,
        file: Path,
        variable: str | None,
        axes: str | None,
        *,
        transform: str,
        color_by: str | None,
        context: typer.Context,
    ) -> "Recording":
        """Read a file as the options of a command say."""
        from trialtensor.io import read

        names = split_axes(axes)
        return cls.of(
            read(file, variable=variable, axes=names),
            source=file,
            transform=transform,
            color_by=color_by,
            command=as_typed(context),
            reading=reading_code(file, variable, names),
        )


def fit_and_write(recording: Recording, model: "TCA | SliceTCA", output: Path) -> None:
    """Everything that can be refused is refused before the fit."""
    from trialtensor.cli.describing import describe
    from trialtensor.cli.writing import prepare, write_results

    prepare(output)
    model.fit(recording.tensor)
    typer.echo(describe(model, recording.source))
    written: list[str] = []
    try:
        for name in write_results(model, recording, output):
            written.append(name)
    except KeyboardInterrupt:
        saved = ", ".join(written) or "nothing"
        typer.echo(f"error: interrupted while writing; saved to {output}: {saved}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"written to {output}: {', '.join(written)}")
    if model.stop_reason_.value == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _trial_label(tensor: "xarray.DataArray", color_by: str | None) -> "xarray.DataArray":
    """Refuse a label that isn't there; the number of the trial always is."""
    labels = {str(name) for name, coord in tensor.coords.items() if coord.dims == ("trial",)}
    if color_by == "trial" and "trial" not in labels:
        return tensor.assign_coords(trial=range(tensor.sizes["trial"]))
    if color_by is not None and color_by not in labels:
        known = ", ".join(sorted(labels | {"trial"}))
        raise ValueError(
            f"--color-by: no label of trials is called {color_by!r}; known are {known}"
        )
    return tensor


def reading_code(file: Path, variable: str | None, axes: list[str] | None) -> str:
    """Python that reads the file as this command did."""
    given = {"variable": variable, "axes": axes}
    named = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    return f"X = trialtensor.read({str(file)!r}{named})"


def split_axes(axes: str | None) -> list[str] | None:
    """Names of axes from what was typed."""
    return None if axes is None else axes.split(",")


def as_typed(context: typer.Context) -> str:
    """Rebuild the command line from the parameters that are not at their defaults."""
    words = ["trialtensor", str(context.info_name)]
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if value is None or value == parameter.default:
            continue
        if parameter.param_type_name == "option":
            words.append(max(parameter.opts, key=len))
        if value is not True:
            words.append(str(value))
    return shlex.join(words)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Say in one line on stderr what is wrong, without a traceback."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            yield
        except (ValueError, OSError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt:
            typer.echo("error: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
