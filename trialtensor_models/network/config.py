"""Sizes, time constants, wiring and rates of a network, a dataclass for each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

Teacher = Literal["serial", "parallel", "rpe"]


@dataclass(frozen=True, kw_only=True)
class Cortex:
    """The recurrent network of rectified-linear units.

    Parameters
    ----------
    n_units : int
        Units.
    dt, tau : float
        Step and time constant in seconds.
    noise : float
        Standard deviation of the private input of each unit at each step, in the unit of its
        input (typical inputs are of order 1).
    """

    n_units: int = 200
    dt: float = 0.01
    tau: float = 0.05
    noise: float = 0.05

    def __post_init__(self) -> None:
        _check_count("n_units", self.n_units, 2)
        _check_number("dt", self.dt, above=0)
        _check_number("tau", self.tau, above=0)
        _check_number("noise", self.noise, least=0)
        if self.dt > self.tau:
            raise ValueError(f"dt: expected at most tau = {self.tau} s, got {self.dt}")


@dataclass(frozen=True, kw_only=True)
class Pathways:
    """The pathways between cortex and cerebellum.

    Parameters
    ----------
    n_pons : int
        Units of the pons, into which cortical activity is compressed.
    thalamic_delay : float
        From the nuclei to cortex, in seconds.
    response_lag : float
        From the nuclei to the hand, in seconds: cortex is trained to add what arrives to its
        own command after this long, and the cerebellum credits what it did this long ago.
    pons_rate : float
        Rate of Oja's rule on the weights from cortex to pons; 0 leaves them alone.
    """

    n_pons: int = 40
    thalamic_delay: float = 0.02
    response_lag: float = 0.08
    pons_rate: float = 0.0

    def __post_init__(self) -> None:
        _check_count("n_pons", self.n_pons, 1)
        _check_number("thalamic_delay", self.thalamic_delay, least=0)
        _check_number("response_lag", self.response_lag, least=0)
        _check_number("pons_rate", self.pons_rate, least=0)
        if self.response_lag < self.thalamic_delay:
            raise ValueError(
                f"response_lag: expected at least thalamic_delay = {self.thalamic_delay} s, "
                f"got {self.response_lag}"
            )


@dataclass(frozen=True, kw_only=True)
class Cerebellum:
    """The granule layer, its inputs and what the nuclei send back.

    Parameters
    ----------
    n_granule : int
        Granule cells.
    n_inputs : int
        Pontine inputs of each granule cell (4 in Litwin-Kumar et al. 2017).
    coding_level : float
        Fraction of a cell's reference activity (all conditions and times) above its threshold.
    output : float
        Scale of the nuclei's output; 0 is a block.
    """

    n_granule: int = 1000
    n_inputs: int = 4
    coding_level: float = 0.1
    output: float = 1.0

    def __post_init__(self) -> None:
        _check_count("n_granule", self.n_granule, 1)
        _check_count("n_inputs", self.n_inputs, 1)
        _check_number("coding_level", self.coding_level, above=0, below=1)
        _check_number("output", self.output, least=0)


@dataclass(frozen=True, kw_only=True)
class Plasticity:
    """The fast rule of the cerebellum and the slow one of cortex.

    Parameters
    ----------
    A_f, A_s : float in [0, 1]
        Share that the cerebellum and cortex retain from trial to trial.
    B_f, B_s : float
        Share that they learn from a trial of what teaches them. `B_s` is .02 for
        ``teacher="parallel"`` and .04 otherwise unless given.
    teacher : {"serial", "parallel", "rpe"}
        What teaches: the error teaches the cerebellum, and the cerebellum's output (serial) or
        the error itself (parallel) teaches cortex. With "rpe", climbing fibres carry a reward
        prediction error in place of the error, and the cerebellum's output teaches cortex; only
        for tasks with choices.
    error_saturation : float, optional
        Errors above this size (in m/s) have a limited effect; None is no limit.
    """

    A_f: float = 0.59
    B_f: float = 0.21
    A_s: float = 0.992
    B_s: float | None = None
    teacher: Teacher = "serial"
    error_saturation: float | None = None

    def __post_init__(self) -> None:
        if self.teacher not in get_args(Teacher):
            raise ValueError(
                f"teacher: expected one of {list(get_args(Teacher))}, got {self.teacher!r}"
            )
        for name in ("A_f", "A_s"):
            _check_number(name, getattr(self, name), least=0, most=1)
        _check_number("B_f", self.B_f, least=0)
        if self.B_s is not None:
            _check_number("B_s", self.B_s, least=0)
        if self.error_saturation is not None:
            _check_number("error_saturation", self.error_saturation, above=0)

    @property
    def slow_rate(self) -> float:
        """`B_s`, or what goes with the teacher."""
        if self.B_s is not None:
            return self.B_s
        return 0.02 if self.teacher == "parallel" else 0.04


def _check_count(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}")


def _check_number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    bounds = {"at least": least, "at most": most, "above": above, "below": below}
    needed = " and ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)
    good = number and np.isfinite(value)
    good = good and (least is None or value >= least) and (most is None or value <= most)
    good = good and (above is None or value > above) and (below is None or value < below)
    if not good:
        raise ValueError(f"{name}: expected a number {needed}".rstrip() + f", got {value!r}")
