"""What must hold of SliceTCA for any data, found by hypothesis."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialtensor import SliceTCA
from trialtensor.solvers.slices import GAUGES, Components, fix_gauge
from trialtensor.solvers.slices.contraction import part, reconstruct
from trialtensor.solvers.slices.gauge import sum_of_part_norms

pytestmark = pytest.mark.filterwarnings("ignore")
AXES = ("trial", "neuron", "time")
# For properties of two fits or of masked ones.
FEW = settings(max_examples=12)
RANKS = st.sampled_from(
    [(1, 1, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2), (2, 0, 0), (0, 0, 1), (2, 2, 2)]
)


@st.composite
def tensors(draw, min_side=3):
    """Slices plus noise of any strength, of any small shape and any unit."""
    shape = tuple(draw(st.integers(min_side, 8)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    shift = draw(st.sampled_from([-0.5, 0.0]))
    signal = np.zeros(shape)
    for axis in range(3):
        for _ in range(draw(st.integers(0, 2))):
            slices = rng.random(np.delete(shape, axis)) + shift
            vector = rng.random(shape[axis]) + shift
            signal += np.moveaxis(np.multiply.outer(vector, slices), 0, axis)
    noise = draw(st.sampled_from([0.1, 1.0, 10.0])) * rng.standard_normal(shape)
    return (signal + noise) * draw(st.sampled_from([1e-6, 1.0, 1e6]))


@st.composite
def masks(draw, shape):
    """Observed entries of every kind of pattern, some slices perhaps empty."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    varying = draw(st.sampled_from([(1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)]))
    sizes = tuple(n if v else 1 for n, v in zip(shape, varying, strict=True))
    observed = np.broadcast_to(rng.random(sizes) < draw(st.sampled_from([0.5, 0.9])), shape).copy()
    # Two of everything, so that any of the counts of components can be asked for.
    observed[:2, :2, :2] = True
    return observed


@st.composite
def models(draw):
    """Components from anywhere; loadings may be collinear."""
    shape = tuple(draw(st.integers(3, 7)) for _ in range(3))
    ranks = draw(RANKS)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    collinear = draw(st.sampled_from([0.0, 0.99]))
    loadings, slices = [], []
    for axis, rank in enumerate(ranks):
        n = shape[axis]
        loadings.append(
            rng.standard_normal((n, rank)) + 10 * collinear * rng.standard_normal((n, 1))
        )
        slices.append(rng.standard_normal((rank, *np.delete(shape, axis))))
    return Components(tuple(loadings), tuple(slices))


def fit(X, n_components=(1, 1, 1), mask=None, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"n_init": 1, "max_iter": 100, "random_state": 0, **parameters}
        return SliceTCA(n_components, **options).fit(X, mask=mask)


