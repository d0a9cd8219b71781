"""How fast, how far, and by which process."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.exponentials import two_exponential_advantage
from trialtensor_models.phenomena.paradigms import LEARNING, alone, recovery, washout
from trialtensor_models.phenomena.rows import Row, about
from trialtensor_models.phenomena.sources import seventeen
from trialtensor_models.phenomena.subjects import Setting

PUBLISHED_LEARNING = {10: 0.43, 40: 0.58, 159: 0.74}
PEOPLE_LEARN = {10: seventeen("0.77"), 40: seventeen("0.92"), 159: None}
TWO_STATE = ("two-state",)


def learning_curve(cast: Cast) -> list[Row]:
    """Adaptation at trials 10, 40 and 159, and whether two exponentials describe it better."""
    rows = [
        cast.measure(
            f"adaptation at trial {trial}",
            lambda curve, trial=trial: curve.adaptation[trial],  # type: ignore[misc]
            washout,
            emergent=False,
            published=value,
            accepted=about(value, 0.15),
            people=PEOPLE_LEARN[trial],
        )
        for trial, value in PUBLISHED_LEARNING.items()
    ]
    rows.append(
        cast.measure(
            "log odds, two exponentials against one",
            lambda curve: two_exponential_advantage(curve.shown[:LEARNING]),
            washout,
            emergent=False,
            accepted=(0.0, np.inf),
            theories=(),
            remark="of behaviour with its noise; positive: two exponentials",
        )
    )
    return rows


def slow_share(cast: Cast) -> list[Row]:
    """How much of the adaptation is the slow process's at the end of learning."""
    return [
        cast.measure(
            "slow share at the end",
            lambda curve: curve.slow[LEARNING - 1] / curve.adaptation[LEARNING - 1],
            washout,
            emergent=False,
            published=0.82,
            accepted=(0.65, 0.90),
            theories=TWO_STATE,
        )
    ]


def after_effect(cast: Cast) -> list[Row]:
    """On the first trial without rotation, and ten trials later."""

    def first(curve):  # type: ignore[no-untyped-def]
        return curve.of_block(1)[0] - curve.of_block(0)[-1]

    def later(curve):  # type: ignore[no-untyped-def]
        return curve.of_block(1)[10] / curve.of_block(1)[0]

    return [
        cast.measure(
            "after-effect less final adaptation",
            first,
            washout,
            emergent=False,
            accepted=(-0.05, 0.05),
            published=0.0,
        ),
        cast.measure(
            "after-effect left at trial 10",
            later,
            washout,
            emergent=False,
            accepted=(-np.inf, 0.5),
        ),
    ]


def counter_trials(cast: Cast) -> list[Row]:
    """Trials of the opposite rotation that bring adaptation to zero."""

    def count(curve):  # type: ignore[no-untyped-def]
        # The first of the block has not learned from it yet.
        return float(np.argmax(np.append(curve.of_block(1), -1.0) <= 0))

    return [
        cast.measure(
            "counter-trials to zero",
            count,
            recovery,
            emergent=False,
            published=4.0,
            accepted=(2.0, 10.0),
            people=seventeen("2"),
        )
    ]


def no_cortical_plasticity(cast: Cast) -> list[Row]:
    """Where adaptation ends without a slow process."""
    return [
        cast.measure(
            "plateau without cortical plasticity",
            lambda curve: float(curve.of_block(0)[-20:].mean()),
            alone,
            emergent=False,
            setting=Setting(slow_learns=False),
            published=0.34,
            accepted=about(0.34, 0.05),
            theories=TWO_STATE,
        )
    ]
