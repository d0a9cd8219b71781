"""One sweep of each kind of problem against solving every row by brute force."""

import numpy as np
import pytest

from trialtensor.solvers import compression
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.contraction import khatri_rao, reconstruct
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import Pattern, find_pattern
from trialtensor.solvers.passes import together as in_memory
from trialtensor.solvers.problems import DenseProblem, sum_of_squares

SHAPE, RANK = (9, 7, 8), 3
LEAST_SQUARES = RowUpdater((False, False, False))


def make(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(SHAPE)
    return rng, X, tuple(rng.standard_normal((n, RANK)) for n in SHAPE)


def brute_force_sweep(X, observed, factors):
    """Ordinary least squares for each row of each factor in turn."""
    factors = list(factors)
    for mode in range(3):
        others = [f for i, f in enumerate(factors) if i != mode]
        design = khatri_rao(*others)
        data = np.moveaxis(X, mode, 0).reshape(SHAPE[mode], -1)
        seen = np.moveaxis(observed, mode, 0).reshape(SHAPE[mode], -1)
        factors[mode] = np.array(
            [
                np.linalg.lstsq(design[s], row[s], rcond=None)[0]
                for row, s in zip(data, seen, strict=True)
            ]
        )
    return factors


def masks(rng):
    tracked = np.broadcast_to(rng.random((9, 7, 1)) < 0.7, SHAPE).copy()
    lengths = np.broadcast_to(np.arange(8) < rng.integers(4, 9, (9, 1, 1)), SHAPE).copy()
    rigid = np.broadcast_to(rng.random((1, 7, 8)) < 0.8, SHAPE).copy()
    return {
        "complete": np.ones(SHAPE, bool),
        "trial x neuron": tracked,
        "trial x time": lengths,
        "neuron x time": rigid,
        "entries": rng.random(SHAPE) < 0.7,
    }


@pytest.mark.parametrize("kind", list(masks(np.random.default_rng(0))))
@pytest.mark.parametrize("general", [False, True])
def test_a_sweep_equals_row_by_row_least_squares(kind, general):
    rng, X, factors = make()
    observed = masks(rng)[kind]
    X = X * observed
    if general:
        problem = MaskedProblem(X, observed, sum_of_squares(X))
    elif kind == "entries":
        assert find_pattern(observed) is None
        return
    else:
        problem = DenseProblem(X, sum_of_squares(X), find_pattern(observed))
    found, loss = problem.sweep(factors, LEAST_SQUARES)
    for ours, expected in zip(found, brute_force_sweep(X, observed, factors), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)
    residual = (X - reconstruct(found)) * observed
    assert loss == pytest.approx(np.sum(residual**2), rel=1e-10)


@pytest.mark.parametrize("kind", ["trial x neuron", "trial x time", "neuron x time", "entries"])
def test_trial_equations_are_those_of_the_observed_entries(kind):
    rng, X, factors = make(1)
    observed = masks(rng)[kind]
    X = X * observed
    design = khatri_rao(factors[1], factors[2])
    seen = observed.reshape(9, -1)
    expected = np.einsum("ki,ir,is->krs", seen, design, design)
    problems = [MaskedProblem(X, observed, 1.0)]
    if kind != "entries":
        problems.append(DenseProblem(X, 1.0, find_pattern(observed)))
    for problem in problems:
        grams, rhs = problem.trial_equations(factors)
        np.testing.assert_allclose(np.broadcast_to(grams, expected.shape), expected, atol=1e-12)
        np.testing.assert_allclose(rhs, X.reshape(9, -1) @ design, atol=1e-12)


def test_patterns_are_found_and_general_masks_are_not():
    found = {kind: find_pattern(mask) for kind, mask in masks(np.random.default_rng(2)).items()}
    for kind, mask in masks(np.random.default_rng(2)).items():
        if found[kind] is not None:
            np.testing.assert_array_equal(found[kind].as_mask(SHAPE), mask)
    assert found["trial x neuron"].free_axis == 2
    assert found["trial x time"].free_axis == 1
    assert found["neuron x time"].free_axis == 0
    assert found["entries"] is None


def test_chunks_change_nothing(monkeypatch):
    rng, X, factors = make(3)
    observed = masks(rng)["entries"]
    problem = MaskedProblem(X * observed, observed, 1.0)
    whole, _ = problem.sweep(factors, LEAST_SQUARES)
    from trialtensor.solvers import contraction

    chunks = contraction.trial_chunks
    monkeypatch.setattr(contraction, "trial_chunks", lambda shape: chunks(shape, 1))
    pieces, _ = problem.sweep(factors, LEAST_SQUARES)
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_sum_of_squares_of_float32_is_accumulated_in_float64():
    X = np.full((100, 100, 100), 1e-3, np.float32)
    assert sum_of_squares(X) == pytest.approx(1e6 * float(np.float32(1e-3)) ** 2, rel=1e-12)


def low_rank(rng, shape, rank):
    return reconstruct(tuple(rng.standard_normal((n, rank)) for n in shape))


def test_a_model_inside_the_bases_has_its_full_data_loss_on_the_core():
    rng = np.random.default_rng(4)
    X = low_rank(rng, (60, 50, 40), 3) + rng.standard_normal((60, 50, 40))
    full = DenseProblem(X, sum_of_squares(X))
    core = compression.compress(full, 3)
    assert core.X.shape == (13, 13, 13)
    inside = tuple(U @ rng.standard_normal((13, 3)) for U in core.bases)
    found, loss = core.sweep(inside, LEAST_SQUARES)
    assert loss == pytest.approx(np.sum((X - reconstruct(found)) ** 2), rel=1e-10)


def test_compression_keeps_exact_low_rank_data():
    rng = np.random.default_rng(5)
    X = low_rank(rng, (60, 50, 40), 3)
    core = compression.compress(DenseProblem(X, sum_of_squares(X)), 3)
    rebuilt = core.X
    for axis, basis in enumerate(core.bases):
        rebuilt = compression.project(rebuilt, axis, basis.T)
    np.testing.assert_allclose(rebuilt, X, atol=1e-10)


def test_only_the_free_axis_of_a_pattern_is_compressed():
    rng = np.random.default_rng(6)
    W = (rng.random((60, 50)) < 0.5).astype(float)
    X = low_rank(rng, (60, 50, 40), 3) * W[:, :, None]
    core = compression.compress(DenseProblem(X, sum_of_squares(X), Pattern(W, 2)), 3)
    assert core.X.shape == (60, 50, 13)
    assert core.bases[0] is None and core.bases[1] is None


def test_short_axes_are_left_alone():
    problem = DenseProblem(np.ones((10, 9, 8)), 720.0)
    assert compression.compress(problem, 3) is problem


@pytest.mark.parametrize("pattern", [None, Pattern(np.tri(9, 7, 2), 2)])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_models_swept_together_are_those_swept_alone(monkeypatch, pattern, nonnegative):
    # A few trials at a time.
    monkeypatch.setattr(in_memory, "_IN_CACHE", 200)
    rng, X, factors = make(8)
    X = X if pattern is None else X * pattern.observed[:, :, None]
    problem = DenseProblem(X, sum_of_squares(X), pattern)
    update = RowUpdater((nonnegative,) * 3)
    other = tuple(np.abs(rng.standard_normal((n, 2))) for n in SHAPE)
    models = [tuple(map(np.abs, factors)), other]
    together = problem.sweep_together(models, update)
    for model, (found, loss) in zip(models, together, strict=True):
        expected, expected_loss = problem.sweep(model, update)
        assert loss == pytest.approx(expected_loss, rel=1e-10)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-9)
