"""Phases of a session that are worth a look: before learning, early and late in it, and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

# Told apart by the colour-blind (Okabe & Ito 2008).
_BEFORE, _EARLY, _LATE, _AFTER = "#999999", "#D55E00", "#0072B2", "#009E73"
_FEWEST, _MOST = 5, 16
_PERTURBED = ("rotation", "curl", "reversed")


@dataclass(frozen=True, eq=False)
class Phase:
    """Some trials of a session.

    Attributes
    ----------
    name : str
    trials : (n,) array of int
    color : str
    """

    name: str
    trials: np.ndarray
    color: str


def blocks_of_trials(schedule: xr.Dataset) -> list[np.ndarray]:
    """Split trials into blocks, or where the label of the epoch changes.

    Parameters
    ----------
    schedule : xarray.Dataset
        Of `trialtensor_models.sessions.Truth`.

    Returns
    -------
    list of (n,) arrays of int
    """
    names = [name for name in ("epoch", "block") if name in schedule]
    n_trials = schedule.sizes["trial"]
    changes = np.zeros(max(n_trials - 1, 0), dtype=bool)
    for name in names:
        labels = schedule[name].values
        changes |= labels[1:] != labels[:-1]
    return np.split(np.arange(n_trials), np.flatnonzero(changes) + 1)


def phases_of(schedule: xr.Dataset) -> list[Phase]:
    """Choose up to four phases: before the first perturbed block, its two ends, and what follows.

    What follows is the washout, if there is one later. Where nothing is perturbed, the longest
    block is looked at.

    Parameters
    ----------
    schedule : xarray.Dataset

    Returns
    -------
    list of Phase
        In the order of the session.
    """
    blocks = blocks_of_trials(schedule)
    epoch = schedule["epoch"].values.astype(str) if "epoch" in schedule else None
    names = ["" if epoch is None else str(epoch[block[0]]) for block in blocks]
    learning = _learning(schedule, blocks)
    n_labels = len(np.unique(schedule["target"].values)) if "target" in schedule else 1
    n = int(np.clip(n_labels, _FEWEST, _MOST))
    found = []
    if learning > 0:
        before = blocks[learning - 1]
        found.append(_phase(names[learning - 1], before[-n:], _BEFORE))
    block = blocks[learning]
    n_half = max(1, min(n, len(block) // 2))
    name = names[learning]
    found.append(_phase(name, block[:n_half], _EARLY))
    if len(block) > 1:
        found.append(_phase(name, block[-n_half:], _LATE))
    later = range(learning + 1, len(blocks))
    washed = [i for i in later if names[i] == "washout"] or list(later)
    if washed:
        after = blocks[washed[0]]
        found.append(_phase(names[washed[0]], after[:n], _AFTER))
    return found


def _learning(schedule: xr.Dataset, blocks: list[np.ndarray]) -> int:
    perturbed = np.zeros(schedule.sizes["trial"], dtype=bool)
    for name in _PERTURBED:
        if name in schedule:
            perturbed |= schedule[name].values != 0
    of_blocks = [i for i, block in enumerate(blocks) if perturbed[block].any()]
    if of_blocks:
        return of_blocks[0]
    return int(np.argmax([len(block) for block in blocks]))


def _phase(name: str, trials: np.ndarray, color: str) -> Phase:
    first, last = int(trials[0]), int(trials[-1])
    part = f"trial {first}" if first == last else f"trials {first} to {last}"
    return Phase(f"{name}, {part}" if name else part, trials, color)
