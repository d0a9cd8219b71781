"""Weakening the cerebellum, and taking a teacher away."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.paradigms import LEARNING, opposite
from trialtensor_models.phenomena.rows import Cast, Quantity, Row
from trialtensor_models.phenomena.subjects import ROTATION, Setting, Subjects
from trialtensor_models.sessions import Schedule

SCALES = (1.0, 0.75, 0.5, 0.25, 0.0)
_SHORT = 60
_weakened = Schedule().rotate(ROTATION, _SHORT)


def scaled_output(cast: Cast) -> list[Row]:
    """Adaptation with a weaker cerebellum: how it falls from one scale to the next."""

    def reached(subjects: Subjects) -> np.ndarray:
        """(n_scales, n_seeds)"""
        settings = [Setting(teacher="serial", output=scale) for scale in SCALES]
        return np.array(
            [
                [curve.adaptation[-20:].mean() for curve in subjects.curves(_weakened, setting)]
                for setting in settings
            ]
        )

    networks, model = reached(cast.networks), reached(cast.two_state)
    rows = [
        Row(
            name=f"adaptation with output scaled by {scale:g}",
            network=Quantity(networks[i]),
            two_state=float(model[i, 0]),
            one_rate=None,
            published=None,
            accepted=(-np.inf, np.inf) if scale else (-0.05, 0.05),
        )
        for i, scale in enumerate(SCALES)
    ]
    falls = -np.diff(networks, axis=0)
    rows.append(
        Row(
            name="smallest fall from scale to scale",
            network=Quantity(falls.min(axis=0)),
            two_state=float(-np.diff(model, axis=0).max()),
            one_rate=None,
            published=None,
            accepted=(0.0, np.inf),
        )
    )
    return rows


def block_after_learning(cast: Cast) -> list[Row]:
    """Adaptation left when the cerebellum is blocked after learning, beside the slow component."""
    return [
        cast.measure(
            "left under a block / slow component before",
            lambda curve: float(curve.of_block(1).mean() / curve.slow[LEARNING - 1]),
            opposite,
            accepted=(0.95, 1.05),
            published=1.0,
            models=("two_state",),
        ),
        cast.measure(
            "left under a block / adaptation before",
            lambda curve: float(curve.of_block(1).mean() / curve.adaptation[LEARNING - 1]),
            opposite,
            accepted=(0.65, 0.90),
            published=0.82,
            models=("two_state",),
        ),
    ]


def teachers_under_block(cast: Cast) -> list[Row]:
    """Slow learning while the cerebellum is blocked, for each teacher."""
    blocked = Schedule().rotate(ROTATION, _SHORT, cerebellum=0.0)
    return [
        cast.measure(
            f"slow learning under block, {teacher} teacher",
            lambda curve: float(curve.slow[-1]),
            blocked,
            setting=Setting(teacher=teacher),  # type: ignore[arg-type]
            accepted=accepted,
            models=("two_state",),
        )
        for teacher, accepted in {"serial": (-0.05, 0.05), "parallel": (0.2, np.inf)}.items()
    ]
