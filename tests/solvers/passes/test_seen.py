"""What a mask that is only counted says equals what NumPy says of the whole mask."""

import numpy as np
import pytest

from trialtensor.solvers.links import weakly_linked
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.seen import Seen
from trialtensor.solvers.problems import pairs_seen, shares_of

SHAPE = (13, 6, 7)
AXES = (None, 0, 1, 2, -1, (0, 1), (0, 2), (1, 2), (-1, 0), (0, 1, 2))


def masks():
    rng = np.random.default_rng(0)
    empty = rng.random(SHAPE) < 0.5
    empty[3], empty[:, 2], empty[:, :, 6] = False, False, False
    return {
        "entries": rng.random(SHAPE) < 0.7,
        "trial x neuron": np.broadcast_to(rng.random((13, 6, 1)) < 0.7, SHAPE),
        "trial x time": np.broadcast_to(np.arange(7) < rng.integers(4, 8, (13, 1, 1)), SHAPE),
        "neuron x time": np.broadcast_to(rng.random((1, 6, 7)) < 0.8, SHAPE),
        "complete": np.ones(SHAPE, bool),
        "empty slices": empty,
        "nothing": np.zeros(SHAPE, bool),
    }


def seen_of(mask):
    return Seen.of(MemoryPasses(np.zeros(SHAPE), mask, n_entries=100))


@pytest.mark.parametrize("kind", list(masks()))
def test_sums_means_and_verdicts_along_axes(kind):
    mask = masks()[kind]
    seen = seen_of(mask)
    assert (seen.shape, seen.size, seen.ndim, len(seen)) == (SHAPE, mask.size, 3, 13)
    for axis in AXES:
        for name in ("sum", "mean", "any", "all"):
            np.testing.assert_array_equal(getattr(seen, name)(axis), getattr(mask, name)(axis))
        np.testing.assert_array_equal(np.mean(seen, axis=axis), np.mean(mask, axis=axis))
    np.testing.assert_array_equal(seen[2:9], mask[2:9])


@pytest.mark.parametrize("kind", list(masks()))
def test_solvers_take_it_as_a_mask(kind):
    mask = masks()[kind]
    seen = seen_of(mask)
    for ours, expected in zip(
        (*shares_of(seen), *pairs_seen(seen)), (*shares_of(mask), *pairs_seen(mask)), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)
    assert weakly_linked(seen.any(axis=2), 2) == weakly_linked(mask.any(axis=2), 2)
    found, expected = find_pattern(seen), find_pattern(mask)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found.free_axis == expected.free_axis
        np.testing.assert_array_equal(found.observed, expected.observed)


def test_slices_without_data_leave_the_counts_of_others():
    mask = masks()["empty slices"]
    X = np.where(mask, 1.0, np.nan)
    seen = Seen.of(ChunkedPasses(X, float, has_missing=True, block_bytes=1000))
    kept = seen.with_data()
    assert [int((~each).sum()) for each in kept] == [1, 1, 1]
    inner = ChunkedPasses(X, float, has_missing=True, kept=kept, block_bytes=1000)
    ours, anew = seen.restricted(inner, kept), Seen.of(inner)
    assert ours.shape == anew.shape == (12, 5, 6)
    for axis in range(3):
        np.testing.assert_array_equal(ours.sum(axis), anew.sum(axis))
    np.testing.assert_array_equal(ours[:], mask[np.ix_(*kept)])


def test_the_mask_itself_is_not_at_hand():
    with pytest.raises(ValueError, match="not in memory"):
        seen_of(masks()["entries"]).sum(())
