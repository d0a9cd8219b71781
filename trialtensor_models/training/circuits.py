"""Train circuits on rotated reaches in several ways, and make the files of the package anew.

``python -m trialtensor_models.training.circuits FOLDER`` keeps checkpoints in the folder and goes
on where it was stopped; it then writes what the package has, and prints what the guide quotes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from trialtensor.data.parameters import check_choice, check_whole
from trialtensor.storage import check_room
from trialtensor_models.circuit import Training, train_jointly
from trialtensor_models.circuit.packaged import PACKAGED
from trialtensor_models.tasks import RotatedReaching

# Neighbouring targets are as far apart as contexts turn the cursor: in each context other targets
# ask for the same direction of the hand.
TASK = RotatedReaching(n_targets=8, rotations=(-45.0, 0.0, 45.0))
_GRADIENT: dict[str, Any] = {"rules": "bptt", "n_iterations": 300, "batch_size": 16}
# Ways to train. The nuclei teach cortex a little more slowly than by default; at the default rate
# these trainings end alike.
ARMS: dict[str, dict[str, Any]] = {
    "local": {"rules": "local", "n_iterations": 1000, "batch_size": 8, "slow_rate": 5e-4},
    "gradient": _GRADIENT,
    "mixed": _GRADIENT | {"rules": {"cortex": "bptt", "cerebellum": "local"}},
    "frozen": _GRADIENT | {"cerebellum": "frozen"},
    "alone": _GRADIENT | {"cerebellum": False},
}
N_CHECKPOINTS = 20
# Of courses: small enough for three of them to come with the package.
COURSES = ("local", "gradient", "alone")
CIRCUITS = ("local", "gradient", "mixed", "alone")
RECORDED: dict[str, Any] = {"bin_width": 0.1, "n_granule": 60, "weights": False}


def trained(arm: str, seed: int = 0, folder: Path | None = None, **changes: Any) -> Training:
    """Train a circuit in one of the ways.

    Parameters
    ----------
    arm : {"local", "gradient", "mixed", "frozen", "alone"}
        By local rules; by back-propagation; cortex by that and the cerebellum by local rules; with
        a cerebellum that never learns; and cortex alone, with as many trained weights.
    seed : int
    folder : Path, optional
        Where checkpoints go, and are looked for.
    **changes
        Of the arguments of `train_jointly`, for shorter trainings.

    Returns
    -------
    Training
    """
    check_choice("arm", arm, tuple(ARMS))
    check_whole("seed", seed, 0)
    given = {"task": TASK, "checkpoints": N_CHECKPOINTS, "pushes": 0.0, **ARMS[arm], **changes}
    path = None if folder is None else folder / f"{arm}_{seed}.h5"
    return train_jointly(**given, seed=seed, path=path)


def main(kept: Path, package: Path) -> None:
    """Train, write what the package has, and print how each ended."""
    check_room(package)
    kept.mkdir(parents=True, exist_ok=True)
    for arm in ARMS:
        training = trained(arm, folder=kept)
        last = training.performance().isel(checkpoint=-1)
        print(f"{arm}: {training.seconds:.0f} s")
        print("  " + ", ".join(f"{name} {float(last[name]):.3f}" for name in last.data_vars))
        if arm in COURSES:
            training.run(**RECORDED).save(package / f"reaching_{arm}.nc")
        if arm in CIRCUITS:
            training.save(package / f"reaching_{arm}.h5", last=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(str(PACKAGED)))
