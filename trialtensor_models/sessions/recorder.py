"""Record a session trial by trial, and make a run of it at its end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import xarray as xr

from trialtensor_models.network import CCRNN, Activity, run_cortex
from trialtensor_models.plants import Movement, Plant, direction
from trialtensor_models.plasticity import Learner, Outcome, ReachOutcome, carried_error
from trialtensor_models.sessions.regions import preferred_directions, sizes_of
from trialtensor_models.sessions.run import Run, Truth
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
        n_after: int = 0,
    ) -> None:
        dt = model.cortex.dt
        self.model, self.task, self.seed, self.plant = model, task, seed, plant
        self.schedule, self.record, self.n_after = schedule, record, n_after
        self.per_bin = max(1, round(bin_width / dt))
        self.sizes = sizes_of(model, n_granule)
        kept = {"behaviour": 0, "activity": 1}
        self.n_kept = kept.get(record, 1 + len(COUNTERFACTUALS))
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
        command = activity.command[place][:, : desired.shape[1]]
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
        if self.n_kept:
            rows["activity"].append(self._binned(activity, learner, place))
        if self.model.purkinje is not None:
            rows["W_LTD"].append(learner.W_LTD[place].astype(np.float32))
        if self.n_after:
            dt = self.model.cortex.dt
            rows["outcome"].append(np.round((desired.shape[1] - self.task.go(dt)) * dt, 9))
        return values

    def add_complex_spikes(self, errors: list[np.ndarray]) -> None:
        """Keep what climbing fibres carry, in networks that have them.

        Parameters
        ----------
        errors : list of (T, 2) arrays
            What the network learns from, and what it would in each counterfactual.
        """
        olive = self.model.olive
        if olive is None or not self.n_kept:
            return
        carried = np.stack([carried_error(self.model, each, self.n_after) for each in errors])
        spikes = self._in_bins(olive.complex_spikes(carried))
        self.rows["activity"][-1] = np.concatenate([self.rows["activity"][-1], spikes], 1)

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

    def _binned(self, activity: Activity, learner: Learner, place: int) -> np.ndarray:
        """(n_kept, n_neurons, n_bins) means of the steps in each bin; without complex spikes."""
        cells, parts = self.model.purkinje, {}
        for region in ("cortex", "pons", "granule", "nuclei"):
            parts[region] = getattr(activity, region)[place, : self.n_kept]
        if cells is not None:
            weights = cells.weights(learner.W_PC[place], learner.W_LTD[place])
            parts["purkinje"] = cells.simple_spikes(parts["granule"], weights)
        order = [(parts[name], size) for name, size in self.sizes.items() if name in parts]
        return self._in_bins(np.concatenate([part[..., :size] for part, size in order], -1))

    def _in_bins(self, joined: np.ndarray) -> np.ndarray:
        """(n_kept, n_neurons, n_bins) means of (n_kept, n_steps, n_neurons)."""
        n_kept = len(joined)
        n_bins = joined.shape[1] // self.per_bin
        steps = joined[:, : n_bins * self.per_bin].reshape(n_kept, n_bins, self.per_bin, -1)
        return steps.mean(2).swapaxes(1, 2).astype(np.float32)

    def finish(self) -> Run:
        """Make the run."""
        rows = {name: np.asarray(values) for name, values in self.rows.items()}
        region = np.repeat(list(self.sizes), list(self.sizes.values()))
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
            **self._circuit(rows),
            counterfactual=counterfactual,
            subspaces=dict(self.model.subspaces),
            region=region,
            configuration=self._configuration() | _below_zero(activity),
        )  # fmt: skip
        return Run(activity, self._behaviour(rows), truth)

    def _components(self, rows: dict[str, np.ndarray]) -> dict[str, Any]:
        naive = rows.get("probe_naive")
        if naive is None:
            naive = self._naive()[rows["condition"]]
        fast, slow = rows["probe_full"] - rows["probe_slow"], rows["probe_slow"] - naive
        degrees = {"units": "degrees"}
        return {
            "fast": xr.DataArray(fast, dims="trial", attrs=degrees),
            "slow": xr.DataArray(slow, dims="trial", attrs=degrees),
        }

    def _circuit(self, rows: dict[str, np.ndarray]) -> dict[str, Any]:
        if self.model.purkinje is None:
            return {}
        cells = {"purkinje": self.model.purkinje, "olive": self.model.olive}
        return {**cells, "W_LTD": rows["W_LTD"]}

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
        unit = np.concatenate([np.arange(size) for size in self.sizes.values()])
        direction = {}
        if self.model.purkinje is not None:
            degrees = preferred_directions(self.model, self.sizes)
            direction = {"preferred_direction": ("neuron", degrees, {"units": "degrees"})}
        return xr.DataArray(
            tensor,
            dims=("trial", "neuron", "time"),
            coords={
                "time": ("time", np.round(centres * dt, 9), _SECONDS),
                "region": ("neuron", region),
                "unit": ("neuron", unit),
                **direction,
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
            "outcome": self.n_after * model.cortex.dt,
            "task": {"name": self.task.name, **_as_dict(self.task)},
            "plant": {"name": type(self.plant).__name__, **_as_dict(self.plant)},
        }


def _below_zero(activity: xr.DataArray | None) -> dict[str, float]:
    """How often simple spikes would have a rate below 0, as they aren't rectified."""
    if activity is None or "purkinje" not in activity["region"].values:
        return {}
    simple = activity.values[:, activity["region"].values == "purkinje"]
    return {"simple_spikes_below_zero": float((simple < 0).mean())}


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
