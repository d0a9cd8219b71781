"""Gains of components beside gains of neurons, against least squares written out and known laws."""

import numpy as np
import pytest

from trialtensor.tracking.neuron_gains import (
    ALL,
    NeuronChange,
    fit_gains,
    neuron_change,
    own_gains,
    score_gain,
)
from trialtensor.tracking.strengths import Strengths

N, R = 40, 3
BEFORE, AFTER = slice(0, 50), slice(50, 100)


def change_of(strength, change, noise=0.05):
    precision = np.broadcast_to(np.eye(R) / noise**2, (len(strength), R, R))
    return NeuronChange(BEFORE, AFTER, np.ones(len(strength), bool), strength, change, precision)


def data_of(strengths):
    """Strengths ``(n_trials, n_neurons, R)`` that were observed with orthonormal courses."""
    n_trials, n_neurons, n_components = strengths.shape
    power = (strengths**2).sum(axis=2) + 5e-2
    return Strengths(
        tuple(range(n_components)),
        strengths,
        np.eye(n_components)[None, None],
        np.ones((n_trials, n_neurons), bool),
        power,
        np.full(n_neurons, 20.0 * n_trials),
        np.ones((n_trials, n_components)),
    )


def signs(n_flips=499, n_neurons=N):
    return np.random.default_rng(9).choice([-1.0, 1.0], size=(n_flips, n_neurons))


def test_gains_are_generalised_least_squares_given_the_spread_of_neurons():
    rng = np.random.default_rng(0)
    strength = rng.gamma(1.0, size=(N, R))
    change = strength * [0.4, 0.0, -0.1] + 0.2 * rng.normal(size=(N, 1)) * strength
    change += 0.05 * rng.normal(size=(N, R))
    given = change_of(strength, change)
    fit = fit_gains(given, [(0, 0), (2, 2)])
    information = np.einsum("nr,nrq,nq->n", strength, given.precision, strength)
    prior = fit.own / (1 - fit.own * information)
    left, right = np.zeros((2, 2)), np.zeros(2)
    for j in range(N):
        covariance = np.linalg.inv(given.precision[j])
        covariance += prior[j] * np.outer(strength[j], strength[j])
        design = np.zeros((R, 2))
        design[0, 0], design[2, 1] = strength[j, 0], strength[j, 2]
        left += design.T @ np.linalg.solve(covariance, design)
        right += design.T @ np.linalg.solve(covariance, change[j])
    np.testing.assert_allclose(fit.gains, np.linalg.solve(left, right), rtol=1e-3)
    np.testing.assert_allclose(fit.gains, [0.4, -0.1], atol=0.07)
    assert fit.spread == pytest.approx(0.2, abs=0.07)


def test_neurons_that_fall_silent_hardly_count():
    rng = np.random.default_rng(1)
    strength = rng.gamma(2.0, size=(N, R))
    change = strength * [0.3, 0.0, 0.0] + 0.05 * rng.normal(size=(N, R))
    lost = np.arange(4)
    change[lost] = -2 * strength[lost]
    fit = fit_gains(change_of(strength, change), [(0, 0)])
    assert fit.gains[0] == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(own_gains(change_of(strength, change))[lost], -2, rtol=1e-9)


def test_what_single_neurons_do_alone_says_nothing_of_components():
    """Each neuron changes with all that it does: its own gain explains that to the end."""
    rng = np.random.default_rng(2)
    strength = rng.gamma(1.0, size=(N, R))
    change = strength * rng.normal(size=(N, 1))
    fit = fit_gains(change_of(strength, change, noise=1e-4), [])
    weights, information = fit.weights((1, 1))
    gain = np.einsum("nr,nr->", weights, fit.residual) / information
    assert abs(gain) < 1e-3


def test_sign_flips_keep_their_level_when_neurons_change_one_by_one():
    p_values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        strength = rng.gamma(0.5, size=(N, R))
        change = strength * rng.standard_t(2, size=(N, 1)) * 0.2 + 0.05 * rng.normal(size=(N, R))
        data = data_of(np.zeros((100, N, R)))
        fit = fit_gains(change_of(strength, change), [(0, 0)])
        p_values.append(score_gain(fit, (1, 1), data, signs(199)).p_neurons)
    assert 0.01 <= np.mean(np.array(p_values) <= 0.05) <= 0.1
    assert 0.4 <= np.mean(p_values) <= 0.6


