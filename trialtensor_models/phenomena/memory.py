"""Retention, spontaneous recovery, savings and interference."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.paradigms import (
    LEARNING,
    N_FIRST,
    alone,
    opposite,
    recovery,
    relearning,
    retention,
    washout,
)
from trialtensor_models.phenomena.rows import Cast, Row, about
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
            published=0.60,
            accepted=(0.3, 0.7),
        ),
        cast.measure(
            "trial of that peak",
            lambda curve: float(curve.of_block(2).argmax()),
            recovery,
            published=8.0,
            accepted=(4.0, 20.0),
            models=("two_state",),
        ),
        cast.measure(
            "the same without cortical plasticity",
            peak,
            alone,
            setting=Setting(slow_learns=False),
            accepted=(-np.inf, 0.02),
            models=("two_state",),
            remark="a network with a single rate shows none",
        ),
    ]


def savings(cast: Cast) -> list[Row]:
    """Relearning after the counter-rotation against first learning, first ten trials."""
    return [
        cast.measure(
            "savings after counter-rotation", _savings, relearning, published=1.71,
            accepted=(1.3, np.inf),
        )
    ]  # fmt: skip


def savings_after_washout(cast: Cast) -> list[Row]:
    """Relearning after 200 trials without rotation: people are faster, linear models aren't."""
    return [
        cast.measure(
            "savings after 200 null trials",
            _savings,
            washout,
            published=1.01,
            accepted=(1.3, np.inf),
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
            "anterograde interference", ratio, opposite, published=0.13, accepted=(-np.inf, 0.5)
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
            published=value,
            accepted=about(value, 0.15),
        )
        for trials, value in {20: 0.70, 50: 0.55}.items()
    ]
