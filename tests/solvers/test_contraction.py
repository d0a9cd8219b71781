"""MTTKRP against its definition, on integers, so that every digit counts."""

import numpy as np
import pytest

from trialtensor.solvers import contraction


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.integers(-5, 6, (4, 3, 5))
    factors = tuple(rng.integers(-3, 4, (n, 2)) for n in X.shape)
    return X, factors


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_mttkrp_equals_its_definition_to_the_last_digit(problem, mode):
    X, factors = problem
    expected = np.zeros((X.shape[mode], 2), int)
    for k, n, t in np.ndindex(X.shape):
        index = (k, n, t)
        for r in range(2):
            product = X[k, n, t]
            for other in range(3):
                if other != mode:
                    product = product * factors[other][index[other], r]
            expected[index[mode], r] += product
    np.testing.assert_array_equal(contraction.mttkrp(X, factors, mode), expected)


def test_mttkrp_by_hand():
    X = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    trial, neuron, time = np.array([[1], [2]]), np.array([[1], [0]]), np.array([[1], [1]])
    assert contraction.mttkrp(X, (trial, neuron, time), 0).ravel().tolist() == [3, 11]
    assert contraction.mttkrp(X, (trial, neuron, time), 1).ravel().tolist() == [25, 37]
    assert contraction.mttkrp(X, (trial, neuron, time), 2).ravel().tolist() == [11, 14]


def test_all_modes_agree_on_the_inner_product(problem):
    X, factors = problem
    inner = [np.sum(contraction.mttkrp(X, factors, m) * factors[m]) for m in range(3)]
    assert inner[0] == inner[1] == inner[2] == np.sum(X * contraction.reconstruct(factors))


def test_reconstruction_is_the_sum_of_outer_products(problem):
    _, (trial, neuron, time) = problem
    expected = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    np.testing.assert_array_equal(contraction.reconstruct((trial, neuron, time)), expected)


@pytest.mark.parametrize("max_entries", [1, 15, 10_000])
def test_chunks_cover_every_trial_once(max_entries):
    parts = contraction.trial_chunks((7, 3, 5), max_entries)
    assert np.concatenate([np.arange(7)[part] for part in parts]).tolist() == list(range(7))
