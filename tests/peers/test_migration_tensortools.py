"""Every row of docs/migration/tensortools.md: their call and ours on the same data.

A test has the name of the row; `test_migration_pages.py` checks that rows and tests agree.
"""

import importlib

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.alignment import match_fits
from trialtensor.selection import factor_match_score, fit_ranks, restart_profile

tensortools = pytest.importorskip("tensortools", reason="the extra 'bench' is not installed")

RANK = 3
# As far as they go: their defaults stop when the loss falls by 1e-5.
FAR = {"tol": 1e-10, "max_iter": 1000, "verbose": False}
# Its extrapolated sweeps may raise the loss, which it takes for convergence.
ON = {"tol": 1e-10, "min_iter": 1000, "max_iter": 1000, "verbose": False}


@pytest.fixture(scope="module")
def recording():
    """Ours is trial x neuron x time, theirs is neuron x time x trial."""
    X = tt.make_tca(24, 16, 20, RANK, collinearity=0.5, snr=2.0, random_state=0).X
    return X, tt.to_layout(X, "tensortools").values


@pytest.fixture(scope="module")
def positive():
    X = tt.make_tca(20, 12, 15, 2, nonnegative=True, snr=5.0, random_state=0).X
    X = np.maximum(X, 0)
    return X, tt.to_layout(X, "tensortools").values


@pytest.fixture(scope="module")
def theirs(recording):
    return tensortools.cp_als(recording[1], RANK, random_state=0, **FAR)


@pytest.fixture(scope="module")
def ours(recording):
    return tt.TCA(RANK, tol=1e-10, random_state=0).fit(recording[0])


@pytest.fixture(scope="module")
def ensemble(recording):
    np.random.seed(0)
    found = tensortools.Ensemble(fit_method="cp_als", fit_options=dict(FAR))
    found.fit(recording[1], ranks=range(1, 4), replicates=3, verbose=False)
    return found


@pytest.fixture(scope="module")
def models(recording):
    return fit_ranks(tt.TCA(1, n_init=3, tol=1e-10, random_state=0), range(1, 4), recording[0])


def as_ours(ktensor):
    """Their factors in our order: trial, neuron, time."""
    neuron, time, trial = ktensor.factors
    return tt.from_tensorly((None, [trial, neuron, time]))


def ktensor_of(restart):
    return tensortools.KTensor([factor.copy() for factor in restart.factors])


def unit(curves):
    curves = np.asarray(curves)
    return curves / np.linalg.norm(curves, axis=1, keepdims=True)


def objective(model):
    return np.sqrt(1 - model.explained_variance_ratio_)


def test_layout(recording):
    X, tensor = recording
    np.testing.assert_array_equal(tt.from_layout(tensor, "tensortools"), X)


def test_cp_als(theirs, ours):
    assert objective(ours) == pytest.approx(theirs.obj, rel=1e-7)
    assert factor_match_score(ours, as_ours(theirs.factors)) > 0.99999


def test_cp_als_init(recording):
    X, tensor = recording
    start = tensortools.rand_ktensor(tensor.shape, RANK, random_state=1)
    result = tensortools.cp_als(tensor, RANK, init=start, **FAR)
    neuron, time, trial = start.factors
    model = tt.TCA(RANK, init=(trial, neuron, time), tol=1e-10).fit(X)
    assert objective(model) == pytest.approx(result.obj, rel=1e-7)


def test_cp_als_skip_modes(theirs, ours, recording):
    """New trials, with the neuron and time factors of a fit."""
    X, tensor = recording
    start = theirs.factors.copy()
    start.factors[2] = np.ones((5, RANK))
    start = tensortools.KTensor(start.factors)
    result = tensortools.cp_als(tensor[:, :, :5], RANK, init=start, skip_modes=[0, 1], **FAR)
    model = as_ours(theirs.factors)
    weights = model.transform(X[:5])
    np.testing.assert_allclose(
        model.inverse_transform(weights), result.factors.full().transpose(2, 0, 1), atol=1e-6
    )


def test_ncp_hals(positive, monkeypatch):
    X, tensor = positive
    module = importlib.import_module("tensortools.optimize.ncp_hals")
    # Compiling it takes a quarter of a minute.
    monkeypatch.setattr(module, "_hals_update", module._hals_update.py_func)
    result = tensortools.ncp_hals(tensor, 2, random_state=0, tol=1e-8, verbose=False)
    model = tt.TCA(2, nonnegative=True, random_state=0).fit(X)
    assert objective(model) == pytest.approx(result.obj, rel=1e-5)


