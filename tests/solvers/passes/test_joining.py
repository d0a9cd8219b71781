"""Results of blocks, joined as they come."""

import numpy as np
import pytest

from trialtensor.solvers.passes.block import Joining, join


def in_pairs(parts):
    """Add neighbours, then neighbours of these, until one is left."""
    while len(parts) > 1:
        odd = parts[len(parts) - len(parts) % 2 :]
        parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)] + odd
    return parts[0]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 11, 64, 100])
def test_the_order_of_additions_is_that_of_pairs(n):
    parts = list(np.random.default_rng(n).normal(size=(n, 4)).astype("f4") ** 7)
    sums, rows, least, most = join(
        ("sum", "rows", "least", "most"), [(each, each[:2], each, each) for each in parts]
    )
    np.testing.assert_array_equal(sums, in_pairs(parts))
    np.testing.assert_array_equal(rows, np.concatenate([each[:2] for each in parts]))
    np.testing.assert_array_equal(least, np.min(parts, axis=0))
    np.testing.assert_array_equal(most, np.max(parts, axis=0))


def test_few_results_are_held_at_a_time():
    joining = Joining(("sum",))
    for n in range(1, 1001):
        joining.add((np.ones(3),))
        assert len(joining._held[0]) == bin(n).count("1")
    np.testing.assert_array_equal(joining.result()[0], 1000)


@pytest.mark.parametrize("n_blocks", [1, 2, 5, 8])
def test_results_of_blocks_are_left_as_they_were(n_blocks):
    parts = [np.full(3, float(i)) for i in range(n_blocks)]
    joining = Joining(("sum",))
    for each in parts:
        joining.add((each,))
    np.testing.assert_array_equal(joining.result()[0], sum(range(n_blocks)))
    for i, each in enumerate(parts):
        np.testing.assert_array_equal(each, i)
