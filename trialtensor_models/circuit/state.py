"""What a training has come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trialtensor_models.circuit.dynamics import Setpoints
from trialtensor_models.circuit.pathways import Weights


@dataclass(frozen=True, eq=False, slots=True)
class Checkpoint:
    """Weights and setpoints after some iterations.

    Attributes
    ----------
    iteration : int
    weights : dict of arrays
        See `draw_weights`.
    setpoints : Setpoints
    """

    iteration: int
    weights: Weights
    setpoints: Setpoints

    @classmethod
    def of(cls, iteration: int, state: State) -> Checkpoint:
        """Keep what a training has come to."""
        return cls(iteration, dict(state.weights), state.setpoints)


@dataclass(frozen=True, eq=False)
class State:
    """A training between two iterations.

    Attributes
    ----------
    weights : dict of arrays
    setpoints : Setpoints
    rng : dict
        State of the generator that draws trials.
    iteration : int
    losses : list of float
        Of each iteration, before it.
    checkpoints : list of Checkpoint
    moments : dict of arrays
        What the optimiser remembers.
    seconds : float
        That training took.
    """

    weights: Weights
    setpoints: Setpoints
    rng: Any
    iteration: int = 0
    losses: list[float] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    moments: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: float = 0.0
