"""What cortex and cerebellum share over training, and what unrelated trainings would share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import xarray as xr

from trialtensor import CoupledTCA
from trialtensor_models.experiments.region_codes import iterations_of, patterns
from trialtensor_models.sessions import Run

SIDES = ("cortex", "cerebellum")
NULLS = ("own", "other training", "other conditions")
_CORTICAL = ("association", "motor")
_N_SHARED = 4


def coupling(runs: Sequence[Run], n_orders: int = 5, seed: int = 0) -> xr.Dataset:
    """Find how much of both sides' activity the same components explain.

    A `CoupledTCA` has trials of (checkpoint x condition) and four components, in which both sides
    must have the same course over trials. All trainings have the same inputs, the same task, and
    courses that rise, so much is always explained. Two nulls keep the slow course of each side: the
    cerebellum of another training, which meets the same conditions at the same checkpoints; and
    the training's own cerebellum with its conditions in another order, the same at all checkpoints.

    Parameters
    ----------
    runs : sequence of Run
        Trainings of one kind, of other seeds.
    n_orders : int
        Draws of the second null.
    seed : int

    Returns
    -------
    xarray.Dataset
        "explained" (null, seed, side, checkpoint): share of the sum of squares.
    """
    rng = np.random.default_rng(seed)
    sides = [_sides(run) for run in runs]
    n = len(runs)
    values = np.full((len(NULLS), n, len(SIDES), len(iterations_of(runs[0]))), np.nan)
    for k, own in enumerate(sides):
        cortex, cerebellum = own
        values[0, k] = _explained(cortex, cerebellum)
        others = [_explained(cortex, sides[j][1]) for j in range(n) if j != k]
        if others:
            values[1, k] = np.mean(others, axis=0)
        orders = [rng.permutation(cortex.shape[1]) for _ in range(n_orders)]
        values[2, k] = np.mean(
            [_explained(cortex, cerebellum[:, order]) for order in orders], axis=0
        )
    return xr.Dataset(
        {"explained": (("null", "seed", "side", "checkpoint"), values)},
        coords={
            "null": list(NULLS),
            "side": list(SIDES),
            "iteration": ("checkpoint", iterations_of(runs[0])),
        },
    )


def _sides(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """(checkpoint, condition, unit, bin) rates of both sides; regions have equal power."""
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for name, X in patterns(run).items():
        # Above the lowest rate of each unit, so that tonic rates don't count.
        X = X.astype(float) - X.min((0, 1, 3), keepdims=True)
        power = np.sqrt((X**2).sum())
        parts[name not in _CORTICAL].append(X / power if power > 0 else X)
    if not parts[1]:
        raise ValueError("runs: this one has no cerebellum")
    return np.concatenate(parts[0], axis=2), np.concatenate(parts[1], axis=2)


def _explained(cortex: np.ndarray, cerebellum: np.ndarray) -> np.ndarray:
    """(side, checkpoint) share of the sum of squares that shared components explain."""
    X = {
        name: each.reshape(-1, *each.shape[2:])
        for name, each in zip(SIDES, (cortex, cerebellum), strict=True)
    }
    model = CoupledTCA(_N_SHARED, nonnegative=True, n_init=3, max_iter=100, random_state=0)
    with warnings.catch_warnings():
        # How far the fit went matters less here than that all of them went as far.
        warnings.simplefilter("ignore")
        model.fit(X)
    rows = {}
    for i, name in enumerate(model.dataset_names_):
        neuron = model.neuron_factors_[name] * model.weights_[i]
        told = np.einsum("kr,nr,tr->knt", model.trial_factors_, neuron, model.time_factors_[name])
        left = ((X[name] - told) ** 2).reshape(len(cortex), -1).sum(1)
        rows[name] = 1 - left / np.maximum((X[name] ** 2).reshape(len(cortex), -1).sum(1), 1e-12)
    return np.array([rows[name] for name in SIDES])
