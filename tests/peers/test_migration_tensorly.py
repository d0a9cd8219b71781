"""Every row of docs/migration/tensorly.md: their call and ours on the same data.

A test has the name of the row; `test_migration_pages.py` checks that rows and tests agree.
"""

import numpy as np
import pytest
import tensorly as tl
from tensorly import decomposition, metrics, random
from tensorly.cp_tensor import cp_flip_sign, cp_permute_factors
from tensorly.metrics.regression import R2_score
from tensorly.parafac2_tensor import (
    apply_parafac2_projections,
    parafac2_normalise,
    parafac2_to_slice,
    parafac2_to_slices,
    parafac2_to_tensor,
)
from tensorly.preprocessing import svd_compress_tensor_slices

import trialtensor as tt
from trialtensor.alignment import match_fits
from trialtensor.selection import factor_match_score

RANK = 3
FAR = {"n_iter_max": 2000, "tol": 1e-12}


@pytest.fixture(scope="module")
def X():
    return tt.make_tca(24, 16, 20, RANK, collinearity=0.5, snr=2.0, random_state=0).X


@pytest.fixture(scope="module")
def positive():
    X = tt.make_tca(20, 12, 15, 2, nonnegative=True, snr=5.0, random_state=0).X
    return np.maximum(X, 0)


@pytest.fixture(scope="module")
def theirs(X):
    return decomposition.parafac(X, RANK, **FAR)


@pytest.fixture(scope="module")
def ours(X):
    return tt.TCA(RANK, tol=1e-10, random_state=0).fit(X)


@pytest.fixture(scope="module")
def slices():
    counts = (25, 14, 30, 18, 22, 16, 28, 20)
    data = tt.make_parafac2(1, counts, 30, 2, snr=5.0, random_state=1)
    return [block[0] for block in data.X]


@pytest.fixture(scope="module")
def their_parafac2(slices):
    return decomposition.parafac2(slices, 2, init="svd", random_state=0, **FAR)


@pytest.fixture(scope="module")
def our_parafac2(slices):
    return tt.Parafac2(2, tol=1e-10, random_state=0).fit(slices)


def squared_error(X, cp):
    return float(np.sum((X - tl.cp_to_tensor(cp)) ** 2))


def slices_error(slices, fit):
    return sum(np.sum((x - y) ** 2) for x, y in zip(slices, parafac2_to_slices(fit), strict=True))


def test_parafac(X, theirs, ours):
    assert ours.loss_ == pytest.approx(squared_error(X, theirs), rel=1e-7)
    assert factor_match_score(ours, tt.from_tensorly(theirs)) > 0.99999


def test_cp_class(X, ours):
    found = decomposition.CP(RANK, **FAR).fit_transform(X)
    assert ours.loss_ == pytest.approx(squared_error(X, found), rel=1e-7)


