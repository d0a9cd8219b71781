"""Adaptation as linear recursions over trials, for one or many parameters at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Form = Literal["parallel", "serial"]
Parameters = Mapping[str, np.ndarray]
# Of a schedule (n_trials,) and parameters (...,): states (n_states, n_trials, ...).
Recursion = Callable[[Parameters, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RateModel:
    """A recursion and the range of its parameters, all between 0 and 1.

    Attributes
    ----------
    names : tuple of str
    ordered : tuple of (str, str)
        Pairs of which the first parameter can't be larger than the second.
    states : callable
    grid : dict
        Values to start from, for each parameter.
    slots : tuple of int
        Where each parameter stands among those of the kernel: A_f, B_f, A_s, B_s.
    serial : bool
        Whether the slow state learns from the fast one.
    """

    names: tuple[str, ...]
    ordered: tuple[tuple[str, str], ...]
    states: Recursion
    grid: Mapping[str, tuple[float, ...]]
    slots: tuple[int, ...]
    serial: bool = False


def one_state(parameters: Parameters, schedule: np.ndarray) -> np.ndarray:
    """Run ``x <- A x + B e`` from 0; return (1, n_trials, ...)."""
    A, B = np.broadcast_arrays(parameters["A"], parameters["B"])
    states = np.zeros((1, len(schedule), *A.shape), np.result_type(A, B, float))
    x = np.zeros_like(states[0, 0])
    for trial, (size, clamped) in enumerate(_steps(schedule)):
        states[0, trial] = x
        x = A * x if clamped else A * x + B * (size - x)
    return states


def two_states(parameters: Parameters, schedule: np.ndarray, form: Form) -> np.ndarray:
    """Run the fast and slow state from 0; return (2, n_trials, ...).

    Both learn from the error (parallel), or the slow one from the fast one (serial).
    """
    A_f, B_f, A_s, B_s = np.broadcast_arrays(
        *(parameters[name] for name in ("A_f", "B_f", "A_s", "B_s"))
    )
    dtype = np.result_type(A_f, B_f, A_s, B_s, float)
    states = np.zeros((2, len(schedule), *A_f.shape), dtype)
    fast, slow = np.zeros_like(states[:, 0])
    serial = form == "serial"
    for trial, (size, clamped) in enumerate(_steps(schedule)):
        states[0, trial], states[1, trial] = fast, slow
        error = 0.0 if clamped else size - (fast + slow)
        slow = A_s * slow + B_s * (fast if serial else error)
        fast = A_f * fast + B_f * error
    return states


def _steps(schedule: np.ndarray) -> list[tuple[float, bool]]:
    # Plain numbers: indexing arrays trial by trial costs more than the recursion.
    return list(zip(schedule.tolist(), np.isnan(schedule).tolist(), strict=True))


ONE_RATE = RateModel(
    names=("A", "B"),
    ordered=(),
    states=one_state,
    grid={"A": (0.3, 0.7, 0.9, 0.98, 0.998), "B": (0.01, 0.03, 0.1, 0.3, 0.6)},
    slots=(0, 1),
)

_TWO_RATES = {
    "names": ("A_f", "B_f", "A_s", "B_s"),
    "ordered": (("A_f", "A_s"), ("B_s", "B_f")),
    "slots": (0, 1, 2, 3),
    "grid": {
        "A_f": (0.2, 0.5, 0.8, 0.92),
        "B_f": (0.05, 0.12, 0.25, 0.5),
        "A_s": (0.94, 0.98, 0.992, 0.999),
        "B_s": (0.003, 0.01, 0.03, 0.08),
    },
}


def _parallel(parameters: Parameters, schedule: np.ndarray) -> np.ndarray:
    return two_states(parameters, schedule, "parallel")


def _serial(parameters: Parameters, schedule: np.ndarray) -> np.ndarray:
    return two_states(parameters, schedule, "serial")


TWO_RATE: Mapping[str, RateModel] = {
    "parallel": RateModel(states=_parallel, **_TWO_RATES),  # type: ignore[arg-type]
    "serial": RateModel(states=_serial, serial=True, **_TWO_RATES),  # type: ignore[arg-type]
}
