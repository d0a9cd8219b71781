"""What the truth of a run holds of circuits: weights and setpoints of all pathways, subspaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.linalg import null_space, orth

from trialtensor_models.circuit.circuit import Circuit

# From what to what each array of weights goes.
_AXES = {"leak": ("cortex",), "W": ("cortex", "cortex_from"), "W_in": ("cortex", "input"),
         "W_s": ("cortex", "sensory"), "b": ("cortex",), "W_out": ("axis", "cortex"),
         "P": ("pons", "cortex"), "J": ("granule", "mossy"), "w": ("purkinje", "granule"),
         "I": ("purkinje", "granule"), "M": ("nuclei", "mossy"), "D": ("nuclei", "purkinje"),
         "W_th": ("cortex", "nuclei")}  # fmt: skip
_SETPOINTS = {"pons": ("pons",), "granule": ("granule",), "power": ("one",), "nuclei": ("nuclei",),
              "cortex": ("cortex",)}  # fmt: skip


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
    """Export weights and setpoints of all checkpoints; of those that didn't change, the first only.

    Parameters
    ----------
    circuits : sequence of Circuit
    iterations : (n_checkpoints,) array

    Returns
    -------
    xarray.Dataset
        Weights by their names, setpoints as "setpoint_pons" and so on.
    """
    arrays = {}
    for name, dims in _AXES.items():
        if name in circuits[0].weights:
            arrays[name] = _over_checkpoints([each.weights[name] for each in circuits], dims)
    for name, dims in _SETPOINTS.items():
        points = [getattr(each.setpoints, name) for each in circuits]
        if points[0].size:
            arrays[f"setpoint_{name}"] = _over_checkpoints(points, dims)
    return xr.Dataset(arrays | {"iteration": ("checkpoint", iterations)})


def _over_checkpoints(
    arrays: Sequence[np.ndarray], dims: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    stacked = np.stack(arrays).astype(np.float32)
    if (stacked == stacked[:1]).all():
        return dims, stacked[0]
    return ("checkpoint", *dims), stacked
