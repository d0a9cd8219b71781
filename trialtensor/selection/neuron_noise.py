"""Variances of neuron factors from the neurons' own residuals."""

from __future__ import annotations

from functools import reduce

import numpy as np

from trialtensor.models.fitted import Fitted
from trialtensor.selection.patches import Patch, patches
from trialtensor.selection.refits import places_of
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.solvers.contraction import khatri_rao


def neuron_variances(
    fitted: Fitted, residuals: Residuals, block: int
) -> dict[tuple[str, str | None], np.ndarray]:
    """Compute variances of neuron factors, given all other factors.

    A neuron's factor is a regression of its data on what the trial and time factors give. Its
    covariance is that of the products of regressors and residuals, summed within runs of trials:
    noise that is correlated in time, differs between neurons or wanders over trials is counted as
    it is (the cluster-robust covariance of Liang & Zeger 1986).

    Parameters
    ----------
    fitted : Fitted
        Without slices, and with neuron factors that are the same in all blocks.
    residuals : Residuals
    block : int
        Number of neighbouring trials in a run.

    Returns
    -------
    dict
        (name, dataset or None) -> (n_neurons, R) array, 0 for components that a dataset lacks.
    """
    sums: dict[str | None, tuple[np.ndarray, np.ndarray]] = {}
    n_runs = -(-residuals.n_trials // block)
    n_components = len(fitted.components)
    for patch in patches(fitted, residuals):
        n = patch.values.shape[1]
        if patch.dataset not in sums:
            sums[patch.dataset] = (
                np.zeros((n, n_components, n_components)),
                np.zeros((n_runs, n, n_components)),
            )
        _add(sums[patch.dataset], patch, block)
    found = {}
    for dataset, (grams, scores) in sums.items():
        name, places = _factors(fitted, dataset)
        covariance = _sandwich(grams, scores)
        scale = np.array([c.scales.get(dataset, c.weight) for c in fitted.components])
        own = np.zeros_like(covariance)
        own[:, places] = covariance / np.where(scale > 0, scale, np.inf) ** 2
        found[name, dataset] = own
    return found


def _add(sums: tuple[np.ndarray, np.ndarray], patch: Patch, block: int) -> None:
    """Add a patch to the products of regressors, and to those with residuals by run."""
    grams, scores = sums
    trial, _, *others = (each.astype(np.float64) for each in patch.matrices.values())
    time = reduce(khatri_rao, others)
    values = patch.values.reshape(*patch.values.shape[:2], -1)
    seen = np.isfinite(values)
    left = np.where(seen, values, 0).astype(np.float64)
    present = np.array(patch.present, dtype=int)
    by_trial = np.einsum("knt,tr->knr", left, time) * trial[:, None]
    products = np.zeros((len(trial), left.shape[1], grams.shape[1]))
    products[:, :, present] = by_trial
    np.add.at(scores, patch.trials // block, products)
    times = np.einsum("tr,ts->trs", time, time).reshape(len(time), -1)
    trials = np.einsum("kr,ks->krs", trial, trial).reshape(len(trial), -1)
    within = np.einsum("knq,kq->nq", seen @ times, trials)
    shape = (len(within), len(present), len(present))
    grams[np.ix_(np.arange(len(grams)), present, present)] += within.reshape(shape)


def _sandwich(grams: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the diagonals of covariances of regressions, (n, R), from scores by run."""
    inverse = np.linalg.pinv(grams, rcond=1e-10, hermitian=True)
    n_runs = int(np.any(scores, axis=(1, 2)).sum())
    middle = np.einsum("unr,uns->nrs", scores, scores) * n_runs / max(n_runs - 1, 1)
    return np.einsum("nar,nrs,nsa->na", inverse, middle, inverse)


def _factors(fitted: Fitted, dataset: str | None) -> tuple[str, list[int]]:
    """Return the name of the neuron factors, and the column of each component."""
    part = next(p for c in fitted.components for p in c.parts if p.dims == ("neuron",))
    return part.name, places_of(fitted)
