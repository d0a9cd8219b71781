"""Trial tensors that follow a two-state model and have an exact CP or slice structure.

Activity of the network is only approximately of low rank, so factors have no truth there. Here they
have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import xarray

from trialtensor.data.arrays import whole
from trialtensor.data.parameters import (
    check_choice,
    check_instance,
    check_number,
    check_whole,
    generator,
)
from trialtensor.data.shown import OneLine
from trialtensor_models.rates import TwoStateTrace

Structure = Literal["cp", "slice"]
COMPONENTS = ("task", "fast", "slow")
# Each process is mostly in one region, as in the two-area picture of adaptation.
OWNER = {"fast": "cerebellum", "slow": "cortex"}
_ELSEWHERE = 0.15
_INNER = 4  # Products that a slice is a sum of.


@dataclass(frozen=True, eq=False, repr=False)
class ExactTensor(OneLine):
    """A tensor whose components are known, and they.

    Attributes
    ----------
    activity : xarray.DataArray (trial, neuron, time)
        Signal and noise, with coordinates ``epoch`` and ``region``.
    signal : array of the same shape
    fast, slow : (n_trials,) arrays
        States of the model that the trials follow.
    factors : tuple of three (n_axis, 3) arrays
        Trial, neuron and time factors of the components "task", "fast" and "slow", where the
        structure is "cp"; empty otherwise.
    loadings, slices : tuple of arrays
        Of the trial-, neuron- and time-slicing components, where the structure is "slice"; as in
        `trialtensor.data.SyntheticData`.
    patterns : dict of (n_neurons, n_times) arrays
        Of each component: what a unit of its trial factor adds to a trial.
    """

    activity: xarray.DataArray
    signal: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    factors: tuple[np.ndarray, ...]
    loadings: tuple[np.ndarray, ...]
    slices: tuple[np.ndarray, ...]
    patterns: dict[str, np.ndarray]

    @property
    def region(self) -> np.ndarray:
        """(n_neurons,) region of each neuron."""
        return self.activity["region"].values


def make_exact(
    trace: TwoStateTrace,
    *,
    structure: Structure = "cp",
    n_neurons: Mapping[str, int] | None = None,
    n_times: int = 40,
    snr: float = 2.0,
    random_state: int | np.random.Generator | None = None,
) -> ExactTensor:
    """Make a tensor with a constant component, one that follows the fast state, one the slow state.

    Parameters
    ----------
    trace : TwoStateTrace
        Of `TwoStateModel.simulate`.
    structure : {"cp", "slice"}
        Each component is an outer product ("cp"), or a weight a trial times a neuron-by-time slice
        that isn't an outer product, beside a component of some neurons whose time course drifts
        over trials ("slice").
    n_neurons : mapping of str to int
        Of the regions "cortex" and "cerebellum"; 40 each by default.
    n_times : int
    snr : float
        Power of the signal over that of the noise; inf is no noise.
    random_state : int, Generator or None

    Returns
    -------
    ExactTensor

    Raises
    ------
    ValueError
        If a parameter is out of range or nothing was learned in the trace.

    Examples
    --------
    >>> from trialtensor_models import Schedule, TwoStateModel
    >>> trace = TwoStateModel().simulate(Schedule().rotate(30, 80).rotate(-30, 10).clamp(30))
    >>> exact = make_exact(trace, random_state=0)
    >>> exact.activity.sizes
    Frozen({'trial': 120, 'neuron': 80, 'time': 40})
    """
    regions = _check(trace, structure, n_neurons, n_times, snr)
    rng = generator(random_state)
    region = np.repeat(list(regions), list(regions.values()))
    states = np.column_stack([np.ones(len(trace.fast)), _unit(trace.fast), _unit(trace.slow)])
    neuron = _neurons(region, rng)
    factors: tuple[np.ndarray, ...] = ()
    loadings: tuple[np.ndarray, ...] = ()
    slices: tuple[np.ndarray, ...] = ()
    if structure == "cp":
        time = np.column_stack([_bump(n_times, centre) for centre in (0.35, 0.5, 0.65)])
        factors = (states, neuron, time)
        signal = np.einsum("kr,nr,tr->knt", *factors)
        planted = {name: np.outer(neuron[:, r], time[:, r]) for r, name in enumerate(COMPONENTS)}
    else:
        loadings, slices = _slices(states, region, n_times, rng)
        signal = np.einsum("kr,rnt->knt", loadings[0], slices[0])
        signal += np.einsum("nr,rkt->knt", loadings[1], slices[1])
        planted = dict(zip(COMPONENTS, slices[0], strict=True))
    return ExactTensor(
        activity=_labelled(_noisy(signal, snr, rng), region, trace.epoch),
        signal=signal,
        fast=trace.fast,
        slow=trace.slow,
        factors=factors,
        loadings=loadings,
        slices=slices,
        patterns=planted,
    )


def _unit(state: np.ndarray) -> np.ndarray:
    return state / np.sqrt(np.mean(state**2))


def _neurons(region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A column a component; those of a process are strong in its region."""
    columns = rng.gamma(2.0, size=(region.size, len(COMPONENTS)))
    columns *= rng.choice([-1, 1], size=columns.shape)
    for r, name in enumerate(COMPONENTS):
        if name in OWNER:
            columns[:, r] *= np.where(region == OWNER[name], 1.0, _ELSEWHERE)
    return columns / np.sqrt(np.mean(columns**2, axis=0))


