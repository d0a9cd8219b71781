"""The order and scale of non-negative components."""

from __future__ import annotations

import numpy as np

from trialtensor.solvers.slices.contraction import Components, as_rows, as_triple


def in_unit_order(model: Components) -> Components:
    """Scale loadings to norm 1 and order the components of each type by the norm of their slice.

    Parameters
    ----------
    model : Components
    """
    loadings, slices = [], []
    for loading, slice_tensor in zip(*model, strict=True):
        size = np.linalg.norm(loading, axis=0)
        slice_tensor = slice_tensor * size[:, None, None]
        strength = np.linalg.norm(as_rows(slice_tensor), axis=1)
        order = np.argsort(-strength, kind="stable")
        loadings.append((loading / np.where(size > 0, size, 1))[:, order])
        slices.append(slice_tensor[order])
    return Components(as_triple(loadings), as_triple(slices))
