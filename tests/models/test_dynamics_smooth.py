"""Dynamics that are smooth over trials: brute force, planted courses, choice, intervals, gaps."""

import numpy as np
import pytest
import scipy.optimize
from sklearn.model_selection import GridSearchCV

import trialtensor as tt
from trialtensor import TrialVaryingDynamics
from trialtensor.selection import bootstrap
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.dynamics_problem import in_span
from trialtensor.solvers.dynamics_spread import Spread
from trialtensor.solvers.smooth_dynamics import problem_of
from trialtensor.solvers.transitions import Transitions


def drifting(n_trials=60, n_neurons=5, n_times=25, seed=0, course=None):
    """Trials driven by noise through matrices of rank 2 that drift apart steadily."""
    rng = np.random.default_rng(seed)
    time = np.linspace(-1, 1, n_trials)[:, None]
    course = 1 + 0.6 * time * [1, -1] if course is None else course(rng)
    output, source = rng.standard_normal((2, n_neurons, 2))
    W = np.einsum("kr,mr,nr->kmn", course, output, source)
    W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
    X = rng.standard_normal((n_trials, n_neurons, n_times))
    for t in range(n_times - 1):
        X[:, :, t + 1] += np.einsum("kmn,kn->km", W, X[:, :, t])
    return X, W


def error(found, W):
    return np.linalg.norm(found - W) / np.linalg.norm(W)


def fit(X, n_components=2, **options):
    return TrialVaryingDynamics(n_components, **{"n_init": 2, "random_state": 0} | options).fit(X)


def fit_transform(X, **options):
    return TrialVaryingDynamics(2, n_init=2, random_state=0, **options).fit_transform(X)


def penalised(X, W, smoothness):
    """Return the squared errors and the penalty, from matrices alone."""
    before = X[:, :, :-1]
    errors = np.sum((X[:, :, 1:] - np.matmul(W, before)) ** 2)
    moments = np.einsum("knt,kmt->nm", before, before) / (len(X) * before.shape[2])
    bends = np.diff(W, n=2, axis=0)
    rough = np.einsum("kij,jl,kil->", bends, moments, bends)
    return errors + before.shape[2] * smoothness**4 * rough


def test_brute_force_finds_no_lower_penalised_loss():
    X, _ = drifting(6, 3, 12)
    shapes = [(6, 2), (3, 2), (3, 2)]
    edges = np.cumsum([np.prod(s) for s in shapes])[:-1]

    def loss(flat):
        a, b, c = (p.reshape(s) for p, s in zip(np.split(flat, edges), shapes, strict=True))
        return penalised(X, np.einsum("kr,mr,nr->kmn", a, b, c), 0.8)

    rng = np.random.default_rng(0)
    best = min(
        scipy.optimize.minimize(loss, rng.standard_normal(24), method="BFGS").fun for _ in range(8)
    )
    model = fit(X, smoothness=0.8, n_init=10, tol=1e-10)
    assert penalised(X, model.matrices(), 0.8) == pytest.approx(best, rel=1e-6)
    assert model.loss_ == pytest.approx(penalised(X, model.matrices(), 0), rel=1e-9)


@pytest.mark.parametrize("direct", [True, False])
def test_each_update_is_a_minimum_and_the_loss_is_that_of_matrices(direct, monkeypatch):
    if not direct:
        monkeypatch.setattr("trialtensor.solvers.dynamics_problem._DIRECT", 0)
    X, _ = drifting(9, 4, 15)
    problem = problem_of(Transitions(X), 14 * 0.7**4, np.arange(9))
    rng = np.random.default_rng(1)
    start = tuple(rng.standard_normal((n, 2)) for n in (9, 4, 4))
    (trial, output, source), loss = problem.sweep(start, RowUpdater((False,) * 3))
    maps = problem.states.outputs, problem.states.inputs
    W = np.einsum("kr,mr,nr->kmn", trial, maps[0] @ output, maps[1] @ source)
    assert loss == pytest.approx(penalised(X, W, 0.7), rel=1e-9)
    for _ in range(20):  # the input factors came last
        other = source + 1e-3 * rng.standard_normal(source.shape)
        assert problem.loss((trial, output, other)) >= loss


