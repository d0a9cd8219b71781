"""Singular vectors of unfoldings, whichever side is longer, against the SVD of a copy."""

import tracemalloc

import numpy as np
import pytest

import trialtensor
from trialtensor.solvers import unfolding
from trialtensor.solvers.unfolding import Unfolding, leading_vectors


def unfolded(X, axis):
    return np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)


def decaying(shape, dtype=float, seed=0):
    """Make data whose unfoldings have distinct leading singular values."""
    rng = np.random.default_rng(seed)
    factors = [np.linalg.qr(rng.normal(size=(n, min(n, 4))))[0] for n in shape]
    rank = min(f.shape[1] for f in factors)
    scale = 3.0 ** -np.arange(rank)
    X = np.einsum("r,kr,nr,tr->knt", scale, *(f[:, :rank] for f in factors))
    return (X + 1e-5 * rng.normal(size=shape)).astype(dtype)


@pytest.mark.parametrize("axis", range(3))
def test_products_are_those_of_the_unfolding(axis):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 5, 6))
    flat, view = unfolded(X, axis), Unfolding(X, axis)
    columns, rows = rng.normal(size=(flat.shape[1], 3)), rng.normal(size=(flat.shape[0], 3))
    assert view.shape == flat.shape
    np.testing.assert_allclose(view.times(columns), flat @ columns, atol=1e-12)
    np.testing.assert_allclose(view.transposed_times(rows), flat.T @ rows, atol=1e-12)
    np.testing.assert_allclose(view.gram(), flat @ flat.T, atol=1e-12)
    np.testing.assert_array_equal(view.rows(slice(1, 3)), flat[1:3])


# Long sides are those of more than 20 here: rows, columns and Krylov space all get their turn.
@pytest.mark.parametrize("shape", [(50, 4, 5), (4, 50, 5), (4, 5, 50), (30, 40, 25), (9, 12, 10)])
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-3), (np.float64, 1e-8)])
def test_leading_vectors_are_singular_vectors(monkeypatch, shape, axis, dtype, tolerance):
    monkeypatch.setattr(unfolding, "_LONG_SIDE", 20)
    X = decaying(shape, dtype)
    found = leading_vectors([Unfolding(X, axis)], 3)
    left = np.linalg.svd(unfolded(X, axis).astype(float), full_matrices=False)[0][:, :3]
    assert found.dtype == dtype
    np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(np.abs(np.sum(found * left, axis=0)), 1, atol=tolerance)
    assert np.all(found[np.abs(found).argmax(axis=0), range(3)] > 0)


@pytest.mark.parametrize("long_side", [1000, 20, 5])
def test_side_by_side(monkeypatch, long_side):
    monkeypatch.setattr(unfolding, "_LONG_SIDE", long_side)
    first, second = decaying((40, 3, 4)), decaying((40, 2, 5), seed=1)
    found = leading_vectors([Unfolding(first, 0), Unfolding(second, 0)], 2)
    both = np.concatenate([unfolded(first, 0), unfolded(second, 0)], axis=1)
    left = np.linalg.svd(both)[0][:, :2]
    np.testing.assert_allclose(np.abs(np.sum(found * left, axis=0)), 1, atol=1e-8)


@pytest.mark.parametrize("long_side", [1000, 20, 5])
def test_more_vectors_than_the_data_spans(monkeypatch, long_side):
    monkeypatch.setattr(unfolding, "_LONG_SIDE", long_side)
    X = np.zeros((30, 2, 3), np.float32)
    X[:, 0, 0] = np.arange(30)
    found = leading_vectors([Unfolding(X, 0)], 8)
    np.testing.assert_allclose(found.T @ found, np.eye(8), atol=1e-6)
    np.testing.assert_allclose(found[:, 0], X[:, 0, 0] / np.linalg.norm(X), atol=1e-6)
    assert leading_vectors([Unfolding(X, 1)], 8).shape == (2, 2)


def _fit(kind, X, **options):
    n_components = (1, 1, 1) if kind == "SliceTCA" else 2
    model = getattr(trialtensor, kind)(n_components, n_init=2, max_iter=5, random_state=0)
    model.set_params(**options)
    if kind == "CoupledTCA":
        return model.fit({"a": X, "b": X.copy()})
    if kind == "Parafac2":
        return model.fit(X, blocks=np.arange(len(X)) % 2)
    return model.fit(X)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("missing", ["nothing", "tracked", "entries"])
@pytest.mark.parametrize("kind", ["TCA", "SliceTCA", "CoupledTCA", "Parafac2"])
@pytest.mark.parametrize("axis", range(3))
def test_no_fit_holds_a_square_of_a_long_axis(kind, axis, missing):
    length, shape = 3000, [4, 5, 3]
    shape[axis] = length
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape).astype(np.float32)
    if missing == "tracked":
        X[0, 1] = np.nan
    elif missing == "entries":
        X[rng.random(shape) < 0.05] = np.nan
    _fit(kind, X[:5, :5, :5].copy())
    tracemalloc.start()
    try:
        _fit(kind, X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Even one byte a pair would be too much.
    assert peak < length**2
