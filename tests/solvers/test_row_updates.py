"""Row solvers against scipy, and against the definition of a minimum."""

import numpy as np
import pytest
import scipy.optimize

from trialtensor.kernels.nonnegative import nonnegative_rows
from trialtensor.solvers.row_updates import least_squares_rows, nonnegative_step, solve_rows


def equations(seed, n_rows=6, rank=4, own=True):
    """Designs, targets, and their normal equations."""
    rng = np.random.default_rng(seed)
    designs = rng.standard_normal((n_rows if own else 1, 30, rank))
    targets = rng.standard_normal((n_rows, 30))
    grams = np.einsum("ijr,ijs->irs", designs, designs)
    rhs = np.einsum("ijr,ij->ir", np.broadcast_to(designs, (n_rows, 30, rank)), targets)
    return designs, targets, grams, rhs


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_nonnegative_solution_is_that_of_scipy(own, seed):
    designs, targets, grams, rhs = equations(seed, own=own)
    found = solve_rows(grams, rhs, nonnegative=True)
    for i, row in enumerate(found):
        expected, _ = scipy.optimize.nnls(designs[i if own else 0], targets[i])
        np.testing.assert_allclose(row, expected, atol=1e-8)


def test_least_squares_solution_is_that_of_scipy():
    designs, targets, grams, rhs = equations(0)
    found = solve_rows(grams, rhs, nonnegative=False)
    step = least_squares_rows(grams, rhs, np.zeros_like(rhs))
    for i, row in enumerate(found):
        expected = np.linalg.lstsq(designs[i], targets[i], rcond=None)[0]
        np.testing.assert_allclose(row, expected, atol=1e-10)
        np.testing.assert_allclose(step[i], expected, atol=1e-10)


def objective(grams, rhs, x):
    return np.einsum(
        "ir,irs,is->i", x, np.broadcast_to(grams, (len(x), *grams.shape[1:])), x
    ) / 2 - (np.sum(rhs * x, axis=1))


@pytest.mark.parametrize("own", [True, False])
def test_a_nonnegative_step_never_raises_the_objective_of_any_row(own):
    _, _, grams, rhs = equations(3, own=own)
    x = np.random.default_rng(0).random(rhs.shape)
    for _ in range(5):
        new = nonnegative_rows(grams, rhs, x, 1, 0.0)
        assert np.all(objective(grams, rhs, new) <= objective(grams, rhs, x) + 1e-12)
        assert np.all(new >= 0)
        x = new


def test_the_start_is_left_alone():
    _, _, grams, rhs = equations(4)
    start = np.ones_like(rhs)
    nonnegative_step(grams, rhs, start)
    assert np.all(start == 1)


def test_identical_components_have_a_solution_and_stay_finite():
    gram = np.ones((1, 2, 2))
    rhs = np.array([[1.0, 1.0]])
    found = least_squares_rows(gram, rhs, np.array([[3.0, 1.0]]))
    assert found.sum() == pytest.approx(1.0)
    # Along the direction that the data says nothing about, the row stays where it was.
    assert found[0, 0] - found[0, 1] == pytest.approx(2.0, abs=1e-3)
    np.testing.assert_allclose(solve_rows(gram, rhs, nonnegative=False), [[0.5, 0.5]])


def test_a_component_that_is_zero_is_skipped():
    gram = np.diag([1.0, 0.0])[None]
    found = solve_rows(gram, np.array([[2.0, 0.0]]), nonnegative=True)
    np.testing.assert_array_equal(found, [[2.0, 0.0]])
