"""The strongest patterns of a stream against singular vectors of all trials."""

import numpy as np
import pytest

from trialtensor.solvers.leading import Leading, look_again, of_model
from trialtensor.solvers.streaming import nothing

N, T, R = 6, 7, 3


def planted(seed=0, n_trials=60):
    rng = np.random.default_rng(seed)
    factors = tuple(rng.standard_normal((n, R)) for n in (n_trials, N, T))
    return factors, np.einsum("kr,nr,tr->knt", *factors)


def test_nothing_is_lost_of_data_with_few_patterns():
    _, X = planted()
    leading = Leading(np.zeros((0, N, T)), 5)
    for part in np.array_split(X, 4):
        leading = leading.and_trials(part)
    flat, ours = X.reshape(len(X), -1), leading.patterns.reshape(-1, N * T)
    assert len(ours) == 5
    np.testing.assert_allclose(ours.T @ ours, flat.T @ flat, atol=1e-8)
    sizes = np.linalg.svd(flat, compute_uv=False)
    assert leading.most_explained(2) == pytest.approx(np.sum(sizes[:2] ** 2))


def test_a_model_for_its_trials():
    (trial, neuron, time), X = planted()
    leading, flat = of_model(trial.T @ trial, neuron, time), X.reshape(len(X), -1)
    ours = leading.patterns.reshape(-1, N * T)
    np.testing.assert_allclose(ours.T @ ours, flat.T @ flat, atol=1e-8)


def test_the_model_of_all_trials_from_one_of_another():
    (trial, neuron, time), X = planted()
    neuron, time = (f / np.linalg.norm(f, axis=0) for f in (neuron, time))
    X = X + 0.01 * np.random.default_rng(2).standard_normal(X.shape)
    leading = Leading(np.zeros((0, N, T)), 8).and_trials(X)
    # It knows the first component, and two that are in no trial.
    rng = np.random.default_rng(1)
    wrong = [rng.standard_normal(f.shape) for f in (neuron, time)]
    wrong = [w / np.linalg.norm(w, axis=0) for w in wrong]
    wrong[0][:, 0], wrong[1][:, 0] = neuron[:, 0], time[:, 0]
    past = nothing(R, N, T).and_trials(X, np.zeros_like(trial))
    free = (False, False, False)
    found, neurons, times = look_again(leading, past, *wrong, free, fresh=True)
    assert found.loss(neurons, times) < 1e-3 * past.norm2
    assert neurons[:, 0] @ neuron[:, 0] > 0.99 and times[:, 0] @ time[:, 0] > 0.99
    # A model that nothing is wrong with stays as it is, to the bit.
    same = look_again(leading, found, neurons, times, free, fresh=True)
    assert same[0] is found and same[1] is neurons
