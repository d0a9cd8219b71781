"""NumPy forms of the kernels for theories of adaptation, and the cases used to time them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import digamma

from trialtensor.kernels.context_filter import infer_contexts
from trialtensor.kernels.gated_states import gated_states

Case = tuple[str, Callable[[], np.ndarray], Callable[[], np.ndarray]]
SCHEDULE = np.r_[np.zeros(20), np.ones(160), -np.ones(20), np.full(100, np.nan)]
CUES = np.arange(len(SCHEDULE)) % 2
STATES = np.array([0.6, 0.2, 0.98, 0.05])
PUBLISHED = np.array([0.9425, 0.0089, 0.03, 8.18e-4, 8.955, 0.1, 0.2501, 25.0])
N_CONTEXTS = 6


def cases() -> Iterator[Case]:
    """Return for each case its name, the kernel call and the NumPy equivalent."""
    still, learns = np.zeros(len(SCHEDULE), int), np.ones(len(SCHEDULE), bool)
    yield (
        "gated_states, 300 trials",
        lambda: gated_states(STATES, SCHEDULE, CUES, still, 2, False),
        gated_numpy,
    )
    none = np.full(len(SCHEDULE), -1)
    yield (
        "infer_contexts, 300 trials",
        lambda: infer_contexts(PUBLISHED, SCHEDULE, none, still, learns, N_CONTEXTS, 0)[0],
        contexts_numpy,
    )


def gated_numpy() -> np.ndarray:
    """Run the fast state and both slow ones as a vector."""
    A = np.r_[STATES[0], np.full(2, STATES[2])]
    states, out = np.zeros(3), np.empty(len(SCHEDULE))
    for trial, (size, cue) in enumerate(zip(SCHEDULE, CUES, strict=True)):
        seen = np.r_[1.0, cue == 0, cue == 1]
        out[trial] = seen @ states
        error = 0.0 if np.isnan(size) else size - out[trial]
        states = A * states + np.r_[STATES[1], np.full(2, STATES[3])] * seen * error
    return out


def contexts_numpy() -> np.ndarray:
    """Run the filter with arrays over contexts, without cues."""
    a, process, sensory, drift, alpha, gamma, stay, _ = PUBLISHED
    kappa = alpha * stay / (1 - stay)
    n, known = N_CONTEXTS, 1
    mean, covariance = np.zeros((n, 2)), np.empty((n, 2, 2))
    spread = process**2 / (1 - a**2) + drift**2 / (1 - a) ** 2
    covariance[:] = [[spread, drift**2 / (1 - a)], [drift**2 / (1 - a), drift**2]]
    step = np.array([[a, 1.0], [0.0, 1.0]])
    probability, moves, out = np.eye(n)[0], np.zeros((n, n)), np.empty(len(SCHEDULE))
    weights = np.r_[1.0, gamma, np.zeros(n - 2)] / (1 + gamma)
    for trial, feedback in enumerate(SCHEDULE):
        joint = np.diag(np.eye(n)[0])
        if trial:
            mean[:known] = mean[:known] @ step.T
            noise = np.diag([process**2, 0.0])
            covariance[:known] = step @ covariance[:known] @ step.T + noise
            rows = alpha * weights + moves + kappa * np.eye(n)
            joint = probability[:, None] * rows / (alpha + kappa + moves.sum(axis=1))[:, None]
        out[trial] = joint.sum(axis=0) @ mean[:, 0]
        if np.isfinite(feedback):
            gap, variance = feedback - mean[:, 0], covariance[:, 0, 0] + sensory**2
            logs = np.log(np.maximum(joint.sum(axis=0), 1e-300))
            logs -= (gap**2 / variance + np.log(variance)) / 2
            logs[known + 1 :] = -np.inf
            target = np.exp(logs - logs.max())
            joint *= target / np.maximum(joint.sum(axis=0), 1e-300)
        joint /= joint.sum()
        if known < n and joint[:, known].sum() > 0.5:
            known += 1
        elif known < n:
            joint[:, known:] = 0.0
            joint /= joint.sum()
        probability = joint.sum(axis=0)
        if not np.isfinite(feedback):
            continue
        gain = covariance[:, :, 0] / variance[:, None]
        scale = probability * (1 - probability) * gap**2 - probability * variance
        mean += (probability * gap)[:, None] * gain
        covariance += scale[:, None, None] * gain[:, :, None] * gain[:, None, :]
        if trial:
            moves += joint
            weights = _weights(moves, weights, known, alpha, gamma, kappa)
    return out


def _weights(
    moves: np.ndarray, weights: np.ndarray, known: int, alpha: float, gamma: float, kappa: float
) -> np.ndarray:
    base = np.maximum(alpha * weights, 1e-300)
    pull = base + kappa * np.eye(len(base))
    tables = np.minimum(moves, base * (digamma(pull + moves) - digamma(pull))).sum(axis=0)
    tables[0] += 1
    tables[known:] = 0.0
    if known < len(tables):
        tables[known] = gamma
    return tables / tables.sum()
