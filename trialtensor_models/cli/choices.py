"""What options of several commands name: networks, tasks, plants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialtensor_models.network import CCRNN
    from trialtensor_models.plants import Plant
    from trialtensor_models.tasks import Task

PLANTS = ("point_mass", "two_link_arm")


def network_of(network: Path | None, cortex: int | None, task: str | None) -> CCRNN:
    """Load a network from a file, or from the package.

    Parameters
    ----------
    network : Path or None
    cortex : int or None
        Number of a network of the package; 0 unless given.
    task : str or None
        Name of the task that it is trained on; "center_out" unless given.
    """
    from trialtensor_models.network import CCRNN

    if network is None:
        return CCRNN.pretrained(0 if cortex is None else cortex, task=task or "center_out")
    if cortex is not None:
        raise ValueError("--cortex: is a network of the package; leave out --network or this")
    model = CCRNN.load(network)
    if task is not None and task != model.task.name:
        raise ValueError(f"--task: {network} is trained on {model.task.name}, got {task!r}")
    return model


def task_of(model: CCRNN, targets: int | None) -> Task:
    """Return the task of a network, with another number of targets if that is given.

    Parameters
    ----------
    model : CCRNN
    targets : int or None
    """
    from dataclasses import replace

    if targets is None:
        return model.task
    if not hasattr(model.task, "n_targets"):
        raise ValueError(f"--targets: {model.task.name} has none; leave it out")
    return replace(model.task, n_targets=targets)  # type: ignore[type-var]


def plant_of(name: str | None) -> Plant | None:
    """Make what moves; None is the one that goes with the task.

    Parameters
    ----------
    name : str or None
    """
    from trialtensor_models.plants import PointMass, TwoLinkArm

    if name is None:
        return None
    if name not in PLANTS:
        raise ValueError(f"--plant: expected one of {', '.join(PLANTS)}, got {name!r}")
    return PointMass() if name == "point_mass" else TwoLinkArm()
