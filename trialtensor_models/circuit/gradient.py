"""Learning by back-propagation through time; the only file of the circuit that imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import numpy as np

from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import SETPOINTS, Activity, Setpoints, error_of, run
from trialtensor_models.circuit.pathways import Constraint
from trialtensor_models.circuit.trials import Trials

# Weight of the mean squared rate of cortex in the loss.
_RATE_PENALTY = 1e-3
_LARGEST_GRADIENT = 1.0
_ARRAYS = ("inputs", "wanted", "push", "noise")


class Gradient:
    """Adam (Kingma & Ba 2015) on some weights of a circuit, with their constraints.

    Parameters
    ----------
    names : sequence of str
        The weights that are trained.
    weights : mapping of arrays
        All of them.
    constraints : mapping of Constraint
    anatomy : Anatomy
    cut : int, optional
        Steps over which gradients go back; all of the trial unless given.
    """

    def __init__(
        self,
        names: Sequence[str],
        weights: Mapping[str, np.ndarray],
        constraints: Mapping[str, Constraint],
        anatomy: Anatomy,
        cut: int | None = None,
    ) -> None:
        self.torch = torch = imported()
        self.anatomy, self.cut = anatomy, cut
        self.weights = {
            name: torch.tensor(array, dtype=torch.float32) for name, array in weights.items()
        }
        self.trained = {name: self.weights[name].requires_grad_() for name in names}
        self._bounds = {
            name: _bounds(torch, constraints[name]) for name in names if name in constraints
        }
        self.optimiser = torch.optim.Adam(list(self.trained.values()), lr=0.0)

    def step(
        self, setpoints: Setpoints, trials: Trials, learning_rate: float
    ) -> tuple[float, Activity]:
        """Learn from a batch.

        Parameters
        ----------
        setpoints : Setpoints
        trials : Trials
        learning_rate : float

        Returns
        -------
        loss : float
        activity : Activity
            Of numpy arrays, before the step.
        """
        torch = self.torch
        activity, loss = self.loss(setpoints, trials)
        self.optimiser.zero_grad()
        loss.backward()
        parameters = list(self.trained.values())
        torch.nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        with torch.no_grad():
            for name, (low, high) in self._bounds.items():
                self.trained[name].clamp_(low, high)
        return float(loss.detach()), _detached(activity)

    def loss(self, setpoints: Setpoints, trials: Trials) -> tuple[Activity, Any]:
        """Run a batch, and find its loss: the mean square of the error, and some of the rates'.

        Parameters
        ----------
        setpoints : Setpoints
        trials : Trials

        Returns
        -------
        activity : Activity
            Of tensors.
        loss : tensor
        """
        as_tensor = _to(self.torch, self.weights["W"].dtype)
        points = Setpoints(**{name: as_tensor(getattr(setpoints, name)) for name in SETPOINTS})
        given = replace(trials, **{name: as_tensor(getattr(trials, name)) for name in _ARRAYS})
        activity = run(self.weights, points, self.anatomy, given, xp=self.torch, cut=self.cut)
        error = error_of(activity, given, self.anatomy)
        return activity, (error**2).mean() + _RATE_PENALTY * (activity.cortex**2).mean()

    def set(self, name: str, array: np.ndarray) -> None:
        """Put other values into weights that something else trains."""
        with self.torch.no_grad():
            self.weights[name].copy_(self.torch.from_numpy(array))

    def arrays(self) -> dict[str, np.ndarray]:
        """Copy the trained weights into numpy arrays, in float64."""
        return {name: value.detach().numpy().astype(float) for name, value in self.trained.items()}

    def moments(self) -> dict[str, np.ndarray]:
        """What Adam remembers, for a file."""
        found = {}
        for name, value in self.trained.items():
            state = self.optimiser.state.get(value, {})
            for part in ("exp_avg", "exp_avg_sq", "step"):
                if part in state:
                    found[f"{name}/{part}"] = state[part].numpy().copy()
        return found

    def remember(self, moments: Mapping[str, np.ndarray]) -> None:
        """Give Adam back what it remembered."""
        for name, value in self.trained.items():
            parts = {
                part: self.torch.tensor(moments[f"{name}/{part}"])
                for part in ("exp_avg", "exp_avg_sq", "step")
                if f"{name}/{part}" in moments
            }
            if parts:
                self.optimiser.state[value] = parts


def imported() -> Any:
    """Import torch, or say how to install it."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "back-propagation needs torch: pip install 'trialtensor[models]'; "
            "rules='local' works without"
        ) from error
    return torch


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of torch: more are many times slower for matrices of this size."""
    torch = imported()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _to(torch: Any, dtype: Any) -> Any:
    return lambda array: torch.as_tensor(array, dtype=dtype)


def _bounds(torch: Any, constraint: Constraint) -> tuple[Any, Any]:
    """Least and greatest weights; both 0 where there is no synapse."""
    low = np.where(constraint.mask & (constraint.sign <= 0), -np.inf, 0.0)
    high = np.where(constraint.mask & (constraint.sign >= 0), np.inf, 0.0)
    as_tensor = _to(torch, torch.float32)
    return as_tensor(low), as_tensor(high)


def _detached(activity: Activity) -> Activity:
    parts = {part.name: getattr(activity, part.name) for part in fields(Activity)}
    return Activity(
        **{
            name: None if value is None else value.detach().numpy().astype(float)
            for name, value in parts.items()
        }
    )
