"""What is sent arrives as it was made, wherever in memory the network left it."""

import pickle
from sys import getsizeof

import numpy as np

from trialtensor.solvers.passes.block import as_block
from trialtensor.solvers.sent import Sent, aligned


def misplaced(array):
    """The same values, beginning at an odd byte, read-only: as a view of a message."""
    room = np.empty(array.nbytes + 16, np.uint8)
    first = 1 - room.ctypes.data % 2
    own = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    own[...] = array
    own.flags.writeable = False
    assert not own.flags.aligned
    return own


def test_arrays_arrive_aligned_even_from_where_they_were_not():
    X = np.random.default_rng(0).random((5, 4))
    buffers = []
    message = pickle.dumps(Sent({"X": misplaced(X)}), protocol=5, buffer_callback=buffers.append)
    assert buffers == []
    found = pickle.loads(message).thing["X"]
    assert found.flags.aligned
    np.testing.assert_array_equal(found, X)


def test_functions_of_a_script_arrive():
    weight = 3
    assert pickle.loads(pickle.dumps(Sent(lambda x: weight * x))).thing(2) == 6


def test_size_is_that_of_the_arrays_inside():
    X = np.zeros(10_000)
    assert X.nbytes < getsizeof(Sent((X,))) < X.nbytes + 2000
    assert getsizeof(Sent(slice(0, 3))) < 500


def test_only_misplaced_arrays_are_copied():
    X = np.random.default_rng(0).random((5, 4))
    assert aligned(X) is X
    assert aligned(misplaced(X)).flags.aligned
    np.testing.assert_array_equal(aligned(misplaced(X)), X)


def test_blocks_are_aligned():
    X = np.random.default_rng(0).random((5, 4, 3))
    assert as_block(slice(0, 5), X, X.dtype, has_missing=False).values is X
    assert as_block(slice(0, 5), misplaced(X), X.dtype, has_missing=False).values.flags.aligned
