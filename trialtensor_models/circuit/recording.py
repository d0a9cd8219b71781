"""Checkpoints of a training as one run: trials are (checkpoint x condition)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.linalg import null_space, orth

from trialtensor.data.parameters import SEEDS, check_flag, check_number, check_whole
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.dynamics import Activity, turned
from trialtensor_models.circuit.measures import choices, missed
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import TRAINED
from trialtensor_models.circuit.trials import Trials
from trialtensor_models.sessions import Run, Truth
from trialtensor_models.tasks import has_choices

_AXES = {"W": ("cortex", "cortex_from"), "W_in": ("cortex", "input"), "W_s": ("cortex", "sensory"),
         "b": ("cortex",), "W_out": ("axis", "cortex"), "P": ("pons", "cortex"),
         "w": ("purkinje", "granule"), "M": ("nuclei", "mossy"), "D": ("nuclei", "purkinje"),
         "W_th": ("cortex", "nuclei")}  # fmt: skip


def record(
    circuits: Sequence[Circuit],
    iterations: np.ndarray,
    configuration: Mapping[str, Any],
    *,
    bin_width: float,
    n_granule: int | None,
    output: float,
    seed: int,
    weights: bool,
) -> Run:
    """Simulate all conditions with each circuit; see `Training.run`.

    Parameters
    ----------
    circuits : sequence of Circuit
        Of one anatomy.
    iterations : (n_checkpoints,) array
    configuration : mapping
        Of the training, for the truth.
    bin_width, n_granule, output, seed, weights
        See `Training.run`.

    Returns
    -------
    Run
    """
    first = circuits[0]
    dt = first.anatomy.dt
    check_number("output", output, least=0)
    check_whole("seed", seed, 0, SEEDS), check_flag("weights", weights)
    if n_granule is not None:
        check_whole("n_granule", n_granule, 1)
    per_bin = steps_of_bin(bin_width, dt)
    trials = first.draw(seed=seed, noise=None)
    kept = kept_of(first, n_granule)
    full, blocked = [], []
    for circuit in circuits:
        full.append(circuit.run(trials, output=output))
        blocked.append(circuit.run(trials, output=0.0) if circuit.anatomy.cerebellum else None)
    rows = _rows(first, trials, iterations, full)
    region = np.repeat(list(kept), list(kept.values()))
    time = (np.arange(trials.inputs.shape[1]) - trials.go + 0.5) * dt

    def labelled(activities: Sequence[Any]) -> xr.DataArray:
        tensor = np.concatenate([binned(a, trials, first, kept, per_bin) for a in activities])
        return labelled_tensor(tensor, rows, first, kept, region, time, per_bin)

    counterfactual = None
    if first.anatomy.cerebellum:
        counterfactual = xr.Dataset({"no_cerebellum": labelled(blocked)})
    fast, slow = _components(full, blocked, trials)
    truth = Truth(
        schedule=xr.Dataset({name: ("trial", values) for name, values in rows.items()}),
        fast=fast,
        slow=slow,
        counterfactual=counterfactual,
        subspaces=subspaces_of(circuits[-1]),
        region=region,
        configuration=dict(configuration),
        pathways=pathways_of(circuits, iterations) if weights else None,
    )
    return Run(labelled(full), _behaviour(first, full, trials, rows, time), truth)


def steps_of_bin(bin_width: float, dt: float) -> int:
    """Count the steps that a bin is the mean of.

    Parameters
    ----------
    bin_width, dt : float
        Seconds.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it isn't a whole number of steps.
    """
    check_number("bin_width", bin_width, least=dt)
    per_bin = round(bin_width / dt)
    if abs(per_bin * dt - bin_width) > 1e-6 * bin_width:
        raise ValueError(f"bin_width: expected a multiple of the step of {dt} s, got {bin_width}")
    return per_bin


def kept_of(circuit: Circuit, n_granule: int | None) -> dict[str, int]:
    """Count the units of each region that are recorded; granule cells are wired at random.

    Parameters
    ----------
    circuit : Circuit
    n_granule : int or None
        None is all.

    Returns
    -------
    dict of int
    """
    sizes = dict(circuit.anatomy.sizes)
    if n_granule is not None and "granule" in sizes:
        sizes["granule"] = min(n_granule, sizes["granule"])
    return sizes


def _rows(
    circuit: Circuit, trials: Trials, iterations: np.ndarray, full: Sequence[Activity]
) -> dict[str, np.ndarray]:
    """What is known of each trial."""
    n, B = len(iterations), len(trials.condition)
    task = circuit.setting.task
    rows = {
        "checkpoint": np.repeat(np.arange(n), B),
        "iteration": np.repeat(iterations, B),
        "condition": np.tile(trials.condition, n),
        "target": np.tile(np.asarray(task.labels)[trials.condition], n),
    }
    if np.any(trials.rotation):
        rows["rotation"] = np.tile(trials.rotation, n)
    if has_choices(task):
        rows["side"] = np.tile(np.asarray(trials.side), n)
        rows["choice"] = np.concatenate([choices(a, trials, task) for a in full])
        rows["correct"] = rows["choice"] == rows["side"]
    return rows


def binned(
    activity: Activity,
    trials: Trials,
    circuit: Circuit,
    kept: Mapping[str, int],
    per_bin: int,
    spikes: np.ndarray | None = None,
) -> np.ndarray:
    """Average the steps in each bin.

    Parameters
    ----------
    activity : Activity
    trials : Trials
    circuit : Circuit
    kept : mapping
        Of `kept_of`.
    per_bin : int
        Steps.
    spikes : (T, B, n_nuclei) array, optional
        Complex spikes; those of motor errors unless given.

    Returns
    -------
    (B, n_neurons, n_bins) array
    """
    parts = []
    for region, size in kept.items():
        if region == "olive":
            parts.append(
                complex_spikes(activity, trials, circuit.anatomy) if spikes is None else spikes
            )
        else:
            parts.append(getattr(activity, region)[..., :size])
    joined = np.concatenate(parts, axis=-1)
    n_bins = len(joined) // per_bin
    steps = joined[: n_bins * per_bin].reshape(n_bins, per_bin, *joined.shape[1:])
    return steps.mean(1).transpose(1, 2, 0).astype(np.float32)


def labelled_tensor(
    tensor: np.ndarray,
    rows: Mapping[str, np.ndarray],
    circuit: Circuit,
    kept: Mapping[str, int],
    region: np.ndarray,
    time: np.ndarray,
    per_bin: int,
) -> xr.DataArray:
    """Label activity.

    Parameters
    ----------
    tensor : (n_trials, n_neurons, n_bins) array
    rows : mapping of (n_trials,) arrays
        What is known of each trial.
    circuit : Circuit
    kept : mapping
        Of `kept_of`.
    region : (n_neurons,) array
    time : (T,) array
        Middles of the steps in seconds from the go signal.
    per_bin : int
        Steps.

    Returns
    -------
    xarray.DataArray
    """
    anatomy = circuit.anatomy
    n_bins = tensor.shape[2]
    module = {
        "purkinje": np.repeat(anatomy.module, anatomy.n_purkinje),
        "nuclei": anatomy.module,
        "olive": anatomy.module,
    }
    population = {"cortex": np.where(anatomy.is_motor, "motor", "association")}
    groups = [(population | module).get(name, np.full(size, name)) for name, size in kept.items()]
    binned = time[: n_bins * per_bin].reshape(n_bins, per_bin).mean(1)
    seconds = {"units": "s", "long_name": "time from the go signal"}
    return xr.DataArray(
        tensor,
        dims=("trial", "neuron", "time"),
        coords={
            "region": ("neuron", region),
            "unit": ("neuron", np.concatenate([np.arange(size) for size in kept.values()])),
            "population": ("neuron", np.concatenate(groups)),
            **{name: ("trial", values) for name, values in rows.items()},
            "go": ("trial", np.zeros(len(tensor)), {"units": "s"}),
            "time": ("time", binned, seconds),
        },
        name="activity",
    )


def _components(
    full: Sequence[Activity], blocked: Sequence[Activity | None], trials: Trials
) -> tuple[xr.DataArray, xr.DataArray]:
    """What the nuclei add (fast), and what cortex does by itself (slow), by trial."""
    done = np.concatenate([1 - missed(each, trials) for each in full])
    alone = np.concatenate(
        [1 - missed(b if b is not None else f, trials) for f, b in zip(full, blocked, strict=True)]
    )
    attrs = {"long_name": "share of the wanted command that is not missed"}
    return (
        xr.DataArray(done - alone, dims="trial", attrs=attrs),
        xr.DataArray(alone, dims="trial", attrs=attrs),
    )


def _behaviour(
    circuit: Circuit,
    full: Sequence[Activity],
    trials: Trials,
    rows: Mapping[str, np.ndarray],
    time: np.ndarray,
) -> xr.Dataset:
    # Positions are in units of the peak speed times seconds.
    peak = circuit.setting.peak(circuit.anatomy.dt)
    hand = np.concatenate([peak * each.hand.swapaxes(0, 1) for each in full])
    cursor = np.concatenate(
        [peak * turned(each.hand, trials.rotation).swapaxes(0, 1) for each in full]
    )
    place = trials.wanted.sum(1) * circuit.anatomy.dt * peak
    end = hand[:, min(trials.outcome, hand.shape[1]) - 1]
    short = np.linalg.norm(end - np.tile(place, (len(full), 1)), axis=1)
    columns: dict[str, Any] = {
        "missed": ("trial", np.concatenate([missed(each, trials) for each in full])),
        "end_error": ("trial", short, {"units": "m"}),
        "hand": (("trial", "time", "axis"), hand.astype(np.float32), {"units": "m"}),
        "cursor": (("trial", "time", "axis"), cursor.astype(np.float32), {"units": "m"}),
        **{name: ("trial", values) for name, values in rows.items()},
    }
    return xr.Dataset(columns, coords={"time": ("time", time, {"units": "s"}), "axis": ["x", "y"]})


def subspaces_of(circuit: Circuit) -> dict[str, np.ndarray]:
    """Find directions of cortex with a known meaning.

    Parameters
    ----------
    circuit : Circuit

    Returns
    -------
    dict of arrays with orthonormal columns
    """
    W_out = circuit.weights["W_out"]
    found = {"output": orth(W_out.T), "output_null": null_space(W_out)}
    if circuit.anatomy.cerebellum:
        found["thalamic"] = orth(circuit.weights["W_th"])
    return found


def pathways_of(circuits: Sequence[Circuit], iterations: np.ndarray) -> xr.Dataset:
    """Export the weights of all checkpoints; of those that didn't change, the first only.

    Parameters
    ----------
    circuits : sequence of Circuit
    iterations : (n_checkpoints,) array

    Returns
    -------
    xarray.Dataset
    """
    arrays = {}
    for name in TRAINED:
        if name not in circuits[0].weights:
            continue
        stacked = np.stack([each.weights[name] for each in circuits]).astype(np.float32)
        fixed = (stacked == stacked[:1]).all()
        dims = _AXES[name] if fixed else ("checkpoint", *_AXES[name])
        arrays[name] = (dims, stacked[0] if fixed else stacked)
    return xr.Dataset(arrays | {"iteration": ("checkpoint", iterations)})
