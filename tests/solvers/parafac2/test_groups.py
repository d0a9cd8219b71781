"""Groups of blocks: views where blocks lie beside each other, and all blocks in order."""

import pickle

import numpy as np
import pytest

from trialtensor.solvers.parafac2 import groups
from trialtensor.solvers.parafac2.groups import Group, make_groups, pad


def in_one_array(n_blocks=6, n_trials=4, n_rows=30, n_shared=20):
    whole = np.random.default_rng(0).standard_normal((n_blocks * n_trials, n_rows, n_shared))
    return whole, [whole[i : i + n_trials] for i in range(0, len(whole), n_trials)]


def ragged(rows=(3, 700, 5, 4, 800, 6), n_trials=2, n_shared=20):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n_trials, n, n_shared)) for n in rows]


def test_blocks_of_one_array_are_one_view():
    whole, blocks = in_one_array()
    (group,) = make_groups(blocks)
    assert np.shares_memory(group.X, whole)
    np.testing.assert_array_equal(group.X, whole)


@pytest.mark.parametrize("limit", [1, 5_000, 10**6])
def test_with_a_mask_groups_are_views_of_few_blocks(limit, monkeypatch):
    monkeypatch.setattr(groups, "_LIMIT", limit)
    whole, blocks = in_one_array()
    mask = np.random.default_rng(1).random(whole.shape) < 0.7
    masks = [mask[i : i + 4] for i in range(0, len(mask), 4)]
    found = make_groups(blocks, masks)
    assert len(found) == {1: 6, 5_000: 3, 10**6: 1}[limit]
    for group in found:
        assert np.shares_memory(group.X, whole) and np.shares_memory(group.seen, mask)
    np.testing.assert_array_equal(np.concatenate([g.X for g in found]), whole)
    np.testing.assert_array_equal(np.concatenate([g.seen for g in found]), mask)


def test_parts_of_an_array_that_do_not_follow_each_other_are_not_joined():
    whole, blocks = in_one_array()
    for order in ([1, 0, 2, 3, 4, 5], [0, 2, 4]):
        parts = [blocks[b] for b in order]
        found = np.concatenate([group.X for group in make_groups(parts)])
        np.testing.assert_array_equal(found, np.concatenate(parts))
    halves = [whole[:4, :15], whole[:4, 15:]]
    assert np.concatenate([group.X for group in make_groups(halves)]).shape == (8, 15, 20)


@pytest.mark.parametrize("masked", [False, True])
def test_every_block_is_in_its_place(masked):
    blocks = ragged()
    rng = np.random.default_rng(1)
    masks = [rng.random(block.shape) < 0.5 if i % 2 else None for i, block in enumerate(blocks)]
    found = make_groups(blocks, masks if masked else None)
    assert len(found) > 1
    places = np.concatenate([np.arange(6)[group.which] for group in found])
    assert places.tolist() == list(range(6))
    trials = np.concatenate([np.arange(12)[group.trials] for group in found])
    assert trials.tolist() == list(range(12))
    for group in found:
        for block, part in zip(blocks[group.which], group.split(group.X), strict=True):
            np.testing.assert_array_equal(part, block)
        if masked:
            parts = group.split(group.seen)
            for mask, block, part in zip(
                masks[group.which], blocks[group.which], parts, strict=True
            ):
                expected = np.ones(block.shape, bool) if mask is None else mask
                np.testing.assert_array_equal(part, expected)
    # A large block is no copy, and doesn't make small ones as large as it is.
    assert any(group.X is blocks[1] for group in found)
    assert sum(group.size for group in found) < 1.5 * sum(block.size for block in blocks)


def test_other_processes_get_the_blocks_alone():
    blocks = ragged()
    group = Group(blocks, 3, 7)
    whole = group.X
    copy = pickle.loads(pickle.dumps(group))
    assert len(pickle.dumps(group)) < 1.1 * sum(block.nbytes for block in blocks)
    assert (copy.first_block, copy.first_trial) == (3, 7)
    np.testing.assert_array_equal(copy.X, whole)
    np.testing.assert_array_equal(whole, pad(blocks))
