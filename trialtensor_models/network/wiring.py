"""Weights and constants of all regions, and what can be done to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from trialtensor.data.shown import OneLine


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Wiring(OneLine):
    """Weights and constants of `S` networks of one size, stacked.

    Attributes
    ----------
    W : (S, N, N), W_in : (S, N, n_inputs), b : (S, 1, N), W_th : (S, N, 2), W_out : (S, 2, N)
        Cortex.
    P : (S, M, N), J : (S, G, M)
        Cortex to pons; pons to granule cells.
    r_mean : (S, 1, N), sigma : (S, 1, 1), theta : (S, 1, G)
        Mean activity of cortex, scale of the pons and thresholds of granule cells.
    leak : float
        ``dt / tau``.
    delay : int
        Steps from the nuclei to cortex, at least 1.
    golgi : (S, 1, 2)
        Inhibition of granule cells: they are divided by the square root of the first number plus
        the second times the sum of their squares.
    floor : float
        The least that a granule cell sends; ``-inf`` where there is no expansion.
    """

    W: np.ndarray
    W_in: np.ndarray
    b: np.ndarray
    W_th: np.ndarray
    W_out: np.ndarray
    P: np.ndarray
    J: np.ndarray
    r_mean: np.ndarray
    sigma: np.ndarray
    theta: np.ndarray
    leak: float
    delay: int
    floor: float = 0.0
    golgi: np.ndarray = field(default_factory=lambda: np.array([[[1.0, 0.0]]]))


_SCALARS = ("leak", "delay", "floor")
_ARRAYS = tuple(part.name for part in fields(Wiring) if part.name not in _SCALARS)


def stack(wirings: list[Wiring]) -> Wiring:
    """Put networks side by side, without copies if they are one and the same.

    Parameters
    ----------
    wirings : list of Wiring
        Of the same sizes.

    Returns
    -------
    Wiring
    """
    if not len(wirings):
        raise ValueError("wirings: expected at least one, got none")
    first = wirings[0]
    if all(wiring is first for wiring in wirings):
        shared: dict[str, Any] = {
            name: np.broadcast_to(
                getattr(first, name), (len(wirings), *getattr(first, name).shape[1:])
            )
            for name in _ARRAYS
        }
        return replace(first, **shared)
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(w, name) for w in wirings]) for name in _ARRAYS
    }
    return replace(first, **joined)


def take(wiring: Wiring, keep: list[int]) -> Wiring:
    """Keep some of the networks.

    Parameters
    ----------
    wiring : Wiring
    keep : list of int
        Their places.

    Returns
    -------
    Wiring
    """
    if not all(0 <= place < len(wiring.W) for place in keep):
        raise ValueError(f"keep: expected places from 0 to {len(wiring.W) - 1}, got {keep}")
    kept: dict[str, Any] = {name: getattr(wiring, name)[keep] for name in _ARRAYS}
    return replace(wiring, **kept)


def silence(wiring: Wiring, silenced: Iterable[tuple[str, float]], seed: int) -> Wiring:
    """Silence units: they send nothing, and what they receive no longer matters.

    Parameters
    ----------
    wiring : Wiring
        Of one intact network.
    silenced : iterable of (str, float)
        Regions ("cortex", "pons" or "granule") and the share of their units.
    seed : int
        Of the network; draws the units.

    Returns
    -------
    Wiring
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    sizes = {"cortex": wiring.W.shape[1], "pons": wiring.P.shape[1], "granule": wiring.J.shape[1]}
    for region, share in silenced:
        gone = rng.permutation(sizes[region])[: round(share * sizes[region])]
        wiring = _WITHOUT[region](wiring, gone)
    return wiring


def _without_cortical(wiring: Wiring, gone: np.ndarray) -> Wiring:
    b, W, W_in, W_th = (part.copy() for part in (wiring.b, wiring.W, wiring.W_in, wiring.W_th))
    b[..., gone] = 0
    for part in (W, W_in, W_th):
        part[:, gone] = 0
    return replace(wiring, b=b, W=W, W_in=W_in, W_th=W_th)


def _without_pontine(wiring: Wiring, gone: np.ndarray) -> Wiring:
    P = wiring.P.copy()
    P[:, gone] = 0
    return replace(wiring, P=P)


def _without_granule(wiring: Wiring, gone: np.ndarray) -> Wiring:
    if wiring.floor < 0:
        J = wiring.J.copy()
        J[:, gone] = 0
        return replace(wiring, J=J)
    theta = wiring.theta.copy()
    theta[..., gone] = np.inf
    return replace(wiring, theta=theta)


_WITHOUT = {
    "cortex": _without_cortical,
    "pons": _without_pontine,
    "granule": _without_granule,
}
