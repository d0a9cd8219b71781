"""Weights of cortex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.shown import OneLine


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class CorticalWeights(OneLine):
    """The weights of cortex, which pretraining finds.

    Attributes
    ----------
    W : (N, N) array
        Recurrent weights.
    W_in : (N, n_inputs) array
    W_th : (N, 2) array
        From the thalamus; its input is a velocity in m/s.
    W_out : (2, N) array
        To the hand, as a velocity in m/s.
    b : (N,) array
    """

    W: np.ndarray
    W_in: np.ndarray
    W_th: np.ndarray
    W_out: np.ndarray
    b: np.ndarray

    def __post_init__(self) -> None:
        N = len(self.b)
        shapes = {"W": (N, N), "W_in": (N, -1), "W_th": (N, 2), "W_out": (2, N), "b": (N,)}
        for name, shape in shapes.items():
            array = np.array(as_floats(getattr(self, name), name))
            fits = array.ndim == len(shape) and all(
                n in (-1, m) for n, m in zip(shape, array.shape, strict=True)
            )
            if not fits:
                needed = str(shape).replace("-1", "n_inputs")
                raise ValueError(f"{name}: expected shape {needed}, got {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name}: expected finite weights")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
