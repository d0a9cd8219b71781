"""The same problems in tensorly, which also supplies the conversions checked here."""

import numpy as np
import pytest
import tensorly
from tensorly.cp_tensor import cp_to_tensor, unfolding_dot_khatri_rao
from tensorly.decomposition import non_negative_parafac_hals, parafac
from tensorly.metrics import congruence_coefficient

from trialtensor import TCA, make_tca, to_tensorly
from trialtensor.solvers import contraction

SHAPE, RANK = (30, 20, 25), 3


def draw(nonnegative=False, seed=0):
    return make_tca(
        *SHAPE, RANK, nonnegative=nonnegative, collinearity=0.5, snr=2.0, random_state=seed
    )


def random_factors(seed=1):
    rng = np.random.default_rng(seed)
    return tuple(rng.random((n, RANK)) for n in SHAPE)


def squared_error(X, cp_tensor, mask=None):
    error = X - cp_to_tensor(cp_tensor)
    return float(np.sum(error**2 if mask is None else error[mask] ** 2))


def as_cp(factors):
    return np.ones(RANK), [f.copy() for f in factors]


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_mttkrp(mode):
    X, factors = draw().X, random_factors()
    theirs = unfolding_dot_khatri_rao(X, as_cp(factors), mode)
    np.testing.assert_allclose(contraction.mttkrp(X, factors, mode), theirs, rtol=1e-10)


def test_khatri_rao():
    first, second, _ = random_factors()
    theirs = tensorly.tenalg.khatri_rao([first, second])
    np.testing.assert_allclose(contraction.khatri_rao(first, second), theirs)


def test_reconstruction():
    factors = random_factors()
    np.testing.assert_allclose(contraction.reconstruct(factors), cp_to_tensor(as_cp(factors)))


@pytest.mark.parametrize("nonnegative", [False, True])
def test_fitted_model_means_the_same_to_tensorly(nonnegative):
    X = draw(nonnegative).X
    model = TCA(RANK, nonnegative=nonnegative, n_init=1, random_state=0).fit(X)
    np.testing.assert_allclose(cp_to_tensor(to_tensorly(model)), model.reconstruct(), atol=1e-10)
    assert squared_error(X, to_tensorly(model)) == pytest.approx(model.loss_, rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_one_textbook_sweep_is_theirs(seed):
    """From the same factors one unaccelerated sweep goes to the same place."""
    X, start = draw().X, random_factors(seed)
    theirs = parafac(X, RANK, init=as_cp(start), n_iter_max=1, tol=0)
    with pytest.warns(UserWarning, match="max_iter"):
        ours = TCA(RANK, solver="als", init=start, max_iter=1).fit(X)
    # Ours ends by solving for the trials once more, which is how their next sweep begins.
    trial = parafac(X, RANK, init=theirs, n_iter_max=1, tol=0).factors[0]
    congruence, _ = congruence_coefficient(
        list(to_tensorly(ours).factors), [trial, *theirs.factors[1:]]
    )
    assert congruence == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_same_optimum_from_the_same_start(seed):
    X, start = draw().X, random_factors(seed)
    theirs = parafac(X, RANK, init=as_cp(start), n_iter_max=2000, tol=1e-12)
    ours = TCA(RANK, init=start, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(squared_error(X, theirs), rel=1e-7)
    congruence, _ = congruence_coefficient(list(to_tensorly(ours).factors), list(theirs.factors))
    assert congruence > 0.9999


@pytest.mark.parametrize("seed", range(3))
def test_default_fit_is_at_least_as_good(seed):
    X = draw(seed=seed).X
    ours = TCA(RANK, random_state=0).fit(X)
    for init in ("svd", "random"):
        theirs = parafac(X, RANK, init=init, n_iter_max=500, random_state=0)
        assert ours.loss_ <= squared_error(X, theirs) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_nonnegative_same_optimum_from_the_same_start(seed):
    X, start = draw(nonnegative=True).X, random_factors(seed)
    theirs = non_negative_parafac_hals(X, RANK, init=as_cp(start), n_iter_max=3000, tol=1e-12)
    ours = TCA(RANK, nonnegative=True, init=start, tol=1e-10).fit(X)
    assert min(f.min() for f in to_tensorly(ours).factors) >= 0
    assert ours.loss_ <= squared_error(X, theirs) * (1 + 1e-6)


def test_nonnegative_neurons_only():
    X = np.abs(draw().X)
    theirs = non_negative_parafac_hals(X, RANK, nn_modes=[1], n_iter_max=2000, tol=1e-12)
    ours = TCA(RANK, nonnegative=["neuron"], random_state=0).fit(X)
    assert ours.neuron_factors_.min() >= 0
    assert ours.loss_ <= squared_error(X, theirs) * (1 + 1e-6)


@pytest.mark.parametrize("missing", ["tracked", "trial_length", "entries"])
def test_missing_entries_same_optimum(missing):
    """tensorly fills in and refits (EM), ours leaves out: the optimum is one."""
    data = make_tca(*SHAPE, RANK, snr=4.0, missing=missing, missing_fraction=0.2, random_state=0)
    start = random_factors()
    theirs = parafac(
        np.nan_to_num(data.X),
        RANK,
        init=as_cp(start),
        mask=data.mask.astype(float),
        n_iter_max=3000,
        tol=1e-12,
    )
    ours = TCA(RANK, random_state=0).fit(data.X)
    # The ridge on what hardly any entry determines (the last bins) costs a little.
    rel = 2e-4 if missing == "trial_length" else 1e-5
    assert ours.loss_ == pytest.approx(squared_error(data.X, theirs, data.mask), rel=rel)
    congruence, _ = congruence_coefficient(list(to_tensorly(ours).factors), list(theirs.factors))
    assert congruence > 0.998


@pytest.mark.parametrize("nonnegative", [False, True])
def test_planted_factors_are_found(nonnegative):
    data = make_tca(
        80, 40, 50, 4, nonnegative=nonnegative, collinearity=0.7, snr=5.0, random_state=0
    )
    model = TCA(4, nonnegative=nonnegative, random_state=0).fit(data.X)
    congruence, _ = congruence_coefficient(list(to_tensorly(model).factors), list(data.factors))
    assert congruence > 0.99
