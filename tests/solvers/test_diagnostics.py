"""Diagnostics against brute-force versions of their definitions."""

import numpy as np
import pytest

from trialtensor.solvers import canonical, diagnostics, matching
from trialtensor.solvers.contraction import khatri_rao, reconstruct
from trialtensor.solvers.normal_equations import full_gram


def model(seed=0, shape=(9, 8, 7), rank=3):
    rng = np.random.default_rng(seed)
    factors = tuple(rng.standard_normal((n, rank)) for n in shape)
    return rng, factors, reconstruct(factors) + 0.5 * rng.standard_normal(shape)


def test_core_consistency_equals_the_tucker_core_by_least_squares():
    _, factors, X = model()
    design = np.kron(np.kron(factors[0], factors[1]), factors[2])
    core = np.linalg.lstsq(design, X.ravel(), rcond=None)[0].reshape(3, 3, 3)
    ideal = np.zeros((3, 3, 3))
    ideal[0, 0, 0] = ideal[1, 1, 1] = ideal[2, 2, 2] = 1
    expected = 100 * (1 - np.sum((core - ideal) ** 2) / 3)
    assert diagnostics.core_consistency(X, factors) == pytest.approx(expected)


def test_core_consistency_is_100_for_an_exact_model_whatever_is_missing():
    rng, factors, _ = model()
    X = reconstruct(factors)
    observed = rng.random(X.shape) < 0.6
    garbage = np.where(observed, X, 1e9)
    assert diagnostics.core_consistency(garbage, factors, observed) == pytest.approx(100)


def test_core_consistency_of_a_dead_component_is_nan():
    _, factors, X = model()
    factors[0][:, 1] = 0
    assert np.isnan(diagnostics.core_consistency(X, factors))


def test_component_variance_equals_regression_on_the_components():
    _, factors, X = model(1)
    components = [reconstruct(tuple(f[:, [r]] for f in factors)).ravel() for r in range(3)]
    design, y = np.array(components).T, X.ravel()

    def explained(columns):
        fit = np.linalg.lstsq(design[:, columns], y, rcond=None)[0]
        return 1 - np.sum((y - design[:, columns] @ fit) ** 2) / np.sum(y**2)

    rhs = X.reshape(9, -1) @ khatri_rao(factors[1], factors[2])
    found = diagnostics.component_variance(full_gram(factors, 0), rhs, factors[0], np.sum(X**2))
    for r in range(3):
        others = [s for s in range(3) if s != r]
        assert found.alone[r] == pytest.approx(explained([r]))
        assert found.unique[r] == pytest.approx(explained([0, 1, 2]) - explained(others))
    np.testing.assert_allclose(found.shared, found.alone - found.unique)


def test_residuals_count_observed_entries_only():
    rng, factors, X = model(2)
    observed = rng.random(X.shape) < 0.5
    expected = np.sum(((X - reconstruct(factors)) * observed) ** 2)
    assert diagnostics.residual_sum_of_squares(X, factors, observed) == pytest.approx(expected)


def test_triple_cosine_finds_components_that_cancel():
    rng, factors, _ = model(3)
    factors[0][:, 1] = -factors[0][:, 0] + 1e-3 * rng.standard_normal(9)
    for f in factors[1:]:
        f[:, 1] = f[:, 0]
    assert diagnostics.triple_cosine(factors) < -0.999
    assert diagnostics.triple_cosine(tuple(f[:, :1] for f in factors)) == 1.0


def test_matching_undoes_permutation_and_signs():
    _, factors, _ = model(4)
    order = [2, 0, 1]
    signs = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    shuffled = tuple((f * s)[:, order] for f, s in zip(factors, signs, strict=True))
    aligned, score = matching.align_to(factors, shuffled)
    assert score == pytest.approx(1)
    for ours, expected in zip(aligned, factors, strict=True):
        np.testing.assert_allclose(ours, expected)


def test_matching_is_optimal_where_a_greedy_choice_is_not():
    # Greedily 0-0 (.9) leaves 1-1 (.0): total .9. The best is .8 + .8.
    a = np.eye(3)[:, :2]
    congruence = np.array([[0.9, 0.8], [0.8, 0.0]])
    b = np.zeros((3, 2))
    b[:2] = congruence
    b[2] = np.sqrt(np.maximum(0, 1 - np.sum(congruence**2, axis=0)))
    order, _ = matching.match_components(
        (a, a[:, :2] * 0 + 1, a * 0 + 1), (b, b * 0 + 1, b * 0 + 1)
    )
    assert order.tolist() == [1, 0]


@pytest.mark.parametrize(
    "nonnegative",
    [(False, False, False), (True, False, False), (False, True, False), (False, False, True)],
)
def test_signs_keep_the_model_and_the_constraints(nonnegative):
    _, factors, _ = model(5)
    factors = tuple(np.abs(f) if p else f for f, p in zip(factors, nonnegative, strict=True))
    fixed = canonical.fix_signs(factors, nonnegative)
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(factors))
    for f, positive in zip(fixed, nonnegative, strict=True):
        assert not positive or f.min() >= 0
    if not any(nonnegative):
        assert np.all(np.sum(fixed[1] ** 3, axis=0) >= 0)
        assert np.all(np.sum(fixed[2] ** 3, axis=0) >= 0)
