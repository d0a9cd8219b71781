"""Retention, spontaneous recovery, savings and interference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.learning import TWO_STATE
from trialtensor_models.phenomena.paradigms import (
    LEARNING,
    N_FIRST,
    alone,
    consolidation,
    opposite,
    recovery,
    relearning,
    retention,
    washout,
)
from trialtensor_models.phenomena.rows import Row, about
from trialtensor_models.phenomena.sources import SAVE, seventeen
from trialtensor_models.phenomena.subjects import Curve, Setting


def spontaneous_recovery(cast: Cast) -> list[Row]:
    """Adaptation that comes back in an error clamp after it was brought to zero."""

    def peak(curve: Curve) -> float:
        clamp = curve.of_block(2)
        return float(max(clamp.max(), 0.0) / curve.of_block(0)[-1])

    return [
        cast.measure(
            "recovery in the clamp, peak / adapted",
            peak,
            recovery,
            emergent=False,
            published=0.60,
            accepted=(0.3, 0.7),
            people=seventeen("0.22"),
        ),
        cast.measure(
            "recovery: trial of the peak",
            lambda curve: float(curve.of_block(2).argmax()),
            recovery,
            emergent=False,
            published=8.0,
            accepted=(4.0, 20.0),
            theories=TWO_STATE,
        ),
        cast.measure(
            "recovery without cortical plasticity",
            peak,
            alone,
            emergent=False,
            setting=Setting(slow_learns=False),
            accepted=(-np.inf, 0.02),
            theories=TWO_STATE,
            remark="a network with a single rate shows none",
        ),
    ]


def savings(cast: Cast) -> list[Row]:
    """Relearning after the counter-rotation against first learning, first ten trials."""
    return [
        cast.measure(
            "savings after counter-rotation",
            _savings,
            relearning,
            emergent=False,
            published=1.71,
            accepted=(1.3, np.inf),
            people=SAVE,
        )
    ]


def savings_after_washout(cast: Cast) -> list[Row]:
    """Relearning after 200 trials without rotation: people are faster, linear models aren't."""
    return [
        cast.measure(
            "savings after 200 null trials",
            _savings,
            washout,
            emergent=True,
            published=1.01,
            accepted=(1.3, np.inf),
            people=SAVE,
            expected=False,
            remark="a known gap: people save, no linear two-rate model does",
        )
    ]


def _savings(curve: Curve) -> float:
    return float(curve.of_block(2)[:N_FIRST].mean() / curve.of_block(0)[:N_FIRST].mean())


def interference(cast: Cast) -> list[Row]:
    """Learning the opposite rotation against learning it first, mean of 20 trials."""

    def ratio(curve: Curve) -> float:
        against = -curve.of_block(2)
        return float(against.mean() / curve.of_block(0)[: len(against)].mean())

    return [
        cast.measure(
            "anterograde interference",
            ratio,
            opposite,
            emergent=False,
            published=0.13,
            accepted=(-np.inf, 0.5),
        )
    ]


def retained_in_clamp(cast: Cast) -> list[Row]:
    """Adaptation left after 20 and 50 trials of an error clamp."""
    return [
        cast.measure(
            f"retention after {trials} clamp trials",
            lambda curve, trials=trials: (  # type: ignore[misc]
                curve.of_block(1)[trials] / curve.of_block(0)[LEARNING - 1]
            ),
            retention,
            emergent=False,
            published=value,
            accepted=about(value, 0.15),
        )
        for trials, value in {20: 0.70, 50: 0.55}.items()
    ]


def consolidation_without_forgetting(cast: Cast) -> list[Row]:
    """Where the memory is if nothing is ever forgotten: early and late, in which region."""

    def part(what: str, trial: int) -> Callable[[Curve], float]:
        return lambda curve: float(getattr(curve, what)[trial])

    asked = {
        ("fast", 5): (0.3, np.inf),
        ("fast", 299): (-0.05, 0.05),
        ("slow", 299): about(1.0, 0.1),
    }
    return [
        cast.measure(
            f"no forgetting: {what} part, trial {trial}",
            part(what, trial),
            consolidation,
            setting=Setting(forgets=False),
            emergent=False,
            accepted=accepted,
            theories=TWO_STATE,
        )
        for (what, trial), accepted in asked.items()
    ]