def _bump(n_times: int, centre: float) -> np.ndarray:
    bump = np.exp(-0.5 * ((np.linspace(0, 1, n_times) - centre) / 0.12) ** 2)
    return bump / np.sqrt(np.mean(bump**2))


def _slices(
    states: np.ndarray, region: np.ndarray, n_times: int, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    inner = [
        np.array([_neurons(region, rng)[:, r] for _ in range(_INNER)])
        for r in range(len(COMPONENTS))
    ]
    centres = np.linspace(0.2, 0.8, _INNER)
    times = np.array([_bump(n_times, centre) for centre in centres]) / np.sqrt(_INNER)
    trial_slices = np.array([each.T @ times for each in inner])
    # Some neurons fire later and later, whatever is learned.
    drift = np.linspace(0.3, 0.7, len(states))
    late = np.array([_bump(n_times, centre) for centre in drift])
    some = rng.gamma(2.0, size=(region.size, 1)) * (rng.random((region.size, 1)) < 0.3)
    none = (np.zeros((n_times, 0)), np.zeros((0, len(states), region.size)))
    return (states, some / 2, none[0]), (trial_slices, late[None], none[1])


def _noisy(signal: np.ndarray, snr: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(signal.shape)
    size = np.sqrt(np.mean(signal**2) / snr / np.mean(noise**2))
    return signal + size * noise


def _labelled(X: np.ndarray, region: np.ndarray, epoch: np.ndarray) -> xarray.DataArray:
    return xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={"region": ("neuron", region), "epoch": ("trial", epoch)},
        name="activity",
    )


def _check(
    trace: TwoStateTrace,
    structure: str,
    n_neurons: Mapping[str, int] | None,
    n_times: int,
    snr: float,
) -> Mapping[str, int]:
    check_instance("trace", trace, TwoStateTrace, "what TwoStateModel().simulate gives")
    check_choice("structure", structure, get_args(Structure))
    if not isinstance(n_neurons, Mapping | None):
        raise ValueError(
            f"n_neurons: expected numbers by region, 'cortex' and 'cerebellum', got {n_neurons!r}"
        )
    regions = {"cortex": 40, "cerebellum": 40} if n_neurons is None else dict(n_neurons)
    for n in regions.values():
        check_whole("n_neurons", n, 1)
    if set(regions) != {"cortex", "cerebellum"}:
        raise ValueError(
            "n_neurons: expected at least one neuron in each of 'cortex' and 'cerebellum', "
            f"got {regions}"
        )
    check_whole("n_times", n_times, _INNER)
    check_number("snr", snr, above=0, infinite=True)
    for name in ("fast", "slow", "epoch"):
        whole(getattr(trace, name), f"trace.{name}")
    if np.isnan(trace.fast).any() or np.isnan(trace.slow).any():
        raise ValueError("trace: expected states that are known in every trial, got NaN")
    if not (np.any(trace.fast) and np.any(trace.slow)):
        raise ValueError("trace: expected a fast and a slow state that learn, one is always 0")
    return regions
