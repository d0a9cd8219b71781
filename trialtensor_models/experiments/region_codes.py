"""What the regions of a circuit code for, checkpoint by checkpoint."""

from __future__ import annotations

import numpy as np
import xarray as xr

from trialtensor.data.parameters import check_choice
from trialtensor_models.analysis import subspace_overlap
from trialtensor_models.sessions import Run
from trialtensor_models.tasks import RotatedReaching, task_from

REGIONS = ("association", "motor", "pons", "granule", "purkinje", "nuclei")
# Seconds from the go signal.
EPOCHS = {"preparation": (-np.inf, 0.0), "movement": (0.0, 0.5)}
# Of the mean power of a pattern: the penalty of decoders.
_RIDGE = 0.1
N_DIMS = 3


def with_populations(activity: xr.DataArray) -> xr.DataArray:
    """Name the two halves of cortex as regions of their own, and leave the olive out."""
    region = activity["region"].values.astype("<U11")
    cortex = region == "cortex"
    region[cortex] = activity["population"].values[cortex]
    named = activity.assign_coords(region=("neuron", region))
    return named.isel(neuron=np.flatnonzero(region != "olive"))


def patterns(run: Run, epoch: str = "movement", *, blocked: bool = False) -> dict[str, np.ndarray]:
    """Cut activity by region: (n_checkpoints, n_conditions, n_units, n_bins) arrays.

    Parameters
    ----------
    run : Run
        Of `Training.run`.
    epoch : {"preparation", "movement"}
    blocked : bool
        Of the same trials without what the nuclei send.

    Returns
    -------
    dict of arrays
        Without regions that there are not.
    """
    if run.activity is None:
        raise ValueError("run: expected one with activity")
    check_choice("epoch", epoch, tuple(EPOCHS))
    activity = run.activity
    if blocked:
        if run.truth.counterfactual is None:
            raise ValueError("blocked: this run has no cerebellum that could be blocked")
        activity = run.truth.counterfactual["no_cerebellum"]
    activity = with_populations(activity)
    low, high = EPOCHS[epoch]
    time = activity["time"].values
    values = activity.values[:, :, (time > low) & (time < high)]
    n = len(np.unique(activity["checkpoint"].values))
    values = values.reshape(n, len(values) // n, *values.shape[1:])
    region = activity["region"].values
    return {name: values[:, :, region == name] for name in REGIONS if (region == name).any()}


def task_of(run: Run) -> RotatedReaching:
    """Find the task of a course of rotated reaches."""
    task = task_from(dict(run.truth.configuration["task"]), None)
    if not isinstance(task, RotatedReaching):
        raise ValueError(f"run: expected one of RotatedReaching, got {task}")
    return task


def iterations_of(run: Run) -> np.ndarray:
    """(n_checkpoints,) iterations of training after which weights were kept."""
    return np.unique(run.truth.schedule["iteration"].values)


def halves_of(run: Run) -> np.ndarray:
    """(n_conditions,) 0 and 1 for every other target, in all contexts."""
    task = task_of(run)
    target = task.targets_of(np.arange(len(task.labels)))
    return np.unique(target, return_inverse=True)[1] % 2


def codes(run: Run, epoch: str = "movement") -> xr.Dataset:
    """Measure what each region codes for at each checkpoint.

    Parameters
    ----------
    run : Run
    epoch : {"preparation", "movement"}

    Returns
    -------
    xarray.Dataset (region, checkpoint)
        R² of linear decoders in what they weren't trained on: "hand" and "target", directions in a
        context that wasn't used; "context" for targets that weren't used. And "alignment": overlap
        of the subspace of conditions with the last checkpoint's, halves of the targets against
        each other; its value at the last checkpoint is the most that can be expected.
    """
    task = task_of(run)
    places = np.arange(len(task.labels))
    turn, target = task.rotations_of(places), task.targets_of(places)
    context = (turn[:, None] == np.unique(turn)).astype(float)
    half = halves_of(run)
    labels = {
        "hand": (_on_circle(target - turn), turn),
        "target": (_on_circle(target), turn),
        "context": (context, target),
    }
    found: dict[str, list[list[float]]] = {name: [] for name in (*labels, "alignment")}
    regions = patterns(run, epoch)
    for X in regions.values():
        for name, (label, group) in labels.items():
            found[name].append([held_out_r2(each.mean(-1), label, group) for each in X])
        found["alignment"].append([overlap(each, X[-1], half) for each in X])
    return xr.Dataset(
        {name: (("region", "checkpoint"), values) for name, values in found.items()},
        coords={"region": list(regions), "iteration": ("checkpoint", iterations_of(run))},
    )


def _on_circle(degrees: np.ndarray) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def held_out_r2(patterns: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """R² of a ridge regression, in one group after the other, which the fit doesn't use.

    Parameters
    ----------
    patterns : (n, n_units) array
    labels : (n, n_columns) array
    groups : (n,) array

    Returns
    -------
    float
        Below 0 where the mean label would be a better guess; 0 if no unit varies.
    """
    guess = np.empty_like(labels)
    for group in np.unique(groups):
        kept = groups != group
        mean, middle = patterns[kept].mean(0), labels[kept].mean(0)
        centred = patterns[kept] - mean
        gram = centred @ centred.T
        power = np.trace(gram) / len(gram)
        if power <= 0:
            return 0.0
        fit = np.linalg.solve(gram + _RIDGE * power * np.eye(len(gram)), labels[kept] - middle)
        guess[~kept] = (patterns[~kept] - mean) @ centred.T @ fit + middle
    rest, whole = labels - guess, labels - labels.mean(0)
    return float(1 - (rest**2).sum() / (whole**2).sum())


def subspace(X: np.ndarray, n_dims: int = N_DIMS) -> np.ndarray:
    """(n_units, n_dims) leading directions in which (condition, unit, bin) conditions differ."""
    flat = (X - X.mean(0)).transpose(1, 0, 2).reshape(X.shape[1], -1)
    return np.linalg.svd(flat, full_matrices=False)[0][:, :n_dims]


def overlap(first: np.ndarray, second: np.ndarray, half: np.ndarray) -> float:
    """Overlap of two subspaces of conditions, each from one half of them and the mean of both ways.

    Noise turns subspaces by itself; that of a checkpoint with itself says by how much.

    Parameters
    ----------
    first, second : (n_conditions, n_units, n_bins) arrays
    half : (n_conditions,) array of 0 and 1

    Returns
    -------
    float
        Mean squared cosine of the principal angles; 0 where no unit varies.
    """
    if not all(np.ptp(each, axis=0).any() for each in (first, second)):
        return 0.0
    ways = ((0, 1), (1, 0))
    return float(
        np.mean(
            [
                subspace_overlap(subspace(first[half == a]), subspace(second[half == b]))
                for a, b in ways
            ]
        )
    )


def onset(iterations: np.ndarray, course: np.ndarray, least: float = 0.1) -> float:
    """Find from which iteration on a course stays above the middle of its first and last value.

    Parameters
    ----------
    iterations, course : (n_checkpoints,) arrays
    least : float
        What the way must be; a course that hardly changes has no onset (NaN).

    Returns
    -------
    float
        Between checkpoints, on a straight line. What is below 0 counts as 0: R² of decoders that
        know nothing.
    """
    course = np.maximum(course, 0)
    way = course[-1] - course[0]
    if way < least:
        return float("nan")
    done = (course - course[0]) / way
    last = int(np.flatnonzero(done < 0.5)[-1])
    part = (0.5 - done[last]) / (done[last + 1] - done[last])
    return float(iterations[last] + part * (iterations[last + 1] - iterations[last]))
