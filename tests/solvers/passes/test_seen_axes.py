"""Masks with many axes that are elsewhere, against the masks themselves."""

from itertools import combinations

import numpy as np
import pytest

from trialtensor.models.many_axes import as_many_axes, pattern_name
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.passes import Block
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.reshaped import Reshaped
from trialtensor.solvers.passes.seen_axes import CountPairs, FirstSeen, SeenAxes
from trialtensor.solvers.ridge import row_grams

SHAPE = (19, 4, 3, 6)
AXES = ("trial", "neuron", "axis2", "time")


def mask(along=(0, 1, 2, 3), seed=0):
    shape = [n if axis in along else 1 for axis, n in enumerate(SHAPE)]
    return np.broadcast_to(np.random.default_rng(seed).random(shape) < 0.7, SHAPE).copy()


def passes(seen, X=None):
    X = np.ones(SHAPE) if X is None else X
    flat = (len(seen), -1, 1)
    inner = MemoryPasses(np.where(seen, X, 0).reshape(flat), seen.reshape(flat), n_entries=200)
    return Reshaped(inner, seen.shape)


def test_counts_answer_what_a_mask_answers():
    seen = mask()
    found = SeenAxes.of(passes(seen))
    assert (found.shape, found.size, found.ndim, len(found)) == (SHAPE, seen.size, 4, 19)
    assert found.sum() == seen.sum() and found.any() and not found.all()
    for n in (2, 3):
        for gone in combinations(range(4), n):
            for ask in ("sum", "any", "all", "mean"):
                expected = getattr(seen, ask)(axis=gone)
                np.testing.assert_allclose(getattr(found, ask)(axis=gone), expected)
            np.testing.assert_allclose(np.mean(found, axis=gone), seen.mean(axis=gone))
    np.testing.assert_array_equal(found[3:7], seen[3:7])
    with pytest.raises(ValueError, match="only counts of pairs of axes"):
        found.sum(0)


def test_slices_without_data():
    seen = mask()
    seen[4], seen[:, 2], seen[:, :, :, 5] = False, False, False
    expected = [seen.any(axis=tuple(j for j in range(4) if j != i)) for i in range(4)]
    for ours, theirs in zip(SeenAxes.of(passes(seen)).with_data(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "along",
    [(0, 1, 2, 3), (0,), (3,), (0, 1), (0, 2), (0, 3), (1, 2), (2, 3), (0, 1, 2), (1, 2, 3)],
)
def test_the_problem_is_that_of_memory(along):
    seen = mask(along)
    X = np.where(seen, np.random.default_rng(1).standard_normal(SHAPE), 0)
    elsewhere = passes(seen, X)
    counted, norm2 = SeenAxes.of(elsewhere), float(np.sum(X**2))
    assert pattern_name(counted, AXES) == pattern_name(seen, AXES)
    ours, theirs = as_many_axes(elsewhere, counted, norm2), as_many_axes(X, seen, norm2)
    assert ours.groups == theirs.groups and type(ours.inner) is type(theirs.inner)
    if not isinstance(theirs.inner, MaskedProblem):
        assert ours.inner.pattern.free_axis == theirs.inner.pattern.free_axis
        np.testing.assert_array_equal(ours.inner.pattern.observed, theirs.inner.pattern.observed)
    assert ours.n_observed == theirs.n_observed == seen.sum()
    for name in ("missing_shares", "seen_pairs"):
        for a, b in zip(getattr(ours, name)(), getattr(theirs, name)(), strict=True):
            np.testing.assert_allclose(a, b)
    start = tuple(np.random.default_rng(2).standard_normal((n, 2)) for n in SHAPE)
    (grams, loss), (expected, least) = row_grams(ours, start), row_grams(theirs, start)
    assert loss == pytest.approx(least, rel=1e-11) and grams.keys() == expected.keys()
    for axis, each in expected.items():
        np.testing.assert_allclose(grams[axis], each, rtol=1e-11, atol=1e-11)


def test_jobs_need_nothing_but_the_array_api():
    xp = pytest.importorskip("array_api_strict")
    seen = mask()
    here = Block(slice(0, 19), np.ones(SHAPE), seen)
    there = Block(slice(0, 19), xp.asarray(here.values), xp.asarray(seen))
    for a, b in zip(CountPairs(4)(there), CountPairs(4)(here), strict=True):
        np.testing.assert_array_equal(np.asarray(a), b)
    three = seen.reshape(19, 12, 6)
    for axis in (1, 2):
        block = Block(slice(0, 19), xp.asarray(np.ones(three.shape)), xp.asarray(three))
        np.testing.assert_array_equal(
            np.asarray(FirstSeen(axis)(block)[0]), three.take(0, axis=axis)
        )
    complete = CountPairs(4)(Block(slice(0, 19), np.ones(SHAPE)))
    assert complete[0].tolist() == np.full((19, 4), 18).tolist() and not complete[-1].any()
