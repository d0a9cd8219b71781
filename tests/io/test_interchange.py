import numpy as np
import pytest
import tensorly
from sklearn.exceptions import NotFittedError
from tensorly.cp_tensor import CPTensor

from trialtensor.data import make_tca
from trialtensor.io import from_tensorly, to_tensorly
from trialtensor.models import TCA


@pytest.fixture(scope="module")
def X():
    return make_tca(20, 10, 15, 2, snr=10.0, random_state=0).X


@pytest.fixture(scope="module")
def model(X):
    return TCA(2, n_init=2, random_state=0).fit(X)


@pytest.fixture
def cp_tensor():
    return tensorly.random.random_cp((20, 10, 15), 3, random_state=0, normalise_factors=False)


def test_tensorly_gets_the_same_tensor(model):
    cp_tensor = to_tensorly(model)
    assert isinstance(cp_tensor, CPTensor)
    assert cp_tensor.shape == (20, 10, 15)
    assert cp_tensor.rank == 2
    np.testing.assert_allclose(tensorly.cp_to_tensor(cp_tensor), model.reconstruct(), atol=1e-12)


def test_the_factors_are_copies(model):
    before = model.trial_factors_.copy(), model.weights_.copy()
    cp_tensor = to_tensorly(model)
    cp_tensor.factors[0][:] = 0
    cp_tensor.weights[:] = 0
    np.testing.assert_array_equal(model.trial_factors_, before[0])
    np.testing.assert_array_equal(model.weights_, before[1])


def test_an_unfitted_model_has_no_factors():
    with pytest.raises(NotFittedError):
        to_tensorly(TCA(2))


@pytest.mark.parametrize("weights", [None, np.array([3.0, 1.0, 2.0])])
def test_tensorly_factors_become_a_fitted_model(cp_tensor, weights):
    factors = [factor.copy() for factor in cp_tensor.factors]
    model = from_tensorly((weights, factors))
    assert model.n_components == 3
    expected = tensorly.cp_to_tensor((weights, factors))
    np.testing.assert_allclose(model.reconstruct(), expected, rtol=1e-10)
    for factor in (model.trial_factors_, model.neuron_factors_, model.time_factors_):
        np.testing.assert_allclose(np.linalg.norm(factor, axis=0), 1)
    np.testing.assert_array_equal(factors[0], cp_tensor.factors[0])
    np.testing.assert_allclose(model.transform(expected), model.trial_factors_, atol=1e-8)


def test_there_and_back(model):
    back = from_tensorly(to_tensorly(model))
    np.testing.assert_allclose(back.reconstruct(), model.reconstruct(), atol=1e-12)


def test_wrong_shapes(cp_tensor):
    weights, factors = cp_tensor
    with pytest.raises(ValueError, match=r"cp_tensor: expected trial, neuron and time factors"):
        from_tensorly((weights, factors[:2]))
    with pytest.raises(ValueError, match=r"got shapes \[\(20, 3\), \(10, 3\), \(15, 2\)\]"):
        from_tensorly((weights, [*factors[:2], factors[2][:, :2]]))
    with pytest.raises(ValueError, match=r"cp_tensor: expected 3 weights, one a component, got"):
        from_tensorly((np.ones(2), factors))


def test_a_fit_starts_at_a_tensorly_object(X, model):
    again = TCA(2, init=to_tensorly(model)).fit(X)
    assert again.loss_ == pytest.approx(model.loss_, rel=1e-6)
