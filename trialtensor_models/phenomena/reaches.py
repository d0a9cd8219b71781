"""Reaches themselves: accuracy, what the hand does on its way after learning, one-trial rates."""

from __future__ import annotations

import numpy as np

from trialtensor_models.phenomena.cast import Cast
from trialtensor_models.phenomena.directions import learned
from trialtensor_models.phenomena.learned import reach_errors
from trialtensor_models.phenomena.paradigms import LEARNING, washout
from trialtensor_models.phenomena.rows import ANY, Row
from trialtensor_models.phenomena.subjects import Curve, Networks

_PLACES = {"early": "at 100 ms", "peak": "at peak speed", "end": "at the end"}


def accuracy(cast: Cast) -> list[Row]:
    """How far naive reaches miss, in percent of their distance."""

    def largest(networks: Networks) -> np.ndarray:
        worst = [float(100 * reach_errors(unit.model).max()) for unit in networks.units]
        return networks.by_cortex(worst, np.max)

    return [
        cast.row(
            "largest miss of 16 naive reaches (%)",
            largest,
            emergent=False,
            accepted=(0.0, 3.0),
            every=True,
            remark="cortex is trained to reach",
        )
    ]


def hand_path(cast: Cast) -> list[Row]:
    """Direction of the hand early, at peak speed and at the end, and what it does afterwards."""

    def place(curve: Curve, name: str) -> float:
        return learned(curve).directions()[name]

    def off(curve: Curve, name: str) -> float:
        return place(curve, name) - place(curve, "end")

    rows = [
        cast.measure(
            f"hand / rotation {words}",
            lambda curve, name=name: place(curve, name),  # type: ignore[misc]
            washout,
            emergent=True,
            accepted=ANY,
            theories=(),
        )
        for name, words in _PLACES.items()
    ]
    rows += [
        cast.measure(
            f"hand / rotation {_PLACES[name]} less end",
            lambda curve, name=name: off(curve, name),  # type: ignore[misc]
            washout,
            emergent=True,
            accepted=(-0.1, 0.1),
            every=True,
            theories=(),
        )
        for name in ("early", "peak")
    ]
    return [*rows, _drift(cast), _most_adapted(cast)]


def _drift(cast: Cast) -> Row:
    return cast.measure(
        "drift after the adapted reach (mm)",
        lambda curve: learned(curve).drift(),
        washout,
        emergent=True,
        accepted=(0.0, 1.0),
        every=True,
        theories=(),
    )


def _most_adapted(cast: Cast) -> Row:
    return cast.measure(
        "most adapted direction, last 20 trials",
        lambda curve: float(curve.adaptation[LEARNING - 20 : LEARNING].mean()),
        washout,
        over=np.max,
        emergent=True,
        accepted=(-np.inf, 1.0),
        every=True,
        remark="no two-rate system can exceed the rotation",
    )


def one_trial_rates(cast: Cast) -> list[Row]:
    """How even one-trial learning is over directions, in units of the nominal rate."""

    def extreme(networks: Networks, which: str, over: str) -> np.ndarray:
        rates = getattr(getattr(networks, which), over)(axis=1)
        return networks.by_cortex(rates, getattr(np, over))

    return [
        cast.row(
            f"one-trial rate{where}, {word}",
            lambda networks, which=which, over=over: extreme(networks, which, over),  # type: ignore[misc]
            emergent=emergent,
            accepted=(0.8, 1.2),
            every=True,
            remark=f"over the nominal rate, of 16 directions {said}",
        )
        for which, where, emergent, said in (
            ("one_trial_rates", "", False, "that gains are set on"),
            ("one_trial_rates_between", " between", True, "between those that gains are set on"),
        )
        for over, word in {"min": "least", "max": "greatest"}.items()
    ]


def nuclei_match(cast: Cast) -> list[Row]:
    """Whether the nuclei send what cortex by itself gets wrong, in time."""
    return [
        cast.measure(
            "cosine, nuclei and cortex's own error",
            lambda curve: learned(curve).nuclei_match(),
            washout,
            emergent=True,
            accepted=(0.9, 1.0),
            theories=(),
        )
    ]