def test_slow_changes_are_followed_better_than_by_windows_or_one_matrix():
    X, W = drifting()
    smooth, alone = fit(X), fit(X, smoothness=0)
    windows, one = (
        np.concatenate(
            [
                np.repeat(
                    (
                        np.concatenate([*p[:, :, 1:]], axis=1)
                        @ np.linalg.pinv(np.concatenate([*p[:, :, :-1]], axis=1))
                    )[None],
                    len(p),
                    axis=0,
                )
                for p in np.split(X, parts)
            ]
        )
        for parts in (3, 1)
    )
    assert smooth.smoothness_ >= 4
    others = [error(each, W) for each in (alone.matrices(), windows, one)]
    assert error(smooth.matrices(), W) < 0.6 * min(others)


def test_trials_that_do_not_resemble_their_neighbours_are_not_tied():
    X, _ = drifting(course=lambda rng: 1 + 0.9 * rng.choice([-1, 1], (60, 2)))
    model, alone = fit(X), fit(X, smoothness=0)
    assert model.smoothness_ == 0
    assert model.matrices().tobytes() == alone.matrices().tobytes()


def test_the_course_keeps_the_places_of_missing_trials_and_bins():
    X, W = drifting()
    X[10:18], X[30, :, 5] = np.nan, np.nan
    with pytest.warns(UserWarning, match="8 of 60 trials"):
        model = fit(X, smoothness=8)
    kept = np.isfinite(model.trial_factors_).all(axis=1)
    assert kept.sum() == 52
    assert error(model.matrices()[kept], W[kept]) < 0.1
    assert (np.diff(model.loss_history_) <= 0).all()
    residuals = model.residuals(X)
    assert np.nansum(residuals**2) == pytest.approx(model.loss_, rel=1e-9)
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        model.residuals(X[1:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transform_files_and_the_course_that_tracking_follows(dtype, tmp_path):
    X = drifting()[0].astype(dtype)
    model = fit(X, smoothness=5)
    np.testing.assert_allclose(model.transform(X), model.single_trials_, rtol=1e-4)
    np.testing.assert_array_equal(fit_transform(X, smoothness=5), model.single_trials_)
    np.testing.assert_array_equal(
        model.reconstruct(), model.inverse_transform(model.trial_factors_)
    )
    model.save(tmp_path / "model.h5")
    again = tt.load(tmp_path / "model.h5")
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert again.smoothness_ == 5
    # What is tracked are trials by themselves: their noise is independent, that of the course not.
    course = again.fitted_.components[0].trial
    np.testing.assert_allclose(course, model.single_trials_[:, 0] * model.weights_[0], rtol=1e-5)
    rough, smooth = (
        np.std(np.diff(x, axis=0)) for x in (model.single_trials_, again.trial_factors_)
    )
    assert rough > 5 * smooth


def test_new_trials_do_not_depend_on_the_others_given():
    """As in shuffled folds: the strength of a trial is by least squares of its own steps."""
    X, _ = drifting()
    model = fit(X, smoothness=5)
    order = np.random.default_rng(0).permutation(len(X))[:20]
    for rows in (order, order[:2], order[:1]):
        found = model.transform(X[rows])
        for k, trial in zip(rows, found, strict=True):
            driven = [
                np.outer(b, c) @ X[k, :, :-1]
                for b, c in zip(model.output_factors_.T, model.input_factors_.T, strict=True)
            ]
            design = np.stack([each.ravel() for each in driven], axis=1) * model.weights_
            best = np.linalg.lstsq(design, X[k, :, 1:].ravel(), rcond=None)[0]
            np.testing.assert_allclose(trial, best, rtol=1e-6)
        np.testing.assert_allclose(found, model.single_trials_[rows], rtol=1e-9)


def test_grid_search_and_refused_values():
    X, _ = drifting(30, 4, 15)
    search = GridSearchCV(fit(X, smoothness=0), {"smoothness": [0, 4, "auto"]}, cv=3).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    for bad in (-1, np.nan, "strong", None):
        with pytest.raises(ValueError, match="smoothness"):
            fit(X, smoothness=bad)


def test_few_trials_cannot_bend():
    X, _ = drifting(2, 3, 20)
    assert fit(X, smoothness=3).smoothness_ == fit(X).smoothness_ == 0


def test_the_bootstrap_keeps_trials_in_their_places():
    X, _ = drifting(40)
    model = fit(X)
    # In whatever order trials are drawn, the course is the same: each keeps its place in time.
    order = np.random.default_rng(0).permutation(len(X))
    again = model.restarted([order]).fit(X[order])
    for W, expected in zip(again.matrices(), model.matrices()[order], strict=True):
        np.testing.assert_allclose(W, expected, atol=1e-3 * np.abs(expected).max())
    sure = bootstrap(model, X, n_samples=20, random_state=0)
    # Smoothing is the same in all draws, so that they know about single trials only.
    assert "trial_factors" not in sure.estimates
    np.testing.assert_array_equal(sure.estimates["single_trials"], model.single_trials_)
    for name in ("output_factors", "input_factors"):
        ends = sure.interval(name)
        assert np.mean(ends[1] - ends[0]) < 0.5 * np.mean(np.abs(sure.estimates[name]))


@pytest.mark.parametrize("strength", [0.0, 3.0])
def test_draws_have_the_covariance_of_the_dense_posterior(strength):
    X, _ = drifting(7, 3, 9)
    states, rng = in_span(Transitions(X)), np.random.default_rng(0)
    factors = tuple(rng.standard_normal((n, 2)) for n in (7, 3, 3))
    flat, shapes = np.concatenate([f.ravel() for f in factors]), [f.shape for f in factors]

    def predicted(values):
        cut = np.split(values, np.cumsum([np.prod(s) for s in shapes])[:-1])
        a, b, c = (p.reshape(s) for p, s in zip(cut, shapes, strict=True))
        bends = strength**0.5 * np.einsum("kr,mr,nr->kmn", np.diff(a, n=2, axis=0), b, c)
        steps = np.einsum("kr,mr,nr,knt->kmt", a, b, c, states.before)
        return np.concatenate([steps.ravel(), bends.ravel()])

    J = np.array([predicted(flat + 1e-6 * e) - predicted(flat - 1e-6 * e) for e in np.eye(26)]).T
    J = J[np.abs(J).max(axis=1) > 0] / 2e-6
    expected = J @ np.linalg.pinv(J.T @ J, rcond=1e-10) @ J.T
    draws, used = Spread(states, np.arange(7), factors, strength).draws(np.eye(3), 4000, rng)
    moved = np.concatenate([d.reshape(4000, -1) for d in draws], axis=1) @ J.T
    np.testing.assert_allclose(moved.std(axis=0), np.diag(expected) ** 0.5, rtol=0.06, atol=1e-6)
    n_data = states.before.shape[2] * 3 * 7
    assert used == pytest.approx(np.trace(expected[:n_data, :n_data]), rel=0.03)


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(6):
        X, W = drifting(seed=seed)
        model = fit(X, n_init=1)
        found = model.intervals(X, random_state=0)
        radius = np.abs(np.linalg.eigvals(W)).max(axis=1)
        inside = (found.matrices[0] <= W) & (found.matrices[1] >= W)
        near = (found.spectral_radius[0] <= radius) & (radius <= found.spectral_radius[1])
        held.append((inside.mean(), near.mean()))
        strengths = model.trial_factors_
        assert ((found.trial_factors[0] < strengths) & (strengths < found.trial_factors[1])).all()
    assert 0.82 < np.mean(held, axis=0)[0] < 0.97
    assert np.mean(held, axis=0)[1] > 0.75
    with pytest.raises(ValueError, match="trials that the model was fitted to"):
        model.intervals(X[:10])
