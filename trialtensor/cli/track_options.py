"""Options of `trialtensor track` that no other command has."""

from pathlib import Path
from typing import Annotated

import typer

from trialtensor.cli.arguments import MODELS

Followed = Annotated[
    Path, typer.Argument(help="A model that fit has saved; with --components, a recording.")
]
Labels = Annotated[str | None, typer.Option(help="Trial label that holds blocks, such as phase.")]
Behaviour = Annotated[
    str | None, typer.Option(help="Trial label that holds behaviour, a number for each trial.")
]
Perturbation = Annotated[
    str | None,
    typer.Option(help="Trial label of what is adapted to, NaN in an error clamp: fits rates."),
]
LearningBlock = Annotated[
    str | None, typer.Option(help="Block of the learning curves; else the second.")
]
Components = Annotated[
    str | None, typer.Option(help="Fit a model with so many to the recording first.")
]
Decomposition = Annotated[
    str | None, typer.Option("--model", help=f"Decomposition to fit: {MODELS}; else tca.")
]
Dataset = Annotated[str | None, typer.Option(help="coupled: whose components to follow; else all.")]
Data = Annotated[
    Path | None,
    typer.Option(help="The recording that the model was fitted to: its neurons are asked."),
]
Conditions = Annotated[
    str | None,
    typer.Option(help="Trial label that takes turns, such as the target: each has its own level."),
]
ExcludeUnstable = Annotated[
    bool, typer.Option("--exclude-unstable", help="Leave out neurons that drop out or drift.")
]
