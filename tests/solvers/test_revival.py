"""Components at zero under a non-negativity constraint, and their return."""

import itertools
import warnings

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA
from trialtensor.models.warnings import DegeneracyWarning
from trialtensor.solvers.contraction import reconstruct
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.revival import dead_components, free_first, revive

AXES = ("trial", "neuron", "time")
SUBSETS = [each for n in (1, 2, 3) for each in itertools.combinations(AXES, n)]


def planted(seed, positive=(), shape=(14, 11, 9), rank=3):
    """Noisy data and the squared error of the planted model, which a good fit is below."""
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((n, rank)) for n in shape]
    factors = [np.abs(f) if axis in positive else f for axis, f in zip(AXES, factors, strict=True)]
    X = np.einsum("kr,nr,tr->knt", *factors)
    noise = 0.5 * X.std() * rng.standard_normal(shape)
    return X + noise, float(np.sum(noise**2))


@pytest.mark.parametrize("axes", SUBSETS, ids="-".join)
@pytest.mark.parametrize("init", ["svd", "random"])
@pytest.mark.parametrize("positive", [(), AXES], ids=["signed", "positive"])
def test_no_start_of_its_own_ends_with_components_at_zero(axes, init, positive):
    for seed in range(5):
        X, _ = planted(seed, positive)
        model = TCA(3, nonnegative=axes, n_init=1, init=init, random_state=seed).fit(X)
        assert model.fitted_.n_zero == 0


@pytest.mark.parametrize("init", ["svd", "random"])
def test_one_start_finds_the_planted_components(init):
    found = []
    for seed in range(10):
        X, error = planted(seed, ("trial",))
        model = TCA(3, nonnegative=["trial"], n_init=1, init=init, random_state=seed).fit(X)
        found.append(model.loss_ <= error)
    assert sum(found) >= 9


def test_the_same_of_coupled_datasets():
    for seed in range(5):
        X, _ = planted(seed, ("trial",))
        for shared, axes in itertools.product(("trial", "time"), (["trial"], AXES)):
            model = CoupledTCA(3, shared=shared, nonnegative=axes, n_init=1, random_state=seed)
            model.fit({"a": X[:, :5], "b": X[:, 5:]})
            assert model.fitted_.n_zero == 0


def test_the_loss_never_rises_while_components_return():
    for seed in range(8):
        X, _ = planted(seed, ("trial",))
        model = TCA(3, nonnegative=True, n_init=1, solver="full", random_state=seed).fit(X)
        assert np.all(np.diff(model.loss_history_) <= 1e-9 * model.loss_history_[0])


def test_a_single_positive_entry_is_found_among_negative_ones():
    X = -np.ones((7, 6, 5)) - 0.1 * np.random.default_rng(0).random((7, 6, 5))
    X[4, 1, 3] = 5
    with pytest.warns(DegeneracyWarning, match="1 of 2 components are zero"):
        model = TCA(2, nonnegative=True, n_init=1, random_state=0).fit(X)
    # The best non-negative model of one entry leaves all others.
    assert model.loss_ == pytest.approx(np.sum(X**2) - 25)
    assert model.trial_factors_[4, 0] == pytest.approx(1)


def test_all_negative_data_has_zero_components_and_a_sentence_each():
    X = -np.random.default_rng(0).random((20, 10, 12)) - 0.1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = TCA(3, nonnegative=True, random_state=0).fit(X)
    assert [str(each.message)[:26] for each in caught] == [
        "nonnegative: the data has ",
        "3 of 3 components are zero",
    ]
    assert model.loss_ == pytest.approx(np.sum(X**2)) and model.n_iter_ < 30


@pytest.mark.parametrize("masked", [False, True])
def test_a_component_comes_back_where_the_residuals_have_one(masked):
    X, _ = planted(1, AXES)
    observed = np.random.default_rng(2).random(X.shape) > 0.2
    problem = DenseProblem(X, sum_of_squares(X))
    if masked:
        known = np.where(observed, X, 0)
        problem = MaskedProblem(known, observed, sum_of_squares(known))
    factors = [np.random.default_rng(3).random((n, 2)) for n in X.shape]
    factors[0][:, 1] = 0
    weights = observed if masked else 1

    def loss(factors):
        return float(np.sum(weights * (X - reconstruct(tuple(factors))) ** 2))

    before = SolverResult(tuple(factors), loss(factors), np.ones(1), 1, StopReason.CONVERGED)
    dead = dead_components(factors)
    assert [each.columns for each in dead] == [{0: 1, 1: 1, 2: 1}]
    found = revive(problem, before, dead, (True, True, True), 1e-6)
    assert not dead_components(found) and loss(found) < 0.99 * before.loss
    for new, old in zip(found, factors, strict=True):
        assert np.all(new >= 0)
        np.testing.assert_array_equal(new[:, 0], old[:, 0])  # the others stay


def test_free_factors_are_fitted_to_the_others_first():
    X, _ = planted(0, ("trial",))
    problem = DenseProblem(X, sum_of_squares(X))
    rng = np.random.default_rng(0)
    start = (rng.random((14, 3)), rng.standard_normal((11, 3)), rng.standard_normal((9, 3)))
    trial, neuron, _ = free_first(problem, start, (True, False, False))
    np.testing.assert_array_equal(trial, start[0])
    # By brute force: the neurons that fit best to trials and times as drawn.
    design = np.einsum("kr,tr->ktr", start[0], start[2]).reshape(-1, 3)
    best = np.linalg.lstsq(design, np.moveaxis(X, 1, 2).reshape(-1, 11), rcond=None)[0].T
    np.testing.assert_allclose(neuron, best, rtol=1e-6)
    assert free_first(problem, start, (False, True, False)) is start
