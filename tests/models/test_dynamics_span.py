"""TrialVaryingDynamics of neurons that span few dimensions, and of data on any scale."""

import numpy as np
import pytest

from trialtensor import TrialVaryingDynamics


def simulated(n_trials=20, n_neurons=7, n_times=25, seed=0):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((n_neurons, n_neurons)))[0]
    speed = np.linspace(0.5, 0.95, n_trials)[:, None]
    X = np.zeros((n_trials, n_neurons, n_times))
    X[:, :, 0] = rng.standard_normal((n_trials, n_neurons))
    for t in range(n_times - 1):
        noise = 0.2 * rng.standard_normal((n_trials, n_neurons))
        X[:, :, t + 1] = speed * (X[:, :, t] @ turn.T) + noise
    return X


def projected(X, n_dimensions):
    """Project on the leading dimensions; return the basis too."""
    flat = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    basis = np.linalg.svd(flat, full_matrices=False)[0][:, :n_dimensions]
    return np.einsum("nm,kmt->knt", basis @ basis.T, X), basis


def one_twice(X):
    return np.concatenate([X, X[:, :1]], axis=1)


def one_silent(X):
    return np.concatenate([X, np.zeros_like(X[:, :1])], axis=1)


FEW_DIMENSIONS = {
    "average removed": lambda X: X - X.mean(axis=1, keepdims=True),
    "one twice": one_twice,
    "one silent": one_silent,
    "projected": lambda X: projected(X, 3)[0],
    "on a line": lambda X: projected(X, 1)[0],
    "projected, one twice": lambda X: one_twice(projected(X, 3)[0]),
}
SCALES = {
    "as it is": lambda X: X,
    "tiny": lambda X: 1e-30 * X,
    "offset": lambda X: X + 1e5 * np.arange(1, 1 + X.shape[1])[:, None],
    "noise of 1e-3": lambda X: X + 1e-3 * _noise(X),
    "noise of 1e-6": lambda X: X + 1e-6 * _noise(X),
    "noise of 1e-9": lambda X: X + 1e-9 * _noise(X),
    "noise of 1e-12": lambda X: X + 1e-12 * _noise(X),
    "noise of 1e-15": lambda X: X + 1e-15 * _noise(X),
}


def _noise(X):
    return np.random.default_rng(9).standard_normal(X.shape)


def fit(X, n_components=3, **options):
    options = {"n_init": 2, "random_state": 0} | options
    return TrialVaryingDynamics(n_components, **options).fit(X)


def squared_error(model, X, trial=None):
    X = X.astype(np.float64)
    W = model.matrices(trial).astype(np.float64)
    return np.sum((X[:, :, 1:] - np.matmul(W, X[:, :, :-1])) ** 2)


def least_squares(X):
    """Each trial's own regression: the loss that no model of these data can go below."""
    total = 0.0
    for x in X:
        known = np.linalg.svd(x[:, :-1], full_matrices=False)
        rows = known[2][known[1] > 1e-11 * known[1][0]]
        total += np.sum((x[:, 1:] - x[:, 1:] @ rows.T @ rows) ** 2)
    return total


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", FEW_DIMENSIONS)
def test_the_record_is_what_the_residuals_show(kind, scale):
    X = SCALES[scale](FEW_DIMENSIONS[kind](simulated()))
    model = fit(X)
    total = np.sum(X[:, :, 1:] ** 2)
    assert model.loss_ == pytest.approx(squared_error(model, X), rel=1e-5)
    assert model.explained_variance_ratio_ == pytest.approx(1 - model.loss_ / total, abs=1e-12)
    assert model.loss_history_[-1] == model.loss_
    assert np.all(np.diff(model.loss_history_) <= 0)
    # Some of these have no minimum; none is exact.
    assert model.stop_reason_ in ("converged", "degenerate")
    # Trials that are asked about again are each by itself, as in a fit that isn't smooth.
    trial = model.transform(X)
    np.testing.assert_allclose(trial, model.single_trials_, rtol=1e-4, atol=1e-6)
    alone = squared_error(model, X, trial)
    assert 1 - model.score(X) == pytest.approx(alone / total, rel=1e-5)
    assert alone <= model.loss_ * (1 + 1e-6)
    if model.smoothness_ == 0:
        np.testing.assert_allclose(trial, model.trial_factors_, rtol=1e-4, atol=1e-6)
        assert model.score(X) == pytest.approx(model.explained_variance_ratio_, abs=1e-9)


@pytest.mark.parametrize("smoothness", [1, 4, 15])
def test_smooth_components_that_data_have_no_room_for_change_nothing(smoothness):
    X = FEW_DIMENSIONS["on a line"](simulated())  # of which one component says all
    one, *others = (fit(X, n, smoothness=smoothness) for n in (1, 2, 3))
    assert one.explained_variance_ratio_ > 0.5
    for model in others:
        assert model.explained_variance_ratio_ == pytest.approx(
            one.explained_variance_ratio_, abs=1e-6
        )
        W = one.matrices()
        np.testing.assert_allclose(model.matrices(), W, atol=1e-4 * np.abs(W).max())


@pytest.mark.parametrize("kind", ["average removed", "projected", "one silent"])
def test_a_fit_in_the_span_is_the_fit_of_coordinates_in_it(kind):
    X = FEW_DIMENSIONS[kind](simulated())
    flat = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    basis, sizes, _ = np.linalg.svd(flat, full_matrices=False)
    basis = basis[:, sizes > 1e-9 * sizes[0]]
    inside = np.einsum("nm,nkt->kmt", basis, X.transpose(1, 0, 2))
    options = {"n_init": 5, "tol": 1e-9}
    whole, small = fit(X, 2, **options), fit(inside, 2, **options)
    assert whole.loss_ == pytest.approx(small.loss_, rel=1e-5)
    # Nothing is read or driven outside the span.
    for factor in (whole.input_factors_, whole.output_factors_):
        np.testing.assert_allclose(basis @ (basis.T @ factor), factor, atol=1e-10)
    lifted = np.einsum("mi,kij,nj->kmn", basis, small.matrices(), basis)
    np.testing.assert_allclose(whole.matrices(), lifted, atol=0.02)


