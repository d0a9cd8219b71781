"""``trialtensor-models compare``: a recording beside a run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app
from trialtensor_models.cli.files import check_figure, check_outputs, write_json

if TYPE_CHECKING:
    import xarray

    from trialtensor_models.analysis import ModelComparison


@app.command()
def compare(
    recording: Annotated[Path, typer.Argument(help="A recording that trialtensor can read.")],
    run: Annotated[Path, typer.Argument(help="A run that simulate made.")],
    variable: Annotated[
        str | None, typer.Option(help="Which array of the recording, if it has several.")
    ] = None,
    axes: Annotated[
        str | None, typer.Option(help="Its axes, such as neuron,trial,time, if names don't say.")
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(help="Label of the recording's trials whose means are taken out."),
    ] = None,
    components: Annotated[int, typer.Option(min=1, help="Of the TCA of each.")] = 4,
    surrogates: Annotated[int, typer.Option(min=1, help="Unrelated sessions to draw.")] = 200,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the numbers here, for programs.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="Where the figure goes.")] = Path("comparison.png"),
) -> None:
    """Compare how a recording and a run change over trials, beside unrelated slow changes."""
    with clear_errors():
        check_outputs(json_file)
        check_figure(figure)
        first, second = _recording(recording, variable, axes, condition), _simulation(run)
        from trialtensor.storage import write_figure
        from trialtensor_models.analysis import compare as compared
        from trialtensor_models.analysis import plot_model_comparison

        with warnings.catch_warnings():
            # Neurons or trials that are missing altogether are left out.
            warnings.simplefilter("ignore")
            found = compared(first, second, n_components=components, n_shuffles=surrogates)
        say(f"{recording.name}: {_sizes(first)}")
        say(f"{run.name}: {_sizes(second)}")
        for name in found.distances:
            say(found.line(name))
        say("p: share of sessions that change as slowly, but at other places, and are as close")
        if json_file is not None:
            write_json(json_file, _numbers(found, recording, run, components))
        say(f"figure: {write_figure(plot_model_comparison(found), figure, dpi=130)}")


def _recording(
    path: Path, variable: str | None, axes: str | None, condition: str | None
) -> xarray.DataArray:
    from trialtensor.cli.reading import split_axes
    from trialtensor.io import read
    from trialtensor_models.analysis import about_conditions, changes_by_region

    tensor = read(path, variable=variable, axes=split_axes(axes))
    if "region" in tensor.coords:
        # As is done to the run: a region with few neurons would count for nothing.
        tensor = changes_by_region(tensor)
    return tensor if condition is None else about_conditions(tensor, condition)


def _simulation(path: Path) -> xarray.DataArray:
    """Changes of a run, about the mean trial of each target."""
    from trialtensor_models.analysis import about_conditions, changes_by_region
    from trialtensor_models.sessions import Run

    run = Run.load(path)
    if run.activity is None:
        raise ValueError(f"{path}: is a run of behaviour alone; simulate it with --record activity")
    return about_conditions(changes_by_region(run.activity), "target")


def _sizes(tensor: xarray.DataArray) -> str:
    return ", ".join(f"{n} {axis}s" for axis, n in tensor.sizes.items())


def _numbers(found: ModelComparison, recording: Path, run: Path, components: int) -> dict[str, Any]:
    distances = {
        name: {
            "distance": score.value,
            "unrelated_mean": float(score.null.mean()),
            "unrelated_5_percent": float(sorted(score.null)[len(score.null) // 20]),
            "n_unrelated": len(score.null),
            "p_value": found.p_value(name),
        }
        for name, score in found.distances.items()
    }
    files = {"recording": str(recording), "run": str(run)}
    return {**files, "n_components": components, "distances": distances}
