"""What is fitted of each theory, and how it predicts movements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import qmc

from trialtensor.data.parameters import some_of
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
        n_trials).
    positive : dict of str to (float, float)
        Parameters that may be above 1, with the range that is searched. All others are shares.
    ordered : tuple of (str, str)
        Pairs of which the first isn't larger than the second.
    box : dict of str to (float, float)
        Where further starts are looked for, if anywhere.
    gated : bool
        Whether cues change its predictions.
    """

    name: str
    starts: tuple[dict[str, float], ...]
    predict: Callable[[Values, Behaviour, float], np.ndarray]
    positive: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    ordered: tuple[tuple[str, str], ...] = ()
    box: Mapping[str, tuple[float, float]] = field(default_factory=dict)
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

    def more_starts(self, n: int) -> list[dict[str, float]]:
        """Points that fill the box evenly, always the same ones."""
        if not self.box:
            return []
        ends = np.array([[self._to(k, end) for end in self.box[k]] for k in self.names])
        shares = qmc.Sobol(len(self.names), seed=0).random(n)
        return [self.of_natural(ends[:, 0] + share * np.ptp(ends, axis=1)) for share in shares]

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


def _each_group(data: Behaviour, run: Callable[[int], np.ndarray]) -> np.ndarray:
    """Run every kind of schedule once, by one of its subjects."""
    output = np.empty(data.adaptation.shape)
    for group in data.groups:
        output[group] = run(int(group[0]))
    return output


def _states(rates: tuple[float, ...], data: Behaviour, *, gated: bool, serial: bool) -> np.ndarray:
    # Trials without a cue have a slow state of their own, the last.
    n_slow = len(data.labels) + 1 if gated else 1
    slot = np.where(data.cues < 0, n_slow - 1, data.cues) if gated else np.zeros_like(data.cues)

    def run(one: int) -> np.ndarray:
        return gated_states(
            *(np.array(rates), data.perturbation[one], slot[one], data.pauses[one], n_slow, serial)
        )

    return _each_group(data, run)


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

    def run(one: int) -> np.ndarray:
        seen = data.perturbation[one] / scale
        learns = np.ones(len(seen), dtype=bool)
        found = infer_contexts(
            *(rates, seen, data.cues[one], data.pauses[one], learns, N_CONTEXTS, len(data.labels))
        )
        return scale * found[0]

    return _each_group(data, run)


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
# Perturbations that are large beside the noises tell only their ratios, and few contexts say
# nothing of how many there could be: sensory noise and `new` are held.
FITTED = ("retention", "process_noise", "drift", "concentration", "stay")
# Where fits may start, besides the defaults.
_BOX = {
    "retention": (0.8, 0.998),
    "process_noise": (2e-3, 0.3),
    "sensory_noise": (0.01, 0.3),
    "drift": (1e-4, 3e-2),
    "concentration": (1.0, 60.0),
    "new": (0.01, 1.0),
    "stay": (0.05, 0.8),
    "cue_concentration": (2.0, 60.0),
}


def context_spec(names: Sequence[str] = FITTED) -> TheorySpec:
    """Inference of contexts with some of its parameters free, and the defaults of the others.

    Parameters
    ----------
    names : sequence of str
        Of `RATES`.

    Raises
    ------
    ValueError
        For unknown names, or none.
    """
    given: Any = names
    if not some_of("free", [] if given is None else given, RATES):
        raise ValueError(f"free: expected some of {', '.join(map(repr, RATES))}, got {names!r}")
    return TheorySpec(
        "context inference",
        ({name: DEFAULTS[name] for name in names},),
        _contexts,
        box={name: _BOX[name] for name in names},
        positive={
            "process_noise": (1e-4, 0.3),
            "sensory_noise": (3e-3, 1.0),
            "drift": (1e-5, 0.1),
            "concentration": (0.3, 300.0),
            "new": (1e-3, 5.0),
            "cue_concentration": (0.3, 300.0),
        },
        gated=True,
    )


CONTEXT_INFERENCE = context_spec()
SPECS = {each.name: each for each in (ONE_RATE, TWO_STATE, SERIAL, GATED_SLOW, CONTEXT_INFERENCE)}
