"""Noise of trial series, of many kinds, for studies of false alarms and of power."""

from __future__ import annotations

import numpy as np
import scipy.signal

STATIONARY = (
    "white", "t(3)", "Poisson", "AR(.6)", "AR(.8)", "AR(.9)", "AR(.95)", "half AR(.9)",
    "half AR(.95)", "variance x 9", "30 % missing",
)  # fmt: skip
WALKS = ("walk", "walk and white")


def noise(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a series ``(n,)`` of about unit variance, without any change of level."""
    if kind == "white":
        return rng.standard_normal(n)
    if kind == "t(3)":
        return rng.standard_t(3, n) / np.sqrt(3)
    if kind == "Poisson":
        return (rng.poisson(2.0, n) - 2.0) / np.sqrt(2)
    if kind.startswith("AR"):
        return autoregressive(_number(kind), n, rng)
    if kind.startswith("half"):
        return np.sqrt(0.5) * (autoregressive(_number(kind), n, rng) + rng.standard_normal(n))
    if kind == "variance x 9":
        return rng.standard_normal(n) * np.where(np.arange(n) < n // 2, 1, 3) / np.sqrt(5)
    if kind == "30 % missing":
        return np.where(rng.random(n) < 0.3, np.nan, rng.standard_normal(n))
    walk = np.cumsum(rng.standard_normal(n))
    walk /= walk.std()
    if kind == "walk":
        return walk
    if kind == "walk and white":
        return np.sqrt(0.5) * (walk + rng.standard_normal(n))
    raise ValueError(f"kind: no noise is called {kind!r}")


def _number(kind: str) -> float:
    return float(kind[kind.index("(") + 1 : kind.index(")")])


def autoregressive(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a first-order autoregressive series ``(n,)`` of unit variance."""
    new = rng.standard_normal(n) * np.sqrt(1 - rho**2)
    new[0] /= np.sqrt(1 - rho**2)
    return scipy.signal.lfilter([1.0], [1.0, -rho], new)
