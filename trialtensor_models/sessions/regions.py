"""Regions that a run records, and how many units of each."""

from __future__ import annotations

import numpy as np

from trialtensor_models.network import CCRNN, DIRECTIONS

#: Those of every network of this package.
REGIONS = ("cortex", "pons", "granule", "nuclei")
#: Those that networks with Purkinje cells record, too.
WITH_PURKINJE = ("cortex", "pons", "granule", "purkinje", "nuclei", "olive")


def sizes_of(model: CCRNN, n_granule: int | None) -> dict[str, int]:
    """Count the units of each region that are recorded, in the order of the record.

    Parameters
    ----------
    model : CCRNN
    n_granule : int or None
        How many granule cells at most; None is all.

    Returns
    -------
    dict of int
    """
    G, K = model.cerebellum.n_granule, model.cerebellum.n_purkinje
    sizes = {
        "cortex": model.cortex.n_units,
        "pons": model.pathways.n_pons,
        # Cells are wired at random, so the first ones are as good as any.
        "granule": G if n_granule is None else min(n_granule, G),
        "purkinje": K,
        "nuclei": 2,
        "olive": K,
    }
    return {region: sizes[region] for region in (WITH_PURKINJE if K else REGIONS)}


def preferred_directions(model: CCRNN, sizes: dict[str, int]) -> np.ndarray:
    """Find the direction of the error that units correct, or fire for.

    Parameters
    ----------
    model : CCRNN
        With Purkinje cells.
    sizes : dict of int
        Of its regions.

    Returns
    -------
    (n_neurons,) array
        In degrees; NaN for units without one.
    """
    found = np.full(sum(sizes.values()), np.nan)
    region = np.repeat(list(sizes), list(sizes.values()))
    if model.purkinje is not None:
        found[region == "purkinje"] = DIRECTIONS[model.purkinje.group]
        found[region == "olive"] = DIRECTIONS[model.purkinje.group]
    return found
