"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from trialtensor.cli.options import Gauge, Model, Transform

File = Annotated[Path, typer.Argument(help="npz, npy, netCDF or HDF5 file.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")]
Decomposition = Annotated[Model, typer.Option("--model", help="Decomposition.")]
Nonnegative = Annotated[
    bool, typer.Option("--nonnegative", help="Components without negative entries.")
]
WhichGauge = Annotated[
    Gauge | None, typer.Option("--gauge", help="slicetca: who gets what slicing types share.")
]
Variable = Annotated[str | None, typer.Option(help="Array in the file, if several.")]
Axes = Annotated[str | None, typer.Option(help="What its axes are, such as neuron,trial,time.")]
First = Annotated[Transform, typer.Option("--transform", help="What is done to the data first.")]
ColorBy = Annotated[str | None, typer.Option(help="Trial label that colours figures.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn at random.")]
MaxIter = Annotated[int | None, typer.Option(min=1, help="Sweeps a restart.")]
Tol = Annotated[float | None, typer.Option(min=0, help="Relative tolerance.")]
