"""Preparations of data that invent courses over trials."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from trialtensor.tracking.inventions import inventions


def sessions(seed=0):
    """Return data with slow courses and white noise, and its noise."""
    rng = np.random.default_rng(seed)
    slow = np.cumsum(rng.normal(size=(90, 12, 1)), axis=0) / 5 * np.hanning(15)
    rest = rng.normal(size=(90, 12, 15))
    return slow + rest, slow, rest


@pytest.mark.parametrize(
    "smooth",
    [
        lambda x: uniform_filter1d(x, 3, axis=0),
        lambda x: uniform_filter1d(x, 10, axis=0),
        lambda x: gaussian_filter1d(x, 1.5, axis=0),
    ],
)
def test_smoothing_over_trials_is_told(smooth):
    values, _, rest = sessions()
    assert inventions(values, rest) == []
    assert "smoothed" in inventions(smooth(values), smooth(rest))[0]


def test_slow_neurons_were_not_smoothed():
    """Even where the model leaves all that is slow."""
    values, slow, rest = sessions()
    assert inventions(values, slow + rest) == []


def test_trials_scaled_one_by_one_are_told():
    values, _, rest = sessions()
    scaled = values - values.mean(axis=(1, 2), keepdims=True)
    scaled /= scaled.std(axis=(1, 2), keepdims=True)
    assert "scaled by itself" in inventions(scaled, rest)[0]
    by_neuron = (values - values.mean(axis=(0, 2), keepdims=True)) / values.std(
        axis=(0, 2), keepdims=True
    )
    assert inventions(by_neuron, rest) == []


def test_missing_entries_do_not_matter():
    values, _, rest = sessions()
    gone = np.random.default_rng(1).random(values.shape) < 0.2
    smooth = uniform_filter1d(rest, 4, axis=0)
    assert inventions(np.where(gone, np.nan, values), np.where(gone, np.nan, rest)) == []
    assert inventions(np.where(gone, np.nan, values), np.where(gone, np.nan, smooth))
