"""Many small least-squares problems against numpy's solver."""

import numpy as np
import pytest

from trialtensor.kernels.least_squares import damped_rows

EPSILON = 4 * np.finfo(np.float64).eps


def equations(n_rows=7, rank=4, n_entries=20, seed=0):
    rng = np.random.default_rng(seed)
    design = rng.standard_normal((n_rows, n_entries, rank))
    grams = np.einsum("ijr,ijs->irs", design, design)
    rhs = np.einsum("ijr,ij->ir", design, rng.standard_normal((n_rows, n_entries)))
    return grams, rhs, rng.standard_normal((n_rows, rank))


@pytest.mark.parametrize("rank", [1, 2, 3, 8])
def test_regular_problems_are_solved_wherever_they_start(rank):
    grams, rhs, current = equations(rank=rank)
    expected = np.linalg.solve(grams, rhs[:, :, None])[:, :, 0]
    np.testing.assert_allclose(damped_rows(grams, rhs, current, EPSILON), expected, rtol=1e-9)
    np.testing.assert_allclose(damped_rows(grams, rhs, 0 * rhs, EPSILON), expected, rtol=1e-9)


@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_the_damping_is_a_pull_towards_the_current_row(epsilon):
    grams, rhs, current = equations()
    damping = epsilon * np.trace(grams, axis1=1, axis2=2)[:, None] / rhs.shape[1]
    damped = grams + damping[:, :, None] * np.eye(rhs.shape[1])
    expected = np.linalg.solve(damped, (rhs + damping * current)[:, :, None])[:, :, 0]
    np.testing.assert_allclose(damped_rows(grams, rhs, current, epsilon), expected, rtol=1e-10)


def test_a_singular_problem_moves_only_where_it_says_something():
    direction = np.array([3.0, 4.0]) / 5
    grams, rhs = np.outer(direction, direction)[None], 2.0 * direction[None]
    across = np.array([-4.0, 3.0]) / 5
    current = (7.0 * direction + 5.0 * across)[None]
    (found,) = damped_rows(grams, rhs, current, 1e-8)
    assert found @ direction == pytest.approx(2.0, abs=1e-6)
    assert found @ across == pytest.approx(5.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_singular_problems_never_raise_the_objective(seed):
    # Fewer entries than components, as where hardly anything was observed.
    grams, rhs, current = equations(rank=5, n_entries=2, seed=seed)
    found = damped_rows(grams, rhs, current, EPSILON)
    assert np.isfinite(found).all()

    def objective(x):
        return np.einsum("ir,irs,is->i", x, grams, x) / 2 - np.sum(rhs * x, axis=1)

    best = np.einsum("irs,is->ir", np.linalg.pinv(grams, hermitian=True, rcond=1e-10), rhs)
    assert np.all(objective(found) <= objective(current) + 1e-10)
    np.testing.assert_allclose(objective(found), objective(best), atol=1e-6)


def test_rows_of_zeros_stay_where_they_are():
    grams, rhs, current = equations()
    expected = damped_rows(grams, rhs, current, EPSILON)
    grams[2], rhs[2] = 0, 0
    found = damped_rows(grams, rhs, current, EPSILON)
    np.testing.assert_array_equal(found[2], current[2])
    others = np.arange(len(rhs)) != 2
    np.testing.assert_array_equal(found[others], expected[others])


def test_a_component_that_a_row_says_nothing_about_stays():
    grams, rhs, current = equations()
    grams[3, 1], grams[3, :, 1], rhs[3, 1] = 0, 0, 0
    found = damped_rows(grams, rhs, current, EPSILON)
    assert found[3, 1] == pytest.approx(current[3, 1])
    rest = np.ix_([0, 2, 3], [0, 2, 3])
    np.testing.assert_allclose(
        found[3, [0, 2, 3]], np.linalg.solve(grams[3][rest], rhs[3, [0, 2, 3]]), rtol=1e-9
    )


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e150])
def test_units_do_not_matter(scale):
    grams, rhs, current = equations()
    found = damped_rows(grams * scale, rhs * scale, current, EPSILON)
    np.testing.assert_allclose(found, damped_rows(grams, rhs, current, EPSILON), rtol=1e-9)


def test_float32_stays_float32():
    grams, rhs, current = equations()
    single = [each.astype(np.float32) for each in (grams, rhs, current)]
    found = damped_rows(*single, 4 * float(np.finfo(np.float32).eps))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, damped_rows(grams, rhs, current, EPSILON), rtol=1e-3)


def test_float32_singular_problems_stay_finite():
    rng = np.random.default_rng(0)
    design = rng.standard_normal((50, 1, 6)).astype(np.float32) * np.float32(1e8)
    grams = np.matmul(design.swapaxes(1, 2), design)
    current = rng.standard_normal((50, 6)).astype(np.float32)
    rhs = np.matmul(grams, current[:, :, None])[:, :, 0]
    found = damped_rows(grams, rhs, current, 4 * float(np.finfo(np.float32).eps))
    # The current rows are solutions already.
    fitted, expected = (np.matmul(design, x[:, :, None])[:, 0, 0] for x in (found, current))
    np.testing.assert_allclose(fitted, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert np.abs(found).max() < 10


def test_the_arguments_are_left_alone():
    arguments = equations()
    before = [each.tobytes() for each in arguments]
    damped_rows(*arguments, EPSILON)
    assert [each.tobytes() for each in arguments] == before


def test_no_rows():
    found = damped_rows(np.empty((0, 3, 3)), np.empty((0, 3)), np.empty((0, 3)), EPSILON)
    assert found.shape == (0, 3)
