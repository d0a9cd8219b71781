"""Exact non-negative least squares, against scipy's own, which works on the design matrix."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import nnls

from trialtensor.kernels.active_set import exact_nonnegative_rows
from trialtensor.kernels.nonnegative import nonnegative_rows

TOL = 1e-14


def design(rng, kind):
    A = rng.standard_normal((int(rng.integers(5, 12)), int(rng.integers(1, 6))))
    if kind == "collinear":
        A[:, 0] = A[:, -1] + 1e-5 * rng.standard_normal(len(A))
    elif kind == "too few rows":
        A = A[: max(1, A.shape[1] - 1)]
    elif kind == "units":
        A *= 10.0 ** rng.uniform(-4, 4, A.shape[1])
    return A


def least_residual(A, b):
    """That of scipy; with fewer rows than columns scipy 1.15.0 can be wrong, so all supports."""
    if len(A) >= A.shape[1]:
        return nnls(A, b)[1]
    least = np.linalg.norm(b)
    for chosen in product([False, True], repeat=A.shape[1]):
        x = np.linalg.lstsq(A[:, chosen], b)[0]
        if (x >= 0).all():
            least = min(least, np.linalg.norm(A[:, chosen] @ x - b))
    return least


@pytest.mark.parametrize("kind", ["plain", "collinear", "too few rows", "units"])
@pytest.mark.parametrize("far", [False, True])
def test_residuals_are_those_of_scipy(kind, far):
    rng = np.random.default_rng(0)
    for _ in range(60):
        A = design(rng, kind)
        b = rng.standard_normal(len(A))
        start = rng.random((1, A.shape[1])) * far
        (x,) = exact_nonnegative_rows((A.T @ A)[None], (A.T @ b)[None], start, TOL)
        assert (x >= 0).all()
        assert np.linalg.norm(A @ x - b) <= least_residual(A, b) + 1e-7


def test_rows_have_their_own_equations_and_the_start_is_left_alone():
    rng = np.random.default_rng(1)
    A, b = rng.random((4, 9, 3)), rng.standard_normal((4, 9))
    start = np.ones((4, 3))
    grams, rhs = np.einsum("inr,ins->irs", A, A), np.einsum("inr,in->ir", A, b)
    found = exact_nonnegative_rows(grams, rhs, start, TOL)
    expected = [nnls(*each)[0] for each in zip(A, b, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-10)
    np.testing.assert_array_equal(start, 1)


def test_an_entry_without_a_say_keeps_its_start():
    grams, rhs = np.diag([2.0, 0.0])[None], np.array([[6.0, 0.0], [-1.0, 0.0]])
    found = exact_nonnegative_rows(grams, rhs, np.full((2, 2), 5.0), TOL)
    np.testing.assert_allclose(found, [[3, 5], [0, 5]])
    assert (
        exact_nonnegative_rows(np.ones((1, 0, 0)), np.ones((2, 0)), np.ones((2, 0)), TOL).size == 0
    )


def test_steps_of_coordinate_descent_cannot_overflow():
    """A component that is as good as zero stays as it is."""
    rng = np.random.default_rng(0)
    A = rng.random((9, 3))
    A[:, 1] *= 1e-160
    grams, rhs = (A.T @ A)[None], (rng.random(9) @ A)[None]
    found = nonnegative_rows(grams, rhs, np.full((1, 3), 2.0), 5000, 0.0)
    assert found[0, 1] == 2.0
    np.testing.assert_allclose(
        found[0, [0, 2]], nnls(A[:, [0, 2]], np.linalg.pinv(A[:, [0, 2]].T) @ rhs[0, [0, 2]])[0]
    )
