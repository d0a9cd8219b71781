"""``trialtensor-models pretrain``: a network of one's own, as a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialtensor.cli.console import say
from trialtensor.cli.running import clear_errors
from trialtensor_models.cli.app import app
from trialtensor_models.cli.files import check_ending, check_outputs

if TYPE_CHECKING:
    from trialtensor_models.network import CCRNN

_LINES = 10  # of progress


@app.command()
def pretrain(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the network goes, a .h5 file.")
    ] = Path("network.h5"),
    task: Annotated[str, typer.Option(help="Such as center_out or reversal.")] = "center_out",
    units: Annotated[int, typer.Option(min=2, help="Of cortex.")] = 200,
    granule: Annotated[int, typer.Option(min=1, help="Granule cells.")] = 1000,
    iterations: Annotated[int, typer.Option(min=1, help="Of training.")] = 1200,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, training and wiring.")] = 0,
) -> None:
    """Train a cortex to do its task and to obey its thalamus; needs torch, takes minutes."""
    with clear_errors():
        check_ending(output, ".h5", "--output")
        check_outputs(output)
        network = _untrained(task, units, granule, seed)
        if find_spec("torch") is None:
            raise ValueError("pretraining needs torch: pip install 'trialtensor[models]'")
        model = network.pretrain(seed=seed, n_iterations=iterations, report=reporter(iterations))
        model.save(output)
        for line in _quality(model):
            say(line)
        say(f"written to {output}; use it with: trialtensor-models simulate --network {output}")


def _untrained(task: str, units: int, granule: int, seed: int) -> CCRNN:
    from trialtensor_models.network import CCRNN, Cerebellum, Cortex
    from trialtensor_models.tasks import task_from

    try:
        own = task_from({"name": task})
    except ValueError as error:
        raise ValueError(f"--task: {error}") from error
    return CCRNN(
        cortex=Cortex(n_units=units),
        cerebellum=Cerebellum(n_granule=granule),
        task=own,
        seed=seed,
    )


def reporter(n_iterations: int) -> Callable[[int, float], None]:
    """Say ten times how far training is, how well it does and how long it will take.

    Parameters
    ----------
    n_iterations : int

    Returns
    -------
    callable
        Takes the iteration and its loss.
    """
    started, every = time.monotonic(), max(1, n_iterations // _LINES)

    def report(iteration: int, loss: float) -> None:
        done = iteration + 1
        if done % every and done != n_iterations:
            return
        taken = time.monotonic() - started
        left = taken / done * (n_iterations - done)
        say(f"iteration {done} of {n_iterations}: loss {loss:.2g}, {left:.0f} s left", err=True)

    return report


def _quality(model: CCRNN) -> list[str]:
    """Say how well it reaches, where it does."""
    from dataclasses import replace

    from trialtensor_models.plants import PointMass
    from trialtensor_models.tasks import CenterOut
    from trialtensor_models.training.reaching import reach_errors

    if not isinstance(model.task, CenterOut):
        return []
    quiet = replace(model, cortex=replace(model.cortex, noise=0.0))
    try:
        degrees, share = reach_errors(quiet, PointMass(motor_noise=0.0), 0.0)
    except ValueError as error:
        return [f"warning: it can't adapt yet: {error}"]
    return [
        f"largest error at the end of reaches to 16 targets: {degrees:.1f} degrees, "
        f"{100 * share:.1f} % of the distance"
    ]
