"""Sweeps over slabs against their definitions, and cores that say the same as the data."""

import numpy as np
import pytest
import scipy.linalg

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.parafac2.compression import (
    in_span,
    stack,
    truncated,
    with_mask,
    without_loss,
)
from trialtensor.solvers.parafac2.slabs import closest_orthonormal

RANK, N_TIMES = 3, 14
# (trials, neurons) of each block: single trials and several, more and fewer rows than columns.
SIZES = [(1, 30), (1, 5), (4, 12), (2, 60)]


def draw(seed=0):
    rng = np.random.default_rng(seed)
    blocks = [rng.standard_normal((*size, N_TIMES)) for size in SIZES]
    n_trials = sum(k for k, _ in SIZES)
    factors = (
        rng.standard_normal((n_trials, RANK)),
        rng.standard_normal((RANK, RANK)),
        rng.standard_normal((N_TIMES, RANK)),
    )
    return blocks, factors


def model(factors, patterns):
    """Trial by trial, from the definition."""
    trial, cross, shared = factors
    k, parts = 0, []
    for (n_trials, n_rows), pattern in zip(SIZES, patterns, strict=True):
        parts.append(
            np.array(
                [
                    pattern[:n_rows] @ cross @ np.diag(trial[k + i]) @ shared.T
                    for i in range(n_trials)
                ]
            )
        )
        k += n_trials
    return parts


def error(blocks, parts, masks=None):
    masks = [1.0] * len(blocks) if masks is None else masks
    return sum(np.sum(((x - y) * m) ** 2) for x, y, m in zip(blocks, parts, masks, strict=True))


@pytest.mark.parametrize("scale", [1, 1e-9, 1e9])
def test_closest_orthonormal_is_the_polar_factor(scale):
    Z = scale * np.random.default_rng(0).standard_normal((7, 9, 4))
    for z, p in zip(Z, closest_orthonormal(Z), strict=True):
        np.testing.assert_allclose(p, scipy.linalg.polar(z)[0], atol=1e-12)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_closest_orthonormal_of_a_singular_matrix_stays_in_the_real_rows(rank):
    rng = np.random.default_rng(1)
    Z = np.zeros((2, 8, 3))
    Z[0] = rng.standard_normal((8, 3))
    Z[1, :4] = rng.standard_normal((4, rank)) @ rng.standard_normal((rank, 3))
    P = closest_orthonormal(Z, np.array([8, 4]))
    np.testing.assert_allclose(
        P.swapaxes(1, 2) @ P, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-12
    )
    assert not P[1, 4:].any()
    # The best that can be done is the sum of the singular values.
    assert np.sum(P[1] * Z[1]) == pytest.approx(np.linalg.svd(Z[1])[1].sum())


def test_the_loss_of_a_sweep_is_that_of_the_model():
    blocks, factors = draw()
    slabs = stack(blocks)
    patterns = slabs.patterns(factors)
    new, loss = slabs.sweep(factors, RowUpdater((False,) * 3))
    assert loss == pytest.approx(error(blocks, model(new, patterns)), rel=1e-12)


def test_patterns_are_the_best_there_are():
    blocks, factors = draw()
    best = stack(blocks).patterns(factors)
    least = error(blocks, model(factors, best))
    rng = np.random.default_rng(0)
    for size in (1e-3, 0.1, 3.0):
        moved = [np.linalg.qr(p[:n] + size * rng.standard_normal((n, RANK)))[0]
                 for p, (_, n) in zip(best, SIZES, strict=True)]  # fmt: skip
        assert error(blocks, model(factors, moved)) > least


@pytest.mark.parametrize("reduce", ["without_loss", "in_span"])
def test_smaller_slabs_have_the_same_loss(reduce):
    blocks, factors = draw()
    small = without_loss(blocks, RANK) if reduce == "without_loss" else in_span(
        blocks, [None] * len(blocks), factors[2]
    )  # fmt: skip
    assert small.size < stack(blocks).size
    expected = stack(blocks).turned_back(stack(blocks).patterns(factors))
    found = small.turned_back(small.patterns(factors))
    for ours, theirs in zip(
        found.trial_equations(factors), expected.trial_equations(factors), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_core_has_the_loss_of_the_data_for_models_inside_it():
    short = stack(draw()[0][:2])
    assert truncated(short, 20, free=True) == (short, None)  # a core would be as large
    rng = np.random.default_rng(3)
    long = [rng.standard_normal((2, 50, 60)) for _ in range(5)]
    slabs = without_loss(long, 2)
    core, basis = truncated(slabs, 2, free=True)
    assert core.X.shape[1] < slabs.X.shape[1] and core.X.shape[2] < 60
    small = (rng.standard_normal((10, 2)), np.eye(2), rng.standard_normal((core.X.shape[2], 2)))
    # The patterns of the core are as good as those of the data only where rows lose nothing.
    on_core = core.turned_back(core.patterns(small)).sweep(small, RowUpdater((False,) * 3))[1]
    whole = (small[0], small[1], basis @ small[2])
    on_data = slabs.sweep(whole, RowUpdater((False, False, False)))[1]
    assert on_data <= on_core * (1 + 1e-9)


def test_sweeps_never_raise_the_loss():
    blocks, factors = draw()
    rng = np.random.default_rng(2)
    masks = [rng.random(block.shape) < 0.7 for block in blocks]
    masked = with_mask([x * m for x, m in zip(blocks, masks, strict=True)], masks)
    for slabs, start in (
        (stack(blocks), factors),
        (masked, (*factors, masked.patterns(factors))),
    ):
        losses = []
        for _ in range(30):
            start, loss = slabs.sweep(start, RowUpdater((False,) * 3))
            losses.append(loss)
        assert np.all(np.diff(losses) <= 1e-9 * losses[0])
    found = error(blocks, model(start[:3], start[3]), masks)
    assert losses[-1] == pytest.approx(found, rel=1e-10)
