"""Counting in windows beside numpy.histogram."""

import numpy as np
import pytest

from trialtensor.kernels.spike_counts import count_in_windows


@pytest.mark.parametrize("n_windows", [1, 31, 32, 33, 100])
def test_counts_are_those_of_histogram(n_windows):
    rng = np.random.default_rng(n_windows)
    sizes = [0, 400, 0, 1, 90]
    units = [np.sort(rng.random(n) * 50) for n in sizes]
    begin = np.sort(rng.random(n_windows) * 55 - 4)
    places = rng.permutation(n_windows + 2)[:n_windows]
    counts = np.zeros((n_windows + 2, 5, 6), np.int32)
    bounds = np.r_[0, np.cumsum(sizes)]
    count_in_windows(np.concatenate(units), bounds, begin, begin + 3, places, 2.0, counts)
    for start, place in zip(begin, places, strict=True):
        edges = start + np.arange(7) / 2
        expected = [np.histogram(s[s < edges[-1]], edges)[0] for s in units]
        assert np.array_equal(counts[place], expected)
    others = np.setdiff1d(np.arange(n_windows + 2), places)
    assert not counts[others].any()


def test_no_windows_and_no_units():
    counts = np.zeros((0, 1, 3), np.int32)
    none = np.zeros(0)
    count_in_windows(np.ones(4), np.array([0, 4]), none, none, none.astype(int), 1.0, counts)
    counts = np.zeros((1, 0, 3), np.int32)
    begin, place = np.zeros(1), np.zeros(1, np.int64)
    count_in_windows(none, np.array([0]), begin, begin + 3, place, 1.0, counts)
