"""Courses of representations over training, region by region, and what relates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from trialtensor_models.analysis import learning_score
from trialtensor_models.circuit import Training
from trialtensor_models.experiments.region_codes import codes, onset
from trialtensor_models.experiments.region_coupling import coupling
from trialtensor_models.sessions import Run

_LEADER = "motor"


@dataclass(frozen=True, eq=False)
class Emergence:
    """Courses of representations over training, by the rules that were trained with.

    Attributes
    ----------
    codes : dict of xarray.Dataset
        (seed, region, checkpoint): see `region_codes.codes`.
    onsets : dict of (seed, region) xarray.DataArray
        Iterations from which the direction of the hand can be decoded in other contexts.
    coupling : dict of xarray.Dataset
        See `region_coupling.coupling`.
    courses : dict of xarray.Dataset
        "own", "other" and "chance" (seed, region): R² of a region's course on that of motor cortex,
        of the same training and of the others, and what 95 % of courses as slow stay below.
    performance : xarray.Dataset, or None
        (seed, checkpoint): of `Training.performance`, of trainings by local rules.
    """

    codes: dict[str, xr.Dataset]
    onsets: dict[str, xr.DataArray]
    coupling: dict[str, xr.Dataset]
    courses: dict[str, xr.Dataset]
    performance: xr.Dataset | None = None


def analysed(
    runs: Mapping[str, Sequence[Run]], local: Sequence[Training] | None = None
) -> Emergence:
    """Analyse courses of training.

    Parameters
    ----------
    runs : mapping of sequences of Run
        By kind of training; those of one kind have other seeds.
    local : sequence of Training, optional
        By local rules, to compare what nuclei tell with what cortex misses.

    Returns
    -------
    Emergence
    """
    found = {arm: xr.concat([codes(run) for run in group], "seed") for arm, group in runs.items()}
    return Emergence(
        codes=found,
        onsets={arm: onsets_of(each) for arm, each in found.items()},
        coupling={arm: coupling(group) for arm, group in runs.items()},
        courses={arm: courses_of(each) for arm, each in found.items()},
        performance=xr.concat([each.performance() for each in local], "seed") if local else None,
    )


def onsets_of(found: xr.Dataset) -> xr.DataArray:
    """(seed, region) iterations from which hand directions can be decoded."""
    iterations = found["iteration"].values
    values = [[onset(iterations, course) for course in each] for each in found["hand"].values]
    return xr.DataArray(values, dims=("seed", "region"), coords={"region": found["region"]})


def courses_of(found: xr.Dataset) -> xr.Dataset:
    """Relate each region's course to that of motor cortex, beside what unrelated courses have.

    Parameters
    ----------
    found : xarray.Dataset
        Of `region_codes.codes`, along "seed".

    Returns
    -------
    xarray.Dataset (seed, region)
    """
    hand = np.maximum(found["hand"].transpose("seed", "region", "checkpoint").values, 0)
    leader = hand[:, found["region"].values.tolist().index(_LEADER)]
    n, n_regions = hand.shape[:2]
    parts = {name: np.full((n, n_regions), np.nan) for name in ("own", "other", "chance")}
    for k in range(n):
        for i in range(n_regions):
            if not np.ptp(hand[k, i]):
                continue
            score = learning_score(leader[k][:, None], hand[k, i], random_state=0)
            parts["own"][k, i], parts["chance"][k, i] = score.value, score.chance
            others = [
                learning_score(leader[j][:, None], hand[k, i], n_shuffles=1, random_state=0).value
                for j in range(n)
                if j != k
            ]
            if others:
                parts["other"][k, i] = np.mean(others)
    return xr.Dataset(
        {name: (("seed", "region"), values) for name, values in parts.items()},
        coords={"region": found["region"]},
    )
