"""Products with loadings and slices against einsum, on integers, so that every digit counts."""

import numpy as np
import pytest

from trialtensor.solvers.slices.contraction import (
    OTHERS,
    Components,
    along,
    contract,
    correlate,
    onto,
    part,
    reconstruct,
)

SHAPE = (4, 3, 5)
LETTERS = "knt"
SLICES = ("rnt", "rkt", "rkn")
EVERY = pytest.mark.parametrize("axis", [0, 1, 2])
RANKS = pytest.mark.parametrize("rank", [0, 1, 2, 6])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def integers(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).integers(-5, 6, shape).astype(dtype)


def pieces(axis, rank, dtype=np.float64):
    """Loadings and slices of one type."""
    other = (SHAPE[i] for i in OTHERS[axis])
    loadings = integers(SHAPE[axis], rank, dtype=dtype, seed=1 + axis)
    return loadings, integers(rank, *other, dtype=dtype, seed=4 + axis)


@EVERY
@RANKS
@DTYPES
def test_contracting_is_a_weighted_sum_along_the_axis(axis, rank, dtype):
    X, (loadings, _) = integers(*SHAPE, dtype=dtype), pieces(axis, rank, dtype)
    found = contract(X, axis, loadings)
    expected = np.einsum(f"knt,{LETTERS[axis]}r->{SLICES[axis]}", X, loadings)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == dtype and found.flags.c_contiguous


@EVERY
@RANKS
@DTYPES
def test_correlating_gives_the_inner_product_with_every_slice(axis, rank, dtype):
    X, (_, slices) = integers(*SHAPE, dtype=dtype), pieces(axis, rank, dtype)
    found = correlate(X, axis, slices)
    expected = np.einsum(f"knt,{SLICES[axis]}->{LETTERS[axis]}r", X, slices)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == (SHAPE[axis], rank) and found.dtype == dtype


@EVERY
@RANKS
@DTYPES
def test_a_part_is_the_sum_of_its_outer_products(axis, rank, dtype):
    loadings, slices = pieces(axis, rank, dtype)
    found = part(axis, loadings, slices)
    expected = np.einsum(f"{LETTERS[axis]}r,{SLICES[axis]}->knt", loadings, slices)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == SHAPE and found.dtype == dtype


@DTYPES
@pytest.mark.parametrize(
    "ranks",
    [(2, 1, 3), (1, 1, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (0, 1, 2), (2, 0, 1), (6, 5, 7)],
)
def test_the_model_is_the_sum_of_its_parts(ranks, dtype):
    pairs = [pieces(axis, rank, dtype) for axis, rank in enumerate(ranks)]
    components = Components(tuple(u for u, _ in pairs), tuple(s for _, s in pairs))
    found = reconstruct(components)
    expected = sum(
        np.einsum(f"{LETTERS[axis]}r,{SLICES[axis]}->knt", *pair) for axis, pair in enumerate(pairs)
    )
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == dtype and components.ranks == ranks


@EVERY
@RANKS
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("width", [0, 1, 3])
def test_a_matrix_along_one_axis_of_the_slices(axis, rank, place, width):
    other, (_, slices) = OTHERS[axis][place], pieces(axis, rank)
    matrix, letter = integers(SHAPE[other], width, seed=9), LETTERS[other]
    found = along(slices, axis, other, matrix)
    into = SLICES[axis].replace(letter, "s")
    expected = np.einsum(f"{SLICES[axis]},{letter}s->{into}", slices, matrix)
    np.testing.assert_array_equal(found, expected)


@EVERY
@pytest.mark.parametrize("place", [0, 1])
def test_projecting_slices_is_a_dense_projector(axis, place):
    other, (_, slices) = OTHERS[axis][place], pieces(axis, 3)
    basis = np.linalg.qr(integers(SHAPE[other], 2, seed=9))[0]
    letter, into = LETTERS[other], SLICES[axis].replace(LETTERS[other], "s")
    found = onto(slices, axis, other, basis)
    expected = np.einsum(f"{SLICES[axis]},{letter}s->{into}", slices, basis @ basis.T)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(onto(found, axis, other, basis), found, atol=1e-12)


@EVERY
def test_contracting_and_correlating_are_each_other_s_adjoint(axis):
    X, (loadings, slices) = integers(*SHAPE), pieces(axis, 3)
    inner = np.sum(X * part(axis, loadings, slices))
    assert np.sum(contract(X, axis, loadings) * slices) == inner
    assert np.sum(correlate(X, axis, slices) * loadings) == inner


def test_by_hand():
    X = np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
    weights = np.array([[1.0], [10.0]])
    assert contract(X, 0, weights).ravel().tolist() == [51, 62, 73, 84]
    assert contract(X, 1, weights).ravel().tolist() == [31, 42, 75, 86]
    assert contract(X, 2, weights).ravel().tolist() == [21, 43, 65, 87]
    one_hot = np.array([[[0.0, 1.0], [0.0, 0.0]]])
    assert correlate(X, 0, one_hot).ravel().tolist() == [2, 6]
    assert correlate(X, 1, one_hot).ravel().tolist() == [2, 4]
    assert correlate(X, 2, one_hot).ravel().tolist() == [3, 4]


@EVERY
def test_a_read_only_view_in_any_order_will_do(axis):
    X, (loadings, slices) = integers(*SHAPE[::-1]).T, pieces(axis, 2)
    X.flags.writeable = False
    whole = np.ascontiguousarray(X)
    np.testing.assert_array_equal(contract(X, axis, loadings), contract(whole, axis, loadings))
    np.testing.assert_array_equal(correlate(X, axis, slices), correlate(whole, axis, slices))
