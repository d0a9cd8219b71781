"""Learning to one target, and to many."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.paradigms import LEARNING, learning, washout
from trialtensor_models.phenomena.rows import Cast, Quantity, Row
from trialtensor_models.phenomena.subjects import ROTATION, Setting
from trialtensor_models.sessions import Schedule

_STEP = 22.5  # degrees between probed directions
_PROBED = (0, 1, 2, 4)
_PROBES = 2
_SIXTEEN = Setting(n_targets=16)


def _train_and_probe() -> Schedule:
    schedule = Schedule().rotate(ROTATION, 80, targets=(0,))
    for target in _PROBED:
        # Both sides: directions that are trained to one side only would hide an asymmetry.
        sides = tuple({target, -target % 16})
        schedule = schedule.rotate(
            ROTATION, _PROBES * len(sides), targets=sides, learns=False, epoch="probe"
        )
    return schedule


def generalisation(cast: Cast) -> list[Row]:
    """Adaptation at untrained directions, as a share of that at the trained one."""
    curves = cast.networks.curves(_train_and_probe(), _SIXTEEN)
    shown = np.array(
        [[curve.of_block(1 + i).mean() for i in range(len(_PROBED))] for curve in curves]
    )
    share = shown[:, 1:] / shown[:, :1]
    accepted = {22.5: (-np.inf, np.inf), 45.0: (0.3, 0.65), 90.0: (-0.15, 0.15)}
    rows = [
        _alone(f"generalisation at {angle:g} degrees", share[:, i], limits)
        for i, (angle, limits) in enumerate(accepted.items())
    ]
    size = np.column_stack([np.ones(len(share)), share])
    size[:, -1] = np.abs(size[:, -1])
    falls = -np.diff(size, axis=1).max(axis=1)
    rows.append(_alone("smallest fall of generalisation from angle to angle", falls, (0.0, np.inf)))
    return rows


def many_targets(cast: Cast) -> list[Row]:
    """Eight targets against one: the same number of trials, and the end of learning."""
    one = cast.networks.curves(washout)
    many = cast.networks.curves(learning, Setting(n_targets=8))

    def ratio(trials: slice) -> np.ndarray:
        return np.array(
            [
                b.adaptation[trials].mean() / a.adaptation[trials].mean()
                for a, b in zip(one, many, strict=True)
            ]
        )

    return [
        _alone("eight targets / one, first 40 trials", ratio(slice(40)), (-np.inf, 1.0)),
        _alone(
            "eight targets / one, last 40 trials",
            ratio(slice(LEARNING - 40, LEARNING)),
            (-np.inf, 1.0),
        ),
    ]


def _alone(name: str, values: np.ndarray, accepted: tuple[float, float]) -> Row:
    """Make a row of a quantity that models without directions don't have."""
    return Row(
        name=name,
        network=Quantity(values),
        two_state=None,
        one_rate=None,
        published=None,
        accepted=accepted,
    )
