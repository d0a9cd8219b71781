"""Everything that defines a network, without what it does.

The functions that wire, train, read and write networks take a blueprint, so none of them needs to
know `CCRNN`, which uses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from trialtensor.data.parameters import SEEDS, check_choice, check_number, check_whole
from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.tasks import CenterOut, Draw, Task, check_is_task

_PARTS = {
    "cortex": Cortex,
    "pathways": Pathways,
    "cerebellum": Cerebellum,
    "plasticity": Plasticity,
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Blueprint:
    """Configuration, weights, task, seed and lesions of a network.

    Attributes
    ----------
    cortex, pathways, cerebellum, plasticity : dataclasses
    weights : CorticalWeights or None
        None before pretraining.
    task : task
        What the weights are trained on.
    seed : int
        Of the wiring.
    silenced : tuple of (str, float)
        Regions and the share of their units that a lesion has silenced.
    """

    cortex: Cortex = field(default_factory=Cortex)
    pathways: Pathways = field(default_factory=Pathways)
    cerebellum: Cerebellum = field(default_factory=Cerebellum)
    plasticity: Plasticity = field(default_factory=Plasticity)
    weights: CorticalWeights | None = None
    task: Task = field(default_factory=CenterOut)
    seed: int = 0
    silenced: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for name, kind in _PARTS.items():
            if not isinstance(getattr(self, name), kind):
                raise ValueError(
                    f"{name}: expected {kind.__name__}(...), got {getattr(self, name)!r}"
                )
        check_is_task(self.task)
        _check_silenced(self.silenced)
        check_whole("seed", self.seed, 0, SEEDS)
        if self.cerebellum.n_inputs > self.pathways.n_pons:
            raise ValueError(
                f"n_inputs: a granule cell can have at most n_pons = {self.pathways.n_pons} "
                f"inputs, got {self.cerebellum.n_inputs}"
            )
        n_granule, n_pons = self.cerebellum.n_granule, self.pathways.n_pons
        if not self.cerebellum.expansion and n_granule != n_pons:
            raise ValueError(
                f"n_granule: without expansion expected n_pons = {n_pons}, got {n_granule}"
            )
        if self.weights is None:
            return
        if not isinstance(self.weights, CorticalWeights):
            raise ValueError(f"weights: expected CorticalWeights, got {self.weights!r}")
        N, n_inputs = self.weights.W_in.shape
        if self.cortex.n_units != N:
            raise ValueError(
                f"weights: they are for {N} cortical units, the configuration has "
                f"n_units = {self.cortex.n_units}; pretrain() makes weights of this size"
            )
        if n_inputs != self.task.n_inputs:
            raise ValueError(
                f"weights: they have {n_inputs} inputs, the task has {self.task.n_inputs}"
            )

    @classmethod
    def _of(cls, blueprint: Blueprint) -> Self:
        """Make one of this class of what any other defines."""
        return cls(**{part.name: getattr(blueprint, part.name) for part in fields(blueprint)})

    def __repr__(self) -> str:
        trained = "trained" if self.weights is not None else "not trained"
        parts = [self.cortex, self.pathways, self.cerebellum, self.plasticity]
        if self.silenced:
            parts.append("silenced: " + ", ".join(f"{r} {share:g}" for r, share in self.silenced))
        first = f"{type(self).__name__} {trained} on {self.task}, seed {self.seed}"
        return "\n  ".join([first, *map(str, parts)])

    @property
    def delay(self) -> int:
        """Steps from the nuclei to cortex, at least 1."""
        return max(1, round(self.pathways.thalamic_delay / self.cortex.dt))

    @property
    def lag(self) -> int:
        """Steps from the nuclei to the hand."""
        return max(self.delay, round(self.pathways.response_lag / self.cortex.dt))

    @property
    def kept(self) -> float:
        """Share of a granule cell's eligibility that is left a step later."""
        # In the mean a synapse waits for kept / (1 - kept) steps.
        steps = self.pathways.eligibility / self.cortex.dt
        return steps / (1 + steps)

    def reference_draw(self) -> Draw:
        """Draw a trial of each condition on which thresholds and gains are set."""
        task = self.task.reference()
        conditions = np.arange(len(task.labels))
        return task.draw(conditions, self.cortex.dt, np.random.default_rng(self.seed))


def _check_silenced(silenced: Any) -> None:
    """Refuse lesions that aren't pairs of a region and the share of its units."""
    for each in silenced if isinstance(silenced, tuple) else [silenced]:
        if not isinstance(each, tuple) or len(each) != 2:
            raise ValueError(f"silenced: expected (region, share) pairs, got {silenced!r}")
        check_choice("silenced", each[0], ("cortex", "pons", "granule"))
        check_number("silenced", each[1], least=0, most=1)
