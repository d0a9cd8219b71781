"""Everything that defines a training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.parameters import SEEDS, check_number, check_whole
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.rules import Rule
from trialtensor_models.circuit.trials import Setting
from trialtensor_models.tasks import configuration_of, has_choices

# Rates of the local rules: a trial takes back about a tenth of its error by way of the cerebellum,
# and cortex learns less than a hundredth of what the nuclei tell it.
FAST_RATE, SLOW_RATE = 0.02, 0.0007
_WARM_UP = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """What is trained, on what, and how.

    Attributes
    ----------
    anatomy : Anatomy
    setting : Setting
    rules : dict
        Of "cortex" and "cerebellum".
    kept : tuple of int
        Iterations after which weights are kept.
    n_iterations, batch_size, seed : int
    learning_rate, fast_rate, slow_rate : float
    cut : int or None
        Steps that gradients go back over.
    reverse_every : int or None
        After how many iterations right answers are exchanged.
    """

    anatomy: Anatomy
    setting: Setting
    rules: dict[str, Rule]
    kept: tuple[int, ...]
    n_iterations: int
    batch_size: int
    learning_rate: float
    fast_rate: float = FAST_RATE
    slow_rate: float = SLOW_RATE
    cut: int | None = None
    reverse_every: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_iterations", "batch_size"):
            self._hold(name, check_whole(name, getattr(self, name), 1))
        self._hold("seed", check_whole("seed", self.seed, 0, SEEDS))
        self._hold("learning_rate", check_number("learning_rate", self.learning_rate, above=0))
        for name in ("fast_rate", "slow_rate"):
            self._hold(name, check_number(name, getattr(self, name), least=0))
        for name in ("cut", "reverse_every"):
            if getattr(self, name) is not None:
                self._hold(name, check_whole(name, getattr(self, name), 1))
        task, signals = self.setting.task, self.anatomy.signals
        if self.reverse_every is not None and not has_choices(task):
            raise ValueError(f"reverse_every: expected a task with choices, got {task.name}")
        if "local" in self.rules.values() and "motor" not in signals:
            raise ValueError(
                f"signals: local rules of movement need 'motor' among them, got {signals!r}"
            )

    def _hold(self, name: str, value: Any) -> None:
        """Keep plain numbers, which files can hold."""
        object.__setattr__(self, name, value)

    def setting_at(self, iteration: int) -> Setting:
        """What is asked for at an iteration: the rule that is in force.

        Parameters
        ----------
        iteration : int

        Returns
        -------
        Setting
        """
        if self.reverse_every is None:
            return self.setting
        return replace(self.setting, reversed=bool(iteration // self.reverse_every % 2))

    def pace(self, iteration: int) -> float:
        """Learning rate of back-propagation: it rises at first, and falls to the end.

        Parameters
        ----------
        iteration : int

        Returns
        -------
        float
        """
        done = iteration / self.n_iterations
        rise = min(1.0, (iteration + 1) / max(1.0, _WARM_UP * self.n_iterations))
        return self.learning_rate * rise * (0.05 + 0.95 * (1 + float(np.cos(np.pi * done))) / 2)

    def configuration(self) -> dict[str, Any]:
        """Describe the training for a file.

        Returns
        -------
        dict
            Of numbers, text and lists.
        """
        own = {"rules", "n_iterations", "batch_size", "learning_rate", "fast_rate", "slow_rate"}
        setting = self.setting
        return {
            "anatomy": self.anatomy.configuration(),
            "task": configuration_of(setting.task),
            "setting": {
                "pushes": setting.pushes,
                "push_size": setting.push_size,
                "outcome": setting.outcome,
            },
            "kept": list(self.kept),
            **{name: getattr(self, name) for name in sorted(own)},
            "cut": self.cut,
            "reverse_every": self.reverse_every,
            "seed": int(self.seed),
        }
