"""A simulated motor-learning recording, from which the bundled example is made.

``python -m trialtensor.data.adaptation FILE.nc`` writes it.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trialtensor.data.parameters import generator

if TYPE_CHECKING:
    import xarray

PHASES = {"baseline": 56, "adaptation": 96, "washout": 48}
AREAS = {"M1": 34, "PMd": 26}
ROTATION_DEG = 30.0
BIN_S = 0.02
TIME_S = np.round(np.arange(-0.4, 0.6, BIN_S) + BIN_S / 2, 3)
SEED = 20


def make_adaptation(random_state: int | np.random.Generator | None = SEED) -> "xarray.DataArray":
    """Simulate spike counts while reaches adapt to a 30 degree rotation of the cursor.

    The error follows the two-rate model of adaptation (Smith, Ghazizadeh & Shadmehr 2006): a
    fast process learns and forgets quickly, a slow one slowly. The firing rates are a sum of five
    components: one locked to movement and shared by all trials, two tuned to the target (its
    cosine, then its sine), and one for each process: the fast one before the movement and mostly
    in PMd, the slow one late in the movement and mostly in M1. A few neurons are lost or found
    during the recording.

    Parameters
    ----------
    random_state : int, Generator or None
        The default reproduces the bundled example.

    Returns
    -------
    xarray.DataArray of shape (200, 60, 50)
        See `load_example`.

    Examples
    --------
    >>> from trialtensor.data.adaptation import make_adaptation
    >>> make_adaptation().sizes
    Frozen({'trial': 200, 'neuron': 60, 'time': 50})
    """
    import xarray

    rng = generator(random_state)
    phase = np.repeat(list(PHASES), list(PHASES.values()))
    target = _targets(phase.size, rng)
    fast, slow, error = _two_rate(np.where(phase == "adaptation", ROTATION_DEG, 0.0), rng)
    area = np.repeat(list(AREAS), list(AREAS.values()))
    rate_hz = _rates(target, fast, slow, area, rng)
    counts = rng.poisson(rate_hz * BIN_S).astype(np.float32)
    _lose_neurons(counts, rng)
    return xarray.DataArray(
        counts,
        dims=("trial", "neuron", "time"),
        coords={
            "trial": np.arange(phase.size),
            "neuron": np.arange(area.size),
            "time": ("time", TIME_S, {"units": "s", "long_name": "time from movement onset"}),
            "phase": ("trial", phase),
            "trial_in_phase": ("trial", np.concatenate([np.arange(n) for n in PHASES.values()])),
            "target_deg": ("trial", target),
            "error_deg": ("trial", np.round(error, 2)),
            "area": ("neuron", area),
        },
        name="counts",
        attrs={
            "units": "spikes per 20 ms bin",
            "description": "Simulated reaches that adapt to a 30 degree cursor rotation",
        },
    )


def _targets(n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Draw eight targets, each once in every eight trials."""
    blocks = [rng.permutation(8) for _ in range(-(-n_trials // 8))]
    return 45.0 * np.concatenate(blocks)[:n_trials]


def _two_rate(
    rotation: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate the fast state, slow state and reach error of each trial, in degrees."""
    states = np.zeros((rotation.size, 2))
    retention, learning = np.array([0.8, 0.995]), np.array([0.28, 0.045])
    error = np.zeros(rotation.size)
    state = np.zeros(2)
    for k, perturbation in enumerate(rotation):
        states[k] = state
        error[k] = perturbation - state.sum() + rng.normal(scale=1.5)
        state = retention * state + learning * error[k]
    return states[:, 0], states[:, 1], error


def _rates(
    target: np.ndarray,
    fast: np.ndarray,
    slow: np.ndarray,
    area: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Compute firing rates in Hz, of shape (n_trials, n_neurons, n_times)."""
    n = area.size
    resting = rng.gamma(4.0, 3.0, size=n)
    driven = rng.gamma(4.0, 8.0, size=n)
    preferred = rng.uniform(0, 2 * np.pi, size=n)
    depth = driven * rng.uniform(0.5, 1.0, size=n)
    follows_fast = rng.gamma(2.0, 14.0, size=n) * np.where(area == "PMd", 1.0, 0.15)
    follows_slow = rng.gamma(2.0, 14.0, size=n) * np.where(area == "M1", 1.0, 0.15)
    angle = np.deg2rad(target)
    # Trial, neuron and time factor of each component. No two share a time course: if they did, no
    # decomposition could tell them apart.
    components = (
        (np.ones(target.size), driven, _bump(0.08, 0.1)),
        (np.cos(angle), depth * np.cos(preferred), _bump(0.02, 0.07)),
        (np.sin(angle), depth * np.sin(preferred), _bump(0.15, 0.07)),
        (np.maximum(fast / 12, 0), follows_fast, _bump(-0.15, 0.09)),
        (np.maximum(slow / 20, 0), follows_slow, _bump(0.3, 0.11)),
    )
    rates = sum(np.multiply.outer(np.multiply.outer(a, b), c) for a, b, c in components)
    return np.maximum(resting[:, None] + rates, 0)


def _bump(centre_s: float, width_s: float) -> np.ndarray:
    return np.exp(-0.5 * ((TIME_S - centre_s) / width_s) ** 2)


def _lose_neurons(counts: np.ndarray, rng: np.random.Generator) -> None:
    """Set three neurons to NaN in the last 50 trials and two others in the first 40."""
    *lost, first, second = rng.choice(counts.shape[1], size=5, replace=False)
    counts[150:, lost] = np.nan
    counts[:40, [first, second]] = np.nan


def write_adaptation(path: str | Path) -> None:
    """Write the simulation as netCDF with counts as bytes, small enough to be bundled.

    Parameters
    ----------
    path : str or path
    """
    from trialtensor.storage import write_netcdf

    example = make_adaptation().to_dataset()
    form = {"dtype": "uint8", "_FillValue": 255, "zlib": True, "complevel": 9}
    example["counts"].encoding = form
    write_netcdf(path, {"": example})


if __name__ == "__main__":
    write_adaptation(sys.argv[1])
