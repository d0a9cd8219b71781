"""What is kept of trials that rewards teach, as a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from trialtensor.data.parameters import check_whole
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.dynamics import Activity
from trialtensor_models.circuit.exported import pathways_of, subspaces_of
from trialtensor_models.circuit.olive import reward_error, value_of
from trialtensor_models.circuit.recording import (
    binned,
    kept_of,
    labelled_tensor,
    steps_of_bin,
)
from trialtensor_models.circuit.rewarded_trial import Outcome
from trialtensor_models.circuit.trials import Trials
from trialtensor_models.sessions import Run, Truth
from trialtensor_models.tasks import configuration_of

# What is known of a trial before it: labels of activity, behaviour and truth alike.
_SCHEDULED = ("block", "trial_in_block", "reversed", "condition", "target", "side")
_ANSWERED = ("choice", "correct", "reward")


class Recording:
    """Trials of one circuit that learns.

    Parameters
    ----------
    circuit : Circuit
    bin_width : float
        Seconds.
    n_granule : int or None
        Granule cells that are recorded; None is all.
    """

    def __init__(self, circuit: Circuit, bin_width: float, n_granule: int | None) -> None:
        if n_granule is not None:
            check_whole("n_granule", n_granule, 1)
        self._circuit = circuit
        self._per_bin = steps_of_bin(bin_width, circuit.anatomy.dt)
        self._kept = kept_of(circuit, n_granule)
        self._tensor: list[np.ndarray] = []
        self._hand: list[np.ndarray] = []
        self._rows: list[dict[str, Any]] = []
        self._circuits: list[Circuit] = []
        self._stages: list[int] = []
        self._steps = (0, 0)

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, circuit: Circuit) -> None:
        """Keep the weights of this moment.

        Parameters
        ----------
        circuit : Circuit
        """
        self._circuits.append(circuit)
        self._stages.append(len(self))

    def add(
        self,
        labels: Mapping[str, Any],
        activity: Activity,
        trials: Trials,
        outcome: Outcome,
        spikes: np.ndarray,
        explored: float,
    ) -> None:
        """Add a trial.

        Parameters
        ----------
        labels : mapping
            Of the trial.
        activity : Activity
        trials : Trials
            One.
        outcome : Outcome
        spikes : (T, 1, n_nuclei) array
            Complex spikes that taught.
        explored : float
            Degrees clockwise that noise turned the hand by.
        """
        anatomy = self._circuit.anatomy
        self._tensor.append(
            binned(activity, trials, self._circuit, self._kept, self._per_bin, spikes)
        )
        self._hand.append(activity.hand[:, 0])
        value = value_of(activity, anatomy)[:, 0]
        pushed = activity.command[: trials.outcome, 0].sum(0)
        self._steps = (trials.go, trials.outcome)
        self._rows.append(
            {
                **labels,
                "condition": int(trials.condition[0]),
                "target": self._circuit.setting.task.labels[trials.condition[0]],
                "side": outcome.side,
                "choice": outcome.choice,
                "correct": outcome.correct,
                "reward": outcome.reward,
                "angle": outcome.angle,
                "explored": explored,
                "adaptation": float(np.rad2deg(np.arctan2(*pushed))),
                "expected": value[trials.go - 1],
                "expected_outcome": value[trials.outcome - 1],
                "prediction_error": reward_error(activity, trials, anatomy)[trials.outcome, 0],
            }
        )

    def run(self, made: Mapping[str, Any]) -> Run:
        """Put the trials together.

        Parameters
        ----------
        made : mapping
            How they were made, for the truth.

        Returns
        -------
        Run
        """
        circuit, (go, outcome) = self._circuits[-1], self._steps
        dt = circuit.anatomy.dt
        rows = {name: np.array([row[name] for row in self._rows]) for name in self._rows[0]}
        region = np.repeat(list(self._kept), list(self._kept.values()))
        hand = np.stack(self._hand) * circuit.setting.peak(dt)
        time = (np.arange(hand.shape[1]) - go + 0.5) * dt
        labels = {name: rows[name] for name in (*_SCHEDULED, *_ANSWERED)}
        activity = labelled_tensor(
            np.concatenate(self._tensor), labels, circuit, self._kept, region, time, self._per_bin
        )
        known = np.full(len(rows["block"]), (outcome - go) * dt)
        activity = activity.assign_coords(outcome=("trial", known, {"units": "s"}))
        zeros = np.zeros(len(known))
        truth = Truth(
            schedule=xr.Dataset({name: ("trial", rows[name]) for name in _SCHEDULED}),
            fast=_turn(rows["adaptation"], "turn of the command"),
            slow=_turn(zeros, "what cortex learned: it doesn't learn"),
            subspaces=subspaces_of(circuit),
            region=region,
            configuration={
                "anatomy": circuit.anatomy.configuration(),
                "task": configuration_of(circuit.setting.task),
                **made,
            },
            pathways=pathways_of(self._circuits, np.array(self._stages)),
        )
        return Run(activity, _behaviour(rows, hand, time), truth)


def _turn(values: np.ndarray, name: str) -> xr.DataArray:
    return xr.DataArray(values, dims="trial", attrs={"units": "degrees", "long_name": name})


def _behaviour(rows: Mapping[str, np.ndarray], hand: np.ndarray, time: np.ndarray) -> xr.Dataset:
    degrees = ("angle", "explored", "adaptation")
    columns: dict[str, Any] = {
        name: ("trial", values, {"units": "degrees"} if name in degrees else {})
        for name, values in rows.items()
    }
    columns["hand"] = (("trial", "time", "axis"), hand.astype(np.float32), {"units": "m"})
    return xr.Dataset(columns, coords={"time": ("time", time, {"units": "s"}), "axis": ["x", "y"]})
