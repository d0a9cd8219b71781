"""Shapes of several strokes that are drawn one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import perm
from typing import ClassVar

import numpy as np

from trialtensor.data.parameters import SEEDS, check_number, check_whole
from trialtensor_models.tasks.center_out import minimum_jerk
from trialtensor_models.tasks.task import Draw, conditions_of, steps_of

# Shapes lead to the right, as writing does, so that none ends where it began.
_WIDEST = 75.0


@dataclass(frozen=True, kw_only=True)
class SequenceDrawing:
    """Draw one of some shapes from memory: straight strokes, one after the other, without a pause.

    Shapes are different orders of the same few strokes, so a stroke tells neither the shape nor
    what comes next. No stroke comes twice in a shape. With as many strokes in all as in a shape
    (as by default), all shapes end at the same place, by other ways.

    Parameters
    ----------
    n_sequences : int
        Shapes.
    n_strokes : int
        In a shape. There are as many strokes in all as so many shapes need, and no more.
    seed : int
        Of the directions of the strokes and the shapes that are made of them.
    distance : float
        Length of a stroke, in m.
    hold, stroke, stay : float
        Seconds before the go signal, of each stroke (minimum jerk), and after the last.

    Examples
    --------
    >>> task = SequenceDrawing()
    >>> task.labels
    array([0, 1, 2, 3, 4, 5])
    >>> task.directions[:2].round()
    array([[ 36., -46.,  -7.],
           [ -7.,  36., -46.]])
    """

    n_sequences: int = 6
    n_strokes: int = 3
    seed: int = 0
    distance: float = 0.06
    hold: float = 0.2
    stroke: float = 0.3
    stay: float = 0.2

    name: ClassVar[str] = "sequence_drawing"

    def __post_init__(self) -> None:
        check_whole("n_sequences", self.n_sequences, 1)
        check_whole("n_strokes", self.n_strokes, 1)
        check_whole("seed", self.seed, 0, SEEDS)
        for name in ("distance", "hold", "stroke", "stay"):
            check_number(name, getattr(self, name), above=0)

    @property
    def labels(self) -> np.ndarray:
        """The shapes."""
        return np.arange(self.n_sequences)

    @property
    def n_inputs(self) -> int:
        """One a shape, and one to hold."""
        return self.n_sequences + 1

    @property
    def directions(self) -> np.ndarray:
        """(n_sequences, n_strokes) directions of strokes in degrees, in the order of drawing."""
        return _shapes(self.n_sequences, self.n_strokes, self.seed)

    @property
    def vertices(self) -> np.ndarray:
        """(n_sequences, n_strokes + 1, 2) places between strokes in m; the first is the start."""
        strokes = self.distance * _unit(self.directions)
        return np.cumsum(np.insert(strokes, 0, 0.0, axis=1), axis=1)

    def go(self, dt: float) -> int:
        """Find the step of the go signal.

        Parameters
        ----------
        dt : float
            Step in seconds.

        Returns
        -------
        int
        """
        return steps_of(self.hold, dt, "hold")

    def draw(self, conditions: np.ndarray, dt: float, rng: np.random.Generator) -> Draw:
        """Draw trials; nothing about them is random.

        Parameters
        ----------
        conditions : (n,) int array
            Shapes.
        dt : float
            Step in seconds.
        rng : numpy.random.Generator

        Returns
        -------
        Draw
        """
        conditions = conditions_of(conditions, self.n_sequences)
        go, moving, after = (
            steps_of(getattr(self, name), dt, name) for name in ("hold", "stroke", "stay")
        )
        over = go + self.n_strokes * moving
        inputs = np.zeros((len(conditions), over + after, self.n_inputs))
        inputs[np.arange(len(conditions)), :, conditions] = 1
        inputs[:, :go, -1] = 1
        desired = np.zeros((*inputs.shape[:2], 2))
        speed = np.tile(self.distance / self.stroke * minimum_jerk(moving), self.n_strokes)
        along = np.repeat(_unit(self.directions[conditions]), moving, axis=1)
        desired[:, go:over] = speed[:, None] * along
        return Draw(inputs, desired)

    def reference(self) -> SequenceDrawing:
        """The same shapes."""
        return self


def _unit(degrees: np.ndarray) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], -1)


@lru_cache(maxsize=32)
def _shapes(n_sequences: int, n_strokes: int, seed: int) -> np.ndarray:
    """(n_sequences, n_strokes) directions in degrees; all rows differ."""
    rng = np.random.default_rng(seed)
    n_known = n_strokes
    while perm(n_known, n_strokes) < n_sequences:
        n_known += 1
    # One in each sector of equal width, and not at its edge: strokes are told apart.
    within = np.arange(n_known) + rng.uniform(0.2, 0.8, n_known)
    known = _WIDEST * (2 * within / n_known - 1)
    orders: dict[tuple[int, ...], None] = {}
    while len(orders) < n_sequences:
        orders[tuple(rng.permutation(n_known)[:n_strokes].tolist())] = None
    shapes: np.ndarray = known[np.array(list(orders))]
    shapes.setflags(write=False)
    return shapes