def test_parafac_init(X):
    start = random.random_cp(X.shape, RANK, random_state=1)
    found = decomposition.parafac(X, RANK, init=start.cp_copy(), **FAR)
    ours = tt.TCA(RANK, init=start, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(squared_error(X, found), rel=1e-7)


def test_parafac_mask(X):
    mask = np.random.default_rng(0).random(X.shape) < 0.8
    found = decomposition.parafac(X, RANK, mask=mask.astype(float), **FAR)
    ours = tt.TCA(RANK, random_state=0).fit(X, mask=mask)
    there = np.sum((X - tl.cp_to_tensor(found))[mask] ** 2)
    assert ours.loss_ == pytest.approx(there, rel=1e-5)


def test_fixed_modes(X, theirs):
    """New trials, with the neuron and time factors of a fit; it can't fix the last mode."""
    weights, (_, neuron, time) = theirs
    start = (weights, [neuron, time, np.ones((5, RANK))])
    tensor = np.moveaxis(X[:5], 0, -1)
    found = decomposition.parafac(tensor, RANK, init=start, fixed_modes=[0, 1], **FAR)
    model = tt.from_tensorly(theirs)
    here = model.inverse_transform(model.transform(X[:5]))
    np.testing.assert_allclose(here, np.moveaxis(tl.cp_to_tensor(found), -1, 0), atol=1e-6)


def test_return_errors(X, ours):
    _, errors = decomposition.parafac(X, RANK, return_errors=True, **FAR)
    here = np.sqrt(ours.loss_history_ / np.sum(X**2))
    assert here[-1] == pytest.approx(float(errors[-1]), rel=1e-6)


def test_non_negative_parafac_hals(positive):
    found = decomposition.non_negative_parafac_hals(positive, 2, **FAR)
    ours = tt.TCA(2, nonnegative=True, random_state=0).fit(positive)
    assert ours.loss_ == pytest.approx(squared_error(positive, found), rel=1e-5)


def test_non_negative_parafac(positive):
    found = decomposition.non_negative_parafac(positive, 2, **FAR)
    ours = tt.TCA(2, nonnegative=True, random_state=0).fit(positive)
    assert ours.loss_ == pytest.approx(squared_error(positive, found), rel=1e-5)


def test_nn_modes(positive):
    found = decomposition.non_negative_parafac_hals(positive, 2, nn_modes=[1], **FAR)
    ours = tt.TCA(2, nonnegative=("neuron",), random_state=0).fit(positive)
    assert ours.loss_ == pytest.approx(squared_error(positive, found), rel=1e-5)


def test_constrained_parafac(positive):
    found = decomposition.constrained_parafac(
        positive, 2, non_negative=True, n_iter_max=300, n_iter_max_inner=20, random_state=0
    )
    ours = tt.TCA(2, nonnegative=True, random_state=0).fit(positive)
    assert ours.loss_ == pytest.approx(squared_error(positive, found), rel=1e-3)


def test_parafac2(slices, their_parafac2, our_parafac2):
    assert our_parafac2.loss_ == pytest.approx(slices_error(slices, their_parafac2), rel=1e-5)


def test_parafac2_to_slices(our_parafac2):
    again = tt.to_tensorly(our_parafac2)
    for there, here in zip(parafac2_to_slices(again), our_parafac2.reconstruct(), strict=True):
        np.testing.assert_allclose(here[0], there, atol=1e-8)
    np.testing.assert_allclose(
        our_parafac2.reconstruct()[2][0], parafac2_to_slice(again, 2), atol=1e-8
    )


def test_parafac2_to_tensor(our_parafac2, slices):
    """Theirs is padded with zeros to the largest slice."""
    padded = parafac2_to_tensor(tt.to_tensorly(our_parafac2))
    for there, slice_, here in zip(padded, slices, our_parafac2.reconstruct(), strict=True):
        np.testing.assert_allclose(here[0], there[: len(slice_)], atol=1e-8)


def test_apply_parafac2_projections(our_parafac2):
    normal = parafac2_normalise(tt.to_tensorly(our_parafac2))
    _, (_, patterns, _) = apply_parafac2_projections(normal)
    for block, there in enumerate(patterns):
        here = our_parafac2.neuron_factors_[block, : len(there)]
        there = there / np.linalg.norm(there, axis=0)
        np.testing.assert_allclose(here, there, atol=1e-6)


def test_cp_tensor(theirs):
    model = tt.from_tensorly(theirs)
    again = tt.to_tensorly(model)
    assert isinstance(again, tl.cp_tensor.CPTensor)
    np.testing.assert_allclose(tl.cp_to_tensor(again), tl.cp_to_tensor(theirs), atol=1e-10)


def test_cp_to_tensor(theirs):
    here = tt.from_tensorly(theirs).reconstruct()
    np.testing.assert_allclose(here, tl.cp_to_tensor(theirs), atol=1e-10)
    np.testing.assert_allclose(here.reshape(len(here), -1), tl.cp_to_unfolded(theirs, 0), atol=1e-9)
    np.testing.assert_allclose(here.ravel(), tl.cp_to_vec(theirs), atol=1e-9)


def test_cp_normalize(theirs):
    weights, (trial, *_) = tl.cp_tensor.cp_normalize(theirs)
    model = tt.from_tensorly(theirs)
    order = np.argsort(-np.asarray(weights))
    ours = np.argsort(-model.weights_)
    np.testing.assert_allclose(model.weights_[ours], np.asarray(weights)[order], rtol=1e-8)
    np.testing.assert_allclose(
        np.abs(model.trial_factors_[:, ours]), np.abs(trial[:, order]), atol=1e-8
    )


def test_cp_flip_sign(theirs):
    """Both leave what the model says as it is; the rule differs."""
    flipped = cp_flip_sign(theirs, mode=0)
    model = tt.from_tensorly(theirs)
    np.testing.assert_allclose(model.reconstruct(), tl.cp_to_tensor(flipped), atol=1e-8)
    for factor in (model.neuron_factors_, model.time_factors_):
        centred = factor - factor.mean(axis=0)
        assert (np.sum(centred**3, axis=0) >= -1e-9).all()


def test_cp_norm(theirs):
    here = np.linalg.norm(tt.from_tensorly(theirs).reconstruct())
    assert here == pytest.approx(float(tl.cp_tensor.cp_norm(theirs)), rel=1e-8)


def test_cp_permute_factors(theirs):
    weights, factors = theirs
    other = tl.cp_tensor.CPTensor((weights[[2, 0, 1]], [f[:, [2, 0, 1]] for f in factors]))
    _, (order,) = cp_permute_factors(theirs, [other])
    first, second = tt.from_tensorly(theirs), tt.from_tensorly(other)
    found = match_fits([first, second], axes=("trial", "neuron", "time"))
    np.testing.assert_array_equal(np.asarray(order), found.order[1])
    np.testing.assert_allclose(found.congruence[1], 1, atol=1e-8)


def test_congruence_coefficient(X, ours):
    other = tt.TCA(RANK, n_init=1, max_iter=2, random_state=3)
    with pytest.warns(UserWarning, match="max_iter"):
        other.fit(X)
    there, _ = metrics.congruence_coefficient(
        list(tt.to_tensorly(ours).factors), list(tt.to_tensorly(other).factors)
    )
    here = factor_match_score(ours, other)
    assert 0.1 < here < 0.9999
    assert here == pytest.approx(there, abs=1e-9)


def test_regression_metrics(X, ours):
    rebuilt = ours.reconstruct()
    assert ours.loss_ / X.size == pytest.approx(metrics.MSE(X, rebuilt), rel=1e-9)
    assert np.sqrt(ours.loss_ / X.size) == pytest.approx(metrics.RMSE(X, rebuilt), rel=1e-9)
    assert ours.explained_variance_ratio_ == pytest.approx(R2_score(X, rebuilt), rel=1e-9)


def test_unfold(X):
    here = np.moveaxis(X, 1, 0).reshape(X.shape[1], -1)
    np.testing.assert_array_equal(here, tl.unfold(X, 1))
    np.testing.assert_array_equal(np.moveaxis(here.reshape(16, 24, 20), 0, 1), X)
    np.testing.assert_array_equal(tl.fold(here, 1, X.shape), X)


def test_svd_compress(slices, their_parafac2, our_parafac2):
    scores, loadings = svd_compress_tensor_slices(slices)
    compressed = decomposition.parafac2(scores, 2, init="svd", random_state=0, **FAR)
    assert len(loadings) == len(slices)
    assert slices_error(scores, compressed) == pytest.approx(our_parafac2.loss_, rel=1e-4)


def test_random_cp():
    there = random.random_cp((24, 16, 20), 2, full=True, random_state=0)
    here = tt.make_tca(24, 16, 20, 2, snr=np.inf, random_state=0).X
    for tensor in (there, here):
        assert np.linalg.matrix_rank(np.asarray(tensor).reshape(24, -1)) == 2


def test_random_parafac2():
    shapes = [(25, 30), (14, 30), (30, 30)]
    there = parafac2_to_slices(random.random_parafac2(shapes, 2, random_state=0))
    blocks = tt.make_parafac2(1, (25, 14, 30), 30, 2, snr=np.inf, random_state=0).X
    here = [block[0] for block in blocks]
    for matrices in (there, here):
        assert [matrix.shape for matrix in matrices] == shapes
        assert np.linalg.matrix_rank(np.vstack(matrices)) == 2


@pytest.mark.filterwarnings("ignore:components that look private")
def test_coupled(X):
    """A matrix of trials x features is a dataset with a single time bin."""
    features = X[:, :6, 4] + 0.5 * np.random.default_rng(0).normal(size=(24, 6))
    tensor, matrix, _ = decomposition.coupled_matrix_tensor_3d_factorization(
        X, features, RANK, init="svd", n_iter_max=2000
    )
    there = np.sum((X - tl.cp_to_tensor(tensor)) ** 2)
    there += np.sum((features - tl.cp_to_tensor(matrix)) ** 2)
    ours = tt.CoupledTCA(RANK, balanced=False, random_state=0).fit(
        {"tensor": X, "matrix": features[:, :, None]}
    )
    assert ours.loss_ == pytest.approx(there, rel=1e-3)
