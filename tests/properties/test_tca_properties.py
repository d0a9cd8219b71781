"""What must hold for any data, found by hypothesis."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialtensor import TCA

pytestmark = pytest.mark.filterwarnings("ignore")
NONNEGATIVE = st.sampled_from([False, True, ("trial",), ("neuron", "time")])


@st.composite
def tensors(draw, min_side=4):
    """Low-rank data plus noise of any strength, of any small shape and any unit."""
    shape = tuple(draw(st.integers(min_side, 12)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    rank = draw(st.integers(1, 3))
    factors = [rng.random((n, rank)) + draw(st.sampled_from([-0.5, 0.0])) for n in shape]
    signal = np.einsum("kr,nr,tr->knt", *factors)
    noise = draw(st.sampled_from([0.0, 0.1, 1.0, 10.0])) * rng.standard_normal(shape)
    return (signal + noise) * draw(st.sampled_from([1e-6, 1.0, 1e6]))


@st.composite
def masks(draw, shape):
    """Observed entries of every kind of pattern, some slices perhaps empty."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    varying = draw(st.sampled_from([(1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)]))
    part = tuple(n if v else 1 for n, v in zip(shape, varying, strict=True))
    observed = np.broadcast_to(rng.random(part) < draw(st.sampled_from([0.5, 0.9])), shape).copy()
    observed[0, 0] = True
    return observed


def fit(X, n_components=2, mask=None, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"n_init": 2, "max_iter": 200, "random_state": 0, **parameters}
        return TCA(n_components, **options).fit(X, mask=mask)


@given(X=tensors(), nonnegative=NONNEGATIVE, data=st.data())
def test_loss_never_rises(X, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    model = fit(X, nonnegative=nonnegative, mask=mask)
    observed = X if mask is None else X[mask]
    assert np.all(np.diff(model.loss_history_) <= 1e-13 * np.sum(observed**2))
    assert 0 <= model.explained_variance_ratio_ <= 1


@given(X=tensors(), data=st.data())
def test_garbage_behind_the_mask_changes_nothing(X, data):
    mask = data.draw(masks(X.shape))
    garbage = data.draw(st.sampled_from([np.nan, np.inf, -1e300, 7.0]))
    clean, dirty = fit(X, mask=mask), fit(np.where(mask, X, garbage), mask=mask)
    np.testing.assert_array_equal(clean.reconstruct(), dirty.reconstruct())
    assert clean.loss_ == dirty.loss_


@given(X=tensors(), nonnegative=NONNEGATIVE, data=st.data())
def test_transform_of_the_training_trials_is_the_trial_factors(X, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    model = fit(X, nonnegative=nonnegative, mask=mask)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = model.transform(X, mask=mask)
    # A component whose weight is lost in rounding has no direction to agree on.
    scale = model.weights_ / model.weights_.max()
    np.testing.assert_allclose(again * scale, model.trial_factors_ * scale, atol=1e-6)


@given(X=tensors(), seed=st.integers(0, 2**16))
def test_permuted_trials_permute_the_trial_factors(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    start = tuple(np.random.default_rng(0).standard_normal((n, 2)) for n in X.shape)
    model = fit(X, init=start)
    permuted = fit(X[order], init=(start[0][order], *start[1:]))
    np.testing.assert_allclose(
        permuted.reconstruct(), model.reconstruct()[order], atol=1e-3 * np.abs(X).max()
    )
    assert permuted.loss_ == pytest.approx(model.loss_, rel=1e-3, abs=1e-9 * np.sum(X**2))


@given(X=tensors(), nonnegative=NONNEGATIVE)
def test_the_same_seed_gives_the_same_bits_and_the_input_is_left_alone(X, nonnegative):
    before = X.tobytes()
    first, again = fit(X, nonnegative=nonnegative), fit(X, nonnegative=nonnegative)
    assert X.tobytes() == before
    for name in ("trial_factors_", "neuron_factors_", "time_factors_", "weights_"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()


@given(X=tensors(), nonnegative=NONNEGATIVE)
def test_constraints_hold_and_norms_are_one(X, nonnegative):
    model = fit(X, nonnegative=nonnegative)
    axes = ("trial", "neuron", "time")
    named = axes if nonnegative is True else (nonnegative or ())
    for axis in axes:
        factor = getattr(model, f"{axis}_factors_")
        norms = np.linalg.norm(factor, axis=0)
        assert np.all(np.isclose(norms, 1) | (norms == 0))
        assert axis not in named or factor.min() >= 0


@given(X=tensors(), exponent=st.sampled_from([-21, 21]))
def test_units_do_not_matter(X, exponent):
    # Rounding can lead a fit of noise elsewhere, but not far.
    model, scaled = fit(X), fit(np.ldexp(X, exponent))
    assert scaled.explained_variance_ratio_ == pytest.approx(
        model.explained_variance_ratio_, abs=2e-2
    )
