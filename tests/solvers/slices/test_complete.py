"""Sweeps of complete data from products alone, against residuals and sweeps with a full mask."""

import numpy as np
import pytest

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices.complete import CompleteSweeps, norm2_of
from trialtensor.solvers.slices.contraction import reconstruct
from trialtensor.solvers.slices.fixed import FixedTrials
from trialtensor.solvers.slices.sweeps import SweepData, as_blocks, as_components

SHAPE = (7, 6, 5)
RANKS = pytest.mark.parametrize("ranks", [(2, 1, 2), (1, 2, 0), (0, 1, 2), (3, 0, 0), (0, 0, 2)])
SIGNS = pytest.mark.parametrize("nonnegative", [False, True])
ORDERS = pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])


def data(dtype=np.float64):
    X = np.random.default_rng(0).random(SHAPE).astype(dtype)
    return X, sum_of_squares(X)


@RANKS
@SIGNS
@ORDERS
def test_a_sweep_is_that_of_a_full_mask(draw, ranks, nonnegative, order):
    X, norm2 = data()
    blocks = as_blocks(draw(SHAPE, ranks, seed=1, nonnegative=True))
    update = RowUpdater((nonnegative,) * 6)
    found, loss = CompleteSweeps(X, norm2).sweep(blocks, update, order)
    masked = SweepData(X, norm2, np.ones(SHAPE, bool))
    expected, _ = masked.sweep(blocks, update, order)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-10)
    residual = X - reconstruct(as_components(found))
    assert loss == pytest.approx(np.sum(residual**2), rel=1e-10)


@RANKS
def test_the_norm_of_a_model(draw, ranks):
    model = draw(SHAPE, ranks, seed=2)
    assert norm2_of(model) == pytest.approx(np.sum(reconstruct(model) ** 2), rel=1e-12)


@RANKS
@SIGNS
def test_trials_from_products_are_those_from_residuals(draw, ranks, nonnegative):
    X, norm2 = data()
    model = draw(SHAPE, ranks, seed=3, nonnegative=True)
    update = RowUpdater((nonnegative,) * 6)
    found, losses = FixedTrials.of(X, model).sweep_trials(as_blocks(model), update)
    masked = SweepData(X, norm2, np.ones(SHAPE, bool))
    expected, _ = masked.sweep_trials(as_blocks(model), update)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-10)
    residual = X - reconstruct(as_components(found))
    np.testing.assert_allclose(losses, np.sum(residual**2, axis=(1, 2)), rtol=1e-9)


def test_float32_sweeps_stay_float32(draw):
    X, norm2 = data(np.float32)
    blocks = tuple(b.astype(np.float32) for b in as_blocks(draw(SHAPE, (2, 1, 2), seed=4)))
    found, loss = CompleteSweeps(X, norm2).sweep(blocks, RowUpdater((False,) * 6))
    assert {block.dtype for block in found} == {np.dtype(np.float32)}
    residual = (X - reconstruct(as_components(found))).astype(float)
    assert loss == pytest.approx(np.sum(residual**2), abs=1e-5 * norm2)
