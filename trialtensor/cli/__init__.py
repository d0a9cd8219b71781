"""The `trialtensor` command: from a recording to a report."""

import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import trialtensor

if TYPE_CHECKING:
    import xarray

    from trialtensor.models import TCA

BAD_INPUT = 2
INTERRUPTED = 130
SIMILAR = 0.95


class Transform(StrEnum):
    """What `fit` may do to the data first, see `trialtensor.data.transforms`."""

    none = "none"
    sqrt = "sqrt"
    log1p = "log1p"
    zscore = "zscore"


class Model(StrEnum):
    """Decompositions that `fit` offers."""

    tca = "tca"


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
    components: Annotated[int, typer.Option(min=1, help="Number of components.")],
    model: Annotated[Model, typer.Option(help="Decomposition.")] = Model.tca,
    nonnegative: Annotated[
        bool, typer.Option("--nonnegative", help="Factors without negative entries.")
    ] = False,
    variable: Annotated[str | None, typer.Option(help="Array in the file, if several.")] = None,
    axes: Annotated[
        str | None, typer.Option(help="What its axes are, such as neuron,trial,time.")
    ] = None,
    transform: Annotated[
        Transform, typer.Option(help="What is done to the data first.")
    ] = Transform.none,
    color_by: Annotated[str | None, typer.Option(help="Trial label that colours figures.")] = None,
    n_init: Annotated[int, typer.Option(min=1, help="Restarts.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the restarts.")] = 0,
    n_jobs: Annotated[int | None, typer.Option(help="Processes for restarts.")] = None,
    max_iter: Annotated[int | None, typer.Option(min=1, help="Sweeps a restart.")] = None,
    tol: Annotated[float | None, typer.Option(min=0, help="Relative tolerance.")] = None,
) -> None:
    """Fit a decomposition and write model, tables, figures, summary and report."""
    with _clear_errors():
        from trialtensor.io import read

        parameters: dict[str, Any] = {
            "n_components": components,
            "nonnegative": nonnegative,
            "n_init": n_init,
            "n_jobs": n_jobs,
            "random_state": seed,
        }
        # Where nothing is said, the model's own defaults hold.
        parameters |= {} if max_iter is None else {"max_iter": max_iter}
        parameters |= {} if tol is None else {"tol": tol}
        estimator = _model(parameters)
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
            _model({"n_components": 5, "random_state": 0}),
            transform="sqrt",
            color_by="phase",
            output=output,
            source=EXAMPLE_PATH,
            command=_as_typed(context),
            reading="X = trialtensor.load_example()",
        )


def _model(parameters: dict[str, Any]) -> "TCA":
    """Refuse wrong parameters before a large file is read."""
    from trialtensor.models import TCA
    from trialtensor.models.options import check_options

    model = TCA(**parameters, verbose=1)
    check_options(model)
    return model


def _run(
    tensor: "xarray.DataArray",
    model: "TCA",
    *,
    transform: str,
    color_by: str | None,
    output: Path,
    source: Path,
    command: str,
    reading: str,
) -> None:
    """Everything that can be refused is refused before the fit."""
    from trialtensor.cli.writing import prepare, write_results
    from trialtensor.data import transform_values

    tensor = transform_values(_trial_label(tensor, color_by), transform)
    prepare(output)
    model.fit(tensor)
    typer.echo(_describe(model, source))
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


def _describe(model: "TCA", source: Path) -> str:
    summary = model.data_summary_
    n_trials, n_neurons, n_times = summary["shape"]
    missing = summary["missing_fraction"]
    lines = [
        f"{source.name}: {n_trials} trials, {n_neurons} neurons, {n_times} times, "
        + (f"{missing:.1%} missing" if missing else "nothing missing"),
        f"{len(model.weights_)} components explain {model.explained_variance_ratio_:.1%} of the "
        f"sum of squares; {model.stop_reason_.value} after {model.n_iter_} sweeps",
    ]
    similarity = sorted(restart.similarity for restart in model.restarts_[1:])
    if similarity:
        lines.append(
            f"{sum(each >= SIMILAR for each in similarity)} of {len(similarity)} other restarts "
            f"found the same components (similarity {similarity[0]:.2f} to {similarity[-1]:.2f})"
        )
    return "\n".join(lines)


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
