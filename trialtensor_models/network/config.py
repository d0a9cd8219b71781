"""Sizes, time constants, wiring and rates of a network, a dataclass for each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from trialtensor.data.parameters import check_choice, check_flag, check_number, check_whole

Teacher = Literal["serial", "parallel", "rpe"]
_GROUPS = 4  # directions of the error that Purkinje cells come in


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
        check_whole("n_units", self.n_units, 2)
        check_number("dt", self.dt, above=0)
        check_number("tau", self.tau, above=0)
        check_number("noise", self.noise, least=0)
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
    eligibility : float
        For how many seconds more, in the mean, a granule cell is credited: its synapses stay
        eligible for later errors. 0 is a single step.
    pons_rate : float
        Rate of Oja's rule on the weights from cortex to pons; 0 leaves them alone.
    """

    n_pons: int = 40
    thalamic_delay: float = 0.02
    response_lag: float = 0.08
    eligibility: float = 0.2
    pons_rate: float = 0.0

    def __post_init__(self) -> None:
        check_whole("n_pons", self.n_pons, 1)
        check_number("thalamic_delay", self.thalamic_delay, least=0)
        check_number("response_lag", self.response_lag, least=0)
        check_number("eligibility", self.eligibility, least=0)
        check_number("pons_rate", self.pons_rate, least=0)
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
    inhibition : float in [0, 1]
        Of granule cells by Golgi cells, which divide by the activity of the whole layer: 0 is
        none, with 1 the layer is always equally active.
    even : bool
        Give each granule cell its own gain of learning, so that all conditions that the network
        is set on learn at one rate.
    output : float
        Scale of the nuclei's output; 0 is a block.
    expansion : bool
        False if the cerebellum learns on the pons itself: as many granule cells as pontine units,
        each passing on its own, sign and all; `CCRNN.without_expansion` makes such a network.
    n_purkinje : int
        Purkinje cells between granule cells and nuclei, each with a climbing fibre of the olive: 0,
        or at least one for each of four directions. The nuclei send the same with them and without;
        they are recorded.
    """

    n_granule: int = 1000
    n_inputs: int = 4
    coding_level: float = 0.1
    inhibition: float = 0.8
    even: bool = True
    output: float = 1.0
    expansion: bool = True
    n_purkinje: int = 0

    def __post_init__(self) -> None:
        check_flag("expansion", self.expansion)
        check_whole("n_granule", self.n_granule, 1)
        check_whole("n_inputs", self.n_inputs, 1)
        check_number("coding_level", self.coding_level, above=0, below=1)
        check_number("inhibition", self.inhibition, least=0, most=1)
        check_flag("even", self.even)
        check_number("output", self.output, least=0)
        check_whole("n_purkinje", self.n_purkinje, 0)
        if 0 < self.n_purkinje < _GROUPS:
            raise ValueError(
                f"n_purkinje: expected 0, or at least {_GROUPS} (one for each direction), got "
                f"{self.n_purkinje}"
            )


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
        prediction error in place of the error, and the cerebellum's output teaches cortex. Choices
        are rewarded, and reaches that end on their target: these need a task with a
        ``target_radius``, a plant that explores (``motor_noise`` of some degrees), and a memory
        that lasts longer than the default one (such as `A_f` .9, `B_f` .5, `A_s` .998, `B_s` .05).
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
        check_choice("teacher", self.teacher, get_args(Teacher))
        for name in ("A_f", "A_s"):
            check_number(name, getattr(self, name), least=0, most=1)
        check_number("B_f", self.B_f, least=0)
        if self.B_s is not None:
            check_number("B_s", self.B_s, least=0)
        if self.error_saturation is not None:
            check_number("error_saturation", self.error_saturation, above=0)

    @property
    def slow_rate(self) -> float:
        """`B_s`, or what goes with the teacher."""
        if self.B_s is not None:
            return self.B_s
        return 0.02 if self.teacher == "parallel" else 0.04