def test_ncp_bcd(positive):
    X, tensor = positive
    result = tensortools.ncp_bcd(tensor, 2, random_state=0, **ON)
    model = tt.TCA(2, nonnegative=True, random_state=0).fit(X)
    assert objective(model) == pytest.approx(result.obj, rel=1e-5)


def test_negative_modes(positive):
    X, tensor = positive
    result = tensortools.ncp_bcd(tensor, 2, negative_modes=[2], random_state=0, **ON)
    model = tt.TCA(2, nonnegative=("neuron", "time"), random_state=0).fit(X)
    assert objective(model) == pytest.approx(result.obj, rel=1e-5)


def test_mcp_als(recording):
    X, tensor = recording
    mask = np.random.default_rng(0).random(X.shape) < 0.8
    result = tensortools.mcp_als(
        tensor, RANK, mask=mask.transpose(1, 2, 0).astype(float), random_state=0, **FAR
    )
    model = tt.TCA(RANK, random_state=0).fit(X, mask=mask)
    assert objective(model) == pytest.approx(result.obj, rel=1e-5)


def test_obj(theirs, ours):
    assert np.sqrt(1 - ours.explained_variance_ratio_) == pytest.approx(theirs.obj, rel=1e-7)


def test_obj_hist(theirs, ours, recording):
    total = np.sum(recording[0] ** 2)
    history = np.sqrt(ours.loss_history_ / total)
    assert history[-1] == pytest.approx(theirs.obj_hist[-1], rel=1e-7)
    assert (np.diff(history) <= 1e-12).all()
    assert (np.diff(theirs.obj_hist) <= 1e-12).all()


def test_converged(theirs, ours):
    assert theirs.converged
    assert ours.stop_reason_ == "converged"


def test_ensemble(ensemble, models):
    best = [ensemble.results[rank][0].obj for rank in (1, 2, 3)]
    np.testing.assert_allclose([objective(model) for model in models], best, rtol=1e-6)
    assert [len(model.restarts_) for model in models] == [3, 3, 3]


def test_ensemble_nonneg(positive):
    X, tensor = positive
    np.random.seed(0)
    found = tensortools.Ensemble(nonneg=True, fit_options=dict(ON))
    found.fit(tensor, ranks=[1, 2], replicates=2, verbose=False)
    models = fit_ranks(tt.TCA(1, nonnegative=True, n_init=2, random_state=0), [1, 2], X)
    best = [found.results[rank][0].obj for rank in (1, 2)]
    np.testing.assert_allclose([objective(model) for model in models], best, rtol=1e-5)


def test_objectives(ensemble, models, recording):
    total = np.sum(recording[0] ** 2)
    restarts = np.sqrt([restart.loss / total for restart in models[2].restarts_])
    assert restarts.min() == pytest.approx(min(ensemble.objectives(3)), rel=1e-6)
    assert len(restarts) == len(ensemble.objectives(3))
    assert (np.diff(restarts) >= 0).all()


def test_similarities(ensemble, recording):
    """Of one component theirs is the mean of three cosines and ours is their product."""
    model = tt.TCA(RANK, n_init=10, random_state=0).fit(recording[0])
    best, *others = model.restarts_
    for restart in others:
        theirs = tensortools.kruskal_align(ktensor_of(best), ktensor_of(restart))
        assert (theirs > 0.999) == (restart.similarity > 0.999)
        assert restart.similarity <= theirs + 1e-6
    assert ensemble.similarities(RANK)[1] == pytest.approx(others[0].similarity, abs=1e-3)


def test_ensemble_factors(ensemble, models):
    best = models[2].restarts_[0].factors
    other = as_ours(ensemble.factors(3)[0])
    assert factor_match_score(best, tuple(other.factors_.values())) > 0.9999


def test_plot_objective(ensemble, recording):
    line = tensortools.plot_objective(ensemble).lines[0].get_ydata()
    profile = restart_profile(
        tt.TCA(1, n_init=3, tol=1e-10), range(1, 4), recording[0], random_state=0
    )
    np.testing.assert_allclose(np.sqrt(1 - profile["explained"]), line, rtol=1e-6)


