"""The `trialtensor` command: from a recording to a report."""

from pathlib import Path
from typing import Annotated

import typer

import trialtensor
from trialtensor.cli import arguments as given
from trialtensor.cli import rank_options as asked
from trialtensor.cli.options import Model, Transform, make_model
from trialtensor.cli.running import (
    Recording,
    as_typed,
    clear_errors,
    fit_and_write,
    split_axes,
)

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
    file: given.File,
    output: given.Output,
    components: Annotated[
        str,
        typer.Option(help="Such as 6; for slicetca 2,3,2 (trial-, neuron-, time-slicing)."),
    ],
    model: given.Decomposition = Model.tca,
    nonnegative: given.Nonnegative = False,
    gauge: given.WhichGauge = None,
    variable: given.Variable = None,
    axes: given.Axes = None,
    transform: given.First = Transform.none,
    color_by: given.ColorBy = None,
    n_init: Annotated[
        int | None, typer.Option(min=1, help="Restarts; else the model's own number.")
    ] = None,
    seed: given.Seed = 0,
    n_jobs: Annotated[int | None, typer.Option(help="Processes for restarts.")] = None,
    max_iter: given.MaxIter = None,
    tol: given.Tol = None,
) -> None:
    """Fit a decomposition and write model, tables, figures, summary and report."""
    with clear_errors():
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
        recording = Recording.read(
            file, variable, axes, transform=transform.value, color_by=color_by, context=context
        )
        fit_and_write(recording, estimator, output)


@app.command()
def rank(
    context: typer.Context,
    file: given.File,
    output: given.Output,
    components: asked.Candidates,
    model: given.Decomposition = Model.tca,
    nonnegative: given.Nonnegative = False,
    gauge: given.WhichGauge = None,
    variable: given.Variable = None,
    axes: given.Axes = None,
    transform: given.First = Transform.none,
    color_by: given.ColorBy = None,
    splits: asked.WhatIsHeldOut = asked.Splits.time_blocks,
    fraction: asked.Fraction = 0.1,
    length: asked.Length = None,
    guard: asked.Guard = None,
    repeats: asked.Repeats = 5,
    rule: asked.WhichRule = asked.Rule.one_se,
    n_init: asked.Restarts = None,
    seed: given.Seed = 0,
    n_jobs: asked.Jobs = None,
    max_iter: given.MaxIter = None,
    tol: given.Tol = None,
) -> None:
    """Choose the number of components by held-out error, and fit what was chosen.

    The same command again goes on where it was stopped.
    """
    with clear_errors():
        from trialtensor.cli.ranking import Ranking

        candidates = asked.parse_grid(model, components)
        parameters = {
            "nonnegative": nonnegative,
            "gauge": None if gauge is None else gauge.value,
            "n_init": n_init,
            "random_state": seed,
            "max_iter": max_iter,
            "tol": tol,
        }
        ranking = Ranking(
            estimator=asked.make_estimator(model, candidates, parameters),
            candidates=candidates,
            splits=asked.make_splits(splits, fraction, length, guard, repeats, seed),
            rule=rule.value,
            n_jobs=n_jobs,
            seed=seed,
            output=output,
        )
        ranking.run(
            Recording.read(
                file, variable, axes, transform=transform.value, color_by=color_by, context=context
            )
        )


@app.command()
def track(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A model that fit has saved; with --components, a recording.")
    ],
    output: given.Output,
    labels: Annotated[
        str | None, typer.Option(help="Trial label that holds blocks, such as phase.")
    ] = None,
    behaviour: Annotated[
        str | None, typer.Option(help="Trial label that holds behaviour, a number a trial.")
    ] = None,
    perturbation: Annotated[
        str | None,
        typer.Option(help="Trial label of what is adapted to, NaN in an error clamp: fits rates."),
    ] = None,
    learning_block: Annotated[
        str | None, typer.Option(help="Block of the learning curves; else the second.")
    ] = None,
    components: Annotated[
        str | None, typer.Option(help="Fit a TCA with so many to the recording first.")
    ] = None,
    nonnegative: given.Nonnegative = False,
    variable: given.Variable = None,
    axes: given.Axes = None,
    transform: given.First = Transform.none,
    seed: given.Seed = 0,
) -> None:
    """Follow components over trials: which change, when, how fast, and how sure that is."""
    with clear_errors():
        from trialtensor.cli.tracking import Following
        from trialtensor.models import load

        following = Following(labels, behaviour, perturbation, learning_block, seed, output)
        command = as_typed(context)
        if components is None:
            code = f"import trialtensor\n\nmodel = trialtensor.load({str(file)!r})"
            following.run(load(file), file, command, code)
            return
        model = make_model(
            Model.tca, components, {"nonnegative": nonnegative, "random_state": seed}
        )
        recording = Recording.read(
            file, variable, axes, transform=transform.value, color_by=None, context=context
        )
        following.check_names(recording.tensor)
        fit_and_write(recording, model, output)
        saved = output / "model.h5"
        code = f"import trialtensor\n\nmodel = trialtensor.load({str(saved)!r})"
        following.run(model, file, command, code, recording.tensor)


@app.command()
def inspect(file: given.File, axes: given.Axes = None) -> None:
    """Say what is in a file, and how it would be read."""
    with clear_errors():
        from trialtensor.io import inspect

        typer.echo(inspect(file, axes=split_axes(axes)))


@app.command()
def demo(
    context: typer.Context,
    output: given.Output = Path("trialtensor_demo"),
) -> None:
    """Fit the bundled example: reaches that adapt to a rotation of the cursor."""
    with clear_errors():
        from trialtensor.data.example import EXAMPLE_PATH
        from trialtensor.io import read

        recording = Recording.of(
            read(EXAMPLE_PATH),
            source=EXAMPLE_PATH,
            transform="sqrt",
            color_by="phase",
            command=as_typed(context),
            reading="X = trialtensor.load_example()",
        )
        fit_and_write(recording, make_model(Model.tca, "5", {"random_state": 0}), output)
