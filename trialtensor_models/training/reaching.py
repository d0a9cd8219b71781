"""Make the networks of the package anew: ``python -m trialtensor_models.training.reaching``.

Prints the time of pretraining and the largest error of the end of a reach, to 16 targets and to 16
between them; the guide quotes them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trialtensor.storage import check_room
from trialtensor_models.network import CCRNN, PACKAGED
from trialtensor_models.plants import Plant, PointMass, TwoLinkArm
from trialtensor_models.sessions import Schedule, simulate
from trialtensor_models.tasks import CenterOut

N_NETWORKS = 5
N_ITERATIONS = 1200


def reach_errors(model: CCRNN, plant: Plant, first_angle: float) -> tuple[float, float]:
    """Largest error of the end of a reach to 16 targets, in degrees and as a share of the distance.

    Gains are set on 16 directions from 0 degrees; ``first_angle=11.25`` are those between. Networks
    practise whole degrees, so those between are none that they have met.
    """
    task = CenterOut(n_targets=16, first_angle=first_angle)
    schedule = Schedule().baseline(16, learns=False)
    run = simulate(model, task, schedule, plant=plant, record="behaviour")
    behaviour = run.behaviour
    return (
        float(np.abs(behaviour["angle"]).max()),
        float(behaviour["end_error"].max()) / task.distance,
    )


def pretrained_anew(seed: int) -> CCRNN:
    """The network of the package with this number, trained from the start."""
    return CCRNN(seed=seed).pretrain(seed=seed, n_iterations=N_ITERATIONS)


def main(folder: Path, seeds: Sequence[int] = range(N_NETWORKS)) -> None:
    """Train, save and measure."""
    check_room(folder)  # before minutes of training
    for seed in seeds:
        started = time.perf_counter()
        model = pretrained_anew(seed)
        print(f"network {seed}: pretrained in {time.perf_counter() - started:.0f} s")
        model.save(folder / f"center_out_{seed}.h5")
        for plant in (PointMass(motor_noise=0.0), TwoLinkArm(motor_noise=0.0)):
            for name, first_angle in (("16", 0.0), ("16 untrained", 11.25)):
                degrees, share = reach_errors(model, plant, first_angle)
                print(
                    f"  {type(plant).__name__}, {name} directions: at most {degrees:.2f} degrees, "
                    f"{100 * share:.1f} % of the distance"
                )


if __name__ == "__main__":
    main(Path(str(PACKAGED)))
