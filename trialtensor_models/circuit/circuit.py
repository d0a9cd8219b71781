"""A circuit at one moment of its training: it can be run, lesioned and measured."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import (
    SEEDS,
    check_choice,
    check_instance,
    check_number,
    check_whole,
)
from trialtensor_models.circuit.anatomy import REGIONS, Anatomy
from trialtensor_models.circuit.dynamics import Activity, Setpoints, run
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import Weights
from trialtensor_models.circuit.trials import Setting, Trials


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Circuit:
    """Weights of a circuit, and what it was trained on.

    Attributes
    ----------
    anatomy : Anatomy
    setting : Setting
    weights : dict of arrays
        See `draw_weights`.
    setpoints : Setpoints
    output : float
        Scale of what the nuclei send to cortex.
    silenced : dict of int arrays
        Units of each region that a lesion has silenced.
    """

    anatomy: Anatomy
    setting: Setting
    weights: Weights
    setpoints: Setpoints
    output: float = 1.0
    silenced: dict[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{region} {n}" for region, n in self.anatomy.sizes.items())
        scaled = "" if self.output == 1 else f", nuclei scaled by {self.output:g}"
        return f"Circuit of {self.setting.task}: {sizes}{scaled}"

    def lesion(
        self, region: str, *, scale: float = 0.0, fraction: float | None = None, seed: int = 0
    ) -> Circuit:
        """Weaken what the nuclei send, or silence some units of another region.

        Silent units fire no more and reach nobody. The nuclei go on as if lost Purkinje cells fired
        at rest, as they do once their tonic drive has made up for the loss.

        Parameters
        ----------
        region : {"cortex", "pons", "granule", "purkinje", "nuclei"}
        scale : float
            Scale of the output of the nuclei; elsewhere the share of units that still work, unless
            `fraction` is given. (The olive is silenced where it matters: while something learns.)
        fraction : float, optional
            Share of units to silence; not for the nuclei.
        seed : int
            Draws the units.

        Returns
        -------
        Circuit

        Raises
        ------
        ValueError
            If there is no such region, or a number is out of range.
        """
        regions = [each for each in self.anatomy.sizes if each != "olive"]
        check_choice("region", region, tuple(regions))
        check_whole("seed", seed, 0, SEEDS)
        if region == "nuclei":
            if fraction is not None:
                raise ValueError("fraction: the nuclei are weakened by scale, not by units")
            return replace(self, output=self.output * check_number("scale", scale, least=0))
        check_number("scale", scale, least=0, most=1)
        share = 1 - scale if fraction is None else fraction
        check_number("fraction", share, least=0, most=1)
        size = self.anatomy.sizes[region]
        rng = np.random.default_rng(np.random.SeedSequence([seed, 13, REGIONS.index(region)]))
        gone = rng.permutation(size)[: round(share * size)]
        weights = {**self.weights, **_without(region, self.weights, gone)}
        gone = np.union1d(gone, self.silenced.get(region, gone))
        return replace(self, weights=weights, silenced=self.silenced | {region: gone})

    def draw(self, conditions: Any = None, *, seed: int = 0, noise: float | None = 0.0) -> Trials:
        """Draw trials without pushes.

        Parameters
        ----------
        conditions : (B,) array-like of int, optional
            Each once unless given.
        seed : int
            Of what is random about them.
        noise : float, optional
            Of cortical units; None is that of the anatomy.

        Returns
        -------
        Trials
        """
        check_whole("seed", seed, 0, SEEDS)
        if conditions is None:
            conditions = np.arange(self.setting.n_conditions)
        if noise is not None:
            check_number("noise", noise, least=0)
        rng = np.random.default_rng(np.random.SeedSequence([seed, 14]))
        quiet = replace(self.setting, pushes=0.0)
        return quiet.draw(np.asarray(conditions), self.anatomy, rng, noise=noise)

    def run(self, trials: Trials, *, output: float | None = None) -> Activity:
        """Run trials.

        Parameters
        ----------
        trials : Trials
        output : float, optional
            Scale of what the nuclei send, in place of the circuit's own.

        Returns
        -------
        Activity
        """
        check_instance("trials", trials, Trials, "Trials")
        scale = self.output if output is None else check_number("output", output, least=0)
        _check_fits(trials, self)
        with threadpool_limits(1, user_api="blas"):
            activity = run(self.weights, self.setpoints, self.anatomy, trials, output=scale)
        for region, gone in self.silenced.items():
            getattr(activity, region)[..., gone] = 0
        return activity

    def complex_spikes(self, trials: Trials, activity: Activity) -> np.ndarray:
        """Find what the inferior olive tells of trials that were run.

        Parameters
        ----------
        trials : Trials
        activity : Activity
            Of `run`.

        Returns
        -------
        (T, B, n_nuclei) array
            In spikes/s; they rest at 1.

        Raises
        ------
        ValueError
            If there is no cerebellum, or one of them is something else.
        """
        check_instance("trials", trials, Trials, "Trials")
        check_instance("activity", activity, Activity, "an Activity")
        if not self.anatomy.cerebellum:
            raise ValueError("cerebellum: a cortex alone has no climbing fibres")
        return complex_spikes(activity, trials, self.anatomy)


def _check_fits(trials: Trials, circuit: Circuit) -> None:
    """Refuse trials of another task or another number of units."""
    found = trials.inputs.shape[2], trials.noise.shape[2]
    wanted = circuit.setting.task.n_inputs, circuit.anatomy.n_cortex
    if found != wanted:
        raise ValueError(
            f"trials: drawn for {found[0]} inputs and {found[1]} cortical units, the circuit has "
            f"{wanted[0]} and {wanted[1]}; draw them with circuit.draw()"
        )


def _without(region: str, weights: Weights, gone: np.ndarray) -> Weights:
    """Weights from which some units of a region are cut off."""
    changed = {}
    for name, axis in _SENDS[region]:
        if name in weights:
            array = weights[name].copy()
            array[(slice(None),) * axis + (gone,)] = 0
            changed[name] = array
    return changed


# Arrays, and their axis, along which a silent unit of a region sends nothing.
_SENDS = {
    "cortex": (("W", 1), ("W_out", 1), ("P", 1)),
    "pons": (("J", 1), ("M", 1)),
    "granule": (("w", 1), ("I", 1)),
    "purkinje": (("D", 1),),
}
