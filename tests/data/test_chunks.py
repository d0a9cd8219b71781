"""How data on disk is laid out."""

import h5py
import numpy as np
import pytest
import xarray

from trialtensor.data.chunks import (
    InOneRow,
    SomeTrials,
    TrialsFirst,
    in_pages,
    trials_together,
)


class Counted:
    """An array that remembers what it was asked for."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.asked = values, values.shape, values.dtype, []

    def __getitem__(self, index):
        self.asked.append(index)
        return self.values[index]


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (2, 1, 0)])
def test_blocks_of_another_order_are_slabs(order):
    source = Counted(np.arange(4 * 5 * 6.0).reshape(4, 5, 6))
    ours = TrialsFirst(source, order)
    expected = source.values.transpose(order)
    assert ours.shape == expected.shape
    np.testing.assert_array_equal(ours[1:3], expected[1:3])
    np.testing.assert_array_equal(ours[:, 2:4], expected[:, 2:4])
    np.testing.assert_array_equal(ours, expected)
    first = source.asked[0]
    assert first[order[0]] == slice(1, 3)
    assert sum(each == slice(None) for each in first) == 2


def test_chunks_along_trials(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        chunked = file.create_dataset("X", (100, 6, 4), "f4", chunks=(30, 6, 2))
        assert trials_together(chunked) == 30
        assert trials_together(chunked, axis=2) == 2
        file["Y"] = np.zeros((4, 3, 2))
        assert trials_together(file["Y"]) == 1
    labelled = xarray.DataArray(np.zeros((6, 100, 4)), dims=("unit", "trial", "time"))
    assert trials_together(labelled, 1) == 1
    labelled.encoding["preferred_chunks"] = {"unit": 6, "trial": 25, "time": 4}
    assert trials_together(labelled, 1) == 25
    assert trials_together(np.zeros((4, 3, 2))) == 1


def test_pages_of_values_one_after_the_other():
    # Trials of 10 * 8 bytes: 4096 bytes hold 51.2 of them; trials last: 512 in a row.
    assert in_pages((1000, 2, 5), "f8")[0] == 52
    assert in_pages((2, 5, 1000), "f8")[2] == 512
    assert in_pages((2, 5, 100), "f8")[2] == 100
    assert in_pages((1000, 100, 100), "f4")[0] == 1


@pytest.mark.parametrize("together", [1, 4])
def test_some_trials_are_read_in_pieces(together):
    source = Counted(np.arange(40 * 3 * 2.0).reshape(40, 3, 2))
    source.chunks = (together, 3, 2)
    rows = np.array([0, 1, 3, 10, 11, 14, 20, 23, 39])
    ours = SomeTrials(source, rows)
    assert ours.shape == (9, 3, 2)
    np.testing.assert_array_equal(ours[2:8], source.values[rows[2:8]])
    pieces = {1: [(3, 4), (10, 12), (14, 15), (20, 21), (23, 24)]}
    # Trials 20 and 23 are in one chunk of four, and 11 and 14 in neighbouring ones.
    pieces[4] = [(3, 4), (10, 12), (14, 15), (20, 24)]
    assert [(each[0].start, each[0].stop) for each in source.asked] == pieces[together]
    np.testing.assert_array_equal(ours[:, 1:], source.values[rows][:, 1:])
    np.testing.assert_array_equal(ours[np.array([0, 8])], source.values[[0, 39]])
    np.testing.assert_array_equal(np.asarray(ours), source.values[rows])
    assert ours[3:3].shape == (0, 3, 2)


@pytest.mark.parametrize("shape", [(6, 3, 4), (6, 2, 3, 4), (6, 1, 5, 1, 3)])
def test_trials_in_one_row(shape):
    X = np.arange(np.prod(shape)).reshape(shape)
    flat = X.reshape(6, -1, 1)
    source = InOneRow(X)
    assert source.shape == flat.shape
    for part in (slice(1, 4), np.array([5, 0])):
        np.testing.assert_array_equal(source[part], flat[part])
        np.testing.assert_array_equal(source[(part,)], flat[part])
    for start in range(flat.shape[1]):
        for stop in range(start + 1, flat.shape[1] + 3):
            np.testing.assert_array_equal(source[:, start:stop], flat[:, start:stop])
