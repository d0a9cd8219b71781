"""What animals say of an effect, one by one and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.tracking.binned_effects import binned_effects
from trialtensor.tracking.random_effects import RandomEffects, random_effects
from trialtensor.tracking.transitions import Transitions
from trialtensor.tracking.transitions.prior import RAMP, SHORTEST, STEP

EFFECTS = ("onset", "time constant", "amplitude")
FASTEST = 0.5  # trials: a step, on the logarithmic scale of time constants
SEEN = SHORTEST / 2**0.5  # trials: anything faster looks like a step
BIN = 0.2  # of the logarithm of time constants


@dataclass(frozen=True, eq=False)
class AnimalEffect:
    """Draws of an effect in one animal.

    Attributes
    ----------
    animal : str
    values : (n_draws,) array
        Draws, none if nothing is known. Logarithms of time constants.
    speeds, weights : (n_draws,) arrays
        Logarithms of time constants of these draws, and weights that undo what was thought of them.
    probability : float
        Of a transition in any session.
    shown : bool
    n_sessions, n_trials : int
    """

    animal: str
    values: np.ndarray
    speeds: np.ndarray
    weights: np.ndarray
    probability: float
    shown: bool
    n_sessions: int
    n_trials: int


def animal_effect(
    animal: str, sessions: list[Transitions], effect: str, alpha: float
) -> AnimalEffect:
    """Return what one animal says of an effect; it may be in any of its sessions."""
    showing = [each for each in sessions if each.p_value <= alpha / len(sessions)]
    used = sessions if effect == "amplitude" else showing
    draws = [each for each in (_draws(found, effect) for found in used) if each.shape[1]]
    n = min((each.shape[1] for each in draws), default=0)
    # Sessions are independent, so their draws can be averaged in any order.
    values, speeds, weights = np.zeros((3, 0))
    if n:
        values, speeds = np.mean([each[:2, :n] for each in draws], axis=0)
        weights = np.prod([each[2, :n] for each in draws], axis=0)
    return AnimalEffect(
        animal=animal,
        values=values,
        speeds=speeds,
        weights=weights,
        probability=float(1 - np.prod([1 - each.probability for each in sessions])),
        shown=bool(showing),
        n_sessions=len(sessions),
        n_trials=max(len(each.course) for each in sessions),
    )


def animal_row(of: AnimalEffect, effect: str, level: float) -> dict[str, Any]:
    """Return a row of the table of animals."""
    row = {"estimate": float("nan"), "low": float("nan"), "high": float("nan")}
    if len(of.values):
        low, high = np.quantile(of.values, [(1 - level) / 2, (1 + level) / 2])
        row = _in_units({"estimate": of.values.mean(), "low": low, "high": high}, effect)
    facts = {"probability": of.probability, "shown": of.shown, "n_sessions": of.n_sessions}
    return {"animal": of.animal, **row, **facts}


def group_rows(effects: dict[str, list[AnimalEffect]], level: float) -> list[dict[str, Any]]:
    """Return the rows of the table of means for one component."""
    together = effects_together(effects, level)
    names = ("mean", "low", "high", "new_low", "new_high")
    rows = []
    for effect, animals in effects.items():
        of = together[effect]
        ends = _in_units({name: getattr(of, name) for name in names}, effect)
        rows.append(
            {
                **{name: ends[name] for name in names[:3]},
                "between_sd": of.between_sd,
                **{name: ends[name] for name in names[3:]},
                "n_animals": sum(len(each.values) > 0 for each in animals),
                "n_with": sum(each.shown for each in animals),
                "p_value": of.p_value if effect == "amplitude" else float("nan"),
            }
        )
    return rows


def effects_together(
    effects: dict[str, list[AnimalEffect]], level: float
) -> dict[str, RandomEffects]:
    """Return the mean of each effect over animals."""
    used = {name: [each for each in of if len(each.values)] for name, of in effects.items()}
    found = {}
    for name, of in used.items():
        means = np.array([each.values.mean() for each in of])
        found[name] = random_effects(means, np.array([each.values.var() for each in of]), level)
    animals = used["time constant"]
    if len(animals) < 2:
        return found
    n_trials = max(each.n_trials for each in animals)
    scale = np.arange(np.log(SEEN), max(np.log(n_trials), 2.0), BIN)
    speeds = np.stack([_speed_likelihood(each, scale) for each in animals])
    bounds = (float(np.log(FASTEST)), float(np.log(2 * n_trials)))
    found["time constant"], another = binned_effects(scale, speeds, level, _own(animals), bounds)
    edges = np.arange(1, n_trials) - 0.5
    onsets = np.stack([_onset_likelihood(each, edges, scale, another) for each in used["onset"]])
    found["onset"], _ = binned_effects(
        edges, onsets, level, _own(used["onset"]), (-0.5, n_trials - 0.5)
    )
    return found


def _own(animals: list[AnimalEffect]) -> float:
    return float(np.median([each.values.std() for each in animals]))


def _speed_likelihood(of: AnimalEffect, edges: np.ndarray) -> np.ndarray:
    """Return the likelihood of each bin of time constants."""
    masses = np.bincount(_bin(of.values, edges), of.weights, len(edges) + 1)
    # Slower than its session: how much slower isn't known.
    last = int(_bin(np.log(of.n_trials) - 1e-9, edges))
    masses[last:] = masses[last:].sum()
    return _with_doubt(masses / masses[: last + 1].mean(), of, of.weights)


def _onset_likelihood(
    of: AnimalEffect, edges: np.ndarray, scale: np.ndarray, speeds: np.ndarray
) -> np.ndarray:
    """Return the likelihood of each onset, given how probable time constants are in animals."""
    weights = of.weights * speeds[_bin(of.speeds, scale)]
    masses = np.bincount(_bin(of.values, edges), weights, len(edges) + 1)
    return _with_doubt(masses / masses.mean(), of, weights)


def _bin(values: Any, edges: np.ndarray) -> Any:
    return np.searchsorted(edges, values, side="right")


def _with_doubt(likelihood: np.ndarray, of: AnimalEffect, weights: np.ndarray) -> np.ndarray:
    """Allow for no transition, and for bins without a draw: one more might be anywhere."""
    n = weights.sum() ** 2 / (weights**2).sum()
    sure = of.probability * n / (n + 1)
    return np.asarray(sure * likelihood + 1 - sure)


def _draws(found: Transitions, effect: str) -> np.ndarray:
    """Return values, log time constants and weights of the largest transition, ``(3, n)``."""
    draws, n_trials = found.draws, len(found.course)
    amplitudes = draws.amplitudes[:, :, 0]
    n = len(amplitudes)
    if not amplitudes.shape[1]:  # no transition is an amplitude of 0, and no onset
        return np.zeros((3, n if effect == "amplitude" else 0))
    largest = int(np.argmax(np.abs(amplitudes.mean(axis=0))))
    onsets, taus = draws.onsets[:, largest], draws.time_constants[:, largest]
    speeds = _spread_out(np.log(np.clip(taus, FASTEST, n_trials)), taus)
    if effect == "amplitude":
        # An animal has its transition with its probability only.
        there = np.random.default_rng(0).permutation(n) < found.probability * n
        values = _reached(onsets, taus, n_trials) * amplitudes[:, largest] * there
    else:
        values = speeds if effect == "time constant" else onsets
    return np.stack([values, speeds, _tau_weights(taus, n_trials)])


def _spread_out(logs: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return draws of log time constants spread over their cells: they were drawn from a grid."""
    finite = (taus > 0) & np.isfinite(taus)
    grid = np.unique(logs[finite])
    if len(grid) < 2:
        return logs
    middles = (grid[1:] + grid[:-1]) / 2
    ends = np.concatenate([grid[:1] - np.log(2) / 2, middles, grid[-1:] + np.log(2) / 2])
    cell = np.searchsorted(grid, logs[finite])
    where = np.random.default_rng(0).random(len(cell))
    spread = logs.copy()
    spread[finite] = ends[cell] + where * (ends[cell + 1] - ends[cell])
    return spread


def _tau_weights(taus: np.ndarray, n_trials: int) -> np.ndarray:
    """Return one over the prior mass of the bin of each time constant."""
    n_bins = max(np.log(1.5 * n_trials / SEEN), 1.0) / BIN
    return np.select([taus == 0, np.isinf(taus)], [1 / STEP, 1 / RAMP], n_bins / (1 - STEP - RAMP))


def _reached(onsets: np.ndarray, taus: np.ndarray, n_trials: int) -> np.ndarray:
    """Return the share of the plateau that is reached by the last trial.

    That of a slow transition is far beyond the session.
    """
    left = n_trials - onsets
    slow = np.where((taus > 0) & np.isfinite(taus), taus, 1.0)
    reached = np.where(taus == 0, 1.0, -np.expm1(-left / slow))
    return np.asarray(np.where(np.isinf(taus), left / n_trials, reached))


def _in_units(values: dict[str, Any], effect: str) -> dict[str, float]:
    """Return values on the scale of trials."""
    back = np.exp if effect == "time constant" else np.asarray
    return {name: float(back(value)) for name, value in values.items()}