def test_plot_similarity(ensemble, models):
    """Theirs has a point a fit over all numbers of components, ours for one number."""
    theirs = tensortools.plot_similarity(ensemble).collections[0].get_offsets()
    axes = tt.plotting.plot_restarts(models[2])
    drawn = np.concatenate([each.get_offsets()[:, 0] for each in axes.collections])
    np.testing.assert_allclose(np.sort(drawn)[-2:], np.sort(theirs[-3:, 1])[-2:], atol=1e-3)


def test_plot_factors(theirs, ours):
    _, axes, _ = tensortools.plot_factors(theirs.factors)
    there = unit([row[1].lines[0].get_ydata() for row in axes])
    curves = [line.get_ydata() for row in tt.plot_factors(ours) for line in row[1].lines]
    here = unit([curve for curve in curves if len(curve) == 20])
    np.testing.assert_allclose(np.abs(there @ here.T).max(axis=1), 1, atol=1e-5)


def test_ktensor(theirs):
    factors = theirs.factors.factors
    ktensor = tensortools.KTensor([factor.copy() for factor in factors])
    neuron, time, trial = factors
    model = tt.from_tensorly((None, [trial, neuron, time]))
    np.testing.assert_allclose(model.reconstruct(), ktensor.full().transpose(2, 0, 1), atol=1e-10)


def test_full(theirs):
    full = theirs.factors.full()
    np.testing.assert_allclose(
        as_ours(theirs.factors).reconstruct(), full.transpose(2, 0, 1), atol=1e-10
    )


def test_norm(theirs, ours):
    assert np.linalg.norm(ours.reconstruct()) == pytest.approx(theirs.factors.norm(), rel=1e-5)


def test_rebalance(theirs, ours):
    """A component's length is in three equal parts there, in `weights_` here."""
    balanced = theirs.factors.copy().rebalance()
    order = np.argsort(-balanced.component_lams())
    ours_order = np.argsort(-ours.weights_)
    ours_balanced = ours.neuron_factors_ * ours.weights_ ** (1 / 3)
    np.testing.assert_allclose(
        np.abs(ours_balanced[:, ours_order]), np.abs(balanced.factors[0][:, order]), atol=1e-3
    )


def test_component_lams(theirs, ours):
    np.testing.assert_allclose(
        np.sort(ours.weights_), np.sort(theirs.factors.component_lams()), rtol=1e-4
    )


def test_permute(theirs):
    permuted = theirs.factors.copy()
    permuted.permute([2, 0, 1])
    here = as_ours(theirs.factors).neuron_factors_[:, [2, 0, 1]]
    np.testing.assert_allclose(np.abs(here), np.abs(unit(permuted.factors[0].T).T), atol=1e-10)


def test_kruskal_align(recording, theirs):
    other = tensortools.cp_als(recording[1], RANK, random_state=5, **FAR)
    before = other.factors.copy()
    similarity = tensortools.kruskal_align(theirs.factors.copy(), other.factors, permute_V=True)
    found = match_fits([as_ours(theirs.factors), as_ours(before)], axes=("trial", "neuron", "time"))
    assert similarity > 0.9999
    assert found.congruence[1].min() > 0.9999
    np.testing.assert_allclose(
        np.abs(before.factors[0][:, found.order[1]]), np.abs(other.factors.factors[0]), rtol=1e-6
    )


def test_randn_ktensor():
    theirs = tensortools.randn_ktensor((16, 20, 24), rank=2, random_state=0).full()
    ours = tt.make_tca(24, 16, 20, 2, snr=np.inf, random_state=0).X
    for tensor in (theirs, ours):
        unfolded = np.moveaxis(tensor, 0, 0).reshape(len(tensor), -1)
        assert np.linalg.matrix_rank(unfolded) == 2


def test_rand_ktensor():
    theirs = [
        make((16, 20, 24), rank=2, random_state=0).full()
        for make in (tensortools.rand_ktensor, tensortools.randexp_ktensor)
    ]
    ours = tt.make_tca(24, 16, 20, 2, nonnegative=True, snr=np.inf, random_state=0).X
    for tensor in (*theirs, ours):
        assert tensor.min() >= 0
        assert np.linalg.matrix_rank(tensor.reshape(len(tensor), -1)) == 2
