"""Arguments and options shared by several commands."""

from pathlib import Path
from typing import Annotated

import typer

from trialtensor.cli.options import Gauge, Transform

File = Annotated[
    Path,
    typer.Argument(
        help="Recording: npz, npy, netCDF, HDF5, MATLAB or NWB file, or folder of a sorter."
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")]
MODELS = "tca, slicetca, parafac2, coupled, dynamics, or one that another package registers"
Decomposition = Annotated[str, typer.Option("--model", help=f"Decomposition: {MODELS}.")]
Nonnegative = Annotated[
    bool, typer.Option("--nonnegative", help="Components without negative entries.")
]
WhichGauge = Annotated[
    Gauge | None, typer.Option("--gauge", help="slicetca: which type gets shared variance.")
]
Blocks = Annotated[
    str | None, typer.Option(help="parafac2: trial label of blocks with separate neuron factors.")
]
Groups = Annotated[
    str | None, typer.Option(help="coupled: neuron label of datasets, such as area.")
]
Variable = Annotated[str | None, typer.Option(help="Array in the file, if several.")]
Axes = Annotated[str | None, typer.Option(help="Order of its axes, such as neuron,trial,time.")]
Align = Annotated[
    str | None,
    typer.Option(help="Spikes, signals: event that trials are cut around, such as go_cue."),
]
Window = Annotated[str | None, typer.Option(help="Seconds from that event, such as -0.5,1.0.")]
BinSize = Annotated[float | None, typer.Option(help="Seconds of a bin, such as 0.02.")]
Trials = Annotated[str | None, typer.Option(help="Which trials, such as 'reward == 1'.")]
Units = Annotated[
    str | None, typer.Option(help="Which units or cells, such as \"quality == 'good'\".")
]
Signal = Annotated[str | None, typer.Option(help="Signal to cut, such as dff; default: spikes.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="What the reader asks for, such as rate=30; repeatable."),
]
Memory = Annotated[
    str | None,
    typer.Option(help="Read the file a few trials at a time, in about this much memory: 2GB."),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="File from which a fit that was stopped goes on; reads as --memory does."),
]
Device = Annotated[str | None, typer.Option(help="Fit on a device of torch, such as cuda.")]
Transformed = Annotated[Transform, typer.Option("--transform", help="Transform of the data first.")]
About = Annotated[
    str | None,
    typer.Option(
        help="Trial label, such as target: the mean trial of each of its values is taken out first."
    ),
]
ColorBy = Annotated[str | None, typer.Option(help="Trial label that colours figures.")]
Static = Annotated[
    bool, typer.Option("--static", help="Page without scripts: figures are pictures only.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
MaxIter = Annotated[int | None, typer.Option(min=1, help="Maximum sweeps per restart.")]
Tol = Annotated[float | None, typer.Option(min=0, help="Relative tolerance.")]
