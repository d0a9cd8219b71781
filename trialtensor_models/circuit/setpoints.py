"""Thresholds and mean drives that cells of a circuit keep to by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import Activity, Setpoints, run
from trialtensor_models.circuit.pathways import Weights
from trialtensor_models.circuit.trials import Trials

# Share of time in which a unit of the pons is active.
_PONTINE_LEVEL = 0.7
# How far setpoints move with a batch of trials.
_RATE = 0.02


def settle(weights: Weights, anatomy: Anatomy, trials: Trials) -> tuple[Weights, Setpoints]:
    """Set thresholds and mean drives on some trials before learning.

    Parameters
    ----------
    weights : dict of arrays
    anatomy : Anatomy
    trials : Trials

    Returns
    -------
    weights : dict of arrays
        Those to the pons scaled, so that its drive has a standard deviation of 1.
    setpoints : Setpoints
    """
    cells = anatomy.sizes
    points = Setpoints(
        pons=np.zeros(cells.get("pons", 0)),
        granule=np.zeros(cells.get("granule", 0)),
        power=np.ones(1),
        nuclei=np.zeros(cells.get("nuclei", 0)),
        cortex=np.zeros(anatomy.n_cortex),
    )
    activity = run(weights, points, anatomy, trials, output=0)
    points = replace(points, cortex=activity.cortex.mean((0, 1)))
    if not anatomy.cerebellum:
        return weights, points
    drive = activity.cortex @ weights["P"].T
    weights = weights | {"P": weights["P"] / max(float(drive.std()), 1e-9)}
    drive = (activity.cortex @ weights["P"].T).reshape(-1, anatomy.n_pons)
    points = replace(points, pons=np.quantile(drive, 1 - _PONTINE_LEVEL, axis=0))
    activity = run(weights, points, anatomy, trials, output=0)
    drive = activity.drive.reshape(-1, anatomy.n_granule)
    if anatomy.expansion:
        points = replace(points, granule=np.quantile(drive, 1 - anatomy.coding_level, axis=0))
    sent = np.maximum(drive - points.granule, 0) if anatomy.expansion else drive
    mossy = activity.mossy.reshape(-1, anatomy.n_mossy)
    return weights, replace(
        points,
        power=np.maximum([(sent**2).sum(1).mean()], 1e-9),
        nuclei=(mossy @ weights["M"].T).mean(0),
    )


def track(
    setpoints: Setpoints, weights: Mapping[str, np.ndarray], anatomy: Anatomy, activity: Activity
) -> Setpoints:
    """Move setpoints a little towards what the last trials ask for; each cell by what it sees.

    A threshold rises where its cell was active for more than its share of the time, and falls where
    it was active for less.

    Parameters
    ----------
    setpoints : Setpoints
    weights : mapping of arrays
    anatomy : Anatomy
    activity : Activity
        Of numpy arrays.

    Returns
    -------
    Setpoints
    """
    cortex = setpoints.cortex + _RATE * (activity.cortex.mean((0, 1)) - setpoints.cortex)
    if not anatomy.cerebellum:
        return replace(setpoints, cortex=cortex)
    active = (activity.pons > 0).mean((0, 1))
    granule, power = setpoints.granule, setpoints.power
    if anatomy.expansion:
        firing = (activity.drive > granule).mean((0, 1))
        # A cell of a sparse layer is rarely active, and would take as long to fall silent.
        step = (firing - anatomy.coding_level) / (0.1 + anatomy.coding_level)
        granule = granule + _RATE * step
    sent = np.maximum(activity.drive - granule, 0) if anatomy.expansion else activity.drive
    power = power + _RATE * ((sent**2).sum(-1).mean() - power)
    mean = (activity.mossy @ weights["M"].T).mean((0, 1))
    return Setpoints(
        pons=setpoints.pons + _RATE * (active - _PONTINE_LEVEL),
        granule=granule,
        power=np.maximum(power, 1e-9),
        nuclei=setpoints.nuclei + _RATE * (mean - setpoints.nuclei),
        cortex=cortex,
    )
