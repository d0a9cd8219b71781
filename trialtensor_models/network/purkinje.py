"""Purkinje cells between granule cells and nuclei.

Four groups of them inhibit four nuclei, and each channel of the nuclei's output is the difference
of an opponent pair. What the nuclei send is what it is without Purkinje cells, ``W_PC g``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.shown import OneLine

#: Spikes per second that a rate of 1 stands for, as `Run.spikes` draws them unless told otherwise.
SPIKES_PER_SECOND = 20.0
#: Directions of the error that groups of Purkinje cells correct, in degrees.
DIRECTIONS = np.array([0.0, 90.0, 180.0, 270.0])
#: Simple spikes at rest: 50 per second.
SIMPLE_REST = 50 / SPIKES_PER_SECOND
# What a cell of mean gain changes by if the nuclei send the reference task's peak speed, half of it
# in each group of a pair: 40 per second, so that a rotation by 30 degrees takes about 20.
_AT_PEAK_SPEED = 80 / SPIKES_PER_SECOND
# Before anything is learned: standard deviation over reference trials, 6 per second.
_NAIVE = 6 / SPIKES_PER_SECOND
_LEAST_GAIN, _MOST_GAIN = 0.5, 1.5


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class PurkinjeCells(OneLine):
    """K Purkinje cells, and the nuclei that they inhibit.

    Simple spikes are ``s = s0 + w g`` with net weights ``w`` of parallel fibres and the
    interneurons of the molecular layer, which have either sign. They aren't rectified, so that
    nothing is lost between granule cells and nuclei.

    Attributes
    ----------
    group : (K,) int array
        Place of each cell's direction in `DIRECTIONS`.
    fixed : (K, G) array
        Weights before learning; they cancel in each nucleus.
    gain : (K, 2) array
        How learning changes the weights of a cell; see `weights`.
    D : (4, K) array
        Inhibition of the nuclei, 0 or more.
    """

    group: np.ndarray
    fixed: np.ndarray
    gain: np.ndarray
    D: np.ndarray

    def weights(self, W_PC: np.ndarray, W_LTD: np.ndarray) -> np.ndarray:
        """Weights of granule cells to Purkinje cells.

        Parameters
        ----------
        W_PC : (2, G) array
            What the nuclei get of granule cells: half the difference of the depression of an
            opponent pair, in its units.
        W_LTD : (2, G) array
            The depression that both groups of a pair have in common, which the nuclei don't see.

        Returns
        -------
        (K, G) array

        Raises
        ------
        ValueError
            If a shape is another.
        """
        shape = (2, self.fixed.shape[1])
        W_PC, W_LTD = _shaped(W_PC, "W_PC", shape), _shaped(W_LTD, "W_LTD", shape)
        return self.fixed + self.gain @ W_PC - np.abs(self.gain) @ W_LTD

    def simple_spikes(self, granule: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Rates of simple spikes, of 20 spikes per second for 1.

        Parameters
        ----------
        granule : (..., G) array
        weights : (K, G) array

        Returns
        -------
        (..., K) array

        Raises
        ------
        ValueError
            If a shape is another.
        """
        weights = _shaped(weights, "weights", self.fixed.shape)
        granule = ending_with(granule, "granule", self.fixed.shape[1])
        return SIMPLE_REST + granule @ weights.T

    def nuclei(self, simple: np.ndarray) -> np.ndarray:
        """Output of the nuclei: less inhibition than at rest, and the difference of each pair.

        Parameters
        ----------
        simple : (..., K) array

        Returns
        -------
        (..., 2) array
            In m/s, as in `Activity.nuclei` where their output isn't scaled.

        Raises
        ------
        ValueError
            If the last axis isn't the cells.
        """
        simple = ending_with(simple, "simple", len(self.group))
        freed = -(simple - SIMPLE_REST) @ self.D.T
        return freed[..., :2] - freed[..., 2:]


def ending_with(values: np.ndarray, name: str, size: int) -> np.ndarray:
    """Return an array of floats, and refuse one whose last axis has another size."""
    array = as_floats(values, name)
    if array.shape[-1:] != (size,):
        raise ValueError(f"{name}: expected (..., {size}), got shape {array.shape}")
    return array


def _shaped(values: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = as_floats(values, name)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return array


def groups_of(n_cells: int) -> np.ndarray:
    """(n_cells,) groups: they take turns."""
    return np.arange(n_cells) % len(DIRECTIONS)


def draw_purkinje(n_cells: int, granule: np.ndarray, peak: float, seed: int) -> PurkinjeCells:
    """Draw Purkinje cells.

    Parameters
    ----------
    n_cells : int
        At least 4.
    granule : (S, T, G) array
        Activity of the naive network in reference trials.
    peak : float
        Peak speed of the reference task, in m/s.
    seed : int
        Of the network.

    Returns
    -------
    PurkinjeCells
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 6]))
    group = groups_of(n_cells)
    spread = rng.uniform(_LEAST_GAIN, _MOST_GAIN, n_cells)
    fixed = rng.normal(size=(n_cells, granule.shape[-1]))
    for place in range(len(DIRECTIONS)):
        inside = group == place
        spread[inside] /= spread[inside].mean()
        fixed[inside] -= fixed[inside].mean(0)
    modulated = (granule.reshape(-1, granule.shape[-1]) @ fixed.T).std(0)
    fixed *= _NAIVE / max(float(np.sqrt((modulated**2).mean())), 1e-12)
    per_speed = _AT_PEAK_SPEED / peak
    # A correction along a direction frees the nucleus of this direction from inhibition.
    sign = np.where(group < 2, -1.0, 1.0)
    gain = np.zeros((n_cells, 2))
    gain[np.arange(n_cells), group % 2] = sign * spread * per_speed / 2
    D = (group == np.arange(len(DIRECTIONS))[:, None]) / per_speed
    D /= np.bincount(group)[:, None]
    return PurkinjeCells(group, fixed, gain, D)
