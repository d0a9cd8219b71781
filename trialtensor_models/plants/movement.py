"""Movements of hand and cursor, and the errors that the eyes see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_number
from trialtensor.data.shown import OneLine
from trialtensor_models.plants.perturbation import Perturbation


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Movement(OneLine):
    """A movement of the hand, and of the cursor that shows it.

    Attributes
    ----------
    hand, cursor : (n, T, 2) arrays
        Position of the hand and of the cursor relative to the start, in m.
    error : (n, T, 2) array
        Wanted minus seen velocity, in m/s; 0 in an error clamp.
    """

    hand: np.ndarray
    cursor: np.ndarray
    error: np.ndarray


def check_velocities(
    velocities: np.ndarray, name: str, shape: tuple[int, ...] | None = None
) -> None:
    """Refuse arrays that aren't (n, T, 2), or of another shape than those that they go with.

    Parameters
    ----------
    velocities : array
    name : str
    shape : tuple of int, optional

    Raises
    ------
    ValueError
        Naming the argument.
    """
    if velocities.ndim != 3 or velocities.shape[2] != 2:
        raise ValueError(f"{name}: expected (n, T, 2) velocities, got shape {velocities.shape}")
    if shape is not None and velocities.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {velocities.shape}")


def check_perturbation(perturbation: Perturbation) -> None:
    """Refuse what isn't a perturbation.

    Parameters
    ----------
    perturbation : Perturbation

    Raises
    ------
    ValueError
    """
    if not isinstance(perturbation, Perturbation):
        raise ValueError(f"perturbation: expected a Perturbation, got {perturbation!r}")


def seen(
    velocity: np.ndarray, desired: np.ndarray, perturbation: Perturbation, dt: float
) -> Movement:
    """Turn velocities of the hand into a movement and the error that the eyes see.

    Parameters
    ----------
    velocity, desired : (n, T, 2) arrays
        Of the hand, and those that were wanted, in m/s.
    perturbation : Perturbation
    dt : float
        Step in seconds.

    Returns
    -------
    Movement
    """
    velocity, desired = as_floats(velocity, "velocity"), as_floats(desired, "desired")
    check_velocities(velocity, "velocity")
    check_velocities(desired, "desired", velocity.shape)
    check_number("dt", dt, above=0)
    check_perturbation(perturbation)
    turn = np.deg2rad(perturbation.rotation)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shown = velocity @ rotation.T
    error = np.zeros_like(shown) if perturbation.clamp else desired - shown
    if perturbation.clamp:
        shown = desired
    return Movement(np.cumsum(velocity, 1) * dt, np.cumsum(shown, 1) * dt, error)


def direction(command: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Angle from the wanted to the commanded displacement, in degrees counter-clockwise.

    Parameters
    ----------
    command, desired : (n, T, 2) arrays
        Velocities.

    Returns
    -------
    (n,) array
    """
    command, desired = as_floats(command, "command"), as_floats(desired, "desired")
    check_velocities(command, "command")
    check_velocities(desired, "desired", command.shape)
    went, wanted = command.sum(1), desired.sum(1)
    cross = wanted[:, 0] * went[:, 1] - wanted[:, 1] * went[:, 0]
    return np.rad2deg(np.arctan2(cross, (wanted * went).sum(1)))
