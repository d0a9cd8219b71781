"""Trials for a learner whose feedback doesn't depend on its movements: block by block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trialtensor.kernels.context_filter import infer_contexts
from trialtensor_models.rates.trial_table import (
    NO_CUE,
    TrialTable,
    check_blocks,
    size_at,
)
from trialtensor_models.sessions import Block, Schedule


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some trials in a row, an entry each in every array; `block` is set where it may end early."""

    size: np.ndarray
    cue: np.ndarray
    pause: np.ndarray
    learns: np.ndarray
    epoch: np.ndarray
    number: np.ndarray
    seen: np.ndarray
    moved: np.ndarray
    block: Block | None = None

    def first(self, n: int) -> Stretch:
        """The first trials only."""
        return Stretch(**{name: each[:n] for name, each in self.columns.items()})

    @property
    def columns(self) -> dict[str, Any]:
        """The arrays, by name."""
        names = ("size", "cue", "pause", "learns", "epoch", "number", "seen", "moved")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Learner:
    """The filter with its parameters, and the noises of a simulation.

    Attributes
    ----------
    rates : (8,) array
    n_contexts : int
    scale : float
        What a perturbation of 1 is for the filter.
    feedback, noise : float
        Standard deviations of what is seen and of movements.
    """

    rates: np.ndarray
    n_contexts: int
    scale: float
    feedback: float
    noise: float

    def adapt(self, trials: Stretch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Adaptation, probabilities of contexts, and their states."""
        labels = sorted(set(trials.cue.tolist()) - {NO_CUE})
        codes = {NO_CUE: -1} | {label: i for i, label in enumerate(labels)}
        cues = np.array([codes[each] for each in trials.cue.tolist()], dtype=int)
        seen = trials.seen / self.scale
        output, expected, states = infer_contexts(
            *(self.rates, seen, cues, trials.pause, trials.learns),
            *(self.n_contexts, len(labels)),
        )
        return self.scale * output, expected, self.scale * states


def run_through(
    learner: Learner,
    trials: Schedule | pd.DataFrame | ArrayLike,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Adapt to trials; blocks end where their ``until=`` says.

    Parameters
    ----------
    learner : Learner
    trials : Schedule, DataFrame or (n_trials,) array
    rng : numpy.random.Generator

    Returns
    -------
    dict
        The fields of `ContextTrace`.
    """
    done: Stretch | None = None
    for stretch in _stretches(trials):
        n = len(stretch.size)
        seen = stretch.size + learner.feedback * rng.standard_normal(n)
        moved = learner.noise * rng.standard_normal(n)
        stretch = replace(stretch, seen=seen, moved=moved)
        joined = stretch if done is None else _join(done, stretch)
        if stretch.block is not None:
            before = len(joined.size) - n
            shown = learner.adapt(joined)[0][before:] + moved
            joined = joined.first(before + _ends(stretch.block, shown, stretch.size))
        done = joined
    assert done is not None  # a schedule has trials
    output, expected, states = learner.adapt(done)
    shown = output + done.moved
    return {
        "output": output,
        "error": np.nan_to_num(done.size - shown),
        "shown": shown,
        "perturbation": done.size,
        "epoch": done.epoch,
        "block": done.number,
        "expected": expected,
        "states": states,
    }


def largest(trials: Schedule | pd.DataFrame | ArrayLike) -> float:
    """Size of the largest perturbation; 1 if there is none."""
    if isinstance(trials, Schedule):
        rows = [row.perturbation for block in trials.blocks for row in block.rows]
        sizes = np.array(
            [*(block.size for block in trials.blocks), *(row.rotation + row.curl for row in rows)]
        )
    else:
        sizes = np.nan_to_num(TrialTable.of(trials).perturbation)
    return float(np.abs(sizes).max(initial=0.0)) or 1.0


def _ends(block: Block, shown: np.ndarray, size: np.ndarray) -> int:
    """Number of trials that a block has."""
    error = np.nan_to_num(size - shown)
    for n in range(1, len(shown) + 1):
        history = {"adaptation": shown[:n], "angle": -shown[:n], "error": error[:n]}
        if block.is_over(history):
            return n
    return len(shown)


def _join(first: Stretch, second: Stretch) -> Stretch:
    columns = second.columns
    joined: dict[str, Any] = {
        name: np.concatenate([each, columns[name]]) for name, each in first.columns.items()
    }
    return Stretch(**joined)


def _stretches(trials: Schedule | pd.DataFrame | ArrayLike) -> list[Stretch]:
    if isinstance(trials, Schedule):
        check_blocks(trials)
        return [_of_block(block, number) for number, block in enumerate(trials.blocks)]
    table = TrialTable.of(trials)
    n = len(table.perturbation)
    columns = (table.perturbation, table.context, table.pause)
    rest = (np.ones(n, bool), np.full(n, ""), np.zeros(n, int))
    return [Stretch(*columns, *rest, np.zeros(n), np.zeros(n))]


def _of_block(block: Block, number: int) -> Stretch:
    n = block.n_trials
    rows = [block.row(trial) for trial in range(n)]
    if any(row.cerebellum != 1 for row in rows):
        raise ValueError(
            f"schedule: block {number} scales the cerebellum, of which inference of contexts says "
            "nothing"
        )
    return Stretch(
        np.array([size_at(block, trial) for trial in range(n)]),
        np.array([row.context for row in rows], dtype=str),
        np.zeros(n, int),
        np.array([row.learns for row in rows]),
        np.full(n, block.epoch),
        np.full(n, number),
        np.zeros(n),
        np.zeros(n),
        block if block.until is not None else None,
    )
