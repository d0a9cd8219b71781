"""Checkpoints of a training as one run: trials are (checkpoint x condition)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from trialtensor.data.parameters import SEEDS, check_flag, check_number, check_whole
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.dynamics import Activity, turned
from trialtensor_models.circuit.exported import pathways_of, subspaces_of
from trialtensor_models.circuit.measures import choices, missed
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.trials import Trials
from trialtensor_models.sessions import Run, Truth
from trialtensor_models.tasks import has_choices

# Spikes a second for a rate of 1; those of Purkinje cells and the olive are the circuit's units,
# those of other regions have none, and are taken as `Run.spikes` takes them.
SPIKE_RATES = {
    "cortex": 20.0, "pons": 20.0, "granule": 20.0, "purkinje": 10.0, "nuclei": 20.0, "olive": 1.0,
}  # fmt: skip


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
    # The same stimuli and noise at all of them; which answer is right may differ.
    drawn = [circuit.draw(seed=seed, noise=None) for circuit in circuits]
    kept = kept_of(first, n_granule)
    full, blocked = [], []
    for circuit, trials in zip(circuits, drawn, strict=True):
        full.append(circuit.run(trials, output=output))
        blocked.append(circuit.run(trials, output=0.0) if circuit.anatomy.cerebellum else None)
    rows = _rows(circuits, drawn, iterations, full)
    region = np.repeat(list(kept), list(kept.values()))
    time = (np.arange(drawn[0].inputs.shape[1]) - drawn[0].go + 0.5) * dt

    def labelled(activities: Sequence[Any]) -> xr.DataArray:
        tensor = np.concatenate(
            [binned(a, t, first, kept, per_bin) for a, t in zip(activities, drawn, strict=True)]
        )
        return labelled_tensor(tensor, rows, first, kept, region, time, per_bin)

    counterfactual = None
    if first.anatomy.cerebellum:
        counterfactual = xr.Dataset({"no_cerebellum": labelled(blocked)})
    fast, slow = _components(full, blocked, drawn)
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
    return Run(labelled(full), _behaviour(first, full, drawn, rows, time), truth)


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
    circuits: Sequence[Circuit],
    drawn: Sequence[Trials],
    iterations: np.ndarray,
    full: Sequence[Activity],
) -> dict[str, np.ndarray]:
    """What is known of each trial."""
    n, trials = len(iterations), drawn[0]
    B = len(trials.condition)
    task = circuits[0].setting.task
    rows = {
        "checkpoint": np.repeat(np.arange(n), B),
        "iteration": np.repeat(iterations, B),
        "condition": np.tile(trials.condition, n),
        "target": np.tile(np.asarray(task.labels)[trials.condition], n),
    }
    if np.any(trials.rotation):
        rows["rotation"] = np.tile(trials.rotation, n)
    reversed_ = np.array([circuit.setting.reversed for circuit in circuits])
    if reversed_.any():
        rows["reversed"] = np.repeat(reversed_, B)
    if has_choices(task):
        rows["side"] = np.concatenate([np.asarray(each.side) for each in drawn])
        rows["choice"] = np.concatenate(
            [choices(a, t, task) for a, t in zip(full, drawn, strict=True)]
        )
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
            "spike_rate": (
                "neuron",
                np.repeat([SPIKE_RATES[name] for name in kept], list(kept.values())),
                {"units": "1/s", "long_name": "spikes a second for an activity of 1"},
            ),
            **{name: ("trial", values) for name, values in rows.items()},
            "go": ("trial", np.zeros(len(tensor)), {"units": "s"}),
            "time": ("time", binned, seconds),
        },
        name="activity",
    )


def _components(
    full: Sequence[Activity], blocked: Sequence[Activity | None], drawn: Sequence[Trials]
) -> tuple[xr.DataArray, xr.DataArray]:
    """What the nuclei add (fast), and what cortex does by itself (slow), by trial."""
    alone = [f if b is None else b for f, b in zip(full, blocked, strict=True)]
    done, by_itself = (
        np.concatenate([1 - missed(a, t) for a, t in zip(each, drawn, strict=True)])
        for each in (full, alone)
    )
    attrs = {"long_name": "share of the wanted command that is not missed"}
    return (
        xr.DataArray(done - by_itself, dims="trial", attrs=attrs),
        xr.DataArray(by_itself, dims="trial", attrs=attrs),
    )


def _behaviour(
    circuit: Circuit,
    full: Sequence[Activity],
    drawn: Sequence[Trials],
    rows: Mapping[str, np.ndarray],
    time: np.ndarray,
) -> xr.Dataset:
    # Positions are in units of the peak speed times seconds.
    peak, dt = circuit.setting.peak(circuit.anatomy.dt), circuit.anatomy.dt
    hand = np.concatenate([peak * each.hand.swapaxes(0, 1) for each in full])
    rotation = np.concatenate([trials.rotation for trials in drawn])
    cursor = turned(hand.swapaxes(0, 1), rotation).swapaxes(0, 1)
    place = np.concatenate([peak * dt * trials.wanted.sum(1) for trials in drawn])
    end = hand[:, min(drawn[0].outcome, hand.shape[1]) - 1]
    lacking = [missed(a, t) for a, t in zip(full, drawn, strict=True)]
    columns: dict[str, Any] = {
        "missed": ("trial", np.concatenate(lacking)),
        "end_error": ("trial", np.linalg.norm(end - place, axis=1), {"units": "m"}),
        "hand": (("trial", "time", "axis"), hand.astype(np.float32), {"units": "m"}),
        "cursor": (("trial", "time", "axis"), cursor.astype(np.float32), {"units": "m"}),
        **{name: ("trial", values) for name, values in rows.items()},
    }
    return xr.Dataset(columns, coords={"time": ("time", time, {"units": "s"}), "axis": ["x", "y"]})