def session(gain=0.0, own=0.0, noise=0.1, seed=3):
    """Strengths on 100 trials; component 0 is stronger from trial 50."""
    rng = np.random.default_rng(seed)
    loadings = rng.gamma(1.0, size=(N, R))
    gains = 1 + 0.05 * rng.normal(size=(100, R))
    gains[50:, 0] += gain
    found = gains[:, None] * loadings
    found[50:] *= np.exp(own * rng.normal(size=(N, 1)))
    return data_of(found + noise * rng.normal(size=found.shape))


def test_a_shared_gain_is_measured_on_every_trial():
    data = session(gain=0.5, own=0.3)
    change = neuron_change(data, BEFORE, AFTER, 5)
    test = score_gain(fit_gains(change, []), (0, 0), data, signs())
    assert test.p_neurons <= 0.01 and test.p_trials <= 0.01 and test.holds(0.05)
    assert test.gain == pytest.approx(0.5 / 1.25, abs=0.08)
    assert test.course[50:].mean() - test.course[:50].mean() == pytest.approx(0.4, abs=0.08)


def test_without_a_gain_nothing_holds():
    data = session(own=0.3)
    change = neuron_change(data, BEFORE, AFTER, 5)
    fit = fit_gains(change, [])
    for r in range(R):
        assert not score_gain(fit, (r, r), data, signs()).holds(0.01)


def test_chance_differences_between_trials_are_no_change():
    """All neurons follow a component that merely varies from trial to trial."""
    rng = np.random.default_rng(4)
    loadings = rng.gamma(1.0, size=(N, R))
    gains = np.ones((100, R))
    gains[:, 0] += 0.5 * rng.normal(size=100)
    data = data_of(gains[:, None] * loadings + 0.01 * rng.normal(size=(100, N, R)))
    change = neuron_change(data, BEFORE, AFTER, 5)
    test = score_gain(fit_gains(change, []), (0, 0), data, signs())
    difference = gains[50:, 0].mean() - gains[:50, 0].mean()
    assert test.p_neurons <= 0.01
    expected = abs(difference) / np.sqrt(gains[:, 0].var() * 4 / 100)
    assert (test.p_trials <= 0.05) == (expected > 2)


def test_trials_without_data_have_no_course():
    data = session(gain=0.5)
    seen = data.seen.copy()
    seen[10] = False
    seen[20, : N // 2] = False
    cross = np.where(seen[:, :, None], data.cross, 0)
    data = Strengths(
        data.components, cross, data.gram, seen, np.where(seen, data.power, 0), data.n_bins,
        data.courses,
    )  # fmt: skip
    change = neuron_change(data, BEFORE, AFTER, 5)
    course = score_gain(fit_gains(change, []), (0, 0), data, signs()).course
    assert np.isnan(course[10]) and np.isfinite(np.delete(course, 10)).all()
    assert course[20] == pytest.approx(course[:50][np.isfinite(course[:50])].mean(), abs=0.2)


def test_a_neuron_without_trials_on_one_side_is_left_out():
    data = session()
    seen = data.seen.copy()
    seen[50:, 3] = False
    data = Strengths(
        data.components, data.cross, data.gram, seen, data.power, data.n_bins, data.courses
    )
    assert np.flatnonzero(~neuron_change(data, BEFORE, AFTER, 5).neurons).tolist() == [3]


def test_the_gain_of_all_is_the_sum_of_those_of_components():
    strength = np.random.default_rng(5).gamma(1.0, size=(N, R))
    given = change_of(strength, strength)
    columns = given.columns([(ALL, ALL), (0, 0), (1, 1), (2, 2)])
    np.testing.assert_allclose(columns[:, :, 0], columns[:, :, 1:].sum(axis=2))
    np.testing.assert_allclose(own_gains(given), 1)
