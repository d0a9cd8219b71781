"""The cerebello-cortical network: weights, constants, and the ways to change it."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from trialtensor.data.parameters import check_choice, check_number
from trialtensor_models.network.checkpoints import packaged, read, write
from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.network.connectivity import wire
from trialtensor_models.network.controls import Controls
from trialtensor_models.network.olive import Olive, draw_olive
from trialtensor_models.network.pretraining import pretrain
from trialtensor_models.network.purkinje import PurkinjeCells, draw_purkinje
from trialtensor_models.network.subspaces import naive_granule, subspaces
from trialtensor_models.network.weights import CorticalWeights
from trialtensor_models.network.wiring import Wiring, silence
from trialtensor_models.tasks import Task

LESIONS = ("cortex", "pons", "granule", "nuclei")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CCRNN(Controls):
    """A recurrent cortex and a feed-forward cerebellum that learn together.

    The equations are a reconstruction after the abstract of "Distributed learning across fast and
    slow neural systems supports efficient motor adaptation" (bioRxiv 2025.06.01.657238), not
    quoted from it; the guide has them.

    Parameters
    ----------
    cortex, pathways, cerebellum, plasticity : dataclasses
        Sizes, time constants, wiring and rates; the defaults are those of the reference network.
    weights : CorticalWeights, optional
        From pretraining. `CCRNN.pretrained` has them; `pretrain` makes them anew.
    task : task, optional
        What the weights are trained on; thresholds and learning gains are set on it.
    seed : int
        Draws the wiring of pons and granule layer.
    silenced : tuple of (str, float)
        Regions and the share of their units that are silent; see `lesion`.

    Examples
    --------
    >>> model = CCRNN.pretrained()
    >>> model.cortex.n_units, model.cerebellum.n_granule
    (200, 1000)
    >>> model.lesion("nuclei", scale=0.5).cerebellum.output
    0.5
    """

    @classmethod
    def pretrained(
        cls, seed: int = 0, *, task: str = "center_out", index: int | None = None
    ) -> CCRNN:
        """Load a network that reaches and obeys its thalamus, from the package's checkpoints.

        Parameters
        ----------
        seed : int
            Which network: the wiring of the cerebellum is drawn from it, and the cortices in the
            package take turns (seeds 0 to 4 have one of their own each).
        task : str
            The task that it was trained on.
        index : int, optional
            Which cortex of the package, whatever the seed.

        Returns
        -------
        CCRNN

        Raises
        ------
        ValueError
            If there is no network for this task, or no cortex of this number; says which there are.
        """
        return cls._of(packaged(task, seed, index))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, task: Task | type | None = None) -> CCRNN:
        """Read a network that `save` wrote.

        A file names its task; nothing that it says is imported. Tasks of your own are passed here,
        or made known with `register_task`.

        Parameters
        ----------
        path : str or path
        task : task or its class, optional
            What the network is trained on, if it isn't a task of this package.

        Returns
        -------
        CCRNN

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a network, of another version, of a task that isn't known here, or of
            another than `task`.
        """
        return cls._of(read(path, task))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network as HDF5: arrays and text, nothing that could be executed.

        Parameters
        ----------
        path : str or path
        """
        write(self, path)

    def pretrain(self, *, seed: int = 0, n_iterations: int = 1200, **options: Any) -> CCRNN:
        """Train the cortex of this configuration by back-propagation; needs torch.

        Parameters
        ----------
        seed : int
            Of the first weights, conditions, pulses and noise.
        n_iterations : int
        **options
            Of `trialtensor_models.network.pretrain`.

        Returns
        -------
        CCRNN
        """
        return replace(
            self, weights=pretrain(self, seed=seed, n_iterations=n_iterations, **options)
        )

    def lesion(self, region: str, *, scale: float = 0.0, fraction: float | None = None) -> CCRNN:
        """Weaken what a region sends, or silence some of its units.

        Parameters
        ----------
        region : {"cortex", "pons", "granule", "nuclei"}
        scale : float
            Scale of the output of the nuclei; for other regions, the share of units that still
            work unless `fraction` is given.
        fraction : float, optional
            Share of units to silence, drawn from the network's seed; not for the nuclei.

        Returns
        -------
        CCRNN

        Raises
        ------
        ValueError
            If there is no such region, or a number is out of range.
        """
        check_choice("region", region, LESIONS)
        check_number("scale", scale, least=0)
        if region == "nuclei":
            if fraction is not None:
                raise ValueError("fraction: the nuclei are weakened by scale, not by units")
            output = self.cerebellum.output * scale
            return replace(self, cerebellum=replace(self.cerebellum, output=output))
        share = 1 - scale if fraction is None else fraction
        check_number("scale" if fraction is None else "fraction", share, least=0, most=1)
        return replace(self, silenced=(*self.silenced, (region, float(share))))

    def scale(
        self, *, granule: int | None = None, pons: int | None = None, purkinje: int | None = None
    ) -> CCRNN:
        """Change the number of granule cells, pontine units or Purkinje cells, and wire them anew.

        A cortex of another size needs pretraining, as in
        ``CCRNN(cortex=Cortex(n_units=400)).pretrain()``.

        Parameters
        ----------
        granule, pons, purkinje : int, optional
            As before unless given. Networks have no Purkinje cells unless asked for some.

        Returns
        -------
        CCRNN
        """
        if not self.cerebellum.expansion:
            granule = pons if granule is None else granule
        cerebellum = (
            self.cerebellum if granule is None else replace(self.cerebellum, n_granule=granule)
        )
        if purkinje is not None:
            cerebellum = replace(cerebellum, n_purkinje=purkinje)
        pathways = self.pathways if pons is None else replace(self.pathways, n_pons=pons)
        return replace(self, cerebellum=cerebellum, pathways=pathways)

    def with_plasticity(self, **changes: Any) -> CCRNN:
        """Change rates or the teacher.

        Parameters
        ----------
        **changes
            Of `Plasticity`.

        Returns
        -------
        CCRNN

        Raises
        ------
        ValueError
            If there is no such rate, or it is out of range.
        """
        known = [each.name for each in fields(Plasticity)]
        for name in changes:
            check_choice("changes", name, known)
        return replace(self, plasticity=replace(self.plasticity, **changes))

    @cached_property
    def wiring(self) -> Wiring:
        """Weights of all regions, with constants set on the reference trials."""
        if self is self.intact:
            return wire(self)
        return silence(self.intact.wiring, self.silenced, self.seed)

    @cached_property
    def subspaces(self) -> dict[str, np.ndarray]:
        """Directions known to carry something; see `trialtensor_models.network.subspaces`."""
        if self is not self.intact and not self.silenced:
            return self.intact.subspaces
        return subspaces(self.wiring, self.reference_draw().inputs)

    @property
    def purkinje(self) -> PurkinjeCells | None:
        """Purkinje cells, which belong to the intact network; None if there are none."""
        n_cells = self.cerebellum.n_purkinje
        return _cells_of(self.intact, n_cells)[0] if n_cells else None

    @property
    def olive(self) -> Olive | None:
        """Their climbing fibres."""
        n_cells = self.cerebellum.n_purkinje
        return _cells_of(self.intact, n_cells)[1] if n_cells else None

    @property
    def intact(self) -> CCRNN:
        """The network that all share which differ in rates, noise and lesions only.

        So wiring, subspaces and the gains of the learning rules are found once, not anew for each.
        Purkinje cells change none of these.
        """
        cortex = replace(self.cortex, noise=0.0)
        cerebellum = replace(self.cerebellum, output=1.0, n_purkinje=0)
        return _shared(self.weights, cortex, self.pathways, cerebellum, self.task, self.seed)


@lru_cache(maxsize=32)
def _shared(
    weights: CorticalWeights | None,
    cortex: Cortex,
    pathways: Pathways,
    cerebellum: Cerebellum,
    task: Task,
    seed: int,
) -> CCRNN:
    return CCRNN(
        cortex=cortex,
        pathways=pathways,
        cerebellum=cerebellum,
        weights=weights,
        task=task,
        seed=seed,
    )


@lru_cache(maxsize=32)
def _cells_of(intact: CCRNN, n_cells: int) -> tuple[PurkinjeCells, Olive]:
    draw = intact.reference_draw()
    peak = float(np.linalg.norm(draw.desired, axis=-1).max())
    granule = naive_granule(intact.wiring, draw.inputs)
    return (
        draw_purkinje(n_cells, granule, peak, intact.seed),
        draw_olive(n_cells, peak, intact.seed),
    )
