"""Theories of adaptation on people's behaviour, ranked by the people they weren't fitted to.

17 people: 32 trials of baseline, 100 of a 30 degree rotation, 12 of its opposite, 20 of an error
clamp. There are no cues, so gated slow states are the two-state model here. Then what the fitted
theories show in other schedules, which would tell them apart.

``python -m trialtensor_models.experiments.theories two_rate_behaviour.npz -o FIGURE``
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from trialtensor.cli.console import say
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.rates import EFFECTS, Behaviour, TheoryComparison, compare_theories, effect


def effects_of(found: TheoryComparison) -> pd.DataFrame:
    """What the fitted theories show in schedules of their own.

    Parameters
    ----------
    found : TheoryComparison

    Returns
    -------
    DataFrame
        A row an effect, a column a theory.
    """
    return pd.DataFrame(
        {
            theory: {name: effect(name, model) for name in EFFECTS}
            for theory, model in found.models.items()
        }
    )


def main(
    data: Annotated[Path, typer.Argument(help="npz with hand_angle_deg and rotation_deg.")],
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("theories.png"),
) -> None:
    """Compare theories on people's behaviour."""
    with figure_to(output) as write:
        with np.load(data, allow_pickle=False) as file:
            # Hands go against the rotation of the cursor.
            people = Behaviour.of(file["hand_angle_deg"], -file["rotation_deg"])
        found = compare_theories(people)
        say(found.table.round(2).to_string())
        say(found.verdict)
        for theory, fit in found.fits.items():
            for name, (low, high) in fit.intervals.items():
                say(f"{theory}: {name} {fit.parameters[name]:.4g} ({low:.4g} to {high:.4g})")
        say(effects_of(found).round(2).to_string())
        write(found.plot())


if __name__ == "__main__":
    typer.run(main)
