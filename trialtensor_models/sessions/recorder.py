"""Record a session trial by trial, and make a run of it at its end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import xarray as xr

from trialtensor_models.network import CCRNN, Activity, run_cortex
from trialtensor_models.plants import Movement, Plant, direction
from trialtensor_models.plasticity import Learner, Outcome, ReachOutcome
from trialtensor_models.sessions.run import REGIONS, Run, Truth
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.sessions.session import Trial
from trialtensor_models.sessions.trial_labels import trial_labels
from trialtensor_models.tasks import Draw, Task, has_choices, toward

_SECONDS = {"units": "s", "long_name": "time from the go signal"}
COUNTERFACTUALS = ("no_cerebellum", "no_cortical_change", "neither")


class Recorder:
    """The record of one session."""

    def __init__(
        self,
        model: CCRNN,
        task: Task,
        schedule: Schedule,
        seed: int,
        plant: Plant,
        record: str,
        bin_width: float,
        n_granule: int | None,
    ) -> None:
        dt = model.cortex.dt
        self.model, self.task, self.seed, self.plant = model, task, seed, plant
        self.schedule, self.record = schedule, record
        self.per_bin = max(1, round(bin_width / dt))
        G = model.cerebellum.n_granule
        recorded = G if n_granule is None else min(n_granule, G)
        # Cells are wired at random, so the first ones are as good as any.
        self.sizes = (model.cortex.n_units, model.pathways.n_pons, recorded, 2)
        self.rows: dict[str, list[Any]] = defaultdict(list)

    def add(
        self, trial: Trial, activity: Activity, movement: Movement, learner: Learner, place: int
    ) -> dict[str, float]:
        """Keep a trial.

        Parameters
        ----------
        trial : Trial
        activity, movement, learner
            Of all networks that are simulated together.
        place : int
            Of this session's network among them.

        Returns
        -------
        dict of float
            What an ``until=`` condition may ask for.
        """
        rows, desired = self.rows, trial.draw.desired
        perturbation, row = trial.perturbation, trial.row
        command = activity.command[place]
        n_versions = len(command)
        probes = -direction(command, np.repeat(desired, n_versions, 0))
        end, wanted = movement.hand[place, -1], desired[0].sum(0) * self.model.cortex.dt
        values = {
            "angle": _angle(wanted, end),
            "error": _angle(wanted, movement.cursor[place, -1]),
            "adaptation": float(probes[0]),
            "end_error": float(np.linalg.norm(movement.cursor[place, -1] - wanted)),
        }
        for name, value in values.items():
            rows[name].append(value)
        rows["deviation"].append(_deviation(wanted, movement.hand[place]))
        rows["hand"].append(movement.hand[place].astype(np.float32))
        rows["cursor"].append(_shown(movement.cursor[[place]], trial.draw).astype(np.float32))
        rows["probe_full"].append(probes[-2])
        rows["probe_slow"].append(probes[-1])
        if has_choices(self.task):
            rows["probe_naive"].append(probes[-3])
            rows["reversed"].append(perturbation.reversed)
        rows["epoch"].append(trial.block.epoch)
        rows["block"].append(trial.block_index)
        rows["condition"].append(trial.condition)
        rows["target"].append(self.task.labels[trial.condition])
        rows["rotation"].append(perturbation.rotation)
        rows["curl"].append(perturbation.curl)
        rows["clamp"].append(perturbation.clamp)
        rows["context"].append(row.context)
        rows["cerebellum"].append(row.cerebellum)
        rows["learns"].append(row.learns)
        rows["C"].append(learner.C[place].astype(np.float32))
        rows["W_PC"].append(learner.W_PC[place].astype(np.float32))
        if self.record != "behaviour":
            n_kept = 1 if self.record == "activity" else 1 + len(COUNTERFACTUALS)
            rows["activity"].append(self._binned(activity, place, n_kept))
        return values

    def add_outcome(self, outcome: Outcome | ReachOutcome) -> dict[str, float]:
        """Keep the outcome of a trial.

        Parameters
        ----------
        outcome : Outcome or ReachOutcome

        Returns
        -------
        dict of float
            What an ``until=`` condition may ask for.
        """
        self.rows["reward"].append(outcome.reward)
        self.rows["expected"].append(outcome.expected)
        if isinstance(outcome, ReachOutcome):
            return {"reward": outcome.reward}
        self.rows["choice"].append(outcome.choice)
        self.rows["side"].append(outcome.side)
        self.rows["correct"].append(outcome.correct)
        return {"correct": float(outcome.correct), "reward": outcome.reward}

    def _binned(self, activity: Activity, place: int, n_kept: int) -> np.ndarray:
        """(n_kept, n_neurons, n_bins) means of the steps in each bin."""
        parts = [
            getattr(activity, region)[place, :n_kept, :, :size]
            for region, size in zip(REGIONS, self.sizes, strict=True)
        ]
        joined = np.concatenate(parts, -1)
        n_bins = joined.shape[1] // self.per_bin
        steps = joined[:, : n_bins * self.per_bin].reshape(n_kept, n_bins, self.per_bin, -1)
        return steps.mean(2).swapaxes(1, 2).astype(np.float32)

    def finish(self) -> Run:
        """Make the run."""
        rows = {name: np.asarray(values) for name, values in self.rows.items()}
        region = np.repeat(REGIONS, self.sizes)
        activity, counterfactual = None, None
        if "activity" in rows:
            tensors = rows["activity"].swapaxes(0, 1)
            activity = self._labelled(tensors[0], rows, region)
            if len(tensors) > 1:
                counterfactual = xr.Dataset(
                    {
                        name: self._labelled(tensor, rows, region)
                        for name, tensor in zip(COUNTERFACTUALS, tensors[1:], strict=True)
                    }
                )
        truth = Truth(
            schedule=xr.Dataset(
                {
                    name: ("trial", rows[name])
                    for name in (
                        "epoch", "block", "condition", "target", "rotation", "curl", "clamp",
                        "reversed", "context", "cerebellum", "learns", "side", "expected",
                    )
                    if name in rows
                }
            ),
            **self._components(rows),
            C=rows["C"],
            W_th=self.model.wiring.W_th[0],
            W_PC=rows["W_PC"],
            counterfactual=counterfactual,
            subspaces=dict(self.model.subspaces),
            region=region,
            configuration=self._configuration(),
        )  # fmt: skip
        return Run(activity, self._behaviour(rows), truth)

    def _components(self, rows: dict[str, np.ndarray]) -> dict[str, xr.DataArray]:
        naive = rows.get("probe_naive")
        if naive is None:
            naive = self._naive()[rows["condition"]]
        fast, slow = rows["probe_full"] - rows["probe_slow"], rows["probe_slow"] - naive
        degrees = {"units": "degrees"}
        return {
            "fast": xr.DataArray(fast, dims="trial", attrs=degrees),
            "slow": xr.DataArray(slow, dims="trial", attrs=degrees),
        }

    def _naive(self) -> np.ndarray:
        """Direction of the naive command to each condition."""
        model = self.model
        conditions = np.arange(len(self.task.labels))
        draw = self.task.draw(conditions, model.cortex.dt, np.random.default_rng(0))
        return -direction(run_cortex(model.wiring, draw.inputs)[1], draw.desired)

    def _behaviour(self, rows: dict[str, np.ndarray]) -> xr.Dataset:
        units = {"angle": "degrees", "error": "degrees", "adaptation": "degrees",
                 "end_error": "m", "deviation": "m", "rotation": "degrees",
                 "curl": "N s/m"}  # fmt: skip
        columns: dict[str, Any] = {
            name: ("trial", rows[name], {"units": unit}) for name, unit in units.items()
        }
        for name in ("clamp", "choice", "correct", "reward"):
            if name in rows:
                columns[name] = ("trial", rows[name])
        for path in ("hand", "cursor"):
            columns[path] = (("trial", "time", "axis"), rows[path], {"units": "m"})
        labels = {name: ("trial", rows[name]) for name in ("epoch", "block", "target", "context")}
        time = ("time", self._steps(rows), _SECONDS)
        return xr.Dataset(columns, coords={"time": time, "axis": ["x", "y"], **labels})

    def _steps(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        """Time at the end of each step, in seconds from the go signal."""
        dt = self.model.cortex.dt
        return np.round((np.arange(1, rows["hand"].shape[1] + 1) - self.task.go(dt)) * dt, 9)

    def _labelled(
        self, tensor: np.ndarray, rows: dict[str, np.ndarray], region: np.ndarray
    ) -> xr.DataArray:
        dt = self.model.cortex.dt
        centres = (np.arange(tensor.shape[2]) + 0.5) * self.per_bin - self.task.go(dt)
        unit = np.concatenate([np.arange(size) for size in self.sizes])
        return xr.DataArray(
            tensor,
            dims=("trial", "neuron", "time"),
            coords={
                "time": ("time", np.round(centres * dt, 9), _SECONDS),
                "region": ("neuron", region),
                "unit": ("neuron", unit),
                **trial_labels(rows, self._steps(rows)),
            },
            name="activity",
        )

    def _configuration(self) -> dict[str, Any]:
        model = self.model
        return {
            "seed": int(self.seed),
            "network_seed": int(model.seed),
            "cortex": asdict(model.cortex),
            "pathways": asdict(model.pathways),
            "cerebellum": asdict(model.cerebellum),
            "plasticity": asdict(model.plasticity),
            "silenced": [list(each) for each in model.silenced],
            "task": {"name": self.task.name, **_as_dict(self.task)},
            "plant": {"name": type(self.plant).__name__, **_as_dict(self.plant)},
        }


def _as_dict(thing: Any) -> dict[str, Any]:
    if not is_dataclass(thing) or isinstance(thing, type):
        return {}
    return {name: _as_json(value) for name, value in asdict(thing).items()}


def _as_json(value: Any) -> Any:
    """What a file can hold; anything else in words."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list):
        return [_as_json(each) for each in value]
    return value if value is None or isinstance(value, str | bool | int | float) else repr(value)


def _shown(cursor: np.ndarray, draw: Draw) -> np.ndarray:
    """(T, 2) path of the cursor, turned as the context turns it; plants know of no contexts."""
    return (cursor if draw.rotation is None else toward(cursor, -draw.rotation))[0]


def _angle(wanted: np.ndarray, went: np.ndarray) -> float:
    cross = wanted[0] * went[1] - wanted[1] * went[0]
    return float(np.rad2deg(np.arctan2(cross, wanted @ went)))


def _deviation(wanted: np.ndarray, path: np.ndarray) -> float:
    """Largest distance from the straight line to the target, positive counter-clockwise."""
    line = wanted / max(float(np.linalg.norm(wanted)), 1e-12)
    aside = line[0] * path[:, 1] - line[1] * path[:, 0]
    return float(aside[np.argmax(np.abs(aside))])