@FEW
@given(X=tensors(), ranks=RANKS, nonnegative=st.booleans(), data=st.data())
def test_loss_never_rises(X, ranks, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    model = fit(X, ranks, nonnegative=nonnegative, mask=mask)
    observed = X if mask is None else X[mask]
    assert np.all(np.diff(model.loss_history_) <= 1e-13 * np.sum(observed**2))
    assert model.explained_variance_ratio_ <= 1
    residual = X - model.reconstruct()
    residual = residual if mask is None else residual[mask]
    assert model.loss_ == pytest.approx(np.sum(residual**2), abs=1e-12 * np.sum(observed**2))


@FEW
@given(X=tensors(), ranks=RANKS, nonnegative=st.booleans())
def test_more_freedom_never_explains_less(X, ranks, nonnegative):
    fewer = fit(X, ranks, nonnegative=nonnegative)
    found = [getattr(fewer, f"{axis}_loadings_") for axis in AXES]
    # From the loadings of the smaller model each step can only gain.
    free = fit(X, ranks, init=found)
    rounding = 1e-12 * np.sum(X**2)
    assert free.loss_ <= fewer.loss_ * (1 + 1e-9) + rounding
    rng = np.random.default_rng(0)
    wider = [np.hstack([u, rng.standard_normal((len(u), 1))]) for u in found]
    more = fit(X, tuple(rank + 1 for rank in ranks), init=wider)
    assert more.loss_ <= fewer.loss_ * (1 + 1e-9) + rounding


@FEW
@given(X=tensors(), missing_weight=st.sampled_from([0, 0.01]), data=st.data())
def test_garbage_behind_the_mask_changes_nothing(X, missing_weight, data):
    mask = data.draw(masks(X.shape))
    garbage = data.draw(st.sampled_from([np.nan, np.inf, -1e300, 7.0]))
    clean, dirty = (
        fit(x, mask=mask, missing_weight=missing_weight, max_iter=20)
        for x in (X, np.where(mask, X, garbage))
    )
    np.testing.assert_array_equal(clean.reconstruct(), dirty.reconstruct())
    assert clean.loss_ == dirty.loss_


@FEW
@given(X=tensors(), ranks=RANKS, nonnegative=st.booleans(), data=st.data())
def test_transform_of_the_training_trials_is_what_the_fit_found(X, ranks, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    model = fit(X, ranks, nonnegative=nonnegative, mask=mask)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = model.inverse_transform(model.transform(X, mask=mask))
    np.testing.assert_allclose(again, model.reconstruct(), atol=1e-6 * np.abs(X).max())


@FEW
@given(X=tensors(), ranks=RANKS, seed=st.integers(0, 2**16))
def test_permuted_trials_permute_the_model(X, ranks, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    rng = np.random.default_rng(0)
    start = tuple(rng.standard_normal((n, r)) for n, r in zip(X.shape, ranks, strict=True))
    model = fit(X, ranks, init=start)
    permuted = fit(X[order], ranks, init=(start[0][order], *start[1:]))
    assert permuted.loss_ == pytest.approx(model.loss_, rel=1e-3, abs=1e-9 * np.sum(X**2))
    np.testing.assert_allclose(
        permuted.reconstruct(), model.reconstruct()[order], atol=1e-3 * np.abs(X).max()
    )


@FEW
@given(X=tensors(), nonnegative=st.booleans(), data=st.data())
def test_the_same_seed_gives_the_same_bits_and_the_input_is_left_alone(X, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    before = X.tobytes()
    first, again = (fit(X, nonnegative=nonnegative, mask=mask) for _ in range(2))
    assert X.tobytes() == before
    for axis in AXES:
        for name in (f"{axis}_loadings_", f"{axis}_slices_"):
            assert getattr(first, name).tobytes() == getattr(again, name).tobytes()


@FEW
@given(X=tensors(), ranks=RANKS, nonnegative=st.booleans(), data=st.data())
def test_constraints_hold_and_parts_sum_to_the_whole(X, ranks, nonnegative, data):
    mask = data.draw(st.none() | masks(X.shape))
    model = fit(X, ranks, nonnegative=nonnegative, mask=mask)
    if nonnegative:
        for axis in AXES:
            for name in (f"{axis}_loadings_", f"{axis}_slices_"):
                values = getattr(model, name)
                assert not np.any(values[np.isfinite(values)] < 0)
    parts = sum(model.reconstruct(axis) for axis in AXES)
    np.testing.assert_allclose(parts, model.reconstruct(), atol=1e-9 * np.abs(X).max())


@given(X=tensors(), ranks=RANKS, gauge=st.sampled_from(GAUGES))
def test_complete_fits_are_in_canonical_form(X, ranks, gauge):
    model = fit(X, ranks, gauge=gauge)
    for axis in AXES:
        loadings = getattr(model, f"{axis}_loadings_")
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(loadings.shape[1]), atol=1e-9)
        norms = np.linalg.norm(getattr(model, f"{axis}_slices_"), axis=(1, 2))
        assert np.all(np.diff(norms) <= 1e-9 * norms.max(initial=0))


@FEW
@given(X=tensors(), ranks=RANKS, gauge=st.sampled_from(GAUGES[1:]))
def test_the_gauge_never_changes_the_model(X, ranks, gauge):
    minimal, other = fit(X, ranks), fit(X, ranks, gauge=gauge)
    np.testing.assert_allclose(
        other.reconstruct(), minimal.reconstruct(), atol=1e-9 * np.abs(X).max()
    )


@FEW
@given(X=tensors(), exponent=st.sampled_from([-20, 20]), data=st.data())
def test_units_do_not_matter(X, exponent, data):
    mask = data.draw(st.none() | masks(X.shape))
    # A power of two scales without rounding, so even chaotic fits must agree.
    model, scaled = fit(X, mask=mask), fit(np.ldexp(X, exponent), mask=mask)
    assert scaled.explained_variance_ratio_ == pytest.approx(
        model.explained_variance_ratio_, abs=1e-6
    )


@given(model=models(), gauge=st.sampled_from(GAUGES))
def test_fixing_the_gauge_keeps_the_reconstruction_and_is_done_once(model, gauge):
    fixed = fix_gauge(*model, gauge)
    size = max(np.abs(array).max(initial=0) for array in model.loadings + model.slices) ** 2
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-11 * size)
    again = fix_gauge(*fixed, gauge)
    for axis in range(3):
        np.testing.assert_allclose(
            part(axis, again.loadings[axis], again.slices[axis]),
            part(axis, fixed.loadings[axis], fixed.slices[axis]),
            atol=1e-9 * size,
        )


@given(model=models(), gauge=st.sampled_from(GAUGES[1:]))
def test_the_minimal_norm_is_minimal(model, gauge):
    smallest = sum_of_part_norms(fix_gauge(*model))
    assert smallest <= sum_of_part_norms(model) * (1 + 1e-9)
    assert smallest <= sum_of_part_norms(fix_gauge(*model, gauge)) * (1 + 1e-9)
