"""Learning to one target, and what it does at others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.learned import Learned
from trialtensor_models.phenomena.paradigms import LEARNING, learning, opposite_at, washout
from trialtensor_models.phenomena.rows import ANY, Row
from trialtensor_models.phenomena.sources import NARROW, SLOWER_WITH_MORE_TARGETS
from trialtensor_models.phenomena.subjects import REFERENCE, Curve, Networks, Setting

_GENERALISES = {22.5: ANY, 45.0: (0.3, 0.65), 90.0: (-0.15, 0.15)}
_STEP = 22.5  # degrees between neighbours of sixteen targets
_SPARSER = (0.5, 0.1, 0.02)


def learned(curve: Curve) -> Learned:
    """What a network knows at the end of the first block."""
    if curve.learned is None:
        raise ValueError("networks: expected subjects that reach, got a model without directions")
    return curve.learned


def generalisation(cast: Cast) -> list[Row]:
    """Adaptation at untrained directions, as a share of that at the trained one."""

    def share(curve: Curve, angle: float) -> float:
        return learned(curve).adaptation(angle) / learned(curve).adaptation()

    def fall(curve: Curve) -> float:
        sizes = np.abs([share(curve, angle) for angle in (0.0, *_GENERALISES)])
        return float(-np.diff(sizes).max())

    rows = [
        cast.measure(
            f"generalisation at {angle:g} degrees",
            lambda curve, angle=angle: share(curve, angle),  # type: ignore[misc]
            washout,
            emergent=True,
            accepted=accepted,
            people=NARROW,
            theories=(),
        )
        for angle, accepted in _GENERALISES.items()
    ]
    name = "generalisation: smallest fall"
    more = {"emergent": True, "accepted": (0.0, np.inf), "theories": ()}
    return [*rows, cast.measure(name, fall, washout, **more)]  # type: ignore[arg-type]


def many_targets(cast: Cast) -> list[Row]:
    """Eight targets against one: the same number of trials, and the end of learning."""

    def ratio(trials: slice) -> Callable[[Networks], np.ndarray]:
        def of(networks: Networks) -> np.ndarray:
            pairs = zip(
                networks.curves(learning, Setting(n_targets=8)),
                networks.curves(washout),
                strict=True,
            )
            return networks.by_cortex(
                many.adaptation[trials].mean() / one.adaptation[trials].mean()
                for many, one in pairs
            )

        return of

    parts = {"first": slice(40), "last": slice(LEARNING - 40, LEARNING)}
    return [
        cast.row(
            f"eight targets / one, {name} 40 trials",
            ratio(trials),
            emergent=True,
            accepted=(-np.inf, 1.0),
            people=SLOWER_WITH_MORE_TARGETS,
        )
        for name, trials in parts.items()
    ]


def opposite_rotations(cast: Cast) -> list[Row]:
    """Opposite rotations at two targets in turns: by their distance, and by coding level."""
    rows = [
        _opposite(cast, f"opposite rotations {_STEP * step:g} degrees apart", step, REFERENCE)
        for step in (1, 2, 4, 8)
    ]
    for level in _SPARSER:
        alone = Setting(coding_level=level, slow_learns=False)
        name = f"45 apart, coding {level:g}"
        if level != 0.1:
            rows.append(_opposite(cast, name, 2, Setting(coding_level=level)))
        rows.append(_opposite(cast, f"{name}, cerebellum alone", 2, alone))
    return [*rows, _rise_with_angle(cast), _rise_with_sparseness(cast)]


def _opposite(cast: Cast, name: str, step: int, setting: Setting) -> Row:
    return cast.row(
        name, lambda networks: _reached(networks, step, setting), emergent=True, accepted=ANY
    )


def _reached(networks: Networks, step: int, setting: Setting) -> np.ndarray:
    """Adaptation to both rotations at the end, each with its own sign."""
    setting = Setting(**(vars(setting) | {"n_targets": 16}))
    return networks.by_cortex(
        float((np.where(curve.block % 2, -1, 1) * curve.adaptation)[-20:].mean())
        for curve in networks.curves(opposite_at(step), setting)
    )


def _rise_with_angle(cast: Cast) -> Row:
    def of(networks: Networks) -> np.ndarray:
        reached = [_reached(networks, step, REFERENCE) for step in (1, 2, 4)]
        return np.diff(reached, axis=0).min(axis=0)

    name = "opposite: smallest rise with angle"
    return cast.row(name, of, emergent=True, accepted=(0.0, np.inf))


def _rise_with_sparseness(cast: Cast) -> Row:
    def of(networks: Networks) -> np.ndarray:
        reached = [
            _reached(networks, 2, Setting(coding_level=level, slow_learns=False))
            for level in _SPARSER
        ]
        return np.diff(reached, axis=0).min(axis=0)

    name = "opposite: smallest rise as code thins"
    return cast.row(name, of, emergent=True, accepted=(0.0, np.inf))
