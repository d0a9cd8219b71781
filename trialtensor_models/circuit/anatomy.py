"""Sizes, delays and signs of a circuit that is trained as a whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from trialtensor.data.parameters import check_choice, check_flag, check_number, check_whole

Region = Literal["cortex", "pons", "granule", "purkinje", "nuclei", "olive"]
REGIONS: tuple[str, ...] = get_args(Region)
# What the climbing fibres of a module of the cerebellum tell, and how many nuclei it has: motor
# errors in eight directions, errors of predicted feedback in four, of reward up and down.
Signal = Literal["motor", "sensory", "reward"]
_LEAST = {"n_cortex": 4}
N_NUCLEI = {"motor": 8, "sensory": 4, "reward": 2}
# Mossy fibres beside those of the pons: the hand's position (right, left, up, down), and reward.
N_SENSORY = 4
N_REWARD = 1
# Rates of learning, discounts and noise are those of steps of so many seconds.
REFERENCE_STEP = 0.02


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """What a circuit is made of.

    Parameters
    ----------
    n_cortex : int
        Recurrent rectified-linear units, half of them motor, half association.
    excitatory : float or None
        Share of cortical units that excite; the others inhibit (Dale's law). None lets each
        synapse have either sign.
    cerebellum : bool
        False leaves cortex alone.
    n_pons : int
        Units of the pons.
    sparsity : float in [0, 1)
        Share of the possible synapses from (excitatory) cortex to the pons that don't exist.
    ratio : float
        Granule cells for each cortical unit.
    n_inputs : int
        Mossy fibres that a granule cell listens to (4 in Litwin-Kumar et al. 2017).
    coding_level : float
        Share of time and conditions in which a granule cell is active; its threshold keeps to it.
    expansion : bool
        False: the pons reaches Purkinje cells directly, and there are no granule cells.
    n_purkinje : int
        Purkinje cells of each nucleus, not of all together.
    signals : tuple of {"motor", "sensory", "reward"}
        Modules of the cerebellum, by what their climbing fibres tell. "sensory" is a forward model:
        it learns to predict the feedback that is yet to come.
    feedback_delay : float or None
        Seconds until cortex and cerebellum see where the cursor is; None is never. Delays are
        rounded to whole steps.
    error_delay : float
        Seconds until the inferior olive learns of an error.
    nuclear_delay : float
        From the nuclei through the thalamus to cortex, in seconds.
    dt : float
        Step in seconds.
    tau : tuple of two floats
        Shortest and longest time constant of cortical units, in seconds; drawn evenly on a
        logarithmic scale. Units that follow at different speeds tell the time within a trial.
    noise : float
        Standard deviation of the private input of a cortical unit at each step.

    Examples
    --------
    >>> anatomy = Anatomy(n_cortex=100, ratio=4)
    >>> anatomy.n_granule, anatomy.n_nuclei
    (400, 8)
    """

    n_cortex: int = 80
    excitatory: float | None = 0.8
    cerebellum: bool = True
    n_pons: int = 40
    sparsity: float = 0.92
    ratio: float = 5.0
    n_inputs: int = 4
    coding_level: float = 0.1
    expansion: bool = True
    n_purkinje: int = 8
    signals: tuple[Signal, ...] = ("motor",)
    feedback_delay: float | None = 0.1
    error_delay: float = 0.1
    nuclear_delay: float = 0.02
    dt: float = 0.02
    tau: tuple[float, float] = (0.03, 0.3)
    noise: float = 0.05

    def __post_init__(self) -> None:
        for name in ("n_cortex", "n_pons", "n_inputs", "n_purkinje"):
            self._hold(name, check_whole(name, getattr(self, name), _LEAST.get(name, 1)))
        for name in ("cerebellum", "expansion"):
            check_flag(name, getattr(self, name))
        if self.excitatory is not None:
            within = check_number("excitatory", self.excitatory, above=0, below=1)
            self._hold("excitatory", within)
        self._hold("sparsity", check_number("sparsity", self.sparsity, least=0, below=1))
        level = check_number("coding_level", self.coding_level, above=0, below=1)
        self._hold("coding_level", level)
        for name in ("ratio", "dt"):
            self._hold(name, check_number(name, getattr(self, name), above=0))
        for name in ("error_delay", "nuclear_delay", "noise", "feedback_delay"):
            if getattr(self, name) is not None or name != "feedback_delay":
                self._hold(name, check_number(name, getattr(self, name), least=0))
        self._check_tau()
        self._check_signals()
        if self.expansion and round(self.ratio * self.n_cortex) < 2:
            raise ValueError(
                f"ratio: expected at least 2 granule cells, got {self.ratio:g} for each of "
                f"{self.n_cortex} cortical units"
            )
        if self.n_inputs > self.n_mossy:
            raise ValueError(
                f"n_inputs: a granule cell can have at most {self.n_mossy} inputs (n_pons and "
                f"{self.n_mossy - self.n_pons} others), got {self.n_inputs}"
            )

    def _hold(self, name: str, value: Any) -> None:
        """Keep plain numbers, which files can hold."""
        object.__setattr__(self, name, value)

    def _check_tau(self) -> None:
        given: object = self.tau
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ValueError(
                f"tau: expected the shortest and the longest one in seconds, got {self.tau!r}"
            )
        self._hold("tau", tuple(check_number("tau", each, least=self.dt) for each in given))
        if self.tau[0] > self.tau[1]:
            raise ValueError(f"tau: expected the shortest one first, got {self.tau}")

    def _check_signals(self) -> None:
        given: object = self.signals
        if isinstance(given, list):
            given = tuple(given)
            self._hold("signals", given)
        if not isinstance(given, tuple) or not given:
            raise ValueError(
                f"signals: expected a tuple such as ('motor', 'reward'), got {self.signals!r}"
            )
        for signal in self.signals:
            check_choice("signals", signal, get_args(Signal))
        if len(set(self.signals)) < len(self.signals):
            raise ValueError(f"signals: expected each once, got {self.signals!r}")
        if "sensory" in self.signals and self.feedback_delay is None:
            raise ValueError(
                "signals: 'sensory' predicts feedback, so feedback_delay can't be None"
            )

    @property
    def n_mossy(self) -> int:
        """Mossy fibres: of the pons, of the hand's position, of reward."""
        return self.n_pons + N_SENSORY + N_REWARD

    @property
    def n_granule(self) -> int:
        """Granule cells; without expansion as many as mossy fibres."""
        return round(self.ratio * self.n_cortex) if self.expansion else self.n_mossy

    @property
    def is_motor(self) -> np.ndarray:
        """(n_cortex,) True for units that move the hand: every second one.

        The thalamus reaches them before learning, and under local rules always. The others
        (association) hear the task, talk to these, and don't hear them.
        """
        return np.arange(self.n_cortex) % 2 == 1

    @property
    def n_excitatory(self) -> int:
        """Cortical units that may reach the pons: the first ones."""
        if self.excitatory is None:
            return self.n_cortex
        return min(self.n_cortex - 1, max(1, round(self.excitatory * self.n_cortex)))

    @property
    def module(self) -> np.ndarray:
        """(n_nuclei,) what the climbing fibres of each nucleus tell."""
        return np.repeat(np.array(self.signals), [N_NUCLEI[each] for each in self.signals])

    @property
    def n_nuclei(self) -> int:
        """Nuclei of all modules, and as many cells of the olive."""
        return len(self.module)

    @property
    def directions(self) -> np.ndarray:
        """(n_nuclei, 2) what more of each nucleus means.

        A direction of the hand for motor modules, of its position for sensory ones; (1, 0) and
        (-1, 0), more and less reward, for those of reward.
        """
        turns = [2 * np.pi * np.arange(N_NUCLEI[each]) / N_NUCLEI[each] for each in self.signals]
        angle = np.concatenate(turns)
        return np.stack([np.cos(angle), np.sin(angle)], 1)

    @property
    def sizes(self) -> dict[str, int]:
        """Units of each region; of cortex alone without a cerebellum."""
        if not self.cerebellum:
            return {"cortex": self.n_cortex}
        cells = (self.n_granule, self.n_nuclei * self.n_purkinje, self.n_nuclei, self.n_nuclei)
        return dict(zip(REGIONS, (self.n_cortex, self.n_pons, *cells), strict=True))

    def configuration(self) -> dict[str, Any]:
        """Describe the anatomy for a file.

        Returns
        -------
        dict
            Of numbers, text and lists.
        """
        own = asdict(self).items()
        return {name: list(value) if isinstance(value, tuple) else value for name, value in own}

    def steps(self, seconds: float) -> int:
        """Count the steps of a delay.

        Parameters
        ----------
        seconds : float

        Returns
        -------
        int
        """
        return round(seconds / self.dt)
