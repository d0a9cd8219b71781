"""The plastic weights of several networks, and how a trial changes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trialtensor.data.arrays import whole
from trialtensor_models.network import CCRNN, Activity, Plasticity, Wiring
from trialtensor_models.plasticity.calibration import Gains, gains_of
from trialtensor_models.plasticity.climbing import shared_error
from trialtensor_models.plasticity.rules import (
    fast_change,
    gate,
    oja,
    saturated,
    shifted,
    slow_change,
)


class Learner:
    """Weights that learn: ``W_PC`` (S, 2, G) in the cerebellum, ``C`` (S, 2, N) in cortex.

    With Purkinje cells also ``W_LTD`` (S, 2, G), what opponent cells learn alike: it changes simple
    spikes, and nothing that the nuclei send.

    Parameters
    ----------
    models : list of CCRNN
        One for each of S networks.
    """

    def __init__(self, models: list[CCRNN]) -> None:
        self.models = list(models)
        if not self.models or not all(isinstance(model, CCRNN) for model in self.models):
            raise ValueError(f"models: expected at least one CCRNN, got {models!r}")
        S, first = len(models), models[0]
        self.W_PC = np.zeros((S, 2, first.cerebellum.n_granule))
        self.W_LTD = np.zeros_like(self.W_PC)
        self.C = np.zeros((S, 2, first.cortex.n_units))
        self.P = np.concatenate([model.wiring.P for model in models])
        self._r_mean = np.concatenate([model.wiring.r_mean for model in models])
        gains, rates = [gains_of(model) for model in models], [model.plasticity for model in models]
        self._gate_fast = np.array([each.gate_fast for each in gains])
        self._gate_slow = np.array([each.gate_slow for each in gains])
        self._most_granule = np.stack([each.most_granule for each in gains])
        self._most_cortex = np.stack([each.most_cortex for each in gains])
        self._forget_fast = np.array([[1 - p.A_f] for p in rates])
        self._forget_slow = np.array([[1 - p.A_s] for p in rates])
        self._parallel = np.array([p.teacher == "parallel" for p in rates])
        self._fast_gain = np.stack([p.B_f * g.fast for p, g in zip(rates, gains, strict=True)])
        self._slow_gain = np.array([_slow_gain(p, g) for p, g in zip(rates, gains, strict=True)])

    def learn(self, activity: Activity, error: np.ndarray, learns: np.ndarray) -> None:
        """Learn from a trial, and forget.

        Parameters
        ----------
        activity : Activity
            Of the S networks; the first version is the trial as it happened.
        error : (S, T, 2) array
        learns : (S,) bool array
            Which networks learn from this trial; the weights of the others stay as they are.
        """
        error, learns = whole(error, "error"), whole(learns, "learns")
        first = self.models[0]
        granule, cortex = activity.granule[:, 0], activity.cortex[:, 0]
        limits = [model.plasticity.error_saturation for model in self.models]
        error = np.stack([saturated(e, limit) for e, limit in zip(error, limits, strict=True)])
        open_fast = gate(granule, self._most_granule, self._gate_fast)
        open_slow = gate(cortex, self._most_cortex, self._gate_slow)
        lead = shifted(error, first.lag - first.delay)
        teaching = np.where(self._parallel[:, None, None], lead, activity.arriving[:, 0])
        kept_fast = (1 - self._forget_fast * open_fast)[:, None]
        W_PC = self.W_PC * kept_fast
        taught = fast_change(error, granule, first.lag, first.kept)
        W_PC += self._fast_gain[:, None] * taught
        C = self.C * (1 - self._forget_slow * open_slow)[:, None]
        taught = slow_change(teaching, cortex, self._r_mean, open_slow)
        C += self._slow_gain[:, None, None] * taught
        changes = learns[:, None, None]
        self.W_PC = np.where(changes, W_PC, self.W_PC)
        self.C = np.where(changes, C, self.C)
        if first.cerebellum.n_purkinje:
            shared = np.stack(
                [shared_error(model, e) for model, e in zip(self.models, error, strict=True)]
            )
            taught = fast_change(error, granule, first.lag, first.kept, shared)
            W_LTD = self.W_LTD * kept_fast + self._fast_gain[:, None] * taught
            self.W_LTD = np.where(changes, W_LTD, self.W_LTD)
        if self._pons_learns:
            P = oja(self.P, cortex - self._r_mean, first.pathways.pons_rate)
            self.P = np.where(changes, P, self.P)

    def rewired(self, wiring: Wiring) -> Wiring:
        """Put the present pontine weights into a wiring.

        Parameters
        ----------
        wiring : Wiring
            Of the S networks.

        Returns
        -------
        Wiring
        """
        return replace(wiring, P=self.P) if self.models and self._pons_learns else wiring

    @property
    def _pons_learns(self) -> bool:
        return self.models[0].pathways.pons_rate > 0

    def take(self, keep: list[int]) -> Learner:
        """Keep some of the networks.

        Parameters
        ----------
        keep : list of int
            Their places.

        Returns
        -------
        Learner
        """
        some = object.__new__(Learner)
        some.models = [self.models[place] for place in keep]
        for name, value in vars(self).items():
            if name != "models":
                setattr(some, name, value[keep])
        return some


def _slow_gain(rates: Plasticity, gains: Gains) -> float:
    kappa = gains.slow_parallel if rates.teacher == "parallel" else gains.slow
    if np.isnan(kappa):
        raise ValueError(
            "teacher: errors don't move this cortex against the perturbation; use 'serial' instead"
            " of 'parallel', or pretrain the network further"
        )
    return rates.slow_rate * kappa
