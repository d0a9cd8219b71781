"""Whole CP fits: compressed and full agree, planted components come back, Ctrl-C is safe."""

import numpy as np
import pytest

from trialtensor.solvers import restarts
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.contraction import reconstruct
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.normal_equations import find_pattern
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import Start

STARTS = [Start("svd", 0), Start("random", 1), Start("random", 2)]


def planted(seed=0, nonnegative=False, shape=(60, 50, 40), rank=3, noise=0.5):
    rng = np.random.default_rng(seed)
    factors = tuple(rng.standard_normal((n, rank)) for n in shape)
    if nonnegative:
        factors = tuple(np.maximum(f, 0) for f in factors)
    signal = reconstruct(factors)
    E = rng.standard_normal(shape)
    return factors, signal + noise * np.linalg.norm(signal) / np.linalg.norm(E) * E


def options(nonnegative=False, **kw):
    return CPOptions(3, (nonnegative,) * 3, 2000, 1e-9, **kw)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_planted_components_come_back(nonnegative):
    truth, X = planted(nonnegative=nonnegative)
    found = fit_cp(DenseProblem(X, sum_of_squares(X)), STARTS, options(nonnegative))
    _, score = match_components(truth, found[0].result.factors)
    assert score > 0.99


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_compressed_fit_ends_at_the_loss_of_the_full_fit(nonnegative):
    _, X = planted(1, nonnegative)
    problem = DenseProblem(X, sum_of_squares(X))
    short = fit_cp(problem, STARTS, options(nonnegative))
    full = fit_cp(problem, STARTS, options(nonnegative, compressed=False))
    plain = fit_cp(problem, STARTS, options(nonnegative, compressed=False, accelerate=False))
    assert short[0].result.loss == pytest.approx(full[0].result.loss, rel=1e-6)
    assert plain[0].result.loss == pytest.approx(full[0].result.loss, rel=1e-6)
    residual = X - reconstruct(short[0].result.factors)
    assert short[0].result.loss == pytest.approx(np.sum(residual**2), rel=1e-9)


def test_a_pattern_is_fitted_like_the_same_general_mask():
    truth, X = planted(2)
    rng = np.random.default_rng(0)
    observed = np.broadcast_to(rng.random((60, 50, 1)) < 0.5, X.shape).copy()
    X = X * observed
    norm2 = sum_of_squares(X)
    pattern = fit_cp(DenseProblem(X, norm2, find_pattern(observed)), STARTS, options())
    general = fit_cp(MaskedProblem(X, observed, norm2), STARTS, options())
    assert pattern[0].result.loss == pytest.approx(general[0].result.loss, rel=1e-6)
    assert match_components(truth, pattern[0].result.factors)[1] > 0.98


def test_restarts_are_sorted_and_repeatable():
    _, X = planted(3)
    problem = DenseProblem(X, sum_of_squares(X))
    first, again = (fit_cp(problem, STARTS, options()) for _ in range(2))
    losses = [restart.result.loss for restart in first]
    assert losses == sorted(losses) == [restart.result.loss for restart in again]
    assert {restart.seed for restart in first} == {0, 1, 2}


def test_processes_find_the_same_factors():
    _, X = planted(4)
    problem = DenseProblem(X, sum_of_squares(X))
    here = fit_cp(problem, STARTS, options())
    there = fit_cp(problem, STARTS, options(), n_jobs=2)
    for a, b in zip(here, there, strict=True):
        assert a.seed == b.seed
        np.testing.assert_allclose(a.result.factors[0], b.result.factors[0], rtol=1e-9)


def test_an_interrupt_between_restarts_keeps_those_that_were_done():
    _, X = planted(5)

    def interrupt(done):
        raise KeyboardInterrupt

    found = fit_cp(DenseProblem(X, sum_of_squares(X)), STARTS, options(), on_restart=interrupt)
    assert len(found) == 1
    assert found[0].result.stop_reason is StopReason.INTERRUPTED


