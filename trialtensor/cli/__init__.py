"""The `trialtensor` command: from a recording to a report."""

import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import trialtensor
from trialtensor.cli.options import Gauge, Model, Transform, make_model

if TYPE_CHECKING:
    import xarray

    from trialtensor.models import TCA, SliceTCA

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    help="Find components in neural recordings with trial structure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trialtensor {trialtensor.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Find components in neural recordings with trial structure."""


@app.command()
def fit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="npz, npy, netCDF or HDF5 file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    components: Annotated[
        str,
        typer.Option(help="Such as 6; for slicetca 2,3,2 (trial-, neuron-, time-slicing)."),
    ],
    model: Annotated[Model, typer.Option(help="Decomposition.")] = Model.tca,
    nonnegative: Annotated[
        bool, typer.Option("--nonnegative", help="Components without negative entries.")
    ] = False,
    gauge: Annotated[
        Gauge | None, typer.Option(help="slicetca: who gets what slicing types share.")
    ] = None,
    variable: Annotated[str | None, typer.Option(help="Array in the file, if several.")] = None,
    axes: Annotated[
        str | None, typer.Option(help="What its axes are, such as neuron,trial,time.")
    ] = None,
    transform: Annotated[
        Transform, typer.Option(help="What is done to the data first.")
    ] = Transform.none,
    color_by: Annotated[str | None, typer.Option(help="Trial label that colours figures.")] = None,
    n_init: Annotated[
        int | None, typer.Option(min=1, help="Restarts; else the model's own number.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the restarts.")] = 0,
    n_jobs: Annotated[int | None, typer.Option(help="Processes for restarts.")] = None,
    max_iter: Annotated[int | None, typer.Option(min=1, help="Sweeps a restart.")] = None,
    tol: Annotated[float | None, typer.Option(min=0, help="Relative tolerance.")] = None,
) -> None:
    """Fit a decomposition and write model, tables, figures, summary and report."""
    with _clear_errors():
        from trialtensor.io import read

        parameters = {
            "nonnegative": nonnegative,
            "gauge": None if gauge is None else gauge.value,
            "n_init": n_init,
            "n_jobs": n_jobs,
            "random_state": seed,
            "max_iter": max_iter,
            "tol": tol,
        }
        estimator = make_model(model, components, parameters)
        _run(
            read(file, variable=variable, axes=_split(axes)),
            estimator,
            transform=transform.value,
            color_by=color_by,
            output=output,
            source=file,
            command=_as_typed(context),
            reading=_reading(file, variable, _split(axes)),
        )


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="npz, npy, netCDF or HDF5 file.")],
    axes: Annotated[
        str | None, typer.Option(help="What the axes are, such as neuron,trial,time.")
    ] = None,
) -> None:
    """Say what is in a file, and how it would be read."""
    with _clear_errors():
        from trialtensor.io import inspect

        typer.echo(inspect(file, axes=_split(axes)))


@app.command()
def demo(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path(
        "trialtensor_demo"
    ),
) -> None:
    """Fit the bundled example: reaches that adapt to a rotation of the cursor."""
    with _clear_errors():
        from trialtensor.data.example import EXAMPLE_PATH
        from trialtensor.io import read

        _run(
            read(EXAMPLE_PATH),
            make_model(Model.tca, "5", {"random_state": 0}),
            transform="sqrt",
            color_by="phase",
            output=output,
            source=EXAMPLE_PATH,
            command=_as_typed(context),
            reading="X = trialtensor.load_example()",
        )


def _run(
    tensor: "xarray.DataArray",
    model: "TCA | SliceTCA",
    *,
    transform: str,
    color_by: str | None,
    output: Path,
    source: Path,
    command: str,
    reading: str,
) -> None:
    """Everything that can be refused is refused before the fit."""
    from trialtensor.cli.describing import describe
    from trialtensor.cli.writing import prepare, write_results
    from trialtensor.data import transform_values

    tensor = transform_values(_trial_label(tensor, color_by), transform)
    prepare(output)
    model.fit(tensor)
    typer.echo(describe(model, source))
    if transform != "none":
        reading += f"\nX = trialtensor.data.transform_values(X, {transform!r})"
    written: list[str] = []
    try:
        for name in write_results(
            model,
            output,
            transform=transform,
            color_by=color_by,
            source=source,
            command=command,
            code=reading,
        ):
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


def _reading(file: Path, variable: str | None, axes: list[str] | None) -> str:
    """Python that reads the file as this command did."""
    given = {"variable": variable, "axes": axes}
    named = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    return f"X = trialtensor.read({str(file)!r}{named})"


def _split(axes: str | None) -> list[str] | None:
    return None if axes is None else axes.split(",")


def _as_typed(context: typer.Context) -> str:
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
def _clear_errors() -> Iterator[None]:
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