@pytest.mark.parametrize("scale", ["as it is", "offset", "noise of 1e-6", "noise of 1e-9"])
def test_an_unrestricted_model_is_each_trial_its_own_regression(scale):
    """As many components as matrices have entries in the span: nothing is left to fit."""
    X = SCALES[scale](projected(simulated(n_trials=6, n_neurons=3, n_times=30), 2)[0])
    n_components = 4 if scale == "as it is" else 9
    model = fit(X, n_components, smoothness=0, n_init=5, tol=1e-12, max_iter=5000)
    assert model.loss_ == pytest.approx(least_squares(X), rel=1e-3)


@pytest.mark.parametrize("ratio", [1e-3, 1e-6, 1e-9, 1e-11])
def test_one_trial_is_reduced_rank_regression_at_any_ratio_of_sizes(ratio):
    """Closed form (Izenman 1975): the fitted values of least squares, truncated."""
    X, _ = projected(simulated(n_trials=1, n_times=100), 3)
    X = X + ratio * _noise(X)
    model = fit(X, 2, tol=1e-12)
    before, after = X[0, :, :-1], X[0, :, 1:]
    rows = np.linalg.svd(before, full_matrices=False)[2]
    fitted = after @ rows.T @ rows
    best = np.sum((after - fitted) ** 2) + np.sum(np.linalg.svd(fitted)[1][2:] ** 2)
    assert model.loss_ == pytest.approx(best, rel=1e-6)


def test_directions_at_rounding_level_are_not_read():
    X, _ = projected(simulated(), 3)
    clean = fit(X)
    for noise in (1e-14, 1e-15):
        noisy = fit(X + noise * _noise(X))
        np.testing.assert_allclose(noisy.matrices(), clean.matrices(), atol=1e-6)
    single = fit(X.astype(np.float32))
    assert single.input_factors_.dtype == np.float32
    np.testing.assert_allclose(single.matrices(), clean.matrices(), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_exact_is_said_of_exact_models_only(dtype, offset):
    """Rotations of a plane among five neurons, at constant activity of a third dimension."""
    rng = np.random.default_rng(0)
    angles = 0.3 * np.arange(30) + rng.uniform(0, 6, (12, 1))
    plane = np.stack([np.cos(angles), np.sin(angles), np.full(angles.shape, offset)], axis=1)
    X = np.einsum("nd,kdt->knt", np.linalg.qr(rng.standard_normal((5, 3)))[0], plane)
    X = X.astype(dtype)
    needed = 3 if offset else 2
    exact, short = fit(X, needed, tol=1e-12), fit(X, needed - 1, tol=1e-12)
    assert exact.stop_reason_ == "exact"
    assert exact.loss_ < 1e-10 * np.sum(X.astype(float) ** 2)
    assert short.stop_reason_ == "converged"
    assert short.loss_ > 1e-5 * np.sum(X.astype(float) ** 2)


def test_missing_bins_of_data_in_few_dimensions():
    X, basis = projected(simulated(), 3)
    observed = np.ones(X.shape, bool)
    observed[::3, 2, 4::7] = False
    observed[1] = False
    with pytest.warns(UserWarning, match="1 of 20 trials"):
        model = TrialVaryingDynamics(2, n_init=2, random_state=0).fit(X, mask=observed)
    assert model.explained_variance_ratio_ > 0.3
    whole = observed.all(axis=1)
    pairs = whole[:, :-1] & whole[:, 1:]
    W = np.nan_to_num(model.matrices())
    errors = (X[:, :, 1:] - np.matmul(W, X[:, :, :-1])) * pairs[:, None]
    assert model.loss_ == pytest.approx(np.sum(errors**2))
    assert np.isnan(model.trial_factors_[1]).all()
    np.testing.assert_allclose(basis @ (basis.T @ model.input_factors_), model.input_factors_)


def test_new_trials_may_leave_the_span():
    X, basis = projected(simulated(), 3)
    model = fit(X, 2)
    new = simulated(seed=1)
    inside = np.einsum("nm,kmt->knt", basis @ basis.T, new)
    np.testing.assert_allclose(model.transform(new), model.transform(inside), atol=1e-8)
    # What leaves the span is seen, and not predicted.
    total, within = (np.sum(each[:, :, 1:] ** 2) for each in (new, inside))
    unexplained = (1 - model.score(inside)) * within + total - within
    assert model.score(new) == pytest.approx(1 - unexplained / total)
    error = np.nansum((new - model.predict(new)) ** 2)
    assert model.score(new) == pytest.approx(1 - (error - 0) / total)


def test_no_activity_before_any_step():
    X = np.zeros((4, 3, 2))
    X[:, :, 1] = 1 + np.arange(4)[:, None]
    model = fit(X, 1)
    assert model.loss_ == pytest.approx(np.sum(X**2))
    assert model.explained_variance_ratio_ == 0
    assert np.isfinite(model.matrices()).all()


@pytest.mark.parametrize("shape", [(3, 12, 4), (1, 5, 3), (2, 1, 2), (5, 2, 2)])
def test_fewer_states_than_neurons(shape):
    X = np.random.default_rng(3).standard_normal(shape)
    model = fit(X, 1)
    assert model.loss_ == pytest.approx(squared_error(model, X), rel=1e-6, abs=1e-12)
    assert model.loss_ <= np.sum(X[:, :, 1:] ** 2)