def test_an_interrupt_in_the_last_polish_keeps_the_compressed_solution(monkeypatch):
    _, X = planted(6)
    problem = DenseProblem(X, sum_of_squares(X))
    minimise = restarts.minimise

    def interrupted(p, start, **kw):
        if p is problem:
            raise KeyboardInterrupt
        return minimise(p, start, **kw)

    monkeypatch.setattr(restarts, "minimise", interrupted)
    found = fit_cp(problem, STARTS, options())
    assert len(found) == 3
    assert found[0].result.stop_reason is StopReason.INTERRUPTED
    residual = X - reconstruct(found[0].result.factors)
    assert found[0].result.loss == pytest.approx(np.sum(residual**2), rel=1e-9)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_reported_losses_are_those_on_the_full_data(nonnegative):
    _, X = planted(7, nonnegative)
    found = fit_cp(DenseProblem(X, sum_of_squares(X)), STARTS, options(nonnegative))
    for restart in found:
        residual = X - reconstruct(restart.result.factors)
        assert restart.result.loss == pytest.approx(np.sum(residual**2), rel=1e-9)


def test_where_the_core_misleads_every_restart_goes_on(monkeypatch):
    # Three components don't fit into two dimensions.
    _, X = planted(8)
    monkeypatch.setattr("trialtensor.solvers.compression.core_size", lambda n: 2)
    problem = DenseProblem(X, sum_of_squares(X))
    found = fit_cp(problem, STARTS, options())
    for restart in found:
        _, loss = problem.sweep(restart.result.factors, RowUpdater((False,) * 3))
        assert loss == pytest.approx(restart.result.loss, rel=1e-6)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_on_large_data_the_lowest_loss_is_a_converged_one(monkeypatch, nonnegative):
    _, X = planted(9, nonnegative, noise=1.0)
    problem = DenseProblem(X, sum_of_squares(X))
    everywhere = fit_cp(problem, STARTS, options(nonnegative))
    monkeypatch.setattr(restarts, "_SMALL", 0)
    found = fit_cp(problem, STARTS, options(nonnegative))
    assert found[0].on_full_data
    assert not all(restart.on_full_data for restart in found)
    assert found[0].result.loss == pytest.approx(everywhere[0].result.loss, rel=1e-6)
    for restart in found:
        residual = X - reconstruct(restart.result.factors)
        assert restart.result.loss == pytest.approx(np.sum(residual**2), rel=1e-9)


def test_an_interrupt_while_settling_keeps_what_was_done(monkeypatch):
    _, X = planted(10, nonnegative=True)
    monkeypatch.setattr(restarts, "_SMALL", 0)

    def interrupt(problem, restart):
        raise KeyboardInterrupt

    monkeypatch.setattr(restarts, "_with_full_loss", interrupt)
    found = fit_cp(DenseProblem(X, sum_of_squares(X)), STARTS, options(True))
    assert len(found) == 3
    assert found[0].result.stop_reason is StopReason.INTERRUPTED


@pytest.mark.parametrize("small", [1, 10**9])
@pytest.mark.parametrize("max_iter", [1, 2, 3, 4, 5, 9, 40])
def test_max_iter_bounds_the_sweeps_on_core_and_data_together(max_iter, small, monkeypatch):
    """On large data, where few restarts leave the core, and on small, where all do."""
    monkeypatch.setattr("trialtensor.solvers.restarts._SMALL", small)
    X = np.random.default_rng(0).standard_normal((40, 35, 30))
    options = CPOptions(2, (False,) * 3, max_iter, 0.0)
    starts = [Start("random", seed) for seed in range(3)]
    results = fit_cp(DenseProblem(X, float(np.sum(X**2))), starts, options)
    assert results[0].on_full_data
    assert results[0].result.n_iter == max_iter
    assert results[0].result.stop_reason == "max_iter"
    for each in results:
        assert each.result.n_iter <= max_iter
        assert np.isfinite(each.result.loss)
