"""Arguments and options shared by several commands."""

from pathlib import Path
from typing import Annotated

import typer

from trialtensor.cli.options import Gauge, Transform

File = Annotated[Path, typer.Argument(help="npz, npy, netCDF, HDF5 or MATLAB 7.3 file.")]
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
First = Annotated[Transform, typer.Option("--transform", help="Transform of the data first.")]
ColorBy = Annotated[str | None, typer.Option(help="Trial label that colours figures.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
MaxIter = Annotated[int | None, typer.Option(min=1, help="Maximum sweeps per restart.")]
Tol = Annotated[float | None, typer.Option(min=0, help="Relative tolerance.")]
