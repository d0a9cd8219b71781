"""What climbing fibres carry of a trial's error, and when."""

from __future__ import annotations

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor_models.network import CCRNN
from trialtensor_models.plasticity.rules import saturated

# Errors of a movement arrive as it is made. Whether there is a reward is known after it: its
# prediction error arrives then, and is credited to synapses that the movement has made eligible.


def carried_error(model: CCRNN, error: np.ndarray, n_after: int) -> np.ndarray:
    """Find the error that climbing fibres carry at each step.

    Parameters
    ----------
    model : CCRNN
    error : (T, 2) array
        What the network learns from.
    n_after : int
        Steps that are recorded after the movement.

    Returns
    -------
    (T + n_after, 2) array
        In m/s. A reward prediction error is held all through the steps after the movement; where
        there are none, the record ends before it arrives.
    """
    error = saturated(whole(error, "error"), model.plasticity.error_saturation)
    carried = np.zeros((len(error) + n_after, 2))
    if model.plasticity.teacher == "rpe":
        carried[len(error) :] = _held(error)[0]
    else:
        carried[: len(error)] = error
    return carried


def shared_error(model: CCRNN, error: np.ndarray) -> np.ndarray:
    """Find what depresses both groups of opponent Purkinje cells alike, as an error.

    Parameters
    ----------
    model : CCRNN
        With Purkinje cells.
    error : (T, 2) array
        What the network learns from, as large as it is carried.

    Returns
    -------
    (T, 2) array
        By the step that it is credited to.
    """
    if model.olive is None:
        raise ValueError("n_purkinje: the network has no Purkinje cells")
    if model.plasticity.teacher != "rpe":
        return model.olive.shared(error)
    held, eligible = _held(error)
    return eligible[:, None] * model.olive.shared(held)


def _held(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest error (2,), and the size of the others as a share of it (T,).

    An error that a reward makes of a straight movement has one direction and the time course of the
    speed, so it is the product of the two. Where a movement turns, its largest error stands for
    all: a reward comes once.
    """
    size = np.linalg.norm(error, axis=-1)
    return error[size.argmax()], size / max(float(size.max()), 1e-300)
