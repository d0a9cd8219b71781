"""A training from its beginning to its end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.data.parameters import SEEDS, check_flag, check_whole
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.measures import choices, internal_error, missed
from trialtensor_models.circuit.plan import Plan
from trialtensor_models.circuit.recording import record
from trialtensor_models.circuit.state import Checkpoint, State
from trialtensor_models.circuit.state_files import read_training, write_state
from trialtensor_models.sessions import Run
from trialtensor_models.tasks import has_choices

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Training:
    """A circuit as it was before, during and after training; `train_jointly` makes it.

    Attributes
    ----------
    plan : Plan
        What was trained, on what, and how.
    losses : (n_iterations,) array
        Mean squared error of each batch, before it was learned from.
    iterations : (n_checkpoints,) int array
        After which weights were kept.
    seconds : float
        That training took.
    """

    def __init__(self, plan: Plan, state: State) -> None:
        self.plan = plan
        self._state = state
        self.losses = np.asarray(state.losses)
        self.iterations = np.array([each.iteration for each in state.checkpoints])
        self.seconds = state.seconds

    def __repr__(self) -> str:
        plan = self.plan
        sizes = ", ".join(f"{region} {n}" for region, n in plan.anatomy.sizes.items())
        rules = ", ".join(f"{part} by {rule}" for part, rule in plan.rules.items())
        loss = f"loss {self.losses[-1]:.3g}" if len(self.losses) else "not trained"
        return (
            f"Training on {plan.setting.task.name} ({plan.setting.n_conditions} conditions), "
            f"seed {plan.seed}\n  {sizes}\n  {rules}\n"
            f"  {len(self.losses)} iterations in {self.seconds:.0f} s, {len(self.iterations)} "
            f"checkpoints ({self.nbytes / 1e6:.1f} MB), {loss}"
        )

    @property
    def nbytes(self) -> int:
        """Bytes of the weights of all checkpoints in memory."""
        return sum(a.nbytes for each in self._state.checkpoints for a in each.weights.values())

    def circuit(self, checkpoint: int = -1) -> Circuit:
        """Take the circuit as it was at a checkpoint.

        Parameters
        ----------
        checkpoint : int
            Its place in `iterations`; -1 is the last.

        Returns
        -------
        Circuit

        Raises
        ------
        ValueError
            If there is no such checkpoint.
        """
        n = len(self.iterations)
        check_whole("checkpoint", checkpoint, -n, n - 1)
        kept: Checkpoint = self._state.checkpoints[checkpoint]
        return Circuit(
            anatomy=self.plan.anatomy,
            # The rule that it was trained on last.
            setting=self.plan.setting_at(max(0, kept.iteration - 1)),
            weights=kept.weights,
            setpoints=kept.setpoints,
        )

    def performance(self, *, n_repeats: int = 1, seed: int = 0) -> xr.Dataset:
        """Measure every checkpoint, with its nuclei and without.

        Parameters
        ----------
        n_repeats : int
            Trials of each condition; tasks with noisy stimuli need several.
        seed : int
            Of stimuli.

        Returns
        -------
        xarray.Dataset
            By checkpoint: iteration; missed and missed_blocked (shares of the wanted command, with
            the nuclei and while they are blocked); in tasks with choices correct and
            correct_blocked; and of the nuclei's message cosine, shuffled and share, see
            `internal_error`. Without a cerebellum, only what is not about it.
        """
        check_whole("n_repeats", n_repeats, 1), check_whole("seed", seed, 0, SEEDS)
        rows = [_measured(self.circuit(k), n_repeats, seed) for k in range(len(self.iterations))]
        columns = {name: ("checkpoint", [row[name] for row in rows]) for name in rows[0]}
        return xr.Dataset({"iteration": ("checkpoint", self.iterations), **columns})

    def run(
        self,
        *,
        bin_width: float | None = None,
        n_granule: int | None = 100,
        output: float = 1.0,
        seed: int = 0,
        weights: bool = True,
    ) -> Run:
        """Simulate all conditions at all checkpoints: a run of (checkpoint x condition) trials.

        Parameters
        ----------
        bin_width : float, optional
            Activity is averaged in bins of this many seconds; of two steps unless given.
        n_granule : int or None
            How many granule cells are recorded; None is all.
        output : float
            Scale of what the nuclei send, at every stage: 0 is a block.
        seed : int
            Of stimuli and noise; the same at all checkpoints.
        weights : bool
            Whether the truth holds the weights of all checkpoints.

        Returns
        -------
        Run
            With regions, and by trial checkpoint, iteration, condition and what else is known of
            it. In its truth "slow" is what cortex does by itself (1 less what it misses while the
            nuclei are blocked), and "fast" what the nuclei add to it.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        circuits = [self.circuit(k) for k in range(len(self.iterations))]
        return record(
            circuits,
            self.iterations,
            self.plan.configuration(),
            bin_width=2 * self.plan.anatomy.dt if bin_width is None else bin_width,
            n_granule=n_granule,
            output=output,
            seed=seed,
            weights=weights,
        )

    def plot(self, *, figure: Any = None) -> Figure:
        """Draw paths, what is missed with the nuclei and without, their message, and activity.

        Parameters
        ----------
        figure : Figure or SubFigure, optional
            Drawn into; by default a new one.

        Returns
        -------
        matplotlib.figure.Figure or SubFigure
        """
        from trialtensor_models.circuit.training_figure import plot_training

        return plot_training(self.run(weights=False), self.performance(), figure)

    def save(self, path: str | os.PathLike[str], *, last: bool = False) -> None:
        """Write the training as HDF5: arrays and text, nothing that could be executed.

        Parameters
        ----------
        path : str or path
        last : bool
            Only the last checkpoint, in single precision: a small file of a trained circuit.
        """
        check_flag("last", last)
        state = self._state
        if last:
            state = State(
                state.weights, state.setpoints, None, state.iteration, state.losses,
                state.checkpoints[-1:], {}, state.seconds,
            )  # fmt: skip
        write_state(_path(path), self.plan, state, exact=not last)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, task: Any = None) -> Training:
        """Read a training that `save` or `train_jointly` wrote.

        Parameters
        ----------
        path : str or path
        task : task or its class, optional
            What it is trained on, if that isn't known by its name here.

        Returns
        -------
        Training

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it isn't a training, or of another version or task.
        """
        return cls(*read_training(_path(path), task))


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path: expected the name of a file, got {path!r}")
    return Path(path)


def _measured(circuit: Circuit, n_repeats: int, seed: int) -> dict[str, float]:
    setting, anatomy = circuit.setting, circuit.anatomy
    conditions = np.tile(np.arange(setting.n_conditions), n_repeats)
    trials = circuit.draw(conditions, seed=seed)
    full = circuit.run(trials)
    row = {"missed": float(missed(full, trials).mean())}
    task = setting.task
    if has_choices(task):
        row["correct"] = float((choices(full, trials, task) == trials.side).mean())
    if not anatomy.cerebellum:
        return row
    blocked = circuit.run(trials, output=0.0)
    row["missed_blocked"] = float(missed(blocked, trials).mean())
    if has_choices(task):
        row["correct_blocked"] = float((choices(blocked, trials, task) == trials.side).mean())
    row["cosine"], row["shuffled"], row["share"] = internal_error(full, blocked, trials, anatomy)
    return row
