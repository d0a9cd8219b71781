"""TrialVaryingDynamics: planted matrices, brute force, stability, and what it refuses."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.optimize
import xarray
from sklearn.base import clone

import trialtensor
from trialtensor import TrialVaryingDynamics, testing
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.dynamics_problem import in_span
from trialtensor.solvers.matching import cosines
from trialtensor.solvers.transitions import Transitions


def planted(n_trials=40, n_neurons=6, n_times=60, rank=2, noise=1.0, seed=0):
    """Trials driven by noise through matrices that change slowly over trials."""
    rng = np.random.default_rng(seed)
    output = rng.standard_normal((n_neurons, rank))
    source = rng.standard_normal((n_neurons, rank))
    phase = np.linspace(0, np.pi, n_trials)[:, None] + np.arange(rank)
    trial = 1 + 0.8 * np.sin(phase)
    W = np.einsum("kr,mr,nr->kmn", trial, output, source)
    scale = 0.95 / np.abs(np.linalg.eigvals(W)).max()
    W, trial = W * scale, trial * scale
    X = np.zeros((n_trials, n_neurons, n_times))
    X[:, :, 0] = rng.standard_normal((n_trials, n_neurons))
    for t in range(n_times - 1):
        step = noise * rng.standard_normal((n_trials, n_neurons))
        X[:, :, t + 1] = np.einsum("kmn,kn->km", W, X[:, :, t]) + step
    return X, W, (trial, output, source)


def squared_error(X, W):
    predicted = np.matmul(W, X[:, :, :-1])
    return np.sum((X[:, :, 1:] - predicted) ** 2)


@pytest.mark.parametrize(
    "check",
    [
        testing.check_parameters,
        testing.check_input_untouched,
        testing.check_sklearn,
        testing.check_bad_input,
    ],
    ids=lambda check: check.__name__,
)
def test_contract(check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(clone(TrialVaryingDynamics(2, n_init=2, random_state=0)), testing._data())


def test_planted_dynamics_come_back():
    X, W, factors = planted(n_times=400)
    model = TrialVaryingDynamics(2, random_state=0).fit(X)
    found = (model.trial_factors_, model.output_factors_, model.input_factors_)
    for truth, ours in zip(factors, found, strict=True):
        assert np.abs(cosines(truth, ours)).max(axis=1).min() > 0.98
    error = np.linalg.norm(model.matrices() - W) / np.linalg.norm(W)
    assert error < 0.15
    # Every trial's matrix by itself, from the same bins, is further from the truth.
    alone = np.array([x[:, 1:] @ np.linalg.pinv(x[:, :-1]) for x in X])
    assert np.linalg.norm(alone - W) > 1.5 * np.linalg.norm(model.matrices() - W)
    radius = np.abs(np.linalg.eigvals(W)).max(axis=1)
    assert np.abs(model.spectral_radius_ - radius).max() < 0.1


def test_without_noise_the_matrices_are_exact():
    X, _, _ = planted(n_neurons=4, n_times=12, noise=0.0, n_trials=30)
    model = TrialVaryingDynamics(2, random_state=0, tol=1e-13, max_iter=20000).fit(X)
    assert model.explained_variance_ratio_ > 1 - 1e-6
    rebuilt = model.simulate(X[:, :, 0], 12)
    np.testing.assert_allclose(rebuilt, X, atol=1e-2 * np.abs(X).max())


def test_full_rank_is_least_squares_of_every_trial():
    """With as many components as matrices have entries, each trial has its own regression."""
    X, _, _ = planted(n_trials=8, n_neurons=2, n_times=30)
    model = TrialVaryingDynamics(4, smoothness=0, random_state=0, tol=1e-13, max_iter=20000).fit(X)
    best = sum(
        np.sum((x[:, 1:] - x[:, 1:] @ np.linalg.pinv(x[:, :-1]) @ x[:, :-1]) ** 2) for x in X
    )
    assert model.loss_ == pytest.approx(best, rel=1e-4)


def test_one_trial_is_a_reduced_rank_regression():
    """Closed form (Izenman 1975): the fitted values of least squares, truncated."""
    X, _, _ = planted(n_trials=1, n_neurons=5, n_times=80)
    model = TrialVaryingDynamics(2, random_state=0, tol=1e-13, max_iter=20000).fit(X)
    before, after = X[0, :, :-1], X[0, :, 1:]
    fitted = after @ np.linalg.pinv(before) @ before
    sizes = np.linalg.svd(fitted, compute_uv=False)
    best = np.sum((after - fitted) ** 2) + np.sum(sizes[2:] ** 2)
    assert model.loss_ == pytest.approx(best, rel=1e-6)


def test_brute_force_finds_nothing_better():
    X, _, _ = planted(n_trials=5, n_neurons=3, n_times=15)
    shapes = [(5, 2), (3, 2), (3, 2)]
    edges = np.cumsum([np.prod(s) for s in shapes])[:-1]

    def loss(flat):
        a, b, c = (p.reshape(s) for p, s in zip(np.split(flat, edges), shapes, strict=True))
        return squared_error(X, np.einsum("kr,mr,nr->kmn", a, b, c))

    rng = np.random.default_rng(0)
    best = min(
        scipy.optimize.minimize(loss, rng.standard_normal(22), method="BFGS").fun for _ in range(10)
    )
    model = TrialVaryingDynamics(2, smoothness=0, n_init=20, random_state=0, tol=1e-10).fit(X)
    assert model.loss_ <= best * (1 + 1e-6)
    assert model.loss_ == pytest.approx(squared_error(X, model.matrices()), rel=1e-10)
    assert np.all(np.diff(model.loss_history_) <= 1e-12 * np.sum(X**2))


@pytest.mark.parametrize("direct", [True, False])
def test_each_update_is_the_best_there_is(direct, monkeypatch):
    if not direct:
        monkeypatch.setattr("trialtensor.solvers.dynamics_problem._DIRECT", 0)
    X, _, _ = planted(n_trials=7, n_neurons=4, n_times=20)
    steps = Transitions(X)
    assert (steps.counts == 19).all()
    problem = in_span(steps)
    rng = np.random.default_rng(1)
    start = tuple(rng.standard_normal((n, 2)) for n in (7, 4, 4))
    (trial, output, source), loss = problem.sweep(start, RowUpdater((False,) * 3))
    output, source = problem.outputs @ output, problem.inputs @ source
    assert loss == pytest.approx(
        squared_error(X, np.einsum("kr,mr,nr->kmn", trial, output, source)), rel=1e-9
    )
    # The input factor, by one large regression.
    columns = [
        np.concatenate(
            [np.outer(trial[k, r] * output[:, r], X[k, n, :-1]).ravel() for k in range(7)]
        )
        for n in range(4)
        for r in range(2)
    ]
    target = np.concatenate([X[k, :, 1:].ravel() for k in range(7)])
    expected = np.linalg.lstsq(np.array(columns).T, target, rcond=None)[0].reshape(4, 2)
    np.testing.assert_allclose(source, expected, rtol=1e-5, atol=1e-7)


def test_stability_of_each_trial():
    X, _, _ = planted()
    model = TrialVaryingDynamics(3, random_state=0).fit(X)
    for k, W in enumerate(model.matrices()):
        values = np.linalg.eigvals(W)
        largest = np.abs(values).max()
        assert model.spectral_radius_[k] == pytest.approx(largest)
        assert model.stable_[k] == (largest < 1)
        nonzero = np.sort(np.abs(values))[::-1][:3]
        np.testing.assert_allclose(np.abs(model.eigenvalues_[k]), nonzero, atol=1e-8)
    growing = np.cumprod(np.full((4, 2, 10), 1.2), axis=2)
    growing[1] = np.cumprod(np.full((2, 10), 0.5), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TrialVaryingDynamics(1, random_state=0).fit(growing)
    np.testing.assert_allclose(model.spectral_radius_, [1.2, 0.5, 1.2, 1.2], rtol=1e-6)
    assert model.stable_.tolist() == [False, True, False, False]


@pytest.mark.parametrize("smoothness", [0, 4])
def test_transform_predict_and_score_agree(smoothness):
    X, _, _ = planted()
    model = TrialVaryingDynamics(2, smoothness=smoothness, random_state=0).fit(X)
    trial = model.transform(X)
    np.testing.assert_allclose(trial, model.single_trials_, atol=1e-9)
    predicted = model.predict(X)
    assert np.isnan(predicted[:, :, 0]).all()
    error = np.nansum((X - predicted) ** 2)
    assert error == pytest.approx(squared_error(X, model.matrices(trial)))
    assert model.score(X) == pytest.approx(1 - error / np.sum(X[:, :, 1:] ** 2))
    if smoothness:  # each trial by itself is explained better
        assert error < model.loss_
    else:
        np.testing.assert_allclose(trial, model.trial_factors_, atol=1e-9)
        assert error == pytest.approx(model.loss_)
        assert model.score(X) == pytest.approx(model.explained_variance_ratio_)
    assert model.predict(X[:3, :, :7]).shape == (3, 6, 7)
    new, _, _ = planted(seed=0, n_trials=40)
    assert model.score(new[::2]) > 0.2


def test_missing_bins_are_neither_predicted_nor_predicted_from():
    X, _, _ = planted()
    holed = X.copy()
    holed[3, 2, 10] = np.nan
    holed[5, :, 40:] = np.nan
    holed[7] = np.nan
    with pytest.warns(MissingSliceWarning, match=r"1 of 40 trials"):
        model = TrialVaryingDynamics(2, random_state=0).fit(holed)
    assert model.n_transitions_[[0, 3, 5, 7]].tolist() == [59, 57, 39, 0]
    assert np.isnan(model.trial_factors_[7]).all() and np.isnan(model.spectral_radius_[7])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(model.predict(holed)[5, :, 41:]).all()
        garbage = TrialVaryingDynamics(2, random_state=0).fit(
            np.where(np.isnan(holed), np.inf, holed), mask=np.isfinite(holed)
        )
    np.testing.assert_array_equal(garbage.trial_factors_, model.trial_factors_)
    # A neuron that was never seen is left out.
    X[:, 4] = np.nan
    model = TrialVaryingDynamics(2, random_state=0).fit(X)
    assert np.isnan(model.output_factors_[4]).all()
    there = TrialVaryingDynamics(2, random_state=0).fit(np.delete(X, 4, axis=1))
    assert model.loss_ == pytest.approx(there.loss_)


def test_scale_and_repeatable():
    X, _, _ = planted()
    one, two = (TrialVaryingDynamics(2, n_jobs=j, random_state=0).fit(X) for j in (None, 2))
    np.testing.assert_array_equal(one.trial_factors_, two.trial_factors_)
    large = TrialVaryingDynamics(2, random_state=0).fit(1e5 * X)
    np.testing.assert_allclose(large.matrices(), one.matrices(), atol=1e-3)


def test_files_and_labels(tmp_path):
    X, _, _ = planted()
    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"day": ("trial", np.arange(40) // 10)}
    )
    model = TrialVaryingDynamics(2, n_init=2, random_state=0).fit(labelled)
    model.save(tmp_path / "m.h5")
    for copy in (trialtensor.load(tmp_path / "m.h5"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
        np.testing.assert_array_equal(copy.eigenvalues_, model.eigenvalues_)
        assert copy.get_params() == model.get_params()
    assert "day" in model.to_xarray().coords


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: TrialVaryingDynamics(0).fit(X), "n_components"),
        (lambda X: TrialVaryingDynamics(37).fit(X), r"40 trials x 6 neurons have at most 36"),
        (lambda X: TrialVaryingDynamics(2, init=X).fit(X), "init"),
        (lambda X: TrialVaryingDynamics(2).fit(X[:, :, :1]), "at least 2 time bins, got 1"),
        (lambda X: TrialVaryingDynamics(2).fit(X * 0), "zero"),
        (
            lambda X: TrialVaryingDynamics(2).fit(np.where(np.arange(60) % 2, X, np.nan)),
            "no trial has two neighbouring",
        ),
        (lambda X: TrialVaryingDynamics(2).fit(X).transform(X[:, :5]), "6 neurons, got 5"),
        (lambda X: TrialVaryingDynamics(2).fit(X).matrices(np.ones((3, 4))), "trial_factors"),
        (lambda X: TrialVaryingDynamics(2).fit(X).simulate(X[:3, :, 0], 5), "start: expected"),
        (lambda X: TrialVaryingDynamics(2).fit(X).simulate(X[:, :, 0], 0), "n_times"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(planted()[0])
