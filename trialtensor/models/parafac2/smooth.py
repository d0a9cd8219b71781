"""Whether and how patterns of blocks are tied to those of the next block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trialtensor.models.parafac2.blocks import BlockedTrials, KeptBlocks
from trialtensor.solvers.parafac2.options import Parafac2Model, Parafac2Options
from trialtensor.solvers.parafac2.smooth import SmoothBlocks, judged, smoothed
from trialtensor.solvers.parafac2.smoothness_choice import (
    alike,
    choose_smoothness,
    strength_of,
)
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import RestartResult, mark_interrupted


def are_alike(data: BlockedTrials, kept: KeptBlocks) -> bool:
    """Return whether all blocks have the same neurons (or bins), so that changes mean something."""
    return data.same_rows and alike(kept.values, [part.kept[1] for part in kept.parts])


def check_alike(
    data: BlockedTrials, kept: KeptBlocks, smoothness: float | str, varying: str
) -> None:
    """Refuse to tie blocks whose rows differ.

    Raises
    ------
    ValueError
        For a given smoothness that can't be had.
    """
    if smoothness != "auto" and float(smoothness) > 0 and not are_alike(data, kept):
        raise ValueError(
            f"smoothness: got {smoothness!r}, but only several blocks with the same {varying}s "
            "can change smoothly; expected 0 or 'auto'"
        )


def tie_blocks(
    data: BlockedTrials,
    kept: KeptBlocks,
    found: list[RestartResult[Parafac2Model]],
    options: Parafac2Options,
    smoothness: float | str,
) -> tuple[list[RestartResult[Parafac2Model]], float]:
    """Continue the best restart with the penalty; also return how smooth it was made.

    Parameters
    ----------
    data, kept : BlockedTrials, KeptBlocks
    found : list of RestartResult
        Without a penalty, best first.
    options : Parafac2Options
    smoothness : float or "auto"
    """
    best = found[0]
    interrupted = best.result.stop_reason is StopReason.INTERRUPTED
    if smoothness == 0 or interrupted or not are_alike(data, kept):
        return found, 0.0
    try:
        chosen = (
            choose_smoothness(kept.values, kept.masks, best.result.factors, options)
            if smoothness == "auto"
            else float(smoothness)
        )
        if chosen == 0:
            return found, 0.0
        n_trials, n_blocks = sum(map(len, kept.values)), len(kept.values)
        strength = strength_of(chosen, n_trials, n_blocks)
        problem = SmoothBlocks(kept.values, kept.masks, strength)
        result = smoothed(problem, best.result.factors, options)
        result = judged(problem, result, options)
    except KeyboardInterrupt:
        return mark_interrupted(found), 0.0
    result = replace(result, n_iter=best.result.n_iter + result.n_iter)
    patterns = [np.asarray(each) for each in result.factors.patterns]
    result = result.with_factors(result.factors._replace(patterns=patterns))
    return [replace(best, result=result), *found[1:]], chosen
