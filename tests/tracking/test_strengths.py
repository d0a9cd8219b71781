"""Strengths of components in neurons and trials, against least squares written out."""

import warnings

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.tracking.strength_data import strengths
from trialtensor.tracking.strengths import RIDGE

K, N, T = 30, 9, 14
TIMES = np.arange(T)
BUMPS = np.stack([np.exp(-0.5 * ((TIMES - m) / 2.0) ** 2) for m in (4, 9)], axis=1)


def planted(seed=0):
    """Trials, neurons and data of two components without noise."""
    rng = np.random.default_rng(seed)
    trials, neurons = rng.uniform(1, 2, size=(K, 2)), rng.gamma(1.0, size=(N, 2))
    return trials, neurons, np.einsum("kr,nr,tr->knt", trials, neurons, BUMPS)


def fitted(model, X, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, **options)


def problem(model, X, dataset=None):
    return strengths(model.fitted_, model.layout(X), dataset, len(X))[0]


def missing(X, how, seed=0):
    rng, X = np.random.default_rng(seed), X.copy()
    if how == "entries":
        X[rng.random(X.shape) < 0.2] = np.nan
    if how == "neurons of trials":
        X[rng.random(X.shape[:2]) < 0.2] = np.nan
    if how == "bins of trials":
        X[np.broadcast_to(rng.random((K, 1, T)) < 0.2, X.shape)] = np.nan
    return X


@pytest.mark.parametrize("how", ["nothing", "entries", "neurons of trials", "bins of trials"])
def test_strengths_are_least_squares_over_observed_entries(how):
    rng = np.random.default_rng(1)
    whole = planted()[2] + 0.1 * rng.normal(size=(K, N, T))
    X = missing(whole, how)
    model = fitted(tt.TCA(2, n_init=2, random_state=0), X)
    data = problem(model, X)
    courses = model.time_factors_ / np.linalg.norm(model.time_factors_, axis=0)
    rows = slice(3, 17)
    found, precision = data.during(rows)
    unit = np.frexp(np.nanmax(np.abs(X)))[1]
    for j in range(N):
        known = np.isfinite(X[rows, j])
        design = np.concatenate([courses[each] for each in known])
        values = np.concatenate([x[each] for x, each in zip(X[rows, j], known, strict=True)])
        ridge = known.any(axis=1).sum() * data.ridge
        told = np.linalg.solve(design.T @ design + ridge, design.T @ values)
        np.testing.assert_allclose(found[j] * 2.0**unit, told, rtol=1e-9)
        np.testing.assert_allclose(precision[j], design.T @ design + ridge, rtol=1e-9)


@pytest.mark.parametrize("how", ["nothing", "entries", "neurons of trials", "bins of trials"])
def test_deviations_are_least_squares_of_each_trial(how):
    X = missing(planted()[2], how)
    model = fitted(tt.TCA(2, n_init=2, random_state=0), X)
    data = problem(model, X)
    courses = model.time_factors_ / np.linalg.norm(model.time_factors_, axis=0)
    unit = np.frexp(np.nanmax(np.abs(X)))[1]
    for k, j in ((0, 0), (5, 3), (29, 8)):
        known = np.isfinite(X[k, j])
        design, values = courses[known], X[k, j, known] / 2.0**unit
        left = design.T @ (values - design @ data.mean[j])
        told = np.linalg.solve(design.T @ design + data.ridge, left) if known.any() else 0
        np.testing.assert_allclose(data.deviations[k, j], told, atol=1e-10)


def test_the_ridge_is_small_beside_a_trial():
    data = problem(fitted(tt.TCA(2, n_init=2, random_state=0), planted()[2]), planted()[2])
    np.testing.assert_allclose(data.ridge, RIDGE * np.eye(2))


def test_noise_is_that_of_the_data_whatever_changes_over_trials():
    rng = np.random.default_rng(2)
    X = planted()[2]
    X[15:] *= 2
    X += 0.3 * rng.normal(size=X.shape)
    data = problem(fitted(tt.TCA(2, n_init=2, random_state=0), X), X)
    unit = 2.0 ** np.frexp(np.abs(X).max())[1]
    np.testing.assert_allclose(np.sqrt(data.noise) * unit, 0.3, rtol=0.15)


KINDS = {
    "TCA": (tt.TCA(2, n_init=2, random_state=0), {}, None),
    "Parafac2, neurons": (
        tt.Parafac2(2, n_init=2, random_state=0), {"blocks": np.repeat([0, 1, 2], 10)}, None
    ),
    "Parafac2, times": (
        tt.Parafac2(2, varying="time", n_init=2, random_state=0),
        {"blocks": np.repeat([0, 1, 2], 10)},
        None,
    ),
    "CoupledTCA": (tt.CoupledTCA(2, groups=["a"] * 5 + ["b"] * 4, random_state=0), {}, "b"),
    "SliceTCA": (tt.SliceTCA((2, 0, 0), n_init=2, random_state=0), {}, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_all_of_noise_free_data(kind):
    """What components explain of each neuron and trial is everything."""
    model, options, dataset = KINDS[kind]
    X = planted()[2]
    model = fitted(type(model)(**model.get_params()), X, **options)
    data, neurons = strengths(model.fitted_, model.layout(X), dataset, K)
    np.testing.assert_array_equal(neurons, np.arange(5, 9) if dataset else np.arange(N))
    missed = data.missed(data.mean + data.deviations)
    assert np.all(missed <= 0.01 * data.power.sum(axis=0))


def test_dynamics_are_told_by_what_drives_them():
    rng = np.random.default_rng(3)
    rotation = np.linalg.qr(rng.normal(size=(N, N)))[0][:, :2]
    X = np.empty((K, N, T))
    X[:, :, 0] = rng.normal(size=(K, N))
    gains = rng.uniform(0.5, 1.0, size=(K, 2))
    for t in range(1, T):
        X[:, :, t] = np.einsum("nr,kr,mr,km->kn", rotation, gains, rotation, X[:, :, t - 1])
    model = fitted(tt.TrialVaryingDynamics(2, n_init=3, random_state=0), X)
    data = problem(model, X)
    assert data.missed(data.mean + data.deviations).sum() <= 0.01 * data.power.sum()


def test_a_component_of_another_dataset_is_left_out():
    rng = np.random.default_rng(4)
    data = {"a": planted(1)[2], "b": planted(2)[2] + 0.1 * rng.normal(size=(K, N, T))}
    model = fitted(tt.CoupledTCA(1, n_private=1, n_init=2, random_state=0), data)
    found, neurons = strengths(model.fitted_, model.layout(data), "b", K)
    assert found.components == (0, 2)
    np.testing.assert_array_equal(neurons, N + np.arange(N))


def test_neurons_of_blocks_recorded_apart_stand_beside_each_other():
    X = planted()[2]
    blocks = {"Mon": X[:15, :6], "Tue": X[15:, 4:]}
    model = fitted(tt.Parafac2(2, n_init=2, random_state=0), blocks)
    data, _ = strengths(model.fitted_, model.layout(blocks), None, K)
    assert data.cross.shape == (K, 11, 2)
    assert data.seen[:15, :6].all() and not data.seen[15:, :6].any()
    assert data.seen[15:, 6:].all() and not data.seen[:15, 6:].any()
    assert np.all(data.missed(data.mean + data.deviations) <= 0.01 * data.power.sum(axis=0))
