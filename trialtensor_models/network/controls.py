"""Networks that lack one thing, to see what a result rests on."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Self

import numpy as np

from trialtensor_models.network.blueprint import Blueprint
from trialtensor_models.network.checkpoints import packaged
from trialtensor_models.network.config import Cortex, Pathways
from trialtensor_models.network.readout import random_weights, with_readout
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.tasks import Task


class Controls(Blueprint):
    """The controls of a network. Each is a network: it is simulated, calibrated and saved alike."""

    @classmethod
    def untrained(cls, seed: int = 0, *, task: str = "center_out") -> Self:
        """Make a network whose cortex was never trained.

        Its weights are random, as pretraining would start from; only the readout is fitted, by
        ridge regression, to what a pretrained cortex does, so that the hand gets somewhere and
        obeys the thalamus. Sizes, task and cerebellum are those of `CCRNN.pretrained`.

        Parameters
        ----------
        seed : int
            Of cortex, and of the wiring of the cerebellum.
        task : str
            Name of the task.

        Returns
        -------
        CCRNN

        Raises
        ------
        ValueError
            If there is no network for this task in the package.

        Examples
        --------
        >>> from trialtensor_models import CCRNN, CenterOut, Schedule, simulate
        >>> schedule = Schedule().rotate(30, 10)
        >>> run = simulate(CCRNN.untrained(), CenterOut(n_targets=1), schedule)
        >>> float(run.truth.fast[-1]) > 5  # degrees: it learns, too
        True
        """
        network = packaged(task, seed)
        weights = _untrained(seed, network.cortex, network.pathways, network.task)
        changed = replace(network, weights=weights)
        return cls._of(changed)

    def without_recurrence(self) -> Self:
        """Cut all connections within cortex, and fit the readout anew by ridge regression.

        What cortex learns in adaptation, ``ΔW``, stays: without it there is no slow process.

        Returns
        -------
        CCRNN

        Raises
        ------
        ValueError
            If the network has no weights.
        """
        if self.weights is None:
            raise ValueError("weights: the network has none; use CCRNN.pretrained() or pretrain()")
        weights = _without_recurrence(self.weights, self.cortex, self.pathways, self.task)
        return replace(self, weights=weights)

    def without_expansion(self) -> Self:
        """Let the cerebellum learn on the activity of the pons itself.

        No granule layer: what the nuclei weigh is ``m / σ``, the 40 signed signals of the pons,
        neither mixed nor thresholded nor inhibited.

        Returns
        -------
        CCRNN
        """
        cerebellum = replace(
            self.cerebellum,
            n_granule=self.pathways.n_pons,
            n_inputs=1,
            inhibition=0.0,
            expansion=False,
        )
        return replace(self, cerebellum=cerebellum)

    def cerebellum_only(self) -> Self:
        """Keep cortex from learning: what is left is the fast process.

        Returns
        -------
        CCRNN
        """
        return replace(self, plasticity=replace(self.plasticity, B_s=0.0))

    def cortex_only(self) -> Self:
        """Block the nuclei, and let the error itself teach cortex (the parallel teacher).

        With the cerebellum's output as its teacher cortex would learn nothing.

        Returns
        -------
        CCRNN
        """
        return replace(
            self,
            cerebellum=replace(self.cerebellum, output=0.0),
            plasticity=replace(self.plasticity, teacher="parallel", B_s=None),
        )


# Networks that are made of the same weights share wiring and gains, so weights are made once.
@lru_cache(maxsize=32)
def _untrained(seed: int, cortex: Cortex, pathways: Pathways, task: Task) -> CorticalWeights:
    network = Blueprint(cortex=cortex, pathways=pathways, task=task)
    return with_readout(network, random_weights(network, seed))


@lru_cache(maxsize=32)
def _without_recurrence(
    weights: CorticalWeights, cortex: Cortex, pathways: Pathways, task: Task
) -> CorticalWeights:
    network = Blueprint(cortex=cortex, pathways=pathways, task=task)
    return with_readout(network, replace(weights, W=np.zeros_like(weights.W)))
