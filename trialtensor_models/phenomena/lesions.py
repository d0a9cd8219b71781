"""Weakening the cerebellum, and taking a teacher away."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.learned import ROTATION
from trialtensor_models.phenomena.learning import TWO_STATE
from trialtensor_models.phenomena.paradigms import LEARNING, opposite
from trialtensor_models.phenomena.rows import ANY, Row
from trialtensor_models.phenomena.subjects import Curve, Networks, Setting, Subjects
from trialtensor_models.sessions import Schedule

SCALES = (1.0, 0.75, 0.5, 0.25, 0.0)
_SHORT = 60
_weakened = Schedule().rotate(ROTATION, _SHORT)


def scaled_output(cast: Cast) -> list[Row]:
    """Adaptation with a weaker cerebellum, and how it falls from one scale to the next."""
    rows = [
        cast.measure(
            f"adaptation with output scaled by {scale:g}",
            _end,
            _weakened,
            setting=_weak(scale),
            emergent=False,
            accepted=ANY if scale else (-0.05, 0.05),
            theories=TWO_STATE,
        )
        for scale in (1.0, 0.5, 0.0)
    ]
    smallest = cast.row(
        "smallest fall from scale to scale",
        _smallest_fall,
        emergent=False,
        accepted=(0.0, np.inf),
        theories={
            name: float(_falls(cast.theories[name])[:, 0].min())
            for name in TWO_STATE
            if name in cast.theories
        },
    )
    return [*rows, smallest]


def _weak(scale: float) -> Setting:
    return Setting(teacher="serial", output=scale)


def _end(curve: Curve) -> float:
    return float(curve.adaptation[-20:].mean())


def _falls(subjects: Subjects) -> np.ndarray:
    """(n_scales - 1, n_subjects)"""
    reached = [
        [_end(curve) for curve in subjects.curves(_weakened, _weak(scale))] for scale in SCALES
    ]
    return -np.diff(reached, axis=0)


def _smallest_fall(networks: Networks) -> np.ndarray:
    return networks.by_cortex(_falls(networks).min(axis=0))


def block_after_learning(cast: Cast) -> list[Row]:
    """Adaptation left when the cerebellum is blocked after learning, beside the slow component."""
    return [
        cast.measure(
            "left under a block / slow part before",
            lambda curve: float(curve.of_block(1).mean() / curve.slow[LEARNING - 1]),
            opposite,
            emergent=False,
            accepted=(0.95, 1.05),
            published=1.0,
            theories=TWO_STATE,
        ),
        cast.measure(
            "left under a block / adaptation before",
            lambda curve: float(curve.of_block(1).mean() / curve.adaptation[LEARNING - 1]),
            opposite,
            emergent=False,
            accepted=(0.65, 0.90),
            published=0.82,
            theories=TWO_STATE,
        ),
    ]


def teachers_under_block(cast: Cast) -> list[Row]:
    """Slow learning while the cerebellum is blocked, for each teacher."""
    blocked = Schedule().rotate(ROTATION, _SHORT, cerebellum=0.0)
    return [
        cast.measure(
            f"slow under block, {teacher} teacher",
            lambda curve: float(curve.slow[-1]),
            blocked,
            setting=Setting(teacher=teacher),  # type: ignore[arg-type]
            emergent=False,
            accepted=accepted,
            theories=TWO_STATE,
        )
        for teacher, accepted in {"serial": (-0.05, 0.05), "parallel": (0.2, np.inf)}.items()
    ]
