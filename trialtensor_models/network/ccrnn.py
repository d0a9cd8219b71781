"""The cerebello-cortical network: weights, constants, and the ways to change it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor_models.network.config import Cerebellum, Cortex, Pathways, Plasticity
from trialtensor_models.network.dynamics import Wiring, run_cortex
from trialtensor_models.plasticity.calibration import Gains, calibrate
from trialtensor_models.tasks import CenterOut, Draw, Task

LESIONS = ("cortex", "pons", "granule", "nuclei")


@dataclass(frozen=True, eq=False, slots=True)
class CorticalWeights:
    """What pretraining finds.

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
            array = np.array(getattr(self, name), dtype=float)
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


@dataclass(frozen=True, eq=False, kw_only=True)
class CCRNN:
    """A recurrent cortex and a feed-forward cerebellum that learn together.

    The equations are a reconstruction after the abstract of "Distributed learning across fast and
    slow neural systems supports efficient motor adaptation" (bioRxiv 2025.06.01.657238), not
    quoted from it; the guide has them.

    Parameters
    ----------
    cortex, pathways, cerebellum, plasticity : dataclasses
        Sizes, time constants, wiring and rates; the defaults are those of the reference network.
    weights : CorticalWeights, optional
        What pretraining found. `CCRNN.pretrained` has them; `pretrain` makes them anew.
    task : task, optional
        What the weights are trained on; thresholds and learning gains are set on it.
    seed : int
        Draws the wiring of pons and granule layer.

    Examples
    --------
    >>> model = CCRNN.pretrained()
    >>> model.cortex.n_units, model.cerebellum.n_granule
    (200, 1000)
    >>> model.lesion("nuclei", scale=0.5).cerebellum.output
    0.5
    """

    cortex: Cortex = field(default_factory=Cortex)
    pathways: Pathways = field(default_factory=Pathways)
    cerebellum: Cerebellum = field(default_factory=Cerebellum)
    plasticity: Plasticity = field(default_factory=Plasticity)
    weights: CorticalWeights | None = None
    task: Task = field(default_factory=CenterOut)
    seed: int = 0
    #: Fraction of units that a lesion has silenced, by region.
    silenced: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.cerebellum.n_inputs > self.pathways.n_pons:
            raise ValueError(
                f"n_inputs: a granule cell can have at most n_pons = {self.pathways.n_pons} "
                f"inputs, got {self.cerebellum.n_inputs}"
            )
        if self.weights is None:
            return
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
    def pretrained(cls, seed: int = 0, *, task: str = "center_out") -> CCRNN:
        """A network that reaches and obeys its thalamus, from the package's checkpoints.

        Parameters
        ----------
        seed : int
            Which network: the wiring of the cerebellum is drawn from it, and the cortices in the
            package take turns.
        task : str
            What it was trained on.

        Raises
        ------
        ValueError
            If there is no network for this task.
        """
        from trialtensor_models.network.checkpoints import packaged

        return packaged(task, seed)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CCRNN:
        """Read a network that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a network, or of another version.
        """
        from trialtensor_models.network.checkpoints import read

        return read(path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network as HDF5: arrays and text, nothing that could be executed."""
        from trialtensor_models.network.checkpoints import write

        write(self, path)

    def pretrain(self, *, seed: int = 0, n_iterations: int = 1200, **options: Any) -> CCRNN:
        """A network of this configuration whose cortex is trained by back-propagation.

        See `trialtensor_models.network.pretraining.pretrain`; needs torch.
        """
        from trialtensor_models.network.pretraining import pretrain

        return pretrain(self, seed=seed, n_iterations=n_iterations, **options)

    def lesion(self, region: str, *, scale: float = 0.0, fraction: float | None = None) -> CCRNN:
        """Weaken what a region sends, or silence some of its units.

        Parameters
        ----------
        region : {"cortex", "pons", "granule", "nuclei"}
        scale : float
            By what the output of the nuclei is scaled; for other regions, the share of units that
            still work unless `fraction` is given.
        fraction : float, optional
            Share of units to silence, drawn from the network's seed; not for the nuclei.

        Raises
        ------
        ValueError
            If there is no such region, or a number is out of range.
        """
        if region not in LESIONS:
            raise ValueError(f"region: expected one of {list(LESIONS)}, got {region!r}")
        if not (np.isfinite(scale) and scale >= 0):
            raise ValueError(f"scale: expected a number of at least 0, got {scale}")
        if region == "nuclei":
            if fraction is not None:
                raise ValueError("fraction: the nuclei are weakened by scale, not by units")
            output = self.cerebellum.output * scale
            return replace(self, cerebellum=replace(self.cerebellum, output=output))
        share = 1 - scale if fraction is None else fraction
        if not 0 <= share <= 1:
            raise ValueError(f"fraction: expected a share of units from 0 to 1, got {share}")
        return replace(self, silenced=(*self.silenced, (region, float(share))))

    def scale(self, *, granule: int | None = None, pons: int | None = None) -> CCRNN:
        """The same cortex with another number of granule cells or pontine units, wired anew.

        A cortex of another size needs pretraining, as in
        ``CCRNN(cortex=Cortex(n_units=400)).pretrain()``.
        """
        cerebellum = (
            self.cerebellum if granule is None else replace(self.cerebellum, n_granule=granule)
        )
        pathways = self.pathways if pons is None else replace(self.pathways, n_pons=pons)
        return replace(self, cerebellum=cerebellum, pathways=pathways)

    def with_plasticity(self, **changes: Any) -> CCRNN:
        """The same network with other rates or another teacher; see `Plasticity`."""
        return replace(self, plasticity=replace(self.plasticity, **changes))

    @property
    def delay(self) -> int:
        """Steps from the nuclei to cortex, at least 1."""
        return max(1, round(self.pathways.thalamic_delay / self.cortex.dt))

    @property
    def lag(self) -> int:
        """Steps from the nuclei to the hand."""
        return max(self.delay, round(self.pathways.response_lag / self.cortex.dt))

    @cached_property
    def wiring(self) -> Wiring:
        """Weights of all regions, with constants set on the reference trials."""
        if self.weights is None:
            raise ValueError("weights: the network has none; use CCRNN.pretrained() or pretrain()")
        if self is self._intact:
            return _wire(self, self.weights)
        return _silence(self._intact.wiring, self)

    @cached_property
    def gains(self) -> Gains:
        """Gains of the learning rules of the intact network; see `calibration`."""
        if self is not self._intact:
            return self._intact.gains
        draw = self.reference_draw()
        with threadpool_limits(1, user_api="blas"):
            return calibrate(self.wiring, draw, self.cortex.dt, self.lag)

    @cached_property
    def subspaces(self) -> dict[str, np.ndarray]:
        """Directions that are known to carry something; see `trialtensor_models.network.subspaces`."""
        from trialtensor_models.network.subspaces import subspaces

        if self is not self._intact and not self.silenced:
            return self._intact.subspaces
        return subspaces(self)

    @property
    def _intact(self) -> CCRNN:
        """The one network that all share which differ in rates, noise and lesions only.

        So wiring, gains and subspaces are found once, not anew for each.
        """
        cortex, cerebellum = replace(self.cortex, noise=0.0), replace(self.cerebellum, output=1.0)
        return _shared(self.weights, cortex, self.pathways, cerebellum, self.task, self.seed)

    def reference_draw(self) -> Draw:
        """A trial of each condition that thresholds and gains are set on."""
        task = self.task.reference()
        conditions = np.arange(len(task.labels))
        return task.draw(conditions, self.cortex.dt, np.random.default_rng(self.seed))


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


def _wire(model: CCRNN, weights: CorticalWeights) -> Wiring:
    """Draw pons and granule layer and set thresholds on the activity of the reference trials."""
    rng = np.random.default_rng(np.random.SeedSequence([model.seed, 1]))
    N, M, G = model.cortex.n_units, model.pathways.n_pons, model.cerebellum.n_granule
    P = rng.normal(size=(M, N)) / np.sqrt(N)
    J = np.zeros((G, M))
    inputs = rng.permuted(np.tile(np.arange(M), (G, 1)), axis=1)[:, : model.cerebellum.n_inputs]
    np.put_along_axis(J, inputs, 1 / np.sqrt(model.cerebellum.n_inputs), axis=1)
    wiring = Wiring(
        W=weights.W[None],
        W_in=weights.W_in[None],
        b=weights.b[None, None],
        W_th=weights.W_th[None],
        W_out=weights.W_out[None],
        P=P[None],
        J=J[None],
        r_mean=np.zeros((1, 1, N)),
        sigma=np.ones((1, 1, 1)),
        theta=np.zeros((1, 1, G)),
        leak=model.cortex.dt / model.cortex.tau,
        delay=model.delay,
    )
    draw = model.reference_draw()
    cortex, _ = run_cortex(wiring, draw.inputs)
    r_mean = cortex.mean((0, 1))
    pons = (cortex - r_mean) @ P.T
    sigma = max(float(pons.std()), 1e-12)
    drive = (pons @ J.T / sigma).reshape(-1, G)
    theta = np.quantile(drive, 1 - model.cerebellum.coding_level, axis=0)
    return replace(
        wiring,
        r_mean=r_mean[None, None],
        sigma=np.full((1, 1, 1), sigma),
        theta=theta[None, None],
    )


def _silence(wiring: Wiring, model: CCRNN) -> Wiring:
    """Silence units: what they send is gone, what they receive no longer matters."""
    rng = np.random.default_rng(np.random.SeedSequence([model.seed, 2]))
    for region, share in model.silenced:
        n = {"cortex": model.cortex.n_units, "pons": model.pathways.n_pons}.get(
            region, model.cerebellum.n_granule
        )
        gone = rng.permutation(n)[: round(share * n)]
        if region == "granule":
            theta = wiring.theta.copy()
            theta[..., gone] = np.inf
            wiring = replace(wiring, theta=theta)
        elif region == "pons":
            P = wiring.P.copy()
            P[:, gone] = 0
            wiring = replace(wiring, P=P)
        else:
            b, W, W_in, W_th = (
                part.copy() for part in (wiring.b, wiring.W, wiring.W_in, wiring.W_th)
            )
            b[..., gone] = 0
            for part in (W, W_in, W_th):
                part[:, gone] = 0
            wiring = replace(wiring, b=b, W=W, W_in=W_in, W_th=W_th)
    return wiring
