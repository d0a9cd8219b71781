"""The plastic weights of several networks, and what a trial changes in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trialtensor_models.network.ccrnn import CCRNN
from trialtensor_models.network.dynamics import Activity, Wiring
from trialtensor_models.plasticity.rules import (
    fast_change,
    gate,
    oja,
    saturated,
    shifted,
    slow_change,
)
from trialtensor_models.sessions.session import Trial


class Learner:
    """Weights that learn: ``W_PC`` (S, 2, G) in the cerebellum, ``C`` (S, 2, N) in cortex.

    Parameters
    ----------
    models : list of CCRNN
        One a network.
    """

    def __init__(self, models: list[CCRNN]) -> None:
        self.models = list(models)
        S, first = len(models), models[0]
        self.W_PC = np.zeros((S, 2, first.cerebellum.n_granule))
        self.C = np.zeros((S, 2, first.cortex.n_units))
        self.P = np.concatenate([model.wiring.P for model in models])
        self._r_mean = np.concatenate([model.wiring.r_mean for model in models])
        gains = [model.gains for model in models]
        self._gate_fast = np.array([each.gate_fast for each in gains])
        self._gate_slow = np.array([each.gate_slow for each in gains])
        self._most_granule = np.stack([each.most_granule for each in gains])
        self._most_cortex = np.stack([each.most_cortex for each in gains])

    def learn(self, activity: Activity, error: np.ndarray, trials: list[Trial]) -> None:
        """Learn from (S, T, 2) errors, and forget."""
        first = self.models[0]
        granule, cortex = activity.granule[:, 0], activity.cortex[:, 0]
        rates = [model.plasticity for model in self.models]
        error = np.stack(
            [saturated(e, p.error_saturation) for e, p in zip(error, rates, strict=True)]
        )
        forget_fast = np.array([[1 - p.A_f] for p in rates])
        forget_slow = np.array([[1 - p.A_s] for p in rates])
        open_fast = gate(granule, self._most_granule, self._gate_fast)
        open_slow = gate(cortex, self._most_cortex, self._gate_slow)
        lead = first.lag - first.delay
        parallel = np.array([p.teacher == "parallel" for p in rates])[:, None, None]
        teaching = np.where(parallel, shifted(error, lead), activity.arriving[:, 0])
        fast_gain = np.array(
            [p.B_f * m.gains.fast for p, m in zip(rates, self.models, strict=True)]
        )
        slow_gain = np.array([_slow_gain(model) for model in self.models])
        W_PC = self.W_PC * (1 - forget_fast * open_fast)[:, None]
        W_PC += fast_gain[:, None, None] * fast_change(error, granule, first.lag)
        C = self.C * (1 - forget_slow * open_slow)[:, None]
        taught = slow_change(teaching, cortex, self._r_mean, open_slow)
        C += slow_gain[:, None, None] * taught
        learns = np.array([trial.block.learns for trial in trials])[:, None, None]
        self.W_PC = np.where(learns, W_PC, self.W_PC)
        self.C = np.where(learns, C, self.C)
        if first.pathways.pons_rate:
            P = oja(self.P, cortex - self._r_mean, first.pathways.pons_rate)
            self.P = np.where(learns, P, self.P)

    def rewired(self, wiring: Wiring) -> Wiring:
        """`wiring` with the pontine weights as they are now."""
        return replace(wiring, P=self.P) if self.models and self._pons_learns else wiring

    @property
    def _pons_learns(self) -> bool:
        return self.models[0].pathways.pons_rate > 0

    def take(self, keep: list[int]) -> Learner:
        """The learner of some of the networks."""
        some = object.__new__(Learner)
        some.models = [self.models[place] for place in keep]
        for name, value in vars(self).items():
            if name != "models":
                setattr(some, name, value[keep])
        return some


def _slow_gain(model: CCRNN) -> float:
    gains, plasticity = model.gains, model.plasticity
    kappa = gains.slow_parallel if plasticity.teacher == "parallel" else gains.slow
    return plasticity.slow_rate * kappa
