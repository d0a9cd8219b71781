"""The `trialtensor` command: from a recording to a report."""

from pathlib import Path
from typing import Annotated, Any

import typer

import trialtensor
from trialtensor.cli import arguments as given
from trialtensor.cli import rank_options as ranked
from trialtensor.cli import track_options as followed
from trialtensor.cli.console import App, say
from trialtensor.cli.first import First
from trialtensor.cli.in_blocks import Place
from trialtensor.cli.options import Transform, find_kind, make_fit
from trialtensor.cli.reading import Reading
from trialtensor.cli.recording import Recording, as_typed
from trialtensor.cli.running import clear_errors, fit_and_write

app = App(
    help="Find components in neural recordings with trial structure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"trialtensor {trialtensor.__version__}")
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
        typer.Option(help="Number, such as 6; slicetca: 2,3,2 (trial-, neuron-, time-slicing)."),
    ],
    model: given.Decomposition = "tca",
    blocks: given.Blocks = None,
    groups: given.Groups = None,
    nonnegative: given.Nonnegative = False,
    gauge: given.WhichGauge = None,
    variable: given.Variable = None,
    axes: given.Axes = None,
    align: given.Align = None,
    window: given.Window = None,
    bin_size: given.BinSize = None,
    trials: given.Trials = None,
    units: given.Units = None,
    signal: given.Signal = None,
    option: given.Options = None,
    transform: given.Transformed = Transform.none,
    about: given.About = None,
    color_by: given.ColorBy = None,
    n_init: Annotated[
        int | None, typer.Option(min=1, help="Restarts; default: the model's.")
    ] = None,
    seed: given.Seed = 0,
    n_jobs: Annotated[int | None, typer.Option(help="Processes for restarts.")] = None,
    max_iter: given.MaxIter = None,
    tol: given.Tol = None,
    memory: given.Memory = None,
    checkpoint: given.Checkpoint = None,
    device: given.Device = None,
    static: given.Static = False,
) -> None:
    """Fit a decomposition and write model, tables, figures, summary and report."""
    with clear_errors():
        options = {
            "blocks": blocks, "groups": groups, "nonnegative": nonnegative,
            "gauge": None if gauge is None else gauge.value,
            "n_init": n_init, "n_jobs": n_jobs, "max_iter": max_iter, "tol": tol,
        }  # fmt: skip
        how = Reading(variable, axes, align, window, bin_size, trials, units, signal, option)
        asked = make_fit(find_kind(model), components, options, seed=seed)
        place = Place(memory, checkpoint, device)
        place.check(asked.model)
        recording = Recording.read(
            file,
            how,
            first=First(transform.value, about),
            color_by=color_by,
            context=context,
            labels=asked.labels,
            place=place,
        )
        fit_and_write(recording, asked, output, static=static)


@app.command()
def rank(
    context: typer.Context,
    file: given.File,
    output: given.Output,
    components: ranked.Candidates,
    model: given.Decomposition = "tca",
    blocks: given.Blocks = None,
    groups: given.Groups = None,
    nonnegative: given.Nonnegative = False,
    gauge: given.WhichGauge = None,
    variable: given.Variable = None,
    axes: given.Axes = None,
    align: given.Align = None,
    window: given.Window = None,
    bin_size: given.BinSize = None,
    trials: given.Trials = None,
    units: given.Units = None,
    signal: given.Signal = None,
    option: given.Options = None,
    transform: given.Transformed = Transform.none,
    about: given.About = None,
    color_by: given.ColorBy = None,
    splits: ranked.WhatIsHeldOut = None,
    fraction: ranked.Fraction = 0.1,
    length: ranked.Length = None,
    guard: ranked.Guard = None,
    repeats: ranked.Repeats = 5,
    rule: ranked.WhichRule = ranked.Rule.one_se,
    n_init: ranked.Restarts = None,
    seed: given.Seed = 0,
    n_jobs: ranked.Jobs = None,
    max_iter: given.MaxIter = None,
    tol: given.Tol = None,
    memory: given.Memory = None,
    device: given.Device = None,
    static: given.Static = False,
) -> None:
    """Choose the number of components by held-out error, and fit that model.

    To resume an interrupted search, run the same command again.
    """
    with clear_errors():
        from trialtensor.cli.ranking import Ranking

        how = Reading(variable, axes, align, window, bin_size, trials, units, signal, option)
        kind = find_kind(model)
        candidates = ranked.parse_grid(kind, components)
        options = {
            "blocks": blocks, "groups": groups, "nonnegative": nonnegative,
            "gauge": None if gauge is None else gauge.value,
            "n_init": n_init, "max_iter": max_iter, "tol": tol,
        }  # fmt: skip
        asked = make_fit(kind, ranked.first_of(candidates), options, seed=seed)
        place = Place(memory, device=device)
        place.check(asked.model)
        splits = splits or ranked.suited_splits(kind)
        held_out = ranked.make_splits(splits, fraction, length, guard, repeats, seed)
        ranking = Ranking(asked, candidates, held_out, rule.value, n_jobs, seed, output, static)
        read: Any = {"color_by": color_by, "labels": asked.labels}
        first = First(transform.value, about)
        ranking.run(Recording.read(file, how, first=first, context=context, place=place, **read))


