"""The package of the paper: gradient descent on the same loss, and on the same gauge."""

import copy

import numpy as np
import pytest

from trialtensor import SliceTCA, from_slicetca, make_slicetca
from trialtensor.data.masks import make_mask
from trialtensor.solvers.slices import Components, fix_gauge
from trialtensor.solvers.slices.contraction import part, reconstruct
from trialtensor.solvers.slices.gauge import sum_of_part_norms

torch = pytest.importorskip("torch", reason="the extra 'models' is not installed")
slicetca = pytest.importorskip("slicetca", reason="the extra 'bench' is not installed")

SHAPE, RANKS = (20, 12, 15), (2, 1, 1)
# Far fewer steps than it takes by default, each on all of the data.
QUICK = {"learning_rate": 5e-2, "batch_prop": 1.0, "min_std": 0.0, "progress_bar": False}


def draw():
    return make_slicetca(*SHAPE, RANKS, snr=4.0, random_state=0).X


def as_components(theirs):
    """Their pairs of (R, n_axis) vectors and slices."""
    return Components(tuple(u.T for u, _ in theirs), tuple(s for _, s in theirs))


def squared_error(X, theirs, mask=None):
    error = X - reconstruct(as_components(theirs))
    return float(np.sum(error**2 if mask is None else error[mask] ** 2))


@pytest.fixture(scope="module")
def descended():
    """Their model after descent on the loss, and the same after descent on the gauge."""
    _, model = slicetca.decompose(torch.tensor(draw()), RANKS, max_iter=300, seed=0, **QUICK)
    invariant = slicetca.invariance(
        copy.deepcopy(model), max_iter=300, learning_rate=0.1, min_std=0.0, progress_bar=False
    )
    return model, invariant


def test_a_model_means_the_same_to_both(descended):
    model, _ = descended
    theirs = model.construct().detach().numpy()
    pairs = model.get_components(numpy=True)
    np.testing.assert_allclose(reconstruct(as_components(pairs)), theirs, atol=1e-5)
    np.testing.assert_allclose(from_slicetca(pairs).reconstruct(), theirs, atol=1e-5)


def test_our_loss_is_the_one_that_they_approach_from_above(descended):
    theirs = squared_error(draw(), descended[0].get_components(numpy=True))
    ours = SliceTCA(RANKS, random_state=0).fit(draw()).loss_
    assert ours <= theirs * (1 + 1e-6)
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_our_gauge_is_the_one_that_they_approach_from_above(descended):
    before, after = (as_components(model.get_components(numpy=True)) for model in descended)
    ours = fix_gauge(*before)
    np.testing.assert_allclose(reconstruct(ours), reconstruct(after), atol=1e-5)
    smallest = sum_of_part_norms(ours)
    assert smallest < 0.9 * sum_of_part_norms(before)
    assert smallest <= sum_of_part_norms(after) * (1 + 1e-6)
    assert smallest == pytest.approx(sum_of_part_norms(after), rel=1e-3)
    for axis in range(3):
        np.testing.assert_allclose(
            part(axis, ours.loadings[axis], ours.slices[axis]),
            part(axis, after.loadings[axis], after.slices[axis]),
            atol=1e-2,
        )
        # Within a type both end with a singular value decomposition; its signs are free.
        cosines = np.sum(ours.loadings[axis] * after.loadings[axis], axis=0)
        np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-4)


def test_a_gauge_that_was_stopped_early_is_improved(descended):
    early = slicetca.invariance(
        copy.deepcopy(descended[0]), max_iter=5, min_std=0.0, progress_bar=False
    )
    theirs = as_components(early.get_components(numpy=True))
    assert sum_of_part_norms(fix_gauge(*theirs)) < sum_of_part_norms(theirs) * (1 - 1e-3)


def test_missing_entries_are_left_out_by_both():
    X, mask = draw(), make_mask(SHAPE, "entries", 0.2, np.random.default_rng(0))
    # What they are given where nothing was seen must not matter to them.
    filled = torch.tensor(np.where(mask, X, 0.0))
    theirs, _ = slicetca.decompose(
        filled, RANKS, mask=torch.tensor(mask), max_iter=300, seed=0, **QUICK
    )
    ours = SliceTCA(RANKS, missing_weight=0, random_state=0).fit(X, mask=mask)
    assert ours.loss_ <= squared_error(X, theirs, mask) * (1 + 1e-4)


def test_nonnegative_components():
    X = np.abs(draw())
    _, model = slicetca.decompose(
        torch.tensor(X),
        RANKS,
        positive=True,
        initialization="uniform-positive",
        max_iter=400,
        seed=0,
        **QUICK,
    )
    theirs = float(np.sum((X - model.construct().detach().numpy()) ** 2))
    ours = SliceTCA(RANKS, nonnegative=True, random_state=0).fit(X)
    assert ours.loss_ <= theirs * (1 + 1e-3)
    assert ours.loss_ == pytest.approx(theirs, rel=0.05)
