"""A circuit at one moment of its training: it can be run, lesioned and measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import SEEDS, check_choice, check_number, check_whole
from trialtensor_models.circuit.anatomy import REGIONS, Anatomy
from trialtensor_models.circuit.dynamics import Activity, Setpoints, run
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
    """

    anatomy: Anatomy
    setting: Setting
    weights: Weights
    setpoints: Setpoints
    output: float = 1.0

    def __repr__(self) -> str:
        sizes = ", ".join(f"{region} {n}" for region, n in self.anatomy.sizes.items())
        scaled = "" if self.output == 1 else f", nuclei scaled by {self.output:g}"
        return f"Circuit of {self.setting.task}: {sizes}{scaled}"

    def lesion(
        self, region: str, *, scale: float = 0.0, fraction: float | None = None, seed: int = 0
    ) -> Circuit:
        """Weaken what the nuclei send, or silence some units of another region.

        Parameters
        ----------
        region : {"cortex", "pons", "granule", "purkinje", "nuclei", "olive"}
        scale : float
            Scale of the output of the nuclei; elsewhere the share of units that still work, unless
            `fraction` is given. A lesion of the olive leaves activity as it is: it stops learning.
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
        check_choice("region", region, tuple(self.anatomy.sizes))
        check_whole("seed", seed, 0, SEEDS)
        if region == "nuclei":
            if fraction is not None:
                raise ValueError("fraction: the nuclei are weakened by scale, not by units")
            return replace(self, output=self.output * check_number("scale", scale, least=0))
        share = 1 - scale if fraction is None else fraction
        check_number("scale" if fraction is None else "fraction", share, least=0, most=1)
        if region == "olive":
            return self
        size = self.anatomy.sizes[region]
        rng = np.random.default_rng(np.random.SeedSequence([seed, 13, REGIONS.index(region)]))
        gone = rng.permutation(size)[: round(share * size)]
        weights = {**self.weights, **_without(region, self.weights, gone)}
        return replace(self, weights=weights)

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
        scale = self.output if output is None else output
        with threadpool_limits(1, user_api="blas"):
            return run(self.weights, self.setpoints, self.anatomy, trials, output=scale)


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
