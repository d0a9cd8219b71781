"""The inferior olive: what its complex spikes tell the Purkinje cells of each module."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor_models.circuit.anatomy import N_SENSORY, Anatomy
from trialtensor_models.circuit.dynamics import COMPLEX, TONIC, Activity, error_of
from trialtensor_models.circuit.trials import Trials

# Complex spikes a second above (or below) rest, for an error as large as the peak command, for
# feedback that is off by as much as mossy fibres can tell, for a reward of 1.
_GAIN = {"motor": 0.5, "sensory": 2.0, "reward": 2.0}
# What a reward is worth a step earlier.
DISCOUNT = 0.98


def complex_spikes(
    activity: Activity,
    trials: Trials,
    anatomy: Anatomy,
    *,
    action: np.ndarray | None = None,
) -> np.ndarray:
    """Find the complex spikes of all modules.

    Parameters
    ----------
    activity : Activity
        Of numpy arrays.
    trials : Trials
    anatomy : Anatomy
    action : (B, 2) array, optional
        The direction in which the hand went. Given, climbing fibres of motor modules carry the
        error of reward, towards what was done, in place of the motor error.

    Returns
    -------
    (T, B, n_nuclei) array
        In spikes/s; they rest at 1, and can't fall below 0.
    """
    T, B = activity.command.shape[:2]
    signal = np.zeros((T, B, anatomy.n_nuclei))
    for name in anatomy.signals:
        own = anatomy.module == name
        toward = anatomy.directions[own]
        if name == "motor":
            error = _motor_error(activity, trials, anatomy, action)
        else:
            error = _OF[name](activity, trials, anatomy)
        signal[..., own] = _GAIN[name] * error @ toward.T
    return np.maximum(COMPLEX + signal, 0)


def _motor_error(
    activity: Activity, trials: Trials, anatomy: Anatomy, action: np.ndarray | None
) -> np.ndarray:
    if action is None:
        return late(error_of(activity, trials, anatomy), anatomy.steps(anatomy.error_delay))
    return reward_error(activity, trials, anatomy)[..., None] * action


def _sensory_error(activity: Activity, trials: Trials, anatomy: Anatomy) -> np.ndarray:
    """What is felt, less what was predicted of it when it happened."""
    assert anatomy.feedback_delay is not None  # anatomies with this module have feedback
    sides = activity.mossy[..., anatomy.n_pons : anatomy.n_pons + N_SENSORY]
    felt = sides[..., :2] - sides[..., 2:]
    return felt - late(predicted(activity, anatomy), anatomy.steps(anatomy.feedback_delay) + 1)


def _reward_error(activity: Activity, trials: Trials, anatomy: Anatomy) -> np.ndarray:
    error = reward_error(activity, trials, anatomy)
    return np.stack([error, np.zeros_like(error)], axis=-1)


_OF: dict[str, Any] = {"sensory": _sensory_error, "reward": _reward_error}


def predicted(activity: Activity, anatomy: Anatomy) -> np.ndarray:
    """(T, B, 2) position of the hand that the forward model expects, in units of mossy fibres."""
    own = anatomy.module == "sensory"
    return (activity.nuclei[..., own] - TONIC) @ anatomy.directions[own] / 2


def value_of(activity: Activity, anatomy: Anatomy) -> np.ndarray:
    """(T, B) reward that nuclei of the reward module expect: the critic."""
    own = anatomy.module == "reward"
    return ((activity.nuclei[..., own] - TONIC) @ anatomy.directions[own])[..., 0] / 2


def reward_error(activity: Activity, trials: Trials, anatomy: Anatomy) -> np.ndarray:
    """Find the error of the expected reward (temporal differences; Sutton & Barto 2018).

    Parameters
    ----------
    activity : Activity
    trials : Trials
    anatomy : Anatomy
        With a reward module.

    Returns
    -------
    (T, B) array
        Reward at this step, and the discounted expectation of more, less what was expected at the
        step before. Nothing is expected before a trial, and after it.
    """
    value = value_of(activity, anatomy)
    T = len(value)
    value = np.concatenate([np.zeros_like(value[:1]), value])
    coming = DISCOUNT * value[1:]
    coming[min(trials.outcome, T - 1) :] = 0
    error = coming - value[:-1]
    if trials.outcome < T:
        error[trials.outcome] += activity.reward
        error[trials.outcome + 1 :] = 0
    return error


def late(signal: np.ndarray, n_steps: int) -> np.ndarray:
    """Let a (T, ...) signal arrive some steps later."""
    if n_steps == 0:
        return signal
    return np.concatenate([np.zeros_like(signal[:n_steps]), signal[:-n_steps]])
