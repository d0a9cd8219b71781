"""Sweeps of data with more than three axes, beside brute-force least squares."""

import itertools

import numpy as np
import pytest

from trialtensor.models.many_axes import as_many_axes
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.axis_groups import AxisGroups
from trialtensor.solvers.compression import compress, project
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.runs import Start

RANK = 3
SHAPES = [(7, 5, 4, 6), (5, 4, 3, 4, 6)]
FREE = RowUpdater([False] * 5)


def tensor_of(factors):
    axes = "abcde"[: len(factors)]
    return np.einsum(",".join(f"{a}r" for a in axes) + f"->{axes}", *factors, optimize=True)


def noisy(shape, seed=0):
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((n, RANK)) for n in shape]
    return tensor_of(factors) + 0.3 * rng.standard_normal(shape)


def swept_by_hand(X, seen, factors):
    """One sweep of alternating least squares, every row by itself, by a textbook solver."""
    factors = list(factors)
    for axis in range(X.ndim):
        others = [f for i, f in enumerate(factors) if i != axis]
        axes = "abcde"[: len(others)]
        product = np.einsum(",".join(f"{a}r" for a in axes) + f"->{axes}r", *others)
        design = product.reshape(-1, RANK)
        rows = np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)
        known = np.moveaxis(seen, axis, 0).reshape(rows.shape)
        factors[axis] = np.array(
            [np.linalg.lstsq(design[k], x[k])[0] for x, k in zip(rows, known, strict=True)]
        )
    return factors, float(np.sum(((X - tensor_of(factors)) * seen) ** 2))


def masks(shape):
    rng = np.random.default_rng(1)
    yield "complete", np.ones(shape, bool)
    some = rng.random(shape[:2]) < 0.8
    yield (
        "trial x neuron",
        np.broadcast_to(some.reshape(*some.shape, *(1,) * (len(shape) - 2)), shape),
    )
    some = rng.random((shape[0], *(1,) * (len(shape) - 2), shape[-1])) < 0.8
    yield "trial x time", np.broadcast_to(some, shape)
    yield "entries", rng.random(shape) < 0.8


CASES = [
    pytest.param(shape, seen, n_left, id=f"{shape}, {name}, {n_left}")
    for shape in SHAPES
    for name, seen in masks(shape)
    for n_left in range(1, len(shape))
]


def problem_of(X, seen, n_left):
    groups = AxisGroups(X.shape, n_left)
    filled = groups.three_way(np.ascontiguousarray(X * seen))
    norm2, mask = float(np.sum(filled**2)), groups.three_way(np.ascontiguousarray(seen))
    if seen.all():
        return ManyAxes(DenseProblem(filled, norm2), groups)
    pattern = find_pattern(mask)
    if pattern is not None:
        return ManyAxes(DenseProblem(filled, norm2, pattern), groups)
    return ManyAxes(MaskedProblem(filled, mask, norm2), groups)


@pytest.mark.parametrize(("shape", "seen", "n_left"), CASES)
def test_a_sweep_is_alternating_least_squares(shape, seen, n_left):
    X, problem = noisy(shape), problem_of(noisy(shape), seen, n_left)
    rng = np.random.default_rng(2)
    start = tuple(rng.standard_normal((n, RANK)) for n in shape)
    found, loss = problem.sweep(start, FREE)
    expected, expected_loss = swept_by_hand(X, seen, start)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    # Least squares lose the digits that the condition of a row's equations takes.
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-11)


def test_models_are_swept_together_as_they_are_alone():
    X = noisy(SHAPES[0])
    problem = as_many_axes(X, None, float(np.sum(X**2)))
    rng = np.random.default_rng(3)
    models = [tuple(rng.standard_normal((n, r)) for n in X.shape) for r in (2, 3)]
    together = problem.sweep_together(models, FREE)
    for model, (factors, loss) in zip(models, together, strict=True):
        alone, expected = problem.sweep(model, FREE)
        assert loss == pytest.approx(expected, rel=1e-12)
        for ours, theirs in zip(factors, alone, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("positive", list(itertools.product([False, True], repeat=2)))
def test_a_core_has_the_loss_of_the_model_outside_its_bases_too(positive):
    X = np.abs(noisy((30, 29, 28, 27)))
    core = compress(as_many_axes(X, None, float(np.sum(X**2))), RANK)
    assert core.is_core and core.X.shape == (13, 13, 13, 13) and core.shape == X.shape
    rng = np.random.default_rng(4)
    start = tuple(rng.random((n, RANK)) for n in X.shape)
    factors, loss = core.sweep(start, RowUpdater([positive[0], False, positive[1], positive[0]]))
    # What the core has of the data, in the units of the data.
    known = core.X
    for axis, basis in enumerate(core.bases):
        known = project(known, axis, basis.T)
    model = tensor_of(factors)
    expected = np.sum(X**2) - 2 * np.sum(known * model) + np.sum(model**2)
    assert loss == pytest.approx(expected, rel=1e-10)
    assert all((factors[axis] >= 0).all() for axis in (0, 3) if positive[0])


def test_a_pattern_of_missing_entries_keeps_axes_that_can_be_compressed():
    X, seen = noisy((20, 10, 30, 40)), np.ones((20, 10, 30, 40), bool)
    seen[:5, :3] = False
    problem = as_many_axes(X * seen, seen, float(np.sum((X * seen) ** 2)))
    core = compress(problem, RANK)
    assert [basis is not None for basis in core.bases] == [False, False, True, True]
    options = CPOptions(RANK, (False,) * 4, 300, 1e-8)
    starts = [Start("svd", 0), Start("random", 1)]
    best = fit_cp(problem, starts, options)[0].result
    plain = fit_cp(problem, starts, CPOptions(RANK, (False,) * 4, 300, 1e-8, compressed=False))
    assert best.loss == pytest.approx(plain[0].result.loss, rel=1e-6)
    assert best.loss == pytest.approx(0.09 * seen.sum(), rel=0.02)


def test_the_loss_of_a_fit_never_rises():
    X = noisy(SHAPES[1])
    problem = as_many_axes(X, None, float(np.sum(X**2)))
    for options in (CPOptions(4, (False,) * 5, 200, 1e-7), CPOptions(4, (True,) * 5, 200, 1e-7)):
        for restart in fit_cp(problem, [Start("svd", 0), Start("random", 1)], options):
            assert np.all(np.diff(restart.result.loss_history) <= 1e-9 * problem.norm2)