@app.command()
def track(
    context: typer.Context,
    file: followed.Followed,
    output: given.Output,
    data: followed.Data = None,
    labels: followed.Labels = None,
    conditions: followed.Conditions = None,
    behaviour: followed.Behaviour = None,
    perturbation: followed.Perturbation = None,
    learning_block: followed.LearningBlock = None,
    components: followed.Components = None,
    model: followed.Decomposition = None,
    dataset: followed.Dataset = None,
    exclude_unstable: followed.ExcludeUnstable = False,
    blocks: given.Blocks = None,
    groups: given.Groups = None,
    nonnegative: given.Nonnegative = False,
    variable: given.Variable = None,
    axes: given.Axes = None,
    align: given.Align = None,
    window: given.Window = None,
    bin_size: given.BinSize = None,
    trials: given.Trials = None,
    units: given.Units = None,
    signal: given.Signal = None,
    option: given.Options = None,
    transform: given.Transformed = Transform.none,
    about: given.About = None,
    seed: given.Seed = 0,
    static: given.Static = False,
) -> None:
    """Follow components over trials: which change, when, how fast, and how certainly."""
    with clear_errors():
        from trialtensor.cli.tracking import Following, follow_model, follow_recording

        following = Following(
            labels=labels,
            conditions=conditions,
            behaviour=behaviour,
            perturbation=perturbation,
            learning_block=learning_block,
            seed=seed,
            output=output,
            dataset=dataset,
            exclude_unstable=exclude_unstable,
            static=static,
        )
        fit = {"model": model, "blocks": blocks, "groups": groups, "nonnegative": nonnegative}
        reading = {
            "variable": variable, "axes": axes, "align": align, "window": window,
            "bin_size": bin_size, "trials": trials, "units": units, "signal": signal,
            "options": option, "transform": transform.value, "about": about,
        }  # fmt: skip
        if components is None:
            follow_model(following, file, data, fit, reading, context)
        elif data is not None:
            raise ValueError("--data: with --components, the file is the recording already")
        else:
            follow_recording(following, file, components, fit, reading, context)


@app.command()
def inspect(file: given.File, axes: given.Axes = None, option: given.Options = None) -> None:
    """Describe the contents of a file or folder, and how it would be read.

    The exit status is 1 if nothing in it can be fitted.
    """
    with clear_errors():
        from trialtensor.cli.inspecting import described

        text, fits = described(file, Reading(axes=axes, options=option))
        say(text)
        if not fits:
            raise typer.Exit(1)


@app.command("bin")
def bin_recording(
    context: typer.Context,
    file: given.File,
    output: Annotated[Path, typer.Option("--output", "-o", help="netCDF file to write.")],
    align: given.Align = None,
    window: given.Window = None,
    bin_size: given.BinSize = None,
    trials: given.Trials = None,
    units: given.Units = None,
    signal: given.Signal = None,
    option: given.Options = None,
) -> None:
    """Cut spike times or signals into trials, and write the tensor to a netCDF file."""
    with clear_errors():
        from trialtensor.cli.binning import bin_into

        how = Reading(None, None, align, window, bin_size, trials, units, signal, option)
        say(bin_into(file, how, output))


@app.command()
def demo(
    context: typer.Context,
    output: given.Output = Path("trialtensor_demo"),
    static: given.Static = False,
) -> None:
    """Fit the bundled example: reaches that adapt to a rotation of the cursor."""
    with clear_errors():
        from trialtensor.data.example import EXAMPLE_PATH
        from trialtensor.io import read

        recording = Recording.of(
            read(EXAMPLE_PATH),
            source=EXAMPLE_PATH,
            first=First("sqrt"),
            color_by="phase",
            command=as_typed(context),
            reading="X = trialtensor.load_example()",
        )
        fit_and_write(recording, make_fit(find_kind("tca"), "5", {}, seed=0), output, static=static)
