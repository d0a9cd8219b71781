"""What a theory shows in schedules that tell theories apart, each in a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from trialtensor.data.parameters import check_choice, check_instance
from trialtensor_models.rates.context_inference import ContextInference
from trialtensor_models.rates.rate_trace import RateTrace
from trialtensor_models.rates.theories import TheoryModel
from trialtensor_models.sessions import Schedule

_N_FIRST = 10  # trials that the speed of learning is measured in


@dataclass(frozen=True)
class Effect:
    """A schedule, and a number of the adaptation in it.

    Attributes
    ----------
    schedule : Schedule
    measure : callable
        Takes a `RateTrace`.
    least, most : float
        Where the number lies if the effect is shown.
    """

    schedule: Schedule
    measure: Callable[[RateTrace], float]
    least: float = -np.inf
    most: float = np.inf

    @property
    def expected(self) -> str:
        """Where the number lies, in words."""
        if not np.isfinite(self.most):
            return f">= {self.least}"
        return f"<= {self.most}" if not np.isfinite(self.least) else f"{self.least} to {self.most}"

    def holds(self, value: float) -> bool:
        """Whether a number shows the effect."""
        return bool(self.least <= value <= self.most)


def _block(trace: RateTrace, number: int) -> np.ndarray:
    return trace.output[trace.block == number]


def _savings(first: int, again: int) -> Callable[[RateTrace], float]:
    """Mean adaptation in the first trials of a block over that in an earlier one."""

    def measure(trace: RateTrace) -> float:
        both = [_block(trace, number)[:_N_FIRST].mean() for number in (again, first)]
        return float(both[0] / both[1])

    return measure


def _recovery(trace: RateTrace) -> float:
    """Peak in the clamp over the adaptation before the reversal."""
    return float(max(_block(trace, 3).max(), 0.0) / _block(trace, 1)[-1])


def _evoked(trace: RateTrace) -> float:
    """Share of the error that two perturbed trials in the clamp take away, over a naive share."""
    before, after = _block(trace, 3)[-1], _block(trace, 5)[0]
    naive = _block(trace, 1)[2] - _block(trace, 1)[0]
    return float((after - before) / (1 - before) / naive)


def _interference(trace: RateTrace) -> float:
    """Adaptation to the opposite in its first 20 trials, over that of the first learning."""
    return float(-_block(trace, 2)[:20].mean() / _block(trace, 1)[:20].mean())


def _single(trace: RateTrace) -> float:
    """Change by a trial that contradicts the learned perturbation, over that of a naive one."""
    after = _block(trace, 5)[0] - _block(trace, 3)[-1]
    before = _block(trace, 1)[1] - _block(trace, 1)[0]
    return float(after / before)


_LEARNED = Schedule().baseline(50).rotate(1, 125)
# As many trials as in the authors' paradigms, where they say.
EFFECTS: dict[str, Effect] = {
    "savings after a reversal": Effect(
        _LEARNED.rotate(-1, 15).rotate(1, 40), _savings(1, 3), least=1.2
    ),
    "savings after 200 null trials": Effect(
        Schedule().baseline(50).rotate(1, 160).washout(200).rotate(1, 80), _savings(1, 3), least=1.3
    ),
    "spontaneous recovery": Effect(_LEARNED.rotate(-1, 15).clamp(150), _recovery, 0.1, 0.8),
    "evoked recovery": Effect(
        _LEARNED.rotate(-1, 15).clamp(2).rotate(1, 2).clamp(148), _evoked, least=2.0
    ),
    "anterograde interference": Effect(_LEARNED.rotate(-1, 60), _interference, most=0.8),
    "single-trial learning, relearning over naive": Effect(
        _LEARNED.washout(60).clamp(1).rotate(1, 1).clamp(1), _single, least=1.3
    ),
}


def effect(name: str, model: TheoryModel) -> float:
    """Measure an effect in a theory, without noise.

    Parameters
    ----------
    name : str
        Of `EFFECTS`.
    model : OneStateModel, TwoStateModel, GatedSlowModel or ContextInference

    Returns
    -------
    float

    Examples
    --------
    >>> from trialtensor_models.rates import THEORIES
    >>> name = "savings after 200 null trials"
    >>> {theory: round(effect(name, model), 1) for theory, model in THEORIES.items()}
    {'one-rate': 1.0, 'two-state': 1.0, 'two-state, serial': 1.0, 'gated slow states': 1.0,
    'context inference': 2.4}
    """
    found = EFFECTS[check_choice("name", name, EFFECTS)]
    check_instance("model", model, TheoryModel, "a model such as TwoStateModel()")
    # Schedules are in units of the perturbation.
    model = replace(model, scale=None) if isinstance(model, ContextInference) else model
    return found.measure(model.simulate(found.schedule))
