"""What is fitted of each theory, and how it predicts movements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, logit

from trialtensor.kernels.context_filter import infer_contexts
from trialtensor.kernels.gated_states import gated_states
from trialtensor_models.rates.behaviour import Behaviour

Values = Mapping[str, float]
_EDGE = 1e-5  # how near to its bounds a share may come
N_CONTEXTS = 6
RATES = (
    *("retention", "process_noise", "sensory_noise", "drift"),
    *("concentration", "new", "stay", "cue_concentration"),
)


@dataclass(frozen=True, eq=False)
class TheorySpec:
    """Parameters of a theory, and its predictions.

    Attributes
    ----------
    name : str
    starts : tuple of dict
        Values that fits start from; the first has the defaults.
    predict : callable
        Takes values, a `Behaviour` and the scale; returns the expected movements, (n_subjects,
        n_trials), each from the trials before it.
    positive : dict of str to (float, float)
        Parameters that may be above 1, with the range that is searched. All others are shares.
    ordered : tuple of (str, str)
        Pairs of which the first isn't larger than the second.
    gated : bool
        Whether cues change its predictions.
    """

    name: str
    starts: tuple[dict[str, float], ...]
    predict: Callable[[Values, Behaviour, float], np.ndarray]
    positive: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ordered: tuple[tuple[str, str], ...] = ()
    gated: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.starts[0])

    def free(self, values: Values) -> np.ndarray:
        """Coordinates of values: logits and logarithms; of a pair in order, one of a share."""
        inside = dict(values)
        for low, high in self.ordered:
            inside[low] = values[low] / values[high]
        return np.array([self._to(name, inside[name]) for name in self.names])

    def values(self, free: np.ndarray) -> dict[str, float]:
        """Values at coordinates; the inverse of `free`."""
        found = {name: self._back(name, z) for name, z in zip(self.names, free, strict=True)}
        for low, high in self.ordered:
            found[low] *= found[high]
        return found

    def natural(self, values: Values) -> np.ndarray:
        """Coordinates of each parameter on its own: logits and logarithms."""
        return np.array([self._to(name, values[name]) for name in self.names])

    def of_natural(self, at: np.ndarray) -> dict[str, float]:
        """Values at coordinates of each parameter on its own."""
        return {name: self._back(name, z) for name, z in zip(self.names, at, strict=True)}

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest coordinates."""
        edges = [self.positive.get(name, (_EDGE, 1 - _EDGE)) for name in self.names]
        lows, highs = (
            [self._to(name, edge[side]) for name, edge in zip(self.names, edges, strict=True)]
            for side in (0, 1)
        )
        return np.array(lows), np.array(highs)

    def _to(self, name: str, value: float) -> float:
        if name in self.positive:
            return float(np.log(value))
        return float(logit(np.clip(value, _EDGE, 1 - _EDGE)))

    def _back(self, name: str, z: float) -> float:
        return float(np.exp(z) if name in self.positive else expit(z))


def _states(rates: tuple[float, ...], data: Behaviour, *, gated: bool, serial: bool) -> np.ndarray:
    cues = data.cues if gated else np.zeros_like(data.cues)
    # Trials without a cue have a slow state of their own, the last.
    n_slow = len(data.labels) + 1
    slot = np.where(cues < 0, n_slow - 1, cues)
    return gated_states(
        *(np.array(rates), data.perturbation, data.adaptation, slot, data.pauses, n_slow, serial)
    )


def _one_rate(values: Values, data: Behaviour, scale: float) -> np.ndarray:
    rates = (values["A"], values["B"], 0.0, 0.0)
    return _states(rates, data, gated=False, serial=False)


def _two_state(values: Values, data: Behaviour, scale: float) -> np.ndarray:
    return _states(_four(values), data, gated=False, serial=False)


def _serial(values: Values, data: Behaviour, scale: float) -> np.ndarray:
    return _states(_four(values), data, gated=False, serial=True)


def _gated(values: Values, data: Behaviour, scale: float) -> np.ndarray:
    return _states(_four(values), data, gated=True, serial=False)


def _four(values: Values) -> tuple[float, ...]:
    return tuple(values[name] for name in ("A_f", "B_f", "A_s", "B_s"))


DEFAULTS = {
    "retention": 0.9425,
    "process_noise": 0.0089,
    "sensory_noise": 0.03,
    "drift": 8.18e-4,
    "concentration": 8.955,
    "new": 0.1,
    "stay": 0.2501,
    "cue_concentration": 25.0,
}


def _contexts(values: Values, data: Behaviour, scale: float) -> np.ndarray:
    rates = np.array([values.get(name, DEFAULTS[name]) for name in RATES])
    output = np.empty(data.adaptation.shape)
    for group in data.groups:
        one = group[0]
        seen = data.perturbation[one] / scale
        learns = np.ones(len(seen), dtype=bool)
        found = infer_contexts(
            *(rates, seen, data.cues[one], data.pauses[one], learns, N_CONTEXTS, len(data.labels))
        )[0]
        output[group] = scale * found
    return output


_PAIRS = (("A_f", "A_s"), ("B_s", "B_f"))
_TWO = (
    {"A_f": 0.59, "B_f": 0.21, "A_s": 0.992, "B_s": 0.02},
    {"A_f": 0.85, "B_f": 0.1, "A_s": 0.995, "B_s": 0.04},
    {"A_f": 0.3, "B_f": 0.4, "A_s": 0.97, "B_s": 0.1},
)
ONE_RATE = TheorySpec(
    "one-rate", ({"A": 0.97, "B": 0.1}, {"A": 0.8, "B": 0.3}, {"A": 0.99, "B": 0.03}), _one_rate
)
TWO_STATE = TheorySpec("two-state", _TWO, _two_state, ordered=_PAIRS)
SERIAL = TheorySpec("two-state, serial", _TWO, _serial, ordered=_PAIRS)
GATED_SLOW = TheorySpec("gated slow states", _TWO, _gated, ordered=_PAIRS, gated=True)
_FITTED = ("retention", "process_noise", "sensory_noise", "drift", "concentration")
_START = {name: DEFAULTS[name] for name in _FITTED}
CONTEXT_INFERENCE = TheorySpec(
    "context inference",
    (
        _START,
        _START | {"retention": 0.98, "concentration": 3.0, "drift": 2e-3},
        _START | {"process_noise": 0.02, "sensory_noise": 0.15, "concentration": 30.0},
    ),
    _contexts,
    positive={
        "process_noise": (1e-3, 0.3),
        "sensory_noise": (3e-3, 1.0),
        "drift": (1e-5, 0.1),
        "concentration": (0.3, 300.0),
    },
    gated=True,
)
SPECS = {each.name: each for each in (ONE_RATE, TWO_STATE, SERIAL, GATED_SLOW, CONTEXT_INFERENCE)}
