"""Laws of PARAFAC2 that hold for any data."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialtensor import Parafac2

SHAPES = st.tuples(st.integers(2, 5), st.integers(2, 4), st.integers(3, 6))


def blocks_of(shape, seed):
    n_blocks, n_trials, n_times = shape
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n_trials, 3 + b, n_times)) for b in range(n_blocks)]


def fit(blocks, rank=2):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Parafac2(rank, n_init=2, tol=1e-9, random_state=0).fit(blocks)


@settings(max_examples=8)
@given(SHAPES, st.integers(0, 100))
def test_patterns_share_their_inner_products_and_the_loss_is_that_of_the_model(shape, seed):
    blocks = blocks_of(shape, seed)
    model = fit(blocks)
    rebuilt = model.reconstruct()
    error = sum(np.sum((x - y) ** 2) for x, y in zip(blocks, rebuilt, strict=True))
    assert error == pytest.approx(model.loss_, rel=1e-8, abs=1e-10)
    for b, x in enumerate(blocks):
        own = model.neuron_factors_[b, : x.shape[1]]
        np.testing.assert_allclose(own.T @ own, model.cross_product_, atol=1e-8)
    assert np.all(np.diff(model.loss_history_) <= 1e-9 * model.loss_history_[0])


@settings(max_examples=8)
@given(SHAPES, st.integers(0, 100))
def test_neurons_may_be_mixed_within_a_block(shape, seed):
    """Rotating the neurons of a block turns its patterns and nothing else."""
    blocks = blocks_of(shape, seed)
    rng = np.random.default_rng(seed)
    turns = [np.linalg.qr(rng.standard_normal((x.shape[1],) * 2))[0] for x in blocks]
    turned = [np.einsum("mn,knt->kmt", q, x) for q, x in zip(turns, blocks, strict=True)]
    model, other = fit(blocks), fit(turned)
    assert other.loss_ == pytest.approx(model.loss_, rel=1e-4)


@settings(max_examples=8)
@given(SHAPES, st.integers(0, 100))
def test_more_components_explain_more(shape, seed):
    blocks = blocks_of(shape, seed)
    assert fit(blocks, 3).loss_ <= fit(blocks, 1).loss_ * (1 + 1e-6)
